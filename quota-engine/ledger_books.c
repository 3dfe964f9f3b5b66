/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_books.c - what counts: counters, outcomes, rows that come and go, and
 * the same from the journal. */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "quota-engine/ledger.h"

void
eh_ledger_counter(struct eh_counters *counters, unsigned op,
    const struct eh_counter *c)
{
	int err = eh_counters_add(counters, op, c);

	assert(err == EH_OK);
	(void)err;
}

void
eh_ledger_counters(const struct eh_row *row, struct eh_counters *counters)
{
	counters->n = 0;
	for (unsigned op = 0; op < EH_OPS; op++)
		if (row->op[op].granted)
			eh_ledger_counter(counters, op, &row->op[op].count);
}

/* The counter as it will be when this record, and those before it in the group,
 * are durable. */
static void
count(struct eh_engine *eng, unsigned slot, unsigned op,
    struct eh_record *record)
{
	struct eh_books *b = &eng->books[slot];
	struct eh_counter c = eng->state->row[slot].op[op].count;

	b->making[op]++;
	c.used += b->making[op];
	if (op == EH_OP_REISSUE)
		c.reserved += b->making[op];
	eh_ledger_counter(&record->counters, op, &c);
}

#define OPENING 2	/* eh_device.open: by a record of this group */

void
eh_ledger_count(struct eh_engine *eng, const struct eh_ticket *t,
    struct eh_record *record, int *opensp)
{
	record->counters.n = 0;
	*opensp = !t->device->open;
	if (*opensp) {
		t->device->open = OPENING;
		count(eng, t->slot, EH_OP_PASS, record);
	}
	count(eng, t->slot, eh_ledger_op(t->answer.verdict), record);
}

static void
use(struct eh_engine *eng, unsigned slot, unsigned op)
{
	struct eh_books *b = &eng->books[slot];
	struct eh_counter *c = &eng->state->row[slot].op[op].count;

	b->making[op]--;
	b->out[op]--;
	c->used++;
	if (op == EH_OP_REISSUE)
		c->reserved++;
}

static void
set_outcome(struct eh_engine *eng, struct eh_device *d, uint8_t outcome)
{
	struct eh_book *book = &eng->index.book[d->book];

	book->good -= d->outcome == EH_OUTCOME_GOOD;
	book->scrapped -= d->outcome == EH_OUTCOME_SCRAPPED;
	book->good += outcome == EH_OUTCOME_GOOD;
	book->scrapped += outcome == EH_OUTCOME_SCRAPPED;
	d->outcome = outcome;
}

/* What a durable certificate does to its device; a re-issue begins a new
 * run. */
static void
note_use(struct eh_engine *eng, struct eh_device *d, unsigned op, int opens)
{
	if (opens) {
		d->open = 1;
		eng->index.book[d->book].devices++;
	}
	if (d->uses[op] < UINT8_MAX)
		d->uses[op]++;
	if (op == EH_OP_REISSUE) {
		set_outcome(eng, d, 0);
		d->reports = 0;
	}
}

/* The chip that the device is from now on. */
static void
note_chip(struct eh_device *d, const uint8_t *chip, size_t len)
{
	if (len == 0)
		return;
	d->has_chip = 1;
	eh_index_chip_mark(chip, len, d->chip);
}

static uint8_t
issued_flags(unsigned op, int has_token)
{
	return (uint8_t)((op == EH_OP_REISSUE ? EH_ISSUED_STRICT : 0) |
	    (has_token ? EH_ISSUED_TOKEN : 0));
}

void
eh_ledger_settle(struct eh_engine *eng, struct eh_ticket *t,
    const struct eh_position *at, int opens)
{
	unsigned op = eh_ledger_op(t->answer.verdict);
	struct eh_issued values = {
		.segment = (uint32_t)at->segment,
		.offset = at->offset,
		.issue = t->answer.issue,
		.template_index = t->request.template_index,
		.flags = issued_flags(op, t->request.has_token),
	};

	memcpy(values.token, t->request.token, EH_ID_LEN);
	memcpy(values.key, t->request.key, EH_DEVICE_KEY);
	memcpy(values.digest, t->request.digest, EH_DIGEST_LEN);
	if (opens)
		use(eng, t->slot, EH_OP_PASS);
	use(eng, t->slot, op);
	note_use(eng, t->device, op, opens);
	note_chip(t->device, t->request.chip, t->request.chip_len);
	eh_index_issue(&eng->index, t->device, t->number, &values);
	eh_ledger_end(eng, t);
}

