/* SPDX-License-Identifier: Apache-2.0 */
/* test_life.c - what becomes of an authorization: revoked, closed, written off;
 * and what is left of its order. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/message/grant.h"
#include "common/message/time.h"
#include "common/x509/serial.h"
#include "orchestrator/authority/attest_time.h"
#include "orchestrator/authority/authorize.h"
#include "orchestrator/authority/close.h"
#include "orchestrator/authority/prerevoke.h"
#include "orchestrator/authority/revoke.h"
#include "orchestrator/authority/rollover.h"
#include "orchestrator/authority/store_log.h"
#include "orchestrator/authority/write_off.h"
#include "test/unit/orchestrator/authority/rig.h"

static struct rig rig;
static struct eh_store *store;
static struct eh_buf profile, other_profile;	/* one of each EdgeHSM */
static struct eh_pauth p;		/* signed last */
static struct eh_revoked revoked;
static struct eh_receipt receipt;	/* what the EdgeHSM says next */
static uint64_t entries;		/* of its log */

/* A second EdgeHSM in another factory, known by hand. */
static void
put_other(void)
{
	struct eh_hsm hsm = { .name = "fab2-hsm1", .factory = "fab2",
		.granted_until = RIG_NOW + 400 * 86400 };
	struct eh_soft *key;

	ck_assert_int_eq(eh_soft_generate(&key), EH_OK);
	hsm.attestation = *eh_soft_public(key);
	eh_keyid_hsm(&hsm.attestation, hsm.id);
	ck_assert_int_eq(eh_store_put_hsm(store, &hsm, NULL), EH_OK);
	eh_soft_free(key);
	key = rig.issuing;
	ck_assert_int_eq(eh_soft_generate(&rig.issuing), EH_OK);
	rig_profile(&rig, &other_profile);
	eh_soft_free(rig.issuing);
	rig.issuing = key;
}

static void
setup(void)
{
	rig_open(&rig);
	rig_enrolled(&rig);
	rig_profile(&rig, &profile);
	store = eh_authority_store(rig.authority);
	put_other();
	memset(&receipt, 0, sizeof(receipt));
	memcpy(receipt.hsm_id, rig.hsm_id, EH_HSM_ID_LEN);
	eh_authority_root(rig.authority, receipt.root);
	receipt.t_hi = EH_TIME_MAX;
	strcpy(receipt.software.version, "test");
	entries = 0;
}

static void
teardown(void)
{
	eh_buf_free(&profile);
	eh_buf_free(&other_profile);
	rig_close(&rig);
}

static void
warn(void *arg, const char *sentence)
{
	(void)arg;
	(void)sentence;
}

static int
authorize(const char *hsm, const char *order, uint64_t devices,
    const char *scope, const char *supersedes)
{
	const struct eh_buf *compiled =
	    strcmp(hsm, "fab1-hsm1") == 0 ? &profile : &other_profile;
	const struct eh_authorize_warn w = { warn, NULL };
	struct eh_authorize_request r = { .hsm = hsm,
		.profile = compiled->data,
		.profile_len = compiled->len,
		.devices = devices,
		.order = order,
		.scope = scope,
		.supersedes = supersedes,
		.not_before = RIG_NOW,
		.expires = RIG_NOW + 7 * 86400,
		.stops = 2,
		.limits = eh_authorize_limits };
	static struct eh_pauth signed_;
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf out;
	int err;

	eh_error_clear(&rig.error);
	eh_buf_init(&out, EH_MESSAGE_MAX);
	err = eh_authorize(rig.authority, &r, RIG_NOW, &w, &out, digest,
	    &signed_, &rig.error);
	if (err == EH_OK)
		p = signed_;
	eh_buf_free(&out);
	return err;
}

static void
allowed(int err)
{
	ck_assert_msg(err == EH_OK, "%s", rig.error.text);
}

/* --- what the EdgeHSM proves --- */

static void
encode_receipt(const void *value, struct eh_writer *w)
{
	eh_receipt_encode(value, w);
}

/* Its receipt of the log as it is now was accepted. */
static void
prove(void)
{
	struct eh_store_receipt r = { .size = entries, .seen = RIG_NOW,
		.fits = 1 };
	struct eh_buf message;

	receipt.tree_size = entries;
	rig_sign(&rig, EH_MESSAGE_RECEIPT, encode_receipt, &receipt, &message);
	r.digest[0] = (uint8_t)entries;
	memcpy(r.hsm, rig.hsm_id, EH_HSM_ID_LEN);
	r.bytes = message.data;
	r.len = message.len;
	ck_assert_int_eq(eh_store_put_receipt(store, &r, NULL), EH_OK);
	eh_buf_free(&message);
}

