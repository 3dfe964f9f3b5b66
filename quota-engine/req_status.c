/* SPDX-License-Identifier: Apache-2.0 */
/* req_status.c - requests that show how things stand: status, authorizations. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "common/message/items.h"
#include "quota-engine/lease.h"
#include "quota-engine/list.h"
#include "quota-engine/req.h"

#define ROWS_MAX (128u * 1024u)

/* A row of the table, copied while the lock is held. */
struct view {
	struct eh_row row;
	struct eh_outcomes outcomes;
	uint16_t burns;
	uint32_t grace;
};

struct views {
	char factory[EH_NAME_MAX + 1];
	unsigned n;
	struct view view[EH_STATE_ROWS];
};

static void
look(struct eh_boundary *b, struct views *views)
{
	struct eh_state *state;

	/* The lock makes it ours; the table is only read. */
	state = (struct eh_state *)(uintptr_t)eh_engine_lock(b->engine);
	memcpy(views->factory, state->factory, sizeof(views->factory));
	for (size_t i = 0; i < EH_STATE_ROWS; i++) {
		struct eh_row *row = &state->row[i];
		struct view *v = &views->view[views->n];

		if (row->state == EH_ROW_FREE)
			continue;
		v->row = *row;
		v->burns = eh_engine_burns(b->engine, row);
		v->grace = eh_engine_grace(b->engine, row);
		eh_engine_outcomes(b->engine, row, &v->outcomes);
		views->n++;
	}
	eh_engine_unlock(b->engine);
}

static int
encode_counters(const struct eh_row *row, uint8_t *out, size_t cap, size_t *lenp)
{
	struct eh_counters counters;
	struct eh_writer w;
	int err;

	memset(&counters, 0, sizeof(counters));
	for (unsigned op = 0; op < EH_OPS; op++)
		if (row->op[op].granted &&
		    (err = eh_counters_add(
			 &counters, op, &row->op[op].count)) != EH_OK)
			return err;
	eh_writer_init(&w, out, cap);
	eh_item_put_counters(&w, &counters);
	return eh_writer_end(&w, lenp);
}

static int
encode_limits(const struct eh_limits *l, uint8_t *out, size_t cap, size_t *lenp)
{
	struct eh_writer w;

	eh_writer_init(&w, out, cap);
	eh_cbor_put_map(&w, 5);
	eh_item_put_pair(&w, 1, l->max_unacked);
	eh_item_put_pair(&w, 2, l->max_offline);
	eh_item_put_pair(&w, 3, l->max_unaccounted);
	eh_item_put_pair(&w, 4, l->boot_grace);
	eh_item_put_pair(&w, 5, l->quality);
	return eh_writer_end(&w, lenp);
}

static int
add_view(struct eh_list *list, const char *factory, const struct view *v)
{
	uint8_t counters[1024], limits[128];
	const struct eh_row *row = &v->row;
	size_t clen = 0, llen = 0;
	char name[EH_ROW_NAME];
	struct eh_wire map;
	int err;

	if ((err = encode_counters(row, counters, sizeof(counters), &clen)) !=
		EH_OK ||
	    (err = encode_limits(
		 &row->limits, limits, sizeof(limits), &llen)) != EH_OK)
		return err;
	eh_wire_init(&map, EH_MAP_AUTHORIZATION, EH_OK);
	eh_wire_put_number(&map, EH_WIRE_OBJECT,
	    (int64_t)eh_boundary_authorization_object(row->id));
	eh_wire_put_bytes(&map, EH_WIRE_AUTHORIZATION, row->id, EH_ID_LEN);
	eh_wire_put_text(
	    &map, EH_WIRE_LABEL, eh_state_row_name(row, name));
	eh_wire_put_number(
	    &map, EH_WIRE_STATE, row->state == EH_ROW_LIVE ? 1 : 2);
	eh_wire_put_number(&map, EH_WIRE_SEQ, (int64_t)row->seq);
	eh_wire_put_text(&map, EH_WIRE_FACTORY, factory);
	eh_wire_put_text(&map, EH_WIRE_PROFILE, row->profile.name);
	eh_wire_put_number(
	    &map, EH_WIRE_PROFILE_VERSION, row->profile.version);
	eh_wire_put_bytes(
	    &map, EH_WIRE_DIGEST, row->profile.digest, EH_DIGEST_LEN);
	eh_wire_put_number(&map, EH_WIRE_NBF, (int64_t)row->not_before);
	eh_wire_put_number(&map, EH_WIRE_EXP, (int64_t)row->expires);
	eh_wire_put_number(&map, EH_WIRE_BURNS, v->burns);
	eh_wire_put_bytes(&map, EH_WIRE_COUNTERS, counters, clen);
	eh_wire_put_bytes(&map, EH_WIRE_LIMITS, limits, llen);
	eh_wire_put_number(&map, EH_WIRE_GOOD, (int64_t)v->outcomes.good);
	eh_wire_put_number(
	    &map, EH_WIRE_SCRAPPED, (int64_t)v->outcomes.scrapped);
	eh_wire_put_number(
	    &map, EH_WIRE_IN_DOUBT, (int64_t)v->outcomes.in_doubt);
	if (row->close_reason != 0)
		eh_wire_put_number(&map, EH_WIRE_CLOSED, row->close_reason);
	eh_wire_put_number(&map, EH_WIRE_GRACE, v->grace);
	eh_wire_put_number(&map, EH_WIRE_RECORDS, eh_lease_records(row));
	return eh_list_add(list, &map);
}

