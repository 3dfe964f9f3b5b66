/* SPDX-License-Identifier: Apache-2.0 */
/* test_sign.c - the operation: what it sends, what it costs, how it ends. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/pkcs11-module/fake.h"
#include "test/unit/unit.h"

static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE general, issuing, attestation;
static CK_BYTE out[70000];
static CK_ULONG len;

static void
up(void)
{
	fake_module_up();
	s = fake_user_session();
	general = fake_find(s, CKO_PRIVATE_KEY, "general");
	issuing = fake_find(s, CKO_PRIVATE_KEY, "issuing");
	attestation = fake_find(s, CKO_PRIVATE_KEY, "attestation");
	len = sizeof(out);
}

static CK_BYTE *
bytes(const char *text)
{
	return (CK_BYTE *)(uintptr_t)text;
}

static CK_RV
init(CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM m = { type, NULL, 0 };

	return p11->C_SignInit(s, &m, key);
}

static void
assert_signed(const char *data, unsigned mechanism)
{
	uint8_t right[64];

	fake_signature(right);
	ck_assert_uint_eq(len, 64);
	ck_assert_mem_eq(out, right, 64);
	ck_assert_uint_eq(fake.len, strlen(data));
	ck_assert_mem_eq(fake.data, data, fake.len);
	ck_assert_uint_eq(fake.mechanism, mechanism);
}

START_TEST(one_part_is_one_request_with_the_whole_message)
{
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_Sign(s, bytes("the tbs"), 7, out, &len), CKR_OK);
	assert_signed("the tbs", EH_MECH_ECDSA_SHA256);
	ck_assert_uint_eq(fake.count[EH_REQ_SIGN], 1);
	ck_assert_uint_eq(fake.auth[0].used, 2);
}
END_TEST

START_TEST(parts_are_put_together_before_they_are_sent)
{
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
	ck_assert_uint_eq(p11->C_SignUpdate(s, bytes("the "), 4), CKR_OK);
	ck_assert_uint_eq(p11->C_SignUpdate(s, NULL, 0), CKR_OK);
	ck_assert_uint_eq(p11->C_SignUpdate(s, bytes("tbs"), 3), CKR_OK);
	ck_assert_uint_eq(fake.count[EH_REQ_SIGN], 0);
	ck_assert_uint_eq(p11->C_SignFinal(s, out, &len), CKR_OK);
	assert_signed("the tbs", EH_MECH_ECDSA_SHA256);
	ck_assert_uint_eq(fake.count[EH_REQ_SIGN], 1);
}
END_TEST

START_TEST(the_vendor_mechanism_carries_its_parameter)
{
	CK_BYTE param[] = { 0xa1, 0x06, 0x43, 'M', 'E', 'S' };
	CK_MECHANISM m = { CKM_EDGEHSM_ISSUE, param, sizeof(param) };

	ck_assert_uint_eq(p11->C_SignInit(s, &m, issuing), CKR_OK);
	memset(param, 0, sizeof(param)); /* ours is a copy */
	ck_assert_uint_eq(p11->C_Sign(s, bytes("tbs"), 3, out, &len), CKR_OK);
	assert_signed("tbs", EH_MECH_ISSUE);
	ck_assert_uint_eq(fake.paramlen, 6);
	ck_assert_mem_eq(fake.param, "\xa1\x06\x43MES", 6);
	ck_assert_uint_eq(init(CKM_EDGEHSM_ISSUE, issuing), CKR_OK);
	ck_assert_uint_eq(p11->C_Sign(s, bytes("tbs"), 3, out, &len), CKR_OK);
	ck_assert_uint_eq(fake.paramlen, 0);
}
END_TEST

