/* SPDX-License-Identifier: Apache-2.0 */
/* test_keyattest.c - key attestation. */
#include "config.h"

#include <string.h>

#include "common/message/keyattest.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(keyattest)

static struct eh_keyattest k;

static void
golden(void)
{
	uint8_t bytes[512];
	size_t len = unit_hex(GOLDEN_KEYATTEST, bytes, sizeof(bytes));

	ck_assert_int_eq(eh_keyattest_decode(bytes, len, &k, NULL), EH_OK);
}

static int
judge(void)
{
	struct eh_keyattest again;
	uint8_t out[512];
	struct eh_writer w;
	size_t len;
	int err;

	eh_writer_init(&w, out, sizeof(out));
	eh_keyattest_encode(&k, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	err = eh_keyattest_decode(out, len, &again, NULL);
	if (err == EH_OK)
		ck_assert_mem_eq(&again, &k, sizeof(k));
	return err;
}

START_TEST(golden_sample_means_what_it_says)
{
	golden();
	ck_assert_uint_eq(k.key.len, EH_P256_POINT_LEN);
	ck_assert_uint_eq(k.purpose, EH_PURPOSE_ISSUING);
	ck_assert_uint_eq(k.origin, EH_ORIGIN_BACKEND);
	ck_assert(!k.non_extractable);
	ck_assert_uint_eq(k.anchor_class, EH_CLASS_FILE);
	ck_assert_str_eq(k.label, "idevid-ca");
	ck_assert(k.has_seq);
	ck_assert_uint_eq(k.seq, 12);
	ck_assert_uint_eq(k.nonce.len, 16);
	ck_assert_uint_eq(k.custody, EH_CUSTODY_PIN_FILE);
}
END_TEST

START_TEST(reference_of_a_counted_key_is_carried)
{
	golden();
	k.custody = EH_CUSTODY_COUNTED;
	memset(k.count_ref, 0x10, sizeof(k.count_ref));
	ck_assert_int_eq(judge(), EH_OK);
}
END_TEST

START_TEST(damaged_payload_is_never_read_in_two_ways)
{
	struct strict_format f = strict_keyattest();
	uint8_t bytes[512];

	strict_check(
	    &f, bytes, unit_hex(GOLDEN_KEYATTEST, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(optional_members_may_be_absent)
{
	golden();
	memset(k.label, 0, sizeof(k.label));
	k.has_seq = 0;
	k.seq = 0;
	memset(&k.nonce, 0, sizeof(k.nonce));
	ck_assert_int_eq(judge(), EH_OK);
}
END_TEST

START_TEST(imported_key_is_never_non_extractable)
{
	golden();
	k.non_extractable = 1;
	ck_assert_int_eq(judge(), EH_OK);
	k.origin = EH_ORIGIN_IMPORTED;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
	k.non_extractable = 0;
	ck_assert_int_eq(judge(), EH_OK);
}
END_TEST

START_TEST(values_out_of_range_are_refused)
{
	golden();
	k.purpose = (enum eh_purpose)6;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
	golden();
	k.origin = (enum eh_origin)0;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
	golden();
	k.custody = (enum eh_custody)4;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
	golden();
	k.nonce.len = 15;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
	golden();
	k.key.bytes[1] ^= 1;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("keyattest");
	TCase *t = tcase_create("keyattest");

	tcase_add_test(t, golden_sample_means_what_it_says);
	tcase_add_test(t, reference_of_a_counted_key_is_carried);
	tcase_add_test(t, damaged_payload_is_never_read_in_two_ways);
	tcase_add_test(t, optional_members_may_be_absent);
	tcase_add_test(t, imported_key_is_never_non_extractable);
	tcase_add_test(t, values_out_of_range_are_refused);
	suite_add_tcase(s, t);
	return unit_run(s);
}
