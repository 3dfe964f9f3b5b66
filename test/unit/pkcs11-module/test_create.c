/* SPDX-License-Identifier: Apache-2.0 */
/* test_create.c - what a client may make, change and destroy. */
#include "config.h"

#include <string.h>

#include "test/unit/pkcs11-module/fake.h"
#include "test/unit/unit.h"

static CK_SESSION_HANDLE s;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS data_class = CKO_DATA;

static void
up(void)
{
	fake_module_up();
	s = fake_user_session();
}

static void *
text(const char *t)
{
	return (void *)(uintptr_t)t;
}

static CK_SESSION_HANDLE
read_only(void)
{
	CK_SESSION_HANDLE ro;

	ck_assert_uint_eq(p11->C_OpenSession(
	    0, CKF_SERIAL_SESSION, NULL, NULL, &ro), CKR_OK);
	return ro;
}

/* --- keys --- */

static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
	0x07 };

static CK_RV
generate(CK_ATTRIBUTE *private, CK_ULONG n, CK_OBJECT_HANDLE *key)
{
	CK_MECHANISM m = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE public[] = {
		{ CKA_EC_PARAMS, p256, sizeof(p256) },
		{ CKA_LABEL, text("of the public half"), 18 },
		{ CKA_ID, text("id"), 2 },
	};
	CK_OBJECT_HANDLE other;

	return p11->C_GenerateKeyPair(
	    s, &m, public, 3, private, n, &other, key);
}

START_TEST(a_key_pair_is_made_with_its_purpose)
{
	CK_ULONG issuing = CK_EDGEHSM_PURPOSE_ISSUING, purpose = 9;
	CK_ATTRIBUTE private[] = {
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_LABEL, text("factory"), 7 },
		{ CKA_EDGEHSM_PURPOSE, &issuing, sizeof(issuing) },
	};
	CK_ATTRIBUTE a = { CKA_EDGEHSM_PURPOSE, &purpose, sizeof(purpose) };
	CK_OBJECT_HANDLE key = 0;

	ck_assert_uint_eq(generate(private, 3, &key), CKR_OK);
	ck_assert_uint_eq(key, fake_find(s, CKO_PRIVATE_KEY, "factory"));
	ck_assert_uint_eq(p11->C_GetAttributeValue(s, key, &a, 1), CKR_OK);
	ck_assert_uint_eq(purpose, CK_EDGEHSM_PURPOSE_ISSUING);
	ck_assert_mem_eq(fake.object[5].id, "id", 2);
}
END_TEST

START_TEST(without_a_purpose_a_key_is_general)
{
	CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, 1 } };
	CK_OBJECT_HANDLE key = 0;

	ck_assert_uint_eq(generate(private, 1, &key), CKR_OK);
	ck_assert_uint_eq(fake.object[5].purpose, 0);
	ck_assert_str_eq(fake.object[5].label, "of the public half");
}
END_TEST

START_TEST(a_session_key_is_not_offered)
{
	CK_ATTRIBUTE private[] = { { CKA_TOKEN, &no, 1 } };
	CK_OBJECT_HANDLE key;

	ck_assert_uint_eq(
	    generate(private, 1, &key), CKR_TEMPLATE_INCONSISTENT);
	ck_assert_uint_eq(
	    generate(private, 0, &key), CKR_TEMPLATE_INCONSISTENT);
	ck_assert_ptr_nonnull(strstr(fake_sentence(s), "CKA_TOKEN = true"));
	ck_assert_uint_eq(fake.count[EH_REQ_GENERATE], 0);
}
END_TEST

