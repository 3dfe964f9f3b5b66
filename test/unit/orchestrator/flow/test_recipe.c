/* SPDX-License-Identifier: Apache-2.0 */
/* test_recipe.c - everything that is wrong with a line is told before it
 * starts, each at its place. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/unit/orchestrator/flow/bench.h"
#include "test/unit/unit.h"

#define CONNECT "    - { id: connect, uses: chip.connect }\n"
#define KEYGEN                                                                 \
	"    - { id: keygen, uses: chip.keygen, "                                \
	"with: { key: attestation } }\n"
#define ISSUE  "    - { id: issue, uses: hsm.issue }\n"
#define INJECT "    - { id: inject, uses: chip.inject }\n"
#define VERIFY "    - { id: verify, uses: chip.verify }\n"
#define RECORD "    - { id: record, uses: record.write }\n"
#define FIRST_STEP 10			/* line of the document */

static struct bench b;

static void
setup(void)
{
	bench_setup(&b);
}

static void
teardown(void)
{
	bench_teardown(&b);
}

/* All that the report holds, without the folder's name. */
static char *
told(void)
{
	static char out[8192];
	char *text = NULL, *at;
	size_t len, skip = strlen(b.folder) + 1;
	FILE *f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(f);
	eh_report_print(&b.report, f);
	fclose(f);
	while ((at = strstr(text, b.folder)) != NULL)
		memmove(at, at + skip, strlen(at + skip) + 1);
	snprintf(out, sizeof(out), "%s", text);
	free(text);
	return out;
}

static int
load(const char *with, const char *steps, const char *more)
{
	bench_line(&b, with, steps, more);
	eh_recipe_wipe(&b.recipe);
	eh_report_wipe(&b.report);
	return eh_recipe_load(&b.recipe, b.line_path, &b.report);
}

static void
refuses(const char *with, const char *steps, const char *complaint)
{
	ck_assert_int_eq(load(with, steps, NULL), EH_ERR_CONFIG);
	ck_assert_str_eq(told(), complaint);
}

START_TEST(whole_line_is_loaded)
{
	unsigned index[EH_PROFILE_TEMPLATES];
	const struct eh_recipe *r = &b.recipe;

	ck_assert_int_eq(load("fault: none", NULL, NULL), EH_OK);
	ck_assert_str_eq(told(), "");
	ck_assert_str_eq(r->token, "bench");
	ck_assert_uint_eq(r->nplaces, 2);
	ck_assert_str_eq(r->place[1].name, "cert/1");
	ck_assert_uint_eq(r->place[1].number, 1);
	ck_assert_uint_eq(r->place[1].index, 1);
	ck_assert_int_eq(r->place[1].verify, 1);
	ck_assert_uint_eq(
	    eh_recipe_certificates(r, &r->line->steps[2], index), 2);
	ck_assert_int_eq(eh_recipe_key(r, "attestation"), 0);
	ck_assert_int_eq(eh_recipe_key(r, "other"), -1);
	ck_assert(eh_recipe_wants(r, "operator"));
	ck_assert(!eh_recipe_wants(r, "label"));
	ck_assert_ptr_nonnull(strstr(r->config, "\"speed\":115200"));
	ck_assert_ptr_nonnull(strstr(r->config, b.folder));
}
END_TEST

START_TEST(options_of_the_driver_are_checked_at_their_places)
{
	refuses("speeed: 9600, fault: none", NULL,
	    "line.yaml:7:47: error: spec.chip.with.speeed: the plugin has no "
	    "such option (did you mean 'speed'?)\n");
	refuses("speed: fast", NULL,
	    "line.yaml:7:54: error: spec.chip.with.speed: 'fast' is not a "
	    "whole number\n");
}
END_TEST

START_TEST(driver_that_cannot_be_loaded_is_told_at_its_name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/plugins/chip-fake.so", b.folder);
	ck_assert_int_eq(chmod(path, 0777), 0);
	ck_assert_int_eq(load("fault: none", NULL, NULL), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(told(),
	    "line.yaml:7:19: error: spec.chip.driver: plugin "));
	ck_assert_ptr_nonnull(strstr(told(), "mode 0777"));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(load("fault: none", NULL, NULL), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(told(), "no chip driver 'fake'"));
}
END_TEST

START_TEST(operation_that_the_driver_lacks_is_told_at_the_step)
{
	setenv("FAKE_PLUGIN", "no-keygen", 1);
	refuses("fault: none", NULL,
	    "line.yaml:11:7: error: spec.steps[1]: chip.keygen needs keygen, "
	    "which is not supported by driver fake\n");
	setenv("FAKE_PLUGIN", "no-write", 1);
	refuses("fault: none", NULL,
	    "line.yaml:13:7: error: spec.steps[3]: chip.inject needs "
	    "write_certificate, which is not supported by driver fake\n");
	setenv("FAKE_PLUGIN", "no-read-back", 1);
	refuses("fault: none", NULL,
	    "line.yaml:14:7: error: spec.steps[4]: chip.verify needs "
	    "read_back, which is not supported by driver fake\n");
	/* A line that does not need it may run. */
	bench_put(&b, "unused", "");
	ck_assert_int_eq(load("fault: none", CONNECT KEYGEN ISSUE INJECT, NULL),
	    EH_ERR_CONFIG);
	ck_assert_ptr_null(strstr(told(), "not supported"));
}
END_TEST

