/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.c - who may: claims, rows, counters, outcomes, closing. */
#include "config.h"

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
	int before;			/* something of an earlier generation is */
	int issued;			/* this template, by other bytes */
	unsigned last;			/* its highest issue number */
	unsigned templates; /* how many templates have been issued */
	unsigned claims[EH_OPS];	/* held by others, per operation */
	uint8_t mark[EH_DEVICE_KEY];	/* of the chip that was shown */
	int other_chip;			/* the device was begun with another */
};

unsigned
eh_ledger_op(enum eh_verdict verdict)
{
	return verdict == EH_VERDICT_REISSUE ? EH_OP_REISSUE : EH_OP_ISSUE;
}

const char *
eh_ledger_device_name(
    const struct eh_device_id *id, char text[EH_DEVICE_NAME])
{
	for (unsigned i = 0; i < id->len; i++)
		if (id->bytes[i] < 0x21 || id->bytes[i] > 0x7e) {
			eh_hex_encode(id->bytes, id->len, text);
			return text;
		}
	snprintf(text, EH_DEVICE_NAME, "%.*s", (int)id->len,
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

/* Which chip is it, and is that the device's? */
static void
look_at_chip(const struct eh_request *req, struct finding *f)
{
	uint8_t mark[EH_DEVICE_KEY];

	if (req->chip_len == 0)
		return;
	eh_index_chip_mark(req->chip, req->chip_len, f->mark);
	if (f->device == NULL)
		return;
	f->other_chip = f->device->has_chip &&
	    !same(f->device->chip, f->mark, EH_DEVICE_KEY);
	/* Claims count as if they had ended well. */
	for (const struct eh_ticket *t = f->device->claims; t != NULL;
	     t = t->next) {
		if (t->request.chip_len == 0)
			continue;
		eh_index_chip_mark(t->request.chip, t->request.chip_len, mark);
		f->other_chip |= !same(mark, f->mark, EH_DEVICE_KEY);
	}
}

/* Look through the certificates that the device has. */
static int
look_at_issued(struct eh_engine *eng, const struct eh_request *req,
    struct finding *f, struct eh_error *error)
{
	uint32_t seen = 0, bit;
	struct eh_issued *i = eh_index_issued(&eng->index, f->device->issued);

	for (; i != NULL; i = eh_index_issued(&eng->index, i->next)) {
		int equal = same(i->digest, req->digest, EH_DIGEST_LEN);

		if (!equal && req->has_token && (i->flags & EH_ISSUED_TOKEN) &&
		    same(i->token, req->token, EH_ID_LEN))
			return wrong_token(error);
		if (equal)
			f->stored = i;
		if (i->template_index == EH_TEMPLATE_GONE)
			continue;
		bit = UINT32_C(1) << (i->template_index & 31);
		f->templates += (seen & bit) == 0;
		seen |= bit;
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
		f->claims[eh_ledger_op(t->answer.verdict)]++;
		f->under_way |= equal;
		f->before |= t->generation != f->row->generation;
		if (other->template_index != req->template_index)
			continue;
		f->issued = 1;
		if (t->answer.issue > f->last)
			f->last = t->answer.issue;
	}
	return EH_OK;
}

static int
revoked(const struct eh_row *row, struct eh_error *error)
{
	const struct eh_counter *c = &row->op[EH_OP_PASS].count;
	char name[EH_ROW_NAME];

	return eh_error_set(error, EH_DENIED_REVOKED,
	    "authorization %s was revoked: it ended with %" PRIu64 " of %" PRIu64
	    " devices used; the OEM can issue another one",
	    eh_state_row_name(row, name), c->used, c->quota);
}

static int
closed(const struct eh_row *row, struct eh_error *error)
{
	const struct eh_counter *c = &row->op[EH_OP_PASS].count;
	char name[EH_ROW_NAME];

	eh_state_row_name(row, name);
	switch (row->close_reason) {
	case EH_CLOSE_EXPIRED:
		return eh_clockguard_expired(row->expires, name, error);
	case EH_CLOSE_REVOKED:
		return revoked(row, error);
	case EH_CLOSE_SUPERSEDED:
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "authorization %s was superseded by another one", name);
	case EH_CLOSE_BURNS:
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "authorization %s was closed: too many unclean stops",
		    name);
	case EH_CLOSE_USED_UP:
		return eh_error_set(error, EH_DENIED_QUOTA,
		    "quota exhausted: authorization %s allowed %" PRIu64
		    " devices, all are used and reported", name, c->quota);
	default:
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "authorization %s was closed on request of the OEM, with %"
		    PRIu64 " devices used", name, c->used);
	}
}