START_TEST(a_curve_must_be_named)
{
	CK_MECHANISM m = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, 1 } };
	CK_OBJECT_HANDLE a, b;

	ck_assert_uint_eq(
	    p11->C_GenerateKeyPair(s, &m, NULL, 0, private, 1, &a, &b),
	    CKR_TEMPLATE_INCOMPLETE);
	m.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN;
	ck_assert_uint_eq(
	    p11->C_GenerateKeyPair(s, &m, NULL, 0, private, 1, &a, &b),
	    CKR_MECHANISM_INVALID);
	ck_assert_uint_eq(
	    p11->C_GenerateKeyPair(s, NULL, NULL, 0, private, 1, &a, &b),
	    CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(
	    p11->C_GenerateKeyPair(s, &m, NULL, 0, private, 1, NULL, &b),
	    CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(making_keys_needs_the_operator_and_a_writable_session)
{
	CK_MECHANISM m = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE public[] = { { CKA_EC_PARAMS, p256, sizeof(p256) } };
	CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, 1 } };
	CK_OBJECT_HANDLE a, b;

	ck_assert_uint_eq(p11->C_GenerateKeyPair(
	    read_only(), &m, public, 1, private, 1, &a, &b),
	    CKR_SESSION_READ_ONLY);
	ck_assert_uint_eq(p11->C_Logout(s), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_GenerateKeyPair(s, &m, public, 1, private, 1, &a, &b),
	    CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(fake.count[EH_REQ_GENERATE], 0);
}
END_TEST

START_TEST(keys_are_never_brought_in)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_PRIVATE_KEY,
		CKO_PUBLIC_KEY, CKO_SECRET_KEY };
	CK_OBJECT_HANDLE o;

	for (int i = 0; i < 3; i++) {
		CK_OBJECT_CLASS class = classes[i];
		CK_ATTRIBUTE a[] = { { CKA_CLASS, &class, sizeof(class) },
			{ CKA_VALUE, text("secret"), 6 } };

		ck_assert_uint_eq(p11->C_CreateObject(s, a, 2, &o),
		    CKR_TEMPLATE_INCONSISTENT);
		ck_assert_ptr_nonnull(strstr(fake_sentence(s), "never"));
	}
}
END_TEST

/* --- messages --- */

START_TEST(a_message_is_imported_by_its_own_class)
{
	CK_OBJECT_CLASS class = CKO_EDGEHSM_MESSAGE;
	CK_ATTRIBUTE a[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_VALUE, text("\xd2message"), 8 },
	};
	CK_OBJECT_HANDLE o = 0;

	ck_assert_uint_eq(p11->C_CreateObject(s, a, 2, &o), CKR_OK);
	ck_assert_uint_ne(o, 0);
	ck_assert_mem_eq(fake.data, "\xd2message", 8);
	ck_assert_uint_eq(fake.len, 8);
}
END_TEST

/* pkcs11-tool --write-object, and what it reads back. */
START_TEST(a_message_is_imported_as_pkcs11_tool_writes_it)
{
	CK_ATTRIBUTE a[] = {
		{ CKA_CLASS, &data_class, sizeof(data_class) },
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_VALUE, text("\xd2message"), 8 },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_APPLICATION, text("edgehsm"), 7 },
		{ CKA_LABEL, text("PO-4713"), 7 },
	};
	char label[20] = "", application[20] = "", id[20];
	CK_BBOOL modifiable = 9, private = 9;
	CK_ATTRIBUTE back[] = {
		{ CKA_LABEL, label, sizeof(label) },
		{ CKA_APPLICATION, application, sizeof(application) },
		{ CKA_OBJECT_ID, id, sizeof(id) },
		{ CKA_MODIFIABLE, &modifiable, 1 },
		{ CKA_PRIVATE, &private, 1 },
	};
	CK_ATTRIBUTE strange = { CKA_MODULUS, id, sizeof(id) };
	CK_OBJECT_HANDLE o = 0;

	ck_assert_uint_eq(p11->C_CreateObject(s, a, 6, &o), CKR_OK);
	ck_assert_uint_eq(fake.count[EH_REQ_PUT_OBJECT], 0);
	ck_assert_uint_eq(p11->C_GetAttributeValue(s, o, back, 5), CKR_OK);
	ck_assert_str_eq(label, "PO-4713");
	ck_assert_str_eq(application, "edgehsm");
	ck_assert_uint_eq(back[2].ulValueLen, 0);
	ck_assert_uint_eq(modifiable, CK_FALSE);
	ck_assert_uint_eq(private, CK_FALSE);
	ck_assert_uint_eq(p11->C_GetAttributeValue(s, o, &strange, 1),
	    CKR_ATTRIBUTE_TYPE_INVALID);
	ck_assert_uint_eq(p11->C_DestroyObject(s, o), CKR_OK);
	ck_assert_uint_eq(p11->C_GetAttributeValue(s, o, back, 1),
	    CKR_OBJECT_HANDLE_INVALID);
}
END_TEST

