/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h - the heart of edgehsmd: one state, one log, one committer. */
#ifndef EH_QUOTA_ENGINE_ENGINE_H
#define EH_QUOTA_ENGINE_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "common/message/chipattest.h"
#include "common/message/private.h"
#include "common/message/record.h"
#include "common/message/types.h"
#include "quota-engine/clockguard.h"
#include "quota-engine/os.h"
#include "quota-engine/state.h"

/*
 * This is what the rest of quota-engine/ sees of the heart; inside it is
 * ledger.h (who may), lease.h (how many), index.h (which device), committer.h
 * (what becomes durable, in which order), journal.h, recover.h.
 *
 * Every connection has a thread, its worker.  A worker claims, signs and
 * submits; if nobody is writing then, it writes the group itself, else it
 * waits, and the committer thread writes what came meanwhile.  One anchor
 * thread writes state copies and extends the anchor; one thread makes journal
 * segments ahead.  The functions below block until the answer is known, may be
 * called from any worker, and take the ledger's lock themselves: never call one
 * while holding it.
 *
 * Any failure of the disk or the anchor is final: the engine is "stopped" then,
 * every call returns EH_DENIED_FAIL_STOPPED with the sentence that says why,
 * and the process should end; the next start decides what was durable.
 */
struct eh_engine;

/* Derived by the caller from the boundary secret, with the labels
 * "EdgeHSM-journal-v1", "EdgeHSM-private-v1" and "EdgeHSM-state-v1". */
struct eh_engine_keys {
	uint8_t journal[EH_DIGEST_LEN];
	uint8_t private[EH_DIGEST_LEN];
	uint8_t state[EH_DIGEST_LEN];
};

/*
 * What a record of ${kind} (and, for the kinds 2, 7, 10 and 15, of a message of
 * ${code}) changes in the state.  It is run three times on the same inputs: on
 * a copy before the record is written, so that it may still refuse; on the live
 * state when the record is durable; and at a start, when the journal is
 * replayed.  So it looks at nothing but its arguments, is idempotent, and gives
 * the same result.  ${redo} are the bytes that came with the change (label 4 of
 * the entry's private part).
 */
struct eh_apply {
	enum eh_record_kind kind;
	unsigned code;			/* enum eh_msg_code, or 0 */
	int (*apply)(struct eh_state *, struct eh_clockguard *,
	    const struct eh_record *, const uint8_t *redo, size_t redolen,
	    struct eh_error *);
};

/* Whose devices an authorization goes on with.  When its profile is another one,
 * ${map} says for each of ${templates} templates of the old one which it is in
 * the new one, or EH_TEMPLATE_GONE; 0 templates: the profile is the same. */
#define EH_REQUEST_TEMPLATES 16
#define EH_TEMPLATE_GONE     0xff
struct eh_moved {
	uint8_t id[EH_ID_LEN];
	uint8_t templates;
	uint8_t map[EH_REQUEST_TEMPLATES];
};

struct eh_engine_params {
	struct eh_os *os;		/* borrowed */
	const char *state_name;		/* for sentences: the state folder */
	const char *anchor_name;	/* and the anchor */
	enum eh_anchor_class anchor_class; /* what is configured */
	enum eh_anchor_mode anchor_mode;
	uint32_t segment;		/* bytes, a multiple of 4096 */
	struct eh_software software;
	const struct eh_apply *apply;	/* the table, borrowed */
	size_t napply;
	/*
	 * Which authorization a message superseded, from the ${redo} of its
	 * kind-2 record: 1 and the rest, or 0.  Asked when devices follow, now
	 * and whenever the device index is rebuilt.
	 */
	int (*superseded)(
	    const uint8_t *redo, size_t redolen, struct eh_moved *);
	/* Called once when the engine stops; must not call back.  May be
	 * NULL. */
	void (*stopped)(void *arg);
	void *stopped_arg;
};

enum eh_engine_status {
	EH_ENGINE_FRESH,	/* no state: genesis is awaited */
	EH_ENGINE_READY,
	EH_ENGINE_STOPPED
};

/* Make an engine; nothing is read or written yet.  EH_ERR_MEMORY,
 * EH_ERR_ARGUMENT. */
EH_MUST_CHECK int eh_engine_new(
    const struct eh_engine_params *, struct eh_engine **);

/* Stop the threads if they run (without a clean stop), wipe and free. */
void eh_engine_free(struct eh_engine *);

/*
 * Look whether the disk and the anchor are fresh: EH_OK and 1 or 0 in
 * ${freshp}.  0 means that eh_engine_open() will judge them.
 */
