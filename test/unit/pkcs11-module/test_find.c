/* SPDX-License-Identifier: Apache-2.0 */
/* test_find.c - search and attributes, as clients use them. */
#include "config.h"

#include <string.h>

#include "test/unit/pkcs11-module/fake.h"
#include "test/unit/unit.h"

static CK_ULONG
count(CK_SESSION_HANDLE s, CK_ATTRIBUTE *template, CK_ULONG n)
{
	CK_OBJECT_HANDLE found[64];
	CK_ULONG some, total = 0;

	ck_assert_uint_eq(p11->C_FindObjectsInit(s, template, n), CKR_OK);
	do {
		ck_assert_uint_eq(
		    p11->C_FindObjects(s, found, 3, &some), CKR_OK);
		total += some;
	} while (some > 0);
	ck_assert_uint_eq(p11->C_FindObjectsFinal(s), CKR_OK);
	return total;
}

static CK_ULONG
count_class(CK_SESSION_HANDLE s, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE a = { CKA_CLASS, &class, sizeof(class) };

	return count(s, &a, 1);
}

static CK_RV
get(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type, void *out,
    CK_ULONG *len)
{
	CK_ATTRIBUTE a = { type, out, *len };
	CK_RV rv = p11->C_GetAttributeValue(s, o, &a, 1);

	*len = a.ulValueLen;
	return rv;
}

START_TEST(private_keys_show_only_to_the_operator)
{
	CK_SESSION_HANDLE s = fake_session();

	/* three public keys, certificate, data, authorization, status, token */
	ck_assert_uint_eq(count(s, NULL, 0), 8);
	ck_assert_uint_eq(count_class(s, CKO_PRIVATE_KEY), 0);
	fake_user_session();
	ck_assert_uint_eq(count(s, NULL, 0), 11);
	ck_assert_uint_eq(count_class(s, CKO_PRIVATE_KEY), 3);
	ck_assert_uint_eq(count_class(s, CKO_PUBLIC_KEY), 3);
	ck_assert_uint_eq(count_class(s, CKO_CERTIFICATE), 1);
	ck_assert_uint_eq(count_class(s, CKO_DATA), 2);
	ck_assert_uint_eq(count_class(s, CKO_EDGEHSM_AUTHORIZATION), 1);
	ck_assert_uint_eq(count_class(s, CKO_EDGEHSM_TOKEN), 1);
	ck_assert_uint_eq(count_class(s, CKO_SECRET_KEY), 0);
	ck_assert_uint_eq(count_class(s, CKO_EDGEHSM_MESSAGE), 0);
}
END_TEST

/* Only for who asks for the class, and only while the time is attested. */
START_TEST(the_clock_shows_what_is_attested_and_nothing_less)
{
	CK_SESSION_HANDLE s = fake_user_session();
	CK_OBJECT_CLASS class = CKO_HW_FEATURE;
	CK_ULONG type = CKH_CLOCK, len = 16, some;
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
		{ CKA_HW_FEATURE_TYPE, &type, sizeof(type) } };
	CK_ATTRIBUTE set = { CKA_VALUE, (char[]){ "2030010100000000" }, 16 };
	CK_OBJECT_HANDLE clock, copy;
	CK_TOKEN_INFO info;
	char value[17] = "";

	fake.t_lo = 1790000000;
	for (fake.quality = 0; fake.quality < 2; fake.quality++) {
		ck_assert_uint_eq(count_class(s, CKO_HW_FEATURE), 0);
		ck_assert_uint_eq(p11->C_GetTokenInfo(0, &info), CKR_OK);
		ck_assert_uint_eq(info.flags & CKF_CLOCK_ON_TOKEN, 0);
		ck_assert_mem_eq(info.utcTime, "                ", 16);
	}
	ck_assert_uint_eq(count(s, NULL, 0), 11);
	ck_assert_uint_eq(count(s, template, 2), 1);
	type = CKH_MONOTONIC_COUNTER;
	ck_assert_uint_eq(count(s, template, 2), 0);
	ck_assert_uint_eq(p11->C_FindObjectsInit(s, template, 1), CKR_OK);
	ck_assert_uint_eq(p11->C_FindObjects(s, &clock, 1, &some), CKR_OK);
	ck_assert_uint_eq(some, 1);
	ck_assert_uint_eq(p11->C_FindObjectsFinal(s), CKR_OK);
	ck_assert_uint_eq(get(s, clock, CKA_VALUE, value, &len), CKR_OK);
	ck_assert_uint_eq(len, 16);
	ck_assert_str_eq(value, "2026092114132000");
	ck_assert_uint_eq(p11->C_GetTokenInfo(0, &info), CKR_OK);
	ck_assert_uint_ne(info.flags & CKF_CLOCK_ON_TOKEN, 0);
	ck_assert_mem_eq(info.utcTime, value, 16);
	/* Nobody sets it. */
	ck_assert_uint_eq(p11->C_SetAttributeValue(s, clock, &set, 1),
	    CKR_ACTION_PROHIBITED);
	ck_assert_uint_eq(
	    p11->C_DestroyObject(s, clock), CKR_ACTION_PROHIBITED);
	ck_assert_uint_ne(p11->C_CopyObject(s, clock, NULL, 0, &copy), CKR_OK);
	fake.t_lo++;
	ck_assert_uint_eq(get(s, clock, CKA_VALUE, value, &len), CKR_OK);
	ck_assert_str_eq(value, "2026092114132100");
	fake.quality = 1;
	ck_assert_uint_eq(get(s, clock, CKA_VALUE, value, &len),
	    CKR_OBJECT_HANDLE_INVALID);
}
END_TEST

