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
static int
do_group(struct eh_engine *eng)
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

static int
runs(const struct eh_engine *eng)
{
	return eng->stopped.code == EH_OK &&
	    (eng->phase == EH_PHASE_STARTED || eng->phase == EH_PHASE_STOPPING);
}

/*
 * Without threads: one round of everything.  Returns 0 when there was nothing to
 * do, so that waiting longer would be in vain.
 */
static int
round_of_work(struct eh_engine *eng)
{
	int any = 0;

	if (eng->stopped.code != EH_OK)
		return 0;
	if (eng->phase == EH_PHASE_REPLAYED && eng->want_start) {
		do_start(eng);
		return 1;
	}
	if (!runs(eng))
		return 0;
	any |= do_group(eng);
	if (runs(eng) && eng->commit->wanted && !eng->commit->flying) {
		do_begin(eng);
		if (runs(eng))
			do_fly(eng);
		any = 1;
	}
	if (runs(eng) && eng->journal.next == EH_NEXT_WANTED) {
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
static void
nudge(struct eh_engine *eng)
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
		else if (runs(eng))
			any = do_group(eng);
		if (runs(eng) && eng->commit->wanted &&
		    !eng->commit->flying && !eng->writing) {
			do_begin(eng);
			eng->commit->handed = 1;
			pthread_cond_signal(&eng->flight);
		}
		nudge(eng);
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
		if (eng->journal.next == EH_NEXT_WANTED && runs(eng))
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

	*engp = NULL;
	if (params->segment < EH_SEGMENT_MIN ||
	    params->segment > EH_SEGMENT_MAX || params->segment % 4096 != 0)
		return EH_ERR_ARGUMENT;
	if ((eng = calloc(1, sizeof(*eng))) == NULL)
		return EH_ERR_MEMORY;
	pthread_mutex_init(&eng->lock, NULL);
	pthread_cond_init(&eng->changed, NULL);
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
	if (err == EH_DENIED_FAIL_STOPPED && error != NULL)
		eng->stopped = *error;
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

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += STOP_WAIT_S;
	while (eng->stopped.code == EH_OK && !quiet(eng)) {
		nudge(eng);
		if (eng->running) {
			if (pthread_cond_timedwait(
			        &eng->changed, &eng->lock, &until) != 0)
				return;
		} else if (!round_of_work(eng)) {
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
	if (eng->stopped.code != EH_OK) {
		err = eh_engine_stopped(eng, error);
	} else if (eng->phase == EH_PHASE_STARTED) {
		eh_engine_clock(eng, &now);
		eh_ledger_expire(eng, &now);
		if (eng->clock_ns - eng->committed >= HOUR_NS)
			eh_commit_request(eng);
		pthread_cond_signal(&eng->work);
		if (!eng->running)
			(void)round_of_work(eng);
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

static unsigned
slot_of(const struct eh_engine *eng, const struct eh_row *row)
{
	return (unsigned)(row - eng->state->row);
}

void
eh_engine_outcomes(struct eh_engine *eng, const struct eh_row *row,
    struct eh_outcomes *outcomes)
{
	eh_ledger_outcomes(eng, slot_of(eng, row), outcomes);
}

uint16_t
eh_engine_burns(struct eh_engine *eng, const struct eh_row *row)
{
	int burning = eng->phase == EH_PHASE_REPLAYED && !eng->state->clean &&
	    row->state == EH_ROW_LIVE && eh_lease_burns(row);

	return (uint16_t)(row->burns + burning);
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

/*
 * --- calls that wait ---
 */

/* Locked.  Wait until something has changed. */
static int
wait_change(struct eh_engine *eng, struct eh_error *error)
{
	unsigned refused = eng->start_refused;

	nudge(eng);
	if (eng->running)
		pthread_cond_wait(&eng->changed, &eng->lock);
	else if (!round_of_work(eng) && eng->stopped.code == EH_OK)
		return eh_error_set(error, EH_ERR_BUSY,
		    "nothing more can be done before something else ends");
	if (eng->stopped.code != EH_OK)
		return eh_engine_stopped(eng, error);
	if (eng->start_refused != refused) {
		if (error != NULL)
			*error = eng->start_error;
		return eng->start_error.code;
	}
	return EH_OK;
}

/* Locked.  Wait until commit ${k} is anchored. */
static int
wait_commit(struct eh_engine *eng, uint64_t k, struct eh_error *error)
{
	int err;

	while (eng->state->commit < k) {
		if (eng->stopped.code != EH_OK)
			return eh_engine_stopped(eng, error);
		if ((err = wait_change(eng, error)) != EH_OK)
			return err;
	}
	return EH_OK;
}

/*
 * Submit, wait until it is done, and return its result.  A claim's ticket is
 * not held afterwards.  Not locked: those of a group are woken together, and
 * have nothing to queue for the lock for.
 */
static int
submit(struct eh_engine *eng, struct eh_submission *sub, struct eh_error *error)
{
	struct eh_ticket *ticket = sub->ticket;
	int err, threads;

	sem_init(&sub->wake, 0, 0);
	pthread_mutex_lock(&eng->lock);
	while ((err = eh_committer_submit(eng, sub, error)) == EH_ERR_BUSY)
		if ((err = wait_change(eng, error)) != EH_OK)
			break;
	threads = eng->running > 0;
	if (err == EH_OK && threads && runs(eng))
		(void)do_group(eng);
	nudge(eng);
	while (err == EH_OK && !threads && !sub->done &&
	    wait_change(eng, NULL) == EH_OK)
		;
	if (err == EH_OK && !threads && !sub->done)
		err = eh_error_set(
		    error, EH_ERR_INTERNAL, "a submission is stuck");
	if (err != EH_OK && ticket != NULL)
		eh_ledger_withdraw(eng, ticket);
	pthread_mutex_unlock(&eng->lock);
	while (err == EH_OK && threads && sem_wait(&sub->wake) != 0 &&
	    errno == EINTR)
		;
	sem_destroy(&sub->wake);
	if (err != EH_OK)
		return err;
	if (sub->result != EH_OK && error != NULL)
		*error = sub->error;
	return sub->result;
}

/* Ask for a commit of what the state says now; wait until it is anchored. */
static int
anchor(struct eh_engine *eng, struct eh_error *error)
{
	int err;

	pthread_mutex_lock(&eng->lock);
	err = wait_commit(eng, eh_commit_request(eng), error);
	pthread_mutex_unlock(&eng->lock);
	return err;
}

int
eh_engine_peek(struct eh_engine *eng, const struct eh_request *req,
    struct eh_answer *answer, struct eh_error *error)
{
	int err;

	pthread_mutex_lock(&eng->lock);
	while ((err = eh_ledger_peek(eng, req, answer, error)) == EH_ERR_BUSY)
		if ((err = wait_change(eng, error)) != EH_OK)
			break;
	pthread_mutex_unlock(&eng->lock);
	return err;
}

/* Read a stored reply back.  That of a strict operation waits for an anchored
 * commit behind its record, like the first time. */
static int
stored_reply(struct eh_engine *eng, const struct eh_stored *stored,
    uint8_t *reply, size_t *lenp, struct eh_error *error)
{
	uint8_t *bytes = malloc(EH_ENTRY_MAX);
	struct eh_private private;
	struct eh_entry entry;
	int err = EH_ERR_MEMORY;

	if (bytes == NULL)
		goto out;
	err = eh_journal_read(
	    &eng->journal, stored->first, stored->offset, bytes, &entry);
	if (err != EH_OK ||
	    eh_private_decode(entry.private, entry.privatelen, &private,
	        NULL) != EH_OK || private.reply_len == 0) {
		err = EH_ERR_STORAGE;
		goto out;
	}
	pthread_mutex_lock(&eng->lock);
	if (stored->strict && eng->anchored <= entry.seq)
		err = wait_commit(eng, eh_commit_request(eng), error);
	pthread_mutex_unlock(&eng->lock);
	if (err != EH_OK)
		goto out;
	memcpy(reply, private.reply, private.reply_len);
	*lenp = private.reply_len;
out:
	if (bytes != NULL)
		eh_wipe(bytes, EH_ENTRY_MAX);
	free(bytes);
	if (err == EH_ERR_STORAGE || err == EH_ERR_MEMORY)
		eh_error_set(error, err, "the stored signature cannot be read "
		    "from the journal");
	return err;
}

int
eh_engine_claim(struct eh_engine *eng, const struct eh_request *req,
    struct eh_ticket *ticket, struct eh_answer *answer, uint8_t *reply,
    size_t *replylenp, struct eh_error *error)
{
	struct eh_stored stored;
	int err;

	*replylenp = 0;
	pthread_mutex_lock(&eng->lock);
	while ((err = eh_ledger_claim(
	            eng, req, ticket, answer, &stored, error)) == EH_ERR_BUSY)
		if ((err = wait_change(eng, error)) != EH_OK)
			break;
	nudge(eng);
	pthread_mutex_unlock(&eng->lock);
	if (err == EH_OK && answer->verdict == EH_VERDICT_RETRY)
		err = stored_reply(eng, &stored, reply, replylenp, error);
	return err;
}

int
eh_engine_submit(struct eh_engine *eng, struct eh_ticket *ticket,
    struct eh_record *record, const uint8_t *reply, size_t replylen,
    struct eh_error *error)
{
	struct eh_submission sub = {
		.kind = EH_SUBMIT_CLAIM,
		.record = record,
		.ticket = ticket,
		.private.reply = reply,
		.private.reply_len = replylen,
		.private.has_token = ticket->request.has_token,
		.private.has_request = 1,
	};
	int err, strict = ticket->answer.verdict == EH_VERDICT_REISSUE;

	memcpy(sub.private.token, ticket->request.token, EH_ID_LEN);
	memcpy(sub.private.request, ticket->request.digest, EH_DIGEST_LEN);
	err = submit(eng, &sub, error);
	if (err == EH_OK && strict)
		err = anchor(eng, error);
	return err;
}

void
eh_engine_withdraw(struct eh_engine *eng, struct eh_ticket *ticket)
{
	pthread_mutex_lock(&eng->lock);
	eh_ledger_withdraw(eng, ticket);
	pthread_cond_broadcast(&eng->changed);
	pthread_mutex_unlock(&eng->lock);
}

int
eh_engine_record(
    struct eh_engine *eng, struct eh_record *record, struct eh_error *error)
{
	struct eh_submission sub = {
		.kind = EH_SUBMIT_RECORD,
		.record = record,
	};

	if (record->kind != EH_RECORD_CSR && record->kind != EH_RECORD_REPORT)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "a record of this kind does not stand alone");
	return submit(eng, &sub, error);
}

int
eh_engine_change(struct eh_engine *eng, const struct eh_change *change,
    struct eh_error *error)
{
	struct eh_submission sub = {
		.kind = EH_SUBMIT_CHANGE,
		.record = change->record,
		.change = change,
		.private.message = change->redo,
		.private.message_len = change->redolen,
	};
	int err;

	if (change->record != NULL) {
		sub.apply = eh_engine_apply(eng, change->record);
		if (sub.apply == NULL)
			return eh_error_set(error, EH_ERR_UNSUPPORTED,
			    "nothing is known of what this record changes");
	}
	err = submit(eng, &sub, error);
	if (err == EH_OK)
		err = anchor(eng, error);
	return err;
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
