/* SPDX-License-Identifier: Apache-2.0 */
/* test_view.c - rows as Cryptoki objects: what each attribute says. */
#include "config.h"

#include <string.h>

#include "pkcs11-module/view.h"
#include "test/unit/unit.h"

static struct eh_object object;
static struct eh_auth auth;
static struct eh_facts facts;

static struct eh_view
view_of(enum eh_kind kind)
{
	struct eh_view v = { .kind = kind, .number = 7, .object = &object,
		.auth = &auth, .facts = &facts };

	return v;
}

static void
up(void)
{
	static uint8_t data[] = "the whole value";

	memset(&object, 0, sizeof(object));
	memset(&auth, 0, sizeof(auth));
	memset(&facts, 0, sizeof(facts));
	object.number = 7;
	object.class = EH_CLASS_KEY;
	strcpy(object.label, "ca");
	object.value.at = data;
	object.value.len = sizeof(data) - 1;
	object.origin = 2;
	strcpy(auth.label, "PO-4712");
	auth.used = 1;
	auth.quota = 5;
	auth.state = 1;
}

static CK_RV
read_one(enum eh_kind kind, CK_ATTRIBUTE_TYPE type, void *out, CK_ULONG *len)
{
	struct eh_view v = view_of(kind);
	CK_ATTRIBUTE a = { type, out, *len };
	CK_RV rv = eh_view_read(&v, &a, 1);

	*len = a.ulValueLen;
	return rv;
}

static int
truth(enum eh_kind kind, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = 9;
	CK_ULONG len = 1;

	ck_assert_uint_eq(read_one(kind, type, &value, &len), CKR_OK);
	ck_assert_uint_eq(len, 1);
	return value;
}

static CK_ULONG
number(enum eh_kind kind, CK_ATTRIBUTE_TYPE type)
{
	CK_ULONG value = 99, len = sizeof(value);

	ck_assert_uint_eq(read_one(kind, type, &value, &len), CKR_OK);
	ck_assert_uint_eq(len, sizeof(value));
	return value;
}

static const char *
text(enum eh_kind kind, CK_ATTRIBUTE_TYPE type)
{
	static char out[300];
	CK_ULONG len = sizeof(out) - 1;

	memset(out, 0, sizeof(out));
	ck_assert_uint_eq(read_one(kind, type, out, &len), CKR_OK);
	return out;
}

START_TEST(a_handle_gives_back_kind_and_number)
{
	for (enum eh_kind k = EH_KIND_MESSAGE; k < EH_KINDS; k++) {
		CK_OBJECT_HANDLE h = eh_view_handle(k, 123456789);

		ck_assert_uint_ne(h, CK_INVALID_HANDLE);
		ck_assert_int_eq(eh_view_kind(h), k);
		ck_assert_uint_eq(eh_view_number(h), 123456789);
	}
}
END_TEST

START_TEST(every_class_is_what_it_says)
{
	static const struct {
		enum eh_kind kind;
		CK_OBJECT_CLASS class;
	} rows[] = {
		{ EH_KIND_PRIVATE, CKO_PRIVATE_KEY },
		{ EH_KIND_PUBLIC, CKO_PUBLIC_KEY },
		{ EH_KIND_CERTIFICATE, CKO_CERTIFICATE },
		{ EH_KIND_DATA, CKO_DATA },
		{ EH_KIND_AUTHORIZATION, CKO_EDGEHSM_AUTHORIZATION },
		{ EH_KIND_STATUS, CKO_DATA },
		{ EH_KIND_TOKEN, CKO_EDGEHSM_TOKEN },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_uint_eq(
		    number(rows[i].kind, CKA_CLASS), rows[i].class);
		ck_assert_int_eq(truth(rows[i].kind, CKA_TOKEN), 1);
		ck_assert_int_eq(truth(rows[i].kind, CKA_COPYABLE), 0);
		ck_assert_int_eq(truth(rows[i].kind, CKA_PRIVATE),
		    rows[i].kind == EH_KIND_PRIVATE);
		ck_assert_int_eq(eh_view_is_private(rows[i].kind),
		    rows[i].kind == EH_KIND_PRIVATE);
	}
}
END_TEST