START_TEST(steps_must_fit_the_profile)
{
	refuses("fault: none",
	    CONNECT KEYGEN
	    "    - { id: issue, uses: hsm.issue, "
	    "with: { certificates: [ idevid ] } }\n" INJECT VERIFY RECORD,
	    "line.yaml:13:7: error: spec.steps[3]: the profile puts "
	    "certificate 'dac' at cert/1, and no step before this one issues "
	    "it\n");
	refuses("fault: none", CONNECT KEYGEN ISSUE INJECT VERIFY,
	    "line.yaml:10:5: error: spec.steps: the profile wants a report of "
	    "every device, and no step is record.write\n");
	refuses("fault: none", CONNECT KEYGEN ISSUE INJECT RECORD,
	    "line.yaml:10:5: error: spec.steps: the profile wants read-back in "
	    "every report, and no step is chip.verify\n");
	refuses("fault: none", CONNECT KEYGEN ISSUE INJECT RECORD VERIFY,
	    "line.yaml:15:7: error: spec.steps[5]: nothing comes after "
	    "record.write: the report speaks of a finished device\n");
	refuses("fault: none",
	    CONNECT KEYGEN
	    "    - { id: again, uses: chip.keygen, "
	    "with: { key: attestation } }\n" ISSUE INJECT VERIFY RECORD,
	    "line.yaml:12:7: error: spec.steps[2]: key 'attestation' is made "
	    "twice\n");
}
END_TEST

