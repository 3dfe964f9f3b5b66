/* SPDX-License-Identifier: Apache-2.0 */
/* test_enrolment.c - taking an EdgeHSM into the authority's books. */
#include "config.h"

#include <jansson.h>
#include <string.h>

#include "common/hex.h"
#include "common/message/grant.h"
#include "test/unit/orchestrator/authority/rig.h"

static struct rig rig;
static struct eh_nonce nonce;
static struct eh_enrol request;
static struct eh_enrolment enrolment;

/* An open invitation, and a request that answers it rightly. */
static void
setup(void)
{
	rig_open(&rig);
	nonce = rig_invite(&rig);
	rig_enrol(&rig, &nonce, &request);
}

static void
teardown(void)
{
	rig_close(&rig);
}

/* Sign ${request} and let the authority check it. */
static int
check(void)
{
	struct eh_buf message;
	int err;

	rig_sign_enrol(&rig, &request, &message);
	eh_error_clear(&rig.error);
	err = eh_enrolment_check(rig.authority, message.data, message.len,
	    &enrolment, &rig.error);
	eh_buf_free(&message);
	return err;
}

static int
accept_it(unsigned days, struct eh_buf *grant)
{
	uint8_t digest[EH_DIGEST_LEN];

	eh_buf_init(grant, EH_MESSAGE_MAX);
	return eh_enrolment_accept(rig.authority, &enrolment, days, RIG_NOW,
	    grant, digest, &rig.error);
}

START_TEST(invitation_is_what_the_factory_needs)
{
	char hex[EH_HEX_SIZE(EH_DIGEST_LEN)];
	uint8_t root[EH_DIGEST_LEN];
	struct eh_invitation i;
	struct eh_buf text;
	json_t *o;

	ck_assert_int_eq(eh_enrolment_invite(rig.authority, "fab1-hsm2",
	    "fab1", RIG_NOW, &i, &rig.error), EH_OK);
	eh_buf_init(&text, 1000);
	ck_assert_int_eq(eh_enrolment_print_invitation(
	    rig.authority, &i, &text, &rig.error), EH_OK);
	o = json_loadb((char *)text.data, text.len, 0, NULL);
	ck_assert_ptr_nonnull(o);
	ck_assert_str_eq(json_string_value(json_object_get(o, "name")),
	    "fab1-hsm2");
	ck_assert_str_eq(json_string_value(json_object_get(o, "factory")),
	    "fab1");
	ck_assert_uint_eq(
	    strlen(json_string_value(json_object_get(o, "nonce"))), 64);
	eh_authority_root(rig.authority, root);
	eh_hex_encode(root, sizeof(root), hex);
	ck_assert_str_eq(json_string_value(json_object_get(o, "root")), hex);
	json_decref(o);
	eh_buf_free(&text);
}
END_TEST

START_TEST(grant_holds_the_message_key_and_its_roles)
{
	const struct eh_store_self *self = eh_authority_self(rig.authority);
	struct eh_envelope envelope;
	struct eh_grant g;
	struct eh_buf grant;
	struct eh_hsm hsm;

	ck_assert_int_eq(check(), EH_OK);
	ck_assert(!enrolment.again);
	ck_assert_int_eq(accept_it(400, &grant), EH_OK);
	ck_assert_int_eq(eh_envelope_decode(
	    grant.data, grant.len, &envelope, NULL), EH_OK);
	ck_assert_int_eq(envelope.type, EH_MESSAGE_GRANT);
	ck_assert_int_eq(eh_envelope_verify(&envelope,
	    &self->key[EH_STORE_GRANT_ROOT].public, NULL), EH_OK);
	ck_assert_int_eq(eh_grant_decode(envelope.sign1.payload,
	    envelope.sign1.payload_len, &g, NULL), EH_OK);
	ck_assert_mem_eq(g.from.sub, rig.hsm_id, EH_HSM_ID_LEN);
	ck_assert_str_eq(g.factory, "fab1");
	ck_assert_uint_eq(g.seq, 1);
	ck_assert_uint_eq(g.expires - g.not_before, EH_VALIDITY_MAX);
	ck_assert_uint_eq(g.nkeys, 1);
	ck_assert(eh_rawkey_equal(&g.keys[0].key,
	    &self->key[EH_STORE_MESSAGE_KEY].public));
	/* 1 to 5, 7 and 8: not 6, which is for stations. */
	ck_assert_uint_eq(g.keys[0].roles, 0x3be);
	ck_assert_str_eq(g.keys[0].iss, "oem.example");
	ck_assert_int_eq(eh_store_get_hsm(eh_authority_store(rig.authority),
	    "fab1-hsm1", &hsm, NULL), EH_OK);
	ck_assert(eh_rawkey_equal(
	    &hsm.attestation, eh_soft_public(rig.attestation)));
	ck_assert_uint_eq(hsm.granted_until, g.expires);
	eh_buf_free(&grant);
}
END_TEST

