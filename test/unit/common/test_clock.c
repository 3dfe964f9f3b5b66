/* SPDX-License-Identifier: Apache-2.0 */
/* test_clock.c - every day from 1970 to 9999 has one text, and back. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "test/unit/unit.h"

static const struct {
	uint64_t time;
	const char *text;
} known[] = {
	{ 0, "1970-01-01T00:00:00Z" },
	{ 86399, "1970-01-01T23:59:59Z" },
	{ 951782400, "2000-02-29T00:00:00Z" },
	{ 951868800, "2000-03-01T00:00:00Z" },
	{ 1363896240, "2013-03-21T20:04:00Z" },
	{ 2147483647, "2038-01-19T03:14:07Z" },
	{ 2147483648, "2038-01-19T03:14:08Z" },
	{ 4107542399, "2100-02-28T23:59:59Z" },
	{ 4107542400, "2100-03-01T00:00:00Z" },
	{ 253402300799, "9999-12-31T23:59:59Z" },
};

START_TEST(known_times_agree)
{
	char text[EH_CLOCK_TEXT_SIZE];
	uint64_t t;

	ck_assert_int_eq(eh_clock_format(known[_i].time, text), EH_OK);
	ck_assert_str_eq(text, known[_i].text);
	ck_assert_int_eq(eh_clock_parse(text, strlen(text), &t), EH_OK);
	ck_assert_uint_eq(t, known[_i].time);
}
END_TEST

/* The calendar counted on by itself, day after day. */
START_TEST(every_day_follows_the_one_before)
{
	unsigned y = 1970, m = 1, d = 1, last;
	char text[EH_CLOCK_GENERALIZED_SIZE], want[32];
	uint64_t t, back;

	for (t = 43200; t <= EH_CLOCK_MAX; t += 86400) {
		snprintf(want, sizeof(want), "%04u%02u%02u120000Z", y, m, d);
		if (eh_clock_format_generalized(t, text) != EH_OK ||
		    strcmp(text, want) != 0 ||
		    eh_clock_parse_generalized(text, 15, &back) != EH_OK ||
		    back != t)
			ck_abort_msg("%s: %s", want, text);
		last = m == 2 ? 28 : m == 4 || m == 6 || m == 9 || m == 11 ?
		    30 : 31;
		if (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))
			last = 29;
		if (d++ == last) {
			d = 1;
			m = m % 12 + 1;
			y += m == 1;
		}
	}
	ck_assert_uint_eq(y, 10000);
}
END_TEST

START_TEST(later_than_the_last_second_has_no_text)
{
	char a[EH_CLOCK_TEXT_SIZE] = "x", b[EH_CLOCK_GENERALIZED_SIZE] = "x";
	char c[EH_CLOCK_UTCTIME_SIZE] = "x";

	ck_assert_int_eq(eh_clock_format(EH_CLOCK_MAX + 1, a),
	    EH_ERR_ARGUMENT);
	ck_assert_int_eq(eh_clock_format_generalized(UINT64_MAX, b),
	    EH_ERR_ARGUMENT);
	ck_assert_int_eq(eh_clock_format_utctime(EH_CLOCK_MAX + 1, c),
	    EH_ERR_ARGUMENT);
	ck_assert_str_eq(a, "");
	ck_assert_str_eq(b, "");
	ck_assert_str_eq(c, "");
}
END_TEST

START_TEST(utctime_ends_with_2049)
{
	char text[EH_CLOCK_UTCTIME_SIZE];
	uint64_t t;

	ck_assert_int_eq(eh_clock_format_utctime(0, text), EH_OK);
	ck_assert_str_eq(text, "700101000000Z");
	ck_assert_int_eq(eh_clock_format_utctime(2524607999, text), EH_OK);
	ck_assert_str_eq(text, "491231235959Z");
	ck_assert_int_eq(
	    eh_clock_format_utctime(2524608000, text), EH_ERR_ARGUMENT);
	ck_assert_int_eq(
	    eh_clock_parse_utctime("491231235959Z", 13, &t), EH_OK);
	ck_assert_uint_eq(t, 2524607999);
	ck_assert_int_eq(
	    eh_clock_parse_utctime("991231235959Z", 13, &t), EH_OK);
	ck_assert_uint_eq(t, 946684799);
	/* 1950 to 1969 are years of UTCTime, but not ours. */
	ck_assert_int_eq(
	    eh_clock_parse_utctime("500101000000Z", 13, &t), EH_ERR_FORMAT);
	ck_assert_int_eq(
	    eh_clock_parse_utctime("691231235959Z", 13, &t), EH_ERR_FORMAT);
	ck_assert_uint_eq(t, 0);
}
END_TEST

