/* SPDX-License-Identifier: Apache-2.0 */
/* receipt.h - receipt: the EdgeHSM's statement of log head, counters, time. */
#ifndef EH_COMMON_MESSAGE_RECEIPT_H
#define EH_COMMON_MESSAGE_RECEIPT_H

#include "common/message/types.h"

/* doc/format/message.md section 8. */
#define EH_RECEIPT_ROWS_MAX    64
#define EH_RECEIPT_ISSUERS_MAX 64

struct eh_receipt_row {
	uint8_t authorization[EH_ID_LEN];
	uint64_t seq;		/* of the authorization */
	struct eh_counters counters;
	uint16_t burns;
};

struct eh_receipt_issuer {
	uint8_t kid[EH_KID_LEN];
	uint64_t pauth_seq, dauth_seq;	/* last accepted */
};

/* About 40 KiB: for the heap or a static, not for a thread's small stack. */
struct eh_receipt {
	uint8_t hsm_id[EH_HSM_ID_LEN];
	uint64_t tree_size;
	uint8_t tree_root[EH_DIGEST_LEN];
	uint8_t last_leaf[EH_DIGEST_LEN];
	uint8_t nrows;		/* sorted by authorization */
	struct eh_receipt_row rows[EH_RECEIPT_ROWS_MAX];
	struct eh_in_force in_force;
	uint8_t nissuers;
	struct eh_receipt_issuer issuers[EH_RECEIPT_ISSUERS_MAX];
	uint64_t t_lo, t_hi;
	enum eh_quality quality;
	uint64_t tseq;
	uint64_t boots, commit;
	enum eh_anchor_class anchor_class;
	uint8_t anchor[EH_DIGEST_LEN];
	enum eh_anchor_mode anchor_mode;
	enum eh_custody custody;	/* lowest of the live issuing keys */
	struct eh_software software;
	struct eh_nonce nonce;		/* of the verifier; may be absent */
	uint8_t nburned;		/* not yet accepted in an ack */
	struct eh_burned_range burned[EH_BURNED_RANGES_MAX];
	uint8_t root[EH_DIGEST_LEN];	/* SPKI digest of the pinned root */
};

/* Decode a payload.  Checked: the schema, sorted rows, every counter's order,
 * t_lo <= t_hi, burned <= span.  EH_OK, EH_ERR_FORMAT, EH_ERR_TRAILING. */
EH_MUST_CHECK int eh_receipt_decode(
    const void *payload, size_t len, struct eh_receipt *, struct eh_error *);

/* Write a payload, as eh_grant_encode() does. */
void eh_receipt_encode(const struct eh_receipt *, struct eh_writer *);

#endif