START_TEST(foreign_root_is_refused)
{
	request.root[31] ^= 1;
	rig_refused(&rig, check(), EH_DENIED_SCOPE, "obeys another root");
}
END_TEST

START_TEST(nonce_is_good_once)
{
	struct eh_buf grant, again;

	ck_assert_int_eq(check(), EH_OK);
	ck_assert_int_eq(accept_it(400, &grant), EH_OK);
	/* Checked before, accepted twice. */
	rig_refused(&rig, accept_it(400, &again), EH_ERR_REPLAYED,
	    "not open");
	ck_assert_uint_eq(again.len, 0);
	rig_refused(&rig, check(), EH_ERR_REPLAYED, "used already");
	eh_buf_free(&grant);
	eh_buf_free(&again);
}
END_TEST

START_TEST(invented_and_withdrawn_nonces_are_refused)
{
	request.nonce.bytes[0] ^= 1;
	rig_refused(&rig, check(), EH_DENIED_EVIDENCE, "no invitation");
	request.nonce = nonce;
	ck_assert_int_eq(check(), EH_OK);
	nonce = rig_invite(&rig);
	rig_refused(&rig, check(), EH_ERR_REPLAYED, "withdrawn");
	request.nonce = nonce;
	ck_assert_int_eq(check(), EH_OK);
}
END_TEST

START_TEST(id_of_another_key_is_refused)
{
	request.hsm_id[0] ^= 1;
	ck_assert_int_eq(check(), EH_ERR_FORMAT);
}
END_TEST

START_TEST(key_of_somebody_else_is_refused)
{
	/* The request names the issuing key, the attestation key signs it. */
	request.key = *eh_soft_public(rig.issuing);
	eh_keyid_hsm(&request.key, request.hsm_id);
	ck_assert_int_eq(check(), EH_ERR_SIGNATURE);
}
END_TEST

START_TEST(flipped_bits_are_refused)
{
	struct eh_buf message;

	rig_sign_enrol(&rig, &request, &message);
	for (size_t i = 0; i < message.len; i++) {
		message.data[i] ^= 0x10;
		ck_assert_int_ne(eh_enrolment_check(rig.authority,
		    message.data, message.len, &enrolment, NULL), EH_OK);
		message.data[i] ^= 0x10;
	}
	ck_assert_int_ne(eh_enrolment_check(rig.authority, message.data,
	    message.len - 1, &enrolment, NULL), EH_OK);
	eh_buf_free(&message);
}
END_TEST

START_TEST(class_above_0_is_refused_in_words)
{
	request.anchor_class = EH_CLASS_TPM;
	rig_refused(&rig, check(), EH_ERR_UNSUPPORTED, "not supported");
}
END_TEST

/* Another EdgeHSM takes the place of the first in the rig. */
static void
another_hsm(void)
{
	eh_soft_free(rig.attestation);
	ck_assert_int_eq(eh_soft_generate(&rig.attestation), EH_OK);
	eh_keyid_hsm(eh_soft_public(rig.attestation), rig.hsm_id);
}

START_TEST(name_is_not_given_to_a_second_hsm)
{
	struct eh_buf grant;

	ck_assert_int_eq(check(), EH_OK);
	ck_assert_int_eq(accept_it(400, &grant), EH_OK);
	eh_buf_free(&grant);
	another_hsm();
	nonce = rig_invite(&rig);
	rig_enrol(&rig, &nonce, &request);
	rig_refused(&rig, check(), EH_DENIED_EVIDENCE, "needs a new name");
}
END_TEST

START_TEST(hsm_is_not_given_a_second_name)
{
	struct eh_invitation i;
	struct eh_buf grant;

	ck_assert_int_eq(check(), EH_OK);
	ck_assert_int_eq(accept_it(400, &grant), EH_OK);
	eh_buf_free(&grant);
	ck_assert_int_eq(eh_enrolment_invite(rig.authority, "fab1-hsm2",
	    "fab1", RIG_NOW, &i, NULL), EH_OK);
	request.nonce = i.nonce;
	rig_refused(
	    &rig, check(), EH_DENIED_EVIDENCE, "already, as fab1-hsm1");
}
END_TEST

