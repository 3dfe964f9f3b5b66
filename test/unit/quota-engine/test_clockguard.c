/* SPDX-License-Identifier: Apache-2.0 */
/* test_clockguard.c - rules T1 to T9 of doc/format/time.md on made-up clocks; the
 * name of a test begins with its rule. */
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

/* The daemon starts again in the same boot. */
static uint8_t
restart(void)
{
	uint8_t flags = 0;

	eh_clockguard_start(&guard, &state, &clock_now, &flags);
	return flags;
}

START_TEST(t3_before_any_attestation_nothing_is_permitted)
{
	ck_assert_int_eq(now().quality, EH_QUALITY_NONE);
	ck_assert_uint_eq(now().t_hi, EH_TIME_MAX);
	ck_assert_int_eq(permit(0, EH_TIME_MAX, EH_CLOCK_NORMAL), EH_DENIED_TIME);
	ck_assert_ptr_nonnull(strstr(error.text, "edgehsm token nonce"));
}
END_TEST

START_TEST(t2_an_answered_nonce_gives_an_interval)
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

START_TEST(t1_a_nonce_of_another_boot_or_a_foreign_one_is_refused)
{
	struct eh_time_attestation t = answer(T0, 1);
	unsigned i;

	nonce();
	t.nonce[0] ^= 1;
	ck_assert_int_eq(eh_clockguard_check(&state, nonces, &clock_now, &t, &i,
	    &error), EH_DENIED_TIME);
	memset(clock_now.boot_id, 9, EH_ID_LEN);
	ck_assert_int_eq(attest(T0, 1), EH_DENIED_TIME);
	memset(clock_now.boot_id, 1, EH_ID_LEN);
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	ck_assert_int_eq(attest(T0, 2), EH_DENIED_TIME);	/* used once */
}
END_TEST

START_TEST(t1_an_older_tseq_or_a_time_before_the_floor_is_refused)
{
	nonce();
	ck_assert_int_eq(attest(T0, 5), EH_OK);
	nonce();
	ck_assert_int_eq(attest(T0 + 1, 5), EH_ERR_REPLAYED);
	ck_assert_int_eq(attest(T0 - 100, 6), EH_DENIED_TIME);
	ck_assert_int_eq(attest(T0 - 4, 6), EH_OK);	/* T + u = F */
}
END_TEST

START_TEST(t6_a_restarted_daemon_keeps_its_quality_another_boot_does_not)
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

START_TEST(t4_the_floor_rises_with_powered_time_and_never_falls)
{
	struct eh_now n;

	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	pass(1000);
	n = now();
	eh_clockguard_raise(&guard, &state, &n);
	ck_assert_uint_eq(state.floor, T0 - 2 + 999);
	boot(2);
	pass(500);
	n = now();
	ck_assert_uint_eq(n.t_lo, T0 - 2 + 999 + 499);	/* minus the drift */
	ck_assert_uint_eq(n.since, 1500);
	eh_clockguard_raise(&guard, &state, &n);
	n = now();	/* raising it does not count the time twice */
	ck_assert_uint_eq(n.t_lo, T0 - 2 + 999 + 499);
	boot(3);
	n = now();
	ck_assert_uint_eq(n.t_lo, T0 - 2 + 999 + 499);
	ck_assert_uint_eq(n.since, 1500);
}
END_TEST

START_TEST(t2_clocks_that_disagree_cost_the_quality)
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

START_TEST(t2_a_clock_that_goes_back_while_we_look_costs_the_quality)
{
	struct eh_clock_reading before;
	struct eh_now n;

	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	pass(1000);
	n = now();
	eh_clockguard_raise(&guard, &state, &n);
	before = state.seen;
	clock_now.raw -= 1;
	n = now();
	ck_assert_int_eq(n.quality, EH_QUALITY_FLOOR);
	eh_clockguard_raise(&guard, &state, &n);
	ck_assert_mem_eq(&state.seen, &before, sizeof(before));
	ck_assert_uint_eq(restart(), EH_BOOT_OTHER_BOOT | EH_BOOT_CLOCKS);
}
END_TEST

START_TEST(t2_a_slowed_clock_does_not_stretch_time)
{
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	clock_now.boottime += 100 * S;
	clock_now.raw += 50 * S;
	ck_assert_uint_eq(now().t_lo, T0 - 2 + 99);
}
END_TEST