/* An entry of ${kind} on ${id}, with ${used} and ${burned} devices. */
static void
log_says(enum eh_record_kind kind, const uint8_t id[EH_ID_LEN], uint64_t used,
    uint64_t burned, enum eh_close_reason reason)
{
	struct eh_store_counter c = { .op = EH_OP_PASS, .used = used,
		.burned = burned };
	static struct eh_record r;

	eh_record_init(&r, kind);
	r.seq = entries++;
	memcpy(r.hsm_id, rig.hsm_id, EH_HSM_ID_LEN);
	r.has_authorization = 1;
	memcpy(r.authorization, id, EH_ID_LEN);
	if (kind == EH_RECORD_CLOSED)
		r.of.closed = (struct eh_closed){ .reason = reason };
	memcpy(c.hsm, rig.hsm_id, EH_HSM_ID_LEN);
	memcpy(c.authorization, id, EH_ID_LEN);
	ck_assert_int_eq(eh_store_put_counter(store, &c, NULL), EH_OK);
	ck_assert_int_eq(eh_store_take_life(store, &r, NULL), EH_OK);
}

/* --- revoke --- */

static int
revoke(const char *chain, const char *key, int raise, uint64_t now)
{
	struct eh_revoke_request r = { .hsm = "fab1-hsm1",
		.nchains = chain != NULL,
		.chain = { chain },
		.nkeys = key != NULL,
		.key = { key },
		.raise_epoch = raise,
		.why = "test" };
	const struct eh_store_self *self = eh_authority_self(rig.authority);
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_revoke told;
	struct eh_envelope e;
	struct eh_buf out;
	int err;

	eh_error_clear(&rig.error);
	eh_buf_init(&out, EH_MESSAGE_MAX);
	err = eh_revoke_make(
	    rig.authority, &r, now, &out, digest, &revoked, &rig.error);
	if (err == EH_OK) {
		ck_assert_int_eq(
		    eh_envelope_decode(out.data, out.len, &e, NULL), EH_OK);
		ck_assert_int_eq(e.type, EH_MESSAGE_REVOKE);
		ck_assert_int_eq(eh_envelope_verify(&e,
		    &self->key[EH_STORE_MESSAGE_KEY].public, NULL), EH_OK);
		ck_assert_int_eq(eh_revoke_decode(e.sign1.payload,
		    e.sign1.payload_len, &told, NULL), EH_OK);
		ck_assert_uint_eq(told.rseq, revoked.update.rseq);
		ck_assert_uint_eq(told.nids, revoked.update.nids);
	} else {
		ck_assert_uint_eq(out.len, 0);
	}
	eh_buf_free(&out);
	return err;
}

/* What is in force, as a time attestation says it. */
static struct eh_in_force
told(const char *hsm)
{
	const uint8_t nonce[EH_ID_LEN] = { 1 };
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_time_attestation t;
	struct eh_envelope e;
	struct eh_buf out;

	eh_buf_init(&out, EH_MESSAGE_MAX);
	allowed(eh_attest_time(rig.authority, hsm, nonce, 2, RIG_NOW, &out,
	    digest, &rig.error));
	ck_assert_int_eq(
	    eh_envelope_decode(out.data, out.len, &e, NULL), EH_OK);
	ck_assert_int_eq(eh_time_attestation_decode(
	    e.sign1.payload, e.sign1.payload_len, &t, NULL), EH_OK);
	eh_buf_free(&out);
	return t.in_force;
}

START_TEST(revocation_names_all_of_a_chain)
{
	uint8_t first[EH_ID_LEN];

	ck_assert_uint_eq(told("fab1-hsm1").rseq, 0);
	allowed(authorize("fab1-hsm1", "PO-1", 10, NULL, NULL));
	memcpy(first, p.id, sizeof(first));
	allowed(authorize("fab1-hsm1", "PO-1", 8, NULL, "PO-1"));
	allowed(authorize("fab1-hsm1", "PO-2", 5, NULL, NULL));
	allowed(revoke("PO-1", NULL, 0, RIG_NOW));
	ck_assert_uint_eq(revoked.update.rseq, 1);
	ck_assert_uint_eq(revoked.update.epoch, 0);
	ck_assert_uint_eq(revoked.update.nids, 2);
	ck_assert(eh_revoke_has_id(&revoked.update, first));
	ck_assert(!eh_revoke_has_id(&revoked.update, p.id));
	ck_assert_uint_eq(revoked.authorizations, 2);
	ck_assert_uint_eq(revoked.possible, 10);
	ck_assert_uint_eq(
	    revoked.max_offline, eh_authorize_limits.max_offline);
	/* Here, and not elsewhere. */
	ck_assert_uint_eq(told("fab1-hsm1").rseq, 1);
	ck_assert_uint_eq(told("fab2-hsm1").rseq, 0);
	rig_refused(&rig, revoke("PO-1", NULL, 0, RIG_NOW), EH_DENIED_STATE,
	    "PO-1 is revoked already, by update 1 for fab1-hsm1: import");
	rig_refused(&rig, authorize("fab1-hsm1", "PO-1", 8, NULL, "PO-1"),
	    EH_DENIED_STATE, "revoked by update 1: authorize a new one");
	/* Refused: no number was used. */
	allowed(revoke("PO-2", NULL, 0, RIG_NOW));
	ck_assert_uint_eq(revoked.update.rseq, 2);
	ck_assert_uint_eq(revoked.update.nids, 3);
	ck_assert_uint_eq(told("fab1-hsm1").rseq, 2);
}
END_TEST

