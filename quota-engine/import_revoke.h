/* SPDX-License-Identifier: Apache-2.0 */
/* import_revoke.h - a revocation update, and what any message closes. */
#ifndef EH_QUOTA_ENGINE_IMPORT_REVOKE_H
#define EH_QUOTA_ENGINE_IMPORT_REVOKE_H

#include "quota-engine/import_judge.h"

/*
 * doc/format/state.md section 11.  The judge of a revocation update, as
 * eh_import_judge_grant(); and what it changes, for the table of
 * import_apply.c.
 */
EH_MUST_CHECK int eh_import_judge_revoke(
    struct eh_incoming *, struct eh_error *);
EH_MUST_CHECK int eh_import_revoke_apply(struct eh_state *,
    struct eh_clockguard *, const struct eh_record *, const uint8_t *redo,
    size_t len, struct eh_error *);

/*
 * The message is committed: add to the sentence of ${done} which rows it has
 * closed, with their final counters, and how to show it.  ${state} of the
 * message is how things stood before.
 */
void eh_import_tell_closed(struct eh_incoming *);

/*
 * Is what a message of the authority says to be in force ahead of what is here?
 * EH_OK, or ${refusal} with the sentence that names the missing update.
 */
EH_MUST_CHECK int eh_import_judge_in_force(const struct eh_incoming *,
    const struct eh_in_force *, const char *what, int refusal,
    struct eh_error *);

#endif
