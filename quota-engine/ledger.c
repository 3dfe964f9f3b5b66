/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.c - who may: claims, rows, counters, outcomes, closing. */
#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "quota-engine/committer.h"
#include "quota-engine/lease.h"
#include "quota-engine/ledger.h"

/* What a request meets. */
struct finding {
	unsigned slot;
	struct eh_row *row;
	struct eh_books *books;
	struct eh_device *device;	/* or NULL */
	struct eh_issued *stored;	/* the same bytes, or NULL */
	int under_way;			/* the same bytes are being signed */
	int issued;			/* this template, by other bytes */
	unsigned last;			/* its highest issue number */
	unsigned templates;		/* how many templates have been issued */
	unsigned claims[EH_OPS];	/* held by others, per operation */
};

static unsigned
op_of(enum eh_verdict verdict)
{
	return verdict == EH_VERDICT_REISSUE ? EH_OP_REISSUE : EH_OP_ISSUE;
}

#define DEVICE_NAME (2 * EH_DEVICE_ID_MAX + 1)

/* A device id for people: as text when it is that, else as hex digits. */
static const char *
device_name(const struct eh_device_id *id, char text[DEVICE_NAME])
{
	for (unsigned i = 0; i < id->len; i++)
		if (id->bytes[i] < 0x21 || id->bytes[i] > 0x7e) {
			eh_hex_encode(id->bytes, id->len, text);
			return text;
		}
	snprintf(text, DEVICE_NAME, "%.*s", (int)id->len,
	    (const char *)id->bytes);
	return text;
}

static int
find_row(struct eh_engine *eng, const struct eh_request *req,
    struct finding *f, struct eh_error *error)
{
	memset(f, 0, sizeof(*f));
	f->row = eh_state_row(eng->state, req->authorization);
	if (f->row == NULL)
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "there is no such authorization here any more");
	f->slot = (unsigned)(f->row - eng->state->row);
	f->books = &eng->books[f->slot];
	f->device = eh_index_find(&eng->index, f->books->book, &req->device);
	return EH_OK;
}

static int
wrong_token(struct eh_error *error)
{
	return eh_error_set(error, EH_ERR_ARGUMENT,
	    "this client token came with another request already: take a new "
	    "one for each request");
}

static int
same(const void *a, const void *b, size_t len)
{
	return memcmp(a, b, len) == 0;
}

/* Look through the certificates that the device has. */
static int
look_at_issued(struct eh_engine *eng, const struct eh_request *req,
    struct finding *f, struct eh_error *error)
{
	uint32_t seen = 0, bit;
	struct eh_issued *i = eh_index_issued(&eng->index, f->device->issued);

	for (; i != NULL; i = eh_index_issued(&eng->index, i->next)) {
		int equal = i->template_index == req->template_index &&
		    same(i->digest, req->digest, EH_DIGEST_LEN);

		if (!equal && req->has_token && (i->flags & EH_ISSUED_TOKEN) &&
		    same(i->token, req->token, EH_ID_LEN))
			return wrong_token(error);
		bit = UINT32_C(1) << (i->template_index & 31);
		f->templates += (seen & bit) == 0;
		seen |= bit;
		if (equal)
			f->stored = i;
		if (i->template_index != req->template_index)
			continue;
		f->issued = 1;
		if (i->issue > f->last)
			f->last = i->issue;
	}
	return EH_OK;
}

/* Look through the claims that are held: they count as if they had ended
 * well. */
static int
look_at_claims(
    const struct eh_request *req, struct finding *f, struct eh_error *error)
{
	for (struct eh_ticket *t = f->device->claims; t != NULL; t = t->next) {
		const struct eh_request *other = &t->request;
		int equal = other->template_index == req->template_index &&
		    same(other->digest, req->digest, EH_DIGEST_LEN);

		if (!equal && req->has_token && other->has_token &&
		    same(other->token, req->token, EH_ID_LEN))
			return wrong_token(error);
		f->claims[op_of(t->answer.verdict)]++;
		f->under_way |= equal;
		if (other->template_index != req->template_index)
			continue;
		f->issued = 1;
		if (t->answer.issue > f->last)
			f->last = t->answer.issue;
	}
	return EH_OK;
}

static int
closed(const struct eh_row *row, struct eh_error *error)
{
	char name[EH_ROW_NAME];

	eh_state_row_name(row, name);
	switch (row->close_reason) {
	case EH_CLOSE_EXPIRED:
		return eh_clockguard_expired(row->expires, name, error);
	case EH_CLOSE_REVOKED:
		return eh_error_set(error, EH_DENIED_REVOKED,
		    "authorization %s was revoked", name);
	case EH_CLOSE_SUPERSEDED:
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "authorization %s was superseded by another one", name);
	case EH_CLOSE_BURNS:
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "authorization %s was closed: too many unclean stops", name);
	default:
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "authorization %s is closed", name);
	}
}

