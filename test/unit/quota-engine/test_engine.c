/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine.c - the heart as the rest of the boundary sees it. */
#include "config.h"

#include <string.h>

#include "test/fault/heart.h"
#include "test/unit/unit.h"

START_TEST(a_device_is_made_and_counted)
{
	struct heart h = { 0 };
	struct heart_order o = heart_order(4711, 3, 2);
	struct heart_ask ask = { .order = 4711, .device = 1 };
	struct eh_answer answer;

	heart_begin(&h, 1);
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	ck_assert_int_eq(heart_issue(&h, &ask, &answer, NULL), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_FIRST);
	ck_assert_int_eq(answer.issue, 0);
	ck_assert_uint_eq(heart_counter(&h, 4711, EH_OP_PASS).used, 1);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(certificates_of_a_device_share_a_key_or_not_as_the_profile_says)
{
	struct heart h = { 0 };
	struct heart_order o = heart_order(4711, 3, 2);
	struct heart_ask ask = { .order = 4711, .device = 1, .templates = 2 };
	struct eh_answer answer;
	struct eh_request req;

	o.uses = 2;
	o.issues = 6;
	heart_begin(&h, 1);
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	ck_assert_int_eq(heart_issue(&h, &ask, &answer, NULL), EH_OK);
	ask.template_index = 1;
	heart_request(&h, &ask, &req);
	ck_assert_int_eq(
	    eh_engine_peek(h.eng, &req, &answer, &h.error), EH_OK);
	req.key[0] ^= 1;	/* same key number, another key */
	ck_assert_int_eq(eh_engine_peek(h.eng, &req, &answer, &h.error),
	    EH_DENIED_TEMPLATE);
	req.key_number[1] = 1;	/* another number, another key */
	ck_assert_int_eq(
	    eh_engine_peek(h.eng, &req, &answer, &h.error), EH_OK);
	req.key[0] ^= 1;	/* another number, the same key */
	ck_assert_int_eq(eh_engine_peek(h.eng, &req, &answer, &h.error),
	    EH_DENIED_TEMPLATE);
	ck_assert_uint_eq(heart_counter(&h, 4711, EH_OP_ISSUE).used, 1);
	heart_end(&h);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("engine");
	TCase *t = tcase_create("engine");

	tcase_add_test(t, a_device_is_made_and_counted);
	tcase_add_test(t,
	    certificates_of_a_device_share_a_key_or_not_as_the_profile_says);
	suite_add_tcase(s, t);
	return unit_run(s);
}
