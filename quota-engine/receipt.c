/* SPDX-License-Identifier: Apache-2.0 */
/* receipt.c - what the attestation key signs: receipt, enrolment request, key
 * attestation. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/message/enrol.h"
#include "common/message/envelope.h"
#include "common/message/keyattest.h"
#include "common/message/receipt.h"
#include "quota-engine/receipt.h"

/* --- signing what was built --- */

/* Sign ${payload} with the attestation key. */
static int
sign(struct eh_boundary *b, enum eh_message_type type, const uint8_t *payload,
    size_t len, struct eh_writer *w, struct eh_error *error)
{
	struct eh_state_key attestation;
	struct eh_keys_signer arg;
	struct eh_signer signer;
	int err;

	if ((err = eh_keys_attestation(b->keys, &attestation, error)) != EH_OK)
		return err;
	eh_keys_signer_init(&arg, b->keys, &attestation, &signer, error);
	return eh_envelope_sign(type, payload, len, &signer, w, error);
}

/* We do not sign what we could not read ourselves. */
static int
unreadable(const char *what, struct eh_error *error)
{
	struct eh_error why = *error;

	return eh_error_set(error, EH_ERR_INTERNAL,
	    "the %s that was built breaks its own rules: %.200s", what,
	    eh_error_sentence(&why));
}

/* --- receipt --- */

static int
by_authorization(const void *a, const void *b)
{
	const struct eh_receipt_row *x = a, *y = b;

	return memcmp(x->authorization, y->authorization, EH_ID_LEN);
}

static int
by_kid(const void *a, const void *b)
{
	const struct eh_receipt_issuer *x = a, *y = b;

	return memcmp(x->kid, y->kid, EH_KID_LEN);
}

static int
add_row(struct eh_receipt *r, const struct eh_row *row, uint16_t burns)
{
	struct eh_receipt_row *out = &r->rows[r->nrows++];
	int err = EH_OK;

	memset(out, 0, sizeof(*out));
	memcpy(out->authorization, row->id, EH_ID_LEN);
	out->seq = row->seq;
	out->burns = burns;
	for (unsigned op = 0; err == EH_OK && op < EH_OPS; op++)
		if (row->op[op].granted)
			err = eh_counters_add(
			    &out->counters, op, &row->op[op].count);
	return err;
}

static int
add_rows(
    struct eh_boundary *b, struct eh_receipt *r, const struct eh_state *state)
{
	int err = EH_OK;

	for (size_t i = 0; err == EH_OK && i < EH_STATE_ROWS; i++)
		if (state->row[i].state != EH_ROW_FREE)
			err = add_row(r, &state->row[i],
			    eh_engine_burns(b->engine, &state->row[i]));
	for (size_t i = 0; i < EH_STATE_KIDS; i++) {
		const struct eh_state_kid *kid = &state->kid[i];
		struct eh_receipt_issuer *out = &r->issuers[r->nissuers];

		if (!kid->used)
			continue;
		memcpy(out->kid, kid->kid, EH_KID_LEN);
		out->pauth_seq = kid->last[EH_MSG_CODE_PAUTH].seq;
		out->dauth_seq = kid->last[EH_MSG_CODE_DAUTH].seq;
		r->nissuers++;
	}
	qsort(r->rows, r->nrows, sizeof(r->rows[0]), by_authorization);
	qsort(r->issuers, r->nissuers, sizeof(r->issuers[0]), by_kid);
	return err;
}

/* With the ledger's lock held: one moment. */
static int
fill_receipt(
    struct eh_boundary *b, struct eh_receipt *r, const struct eh_state *state)
{
	struct eh_now now;

	memcpy(r->hsm_id, state->hsm_id, sizeof(r->hsm_id));
	eh_keyid_spki_digest(&state->root, r->root);
	r->tree_size = state->log.tree.size;
	eh_merkle_root(&state->log.tree, r->tree_root);
	memcpy(r->last_leaf, state->log.head, sizeof(r->last_leaf));
	r->in_force = state->in_force;
	eh_engine_now(b->engine, &now);
	r->t_lo = now.t_lo;
	r->t_hi = now.t_hi;
	r->quality = now.quality;
	r->tseq = state->clock.tseq;
	r->boots = state->boots;
	r->commit = state->commit;
	eh_engine_anchor(b->engine, r->anchor);
	r->anchor_class = (enum eh_anchor_class)state->anchor_class;
	r->anchor_mode = (enum eh_anchor_mode)state->anchor_mode;
	r->custody = eh_boundary_custody(state);
	r->nburned = state->log.nburned;
	memcpy(r->burned, state->log.burned, sizeof(r->burned));
	return add_rows(b, r, state);
}

static int
encode_receipt(const struct eh_receipt *r, uint8_t *payload, size_t *lenp,
    struct eh_error *error)
{
	struct eh_receipt *check;
	struct eh_writer w;
	int err;

	eh_writer_init(&w, payload, EH_MESSAGE_MAX);
	eh_receipt_encode(r, &w);
	if ((err = eh_writer_end(&w, lenp)) != EH_OK)
		return eh_error_set(
		    error, err, "the receipt does not fit a message");
	if ((check = malloc(sizeof(*check))) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if (eh_receipt_decode(payload, *lenp, check, error) != EH_OK)
		err = unreadable("receipt", error);
	free(check);
	return err;
}

int
eh_receipt_make(struct eh_boundary *b, const struct eh_nonce *nonce,
    struct eh_writer *w, struct eh_error *error)
{
	struct eh_receipt *r = calloc(1, sizeof(*r));
	uint8_t *payload = malloc(EH_MESSAGE_MAX);
	size_t len = 0;
	int err;