/* One device, one row: nobody gets a second pass from another authorization for
 * the same profile name. */
static int
check_other_rows(struct eh_engine *eng, const struct eh_request *req,
    const struct finding *f, struct eh_error *error)
{
	char name[EH_ROW_NAME], device[DEVICE_NAME];

	for (unsigned i = 0; i < EH_STATE_ROWS; i++) {
		const struct eh_row *row = &eng->state->row[i];
		const struct eh_device *d;

		if (row->state != EH_ROW_LIVE ||
		    eng->books[i].book == f->books->book ||
		    strcmp(row->profile.name, f->row->profile.name) != 0)
			continue;
		d = eh_index_find(
		    &eng->index, eng->books[i].book, &req->device);
		if (d == NULL)
			continue;
		if (!d->open)
			return EH_ERR_BUSY;
		return eh_error_set(error, EH_DENIED_DEVICE_LIMIT,
		    "device %s is counted under authorization %s already, which "
		    "is for the same profile",
		    device_name(&req->device, device),
		    eh_state_row_name(row, name));
	}
	return EH_OK;
}

static int
check_uses(const struct eh_request *req, const struct finding *f,
    enum eh_verdict verdict, struct eh_error *error)
{
	unsigned op = op_of(verdict);
	const struct eh_state_op *o = &f->row->op[op];
	unsigned uses = f->claims[op] +
	    (f->device != NULL ? f->device->uses[op] : 0);
	char name[EH_ROW_NAME], device[DEVICE_NAME];

	if (!o->granted && verdict == EH_VERDICT_REISSUE && f->issued)
		return eh_error_set(error, EH_DENIED_DEVICE_LIMIT,
		    "device %s has a certificate by this template already "
		    "(issue number %u), and authorization %s allows no "
		    "re-issue: only the same TBSCertificate is signed again",
		    device_name(&req->device, device), f->last,
		    eh_state_row_name(f->row, name));
	if (!o->granted && verdict == EH_VERDICT_REISSUE)
		return eh_error_set(error, EH_DENIED_DEVICE_LIMIT,
		    "device %s is finished, and authorization %s allows no "
		    "re-issue", device_name(&req->device, device),
		    eh_state_row_name(f->row, name));
	if (!o->granted)
		return eh_lease_exhausted(f->row, op, error);
	if (uses >= o->uses)
		return eh_error_set(error, EH_DENIED_DEVICE_LIMIT,
		    "device %s has used operation %u (%s) %u times, and "
		    "authorization %s allows %u per device",
		    device_name(&req->device, device), op, eh_op_name(op), uses,
		    eh_state_row_name(f->row, name), o->uses);
	return EH_OK;
}

/*
 * The first certificates of a device belong together: templates with one key
 * number show one key, templates with two show two.  A re-issue begins anew.
 */
static int
check_key(struct eh_engine *eng, const struct eh_request *req,
    const struct finding *f, struct eh_error *error)
{
	const uint8_t *number = req->key_number;
	const struct eh_issued *i;
	char device[DEVICE_NAME];
	int wrong = 0;

	if (f->device == NULL)
		return EH_OK;
	for (i = eh_index_issued(&eng->index, f->device->issued); i != NULL;
	     i = eh_index_issued(&eng->index, i->next))
		wrong |= !(i->flags & EH_ISSUED_STRICT) &&
		    same(i->key, req->key, EH_DEVICE_KEY) !=
		        (number[i->template_index] ==
		            number[req->template_index]);
	for (const struct eh_ticket *t = f->device->claims; t != NULL;
	     t = t->next)
		wrong |= same(t->request.key, req->key, EH_DEVICE_KEY) !=
		    (number[t->request.template_index] ==
		        number[req->template_index]);
	if (!wrong)
		return EH_OK;
	return eh_error_set(error, EH_DENIED_TEMPLATE,
	    "the public key does not go with the other certificates of device "
	    "%s: the profile says which of them share a key",
	    device_name(&req->device, device));
}

/* Is nothing to be done for the device any more? */
static int
finished(const struct eh_request *req, const struct finding *f)
{
	if (f->device == NULL)
		return 0;
	return f->device->outcome == EH_OUTCOME_SCRAPPED ||
	    (f->device->reports > 0 && f->templates >= req->templates);
}

