/* SPDX-License-Identifier: Apache-2.0 */
/* time.h - time attestation: the authority says what time it is. */
#ifndef EH_COMMON_MESSAGE_TIME_H
#define EH_COMMON_MESSAGE_TIME_H

#include "common/message/types.h"

/* doc/format/message.md section 5. */
struct eh_time_attestation {
	struct eh_from_authority from;	/* iat is the time attested */
	uint8_t has_nonce;		/* 0: a broadcast beacon */
	uint8_t nonce[EH_ID_LEN];	/* of the EdgeHSM */
	uint64_t tseq;			/* rises */
	uint32_t uncertainty;		/* seconds, 0 to 3600 */
	struct eh_in_force in_force;
};

/* Decode a payload: the schema only, what else is checked needs state.  EH_OK,
 * EH_ERR_FORMAT, EH_ERR_TRAILING. */
EH_MUST_CHECK int eh_time_attestation_decode(const void *payload, size_t len,
    struct eh_time_attestation *, struct eh_error *);

/* Write a payload, as eh_grant_encode() does. */
void eh_time_attestation_encode(
    const struct eh_time_attestation *, struct eh_writer *);

#endif
