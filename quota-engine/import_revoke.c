/* SPDX-License-Identifier: Apache-2.0 */
/* import_revoke.c - a revocation update, and what any message closes. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/log.h"
#include "common/message/revoke.h"
#include "quota-engine/import_apply.h"
#include "quota-engine/import_revoke.h"

/* --- judge --- */

int
eh_import_judge_in_force(const struct eh_incoming *in,
    const struct eh_in_force *theirs, const char *what, int refusal,
    struct eh_error *error)
{
	const struct eh_in_force *mine = &in->state->in_force;

	if (theirs->epoch <= mine->epoch && theirs->rseq <= mine->rseq)
		return EH_OK;
	return eh_error_set(error, refusal,
	    "import revocation update %" PRIu64 " first: the %s was made with "
	    "it in force, here it is %" PRIu64, theirs->rseq, what,
	    mine->rseq);
}

/* V1 and V2: 1 when it is the newest one, come again. */
static int
judge_number(const struct eh_incoming *in, const struct eh_revoke *r,
    struct eh_error *error)
{
	const struct eh_in_force *mine = &in->state->in_force;

	if (r->rseq == mine->rseq && r->rseq != 0) {
		if (memcmp(in->digest, in->state->revoked.digest,
		        EH_DIGEST_LEN) == 0)
			return 1;
		eh_log(EH_LOG_ERROR, "two revocation updates have the number %"
		    PRIu64 ": the authority's key may be used by another",
		    r->rseq);
		return eh_error_set(error, EH_ERR_REPLAYED,
		    "another revocation update %" PRIu64 " is in force: two "
		    "with one number were signed; tell the OEM", r->rseq);
	}
	if (r->rseq <= mine->rseq)
		return eh_error_set(error, EH_ERR_REPLAYED,
		    "replayed: this is revocation update %" PRIu64
		    ", number %" PRIu64 " is in force", r->rseq, mine->rseq);
	if (r->epoch < mine->epoch)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "revocation update %" PRIu64 " lowers the minimum epoch "
		    "from %" PRIu32 " to %" PRIu32 ": it only rises", r->rseq,
		    mine->epoch, r->epoch);
	return EH_OK;
}

/* Put the keys of the update among those that were revoked before.  EH_ERR_FULL
 * leaves them as they were. */
static int
merge_kids(struct eh_state_revoked *to, const struct eh_revoke *r,
    struct eh_error *error)
{
	uint8_t kid[EH_STATE_KIDS + EH_REVOKE_KIDS_MAX][EH_KID_LEN];
	unsigned n = 0, a = 0, b = 0;

	while (a < to->nkids || b < r->nkids) {
		int order = a == to->nkids ? 1
		    : b == r->nkids	   ? -1
			 : memcmp(to->kid[a], r->kids[b], EH_KID_LEN);

		memcpy(kid[n++], order <= 0 ? to->kid[a] : r->kids[b],
		    EH_KID_LEN);
		a += order <= 0;
		b += order >= 0;
	}
	if (n > EH_STATE_KIDS)
		return eh_error_set(error, EH_ERR_FULL,
		    "%u issuer keys would be revoked, there is room for %d", n,
		    EH_STATE_KIDS);
	memcpy(to->kid, kid, n * sizeof(kid[0]));
	to->nkids = (uint8_t)n;
	return EH_OK;
}

