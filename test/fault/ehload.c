/* SPDX-License-Identifier: Apache-2.0 */
/* ehload.c - many clients at once that want certificates, through
 * edgehsm-pkcs11.so: for tests only. */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/crypto/digest.h"
#include "common/file.h"
#include "common/hex.h"
#include "test/fault/load.h"
#include "test/fault/profile.h"

static const char usage[] =
    "usage: ehload [-1 | -2] [-p PROCESSES] [-t THREADS] [-n DEVICES] [-d FIRST]\n"
    "              [-r REPEAT] [-u PAUSE] [-w] [-e quota|device|revoked] [-s REQUESTS]\n"
    "              -k KEY -a ORDER -f PROFILE -o RESULTS\n"
    "       ehload -A -s REQUESTS -k KEY -a ORDER -f PROFILE -o RESULTS\n"
    "\n"
    "  -1  all for the first device, with DEVICES different keys\n"
    "  -2  all for the first device, with one key: the same bytes\n"
    "  -r  send the same bytes REPEAT times: the same signature each time\n"
    "  -u  pause between devices, at most so many microseconds\n"
    "  -w  outlive the daemon: wait for it, ask again; SIGTERM ends it\n"
    "  -e  the refusal that may come: quota exhausted, device limit, revoked\n"
    "  -s  write each TBS here before it is sent\n"
    "  -A  send the TBSs of REQUESTS again whose signatures are in RESULTS:\n"
    "      each must get the same bytes\n"
    "\n"
    "Each answer is a line of RESULTS, written when it came:\n"
    "  issued DEVICE SERIAL SHA256(TBS) SIGNATURE\n"
    "  refused DEVICE CKR SENTENCE\n"
    "The last line of standard output: \"issued N refused N away N\n"
    "rerendered N\".  Exit status 1 when something came that must not.\n";

#define WAIT_NS (UINT64_C(30) * 1000000000)

static struct eh_load_shared *shared;	/* for the signal's handler */

static void
told_to_stop(int signal_number)
{
	(void)signal_number;
	atomic_store(&shared->stop, 1);
}

static unsigned
number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n > 1000000000)
		errx(EX_USAGE, "'%s' is no number", text);
	return (unsigned)n;
}

/* "SN00000001": what stands before the eight digits, and their number. */
static void
first_device(struct eh_load_options *o, const char *text)
{
	size_t len = strlen(text);

	if (len < 8 || len > EH_DEVICE_ID_MAX)
		errx(EX_USAGE, "'%s' is no device id with 8 digits", text);
	memcpy(o->prefix, text, len - 8);
	o->prefix[len - 8] = '\0';
	o->first = number(text + len - 8);
}

static CK_RV
refusal(const char *name)
{
	if (strcmp(name, "quota") == 0)
		return CKR_EDGEHSM_QUOTA_EXHAUSTED;
	if (strcmp(name, "device") == 0)
		return CKR_EDGEHSM_DEVICE_LIMIT;
	if (strcmp(name, "revoked") == 0)
		return CKR_EDGEHSM_REVOKED;
	errx(EX_USAGE, "-e: quota, device or revoked");
}

static const char *
read_options(struct eh_load_options *o, int argc, char **argv)
{
	const char *profile = NULL;
	int c;

	*o = (struct eh_load_options){ .devices = 1, .processes = 1,
		.threads = 1, .repeat = 1, .expect = CKR_OK };
	o->pin_file = getenv("EDGEHSM_PIN_FILE");
	first_device(o, "SN00000001");
	while ((c = getopt(argc, argv, "12Aa:d:e:f:k:n:o:p:r:s:t:u:w")) != -1)
		switch (c) {
		case '1': o->one_device = 1; break;
		case '2': o->one_device = o->one_key = 1; break;
		case 'A': o->again = 1; break;
		case 'a': o->order = optarg; break;
		case 'd': first_device(o, optarg); break;
		case 'e': o->expect = refusal(optarg); break;
		case 'f': profile = optarg; break;
		case 'k': o->label = optarg; break;
		case 'n': o->devices = number(optarg); break;
		case 'o': o->results = optarg; break;
		case 'p': o->processes = number(optarg); break;
		case 'r': o->repeat = number(optarg); break;
		case 's': o->requests = optarg; break;
		case 't': o->threads = number(optarg); break;
		case 'u': o->pause_us = number(optarg); break;
		case 'w': o->patient = 1; break;
		default: goto bad;
		}
	if (optind == argc && o->label != NULL && o->order != NULL &&
	    o->results != NULL && profile != NULL && o->processes > 0 &&
	    o->threads > 0 && (!o->again || o->requests != NULL))
		return profile;
bad:
	fputs(usage, stderr);
	exit(EX_USAGE);
}

