/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - rounds over the cases, and what they come to. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/bench/run.h"

#define WARM_UP 0.05

static struct course *
find(struct run *r, const char *name)
{
	for (size_t i = 0; name != NULL && i < r->n; i++)
		if (strcmp(r->course[i].c->name, name) == 0)
			return &r->course[i];
	return NULL;
}

/* Add ${w} to the sum of the run. */
static void
add(struct window *sum, const struct window *w)
{
	double share;

	sum->n += w->n;
	sum->wall += w->wall;
	sum->cpu += w->cpu;
	histogram_merge(&sum->latency, &w->latency);
	sum->load = w->load;
	sum->rss_kb = w->rss_kb;
	sum->writes += w->writes;
	sum->fsyncs = w->fsyncs < 0 ? -1 : sum->fsyncs + w->fsyncs;
	share = w->wall / sum->wall;
	sum->foreign += (w->foreign - sum->foreign) * share;
	sum->steal += (w->steal - sum->steal) * share;
}

static void
measure(struct run *r, struct course *o, struct result *result)
{
	struct window *w = &o->last;

	measure_window(o->c, &r->bed, o->context, r->options->window, w);
	if (bench_stopped())
		bench_die("stopped by a signal");
	result->rate = (double)w->n / w->wall;
	result->rate_counts = w->foreign <= MEASURE_FOREIGN_MAX;
	o->rejected += !result->rate_counts;
	if (result->rate_counts)
		add(&o->good, w);
	add(&o->all, w);
}

/* A ratio is to the limit's window of the same round, which may come later. */
static void
divide(struct course *o, unsigned i)
{
	struct result *mine = &o->result[i], *limit;

	mine->ratio = -1;
	if (o->limit == NULL)
		return;
	limit = &o->limit->result[i];
	mine->ratio = mine->rate / limit->rate;
	mine->ratio_counts = mine->rate_counts && limit->rate_counts;
}

/* Each round begins with another case. */
static void
go_round(struct run *r, unsigned i)
{
	struct course *o;

	for (size_t k = 0; k < r->n; k++) {
		o = &r->course[(k + i) % r->n];
		measure(r, o, &o->result[i]);
	}
	for (size_t k = 0; k < r->n; k++) {
		o = &r->course[k];
		divide(o, i);
		report_print(&r->report, &(struct report_line) {
			.c = o->c, .round = i + 1, .window = &o->last,
			.rate = o->result[i].rate, .best = o->result[i].rate,
			.ratio = o->result[i].ratio,
			.rejected = !o->result[i].rate_counts });
	}
}

/*
 * --- the sum of a run ---
 */

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of the values that count, or of all when none does; -1 without any. */
static double
median(struct run *r, const struct course *o, int of_ratios)
{
	double value[RUN_ROUNDS_MAX];
	size_t n = 0;

	for (int all = 0; n == 0 && all <= 1; all++)
		for (unsigned i = 0; i < r->options->rounds; i++) {
			const struct result *x = &o->result[i];

			if (of_ratios && x->ratio >= 0 &&
			    (all || x->ratio_counts))
				value[n++] = x->ratio;
			if (!of_ratios && (all || x->rate_counts))
				value[n++] = x->rate;
		}
	if (n == 0)
		return -1;
	qsort(value, n, sizeof(value[0]), by_size);
	return n % 2 == 1 ? value[n / 2]
			  : (value[n / 2 - 1] + value[n / 2]) / 2;
}

static void
sum_up(struct run *r, struct course *o)
{
	struct report_line line = { .c = o->c, .rejected = o->rejected };

	line.window = o->good.n > 0 ? &o->good : &o->all;
	line.rate = median(r, o, 0);
	line.ratio = median(r, o, 1);
	for (unsigned i = 0; i < r->options->rounds; i++)
		if (o->result[i].rate > line.best)
			line.best = o->result[i].rate;
	report_print(&r->report, &line);
	fprintf(stderr, "%-28s %10.0f/s  p50 %9.1f us  p99 %9.1f us",
	    o->c->name, line.rate, histogram_us(&line.window->latency, 500),
	    histogram_us(&line.window->latency, 990));
	if (line.ratio >= 0)
		fprintf(stderr, "  %5.3f of %s", line.ratio, o->c->limit);
	fputc('\n', stderr);
}

static void
begin(struct run *r)
{
	enum bed_extent extent = BED_FILE;

	for (size_t i = 0; i < r->n; i++)
		if ((r->course[i].c->flags & CASE_TPM) != 0)
			extent = BED_TPM_TOO;
	bed_make(&r->bed, r->options, extent);
	report_init(&r->report, &r->bed);
	for (size_t i = 0; i < r->n; i++) {
		struct course *o = &r->course[i];

		o->limit = find(r, o->c->limit);
		o->result = calloc(r->options->rounds, sizeof(*o->result));
		if (o->result == NULL)
			bench_die("out of memory");
		measure_begin(o->c, &r->bed, o->context);
		measure_window(
		    o->c, &r->bed, o->context, WARM_UP, &o->last);
	}
}

static void
end(struct run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		measure_end(r->course[i].c, r->course[i].context);
		free(r->course[i].result);
	}
	bed_end(&r->bed);
}

void
run_go(struct run *r)
{
	begin(r);
	for (unsigned i = 0; i < r->options->rounds; i++)
		go_round(r, i);
	for (size_t i = 0; i < r->n; i++)
		sum_up(r, &r->course[i]);
	end(r);
}

int
run_add(struct run *r, const char *name)
{
	const struct bench_case *c = bench_case_get(name);

	if (c == NULL || r->n == RUN_CASES_MAX)
		return -1;
	if (find(r, name) == NULL)
		r->course[r->n++].c = c;
	return 0;
}