EH_MUST_CHECK int eh_engine_look(
    struct eh_engine *, int *freshp, struct eh_error *);

/*
 * Recover the state, rebuild the device index, replay the journal and make
 * durable what was replayed.  Nothing is written; that waits for the first
 * request that writes.  EH_OK; or
 * EH_DENIED_FAIL_STOPPED with what was found and what to do: the engine stays
 * usable for eh_engine_status() only.
 */
EH_MUST_CHECK int eh_engine_open(struct eh_engine *,
    const struct eh_engine_keys *, struct eh_error *);

/*
 * Begin a log on a fresh disk: defines the anchor, writes the genesis record
 * and the first anchored copy.  ${first} holds identity, root, label, PINs, and
 * the own keys that exist already; its log and counters are zero.
 * ${attestation} is the SPKI digest of the attestation key.  Afterwards the
 * engine is as after eh_engine_open().  EH_ERR_FULL: the disk is as it was, and
 * it may be called again.  EH_DENIED_STATE: it is not fresh.
 */
EH_MUST_CHECK int eh_engine_genesis(struct eh_engine *,
    const struct eh_engine_keys *, const struct eh_state *first,
    const uint8_t attestation[EH_DIGEST_LEN], struct eh_error *);

/* Start the threads, after open() or genesis(). */
EH_MUST_CHECK int eh_engine_run(struct eh_engine *, struct eh_error *);

/*
 * Clean stop: no new claims, what was submitted is finished, unused passes are
 * returned, the last commit says clean; then the threads end.  Workers that
 * still come get EH_ERR_UNAVAILABLE.  An engine whose start commit was never
 * needed writes nothing.
 */
EH_MUST_CHECK int eh_engine_stop(struct eh_engine *, struct eh_error *);

/* The sentence is set when it is EH_ENGINE_STOPPED. */
enum eh_engine_status eh_engine_status(
    struct eh_engine *, struct eh_error *sentence);

/* To be called about once a minute: commits the time floor when an hour has
 * passed, closes authorizations that have expired or are used up. */
EH_MUST_CHECK int eh_engine_tick(struct eh_engine *, struct eh_error *);

/*
 * Hold the ledger's lock and borrow the live state for reading; short, without
 * calls that wait.  It is always consistent with the durable log: tree.size is
 * the number of durable entries.
 */
const struct eh_state *eh_engine_lock(struct eh_engine *);
void eh_engine_unlock(struct eh_engine *);

/* With the lock held. */
struct eh_outcomes {
	uint64_t good, scrapped, in_doubt;
};
void eh_engine_outcomes(struct eh_engine *, const struct eh_row *,
    struct eh_outcomes *);

/* With the lock held: ${row->burns}, or, between an unclean stop and the start
 * commit, what it is going to be.  The issue number of a first issue. */
uint32_t eh_engine_grace(struct eh_engine *, const struct eh_row *);
int eh_engine_damaged(const struct eh_engine *);
uint16_t eh_engine_burns(struct eh_engine *, const struct eh_row *);

/* With the lock held: A(k), the anchor's value as it was read back after the
 * last commit.  (Read now, it may be that of a commit under way.) */
void eh_engine_anchor(struct eh_engine *, uint8_t value[EH_DIGEST_LEN]);

/* With the lock held: the clock guard, and what time it is. */
void eh_engine_now(struct eh_engine *, struct eh_now *);
struct eh_clockguard *eh_engine_clockguard(struct eh_engine *);

/*
 * --- one device: claim, sign, submit ---
 *
 * A request, matched against a row by the worker.
 */
#define EH_DEVICE_KEY 8
struct eh_request {
	uint8_t authorization[EH_ID_LEN];
	uint64_t generation;		/* of the row that it matched */
	enum eh_op op;			/* EH_OP_ISSUE is all that is built */
	struct eh_device_id device;
	uint8_t template_index;
	uint8_t templates;		/* how many the profile has */
	uint8_t digest[EH_DIGEST_LEN];	/* SHA-256(TBS) */
	uint8_t key[EH_DEVICE_KEY];	/* front of its key's SPKI digest */
	/* Key number of each template: equal ones must show the same key,
	 * others different keys. */
	uint8_t key_number[EH_REQUEST_TEMPLATES];
	uint8_t has_token;
	uint8_t token[EH_ID_LEN];	/* of the client */
	/* 1: evidence shows that somebody holds the key, or a chip; then no
	 * other device of these books may show it. */
	uint8_t shown;
	uint8_t chip_len;		/* of the chip id; 0: none was shown */
	uint8_t chip[EH_CHIP_ID_MAX];
};

