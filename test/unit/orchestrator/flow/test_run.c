/* SPDX-License-Identifier: Apache-2.0 */
/* test_run.c - what becomes of a device. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/message/scopelist.h"
#include "test/unit/orchestrator/flow/bench.h"
#include "test/unit/unit.h"

#define ONE   "SN00000001"
#define TWO   "SN00000001..SN00000002"
#define THREE "SN00000001..SN00000003"

#define MADE                                                                   \
	"    - { id: connect, uses: chip.connect }\n"                            \
	"    - { id: keygen, uses: chip.keygen, "                                \
	"with: { key: attestation } }\n"
#define ISSUED MADE "    - { id: issue, uses: hsm.issue }\n"
#define VERIFIED                                                               \
	"    - { id: verify, uses: chip.verify }\n"

static struct bench b;
static struct eh_unit *unit;

static void
setup(void)
{
	bench_setup(&b);
	unit = calloc(1, sizeof(*unit));
	ck_assert_ptr_nonnull(unit);
}

static void
teardown(void)
{
	free(unit);
	bench_teardown(&b);
}

/* Run ${range}, and count what became of the devices in this run. */
static void
makes(const char *range, size_t good, size_t refused, size_t failed)
{
	ck_assert_msg(bench_make(&b, range) == EH_OK, "%s", b.error.text);
	ck_assert_uint_eq(b.summary.good, good);
	ck_assert_uint_eq(b.summary.refused, refused);
	ck_assert_uint_eq(b.summary.failed + b.summary.scrapped, failed);
}

static void
is(const char *device, enum eh_unit_state state, const char *step)
{
	bench_unit(&b, device, unit);
	ck_assert_str_eq(
	    eh_unit_state_name(unit->state), eh_unit_state_name(state));
	ck_assert_str_eq(unit->failure.step, step);
}

static int
count_one(void *arg, const struct eh_unit *u)
{
	(void)u;
	++*(size_t *)arg;
	return EH_OK;
}

/* Units that were begun. */
static size_t
count_units(void)
{
	size_t n = 0;

	ck_assert_int_eq(
	    eh_unit_list(b.state, count_one, &n, &b.error), EH_OK);
	return n;
}

START_TEST(devices_are_made_once)
{
	bench_line(&b, "fault: none", NULL, NULL);
	makes(TWO, 2, 0, 0);
	ck_assert_uint_eq(b.ended, 2);
	ck_assert_uint_eq(b.summary.left, 0);
	ck_assert_int_eq(b.summary.end, EH_RUN_DONE);
	bench_check_good(&b, "SN00000001");
	bench_check_good(&b, "SN00000002");
	ck_assert_uint_eq(b.fake->signs, 4);
	/* Again: nothing is asked for, nothing changes. */
	makes(THREE, 1, 0, 0);
	ck_assert_uint_eq(b.summary.before, 2);
	ck_assert_uint_eq(b.fake->signs, 6);
	ck_assert_uint_eq(b.fake->used, 3);
	bench_check_good(&b, "SN00000001");
	is("SN00000001", EH_UNIT_GOOD, "");
	ck_assert_uint_eq(unit->attempt, 1);
}
END_TEST

/* --- refusals --- */

START_TEST(refusal_is_not_repeated_and_the_next_run_asks_again)
{
	bench_line(&b, "fault: none",
	    MADE "    - { id: issue, uses: hsm.issue, "
		 "retry: { times: 5, delay: 0ms } }\n"
		 "    - { id: inject, uses: chip.inject }\n" VERIFIED
		 "    - { id: record, uses: record.write, always: true }\n",
	    NULL);
	b.fake->quota = 1;
	makes(TWO, 1, 1, 0);
	ck_assert_uint_eq(b.fake->signs, 3);
	ck_assert_uint_eq(b.fake->reports, 1);	/* no device, no report */
	ck_assert_int_eq(b.summary.refusal.code, EH_DENIED_QUOTA);
	ck_assert_str_eq(b.summary.refusal.text,
	    "SN00000002: quota exhausted: authorization PO-1 allows 1 devices, "
	    "1 used");
	is("SN00000002", EH_UNIT_REFUSED, "issue");
	/* Another order arrives: the device is made under that one. */
	b.fake->second = 1;
	makes(TWO, 1, 0, 0);
	ck_assert_uint_eq(b.summary.before, 1);
	bench_check_good(&b, "SN00000002");
	is("SN00000002", EH_UNIT_GOOD, "");
	ck_assert_str_eq(unit->order, "PO-2");
	ck_assert_uint_eq(unit->attempt, 2);
	ck_assert_uint_eq(bench_find(&b, "SN00000002")->authorization, 2);
}
END_TEST

