/* SPDX-License-Identifier: Apache-2.0 */
/* test_clockguard.c - rules T1 to T9 on made-up clocks. */
#include "config.h"

#include <string.h>

#include "common/message/record.h"
#include "quota-engine/clockguard.h"
#include "test/unit/unit.h"

#define S    UINT64_C(1000000000)
#define T0   UINT64_C(1790000000)
#define DAYS UINT64_C(86400)

static struct eh_clockguard guard;
static struct eh_clock_state state;
static struct eh_clock_reading clock_now;
static struct eh_clock_nonce nonces[EH_CLOCK_NONCES];
static struct eh_error error;

static const struct eh_limits limits = {
	.max_offline = 7 * DAYS, .boot_grace = 100, .quality = EH_QUALITY_FLOOR,
};

static void
pass(uint64_t seconds)
{
	clock_now.boottime += seconds * S;
	clock_now.raw += seconds * S;
	clock_now.wall += seconds;
}

static void
boot(uint8_t id)
{
	memset(clock_now.boot_id, id, sizeof(clock_now.boot_id));
	clock_now.boottime = clock_now.raw = 100 * S;
	memset(nonces, 0, sizeof(nonces));
	eh_clockguard_start(&guard, &state, &clock_now, NULL);
}

static struct eh_now
now(void)
{
	struct eh_now n;

	memset(&n, 0, sizeof(n));
	eh_clockguard_now(&guard, &state, &clock_now, &n);
	return n;
}

static void
setup(void)
{
	memset(&state, 0, sizeof(state));
	memset(&clock_now, 0, sizeof(clock_now));
	clock_now.wall = T0;
	boot(1);
}

static void
nonce(void)
{
	nonces[2].used = 1;
	memset(nonces[2].nonce, 0x5a, EH_ID_LEN);
	nonces[2].sent = clock_now;
}

static struct eh_time_attestation
answer(uint64_t time, uint64_t tseq)
{
	struct eh_time_attestation t;

	memset(&t, 0, sizeof(t));
	t.has_nonce = 1;
	memset(t.nonce, 0x5a, EH_ID_LEN);
	t.from.iat = time;
	t.tseq = tseq;
	t.uncertainty = 2;
	return t;
}

static int
attest(uint64_t time, uint64_t tseq)
{
	struct eh_time_attestation t = answer(time, tseq);
	unsigned i = 99;
	int r;

	if ((r = eh_clockguard_check(
	         &state, nonces, &clock_now, &t, &i, &error)) != EH_OK)
		return r;
	ck_assert_uint_eq(i, 2);
	eh_clockguard_accept(&guard, &state, &nonces[i].sent, &clock_now, &t);
	nonces[i].used = 0;
	return EH_OK;
}

static int
permit(uint64_t nbf, uint64_t exp, enum eh_clock_rule rule)
{
	struct eh_now n = now();

	return eh_clockguard_permit(
	    &n, nbf, exp, &limits, rule, "PO-1", &error);
}

START_TEST(before_any_attestation_nothing_is_permitted)
{
	ck_assert_int_eq(now().quality, EH_QUALITY_NONE);
	ck_assert_uint_eq(now().t_hi, EH_TIME_MAX);
	ck_assert_int_eq(permit(0, EH_TIME_MAX, EH_CLOCK_NORMAL), EH_DENIED_TIME);
	ck_assert_ptr_nonnull(strstr(error.text, "edgehsm token nonce"));
}
END_TEST

START_TEST(an_answered_nonce_gives_an_interval)
{
	struct eh_now n;

	nonce();
	pass(30);	/* the courier's way widens the interval upward only */
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	n = now();
	ck_assert_int_eq(n.quality, EH_QUALITY_FRESH);
	ck_assert_uint_eq(n.t_lo, T0 - 2);
	ck_assert_uint_eq(n.t_hi, T0 + 2 + 30);
	pass(2000000);	/* 500 ppm each way */
	n = now();
	ck_assert_uint_eq(n.t_lo, T0 - 2 + 2000000 - 1000);
	ck_assert_uint_eq(n.t_hi, T0 + 2 + 30 + 2000000 + 1000);
	ck_assert_int_eq(n.quality, EH_QUALITY_ATTESTED);
}
END_TEST

START_TEST(a_nonce_of_another_boot_a_foreign_one_or_none_is_refused)
{
	struct eh_time_attestation t = answer(T0, 1);
	unsigned i;

	nonce();
	t.nonce[0] ^= 1;
	ck_assert_int_eq(eh_clockguard_check(&state, nonces, &clock_now, &t, &i,
	    &error), EH_DENIED_TIME);
	t = answer(T0, 1);
	t.has_nonce = 0;
	ck_assert_int_eq(eh_clockguard_check(&state, nonces, &clock_now, &t, &i,
	    &error), EH_ERR_UNSUPPORTED);
	memset(clock_now.boot_id, 9, EH_ID_LEN);
	ck_assert_int_eq(attest(T0, 1), EH_DENIED_TIME);
	memset(clock_now.boot_id, 1, EH_ID_LEN);
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	ck_assert_int_eq(attest(T0, 2), EH_DENIED_TIME);	/* used once */
}
END_TEST

