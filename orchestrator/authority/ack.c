/* SPDX-License-Identifier: Apache-2.0 */
/* ack.c - acknowledging the log of an EdgeHSM. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/message/receipt.h"
#include "orchestrator/authority/ack.h"
#include "orchestrator/authority/ack_log.h"
#include "orchestrator/authority/store_life.h"

struct job {
	struct eh_authority *authority;
	struct eh_store *store;
	const struct eh_ack_request *request;
	uint64_t now;
	struct eh_hsm hsm;
	struct eh_receipt receipt;
	uint8_t digest[EH_DIGEST_LEN];	/* of the receipt */
	struct eh_store_log log;
	struct eh_acked *acked;
	char history[160];	/* what proves another one; empty: nothing */
};

/* --- the receipt --- */

static int
read_receipt(struct job *j, struct eh_error *error)
{
	uint8_t root[EH_SPKI_DIGEST_LEN];
	struct eh_envelope e;
	int err;

	if ((err = eh_envelope_decode(j->request->receipt,
	         j->request->receiptlen, &e, error)) != EH_OK)
		return err;
	if (e.type != EH_MESSAGE_RECEIPT)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "a %s, not a receipt of edgehsm token receipt",
		    eh_message_info(e.type)->name);
	if ((err = eh_store_get_hsm_by_kid(
	         j->store, e.kid, &j->hsm, error)) != EH_OK ||
	    (err = eh_envelope_verify(
	         &e, &j->hsm.attestation, error)) != EH_OK ||
	    (err = eh_receipt_decode(e.sign1.payload, e.sign1.payload_len,
	         &j->receipt, error)) != EH_OK)
		return err;
	eh_authority_root(j->authority, root);
	if (memcmp(j->receipt.hsm_id, j->hsm.id, EH_HSM_ID_LEN) != 0 ||
	    memcmp(j->receipt.root, root, EH_DIGEST_LEN) != 0)
		return eh_error_set(error, EH_ERR_PROOF,
		    "the receipt of %s names another EdgeHSM or root",
		    j->hsm.name);
	eh_envelope_digest(&e, j->digest);
	return EH_OK;
}

static int
put_receipt(struct job *j, int fits, struct eh_error *error)
{
	struct eh_store_receipt r = { .size = j->receipt.tree_size,
		.seen = j->now, .fits = fits,
		.bytes = j->request->receipt, .len = j->request->receiptlen };

	memcpy(r.digest, j->digest, EH_DIGEST_LEN);
	memcpy(r.hsm, j->hsm.id, EH_HSM_ID_LEN);
	memcpy(r.root, j->receipt.tree_root, EH_DIGEST_LEN);
	return eh_store_put_receipt(j->store, &r, error);
}

/* --- the log --- */

/* The receipt is of no more than the store has: it must be the same tree. */
static int
judge_stored(struct job *j, struct eh_error *error)
{
	uint8_t root[EH_MERKLE_HASH];
	int err = eh_ack_log_root(
	    j->store, j->hsm.id, j->receipt.tree_size, root, error);

	if (err == EH_OK &&
	    memcmp(root, j->receipt.tree_root, sizeof(root)) != 0)
		snprintf(j->history, sizeof(j->history),
		    "a receipt of %" PRIu64 " entries has another root than "
		    "the entries that it signed before",
		    j->receipt.tree_size);
	return err;
}

static int
judge_log(struct job *j, struct eh_error *error)
{
	uint64_t conflict;
	int err;

	j->acked->before = j->log.tree.size;
	if (j->receipt.tree_size <= j->log.tree.size)
		return judge_stored(j, error);
	if (j->request->log == NULL)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "the receipt is of %" PRIu64 " entries, the store has %"
		    PRIu64 ": name the file of edgehsm token log --from %"
		    PRIu64 " too", j->receipt.tree_size, j->log.tree.size,
		    j->log.tree.size);
	err = eh_ack_log_read(j->store, j->request->log, &j->receipt, &j->log,
	    &conflict, error);
	if (err == EH_OK && conflict != UINT64_MAX)
		snprintf(j->history, sizeof(j->history),
		    "it has signed two different entries %" PRIu64, conflict);
	return err;
}

