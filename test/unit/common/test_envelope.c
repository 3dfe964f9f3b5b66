/* SPDX-License-Identifier: Apache-2.0 */
/* test_envelope.c - the one envelope of every signed message. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "common/crypto/soft.h"
#include "common/message/envelope.h"
#include "test/unit/common/golden.h"
#include "test/unit/unit.h"

static uint8_t message[EH_MESSAGE_MAX + 2];
static size_t len;
static struct eh_rawkey authority;
static struct eh_error error;

static void
golden(void)
{
	uint8_t point[EH_P256_POINT_LEN];

	len = unit_hex(GOLDEN_PAUTH, message, sizeof(message));
	unit_hex(GOLDEN_AUTHORITY_KEY, point, sizeof(point));
	ck_assert_int_eq(
	    eh_rawkey_set(&authority, point, sizeof(point)), EH_OK);
}

static int
decode(struct eh_envelope *e)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int err;

	/* Of exactly this size, so that ASan sees a read behind it. */
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, message, len);
	eh_error_clear(&error);
	err = eh_envelope_decode(copy, len, e, &error);
	if (err != EH_OK) {
		ck_assert_int_eq(error.code, err);
		ck_assert_str_ne(error.text, "");
	} else {
		ck_assert_int_eq(
		    eh_envelope_decode(message, len, e, NULL), EH_OK);
	}
	free(copy);
	return err;
}

static void
refused(int err, const char *sentence)
{
	struct eh_envelope e;

	ck_assert_int_eq(decode(&e), err);
	ck_assert_msg(strstr(error.text, sentence) != NULL,
	    "\"%s\" does not say \"%s\"", error.text, sentence);
}

/* Write a message from its parts, each already encoded. */
static void
assemble(const char *protected, const char *unprotected, size_t payload_len,
    size_t signature_len)
{
	static const uint8_t zero[EH_MESSAGE_MAX];
	uint8_t part[256];
	struct eh_writer w;
	size_t n;

	eh_writer_init(&w, message, sizeof(message));
	eh_cbor_put_tag(&w, 18);
	eh_cbor_put_array(&w, 4);
	n = unit_hex(protected, part, sizeof(part));
	eh_cbor_put_bytes(&w, part, n);
	n = unit_hex(unprotected, part, sizeof(part));
	eh_writer_bytes(&w, part, n);
	eh_cbor_put_bytes(&w, zero, payload_len);
	eh_cbor_put_bytes(&w, zero, signature_len);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
}

#define KID  "0448a2d426b6d9a71de3"
#define CRIT "028110"
/* application/edgehsm-NAME+cwt */
#define PAUTH "10781d6170706c69636174696f6e2f6564676568736d2d70617574682b637774"
#define DAUTH "10781d6170706c69636174696f6e2f6564676568736d2d64617574682b637774"
#define TIME  "10781c6170706c69636174696f6e2f6564676568736d2d74696d652b637774"
#define RECEIPT "10781f6170706c69636174696f6e2f6564676568736d2d" \
	"726563656970742b637774"
#define PAUTI "10781d6170706c69636174696f6e2f6564676568736d2d70617574692b637774"

START_TEST(golden_sample_verifies)
{
	uint8_t digest[32], want[32], kid[EH_KID_LEN];
	struct eh_envelope e;

	golden();
	ck_assert_int_eq(decode(&e), EH_OK);
	ck_assert_uint_eq(e.type, EH_MESSAGE_PAUTH);
	ck_assert_int_eq(e.alg, EH_ALG_ES256);
	unit_hex(GOLDEN_AUTHORITY_KID, kid, sizeof(kid));
	ck_assert_mem_eq(e.kid, kid, EH_KID_LEN);
	ck_assert_uint_eq(e.sign1.payload_len, 291);
	eh_envelope_digest(&e, digest);
	unit_hex(GOLDEN_PAUTH_DIGEST, want, sizeof(want));
	ck_assert_mem_eq(digest, want, 32);
	ck_assert_int_eq(eh_envelope_verify(&e, &authority, &error), EH_OK);
}
END_TEST

/* A signer that gives the signature of the golden sample. */
static int
give(void *arg, const void *bytes, size_t n, uint8_t signature[64])
{
	(void)bytes;
	(void)n;
	memcpy(signature, arg, 64);
	return EH_OK;
}

