/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.c - latencies, counted in buckets 1.6 % wide. */
#include "config.h"

#include "test/bench/histogram.h"

#define SUB_BITS 6
#define SUB	 (1u << SUB_BITS)
#define TOP_BIT	 40

static unsigned
bucket_of(uint64_t ns)
{
	unsigned shift;

	if (ns < SUB)
		return (unsigned)ns;
	if (ns >> TOP_BIT != 0)
		return HISTOGRAM_BUCKETS - 1;
	shift = 63u - (unsigned)__builtin_clzll(ns) - SUB_BITS;
	return shift * SUB + (unsigned)(ns >> shift);
}

/* The middle of a bucket. */
static double
value_of(unsigned bucket)
{
	unsigned shift;

	if (bucket < 2 * SUB)
		return bucket;
	shift = bucket / SUB - 1;
	return ((double)(bucket - shift * SUB) + 0.5) *
	    (double)(UINT64_C(1) << shift);
}

void
histogram_add(struct histogram *h, uint64_t ns, uint32_t times)
{
	h->count[bucket_of(ns)] += times;
	h->n += times;
	if (ns > h->max)
		h->max = ns;
}

void
histogram_merge(struct histogram *h, const struct histogram *from)
{
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->count[i] += from->count[i];
	h->n += from->n;
	if (from->max > h->max)
		h->max = from->max;
}

double
histogram_us(const struct histogram *h, unsigned permille)
{
	uint64_t wanted = (h->n * permille + 999) / 1000, seen = 0;

	double ns = (double)h->max;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->count[i];
		if (seen < wanted || seen == 0)
			continue;
		if (value_of(i) < ns)
			ns = value_of(i);
		break;
	}
	return ns / 1000;
}
