/* SPDX-License-Identifier: Apache-2.0 */
/* test_entry.c - the tables of functions, and every function called badly. */
#include "config.h"

#include <string.h>

#include "pkcs11-module/entry.h"
#include "pkcs11-module/unsupported.h"
#include "test/unit/pkcs11-module/fake.h"
#include "test/unit/unit.h"

static CK_SESSION_HANDLE s;

static void
up(void)
{
	fake_module_up();
	s = fake_user_session();
}

/* CK_FUNCTION_LIST_3_0 as an array: the version, and 92 pointers. */
struct pointers {
	CK_VERSION version;
	void (*function[92])(void);
};

static struct pointers
list_of(unsigned char major, unsigned char minor, size_t n)
{
	CK_VERSION version = { major, minor };
	CK_INTERFACE *interface;
	struct pointers p;

	memset(&p, 0, sizeof(p));
	ck_assert_uint_eq(C_GetInterface((CK_UTF8CHAR *)(uintptr_t) "PKCS 11",
	    &version, &interface, 0), CKR_OK);
	memcpy(&p, interface->pFunctionList,
	    offsetof(struct pointers, function) + n * sizeof(p.function[0]));
	return p;
}

START_TEST(no_function_of_a_list_is_missing)
{
	struct pointers old = list_of(2, 40, 68), new = list_of(3, 0, 92);

	ck_assert_uint_eq(old.version.major, 2);
	ck_assert_uint_eq(old.version.minor, 40);
	ck_assert_uint_eq(new.version.major, 3);
	for (int i = 0; i < 68; i++)
		ck_assert(old.function[i] != NULL);
	for (int i = 0; i < 92; i++)
		ck_assert(new.function[i] != NULL);
	for (int i = 0; i < 92; i++) /* and none stands twice */
		for (int k = 0; k < i; k++)
			ck_assert(new.function[i] != new.function[k]);
	/* 3.0 is 2.40 and more; only C_GetInfo tells another version. */
	for (int i = 0; i < 68; i++)
		ck_assert((old.function[i] == new.function[i]) == (i != 2));
}
END_TEST

