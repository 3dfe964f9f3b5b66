/* SPDX-License-Identifier: Apache-2.0 */
/* lease.h - passes reserved before their first use, the window of the log, and
 * what burns. */
#ifndef EH_QUOTA_ENGINE_LEASE_H
#define EH_QUOTA_ENGINE_LEASE_H

#include "quota-engine/core.h"

/*
 * doc/format/state.md sections 4 to 6.  A lease of n passes reserves n of
 * EH_OP_PASS and n times the uses per device of every other operation of a pass
 * ("pass-bound"), in one anchored commit, before the first of them is used.
 * After an unclean stop what was reserved and not recorded is burned.
 *
 * At most 1.25 leases are ever reserved and unrecorded, so that is what one
 * unclean stop can burn.
 *
 * All functions: locked.
 */

/* Is ${op} reserved by leases?  (The strict operations are reserved one by one,
 * in the commit that releases each.) */
int eh_lease_binds(unsigned op);

/* The present lease of ${row}: N, halved for each unclean stop down to
 * min(16, N). */
uint64_t eh_lease_size(const struct eh_row *);

/* How many records that count toward max_unacked a device makes, at most. */
unsigned eh_lease_records(const struct eh_row *);

/* W: so many seqs a commit opens ahead. */
uint64_t eh_lease_window(const struct eh_state *);

/*
 * A pass of the row in ${slot}: EH_OK, and it is taken (out); ${gracedp} says
 * whether boot grace paid for it.  EH_ERR_BUSY: a commit is under way, or was
 * just asked for, or other claims may still give theirs back; wait and claim
 * again.  EH_DENIED_QUOTA, EH_DENIED_TIME (boot grace is used up) with the
 * numbers.
 */
EH_MUST_CHECK int eh_lease_take(struct eh_engine *, unsigned slot,
    const struct eh_now *, uint8_t *gracedp, struct eh_error *);

/* Give it back; ${graced} is what take() said of it. */
void eh_lease_give(struct eh_engine *, unsigned slot, uint8_t graced);

/*
 * A unit of the pass-bound ${op} for a device whose pass is open.  One that was
 * opened before the last stop, or under the authorization that this one
 * supersedes, has lost its units with the lease and draws fresh ones:
 * EH_ERR_BUSY, and a commit is asked for.  EH_DENIED_QUOTA.
 */
EH_MUST_CHECK int eh_lease_unit(struct eh_engine *, unsigned slot,
    struct eh_device *, unsigned op, struct eh_error *);

/* One unit of a strict ${op}; EH_ERR_BUSY and EH_DENIED_QUOTA as above. */
EH_MUST_CHECK int eh_lease_strict(
    struct eh_engine *, unsigned slot, unsigned op, struct eh_error *);

/* Put what is wanted into the state that is going to be committed; and, when
 * that is anchored, into the live one. */
void eh_lease_ask(struct eh_engine *, struct eh_state *next);
void eh_lease_anchored(struct eh_engine *);

/* What an unclean stop does: to the books, and to the places of the log from
 * tree.size up to seq_hi, which become burned leaves. */
EH_MUST_CHECK int eh_lease_burn(struct eh_state *);

/* What a clean stop does: unused units return. */
void eh_lease_return(struct eh_state *);

/* Will eh_lease_burn() burn something of ${row}? */
int eh_lease_burns(const struct eh_row *);

/* The sentence for a quota that is used up. */
int eh_lease_exhausted(const struct eh_row *, unsigned op, struct eh_error *);

#endif
