/* SPDX-License-Identifier: Apache-2.0 */
/* test_exit.c - how a command ends when the token refuses. */
#include "config.h"

#include "orchestrator/cli/exit.h"
#include "orchestrator/token/rv.h"
#include "pkcs11-module/edgehsm-pkcs11.h"
#include "test/unit/unit.h"

/* The refusals that people meet, as they come back through PKCS#11; the flow
 * test that provokes them cannot have edgehsm ask for a raw signature. */
static const struct {
	CK_RV rv;
	int status;
} refusals[] = {
	{ CKR_EDGEHSM_NO_AUTHORIZATION, 77 },
	{ CKR_MECHANISM_INVALID, 77 },
	{ CKR_EDGEHSM_QUOTA_EXHAUSTED, 77 },
	{ CKR_EDGEHSM_EXPIRED, 77 },
	{ CKR_EDGEHSM_NOT_YET_VALID, 77 },
	{ CKR_EDGEHSM_REVOKED, 77 },
	{ CKR_EDGEHSM_OUT_OF_SCOPE, 77 },
	{ CKR_EDGEHSM_TEMPLATE_MISMATCH, 77 },
	{ CKR_EDGEHSM_TIME_UNTRUSTED, 77 },
	{ CKR_EDGEHSM_OFFLINE_LIMIT, 77 },
	{ CKR_EDGEHSM_DEVICE_LIMIT, 77 },
	{ CKR_EDGEHSM_EVIDENCE_INVALID, 77 },
	{ CKR_EDGEHSM_FAIL_STOPPED, 69 },
	{ CKR_EDGEHSM_REPLAYED, 65 },
	{ CKR_EDGEHSM_SIGNATURE, 65 },
	{ CKR_EDGEHSM_MALFORMED, 65 },
};

START_TEST(refusal_of_the_token_ends_a_command_with_its_status)
{
	ck_assert_int_eq(eh_exit_status(eh_token_rv(refusals[_i].rv)),
	    refusals[_i].status);
}
END_TEST

START_TEST(what_nobody_knows_is_a_failure_and_no_refusal)
{
	ck_assert_int_eq(eh_exit_status(eh_token_rv(CKR_DATA_INVALID)), 1);
	ck_assert_int_eq(eh_exit_status(eh_token_rv(CKR_OK)), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("exit");
	TCase *t = tcase_create("exit");

	tcase_add_loop_test(t,
	    refusal_of_the_token_ends_a_command_with_its_status, 0,
	    sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_test(t, what_nobody_knows_is_a_failure_and_no_refusal);
	suite_add_tcase(s, t);
	return unit_run(s);
}
