/* SPDX-License-Identifier: Apache-2.0 */
/* engine.c - the shared struct, its threads, and the calls that wait. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/wipe.h"
#include "quota-engine/committer.h"
#include "quota-engine/lease.h"
#include "quota-engine/ledger.h"
#include "quota-engine/recover.h"

#define HOUR_NS     (UINT64_C(3600) * 1000000000)
#define STOP_WAIT_S 10
#define THREADS     EH_ENGINE_THREADS

/*
 * --- stopping for good ---
 */

int
eh_engine_poison(struct eh_engine *eng, const char *format, ...)
{
	va_list args;
	int file;

	if (eng->stopped.code != EH_OK)
		return EH_DENIED_FAIL_STOPPED;
	va_start(args, format);
	vsnprintf(eng->stopped.text, sizeof(eng->stopped.text), format, args);
	va_end(args);
	eng->stopped.code = EH_DENIED_FAIL_STOPPED;
	/* For the next boot record; when it cannot be written, so be it. */
	if (eng->os->create(eng->os->arg, "poisoned", &file) == EH_OK) {
		eng->os->close(eng->os->arg, file);
		(void)eng->os->sync_folder(eng->os->arg, ".");
	}
	eh_committer_drain(eng, &eng->stopped);
	pthread_cond_broadcast(&eng->changed);
	pthread_cond_broadcast(&eng->work);
	if (eng->params.stopped != NULL)
		eng->params.stopped(eng->params.stopped_arg);
	return EH_DENIED_FAIL_STOPPED;
}

int
eh_engine_stopped(const struct eh_engine *eng, struct eh_error *error)
{
	return eh_error_set(
	    error, EH_DENIED_FAIL_STOPPED, "%s", eng->stopped.text);
}

void
eh_engine_clock(struct eh_engine *eng, struct eh_now *now)
{
	struct eh_clock_reading reading;

	memset(now, 0, sizeof(*now));
	if (eng->os->clocks(eng->os->arg, &reading) != EH_OK) {
		eh_engine_poison(eng, "the clocks cannot be read");
		return;
	}
	eng->clock_ns = reading.boottime;
	eh_clockguard_now(&eng->guard, &eng->state->clock, &reading, now);
}

/*
 * --- what the threads do; each is locked when it comes and when it goes ---
 */

static void
do_start(struct eh_engine *eng)
{
	struct eh_error error = { 0 };
	int err;

	pthread_mutex_unlock(&eng->lock);
	err = eh_recover_start(eng, &error);
	pthread_mutex_lock(&eng->lock);
	if (err == EH_ERR_FULL) {
		/* Whoever waits is told; the next request tries again. */
		eng->start_refused++;
		eng->start_error = error;
		eng->want_start = 0;
		eh_committer_drain(eng, &error);
	} else if (err != EH_OK) {
		eh_engine_poison(eng, "%s", eh_error_sentence(&error));
	}
	pthread_cond_broadcast(&eng->changed);
}

/*
 * Returns 1 when a group was written.  Whoever submits writes it himself, when
 * nobody else is writing: so a client that is alone waits for no other thread.
 * What comes meanwhile is a group for the committer.
 */
int
eh_engine_group(struct eh_engine *eng)
{
	struct eh_submission *settled;
	int err;

	if (eng->writing || eh_committer_collect(eng) == 0)
		return 0;
	eng->writing = 1;
	pthread_mutex_unlock(&eng->lock);
	err = eh_committer_write(eng);
	pthread_mutex_lock(&eng->lock);
	if (eng->stopped.code != EH_OK)
		err = EH_DENIED_FAIL_STOPPED;
	else if (err == EH_OK)
		err = eh_committer_settle(eng);
	if (err != EH_OK) {
		eh_engine_poison(eng,
		    "the journal in %s could not be written (%s): edgehsmd "
		    "stops; look at the disk, then start it again",
		    eng->params.state_name, eh_err_text(err));
		eh_committer_abandon(eng);
	}
	eng->writing = 0;
	settled = eh_committer_settled(eng);
	pthread_cond_broadcast(&eng->changed);
	pthread_mutex_unlock(&eng->lock);
	eh_committer_wake(settled);
	pthread_mutex_lock(&eng->lock);
	return 1;
}

