/* SPDX-License-Identifier: Apache-2.0 */
/* ehlog.c - the log of a token as text, and whether it is whole: for tests
 * only. */
#include "config.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/crypto/random.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/merkle/merkle.h"
#include "common/message/envelope.h"
#include "common/message/receipt.h"
#include "common/message/record.h"
#include "orchestrator/token/token.h"

/*
 *	ehlog		through $EDGEHSM_MODULE, with $EDGEHSM_PIN_FILE
 *
 * One line for each place of the log:
 *
 *	SEQ burned
 *	SEQ issued AUTHORIZATION DEVICE ISSUE SERIAL SHA256(TBS)
 *	SEQ KIND
 *
 * and at the end "log N entries", when every record names the leaf before it
 * and a signed receipt states the same size and the same root.  Else it ends
 * with a sentence and status 1.
 */
static const char burned_prefix[] = "EdgeHSM-burned-v1";

struct scan {
	struct eh_merkle tree;
	uint8_t previous[EH_MERKLE_HASH];
};

static void
print_issued(const struct eh_record *r)
{
	const struct eh_certificate *c = &r->of.certificate;
	char authorization[EH_HEX_SIZE(EH_ID_LEN)];
	char serial[EH_HEX_SIZE(EH_ID_LEN)], tbs[EH_HEX_SIZE(EH_DIGEST_LEN)];

	eh_hex_encode(r->authorization, EH_ID_LEN, authorization);
	eh_hex_encode(c->serial, EH_ID_LEN, serial);
	eh_hex_encode(c->tbs, EH_DIGEST_LEN, tbs);
	printf("%" PRIu64 " issued %s %.*s %u %s %s\n", r->seq, authorization,
	    r->device.len, (const char *)r->device.bytes, c->issue, serial,
	    tbs);
}

static void
print_record(
    const struct scan *s, uint64_t seq, const uint8_t *entry, size_t len)
{
	static struct eh_record r;
	struct eh_error error = { 0 };

	if (eh_record_decode(entry, len, &r, &error) != EH_OK)
		errx(1, "record %" PRIu64 ": %s", seq,
		    eh_error_sentence(&error));
	if (r.seq != seq)
		errx(1, "record %" PRIu64 " says that it is %" PRIu64, seq,
		    r.seq);
	if (memcmp(r.previous, s->previous, EH_MERKLE_HASH) != 0)
		errx(1, "record %" PRIu64 " follows another one", seq);
	if (r.kind == EH_RECORD_ISSUED)
		print_issued(&r);
	else
		printf("%" PRIu64 " %s\n", seq, eh_record_kind_name(r.kind));
}

static int
take(void *context, uint64_t seq, const uint8_t *entry, size_t len)
{
	struct scan *s = context;

	if (len > strlen(burned_prefix) &&
	    memcmp(entry, burned_prefix, strlen(burned_prefix)) == 0)
		printf("%" PRIu64 " burned\n", seq);
	else
		print_record(s, seq, entry, len);
	eh_merkle_leaf(entry, len, s->previous);
	return eh_merkle_append(&s->tree, s->previous);
}

/* Private keys, and the attestation key is one, are shown to the operator. */
static void
login(struct eh_token *token)
{
	const char *path = getenv("EDGEHSM_PIN_FILE");
	struct eh_error error = { 0 };
	struct eh_buf pin;
	size_t len;

	if (path == NULL || eh_file_read(path, 255, &pin, &error) != EH_OK)
		errx(EX_NOPERM, "EDGEHSM_PIN_FILE is needed");
	for (len = 0; len < pin.len && pin.data[len] != '\n'; len++)
		;
	if (eh_token_login(token, EH_ROLE_OPERATOR, pin.data, len, &error) !=
	    EH_OK)
		errx(EX_NOPERM, "login: %s", eh_error_sentence(&error));
	eh_buf_free(&pin);
}

/* What the EdgeHSM states of its log, under its signature. */
static void
receipt(struct eh_token *token, struct eh_receipt *out)
{
	struct eh_error error = { 0 };
	struct eh_envelope envelope;
	struct eh_token_key key;
	struct eh_rawkey public;
	uint8_t nonce[EH_NONCE_MIN];
	struct eh_buf message;

	eh_buf_init(&message, EH_MESSAGE_MAX + 8192);
	if (eh_random(nonce, sizeof(nonce)) != EH_OK ||
	    eh_token_receipt(token, nonce, sizeof(nonce), &message, &error) !=
		EH_OK ||
	    eh_token_find(token, "attestation", &key, &error) != EH_OK ||
	    eh_rawkey_from_spki(&public, key.spki, key.spkilen) != EH_OK ||
	    eh_envelope_decode(message.data, message.len, &envelope, &error) !=
		EH_OK ||
	    eh_envelope_verify(&envelope, &public, &error) != EH_OK ||
	    eh_receipt_decode(envelope.sign1.payload,
		envelope.sign1.payload_len, out, &error) != EH_OK)
		errx(1, "receipt: %s", eh_error_sentence(&error));
	if (out->nonce.len != sizeof(nonce) ||
	    memcmp(out->nonce.bytes, nonce, sizeof(nonce)) != 0)
		errx(1, "receipt: for another nonce");
	eh_buf_free(&message);
}

static void
compare(const struct scan *s, const struct eh_receipt *r)
{
	uint8_t root[EH_MERKLE_HASH];

	eh_merkle_root(&s->tree, root);
	if (r->tree_size != s->tree.size)
		errx(1, "the receipt counts %" PRIu64 " entries, the log "
		    "has %" PRIu64, r->tree_size, s->tree.size);
	if (memcmp(r->tree_root, root, EH_MERKLE_HASH) != 0 ||
	    memcmp(r->last_leaf, s->previous, EH_MERKLE_HASH) != 0)
		errx(1, "the receipt has another root than the log");
}

int
main(int argc, char **argv)
{
	static struct eh_receipt stated;
	struct eh_error error = { 0 };
	struct eh_token *token;
	struct scan s = { .previous = { 0 } };
	uint64_t next = 0, first;

	if (argc != 1)
		errx(EX_USAGE, "usage: %s", argv[0]);
	eh_merkle_init(&s.tree);
	if (eh_token_open(NULL, &token, &error) != EH_OK)
		errx(EX_UNAVAILABLE, "%s", eh_error_sentence(&error));
	login(token);
	receipt(token, &stated);
	do {
		first = next;
		if (eh_token_log(token, first, take, &s, &next, &error) !=
		    EH_OK)
			errx(1, "log: %s", eh_error_sentence(&error));
	} while (next > first);
	compare(&s, &stated);
	printf("log %" PRIu64 " entries\n", s.tree.size);
	eh_token_close(token);
	return 0;
}
