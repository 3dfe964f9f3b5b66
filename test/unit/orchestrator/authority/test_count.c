/* SPDX-License-Identifier: Apache-2.0 */
/* test_count.c - how often a TPM may let an issuing key sign, and who is not
 * told so. */
#include "config.h"

#include <string.h>

#include "common/crypto/ecdsa.h"
#include "orchestrator/authority/authorize.h"
#include "orchestrator/authority/count.h"
#include "orchestrator/authority/revoke.h"
#include "orchestrator/authority/store_life.h"
#include "orchestrator/authority/write_off.h"
#include "test/unit/orchestrator/authority/rig.h"

static struct rig rig;
static struct eh_buf profile;
static struct eh_pauth p;		/* authorized last */
static struct eh_countreq request;	/* to be asked with */
static struct eh_counted_out told;
static struct eh_count answered;	/* decoded from the answer */
static uint64_t now;

static void
warn(void *arg, const char *sentence)
{
	(void)arg;
	(void)sentence;
}

/* Quota of operation 1: devices, as nothing may burn; of 9: reissue. */
static void
authorize(uint64_t devices, uint64_t reissue, const char *supersedes)
{
	const struct eh_authorize_warn w = { warn, NULL };
	struct eh_authorize_request r = { .hsm = "fab1-hsm1",
		.profile = profile.data,
		.profile_len = profile.len,
		.devices = devices,
		.order = "PO-1",
		.order_total = 1000,
		.lease = 1,
		.reissue = reissue,
		.supersedes = supersedes,
		.not_before = RIG_NOW,
		.expires = RIG_NOW + 7 * 86400,
		.limits = eh_authorize_limits };
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf out;
	int err;

	eh_buf_init(&out, EH_MESSAGE_MAX);
	err = eh_authorize(rig.authority, &r, RIG_NOW, &w, &out, digest, &p,
	    &rig.error);
	ck_assert_msg(err == EH_OK, "%s", rig.error.text);
	eh_buf_free(&out);
	request.use.has_authorization = 1;
	memcpy(request.use.authorization, p.id, EH_ID_LEN);
}

/* Another index, in a session of its own. */
static void
next_index(void)
{
	request.index.handle++;
	request.index.nonce_len = 32;
	request.index.nonce[0]++;
	request.is_written = 0;
}

static void
setup(void)
{
	rig_open(&rig);
	rig_enrolled(&rig);
	rig_profile(&rig, &profile);
	now = RIG_NOW;
	memset(&request, 0, sizeof(request));
	memcpy(request.hsm_id, rig.hsm_id, EH_HSM_ID_LEN);
	request.use.nkeys = 1;
	eh_keyid_spki_digest(
	    eh_soft_public(rig.issuing), request.use.keys[0]);
	memset(request.refs[0], 0x10, EH_COUNT_REF);
	request.index.handle = 0x018001ff;
	memset(request.index.nonce, 0x20, EH_COUNT_NONCE_MAX);
	next_index();
}

static void
teardown(void)
{
	eh_buf_free(&profile);
	rig_close(&rig);
}

static void
encode(const void *value, struct eh_writer *w)
{
	eh_countreq_encode(value, w);
}

/* What the TPM would be shown is signed by the message key, for this index. */
static void
check_policies(void)
{
	const struct eh_store_self *self = eh_authority_self(rig.authority);
	const struct eh_rawkey *key = &self->key[EH_STORE_MESSAGE_KEY].public;
	uint8_t bytes[EH_COUNT_SIGNED_MAX];
	size_t len;

	if (!answered.is_approval) {
		len = eh_count_write_signed(
		    key, &request.index, answered.limit, bytes);
		ck_assert_int_eq(eh_p256_verify(
		    key->bytes, bytes, len, answered.write), EH_OK);
		return;
	}
	for (unsigned i = 0; i < request.use.nkeys; i++) {
		len = eh_count_approval_signed(
		    key, &request.index, request.refs[i], bytes);
		ck_assert_int_eq(eh_p256_verify(
		    key->bytes, bytes, len, answered.approvals[i]), EH_OK);
	}
}

