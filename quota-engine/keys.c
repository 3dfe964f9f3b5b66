/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c - the token's own keys: what the state says of them, joined with what
 * the backend holds. */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/crypto/verifier.h"
#include "common/log.h"
#include "common/wipe.h"
#include "quota-engine/health.h"
#include "quota-engine/keys.h"
#include "quota-engine/keys_redo.h"
#include "quota-engine/rng.h"

#define WHY_MAX 160

/* A key of the state, ready for use; or why it cannot be used. */
struct slot {
	uint64_t object; /* 0: empty */
	unsigned long handle;
	struct eh_verifier *verifier;
	int is_counted;
	char why[WHY_MAX]; /* empty: it can */
};

struct eh_keys {
	struct eh_engine *engine;
	struct eh_backend *backend;
	struct eh_counted *counted; /* or NULL */
	enum eh_conf_verify verify;
	pthread_mutex_t change;	 /* one generates or destroys at a time */
	pthread_rwlock_t lock;	 /* of the slots; signers hold it for reading */
	struct slot slot[EH_STATE_KEYS];
};

int
eh_keys_new(struct eh_engine *engine, struct eh_backend *backend,
    enum eh_conf_verify verify, struct eh_keys **keysp)
{
	struct eh_keys *k = calloc(1, sizeof(*k));
	pthread_rwlockattr_t attr;

	if ((*keysp = k) == NULL)
		return EH_ERR_MEMORY;
	k->engine = engine;
	k->backend = backend;
	k->verify = verify;
	pthread_mutex_init(&k->change, NULL);
	/* A line that never stops signing must not keep a new key out. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(
	    &attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&k->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	return EH_OK;
}

void
eh_keys_count(struct eh_keys *k, struct eh_counted *counted)
{
	k->counted = counted;
}

static void
empty(struct slot *s)
{
	eh_verifier_free(s->verifier);
	memset(s, 0, sizeof(*s));
}

void
eh_keys_free(struct eh_keys *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < EH_STATE_KEYS; i++)
		empty(&k->slot[i]);
	pthread_rwlock_destroy(&k->lock);
	pthread_mutex_destroy(&k->change);
	free(k);
}

static struct slot *
slot_of(struct eh_keys *k, uint64_t object)
{
	for (size_t i = 0; i < EH_STATE_KEYS; i++)
		if (k->slot[i].object == object)
			return &k->slot[i];
	return NULL;
}

static const char *
name_of(const struct eh_state_key *row)
{
	return row->label[0] != '\0' ? row->label : "(no label)";
}

/* --- is the backend's key the one that the state names? --- */

/* A signature over a digest that nobody could foresee. */
static int
try_key(struct eh_keys *k, unsigned long handle,
    const struct eh_verifier *verifier, struct eh_error *error)
{
	uint8_t digest[EH_DIGEST_LEN], signature[EH_SIGNATURE_LEN];
	int err;

	if (eh_rng_fill(digest, sizeof(digest)) != EH_OK)
		return eh_error_set(
		    error, EH_ERR_CRYPTO, "no random numbers are to be had");
	err = k->backend->ops->sign(
	    k->backend, handle, digest, signature, error);
	if (err == EH_OK &&
	    eh_verifier_verify_digest(verifier, digest, signature) != EH_OK)
		err = eh_error_set(error, EH_ERR_SIGNATURE,
		    "the key store signs with another key than it shows");
	return err;
}

static int
check_pair(struct eh_keys *k, const struct eh_rawkey *public,
    const struct eh_backend_key *found, struct slot *slot,
    struct eh_error *error)
{
	int err;

	if (!eh_rawkey_equal(public, &found->public))
		return eh_error_set(error, EH_DENIED_KEY,
		    "the key store holds another key in its place");
	if (!found->sensitive)
		return eh_error_set(error, EH_DENIED_KEY,
		    "the key store would give the private key away");
	if ((err = eh_verifier_new(public, &slot->verifier)) != EH_OK)
		return eh_error_set(
		    error, err, "its public key cannot be used");
	slot->handle = found->handle;
	return try_key(k, found->handle, slot->verifier, error);
}

/* A key that a TPM counts is made again from what the state says of it.  No
 * signature is tried: that would cost a use. */
static int
join_counted(struct eh_keys *k, const struct eh_state_key *row,
    struct slot *slot, struct eh_error *error)
{
	struct eh_counted_key from = { .count_key = row->count_key };
	struct eh_rawkey public;
	int err;

