/* SPDX-License-Identifier: Apache-2.0 */
/* ehmangle.c - a message, cut and bent, imported again and again: for tests
 * only. */
#include "config.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/file.h"
#include "common/message/envelope.h"
#include "test/fault/p11client.h"

/*
 *	ehmangle FILE STEP
 *
 * Every STEP-th length of the file and the last five of them; then every
 * STEP-th octet with another bit changed each time.  Each must be refused as
 * malformed, as of a bad signature, or as not for this EdgeHSM, with a sentence.
 * Prints "N refused"; status 1 when something was taken.
 */
struct mangler {
	struct eh_p11client client;
	CK_SESSION_HANDLE session;
	CK_BYTE bytes[EH_MESSAGE_MAX];
	CK_ULONG len;
	unsigned refused, wrong;
};

static void
import(struct mangler *m, CK_ULONG len, const char *how, CK_ULONG at)
{
	CK_BYTE line[512];
	CK_ULONG linelen = sizeof(line);
	char why[512];
	CK_RV rv = m->client.vendor->Import(
	    m->session, m->bytes, len, line, &linelen);

	eh_p11client_why(&m->client, m->session, why);
	if ((rv == CKR_EDGEHSM_MALFORMED || rv == CKR_EDGEHSM_SIGNATURE ||
		rv == CKR_FUNCTION_NOT_SUPPORTED || rv == CKR_ARGUMENTS_BAD) &&
	    why[0] != '(') {
		m->refused++;
		return;
	}
	m->wrong++;
	warnx("%s %lu: 0x%lx: %s", how, at, rv, why);
}

static void
read_message(struct mangler *m, const char *path)
{
	struct eh_error error = { 0 };
	struct eh_buf file;

	if (eh_file_read(path, sizeof(m->bytes), &file, &error) != EH_OK)
		errx(EX_NOINPUT, "%s", eh_error_sentence(&error));
	memcpy(m->bytes, file.data, file.len);
	m->len = file.len;
	eh_buf_free(&file);
}

int
main(int argc, char **argv)
{
	static struct mangler m;
	CK_ULONG step, at;

	if (argc != 3 || (step = strtoul(argv[2], NULL, 10)) == 0)
		errx(EX_USAGE, "usage: ehmangle FILE STEP");
	read_message(&m, argv[1]);
	eh_p11client_load(&m.client, NULL);
	if (eh_p11client_session(&m.client, getenv("EDGEHSM_PIN_FILE"),
		&m.session) != CKR_OK)
		errx(EX_UNAVAILABLE, "session, login");
	for (at = 1; at < m.len; at++)
		if (at % step == 0 || m.len - at <= 5)
			import(&m, at, "cut to", at);
	for (at = 0; at < m.len; at += step) {
		m.bytes[at] ^= (CK_BYTE)(1u << (at / step % 8));
		import(&m, m.len, "bent at", at);
		m.bytes[at] ^= (CK_BYTE)(1u << (at / step % 8));
	}
	eh_p11client_unload(&m.client);
	printf("%u refused\n", m.refused);
	return m.wrong > 0;
}
