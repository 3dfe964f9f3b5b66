/* SPDX-License-Identifier: Apache-2.0 */
/* test_ed25519.c - Ed25519 against RFC 8032 section 7.1. */
#include "config.h"

#include <string.h>

#include "common/crypto/verifier.h"
#include "test/unit/unit.h"

static const struct {
	const char *key, *message, *signature;
} cases[] = {
	{ "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
	    "",
	    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
	},
	{ "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	    "af82",
	    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
	},
};

static int
verify(const uint8_t key[EH_ED25519_KEY_LEN], const void *message, size_t len,
    const uint8_t signature[EH_SIGNATURE_LEN])
{
	struct eh_verifier *verifier;
	struct eh_rawkey raw;
	int err;

	ck_assert_int_eq(
	    eh_rawkey_set(&raw, key, EH_ED25519_KEY_LEN), EH_OK);
	ck_assert_int_eq(eh_verifier_new(&raw, &verifier), EH_OK);
	err = eh_verifier_verify(verifier, message, len, signature);
	eh_verifier_free(verifier);
	return err;
}

START_TEST(signatures_of_the_standard_verify)
{
	uint8_t key[32], message[8], signature[64];

	for (size_t i = 0; i < 2; i++) {
		size_t len = unit_hex(
		    cases[i].message, message, sizeof(message));

		unit_hex(cases[i].key, key, sizeof(key));
		unit_hex(cases[i].signature, signature, sizeof(signature));
		ck_assert_int_eq(verify(
		    key, message, len, signature), EH_OK);
		message[len] = 0;
		ck_assert_int_eq(verify(
		    key, message, len + 1, signature), EH_ERR_SIGNATURE);
		signature[0] ^= 1;
		ck_assert_int_eq(verify(
		    key, message, len, signature), EH_ERR_SIGNATURE);
		signature[0] ^= 1;
		key[0] ^= 1;
		ck_assert_int_eq(verify(
		    key, message, len, signature), EH_ERR_SIGNATURE);
	}
}
END_TEST

/* s + L, another way to write the same number (RFC 8032 section 5.1.7). */
START_TEST(signature_has_one_encoding)
{
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63,
		0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10 };
	uint8_t key[32], signature[64];
	unsigned carry = 0;

	unit_hex(cases[0].key, key, sizeof(key));
	unit_hex(cases[0].signature, signature, sizeof(signature));
	for (size_t i = 0; i < 32; i++) {
		carry += (unsigned)signature[32 + i] + order[i];
		signature[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	ck_assert_int_eq(
	    verify(key, NULL, 0, signature), EH_ERR_SIGNATURE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ed25519");
	TCase *t = tcase_create("ed25519");

	tcase_add_test(t, signatures_of_the_standard_verify);
	tcase_add_test(t, signature_has_one_encoding);
	suite_add_tcase(s, t);
	return unit_run(s);
}
