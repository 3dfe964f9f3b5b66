/* SPDX-License-Identifier: Apache-2.0 */
/* test_session.c - sessions: states, limits, and handles that are dead. */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test/unit/pkcs11-module/fake.h"
#include "test/unit/unit.h"

#define SO ((CK_UTF8CHAR *)(uintptr_t)FAKE_SO_PIN)
#define USER ((CK_UTF8CHAR *)(uintptr_t)FAKE_PIN)

static CK_RV
open_with(CK_FLAGS flags, CK_SESSION_HANDLE *s)
{
	return p11->C_OpenSession(0, flags, NULL, NULL, s);
}

static CK_STATE
state(CK_SESSION_HANDLE s)
{
	CK_SESSION_INFO info;

	ck_assert_uint_eq(p11->C_GetSessionInfo(s, &info), CKR_OK);
	return info.state;
}

START_TEST(every_state_of_the_standard_is_reached)
{
	CK_SESSION_HANDLE ro, rw;

	ck_assert_uint_eq(open_with(CKF_SERIAL_SESSION, &ro), CKR_OK);
	ck_assert_uint_eq(
	    open_with(CKF_SERIAL_SESSION | CKF_RW_SESSION, &rw), CKR_OK);
	ck_assert_uint_eq(state(ro), CKS_RO_PUBLIC_SESSION);
	ck_assert_uint_eq(state(rw), CKS_RW_PUBLIC_SESSION);
	ck_assert_uint_eq(p11->C_Login(ro, CKU_USER, USER, 6), CKR_OK);
	ck_assert_uint_eq(state(ro), CKS_RO_USER_FUNCTIONS);
	ck_assert_uint_eq(state(rw), CKS_RW_USER_FUNCTIONS);
	ck_assert_uint_eq(p11->C_Logout(rw), CKR_OK);
	ck_assert_uint_eq(state(ro), CKS_RO_PUBLIC_SESSION);
	ck_assert_uint_eq(p11->C_CloseSession(ro), CKR_OK);
	ck_assert_uint_eq(p11->C_Login(rw, CKU_SO, SO, 8), CKR_OK);
	ck_assert_uint_eq(state(rw), CKS_RW_SO_FUNCTIONS);
	ck_assert_uint_eq(open_with(CKF_SERIAL_SESSION, &ro),
	    CKR_SESSION_READ_WRITE_SO_EXISTS);
}
END_TEST

