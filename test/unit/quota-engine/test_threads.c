/* SPDX-License-Identifier: Apache-2.0 */
/* test_threads.c - many workers, one committer, on a real disk. */
#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "quota-engine/anchor/anchor.h"
#include "test/fault/heart.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

#define WORKERS 8

static char folder[FIXTURE_PATH], state[FIXTURE_PATH],
    anchor_path[FIXTURE_PATH];
static struct eh_anchor *anchor;
static struct eh_os_posix *os;
static struct heart h;

/* What one worker does, and what came of it. */
struct worker {
	pthread_t thread;
	struct heart h;			/* a copy: errors are its own */
	uint32_t from, to;		/* devices */
	uint32_t key, order;
	unsigned good, refused, other;
	int err;			/* of the last refusal */
};

static void
open_disk(void)
{
	struct eh_error error = { 0 };

	ck_assert_int_eq(
	    eh_anchor_file_open(anchor_path, &anchor, &error), EH_OK);
	ck_assert_int_eq(eh_os_posix_new(state, anchor, &os, &error), EH_OK);
}

static void
close_disk(void)
{
	eh_os_posix_free(os);
	eh_anchor_close(anchor);
}

static void
begin(void)
{
	fixture_folder(folder);
	fixture_folder(state);
	fixture_join(anchor_path, folder, "anchor");
	open_disk();
	memset(&h, 0, sizeof(h));
	h.segment = 1024 * 1024;
	heart_begin_on(&h, eh_os_posix_table(os));
	ck_assert_int_eq(eh_engine_run(h.eng, &h.error), EH_OK);
}

static void
end(void)
{
	heart_drop(&h);
	close_disk();
	fixture_remove(state);
	fixture_remove(folder);
}

static void
install(const struct heart_order *o)
{
	ck_assert_int_eq(heart_install(&h, o), EH_OK);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct heart_ask ask = { .order = w->order, .key = w->key };

	for (uint32_t d = w->from; d < w->to; d++) {
		int err;

		ask.device = d;
		err = heart_issue(&w->h, &ask, NULL, NULL);
		w->good += err == EH_OK;
		w->refused += eh_err_is_denial(err) != 0;
		w->other += err != EH_OK && !eh_err_is_denial(err);
		if (err != EH_OK)
			w->err = err;
	}
	return NULL;
}

static void
start(struct worker *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		w[i].h = h;
		w[i].h.signatures = i << 24;
		ck_assert_int_eq(
		    pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	}
}

static unsigned
join(struct worker *w, unsigned n)
{
	unsigned good = 0;

	for (unsigned i = 0; i < n; i++) {
		pthread_join(w[i].thread, NULL);
		good += w[i].good;
		ck_assert_uint_eq(w[i].other, 0);
	}
	return good;
}

START_TEST(a_race_for_a_quota_gives_exactly_the_quota)
{
	struct heart_order o = heart_order(1, 100, 8);
	struct worker w[WORKERS] = { 0 };

	begin();
	install(&o);
	for (unsigned i = 0; i < WORKERS; i++) {
		w[i].order = 1;
		w[i].from = 1000 * i;
		w[i].to = 1000 * i + 30;
	}
	start(w, WORKERS);
	ck_assert_uint_eq(join(w, WORKERS), 100);
	for (unsigned i = 0; i < WORKERS; i++)
		if (w[i].refused > 0)
			ck_assert_int_eq(w[i].err, EH_DENIED_QUOTA);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).used, 100);
	ck_assert_ptr_null(heart_check(&h));
	ck_assert_int_eq(eh_engine_stop(h.eng, &h.error), EH_OK);
	end();
}
END_TEST

START_TEST(a_race_for_one_device_with_many_keys_gives_one_certificate)
{
	struct heart_order o = heart_order(1, 100, 8);
	struct worker w[WORKERS] = { 0 };

	begin();
	install(&o);
	for (unsigned i = 0; i < WORKERS; i++) {
		w[i].order = 1;
		w[i].key = i;
		w[i].from = 7;
		w[i].to = 8;
	}
	start(w, WORKERS);
	ck_assert_uint_eq(join(w, WORKERS), 1);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).used, 1);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_ISSUE).used, 1);
	ck_assert_int_eq(eh_engine_stop(h.eng, &h.error), EH_OK);
	end();
}
END_TEST

