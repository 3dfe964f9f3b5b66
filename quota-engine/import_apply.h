/* SPDX-License-Identifier: Apache-2.0 */
/* import_apply.h - what an imported message changes in the state: the half that
 * replay runs again. */
#ifndef EH_QUOTA_ENGINE_IMPORT_APPLY_H
#define EH_QUOTA_ENGINE_IMPORT_APPLY_H

#include "common/message/envelope.h"
#include "common/message/grant.h"
#include "quota-engine/import.h"

/* Does ${grant} leave out a key that is in force now?  (Its rows close.) */
int eh_import_grant_removes(
    const struct eh_state *, const struct eh_grant *grant);

/* Note the number of a message, and let its date raise the floor: what the
 * messages of an issuer key have in common.  EH_ERR_FULL. */
EH_MUST_CHECK int eh_import_note(struct eh_state *, const struct eh_record *,
    const struct eh_envelope *, uint64_t seq, uint64_t iat, struct eh_error *);

/* Fill the members of a kind-2 record that come from the authorization. */
void eh_import_installed(struct eh_record *, const struct eh_pauth *);

/*
 * The bytes that replay needs beside the record, at most
 * EH_PRIVATE_MESSAGE_MAX: the message; for a time attestation with the readings
 * at question and answer in front, since the clocks go on.
 */
EH_MUST_CHECK int eh_import_redo(struct eh_boundary *, enum eh_msg_code,
    const uint8_t *message, size_t len,
    uint8_t redo[EH_PRIVATE_MESSAGE_MAX], size_t *redolenp,
    struct eh_error *);

#endif
