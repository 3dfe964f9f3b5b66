/* SPDX-License-Identifier: Apache-2.0 */
/* test_report.c - what the host says became of a device, through the monitor. */
#include "config.h"

#include <string.h>

#include "quota-engine/host.h"
#include "quota-engine/issue.h"
#include "quota-engine/monitor.h"
#include "test/unit/quota-engine/authority.h"
#include "test/unit/unit.h"

static struct authority *a;
static struct eh_caller caller;
static struct eh_unit_report report;
static struct eh_wire in;
static struct eh_call call;
static uint64_t seq, records;

static void
make(const char *device)
{
	struct eh_tbs_values values;
	uint8_t tbs[EH_TBS_MAX], signature[EH_SIGNATURE_LEN];
	size_t len;
	int err;

	authority_values(a, device, a->device, 0, &values);
	len = authority_render(a, &a->profile, &values, tbs);
	err = eh_issue_sign(a->f.b, &caller, &a->key, tbs, len, NULL, 0,
	    signature, &a->f.error);
	ck_assert_msg(
	    err == EH_OK, "%d: %s", err, eh_error_sentence(&a->f.error));
}

static void
begin(void)
{
	a = authority_ready();
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, 0);
	/* The only PIN that the authority's fixture sets is the officer's. */
	ck_assert_int_eq(eh_pins_set(a->f.b->pins, EH_ROLE_OPERATOR,
	    (const uint8_t *)FIXTURE_OPERATOR, strlen(FIXTURE_OPERATOR),
	    &a->f.error), EH_OK);
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
	make("SN00000042");
	memset(&report, 0, sizeof(report));
	report.outcome = EH_OUTCOME_GOOD;
}

static void
end(void)
{
	authority_close(a);
}

static int
serve(const uint8_t *data, size_t len, const char *kind, const char *device)
{
	char text[EH_ERROR_TEXT];
	int err;

	records = authority_records(a);
	eh_wire_init(&in, EH_REQ_REPORT, EH_OK);
	eh_wire_put_bytes(
	    &in, EH_WIRE_AUTHORIZATION, a->pauth.id, EH_ID_LEN);
	eh_wire_put_text(&in, EH_WIRE_ID_KIND, kind);
	eh_wire_put_bytes(&in, EH_WIRE_DEVICE, device, strlen(device));
	eh_wire_put_bytes(&in, EH_WIRE_DATA, data, len);
	eh_call_init(&call, &caller, &in);
	eh_error_clear(&a->f.error);
	err = eh_monitor_serve(a->f.b, &call);
	if (err == EH_OK)
		seq = eh_wire_number(&call.out, EH_WIRE_SEQ);
	else if (eh_wire_text(&call.out, EH_WIRE_TEXT, text, sizeof(text)) ==
	    EH_OK)
		eh_error_set(&a->f.error, err, "%s", text);
	eh_call_wipe(&call);
	return err;
}

