/* SPDX-License-Identifier: Apache-2.0 */
/* test_import_revoke.c - what a revocation update ends, and what it must be. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quota-engine/import_revoke.h"
#include "quota-engine/issue.h"
#include "test/unit/quota-engine/authority.h"
#include "test/unit/unit.h"

static struct authority *a;
static struct authority_mark *mark;
static struct eh_caller caller;
static uint8_t tbs[EH_TBS_MAX], signature[EH_SIGNATURE_LEN];
static size_t len;

static void
begin(void)
{
	a = authority_ready();
	mark = NULL;
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
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
	ck_assert_msg(
	    err == EH_OK, "%d: %s", err, eh_error_sentence(&a->f.error));
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
	ck_assert_msg(err == want, "%d, not %d: %s", err, want,
	    eh_error_sentence(&a->f.error));
	authority_says(a, words);
	authority_unchanged(a, mark);
}

static int
again(void)
{
	eh_error_clear(&a->f.error);
	return eh_issue_sign(a->f.b, &caller, &a->key, tbs, len, NULL, 0,
	    signature, &a->f.error);
}

/* Issue for ${device} under the authorization in ${a->pauth}. */
static int
make(const char *device)
{
	struct eh_row row = authority_row(a, a->pauth.id);
	struct eh_tbs_values values;
	uint16_t burns;

	eh_engine_lock(a->f.b->engine);
	burns = eh_engine_burns(a->f.b->engine, &row);
	eh_engine_unlock(a->f.b->engine);
	authority_values(a, device, a->device, burns, &values);
	len = authority_render(a, &a->profile, &values, tbs);
	return again();
}

/* Callers are of one run. */
static void
operate(void)
{
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
}

static void
restart(void)
{
	ok(fixture_restart(&a->f));
	operate();
}

/* Another authorization beside those that are there. */
static void
install(uint8_t id, const char *order)
{
	a->pauth.id[0] = id;
	strcpy(a->pauth.order, order);
	ok(authority_send_pauth(a));
}

/* PO-${n} goes on with the books of the one before. */
static void
supersede(uint8_t id, const char *order)
{
	a->pauth.has_supersedes = 1;
	memcpy(a->pauth.supersedes, a->pauth.id, EH_ID_LEN);
	install(id, order);
}

static void
revoke_id(const uint8_t id[EH_ID_LEN])
{
	memcpy(a->revoke.ids[a->revoke.nids++], id, EH_ID_LEN);
}

static void
kid_of(const struct eh_soft *key, uint8_t kid[EH_KID_LEN])
{
	eh_keyid_kid(eh_soft_public(key), kid);
}

/* The state, copied. */
static struct eh_state *
now(void)
{
	static struct eh_state st;

	st = *eh_engine_lock(a->f.b->engine);
	eh_engine_unlock(a->f.b->engine);
	return &st;
}

/* --- what it ends --- */

START_TEST(a_listed_authorization_ends_with_its_counters_in_the_log)
{
	struct eh_record record;
	struct eh_row row;
	uint64_t records;

	ok(make("SN00000042"));
	ok(make("SN00000043"));
	revoke_id(a->pauth.id);
	records = authority_records(a);
	ok(authority_send_revoke(a));
	ck_assert_int_eq(a->done.code, EH_MSG_CODE_REVOKE);
	ck_assert_str_eq(a->done.text, "revocation update 1: minimum epoch 0, "
	    "1 authorization and 0 issuer keys revoked; closed PO-1 (revoked) "
	    "with 2 of 100 devices used; the receipt shows it: edgehsm token "
	    "receipt");
	ck_assert_uint_eq(authority_records(a), records + 2);
	authority_record(a, -2, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_REVOKED);
	ck_assert_int_eq(record.ref.code, EH_MSG_CODE_REVOKE);
	authority_record(a, -1, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_CLOSED);
	ck_assert_mem_eq(record.authorization, a->pauth.id, EH_ID_LEN);
	ck_assert_int_eq(record.of.closed.reason, EH_CLOSE_REVOKED);
	ck_assert_uint_eq(record.of.closed.in_doubt, 2);
	ck_assert_uint_eq(record.counters.n, 2);
	ck_assert_uint_eq(eh_counters_get(&record.counters, 0)->used, 2);
	/* What was leased is returned. */
	ck_assert_uint_eq(eh_counters_get(&record.counters, 0)->reserved, 2);
	row = authority_row(a, a->pauth.id);
	ck_assert_int_eq(row.state, EH_ROW_CLOSED);
	ck_assert_uint_eq(row.closed_at, records + 2);
	/* Nothing leaves for it any more, not even what has left before. */
	remember();
	refused(again(), EH_DENIED_REVOKED, "2 of 100 devices used");
	refused(make("SN00000044"), EH_DENIED_REVOKED, "PO-1 was revoked");
}
END_TEST

