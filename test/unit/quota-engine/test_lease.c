/* SPDX-License-Identifier: Apache-2.0 */
/* test_lease.c - how many passes, when, and what burns. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "quota-engine/lease.h"
#include "test/fault/heart.h"
#include "test/unit/unit.h"

static struct heart h;

static void
begin(const struct heart_order *o)
{
	memset(&h, 0, sizeof(h));
	heart_begin(&h, 5);
	ck_assert_int_eq(heart_install(&h, o), EH_OK);
}

static int
make(uint32_t device)
{
	struct heart_ask ask = { .order = 1, .device = device };

	return heart_issue(&h, &ask, NULL, NULL);
}

static struct eh_counter
passes(void)
{
	return heart_counter(&h, 1, EH_OP_PASS);
}

START_TEST(a_lease_halves_down_to_16_or_to_itself)
{
	static const struct {
		uint16_t lease;
		uint8_t halvings;
		uint64_t size;
	} cases[] = {
		{ 256, 0, 256 }, { 256, 1, 128 }, { 256, 4, 16 },
		{ 256, 5, 16 }, { 256, 255, 16 }, { 100, 1, 50 },
		{ 100, 2, 25 }, { 100, 3, 16 }, { 16, 3, 16 }, { 8, 1, 8 },
		{ 1, 9, 1 }, { 4096, 2, 1024 },
	};
	struct eh_row row = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		row.lease = cases[i].lease;
		row.halvings = cases[i].halvings;
		ck_assert_uint_eq(eh_lease_size(&row), cases[i].size);
	}
}
END_TEST

START_TEST(only_operations_of_a_pass_are_leased)
{
	static const int binds[] = { 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0 };

	for (unsigned op = 0; op < sizeof(binds) / sizeof(binds[0]); op++)
		ck_assert_int_eq(eh_lease_binds(op), binds[op]);
}
END_TEST

START_TEST(the_window_has_room_for_all_leases)
{
	struct heart_order o = heart_order(1, 100, 16);
	struct eh_state *st;

	o.uses = 2;
	o.issues = 500;
	begin(&o);
	st = h.eng->state;
	ck_assert_uint_eq(eh_lease_window(st), 64 + 16 * (2 + 2));
	o = heart_order(2, 9000, 4096);
	o.uses = 4;
	o.issues = 100000;
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	ck_assert_uint_eq(eh_lease_window(st), 16384);
	heart_end(&h);
}
END_TEST

START_TEST(nothing_is_usable_before_it_is_anchored)
{
	struct heart_order o = heart_order(1, 100, 8);
	struct heart_ask ask = { .order = 1, .device = 1 };
	struct eh_now now;
	uint8_t graced;

	begin(&o);
	(void)ask;
	eh_engine_clock(h.eng, &now);
	ck_assert_int_eq(
	    eh_lease_take(h.eng, 0, &now, &graced, NULL), EH_ERR_BUSY);
	ck_assert_int_eq(
	    eh_lease_take(h.eng, 0, &now, &graced, NULL), EH_ERR_BUSY);
	ck_assert_uint_eq(h.eng->books[0].want[EH_OP_PASS], 8);
	ck_assert_uint_eq(passes().reserved, 0);
	heart_work(&h);
	ck_assert_uint_eq(passes().reserved, 8);
	ck_assert_int_eq(
	    eh_lease_take(h.eng, 0, &now, &graced, NULL), EH_OK);
	ck_assert_uint_eq(h.eng->books[0].out[EH_OP_PASS], 1);
	eh_lease_give(h.eng, 0, graced);
	heart_end(&h);
}
END_TEST

/* At a quarter of the lease the next one is fetched; never is more reserved and
 * not recorded than a lease and a quarter. */