int
eh_req_authorizations(struct eh_boundary *b, struct eh_list *list)
{
	struct views *views = calloc(1, sizeof(*views));
	int err = EH_OK;

	if (views == NULL)
		return EH_ERR_MEMORY;
	look(b, views);
	for (unsigned i = 0; err == EH_OK && i < views->n; i++)
		err = add_view(list, views->factory, &views->view[i]);
	free(views);
	return err;
}

/* What status shows of a state that is in force, copied under the lock. */
struct glance {
	char label[EH_STATE_LABEL + 1];
	char factory[EH_NAME_MAX + 1];
	uint8_t hsm_id[EH_HSM_ID_LEN];
	uint8_t root[EH_DIGEST_LEN];
	uint8_t anchor[EH_DIGEST_LEN];
	struct eh_now now;
	uint64_t flags, seq, boots, commits, burned, unacked, unaccounted;
	unsigned anchor_class, anchor_mode, custody;
	struct eh_anchor_identity tpm;
};

static void
take_glance(struct eh_boundary *b, struct glance *g)
{
	const struct eh_state *state = eh_engine_lock(b->engine);

	memcpy(g->label, state->label, sizeof(g->label));
	memcpy(g->factory, state->factory, sizeof(g->factory));
	memcpy(g->hsm_id, state->hsm_id, sizeof(g->hsm_id));
	eh_keyid_spki_digest(&state->root, g->root);
	eh_engine_now(b->engine, &g->now);
	g->flags = 0;
	if (state->pin[EH_ROLE_OPERATOR].set)
		g->flags |= EH_FLAG_OPERATOR_PIN;
	if (state->grant.last.seen)
		g->flags |= EH_FLAG_ENROLLED;
	if (state->log.merged)
		g->flags |= EH_FLAG_MERGED;
	if (state->log.foreign)
		g->flags |= EH_FLAG_FOREIGN;
	if (eh_engine_damaged(b->engine))
		g->flags |= EH_FLAG_DAMAGED;
	g->seq = state->log.tree.size;
	g->boots = state->boots;
	g->commits = state->commit;
	eh_engine_anchor(b->engine, g->anchor);
	g->burned = state->log.burned_seqs;
	g->unacked = state->log.counted - state->log.acked_counted;
	g->unaccounted = state->log.burned_passes;
	g->anchor_class = state->anchor_class;
	g->anchor_mode = state->anchor_mode;
	g->custody = eh_boundary_custody(state);
	g->tpm = state->anchor;
	eh_engine_unlock(b->engine);
}

/* Who the anchor is, when it is not a file. */
static void
put_tpm(struct eh_boundary *b, struct eh_call *call, const struct glance *g)
{
	struct eh_wire *out = &call->out;

	if (g->anchor_mode == EH_ANCHOR_FILE)
		return;
	if (b->anchor != NULL && b->anchor->describe != NULL)
		eh_call_say_as(
		    call, EH_WIRE_TPM, b->anchor->describe(b->anchor->arg));
	eh_wire_put_bytes(out, EH_WIRE_TPM_KEY, g->tpm.key, EH_TPM_NAME);
	eh_wire_put_bytes(out, EH_WIRE_TPM_INDEX, g->tpm.index, EH_TPM_NAME);
	if (g->anchor_mode != EH_ANCHOR_TPM_OWNER)
		return;
	eh_wire_put_bytes(
	    out, EH_WIRE_TPM_COUNTER, g->tpm.counter, EH_TPM_NAME);
	eh_wire_put_number(out, EH_WIRE_TPM_COUNT, (int64_t)g->tpm.count);
}