static const char *const bad[] = {
	"", "2026-12-01T02:00:00", "2026-12-01T02:00:00Z ",
	" 2026-12-01T02:00:00Z", "2026-12-01t02:00:00Z",
	"2026-12-01T02:00:00z", "2026-12-01 02:00:00Z",
	"2026/12/01T02:00:00Z", "2026-12-01T02.00.00Z",
	"2026-12-01T02:00:00+", "2026-12-01T02:00:60Z",
	"2026-12-01T02:60:00Z", "2026-12-01T24:00:00Z",
	"2026-12-00T00:00:00Z", "2026-12-32T00:00:00Z",
	"2026-11-31T00:00:00Z", "2026-02-29T00:00:00Z",
	"2100-02-29T00:00:00Z", "2026-00-01T00:00:00Z",
	"2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z",
	"0000-01-01T00:00:00Z", "2026-1a-01T00:00:00Z",
	"2026-+1-01T00:00:00Z", "20261201020000Z", "-026-12-01T02:00:00Z",
};

START_TEST(other_text_is_refused)
{
	uint64_t t = 7;

	ck_assert_int_eq(
	    eh_clock_parse(bad[_i], strlen(bad[_i]), &t), EH_ERR_FORMAT);
	ck_assert_uint_eq(t, 0);
}
END_TEST

static const char *const bad_asn1[] = { "", "2612010200Z", "261201020000",
	"261201020000+0000", "2612010200000", "261301020000Z",
	"20261201020000", "20261201020000.5Z", "2026120102000Z",
	"20261201020000z", "19691231235959Z" };

START_TEST(other_asn1_text_is_refused)
{
	uint64_t t = 7;
	size_t len = strlen(bad_asn1[_i]);

	ck_assert_int_eq(
	    eh_clock_parse_utctime(bad_asn1[_i], len, &t), EH_ERR_FORMAT);
	ck_assert_uint_eq(t, 0);
	ck_assert_int_eq(
	    eh_clock_parse_generalized(bad_asn1[_i], len, &t), EH_ERR_FORMAT);
	ck_assert_uint_eq(t, 0);
}
END_TEST

START_TEST(length_is_the_callers_word)
{
	uint64_t t;

	ck_assert_int_eq(eh_clock_parse_generalized(
	    "20261201020000Z and more", 15, &t), EH_OK);
	ck_assert_int_eq(eh_clock_parse_generalized(
	    "20261201020000Z", 14, &t), EH_ERR_FORMAT);
}
END_TEST

START_TEST(clocks_go_on)
{
	uint64_t wall = eh_clock_wall(), boot = eh_clock_boottime_ns();
	uint64_t mono = eh_clock_monotonic_ns();

	ck_assert_uint_gt(boot, 0);
	ck_assert_uint_gt(mono, 0);
	ck_assert_uint_ge(eh_clock_boottime_ns(), boot);
	ck_assert_uint_ge(eh_clock_monotonic_ns(), mono);
	ck_assert_uint_ge((uint64_t)time(NULL), wall);
	ck_assert_uint_le((uint64_t)time(NULL), wall + 60);
}
END_TEST

START_TEST(time_zone_changes_nothing)
{
	char text[EH_CLOCK_TEXT_SIZE];

	setenv("TZ", "Pacific/Kiritimati", 1);
	tzset();
	ck_assert_int_eq(eh_clock_format(0, text), EH_OK);
	ck_assert_str_eq(text, "1970-01-01T00:00:00Z");
}
END_TEST

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *s = suite_create("clock");
	TCase *t = tcase_create("clock");

	tcase_add_loop_test(t, known_times_agree, 0, N(known));
	tcase_add_test(t, every_day_follows_the_one_before);
	tcase_add_test(t, later_than_the_last_second_has_no_text);
	tcase_add_test(t, utctime_ends_with_2049);
	tcase_add_loop_test(t, other_text_is_refused, 0, N(bad));
	tcase_add_loop_test(t, other_asn1_text_is_refused, 0, N(bad_asn1));
	tcase_add_test(t, length_is_the_callers_word);
	tcase_add_test(t, clocks_go_on);
	tcase_add_test(t, time_zone_changes_nothing);
	suite_add_tcase(s, t);
	return unit_run(s);
}