enum eh_verdict {
	EH_VERDICT_RETRY,	/* the same bytes again: the stored reply */
	EH_VERDICT_FIRST,	/* takes a pass, or a unit of an open one */
	EH_VERDICT_REISSUE	/* takes a unit of EH_OP_REISSUE; strict */
};

/* What eh_engine_peek() and eh_engine_claim() say. */
struct eh_answer {
	enum eh_verdict verdict;
	uint16_t issue;		/* issue number: that of the stored one, or the
				 * one to be used */
};

/*
 * A claim that is held, in the worker's memory.  Between claim() and submit()
 * or withdraw() it must not move.  The members are the ledger's.
 */
#define EH_TICKET_OWNED 2
struct eh_ticket {
	struct eh_ticket *next;		/* other claims of this device */
	struct eh_device *device;
	struct eh_request request;
	struct eh_answer answer;
	unsigned slot;			/* of the row */
	uint64_t generation;
	uint32_t number;		/* room taken in the index */
	uint32_t owned[EH_TICKET_OWNED]; /* that key and chip are the device's */
	int held;
};

/*
 * Say how a claim would be judged, without taking anything: so the worker can
 * compare the serial first, and a wrong one costs nothing.  Returns what
 * eh_engine_claim() would, except for what only a claim can find (quota, time,
 * leases, limits).  answer->issue is set by a closed authorization, too.
 */
EH_MUST_CHECK int eh_engine_peek(struct eh_engine *, const struct eh_request *,
    struct eh_answer *, struct eh_error *);

/*
 * Claim (authorization, device, template) for this request.  It waits for a
 * lease when none is left, and for another claim of the same digest.
 *
 * EH_OK: ${answer} says what it is.  With EH_VERDICT_RETRY the stored reply is
 * in ${reply} (of EH_PRIVATE_REPLY_MAX bytes) and ${replylenp}, and no ticket
 * is held.  Otherwise ${ticket} is held: sign and submit, or withdraw.
 *
 * Refusals, nothing taken: EH_DENIED_NO_AUTHORIZATION (the row is gone or has
 * changed: match again), _QUOTA, _DEVICE_LIMIT, _OFFLINE, _REVOKED, and those
 * of eh_clockguard_permit(); EH_ERR_ARGUMENT (a client token that came with
 * another digest), EH_ERR_FULL (no space for the journal).
 */
EH_MUST_CHECK int eh_engine_claim(struct eh_engine *, const struct eh_request *,
    struct eh_ticket *ticket, struct eh_answer *answer, uint8_t *reply,
    size_t *replylenp, struct eh_error *);

/*
 * Submit the record of what was signed and wait until it is durable; with
 * EH_VERDICT_REISSUE until an anchored commit lies behind it.  EH_OK: the reply
 * may leave.  Anything else: it must not, and it is wiped by the caller.  The
 * ticket is no longer held either way.
 *
 * Set in ${record}: kind, authorization, id_kind, device, factory, line,
 * station and mes, certificate.  The committer sets the rest.
 */
EH_MUST_CHECK int eh_engine_submit(struct eh_engine *, struct eh_ticket *,
    struct eh_record *record, const uint8_t *reply, size_t replylen,
    struct eh_error *);

/* Give a claim back: no record, no count. */
void eh_engine_withdraw(struct eh_engine *, struct eh_ticket *);

/*
 * --- all else that is recorded ---
 *
 * A record that changes nothing but the log (kind 16), or the outcome of a
 * device (kind 11: EH_ERR_NOT_FOUND for a device without a pass;
 * EH_DENIED_STATE for a third report, or good after scrapped).  Durable on
 * EH_OK.
 */
EH_MUST_CHECK int eh_engine_record(
    struct eh_engine *, struct eh_record *, struct eh_error *);

/*
 * A change of the state.  With ${record}: its function in the table of params
 * is tried, the record and ${redo} become durable, the function is run on the
 * live state, and the state is anchored (but see journal_only).  Without: ${change} is run on the live
 * state, and the state is anchored; it may refuse, and leaves the state
 * untouched then; authorizations are none of its business.  EH_OK means
 * anchored.
 */
struct eh_change {
	struct eh_record *record;
	const uint8_t *redo;		/* at most EH_PRIVATE_MESSAGE_MAX */
	size_t redolen;
	int (*change)(struct eh_state *, void *arg, struct eh_error *);
	void *arg;
	/* 1, with a record: durable in the journal is enough, since losing it
	 * would only withdraw an allowance; the next commit anchors it. */
	uint8_t journal_only;
};
EH_MUST_CHECK int eh_engine_change(
    struct eh_engine *, const struct eh_change *, struct eh_error *);

#endif
