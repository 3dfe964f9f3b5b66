/* SPDX-License-Identifier: Apache-2.0 */
/* test_crash.c - the heart crashes at every call, and loses nothing that left.
 *
 *	test_crash [seed [points]]
 */
#include "config.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test/fault/crash.h"

static unsigned tests, failed;

static void
ok(int good, const char *what)
{
	tests++;
	failed += !good;
	printf("%s %u - %s\n", good ? "ok" : "not ok", tests, what);
}

static void
say(const char *what, const struct crash_result *r, double seconds)
{
	printf("# %s: %" PRIu64 " crash points (%" PRIu64 " disks) in %" PRIu64
	       " worlds, %" PRIu64 " signatures left, %" PRIu64
	       " retries, %" PRIu64 " unclean and %" PRIu64
	       " clean stops, %" PRIu64 " orders closed, %" PRIu64
	       " failing calls, %" PRIu64 " faults, %.1f s\n",
	    what, r->points, r->disks, r->worlds, r->released, r->retries,
	    r->burned, r->clean, r->closed, r->failed, r->faults, seconds);
}

static double
seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static int
slow(void)
{
	const char *value = getenv("EH_SLOW");

	return value != NULL && strcmp(value, "yes") == 0;
}

int
main(int argc, char **argv)
{
	struct crash_plan plan = { .seed = 1, .points = 10000 };
	struct crash_plan every = { .every_call = 1 };
	struct crash_plan planted = { .points = 2000, .skip_syncs = 50,
		.stop_at_first = 1 };
	struct crash_result r;
	double begin = seconds();

	/* An engine is made and freed for every crash point: keep its pages. */
	mallopt(M_MMAP_THRESHOLD, 64 * 1024 * 1024);
	mallopt(M_TRIM_THRESHOLD, 256 * 1024 * 1024);
	mallopt(M_TOP_PAD, 16 * 1024 * 1024);
	if (argc > 1)
		plan.seed = strtoull(argv[1], NULL, 0);
	if (argc > 2)
		plan.points = strtoull(argv[2], NULL, 0);
	if (argc <= 2 && slow())
		plan.points = 200000;
	every.seed = planted.seed = plan.seed;
	every.points = 10 * plan.points;
	crash_run(&plan, &r);
	say("crashes", &r, seconds() - begin);
	ok(r.faults == 0, "no invariant breaks at any crash point");
	ok(r.released > r.points / 4 && r.retries > 0 && r.clean > 0 &&
	        r.failed > 0 && r.closed > 0,
	    "the lives were lived");
	begin = seconds();
	crash_run(&every, &r);
	say("every call", &r, seconds() - begin);
	ok(r.faults == 0, "no invariant breaks at any call of a life");
	begin = seconds();
	crash_run(&planted, &r);
	say("one sync in 50 skipped", &r, seconds() - begin);
	ok(r.faulty_worlds > 0, "the planted bug is found");
	printf("1..%u\n", tests);
	return failed == 0 ? 0 : 1;
}
