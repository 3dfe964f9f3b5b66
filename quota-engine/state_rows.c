/* SPDX-License-Identifier: Apache-2.0 */
/* state_rows.c - a part of the state blob: the authorizations. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "quota-engine/state_parts.h"

static void
put_ops(struct eh_writer *w, const struct eh_row *row)
{
	uint64_t n = 0;

	for (unsigned op = 0; op < EH_OPS; op++)
		n += row->op[op].granted;
	eh_cbor_put_map(w, n);
	for (unsigned op = 0; op < EH_OPS; op++) {
		const struct eh_state_op *o = &row->op[op];

		if (!o->granted)
			continue;
		eh_cbor_put_uint(w, op);
		eh_cbor_put_array(w, 5);
		eh_cbor_put_uint(w, o->uses);
		eh_cbor_put_uint(w, o->count.used);
		eh_cbor_put_uint(w, o->count.burned);
		eh_cbor_put_uint(w, o->count.reserved);
		eh_cbor_put_uint(w, o->count.quota);
	}
}

static void
get_ops(struct eh_cbor *c, struct eh_row *row)
{
	size_t n = eh_cbor_map(c, 1, EH_OPS);

	for (size_t i = 0; i < n; i++) {
		struct eh_state_op *o =
		    &row->op[eh_cbor_any_key(c, 0, EH_OPS - 1)];

		o->granted = 1;
		eh_cbor_array(c, 5, 5);
		o->uses = eh_state_get_small(c, UINT8_MAX);
		o->count.used = eh_cbor_uint(c, 0, EH_U53_MAX);
		o->count.burned = eh_cbor_uint(c, 0, EH_U53_MAX);
		o->count.reserved = eh_cbor_uint(c, 0, EH_U53_MAX);
		o->count.quota = eh_cbor_uint(c, 0, EH_U53_MAX);
		eh_cbor_leave(c);
	}
	eh_cbor_leave(c);
}

static void
put_limits(struct eh_writer *w, const struct eh_limits *limits)
{
	eh_cbor_put_array(w, 5);
	eh_cbor_put_uint(w, limits->max_unacked);
	eh_cbor_put_uint(w, limits->max_offline);
	eh_cbor_put_uint(w, limits->max_unaccounted);
	eh_cbor_put_uint(w, limits->boot_grace);
	eh_cbor_put_uint(w, limits->quality);
}

static void
get_limits(struct eh_cbor *c, struct eh_limits *limits)
{
	eh_cbor_array(c, 5, 5);
	limits->max_unacked = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	limits->max_offline = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	limits->max_unaccounted = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	limits->boot_grace = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	limits->quality = eh_state_get_small(c, EH_QUALITY_FRESH);
	eh_cbor_leave(c);
}

static void
put_row(struct eh_writer *w, const struct eh_row *row)
{
	eh_cbor_put_array(w, 21);
	eh_cbor_put_uint(w, row->state);
	eh_cbor_put_bytes(w, row->id, EH_ID_LEN);
	eh_cbor_put_uint(w, row->generation);
	eh_cbor_put_bytes(w, row->kid, EH_KID_LEN);
	eh_cbor_put_uint(w, row->seq);
	eh_cbor_put_uint(w, row->epoch);
	eh_cbor_put_bytes(w, row->message, EH_DIGEST_LEN);
	eh_cbor_put_text(w, row->order);
	eh_cbor_put_array(w, 3);
	eh_cbor_put_text(w, row->profile.name);
	eh_cbor_put_uint(w, row->profile.version);
	eh_cbor_put_bytes(w, row->profile.digest, EH_DIGEST_LEN);
	eh_cbor_put_bytes(
	    w, row->supersedes, row->has_supersedes ? EH_ID_LEN : 0);
	eh_cbor_put_uint(w, row->not_before);
	eh_cbor_put_uint(w, row->expires);
	put_limits(w, &row->limits);
	eh_cbor_put_uint(w, row->lease);
	eh_cbor_put_uint(w, row->halvings);
	eh_cbor_put_uint(w, row->grace);
	eh_cbor_put_uint(w, row->burns);
	eh_cbor_put_bool(w, row->burn_unrecorded);
	eh_cbor_put_uint(w, row->close_reason);
	eh_cbor_put_uint(w, EH_OPS);	/* how many operations are known */
	put_ops(w, row);
}

static void
get_row(struct eh_cbor *c, struct eh_row *row)
{
	const uint8_t *p;
	size_t len;

	eh_cbor_array(c, 21, 21);
	row->state = (uint8_t)eh_cbor_uint(c, EH_ROW_LIVE, EH_ROW_CLOSED);
	eh_cbor_fixed(c, row->id, EH_ID_LEN);
	row->generation = eh_cbor_uint(c, 1, EH_U53_MAX);
	eh_cbor_fixed(c, row->kid, EH_KID_LEN);
	row->seq = eh_cbor_uint(c, 0, EH_U53_MAX);
	row->epoch = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	eh_cbor_fixed(c, row->message, EH_DIGEST_LEN);
	eh_cbor_text_copy(c, 0, row->order, sizeof(row->order));
	eh_cbor_array(c, 3, 3);
	eh_cbor_text_copy(c, 0, row->profile.name, sizeof(row->profile.name));
	row->profile.version = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	eh_cbor_fixed(c, row->profile.digest, EH_DIGEST_LEN);
	eh_cbor_leave(c);
	p = eh_cbor_bytes(c, 0, EH_ID_LEN, &len);
	if (len != 0 && len != EH_ID_LEN)
		eh_cbor_fail(c, EH_ERR_FORMAT);
	row->has_supersedes = len != 0;
	memcpy(row->supersedes, p, len);
	row->not_before = eh_cbor_uint(c, 0, EH_TIME_MAX);
	row->expires = eh_cbor_uint(c, 0, EH_TIME_MAX);
	get_limits(c, &row->limits);
	row->lease = (uint16_t)eh_cbor_uint(c, 1, EH_LEASE_MAX);
	row->halvings = eh_state_get_small(c, UINT8_MAX);
	row->grace = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	row->burns = (uint16_t)eh_cbor_uint(c, 0, UINT16_MAX);
	row->burn_unrecorded = (uint8_t)eh_cbor_bool(c);
	row->close_reason = eh_state_get_small(c, EH_CLOSE_BURNS);
	eh_cbor_uint(c, EH_OPS, EH_OPS);
	get_ops(c, row);
	eh_cbor_leave(c);
}

void
eh_state_put_rows(struct eh_writer *w, const struct eh_state *st)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		n += st->row[i].state != EH_ROW_FREE;
	eh_cbor_put_array(w, 2);
	eh_cbor_put_uint(w, st->generation);
	eh_cbor_put_array(w, n);
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (st->row[i].state != EH_ROW_FREE)
			put_row(w, &st->row[i]);
}

void
eh_state_get_rows(struct eh_cbor *c, struct eh_state *st)
{
	size_t n;

	eh_cbor_array(c, 2, 2);
	st->generation = eh_cbor_uint(c, 0, EH_U53_MAX);
	n = eh_cbor_array(c, 0, EH_STATE_ROWS);
	for (size_t i = 0; i < n; i++)
		get_row(c, &st->row[i]);
	eh_cbor_leave(c);
	eh_cbor_leave(c);
}
