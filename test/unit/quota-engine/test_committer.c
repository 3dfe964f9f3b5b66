/* SPDX-License-Identifier: Apache-2.0 */
/* test_committer.c - groups, segments, windows, and what is refused in time. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quota-engine/committer.h"
#include "quota-engine/ledger.h"
#include "test/fault/heart.h"
#include "test/unit/unit.h"

static struct heart h;

static void
begin_large(uint32_t segment, uint64_t quota, uint32_t lease)
{
	struct heart_order o = heart_order(1, quota, lease);

	memset(&h, 0, sizeof(h));
	h.segment = segment;
	heart_begin(&h, 11);
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
}

static void
begin(uint64_t quota, uint32_t lease)
{
	begin_large(EH_SEGMENT_MIN, quota, lease);
}

static int
make(uint32_t device)
{
	struct heart_ask ask = { .order = 1, .device = device };

	return heart_issue(&h, &ask, NULL, NULL);
}

/* Many who submit at once. */
struct crowd {
	unsigned n;
	struct eh_submission *sub;
	struct eh_ticket *ticket;
	struct eh_record *record;
};
static uint8_t signature[64] = { 1, 2, 3 };

static void
gather(struct crowd *c, unsigned n, uint32_t first)
{
	struct heart_ask ask = { .order = 1 };
	uint8_t reply[EH_PRIVATE_REPLY_MAX];
	struct eh_answer answer;
	struct eh_request req;
	size_t len;

	c->n = n;
	c->sub = calloc(n, sizeof(*c->sub));
	c->ticket = calloc(n, sizeof(*c->ticket));
	c->record = calloc(n, sizeof(*c->record));
	for (unsigned i = 0; i < n; i++) {
		ask.device = first + i;
		heart_request(&h, &ask, &req);
		ck_assert_int_eq(eh_engine_claim(h.eng, &req, &c->ticket[i],
		    &answer, reply, &len, &h.error), EH_OK);
		heart_record(&req, answer.issue, &c->record[i]);
		c->sub[i].kind = EH_SUBMIT_CLAIM;
		c->sub[i].record = &c->record[i];
		c->sub[i].ticket = &c->ticket[i];
		c->sub[i].private.reply = signature;
		c->sub[i].private.reply_len = 64;
		ck_assert_int_eq(
		    eh_committer_submit(h.eng, &c->sub[i], &h.error), EH_OK);
	}
}

static void
disperse(struct crowd *c)
{
	free(c->sub);
	free(c->ticket);
	free(c->record);
}

static unsigned
done(const struct crowd *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->n; i++)
		n += c->sub[i].done && c->sub[i].result == EH_OK;
	return n;
}

START_TEST(what_waits_becomes_one_group_with_one_sync)
{
	struct crowd c;
	uint64_t calls;

	/* Claims promise more than a small segment holds. */
	begin_large(1024 * 1024, 1000, 512);
	ck_assert_int_eq(make(5000), EH_OK);
	gather(&c, 40, 1);
	calls = sim_calls(h.sim);
	ck_assert_uint_eq(eh_committer_collect(h.eng), 40);
	ck_assert_int_eq(eh_committer_write(h.eng), EH_OK);
	ck_assert_int_eq(eh_committer_settle(h.eng), EH_OK);
	/* The clocks, one write, one sync. */
	ck_assert_uint_eq(sim_calls(h.sim) - calls, 3);
	ck_assert_uint_eq(done(&c), 40);
	ck_assert_uint_eq(h.eng->promised, 0);
	disperse(&c);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(nothing_counts_before_the_sync)
{
	struct crowd c;

	begin(1000, 64);
	ck_assert_int_eq(make(5000), EH_OK);
	gather(&c, 3, 1);
	ck_assert_uint_eq(eh_committer_collect(h.eng), 3);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).used, 1);
	ck_assert_int_eq(eh_committer_write(h.eng), EH_OK);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).used, 1);
	ck_assert_uint_eq(done(&c), 0);
	ck_assert_uint_eq(c.record[0].counters.of[0].used, 2);
	ck_assert_uint_eq(c.record[2].counters.of[0].used, 4);
	ck_assert_int_eq(eh_committer_settle(h.eng), EH_OK);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).used, 4);
	disperse(&c);
	heart_end(&h);
}
END_TEST