static int
open_log(const char *path)
{
	int fd;

	if (path == NULL)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		err(EX_CANTCREAT, "%s", path);
	return fd;
}

/* --- one process --- */

/* The public half, for checking what comes. */
static CK_RV
read_key(struct eh_load *l, CK_SESSION_HANDLE session)
{
	uint8_t point[2 + EH_P256_POINT_LEN];	/* an OCTET STRING */
	CK_OBJECT_HANDLE public;
	struct eh_rawkey key;
	CK_RV rv;

	if ((rv = eh_p11client_find(&l->client, session, CKO_PRIVATE_KEY,
		 l->options->label, &l->key)) != CKR_OK ||
	    (rv = eh_p11client_find(&l->client, session, CKO_PUBLIC_KEY,
		 l->options->label, &public)) != CKR_OK ||
	    (rv = eh_p11client_get(&l->client, session, public, CKA_EC_POINT,
		 point, sizeof(point))) != CKR_OK)
		return rv;
	eh_verifier_free(l->verifier);
	if (eh_rawkey_set(&key, point + 2, EH_P256_POINT_LEN) != EH_OK ||
	    eh_verifier_new(&key, &l->verifier) != EH_OK)
		errx(EX_DATAERR, "key %s is no P-256 key", l->options->label);
	return CKR_OK;
}

static CK_RV
look(struct eh_load *l)
{
	struct eh_p11client_authorization a;
	CK_SESSION_HANDLE session;
	CK_RV rv;

	rv = eh_p11client_session(
	    &l->client, l->options->pin_file, &session);
	if (rv != CKR_OK)
		return rv;
	if ((rv = read_key(l, session)) == CKR_OK &&
	    (rv = eh_p11client_authorization(
		 &l->client, session, l->options->order, &a)) == CKR_OK) {
		memcpy(l->authorization, a.id, EH_ID_LEN);
		l->not_before = a.not_before;
		atomic_store(&l->burns, (unsigned)a.burns);
	}
	return rv;
}

/* Find everything; a patient one waits for the daemon. */
static void
prepare(struct eh_load *l)
{
	uint64_t until = eh_clock_monotonic_ns() + WAIT_NS;
	CK_RV rv;

	eh_p11client_load(&l->client, l->options->module);
	while ((rv = look(l)) != CKR_OK && l->options->patient &&
	    eh_p11client_is_away(rv) && eh_clock_monotonic_ns() < until)
		usleep(5000);
	if (rv != CKR_OK)
		errx(EX_UNAVAILABLE,
		    "session, login, key %s or authorization %s: 0x%lx",
		    l->options->label, l->options->order, rv);
}

static CK_SESSION_HANDLE
own_session(struct eh_load *l)
{
	uint64_t until = eh_clock_monotonic_ns() + WAIT_NS;
	CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
	CK_RV rv;

	while ((rv = eh_p11client_session(&l->client, NULL, &session)) !=
		CKR_OK &&
	    l->options->patient && eh_p11client_is_away(rv) &&
	    eh_clock_monotonic_ns() < until)
		usleep(5000);
	if (rv != CKR_OK)
		errx(EX_UNAVAILABLE, "C_OpenSession: 0x%lx", rv);
	return session;
}

static void *
worker(void *arg)
{
	struct eh_load *l = arg;
	CK_SESSION_HANDLE session = own_session(l);
	struct eh_load_unit u;
	unsigned n = atomic_fetch_add(&l->shared->next, 1);

	/* All of them knock at the same time. */
	if (n < l->options->devices)
		eh_load_unit_make(l, n, &u);
	if (!l->options->patient)
		pthread_barrier_wait(&l->shared->begin);
	while (n < l->options->devices) {
		eh_load_issue(l, session, &u);
		if (atomic_load(&l->shared->stop))
			break;
		n = atomic_fetch_add(&l->shared->next, 1);
		eh_load_unit_make(l, n, &u);
	}
	return NULL;
}

