/* SPDX-License-Identifier: Apache-2.0 */
/* committer_write.c - what was collected becomes durable, and then counts. */
#include "config.h"

#include <string.h>

#include "common/wipe.h"
#include "quota-engine/committer.h"
#include "quota-engine/ledger.h"
#include "quota-engine/logread.h"

/*
 * --- write ---
 */

/* Encode the record of ${item} and hang it into the chain and the tree. */
static int
write_record(struct eh_group *g, struct eh_item *item, uint8_t *out,
    size_t *lenp)
{
	struct eh_writer w;
	int err;

	item->seq = g->tree.size;
	item->record->seq = item->seq;
	memcpy(item->record->previous, g->head, EH_DIGEST_LEN);
	eh_writer_init(&w, out, EH_RECORD_MAX);
	eh_record_encode(item->record, &w);
	if ((err = eh_writer_end(&w, lenp)) != EH_OK)
		return err;
	eh_merkle_leaf(out, *lenp, item->leaf);
	memcpy(g->head, item->leaf, EH_DIGEST_LEN);
	return eh_merkle_append(&g->tree, item->leaf);
}

static int
write_private(const struct eh_item *item, uint8_t *out, size_t *lenp)
{
	static const struct eh_private nothing;
	struct eh_writer w;

	eh_writer_init(&w, out, EH_PRIVATE_MAX);
	eh_private_encode(
	    item->submission != NULL ? &item->submission->private : &nothing,
	    &w);
	return eh_writer_end(&w, lenp);
}

static int
write_entry(struct eh_engine *eng, unsigned i)
{
	struct eh_group *g = eng->group;
	struct eh_item *item = &g->item[i];
	uint8_t *out = g->bytes + g->len, *body = out + EH_ENTRY_HEADER;
	struct eh_entry entry = { .type = EH_ENTRY_RECORD };
	int err;

	item->offset = g->offset + (uint32_t)g->len;
	if ((err = write_record(g, item, body, &entry.recordlen)) != EH_OK ||
	    (err = write_private(item, body + entry.recordlen,
	         &entry.privatelen)) != EH_OK)
		return err;
	entry.seq = item->seq;
	entry.group = g->number;
	entry.commit = g->commit;
	entry.last = i + 1 == g->n;
	g->len += eh_entry_length(entry.recordlen, entry.privatelen);
	return eh_entry_seal(&entry, &eng->journal.keys, out);
}

static int
change_segment(struct eh_engine *eng)
{
	const struct eh_state_log *log = &eng->state->log;
	struct eh_journal_turn turn = {
		.offset = log->next.offset,
		.seq = log->tree.size,
		.group = log->group,
		.commit = eng->group->commit,
		.leaf = log->head,
	};

	return eh_journal_change(&eng->journal, &turn);
}

/* The state's log is read here without the lock: only settle() changes it. */
int
eh_committer_write(struct eh_engine *eng)
{
	struct eh_group *g = eng->group;
	int err = EH_OK;

	for (unsigned i = 0; i < g->n && err == EH_OK; i++)
		err = write_entry(eng, i);
	if (err == EH_OK && g->turn)
		err = change_segment(eng);
	if (err == EH_OK)
		err = eh_journal_append(
		    &eng->journal, g->offset, g->bytes, g->len);
	eh_wipe(g->bytes, g->len);
	return err;
}

/*
 * --- settle ---
 */

/* The log as it is now: durable up to the end of the group. */
static int
settle_log(struct eh_engine *eng)
{
	struct eh_group *g = eng->group;
	struct eh_state_log *log = &eng->state->log;
	const struct eh_segment *s = &eng->journal.current;
	const struct eh_item *last = &g->item[g->n - 1];
	int err = EH_OK;

	if (g->turn) {
		err = eh_journal_note(&eng->journal, s);
		eng->journal.next = EH_NEXT_NONE;
	}
	log->tree = g->tree;
	memcpy(log->head, g->head, EH_DIGEST_LEN);
	log->group = g->number + 1;
	log->next.segment = s->number;
	log->next.first = s->first;
	log->next.offset = g->offset + (uint32_t)g->len;
	log->last = log->next;
	log->last.offset = last->offset;
	log->last_seq = last->seq;
	memcpy(log->last_leaf, last->leaf, EH_DIGEST_LEN);
	return err;
}

static void
settle_own(struct eh_engine *eng, const struct eh_item *item)
{
	struct eh_state *st = eng->state;

	switch (item->record->kind) {
	case EH_RECORD_BURNED:
		if (item->record->of.burned.nspans > 0)
			st->log.unrecorded.count = 0;
		for (unsigned i = 0; i < item->nrows; i++)
			st->row[item->rows[i]].burn_unrecorded = 0;
		break;
	case EH_RECORD_GENESIS:
		eng->genesis = NULL;
		break;
	case EH_RECORD_BOOT:
		eng->boot_pending = 0;
		break;
	case EH_RECORD_CLOSED:
		st->row[item->slot].state = EH_ROW_CLOSED;
		st->row[item->slot].closed_at = item->seq + 1;
		eh_commit_request(eng);
		break;
	default:
		break;
	}
}

static int
settle_change(struct eh_engine *eng, struct eh_submission *sub)
{
	int err = sub->apply->apply(eng->state, &eng->guard, sub->record,
	    sub->private.message, sub->private.message_len, &sub->error);

	if (err == EH_OK)
		err = eh_ledger_reconcile(eng);
	if (err == EH_OK)
		eh_ledger_move(eng, sub->record, sub->private.message,
		    sub->private.message_len);
	if (!sub->change->journal_only)
		eh_commit_request(eng);
	return err;
}

static int
settle_item(struct eh_engine *eng, struct eh_item *item)
{
	struct eh_submission *sub = item->submission;
	struct eh_position at = eng->state->log.next;
	struct eh_group *g = eng->group;
	int err = EH_OK;

	at.offset = item->offset;
	eh_logread_mark(eng, item->seq, &at);
	if (eh_record_counts(item->record->kind))
		eng->state->log.counted++;
	if (sub == NULL) {
		settle_own(eng, item);
		return EH_OK;
	}
	sub->seq = item->seq;
	if (sub->kind == EH_SUBMIT_CLAIM)
		eh_ledger_settle(eng, sub->ticket, &at, item->opens);
	else if (sub->kind == EH_SUBMIT_CHANGE)
		err = settle_change(eng, sub);
	else if (item->record->kind == EH_RECORD_REPORT)
		eh_ledger_report(eng, item->record);
	sub->ticket = NULL;
	item->submission = NULL;
	eh_committer_conclude(eng, sub, EH_OK);
	sub->next = NULL;
	*g->settled_tail = sub;
	g->settled_tail = &sub->next;
	return err;
}

int
eh_committer_settle(struct eh_engine *eng)
{
	struct eh_group *g = eng->group;
	int err = settle_log(eng);

	g->settled = NULL;
	g->settled_tail = &g->settled;
	if (eng->state->clock.floor < g->t_lo)
		eng->state->clock.floor = g->t_lo;
	for (unsigned i = 0; i < g->n && err == EH_OK; i++)
		err = settle_item(eng, &g->item[i]);
	if (err == EH_OK)
		g->n = 0; /* else abandon() has the rest */
	return err;
}
