/* SPDX-License-Identifier: Apache-2.0 */
/* revoke.h - taking permissions back. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_REVOKE_H
#define EH_ORCHESTRATOR_AUTHORITY_REVOKE_H

#include "common/message/revoke.h"
#include "orchestrator/authority/authority.h"

#define EH_REVOKE_ASKED_MAX 64

struct eh_revoke_request {
	const char *hsm;		/* name */
	unsigned nchains;
	const char *chain[EH_REVOKE_ASKED_MAX];	/* id, or order */
	unsigned nkeys;
	const char *key[EH_REVOKE_KIDS_MAX];	/* kid, hex */
	int raise_epoch;
	const char *why;
};

/* What it comes to, for people. */
struct eh_revoked {
	char name[EH_NAME_MAX + 1];	/* of the EdgeHSM */
	unsigned authorizations;	/* that were not revoked before */
	uint64_t possible;		/* devices, until it knows */
	uint64_t max_offline;		/* s; the longest of theirs; 0: none */
	struct eh_revoke update;
};

/*
 * Write down what is revoked, and append the revocation update to ${out}: always
 * the complete list of what is revoked at this EdgeHSM and has not ended.  From
 * now on whatever else is signed for it says that this update is in force, so
 * that it gets neither fresh time nor acknowledgements before it has imported
 * it.
 *
 * An authorization is revoked with all of its chain (life.h), since any of them
 * may be the one that is installed.  Raising the epoch revokes all that were
 * authorized for this EdgeHSM.  A key must be a former message key.
 *
 * EH_ERR_ARGUMENT, EH_ERR_NOT_FOUND; EH_DENIED_STATE: it is revoked, closed or
 * over already; EH_ERR_FULL: a list does not hold so many, with the way out.
 */
EH_MUST_CHECK int eh_revoke_make(struct eh_authority *,
    const struct eh_revoke_request *, uint64_t now, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_revoked *, struct eh_error *);

#endif
