/* SPDX-License-Identifier: Apache-2.0 */
/* keyattest.h - key attestation: an EdgeHSM states what one of its keys is. */
#ifndef EH_COMMON_MESSAGE_KEYATTEST_H
#define EH_COMMON_MESSAGE_KEYATTEST_H

#include "common/message/types.h"
#include "common/tpm/count.h"

/* doc/format/message.md section 7. */
struct eh_keyattest {
	uint8_t hsm_id[EH_HSM_ID_LEN];
	struct eh_rawkey key;
	enum eh_purpose purpose;
	enum eh_origin origin;
	uint8_t non_extractable;	/* since creation */
	enum eh_anchor_class anchor_class;
	char label[EH_NAME_MAX + 1];	/* empty when absent */
	uint8_t has_seq;
	uint64_t seq;			/* of its record of kind 14 */
	struct eh_nonce nonce;		/* of the verifier; may be absent */
	uint8_t root[EH_DIGEST_LEN];	/* SPKI digest of the pinned root */
	enum eh_custody custody;
	/* policyRef of a key that a TPM counts; there with that class only. */
	uint8_t count_ref[EH_COUNT_REF];
};

/* Decode a payload.  Checked: the schema; an imported key is not said to be
 * non-extractable.  EH_OK, EH_ERR_FORMAT, EH_ERR_TRAILING, EH_ERR_UNSUPPORTED
 * (another kind of key). */
EH_MUST_CHECK int eh_keyattest_decode(
    const void *payload, size_t len, struct eh_keyattest *, struct eh_error *);

/* Write a payload, as eh_grant_encode() does. */
void eh_keyattest_encode(const struct eh_keyattest *, struct eh_writer *);

#endif
