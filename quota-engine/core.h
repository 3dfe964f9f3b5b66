/* SPDX-License-Identifier: Apache-2.0 */
/* core.h - the struct that the files of the heart share. */
#ifndef EH_QUOTA_ENGINE_CORE_H
#define EH_QUOTA_ENGINE_CORE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>

#include "quota-engine/engine.h"
#include "quota-engine/index.h"
#include "quota-engine/journal.h"

/*
 * Only the files of the heart include this.  The algorithms are plain functions
 * over struct eh_engine; threads (engine.c) only call them.  Each header says
 * of its functions whether the ledger's lock is held ("locked") or not.
 *
 * Who writes what, and when:
 *
 *   state      under the lock; between groups only, except for what the end of
 *              a commit raises (commit, seq_hi, reserved, grace)
 *   books,     under the lock, at any time
 *   index
 *   group      by whoever writes, one at a time (writing)
 *   commit     by the committer until it flies, then by the anchor thread
 */
enum eh_phase {
	EH_PHASE_NEW,
	EH_PHASE_REPLAYED,	/* read; the start commit is still to come */
	EH_PHASE_STARTED,
	EH_PHASE_STOPPING,	/* no new claims */
	EH_PHASE_ENDED		/* cleanly stopped */
};

/* What of a row of the authorization table lives only in memory; same index. */
struct eh_books {
	uint64_t generation;		/* of the row that these belong to */
	uint8_t id[EH_ID_LEN];
	uint32_t book;			/* of the index; EH_INDEX_NONE: none */
	uint64_t out[EH_OPS];		/* claimed, and no durable record yet */
	uint64_t making[EH_OPS]; /* of these: in the group being written */
	uint64_t want[EH_OPS];		/* for the next commit to reserve */
	uint64_t asked[EH_OPS]; /* being reserved by the one that flies */
	uint32_t want_grace, asked_grace;
	uint64_t graced;		/* passes of the lease paid by grace */
	uint8_t ahead;			/* the next lease was asked for in time */
	uint8_t hurry;			/* leases still to be asked for early */
	uint8_t close;			/* reason to close it between groups */
};

/* Something that waits for the committer, in the memory of who waits. */
enum eh_submission_kind {
	EH_SUBMIT_CLAIM,
	EH_SUBMIT_RECORD,
	EH_SUBMIT_CHANGE
};

struct eh_submission {
	struct eh_submission *next;
	enum eh_submission_kind kind;
	struct eh_record *record;	/* NULL: a change without one */
	struct eh_private private;
	size_t privatelen;		/* encoded */
	uint32_t bound;			/* most bytes of the entry */
	struct eh_ticket *ticket;	/* of a claim */
	const struct eh_apply *apply;	/* of a change with a record */
	const struct eh_change *change;
	int done;
	int result;
	struct eh_error error;
	uint64_t seq;
	sem_t wake;			/* posted when done */
};

/* An entry of the group that is being written. */
#define EH_GROUP_ENTRIES 256
#define EH_GROUP_BYTES   (256u * 1024)
#define EH_GROUP_OWN	 (EH_STATE_ROWS + 16) /* records that nobody submitted */

struct eh_item {
	struct eh_submission *submission;	/* or NULL */
	struct eh_record *record;
	uint64_t seq;
	uint32_t offset;		/* in the segment */
	uint8_t leaf[EH_DIGEST_LEN];
	unsigned slot;			/* kind 6: place of its row */
	uint8_t rows[EH_RECORD_ROWS_MAX]; /* kind 5: its rows */
	unsigned nrows;
	int opens;			/* this record counts the pass */
};

struct eh_group {
	struct eh_item item[EH_GROUP_ENTRIES];
	unsigned n;
	size_t bound;			/* bytes, at most */
	struct eh_submission *settled, **settled_tail; /* to be woken */
	struct eh_record own[EH_GROUP_OWN];
	unsigned nown;
	int turn;			/* change segment first */
	uint64_t number, commit;
	uint64_t t_lo;
	uint32_t offset;		/* where it goes */
	struct eh_merkle tree;		/* behind it */
	uint8_t head[EH_DIGEST_LEN];
	size_t len;
	uint8_t bytes[EH_GROUP_BYTES + EH_ENTRY_MAX];
};