START_TEST(what_is_not_listed_goes_on)
{
	uint8_t first[EH_ID_LEN];

	memcpy(first, a->pauth.id, EH_ID_LEN);
	install(0xb2, "PO-2");
	revoke_id(first);
	ok(authority_send_revoke(a));
	ok(make("SN00000042"));
	ck_assert_int_eq(authority_row(a, first).state, EH_ROW_CLOSED);
}
END_TEST

/* V3: one group.  The anchored state is behind both records at once. */
START_TEST(all_that_it_closes_is_one_group_and_one_commit)
{
	struct eh_record record;
	uint64_t commit = 0, groups, records;

	for (uint8_t i = 1; i < 20; i++)
		install((uint8_t)(0x20 + i), "PO-N");
	a->revoke.epoch = 1;
	groups = now()->log.group;
	records = authority_records(a);
	ok(authority_send_revoke(a));
	ck_assert_uint_eq(authority_records(a), records + 1 + 20);
	ck_assert_uint_eq(now()->log.group, groups + 1);
	for (int i = 1; i <= 21; i++) {
		authority_record(a, -i, &record);
		ck_assert_int_eq(record.kind,
		    i <= 20 ? EH_RECORD_CLOSED : EH_RECORD_REVOKED);
		commit = i == 1 ? record.commit : commit;
		ck_assert_uint_eq(record.commit, commit);
	}
	ck_assert_uint_gt(now()->commit, commit);
	ck_assert_ptr_nonnull(strstr(a->done.text, "; and PO-N (revoked) with"));
	ck_assert_ptr_nonnull(strstr(a->done.text, " more; the receipt"));
}
END_TEST

START_TEST(every_row_of_a_full_table_can_be_closed_at_once)
{
	uint64_t records;

	for (unsigned i = 1; i < EH_STATE_ROWS; i++) {
		a->pauth.id[1] = (uint8_t)i;
		ok(authority_send_pauth(a));
	}
	a->revoke.epoch = 1;
	records = authority_records(a);
	ok(authority_send_revoke(a));
	ck_assert_uint_eq(authority_records(a), records + 1 + EH_STATE_ROWS);
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		ck_assert_int_eq(now()->row[i].state, EH_ROW_CLOSED);
	restart();
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		ck_assert_int_eq(now()->row[i].state, EH_ROW_CLOSED);
}
END_TEST

START_TEST(an_epoch_ends_all_below_it_and_only_those)
{
	uint8_t first[EH_ID_LEN];

	memcpy(first, a->pauth.id, EH_ID_LEN);
	a->pauth.epoch = 3;
	install(0xb2, "PO-2");
	a->revoke.epoch = 3;
	ok(authority_send_revoke(a));
	ck_assert_int_eq(authority_row(a, first).state, EH_ROW_CLOSED);
	ok(make("SN00000042"));
	remember();
	a->pauth.id[0] = 0xb3;
	a->pauth.epoch = 2;
	refused(authority_send_pauth(a), EH_DENIED_REVOKED,
	    "of epoch 2, everything below 3 is revoked");
	a->pauth.epoch = 3;
	ok(authority_send_pauth(a));
	remember();
	a->revoke.epoch = 2;
	refused(authority_send_revoke(a), EH_ERR_FORMAT,
	    "from 3 to 2: it only rises");
}
END_TEST

