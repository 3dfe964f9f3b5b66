/* SPDX-License-Identifier: Apache-2.0 */
/* test_week.c - a week without a link: the default limits carry the line through
 * it, and each of them, lowered, stops it where it says. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/authority/authorize.h"
#include "test/fault/heart.h"
#include "test/unit/unit.h"

/*
 * The heart of edgehsmd on a simulated machine (sim.h): 300 devices an hour, one
 * each 12 s, with two certificates and a report each.  The authority's own
 * defaults are in force.  The time was attested, and the log acknowledged, when
 * the link was cut; nothing comes in after that.
 */
#define SECONDS   12		/* per device */
#define PER_HOUR  (3600 / SECONDS)
#define WEEK      (168 * PER_HOUR)
#define TEMPLATES 2
#define DAY       86400
#define ORDER     1
#define NOW       UINT64_C(1790000000)	/* when heart.c attested the time */

static struct heart h;
static struct heart_order order;

static void
begin(void)
{
	uint32_t lease = eh_authorize_lease(WEEK + 1000);

	memset(&h, 0, sizeof(h));
	h.segment = 8 * EH_SEGMENT_MIN;
	heart_begin(&h, 4711);
	order = heart_order(ORDER, WEEK + 1000, lease);
	order.uses = TEMPLATES;
	order.issues = eh_authorize_quota(order.quota, TEMPLATES,
	    EH_AUTHORIZE_STOPS, lease);
	order.max_unacked = eh_authorize_unacked(TEMPLATES);
	order.max_unaccounted = eh_authorize_limits.max_unaccounted;
	order.max_offline = eh_authorize_limits.max_offline;
	order.grace = eh_authorize_limits.boot_grace;
	order.quality = (uint32_t)eh_authorize_limits.quality;
	order.expires = NOW +
	    (uint64_t)eh_authorize_days(order.quota) * DAY;
}

static void
end(void)
{
	heart_end(&h);
}

static void
install(void)
{
	ck_assert_msg(heart_install(&h, &order) == EH_OK, "%s", h.error.text);
}

static int
issue(uint32_t device, uint8_t template_index)
{
	struct heart_ask ask = {
		.order = ORDER,
		.device = device,
		.template_index = template_index,
		.templates = TEMPLATES,
	};

	return heart_issue(&h, &ask, NULL, NULL);
}

/* A device on the line: both certificates, its report, and the time that goes
 * by, with what the daemon does each minute. */
static int
make(uint32_t device)
{
	int err;

	if ((err = issue(device, 0)) != EH_OK)
		return err;
	ck_assert_msg(issue(device, 1) == EH_OK, "%s", h.error.text);
	ck_assert_msg(heart_report(&h, ORDER, device, EH_OUTCOME_GOOD) == EH_OK,
	    "%s", h.error.text);
	sim_pass(h.sim, SECONDS);
	if (device % (60 / SECONDS) == 0)
		ck_assert_int_eq(eh_engine_tick(h.eng, NULL), EH_OK);
	return EH_OK;
}

/* Make devices from ${first} on, ${most} at most; the first that was not made,
 * because of ${errp}. */
static uint32_t
make_from(uint32_t first, uint32_t most, int *errp)
{
	uint32_t i = 0;

	*errp = EH_OK;
	while (i < most && (*errp = make(first + i)) == EH_OK)
		i++;
	return first + i;
}

static void
make_all(uint32_t first, uint32_t n)
{
	int err;
	uint32_t next = make_from(first, n, &err);

	ck_assert_msg(next == first + n, "device %u: %s", next, h.error.text);
}

/* The machine is shut down and boots again, some minutes later. */
static void
boot(void)
{
	ck_assert_msg(heart_stop(&h) == EH_OK, "%s", h.error.text);
	sim_reboot(h.sim);
	sim_boot(h.sim);
	ck_assert_msg(heart_open(&h) == EH_OK, "%s", h.error.text);
}

/* The power fails, and comes back: what was not synced is lost. */
static void
power_cut(void)
{
	heart_drop(&h);
	sim_reboot(h.sim);
	sim_boot(h.sim);
	ck_assert_msg(heart_open(&h) == EH_OK, "%s", h.error.text);
}

/* The line stands still: no new device, with this code, and the sentence has
 * ${a}, ${b} and ${c}. */
