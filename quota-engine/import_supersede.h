/* SPDX-License-Identifier: Apache-2.0 */
/* import_supersede.h - an authorization that goes on with the books of another
 * one, also under a changed profile. */
#ifndef EH_QUOTA_ENGINE_IMPORT_SUPERSEDE_H
#define EH_QUOTA_ENGINE_IMPORT_SUPERSEDE_H

#include "common/message/pauth.h"
#include "quota-engine/import_judge.h"

/*
 * May ${pauth} supersede what it names?  That must be live here or used up, of
 * the same profile name and scope kind.  When the profile is another one both
 * must have been imported: their templates are matched by name, into ${moved} of
 * the message.  EH_OK, also for one that supersedes nothing; EH_ERR_FORMAT,
 * EH_DENIED_STATE (a profile is missing), EH_ERR_STORAGE.
 */
EH_MUST_CHECK int eh_import_judge_superseded(
    struct eh_incoming *, const struct eh_pauth *, struct eh_error *);

/*
 * The bytes that replay needs: the message, which begins with d2; where the
 * templates have moved, the number of those of the old profile and for each its
 * place in the new one (255: gone) in front.  EH_ERR_SPACE.
 */
EH_MUST_CHECK int eh_import_pauth_redo(const struct eh_incoming *,
    uint8_t redo[EH_PRIVATE_MESSAGE_MAX], size_t *redolenp);

/* Go on to the message in such bytes.  EH_ERR_FORMAT. */
EH_MUST_CHECK int eh_import_skip_moved(const uint8_t **redo, size_t *len);

/* For struct eh_engine_params. */
int eh_import_superseded(const uint8_t *redo, size_t len, struct eh_moved *);

#endif
