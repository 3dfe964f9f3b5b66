/* SPDX-License-Identifier: Apache-2.0 */
/* lease.c - passes reserved before their first use, the window of the log, and
 * what burns. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "quota-engine/committer.h"
#include "quota-engine/lease.h"
#include "quota-engine/logread.h"

#define LEASE_LEAST  16		/* halving stops here, or at N */
#define WINDOW_LEAST 64
#define WINDOW_MOST  16384

/* Pass-bound: reserved together with the pass.  The others are either not
 * offered (4) or strict (8, 9). */
/* clang-format off */
static const struct {
	uint8_t binds;		/* reserved by leases */
	uint8_t writes;		/* makes records, so counts for the window */
} ops[EH_OPS] = {
	[EH_OP_PASS]        = { 0, 0 },
	[EH_OP_ISSUE]       = { 1, 1 },
	[EH_OP_DERIVE]      = { 1, 1 },
	[EH_OP_EXPORT]      = { 1, 1 },
	[EH_OP_SIGN_BLOB]   = { 0, 0 },
	[EH_OP_KEYGEN]      = { 1, 0 },
	[EH_OP_DEBUG_ENROL] = { 1, 0 },
	[EH_OP_UNLOCK]      = { 1, 0 },
	[EH_OP_REPROVISION] = { 0, 0 },
	[EH_OP_REISSUE]     = { 0, 0 },
};
/* clang-format on */

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int
eh_lease_binds(unsigned op)
{
	return op < EH_OPS && ops[op].binds;
}

static int
bound_by(const struct eh_row *row, unsigned op)
{
	return eh_lease_binds(op) && row->op[op].granted &&
	    row->op[op].uses > 0;
}

uint64_t
eh_lease_size(const struct eh_row *row)
{
	uint64_t n = row->lease, floor = least(LEASE_LEAST, row->lease);

	for (unsigned i = 0; i < row->halvings && n > floor; i++)
		n /= 2;
	return n > floor ? n : floor;
}

unsigned
eh_lease_records(const struct eh_row *row)
{
	unsigned n = 0;

	for (unsigned op = 0; op < EH_OPS; op++)
		if (ops[op].writes)
			n += row->op[op].uses;
	return n;
}

uint64_t
eh_lease_window(const struct eh_state *st)
{
	uint64_t window = WINDOW_LEAST;

	for (unsigned i = 0; i < EH_STATE_ROWS; i++) {
		const struct eh_row *row = &st->row[i];
		uint64_t entries = 2;	/* a report, and another */

		if (row->state != EH_ROW_LIVE)
			continue;
		for (unsigned op = 0; op < EH_OPS; op++)
			if (ops[op].writes)
				entries += row->op[op].uses;
		window += row->lease * entries;
	}
	return least(window, WINDOW_MOST);
}

int
eh_lease_exhausted(
    const struct eh_row *row, unsigned op, struct eh_error *error)
{
	const struct eh_counter *c = &row->op[op].count;
	char name[EH_ROW_NAME], burned[64] = "";

	if (c->burned > 0)
		snprintf(burned, sizeof(burned),
		    " and %" PRIu64 " burned by unclean stops", c->burned);
	if (op == EH_OP_PASS)
		return eh_error_set(error, EH_DENIED_QUOTA,
		    "quota exhausted: authorization %s allows %" PRIu64
		    " devices, %" PRIu64 " used%s",
		    eh_state_row_name(row, name), c->quota, c->used, burned);
	return eh_error_set(error, EH_DENIED_QUOTA,
	    "quota exhausted: authorization %s allows %" PRIu64
	    " uses of operation %u (%s), %" PRIu64 " used%s",
	    eh_state_row_name(row, name), c->quota, op, eh_op_name(op), c->used,
	    burned);
}

/* Reserved, anchored, and neither recorded nor claimed. */
static uint64_t
available(const struct eh_row *row, const struct eh_books *b, unsigned op)
{
	const struct eh_counter *c = &row->op[op].count;

	return c->reserved - c->used - c->burned - b->out[op];
}

/* What may still be reserved. */
static uint64_t
unreserved(const struct eh_row *row, const struct eh_books *b, unsigned op)
{
	const struct eh_counter *c = &row->op[op].count;

	return c->quota - c->reserved - b->want[op] - b->asked[op];
}

/*
 * How many passes the next lease may have; ${opp} gets the operation that
 * allows no more.  Whoever opens a pass must be able to finish it, so every
 * pass-bound operation has a say.
 */
