/* SPDX-License-Identifier: Apache-2.0 */
/* test_line_progress.c - how far a run is, in the width that there is. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/cli/line_progress.h"
#include "test/unit/unit.h"

#define SECOND UINT64_C(1000000000)

static struct eh_progress p;
static struct eh_error error;

static void
setup(void)
{
	setenv("LC_ALL", "C", 1);
	unsetenv("NO_COLOR");
	ck_assert_int_eq(eh_progress_init(&p, NULL, &error), EH_OK);
	p.width = 80;
	p.started = 0;
}

static struct eh_run_unit
unit(enum eh_unit_state state, int before, const char *reason)
{
	struct eh_run_unit u = { .device = "SN00000001", .state = state,
		.before = before, .order = "PO-1", .step = "", .reason = reason,
		.folder = "f" };

	return u;
}

/* What ${play} writes to standard error. */
static const char *
heard(void (*play)(void))
{
	static char text[4096];
	FILE *f = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t n;

	ck_assert_ptr_nonnull(f);
	fflush(stderr);
	ck_assert_int_ge(dup2(fileno(f), STDERR_FILENO), 0);
	play();
	fflush(stderr);
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	close(saved);
	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

START_TEST(form_is_chosen_by_word_and_terminal)
{
	/* Under a test there is no terminal. */
	ck_assert_int_eq(p.form, EH_PROGRESS_PLAIN);
	ck_assert_int_eq(eh_progress_init(&p, "auto", &error), EH_OK);
	ck_assert_int_eq(p.form, EH_PROGRESS_PLAIN);
	ck_assert_int_eq(eh_progress_init(&p, "none", &error), EH_OK);
	ck_assert_int_eq(p.form, EH_PROGRESS_NONE);
	ck_assert_int_eq(
	    eh_progress_init(&p, "fancy", &error), EH_ERR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(error.text, "auto, plain or none"));
}
END_TEST

START_TEST(environment_decides_on_colour_and_signs)
{
	ck_assert_uint_eq(p.flags, EH_PROGRESS_COLOUR);
	setenv("NO_COLOR", "1", 1);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	ck_assert_int_eq(eh_progress_init(&p, NULL, &error), EH_OK);
	ck_assert_uint_eq(p.flags, EH_PROGRESS_UNICODE);
	/* Set and empty counts as not set, as no-color.org says. */
	setenv("NO_COLOR", "", 1);
	setenv("LC_ALL", "", 1);
	unsetenv("LC_CTYPE");
	setenv("LANG", "C.utf8", 1);
	ck_assert_int_eq(eh_progress_init(&p, NULL, &error), EH_OK);
	ck_assert_uint_eq(
	    p.flags, EH_PROGRESS_COLOUR | EH_PROGRESS_UNICODE);
	setenv("LC_ALL", "C", 1);
	ck_assert_int_eq(eh_progress_init(&p, NULL, &error), EH_OK);
	ck_assert_uint_eq(p.flags, EH_PROGRESS_COLOUR);
}
END_TEST

START_TEST(bar_fits_the_width)
{
	char text[512];

	strcpy(p.device, "SN00000007");
	strcpy(p.step, "issue");
	p.index = 6;
	p.total = 12;
	p.made = 6;
	p.good = 5;
	p.refused = 1;
	eh_progress_text(&p, 12 * SECOND, text, sizeof(text));
	ck_assert_str_eq(text,
	    "SN00000007   issue    [#####.....] 6/12  5 good  1 refused  "
	    "0 failed  0:12 left");
	for (p.width = 40; p.width < 200; p.width++) {
		eh_progress_text(&p, 12 * SECOND, text, sizeof(text));
		ck_assert_uint_lt(strlen(text), p.width);
		ck_assert_ptr_nonnull(strstr(text, "SN00000007"));
	}
	ck_assert_ptr_nonnull(
	    strstr(text, "[####################....................]"));
	p.flags |= EH_PROGRESS_UNICODE;
	eh_progress_text(&p, 12 * SECOND, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "\u2588\u2591"));
	ck_assert_ptr_null(strstr(text, "#"));
}
END_TEST

