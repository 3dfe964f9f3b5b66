/* SPDX-License-Identifier: Apache-2.0 */
/* link.h - a connection to a TPM, and a session that only it can answer in. */
#ifndef EH_QUOTA_ENGINE_TPM_LINK_H
#define EH_QUOTA_ENGINE_TPM_LINK_H

#include <stdint.h>
#include <tss2/tss2_esys.h>

#include "common/tpm/count.h"
#include "quota-engine/tpm/session.h"

/* What came of a call. */
enum eh_tpm_outcome {
	EH_TPM_DONE,
	EH_TPM_ABSENT,		/* there is no such index */
	EH_TPM_FOREIGN,		/* there is one, but not such as ours */
	EH_TPM_UNWRITTEN,	/* our secret is right, and no bytes yet */
	EH_TPM_REFUSED,		/* wrong secret, or an answer by a stranger */
	EH_TPM_BUSY,		/* put off: the same again later */
	EH_TPM_LOST,		/* nobody knows: connect again */
	EH_TPM_FAILED		/* anything else: it will not get better */
};

/*
 * A link is closed while ${esys} is NULL.  The session is an HMAC
 * one, salted with the TPM's endorsement key (TCG template L-2: ECC P-256), so
 * that nobody between us and the TPM can make up an answer.
 */
struct eh_tpm_link {
	TSS2_TCTI_CONTEXT *transport;
	ESYS_CONTEXT *esys;
	ESYS_TR session;
	struct eh_tpm_session quick;	/* see eh_tpm_link_quicken() */
	uint8_t key[EH_COUNT_NAME];	/* Name of the endorsement key */
};

/* Connect through ${tcti} (for libtss2-tctildr) and begin the session.  Nothing
 * is written in the TPM.  On failure it is closed. */
TSS2_RC eh_tpm_link_open(struct eh_tpm_link *, const char *tcti);

/* Does ${rc} say that the TPM has no room for a session or an object? */
int eh_tpm_link_is_crowded(TSS2_RC rc);

/* Remove what clients that were killed have left in the TPM's memory, and begin
 * the session anew.  Where a resource manager stands between, there is nothing
 * of theirs to be seen.  On failure it is closed. */
TSS2_RC eh_tpm_link_sweep(struct eh_tpm_link *);

/*
 * Exchange ${session} for the quick one, for reading and extending, and back:
 * a TPM has room for three.  Either is salted in the same way.  Nothing is done
 * when it is there already.
 */
TSS2_RC eh_tpm_link_quicken(struct eh_tpm_link *);
TSS2_RC eh_tpm_link_resume(struct eh_tpm_link *);

/* End the session and the connection, if there are any. */
void eh_tpm_link_close(struct eh_tpm_link *);

/* What came of a call of libtss2-esys that returned ${rc}. */
enum eh_tpm_outcome eh_tpm_link_judge(TSS2_RC rc);

#endif