/* Locked when it comes and when it goes: ask the clock beside the anchor. */
static void
ask_anchor_clock(struct eh_engine *eng)
{
	struct eh_clock_reading reading;
	int err;

	if (eng->os->anchor_clock == NULL)
		return;
	pthread_mutex_unlock(&eng->lock);
	err = eh_os_reading(eng->os, &reading);
	pthread_mutex_lock(&eng->lock);
	if (err == EH_OK)
		eh_clockguard_tpm(&eng->guard, &reading);
}

static void
do_fly(struct eh_engine *eng)
{
	struct eh_error error = { 0 };
	int err;

	pthread_mutex_unlock(&eng->lock);
	err = eh_commit_fly(eng, &error);
	pthread_mutex_lock(&eng->lock);
	if (err != EH_OK)
		eh_engine_poison(eng, "%s", eh_error_sentence(&error));
	else if (eng->stopped.code == EH_OK)
		eh_commit_end(eng);
	pthread_cond_broadcast(&eng->changed);
	pthread_cond_signal(&eng->work);
}

static void
do_begin(struct eh_engine *eng)
{
	if (eh_commit_begin(eng) != EH_OK)
		eh_engine_poison(eng, "the state cannot be encoded");
}

static void
do_segment(struct eh_engine *eng)
{
	int err;

	eng->journal.next = EH_NEXT_MAKING;
	pthread_mutex_unlock(&eng->lock);
	err = eh_journal_prepare(&eng->journal);
	pthread_mutex_lock(&eng->lock);
	if (err == EH_OK)
		eng->journal.next = EH_NEXT_READY;
	else if (err == EH_ERR_FULL)
		eng->journal.next = EH_NEXT_NO_SPACE;
	else
		eh_engine_poison(eng,
		    "a journal segment could not be made in %s/journal: "
		    "edgehsmd stops; look at the disk, then start it again",
		    eng->params.state_name);
	pthread_cond_broadcast(&eng->changed);
	pthread_cond_signal(&eng->work);
}

int
eh_engine_runs(const struct eh_engine *eng)
{
	return eng->stopped.code == EH_OK &&
	    (eng->phase == EH_PHASE_STARTED || eng->phase == EH_PHASE_STOPPING);
}

/*
 * Without threads: one round of everything.  Returns 0 when there was nothing
 * to do, so that waiting longer would be in vain.
 */
int
eh_engine_round(struct eh_engine *eng)
{
	int any = 0;

	if (eng->stopped.code != EH_OK)
		return 0;
	if (eng->phase == EH_PHASE_REPLAYED && eng->want_start) {
		do_start(eng);
		return 1;
	}
	if (!eh_engine_runs(eng))
		return 0;
	any |= eh_engine_group(eng);
	if (eh_engine_runs(eng) && eng->commit->wanted &&
	    !eng->commit->flying) {
		do_begin(eng);
		if (eh_engine_runs(eng)) {
			do_fly(eng);
			ask_anchor_clock(eng);
		}
		any = 1;
	}
	if (eh_engine_runs(eng) && eng->journal.next == EH_NEXT_WANTED) {
		do_segment(eng);
		any = 1;
	}
	return any;
}

/*
 * --- threads ---
 */

/* Wake whoever has something to do now; between collecting and settling, that
 * is for whoever does it. */
void
eh_engine_nudge(struct eh_engine *eng)
{
	if (!eng->running)
		return;
	if (!eng->writing &&
	    (eng->head != NULL ||
	        (eng->phase == EH_PHASE_REPLAYED && eng->want_start) ||
	        (eng->commit->wanted && !eng->commit->flying)))
		pthread_cond_signal(&eng->work);
	if (eng->journal.next == EH_NEXT_WANTED)
		pthread_cond_signal(&eng->space);
}

static void *
run_committer(void *arg)
{
	struct eh_engine *eng = arg;
	int any;

	pthread_mutex_lock(&eng->lock);
	for (;;) {
		any = 0;
		if (eng->stopped.code != EH_OK)
			eh_committer_drain(eng, &eng->stopped);
		else if (eng->phase == EH_PHASE_REPLAYED && eng->want_start)
			do_start(eng), any = 1;
		else if (eh_engine_runs(eng))
			any = eh_engine_group(eng);
		if (eh_engine_runs(eng) && eng->commit->wanted &&
		    !eng->commit->flying && !eng->writing) {
			do_begin(eng);
			eng->commit->handed = 1;
			pthread_cond_signal(&eng->flight);
		}
		eh_engine_nudge(eng);
		if (any)
			continue;
		if (eng->ending)
			break;
		pthread_cond_wait(&eng->work, &eng->lock);
	}
	pthread_mutex_unlock(&eng->lock);
	return NULL;
}