START_TEST(a_race_of_equal_requests_gives_all_the_same)
{
	struct heart_order o = heart_order(1, 100, 8);
	struct worker w[WORKERS] = { 0 };

	begin();
	install(&o);
	for (unsigned i = 0; i < WORKERS; i++) {
		w[i].order = 1;
		w[i].from = 1;
		w[i].to = 41;
	}
	start(w, WORKERS);
	ck_assert_uint_eq(join(w, WORKERS), 40 * WORKERS);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).used, 40);
	ck_assert_ptr_null(heart_check(&h));
	ck_assert_int_eq(eh_engine_stop(h.eng, &h.error), EH_OK);
	end();
}
END_TEST

static uint64_t
used(uint32_t order)
{
	return heart_counter(&h, order, EH_OP_PASS).used;
}

/* Supersede, and stop cleanly, while others issue: the books hold, and every
 * device that was made is in one of them. */
START_TEST(books_hold_while_an_order_is_superseded_and_stopped)
{
	struct heart_order o = heart_order(1, 1000, 8);
	struct worker w[WORKERS] = { 0 };
	const unsigned half = WORKERS / 2;
	unsigned good;

	begin();
	install(&o);
	for (unsigned i = 0; i < WORKERS; i++) {
		w[i].order = i < half ? 1 : 2;
		w[i].from = 10000 * i;
		w[i].to = 10000 * i + (i < half ? 400 : 40);
	}
	start(w, half);
	while (used(1) < 20)
		sched_yield();
	o.number = 2;
	o.supersedes = 1;
	o.quota = 2000;
	o.issues = 3000;
	install(&o);
	start(w + half, WORKERS - half);
	good = join(w, WORKERS);
	ck_assert_uint_ge(good, 20 + 40 * (WORKERS - half));
	ck_assert_uint_eq(heart_counter(&h, 2, EH_OP_PASS).used, good);
	ck_assert_int_eq(eh_engine_stop(h.eng, &h.error), EH_OK);
	heart_drop(&h);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_uint_eq(heart_counter(&h, 2, EH_OP_PASS).used, good);
	ck_assert_uint_eq(heart_counter(&h, 2, EH_OP_PASS).reserved, good);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).burned, 0);
	ck_assert_ptr_null(heart_check(&h));
	end();
}
END_TEST

static void *
stop(void *arg)
{
	struct heart *mine = arg;

	return eh_engine_stop(mine->eng, NULL) == EH_OK ? NULL : arg;
}

START_TEST(a_stop_in_the_middle_loses_nothing)
{
	struct heart_order o = heart_order(1, 10000, 16);
	struct worker w[WORKERS] = { 0 };
	pthread_t thread;
	void *failed;
	unsigned good = 0;

	begin();
	install(&o);
	for (unsigned i = 0; i < WORKERS; i++) {
		w[i].order = 1;
		w[i].from = 1000 * i;
		w[i].to = 1000 * i + 200;
	}
	start(w, WORKERS);
	ck_assert_int_eq(pthread_create(&thread, NULL, stop, &h), 0);
	pthread_join(thread, &failed);
	ck_assert_ptr_null(failed);
	for (unsigned i = 0; i < WORKERS; i++) {
		pthread_join(w[i].thread, NULL);
		good += w[i].good;
		if (w[i].other > 0)
			ck_assert_int_eq(w[i].err, EH_ERR_UNAVAILABLE);
	}
	heart_drop(&h);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).used, good);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).reserved, good);
	ck_assert_ptr_null(heart_check(&h));
	end();
}
END_TEST

static pthread_t myself;
static int (*real_sync)(void *, int);
static atomic_uint syncs_of_mine;

static int
count_sync(void *arg, int file)
{
	if (pthread_equal(pthread_self(), myself))
		syncs_of_mine++;
	return real_sync(arg, file);
}

START_TEST(who_is_alone_waits_for_no_other_thread)
{
	struct heart_order o = heart_order(1, 1000, 64);
	struct heart_ask ask = { .order = 1 };

	begin();
	install(&o);
	myself = pthread_self();
	real_sync = eh_os_posix_table(os)->sync;
	eh_os_posix_table(os)->sync = count_sync;
	for (ask.device = 0; ask.device < 10; ask.device++)
		ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_OK);
	/* But the first, perhaps: the committer may still write of itself. */
	ck_assert_uint_ge(syncs_of_mine, 9);
	ck_assert_uint_le(syncs_of_mine, 10);
	ck_assert_ptr_null(heart_check(&h));
	end();
}
END_TEST

