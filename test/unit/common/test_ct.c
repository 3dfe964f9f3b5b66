/* SPDX-License-Identifier: Apache-2.0 */
/* test_ct.c - the answers are right for every place and every bit. */
#include "config.h"

#include <string.h>

#include "common/ct.h"
#include "test/unit/unit.h"

START_TEST(one_bit_anywhere_makes_a_difference)
{
	uint8_t a[32], b[32];

	memset(a, 0xa5, sizeof(a));
	memcpy(b, a, sizeof(b));
	ck_assert_int_eq(eh_ct_equal(a, b, sizeof(a)), 1);
	for (size_t i = 0; i < 8 * sizeof(a); i++) {
		b[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_eq(eh_ct_equal(a, b, sizeof(a)), 0);
		ck_assert_int_eq(eh_ct_equal(b, a, sizeof(a)), 0);
		b[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}
END_TEST

START_TEST(only_the_given_length_counts)
{
	ck_assert_int_eq(eh_ct_equal("abcX", "abcY", 3), 1);
	ck_assert_int_eq(eh_ct_equal("abcX", "abcY", 4), 0);
	ck_assert_int_eq(eh_ct_equal(NULL, NULL, 0), 1);
}
END_TEST

START_TEST(zero_is_all_bits_zero)
{
	uint8_t a[16] = { 0 };

	ck_assert_int_eq(eh_ct_zero(a, sizeof(a)), 1);
	for (size_t i = 0; i < 8 * sizeof(a); i++) {
		a[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_eq(eh_ct_zero(a, sizeof(a)), 0);
		a[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ct");
	TCase *t = tcase_create("ct");

	tcase_add_test(t, one_bit_anywhere_makes_a_difference);
	tcase_add_test(t, only_the_given_length_counts);
	tcase_add_test(t, zero_is_all_bits_zero);
	suite_add_tcase(s, t);
	return unit_run(s);
}
