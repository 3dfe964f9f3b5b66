/* SPDX-License-Identifier: Apache-2.0 */
/* logread.h - the log as it leaves: leaf inputs in order, and its head. */
#ifndef EH_QUOTA_ENGINE_LOGREAD_H
#define EH_QUOTA_ENGINE_LOGREAD_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "quota-engine/engine.h"

/*
 * doc/format/record.md: a leaf input is a record, or, for a burned place,
 * "EdgeHSM-burned-v1" || hsm-id || seq.
 */
#define EH_BURNED_INPUT 41

void eh_logread_burned_input(const uint8_t hsm_id[EH_HSM_ID_LEN], uint64_t seq,
    uint8_t out[EH_BURNED_INPUT]);
void eh_logread_burned_leaf(const uint8_t hsm_id[EH_HSM_ID_LEN], uint64_t seq,
    uint8_t leaf[EH_MERKLE_HASH]);

/* The durable log: how many leaves, their root, the last leaf hash. */
struct eh_log_head {
	uint64_t size;
	uint8_t root[EH_MERKLE_HASH];
	uint8_t last[EH_MERKLE_HASH];
};

/* With the lock of eh_engine_lock() held. */
void eh_logread_head(struct eh_engine *, struct eh_log_head *);

/*
 * Read leaf inputs from ${seq} on: calls ${each} for one after the other until
 * it returns something else than 0, or the durable log ends; ${nextp} gets the
 * seq of the first one that was not taken.  Each record's MAC, and its place in
 * the order, are checked on the way: EH_ERR_STORAGE when one is damaged, with
 * its seq in the sentence.  What ${each} returned (if negative) is returned.
 * Does not hold the ledger's lock while it reads.
 */
EH_MUST_CHECK int eh_logread(struct eh_engine *, uint64_t seq,
    int (*each)(void *context, uint64_t seq, const uint8_t *input, size_t len),
    void *context, uint64_t *nextp, struct eh_error *);

/*
 * For the heart.  Locked.  Remember where the record ${seq} stands (only every
 * EH_MARK_STEP-th is kept, and it does not matter when one is missing);
 * remember that these places are burned (EH_ERR_MEMORY).
 */
void eh_logread_mark(
    struct eh_engine *, uint64_t seq, const struct eh_position *at);
EH_MUST_CHECK int eh_logread_burned(
    struct eh_engine *, uint64_t first, uint64_t count);

#endif