START_TEST(a_group_has_at_most_256_entries)
{
	struct crowd c;
	unsigned groups = 0;

	begin_large(4 * 1024 * 1024, 1000, 600);
	ck_assert_int_eq(make(5000), EH_OK);
	gather(&c, 300, 1);
	while (done(&c) < 300 && groups < 10) {
		unsigned n = eh_committer_collect(h.eng);

		ck_assert_uint_le(n, 256);
		ck_assert_uint_gt(n, 0);
		groups++;
		ck_assert_int_eq(eh_committer_write(h.eng), EH_OK);
		ck_assert_int_eq(eh_committer_settle(h.eng), EH_OK);
	}
	ck_assert_uint_eq(groups, 2);
	disperse(&c);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(a_full_segment_is_followed_by_the_next)
{
	begin(2000, 16);
	for (uint32_t i = 1; i <= 400; i++)
		ck_assert_int_eq(make(i), EH_OK);
	/* 400 entries of some 500 bytes in segments of 60 KiB. */
	ck_assert_uint_ge(h.eng->journal.places, 3);
	ck_assert_ptr_null(heart_check(&h));
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_ptr_null(heart_check(&h));
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).used, 400);
	for (uint32_t i = 1; i <= 400; i += 37)
		ck_assert_int_eq(make(i), EH_OK);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).used, 400);
	heart_end(&h);
}
END_TEST

/* Crash point 13, at every call of a change of segment. */
START_TEST(a_change_of_segment_crashes_anywhere)
{
	for (uint64_t calls = 1; calls < 40; calls++) {
		uint32_t device = 0;
		unsigned segments;

		begin(2000, 64);
		do {
			segments = (unsigned)h.eng->journal.places;
			ck_assert_int_eq(make(++device), EH_OK);
		} while (h.eng->state->log.next.offset < 60000);
		sim_crash_at(h.sim, calls);
		while (make(++device) == EH_OK)
			;
		ck_assert(sim_crashed(h.sim));
		(void)segments;
		ck_assert_int_eq(heart_restart(&h), EH_OK);
		ck_assert_uint_ge(
		    heart_counter(&h, 1, EH_OP_PASS).used, device - 1);
		ck_assert_int_eq(make(device), EH_OK);
		ck_assert_ptr_null(heart_check(&h));
		heart_end(&h);
	}
}
END_TEST

