/* SPDX-License-Identifier: Apache-2.0 */
/* rollover.h - issuer grants, and exchanging the message key. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_ROLLOVER_H
#define EH_ORCHESTRATOR_AUTHORITY_ROLLOVER_H

#include "orchestrator/authority/authority.h"

/*
 * Sign an issuer grant in the caller's transaction: the message key is active;
 * former ones are retired, so that what they installed lives on, but for those
 * that were dropped, or revoked at this EdgeHSM, and the oldest of more than
 * seven.
 */
EH_MUST_CHECK int eh_rollover_sign_grant(struct eh_authority *,
    const uint8_t hsm[EH_HSM_ID_LEN], const char *factory, uint64_t expires,
    uint64_t now, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_error *);

/* A new grant for an EdgeHSM that is enrolled, valid for ${days} (1 to 400). */
EH_MUST_CHECK int eh_rollover_grant(struct eh_authority *, const char *hsm,
    unsigned days, uint64_t now, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_error *);

/*
 * Put another message key in the place of the one of now, which is retired:
 * that at ${place} (privkey.h), or with NULL a new PEM file in the folder.
 * EH_ERR_EXISTS when it is, or was, a key of this authority: none comes back.
 * ${a} must be opened again afterwards.
 */
EH_MUST_CHECK int eh_rollover_key(struct eh_authority *a, const char *place,
    uint64_t now, uint8_t kid[EH_KID_LEN], struct eh_error *);

/* Leave a former key out of all grants from now on; EdgeHSMs close what it
 * installed when they import theirs.  EH_ERR_NOT_FOUND. */
EH_MUST_CHECK int eh_rollover_drop(struct eh_authority *,
    const uint8_t kid[EH_KID_LEN], uint64_t now, struct eh_error *);

#endif
