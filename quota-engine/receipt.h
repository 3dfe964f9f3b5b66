/* SPDX-License-Identifier: Apache-2.0 */
/* receipt.h - what the attestation key signs: receipt, enrolment request, key
 * attestation. */
#ifndef EH_QUOTA_ENGINE_RECEIPT_H
#define EH_QUOTA_ENGINE_RECEIPT_H

#include "common/message/types.h"
#include "common/writer.h"
#include "quota-engine/boundary.h"

/*
 * Statements of the EdgeHSM about itself, signed by its attestation key; nobody
 * else can have that key sign anything.  doc/format/message.md sections 6 to 8.
 * They are made from what is durable at that moment, change nothing and are not
 * recorded.  ${nonce} is the asker's.
 *
 * Each writes a whole message; errors are those of eh_keys_sign(), and
 * EH_ERR_INTERNAL when our own message does not decode.
 */
EH_MUST_CHECK int eh_receipt_make(struct eh_boundary *,
    const struct eh_nonce *nonce, struct eh_writer *, struct eh_error *);

EH_MUST_CHECK int eh_receipt_enrol(struct eh_boundary *,
    const struct eh_nonce *nonce, struct eh_writer *, struct eh_error *);

/* Of the key ${object}; the nonce may be absent (len 0). */
EH_MUST_CHECK int eh_receipt_attest_key(struct eh_boundary *, uint64_t object,
    const struct eh_nonce *nonce, struct eh_writer *, struct eh_error *);

#endif
