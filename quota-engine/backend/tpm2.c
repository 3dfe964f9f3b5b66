/* SPDX-License-Identifier: Apache-2.0 */
/* tpm2.c - issuing keys in a TPM 2.0, which counts their uses. */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "common/wipe.h"
#include "quota-engine/backend/tpm2_call.h"

#define DELAY_MS     50	/* before the second try, then doubled */
#define DELAY_MAX_MS 2000

struct eh_counted {
	pthread_mutex_t lock;
	unsigned patience_ms;
	uint32_t first;
	struct eh_tpm2 tpm;
};

/*
 * --- trying again ---
 */

struct patience {
	unsigned waited, delay, refusals;
};
static const struct patience fresh = { 0, DELAY_MS, 0 };

/* After ${outcome} of something that spent nothing: 1 to do it again.  A session
 * that the TPM has forgotten looks like a refusal, so that gets one more. */
static int
again(struct eh_counted *c, struct patience *p, enum eh_tpm_outcome outcome)
{
	struct timespec pause = { .tv_sec = p->delay / 1000,
		.tv_nsec = (long)(p->delay % 1000) * 1000000 };

	if (outcome == EH_TPM_REFUSED && p->refusals++ == 0) {
		eh_tpm2_disconnect(&c->tpm);
		return 1;
	}
	if (outcome != EH_TPM_BUSY && outcome != EH_TPM_LOST)
		return 0;
	if (outcome == EH_TPM_LOST)
		eh_tpm2_disconnect(&c->tpm);
	if (p->waited >= c->patience_ms)
		return 0;
	if (p->waited == 0)
		eh_log(EH_LOG_WARNING, "%s; trying again for %u ms",
		    eh_error_sentence(&c->tpm.why), c->patience_ms);
	while (nanosleep(&pause, &pause) != 0)
		continue;
	p->waited += p->delay;
	p->delay = p->delay * 2 > DELAY_MAX_MS ? DELAY_MAX_MS : p->delay * 2;
	return 1;
}

static int
failed(struct eh_counted *c, struct eh_error *error)
{
	return eh_error_set(error, EH_ERR_BACKEND, "%s",
	    eh_error_sentence(&c->tpm.why));
}

/*
 * --- keys and indexes ---
 */

int
eh_counted_make(struct eh_counted *c, const struct eh_counted_key *key,
    struct eh_rawkey *public, struct eh_error *error)
{
	struct patience p = fresh;
	enum eh_tpm_outcome outcome;
	int err = EH_OK;

	pthread_mutex_lock(&c->lock);
	do {
		outcome = eh_tpm2_connect(&c->tpm);
		if (outcome == EH_TPM_DONE)
			outcome = eh_tpm2_load(&c->tpm, key);
	} while (outcome != EH_TPM_DONE && again(c, &p, outcome));
	if (outcome == EH_TPM_DONE)
		*public = c->tpm.public;
	else
		err = failed(c, error);
	pthread_mutex_unlock(&c->lock);
	return err;
}

/* Locked. */
static int
look(struct eh_counted *c, const struct eh_rawkey *count_key,
    const struct eh_count_index *index, struct eh_counted_view *view,
    struct eh_error *error)
{
	struct patience p = fresh;
	enum eh_tpm_outcome outcome;

	do {
		outcome = eh_tpm2_connect(&c->tpm);
		if (outcome == EH_TPM_DONE)
			outcome =
			    eh_tpm2_look(&c->tpm, count_key, index, view);
	} while (outcome != EH_TPM_DONE && again(c, &p, outcome));
	return outcome == EH_TPM_DONE ? EH_OK : failed(c, error);
}

int
eh_counted_look(struct eh_counted *c, const struct eh_rawkey *count_key,
    const struct eh_count_index *index, struct eh_counted_view *view,
    struct eh_error *error)
{
	int err;

	pthread_mutex_lock(&c->lock);
	err = look(c, count_key, index, view, error);
	pthread_mutex_unlock(&c->lock);
	return err;
}

/* Locked: the first handle of ours that is free. */
static enum eh_tpm_outcome
find_handle(struct eh_counted *c, int (*taken)(void *arg, uint32_t handle),
    void *arg, uint32_t *handlep)
{
	enum eh_tpm_outcome outcome = EH_TPM_DONE;
	int is_free = 0;

	*handlep = 0;
	for (uint32_t h = c->first; h < c->first + EH_COUNTED_INDEXES; h++) {
		if (taken(arg, h))
			continue;
		outcome = eh_tpm2_is_free(&c->tpm, h, &is_free);
		if (outcome != EH_TPM_DONE)
			return outcome;
		if (is_free) {
			*handlep = h;
			break;
		}
	}
	return outcome;
}

