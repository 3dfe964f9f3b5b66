/* SPDX-License-Identifier: Apache-2.0 */
/* recover.c - the state copy that fits the anchor; genesis, start and end. */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/crypto/keyid.h"
#include "common/ct.h"
#include "quota-engine/anchor/anchor.h"
#include "quota-engine/committer.h"
#include "quota-engine/lease.h"
#include "quota-engine/ledger.h"
#include "quota-engine/logread.h"
#include "quota-engine/recover.h"

#define START_WINDOW  16		/* seqs of the start commit */
#define UNCLEAN_SIZE  (1024u * 1024)	/* segment after an unclean stop */

static const char poisoned[] = "poisoned"; /* left behind by a stop for good */

int
eh_recover_refuse(const struct eh_engine *eng, struct eh_error *error,
    const char *format, ...)
{
	char found[160];
	va_list args;

	va_start(args, format);
	vsnprintf(found, sizeof(found), format, args);
	va_end(args);
	return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
	    "%s; put back the newest copy of %s, or have the authority write "
	    "this EdgeHSM off and begin anew", found, eng->params.state_name);
}

/*
 * --- is it fresh? ---
 */

static int
any_name(void *context, const char *name)
{
	(void)context;
	(void)name;
	return 1;
}

static int
exists(struct eh_engine *eng, const char *name)
{
	int file, err = eng->os->open(eng->os->arg, name, &file);

	if (err == EH_OK)
		eng->os->close(eng->os->arg, file);
	return err != EH_ERR_NOT_FOUND;
}

int
eh_recover_look(struct eh_engine *eng, int *freshp, struct eh_error *error)
{
	static const uint8_t unused[EH_DIGEST_LEN];
	uint8_t value[EH_DIGEST_LEN];
	struct eh_error why;
	int err, entries;

	*freshp = 0;
	entries = eng->os->list(eng->os->arg, "journal", any_name, NULL);
	if (entries < 0)
		return eh_error_set(error, EH_ERR_STORAGE,
		    "the folder %s/journal cannot be read",
		    eng->params.state_name);
	err = eng->os->anchor_read(eng->os->arg, value);
	if (err == EH_ERR_STORAGE) {
		eh_commit_why(eng, &why);
		return eh_error_set(error, EH_ERR_STORAGE,
		    "the anchor %s cannot be read (%s); put it right, then "
		    "start edgehsmd again", eng->params.anchor_name,
		    eh_error_sentence(&why));
	}
	*freshp = !entries && !exists(eng, eh_commit_copy(0)) &&
	    !exists(eng, eh_commit_copy(1)) &&
	    (err == EH_ERR_NOT_FOUND ||
	        (err == EH_OK && eh_ct_equal(value, unused, EH_DIGEST_LEN)));
	return EH_OK;
}

/*
 * --- recover ---
 */

/* What of the file is the copy. */
static int
load_copy(struct eh_engine *eng, uint64_t k, uint8_t *out, size_t *lenp)
{
	struct eh_os *os = eng->os;
	int err, file;

	*lenp = 0;
	if ((err = os->open(os->arg, eh_commit_copy(k), &file)) != EH_OK)
		return err;
	err = os->read(os->arg, file, out, EH_STATE_HEADER, 0);
	if (err == EH_OK && (*lenp = eh_state_length(out)) != 0)
		err = os->read(os->arg, file, out + EH_STATE_HEADER,
		    *lenp - EH_STATE_HEADER, EH_STATE_HEADER);
	os->close(os->arg, file);
	return err;
}

/* Decode a copy into ${st}; does it fit the anchor? */
static int
read_copy(struct eh_engine *eng, uint64_t k, struct eh_state *st, int *fits,
    struct eh_error *error)
{
	uint8_t digest[EH_DIGEST_LEN], value[EH_DIGEST_LEN];
	uint8_t *bytes = eng->commit->bytes;
	size_t len, used;
	int err;

	*fits = 0;
	if (load_copy(eng, k, bytes, &len) != EH_OK)
		return eh_error_set(error, EH_ERR_STORAGE,
		    "%s/%s cannot be read", eng->params.state_name,
		    eh_commit_copy(k));
	err = eh_state_decode(st, eng->key, bytes, len, &used, error);
	if (err != EH_OK)
		return err;
	eh_sha256(bytes, used, digest);
	eh_anchor_next(st->previous, digest, value);
	*fits = eh_ct_equal(value, eng->anchor, EH_DIGEST_LEN);
	return EH_OK;
}

