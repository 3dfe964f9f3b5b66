/* SPDX-License-Identifier: Apache-2.0 */
/* recover.h - from what lies on the disk to a running ledger, and back. */
#ifndef EH_QUOTA_ENGINE_RECOVER_H
#define EH_QUOTA_ENGINE_RECOVER_H

#include "quota-engine/core.h"

/*
 * doc/format/state.md section 7 and doc/format/journal.md section 4.
 *
 *   open      recover()  the state copy that fits the anchor
 *             rebuild()  the device index, from all entries before it
 *             replay()   the entries behind it
 *   start     the start commit, at the first request that writes
 *   end       the commit of a clean stop
 *
 * Nothing is written before start; what was replayed is synced.  What cannot be
 * is EH_DENIED_FAIL_STOPPED with a sentence; it is final for this identity.
 */

/* Is there neither state, nor journal, nor a used anchor? */
EH_MUST_CHECK int eh_recover_look(
    struct eh_engine *, int *freshp, struct eh_error *);

/* Not locked, no threads yet. */
EH_MUST_CHECK int eh_recover_open(
    struct eh_engine *, const struct eh_engine_keys *, struct eh_error *);
EH_MUST_CHECK int eh_recover_genesis(struct eh_engine *,
    const struct eh_engine_keys *, const struct eh_state *first,
    const uint8_t attestation[EH_DIGEST_LEN], struct eh_error *);

/* The parts of open(). */
EH_MUST_CHECK int eh_recover_rebuild(
    struct eh_engine *, const struct eh_segment_file *, struct eh_error *);
EH_MUST_CHECK int eh_recover_replay(struct eh_engine *,
    const struct eh_segment_file *, size_t n, struct eh_error *);

/*
 * By the committer, not locked, no group and no commit under way.  EH_ERR_FULL:
 * no space for the new segment; nothing has happened, it may be called again.
 * EH_DENIED_FAIL_STOPPED: to be poisoned with the sentence.
 */
EH_MUST_CHECK int eh_recover_start(struct eh_engine *, struct eh_error *);
EH_MUST_CHECK int eh_recover_end(struct eh_engine *, struct eh_error *);

/* The sentence that names what was found and what to do. */
int eh_recover_refuse(
    const struct eh_engine *, struct eh_error *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
