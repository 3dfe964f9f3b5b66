/* SPDX-License-Identifier: Apache-2.0 */
/* test_login.c - who is logged in, and PINs. */
#include "config.h"

#include <string.h>

#include "test/unit/pkcs11-module/fake.h"
#include "test/unit/unit.h"

static CK_RV
login(CK_SESSION_HANDLE s, CK_USER_TYPE user, const char *pin)
{
	return p11->C_Login(
	    s, user, (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin));
}

static CK_UTF8CHAR *
utf8(const char *text)
{
	return (CK_UTF8CHAR *)(uintptr_t)text;
}

START_TEST(the_operator_logs_in_and_out)
{
	CK_SESSION_HANDLE s = fake_session();

	ck_assert_uint_eq(p11->C_Logout(s), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(login(s, CKU_USER, FAKE_PIN), CKR_OK);
	ck_assert_uint_eq(
	    login(s, CKU_USER, FAKE_PIN), CKR_USER_ALREADY_LOGGED_IN);
	ck_assert_uint_eq(
	    login(s, CKU_SO, FAKE_SO_PIN), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	ck_assert_uint_eq(p11->C_Logout(s), CKR_OK);
	ck_assert_uint_eq(p11->C_Logout(s), CKR_USER_NOT_LOGGED_IN);
}
END_TEST

START_TEST(a_wrong_pin_is_refused_with_the_daemons_sentence)
{
	CK_SESSION_HANDLE s = fake_session();

	ck_assert_uint_eq(login(s, CKU_USER, "000000"), CKR_PIN_INCORRECT);
	ck_assert_str_eq(fake_sentence(s), "wrong PIN: try 1");
	fake_refuse(EH_REQ_LOGIN, EH_DENIED_PIN_DELAY, "wait 8 s");
	ck_assert_uint_eq(login(s, CKU_USER, FAKE_PIN), CKR_PIN_LOCKED);
	ck_assert_str_eq(fake_sentence(s), "wait 8 s");
	ck_assert_uint_eq(login(s, CKU_USER, FAKE_PIN), CKR_OK);
}
END_TEST

START_TEST(a_pin_that_cannot_be_one_is_not_even_tried)
{
	CK_SESSION_HANDLE s = fake_session();

	ck_assert_uint_eq(login(s, CKU_USER, "123"), CKR_PIN_INCORRECT);
	ck_assert_uint_eq(
	    p11->C_Login(s, CKU_USER, utf8(FAKE_PIN), (CK_ULONG)1 << 63),
	    CKR_PIN_INCORRECT);
	ck_assert_uint_eq(
	    p11->C_Login(s, CKU_USER, NULL, 6), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(fake.count[EH_REQ_LOGIN], 0);
}
END_TEST

START_TEST(users_that_do_not_exist_cannot_log_in)
{
	CK_SESSION_HANDLE s = fake_session();

	ck_assert_uint_eq(login(s, CKU_CONTEXT_SPECIFIC, FAKE_PIN),
	    CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_uint_eq(login(s, 3, FAKE_PIN), CKR_USER_TYPE_INVALID);
	ck_assert_uint_eq(
	    login(s, 0x80000042, FAKE_PIN), CKR_USER_TYPE_INVALID);
}
END_TEST

START_TEST(the_officer_needs_writable_sessions_only)
{
	CK_SESSION_HANDLE ro, rw = fake_session();

	ck_assert_uint_eq(
	    p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &ro), CKR_OK);
	ck_assert_uint_eq(
	    login(rw, CKU_SO, FAKE_SO_PIN), CKR_SESSION_READ_ONLY_EXISTS);
	ck_assert_uint_eq(p11->C_CloseSession(ro), CKR_OK);
	ck_assert_uint_eq(login(rw, CKU_SO, FAKE_SO_PIN), CKR_OK);
}
END_TEST

START_TEST(an_operator_without_a_pin_is_told_who_sets_one)
{
	CK_SESSION_HANDLE s;

	fake.flags = 0;
	s = fake_session();
	ck_assert_uint_eq(
	    login(s, CKU_USER, FAKE_PIN), CKR_USER_PIN_NOT_INITIALIZED);
	ck_assert_ptr_nonnull(strstr(fake_sentence(s), "security officer"));
	ck_assert_uint_eq(login(s, CKU_SO, FAKE_SO_PIN), CKR_OK);
	ck_assert_uint_eq(p11->C_InitPIN(s, utf8("424242"), 6), CKR_OK);
	ck_assert_uint_eq(p11->C_Logout(s), CKR_OK);
	ck_assert_uint_eq(login(s, CKU_USER, "424242"), CKR_OK);
}
END_TEST

START_TEST(a_fail_stopped_token_says_so_and_nothing_of_pins)
{
	CK_SESSION_HANDLE s;

	fake.flags = 0;
	fake.state = EH_STATE_FAIL_STOPPED;
	strcpy(fake.text, "the anchor differs");
	fake_refuse(EH_REQ_LOGIN, EH_DENIED_FAIL_STOPPED, "the anchor differs");
	s = fake_session();
	ck_assert_uint_eq(
	    login(s, CKU_USER, FAKE_PIN), CKR_EDGEHSM_FAIL_STOPPED);
	ck_assert_str_eq(fake_sentence(s), "the anchor differs");
}
END_TEST

START_TEST(only_the_officer_inits_a_pin)
{
	CK_SESSION_HANDLE s = fake_session();

	ck_assert_uint_eq(
	    p11->C_InitPIN(s, utf8("424242"), 6), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(login(s, CKU_USER, FAKE_PIN), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_InitPIN(s, utf8("424242"), 6), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(p11->C_Logout(s), CKR_OK);
	ck_assert_uint_eq(login(s, CKU_SO, FAKE_SO_PIN), CKR_OK);
	ck_assert_uint_eq(p11->C_InitPIN(s, utf8("123"), 3), CKR_PIN_LEN_RANGE);
	ck_assert_uint_eq(p11->C_InitPIN(s, NULL, 6), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(fake.count[EH_REQ_SET_PIN], 0);
}
END_TEST

START_TEST(a_changed_pin_leaves_its_user_logged_in)
{
	CK_SESSION_HANDLE s = fake_user_session();
	CK_MECHANISM m = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_SESSION_INFO info;
	CK_BYTE out[64];
	CK_ULONG len = 64;

	ck_assert_uint_eq(
	    p11->C_SetPIN(s, utf8("000000"), 6, utf8("777777"), 6),
	    CKR_PIN_INCORRECT);
	ck_assert_uint_eq(
	    p11->C_SetPIN(s, utf8(FAKE_PIN), 6, utf8("777777"), 6), CKR_OK);
	ck_assert_uint_eq(p11->C_GetSessionInfo(s, &info), CKR_OK);
	ck_assert_uint_eq(info.state, CKS_RW_USER_FUNCTIONS);
	fake_go_down(); /* only the new ticket counts on a new connection */
	fake_come_back();
	ck_assert_uint_eq(
	    p11->C_SignInit(s, &m, fake_find(s, CKO_PRIVATE_KEY, "general")),
	    CKR_OK);
	ck_assert_uint_eq(p11->C_Sign(s, utf8("tbs"), 3, out, &len), CKR_OK);
}
END_TEST

START_TEST(nobody_logged_in_changes_the_operators_pin)
{
	CK_SESSION_HANDLE s = fake_session();

	ck_assert_uint_eq(
	    p11->C_SetPIN(s, utf8(FAKE_PIN), 6, utf8("777777"), 6), CKR_OK);
	ck_assert_uint_eq(login(s, CKU_USER, FAKE_PIN), CKR_PIN_INCORRECT);
	ck_assert_uint_eq(login(s, CKU_USER, "777777"), CKR_OK);
}
END_TEST

START_TEST(the_officer_changes_the_officers_pin)
{
	CK_SESSION_HANDLE s = fake_session();

	ck_assert_uint_eq(login(s, CKU_SO, FAKE_SO_PIN), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_SetPIN(s, utf8(FAKE_SO_PIN), 8, utf8("99999999"), 8),
	    CKR_OK);
	ck_assert_str_eq(fake.so_pin, "99999999");
	ck_assert_str_eq(fake.pin, FAKE_PIN);
}
END_TEST

START_TEST(pins_are_not_changed_in_a_read_only_session)
{
	CK_SESSION_HANDLE ro;

	ck_assert_uint_eq(
	    p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &ro), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_SetPIN(ro, utf8(FAKE_PIN), 6, utf8("777777"), 6),
	    CKR_SESSION_READ_ONLY);
	ck_assert_uint_eq(fake.count[EH_REQ_SET_PIN], 0);
}
END_TEST

START_TEST(new_pins_have_their_length)
{
	CK_SESSION_HANDLE s = fake_session();
	CK_UTF8CHAR long_pin[256];

	memset(long_pin, 'p', sizeof(long_pin));
	ck_assert_uint_eq(p11->C_SetPIN(s, utf8(FAKE_PIN), 6, utf8("777"), 3),
	    CKR_PIN_LEN_RANGE);
	ck_assert_uint_eq(p11->C_SetPIN(s, utf8(FAKE_PIN), 6, long_pin, 256),
	    CKR_PIN_LEN_RANGE);
	ck_assert_uint_eq(
	    p11->C_SetPIN(s, utf8(FAKE_PIN), 6, NULL, 6), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(
	    p11->C_SetPIN(s, NULL, 6, utf8("777777"), 6), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(fake.count[EH_REQ_SET_PIN], 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("login");
	TCase *t = tcase_create("login");

	tcase_add_checked_fixture(t, fake_module_up, fake_module_down);
	tcase_add_test(t, the_operator_logs_in_and_out);
	tcase_add_test(t, a_wrong_pin_is_refused_with_the_daemons_sentence);
	tcase_add_test(t, a_pin_that_cannot_be_one_is_not_even_tried);
	tcase_add_test(t, users_that_do_not_exist_cannot_log_in);
	tcase_add_test(t, the_officer_needs_writable_sessions_only);
	tcase_add_test(t, an_operator_without_a_pin_is_told_who_sets_one);
	tcase_add_test(t, a_fail_stopped_token_says_so_and_nothing_of_pins);
	tcase_add_test(t, only_the_officer_inits_a_pin);
	tcase_add_test(t, a_changed_pin_leaves_its_user_logged_in);
	tcase_add_test(t, nobody_logged_in_changes_the_operators_pin);
	tcase_add_test(t, the_officer_changes_the_officers_pin);
	tcase_add_test(t, pins_are_not_changed_in_a_read_only_session);
	tcase_add_test(t, new_pins_have_their_length);
	suite_add_tcase(s, t);
	return unit_run(s);
}
