/* SPDX-License-Identifier: Apache-2.0 */
/* test_mech.c - what exists, and for which keys. */
#include "config.h"

#include "common/wire/wire.h"
#include "pkcs11-module/mech.h"
#include "test/unit/unit.h"

START_TEST(the_list_is_the_table)
{
	size_t n;
	const CK_MECHANISM_TYPE *types = eh_mech_list(&n);

	ck_assert_uint_eq(n, 5);
	for (size_t i = 0; i < n; i++)
		ck_assert_ptr_nonnull(eh_mech_find(types[i]));
	ck_assert_ptr_null(eh_mech_find(CKM_ECDSA_SHA1));
	ck_assert_ptr_null(eh_mech_find(CKM_RSA_PKCS));
	ck_assert_ptr_null(eh_mech_find(CKM_EDGEHSM_DEVICE_SECRET));
}
END_TEST

static int
offers(CK_ULONG purpose, CK_MECHANISM_TYPE type)
{
	size_t n;
	const CK_MECHANISM_TYPE *types = eh_mech_of_purpose(purpose, &n);

	for (size_t i = 0; i < n; i++)
		if (types[i] == type)
			return 1;
	return 0;
}

/* CKA_ALLOWED_MECHANISMS and what C_SignInit looks at say the same. */
START_TEST(both_tables_agree_on_every_purpose)
{
	size_t n;
	const CK_MECHANISM_TYPE *types = eh_mech_list(&n);

	for (CK_ULONG purpose = 0; purpose < 8; purpose++)
		for (size_t i = 0; i < n; i++) {
			const struct eh_mech *m = eh_mech_find(types[i]);

			ck_assert_int_eq(offers(purpose, types[i]),
			    (m->purposes & 1u << purpose) != 0);
		}
}
END_TEST

START_TEST(issuing_keys_sign_complete_messages_only)
{
	ck_assert(!offers(CK_EDGEHSM_PURPOSE_ISSUING, CKM_ECDSA));
	ck_assert(offers(CK_EDGEHSM_PURPOSE_ISSUING, CKM_ECDSA_SHA256));
	ck_assert(offers(CK_EDGEHSM_PURPOSE_ISSUING, CKM_EDGEHSM_ISSUE));
	ck_assert(offers(CK_EDGEHSM_PURPOSE_GENERAL, CKM_ECDSA));
	ck_assert(!offers(CK_EDGEHSM_PURPOSE_GENERAL, CKM_EDGEHSM_ISSUE));
	ck_assert(!offers(CK_EDGEHSM_PURPOSE_ATTESTATION, CKM_ECDSA));
	ck_assert(offers(CK_EDGEHSM_PURPOSE_ATTESTATION, CKM_EDGEHSM_RECEIPT));
}
END_TEST

/* CK_MECHANISM_INFO has only flags that the mechanism's kind may have. */
START_TEST(flags_belong_to_the_kind_of_mechanism)
{
	size_t n;
	const CK_MECHANISM_TYPE *types = eh_mech_list(&n);

	for (size_t i = 0; i < n; i++) {
		const struct eh_mech *m = eh_mech_find(types[i]);
		CK_FLAGS ec = CKF_EC_F_P | CKF_EC_NAMEDCURVE |
		    CKF_EC_UNCOMPRESS;

		ck_assert_uint_eq(m->info.flags & ~ec,
		    types[i] == CKM_EC_KEY_PAIR_GEN ? CKF_GENERATE_KEY_PAIR
						    : CKF_SIGN);
		ck_assert_uint_eq(m->info.flags & CKF_HW, 0);
	}
}
END_TEST

static CK_RV
check(CK_MECHANISM_TYPE type, const void *param, CK_ULONG len)
{
	CK_MECHANISM m = { type, (void *)(uintptr_t)param, len };

	return eh_mech_check_param(eh_mech_find(type), &m);
}

START_TEST(a_parameter_is_one_deterministic_map_or_nothing)
{
	ck_assert_uint_eq(check(CKM_EDGEHSM_ISSUE, NULL, 0), CKR_OK);
	ck_assert_uint_eq(check(CKM_EDGEHSM_ISSUE, "\xa0", 1), CKR_OK);
	ck_assert_uint_eq(check(CKM_EDGEHSM_ISSUE, "\xa1\x06\x41x", 4), CKR_OK);
	ck_assert_uint_eq(check(CKM_EDGEHSM_ISSUE, "\xa1\x06\x41", 3),
	    CKR_MECHANISM_PARAM_INVALID);
	ck_assert_uint_eq(check(CKM_EDGEHSM_ISSUE, "\x80", 1),
	    CKR_MECHANISM_PARAM_INVALID);
	ck_assert_uint_eq(check(CKM_EDGEHSM_ISSUE, "\xa0\xa0", 2),
	    CKR_MECHANISM_PARAM_INVALID);
	ck_assert_uint_eq(check(CKM_EDGEHSM_ISSUE, "\xa1\x18\x06\x41x", 5),
	    CKR_MECHANISM_PARAM_INVALID);
	ck_assert_uint_eq(check(CKM_EDGEHSM_ISSUE, NULL, 1),
	    CKR_MECHANISM_PARAM_INVALID);
	ck_assert_uint_eq(check(CKM_EDGEHSM_ISSUE, "\xa0", (CK_ULONG)1 << 63),
	    CKR_MECHANISM_PARAM_INVALID);
}
END_TEST

START_TEST(standard_mechanisms_have_no_parameter)
{
	ck_assert_uint_eq(check(CKM_ECDSA_SHA256, NULL, 0), CKR_OK);
	ck_assert_uint_eq(check(CKM_ECDSA_SHA256, "\xa0", 1),
	    CKR_MECHANISM_PARAM_INVALID);
	ck_assert_uint_eq(
	    check(CKM_ECDSA, "\xa0", 1), CKR_MECHANISM_PARAM_INVALID);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mech");
	TCase *t = tcase_create("mech");

	tcase_add_test(t, the_list_is_the_table);
	tcase_add_test(t, both_tables_agree_on_every_purpose);
	tcase_add_test(t, issuing_keys_sign_complete_messages_only);
	tcase_add_test(t, flags_belong_to_the_kind_of_mechanism);
	tcase_add_test(t, a_parameter_is_one_deterministic_map_or_nothing);
	tcase_add_test(t, standard_mechanisms_have_no_parameter);
	suite_add_tcase(s, t);
	return unit_run(s);
}
