/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - the rules and the tables of the state blob B. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "quota-engine/state.h"

const char *
eh_state_row_name(const struct eh_row *row, char text[EH_ROW_NAME])
{
	if (row->order[0] != '\0')
		snprintf(text, EH_ROW_NAME, "%s", row->order);
	else
		eh_hex_encode(row->id, EH_ID_LEN, text);
	return text;
}

struct eh_row *
eh_state_row(struct eh_state *st, const uint8_t id[EH_ID_LEN])
{
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (st->row[i].state != EH_ROW_FREE &&
		    memcmp(st->row[i].id, id, EH_ID_LEN) == 0)
			return &st->row[i];
	return NULL;
}

/* An empty place; else the row that was closed first, since a row gets a new
 * generation when it is closed; else NULL. */
static struct eh_row *
place_for_row(struct eh_state *st)
{
	struct eh_row *oldest = NULL;

	for (unsigned i = 0; i < EH_STATE_ROWS; i++) {
		struct eh_row *row = &st->row[i];

		if (row->state == EH_ROW_FREE)
			return row;
		if (row->state == EH_ROW_CLOSED && (oldest == NULL ||
		    row->generation < oldest->generation))
			oldest = row;
	}
	return oldest;
}

int
eh_state_row_add(struct eh_state *st, const uint8_t id[EH_ID_LEN],
    struct eh_row **rowp, struct eh_error *error)
{
	struct eh_row *row;

	*rowp = NULL;
	if (eh_state_row(st, id) != NULL)
		return eh_error_set(error, EH_ERR_EXISTS,
		    "an authorization with this id is in the table already");
	if ((row = place_for_row(st)) == NULL)
		return eh_error_set(error, EH_ERR_FULL,
		    "all %d rows of the authorization table are live: close "
		    "one first",
		    EH_STATE_ROWS);
	memset(row, 0, sizeof(*row));
	row->state = EH_ROW_LIVE;
	row->generation = ++st->generation;
	memcpy(row->id, id, EH_ID_LEN);
	*rowp = row;
	return EH_OK;
}

void
eh_state_row_close(
    struct eh_state *st, struct eh_row *row, enum eh_close_reason reason)
{
	if (row->state != EH_ROW_LIVE)
		return;
	for (unsigned op = 0; op < EH_OPS; op++) {
		struct eh_counter *c = &row->op[op].count;

		c->reserved = c->used + c->burned;
	}
	row->state = EH_ROW_CLOSING;
	row->close_reason = (uint8_t)reason;
	row->generation = ++st->generation;
}

static int
compare_id(const void *a, const void *b)
{
	return memcmp(a, b, EH_ID_LEN);
}

static int
compare_kid(const void *a, const void *b)
{
	return memcmp(a, b, EH_KID_LEN);
}

int
eh_state_id_revoked(const struct eh_state *st, const uint8_t id[EH_ID_LEN],
    uint32_t epoch)
{
	return epoch < st->in_force.epoch ||
	    bsearch(id, st->revoked.id, st->revoked.nids, EH_ID_LEN,
	        compare_id) != NULL;
}

int
eh_state_kid_revoked(
    const struct eh_state *st, const uint8_t kid[EH_KID_LEN])
{
	return bsearch(kid, st->revoked.kid, st->revoked.nkids, EH_KID_LEN,
	           compare_kid) != NULL;
}

int
eh_state_row_revoked(const struct eh_state *st, const struct eh_row *row)
{
	return row->close_reason == EH_CLOSE_REVOKED ||
	    eh_state_id_revoked(st, row->id, row->epoch) ||
	    eh_state_kid_revoked(st, row->kid);
}

/* Does another row go on with the books of this one? */
static int
gone_on_with(const struct eh_state *st, const struct eh_row *row)
{
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (st->row[i].state != EH_ROW_FREE &&
		    st->row[i].has_supersedes &&
		    memcmp(st->row[i].supersedes, row->id, EH_ID_LEN) == 0)
			return 1;
	return 0;
}

static int
may_go(const struct eh_state *st, const struct eh_row *row)
{
	return row->state == EH_ROW_CLOSED &&
	    row->closed_at <= st->log.acked.size &&
	    (row->close_reason != EH_CLOSE_USED_UP ||
	        row->expires <= st->clock.floor) &&
	    !gone_on_with(st, row);
}