START_TEST(t3_expiry_and_begin_are_judged_to_the_second)
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

START_TEST(t3_after_a_boot_grace_may_bridge_but_not_for_strict_uses)
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

START_TEST(t3_the_offline_limit_counts_powered_time)
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

START_TEST(t5_the_host_clock_may_refuse_and_never_permit)
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

START_TEST(t8a_no_message_lifts_the_floor_out_of_reach)
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

START_TEST(t9_not_before_lies_in_the_window_of_attested_time)
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

START_TEST(t6_a_replayed_attestation_gives_the_same_clock)
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

/* The TPM is asked now, as at the start, at a commit and each minute. */
static void
ask_tpm(void)
{
	eh_clockguard_tpm(&guard, &clock_now);
}

/* From here on there is a TPM, attested with. */
static void
with_tpm(void)
{
	clock_now.tpm.known = 1;
	clock_now.tpm.resets = 7;
	clock_now.tpm.ms = 5000;
	restart();
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
}

static void
pass_all(uint64_t seconds)
{
	pass(seconds);
	clock_now.tpm.ms += seconds * 1000;
}

START_TEST(t1_a_courier_may_take_days_and_widens_the_interval_upward)
{
	nonce();
	pass(3 * DAYS);
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	ck_assert_uint_eq(now().t_lo, T0 - 2);
	ck_assert_uint_eq(now().t_hi, T0 + 2 + 3 * DAYS);
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
}
END_TEST

START_TEST(t1_a_nonce_dies_when_the_tpm_was_reset)
{
	with_tpm();
	nonce();
	clock_now.tpm.resets++;
	ck_assert_int_eq(attest(T0 + 1, 2), EH_DENIED_TIME);
	ck_assert_ptr_nonnull(strstr(error.text, "edgehsm-authority time"));
	clock_now.tpm.resets--;
	ck_assert_int_eq(attest(T0 + 1, 2), EH_OK);
}
END_TEST

START_TEST(t2_a_day_after_the_attestation_the_time_is_attested_not_fresh)
{
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	pass(DAYS - 1);
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
	pass(1);
	ck_assert_int_eq(now().quality, EH_QUALITY_ATTESTED);
}
END_TEST

START_TEST(t2_each_of_three_clocks_can_show_that_the_others_are_slow)
{
	struct eh_clock_reading then;

	with_tpm();
	then = clock_now;
	for (unsigned i = 0; i < 3; i++) {
		clock_now = then;
		nonce();
		ck_assert_int_eq(attest(T0, 2 + i), EH_OK);
		pass_all(1000);
		if (i == 0)
			clock_now.boottime += 71 * S;
		else if (i == 1)
			clock_now.raw += 71 * S;
		else	/* the TPM's may be 15 % off */
			clock_now.tpm.ms += 255 * 1000;
		ask_tpm();
		ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
		ck_assert_int_eq(
		    permit(T0 - 2, T0 + 1, EH_CLOCK_NORMAL), EH_DENIED_EXPIRED);
		ck_assert_int_eq(
		    permit(T0 - 2, T0 + 5000, EH_CLOCK_STRICT), EH_DENIED_TIME);
		ck_assert_ptr_nonnull(strstr(error.text, "clocks of the "
		    "machine disagree"));
	}
}
END_TEST

START_TEST(t2_a_tpm_that_is_percents_off_costs_nothing)
{
	struct eh_now n;

	with_tpm();
	pass(100000);
	clock_now.tpm.ms += 110000 * 1000;
	ask_tpm();
	n = now();
	ck_assert_int_eq(n.quality, EH_QUALITY_ATTESTED);
	/* It may only make the interval wider. */
	ck_assert_uint_eq(n.t_lo, T0 - 2 + 100000 - 50);
	ck_assert_uint_eq(n.t_hi, T0 + 2 + 110000 + 55);
	ck_assert_uint_eq(n.since, 100000);
	nonce();
	ck_assert_int_eq(attest(T0 + 100000, 2), EH_OK);
	pass(100000);
	clock_now.tpm.ms += 90000 * 1000;
	ask_tpm();
	n = now();
	ck_assert_int_eq(n.quality, EH_QUALITY_ATTESTED);
	ck_assert_uint_eq(n.t_lo, T0 - 2 + 200000 - 50);
	ck_assert_uint_eq(n.t_hi, T0 + 2 + 200000 + 50);
}
END_TEST

