/* SPDX-License-Identifier: Apache-2.0 */
/* tpm_call.h - one conversation with a TPM: what the anchor asks of it. */
#ifndef EH_QUOTA_ENGINE_ANCHOR_TPM_CALL_H
#define EH_QUOTA_ENGINE_ANCHOR_TPM_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "quota-engine/anchor/anchor.h"
#include "quota-engine/clockguard.h"
#include "quota-engine/anchor/tpm_policy.h"
#include "quota-engine/tpm/link.h"

#define EH_TPM_MODEL 65

/* The two indexes of an anchor. */
enum eh_tpm_place {
	EH_TPM_INDEX,		/* type EXTEND, 32 bytes */
	EH_TPM_COUNTER,		/* type COUNTER, 8 bytes, at the next handle */
	EH_TPM_PLACES
};

/*
 * Everything but the first five members is of one connection.  Every call needs
 * eh_tpm_connect() before, and takes place in an HMAC session that is salted
 * with the TPM's endorsement key (TCG template L-2: ECC P-256) and keyed with
 * the secret, so that nobody between us and the TPM can make up an answer.
 * What went wrong last is in ${why}.
 */
struct eh_tpm {
	const char *tcti;			/* borrowed */
	enum eh_anchor_mode mode;
	uint32_t handle;			/* of EH_TPM_INDEX */
	int is_bound;				/* ${auth} holds */
	TPM2B_AUTH auth;
	struct eh_error why;
	char model[EH_TPM_MODEL];		/* as it says, once read */

	struct eh_tpm_link via;
	ESYS_TR place[EH_TPM_PLACES];		/* ESYS_TR_NONE: not looked up */
	int is_written[EH_TPM_PLACES];
	uint8_t name[EH_TPM_PLACES][EH_TPM_NAME]; /* as it is once written */
	uint8_t policy[EH_DIGEST_LEN];		/* of the platform's index */
};

/* Make the connection and the session, if there are none.  Nothing is written
 * in the TPM. */
enum eh_tpm_outcome eh_tpm_connect(struct eh_tpm *);

/* Read ${model}: manufacturer, model, firmware.  Nothing proves it. */
void eh_tpm_ask_model(struct eh_tpm *);

/* End the session and the connection, if there are any. */
void eh_tpm_disconnect(struct eh_tpm *);

/* Look an index up, and whether it was ever written (.is_written). */
enum eh_tpm_outcome eh_tpm_look_up(struct eh_tpm *, enum eh_tpm_place);

/* Read the 32 or 8 bytes of an index that was looked up. */
enum eh_tpm_outcome eh_tpm_read(
    struct eh_tpm *, enum eh_tpm_place, uint8_t *out, size_t len);

enum eh_tpm_outcome eh_tpm_extend(
    struct eh_tpm *, const uint8_t digest[EH_DIGEST_LEN]);
enum eh_tpm_outcome eh_tpm_increment(struct eh_tpm *);

/* Make an index in the hierarchy of the owner, or remove it. */
enum eh_tpm_outcome eh_tpm_define(struct eh_tpm *, enum eh_tpm_place);
enum eh_tpm_outcome eh_tpm_undefine(struct eh_tpm *, enum eh_tpm_place);

/* Give the platform's index, which was looked up and never written, our secret
 * in place of the empty value that it was made with.  The branches of its policy
 * are ${branch}. */
enum eh_tpm_outcome eh_tpm_take(struct eh_tpm *,
    uint8_t branch[EH_TPM_BRANCHES][EH_DIGEST_LEN]);

/* How long the TPM has run since it was reset, and how often that was. */
enum eh_tpm_outcome eh_tpm_clock(struct eh_tpm *, struct eh_clock_tpm *);

#endif