START_TEST(the_next_lease_is_fetched_at_a_quarter)
{
	struct heart_order o = heart_order(1, 1000, 8);
	struct eh_counter c;

	begin(&o);
	for (uint32_t i = 1; i < 100; i++) {
		ck_assert_int_eq(make(i), EH_OK);
		heart_work(&h);
		c = passes();
		ck_assert_uint_le(c.reserved - c.used, 10);
		ck_assert_uint_ge(c.reserved - c.used, 2);
	}
	heart_end(&h);
	/* A lease of one has nothing to spare. */
	o = heart_order(1, 1000, 1);
	begin(&o);
	for (uint32_t i = 1; i < 20; i++) {
		ck_assert_int_eq(make(i), EH_OK);
		heart_work(&h);
		ck_assert_uint_eq(passes().reserved, i);
	}
	heart_end(&h);
}
END_TEST

/* A line that had to wait for the lease that was fetched ahead is served
 * earlier, for a while; never is more than a lease and a quarter exposed. */
START_TEST(a_line_that_waited_is_fetched_for_at_half)
{
	struct heart_order o = heart_order(1, 1000, 8);
	struct eh_now now;
	uint8_t graced;

	begin(&o);
	eh_engine_clock(h.eng, &now);
	ck_assert_int_eq(
	    eh_lease_take(h.eng, 0, &now, &graced, NULL), EH_ERR_BUSY);
	ck_assert_int_eq(
	    eh_lease_take(h.eng, 0, &now, &graced, NULL), EH_ERR_BUSY);
	ck_assert_uint_eq(h.eng->books[0].hurry, 0); /* the first one */
	heart_work(&h);
	for (uint32_t i = 1; i <= 6; i++)
		ck_assert_int_eq(make(i), EH_OK);
	ck_assert_uint_eq(h.eng->books[0].hurry, 0);
	h.eng->books[0].ahead = 1;
	h.eng->books[0].want[EH_OP_PASS] = 1;
	while (eh_lease_take(h.eng, 0, &now, &graced, NULL) == EH_OK)
		continue;
	ck_assert_uint_gt(h.eng->books[0].hurry, 0);
	heart_end(&h);

	begin(&o);
	ck_assert_int_eq(make(1), EH_OK);
	h.eng->books[0].hurry = 2;
	for (uint32_t i = 2; i < 60; i++) {
		ck_assert_int_eq(make(i), EH_OK);
		heart_work(&h);
		ck_assert_uint_le(passes().reserved - passes().used, 10);
	}
	ck_assert_uint_eq(h.eng->books[0].hurry, 0);
	heart_end(&h);
}
END_TEST

/* Units that a device draws afresh, too. */
START_TEST(fresh_units_wait_for_the_anchor)
{
	struct heart_order o = heart_order(1, 100, 8);
	struct eh_device *d;
	struct eh_request req;
	struct heart_ask ask = { .order = 1, .device = 1 };

	o.uses = 2;
	o.issues = 500;
	begin(&o);
	ck_assert_int_eq(make(1), EH_OK);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(make(2), EH_OK);
	heart_request(&h, &ask, &req);
	d = eh_index_find(&h.eng->index, h.eng->books[0].book, &req.device);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(eh_lease_unit(
		    h.eng, 0, d, EH_OP_ISSUE, NULL), EH_ERR_BUSY);
	ck_assert_uint_eq(h.eng->books[0].want[EH_OP_ISSUE], 1);
	heart_work(&h);
	ck_assert_int_eq(
	    eh_lease_unit(h.eng, 0, d, EH_OP_ISSUE, NULL), EH_OK);
	heart_end(&h);
}
END_TEST

START_TEST(claims_that_are_held_count_as_exposed)
{
	struct heart_order o = heart_order(1, 1000, 4);
	struct eh_now now;
	uint8_t graced;
	unsigned taken = 0;

	begin(&o);
	eh_engine_clock(h.eng, &now);
	for (unsigned i = 0; i < 100; i++) {
		taken += eh_lease_take(h.eng, 0, &now, &graced, NULL) == EH_OK;
		heart_work(&h);
	}
	ck_assert_uint_eq(taken, 5);
	ck_assert_uint_eq(passes().reserved, 5);
	heart_end(&h);
}
END_TEST