/* One device, one row: nobody gets a second pass from another authorization for
 * the same profile name. */
static int
check_other_rows(struct eh_engine *eng, const struct eh_request *req,
    const struct finding *f, struct eh_error *error)
{
	char name[EH_ROW_NAME], device[EH_DEVICE_NAME];

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
		    "device %s is counted under authorization %s already, "
		    "which is for the same profile",
		    eh_ledger_device_name(&req->device, device),
		    eh_state_row_name(row, name));
	}
	return EH_OK;
}

static int
check_uses(const struct eh_request *req, const struct finding *f,
    enum eh_verdict verdict, struct eh_error *error)
{
	unsigned op = eh_ledger_op(verdict);
	const struct eh_state_op *o = &f->row->op[op];
	unsigned uses = f->claims[op] +
	    (f->device != NULL ? f->device->uses[op] : 0);
	char name[EH_ROW_NAME], device[EH_DEVICE_NAME];

	if (!o->granted && verdict == EH_VERDICT_REISSUE && f->issued)
		return eh_error_set(error, EH_DENIED_DEVICE_LIMIT,
		    "device %s has a certificate by this template already "
		    "(issue number %u), and authorization %s allows no "
		    "re-issue: only the same TBSCertificate is signed again",
		    eh_ledger_device_name(&req->device, device), f->last,
		    eh_state_row_name(f->row, name));
	if (!o->granted && verdict == EH_VERDICT_REISSUE && f->other_chip)
		return eh_error_set(error, EH_DENIED_DEVICE_LIMIT,
		    "device %s was begun with another chip, and authorization "
		    "%s allows no re-issue",
		    eh_ledger_device_name(&req->device, device),
		    eh_state_row_name(f->row, name));
	if (!o->granted && verdict == EH_VERDICT_REISSUE)
		return eh_error_set(error, EH_DENIED_DEVICE_LIMIT,
		    "device %s is finished, and authorization %s allows no "
		    "re-issue", eh_ledger_device_name(&req->device, device),
		    eh_state_row_name(f->row, name));
	if (!o->granted)
		return eh_lease_exhausted(f->row, op, error);
	if (uses >= o->uses)
		return eh_error_set(error, EH_DENIED_DEVICE_LIMIT,
		    "device %s has used operation %u (%s) %u times, and "
		    "authorization %s allows %u per device",
		    eh_ledger_device_name(&req->device, device), op,
		    eh_op_name(op), uses, eh_state_row_name(f->row, name),
		    o->uses);
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
	char device[EH_DEVICE_NAME];
	int wrong = 0, again = 0, reissues = 0;

	if (f->device == NULL)
		return EH_OK;
	for (i = eh_index_issued(&eng->index, f->device->issued); i != NULL;
	     i = eh_index_issued(&eng->index, i->next)) {
		int is;

		if (i->template_index == EH_TEMPLATE_GONE)
			continue;
		is = same(i->key, req->key, EH_DEVICE_KEY) !=
		    (number[i->template_index] == number[req->template_index]);
		if (i->flags & EH_ISSUED_STRICT) {
			reissues++;
			again |= is;
		} else {
			wrong |= is;
		}
	}
	/* The first ones, or those that came in their place. */
	if (reissues > 0)
		wrong &= again;
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
	    eh_ledger_device_name(&req->device, device));
}

/* What was shown to be one device's is no other's: one bought chip, or one key,
 * would do for all of them.  A device that was scrapped gives its own free. */
