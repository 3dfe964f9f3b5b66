/* SPDX-License-Identifier: Apache-2.0 */
/* countreq.h - count request: an EdgeHSM asks that its TPM may count. */
#ifndef EH_COMMON_MESSAGE_COUNTREQ_H
#define EH_COMMON_MESSAGE_COUNTREQ_H

#include "common/message/types.h"
#include "common/tpm/count.h"

/* doc/format/count.md section 3. */
#define EH_COUNT_KEYS_MAX 4

/* What a count is for: an authorization, or, without one, the requests and
 * revocation lists of a single key. */
struct eh_count_for {
	uint8_t has_authorization;
	uint8_t authorization[EH_ID_LEN];
	uint8_t nkeys;
	uint8_t keys[EH_COUNT_KEYS_MAX][EH_DIGEST_LEN]; /* rising */
};

struct eh_countreq {
	uint8_t hsm_id[EH_HSM_ID_LEN];
	struct eh_count_for use;
	uint8_t refs[EH_COUNT_KEYS_MAX][EH_COUNT_REF]; /* of the keys */
	struct eh_count_index index;
	uint8_t is_written;	/* 0: let it be written; 1: let it be used */
};

/* Decode a payload.  Checked: the schema; keys rise, and there is one without
 * an authorization.  EH_OK, EH_ERR_FORMAT, EH_ERR_TRAILING. */
EH_MUST_CHECK int eh_countreq_decode(
    const void *payload, size_t len, struct eh_countreq *, struct eh_error *);

/* Write a payload, as eh_grant_encode() does. */
void eh_countreq_encode(const struct eh_countreq *, struct eh_writer *);

/* The parts that a count has in common with its request; for count files. */
/* Is key ${i} above the one before it? */
int eh_countreq_rises(const struct eh_count_for *, size_t i);

struct eh_cbor;
void eh_countreq_get_use(struct eh_cbor *, struct eh_count_for *);
void eh_countreq_get_index(struct eh_cbor *, struct eh_count_index *);
void eh_countreq_put_use(struct eh_writer *, const struct eh_count_for *);
void eh_countreq_put_index(struct eh_writer *, const struct eh_count_index *);

#endif
