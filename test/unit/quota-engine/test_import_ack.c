/* SPDX-License-Identifier: Apache-2.0 */
/* test_import_ack.c - what an acknowledgement lifts, and of which log it must
 * be. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quota-engine/import_ack.h"
#include "quota-engine/issue.h"
#include "test/unit/quota-engine/authority.h"
#include "test/unit/unit.h"

static struct authority *a;
static struct authority_mark *mark;
static struct eh_caller caller;
static unsigned devices;

static void
begin(void)
{
	a = authority_ready();
	mark = NULL;
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
	devices = 0;
}

static void
end(void)
{
	free(mark);
	authority_close(a);
}

static void
ok(int err)
{
	authority_accepted(a, err);
}

static void
remember(void)
{
	free(mark);
	mark = authority_mark(a);
}

static void
refused(int err, int want, const char *words)
{
	authority_refused(a, mark, err, want, words);
}

/* Issue for the next device. */
static int
make(void)
{
	static uint8_t tbs[EH_TBS_MAX];
	uint8_t signature[EH_SIGNATURE_LEN];
	struct eh_tbs_values values;
	struct eh_row row = authority_row(a, a->pauth.id);
	uint16_t burns;
	char id[16];
	size_t len;
	int err;

	snprintf(id, sizeof(id), "SN%08u", 10 + devices);
	eh_engine_lock(a->f.b->engine);
	burns = eh_engine_burns(a->f.b->engine, &row);
	eh_engine_unlock(a->f.b->engine);
	authority_values(a, id, a->device, burns, &values);
	len = authority_render(a, &a->profile, &values, tbs);
	eh_error_clear(&a->f.error);
	err = eh_issue_sign(a->f.b, &caller, &a->key, tbs, len, NULL, 0,
	    signature, &a->f.error);
	devices += err == EH_OK;
	return err;
}

/* Stop without saying so, and start again. */
static void
crash(void)
{
	eh_start_close(&a->f.start);
	a->f.b = NULL;
	ok(fixture_restart(&a->f));
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
}

static struct eh_state_log
log_now(void)
{
	struct eh_state_log log = eh_engine_lock(a->f.b->engine)->log;

	eh_engine_unlock(a->f.b->engine);
	return log;
}

/* An authorization that replaces the one in force. */
static void
limit(uint32_t unacked, uint32_t unaccounted, uint16_t lease)
{
	a->pauth.has_supersedes = 1;
	memcpy(a->pauth.supersedes, a->pauth.id, EH_ID_LEN);
	a->pauth.id[0]++;
	a->pauth.limits.max_unacked = unacked;
	a->pauth.limits.max_unaccounted = unaccounted;
	a->pauth.ops[0].lease = a->pauth.ops[1].lease = lease;
	ok(authority_send_pauth(a));
}

/* --- what is accepted --- */

START_TEST(an_acknowledgement_of_the_log_is_noted_and_recorded)
{
	struct eh_state_log log;
	struct eh_record record;

	ok(make());
	ok(make());
	authority_fill_ack(a);
	ok(authority_send_ack(a));
	ck_assert_int_eq(a->done.code, EH_MSG_CODE_ACK);
	ck_assert_ptr_nonnull(strstr(a->done.text, "acknowledgement 1"));
	log = log_now();
	ck_assert_uint_eq(log.acked.size, a->ack.size);
	ck_assert_uint_eq(log.tree.size, a->ack.size + 1);
	ck_assert_uint_eq(log.acked_counted, 2);
	ck_assert_uint_eq(log.counted, 2);
	authority_record(a, -1, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_IMPORT);
	ck_assert_int_eq(record.ref.code, EH_MSG_CODE_ACK);
	/* The next one goes on from there. */
	ok(make());
	authority_fill_ack(a);
	ok(authority_send_ack(a));
	ck_assert_uint_eq(log_now().acked_counted, 3);
	ck_assert_uint_eq(log_now().acked.size, a->ack.size);
}
END_TEST

