/* SPDX-License-Identifier: Apache-2.0 */
/* test_logread.c - the log as it leaves. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "test/fault/heart.h"
#include "test/unit/unit.h"

static struct heart h;

/* A log of several lives, segments and burned ranges. */
static void
begin(void)
{
	struct heart_order o = heart_order(1, 2000, 8);
	struct heart_ask ask = { .order = 1 };

	memset(&h, 0, sizeof(h));
	heart_begin(&h, 13);
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	for (unsigned life = 0; life < 4; life++) {
		for (unsigned i = 0; i < 150; i++) {
			ask.device++;
			ck_assert_int_eq(
			    heart_issue(&h, &ask, NULL, NULL), EH_OK);
		}
		ck_assert_int_eq(heart_restart(&h), EH_OK);
	}
	ask.device++;
	ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_OK);
}

struct reading {
	uint64_t next, n, most;
	uint8_t leaf[EH_MERKLE_HASH];
};

static int
each(void *context, uint64_t seq, const uint8_t *input, size_t len)
{
	struct reading *r = context;

	ck_assert_uint_eq(seq, r->next);
	if (r->n == r->most)
		return 1;
	eh_merkle_leaf(input, len, r->leaf);
	r->next++;
	r->n++;
	return 0;
}

START_TEST(every_place_can_be_read_from)
{
	uint8_t leaf[1000][EH_MERKLE_HASH];
	uint64_t size, next;
	struct reading r;

	begin();
	size = h.eng->state->log.tree.size;
	ck_assert_uint_lt(size, 1000);
	for (uint64_t seq = 0; seq < size; seq++) {
		r = (struct reading) { .next = seq, .most = 1 };
		ck_assert_int_eq(
		    eh_logread(h.eng, seq, each, &r, &next, NULL), EH_OK);
		ck_assert_uint_eq(next, seq + 1);
		memcpy(leaf[seq], r.leaf, EH_MERKLE_HASH);
	}
	for (uint64_t seq = 0; seq < size; seq += 71) {
		r = (struct reading) { .next = seq, .most = UINT64_MAX };
		ck_assert_int_eq(
		    eh_logread(h.eng, seq, each, &r, &next, NULL), EH_OK);
		ck_assert_uint_eq(next, size);
		ck_assert_mem_eq(r.leaf, leaf[size - 1], EH_MERKLE_HASH);
	}
	heart_end(&h);
}
END_TEST

START_TEST(behind_the_end_there_is_nothing)
{
	struct reading r = { .next = 100000, .most = 5 };
	uint64_t next;

	begin();
	ck_assert_int_eq(
	    eh_logread(h.eng, 100000, each, &r, &next, NULL), EH_OK);
	ck_assert_uint_eq(next, 100000);
	ck_assert_uint_eq(r.n, 0);
	heart_end(&h);
}
END_TEST

START_TEST(whoever_reads_can_stop)
{
	struct reading r = { .next = 10, .most = 7 };
	uint64_t next;

	begin();
	ck_assert_int_eq(
	    eh_logread(h.eng, 10, each, &r, &next, NULL), EH_OK);
	ck_assert_uint_eq(next, 17);
	heart_end(&h);
}
END_TEST

START_TEST(a_damaged_record_is_named)
{
	struct reading r = { .next = 0, .most = UINT64_MAX };
	struct eh_error error = { 0 };
	char name[EH_OS_NAME];
	uint64_t next;
	size_t len;

	begin();
	eh_journal_name(name, 0);
	sim_file(h.sim, name, &len)[EH_SEGMENT_HEADER + 2000] ^= 1;
	ck_assert_int_eq(eh_logread(h.eng, 0, each, &r, &next, &error),
	    EH_ERR_STORAGE);
	ck_assert_uint_gt(next, 0);
	ck_assert_uint_eq(r.next, next);
	ck_assert_ptr_nonnull(strstr(error.text, "damaged"));
	sim_file(h.sim, name, &len)[EH_SEGMENT_HEADER + 2000] ^= 1;
	ck_assert_int_eq(
	    eh_logread(h.eng, next, each, &r, &next, &error), EH_OK);
	heart_end(&h);
}
END_TEST

START_TEST(a_burned_place_has_the_golden_leaf)
{
	uint8_t id[EH_HSM_ID_LEN], input[EH_BURNED_INPUT],
	    expected[EH_BURNED_INPUT], leaf[32], golden[32];

	unit_hex("ca13abd0cc316022cde4d5463b615e61", id, sizeof(id));
	eh_logread_burned_input(id, 7, input);
	unit_hex("4564676548534d2d6275726e65642d7631ca13abd0cc316022cde4d5463b"
	    "615e610000000000000007", expected, sizeof(expected));
	ck_assert_mem_eq(input, expected, sizeof(input));
	eh_logread_burned_leaf(id, 7, leaf);
	unit_hex("1eb832f5dae921d2202fcbea6130bd49ddccd9a83fada25366305a7c2cb1"
	    "527e", golden, sizeof(golden));
	ck_assert_mem_eq(leaf, golden, 32);
	eh_logread_burned_leaf(id, 9, leaf);
	unit_hex("7d5c523b8927489bb3950c45ce9b260284d8cefffe211eb35bc99c16717b"
	    "2fab", golden, sizeof(golden));
	ck_assert_mem_eq(leaf, golden, 32);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("logread");
	TCase *t = tcase_create("logread");

	tcase_add_test(t, every_place_can_be_read_from);
	tcase_add_test(t, behind_the_end_there_is_nothing);
	tcase_add_test(t, whoever_reads_can_stop);
	tcase_add_test(t, a_damaged_record_is_named);
	tcase_add_test(t, a_burned_place_has_the_golden_leaf);
	suite_add_tcase(s, t);
	return unit_run(s);
}