START_TEST(a_session_is_serial_and_of_this_slot)
{
	CK_SESSION_HANDLE s;

	ck_assert_uint_eq(
	    open_with(0, &s), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
	ck_assert_uint_eq(p11->C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL,
	    &s), CKR_SLOT_ID_INVALID);
	ck_assert_uint_eq(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL,
	    NULL), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(without_a_daemon_there_is_no_token)
{
	CK_SESSION_HANDLE s;

	fake_go_down();
	ck_assert_uint_eq(
	    open_with(CKF_SERIAL_SESSION, &s), CKR_TOKEN_NOT_PRESENT);
	ck_assert_ptr_nonnull(
	    strstr(fake_sentence(CK_INVALID_HANDLE), "no edgehsmd at"));
	fake_come_back();
	ck_assert_uint_eq(open_with(CKF_SERIAL_SESSION, &s), CKR_OK);
}
END_TEST

/* Attack A25: a hard limit, and what is there keeps working. */
START_TEST(the_1025th_session_is_refused)
{
	CK_SESSION_HANDLE s[1024], one_more;

	for (int i = 0; i < 1024; i++)
		ck_assert_uint_eq(open_with(CKF_SERIAL_SESSION, &s[i]), CKR_OK);
	ck_assert_uint_eq(
	    open_with(CKF_SERIAL_SESSION, &one_more), CKR_SESSION_COUNT);
	ck_assert_uint_eq(state(s[1023]), CKS_RO_PUBLIC_SESSION);
	ck_assert_uint_eq(p11->C_CloseSession(s[500]), CKR_OK);
	ck_assert_uint_eq(open_with(CKF_SERIAL_SESSION, &one_more), CKR_OK);
	ck_assert_uint_eq(fake.open, 1);
}
END_TEST

/* Attack A23: handles that are dead, or never were. */
START_TEST(a_closed_handle_never_lives_again)
{
	CK_SESSION_HANDLE s = fake_session(), next;
	CK_SESSION_INFO info;

	ck_assert_uint_eq(p11->C_CloseSession(s), CKR_OK);
	next = fake_session();
	ck_assert_uint_ne(next, s);
	ck_assert_uint_eq(
	    p11->C_GetSessionInfo(s, &info), CKR_SESSION_HANDLE_INVALID);
	ck_assert_uint_eq(p11->C_CloseSession(s), CKR_SESSION_HANDLE_INVALID);
	ck_assert_uint_eq(
	    p11->C_GetSessionInfo(0, &info), CKR_SESSION_HANDLE_INVALID);
	ck_assert_uint_eq(p11->C_GetSessionInfo((CK_ULONG)-1, &info),
	    CKR_SESSION_HANDLE_INVALID);
	ck_assert_uint_eq(state(next), CKS_RW_PUBLIC_SESSION);
}
END_TEST

START_TEST(closing_the_last_session_logs_out)
{
	CK_SESSION_HANDLE a = fake_user_session(), b = fake_session();

	ck_assert_uint_eq(p11->C_CloseSession(a), CKR_OK);
	ck_assert_uint_eq(state(b), CKS_RW_USER_FUNCTIONS);
	ck_assert_uint_eq(p11->C_CloseSession(b), CKR_OK);
	b = fake_session();
	ck_assert_uint_eq(state(b), CKS_RW_PUBLIC_SESSION);
}
END_TEST

START_TEST(closing_all_sessions_logs_out_too)
{
	CK_SESSION_HANDLE a = fake_user_session(), b = fake_session();

	ck_assert_uint_eq(p11->C_CloseAllSessions(1), CKR_SLOT_ID_INVALID);
	ck_assert_uint_eq(p11->C_CloseAllSessions(0), CKR_OK);
	ck_assert_uint_eq(p11->C_CloseSession(a), CKR_SESSION_HANDLE_INVALID);
	ck_assert_uint_eq(p11->C_CloseSession(b), CKR_SESSION_HANDLE_INVALID);
	ck_assert_uint_eq(state(fake_session()), CKS_RW_PUBLIC_SESSION);
}
END_TEST

static CK_SESSION_HANDLE shared;

static void *
sign_slowly(void *arg)
{
	CK_BYTE out[64];
	CK_ULONG len = sizeof(out);

	*(CK_RV *)arg =
	    p11->C_Sign(shared, (CK_BYTE *)(uintptr_t) "tbs", 3, out, &len);
	return NULL;
}

static void
start_slow_sign(pthread_t *thread, CK_RV *rv)
{
	static const struct timespec nap = { .tv_nsec = 50 * 1000000 };
	CK_MECHANISM m = { CKM_ECDSA_SHA256, NULL, 0 };

	shared = fake_user_session();
	ck_assert_uint_eq(p11->C_SignInit(shared, &m,
	    fake_find(shared, CKO_PRIVATE_KEY, "general")), CKR_OK);
	fake_play(EH_REQ_SIGN, FAKE_SLOW, 1);
	ck_assert_int_eq(pthread_create(thread, NULL, sign_slowly, rv), 0);
	nanosleep(&nap, NULL);
}

START_TEST(a_session_closed_during_a_call_lives_as_long_as_the_call)
{
	pthread_t thread;
	CK_RV rv;

	start_slow_sign(&thread, &rv);
	ck_assert_uint_eq(p11->C_CloseSession(shared), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_CloseSession(shared), CKR_SESSION_HANDLE_INVALID);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(rv, CKR_OK);
}
END_TEST

static void *
log_in_slowly(void *arg)
{
	*(CK_RV *)arg = p11->C_Login(shared, CKU_USER, USER, 6);
	return NULL;
}

START_TEST(a_login_under_way_does_not_outlive_the_last_session)
{
	static const struct timespec nap = { .tv_nsec = 1000000 };
	pthread_t thread;
	CK_RV rv;

	shared = fake_session();
	fake_play(EH_REQ_LOGIN, FAKE_SLOW, 1);
	ck_assert_int_eq(
	    pthread_create(&thread, NULL, log_in_slowly, &rv), 0);
	while (fake.count[EH_REQ_LOGIN] == 0)
		nanosleep(&nap, NULL);
	ck_assert_uint_eq(p11->C_CloseSession(shared), CKR_OK);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(rv, CKR_OK);
	ck_assert_uint_eq(state(fake_session()), CKS_RW_PUBLIC_SESSION);
}
END_TEST

START_TEST(finalize_waits_for_a_signature_that_is_paid_for)
{
	pthread_t thread;
	CK_RV rv = 99;
	CK_SESSION_INFO info;

	start_slow_sign(&thread, &rv);
	ck_assert_uint_eq(p11->C_Finalize(NULL), CKR_OK);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(rv, CKR_OK);
	ck_assert_uint_eq(p11->C_GetSessionInfo(shared, &info),
	    CKR_CRYPTOKI_NOT_INITIALIZED);
	ck_assert_uint_eq(p11->C_Initialize(NULL), CKR_OK);
	ck_assert_uint_eq(p11->C_GetSessionInfo(shared, &info),
	    CKR_SESSION_HANDLE_INVALID);
}
END_TEST

START_TEST(a_refusal_is_the_device_error_of_its_session_alone)
{
	CK_SESSION_HANDLE a = fake_user_session(), b = fake_session();
	CK_SESSION_INFO info;
	CK_BYTE out[4];

	fake_refuse(EH_REQ_RANDOM, EH_DENIED_FAIL_STOPPED, "stopped: why");
	ck_assert_uint_eq(
	    p11->C_GenerateRandom(a, out, 4), CKR_EDGEHSM_FAIL_STOPPED);
	ck_assert_uint_eq(p11->C_GetSessionInfo(a, &info), CKR_OK);
	ck_assert_uint_eq(info.ulDeviceError, CKR_EDGEHSM_FAIL_STOPPED);
	ck_assert_str_eq(fake_sentence(a), "stopped: why");
	ck_assert_uint_eq(p11->C_GetSessionInfo(b, &info), CKR_OK);
	ck_assert_uint_eq(info.ulDeviceError, 0);
	ck_assert_str_eq(fake_sentence(b), "");
	/* It stays readable: reading it takes calls that succeed. */
	ck_assert_uint_eq(p11->C_GenerateRandom(a, out, 4), CKR_OK);
	ck_assert_str_eq(fake_sentence(a), "stopped: why");
}
END_TEST

START_TEST(a_refusal_without_a_sentence_does_not_get_an_old_one)
{
	CK_SESSION_HANDLE s = fake_user_session();
	CK_OBJECT_HANDLE issuing = fake_find(s, CKO_PRIVATE_KEY, "issuing");
	CK_MECHANISM raw = { CKM_ECDSA, NULL, 0 }, none = { 0x99999, NULL, 0 };
	CK_SESSION_INFO info;
	CK_BYTE byte;

	ck_assert_uint_eq(
	    p11->C_SignInit(s, &raw, issuing), CKR_MECHANISM_INVALID);
	ck_assert_ptr_nonnull(strstr(fake_sentence(s), "complete messages"));
	/* One with another code leaves it: its code tells them apart. */
	ck_assert_uint_eq(
	    p11->C_SignUpdate(s, &byte, 1), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_ptr_nonnull(strstr(fake_sentence(s), "complete messages"));
	ck_assert_uint_eq(
	    p11->C_SignInit(s, &none, issuing), CKR_MECHANISM_INVALID);
	ck_assert_str_eq(fake_sentence(s), "");
	ck_assert_uint_eq(p11->C_GetSessionInfo(s, &info), CKR_OK);
	ck_assert_uint_eq(info.ulDeviceError, CKR_OK);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session");
	TCase *t = tcase_create("session");

	tcase_add_checked_fixture(t, fake_module_up, fake_module_down);
	tcase_add_test(t, every_state_of_the_standard_is_reached);
	tcase_add_test(t, a_session_is_serial_and_of_this_slot);
	tcase_add_test(t, without_a_daemon_there_is_no_token);
	tcase_add_test(t, the_1025th_session_is_refused);
	tcase_add_test(t, a_closed_handle_never_lives_again);
	tcase_add_test(t, closing_the_last_session_logs_out);
	tcase_add_test(t, closing_all_sessions_logs_out_too);
	tcase_add_test(
	    t, a_session_closed_during_a_call_lives_as_long_as_the_call);
	tcase_add_test(t, finalize_waits_for_a_signature_that_is_paid_for);
	tcase_add_test(
	    t, a_refusal_is_the_device_error_of_its_session_alone);
	tcase_add_test(t, a_login_under_way_does_not_outlive_the_last_session);
	tcase_add_test(
	    t, a_refusal_without_a_sentence_does_not_get_an_old_one);
	suite_add_tcase(s, t);
	return unit_run(s);
}