struct eh_commit {
	int wanted;
	int flying;			/* from begin to end */
	int handed;			/* to the anchor thread */
	int whole;			/* the live state becomes ${next} */
	struct eh_state *next;
	uint8_t digest[EH_DIGEST_LEN];	/* D */
	uint8_t to[EH_DIGEST_LEN];	/* A(k) */
	size_t len;
	uint8_t bytes[EH_STATE_MAX];
};

/* Places of the log: where every EH_MARK_STEP-th record stands. */
#define EH_MARK_STEP 64
struct eh_mark {
	uint64_t seq;
	struct eh_position at;
};

struct eh_span {
	uint64_t first, count;
};

#define EH_ENGINE_THREADS 3

struct eh_engine {
	struct eh_engine_params params;
	struct eh_os *os;
	uint8_t key[EH_DIGEST_LEN];	/* K_state */

	pthread_mutex_t lock;		/* the ledger's */
	enum eh_phase phase;
	int fresh;			/* eh_engine_look() said so */
	struct eh_error stopped;	/* code EH_OK while it runs */
	int want_start;
	uint8_t boot_flags;
	int boot_pending;		/* the boot record is still to come */
	int clean;			/* what the boot record says */
	struct eh_record *genesis;	/* the genesis record, while it waits */
	uint32_t lease;			/* leases since the start */
	uint64_t clock_ns;		/* boottime when last read */
	uint64_t committed;		/* the same at the last commit */

	struct eh_state *state;		/* live */
	struct eh_state *trial;		/* to try changes on */
	struct eh_clockguard guard;
	uint8_t anchor[EH_DIGEST_LEN];	/* A(k) */
	uint64_t anchored;		/* seq_next of the last commit */
	struct eh_books books[EH_STATE_ROWS];
	struct eh_index index;
	struct eh_journal journal;
	uint64_t promised; /* journal bytes for what is under way */
	unsigned held;			/* tickets */

	/* The log, for who reads it. */
	struct eh_mark *mark;
	size_t marks, marks_cap;
	struct eh_span *burned;		/* every burned range, exact, by seq */
	size_t nburned, burned_cap;
	int damaged;			/* an old record is not readable */
	uint64_t damaged_seq;

	struct eh_submission *head, **tail;
	struct eh_group *group;
	struct eh_commit *commit;

	/* Threads (engine.c). */
	int running, ending;		/* how many run; they should end */
	int writing;			/* somebody writes the group */
	unsigned start_refused;		/* how often the start found no space */
	struct eh_error start_error;
	pthread_cond_t changed;		/* a claim, a commit or the phase */
	pthread_cond_t work;		/* for the committer */
	pthread_cond_t flight;		/* for the anchor thread */
	pthread_cond_t space;		/* for the segment maker */
	pthread_t thread[EH_ENGINE_THREADS];
};

/* Locked: stop for good with this sentence, unless it has stopped already.
 * Returns EH_DENIED_FAIL_STOPPED. */
int eh_engine_poison(struct eh_engine *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Locked: copy why it has stopped to ${error}. */
int eh_engine_stopped(const struct eh_engine *, struct eh_error *error);

/* The row of the params' table for this record, or NULL. */
const struct eh_apply *eh_engine_apply(
    const struct eh_engine *, const struct eh_record *);

/* Locked.  Are there groups and commits? */
int eh_engine_runs(const struct eh_engine *);

/* Locked, but not all the time.  Write what waits as a group, unless somebody
 * else does: 1 when there was one. */
int eh_engine_group(struct eh_engine *);

/* Locked, but not all the time.  Without threads: one round of everything.  0
 * when there was nothing to do, so that waiting longer would be in vain. */
int eh_engine_round(struct eh_engine *);

/* Locked.  Wake whoever has something to do now. */
void eh_engine_nudge(struct eh_engine *);

/* Locked: read the clocks. */
void eh_engine_clock(struct eh_engine *, struct eh_now *);

#endif
