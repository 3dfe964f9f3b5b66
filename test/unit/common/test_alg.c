/* SPDX-License-Identifier: Apache-2.0 */
/* test_alg.c - signature algorithms by their COSE numbers. */
#include "config.h"

#include "common/crypto/alg.h"
#include "test/unit/unit.h"

START_TEST(algorithms_of_this_version_later_ones_and_unknown_ones)
{
	ck_assert_int_eq(eh_alg_check(EH_ALG_ES256), EH_OK);
	ck_assert_int_eq(eh_alg_check(EH_ALG_ESP256), EH_OK);
	ck_assert_int_eq(eh_alg_check(EH_ALG_EDDSA), EH_OK);
	ck_assert_int_eq(eh_alg_check(EH_ALG_ED25519), EH_OK);
	ck_assert_int_eq(eh_alg_check(-35), EH_ERR_UNSUPPORTED);
	ck_assert_int_eq(eh_alg_check(-49), EH_ERR_UNSUPPORTED);
	ck_assert_int_eq(eh_alg_check(0), EH_ERR_FORMAT);
	ck_assert_int_eq(eh_alg_check(7), EH_ERR_FORMAT);
	ck_assert_int_eq(eh_alg_check(-257), EH_ERR_FORMAT);
	ck_assert_str_eq(eh_alg_name(EH_ALG_ES256), "ES256");
	ck_assert_str_eq(eh_alg_name(-49), "ML-DSA-65");
	ck_assert_str_eq(eh_alg_name(0), "unknown algorithm");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("alg");
	TCase *t = tcase_create("alg");

	tcase_add_test(
	    t, algorithms_of_this_version_later_ones_and_unknown_ones);
	suite_add_tcase(s, t);
	return unit_run(s);
}