static void *
run_anchorer(void *arg)
{
	struct eh_engine *eng = arg;

	pthread_mutex_lock(&eng->lock);
	while (!eng->ending || eng->commit->handed) {
		if (eng->commit->handed) {
			if (eng->stopped.code == EH_OK)
				do_fly(eng);
			eng->commit->handed = 0;
			/* Nobody waits for it. */
			ask_anchor_clock(eng);
		} else {
			pthread_cond_wait(&eng->flight, &eng->lock);
		}
	}
	pthread_mutex_unlock(&eng->lock);
	return NULL;
}

static void *
run_maker(void *arg)
{
	struct eh_engine *eng = arg;

	pthread_mutex_lock(&eng->lock);
	while (!eng->ending) {
		if (eng->journal.next == EH_NEXT_WANTED && eh_engine_runs(eng))
			do_segment(eng);
		else
			pthread_cond_wait(&eng->space, &eng->lock);
	}
	pthread_mutex_unlock(&eng->lock);
	return NULL;
}

static void
join(struct eh_engine *eng)
{
	if (!eng->running)
		return;
	pthread_mutex_lock(&eng->lock);
	eng->ending = 1;
	pthread_cond_broadcast(&eng->work);
	pthread_cond_broadcast(&eng->flight);
	pthread_cond_broadcast(&eng->space);
	pthread_mutex_unlock(&eng->lock);
	for (int i = eng->running; i-- > 0;)
		pthread_join(eng->thread[i], NULL);
	pthread_mutex_lock(&eng->lock);
	while (eng->writing)
		pthread_cond_wait(&eng->changed, &eng->lock);
	eng->running = 0;
	pthread_mutex_unlock(&eng->lock);
}

int
eh_engine_run(struct eh_engine *eng, struct eh_error *error)
{
	static void *(*const bodies[])(void *) = {
		run_committer, run_anchorer, run_maker,
	};

	pthread_mutex_lock(&eng->lock);
	eng->ending = 0;
	while (eng->running < THREADS &&
	    pthread_create(&eng->thread[eng->running], NULL,
	        bodies[eng->running], eng) == 0)
		eng->running++;
	pthread_mutex_unlock(&eng->lock);
	if (eng->running == THREADS)
		return EH_OK;
	join(eng);
	return eh_error_set(error, EH_ERR_MEMORY, "a thread cannot be made");
}

/*
 * --- life ---
 */

/* The big parts; what of them is read before it was written is zero. */
static int
allocate(struct eh_engine *eng)
{
	eng->state = calloc(1, sizeof(*eng->state));
	eng->trial = malloc(sizeof(*eng->trial));
	eng->group = malloc(sizeof(*eng->group));
	eng->commit = malloc(sizeof(*eng->commit));
	if (eng->state == NULL || eng->trial == NULL || eng->group == NULL ||
	    eng->commit == NULL)
		return EH_ERR_MEMORY;
	eng->group->n = 0;
	eng->group->settled = NULL;
	memset(eng->commit, 0, offsetof(struct eh_commit, bytes));
	eng->commit->next = malloc(sizeof(*eng->commit->next));
	return eng->commit->next == NULL ? EH_ERR_MEMORY : EH_OK;
}