START_TEST(authorization_that_expires_first_and_has_devices_is_chosen)
{
	bench_line(&b, "fault: none", NULL, NULL);
	b.fake->second = 1;
	b.fake->quota = 1;
	makes(TWO, 2, 0, 0);
	ck_assert_uint_eq(bench_find(&b, "SN00000001")->authorization, 1);
	ck_assert_uint_eq(bench_find(&b, "SN00000002")->authorization, 2);
	/* One that is named is the one, whatever it has left. */
	b.options.authorization = "PO-1";
	makes("SN00000003", 0, 1, 0);
	b.options.authorization = "PO-9";
	ck_assert_int_eq(bench_make(&b, "SN00000003"), EH_DENIED_NO_AUTHORIZATION);
	ck_assert_ptr_nonnull(strstr(b.error.text, "PO-1, PO-2"));
	ck_assert_int_eq(b.summary.end, EH_RUN_ERROR);
}
END_TEST

START_TEST(next_authorization_is_asked_when_one_is_for_other_devices)
{
	bench_line(&b, "fault: none", NULL, NULL);
	b.fake->refuse = EH_DENIED_SCOPE;
	/* There is no other: that is the answer. */
	makes(ONE, 0, 1, 0);
	ck_assert_uint_eq(b.fake->signs, 1);
	ck_assert_int_eq(b.summary.refusal.code, EH_DENIED_SCOPE);
	b.fake->second = 1;
	makes(ONE, 1, 0, 0);
	bench_check_good(&b, ONE);
	ck_assert_uint_eq(bench_find(&b, ONE)->authorization, 2);
	/* Not when one was named, and not for what concerns the device. */
	b.options.authorization = "PO-1";
	makes("SN00000002", 0, 1, 0);
	b.options.authorization = NULL;
	b.fake->refuse = EH_DENIED_TIME;
	makes("SN00000003", 0, 1, 0);
	is("SN00000003", EH_UNIT_REFUSED, "issue");
	ck_assert_str_eq(unit->order, "PO-1");
}
END_TEST

/* Load the line as if its profile asked for the request of each key. */
static int
make_with_requests(const char *range)
{
	bench_load(&b, range);
	b.recipe.compiled->profile.evidence = EH_EVIDENCE_CSR;
	return bench_run(&b);
}

START_TEST(request_of_the_chip_goes_with_each_certificate)
{
	bench_line(&b, "fault: none", NULL, NULL);
	makes(ONE, 1, 0, 0);
	ck_assert_uint_eq(b.fake->requests, 0);
	ck_assert_int_eq(make_with_requests("SN00000002"), EH_OK);
	ck_assert_uint_eq(b.summary.good, 1);
	ck_assert_uint_eq(b.fake->requests, 2);
	bench_check_good(&b, "SN00000002");
}
END_TEST

START_TEST(request_outlives_a_run_and_is_missed_in_words)
{
	char path[160];

	bench_line(&b, "fault: none", NULL, NULL);
	b.fake->break_at = 1;
	b.fake->break_down = EH_ERR_BACKEND;
	ck_assert_int_eq(make_with_requests(ONE), EH_OK);
	ck_assert_uint_eq(b.fake->signs, 1);
	snprintf(path, sizeof(path), "%s/" ONE "/attestation.csr", b.state);
	ck_assert_int_eq(access(path, R_OK), 0);
	/* The next run has the key already, and sends the same request. */
	ck_assert_int_eq(make_with_requests(ONE), EH_OK);
	bench_check_good(&b, ONE);
	ck_assert_uint_eq(b.fake->requests, 2);

	b.fake->signs = 0;
	ck_assert_int_eq(make_with_requests("SN00000002"), EH_OK);
	is("SN00000002", EH_UNIT_FAILED, "issue");
	snprintf(path, sizeof(path), "%s/SN00000002/attestation.csr", b.state);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(make_with_requests("SN00000002"), EH_OK);
	is("SN00000002", EH_UNIT_FAILED, "issue");
	ck_assert_ptr_nonnull(strstr(unit->failure.text,
	    "the profile asks for the request of key 'attestation'"));
	ck_assert_uint_eq(b.fake->signs, 1);
}
END_TEST