static int
check_owner(struct eh_engine *eng, const struct eh_request *req,
    const struct finding *f, struct eh_error *error)
{
	const char *what = "public key";
	const struct eh_device *d = NULL;
	char device[EH_DEVICE_NAME], other[EH_DEVICE_NAME], name[EH_ROW_NAME];

	if (req->shown)
		d = eh_index_owner(
		    &eng->index, f->books->book, f->device, req->key);
	if (d == NULL && req->chip_len > 0) {
		what = "chip";
		d = eh_index_owner(
		    &eng->index, f->books->book, f->device, f->mark);
	}
	if (d == NULL)
		return EH_OK;
	return eh_error_set(error, EH_DENIED_EVIDENCE,
	    "the %s is that of device %s already, and cannot be that of "
	    "device %s too: authorization %s makes each device with its own "
	    "(one that was reported as scrapped gives them free)", what,
	    eh_ledger_device_name(&d->id, other),
	    eh_ledger_device_name(&req->device, device),
	    eh_state_row_name(f->row, name));
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
		if (eh_state_row_revoked(eng->state, f->row))
			return revoked(f->row, error);
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
	/* Claims from before this generation hold no pass of this row, and their
	 * templates may be those of another profile. */
	if (f->under_way || f->before || (f->device != NULL && !f->device->open &&
	        f->device->units != (uint32_t)f->row->generation))
		return EH_ERR_BUSY;
	if ((err = check_other_rows(eng, req, f, error)) != EH_OK)
		return err;
	look_at_chip(req, f);
	answer->verdict = f->issued || f->other_chip || finished(req, f)
	    ? EH_VERDICT_REISSUE
	    : EH_VERDICT_FIRST;
	if ((answer->verdict == EH_VERDICT_FIRST &&
	        (err = check_key(eng, req, f, error)) != EH_OK) ||
	    (err = check_owner(eng, req, f, error)) != EH_OK)
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
		    "is damaged; put back a copy of its segment file that "
		    "holds the records after it too, and start edgehsmd again",
		    eng->damaged_seq);
	if (log->foreign)
		return eh_error_set(error, EH_DENIED_OFFLINE,
		    "offline limit reached: the authority has acknowledged a "
		    "log that is not the one of this EdgeHSM; the OEM has to "
		    "find out why, and can lift it with an acknowledgement of "
		    "this log");
	if (log->merged)
		return eh_error_set(error, EH_DENIED_OFFLINE,
		    "offline limit reached: more than %d unclean stops since "
		    "the last acknowledgement of the authority; the OEM can "
		    "lift that with edgehsm-authority ack",
		    EH_BURNED_RANGES_MAX);
	if (unacked > row->limits.max_unacked)
		return eh_error_set(error, EH_DENIED_OFFLINE,
		    "offline limit reached: %" PRIu64 " records are not "
		    "acknowledged by the authority, authorization %s allows %"
		    PRIu32 "; the OEM can lift that with edgehsm-authority ack",
		    unacked, eh_state_row_name(row, name),
		    row->limits.max_unacked);
	if (log->burned_passes > row->limits.max_unaccounted)
		return eh_error_set(error, EH_DENIED_OFFLINE,
		    "offline limit reached: %" PRIu64 " devices were burned by "
		    "unclean stops and are not accounted for, authorization %s "
		    "allows %" PRIu32 "; the OEM can lift that with "
		    "edgehsm-authority ack", log->burned_passes,
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

/* Take back what own() said. */
static void
disown(struct eh_engine *eng, struct eh_ticket *t)
{
	for (unsigned i = 0; i < EH_TICKET_OWNED; i++) {
		if (t->owned[i] != EH_INDEX_NONE && t->device != NULL)
			eh_index_disown(&eng->index, t->owned[i]);
		t->owned[i] = EH_INDEX_NONE;
	}
}

/* Key and chip are this device's from now on, unless the claim comes to
 * nothing. */
static int
own(struct eh_engine *eng, const struct eh_request *req,
    const struct finding *f, struct eh_ticket *t, struct eh_error *error)
{
	int err = EH_OK;

	t->device = f->device;
	if (req->shown)
		err = eh_index_own(
		    &eng->index, f->device, req->key, &t->owned[0]);
	if (err == EH_OK && req->chip_len > 0)
		err = eh_index_own(
		    &eng->index, f->device, f->mark, &t->owned[1]);
	if (err != EH_OK)
		disown(eng, t);
	return err == EH_OK ? EH_OK :
	    eh_error_set(error, err, "out of memory");
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
	for (unsigned i = 0; i < EH_TICKET_OWNED; i++)
		t->owned[i] = EH_INDEX_NONE;
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
	    (err = own(eng, req, &f, t, error)) != EH_OK ||
	    (err = take_unit(eng, &f, answer->verdict, error)) != EH_OK) {
		disown(eng, t);
		t->device = NULL;
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

void
eh_ledger_end(struct eh_engine *eng, struct eh_ticket *t)
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
		eng->books[t->slot].out[eh_ledger_op(t->answer.verdict)]--;
	eh_index_cancel(&eng->index, t->number);
	disown(eng, t);
	eh_ledger_end(eng, t);
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