START_TEST(what_is_revoked_must_be_there)
{
	char hex[EH_HEX_SIZE(EH_ID_LEN)];

	rig_refused(&rig, revoke(NULL, NULL, 0, RIG_NOW), EH_ERR_ARGUMENT,
	    "what is revoked");
	rig_refused(&rig, revoke("PO-1", NULL, 0, RIG_NOW), EH_ERR_NOT_FOUND,
	    "no authorization PO-1 that is open");
	allowed(authorize("fab2-hsm1", "PO-1", 10, NULL, NULL));
	eh_hex_encode(p.id, EH_ID_LEN, hex);
	rig_refused(&rig, revoke(hex, NULL, 0, RIG_NOW), EH_ERR_NOT_FOUND,
	    "not one for fab1-hsm1");
	allowed(authorize("fab1-hsm1", "PO-2", 10, NULL, NULL));
	log_says(EH_RECORD_INSTALLED, p.id, 0, 0, 0);
	log_says(EH_RECORD_CLOSED, p.id, 3, 0, EH_CLOSE_EXPIRED);
	prove();
	eh_hex_encode(p.id, EH_ID_LEN, hex);
	rig_refused(&rig, revoke(hex, NULL, 0, RIG_NOW), EH_DENIED_STATE,
	    "over already at fab1-hsm1: expired");
	ck_assert_uint_eq(told("fab1-hsm1").rseq, 0);
}
END_TEST

START_TEST(ended_ids_leave_the_list)
{
	char hex[EH_HEX_SIZE(EH_ID_LEN)];

	allowed(authorize("fab1-hsm1", "PO-1", 10, NULL, NULL));
	allowed(authorize("fab1-hsm1", "PO-2", 10, NULL, NULL));
	eh_hex_encode(p.id, EH_ID_LEN, hex);
	allowed(revoke("PO-1", NULL, 0, RIG_NOW));
	ck_assert_uint_eq(revoked.update.nids, 1);
	rig_refused(&rig, revoke("PO-2", NULL, 0, RIG_NOW + 7 * 86400),
	    EH_DENIED_STATE, "has ended");
	/* The list is of those that have not, at that time. */
	allowed(revoke("PO-2", NULL, 0, RIG_NOW + 7 * 86400 - 1));
	ck_assert_uint_eq(revoked.update.nids, 2);
	allowed(revoke(NULL, NULL, 1, RIG_NOW + 7 * 86400));
	ck_assert_uint_eq(revoked.update.nids, 0);
}
END_TEST

START_TEST(epoch_revokes_all_before_it)
{
	allowed(authorize("fab1-hsm1", "PO-1", 10, NULL, NULL));
	allowed(revoke("PO-1", NULL, 0, RIG_NOW));
	allowed(authorize("fab1-hsm1", "PO-2", 10, NULL, NULL));
	ck_assert_uint_eq(p.epoch, 0);
	allowed(revoke(NULL, NULL, 1, RIG_NOW));
	ck_assert_uint_eq(revoked.update.epoch, 1);
	ck_assert_uint_eq(revoked.update.rseq, 2);
	ck_assert_uint_eq(revoked.update.nids, 0);
	ck_assert_uint_eq(revoked.authorizations, 1);
	ck_assert_uint_eq(told("fab1-hsm1").epoch, 1);
	rig_refused(&rig, revoke("PO-2", NULL, 0, RIG_NOW), EH_DENIED_STATE,
	    "revoked already, by update 2");
	/* New ones are of the new epoch, there only. */
	allowed(authorize("fab1-hsm1", "PO-3", 10, NULL, NULL));
	ck_assert_uint_eq(p.epoch, 1);
	allowed(authorize("fab2-hsm1", "PO-4", 10, NULL, NULL));
	ck_assert_uint_eq(p.epoch, 0);
	allowed(revoke("PO-3", NULL, 0, RIG_NOW));
	ck_assert_uint_eq(revoked.update.nids, 1);
	ck_assert_uint_eq(revoked.update.epoch, 1);
}
END_TEST

