/* SPDX-License-Identifier: Apache-2.0 */
/* write_off.h - declaring an EdgeHSM lost. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_WRITE_OFF_H
#define EH_ORCHESTRATOR_AUTHORITY_WRITE_OFF_H

#include "orchestrator/authority/authority.h"
#include "orchestrator/authority/life.h"

/* How far above the last issue number that the log shows serials are computed:
 * a lost EdgeHSM may have stopped unclean since. */
#define EH_WRITE_OFF_STOPS     2
#define EH_WRITE_OFF_STOPS_MAX 1000

struct eh_write_off_request {
	const char *hsm;		/* name */
	const char *why;
	unsigned stops;
	int only_look;			/* 1: say what it would be */
};

/* One chain that was open on it. */
struct eh_write_off_row {
	struct eh_chain chain;		/* as it was */
	uint64_t outstanding;		/* devices, possibly issued */
	uint64_t serials;		/* that are pre-revoked */
	char not_enumerable[EH_ERROR_TEXT];	/* why not; or empty */
};

struct eh_write_off {
	char name[EH_NAME_MAX + 1];
	size_t n;
	struct eh_write_off_row *row;
};

/*
 * Nothing is signed for the EdgeHSM any more (store_life.h).  Everything that it
 * may still make, or may have made without a proven record, is written off as
 * possibly issued; the serials are kept as pre-revoked where the scope names the
 * devices (prerevoke.h); and the rest of the orders can be authorized elsewhere.
 * EH_DENIED_STATE when it is written off already; EH_ERR_NOT_FOUND.  ${w} is
 * freed by the caller, always.
 */
EH_MUST_CHECK int eh_write_off(struct eh_authority *,
    const struct eh_write_off_request *, uint64_t now, struct eh_write_off *w,
    struct eh_error *);
void eh_write_off_free(struct eh_write_off *);

/* Append a text of one line for each serial that is pre-revoked for this
 * EdgeHSM: SPKI digest of the issuer, serial, id of the authorization, all in
 * hex; by issuer and serial. */
EH_MUST_CHECK int eh_write_off_serials(struct eh_authority *,
    const char *hsm, struct eh_buf *out, struct eh_error *);

#endif
