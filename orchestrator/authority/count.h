/* SPDX-License-Identifier: Apache-2.0 */
/* count.h - letting a TPM count what an issuing key signs. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_COUNT_H
#define EH_ORCHESTRATOR_AUTHORITY_COUNT_H

#include "orchestrator/authority/authority.h"
#include "orchestrator/authority/store_count.h"

/* What was granted. */
struct eh_counted_out {
	struct eh_hsm hsm;
	struct eh_count count;
	char order[EH_NAME_MAX + 1];	/* of the authorization; may be empty */
	uint64_t sum;			/* of all that is approved now */
};

/*
 * Answer the count request ${message} of an EdgeHSM (doc/format/count.md): let
 * the index be written, or, when it is, approve it.  For an authorization the
 * limit follows from its quotas and from what was approved before, for it and
 * for those it supersedes; for what a key signs of its own it is ${uses}.
 * Appends the answer to ${out}.
 *
 * EH_DENIED_QUOTA when everything was approved already; EH_DENIED_SCOPE: not of
 * or for this EdgeHSM, superseded, or an index for something else;
 * EH_DENIED_STATE: revoked, closed or expired, or the EdgeHSM is served no more;
 * EH_ERR_REPLAYED: a request to write that was answered and approved; errors of
 * the message.
 */
EH_MUST_CHECK int eh_count_grant(struct eh_authority *, const uint8_t *message,
    size_t len, uint32_t uses, uint64_t now, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_counted_out *, struct eh_error *);

#endif