START_TEST(a_full_disk_refuses_new_devices_before_space_is_needed)
{
	uint32_t device = 0, made;
	int err;

	begin(2000, 16);
	sim_space(h.sim, 5000);
	while ((err = make(++device)) == EH_OK)
		;
	ck_assert_int_eq(err, EH_ERR_FULL);
	ck_assert_ptr_nonnull(strstr(h.error.text, "no space"));
	ck_assert_ptr_nonnull(strstr(h.error.text, "/state/journal"));
	ck_assert_int_eq(eh_engine_status(h.eng, NULL), EH_ENGINE_READY);
	made = device - 1;
	/* What is there is given, and room makes it go on. */
	ck_assert_int_eq(make(made), EH_OK);
	sim_space(h.sim, UINT64_MAX);
	while ((err = make(device)) == EH_ERR_FULL)
		heart_work(&h);
	ck_assert_int_eq(err, EH_OK);
	for (unsigned i = 0; i < 200; i++)
		ck_assert_int_eq(make(++device), EH_OK);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(a_window_that_is_used_up_waits_for_a_commit)
{
	struct eh_record *record = calloc(1, sizeof(*record));

	begin(2000, 1);
	/* Key requests are many and use no lease. */
	for (unsigned i = 0; i < 300; i++) {
		memset(record, 0, sizeof(*record));
		eh_record_init(record, EH_RECORD_CSR);
		ck_assert_int_eq(
		    eh_engine_record(h.eng, record, &h.error), EH_OK);
		ck_assert_uint_le(h.eng->state->log.tree.size,
		    h.eng->state->log.seq_hi);
	}
	ck_assert_ptr_null(heart_check(&h));
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_uint_ge(h.eng->state->log.tree.size, 300);
	free(record);
	heart_end(&h);
}
END_TEST

/* With the anchor busy the places of the window are all there are. */
START_TEST(no_entry_takes_a_place_behind_the_window)
{
	struct eh_submission *sub = calloc(200, sizeof(*sub));
	struct eh_record *record = calloc(200, sizeof(*record));
	unsigned n, all = 0;

	begin_large(1024 * 1024, 2000, 1);
	heart_work(&h);
	eh_commit_request(h.eng);
	ck_assert_int_eq(eh_commit_begin(h.eng), EH_OK);
	for (unsigned i = 0; i < 200; i++) {
		eh_record_init(&record[i], EH_RECORD_CSR);
		sub[i].kind = EH_SUBMIT_RECORD;
		sub[i].record = &record[i];
		ck_assert_int_eq(
		    eh_committer_submit(h.eng, &sub[i], &h.error), EH_OK);
	}
	while ((n = eh_committer_collect(h.eng)) > 0) {
		all += n;
		ck_assert_int_eq(eh_committer_write(h.eng), EH_OK);
		ck_assert_int_eq(eh_committer_settle(h.eng), EH_OK);
	}
	ck_assert_uint_lt(all, 200);
	ck_assert_uint_eq(
	    h.eng->state->log.tree.size, h.eng->state->log.seq_hi);
	ck_assert_int_eq(eh_commit_store(h.eng), EH_OK);
	ck_assert_int_eq(eh_commit_extend(h.eng), EH_OK);
	ck_assert_int_eq(eh_commit_verify(h.eng), EH_OK);
	eh_commit_end(h.eng);
	heart_work(&h);
	ck_assert_int_eq(sub[199].done, 1);
	ck_assert_ptr_null(heart_check(&h));
	free(sub);
	free(record);
	heart_end(&h);
}
END_TEST

/* The window of a large lease is open; when the order is closed it stays. */
START_TEST(a_window_never_shrinks)
{
	struct heart_order o = heart_order(1, 2000, 512);
	uint64_t hi;

	o.expires = UINT64_C(1790000000) + 1000;
	memset(&h, 0, sizeof(h));
	heart_begin(&h, 11);
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	ck_assert_int_eq(make(1), EH_OK);
	hi = h.eng->state->log.seq_hi;
	ck_assert_uint_gt(hi, 512);
	sim_pass(h.sim, 1010);
	heart_work(&h);
	ck_assert_int_eq(heart_label(&h, "x"), EH_OK);
	ck_assert_int_eq(heart_row(&h, 1)->state, EH_ROW_CLOSED);
	ck_assert_uint_eq(h.eng->state->log.seq_hi, hi);
	heart_end(&h);
}
END_TEST

/* While a commit flies, groups go on inside the old window and no further. */
START_TEST(groups_go_on_while_a_commit_flies)
{
	struct crowd c;
	uint64_t hi, k;

	begin(2000, 64);
	ck_assert_int_eq(make(5000), EH_OK);
	heart_work(&h);
	gather(&c, 4, 1);
	eh_commit_request(h.eng);
	ck_assert_int_eq(eh_commit_begin(h.eng), EH_OK);
	hi = h.eng->state->log.seq_hi;
	k = h.eng->state->commit;
	ck_assert_int_eq(eh_commit_store(h.eng), EH_OK);
	ck_assert_uint_eq(eh_committer_collect(h.eng), 4);
	ck_assert_int_eq(eh_committer_write(h.eng), EH_OK);
	ck_assert_int_eq(eh_commit_extend(h.eng), EH_OK);
	ck_assert_int_eq(eh_committer_settle(h.eng), EH_OK);
	ck_assert_uint_eq(h.eng->state->log.seq_hi, hi);
	ck_assert_uint_eq(h.eng->state->commit, k);
	ck_assert_uint_eq(c.record[0].commit, k);
	ck_assert_int_eq(eh_commit_verify(h.eng), EH_OK);
	eh_commit_end(h.eng);
	ck_assert_uint_eq(h.eng->state->commit, k + 1);
	ck_assert_uint_gt(h.eng->state->log.seq_hi, hi);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).used, 5);
	disperse(&c);
	/* The copy is behind the journal, as after a crash. */
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).used, 5);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(a_record_that_cannot_be_written_is_refused_when_submitted)
{
	struct heart_ask ask = { .order = 1, .device = 1 };
	uint8_t reply[EH_PRIVATE_REPLY_MAX] = { 0 };
	struct eh_record record;
	struct eh_ticket ticket;
	struct eh_answer answer;
	struct eh_request req;
	size_t len;

	begin(100, 8);
	heart_request(&h, &ask, &req);
	ck_assert_int_eq(eh_engine_claim(
	    h.eng, &req, &ticket, &answer, reply, &len, &h.error), EH_OK);
	heart_record(&req, 0, &record);
	record.id_kind[0] = '\0';
	ck_assert_int_eq(eh_engine_submit(
	    h.eng, &ticket, &record, reply, 64, &h.error), EH_ERR_ARGUMENT);
	ck_assert_int_eq(ticket.held, 0);
	/* Nor a reply that is longer than the claim promised. */
	ck_assert_int_eq(eh_engine_claim(
	    h.eng, &req, &ticket, &answer, reply, &len, &h.error), EH_OK);
	heart_record(&req, 0, &record);
	ck_assert_int_eq(eh_engine_submit(h.eng, &ticket, &record, reply,
	    EH_PRIVATE_REPLY_MAX, &h.error), EH_ERR_ARGUMENT);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).used, 0);
	ck_assert_uint_eq(h.eng->held, 0);
	ck_assert_int_eq(make(1), EH_OK);
	heart_end(&h);
}
END_TEST

