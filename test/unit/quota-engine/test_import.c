/* SPDX-License-Identifier: Apache-2.0 */
/* test_import.c - what the authority sends in: each message that is accepted,
 * and the neighbours that are refused and change nothing. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/quota-engine/authority.h"
#include "test/unit/unit.h"

static struct authority *a;
static struct authority_mark *mark;

static void
begin(void)
{
	a = authority_open();
	mark = NULL;
}

static void
begin_ready(void)
{
	a = authority_ready();
	mark = NULL;
}

static void
end(void)
{
	free(mark);
	authority_close(a);
}

static void
remember(void)
{
	free(mark);
	mark = authority_mark(a);
}

/* What has just been sent was refused with ${want} and ${words}, and nothing
 * changed since remember(). */
static void
refused(int err, int want, const char *words)
{
	authority_refused(a, mark, err, want, words);
}

static void
ok(int err)
{
	authority_accepted(a, err);
}

/* --- grants --- */

START_TEST(a_grant_of_the_root_comes_into_force)
{
	const struct eh_state *state;
	struct eh_record record;
	uint64_t before = authority_records(a);

	ok(authority_send_grant(a));
	ck_assert_int_eq(a->done.code, EH_MSG_CODE_GRANT);
	ck_assert_int_eq(a->done.has_authorization, 0);
	ck_assert_str_eq(
	    a->done.text, "issuer grant 1: 2 issuer keys for factory fab1");
	ck_assert_uint_eq(authority_records(a), before + 1);
	authority_record(a, -1, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_IMPORT);
	ck_assert_int_eq(record.ref.code, EH_MSG_CODE_GRANT);
	state = eh_engine_lock(a->f.b->engine);
	ck_assert_str_eq(state->factory, "fab1");
	ck_assert_uint_eq(state->grant.last.seq, 1);
	ck_assert_mem_eq(
	    state->grant.last.digest, record.ref.digest, EH_DIGEST_LEN);
	ck_assert(eh_rawkey_equal(
	    &state->issuer[0].key, eh_soft_public(a->issuer)));
	ck_assert_str_eq(state->issuer[0].iss, "oem.example");
	eh_engine_unlock(a->f.b->engine);
}
END_TEST

START_TEST(a_grant_of_another_root_or_for_another_token_is_refused)
{
	struct eh_soft *root = a->root;

	remember();
	a->root = a->second;
	refused(authority_send_grant(a), EH_ERR_SIGNATURE, "pinned OEM root");
	a->root = root;
	a->grant.from.sub[0] ^= 1;
	refused(authority_send_grant(a), EH_DENIED_SCOPE, "another EdgeHSM");
	memset(a->grant.from.sub, 0, EH_HSM_ID_LEN);
	a->grant.keys[0].roles = a->grant.keys[1].roles =
	    EH_ROLE_BIT(EH_ROLE_RELEASE);
	a->grant.factory[0] = '\0';
	refused(authority_send_grant(a), EH_DENIED_SCOPE, "another EdgeHSM");
}
END_TEST

START_TEST(the_same_grant_is_nothing_new_and_another_with_its_number_is_refused)
{
	ok(authority_send_grant(a));
	remember();
	ok(authority_import(a));
	ck_assert_str_eq(a->done.text, "imported before; nothing changed");
	authority_unchanged(a, mark);
	a->grant.seq = 1;
	a->grant.expires--;
	refused(authority_send_grant(a), EH_ERR_REPLAYED, "sequence number 1");
	a->grant.seq = 0;
	refused(authority_send_grant(a), EH_ERR_REPLAYED, "sequence number 0");
	a->grant.seq = 2;
	ok(authority_send_grant(a));
}
END_TEST

START_TEST(a_grant_that_names_the_root_is_refused)
{
	remember();
	a->grant.keys[1].key = *eh_soft_public(a->root);
	eh_keyid_kid(&a->grant.keys[1].key, a->grant.keys[1].kid);
	refused(authority_send_grant(a), EH_ERR_FORMAT, "root's own key");
}
END_TEST