START_TEST(a_private_key_signs_and_stays)
{
	enum eh_kind k = EH_KIND_PRIVATE;

	ck_assert_int_eq(truth(k, CKA_SIGN), 1);
	ck_assert_int_eq(truth(k, CKA_SENSITIVE), 1);
	ck_assert_int_eq(truth(k, CKA_EXTRACTABLE), 0);
	ck_assert_int_eq(truth(k, CKA_DECRYPT), 0);
	ck_assert_int_eq(truth(k, CKA_UNWRAP), 0);
	ck_assert_int_eq(truth(k, CKA_DERIVE), 0);
	ck_assert_int_eq(truth(k, CKA_ALWAYS_AUTHENTICATE), 0);
}
END_TEST

/* Class 0 custody is a software token: its file can be copied, so nothing here
 * may claim that the key never could leave. */
START_TEST(never_extractable_is_said_only_when_it_is_true)
{
	object.custody = 0;
	ck_assert_int_eq(truth(EH_KIND_PRIVATE, CKA_NEVER_EXTRACTABLE), 0);
	object.custody = 2;
	ck_assert_int_eq(truth(EH_KIND_PRIVATE, CKA_NEVER_EXTRACTABLE), 1);
	ck_assert_int_eq(truth(EH_KIND_PRIVATE, CKA_ALWAYS_SENSITIVE), 1);
	object.origin = 3;
	ck_assert_int_eq(truth(EH_KIND_PRIVATE, CKA_NEVER_EXTRACTABLE), 0);
	ck_assert_int_eq(truth(EH_KIND_PRIVATE, CKA_LOCAL), 0);
	ck_assert_uint_eq(number(EH_KIND_PRIVATE, CKA_KEY_GEN_MECHANISM),
	    CK_UNAVAILABLE_INFORMATION);
}
END_TEST

START_TEST(the_private_value_is_sensitive_and_has_no_length)
{
	char out[100];
	CK_ULONG len = sizeof(out);

	ck_assert_uint_eq(read_one(EH_KIND_PRIVATE, CKA_VALUE, out, &len),
	    CKR_ATTRIBUTE_SENSITIVE);
	ck_assert_uint_eq(len, CK_UNAVAILABLE_INFORMATION);
	len = 0;
	ck_assert_uint_eq(read_one(EH_KIND_PRIVATE, CKA_VALUE, NULL, &len),
	    CKR_ATTRIBUTE_SENSITIVE);
	ck_assert_uint_eq(len, CK_UNAVAILABLE_INFORMATION);
}
END_TEST

