/* SPDX-License-Identifier: Apache-2.0 */
/* req_count.c - the request for a count: what the authority has to sign before
 * the TPM lets an issuing key sign. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/message/envelope.h"
#include "quota-engine/req.h"

#define REQUEST_MAX 1024

static int
by_digest(const void *a, const void *b)
{
	return memcmp(a, b, EH_DIGEST_LEN);
}

static int
add_key(struct eh_count_for *use, const uint8_t digest[EH_DIGEST_LEN],
    struct eh_error *error)
{
	for (unsigned i = 0; i < use->nkeys; i++)
		if (memcmp(use->keys[i], digest, EH_DIGEST_LEN) == 0)
			return EH_OK;
	if (use->nkeys == EH_COUNT_KEYS_MAX)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "the profile names more than %d issuing keys",
		    EH_COUNT_KEYS_MAX);
	memcpy(use->keys[use->nkeys++], digest, EH_DIGEST_LEN);
	return EH_OK;
}

/* The issuing keys of the profile of an authorization. */
static int
keys_of(struct eh_boundary *b, const struct eh_authorization_view *view,
    struct eh_count_for *use, struct eh_error *error)
{
	const struct eh_profile *profile = view->what->profile;
	int counted, err = EH_OK;

	if (view->state != EH_ROW_LIVE)
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "authorization %s is closed", view->name);
	if (profile == NULL)
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "authorization %s needs profile %s, which names the keys: "
		    "`edgehsm token import` it first", view->name,
		    view->what->pauth.profile.name);
	if ((counted = eh_counts_profile(b->counts, profile, error)) < 0)
		return counted;
	if (!counted)
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "authorization %s is for issuing keys that no TPM counts: "
		    "it needs no count", view->name);
	for (unsigned t = 0; err == EH_OK && t < profile->templates; t++)
		err = add_key(use, profile->template[t].issuer, error);
	return err;
}

static int
for_authorization(struct eh_boundary *b, const uint8_t id[EH_ID_LEN],
    struct eh_count_for *use, struct eh_error *error)
{
	struct eh_authorization_view view[EH_STATE_ROWS];
	unsigned n = eh_authorizations_hold(b->authorizations, view);
	int err = EH_ERR_NOT_FOUND;

	use->has_authorization = 1;
	memcpy(use->authorization, id, EH_ID_LEN);
	for (unsigned i = 0; i < n; i++)
		if (memcmp(view[i].what->id, id, EH_ID_LEN) == 0)
			err = keys_of(b, &view[i], use, error);
	eh_authorizations_release(b->authorizations, view, n);
	if (err == EH_ERR_NOT_FOUND)
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "no such authorization is here");
	qsort(use->keys, use->nkeys, sizeof(use->keys[0]), by_digest);
	return err;
}

static int
for_key(struct eh_boundary *b, uint64_t object, struct eh_count_for *use,
    struct eh_error *error)
{
	struct eh_state_key key;
	int err;

	if ((err = eh_keys_get(b->keys, object, &key, error)) != EH_OK)
		return err;
	if (key.custody != EH_CUSTODY_COUNTED)
		return eh_error_set(error, EH_DENIED_KEY,
		    "key %s is counted by no TPM: it needs no count",
		    key.label);
	return add_key(use, key.digest, error);
}

static int
build(struct eh_boundary *b, struct eh_countreq *r, struct eh_error *error)
{
	struct eh_state_key key;
	int err;

	for (unsigned i = 0; i < r->use.nkeys; i++) {
		if ((err = eh_keys_by_digest(
		         b->keys, r->use.keys[i], &key, error)) != EH_OK)
			return err;
		memcpy(r->refs[i], key.backend, EH_COUNT_REF);
	}
	memcpy(r->hsm_id, eh_engine_lock(b->engine)->hsm_id, EH_HSM_ID_LEN);
	eh_engine_unlock(b->engine);
	return eh_counts_ask(
	    b->counts, &r->use, &r->index, &r->is_written, error);
}

static int
sign(struct eh_boundary *b, const struct eh_countreq *r, uint8_t *out,
    size_t *lenp, struct eh_error *error)
{
	uint8_t payload[REQUEST_MAX / 2];
	struct eh_state_key attestation;
	struct eh_keys_signer arg;
	struct eh_signer signer;
	struct eh_writer w;
	size_t len;
	int err;

	eh_writer_init(&w, payload, sizeof(payload));
	eh_countreq_encode(r, &w);
	if ((err = eh_writer_end(&w, &len)) != EH_OK)
		return eh_error_set(
		    error, err, "the request does not fit a message");
	if ((err = eh_keys_attestation(b->keys, &attestation, error)) != EH_OK)
		return err;
	eh_keys_signer_init(&arg, b->keys, &attestation, &signer, error);
	eh_writer_init(&w, out, REQUEST_MAX);
	if ((err = eh_envelope_sign(EH_MESSAGE_COUNTREQ, payload, len, &signer,
	         &w, error)) != EH_OK)
		return err;
	return eh_writer_end(&w, lenp);
}

int
eh_req_ask_count(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	uint8_t *out = eh_call_keep(call, REQUEST_MAX);
	struct eh_countreq r;
	const uint8_t *id;
	size_t len = 0;
	int err;

	if (out == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	memset(&r, 0, sizeof(r));
	if (eh_wire_has(call->in, EH_WIRE_AUTHORIZATION) ==
	    eh_wire_has(call->in, EH_WIRE_OBJECT))
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "a count is for an authorization or for a key: name one");
	id = eh_wire_bytes(call->in, EH_WIRE_AUTHORIZATION, &len);
	if (eh_wire_has(call->in, EH_WIRE_AUTHORIZATION))
		err = for_authorization(b, id, &r.use, error);
	else
		err = for_key(b, eh_wire_number(call->in, EH_WIRE_OBJECT),
		    &r.use, error);
	/* As imports do: an index is begun, or one is written. */
	pthread_mutex_lock(&b->ceremony);
	if (err == EH_OK && (err = build(b, &r, error)) == EH_OK)
		err = sign(b, &r, out, &len, error);
	pthread_mutex_unlock(&b->ceremony);
	if (err == EH_OK)
		eh_wire_put_bytes(&call->out, EH_WIRE_DATA, out, len);
	return err;
}