/* The table of retry and re-issue (doc/format/state.md section 3). */
static int
judge(struct eh_engine *eng, const struct eh_request *req, struct finding *f,
    struct eh_answer *answer, struct eh_error *error)
{
	unsigned issue;
	char name[EH_ROW_NAME];
	int err;

	memset(answer, 0, sizeof(*answer));
	if ((err = find_row(eng, req, f, error)) != EH_OK)
		return err;
	if (f->device != NULL &&
	    ((err = look_at_issued(eng, req, f, error)) != EH_OK ||
	        (err = look_at_claims(req, f, error)) != EH_OK))
		return err;
	if (f->stored != NULL) {
		if (f->row->close_reason == EH_CLOSE_REVOKED)
			return closed(f->row, error);
		answer->verdict = EH_VERDICT_RETRY;
		answer->issue = f->stored->issue;
		return EH_OK;
	}
	/* Also of a row that is closed: the caller tells by it which of several
	 * was meant. */
	issue = f->row->burns;
	if (f->issued && f->last + 1 > issue)
		issue = f->last + 1;
	if (issue > UINT16_MAX)
		return eh_error_set(error, EH_DENIED_DEVICE_LIMIT,
		    "the issue numbers of this device are used up");
	answer->issue = (uint16_t)issue;
	if (f->row->state != EH_ROW_LIVE)
		return closed(f->row, error);
	if (f->row->generation != req->generation)
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "authorization %s has just changed: repeat the request",
		    eh_state_row_name(f->row, name));
	/* Claims from before this generation hold no pass of this row. */
	if (f->under_way || (f->device != NULL && !f->device->open &&
	        f->device->units != (uint32_t)f->row->generation))
		return EH_ERR_BUSY;
	if ((err = check_other_rows(eng, req, f, error)) != EH_OK)
		return err;
	answer->verdict = f->issued || finished(req, f) ? EH_VERDICT_REISSUE :
							  EH_VERDICT_FIRST;
	if (answer->verdict == EH_VERDICT_FIRST &&
	    (err = check_key(eng, req, f, error)) != EH_OK)
		return err;
	return check_uses(req, f, answer->verdict, error);
}

/* Nothing is judged before the start commit, because it may raise burns. */
static int
check_phase(struct eh_engine *eng, struct eh_error *error)
{
	if (eng->stopped.code != EH_OK)
		return eh_engine_stopped(eng, error);
	switch (eng->phase) {
	case EH_PHASE_STARTED:
		return EH_OK;
	case EH_PHASE_REPLAYED:
		eng->want_start = 1;
		return EH_ERR_BUSY;
	case EH_PHASE_NEW:
		return eh_error_set(error, EH_DENIED_STATE,
		    "this EdgeHSM has no identity yet");
	default:
		return eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "edgehsmd is stopping");
	}
}

int
eh_ledger_peek(struct eh_engine *eng, const struct eh_request *req,
    struct eh_answer *answer, struct eh_error *error)
{
	struct finding f;
	int err;

	if ((err = check_phase(eng, error)) != EH_OK)
		return err;
	return judge(eng, req, &f, answer, error);
}

/* R5: bounds on what a factory can withhold, for new passes only. */
static int
check_offline(struct eh_engine *eng, const struct eh_row *row,
    struct eh_error *error)
{
	const struct eh_state_log *log = &eng->state->log;
	uint64_t unacked = log->counted - log->acked_counted + eng->held;
	char name[EH_ROW_NAME];

	if (eng->damaged)
		return eh_error_set(error, EH_DENIED_OFFLINE,
		    "offline limit reached: record %" PRIu64 " of the journal "
		    "is damaged; put back a copy of its segment file that holds "
		    "the records after it too, and start edgehsmd again",
		    eng->damaged_seq);
	if (log->merged)
		return eh_error_set(error, EH_DENIED_OFFLINE,
		    "offline limit reached: more than %d unclean stops since "
		    "the last acknowledgement of the authority",
		    EH_BURNED_RANGES_MAX);
	if (unacked > row->limits.max_unacked)
		return eh_error_set(error, EH_DENIED_OFFLINE,
		    "offline limit reached: %" PRIu64 " records are not "
		    "acknowledged by the authority, authorization %s allows %"
		    PRIu32, unacked, eh_state_row_name(row, name),
		    row->limits.max_unacked);
	if (log->burned_passes > row->limits.max_unaccounted)
		return eh_error_set(error, EH_DENIED_OFFLINE,
		    "offline limit reached: %" PRIu64 " devices were burned by "
		    "unclean stops and are not accounted for, authorization %s "
		    "allows %" PRIu32, log->burned_passes,
		    eh_state_row_name(row, name), row->limits.max_unaccounted);
	return EH_OK;
}

