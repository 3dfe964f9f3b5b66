/* SPDX-License-Identifier: Apache-2.0 */
/* test_time.c - time attestation. */
#include "config.h"

#include <string.h>

#include "common/message/time.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(time_attestation)

static struct eh_time_attestation a;

static void
golden(void)
{
	uint8_t bytes[128];
	size_t len = unit_hex(GOLDEN_TIME, bytes, sizeof(bytes));

	ck_assert_int_eq(
	    eh_time_attestation_decode(bytes, len, &a, NULL), EH_OK);
}

static int
judge(void)
{
	struct eh_time_attestation again;
	uint8_t out[256];
	struct eh_writer w;
	size_t len;
	int err;

	eh_writer_init(&w, out, sizeof(out));
	eh_time_attestation_encode(&a, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	err = eh_time_attestation_decode(out, len, &again, NULL);
	if (err == EH_OK)
		ck_assert_mem_eq(&again, &a, sizeof(a));
	return err;
}

START_TEST(golden_sample_means_what_it_says)
{
	golden();
	ck_assert_str_eq(a.from.iss, "oem.example");
	ck_assert_uint_eq(a.from.iat, 1795176060);
	ck_assert(a.has_nonce);
	ck_assert_uint_eq(a.nonce[15], 15);
	ck_assert_uint_eq(a.tseq, 9);
	ck_assert_uint_eq(a.uncertainty, 1);
	ck_assert_uint_eq(a.in_force.epoch, 1);
	ck_assert_uint_eq(a.in_force.rseq, 0);
}
END_TEST

START_TEST(damaged_payload_is_never_read_in_two_ways)
{
	struct strict_format f = strict_time_attestation();
	uint8_t bytes[128];

	strict_check(&f, bytes, unit_hex(GOLDEN_TIME, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(beacon_has_no_nonce)
{
	golden();
	a.has_nonce = 0;
	memset(a.nonce, 0, sizeof(a.nonce));
	ck_assert_int_eq(judge(), EH_OK);
}
END_TEST

START_TEST(uncertainty_is_at_most_an_hour)
{
	golden();
	a.uncertainty = 3600;
	ck_assert_int_eq(judge(), EH_OK);
	a.uncertainty = 3601;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
}
END_TEST

START_TEST(time_ends_with_the_year_9999)
{
	golden();
	a.from.iat = EH_TIME_MAX;
	ck_assert_int_eq(judge(), EH_OK);
	a.from.iat++;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("time");
	TCase *t = tcase_create("time");

	tcase_add_test(t, golden_sample_means_what_it_says);
	tcase_add_test(t, damaged_payload_is_never_read_in_two_ways);
	tcase_add_test(t, beacon_has_no_nonce);
	tcase_add_test(t, uncertainty_is_at_most_an_hour);
	tcase_add_test(t, time_ends_with_the_year_9999);
	suite_add_tcase(s, t);
	return unit_run(s);
}
