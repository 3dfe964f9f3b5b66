/* SPDX-License-Identifier: Apache-2.0 */
/* state_issuers.c - parts of the state blob: whose word counts, and
 * what was revoked. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "quota-engine/state_parts.h"

void
eh_state_put_in_force(struct eh_writer *w, const struct eh_state *st)
{
	eh_cbor_put_array(w, 2);
	eh_cbor_put_uint(w, st->in_force.epoch);
	eh_cbor_put_uint(w, st->in_force.rseq);
}

void
eh_state_get_in_force(struct eh_cbor *c, struct eh_state *st)
{
	eh_cbor_array(c, 2, 2);
	st->in_force.epoch = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	st->in_force.rseq = eh_cbor_uint(c, 0, EH_U53_MAX);
	eh_cbor_leave(c);
}

static void
put_last(struct eh_writer *w, const struct eh_state_last *last)
{
	eh_cbor_put_array(w, 3);
	eh_cbor_put_bool(w, last->seen);
	eh_cbor_put_uint(w, last->seq);
	eh_cbor_put_bytes(w, last->digest, EH_DIGEST_LEN);
}

static void
get_last(struct eh_cbor *c, struct eh_state_last *last)
{
	eh_cbor_array(c, 3, 3);
	last->seen = (uint8_t)eh_cbor_bool(c);
	last->seq = eh_cbor_uint(c, 0, EH_U53_MAX);
	eh_cbor_fixed(c, last->digest, EH_DIGEST_LEN);
	eh_cbor_leave(c);
}

void
eh_state_put_grant(struct eh_writer *w, const struct eh_state *st)
{
	eh_cbor_put_array(w, 3);
	put_last(w, &st->grant.last);
	eh_cbor_put_uint(w, st->grant.not_before);
	eh_cbor_put_uint(w, st->grant.expires);
}

void
eh_state_get_grant(struct eh_cbor *c, struct eh_state *st)
{
	eh_cbor_array(c, 3, 3);
	get_last(c, &st->grant.last);
	st->grant.not_before = eh_cbor_uint(c, 0, EH_TIME_MAX);
	st->grant.expires = eh_cbor_uint(c, 0, EH_TIME_MAX);
	eh_cbor_leave(c);
}

void
eh_state_put_issuers(struct eh_writer *w, const struct eh_state *st)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < EH_STATE_ISSUERS; i++)
		n += st->issuer[i].key.len != 0;
	eh_cbor_put_array(w, n);
	for (unsigned i = 0; i < EH_STATE_ISSUERS; i++) {
		const struct eh_state_issuer *issuer = &st->issuer[i];

		if (issuer->key.len == 0)
			continue;
		eh_cbor_put_array(w, 6);
		eh_cbor_put_bytes(w, issuer->kid, EH_KID_LEN);
		eh_state_put_rawkey(w, &issuer->key);
		eh_cbor_put_int(w, issuer->alg);
		eh_cbor_put_uint(w, issuer->roles);
		eh_cbor_put_text(w, issuer->iss);
		eh_cbor_put_uint(w, issuer->state);
	}
}

void
eh_state_get_issuers(struct eh_cbor *c, struct eh_state *st)
{
	size_t n = eh_cbor_array(c, 0, EH_STATE_ISSUERS);

	for (size_t i = 0; i < n; i++) {
		struct eh_state_issuer *issuer = &st->issuer[i];

		eh_cbor_array(c, 6, 6);
		eh_cbor_fixed(c, issuer->kid, EH_KID_LEN);
		eh_state_get_rawkey(c, &issuer->key);
		if (issuer->key.len == 0)
			eh_cbor_fail(c, EH_ERR_FORMAT);
		issuer->alg = (int32_t)eh_cbor_int(c, -65535, 65535);
		issuer->roles = (uint16_t)eh_cbor_uint(c, 0, UINT16_MAX);
		eh_cbor_text_copy(c, 1, issuer->iss, sizeof(issuer->iss));
		issuer->state = (uint8_t)eh_cbor_uint(
		    c, EH_KEY_ACTIVE, EH_KEY_RETIRED);
		eh_cbor_leave(c);
	}
	eh_cbor_leave(c);
}

void
eh_state_put_kids(struct eh_writer *w, const struct eh_state *st)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < EH_STATE_KIDS; i++)
		n += st->kid[i].used;
	eh_cbor_put_array(w, n);
	for (unsigned i = 0; i < EH_STATE_KIDS; i++) {
		const struct eh_state_kid *kid = &st->kid[i];
		uint64_t seen = 0;

		if (!kid->used)
			continue;
		for (unsigned code = 0; code < EH_STATE_MSGCODES; code++)
			seen += kid->last[code].seen;
		eh_cbor_put_array(w, 2);
		eh_cbor_put_bytes(w, kid->kid, EH_KID_LEN);
		eh_cbor_put_map(w, seen);
		for (unsigned code = 0; code < EH_STATE_MSGCODES; code++)
			if (kid->last[code].seen) {
				eh_cbor_put_uint(w, code);
				put_last(w, &kid->last[code]);
			}
	}
}

void
eh_state_get_kids(struct eh_cbor *c, struct eh_state *st)
{
	size_t n = eh_cbor_array(c, 0, EH_STATE_KIDS), seen;

	for (size_t i = 0; i < n; i++) {
		struct eh_state_kid *kid = &st->kid[i];

		kid->used = 1;
		eh_cbor_array(c, 2, 2);
		eh_cbor_fixed(c, kid->kid, EH_KID_LEN);
		seen = eh_cbor_map(c, 0, EH_STATE_MSGCODES);
		for (size_t j = 0; j < seen; j++)
			get_last(c, &kid->last[eh_cbor_any_key(
			                c, 0, EH_STATE_MSGCODES - 1)]);
		eh_cbor_leave(c);
		eh_cbor_leave(c);
	}
	eh_cbor_leave(c);
}

static void
put_kid_list(struct eh_writer *w, const struct eh_state_revoked *r)
{
	eh_cbor_put_array(w, r->nkids);
	for (unsigned i = 0; i < r->nkids; i++)
		eh_cbor_put_bytes(w, r->kid[i], EH_KID_LEN);
}

static void
get_kid_list(struct eh_cbor *c, struct eh_state_revoked *r)
{
	r->nkids = (uint8_t)eh_cbor_array(c, 0, EH_STATE_KIDS);
	for (unsigned i = 0; i < r->nkids; i++)
		eh_cbor_fixed(c, r->kid[i], EH_KID_LEN);
	eh_cbor_leave(c);
}

/* The newest update, and when the rows of the table were closed: a row cannot
 * say so itself without being another row than that of version 2. */
