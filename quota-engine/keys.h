/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h - the token's own keys: what the state says of them, joined with what
 * the backend holds. */
#ifndef EH_QUOTA_ENGINE_KEYS_H
#define EH_QUOTA_ENGINE_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/crypto/signer.h"
#include "quota-engine/backend/backend.h"
#include "quota-engine/backend/counted.h"
#include "quota-engine/engine.h"

/*
 * A key exists because the anchored state names it (struct eh_state_key:
 * purpose, public key, id in the backend), never because the backend has it.
 * When the keys are loaded, each is looked up in the backend, its public key is
 * compared with the state, and one signature is tried: a key that was
 * exchanged, altered or removed behind the daemon's back is refused with that
 * reason until it is put right.
 *
 * With EH_CONF_VERIFY_ALWAYS every signature of the backend is verified before
 * anybody sees it, which answers fault attacks too.
 *
 * All functions may be called from any worker; none while holding the ledger's
 * lock.
 */
struct eh_keys;

/* Borrow engine and backend.  EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_keys_new(struct eh_engine *, struct eh_backend *,
    enum eh_conf_verify, struct eh_keys **);
void eh_keys_free(struct eh_keys *);

/* Make issuing keys in this TPM from now on; call it before eh_keys_load(). */
void eh_keys_count(struct eh_keys *, struct eh_counted *);

/* Join the state's keys with the backend's: at start, and after genesis.  What
 * does not fit is logged and stays refused; that is no error.  Returns how many
 * keys cannot be used. */
unsigned eh_keys_load(struct eh_keys *);

/*
 * Copy the state's row of the key ${object} (of the key with this SPKI digest;
 * of the attestation key).  EH_ERR_NOT_FOUND with a sentence.
 */
EH_MUST_CHECK int eh_keys_get(struct eh_keys *, uint64_t object,
    struct eh_state_key *, struct eh_error *);
EH_MUST_CHECK int eh_keys_by_digest(struct eh_keys *,
    const uint8_t digest[EH_DIGEST_LEN], struct eh_state_key *,
    struct eh_error *);
EH_MUST_CHECK int eh_keys_attestation(
    struct eh_keys *, struct eh_state_key *, struct eh_error *);

/* Could this key sign, as far as the key store is concerned?  EH_OK,
 * EH_ERR_NOT_FOUND, or EH_DENIED_KEY with what is wrong with it. */
EH_MUST_CHECK int eh_keys_check(
    struct eh_keys *, uint64_t object, struct eh_error *);

/*
 * Sign a SHA-256 digest: r || s.  Says nothing about whether the key may sign
 * this: that is the caller's rule, judged before.  EH_ERR_NOT_FOUND;
 * EH_DENIED_KEY when the backend's key is not the state's; EH_ERR_BACKEND;
 * EH_ERR_SIGNATURE when the signature does not verify (it is not given).  A
 * key that a TPM counts is signed with by eh_counts_sign() alone: EH_DENIED_KEY.
 */
EH_MUST_CHECK int eh_keys_sign(struct eh_keys *, uint64_t object,
    const uint8_t digest[EH_DIGEST_LEN], uint8_t signature[EH_SIGNATURE_LEN],
    struct eh_error *);

/* A signer over whole messages for eh_envelope_sign(); ${arg} is memory of the
 * caller that lives as long as the signer. */
struct eh_keys_signer {
	struct eh_keys *keys;
	uint64_t object;
	struct eh_error *error;	/* gets the sentence; may be NULL */
};
void eh_keys_signer_init(struct eh_keys_signer *arg, struct eh_keys *,
    const struct eh_state_key *key, struct eh_signer *signer,
    struct eh_error *error);

/* What is asked for when a key is made. */
struct eh_keys_want {
	enum eh_purpose purpose;	/* general or issuing */
	const char *label;		/* at most EH_STATE_LABEL */
	const uint8_t *id;		/* CKA_ID; empty: the SKI */
	size_t idlen;
};

/*
 * Make a P-256 key: generate it in the backend, try it, record it (kind 14),
 * anchor it.  ${made} gets the new row.  EH_ERR_UNSUPPORTED for a purpose that
 * this version does not make, EH_ERR_FULL with the numbers, and the errors of
 * backend and engine; then the backend's key is destroyed again.
 */
EH_MUST_CHECK int eh_keys_generate(struct eh_keys *,
    const struct eh_keys_want *, struct eh_state_key *made, struct eh_error *);

/*
 * Destroy a key: record and anchor that it is gone, then destroy it in the
 * backend.  The attestation key is EH_DENIED_KEY.  Who may ask for which purpose
 * is the caller's rule.
 */
EH_MUST_CHECK int eh_keys_destroy(
    struct eh_keys *, uint64_t object, struct eh_error *);

/* Destroy every key of purpose general (init-token). */
EH_MUST_CHECK int eh_keys_destroy_general(
    struct eh_keys *, struct eh_error *);

/* Give a key another label or CKA_ID (NULL: as it is), anchored.  Neither
 * decides anything. */
EH_MUST_CHECK int eh_keys_name(struct eh_keys *, uint64_t object,
    const char *label, const uint8_t *id, size_t idlen, struct eh_error *);

/* Make the attestation key for genesis: in the backend and in ${row}; the state
 * does not know it yet. */
EH_MUST_CHECK int eh_keys_make_attestation(
    struct eh_keys *, struct eh_state_key *row, struct eh_error *);

/* The functions of record kind 14 for struct eh_engine_params. */
extern const struct eh_apply eh_keys_apply[];
extern const size_t eh_keys_napply;

#endif
