/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - the entries behind the state: each counts, or the journal ends, or
 * it was tampered with. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/ct.h"
#include "quota-engine/ledger.h"
#include "quota-engine/logread.h"
#include "quota-engine/recover.h"

/* How far a whole entry of a later group could lie behind a break. */
#define SEARCH (512u * 1024)

struct replay {
	struct eh_engine *eng;
	const struct eh_segment_file *file;
	size_t files, current;		/* index into file */
	struct eh_buf buf;		/* its bytes */
	uint32_t offset;
	uint64_t group;			/* that the next entry may be of */
	int inside;			/* the last one did not end its group */
	struct eh_record *record;
	int torn;
};

static int
load(struct replay *r)
{
	eh_buf_free(&r->buf);
	eh_buf_init(&r->buf, EH_SEGMENT_MAX);
	return eh_journal_load(
	    &r->eng->journal, r->file[r->current].first, &r->buf);
}

static enum eh_entry_found
look(struct replay *r, uint32_t offset, struct eh_entry *e)
{
	if (offset + EH_ENTRY_HEADER > r->buf.len)
		return EH_ENTRY_NONE;
	return eh_entry_open(e, &r->eng->journal.keys, r->buf.data + offset,
	    r->buf.len - offset);
}

/* Is there a whole entry of a later group behind the break?  Then what broke
 * had been durable. */
static int
later_group(struct replay *r)
{
	uint64_t torn = r->group;
	struct eh_entry e;
	size_t end = r->buf.len, at = r->offset;

	if (end > r->offset + SEARCH)
		end = r->offset + SEARCH;
	while ((at = eh_entry_search(r->buf.data, end, at)) < end) {
		if (look(r, (uint32_t)at, &e) == EH_ENTRY_GOOD &&
		    e.group > torn)
			return 1;
		at += 8;
	}
	return 0;
}

static int
apply_change(struct eh_engine *eng, const struct eh_record *record,
    const struct eh_private *private, struct eh_error *error)
{
	const struct eh_apply *row = eh_engine_apply(eng, record);

	if (row == NULL)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "a record of kind %d is not known to this edgehsmd",
		    (int)record->kind);
	return row->apply(eng->state, &eng->guard, record, private->message,
	    private->message_len, error);
}

static int
replay_burned(struct eh_engine *eng, const struct eh_record *record)
{
	struct eh_state_log *log = &eng->state->log;
	const struct eh_burned *burned = &record->of.burned;

	if (burned->nspans > 0) {
		if (burned->spans[0].first != log->unrecorded.first ||
		    burned->spans[0].count != log->unrecorded.count)
			return EH_ERR_FORMAT;
		log->unrecorded.count = 0;
	}
	for (unsigned i = 0; i < burned->nrows; i++) {
		struct eh_row *row = eh_state_row(
		    eng->state, burned->rows[i].authorization);

		if (row != NULL)
			row->burn_unrecorded = 0;
	}
	return EH_OK;
}

static int
replay_closed(struct eh_engine *eng, const struct eh_record *record)
{
	struct eh_row *row = eh_state_row(eng->state, record->authorization);

	if (row == NULL || row->state == EH_ROW_CLOSED)
		return EH_ERR_FORMAT;
	eh_state_row_close(eng->state, row, record->of.closed.reason);
	row->state = EH_ROW_CLOSED;
	row->closed_at = record->seq + 1;
	return eh_ledger_reconcile(eng);
}

static int
replay_report(struct eh_engine *eng, const struct eh_record *record)
{
	const struct eh_row *row =
	    eh_state_row(eng->state, record->authorization);

	if (row == NULL)
		return EH_ERR_FORMAT;
	return eh_ledger_remember_report(
	    eng, eng->books[row - eng->state->row].book, record);
}

