/* SPDX-License-Identifier: Apache-2.0 */
/* committer.c - what becomes durable, in which order: groups of records. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "quota-engine/committer.h"
#include "quota-engine/lease.h"
#include "quota-engine/ledger.h"

#define SEQ_MARGIN   16			/* ask for a window when so near */
#define ROOM_MARGIN  (EH_ENTRY_MAX + 8192) /* our own records, and what a group
					      leaves empty at the end */

/*
 * --- journal space ---
 */

/* Bytes that are left for entries in the current segment. */
static uint64_t
left_in_segment(const struct eh_engine *eng)
{
	const struct eh_position *next = &eng->state->log.next;
	uint64_t size = eng->journal.place[next->segment].size;
	uint64_t used = (uint64_t)next->offset + EH_ENTRY_HEADER;

	return size > used ? size - used : 0;
}

/* Three quarters full, or promised: the next segment should be made. */
static void
look_ahead(struct eh_engine *eng)
{
	struct eh_journal *j = &eng->journal;
	const struct eh_position *next = &eng->state->log.next;
	uint64_t size = j->place[next->segment].size;

	if (j->next == EH_NEXT_NONE &&
	    next->offset + eng->promised + ROOM_MARGIN > size / 4 * 3)
		j->next = EH_NEXT_WANTED;
}

int
eh_committer_room(
    struct eh_engine *eng, uint64_t bytes, struct eh_error *error)
{
	struct eh_journal *j = &eng->journal;
	uint64_t left = left_in_segment(eng), need;

	need = eng->promised + bytes + ROOM_MARGIN;
	if (j->next == EH_NEXT_READY)
		left += j->size - EH_SEGMENT_HEADER - EH_ENTRY_HEADER;
	if (need <= left)
		return EH_OK;
	switch (j->next) {
	case EH_NEXT_NO_SPACE:
		/* Somebody may have made room: try again. */
		j->next = EH_NEXT_WANTED;
		return eh_error_set(error, EH_ERR_FULL,
		    "no space for the journal: %" PRIu32 " bytes are needed in "
		    "%s/journal; make room there", j->size,
		    eng->params.state_name);
	case EH_NEXT_NONE:
		j->next = EH_NEXT_WANTED;
		return EH_ERR_BUSY;
	case EH_NEXT_READY:
		/* Two segments full of promises: wait for some to be kept. */
	default:
		return EH_ERR_BUSY;
	}
}

/*
 * --- submitting ---
 */

/* The most that the committer could put into the record. */
static void
fill_most(struct eh_record *record)
{
	static const struct eh_counter most = { EH_U53_MAX / 2, EH_U53_MAX / 2,
		EH_U53_MAX, EH_U53_MAX };
	static const uint8_t issued[] = { EH_OP_PASS, EH_OP_ISSUE,
		EH_OP_REISSUE };

	record->seq = EH_U53_MAX;
	record->boots = EH_U53_MAX;
	record->commit = EH_U53_MAX;
	record->lease = UINT32_MAX;
	record->t_lo = EH_TIME_MAX;
	record->t_hi = EH_TIME_MAX;
	record->quality = EH_QUALITY_FRESH;
	record->counters.n = 0;
	if (record->kind == EH_RECORD_ISSUED)
		for (size_t i = 0; i < sizeof(issued); i++)
			eh_ledger_counter(&record->counters, issued[i], &most);
	if (record->kind == EH_RECORD_INSTALLED)
		for (unsigned op = 0; op < EH_OPS; op++)
			eh_ledger_counter(&record->counters, op, &most);
}

/* The length of the record at its longest.  What could not be read back would
 * stop the next start, so it is read back here. */
static int
measure_record(struct eh_record *record, size_t *lenp)
{
	uint8_t bytes[EH_RECORD_MAX];
	struct eh_record back;
	struct eh_writer w;

	fill_most(record);
	eh_writer_init(&w, bytes, sizeof(bytes));
	eh_record_encode(record, &w);
	if (eh_writer_end(&w, lenp) != EH_OK)
		return EH_ERR_ARGUMENT;
	return eh_record_decode(bytes, *lenp, &back, NULL);
}

/* A kind-6 record at its longest, with all operations and their counters. */
#define CLOSED_BOUND (EH_ENTRY_HEADER + 1024)