START_TEST(an_older_tseq_or_a_time_before_the_floor_is_refused)
{
	nonce();
	ck_assert_int_eq(attest(T0, 5), EH_OK);
	nonce();
	ck_assert_int_eq(attest(T0 + 1, 5), EH_ERR_REPLAYED);
	ck_assert_int_eq(attest(T0 - 100, 6), EH_DENIED_TIME);
	ck_assert_int_eq(attest(T0 - 4, 6), EH_OK);	/* T + u = F */
}
END_TEST

START_TEST(a_restarted_daemon_keeps_its_quality_another_boot_does_not)
{
	uint8_t flags = 0;

	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	pass(100);
	eh_clockguard_start(&guard, &state, &clock_now, &flags);
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
	ck_assert_uint_eq(now().t_lo, T0 - 2 + 99);	/* minus the drift */
	ck_assert_uint_eq(flags, 0);
	boot(2);
	eh_clockguard_start(&guard, &state, &clock_now, &flags);
	ck_assert_uint_eq(flags, EH_BOOT_OTHER_BOOT);
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
	ck_assert_uint_eq(now().t_hi, EH_TIME_MAX);
}
END_TEST

START_TEST(the_floor_rises_with_powered_time_and_never_falls)
{
	struct eh_now n;

	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	pass(1000);
	n = now();
	eh_clockguard_raise(&state, &n);
	ck_assert_uint_eq(state.floor, T0 - 2 + 999);
	boot(2);
	pass(500);
	n = now();
	ck_assert_uint_eq(n.t_lo, T0 - 2 + 999 + 500);
	ck_assert_uint_eq(n.since, 1500);
	eh_clockguard_raise(&state, &n);
	n = now();	/* raising it does not count the time twice */
	ck_assert_uint_eq(n.t_lo, T0 - 2 + 999 + 500);
	boot(3);
	n = now();
	ck_assert_uint_eq(n.t_lo, T0 - 2 + 999 + 500);
	ck_assert_uint_eq(n.since, 1500);
}
END_TEST

START_TEST(clocks_that_disagree_cost_the_quality)
{
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	pass(1000);
	clock_now.boottime += 65 * S;
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
	clock_now.boottime += 10 * S;
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
	clock_now.raw += 75 * S;	/* and it does not come back */
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
	nonce();
	ck_assert_int_eq(attest(T0 + 2000, 2), EH_OK);
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
}
END_TEST

START_TEST(a_slowed_clock_does_not_stretch_time)
{
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	clock_now.boottime += 100 * S;
	clock_now.raw += 50 * S;
	ck_assert_uint_eq(now().t_lo, T0 - 2 + 99);
}
END_TEST

START_TEST(expiry_and_begin_are_judged_to_the_second)
{
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);	/* [T0 - 2, T0 + 2] */
	ck_assert_int_eq(permit(T0 - 2, T0 + 3, EH_CLOCK_NORMAL), EH_OK);
	ck_assert_int_eq(permit(T0 - 2, T0 + 2, EH_CLOCK_NORMAL),
	    EH_DENIED_EXPIRED);
	ck_assert_int_eq(permit(T0 - 1, T0 + 3, EH_CLOCK_NORMAL),
	    EH_DENIED_NOT_YET_VALID);
	ck_assert_int_eq(permit(T0 - 2, T0 + 3, EH_CLOCK_STRICT), EH_OK);
}
END_TEST

START_TEST(after_a_boot_grace_may_bridge_but_not_for_strict_uses)
{
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	boot(2);
	ck_assert_int_eq(permit(T0 - 2, T0 + 9, EH_CLOCK_NORMAL), EH_OK);
	ck_assert_int_eq(permit(T0 - 2, T0 - 2, EH_CLOCK_NORMAL),
	    EH_DENIED_EXPIRED);
	ck_assert_int_eq(permit(T0 - 2, T0 + 9, EH_CLOCK_STRICT),
	    EH_DENIED_TIME);
}
END_TEST

START_TEST(the_offline_limit_counts_powered_time)
{
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	pass(7 * DAYS);
	ck_assert_int_eq(permit(T0 - 2, T0 + 30 * DAYS, EH_CLOCK_NORMAL), EH_OK);
	pass(1);
	ck_assert_int_eq(permit(T0 - 2, T0 + 30 * DAYS, EH_CLOCK_NORMAL),
	    EH_DENIED_OFFLINE);
	ck_assert_ptr_nonnull(strstr(error.text, "604801 s"));
}
END_TEST

