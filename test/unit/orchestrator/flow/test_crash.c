/* SPDX-License-Identifier: Apache-2.0 */
/* test_crash.c - a run is cut off at every point where something is written or
 * asked for, and the next one goes on as if nothing had been. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "test/unit/orchestrator/flow/bench.h"
#include "test/unit/unit.h"

#define POINTS_MAX 400u

static struct bench b;

/*
 * The linker puts this in the place of eh_file_write(): a process may be cut
 * off before the file, with half of it beside its name, and after it.
 */
int __real_eh_file_write(const char *path, const void *bytes, size_t len,
    mode_t mode, struct eh_error *error);
int __wrap_eh_file_write(const char *path, const void *bytes, size_t len,
    mode_t mode, struct eh_error *error);

int
__wrap_eh_file_write(const char *path, const void *bytes, size_t len,
    mode_t mode, struct eh_error *error)
{
	struct bench_hsm *f = bench_current->fake;
	char half[4096];
	FILE *file;
	int err;

	bench_point();
	if (f->cut_at > 0 && f->point + 1 == f->cut_at) {
		snprintf(half, sizeof(half), "%s.new-half12", path);
		if ((file = fopen(half, "w")) != NULL) {
			fwrite(bytes, 1, len / 2, file);
			fclose(file);
		}
	}
	bench_point();
	err = __real_eh_file_write(path, bytes, len, mode, error);
	bench_point();
	return err;
}

/* Begin with nothing; the bench itself is kept. */
static void
start_anew(void)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s' '%s/chips'", b.state,
	    b.folder);
	ck_assert_int_eq(system(command), 0);
	b.fake->used = b.fake->ndevices = b.fake->signs = b.fake->reports = 0;
	b.fake->log_size = 5;
	b.fake->burns = 0;
	b.fake->point = 0;
}

/* Run in a process of its own, cut off at ${cut_at}.  1: it was; 0: it came to
 * its end. */
static int
run_cut_off(unsigned cut_at)
{
	int status, err;
	pid_t pid;

	fflush(NULL);
	b.fake->cut_at = cut_at;
	b.fake->point = 0;
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		err = bench_run(&b);
		_exit(err == EH_OK && b.summary.left == 0 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	b.fake->cut_at = 0;
	ck_assert(WIFEXITED(status));
	ck_assert(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9);
	return WEXITSTATUS(status) == 9;
}

static void
no_leftovers(void)
{
	char command[256];

	snprintf(command, sizeof(command),
	    "test -z \"$(find '%s' -name '*.new-*')\"", b.state);
	ck_assert_int_eq(system(command), 0);
}

/* Cut the run of one device off at every point there is, and let it go on; each
 * time ${check} looks at what came of it. */
static void
cut_off_everywhere(const char *chip, uint16_t burns, void (*check)(void))
{
	unsigned n = 1;

	bench_line(&b, chip, NULL, NULL);
	bench_load(&b, "SN00000001");
	for (; n < POINTS_MAX; n++) {
		start_anew();
		if (!run_cut_off(n))
			break;
		b.fake->burns = burns;
		ck_assert_int_eq(bench_run(&b), EH_OK);
		check();
	}
	ck_assert_uint_gt(n, 30);	/* the points were really met */
	ck_assert_uint_lt(n, POINTS_MAX);
}

static void
is_good(void)
{
	ck_assert_uint_eq(b.summary.good + b.summary.before, 1);
	ck_assert_uint_eq(b.fake->used, 1);
	bench_check_good(&b, "SN00000001");
	no_leftovers();
}

static void
is_scrapped(void)
{
	ck_assert_uint_eq(b.summary.scrapped, 1);
	ck_assert_uint_eq(b.fake->ndevices, 1);
	ck_assert_uint_eq(b.fake->device[0].reports, 1);
}

START_TEST(every_point_of_a_run_may_be_the_last)
{
	cut_off_everywhere("fault: none", 0, is_good);
}
END_TEST

START_TEST(edgehsm_may_burn_its_lease_at_every_point)
{
	cut_off_everywhere("fault: none", 1, is_good);
}
END_TEST

START_TEST(device_is_scrapped_once_wherever_it_was_cut_off)
{
	cut_off_everywhere("fault: forgets", 0, is_scrapped);
}
END_TEST

START_TEST(run_that_is_cut_off_again_and_again_comes_to_its_end)
{
	unsigned runs = 1;

	bench_line(&b, "fault: none", NULL, NULL);
	bench_load(&b, "SN00000001..SN00000003");
	start_anew();
	/* Each gets a little further than the one before. */
	while (run_cut_off(11) && runs < 100)
		runs++;
	ck_assert_uint_gt(runs, 5);
	ck_assert_uint_lt(runs, 100);
	for (unsigned i = 1; i <= 3; i++) {
		char device[16];

		snprintf(device, sizeof(device), "SN%08u", i);
		bench_check_good(&b, device);
	}
	ck_assert_uint_eq(b.fake->used, 3);
	no_leftovers();
}
END_TEST

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

int
main(void)
{
	Suite *s = suite_create("crash");
	TCase *t = tcase_create("crash");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_point_of_a_run_may_be_the_last);
	tcase_add_test(t, edgehsm_may_burn_its_lease_at_every_point);
	tcase_add_test(t, device_is_scrapped_once_wherever_it_was_cut_off);
	tcase_add_test(
	    t, run_that_is_cut_off_again_and_again_comes_to_its_end);
	suite_add_tcase(s, t);
	return unit_run(s);
}