/* Attack A23: a handle kept from a login answers nothing after it. */
START_TEST(a_private_handle_is_dead_after_logout)
{
	CK_SESSION_HANDLE s = fake_user_session();
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "general");
	CK_MECHANISM m = { CKM_ECDSA, NULL, 0 };
	char out[65];
	CK_ULONG len = sizeof(out);

	ck_assert_uint_eq(get(s, key, CKA_LABEL, out, &len), CKR_OK);
	ck_assert_uint_eq(p11->C_Logout(s), CKR_OK);
	len = sizeof(out);
	ck_assert_uint_eq(get(s, key, CKA_LABEL, out, &len),
	    CKR_OBJECT_HANDLE_INVALID);
	ck_assert_uint_eq(
	    p11->C_SignInit(s, &m, key), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(
	    p11->C_DestroyObject(s, key), CKR_OBJECT_HANDLE_INVALID);
}
END_TEST

START_TEST(a_destroyed_object_answers_nothing)
{
	CK_SESSION_HANDLE s = fake_user_session();
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "general");
	CK_OBJECT_HANDLE public = fake_find(s, CKO_PUBLIC_KEY, "general");
	CK_MECHANISM m = { CKM_ECDSA, NULL, 0 };
	char out[65];
	CK_ULONG len = sizeof(out);

	ck_assert_uint_eq(p11->C_DestroyObject(s, key), CKR_OK);
	ck_assert_uint_eq(get(s, key, CKA_LABEL, out, &len),
	    CKR_OBJECT_HANDLE_INVALID);
	len = sizeof(out);
	ck_assert_uint_eq(get(s, public, CKA_LABEL, out, &len),
	    CKR_OBJECT_HANDLE_INVALID);
	ck_assert_uint_eq(p11->C_SignInit(s, &m, key), CKR_KEY_HANDLE_INVALID);
	ck_assert_uint_eq(
	    p11->C_DestroyObject(s, key), CKR_OBJECT_HANDLE_INVALID);
}
END_TEST

START_TEST(handles_that_were_made_up_find_nothing)
{
	CK_SESSION_HANDLE s = fake_user_session();
	char out[65];
	CK_ULONG len;

	for (CK_ULONG low = 0; low < 8; low++) {
		const CK_OBJECT_HANDLE tries[] = { low, 99 * 8 + low,
			(CK_ULONG)-8 + low };

		for (int i = 0; i < 3; i++) {
			len = sizeof(out);
			ck_assert_uint_eq(
			    get(s, tries[i], CKA_LABEL, out, &len),
			    CKR_OBJECT_HANDLE_INVALID);
		}
	}
	/* The number of a key under the kind of a certificate. */
	len = sizeof(out);
	ck_assert_uint_eq(get(s, 5 * 8 + 3, CKA_LABEL, out, &len),
	    CKR_OBJECT_HANDLE_INVALID);
}
END_TEST

