/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - rounds over the cases, and what they come to. */
#ifndef EH_TEST_BENCH_RUN_H
#define EH_TEST_BENCH_RUN_H

#include "test/bench/report.h"

#define RUN_CASES_MAX  32
#define RUN_ROUNDS_MAX 1000

/* What a round gave a case; a round that others disturbed does not count. */
struct result {
	double rate, ratio;	/* ratio below 0: there is none */
	int rate_counts, ratio_counts;
};

/* One case of this run. */
struct course {
	const struct bench_case *c;
	struct course *limit;		/* NULL: none, or not in this run */
	void *context[MEASURE_THREADS_MAX];
	struct window last;
	struct window good, all;	/* sums: of what counts, and of all */
	struct result *result;		/* of each round */
	unsigned rejected;
};

/* All zero but ${options} is a run without cases.  It is large. */
struct run {
	const struct bench_options *options;
	struct bed bed;
	struct report report;
	struct course course[RUN_CASES_MAX];
	size_t n;
};

/* Add the case ${name} if it is not in the run.  0, or -1 when there is none of
 * that name. */
int run_add(struct run *, const char *name);

/*
 * Make the bed, measure every case once a round, each round beginning with
 * another, print a line for each window and one for each case, and end the bed.
 * Exits on failure.
 */
void run_go(struct run *);

#endif
