/* SPDX-License-Identifier: Apache-2.0 */
/* count.h - count: the authority's policies for a count in a TPM. */
#ifndef EH_COMMON_MESSAGE_COUNT_H
#define EH_COMMON_MESSAGE_COUNT_H

#include "common/crypto/verifier.h"
#include "common/message/countreq.h"

/*
 * doc/format/count.md section 4.  One of two: the policy that lets the index be
 * written once with its limit, or the policies that let each key be used by it.
 * The signatures in it are for the TPM, r || s by the same key that signs the
 * message.
 */
struct eh_count {
	struct eh_from_authority from;
	uint64_t seq;			/* rises per key and type */
	struct eh_count_for use;
	struct eh_count_index index;
	uint32_t limit;			/* 1..EH_COUNT_LIMIT_MAX */
	uint8_t is_approval;
	uint8_t write[EH_SIGNATURE_LEN];	/* unless it is */
	uint8_t approvals[EH_COUNT_KEYS_MAX][EH_SIGNATURE_LEN]; /* per key */
};

/* Decode a payload.  Checked: the schema; as many approvals as keys.  EH_OK,
 * EH_ERR_FORMAT, EH_ERR_TRAILING. */
EH_MUST_CHECK int eh_count_decode(
    const void *payload, size_t len, struct eh_count *, struct eh_error *);

/* Write a payload, as eh_grant_encode() does. */
void eh_count_encode(const struct eh_count *, struct eh_writer *);

#endif