START_TEST(time_that_is_left_follows_from_what_was_made)
{
	char text[512];

	p.width = 120;
	p.total = 1000;
	eh_progress_text(&p, 5 * SECOND, text, sizeof(text));
	ck_assert_ptr_null(strstr(text, "left"));
	/* Of 100 units only 10 took time: the others were good before. */
	p.index = 100;
	p.made = 10;
	eh_progress_text(&p, 10 * SECOND, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "15:00 left"));
	eh_progress_text(&p, 100 * SECOND, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "2 h 30 min left"));
	p.index = 1000;
	eh_progress_text(&p, 100 * SECOND, text, sizeof(text));
	ck_assert_ptr_null(strstr(text, "left"));
}
END_TEST

static void
play_plain(void)
{
	struct eh_run_unit good = unit(EH_UNIT_GOOD, 0, "");
	struct eh_run_unit before = unit(EH_UNIT_GOOD, 1, "");
	struct eh_run_unit refused = unit(EH_UNIT_REFUSED, 0, "1 of 1 used");
	struct eh_run_watch watch = { .arg = NULL };

	eh_progress_watch(&p, &watch);
	watch.unit_begins(watch.arg, "SN00000001", 0, 3);
	watch.step_begins(watch.arg, "SN00000001", "connect", 1, NULL);
	watch.step_begins(watch.arg, "SN00000001", "connect", 2, "noise");
	eh_progress_unit(&p, &good);
	watch.unit_begins(watch.arg, "SN00000002", 1, 3);
	eh_progress_unit(&p, &before);
	watch.unit_begins(watch.arg, "SN00000003", 2, 3);
	eh_progress_unit(&p, &refused);
	eh_progress_end(&p);
}

START_TEST(plain_is_a_line_per_device_without_colour)
{
	ck_assert_str_eq(heard(play_plain),
	    "[1/3] SN00000001 connect: attempt 2, because: noise\n"
	    "[1/3] SN00000001 good\n"
	    "[2/3] SN00000001 good before\n"
	    "[3/3] SN00000001 refused: 1 of 1 used\n");
	ck_assert_uint_eq(p.made, 2);
	ck_assert_uint_eq(p.good, 2);
	ck_assert_uint_eq(p.refused, 1);
	p.form = EH_PROGRESS_NONE;
	ck_assert_str_eq(heard(play_plain), "");
}
END_TEST

START_TEST(bar_keeps_what_went_wrong_above_it)
{
	const char *text;

	p.form = EH_PROGRESS_BAR;
	text = heard(play_plain);
	ck_assert_ptr_null(strstr(text, "good\n"));
	ck_assert_ptr_nonnull(strstr(text,
	    "\r\033[K[3/3] SN00000001 \033[33mrefused\033[0m: 1 of 1 used\n"));
	/* In the end the line is empty. */
	ck_assert_str_eq(text + strlen(text) - 4, "\r\033[K");
	p.flags = 0;
	p.good = p.refused = p.index = 0;
	text = heard(play_plain);
	ck_assert_ptr_nonnull(strstr(text, "SN00000001 refused: 1 of 1 used\n"));
	ck_assert_ptr_null(strstr(text, "\033[33m"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("line_progress");
	TCase *t = tcase_create("line_progress");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, form_is_chosen_by_word_and_terminal);
	tcase_add_test(t, environment_decides_on_colour_and_signs);
	tcase_add_test(t, bar_fits_the_width);
	tcase_add_test(t, time_that_is_left_follows_from_what_was_made);
	tcase_add_test(t, plain_is_a_line_per_device_without_colour);
	tcase_add_test(t, bar_keeps_what_went_wrong_above_it);
	suite_add_tcase(s, t);
	return unit_run(s);
}