void
eh_state_put_revoked(struct eh_writer *w, const struct eh_state *st)
{
	const struct eh_state_revoked *r = &st->revoked;
	uint64_t rows = 0;

	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		rows += st->row[i].state != EH_ROW_FREE;
	eh_cbor_put_array(w, 4);
	eh_cbor_put_bytes(w, r->digest, EH_DIGEST_LEN);
	eh_cbor_put_array(w, r->nids);
	for (unsigned i = 0; i < r->nids; i++)
		eh_cbor_put_bytes(w, r->id[i], EH_ID_LEN);
	put_kid_list(w, r);
	eh_cbor_put_array(w, rows);
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (st->row[i].state != EH_ROW_FREE)
			eh_cbor_put_uint(w, st->row[i].closed_at);
}

void
eh_state_get_revoked(struct eh_cbor *c, struct eh_state *st)
{
	struct eh_state_revoked *r = &st->revoked;
	unsigned rows = 0;

	while (rows < EH_STATE_ROWS && st->row[rows].state != EH_ROW_FREE)
		rows++;
	eh_cbor_array(c, 4, 4);
	eh_cbor_fixed(c, r->digest, EH_DIGEST_LEN);
	r->nids = (uint16_t)eh_cbor_array(c, 0, EH_STATE_REVOKED);
	for (unsigned i = 0; i < r->nids; i++)
		eh_cbor_fixed(c, r->id[i], EH_ID_LEN);
	eh_cbor_leave(c);
	get_kid_list(c, r);
	eh_cbor_array(c, rows, rows);
	for (unsigned i = 0; i < rows; i++)
		st->row[i].closed_at = eh_cbor_uint(c, 0, EH_U53_MAX);
	eh_cbor_leave(c);
	eh_cbor_leave(c);
}
