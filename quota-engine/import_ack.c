/* SPDX-License-Identifier: Apache-2.0 */
/* import_ack.c - an acknowledgement of the authority, held against the log. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ct.h"
#include "common/log.h"
#include "common/message/ack.h"
#include "common/reader.h"
#include "common/writer.h"
#include "quota-engine/import_ack.h"
#include "quota-engine/import_apply.h"
#include "quota-engine/import_revoke.h"
#include "quota-engine/logread.h"

/* --- judge --- */

/* A walk through the log, from the last acknowledged size to the new one. */
struct walk {
	const struct eh_ack *ack;
	struct eh_merkle tree;
	uint64_t counted;
	uint64_t burned[EH_BURNED_RANGES_MAX]; /* found in each range */
	struct eh_record record;
};

static int
take(void *context, uint64_t seq, const uint8_t *input, size_t len)
{
	struct walk *w = context;
	uint8_t leaf[EH_MERKLE_HASH];
	int err;

	if (seq >= w->ack->size)
		return 1;
	eh_merkle_leaf(input, len, leaf);
	if ((err = eh_merkle_append(&w->tree, leaf)) != EH_OK)
		return err;
	if (len == EH_BURNED_INPUT && input[0] == 'E') {
		for (unsigned i = 0; i < w->ack->nburned; i++)
			w->burned[i] += seq >= w->ack->burned[i].first &&
			    seq - w->ack->burned[i].first <
			        w->ack->burned[i].span;
		return 0;
	}
	if ((err = eh_record_decode(input, len, &w->record, NULL)) != EH_OK)
		return err;
	w->counted += (uint64_t)eh_record_counts(w->record.kind);
	return 0;
}

static int
set_foreign(struct eh_state *state, void *arg, struct eh_error *error)
{
	(void)arg;
	(void)error;
	state->log.foreign = 1;
	return EH_OK;
}

/* The authority holds records that are not here, or was shown another log.  It
 * is not our word against that of a host: its key has signed it. */
static int
refuse_foreign(struct eh_incoming *in, const struct eh_ack *ack,
    const char *why, struct eh_error *error)
{
	struct eh_change change = { .change = set_foreign };
	int err = EH_OK;

	eh_log(EH_LOG_ERROR, "an acknowledgement of %" PRIu64 " records is of "
	    "another history: %s", ack->size, why);
	if (!in->state->log.foreign)
		err = eh_engine_change(in->b->engine, &change, error);
	if (err != EH_OK)
		return err;
	return eh_error_set(error, EH_ERR_PROOF,
	    "the acknowledgement is of another history: %s; no new devices "
	    "until the OEM has found out why and acknowledges this log", why);
}

static int
judge_burned(const struct walk *w, uint64_t from, struct eh_error *error)
{
	for (unsigned i = 0; i < w->ack->nburned; i++) {
		const struct eh_burned_range *r = &w->ack->burned[i];

		/* What begins below the last size was judged by the state's
		 * own ranges, which apply() goes by. */
		if (r->first >= from && w->burned[i] != r->burned)
			return eh_error_set(error, EH_ERR_FORMAT,
			    "the acknowledgement accepts %" PRIu64 " places "
			    "from record %" PRIu64 " on as burned, %" PRIu64
			    " are", r->burned, r->first, w->burned[i]);
	}
	return EH_OK;
}

static int
judge_log(struct eh_incoming *in, const struct eh_ack *ack, struct walk *w,
    struct eh_error *error)
{
	const struct eh_state_log *log = &in->state->log;
	uint8_t root[EH_MERKLE_HASH];
	char why[128];
	uint64_t next;
	int err;

	if (ack->size < log->acked.size)
		return eh_error_set(error, EH_ERR_REPLAYED,
		    "an older acknowledgement: it is of %" PRIu64 " entries, %"
		    PRIu64 " are acknowledged", ack->size, log->acked.size);
	if (ack->size > log->tree.size) {
		snprintf(why, sizeof(why), "it is of %" PRIu64 " entries, this "
		    "log has %" PRIu64, ack->size, log->tree.size);
		return refuse_foreign(in, ack, why, error);
	}
	w->ack = ack;
	w->tree = log->acked;
	w->counted = log->acked_counted;
	if (ack->size > log->acked.size) {
		if ((err = eh_logread(in->b->engine, log->acked.size, take, w,
		         &next, error)) != EH_OK)
			return err;
		if (w->tree.size != ack->size)
			return eh_error_set(error, EH_ERR_STORAGE,
			    "the journal ends at entry %" PRIu64, w->tree.size);
	}
	eh_merkle_root(&w->tree, root);
	if (!eh_ct_equal(root, ack->root, sizeof(root))) {
		snprintf(why, sizeof(why), "the first %" PRIu64 " entries have "
		    "another root here", ack->size);
		return refuse_foreign(in, ack, why, error);
	}
	return judge_burned(w, log->acked.size, error);
}

static int
judge(struct eh_incoming *in, const struct eh_ack *ack, struct eh_error *error)
{
	const struct eh_state_kid *kid;
	struct walk *w;
	int err;

	if ((err = eh_import_judge_from(in, &ack->from, error)) != EH_OK)
		return err;
	kid = eh_state_kid(in->state, in->envelope.kid);
	if (kid != NULL &&
	    (err = eh_import_seen(&kid->last[EH_MSG_CODE_ACK], ack->seq,
	         in->digest, "acknowledgement", error)) != 0)
		return err;
	if ((err = eh_clockguard_check_iat(
	         &in->now, ack->from.iat, error)) != EH_OK)
		return err;
	if ((err = eh_import_judge_in_force(in, &ack->in_force,
	         "acknowledgement", EH_DENIED_REVOKED, error)) != EH_OK)
		return err;
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if ((err = judge_log(in, ack, w, error)) == EH_OK) {
		in->acked = w->tree;
		in->acked_counted = w->counted;
	}
	free(w);
	return err;
}