static int
check_claim(struct eh_engine *eng, const struct finding *f,
    const struct eh_answer *answer, const struct eh_now *now,
    struct eh_error *error)
{
	char name[EH_ROW_NAME];
	int err;

	err = eh_clockguard_permit(now, f->row->not_before, f->row->expires,
	    &f->row->limits,
	    answer->verdict == EH_VERDICT_REISSUE ? EH_CLOCK_STRICT :
						    EH_CLOCK_NORMAL,
	    eh_state_row_name(f->row, name), error);
	if (err == EH_OK && f->device == NULL)
		err = check_offline(eng, f->row, error);
	if (err == EH_OK)
		err = eh_committer_room(eng, EH_CLAIM_BOUND, error);
	return err;
}

/* The device with its pass. */
static int
open_device(struct eh_engine *eng, const struct eh_request *req,
    struct finding *f, const struct eh_now *now, struct eh_error *error)
{
	uint8_t graced;
	int err;

	if (f->device != NULL)
		return EH_OK;
	if ((err = eh_lease_take(eng, f->slot, now, &graced, error)) != EH_OK)
		return err;
	err = eh_index_add(
	    &eng->index, f->books->book, &req->device, &f->device);
	if (err != EH_OK) {
		eh_lease_give(eng, f->slot, graced);
		return eh_error_set(error, err, "out of memory");
	}
	f->device->graced = graced;
	f->device->units = (uint32_t)f->row->generation;
	return EH_OK;
}

/* A device that nobody holds and no record knows was never there. */
static void
drop_device(struct eh_engine *eng, unsigned slot, uint64_t generation,
    struct eh_device *d)
{
	if (d == NULL || d->open || d->claims != NULL)
		return;
	if (eng->books[slot].generation == generation)
		eh_lease_give(eng, slot, d->graced);
	eh_index_remove(&eng->index, d);
}

static int
take_unit(struct eh_engine *eng, struct finding *f, enum eh_verdict verdict,
    struct eh_error *error)
{
	if (verdict == EH_VERDICT_REISSUE)
		return eh_lease_strict(eng, f->slot, EH_OP_REISSUE, error);
	return eh_lease_unit(eng, f->slot, f->device, EH_OP_ISSUE, error);
}

int
eh_ledger_claim(struct eh_engine *eng, const struct eh_request *req,
    struct eh_ticket *t, struct eh_answer *answer, struct eh_stored *stored,
    struct eh_error *error)
{
	struct finding f;
	struct eh_now now;
	int err;

	memset(t, 0, sizeof(*t));
	if ((err = check_phase(eng, error)) != EH_OK ||
	    (err = judge(eng, req, &f, answer, error)) != EH_OK)
		return err;
	if (answer->verdict == EH_VERDICT_RETRY) {
		stored->first = eng->journal.place[f.stored->segment].first;
		stored->offset = f.stored->offset;
		stored->strict = f.stored->flags & EH_ISSUED_STRICT;
		return EH_OK;
	}
	eh_engine_clock(eng, &now);
	if (eng->stopped.code != EH_OK)
		return eh_engine_stopped(eng, error);
	if ((err = check_claim(eng, &f, answer, &now, error)) != EH_OK)
		return err;
	if (eh_index_reserve(&eng->index, &t->number) != EH_OK)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if ((err = open_device(eng, req, &f, &now, error)) != EH_OK ||
	    (err = take_unit(eng, &f, answer->verdict, error)) != EH_OK) {
		drop_device(eng, f.slot, f.row->generation, f.device);
		eh_index_cancel(&eng->index, t->number);
		return err;
	}
	t->request = *req;
	t->answer = *answer;
	t->slot = f.slot;
	t->generation = f.row->generation;
	t->device = f.device;
	t->next = f.device->claims;
	f.device->claims = t;
	t->held = 1;
	eng->held++;
	eng->promised += EH_CLAIM_BOUND;
	return EH_OK;
}

/* Take the ticket off its device's list; it is not held any more. */
static void
end_ticket(struct eh_engine *eng, struct eh_ticket *t)
{
	if (t->device != NULL) {
		struct eh_ticket **link = &t->device->claims;

		while (*link != t)
			link = &(*link)->next;
		*link = t->next;
	}
	t->held = 0;
	eng->held--;
	eng->promised -= EH_CLAIM_BOUND;
}

