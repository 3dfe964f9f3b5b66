/* SPDX-License-Identifier: Apache-2.0 */
/* test_line.c - a ProductionLine as structs, and what is refused in one. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "orchestrator/conf/line.h"
#include "test/unit/orchestrator/conf/said.h"
#include "test/unit/unit.h"

/* clang-format off */
#define HEAD \
	"apiVersion: edgehsm/v1\n" \
	"kind: ProductionLine\n" \
	"metadata: { name: line3, factory: fab1 }\n" \
	"spec:\n" \
	"  profile: { name: gateway-b, version: 1 }\n" \
	"  token: \"pkcs11:token=EdgeHSM-fab1\"\n" \
	"  chip: { driver: soft, with: { speed: 115200 } }\n" \
	"  stations: [ { id: st07, sockets: 4, role: personalize } ]\n"
#define STEPS \
	"  steps:\n" \
	"    - { id: connect, uses: chip.connect, retry: { times: 2 } }\n" \
	"    - { id: keygen, uses: chip.keygen, with: { key: device } }\n" \
	"    - { id: issue, uses: hsm.issue,\n" \
	"        with: { certificates: [ a, b ] } }\n" \
	"    - { id: inject, uses: chip.inject, onFailure: stop }\n" \
	"    - { id: verify, uses: chip.verify }\n" \
	"    - { id: record, uses: record.write, always: true }\n"
/* clang-format on */

static struct eh_report report;
static struct eh_line *line;

static void
setup(void)
{
	eh_report_init(&report);
	line = NULL;
}

static void
teardown(void)
{
	eh_line_free(line);
	line = NULL;
	eh_report_wipe(&report);
}

static int
parse(const char *text)
{
	eh_line_free(line);
	return eh_line_parse(
	    &line, "dir/l.yaml", text, strlen(text), &report);
}

static void
refuses(const char *text, const char *complaint)
{
	ck_assert_int_eq(parse(text), EH_ERR_CONFIG);
	ck_assert_ptr_null(line);
	said(&report, complaint);
}

START_TEST(line_is_typed)
{
	char *json, *path;

	ck_assert_int_eq(parse(HEAD STEPS), EH_OK);
	said(&report, "");
	ck_assert_str_eq(line->name, "line3");
	ck_assert_str_eq(line->factory, "fab1");
	ck_assert_str_eq(line->profile->name, "gateway-b");
	ck_assert_int_eq(line->profile->version, 1);
	ck_assert_str_eq(line->token, "pkcs11:token=EdgeHSM-fab1");
	ck_assert_str_eq(line->chip->driver, "soft");
	json = eh_yaml_json(line->chip->with);
	ck_assert_str_eq(json, "{\"speed\":\"115200\"}");
	free(json);
	ck_assert_ptr_null(line->units);
	ck_assert_uint_eq(line->nstations, 1);
	ck_assert_str_eq(line->stations[0].id, "st07");
	ck_assert_int_eq(line->stations[0].sockets, 4);
	ck_assert_uint_eq(line->nsteps, 6);
	ck_assert_int_eq(line->steps[0].uses, EH_STEP_CHIP_CONNECT);
	ck_assert_int_eq(line->steps[0].retry->times, 2);
	ck_assert_int_eq(line->steps[0].retry->delay, 1000);
	ck_assert_int_eq(line->steps[0].on_failure, EH_FAILURE_QUARANTINE);
	ck_assert_ptr_null(line->steps[0].with);
	ck_assert_str_eq(line->steps[1].with->key, "device");
	ck_assert_ptr_null(line->steps[1].retry);
	ck_assert_uint_eq(line->steps[2].with->ncertificates, 2);
	ck_assert_str_eq(line->steps[2].with->certificates[1], "b");
	ck_assert_int_eq(line->steps[3].on_failure, EH_FAILURE_STOP);
	ck_assert_int_eq(line->steps[4].always, 0);
	ck_assert_int_eq(line->steps[5].always, 1);
	ck_assert_int_eq(line->stop_after, 0);
	path = eh_line_compiled_path(line);
	ck_assert_str_eq(path, "dir/gateway-b.ehprofile");
	free(path);
	path = eh_line_source_path(line);
	ck_assert_str_eq(path, "dir/gateway-b.yaml");
	free(path);
	path = eh_line_path(line, "/abs/x");
	ck_assert_str_eq(path, "/abs/x");
	free(path);
	ck_assert_str_eq(
	    eh_line_step_word(EH_STEP_RECORD_WRITE), "record.write");
	ck_assert_str_eq(eh_line_step_word(99), "unknown");
}
END_TEST