/* How many rows the change may close.  Their last records are in its group. */
static unsigned
may_close(const struct eh_engine *eng, const struct eh_submission *sub)
{
	unsigned n = 1;

	if (sub->kind != EH_SUBMIT_CHANGE || sub->record == NULL ||
	    (sub->record->kind != EH_RECORD_REVOKED &&
	        sub->record->kind != EH_RECORD_INSTALLED))
		return 0;
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		n += eng->state->row[i].state == EH_ROW_LIVE ||
		    eng->state->row[i].state == EH_ROW_CLOSING;
	return n;
}

/* A record that cannot be written is refused here: once it is in a group there
 * is no way back. */
static int
measure(const struct eh_engine *eng, struct eh_submission *sub,
    struct eh_error *error)
{
	struct eh_writer w;
	size_t len = 0;

	eh_writer_init(&w, NULL, 0);
	eh_private_encode(&sub->private, &w);
	if (eh_writer_end(&w, &sub->privatelen) != EH_ERR_SPACE ||
	    sub->privatelen > EH_PRIVATE_MAX)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "the private part of the record cannot be written");
	if (sub->record == NULL)
		return EH_OK;
	if (measure_record(sub->record, &len) != EH_OK)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "the record cannot be written: a member is missing or too "
		    "long");
	sub->bound = (uint32_t)eh_entry_length(len, sub->privatelen) +
	    may_close(eng, sub) * CLOSED_BOUND;
	return EH_OK;
}

static int
accepts(struct eh_engine *eng, struct eh_error *error)
{
	if (eng->stopped.code != EH_OK)
		return eh_engine_stopped(eng, error);
	if (eng->phase == EH_PHASE_NEW)
		return eh_error_set(error, EH_DENIED_STATE,
		    "this EdgeHSM has no identity yet");
	if (eng->phase == EH_PHASE_ENDED)
		return eh_error_set(
		    error, EH_ERR_UNAVAILABLE, "edgehsmd is stopping");
	return EH_OK;
}

int
eh_committer_submit(struct eh_engine *eng, struct eh_submission *sub,
    struct eh_error *error)
{
	int err;

	if ((err = accepts(eng, error)) != EH_OK ||
	    (err = measure(eng, sub, error)) != EH_OK)
		return err;
	if (sub->kind == EH_SUBMIT_CLAIM) {
		if (sub->bound > EH_CLAIM_BOUND)
			return eh_error_set(error, EH_ERR_ARGUMENT,
			    "the record of a claim is too long");
	} else if (sub->record != NULL && eng->phase == EH_PHASE_STARTED) {
		if ((err = eh_committer_room(eng, sub->bound, error)) != EH_OK)
			return err;
	}
	if (sub->kind != EH_SUBMIT_CLAIM)
		eng->promised += sub->bound;
	sub->next = NULL;
	*eng->tail = sub;
	eng->tail = &sub->next;
	eng->want_start = 1;
	return EH_OK;
}

void
eh_committer_conclude(
    struct eh_engine *eng, struct eh_submission *sub, int result)
{
	if (sub->ticket != NULL)
		eh_ledger_withdraw(eng, sub->ticket);
	if (sub->kind != EH_SUBMIT_CLAIM)
		eng->promised -= sub->bound;
	sub->result = result;
	sub->done = 1;
	/* A claim that came to nothing makes room for another. */
	if (result != EH_OK)
		pthread_cond_broadcast(&eng->changed);
}

void
eh_committer_done(
    struct eh_engine *eng, struct eh_submission *sub, int result)
{
	eh_committer_conclude(eng, sub, result);
	sem_post(&sub->wake);
}

struct eh_submission *
eh_committer_settled(struct eh_engine *eng)
{
	struct eh_submission *settled = eng->group->settled;

	eng->group->settled = NULL;
	return settled;
}

void
eh_committer_wake(struct eh_submission *sub)
{
	struct eh_submission *next;

	for (; sub != NULL; sub = next) {
		next = sub->next; /* it is gone as soon as it is awake */
		sem_post(&sub->wake);
	}
}

static struct eh_submission *
take(struct eh_engine *eng)
{
	struct eh_submission *sub = eng->head;

	eng->head = sub->next;
	if (eng->head == NULL)
		eng->tail = &eng->head;
	return sub;
}

void
eh_committer_drain(struct eh_engine *eng, const struct eh_error *why)
{
	struct eh_submission *sub;

	while (eng->head != NULL) {
		sub = take(eng);
		sub->error = *why;
		eh_committer_done(eng, sub, why->code);
	}
}

