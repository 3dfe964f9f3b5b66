/* SPDX-License-Identifier: Apache-2.0 */
/* test_slot.c - the slot, the token's states, the mechanisms. */
#include "config.h"

#include <string.h>

#include "test/unit/pkcs11-module/fake.h"
#include "test/unit/unit.h"

static CK_UTF8CHAR label[33] = "a new label                     ";

static CK_FLAGS
flags(void)
{
	CK_TOKEN_INFO info;

	ck_assert_uint_eq(p11->C_GetTokenInfo(0, &info), CKR_OK);
	return info.flags;
}

START_TEST(there_is_one_slot_with_a_token)
{
	CK_SLOT_ID slots[2] = { 9, 9 };
	CK_ULONG n = 0;
	CK_SLOT_INFO info;

	ck_assert_uint_eq(p11->C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
	ck_assert_uint_eq(n, 1);
	n = 0;
	ck_assert_uint_eq(
	    p11->C_GetSlotList(CK_TRUE, slots, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(p11->C_GetSlotList(CK_TRUE, slots, &n), CKR_OK);
	ck_assert_uint_eq(slots[0], 0);
	ck_assert_uint_eq(
	    p11->C_GetSlotList(CK_TRUE, slots, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(p11->C_GetSlotInfo(0, &info), CKR_OK);
	ck_assert_uint_ne(info.flags & CKF_TOKEN_PRESENT, 0);
	ck_assert_uint_eq(info.flags & CKF_HW_SLOT, 0);
	ck_assert_mem_eq(
	    info.slotDescription, fake.socket, strlen(fake.socket));
	ck_assert_uint_eq(p11->C_GetSlotInfo(1, &info), CKR_SLOT_ID_INVALID);
	ck_assert_uint_eq(p11->C_GetSlotInfo(0, NULL), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(without_a_daemon_the_slot_is_empty_and_says_why)
{
	CK_SLOT_INFO info;
	CK_TOKEN_INFO token;
	CK_ULONG n = 9;

	fake_go_down();
	ck_assert_uint_eq(p11->C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_nonnull(
	    strstr(fake_sentence(CK_INVALID_HANDLE), fake.socket));
	ck_assert_uint_eq(p11->C_GetSlotList(CK_FALSE, NULL, &n), CKR_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(p11->C_GetSlotInfo(0, &info), CKR_OK);
	ck_assert_uint_eq(info.flags & CKF_TOKEN_PRESENT, 0);
	ck_assert_uint_eq(
	    p11->C_GetTokenInfo(0, &token), CKR_TOKEN_NOT_PRESENT);
	fake_come_back();
}
END_TEST

START_TEST(a_user_without_a_role_is_told_so)
{
	CK_ULONG n = 9;

	fake_refuse(EH_REQ_HELLO, EH_DENIED_ROLE, "user 1000 has no role");
	ck_assert_uint_eq(p11->C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
	ck_assert_uint_eq(n, 0);
	ck_assert_str_eq(
	    fake_sentence(CK_INVALID_HANDLE), "user 1000 has no role");
}
END_TEST

START_TEST(the_token_says_what_it_is)
{
	CK_TOKEN_INFO info;

	ck_assert_uint_eq(p11->C_GetTokenInfo(0, &info), CKR_OK);
	ck_assert_mem_eq(info.label, "line 3                          ", 32);
	ck_assert_mem_eq(info.serialNumber, "abcd303132333435", 16);
	ck_assert_mem_eq(info.manufacturerID, "EdgeHSM ", 8);
	ck_assert_uint_eq(info.ulMaxSessionCount, 1024);
	ck_assert_uint_eq(info.ulSessionCount, 0);
	ck_assert_uint_eq(info.ulMinPinLen, 4);
	fake_session();
	ck_assert_uint_eq(p11->C_GetTokenInfo(0, &info), CKR_OK);
	ck_assert_uint_eq(info.ulSessionCount, 1);
	ck_assert_uint_eq(info.ulRwSessionCount, 1);
	ck_assert_uint_eq(p11->C_GetTokenInfo(0, NULL), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(flags_are_the_state)
{
	CK_FLAGS ready = CKF_RNG | CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED |
	    CKF_USER_PIN_INITIALIZED;

	ck_assert_uint_eq(flags(), ready);
	fake.flags |= EH_FLAG_PIN_DELAY;
	ck_assert_uint_eq(
	    flags(), ready | CKF_USER_PIN_COUNT_LOW | CKF_SO_PIN_COUNT_LOW);
	fake.flags = 0;
	ck_assert_uint_eq(
	    flags(), CKF_RNG | CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED);
	fake.state = EH_STATE_FRESH;
	ck_assert_uint_eq(flags(), CKF_RNG | CKF_LOGIN_REQUIRED);
	fake.state = EH_STATE_FAIL_STOPPED;
	ck_assert_uint_ne(flags() & 0x01000000, 0);
}
END_TEST

START_TEST(a_fresh_token_needs_the_root_and_says_how)
{
	fake.state = EH_STATE_FRESH;
	ck_assert_uint_eq(
	    p11->C_InitToken(0, label, 8, label), CKR_FUNCTION_FAILED);
	ck_assert_ptr_nonnull(strstr(
	    fake_sentence(CK_INVALID_HANDLE), "edgehsm token init --root"));
	ck_assert_uint_eq(fake.count[EH_REQ_INIT_TOKEN], 0);
	ck_assert_uint_eq(
	    fake_vendor()->Genesis(0, label, 8, label, label, 32), CKR_OK);
	ck_assert_uint_eq(fake.state, EH_STATE_READY);
	ck_assert_str_eq(fake.label, "a new label");
}
END_TEST

START_TEST(init_token_sets_the_label)
{
	CK_UTF8CHAR bad[33] = "line\n3                          ";
	CK_SESSION_HANDLE s = fake_session();

	ck_assert_uint_eq(
	    p11->C_InitToken(0, label, 8, label), CKR_SESSION_EXISTS);
	ck_assert_uint_eq(p11->C_CloseSession(s), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_InitToken(0, label, 3, label), CKR_PIN_LEN_RANGE);
	ck_assert_uint_eq(
	    p11->C_InitToken(0, NULL, 8, label), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(
	    p11->C_InitToken(0, label, 8, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(
	    p11->C_InitToken(0, label, 8, bad), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(fake.count[EH_REQ_INIT_TOKEN], 0);
	ck_assert_uint_eq(p11->C_InitToken(0, label, 8, label), CKR_OK);
	ck_assert_str_eq(fake.label, "a new label");
	fake_refuse(EH_REQ_INIT_TOKEN, EH_DENIED_PIN, "wrong PIN");
	ck_assert_uint_eq(
	    p11->C_InitToken(0, label, 8, label), CKR_PIN_INCORRECT);
	ck_assert_str_eq(fake_sentence(CK_INVALID_HANDLE), "wrong PIN");
}
END_TEST

START_TEST(mechanisms_are_answered_without_asking)
{
	CK_MECHANISM_TYPE types[10];
	CK_MECHANISM_INFO info;
	CK_ULONG n = 0;

	ck_assert_uint_eq(p11->C_GetMechanismList(0, NULL, &n), CKR_OK);
	ck_assert_uint_eq(n, 5);
	n = 4;
	ck_assert_uint_eq(
	    p11->C_GetMechanismList(0, types, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(p11->C_GetMechanismList(0, types, &n), CKR_OK);
	for (CK_ULONG i = 0; i < n; i++)
		ck_assert_uint_eq(
		    p11->C_GetMechanismInfo(0, types[i], &info), CKR_OK);
	ck_assert_uint_eq(p11->C_GetMechanismInfo(0, CKM_DES_ECB, &info),
	    CKR_MECHANISM_INVALID);
	ck_assert_uint_eq(
	    p11->C_GetMechanismInfo(0, CKM_ECDSA, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(fake.count[EH_REQ_HELLO], 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("slot");
	TCase *t = tcase_create("slot");

	tcase_add_checked_fixture(t, fake_module_up, fake_module_down);
	tcase_add_test(t, there_is_one_slot_with_a_token);
	tcase_add_test(t, without_a_daemon_the_slot_is_empty_and_says_why);
	tcase_add_test(t, a_user_without_a_role_is_told_so);
	tcase_add_test(t, the_token_says_what_it_is);
	tcase_add_test(t, flags_are_the_state);
	tcase_add_test(t, a_fresh_token_needs_the_root_and_says_how);
	tcase_add_test(t, init_token_sets_the_label);
	tcase_add_test(t, mechanisms_are_answered_without_asking);
	suite_add_tcase(s, t);
	return unit_run(s);
}
