/* SPDX-License-Identifier: Apache-2.0 */
/* test_err.c - from a CK_RV to a line in OpenSSL's error queue. */
#include "config.h"

#include <string.h>

#include <openssl/err.h>

#include "provider/err.h"
#include "provider/provider.h"
#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

static const CK_RV refusals[] = {
	CKR_EDGEHSM_QUOTA_EXHAUSTED, CKR_EDGEHSM_EXPIRED,
	CKR_EDGEHSM_NOT_YET_VALID, CKR_EDGEHSM_REVOKED,
	CKR_EDGEHSM_OUT_OF_SCOPE, CKR_EDGEHSM_TEMPLATE_MISMATCH,
	CKR_EDGEHSM_TIME_UNTRUSTED, CKR_EDGEHSM_OFFLINE_LIMIT,
	CKR_EDGEHSM_DEVICE_LIMIT, CKR_EDGEHSM_EVIDENCE_INVALID,
	CKR_EDGEHSM_FAIL_STOPPED, CKR_EDGEHSM_REPLAYED, CKR_EDGEHSM_SIGNATURE,
	CKR_EDGEHSM_MALFORMED, CKR_EDGEHSM_NO_AUTHORIZATION,
};

START_TEST(every_refusal_keeps_its_number_and_has_words)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		int reason = eh_err_reason(refusals[i]);

		ck_assert(eh_err_is_refusal(refusals[i]));
		ck_assert_int_eq(reason, (int)(refusals[i] & 0x7FFFFF));
		ck_assert_int_eq(reason & ERR_RFLAG_COMMON, 0);
		ck_assert_int_eq(reason & ERR_RFLAG_FATAL, 0);
		ck_assert_ptr_nonnull(eh_err_reason_text(reason));
	}
	ck_assert(!eh_err_is_refusal(CKR_OK));
	ck_assert(!eh_err_is_refusal(CKR_EDGEHSM_NO_AUTHORIZATION + 1));
	ck_assert(!eh_err_is_refusal(CKR_EDGEHSM_QUOTA_EXHAUSTED - 1));
}
END_TEST

START_TEST(no_two_reasons_are_alike_and_each_fits_a_library)
{
	for (const OSSL_ITEM *a = eh_err_reasons; a->id != 0; a++) {
		ck_assert_int_eq(ERR_GET_LIB(a->id), 0);
		for (const OSSL_ITEM *b = a + 1; b->id != 0; b++) {
			ck_assert_uint_ne(a->id, b->id);
			ck_assert_str_ne(a->ptr, b->ptr);
		}
	}
}
END_TEST

START_TEST(standard_codes_get_a_word_of_ours)
{
	ck_assert_int_eq(eh_err_reason(CKR_PIN_INCORRECT), EH_REASON_PIN);
	ck_assert_int_eq(
	    eh_err_reason(CKR_DEVICE_REMOVED), EH_REASON_TOKEN_GONE);
	ck_assert_int_eq(eh_err_reason(CKR_GENERAL_ERROR), EH_REASON_TOKEN);
	ck_assert_int_eq(eh_err_reason(0xC5480001UL), EH_REASON_TOKEN);
	ck_assert_int_eq(eh_err_reason(~0UL), EH_REASON_TOKEN);
}
END_TEST

static void
core(struct eh_provider *provider, struct rig_core *recorded)
{
	const OSSL_DISPATCH *in = rig_core_dispatch();

	memset(provider, 0, sizeof(*provider));
	memset(recorded, 0, sizeof(*recorded));
	provider->handle = (const OSSL_CORE_HANDLE *)recorded;
	provider->new_error = (OSSL_FUNC_core_new_error_fn *)rig_function(
	    in, OSSL_FUNC_CORE_NEW_ERROR);
	provider->set_error_debug =
	    (OSSL_FUNC_core_set_error_debug_fn *)rig_function(
		in, OSSL_FUNC_CORE_SET_ERROR_DEBUG);
	provider->vset_error = (OSSL_FUNC_core_vset_error_fn *)rig_function(
	    in, OSSL_FUNC_CORE_VSET_ERROR);
}

START_TEST(sentence_is_shown_once_with_key_and_number)
{
	struct eh_provider provider;
	struct rig_core recorded;

	core(&provider, &recorded);
	eh_err_raise_rv(&provider, CKR_EDGEHSM_EXPIRED, "C_Sign",
	    "authorization expired: PO-1 ended yesterday", "pkcs11:object=k");
	ck_assert_uint_eq(recorded.errors, 1);
	ck_assert_uint_eq(recorded.reason, 0x420002);
	ck_assert_str_eq(recorded.text,
	    "PO-1 ended yesterday (key pkcs11:object=k, C_Sign returned CKR "
	    "0x80420002)");
	eh_err_raise_rv(&provider, CKR_EDGEHSM_EXPIRED, "C_Sign",
	    "authorization expired", NULL);
	ck_assert_str_eq(recorded.text,
	    "authorization expired (C_Sign returned CKR 0x80420002)");
}
END_TEST

START_TEST(sentence_does_not_command_the_terminal)
{
	struct eh_provider provider;
	struct rig_core recorded;

	core(&provider, &recorded);
	eh_err_raise_rv(&provider, CKR_EDGEHSM_EXPIRED, "C_Sign",
	    "over \033[31mnow\n", "pkcs11:");
	ck_assert_str_eq(recorded.text,
	    "over ?[31mnow? (key pkcs11:, C_Sign returned CKR 0x80420002)");
}
END_TEST

START_TEST(code_without_a_sentence_is_explained)
{
	struct eh_provider provider;
	struct rig_core recorded;

	core(&provider, &recorded);
	eh_err_raise_rv(&provider, CKR_PIN_LOCKED, "C_Login", "", NULL);
	ck_assert_uint_eq(recorded.reason, EH_REASON_PIN);
	ck_assert_ptr_nonnull(strstr(recorded.text, "locked"));
	ck_assert_ptr_nonnull(strstr(recorded.text, "CKR 0x000000A4"));
	eh_err_raise_rv(&provider, 0xC5480001UL, "C_Sign", NULL, NULL);
	ck_assert_str_eq(recorded.text,
	    "the token gave no explanation (C_Sign returned CKR 0xC5480001)");
}
END_TEST

START_TEST(errors_of_a_module_are_dropped_and_ours_stay)
{
	ERR_clear_error();
	eh_err_enter_module();
	ERR_raise(ERR_LIB_USER, 1);
	eh_err_leave_module();
	ck_assert_uint_eq(ERR_peek_error(), 0);
	ERR_raise(ERR_LIB_USER, 2);
	eh_err_enter_module();
	ERR_raise(ERR_LIB_USER, 3);
	eh_err_leave_module();
	ck_assert_int_eq(ERR_GET_REASON(ERR_peek_last_error()), 2);
	ERR_clear_error();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("err");
	TCase *t = tcase_create("err");

	tcase_add_test(t, every_refusal_keeps_its_number_and_has_words);
	tcase_add_test(t, no_two_reasons_are_alike_and_each_fits_a_library);
	tcase_add_test(t, standard_codes_get_a_word_of_ours);
	tcase_add_test(t, sentence_is_shown_once_with_key_and_number);
	tcase_add_test(t, sentence_does_not_command_the_terminal);
	tcase_add_test(t, code_without_a_sentence_is_explained);
	tcase_add_test(t, errors_of_a_module_are_dropped_and_ours_stay);
	suite_add_tcase(s, t);
	return unit_run(s);
}