int
eh_counted_begin(struct eh_counted *c, int (*taken)(void *arg, uint32_t handle),
    void *arg, struct eh_count_index *index, struct eh_error *error)
{
	struct patience p = fresh;
	enum eh_tpm_outcome outcome;
	uint32_t handle = 0;
	int err = EH_OK;

	pthread_mutex_lock(&c->lock);
	do {
		if ((outcome = eh_tpm2_connect(&c->tpm)) == EH_TPM_DONE &&
		    (outcome = find_handle(c, taken, arg, &handle)) ==
		    EH_TPM_DONE && handle != 0)
			outcome = eh_tpm2_begin(&c->tpm);
	} while (outcome != EH_TPM_DONE && again(c, &p, outcome));
	if (outcome != EH_TPM_DONE) {
		err = failed(c, error);
	} else if (handle == 0) {
		err = eh_error_set(error, EH_ERR_FULL, "all %d indexes of the "
		    "TPM from 0x%08x on are taken (backend.issuing)",
		    EH_COUNTED_INDEXES, c->first);
	} else {
		c->tpm.awaited.handle = handle;
		*index = c->tpm.awaited;
	}
	pthread_mutex_unlock(&c->lock);
	return err;
}

/* Locked. */
static int
awaits(const struct eh_counted *c, const struct eh_count_index *index)
{
	return c->tpm.writer != ESYS_TR_NONE &&
	    memcmp(&c->tpm.awaited, index, sizeof(*index)) == 0;
}

int
eh_counted_awaits(struct eh_counted *c, const struct eh_count_index *index)
{
	int yes;

	pthread_mutex_lock(&c->lock);
	yes = awaits(c, index);
	pthread_mutex_unlock(&c->lock);
	return yes;
}

/* Locked.  Nothing is tried twice: the session is good for one time. */
static int
write_index(struct eh_counted *c, const struct eh_rawkey *count_key,
    const struct eh_count_index *index, uint32_t limit,
    const uint8_t signature[64], struct eh_error *error)
{
	struct eh_counted_view view;
	enum eh_tpm_outcome outcome;
	int err;

	if (!awaits(c, index))
		return eh_error_set(error, EH_DENIED_STATE,
		    "the session that this count answers is over: ask again "
		    "(edgehsm token count)");
	outcome = eh_tpm2_write(&c->tpm, count_key, limit, signature);
	if (outcome == EH_TPM_LOST)
		eh_tpm2_disconnect(&c->tpm);
	else if (outcome != EH_TPM_DONE)
		return failed(c, error);
	if ((err = look(c, count_key, index, &view, error)) != EH_OK)
		return err;
	if (view.state == EH_COUNTED_WRITTEN && view.limit == limit)
		return EH_OK;
	return eh_error_set(error, EH_ERR_BACKEND,
	    "the TPM does not hold the index 0x%08x as it was written: ask "
	    "again (edgehsm token count)", index->handle);
}

int
eh_counted_write(struct eh_counted *c, const struct eh_rawkey *count_key,
    const struct eh_count_index *index, uint32_t limit,
    const uint8_t signature[64], struct eh_error *error)
{
	int err;

	pthread_mutex_lock(&c->lock);
	err = write_index(c, count_key, index, limit, signature, error);
	pthread_mutex_unlock(&c->lock);
	return err;
}

int
eh_counted_remove(struct eh_counted *c, const struct eh_rawkey *count_key,
    const struct eh_count_index *index, struct eh_error *error)
{
	struct eh_counted_view view;
	enum eh_tpm_outcome outcome;
	int err;

	pthread_mutex_lock(&c->lock);
	err = look(c, count_key, index, &view, error);
	if (err == EH_OK && (view.state == EH_COUNTED_UNWRITTEN ||
	    view.state == EH_COUNTED_WRITTEN)) {
		outcome = eh_tpm2_remove(&c->tpm, index);
		if (outcome != EH_TPM_DONE && outcome != EH_TPM_ABSENT)
			err = failed(c, error);
	}
	pthread_mutex_unlock(&c->lock);
	return err;
}

/*
 * --- a signature ---
 */

static int
refused(struct eh_counted *c, const struct eh_count_index *index,
    enum eh_tpm_outcome outcome, struct eh_error *error)
{
	switch (outcome) {
	case EH_TPM_ABSENT:
		return eh_error_set(error, EH_ERR_NOT_FOUND,
		    "the TPM has no index 0x%08x any more: somebody removed "
		    "it", index->handle);
	case EH_TPM_FOREIGN:
		return eh_error_set(error, EH_ERR_SIGNATURE,
		    "the TPM does not take the approval of the index 0x%08x",
		    index->handle);
	case EH_TPM_REFUSED:
		return eh_error_set(error, EH_DENIED_QUOTA,
		    "the TPM refuses the index 0x%08x: it is used up",
		    index->handle);
	default:
		return failed(c, error);
	}
}

