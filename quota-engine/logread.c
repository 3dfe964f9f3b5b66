/* SPDX-License-Identifier: Apache-2.0 */
/* logread.c - the log as it leaves: leaf inputs in order, and its head. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/wipe.h"
#include "common/writer.h"
#include "quota-engine/core.h"
#include "quota-engine/logread.h"

static const char burned_label[] = "EdgeHSM-burned-v1";

void
eh_logread_burned_input(const uint8_t hsm_id[EH_HSM_ID_LEN], uint64_t seq,
    uint8_t out[EH_BURNED_INPUT])
{
	struct eh_writer w;

	eh_writer_init(&w, out, EH_BURNED_INPUT);
	eh_writer_bytes(&w, burned_label, sizeof(burned_label) - 1);
	eh_writer_bytes(&w, hsm_id, EH_HSM_ID_LEN);
	eh_writer_u64(&w, seq);
}

void
eh_logread_burned_leaf(const uint8_t hsm_id[EH_HSM_ID_LEN], uint64_t seq,
    uint8_t leaf[EH_MERKLE_HASH])
{
	uint8_t input[EH_BURNED_INPUT];

	eh_logread_burned_input(hsm_id, seq, input);
	eh_merkle_leaf(input, sizeof(input), leaf);
}

void
eh_logread_mark(
    struct eh_engine *eng, uint64_t seq, const struct eh_position *at)
{
	struct eh_mark *grown;
	size_t cap = eng->marks_cap == 0 ? 64 : 2 * eng->marks_cap;

	if (eng->marks > 0 &&
	    seq < eng->mark[eng->marks - 1].seq + EH_MARK_STEP)
		return;
	if (eng->marks == eng->marks_cap) {
		grown = realloc(eng->mark, cap * sizeof(*grown));
		if (grown == NULL)
			return;
		eng->mark = grown;
		eng->marks_cap = cap;
	}
	eng->mark[eng->marks].seq = seq;
	eng->mark[eng->marks++].at = *at;
}

int
eh_logread_burned(struct eh_engine *eng, uint64_t first, uint64_t count)
{
	struct eh_span *grown;
	size_t cap = eng->burned_cap == 0 ? 16 : 2 * eng->burned_cap;

	if (count == 0)
		return EH_OK;
	if (eng->nburned == eng->burned_cap) {
		grown = realloc(eng->burned, cap * sizeof(*grown));
		if (grown == NULL)
			return EH_ERR_MEMORY;
		eng->burned = grown;
		eng->burned_cap = cap;
	}
	eng->burned[eng->nburned].first = first;
	eng->burned[eng->nburned++].count = count;
	return EH_OK;
}

void
eh_logread_head(struct eh_engine *eng, struct eh_log_head *head)
{
	const struct eh_state_log *log = &eng->state->log;

	head->size = log->tree.size;
	eh_merkle_root(&log->tree, head->root);
	memcpy(head->last, log->head, EH_MERKLE_HASH);
}

/* Where a reading stands: the entry at ${at} is that of ${seq} or before. */
struct cursor {
	uint64_t seq, size;		/* next; first that is not durable */
	struct eh_position at;
	uint64_t burned_first, burned_end; /* the next burned places */
	size_t places;
};

/* Locked: the next burned places at or behind ${c->seq}. */
static void
next_burned(struct eh_engine *eng, struct cursor *c)
{
	size_t lo = 0, hi = eng->nburned;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (eng->burned[mid].first + eng->burned[mid].count > c->seq)
			hi = mid;
		else
			lo = mid + 1;
	}
	c->burned_first = c->burned_end = UINT64_MAX;
	if (lo < eng->nburned) {
		c->burned_first = eng->burned[lo].first;
		c->burned_end = c->burned_first + eng->burned[lo].count;
	}
}

/* The last mark at or before ${c->seq}; the beginning of the log when there is
 * none. */
