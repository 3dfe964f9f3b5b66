/* SPDX-License-Identifier: Apache-2.0 */
/* import_count.c - a count that the authority grants. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto/ecdsa.h"
#include "quota-engine/import_apply.h"
#include "quota-engine/import_count.h"

static int
ask_again(struct eh_error *error, const char *what)
{
	return eh_error_set(error, EH_DENIED_STATE,
	    "%s: ask again (edgehsm token count), and give the authority that "
	    "request", what);
}

/* Does the count key say so?  A TPM would refuse it later. */
static int
check_signed(const struct eh_incoming *in, const uint8_t *bytes, size_t len,
    const uint8_t signature[EH_SIGNATURE_LEN], struct eh_error *error)
{
	if (eh_p256_verify(in->issuer.key.bytes, bytes, len, signature) ==
	    EH_OK)
		return EH_OK;
	return eh_error_set(error, EH_ERR_SIGNATURE,
	    "a policy in the count is not signed by the key of %s",
	    in->issuer.iss);
}

/* The keys are ours, counted, and under the key that signs this. */
static int
check_keys(const struct eh_incoming *in, const struct eh_count *n,
    struct eh_error *error)
{
	const struct eh_state_key *key;

	for (unsigned i = 0; i < n->use.nkeys; i++) {
		key = eh_state_key_by_digest(in->state, n->use.keys[i]);
		if (key == NULL || key->custody != EH_CUSTODY_COUNTED)
			return eh_error_set(error, EH_DENIED_SCOPE,
			    "the count is for an issuing key that is not here, "
			    "or that no TPM counts");
		if (!eh_rawkey_equal(&key->count_key, &in->issuer.key))
			return eh_error_set(error, EH_DENIED_KEY,
			    "key %s was made under another count key than that "
			    "of %s: only that one can approve its uses",
			    key->label, in->issuer.iss);
	}
	return EH_OK;
}

static int
check_use(const struct eh_incoming *in, const struct eh_count *n,
    struct eh_error *error)
{
	const struct eh_row *row;

	if (!n->use.has_authorization)
		return EH_OK;
	row = eh_state_row(in->state, n->use.authorization);
	if (row == NULL || row->state != EH_ROW_LIVE)
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "the count is for an authorization that is not live here");
	return EH_OK;
}

static int
judge_write(const struct eh_incoming *in, const struct eh_count *n,
    struct eh_error *error)
{
	uint8_t bytes[EH_COUNT_SIGNED_MAX];
	size_t len;

	if (!eh_counted_awaits(eh_counts_tpm(in->b->counts), &n->index))
		return ask_again(error, "the session that this count answers "
		    "is over (edgehsmd or the machine was started anew, or "
		    "another was asked for since)");
	len = eh_count_write_signed(
	    &in->issuer.key, &n->index, n->limit, bytes);
	return check_signed(in, bytes, len, n->write, error);
}

static int
judge_approval(const struct eh_incoming *in, const struct eh_count *n,
    struct eh_error *error)
{
	const struct eh_state_count *place =
	    eh_state_count(in->state, &n->index);
	uint8_t bytes[EH_COUNT_SIGNED_MAX];
	const struct eh_state_key *key;
	struct eh_counted_view view;
	size_t len;
	int err;

	if (place == NULL || !eh_counts_same(place, &n->use) ||
	    place->nkeys != n->use.nkeys ||
	    memcmp(place->keys, n->use.keys, sizeof(place->keys)) != 0)
		return ask_again(error, "the count approves an index that was "
		    "not written here");
	if ((err = eh_counted_look(eh_counts_tpm(in->b->counts),
	         &in->issuer.key, &n->index, &view, error)) != EH_OK)
		return err;
	if (view.state != EH_COUNTED_WRITTEN || view.limit != n->limit)
		return ask_again(error, "the TPM does not hold the index that "
		    "the count approves");
	for (unsigned i = 0; i < n->use.nkeys; i++) {
		key = eh_state_key_by_digest(in->state, n->use.keys[i]);
		len = eh_count_approval_signed(
		    &in->issuer.key, &n->index, key->backend, bytes);
		if ((err = check_signed(
		         in, bytes, len, n->approvals[i], error)) != EH_OK)
			return err;
	}
	return EH_OK;
}

static void
describe(struct eh_incoming *in, const struct eh_count *n)
{
	char name[EH_ROW_NAME] = "the key's own requests";
	const struct eh_row *row = n->use.has_authorization ?
	    eh_state_row(in->state, n->use.authorization) : NULL;

	if (row != NULL)
		eh_state_row_name(row, name);
	snprintf(in->done->text, sizeof(in->done->text), n->is_approval ?
	    "count for %s: the TPM lets the key sign %" PRIu32 " times" :
	    "count for %s: the TPM will count to %" PRIu32 "; now ask for its "
	    "approval (edgehsm token count once more)", name, n->limit);
}