/* Revoke ${n} more in one update. */
static int
revoke_many(unsigned n)
{
	static char id[EH_REVOKE_ASKED_MAX][EH_HEX_SIZE(EH_ID_LEN)];
	struct eh_revoke_request r = { .hsm = "fab1-hsm1", .nchains = n,
		.why = "many" };
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf out;
	int err;

	for (unsigned i = 0; i < n; i++) {
		allowed(authorize("fab1-hsm1", NULL, 1, NULL, NULL));
		eh_hex_encode(p.id, EH_ID_LEN, id[i]);
		r.chain[i] = id[i];
	}
	eh_buf_init(&out, EH_MESSAGE_MAX);
	err = eh_revoke_make(
	    rig.authority, &r, RIG_NOW, &out, digest, &revoked, &rig.error);
	eh_buf_free(&out);
	return err;
}

START_TEST(full_list_tells_the_way_out)
{
	for (unsigned i = 0; i < 4; i++)
		allowed(revoke_many(64));
	ck_assert_uint_eq(revoked.update.nids, 256);
	rig_refused(&rig, revoke_many(1), EH_ERR_FULL,
	    "257 authorizations of fab1-hsm1 would be revoked and not over, a "
	    "list holds 256: raise the epoch with --raise-epoch");
	ck_assert_uint_eq(told("fab1-hsm1").rseq, 4);
	allowed(revoke(NULL, NULL, 1, RIG_NOW));
	ck_assert_uint_eq(revoked.update.nids, 0);
	allowed(revoke_many(1));
	ck_assert_uint_eq(revoked.update.nids, 1);
}
END_TEST

START_TEST(own_key_is_not_revoked_by_itself)
{
	char hex[EH_HEX_SIZE(EH_KID_LEN)];
	uint8_t kid[EH_KID_LEN];

	eh_keyid_kid(&eh_authority_self(rig.authority)
	    ->key[EH_STORE_MESSAGE_KEY].public, kid);
	eh_hex_encode(kid, sizeof(kid), hex);
	rig_refused(&rig, revoke(NULL, hex, 0, RIG_NOW), EH_DENIED_STATE,
	    "which would sign this");
	rig_refused(&rig, revoke(NULL, "00112233", 0, RIG_NOW),
	    EH_ERR_ARGUMENT, "16 hex digits");
	rig_refused(&rig, revoke(NULL, "0011223344556677", 0, RIG_NOW),
	    EH_ERR_NOT_FOUND, "was never the message key");
}
END_TEST

/* --- another message key --- */

static struct eh_grant grant;

static int
new_grant(void)
{
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_envelope e;
	struct eh_buf out;
	int err;

	eh_error_clear(&rig.error);
	eh_buf_init(&out, EH_MESSAGE_MAX);
	err = eh_rollover_grant(rig.authority, "fab1-hsm1", 400, RIG_NOW, &out,
	    digest, &rig.error);
	if (err == EH_OK) {
		ck_assert_int_eq(
		    eh_envelope_decode(out.data, out.len, &e, NULL), EH_OK);
		ck_assert_int_eq(eh_grant_decode(e.sign1.payload,
		    e.sign1.payload_len, &grant, NULL), EH_OK);
	}
	eh_buf_free(&out);
	return err;
}

/* Roll over to a new key; the kid of the one before. */
static void
roll(char hex[EH_HEX_SIZE(EH_KID_LEN)], uint8_t old[EH_KID_LEN])
{
	uint8_t kid[EH_KID_LEN];

	eh_keyid_kid(&eh_authority_self(rig.authority)
	    ->key[EH_STORE_MESSAGE_KEY].public, old);
	eh_hex_encode(old, EH_KID_LEN, hex);
	allowed(eh_rollover_key(
	    rig.authority, NULL, RIG_NOW, kid, &rig.error));
	ck_assert_mem_ne(kid, old, EH_KID_LEN);
	rig_reopen(&rig);
	store = eh_authority_store(rig.authority);
}

