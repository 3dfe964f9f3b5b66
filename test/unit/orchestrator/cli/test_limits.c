/* SPDX-License-Identifier: Apache-2.0 */
/* test_limits.c - how much can still be made, what ends that, who can lift it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/token/limits.h"
#include "test/unit/unit.h"

#define T0  UINT64_C(1790000000)
#define DAY 86400

static struct eh_token_status *s;
static struct eh_token_authorization *a;
static struct eh_outlook o;
static uint64_t wall;

static void
count(unsigned op, uint64_t used, uint64_t burned, uint64_t quota)
{
	struct eh_counter c = { .used = used, .burned = burned,
		.reserved = used + burned, .quota = quota };

	ck_assert_int_eq(eh_counters_add(&a->counters, op, &c), EH_OK);
}

/* Attested a minute ago; 90 of 100 devices left, of two certificates. */
static void
begin(void)
{
	s = calloc(1, sizeof(*s));
	ck_assert_ptr_nonnull(s);
	a = &s->authorization[0];
	s->nauthorizations = 1;
	s->state = EH_STATE_READY;
	s->quality = EH_QUALITY_FRESH;
	s->t_lo = T0;
	s->t_hi = T0 + 4;
	s->since_time = 60;
	a->not_before = T0 - DAY;
	a->expires = T0 + 30 * DAY;
	a->limits = (struct eh_limits){ .max_unacked = 1000,
		.max_offline = 7 * DAY, .max_unaccounted = 50,
		.boot_grace = 40, .quality = EH_QUALITY_FLOOR };
	a->grace = 40;
	a->records = 2;
	count(EH_OP_PASS, 10, 0, 100);
	count(EH_OP_ISSUE, 20, 0, 250);
	wall = T0;
}

static void
end(void)
{
	free(s);
}

static void
left(uint64_t n, const char *what, const char *who, const char *command)
{
	eh_limits_judge(s, a, wall, &o);
	ck_assert_uint_eq(o.left, n);
	ck_assert_str_eq(o.limit.what, what);
	ck_assert_str_eq(o.limit.who, who);
	ck_assert_ptr_nonnull(strstr(o.limit.command, command));
}

/* Stopped, and by whom the time is attested again. */
static void
untrusted(const char *what)
{
	left(0, what, "you and the OEM", "edgehsm token nonce");
	ck_assert_ptr_nonnull(
	    strstr(o.limit.command, "edgehsm-authority time"));
	ck_assert_ptr_nonnull(strstr(o.limit.command, "edgehsm token import"));
	ck_assert_uint_eq(o.after_boot, 0);
}

START_TEST(the_quota_ends_it_unless_something_is_nearer)
{
	left(90, "its number of devices", "the OEM",
	    "edgehsm-authority authorize");
	ck_assert_uint_eq(o.seconds, 7 * DAY - 60 + 1);
	ck_assert_str_eq(o.clock.what, "too long without attested time");
	ck_assert_uint_eq(o.after_boot, 40);
	a->expires = T0 + DAY;
	left(90, "its number of devices", "the OEM",
	    "edgehsm-authority authorize");
	ck_assert_uint_eq(o.seconds, DAY - 4);
	ck_assert_str_eq(o.clock.what, "its expiry");
}
END_TEST

START_TEST(burned_devices_and_certificates_are_gone)
{
	a->counters.n = 0;
	count(EH_OP_PASS, 10, 5, 100);
	count(EH_OP_ISSUE, 20, 0, 250);
	left(85, "its number of devices", "the OEM", "authorize");
	a->counters.n = 0;
	count(EH_OP_PASS, 10, 5, 100);
	count(EH_OP_ISSUE, 20, 10, 101);
	left(35, "its number of certificates", "the OEM", "authorize");
}
END_TEST

START_TEST(records_that_are_not_acknowledged_end_it_to_the_device)
{
	s->unacked = 1000 - 2 * 10;	/* ten devices, and one may begin */
	left(11, "records not yet acknowledged", "the OEM",
	    "edgehsm-authority ack");
	s->unacked = 1000;
	left(1, "records not yet acknowledged", "the OEM",
	    "edgehsm-authority ack");
	s->unacked = 1001;
	left(0, "records not yet acknowledged", "the OEM",
	    "edgehsm-authority ack");
}
END_TEST