START_TEST(t2_between_two_answers_the_hosts_clocks_carry_the_tpms_on)
{
	with_tpm();
	pass_all(1000);
	ask_tpm();
	pass_all(3000);
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
	ck_assert_uint_eq(now().since, 4000);
}
END_TEST

START_TEST(t2_without_the_tpm_that_it_was_held_against_time_is_not_trusted)
{
	with_tpm();
	pass_all(100);
	clock_now.tpm.known = 0;
	ask_tpm();
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
	clock_now.tpm.known = 1;
	ask_tpm();
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
}
END_TEST

START_TEST(t2_clocks_that_disagreed_are_told_at_the_next_start)
{
	struct eh_now n;

	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	pass(1000);
	n = now();
	eh_clockguard_raise(&guard, &state, &n);
	ck_assert_uint_eq(restart(), 0);
	clock_now.boottime += 75 * S;
	n = now();
	eh_clockguard_raise(&guard, &state, &n);
	clock_now.raw += 75 * S;	/* brought together again */
	ck_assert_uint_eq(restart(), EH_BOOT_CLOCKS);
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
	nonce();
	ck_assert_int_eq(attest(T0 + 2000, 2), EH_OK);
	ck_assert_uint_eq(restart(), 0);
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
}
END_TEST

START_TEST(t2_a_machine_that_was_suspended_while_the_daemon_was_down_is_told)
{
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	pass(1000);
	clock_now.boottime += 3600 * S;
	ck_assert_uint_eq(restart(), EH_BOOT_CLOCKS);
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
}
END_TEST

START_TEST(t2_without_an_attestation_in_this_boot_only_the_lower_end_is_known)
{
	struct eh_now n;

	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	boot(2);
	pass(1000);
	n = now();
	ck_assert_int_eq(n.quality, EH_QUALITY_FLOOR);
	ck_assert_uint_eq(n.t_lo, T0 - 2 + 999);
	ck_assert_uint_eq(n.t_hi, EH_TIME_MAX);
}
END_TEST

START_TEST(t3_at_quality_1_expiry_is_judged_by_the_lower_end)
{
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	boot(2);
	ck_assert_int_eq(permit(T0 - 2, T0 - 1, EH_CLOCK_NORMAL), EH_OK);
	pass(2);
	ck_assert_int_eq(
	    permit(T0 - 2, T0 - 1, EH_CLOCK_NORMAL), EH_DENIED_EXPIRED);
}
END_TEST

START_TEST(t3_a_higher_quality_than_there_is_is_asked_for_in_vain)
{
	struct eh_limits strict = limits;
	struct eh_now n;

	strict.quality = EH_QUALITY_FRESH;
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	n = now();
	ck_assert_int_eq(eh_clockguard_permit(&n, T0 - 2, T0 + 9 * DAYS, &strict,
	    EH_CLOCK_NORMAL, "PO-1", &error), EH_OK);
	pass(DAYS);
	n = now();
	ck_assert_int_eq(eh_clockguard_permit(&n, T0 - 2, T0 + 9 * DAYS, &strict,
	    EH_CLOCK_NORMAL, "PO-1", &error), EH_DENIED_TIME);
	ck_assert_ptr_nonnull(strstr(error.text, "quality 2"));
	ck_assert_ptr_nonnull(strstr(error.text, "edgehsm token nonce"));
	ck_assert_ptr_nonnull(strstr(error.text, "edgehsm-authority time"));
	ck_assert_ptr_nonnull(strstr(error.text, "edgehsm token import"));
}
END_TEST

START_TEST(t3_without_boot_grace_nothing_is_done_at_quality_1)
{
	struct eh_limits none = limits;
	struct eh_now n;

	none.boot_grace = 0;
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	n = now();
	ck_assert_int_eq(eh_clockguard_permit(&n, T0 - 2, T0 + 9, &none,
	    EH_CLOCK_NORMAL, "PO-1", &error), EH_OK);
	boot(2);
	n = now();
	ck_assert_int_eq(eh_clockguard_permit(&n, T0 - 2, T0 + 9, &none,
	    EH_CLOCK_NORMAL, "PO-1", &error), EH_DENIED_TIME);
	ck_assert_ptr_nonnull(strstr(error.text, "edgehsm token nonce"));
}
END_TEST