START_TEST(no_pass_is_opened_that_could_not_be_finished)
{
	struct heart_order o = heart_order(1, 100, 8);

	o.uses = 3;
	o.issues = 11;		/* for three devices, and two to spare */
	begin(&o);
	for (uint32_t i = 1; i <= 3; i++)
		ck_assert_int_eq(make(i), EH_OK);
	ck_assert_int_eq(make(4), EH_DENIED_QUOTA);
	ck_assert_ptr_nonnull(strstr(h.error.text, "operation 1"));
	ck_assert_ptr_nonnull(strstr(h.error.text, "issue"));
	ck_assert_ptr_nonnull(strstr(h.error.text, "allows 11"));
	ck_assert_uint_eq(passes().reserved, 3);
	heart_end(&h);
}
END_TEST

START_TEST(a_quota_of_zero_gives_nothing)
{
	struct heart_order o = heart_order(1, 0, 1);

	begin(&o);
	ck_assert_int_eq(make(1), EH_DENIED_QUOTA);
	ck_assert_str_eq(h.error.text,
	    "quota exhausted: authorization PO-1 allows 0 devices, 0 used");
	heart_end(&h);
}
END_TEST

START_TEST(burned_passes_are_in_the_sentence)
{
	struct heart_order o = heart_order(1, 4, 4);

	o.issues = 40;
	begin(&o);
	ck_assert_int_eq(make(1), EH_OK);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(make(2), EH_DENIED_QUOTA);
	ck_assert_str_eq(h.error.text, "quota exhausted: authorization PO-1 "
	    "allows 4 devices, 1 used and 3 burned by unclean stops");
	heart_end(&h);
}
END_TEST

/* Another boot of the machine: grace, and then an end until the time is
 * attested. */
static void
boot_again(const struct heart_order *o)
{
	begin(o);
	ck_assert_int_eq(heart_stop(&h), EH_OK);
	sim_boot(h.sim);
	ck_assert_int_eq(heart_open(&h), EH_OK);
}

START_TEST(boot_grace_is_for_so_many_devices)
{
	struct heart_order o = heart_order(1, 1000, 8);

	o.grace = 5;
	o.uses = 2;
	o.issues = 3000;
	boot_again(&o);
	for (uint32_t i = 1; i <= 5; i++)
		ck_assert_int_eq(make(i), EH_OK);
	ck_assert_int_eq(make(6), EH_DENIED_TIME);
	ck_assert_ptr_nonnull(strstr(h.error.text, "allows 5 devices"));
	/* The grace was taken out in the same commit as the lease. */
	ck_assert_uint_eq(heart_row(&h, 1)->grace, 0);
	/* A device that is open is finished, and repeated. */
	ck_assert_int_eq(make(3), EH_OK);
	heart_end(&h);
}
END_TEST

START_TEST(another_boot_refills_no_grace)
{
	struct heart_order o = heart_order(1, 1000, 2);
	unsigned made = 0;

	o.grace = 5;
	boot_again(&o);
	for (unsigned boot = 0; boot < 10; boot++) {
		made += make(100 + boot) == EH_OK;
		heart_drop(&h);
		sim_reboot(h.sim);
		sim_boot(h.sim);
		ck_assert_int_eq(heart_open(&h), EH_OK);
	}
	/* Leases of two: what was burned took its grace along. */
	ck_assert_uint_le(made, 5);
	ck_assert_uint_ge(made, 2);
	ck_assert_int_eq(make(500), EH_DENIED_TIME);
	heart_end(&h);
}
END_TEST

START_TEST(without_grace_no_device_is_made_after_a_boot)
{
	struct heart_order o = heart_order(1, 1000, 8);

	boot_again(&o);
	ck_assert_int_eq(make(1), EH_DENIED_TIME);
	heart_end(&h);
}
END_TEST