START_TEST(what_an_acknowledgement_lifts_is_told)
{
	s->unaccounted = 50;
	left(90, "its number of devices", "the OEM", "authorize");
	s->unaccounted = 51;
	left(0, "devices burned by unclean stops, not yet acknowledged",
	    "the OEM", "edgehsm-authority ack");
	s->unaccounted = 0;
	s->flags = EH_FLAG_MERGED;
	left(0, "too many unclean stops, not yet acknowledged", "the OEM",
	    "edgehsm-authority ack");
	s->flags = EH_FLAG_FOREIGN;
	left(0, "the authority has acknowledged another history", "the OEM",
	    "edgehsm-authority ack");
	s->flags = EH_FLAG_DAMAGED;
	left(0, "a record of the journal is damaged", "you", "segment file");
}
END_TEST

START_TEST(after_a_boot_the_grace_ends_it)
{
	s->quality = EH_QUALITY_FLOOR;
	s->t_hi = EH_TIME_MAX;
	a->grace = 7;
	left(7, "devices after a boot without attested time",
	    "you and the OEM", "edgehsm token nonce");
	ck_assert_uint_eq(o.after_boot, 7);
	a->grace = 0;
	left(0, "devices after a boot without attested time",
	    "you and the OEM", "edgehsm-authority time");
	a->grace = 5000;
	left(90, "its number of devices", "the OEM", "authorize");
	a->limits.boot_grace = 0;
	untrusted("no devices after a boot without attested time");
}
END_TEST

START_TEST(a_quality_that_is_too_low_stops_it)
{
	a->limits.quality = EH_QUALITY_ATTESTED;
	left(90, "its number of devices", "the OEM", "authorize");
	ck_assert_uint_eq(o.after_boot, 0);
	s->quality = EH_QUALITY_FLOOR;
	untrusted("time is not trusted");
	s->quality = EH_QUALITY_NONE;
	untrusted("time was never attested");
}
END_TEST

START_TEST(time_ends_it_at_the_second)
{
	s->since_time = 7 * DAY;
	left(90, "its number of devices", "the OEM", "authorize");
	ck_assert_uint_eq(o.seconds, 1);
	s->since_time++;
	untrusted("too long without attested time");
	s->since_time = 0;
	s->t_hi = a->expires - 1;
	left(90, "its number of devices", "the OEM", "authorize");
	ck_assert_uint_eq(o.seconds, 1);
	s->t_hi++;
	left(0, "expired", "the OEM", "authorize");
	s->t_hi = T0;
	a->not_before = T0 + 1;
	left(0, "not yet valid", "time", "wait");
	ck_assert_uint_eq(o.begins, T0 + 1);
	s->t_lo++;
	left(90, "its number of devices", "the OEM", "authorize");
	wall = a->expires + 300;
	left(90, "its number of devices", "the OEM", "authorize");
	wall++;
	left(0, "this host's clock is later than its end", "you", "date");
}
END_TEST

START_TEST(what_is_closed_says_so)
{
	a->closed = 1;
	left(0, "closed", "the OEM", "authorize");
	a->close_reason = EH_CLOSE_REVOKED;
	left(0, "closed: revoked", "the OEM", "authorize");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("limits");
	TCase *t = tcase_create("limits");

	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, the_quota_ends_it_unless_something_is_nearer);
	tcase_add_test(t, burned_devices_and_certificates_are_gone);
	tcase_add_test(
	    t, records_that_are_not_acknowledged_end_it_to_the_device);
	tcase_add_test(t, what_an_acknowledgement_lifts_is_told);
	tcase_add_test(t, after_a_boot_the_grace_ends_it);
	tcase_add_test(t, a_quality_that_is_too_low_stops_it);
	tcase_add_test(t, time_ends_it_at_the_second);
	tcase_add_test(t, what_is_closed_says_so);
	suite_add_tcase(suite, t);
	return unit_run(suite);
}