/* A list of devices for PO-1, beside the compiled profile. */
static void
put_list(const char *ids, uint64_t n)
{
	struct eh_scopelist list = { .size = n, .id_len = 10 };
	struct eh_buf out;
	char path[128];

	bench_load(&b, ONE);
	memcpy(list.authorization, "authorization-1", EH_ID_LEN);
	strcpy(list.id_kind, "serial");
	list.ids = (const uint8_t *)ids;
	eh_buf_init(&out, EH_SCOPELIST_MAX);
	ck_assert_int_eq(eh_scopelist_encode(&list, &out, &b.error), EH_OK);
	snprintf(path, sizeof(path), "%s/PO-1.ehscope", b.folder);
	ck_assert_int_eq(eh_file_write(
	    path, out.data, out.len, 0644, &b.error), EH_OK);
	eh_buf_free(&out);
}

START_TEST(proof_of_a_listed_device_goes_with_its_certificates)
{
	bench_line(&b, "fault: none", NULL, NULL);
	makes(ONE, 1, 0, 0);
	ck_assert_uint_eq(b.fake->proofs, 0);
	put_list("SN00000002SN00000003", 2);
	makes("SN00000002", 1, 0, 0);
	ck_assert_uint_eq(b.fake->proofs, 2);
	/* One that is not listed is refused, by another order perhaps not. */
	b.fake->signs = 0;
	makes("SN00000004", 0, 1, 0);
	ck_assert_uint_eq(b.fake->signs, 0);
	ck_assert_int_eq(b.summary.refusal.code, EH_DENIED_SCOPE);
	ck_assert_ptr_nonnull(strstr(b.summary.refusal.text,
	    "device SN00000004 is not among the 2 of "));
	b.fake->second = 1;
	makes("SN00000004", 1, 0, 0);
	ck_assert_uint_eq(bench_find(&b, "SN00000004")->authorization, 2);
	ck_assert_uint_eq(b.fake->proofs, 2);
}
END_TEST

START_TEST(refusal_of_all_is_told_by_the_first)
{
	bench_line(&b, "fault: none", NULL, NULL);
	b.fake->second = 1;
	b.fake->quota = 0;
	b.fake->refuse = EH_DENIED_SCOPE;
	b.fake->break_at = 1;		/* PO-2, which has devices left */
	b.fake->break_down = EH_DENIED_NOT_YET_VALID;
	makes(ONE, 0, 1, 0);
	ck_assert_uint_eq(b.fake->signs, 2);
	ck_assert_int_eq(
	    b.summary.refusal.code, EH_DENIED_NOT_YET_VALID);
	is(ONE, EH_UNIT_REFUSED, "issue");
	ck_assert_str_eq(unit->order, "PO-2");
	/* An error on the way is no refusal. */
	b.fake->break_at = 4;
	b.fake->break_down = EH_ERR_BACKEND;
	b.fake->quota = 10;
	makes(ONE, 0, 0, 1);
	is(ONE, EH_UNIT_FAILED, "issue");
	makes(ONE, 1, 0, 0);
	bench_check_good(&b, ONE);
}
END_TEST

START_TEST(no_authorization_at_all_is_a_refusal)
{
	bench_line(&b, "fault: none", NULL, NULL);
	b.fake->closed = 1;
	makes(ONE, 0, 1, 0);
	ck_assert_int_eq(b.summary.refusal.code, EH_DENIED_NO_AUTHORIZATION);
	ck_assert_uint_eq(b.fake->signs, 0);
}
END_TEST