int
eh_engine_new(const struct eh_engine_params *params, struct eh_engine **engp)
{
	struct eh_engine *eng;
	uint8_t seed[EH_DIGEST_LEN];
	pthread_condattr_t attr;

	*engp = NULL;
	if (params->segment < EH_SEGMENT_MIN ||
	    params->segment > EH_SEGMENT_MAX || params->segment % 4096 != 0)
		return EH_ERR_ARGUMENT;
	if ((eng = calloc(1, sizeof(*eng))) == NULL)
		return EH_ERR_MEMORY;
	pthread_mutex_init(&eng->lock, NULL);
	/* Setting the host's clock must not prolong the end. */
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&eng->changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&eng->work, NULL);
	pthread_cond_init(&eng->flight, NULL);
	pthread_cond_init(&eng->space, NULL);
	eng->params = *params;
	eng->os = params->os;
	eng->journal.file = -1;
	eng->tail = &eng->head;
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		eng->books[i].book = EH_INDEX_NONE;
	if (allocate(eng) != EH_OK ||
	    eng->os->random(eng->os->arg, seed, sizeof(seed)) != EH_OK ||
	    eh_index_init(&eng->index, seed) != EH_OK) {
		eh_engine_free(eng);
		return EH_ERR_MEMORY;
	}
	*engp = eng;
	return EH_OK;
}

void
eh_engine_free(struct eh_engine *eng)
{
	if (eng == NULL)
		return;
	join(eng);
	eh_journal_wipe(&eng->journal);
	eh_index_wipe(&eng->index);
	if (eng->commit != NULL)
		free(eng->commit->next);
	free(eng->commit);
	free(eng->group);
	free(eng->trial);
	free(eng->state);
	free(eng->mark);
	free(eng->burned);
	pthread_cond_destroy(&eng->changed);
	pthread_cond_destroy(&eng->work);
	pthread_cond_destroy(&eng->flight);
	pthread_cond_destroy(&eng->space);
	pthread_mutex_destroy(&eng->lock);
	eh_wipe(eng, sizeof(*eng));
	free(eng);
}

int
eh_engine_look(struct eh_engine *eng, int *freshp, struct eh_error *error)
{
	return eh_recover_look(eng, freshp, error);
}

/* Without an identity that works there is nothing to lose: no mark is left on
 * the disk, the sentence is all. */
static int
keep_refusal(struct eh_engine *eng, int err, struct eh_error *error)
{
	if (err == EH_DENIED_FAIL_STOPPED && error != NULL) {
		pthread_mutex_lock(&eng->lock);
		eng->stopped = *error;
		pthread_mutex_unlock(&eng->lock);
	}
	return err;
}

int
eh_engine_open(struct eh_engine *eng, const struct eh_engine_keys *keys,
    struct eh_error *error)
{
	struct eh_error mine = { 0 };
	int err = eh_recover_open(eng, keys, &mine);

	if (err != EH_OK)
		eh_error_set(error, err, "%s", eh_error_sentence(&mine));
	return keep_refusal(eng, err, &mine);
}

int
eh_engine_genesis(struct eh_engine *eng, const struct eh_engine_keys *keys,
    const struct eh_state *first, const uint8_t attestation[EH_DIGEST_LEN],
    struct eh_error *error)
{
	struct eh_error mine = { 0 };
	int err = eh_recover_genesis(eng, keys, first, attestation, &mine);

	if (err != EH_OK)
		eh_error_set(error, err, "%s", eh_error_sentence(&mine));
	return keep_refusal(eng, err, &mine);
}

static int
quiet(const struct eh_engine *eng)
{
	return eng->held == 0 && eh_committer_idle(eng) &&
	    eng->group->n == 0 && !eng->commit->flying;
}

/* Let what is under way come to its end, for a while. */
static void
settle_down(struct eh_engine *eng)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STOP_WAIT_S;
	while (eng->stopped.code == EH_OK && !quiet(eng)) {
		eh_engine_nudge(eng);
		if (eng->running) {
			if (pthread_cond_timedwait(
			        &eng->changed, &eng->lock, &until) != 0)
				return;
		} else if (!eh_engine_round(eng)) {
			return;
		}
	}
}

int
eh_engine_stop(struct eh_engine *eng, struct eh_error *error)
{
	static const struct eh_error late = {
		EH_ERR_UNAVAILABLE, "edgehsmd is stopping",
	};
	int started, err = EH_OK;

	pthread_mutex_lock(&eng->lock);
	started = eng->phase == EH_PHASE_STARTED;
	if (started) {
		eng->phase = EH_PHASE_STOPPING;
		pthread_cond_broadcast(&eng->changed);
		settle_down(eng);
	}
	eng->phase = EH_PHASE_ENDED;
	pthread_cond_broadcast(&eng->changed);
	pthread_mutex_unlock(&eng->lock);
	join(eng);
	pthread_mutex_lock(&eng->lock);
	eh_committer_drain(eng, &late);
	if (eng->stopped.code != EH_OK)
		err = eh_engine_stopped(eng, error);
	pthread_mutex_unlock(&eng->lock);
	if (err != EH_OK || !started)
		return err;
	if ((err = eh_recover_end(eng, error)) != EH_OK) {
		pthread_mutex_lock(&eng->lock);
		eh_engine_poison(eng, "the last commit failed");
		pthread_mutex_unlock(&eng->lock);
	}
	return err;
}