static int
no_copy(struct eh_engine *eng, int readable, const struct eh_error *why,
    struct eh_error *error)
{
	if (eh_ct_zero(eng->anchor, EH_DIGEST_LEN))
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "the genesis in %s was cut short: the anchor %s was never "
		    "used, so nothing has left; empty both and the token of "
		    "the key store, and begin again (or put back the anchor "
		    "that belongs to the state)",
		    eng->params.state_name, eng->params.anchor_name);
	if (readable)
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "the state in %s does not fit the anchor %s: one of them "
		    "is an older copy, or another edgehsmd ran on a copy; put "
		    "back the newest state and anchor together, or have the "
		    "authority write this EdgeHSM off and begin anew",
		    eng->params.state_name, eng->params.anchor_name);
	return eh_recover_refuse(eng, error,
	    "no copy of the state is good (%s)", eh_error_sentence(why));
}

static int
read_anchor(struct eh_engine *eng, struct eh_error *error)
{
	int err = eng->os->anchor_read(eng->os->arg, eng->anchor);
	struct eh_error why;

	if (err == EH_OK)
		return EH_OK;
	eh_commit_why(eng, &why);
	if (err == EH_ERR_STORAGE)
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "the anchor %s cannot be read (%s); put it right, then "
		    "start edgehsmd again", eng->params.anchor_name,
		    eh_error_sentence(&why));
	return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
	    "the anchor %s is %s, and %s holds a state; put back the anchor "
	    "that belongs to it, or have the authority write this EdgeHSM off "
	    "and begin anew", eng->params.anchor_name,
	    err == EH_ERR_NOT_FOUND ? "empty" : "damaged",
	    eng->params.state_name);
}

/* Is the anchor the one that the state was begun with, and has nobody started
 * on a newer state since?  A start that was cut short between the counter and
 * the anchor is one ahead. */
static int
check_identity(struct eh_engine *eng, struct eh_error *error)
{
	const struct eh_anchor_identity *ours = &eng->state->anchor;
	struct eh_anchor_identity found;
	struct eh_error why;

	if (eng->os->anchor_identify == NULL)
		return EH_OK;
	if (eng->os->anchor_identify(eng->os->arg, &found) != EH_OK) {
		eh_commit_why(eng, &why);
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "the anchor %s cannot be identified (%s); put back the one "
		    "that belongs to %s, or have the authority write this "
		    "EdgeHSM off and begin anew", eng->params.anchor_name,
		    eh_error_sentence(&why), eng->params.state_name);
	}
	if (memcmp(found.key, ours->key, EH_TPM_NAME) != 0 ||
	    memcmp(found.index, ours->index, EH_TPM_NAME) != 0 ||
	    memcmp(found.counter, ours->counter, EH_TPM_NAME) != 0)
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "the state in %s was begun with another TPM or index than "
		    "%s; put that one back, or have the authority write this "
		    "EdgeHSM off and begin anew",
		    eng->params.state_name, eng->params.anchor_name);
	if (found.count != ours->count && found.count != ours->count + 1)
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "the counter of the anchor %s stands at %" PRIu64 ", the "
		    "state in %s is of %" PRIu64 ": it is an older copy; put "
		    "back the newest, or have the authority write this EdgeHSM "
		    "off and begin anew", eng->params.anchor_name,
		    found.count, eng->params.state_name, ours->count);
	return EH_OK;
}

/* Nothing has been touched, so whoever wrote it can go on with it. */
static int
refuse_newer(const struct eh_engine *eng, const struct eh_error *why,
    struct eh_error *error)
{
	return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
	    "%s: a newer edgehsmd wrote %s; start that one again, it goes on "
	    "where it was, or have the authority write this EdgeHSM off and "
	    "begin anew", eh_error_sentence(why), eng->params.state_name);
}

