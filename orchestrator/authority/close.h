/* SPDX-License-Identifier: Apache-2.0 */
/* close.h - ending an authorization at its EdgeHSM. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_CLOSE_H
#define EH_ORCHESTRATOR_AUTHORITY_CLOSE_H

#include "orchestrator/authority/authorize.h"
#include "orchestrator/authority/life.h"

enum eh_close_how {
	EH_CLOSE_NOW,		/* nothing leaves under it any more */
	EH_CLOSE_LET_FINISH	/* but what open devices still need */
};

/*
 * Sign an authorization of nothing that supersedes the chain which ${named} finds
 * at ${hsm} (eh_life_find()): the EdgeHSM closes both when it imports it, and
 * its log has the final counters.  EH_CLOSE_LET_FINISH authorizes no devices
 * but the certificates as before: the counter of devices is as final, and what
 * is open may be finished until it ends.  It ends when the old one does, ${now}
 * + 7 days at the earliest.
 *
 * ${before} is the chain as it was.  EH_DENIED_STATE when it is closed, revoked,
 * or a close was signed before.
 */
EH_MUST_CHECK int eh_close(struct eh_authority *, const char *hsm,
    const char *named, enum eh_close_how, uint64_t now, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_pauth *signed_,
    struct eh_chain *before, struct eh_error *);

#endif