/* What the receipt counts is what the entries say. */
static int
judge_row(struct job *j, const struct eh_receipt_row *row,
    struct eh_error *error)
{
	int known, err;

	if ((err = eh_store_has_authorization(j->store, j->hsm.id,
	         row->authorization, &known, error)) != EH_OK)
		return err;
	if (!known)
		return eh_error_set(error, EH_ERR_PROOF,
		    "the receipt of %s counts under an authorization that was "
		    "never issued here", j->hsm.name);
	for (unsigned i = 0; i < row->counters.n; i++) {
		struct eh_store_counter c = { .op = row->counters.op[i] };

		memcpy(c.hsm, j->hsm.id, EH_HSM_ID_LEN);
		memcpy(c.authorization, row->authorization, EH_ID_LEN);
		if ((err = eh_store_get_counter(j->store, &c, error)) != EH_OK)
			return err;
		if (c.used != row->counters.of[i].used ||
		    c.burned > row->counters.of[i].burned)
			return eh_error_set(error, EH_ERR_PROOF,
			    "the receipt of %s counts %" PRIu64 " (%s) as "
			    "used, its entries %" PRIu64, j->hsm.name,
			    row->counters.of[i].used, eh_op_name(c.op),
			    c.used);
		if (c.op == EH_OP_PASS)
			j->acked->possible += c.burned;
	}
	return EH_OK;
}

static int
judge_rows(struct job *j, struct eh_error *error)
{
	int err = EH_OK;

	/* An older receipt: the entries have gone on since. */
	if (j->receipt.tree_size < j->log.tree.size)
		return EH_OK;
	for (unsigned i = 0; err == EH_OK && i < j->receipt.nrows; i++)
		err = judge_row(j, &j->receipt.rows[i], error);
	return err == EH_OK
	    ? eh_ack_progress(j->store, &j->receipt, j->history,
		  sizeof(j->history), error)
	    : err;
}

/* --- the answer --- */

static int
accept_burned(struct job *j, struct eh_ack *ack, struct eh_error *error)
{
	uint64_t count;
	int err;

	for (unsigned i = 0; i < j->receipt.nburned; i++) {
		const struct eh_burned_range *r = &j->receipt.burned[i];

		if (r->first > ack->size || r->span > ack->size - r->first)
			continue;
		if ((err = eh_ack_log_burned(
		         j->store, j->hsm.id, r, &count, error)) != EH_OK)
			return err;
		if (count != r->burned)
			return eh_error_set(error, EH_ERR_PROOF,
			    "the receipt of %s calls %" PRIu64 " places from "
			    "entry %" PRIu64 " on burned, %" PRIu64 " are",
			    j->hsm.name, r->burned, r->first, count);
		ack->burned[ack->nburned++] = *r;
		j->acked->burned += count;
	}
	return EH_OK;
}