START_TEST(golden_sample_is_what_we_write)
{
	struct eh_signer signer = { .sign = give, .alg = EH_ALG_ES256 };
	uint8_t out[1024];
	struct eh_envelope e;
	struct eh_writer w;
	size_t n;

	golden();
	ck_assert_int_eq(decode(&e), EH_OK);
	memcpy(signer.kid, e.kid, EH_KID_LEN);
	signer.arg = message + len - 64;
	eh_writer_init(&w, out, sizeof(out));
	ck_assert_int_eq(eh_envelope_sign(EH_MESSAGE_PAUTH, e.sign1.payload,
	    e.sign1.payload_len, &signer, &w, NULL), EH_OK);
	ck_assert_int_eq(eh_writer_end(&w, &n), EH_OK);
	ck_assert_uint_eq(n, len);
	ck_assert_mem_eq(out, message, len);
}
END_TEST

START_TEST(message_that_is_cut_anywhere_is_refused)
{
	struct eh_envelope e;

	golden();
	while (len-- > 0)
		ck_assert_int_ne(decode(&e), EH_OK);
}
END_TEST

/* Decoding, digest and signature together leave no bit free. */
START_TEST(message_with_any_bit_changed_is_refused)
{
	struct eh_envelope e;
	struct eh_verifier *verifier;
	size_t decoded = 0;

	golden();
	ck_assert_int_eq(eh_verifier_new(&authority, &verifier), EH_OK);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		message[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (decode(&e) == EH_OK) {
			decoded++;
			ck_assert_int_eq(eh_sign1_verify(&e.sign1, verifier,
			    NULL, 0), EH_ERR_SIGNATURE);
		}
		message[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	/* The payload and the signature are what decoding does not judge. */
	ck_assert_uint_gt(decoded, 8 * 350);
	eh_verifier_free(verifier);
}
END_TEST

START_TEST(byte_behind_a_message_is_refused)
{
	golden();
	message[len++] = 0;
	refused(EH_ERR_TRAILING, "data after the end");
}
END_TEST

START_TEST(other_outer_forms_are_refused)
{
	golden();
	memmove(message, message + 1, --len);	/* untagged */
	refused(EH_ERR_FORMAT, "not a signed message");
	golden();
	memmove(message + 1, message, len++);	/* tag 98, COSE_Sign */
	message[0] = 0xd8;
	message[1] = 0x62;
	refused(EH_ERR_FORMAT, "not a signed message");
	golden();
	memmove(message + 1, message, len++);	/* tag 18, the longer way */
	message[0] = 0xd8;
	message[1] = 0x12;
	refused(EH_ERR_FORMAT, "not a signed message");
	golden();
	memmove(message + 3, message, len);	/* tag 55799 before it */
	len += 3;
	memcpy(message, "\xd9\xd9\xf7", 3);
	refused(EH_ERR_FORMAT, "not a signed message");
	len = 0;
	refused(EH_ERR_FORMAT, "not a signed message");
}
END_TEST

START_TEST(nil_payload_is_refused)
{
	golden();
	message[53] = 0xf6;
	memmove(message + 54, message + 54 + 2 + 291, 66);
	len = 54 + 66;
	refused(EH_ERR_FORMAT, "not a signed message");
}
END_TEST

START_TEST(header_is_exact)
{
	struct eh_envelope e;

	assemble("a40126" CRIT KID PAUTH, "a0", 1, 64);
	ck_assert_int_eq(decode(&e), EH_OK);
	assemble("a30126" KID PAUTH, "a0", 1, 64);	/* crit missing */
	refused(EH_ERR_FORMAT, "protected header");
	assemble("a3" CRIT KID PAUTH, "a0", 1, 64);	/* alg missing */
	refused(EH_ERR_FORMAT, "not a signed message");
	assemble("a30126" CRIT PAUTH, "a0", 1, 64);	/* kid missing */
	refused(EH_ERR_FORMAT, "protected header");
	assemble("a30126" CRIT KID, "a0", 1, 64);	/* typ missing */
	refused(EH_ERR_FORMAT, "");
	assemble("a40126" "02820410" KID PAUTH, "a0", 1, 64);
	refused(EH_ERR_FORMAT, "protected header");	/* crit [4, 16] */
	assemble("a50126" CRIT "0300" KID PAUTH, "a0", 1, 64);
	refused(EH_ERR_FORMAT, "protected header");	/* content type */
	assemble("a40126" CRIT "0447a2d426b6d9a71d" PAUTH, "a0", 1, 64);
	refused(EH_ERR_FORMAT, "protected header");	/* kid of 7 bytes */
	assemble("a4" KID "0126" CRIT PAUTH, "a0", 1, 64);
	refused(EH_ERR_FORMAT, "");			/* wrong order */
	assemble("", "a0", 1, 64);
	refused(EH_ERR_FORMAT, "");
}
END_TEST

START_TEST(unprotected_header_is_empty)
{
	assemble("a40126" CRIT KID PAUTH, "a1" KID, 1, 64);
	refused(EH_ERR_FORMAT, "unprotected header is not empty");
	assemble("a40126" CRIT KID PAUTH, "80", 1, 64);
	refused(EH_ERR_FORMAT, "not a signed message");
}
END_TEST

START_TEST(types_are_known_and_of_this_version)
{
	assemble("a40126" CRIT KID PAUTI, "a0", 1, 64);
	refused(EH_ERR_FORMAT,
	    "unknown type of message: application/edgehsm-pauti+cwt");
	assemble("a40126" CRIT KID DAUTH, "a0", 1, 64);
	refused(EH_ERR_UNSUPPORTED,
	    "a debug authorization is not supported by this version");
}
END_TEST

START_TEST(algorithms_are_known_and_of_this_version)
{
	static const char *const good[] = { "26", "27", "28", "32" };
	struct eh_envelope e;
	char header[256];

	for (size_t i = 0; i < 4; i++) {
		snprintf(header, sizeof(header), "a401%s" CRIT KID PAUTH,
		    good[i]);
		assemble(header, "a0", 1, 64);
		ck_assert_int_eq(decode(&e), EH_OK);
	}
	assemble("a4013832" CRIT KID PAUTH, "a0", 1, 64);
	refused(EH_ERR_UNSUPPORTED,
	    "ESP384 (-51) is not supported by this version");
	assemble("a4013830" CRIT KID PAUTH, "a0", 1, 3309);
	refused(EH_ERR_UNSUPPORTED, "ML-DSA-65");
	assemble("a40105" CRIT KID PAUTH, "a0", 1, 64);
	refused(EH_ERR_FORMAT, "unknown algorithm (5) is not supported");
}
END_TEST

START_TEST(sizes_are_those_of_the_type)
{
	struct eh_envelope e;

	/* The envelope of a pauth takes 122 bytes beside a long payload. */
	assemble("a40126" CRIT KID PAUTH, "a0", 8192 - 122, 64);
	ck_assert_uint_eq(len, 8192);
	ck_assert_int_eq(decode(&e), EH_OK);
	assemble("a40126" CRIT KID PAUTH, "a0", 8192 - 121, 64);
	refused(EH_ERR_FORMAT, "8193 bytes, the limit is 8192");
	assemble("a40126" CRIT KID PAUTH, "a0", 0, 64);
	refused(EH_ERR_FORMAT, "there is no payload");
	assemble("a40126" CRIT KID TIME, "a0", 400, 64);
	refused(EH_ERR_FORMAT, "the limit is 512");
	assemble("a40126" CRIT KID RECEIPT, "a0", 60000, 64);
	ck_assert_int_eq(decode(&e), EH_OK);
	assemble("a40126" CRIT KID PAUTH, "a0", 1, 63);
	refused(EH_ERR_FORMAT, "signature of 63 bytes");
	assemble("a40126" CRIT KID PAUTH, "a0", 1, 65);
	refused(EH_ERR_FORMAT, "signature of 65 bytes");
	memset(message, 0, sizeof(message));
	len = EH_MESSAGE_MAX + 1;
	refused(EH_ERR_FORMAT, "65537 bytes");
}
END_TEST

START_TEST(key_of_another_kid_is_refused)
{
	struct eh_envelope e;
	uint8_t point[EH_P256_POINT_LEN];
	struct eh_rawkey other;

	golden();
	unit_hex(GOLDEN_ATTESTATION_KEY, point, sizeof(point));
	ck_assert_int_eq(eh_rawkey_set(&other, point, sizeof(point)), EH_OK);
	ck_assert_int_eq(decode(&e), EH_OK);
	ck_assert_int_eq(
	    eh_envelope_verify(&e, &other, &error), EH_ERR_SIGNATURE);
	ck_assert_str_eq(error.text, "production authorization: signed by key "
	    GOLDEN_AUTHORITY_KID ", not by key " GOLDEN_ATTESTATION_KID);
}
END_TEST

/* What is signed can be read; the same key under another algorithm cannot. */
START_TEST(signed_message_comes_back)
{
	struct eh_soft *key;
	struct eh_signer signer;
	struct eh_envelope e;
	struct eh_writer w;
	static const uint8_t seed[32] = { 1, 2, 3 };
	int64_t alg;

	for (int ed = 0; ed < 2; ed++) {
		if (ed)
			ck_assert_int_eq(
			    eh_soft_from_ed25519(seed, &key), EH_OK);
		else
			ck_assert_int_eq(eh_soft_generate(&key), EH_OK);
		eh_soft_signer(key, &signer);
		alg = signer.alg;
		eh_writer_init(&w, message, sizeof(message));
		ck_assert_int_eq(eh_envelope_sign(EH_MESSAGE_TIME, "abc", 3,
		    &signer, &w, &error), EH_OK);
		ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
		ck_assert_int_eq(decode(&e), EH_OK);
		ck_assert_int_eq(e.type, EH_MESSAGE_TIME);
		ck_assert_int_eq(e.alg, alg);
		ck_assert_mem_eq(e.sign1.payload, "abc", 3);
		ck_assert_int_eq(eh_envelope_verify(
		    &e, eh_soft_public(key), NULL), EH_OK);

		signer.alg = ed ? EH_ALG_ES256 : EH_ALG_EDDSA;
		eh_writer_init(&w, message, sizeof(message));
		ck_assert_int_eq(eh_envelope_sign(EH_MESSAGE_TIME, "abc", 3,
		    &signer, &w, &error), EH_OK);
		ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
		ck_assert_int_eq(decode(&e), EH_OK);
		ck_assert_int_eq(eh_envelope_verify(
		    &e, eh_soft_public(key), NULL), EH_ERR_SIGNATURE);
		eh_soft_free(key);
	}
}
END_TEST

static int
broken(void *arg, const void *bytes, size_t n, uint8_t signature[64])
{
	(void)arg;
	(void)bytes;
	(void)n;
	(void)signature;
	return EH_ERR_BACKEND;
}

START_TEST(nothing_is_written_that_is_too_long_or_not_signed)
{
	struct eh_signer signer = { .sign = give, .arg = message,
		.alg = EH_ALG_ES256 };
	static uint8_t payload[8192];
	uint8_t out[16];
	struct eh_writer w;

	eh_writer_init(&w, out, sizeof(out));
	ck_assert_int_eq(eh_envelope_sign(EH_MESSAGE_TIME, payload, 450,
	    &signer, &w, &error), EH_ERR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(error.text, "the limit is 512"));
	ck_assert_int_eq(eh_envelope_sign(EH_MESSAGE_TIME, payload, 0, &signer,
	    &w, &error), EH_ERR_ARGUMENT);
	signer.sign = broken;
	ck_assert_int_eq(eh_envelope_sign(EH_MESSAGE_TIME, payload, 3, &signer,
	    &w, &error), EH_ERR_BACKEND);
	ck_assert_uint_eq(w.len, 0);
}
END_TEST

START_TEST(every_type_has_a_row)
{
	for (unsigned i = 0; i < EH_MESSAGE_TYPES; i++) {
		const struct eh_message_info *info =
		    eh_message_info((enum eh_message_type)i);

		ck_assert_ptr_nonnull(info->name);
		ck_assert_uint_gt(info->max, 0);
		ck_assert_int_eq(
		    info->signer == EH_SIGNED_BY_ROLE, info->role != 0);
		for (unsigned j = 0; j < i; j++)
			ck_assert_str_ne(info->typ, eh_message_info(
			    (enum eh_message_type)j)->typ);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("envelope");
	TCase *t = tcase_create("envelope");

	tcase_add_test(t, golden_sample_verifies);
	tcase_add_test(t, golden_sample_is_what_we_write);
	tcase_add_test(t, message_that_is_cut_anywhere_is_refused);
	tcase_add_test(t, message_with_any_bit_changed_is_refused);
	tcase_add_test(t, byte_behind_a_message_is_refused);
	tcase_add_test(t, other_outer_forms_are_refused);
	tcase_add_test(t, nil_payload_is_refused);
	tcase_add_test(t, header_is_exact);
	tcase_add_test(t, unprotected_header_is_empty);
	tcase_add_test(t, types_are_known_and_of_this_version);
	tcase_add_test(t, algorithms_are_known_and_of_this_version);
	tcase_add_test(t, sizes_are_those_of_the_type);
	tcase_add_test(t, key_of_another_kid_is_refused);
	tcase_add_test(t, signed_message_comes_back);
	tcase_add_test(t, nothing_is_written_that_is_too_long_or_not_signed);
	tcase_add_test(t, every_type_has_a_row);
	suite_add_tcase(s, t);
	return unit_run(s);
}