static void
stopped(uint32_t device, int code, const char *a, const char *b, const char *c)
{
	int err = make(device);

	ck_assert_msg(err == code, "%d, not %d: %s", err, code, h.error.text);
	ck_assert_msg(strstr(h.error.text, a) != NULL, "%s", h.error.text);
	ck_assert_msg(strstr(h.error.text, b) != NULL, "%s", h.error.text);
	ck_assert_msg(strstr(h.error.text, c) != NULL, "%s", h.error.text);
}

static void
must_be_attested(uint32_t device, const char *numbers)
{
	stopped(device, EH_DENIED_TIME, "`edgehsm token nonce`",
	    "`edgehsm-authority time`", numbers);
	ck_assert_ptr_nonnull(strstr(h.error.text, "`edgehsm token import`"));
}

/* Attested nearly a day before; then the link is cut. */
static void
cut_the_link(void)
{
	install();
	sim_pass(h.sim, DAY - 3600);
	ck_assert_int_eq(eh_engine_tick(h.eng, NULL), EH_OK);
}

START_TEST(the_defaults_carry_the_line_through_a_week)
{
	struct eh_counter passes;

	cut_the_link();
	make_all(1, 50 * PER_HOUR);
	boot();
	make_all(1 + 50 * PER_HOUR, 60 * PER_HOUR);
	power_cut();
	make_all(1 + 110 * PER_HOUR, 58 * PER_HOUR);
	passes = heart_counter(&h, ORDER, EH_OP_PASS);
	ck_assert_uint_eq(passes.used, WEEK);
	ck_assert_uint_le(passes.burned, order.lease + order.lease / 4);
	ck_assert_uint_eq(
	    heart_counter(&h, ORDER, EH_OP_ISSUE).used, TEMPLATES * WEEK);
	ck_assert_uint_ge(
	    h.eng->state->log.tree.size, (TEMPLATES + 1) * WEEK);
	ck_assert_uint_eq(h.eng->state->boots, 3);
}
END_TEST

/* The worst of it: both come before the first device of the week. */
START_TEST(a_boot_and_a_power_cut_at_once_leave_grace_for_a_week)
{
	cut_the_link();
	boot();
	make_all(1, 10);
	power_cut();
	make_all(11, 10);
	ck_assert_uint_ge(heart_row(&h, ORDER)->grace +
	    h.eng->books[heart_row(&h, ORDER) - h.eng->state->row].graced,
	    WEEK - 20);
}
END_TEST

START_TEST(max_unacked_stops_it_at_the_record_that_it_says)
{
	uint32_t next;
	int err;

	order.max_unacked = 1000;
	cut_the_link();
	next = make_from(1, WEEK, &err);
	/* With 1000 records out, one more device may begin; with 1002 none. */
	ck_assert_uint_eq(next - 1, 501);
	stopped(next, EH_DENIED_OFFLINE, "1002 records are not acknowledged",
	    "allows 1000", "edgehsm-authority ack");
	/* What was made can still be asked for, and reported. */
	ck_assert_int_eq(issue(1, 0), EH_OK);
	ck_assert_int_eq(
	    heart_report(&h, ORDER, 1, EH_OUTCOME_SCRAPPED), EH_OK);
}
END_TEST

START_TEST(max_offline_stops_it_at_the_second_that_it_says)
{
	order.max_offline = DAY;
	cut_the_link();
	make_all(1, PER_HOUR);
	/* A day to the second. */
	ck_assert_int_eq(issue(PER_HOUR + 1, 0), EH_OK);
	sim_pass(h.sim, 1);
	stopped(PER_HOUR + 2, EH_DENIED_OFFLINE, "86401 s since the last time",
	    "allows 86400", "`edgehsm-authority time`");
	stopped(PER_HOUR + 2, EH_DENIED_OFFLINE, "`edgehsm token nonce`",
	    "`edgehsm token import`", "PO-1");
}
END_TEST

/* Time that the machine is off does not count, a boot does not help. */
START_TEST(max_offline_counts_over_boots)
{
	order.max_offline = DAY;
	cut_the_link();
	make_all(1, PER_HOUR / 2);
	boot();
	make_all(1 + PER_HOUR / 2, PER_HOUR / 2);
	sim_pass(h.sim, 60);
	stopped(PER_HOUR + 1, EH_DENIED_OFFLINE, "since the last time attest",
	    "allows 86400", "`edgehsm token import`");
}
END_TEST