START_TEST(it_may_be_of_a_part_of_the_log)
{
	ok(make());
	authority_fill_ack(a);
	ok(make());
	ok(make());
	ok(authority_send_ack(a));
	ck_assert_uint_eq(log_now().acked_counted, 1);
	ck_assert_uint_eq(log_now().counted, 3);
}
END_TEST

START_TEST(it_lifts_the_limit_of_records)
{
	limit(3, 1000, 4);
	for (unsigned i = 0; i < 3; i++)
		ok(make());
	authority_fill_ack(a);
	ok(make());
	ck_assert_int_eq(make(), EH_DENIED_OFFLINE);
	authority_says(a, "4 records are not acknowledged");
	ok(authority_send_ack(a));
	for (unsigned i = 0; i < 3; i++)
		ok(make());
	ck_assert_int_eq(make(), EH_DENIED_OFFLINE);
}
END_TEST

START_TEST(it_lifts_what_unclean_stops_have_burned)
{
	struct eh_state_log log;

	limit(1000, 6, 8);
	ok(make());
	crash();
	ck_assert_int_eq(make(), EH_DENIED_OFFLINE);
	authority_says(a, "7 devices were burned");
	log = log_now();
	ck_assert_uint_eq(log.burned_passes, 7);
	ck_assert_uint_eq(log.nburned, 1);
	ck_assert_uint_eq(authority_row(a, a->pauth.id).halvings, 1);
	/* The log alone is not enough: the authority must say that it knows
	 * of the burned places. */
	authority_fill_ack(a);
	a->ack.nburned = 0;
	ok(authority_send_ack(a));
	ck_assert_uint_eq(log_now().burned_passes, 7);
	ck_assert_int_eq(make(), EH_DENIED_OFFLINE);
	authority_fill_ack(a);
	ok(authority_send_ack(a));
	log = log_now();
	ck_assert_uint_eq(log.burned_passes, 0);
	ck_assert_uint_eq(log.nburned, 0);
	ck_assert_uint_eq(authority_row(a, a->pauth.id).halvings, 0);
	ok(make());
}
END_TEST

START_TEST(it_lifts_only_the_ranges_that_it_names)
{
	struct eh_state_log log;
	uint64_t passes;

	limit(1000, 1000, 8);
	ok(make());
	crash();
	ok(make());
	authority_fill_ack(a);
	ck_assert_uint_eq(a->ack.nburned, 1);
	crash();
	ok(make());
	log = log_now();
	ck_assert_uint_eq(log.nburned, 2);
	ck_assert_uint_eq(log.passes[0] + log.passes[1], log.burned_passes);
	passes = log.passes[1];
	ok(authority_send_ack(a));
	log = log_now();
	ck_assert_uint_eq(log.nburned, 1);
	ck_assert_uint_eq(log.burned_passes, passes);
	ck_assert_uint_eq(log.passes[0], passes);
	ck_assert_uint_gt(log.burned[0].first, a->ack.burned[0].first);
	ck_assert_uint_eq(authority_row(a, a->pauth.id).halvings, 2);
}
END_TEST

/* Run it as replay does, on a log of 1000 entries with 64 burned ranges. */
static void
apply(struct eh_state *st, const struct eh_merkle *tree)
{
	static struct eh_incoming in;
	static uint8_t redo[EH_PRIVATE_MESSAGE_MAX];
	struct eh_record record;
	size_t len;

	authority_sign_ack(a);
	in.acked = *tree;
	in.acked_counted = 3;
	in.bytes = a->message;
	in.len = a->len;
	ok(eh_import_ack_redo(&in, redo, &len));
	eh_record_init(&record, EH_RECORD_IMPORT);
	record.ref.code = EH_MSG_CODE_ACK;
	ok(eh_import_ack_apply(st, NULL, &record, redo, len, &a->f.error));
}

