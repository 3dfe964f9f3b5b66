/* SPDX-License-Identifier: Apache-2.0 */
/* test_plugin.c - only plugins that nobody else could have written are loaded,
 * and only complete ones. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/flow/plugin.h"
#include "test/unit/unit.h"

static char folder[64], file[96];
static struct eh_chip_driver *driver;
static struct eh_error error;

static void
copy(const char *name, const char *to)
{
	char command[8192];

	snprintf(command, sizeof(command), "cp '%s/%s' '%s' && chmod 755 '%s'",
	    getenv("EH_BUILDDIR"), name, to, to);
	ck_assert_int_eq(system(command), 0);
}

static void
setup(void)
{
	strcpy(folder, "/tmp/eh-plugin.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0755), 0);
	snprintf(file, sizeof(file), "%s/chip-fake.so", folder);
	copy("test/unit/orchestrator/flow/.libs/fake_chip.so", file);
	setenv("EDGEHSM_PLUGIN_PATH", folder, 1);
	unsetenv("FAKE_PLUGIN");
	driver = NULL;
}

static void
teardown(void)
{
	char command[128];

	eh_plugin_free(driver);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static int
load(const char *name)
{
	eh_plugin_free(driver);
	driver = NULL;
	eh_error_clear(&error);
	return eh_plugin_load_chip(name, &driver, &error);
}

static void
refuses(int err, const char *words)
{
	ck_assert_int_eq(load("fake"), err);
	ck_assert_ptr_null(driver);
	ck_assert_msg(strstr(error.text, words) != NULL, "%s", error.text);
	ck_assert_msg(strstr(error.text, folder) != NULL, "%s", error.text);
}

START_TEST(driver_is_found_and_shows_what_it_can)
{
	ck_assert_msg(load("fake") == EH_OK, "%s", error.text);
	ck_assert_str_eq(driver->plugin->name, "fake");
	ck_assert_str_eq(driver->path, file);
	ck_assert(eh_plugin_can(driver, EH_DRIVER_KEYGEN));
	ck_assert(eh_plugin_can(driver, EH_DRIVER_WRITE_CERTIFICATE));
	ck_assert(eh_plugin_can(driver, EH_DRIVER_READ_BACK));
	ck_assert(driver->ops.inject == NULL);
	eh_plugin_free(NULL);
}
END_TEST

START_TEST(the_first_folder_that_has_it_decides)
{
	char list[256], other[96];

	snprintf(list, sizeof(list), "/nonexistent::%s:/tmp", folder);
	setenv("EDGEHSM_PLUGIN_PATH", list, 1);
	ck_assert_int_eq(load("fake"), EH_OK);
	/* What is wrong in the first one is not passed over. */
	snprintf(other, sizeof(other), "%s/first", folder);
	ck_assert_int_eq(mkdir(other, 0755), 0);
	snprintf(list, sizeof(list), "%s/first/chip-fake.so", folder);
	ck_assert_int_eq(symlink(file, list), 0);
	snprintf(list, sizeof(list), "%s:%s", other, folder);
	setenv("EDGEHSM_PLUGIN_PATH", list, 1);
	refuses(EH_ERR_CONFIG, "a symbolic link is not followed");
}
END_TEST

START_TEST(list_of_folders_is_not_cut)
{
	char list[8192];

	/* Cut, its end would name this folder. */
	memset(list, ':', 3800 - strlen(folder));
	snprintf(list + 3800 - strlen(folder),
	    sizeof(list) - 3800 + strlen(folder), "%s-of-others", folder);
	setenv("EDGEHSM_PLUGIN_PATH", list, 1);
	ck_assert_int_eq(load("fake"), EH_ERR_NOT_FOUND);
	memset(list, ':', sizeof(list) - 1);
	list[sizeof(list) - 1] = '\0';
	setenv("EDGEHSM_PLUGIN_PATH", list, 1);
	ck_assert_int_eq(load("fake"), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "longer than 4096"));
}
END_TEST

START_TEST(driver_that_is_nowhere_is_named_with_the_folders)
{
	ck_assert_int_eq(load("none"), EH_ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(error.text, "chip-none.so"));
	ck_assert_ptr_nonnull(strstr(error.text, folder));
	/* Without the variable only the installed folder counts. */
	unsetenv("EDGEHSM_PLUGIN_PATH");
	ck_assert_int_eq(load("fake"), EH_ERR_NOT_FOUND);
	ck_assert_ptr_null(strstr(error.text, folder));
}
END_TEST