START_TEST(max_unaccounted_stops_it_after_the_power_cut_that_is_too_much)
{
	struct eh_counter passes;
	char burned[64];

	order.max_unaccounted = 100;
	cut_the_link();
	make_all(1, 10);
	power_cut();
	/* The first lease was of 256, and 10 of them are accounted for. */
	snprintf(burned, sizeof(burned), "%u devices were burned",
	    order.lease - 10);
	stopped(11, EH_DENIED_OFFLINE, burned, "allows 100",
	    "edgehsm-authority ack");
	passes = heart_counter(&h, ORDER, EH_OP_PASS);
	ck_assert_uint_eq(passes.burned, order.lease - 10u);
}
END_TEST

START_TEST(max_unaccounted_lets_the_power_cut_pass_that_is_not)
{
	order.max_unaccounted = order.lease - 10;
	cut_the_link();
	make_all(1, 10);
	power_cut();
	make_all(11, 10);
}
END_TEST

START_TEST(boot_grace_stops_it_after_so_many_devices)
{
	uint32_t next;
	int err;

	order.grace = 100;
	cut_the_link();
	make_all(1, 10);	/* none of these needs it */
	boot();
	next = make_from(11, WEEK, &err);
	ck_assert_uint_eq(next, 11 + 100);
	must_be_attested(next, "allows 100 devices");
	boot();			/* and another boot gives nothing back */
	must_be_attested(next, "allows 100 devices");
}
END_TEST

START_TEST(without_boot_grace_a_boot_stops_it)
{
	order.grace = 0;
	cut_the_link();
	make_all(1, 10);
	ck_assert_int_eq(issue(11, 0), EH_OK);
	boot();
	must_be_attested(12, "allows no device");
	/* Not even what was begun. */
	ck_assert_int_eq(issue(11, 1), EH_DENIED_TIME);
}
END_TEST

START_TEST(a_least_quality_of_2_stops_it_at_a_boot)
{
	order.quality = EH_QUALITY_ATTESTED;
	cut_the_link();
	make_all(1, 10);
	boot();
	must_be_attested(11, "needs 2");
}
END_TEST

START_TEST(expiry_stops_it_at_the_second)
{
	char date[64] = "expired";
	uint32_t next;
	int err;

	/* 500 ppm of the time since the attestation are t_hi's margin. */
	order.expires = NOW + DAY;
	cut_the_link();
	next = make_from(1, WEEK, &err);
	ck_assert_uint_eq(next - 1,
	    (3600 - (DAY * 500 / 1000000) - 1) / SECONDS + 1);
	stopped(next, EH_DENIED_EXPIRED, date, "PO-1", "the OEM");
}
END_TEST

START_TEST(the_quota_stops_it_at_the_device)
{
	order.quota = 500;
	order.issues = 500 * TEMPLATES + 16;
	order.lease = 16;
	cut_the_link();
	make_all(1, 500);
	stopped(501, EH_DENIED_QUOTA, "500 devices", "used", "PO-1");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("week");
	TCase *t = tcase_create("a week without a link");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 300);
	tcase_add_test(t, the_defaults_carry_the_line_through_a_week);
	tcase_add_test(t, a_boot_and_a_power_cut_at_once_leave_grace_for_a_week);
	tcase_add_test(t, max_unacked_stops_it_at_the_record_that_it_says);
	tcase_add_test(t, max_offline_stops_it_at_the_second_that_it_says);
	tcase_add_test(t, max_offline_counts_over_boots);
	tcase_add_test(t,
	    max_unaccounted_stops_it_after_the_power_cut_that_is_too_much);
	tcase_add_test(
	    t, max_unaccounted_lets_the_power_cut_pass_that_is_not);
	tcase_add_test(t, boot_grace_stops_it_after_so_many_devices);
	tcase_add_test(t, without_boot_grace_a_boot_stops_it);
	tcase_add_test(t, a_least_quality_of_2_stops_it_at_a_boot);
	tcase_add_test(t, expiry_stops_it_at_the_second);
	tcase_add_test(t, the_quota_stops_it_at_the_device);
	suite_add_tcase(s, t);
	return unit_run(s);
}
