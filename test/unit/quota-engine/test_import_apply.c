/* SPDX-License-Identifier: Apache-2.0 */
/* test_import_apply.c - what imported messages change, now and when the journal
 * is replayed. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "quota-engine/import_apply.h"
#include "quota-engine/issue.h"
#include "test/unit/quota-engine/authority.h"
#include "test/unit/unit.h"

static struct authority *a;

static void
begin(void)
{
	a = authority_ready();
}

static void
end(void)
{
	authority_close(a);
}

static void
ok(int err)
{
	ck_assert_msg(
	    err == EH_OK, "%d: %s", err, eh_error_sentence(&a->f.error));
}

static struct eh_now
now(void)
{
	struct eh_now n;

	eh_engine_lock(a->f.b->engine);
	eh_engine_now(a->f.b->engine, &n);
	eh_engine_unlock(a->f.b->engine);
	return n;
}

/* What messages put into the state is the same in both. */
static void
same(const struct eh_state *x, const struct eh_state *y)
{
	ck_assert_str_eq(x->factory, y->factory);
	ck_assert_mem_eq(&x->grant, &y->grant, sizeof(x->grant));
	ck_assert_mem_eq(x->issuer, y->issuer, sizeof(x->issuer));
	ck_assert_mem_eq(x->kid, y->kid, sizeof(x->kid));
	ck_assert_mem_eq(&x->in_force, &y->in_force, sizeof(x->in_force));
	ck_assert_uint_eq(x->clock.attested, y->clock.attested);
	ck_assert_uint_eq(x->clock.time, y->clock.time);
	ck_assert_uint_eq(x->clock.tseq, y->clock.tseq);
	ck_assert_uint_eq(x->clock.uncertainty, y->clock.uncertainty);
	ck_assert_uint_eq(x->clock.sent.boottime, y->clock.sent.boottime);
	ck_assert_uint_eq(
	    x->clock.received.boottime, y->clock.received.boottime);
	ck_assert_uint_ge(y->clock.floor, x->clock.floor);
	ck_assert_uint_ge(y->log.tree.size, x->log.tree.size);
	for (unsigned i = 0; i < EH_STATE_ROWS; i++) {
		const struct eh_row *r = &x->row[i], *s = &y->row[i];

		ck_assert_int_eq(r->state, s->state);
		ck_assert_mem_eq(r->id, s->id, EH_ID_LEN);
		ck_assert_mem_eq(r->kid, s->kid, EH_KID_LEN);
		ck_assert_mem_eq(r->message, s->message, EH_DIGEST_LEN);
		ck_assert_str_eq(r->order, s->order);
		ck_assert_str_eq(r->profile.name, s->profile.name);
		ck_assert_mem_eq(
		    r->profile.digest, s->profile.digest, EH_DIGEST_LEN);
		ck_assert_uint_eq(r->seq, s->seq);
		ck_assert_uint_eq(r->not_before, s->not_before);
		ck_assert_uint_eq(r->expires, s->expires);
		ck_assert_mem_eq(&r->limits, &s->limits, sizeof(r->limits));
		ck_assert_uint_eq(r->lease, s->lease);
		ck_assert_uint_eq(r->grace, s->grace);
		ck_assert_uint_eq(r->close_reason, s->close_reason);
		ck_assert_int_eq(r->has_supersedes, s->has_supersedes);
		ck_assert_mem_eq(r->supersedes, s->supersedes, EH_ID_LEN);
		for (unsigned op = 0; op < EH_OPS; op++) {
			ck_assert_int_eq(
			    r->op[op].granted, s->op[op].granted);
			ck_assert_int_eq(r->op[op].uses, s->op[op].uses);
			ck_assert_uint_eq(
			    r->op[op].count.quota, s->op[op].count.quota);
			ck_assert_uint_eq(
			    r->op[op].count.used, s->op[op].count.used);
		}
	}
}

/* Install, retire, supersede and attest, so that there is something to keep. */
static void
live(void)
{
	a->pauth.has_supersedes = 1;
	memcpy(a->pauth.supersedes, a->pauth.id, EH_ID_LEN);
	a->pauth.id[0] = 0xb2;
	strcpy(a->pauth.order, "PO-2");
	ok(authority_send_pauth(a));
	a->pauth.has_supersedes = 0;
	a->pauth.id[0] = 0xb3;
	ok(authority_send_pauth(a));
	a->grant.keys[1].state = EH_KEY_RETIRED;
	ok(authority_send_grant(a));
	ok(authority_send_time(a));
}

START_TEST(after_a_clean_restart_all_is_as_it_was)
{
	struct authority_mark *before, *after;

	live();
	before = authority_mark(a);
	ok(fixture_restart(&a->f));
	after = authority_mark(a);
	same(&before->state, &after->state);
	ck_assert_uint_eq(before->messages, after->messages);
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
	ck_assert_uint_le(now().t_hi, AUTHORITY_NOW + 60);
	/* And it goes on: the next numbers, and no older ones. */
	ok(authority_send_grant(a));
	a->pauth.id[0] = 0xb4;
	a->pauth.seq--;
	ck_assert_int_eq(authority_send_pauth(a), EH_ERR_REPLAYED);
	a->pauth.seq++;
	ok(authority_send_pauth(a));
	free(before);
	free(after);
}
END_TEST

