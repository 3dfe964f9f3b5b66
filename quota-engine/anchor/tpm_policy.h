/* SPDX-License-Identifier: Apache-2.0 */
/* tpm_policy.h - what may be done to an index of the platform, and by whom. */
#ifndef EH_QUOTA_ENGINE_ANCHOR_TPM_POLICY_H
#define EH_QUOTA_ENGINE_ANCHOR_TPM_POLICY_H

#include <stdint.h>

#include "common/crypto/rawkey.h"
#include "common/err.h"
#include "common/message/types.h"

/* The branches of the policy, in their order. */
enum eh_tpm_branch {
	EH_TPM_MAY_DELETE,	/* with a signature of the OEM's root */
	EH_TPM_MAY_TAKE,	/* who knows its authorization value */
	EH_TPM_BRANCHES
};

/*
 * Policy digests of an index for the P-256 key ${root} (doc/format/anchor.md
 * section 4; TPM 2.0 part 3, PolicySigned, PolicyCommandCode, PolicyAuthValue,
 * PolicyOR), computed without a TPM.  EH_ERR_ARGUMENT for another kind of key;
 * EH_ERR_CRYPTO.
 */
EH_MUST_CHECK int eh_tpm_policy(const struct eh_rawkey *root,
    uint8_t branch[EH_TPM_BRANCHES][EH_DIGEST_LEN],
    uint8_t policy[EH_DIGEST_LEN]);

#endif
