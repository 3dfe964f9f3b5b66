/* SPDX-License-Identifier: Apache-2.0 */
/* test_pattern.c - patterns have one length. */
#include "config.h"

#include <string.h>

#include "common/x509/pattern.h"
#include "test/unit/unit.h"

static int
check(const char *pattern, const char *value, size_t *atp)
{
	struct eh_pattern p;
	struct eh_error e;

	ck_assert_msg(eh_pattern_parse(&p, pattern, &e) == EH_OK, "%s", e.text);
	return eh_pattern_check(
	    &p, (const uint8_t *)value, strlen(value), atp);
}

START_TEST(serial_number_fits_its_pattern)
{
	size_t at;

	ck_assert_int_eq(check("SN[0-9]{8}", "SN00000042", &at), EH_OK);
	ck_assert_int_eq(
	    check("SN[0-9]{8}", "SN0000004x", &at), EH_ERR_FORMAT);
	ck_assert_uint_eq(at, 9);
	ck_assert_int_eq(
	    check("SN[0-9]{8}", "sN00000042", &at), EH_ERR_FORMAT);
	ck_assert_uint_eq(at, 0);
	ck_assert_int_eq(check("SN[0-9]{8}", "SN0000042", &at), EH_ERR_FORMAT);
	ck_assert_uint_eq(at, 10);
	ck_assert_int_eq(
	    check("SN[0-9]{8}", "SN000000420", NULL), EH_ERR_FORMAT);
}
END_TEST

/* Every class against every octet. */
START_TEST(classes_hold_what_they_say)
{
	static const char upper[] = "0123456789ABCDEF";
	static const char lower[] = "0123456789abcdef";
	static const char printable[] = "0123456789"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		" '()+,-./:=?";

	for (unsigned c = 0; c < 256; c++) {
		const uint8_t o = (uint8_t)c;
		const int digit = c >= '0' && c <= '9';

		ck_assert_int_eq(eh_charset_has(EH_CHARSET_OCTET, o), 1);
		ck_assert_int_eq(eh_charset_has(EH_CHARSET_DIGIT, o), digit);
		ck_assert_int_eq(eh_charset_has(EH_CHARSET_UPPER_HEX, o),
		    c != 0 && strchr(upper, (int)c) != NULL);
		ck_assert_int_eq(eh_charset_has(EH_CHARSET_LOWER_HEX, o),
		    c != 0 && strchr(lower, (int)c) != NULL);
		ck_assert_int_eq(eh_charset_has(EH_CHARSET_ALNUM, o),
		    digit || (c >= 'A' && c <= 'Z'));
		ck_assert_int_eq(eh_charset_has(EH_CHARSET_PRINTABLE, o),
		    c != 0 && strchr(printable, (int)c) != NULL);
		ck_assert_int_eq(eh_charset_has(EH_CHARSET_ASCII, o),
		    c >= 0x20 && c < 0x7f);
		ck_assert_int_eq(eh_charset_has(0, o), 0);
		ck_assert_int_eq(eh_charset_has(EH_CHARSET_MAX + 1, o), 0);
	}
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	unsigned runs;
	size_t len;
} good[] = {
	{ "SN[0-9]{8}", 2, 10 },
	{ "[0-9A-F]{16}", 1, 16 },
	{ "[0-9a-f]{2}:[0-9a-f]{2}", 3, 5 },
	{ "A", 1, 1 },
	{ "[0-9]", 1, 1 },
	{ "[0-9A-Z]{64}", 1, 64 },
	{ "[:printablestring:]{3}[:ascii:][:octet:]{4}", 3, 8 },
	{ "a-b.c,d e", 1, 9 },
	{ "[0-9]A[0-9]A[0-9]A[0-9]A", 8, 8 },
	{ "12345678901234567890123456789012", 1, 32 },
};