START_TEST(the_attestation_key_is_found_last)
{
	CK_SESSION_HANDLE s = fake_user_session();
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE a = { CKA_CLASS, &class, sizeof(class) };
	CK_OBJECT_HANDLE found[4];
	CK_ULONG n;

	fake.object[0].purpose = CK_EDGEHSM_PURPOSE_ATTESTATION;
	fake.generation++;
	ck_assert_uint_eq(p11->C_FindObjectsInit(s, &a, 1), CKR_OK);
	ck_assert_uint_eq(p11->C_FindObjects(s, found, 4, &n), CKR_OK);
	ck_assert_uint_eq(p11->C_FindObjectsFinal(s), CKR_OK);
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(
	    found[0], fake_find(s, CKO_PRIVATE_KEY, "issuing"));
	ck_assert_uint_eq(
	    found[1], fake_find(s, CKO_PRIVATE_KEY, "general"));
}
END_TEST

START_TEST(a_search_is_one_operation)
{
	CK_SESSION_HANDLE s = fake_session();
	CK_OBJECT_HANDLE found[4];
	CK_ULONG n;

	ck_assert_uint_eq(p11->C_FindObjects(s, found, 4, &n),
	    CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_uint_eq(
	    p11->C_FindObjectsFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_uint_eq(p11->C_FindObjectsInit(s, NULL, 0), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_FindObjectsInit(s, NULL, 0), CKR_OPERATION_ACTIVE);
	ck_assert_uint_eq(
	    p11->C_FindObjects(s, NULL, 4, &n), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(
	    p11->C_FindObjects(s, found, 4, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(p11->C_FindObjects(s, found, 4, &n), CKR_OK);
	ck_assert_uint_eq(n, 4);
	ck_assert_uint_eq(p11->C_FindObjectsFinal(s), CKR_OK);
}
END_TEST

START_TEST(insane_search_templates_are_refused)
{
	CK_SESSION_HANDLE s = fake_session();
	CK_ATTRIBUTE a = { CKA_LABEL, NULL, 5 };
	CK_BYTE short_class[4] = { 0 };

	ck_assert_uint_eq(
	    p11->C_FindObjectsInit(s, NULL, 1), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(p11->C_FindObjectsInit(s, &a, (CK_ULONG)1 << 63),
	    CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(
	    p11->C_FindObjectsInit(s, &a, 1), CKR_ATTRIBUTE_VALUE_INVALID);
	a = (CK_ATTRIBUTE){ CKA_CLASS, short_class, 4 };
	ck_assert_uint_eq(count(s, &a, 1), 0);
}
END_TEST

START_TEST(the_status_of_an_authorization_is_never_old)
{
	CK_SESSION_HANDLE s = fake_session();
	CK_OBJECT_HANDLE o = fake_find(s, CKO_DATA, "PO-4712 used 1 of 5");
	CK_OBJECT_HANDLE auth =
	    fake_find(s, CKO_EDGEHSM_AUTHORIZATION, "PO-4712");
	char out[65] = "";
	CK_ULONG len = sizeof(out), used, size = sizeof(used);

	ck_assert_uint_ne(o, 0);
	ck_assert_uint_ne(auth, 0);
	fake.auth[0].used = 3; /* by another process */
	ck_assert_uint_eq(get(s, o, CKA_LABEL, out, &len), CKR_OK);
	ck_assert_mem_eq(out, "PO-4712 used 3 of 5", len);
	ck_assert_uint_eq(get(s, auth, CKA_EDGEHSM_USED, &used, &size), CKR_OK);
	ck_assert_uint_eq(used, 3);
	ck_assert_uint_eq(fake_find(s, CKO_DATA, "PO-4712 used 1 of 5"), 0);
}
END_TEST

START_TEST(attributes_cost_no_round_trip)
{
	CK_SESSION_HANDLE s = fake_user_session();
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "issuing");
	unsigned hello = fake.count[EH_REQ_HELLO];
	char out[128];
	CK_ULONG len;

	for (int i = 0; i < 120; i++) {
		len = sizeof(out);
		ck_assert_uint_eq(get(s, key, CKA_ID, out, &len), CKR_OK);
	}
	ck_assert_uint_eq(fake.count[EH_REQ_HELLO], hello);
	ck_assert_uint_eq(fake.count[EH_REQ_LIST], 1);
}
END_TEST

START_TEST(objects_of_other_processes_show_up_in_a_search)
{
	CK_SESSION_HANDLE s = fake_session();

	ck_assert_uint_eq(fake_find(s, CKO_PUBLIC_KEY, "renamed"), 0);
	strcpy(fake.object[0].label, "renamed");
	fake.generation++;
	ck_assert_uint_ne(fake_find(s, CKO_PUBLIC_KEY, "renamed"), 0);
}
END_TEST

/* The sentence can be read also when it says that there is no daemon. */
START_TEST(the_refusal_is_readable_without_a_daemon)
{
	CK_SESSION_HANDLE s = fake_session();
	CK_OBJECT_HANDLE token;
	CK_BYTE random[4];
	char out[400] = "";
	CK_ULONG len = sizeof(out);

	fake_go_down();
	ck_assert_uint_eq(
	    p11->C_GenerateRandom(s, random, 4), CKR_DEVICE_ERROR);
	token = fake_find(s, CKO_EDGEHSM_TOKEN, NULL);
	ck_assert_uint_ne(token, 0);
	ck_assert_uint_eq(
	    get(s, token, CKA_EDGEHSM_REFUSAL, out, &len), CKR_OK);
	ck_assert_ptr_nonnull(strstr(out, "no edgehsmd at"));
	fake_come_back();
}
END_TEST

START_TEST(the_token_object_has_the_identity)
{
	CK_SESSION_HANDLE s = fake_session();
	CK_OBJECT_HANDLE token = fake_find(s, CKO_EDGEHSM_TOKEN, "line 3");
	CK_BYTE id[16], root[32];
	CK_ULONG size, class;
	CK_ATTRIBUTE a[] = {
		{ CKA_EDGEHSM_HSM_ID, id, sizeof(id) },
		{ CKA_EDGEHSM_ROOT_DIGEST, root, sizeof(root) },
		{ CKA_EDGEHSM_LOG_SIZE, &size, sizeof(size) },
		{ CKA_EDGEHSM_ANCHOR_CLASS, &class, sizeof(class) },
	};

	ck_assert_uint_eq(p11->C_GetAttributeValue(s, token, a, 4), CKR_OK);
	ck_assert_int_eq(id[0], 0xab);
	ck_assert_uint_eq(size, 42);
	ck_assert_uint_eq(class, 0);
}
END_TEST

START_TEST(an_object_has_a_size)
{
	CK_SESSION_HANDLE s = fake_session();
	CK_OBJECT_HANDLE o = fake_find(s, CKO_CERTIFICATE, "ca");
	CK_ULONG size = 0;

	ck_assert_uint_eq(p11->C_GetObjectSize(s, o, &size), CKR_OK);
	ck_assert_uint_gt(size, 17);
	ck_assert_uint_eq(
	    p11->C_GetObjectSize(s, 99, &size), CKR_OBJECT_HANDLE_INVALID);
	ck_assert_uint_eq(
	    p11->C_GetObjectSize(s, o, NULL), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(a_fail_stopped_token_refuses_the_search_with_its_reason)
{
	CK_SESSION_HANDLE s = fake_session();

	fake_refuse(EH_REQ_LIST, EH_DENIED_FAIL_STOPPED, "the anchor differs");
	ck_assert_uint_eq(
	    p11->C_FindObjectsInit(s, NULL, 0), CKR_EDGEHSM_FAIL_STOPPED);
	ck_assert_str_eq(fake_sentence(s), "the anchor differs");
	ck_assert_uint_eq(
	    p11->C_FindObjectsFinal(s), CKR_OPERATION_NOT_INITIALIZED);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("find");
	TCase *t = tcase_create("find");

	tcase_add_checked_fixture(t, fake_module_up, fake_module_down);
	tcase_add_test(t, private_keys_show_only_to_the_operator);
	tcase_add_test(t, the_clock_shows_what_is_attested_and_nothing_less);
	tcase_add_test(t, a_private_handle_is_dead_after_logout);
	tcase_add_test(t, a_destroyed_object_answers_nothing);
	tcase_add_test(t, handles_that_were_made_up_find_nothing);
	tcase_add_test(t, the_attestation_key_is_found_last);
	tcase_add_test(t, a_search_is_one_operation);
	tcase_add_test(t, insane_search_templates_are_refused);
	tcase_add_test(t, the_status_of_an_authorization_is_never_old);
	tcase_add_test(t, attributes_cost_no_round_trip);
	tcase_add_test(t, objects_of_other_processes_show_up_in_a_search);
	tcase_add_test(t, the_refusal_is_readable_without_a_daemon);
	tcase_add_test(t, the_token_object_has_the_identity);
	tcase_add_test(t, an_object_has_a_size);
	tcase_add_test(
	    t, a_fail_stopped_token_refuses_the_search_with_its_reason);
	suite_add_tcase(s, t);
	return unit_run(s);
}