static struct eh_device *
reported(struct eh_engine *eng, const struct eh_record *record)
{
	const struct eh_row *row =
	    eh_state_row(eng->state, record->authorization);

	if (row == NULL)
		return NULL;
	return eh_index_find(&eng->index,
	    eng->books[row - eng->state->row].book, &record->device);
}

int
eh_ledger_check_report(struct eh_engine *eng, const struct eh_record *record,
    struct eh_error *error)
{
	const struct eh_device *d = reported(eng, record);
	char device[EH_DEVICE_NAME];

	eh_ledger_device_name(&record->device, device);
	if (d == NULL || !d->open)
		return eh_error_set(error, EH_ERR_NOT_FOUND,
		    "no device %s was made under this authorization", device);
	if (d->reports >= 2)
		return eh_error_set(error, EH_DENIED_STATE,
		    "device %s was reported twice already in this run", device);
	if (d->outcome == EH_OUTCOME_SCRAPPED &&
	    record->of.report.outcome == EH_OUTCOME_GOOD)
		return eh_error_set(error, EH_DENIED_STATE,
		    "device %s was reported as scrapped: only a re-issue makes "
		    "it good again", device);
	return EH_OK;
}

static void
note_report(struct eh_engine *eng, struct eh_device *d, uint8_t outcome)
{
	d->reports++;
	set_outcome(eng, d, outcome);
}

void
eh_ledger_report(struct eh_engine *eng, const struct eh_record *record)
{
	struct eh_device *d = reported(eng, record);

	if (d != NULL)
		note_report(eng, d, (uint8_t)record->of.report.outcome);
}

/* The book of authorization ${id}, or EH_INDEX_NONE. */
static uint32_t
book_of(const struct eh_engine *eng, const uint8_t id[EH_ID_LEN])
{
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (eng->books[i].generation != 0 &&
		    memcmp(eng->books[i].id, id, EH_ID_LEN) == 0)
			return eng->books[i].book;
	return EH_INDEX_NONE;
}

void
eh_ledger_outcomes(struct eh_engine *eng, const struct eh_row *row,
    struct eh_outcomes *outcomes)
{
	uint64_t used = row->op[EH_OP_PASS].count.used;
	uint32_t number = book_of(eng, row->id);

	memset(outcomes, 0, sizeof(*outcomes));
	if (number == EH_INDEX_NONE && row->has_supersedes)
		number = book_of(eng, row->supersedes);
	if (number != EH_INDEX_NONE) {
		outcomes->good = eng->index.book[number].good;
		outcomes->scrapped = eng->index.book[number].scrapped;
	}
	if (used > outcomes->good + outcomes->scrapped)
		outcomes->in_doubt =
		    used - outcomes->good - outcomes->scrapped;
}

void
eh_ledger_closed(struct eh_engine *eng, const struct eh_row *row,
    struct eh_record *record)
{
	struct eh_outcomes outcomes;

	eh_record_init(record, EH_RECORD_CLOSED);
	record->has_authorization = 1;
	memcpy(record->authorization, row->id, EH_ID_LEN);
	eh_ledger_counters(row, &record->counters);
	eh_ledger_outcomes(eng, row, &outcomes);
	record->of.closed.reason = row->close_reason;
	record->of.closed.good = outcomes.good;
	record->of.closed.scrapped = outcomes.scrapped;
	record->of.closed.in_doubt = outcomes.in_doubt;
	record->of.closed.burns = row->burns;
}