/* Reports, changes, log readings and status beside the issuing. */
static void *
others(void *arg)
{
	struct worker *w = arg;
	struct eh_outcomes outcomes;
	char label[32];

	for (unsigned i = 0; i < 10; i++) {
		snprintf(label, sizeof(label), "label %u", i);
		w->other += heart_label(&w->h, label) != EH_OK;
		w->other += eh_engine_tick(w->h.eng, NULL) != EH_OK;
		w->other += eh_engine_status(w->h.eng, NULL) != EH_ENGINE_READY;
		eh_engine_lock(w->h.eng);
		eh_engine_outcomes(
		    w->h.eng, heart_row(&w->h, 1), &outcomes);
		w->other += outcomes.in_doubt >
		    heart_row(&w->h, 1)->op[EH_OP_PASS].count.quota;
		eh_engine_unlock(w->h.eng);
		w->good++;
	}
	return NULL;
}

START_TEST(everything_goes_on_beside_everything)
{
	struct heart_order o = heart_order(1, 10000, 16);
	struct worker w[WORKERS] = { 0 }, extra[2] = { 0 };

	begin();
	install(&o);
	for (unsigned i = 0; i < WORKERS; i++) {
		w[i].order = 1;
		w[i].from = 1000 * i;
		w[i].to = 1000 * i + 40;
	}
	start(w, WORKERS);
	for (unsigned i = 0; i < 2; i++) {
		extra[i].h = h;
		ck_assert_int_eq(pthread_create(
		    &extra[i].thread, NULL, others, &extra[i]), 0);
	}
	ck_assert_uint_eq(join(w, WORKERS), 40 * WORKERS);
	ck_assert_uint_eq(join(extra, 2), 20);
	ck_assert_int_eq(eh_engine_stop(h.eng, &h.error), EH_OK);
	ck_assert_ptr_null(heart_check(&h));
	end();
}
END_TEST

START_TEST(a_second_owner_of_disk_or_anchor_is_refused)
{
	struct eh_os_posix *second = NULL;
	struct eh_anchor *other = NULL;
	struct eh_error error;

	begin();
	ck_assert_int_eq(
	    eh_anchor_file_open(anchor_path, &other, &error), EH_ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(error.text, "another edgehsmd"));
	ck_assert_int_eq(
	    eh_os_posix_new(state, anchor, &second, &error), EH_ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(error.text, "another edgehsmd"));
	ck_assert_ptr_null(second);
	end();
}
END_TEST

static _Atomic unsigned stops;

static void
count_stop(void *arg)
{
	(void)arg;
	stops++;
}

/* When the anchor is changed by somebody else all workers are told, once. */
START_TEST(a_foreign_anchor_stops_all_workers)
{
	struct heart_order o = heart_order(1, 10000, 2);
	struct worker w[WORKERS] = { 0 };
	static const uint8_t digest[EH_DIGEST_LEN] = { 1 };
	uint8_t value[EH_DIGEST_LEN];
	unsigned good = 0;

	begin();
	h.eng->params.stopped = count_stop;
	install(&o);
	ck_assert_int_eq(anchor->read(anchor->arg, value), EH_OK);
	ck_assert_int_eq(anchor->extend(anchor->arg, value, digest), EH_OK);
	for (unsigned i = 0; i < WORKERS; i++) {
		w[i].order = 1;
		w[i].from = 1000 * i;
		w[i].to = 1000 * i + 5;
	}
	start(w, WORKERS);
	for (unsigned i = 0; i < WORKERS; i++) {
		pthread_join(w[i].thread, NULL);
		good += w[i].good;
		ck_assert_int_eq(w[i].err, EH_DENIED_FAIL_STOPPED);
	}
	ck_assert_uint_eq(good, 0);
	ck_assert_uint_eq(stops, 1);
	end();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("threads");
	TCase *t = tcase_create("threads");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_race_for_a_quota_gives_exactly_the_quota);
	tcase_add_test(
	    t, a_race_for_one_device_with_many_keys_gives_one_certificate);
	tcase_add_test(t, a_race_of_equal_requests_gives_all_the_same);
	tcase_add_test(
	    t, books_hold_while_an_order_is_superseded_and_stopped);
	tcase_add_test(t, a_stop_in_the_middle_loses_nothing);
	tcase_add_test(t, who_is_alone_waits_for_no_other_thread);
	tcase_add_test(t, everything_goes_on_beside_everything);
	tcase_add_test(t, a_second_owner_of_disk_or_anchor_is_refused);
	tcase_add_test(t, a_foreign_anchor_stops_all_workers);
	suite_add_tcase(s, t);
	return unit_run(s);
}