static uint64_t
grantable(const struct eh_row *row, const struct eh_books *b, unsigned *opp)
{
	uint64_t n = unreserved(row, b, EH_OP_PASS);

	*opp = EH_OP_PASS;
	for (unsigned op = 0; op < EH_OPS; op++) {
		uint64_t passes;

		if (!bound_by(row, op))
			continue;
		passes = unreserved(row, b, op) / row->op[op].uses;
		if (passes < n) {
			n = passes;
			*opp = op;
		}
	}
	return n;
}

/* Reserved or being reserved, and not yet recorded: what a stop would burn. */
static uint64_t
exposed(const struct eh_row *row, const struct eh_books *b)
{
	const struct eh_counter *c = &row->op[EH_OP_PASS].count;

	return c->reserved - c->used - c->burned + b->want[EH_OP_PASS] +
	    b->asked[EH_OP_PASS];
}

static void
want(struct eh_engine *eng, const struct eh_row *row, struct eh_books *b,
    uint64_t n)
{
	b->want[EH_OP_PASS] += n;
	for (unsigned op = 0; op < EH_OPS; op++)
		if (bound_by(row, op))
			b->want[op] += n * row->op[op].uses;
	eh_commit_request(eng);
}

static int
no_grace(const struct eh_row *row, struct eh_error *error)
{
	char name[EH_ROW_NAME];

	return eh_error_set(error, EH_DENIED_TIME,
	    "time not trusted: authorization %s allows %" PRIu32
	    " devices after a boot of the machine, and they are used up: "
	    EH_CLOCK_MEND, eh_state_row_name(row, name),
	    row->limits.boot_grace);
}

/*
 * Ask for a lease: EH_ERR_BUSY when that was done, or nothing can be said
 * before other claims have ended; else the refusal.
 */
static int
ask_lease(struct eh_engine *eng, unsigned slot, const struct eh_now *now,
    struct eh_error *error)
{
	const struct eh_row *row = &eng->state->row[slot];
	struct eh_books *b = &eng->books[slot];
	uint64_t size = eh_lease_size(row), most = size + size / 4, n;
	unsigned op;

	n = grantable(row, b, &op);
	if (n == 0 && b->out[EH_OP_PASS] == 0)
		return eh_lease_exhausted(row, op, error);
	if (now->quality < EH_QUALITY_ATTESTED) {
		uint64_t grace = row->grace - b->want_grace - b->asked_grace;

		if (grace == 0)
			return no_grace(row, error);
		n = least(n, grace);
	}
	if (n == 0 || exposed(row, b) >= most)
		return EH_ERR_BUSY;
	n = least(least(n, size), most - exposed(row, b));
	if (now->quality < EH_QUALITY_ATTESTED)
		b->want_grace += (uint32_t)n;
	want(eng, row, b, n);
	return EH_ERR_BUSY;
}

/* At quality 1 the passes of a lease made at a better time need grace too. */
static int
ask_grace(struct eh_engine *eng, unsigned slot, uint64_t passes,
    struct eh_error *error)
{
	const struct eh_row *row = &eng->state->row[slot];
	struct eh_books *b = &eng->books[slot];
	uint64_t grace = row->grace - b->want_grace - b->asked_grace;

	if (grace == 0)
		return no_grace(row, error);
	b->want_grace += (uint32_t)least(grace, passes);
	eh_commit_request(eng);
	return EH_ERR_BUSY;
}

/*
 * When a quarter is left the next one is asked for.  A line that was faster than
 * the anchor then, and had to wait, is asked for with half of one left for a
 * while: three quarters of a lease each time, so that no more than 1 1/4 are
 * exposed, and a third more writes of the anchor.
 */
#define HURRY 64	/* leases */

static void
prefetch(struct eh_engine *eng, unsigned slot, const struct eh_now *now)
{
	const struct eh_row *row = &eng->state->row[slot];
	struct eh_books *b = &eng->books[slot];
	uint64_t size = eh_lease_size(row);

	if (size < 4 || exposed(row, b) > size / (b->hurry > 0 ? 2 : 4))
		return;
	(void)ask_lease(eng, slot, now, NULL);
	b->ahead = b->want[EH_OP_PASS] > 0;
}