	if (k->counted == NULL)
		return eh_error_set(error, EH_DENIED_KEY,
		    "it rests in a TPM, and edgehsm.conf names none "
		    "(backend.issuing)");
	memcpy(from.ref, row->backend, EH_COUNT_REF);
	if ((err = eh_counted_make(k->counted, &from, &public, error)) !=
	    EH_OK)
		return err;
	if (!eh_rawkey_equal(&public, &row->key))
		return eh_error_set(error, EH_DENIED_KEY,
		    "the TPM does not have it: it was cleared, or it is "
		    "another one");
	slot->is_counted = 1;
	if ((err = eh_verifier_new(&row->key, &slot->verifier)) != EH_OK)
		return eh_error_set(
		    error, err, "its public key cannot be used");
	return EH_OK;
}

/* Fill ${slot} for ${row}; a slot that cannot be used says why. */
static int
join(struct eh_keys *k, const struct eh_state_key *row, struct slot *slot)
{
	struct eh_backend_key found;
	struct eh_error error;
	int err = EH_DENIED_KEY;

	memset(slot, 0, sizeof(*slot));
	slot->object = row->object;
	eh_error_clear(&error);
	if (row->backend_len != EH_BACKEND_ID_LEN)
		eh_error_set(&error, err, "its id is none of this key store");
	else if (row->custody == EH_CUSTODY_COUNTED)
		err = join_counted(k, row, slot, &error);
	else if ((err = k->backend->ops->find(
		      k->backend, row->backend, &found, &error)) == EH_OK)
		err = check_pair(k, &row->key, &found, slot, &error);
	if (err != EH_OK) {
		snprintf(slot->why, sizeof(slot->why), "%s",
		    eh_error_sentence(&error));
		eh_log(EH_LOG_ERROR, "key '%s' (object %llu) is refused: %s",
		    name_of(row), (unsigned long long)row->object, slot->why);
	}
	return err;
}

unsigned
eh_keys_load(struct eh_keys *k)
{
	struct eh_state_key *rows = calloc(EH_STATE_KEYS, sizeof(*rows));
	const struct eh_state *state;
	unsigned bad = 0;

	if (rows == NULL)
		return EH_STATE_KEYS;
	state = eh_engine_lock(k->engine);
	memcpy(rows, state->key, sizeof(state->key));
	eh_engine_unlock(k->engine);
	pthread_rwlock_wrlock(&k->lock);
	for (size_t i = 0; i < EH_STATE_KEYS; i++) {
		empty(&k->slot[i]);
		if (rows[i].object != 0 &&
		    join(k, &rows[i], &k->slot[i]) != EH_OK)
			bad++;
	}
	pthread_rwlock_unlock(&k->lock);
	free(rows);
	return bad;
}

/* --- looking up --- */

static int
no_such_key(struct eh_error *error)
{
	return eh_error_set(
	    error, EH_ERR_NOT_FOUND, "the token has no such key");
}

typedef int key_test(const struct eh_state_key *, const void *arg);

static int
has_object(const struct eh_state_key *row, const void *arg)
{
	const uint64_t *object = arg;

	return row->object == *object;
}

static int
has_digest(const struct eh_state_key *row, const void *arg)
{
	return memcmp(row->digest, arg, EH_DIGEST_LEN) == 0;
}

static int
has_purpose(const struct eh_state_key *row, const void *arg)
{
	const enum eh_purpose *purpose = arg;

	return row->purpose == *purpose;
}

/* Copy the first key of the state that passes ${test}. */
static int
copy_key(struct eh_keys *k, key_test *test, const void *arg,
    struct eh_state_key *out, struct eh_error *error)
{
	const struct eh_state *state = eh_engine_lock(k->engine);
	int found = 0;

