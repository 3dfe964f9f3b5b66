/* SPDX-License-Identifier: Apache-2.0 */
/* test_module.c - beginning, end, and forks. */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11-module/entry.h"
#include "pkcs11-module/module.h"
#include "test/unit/pkcs11-module/fake.h"
#include "test/unit/unit.h"

static CK_RV
dummy_create(void **mutex)
{
	(void)mutex;
	return CKR_OK;
}

static CK_RV
dummy(void *mutex)
{
	(void)mutex;
	return CKR_OK;
}

static CK_RV
start_with(CK_C_INITIALIZE_ARGS args)
{
	return p11->C_Initialize(&args);
}

START_TEST(initialize_twice_is_told_so)
{
	ck_assert_uint_eq(
	    p11->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
	ck_assert_uint_eq(p11->C_Finalize(NULL), CKR_OK);
	ck_assert_uint_eq(p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
	ck_assert_uint_eq(p11->C_Initialize(NULL), CKR_OK);
}
END_TEST

START_TEST(arguments_of_initialize_are_looked_at)
{
	CK_C_INITIALIZE_ARGS args = { 0 };

	ck_assert_uint_eq(
	    p11->C_Finalize((void *)(uintptr_t)1), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(p11->C_Finalize(NULL), CKR_OK);
	args.pReserved = &args;
	ck_assert_uint_eq(start_with(args), CKR_ARGUMENTS_BAD);
	args.pReserved = NULL;
	args.CreateMutex = dummy_create;
	ck_assert_uint_eq(start_with(args), CKR_ARGUMENTS_BAD);
	args.DestroyMutex = args.LockMutex = args.UnlockMutex = dummy;
	ck_assert_uint_eq(start_with(args), CKR_CANT_LOCK);
	args.flags = CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS;
	ck_assert_uint_eq(start_with(args), CKR_OK);
}
END_TEST

START_TEST(a_broken_configuration_shows_no_slot_and_says_why)
{
	CK_SLOT_INFO info;
	CK_SESSION_HANDLE s;
	CK_ULONG n = 9;
	FILE *f;

	ck_assert_uint_eq(p11->C_Finalize(NULL), CKR_OK);
	f = fopen(fake.conf, "w");
	fputs("sokcet = /tmp/x\n", f);
	fclose(f);
	ck_assert_uint_eq(p11->C_Initialize(NULL), CKR_OK);
	ck_assert_uint_eq(p11->C_GetSlotList(CK_FALSE, NULL, &n), CKR_OK);
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_nonnull(
	    strstr(fake_sentence(CK_INVALID_HANDLE), "sokcet"));
	ck_assert_uint_eq(p11->C_GetSlotInfo(0, &info), CKR_SLOT_ID_INVALID);
	ck_assert_uint_eq(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL,
	    &s), CKR_SLOT_ID_INVALID);
}
END_TEST

static void *
other_thread(void *arg)
{
	(void)arg;
	return strcmp(fake_sentence(CK_INVALID_HANDLE), "") == 0 ? arg : NULL;
}

START_TEST(the_last_sentence_is_of_the_calling_thread)
{
	pthread_t thread;
	CK_ULONG n;
	void *good;
	int something;

	fake_refuse(EH_REQ_HELLO, EH_DENIED_ROLE, "mine alone");
	p11->C_GetSlotList(CK_TRUE, NULL, &n);
	ck_assert_str_eq(fake_sentence(CK_INVALID_HANDLE), "mine alone");
	ck_assert_int_eq(
	    pthread_create(&thread, NULL, other_thread, &something), 0);
	pthread_join(thread, &good);
	ck_assert_ptr_nonnull(good);
	ck_assert_str_eq(fake_sentence(CK_INVALID_HANDLE), "mine alone");
}
END_TEST

/* Sign once in the session; 1 when the signature came. */
static int
can_sign(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM m = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_BYTE out[64];
	CK_ULONG len = sizeof(out);

	return p11->C_SignInit(s, &m, key) == CKR_OK &&
	    p11->C_Sign(s, (CK_BYTE *)(uintptr_t) "tbs", 3, out, &len) ==
		CKR_OK;
}

/* What a child of a fork sees; its exit status is the number of the check that
 * failed, 0 when none did.  (Its daemon is the parent's.) */
static int
as_child(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CK_SESSION_INFO info;
	CK_SESSION_HANDLE mine;
	CK_MECHANISM m = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_ULONG n;

	if (p11->C_GetSessionInfo(s, &info) != CKR_CRYPTOKI_NOT_INITIALIZED)
		return 1;
	if (p11->C_SignInit(s, &m, key) != CKR_CRYPTOKI_NOT_INITIALIZED)
		return 2;
	if (p11->C_GetSlotList(CK_TRUE, NULL, &n) !=
	    CKR_CRYPTOKI_NOT_INITIALIZED)
		return 3;
	if (p11->C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED)
		return 4;
	if (p11->C_Initialize(NULL) != CKR_OK)
		return 5;
	if (p11->C_GetSessionInfo(s, &info) != CKR_SESSION_HANDLE_INVALID)
		return 6;
	if (p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &mine) !=
	    CKR_OK)
		return 7;
	if (p11->C_GetSessionInfo(mine, &info) != CKR_OK ||
	    info.state != CKS_RO_PUBLIC_SESSION)
		return 8;
	if (p11->C_Login(mine, CKU_USER,
	    (CK_UTF8CHAR *)(uintptr_t)FAKE_PIN, 6) != CKR_OK)
		return 9;
	if (!can_sign(mine, key))
		return 10;
	return p11->C_Finalize(NULL) == CKR_OK ? 0 : 11;
}

/* Attack A24. */
START_TEST(a_child_begins_anew_and_leaves_the_parent_alone)
{
	CK_SESSION_HANDLE s = fake_user_session();
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "general");
	pid_t pid;
	int status;

	ck_assert(can_sign(s, key));
	ck_assert_uint_eq(fake_open_becomes(1), 1);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(as_child(s, key));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert_int_eq(WIFEXITED(status), 1);
	ck_assert(can_sign(s, key));
	ck_assert_uint_eq(fake_open_becomes(1), 1);
	ck_assert_uint_eq(fake.count[EH_REQ_LOGIN], 2);
}
END_TEST

