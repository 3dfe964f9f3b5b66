/* SPDX-License-Identifier: Apache-2.0 */
/* test_time.c - the whole engine on clocks that are set, stopped and booted. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "test/fault/heart.h"
#include "test/unit/unit.h"

#define T0    UINT64_C(1790000000)	/* attested when it begins */
#define HOUR  3600
#define DAY   UINT64_C(86400)
#define YEARS (3652 * DAY)		/* ten */

static struct heart h;
static struct heart_order order;
static uint32_t device;

/* PO-1 ends in 10 days, PO-2 in 300; each has 50 devices after a boot. */
static void
begin(void)
{
	memset(&h, 0, sizeof(h));
	heart_begin(&h, 99);
	order = heart_order(1, 1000, 16);
	order.grace = 50;
	order.expires = T0 + 10 * DAY;
	ck_assert_int_eq(heart_install(&h, &order), EH_OK);
	order.number = 2;
	order.profile = 2;
	order.expires = 0;
	ck_assert_int_eq(heart_install(&h, &order), EH_OK);
	device = 0;
}

static void
end(void)
{
	heart_end(&h);
}

static int
make(uint32_t number)
{
	struct heart_ask ask = { .order = number, .device = ++device };

	return heart_issue(&h, &ask, NULL, NULL);
}

static void
made(uint32_t number)
{
	ck_assert_msg(make(number) == EH_OK, "%s", h.error.text);
}

static void
refused(uint32_t number, int code, const char *words)
{
	uint64_t size = h.eng->state->log.tree.size;
	int err = make(number);

	ck_assert_msg(err == code, "%d, not %d: %s", err, code, h.error.text);
	ck_assert_msg(strstr(h.error.text, words) != NULL, "%s", h.error.text);
	ck_assert_uint_eq(h.eng->state->log.tree.size, size);
}

/* What must be attested says by which three commands. */
static void
untrusted(uint32_t number)
{
	refused(number, EH_DENIED_TIME, "`edgehsm token nonce`");
	ck_assert_ptr_nonnull(strstr(h.error.text, "`edgehsm-authority time`"));
	ck_assert_ptr_nonnull(strstr(h.error.text, "`edgehsm token import`"));
}

/* The daemon's minutes for so long. */
static void
pass(uint64_t seconds)
{
	for (; seconds >= 60; seconds -= 60) {
		sim_pass(h.sim, 60);
		ck_assert_int_eq(eh_engine_tick(h.eng, NULL), EH_OK);
	}
	sim_pass(h.sim, seconds);
}

static struct eh_now
now(void)
{
	struct eh_now n;

	eh_engine_lock(h.eng);
	eh_engine_now(h.eng, &n);
	eh_engine_unlock(h.eng);
	return n;
}

static void
restart(void)
{
	ck_assert_msg(heart_stop(&h) == EH_OK, "%s", h.error.text);
	ck_assert_msg(heart_open(&h) == EH_OK, "%s", h.error.text);
}

static void
boot(void)
{
	ck_assert_msg(heart_stop(&h) == EH_OK, "%s", h.error.text);
	sim_reboot(h.sim);
	sim_boot(h.sim);
	ck_assert_msg(heart_open(&h) == EH_OK, "%s", h.error.text);
}

START_TEST(the_host_clock_set_back_ten_years_changes_nothing)
{
	pass(9 * DAY);
	sim_clock(h.sim)->wall -= YEARS;
	made(1);
	restart();
	made(1);
	pass(DAY);	/* and what has ended stays so, whatever it says */
	refused(1, EH_DENIED_EXPIRED, "PO-1 expired");
	sim_clock(h.sim)->wall = 0;
	refused(1, EH_DENIED_EXPIRED, "PO-1 expired");
	restart();
	refused(1, EH_DENIED_EXPIRED, "PO-1 expired");
	made(2);
	ck_assert_uint_ge(h.eng->state->clock.floor, T0 + 9 * DAY);
}
END_TEST