/* Attack A11. */
START_TEST(a_raw_mechanism_is_refused_on_an_issuing_key)
{
	ck_assert_uint_eq(init(CKM_ECDSA, issuing), CKR_MECHANISM_INVALID);
	ck_assert_ptr_nonnull(
	    strstr(fake_sentence(s), "signs complete messages only"));
	ck_assert_uint_eq(init(CKM_ECDSA_SHA1, issuing), CKR_MECHANISM_INVALID);
	ck_assert_uint_eq(init(CKM_RSA_PKCS, issuing), CKR_MECHANISM_INVALID);
	ck_assert_uint_eq(
	    init(CKM_EC_KEY_PAIR_GEN, issuing), CKR_MECHANISM_INVALID);
	ck_assert_uint_eq(
	    init(CKM_EDGEHSM_RECEIPT, issuing), CKR_MECHANISM_INVALID);
	ck_assert_uint_eq(init(CKM_ECDSA, general), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_Sign(s, bytes("digest"), 6, out, &len), CKR_OK);
	assert_signed("digest", EH_MECH_ECDSA);
	ck_assert_uint_eq(
	    init(CKM_EDGEHSM_ISSUE, general), CKR_MECHANISM_INVALID);
}
END_TEST

/* Attack A27: nothing is asked, so nothing can be spent. */
START_TEST(a_size_query_costs_nothing_and_keeps_the_operation)
{
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
	for (int i = 0; i < 3; i++) {
		len = 1;
		ck_assert_uint_eq(
		    p11->C_Sign(s, bytes("tbs"), 3, NULL, &len), CKR_OK);
		ck_assert_uint_eq(len, 64);
	}
	ck_assert_uint_eq(fake.count[EH_REQ_SIGN], 0);
	ck_assert_uint_eq(p11->C_Sign(s, bytes("tbs"), 3, out, &len), CKR_OK);
	ck_assert_uint_eq(fake.auth[0].used, 2);
}
END_TEST