int
eh_import_judge_count(struct eh_incoming *in, struct eh_error *error)
{
	struct eh_state_kid *kid;
	struct eh_count n;
	int err;

	if ((err = eh_count_decode(in->envelope.sign1.payload,
	         in->envelope.sign1.payload_len, &n, error)) != EH_OK ||
	    (err = eh_import_judge_from(in, &n.from, error)) != EH_OK)
		return err;
	if ((kid = eh_state_kid(in->state, in->envelope.kid)) == NULL)
		return eh_error_set(error, EH_ERR_FULL,
		    "the table of issuer keys is full (%d)", EH_STATE_KIDS);
	if ((err = eh_import_seen(&kid->last[EH_MSG_CODE_COUNT], n.seq,
	         in->digest, "count", error)) != 0 ||
	    (err = eh_clockguard_check_iat(
	         &in->now, n.from.iat, error)) != EH_OK)
		return err;
	if (eh_counts_tpm(in->b->counts) == NULL)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "no TPM counts here: edgehsm.conf names none "
		    "(backend.issuing)");
	if ((err = check_keys(in, &n, error)) != EH_OK ||
	    (err = check_use(in, &n, error)) != EH_OK ||
	    (err = n.is_approval ? judge_approval(in, &n, error) :
	                           judge_write(in, &n, error)) != EH_OK)
		return err;
	eh_record_init(&in->record, EH_RECORD_IMPORT);
	describe(in, &n);
	return EH_OK;
}

/* The place for a new count: that of one for the same use that never was
 * approved, or an empty one. */
static struct eh_state_count *
place_for(struct eh_state *state, const struct eh_count *n)
{
	struct eh_state_count *found = NULL;

	for (unsigned i = 0; i < EH_STATE_COUNTS; i++) {
		struct eh_state_count *place = &state->count[i];

		if (place->used && !place->is_approved &&
		    eh_counts_same(place, &n->use))
			return place;
		if (!place->used && found == NULL)
			found = place;
	}
	return found;
}

static int
apply_write(struct eh_state *state, const struct eh_count *n,
    const struct eh_rawkey *key, struct eh_error *error)
{
	struct eh_state_count *place = place_for(state, n);

	if (eh_state_count(state, &n->index) != NULL)
		return EH_OK;	/* replayed */
	if (place == NULL)
		return eh_error_set(error, EH_ERR_FULL,
		    "the table of counts is full (%d)", EH_STATE_COUNTS);
	memset(place, 0, sizeof(*place));
	place->used = 1;
	place->has_authorization = n->use.has_authorization;
	memcpy(place->authorization, n->use.authorization, EH_ID_LEN);
	place->index = n->index;
	place->limit = n->limit;
	place->count_key = *key;
	place->nkeys = n->use.nkeys;
	memcpy(place->keys, n->use.keys, sizeof(place->keys));
	return EH_OK;
}

int
eh_import_count_apply(struct eh_state *state, struct eh_clockguard *guard,
    const struct eh_record *record, const uint8_t *redo, size_t len,
    struct eh_error *error)
{
	const struct eh_state_issuer *issuer;
	struct eh_state_count *place;
	struct eh_envelope e;
	struct eh_count n;
	int err;

	(void)guard;
	if ((err = eh_envelope_decode(redo, len, &e, error)) != EH_OK ||
	    (err = eh_count_decode(e.sign1.payload, e.sign1.payload_len, &n,
	         error)) != EH_OK ||
	    (err = eh_import_note(
	         state, record, &e, n.seq, n.from.iat, error)) != EH_OK)
		return err;
	if (n.is_approval) {
		/* Replayed, it may have been used up and removed since. */
		if ((place = eh_state_count(state, &n.index)) != NULL) {
			place->is_approved = 1;
			memcpy(place->approvals, n.approvals,
			    sizeof(place->approvals));
		}
		return EH_OK;
	}
	if ((issuer = eh_state_issuer(state, e.kid)) == NULL)
		return eh_error_set(error, EH_ERR_SIGNATURE,
		    "the count is signed by a key that no issuer grant names");
	return apply_write(state, &n, &issuer->key, error);
}

int
eh_import_count_finish(struct eh_incoming *in, struct eh_error *error)
{
	struct eh_count n;
	int err;

	if ((err = eh_count_decode(in->envelope.sign1.payload,
	         in->envelope.sign1.payload_len, &n, error)) != EH_OK ||
	    n.is_approval)
		return err;
	return eh_counted_write(eh_counts_tpm(in->b->counts), &in->issuer.key,
	    &n.index, n.limit, n.write, error);
}
