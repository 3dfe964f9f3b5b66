/* SPDX-License-Identifier: Apache-2.0 */
/* rebuild.c - the device index, from the entries behind the state. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/wipe.h"
#include "quota-engine/ledger.h"
#include "quota-engine/logread.h"
#include "quota-engine/recover.h"

/*
 * The counters are in the state, so these entries change the index only.  An
 * old entry that is damaged stops new passes (which device was it?) and not the
 * EdgeHSM; its file may be put back from a copy.  Only the last entry must be
 * there: it shows that the journal reaches as far as the state says.
 */

/* Which book the devices of an authorization are in, also of those that have
 * left the table. */
struct title {
	uint8_t id[EH_ID_LEN];
	uint32_t book;
};

struct rebuild {
	struct eh_engine *eng;
	struct title *title;
	size_t titles, cap;
	struct eh_record *record;
	uint64_t seen;			/* entries that count */
	uint64_t expected;		/* seq of the next one */
	uint8_t leaf[EH_DIGEST_LEN];	/* of the last one */
	int last_is_good;
};

static struct title *
find_title(const struct rebuild *r, const uint8_t id[EH_ID_LEN])
{
	for (size_t i = r->titles; i-- > 0;)
		if (memcmp(r->title[i].id, id, EH_ID_LEN) == 0)
			return &r->title[i];
	return NULL;
}

static int
add_title(struct rebuild *r, const uint8_t id[EH_ID_LEN], uint32_t book)
{
	struct title *grown;

	if (r->titles == r->cap) {
		r->cap = r->cap == 0 ? 16 : 2 * r->cap;
		grown = realloc(r->title, r->cap * sizeof(*grown));
		if (grown == NULL)
			return EH_ERR_MEMORY;
		r->title = grown;
	}
	memcpy(r->title[r->titles].id, id, EH_ID_LEN);
	r->title[r->titles++].book = book;
	return EH_OK;
}

/* Whose books does this authorization go on with?  The message says. */
static int
superseded(const struct rebuild *r, const struct eh_private *private,
    struct eh_moved *moved)
{
	return r->eng->params.superseded != NULL && private->message_len > 0 &&
	    r->eng->params.superseded(
	        private->message, private->message_len, moved);
}

static int
installed(struct rebuild *r, const struct eh_private *private)
{
	struct eh_moved moved;
	struct title *old = NULL;
	uint32_t book;
	int err;

	if (superseded(r, private, &moved))
		old = find_title(r, moved.id);
	if (old != NULL) {
		book = old->book;
		r->eng->index.book[book].rows++;
		eh_index_move(&r->eng->index, book, &moved);
	} else if ((err = eh_index_book(&r->eng->index, &book)) != EH_OK) {
		return err;
	}
	return add_title(r, r->record->authorization, book);
}

/* What the record did to the index.  What does not fit is damage, too. */
static int
remember(struct rebuild *r, const struct eh_private *private,
    const struct eh_position *at)
{
	const struct title *title = NULL;

	if (r->record->kind == EH_RECORD_INSTALLED)
		return installed(r, private);
	if (r->record->kind == EH_RECORD_ISSUED ||
	    r->record->kind == EH_RECORD_REPORT)
		title = find_title(r, r->record->authorization);
	if (title == NULL)
		return EH_OK;
	if (r->record->kind == EH_RECORD_ISSUED)
		return eh_ledger_remember(
		    r->eng, title->book, r->record, private, at);
	return eh_ledger_remember_report(r->eng, title->book, r->record);
}

static void
damage(struct rebuild *r, uint64_t seq)
{
	if (!r->eng->damaged)
		r->eng->damaged_seq = seq;
	r->eng->damaged = 1;
}

/* Is this place burned?  An entry there is one that was cut away and put back:
 * good by itself, and void. */
static uint64_t
burned_until(const struct eh_engine *eng, uint64_t seq)
{
	for (size_t i = eng->nburned; i-- > 0;)
		if (seq >= eng->burned[i].first &&
		    seq - eng->burned[i].first < eng->burned[i].count)
			return eng->burned[i].first + eng->burned[i].count;
	return 0;
}

/* The leaf before ${seq} as the chain must have it. */
static const uint8_t *
previous_leaf(const struct rebuild *r, uint64_t seq, uint8_t out[EH_DIGEST_LEN])
{
	if (seq > 0 && burned_until(r->eng, seq - 1) != 0)
		eh_logread_burned_leaf(r->eng->journal.hsm_id, seq - 1, out);
	else
		memcpy(out, r->leaf, EH_DIGEST_LEN);
	return out;
}

static int
entry(struct rebuild *r, const struct eh_entry *e, const struct eh_position *at)
{
	const struct eh_state_log *log = &r->eng->state->log;
	uint8_t previous[EH_DIGEST_LEN];
	struct eh_private private;
	uint64_t skip;
	int err;

	while ((skip = burned_until(r->eng, r->expected)) != 0)
		r->expected = skip;
	if (e->seq < r->expected || burned_until(r->eng, e->seq) != 0 ||
	    e->seq >= log->tree.size)
		return EH_OK;
	if (eh_record_decode(e->record, e->recordlen, r->record, NULL) !=
	        EH_OK ||
	    eh_private_decode(e->private, e->privatelen, &private, NULL) !=
	        EH_OK ||
	    r->record->seq != e->seq || (e->seq == r->expected &&
	    memcmp(r->record->previous, previous_leaf(r, e->seq, previous),
	        EH_DIGEST_LEN) != 0)) {
		damage(r, e->seq);
		return EH_OK;
	}
	if (e->seq != r->expected)
		damage(r, r->expected);
	r->seen++;
	r->expected = e->seq + 1;
	eh_merkle_leaf(e->record, e->recordlen, r->leaf);
	if (e->seq == log->last_seq && at->first == log->last.first &&
	    at->offset == log->last.offset)
		r->last_is_good =
		    memcmp(r->leaf, log->last_leaf, EH_DIGEST_LEN) == 0;
	eh_logread_mark(r->eng, e->seq, at);
	err = remember(r, &private, at);
	if (err == EH_ERR_FORMAT)
		damage(r, e->seq);
	return err == EH_ERR_FORMAT ? EH_OK : err;
}

