/* SPDX-License-Identifier: Apache-2.0 */
/* test_report.c - errors are collected, put in order and counted. */
#include "config.h"

#include <string.h>

#include "test/unit/orchestrator/conf/said.h"
#include "test/unit/unit.h"

static struct eh_report report;

static void
empty(void)
{
	eh_report_init(&report);
}

START_TEST(no_error_is_a_good_result)
{
	struct eh_error e;

	eh_error_clear(&e);
	ck_assert_int_eq(eh_report_result(&report, &e), EH_OK);
	said(&report, "");
}
END_TEST

START_TEST(entries_come_in_the_order_of_their_places)
{
	eh_report_place(&report, EH_SEVERITY_ERROR, "b.yaml", 2, 1, "third");
	eh_report_place(&report, EH_SEVERITY_ERROR, "a.yaml", 10, 1, "second");
	eh_report_place(&report, EH_SEVERITY_ERROR, "a.yaml", 9, 7, "first");
	eh_report_place(&report, EH_SEVERITY_ERROR, "", 0, 0, "no place");
	ck_assert_uint_eq(report.errors, 4);
	ck_assert_str_eq(eh_report_get(&report, 1)->text, "first");
	ck_assert_ptr_null(eh_report_get(&report, 4));
	said(&report, "error: no place\n"
		      "a.yaml:9:7: error: first\n"
		      "a.yaml:10:1: error: second\n"
		      "b.yaml:2:1: error: third\n");
}
END_TEST

START_TEST(result_shows_the_first_and_counts_the_others)
{
	struct eh_error e;

	eh_error_clear(&e);
	eh_report_place(&report, EH_SEVERITY_ERROR, "a", 3, 1, "later");
	ck_assert_int_eq(eh_report_result(&report, &e), EH_ERR_CONFIG);
	ck_assert_str_eq(e.text, "a:3:1: error: later");
	eh_report_place(&report, EH_SEVERITY_WARNING, "a", 1, 1, "mind");
	eh_report_place(&report, EH_SEVERITY_ERROR, "a", 2, 1, "earlier");
	ck_assert_int_eq(eh_report_result(&report, &e), EH_ERR_CONFIG);
	ck_assert_str_eq(e.text, "a:2:1: error: earlier (and 1 more)");
	eh_report_wipe(&report);
}
END_TEST

START_TEST(warning_is_shown_but_is_no_failure)
{
	eh_report_place(&report, EH_SEVERITY_WARNING, "a", 1, 2, "mind");
	ck_assert_int_eq(eh_report_result(&report, NULL), EH_OK);
	ck_assert_uint_eq(report.warnings, 1);
	said(&report, "a:1:2: warning: mind\n");
}
END_TEST

START_TEST(control_characters_never_reach_a_terminal)
{
	eh_report_place(&report, EH_SEVERITY_ERROR, "a\033[2J", 1, 1,
	    "\033]0;x\007 and \xc2\x9b and \xc3\xa4");
	said(&report, "a?[2J:1:1: error: ?]0;x? and ?? and \xc3\xa4\n");
}
END_TEST

START_TEST(what_is_too_much_is_counted_but_not_kept)
{
	const struct eh_report_entry *last;

	for (unsigned i = 1; i <= EH_REPORT_MAX + 5; i++)
		eh_report_place(
		    &report, EH_SEVERITY_ERROR, "a", i, 1, "number %u", i);
	ck_assert_uint_eq(report.count, EH_REPORT_MAX);
	ck_assert_uint_eq(report.errors, EH_REPORT_MAX + 5);
	last = eh_report_get(&report, EH_REPORT_MAX - 1);
	ck_assert_str_eq(last->text, "number 1000");
	eh_report_wipe(&report);
	ck_assert_uint_eq(report.errors, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("report");
	TCase *t = tcase_create("report");

	tcase_add_checked_fixture(t, empty, NULL);
	tcase_add_test(t, no_error_is_a_good_result);
	tcase_add_test(t, entries_come_in_the_order_of_their_places);
	tcase_add_test(t, result_shows_the_first_and_counts_the_others);
	tcase_add_test(t, warning_is_shown_but_is_no_failure);
	tcase_add_test(t, control_characters_never_reach_a_terminal);
	tcase_add_test(t, what_is_too_much_is_counted_but_not_kept);
	suite_add_tcase(s, t);
	return unit_run(s);
}
