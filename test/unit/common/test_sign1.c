/* SPDX-License-Identifier: Apache-2.0 */
/* test_sign1.c - COSE_Sign1 in general. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "common/cose/sign1.h"
#include "common/crypto/digest.h"
#include "common/crypto/soft.h"
#include "test/unit/unit.h"

static uint8_t message[256];
static size_t len;

/* A message from its parts in hex; the payload is "abc", the signature zero. */
static void
assemble(const char *protected, const char *unprotected)
{
	static const uint8_t zero[64];
	uint8_t p[64], u[64];
	struct eh_sign1 s = {
		.protected = p,
		.protected_len = unit_hex(protected, p, sizeof(p)),
		.unprotected = u,
		.unprotected_len = unit_hex(unprotected, u, sizeof(u)),
		.payload = (const uint8_t *)"abc",
		.payload_len = 3,
		.signature = zero,
		.signature_len = sizeof(zero),
	};
	struct eh_writer w;

	eh_writer_init(&w, message, sizeof(message));
	eh_sign1_encode(&s, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
}

static int
decode(struct eh_sign1 *s)
{
	static uint8_t *copy;

	/* Kept until the next call: what was decoded borrows from it. */
	free(copy);
	copy = malloc(len > 0 ? len : 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, message, len);
	return eh_sign1_decode(copy, len, s);
}

static int
judge(const char *protected, const char *unprotected)
{
	struct eh_sign1 s;

	assemble(protected, unprotected);
	return decode(&s);
}

START_TEST(parts_are_borrowed_as_they_came)
{
	struct eh_sign1 s;

	assemble("a10126", "a1044131");
	ck_assert_int_eq(decode(&s), EH_OK);
	ck_assert_uint_eq(s.protected_len, 3);
	ck_assert_uint_eq(s.unprotected_len, 4);
	ck_assert_uint_eq(s.payload_len, 3);
	ck_assert_mem_eq(s.payload, "abc", 3);
	ck_assert_uint_eq(s.signature_len, 64);
	ck_assert_int_eq(s.alg, -7);
}
END_TEST

START_TEST(algorithm_is_protected_and_a_number)
{
	ck_assert_int_eq(judge("a10126", "a0"), EH_OK);
	ck_assert_int_eq(judge("", "a10126"), EH_ERR_FORMAT);
	ck_assert_int_eq(judge("a0", "a10126"), EH_ERR_FORMAT);
	ck_assert_int_eq(judge("a1044131", "a0"), EH_ERR_FORMAT);
	ck_assert_int_eq(judge("a1016161", "a0"), EH_ERR_FORMAT);
	ck_assert_int_eq(judge("a1012600", "a0"), EH_ERR_FORMAT);
	ck_assert_int_eq(judge("26", "a0"), EH_ERR_FORMAT);
}
END_TEST

START_TEST(critical_labels_are_known_and_there)
{
	ck_assert_int_eq(judge("a3012602811010" "00", "a0"), EH_OK);
	ck_assert_int_eq(judge("a3012602820110" "10" "00", "a0"), EH_OK);
	ck_assert_int_eq(judge("a2012602" "8104", "a0"), EH_ERR_FORMAT);
	ck_assert_int_eq(judge("a3012602" "8103" "0300", "a0"), EH_ERR_FORMAT);
	ck_assert_int_eq(judge("a2012602" "8102", "a0"), EH_ERR_FORMAT);
	ck_assert_int_eq(judge("a2012602" "80", "a0"), EH_ERR_FORMAT);
	ck_assert_int_eq(judge("a2012602" "816161", "a0"), EH_ERR_FORMAT);
}
END_TEST

START_TEST(other_labels_are_let_through)
{
	ck_assert_int_eq(judge("a2012603" "00", "a0"), EH_OK);
	ck_assert_int_eq(judge("a2012638" "63" "8120", "a0"), EH_OK);
	ck_assert_int_eq(judge("a20126616100", "a0"), EH_ERR_FORMAT);
	ck_assert_int_eq(judge("a201260126", "a0"), EH_ERR_FORMAT);
}
END_TEST

START_TEST(outer_form_is_exact)
{
	struct eh_sign1 s;

	assemble("a10126", "a0");
	ck_assert_int_eq(decode(&s), EH_OK);
	message[1] = 0x83;
	ck_assert_int_eq(decode(&s), EH_ERR_FORMAT);
	message[1] = 0x85;
	ck_assert_int_eq(decode(&s), EH_ERR_FORMAT);
	message[1] = 0x84;
	message[0] = 0xd1;
	ck_assert_int_eq(decode(&s), EH_ERR_FORMAT);
	message[0] = 0xd2;
	message[len] = 0;
	len++;
	ck_assert_int_eq(decode(&s), EH_ERR_TRAILING);
	len--;
	while (len-- > 0)
		ck_assert_int_ne(decode(&s), EH_OK);
	ck_assert_int_eq(judge("a10126", "80"), EH_ERR_FORMAT);
	ck_assert_int_eq(judge("a10126", "f6"), EH_ERR_FORMAT);
	ck_assert_int_eq(judge("a10126", "a2044131" "0126"), EH_ERR_FORMAT);
}
END_TEST

START_TEST(digest_is_that_of_the_sig_structure)
{
	static const size_t sizes[] = { 0, 1, 23, 24, 255, 256, 65535, 65536 };
	static uint8_t big[65536], out[3 * 65536];
	uint8_t digest[32], want[32];
	struct eh_sign1 s = { .payload = big };
	struct eh_writer w;
	size_t n;

	/* Each length whose head has another size, in each place. */
	for (size_t i = 0; i < 8; i++)
		for (size_t j = 0; j < 8; j++) {
			s.protected = big;
			s.protected_len = sizes[i];
			s.payload_len = sizes[j];
			eh_writer_init(&w, out, sizeof(out));
			eh_sign1_tbs(&s, big, sizes[7 - j], &w);
			ck_assert_int_eq(eh_writer_end(&w, &n), EH_OK);
			eh_sha256(out, n, want);
			eh_sign1_digest(&s, big, sizes[7 - j], digest);
			ck_assert_mem_eq(digest, want, 32);
		}
}
END_TEST

START_TEST(signature_covers_header_payload_and_additional_data)
{
	static const uint8_t seed[32] = { 3 };
	uint8_t header[] = { 0xa1, 0x01, 0x26 }, signature[64];
	struct eh_soft *key;
	struct eh_signer signer;
	struct eh_verifier *v;
	struct eh_sign1 s;

	for (int ed = 0; ed < 2; ed++) {
		if (ed)
			ck_assert_int_eq(
			    eh_soft_from_ed25519(seed, &key), EH_OK);
		else
			ck_assert_int_eq(eh_soft_generate(&key), EH_OK);
		eh_soft_signer(key, &signer);
		ck_assert_int_eq(
		    eh_verifier_new(eh_soft_public(key), &v), EH_OK);
		header[2] = ed ? 0x27 : 0x26;
		memset(&s, 0, sizeof(s));
		s.protected = header;
		s.protected_len = sizeof(header);
		s.payload = (const uint8_t *)"abc";
		s.payload_len = 3;
		s.alg = signer.alg;
		ck_assert_int_eq(
		    eh_sign1_sign(&s, &signer, "x", 1, signature), EH_OK);
		s.signature = signature;
		s.signature_len = 64;
		ck_assert_int_eq(eh_sign1_verify(&s, v, "x", 1), EH_OK);
		ck_assert_int_eq(
		    eh_sign1_verify(&s, v, NULL, 0), EH_ERR_SIGNATURE);
		s.payload_len = 2;
		ck_assert_int_eq(
		    eh_sign1_verify(&s, v, "x", 1), EH_ERR_SIGNATURE);
		s.payload_len = 3;
		header[1] = 0x02;
		ck_assert_int_eq(
		    eh_sign1_verify(&s, v, "x", 1), EH_ERR_SIGNATURE);
		header[1] = 0x01;
		s.signature_len = 63;
		ck_assert_int_eq(
		    eh_sign1_verify(&s, v, "x", 1), EH_ERR_SIGNATURE);
		s.signature_len = 64;
		/* The header never chooses. */
		s.alg = ed ? EH_ALG_ES256 : EH_ALG_EDDSA;
		ck_assert_int_eq(
		    eh_sign1_verify(&s, v, "x", 1), EH_ERR_SIGNATURE);
		eh_verifier_free(v);
		eh_soft_free(key);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sign1");
	TCase *t = tcase_create("sign1");

	tcase_add_test(t, parts_are_borrowed_as_they_came);
	tcase_add_test(t, algorithm_is_protected_and_a_number);
	tcase_add_test(t, critical_labels_are_known_and_there);
	tcase_add_test(t, other_labels_are_let_through);
	tcase_add_test(t, outer_form_is_exact);
	tcase_add_test(t, digest_is_that_of_the_sig_structure);
	tcase_add_test(t, signature_covers_header_payload_and_additional_data);
	suite_add_tcase(s, t);
	return unit_run(s);
}
