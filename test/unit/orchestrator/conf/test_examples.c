/* SPDX-License-Identifier: Apache-2.0 */
/* test_examples.c - the documents in configs/examples are right in every part,
 * and make the templates that were measured with other tools. */
#include "config.h"

#include <string.h>

#include "orchestrator/conf/line.h"
#include "orchestrator/conf/profile.h"
#include "test/unit/orchestrator/conf/said.h"
#include "test/unit/unit.h"

static struct eh_report report;

static const char *
example(const char *name)
{
	static char path[4096];
	const char *root = getenv("EH_SRCDIR");

	snprintf(path, sizeof(path), "%s/configs/examples/%s",
	    root != NULL ? root : ".", name);
	return path;
}

static struct eh_conf_profile *
load(const char *name)
{
	struct eh_conf_profile *profile;

	eh_report_init(&report);
	(void)!eh_conf_profile_load(&profile, example(name), &report);
	said(&report, "");
	ck_assert_ptr_nonnull(profile);
	return profile;
}

static const struct eh_field *
field(const struct eh_template *t, unsigned source, unsigned nth)
{
	for (unsigned i = 0; i < t->fields; i++)
		if (t->field[i].source == source && nth-- == 0)
			return &t->field[i];
	ck_abort_msg("no field of source %u", source);
	return NULL;
}

static void
check_field(const struct eh_template *t, unsigned source, unsigned nth,
    unsigned offset, unsigned length)
{
	ck_assert_uint_eq(field(t, source, nth)->offset, offset);
	ck_assert_uint_eq(field(t, source, nth)->length, length);
}

static void
set_issuer(struct eh_issuer *issuer, const char *subject)
{
	memset(issuer, 0, sizeof(*issuer));
	issuer->subjectlen = unit_hex(
	    subject, issuer->subject, sizeof(issuer->subject));
	issuer->key_idlen = 20;
	memset(issuer->spki, 1, sizeof(issuer->spki));
}

/* C=DE, O=ACME, CN=ACME IDevID Issuing CA 1; and CN=ACME Matter PAI, VID FFF1:
 * the issuers of the templates that were made with the openssl command. */
static const char idevid_ca[] =
    "303f 310b300906035504061302 4445 310d300b060355040a0c04 41434d45"
    "3121301f06035504030c18"
    "41434d4520494465764944204973737569 6e67204341 2031";
static const char pai[] =
    "3030 3118301606035504030c0f 41434d45204d617474657220504149"
    "31143012060a2b0601040182a27c02010c0446464631";

START_TEST(every_profile_compiles_and_keeps_its_standard)
{
	static const char *const names[] = {
		"gateway-a.yaml", "gateway-b.yaml", "sensor-days.yaml",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct eh_conf_profile *p = load(names[i]);

		ck_assert_int_eq(
		    eh_conf_profile_check(p, NULL, &report), EH_OK);
		said(&report, "");
		eh_conf_profile_free(p);
	}
}
END_TEST

START_TEST(idevid_is_the_one_that_openssl_made)
{
	struct eh_conf_profile *p = load("gateway-b.yaml");
	struct eh_template *t = calloc(1, sizeof(*t));
	static uint8_t tbs[EH_TBS_MAX];
	static struct eh_issuer issuer;
	struct eh_error e;

	ck_assert_ptr_nonnull(t);
	set_issuer(&issuer, idevid_ca);
	eh_error_clear(&e);
	ck_assert_msg(eh_compile_template(eh_conf_profile_get_source(p), 0,
			  &issuer, tbs, t, &e) == EH_OK,
	    "%s", e.text);
	ck_assert_uint_eq(t->tbslen, 385);
	check_field(t, EH_FIELD_SERIAL, 0, 11, 16);
	check_field(t, EH_FIELD_NOT_BEFORE, 0, 108, 13);
	check_field(t, EH_FIELD_DEVICE_ID, 0, 166, 10);
	check_field(t, EH_FIELD_DEVICE_ID, 1, 375, 10);
	check_field(t, EH_FIELD_PUBLIC_KEY, 0, 202, 65);
	free(t);
	eh_conf_profile_free(p);
}
END_TEST

START_TEST(dac_is_the_one_that_openssl_made)
{
	struct eh_conf_profile *p = load("gateway-b.yaml");
	struct eh_template *t = calloc(1, sizeof(*t));
	static uint8_t tbs[EH_TBS_MAX];
	static struct eh_issuer issuer;
	struct eh_error e;

	ck_assert_ptr_nonnull(t);
	set_issuer(&issuer, pai);
	eh_error_clear(&e);
	ck_assert_msg(eh_compile_template(eh_conf_profile_get_source(p), 1,
			  &issuer, tbs, t, &e) == EH_OK,
	    "%s", e.text);
	ck_assert_uint_eq(t->tbslen, 392);
	check_field(t, EH_FIELD_SERIAL, 0, 11, 16);
	check_field(t, EH_FIELD_NOT_BEFORE, 0, 93, 13);
	check_field(t, EH_FIELD_DEVICE_ID, 0, 149, 10);
	check_field(t, EH_FIELD_PUBLIC_KEY, 0, 229, 65);
	check_field(t, EH_FIELD_SUBJECT_KEY_ID, 0, 339, 20);
	free(t);
	eh_conf_profile_free(p);
}
END_TEST

START_TEST(days_are_a_field)
{
	struct eh_conf_profile *p = load("sensor-days.yaml");
	const struct eh_template_source *c =
	    &eh_conf_profile_get_source(p)->certificate[0];

	ck_assert_uint_eq(c->not_after.field, 1);
	ck_assert_uint_eq(c->not_after.days, 3650);
	eh_conf_profile_free(p);
}
END_TEST

START_TEST(line_fits_its_profile)
{
	struct eh_conf_profile *p = load("gateway-b.yaml");
	struct eh_conf_profile *other = load("gateway-a.yaml");
	struct eh_line_ids ids;
	struct eh_line *line;

	ck_assert_int_eq(
	    eh_line_load(&line, example("line3.yaml"), &report), EH_OK);
	eh_line_check_profile(line, eh_conf_profile_get_source(p), &report);
	said(&report, "");
	ck_assert_int_eq(eh_line_ids_read(line, &ids, &report), EH_OK);
	ck_assert_uint_eq(ids.count, 12);
	ck_assert_str_eq(ids.id[11], "SN00000012");
	eh_line_ids_free(&ids);
	eh_line_check_profile(
	    line, eh_conf_profile_get_source(other), &report);
	ck_assert_uint_eq(report.errors, 4);
	ck_assert_str_eq(eh_report_get(&report, 0)->text,
	    "the profile is called 'gateway-a', not 'gateway-b'");
	ck_assert_str_eq(eh_report_get(&report, 1)->text,
	    "no key of the profile 'attestation'");
	ck_assert_str_eq(eh_report_get(&report, 2)->text,
	    "certificate 'idevid' is for key 'device', which no step before "
	    "it makes");
	ck_assert_str_eq(eh_report_get(&report, 3)->text,
	    "no certificate of the profile 'dac'");
	eh_report_wipe(&report);
	eh_line_free(line);
	eh_conf_profile_free(p);
	eh_conf_profile_free(other);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("examples");
	TCase *t = tcase_create("examples");

	tcase_add_test(t, every_profile_compiles_and_keeps_its_standard);
	tcase_add_test(t, idevid_is_the_one_that_openssl_made);
	tcase_add_test(t, dac_is_the_one_that_openssl_made);
	tcase_add_test(t, days_are_a_field);
	tcase_add_test(t, line_fits_its_profile);
	suite_add_tcase(s, t);
	return unit_run(s);
}
