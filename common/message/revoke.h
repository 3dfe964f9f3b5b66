/* SPDX-License-Identifier: Apache-2.0 */
/* revoke.h - revocation update: what no longer counts. */
#ifndef EH_COMMON_MESSAGE_REVOKE_H
#define EH_COMMON_MESSAGE_REVOKE_H

#include "common/message/types.h"

/* doc/format/message.md section 10. */
#define EH_REVOKE_IDS_MAX  256
#define EH_REVOKE_KIDS_MAX 16

struct eh_revoke {
	struct eh_from_authority from;
	uint64_t rseq;			/* rises; 0 is "none yet" */
	uint32_t epoch;			/* minimum: what is below is dead */
	uint16_t nids;
	uint8_t ids[EH_REVOKE_IDS_MAX][EH_ID_LEN];	/* complete, rising */
	uint8_t nkids;
	uint8_t kids[EH_REVOKE_KIDS_MAX][EH_KID_LEN];	/* rising */
};

/* Decode a payload.  Checked: the schema; both lists rise strictly.  EH_OK,
 * EH_ERR_FORMAT, EH_ERR_TRAILING. */
EH_MUST_CHECK int eh_revoke_decode(
    const void *payload, size_t len, struct eh_revoke *, struct eh_error *);

/* Write a payload, as eh_grant_encode() does.  The lists must be in order. */
void eh_revoke_encode(const struct eh_revoke *, struct eh_writer *);

/* Does it name authorization ${id}?  Issuer key ${kid}?  1 or 0. */
int eh_revoke_has_id(const struct eh_revoke *, const uint8_t id[EH_ID_LEN]);
int eh_revoke_has_kid(const struct eh_revoke *, const uint8_t kid[EH_KID_LEN]);

#endif