/* V6, also for one that was not here yet. */
START_TEST(an_authorization_of_the_list_is_never_installed)
{
	a->pauth.id[0] = 0xb2;
	revoke_id(a->pauth.id);
	ok(authority_send_revoke(a));
	remember();
	refused(authority_send_pauth(a), EH_DENIED_REVOKED,
	    "in the list of revocation update 1");
	a->pauth.id[0] = 0xb3;
	ok(authority_send_pauth(a));
}
END_TEST

/* V1: what a newer list leaves out is not revoked by it; but what is closed
 * stays closed. */
START_TEST(the_newest_list_counts_and_opens_nothing_again)
{
	uint8_t first[EH_ID_LEN];

	memcpy(first, a->pauth.id, EH_ID_LEN);
	revoke_id(first);
	ok(authority_send_revoke(a));
	a->revoke.nids = 0;
	memset(a->revoke.ids, 0, sizeof(a->revoke.ids));
	ok(authority_send_revoke(a));
	ck_assert_uint_eq(now()->revoked.nids, 0);
	ck_assert_int_eq(authority_row(a, first).state, EH_ROW_CLOSED);
	remember();
	refused(make("SN00000042"), EH_DENIED_REVOKED, "PO-1 was revoked");
}
END_TEST

START_TEST(a_repeat_for_what_was_closed_before_ends_with_its_revocation)
{
	uint8_t first[EH_ID_LEN];

	memcpy(first, a->pauth.id, EH_ID_LEN);
	ok(make("SN00000042"));
	supersede(0xb2, "PO-2");
	ok(again());		/* the stored signature */
	revoke_id(first);
	ok(authority_send_revoke(a));
	remember();
	refused(again(), EH_DENIED_REVOKED, "PO-1 was revoked");
	ok(make("SN00000043"));
}
END_TEST

/* --- keys --- */

START_TEST(a_revoked_key_is_so_for_good)
{
	struct eh_soft *issuer = a->issuer;
	uint8_t first[EH_ID_LEN];

	memcpy(first, a->pauth.id, EH_ID_LEN);
	a->issuer = a->second;
	install(0xb2, "PO-2");
	a->issuer = issuer;
	kid_of(a->second, a->revoke.kids[0]);
	a->revoke.nkids = 1;
	ok(authority_send_revoke(a));
	/* What it installed is closed, and what it signs refused. */
	ck_assert_int_eq(authority_row(a, a->pauth.id).state, EH_ROW_CLOSED);
	ck_assert_int_eq(authority_row(a, first).state, EH_ROW_LIVE);
	remember();
	a->pauth.id[0] = 0xb3;
	a->issuer = a->second;
	refused(authority_send_pauth(a), EH_ERR_SIGNATURE, "revoked for good");
	a->issuer = issuer;
	/* No grant brings it back, and no later update. */
	refused(authority_send_grant(a), EH_DENIED_REVOKED,
	    "names key");
	a->grant.keys[1].state = EH_KEY_RETIRED;
	refused(authority_send_grant(a), EH_DENIED_REVOKED,
	    "of oem.example, which was revoked for good");
	memset(a->revoke.kids, 0, sizeof(a->revoke.kids));
	a->revoke.nkids = 0;
	ok(authority_send_revoke(a));
	restart();
	remember();
	refused(authority_send_grant(a), EH_DENIED_REVOKED, "revoked for good");
	a->grant.nkeys = 1;
	ok(authority_send_grant(a));
	a->issuer = a->second;
	remember();
	refused(authority_send_pauth(a), EH_ERR_SIGNATURE, "revoked for good");
	a->issuer = issuer;
	ok(authority_send_pauth(a));
}
END_TEST

