/* SPDX-License-Identifier: Apache-2.0 */
/* test_options.c - with: of a plugin by the plugin's table. */
#include "config.h"

#include <string.h>

#include "orchestrator/conf/options.h"
#include "test/unit/orchestrator/conf/said.h"
#include "test/unit/unit.h"

#define OPTION(name, type, flags, dflt, values)                                \
	{ sizeof(struct eh_plugin_option), name, type, flags, dflt, values,    \
	    "Documented." }

static const struct eh_plugin_option options[] = {
	OPTION("port", EH_PLUGIN_PATH, EH_PLUGIN_REQUIRED, NULL, NULL),
	OPTION("speed", EH_PLUGIN_INT, 0, "115200", NULL),
	OPTION("reset", EH_PLUGIN_BOOL, 0, NULL, NULL),
	OPTION("wait", EH_PLUGIN_DURATION, 0, NULL, NULL),
	OPTION("image", EH_PLUGIN_SIZE, 0, NULL, NULL),
	OPTION("probe", EH_PLUGIN_ENUM, 0, NULL, "swd|jtag"),
	OPTION("label", EH_PLUGIN_TEXT, 0, NULL, NULL),
	OPTION("at", EH_PLUGIN_URI, 0, NULL, NULL),
};
#define NOPTIONS (sizeof(options) / sizeof(options[0]))

static struct eh_report report;
static struct eh_yaml *yaml;
static char *json;

static void
setup(void)
{
	eh_report_init(&report);
	yaml = NULL;
	json = NULL;
}

static void
teardown(void)
{
	eh_yaml_free(yaml);
	yaml = NULL;
	free(json);
	json = NULL;
	eh_report_wipe(&report);
}

static int
check(const char *text)
{
	teardown();
	ck_assert_int_eq(
	    eh_yaml_parse(&yaml, "dir/o.yaml", text, strlen(text), &report),
	    EH_OK);
	return eh_options_json(
	    eh_yaml_document(yaml, 0), options, NOPTIONS, &json, &report);
}

static void
refuses(const char *text, const char *complaint)
{
	ck_assert_int_eq(check(text), EH_ERR_CONFIG);
	ck_assert_ptr_null(json);
	said(&report, complaint);
}

START_TEST(options_become_typed_json)
{
	ck_assert_int_eq(check("with: { port: dev/x, speed: 9600, reset: true, "
			       "wait: 5m, image: 16M, probe: swd, label: 010, "
			       "at: \"usb:1\" }\n"),
	    EH_OK);
	ck_assert_str_eq(json,
	    "{\"port\":\"dir/dev/x\",\"speed\":9600,\"reset\":true,"
	    "\"wait\":300000,\"image\":16777216,\"probe\":\"swd\","
	    "\"label\":\"010\",\"at\":\"usb:1\"}");
	ck_assert_int_eq(check("with: { port: /dev/x }\n"), EH_OK);
	ck_assert_str_eq(json, "{\"port\":\"/dev/x\",\"speed\":115200}");
}
END_TEST

START_TEST(options_that_do_not_fit_are_refused)
{
	refuses("driver: x\n",
	    "dir/o.yaml:1:1: error: 'port' is missing in with:\n");
	refuses("with: { port: x, speeed: 1, noise: 2 }\n",
	    "dir/o.yaml:1:18: error: with.speeed: the plugin has no such "
	    "option (did you mean 'speed'?)\n"
	    "dir/o.yaml:1:29: error: with.noise: the plugin has no such "
	    "option\n");
	refuses("with: { port: x, speed: fast, reset: yes, wait: 5, image: 1T, "
		"probe: spi, label: [ a ], at: }\n",
	    "dir/o.yaml:1:25: error: with.speed: 'fast' is not a whole number\n"
	    "dir/o.yaml:1:38: error: with.reset: 'yes' is not one of: true, "
	    "false\n"
	    "dir/o.yaml:1:49: error: with.wait: '5' is not a duration (500ms, "
	    "30s, 5m, 4h, 2d)\n"
	    "dir/o.yaml:1:59: error: with.image: '1T' is not a size (512, 64K, "
	    "16M, 1G)\n"
	    "dir/o.yaml:1:70: error: with.probe: 'spi' is not one of: swd, "
	    "jtag\n"
	    "dir/o.yaml:1:82: error: with.label: a text is expected here, not "
	    "a list or map\n"
	    "dir/o.yaml:1:93: error: with.at: has no value\n");
}
END_TEST

START_TEST(longer_structs_are_walked_by_their_size)
{
	static const struct {
		struct eh_plugin_option option;
		uint64_t more;
	} newer[] = {
		{ { sizeof(newer[0]), "a", EH_PLUGIN_TEXT, 0, NULL, NULL, "" },
		    1 },
		{ { sizeof(newer[0]), "b", EH_PLUGIN_INT, 0, "7", NULL, "" },
		    2 },
	};

	teardown();
	ck_assert_int_eq(eh_yaml_parse(&yaml, "o", "with: { a: x }\n", 15,
			     &report),
	    EH_OK);
	ck_assert_int_eq(eh_options_json(eh_yaml_document(yaml, 0),
			     &newer[0].option, 2, &json, &report),
	    EH_OK);
	ck_assert_str_eq(json, "{\"a\":\"x\",\"b\":7}");
}
END_TEST

START_TEST(type_from_the_future_is_refused)
{
	static const struct eh_plugin_option odd[] = {
		OPTION("x", 99, 0, NULL, NULL),
	};

	teardown();
	ck_assert_int_eq(eh_yaml_parse(&yaml, "o", "with: { x: 1 }\n", 15,
			     &report),
	    EH_OK);
	ck_assert_int_eq(eh_options_json(eh_yaml_document(yaml, 0), odd, 1,
			     &json, &report),
	    EH_ERR_CONFIG);
	said(&report, "o:1:12: error: with.x: the plugin gives 'x' a type that "
		      "is not known\n");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("options");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, options_become_typed_json);
	tcase_add_test(t, options_that_do_not_fit_are_refused);
	tcase_add_test(t, longer_structs_are_walked_by_their_size);
	tcase_add_test(t, type_from_the_future_is_refused);
	suite_add_tcase(s, t);
	return unit_run(s);
}