START_TEST(t4_no_wall_clock_raises_the_floor)
{
	struct eh_now n;

	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	clock_now.wall = T0 + 3650 * DAYS;
	pass(10);
	n = now();
	eh_clockguard_raise(&guard, &state, &n);
	ck_assert_uint_eq(state.floor, T0 - 2 + 9);
	boot(2);
	n = now();
	eh_clockguard_raise(&guard, &state, &n);
	ck_assert_uint_eq(state.floor, T0 - 2 + 9);
	ck_assert_uint_eq(state.seen.wall, 0);
}
END_TEST

START_TEST(t4_time_goes_on_while_the_daemon_is_down)
{
	struct eh_now n;

	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	boot(2);
	n = now();
	eh_clockguard_raise(&guard, &state, &n);
	pass(1000);
	restart();
	ck_assert_uint_eq(now().t_lo, T0 - 2 + 999);
	ck_assert_uint_eq(now().since, 1000);
}
END_TEST

START_TEST(t6_clocks_behind_those_of_the_attestation_are_another_boot)
{
	pass(1000);
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	clock_now.boottime -= 1;
	ck_assert_uint_eq(restart(), EH_BOOT_OTHER_BOOT);
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
}
END_TEST

START_TEST(t6_clocks_behind_those_of_the_last_commit_are_another_boot)
{
	struct eh_now n;

	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	pass(1000);
	n = now();
	eh_clockguard_raise(&guard, &state, &n);
	clock_now.boottime -= 500 * S;	/* in a time namespace */
	clock_now.raw -= 500 * S;
	ck_assert_uint_eq(restart(), EH_BOOT_OTHER_BOOT);
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
	ck_assert_uint_ge(now().t_lo, T0 - 2 + 999);
}
END_TEST

START_TEST(t6_a_tpm_that_was_reset_is_another_boot)
{
	with_tpm();
	pass_all(100);
	ck_assert_uint_eq(restart(), 0);
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
	clock_now.tpm.resets++;
	ck_assert_uint_eq(restart(), EH_BOOT_OTHER_BOOT);
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
	clock_now.tpm.resets--;
	ck_assert_uint_eq(restart(), 0);
	/* Also while the daemon runs, and for good. */
	clock_now.tpm.resets++;
	ask_tpm();
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
	clock_now.tpm.resets--;
	ask_tpm();
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
}
END_TEST

START_TEST(t7_no_clock_of_the_host_stands_for_one_in_the_boundary)
{
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	boot(2);
	clock_now.wall = T0;	/* right, by what battery ever */
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
	ck_assert_uint_eq(now().t_hi, EH_TIME_MAX);
	ck_assert_int_eq(
	    permit(T0 - 2, T0 + 9, EH_CLOCK_STRICT), EH_DENIED_TIME);
}
END_TEST