START_TEST(keys_of_all_updates_add_up_until_there_is_no_room)
{
	unsigned n = 0;

	while (n < EH_STATE_KIDS) {
		a->revoke.nkids = EH_REVOKE_KIDS_MAX;
		for (unsigned i = 0; i < EH_REVOKE_KIDS_MAX; i++) {
			memset(a->revoke.kids[i], 0, EH_KID_LEN);
			a->revoke.kids[i][1] = (uint8_t)(n + i);
		}
		ok(authority_send_revoke(a));
		n += EH_REVOKE_KIDS_MAX;
		ck_assert_uint_eq(now()->revoked.nkids, n);
		ck_assert_int_eq(eh_state_check(now(), NULL), EH_OK);
	}
	/* Those that are there already need none. */
	ok(authority_send_revoke(a));
	remember();
	a->revoke.kids[15][0] = 1;
	refused(authority_send_revoke(a), EH_ERR_FULL,
	    "65 issuer keys would be revoked, there is room for 64");
}
END_TEST

/* --- which update it must be --- */

START_TEST(numbers_rise_and_the_same_message_is_nothing_new)
{
	a->revoke.rseq = 17;
	ok(authority_send_revoke(a));
	remember();
	ok(authority_import(a));
	ck_assert_str_eq(a->done.text, "imported before; nothing changed");
	authority_unchanged(a, mark);
	a->revoke.rseq = 16;
	refused(authority_send_revoke(a), EH_ERR_REPLAYED,
	    "update 16, number 17 is in force");
	a->revoke.rseq = 17;
	a->revoke.epoch = 1;
	refused(authority_send_revoke(a), EH_ERR_REPLAYED,
	    "another revocation update 17 is in force");
	a->revoke.rseq = 0;
	refused(authority_send_revoke(a), EH_ERR_REPLAYED, "replayed");
	a->revoke.rseq = 18;
	ok(authority_send_revoke(a));
	ck_assert_uint_eq(now()->in_force.rseq, 18);
	ck_assert_uint_eq(now()->in_force.epoch, 1);
}
END_TEST

START_TEST(no_update_at_all_has_number_zero)
{
	a->revoke.rseq = 0;
	remember();
	refused(authority_send_revoke(a), EH_ERR_REPLAYED,
	    "update 0, number 0 is in force");
}
END_TEST

START_TEST(it_is_for_this_token_by_a_key_that_may)
{
	struct eh_soft *issuer = a->issuer;

	remember();
	a->issuer = a->second;
	refused(authority_send_revoke(a), EH_ERR_SIGNATURE,
	    "does not have the role that a revocation update needs (3)");
	a->issuer = issuer;
	a->revoke.from.sub[0] ^= 1;
	refused(authority_send_revoke(a), EH_DENIED_SCOPE, "another EdgeHSM");
	a->revoke.from.sub[0] ^= 1;
	strcpy(a->revoke.from.iss, "other.example");
	refused(authority_send_revoke(a), EH_ERR_SIGNATURE, "other.example");
	strcpy(a->revoke.from.iss, "oem.example");
	a->revoke.from.iat += AUTHORITY_DAY;
	refused(authority_send_revoke(a), EH_DENIED_TIME, "");
	a->revoke.from.iat -= AUTHORITY_DAY;
	ok(authority_send_revoke(a));
}
END_TEST

/* Fresh time proves a fresh list, and so do acknowledgements. */
START_TEST(what_was_made_with_a_newer_one_in_force_waits_for_it)
{
	authority_fill_ack(a);
	a->time.in_force.rseq = a->ack.in_force.rseq = 2;
	remember();
	refused(authority_send_time(a), EH_DENIED_TIME,
	    "import revocation update 2 first");
	refused(authority_send_ack(a), EH_DENIED_REVOKED,
	    "import revocation update 2 first");
	ok(authority_send_revoke(a));
	remember();
	refused(authority_send_time(a), EH_DENIED_TIME,
	    "import revocation update 2 first: the attestation was made with "
	    "it in force, here it is 1");
	ok(authority_send_revoke(a));
	ok(authority_send_time(a));
	ok(authority_send_ack(a));
	/* An older one is not ahead. */
	a->time.in_force.rseq = 1;
	ok(authority_send_time(a));
	a->time.in_force.epoch = 1;
	remember();
	refused(authority_send_time(a), EH_DENIED_TIME, "import revocation");
}
END_TEST