START_TEST(name_is_not_a_path)
{
	static const char *const names[] = { "", "../fake", "a/b", "Fake",
		"fake.so", "a_b", "123456789012345678901234567890123" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_int_eq(load(names[i]), EH_ERR_CONFIG);
}
END_TEST

START_TEST(file_that_others_may_write_is_refused)
{
	ck_assert_int_eq(chmod(file, 0775), 0);
	refuses(EH_ERR_CONFIG, "mode 0775");
	ck_assert_int_eq(chmod(file, 0757), 0);
	refuses(EH_ERR_CONFIG, "chmod go-w");
	ck_assert_int_eq(chmod(file, 0755), 0);
	ck_assert_int_eq(load("fake"), EH_OK);
}
END_TEST

START_TEST(folder_that_others_may_write_is_refused)
{
	ck_assert_int_eq(chmod(folder, 0777), 0);
	refuses(EH_ERR_CONFIG, "the folder of plugins");
	ck_assert_int_eq(chmod(folder, 01777), 0);
	refuses(EH_ERR_CONFIG, "mode 1777");
}
END_TEST

START_TEST(file_or_folder_of_somebody_else_is_refused)
{
	if (geteuid() != 0)
		return;			/* nobody else can give files away */
	ck_assert_int_eq(chown(file, 12345, 12345), 0);
	refuses(EH_ERR_CONFIG, "belongs to user 12345");
	ck_assert_int_eq(chown(file, 0, 12345), 0);
	ck_assert_int_eq(load("fake"), EH_OK);
	ck_assert_int_eq(chown(folder, 12345, 0), 0);
	refuses(EH_ERR_CONFIG, "the folder of plugins");
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused)
{
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(mkfifo(file, 0600), 0);
	refuses(EH_ERR_CONFIG, "is not a regular file");
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(mkdir(file, 0755), 0);
	refuses(EH_ERR_CONFIG, "is not a regular file");
	ck_assert_int_eq(rmdir(file), 0);
	ck_assert_int_eq(symlink("/dev/null", file), 0);
	refuses(EH_ERR_CONFIG, "a symbolic link is not followed");
}
END_TEST

START_TEST(what_is_no_plugin_is_refused)
{
	FILE *f = fopen(file, "w");

	ck_assert_ptr_nonnull(f);
	fputs("not a shared object", f);
	fclose(f);
	refuses(EH_ERR_CONFIG, "does not load");
	copy(".libs/edgehsm-pkcs11.so", file);
	refuses(EH_ERR_CONFIG, "no symbol eh_plugin_v1");
}
END_TEST

START_TEST(plugin_of_another_abi_or_cut_short_is_refused)
{
	static const struct {
		const char *how, *words;
	} cases[] = {
		{ "abi", "has ABI 2, and this program ABI 1" },
		{ "tiny", "its struct has 8 bytes" },
		{ "cut", "its description is not complete" },
		{ "nameless", "its description is not complete" },
		{ "step", "holds no chip driver 'fake'" },
		{ "other-name", "holds no chip driver 'fake'" },
		{ "endless", "holds no chip driver 'fake'" },
		{ "empty", "holds no chip driver 'fake'" },
		{ "no-identify", "needs open, identify and close" },
		{ "shortest-ops", "needs open, identify and close" },
		{ "option-size", "option 1 of its table has 4 bytes" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setenv("FAKE_PLUGIN", cases[i].how, 1);
		refuses(EH_ERR_CONFIG, cases[i].words);
	}
}
END_TEST

START_TEST(operation_beyond_a_short_struct_is_absent)
{
	setenv("FAKE_PLUGIN", "no-keygen", 1);
	ck_assert_int_eq(load("fake"), EH_OK);
	ck_assert(!eh_plugin_can(driver, EH_DRIVER_KEYGEN));
	ck_assert(eh_plugin_can(driver, EH_DRIVER_READ_BACK));
	/* close stands at the end: a struct that lacks it cannot be used. */
	setenv("FAKE_PLUGIN", "short-ops", 1);
	refuses(EH_ERR_CONFIG, "needs open, identify and close");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("plugin");
	TCase *t = tcase_create("plugin");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, driver_is_found_and_shows_what_it_can);
	tcase_add_test(t, the_first_folder_that_has_it_decides);
	tcase_add_test(t, list_of_folders_is_not_cut);
	tcase_add_test(t, driver_that_is_nowhere_is_named_with_the_folders);
	tcase_add_test(t, name_is_not_a_path);
	tcase_add_test(t, file_that_others_may_write_is_refused);
	tcase_add_test(t, folder_that_others_may_write_is_refused);
	tcase_add_test(t, file_or_folder_of_somebody_else_is_refused);
	tcase_add_test(t, what_is_no_regular_file_is_refused);
	tcase_add_test(t, what_is_no_plugin_is_refused);
	tcase_add_test(t, plugin_of_another_abi_or_cut_short_is_refused);
	tcase_add_test(t, operation_beyond_a_short_struct_is_absent);
	suite_add_tcase(s, t);
	return unit_run(s);
}