static const struct {
	const char *text, *say;
} bad[] = {
	{ "", "empty" },
	{ "SN[0-9]{1,8}", "pad" },
	{ "SN[0-9]+", "pad" },
	{ "SN[0-9]*", "pad" },
	{ "A|B", "pad" },
	{ "A?", "pad" },
	{ "SN[0-9]{8,}", "pad" },
	{ "[0-9]{0}", "{1} to {64}" },
	{ "[0-9]{65}", "{1} to {64}" },
	{ "[0-9]{08}", "{1} to {64}" },
	{ "[0-9]{", "{1} to {64}" },
	{ "[0-9]{}", "{1} to {64}" },
	{ "[0-9]{8", "{1} to {64}" },
	{ "[0-9]{999999999999999999999}", "{1} to {64}" },
	{ "0{8}", "behind a class" },
	{ "[0-8]", "classes are" },
	{ "[a-z]", "classes are" },
	{ "[:digit:]", "classes are" },
	{ "[", "classes are" },
	{ "A]", "neither" },
	{ "(A)", "neither" },
	{ "A\\d", "neither" },
	{ "A\tB", "neither" },
	{ "\xc3\xa4", "neither" },
	{ "[0-9]A[0-9]A[0-9]A[0-9]A[0-9]", "more than 8" },
	{ "123456789012345678901234567890123", "at most 32" },
};
/* clang-format on */

START_TEST(texts_are_parsed_and_formatted_back)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct eh_pattern p;
		struct eh_error e;
		char text[EH_PATTERN_TEXT];

		ck_assert_msg(eh_pattern_parse(&p, good[i].text, &e) == EH_OK,
		    "%s: %s", good[i].text, e.text);
		ck_assert_uint_eq(p.runs, good[i].runs);
		ck_assert_uint_eq(eh_pattern_length(&p), good[i].len);
		eh_pattern_format(&p, text, sizeof(text));
		ck_assert_str_eq(text, good[i].text);
	}
}
END_TEST

START_TEST(what_has_no_single_length_is_refused_in_words)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct eh_pattern p;
		struct eh_error e;

		eh_error_clear(&e);
		ck_assert_msg(
		    eh_pattern_parse(&p, bad[i].text, &e) == EH_ERR_CONFIG,
		    "'%s'", bad[i].text);
		ck_assert_msg(strstr(e.text, bad[i].say) != NULL,
		    "'%s' says: %s", bad[i].text, e.text);
		ck_assert_uint_eq(p.runs, 0);
	}
}
END_TEST

START_TEST(longest_text_fits_and_a_short_one_is_cut)
{
	static const uint8_t all[32] = "................................";
	struct eh_pattern p = { .runs = EH_PATTERN_RUNS };
	char text[EH_PATTERN_TEXT];

	for (unsigned i = 0; i < EH_PATTERN_RUNS; i++) {
		p.run[i].charset = EH_CHARSET_PRINTABLE;
		p.run[i].count = EH_PATTERN_COUNT;
	}
	eh_pattern_format(&p, text, sizeof(text));
	ck_assert_uint_eq(strlen(text), 8 * strlen("[:printablestring:]{64}"));
	eh_pattern_format(&p, text, 5);
	ck_assert_str_eq(text, "[:pr");
	p.runs = 1;
	p.run[0].constant = all;
	p.run[0].count = 32;
	eh_pattern_format(&p, text, 8);
	ck_assert_str_eq(text, ".......");
}
END_TEST

START_TEST(range_has_both_ends_included)
{
	const uint8_t *lo = (const uint8_t *)"SN10", *hi =
	    (const uint8_t *)"SN19";

	ck_assert_int_eq(
	    eh_range_check(lo, hi, (const uint8_t *)"SN10", 4), EH_OK);
	ck_assert_int_eq(
	    eh_range_check(lo, hi, (const uint8_t *)"SN19", 4), EH_OK);
	ck_assert_int_eq(
	    eh_range_check(lo, hi, (const uint8_t *)"SN09", 4), EH_ERR_FORMAT);
	ck_assert_int_eq(
	    eh_range_check(lo, hi, (const uint8_t *)"SN20", 4), EH_ERR_FORMAT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pattern");
	TCase *t = tcase_create("pattern");

	tcase_add_test(t, serial_number_fits_its_pattern);
	tcase_add_test(t, classes_hold_what_they_say);
	tcase_add_test(t, texts_are_parsed_and_formatted_back);
	tcase_add_test(t, what_has_no_single_length_is_refused_in_words);
	tcase_add_test(t, longest_text_fits_and_a_short_one_is_cut);
	tcase_add_test(t, range_has_both_ends_included);
	suite_add_tcase(s, t);
	return unit_run(s);
}