START_TEST(a_short_buffer_costs_nothing_and_leaks_nothing)
{
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
	memset(out, 0x55, 64);
	len = 63;
	ck_assert_uint_eq(
	    p11->C_Sign(s, bytes("tbs"), 3, out, &len), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(len, 64);
	for (int i = 0; i < 64; i++)
		ck_assert_int_eq(out[i], 0x55);
	ck_assert_uint_eq(fake.count[EH_REQ_SIGN], 0);
	ck_assert_uint_eq(p11->C_Sign(s, bytes("tbs"), 3, out, &len), CKR_OK);
	ck_assert_uint_eq(fake.auth[0].used, 2);
}
END_TEST

START_TEST(the_same_holds_for_the_last_of_several_parts)
{
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
	ck_assert_uint_eq(p11->C_SignUpdate(s, bytes("tbs"), 3), CKR_OK);
	ck_assert_uint_eq(p11->C_SignFinal(s, NULL, &len), CKR_OK);
	ck_assert_uint_eq(len, 64);
	len = 10;
	ck_assert_uint_eq(p11->C_SignFinal(s, out, &len), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(fake.count[EH_REQ_SIGN], 0);
	ck_assert_uint_eq(p11->C_SignFinal(s, out, &len), CKR_OK);
	assert_signed("tbs", EH_MECH_ECDSA_SHA256);
}
END_TEST

START_TEST(a_cancelled_operation_costs_nothing)
{
	ck_assert_uint_eq(p11->C_SignInit(s, NULL, issuing), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
	ck_assert_uint_eq(p11->C_SignUpdate(s, bytes("tbs"), 3), CKR_OK);
	ck_assert_uint_eq(p11->C_SignInit(s, NULL, issuing), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_SignFinal(s, out, &len), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_uint_eq(fake.count[EH_REQ_SIGN], 0);
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
}
END_TEST

/* Attack A28. */
START_TEST(one_part_and_several_do_not_mix)
{
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
	ck_assert_uint_eq(
	    init(CKM_ECDSA_SHA256, issuing), CKR_OPERATION_ACTIVE);
	ck_assert_uint_eq(p11->C_SignUpdate(s, bytes("tbs"), 3), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_Sign(s, bytes("tbs"), 3, out, &len), CKR_OPERATION_ACTIVE);
	ck_assert_uint_eq(
	    p11->C_SignFinal(s, out, &len), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_uint_eq(fake.count[EH_REQ_SIGN], 0);
}
END_TEST

START_TEST(a_signature_ends_the_operation)
{
	ck_assert_uint_eq(p11->C_Sign(s, bytes("tbs"), 3, out, &len),
	    CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_uint_eq(p11->C_SignUpdate(s, bytes("tbs"), 3),
	    CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_uint_eq(
	    p11->C_SignFinal(s, out, &len), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
	ck_assert_uint_eq(p11->C_Sign(s, bytes("tbs"), 3, out, &len), CKR_OK);
	ck_assert_uint_eq(p11->C_Sign(s, bytes("tbs"), 3, out, &len),
	    CKR_OPERATION_NOT_INITIALIZED);
}
END_TEST

START_TEST(the_state_of_an_operation_is_never_given_away)
{
	ck_assert_uint_eq(p11->C_GetOperationState(s, out, &len),
	    CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
	ck_assert_uint_eq(p11->C_SignUpdate(s, bytes("tbs"), 3), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_GetOperationState(s, out, &len), CKR_STATE_UNSAVEABLE);
	ck_assert_uint_eq(
	    p11->C_GetOperationState(s, NULL, &len), CKR_STATE_UNSAVEABLE);
	/* pkcs11-provider asks after every update, and goes on. */
	ck_assert_uint_eq(p11->C_SignFinal(s, out, &len), CKR_OK);
}
END_TEST

/* pkcs11-tool repeats a failed C_Sign as C_SignInit, C_SignUpdate,
 * C_SignFinal and shows only the last code. */
START_TEST(a_refusal_is_the_same_from_sign_and_from_final)
{
	fake.auth[0].used = 5;
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
	ck_assert_uint_eq(p11->C_Sign(s, bytes("tbs"), 3, out, &len),
	    CKR_EDGEHSM_QUOTA_EXHAUSTED);
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
	ck_assert_uint_eq(p11->C_SignUpdate(s, bytes("tbs"), 3), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_SignFinal(s, out, &len), CKR_EDGEHSM_QUOTA_EXHAUSTED);
	ck_assert_str_eq(fake_sentence(s),
	    "quota exhausted: authorization "
	    "PO-4712 allows 5 devices, 5 used");
	ck_assert_uint_eq(
	    p11->C_SignFinal(s, out, &len), CKR_OPERATION_NOT_INITIALIZED);
}
END_TEST

START_TEST(handles_are_looked_at_before_mechanisms)
{
	CK_OBJECT_HANDLE public = fake_find(s, CKO_PUBLIC_KEY, "general");

	ck_assert_uint_eq(init(0x99999, 12345), CKR_KEY_HANDLE_INVALID);
	ck_assert_uint_eq(init(CKM_ECDSA, 0), CKR_KEY_HANDLE_INVALID);
	ck_assert_uint_eq(init(CKM_ECDSA, public), CKR_KEY_HANDLE_INVALID);
	ck_assert_uint_eq(init(0x99999, general), CKR_MECHANISM_INVALID);
}
END_TEST

START_TEST(signing_needs_the_operator)
{
	ck_assert_uint_eq(p11->C_Logout(s), CKR_OK);
	ck_assert_uint_eq(
	    init(CKM_ECDSA_SHA256, general), CKR_USER_NOT_LOGGED_IN);
}
END_TEST

START_TEST(a_logout_in_between_ends_in_a_refusal)
{
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
	ck_assert_uint_eq(p11->C_Logout(s), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_Sign(s, bytes("tbs"), 3, out, &len), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(fake.auth[0].used, 1);
}
END_TEST

START_TEST(a_fail_stopped_token_says_so_at_init)
{
	CK_TOKEN_INFO info;

	fake.state = EH_STATE_FAIL_STOPPED;
	strcpy(fake.text, "fail-stopped: the anchor is another one");
	ck_assert_uint_eq(p11->C_GetTokenInfo(0, &info), CKR_OK);
	ck_assert_uint_eq(
	    init(CKM_ECDSA_SHA256, issuing), CKR_EDGEHSM_FAIL_STOPPED);
	ck_assert_str_eq(
	    fake_sentence(s), "fail-stopped: the anchor is another one");
	fake.state = EH_STATE_READY; /* it was repaired and started again */
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
}
END_TEST

START_TEST(lengths_are_checked_before_anything_else)
{
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, general), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_Sign(s, bytes("tbs"), (CK_ULONG)1 << 63, out, &len),
	    CKR_DATA_LEN_RANGE);
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, general), CKR_OK);
	ck_assert_uint_eq(p11->C_SignUpdate(s, bytes("tbs"), 3), CKR_OK);
	ck_assert_uint_eq(p11->C_SignUpdate(s, bytes("tbs"), (CK_ULONG)-1),
	    CKR_DATA_LEN_RANGE);
	ck_assert_uint_eq(init(CKM_ECDSA, general), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_Sign(s, out, 65, out, &len), CKR_DATA_LEN_RANGE);
	ck_assert_uint_eq(init(CKM_ECDSA, general), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_Sign(s, NULL, 0, out, &len), CKR_DATA_LEN_RANGE);
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, general), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_Sign(s, NULL, 3, out, &len), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, general), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_Sign(s, bytes("tbs"), 3, out, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(p11->C_Sign(s, bytes("tbs"), 3, out, &len),
	    CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_uint_eq(fake.count[EH_REQ_SIGN], 0);
}
END_TEST

START_TEST(a_large_message_goes_through_and_a_larger_one_does_not)
{
	size_t most = EH_WIRE_MAX - 65536;
	CK_BYTE *big = malloc(most + 1);

	memset(big, 'b', most + 1);
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, general), CKR_OK);
	ck_assert_uint_eq(p11->C_Sign(s, big, most, out, &len), CKR_OK);
	ck_assert_uint_eq(fake.len, most);
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, general), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_Sign(s, big, most + 1, out, &len), CKR_DATA_LEN_RANGE);
	free(big);
}
END_TEST

START_TEST(a_receipt_is_made_over_the_nonce)
{
	ck_assert_uint_eq(init(CKM_EDGEHSM_RECEIPT, attestation), CKR_OK);
	len = 0;
	ck_assert_uint_eq(
	    p11->C_Sign(s, bytes("nonce-0123456789"), 16, NULL, &len), CKR_OK);
	ck_assert_uint_eq(len, 65536);
	ck_assert_uint_eq(fake.count[EH_REQ_RECEIPT], 0);
	ck_assert_uint_eq(
	    p11->C_Sign(s, bytes("nonce-0123456789"), 16, out, &len), CKR_OK);
	ck_assert_uint_eq(len, 379);
	ck_assert_mem_eq(out, "nonce-0123456789m", 17);
}
END_TEST

START_TEST(a_receipt_that_does_not_fit_is_kept_for_the_next_call)
{
	ck_assert_uint_eq(init(CKM_EDGEHSM_RECEIPT, attestation), CKR_OK);
	len = 100;
	ck_assert_uint_eq(
	    p11->C_Sign(s, bytes("nonce-0123456789"), 16, out, &len),
	    CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(len, 379);
	ck_assert_uint_eq(
	    p11->C_Sign(s, bytes("nonce-0123456789"), 16, out, &len), CKR_OK);
	ck_assert_uint_eq(fake.count[EH_REQ_RECEIPT], 1);
	ck_assert_uint_eq(
	    p11->C_Sign(s, bytes("nonce-0123456789"), 16, out, &len),
	    CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_uint_eq(init(CKM_EDGEHSM_RECEIPT, attestation), CKR_OK);
	ck_assert_uint_eq(p11->C_Sign(s, bytes("short nonce"), 11, out, &len),
	    CKR_DATA_LEN_RANGE);
}
END_TEST

START_TEST(a_lost_answer_is_asked_for_again)
{
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, general), CKR_OK);
	fake_play(EH_REQ_SIGN, FAKE_HANG_UP_AFTER, 1);
	ck_assert_uint_eq(p11->C_Sign(s, bytes("tbs"), 3, out, &len), CKR_OK);
	ck_assert_uint_eq(fake.count[EH_REQ_SIGN], 2);
	assert_signed("tbs", EH_MECH_ECDSA_SHA256);
}
END_TEST

START_TEST(handles_and_logins_survive_a_restart_of_the_daemon)
{
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, general), CKR_OK);
	fake_go_down();
	fake_come_back();
	ck_assert_uint_eq(p11->C_Sign(s, bytes("tbs"), 3, out, &len), CKR_OK);
	ck_assert_uint_eq(fake.count[EH_REQ_LOGIN], 1);
	fake_go_down();
	fake_come_back();
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, issuing), CKR_OK);
	ck_assert_uint_eq(p11->C_Sign(s, bytes("tbs"), 3, out, &len), CKR_OK);
}
END_TEST

