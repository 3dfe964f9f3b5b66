/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - the lines: JSON on standard output, one per window and one per
 * case. */
#ifndef EH_TEST_BENCH_REPORT_H
#define EH_TEST_BENCH_REPORT_H

#include "test/bench/measure.h"

/* What is the same in all lines of a run. */
struct report {
	const char *commit, *verify;
	const char *filesystem;
	double f0_us;
	char openssl[32];
};

/* A line; README.md names the members. */
struct report_line {
	const struct bench_case *c;
	unsigned round;		/* 0: the whole run */
	const struct window *window;
	double rate, best;	/* operations per second */
	double ratio;		/* to the limit case; below 0: unknown */
	unsigned rejected;	/* windows that do not count */
};

void report_init(struct report *, const struct bed *);
void report_print(const struct report *, const struct report_line *);

#endif
