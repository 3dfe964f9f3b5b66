/* SPDX-License-Identifier: Apache-2.0 */
/* genesis.c - the one moment when an EdgeHSM comes to be. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/wipe.h"
#include "quota-engine/genesis.h"
#include "quota-engine/nonce.h"
#include "quota-engine/sandbox.h"

int
eh_genesis_derive(struct eh_backend *backend, struct eh_engine_keys *keys,
    struct eh_error *error)
{
	int err;

	if ((err = backend->ops->derive(backend, "EdgeHSM-journal-v1",
		 keys->journal, error)) == EH_OK &&
	    (err = backend->ops->derive(backend, "EdgeHSM-private-v1",
		 keys->private, error)) == EH_OK)
		err = backend->ops->derive(
		    backend, "EdgeHSM-state-v1", keys->state, error);
	if (err != EH_OK)
		eh_wipe(keys, sizeof(*keys));
	return err;
}

int
eh_genesis_bind(struct eh_backend *backend, struct eh_anchor *anchor,
    struct eh_error *error)
{
	uint8_t secret[EH_DIGEST_LEN];
	int err;

	if (anchor == NULL || anchor->bind == NULL)
		return EH_OK;
	err = backend->ops->derive(
	    backend, "EdgeHSM-anchor-v1", secret, error);
	if (err == EH_OK)
		anchor->bind(anchor->arg, secret);
	eh_wipe(secret, sizeof(secret));
	return err;
}

int
eh_genesis_bind_count(struct eh_backend *backend, struct eh_counted *counted,
    struct eh_error *error)
{
	uint8_t secret[EH_DIGEST_LEN];
	int err;

	if (counted == NULL)
		return EH_OK;
	err = backend->ops->derive(
	    backend, "EdgeHSM-count-v1", secret, error);
	if (err == EH_OK)
		eh_counted_bind(counted, secret);
	eh_wipe(secret, sizeof(secret));
	return err;
}

/* Everything must be fresh: an empty folder beside an old key store, or the
 * other way round, is an old EdgeHSM of which a part is missing. */
static int
check_fresh(struct eh_boundary *b, struct eh_error *error)
{
	unsigned objects = 0;
	int fresh = 0, err;

	if ((err = eh_engine_look(b->engine, &fresh, error)) != EH_OK)
		return err;
	if (!fresh)
		return eh_error_set(error, EH_DENIED_STATE,
		    "no genesis: %s or its anchor is not fresh: an EdgeHSM was "
		    "begun there; give another folder and anchor",
		    b->conf->state);
	if ((err = b->backend->ops->count(b->backend, &objects, error)) !=
	    EH_OK)
		return err;
	if (objects > 0)
		return eh_error_set(error, EH_DENIED_STATE,
		    "no genesis: the token '%s' (backend.token) holds %u objects "
		    "of an EdgeHSM already; give a token that is empty",
		    b->conf->backend_token, objects);
	return EH_OK;
}

static int
read_root(const struct eh_genesis *g, struct eh_rawkey *root,
    struct eh_error *error)
{
	if (eh_rawkey_from_spki(root, g->root, g->rootlen) != EH_OK ||
	    root->len != EH_P256_POINT_LEN)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the OEM's root must be a P-256 public key (DER "
		    "SubjectPublicKeyInfo of %d bytes)",
		    EH_P256_SPKI_LEN);
	return EH_OK;
}

static int
fill_first(struct eh_boundary *b, const struct eh_genesis *g,
    struct eh_state *first, struct eh_error *error)
{
	struct eh_state_key *attestation = &first->key[0];
	struct eh_state_pin pin;
	int err;

	if ((err = read_root(g, &first->root, error)) != EH_OK ||
	    (err = eh_pins_make(&pin, g->pin, g->pinlen, error)) != EH_OK)
		return err;
	eh_pins_put(&first->pin[EH_ROLE_OFFICER], &pin);
	eh_wipe(&pin, sizeof(pin));
	snprintf(first->label, sizeof(first->label), "%s", g->label);
	/* The root is pinned before the first key exists. */
	if ((err = eh_keys_make_attestation(b->keys, attestation, error)) !=
	    EH_OK)
		return err;
	attestation->object = 1;
	first->next_object = 2;
	eh_keyid_hsm(&attestation->key, first->hsm_id);
	first->anchor_class = EH_CLASS_FILE;
	first->anchor_mode = EH_ANCHOR_FILE;
	return EH_OK;
}

/* From the boundary secret on: what is made here is unmade when it fails. */
static int
begin(struct eh_boundary *b, const struct eh_genesis *g,
    struct eh_state *first, struct eh_engine_keys *keys,
    struct eh_error *error)
{
	int err;

	if ((err = b->backend->ops->make_secret(b->backend, error)) != EH_OK ||
	    (err = eh_genesis_derive(b->backend, keys, error)) != EH_OK ||
	    (err = eh_genesis_bind(b->backend, b->anchor, error)) != EH_OK ||
	    (err = eh_genesis_bind_count(b->backend, b->counted, error)) !=
	        EH_OK ||
	    (err = fill_first(b, g, first, error)) != EH_OK ||
	    (err = eh_pins_create(b->pins, keys->state, error)) != EH_OK)
		return err;
	eh_nonces_free(b->nonces);
	if ((err = eh_nonces_new(b->os, keys->state, &b->nonces)) != EH_OK)
		return eh_error_set(error, err, "out of memory");
	return eh_engine_genesis(
	    b->engine, keys, first, first->key[0].digest, error);
}

/* Only while disk and anchor are still fresh: otherwise the state may be in
 * force after all, and needs them. */
static void
undo(struct eh_boundary *b, const struct eh_state *first)
{
	int fresh = 0;

	if (eh_engine_look(b->engine, &fresh, NULL) != EH_OK || !fresh)
		return;
	b->backend->ops->destroy(
	    b->backend, (const uint8_t *)EH_BACKEND_SECRET_ID, NULL);
	if (first->key[0].backend_len == EH_BACKEND_ID_LEN)
		b->backend->ops->destroy(
		    b->backend, first->key[0].backend, NULL);
}

int
eh_genesis_run(struct eh_boundary *b, const struct eh_genesis *g,
    struct eh_error *error)
{
	struct eh_engine_keys keys = { { 0 }, { 0 }, { 0 } };
	struct eh_state *first;
	int err;

	if (eh_engine_status(b->engine, NULL) != EH_ENGINE_FRESH)
		return eh_error_set(error, EH_DENIED_STATE,
		    "this EdgeHSM has its identity and its root "
		    "already; neither can be changed");
	if ((err = check_fresh(b, error)) != EH_OK)
		return err;
	if ((first = calloc(1, sizeof(*first))) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	eh_sandbox_lock_memory(&keys, sizeof(keys));
	if ((err = begin(b, g, first, &keys, error)) != EH_OK)
		undo(b, first);
	else if ((err = eh_engine_run(b->engine, error)) == EH_OK)
		eh_keys_load(b->keys);
	eh_wipe(&keys, sizeof(keys));
	eh_wipe(first, sizeof(*first));
	free(first);
	return err;
}