START_TEST(defaults_reach_the_steps_that_do_not_say)
{
	ck_assert_int_eq(parse(HEAD STEPS "  defaults: { onFailure: stop, "
					  "stopAfterFailures: 3 }\n"),
	    EH_OK);
	ck_assert_int_eq(line->steps[0].on_failure, EH_FAILURE_STOP);
	ck_assert_int_eq(line->stop_after, 3);
}
END_TEST

START_TEST(other_documents_are_refused)
{
	refuses("apiVersion: edgehsm/v1\nkind: ProvisioningProfile\nx: 1\n",
	    "dir/l.yaml:2:7: error: kind: 'ProductionLine' is expected here, "
	    "not 'ProvisioningProfile'\n");
	refuses("kind: ProductionLine\n",
	    "dir/l.yaml:1:1: error: 'apiVersion: edgehsm/v1' is missing\n");
	refuses("[]\n", "dir/l.yaml:1:1: error: a document is a map that "
			"begins with apiVersion and kind, not a list\n");
}
END_TEST

START_TEST(line_is_found_among_documents)
{
	ck_assert_int_eq(
	    parse("kind: ProvisioningProfile\n---\n" HEAD STEPS), EH_OK);
	ck_assert_str_eq(line->name, "line3");
}
END_TEST

START_TEST(steps_that_are_not_built_are_refused)
{
	refuses(HEAD "  steps:\n"
		     "    - { id: a, uses: chip.lock }\n"
		     "    - { id: b, uses: hsm.derive, with: { secrets: [ x ] "
		     "} }\n"
		     "    - { id: c, uses: chip.loch }\n",
	    "dir/l.yaml:10:22: error: spec.steps[0].uses: 'chip.lock' is not "
	    "built yet (built: chip.connect, chip.keygen, hsm.issue, "
	    "chip.inject, chip.verify, record.write)\n"
	    "dir/l.yaml:11:22: error: spec.steps[1].uses: 'hsm.derive' is not "
	    "built yet (built: chip.connect, chip.keygen, hsm.issue, "
	    "chip.inject, chip.verify, record.write)\n"
	    "dir/l.yaml:12:22: error: spec.steps[2].uses: 'chip.loch' is not "
	    "known (did you mean 'chip.lock'?)\n");
	refuses(HEAD STEPS "  mes: { connector: csv, with: { a: b } }\n"
			   "  telemetry: { metrics: \"x\" }\n",
	    "dir/l.yaml:17:3: error: spec.mes: not built yet: leave 'mes' out\n"
	    "dir/l.yaml:18:3: error: spec.telemetry: not built yet: leave "
	    "'telemetry' out\n");
}
END_TEST

START_TEST(options_belong_to_their_step)
{
	refuses(HEAD "  steps:\n"
		     "    - { id: a, uses: chip.connect, with: { key: x } }\n"
		     "    - { id: b, uses: chip.keygen }\n"
		     "    - { id: c, uses: hsm.issue, with: { key: x } }\n",
	    "dir/l.yaml:10:36: error: spec.steps[0].with: 'chip.connect' has "
	    "no key 'with'\n"
	    "dir/l.yaml:11:7: error: spec.steps[1]: 'with' is missing\n"
	    "dir/l.yaml:12:39: error: spec.steps[2].with: 'certificates' is "
	    "missing\n"
	    "dir/l.yaml:12:41: error: spec.steps[2].with.key: unknown key\n");
}
END_TEST

