/* SPDX-License-Identifier: Apache-2.0 */
/* bundle.h - in which order the files of one delivery go in. */
#ifndef EH_ORCHESTRATOR_CLI_BUNDLE_H
#define EH_ORCHESTRATOR_CLI_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Where this file stands among the others of a delivery: grant, revocation
 * update, time, acknowledgement, profile, authorization, all else.  The update
 * stands before time and acknowledgement, because both are refused while it is
 * missing; the profile before the authorization, which may need it.  Whose rank
 * is equal stays in the order given.
 */
unsigned eh_bundle_rank(const uint8_t *bytes, size_t len);

#endif
