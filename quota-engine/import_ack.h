/* SPDX-License-Identifier: Apache-2.0 */
/* import_ack.h - an acknowledgement of the authority, held against the log. */
#ifndef EH_QUOTA_ENGINE_IMPORT_ACK_H
#define EH_QUOTA_ENGINE_IMPORT_ACK_H

#include "quota-engine/import_judge.h"

/*
 * doc/format/state.md section 10.  Steps 10 to 12 of an acknowledgement: as
 * eh_import_judge_time().  The tree is computed again from the last
 * acknowledged one and the journal since; it must have the acknowledged root,
 * and the places that are accepted as burned must be burned.
 *
 * EH_OK; 1 when it was imported before; EH_DENIED_REVOKED (a newer revocation
 * is missing here), EH_ERR_REPLAYED (its number, or its size, is older),
 * EH_ERR_FORMAT (places that are not burned), EH_ERR_STORAGE (the journal is
 * damaged).  EH_ERR_PROOF: it is of another history, longer than ours or with
 * another root; that is remembered, and new devices stop.
 */
EH_MUST_CHECK int eh_import_judge_ack(struct eh_incoming *, struct eh_error *);

/* The bytes that replay needs: the tree and the counted records that the judge
 * found, and the message.  EH_ERR_SPACE. */
EH_MUST_CHECK int eh_import_ack_redo(const struct eh_incoming *,
    uint8_t redo[EH_PRIVATE_MESSAGE_MAX], size_t *redolenp);

/* What it changes: for the table of import_apply.c. */
EH_MUST_CHECK int eh_import_ack_apply(struct eh_state *, struct eh_clockguard *,
    const struct eh_record *, const uint8_t *redo, size_t len,
    struct eh_error *);

#endif