START_TEST(steps_have_an_order)
{
	refuses(HEAD "  steps:\n"
		     "    - { id: a, uses: hsm.issue }\n"
		     "    - { id: b, uses: chip.keygen, with: { key: x } }\n",
	    "dir/l.yaml:10:7: error: spec.steps[0]: hsm.issue needs a step "
	    "chip.keygen before it\n"
	    "dir/l.yaml:11:7: error: spec.steps[1]: chip.keygen needs a step "
	    "chip.connect before it\n");
}
END_TEST

static void
check_ids(const char *units, size_t count, const char *first, const char *last)
{
	struct eh_line_ids ids;
	char text[4096];

	snprintf(text, sizeof(text), HEAD STEPS "  units: %s\n", units);
	ck_assert_int_eq(parse(text), EH_OK);
	ck_assert_int_eq(eh_line_ids_read(line, &ids, &report), EH_OK);
	ck_assert_uint_eq(ids.count, count);
	ck_assert_str_eq(ids.id[0], first);
	ck_assert_str_eq(ids.id[count - 1], last);
	eh_line_ids_free(&ids);
}

static void
refuses_ids(const char *units, const char *complaint)
{
	struct eh_line_ids ids;
	char text[4096];

	snprintf(text, sizeof(text), HEAD STEPS "  units: %s\n", units);
	ck_assert_int_eq(parse(text), EH_OK);
	ck_assert_int_eq(
	    eh_line_ids_read(line, &ids, &report), EH_ERR_CONFIG);
	said(&report, complaint);
	eh_line_ids_free(&ids);
}

START_TEST(units_come_from_a_range_or_a_list)
{
	struct eh_line_ids ids;

	check_ids("{ from: SN00000009, to: SN00000020 }", 12, "SN00000009",
	    "SN00000020");
	check_ids("{ from: 7, to: 7 }", 1, "7", "7");
	check_ids("{ list: [ b, a ] }", 2, "b", "a");
	/* More digits than can be counted: the last fifteen count. */
	check_ids("{ from: 99999999999999999998, to: 99999999999999999999 }",
	    2, "99999999999999999998", "99999999999999999999");
	ck_assert_int_eq(parse(HEAD STEPS), EH_OK);
	ck_assert_int_eq(eh_line_ids_read(line, &ids, &report), EH_OK);
	ck_assert_uint_eq(ids.count, 0);
}
END_TEST

START_TEST(units_that_make_no_sense_are_refused)
{
	refuses_ids("{ from: SN2, to: SN1 }",
	    "dir/l.yaml:17:10: error: spec.units: from 'SN2' is above to "
	    "'SN1'\n");
	refuses_ids("{ from: SN1, to: SM2 }",
	    "dir/l.yaml:17:10: error: spec.units: from 'SN1' and to 'SM2' "
	    "must differ only in the digits at their end\n");
	refuses_ids("{ from: SN9, to: SN10 }",
	    "dir/l.yaml:17:10: error: spec.units: from 'SN9' and to 'SN10' "
	    "must differ only in the digits at their end\n");
	refuses_ids("{ from: x, to: x }",
	    "dir/l.yaml:17:10: error: spec.units: from 'x' and to 'x' must "
	    "differ only in the digits at their end\n");
	refuses_ids("{ list: [ a, b, a ] }",
	    "dir/l.yaml:17:10: error: spec.units: unit 'a' stands twice\n");
	refuses_ids("{ from: SN0000000, to: SN1000000 }",
	    "dir/l.yaml:17:10: error: spec.units: more than 1000000 units\n");
	refuses(HEAD STEPS "  units: { from: a1 }\n",
	    "dir/l.yaml:17:10: error: spec.units: 'to' is missing\n");
	refuses(HEAD STEPS "  units: { from: a1, to: a2, list: [ x ] }\n",
	    "dir/l.yaml:17:10: error: spec.units: one of them is needed: from "
	    "and to, list, or file\n");
	refuses(HEAD STEPS "  units: {}\n",
	    "dir/l.yaml:17:10: error: spec.units: one of them is needed: from "
	    "and to, list, or file\n");
}
END_TEST