void
eh_committer_abandon(struct eh_engine *eng)
{
	struct eh_group *g = eng->group;

	for (unsigned i = 0; i < g->n; i++)
		if (g->item[i].submission != NULL)
			eh_committer_done(eng, g->item[i].submission,
			    eh_engine_stopped(
			        eng, &g->item[i].submission->error));
	g->n = 0;
}

/*
 * --- collect ---
 */

static int
own_records_wait(const struct eh_engine *eng)
{
	if (eng->genesis != NULL || eng->boot_pending ||
	    eng->state->log.unrecorded.count != 0)
		return 1;
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (eng->state->row[i].state == EH_ROW_CLOSING ||
		    eng->state->row[i].burn_unrecorded || eng->books[i].close)
			return 1;
	return 0;
}

int
eh_committer_idle(const struct eh_engine *eng)
{
	return eng->head == NULL && !own_records_wait(eng);
}

/* Begin an empty group behind the durable log. */
static void
begin_group(struct eh_engine *eng)
{
	struct eh_group *g = eng->group;
	const struct eh_state_log *log = &eng->state->log;

	g->n = 0;
	g->nown = 0;
	g->bound = 0;
	g->len = 0;
	g->turn = 0;
	g->number = log->group;
	g->commit = eng->state->commit;
	g->offset = log->next.offset;
	g->tree = log->tree;
	memcpy(g->head, log->head, EH_DIGEST_LEN);
}

/* Is there a place for ${n} entries of together at most ${bound} bytes?  The
 * first of a group that does not fit the segment any more changes it. */
static int
fits(struct eh_engine *eng, unsigned n, size_t bound)
{
	struct eh_group *g = eng->group;
	const struct eh_state_log *log = &eng->state->log;
	uint64_t seq = log->tree.size + g->n;

	if (seq + n > log->seq_hi)
		eh_commit_request(eng);
	if (seq + n > log->seq_hi || g->n + n > EH_GROUP_ENTRIES ||
	    g->bound + bound > EH_GROUP_BYTES)
		return 0;
	if (g->turn)
		return EH_SEGMENT_HEADER + g->bound + bound + EH_ENTRY_HEADER <=
		    eng->journal.size;
	if (g->bound + bound <= left_in_segment(eng))
		return 1;
	if (g->n > 0)
		return 0;
	if (eng->journal.next == EH_NEXT_NONE)
		eng->journal.next = EH_NEXT_WANTED;
	if (eng->journal.next != EH_NEXT_READY)
		return 0;
	/* The entry that ends the segment is a group of its own. */
	g->turn = 1;
	g->number++;
	g->offset = EH_SEGMENT_HEADER;
	return 1;
}

/* What every record of this group says. */
static void
stamp(struct eh_engine *eng, struct eh_record *record, const struct eh_now *now)
{
	memcpy(record->hsm_id, eng->state->hsm_id, EH_HSM_ID_LEN);
	record->boots = eng->state->boots;
	record->commit = eng->group->commit;
	record->lease = eng->lease;
	record->t_lo = now->t_lo;
	record->t_hi = now->t_hi;
	record->quality = now->quality;
}

static struct eh_item *
add_item(struct eh_engine *eng, struct eh_record *record, size_t bound,
    const struct eh_now *now)
{
	struct eh_group *g = eng->group;
	struct eh_item *item = &g->item[g->n++];

	memset(item, 0, sizeof(*item));
	item->record = record;
	g->bound += bound;
	g->t_lo = now->t_lo;
	stamp(eng, record, now);
	return item;
}

#define OWN_BOUND (EH_ENTRY_HEADER + EH_RECORD_MAX)

static struct eh_record *
own_record(struct eh_engine *eng)
{
	struct eh_group *g = eng->group;

	if (g->nown == EH_GROUP_OWN || !fits(eng, 1, OWN_BOUND))
		return NULL;
	return &g->own[g->nown++];
}

static void
add_burned_row(const struct eh_row *row, struct eh_burned *burned)
{
	struct eh_burned_row *r = &burned->rows[burned->nrows++];

	memset(r, 0, sizeof(*r));
	memcpy(r->authorization, row->id, EH_ID_LEN);
	r->burns = row->burns;
	for (unsigned op = 0; op < EH_OPS; op++)
		if (row->op[op].count.burned > 0)
			eh_ledger_counter(
			    &r->counters, op, &row->op[op].count);
}

/* Kind 5: first the places, with the first of the rows; as many records as it
 * takes.  ${slot} goes on where the last one ended. */