static int
send(const char *kind, const char *device)
{
	uint8_t bytes[2048];
	struct eh_writer w;
	size_t len;

	eh_writer_init(&w, bytes, sizeof(bytes));
	eh_unit_report_encode(&report, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	return serve(bytes, len, kind, device);
}

static struct eh_outcomes
outcomes(void)
{
	const struct eh_state *state = eh_engine_lock(a->f.b->engine);
	struct eh_outcomes o = { 0 };

	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (state->row[i].state != EH_ROW_FREE &&
		    memcmp(state->row[i].id, a->pauth.id, EH_ID_LEN) == 0)
			eh_engine_outcomes(
			    a->f.b->engine, &state->row[i], &o);
	eh_engine_unlock(a->f.b->engine);
	return o;
}

static void
refused(int err, int want, const char *words)
{
	ck_assert_msg(err == want, "%d, not %d: %s", err, want,
	    eh_error_sentence(&a->f.error));
	authority_says(a, words);
	ck_assert_uint_eq(authority_records(a), records);
}

static void
ok(int err)
{
	ck_assert_msg(
	    err == EH_OK, "%d: %s", err, eh_error_sentence(&a->f.error));
	ck_assert_uint_eq(authority_records(a), records + 1);
}

START_TEST(a_report_is_recorded_and_counted)
{
	struct eh_record r;

	ck_assert_uint_eq(outcomes().in_doubt, 1);
	strcpy(caller.line, "line1");
	strcpy(caller.station, "s7");
	strcpy(report.person, "An operator");
	ok(send("serial", "SN00000042"));
	ck_assert_uint_eq(outcomes().good, 1);
	ck_assert_uint_eq(outcomes().in_doubt, 0);
	authority_record(a, -1, &r);
	ck_assert_uint_eq(r.seq, seq);
	ck_assert_int_eq(r.kind, EH_RECORD_REPORT);
	ck_assert_mem_eq(r.authorization, a->pauth.id, EH_ID_LEN);
	ck_assert_int_eq(r.of.report.outcome, EH_OUTCOME_GOOD);
	ck_assert_str_eq(r.of.report.person, "An operator");
	ck_assert_str_eq(r.factory, "fab1");
	ck_assert_str_eq(r.line, "line1");
	ck_assert_str_eq(r.station, "s7");
}
END_TEST

START_TEST(a_device_that_was_not_made_here_is_refused)
{
	refused(send("serial", "SN00000043"), EH_ERR_NOT_FOUND, "SN00000043");
	a->pauth.id[0]++;
	refused(send("serial", "SN00000042"), EH_ERR_NOT_FOUND, "SN00000042");
	a->pauth.id[0]--;
	refused(send("mac", "SN00000042"), EH_ERR_ARGUMENT, "of kind serial");
	refused(send("no name", "SN00000042"), EH_ERR_FORMAT, "name");
	ck_assert_uint_eq(outcomes().in_doubt, 1);
	ok(send("serial", "SN00000042"));
}
END_TEST

START_TEST(good_may_become_scrapped_and_no_third_report_is_taken)
{
	ok(send("serial", "SN00000042"));
	report.outcome = EH_OUTCOME_SCRAPPED;
	ok(send("serial", "SN00000042"));
	ck_assert_uint_eq(outcomes().good, 0);
	ck_assert_uint_eq(outcomes().scrapped, 1);
	refused(send("serial", "SN00000042"), EH_DENIED_STATE, "twice");
	ck_assert_uint_eq(outcomes().scrapped, 1);
}
END_TEST

START_TEST(scrapped_does_not_become_good)
{
	report.outcome = EH_OUTCOME_SCRAPPED;
	ok(send("serial", "SN00000042"));
	report.outcome = EH_OUTCOME_GOOD;
	refused(send("serial", "SN00000042"), EH_DENIED_STATE, "scrapped");
	ck_assert_uint_eq(outcomes().scrapped, 1);
	ck_assert_uint_eq(outcomes().good, 0);
}
END_TEST

START_TEST(reports_are_known_after_a_restart_and_taken_for_a_closed_one)
{
	report.outcome = EH_OUTCOME_SCRAPPED;
	ok(send("serial", "SN00000042"));
	ck_assert_int_eq(fixture_restart(&a->f), EH_OK);
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
	make("SN00000043");	/* and the record of the start is written */
	ck_assert_uint_eq(outcomes().scrapped, 1);
	report.outcome = EH_OUTCOME_GOOD;
	refused(send("serial", "SN00000042"), EH_DENIED_STATE, "scrapped");
	a->grant.keys[0] = a->grant.keys[1];
	a->grant.nkeys = 1;
	ck_assert_int_eq(authority_send_grant(a), EH_OK);
	ck_assert_int_ne(
	    authority_row(a, a->pauth.id).state, EH_ROW_LIVE);
	ok(send("serial", "SN00000043"));
	ck_assert_uint_eq(outcomes().good, 1);
}
END_TEST

START_TEST(what_is_no_report_is_refused)
{
	static const uint8_t none[] = { 0xa0 }, good[] = { 0xa1, 0x01, 0x03 };

	refused(serve(none, 1, "serial", "SN00000042"), EH_ERR_FORMAT, "");
	refused(serve(good, 3, "serial", "SN00000042"), EH_ERR_FORMAT, "");
	ck_assert_uint_eq(outcomes().in_doubt, 1);
}
END_TEST

START_TEST(a_claim_has_all_three_names_or_none)
{
	struct eh_record r;
	char one[EH_NAME_MAX + 1] = "line1", two[EH_NAME_MAX + 1] = "s1";
	char none[EH_NAME_MAX + 1] = "";

	eh_record_init(&r, EH_RECORD_REPORT);
	eh_host_claims(a->f.b, one, none, &r);
	eh_host_claims(a->f.b, none, two, &r);
	ck_assert_str_eq(r.factory, "");
	ck_assert_str_eq(r.line, "");
	ck_assert_str_eq(r.station, "");
	eh_host_claims(a->f.b, one, two, &r);
	ck_assert_str_eq(r.factory, "fab1");
	ck_assert_str_eq(r.line, "line1");
	ck_assert_str_eq(r.station, "s1");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("report");
	TCase *tc = tcase_create("report");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, a_report_is_recorded_and_counted);
	tcase_add_test(tc, a_device_that_was_not_made_here_is_refused);
	tcase_add_test(
	    tc, good_may_become_scrapped_and_no_third_report_is_taken);
	tcase_add_test(tc, scrapped_does_not_become_good);
	tcase_add_test(
	    tc, reports_are_known_after_a_restart_and_taken_for_a_closed_one);
	tcase_add_test(tc, what_is_no_report_is_refused);
	tcase_add_test(tc, a_claim_has_all_three_names_or_none);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
