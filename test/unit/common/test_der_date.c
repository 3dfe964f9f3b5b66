/* SPDX-License-Identifier: Apache-2.0 */
/* test_der_date.c - a time has exactly one form. */
#include "config.h"

#include <string.h>
#include <time.h>

#include "common/der/date.h"
#include "test/unit/unit.h"

static int
decode(const char *text, uint64_t *secondsp)
{
	return eh_date_decode((const uint8_t *)text, strlen(text), secondsp);
}

/* clang-format off */
static const struct {
	const char *text;
	uint64_t seconds;
} both[] = {
	{ "700101000000Z", 0 },
	{ "991231235959Z", 946684799 },
	{ "000101000000Z", 946684800 },
	{ "000229120000Z", 951825600 },
	{ "261201020000Z", 1796090400 },
	{ "491231235959Z", 2524607999 },
	{ "20500101000000Z", 2524608000 },
	{ "21000301000000Z", 4107542400 },
	{ "99991231235959Z", EH_DATE_MAX },
};

static const char *const none[] = {
	"", "Z", "2612010200000", "261201020000z", "26120102000Z",
	"2612010200000Z", "261301020000Z", "260001020000Z", "261200020000Z",
	"261232020000Z", "250229000000Z", "21000229000000Z", "261201240000Z",
	"261201026000Z", "261201020060Z", "2 1201020000Z", "26120102000-Z",
	"500101000000Z",		/* 1950 */
	"691231235959Z",		/* 1969 */
	"20491231235959Z",		/* must be UTCTime */
	"19700101000000Z",
};
/* clang-format on */

START_TEST(text_and_seconds_agree)
{
	uint8_t text[EH_DATE_GENERALIZED];
	uint64_t seconds;

	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		const size_t len = strlen(both[i].text);

		ck_assert_int_eq(decode(both[i].text, &seconds), EH_OK);
		ck_assert_uint_eq(seconds, both[i].seconds);
		ck_assert_uint_eq(eh_date_length(both[i].seconds), len);
		ck_assert_int_eq(
		    eh_date_encode(both[i].seconds, text, len), EH_OK);
		ck_assert_mem_eq(text, both[i].text, len);
	}
}
END_TEST

START_TEST(every_day_agrees_with_the_c_library)
{
	uint8_t text[EH_DATE_GENERALIZED];
	uint64_t seconds;
	char want[32];

	/* A prime number of days, so that all months and leap years are met. */
	for (uint64_t at = 0; at < EH_DATE_MAX; at += 97 * 86400 + 3661) {
		const size_t len = eh_date_length(at);
		const time_t t = (time_t)at;
		struct tm tm;

		ck_assert_ptr_nonnull(gmtime_r(&t, &tm));
		strftime(want, sizeof(want),
		    len == EH_DATE_UTC ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ",
		    &tm);
		ck_assert_int_eq(eh_date_encode(at, text, len), EH_OK);
		ck_assert_mem_eq(text, want, len);
		ck_assert_int_eq(eh_date_decode(text, len, &seconds), EH_OK);
		ck_assert_uint_eq(seconds, at);
	}
}
END_TEST

START_TEST(other_text_is_refused)
{
	uint64_t seconds = 1;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		ck_assert_msg(decode(none[i], &seconds) == EH_ERR_FORMAT,
		    "'%s'", none[i]);
		ck_assert_uint_eq(seconds, 0);
	}
}
END_TEST

START_TEST(time_has_no_second_form)
{
	uint8_t text[EH_DATE_GENERALIZED];

	ck_assert_int_eq(
	    eh_date_encode(2524608000, text, EH_DATE_UTC), EH_ERR_FORMAT);
	ck_assert_int_eq(eh_date_encode(2524607999, text, EH_DATE_GENERALIZED),
	    EH_ERR_FORMAT);
	ck_assert_int_eq(
	    eh_date_encode(EH_DATE_MAX + 1, text, EH_DATE_GENERALIZED),
	    EH_ERR_FORMAT);
}
END_TEST

START_TEST(what_others_wrote_is_read)
{
	uint64_t seconds;

	ck_assert_int_eq(eh_date_read((const uint8_t *)"20210628142343Z", 15,
			     &seconds), EH_OK);
	ck_assert_uint_eq(seconds, 1624890223);
	ck_assert_int_eq(eh_date_read((const uint8_t *)"19690628142343Z", 15,
			     &seconds), EH_ERR_FORMAT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("date");
	TCase *t = tcase_create("date");

	tcase_add_test(t, text_and_seconds_agree);
	tcase_add_test(t, every_day_agrees_with_the_c_library);
	tcase_add_test(t, other_text_is_refused);
	tcase_add_test(t, time_has_no_second_form);
	tcase_add_test(t, what_others_wrote_is_read);
	suite_add_tcase(s, t);
	return unit_run(s);
}
