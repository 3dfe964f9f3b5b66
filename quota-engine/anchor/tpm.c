/* SPDX-License-Identifier: Apache-2.0 */
/* tpm.c - the anchor in a TPM 2.0: an EXTEND index, and a counter beside it. */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/ct.h"
#include "common/log.h"
#include "common/wipe.h"
#include "quota-engine/anchor/tpm_call.h"

#define DELAY_MS     50		/* before the second try, then doubled */
#define DELAY_MAX_MS 2000
#define COUNT_LEN    8

struct tpm {
	struct eh_anchor table;
	pthread_mutex_t lock;
	unsigned patience_ms;
	char *tcti;
	struct eh_tpm link;
};

/*
 * --- trying again ---
 */

/* How long we have waited in one call of the table, and for how long next. */
struct patience {
	unsigned waited, delay, refusals;
};

static const struct patience fresh = { 0, DELAY_MS, 0 };

static void
sleep_ms(unsigned ms)
{
	struct timespec left = { .tv_sec = ms / 1000,
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) != 0)
		continue;
}

/*
 * After ${outcome}: 1 to try again, when the TPM may do better.  A refusal gets
 * a second chance with a new session, because one that the TPM has forgotten
 * looks the same.
 */
static int
again(struct tpm *tpm, struct patience *p, enum eh_tpm_outcome outcome)
{
	if (outcome == EH_TPM_REFUSED && p->refusals++ == 0) {
		eh_tpm_disconnect(&tpm->link);
		return 1;
	}
	if (outcome != EH_TPM_BUSY && outcome != EH_TPM_LOST)
		return 0;
	if (outcome == EH_TPM_LOST)
		eh_tpm_disconnect(&tpm->link);
	if (p->waited >= tpm->patience_ms)
		return 0;
	if (p->waited == 0)
		eh_log(EH_LOG_WARNING, "%s; trying again for %u ms",
		    eh_error_sentence(&tpm->link.why), tpm->patience_ms);
	sleep_ms(p->delay);
	p->waited += p->delay;
	p->delay = p->delay * 2 > DELAY_MAX_MS ? DELAY_MAX_MS : p->delay * 2;
	return 1;
}

static int
error_of(enum eh_tpm_outcome outcome)
{
	switch (outcome) {
	case EH_TPM_DONE:
		return EH_OK;
	case EH_TPM_ABSENT:
		return EH_ERR_NOT_FOUND;
	case EH_TPM_FOREIGN:
	case EH_TPM_REFUSED:
	case EH_TPM_UNWRITTEN:
		return EH_ERR_FORMAT;
	default:
		return EH_ERR_STORAGE;
	}
}

/*
 * --- reading ---
 */

/* The bytes of an index; zeros while it was never written, which the TPM tells
 * everybody, or while we have no secret to read it with. */
static enum eh_tpm_outcome
fetch_once(struct tpm *tpm, enum eh_tpm_place place, uint8_t *out, size_t len)
{
	enum eh_tpm_outcome outcome;

	if ((outcome = eh_tpm_connect(&tpm->link)) != EH_TPM_DONE ||
	    (outcome = eh_tpm_look_up(&tpm->link, place)) != EH_TPM_DONE)
		return outcome;
	memset(out, 0, len);
	if (!tpm->link.is_written[place] || !tpm->link.is_bound)
		return EH_TPM_DONE;
	return eh_tpm_read(&tpm->link, place, out, len);
}

static int
fetch(struct tpm *tpm, enum eh_tpm_place place, uint8_t *out, size_t len)
{
	struct patience p = fresh;
	enum eh_tpm_outcome outcome;

	do
		outcome = fetch_once(tpm, place, out, len);
	while (outcome != EH_TPM_DONE && again(tpm, &p, outcome));
	/* It was there and is gone, or is another one: look again. */
	if (outcome != EH_TPM_DONE)
		eh_tpm_disconnect(&tpm->link);
	if (outcome != EH_TPM_DONE && outcome != EH_TPM_ABSENT)
		eh_log(EH_LOG_ERROR, "the anchor: %s",
		    eh_error_sentence(&tpm->link.why));
	return error_of(outcome);
}

static int
fetch_value(struct tpm *tpm, uint8_t value[EH_DIGEST_LEN])
{
	int err = fetch(tpm, EH_TPM_INDEX, value, EH_DIGEST_LEN);

	if (err == EH_OK && tpm->link.is_written[EH_TPM_INDEX] &&
	    !tpm->link.is_bound)
		return EH_ERR_ARGUMENT;
	return err;
}