int
eh_lease_take(struct eh_engine *eng, unsigned slot, const struct eh_now *now,
    uint8_t *gracedp, struct eh_error *error)
{
	const struct eh_row *row = &eng->state->row[slot];
	struct eh_books *b = &eng->books[slot];
	uint64_t passes = available(row, b, EH_OP_PASS);
	int under_way = b->want[EH_OP_PASS] + b->asked[EH_OP_PASS] +
	        b->want_grace + b->asked_grace > 0;

	if (passes == 0 && under_way) {
		if (b->ahead)
			b->hurry = HURRY;
		return EH_ERR_BUSY;
	}
	if (passes == 0)
		return ask_lease(eng, slot, now, error);
	if (now->quality < EH_QUALITY_ATTESTED && b->graced == 0)
		return under_way ? EH_ERR_BUSY :
				   ask_grace(eng, slot, passes, error);
	/* Time gets better by an attestation only, and that gives all grace
	 * anew: what was paid before counts no more. */
	if (now->quality >= EH_QUALITY_ATTESTED)
		b->graced = 0;
	*gracedp = now->quality < EH_QUALITY_ATTESTED;
	b->graced -= *gracedp;
	b->out[EH_OP_PASS]++;
	prefetch(eng, slot, now);
	return EH_OK;
}

void
eh_lease_give(struct eh_engine *eng, unsigned slot, uint8_t graced)
{
	eng->books[slot].out[EH_OP_PASS]--;
	eng->books[slot].graced += graced;
}

/* The device's units went with the last lease: reserve what it may use. */
static int
draw(struct eh_engine *eng, unsigned slot, struct eh_device *d, unsigned op,
    struct eh_error *error)
{
	const struct eh_row *row = &eng->state->row[slot];
	struct eh_books *b = &eng->books[slot];

	if (unreserved(row, b, op) == 0)
		return eh_lease_exhausted(row, op, error);
	for (unsigned i = 0; i < EH_OPS; i++)
		if (bound_by(row, i) && row->op[i].uses > d->uses[i])
			b->want[i] += least(unreserved(row, b, i),
			    (uint64_t)row->op[i].uses - d->uses[i]);
	d->units = (uint32_t)row->generation;
	d->units_commit = (uint32_t)eh_commit_request(eng);
	return EH_ERR_BUSY;
}

int
eh_lease_unit(struct eh_engine *eng, unsigned slot, struct eh_device *d,
    unsigned op, struct eh_error *error)
{
	const struct eh_row *row = &eng->state->row[slot];
	struct eh_books *b = &eng->books[slot];

	if (d->units != (uint32_t)row->generation)
		return draw(eng, slot, d, op, error);
	if (d->units_commit > (uint32_t)eng->state->commit)
		return EH_ERR_BUSY;
	if (available(row, b, op) == 0)
		return eh_lease_exhausted(row, op, error);
	b->out[op]++;
	return EH_OK;
}

int
eh_lease_strict(struct eh_engine *eng, unsigned slot, unsigned op,
    struct eh_error *error)
{
	const struct eh_row *row = &eng->state->row[slot];
	struct eh_books *b = &eng->books[slot];

	if (row->op[op].count.quota == row->op[op].count.reserved)
		return eh_lease_exhausted(row, op, error);
	if (unreserved(row, b, op) == b->out[op])
		return EH_ERR_BUSY;
	b->out[op]++;
	return EH_OK;
}

void
eh_lease_ask(struct eh_engine *eng, struct eh_state *next)
{
	for (unsigned i = 0; i < EH_STATE_ROWS; i++) {
		struct eh_row *row = &next->row[i];
		struct eh_books *b = &eng->books[i];

		if (row->state != EH_ROW_LIVE)
			continue;
		for (unsigned op = 0; op < EH_OPS; op++) {
			row->op[op].count.reserved += b->want[op];
			b->asked[op] = b->want[op];
			b->want[op] = 0;
		}
		row->grace -= b->want_grace;
		b->asked_grace = b->want_grace;
		b->want_grace = 0;
	}
}

void
eh_lease_anchored(struct eh_engine *eng)
{
	for (unsigned i = 0; i < EH_STATE_ROWS; i++) {
		struct eh_row *row = &eng->state->row[i];
		struct eh_books *b = &eng->books[i];

		if (row->state != EH_ROW_LIVE)
			continue;
		eng->lease += b->asked[EH_OP_PASS] > 0;
		if (b->asked[EH_OP_PASS] > 0 && b->hurry > 0)
			b->hurry--;
		if (b->asked[EH_OP_PASS] > 0)
			b->ahead = 0;
		for (unsigned op = 0; op < EH_OPS; op++) {
			row->op[op].count.reserved += b->asked[op];
			b->asked[op] = 0;
		}
		row->grace -= b->asked_grace;
		b->graced += b->asked_grace;
		b->asked_grace = 0;
	}
}