	for (size_t i = 0; !found && i < EH_STATE_KEYS; i++)
		if (state->key[i].object != 0 && test(&state->key[i], arg)) {
			*out = state->key[i];
			found = 1;
		}
	eh_engine_unlock(k->engine);
	return found ? EH_OK : no_such_key(error);
}

int
eh_keys_get(struct eh_keys *k, uint64_t object, struct eh_state_key *out,
    struct eh_error *error)
{
	return copy_key(k, has_object, &object, out, error);
}

int
eh_keys_by_digest(struct eh_keys *k, const uint8_t digest[EH_DIGEST_LEN],
    struct eh_state_key *out, struct eh_error *error)
{
	return copy_key(k, has_digest, digest, out, error);
}

int
eh_keys_attestation(
    struct eh_keys *k, struct eh_state_key *out, struct eh_error *error)
{
	const enum eh_purpose purpose = EH_PURPOSE_ATTESTATION;

	return copy_key(k, has_purpose, &purpose, out, error);
}

/* --- signing --- */

static int
sign(struct eh_keys *k, const struct slot *slot,
    const uint8_t digest[EH_DIGEST_LEN], uint8_t signature[EH_SIGNATURE_LEN],
    struct eh_error *error)
{
	int err;

	if (slot->is_counted)
		return eh_error_set(error, EH_DENIED_KEY,
		    "the key signs only what its TPM counts");
	err = k->backend->ops->sign(
	    k->backend, slot->handle, digest, signature, error);
	if (err != EH_OK || k->verify != EH_CONF_VERIFY_ALWAYS)
		return err;
	if (eh_verifier_verify_digest(slot->verifier, digest, signature) ==
	    EH_OK)
		return EH_OK;
	eh_wipe(signature, EH_SIGNATURE_LEN);
	eh_log(EH_LOG_ERROR,
	    "the key store gave a signature by object %llu that does not "
	    "verify; it was thrown away",
	    (unsigned long long)slot->object);
	return eh_error_set(error, EH_ERR_SIGNATURE,
	    "the key store gave a signature that does not verify");
}

/* With the lock held. */
static int
usable_slot(struct eh_keys *k, uint64_t object, const struct slot **slotp,
    struct eh_error *error)
{
	if (object == 0 || (*slotp = slot_of(k, object)) == NULL)
		return no_such_key(error);
	if ((*slotp)->why[0] != '\0')
		return eh_error_set(error, EH_DENIED_KEY,
		    "the key cannot be used: %s", (*slotp)->why);
	return EH_OK;
}

int
eh_keys_check(struct eh_keys *k, uint64_t object, struct eh_error *error)
{
	const struct slot *slot;
	int err;

	pthread_rwlock_rdlock(&k->lock);
	err = usable_slot(k, object, &slot, error);
	pthread_rwlock_unlock(&k->lock);
	return err;
}

int
eh_keys_sign(struct eh_keys *k, uint64_t object,
    const uint8_t digest[EH_DIGEST_LEN], uint8_t signature[EH_SIGNATURE_LEN],
    struct eh_error *error)
{
	const struct slot *slot;
	int err;

	memset(signature, 0, EH_SIGNATURE_LEN);
	pthread_rwlock_rdlock(&k->lock);
	if ((err = usable_slot(k, object, &slot, error)) == EH_OK)
		err = sign(k, slot, digest, signature, error);
	pthread_rwlock_unlock(&k->lock);
	return err;
}

static int
signer_sign(void *arg, const void *message, size_t len,
    uint8_t signature[EH_SIGNATURE_LEN])
{
	struct eh_keys_signer *s = arg;
	uint8_t digest[EH_SHA256_LEN];

	eh_sha256(message, len, digest);
	return eh_keys_sign(s->keys, s->object, digest, signature, s->error);
}

void
eh_keys_signer_init(struct eh_keys_signer *arg, struct eh_keys *keys,
    const struct eh_state_key *key, struct eh_signer *signer,
    struct eh_error *error)
{
	arg->keys = keys;
	arg->object = key->object;
	arg->error = error;
	signer->sign = signer_sign;
	signer->arg = arg;
	signer->alg = EH_ALG_ES256;
	eh_keyid_kid(&key->key, signer->kid);
}

/* --- making --- */

/* Make a key in the backend and fill ${row} but for object, label and CKA_ID. */
static int
make(struct eh_keys *k, enum eh_purpose purpose, struct eh_state_key *row,
    struct slot *slot, struct eh_error *error)
{
	struct eh_backend_key made;
	int err;

