/* SPDX-License-Identifier: Apache-2.0 */
/* test_countreq.c - count request. */
#include "config.h"

#include <string.h>

#include "common/message/countreq.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(countreq)

static struct eh_countreq r;

static void
golden(void)
{
	uint8_t bytes[256];
	size_t len = unit_hex(GOLDEN_COUNTREQ, bytes, sizeof(bytes));

	ck_assert_int_eq(eh_countreq_decode(bytes, len, &r, NULL), EH_OK);
}

static int
judge(void)
{
	static struct eh_countreq again;
	uint8_t out[512];
	struct eh_writer w;
	size_t len;
	int err;

	eh_writer_init(&w, out, sizeof(out));
	eh_countreq_encode(&r, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	err = eh_countreq_decode(out, len, &again, NULL);
	if (err == EH_OK)
		ck_assert_mem_eq(&again, &r, sizeof(r));
	return err;
}

START_TEST(golden_sample_means_what_it_says)
{
	golden();
	ck_assert(r.use.has_authorization);
	ck_assert_uint_eq(r.use.authorization[15], 15);
	ck_assert_uint_eq(r.use.nkeys, 1);
	ck_assert_uint_eq(r.index.handle, 0x01800200);
	ck_assert_uint_eq(r.index.nonce_len, 32);
	ck_assert_uint_eq(r.index.nonce[0], 0x20);
	ck_assert(!r.is_written);
}
END_TEST

START_TEST(damaged_payload_is_never_read_in_two_ways)
{
	struct strict_format f = strict_countreq();
	uint8_t bytes[256];

	strict_check(
	    &f, bytes, unit_hex(GOLDEN_COUNTREQ, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(keys_rise)
{
	golden();
	r.use.nkeys = 2;
	memset(r.use.keys[1], 0xff, EH_DIGEST_LEN);
	ck_assert_int_eq(judge(), EH_OK);
	memcpy(r.use.keys[1], r.use.keys[0], EH_DIGEST_LEN);
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
}
END_TEST

START_TEST(without_authorization_it_is_for_one_key)
{
	golden();
	r.use.has_authorization = 0;
	memset(r.use.authorization, 0, EH_ID_LEN);
	ck_assert_int_eq(judge(), EH_OK);
	r.use.nkeys = 2;
	memset(r.use.keys[1], 0xff, EH_DIGEST_LEN);
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
}
END_TEST

START_TEST(handle_is_one_of_the_owner)
{
	golden();
	r.index.handle = EH_COUNT_HANDLE_LAST;
	ck_assert_int_eq(judge(), EH_OK);
	r.index.handle = EH_COUNT_HANDLE_LAST + 1;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
	r.index.handle = EH_COUNT_HANDLE_FIRST - 1;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
}
END_TEST

START_TEST(nonce_has_sixteen_to_thirty_two_octets)
{
	golden();
	r.index.nonce_len = 16;
	memset(r.index.nonce + 16, 0, 16);
	ck_assert_int_eq(judge(), EH_OK);
	r.index.nonce_len = 15;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("countreq");
	TCase *t = tcase_create("countreq");

	tcase_add_test(t, golden_sample_means_what_it_says);
	tcase_add_test(t, damaged_payload_is_never_read_in_two_ways);
	tcase_add_test(t, keys_rise);
	tcase_add_test(t, without_authorization_it_is_for_one_key);
	tcase_add_test(t, handle_is_one_of_the_owner);
	tcase_add_test(t, nonce_has_sixteen_to_thirty_two_octets);
	suite_add_tcase(s, t);
	return unit_run(s);
}