/* Ask, and read the answer as the EdgeHSM would. */
static int
ask_for(uint32_t uses)
{
	const struct eh_store_self *self = eh_authority_self(rig.authority);
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf message, out;
	struct eh_envelope e;
	int err;

	eh_buf_init(&out, EH_MESSAGE_MAX);
	rig_sign(&rig, EH_MESSAGE_COUNTREQ, encode, &request, &message);
	eh_error_clear(&rig.error);
	err = eh_count_grant(rig.authority, message.data, message.len, uses,
	    now, &out, digest, &told, &rig.error);
	ck_assert_int_eq(out.len > 0, err == EH_OK);
	if (err == EH_OK) {
		ck_assert_int_eq(
		    eh_envelope_decode(out.data, out.len, &e, NULL), EH_OK);
		ck_assert_int_eq(e.type, EH_MESSAGE_COUNT);
		ck_assert_int_eq(eh_envelope_verify(&e,
		    &self->key[EH_STORE_MESSAGE_KEY].public, NULL), EH_OK);
		ck_assert_int_eq(eh_count_decode(e.sign1.payload,
		    e.sign1.payload_len, &answered, NULL), EH_OK);
		ck_assert_mem_eq(
		    answered.from.sub, rig.hsm_id, EH_HSM_ID_LEN);
		ck_assert_int_eq(answered.is_approval, request.is_written);
		check_policies();
	}
	eh_buf_free(&message);
	eh_buf_free(&out);
	return err;
}

static int
ask(void)
{
	return ask_for(1);
}

static void
granted(uint32_t limit)
{
	int err = ask();

	ck_assert_msg(err == EH_OK, "%s", rig.error.text);
	ck_assert_uint_eq(answered.limit, limit);
}

/* Both journeys. */
static void
count(uint32_t limit)
{
	next_index();
	granted(limit);
	request.is_written = 1;
	granted(limit);
}

START_TEST(limit_is_first_issues_and_reissues_together)
{
	authorize(5, 2, NULL);
	ck_assert_uint_eq(p.nops, 3);
	ck_assert_uint_eq(p.ops[1].quota + p.ops[2].quota, 7);
	count(7);
	ck_assert_str_eq(told.order, "PO-1");
	next_index();
	rig_refused(&rig, ask(), EH_DENIED_QUOTA,
	    "allows 7 signatures, and 7 were approved");
	rig_reopen(&rig);
	rig_refused(&rig, ask(), EH_DENIED_QUOTA, "7 were approved");
}
END_TEST

START_TEST(limits_add_up_along_a_line_of_supersession)
{
	uint8_t first[EH_ID_LEN];

	authorize(5, 0, NULL);
	memcpy(first, p.id, sizeof(first));
	count(5);
	authorize(8, 0, "PO-1");
	count(3);
	authorize(9, 2, "PO-1");
	count(3);
	next_index();
	rig_refused(&rig, ask(), EH_DENIED_QUOTA,
	    "allows 11 signatures, and 11 were approved");
	/* The ones before it give no more. */
	memcpy(request.use.authorization, first, sizeof(first));
	rig_refused(&rig, ask(), EH_DENIED_SCOPE, "is superseded by");
}
END_TEST

START_TEST(index_that_was_written_before_a_topup_is_not_approved_after_it)
{
	authorize(5, 0, NULL);
	next_index();
	granted(5);
	authorize(8, 0, "PO-1");
	memcpy(request.use.authorization, p.supersedes, EH_ID_LEN);
	request.is_written = 1;
	rig_refused(&rig, ask(), EH_DENIED_SCOPE, "is superseded by");
	memcpy(request.use.authorization, p.id, EH_ID_LEN);
	rig_refused(&rig, ask(), EH_DENIED_SCOPE, "for something else");
	count(8);
}
END_TEST

START_TEST(any_number_of_indexes_is_written_and_one_approved)
{
	struct eh_count_index one;

	authorize(5, 0, NULL);
	granted(5);
	one = request.index;
	granted(5);	/* the same request again */
	next_index();
	granted(5);
	request.is_written = 1;
	granted(5);
	request.index = one;
	rig_refused(&rig, ask(), EH_DENIED_QUOTA,
	    "allows 5 signatures, and 5 were approved");
}
END_TEST

START_TEST(approval_comes_again_and_gives_no_more)
{
	uint64_t seq;

	authorize(5, 0, NULL);
	count(5);
	seq = answered.seq;
	granted(5);
	ck_assert_uint_eq(answered.seq, seq + 1);
	next_index();
	rig_refused(&rig, ask(), EH_DENIED_QUOTA, "5 were approved");
}
END_TEST

