/* SPDX-License-Identifier: Apache-2.0 */
/* ack.h - acknowledging the log of an EdgeHSM. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_ACK_H
#define EH_ORCHESTRATOR_AUTHORITY_ACK_H

#include "common/message/ack.h"
#include "orchestrator/authority/authority.h"

struct eh_ack_request {
	const uint8_t *receipt;		/* message of the EdgeHSM */
	size_t receiptlen;
	const char *log;		/* file; NULL: the store has it all */
	int keep_burned;		/* 1: accept no burned places */
};

/* What was found on the way, for people. */
struct eh_acked {
	char name[EH_NAME_MAX + 1];	/* of the EdgeHSM */
	uint64_t before;		/* entries that the store had */
	uint64_t burned;		/* places accepted as burned */
	uint64_t possible;		/* devices burned, in all */
	struct eh_ack ack;
};

/*
 * Verify the receipt (signed by the pinned attestation key of an enrolled
 * EdgeHSM, under our root) and the entries behind it, keep both, and append the
 * acknowledgement to ${out}.  Its size is what the store holds then, its root is
 * computed from the entries.
 *
 * Never two histories: a receipt whose tree is not the one in the store, or a
 * whole log that gives its root and has other entries, is kept as evidence, the
 * EdgeHSM is frozen, and EH_DENIED_STATE says so, now and for everything that is
 * asked for it later.
 *
 * EH_ERR_FORMAT, EH_ERR_SIGNATURE, EH_ERR_NOT_FOUND (not enrolled),
 * EH_ERR_PROOF (counters that its entries do not show, an authorization that is
 * not ours, places that are not burned); nothing is kept then.
 */
EH_MUST_CHECK int eh_ack_make(struct eh_authority *,
    const struct eh_ack_request *, uint64_t now, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_acked *, struct eh_error *);

#endif
