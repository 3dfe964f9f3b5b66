/* SPDX-License-Identifier: Apache-2.0 */
/* counts.h - which count of the TPM a signature draws on, and whether the TPM's
 * counts agree with the log. */
#ifndef EH_QUOTA_ENGINE_COUNTS_H
#define EH_QUOTA_ENGINE_COUNTS_H

#include "common/x509/profile.h"
#include "quota-engine/backend/counted.h"
#include "quota-engine/engine.h"

/*
 * doc/format/count.md sections 5 and 6.  The state says which counts there are
 * and how many of their uses were burned; the TPM says how many were used.  All
 * functions may be called from any worker; none while holding the ledger's
 * lock.
 */
struct eh_counts;

/* Borrow both; ${counted} may be NULL (backend.issuing is not set).
 * EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_counts_new(
    struct eh_engine *, struct eh_counted *, struct eh_counts **);
void eh_counts_free(struct eh_counts *);

/* Borrow the TPM, or NULL; the engine. */
struct eh_counted *eh_counts_tpm(struct eh_counts *);
struct eh_engine *eh_counts_engine(struct eh_counts *);

/*
 * Compare the TPM with the log, at start.  What the TPM counted beyond the log
 * is burned, in an anchored commit; what it counted less is
 * EH_DENIED_FAIL_STOPPED with a sentence.  A TPM that does not answer is
 * EH_ERR_BACKEND: then no counted key may be used.
 */
EH_MUST_CHECK int eh_counts_load(struct eh_counts *, struct eh_error *);

/*
 * Sign a SHA-256 digest with the counted ${key}: under ${authorization}, or
 * (NULL) what the key signs of its own.  The signature is verified.
 * EH_DENIED_QUOTA with the numbers when no use is left, or none was given yet.
 * Whoever gets EH_OK and then records nothing calls eh_counts_lost().
 */
EH_MUST_CHECK int eh_counts_sign(struct eh_counts *,
    const struct eh_state_key *key, const uint8_t *authorization,
    const uint8_t digest[EH_DIGEST_LEN], uint8_t signature[EH_SIGNATURE_LEN],
    struct eh_error *);
void eh_counts_lost(struct eh_counts *, const uint8_t *authorization);

/* The issuing keys that a profile names: all are counted (1), or none (0);
 * EH_DENIED_NO_AUTHORIZATION for one of both. */
EH_MUST_CHECK int eh_counts_profile(struct eh_counts *,
    const struct eh_profile *, struct eh_error *);

/* counts_ask.c: the index that the authority is to be asked about for this
 * use, written or not: one that is under way, or a new one. */
EH_MUST_CHECK int eh_counts_ask(struct eh_counts *,
    const struct eh_count_for *, struct eh_count_index *, uint8_t *writtenp,
    struct eh_error *);

/* Are these for the same thing? */
int eh_counts_same(
    const struct eh_state_count *, const struct eh_count_for *);

#endif