static int
collect_burned(struct eh_engine *eng, unsigned *slot, const struct eh_now *now)
{
	const struct eh_state *st = eng->state;
	int first = *slot == 0 && st->log.unrecorded.count != 0;
	struct eh_record *record;
	struct eh_burned *burned;
	struct eh_item *item;

	while (*slot < EH_STATE_ROWS && !st->row[*slot].burn_unrecorded)
		++*slot;
	if ((!first && *slot == EH_STATE_ROWS) ||
	    (record = own_record(eng)) == NULL)
		return 0;
	eh_record_init(record, EH_RECORD_BURNED);
	burned = &record->of.burned;
	burned->nspans = 0;
	burned->nrows = 0;
	if (first) {
		burned->nspans = 1;
		burned->spans[0].first = st->log.unrecorded.first;
		burned->spans[0].count = st->log.unrecorded.count;
	}
	item = add_item(eng, record, OWN_BOUND, now);
	for (; *slot < EH_STATE_ROWS && burned->nrows < EH_RECORD_ROWS_MAX;
	     ++*slot)
		if (st->row[*slot].burn_unrecorded) {
			item->rows[item->nrows++] = (uint8_t)*slot;
			add_burned_row(&st->row[*slot], burned);
		}
	return 1;
}

static void
collect_boot(struct eh_engine *eng, const struct eh_now *now)
{
	struct eh_record *record;
	struct eh_boot_info *boot;

	if (!eng->boot_pending || (record = own_record(eng)) == NULL)
		return;
	eh_record_init(record, EH_RECORD_BOOT);
	boot = &record->of.start.boot;
	boot->clean = (uint8_t)eng->clean;
	boot->flags = eng->boot_flags;
	boot->software = eng->params.software;
	boot->anchor_class = eng->params.anchor_class;
	(void)add_item(eng, record, OWN_BOUND, now);
}

static void
collect_genesis(struct eh_engine *eng, const struct eh_now *now)
{
	struct eh_record *record;

	if (eng->genesis == NULL || (record = own_record(eng)) == NULL)
		return;
	*record = *eng->genesis;
	(void)add_item(eng, record, OWN_BOUND, now);
}

static void
collect_closed(struct eh_engine *eng, const struct eh_now *now)
{
	struct eh_record *record;

	for (unsigned i = 0; i < EH_STATE_ROWS; i++) {
		if (eng->state->row[i].state != EH_ROW_CLOSING)
			continue;
		if ((record = own_record(eng)) == NULL)
			return;
		eh_ledger_closed(eng, &eng->state->row[i], record);
		add_item(eng, record, OWN_BOUND, now)->slot = i;
	}
}

/* What nobody submits: the genesis, burned places and rows, the boot, closed
 * rows. */
static void
collect_own(struct eh_engine *eng, const struct eh_now *now)
{
	unsigned slot = 0;

	if (!own_records_wait(eng))
		return;
	collect_genesis(eng, now);
	while (collect_burned(eng, &slot, now))
		;
	collect_boot(eng, now);
	collect_closed(eng, now);
}

/* A second report of one device waits for the first, which decides it. */
static int
reported_in_group(const struct eh_group *g, const struct eh_record *record)
{
	for (unsigned i = 0; i < g->n; i++)
		if (g->item[i].record->kind == EH_RECORD_REPORT &&
		    eh_device_id_equal(
		        &g->item[i].record->device, &record->device))
			return 1;
	return 0;
}

static int
collect_claim(struct eh_engine *eng, struct eh_submission *sub,
    const struct eh_now *now)
{
	struct eh_item *item;
	int err = eh_ledger_recheck(eng, sub->ticket, now, &sub->error);

	if (err != EH_OK)
		return err;
	item = add_item(eng, sub->record, sub->bound, now);
	item->submission = sub;
	eh_ledger_count(eng, sub->ticket, sub->record, &item->opens);
	return EH_OK;
}

static int
collect_record(struct eh_engine *eng, struct eh_submission *sub,
    const struct eh_now *now)
{
	int err = EH_OK;

	if (sub->record->kind == EH_RECORD_REPORT)
		err = eh_ledger_check_report(eng, sub->record, &sub->error);
	if (err == EH_OK)
		add_item(eng, sub->record, sub->bound, now)->submission = sub;
	return err;
}

/* The counters that an authorization begins with are those that installing it
 * would give. */
static void
count_installed(struct eh_state *trial, struct eh_record *record)
{
	const struct eh_row *row = eh_state_row(trial, record->authorization);

	record->counters.n = 0;
	if (row != NULL)
		eh_ledger_counters(row, &record->counters);
}

