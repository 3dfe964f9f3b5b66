/* SPDX-License-Identifier: Apache-2.0 */
/* test_rules.c - what a template for something new may say. */
#include "config.h"

#include <string.h>

#include "pkcs11-module/rules.h"
#include "test/unit/unit.h"

static struct eh_wish wish;
static CK_ATTRIBUTE_TYPE wrong;

static CK_RV
one(enum eh_rules rules, CK_ATTRIBUTE_TYPE type, const void *value,
    CK_ULONG len)
{
	CK_ATTRIBUTE a = { type, (void *)(uintptr_t)value, len };

	return eh_rules_read(rules, &a, 1, &wish, &wrong);
}

static CK_RV
truth(enum eh_rules rules, CK_ATTRIBUTE_TYPE type, CK_BBOOL value)
{
	return one(rules, type, &value, 1);
}

static CK_RV
number(enum eh_rules rules, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	return one(rules, type, &value, sizeof(value));
}

/* Attacks A01, A02, A04: a key has one role, and it is to sign. */
START_TEST(a_key_signs_and_does_nothing_else)
{
	static const CK_ATTRIBUTE_TYPE roles[] = { CKA_DECRYPT, CKA_UNWRAP,
		CKA_SIGN_RECOVER };
	static const CK_ATTRIBUTE_TYPE other_half[] = { CKA_ENCRYPT, CKA_WRAP,
		CKA_VERIFY_RECOVER };
	enum eh_rules private = EH_RULES_PRIVATE_KEY;
	enum eh_rules public = EH_RULES_PUBLIC_KEY;

	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(truth(private, roles[i], CK_TRUE),
		    CKR_TEMPLATE_INCONSISTENT);
		ck_assert_uint_eq(wrong, roles[i]);
		ck_assert_uint_eq(truth(private, roles[i], CK_FALSE), CKR_OK);
		ck_assert_uint_eq(truth(public, other_half[i], CK_TRUE),
		    CKR_TEMPLATE_INCONSISTENT);
		ck_assert_uint_eq(
		    truth(public, other_half[i], CK_FALSE), CKR_OK);
	}
	/* pkcs11-tool always asks for it; the key has it not (test_view.c). */
	ck_assert_uint_eq(truth(private, CKA_DERIVE, CK_TRUE), CKR_OK);
	ck_assert_uint_eq(truth(private, CKA_SIGN, CK_TRUE), CKR_OK);
	ck_assert_uint_eq(
	    truth(private, CKA_SIGN, CK_FALSE), CKR_TEMPLATE_INCONSISTENT);
	ck_assert_uint_eq(truth(public, CKA_VERIFY, CK_TRUE), CKR_OK);
}
END_TEST

/* Attack A05: one-way attributes, and history that nobody may tell. */
START_TEST(a_key_cannot_be_made_to_leave)
{
	enum eh_rules r = EH_RULES_PRIVATE_KEY;

	ck_assert_uint_eq(truth(r, CKA_SENSITIVE, CK_TRUE), CKR_OK);
	ck_assert_uint_eq(
	    truth(r, CKA_SENSITIVE, CK_FALSE), CKR_TEMPLATE_INCONSISTENT);
	ck_assert_uint_eq(truth(r, CKA_EXTRACTABLE, CK_FALSE), CKR_OK);
	ck_assert_uint_eq(
	    truth(r, CKA_EXTRACTABLE, CK_TRUE), CKR_TEMPLATE_INCONSISTENT);
	ck_assert_uint_eq(
	    truth(r, CKA_COPYABLE, CK_TRUE), CKR_TEMPLATE_INCONSISTENT);
	ck_assert_uint_eq(
	    truth(r, CKA_ALWAYS_SENSITIVE, CK_TRUE), CKR_ATTRIBUTE_READ_ONLY);
	ck_assert_uint_eq(
	    truth(r, CKA_NEVER_EXTRACTABLE, CK_TRUE), CKR_ATTRIBUTE_READ_ONLY);
	ck_assert_uint_eq(
	    truth(r, CKA_LOCAL, CK_TRUE), CKR_ATTRIBUTE_READ_ONLY);
	ck_assert_uint_eq(
	    one(r, CKA_UNIQUE_ID, "x", 1), CKR_ATTRIBUTE_READ_ONLY);
}
END_TEST