START_TEST(a_grant_is_judged_by_the_time_that_is_known)
{
	/* Nothing is known: no bound. */
	a->grant.from.iat = AUTHORITY_NOW + 1000 * (uint64_t)AUTHORITY_DAY;
	a->grant.not_before = AUTHORITY_NOW - 300 * (uint64_t)AUTHORITY_DAY;
	a->grant.expires = AUTHORITY_NOW - AUTHORITY_DAY;
	ok(authority_send_grant(a));
	ok(authority_send_time(a));
	remember();
	a->grant.from.iat = AUTHORITY_NOW;
	refused(authority_send_grant(a), EH_DENIED_EXPIRED, "has expired");
	a->grant.expires = AUTHORITY_NOW + AUTHORITY_DAY;
	a->grant.from.iat = AUTHORITY_NOW + 400;
	refused(authority_send_grant(a), EH_DENIED_TIME, "later than it can be here");
	a->grant.from.iat = AUTHORITY_NOW + 290;
	ok(authority_send_grant(a));
}
END_TEST

/* The authority's clock may be a little ahead of ours: what is recorded then
 * must be readable, now and after a restart. */
START_TEST(a_date_just_ahead_of_us_leaves_an_interval_that_is_one)
{
	struct eh_record record;
	struct eh_now now;

	ok(authority_send_grant(a));
	ok(authority_send_time(a));
	a->grant.from.iat = AUTHORITY_NOW + 290;
	ok(authority_send_grant(a));
	ok(authority_send_grant(a));
	authority_record(a, -1, &record);
	ck_assert_uint_le(record.t_lo, record.t_hi);
	eh_engine_lock(a->f.b->engine);
	eh_engine_now(a->f.b->engine, &now);
	eh_engine_unlock(a->f.b->engine);
	ck_assert_uint_ge(now.t_lo, AUTHORITY_NOW + 290);
	ck_assert_uint_le(now.t_lo, now.t_hi);
	ok(fixture_restart(&a->f));
	ok(authority_send_grant(a));
}
END_TEST

START_TEST(a_grant_closes_what_a_missing_key_installed_and_keeps_the_retired)
{
	struct eh_soft *issuer = a->issuer;
	struct eh_record record;
	struct eh_row row;
	uint8_t first[EH_ID_LEN];

	memcpy(first, a->pauth.id, EH_ID_LEN);
	a->issuer = a->second;
	a->pauth.id[0] = 0xb2;
	strcpy(a->pauth.order, "PO-2");
	ok(authority_send_pauth(a));
	a->issuer = issuer;

	a->grant.keys[0].state = EH_KEY_RETIRED;
	ok(authority_send_grant(a));
	authority_record(a, -1, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_IMPORT);
	row = authority_row(a, first);
	ck_assert_int_eq(row.state, EH_ROW_LIVE);

	a->grant.nkeys = 1;	/* the second is left out */
	ok(authority_send_grant(a));
	row = authority_row(a, a->pauth.id);
	ck_assert_int_ne(row.state, EH_ROW_LIVE);
	ck_assert_int_eq(row.close_reason, EH_CLOSE_REVOKED);
	row = authority_row(a, first);
	ck_assert_int_eq(row.state, EH_ROW_LIVE);
	authority_record(a, -2, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_REVOKED);
	ck_assert_int_eq(record.ref.code, EH_MSG_CODE_GRANT);
	authority_record(a, -1, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_CLOSED);
	ck_assert_mem_eq(record.authorization, a->pauth.id, EH_ID_LEN);
	ck_assert_int_eq(record.of.closed.reason, EH_CLOSE_REVOKED);

	/* And what either signs now is refused. */
	remember();
	a->pauth.id[0] = 0xb3;
	refused(authority_send_pauth(a), EH_ERR_SIGNATURE, "retired key");
	a->issuer = a->second;
	refused(authority_send_pauth(a), EH_ERR_SIGNATURE, "no issuer grant");
	a->issuer = issuer;
}
END_TEST