/* The last records of the rows that the change closes. */
static void
collect_closing(struct eh_engine *eng, const struct eh_now *now)
{
	struct eh_group *g = eng->group;

	for (unsigned i = 0; i < EH_STATE_ROWS; i++) {
		const struct eh_row *row = &eng->trial->row[i];
		struct eh_record *record;

		if (row->state != EH_ROW_CLOSING)
			continue;
		record = &g->own[g->nown++];
		eh_ledger_closed(eng, row, record);
		add_item(eng, record, CLOSED_BOUND, now)->slot = i;
	}
}

/* A change with a record is tried on a copy.  It is a group of its own, with the
 * last records of the rows that it closes, so that the entries behind it are
 * judged by the state that it makes. */
static int
collect_change(struct eh_engine *eng, struct eh_submission *sub,
    const struct eh_now *now)
{
	struct eh_clockguard guard = eng->guard;
	int err;

	/* As it will be when it is applied for good. */
	stamp(eng, sub->record, now);
	sub->record->seq = eng->state->log.tree.size;
	memcpy(sub->record->previous, eng->state->log.head, EH_DIGEST_LEN);
	*eng->trial = *eng->state;
	err = sub->apply->apply(eng->trial, &guard, sub->record,
	    sub->private.message, sub->private.message_len, &sub->error);
	if (err != EH_OK)
		return err;
	if (sub->record->kind == EH_RECORD_INSTALLED)
		count_installed(eng->trial, sub->record);
	add_item(eng, sub->record, sub->bound, now)->submission = sub;
	collect_closing(eng, now);
	return EH_OK;
}

/* A change without a record is made at once, between two groups. */
static int
change_now(struct eh_engine *eng, struct eh_submission *sub)
{
	return sub->change->change(
	    eng->state, sub->change->arg, &sub->error);
}

/* Nothing fits any more, and no segment can be made: this should have been
 * refused when it was submitted, and must not wait for ever. */
static int
refuse_for_space(struct eh_engine *eng)
{
	struct eh_submission *sub = eng->head;

	if (eng->group->n > 0 || eng->journal.next != EH_NEXT_NO_SPACE)
		return 0;
	take(eng);
	eh_committer_done(eng, sub, eh_error_set(&sub->error, EH_ERR_FULL,
	    "no space for the journal in %s/journal", eng->params.state_name));
	return 1;
}

/* Take the first submission into the group.  Returns 0 when it must wait for
 * another group. */
static int
collect_one(struct eh_engine *eng, const struct eh_now *now)
{
	struct eh_group *g = eng->group;
	const struct eh_state_log *log = &eng->state->log;
	struct eh_submission *sub = eng->head;
	enum eh_submission_kind kind = sub->kind;
	int err;

	if (kind == EH_SUBMIT_CHANGE && g->n > 0)
		return 0;
	if (sub->record == NULL) {
		take(eng);
		eh_committer_done(eng, sub, change_now(eng, sub));
		return 1;
	}
	if (!fits(eng, 1 + may_close(eng, sub), sub->bound))
		return refuse_for_space(eng);
	if (sub->record->kind == EH_RECORD_REPORT &&
	    reported_in_group(g, sub->record))
		return 0;
	if (log->seq_hi - log->tree.size - g->n <= SEQ_MARGIN)
		eh_commit_request(eng);
	take(eng);
	if (kind == EH_SUBMIT_CLAIM)
		err = collect_claim(eng, sub, now);
	else if (kind == EH_SUBMIT_RECORD)
		err = collect_record(eng, sub, now);
	else
		err = collect_change(eng, sub, now);
	if (err != EH_OK)
		eh_committer_done(eng, sub, err);
	return kind != EH_SUBMIT_CHANGE || err != EH_OK;
}

unsigned
eh_committer_collect(struct eh_engine *eng)
{
	struct eh_now now;

	if (eng->stopped.code != EH_OK) {
		eh_committer_drain(eng, &eng->stopped);
		return 0;
	}
	if (eng->phase == EH_PHASE_REPLAYED || eng->phase == EH_PHASE_ENDED)
		return 0;
	begin_group(eng);
	eh_engine_clock(eng, &now);
	if (eng->stopped.code != EH_OK)
		return 0;
	if (eh_ledger_close_marked(eng) &&
	    eh_ledger_reconcile(eng) != EH_OK) {
		eh_engine_poison(eng, "out of memory");
		return 0;
	}
	collect_own(eng, &now);
	while (eng->head != NULL && collect_one(eng, &now))
		;
	look_ahead(eng);
	return eng->group->n;
}