	memset(row, 0, sizeof(*row));
	memset(slot, 0, sizeof(*slot));
	row->backend_len = EH_BACKEND_ID_LEN;
	if (eh_rng_fill(row->backend, EH_BACKEND_ID_LEN) != EH_OK)
		return eh_error_set(
		    error, EH_ERR_CRYPTO, "no random numbers are to be had");
	if ((err = k->backend->ops->generate(
		 k->backend, row->backend, &made, error)) != EH_OK)
		return err;
	row->key = made.public;
	row->purpose = (uint8_t)purpose;
	row->origin = EH_ORIGIN_BACKEND;
	/* Whatever the token says of itself, nobody has verified it: whoever
	 * has the PIN file has the keys. */
	row->custody = EH_CUSTODY_PIN_FILE;
	row->alg = EH_ALG_ES256;
	eh_keyid_spki_digest(&row->key, row->digest);
	if ((err = check_pair(k, &row->key, &made, slot, error)) != EH_OK) {
		if (err == EH_ERR_SIGNATURE)
			eh_health_fail(
			    "pairwise test of a new key: %s; put the key store "
			    "right, then start edgehsmd again",
			    eh_error_sentence(error));
		empty(slot);
		k->backend->ops->destroy(k->backend, row->backend, NULL);
	}
	return err;
}

/* The authority's key that approves the uses of a counted one. */
static int
find_count_key(
    struct eh_keys *k, struct eh_rawkey *out, struct eh_error *error)
{
	const struct eh_state *state = eh_engine_lock(k->engine);
	int found = 0;

	for (unsigned i = 0; !found && i < EH_STATE_ISSUERS; i++)
		if (state->issuer[i].key.len == EH_P256_POINT_LEN &&
		    state->issuer[i].state == EH_KEY_ACTIVE &&
		    (state->issuer[i].roles & EH_ROLE_BIT(EH_ROLE_COUNT)) !=
		    0) {
			*out = state->issuer[i].key;
			found = 1;
		}
	eh_engine_unlock(k->engine);
	return found ? EH_OK : eh_error_set(error, EH_DENIED_STATE,
	    "the TPM counts under a key of the authority, and no issuer grant "
	    "with such a key (role 9) was imported: enrol first");
}

/* As make(), in the TPM. */
static int
make_counted(struct eh_keys *k, struct eh_state_key *row, struct slot *slot,
    struct eh_error *error)
{
	struct eh_counted_key from;
	int err;

	memset(row, 0, sizeof(*row));
	memset(slot, 0, sizeof(*slot));
	memset(&from, 0, sizeof(from));
	row->backend_len = EH_BACKEND_ID_LEN;
	if ((err = find_count_key(k, &row->count_key, error)) != EH_OK)
		return err;
	if (eh_rng_fill(row->backend, EH_BACKEND_ID_LEN) != EH_OK)
		return eh_error_set(
		    error, EH_ERR_CRYPTO, "no random numbers are to be had");
	from.count_key = row->count_key;
	memcpy(from.ref, row->backend, EH_COUNT_REF);
	if ((err = eh_counted_make(k->counted, &from, &row->key, error)) !=
	    EH_OK)
		return err;
	row->purpose = EH_PURPOSE_ISSUING;
	row->origin = EH_ORIGIN_BACKEND;
	row->custody = EH_CUSTODY_COUNTED;
	row->alg = EH_ALG_ES256;
	eh_keyid_spki_digest(&row->key, row->digest);
	return join_counted(k, row, slot, error);
}

static void
put_slot(struct eh_keys *k, const struct slot *made)
{
	struct slot *free_slot;

	pthread_rwlock_wrlock(&k->lock);
	if ((free_slot = slot_of(k, 0)) != NULL)
		*free_slot = *made;
	pthread_rwlock_unlock(&k->lock);
}

int
eh_keys_make_attestation(
    struct eh_keys *k, struct eh_state_key *row, struct eh_error *error)
{
	struct slot slot;
	int err;

