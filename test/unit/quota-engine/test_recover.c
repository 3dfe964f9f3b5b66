/* SPDX-License-Identifier: Apache-2.0 */
/* test_recover.c - the rows of the table of crash points and attacks, one by
 * one. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "quota-engine/committer.h"
#include "quota-engine/ledger.h"
#include "quota-engine/recover.h"
#include "test/fault/heart.h"
#include "test/unit/unit.h"

static struct heart h;

static void
begin(uint64_t quota, uint32_t lease)
{
	struct heart_order o = heart_order(1, quota, lease);

	memset(&h, 0, sizeof(h));
	heart_begin(&h, 1);
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
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

/* Begin a claim and leave it there, as a worker that is signing. */
static void
claim(struct eh_ticket *ticket, uint32_t device)
{
	struct heart_ask ask = { .order = 1, .device = device };
	uint8_t reply[EH_PRIVATE_REPLY_MAX];
	struct eh_answer answer;
	struct eh_request req;
	size_t len;

	heart_request(&h, &ask, &req);
	ck_assert_int_eq(eh_engine_claim(
	    h.eng, &req, ticket, &answer, reply, &len, &h.error), EH_OK);
}

/* Row 1: a ticket was taken, a signature made, and nothing was written. */
START_TEST(a_request_that_was_not_recorded_is_lost_with_its_lease)
{
	struct eh_ticket ticket;

	begin(100, 8);
	ck_assert_int_eq(make(1), EH_OK);
	claim(&ticket, 2);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(make(2), EH_OK);
	ck_assert_uint_eq(passes().used, 2);
	ck_assert_uint_eq(passes().burned, 7);
	ck_assert_uint_eq(heart_row(&h, 1)->burns, 1);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

/* Rows 4 and 5: what was durable counts, and is given again, free. */
START_TEST(a_recorded_certificate_is_given_again_after_a_crash)
{
	struct heart_ask ask = { .order = 1, .device = 1 };
	uint8_t first[64], second[64];
	struct eh_answer answer;

	begin(100, 8);
	ck_assert_int_eq(heart_issue(&h, &ask, &answer, first), EH_OK);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(heart_issue(&h, &ask, &answer, second), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_RETRY);
	ck_assert_mem_eq(first, second, 64);
	ck_assert_uint_eq(passes().used, 1);
	heart_end(&h);
}
END_TEST

/* Rows 2 and 3: the front of a torn group counts, the rest does not. */
START_TEST(the_whole_entries_at_the_front_of_a_torn_group_count)
{
	struct eh_submission sub[3];
	struct eh_ticket ticket[3];
	struct eh_record record[3];
	uint8_t signature[64] = { 1 }, *file;
	char name[EH_OS_NAME];
	uint32_t offset[3];
	size_t len;

	begin(100, 8);
	ck_assert_int_eq(make(9), EH_OK);
	memset(sub, 0, sizeof(sub));
	for (uint32_t i = 0; i < 3; i++) {
		claim(&ticket[i], i + 1);
		heart_record(&ticket[i].request, 0, &record[i]);
		sub[i].kind = EH_SUBMIT_CLAIM;
		sub[i].record = &record[i];
		sub[i].ticket = &ticket[i];
		sub[i].private.reply = signature;
		sub[i].private.reply_len = 64;
		ck_assert_int_eq(
		    eh_committer_submit(h.eng, &sub[i], NULL), EH_OK);
	}
	ck_assert_uint_eq(eh_committer_collect(h.eng), 3);
	ck_assert_int_eq(eh_committer_write(h.eng), EH_OK);
	for (unsigned i = 0; i < 3; i++)
		offset[i] = h.eng->group->item[i].offset;
	eh_journal_name(name, h.eng->state->log.next.first);
	file = sim_file(h.sim, name, &len);
	file[offset[1] + 80] ^= 1;
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_uint_eq(passes().used, 2);
	ck_assert(h.eng->boot_flags & EH_BOOT_TORN_TAIL);
	ck_assert_int_eq(make(2), EH_OK);
	ck_assert_uint_eq(passes().used, 3);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

/* Row 6: the message is in the journal, so it is applied again. */
START_TEST(a_journaled_message_is_applied_at_the_next_start)
{
	struct heart_order o = heart_order(2, 10, 2);
	uint64_t calls;

	for (calls = 1;; calls++) {
		begin(100, 8);
		sim_crash_at(h.sim, calls);
		if (heart_install(&h, &o) == EH_OK)
			break;
		ck_assert_int_eq(heart_restart(&h), EH_OK);
		/* In or out; when it is in, it works. */
		if (heart_row(&h, 2) != NULL) {
			struct heart_ask ask = { .order = 2, .device = 1 };

			ck_assert_int_eq(
			    heart_issue(&h, &ask, NULL, NULL), EH_OK);
		}
		ck_assert_int_eq(heart_install(&h, &o), EH_OK);
		ck_assert_ptr_null(heart_check(&h));
		heart_end(&h);
	}
	ck_assert_uint_gt(calls, 5);
	heart_end(&h);
}
END_TEST

/* Rows 7 to 10: nothing is lost but the rest of what was leased, and with a
 * prefetched lease at most a quarter more. */
START_TEST(a_crash_in_a_lease_commit_burns_at_most_a_lease_and_a_quarter)
{
	for (uint64_t calls = 1; calls < 40; calls++) {
		uint32_t device = 0;

		begin(1000, 8);
		sim_crash_at(h.sim, calls);
		while (make(++device) == EH_OK)
			;
		ck_assert(sim_crashed(h.sim));
		ck_assert_int_eq(heart_restart(&h), EH_OK);
		ck_assert_int_eq(make(500), EH_OK);
		ck_assert_uint_le(passes().burned, 10);
		ck_assert_ptr_null(heart_check(&h));
		heart_end(&h);
	}
}
END_TEST

/* Row 10a: the reply of an extend is lost, the process lives. */
START_TEST(an_extend_with_unknown_outcome_is_read_first)
{
	begin(1000, 2);
	sim_lose_replies(h.sim, 5);
	for (uint32_t i = 1; i < 100; i++)
		ck_assert_int_eq(make(i), EH_OK);
	ck_assert_ptr_null(heart_check(&h));
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	heart_end(&h);
}
END_TEST

/* Row 10c: a re-issue leaves behind an anchored commit, so cutting its record
 * away is not taken for a crash. */
START_TEST(a_reissue_that_left_cannot_be_cut_away)
{
	struct heart_order o = heart_order(2, 10, 4);
	struct heart_ask ask = { .order = 2, .device = 1 };
	struct eh_position at;
	struct eh_answer answer;
	char name[EH_OS_NAME];
	size_t len;

	begin(100, 8);
	o.reissues = 4;
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_OK);
	ask.key = 1;
	ck_assert_int_eq(heart_issue(&h, &ask, &answer, NULL), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_REISSUE);
	ck_assert_uint_eq(answer.issue, 1);
	ck_assert_uint_eq(heart_counter(&h, 2, EH_OP_REISSUE).used, 1);
	ck_assert_uint_eq(heart_counter(&h, 2, EH_OP_REISSUE).reserved, 1);
	at = h.eng->state->log.last;
	eh_journal_name(name, at.first);
	heart_drop(&h);
	memset(sim_file(h.sim, name, &len) + at.offset, 0, 400);
	ck_assert_int_eq(heart_open(&h), EH_DENIED_FAIL_STOPPED);
	heart_end(&h);
}
END_TEST

START_TEST(a_reissue_crashes_anywhere_and_counts_once)
{
	for (uint64_t calls = 1; calls < 60; calls++) {
		struct heart_order o = heart_order(2, 10, 4);
		struct heart_ask ask = { .order = 2, .device = 1 };
		uint8_t first[64], again[64];
		struct eh_answer answer;
		int err;

		begin(100, 8);
		o.reissues = 4;
		ck_assert_int_eq(heart_install(&h, &o), EH_OK);
		ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_OK);
		ask.key = 1;
		sim_crash_at(h.sim, calls);
		err = heart_issue(&h, &ask, NULL, first);
		if (sim_crashed(h.sim))
			ck_assert_int_eq(heart_restart(&h), EH_OK);
		sim_crash_at(h.sim, 0);
		ck_assert_int_eq(heart_issue(&h, &ask, &answer, again), EH_OK);
		ck_assert_uint_eq(heart_counter(&h, 2, EH_OP_REISSUE).used, 1);
		if (err == EH_OK)
			ck_assert_mem_eq(first, again, 64);
		ck_assert_ptr_null(heart_check(&h));
		heart_end(&h);
	}
}
END_TEST

