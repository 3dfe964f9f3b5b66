/* SPDX-License-Identifier: Apache-2.0 */
/* committer.h - what becomes durable, in which order: groups of records, and
 * anchored commits of the state. */
#ifndef EH_QUOTA_ENGINE_COMMITTER_H
#define EH_QUOTA_ENGINE_COMMITTER_H

#include "quota-engine/core.h"

/*
 * doc/format/journal.md section 5.  A group goes through three steps, one group
 * at a time:
 *
 *   collect   locked; judges what was submitted once more and fixes what will
 *             be written
 *   write     not locked; encodes, hashes, seals, one write, one sync
 *   settle    locked; the group is durable now: it counts
 *
 * An anchored commit goes through five, one commit at a time, and groups go on
 * meanwhile inside the old lease and window:
 *
 *   begin     locked, between groups; takes the snapshot
 *   store     not locked; writes the state copy k mod 2 and syncs
 *   extend    not locked; extends the anchor
 *   verify    not locked; reads the anchor back
 *   end       locked; only now what the commit reserved can be used
 *
 * A step that fails poisons the engine (the caller does it, locked).
 */

/* Locked.  Prepare a submission: its private part, its bound, and the promise
 * of journal space.  EH_ERR_ARGUMENT (a record that cannot be encoded),
 * EH_ERR_FULL, EH_ERR_BUSY (a segment is being made), or why the engine does
 * not take it. */
EH_MUST_CHECK int eh_committer_submit(
    struct eh_engine *, struct eh_submission *, struct eh_error *);

/* Locked.  Is there anything that collect() could write? */
int eh_committer_idle(const struct eh_engine *);

/* Locked.  Returns the number of entries in the group, 0 when there is nothing
 * to write (submissions may have been refused or changes made, though). */
unsigned eh_committer_collect(struct eh_engine *);

/* Not locked.  EH_ERR_STORAGE, EH_ERR_INTERNAL. */
EH_MUST_CHECK int eh_committer_write(struct eh_engine *);

/* Locked.  EH_ERR_INTERNAL when a change that was tried before now refuses. */
EH_MUST_CHECK int eh_committer_settle(struct eh_engine *);

/* Locked, after settle(): take the list of those who are to be woken.  Not
 * locked: wake them; they would only queue for the lock. */
struct eh_submission *eh_committer_settled(struct eh_engine *);
void eh_committer_wake(struct eh_submission *);

/* Locked.  Note what became of a submission that is not in the queue any more;
 * whoever waits for it is not woken yet. */
void eh_committer_conclude(
    struct eh_engine *, struct eh_submission *, int result);

/* Locked.  End a submission that is not in the queue any more.  Whoever waits
 * goes on at once: do not touch it, its record or its ticket afterwards. */
void eh_committer_done(struct eh_engine *, struct eh_submission *, int result);

/* Locked.  Refuse what is in a group that could not be written. */
void eh_committer_abandon(struct eh_engine *);

/* Locked.  Refuse all that waits. */
void eh_committer_drain(struct eh_engine *, const struct eh_error *why);

/*
 * Journal space.  Locked.  room() says whether ${bytes} more may be promised:
 * EH_OK, EH_ERR_BUSY (wait for the segment maker) or EH_ERR_FULL.
 */
EH_MUST_CHECK int eh_committer_room(
    struct eh_engine *, uint64_t bytes, struct eh_error *);

/* The most journal bytes that a claim may need. */
#define EH_CLAIM_BOUND (EH_ENTRY_HEADER + EH_RECORD_MAX + 320)

/* Locked.  Ask for a commit; returns its number: when state->commit has reached
 * it, all that the live state says now is anchored. */
uint64_t eh_commit_request(struct eh_engine *);

/* Locked.  Begin the next commit of the live state; or of ${commit->next},
 * which the caller has filled, and which becomes the live state as a whole. */
EH_MUST_CHECK int eh_commit_begin(struct eh_engine *);
EH_MUST_CHECK int eh_commit_begin_whole(struct eh_engine *);
EH_MUST_CHECK int eh_commit_store(struct eh_engine *);
EH_MUST_CHECK int eh_commit_extend(struct eh_engine *);
EH_MUST_CHECK int eh_commit_verify(struct eh_engine *);
void eh_commit_end(struct eh_engine *);

/* Not locked.  store, extend and verify; the sentence for a failure. */
EH_MUST_CHECK int eh_commit_fly(struct eh_engine *, struct eh_error *);

/* The name of state copy ${k}. */
const char *eh_commit_copy(uint64_t k);

/* Why the anchor failed last, as it says it. */
void eh_commit_why(struct eh_engine *, struct eh_error *why);

#endif
