/* SPDX-License-Identifier: Apache-2.0 */
/* close.h - ending an authorization at its EdgeHSM. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_CLOSE_H
#define EH_ORCHESTRATOR_AUTHORITY_CLOSE_H

#include "orchestrator/authority/authorize.h"
#include "orchestrator/authority/life.h"

/*
 * Sign an authorization for no devices that supersedes the chain which ${named}
 * finds at ${hsm} (eh_life_find()): when it is imported no new device can be
 * made, those that are open may be finished, and the log has the final counters.
 * It ends when the old one does, ${now} + 7 days at the earliest.
 *
 * ${before} is the chain as it was.  EH_DENIED_STATE when it is closed, revoked,
 * or a close was signed before.
 */
EH_MUST_CHECK int eh_close(struct eh_authority *, const char *hsm,
    const char *named, uint64_t now, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_pauth *signed_,
    struct eh_chain *before, struct eh_error *);

#endif