int
eh_import_judge_ack(struct eh_incoming *in, struct eh_error *error)
{
	struct eh_ack *ack = malloc(sizeof(*ack));
	int err;

	if (ack == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if ((err = eh_ack_decode(in->envelope.sign1.payload,
	         in->envelope.sign1.payload_len, ack, error)) == EH_OK &&
	    (err = judge(in, ack, error)) == EH_OK) {
		eh_record_init(&in->record, EH_RECORD_IMPORT);
		snprintf(in->done->text, sizeof(in->done->text),
		    "acknowledgement %" PRIu64 ": the authority holds %" PRIu64
		    " of %" PRIu64 " entries", ack->seq, ack->size,
		    in->state->log.tree.size);
	}
	free(ack);
	return err;
}

/* --- redo, apply --- */

int
eh_import_ack_redo(const struct eh_incoming *in,
    uint8_t redo[EH_PRIVATE_MESSAGE_MAX], size_t *redolenp)
{
	struct eh_writer w;

	eh_writer_init(&w, redo, EH_PRIVATE_MESSAGE_MAX);
	eh_writer_u64(&w, in->acked.size);
	eh_writer_u64(&w, in->acked_counted);
	eh_writer_bytes(&w, in->acked.node,
	    eh_merkle_count(in->acked.size) * EH_MERKLE_HASH);
	eh_writer_bytes(&w, in->bytes, in->len);
	return eh_writer_end(&w, redolenp);
}

/* Is the range accepted whole?  Those of the message lie within one of ours; a
 * merged one lies around those that it was made of. */
static int
accepted(const struct eh_ack *ack, const struct eh_burned_range *own)
{
	uint64_t end = own->first + own->span, burned = 0;

	for (unsigned i = 0; i < ack->nburned; i++) {
		const struct eh_burned_range *r = &ack->burned[i];

		if (r->first <= own->first && r->first + r->span >= end)
			return 1;
		if (r->first >= own->first && r->first + r->span <= end)
			burned += r->burned;
	}
	return burned == own->burned;
}

static void
accept_burned(struct eh_state_log *log, const struct eh_ack *ack)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < log->nburned; i++) {
		if (accepted(ack, &log->burned[i])) {
			log->burned_passes -= log->passes[i];
			continue;
		}
		log->burned[kept] = log->burned[i];
		log->passes[kept++] = log->passes[i];
	}
	log->nburned = (uint8_t)kept;
	memset(&log->burned[kept], 0,
	    (EH_BURNED_RANGES_MAX - kept) * sizeof(log->burned[0]));
	memset(&log->passes[kept], 0,
	    (EH_BURNED_RANGES_MAX - kept) * sizeof(log->passes[0]));
	if (kept < EH_BURNED_RANGES_MAX)
		log->merged = 0;
	if (kept == 0 && ack->size >= log->burned_at)
		log->burned_passes = 0;
}

static void
apply(struct eh_state *state, const struct eh_ack *ack,
    const struct eh_merkle *tree, uint64_t counted)
{
	struct eh_state_log *log = &state->log;

	log->acked = *tree;
	log->acked_counted = counted;
	log->foreign = 0;
	accept_burned(log, ack);
	/* Leases are whole again when nothing burned is left open. */
	for (unsigned i = 0; log->burned_passes == 0 && i < EH_STATE_ROWS; i++)
		state->row[i].halvings = 0;
	eh_state_prune(state);
}

static int
read_redo(const uint8_t *redo, size_t len, struct eh_merkle *tree,
    uint64_t *countedp, struct eh_reader *rest)
{
	size_t n;

	eh_merkle_init(tree);
	eh_reader_init(rest, redo, len);
	tree->size = eh_reader_u64(rest);
	*countedp = eh_reader_u64(rest);
	n = eh_merkle_count(tree->size);
	eh_reader_bytes(rest, tree->node, n * EH_MERKLE_HASH);
	return rest->err;
}

int
eh_import_ack_apply(struct eh_state *state, struct eh_clockguard *guard,
    const struct eh_record *record, const uint8_t *redo, size_t len,
    struct eh_error *error)
{
	struct eh_ack *ack = calloc(1, sizeof(*ack));
	uint8_t root[EH_MERKLE_HASH];
	struct eh_merkle tree;
	struct eh_envelope e;
	struct eh_reader in;
	uint64_t counted;
	int err;

	(void)guard;
	if (ack == NULL)
		return EH_ERR_MEMORY;
	if ((err = read_redo(redo, len, &tree, &counted, &in)) != EH_OK ||
	    (err = eh_envelope_decode(in.next, in.left, &e, error)) != EH_OK ||
	    (err = eh_ack_decode(e.sign1.payload, e.sign1.payload_len, ack,
	         error)) != EH_OK)
		goto out;
	eh_merkle_root(&tree, root);
	if (tree.size != ack->size || tree.size > state->log.tree.size ||
	    counted > state->log.counted ||
	    memcmp(root, ack->root, sizeof(root)) != 0) {
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "the acknowledgement does not fit the log");
		goto out;
	}
	err = eh_import_note(
	    state, record, &e, ack->seq, ack->from.iat, error);
	if (err == EH_OK)
		apply(state, ack, &tree, counted);
out:
	free(ack);
	return err;
}