static void
sixty_four(struct eh_state *st, struct eh_merkle *tree)
{
	static const uint8_t leaf[EH_MERKLE_HASH] = { 1 };

	memset(st, 0, sizeof(*st));
	eh_merkle_init(tree);
	for (unsigned i = 0; i < 1000; i++)
		ok(eh_merkle_append(tree, leaf));
	st->log.tree = *tree;
	st->log.seq_hi = 1000;
	st->log.counted = 5;
	st->log.merged = 1;
	st->log.nburned = EH_BURNED_RANGES_MAX;
	st->row[0].state = EH_ROW_LIVE;
	st->row[0].generation = st->generation = 1;
	st->row[0].halvings = 6;
	for (unsigned i = 0; i < EH_BURNED_RANGES_MAX; i++) {
		st->log.burned[i] = (struct eh_burned_range){ 10 * i, 5, 5 };
		st->log.passes[i] = 3;
		st->log.burned_passes += 3;
	}
	a->ack.size = 1000;
	eh_merkle_root(tree, a->ack.root);
}

START_TEST(it_lifts_the_64_ranges)
{
	static struct eh_state st;
	struct eh_merkle tree;

	sixty_four(&st, &tree);
	memcpy(a->ack.burned, st.log.burned, sizeof(st.log.burned));
	a->ack.nburned = EH_BURNED_RANGES_MAX - 1;
	apply(&st, &tree);
	ck_assert_uint_eq(st.log.nburned, 1);
	ck_assert_uint_eq(st.log.burned[0].first, 630);
	ck_assert_uint_eq(st.log.burned_passes, 3);
	ck_assert_int_eq(st.log.merged, 0);
	ck_assert_uint_eq(st.row[0].halvings, 6);
	ck_assert_uint_eq(st.log.acked_counted, 3);
	ck_assert_int_eq(eh_state_check(&st, &a->f.error), EH_OK);
	sixty_four(&st, &tree);
	a->ack.nburned = EH_BURNED_RANGES_MAX;
	apply(&st, &tree);
	ck_assert_uint_eq(st.log.nburned, 0);
	ck_assert_uint_eq(st.log.burned_passes, 0);
	ck_assert_uint_eq(st.row[0].halvings, 0);
}
END_TEST

START_TEST(ranges_that_were_merged_since_are_lifted_when_all_are_named)
{
	static struct eh_state st;
	struct eh_merkle tree;

	sixty_four(&st, &tree);
	a->ack.burned[0] = st.log.burned[0];
	a->ack.burned[1] = st.log.burned[1];
	st.log.burned[1] = (struct eh_burned_range){ 0, 15, 10 };
	st.log.nburned = 63;
	memmove(st.log.burned, st.log.burned + 1, 63 * sizeof(st.log.burned[0]));
	a->ack.nburned = 1;
	apply(&st, &tree);
	ck_assert_uint_eq(st.log.nburned, 63);
	a->ack.nburned = 2;
	apply(&st, &tree);
	ck_assert_uint_eq(st.log.nburned, 62);
	/* And the merged one, named as it is. */
	sixty_four(&st, &tree);
	st.log.burned[1] = (struct eh_burned_range){ 10, 15, 10 };
	memmove(st.log.burned + 2, st.log.burned + 3,
	    61 * sizeof(st.log.burned[0]));
	st.log.nburned = 63;
	a->ack.burned[0] = st.log.burned[1];
	a->ack.nburned = 1;
	apply(&st, &tree);
	ck_assert_uint_eq(st.log.nburned, 62);
	ck_assert_uint_eq(st.log.burned[1].first, 30);
}
END_TEST

/* --- what is refused --- */

START_TEST(the_same_again_is_nothing_new_and_older_ones_are_refused)
{
	ok(make());
	authority_fill_ack(a);
	ok(authority_send_ack(a));
	remember();
	ok(authority_import(a));
	ck_assert_str_eq(a->done.text, "imported before; nothing changed");
	authority_unchanged(a, mark);
	/* The same number, another message; a lower number. */
	a->ack.seq = 1;
	a->ack.from.iat--;
	refused(authority_send_ack(a), EH_ERR_REPLAYED, "sequence number 1");
	a->ack.seq = 0;
	refused(authority_send_ack(a), EH_ERR_REPLAYED, "sequence number 0");
	/* A higher number, a smaller log. */
	a->ack.seq = 2;
	a->ack.size--;
	refused(authority_send_ack(a), EH_ERR_REPLAYED, "older");
	/* The same size again is well. */
	a->ack.size++;
	ok(authority_send_ack(a));
}
END_TEST

