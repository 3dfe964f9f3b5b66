/* SPDX-License-Identifier: Apache-2.0 */
/* test_record.c - entries of the log. */
#include "config.h"

#include <string.h>

#include "common/merkle/merkle.h"
#include "common/message/record.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(record)

static struct eh_record r;

/* Decode a golden record into ${r}. */
static void
golden(const char *hex)
{
	uint8_t bytes[EH_RECORD_MAX];
	struct eh_error error;
	size_t len = unit_hex(hex, bytes, sizeof(bytes));

	ck_assert_msg(eh_record_decode(bytes, len, &r, &error) == EH_OK, "%s",
	    error.text);
}

/* Encode ${r} and decode the result. */
static int
judge(struct eh_error *error)
{
	static struct eh_record again;
	uint8_t out[2 * EH_RECORD_MAX];
	struct eh_writer w;
	size_t len;

	eh_error_clear(error);
	eh_writer_init(&w, out, sizeof(out));
	eh_record_encode(&r, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	return eh_record_decode(out, len, &again, error);
}

static void
refused(void)
{
	struct eh_error error;

	ck_assert_int_eq(judge(&error), EH_ERR_FORMAT);
	ck_assert_str_ne(error.text, "");
}

static void
allowed(void)
{
	struct eh_error error;

	ck_assert_msg(judge(&error) == EH_OK, "%s", error.text);
}

static void
not_encoded(void)
{
	uint8_t out[EH_RECORD_MAX];
	struct eh_writer w;
	size_t len;

	eh_writer_init(&w, out, sizeof(out));
	eh_record_encode(&r, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_ERR_ARGUMENT);
}

static const struct {
	const char *hex, *leaf;
} goldens[] = {
	{ GOLDEN_RECORD_0, GOLDEN_LEAF_0 }, { GOLDEN_RECORD_1, GOLDEN_LEAF_1 },
	{ GOLDEN_RECORD_2, GOLDEN_LEAF_2 }, { GOLDEN_RECORD_3, GOLDEN_LEAF_3 },
	{ GOLDEN_RECORD_4, GOLDEN_LEAF_4 }, { GOLDEN_RECORD_5, GOLDEN_LEAF_5 },
	{ GOLDEN_RECORD_6, GOLDEN_LEAF_6 }, { NULL, GOLDEN_LEAF_7 },
	{ NULL, GOLDEN_LEAF_8 }, { NULL, GOLDEN_LEAF_9 },
	{ GOLDEN_RECORD_10, GOLDEN_LEAF_10 },
	{ GOLDEN_RECORD_11, GOLDEN_LEAF_11 },
};
#define NGOLDENS (sizeof(goldens) / sizeof(goldens[0]))

/* Kinds 12 and 13 are not in this version. */
static int
is_later(size_t seq)
{
	return seq == 4 || seq == 5;
}

START_TEST(golden_records_encode_to_themselves_and_nothing_else)
{
	struct strict_format f = strict_record();
	uint8_t bytes[EH_RECORD_MAX];

	for (size_t i = 0; i < NGOLDENS; i++)
		if (goldens[i].hex != NULL && !is_later(i))
			strict_check(&f, bytes, unit_hex(
			    goldens[i].hex, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(golden_log_is_chained_and_has_its_root)
{
	struct eh_merkle tree;
	uint8_t bytes[EH_RECORD_MAX], leaf[32], want[32], previous[32] = { 0 };
	size_t len;

	eh_merkle_init(&tree);
	for (size_t i = 0; i < NGOLDENS; i++) {
		unit_hex(goldens[i].leaf, want, sizeof(want));
		if (goldens[i].hex != NULL) {
			len = unit_hex(goldens[i].hex, bytes, sizeof(bytes));
			eh_merkle_leaf(bytes, len, leaf);
			ck_assert_mem_eq(leaf, want, 32);
		}
		if (goldens[i].hex != NULL && !is_later(i)) {
			golden(goldens[i].hex);
			ck_assert_uint_eq(r.seq, i);
			ck_assert_mem_eq(r.previous, previous, 32);
		}
		ck_assert_int_eq(eh_merkle_append(&tree, want), EH_OK);
		memcpy(previous, want, 32);
	}
	eh_merkle_root(&tree, leaf);
	unit_hex(GOLDEN_TREE_ROOT_12, want, sizeof(want));
	ck_assert_mem_eq(leaf, want, 32);
}
END_TEST

START_TEST(golden_certificate_means_what_it_says)
{
	golden(GOLDEN_RECORD_3);
	ck_assert_uint_eq(r.kind, EH_RECORD_ISSUED);
	ck_assert_uint_eq(r.boots, 1);
	ck_assert_uint_eq(r.commit, 3);
	ck_assert_uint_eq(r.lease, 1);
	ck_assert_uint_eq(r.t_lo, 1795176060);
	ck_assert_uint_eq(r.t_hi, 1795176062);
	ck_assert_uint_eq(r.quality, EH_QUALITY_ATTESTED);
	ck_assert_uint_eq(r.has_authorization, 1);
	ck_assert_uint_eq(r.counters.n, 2);
	ck_assert_uint_eq(eh_counters_get(&r.counters, 0)->used, 1);
	ck_assert_uint_eq(eh_counters_get(&r.counters, 1)->quota, 10128);
	ck_assert_str_eq(r.id_kind, "serial");
	ck_assert_mem_eq(r.device.bytes, "SN00000042", 10);
	ck_assert_str_eq(r.factory, "fab1");
	ck_assert_str_eq(r.line, "line3");
	ck_assert_str_eq(r.station, "st07");
	ck_assert_uint_eq(r.mes_len, 0);
	ck_assert_uint_eq(r.of.certificate.serial[0], 0x5c);
	ck_assert_uint_eq(r.of.certificate.not_before, 1795176000);
	ck_assert_uint_eq(r.of.certificate.key.len, 65);
	ck_assert_uint_eq(r.of.certificate.has_evidence, 1);
	ck_assert_uint_eq(r.of.certificate.nfields, 0);
}
END_TEST

START_TEST(golden_burn_boot_and_report_mean_what_they_say)
{
	golden(GOLDEN_RECORD_10);
	ck_assert_uint_eq(r.of.burned.nspans, 1);
	ck_assert_uint_eq(r.of.burned.spans[0].first, 7);
	ck_assert_uint_eq(r.of.burned.spans[0].count, 3);
	ck_assert_uint_eq(r.of.burned.nrows, 1);
	ck_assert_uint_eq(r.of.burned.rows[0].burns, 1);
	ck_assert_uint_eq(
	    eh_counters_get(&r.of.burned.rows[0].counters, 3)->burned, 63);
	ck_assert_uint_eq(r.t_hi, EH_TIME_MAX);
	golden(GOLDEN_RECORD_11);
	ck_assert_uint_eq(r.of.start.boot.clean, 0);
	ck_assert_str_eq(r.of.start.boot.software.version, "edgehsmd-1.0.0");
	golden(GOLDEN_RECORD_6);
	ck_assert_uint_eq(r.of.report.outcome, EH_OUTCOME_GOOD);
	ck_assert_str_eq(r.of.report.places[0].name, "certs/0");
	ck_assert_uint_eq(r.of.report.lock, EH_LOCK_LOCKED);
	ck_assert_str_eq(r.of.report.person, "op-12");
	ck_assert_str_eq(r.of.report.label, "SN00000042");
	ck_assert_mem_eq(r.mes, "WO-4711", r.mes_len);
	golden(GOLDEN_RECORD_0);
	ck_assert_uint_eq(r.of.start.root[0], 0x18);
	golden(GOLDEN_RECORD_1);
	ck_assert_uint_eq(r.ref.code, EH_MSG_CODE_GRANT);
	golden(GOLDEN_RECORD_2);
	ck_assert_uint_eq(r.ref.code, EH_MSG_CODE_PAUTH);
	ck_assert_str_eq(r.profile.name, "gateway-a");
}
END_TEST

START_TEST(record_made_from_nothing_is_the_golden_one)
{
	struct eh_counter counter = { 1, 0, 64, 10000 };
	uint8_t bytes[EH_RECORD_MAX], out[EH_RECORD_MAX];
	struct eh_record copy;
	struct eh_writer w;
	size_t len, n;

	golden(GOLDEN_RECORD_3);
	copy = r;
	/* Nothing of the last use may shine through. */
	memset(&r, 0xee, sizeof(r));
	eh_record_init(&r, EH_RECORD_ISSUED);
	r.seq = 3;
	memcpy(r.hsm_id, copy.hsm_id, sizeof(r.hsm_id));
	memcpy(r.previous, copy.previous, sizeof(r.previous));
	r.boots = 1;
	r.commit = 3;
	r.lease = 1;
	r.t_lo = 1795176060;
	r.t_hi = 1795176062;
	r.quality = EH_QUALITY_ATTESTED;
	r.has_authorization = 1;
	memcpy(r.authorization, copy.authorization, EH_ID_LEN);
	ck_assert_int_eq(
	    eh_counters_add(&r.counters, EH_OP_PASS, &counter), EH_OK);
	counter.quota = 10128;
	ck_assert_int_eq(
	    eh_counters_add(&r.counters, EH_OP_ISSUE, &counter), EH_OK);
	strcpy(r.id_kind, "serial");
	r.device = copy.device;
	strcpy(r.factory, "fab1");
	strcpy(r.line, "line3");
	strcpy(r.station, "st07");
	memcpy(r.of.certificate.serial, copy.of.certificate.serial, EH_ID_LEN);
	r.of.certificate.not_before = 1795176000;
	r.of.certificate.key = copy.of.certificate.key;
	memcpy(r.of.certificate.tbs, copy.of.certificate.tbs, EH_DIGEST_LEN);
	r.of.certificate.has_evidence = 1;
	memcpy(r.of.certificate.evidence, copy.of.certificate.evidence,
	    EH_DIGEST_LEN);
	eh_writer_init(&w, out, sizeof(out));
	eh_record_encode(&r, &w);
	ck_assert_int_eq(eh_writer_end(&w, &n), EH_OK);
	len = unit_hex(GOLDEN_RECORD_3, bytes, sizeof(bytes));
	ck_assert_uint_eq(n, len);
	ck_assert_mem_eq(out, bytes, len);
}
END_TEST

/* The kinds that the golden log does not have. */
START_TEST(other_kinds_survive_a_round_trip)
{
	static const enum eh_record_kind refs[] = { EH_RECORD_REVOKED,
		EH_RECORD_TIME };

	for (size_t i = 0; i < 2; i++) {
		eh_record_init(&r, refs[i]);
		r.seq = 9;
		not_encoded();
		r.ref.code = EH_MSG_CODE_TIME;
		allowed();
	}
	eh_record_init(&r, EH_RECORD_CSR);
	r.seq = 9;
	allowed();
	eh_record_init(&r, EH_RECORD_KEY);
	r.seq = 9;
	not_encoded();
	r.of.key.action = EH_KEY_DESTROYED;
	r.of.key.purpose = EH_PURPOSE_ISSUING;
	r.of.key.alg = -9;
	r.of.key.origin = EH_ORIGIN_BACKEND;
	allowed();
	r.has_authorization = 1;
	allowed();
	r.of.key.origin = (enum eh_origin)0;
	refused();
}
END_TEST

START_TEST(closing_says_why_and_how_many)
{
	struct eh_counter counter = { 5, 1, 6, 10 };

	eh_record_init(&r, EH_RECORD_CLOSED);
	r.seq = 9;
	r.has_authorization = 1;
	ck_assert_int_eq(
	    eh_counters_add(&r.counters, EH_OP_PASS, &counter), EH_OK);
	not_encoded();
	r.of.closed.reason = EH_CLOSE_EXPIRED;
	r.of.closed.good = 5;
	allowed();
	r.of.closed.reason = (enum eh_close_reason)7;
	refused();
}
END_TEST

START_TEST(counters_that_cannot_be_are_refused)
{
	golden(GOLDEN_RECORD_3);
	r.counters.of[0] = (struct eh_counter){ 3, 1, 4, 4 };
	allowed();
	r.counters.of[0] = (struct eh_counter){ 3, 2, 4, 4 };
	refused();
	r.counters.of[0] = (struct eh_counter){ 3, 1, 5, 4 };
	refused();
	r.counters.of[0] =
	    (struct eh_counter){ EH_U53_MAX, EH_U53_MAX, EH_U53_MAX, 0 };
	refused();
	golden(GOLDEN_RECORD_3);
	r.counters.op[1] = 0;
	refused();
}
END_TEST

START_TEST(seq_0_is_genesis_and_nothing_else_is)
{
	golden(GOLDEN_RECORD_0);
	r.seq = 1;
	refused();
	r.seq = 0;
	allowed();
	r.previous[31] = 1;
	refused();
	golden(GOLDEN_RECORD_11);
	r.seq = 0;
	memset(r.previous, 0, sizeof(r.previous));
	refused();
}
END_TEST

START_TEST(time_does_not_run_backwards)
{
	golden(GOLDEN_RECORD_11);
	r.t_hi = r.t_lo;
	allowed();
	r.t_hi--;
	refused();
}
END_TEST

START_TEST(labels_of_another_kind_are_not_written)
{
	golden(GOLDEN_RECORD_11);
	r.has_authorization = 1;
	r.mes_len = 7;
	strcpy(r.factory, "fab1");
	allowed();
	golden(GOLDEN_RECORD_3);
	r.device.len = 0;
	not_encoded();
	golden(GOLDEN_RECORD_3);
	r.counters.n = 0;
	not_encoded();
	golden(GOLDEN_RECORD_3);
	r.has_authorization = 0;
	not_encoded();
}
END_TEST

START_TEST(burn_of_nothing_is_no_record)
{
	golden(GOLDEN_RECORD_10);
	r.of.burned.nspans = 0;
	allowed();
	golden(GOLDEN_RECORD_10);
	r.of.burned.nrows = 0;
	allowed();
	r.of.burned.nspans = 0;
	not_encoded();
}
END_TEST

START_TEST(evidence_is_a_digest_or_nothing)
{
	struct strict_format f = strict_record();
	uint8_t bytes[EH_RECORD_MAX];
	size_t len;

	golden(GOLDEN_RECORD_3);
	r.of.certificate.has_evidence = 0;
	allowed();
	/* One byte less, and its length beside it: 58 20 -> 58 1f. */
	len = unit_hex(GOLDEN_RECORD_3, bytes, sizeof(bytes));
	ck_assert_uint_eq(bytes[len - 35], 0x58);
	ck_assert_uint_eq(bytes[len - 34], 0x20);
	bytes[len - 34] = 0x1f;
	memmove(bytes + len - 2, bytes + len - 1, 1);
	ck_assert_int_eq(strict_decode(&f, bytes, len - 1), EH_ERR_FORMAT);
}
END_TEST

START_TEST(host_fields_are_sorted)
{
	golden(GOLDEN_RECORD_3);
	r.of.certificate.nfields = 2;
	r.of.certificate.fields[0] =
	    (struct eh_host_field){ .id = 1, .len = 1 };
	r.of.certificate.fields[1] =
	    (struct eh_host_field){ .id = 2, .len = 1 };
	allowed();
	r.of.certificate.fields[1].id = 1;
	refused();
	r.of.certificate.fields[1].id = 2;
	r.of.certificate.fields[1].len = 0;
	refused();
}
END_TEST

START_TEST(kinds_of_later_versions_are_refused_by_name)
{
	struct eh_error error;
	uint8_t bytes[EH_RECORD_MAX];
	size_t len = unit_hex(GOLDEN_RECORD_4, bytes, sizeof(bytes));

	ck_assert_int_eq(
	    eh_record_decode(bytes, len, &r, &error), EH_ERR_UNSUPPORTED);
	ck_assert_str_eq(error.text, "record: kind 12 (secret derived) is not "
	    "supported by this version");
	/* The key 4 and its value lie behind seq, id and previous hash. */
	ck_assert_uint_eq(bytes[58], 4);
	ck_assert_uint_eq(bytes[59], EH_RECORD_SECRET);
	bytes[59] = 4;
	ck_assert_int_eq(
	    eh_record_decode(bytes, len, &r, &error), EH_ERR_FORMAT);
	bytes[59] = 18;
	ck_assert_int_eq(
	    eh_record_decode(bytes, len, &r, &error), EH_ERR_FORMAT);
	eh_record_init(&r, EH_RECORD_SECRET);
	not_encoded();
}
END_TEST

/* What may be written can be read: after an unclean stop nobody could mend it. */
START_TEST(burn_of_everything_at_once_is_read_again)
{
	struct eh_counters all = { 0 };
	const struct eh_counter one = { 0, 1, 1, 1 };

	for (unsigned op = 0; op <= EH_OP_LAST; op++)
		ck_assert_int_eq(eh_counters_add(&all, op, &one), EH_OK);
	golden(GOLDEN_RECORD_10);
	r.of.burned.nrows = EH_RECORD_ROWS_MAX;
	for (size_t i = 0; i < EH_RECORD_ROWS_MAX; i++) {
		r.of.burned.rows[i] = r.of.burned.rows[0];
		r.of.burned.rows[i].counters = all;
	}
	allowed();
}
END_TEST

START_TEST(record_has_a_limit)
{
	uint8_t out[2 * EH_RECORD_MAX];
	struct eh_writer w;
	size_t len;

	golden(GOLDEN_RECORD_10);
	r.of.burned.nrows = EH_RECORD_ROWS_MAX;
	for (size_t i = 0; i < EH_RECORD_ROWS_MAX; i++)
		r.of.burned.rows[i] = r.of.burned.rows[0];
	allowed();
	for (size_t i = 0; i < EH_RECORD_ROWS_MAX; i++) {
		r.of.burned.rows[i].counters.n = EH_COUNTERS_MAX;
		for (uint8_t op = 0; op < EH_COUNTERS_MAX; op++) {
			r.of.burned.rows[i].counters.op[op] = op;
			r.of.burned.rows[i].counters.of[op] =
			    (struct eh_counter){ EH_U53_MAX / 4, EH_U53_MAX / 4,
				EH_U53_MAX, EH_U53_MAX };
		}
	}
	eh_writer_init(&w, out, sizeof(out));
	eh_record_encode(&r, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_ERR_SPACE);
	memset(out, 0, sizeof(out));
	ck_assert_int_eq(
	    eh_record_decode(out, EH_RECORD_MAX + 1, &r, NULL), EH_ERR_FORMAT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("record");
	TCase *t = tcase_create("record");

	tcase_add_test(t, golden_records_encode_to_themselves_and_nothing_else);
	tcase_add_test(t, golden_log_is_chained_and_has_its_root);
	tcase_add_test(t, golden_certificate_means_what_it_says);
	tcase_add_test(t, golden_burn_boot_and_report_mean_what_they_say);
	tcase_add_test(t, record_made_from_nothing_is_the_golden_one);
	tcase_add_test(t, other_kinds_survive_a_round_trip);
	tcase_add_test(t, closing_says_why_and_how_many);
	tcase_add_test(t, counters_that_cannot_be_are_refused);
	tcase_add_test(t, seq_0_is_genesis_and_nothing_else_is);
	tcase_add_test(t, time_does_not_run_backwards);
	tcase_add_test(t, labels_of_another_kind_are_not_written);
	tcase_add_test(t, burn_of_nothing_is_no_record);
	tcase_add_test(t, evidence_is_a_digest_or_nothing);
	tcase_add_test(t, host_fields_are_sorted);
	tcase_add_test(t, kinds_of_later_versions_are_refused_by_name);
	tcase_add_test(t, burn_of_everything_at_once_is_read_again);
	tcase_add_test(t, record_has_a_limit);
	suite_add_tcase(s, t);
	return unit_run(s);
}