START_TEST(device_that_was_begun_stays_with_its_authorization)
{
	bench_line(&b, "fault: none", NULL, NULL);
	b.fake->second = 1;
	b.fake->quota = 1;
	b.fake->break_at = 2;	/* the second certificate does not come */
	b.fake->break_down = EH_ERR_BACKEND;
	makes(ONE, 0, 0, 1);
	is(ONE, EH_UNIT_FAILED, "issue");
	ck_assert_uint_eq(b.fake->reports, 0);
	/* PO-1 is used up, by this very device. */
	makes(ONE, 1, 0, 0);
	bench_check_good(&b, ONE);
	ck_assert_uint_eq(bench_find(&b, ONE)->authorization, 1);
}
END_TEST

START_TEST(refused_device_with_a_certificate_is_not_forgotten)
{
	bench_line(&b, "fault: none", NULL, NULL);
	b.fake->break_at = 2;
	b.fake->break_down = EH_DENIED_OFFLINE;
	makes(ONE, 0, 1, 0);
	is(ONE, EH_UNIT_REFUSED, "issue");
	ck_assert_uint_eq(b.fake->reports, 0);
	b.fake->second = 1;
	makes(ONE, 1, 0, 0);
	bench_check_good(&b, ONE);
	ck_assert_uint_eq(b.fake->used, 1);
}
END_TEST

START_TEST(device_goes_on_under_the_authorization_that_superseded_its_own)
{
	bench_line(&b, "fault: none", NULL, NULL);
	/* One certificate is there, and the TBS of the other was stored. */
	b.fake->break_at = 2;
	b.fake->break_down = EH_ERR_UNAVAILABLE;
	ck_assert_int_eq(bench_make(&b, ONE), EH_ERR_UNAVAILABLE);
	b.fake->closed = BENCH_SUPERSEDED;
	/* Nothing has taken its place yet. */
	makes(ONE, 0, 1, 0);
	ck_assert_int_eq(
	    b.summary.refusal.code, EH_DENIED_NO_AUTHORIZATION);
	b.fake->second = 1;
	makes(ONE, 1, 0, 0);
	bench_check_good(&b, ONE);
	is(ONE, EH_UNIT_GOOD, "");
	ck_assert_str_eq(unit->order, "PO-2");
}
END_TEST

/* --- issue numbers --- */

START_TEST(tbs_that_was_never_issued_is_rendered_anew_after_a_burn)
{
	bench_line(&b, "fault: none", NULL, NULL);
	b.fake->break_at = 1;
	b.fake->break_down = EH_ERR_BACKEND;
	makes(ONE, 0, 0, 1);
	b.fake->burns = 3;
	makes(ONE, 1, 0, 0);
	bench_check_good(&b, ONE);
	ck_assert_uint_eq(b.fake->signs, 4);	/* failed, refused, two good */
	ck_assert_uint_eq(b.fake->used, 1);
}
END_TEST

START_TEST(answer_that_was_lost_is_asked_for_with_the_same_octets)
{
	char path[2048];

	bench_line(&b, "fault: none", NULL, NULL);
	makes(ONE, 1, 0, 0);
	/* As if the run had been cut off before the first answer. */
	is(ONE, EH_UNIT_GOOD, "");
	unit->state = EH_UNIT_OPEN;
	unit->nsteps = 2;
	ck_assert_int_eq(eh_unit_save(unit, &b.error), EH_OK);
	snprintf(path, sizeof(path), "%s/idevid.pem", unit->folder);
	ck_assert_int_eq(unlink(path), 0);
	b.fake->burns = 1;	/* and the EdgeHSM had an unclean stop */
	makes(ONE, 1, 0, 0);
	bench_check_good(&b, ONE);
	ck_assert_uint_eq(b.fake->used, 1);
}
END_TEST

START_TEST(tbs_of_somebody_else_is_a_refusal_that_stands)
{
	bench_line(&b, "fault: none", NULL, NULL);
	b.fake->break_at = 1;
	b.fake->break_down = EH_DENIED_TEMPLATE;
	makes(ONE, 0, 1, 0);
	ck_assert_uint_eq(b.fake->signs, 1);
	ck_assert_int_eq(b.summary.refusal.code, EH_DENIED_TEMPLATE);
	ck_assert_ptr_nonnull(strstr(b.summary.refusal.text, "broke down"));
}
END_TEST

