/* SPDX-License-Identifier: Apache-2.0 */
/* test_random.c - bytes that nobody can guess; what can be seen of that. */
#include "config.h"

#include <limits.h>
#include <string.h>

#include "common/crypto/random.h"
#include "test/unit/unit.h"

START_TEST(two_draws_differ_and_fill_everything)
{
	uint8_t one[64], two[64], seen[64] = { 0 };

	ck_assert_int_eq(eh_random(one, sizeof(one)), EH_OK);
	ck_assert_int_eq(eh_random(two, sizeof(two)), EH_OK);
	ck_assert_mem_ne(one, two, sizeof(one));
	for (int draw = 0; draw < 16; draw++) {
		ck_assert_int_eq(eh_random(one, sizeof(one)), EH_OK);
		for (size_t i = 0; i < sizeof(one); i++)
			seen[i] |= one[i];
	}
	for (size_t i = 0; i < sizeof(seen); i++)
		ck_assert_uint_ne(seen[i], 0);
}
END_TEST

START_TEST(nothing_is_written_behind_the_end)
{
	uint8_t out[17];

	memset(out, 0xa5, sizeof(out));
	ck_assert_int_eq(eh_random(out, 16), EH_OK);
	ck_assert_uint_eq(out[16], 0xa5);
	ck_assert_int_eq(eh_random(out, 0), EH_OK);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("random");
	TCase *t = tcase_create("random");

	tcase_add_test(t, two_draws_differ_and_fill_everything);
	tcase_add_test(t, nothing_is_written_behind_the_end);
	suite_add_tcase(s, t);
	return unit_run(s);
}
