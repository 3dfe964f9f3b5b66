/* SPDX-License-Identifier: Apache-2.0 */
/* count.h - what a TPM 2.0 computes for counted keys, computed without one. */
#ifndef EH_COMMON_TPM_COUNT_H
#define EH_COMMON_TPM_COUNT_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/digest.h"
#include "common/crypto/rawkey.h"

/*
 * doc/format/count.md.  Both sides need the same Names and policy digests: the
 * authority, which has no TPM, to sign what a TPM will accept; the boundary to
 * know its indexes again, and because a trial session would cost a use.
 * Everything is SHA-256 over the marshalled structures of TPM 2.0 parts 2
 * and 3; nothing here can fail.
 */
#define EH_COUNT_NAME	   34	/* a Name: 000b and a SHA-256 */
#define EH_COUNT_REF	   16	/* policyRef of an issuing key */
#define EH_COUNT_NONCE_MIN 16
#define EH_COUNT_NONCE_MAX 32
#define EH_COUNT_LIMIT_MAX 1000000

/* Attributes of the three kinds of object; part 2, TPMA_OBJECT and TPMA_NV. */
#define EH_COUNT_KEY_ATTRIBUTES	    0x00040040u	/* sign, userWithAuth */
#define EH_COUNT_ISSUER_ATTRIBUTES  0x00040432u	/* sign, noDA, fixedTPM,
						 * fixedParent, sensitive-
						 * DataOrigin */
#define EH_COUNT_INDEX_ATTRIBUTES   0x02060098u	/* PIN_PASS, POLICYWRITE,
						 * OWNERREAD, AUTHREAD, NO_DA */
#define EH_COUNT_INDEX_WRITTEN	    0x20000000u
#define EH_COUNT_INDEX_LEN	    8		/* u32 count, u32 limit */

/* The handles that an index may have: those of the owner. */
#define EH_COUNT_HANDLE_FIRST 0x01800000u
#define EH_COUNT_HANDLE_LAST  0x01bfffffu

/* A count index: its Name follows from these. */
struct eh_count_index {
	uint32_t handle;
	uint8_t nonce_len;
	uint8_t nonce[EH_COUNT_NONCE_MAX]; /* of the only session that writes
					    * it */
};

/* The Name of the authority's count key, a P-256 one, as external object. */
void eh_count_key_name(
    const struct eh_rawkey *key, uint8_t name[EH_COUNT_NAME]);

/* authPolicy of an issuing key: PolicyAuthorize(count key, ${ref}). */
void eh_count_issuer_policy(const struct eh_rawkey *count_key,
    const uint8_t ref[EH_COUNT_REF], uint8_t policy[EH_SHA256_LEN]);

/* Name of the issuing key ${key} with that policy. */
void eh_count_issuer_name(const struct eh_rawkey *key,
    const uint8_t policy[EH_SHA256_LEN], uint8_t name[EH_COUNT_NAME]);

/* authPolicy of an index: PolicySigned(count key, policyRef = nonce) and
 * PolicyNvWritten(NO). */
void eh_count_index_policy(const struct eh_rawkey *count_key,
    const struct eh_count_index *, uint8_t policy[EH_SHA256_LEN]);

/* Its Name before it is written, or (${written} 1) from then on. */
void eh_count_index_name(const struct eh_rawkey *count_key,
    const struct eh_count_index *, int written, uint8_t name[EH_COUNT_NAME]);

/* cpHashA of the TPM2_NV_Write that makes the index {0, ${limit}}. */
void eh_count_write_command(const struct eh_rawkey *count_key,
    const struct eh_count_index *, uint32_t limit,
    uint8_t cp_hash[EH_SHA256_LEN]);

/*
 * What the count key signs, with ECDSA and SHA-256; returns the length.
 * write: aHash of TPM2_PolicySigned: this session, that one NV_Write, no time
 * limit.  approval: aHash of TPM2_PolicyAuthorize: the key with ${ref} may be
 * used by PolicySecret(the index, written).
 */
#define EH_COUNT_SIGNED_MAX (2 * EH_COUNT_NONCE_MAX + 4 + EH_SHA256_LEN)
size_t eh_count_write_signed(const struct eh_rawkey *count_key,
    const struct eh_count_index *, uint32_t limit,
    uint8_t out[EH_COUNT_SIGNED_MAX]);
size_t eh_count_approval_signed(const struct eh_rawkey *count_key,
    const struct eh_count_index *, const uint8_t ref[EH_COUNT_REF],
    uint8_t out[EH_COUNT_SIGNED_MAX]);

/* The policy that an approval approves: of PolicySecret(the index). */
void eh_count_use_policy(const struct eh_rawkey *count_key,
    const struct eh_count_index *, uint8_t policy[EH_SHA256_LEN]);

#endif