START_TEST(the_host_clock_set_forward_ten_years_refuses_while_it_lasts)
{
	made(1);
	sim_clock(h.sim)->wall += YEARS;
	refused(1, EH_DENIED_TIME, "the host's clock says 203");
	refused(2, EH_DENIED_TIME, "set it right");
	pass(2 * HOUR);	/* commits go on, and learn nothing from it */
	restart();
	refused(2, EH_DENIED_TIME, "set it right");
	sim_clock(h.sim)->wall -= YEARS;
	made(1);
	made(2);
	ck_assert_uint_le(h.eng->state->clock.floor, T0 + 3 * HOUR);
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
}
END_TEST

/* Neither by the host's clock nor by booting does anything begin that has not
 * begun, or go on that has ended. */
START_TEST(nothing_is_permitted_by_host_time_alone)
{
	static const int64_t shift[] = { 0, 1, -1 };

	pass(10 * DAY + HOUR);	/* behind the end by t_lo, too */
	for (size_t i = 0; i < 3; i++) {
		sim_clock(h.sim)->wall = T0 + (uint64_t)shift[i] * YEARS;
		ck_assert_int_ne(make(1), EH_OK);
		boot();
		ck_assert_int_ne(make(1), EH_OK);
	}
	/* Right, and never attested in this boot: no more than the grace. */
	sim_clock(h.sim)->wall = T0 + 10 * DAY + HOUR;
	for (unsigned i = 0; i < 50; i++)
		if (make(2) != EH_OK)
			break;
	untrusted(2);
}
END_TEST

START_TEST(a_clock_that_stands_still_shows_by_the_other_one)
{
	made(1);
	for (unsigned i = 0; i < 100; i++) {
		sim_clock(h.sim)->boottime += 60 * UINT64_C(1000000000);
		ck_assert_int_eq(eh_engine_tick(h.eng, NULL), EH_OK);
	}
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
	/* It is told at the next start, and stays until it is attested. */
	restart();
	made(1);
	ck_assert_uint_eq(h.eng->boot_flags, EH_BOOT_CLOCKS);
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
	ck_assert_int_eq(heart_attest(&h, T0 + 2 * HOUR, 2), EH_OK);
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
	made(1);
}
END_TEST

/* Clocks that all stand still are a boundary that does: the floor stays, and
 * nothing that was over comes back. */
START_TEST(clocks_that_stop_take_nothing_back)
{
	struct eh_clock_reading then;

	pass(10 * DAY + HOUR);
	refused(1, EH_DENIED_EXPIRED, "PO-1 expired");
	then = *sim_clock(h.sim);
	restart();
	made(2);
	*sim_clock(h.sim) = then;
	sim_clock(h.sim)->boottime -= 5 * DAY * UINT64_C(1000000000);
	sim_clock(h.sim)->raw -= 5 * DAY * UINT64_C(1000000000);
	restart();
	refused(1, EH_DENIED_EXPIRED, "PO-1 expired");
	made(2);	/* out of the grace */
	ck_assert_uint_eq(
	    h.eng->boot_flags, EH_BOOT_OTHER_BOOT | EH_BOOT_CLOCKS);
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
}
END_TEST

START_TEST(a_restart_in_the_same_boot_keeps_the_time_and_a_boot_does_not)
{
	pass(HOUR);
	restart();
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
	made(1);
	heart_drop(&h);		/* killed */
	sim_kill(h.sim);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_int_eq(now().quality, EH_QUALITY_FRESH);
	made(1);
	ck_assert_uint_eq(h.eng->boot_flags & EH_BOOT_OTHER_BOOT, 0);
	boot();
	ck_assert_int_eq(now().quality, EH_QUALITY_FLOOR);
	made(1);
	ck_assert_uint_eq(h.eng->boot_flags, EH_BOOT_OTHER_BOOT);
}
END_TEST

/* Power off to stop the clock: each boot takes of the one grace. */
START_TEST(grace_is_one_for_all_boots_until_the_time_is_attested)
{
	unsigned n = 0;

	for (unsigned boots = 0; boots < 20; boots++) {
		boot();
		for (unsigned i = 0; i < 5; i++)
			n += make(2) == EH_OK;
	}
	ck_assert_uint_le(n, 50);
	ck_assert_uint_ge(n, 10);
	untrusted(2);
	ck_assert_int_eq(heart_attest(&h, T0 + HOUR, 2), EH_OK);
	made(2);
	ck_assert_uint_eq(heart_row(&h, 2)->grace, 50);
	boot();
	for (n = 0; make(2) == EH_OK; n++)
		ck_assert_uint_le(n, 50);
	ck_assert_uint_eq(n, 50);
}
END_TEST