/* The copy with a good MAC that the anchor stands for; there is at most one. */
static int
recover(struct eh_engine *eng, struct eh_error *error)
{
	struct eh_error why = { 0 }, newer = { 0 };
	int err, fits = 0, readable = 0;

	if ((err = read_anchor(eng, error)) != EH_OK)
		return err;
	for (uint64_t k = 0; k < 2 && !fits; k++) {
		err = read_copy(eng, k, eng->state, &fits, &why);
		/* A copy that never reached the anchor decides nothing. */
		if (err == EH_ERR_UNSUPPORTED)
			newer = why;
		readable |= err == EH_OK;
	}
	if (!fits && newer.code != EH_OK)
		return refuse_newer(eng, &newer, error);
	if (!fits)
		return no_copy(eng, readable, &why, error);
	if (eng->state->anchor_class != eng->params.anchor_class ||
	    eng->state->anchor_mode != eng->params.anchor_mode)
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "the state in %s was made for another kind of anchor than "
		    "%s; name that one in edgehsm.conf",
		    eng->params.state_name, eng->params.anchor_name);
	if ((err = check_identity(eng, error)) != EH_OK)
		return err;
	eng->anchored = eng->state->log.tree.size;
	return EH_OK;
}

/* Every segment from the first to the one that is written must be there:
 * nothing has been acknowledged, so nothing may be gone. */
static int
check_segments(struct eh_engine *eng, const struct eh_segment_file *file,
    size_t n, struct eh_error *error)
{
	const struct eh_state_log *log = &eng->state->log;
	size_t i;

	for (i = 0; i < n && file[i].good && file[i].header.number == i; i++)
		if (eh_journal_note(&eng->journal, &file[i].header) != EH_OK)
			return eh_error_set(
			    error, EH_ERR_MEMORY, "out of memory");
	if (i > log->next.segment && i > log->last.segment &&
	    file[log->next.segment].first == log->next.first &&
	    file[log->last.segment].first == log->last.first)
		return EH_OK;
	return eh_recover_refuse(eng, error,
	    "segment %zu of the journal is missing or damaged", i);
}

static void
init_journal(struct eh_engine *eng, const struct eh_engine_keys *keys,
    const uint8_t hsm_id[EH_HSM_ID_LEN])
{
	memcpy(eng->key, keys->state, EH_DIGEST_LEN);
	eh_journal_init(&eng->journal, eng->os, keys->journal, keys->private,
	    hsm_id, eng->params.segment);
}

static int
start_clock(struct eh_engine *eng, struct eh_error *error)
{
	struct eh_clock_reading reading;

	if (eh_os_reading(eng->os, &reading) != EH_OK)
		return eh_error_set(
		    error, EH_ERR_STORAGE, "the clocks cannot be read");
	eh_clockguard_start(
	    &eng->guard, &eng->state->clock, &reading, &eng->boot_flags);
	eng->clock_ns = eng->committed = reading.boottime;
	return EH_OK;
}

int
eh_recover_open(struct eh_engine *eng, const struct eh_engine_keys *keys,
    struct eh_error *error)
{
	struct eh_segment_file *file = NULL;
	size_t n = 0;
	int err;

	memcpy(eng->key, keys->state, EH_DIGEST_LEN);
	if ((err = recover(eng, error)) != EH_OK)
		return err;
	init_journal(eng, keys, eng->state->hsm_id);
	if (eh_journal_list(&eng->journal, &file, &n) != EH_OK)
		return eh_recover_refuse(
		    eng, error, "the journal cannot be read");
	if ((err = check_segments(eng, file, n, error)) == EH_OK &&
	    (err = start_clock(eng, error)) == EH_OK &&
	    (err = eh_recover_rebuild(eng, file, error)) == EH_OK)
		err = eh_recover_replay(eng, file, n, error);
	free(file);
	if (err == EH_OK && eh_state_check(eng->state, error) != EH_OK)
		err = EH_DENIED_FAIL_STOPPED;
	if (err != EH_OK)
		return err;
	if (exists(eng, poisoned))
		eng->boot_flags |= EH_BOOT_POISONED;
	eng->clean = eng->state->clean;
	eng->phase = EH_PHASE_REPLAYED;
	return EH_OK;
}

/*
 * --- start ---
 */

struct leftovers {
	struct eh_engine *eng;
	char name[EH_OS_NAME];
};

/* Find a file in the journal's folder that is not one of its segments. */
static int
is_leftover(void *context, const char *name)
{
	struct leftovers *l = context;
	const struct eh_journal *j = &l->eng->journal;
	char known[EH_OS_NAME];

	snprintf(l->name, sizeof(l->name), "journal/%.80s", name);
	for (size_t i = 0; i < j->places; i++) {
		eh_journal_name(known, j->place[i].first);
		if (strcmp(known, l->name) == 0)
			return 0;
	}
	return 1;
}