static int
fetch_count(struct tpm *tpm, uint64_t *count)
{
	uint8_t bytes[COUNT_LEN];
	int err = fetch(tpm, EH_TPM_COUNTER, bytes, sizeof(bytes));

	*count = 0;
	for (size_t i = 0; err == EH_OK && i < sizeof(bytes); i++)
		*count = *count << 8 | bytes[i];
	return err;
}

static int
tpm_read(void *arg, uint8_t value[EH_DIGEST_LEN])
{
	struct tpm *tpm = arg;
	int err;

	pthread_mutex_lock(&tpm->lock);
	err = fetch_value(tpm, value);
	pthread_mutex_unlock(&tpm->lock);
	return err;
}

/*
 * --- writing ---
 *
 * One write may have happened though we were told otherwise, or nothing: so
 * where we stand is read before every try, and a write is sent only from
 * where it must begin.
 */

static int
extend(struct tpm *tpm, const uint8_t from[EH_DIGEST_LEN],
    const uint8_t digest[EH_DIGEST_LEN])
{
	uint8_t value[EH_DIGEST_LEN], to[EH_DIGEST_LEN];
	struct patience p = fresh;
	enum eh_tpm_outcome outcome;
	int err, sent = 0;

	eh_anchor_next(from, digest, to);
	do {
		if ((err = fetch_value(tpm, value)) != EH_OK)
			return err;
		if (sent && eh_ct_equal(value, to, EH_DIGEST_LEN))
			return EH_OK;
		if (!eh_ct_equal(value, from, EH_DIGEST_LEN))
			return EH_DENIED_FAIL_STOPPED;
		sent = 1;
		outcome = eh_tpm_extend(&tpm->link, digest);
	} while (outcome != EH_TPM_DONE && again(tpm, &p, outcome));
	tpm->link.is_written[EH_TPM_INDEX] |= outcome == EH_TPM_DONE;
	return error_of(outcome);
}

static int
tpm_extend(void *arg, const uint8_t from[EH_DIGEST_LEN],
    const uint8_t digest[EH_DIGEST_LEN])
{
	struct tpm *tpm = arg;
	int err;

	pthread_mutex_lock(&tpm->lock);
	err = extend(tpm, from, digest);
	pthread_mutex_unlock(&tpm->lock);
	return err;
}

static int
raise_from(struct tpm *tpm, uint64_t from)
{
	struct patience p = fresh;
	enum eh_tpm_outcome outcome;
	uint64_t count;
	int err;

	do {
		if ((err = fetch_count(tpm, &count)) != EH_OK)
			return err;
		if (count == from + 1)
			return EH_OK;
		if (count != from)
			return EH_DENIED_FAIL_STOPPED;
		outcome = eh_tpm_increment(&tpm->link);
		/* Read back in any case. */
	} while (outcome == EH_TPM_DONE || again(tpm, &p, outcome));
	return error_of(outcome);
}

static int
tpm_raise(void *arg, uint64_t from)
{
	struct tpm *tpm = arg;
	int err;

	pthread_mutex_lock(&tpm->lock);
	err = raise_from(tpm, from);
	pthread_mutex_unlock(&tpm->lock);
	return err;
}

/*
 * --- defining ---
 */

/* Remove what a genesis that was cut short has left. */
static enum eh_tpm_outcome
clear(struct tpm *tpm, enum eh_tpm_place place)
{
	enum eh_tpm_outcome outcome = eh_tpm_look_up(&tpm->link, place);

	if (outcome == EH_TPM_ABSENT)
		return EH_TPM_DONE;
	return outcome == EH_TPM_DONE ? eh_tpm_undefine(&tpm->link, place) :
					outcome;
}

/* The counter comes first and is counted once, so that what the index will be
 * extended by can name it; whoever defines it again gets a higher one. */
static enum eh_tpm_outcome
define_once(struct tpm *tpm)
{
	struct eh_tpm *link = &tpm->link;
	enum eh_tpm_outcome outcome;

	if ((outcome = clear(tpm, EH_TPM_INDEX)) != EH_TPM_DONE ||
	    (outcome = clear(tpm, EH_TPM_COUNTER)) != EH_TPM_DONE ||
	    (outcome = eh_tpm_define(link, EH_TPM_COUNTER)) != EH_TPM_DONE ||
	    (outcome = eh_tpm_increment(link)) != EH_TPM_DONE)
		return outcome;
	return eh_tpm_define(link, EH_TPM_INDEX);
}

