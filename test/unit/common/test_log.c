/* SPDX-License-Identifier: Apache-2.0 */
/* test_log.c - one line, whatever it is made of. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "test/unit/unit.h"

/* Each test runs in a process of its own, so standard error may be taken. */
static int from;

static void
take_stderr(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
	close(ends[1]);
	from = ends[0];
}

/* Return what was logged since; the log is closed by it. */
static const char *
logged(void)
{
	static char text[4096];
	size_t n = 0;
	ssize_t got;

	close(STDERR_FILENO);
	while ((got = read(from, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	return text;
}

START_TEST(line_has_program_level_and_text)
{
	eh_log(EH_LOG_ERROR, "plain %d", 1);
	eh_log_set_program("edgehsmd");
	eh_log(EH_LOG_WARNING, "with %s", "name");
	ck_assert_str_eq(
	    logged(), "error: plain 1\nedgehsmd: warning: with name\n");
}
END_TEST

START_TEST(level_holds_back_what_is_less_urgent)
{
	eh_log(EH_LOG_INFO, "a");
	eh_log(EH_LOG_DEBUG, "b");
	eh_log_set_level(EH_LOG_DEBUG);
	eh_log(EH_LOG_DEBUG, "c");
	eh_log_set_level(EH_LOG_ERROR);
	eh_log(EH_LOG_WARNING, "d");
	eh_log(EH_LOG_ERROR, "e");
	ck_assert_str_eq(logged(), "info: a\ndebug: c\nerror: e\n");
}
END_TEST

START_TEST(nobody_forges_a_second_line)
{
	eh_log(EH_LOG_INFO, "%s", "a\nerror: b\r\033[2J\177\t");
	eh_log(EH_LOG_INFO, "%s", "\302\205\303\244");
	ck_assert_str_eq(logged(),
	    "info: a?error: b??[2J??\ninfo: ??\303\244\n");
}
END_TEST

START_TEST(long_text_is_cut_and_still_ends_its_line)
{
	char big[3000];
	const char *line;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	eh_log_set_program(big);
	eh_log(EH_LOG_INFO, "%s", big);
	line = logged();
	ck_assert_uint_eq(strlen(line), 100 + 2 + 6 + 1000 + 1);
	ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
}
END_TEST

START_TEST(errno_is_kept)
{
	errno = EXDEV;
	eh_log(EH_LOG_INFO, "a");
	ck_assert_int_eq(errno, EXDEV);
	close(STDERR_FILENO);
	eh_log(EH_LOG_INFO, "b");
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

START_TEST(levels_have_names)
{
	ck_assert_int_eq(eh_log_level_from("error"), EH_LOG_ERROR);
	ck_assert_int_eq(eh_log_level_from("warning"), EH_LOG_WARNING);
	ck_assert_int_eq(eh_log_level_from("info"), EH_LOG_INFO);
	ck_assert_int_eq(eh_log_level_from("debug"), EH_LOG_DEBUG);
	ck_assert_int_eq(eh_log_level_from("Debug"), -1);
	ck_assert_int_eq(eh_log_level_from(""), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");

	tcase_add_checked_fixture(t, take_stderr, NULL);
	tcase_add_test(t, line_has_program_level_and_text);
	tcase_add_test(t, level_holds_back_what_is_less_urgent);
	tcase_add_test(t, nobody_forges_a_second_line);
	tcase_add_test(t, long_text_is_cut_and_still_ends_its_line);
	tcase_add_test(t, errno_is_kept);
	tcase_add_test(t, levels_have_names);
	suite_add_tcase(s, t);
	return unit_run(s);
}