START_TEST(revoked_key_is_never_put_back)
{
	char hex[EH_HEX_SIZE(EH_KID_LEN)], place[160];
	uint8_t old[EH_KID_LEN], kid[EH_KID_LEN];

	allowed(authorize("fab1-hsm1", "PO-1", 10, NULL, NULL));
	roll(hex, old);
	allowed(new_grant());
	ck_assert_uint_eq(grant.nkeys, 2);
	ck_assert_int_eq(grant.keys[0].state, EH_KEY_ACTIVE);
	ck_assert_int_eq(grant.keys[1].state, EH_KEY_RETIRED);
	ck_assert_mem_eq(grant.keys[1].kid, old, EH_KID_LEN);
	allowed(revoke(NULL, hex, 0, RIG_NOW));
	ck_assert_uint_eq(revoked.update.nkids, 1);
	ck_assert(eh_revoke_has_kid(&revoked.update, old));
	rig_refused(&rig, revoke(NULL, hex, 0, RIG_NOW), EH_DENIED_STATE,
	    "revoked at fab1-hsm1 already, by update 1");
	/* With it what it signed, and no grant names it any more. */
	rig_refused(&rig, authorize("fab1-hsm1", "PO-1", 10, NULL, "PO-1"),
	    EH_DENIED_STATE, "revoked by update 1");
	allowed(new_grant());
	ck_assert_uint_eq(grant.nkeys, 1);
	ck_assert_mem_ne(grant.keys[0].kid, old, EH_KID_LEN);
	/* Nor does it come back as the message key. */
	snprintf(place, sizeof(place), "%s/message-key.pem", rig.store);
	rig_refused(&rig, eh_rollover_key(
	    rig.authority, place, RIG_NOW, kid, &rig.error), EH_ERR_EXISTS,
	    "a former key does not come back");
	snprintf(place, sizeof(place), "%s/message-key-2.pem", rig.store);
	rig_refused(&rig, eh_rollover_key(
	    rig.authority, place, RIG_NOW, kid, &rig.error), EH_ERR_EXISTS,
	    "is the message key already");
	snprintf(place, sizeof(place), "%s/grant-root.pem", rig.store);
	ck_assert_int_eq(eh_rollover_key(
	    rig.authority, place, RIG_NOW, kid, &rig.error), EH_ERR_EXISTS);
	rig_refused(&rig, eh_rollover_key(rig.authority, "message-key.pem",
	    RIG_NOW, kid, &rig.error), EH_ERR_ARGUMENT, "whole path");
}
END_TEST

START_TEST(dropped_key_leaves_the_grants)
{
	char hex[EH_HEX_SIZE(EH_KID_LEN)];
	uint8_t old[EH_KID_LEN], none[EH_KID_LEN] = { 1 };

	roll(hex, old);
	rig_refused(&rig, eh_rollover_drop(
	    rig.authority, none, RIG_NOW, &rig.error), EH_ERR_NOT_FOUND,
	    "no former message key");
	allowed(eh_rollover_drop(rig.authority, old, RIG_NOW, &rig.error));
	allowed(new_grant());
	ck_assert_uint_eq(grant.nkeys, 1);
	/* It can still be revoked, for good. */
	allowed(revoke(NULL, hex, 0, RIG_NOW));
	ck_assert_uint_eq(revoked.update.nkids, 1);
}
END_TEST

START_TEST(grant_names_no_more_than_it_holds)
{
	char hex[EH_HEX_SIZE(EH_KID_LEN)];
	uint8_t old[EH_KID_LEN];

	for (unsigned i = 0; i < 8; i++)
		roll(hex, old);
	allowed(new_grant());
	ck_assert_uint_eq(grant.nkeys, EH_GRANT_KEYS_MAX);
	ck_assert_mem_eq(grant.keys[1].kid, old, EH_KID_LEN);
}
END_TEST

/* --- close, and what is left of an order --- */

static struct eh_chain chain;

static int
close_how(const char *named, enum eh_close_how how)
{
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf out;
	int err;

	eh_error_clear(&rig.error);
	eh_buf_init(&out, EH_MESSAGE_MAX);
	err = eh_close(rig.authority, "fab1-hsm1", named, how, RIG_NOW, &out,
	    digest, &p, &chain, &rig.error);
	if (err != EH_OK)
		ck_assert_uint_eq(out.len, 0);
	eh_buf_free(&out);
	return err;
}

static int
close_it(const char *named)
{
	return close_how(named, EH_CLOSE_NOW);
}

START_TEST(open_devices_may_be_finished)
{
	allowed(authorize("fab1-hsm1", "PO-1", 10, NULL, NULL));
	allowed(close_how("PO-1", EH_CLOSE_LET_FINISH));
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_PASS)->quota, 0);
	ck_assert_uint_ge(eh_pauth_op(&p, EH_OP_ISSUE)->quota, 10);
	allowed(authorize("fab1-hsm1", "PO-2", 10, NULL, NULL));
	allowed(close_it("PO-2"));
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_PASS)->quota, 0);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_ISSUE)->quota, 0);
}
END_TEST

