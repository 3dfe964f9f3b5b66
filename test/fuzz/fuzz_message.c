/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_message.c - what is read of a message or record is what was written. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/message/ack.h"
#include "common/message/enrol.h"
#include "common/message/envelope.h"
#include "common/message/grant.h"
#include "common/message/keyattest.h"
#include "common/message/param.h"
#include "common/message/pauth.h"
#include "common/message/private.h"
#include "common/message/receipt.h"
#include "common/message/record.h"
#include "common/message/report.h"
#include "common/message/revoke.h"
#include "common/message/time.h"
#include "test/fuzz/fuzz.h"

/* A decoder and its encoder, for any struct. */
struct format {
	int (*decode)(
	    const void *bytes, size_t len, void *value, struct eh_error *);
	void (*encode)(const void *value, struct eh_writer *);
};

#define FORMAT(type)							\
	static int							\
	decode_##type(const void *bytes, size_t len, void *value,	\
	    struct eh_error *error)					\
	{								\
		return eh_##type##_decode(bytes, len, value, error);	\
	}								\
	static void							\
	encode_##type(const void *value, struct eh_writer *w)		\
	{								\
		eh_##type##_encode(value, w);				\
	}

FORMAT(ack)
FORMAT(enrol)
FORMAT(grant)
FORMAT(issue_param)
FORMAT(keyattest)
FORMAT(pauth)
FORMAT(private)
FORMAT(receipt)
FORMAT(record)
FORMAT(revoke)
FORMAT(time_attestation)
FORMAT(unit_report)

static const struct format formats[] = {
	{ decode_ack, encode_ack },
	{ decode_enrol, encode_enrol },
	{ decode_grant, encode_grant },
	{ decode_issue_param, encode_issue_param },
	{ decode_keyattest, encode_keyattest },
	{ decode_private, encode_private },
	{ decode_receipt, encode_receipt },
	{ decode_record, encode_record },
	{ decode_revoke, encode_revoke },
	{ decode_time_attestation, encode_time_attestation },
	{ decode_unit_report, encode_unit_report },
};
#define NFORMATS (sizeof(formats) / sizeof(formats[0]))

/* Room for the largest of them. */
static union {
	struct eh_ack ack;
	struct eh_enrol enrol;
	struct eh_grant grant;
	struct eh_issue_param issue_param;
	struct eh_keyattest keyattest;
	struct eh_pauth pauth;
	struct eh_private private;
	struct eh_receipt receipt;
	struct eh_record record;
	struct eh_revoke revoke;
	struct eh_time_attestation time_attestation;
	struct eh_unit_report unit_report;
} value;

/* Decode; a refusal has its number and a sentence. */
static int
decode(const struct format *f, const uint8_t *bytes, size_t len)
{
	struct eh_error error;
	int err;

	eh_error_clear(&error);
	err = f->decode(bytes, len, &value, &error);
	if (err != EH_OK)
		fuzz_must(error.code == err && error.text[0] != '\0',
		    "a refusal says why");
	return err;
}

/* Encode what was decoded last; return memory that the caller frees. */
static uint8_t *
encode(const struct format *f, size_t cap, size_t *lenp)
{
	struct eh_writer w;
	uint8_t *out = malloc(cap > 0 ? cap : 1);

	fuzz_must(out != NULL, "there is memory");
	eh_writer_init(&w, out, cap);
	f->encode(&value, &w);
	fuzz_must(eh_writer_end(&w, lenp) == EH_OK,
	    "what was read comes out no longer");
	return out;
}

static void
check_format(const struct format *f, const uint8_t *bytes, size_t len)
{
	uint8_t *out;
	size_t n = 0;

	if (decode(f, bytes, len) != EH_OK)
		return;
	out = encode(f, len, &n);
	fuzz_must(n == len && memcmp(out, bytes, len) == 0,
	    "the same bytes decode one way");
	free(out);
}

/* The one format with a default that may also be written: uses, 1.  What comes
 * out is the shorter form, and means the same. */
static void
check_pauth(const uint8_t *bytes, size_t len)
{
	static const struct format f = { decode_pauth, encode_pauth };
	static struct eh_pauth first;
	uint8_t *out;
	size_t n = 0;

	if (decode(&f, bytes, len) != EH_OK)
		return;
	first = value.pauth;
	out = encode(&f, len, &n);
	fuzz_must(decode(&f, out, n) == EH_OK, "what was written is read");
	fuzz_must(memcmp(&first, &value.pauth, sizeof(first)) == 0,
	    "what was written means the same");
	free(out);
}

/* An envelope is put together again from its parts. */
static void
check_envelope(const uint8_t *bytes, size_t len)
{
	struct eh_envelope e;
	struct eh_error error;
	struct eh_writer w;
	uint8_t *out;
	size_t n = 0;
	int err;

	eh_error_clear(&error);
	if ((err = eh_envelope_decode(bytes, len, &e, &error)) != EH_OK) {
		fuzz_must(error.code == err && error.text[0] != '\0',
		    "a refusal says why");
		return;
	}
	fuzz_must(eh_message_info(e.type)->supported, "its type is read");
	out = malloc(len);
	fuzz_must(out != NULL, "there is memory");
	eh_writer_init(&w, out, len);
	eh_sign1_encode(&e.sign1, &w);
	fuzz_must(eh_writer_end(&w, &n) == EH_OK && n == len &&
	    memcmp(out, bytes, len) == 0, "an envelope is its parts");
	free(out);
	for (size_t i = 0; i < NFORMATS; i++)
		check_format(
		    &formats[i], e.sign1.payload, e.sign1.payload_len);
	check_pauth(e.sign1.payload, e.sign1.payload_len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	check_envelope(bytes, len);
	for (size_t i = 0; i < NFORMATS; i++)
		check_format(&formats[i], bytes, len);
	check_pauth(bytes, len);
	return 0;
}