void
eh_state_prune(struct eh_state *st)
{
	int any = 1;

	/* With a row its forerunner may go too. */
	while (any) {
		any = 0;
		for (unsigned i = 0; i < EH_STATE_ROWS; i++)
			if (may_go(st, &st->row[i])) {
				memset(&st->row[i], 0, sizeof(st->row[i]));
				any = 1;
			}
	}
}

int
eh_state_row_goes_on(const struct eh_row *row)
{
	return row->state == EH_ROW_LIVE ||
	    (row->state == EH_ROW_CLOSED &&
	        row->close_reason == EH_CLOSE_USED_UP);
}

void
eh_state_row_supersede(
    struct eh_state *st, struct eh_row *to, struct eh_row *from)
{
	uint32_t spent;

	eh_state_row_close(st, from, EH_CLOSE_SUPERSEDED);
	eh_state_counts_supersede(st, to->id, from->id);
	to->has_supersedes = 1;
	memcpy(to->supersedes, from->id, EH_ID_LEN);
	to->burns = from->burns;
	to->halvings = from->halvings;
	/* Grace comes back by an attestation only: what is spent stays so. */
	spent = from->limits.boot_grace - from->grace;
	to->grace -= spent < to->grace ? spent : to->grace;
	for (unsigned op = 0; op < EH_OPS; op++) {
		struct eh_counter *c = &to->op[op].count;
		const struct eh_counter *old = &from->op[op].count;

		/* What was granted before and is no more stays in the books,
		 * full, so that nothing that was used is forgotten. */
		if (from->op[op].granted)
			to->op[op].granted = 1;
		c->used = old->used;
		c->burned = old->burned;
		c->reserved = old->reserved;
		if (c->quota < c->reserved)
			c->quota = c->reserved;
	}
}

struct eh_state_key *
eh_state_key(struct eh_state *st, uint64_t object)
{
	for (unsigned i = 0; object != 0 && i < EH_STATE_KEYS; i++)
		if (st->key[i].object == object)
			return &st->key[i];
	return NULL;
}

struct eh_state_key *
eh_state_key_by_digest(
    struct eh_state *st, const uint8_t digest[EH_DIGEST_LEN])
{
	for (unsigned i = 0; i < EH_STATE_KEYS; i++)
		if (st->key[i].object != 0 &&
		    memcmp(st->key[i].digest, digest, EH_DIGEST_LEN) == 0)
			return &st->key[i];
	return NULL;
}

struct eh_state_issuer *
eh_state_issuer(struct eh_state *st, const uint8_t kid[EH_KID_LEN])
{
	for (unsigned i = 0; i < EH_STATE_ISSUERS; i++)
		if (st->issuer[i].key.len != 0 &&
		    memcmp(st->issuer[i].kid, kid, EH_KID_LEN) == 0)
			return &st->issuer[i];
	return NULL;
}

struct eh_state_kid *
eh_state_kid(struct eh_state *st, const uint8_t kid[EH_KID_LEN])
{
	struct eh_state_kid *empty = NULL;

	for (unsigned i = 0; i < EH_STATE_KIDS; i++) {
		if (!st->kid[i].used) {
			if (empty == NULL)
				empty = &st->kid[i];
		} else if (memcmp(st->kid[i].kid, kid, EH_KID_LEN) == 0) {
			return &st->kid[i];
		}
	}
	if (empty != NULL) {
		empty->used = 1;
		memcpy(empty->kid, kid, EH_KID_LEN);
	}
	return empty;
}

static int
check_row(const struct eh_row *row, struct eh_error *error)
{
	char name[EH_ROW_NAME];

	for (unsigned op = 0; op < EH_OPS; op++) {
		const struct eh_counter *c = &row->op[op].count;

		if (c->quota > EH_U53_MAX || c->reserved > c->quota ||
		    c->used > c->reserved ||
		    c->burned > c->reserved - c->used ||
		    (!row->op[op].granted && c->quota != 0))
			return eh_error_set(error, EH_ERR_FORMAT,
			    "authorization %s, %s: used %" PRIu64 " + burned %"
			    PRIu64 " <= reserved %" PRIu64 " <= quota %" PRIu64
			    " does not hold", eh_state_row_name(row, name),
			    eh_op_name(op), c->used, c->burned, c->reserved,
			    c->quota);
		if (row->state != EH_ROW_LIVE &&
		    c->reserved != c->used + c->burned)
			return eh_error_set(error, EH_ERR_FORMAT,
			    "authorization %s is closed and its books are not",
			    eh_state_row_name(row, name));
	}
	return EH_OK;
}