START_TEST(rest_moves_when_the_close_is_proven)
{
	uint8_t first[EH_ID_LEN];
	char hex[EH_HEX_SIZE(EH_ID_LEN)];

	allowed(authorize("fab1-hsm1", "PO-1", 10, NULL, NULL));
	memcpy(first, p.id, sizeof(first));
	log_says(EH_RECORD_INSTALLED, first, 0, 0, 0);
	log_says(EH_RECORD_ISSUED, first, 4, 1, 0);
	prove();
	rig_refused(&rig, authorize("fab2-hsm1", "PO-1", 1, NULL, NULL),
	    EH_DENIED_QUOTA, "fab1-hsm1 may still make 5 of them");
	allowed(close_it("PO-1"));
	ck_assert_uint_eq(chain.used, 4);
	ck_assert_uint_eq(chain.burned, 1);
	ck_assert_mem_eq(p.supersedes, first, sizeof(first));
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_PASS)->quota, 0);
	ck_assert_uint_eq(p.expires, RIG_NOW + 7 * 86400);
	/* It is only a file yet. */
	rig_refused(&rig, authorize("fab2-hsm1", "PO-1", 1, NULL, NULL),
	    EH_DENIED_QUOTA, "neither closed nor been written off");
	rig_refused(&rig, close_it("PO-1"), EH_DENIED_STATE,
	    "a close of it was signed before");
	log_says(EH_RECORD_CLOSED, first, 6, 1, EH_CLOSE_SUPERSEDED);
	log_says(EH_RECORD_INSTALLED, p.id, 6, 1, 0);
	prove();
	rig_refused(&rig, authorize("fab2-hsm1", "PO-1", 4, NULL, NULL),
	    EH_DENIED_QUOTA,
	    "of which 7 are made or burned: 3 can be authorized, or raise the "
	    "order with --order-total 11");
	allowed(authorize("fab2-hsm1", "PO-1", 3, NULL, NULL));
	rig_refused(&rig, authorize("fab2-hsm1", "PO-1", 1, NULL, NULL),
	    EH_DENIED_QUOTA, "fab2-hsm1 may still make 3");
	/* It is closed for good. */
	eh_hex_encode(first, sizeof(first), hex);
	log_says(EH_RECORD_CLOSED, p.id, 6, 1, EH_CLOSE_REQUESTED);
	ck_assert_int_eq(close_it(hex), EH_DENIED_STATE);
}
END_TEST

START_TEST(what_was_overtaken_is_free_again)
{
	uint8_t kid[EH_KID_LEN];

	eh_keyid_kid(&eh_authority_self(rig.authority)
	    ->key[EH_STORE_MESSAGE_KEY].public, kid);
	allowed(authorize("fab1-hsm1", "PO-1", 10, NULL, NULL));
	allowed(authorize("fab1-hsm1", "PO-2", 10, NULL, NULL));
	receipt.nissuers = 1;
	memcpy(receipt.issuers[0].kid, kid, EH_KID_LEN);
	entries = 1;
	prove();
	rig_refused(&rig, authorize("fab2-hsm1", "PO-1", 10, NULL, NULL),
	    EH_DENIED_QUOTA, "may still make 10");
	/* The second one was taken: the first cannot come any more. */
	receipt.issuers[0].pauth_seq = 2;
	log_says(EH_RECORD_INSTALLED, p.id, 0, 0, 0);
	prove();
	rig_refused(&rig, close_it("PO-1"), EH_ERR_NOT_FOUND, "open");
	allowed(authorize("fab2-hsm1", "PO-1", 10, NULL, NULL));
	rig_refused(&rig, authorize("fab2-hsm1", "PO-2", 10, NULL, NULL),
	    EH_DENIED_QUOTA, "fab1-hsm1 may still make 10");
}
END_TEST

START_TEST(revocation_is_proven_by_a_receipt)
{
	allowed(authorize("fab1-hsm1", "PO-1", 10, NULL, NULL));
	allowed(revoke("PO-1", NULL, 0, RIG_NOW));
	entries = 1;
	prove();
	rig_refused(&rig, authorize("fab2-hsm1", "PO-1", 10, NULL, NULL),
	    EH_DENIED_QUOTA, "fab1-hsm1 may still make 10");
	receipt.in_force.rseq = 1;
	entries = 2;
	prove();
	allowed(authorize("fab2-hsm1", "PO-1", 10, NULL, NULL));
}
END_TEST

/* --- write-off --- */

static struct eh_write_off off;

static int
write_off(int only_look)
{
	const struct eh_write_off_request r = { .hsm = "fab1-hsm1",
		.why = "stolen",
		.stops = 1,
		.only_look = only_look };

	eh_error_clear(&rig.error);
	eh_write_off_free(&off);
	return eh_write_off(rig.authority, &r, RIG_NOW, &off, &rig.error);
}

