/* SPDX-License-Identifier: Apache-2.0 */
/* test_kdf.c - HKDF against RFC 5869, scrypt against RFC 7914. */
#include "config.h"

#include <string.h>

#include "common/crypto/kdf.h"
#include "test/unit/unit.h"

START_TEST(hkdf_is_that_of_the_standard)
{
	uint8_t ikm[80], salt[80], info[80], out[82], want[82];

	memset(ikm, 0x0b, 22);
	for (uint8_t i = 0; i < 13; i++)
		salt[i] = i;
	for (uint8_t i = 0; i < 10; i++)
		info[i] = 0xf0 + i;
	unit_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56"
	    "ecc4c5bf34007208d5b887185865", want, sizeof(want));
	ck_assert_int_eq(
	    eh_hkdf_sha256(salt, 13, ikm, 22, info, 10, out, 42), EH_OK);
	ck_assert_mem_eq(out, want, 42);

	unit_hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f"
	    "3c738d2d9d201395faa4b61a96c8", want, sizeof(want));
	ck_assert_int_eq(
	    eh_hkdf_sha256(NULL, 0, ikm, 22, NULL, 0, out, 42), EH_OK);
	ck_assert_mem_eq(out, want, 42);
}
END_TEST

START_TEST(hkdf_gives_255_blocks_and_no_byte_more)
{
	static uint8_t out[EH_HKDF_SHA256_MAX + 1], untouched;

	ck_assert_int_eq(eh_hkdf_sha256(NULL, 0, "k", 1, NULL, 0, out,
	    EH_HKDF_SHA256_MAX), EH_OK);
	ck_assert_uint_eq(out[EH_HKDF_SHA256_MAX], 0);
	untouched = out[0];
	ck_assert_int_eq(eh_hkdf_sha256(NULL, 0, "x", 1, NULL, 0, out,
	    EH_HKDF_SHA256_MAX + 1), EH_ERR_ARGUMENT);
	ck_assert_uint_eq(out[0], untouched);
	ck_assert_int_eq(
	    eh_hkdf_sha256(NULL, 0, "k", 1, NULL, 0, out, 0), EH_OK);
}
END_TEST

START_TEST(scrypt_is_that_of_the_standard)
{
	uint8_t out[64], want[64];

	ck_assert_int_eq(eh_scrypt("pleaseletmein", 13, "SodiumChloride", 14,
	    out, sizeof(out)), EH_OK);
	unit_hex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545d"
	    "a1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b4557"
	    "5887", want, sizeof(want));
	ck_assert_mem_eq(out, want, sizeof(out));
}
END_TEST

START_TEST(scrypt_takes_an_empty_pin)
{
	uint8_t empty[32], other[32];

	ck_assert_int_eq(eh_scrypt(NULL, 0, "salt", 4, empty, 32), EH_OK);
	ck_assert_int_eq(eh_scrypt("0", 1, "salt", 4, other, 32), EH_OK);
	ck_assert_mem_ne(empty, other, 32);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kdf");
	TCase *t = tcase_create("kdf");

	tcase_add_test(t, hkdf_is_that_of_the_standard);
	tcase_add_test(t, hkdf_gives_255_blocks_and_no_byte_more);
	tcase_add_test(t, scrypt_is_that_of_the_standard);
	tcase_add_test(t, scrypt_takes_an_empty_pin);
	suite_add_tcase(s, t);
	return unit_run(s);
}