START_TEST(a_replayed_authorization_is_there_and_is_imported_before)
{
	struct eh_row row;

	a->pauth.has_supersedes = 1;
	memcpy(a->pauth.supersedes, a->pauth.id, EH_ID_LEN);
	a->pauth.id[0] = 0xb2;
	authority_loses_anchor(a, authority_send_pauth);
	row = authority_row(a, a->pauth.id);
	ck_assert_int_eq(row.state, EH_ROW_LIVE);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.quota, 100);
	ck_assert_uint_eq(row.seq, a->pauth.seq);
	row = authority_row(a, a->pauth.supersedes);
	ck_assert_int_eq(row.close_reason, EH_CLOSE_SUPERSEDED);
	ok(authority_import(a));
	ck_assert_str_eq(a->done.text, "imported before; nothing changed");
	a->pauth.id[0] = 0xb3;
	a->pauth.has_supersedes = 0;
	ck_assert_int_eq(authority_send_pauth(a), EH_ERR_REPLAYED);
	a->pauth.seq++;
	ok(authority_send_pauth(a));
}
END_TEST

START_TEST(a_replayed_time_counts_from_the_readings_of_then)
{
	struct eh_now before;

	a->time.from.iat += 1000;
	fixture_later(1000);
	before = now();
	fixture_later(50);
	authority_loses_anchor(a, authority_send_time);
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
	ck_assert_uint_ge(now().t_lo, AUTHORITY_NOW + 1000 - 5);
	ck_assert_uint_lt(now().t_lo, AUTHORITY_NOW + 1000 + 60);
	ck_assert_uint_le(now().t_lo, now().t_hi);
	ck_assert_uint_ge(now().t_lo, before.t_lo);
	ok(authority_import(a));
	ck_assert_str_eq(a->done.text, "imported before; nothing changed");
	a->time.tseq--;
	ck_assert_int_eq(authority_send_time(a), EH_ERR_REPLAYED);
	a->time.from.iat += 60;
	ok(authority_send_time(a));
}
END_TEST

START_TEST(a_replayed_grant_closes_what_it_closed)
{
	struct eh_row row;

	a->grant.keys[0] = a->grant.keys[1];
	a->grant.nkeys = 1;
	authority_loses_anchor(a, authority_send_grant);
	row = authority_row(a, a->pauth.id);
	ck_assert_int_ne(row.state, EH_ROW_LIVE);
	ck_assert_int_eq(row.close_reason, EH_CLOSE_REVOKED);
	ok(authority_import(a));
	ck_assert_str_eq(a->done.text, "imported before; nothing changed");
	ck_assert_int_eq(authority_send_pauth(a), EH_ERR_SIGNATURE);
}
END_TEST

/* --- the functions themselves --- */

static const struct eh_apply *
find(enum eh_record_kind kind, enum eh_msg_code code)
{
	for (size_t i = 0; i < eh_import_napply; i++)
		if (eh_import_apply[i].kind == kind &&
		    eh_import_apply[i].code == code)
			return &eh_import_apply[i];
	ck_abort_msg("no function for %d and %d", kind, code);
	return NULL;
}

/* Run it twice on a copy of the state: the same comes out. */
static int
twice(const struct eh_apply *apply, struct eh_record *r, const uint8_t *redo,
    size_t len)
{
	struct authority_mark *copy = authority_mark(a);
	struct authority_mark *once = calloc(1, sizeof(*once));
	struct eh_clockguard guard = { 0 };
	int err;

	ck_assert_ptr_nonnull(once);
	err = apply->apply(
	    &copy->state, &guard, r, redo, len, &a->f.error);
	if (err == EH_OK) {
		once->state = copy->state;
		ok(apply->apply(
		    &copy->state, &guard, r, redo, len, &a->f.error));
		ck_assert_mem_eq(
		    &once->state, &copy->state, sizeof(once->state));
	}
	free(once);
	free(copy);
	return err;
}

static void
record(struct eh_record *r, enum eh_record_kind kind, enum eh_msg_code code)
{
	struct eh_envelope e;

	eh_record_init(r, kind);
	r->t_lo = AUTHORITY_NOW;
	r->t_hi = AUTHORITY_NOW + 10;
	r->quality = EH_QUALITY_FRESH;
	ok(eh_envelope_decode(a->message, a->len, &e, &a->f.error));
	r->ref.code = code;
	eh_envelope_digest(&e, r->ref.digest);
}