/* Its key still stands there, but nothing says any more that it should. */
START_TEST(an_issuer_key_of_a_grant_that_is_over_signs_nothing_new)
{
	a->grant.expires = AUTHORITY_NOW + AUTHORITY_DAY;
	ok(authority_send_grant(a));
	fixture_later(AUTHORITY_DAY - 60);
	a->pauth.id[0] = 0xb2;
	ok(authority_send_pauth(a));
	fixture_later(120);
	remember();
	a->pauth.id[0] = 0xb3;
	refused(authority_send_pauth(a), EH_DENIED_EXPIRED, "issuer grant");
	a->time.from.iat = AUTHORITY_NOW + AUTHORITY_DAY + 60;
	ck_assert_int_eq(authority_send_time(a), EH_DENIED_EXPIRED);
	ok(fixture_restart(&a->f));
	remember();
	refused(authority_send_pauth(a), EH_DENIED_EXPIRED, "issuer grant");
	/* The root says so, and all goes on. */
	a->grant.expires += 100 * (uint64_t)AUTHORITY_DAY;
	ok(authority_send_grant(a));
	ok(authority_send_pauth(a));
}
END_TEST

START_TEST(an_issuer_key_of_a_grant_that_has_not_begun_signs_nothing)
{
	a->grant.not_before = AUTHORITY_NOW + AUTHORITY_DAY;
	ok(authority_send_grant(a));
	remember();
	a->pauth.id[0] = 0xb2;
	refused(authority_send_pauth(a), EH_DENIED_NOT_YET_VALID, "not begun");
	a->grant.not_before = AUTHORITY_NOW;
	ok(authority_send_grant(a));
	ok(authority_send_pauth(a));
}
END_TEST

START_TEST(a_grant_for_another_factory_closes_what_was_for_this_one)
{
	struct eh_record record;
	struct eh_row row;

	ok(authority_send_grant(a));
	row = authority_row(a, a->pauth.id);
	ck_assert_int_eq(row.state, EH_ROW_LIVE);
	strcpy(a->grant.factory, "fab2");
	ok(authority_send_grant(a));
	row = authority_row(a, a->pauth.id);
	ck_assert_int_ne(row.state, EH_ROW_LIVE);
	ck_assert_int_eq(row.close_reason, EH_CLOSE_REVOKED);
	authority_record(a, -2, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_REVOKED);
	remember();
	a->pauth.id[0] = 0xb2;
	refused(authority_send_pauth(a), EH_DENIED_SCOPE, "fab2");
	strcpy(a->pauth.factory, "fab2");
	ok(authority_send_pauth(a));
}
END_TEST

/* --- authorizations --- */

START_TEST(an_authorization_is_installed)
{
	struct eh_record record;
	struct eh_row row;
	uint64_t before;

	ok(authority_send_grant(a));
	ok(authority_send_time(a));
	before = authority_records(a);
	ok(authority_send_pauth(a));
	ck_assert_int_eq(a->done.code, EH_MSG_CODE_PAUTH);
	ck_assert_int_eq(a->done.has_authorization, 1);
	ck_assert_mem_eq(a->done.authorization, a->pauth.id, EH_ID_LEN);
	ck_assert_str_eq(a->done.text,
	    "authorization PO-1: 100 devices of profile gateway version 1");
	ck_assert_uint_eq(authority_records(a), before + 1);
	authority_record(a, -1, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_INSTALLED);
	ck_assert_str_eq(record.profile.name, "gateway");
	ck_assert_uint_eq(
	    eh_counters_get(&record.counters, EH_OP_ISSUE)->quota, 108);
	row = authority_row(a, a->pauth.id);
	ck_assert_int_eq(row.state, EH_ROW_LIVE);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.quota, 100);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.used, 0);
	ck_assert_uint_eq(row.lease, 4);
	ck_assert_uint_eq(authority_files(a, "messages"), 1);
}
END_TEST

START_TEST(an_authorization_of_a_key_that_may_not_is_refused)
{
	struct eh_soft *issuer = a->issuer;

	remember();
	refused(authority_send_pauth(a), EH_ERR_SIGNATURE, "no issuer grant");
	a->grant.keys[0].roles = EH_ROLE_BIT(EH_ROLE_TIME);
	strcpy(a->grant.keys[1].iss, "plant.example");
	ok(authority_send_grant(a));
	remember();
	refused(authority_send_pauth(a), EH_ERR_SIGNATURE, "role");
	a->issuer = a->second;
	refused(authority_send_pauth(a), EH_ERR_SIGNATURE, "plant.example");
	strcpy(a->pauth.from.iss, "plant.example");
	ok(authority_send_pauth(a));
	a->issuer = a->root;
	remember();
	refused(authority_send_pauth(a), EH_ERR_SIGNATURE, "no issuer grant");
	a->issuer = issuer;
}
END_TEST