START_TEST(info_tells_the_version_of_its_list)
{
	struct pointers new = list_of(3, 0, 92);
	CK_C_GetInfo get_info;
	CK_INFO info;

	ck_assert_uint_eq(p11->C_GetInfo(&info), CKR_OK);
	ck_assert_uint_eq(info.cryptokiVersion.major, 2);
	ck_assert_uint_eq(info.cryptokiVersion.minor, 40);
	ck_assert_mem_eq(info.manufacturerID, "EdgeHSM  ", 9);
	memcpy(&get_info, &new.function[2], sizeof(get_info));
	ck_assert_uint_eq(get_info(&info), CKR_OK);
	ck_assert_uint_eq(info.cryptokiVersion.major, 3);
	ck_assert_uint_eq(p11->C_GetInfo(NULL), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(interfaces_are_found_by_name_and_version)
{
	CK_VERSION old = { 2, 40 }, future = { 4, 0 };
	CK_UTF8CHAR name[] = "PKCS 11", vendor[] = "Vendor EdgeHSM",
		    other[] = "Vendor Else";
	CK_INTERFACE *interface, list[4];
	CK_ULONG n = 0;

	ck_assert_uint_eq(C_GetInterface(NULL, NULL, &interface, 0), CKR_OK);
	ck_assert_int_eq(((CK_VERSION *)interface->pFunctionList)->major, 3);
	ck_assert_uint_eq(C_GetInterface(name, &old, &interface, 0), CKR_OK);
	ck_assert_ptr_eq(interface->pFunctionList, p11);
	ck_assert_uint_eq(C_GetInterface(vendor, NULL, &interface, 0), CKR_OK);
	ck_assert_str_eq((char *)interface->pInterfaceName, "Vendor EdgeHSM");
	ck_assert_uint_eq(
	    C_GetInterface(name, &future, &interface, 0), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(
	    C_GetInterface(other, NULL, &interface, 0), CKR_ARGUMENTS_BAD);
	ck_assert_ptr_null(interface);
	ck_assert_uint_eq(C_GetInterface(name, NULL, &interface,
	    CKF_INTERFACE_FORK_SAFE), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(C_GetInterface(name, NULL, NULL, 0),
	    CKR_ARGUMENTS_BAD);

	ck_assert_uint_eq(C_GetInterfaceList(NULL, &n), CKR_OK);
	ck_assert_uint_eq(n, 3);
	n = 2;
	ck_assert_uint_eq(C_GetInterfaceList(list, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(C_GetInterfaceList(list, &n), CKR_OK);
	ck_assert_uint_eq(C_GetInterfaceList(list, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(C_GetFunctionList(NULL), CKR_ARGUMENTS_BAD);
}
END_TEST

/* The unsupported functions with arguments of their shapes. */
#define A_EH_ALONE     (h)
#define A_EH_START     (h, NULL)
#define A_EH_INIT      (h, NULL, 0)
#define A_EH_TAKE      (h, NULL, 0)
#define A_EH_GIVE      (h, NULL, NULL)
#define A_EH_TURN      (h, NULL, 0, NULL, NULL)
#define A_EH_COMPARE   (h, NULL, 0, NULL, 0)
#define A_EH_WITH_KEY  (h, 0)
#define A_EH_RESTORE   (h, NULL, 0, 0, 0)
#define A_EH_GENERATE  (h, NULL, NULL, 0, NULL)
#define A_EH_WRAP      (h, NULL, 0, 0, NULL, NULL)
#define A_EH_UNWRAP    (h, NULL, 0, NULL, 0, NULL, 0, NULL)
#define A_EH_DERIVE    (h, NULL, 0, NULL, 0, NULL)
#define A_EH_M_BEGIN   (h, NULL, 0)
#define A_EH_M_AAD     (h, NULL, 0, NULL, 0)
#define A_EH_M_TURN    (h, NULL, 0, NULL, 0, NULL, NULL)
#define A_EH_M_SEAL    (h, NULL, 0, NULL, 0, NULL, 0, NULL, NULL)
#define A_EH_M_NEXT    (h, NULL, 0, NULL, 0, NULL, NULL, 0)
#define A_EH_M_COMPARE (h, NULL, 0, NULL, 0, NULL, 0)

#define CALL(name, shape)                                                      \
	ck_assert_msg(name A_##shape == want, "%s", #name);                    \
	n++;

static unsigned
call_all(CK_SESSION_HANDLE h, CK_RV want)
{
	unsigned n = 0;

	EH_UNSUPPORTED(CALL)
	EH_UNSUPPORTED_3_0(CALL)
	ck_assert_uint_eq(C_LoginUser(h, 0, NULL, 0, NULL, 0), want);
	return n + 1;
}

START_TEST(what_is_not_offered_says_so)
{
	ck_assert_uint_eq(call_all(s, CKR_FUNCTION_NOT_SUPPORTED), 51);
	ck_assert_uint_eq(call_all(4242, CKR_SESSION_HANDLE_INVALID), 51);
	ck_assert_uint_eq(p11->C_Finalize(NULL), CKR_OK);
	ck_assert_uint_eq(call_all(s, CKR_CRYPTOKI_NOT_INITIALIZED), 51);
}
END_TEST

START_TEST(odd_functions_answer_as_the_standard_says)
{
	CK_SLOT_ID slot;

	ck_assert_uint_eq(p11->C_SeedRandom(s, (CK_BYTE *)&slot, 8),
	    CKR_RANDOM_SEED_NOT_SUPPORTED);
	ck_assert_uint_eq(
	    p11->C_GetFunctionStatus(s), CKR_FUNCTION_NOT_PARALLEL);
	ck_assert_uint_eq(p11->C_CancelFunction(s), CKR_FUNCTION_NOT_PARALLEL);
	ck_assert_uint_eq(
	    p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
	ck_assert_uint_eq(p11->C_WaitForSlotEvent(0, &slot, NULL),
	    CKR_FUNCTION_NOT_SUPPORTED);
	ck_assert_uint_eq(
	    p11->C_WaitForSlotEvent(0, NULL, NULL), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(random_comes_in_chunks_and_has_a_limit)
{
	static CK_BYTE out[150000];

	ck_assert_uint_eq(p11->C_GenerateRandom(s, out, sizeof(out)), CKR_OK);
	ck_assert_uint_eq(fake.count[EH_REQ_RANDOM], 3);
	ck_assert_int_eq(out[65536], 1);
	ck_assert_int_eq(out[149999], (uint8_t)((149999 - 131072) * 31 + 1));
	ck_assert_uint_eq(p11->C_GenerateRandom(s, NULL, 0), CKR_OK);
	ck_assert_uint_eq(p11->C_GenerateRandom(s, NULL, 1), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(p11->C_GenerateRandom(s, out, (CK_ULONG)1 << 63),
	    CKR_ARGUMENTS_BAD);
}
END_TEST

/* Attack A26: NULL everywhere.  None may crash; none may succeed where it
 * would have had something to write. */
START_TEST(null_everywhere_is_an_answer_and_no_crash)
{
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "general");
	CK_ULONG big = (CK_ULONG)1 << 63;

	ck_assert_uint_ne(p11->C_GetSessionInfo(s, NULL), CKR_OK);
	ck_assert_uint_ne(p11->C_Login(s, CKU_USER, NULL, 0), CKR_OK);
	ck_assert_uint_ne(p11->C_InitPIN(s, NULL, 0), CKR_OK);
	ck_assert_uint_ne(p11->C_SetPIN(s, NULL, 0, NULL, 0), CKR_OK);
	ck_assert_uint_ne(p11->C_InitToken(0, NULL, 0, NULL), CKR_OK);
	ck_assert_uint_ne(p11->C_CreateObject(s, NULL, 0, NULL), CKR_OK);
	ck_assert_uint_ne(p11->C_CreateObject(s, NULL, big, &key), CKR_OK);
	ck_assert_uint_ne(
	    p11->C_CopyObject(s, key, NULL, big, NULL), CKR_OK);
	ck_assert_uint_ne(p11->C_GetObjectSize(s, key, NULL), CKR_OK);
	ck_assert_uint_ne(
	    p11->C_GetAttributeValue(s, key, NULL, 1), CKR_OK);
	ck_assert_uint_ne(
	    p11->C_GetAttributeValue(s, key, NULL, big), CKR_OK);
	ck_assert_uint_ne(
	    p11->C_SetAttributeValue(s, key, NULL, 1), CKR_OK);
	ck_assert_uint_ne(p11->C_FindObjectsInit(s, NULL, big), CKR_OK);
	ck_assert_uint_ne(p11->C_FindObjects(s, NULL, 1, NULL), CKR_OK);
	ck_assert_uint_ne(p11->C_SignInit(s, NULL, key), CKR_OK);
	ck_assert_uint_ne(p11->C_Sign(s, NULL, big, NULL, NULL), CKR_OK);
	ck_assert_uint_ne(p11->C_SignUpdate(s, NULL, big), CKR_OK);
	ck_assert_uint_ne(p11->C_SignFinal(s, NULL, NULL), CKR_OK);
	ck_assert_uint_ne(p11->C_GenerateKeyPair(
	    s, NULL, NULL, big, NULL, big, NULL, NULL), CKR_OK);
	ck_assert_uint_ne(p11->C_GetOperationState(s, NULL, NULL), CKR_OK);
	ck_assert_uint_ne(p11->C_GetSlotList(1, NULL, NULL), CKR_OK);
	ck_assert_uint_ne(p11->C_GetMechanismList(0, NULL, NULL), CKR_OK);
}
END_TEST

/* Every function in a session that does not exist. */
START_TEST(an_invalid_session_is_told_so_everywhere)
{
	CK_SESSION_HANDLE h = 4242;
	CK_RV want = CKR_SESSION_HANDLE_INVALID;

	ck_assert_uint_eq(p11->C_GetSessionInfo(h, NULL), want);
	ck_assert_uint_eq(p11->C_Login(h, 1, NULL, 0), want);
	ck_assert_uint_eq(p11->C_Logout(h), want);
	ck_assert_uint_eq(p11->C_InitPIN(h, NULL, 0), want);
	ck_assert_uint_eq(p11->C_SetPIN(h, NULL, 0, NULL, 0), want);
	ck_assert_uint_eq(p11->C_CreateObject(h, NULL, 0, NULL), want);
	ck_assert_uint_eq(p11->C_CopyObject(h, 0, NULL, 0, NULL), want);
	ck_assert_uint_eq(p11->C_DestroyObject(h, 0), want);
	ck_assert_uint_eq(p11->C_GetObjectSize(h, 0, NULL), want);
	ck_assert_uint_eq(p11->C_GetAttributeValue(h, 0, NULL, 0), want);
	ck_assert_uint_eq(p11->C_SetAttributeValue(h, 0, NULL, 0), want);
	ck_assert_uint_eq(p11->C_FindObjectsInit(h, NULL, 0), want);
	ck_assert_uint_eq(p11->C_FindObjects(h, NULL, 0, NULL), want);
	ck_assert_uint_eq(p11->C_FindObjectsFinal(h), want);
	ck_assert_uint_eq(p11->C_SignInit(h, NULL, 0), want);
	ck_assert_uint_eq(p11->C_Sign(h, NULL, 0, NULL, NULL), want);
	ck_assert_uint_eq(p11->C_SignUpdate(h, NULL, 0), want);
	ck_assert_uint_eq(p11->C_SignFinal(h, NULL, NULL), want);
	ck_assert_uint_eq(p11->C_GenerateKeyPair(
	    h, NULL, NULL, 0, NULL, 0, NULL, NULL), want);
	ck_assert_uint_eq(p11->C_GenerateRandom(h, NULL, 0), want);
	ck_assert_uint_eq(p11->C_GetOperationState(h, NULL, NULL), want);
	ck_assert_uint_eq(p11->C_CloseSession(h), want);
}
END_TEST

START_TEST(session_cancel_ends_what_is_active)
{
	struct pointers new = list_of(3, 0, 92);
	CK_RV (*cancel)(CK_SESSION_HANDLE, CK_FLAGS);
	CK_MECHANISM m = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "general");

	memcpy(&cancel, &new.function[71], sizeof(cancel));
	ck_assert_uint_eq(p11->C_SignInit(s, &m, key), CKR_OK);
	ck_assert_uint_eq(p11->C_FindObjectsInit(s, NULL, 0), CKR_OK);
	ck_assert_uint_eq(cancel(s, 0), CKR_OK);
	ck_assert_uint_eq(p11->C_SignInit(s, &m, key), CKR_OPERATION_ACTIVE);
	ck_assert_uint_eq(cancel(s, CKF_SIGN | 0x40), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_FindObjectsFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_uint_eq(p11->C_SignInit(s, &m, key), CKR_OK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("entry");
	TCase *t = tcase_create("entry");

	tcase_add_checked_fixture(t, up, fake_module_down);
	tcase_add_test(t, no_function_of_a_list_is_missing);
	tcase_add_test(t, info_tells_the_version_of_its_list);
	tcase_add_test(t, interfaces_are_found_by_name_and_version);
	tcase_add_test(t, what_is_not_offered_says_so);
	tcase_add_test(t, odd_functions_answer_as_the_standard_says);
	tcase_add_test(t, random_comes_in_chunks_and_has_a_limit);
	tcase_add_test(t, null_everywhere_is_an_answer_and_no_crash);
	tcase_add_test(t, an_invalid_session_is_told_so_everywhere);
	tcase_add_test(t, session_cancel_ends_what_is_active);
	suite_add_tcase(suite, t);
	return unit_run(suite);
}
