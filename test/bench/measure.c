/* SPDX-License-Identifier: Apache-2.0 */
/* measure.c - one window of one case. */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "test/bench/machine.h"
#include "test/bench/measure.h"

struct shared {
	const struct bench_case *c;
	pthread_barrier_t start;
	atomic_uint_least64_t deadline;
};

struct thread {
	pthread_t id;
	struct shared *shared;
	void *context;
	struct histogram latency;
	uint64_t end;
	int failed;
};

/* What is read before and after a window. */
struct reading {
	struct machine_time machine;
	uint64_t ns;
	double cpu;
	long writes;
	unsigned long fsyncs;
};

void
measure_begin(const struct bench_case *c, struct bed *b,
    void *context[MEASURE_THREADS_MAX])
{
	for (unsigned i = 0; i < c->threads; i++)
		context[i] = c->begin(b, c->batch);
}

void
measure_end(
    const struct bench_case *c, void *const context[MEASURE_THREADS_MAX])
{
	for (unsigned i = 0; i < c->threads; i++)
		c->ops->end(context[i]);
}

static double
seconds_of(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static double
used_by(int who)
{
	struct rusage r;

	getrusage(who, &r);
	return seconds_of(&r.ru_utime) + seconds_of(&r.ru_stime);
}

static const struct bed *
bed_of(const struct bench_case *c, const struct bed *b)
{
	return (c->flags & CASE_TPM) != 0 ? b->anchored : b;
}

static void
read_all(const struct bench_case *c, struct bed *b, struct reading *r)
{
	r->ns = eh_clock_monotonic_ns();
	r->cpu = used_by(RUSAGE_SELF);
	if ((c->flags & CASE_DAEMON) != 0)
		r->cpu += machine_cpu(bed_of(c, b)->daemon);
	if ((c->flags & CASE_TPM) != 0)
		r->cpu += machine_cpu(b->anchored->tpm);
	if ((c->flags & CASE_CHILDREN) != 0)
		r->cpu += used_by(RUSAGE_CHILDREN);
	r->writes = machine_writes((c->flags & CASE_DAEMON) != 0 ?
	    bed_of(c, b)->daemon : getpid());
	r->fsyncs = atomic_load(&b->fsyncs);
	machine_time(&r->machine);
}

static void *
thread_main(void *arg)
{
	struct thread *t = arg;
	const struct bench_case *c = t->shared->c;
	const struct bench_ops *ops = c->ops;
	uint64_t now, begun, deadline;

	pthread_barrier_wait(&t->shared->start); /* all are here */
	pthread_barrier_wait(&t->shared->start); /* the clock runs */
	deadline = atomic_load(&t->shared->deadline);
	do {
		t->failed = ops->prepare != NULL &&
		    ops->prepare(t->context) != 0;
		begun = eh_clock_monotonic_ns();
		if (!t->failed)
			t->failed = ops->once(t->context) != 0;
		now = eh_clock_monotonic_ns();
		histogram_add(&t->latency, now - begun, c->batch);
	} while (!t->failed && now < deadline && !bench_stopped());
	t->end = now;
	return NULL;
}

/* Run the threads; what they counted goes to ${w}. */
static void
run(struct shared *shared, struct bed *b, struct thread *thread,
    double seconds, struct window *w, struct reading *before)
{
	const struct bench_case *c = shared->c;
	uint64_t end = 0;

	pthread_barrier_init(&shared->start, NULL, c->threads + 1);
	for (unsigned i = 0; i < c->threads; i++)
		if (pthread_create(
			&thread[i].id, NULL, thread_main, &thread[i]) != 0)
			bench_die("a thread cannot be made");
	pthread_barrier_wait(&shared->start);
	read_all(c, b, before);
	atomic_store(&shared->deadline, before->ns + (uint64_t)(seconds * 1e9));
	pthread_barrier_wait(&shared->start);
	for (unsigned i = 0; i < c->threads; i++) {
		pthread_join(thread[i].id, NULL);
		if (thread[i].failed)
			bench_die("%s failed", c->name);
		if (thread[i].end > end)
			end = thread[i].end;
		histogram_merge(&w->latency, &thread[i].latency);
	}
	pthread_barrier_destroy(&shared->start);
	w->n = w->latency.n;
	w->wall = (double)(end - before->ns) / 1e9;
}

/* Of all work that the machine did, what was not ours? */
static void
judge(struct window *w, const struct reading *before,
    const struct reading *after)
{
	double capacity = (double)(after->ns - before->ns) / 1e9 *
	    machine_processors();
	double others = after->machine.busy - before->machine.busy -
	    (after->cpu - before->cpu);

	w->foreign = others > 0 ? others / capacity : 0;
	w->steal = (after->machine.steal - before->machine.steal) / capacity;
	w->load = machine_load();
}

void
measure_window(const struct bench_case *c, struct bed *b,
    void *const context[MEASURE_THREADS_MAX], double seconds,
    struct window *w)
{
	struct thread *thread = calloc(c->threads, sizeof(*thread));
	struct shared shared = { .c = c };
	struct reading before, after;

	if (thread == NULL)
		bench_die("out of memory");
	memset(w, 0, sizeof(*w));
	for (unsigned i = 0; i < c->threads; i++) {
		thread[i].shared = &shared;
		thread[i].context = context[i];
	}
	run(&shared, b, thread, seconds, w, &before);
	read_all(c, b, &after);
	free(thread);
	judge(w, &before, &after);
	w->cpu = after.cpu - before.cpu;
	w->writes = after.writes - before.writes;
	w->fsyncs = (c->flags & CASE_FSYNCS) != 0
	    ? (long)(after.fsyncs - before.fsyncs)
	    : -1;
	w->rss_kb = machine_rss_kb(
	    (c->flags & CASE_DAEMON) != 0 ? bed_of(c, b)->daemon : getpid());
	if (c->ops->check == NULL)
		return;
	for (unsigned i = 0; i < c->threads; i++)
		if (c->ops->check(context[i]) != 0)
			bench_die("%s: a result is wrong", c->name);
}
