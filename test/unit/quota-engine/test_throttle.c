/* SPDX-License-Identifier: Apache-2.0 */
/* test_throttle.c - so many requests a second for each user, and no more. */
#include "config.h"

#include <string.h>

#include "quota-engine/throttle.h"
#include "test/unit/unit.h"

#define SECOND UINT64_C(1000000000)

static struct eh_throttle t;
static struct eh_error error;

static void
begin(void)
{
	eh_throttle_init(&t);
	eh_error_clear(&error);
}

static void
end(void)
{
	eh_throttle_wipe(&t);
}

START_TEST(a_burst_after_a_quiet_time_does_not_wait)
{
	uint64_t wait;

	for (unsigned i = 0; i < EH_THROTTLE_RATE; i++) {
		ck_assert_int_eq(
		    eh_throttle_take(&t, 1, SECOND, &wait, &error), EH_OK);
		ck_assert_uint_eq(wait, 0);
	}
	ck_assert_int_eq(
	    eh_throttle_take(&t, 1, SECOND, &wait, &error), EH_OK);
	ck_assert_uint_gt(wait, 0);
}
END_TEST

START_TEST(the_rate_holds_however_fast_they_come)
{
	uint64_t wait, now = SECOND, begin_at = now;

	/* A client that sleeps as long as it is told. */
	for (unsigned i = 0; i < 10 * EH_THROTTLE_RATE; i++) {
		ck_assert_int_eq(
		    eh_throttle_take(&t, 1, now, &wait, &error), EH_OK);
		now += wait;
	}
	ck_assert_uint_ge(now - begin_at, 9 * SECOND - SECOND / 10);
	ck_assert_uint_le(now - begin_at, 10 * SECOND);
}
END_TEST

START_TEST(who_would_wait_too_long_is_refused_and_charged_nothing)
{
	uint64_t wait;
	unsigned served = 0;

	while (eh_throttle_take(&t, 1, SECOND, &wait, &error) == EH_OK)
		served++;
	ck_assert_int_eq(error.code, EH_ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(error.text, "50 a second"));
	/* One second's burst, and two of waiting. */
	ck_assert_uint_eq(served, 3 * EH_THROTTLE_RATE);
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(
		    eh_throttle_take(&t, 1, SECOND, &wait, NULL), EH_ERR_BUSY);
	ck_assert_int_eq(
	    eh_throttle_take(&t, 1, 2 * SECOND, &wait, &error), EH_OK);
}
END_TEST

START_TEST(one_user_does_not_make_another_wait)
{
	uint64_t wait;

	while (eh_throttle_take(&t, 1, SECOND, &wait, NULL) == EH_OK)
		;
	ck_assert_int_eq(
	    eh_throttle_take(&t, 2, SECOND, &wait, &error), EH_OK);
	ck_assert_uint_eq(wait, 0);
}
END_TEST

START_TEST(many_users_do_not_forget_who_is_busy)
{
	uint64_t wait;

	while (eh_throttle_take(&t, 1, SECOND, &wait, NULL) == EH_OK)
		;
	for (uid_t uid = 100; uid < 100 + 2 * EH_THROTTLE_USERS; uid++)
		ck_assert_int_eq(
		    eh_throttle_take(&t, uid, SECOND, &wait, &error), EH_OK);
	ck_assert_int_eq(
	    eh_throttle_take(&t, 1, SECOND, &wait, NULL), EH_ERR_BUSY);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("throttle");
	TCase *c = tcase_create("throttle");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, a_burst_after_a_quiet_time_does_not_wait);
	tcase_add_test(c, the_rate_holds_however_fast_they_come);
	tcase_add_test(c, who_would_wait_too_long_is_refused_and_charged_nothing);
	tcase_add_test(c, one_user_does_not_make_another_wait);
	tcase_add_test(c, many_users_do_not_forget_who_is_busy);
	suite_add_tcase(s, c);
	return unit_run(s);
}
