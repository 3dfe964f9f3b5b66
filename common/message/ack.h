/* SPDX-License-Identifier: Apache-2.0 */
/* ack.h - record acknowledgement: the authority holds the log up to here. */
#ifndef EH_COMMON_MESSAGE_ACK_H
#define EH_COMMON_MESSAGE_ACK_H

#include "common/message/types.h"

/* doc/format/message.md section 9. */
#define EH_ACK_RECEIPTS_MAX    4
#define EH_ACK_RECEIPT_LEN_MAX 1024

/* A COSE Receipt (RFC 9942) of the authority's own log, for third parties. */
struct eh_ack_receipt {
	uint16_t len;
	uint8_t bytes[EH_ACK_RECEIPT_LEN_MAX];
};

struct eh_ack {
	struct eh_from_authority from;
	uint64_t size;			/* of the tree that is acknowledged */
	uint8_t root[EH_DIGEST_LEN];	/* as the authority computed it */
	uint64_t seq;			/* rises */
	uint8_t nreceipts;
	struct eh_ack_receipt receipts[EH_ACK_RECEIPTS_MAX];
	uint8_t nburned;		/* accepted as burned; by first seq */
	struct eh_burned_range burned[EH_BURNED_RANGES_MAX];
	struct eh_in_force in_force;
};

/* Decode a payload.  Checked: the schema; burned ranges lie in order, none is
 * empty, burned <= span, all within the size.  EH_OK, EH_ERR_FORMAT,
 * EH_ERR_TRAILING. */
EH_MUST_CHECK int eh_ack_decode(
    const void *payload, size_t len, struct eh_ack *, struct eh_error *);

/* Write a payload, as eh_grant_encode() does.  An empty list of burned ranges
 * is left out. */
void eh_ack_encode(const struct eh_ack *, struct eh_writer *);

#endif