START_TEST(t8a_a_beacon_raises_the_floor_and_nothing_else)
{
	struct eh_time_attestation t = answer(T0 + 100, 9);
	struct eh_now n = now();

	t.has_nonce = 0;
	/* Never attested: there is nothing to raise. */
	ck_assert_int_eq(eh_clockguard_check_beacon(&state, &n, &t, &error),
	    EH_DENIED_TIME);
	ck_assert_ptr_nonnull(strstr(error.text, "edgehsm-authority time"));
	nonce();
	ck_assert_int_eq(attest(T0, 1), EH_OK);
	boot(2);
	n = now();
	ck_assert_int_eq(
	    eh_clockguard_check_beacon(&state, &n, &t, &error), EH_OK);
	eh_clockguard_beacon(&state, &t);
	ck_assert_uint_eq(state.floor, T0 + 98);
	ck_assert_uint_eq(now().t_lo, T0 + 98);
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
	ck_assert_uint_eq(state.tseq, 1);
	n = now();	/* the same again, or an older one, does nothing */
	ck_assert_int_eq(
	    eh_clockguard_check_beacon(&state, &n, &t, &error), 1);
	t.from.iat = T0 + 98 + 400 * DAYS;
	ck_assert_int_eq(
	    eh_clockguard_check_beacon(&state, &n, &t, &error), EH_OK);
	t.from.iat++;
	ck_assert_int_eq(eh_clockguard_check_beacon(&state, &n, &t, &error),
	    EH_DENIED_TIME);
	nonce();	/* and 300 s once the time is attested */
	ck_assert_int_eq(attest(T0 + 200, 2), EH_OK);
	n = now();
	t.from.iat = T0 + 202 + 300;
	ck_assert_int_eq(
	    eh_clockguard_check_beacon(&state, &n, &t, &error), EH_OK);
	t.from.iat++;
	ck_assert_int_eq(eh_clockguard_check_beacon(&state, &n, &t, &error),
	    EH_DENIED_TIME);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("clockguard");
	TCase *t = tcase_create("clockguard");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(
	    t, t1_a_nonce_of_another_boot_or_a_foreign_one_is_refused);
	tcase_add_test(
	    t, t1_an_older_tseq_or_a_time_before_the_floor_is_refused);
	tcase_add_test(
	    t, t1_a_courier_may_take_days_and_widens_the_interval_upward);
	tcase_add_test(t, t1_a_nonce_dies_when_the_tpm_was_reset);
	tcase_add_test(t, t2_an_answered_nonce_gives_an_interval);
	tcase_add_test(t, t2_clocks_that_disagree_cost_the_quality);
	tcase_add_test(
	    t, t2_a_clock_that_goes_back_while_we_look_costs_the_quality);
	tcase_add_test(t, t2_a_slowed_clock_does_not_stretch_time);
	tcase_add_test(
	    t, t2_a_day_after_the_attestation_the_time_is_attested_not_fresh);
	tcase_add_test(
	    t, t2_each_of_three_clocks_can_show_that_the_others_are_slow);
	tcase_add_test(t, t2_a_tpm_that_is_percents_off_costs_nothing);
	tcase_add_test(
	    t, t2_between_two_answers_the_hosts_clocks_carry_the_tpms_on);
	tcase_add_test(
	    t, t2_without_the_tpm_that_it_was_held_against_time_is_not_trusted);
	tcase_add_test(t, t2_clocks_that_disagreed_are_told_at_the_next_start);
	tcase_add_test(
	    t, t2_a_machine_that_was_suspended_while_the_daemon_was_down_is_told);
	tcase_add_test(
	    t, t2_without_an_attestation_in_this_boot_only_the_lower_end_is_known);
	tcase_add_test(t, t3_before_any_attestation_nothing_is_permitted);
	tcase_add_test(t, t3_expiry_and_begin_are_judged_to_the_second);
	tcase_add_test(
	    t, t3_after_a_boot_grace_may_bridge_but_not_for_strict_uses);
	tcase_add_test(t, t3_the_offline_limit_counts_powered_time);
	tcase_add_test(t, t3_at_quality_1_expiry_is_judged_by_the_lower_end);
	tcase_add_test(
	    t, t3_a_higher_quality_than_there_is_is_asked_for_in_vain);
	tcase_add_test(t, t4_the_floor_rises_with_powered_time_and_never_falls);
	tcase_add_test(t, t3_without_boot_grace_nothing_is_done_at_quality_1);
	tcase_add_test(t, t4_no_wall_clock_raises_the_floor);
	tcase_add_test(t, t4_time_goes_on_while_the_daemon_is_down);
	tcase_add_test(t, t5_the_host_clock_may_refuse_and_never_permit);
	tcase_add_test(
	    t, t6_a_restarted_daemon_keeps_its_quality_another_boot_does_not);
	tcase_add_test(t, t6_a_replayed_attestation_gives_the_same_clock);
	tcase_add_test(
	    t, t6_clocks_behind_those_of_the_attestation_are_another_boot);
	tcase_add_test(
	    t, t6_clocks_behind_those_of_the_last_commit_are_another_boot);
	tcase_add_test(t, t6_a_tpm_that_was_reset_is_another_boot);
	tcase_add_test(
	    t, t7_no_clock_of_the_host_stands_for_one_in_the_boundary);
	tcase_add_test(t, t8a_no_message_lifts_the_floor_out_of_reach);
	tcase_add_test(t, t8a_a_beacon_raises_the_floor_and_nothing_else);
	tcase_add_test(t, t9_not_before_lies_in_the_window_of_attested_time);
	suite_add_tcase(s, t);
	return unit_run(s);
}
