/* SPDX-License-Identifier: Apache-2.0 */
/* ack_log.h - the entries of a log, held against a receipt and the store. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_ACK_LOG_H
#define EH_ORCHESTRATOR_AUTHORITY_ACK_LOG_H

#include "common/message/receipt.h"
#include "orchestrator/authority/store_log.h"

/*
 * Read ${path}, what `edgehsm token log` wrote (doc/format/record.md section 5),
 * up to the size of ${receipt}.  Each entry is decoded, is of this EdgeHSM, and
 * follows the one before it; all together give the receipt's root and last leaf.
 *
 * EH_OK and ${conflict} UINT64_MAX: they go on from what the store has; the new
 * ones are in the store (but for the commit), and ${log} is advanced.
 * EH_OK and another ${conflict}: the file is whole, gives the receipt's root,
 * and entry ${conflict} is not the one in the store: two histories.  Nothing was
 * written.
 * EH_ERR_FORMAT: the file is damaged, cut, or not of this receipt.
 */
EH_MUST_CHECK int eh_ack_log_read(struct eh_store *, const char *path,
    const struct eh_receipt *receipt, struct eh_store_log *log,
    uint64_t *conflictp, struct eh_error *);

/*
 * Hold a receipt of all entries in the store against the newest one that was
 * accepted before, and against the lives that the entries tell.  What never
 * falls and has fallen is said in ${history}, which is left alone else: the
 * EdgeHSM signed two histories, or was put back.  EH_ERR_PROOF when a live
 * authorization is missing.
 *
 * The count of a TPM beside the log's (custody class 2) belongs here too, as
 * soon as receipts name it.
 */
EH_MUST_CHECK int eh_ack_progress(struct eh_store *,
    const struct eh_receipt *receipt, char *history, size_t cap,
    struct eh_error *);

/* Compute the root of the first ${size} entries in the store. */
EH_MUST_CHECK int eh_ack_log_root(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], uint64_t size,
    uint8_t root[EH_MERKLE_HASH], struct eh_error *);

/* How many of the places from ${first} to before ${end} are burned in the
 * store. */
EH_MUST_CHECK int eh_ack_log_burned(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], const struct eh_burned_range *range,
    uint64_t *countp, struct eh_error *);

#endif
