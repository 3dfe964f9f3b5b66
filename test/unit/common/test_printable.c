/* SPDX-License-Identifier: Apache-2.0 */
/* test_printable.c - texts of strangers. */
#include "config.h"

#include <stdio.h>

#include "common/printable.h"
#include "test/unit/unit.h"

static void
becomes(const char *from, const char *to)
{
	char text[64];

	snprintf(text, sizeof(text), "%s", from);
	eh_printable(text);
	ck_assert_str_eq(text, to);
}

START_TEST(text_that_people_can_read_stays)
{
	becomes("", "");
	becomes(" plain ~", " plain ~");
	becomes("M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x94\x91 \xc2\xa0",
	    "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x94\x91 \xc2\xa0");
	becomes("\xef\xbf\xbd\xf4\x8f\xbf\xbf", "\xef\xbf\xbd\xf4\x8f\xbf\xbf");
}
END_TEST

START_TEST(control_characters_are_shown_as_question_marks)
{
	becomes("\x1b[2J\r\n\t\x7f", "?[2J????");
	becomes("a\xc2\x9b" "b\xc2\x80", "a??b??");
}
END_TEST

START_TEST(what_is_no_utf8_is_shown_as_question_marks)
{
	becomes("\xff\xc0\x80\x80", "????");
	becomes("\xed\xa0\x80", "???");		/* a surrogate */
	becomes("\xe0\x80\xaf", "???");		/* a long slash */
	becomes("\xf4\x90\x80\x80", "????");	/* above 10ffff */
	/* Cut within a character. */
	becomes("x\xe2\x82", "x??");
	becomes("x\xf0", "x?");
	becomes("\xe2\x28\xa1", "?(?");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("printable");
	TCase *t = tcase_create("printable");

	tcase_add_test(t, text_that_people_can_read_stays);
	tcase_add_test(t, control_characters_are_shown_as_question_marks);
	tcase_add_test(t, what_is_no_utf8_is_shown_as_question_marks);
	suite_add_tcase(s, t);
	return unit_run(s);
}
