/* SPDX-License-Identifier: Apache-2.0 */
/* genesis.h - the one moment when an EdgeHSM comes to be. */
#ifndef EH_QUOTA_ENGINE_GENESIS_H
#define EH_QUOTA_ENGINE_GENESIS_H

#include "quota-engine/boundary.h"

struct eh_genesis {
	const char *label;	/* of the token */
	const uint8_t *pin;	/* of the security officer */
	size_t pinlen;
	const uint8_t *root;	/* DER SPKI of the OEM's root, P-256 */
	size_t rootlen;
};

/*
 * Pin the root, then make boundary secret and attestation key, both new, then
 * state, journal and anchor.  Only on what is fresh in every part: no state
 * copy, no journal, an anchor that was never defined, and a key store that holds
 * no object of ours; else EH_DENIED_STATE naming the part that is not and what
 * to do.  The root can never be changed afterwards.
 *
 * When there is no space (EH_ERR_FULL), nothing is left of it, and it can be
 * repeated.  When it fails otherwise before anything is written, what it made in
 * the key store is destroyed again.
 */
EH_MUST_CHECK int eh_genesis_run(
    struct eh_boundary *, const struct eh_genesis *, struct eh_error *);

/* Derive the engine's keys from the boundary secret.  EH_ERR_NOT_FOUND,
 * EH_ERR_BACKEND. */
EH_MUST_CHECK int eh_genesis_derive(
    struct eh_backend *, struct eh_engine_keys *, struct eh_error *);

/* Give the anchor (NULL: there is none to give it to) its secret, derived from
 * the boundary secret as "EdgeHSM-anchor-v1", if it needs one.  EH_ERR_NOT_FOUND,
 * EH_ERR_BACKEND. */
EH_MUST_CHECK int eh_genesis_bind(
    struct eh_backend *, struct eh_anchor *, struct eh_error *);

/* The same for the TPM that counts, or NULL: "EdgeHSM-count-v1". */
EH_MUST_CHECK int eh_genesis_bind_count(
    struct eh_backend *, struct eh_counted *, struct eh_error *);

#endif