START_TEST(the_host_clock_may_refuse_and_never_permit)
{
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	clock_now.wall = T0 + 1000 + 300;
	ck_assert_int_eq(permit(T0 - 2, T0 + 1000, EH_CLOCK_NORMAL), EH_OK);
	clock_now.wall++;
	ck_assert_int_eq(permit(T0 - 2, T0 + 1000, EH_CLOCK_NORMAL),
	    EH_DENIED_TIME);
	clock_now.wall = 0;	/* back in 1970: nothing changes */
	ck_assert_int_eq(permit(T0 - 2, T0 + 1000, EH_CLOCK_NORMAL), EH_OK);
	ck_assert_int_eq(permit(T0 - 2, T0 + 2, EH_CLOCK_NORMAL),
	    EH_DENIED_EXPIRED);
}
END_TEST

START_TEST(no_message_lifts_the_floor_out_of_reach)
{
	struct eh_now n = now();

	ck_assert_int_eq(
	    eh_clockguard_check_iat(&n, EH_TIME_MAX, &error), EH_OK);
	eh_clockguard_message(&state, &n, T0 * 2);
	ck_assert_uint_eq(state.floor, 0);	/* quality 0: lifts nothing */
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	n = now();
	ck_assert_int_eq(
	    eh_clockguard_check_iat(&n, T0 + 2 + 300, &error), EH_OK);
	ck_assert_int_eq(
	    eh_clockguard_check_iat(&n, T0 + 3 + 300, &error), EH_DENIED_TIME);
	boot(2);
	n = now();
	ck_assert_int_eq(eh_clockguard_check_iat(&n, T0 - 2 + 400 * DAYS,
	    &error), EH_OK);
	ck_assert_int_eq(eh_clockguard_check_iat(&n, T0 - 1 + 400 * DAYS,
	    &error), EH_DENIED_TIME);
	eh_clockguard_message(&state, &n, T0 + 50);
	ck_assert_uint_eq(state.floor, T0 + 50);
}
END_TEST

START_TEST(not_before_lies_in_the_window_of_attested_time)
{
	struct eh_now n;

	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	n = now();
	ck_assert_int_eq(
	    eh_clockguard_check_not_before(&n, T0 - 302, &error), EH_OK);
	ck_assert_int_eq(eh_clockguard_check_not_before(&n, T0 - 303, &error),
	    EH_DENIED_TEMPLATE);
	ck_assert_int_eq(
	    eh_clockguard_check_not_before(&n, T0 + 2, &error), EH_OK);
	ck_assert_int_eq(eh_clockguard_check_not_before(&n, T0 + 3, &error),
	    EH_DENIED_TEMPLATE);
	boot(2);
	n = now();
	ck_assert_int_eq(eh_clockguard_check_not_before(&n, T0, &error),
	    EH_DENIED_TEMPLATE);
}
END_TEST

START_TEST(a_replayed_attestation_gives_the_same_clock)
{
	struct eh_time_attestation t = answer(T0, 1);
	struct eh_clock_reading sent = clock_now, received;
	struct eh_now before, after;

	pass(10);
	received = clock_now;
	pass(100);
	eh_clockguard_start(&guard, &state, &clock_now, NULL);
	eh_clockguard_accept(&guard, &state, &sent, &received, &t);
	before = now();
	ck_assert_int_eq(before.quality, EH_QUALITY_FRESH);
	ck_assert_uint_eq(before.since, 100);
	eh_clockguard_accept(&guard, &state, &sent, &received, &t);
	after = now();
	ck_assert_mem_eq(&before, &after, sizeof(after));
	memset(received.boot_id, 7, EH_ID_LEN);	/* it was of an earlier boot */
	eh_clockguard_accept(&guard, &state, &sent, &received, &t);
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("clockguard");
	TCase *t = tcase_create("clockguard");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, before_any_attestation_nothing_is_permitted);
	tcase_add_test(t, an_answered_nonce_gives_an_interval);
	tcase_add_test(
	    t, a_nonce_of_another_boot_a_foreign_one_or_none_is_refused);
	tcase_add_test(
	    t, an_older_tseq_or_a_time_before_the_floor_is_refused);
	tcase_add_test(
	    t, a_restarted_daemon_keeps_its_quality_another_boot_does_not);
	tcase_add_test(
	    t, the_floor_rises_with_powered_time_and_never_falls);
	tcase_add_test(t, clocks_that_disagree_cost_the_quality);
	tcase_add_test(t, a_slowed_clock_does_not_stretch_time);
	tcase_add_test(t, expiry_and_begin_are_judged_to_the_second);
	tcase_add_test(
	    t, after_a_boot_grace_may_bridge_but_not_for_strict_uses);
	tcase_add_test(t, the_offline_limit_counts_powered_time);
	tcase_add_test(t, the_host_clock_may_refuse_and_never_permit);
	tcase_add_test(t, no_message_lifts_the_floor_out_of_reach);
	tcase_add_test(t, not_before_lies_in_the_window_of_attested_time);
	tcase_add_test(t, a_replayed_attestation_gives_the_same_clock);
	suite_add_tcase(s, t);
	return unit_run(s);
}
