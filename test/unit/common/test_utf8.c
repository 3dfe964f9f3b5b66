/* SPDX-License-Identifier: Apache-2.0 */
/* test_utf8.c - well-formed characters. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "test/unit/unit.h"

/* clang-format off */
static const struct {
	const char *bytes;
	size_t len;
} good[] = {
	{ "a", 1 }, { "\177", 1 }, { "\302\200", 2 }, { "\337\277", 2 },
	{ "\340\240\200", 3 }, { "\355\237\277", 3 }, { "\356\200\200", 3 },
	{ "\357\277\277", 3 }, { "\360\220\200\200", 4 },
	{ "\364\217\277\277", 4 },
};

static const char *const bad[] = {
	"\200", "\277", "\300\200", "\301\277",		/* too long a form */
	"\302", "\302a", "\340\237\277", "\340\240", "\340\240a",
	"\355\240\200",					/* a surrogate */
	"\360\217\277\277", "\360\220\200", "\360\220\200a",
	"\364\220\200\200",				/* above U+10FFFF */
	"\365\200\200\200", "\377",
};
/* clang-format on */

START_TEST(well_formed_characters_have_a_length)
{
	char more[8];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_uint_eq(
		    eh_utf8_next(good[i].bytes, good[i].len), good[i].len);
		snprintf(more, sizeof(more), "%sx", good[i].bytes);
		ck_assert_uint_eq(
		    eh_utf8_next(more, good[i].len + 1), good[i].len);
		ck_assert_uint_eq(
		    eh_utf8_next(good[i].bytes, good[i].len - 1), 0);
	}
	ck_assert_uint_eq(eh_utf8_next("", 1), 1);	/* U+0000 */
}
END_TEST

START_TEST(other_bytes_are_no_character)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(eh_utf8_next(bad[i], strlen(bad[i])) == 0,
		    "number %zu", i);
}
END_TEST

START_TEST(controls_are_what_terminals_obey)
{
	ck_assert(eh_utf8_is_control("", 1));
	ck_assert(eh_utf8_is_control("\037", 1));
	ck_assert(eh_utf8_is_control("\177", 1));
	ck_assert(eh_utf8_is_control("\302\200", 2));
	ck_assert(eh_utf8_is_control("\302\237", 2));
	ck_assert(!eh_utf8_is_control(" ", 1));
	ck_assert(!eh_utf8_is_control("~", 1));
	ck_assert(!eh_utf8_is_control("\302\240", 2));
	ck_assert(!eh_utf8_is_control("\303\200", 2));
	ck_assert(!eh_utf8_is_control("\342\202\200", 3));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("utf8");
	TCase *t = tcase_create("utf8");

	tcase_add_test(t, well_formed_characters_have_a_length);
	tcase_add_test(t, other_bytes_are_no_character);
	tcase_add_test(t, controls_are_what_terminals_obey);
	suite_add_tcase(s, t);
	return unit_run(s);
}