START_TEST(running_it_again_changes_nothing_more)
{
	struct eh_record *r = calloc(1, sizeof(*r));

	ck_assert_ptr_nonnull(r);
	authority_sign_grant(a);
	record(r, EH_RECORD_IMPORT, EH_MSG_CODE_GRANT);
	ok(twice(find(EH_RECORD_IMPORT, EH_MSG_CODE_GRANT), r, a->message,
	    a->len));
	a->grant.nkeys = 1;
	authority_sign_grant(a);
	record(r, EH_RECORD_REVOKED, EH_MSG_CODE_GRANT);
	ok(twice(find(EH_RECORD_REVOKED, EH_MSG_CODE_GRANT), r, a->message,
	    a->len));

	a->pauth.id[0] = 0xb2;
	authority_sign_pauth(a);
	record(r, EH_RECORD_INSTALLED, EH_MSG_CODE_PAUTH);
	eh_import_installed(r, &a->pauth);
	ok(twice(find(EH_RECORD_INSTALLED, EH_MSG_CODE_PAUTH), r, a->message,
	    a->len));
	ck_assert_int_eq(twice(find(EH_RECORD_INSTALLED, EH_MSG_CODE_PAUTH),
	    r, a->message, a->len - 1), EH_ERR_FORMAT);
	free(r);
}
END_TEST

START_TEST(a_time_needs_its_readings)
{
	const struct eh_apply *apply = find(EH_RECORD_TIME, EH_MSG_CODE_TIME);
	struct eh_record *r = calloc(1, sizeof(*r));
	uint8_t redo[EH_PRIVATE_MESSAGE_MAX];
	size_t len;

	ck_assert_ptr_nonnull(r);
	ok(eh_nonces_ask(a->f.b->nonces, a->time.nonce, &a->f.error));
	a->time.tseq++;
	authority_sign_time(a);
	record(r, EH_RECORD_TIME, EH_MSG_CODE_TIME);
	ok(eh_import_redo(a->f.b, EH_MSG_CODE_TIME, a->message, a->len, redo,
	    &len, &a->f.error));
	ck_assert_uint_eq(len, a->len + 64);
	ck_assert_mem_eq(redo + 64, a->message, a->len);
	ok(twice(apply, r, redo, len));
	ck_assert_int_eq(twice(apply, r, a->message, a->len), EH_ERR_FORMAT);
	ck_assert_int_eq(twice(apply, r, redo, 63), EH_ERR_FORMAT);
	/* Its nonce has been used up by the first. */
	ck_assert_int_eq(eh_import_redo(a->f.b, EH_MSG_CODE_TIME, a->message,
	    a->len, redo, &len, &a->f.error), EH_DENIED_TIME);
	free(r);
}
END_TEST

START_TEST(a_grant_that_needs_a_sixty_fifth_key_is_refused)
{
	struct authority_mark *before;
	unsigned known = 2;

	for (; known + 6 <= EH_STATE_KIDS; known += 6) {
		a->grant.nkeys = 8;
		for (unsigned i = 2; i < 8; i++) {
			struct eh_grant_key *k = &a->grant.keys[i];
			struct eh_soft *soft;

			ok(eh_soft_generate(&soft));
			*k = a->grant.keys[1];
			k->key = *eh_soft_public(soft);
			eh_keyid_kid(&k->key, k->kid);
			eh_soft_free(soft);
		}
		ok(authority_send_grant(a));
	}
	/* Two places are left. */
	ck_assert_uint_eq(known, 62);
	before = authority_mark(a);
	for (unsigned i = 2; i < 5; i++) {
		struct eh_soft *soft;

		ok(eh_soft_generate(&soft));
		a->grant.keys[i].key = *eh_soft_public(soft);
		eh_keyid_kid(
		    &a->grant.keys[i].key, a->grant.keys[i].kid);
		eh_soft_free(soft);
	}
	a->grant.nkeys = 5;
	ck_assert_int_eq(authority_send_grant(a), EH_ERR_FULL);
	authority_says(a, "table of issuer keys is full (64)");
	authority_unchanged(a, before);
	a->grant.nkeys = 4;
	ok(authority_send_grant(a));
	free(before);
}
END_TEST

START_TEST(only_a_key_that_is_left_out_is_removed)
{
	struct authority_mark *m = authority_mark(a);

	ck_assert_int_eq(eh_import_grant_removes(&m->state, &a->grant), 0);
	a->grant.keys[0].state = EH_KEY_RETIRED;
	ck_assert_int_eq(eh_import_grant_removes(&m->state, &a->grant), 0);
	a->grant.nkeys = 1;
	ck_assert_int_eq(eh_import_grant_removes(&m->state, &a->grant), 1);
	a->grant.keys[0].kid[0] ^= 1;
	ck_assert_int_eq(eh_import_grant_removes(&m->state, &a->grant), 1);
	free(m);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("import_apply");
	TCase *tc = tcase_create("import_apply");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, after_a_clean_restart_all_is_as_it_was);
	tcase_add_test(
	    tc, a_replayed_authorization_is_there_and_is_imported_before);
	tcase_add_test(tc, a_replayed_time_counts_from_the_readings_of_then);
	tcase_add_test(tc, a_replayed_grant_closes_what_it_closed);
	tcase_add_test(tc, running_it_again_changes_nothing_more);
	tcase_add_test(tc, a_time_needs_its_readings);
	tcase_add_test(tc, a_grant_that_needs_a_sixty_fifth_key_is_refused);
	tcase_add_test(tc, only_a_key_that_is_left_out_is_removed);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