/* The book that the new row in ${slot} goes on with. */
static int
give_book(struct eh_engine *eng, unsigned slot)
{
	const struct eh_row *row = &eng->state->row[slot];
	struct eh_books *b = &eng->books[slot];
	uint32_t book = row->has_supersedes ? book_of(eng, row->supersedes)
					    : EH_INDEX_NONE;

	if (book == EH_INDEX_NONE)
		return eh_index_book(&eng->index, &b->book);
	b->book = book;
	eng->index.book[book].rows++;
	return EH_OK;
}

int
eh_ledger_reconcile(struct eh_engine *eng)
{
	int err = EH_OK;

	for (unsigned i = 0; i < EH_STATE_ROWS && err == EH_OK; i++) {
		const struct eh_row *row = &eng->state->row[i];
		struct eh_books *b = &eng->books[i];
		uint32_t book = b->book;
		int stays = row->state != EH_ROW_FREE &&
		    book != EH_INDEX_NONE &&
		    memcmp(b->id, row->id, EH_ID_LEN) == 0;

		if (b->generation == row->generation)
			continue;
		memset(b, 0, sizeof(*b));
		b->generation = row->generation;
		memcpy(b->id, row->id, EH_ID_LEN);
		b->book = stays ? book : EH_INDEX_NONE;
		if (!stays && row->state != EH_ROW_FREE)
			err = give_book(eng, i);
		if (!stays && book != EH_INDEX_NONE)
			eh_index_release(&eng->index, book);
	}
	return err;
}

void
eh_ledger_move(struct eh_engine *eng, const struct eh_record *record,
    const uint8_t *redo, size_t redolen)
{
	const struct eh_row *row;
	struct eh_moved moved;

	if (record->kind != EH_RECORD_INSTALLED ||
	    eng->params.superseded == NULL || redolen == 0 ||
	    !eng->params.superseded(redo, redolen, &moved) ||
	    (row = eh_state_row(eng->state, record->authorization)) == NULL)
		return;
	eh_index_move(
	    &eng->index, eng->books[row - eng->state->row].book, &moved);
}

/* Nothing is left of it, nothing is under way, and every device was reported.
 * While re-issues are allowed there is something left. */
static int
used_up(struct eh_engine *eng, unsigned slot)
{
	static const uint8_t ops[] = { EH_OP_PASS, EH_OP_REISSUE };
	const struct eh_row *row = &eng->state->row[slot];
	struct eh_outcomes outcomes;

	for (size_t i = 0; i < sizeof(ops); i++) {
		const struct eh_counter *c = &row->op[ops[i]].count;

		if (c->used + c->burned < c->quota)
			return 0;
	}
	for (unsigned op = 0; op < EH_OPS; op++)
		if (eng->books[slot].out[op] != 0)
			return 0;
	eh_ledger_outcomes(eng, row, &outcomes);
	return outcomes.in_doubt == 0;
}

void
eh_ledger_mark_over(struct eh_engine *eng, const struct eh_now *now)
{
	for (unsigned i = 0; i < EH_STATE_ROWS; i++) {
		if (eng->state->row[i].state != EH_ROW_LIVE)
			continue;
		if (now->quality != EH_QUALITY_NONE &&
		    now->t_lo >= eng->state->row[i].expires)
			eng->books[i].close = EH_CLOSE_EXPIRED;
		else if (used_up(eng, i))
			eng->books[i].close = EH_CLOSE_USED_UP;
	}
}

int
eh_ledger_close_marked(struct eh_engine *eng)
{
	int any = 0;

	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (eng->books[i].close != 0) {
			eh_state_row_close(eng->state, &eng->state->row[i],
			    eng->books[i].close);
			any = 1;
		}
	return any;
}

static int
remember_owner(struct eh_engine *eng, struct eh_device *d,
    const struct eh_issued *values, const struct eh_certificate *c,
    const struct eh_private *private)
{
	uint32_t number;
	int err = EH_OK;

	if (c->has_evidence)
		err = eh_index_own(&eng->index, d, values->key, &number);
	note_chip(d, private->chip, private->chip_len);
	if (err == EH_OK && private->chip_len > 0)
		err = eh_index_own(&eng->index, d, d->chip, &number);
	return err;
}

