/* SPDX-License-Identifier: Apache-2.0 */
/* engine_calls.c - the calls of workers, which wait. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/wipe.h"
#include "quota-engine/committer.h"
#include "quota-engine/ledger.h"

/* Locked.  Wait until something has changed. */
static int
wait_change(struct eh_engine *eng, struct eh_error *error)
{
	unsigned refused = eng->start_refused;

	eh_engine_nudge(eng);
	if (eng->running)
		pthread_cond_wait(&eng->changed, &eng->lock);
	else if (!eh_engine_round(eng) && eng->stopped.code == EH_OK)
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
	if (err == EH_OK && threads && eh_engine_runs(eng))
		(void)eh_engine_group(eng);
	eh_engine_nudge(eng);
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
	eh_engine_nudge(eng);
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
	sub.private.chip_len = ticket->request.chip_len;
	memcpy(sub.private.chip, ticket->request.chip, EH_CHIP_ID_MAX);
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
	if (err == EH_OK && !change->journal_only)
		err = anchor(eng, error);
	return err;
}