START_TEST(objects_are_of_the_token)
{
	ck_assert_uint_eq(
	    truth(EH_RULES_PRIVATE_KEY, CKA_TOKEN, CK_TRUE), CKR_OK);
	ck_assert_int_eq(wish.has_token, 1);
	ck_assert_uint_eq(truth(EH_RULES_PRIVATE_KEY, CKA_TOKEN, CK_FALSE),
	    CKR_TEMPLATE_INCONSISTENT);
	ck_assert_uint_eq(
	    truth(EH_RULES_PUBLIC_KEY, CKA_TOKEN, CK_FALSE), CKR_OK);
	ck_assert_uint_eq(truth(EH_RULES_CERTIFICATE, CKA_TOKEN, CK_FALSE),
	    CKR_TEMPLATE_INCONSISTENT);
}
END_TEST

START_TEST(the_curve_is_p256_by_name)
{
	static const char p256[] = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
	static const char p384[] = "\x06\x05\x2b\x81\x04\x00\x22";

	ck_assert_uint_eq(
	    one(EH_RULES_PUBLIC_KEY, CKA_EC_PARAMS, p256, 10), CKR_OK);
	ck_assert_int_eq(wish.has_params, 1);
	ck_assert_uint_eq(one(EH_RULES_PUBLIC_KEY, CKA_EC_PARAMS, p384, 7),
	    CKR_CURVE_NOT_SUPPORTED);
	ck_assert_uint_eq(one(EH_RULES_PUBLIC_KEY, CKA_EC_PARAMS, p256, 9),
	    CKR_CURVE_NOT_SUPPORTED);
	ck_assert_uint_eq(
	    number(EH_RULES_PRIVATE_KEY, CKA_KEY_TYPE, CKK_EC), CKR_OK);
	ck_assert_uint_eq(number(EH_RULES_PRIVATE_KEY, CKA_KEY_TYPE, CKK_RSA),
	    CKR_TEMPLATE_INCONSISTENT);
}
END_TEST

