/* SPDX-License-Identifier: Apache-2.0 */
/* private.h - journal-private: what an entry of the journal keeps to itself. */
#ifndef EH_COMMON_MESSAGE_PRIVATE_H
#define EH_COMMON_MESSAGE_PRIVATE_H

#include "common/message/types.h"

/* doc/format/record.md section 4.  It is stored encrypted and never leaves the
 * boundary as such: wipe what it was decoded from. */
#define EH_PRIVATE_MAX         16896
#define EH_PRIVATE_REPLY_MAX   8192
#define EH_PRIVATE_MESSAGE_MAX 8448
#define EH_PRIVATE_CHIP_MAX    32

/* Every member may be absent; the pointers borrow from the bytes decoded. */
struct eh_private {
	const uint8_t *reply;	/* signature or blob that was returned */
	size_t reply_len;	/* 0: absent */
	uint8_t has_token;
	uint8_t token[EH_ID_LEN];	/* of the client */
	uint8_t has_request;
	uint8_t request[EH_DIGEST_LEN];	/* digest; SHA-256(TBS) for an issue */
	const uint8_t *message;	/* that caused the record (redo) */
	size_t message_len;	/* 0: absent */
	uint8_t chip_len;	/* of whoever made the key; 0: absent */
	uint8_t chip[EH_PRIVATE_CHIP_MAX];
};

/* Decode one.  EH_OK, EH_ERR_FORMAT, EH_ERR_TRAILING. */
EH_MUST_CHECK int eh_private_decode(
    const void *bytes, size_t len, struct eh_private *, struct eh_error *);

/* Write one, as eh_grant_encode() does. */
void eh_private_encode(const struct eh_private *, struct eh_writer *);

#endif