START_TEST(index_that_nobody_asked_to_write_is_not_approved)
{
	authorize(5, 0, NULL);
	request.is_written = 1;
	rig_refused(&rig, ask(), EH_ERR_NOT_FOUND, "no count was given");
	request.is_written = 0;
	granted(5);
	request.is_written = 1;
	request.index.handle++;
	rig_refused(&rig, ask(), EH_ERR_NOT_FOUND, "no count was given");
	request.index.handle--;
	request.index.nonce[31] ^= 1;
	rig_refused(&rig, ask(), EH_ERR_NOT_FOUND, "no count was given");
	request.index.nonce[31] ^= 1;
	granted(5);
}
END_TEST

/* For what a key signs of its own. */
START_TEST(keys_own_uses_are_as_many_as_it_is_told_to)
{
	request.use.has_authorization = 0;
	ck_assert_int_eq(ask_for(3), EH_OK);
	ck_assert_uint_eq(answered.limit, 3);
	ck_assert(!answered.use.has_authorization);
	ck_assert_str_eq(told.order, "");
	request.is_written = 1;
	/* The number is the one of the first journey. */
	ck_assert_int_eq(ask_for(100), EH_OK);
	ck_assert_uint_eq(answered.limit, 3);
	/* Approved, it is not written again: neither so, nor with more. */
	request.is_written = 0;
	rig_refused(&rig, ask_for(3), EH_ERR_REPLAYED, "answered before");
	rig_refused(&rig, ask_for(4), EH_ERR_REPLAYED, "answered before");
}
END_TEST

START_TEST(index_of_one_key_is_none_of_another)
{
	request.use.has_authorization = 0;
	ck_assert_int_eq(ask_for(3), EH_OK);
	request.is_written = 1;
	request.use.keys[0][0] ^= 1;
	rig_refused(&rig, ask_for(3), EH_DENIED_SCOPE, "for something else");
	request.use.keys[0][0] ^= 1;
	ck_assert_int_eq(ask_for(3), EH_OK);
}
END_TEST

START_TEST(stranger_and_other_speaker_are_refused)
{
	struct eh_soft *own = rig.attestation;

	authorize(5, 0, NULL);
	rig.attestation = rig.issuing;
	rig_refused(&rig, ask(), EH_DENIED_SCOPE, "no EdgeHSM that is");
	rig.attestation = own;
	request.hsm_id[0] ^= 1;
	rig_refused(&rig, ask(), EH_DENIED_SCOPE, "another EdgeHSM");
	request.hsm_id[0] ^= 1;
	granted(5);
}
END_TEST

/* A second EdgeHSM, which is enrolled, asks for what is the first one's. */
START_TEST(authorization_is_of_one_edgehsm)
{
	struct eh_soft *own = rig.attestation, *key;
	struct eh_hsm hsm = { .name = "fab2-hsm1", .factory = "fab2",
		.granted_until = RIG_NOW + 400 * 86400 };
	struct eh_store *s = eh_authority_store(rig.authority);

	authorize(5, 0, NULL);
	ck_assert_int_eq(eh_soft_generate(&key), EH_OK);
	hsm.attestation = *eh_soft_public(key);
	eh_keyid_hsm(&hsm.attestation, hsm.id);
	ck_assert_int_eq(eh_store_begin(s, NULL), EH_OK);
	ck_assert_int_eq(eh_store_put_hsm(s, &hsm, NULL), EH_OK);
	ck_assert_int_eq(eh_store_commit(s, NULL), EH_OK);
	rig.attestation = key;
	memcpy(request.hsm_id, hsm.id, EH_HSM_ID_LEN);
	rig_refused(&rig, ask(), EH_DENIED_SCOPE, "is for another EdgeHSM");
	rig.attestation = own;
	memcpy(request.hsm_id, rig.hsm_id, EH_HSM_ID_LEN);
	granted(5);
	/* Nor is the index of one approved for the other. */
	rig.attestation = key;
	memcpy(request.hsm_id, hsm.id, EH_HSM_ID_LEN);
	request.is_written = 1;
	rig_refused(&rig, ask(), EH_ERR_NOT_FOUND, "no count was given");
	rig.attestation = own;
	eh_soft_free(key);
}
END_TEST

START_TEST(nothing_is_given_for_what_was_never_authorized)
{
	request.use.has_authorization = 1;
	request.use.authorization[0] = 0xee;
	ck_assert_int_eq(ask(), EH_ERR_NOT_FOUND);
}
END_TEST