/* All but the first ${segments} were made ahead, or for a start that did not
 * come to its end: replay has seen that they are empty. */
static int
remove_leftovers(struct eh_engine *eng, uint64_t segments)
{
	struct leftovers l = { .eng = eng };
	int found;

	eh_engine_lock(eng);
	eng->journal.places = (size_t)segments;
	eh_engine_unlock(eng);
	while ((found = eng->os->list(
	            eng->os->arg, "journal", is_leftover, &l)) == 1)
		if (eng->os->unlink(eng->os->arg, l.name) != EH_OK)
			return EH_ERR_STORAGE;
	return found;
}

static int
note_segment(struct eh_engine *eng, const struct eh_segment *s)
{
	int err;

	eh_engine_lock(eng);
	err = eh_journal_note(&eng->journal, s);
	eh_engine_unlock(eng);
	return err;
}

/*
 * A new segment after an unclean stop: the old one is never written again, so
 * no tail has to be erased and nothing stale can follow something new.
 */
static int
unclean_segment(struct eh_engine *eng, struct eh_state *next)
{
	struct eh_state_log *log = &next->log;
	struct eh_segment s = {
		.number = log->next.segment + 1,
		.first = log->tree.size,
		.group = log->group,
		.commit = next->commit,
		.reason = EH_SEGMENT_UNCLEAN,
		.size = eng->params.segment < UNCLEAN_SIZE ?
		    eng->params.segment : UNCLEAN_SIZE,
	};
	int err;

	memcpy(s.leaf, log->head, EH_DIGEST_LEN);
	if ((err = remove_leftovers(eng, s.number)) != EH_OK ||
	    (err = eh_journal_make(&eng->journal, &s)) != EH_OK ||
	    (err = note_segment(eng, &s)) != EH_OK)
		return err;
	log->next.segment = s.number;
	log->next.first = s.first;
	log->next.offset = EH_SEGMENT_HEADER;
	return eh_journal_use(&eng->journal, &s);
}

/* After a clean stop the journal goes on where it ended. */
static int
clean_segment(struct eh_engine *eng, const struct eh_state *next)
{
	const struct eh_position *at = &next->log.next;
	struct eh_segment s = {
		.number = at->segment,
		.first = at->first,
		.size = eng->journal.place[at->segment].size,
	};
	int err;

	if ((err = remove_leftovers(eng, at->segment + 1)) != EH_OK)
		return err;
	return eh_journal_use(&eng->journal, &s);
}

static void
raise_clock(struct eh_engine *eng, struct eh_state *next)
{
	struct eh_now now;

	eh_engine_clock(eng, &now);
	eh_clockguard_raise(&eng->guard, &next->clock, &now);
}

/* A commit that is the whole state, while nothing else goes on. */
static int
commit_whole(struct eh_engine *eng, struct eh_error *error)
{
	int err;

	eh_engine_lock(eng);
	raise_clock(eng, eng->commit->next);
	err = eh_commit_begin_whole(eng);
	eh_engine_unlock(eng);
	if (err != EH_OK)
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "the state cannot be encoded");
	return eh_commit_fly(eng, error);
}

static int
started(struct eh_engine *eng, uint64_t first, struct eh_error *error)
{
	int err;

	eh_engine_lock(eng);
	eh_commit_end(eng);
	eng->boot_pending = 1;
	eng->phase = EH_PHASE_STARTED;
	err = eh_logread_burned(eng, first,
	    eng->state->log.tree.size - first);
	if (err == EH_OK)
		err = eh_ledger_reconcile(eng);
	eh_engine_unlock(eng);
	if (err != EH_OK)
		return eh_error_set(
		    error, EH_DENIED_FAIL_STOPPED, "out of memory");
	/* It has been seen; nothing depends on it. */
	if (eng->boot_flags & EH_BOOT_POISONED) {
		(void)eng->os->unlink(eng->os->arg, poisoned);
		(void)eng->os->sync_folder(eng->os->arg, ".");
	}
	return EH_OK;
}

/* Count the start where the anchor has a counter, so that no state of an
 * earlier one fits any more. */
static int
count_start(struct eh_engine *eng, struct eh_state *next,
    struct eh_error *error)
{
	struct eh_error why;
	int err;