/* All good entries of a segment, whatever lies between them. */
static int
segment(struct rebuild *r, const struct eh_segment_file *file)
{
	struct eh_position at = { .segment = file->header.number,
		.first = file->first, .offset = EH_SEGMENT_HEADER };
	struct eh_buf buf;
	struct eh_entry e;
	int err;

	eh_buf_init(&buf, EH_SEGMENT_MAX);
	err = eh_journal_load(&r->eng->journal, file->first, &buf);
	for (;;) {
		at.offset = (uint32_t)eh_entry_search(
		    buf.data, buf.len, at.offset);
		if (err != EH_OK || at.offset == buf.len)
			break;
		if (eh_entry_open(&e, &r->eng->journal.keys,
		        buf.data + at.offset, buf.len - at.offset) !=
		    EH_ENTRY_GOOD) {
			at.offset += 8;
			continue;
		}
		if (e.type == EH_ENTRY_RECORD)
			err = entry(r, &e, &at);
		at.offset += (uint32_t)e.length;
	}
	eh_buf_free(&buf);
	return err;
}

/* A segment that follows an unclean stop begins with the record of what was
 * burned, when something was. */
static int
find_burned(struct rebuild *r, const struct eh_segment_file *file,
    uint8_t bytes[EH_ENTRY_MAX])
{
	struct eh_entry e;
	const struct eh_burned *burned = &r->record->of.burned;
	int err = EH_OK;

	if (file->header.reason != EH_SEGMENT_UNCLEAN ||
	    eh_journal_read(&r->eng->journal, file->first, EH_SEGMENT_HEADER,
	        bytes, &e) != EH_OK ||
	    e.type != EH_ENTRY_RECORD ||
	    eh_record_decode(e.record, e.recordlen, r->record, NULL) != EH_OK ||
	    r->record->kind != EH_RECORD_BURNED ||
	    e.seq >= r->eng->state->log.tree.size)
		return EH_OK;
	for (unsigned i = 0; i < burned->nspans && err == EH_OK; i++)
		err = eh_logread_burned(r->eng, burned->spans[i].first,
		    burned->spans[i].count);
	return err;
}

/* Give every row of the table its book; those of rows that are gone are
 * dropped, unless somebody went on with them. */
static int
bind_rows(struct rebuild *r)
{
	struct eh_engine *eng = r->eng;
	int err = EH_OK;

	for (unsigned i = 0; i < EH_STATE_ROWS && err == EH_OK; i++) {
		const struct eh_row *row = &eng->state->row[i];
		struct eh_books *b = &eng->books[i];
		const struct title *title;

		if (row->state == EH_ROW_FREE)
			continue;
		b->generation = row->generation;
		memcpy(b->id, row->id, EH_ID_LEN);
		title = find_title(r, row->id);
		if (title != NULL) {
			b->book = title->book;
			eng->index.book[b->book].rows++;
		} else {
			err = eh_index_book(&eng->index, &b->book);
		}
	}
	for (size_t i = 0; i < r->titles; i++)
		eh_index_release(&eng->index, r->title[i].book);
	return err;
}

/* All places below seq_next are accounted for, or some record is missing. */
static int
judge(struct rebuild *r, struct eh_error *error)
{
	const struct eh_state_log *log = &r->eng->state->log;

	if (!r->last_is_good)
		return eh_recover_refuse(r->eng, error,
		    "the last record that the state knows, number %" PRIu64
		    ", is not in the journal", log->last_seq);
	if (r->seen + log->burned_seqs != log->tree.size)
		damage(r, r->expected);
	return EH_OK;
}

int
eh_recover_rebuild(struct eh_engine *eng, const struct eh_segment_file *file,
    struct eh_error *error)
{
	struct rebuild r = { .eng = eng };
	uint8_t *bytes = malloc(EH_ENTRY_MAX);
	uint64_t last = eng->state->log.next.segment;
	int err = EH_OK;

	r.record = malloc(sizeof(*r.record));
	if (bytes == NULL || r.record == NULL)
		err = EH_ERR_MEMORY;
	for (uint64_t i = 0; i <= last && err == EH_OK; i++)
		err = find_burned(&r, &file[i], bytes);
	if (err == EH_OK)
		err = eh_logread_burned(eng, eng->state->log.unrecorded.first,
		    eng->state->log.unrecorded.count);
	for (uint64_t i = 0; i <= last && err == EH_OK; i++)
		err = segment(&r, &file[i]);
	if (err == EH_OK)
		err = bind_rows(&r);
	if (err == EH_OK)
		err = judge(&r, error);
	else
		eh_error_set(error, err, err == EH_ERR_MEMORY ?
		    "out of memory" : "the journal cannot be read");
	if (bytes != NULL)
		eh_wipe(bytes, EH_ENTRY_MAX);
	free(bytes);
	free(r.record);
	free(r.title);
	return err;
}