START_TEST(records_of_other_kinds_do_not_stand_alone)
{
	struct eh_record *record = calloc(1, sizeof(*record));
	struct eh_change change = { .record = record };

	begin(100, 8);
	heart_record(&(struct eh_request) { 0 }, 0, record);
	ck_assert_int_eq(
	    eh_engine_record(h.eng, record, &h.error), EH_ERR_ARGUMENT);
	eh_record_init(record, EH_RECORD_REVOKED);
	ck_assert_int_eq(
	    eh_engine_change(h.eng, &change, &h.error), EH_ERR_UNSUPPORTED);
	free(record);
	heart_end(&h);
}
END_TEST

START_TEST(a_change_that_refuses_changes_nothing)
{
	struct heart_order o = heart_order(2, 10, 1);
	char label[100];
	uint64_t size;

	begin(100, 8);
	o.supersedes = 77;
	size = h.eng->state->log.tree.size;
	ck_assert_int_eq(heart_install(&h, &o), EH_ERR_FORMAT);
	ck_assert_str_eq(h.error.text, "nothing to supersede");
	ck_assert_uint_eq(h.eng->state->log.tree.size, size);
	memset(label, 'x', sizeof(label));
	label[sizeof(label) - 1] = '\0';
	ck_assert_int_eq(heart_label(&h, label), EH_ERR_ARGUMENT);
	ck_assert_str_eq(h.eng->state->label, "test");
	ck_assert_int_eq(heart_label(&h, "other"), EH_OK);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_str_eq(h.eng->state->label, "other");
	heart_end(&h);
}
END_TEST

/* What the record of an authorization and of a burn say. */
struct seen {
	struct eh_record *record;
	unsigned installed, burned, rows, boots, closed;
	uint64_t places, quota;
};