START_TEST(a_key_that_somebody_else_destroyed_is_found_out)
{
	ck_assert_uint_eq(init(CKM_ECDSA_SHA256, general), CKR_OK);
	fake.object[0].number = 99;
	fake.generation++;
	ck_assert_uint_eq(p11->C_Sign(s, bytes("tbs"), 3, out, &len),
	    CKR_OBJECT_HANDLE_INVALID);
	ck_assert_uint_eq(
	    init(CKM_ECDSA_SHA256, general), CKR_KEY_HANDLE_INVALID);
}
END_TEST

START_TEST(init_costs_no_round_trip)
{
	unsigned before = fake.count[EH_REQ_HELLO];

	for (int i = 0; i < 20; i++) {
		ck_assert_uint_eq(init(CKM_ECDSA_SHA256, general), CKR_OK);
		ck_assert_uint_eq(p11->C_SignInit(s, NULL, general), CKR_OK);
	}
	ck_assert_uint_eq(fake.count[EH_REQ_HELLO], before);
	ck_assert_uint_eq(fake.count[EH_REQ_LIST], 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sign");
	TCase *t = tcase_create("sign");

	tcase_add_checked_fixture(t, up, fake_module_down);
	tcase_add_test(t, one_part_is_one_request_with_the_whole_message);
	tcase_add_test(t, parts_are_put_together_before_they_are_sent);
	tcase_add_test(t, the_vendor_mechanism_carries_its_parameter);
	tcase_add_test(t, a_raw_mechanism_is_refused_on_an_issuing_key);
	tcase_add_test(t, a_size_query_costs_nothing_and_keeps_the_operation);
	tcase_add_test(t, a_short_buffer_costs_nothing_and_leaks_nothing);
	tcase_add_test(t, the_same_holds_for_the_last_of_several_parts);
	tcase_add_test(t, a_cancelled_operation_costs_nothing);
	tcase_add_test(t, one_part_and_several_do_not_mix);
	tcase_add_test(t, a_signature_ends_the_operation);
	tcase_add_test(t, the_state_of_an_operation_is_never_given_away);
	tcase_add_test(t, a_refusal_is_the_same_from_sign_and_from_final);
	tcase_add_test(t, handles_are_looked_at_before_mechanisms);
	tcase_add_test(t, signing_needs_the_operator);
	tcase_add_test(t, a_logout_in_between_ends_in_a_refusal);
	tcase_add_test(t, a_fail_stopped_token_says_so_at_init);
	tcase_add_test(t, lengths_are_checked_before_anything_else);
	tcase_add_test(
	    t, a_large_message_goes_through_and_a_larger_one_does_not);
	tcase_add_test(t, a_receipt_is_made_over_the_nonce);
	tcase_add_test(
	    t, a_receipt_that_does_not_fit_is_kept_for_the_next_call);
	tcase_add_test(t, a_lost_answer_is_asked_for_again);
	tcase_add_test(t, handles_and_logins_survive_a_restart_of_the_daemon);
	tcase_add_test(t, a_key_that_somebody_else_destroyed_is_found_out);
	tcase_add_test(t, init_costs_no_round_trip);
	suite_add_tcase(suite, t);
	return unit_run(suite);
}