/* Locked. */
static int
sign(struct eh_counted *c, const struct eh_counted_key *key,
    const struct eh_count_index *index, const uint8_t approval[64],
    const uint8_t digest[EH_SHA256_LEN], uint8_t signature[64], int *spentp,
    struct eh_error *error)
{
	const TPMT_TK_VERIFIED *ticket = NULL;
	struct patience p = fresh;
	enum eh_tpm_outcome outcome;

	/* What was put off has not happened; what was lost may have. */
	do {
		if ((outcome = eh_tpm2_connect(&c->tpm)) != EH_TPM_DONE ||
		    (outcome = eh_tpm2_prepare(&c->tpm, key, index, approval,
		         &ticket)) != EH_TPM_DONE)
			continue;
		outcome = eh_tpm2_spend(&c->tpm, index);
		*spentp = outcome == EH_TPM_DONE || outcome == EH_TPM_LOST;
		if (outcome == EH_TPM_LOST)
			break;
	} while (outcome != EH_TPM_DONE && again(c, &p, outcome));
	if (outcome != EH_TPM_DONE)
		return refused(c, index, outcome, error);
	do
		outcome = eh_tpm2_permit(&c->tpm, key, index, ticket);
	while (outcome == EH_TPM_BUSY && again(c, &p, outcome));
	if (outcome != EH_TPM_DONE)
		return failed(c, error);
	do
		outcome = eh_tpm2_sign(&c->tpm, digest, signature);
	while (outcome == EH_TPM_BUSY && again(c, &p, outcome));
	return outcome == EH_TPM_DONE ? EH_OK : failed(c, error);
}

int
eh_counted_sign(struct eh_counted *c, const struct eh_counted_key *key,
    const struct eh_count_index *index, const uint8_t approval[64],
    const uint8_t digest[EH_SHA256_LEN], uint8_t signature[64], int *spentp,
    struct eh_error *error)
{
	int err;

	*spentp = 0;
	memset(signature, 0, 64);
	pthread_mutex_lock(&c->lock);
	err = sign(c, key, index, approval, digest, signature, spentp, error);
	/* A session in the middle of a policy is of no more use, nor is a
	 * connection that may have been cut. */
	if (err != EH_OK)
		eh_tpm2_end_policy(&c->tpm);
	if (err == EH_ERR_BACKEND)
		eh_tpm2_disconnect(&c->tpm);
	pthread_mutex_unlock(&c->lock);
	return err;
}

/*
 * --- opening ---
 */

void
eh_counted_bind(struct eh_counted *c, const uint8_t secret[EH_SHA256_LEN])
{
	pthread_mutex_lock(&c->lock);
	c->tpm.auth.size = EH_SHA256_LEN;
	memcpy(c->tpm.auth.buffer, secret, EH_SHA256_LEN);
	/* A TPM drops zeros at the end of such a value. */
	c->tpm.auth.buffer[EH_SHA256_LEN - 1] |= 1;
	pthread_mutex_unlock(&c->lock);
}

int
eh_counted_open(const char *tcti, uint32_t first, unsigned patience_ms,
    struct eh_counted **counted, struct eh_error *error)
{
	struct eh_counted *c = calloc(1, sizeof(*c));
	int err = EH_OK;

	*counted = NULL;
	if (c == NULL || (c->tpm.tcti = strdup(tcti)) == NULL) {
		free(c);
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	}
	/* We say ourselves what fails; it would say it to stderr. */
	setenv("TSS2_LOG", "all+none", 0);
	pthread_mutex_init(&c->lock, NULL);
	c->patience_ms = patience_ms;
	c->first = first;
	c->tpm.via.session = c->tpm.policy = ESYS_TR_NONE;
	c->tpm.key = c->tpm.writer = ESYS_TR_NONE;
	if (eh_tpm2_connect(&c->tpm) != EH_TPM_DONE) {
		err = failed(c, error);
		eh_counted_close(c);
		return err;
	}
	*counted = c;
	return EH_OK;
}

void
eh_counted_close(struct eh_counted *c)
{
	if (c == NULL)
		return;
	eh_tpm2_disconnect(&c->tpm);
	pthread_mutex_destroy(&c->lock);
	eh_wipe(&c->tpm.auth, sizeof(c->tpm.auth));
	free(c->tpm.tcti);
	free(c);
}
