/* SPDX-License-Identifier: Apache-2.0 */
/* test_err.c - error numbers, their texts, and the sentence beside them. */
#include "config.h"

#include <string.h>

#include "common/err.h"
#include "test/unit/unit.h"

START_TEST(every_number_has_a_text_of_its_own)
{
#define EH_ERR_EACH(name, number, text)                                        \
	ck_assert_str_eq(eh_err_text(number), text);                           \
	ck_assert_str_eq(eh_err_name(number), #name);
	EH_ERRORS(EH_ERR_EACH)
#undef EH_ERR_EACH
	ck_assert_str_eq(eh_err_text(-9999), "unknown error");
}
END_TEST

START_TEST(denials_are_told_from_errors)
{
	ck_assert(eh_err_is_denial(EH_DENIED_QUOTA));
	ck_assert(eh_err_is_denial(EH_DENIED_KEY));
	ck_assert(!eh_err_is_denial(EH_ERR_INTERNAL));
	ck_assert(!eh_err_is_denial(EH_OK));
}
END_TEST

START_TEST(sentence_carries_the_numbers)
{
	struct eh_error e;

	eh_error_clear(&e);
	ck_assert_str_eq(eh_error_sentence(&e), "success");
	ck_assert_int_eq(eh_error_set(&e, EH_DENIED_QUOTA, "%d used", 10),
	    EH_DENIED_QUOTA);
	ck_assert_str_eq(eh_error_sentence(&e), "10 used");
	ck_assert_int_eq(eh_error_set(NULL, EH_ERR_FORMAT, "x"), EH_ERR_FORMAT);
}
END_TEST

START_TEST(sentence_is_cut_and_has_no_control_characters)
{
	struct eh_error e;
	char big[2 * EH_ERROR_TEXT];

	memset(big, '\033', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	eh_error_set(&e, EH_ERR_FORMAT, "%s", big);
	ck_assert_uint_eq(strlen(e.text), EH_ERROR_TEXT - 1);
	ck_assert_ptr_null(strchr(e.text, '\033'));
	/* It becomes JSON, too: what is no UTF-8 goes, also where it was cut. */
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big + EH_ERROR_TEXT - 3, "\xe2\x82\xac", 3);
	eh_error_set(&e, EH_ERR_FORMAT, "%s", big);
	ck_assert_str_eq(e.text + EH_ERROR_TEXT - 4, "x??");
}
END_TEST

/* Terminals obey U+0080 to U+009F too: U+009B begins what ESC [ begins. */
START_TEST(sentence_has_nothing_that_a_terminal_obeys)
{
	struct eh_error e;

	eh_error_set(&e, EH_ERR_FORMAT, "%s", "a\302\2332Jb \233c d\303\251");
	ck_assert_str_eq(e.text, "a??2Jb ?c d\303\251");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("err");
	TCase *t = tcase_create("err");

	tcase_add_test(t, every_number_has_a_text_of_its_own);
	tcase_add_test(t, denials_are_told_from_errors);
	tcase_add_test(t, sentence_carries_the_numbers);
	tcase_add_test(t, sentence_is_cut_and_has_no_control_characters);
	tcase_add_test(t, sentence_has_nothing_that_a_terminal_obeys);
	suite_add_tcase(s, t);
	return unit_run(s);
}
