/* SPDX-License-Identifier: Apache-2.0 */
/* token_log.c - `edgehsm token receipt` and `token log`: what the authority
 * needs before it acknowledges. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/crypto/random.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/message/envelope.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/cli/token.h"

/* --- receipt --- */

static int
get_nonce(struct eh_args *args, struct eh_nonce *nonce)
{
	const char *hex = eh_args_get(args, "nonce");
	size_t len = 0;

	if (hex == NULL) {
		nonce->len = EH_NONCE_MIN;
		if (eh_random(nonce->bytes, nonce->len) != EH_OK)
			return eh_error_set(
			    &args->error, EH_ERR_CRYPTO, "no random numbers");
		return EH_OK;
	}
	if (eh_hex_decode(hex, strlen(hex), nonce->bytes,
	        sizeof(nonce->bytes), &len) != EH_OK || len < EH_NONCE_MIN)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--nonce: %d to %d bytes in hex are needed", EH_NONCE_MIN,
		    EH_NONCE_MAX);
	nonce->len = (uint8_t)len;
	return EH_OK;
}

static int
run_receipt(struct eh_args *args)
{
	struct eh_nonce nonce = { .len = 0 };
	struct eh_token *token = NULL;
	struct eh_buf receipt;
	int err;

	eh_buf_init(&receipt, EH_MESSAGE_MAX + 8192);
	if ((err = get_nonce(args, &nonce)) != EH_OK ||
	    (err = eh_session_login(args, EH_ROLE_OPERATOR, &token)) != EH_OK ||
	    (err = eh_token_receipt(token, nonce.bytes, nonce.len, &receipt,
	         &args->error)) != EH_OK ||
	    (err = eh_file_write(eh_args_get(args, "out"), receipt.data,
	         receipt.len, 0644, &args->error)) != EH_OK)
		goto out;
	if (args->json)
		err = eh_command_put(json_pack(
		    "{s:s}", "receipt", eh_args_get(args, "out")));
out:
	eh_buf_free(&receipt);
	eh_token_close(token);
	return err;
}

static const struct eh_option receipt_options[] = {
	{ "nonce", "HEX", 0, "of who wants to know that it is new" },
	{ "out", "FILE", EH_OPTION_NEEDED, "the receipt" },
	EH_OPTION_PIN,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_token_receipt = { "token receipt", NULL, 0, 0,
	"The signed statement of log, counters and time.", receipt_options,
	"  edgehsm token receipt --out receipt.cose\n"
	"  edgehsm-authority show receipt.cose\n",
	run_receipt };

/* --- log --- */

/* Entries as in an entry bundle of C2SP tlog-tiles: u16 length, leaf input. */
static int
write_entry(void *context, uint64_t seq, const uint8_t *entry, size_t len)
{
	FILE *f = context;
	const uint8_t head[2] = { (uint8_t)(len >> 8), (uint8_t)len };

	(void)seq;
	return fwrite(head, 1, sizeof(head), f) == sizeof(head) &&
	        fwrite(entry, 1, len, f) == len
	    ? EH_OK
	    : EH_ERR_IO;
}

static int
write_log(struct eh_args *args, struct eh_token *token, const char *path,
    uint64_t first, uint64_t *nextp)
{
	FILE *f = fopen(path, "wbe");
	uint64_t from;
	int err = EH_OK;

	*nextp = first;
	if (f == NULL)
		return eh_error_set(&args->error, EH_ERR_IO,
		    "cannot write %s: %s", path, strerror(errno));
	do {
		from = *nextp;
		err = eh_token_log(
		    token, from, write_entry, f, nextp, &args->error);
	} while (err == EH_OK && *nextp > from);
	if (fflush(f) != 0 || fsync(fileno(f)) != 0)
		err = err == EH_OK ? EH_ERR_IO : err;
	if (fclose(f) != 0)
		err = err == EH_OK ? EH_ERR_IO : err;
	if (err == EH_ERR_IO && args->error.code == EH_OK)
		eh_error_set(&args->error, err, "cannot write %s: %s", path,
		    strerror(errno));
	return err;
}

/* Whole or not at all: beside it first. */
static int
export(struct eh_args *args, struct eh_token *token, uint64_t first,
    uint64_t *nextp)
{
	const char *path = eh_args_get(args, "out");
	char *part;
	int err;

	if (asprintf(&part, "%s.part", path) < 0)
		return eh_error_set(
		    &args->error, EH_ERR_MEMORY, "out of memory");
	err = write_log(args, token, part, first, nextp);
	if (err == EH_OK && rename(part, path) != 0)
		err = eh_error_set(&args->error, EH_ERR_IO,
		    "cannot write %s: %s", path, strerror(errno));
	if (err != EH_OK)
		unlink(part);
	free(part);
	return err;
}

static int
run_log(struct eh_args *args)
{
	struct eh_token *token = NULL;
	uint64_t first = 0, next = 0;
	int err;

	if ((err = eh_args_number(
	         args, "from", 0, UINT64_C(1) << 53, 0, &first)) != EH_OK ||
	    (err = eh_session_login(args, EH_ROLE_OPERATOR, &token)) != EH_OK)
		return err;
	err = export(args, token, first, &next);
	eh_token_close(token);
	if (err != EH_OK)
		return err;
	if (args->json)
		return eh_command_put(json_pack("{s:s, s:I, s:I}", "log",
		    eh_args_get(args, "out"), "first", (json_int_t)first,
		    "entries", (json_int_t)(next - first)));
	printf("%" PRIu64 " entries, from %" PRIu64 " on\n", next - first,
	    first);
	return EH_OK;
}

static const struct eh_option log_options[] = {
	{ "from", "N", 0, "the first entry that is wanted (0)" },
	{ "out", "FILE", EH_OPTION_NEEDED, "the entries" },
	EH_OPTION_PIN,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_token_log = { "token log", NULL, 0, 0,
	"The entries of the log, for the authority.", log_options,
	"  edgehsm token receipt --out receipt.cose && edgehsm token log --out "
	"log.ehlog\n"
	"  edgehsm-authority ack receipt.cose log.ehlog --out ack.cose\n",
	run_log };