int
eh_lease_burns(const struct eh_row *row)
{
	for (unsigned op = 0; op < EH_OPS; op++) {
		const struct eh_counter *c = &row->op[op].count;

		if (c->reserved > c->used + c->burned)
			return 1;
	}
	return 0;
}

/* No certificate may share a serial with one that the cut end of a journal
 * hides, so the issue numbers of the row begin anew. */
static void
burn_row(struct eh_state *st, struct eh_row *row)
{
	if (row->state != EH_ROW_LIVE || !eh_lease_burns(row))
		return;
	for (unsigned op = 0; op < EH_OPS; op++) {
		struct eh_counter *c = &row->op[op].count;

		if (op == EH_OP_PASS)
			st->log.burned_passes +=
			    c->reserved - c->used - c->burned;
		c->burned = c->reserved - c->used;
	}
	row->burn_unrecorded = 1;
	row->burns++;
	if (row->halvings < UINT8_MAX)
		row->halvings++;
	if (row->burns == UINT16_MAX)
		eh_state_row_close(st, row, EH_CLOSE_BURNS);
}

/* Join the two neighbours with the smallest gap between them. */
static void
merge(struct eh_state_log *log)
{
	unsigned at = 0;
	uint64_t smallest = UINT64_MAX;

	for (unsigned i = 0; i + 1 < log->nburned; i++) {
		uint64_t gap = log->burned[i + 1].first -
		    log->burned[i].first - log->burned[i].span;

		if (gap < smallest) {
			smallest = gap;
			at = i;
		}
	}
	log->burned[at].span = log->burned[at + 1].first +
	    log->burned[at + 1].span - log->burned[at].first;
	log->burned[at].burned += log->burned[at + 1].burned;
	log->passes[at] += log->passes[at + 1];
	log->nburned--;
	memmove(&log->burned[at + 1], &log->burned[at + 2],
	    (log->nburned - at - 1) * sizeof(log->burned[0]));
	memmove(&log->passes[at + 1], &log->passes[at + 2],
	    (log->nburned - at - 1) * sizeof(log->passes[0]));
	log->merged = 1;
}

/* R5: at most 64 ranges are kept; the kind-5 records stay exact. */
static void
add_range(struct eh_state_log *log, uint64_t first, uint64_t count)
{
	struct eh_burned_range *last =
	    log->nburned > 0 ? &log->burned[log->nburned - 1] : NULL;

	if (last != NULL && last->first + last->span == first) {
		last->span += count;
		last->burned += count;
		return;
	}
	if (log->nburned == EH_BURNED_RANGES_MAX)
		merge(log);
	log->burned[log->nburned].first = first;
	log->burned[log->nburned].span = count;
	log->burned[log->nburned].burned = count;
	log->passes[log->nburned] = 0;
	log->nburned++;
}

static int
burn_places(struct eh_state *st)
{
	struct eh_state_log *log = &st->log;
	uint64_t first = log->tree.size, count = log->seq_hi - first;
	int err;

	if (count == 0)
		return EH_OK;
	for (uint64_t seq = first; seq < log->seq_hi; seq++) {
		eh_logread_burned_leaf(st->hsm_id, seq, log->head);
		if ((err = eh_merkle_append(&log->tree, log->head)) != EH_OK)
			return err;
	}
	add_range(log, first, count);
	log->burned_seqs += count;
	/* Nothing was recorded since the last burn that is still to be
	 * recorded, so the two lie side by side. */
	if (log->unrecorded.count == 0)
		log->unrecorded.first = first;
	log->unrecorded.count += count;
	return EH_OK;
}

/* An acknowledgement accepts passes by the range that burned with them; those
 * that burned when the window was used up go with the whole log. */
int
eh_lease_burn(struct eh_state *st)
{
	struct eh_state_log *log = &st->log;
	uint64_t before = log->burned_passes, size = log->tree.size;
	int err;

	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		burn_row(st, &st->row[i]);
	if ((err = burn_places(st)) != EH_OK)
		return err;
	if (log->tree.size > size)
		log->passes[log->nburned - 1] += log->burned_passes - before;
	else if (log->burned_passes > before)
		log->burned_at = size;
	return EH_OK;
}

void
eh_lease_return(struct eh_state *st)
{
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		for (unsigned op = 0; op < EH_OPS; op++) {
			struct eh_counter *c = &st->row[i].op[op].count;

			c->reserved = c->used + c->burned;
		}
	st->log.seq_hi = st->log.tree.size;
}