/* --- chips --- */

START_TEST(noisy_line_is_tried_again_as_often_as_the_step_says)
{
	static const char steps[] = ISSUED
	    "    - { id: inject, uses: chip.inject, "
	    "retry: { times: 2, delay: 1ms } }\n" VERIFIED
	    "    - { id: record, uses: record.write, always: true }\n";

	bench_line(&b, "fault: none", steps, NULL);
	makes(ONE, 1, 0, 0);		/* makes the chips' folder, too */
	bench_put(&b, "chips/failures", "2");
	makes(TWO, 1, 0, 0);
	bench_put(&b, "chips/failures", "3");
	makes(THREE, 0, 0, 1);
	ck_assert_uint_eq(b.summary.scrapped, 1);
	ck_assert_str_eq(b.summary.failure.text,
	    "SN00000003: the line is noisy");
}
END_TEST

START_TEST(device_that_is_no_good_is_reported_as_scrapped)
{
	const struct bench_device *d;

	bench_line(&b, "fault: forgets", NULL, NULL);
	makes(ONE, 0, 0, 1);
	ck_assert_uint_eq(b.summary.scrapped, 1);
	is(ONE, EH_UNIT_SCRAPPED, "verify");
	d = bench_find(&b, ONE);
	ck_assert_uint_eq(d->reports, 1);
	ck_assert_int_eq(d->report.outcome, EH_OUTCOME_SCRAPPED);
	ck_assert_ptr_nonnull(strstr(d->report.reason, "verify: read back"));
	/* That is the end of it. */
	bench_line(&b, "fault: none", NULL, NULL);
	makes(ONE, 0, 0, 1);
	ck_assert_uint_eq(b.fake->reports, 1);
	ck_assert_uint_eq(b.fake->signs, 2);
}
END_TEST

START_TEST(without_an_always_step_it_is_set_aside_and_tried_again)
{
	static const char steps[] = ISSUED
	    "    - { id: inject, uses: chip.inject }\n" VERIFIED
	    "    - { id: record, uses: record.write }\n";

	bench_line(&b, "fault: forgets", steps, NULL);
	makes(ONE, 0, 0, 1);
	is(ONE, EH_UNIT_FAILED, "verify");
	ck_assert_uint_eq(b.fake->reports, 0);
	bench_line(&b, "fault: none", steps, NULL);
	makes(ONE, 1, 0, 0);
	bench_check_good(&b, ONE);
	ck_assert_uint_eq(b.fake->used, 1);
}
END_TEST

START_TEST(chip_that_fails_before_there_is_a_certificate_scraps_nothing)
{
	bench_line(&b, "fault: foreign-proof", NULL, NULL);
	makes(ONE, 0, 0, 1);
	is(ONE, EH_UNIT_FAILED, "keygen");
	ck_assert_uint_eq(b.fake->signs + b.fake->reports, 0);
	bench_line(&b, "fault: absent", NULL, NULL);
	makes(ONE, 0, 0, 1);
	is(ONE, EH_UNIT_FAILED, "connect");
	ck_assert_str_eq(unit->failure.text, "no chip is in the socket");
	bench_line(&b, "fault: none", NULL, NULL);
	makes(ONE, 1, 0, 0);
	bench_check_good(&b, ONE);
}
END_TEST

START_TEST(denial_of_a_chip_is_not_repeated_either)
{
	static const char steps[] = ISSUED
	    "    - { id: inject, uses: chip.inject, "
	    "retry: { times: 100, delay: 1h } }\n" VERIFIED
	    "    - { id: record, uses: record.write }\n";

	bench_line(&b, "fault: stubborn", steps, NULL);
	makes(ONE, 0, 0, 1);
	is(ONE, EH_UNIT_FAILED, "inject");
	ck_assert_str_eq(unit->failure.text, "the fuse is blown");
}
END_TEST