	if (eng->os->anchor_raise == NULL)
		return EH_OK;
	err = eng->os->anchor_raise(eng->os->arg, next->anchor.count++);
	if (err == EH_OK)
		return EH_OK;
	if (err == EH_DENIED_FAIL_STOPPED)
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "the counter of the anchor %s was raised by somebody else: "
		    "another edgehsmd runs on a copy of the state %s; stop it, "
		    "then start this one again",
		    eng->params.anchor_name, eng->params.state_name);
	eh_commit_why(eng, &why);
	return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
	    "the counter of the anchor %s could not be raised (%s): edgehsmd "
	    "stops; look at it, then start edgehsmd again",
	    eng->params.anchor_name, eh_error_sentence(&why));
}

int
eh_recover_start(struct eh_engine *eng, struct eh_error *error)
{
	struct eh_state *next = eng->commit->next;
	uint64_t first;
	int err;

	eh_engine_lock(eng);
	*next = *eng->state;
	eh_engine_unlock(eng);
	first = next->log.tree.size;
	if (next->clean)
		err = clean_segment(eng, next);
	else if ((err = eh_lease_burn(next)) == EH_OK)
		err = unclean_segment(eng, next);
	if (err == EH_ERR_FULL)
		return eh_error_set(error, EH_ERR_FULL,
		    "no space for a journal segment in %s/journal; make room "
		    "there", eng->params.state_name);
	if (err != EH_OK)
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "a journal segment could not be made in %s/journal; look "
		    "at the disk, then start edgehsmd again",
		    eng->params.state_name);
	next->boots++;
	next->clean = 0;
	next->log.seq_hi = next->log.tree.size + START_WINDOW;
	if ((err = count_start(eng, next, error)) != EH_OK ||
	    (err = commit_whole(eng, error)) != EH_OK)
		return err;
	return started(eng, first, error);
}

/*
 * --- end ---
 */

int
eh_recover_end(struct eh_engine *eng, struct eh_error *error)
{
	struct eh_state *next = eng->commit->next;
	int err;

	eh_engine_lock(eng);
	*next = *eng->state;
	eh_lease_return(next);
	next->clean = 1;
	eh_engine_unlock(eng);
	if ((err = commit_whole(eng, error)) != EH_OK)
		return err;
	eh_engine_lock(eng);
	eh_commit_end(eng);
	eng->phase = EH_PHASE_ENDED;
	eh_engine_unlock(eng);
	return EH_OK;
}

/*
 * --- genesis ---
 */

/* A genesis that found no space leaves the disk as it was: fresh. */
static void
remove_first(struct eh_engine *eng)
{
	struct eh_os *os = eng->os;
	char name[EH_OS_NAME];

	eh_journal_name(name, 0);
	(void)os->unlink(os->arg, name);
	(void)os->unlink(os->arg, eh_commit_copy(0));
	(void)os->unlink(os->arg, eh_commit_copy(1));
	(void)os->sync_folder(os->arg, "journal");
	(void)os->sync_folder(os->arg, ".");
}

/* Room for both copies, so that a commit is overwriting. */
static int
make_copies(struct eh_engine *eng)
{
	static const uint8_t zeros[EH_STATE_MAX];
	struct eh_os *os = eng->os;
	int err = EH_OK, file;

	for (uint64_t k = 0; k < 2 && err == EH_OK; k++) {
		err = os->create(os->arg, eh_commit_copy(k), &file);
		if (err != EH_OK)
			break;
		err = os->write(os->arg, file, zeros, sizeof(zeros), 0);
		if (err == EH_OK)
			err = os->sync(os->arg, file);
		os->close(os->arg, file);
	}
	return err == EH_OK ? os->sync_folder(os->arg, ".") : err;
}

static int
first_segment(struct eh_engine *eng)
{
	struct eh_segment s = {
		.reason = EH_SEGMENT_FIRST,
		.size = eng->params.segment,
	};
	int err;

	if ((err = eh_journal_make(&eng->journal, &s)) != EH_OK ||
	    (err = eh_journal_note(&eng->journal, &s)) != EH_OK)
		return err;
	return eh_journal_use(&eng->journal, &s);
}

/* The state before its first record. */
static void
first_state(struct eh_engine *eng, const struct eh_state *first)
{
	struct eh_state *st = eng->state;

	*st = *first;
	st->commit = 0;
	memset(st->previous, 0, EH_DIGEST_LEN);
	st->boots = 1;
	st->clean = 0;
	st->anchor_class = (uint8_t)eng->params.anchor_class;
	st->anchor_mode = (uint8_t)eng->params.anchor_mode;
	memset(&st->anchor, 0, sizeof(st->anchor));
	memset(&st->log, 0, sizeof(st->log));
	st->log.seq_hi = 1;
	st->log.next.offset = EH_SEGMENT_HEADER;
	memset(eng->anchor, 0, EH_DIGEST_LEN);
}