enum eh_engine_status
eh_engine_status(struct eh_engine *eng, struct eh_error *sentence)
{
	enum eh_engine_status status = EH_ENGINE_READY;

	pthread_mutex_lock(&eng->lock);
	if (eng->stopped.code != EH_OK) {
		status = EH_ENGINE_STOPPED;
		(void)eh_engine_stopped(eng, sentence);
	} else if (eng->phase == EH_PHASE_NEW) {
		status = EH_ENGINE_FRESH;
	}
	pthread_mutex_unlock(&eng->lock);
	return status;
}

int
eh_engine_tick(struct eh_engine *eng, struct eh_error *error)
{
	struct eh_now now;
	int err = EH_OK;

	pthread_mutex_lock(&eng->lock);
	ask_anchor_clock(eng);
	if (eng->stopped.code != EH_OK) {
		err = eh_engine_stopped(eng, error);
	} else if (eng->phase == EH_PHASE_REPLAYED) {
		/* The floor rises, and what has expired closes, behind the
		 * first commit only; a machine that is used for nothing else
		 * makes it in an hour. */
		eh_engine_clock(eng, &now);
		if (eng->clock_ns - eng->committed >= HOUR_NS)
			eng->want_start = 1;
		pthread_cond_signal(&eng->work);
		if (!eng->running)
			(void)eh_engine_round(eng);
	} else if (eng->phase == EH_PHASE_STARTED) {
		eh_engine_clock(eng, &now);
		eh_ledger_mark_over(eng, &now);
		if (eng->clock_ns - eng->committed >= HOUR_NS)
			eh_commit_request(eng);
		pthread_cond_signal(&eng->work);
		if (!eng->running)
			(void)eh_engine_round(eng);
	}
	pthread_mutex_unlock(&eng->lock);
	return err;
}

const struct eh_state *
eh_engine_lock(struct eh_engine *eng)
{
	pthread_mutex_lock(&eng->lock);
	return eng->state;
}

void
eh_engine_unlock(struct eh_engine *eng)
{
	pthread_mutex_unlock(&eng->lock);
}

void
eh_engine_outcomes(struct eh_engine *eng, const struct eh_row *row,
    struct eh_outcomes *outcomes)
{
	eh_ledger_outcomes(eng, row, outcomes);
}

uint16_t
eh_engine_burns(struct eh_engine *eng, const struct eh_row *row)
{
	int burning = eng->phase == EH_PHASE_REPLAYED && !eng->state->clean &&
	    row->state == EH_ROW_LIVE && eh_lease_burns(row);

	return (uint16_t)(row->burns + burning);
}

uint32_t
eh_engine_grace(struct eh_engine *eng, const struct eh_row *row)
{
	return row->grace + (uint32_t)eng->books[row - eng->state->row].graced;
}

int
eh_engine_damaged(const struct eh_engine *eng)
{
	return eng->damaged;
}

void
eh_engine_anchor(struct eh_engine *eng, uint8_t value[EH_DIGEST_LEN])
{
	memcpy(value, eng->anchor, EH_DIGEST_LEN);
}

void
eh_engine_now(struct eh_engine *eng, struct eh_now *now)
{
	eh_engine_clock(eng, now);
}

struct eh_clockguard *
eh_engine_clockguard(struct eh_engine *eng)
{
	return &eng->guard;
}

const struct eh_apply *
eh_engine_apply(const struct eh_engine *eng, const struct eh_record *record)
{
	unsigned code = record->kind == EH_RECORD_KEY ? 0 : record->ref.code;

	for (size_t i = 0; i < eng->params.napply; i++)
		if (eng->params.apply[i].kind == record->kind &&
		    eng->params.apply[i].code == code)
			return &eng->params.apply[i];
	return NULL;
}