START_TEST(another_chip_does_not_get_the_device)
{
	bench_line(&b, "fault: none", NULL, NULL);
	b.fake->break_at = 1;
	b.fake->break_down = EH_ERR_BACKEND;
	makes(ONE, 0, 0, 1);
	setenv("FAKE_CHIP_ID", "77", 1);
	makes(ONE, 0, 0, 1);
	is(ONE, EH_UNIT_FAILED, "connect");
	ck_assert_ptr_nonnull(strstr(unit->failure.text, "another chip"));
	unsetenv("FAKE_CHIP_ID");
	makes(ONE, 1, 0, 0);
	bench_check_good(&b, ONE);
}
END_TEST

START_TEST(chip_is_asked_who_it_is_before_it_is_written)
{
	static const char steps[] = ISSUED
	    "    - { id: inject, uses: chip.inject }\n" VERIFIED
	    "    - { id: record, uses: record.write }\n";

	bench_line(&b, "fault: swapped", steps, NULL);
	makes(ONE, 0, 0, 1);
	is(ONE, EH_UNIT_FAILED, "inject");
	ck_assert_ptr_nonnull(strstr(unit->failure.text, "another chip"));
	ck_assert_uint_eq(b.fake->used, 1);
}
END_TEST

/* --- when a line stops --- */

START_TEST(step_may_stop_the_line)
{
	bench_line(&b, "fault: none",
	    MADE "    - { id: issue, uses: hsm.issue, onFailure: stop }\n"
		 "    - { id: inject, uses: chip.inject }\n" VERIFIED
		 "    - { id: record, uses: record.write, always: true }\n",
	    NULL);
	b.fake->quota = 1;
	makes(THREE, 1, 1, 0);
	ck_assert_int_eq(b.summary.end, EH_RUN_STEP_STOPS);
	ck_assert_uint_eq(b.summary.left, 1);
}
END_TEST

START_TEST(line_stops_after_failures_in_a_row)
{
	bench_line(&b, "fault: none", NULL,
	    "  defaults: { stopAfterFailures: 2 }\n");
	b.fake->quota = 1;
	makes("SN00000001..SN00000009", 1, 2, 0);
	ck_assert_int_eq(b.summary.end, EH_RUN_FAILURES);
	ck_assert_uint_eq(b.summary.left, 6);
	/* Those that are good already do not break the row, nor begin one. */
	b.fake->quota = 2;
	makes("SN00000001..SN00000009", 1, 2, 0);
	ck_assert_uint_eq(b.summary.before, 1);
}
END_TEST

START_TEST(run_that_is_asked_to_stop_finishes_its_device)
{
	bench_line(&b, "fault: none", NULL, NULL);
	b.stop_after = 2;
	makes("SN00000001..SN00000005", 2, 0, 0);
	ck_assert_int_eq(b.summary.end, EH_RUN_ASKED);
	ck_assert_uint_eq(b.summary.left, 3);
	bench_check_good(&b, "SN00000002");
	b.stop_after = 0;
	makes("SN00000001..SN00000005", 3, 0, 0);
	ck_assert_uint_eq(b.summary.before, 2);
}
END_TEST

START_TEST(run_that_is_asked_twice_does_not_wait_for_the_next_attempt)
{
	bench_line(&b, "fault: none",
	    ISSUED "    - { id: inject, uses: chip.inject, "
	    "retry: { times: 100, delay: 1h } }\n" VERIFIED
	    "    - { id: record, uses: record.write, always: true }\n", NULL);
	makes(ONE, 1, 0, 0);		/* makes the chips' folder, too */
	bench_put(&b, "chips/failures", "1");
	b.stop_at = "inject";
	makes(TWO, 0, 0, 0);
	ck_assert_int_eq(b.summary.end, EH_RUN_ASKED);
	ck_assert_uint_eq(b.steps, 4);	/* one attempt each */
	is("SN00000002", EH_UNIT_OPEN, "");
	b.stop_at = NULL;
	makes(TWO, 1, 0, 0);
	bench_check_good(&b, "SN00000002");
}
END_TEST