START_TEST(a_message_belongs_to_the_session_that_wrote_it)
{
	CK_OBJECT_CLASS class = CKO_EDGEHSM_MESSAGE;
	CK_ATTRIBUTE a[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_VALUE, text("\xd2message"), 8 },
	};
	CK_ATTRIBUTE back = { CKA_VALUE, NULL, 0 };
	CK_OBJECT_HANDLE first = 0, o;

	ck_assert_uint_eq(p11->C_CreateObject(s, a, 2, &first), CKR_OK);
	ck_assert_uint_eq(
	    p11->C_GetAttributeValue(fake_session(), first, &back, 1),
	    CKR_OBJECT_HANDLE_INVALID);
	for (int i = 0; i < 8; i++) {
		ck_assert_uint_eq(
		    p11->C_GetAttributeValue(s, first, &back, 1), CKR_OK);
		ck_assert_uint_eq(p11->C_CreateObject(s, a, 2, &o), CKR_OK);
		ck_assert_uint_ne(o, first);
	}
	/* The newest eight are kept. */
	ck_assert_uint_eq(p11->C_GetAttributeValue(s, first, &back, 1),
	    CKR_OBJECT_HANDLE_INVALID);
}
END_TEST

START_TEST(a_refused_message_makes_no_object)
{
	CK_OBJECT_CLASS class = CKO_EDGEHSM_MESSAGE;
	CK_ATTRIBUTE a[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_VALUE, text("nonsense"), 8 },
	};
	CK_OBJECT_HANDLE o = 77;

	ck_assert_uint_eq(
	    p11->C_CreateObject(s, a, 2, &o), CKR_EDGEHSM_MALFORMED);
	ck_assert_str_eq(fake_sentence(s), "this is no message");
	ck_assert_uint_eq(o, 77);
	ck_assert_uint_eq(
	    p11->C_CreateObject(s, a, 1, &o), CKR_TEMPLATE_INCOMPLETE);
	ck_assert_uint_eq(
	    p11->C_CreateObject(read_only(), a, 2, &o), CKR_SESSION_READ_ONLY);
}
END_TEST

/* --- certificates and data --- */

START_TEST(certificates_and_data_are_stored)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ULONG x509 = CKC_X_509;
	CK_ATTRIBUTE certificate[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_CERTIFICATE_TYPE, &x509, sizeof(x509) },
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_LABEL, text("pai"), 3 },
		{ CKA_ID, text("id"), 2 },
		{ CKA_SUBJECT, text("said, not used"), 14 },
		{ CKA_VALUE, text("0\0"), 2 },
	};
	CK_ATTRIBUTE data[] = {
		{ CKA_CLASS, &data_class, sizeof(data_class) },
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_LABEL, text("memo"), 4 },
		{ CKA_APPLICATION, text("mine"), 4 },
		{ CKA_VALUE, text("hello"), 5 },
	};
	CK_OBJECT_HANDLE o = 0;

	ck_assert_uint_eq(p11->C_CreateObject(s, certificate, 7, &o), CKR_OK);
	ck_assert_uint_eq(o, fake_find(s, CKO_CERTIFICATE, "pai"));
	ck_assert_uint_eq(p11->C_CreateObject(s, data, 5, &o), CKR_OK);
	ck_assert_uint_eq(o, fake_find(s, CKO_DATA, "memo"));
	ck_assert_str_eq(fake.object[6].application, "mine");
	data[1].pValue = &no;
	ck_assert_uint_eq(
	    p11->C_CreateObject(s, data, 5, &o), CKR_TEMPLATE_INCONSISTENT);
}
END_TEST

START_TEST(nobody_plays_the_tokens_own_status)
{
	CK_ATTRIBUTE data[] = {
		{ CKA_CLASS, &data_class, sizeof(data_class) },
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_LABEL, text("PO-4712 used 0 of 5"), 19 },
		{ CKA_APPLICATION, text("edgehsm-status"), 14 },
		{ CKA_VALUE, text("x"), 1 },
	};
	CK_OBJECT_HANDLE o;

	ck_assert_uint_eq(
	    p11->C_CreateObject(s, data, 5, &o), CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_uint_eq(fake.count[EH_REQ_PUT_OBJECT], 0);
}
END_TEST

