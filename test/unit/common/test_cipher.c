/* SPDX-License-Identifier: Apache-2.0 */
/* test_cipher.c - AES-256-CTR against NIST SP 800-38A section F.5.5. */
#include "config.h"

#include <string.h>

#include "common/crypto/cipher.h"
#include "test/unit/unit.h"

static uint8_t key[32], counter[16], clear[64], cipher[64];

static void
standard(void)
{
	unit_hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a3"
	    "0914dff4", key, sizeof(key));
	unit_hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", counter, sizeof(counter));
	unit_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac"
	    "45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b"
	    "417be66c3710", clear, sizeof(clear));
	unit_hex("601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990"
	    "cacaf5c52b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2"
	    "dd08457941a6", cipher, sizeof(cipher));
}

START_TEST(cipher_is_that_of_the_standard)
{
	uint8_t out[64];

	standard();
	ck_assert_int_eq(eh_aes256_ctr(key, counter, clear, out, 64), EH_OK);
	ck_assert_mem_eq(out, cipher, 64);
	/* Any length, and in place; back is the same way. */
	for (size_t len = 0; len <= 64; len++) {
		memcpy(out, cipher, 64);
		ck_assert_int_eq(
		    eh_aes256_ctr(key, counter, out, out, len), EH_OK);
		ck_assert_mem_eq(out, clear, len);
		ck_assert_mem_eq(out + len, cipher + len, 64 - len);
	}
}
END_TEST

START_TEST(counter_wraps_as_one_number)
{
	uint8_t zero[32] = { 0 }, one[32], two[32];

	standard();
	memset(counter, 0xff, sizeof(counter));
	ck_assert_int_eq(eh_aes256_ctr(key, counter, zero, one, 32), EH_OK);
	memset(counter, 0, sizeof(counter));
	ck_assert_int_eq(eh_aes256_ctr(key, counter, zero, two, 16), EH_OK);
	ck_assert_mem_eq(one + 16, two, 16);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cipher");
	TCase *t = tcase_create("cipher");

	tcase_add_test(t, cipher_is_that_of_the_standard);
	tcase_add_test(t, counter_wraps_as_one_number);
	suite_add_tcase(s, t);
	return unit_run(s);
}
