/* SPDX-License-Identifier: Apache-2.0 */
/* measure.h - one window of one case. */
#ifndef EH_TEST_BENCH_MEASURE_H
#define EH_TEST_BENCH_MEASURE_H

#include "test/bench/cases.h"
#include "test/bench/histogram.h"

#define MEASURE_THREADS_MAX 64

/* More foreign work than this, and a window does not count. */
#define MEASURE_FOREIGN_MAX 0.10

/* What a window gave; counts that are not known are -1. */
struct window {
	unsigned long n;	/* operations */
	double wall, cpu;	/* seconds */
	struct histogram latency;
	double load;
	double foreign, steal;	/* shares of the machine's processors */
	long rss_kb, writes, fsyncs;
};

/* Make the contexts of all threads of ${c}; free them. */
void measure_begin(const struct bench_case *c, struct bed *,
    void *context[MEASURE_THREADS_MAX]);
void measure_end(
    const struct bench_case *c, void *const context[MEASURE_THREADS_MAX]);

/* Measure for ${seconds}; exits when an operation fails. */
void measure_window(const struct bench_case *c, struct bed *,
    void *const context[MEASURE_THREADS_MAX], double seconds,
    struct window *);

#endif
