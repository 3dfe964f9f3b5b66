/* SPDX-License-Identifier: Apache-2.0 */
/* test_refusal.c - the bounded log of refusals. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "quota-engine/refusal.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

static char folder[FIXTURE_PATH], path[FIXTURE_PATH], old[FIXTURE_PATH];
static struct eh_refusal r;
static struct eh_error denied;

static void
begin(void)
{
	fixture_folder(folder);
	fixture_join(path, folder, "refusals.log");
	fixture_join(old, folder, "refusals.log.1");
	eh_error_set(&denied, EH_DENIED_QUOTA, "10 of 10 used");
}

static void
end(void)
{
	fixture_remove(folder);
}

START_TEST(a_refusal_is_one_line_with_who_what_and_why)
{
	char last[EH_REFUSAL_TEXT];
	struct eh_buf text;

	eh_refusal_open(&r, folder);
	eh_refusal_last(&r, last);
	ck_assert_str_eq(last, "");
	eh_refusal_add(&r, 1795687200, 1000, 4711, "sign", &denied);
	ck_assert_uint_eq(eh_refusal_count(&r), 1);
	eh_refusal_last(&r, last);
	ck_assert_str_eq(last, "2026-11-26T10:00:00Z sign: 10 of 10 used");
	eh_refusal_close(&r);
	ck_assert_int_eq(eh_file_read(path, 4096, &text, NULL), EH_OK);
	ck_assert_int_eq(eh_buf_append(&text, "", 1), EH_OK);
	ck_assert_str_eq((char *)text.data,
	    "2026-11-26T10:00:00Z uid 1000 pid 4711 sign EH_DENIED_QUOTA: "
	    "10 of 10 used\n");
	eh_buf_free(&text);
}
END_TEST

START_TEST(the_log_is_for_its_owner_only)
{
	struct stat st;

	eh_refusal_open(&r, folder);
	eh_refusal_close(&r);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(the_log_never_grows_above_its_bound)
{
	const unsigned lines = 2 * EH_REFUSAL_MAX / 80 + 1000;
	struct stat st;

	eh_refusal_open(&r, folder);
	for (unsigned i = 0; i < lines; i++)
		eh_refusal_add(&r, i, 1, 2, "sign", &denied);
	ck_assert_uint_eq(eh_refusal_count(&r), lines);
	eh_refusal_close(&r);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_le(st.st_size, EH_REFUSAL_MAX);
	ck_assert_int_eq(stat(old, &st), 0);
	ck_assert_int_le(st.st_size, EH_REFUSAL_MAX);
}
END_TEST

START_TEST(a_log_that_cannot_be_written_still_counts)
{
	eh_refusal_open(&r, "/nowhere/at/all");
	eh_refusal_add(&r, 0, 1, 2, "sign", &denied);
	ck_assert_uint_eq(eh_refusal_count(&r), 1);
	eh_refusal_close(&r);
}
END_TEST

START_TEST(a_link_in_its_place_is_not_followed)
{
	char target[FIXTURE_PATH];
	struct stat st;

	fixture_join(target, folder, "precious");
	fixture_write(target, "x", 0600);
	ck_assert_int_eq(symlink(target, path), 0);
	eh_refusal_open(&r, folder);
	eh_refusal_add(&r, 0, 1, 2, "sign", &denied);
	eh_refusal_close(&r);
	ck_assert_int_eq(stat(target, &st), 0);
	ck_assert_int_eq(st.st_size, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("refusal");
	TCase *c = tcase_create("refusal");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, a_refusal_is_one_line_with_who_what_and_why);
	tcase_add_test(c, the_log_is_for_its_owner_only);
	tcase_add_test(c, the_log_never_grows_above_its_bound);
	tcase_add_test(c, a_log_that_cannot_be_written_still_counts);
	tcase_add_test(c, a_link_in_its_place_is_not_followed);
	suite_add_tcase(s, c);
	return unit_run(s);
}