START_TEST(a_class_is_said_and_is_one_that_exists)
{
	CK_OBJECT_CLASS class = CKO_HW_FEATURE;
	CK_ATTRIBUTE a[] = { { CKA_CLASS, &class, sizeof(class) } };
	CK_OBJECT_HANDLE o;

	ck_assert_uint_eq(
	    p11->C_CreateObject(s, a, 1, &o), CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_uint_eq(
	    p11->C_CreateObject(s, a, 0, &o), CKR_TEMPLATE_INCOMPLETE);
	a[0].ulValueLen = 3;
	ck_assert_uint_eq(
	    p11->C_CreateObject(s, a, 1, &o), CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_uint_eq(
	    p11->C_CreateObject(s, a, 1, NULL), CKR_ARGUMENTS_BAD);
}
END_TEST

/* --- changes --- */

START_TEST(label_and_id_can_be_changed)
{
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "general");
	CK_ATTRIBUTE a[] = {
		{ CKA_LABEL, text("renamed"), 7 },
		{ CKA_ID, text("new"), 3 },
	};

	ck_assert_uint_eq(p11->C_SetAttributeValue(s, key, a, 2), CKR_OK);
	ck_assert_uint_eq(fake_find(s, CKO_PRIVATE_KEY, "renamed"), key);
	ck_assert_uint_ne(fake_find(s, CKO_PUBLIC_KEY, "renamed"), 0);
	ck_assert_mem_eq(fake.object[0].id, "new", 3);
}
END_TEST

/* Attack A03: roles are read-only from birth. */
START_TEST(nothing_else_can_be_changed)
{
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "general");
	static const CK_ATTRIBUTE_TYPE fixed[] = { CKA_SIGN, CKA_DECRYPT,
		CKA_UNWRAP, CKA_DERIVE, CKA_SENSITIVE, CKA_EXTRACTABLE,
		CKA_EDGEHSM_PURPOSE, CKA_ALLOWED_MECHANISMS, CKA_TOKEN,
		CKA_UNIQUE_ID, CKA_COPYABLE, CKA_MODIFIABLE };

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		CK_ATTRIBUTE a = { fixed[i], &yes, 1 };

		ck_assert_uint_eq(p11->C_SetAttributeValue(s, key, &a, 1),
		    CKR_ATTRIBUTE_READ_ONLY);
	}
	CK_ATTRIBUTE strange = { CKA_MODULUS, &yes, 1 };
	ck_assert_uint_eq(p11->C_SetAttributeValue(s, key, &strange, 1),
	    CKR_ATTRIBUTE_TYPE_INVALID);
	ck_assert_uint_eq(fake.count[EH_REQ_SET_ATTRIBUTE], 0);
}
END_TEST

START_TEST(the_tokens_own_objects_stay_as_they_are)
{
	CK_OBJECT_HANDLE o[] = {
		fake_find(s, CKO_EDGEHSM_AUTHORIZATION, "PO-4712"),
		fake_find(s, CKO_DATA, "PO-4712 used 1 of 5"),
		fake_find(s, CKO_EDGEHSM_TOKEN, NULL),
	};
	CK_ATTRIBUTE a = { CKA_LABEL, text("mine"), 4 };

	for (int i = 0; i < 3; i++) {
		ck_assert_uint_ne(o[i], 0);
		ck_assert_uint_eq(p11->C_SetAttributeValue(s, o[i], &a, 1),
		    CKR_ACTION_PROHIBITED);
		ck_assert_uint_eq(
		    p11->C_DestroyObject(s, o[i]), CKR_ACTION_PROHIBITED);
	}
}
END_TEST

START_TEST(changes_need_a_writable_session)
{
	CK_SESSION_HANDLE ro = read_only();
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "general");
	CK_ATTRIBUTE a = { CKA_LABEL, text("x"), 1 };

	ck_assert_uint_eq(
	    p11->C_SetAttributeValue(ro, key, &a, 1), CKR_SESSION_READ_ONLY);
	ck_assert_uint_eq(p11->C_DestroyObject(ro, key), CKR_SESSION_READ_ONLY);
	ck_assert_uint_eq(p11->C_DestroyObject(s, key), CKR_OK);
}
END_TEST

START_TEST(a_pair_is_destroyed_by_its_private_half)
{
	CK_OBJECT_HANDLE public = fake_find(s, CKO_PUBLIC_KEY, "general");
	CK_OBJECT_HANDLE issuing = fake_find(s, CKO_PRIVATE_KEY, "issuing");

	ck_assert_uint_eq(
	    p11->C_DestroyObject(s, public), CKR_ACTION_PROHIBITED);
	ck_assert_ptr_nonnull(strstr(fake_sentence(s), "private key"));
	ck_assert_uint_eq(
	    p11->C_DestroyObject(s, issuing), CKR_USER_NOT_LOGGED_IN);
	ck_assert_str_eq(fake_sentence(s), "that is the officer's");
	ck_assert_uint_ne(fake_find(s, CKO_PRIVATE_KEY, "general"), 0);
}
END_TEST