	if (r == NULL || payload == NULL) {
		err = eh_error_set(error, EH_ERR_MEMORY, "out of memory");
		goto out;
	}
	r->nonce = *nonce;
	r->software = b->software;
	err = fill_receipt(b, r, eh_engine_lock(b->engine));
	eh_engine_unlock(b->engine);
	if (err != EH_OK)
		eh_error_set(error, err, "the receipt has too many counters");
	else if ((err = encode_receipt(r, payload, &len, error)) == EH_OK)
		err = sign(b, EH_MESSAGE_RECEIPT, payload, len, w, error);
out:
	free(payload);
	free(r);
	return err;
}

/* --- enrolment request --- */

static int
by_digest(const void *a, const void *b)
{
	const struct eh_key_entry *x = a, *y = b;

	return memcmp(x->digest, y->digest, EH_DIGEST_LEN);
}

static void
fill_enrol(struct eh_enrol *e, const struct eh_state *state)
{
	memcpy(e->hsm_id, state->hsm_id, sizeof(e->hsm_id));
	eh_keyid_spki_digest(&state->root, e->root);
	e->anchor_class = (enum eh_anchor_class)state->anchor_class;
	for (size_t i = 0; i < EH_STATE_KEYS; i++) {
		const struct eh_state_key *key = &state->key[i];
		struct eh_key_entry *out = &e->keys[e->nkeys];

		if (key->object == 0)
			continue;
		if (key->purpose == EH_PURPOSE_ATTESTATION) {
			e->key = key->key;
			continue;
		}
		memcpy(out->digest, key->digest, EH_DIGEST_LEN);
		out->purpose = (enum eh_purpose)key->purpose;
		out->alg = key->alg;
		out->origin = (enum eh_origin)key->origin;
		e->nkeys++;
	}
	qsort(e->keys, e->nkeys, sizeof(e->keys[0]), by_digest);
}

int
eh_receipt_enrol(struct eh_boundary *b, const struct eh_nonce *nonce,
    struct eh_writer *w, struct eh_error *error)
{
	struct eh_enrol *e = calloc(2, sizeof(*e));
	uint8_t *payload = malloc(EH_MESSAGE_MAX_INBOUND);
	struct eh_writer p;
	size_t len = 0;
	int err;

	if (e == NULL || payload == NULL) {
		err = eh_error_set(error, EH_ERR_MEMORY, "out of memory");
		goto out;
	}
	e->nonce = *nonce;
	e->software = b->software;
	fill_enrol(e, eh_engine_lock(b->engine));
	eh_engine_unlock(b->engine);
	eh_writer_init(&p, payload, EH_MESSAGE_MAX_INBOUND);
	eh_enrol_encode(e, &p);
	if ((err = eh_writer_end(&p, &len)) != EH_OK)
		eh_error_set(error, err, "the request does not fit a message");
	else if (eh_enrol_decode(payload, len, e + 1, error) != EH_OK)
		err = unreadable("enrolment request", error);
	else
		err = sign(b, EH_MESSAGE_ENROL, payload, len, w, error);
out:
	free(payload);
	free(e);
	return err;
}

/* --- key attestation --- */

static void
fill_keyattest(struct eh_keyattest *k, const struct eh_state_key *key,
    const struct eh_state *state)
{
	memcpy(k->hsm_id, state->hsm_id, sizeof(k->hsm_id));
	eh_keyid_spki_digest(&state->root, k->root);
	k->anchor_class = (enum eh_anchor_class)state->anchor_class;
	k->key = key->key;
	k->purpose = (enum eh_purpose)key->purpose;
	k->origin = (enum eh_origin)key->origin;
	k->custody = (enum eh_custody)key->custody;
	if (key->custody == EH_CUSTODY_COUNTED)
		memcpy(k->count_ref, key->backend, EH_COUNT_REF);
	/* Whoever can copy the key store's files has the key, whatever the
	 * store says about exporting it. */
	k->non_extractable = key->origin != EH_ORIGIN_IMPORTED &&
	    key->custody > EH_CUSTODY_PIN_FILE;
	if (eh_name_check(key->label))
		snprintf(k->label, sizeof(k->label), "%s", key->label);
}

int
eh_receipt_attest_key(struct eh_boundary *b, uint64_t object,
    const struct eh_nonce *nonce, struct eh_writer *w, struct eh_error *error)
{
	uint8_t payload[1024];
	struct eh_keyattest k, check;
	struct eh_state_key key;
	struct eh_writer p;
	size_t len = 0;
	int err;

	if ((err = eh_keys_get(b->keys, object, &key, error)) != EH_OK)
		return err;
	memset(&k, 0, sizeof(k));
	k.nonce = *nonce;
	fill_keyattest(&k, &key, eh_engine_lock(b->engine));
	eh_engine_unlock(b->engine);
	eh_writer_init(&p, payload, sizeof(payload));
	eh_keyattest_encode(&k, &p);
	if ((err = eh_writer_end(&p, &len)) != EH_OK)
		return eh_error_set(
		    error, err, "the attestation does not fit a message");
	if (eh_keyattest_decode(payload, len, &check, error) != EH_OK)
		return unreadable("key attestation", error);
	return sign(b, EH_MESSAGE_KEYATTEST, payload, len, w, error);
}
