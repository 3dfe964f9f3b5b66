/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.h - who may: claims, rows, counters, outcomes, closing. */
#ifndef EH_QUOTA_ENGINE_LEDGER_H
#define EH_QUOTA_ENGINE_LEDGER_H

#include "quota-engine/core.h"

/*
 * doc/format/state.md section 3.  All functions: locked.
 *
 * A claim is held by a ticket on the list of its device.  A device that was
 * never recorded is in the index with ${open} 0 for as long as a claim of it is
 * held; the pass it holds is counted by whichever of its claims is recorded
 * first, and goes back when the last of them is given back.
 */

/* Where a stored reply stands. */
struct eh_stored {
	uint64_t first;
	uint32_t offset;
	int strict;
};

/*
 * As eh_engine_peek() and eh_engine_claim(), but EH_ERR_BUSY where those would
 * wait.  For EH_VERDICT_RETRY ${stored} says where the reply is.
 */
EH_MUST_CHECK int eh_ledger_peek(struct eh_engine *, const struct eh_request *,
    struct eh_answer *, struct eh_error *);
EH_MUST_CHECK int eh_ledger_claim(struct eh_engine *, const struct eh_request *,
    struct eh_ticket *, struct eh_answer *, struct eh_stored *,
    struct eh_error *);

/* Give the claim back. */
void eh_ledger_withdraw(struct eh_engine *, struct eh_ticket *);

/* Take a ticket off its device's list: it is not held any more. */
void eh_ledger_end(struct eh_engine *, struct eh_ticket *);

/* The operation that a verdict uses. */
unsigned eh_ledger_op(enum eh_verdict);

/* A device id for people: as text when it is that, else as hex digits.  Returns
 * ${text}. */
#define EH_DEVICE_NAME (2 * EH_DEVICE_ID_MAX + 1)
const char *eh_ledger_device_name(
    const struct eh_device_id *, char text[EH_DEVICE_NAME]);

/* Is the ticket still good, now that its record is to be written?  EH_OK, or
 * the refusal. */
EH_MUST_CHECK int eh_ledger_recheck(struct eh_engine *,
    const struct eh_ticket *, const struct eh_now *, struct eh_error *);

/* Put the counters into the record of a claim; ${opensp}: it counts the pass.
 */
void eh_ledger_count(struct eh_engine *, const struct eh_ticket *,
    struct eh_record *, int *opensp);

/* The record is durable at ${at}: it counts, and the ticket ends. */
void eh_ledger_settle(struct eh_engine *, struct eh_ticket *,
    const struct eh_position *at, int opens);

/* A unit report: may it be, and, when it is durable, let it be. */
EH_MUST_CHECK int eh_ledger_check_report(
    struct eh_engine *, const struct eh_record *, struct eh_error *);
void eh_ledger_report(struct eh_engine *, const struct eh_record *);

/* Add the counter of ${op}, which is above those already in. */
void eh_ledger_counter(
    struct eh_counters *, unsigned op, const struct eh_counter *);

/* All counters of a row. */
void eh_ledger_counters(const struct eh_row *, struct eh_counters *);

/* Fill the kind-6 record of ${row}, whose books are closed: the live row of its
 * place, or what that is going to be. */
void eh_ledger_closed(
    struct eh_engine *, const struct eh_row *, struct eh_record *);

/* What became of the devices of ${row}: as above. */
void eh_ledger_outcomes(
    struct eh_engine *, const struct eh_row *, struct eh_outcomes *);

/* Rows have come, gone or changed hands in the live state: bring the books in
 * memory and the index's books into line.  EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_ledger_reconcile(struct eh_engine *);

/* The authorization of this kind-2 record, which came with ${redo}, is in force:
 * the devices that follow it follow to its profile. */
void eh_ledger_move(struct eh_engine *, const struct eh_record *,
    const uint8_t *redo, size_t redolen);

/* Mark rows that are over for closing: expired (T8), or used up with every
 * device reported. */
void eh_ledger_mark_over(struct eh_engine *, const struct eh_now *);

/* Between groups: close what was marked.  Returns 1 when there was any. */
int eh_ledger_close_marked(struct eh_engine *);

/*
 * A record of kind 3 that is read back from the journal at ${at}.  remember()
 * puts it into the index under ${book}, where its counters are in the state
 * already; replay() counts it in the live state first.  EH_ERR_FORMAT when its
 * counters are not what they must be.
 */
EH_MUST_CHECK int eh_ledger_remember(struct eh_engine *, uint32_t book,
    const struct eh_record *, const struct eh_private *,
    const struct eh_position *at);
EH_MUST_CHECK int eh_ledger_replay(struct eh_engine *, const struct eh_record *,
    const struct eh_private *, const struct eh_position *at);

/* The same for a unit report under ${book}. */
EH_MUST_CHECK int eh_ledger_remember_report(
    struct eh_engine *, uint32_t book, const struct eh_record *);

#endif