/* Rows 11 and 12: a start that crashes costs places of the log, no passes, and
 * comes to the same result. */
START_TEST(a_start_that_crashes_again_and_again_burns_once)
{
	uint64_t burned = 0;

	begin(1000, 8);
	ck_assert_int_eq(make(1), EH_OK);
	for (uint64_t calls = 1; calls < 40; calls++) {
		heart_drop(&h);
		sim_reboot(h.sim);
		sim_crash_at(h.sim, calls);
		if (heart_open(&h) == EH_OK && make(2) == EH_OK)
			break;
		ck_assert(sim_crashed(h.sim));
	}
	if (sim_crashed(h.sim))
		ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(make(2), EH_OK);
	burned = passes().burned;
	ck_assert_uint_ge(burned, 7);
	/* The crashes that came after a lease burned that, too. */
	ck_assert_uint_le(burned, 7 + 2 * 10);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

/* The start commit waits for a request that writes. */
START_TEST(a_restart_loop_writes_nothing)
{
	uint64_t print;

	begin(1000, 8);
	ck_assert_int_eq(make(1), EH_OK);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	print = sim_print(h.sim);
	for (unsigned i = 0; i < 20; i++) {
		ck_assert_int_eq(heart_restart(&h), EH_OK);
		ck_assert_int_eq(eh_engine_tick(h.eng, NULL), EH_OK);
		ck_assert_ptr_null(heart_check(&h));
		ck_assert_int_eq(heart_stop(&h), EH_OK);
		ck_assert_int_eq(heart_open(&h), EH_OK);
	}
	ck_assert_uint_eq(sim_print(h.sim), print);
	heart_end(&h);
}
END_TEST

/* Between an unclean stop and the start commit the issue numbers that people
 * see are those that will hold. */
START_TEST(burns_are_shown_before_they_are_anchored)
{
	begin(1000, 8);
	ck_assert_int_eq(make(1), EH_OK);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_uint_eq(heart_row(&h, 1)->burns, 0);
	ck_assert_uint_eq(eh_engine_burns(h.eng, heart_row(&h, 1)), 1);
	ck_assert_int_eq(make(2), EH_OK);
	ck_assert_uint_eq(heart_row(&h, 1)->burns, 1);
	ck_assert_uint_eq(eh_engine_burns(h.eng, heart_row(&h, 1)), 1);
	heart_end(&h);
}
END_TEST

/* Rows 14 to 16. */
START_TEST(a_clean_stop_returns_what_is_unused)
{
	begin(1000, 8);
	ck_assert_int_eq(make(1), EH_OK);
	ck_assert_uint_eq(passes().reserved, 8);
	ck_assert_int_eq(heart_stop(&h), EH_OK);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_uint_eq(passes().reserved, 1);
	ck_assert_int_eq(make(2), EH_OK);
	ck_assert_uint_eq(passes().used, 2);
	ck_assert_uint_eq(passes().burned, 0);
	ck_assert_uint_eq(heart_row(&h, 1)->burns, 0);
	ck_assert_uint_eq(h.eng->state->log.burned_seqs, 0);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(a_clean_stop_that_crashes_anywhere_burns_at_most_the_lease)
{
	for (uint64_t calls = 1; calls < 12; calls++) {
		begin(1000, 8);
		ck_assert_int_eq(make(1), EH_OK);
		sim_crash_at(h.sim, calls);
		(void)!heart_stop(&h);
		sim_reboot(h.sim);
		ck_assert_int_eq(heart_open(&h), EH_OK);
		ck_assert_int_eq(make(2), EH_OK);
		ck_assert_uint_eq(passes().used, 2);
		ck_assert_uint_le(passes().burned, 7);
		ck_assert_ptr_null(heart_check(&h));
		heart_end(&h);
	}
}
END_TEST

/* Row 17: any error of the disk ends it; nothing leaves, and the next start
 * decides. */
START_TEST(any_failing_call_stops_for_good)
{
	static const enum sim_call kinds[] = {
		SIM_WRITE, SIM_SHORT_WRITE, SIM_SYNC, SIM_EXTEND,
		SIM_ANCHOR_READ, SIM_OPEN, SIM_CLOCKS,
	};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (uint64_t n = 1; n < 4; n++) {
			uint32_t device = 0;
			struct eh_error why;
			int err;

			begin(1000, 2);
			sim_fail(h.sim, kinds[k], n);
			while ((err = make(++device)) == EH_OK)
				;
			ck_assert_int_eq(err, EH_DENIED_FAIL_STOPPED);
			ck_assert_int_eq(eh_engine_status(h.eng, &why),
			    EH_ENGINE_STOPPED);
			ck_assert_uint_gt(strlen(why.text), 20);
			/* Also when the disk is well again. */
			ck_assert_int_eq(make(900), EH_DENIED_FAIL_STOPPED);
			ck_assert_int_eq(
			    heart_label(&h, "x"), EH_DENIED_FAIL_STOPPED);
			ck_assert_int_eq(heart_restart(&h), EH_OK);
			ck_assert(h.eng->boot_flags & EH_BOOT_POISONED);
			ck_assert_int_eq(make(900), EH_OK);
			ck_assert_ptr_null(heart_check(&h));
			ck_assert_int_eq(heart_restart(&h), EH_OK);
			ck_assert(!(h.eng->boot_flags & EH_BOOT_POISONED));
			heart_end(&h);
		}
}
END_TEST

/* Row 20: cut short inside the open lease: burned, and the numbers of what was
 * hidden are never used again. */
START_TEST(a_hidden_certificate_shares_no_serial)
{
	struct heart_ask ask = { .order = 1, .device = 1 };
	struct eh_position at;
	struct eh_answer answer;
	char name[EH_OS_NAME];
	size_t len;

	begin(100, 8);
	ck_assert_int_eq(make(9), EH_OK);
	ck_assert_int_eq(heart_issue(&h, &ask, &answer, NULL), EH_OK);
	ck_assert_uint_eq(answer.issue, 0);
	at = h.eng->state->log.last;
	eh_journal_name(name, at.first);
	heart_drop(&h);
	memset(sim_file(h.sim, name, &len) + at.offset, 0, 400);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ask.key = 1;
	ck_assert_int_eq(heart_issue(&h, &ask, &answer, NULL), EH_OK);
	ck_assert_uint_eq(answer.issue, 1);
	ck_assert_uint_eq(passes().used, 2);
	ck_assert_uint_eq(passes().burned, 7);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

/* Row 23, 24: older disks, in whole and in part. */
START_TEST(an_older_disk_is_refused_with_what_to_do)
{
	static const char *const parts[] = { "state.0", "state.1" };
	struct sim *old, *now;
	uint8_t *to;
	size_t len;

	begin(1000, 2);
	ck_assert_int_eq(make(1), EH_OK);
	old = sim_copy(h.sim);
	for (uint32_t i = 2; i < 12; i++)
		ck_assert_int_eq(make(i), EH_OK);
	heart_drop(&h);
	now = sim_copy(h.sim);
	sim_put_back(h.sim, old);
	ck_assert_int_eq(heart_open(&h), EH_DENIED_FAIL_STOPPED);
	ck_assert_ptr_nonnull(strstr(h.error.text, "older copy"));
	ck_assert_ptr_nonnull(strstr(h.error.text, "put back the newest"));
	ck_assert_ptr_nonnull(strstr(h.error.text, "write this EdgeHSM off"));
	heart_drop(&h);
	/* Older copies, and the newest journal. */
	sim_put_back(h.sim, now);
	for (unsigned i = 0; i < 2; i++) {
		to = sim_file(h.sim, parts[i], &len);
		memcpy(to, sim_file(old, parts[i], &len), len);
	}
	ck_assert_int_eq(heart_open(&h), EH_DENIED_FAIL_STOPPED);
	heart_drop(&h);
	/* Older journal, and the newest copies. */
	sim_put_back(h.sim, old);
	for (unsigned i = 0; i < 2; i++) {
		to = sim_file(h.sim, parts[i], &len);
		memcpy(to, sim_file(now, parts[i], &len), len);
	}
	ck_assert_int_eq(heart_open(&h), EH_DENIED_FAIL_STOPPED);
	heart_drop(&h);
	/* The newest of both. */
	sim_put_back(h.sim, now);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_int_eq(make(50), EH_OK);
	sim_free(old);
	sim_free(now);
	heart_end(&h);
}
END_TEST

START_TEST(an_orphan_copy_never_matches)
{
	struct sim *orphan;
	uint8_t *to;
	size_t len, n;

	begin(1000, 2);
	/* Written, and the anchor not extended: crash point 9. */
	ck_assert_int_eq(make(1), EH_OK);
	eh_commit_request(h.eng);
	ck_assert_int_eq(eh_commit_begin(h.eng), EH_OK);
	ck_assert_int_eq(eh_commit_store(h.eng), EH_OK);
	orphan = sim_copy(h.sim);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(make(2), EH_OK);
	heart_drop(&h);
	for (unsigned k = 0; k < 2; k++) {
		to = sim_file(h.sim, eh_commit_copy(k), &len);
		memcpy(to, sim_file(orphan, eh_commit_copy(k), &n), len);
	}
	ck_assert_int_eq(heart_open(&h), EH_DENIED_FAIL_STOPPED);
	sim_free(orphan);
	heart_end(&h);
}
END_TEST

/* Row 25. */
START_TEST(copies_that_are_gone_or_damaged_stop_for_good)
{
	size_t len;

	begin(1000, 2);
	ck_assert_int_eq(make(1), EH_OK);
	heart_drop(&h);
	for (unsigned k = 0; k < 2; k++)
		sim_file(h.sim, eh_commit_copy(k), &len)[100] ^= 1;
	ck_assert_int_eq(heart_open(&h), EH_DENIED_FAIL_STOPPED);
	ck_assert_ptr_nonnull(strstr(h.error.text, "damaged"));
	heart_drop(&h);
	sim_remove(h.sim, "state.0");
	sim_remove(h.sim, "state.1");
	ck_assert_int_eq(heart_open(&h), EH_DENIED_FAIL_STOPPED);
	heart_end(&h);
}
END_TEST

START_TEST(an_empty_anchor_beside_a_state_stops_for_good)
{
	int fresh = 1;

	begin(1000, 2);
	heart_drop(&h);
	sim_clear_anchor(h.sim);
	ck_assert_int_eq(heart_open(&h), EH_DENIED_FAIL_STOPPED);
	ck_assert_ptr_nonnull(strstr(h.error.text, "empty"));
	ck_assert_int_eq(eh_engine_look(h.eng, &fresh, NULL), EH_OK);
	ck_assert_int_eq(fresh, 0);
	heart_end(&h);
}
END_TEST

/* Row 26: two engines on copies of one disk, with one anchor. */
START_TEST(of_two_engines_on_one_anchor_at_most_one_lives)
{
	/* With an anchor that refuses, and with one that only tells. */
	for (unsigned turn = 0; turn < 4; turn++) {
		struct heart other, *first, *second;
		struct heart_ask ask = { .order = 1 };
		unsigned left[2] = { 0, 0 };

		begin(1000, 4);
		ck_assert_int_eq(make(1), EH_OK);
		heart_drop(&h);
		other = h;
		other.sim = sim_copy(h.sim);
		ck_assert_int_eq(heart_open(&h), EH_OK);
		ck_assert_int_eq(heart_open(&other), EH_OK);
		first = turn % 2 == 0 ? &h : &other;
		second = turn % 2 == 0 ? &other : &h;
		if (turn >= 2)
			sim_blind_anchor(h.sim);
		/* Each would give out all it can, in turns. */
		for (uint32_t i = 2; i < 40; i++) {
			ask.device = i;
			left[0] +=
			    heart_issue(first, &ask, NULL, NULL) == EH_OK;
			ask.device = 100 + i;
			left[1] +=
			    heart_issue(second, &ask, NULL, NULL) == EH_OK;
		}
		/* Nothing left from one that met a foreign anchor; the other
		 * may go on for the lease that it had. */
		ck_assert_uint_eq(left[1], 0);
		ck_assert_uint_ge(left[0], turn < 2 ? 38 : 1);
		ck_assert_uint_le(left[0], turn < 2 ? 38 : 4);
		ck_assert_int_eq(eh_engine_status(first->eng, NULL),
		    turn < 2 ? EH_ENGINE_READY : EH_ENGINE_STOPPED);
		ck_assert_int_eq(
		    eh_engine_status(second->eng, NULL), EH_ENGINE_STOPPED);
		ck_assert_ptr_nonnull(
		    strstr(second->error.text, "another edgehsmd"));
		heart_drop(&other);
		sim_free(other.sim);
		heart_end(&h);
	}
}
END_TEST

/* Row 26 with memory: a process that was copied while it ran. */
START_TEST(a_resumed_snapshot_stops_at_its_first_commit)
{
	struct sim *disk;
	unsigned made = 0;

	begin(1000, 4);
	ck_assert_int_eq(make(1), EH_OK);
	disk = sim_copy(h.sim);
	/* Another machine goes on from a copy of the disk. */
	for (unsigned turn = 0; turn < 1; turn++) {
		struct heart other = h;

		other.sim = disk;
		ck_assert_int_eq(heart_open(&other), EH_OK);
		ck_assert_int_eq(heart_label(&other, "x"), EH_OK);
		heart_drop(&other);
	}
	/* This one uses up the lease that it has, and no more. */
	for (uint32_t i = 2; i < 40; i++)
		made += make(i) == EH_OK;
	ck_assert_uint_le(made, 5);
	ck_assert_int_eq(eh_engine_status(h.eng, NULL), EH_ENGINE_STOPPED);
	sim_free(disk);
	heart_end(&h);
}
END_TEST

START_TEST(genesis_needs_all_fresh)
{
	struct eh_state *first;
	uint8_t attestation[32] = { 0 };
	struct eh_engine *eng = NULL;
	struct eh_engine_params params;

	begin(10, 1);
	params = h.eng->params;
	first = h.eng->trial;
	*first = *h.eng->state;
	ck_assert_int_eq(eh_engine_new(&params, &eng), EH_OK);
	ck_assert_int_eq(eh_engine_genesis(
	    eng, &h.keys, first, attestation, &h.error), EH_DENIED_STATE);
	eh_engine_free(eng);
	heart_end(&h);
}
END_TEST

/* An engine that is ready for the genesis of ${h} on another machine. */
static struct eh_engine *
another_engine(struct sim *s)
{
	struct eh_engine_params params = h.eng->params;
	struct eh_engine *eng = NULL;

	params.os = sim_os(s);
	ck_assert_int_eq(eh_engine_new(&params, &eng), EH_OK);
	return eng;
}

static int
genesis(struct eh_engine *eng)
{
	uint8_t attestation[32] = { 0 };

	eh_error_clear(&h.error);
	return eh_engine_genesis(
	    eng, &h.keys, h.eng->state, attestation, &h.error);
}

START_TEST(a_genesis_without_space_leaves_nothing_and_can_be_repeated)
{
	const uint64_t space[] = { 0, 1000, EH_STATE_MAX,
		EH_STATE_MAX + 1000, 2 * EH_STATE_MAX, 2 * EH_STATE_MAX + 5000 };

	memset(&h, 0, sizeof(h));
	heart_begin(&h, 1);
	for (size_t i = 0; i < sizeof(space) / sizeof(space[0]); i++) {
		struct sim *s = sim_new(i + 1);
		struct eh_engine *eng = another_engine(s);
		int fresh = 0;

		sim_space(s, space[i]);
		ck_assert_int_eq(genesis(eng), EH_ERR_FULL);
		ck_assert_ptr_nonnull(strstr(h.error.text, "make room"));
		ck_assert_int_eq(eh_engine_look(eng, &fresh, NULL), EH_OK);
		ck_assert_int_eq(fresh, 1);
		sim_space(s, UINT64_MAX);
		ck_assert_int_eq(genesis(eng), EH_OK);
		eh_engine_free(eng);
		sim_free(s);
	}
	heart_end(&h);
}
END_TEST

/* Whatever is left is fresh, or whole, or says that it was cut short. */
START_TEST(a_genesis_that_crashes_anywhere_is_told)
{
	unsigned short_cut = 0, whole = 0;

	memset(&h, 0, sizeof(h));
	heart_begin(&h, 1);
	for (uint64_t n = 1; whole == 0; n++) {
		struct sim *s = sim_new(n);
		struct eh_engine *eng = another_engine(s);
		int fresh = 0, err;

		ck_assert_uint_lt(n, 200);
		sim_crash_at(s, n);
		whole += genesis(eng) == EH_OK;
		eh_engine_free(eng);
		sim_reboot(s);
		eng = another_engine(s);
		ck_assert_int_eq(eh_engine_look(eng, &fresh, NULL), EH_OK);
		if (fresh) {
			ck_assert_int_eq(genesis(eng), EH_OK);
		} else if ((err = eh_engine_open(
				eng, &h.keys, &h.error)) != EH_OK) {
			ck_assert_int_eq(err, EH_DENIED_FAIL_STOPPED);
			ck_assert_msg(strstr(h.error.text, "cut short") != NULL,
			    "call %u: %s", (unsigned)n, h.error.text);
			short_cut++;
		}
		eh_engine_free(eng);
		sim_free(s);
	}
	ck_assert_uint_gt(short_cut, 0);
	heart_end(&h);
}
END_TEST

/* Row 10b: between the counter and the anchor, and what only looks so. */
START_TEST(a_start_that_only_counted_is_counted_once)
{
	begin(100, 8);
	ck_assert_int_eq(make(1), EH_OK);
	sim_count_starts(h.sim, 1);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(make(2), EH_OK);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(make(3), EH_OK);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(a_state_that_missed_two_starts_stops_for_good)
{
	begin(100, 8);
	ck_assert_int_eq(make(1), EH_OK);
	sim_count_starts(h.sim, 2);
	ck_assert_int_eq(heart_restart(&h), EH_DENIED_FAIL_STOPPED);
	ck_assert_msg(strstr(h.error.text, "it is an older copy; put back the "
	    "newest, or have the authority write this EdgeHSM off") != NULL,
	    "%s", h.error.text);
	heart_end(&h);
}
END_TEST

START_TEST(another_kind_of_anchor_is_refused)
{
	struct eh_engine_params params;
	struct eh_engine *eng;

	begin(10, 1);
	params = h.eng->params;
	heart_drop(&h);
	params.anchor_class = EH_CLASS_FILE;
	params.anchor_mode = EH_ANCHOR_TPM_PLATFORM;
	ck_assert_int_eq(eh_engine_new(&params, &eng), EH_OK);
	ck_assert_int_eq(eh_engine_open(eng, &h.keys, &h.error),
	    EH_DENIED_FAIL_STOPPED);
	ck_assert_ptr_nonnull(strstr(h.error.text, "another kind of anchor"));
	eh_engine_free(eng);
	heart_end(&h);
}
END_TEST

/* Rule R5: more than 64 burned ranges are merged, and stop new devices. */
START_TEST(the_65th_unclean_stop_stops_new_devices)
{
	const struct eh_state_log *log;
	unsigned stops;
	int err = EH_OK;

	begin(1000, 1);
	for (stops = 0; stops < 70 && err == EH_OK; stops++) {
		ck_assert_int_eq(heart_restart(&h), EH_OK);
		err = make(stops + 1);
	}
	ck_assert_int_eq(err, EH_DENIED_OFFLINE);
	ck_assert_uint_eq(stops, 65);
	log = &h.eng->state->log;
	ck_assert_uint_eq(log->nburned, 64);
	ck_assert_int_eq(log->merged, 1);
	ck_assert_ptr_nonnull(strstr(h.error.text, "more than 64"));
	/* Devices that were made are given again. */
	ck_assert_int_eq(make(3), EH_OK);
	ck_assert_ptr_null(heart_check(&h));
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(make(100), EH_DENIED_OFFLINE);
	heart_end(&h);
}
END_TEST

START_TEST(leases_halve_with_each_unclean_stop)
{
	begin(1000, 64);
	ck_assert_int_eq(make(1), EH_OK);
	ck_assert_uint_eq(passes().reserved, 64);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(make(2), EH_OK);
	ck_assert_uint_eq(passes().burned, 63);
	ck_assert_uint_eq(passes().reserved, 64 + 32);
	for (unsigned i = 3; i < 8; i++) {
		ck_assert_int_eq(heart_restart(&h), EH_OK);
		ck_assert_int_eq(make(i), EH_OK);
	}
	ck_assert_uint_eq(
	    passes().reserved - passes().used - passes().burned, 15);
	heart_end(&h);
}
END_TEST

START_TEST(a_full_disk_at_the_start_is_no_end)
{
	begin(1000, 4);
	ck_assert_int_eq(make(1), EH_OK);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	sim_space(h.sim, 10000);
	ck_assert_int_eq(make(2), EH_ERR_FULL);
	ck_assert_ptr_nonnull(strstr(h.error.text, "no space"));
	ck_assert_int_eq(heart_label(&h, "x"), EH_ERR_FULL);
	ck_assert_int_eq(eh_engine_status(h.eng, NULL), EH_ENGINE_READY);
	sim_space(h.sim, UINT64_MAX);
	ck_assert_int_eq(make(2), EH_OK);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("recover");
	TCase *t = tcase_create("recover");

	tcase_set_timeout(t, 60);
	tcase_add_test(
	    t, a_request_that_was_not_recorded_is_lost_with_its_lease);
	tcase_add_test(
	    t, a_recorded_certificate_is_given_again_after_a_crash);
	tcase_add_test(
	    t, the_whole_entries_at_the_front_of_a_torn_group_count);
	tcase_add_test(t, a_journaled_message_is_applied_at_the_next_start);
	tcase_add_test(t,
	    a_crash_in_a_lease_commit_burns_at_most_a_lease_and_a_quarter);
	tcase_add_test(t, an_extend_with_unknown_outcome_is_read_first);
	tcase_add_test(t, a_reissue_that_left_cannot_be_cut_away);
	tcase_add_test(t, a_reissue_crashes_anywhere_and_counts_once);
	tcase_add_test(t, a_start_that_crashes_again_and_again_burns_once);
	tcase_add_test(t, a_restart_loop_writes_nothing);
	tcase_add_test(t, burns_are_shown_before_they_are_anchored);
	tcase_add_test(t, a_clean_stop_returns_what_is_unused);
	tcase_add_test(
	    t, a_clean_stop_that_crashes_anywhere_burns_at_most_the_lease);
	tcase_add_test(t, any_failing_call_stops_for_good);
	tcase_add_test(t, a_hidden_certificate_shares_no_serial);
	tcase_add_test(t, an_older_disk_is_refused_with_what_to_do);
	tcase_add_test(t, an_orphan_copy_never_matches);
	tcase_add_test(t, copies_that_are_gone_or_damaged_stop_for_good);
	tcase_add_test(t, an_empty_anchor_beside_a_state_stops_for_good);
	tcase_add_test(t, of_two_engines_on_one_anchor_at_most_one_lives);
	tcase_add_test(t, a_resumed_snapshot_stops_at_its_first_commit);
	tcase_add_test(t, genesis_needs_all_fresh);
	tcase_add_test(
	    t, a_genesis_without_space_leaves_nothing_and_can_be_repeated);
	tcase_add_test(t, a_genesis_that_crashes_anywhere_is_told);
	tcase_add_test(t, a_start_that_only_counted_is_counted_once);
	tcase_add_test(t, a_state_that_missed_two_starts_stops_for_good);
	tcase_add_test(t, another_kind_of_anchor_is_refused);
	tcase_add_test(t, the_65th_unclean_stop_stops_new_devices);
	tcase_add_test(t, leases_halve_with_each_unclean_stop);
	tcase_add_test(t, a_full_disk_at_the_start_is_no_end);
	suite_add_tcase(s, t);
	return unit_run(s);
}