/* --- crash --- */

START_TEST(what_was_durable_and_not_anchored_is_revoked_at_the_next_start)
{
	struct eh_state_revoked revoked;
	struct eh_record record;
	struct eh_row row;

	ok(make("SN00000042"));
	revoke_id(a->pauth.id);
	kid_of(a->second, a->revoke.kids[0]);
	a->revoke.nkids = 1;
	a->revoke.epoch = 0;
	authority_loses_anchor(a, authority_send_revoke);
	operate();
	row = authority_row(a, a->pauth.id);
	ck_assert_int_eq(row.state, EH_ROW_CLOSED);
	ck_assert_int_eq(row.close_reason, EH_CLOSE_REVOKED);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.used, 1);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.reserved, 1);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.burned, 0);
	ck_assert_uint_eq(row.closed_at, authority_records(a));
	authority_record(a, -1, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_CLOSED);
	revoked = now()->revoked;
	ck_assert_uint_eq(revoked.nids, 1);
	ck_assert_uint_eq(revoked.nkids, 1);
	ck_assert_uint_eq(now()->in_force.rseq, 1);
	ck_assert_int_eq(again(), EH_DENIED_REVOKED);
	authority_says(a, "PO-1 was revoked");
	/* Who sends it again is told that it is there. */
	ok(authority_import(a));
	ck_assert_str_eq(a->done.text, "imported before; nothing changed");
}
END_TEST

/* --- the end of an order --- */

START_TEST(an_authorization_of_nothing_ends_the_one_it_supersedes)
{
	struct eh_record record;
	uint8_t first[EH_ID_LEN];
	uint64_t records;

	memcpy(first, a->pauth.id, EH_ID_LEN);
	ok(make("SN00000042"));
	ok(make("SN00000043"));
	records = authority_records(a);
	a->pauth.ops[0].quota = a->pauth.ops[1].quota = 0;
	supersede(0xb2, "PO-1-end");
	ck_assert_uint_eq(authority_records(a), records + 3);
	authority_record(a, -3, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_INSTALLED);
	for (int i = 1; i <= 2; i++) {
		int old;

		authority_record(a, -i, &record);
		ck_assert_int_eq(record.kind, EH_RECORD_CLOSED);
		old = memcmp(record.authorization, first, EH_ID_LEN) == 0;
		ck_assert_int_eq(record.of.closed.reason,
		    old ? EH_CLOSE_SUPERSEDED : EH_CLOSE_REQUESTED);
		ck_assert_uint_eq(record.of.closed.in_doubt, 2);
		ck_assert_uint_eq(eh_counters_get(&record.counters, 0)->used, 2);
		ck_assert_uint_eq(eh_counters_get(&record.counters, 0)->reserved, 2);
		ck_assert_uint_eq(
		    eh_counters_get(&record.counters, 0)->quota, old ? 100 : 2);
	}
	ck_assert_ptr_nonnull(
	    strstr(a->done.text, "PO-1-end (on request) with 2 of 2"));
	ck_assert_ptr_nonnull(
	    strstr(a->done.text, "PO-1 (superseded) with 2 of 100"));
	remember();
	refused(make("SN00000044"), EH_DENIED_NO_AUTHORIZATION,
	    "PO-1-end was closed on request of the OEM, with 2 devices used");
}
END_TEST

/* Passes are over, what was opened may be finished. */
START_TEST(an_authorization_of_no_more_devices_lets_open_ones_finish)
{
	ok(make("SN00000042"));
	a->pauth.ops[0].quota = 0;
	supersede(0xb2, "PO-2");
	ck_assert_int_eq(authority_row(a, a->pauth.id).state, EH_ROW_LIVE);
	remember();
	refused(make("SN00000043"), EH_DENIED_QUOTA,
	    "PO-2 allows 1 devices, 1 used");
}
END_TEST

/* --- what is acknowledged may go --- */