/* The clocks disagree while the machine runs: passes of a lease that was made
 * in better times need grace, too. */
START_TEST(a_lease_of_better_times_needs_grace)
{
	struct heart_order o = heart_order(1, 1000, 8);

	o.grace = 3;
	begin(&o);
	ck_assert_int_eq(make(1), EH_OK);
	h.eng->guard.disagreed = 1;
	for (uint32_t i = 2; i <= 4; i++)
		ck_assert_int_eq(make(i), EH_OK);
	ck_assert_int_eq(make(5), EH_DENIED_TIME);
	ck_assert_uint_eq(passes().reserved, 8);
	h.eng->guard.disagreed = 0;
	for (uint32_t i = 5; i <= 9; i++)
		ck_assert_int_eq(make(i), EH_OK);
	heart_end(&h);
}
END_TEST

START_TEST(a_reissue_has_no_grace)
{
	struct heart_order o = heart_order(1, 1000, 8);
	struct heart_ask ask = { .order = 1, .device = 1 };

	o.grace = 5;
	o.reissues = 5;
	boot_again(&o);
	ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_OK);
	ask.key = 1;
	ck_assert_int_eq(
	    heart_issue(&h, &ask, NULL, NULL), EH_DENIED_TIME);
	heart_end(&h);
}
END_TEST

START_TEST(grace_of_a_withdrawn_claim_comes_back)
{
	struct heart_order o = heart_order(1, 1000, 8);
	struct eh_now now;
	uint8_t graced;

	o.grace = 2;
	boot_again(&o);
	ck_assert_int_eq(make(1), EH_OK);
	eh_engine_clock(h.eng, &now);
	ck_assert_int_eq(
	    eh_lease_take(h.eng, 0, &now, &graced, NULL), EH_OK);
	ck_assert_int_eq(graced, 1);
	eh_lease_give(h.eng, 0, graced);
	ck_assert_int_eq(make(2), EH_OK);
	ck_assert_int_eq(make(3), EH_DENIED_TIME);
	heart_end(&h);
}
END_TEST

/* A state of which only what burns is filled. */
START_TEST(burning_is_exact)
{
	static struct eh_state st;
	struct eh_row *row = &st.row[0];

	memset(&st, 0, sizeof(st));
	st.generation = 2;
	row->state = EH_ROW_LIVE;
	row->generation = 1;
	row->op[0].granted = row->op[1].granted = 1;
	row->op[0].count = (struct eh_counter) { 3, 2, 10, 100 };
	row->op[1].count = (struct eh_counter) { 4, 0, 20, 100 };
	st.row[1] = *row;
	st.row[1].generation = 2;
	st.row[1].op[0].count.reserved = 5;
	st.row[1].op[1].count.reserved = 4;
	st.log.seq_hi = 7;
	ck_assert_int_eq(eh_lease_burns(row), 1);
	ck_assert_int_eq(eh_lease_burns(&st.row[1]), 0);
	ck_assert_int_eq(eh_lease_burn(&st), EH_OK);
	ck_assert_uint_eq(row->op[0].count.burned, 7);
	ck_assert_uint_eq(row->op[1].count.burned, 16);
	ck_assert_uint_eq(row->burns, 1);
	ck_assert_uint_eq(row->halvings, 1);
	ck_assert_uint_eq(row->burn_unrecorded, 1);
	/* Where nothing burns, no number changes. */
	ck_assert_uint_eq(st.row[1].burns, 0);
	ck_assert_uint_eq(st.log.burned_passes, 5);
	ck_assert_uint_eq(st.log.tree.size, 7);
	ck_assert_uint_eq(st.log.burned_seqs, 7);
	ck_assert_uint_eq(st.log.unrecorded.count, 7);
	/* Twice is once, but for the places. */
	st.log.seq_hi = 9;
	ck_assert_int_eq(eh_lease_burn(&st), EH_OK);
	ck_assert_uint_eq(row->burns, 1);
	ck_assert_uint_eq(st.log.nburned, 1);
	ck_assert_uint_eq(st.log.burned[0].span, 9);
	ck_assert_uint_eq(st.log.unrecorded.count, 9);
}
END_TEST

