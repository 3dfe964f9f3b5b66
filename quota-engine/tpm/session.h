/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - a salted HMAC session of our own, for what is done often. */
#ifndef EH_QUOTA_ENGINE_TPM_SESSION_H
#define EH_QUOTA_ENGINE_TPM_SESSION_H

#include <stddef.h>
#include <stdint.h>
#include <tss2/tss2_sys.h>

#include "common/crypto/digest.h"
#include "common/crypto/rawkey.h"
#include "common/tpm/count.h"

/*
 * TPM 2.0 part 1, "Session-Based Authorizations", with SHA-256.  libtss2-esys
 * has such sessions too, but makes a new library context of libcrypto for every
 * digest of theirs: 3 ms a command, on the same processors as the line.  This
 * one reads and extends NV indexes, reads the clock, and does nothing else.
 */
struct eh_tpm_session {
	TSS2_SYS_CONTEXT *sys;		/* borrowed */
	uint32_t handle;		/* 0: none */
	uint8_t key[EH_SHA256_LEN];
	TPM2B_NONCE nonce;		/* the TPM's newest */
};

/* An NV index that has been written, and its authorization value. */
struct eh_tpm_nv {
	uint32_t handle;
	const uint8_t *name;		/* EH_COUNT_NAME bytes */
	const TPM2B_AUTH *auth;		/* no zeros at its end */
};

/* Begin one, salted with the loaded key ${handle}, whose public half ${ek} is on
 * P-256.  Response codes as those of libtss2-esys. */
TSS2_RC eh_tpm_session_start(struct eh_tpm_session *, TSS2_SYS_CONTEXT *,
    uint32_t handle, const struct eh_rawkey *ek);

/* End it, in the TPM too, and wipe it. */
void eh_tpm_session_end(struct eh_tpm_session *);

/*
 * Each is authorized by the index itself, and the answer is believed when its
 * HMAC is good: else TSS2_ESYS_RC_RSP_AUTH_FAILED.
 */
TSS2_RC eh_tpm_session_read(struct eh_tpm_session *, const struct eh_tpm_nv *,
    uint8_t *out, size_t len);
TSS2_RC eh_tpm_session_extend(struct eh_tpm_session *,
    const struct eh_tpm_nv *, const uint8_t digest[EH_SHA256_LEN]);

/* Read the TPM's clocks; the session only audits, so that the answer has its
 * HMAC. */
TSS2_RC eh_tpm_session_clock(struct eh_tpm_session *, TPMS_TIME_INFO *);

#endif