static int
check_revoked(const struct eh_state *st, struct eh_error *error)
{
	const struct eh_state_revoked *r = &st->revoked;

	for (unsigned i = 1; i < r->nids; i++)
		if (memcmp(r->id[i - 1], r->id[i], EH_ID_LEN) >= 0)
			return eh_error_set(error, EH_ERR_FORMAT,
			    "revoked authorization %u is out of order", i);
	for (unsigned i = 1; i < r->nkids; i++)
		if (memcmp(r->kid[i - 1], r->kid[i], EH_KID_LEN) >= 0)
			return eh_error_set(error, EH_ERR_FORMAT,
			    "revoked issuer key %u is out of order", i);
	return EH_OK;
}

static int
check_log(const struct eh_state_log *log, struct eh_error *error)
{
	uint64_t end = 0, passes = log->burned_passes;

	if (log->tree.size > log->seq_hi || log->seq_hi > EH_U53_MAX ||
	    log->acked.size > log->tree.size ||
	    log->acked_counted > log->counted)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the log says %" PRIu64 " of %" PRIu64 " places, %" PRIu64
		    " acknowledged", log->tree.size, log->seq_hi,
		    log->acked.size);
	for (unsigned i = 0; i < log->nburned; i++) {
		const struct eh_burned_range *b = &log->burned[i];

		if (b->first < end || b->span == 0 || b->burned == 0 ||
		    b->burned > b->span || b->first > log->seq_hi ||
		    b->span > log->seq_hi - b->first)
			return eh_error_set(error, EH_ERR_FORMAT,
			    "burned range %u is out of order", i);
		if (log->passes[i] > passes)
			return eh_error_set(error, EH_ERR_FORMAT,
			    "burned range %u has more passes than there are",
			    i);
		passes -= log->passes[i];
		end = b->first + b->span;
	}
	return EH_OK;
}

/* Nothing that identifies a row, a key or an issuer may stand twice. */
static int
check_unique(const struct eh_state *st, struct eh_error *error)
{
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		for (unsigned j = 0; j < i; j++)
			if (st->row[i].state != EH_ROW_FREE &&
			    st->row[j].state != EH_ROW_FREE &&
			    (memcmp(st->row[i].id, st->row[j].id, EH_ID_LEN) ==
			            0 ||
			        st->row[i].generation == st->row[j].generation))
				return eh_error_set(error, EH_ERR_FORMAT,
				    "rows %u and %u are the same", j, i);
	for (unsigned i = 0; i < EH_STATE_KEYS; i++)
		for (unsigned j = 0; j < i; j++)
			if (st->key[i].object != 0 &&
			    (st->key[i].object == st->key[j].object ||
				(st->key[j].object != 0 &&
				    memcmp(st->key[i].digest, st->key[j].digest,
					EH_DIGEST_LEN) == 0)))
				return eh_error_set(error, EH_ERR_FORMAT,
				    "keys %u and %u are the same", j, i);
	return EH_OK;
}

int
eh_state_check(const struct eh_state *st, struct eh_error *error)
{
	int err;

	for (unsigned i = 0; i < EH_STATE_ROWS; i++) {
		const struct eh_row *row = &st->row[i];

		if (row->state == EH_ROW_FREE)
			continue;
		if (row->generation == 0 || row->generation > st->generation)
			return eh_error_set(error, EH_ERR_FORMAT,
			    "row %u has a generation that was never given", i);
		if (row->closed_at > st->log.tree.size ||
		    (row->state == EH_ROW_CLOSED) != (row->closed_at != 0))
			return eh_error_set(error, EH_ERR_FORMAT,
			    "row %u was closed at a place that is not", i);
		if ((err = check_row(row, error)) != EH_OK)
			return err;
	}
	for (unsigned i = 0; i < EH_STATE_KEYS; i++)
		if (st->key[i].object >= st->next_object &&
		    st->key[i].object != 0)
			return eh_error_set(error, EH_ERR_FORMAT,
			    "key %u has an object number that was never given",
			    i);
	if ((err = check_unique(st, error)) != EH_OK)
		return err;
	if ((err = check_revoked(st, error)) != EH_OK)
		return err;
	return check_log(&st->log, error);
}