/* What the record does: the same as when it was written. */
static int
apply(struct replay *r, const struct eh_private *private,
    const struct eh_position *at, struct eh_error *error)
{
	struct eh_engine *eng = r->eng;
	const struct eh_record *record = r->record;
	int err;

	switch (record->kind) {
	case EH_RECORD_BOOT:
	case EH_RECORD_CSR:
		return EH_OK;
	case EH_RECORD_ISSUED:
		return eh_ledger_replay(eng, record, private, at);
	case EH_RECORD_BURNED:
		return replay_burned(eng, record);
	case EH_RECORD_CLOSED:
		return replay_closed(eng, record);
	case EH_RECORD_REPORT:
		return replay_report(eng, record);
	case EH_RECORD_INSTALLED:
	case EH_RECORD_REVOKED:
	case EH_RECORD_TIME:
	case EH_RECORD_KEY:
	case EH_RECORD_IMPORT:
		if ((err = apply_change(eng, record, private, error)) !=
		        EH_OK ||
		    (err = eh_ledger_reconcile(eng)) != EH_OK)
			return err;
		eh_ledger_move(
		    eng, record, private->message, private->message_len);
		return EH_OK;
	default:
		return EH_ERR_FORMAT;
	}
}

static int
moved(struct replay *r, const char *what, struct eh_error *error)
{
	return eh_recover_refuse(r->eng, error,
	    "an entry of the journal is in the wrong place (%s, where record %"
	    PRIu64 " should be)", what, r->eng->state->log.tree.size);
}

/* A good MAC says that we wrote it; this says that we wrote it here. */
static int
check_place(struct replay *r, const struct eh_entry *e, struct eh_error *error)
{
	const struct eh_state *st = r->eng->state;

	if (e->seq != st->log.tree.size)
		return moved(r, "another number", error);
	if (e->commit > st->commit || e->commit + 1 < st->commit)
		return moved(r, "another commit", error);
	if (e->group != r->group)
		return moved(r, "another group", error);
	if (e->type == EH_ENTRY_RECORD && e->seq >= st->log.seq_hi)
		return moved(r, "behind the window", error);
	return EH_OK;
}

/* Hang the entry into the log. */
static int
append(struct replay *r, const struct eh_entry *e, const struct eh_position *at)
{
	struct eh_state_log *log = &r->eng->state->log;

	eh_merkle_leaf(e->record, e->recordlen, log->head);
	memcpy(log->last_leaf, log->head, EH_DIGEST_LEN);
	log->last = *at;
	log->last_seq = e->seq;
	log->counted += (uint64_t)eh_record_counts(r->record->kind);
	eh_logread_mark(r->eng, e->seq, at);
	return eh_merkle_append(&log->tree, log->head);
}

static int
record(struct replay *r, const struct eh_entry *e, struct eh_error *error)
{
	struct eh_state *st = r->eng->state;
	struct eh_position at = { r->file[r->current].header.number,
		r->file[r->current].first, r->offset };
	struct eh_private private;
	struct eh_error refusal = { 0 };
	int err;

	if (eh_record_decode(e->record, e->recordlen, r->record, NULL) !=
	        EH_OK ||
	    eh_private_decode(e->private, e->privatelen, &private, NULL) !=
	        EH_OK ||
	    r->record->seq != e->seq ||
	    !eh_ct_equal(r->record->hsm_id, st->hsm_id, EH_HSM_ID_LEN))
		return moved(r, "no record of ours", error);
	if (!eh_ct_equal(r->record->previous, st->log.head, EH_DIGEST_LEN))
		return moved(r, "another predecessor", error);
	err = apply(r, &private, &at, &refusal);
	if (err != EH_OK)
		return eh_recover_refuse(r->eng, error,
		    "record %" PRIu64 " cannot be applied to the state: %s",
		    e->seq, eh_error_sentence(&refusal));
	if (st->clock.floor < r->record->t_lo)
		st->clock.floor = r->record->t_lo;
	return append(r, e, &at);
}

/* An end entry was durable before its segment's successor was named; without a
 * successor the journal ends here. */
static int
next_segment(struct replay *r, const struct eh_entry *e, int *endp,
    struct eh_error *error)
{
	const struct eh_state_log *log = &r->eng->state->log;
	const struct eh_segment_file *next = &r->file[r->current + 1];

	*endp = r->current + 1 == r->files || !next->good;
	if (*endp)
		return EH_OK;
	if (next->header.reason != EH_SEGMENT_FULL || next->first != e->seq ||
	    next->header.group != e->group + 1 ||
	    !eh_ct_equal(next->header.leaf, log->head, EH_DIGEST_LEN))
		return moved(r, "another segment", error);
	r->current++;
	r->offset = EH_SEGMENT_HEADER;
	if (load(r) != EH_OK)
		return eh_recover_refuse(
		    r->eng, error, "a journal segment cannot be read");
	return EH_OK;
}