START_TEST(what_is_missing_does_not_hinder_the_others)
{
	struct eh_view v = view_of(EH_KIND_PRIVATE);
	CK_BBOOL sign = 0;
	char label[10], small[1];
	CK_ATTRIBUTE a[] = {
		{ CKA_MODULUS, label, sizeof(label) },
		{ CKA_SIGN, &sign, 1 },
		{ CKA_VALUE, label, sizeof(label) },
		{ CKA_LABEL, small, sizeof(small) },
		{ CKA_LABEL, label, sizeof(label) },
	};

	ck_assert_uint_ne(eh_view_read(&v, a, 5), CKR_OK);
	ck_assert_uint_eq(a[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	ck_assert_uint_eq(sign, CK_TRUE);
	ck_assert_uint_eq(a[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	ck_assert_uint_eq(a[3].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	ck_assert_uint_eq(a[4].ulValueLen, 2);
	ck_assert_mem_eq(label, "ca", 2);
}
END_TEST

START_TEST(allowed_mechanisms_follow_the_purpose)
{
	CK_MECHANISM_TYPE types[4];
	CK_ULONG len = sizeof(types);

	object.purpose = CK_EDGEHSM_PURPOSE_ISSUING;
	ck_assert_uint_eq(read_one(
	    EH_KIND_PRIVATE, CKA_ALLOWED_MECHANISMS, types, &len), CKR_OK);
	ck_assert_uint_eq(len, 2 * sizeof(types[0]));
	ck_assert_uint_eq(types[0], CKM_ECDSA_SHA256);
	ck_assert_uint_eq(types[1], CKM_EDGEHSM_ISSUE);
	ck_assert_int_eq(truth(EH_KIND_PRIVATE, CKA_DESTROYABLE), 1);
	object.purpose = CK_EDGEHSM_PURPOSE_ATTESTATION;
	ck_assert_int_eq(truth(EH_KIND_PRIVATE, CKA_DESTROYABLE), 0);
	object.purpose = CK_EDGEHSM_PURPOSE_GENERAL;
	len = sizeof(types);
	ck_assert_uint_eq(read_one(
	    EH_KIND_PRIVATE, CKA_ALLOWED_MECHANISMS, types, &len), CKR_OK);
	ck_assert_uint_eq(types[0], CKM_ECDSA);
	ck_assert_int_eq(truth(EH_KIND_PRIVATE, CKA_DESTROYABLE), 1);
}
END_TEST

START_TEST(an_authorization_shows_its_counters)
{
	auth.burned = 2;
	auth.reserved = 4;
	auth.nbf = 1000;
	auth.exp = 2000;
	ck_assert_uint_eq(number(EH_KIND_AUTHORIZATION, CKA_EDGEHSM_USED), 1);
	ck_assert_uint_eq(number(EH_KIND_AUTHORIZATION, CKA_EDGEHSM_QUOTA), 5);
	ck_assert_uint_eq(
	    number(EH_KIND_AUTHORIZATION, CKA_EDGEHSM_BURNED), 2);
	ck_assert_uint_eq(
	    number(EH_KIND_AUTHORIZATION, CKA_EDGEHSM_RESERVED), 4);
	ck_assert_uint_eq(
	    number(EH_KIND_AUTHORIZATION, CKA_EDGEHSM_NOT_BEFORE), 1000);
	ck_assert_uint_eq(
	    number(EH_KIND_AUTHORIZATION, CKA_EDGEHSM_NOT_AFTER), 2000);
	ck_assert_uint_eq(number(EH_KIND_AUTHORIZATION, CKA_EDGEHSM_STATE), 1);
	ck_assert_str_eq(text(EH_KIND_AUTHORIZATION, CKA_LABEL), "PO-4712");
}
END_TEST

START_TEST(its_status_is_a_label_that_every_tool_prints)
{
	ck_assert_str_eq(text(EH_KIND_STATUS, CKA_LABEL),
	    "PO-4712 used 1 of 5");
	ck_assert_str_eq(
	    text(EH_KIND_STATUS, CKA_APPLICATION), "edgehsm-status");
	auth.state = 2;
	auth.used = 5;
	ck_assert_str_eq(text(EH_KIND_STATUS, CKA_LABEL),
	    "PO-4712 used 5 of 5, closed");
}
END_TEST

START_TEST(the_token_object_shows_what_is_known_and_no_more)
{
	CK_ULONG value, len = sizeof(value);

	strcpy(facts.refusal, "10 of 10 used");
	ck_assert_str_eq(
	    text(EH_KIND_TOKEN, CKA_EDGEHSM_REFUSAL), "10 of 10 used");
	ck_assert_uint_eq(
	    read_one(EH_KIND_TOKEN, CKA_EDGEHSM_LOG_SIZE, &value, &len),
	    CKR_ATTRIBUTE_TYPE_INVALID);
	facts.has_status = 1;
	facts.log_size = 42;
	ck_assert_uint_eq(number(EH_KIND_TOKEN, CKA_EDGEHSM_LOG_SIZE), 42);
	ck_assert_uint_eq(number(EH_KIND_TOKEN, CKA_EDGEHSM_ANCHOR_CLASS), 0);
}
END_TEST

START_TEST(an_empty_value_is_there_and_a_missing_one_is_not)
{
	static const uint8_t nothing[1];
	char out[100];
	CK_ULONG len = sizeof(out);

	object.id.at = nothing;
	ck_assert_uint_eq(
	    read_one(EH_KIND_PRIVATE, CKA_ID, out, &len), CKR_OK);
	ck_assert_uint_eq(len, 0);
	len = sizeof(out);
	ck_assert_uint_eq(
	    read_one(EH_KIND_PRIVATE, CKA_EDGEHSM_SPKI_DIGEST, out, &len),
	    CKR_ATTRIBUTE_TYPE_INVALID);
}
END_TEST

START_TEST(unique_ids_differ)
{
	char private[50];

	strcpy(private, text(EH_KIND_PRIVATE, CKA_UNIQUE_ID));
	ck_assert_str_ne(private, text(EH_KIND_PUBLIC, CKA_UNIQUE_ID));
}
END_TEST

START_TEST(a_template_matches_by_every_value)
{
	struct eh_view v = view_of(EH_KIND_PRIVATE);
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE a[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_LABEL, (void *)(uintptr_t) "ca", 2 },
		{ CKA_VALUE, (void *)(uintptr_t) "", 0 },
	};

	ck_assert_int_eq(eh_view_matches(&v, a, 0), 1);
	ck_assert_int_eq(eh_view_matches(&v, a, 2), 1);
	a[1].ulValueLen = 1;
	ck_assert_int_eq(eh_view_matches(&v, a, 2), 0);
	a[1].ulValueLen = 2;
	/* A secret value matches nothing, so nobody can search it out. */
	ck_assert_int_eq(eh_view_matches(&v, a, 3), 0);
}
END_TEST

START_TEST(a_row_is_only_what_its_class_is)
{
	for (int class = EH_CLASS_KEY; class <= EH_CLASS_DATA; class++) {
		object.class = (enum eh_wire_class)class;
		ck_assert_int_eq(eh_view_fits(EH_KIND_PRIVATE, &object),
		    class == EH_CLASS_KEY);
		ck_assert_int_eq(eh_view_fits(EH_KIND_PUBLIC, &object),
		    class == EH_CLASS_KEY);
		ck_assert_int_eq(eh_view_fits(EH_KIND_CERTIFICATE, &object),
		    class == EH_CLASS_CERTIFICATE);
		ck_assert_int_eq(eh_view_fits(EH_KIND_DATA, &object),
		    class == EH_CLASS_DATA);
		ck_assert_int_eq(eh_view_fits(EH_KIND_TOKEN, &object), 0);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("view");
	TCase *t = tcase_create("view");

	tcase_add_checked_fixture(t, up, NULL);
	tcase_add_test(t, a_handle_gives_back_kind_and_number);
	tcase_add_test(t, every_class_is_what_it_says);
	tcase_add_test(t, a_private_key_signs_and_stays);
	tcase_add_test(t, never_extractable_is_said_only_when_it_is_true);
	tcase_add_test(t, the_private_value_is_sensitive_and_has_no_length);
	tcase_add_test(t, what_is_missing_does_not_hinder_the_others);
	tcase_add_test(t, allowed_mechanisms_follow_the_purpose);
	tcase_add_test(t, an_authorization_shows_its_counters);
	tcase_add_test(t, its_status_is_a_label_that_every_tool_prints);
	tcase_add_test(t, the_token_object_shows_what_is_known_and_no_more);
	tcase_add_test(t, an_empty_value_is_there_and_a_missing_one_is_not);
	tcase_add_test(t, unique_ids_differ);
	tcase_add_test(t, a_template_matches_by_every_value);
	tcase_add_test(t, a_row_is_only_what_its_class_is);
	suite_add_tcase(s, t);
	return unit_run(s);
}