static void
put_glance(struct eh_call *call, const struct glance *g)
{
	struct eh_wire *out = &call->out;

	eh_wire_put_text(out, EH_WIRE_LABEL, g->label);
	eh_wire_put_bytes(
	    out, EH_WIRE_HSM_ID, g->hsm_id, sizeof(g->hsm_id));
	eh_wire_put_bytes(out, EH_WIRE_ROOT, g->root, sizeof(g->root));
	if (g->factory[0] != '\0')
		eh_wire_put_text(out, EH_WIRE_FACTORY, g->factory);
	eh_wire_put_number(out, EH_WIRE_T_LO, (int64_t)g->now.t_lo);
	eh_wire_put_number(out, EH_WIRE_T_HI, (int64_t)g->now.t_hi);
	if (g->now.quality != EH_QUALITY_NONE)
		eh_wire_put_number(
		    out, EH_WIRE_SINCE_TIME, (int64_t)g->now.since);
	eh_wire_put_number(out, EH_WIRE_SEQ, (int64_t)g->seq);
	eh_wire_put_number(out, EH_WIRE_BOOTS, (int64_t)g->boots);
	eh_wire_put_number(out, EH_WIRE_COMMITS, (int64_t)g->commits);
	eh_wire_put_number(out, EH_WIRE_ANCHOR_CLASS, g->anchor_class);
	eh_wire_put_bytes(out, EH_WIRE_ANCHOR, g->anchor, EH_DIGEST_LEN);
	eh_wire_put_number(out, EH_WIRE_ANCHOR_MODE, g->anchor_mode);
	eh_wire_put_number(out, EH_WIRE_CUSTODY, g->custody);
	eh_wire_put_number(out, EH_WIRE_BURNED_SEQS, (int64_t)g->burned);
	eh_wire_put_number(out, EH_WIRE_UNACKED, (int64_t)g->unacked);
	eh_wire_put_number(
	    out, EH_WIRE_UNACCOUNTED, (int64_t)g->unaccounted);
}

static int
put_ready(struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	struct glance *g = eh_call_keep(call, sizeof(*g));
	struct eh_list rows;
	int err;

	if (g == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	take_glance(b, g);
	if (eh_pins_wait(b->pins, call->caller->peer.uid) > 0)
		g->flags |= EH_FLAG_PIN_DELAY;
	eh_wire_put_number(&call->out, EH_WIRE_FLAGS, (int64_t)g->flags);
	eh_wire_put_number(&call->out, EH_WIRE_QUALITY, g->now.quality);
	put_glance(call, g);
	put_tpm(b, call, g);
	eh_list_init(&rows, ROWS_MAX);
	if ((err = eh_req_authorizations(b, &rows)) == EH_OK)
		err = eh_list_put(&rows, call, EH_WIRE_AUTHORIZATIONS);
	eh_list_wipe(&rows);
	return err == EH_OK ? EH_OK
			    : eh_error_set(error, err, "out of memory");
}

/* Nothing to show but why. */
static int
put_unready(struct eh_call *call, enum eh_wire_state state,
    const struct eh_error *why, struct eh_error *error)
{
	struct eh_list rows;
	int err;

	eh_wire_put_number(&call->out, EH_WIRE_FLAGS, 0);
	eh_wire_put_number(&call->out, EH_WIRE_QUALITY, EH_QUALITY_NONE);
	if (state == EH_STATE_FAIL_STOPPED)
		eh_call_say(call, eh_error_sentence(why));
	eh_list_init(&rows, ROWS_MAX);
	err = eh_list_put(&rows, call, EH_WIRE_AUTHORIZATIONS);
	eh_list_wipe(&rows);
	return err == EH_OK ? EH_OK
			    : eh_error_set(error, err, "out of memory");
}

int
eh_req_status(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	char refusal[EH_REFUSAL_TEXT];
	enum eh_wire_state state;
	struct eh_error why;

	eh_error_clear(&why);
	state = eh_boundary_state(b, &why);
	eh_refusal_last(&b->refusals, refusal);
	if (refusal[0] != '\0')
		eh_call_say_as(call, EH_WIRE_REFUSAL, refusal);
	eh_wire_put_number(&call->out, EH_WIRE_STATE, state);
	eh_wire_put_number(&call->out, EH_WIRE_REFUSALS,
	    (int64_t)eh_refusal_count(&b->refusals));
	return state == EH_STATE_READY
	    ? put_ready(b, call, error)
	    : put_unready(call, state, &why, error);
}