START_TEST(an_authorization_for_others_is_refused)
{
	struct eh_pauth good = a->pauth;

	a->pauth.id[0] = good.id[0] = 0xb2;
	remember();
	a->pauth.from.sub[15] ^= 1;
	refused(authority_send_pauth(a), EH_DENIED_SCOPE, "another EdgeHSM");
	a->pauth = good;
	strcpy(a->pauth.factory, "fab2");
	refused(authority_send_pauth(a), EH_DENIED_SCOPE, "factory fab2");
	a->pauth = good;
	a->pauth.expires = AUTHORITY_NOW + 3;
	refused(authority_send_pauth(a), EH_DENIED_EXPIRED, "has expired");
	a->pauth = good;
	a->pauth.from.iat = AUTHORITY_NOW + 400;
	refused(authority_send_pauth(a), EH_DENIED_TIME, "later than it can be here");
	a->pauth = good;
	a->pauth.not_before = AUTHORITY_NOW + AUTHORITY_DAY;
	ok(authority_send_pauth(a));
}
END_TEST

START_TEST(an_authorization_is_imported_once)
{
	remember();
	ok(authority_import(a));
	ck_assert_str_eq(a->done.text, "imported before; nothing changed");
	ck_assert_int_eq(a->done.has_authorization, 1);
	authority_unchanged(a, mark);
	a->pauth.seq = 1;
	a->pauth.id[0] = 0xb2;
	refused(authority_send_pauth(a), EH_ERR_REPLAYED, "sequence number 1");
	a->pauth.seq = 0;
	refused(authority_send_pauth(a), EH_ERR_REPLAYED, "sequence number 0");
	a->pauth.seq = 2;
	a->pauth.id[0] = 0xa1;
	refused(authority_send_pauth(a), EH_ERR_EXISTS, "in the table already");
	a->pauth.id[0] = 0xb2;
	ok(authority_send_pauth(a));
}
END_TEST

/* The numbers are per key: a colleague's do not use up ours. */
START_TEST(each_key_has_its_own_numbers)
{
	struct eh_soft *issuer = a->issuer;

	a->issuer = a->second;
	a->pauth.seq = 1;
	a->pauth.id[0] = 0xb2;
	ok(authority_send_pauth(a));
	a->issuer = issuer;
}
END_TEST

/* Files may be lost: the message that a row was made by may come again, also when
 * it is not the last one. */
START_TEST(a_lost_message_file_comes_back_by_importing_it_again)
{
	uint8_t first[EH_MESSAGE_MAX_INBOUND];
	size_t len = a->len;
	char name[EH_OS_NAME];
	struct eh_row row = authority_row(a, a->pauth.id);

	memcpy(first, a->message, len);
	a->pauth.id[0] = 0xb2;
	ok(authority_send_pauth(a));
	eh_os_digest_name(name, "messages", row.message);
	ok(a->f.b->os->unlink(a->f.b->os->arg, name));
	ck_assert_uint_eq(authority_files(a, "messages"), 1);
	memcpy(a->message, first, len);
	a->len = len;
	ok(authority_import(a));
	ck_assert_str_eq(a->done.text, "imported before; nothing changed");
	ck_assert_uint_eq(authority_files(a, "messages"), 2);
}
END_TEST