int
eh_ledger_remember(struct eh_engine *eng, uint32_t book,
    const struct eh_record *record, const struct eh_private *private,
    const struct eh_position *at)
{
	const struct eh_certificate *c = &record->of.certificate;
	unsigned op = eh_counters_get(&record->counters, EH_OP_REISSUE) != NULL
	    ? EH_OP_REISSUE
	    : EH_OP_ISSUE;
	struct eh_issued values = {
		.segment = (uint32_t)at->segment,
		.offset = at->offset,
		.issue = c->issue,
		.template_index = c->template_index,
		.flags = issued_flags(op, private->has_token),
	};
	uint8_t spki[EH_SPKI_DIGEST_LEN];
	struct eh_device *d;
	uint32_t number;
	int err;

	eh_keyid_spki_digest(&c->key, spki);
	memcpy(values.key, spki, EH_DEVICE_KEY);
	memcpy(values.token, private->token, EH_ID_LEN);
	memcpy(values.digest, c->tbs, EH_DIGEST_LEN);
	if ((err = eh_index_reserve(&eng->index, &number)) != EH_OK)
		return err;
	d = eh_index_find(&eng->index, book, &record->device);
	if (d == NULL && (err = eh_index_add(&eng->index, book,
	        &record->device, &d)) != EH_OK) {
		eh_index_cancel(&eng->index, number);
		return err;
	}
	if ((err = remember_owner(eng, d, &values, c, private)) != EH_OK) {
		eh_index_cancel(&eng->index, number);
		return err;
	}
	note_use(eng, d, op, !d->open);
	eh_index_issue(&eng->index, d, number, &values);
	return EH_OK;
}

/* A counter of a record that is replayed: one more used than the state says.
 * What was reserved may have been less, when a lease was just being anchored.
 */
static int
replay_counter(struct eh_row *row, unsigned op, const struct eh_record *record)
{
	const struct eh_counter *said = eh_counters_get(&record->counters, op);
	struct eh_counter *c = &row->op[op].count;

	if (said == NULL || !row->op[op].granted ||
	    said->used != c->used + 1 || said->burned != c->burned ||
	    said->quota != c->quota)
		return EH_ERR_FORMAT;
	if (op == EH_OP_REISSUE) {
		c->reserved++;
		if (said->reserved != c->reserved || c->reserved > c->quota)
			return EH_ERR_FORMAT;
	}
	c->used++;
	return said->reserved > c->reserved ||
	        c->used + c->burned > c->reserved ? EH_ERR_FORMAT : EH_OK;
}

int
eh_ledger_replay(struct eh_engine *eng, const struct eh_record *record,
    const struct eh_private *private, const struct eh_position *at)
{
	struct eh_row *row = eh_state_row(eng->state, record->authorization);
	const struct eh_device *d;
	uint32_t book;
	unsigned op = eh_counters_get(&record->counters, EH_OP_REISSUE) != NULL
	    ? EH_OP_REISSUE
	    : EH_OP_ISSUE;
	int err;

	if (row == NULL || row->state != EH_ROW_LIVE)
		return EH_ERR_FORMAT;
	book = eng->books[row - eng->state->row].book;
	d = eh_index_find(&eng->index, book, &record->device);
	if (record->counters.n != (d == NULL ? 2 : 1) ||
	    (d == NULL && replay_counter(row, EH_OP_PASS, record) != EH_OK) ||
	    replay_counter(row, op, record) != EH_OK)
		return EH_ERR_FORMAT;
	if ((err = eh_ledger_remember(eng, book, record, private, at)) != EH_OK)
		return err;
	return EH_OK;
}

int
eh_ledger_remember_report(
    struct eh_engine *eng, uint32_t book, const struct eh_record *record)
{
	struct eh_device *d = eh_index_find(&eng->index, book, &record->device);

	if (d == NULL)
		return EH_ERR_FORMAT;
	note_report(eng, d, (uint8_t)record->of.report.outcome);
	return EH_OK;
}
