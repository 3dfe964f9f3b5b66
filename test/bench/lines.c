/* SPDX-License-Identifier: Apache-2.0 */
/* lines.c - is this what edgebench should print?  Standard input, as TAP. */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE 4096

/*
 *	edgebench ... | lines ROUNDS CASE...
 *
 * Every line is a JSON object with the members that README.md names, and says
 * something that can be true; every case has a line for each of ROUNDS rounds
 * and one for round 0, in that order.
 */
struct line {
	const char *name, *verify, *backend, *commit, *openssl, *fs;
	json_int_t v, threads, batch, round, n, rejected;
	double wall, cpu, rate, best, p1, p50, p95, p99, max, us, f0, load;
	double steal, foreign;
	json_t *medium, *anchor, *rss, *writes, *fsyncs, *limit, *ratio;
};

static unsigned tests;

static void
result(int ok, const char *what, const char *name)
{
	printf("%sok %u - %s: %s\n", ok ? "" : "not ", ++tests, name, what);
}

static int
is_count(const json_t *j)
{
	return json_is_null(j) || (json_is_integer(j) &&
	    json_integer_value(j) >= 0);
}

/* Strictly: every member is there, and no other. */
static int
unpack(json_t *j, struct line *l)
{
	json_error_t e;

	if (json_unpack_ex(j, &e, JSON_STRICT,
		"{s:I,s:s,s:{s:I,s:I,s?s},s:s,s:o,s:o,s:I,s:I,s:F,s:F,s:F,s:F,"
		"s:{s:F,s:F,s:F,s:F,s:F},s:F,s:o,s:o,s:o,s:o,s:o,s:s,s:s,"
		"s:{s:s,s:F},s:F,s:F,s:F,s:I}",
		"v", &l->v, "case", &l->name, "params", "threads", &l->threads,
		"batch", &l->batch, "verify", &l->verify, "backend",
		&l->backend, "anchor", &l->medium, "anchor_class", &l->anchor,
		"round", &l->round, "n", &l->n, "wall_s", &l->wall,
		"cpu_s", &l->cpu, "rate", &l->rate, "best", &l->best, "lat_us",
		"p1", &l->p1, "p50", &l->p50, "p95", &l->p95, "p99", &l->p99,
		"max", &l->max, "cpu_us_per_op", &l->us, "rss_kb", &l->rss,
		"writes", &l->writes, "fsyncs", &l->fsyncs, "limit_case",
		&l->limit, "ratio", &l->ratio, "commit", &l->commit, "openssl",
		&l->openssl, "disk", "fs", &l->fs, "F0_us", &l->f0, "load1",
		&l->load, "steal", &l->steal, "foreign", &l->foreign,
		"rejected", &l->rejected) == 0)
		return 1;
	printf("# %s\n", e.text);
	return 0;
}

static int
makes_sense(const struct line *l)
{
	return l->v == 1 && l->threads > 0 && l->batch > 0 && l->round >= 0 &&
	    l->n > 0 && l->wall > 0 && l->cpu > 0 && l->rate > 0 &&
	    l->best >= l->rate * 0.999 && l->us > 0 && l->f0 > 0 &&
	    l->load >= 0 && l->steal >= 0 && l->foreign >= 0 &&
	    l->rejected >= 0 && l->p1 > 0 && l->p1 <= l->p50 &&
	    l->p50 <= l->p95 && l->p95 <= l->p99 && l->p99 <= l->max &&
	    is_count(l->anchor) &&
	    json_is_null(l->anchor) == (l->verify == NULL) &&
	    (json_is_string(l->medium) ? l->verify != NULL
				       : json_is_null(l->medium) &&
		    l->verify == NULL) &&
	    is_count(l->rss) && is_count(l->writes) && is_count(l->fsyncs) &&
	    (json_is_string(l->limit) ? json_real_value(l->ratio) > 0
				      : json_is_null(l->limit) &&
		    json_is_null(l->ratio));
}

/* Which of the cases this line is about; counts its rounds. */
static int
in_turn(const struct line *l, char **names, int n, unsigned *seen,
    unsigned rounds)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], l->name) == 0)
			return l->round ==
			    (seen[i]++ < rounds ? (json_int_t)seen[i] : 0);
	return 0;
}

static void
check(const char *text, char **names, int n, unsigned *seen, unsigned rounds)
{
	json_error_t e;
	json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, &e);
	struct line l = { .verify = NULL };

	if (j == NULL || !unpack(j, &l)) {
		result(0, "has another form", text);
	} else {
		result(makes_sense(&l), "the numbers make sense", l.name);
		result(in_turn(&l, names, n, seen, rounds), "it was its turn",
		    l.name);
	}
	json_decref(j);
}

int
main(int argc, char **argv)
{
	char text[LINE];
	unsigned rounds, *seen;
	int n = argc - 2;

	if (n < 1 || (seen = calloc((size_t)n, sizeof(*seen))) == NULL)
		return 2;
	rounds = (unsigned)atoi(argv[1]);
	while (fgets(text, sizeof(text), stdin) != NULL) {
		text[strcspn(text, "\n")] = '\0';
		check(text, argv + 2, n, seen, rounds);
	}
	for (int i = 0; i < n; i++)
		result(seen[i] == rounds + 1, "every round has a line",
		    argv[i + 2]);
	printf("1..%u\n", tests);
	free(seen);
	return 0;
}