START_TEST(one_for_another_token_or_of_another_key_is_refused)
{
	struct eh_soft *issuer = a->issuer;

	authority_fill_ack(a);
	remember();
	a->ack.from.sub[0] ^= 1;
	refused(authority_send_ack(a), EH_DENIED_SCOPE, "another EdgeHSM");
	a->ack.from.sub[0] ^= 1;
	a->issuer = a->second;
	refused(authority_send_ack(a), EH_ERR_SIGNATURE, "role");
	a->issuer = a->device;
	refused(authority_send_ack(a), EH_ERR_SIGNATURE, "no issuer grant");
	a->issuer = issuer;
	strcpy(a->ack.from.iss, "other.example");
	refused(authority_send_ack(a), EH_ERR_SIGNATURE, "other.example");
	strcpy(a->ack.from.iss, "oem.example");
	ok(authority_send_ack(a));
}
END_TEST

START_TEST(one_behind_a_newer_revocation_is_refused)
{
	authority_fill_ack(a);
	remember();
	a->ack.in_force.rseq = 1;
	refused(authority_send_ack(a), EH_DENIED_REVOKED,
	    "import revocation update 1 first");
	a->ack.in_force.rseq = 0;
	a->ack.in_force.epoch = 1;
	refused(authority_send_ack(a), EH_DENIED_REVOKED, "revocation");
	a->ack.in_force.epoch = 0;
	ok(authority_send_ack(a));
}
END_TEST

START_TEST(one_of_the_future_is_refused)
{
	authority_fill_ack(a);
	remember();
	a->ack.from.iat += 10 * AUTHORITY_DAY;
	refused(authority_send_ack(a), EH_DENIED_TIME, "dated");
	a->ack.from.iat -= 10 * AUTHORITY_DAY;
	ok(authority_send_ack(a));
}
END_TEST

/* Another history: refused, and no new devices until ours is acknowledged. */
static void
foreign(const char *words)
{
	uint64_t records = authority_records(a);

	ck_assert_int_eq(authority_send_ack(a), EH_ERR_PROOF);
	authority_says(a, words);
	ck_assert_uint_eq(log_now().acked.size, 0);
	ck_assert_int_eq(log_now().foreign, 1);
	ck_assert_uint_eq(authority_records(a), records);
	ck_assert_int_eq(make(), EH_DENIED_OFFLINE);
	authority_says(a, "not the one of this EdgeHSM");
	/* It outlives a restart. */
	ok(fixture_restart(&a->f));
	ck_assert_int_eq(make(), EH_DENIED_OFFLINE);
	/* And the same message says the same again. */
	authority_sign_ack(a);
	ck_assert_int_eq(authority_import(a), EH_ERR_PROOF);
	a->ack.seq++;
	authority_fill_ack(a);
	ok(authority_send_ack(a));
	ck_assert_int_eq(log_now().foreign, 0);
	ok(make());
	/* The old one cannot stop us again. */
	a->ack.seq -= 2;
	a->ack.root[0] ^= 1;
	ck_assert_int_eq(authority_send_ack(a), EH_ERR_REPLAYED);
	ck_assert_int_eq(log_now().foreign, 0);
	ok(make());
}

START_TEST(another_root_is_another_history)
{
	ok(make());
	authority_fill_ack(a);
	a->ack.root[31] ^= 1;
	foreign("another root");
}
END_TEST

START_TEST(a_longer_log_is_another_history)
{
	ok(make());
	authority_fill_ack(a);
	a->ack.size++;
	foreign("this log has");
}
END_TEST

