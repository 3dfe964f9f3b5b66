/* SPDX-License-Identifier: Apache-2.0 */
/* test_receipt.c - receipts. */
#include "config.h"

#include <string.h>

#include "common/message/envelope.h"
#include "common/message/receipt.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(receipt)

static uint8_t message[1024];
static struct eh_envelope envelope;
static struct eh_receipt r;

static void
golden(void)
{
	size_t len = unit_hex(GOLDEN_RECEIPT, message, sizeof(message));

	ck_assert_int_eq(
	    eh_envelope_decode(message, len, &envelope, NULL), EH_OK);
	ck_assert_uint_eq(envelope.type, EH_MESSAGE_RECEIPT);
	ck_assert_int_eq(eh_receipt_decode(envelope.sign1.payload,
	    envelope.sign1.payload_len, &r, NULL), EH_OK);
}

/* Encode ${r} and decode the result. */
static int
judge(size_t *lenp)
{
	static struct eh_receipt again;
	static uint8_t out[EH_MESSAGE_MAX];
	struct eh_writer w;
	int err;

	eh_writer_init(&w, out, sizeof(out));
	eh_receipt_encode(&r, &w);
	ck_assert_int_eq(eh_writer_end(&w, lenp), EH_OK);
	ck_assert_int_eq(eh_cbor_check(out, *lenp), EH_OK);
	err = eh_receipt_decode(out, *lenp, &again, NULL);
	if (err == EH_OK)
		ck_assert_mem_eq(&again, &r, sizeof(r));
	return err;
}

START_TEST(golden_sample_means_what_it_says)
{
	uint8_t want[32], point[EH_P256_POINT_LEN];
	struct eh_rawkey key;

	golden();
	unit_hex(GOLDEN_ATTESTATION_KEY, point, sizeof(point));
	ck_assert_int_eq(eh_rawkey_set(&key, point, sizeof(point)), EH_OK);
	ck_assert_int_eq(eh_envelope_verify(&envelope, &key, NULL), EH_OK);
	unit_hex(GOLDEN_HSM_ID, want, sizeof(want));
	ck_assert_mem_eq(r.hsm_id, want, EH_HSM_ID_LEN);
	ck_assert_uint_eq(r.tree_size, 7);
	unit_hex(GOLDEN_LEAF_6, want, sizeof(want));
	ck_assert_mem_eq(r.last_leaf, want, 32);
	ck_assert_uint_eq(r.nrows, 1);
	ck_assert_uint_eq(r.rows[0].seq, 1);
	ck_assert_uint_eq(r.rows[0].counters.n, 5);
	ck_assert_uint_eq(
	    eh_counters_get(&r.rows[0].counters, EH_OP_PASS)->reserved, 64);
	ck_assert_uint_eq(r.rows[0].burns, 0);
	ck_assert_uint_eq(r.in_force.epoch, 1);
	ck_assert_uint_eq(r.nissuers, 1);
	ck_assert_uint_eq(r.issuers[0].pauth_seq, 1);
	ck_assert_uint_eq(r.t_hi - r.t_lo, 3);
	ck_assert_uint_eq(r.quality, EH_QUALITY_ATTESTED);
	ck_assert_uint_eq(r.tseq, 9);
	ck_assert_uint_eq(r.boots, 1);
	ck_assert_uint_eq(r.commit, 3);
	ck_assert_uint_eq(r.anchor_class, EH_CLASS_FILE);
	ck_assert_uint_eq(r.custody, EH_CUSTODY_PIN_FILE);
	ck_assert_str_eq(r.software.version, "edgehsmd-1.0.0");
	ck_assert_uint_eq(r.nonce.len, 16);
	ck_assert_uint_eq(r.nonce.bytes[15], 15);
	ck_assert_uint_eq(r.nburned, 0);
	unit_hex(GOLDEN_ROOT_DIGEST, want, sizeof(want));
	ck_assert_mem_eq(r.root, want, 32);
}
END_TEST

START_TEST(damaged_payload_is_never_read_in_two_ways)
{
	struct strict_format f = strict_receipt();

	golden();
	strict_check(&f, envelope.sign1.payload, envelope.sign1.payload_len);
}
END_TEST

START_TEST(fullest_receipt_fits)
{
	size_t len;

	golden();
	r.nrows = EH_RECEIPT_ROWS_MAX;
	for (uint8_t i = 0; i < EH_RECEIPT_ROWS_MAX; i++) {
		r.rows[i] = r.rows[0];
		r.rows[i].authorization[0] = i;
		r.rows[i].counters.n = 10;
		for (uint8_t op = 0; op < 10; op++) {
			r.rows[i].counters.op[op] = op;
			r.rows[i].counters.of[op] = (struct eh_counter){
				EH_U53_MAX / 4, EH_U53_MAX / 4, EH_U53_MAX,
				EH_U53_MAX };
		}
	}
	r.nissuers = EH_RECEIPT_ISSUERS_MAX;
	r.nburned = EH_BURNED_RANGES_MAX;
	for (size_t i = 0; i < EH_BURNED_RANGES_MAX; i++)
		r.burned[i] = (struct eh_burned_range){ EH_U53_MAX, 3, 3 };
	ck_assert_int_eq(judge(&len), EH_OK);
	ck_assert_uint_lt(len, EH_MESSAGE_MAX - 256);
}
END_TEST

START_TEST(rows_are_sorted_and_none_stands_twice)
{
	size_t len;

	golden();
	r.nrows = 2;
	r.rows[1] = r.rows[0];
	ck_assert_int_eq(judge(&len), EH_ERR_FORMAT);
	r.rows[1].authorization[15]++;
	ck_assert_int_eq(judge(&len), EH_OK);
	r.rows[0].authorization[0]++;
	ck_assert_int_eq(judge(&len), EH_ERR_FORMAT);
}
END_TEST

START_TEST(numbers_that_cannot_be_are_refused)
{
	size_t len;

	golden();
	r.t_hi = r.t_lo;
	ck_assert_int_eq(judge(&len), EH_OK);
	r.t_hi--;
	ck_assert_int_eq(judge(&len), EH_ERR_FORMAT);
	golden();
	r.nburned = 1;
	r.burned[0] = (struct eh_burned_range){ 7, 3, 2 };
	ck_assert_int_eq(judge(&len), EH_OK);
	r.burned[0].burned = 4;
	ck_assert_int_eq(judge(&len), EH_ERR_FORMAT);
	golden();
	r.rows[0].counters.of[0].used = 65;
	ck_assert_int_eq(judge(&len), EH_ERR_FORMAT);
	golden();
	r.nonce.len = 15;
	ck_assert_int_eq(judge(&len), EH_ERR_FORMAT);
	r.nonce.len = 32;
	ck_assert_int_eq(judge(&len), EH_OK);
	r.anchor_mode = (enum eh_anchor_mode)3;
	ck_assert_int_eq(judge(&len), EH_ERR_FORMAT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("receipt");
	TCase *t = tcase_create("receipt");

	tcase_add_test(t, golden_sample_means_what_it_says);
	tcase_add_test(t, damaged_payload_is_never_read_in_two_ways);
	tcase_add_test(t, fullest_receipt_fits);
	tcase_add_test(t, rows_are_sorted_and_none_stands_twice);
	tcase_add_test(t, numbers_that_cannot_be_are_refused);
	suite_add_tcase(s, t);
	return unit_run(s);
}