static void
revoke(void)
{
	struct eh_revoke_request r = { .hsm = "fab1-hsm1", .nchains = 1,
		.chain = { "PO-1" }, .why = "test" };
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_revoked revoked;
	struct eh_buf out;
	int err;

	eh_buf_init(&out, EH_MESSAGE_MAX);
	err = eh_revoke_make(rig.authority, &r, RIG_NOW, &out, digest,
	    &revoked, &rig.error);
	ck_assert_msg(err == EH_OK, "%s", rig.error.text);
	eh_buf_free(&out);
}

START_TEST(revoked_authorization_gets_no_count)
{
	authorize(5, 0, NULL);
	granted(5);
	revoke();
	rig_refused(&rig, ask(), EH_DENIED_STATE, "is revoked by update 1");
	request.is_written = 1;
	rig_refused(&rig, ask(), EH_DENIED_STATE, "is revoked by update 1");
}
END_TEST

START_TEST(closed_authorization_gets_no_count)
{
	struct eh_store *s = eh_authority_store(rig.authority);
	static struct eh_record r;

	authorize(5, 0, NULL);
	granted(5);
	eh_record_init(&r, EH_RECORD_CLOSED);
	memcpy(r.hsm_id, rig.hsm_id, EH_HSM_ID_LEN);
	r.has_authorization = 1;
	memcpy(r.authorization, p.id, EH_ID_LEN);
	r.of.closed.reason = EH_CLOSE_REQUESTED;
	ck_assert_int_eq(eh_store_begin(s, NULL), EH_OK);
	ck_assert_int_eq(eh_store_take_life(s, &r, NULL), EH_OK);
	ck_assert_int_eq(eh_store_commit(s, NULL), EH_OK);
	rig_refused(&rig, ask(), EH_DENIED_STATE, "is closed (on request)");
	request.is_written = 1;
	rig_refused(&rig, ask(), EH_DENIED_STATE, "is closed (on request)");
}
END_TEST

START_TEST(expired_authorization_gets_no_count)
{
	authorize(5, 0, NULL);
	now = RIG_NOW + 7 * 86400 - 1;
	granted(5);
	now++;
	rig_refused(&rig, ask(), EH_DENIED_STATE, "expired");
	request.is_written = 1;
	rig_refused(&rig, ask(), EH_DENIED_STATE, "expired");
}
END_TEST

START_TEST(edgehsm_that_is_written_off_gets_no_count)
{
	const struct eh_write_off_request r = { .hsm = "fab1-hsm1",
		.why = "stolen" };
	struct eh_write_off w;

	authorize(5, 0, NULL);
	granted(5);
	ck_assert_msg(eh_write_off(rig.authority, &r, RIG_NOW, &w, &rig.error)
	    == EH_OK, "%s", rig.error.text);
	eh_write_off_free(&w);
	request.is_written = 1;
	rig_refused(&rig, ask(), EH_DENIED_STATE, "written off");
	/* What a key signs of its own, neither. */
	next_index();
	request.use.has_authorization = 0;
	rig_refused(&rig, ask(), EH_DENIED_STATE, "written off");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("count");
	TCase *t = tcase_create("count");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, limit_is_first_issues_and_reissues_together);
	tcase_add_test(t, limits_add_up_along_a_line_of_supersession);
	tcase_add_test(
	    t, index_that_was_written_before_a_topup_is_not_approved_after_it);
	tcase_add_test(t, any_number_of_indexes_is_written_and_one_approved);
	tcase_add_test(t, approval_comes_again_and_gives_no_more);
	tcase_add_test(t, index_that_nobody_asked_to_write_is_not_approved);
	tcase_add_test(t, keys_own_uses_are_as_many_as_it_is_told_to);
	tcase_add_test(t, index_of_one_key_is_none_of_another);
	tcase_add_test(t, stranger_and_other_speaker_are_refused);
	tcase_add_test(t, authorization_is_of_one_edgehsm);
	tcase_add_test(t, nothing_is_given_for_what_was_never_authorized);
	tcase_add_test(t, revoked_authorization_gets_no_count);
	tcase_add_test(t, closed_authorization_gets_no_count);
	tcase_add_test(t, expired_authorization_gets_no_count);
	tcase_add_test(t, edgehsm_that_is_written_off_gets_no_count);
	suite_add_tcase(s, t);
	return unit_run(s);
}
