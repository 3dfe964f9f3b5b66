/* SPDX-License-Identifier: Apache-2.0 */
/* load.c - one device's way through ehload. */
#include "config.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/crypto/digest.h"
#include "common/crypto/random.h"
#include "common/crypto/soft.h"
#include "common/hex.h"
#include "common/message/param.h"
#include "common/writer.h"
#include "test/fault/load.h"

#define PATIENCE_NS (UINT64_C(30) * 1000000000) /* without the daemon */
#define AWAY_US     5000
#define RENDERINGS  100 /* of one TBS: each needs an unclean stop */

void
eh_load_wrong(struct eh_load *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vwarnx(format, args);
	va_end(args);
	atomic_fetch_add(&l->shared->wrong, 1);
}

void
eh_load_pause(unsigned most_us)
{
	struct timespec pause = { 0 };
	uint32_t random = 0;

	if (most_us == 0 || eh_random(&random, sizeof(random)) != EH_OK)
		return;
	pause.tv_nsec = (long)(random % (most_us + 1)) * 1000;
	nanosleep(&pause, NULL);
}

/* One line, one write: lines of different processes do not mix. */
static void
write_line(int fd, const char *line, size_t len)
{
	if (fd >= 0 && write(fd, line, len) != (ssize_t)len)
		err(EX_IOERR, "a result cannot be written");
}

static void
render(const struct eh_load *l, struct eh_load_unit *u)
{
	static const unsigned template = 0;
	struct eh_tbs_values values = { .device = u->device, .key = u->key };
	struct eh_error error = { 0 };

	if (eh_serial(l->authorization, &u->device, template,
		(uint16_t)atomic_load(&l->burns), u->serial) != EH_OK)
		errx(EX_SOFTWARE, "no serial");
	memcpy(values.serial, u->serial, EH_SERIAL_LEN);
	if (eh_template_has(l->profile, template, EH_FIELD_NOT_BEFORE))
		values.not_before = l->not_before;
	if (eh_template_render(l->profile, template, &values, u->tbs,
		sizeof(u->tbs), &u->len, &error) != EH_OK)
		errx(EX_DATAERR, "%s", eh_error_sentence(&error));
}

struct eh_rawkey
eh_load_key(void)
{
	struct eh_rawkey public;
	struct eh_soft *soft;

	if (eh_soft_generate(&soft) != EH_OK)
		errx(EX_SOFTWARE, "no key");
	public = *eh_soft_public(soft);
	eh_soft_free(soft);
	return public;
}

void
eh_load_unit_make(
    const struct eh_load *l, unsigned number, struct eh_load_unit *u)
{
	const struct eh_load_options *o = l->options;
	char id[EH_DEVICE_ID_MAX + 16];

	memset(u, 0, sizeof(*u));
	u->turn = number;
	u->device.len = (uint8_t)snprintf(id, sizeof(id), "%s%08u", o->prefix,
	    o->first + (o->one_device ? 0 : number));
	memcpy(u->device.bytes, id, u->device.len);
	u->key = o->one_key ? l->one_key : eh_load_key();
	render(l, u);
}

/* Standard clients send CKM_ECDSA_SHA256; ours may name the authorization. */
static CK_RV
init(struct eh_load *l, CK_SESSION_HANDLE session, unsigned turn)
{
	struct eh_issue_param param = { .has_authorization = 1 };
	CK_MECHANISM mechanism = { CKM_ECDSA_SHA256, NULL, 0 };
	struct eh_writer w;
	uint8_t bytes[64];
	size_t len;

	if (turn % 2 == 1) {
		memcpy(param.authorization, l->authorization, EH_ID_LEN);
		eh_writer_init(&w, bytes, sizeof(bytes));
		eh_issue_param_encode(&param, &w);
		if (eh_writer_end(&w, &len) != EH_OK)
			errx(EX_SOFTWARE, "no parameter");
		mechanism.mechanism = CKM_EDGEHSM_ISSUE;
		mechanism.pParameter = bytes;
		mechanism.ulParameterLen = len;
	}
	return l->client.p11->C_SignInit(session, &mechanism, l->key);
}

CK_RV
eh_load_sign(struct eh_load *l, CK_SESSION_HANDLE session,
    const struct eh_load_unit *u, uint8_t signature[EH_SIGNATURE_LEN])
{
	CK_ULONG len = EH_SIGNATURE_LEN;
	CK_RV rv = init(l, session, u->turn);

	if (rv == CKR_OK)
		rv = l->client.p11->C_Sign(
		    session, (CK_BYTE *)u->tbs, u->len, signature, &len);
	if (rv == CKR_OK && len != EH_SIGNATURE_LEN)
		eh_load_wrong(l, "a signature of %lu octets", len);
	return rv;
}

/* A repeated request for the same bytes: the same signature. */
static void
repeat(struct eh_load *l, CK_SESSION_HANDLE session,
    const struct eh_load_unit *u, const uint8_t first[EH_SIGNATURE_LEN])
{
	uint8_t signature[EH_SIGNATURE_LEN];
	char why[512];
	CK_RV rv = eh_load_sign(l, session, u, signature);

	if (rv != CKR_OK)
		eh_load_wrong(l, "the same bytes were refused: 0x%lx: %s", rv,
		    eh_p11client_why(&l->client, session, why));
	else if (memcmp(signature, first, EH_SIGNATURE_LEN) != 0)
		eh_load_wrong(l, "the same bytes have another signature");
}