void
eh_ledger_withdraw(struct eh_engine *eng, struct eh_ticket *t)
{
	if (!t->held)
		return;
	/* When the row's books were closed meanwhile, the unit went back with
	 * them. */
	if (eng->books[t->slot].generation == t->generation)
		eng->books[t->slot].out[op_of(t->answer.verdict)]--;
	eh_index_cancel(&eng->index, t->number);
	end_ticket(eng, t);
	drop_device(eng, t->slot, t->generation, t->device);
	t->device = NULL;
}

int
eh_ledger_recheck(struct eh_engine *eng, const struct eh_ticket *t,
    const struct eh_now *now, struct eh_error *error)
{
	const struct eh_row *row = &eng->state->row[t->slot];
	char name[EH_ROW_NAME];

	if (row->generation != t->generation || row->state != EH_ROW_LIVE) {
		row = eh_state_row(eng->state, t->request.authorization);
		if (row != NULL && row->state != EH_ROW_LIVE)
			return closed(row, error);
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "the authorization has changed while this was signed: "
		    "repeat the request");
	}
	return eh_clockguard_permit(now, row->not_before, row->expires,
	    &row->limits,
	    t->answer.verdict == EH_VERDICT_REISSUE ? EH_CLOCK_STRICT :
						      EH_CLOCK_NORMAL,
	    eh_state_row_name(row, name), error);
}

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
	count(eng, t->slot, op_of(t->answer.verdict), record);
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
	unsigned op = op_of(t->answer.verdict);
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
	eh_index_issue(&eng->index, t->device, t->number, &values);
	end_ticket(eng, t);
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
	char device[DEVICE_NAME];

	device_name(&record->device, device);
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

void
eh_ledger_outcomes(
    struct eh_engine *eng, unsigned slot, struct eh_outcomes *outcomes)
{
	uint64_t used = eng->state->row[slot].op[EH_OP_PASS].count.used;
	const struct eh_book *book;

	memset(outcomes, 0, sizeof(*outcomes));
	if (eng->books[slot].book != EH_INDEX_NONE) {
		book = &eng->index.book[eng->books[slot].book];
		outcomes->good = book->good;
		outcomes->scrapped = book->scrapped;
	}
	if (used > outcomes->good + outcomes->scrapped)
		outcomes->in_doubt =
		    used - outcomes->good - outcomes->scrapped;
}

void
eh_ledger_closed(
    struct eh_engine *eng, unsigned slot, struct eh_record *record)
{
	const struct eh_row *row = &eng->state->row[slot];
	struct eh_outcomes outcomes;

	eh_record_init(record, EH_RECORD_CLOSED);
	record->has_authorization = 1;
	memcpy(record->authorization, row->id, EH_ID_LEN);
	eh_ledger_counters(row, &record->counters);
	eh_ledger_outcomes(eng, slot, &outcomes);
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

	for (unsigned i = 0; row->has_supersedes && i < EH_STATE_ROWS; i++)
		if (i != slot && eng->books[i].book != EH_INDEX_NONE &&
		    same(eng->books[i].id, row->supersedes, EH_ID_LEN)) {
			b->book = eng->books[i].book;
			eng->index.book[b->book].rows++;
			return EH_OK;
		}
	return eh_index_book(&eng->index, &b->book);
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
		    book != EH_INDEX_NONE && same(b->id, row->id, EH_ID_LEN);

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
eh_ledger_expire(struct eh_engine *eng, const struct eh_now *now)
{
	if (now->quality == EH_QUALITY_NONE)
		return;
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (eng->state->row[i].state == EH_ROW_LIVE &&
		    now->t_lo >= eng->state->row[i].expires)
			eng->books[i].close = EH_CLOSE_EXPIRED;
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

int
eh_ledger_remember(struct eh_engine *eng, uint32_t book,
    const struct eh_record *record, const struct eh_private *private,
    const struct eh_position *at)
{
	const struct eh_certificate *c = &record->of.certificate;
	unsigned op = eh_counters_get(&record->counters, EH_OP_REISSUE) != NULL ?
	    EH_OP_REISSUE : EH_OP_ISSUE;
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
	note_use(eng, d, op, !d->open);
	eh_index_issue(&eng->index, d, number, &values);
	return EH_OK;
}

/* A counter of a record that is replayed: one more used than the state says.
 * What was reserved may have been less, when a lease was just being anchored. */
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
	unsigned op = eh_counters_get(&record->counters, EH_OP_REISSUE) != NULL ?
	    EH_OP_REISSUE : EH_OP_ISSUE;
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