START_TEST(places_that_are_not_burned_are_not_accepted)
{
	limit(1000, 1000, 8);
	ok(make());
	crash();
	ok(make());
	authority_fill_ack(a);
	remember();
	a->ack.burned[0].first--;
	refused(authority_send_ack(a), EH_ERR_FORMAT, "accepts");
	a->ack.burned[0].first++;
	a->ack.burned[0].burned--;
	refused(authority_send_ack(a), EH_ERR_FORMAT, "accepts");
	a->ack.burned[0].burned++;
	ok(authority_send_ack(a));
}
END_TEST

/* --- and later --- */

static void
same_log(const struct eh_state_log *x, const struct eh_state_log *y)
{
	ck_assert_mem_eq(&x->acked, &y->acked, sizeof(x->acked));
	ck_assert_uint_eq(x->acked_counted, y->acked_counted);
	ck_assert_uint_eq(x->nburned, y->nburned);
	ck_assert_uint_eq(x->burned_passes, y->burned_passes);
	ck_assert_int_eq(x->merged, y->merged);
}

START_TEST(it_is_there_after_a_clean_stop)
{
	struct eh_state_log before, after;

	ok(make());
	authority_fill_ack(a);
	ok(authority_send_ack(a));
	before = log_now();
	ok(fixture_restart(&a->f));
	after = log_now();
	same_log(&before, &after);
	ok(authority_import(a));
	ck_assert_str_eq(a->done.text, "imported before; nothing changed");
	a->ack.seq = 0;
	ck_assert_int_eq(authority_send_ack(a), EH_ERR_REPLAYED);
}
END_TEST

START_TEST(it_is_replayed_from_the_journal)
{
	struct eh_state_log before, after;
	uint64_t commit;

	limit(1000, 1000, 8);
	ok(make());
	crash();
	ok(make());
	authority_fill_ack(a);
	commit = eh_engine_lock(a->f.b->engine)->commit;
	eh_engine_unlock(a->f.b->engine);
	ok(authority_send_ack(a));
	/* Nothing was anchored for it. */
	ck_assert_uint_eq(eh_engine_lock(a->f.b->engine)->commit, commit);
	eh_engine_unlock(a->f.b->engine);
	before = log_now();
	ck_assert_uint_eq(before.nburned, 0);
	crash();
	after = log_now();
	same_log(&before, &after);
	ok(authority_import(a));
	ck_assert_str_eq(a->done.text, "imported before; nothing changed");
	/* The places that this stop burns are open again. */
	ok(make());
	ck_assert_uint_eq(log_now().nburned, 1);
	authority_fill_ack(a);
	ok(authority_send_ack(a));
	ck_assert_uint_eq(log_now().nburned, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("import_ack");
	TCase *t = tcase_create("ack");

	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(
	    t, an_acknowledgement_of_the_log_is_noted_and_recorded);
	tcase_add_test(t, it_may_be_of_a_part_of_the_log);
	tcase_add_test(t, it_lifts_the_limit_of_records);
	tcase_add_test(t, it_lifts_what_unclean_stops_have_burned);
	tcase_add_test(t, it_lifts_only_the_ranges_that_it_names);
	tcase_add_test(t, it_lifts_the_64_ranges);
	tcase_add_test(t,
	    ranges_that_were_merged_since_are_lifted_when_all_are_named);
	tcase_add_test(
	    t, the_same_again_is_nothing_new_and_older_ones_are_refused);
	tcase_add_test(t, one_for_another_token_or_of_another_key_is_refused);
	tcase_add_test(t, one_behind_a_newer_revocation_is_refused);
	tcase_add_test(t, one_of_the_future_is_refused);
	tcase_add_test(t, another_root_is_another_history);
	tcase_add_test(t, a_longer_log_is_another_history);
	tcase_add_test(t, places_that_are_not_burned_are_not_accepted);
	tcase_add_test(t, it_is_there_after_a_clean_stop);
	tcase_add_test(t, it_is_replayed_from_the_journal);
	suite_add_tcase(suite, t);
	return unit_run(suite);
}