/* The entry at the offset.  ${endp}: the journal ends before it. */
static int
step(struct replay *r, int *endp, struct eh_error *error)
{
	struct eh_entry e;
	int err;

	switch (look(r, r->offset, &e)) {
	case EH_ENTRY_NONE:
	case EH_ENTRY_TORN:
		*endp = 1;
		r->torn = r->offset + EH_ENTRY_HEADER <= r->buf.len &&
		    !eh_ct_zero(r->buf.data + r->offset, EH_ENTRY_HEADER);
		if (later_group(r))
			return eh_recover_refuse(r->eng, error,
			    "record %" PRIu64 " of the journal is damaged, and "
			    "later ones are not",
			    r->eng->state->log.tree.size);
		return EH_OK;
	case EH_ENTRY_FORGED:
		return eh_recover_refuse(r->eng, error,
		    "record %" PRIu64 " of the journal is forged, or of "
		    "another EdgeHSM", r->eng->state->log.tree.size);
	case EH_ENTRY_GOOD:
		break;
	}
	if ((err = check_place(r, &e, error)) != EH_OK)
		return err;
	r->inside = !e.last;
	if (e.last)
		r->group++;
	if (e.type == EH_ENTRY_END)
		return next_segment(r, &e, endp, error);
	if ((err = record(r, &e, error)) != EH_OK)
		return err;
	r->offset += (uint32_t)e.length;
	return EH_OK;
}

/* Segments behind the end of the journal were made ahead, and hold nothing. */
static int
check_rest(struct replay *r, struct eh_error *error)
{
	uint8_t *bytes = malloc(EH_ENTRY_MAX);
	struct eh_entry e;
	int err = EH_OK;

	if (bytes == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	for (size_t i = r->current + 1; i < r->files && err == EH_OK; i++)
		if (eh_journal_read(&r->eng->journal, r->file[i].first,
		        EH_SEGMENT_HEADER, bytes, &e) == EH_OK)
			err = eh_recover_refuse(r->eng, error,
			    "the journal ends at record %" PRIu64 ", and a "
			    "later segment has entries",
			    r->eng->state->log.tree.size);
	free(bytes);
	return err;
}

/* What counts from here on, and is shown in receipts, must outlive a power cut;
 * the segments before this one were ended, and so synced. */
static int
settle(struct replay *r, struct eh_error *error)
{
	if (eh_journal_settle(&r->eng->journal, r->file[r->current].first) ==
	    EH_OK)
		return EH_OK;
	return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
	    "the journal in %s cannot be made durable; look at the disk, then "
	    "start edgehsmd again", r->eng->params.state_name);
}

static int
run(struct replay *r, struct eh_error *error)
{
	struct eh_state *st = r->eng->state;
	struct eh_entry e;
	int end = 0, err;

	if (load(r) != EH_OK)
		return eh_recover_refuse(
		    r->eng, error, "a journal segment cannot be read");
	if (st->clean && look(r, r->offset, &e) == EH_ENTRY_GOOD)
		return eh_recover_refuse(r->eng, error,
		    "the state says that edgehsmd was stopped cleanly, and the "
		    "journal goes on");
	while (!st->clean && !end)
		if ((err = step(r, &end, error)) != EH_OK)
			return err;
	if ((err = check_rest(r, error)) != EH_OK ||
	    (!st->clean && (err = settle(r, error)) != EH_OK))
		return err;
	st->log.next.segment = r->file[r->current].header.number;
	st->log.next.first = r->file[r->current].first;
	st->log.next.offset = r->offset;
	/* A group that was torn keeps its number. */
	st->log.group = r->group + (r->inside || r->torn);
	if (r->torn || r->inside)
		r->eng->boot_flags |= EH_BOOT_TORN_TAIL;
	return EH_OK;
}

int
eh_recover_replay(struct eh_engine *eng, const struct eh_segment_file *file,
    size_t n, struct eh_error *error)
{
	const struct eh_state_log *log = &eng->state->log;
	struct replay r = {
		.eng = eng,
		.file = file,
		.files = n,
		.current = (size_t)log->next.segment,
		.offset = log->next.offset,
		.group = log->group,
	};
	int err;

	eh_buf_init(&r.buf, EH_SEGMENT_MAX);
	if ((r.record = malloc(sizeof(*r.record))) == NULL)
		err = eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	else
		err = run(&r, error);
	eh_buf_free(&r.buf);
	free(r.record);
	return err;
}
