/* SPDX-License-Identifier: Apache-2.0 */
/* test_ack.c - record acknowledgement. */
#include "config.h"

#include <string.h>

#include "common/message/ack.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(ack)

static struct eh_ack a;

static void
golden(void)
{
	uint8_t bytes[256];
	size_t len = unit_hex(GOLDEN_ACK, bytes, sizeof(bytes));

	ck_assert_int_eq(eh_ack_decode(bytes, len, &a, NULL), EH_OK);
}

static int
judge(void)
{
	static struct eh_ack again;
	static uint8_t out[8192];
	struct eh_writer w;
	size_t len;
	int err;

	eh_writer_init(&w, out, sizeof(out));
	eh_ack_encode(&a, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	err = eh_ack_decode(out, len, &again, NULL);
	if (err == EH_OK)
		ck_assert_mem_eq(&again, &a, sizeof(a));
	return err;
}

static void
burned(unsigned i, uint64_t first, uint64_t span, uint64_t n)
{
	a.burned[i].first = first;
	a.burned[i].span = span;
	a.burned[i].burned = n;
	a.nburned = (uint8_t)(i + 1);
}

START_TEST(golden_sample_means_what_it_says)
{
	uint8_t root[EH_DIGEST_LEN];

	golden();
	unit_hex(GOLDEN_TREE_ROOT_12, root, sizeof(root));
	ck_assert_str_eq(a.from.iss, "oem.example");
	ck_assert_uint_eq(a.from.iat, 1795176060);
	ck_assert_uint_eq(a.size, 12);
	ck_assert_mem_eq(a.root, root, sizeof(root));
	ck_assert_uint_eq(a.seq, 3);
	ck_assert_uint_eq(a.nreceipts, 0);
	ck_assert_uint_eq(a.nburned, 1);
	ck_assert_uint_eq(a.burned[0].first, 7);
	ck_assert_uint_eq(a.burned[0].span, 3);
	ck_assert_uint_eq(a.burned[0].burned, 3);
	ck_assert_uint_eq(a.in_force.epoch, 1);
	ck_assert_uint_eq(a.in_force.rseq, 0);
}
END_TEST

START_TEST(damaged_payload_is_never_read_in_two_ways)
{
	struct strict_format f = strict_ack();
	uint8_t bytes[256];

	strict_check(&f, bytes, unit_hex(GOLDEN_ACK, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(burned_ranges_lie_in_order)
{
	golden();
	burned(0, 1, 4, 2);
	burned(1, 5, 7, 7);
	ck_assert_int_eq(judge(), EH_OK);
	burned(1, 4, 7, 7);
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
}
END_TEST

/* One range, and whether the golden sample of 12 records may have it. */
static const struct {
	uint64_t first, span, burned;
	int err;
} ranges[] = {
	/* within the size */
	{ 11, 1, 1, EH_OK },
	{ 11, 2, 1, EH_ERR_FORMAT },
	{ 12, 1, 1, EH_ERR_FORMAT },
	{ 13, 1, 1, EH_ERR_FORMAT },
	{ 1, UINT64_C(9007199254740991), 1, EH_ERR_FORMAT },
	/* not empty, nor fuller than its span */
	{ 7, 3, 1, EH_OK },
	{ 7, 3, 0, EH_ERR_FORMAT },
	{ 7, 3, 4, EH_ERR_FORMAT },
};

START_TEST(burned_range_lies_within_the_size_and_holds_no_more_than_its_span)
{
	golden();
	burned(0, ranges[_i].first, ranges[_i].span, ranges[_i].burned);
	ck_assert_int_eq(judge(), ranges[_i].err);
}
END_TEST

START_TEST(sixty_four_ranges_fit)
{
	golden();
	a.size = 1000;
	for (unsigned i = 0; i < EH_BURNED_RANGES_MAX; i++)
		burned(i, 10 * i, 5, 5);
	ck_assert_int_eq(judge(), EH_OK);
}
END_TEST

START_TEST(there_may_be_no_range)
{
	golden();
	memset(a.burned, 0, sizeof(a.burned));
	a.nburned = 0;
	ck_assert_int_eq(judge(), EH_OK);
}
END_TEST

START_TEST(receipts_are_carried_up_to_their_limits)
{
	golden();
	a.nreceipts = EH_ACK_RECEIPTS_MAX;
	for (unsigned i = 0; i < EH_ACK_RECEIPTS_MAX; i++) {
		a.receipts[i].len = EH_ACK_RECEIPT_LEN_MAX;
		memset(a.receipts[i].bytes, (int)i, EH_ACK_RECEIPT_LEN_MAX);
	}
	ck_assert_int_eq(judge(), EH_OK);
	a.receipts[3].len = 0;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
}
END_TEST

/* The golden sample with an empty list of ranges spelled out. */
START_TEST(empty_list_is_left_out)
{
	struct strict_format f = strict_ack();
	char hex[512];
	char *at;

	strcpy(hex, GOLDEN_ACK);
	at = strstr(hex, "8183070303");
	ck_assert_ptr_nonnull(at);
	memmove(at + 2, at + 10, strlen(at + 10) + 1);
	at[1] = '0';
	strict_refuses(&f, hex, EH_ERR_FORMAT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ack");
	TCase *t = tcase_create("ack");

	tcase_add_test(t, golden_sample_means_what_it_says);
	tcase_add_test(t, damaged_payload_is_never_read_in_two_ways);
	tcase_add_test(t, burned_ranges_lie_in_order);
	tcase_add_loop_test(t,
	    burned_range_lies_within_the_size_and_holds_no_more_than_its_span,
	    0, sizeof(ranges) / sizeof(ranges[0]));
	tcase_add_test(t, sixty_four_ranges_fit);
	tcase_add_test(t, there_may_be_no_range);
	tcase_add_test(t, receipts_are_carried_up_to_their_limits);
	tcase_add_test(t, empty_list_is_left_out);
	suite_add_tcase(s, t);
	return unit_run(s);
}