START_TEST(what_a_chip_says_may_be_any_octets)
{
	bench_line(&b, "fault: babbles", NULL, NULL);
	makes(TWO, 0, 0, 2);
	is("SN00000001", EH_UNIT_SCRAPPED, "inject");
	ck_assert_str_eq(unit->failure.text, "line noise: ?????[2J");
	ck_assert_uint_eq(count_units(), 2);
}
END_TEST

START_TEST(run_ends_when_the_edgehsm_is_gone_and_the_device_stays_open)
{
	bench_line(&b, "fault: none", NULL, NULL);
	b.fake->break_at = 4;
	b.fake->break_down = EH_ERR_UNAVAILABLE;
	ck_assert_int_eq(bench_make(&b, THREE), EH_ERR_UNAVAILABLE);
	ck_assert_int_eq(b.summary.end, EH_RUN_ERROR);
	ck_assert_uint_eq(b.summary.good, 1);
	ck_assert_uint_eq(b.summary.left, 2);
	is("SN00000002", EH_UNIT_OPEN, "");
	makes(THREE, 2, 0, 0);
	bench_check_good(&b, "SN00000002");
}
END_TEST

START_TEST(what_fails_for_every_device_fails_before_the_first)
{
	bench_line(&b, "fault: none", NULL, NULL);
	strcpy(b.fake->label, "other");
	ck_assert_int_eq(bench_make(&b, ONE), EH_ERR_CONFIG);
	ck_assert_str_eq(b.error.text,
	    "line line9 is for token bench, and this one is called other");
	strcpy(b.fake->label, "bench");
	strcpy(b.fake->factory, "fab2");
	ck_assert_int_eq(bench_make(&b, ONE), EH_ERR_CONFIG);
	ck_assert_str_eq(b.error.text,
	    "line line9 is of factory fab1, and the EdgeHSM was granted to "
	    "factory fab2");
	strcpy(b.fake->factory, "fab1");
	eh_soft_free(b.issuer);
	ck_assert_int_eq(eh_soft_generate(&b.issuer), EH_OK);
	ck_assert_int_eq(bench_make(&b, ONE), EH_ERR_NOT_FOUND);
	ck_assert_str_eq(b.error.text, "certificate 'idevid': no such key");
	ck_assert_uint_eq(count_units(), 0);
}
END_TEST

START_TEST(device_of_another_profile_is_not_touched)
{
	bench_line(&b, "fault: none", NULL, NULL);
	makes(ONE, 1, 0, 0);
	is(ONE, EH_UNIT_GOOD, "");
	unit->profile.digest[0] ^= 1;
	ck_assert_int_eq(eh_unit_save(unit, &b.error), EH_OK);
	ck_assert_int_eq(bench_make(&b, ONE), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(b.error.text, "use another --state"));
}
END_TEST

START_TEST(second_run_in_the_same_folder_is_told_to_wait)
{
	struct eh_state_folder folder;

	bench_line(&b, "fault: none", NULL, NULL);
	ck_assert_int_eq(eh_state_open(b.state, &folder, &b.error), EH_OK);
	ck_assert_int_eq(bench_make(&b, ONE), EH_ERR_BUSY);
	eh_state_close(&folder);
	makes(ONE, 1, 0, 0);
}
END_TEST

/* --- reports --- */

START_TEST(report_that_fails_is_made_good_by_the_next_run)
{
	bench_line(&b, "fault: none", NULL, NULL);
	b.fake->refuse_reports = 1;
	makes(ONE, 0, 0, 1);
	is(ONE, EH_UNIT_FAILED, "record");
	b.fake->refuse_reports = 0;
	makes(ONE, 1, 0, 0);
	bench_check_good(&b, ONE);
	/* The same for one that is to be scrapped. */
	bench_line(&b, "fault: forgets", NULL, NULL);
	b.fake->refuse_reports = 1;
	makes("SN00000002", 0, 0, 1);
	is("SN00000002", EH_UNIT_FAILED, "verify");
	/* While it cannot be told, the others are made all the same. */
	makes("SN00000002..SN00000003", 0, 0, 2);
	ck_assert_int_eq(b.summary.end, EH_RUN_DONE);
	is("SN00000002", EH_UNIT_FAILED, "");
	ck_assert_str_eq(unit->failure.text, "reported twice already");
	b.fake->refuse_reports = 0;
	makes("SN00000002", 0, 0, 1);
	is("SN00000002", EH_UNIT_SCRAPPED, "");
	ck_assert_uint_eq(bench_find(&b, "SN00000002")->reports, 1);
	ck_assert_int_eq(bench_find(&b, "SN00000002")->report.outcome,
	    EH_OUTCOME_SCRAPPED);
}
END_TEST

