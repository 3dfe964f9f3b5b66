/* SPDX-License-Identifier: Apache-2.0 */
/* test_report.c - unit report. */
#include "config.h"

#include <string.h>

#include "common/message/report.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(unit_report)

static struct eh_unit_report r;

static void
golden(void)
{
	uint8_t bytes[512];
	size_t len = unit_hex(GOLDEN_REPORT, bytes, sizeof(bytes));

	ck_assert_int_eq(eh_unit_report_decode(bytes, len, &r, NULL), EH_OK);
}

static int
judge(void)
{
	struct eh_unit_report again;
	uint8_t out[8192];
	struct eh_writer w;
	size_t len;

	eh_writer_init(&w, out, sizeof(out));
	eh_unit_report_encode(&r, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	return eh_unit_report_decode(out, len, &again, NULL);
}

START_TEST(golden_sample_means_what_it_says)
{
	golden();
	ck_assert_uint_eq(r.outcome, EH_OUTCOME_SCRAPPED);
	ck_assert_uint_eq(r.nplaces, 2);
	ck_assert_str_eq(r.places[1].name, "keys/0");
	ck_assert(r.has_lock);
	ck_assert_uint_eq(r.lock, EH_LOCK_LOCKED);
	ck_assert_uint_eq(r.chip_receipt_len, 3);
	ck_assert_str_eq(r.station, "st07");
	ck_assert_str_eq(r.person, "op 12");
	ck_assert_str_eq(r.label, "SN00000042");
	ck_assert_str_eq(r.reason, "cracked housing");
}
END_TEST

START_TEST(damaged_bytes_are_never_read_in_two_ways)
{
	struct strict_format f = strict_unit_report();
	uint8_t bytes[512];

	strict_check(&f, bytes, unit_hex(GOLDEN_REPORT, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(only_the_outcome_is_mandatory)
{
	struct strict_format f = strict_unit_report();

	strict_refuses(&f, "a10101", EH_OK);
	strict_refuses(&f, "a0", EH_ERR_FORMAT);
	strict_refuses(&f, "a10100", EH_ERR_FORMAT);
	strict_refuses(&f, "a10103", EH_ERR_FORMAT);
	strict_refuses(&f, "a201010900", EH_ERR_FORMAT);
	strict_refuses(&f, "a201010305", EH_ERR_FORMAT);
	strict_refuses(&f, "a201010440", EH_ERR_FORMAT);
	strict_refuses(&f, "a201010660", EH_ERR_FORMAT);
}
END_TEST

START_TEST(places_are_sorted_by_name)
{
	golden();
	r.places[1] = r.places[0];
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
	strcpy(r.places[1].name, "certs/00");
	ck_assert_int_eq(judge(), EH_OK);
	strcpy(r.places[1].name, "certs/");
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
	strcpy(r.places[1].name, "not a name");
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("report");
	TCase *t = tcase_create("report");

	tcase_add_test(t, golden_sample_means_what_it_says);
	tcase_add_test(t, damaged_bytes_are_never_read_in_two_ways);
	tcase_add_test(t, only_the_outcome_is_mandatory);
	tcase_add_test(t, places_are_sorted_by_name);
	suite_add_tcase(s, t);
	return unit_run(s);
}