	err = make(k, EH_PURPOSE_ATTESTATION, row, &slot, error);
	empty(&slot); /* eh_keys_load() joins it once the state names it */
	if (err == EH_OK) {
		snprintf(row->label, sizeof(row->label), "attestation");
		row->id_len = 20;
		eh_keyid_ski(&row->key, row->id);
	}
	return err;
}

static void
name_key(struct eh_state_key *row, const struct eh_keys_want *want)
{
	snprintf(row->label, sizeof(row->label), "%s", want->label);
	if (want->idlen > 0) {
		memcpy(row->id, want->id, want->idlen);
		row->id_len = (uint8_t)want->idlen;
	} else {
		row->id_len = 20;
		eh_keyid_ski(&row->key, row->id);
	}
}

static int
check_want(struct eh_keys *k, const struct eh_keys_want *want,
    uint64_t *objectp, struct eh_error *error)
{
	const struct eh_state *state;
	size_t used = 0;

	if (want->purpose != EH_PURPOSE_GENERAL &&
	    want->purpose != EH_PURPOSE_ISSUING)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "keys of purpose %u cannot be made by this version: "
		    "general (0) and issuing (2) can",
		    (unsigned)want->purpose);
	if (strlen(want->label) > EH_STATE_LABEL ||
	    want->idlen > EH_STATE_LABEL)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "a label or id of more than %d bytes", EH_STATE_LABEL);
	state = eh_engine_lock(k->engine);
	*objectp = state->next_object;
	for (size_t i = 0; i < EH_STATE_KEYS; i++)
		used += state->key[i].object != 0;
	eh_engine_unlock(k->engine);
	if (used == EH_STATE_KEYS)
		return eh_error_set(error, EH_ERR_FULL,
		    "the token holds %zu keys, which is the most", used);
	return EH_OK;
}