START_TEST(units_come_from_a_file)
{
	char path[] = "/tmp/eh-test-line-XXXXXX", units[64], complaint[256];
	static const char good[] = "# order 7\nSN1\r\n\nSN3\nSN2";
	static const char bad[] = "SN1\nS N\nSN2\n\001\n";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, good, sizeof(good) - 1), sizeof(good) - 1);
	snprintf(units, sizeof(units), "{ file: %s }", path);
	check_ids(units, 3, "SN1", "SN2");
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(
	    pwrite(fd, bad, sizeof(bad) - 1, 0), sizeof(bad) - 1);
	snprintf(complaint, sizeof(complaint),
	    "%s:2:2: error: a device id is printable ASCII without spaces, at "
	    "most 32 characters\n"
	    "%s:4:1: error: a device id is printable ASCII without spaces, at "
	    "most 32 characters\n",
	    path, path);
	refuses_ids(units, complaint);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(units_may_be_named_without_a_document)
{
	struct eh_line_ids ids;
	char path[] = "/tmp/eh-test-line-XXXXXX";
	int fd = mkstemp(path);

	eh_report_wipe(&report);
	ck_assert_int_eq(
	    eh_line_ids_range("SN08", "SN10", &ids, &report), EH_OK);
	ck_assert_uint_eq(ids.count, 3);
	ck_assert_str_eq(ids.id[2], "SN10");
	eh_line_ids_free(&ids);
	ck_assert_int_eq(
	    eh_line_ids_range("SN2", "SN1", &ids, &report), EH_ERR_CONFIG);
	eh_line_ids_free(&ids);
	said(&report, "error: from 'SN2' is above to 'SN1'\n");
	ck_assert_int_eq(eh_line_ids_range(
			     "000000000000000000000000000000001",
			     "000000000000000000000000000000002", &ids, &report),
	    EH_ERR_CONFIG);
	eh_line_ids_free(&ids);
	said(&report, "error: a device id has at most 32 characters\n");
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "SN2\nSN1\nSN2\n", 12), 12);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(
	    eh_line_ids_file(path, &ids, &report), EH_ERR_CONFIG);
	eh_line_ids_free(&ids);
	said(&report, "error: unit 'SN2' stands twice\n");
	ck_assert_int_eq(truncate(path, 8), 0);
	ck_assert_int_eq(eh_line_ids_file(path, &ids, &report), EH_OK);
	ck_assert_uint_eq(ids.count, 2);
	eh_line_ids_free(&ids);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(file_that_is_missing_is_named)
{
	struct eh_line_ids ids;

	ck_assert_int_eq(
	    parse(HEAD STEPS "  units: { file: /nonexistent/x }\n"), EH_OK);
	ck_assert_int_eq(
	    eh_line_ids_read(line, &ids, &report), EH_ERR_CONFIG);
	ck_assert_uint_eq(report.errors, 1);
	ck_assert_ptr_nonnull(
	    strstr(eh_report_get(&report, 0)->text, "/nonexistent/x"));
	ck_assert_uint_eq(eh_report_get(&report, 0)->line, 17);
	eh_line_ids_free(&ids);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("line");
	TCase *t = tcase_create("line");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, line_is_typed);
	tcase_add_test(t, defaults_reach_the_steps_that_do_not_say);
	tcase_add_test(t, other_documents_are_refused);
	tcase_add_test(t, line_is_found_among_documents);
	tcase_add_test(t, steps_that_are_not_built_are_refused);
	tcase_add_test(t, options_belong_to_their_step);
	tcase_add_test(t, steps_have_an_order);
	tcase_add_test(t, units_come_from_a_range_or_a_list);
	tcase_add_test(t, units_that_make_no_sense_are_refused);
	tcase_add_test(t, units_come_from_a_file);
	tcase_add_test(t, units_may_be_named_without_a_document);
	tcase_add_test(t, file_that_is_missing_is_named);
	suite_add_tcase(s, t);
	return unit_run(s);
}