/* An index that the platform has made for whom ${root} is the root: from now on
 * it is extended by us alone. */
static enum eh_tpm_outcome
take_once(struct tpm *tpm, const struct eh_rawkey *root)
{
	uint8_t branch[EH_TPM_BRANCHES][EH_DIGEST_LEN];
	uint8_t policy[EH_DIGEST_LEN], value[EH_DIGEST_LEN];
	struct eh_tpm *link = &tpm->link;
	enum eh_tpm_outcome outcome = eh_tpm_look_up(link, EH_TPM_INDEX);

	if (outcome == EH_TPM_ABSENT) {
		eh_error_set(&link->why, EH_ERR_CONFIG, "the platform has made "
		    "no index 0x%08x: that is done before the operating "
		    "system starts (doc/format/anchor.md section 4)",
		    link->handle);
		return EH_TPM_FOREIGN;
	}
	if (outcome != EH_TPM_DONE)
		return outcome;
	if (eh_tpm_policy(root, branch, policy) != EH_OK ||
	    !eh_ct_equal(policy, link->policy, EH_DIGEST_LEN)) {
		eh_error_set(&link->why, EH_ERR_CONFIG, "the policy of the "
		    "index 0x%08x is not that of this OEM's root",
		    link->handle);
		return EH_TPM_FOREIGN;
	}
	if ((outcome = eh_tpm_take(link, branch)) != EH_TPM_REFUSED)
		return outcome;
	/* Taken before, by us?  Then our secret gets as far as to the bytes
	 * that are not there yet. */
	return eh_tpm_read(link, EH_TPM_INDEX, value, sizeof(value)) ==
	    EH_TPM_UNWRITTEN ? EH_TPM_DONE : EH_TPM_REFUSED;
}

static enum eh_tpm_outcome
define_or_take(struct tpm *tpm, const struct eh_rawkey *root)
{
	enum eh_tpm_outcome outcome = eh_tpm_connect(&tpm->link);

	if (outcome != EH_TPM_DONE)
		return outcome;
	return tpm->table.mode == EH_ANCHOR_TPM_PLATFORM ?
	    take_once(tpm, root) : define_once(tpm);
}

static int
define(struct tpm *tpm, const struct eh_rawkey *root)
{
	struct patience p = fresh;
	uint8_t value[EH_DIGEST_LEN];
	enum eh_tpm_outcome outcome;
	int err;

	if (!tpm->link.is_bound)
		return EH_ERR_ARGUMENT;
	do {
		err = fetch_value(tpm, value);
		if (tpm->link.is_written[EH_TPM_INDEX])
			return EH_ERR_EXISTS;
		if (err != EH_OK && err != EH_ERR_NOT_FOUND)
			return err == EH_ERR_FORMAT ? EH_ERR_CONFIG : err;
		outcome = define_or_take(tpm, root);
	} while (outcome != EH_TPM_DONE && again(tpm, &p, outcome));
	err = error_of(outcome);
	return err == EH_ERR_FORMAT ? EH_ERR_CONFIG : err;
}

static int
tpm_define(void *arg, const struct eh_rawkey *root)
{
	struct tpm *tpm = arg;
	int err;

	pthread_mutex_lock(&tpm->lock);
	err = define(tpm, root);
	pthread_mutex_unlock(&tpm->lock);
	return err;
}

/*
 * --- the rest of the table ---
 */

static void
tpm_bind(void *arg, const uint8_t secret[EH_DIGEST_LEN])
{
	struct tpm *tpm = arg;

	pthread_mutex_lock(&tpm->lock);
	eh_tpm_disconnect(&tpm->link);
	tpm->link.auth.size = EH_DIGEST_LEN;
	memcpy(tpm->link.auth.buffer, secret, EH_DIGEST_LEN);
	/* A TPM drops zeros at the end of such a value. */
	tpm->link.auth.buffer[EH_DIGEST_LEN - 1] |= 1;
	tpm->link.is_bound = 1;
	pthread_mutex_unlock(&tpm->lock);
}

