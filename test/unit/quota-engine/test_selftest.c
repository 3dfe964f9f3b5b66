/* SPDX-License-Identifier: Apache-2.0 */
/* test_selftest.c - known answers; each one, altered, is found. */
#include "config.h"

#include <string.h>

#include "quota-engine/selftest.h"
#include "test/unit/unit.h"

START_TEST(the_library_gives_the_known_answers)
{
	struct eh_error error;

	eh_error_clear(&error);
	ck_assert_msg(
	    eh_selftest_run(&eh_selftest_answers, &error) == EH_OK, "%s",
	    error.text);
}
END_TEST

static void
refused(const struct eh_selftest *altered, const char *name)
{
	struct eh_error error;

	eh_error_clear(&error);
	ck_assert_int_eq(eh_selftest_run(altered, &error), EH_ERR_CRYPTO);
	ck_assert_msg(strstr(error.text, name) != NULL, "%s", error.text);
}

START_TEST(an_answer_that_is_off_by_one_bit_is_named)
{
	struct eh_selftest altered;

	altered = eh_selftest_answers;
	altered.sha256[31] ^= 1;
	refused(&altered, "SHA-256");
	altered = eh_selftest_answers;
	altered.hmac[0] ^= 0x80;
	refused(&altered, "HMAC-SHA256");
	altered = eh_selftest_answers;
	altered.hkdf[5] ^= 1;
	refused(&altered, "HKDF-SHA256");
	altered = eh_selftest_answers;
	altered.aes_ctr[7] ^= 1;
	refused(&altered, "AES-256-CTR");
	altered = eh_selftest_answers;
	altered.signature[63] ^= 1;
	refused(&altered, "ECDSA P-256");
	altered = eh_selftest_answers;
	altered.ed25519[0] ^= 1;
	refused(&altered, "Ed25519");
	altered = eh_selftest_answers;
	altered.sha1[19] ^= 1;
	refused(&altered, "SHA-1");
}
END_TEST

START_TEST(scrypt_is_tested_by_itself)
{
	struct eh_selftest altered = eh_selftest_answers;
	struct eh_error error;

	eh_error_clear(&error);
	ck_assert_int_eq(
	    eh_selftest_pin(&eh_selftest_answers, &error), EH_OK);
	altered.scrypt[0] ^= 1;
	ck_assert_int_eq(eh_selftest_run(&altered, &error), EH_OK);
	ck_assert_int_eq(eh_selftest_pin(&altered, &error), EH_ERR_CRYPTO);
	ck_assert_msg(strstr(error.text, "scrypt") != NULL, "%s", error.text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("selftest");
	TCase *c = tcase_create("selftest");

	tcase_add_test(c, the_library_gives_the_known_answers);
	tcase_add_test(c, an_answer_that_is_off_by_one_bit_is_named);
	tcase_add_test(c, scrypt_is_tested_by_itself);
	suite_add_tcase(s, c);
	return unit_run(s);
}