/* Record what happened to a key, and anchor what it changes. */
static int
record(struct eh_keys *k, enum eh_key_action action,
    const struct eh_state_key *row, struct eh_error *error)
{
	struct eh_record *rec = calloc(1, sizeof(*rec));
	uint8_t redo[EH_KEYS_REDO_MAX];
	struct eh_change change = { .record = rec, .redo = redo };
	struct eh_writer w;
	int err;

	if (rec == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	eh_record_init(rec, EH_RECORD_KEY);
	rec->of.key.action = action;
	memcpy(rec->of.key.digest, row->digest, EH_DIGEST_LEN);
	rec->of.key.purpose = (enum eh_purpose)row->purpose;
	rec->of.key.alg = row->alg;
	rec->of.key.origin = (enum eh_origin)row->origin;
	eh_writer_init(&w, redo, sizeof(redo));
	if (action == EH_KEY_GENERATED)
		eh_keys_redo_encode(row, &w);
	if ((err = eh_writer_end(&w, &change.redolen)) == EH_OK)
		err = eh_engine_change(k->engine, &change, error);
	free(rec);
	return err;
}

static int
generate(struct eh_keys *k, const struct eh_keys_want *want,
    struct eh_state_key *row, struct eh_error *error)
{
	uint64_t object = 0;
	struct slot slot;
	int err;

	if ((err = check_want(k, want, &object, error)) != EH_OK ||
	    (err = want->purpose == EH_PURPOSE_ISSUING && k->counted != NULL ?
	         make_counted(k, row, &slot, error) :
	         make(k, want->purpose, row, &slot, error)) != EH_OK)
		return err;
	row->object = slot.object = object;
	name_key(row, want);
	err = record(k, EH_KEY_GENERATED, row, error);
	if (err == EH_OK) {
		put_slot(k, &slot);
		return EH_OK;
	}
	empty(&slot);
	/* After a fail-stop nobody knows whether the record is durable: the key
	 * stays, for the next start to judge. */
	if (err != EH_DENIED_FAIL_STOPPED &&
	    row->custody != EH_CUSTODY_COUNTED)
		k->backend->ops->destroy(k->backend, row->backend, NULL);
	return err;
}

int
eh_keys_generate(struct eh_keys *k, const struct eh_keys_want *want,
    struct eh_state_key *made, struct eh_error *error)
{
	int err;

	pthread_mutex_lock(&k->change);
	err = generate(k, want, made, error);
	pthread_mutex_unlock(&k->change);
	return err;
}

/* --- destroying, naming --- */

static int
destroy(struct eh_keys *k, const struct eh_state_key *row,
    struct eh_error *error)
{
	struct eh_error why;
	struct slot *slot;
	int err;

	if (row->purpose == EH_PURPOSE_ATTESTATION)
		return eh_error_set(error, EH_DENIED_KEY,
		    "the attestation key is the identity of this EdgeHSM and "
		    "cannot be destroyed");
	if ((err = record(k, EH_KEY_DESTROYED, row, error)) != EH_OK)
		return err;
	pthread_rwlock_wrlock(&k->lock);
	if ((slot = slot_of(k, row->object)) != NULL)
		empty(slot);
	pthread_rwlock_unlock(&k->lock);
	eh_error_clear(&why);
	if (row->custody == EH_CUSTODY_COUNTED)
		return EH_OK; /* nothing can be approved for it any more */
	if (k->backend->ops->destroy(k->backend, row->backend, &why) == EH_OK)
		return EH_OK;
	return eh_error_set(error, EH_ERR_BACKEND,
	    "the key is gone from the token, but the key store still holds "
	    "it: %s",
	    eh_error_sentence(&why));
}

int
eh_keys_destroy(struct eh_keys *k, uint64_t object, struct eh_error *error)
{
	struct eh_state_key row;
	int err;

	pthread_mutex_lock(&k->change);
	if ((err = eh_keys_get(k, object, &row, error)) == EH_OK)
		err = destroy(k, &row, error);
	pthread_mutex_unlock(&k->change);
	return err;
}

int
eh_keys_destroy_general(struct eh_keys *k, struct eh_error *error)
{
	const enum eh_purpose purpose = EH_PURPOSE_GENERAL;
	struct eh_state_key row;
	int err = EH_OK;

	pthread_mutex_lock(&k->change);
	while (err == EH_OK &&
	    copy_key(k, has_purpose, &purpose, &row, NULL) == EH_OK)
		err = destroy(k, &row, error);
	pthread_mutex_unlock(&k->change);
	return err;
}

struct naming {
	uint64_t object;
	const char *label;
	const uint8_t *id;
	size_t idlen;
};

static int
apply_name(struct eh_state *state, void *arg, struct eh_error *error)
{
	const struct naming *n = arg;
	struct eh_state_key *row = eh_state_key(state, n->object);

	if (row == NULL)
		return no_such_key(error);
	if (n->label != NULL)
		snprintf(row->label, sizeof(row->label), "%s", n->label);
	if (n->id != NULL) {
		memset(row->id, 0, sizeof(row->id));
		memcpy(row->id, n->id, n->idlen);
		row->id_len = (uint8_t)n->idlen;
	}
	return EH_OK;
}

int
eh_keys_name(struct eh_keys *k, uint64_t object, const char *label,
    const uint8_t *id, size_t idlen, struct eh_error *error)
{
	struct naming n = { object, label, id, idlen };
	struct eh_change change = { .change = apply_name, .arg = &n };

	if ((label != NULL && strlen(label) > EH_STATE_LABEL) ||
	    (id != NULL && idlen > EH_STATE_LABEL))
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "a label or id of more than %d bytes", EH_STATE_LABEL);
	return eh_engine_change(k->engine, &change, error);
}