static int
sign(struct job *j, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_error *error)
{
	const struct eh_store_self *self = eh_authority_self(j->authority);
	uint8_t kid[EH_KID_LEN], payload[EH_MESSAGE_MAX_INBOUND];
	struct eh_ack *ack = &j->acked->ack;
	struct eh_writer w;
	size_t len;
	int err;

	memcpy(ack->from.iss, self->name, sizeof(ack->from.iss));
	memcpy(ack->from.sub, j->hsm.id, EH_HSM_ID_LEN);
	ack->from.iat = j->now;
	ack->size = j->log.tree.size;
	eh_merkle_root(&j->log.tree, ack->root);
	if (!j->request->keep_burned &&
	    (err = accept_burned(j, ack, error)) != EH_OK)
		return err;
	eh_keyid_kid(&self->key[EH_STORE_MESSAGE_KEY].public, kid);
	if ((err = eh_store_get_in_force(
	         j->store, j->hsm.id, &ack->in_force, error)) != EH_OK ||
	    (err = eh_store_take_seq(j->store, kid, EH_MESSAGE_ACK, j->hsm.id,
	         &ack->seq, error)) != EH_OK)
		return err;
	eh_writer_init(&w, payload, sizeof(payload));
	eh_ack_encode(ack, &w);
	if ((err = eh_writer_end(&w, &len)) != EH_OK)
		return eh_error_set(error, err, "the acknowledgement: %s",
		    eh_err_text(err));
	/* With the EdgeHSM's own code, before anybody signs. */
	if ((err = eh_ack_decode(payload, len, ack, error)) != EH_OK)
		return err;
	return eh_authority_sign(j->authority, EH_MESSAGE_ACK, j->hsm.id,
	    ack->seq, j->now, payload, len, out, digest, error);
}

static int
answer(struct job *j, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_error *error)
{
	char text[EH_NAME_MAX + 64];
	int err;

	if ((err = eh_store_put_log(j->store, &j->log, error)) != EH_OK ||
	    (err = put_receipt(j, 1, error)) != EH_OK ||
	    (err = sign(j, out, digest, error)) != EH_OK)
		return err;
	snprintf(text, sizeof(text), "%s: %" PRIu64 " entries", j->hsm.name,
	    j->log.tree.size);
	err = eh_store_trail(
	    j->store, j->now, "ack", j->hsm.id, digest, text, error);
	return err == EH_OK ? eh_store_commit(j->store, error) : err;
}

/* Two histories: what proves it is kept, and nothing is signed any more. */
static int
freeze(struct job *j, struct eh_error *error)
{
	char text[EH_ERROR_TEXT];
	int err;

	snprintf(text, sizeof(text), "two histories: %s; its keys were used by "
	    "more than one EdgeHSM, or its state was put back", j->history);
	eh_store_rollback(j->store);
	if ((err = eh_store_begin(j->store, error)) != EH_OK ||
	    (err = put_receipt(j, 0, error)) != EH_OK ||
	    (err = eh_store_freeze(j->store, j->hsm.id, text, error)) !=
	        EH_OK ||
	    (err = eh_store_trail(j->store, j->now, "freeze", j->hsm.id,
	         j->digest, text, error)) != EH_OK ||
	    (err = eh_store_commit(j->store, error)) != EH_OK)
		return err;
	return eh_error_set(
	    error, EH_DENIED_STATE, "%s is frozen: %s", j->hsm.name, text);
}

static int
run(struct job *j, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_error *error)
{
	int err;

	if ((err = read_receipt(j, error)) != EH_OK ||
	    (err = eh_store_check_served(j->store, j->hsm.id, error)) != EH_OK ||
	    (err = eh_store_get_log(
	         j->store, j->hsm.id, &j->log, error)) != EH_OK ||
	    (err = judge_log(j, error)) != EH_OK ||
	    (j->history[0] == '\0' &&
	        (err = judge_rows(j, error)) != EH_OK))
		return err;
	snprintf(j->acked->name, sizeof(j->acked->name), "%s", j->hsm.name);
	return j->history[0] != '\0' ? freeze(j, error)
				     : answer(j, out, digest, error);
}

int
eh_ack_make(struct eh_authority *a, const struct eh_ack_request *request,
    uint64_t now, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_acked *acked, struct eh_error *error)
{
	struct job *j = calloc(1, sizeof(*j));
	int err;

	memset(acked, 0, sizeof(*acked));
	if (j == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	j->authority = a;
	j->store = eh_authority_store(a);
	j->request = request;
	j->now = now;
	j->acked = acked;
	if ((err = eh_store_begin(j->store, error)) == EH_OK)
		err = run(j, out, digest, error);
	if (err != EH_OK) {
		eh_store_rollback(j->store);
		eh_buf_clear(out);
	}
	free(j);
	return err;
}