static void
place(struct eh_engine *eng, struct cursor *c)
{
	size_t lo = 0, hi = eng->marks;

	eh_engine_lock(eng);
	hi = eng->marks;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (eng->mark[mid].seq > c->seq)
			hi = mid;
		else
			lo = mid + 1;
	}
	memset(&c->at, 0, sizeof(c->at));
	c->at.offset = EH_SEGMENT_HEADER;
	if (lo > 0)
		c->at = eng->mark[lo - 1].at;
	c->size = eng->state->log.tree.size;
	next_burned(eng, c);
	eh_engine_unlock(eng);
}

/* Go to the segment behind; 0 when there is none. */
static int
next_segment(struct eh_engine *eng, struct cursor *c)
{
	int found;

	eh_engine_lock(eng);
	found = c->at.segment + 1 < eng->journal.places;
	if (found) {
		c->at.segment++;
		c->at.first = eng->journal.place[c->at.segment].first;
		c->at.offset = EH_SEGMENT_HEADER;
	}
	eh_engine_unlock(eng);
	return found;
}

/* Read on until the record of ${c->seq}.  Entries before it are stepped over:
 * so are those that a burn has made void.  Where no good entry is, the segment
 * has ended (an unclean stop leaves no end behind). */
static int
find_record(struct eh_engine *eng, struct cursor *c,
    uint8_t bytes[EH_ENTRY_MAX], struct eh_entry *entry)
{
	for (;;) {
		int err = eh_journal_read(&eng->journal, c->at.first,
		    c->at.offset, bytes, entry);

		if (err == EH_OK && entry->type == EH_ENTRY_RECORD &&
		    entry->seq <= c->seq) {
			c->at.offset += (uint32_t)entry->length;
			if (entry->seq == c->seq)
				return EH_OK;
		} else if (!next_segment(eng, c)) {
			return EH_ERR_STORAGE;
		}
	}
}

static int
in_order(const struct eh_engine *eng, const struct eh_entry *entry,
    struct eh_record *record)
{
	return eh_record_decode(
	           entry->record, entry->recordlen, record, NULL) == EH_OK &&
	    record->seq == entry->seq &&
	    memcmp(
	        record->hsm_id, eng->journal.hsm_id, EH_HSM_ID_LEN) == 0;
}

int
eh_logread(struct eh_engine *eng, uint64_t seq,
    int (*each)(void *context, uint64_t seq, const uint8_t *input, size_t len),
    void *context, uint64_t *nextp, struct eh_error *error)
{
	uint8_t burned[EH_BURNED_INPUT], *bytes = malloc(EH_ENTRY_MAX);
	struct eh_record *record = malloc(sizeof(*record));
	struct cursor c = { .seq = seq };
	struct eh_entry entry;
	int err = EH_OK;

	*nextp = seq;
	if (bytes == NULL || record == NULL) {
		err = eh_error_set(error, EH_ERR_MEMORY, "out of memory");
		goto out;
	}
	place(eng, &c);
	for (; c.seq < c.size && err == EH_OK; c.seq++) {
		if (c.seq >= c.burned_end) {
			eh_engine_lock(eng);
			next_burned(eng, &c);
			eh_engine_unlock(eng);
		}
		if (c.seq >= c.burned_first) {
			eh_logread_burned_input(
			    eng->journal.hsm_id, c.seq, burned);
			err = each(context, c.seq, burned, sizeof(burned));
		} else if (find_record(eng, &c, bytes, &entry) != EH_OK ||
		    !in_order(eng, &entry, record)) {
			err = eh_error_set(error, EH_ERR_STORAGE,
			    "record %" PRIu64 " of the journal is damaged: put "
			    "back a copy of its segment file that holds the "
			    "records after it too", c.seq);
			break;
		} else {
			err = each(
			    context, c.seq, entry.record, entry.recordlen);
		}
		if (err == EH_OK)
			*nextp = c.seq + 1;
	}
out:
	if (bytes != NULL)
		eh_wipe(bytes, EH_ENTRY_MAX);
	free(bytes);
	free(record);
	return err < 0 ? err : EH_OK;
}