START_TEST(report_that_arrived_is_not_sent_twice)
{
	bench_line(&b, "fault: none", NULL, NULL);
	makes(ONE, 1, 0, 0);
	/* As if the answer had been lost. */
	is(ONE, EH_UNIT_GOOD, "");
	unit->state = EH_UNIT_OPEN;
	unit->nsteps--;
	unit->report.written = 0;
	ck_assert_int_eq(eh_unit_save(unit, &b.error), EH_OK);
	makes(ONE, 1, 0, 0);
	bench_check_good(&b, ONE);
	ck_assert_uint_eq(b.fake->reports, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("run");
	TCase *t = tcase_create("run");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, devices_are_made_once);
	tcase_add_test(t, refusal_is_not_repeated_and_the_next_run_asks_again);
	tcase_add_test(
	    t, authorization_that_expires_first_and_has_devices_is_chosen);
	tcase_add_test(
	    t, next_authorization_is_asked_when_one_is_for_other_devices);
	tcase_add_test(t, request_of_the_chip_goes_with_each_certificate);
	tcase_add_test(t, request_outlives_a_run_and_is_missed_in_words);
	tcase_add_test(
	    t, proof_of_a_listed_device_goes_with_its_certificates);
	tcase_add_test(t, refusal_of_all_is_told_by_the_first);
	tcase_add_test(t, no_authorization_at_all_is_a_refusal);
	tcase_add_test(t, device_that_was_begun_stays_with_its_authorization);
	tcase_add_test(t, refused_device_with_a_certificate_is_not_forgotten);
	tcase_add_test(
	    t, device_goes_on_under_the_authorization_that_superseded_its_own);
	tcase_add_test(
	    t, tbs_that_was_never_issued_is_rendered_anew_after_a_burn);
	tcase_add_test(
	    t, answer_that_was_lost_is_asked_for_with_the_same_octets);
	tcase_add_test(t, tbs_of_somebody_else_is_a_refusal_that_stands);
	tcase_add_test(
	    t, noisy_line_is_tried_again_as_often_as_the_step_says);
	tcase_add_test(t, device_that_is_no_good_is_reported_as_scrapped);
	tcase_add_test(
	    t, run_that_is_asked_twice_does_not_wait_for_the_next_attempt);
	tcase_add_test(t, what_a_chip_says_may_be_any_octets);
	tcase_add_test(
	    t, without_an_always_step_it_is_set_aside_and_tried_again);
	tcase_add_test(
	    t, chip_that_fails_before_there_is_a_certificate_scraps_nothing);
	tcase_add_test(t, denial_of_a_chip_is_not_repeated_either);
	tcase_add_test(t, another_chip_does_not_get_the_device);
	tcase_add_test(t, chip_is_asked_who_it_is_before_it_is_written);
	tcase_add_test(t, step_may_stop_the_line);
	tcase_add_test(t, line_stops_after_failures_in_a_row);
	tcase_add_test(t, run_that_is_asked_to_stop_finishes_its_device);
	tcase_add_test(
	    t, run_ends_when_the_edgehsm_is_gone_and_the_device_stays_open);
	tcase_add_test(t, what_fails_for_every_device_fails_before_the_first);
	tcase_add_test(t, device_of_another_profile_is_not_touched);
	tcase_add_test(t, second_run_in_the_same_folder_is_told_to_wait);
	tcase_add_test(t, report_that_fails_is_made_good_by_the_next_run);
	tcase_add_test(t, report_that_arrived_is_not_sent_twice);
	suite_add_tcase(s, t);
	return unit_run(s);
}