START_TEST(no_bit_of_an_authorization_can_be_changed)
{
	a->pauth.id[0] = 0xb2;
	authority_sign_pauth(a);
	remember();
	for (size_t bit = 0; bit < a->len * 8; bit += 13) {
		a->message[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		ck_assert_msg(authority_import(a) < 0, "bit %zu", bit);
		ck_assert_int_ne(a->f.error.code, EH_OK);
		a->message[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	authority_unchanged(a, mark);
	ok(authority_import(a));
}
END_TEST

START_TEST(a_cut_or_longer_message_is_refused)
{
	size_t len;

	a->pauth.id[0] = 0xb2;
	authority_sign_pauth(a);
	len = a->len;
	remember();
	for (a->len = 1; a->len < len; a->len += 7)
		ck_assert_int_eq(authority_import(a), EH_ERR_FORMAT);
	a->len = len - 1;
	refused(authority_import(a), EH_ERR_FORMAT, "");
	a->len = len + 1;
	ck_assert_int_eq(authority_import(a), EH_ERR_TRAILING);
	authority_unchanged(a, mark);
	a->len = len;
	ok(authority_import(a));
}
END_TEST

START_TEST(what_is_not_built_is_refused_in_words)
{
	a->pauth.id[0] = 0xb2;
	remember();
	a->pauth.nops = 3;
	for (uint8_t op = EH_OP_DERIVE; op <= EH_OP_REPROVISION; op++) {
		const uint16_t lease = op == EH_OP_REPROVISION ? 1 : 4;
		char words[32];

		a->pauth.ops[2] = (struct eh_op_grant){ op, 1, lease, 9 };
		snprintf(words, sizeof(words), "operation %u is not", op);
		refused(authority_send_pauth(a), EH_ERR_UNSUPPORTED, words);
	}
	a->pauth.ops[2] = (struct eh_op_grant){ EH_OP_REISSUE, 1, 1, 9 };
	ok(authority_send_pauth(a));
}
END_TEST

START_TEST(superseding_goes_on_with_the_books_of_the_same_order_only)
{
	struct eh_pauth good;
	struct eh_row row;
	uint8_t old[EH_ID_LEN];

	memcpy(old, a->pauth.id, EH_ID_LEN);
	a->pauth.id[0] = 0xb2;
	a->pauth.has_supersedes = 1;
	memset(a->pauth.supersedes, 0xee, EH_ID_LEN);
	a->pauth.ops[0].quota = 150;
	a->pauth.ops[1].quota = 158;
	good = a->pauth;
	remember();
	refused(authority_send_pauth(a), EH_ERR_FORMAT, "not live here");
	memcpy(good.supersedes, old, EH_ID_LEN);
	a->pauth = good;
	strcpy(a->pauth.profile.name, "plain");
	refused(authority_send_pauth(a), EH_ERR_FORMAT, "another profile");
	a->pauth = good;
	memset(a->pauth.profile.digest, 9, EH_DIGEST_LEN);
	refused(authority_send_pauth(a), EH_DENIED_STATE,
	    "it changes the profile to gateway version 1: import that first");
	a->pauth = good;
	a->pauth.scope.kind = EH_SCOPE_ANY;
	refused(authority_send_pauth(a), EH_ERR_FORMAT, "scope");
	a->pauth = good;
	a->pauth.scope.hi.bytes[6] = '1';
	ok(authority_send_pauth(a));
	row = authority_row(a, old);
	ck_assert_int_ne(row.state, EH_ROW_LIVE);
	ck_assert_int_eq(row.close_reason, EH_CLOSE_SUPERSEDED);
	row = authority_row(a, a->pauth.id);
	ck_assert_int_eq(row.state, EH_ROW_LIVE);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.quota, 150);
	/* Once: it is not live any more. */
	remember();
	a->pauth.id[0] = 0xb3;
	refused(authority_send_pauth(a), EH_ERR_FORMAT, "not live here");
}
END_TEST

START_TEST(the_sixty_fifth_authorization_is_refused)
{
	for (unsigned i = 1; i < EH_STATE_ROWS; i++) {
		a->pauth.id[1] = (uint8_t)i;
		ok(authority_send_pauth(a));
	}
	remember();
	a->pauth.id[1] = EH_STATE_ROWS;
	refused(authority_send_pauth(a), EH_ERR_FULL, "64 rows");
}
END_TEST

/* --- time --- */

START_TEST(time_answers_a_nonce_of_ours_once)
{
	struct eh_record record;
	struct eh_now now;

	ok(authority_send_grant(a));
	remember();
	memset(a->time.nonce, 9, EH_ID_LEN);
	a->time.tseq = 1;
	authority_sign_time(a);
	refused(authority_import(a), EH_DENIED_TIME, "answers no nonce");

	ok(authority_send_time(a));
	ck_assert_int_eq(a->done.code, EH_MSG_CODE_TIME);
	authority_record(a, -1, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_TIME);
	eh_engine_lock(a->f.b->engine);
	eh_engine_now(a->f.b->engine, &now);
	eh_engine_unlock(a->f.b->engine);
	ck_assert_int_eq(now.quality, EH_QUALITY_FRESH);
	ck_assert_uint_ge(now.t_lo, AUTHORITY_NOW - 5);
	ck_assert_uint_ge(now.t_hi, AUTHORITY_NOW + 5);

	remember();
	ok(authority_import(a));	/* the same message */
	authority_unchanged(a, mark);
	a->time.tseq++;			/* the same nonce */
	authority_sign_time(a);
	refused(authority_import(a), EH_DENIED_TIME, "answers no nonce");
}
END_TEST

START_TEST(time_that_is_old_ahead_or_of_another_key_is_refused)
{
	struct eh_soft *issuer = a->issuer;

	ok(authority_send_grant(a));
	ok(authority_send_time(a));
	remember();
	a->time.tseq -= 1;
	refused(authority_send_time(a), EH_ERR_REPLAYED, "not newer");
	a->time.in_force.rseq = 17;
	refused(authority_send_time(a), EH_DENIED_TIME, "revocation update 17");
	a->time.in_force.rseq = 0;
	a->time.in_force.epoch = 1;
	refused(authority_send_time(a), EH_DENIED_TIME, "revocation update");
	a->time.in_force.epoch = 0;
	a->time.from.iat -= AUTHORITY_DAY;
	refused(authority_send_time(a), EH_DENIED_TIME, "has passed here already");
	a->time.from.iat += AUTHORITY_DAY;
	a->issuer = a->second;
	refused(authority_send_time(a), EH_ERR_SIGNATURE, "role");
	a->issuer = issuer;
	a->time.from.sub[0] ^= 1;
	refused(authority_send_time(a), EH_DENIED_SCOPE, "another EdgeHSM");
	a->time.from.sub[0] ^= 1;
	ok(authority_send_time(a));
}
END_TEST

static uint64_t
time_floor(void)
{
	uint64_t f = eh_engine_lock(a->f.b->engine)->clock.floor;

	eh_engine_unlock(a->f.b->engine);
	return f;
}

START_TEST(a_beacon_raises_the_floor_once_and_trusts_nothing)
{
	struct eh_record record;
	uint64_t before;

	ok(authority_send_grant(a));
	a->time.has_nonce = 0;
	remember();
	refused(authority_send_time(a), EH_DENIED_TIME, "none was ever attested here");
	a->time.has_nonce = 1;
	ok(authority_send_time(a));
	before = time_floor();
	a->time.has_nonce = 0;
	a->time.from.iat += 200;
	ok(authority_send_time(a));
	ck_assert_int_eq(a->done.code, EH_MSG_CODE_BEACON);
	ck_assert_uint_ge(time_floor(), before + 190);
	authority_record(a, -1, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_TIME);
	ck_assert_int_eq(record.ref.code, EH_MSG_CODE_BEACON);
	before = authority_records(a);
	ok(authority_import(a));	/* the same again */
	ck_assert_uint_eq(authority_records(a), before);
	a->time.from.iat += 2 * 86400;
	remember();
	refused(authority_send_time(a), EH_DENIED_TIME, "later than it can be");
	a->time.in_force.rseq = 1;
	refused(authority_send_time(a), EH_DENIED_TIME, "revocation update 1");
	a->time.in_force.rseq = 0;
	before = time_floor();
	ck_assert_int_eq(fixture_restart(&a->f), EH_OK);
	ck_assert_uint_ge(time_floor(), before);
}
END_TEST

START_TEST(a_new_time_refills_the_boot_grace)
{
	struct eh_row row;

	ok(authority_send_time(a));
	row = authority_row(a, a->pauth.id);
	ck_assert_uint_eq(row.grace, row.limits.boot_grace);
}
END_TEST

/* --- profiles --- */

START_TEST(a_profile_is_kept_once)
{
	struct eh_record record;

	remember();
	ok(authority_send_profile(a, &a->profile));
	ck_assert_int_eq(a->done.code, EH_MSG_CODE_PROFILE);
	ck_assert_str_eq(a->done.text, "profile gateway version 1");
	ck_assert_uint_eq(authority_files(a, "profiles"), 1);
	authority_record(a, -1, &record);
	ck_assert_int_eq(record.kind, EH_RECORD_IMPORT);
	ck_assert_int_eq(record.ref.code, EH_MSG_CODE_PROFILE);
	ck_assert_mem_eq(
	    record.ref.digest, a->profile.digest, EH_DIGEST_LEN);
	remember();
	ok(authority_send_profile(a, &a->profile));
	ck_assert_str_eq(a->done.text, "imported before; nothing changed");
	authority_unchanged(a, mark);
}
END_TEST

START_TEST(a_malformed_or_unsupported_profile_is_refused)
{
	static uint8_t bytes[EH_PROFILE_MAX];
	struct eh_profile *p = malloc(sizeof(*p));
	size_t len;

	ck_assert_ptr_nonnull(p);
	remember();
	memcpy(a->message, a->profile.bytes, a->profile.len);
	for (a->len = 1; a->len < a->profile.len; a->len += 31)
		ck_assert_int_eq(authority_import(a), EH_ERR_FORMAT);
	a->len = a->profile.len + 1;
	ck_assert_int_eq(authority_import(a), EH_ERR_TRAILING);
	a->len--;
	/* Bytes that no rule is about make another profile; many are. */
	a->message[0]++;
	refused(authority_import(a), EH_ERR_FORMAT, "");

	*p = a->profile.decoded;
	p->roots = 1;	/* and no evidence that they would be for */
	ok(eh_profile_encode(p, bytes, sizeof(bytes), &len, &a->f.error));
	memcpy(a->message, bytes, len);
	a->len = len;
	refused(authority_import(a), EH_ERR_UNSUPPORTED,
	    "only evidence: attested looks at");
	free(p);
}
END_TEST

START_TEST(the_two_hundred_and_fifty_seventh_profile_is_refused)
{
	char name[EH_OS_NAME];
	uint8_t digest[EH_DIGEST_LEN] = { 0 };

	for (unsigned i = 0; i < 255; i++) {
		FILE *file;
		char path[2 * FIXTURE_PATH];

		digest[0] = (uint8_t)i;
		eh_os_digest_name(name, "profiles", digest);
		snprintf(path, sizeof(path), "%s/%s", a->f.state, name);
		file = fopen(path, "w");
		ck_assert_ptr_nonnull(file);
		ck_assert_int_eq(fclose(file), 0);
	}
	ok(authority_send_profile(a, &a->profile));	/* 256 */
	remember();
	refused(authority_send_profile(a, &a->plain), EH_ERR_FULL,
	    "256 profiles");
	ok(authority_send_profile(a, &a->profile));
}
END_TEST

/* --- all else --- */

START_TEST(messages_of_later_versions_and_our_own_are_refused_in_words)
{
	static const struct {
		enum eh_message_type type;
		int err;
		const char *words;
	} row[] = {
		{ EH_MESSAGE_DAUTH, EH_ERR_UNSUPPORTED, "debug authorization" },
		{ EH_MESSAGE_RELEASE, EH_ERR_UNSUPPORTED, "release manifest" },
		{ EH_MESSAGE_CRLORDER, EH_ERR_UNSUPPORTED, "CRL order" },
		{ EH_MESSAGE_AGREE, EH_ERR_UNSUPPORTED, "root agreement" },
		{ EH_MESSAGE_RECEIPT, EH_ERR_FORMAT, "comes out" },
		{ EH_MESSAGE_ENROL, EH_ERR_FORMAT, "comes out" },
		{ EH_MESSAGE_KEYATTEST, EH_ERR_FORMAT, "comes out" },
	};
	static const uint8_t payload[] = { 0xa0 };

	ok(authority_send_grant(a));
	remember();
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		authority_sign(a, row[i].type, a->issuer, payload, 1);
		refused(authority_import(a), row[i].err, row[i].words);
	}
}
END_TEST

START_TEST(what_is_no_message_is_refused_with_a_hint)
{
	remember();
	a->len = 0;
	refused(authority_import(a), EH_ERR_FORMAT, "nothing came");
	memset(a->message, 0, sizeof(a->message));
	a->len = 100;
	refused(authority_import(a), EH_ERR_FORMAT, "");
	/* What pkcs11-tool leaves of a longer file; neither one byte less nor
	 * more. */
	memcpy(a->message, a->profile.bytes, a->profile.len);
	a->message[0] = 0xd2;
	a->len = 5000;
	refused(authority_import(a), EH_ERR_FORMAT, "cuts files");
	for (a->len = 4999; a->len <= 5001; a->len += 2) {
		ck_assert_int_lt(authority_import(a), 0);
		ck_assert_ptr_null(
		    strstr(eh_error_sentence(&a->f.error), "cuts files"));
	}
	a->len = EH_MESSAGE_MAX_INBOUND + 1;
	refused(authority_import(a), EH_ERR_FORMAT, "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("import");
	TCase *tc = tcase_create("from nothing"), *in = tcase_create("ready");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, a_grant_of_the_root_comes_into_force);
	tcase_add_test(
	    tc, a_grant_of_another_root_or_for_another_token_is_refused);
	tcase_add_test(tc,
	    the_same_grant_is_nothing_new_and_another_with_its_number_is_refused);
	tcase_add_test(tc, a_grant_that_names_the_root_is_refused);
	tcase_add_test(tc, a_grant_is_judged_by_the_time_that_is_known);
	tcase_add_test(
	    tc, a_date_just_ahead_of_us_leaves_an_interval_that_is_one);
	tcase_add_test(tc, an_authorization_is_installed);
	tcase_add_test(tc, an_authorization_of_a_key_that_may_not_is_refused);
	tcase_add_test(tc, time_answers_a_nonce_of_ours_once);
	tcase_add_test(
	    tc, time_that_is_old_ahead_or_of_another_key_is_refused);
	tcase_add_test(tc, a_beacon_raises_the_floor_once_and_trusts_nothing);
	tcase_add_test(tc, a_profile_is_kept_once);
	tcase_add_test(tc, a_malformed_or_unsupported_profile_is_refused);
	tcase_add_test(
	    tc, the_two_hundred_and_fifty_seventh_profile_is_refused);
	tcase_add_test(tc,
	    messages_of_later_versions_and_our_own_are_refused_in_words);
	tcase_add_test(tc, what_is_no_message_is_refused_with_a_hint);
	suite_add_tcase(suite, tc);

	tcase_add_checked_fixture(in, begin_ready, end);
	tcase_add_test(in,
	    a_grant_closes_what_a_missing_key_installed_and_keeps_the_retired);
	tcase_add_test(in,
	    an_issuer_key_of_a_grant_that_is_over_signs_nothing_new);
	tcase_add_test(
	    in, an_issuer_key_of_a_grant_that_has_not_begun_signs_nothing);
	tcase_add_test(
	    in, a_grant_for_another_factory_closes_what_was_for_this_one);
	tcase_add_test(in, an_authorization_for_others_is_refused);
	tcase_add_test(in, an_authorization_is_imported_once);
	tcase_add_test(in, each_key_has_its_own_numbers);
	tcase_add_test(
	    in, a_lost_message_file_comes_back_by_importing_it_again);
	tcase_add_test(in, no_bit_of_an_authorization_can_be_changed);
	tcase_add_test(in, a_cut_or_longer_message_is_refused);
	tcase_add_test(in, what_is_not_built_is_refused_in_words);
	tcase_add_test(
	    in, superseding_goes_on_with_the_books_of_the_same_order_only);
	tcase_add_test(in, the_sixty_fifth_authorization_is_refused);
	tcase_add_test(in, a_new_time_refills_the_boot_grace);
	suite_add_tcase(suite, in);
	return unit_run(suite);
}
