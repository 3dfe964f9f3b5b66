/* SPDX-License-Identifier: Apache-2.0 */
/* test_command.c - programs as tables: what is parsed, and what is refused. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/cli/command.h"
#include "orchestrator/cli/exit.h"
#include "test/unit/unit.h"

static struct eh_args seen;
static int result;

static int
run(struct eh_args *args)
{
	seen = *args;
	if (result != EH_OK)
		return eh_error_set(&args->error, result, "as the test asked");
	return EH_OK;
}

static const struct eh_option make_options[] = {
	{ "label", "NAME", EH_OPTION_NEEDED, "its name" },
	{ "line", "NAME", EH_OPTION_MANY, "a line" },
	{ "count", "N", 0, "how many" },
	{ "until", "TIME", 0, "until when" },
	{ "force", NULL, 0, "do it" },
	{ NULL, NULL, 0, NULL },
};
static const struct eh_verb make = { "key make", "FILE...", 0, 2,
	"Make a key.", make_options, "  x\n  y\n", run };
static const struct eh_verb bare = { "", NULL, 0, 0, "Status.", NULL,
	"  x\n  y\n", run };
static const struct eh_verb *const verbs[] = { &bare, &make, NULL };
static const struct eh_program program = { "prog", "A program.", NULL, verbs };

static int
call(const char *line)
{
	static char text[512];
	char *argv[32];
	int argc = 0;

	memset(&seen, 0, sizeof(seen));
	snprintf(text, sizeof(text), "prog %s", line);
	for (char *w = strtok(text, " "); w != NULL; w = strtok(NULL, " "))
		argv[argc++] = w;
	argv[argc] = NULL;
	return eh_command_main(&program, argc, argv);
}

START_TEST(options_stand_before_and_after_operands)
{
	ck_assert_int_eq(
	    call("key make a --label=L --line x b --line y --force"), 0);
	ck_assert_ptr_eq(seen.verb, &make);
	ck_assert_uint_eq(seen.operands, 2);
	ck_assert_str_eq(seen.operand[1], "b");
	ck_assert_str_eq(eh_args_get(&seen, "label"), "L");
	ck_assert_str_eq(eh_args_nth(&seen, "line", 0), "x");
	ck_assert_str_eq(eh_args_nth(&seen, "line", 1), "y");
	ck_assert_ptr_null(eh_args_nth(&seen, "line", 2));
	ck_assert_str_eq(eh_args_get(&seen, "force"), "");
	ck_assert_ptr_null(eh_args_get(&seen, "count"));
	ck_assert_int_eq(call("key make --label L -- --label"), 0);
	ck_assert_str_eq(seen.operand[0], "--label");
}
END_TEST

START_TEST(the_bare_program_is_a_verb_too)
{
	ck_assert_int_eq(call(""), 0);
	ck_assert_ptr_eq(seen.verb, &bare);
	ck_assert_int_eq(call("--json"), 0);
	ck_assert_ptr_eq(seen.verb, &bare);
	ck_assert(seen.json);
}
END_TEST

START_TEST(wrong_usage_ends_with_2_and_runs_nothing)
{
	static const char *const wrong[] = { "key mak", "kay make --label L",
		"key", "key make", "key make --label", "key make --label L --lin x",
		"key make --label L --label M", "key make --label L --force=1",
		"key make --label L a b c", "key make --label L -x", "--force" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_msg(call(wrong[i]) == EH_EXIT_USAGE, "%s", wrong[i]);
		ck_assert_ptr_null(seen.verb);
	}
}
END_TEST

/* What call() writes to standard error, or with ${fd} 1 to standard output. */
static const char *
told(int fd, const char *line, int status)
{
	static char text[1024];
	FILE *file = tmpfile(), *stream = fd == 1 ? stdout : stderr;
	int saved;
	size_t n;

	ck_assert_ptr_nonnull(file);
	fflush(stream);
	ck_assert_int_ge(saved = dup(fd), 0);
	ck_assert_int_eq(dup2(fileno(file), fd), fd);
	ck_assert_int_eq(call(line), status);
	fflush(stream);
	ck_assert_int_eq(dup2(saved, fd), fd);
	close(saved);
	rewind(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

START_TEST(every_error_is_told_as_json_asks_for)
{
	static const char *const wrong[] = { "kay make --json",
		"key make --json", "key make --label L --lin x --json",
		"key make --json --label", "--json --force" };
	static const char begin[] =
	    "{\"error\":{\"code\":\"EH_ERR_ARGUMENT\",";

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(strncmp(told(1, wrong[i], EH_EXIT_USAGE), begin,
				  sizeof(begin) - 1) == 0, "%s", wrong[i]);
	ck_assert_str_eq(told(1, "key mak", EH_EXIT_USAGE), "");
	ck_assert_str_eq(told(1, "key mak -- --json", EH_EXIT_USAGE), "");
	result = EH_DENIED_QUOTA;
	ck_assert_str_eq(told(1, "--json", EH_EXIT_REFUSED),
	    "{\"error\":{\"code\":\"EH_DENIED_QUOTA\",\"text\":"
	    "\"as the test asked\",\"exit\":77}}\n");
	result = EH_OK;
	ck_assert_int_eq(eh_command_put(NULL), EH_ERR_MEMORY);
}
END_TEST

START_TEST(help_and_version_run_nothing)
{
	ck_assert_int_eq(call("--help"), 0);
	ck_assert_int_eq(call("--version"), 0);
	ck_assert_int_eq(call("key make --help"), 0);
	ck_assert_ptr_null(seen.verb);
}
END_TEST

START_TEST(the_first_word_alone_is_answered_with_its_verbs)
{
	ck_assert_str_eq(told(2, "key", 2),
	    "prog: which verb of key? there are: key make\n"
	    "prog: see prog --help\n");
	ck_assert_str_eq(told(2, "key log", 2),
	    "prog: unknown verb 'key log'; there are: key make\n"
	    "prog: see prog --help\n");
	ck_assert_ptr_nonnull(
	    strstr(told(1, "key --help", 0), "  key make           Make a key."));
	ck_assert_str_eq(told(2, "kex", 2),
	    "prog: unknown verb 'kex'\nprog: see prog --help\n");
	ck_assert_ptr_null(seen.verb);
}
END_TEST

START_TEST(errors_become_exit_statuses)
{
	static const struct {
		int err, status;
	} rows[] = { { EH_DENIED_QUOTA, 77 }, { EH_DENIED_PIN, 77 },
		{ EH_DENIED_FAIL_STOPPED, 69 }, { EH_ERR_UNAVAILABLE, 69 },
		{ EH_ERR_FORMAT, 65 }, { EH_ERR_SIGNATURE, 65 },
		{ EH_ERR_REPLAYED, 65 }, { EH_ERR_CONFIG, 65 },
		{ EH_ERR_BUSY, 75 }, { EH_ERR_INTERNAL, 70 },
		{ EH_ERR_IO, 1 }, { EH_ERR_ARGUMENT, 2 }, { EH_OK, 0 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		result = rows[i].err;
		ck_assert_int_eq(call(""), rows[i].status);
	}
	result = EH_OK;
}
END_TEST

START_TEST(numbers_have_bounds)
{
	uint64_t v;

	call("key make --label L --count 12");
	ck_assert_int_eq(eh_args_number(&seen, "count", 1, 12, 5, &v), EH_OK);
	ck_assert_uint_eq(v, 12);
	ck_assert_int_eq(
	    eh_args_number(&seen, "count", 1, 11, 5, &v), EH_ERR_ARGUMENT);
	ck_assert_int_eq(
	    eh_args_number(&seen, "count", 13, 20, 5, &v), EH_ERR_ARGUMENT);
	ck_assert_uint_eq(v, 5);
	call("key make --label L --count 1x");
	ck_assert_int_eq(
	    eh_args_number(&seen, "count", 0, 100, 5, &v), EH_ERR_ARGUMENT);
	call("key make --label L --count 99999999999999999999");
	ck_assert_int_eq(eh_args_number(&seen, "count", 0, UINT64_MAX, 5, &v),
	    EH_ERR_ARGUMENT);
	call("key make --label L");
	ck_assert_int_eq(eh_args_number(&seen, "count", 1, 11, 5, &v), EH_OK);
	ck_assert_uint_eq(v, 5);
}
END_TEST

START_TEST(times_are_dates_or_relative)
{
	uint64_t v;

	call("key make --label L --until +7d");
	ck_assert_int_eq(eh_args_time(&seen, "until", 1000, 0, &v), EH_OK);
	ck_assert_uint_eq(v, 1000 + 7 * 86400);
	call("key make --label L --until 2026-12-01T00:00:00Z");
	ck_assert_int_eq(eh_args_time(&seen, "until", 1000, 0, &v), EH_OK);
	ck_assert_uint_eq(v, 1796083200);
	call("key make --label L --until tomorrow");
	ck_assert_int_eq(
	    eh_args_time(&seen, "until", 1000, 0, &v), EH_ERR_ARGUMENT);
	call("key make --label L --until +7");
	ck_assert_int_eq(
	    eh_args_time(&seen, "until", 1000, 0, &v), EH_ERR_ARGUMENT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("command");
	TCase *t = tcase_create("command");

	tcase_add_test(t, options_stand_before_and_after_operands);
	tcase_add_test(t, the_bare_program_is_a_verb_too);
	tcase_add_test(t, wrong_usage_ends_with_2_and_runs_nothing);
	tcase_add_test(t, every_error_is_told_as_json_asks_for);
	tcase_add_test(t, help_and_version_run_nothing);
	tcase_add_test(t, the_first_word_alone_is_answered_with_its_verbs);
	tcase_add_test(t, errors_become_exit_statuses);
	tcase_add_test(t, numbers_have_bounds);
	tcase_add_test(t, times_are_dates_or_relative);
	suite_add_tcase(s, t);
	return unit_run(s);
}