START_TEST(a_purpose_is_general_or_issuing)
{
	enum eh_rules r = EH_RULES_PRIVATE_KEY;

	ck_assert_uint_eq(number(r, CKA_EDGEHSM_PURPOSE, 0), CKR_OK);
	ck_assert_uint_eq(number(r, CKA_EDGEHSM_PURPOSE, 2), CKR_OK);
	ck_assert_uint_eq(wish.purpose, 2);
	ck_assert_uint_eq(
	    number(r, CKA_EDGEHSM_PURPOSE, 1), CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_uint_eq(
	    number(r, CKA_EDGEHSM_PURPOSE, 3), CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_uint_eq(
	    one(r, CKA_EDGEHSM_PURPOSE, "\2", 1), CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_uint_eq(number(EH_RULES_PUBLIC_KEY, CKA_EDGEHSM_PURPOSE, 2),
	    CKR_ATTRIBUTE_TYPE_INVALID);
}
END_TEST

START_TEST(labels_and_ids_fit_the_token)
{
	char long_label[66];

	memset(long_label, 'x', sizeof(long_label));
	ck_assert_uint_eq(
	    one(EH_RULES_PRIVATE_KEY, CKA_LABEL, long_label, 64), CKR_OK);
	ck_assert_uint_eq(strlen(wish.label), 64);
	ck_assert_uint_eq(one(EH_RULES_PRIVATE_KEY, CKA_LABEL, long_label, 65),
	    CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_uint_eq(one(EH_RULES_PRIVATE_KEY, CKA_LABEL, "a\0b", 3),
	    CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_uint_eq(
	    one(EH_RULES_PRIVATE_KEY, CKA_ID, long_label, 64), CKR_OK);
	ck_assert_uint_eq(wish.idlen, 64);
	ck_assert_uint_eq(one(EH_RULES_PRIVATE_KEY, CKA_ID, long_label, 65),
	    CKR_ATTRIBUTE_VALUE_INVALID);
}
END_TEST

START_TEST(what_is_not_in_the_table_is_refused)
{
	for (enum eh_rules r = EH_RULES_PRIVATE_KEY; r <= EH_RULES_MESSAGE;
	     r++) {
		ck_assert_uint_eq(
		    one(r, 0x12345, "x", 1), CKR_ATTRIBUTE_TYPE_INVALID);
		ck_assert_uint_eq(
		    one(r, CKA_MODULUS, "x", 1), CKR_ATTRIBUTE_TYPE_INVALID);
		ck_assert_uint_eq(one(r, CKA_WRAP_TEMPLATE, "x", 1),
		    CKR_ATTRIBUTE_TYPE_INVALID);
		ck_assert_uint_eq(wrong, CKA_WRAP_TEMPLATE);
	}
	/* A private key has no value to be given. */
	ck_assert_uint_eq(one(EH_RULES_PRIVATE_KEY, CKA_VALUE, "x", 1),
	    CKR_ATTRIBUTE_TYPE_INVALID);
}
END_TEST

START_TEST(an_attribute_said_twice_is_inconsistent)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE a[] = { { CKA_SIGN, &yes, 1 }, { CKA_SIGN, &yes, 1 } };

	ck_assert_uint_eq(
	    eh_rules_read(EH_RULES_PRIVATE_KEY, a, 2, &wish, &wrong),
	    CKR_TEMPLATE_INCONSISTENT);
	ck_assert_uint_eq(
	    eh_rules_read(EH_RULES_PRIVATE_KEY, a, 1, &wish, &wrong), CKR_OK);
}
END_TEST

START_TEST(nothing_is_trusted_or_private_because_a_client_says_so)
{
	ck_assert_uint_eq(truth(EH_RULES_CERTIFICATE, CKA_TRUSTED, CK_TRUE),
	    CKR_TEMPLATE_INCONSISTENT);
	ck_assert_uint_eq(
	    truth(EH_RULES_CERTIFICATE, CKA_TRUSTED, CK_FALSE), CKR_OK);
	ck_assert_uint_eq(truth(EH_RULES_DATA, CKA_PRIVATE, CK_TRUE),
	    CKR_TEMPLATE_INCONSISTENT);
	ck_assert_uint_eq(truth(EH_RULES_DATA, CKA_PRIVATE, CK_FALSE), CKR_OK);
}
END_TEST

/* What is not kept is not promised. */
START_TEST(nothing_is_made_indestructible_or_immutable)
{
	static const enum eh_rules kept[] = { EH_RULES_PRIVATE_KEY,
		EH_RULES_CERTIFICATE, EH_RULES_DATA };
	static const CK_ATTRIBUTE_TYPE asked[] = { CKA_DESTROYABLE,
		CKA_MODIFIABLE };

	for (unsigned i = 0; i < 3; i++)
		for (unsigned k = 0; k < 2; k++) {
			ck_assert_uint_eq(truth(kept[i], asked[k], CK_FALSE),
			    CKR_TEMPLATE_INCONSISTENT);
			ck_assert_uint_eq(
			    truth(kept[i], asked[k], CK_TRUE), CKR_OK);
		}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rules");
	TCase *t = tcase_create("rules");

	tcase_add_test(t, a_key_signs_and_does_nothing_else);
	tcase_add_test(t, a_key_cannot_be_made_to_leave);
	tcase_add_test(t, objects_are_of_the_token);
	tcase_add_test(t, the_curve_is_p256_by_name);
	tcase_add_test(t, a_purpose_is_general_or_issuing);
	tcase_add_test(t, labels_and_ids_fit_the_token);
	tcase_add_test(t, what_is_not_in_the_table_is_refused);
	tcase_add_test(t, an_attribute_said_twice_is_inconsistent);
	tcase_add_test(
	    t, nothing_is_trusted_or_private_because_a_client_says_so);
	tcase_add_test(t, nothing_is_made_indestructible_or_immutable);
	suite_add_tcase(s, t);
	return unit_run(s);
}