START_TEST(a_closed_row_goes_when_its_last_record_is_acknowledged)
{
	uint8_t first[EH_ID_LEN];

	memcpy(first, a->pauth.id, EH_ID_LEN);
	ok(make("SN00000042"));
	revoke_id(first);
	authority_fill_ack(a);
	ok(authority_send_revoke(a));
	/* An acknowledgement that ends before it does not reach. */
	ok(authority_send_ack(a));
	ck_assert_int_eq(authority_row(a, first).state, EH_ROW_CLOSED);
	authority_fill_ack(a);
	a->ack.in_force.rseq = 1;
	ok(authority_send_ack(a));
	ck_assert_int_eq(authority_row(a, first).state, EH_ROW_FREE);
	restart();
	ck_assert_int_eq(authority_row(a, first).state, EH_ROW_FREE);
	/* And does not come back. */
	remember();
	refused(make("SN00000043"), EH_DENIED_NO_AUTHORIZATION, "");
	a->pauth.seq--;
	refused(authority_send_pauth(a), EH_DENIED_REVOKED, "update 1");
	a->revoke.nids = 0;
	memset(a->revoke.ids, 0, sizeof(a->revoke.ids));
	ok(authority_send_revoke(a));
	remember();
	strcpy(a->pauth.order, "PO-1 again");
	a->pauth.order[4] = '-';
	refused(authority_send_pauth(a), EH_ERR_REPLAYED, "replayed");
}
END_TEST

START_TEST(a_superseded_row_stays_as_long_as_its_devices_go_on)
{
	uint8_t first[EH_ID_LEN];

	memcpy(first, a->pauth.id, EH_ID_LEN);
	ok(make("SN00000042"));
	supersede(0xb2, "PO-2");
	authority_fill_ack(a);
	ok(authority_send_ack(a));
	ck_assert_int_eq(authority_row(a, first).state, EH_ROW_CLOSED);
	ok(again());
	revoke_id(a->pauth.id);
	ok(authority_send_revoke(a));
	authority_fill_ack(a);
	ok(authority_send_ack(a));
	ck_assert_int_eq(authority_row(a, first).state, EH_ROW_FREE);
	ck_assert_int_eq(authority_row(a, a->pauth.id).state, EH_ROW_FREE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("import_revoke");
	TCase *t = tcase_create("import_revoke");

	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(
	    t, a_listed_authorization_ends_with_its_counters_in_the_log);
	tcase_add_test(t, what_is_not_listed_goes_on);
	tcase_add_test(t, all_that_it_closes_is_one_group_and_one_commit);
	tcase_add_test(t, every_row_of_a_full_table_can_be_closed_at_once);
	tcase_add_test(t, an_epoch_ends_all_below_it_and_only_those);
	tcase_add_test(t, an_authorization_of_the_list_is_never_installed);
	tcase_add_test(t, the_newest_list_counts_and_opens_nothing_again);
	tcase_add_test(
	    t, a_repeat_for_what_was_closed_before_ends_with_its_revocation);
	tcase_add_test(t, a_revoked_key_is_so_for_good);
	tcase_add_test(t, keys_of_all_updates_add_up_until_there_is_no_room);
	tcase_add_test(t, numbers_rise_and_the_same_message_is_nothing_new);
	tcase_add_test(t, no_update_at_all_has_number_zero);
	tcase_add_test(t, it_is_for_this_token_by_a_key_that_may);
	tcase_add_test(t, what_was_made_with_a_newer_one_in_force_waits_for_it);
	tcase_add_test(
	    t, what_was_durable_and_not_anchored_is_revoked_at_the_next_start);
	tcase_add_test(t, an_authorization_of_nothing_ends_the_one_it_supersedes);
	tcase_add_test(
	    t, an_authorization_of_no_more_devices_lets_open_ones_finish);
	tcase_add_test(
	    t, a_closed_row_goes_when_its_last_record_is_acknowledged);
	tcase_add_test(t, a_superseded_row_stays_as_long_as_its_devices_go_on);
	suite_add_tcase(s, t);
	return unit_run(s);
}
