/* SPDX-License-Identifier: Apache-2.0 */
/* tpm2_call.h - what counted keys ask of a TPM, one command or one sequence. */
#ifndef EH_QUOTA_ENGINE_BACKEND_TPM2_CALL_H
#define EH_QUOTA_ENGINE_BACKEND_TPM2_CALL_H

#include "quota-engine/backend/counted.h"
#include "quota-engine/tpm/link.h"

/* A ticket that this TPM gave for an approval. */
#define EH_TPM2_TICKETS 8
struct eh_tpm2_ticket {
	int used;
	uint8_t approval[64];
	TPMT_TK_VERIFIED ticket;
};

/* Everything but the first four members is of one connection. */
struct eh_tpm2 {
	char *tcti;
	TPM2B_AUTH auth;		/* of our indexes */
	struct eh_error why;		/* what went wrong last */

	int is_crowded;			/* by what others have left */
	struct eh_tpm_link via;
	ESYS_TR policy;			/* session for signing, or NONE */
	ESYS_TR key;			/* the issuing key that is loaded */
	struct eh_counted_key loaded;
	struct eh_rawkey public;
	ESYS_TR writer;			/* session that will write an index */
	struct eh_count_index awaited;
	struct eh_tpm2_ticket ticket[EH_TPM2_TICKETS];
	unsigned next_ticket;
};

enum eh_tpm_outcome eh_tpm2_connect(struct eh_tpm2 *);
void eh_tpm2_disconnect(struct eh_tpm2 *);

/* End a session that stands in the middle of a policy. */
void eh_tpm2_end_policy(struct eh_tpm2 *);

/* Load ${key} unless it is, and note its public half. */
enum eh_tpm_outcome eh_tpm2_load(
    struct eh_tpm2 *, const struct eh_counted_key *);

/* EH_TPM_DONE for everything that can be seen. */
enum eh_tpm_outcome eh_tpm2_look(struct eh_tpm2 *,
    const struct eh_rawkey *count_key, const struct eh_count_index *,
    struct eh_counted_view *);

/* Is there nothing at ${handle}? */
enum eh_tpm_outcome eh_tpm2_is_free(
    struct eh_tpm2 *, uint32_t handle, int *freep);

enum eh_tpm_outcome eh_tpm2_begin(struct eh_tpm2 *);
enum eh_tpm_outcome eh_tpm2_write(struct eh_tpm2 *,
    const struct eh_rawkey *count_key, uint32_t limit,
    const uint8_t signature[64]);
enum eh_tpm_outcome eh_tpm2_remove(
    struct eh_tpm2 *, const struct eh_count_index *);

/* Four steps of a signature; the second one spends a use.  EH_TPM_FOREIGN of
 * the first: the approval is none of the count key. */
enum eh_tpm_outcome eh_tpm2_prepare(struct eh_tpm2 *,
    const struct eh_counted_key *, const struct eh_count_index *,
    const uint8_t approval[64], const TPMT_TK_VERIFIED **);
enum eh_tpm_outcome eh_tpm2_spend(
    struct eh_tpm2 *, const struct eh_count_index *);
enum eh_tpm_outcome eh_tpm2_permit(struct eh_tpm2 *,
    const struct eh_counted_key *, const struct eh_count_index *,
    const TPMT_TK_VERIFIED *);
enum eh_tpm_outcome eh_tpm2_sign(struct eh_tpm2 *,
    const uint8_t digest[EH_SHA256_LEN], uint8_t signature[64]);

#endif