START_TEST(ranges_merge_where_the_gap_is_smallest)
{
	static struct eh_state st;

	memset(&st, 0, sizeof(st));
	for (unsigned i = 0; i < EH_BURNED_RANGES_MAX; i++) {
		st.log.burned[i].first = 100 * i + (i == 40 ? 90 : 0);
		st.log.burned[i].span = 4;
		st.log.burned[i].burned = 4;
	}
	st.log.nburned = EH_BURNED_RANGES_MAX;
	st.log.tree.size = 10000;
	st.log.seq_hi = 10003;
	ck_assert_int_eq(eh_lease_burn(&st), EH_OK);
	ck_assert_uint_eq(st.log.nburned, EH_BURNED_RANGES_MAX);
	ck_assert_int_eq(st.log.merged, 1);
	ck_assert_uint_eq(st.log.burned[39].first, 3900);
	ck_assert_uint_eq(st.log.burned[40].first, 4090);
	ck_assert_uint_eq(st.log.burned[40].span, 4100 + 4 - 4090);
	ck_assert_uint_eq(st.log.burned[40].burned, 8);
	ck_assert_uint_eq(st.log.burned[63].first, 10000);
	ck_assert_uint_eq(st.log.burned[63].span, 3);
}
END_TEST

START_TEST(the_last_number_closes_the_row)
{
	static struct eh_state st;
	struct eh_row *row = &st.row[0];

	memset(&st, 0, sizeof(st));
	st.generation = 1;
	row->state = EH_ROW_LIVE;
	row->generation = 1;
	row->op[0].granted = 1;
	row->op[0].count = (struct eh_counter) { 3, 0, 10, 100 };
	row->burns = UINT16_MAX - 1;
	ck_assert_int_eq(eh_lease_burn(&st), EH_OK);
	ck_assert_int_eq(row->state, EH_ROW_CLOSING);
	ck_assert_int_eq(row->close_reason, EH_CLOSE_BURNS);
	ck_assert_uint_eq(row->burns, UINT16_MAX);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lease");
	TCase *t = tcase_create("lease");

	tcase_add_test(t, a_lease_halves_down_to_16_or_to_itself);
	tcase_add_test(t, only_operations_of_a_pass_are_leased);
	tcase_add_test(t, the_window_has_room_for_all_leases);
	tcase_add_test(t, nothing_is_usable_before_it_is_anchored);
	tcase_add_test(t, the_next_lease_is_fetched_at_a_quarter);
	tcase_add_test(t, a_line_that_waited_is_fetched_for_at_half);
	tcase_add_test(t, fresh_units_wait_for_the_anchor);
	tcase_add_test(t, claims_that_are_held_count_as_exposed);
	tcase_add_test(t, no_pass_is_opened_that_could_not_be_finished);
	tcase_add_test(t, a_quota_of_zero_gives_nothing);
	tcase_add_test(t, burned_passes_are_in_the_sentence);
	tcase_add_test(t, boot_grace_is_for_so_many_devices);
	tcase_add_test(t, another_boot_refills_no_grace);
	tcase_add_test(t, without_grace_no_device_is_made_after_a_boot);
	tcase_add_test(t, a_lease_of_better_times_needs_grace);
	tcase_add_test(t, a_reissue_has_no_grace);
	tcase_add_test(t, grace_of_a_withdrawn_claim_comes_back);
	tcase_add_test(t, burning_is_exact);
	tcase_add_test(t, ranges_merge_where_the_gap_is_smallest);
	tcase_add_test(t, the_last_number_closes_the_row);
	suite_add_tcase(s, t);
	return unit_run(s);
}