static void
run_threads(struct eh_load *l)
{
	unsigned n = l->options->threads;
	pthread_t *thread = calloc(n, sizeof(*thread));

	if (thread == NULL)
		err(EX_OSERR, "threads");
	for (unsigned i = 0; i < n; i++)
		if (pthread_create(&thread[i], NULL, worker, l) != 0)
			errx(EX_OSERR, "pthread_create");
	for (unsigned i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	free(thread);
}

/* --- asking again --- */

/* The signature that ${results} holds for the TBS with this digest. */
static int
find_result(const struct eh_buf *results, const char *digest,
    uint8_t signature[EH_SIGNATURE_LEN])
{
	const char *text = (const char *)results->data;
	const char *at = strstr(text, digest);
	char hex[EH_HEX_SIZE(EH_SIGNATURE_LEN)];

	if (at == NULL || sscanf(at, "%*s %128s", hex) != 1)
		return 0;
	return eh_hex_decode_fixed(hex, signature, EH_SIGNATURE_LEN) == EH_OK;
}

static void
one_again(struct eh_load *l, CK_SESSION_HANDLE session,
    struct eh_load_unit *u, const struct eh_buf *results)
{
	uint8_t digest[EH_DIGEST_LEN], old[EH_SIGNATURE_LEN];
	uint8_t signature[EH_SIGNATURE_LEN];
	char hex[EH_HEX_SIZE(EH_DIGEST_LEN)], why[512];
	CK_RV rv;

	eh_sha256(u->tbs, u->len, digest);
	eh_hex_encode(digest, EH_DIGEST_LEN, hex);
	if (!find_result(results, hex, old))
		return;
	rv = eh_load_sign(l, session, u, signature);
	if (rv != CKR_OK)
		eh_load_wrong(l, "asked again, refused: 0x%lx: %s", rv,
		    eh_p11client_why(&l->client, session, why));
	else if (memcmp(signature, old, EH_SIGNATURE_LEN) != 0)
		eh_load_wrong(l, "asked again: another signature");
	else
		atomic_fetch_add(&l->shared->issued, 1);
}

static void
run_again(struct eh_load *l)
{
	CK_SESSION_HANDLE session = own_session(l);
	char line[2 * EH_TBS_MAX + 64], *space;
	struct eh_load_unit u = { .len = 0 };
	struct eh_buf results;
	FILE *f;

	if (eh_file_read(l->options->results, 64 << 20, &results, NULL) !=
		EH_OK ||
	    eh_buf_append(&results, "", 1) != EH_OK ||
	    (f = fopen(l->options->requests, "re")) == NULL)
		err(EX_NOINPUT, "%s, %s", l->options->results,
		    l->options->requests);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if ((space = strchr(line, ' ')) == NULL ||
		    eh_hex_decode(space + 1, strlen(space + 1), u.tbs,
			sizeof(u.tbs), &u.len) != EH_OK)
			errx(EX_DATAERR, "%s is damaged",
			    l->options->requests);
		u.turn++;
		one_again(l, session, &u, &results);
	}
	fclose(f);
	eh_buf_free(&results);
}

/* --- all processes --- */

static void
run_process(struct eh_load *l)
{
	prepare(l);
	if (l->options->again)
		run_again(l);
	else
		run_threads(l);
	eh_p11client_unload(&l->client);
	eh_verifier_free(l->verifier);
}

static struct eh_load_shared *
share(unsigned workers)
{
	struct eh_load_shared *s = mmap(NULL, sizeof(*s),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t attr;

	if (s == MAP_FAILED)
		err(EX_OSERR, "mmap");
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&s->begin, &attr, workers);
	return s;
}

/* Wait for all; one that ended badly counts as wrong, and ends the others, who
 * may wait for it. */
static void
wait_for_all(struct eh_load *l, const pid_t *child)
{
	int status;
	pid_t pid;

	for (;;) {
		pid = wait(&status);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return;
		if (status == 0 || atomic_load(&l->shared->stop) > 1)
			continue;
		eh_load_wrong(l, "a process ended with 0x%x", status);
		atomic_store(&l->shared->stop, 2);
		for (unsigned i = 0; i < l->options->processes; i++)
			kill(child[i], SIGKILL);
	}
}

int
main(int argc, char **argv)
{
	struct eh_load_options options;
	struct eh_load load = { .options = &options };
	struct sigaction action = { .sa_handler = told_to_stop };
	pid_t *child;

	load.profile = eh_fault_profile(read_options(&options, argc, argv));
	load.results = open_log(options.results);
	load.requests = options.again ? -1 : open_log(options.requests);
	load.one_key = eh_load_key();
	load.shared = shared = share(options.processes * options.threads);
	sigaction(SIGTERM, &action, NULL);
	if ((child = calloc(options.processes, sizeof(*child))) == NULL)
		err(EX_OSERR, "processes");
	for (unsigned i = 0; i < options.processes; i++)
		if ((child[i] = fork()) == 0) {
			free(child);
			run_process(&load);
			exit(EX_OK);
		} else if (child[i] < 0)
			err(EX_OSERR, "fork");
	wait_for_all(&load, child);
	free(child);
	printf("issued %u refused %u away %u rerendered %u\n",
	    atomic_load(&shared->issued), atomic_load(&shared->refused),
	    atomic_load(&shared->away), atomic_load(&shared->rerendered));
	return atomic_load(&shared->wrong) > 0;
}
