/* SPDX-License-Identifier: Apache-2.0 */
/* test_attest_time.c - saying what time it is. */
#include "config.h"

#include <string.h>

#include "common/message/time.h"
#include "orchestrator/authority/attest_time.h"
#include "test/unit/orchestrator/authority/rig.h"

static struct rig rig;
static const uint8_t nonce[EH_ID_LEN] = { 1, 2, 3, 15, [15] = 16 };
static struct eh_time_attestation t;

static void
setup(void)
{
	rig_open(&rig);
	rig_enrolled(&rig);
}

static void
teardown(void)
{
	rig_close(&rig);
}

static int
attest(const char *hsm, uint32_t uncertainty)
{
	const struct eh_store_self *self = eh_authority_self(rig.authority);
	uint8_t digest[EH_DIGEST_LEN], seen[EH_DIGEST_LEN];
	struct eh_envelope envelope;
	struct eh_buf out;
	int err;

	eh_buf_init(&out, EH_MESSAGE_MAX);
	err = eh_attest_time(rig.authority, hsm, nonce, uncertainty, RIG_NOW,
	    &out, digest, &rig.error);
	if (err == EH_OK) {
		ck_assert_int_eq(eh_envelope_decode(
		    out.data, out.len, &envelope, NULL), EH_OK);
		ck_assert_int_eq(envelope.type, EH_MESSAGE_TIME);
		ck_assert_int_eq(eh_envelope_verify(&envelope,
		    &self->key[EH_STORE_MESSAGE_KEY].public, NULL), EH_OK);
		eh_envelope_digest(&envelope, seen);
		ck_assert_mem_eq(digest, seen, sizeof(seen));
		ck_assert_int_eq(eh_time_attestation_decode(
		    envelope.sign1.payload, envelope.sign1.payload_len, &t,
		    NULL), EH_OK);
	} else {
		ck_assert_uint_eq(out.len, 0);
	}
	eh_buf_free(&out);
	return err;
}

START_TEST(attestation_is_bound_to_nonce_and_hsm)
{
	ck_assert_int_eq(attest("fab1-hsm1", 2), EH_OK);
	ck_assert_str_eq(t.from.iss, "oem.example");
	ck_assert_mem_eq(t.from.sub, rig.hsm_id, EH_HSM_ID_LEN);
	ck_assert_uint_eq(t.from.iat, RIG_NOW);
	ck_assert_int_eq(t.has_nonce, 1);
	ck_assert_mem_eq(t.nonce, nonce, EH_ID_LEN);
	ck_assert_uint_eq(t.uncertainty, 2);
	ck_assert_uint_eq(t.in_force.epoch, 0);
	ck_assert_uint_eq(t.in_force.rseq, 0);
}
END_TEST

START_TEST(number_rises_also_after_a_refusal)
{
	ck_assert_int_eq(attest("fab1-hsm1", 2), EH_OK);
	ck_assert_uint_eq(t.tseq, 1);
	rig_refused(&rig, attest("fab1-hsm1", 3601), EH_ERR_ARGUMENT, "3600");
	rig_reopen(&rig);
	ck_assert_int_eq(attest("fab1-hsm1", 3600), EH_OK);
	ck_assert_uint_eq(t.tseq, 2);
}
END_TEST

START_TEST(unknown_hsm_gets_no_time)
{
	rig_refused(&rig, attest("fab9-hsm1", 2), EH_ERR_NOT_FOUND,
	    "fab9-hsm1");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("attest_time");
	TCase *c = tcase_create("attest_time");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, attestation_is_bound_to_nonce_and_hsm);
	tcase_add_test(c, number_rises_also_after_a_refusal);
	tcase_add_test(c, unknown_hsm_gets_no_time);
	suite_add_tcase(s, c);
	return unit_run(s);
}