/* How many lines of the list name ${serial}; all of them without. */
static unsigned
listed(const uint8_t *serial)
{
	char hex[EH_HEX_SIZE(EH_SERIAL_LEN)];
	unsigned n = 0;
	struct eh_buf out;
	char *line;

	eh_buf_init(&out, 1 << 20);
	allowed(eh_write_off_serials(
	    rig.authority, "fab1-hsm1", &out, &rig.error));
	ck_assert_int_eq(eh_buf_append(&out, "", 1), EH_OK);
	if (serial != NULL)
		eh_hex_encode(serial, EH_SERIAL_LEN, hex);
	for (line = strtok((char *)out.data, "\n"); line != NULL;
	     line = strtok(NULL, "\n"))
		n += serial == NULL || strstr(line, hex) != NULL;
	eh_buf_free(&out);
	return n;
}

/* A record of ${device} with issue number 0 stands in the log. */
static void
put_record(const struct eh_device_id *device)
{
	static struct eh_record r;
	uint8_t entry[1024];
	struct eh_writer w;
	size_t len;

	eh_record_init(&r, EH_RECORD_ISSUED);
	r.seq = entries++;
	memcpy(r.hsm_id, rig.hsm_id, EH_HSM_ID_LEN);
	r.t_hi = EH_TIME_MAX;
	r.has_authorization = 1;
	memcpy(r.authorization, p.id, EH_ID_LEN);
	ck_assert_int_eq(eh_counters_add(&r.counters, EH_OP_PASS,
	    &(struct eh_counter){ 1, 0, 1, 5 }), EH_OK);
	strcpy(r.id_kind, "serial");
	r.device = *device;
	ck_assert_int_eq(eh_serial(
	    p.id, device, 0, 0, r.of.certificate.serial), EH_OK);
	r.of.certificate.key = *eh_soft_public(rig.issuing);
	eh_writer_init(&w, entry, sizeof(entry));
	eh_record_encode(&r, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	ck_assert_int_eq(eh_store_put_entry(
	    store, rig.hsm_id, r.seq, entry, len, NULL), EH_OK);
}

START_TEST(lost_edgehsm_is_written_off)
{
	static const struct eh_device_id device = { 10, "SN00000009" };
	static const struct eh_device_id outside = { 10, "SN00000011" };
	static const struct eh_device_id inside = { 10, "SN00000010" };
	uint8_t serial[EH_SERIAL_LEN];

	allowed(authorize("fab1-hsm1", "PO-1", 5,
	    "range:serial:SN00000008:SN00000010", NULL));
	log_says(EH_RECORD_INSTALLED, p.id, 0, 0, 0);
	put_record(&device);
	log_says(EH_RECORD_ISSUED, p.id, 1, 2, 0);
	prove();
	/* Only looked at: nothing is changed. */
	allowed(write_off(1));
	ck_assert_uint_eq(off.n, 1);
	ck_assert_uint_eq(listed(NULL), 0);
	rig_refused(&rig, authorize("fab2-hsm1", "PO-1", 4, NULL, NULL),
	    EH_DENIED_QUOTA, "may still make 2 of them");
	allowed(write_off(0));
	ck_assert_uint_eq(off.n, 1);
	ck_assert_uint_eq(off.row[0].chain.used, 1);
	ck_assert_uint_eq(off.row[0].outstanding, 4);
	/* Three devices with two numbers, but for the one that has a record. */
	ck_assert_uint_eq(off.row[0].serials, 5);
	ck_assert_uint_eq(listed(NULL), 5);
	ck_assert_int_eq(eh_serial(p.id, &device, 0, 0, serial), EH_OK);
	ck_assert_uint_eq(listed(serial), 0);
	ck_assert_int_eq(eh_serial(p.id, &device, 0, 1, serial), EH_OK);
	ck_assert_uint_eq(listed(serial), 1);
	ck_assert_int_eq(eh_serial(p.id, &inside, 0, 0, serial), EH_OK);
	ck_assert_uint_eq(listed(serial), 1);
	ck_assert_int_eq(eh_serial(p.id, &outside, 0, 0, serial), EH_OK);
	ck_assert_uint_eq(listed(serial), 0);
	rig_refused(&rig, write_off(0), EH_DENIED_STATE,
	    "written off already (stolen)");
	/* What the OEM still wants is made elsewhere. */
	rig_refused(&rig, authorize("fab2-hsm1", "PO-1", 5, NULL, NULL),
	    EH_DENIED_QUOTA, "4 can be authorized");
	allowed(authorize("fab2-hsm1", "PO-1", 4, NULL, NULL));
	eh_write_off_free(&off);
}
END_TEST

START_TEST(written_off_edgehsm_gets_nothing_more)
{
	const uint8_t nonce[EH_ID_LEN] = { 1 };
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_invitation i;
	struct eh_buf out;

	allowed(authorize("fab1-hsm1", "PO-1", 5, NULL, NULL));
	allowed(write_off(0));
	ck_assert_uint_eq(off.row[0].serials, 0);
	ck_assert_ptr_nonnull(
	    strstr(off.row[0].not_enumerable, "names no devices"));
	eh_write_off_free(&off);
	rig_refused(&rig, authorize("fab1-hsm1", "PO-2", 5, NULL, NULL),
	    EH_DENIED_STATE, "fab1-hsm1 is written off (stolen): nothing");
	rig_refused(&rig, revoke(NULL, NULL, 1, RIG_NOW), EH_DENIED_STATE,
	    "is written off");
	rig_refused(&rig, close_it("PO-1"), EH_DENIED_STATE, "is written off");
	eh_buf_init(&out, EH_MESSAGE_MAX);
	rig_refused(&rig, eh_attest_time(rig.authority, "fab1-hsm1", nonce, 2,
	    RIG_NOW, &out, digest, &rig.error), EH_DENIED_STATE,
	    "is written off");
	rig_refused(&rig, eh_enrolment_invite(rig.authority, "fab1-hsm1",
	    "fab1", RIG_NOW, &i, &rig.error), EH_DENIED_STATE,
	    "a new EdgeHSM gets a new name");
	allowed(eh_attest_time(rig.authority, "fab2-hsm1", nonce, 2, RIG_NOW,
	    &out, digest, &rig.error));
	eh_buf_free(&out);
}
END_TEST

/* --- scopes --- */

static int
count(void *arg, const struct eh_device_id *id)
{
	unsigned *n = arg;

	ck_assert_uint_eq(id->len, 3);
	(*n)++;
	return EH_OK;
}

START_TEST(devices_of_a_range_follow_the_pattern)
{
	static struct eh_profile any;
	struct eh_scope s = { .kind = EH_SCOPE_RANGE,
		.lo = { 3, "B08" }, .hi = { 3, "B1A" } };
	unsigned n = 0;

	ck_assert_int_eq(eh_pattern_parse(
	    &any.identity.pattern, "B[0-9A-F]{2}", NULL), EH_OK);
	ck_assert_int_eq(eh_prerevoke_each_device(
	    store, &s, &any, count, &n, NULL), EH_OK);
	ck_assert_uint_eq(n, 19);	/* 08 to 0F, 10 to 1A */
	s.hi = s.lo;
	n = 0;
	ck_assert_int_eq(eh_prerevoke_each_device(
	    store, &s, &any, count, &n, NULL), EH_OK);
	ck_assert_uint_eq(n, 1);
	s.lo = (struct eh_device_id){ 3, "BFF" };
	s.hi = (struct eh_device_id){ 3, "BFF" };
	n = 0;
	ck_assert_int_eq(eh_prerevoke_each_device(
	    store, &s, &any, count, &n, NULL), EH_OK);
	ck_assert_uint_eq(n, 1);
	/* Too many to be listed: not one is. */
	ck_assert_int_eq(eh_pattern_parse(
	    &any.identity.pattern, "[:octet:]{3}", NULL), EH_OK);
	memset(&s.lo.bytes, 0, 3);
	memset(&s.hi.bytes, 0xff, 3);
	n = 0;
	rig_refused(&rig, eh_prerevoke_each_device(
	    store, &s, &any, count, &n, &rig.error), EH_ERR_UNSUPPORTED,
	    "more than 4194304");
	ck_assert_uint_eq(n, 0);
	s.kind = EH_SCOPE_ANY;
	rig_refused(&rig, eh_prerevoke_each_device(
	    store, &s, &any, count, &n, &rig.error), EH_ERR_UNSUPPORTED,
	    "names no devices");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("life");
	TCase *t = tcase_create("life");

	tcase_add_checked_fixture(t, setup, teardown);
	/* Every one of many messages is durable. */
	tcase_set_timeout(t, 60);
	tcase_add_test(t, revocation_names_all_of_a_chain);
	tcase_add_test(t, what_is_revoked_must_be_there);
	tcase_add_test(t, ended_ids_leave_the_list);
	tcase_add_test(t, epoch_revokes_all_before_it);
	tcase_add_test(t, full_list_tells_the_way_out);
	tcase_add_test(t, revoked_key_is_never_put_back);
	tcase_add_test(t, dropped_key_leaves_the_grants);
	tcase_add_test(t, grant_names_no_more_than_it_holds);
	tcase_add_test(t, own_key_is_not_revoked_by_itself);
	tcase_add_test(t, open_devices_may_be_finished);
	tcase_add_test(t, rest_moves_when_the_close_is_proven);
	tcase_add_test(t, what_was_overtaken_is_free_again);
	tcase_add_test(t, revocation_is_proven_by_a_receipt);
	tcase_add_test(t, lost_edgehsm_is_written_off);
	tcase_add_test(t, written_off_edgehsm_gets_nothing_more);
	tcase_add_test(t, devices_of_a_range_follow_the_pattern);
	suite_add_tcase(s, t);
	return unit_run(s);
}
