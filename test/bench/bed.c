/* SPDX-License-Identifier: Apache-2.0 */
/* bed.c - what the cases stand on: an EdgeHSM in a folder of its own, and the
 * same keys without one. */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/provider.h>
#include <openssl/store.h>

#include "common/file.h"
#include "test/bench/bed.h"
#include "test/bench/messages.h"
#include "test/bench/softhsm.h"
#include "test/bench/softtpm.h"

#define OPERATOR_PIN "bench-operator"
#define READY_MS     30000

void
bed_path(const struct bed *b, const char *name, char path[BED_PATH])
{
	if (snprintf(path, BED_PATH, "%s/%s", b->folder, name) >= BED_PATH)
		bench_die("%s/%s is too long a path", b->folder, name);
}

static void
write_file(const struct bed *b, const char *name, const char *text)
{
	char path[BED_PATH];
	struct eh_error error;

	bed_path(b, name, path);
	eh_error_clear(&error);
	if (eh_file_write(path, text, strlen(text), 0600, &error) != EH_OK)
		bench_die("%s", eh_error_sentence(&error));
}

/*
 * --- other programs ---
 */

int
bed_run(const struct bed *b, const char *const argv[], const char *conf)
{
	posix_spawn_file_actions_t actions;
	char log[BED_PATH], path[BED_PATH];
	int status = -1, err;
	pid_t pid;

	bed_path(b, "log", log);
	if (conf != NULL) {
		bed_path(b, conf, path);
		setenv("OPENSSL_CONF", path, 1);
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
	    &actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(
	    &actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	err = posix_spawnp(&pid, argv[0], &actions, NULL,
	    (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	unsetenv("OPENSSL_CONF");
	if (err != 0)
		return bench_fail("%s: %s", argv[0], strerror(err));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
bed_must_run(const struct bed *b, const char *const argv[], const char *conf)
{
	char log[BED_PATH];
	struct eh_buf said;

	if (bed_run(b, argv, conf) == 0)
		return;
	bed_path(b, "log", log);
	if (eh_file_read(log, 65536, &said, NULL) == EH_OK)
		fprintf(stderr, "%.*s", (int)said.len, (char *)said.data);
	bench_die("%s %s failed", argv[0], argv[1]);
}

/*
 * --- edgehsmd ---
 */

static void
write_conf(const struct bed *b)
{
	const char *anchor = b->tpm > 0 ?
	    "tpm:owner:0x01800100:swtpm:path=" : "file:";
	char text[2048];

	snprintf(text, sizeof(text),
	    "socket = %s/s\n"
	    "state = %s/state\n"
	    "anchor = %s%s/%s\n"
	    "autostart = no\n"
	    "backend.module = %s\n"
	    "backend.token = " SOFTHSM_BACKEND "\n"
	    "backend.pin-file = %s/backend.pin\n"
	    "backend.env.SOFTHSM2_CONF = %s/backend.conf\n"
	    "backend.verify = %s\n",
	    b->folder, b->folder, anchor, b->folder,
	    b->tpm > 0 ? "t" : "anchor", b->options->softhsm, b->folder,
	    b->folder, b->options->verify);
	write_file(b, "edgehsm.conf", text);
	write_file(b, "backend.pin", SOFTHSM_PIN "\n");
	write_file(b, "operator.pin", OPERATOR_PIN "\n");
}

/* In the child: it goes when we go, however that happens. */
static void
become_daemon(const struct bed *b, const char *conf, const char *log, int fd)
{
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (out < 0 || dup2(fd, 3) != 3 || dup2(out, 1) != 1 ||
	    dup2(out, 2) != 2)
		_exit(126);
	execl(b->options->daemon, b->options->daemon, "--conf", conf,
	    "--foreground", "--ready-fd", "3", (char *)NULL);
	_exit(127);
}

/* Wait for its "ok". */
static void
wait_ready(int fd, const char *log)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char answer[512] = "";
	struct eh_buf said;

	if (poll(&p, 1, READY_MS) == 1 &&
	    read(fd, answer, sizeof(answer) - 1) > 0 &&
	    strcmp(answer, "ok\n") == 0)
		return;
	if (eh_file_read(log, 65536, &said, NULL) == EH_OK)
		fprintf(stderr, "%.*s", (int)said.len, (char *)said.data);
	bench_die("edgehsmd does not start: %s", answer);
}

static void
start_daemon(struct bed *b)
{
	char conf[BED_PATH], log[BED_PATH];
	int ends[2];

	bed_path(b, "edgehsm.conf", conf);
	bed_path(b, "edgehsmd.log", log);
	if (pipe(ends) != 0 || (b->daemon = fork()) < 0)
		bench_die("edgehsmd cannot be started: %s", strerror(errno));
	if (b->daemon == 0)
		become_daemon(b, conf, log, ends[1]);
	close(ends[1]);
	wait_ready(ends[0], log);
	close(ends[0]);
}

/*
 * --- our module and our provider in this process ---
 */

/* The module is loaded once more, for its functions: the token hides them. */
static void
use_module(struct bed *b, const char *module,
    const struct eh_token_key *issuing, const struct eh_token_key *general)
{
	CK_FUNCTION_LIST *p11 = NULL;
	CK_SLOT_ID slot = 0;
	CK_ULONG n = 1;

	p11 = softhsm_load(module);
	if (p11->C_GetSlotList(CK_TRUE, &slot, &n) != CKR_OK || n != 1)
		bench_die("our module shows no token");
	b->issuing.p11 = b->general.p11 = p11;
	b->issuing.slot = b->general.slot = slot;
	b->issuing.handle = issuing->handle;
	b->general.handle = general->handle;
	if (eh_rawkey_from_spki(&b->issuing.public, issuing->spki,
		issuing->spkilen) != EH_OK ||
	    eh_rawkey_from_spki(&b->general.public, general->spki,
		general->spkilen) != EH_OK)
		bench_die("a key of our module is not of P-256");
}

static EVP_PKEY *
load_key(struct bed *b, const char *uri)
{
	OSSL_STORE_CTX *store;
	OSSL_STORE_INFO *info;
	EVP_PKEY *key = NULL;

	store = OSSL_STORE_open_ex(
	    uri, b->context, NULL, NULL, NULL, NULL, NULL, NULL);
	while (store != NULL && key == NULL && !OSSL_STORE_eof(store)) {
		if ((info = OSSL_STORE_load(store)) == NULL)
			break;
		key = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(store);
	if (key == NULL)
		bench_die("our provider does not load %s", uri);
	return key;
}

static void
use_provider(struct bed *b)
{
	char path[BED_PATH], text[2048];

	snprintf(text, sizeof(text),
	    "openssl_conf = init\n"
	    "[init]\nproviders = providers\n"
	    "[providers]\ndefault = plain\nedgehsm = token\n"
	    "[plain]\nactivate = 1\n"
	    "[token]\nmodule = %s\n"
	    "edgehsm-module-path = %s\n"
	    "edgehsm-pin = file:%s/operator.pin\n"
	    "activate = 1\n"
	    "[req]\ndistinguished_name = name\n[name]\n",
	    b->options->provider, b->options->module, b->folder);
	write_file(b, "provider.cnf", text);
	write_file(b, "plain.cnf", "[req]\ndistinguished_name = name\n"
				   "[name]\n");
	bed_path(b, "provider.cnf", path);
	if ((b->context = OSSL_LIB_CTX_new()) == NULL ||
	    OSSL_LIB_CTX_load_config(b->context, path) != 1 ||
	    !OSSL_PROVIDER_available(b->context, "edgehsm"))
		bench_die("libcrypto does not load our provider %s",
		    b->options->provider);
	b->provided_general =
	    load_key(b, "pkcs11:object=bench-general;type=private");
	b->provided_issuing =
	    load_key(b, "pkcs11:object=bench-ca;type=private");
}

/*
 * --- the whole ---
 */

static struct bed *made;

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void
end_process(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

/* What must not be left behind, whatever else went wrong. */
static void
clean_up(void)
{
	struct bed *b = made;

	made = NULL;
	if (b == NULL)
		return;
	if (b->anchored != NULL) {
		end_process(b->anchored->daemon);
		end_process(b->anchored->tpm);
	}
	end_process(b->daemon);
	if (b->options->keep)
		fprintf(stderr, "edgebench: the state is in %s\n", b->folder);
	else if (b->folder[0] != '\0')
		nftw(b->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
make_device_keys(struct bed *b)
{
	struct eh_soft *soft;

	for (unsigned i = 0; i < BED_DEVICE_KEYS; i++) {
		if (eh_soft_generate(&soft) != EH_OK)
			bench_die("libcrypto makes no keys");
		b->device_key[i] = *eh_soft_public(soft);
		eh_soft_free(soft);
	}
}

/* An EdgeHSM over SoftHSM, behind our module at ${module}. */
static void
make_hsm(struct bed *b, const char *module)
{
	struct eh_token_key issuing, general;
	char path[BED_PATH];

	softhsm_make_tokens(b);
	write_conf(b);
	start_daemon(b);
	bed_path(b, "edgehsm.conf", path);
	setenv("EDGEHSM_CONF", path, 1);
	b->token = messages_ceremony(
	    module, OPERATOR_PIN, &issuing, &general, &b->product);
	use_module(b, module, &issuing, &general);
	make_device_keys(b);
}

/* The module knows one EdgeHSM per process; a copy of it knows another. */
static void
copy_module(const struct bed *b, char path[BED_PATH])
{
	struct eh_error error;
	struct eh_buf bytes;

	bed_path(b, "module.so", path);
	eh_error_clear(&error);
	if (eh_file_read(b->options->module, 64u << 20, &bytes, &error) !=
		EH_OK ||
	    eh_file_write(path, bytes.data, bytes.len, 0700, &error) != EH_OK)
		bench_die("%s", eh_error_sentence(&error));
	eh_buf_free(&bytes);
}

static void
make_anchored(struct bed *b)
{
	struct bed *a = calloc(1, sizeof(*a));
	char module[BED_PATH];

	if (a == NULL)
		bench_die("out of memory");
	b->anchored = a;
	a->options = b->options;
	bed_path(b, "a", a->folder);
	if (mkdir(a->folder, 0700) != 0)
		bench_die("%s: %s", a->folder, strerror(errno));
	a->tpm = softtpm_start(a);
	copy_module(a, module);
	make_hsm(a, module);
}

void
bed_make(struct bed *b, const struct bench_options *options,
    enum bed_extent extent)
{
	memset(b, 0, sizeof(*b));
	b->options = options;
	snprintf(b->folder, sizeof(b->folder), "%s/edgebench.XXXXXX",
	    options->folder);
	if (mkdtemp(b->folder) == NULL)
		bench_die("%s: %s", b->folder, strerror(errno));
	made = b;
	atexit(clean_up);
	if (extent == BED_TPM_TOO)
		make_anchored(b);
	make_hsm(b, options->module);
	use_provider(b);
	softhsm_open(b);
	if ((b->soft = EVP_EC_gen("P-256")) == NULL)
		bench_die("libcrypto makes no keys");
}

void
bed_end(struct bed *b)
{
	EVP_PKEY_free(b->provided_issuing);
	EVP_PKEY_free(b->provided_general);
	EVP_PKEY_free(b->soft);
	OSSL_LIB_CTX_free(b->context);
	b->plain.p11->C_Finalize(NULL);
	eh_token_close(b->token);
	eh_buf_free(&b->product.bytes);
	if (b->anchored != NULL) {
		eh_token_close(b->anchored->token);
		eh_buf_free(&b->anchored->product.bytes);
	}
	clean_up();
	free(b->anchored);
	b->anchored = NULL;
}