/* Without an attestation in this boot no strict use, grace or not. */
START_TEST(a_reissue_needs_attested_time)
{
	struct heart_ask ask = { .order = 3, .device = 1 };

	order = heart_order(3, 100, 16);
	order.profile = 3;
	order.grace = 50;
	order.reissues = 10;
	ck_assert_int_eq(heart_install(&h, &order), EH_OK);
	ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_OK);
	boot();
	ask.key = 1;
	ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_DENIED_TIME);
	ck_assert_ptr_nonnull(strstr(h.error.text, "needs 2"));
	ck_assert_int_eq(heart_attest(&h, T0 + HOUR, 2), EH_OK);
	ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_OK);
}
END_TEST

START_TEST(expiry_is_one_way)
{
	uint64_t closes;

	pass(10 * DAY + HOUR);	/* t_lo, too, is behind the end */
	ck_assert_int_eq(heart_row(&h, 1)->state, EH_ROW_CLOSED);
	ck_assert_int_eq(heart_row(&h, 1)->close_reason, EH_CLOSE_EXPIRED);
	closes = h.eng->state->log.tree.size;
	/* An attestation that is allowed to be a little earlier. */
	ck_assert_int_eq(heart_attest(&h, T0 + 10 * DAY - HOUR, 2), EH_OK);
	refused(1, EH_DENIED_EXPIRED, "PO-1 expired");
	boot();
	refused(1, EH_DENIED_EXPIRED, "PO-1 expired");
	ck_assert_uint_ge(h.eng->state->log.tree.size, closes);
	ck_assert_int_eq(heart_row(&h, 1)->state, EH_ROW_CLOSED);
}
END_TEST

START_TEST(an_idle_machine_commits_each_hour_and_its_floor_rises)
{
	uint64_t commits;

	made(1);
	commits = h.eng->state->commit;
	pass(5 * HOUR);
	ck_assert_uint_ge(h.eng->state->commit, commits + 4);
	ck_assert_uint_le(h.eng->state->commit, commits + 6);
	heart_drop(&h);
	sim_reboot(h.sim);
	sim_boot(h.sim);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_uint_ge(now().t_lo, T0 + 4 * HOUR - 60);
	/* Also when nobody asks for anything: its start, and no more. */
	commits = h.eng->state->commit;
	pass(50 * 60);
	ck_assert_uint_eq(h.eng->state->commit, commits);
	pass(20 * 60);
	ck_assert_uint_gt(h.eng->state->commit, commits);
	ck_assert_uint_ge(h.eng->state->clock.floor, T0 + 5 * HOUR - 120);
}
END_TEST

/* What happened since the last commit is in the records. */
START_TEST(replay_raises_the_floor_to_the_last_record)
{
	pass(HOUR);
	made(1);
	pass(30 * 60);
	made(1);
	heart_drop(&h);
	sim_reboot(h.sim);
	sim_boot(h.sim);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_uint_ge(now().t_lo, T0 + HOUR + 29 * 60);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("time");
	TCase *t = tcase_create("time");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_host_clock_set_back_ten_years_changes_nothing);
	tcase_add_test(
	    t, the_host_clock_set_forward_ten_years_refuses_while_it_lasts);
	tcase_add_test(t, nothing_is_permitted_by_host_time_alone);
	tcase_add_test(t, a_clock_that_stands_still_shows_by_the_other_one);
	tcase_add_test(t, clocks_that_stop_take_nothing_back);
	tcase_add_test(
	    t, a_restart_in_the_same_boot_keeps_the_time_and_a_boot_does_not);
	tcase_add_test(
	    t, grace_is_one_for_all_boots_until_the_time_is_attested);
	tcase_add_test(t, a_reissue_needs_attested_time);
	tcase_add_test(t, expiry_is_one_way);
	tcase_add_test(
	    t, an_idle_machine_commits_each_hour_and_its_floor_rises);
	tcase_add_test(t, replay_raises_the_floor_to_the_last_record);
	suite_add_tcase(s, t);
	return unit_run(s);
}