/* Change ${from} into ${to} in the profile; the compiled one stays. */
static void
edit_profile(const char *from, const char *to)
{
	char command[512];

	snprintf(command, sizeof(command), "sed -i 's|%s|%s|' %s/gateway-b.yaml",
	    from, to, b.folder);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(compiled_profile_must_be_that_of_the_document)
{
	char path[128];

	edit_profile("cert/1", "cert/2");
	ck_assert_int_eq(load("fault: none", NULL, NULL), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(
	    strstr(told(), "line.yaml:5:12: error: spec.profile: "));
	ck_assert_ptr_nonnull(strstr(told(), "gateway-b.ehprofile"));
	edit_profile("cert/2", "cert/1");
	ck_assert_int_eq(load("fault: none", NULL, NULL), EH_OK);
	bench_put(&b, "gateway-b.ehprofile", "not a profile");
	ck_assert_int_eq(load("fault: none", NULL, NULL), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(told(), "is not a compiled profile"));
	snprintf(path, sizeof(path), "%s/gateway-b.ehprofile", b.folder);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(load("fault: none", NULL, NULL), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(
	    strstr(told(), "edgehsm profile compile gateway-b.yaml makes it"));
}
END_TEST

START_TEST(places_of_certificates_have_numbers)
{
	static const char *const places[] = { "slot/1", "cert", "cert/",
		"cert/01", "cert/1x", "cert/65536", "key/1" };
	char place[64];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(place, sizeof(place), "place: %s,", places[i]);
		edit_profile("place: cert/1,", place);
		ck_assert_int_eq(
		    load("fault: none", NULL, NULL), EH_ERR_CONFIG);
		ck_assert_msg(strstr(told(),
				  "the places of certificates are cert/0 to "
				  "cert/65535") != NULL,
		    "%s: %s", places[i], told());
		edit_profile(place, "place: cert/1,");
	}
}
END_TEST

START_TEST(errors_of_both_documents_are_told_at_once)
{
	edit_profile("evidence: none", "evidense: none");
	ck_assert_int_eq(
	    load("sped: 1, fault: none", NULL, "  quotas: 3\n"),
	    EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(told(), "spec.quotas"));
	ck_assert_int_eq(load("sped: 1, fault: none", NULL, NULL),
	    EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(told(), "spec.evidense"));
	ck_assert_ptr_nonnull(strstr(told(), "spec.chip.with.sped"));
}
END_TEST

static int
units(const char *range, const char *file)
{
	ck_assert_int_eq(load("fault: none", NULL, NULL), EH_OK);
	return eh_recipe_units(&b.recipe, range, file, &b.report);
}

START_TEST(units_are_named_on_the_command_line_or_in_the_line)
{
	char path[128];

	ck_assert_int_eq(units("SN00000009..SN00000011", NULL), EH_OK);
	ck_assert_uint_eq(b.recipe.ids.count, 3);
	ck_assert_str_eq(b.recipe.ids.id[2], "SN00000011");
	ck_assert_int_eq(units("SN00000009", NULL), EH_OK);
	ck_assert_uint_eq(b.recipe.ids.count, 1);
	bench_put(&b, "ids", "# two\nSN00000002\n\nSN00000001\n");
	snprintf(path, sizeof(path), "%s/ids", b.folder);
	ck_assert_int_eq(units(NULL, path), EH_OK);
	ck_assert_uint_eq(b.recipe.ids.count, 2);
	ck_assert_str_eq(b.recipe.ids.id[0], "SN00000002");
	ck_assert_int_eq(units(NULL, NULL), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(told(), "--units FIRST..LAST"));
	ck_assert_int_eq(load("fault: none", NULL,
			     "  units: { from: SN00000001, to: SN00000002 }\n"),
	    EH_OK);
	ck_assert_int_eq(
	    eh_recipe_units(&b.recipe, NULL, NULL, &b.report), EH_OK);
	ck_assert_uint_eq(b.recipe.ids.count, 2);
}
END_TEST

START_TEST(units_that_are_none_of_the_profile_are_refused)
{
	static const char *const ranges[] = { "SN1..SN2", "..", "SN00000001..",
		"..SN00000001", "SN00000002..SN00000001", "SN0000000A",
		"SN00000001..XX00000002", "",
		"SN00000001..SN000000000000000000000000000000001" };

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		ck_assert_msg(
		    units(ranges[i], NULL) == EH_ERR_CONFIG, "%s", ranges[i]);
	/* A thousand wrong ones are told in a few lines. */
	ck_assert_int_eq(units("XX00000001..XX00001000", NULL), EH_ERR_CONFIG);
	ck_assert_uint_eq(b.report.errors, 11);
	ck_assert_ptr_nonnull(strstr(told(), "and 990 units more like these"));
	ck_assert_int_eq(units(NULL, "/nonexistent"), EH_ERR_CONFIG);
}
END_TEST

START_TEST(station_is_named_when_there_are_more)
{
	const struct eh_line_station *station;
	struct eh_error e;

	eh_error_clear(&e);
	ck_assert_int_eq(load("fault: none", NULL, NULL), EH_OK);
	ck_assert_int_eq(
	    eh_recipe_station(&b.recipe, NULL, &station, &e), EH_OK);
	ck_assert_str_eq(station->id, "st1");
	ck_assert_int_eq(
	    eh_recipe_station(&b.recipe, "st1", &station, &e), EH_OK);
	ck_assert_int_eq(eh_recipe_station(&b.recipe, "st2", &station, &e),
	    EH_ERR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(e.text, "it has: st1"));
}
END_TEST

START_TEST(token_is_named_by_its_label)
{
	static const struct {
		const char *uri, *label;
	} cases[] = {
		{ "pkcs11:token=A%20b", "A b" },
		{ "pkcs11:token=", NULL },
		{ "pkcs11:token=a;serial=1", NULL },
		{ "pkcs11:serial=1", NULL },
		{ "pkcs11:token=a?pin-value=1", NULL },
		{ "pkcs11:token=%2", NULL },
		{ "pkcs11:token=%zz", NULL },
		{ "pkcs11:token=a%00b", NULL },
		{ "pkcs11:token=123456789012345678901234567890123", NULL },
	};
	char command[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_line(&b, "fault: none", NULL, NULL);
		snprintf(command, sizeof(command),
		    "sed -i 's|pkcs11:token=bench|%s|' %s", cases[i].uri,
		    b.line_path);
		ck_assert_int_eq(system(command), 0);
		eh_recipe_wipe(&b.recipe);
		eh_report_wipe(&b.report);
		ck_assert_int_eq(
		    eh_recipe_load(&b.recipe, b.line_path, &b.report),
		    cases[i].label != NULL ? EH_OK : EH_ERR_CONFIG);
		if (cases[i].label != NULL)
			ck_assert_str_eq(b.recipe.token, cases[i].label);
		else
			ck_assert_ptr_nonnull(strstr(
			    told(), "line.yaml:6:10: error: spec.token: "));
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("recipe");
	TCase *t = tcase_create("recipe");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, whole_line_is_loaded);
	tcase_add_test(t, options_of_the_driver_are_checked_at_their_places);
	tcase_add_test(t, driver_that_cannot_be_loaded_is_told_at_its_name);
	tcase_add_test(t, operation_that_the_driver_lacks_is_told_at_the_step);
	tcase_add_test(t, steps_must_fit_the_profile);
	tcase_add_test(t, compiled_profile_must_be_that_of_the_document);
	tcase_add_test(t, places_of_certificates_have_numbers);
	tcase_add_test(t, errors_of_both_documents_are_told_at_once);
	tcase_add_test(t, units_are_named_on_the_command_line_or_in_the_line);
	tcase_add_test(t, units_that_are_none_of_the_profile_are_refused);
	tcase_add_test(t, station_is_named_when_there_are_more);
	tcase_add_test(t, token_is_named_by_its_label);
	suite_add_tcase(s, t);
	return unit_run(s);
}