static void
got(struct eh_load *l, CK_SESSION_HANDLE session,
    const struct eh_load_unit *u, const uint8_t signature[EH_SIGNATURE_LEN])
{
	char serial[EH_HEX_SIZE(EH_SERIAL_LEN)];
	char digest_hex[EH_HEX_SIZE(EH_DIGEST_LEN)];
	char hex[EH_HEX_SIZE(EH_SIGNATURE_LEN)], line[512];
	uint8_t digest[EH_DIGEST_LEN];
	int len;

	eh_sha256(u->tbs, u->len, digest);
	eh_hex_encode(u->serial, EH_SERIAL_LEN, serial);
	eh_hex_encode(digest, EH_DIGEST_LEN, digest_hex);
	eh_hex_encode(signature, EH_SIGNATURE_LEN, hex);
	len = snprintf(line, sizeof(line), "issued %.*s %s %s %s\n",
	    u->device.len, (const char *)u->device.bytes, serial, digest_hex,
	    hex);
	write_line(l->results, line, (size_t)len);
	atomic_fetch_add(&l->shared->issued, 1);
	if (eh_verifier_verify_digest(l->verifier, digest, signature) != EH_OK)
		eh_load_wrong(l, "a signature that does not verify");
	for (unsigned n = 1; n < l->options->repeat; n++)
		repeat(l, session, u, signature);
}

static void
refused(struct eh_load *l, CK_SESSION_HANDLE session,
    const struct eh_load_unit *u, CK_RV rv)
{
	char line[1024], why[512];
	int len;

	eh_p11client_why(&l->client, session, why);
	len = snprintf(line, sizeof(line), "refused %.*s 0x%08lx %s\n",
	    u->device.len, (const char *)u->device.bytes, rv, why);
	write_line(l->results, line, (size_t)len);
	atomic_fetch_add(&l->shared->refused, 1);
	if (rv != l->options->expect)
		eh_load_wrong(l, "refused: 0x%lx: %s", rv, why);
	/* Nothing that comes after it can be issued. */
	if (rv == CKR_EDGEHSM_QUOTA_EXHAUSTED && l->options->patient)
		atomic_store(&l->shared->stop, 1);
}

/* What is asked is written down first, as whoever makes real devices does. */
static void
note_request(struct eh_load *l, const struct eh_load_unit *u)
{
	char line[2 * EH_TBS_MAX + 64], hex[EH_HEX_SIZE(EH_TBS_MAX)];
	int len;

	if (l->requests < 0)
		return;
	eh_hex_encode(u->tbs, u->len, hex);
	len = snprintf(line, sizeof(line), "%.*s %s\n", u->device.len,
	    (const char *)u->device.bytes, hex);
	write_line(l->requests, line, (size_t)len);
}

/* An unclean stop has raised the issue number of what comes after it. */
static int
render_again(
    struct eh_load *l, CK_SESSION_HANDLE session, struct eh_load_unit *u)
{
	struct eh_p11client_authorization a;
	char why[512];
	CK_RV rv;

	eh_p11client_why(&l->client, session, why);
	if (strstr(why, "issue number") == NULL)
		return 0;
	rv = eh_p11client_authorization(
	    &l->client, session, l->options->order, &a);
	if (rv != CKR_OK)
		return eh_p11client_is_away(rv);
	atomic_store(&l->burns, (unsigned)a.burns);
	atomic_fetch_add(&l->shared->rerendered, 1);
	render(l, u);
	note_request(l, u);
	return 1;
}

/* Ask until there is an answer. */
static CK_RV
ask(struct eh_load *l, CK_SESSION_HANDLE session, struct eh_load_unit *u,
    uint8_t signature[EH_SIGNATURE_LEN])
{
	uint64_t until = eh_clock_monotonic_ns() + PATIENCE_NS;
	unsigned renderings = 0;
	CK_RV rv;

	for (;;) {
		rv = eh_load_sign(l, session, u, signature);
		if (!l->options->patient)
			return rv;
		if (eh_p11client_is_away(rv) &&
		    eh_clock_monotonic_ns() < until) {
			atomic_fetch_add(&l->shared->away, 1);
			usleep(AWAY_US);
			continue;
		}
		if (rv != CKR_EDGEHSM_TEMPLATE_MISMATCH ||
		    renderings++ == RENDERINGS ||
		    !render_again(l, session, u))
			return rv;
	}
}

void
eh_load_issue(
    struct eh_load *l, CK_SESSION_HANDLE session, struct eh_load_unit *u)
{
	uint8_t signature[EH_SIGNATURE_LEN];
	CK_RV rv;

	note_request(l, u);
	rv = ask(l, session, u, signature);
	if (rv == CKR_OK)
		got(l, session, u, signature);
	else
		refused(l, session, u, rv);
	eh_load_pause(l->options->pause_us);
}