static int
tpm_identify(void *arg, struct eh_anchor_identity *id)
{
	uint8_t value[EH_DIGEST_LEN];
	struct tpm *tpm = arg;
	int err;

	memset(id, 0, sizeof(*id));
	if (!tpm->link.is_bound)
		return EH_ERR_ARGUMENT;
	pthread_mutex_lock(&tpm->lock);
	err = fetch(tpm, EH_TPM_INDEX, value, sizeof(value));
	if (err == EH_OK && tpm->table.mode == EH_ANCHOR_TPM_OWNER)
		err = fetch_count(tpm, &id->count);
	if (err == EH_OK) {
		memcpy(id->key, tpm->link.via.key, EH_TPM_NAME);
		memcpy(id->index, tpm->link.name[EH_TPM_INDEX], EH_TPM_NAME);
		memcpy(id->counter, tpm->link.name[EH_TPM_COUNTER],
		    EH_TPM_NAME);
	}
	pthread_mutex_unlock(&tpm->lock);
	return err;
}

/* A new session is used for reading first: a stranger between us and the TPM
 * could answer for its clock, but has no answer to that. */
static int
tpm_clock(void *arg, struct eh_clock_tpm *clock)
{
	struct tpm *tpm = arg;
	struct patience p = fresh;
	uint8_t value[EH_DIGEST_LEN];
	enum eh_tpm_outcome outcome;
	int err = EH_OK;

	pthread_mutex_lock(&tpm->lock);
	do {
		if (tpm->link.via.esys == NULL &&
		    (err = fetch_value(tpm, value)) != EH_OK)
			break;
		outcome = eh_tpm_clock(&tpm->link, clock);
		err = error_of(outcome);
	} while (outcome != EH_TPM_DONE && again(tpm, &p, outcome));
	pthread_mutex_unlock(&tpm->lock);
	return err;
}

static void
tpm_why(void *arg, struct eh_error *error)
{
	struct tpm *tpm = arg;

	pthread_mutex_lock(&tpm->lock);
	if (tpm->link.why.text[0] != '\0')
		memcpy(error->text, tpm->link.why.text, sizeof(error->text));
	pthread_mutex_unlock(&tpm->lock);
}

static const char *
tpm_describe(void *arg)
{
	const struct tpm *tpm = arg;

	return tpm->link.model;
}

static void
tpm_close(void *arg)
{
	struct tpm *tpm = arg;

	eh_tpm_disconnect(&tpm->link);
	pthread_mutex_destroy(&tpm->lock);
	eh_wipe(&tpm->link.auth, sizeof(tpm->link.auth));
	free(tpm->tcti);
	free(tpm);
}

int
eh_anchor_tpm_open(const char *tcti, enum eh_anchor_mode mode,
    uint32_t index, unsigned patience_ms, struct eh_anchor **anchorp,
    struct eh_error *error)
{
	static const struct eh_anchor table = {
		.class = EH_CLASS_FILE,
		.bind = tpm_bind,
		.read = tpm_read,
		.define = tpm_define,
		.extend = tpm_extend,
		.identify = tpm_identify,
		.raise = tpm_raise,
		.clock = tpm_clock,
		.why = tpm_why,
		.describe = tpm_describe,
		.close = tpm_close,
	};
	struct tpm *tpm = calloc(1, sizeof(*tpm));

	*anchorp = NULL;
	if (tpm == NULL || (tpm->tcti = strdup(tcti)) == NULL) {
		free(tpm);
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	}
	/* We say ourselves what fails; it would say it to stderr. */
	setenv("TSS2_LOG", "all+none", 0);
	tpm->table = table;
	tpm->table.arg = tpm;
	tpm->table.mode = mode;
	if (mode == EH_ANCHOR_TPM_PLATFORM)
		tpm->table.raise = NULL;
	pthread_mutex_init(&tpm->lock, NULL);
	tpm->patience_ms = patience_ms;
	tpm->link.tcti = tpm->tcti;
	tpm->link.handle = index;
	tpm->link.mode = mode;
	eh_tpm_disconnect(&tpm->link);
	if (eh_tpm_connect(&tpm->link) != EH_TPM_DONE) {
		eh_error_set(error, EH_ERR_STORAGE, "the anchor cannot be "
		    "reached through %s: %s", tcti,
		    eh_error_sentence(&tpm->link.why));
		tpm_close(tpm);
		return EH_ERR_STORAGE;
	}
	eh_tpm_ask_model(&tpm->link);
	if (tpm->link.model[0] == '\0')
		snprintf(tpm->link.model, sizeof(tpm->link.model), "unknown");
	*anchorp = &tpm->table;
	return EH_OK;
}