START_TEST(key_of_another_hsm_is_not_taken_over)
{
	struct eh_invitation i;
	struct eh_buf grant;

	ck_assert_int_eq(check(), EH_OK);
	ck_assert_int_eq(accept_it(400, &grant), EH_OK);
	eh_buf_free(&grant);
	another_hsm();
	ck_assert_int_eq(eh_enrolment_invite(rig.authority, "fab1-hsm2",
	    "fab1", RIG_NOW, &i, NULL), EH_OK);
	rig_enrol(&rig, &i.nonce, &request);
	rig_refused(&rig, check(), EH_DENIED_EVIDENCE, "another EdgeHSM's");
	request.keys[0].digest[0] ^= 1;
	ck_assert_int_eq(check(), EH_OK);
}
END_TEST

START_TEST(the_same_hsm_enrols_again_with_the_next_grant)
{
	struct eh_envelope envelope;
	struct eh_buf grant;
	struct eh_grant g;

	ck_assert_int_eq(check(), EH_OK);
	ck_assert_int_eq(accept_it(400, &grant), EH_OK);
	eh_buf_free(&grant);
	request.nonce = rig_invite(&rig);
	ck_assert_int_eq(check(), EH_OK);
	ck_assert(enrolment.again);
	ck_assert_int_eq(accept_it(10, &grant), EH_OK);
	ck_assert_int_eq(eh_envelope_decode(
	    grant.data, grant.len, &envelope, NULL), EH_OK);
	ck_assert_int_eq(eh_grant_decode(envelope.sign1.payload,
	    envelope.sign1.payload_len, &g, NULL), EH_OK);
	ck_assert_uint_eq(g.seq, 2);
	ck_assert_uint_eq(g.expires, RIG_NOW + 10 * 86400);
	eh_buf_free(&grant);
}
END_TEST

START_TEST(hsm_does_not_move_to_another_factory)
{
	struct eh_invitation i;
	struct eh_buf grant;

	ck_assert_int_eq(check(), EH_OK);
	ck_assert_int_eq(accept_it(400, &grant), EH_OK);
	eh_buf_free(&grant);
	rig_refused(&rig, eh_enrolment_invite(rig.authority, "fab1-hsm1",
	    "fab2", RIG_NOW, &i, &rig.error), EH_DENIED_STATE,
	    "not built yet");
	rig_refused(&rig, eh_enrolment_invite(rig.authority, "fab1 hsm1",
	    "fab1", RIG_NOW, &i, &rig.error), EH_ERR_ARGUMENT, "fab1 hsm1");
}
END_TEST

START_TEST(grant_of_401_days_is_never_signed)
{
	struct eh_buf grant;
	struct eh_hsm hsm;

	ck_assert_int_eq(check(), EH_OK);
	rig_refused(&rig, accept_it(401, &grant), EH_ERR_FORMAT, "400 days");
	ck_assert_uint_eq(grant.len, 0);
	/* And nothing of it happened. */
	ck_assert_int_eq(eh_store_get_hsm(eh_authority_store(rig.authority),
	    "fab1-hsm1", &hsm, NULL), EH_ERR_NOT_FOUND);
	ck_assert_int_eq(accept_it(400, &grant), EH_OK);
	eh_buf_free(&grant);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("enrolment");
	TCase *t = tcase_create("enrolment");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, invitation_is_what_the_factory_needs);
	tcase_add_test(t, grant_holds_the_message_key_and_its_roles);
	tcase_add_test(t, foreign_root_is_refused);
	tcase_add_test(t, nonce_is_good_once);
	tcase_add_test(t, invented_and_withdrawn_nonces_are_refused);
	tcase_add_test(t, id_of_another_key_is_refused);
	tcase_add_test(t, key_of_somebody_else_is_refused);
	tcase_add_test(t, flipped_bits_are_refused);
	tcase_add_test(t, class_above_0_is_refused_in_words);
	tcase_add_test(t, name_is_not_given_to_a_second_hsm);
	tcase_add_test(t, hsm_is_not_given_a_second_name);
	tcase_add_test(t, key_of_another_hsm_is_not_taken_over);
	tcase_add_test(t, the_same_hsm_enrols_again_with_the_next_grant);
	tcase_add_test(t, hsm_does_not_move_to_another_factory);
	tcase_add_test(t, grant_of_401_days_is_never_signed);
	suite_add_tcase(s, t);
	return unit_run(s);
}
