/* SPDX-License-Identifier: Apache-2.0 */
/* test_bundle.c - in which order the files of one delivery go in. */
#include "config.h"

#include "common/crypto/soft.h"
#include "common/message/envelope.h"
#include "orchestrator/cli/bundle.h"
#include "test/unit/unit.h"

static unsigned
rank_of(enum eh_message_type type)
{
	static const uint8_t payload[] = { 0xa0 };
	uint8_t bytes[512];
	struct eh_signer signer;
	struct eh_soft *key;
	struct eh_writer w;
	size_t len;

	ck_assert_int_eq(eh_soft_generate(&key), EH_OK);
	eh_soft_signer(key, &signer);
	eh_writer_init(&w, bytes, sizeof(bytes));
	ck_assert_int_eq(eh_envelope_sign(
	    type, payload, sizeof(payload), &signer, &w, NULL), EH_OK);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	eh_soft_free(key);
	return eh_bundle_rank(bytes, len);
}

START_TEST(what_others_wait_for_goes_first)
{
	static const enum eh_message_type order[] = { EH_MESSAGE_GRANT,
		EH_MESSAGE_REVOKE, EH_MESSAGE_TIME, EH_MESSAGE_ACK };
	static const uint8_t profile[] = { 0xa9, 0 }, pem[] = "-----BEGIN";
	unsigned n = sizeof(order) / sizeof(order[0]), file;

	for (unsigned i = 1; i < n; i++)
		ck_assert_uint_lt(rank_of(order[i - 1]), rank_of(order[i]));
	file = eh_bundle_rank(profile, sizeof(profile));
	ck_assert_uint_lt(rank_of(EH_MESSAGE_ACK), file);
	ck_assert_uint_lt(file, rank_of(EH_MESSAGE_PAUTH));
	ck_assert_uint_lt(rank_of(EH_MESSAGE_PAUTH),
	    eh_bundle_rank(pem, sizeof(pem)));
}
END_TEST

START_TEST(what_is_no_message_comes_last)
{
	static const uint8_t cut[] = { 0xd2, 0x84 };

	ck_assert_uint_gt(
	    eh_bundle_rank(cut, sizeof(cut)), rank_of(EH_MESSAGE_PAUTH));
	ck_assert_uint_gt(
	    eh_bundle_rank(cut, 0), rank_of(EH_MESSAGE_PAUTH));
	ck_assert_uint_eq(eh_bundle_rank(cut, sizeof(cut)),
	    rank_of(EH_MESSAGE_RECEIPT));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bundle");
	TCase *t = tcase_create("bundle");

	tcase_add_test(t, what_others_wait_for_goes_first);
	tcase_add_test(t, what_is_no_message_comes_last);
	suite_add_tcase(s, t);
	return unit_run(s);
}