int
eh_import_judge_revoke(struct eh_incoming *in, struct eh_error *error)
{
	struct eh_revoke *r = malloc(sizeof(*r));
	int err;

	if (r == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if ((err = eh_revoke_decode(in->envelope.sign1.payload,
	         in->envelope.sign1.payload_len, r, error)) != EH_OK ||
	    (err = eh_import_judge_from(in, &r->from, error)) != EH_OK ||
	    (err = judge_number(in, r, error)) != EH_OK ||
	    (err = eh_clockguard_check_iat(
	         &in->now, r->from.iat, error)) != EH_OK ||
	    /* In the copy: is there room? */
	    (err = merge_kids(&in->state->revoked, r, error)) != EH_OK)
		goto out;
	eh_record_init(&in->record, EH_RECORD_REVOKED);
	snprintf(in->done->text, sizeof(in->done->text),
	    "revocation update %" PRIu64 ": minimum epoch %" PRIu32
	    ", %u authorization%s and %u issuer key%s revoked", r->rseq,
	    r->epoch, r->nids, r->nids == 1 ? "" : "s", r->nkids,
	    r->nkids == 1 ? "" : "s");
out:
	free(r);
	return err;
}

/* --- apply --- */

static int
apply(struct eh_state *state, const struct eh_revoke *r,
    const struct eh_record *record, struct eh_error *error)
{
	struct eh_state_revoked *to = &state->revoked;
	int err;

	if ((err = merge_kids(to, r, error)) != EH_OK)
		return err;
	memcpy(to->digest, record->ref.digest, EH_DIGEST_LEN);
	to->nids = r->nids;
	memset(to->id, 0, sizeof(to->id));
	memcpy(to->id, r->ids, r->nids * sizeof(r->ids[0]));
	state->in_force.epoch = r->epoch;
	state->in_force.rseq = r->rseq;
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (state->row[i].state == EH_ROW_LIVE &&
		    eh_state_row_revoked(state, &state->row[i]))
			eh_state_row_close(
			    state, &state->row[i], EH_CLOSE_REVOKED);
	return EH_OK;
}

int
eh_import_revoke_apply(struct eh_state *state, struct eh_clockguard *guard,
    const struct eh_record *record, const uint8_t *redo, size_t len,
    struct eh_error *error)
{
	struct eh_revoke *r = malloc(sizeof(*r));
	struct eh_envelope e;
	int err;

	(void)guard;
	if (r == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_envelope_decode(redo, len, &e, error)) == EH_OK &&
	    (err = eh_revoke_decode(e.sign1.payload, e.sign1.payload_len, r,
	         error)) == EH_OK &&
	    (err = apply(state, r, record, error)) == EH_OK)
		err = eh_import_note(
		    state, record, &e, r->rseq, r->from.iat, error);
	free(r);
	return err;
}

/* --- tell --- */

/* Append to the sentence of ${done}, but only whole: 1, or 0 when there is no
 * room. */
static int
add(struct eh_imported *done, const char *more)
{
	size_t at = strlen(done->text), len = strlen(more);

	if (len >= sizeof(done->text) - at)
		return 0;
	memcpy(done->text + at, more, len + 1);
	return 1;
}

static const char *
reason_text(const struct eh_row *row)
{
	static const char *const text[] = {
		[EH_CLOSE_REVOKED] = "revoked",
		[EH_CLOSE_SUPERSEDED] = "superseded",
		[EH_CLOSE_REQUESTED] = "on request",
	};
	size_t n = sizeof(text) / sizeof(text[0]);

	return row->close_reason < n && text[row->close_reason] != NULL
	    ? text[row->close_reason]
	    : "over";
}

static void
closed_text(const struct eh_row *row, int first, char *out, size_t cap)
{
	const struct eh_counter *c = &row->op[EH_OP_PASS].count;
	char name[EH_ROW_NAME], burned[40] = "";

	if (c->burned > 0)
		snprintf(burned, sizeof(burned), ", %" PRIu64 " burned",
		    c->burned);
	snprintf(out, cap, "; %s %s (%s) with %" PRIu64 " of %" PRIu64
	    " devices used%s", first ? "closed" : "and",
	    eh_state_row_name(row, name), reason_text(row), c->used, c->quota,
	    burned);
}

/* The rows that were live, or not there, before. */
static unsigned
find_closed(struct eh_incoming *in, struct eh_row row[EH_STATE_ROWS])
{
	const struct eh_state *now = eh_engine_lock(in->b->engine);
	unsigned n = 0;

	for (unsigned i = 0; i < EH_STATE_ROWS; i++) {
		const struct eh_row *r = &now->row[i], *before;

		if (r->state != EH_ROW_CLOSED && r->state != EH_ROW_CLOSING)
			continue;
		before = eh_state_row(in->state, r->id);
		if (before == NULL || before->state == EH_ROW_LIVE)
			row[n++] = *r;
	}
	eh_engine_unlock(in->b->engine);
	return n;
}

void
eh_import_tell_closed(struct eh_incoming *in)
{
	static const char receipt[] =
	    "; the receipt shows it: edgehsm token receipt";
	struct eh_row *row = calloc(EH_STATE_ROWS, sizeof(*row));
	unsigned n = row == NULL ? 0 : find_closed(in, row), told = 0;
	char text[EH_ROW_NAME + 160];
	size_t room = sizeof(in->done->text) - sizeof(receipt) - 24;

	while (told < n) {
		closed_text(&row[told], told == 0, text, sizeof(text));
		if (strlen(in->done->text) + strlen(text) > room ||
		    !add(in->done, text))
			break;
		told++;
	}
	if (told < n) {
		snprintf(text, sizeof(text), "; and %u more", n - told);
		(void)add(in->done, text);
	}
	if (n > 0)
		(void)add(in->done, receipt);
	free(row);
}
