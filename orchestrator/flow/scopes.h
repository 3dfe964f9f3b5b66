/* SPDX-License-Identifier: Apache-2.0 */
/* scopes.h - *.ehscope files on disk, and the proofs in them. */
#ifndef EH_ORCHESTRATOR_FLOW_SCOPES_H
#define EH_ORCHESTRATOR_FLOW_SCOPES_H

#include <stdint.h>

#include "common/err.h"
#include "common/message/param.h"
#include "common/message/types.h"

/*
 * Find the list of ${authorization} among the *.ehscope files of ${folders}, a
 * list with colons, and take the proof of ${device}; 1 in ${foundp}.  Without
 * such a file that is 0 and no error: the authorization may have another kind of
 * scope, which the EdgeHSM knows, not we.  EH_DENIED_SCOPE when the list does
 * not have the device; EH_ERR_PROOF when it is damaged.
 */
EH_MUST_CHECK int eh_scopes_prove(const char *folders,
    const uint8_t authorization[EH_ID_LEN], const struct eh_device_id *device,
    struct eh_scope_proof *, int *foundp, struct eh_error *);

/* The same with one file, which must be of this authorization:
 * EH_ERR_ARGUMENT; EH_ERR_NOT_FOUND, EH_ERR_FORMAT. */
EH_MUST_CHECK int eh_scopes_prove_from(const char *path,
    const uint8_t authorization[EH_ID_LEN], const struct eh_device_id *device,
    struct eh_scope_proof *, struct eh_error *);

#endif