static int
connection(void)
{
	struct eh_module *m;
	int fd;

	ck_assert_uint_eq(eh_module_enter(&m), CKR_OK);
	fd = m->client.connection[0].fd;
	ck_assert_uint_eq(eh_module_leave(m, CKR_OK), CKR_OK);
	return fd;
}

/* The way of daemons: fork, close everything, open a log, begin. */
START_TEST(a_child_that_has_closed_everything_keeps_what_it_opened_since)
{
	CK_SESSION_HANDLE s = fake_user_session();
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "general");
	int fd = connection(), status;
	pid_t pid;

	ck_assert_int_ge(fd, 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		for (int i = 3; i < 64; i++)
			close(i);
		for (int i = 3; i <= fd; i++)
			if (open("/dev/null", O_RDWR) != i)
				_exit(20);
		if ((status = as_child(s, key)) != 0)
			_exit(status);
		_exit(fcntl(fd, F_GETFD) >= 0 ? 0 : 21);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WIFEXITED(status), 1);
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert(can_sign(s, key));
}
END_TEST

static atomic_int stop;

static void *
keep_signing(void *arg)
{
	CK_SESSION_HANDLE s = fake_session();
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "general");

	while (!atomic_load(&stop))
		if (!can_sign(s, key))
			return arg;
	return NULL;
}

START_TEST(forks_among_busy_threads_hang_nobody)
{
	CK_SESSION_HANDLE s = fake_user_session();
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "general");
	pthread_t thread[2];
	pid_t pid;
	int status;
	void *failed;

	atomic_store(&stop, 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(
		    &thread[i], NULL, keep_signing, &status), 0);
	for (int i = 0; i < 20; i++) {
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			alarm(5);
			_exit(as_child(s, key));
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	}
	atomic_store(&stop, 1);
	for (int i = 0; i < 2; i++) {
		pthread_join(thread[i], &failed);
		ck_assert_ptr_null(failed);
	}
}
END_TEST

START_TEST(nothing_is_written_to_stderr_unless_asked)
{
	char path[160], line[400] = "";
	CK_ULONG n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/stderr", fake.folder);
	fflush(stderr);
	ck_assert_ptr_nonnull(freopen(path, "w+", stderr));
	fake_refuse(EH_REQ_HELLO, EH_DENIED_ROLE, "first sentence");
	p11->C_GetSlotList(CK_TRUE, NULL, &n);
	ck_assert_uint_eq(p11->C_Finalize(NULL), CKR_OK);
	setenv("EDGEHSM_DEBUG", "1", 1);
	ck_assert_uint_eq(p11->C_Initialize(NULL), CKR_OK);
	fake_refuse(EH_REQ_HELLO, EH_DENIED_ROLE, "second sentence");
	p11->C_GetSlotList(CK_TRUE, NULL, &n);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_str_eq(line, "edgehsm-pkcs11: 0x101: second sentence\n");
	ck_assert_ptr_null(fgets(line, sizeof(line), f));
	fclose(f);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("module");
	TCase *t = tcase_create("module");

	tcase_add_checked_fixture(t, fake_module_up, fake_module_down);
	tcase_set_timeout(t, 20);
	tcase_add_test(t, initialize_twice_is_told_so);
	tcase_add_test(t, arguments_of_initialize_are_looked_at);
	tcase_add_test(t, a_broken_configuration_shows_no_slot_and_says_why);
	tcase_add_test(t, the_last_sentence_is_of_the_calling_thread);
	tcase_add_test(t, a_child_begins_anew_and_leaves_the_parent_alone);
	tcase_add_test(t,
	    a_child_that_has_closed_everything_keeps_what_it_opened_since);
	tcase_add_test(t, forks_among_busy_threads_hang_nobody);
	tcase_add_test(t, nothing_is_written_to_stderr_unless_asked);
	suite_add_tcase(s, t);
	return unit_run(s);
}