static int
see(void *context, uint64_t seq, const uint8_t *input, size_t len)
{
	struct seen *s = context;

	(void)seq;
	if (input[0] == 'E')
		return 0;
	ck_assert_int_eq(
	    eh_record_decode(input, len, s->record, NULL), EH_OK);
	if (s->record->kind == EH_RECORD_INSTALLED) {
		s->installed++;
		s->quota += s->record->counters.of[0].quota;
	}
	s->boots += s->record->kind == EH_RECORD_BOOT;
	s->closed += s->record->kind == EH_RECORD_CLOSED;
	if (s->record->kind == EH_RECORD_BURNED) {
		s->burned++;
		s->rows += s->record->of.burned.nrows;
		if (s->record->of.burned.nspans > 0)
			s->places += s->record->of.burned.spans[0].count;
	}
	return 0;
}

START_TEST(burned_rows_fill_as_many_records_as_it_takes)
{
	struct seen s = { .record = calloc(1, sizeof(struct eh_record)) };
	uint64_t next;

	begin(100, 4);
	for (uint32_t i = 1; i <= 20; i++) {
		struct heart_order o = heart_order(i, 100, 4);
		struct heart_ask ask = { .order = i, .device = i };

		o.profile = i;
		if (i > 1)
			ck_assert_int_eq(heart_install(&h, &o), EH_OK);
		ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_OK);
	}
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(make(50), EH_OK);
	ck_assert_int_eq(
	    eh_logread(h.eng, 0, see, &s, &next, &h.error), EH_OK);
	ck_assert_uint_eq(s.installed, 20);
	ck_assert_uint_eq(s.quota, 2000);
	ck_assert_uint_eq(s.burned, 3);
	ck_assert_uint_eq(s.rows, 20);
	ck_assert_uint_eq(s.boots, 1);
	ck_assert_uint_eq(s.places, h.eng->state->log.burned_seqs);
	ck_assert_ptr_null(heart_check(&h));
	free(s.record);
	heart_end(&h);
}
END_TEST

START_TEST(time_goes_into_the_floor_with_each_commit)
{
	begin(100, 4);
	ck_assert_int_eq(make(1), EH_OK);
	sim_pass(h.sim, 7200);
	ck_assert_int_eq(eh_engine_tick(h.eng, NULL), EH_OK);
	heart_work(&h);
	ck_assert_uint_ge(
	    h.eng->state->clock.floor, UINT64_C(1790000000) + 7100);
	heart_drop(&h);
	sim_reboot(h.sim);
	sim_boot(h.sim);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_uint_ge(
	    h.eng->state->clock.floor, UINT64_C(1790000000) + 7100);
	heart_end(&h);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("committer");
	TCase *t = tcase_create("committer");

	tcase_add_test(t, what_waits_becomes_one_group_with_one_sync);
	tcase_add_test(t, nothing_counts_before_the_sync);
	tcase_add_test(t, a_group_has_at_most_256_entries);
	tcase_add_test(t, a_full_segment_is_followed_by_the_next);
	tcase_add_test(t, a_change_of_segment_crashes_anywhere);
	tcase_add_test(
	    t, a_full_disk_refuses_new_devices_before_space_is_needed);
	tcase_add_test(t, a_window_that_is_used_up_waits_for_a_commit);
	tcase_add_test(t, no_entry_takes_a_place_behind_the_window);
	tcase_add_test(t, a_window_never_shrinks);
	tcase_add_test(t, groups_go_on_while_a_commit_flies);
	tcase_add_test(
	    t, a_record_that_cannot_be_written_is_refused_when_submitted);
	tcase_add_test(t, records_of_other_kinds_do_not_stand_alone);
	tcase_add_test(t, a_change_that_refuses_changes_nothing);
	tcase_add_test(t, burned_rows_fill_as_many_records_as_it_takes);
	tcase_add_test(t, time_goes_into_the_floor_with_each_commit);
	suite_add_tcase(s, t);
	return unit_run(s);
}