START_TEST(the_officer_destroys_by_the_half_that_he_sees)
{
	CK_OBJECT_HANDLE private = fake_find(s, CKO_PRIVATE_KEY, "issuing");
	CK_OBJECT_HANDLE public = fake_find(s, CKO_PUBLIC_KEY, "issuing");

	ck_assert_uint_eq(p11->C_Logout(s), CKR_OK);
	ck_assert_uint_eq(p11->C_Login(s, CKU_SO,
	    (CK_UTF8CHAR *)(uintptr_t)FAKE_SO_PIN, strlen(FAKE_SO_PIN)),
	    CKR_OK);
	ck_assert_uint_eq(
	    p11->C_DestroyObject(s, private), CKR_OBJECT_HANDLE_INVALID);
	ck_assert_uint_eq(p11->C_DestroyObject(s, public), CKR_OK);
	ck_assert_uint_eq(fake_find(s, CKO_PUBLIC_KEY, "issuing"), 0);
}
END_TEST

/* Attack A06: pkcs11-provider asks for a copy and goes on with the original. */
START_TEST(nothing_is_copied)
{
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "issuing"), copy;
	CK_ATTRIBUTE a = { CKA_TOKEN, &no, 1 };

	ck_assert_uint_eq(
	    p11->C_CopyObject(s, key, &a, 1, &copy), CKR_ACTION_PROHIBITED);
	ck_assert_uint_eq(p11->C_CopyObject(s, 4242, &a, 1, &copy),
	    CKR_OBJECT_HANDLE_INVALID);
}
END_TEST

START_TEST(an_attribute_is_not_changed_twice_in_one_call)
{
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "general");
	CK_ATTRIBUTE twice[] = {
		{ CKA_LABEL, text("one"), 3 },
		{ CKA_LABEL, text("two"), 3 },
	};

	ck_assert_uint_eq(p11->C_SetAttributeValue(s, key, twice, 2),
	    CKR_TEMPLATE_INCONSISTENT);
	ck_assert_uint_eq(fake.count[EH_REQ_SET_ATTRIBUTE], 0);
	ck_assert_uint_eq(p11->C_SetAttributeValue(s, key, twice, 1), CKR_OK);
	ck_assert_str_eq(fake.object[0].label, "one");
}
END_TEST

/* It is not asked for again; but what became of it is looked at. */
START_TEST(a_change_whose_answer_is_lost_is_found_out)
{
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "general");
	CK_ULONG type;
	CK_ATTRIBUTE a = { CKA_KEY_TYPE, &type, sizeof(type) };

	fake_play(EH_REQ_DESTROY, FAKE_HANG_UP_AFTER, 1);
	ck_assert_uint_eq(p11->C_DestroyObject(s, key), CKR_DEVICE_ERROR);
	ck_assert_uint_eq(fake.count[EH_REQ_DESTROY], 1);
	ck_assert_uint_eq(p11->C_GetAttributeValue(s, key, &a, 1),
	    CKR_OBJECT_HANDLE_INVALID);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("create");
	TCase *t = tcase_create("create");

	tcase_add_checked_fixture(t, up, fake_module_down);
	tcase_add_test(t, a_key_pair_is_made_with_its_purpose);
	tcase_add_test(t, without_a_purpose_a_key_is_general);
	tcase_add_test(t, a_session_key_is_not_offered);
	tcase_add_test(t, a_curve_must_be_named);
	tcase_add_test(
	    t, making_keys_needs_the_operator_and_a_writable_session);
	tcase_add_test(t, keys_are_never_brought_in);
	tcase_add_test(t, a_message_is_imported_by_its_own_class);
	tcase_add_test(t, a_message_is_imported_as_pkcs11_tool_writes_it);
	tcase_add_test(t, a_message_belongs_to_the_session_that_wrote_it);
	tcase_add_test(t, a_refused_message_makes_no_object);
	tcase_add_test(t, certificates_and_data_are_stored);
	tcase_add_test(t, nobody_plays_the_tokens_own_status);
	tcase_add_test(t, a_class_is_said_and_is_one_that_exists);
	tcase_add_test(t, label_and_id_can_be_changed);
	tcase_add_test(t, nothing_else_can_be_changed);
	tcase_add_test(t, the_tokens_own_objects_stay_as_they_are);
	tcase_add_test(t, changes_need_a_writable_session);
	tcase_add_test(t, a_pair_is_destroyed_by_its_private_half);
	tcase_add_test(t, the_officer_destroys_by_the_half_that_he_sees);
	tcase_add_test(t, nothing_is_copied);
	tcase_add_test(t, an_attribute_is_not_changed_twice_in_one_call);
	tcase_add_test(t, a_change_whose_answer_is_lost_is_found_out);
	suite_add_tcase(suite, t);
	return unit_run(suite);
}
