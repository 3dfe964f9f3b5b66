/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.h - latencies, counted in buckets 1.6 % wide. */
#ifndef EH_TEST_BENCH_HISTOGRAM_H
#define EH_TEST_BENCH_HISTOGRAM_H

#include <stdint.h>

/* Up to 2^40 ns (18 minutes): each power of two has 64 buckets. */
#define HISTOGRAM_BUCKETS (35 * 64 + 64)

struct histogram {
	uint64_t n, max;	/* ns */
	uint32_t count[HISTOGRAM_BUCKETS];
};

/* Count ${times} latencies of ${ns}. */
void histogram_add(struct histogram *, uint64_t ns, uint32_t times);

/* Add what ${from} holds. */
void histogram_merge(struct histogram *, const struct histogram *from);

/* The latency in us that ${permille} of all do not exceed; 0 when empty. */
double histogram_us(const struct histogram *, unsigned permille);

#endif
