/* SPDX-License-Identifier: Apache-2.0 */
/* test_wipe.c - zero, and only what was meant. */
#include "config.h"

#include <string.h>

#include "common/wipe.h"
#include "test/unit/unit.h"

START_TEST(bytes_become_zero_and_their_neighbours_stay)
{
	uint8_t b[8];

	memset(b, 0xee, sizeof(b));
	eh_wipe(b + 1, 6);
	ck_assert_mem_eq(b, "\xee\0\0\0\0\0\0\xee", 8);
}
END_TEST

START_TEST(nothing_may_be_null)
{
	uint8_t b = 0xee;

	eh_wipe(NULL, 0);
	eh_wipe(&b, 0);
	ck_assert_uint_eq(b, 0xee);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("wipe");
	TCase *t = tcase_create("wipe");

	tcase_add_test(t, bytes_become_zero_and_their_neighbours_stay);
	tcase_add_test(t, nothing_may_be_null);
	suite_add_tcase(s, t);
	return unit_run(s);
}
