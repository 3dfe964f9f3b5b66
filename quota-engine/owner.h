/* SPDX-License-Identifier: Apache-2.0 */
/* owner.h - the state folder: made when missing, and whose it is now. */
#ifndef EH_QUOTA_ENGINE_OWNER_H
#define EH_QUOTA_ENGINE_OWNER_H

#include "common/err.h"

/*
 * The lock itself belongs to os_posix.c; this is for a clear sentence.  Whoever
 * holds it writes his process number into the file.
 *
 * Make the folder ${state} when it is missing (0700), check that it is ours and
 * closed to others, and see whether somebody has it already.  EH_ERR_CONFIG
 * (owner, mode; with the command that mends it), EH_ERR_STORAGE (cannot be
 * written), EH_ERR_BUSY naming the process.
 */
EH_MUST_CHECK int eh_owner_check(const char *state, struct eh_error *error);

/* The folder is locked now: say who we are. */
EH_MUST_CHECK int eh_owner_sign(const char *state, struct eh_error *error);

#endif