/* The anchor, and in the state who it is. */
static int
first_anchor(struct eh_engine *eng, struct eh_error *error)
{
	struct eh_os *os = eng->os;
	struct eh_error why;
	int err = os->anchor_define(os->arg, &eng->state->root);

	if (err == EH_ERR_EXISTS)
		err = EH_OK;
	if (err == EH_OK && os->anchor_identify != NULL)
		err = os->anchor_identify(os->arg, &eng->state->anchor);
	if (err == EH_OK)
		return EH_OK;
	eh_commit_why(eng, &why);
	return eh_error_set(error, err,
	    "the anchor %s could not be made (%s); put it right, and begin "
	    "again", eng->params.anchor_name, eh_error_sentence(&why));
}

/* All that is written to afterwards. */
static int
first_files(struct eh_engine *eng, struct eh_error *error)
{
	int err;

	if ((err = first_anchor(eng, error)) != EH_OK)
		return err;
	if ((err = make_copies(eng)) == EH_OK)
		err = first_segment(eng);
	if (err == EH_OK)
		return EH_OK;
	if (err == EH_ERR_FULL) {
		remove_first(eng);
		return eh_error_set(error, EH_ERR_FULL,
		    "no space for the first files in %s: %" PRIu32 " bytes are "
		    "needed; make room there and begin again",
		    eng->params.state_name,
		    eng->params.segment + 2 * EH_STATE_MAX);
	}
	return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
	    "the first files could not be written in %s: %s; empty it and "
	    "begin again", eng->params.state_name, eh_err_text(err));
}

static void
genesis_record(const struct eh_engine *eng,
    const uint8_t attestation[EH_DIGEST_LEN], struct eh_record *record)
{
	eh_record_init(record, EH_RECORD_GENESIS);
	record->of.start.boot.clean = 0;
	record->of.start.boot.flags = 0;
	record->of.start.boot.software = eng->params.software;
	record->of.start.boot.anchor_class = eng->params.anchor_class;
	memcpy(record->of.start.attestation, attestation, EH_DIGEST_LEN);
	eh_keyid_spki_digest(&eng->state->root, record->of.start.root);
}

static int
write_first(struct eh_engine *eng, struct eh_error *error)
{
	int err;

	eh_engine_lock(eng);
	err = eh_committer_collect(eng) == 1 ? EH_OK : EH_ERR_INTERNAL;
	eh_engine_unlock(eng);
	if (err == EH_OK)
		err = eh_committer_write(eng);
	eh_engine_lock(eng);
	if (err == EH_OK)
		err = eh_committer_settle(eng);
	if (err == EH_OK)
		err = eh_commit_begin(eng);
	eh_engine_unlock(eng);
	if (err != EH_OK)
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "the genesis record could not be written in %s",
		    eng->params.state_name);
	if ((err = eh_commit_fly(eng, error)) != EH_OK)
		return err;
	eh_engine_lock(eng);
	eh_commit_end(eng);
	eng->phase = EH_PHASE_STARTED;
	eh_engine_unlock(eng);
	return EH_OK;
}

int
eh_recover_genesis(struct eh_engine *eng, const struct eh_engine_keys *keys,
    const struct eh_state *first, const uint8_t attestation[EH_DIGEST_LEN],
    struct eh_error *error)
{
	struct eh_record *record = NULL;
	int err, fresh;

	if ((err = eh_recover_look(eng, &fresh, error)) != EH_OK)
		return err;
	if (!fresh)
		return eh_error_set(error, EH_DENIED_STATE,
		    "%s or the anchor %s is not empty: a genesis needs both "
		    "fresh", eng->params.state_name, eng->params.anchor_name);
	first_state(eng, first);
	init_journal(eng, keys, first->hsm_id);
	if ((record = malloc(sizeof(*record))) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	genesis_record(eng, attestation, record);
	eng->genesis = record;
	if ((err = first_files(eng, error)) == EH_OK &&
	    (err = start_clock(eng, error)) == EH_OK)
		err = write_first(eng, error);
	eng->genesis = NULL;
	free(record);
	return err;
}
