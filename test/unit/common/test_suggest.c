/* SPDX-License-Identifier: Apache-2.0 */
/* test_suggest.c - near words are found, far ones are not. */
#include "config.h"

#include <string.h>

#include "common/suggest.h"
#include "test/unit/unit.h"

static const char *const known[] = { "socket", "state", "anchor", "segment",
	"backend.module", "backend.pin-file" };
#define NKNOWN (sizeof(known) / sizeof(known[0]))

static const struct {
	const char *typed, *meant;
} near[] = {
	{ "socket", "socket" },
	{ "sokcet", "socket" },		/* swapped */
	{ "scket", "socket" },		/* left out */
	{ "sockett", "socket" },	/* too many */
	{ "sicket", "socket" },		/* changed */
	{ "stat", "state" },
	{ "backend.pinfile", "backend.pin-file" },
	{ "backend.modul", "backend.module" },
};

START_TEST(slip_is_understood)
{
	ck_assert_str_eq(
	    eh_suggest(near[_i].typed, known, NKNOWN), near[_i].meant);
}
END_TEST

static const char *const far[] = { "x", "", "colour", "backend", "tekcos" };

START_TEST(other_word_is_not_forced)
{
	ck_assert_ptr_null(eh_suggest(far[_i], known, NKNOWN));
}
END_TEST

START_TEST(first_of_equals_wins)
{
	static const char *const twins[] = { "abcx", "abcy" };

	ck_assert_str_eq(eh_suggest("abcz", twins, 2), "abcx");
}
END_TEST

START_TEST(long_word_is_like_nothing)
{
	char word[80];
	const char *words[] = { word };

	memset(word, 'a', sizeof(word));
	word[65] = '\0';
	ck_assert_ptr_null(eh_suggest(word, words, 1));
	ck_assert_ptr_null(eh_suggest("a", words, 1));
	word[64] = '\0';
	ck_assert_ptr_eq(eh_suggest(word, words, 1), word);
	ck_assert_ptr_null(eh_suggest("a", words, 0));
}
END_TEST

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *s = suite_create("suggest");
	TCase *t = tcase_create("suggest");

	tcase_add_loop_test(t, slip_is_understood, 0, N(near));
	tcase_add_loop_test(t, other_word_is_not_forced, 0, N(far));
	tcase_add_test(t, first_of_equals_wins);
	tcase_add_test(t, long_word_is_like_nothing);
	suite_add_tcase(s, t);
	return unit_run(s);
}
