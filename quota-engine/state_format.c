/* SPDX-License-Identifier: Apache-2.0 */
/* state_format.c - the state blob as bytes: header, deterministic CBOR, MAC. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "common/crypto/mac.h"
#include "common/ct.h"
#include "quota-engine/state.h"

/*
 * doc/format/state.md.  Each part is an array with its members in the order of
 * the struct; a put_ and its get_ stand together, and read the same way down.
 */
static const char magic[8] = "EHSTATE";	/* and a zero byte */
static const char label[] = "EdgeHSM-state-v1";
#define FORMAT  2	/* 1, without PART_ACKED, is read too */
#define HEADER  EH_STATE_HEADER
#define ITEMS   32768
#define U64     UINT64_MAX

enum part {
	PART_COPY = 1,
	PART_IDENTITY,
	PART_TOKEN,
	PART_KEYS,
	PART_PINS,
	PART_ROWS,
	PART_IN_FORCE,
	PART_GRANT,
	PART_ISSUERS,
	PART_KIDS,
	PART_CLOCK,
	PART_LOG,
	PART_ACKED,
	PART_COUNT
};

static uint8_t
get_small(struct eh_cbor *c, uint64_t max)
{
	return (uint8_t)eh_cbor_uint(c, 0, max);
}

/* A label may be UTF-8, so it is a byte string; no NUL inside. */
static void
put_label(struct eh_writer *w, const char *text)
{
	eh_cbor_put_bytes(w, text, strlen(text));
}

static void
get_label(struct eh_cbor *c, char out[EH_STATE_LABEL + 1])
{
	size_t len;
	const uint8_t *p = eh_cbor_bytes(c, 0, EH_STATE_LABEL, &len);

	if (memchr(p, 0, len) != NULL)
		eh_cbor_fail(c, EH_ERR_FORMAT);
	memcpy(out, p, len);
	out[len] = '\0';
}

static void
put_rawkey(struct eh_writer *w, const struct eh_rawkey *key)
{
	eh_cbor_put_bytes(w, key->bytes, key->len);
}

static void
get_rawkey(struct eh_cbor *c, struct eh_rawkey *key)
{
	size_t len;
	const uint8_t *p = eh_cbor_bytes(c, 0, EH_RAWKEY_MAX, &len);

	if (len == 0)
		return;
	if (eh_rawkey_set(key, p, len) != EH_OK)
		eh_cbor_fail(c, EH_ERR_FORMAT);
}

static void
put_copy(struct eh_writer *w, const struct eh_state *st)
{
	eh_cbor_put_array(w, 4);
	eh_cbor_put_uint(w, st->commit);
	eh_cbor_put_bytes(w, st->previous, EH_DIGEST_LEN);
	eh_cbor_put_uint(w, st->boots);
	eh_cbor_put_bool(w, st->clean);
}

static void
get_copy(struct eh_cbor *c, struct eh_state *st)
{
	eh_cbor_array(c, 4, 4);
	st->commit = eh_cbor_uint(c, 1, EH_U53_MAX);
	eh_cbor_fixed(c, st->previous, EH_DIGEST_LEN);
	st->boots = eh_cbor_uint(c, 1, EH_U53_MAX);
	st->clean = (uint8_t)eh_cbor_bool(c);
	eh_cbor_leave(c);
}

/* What the anchor's mode adds to the identity. */
static unsigned
anchor_members(unsigned mode)
{
	static const uint8_t members[] = { [EH_ANCHOR_FILE] = 0,
		[EH_ANCHOR_TPM_PLATFORM] = 2, [EH_ANCHOR_TPM_OWNER] = 4 };

	return members[mode];
}

static void
put_identity(struct eh_writer *w, const struct eh_state *st)
{
	unsigned more = anchor_members(st->anchor_mode);

	eh_cbor_put_array(w, 5 + more);
	eh_cbor_put_bytes(w, st->hsm_id, EH_HSM_ID_LEN);
	put_rawkey(w, &st->root);
	eh_cbor_put_text(w, st->factory);
	eh_cbor_put_uint(w, st->anchor_class);
	eh_cbor_put_uint(w, st->anchor_mode);
	if (more >= 2) {
		eh_cbor_put_bytes(w, st->anchor.key, EH_TPM_NAME);
		eh_cbor_put_bytes(w, st->anchor.index, EH_TPM_NAME);
	}
	if (more == 4) {
		eh_cbor_put_bytes(w, st->anchor.counter, EH_TPM_NAME);
		eh_cbor_put_uint(w, st->anchor.count);
	}
}

static void
get_identity(struct eh_cbor *c, struct eh_state *st)
{
	size_t n = eh_cbor_array(c, 5, 9);

	eh_cbor_fixed(c, st->hsm_id, EH_HSM_ID_LEN);
	get_rawkey(c, &st->root);
	eh_cbor_text_copy(c, 0, st->factory, sizeof(st->factory));
	st->anchor_class = get_small(c, EH_CLASS_CERTIFIED);
	st->anchor_mode = get_small(c, EH_ANCHOR_TPM_OWNER);
	if (n != 5 + anchor_members(st->anchor_mode))
		eh_cbor_fail(c, EH_ERR_FORMAT);
	if (n >= 7) {
		eh_cbor_fixed(c, st->anchor.key, EH_TPM_NAME);
		eh_cbor_fixed(c, st->anchor.index, EH_TPM_NAME);
	}
	if (n == 9) {
		eh_cbor_fixed(c, st->anchor.counter, EH_TPM_NAME);
		st->anchor.count = eh_cbor_uint(c, 0, UINT64_MAX);
	}
	eh_cbor_leave(c);
}

static void
put_token(struct eh_writer *w, const struct eh_state *st)
{
	eh_cbor_put_array(w, 2);
	put_label(w, st->label);
	eh_cbor_put_uint(w, st->next_object);
}

static void
get_token(struct eh_cbor *c, struct eh_state *st)
{
	eh_cbor_array(c, 2, 2);
	get_label(c, st->label);
	st->next_object = eh_cbor_uint(c, 0, EH_U53_MAX);
	eh_cbor_leave(c);
}

static void
put_key(struct eh_writer *w, const struct eh_state_key *key)
{
	eh_cbor_put_array(w, 10);
	eh_cbor_put_uint(w, key->object);
	eh_cbor_put_bytes(w, key->digest, EH_DIGEST_LEN);
	put_rawkey(w, &key->key);
	eh_cbor_put_uint(w, key->purpose);
	eh_cbor_put_uint(w, key->origin);
	eh_cbor_put_uint(w, key->custody);
	eh_cbor_put_int(w, key->alg);
	put_label(w, key->label);
	eh_cbor_put_bytes(w, key->id, key->id_len);
	eh_cbor_put_bytes(w, key->backend, key->backend_len);
}

static void
get_key(struct eh_cbor *c, struct eh_state_key *key)
{
	const uint8_t *p;
	size_t len;

	eh_cbor_array(c, 10, 10);
	key->object = eh_cbor_uint(c, 1, EH_U53_MAX);
	eh_cbor_fixed(c, key->digest, EH_DIGEST_LEN);
	get_rawkey(c, &key->key);
	key->purpose = get_small(c, EH_PURPOSE_TRANSPORT);
	key->origin = (uint8_t)eh_cbor_uint(
	    c, EH_ORIGIN_BOUNDARY, EH_ORIGIN_IMPORTED);
	key->custody = get_small(c, EH_CUSTODY_SEPARATE);
	key->alg = (int32_t)eh_cbor_int(c, -65535, 65535);
	get_label(c, key->label);
	p = eh_cbor_bytes(c, 0, EH_STATE_LABEL, &len);
	memcpy(key->id, p, len);
	key->id_len = (uint8_t)len;
	p = eh_cbor_bytes(c, 0, EH_STATE_LABEL, &len);
	memcpy(key->backend, p, len);
	key->backend_len = (uint8_t)len;
	eh_cbor_leave(c);
}

static void
put_keys(struct eh_writer *w, const struct eh_state *st)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < EH_STATE_KEYS; i++)
		n += st->key[i].object != 0;
	eh_cbor_put_array(w, n);
	for (unsigned i = 0; i < EH_STATE_KEYS; i++)
		if (st->key[i].object != 0)
			put_key(w, &st->key[i]);
}

static void
get_keys(struct eh_cbor *c, struct eh_state *st)
{
	size_t n = eh_cbor_array(c, 0, EH_STATE_KEYS);

	for (size_t i = 0; i < n; i++)
		get_key(c, &st->key[i]);
	eh_cbor_leave(c);
}

static void
put_pins(struct eh_writer *w, const struct eh_state *st)
{
	eh_cbor_put_array(w, EH_STATE_PINS);
	for (unsigned i = 0; i < EH_STATE_PINS; i++) {
		const struct eh_state_pin *pin = &st->pin[i];

		eh_cbor_put_array(w, 4);
		eh_cbor_put_bool(w, pin->set);
		eh_cbor_put_uint(w, pin->generation);
		eh_cbor_put_bytes(w, pin->salt, EH_STATE_SALT);
		eh_cbor_put_bytes(w, pin->hash, EH_STATE_HASH);
	}
}

static void
get_pins(struct eh_cbor *c, struct eh_state *st)
{
	eh_cbor_array(c, EH_STATE_PINS, EH_STATE_PINS);
	for (unsigned i = 0; i < EH_STATE_PINS; i++) {
		struct eh_state_pin *pin = &st->pin[i];

		eh_cbor_array(c, 4, 4);
		pin->set = (uint8_t)eh_cbor_bool(c);
		pin->generation = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
		eh_cbor_fixed(c, pin->salt, EH_STATE_SALT);
		eh_cbor_fixed(c, pin->hash, EH_STATE_HASH);
		eh_cbor_leave(c);
	}
	eh_cbor_leave(c);
}

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
		o->uses = get_small(c, UINT8_MAX);
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
	limits->quality = get_small(c, EH_QUALITY_FRESH);
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
	row->halvings = get_small(c, UINT8_MAX);
	row->grace = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	row->burns = (uint16_t)eh_cbor_uint(c, 0, UINT16_MAX);
	row->burn_unrecorded = (uint8_t)eh_cbor_bool(c);
	row->close_reason = get_small(c, EH_CLOSE_BURNS);
	eh_cbor_uint(c, EH_OPS, EH_OPS);
	get_ops(c, row);
	eh_cbor_leave(c);
}

static void
put_rows(struct eh_writer *w, const struct eh_state *st)
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

static void
get_rows(struct eh_cbor *c, struct eh_state *st)
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

static void
put_in_force(struct eh_writer *w, const struct eh_state *st)
{
	eh_cbor_put_array(w, 2);
	eh_cbor_put_uint(w, st->in_force.epoch);
	eh_cbor_put_uint(w, st->in_force.rseq);
}

static void
get_in_force(struct eh_cbor *c, struct eh_state *st)
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

static void
put_grant(struct eh_writer *w, const struct eh_state *st)
{
	eh_cbor_put_array(w, 3);
	put_last(w, &st->grant.last);
	eh_cbor_put_uint(w, st->grant.not_before);
	eh_cbor_put_uint(w, st->grant.expires);
}

static void
get_grant(struct eh_cbor *c, struct eh_state *st)
{
	eh_cbor_array(c, 3, 3);
	get_last(c, &st->grant.last);
	st->grant.not_before = eh_cbor_uint(c, 0, EH_TIME_MAX);
	st->grant.expires = eh_cbor_uint(c, 0, EH_TIME_MAX);
	eh_cbor_leave(c);
}

static void
put_issuers(struct eh_writer *w, const struct eh_state *st)
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
		put_rawkey(w, &issuer->key);
		eh_cbor_put_int(w, issuer->alg);
		eh_cbor_put_uint(w, issuer->roles);
		eh_cbor_put_text(w, issuer->iss);
		eh_cbor_put_uint(w, issuer->state);
	}
}

static void
get_issuers(struct eh_cbor *c, struct eh_state *st)
{
	size_t n = eh_cbor_array(c, 0, EH_STATE_ISSUERS);

	for (size_t i = 0; i < n; i++) {
		struct eh_state_issuer *issuer = &st->issuer[i];

		eh_cbor_array(c, 6, 6);
		eh_cbor_fixed(c, issuer->kid, EH_KID_LEN);
		get_rawkey(c, &issuer->key);
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

static void
put_kids(struct eh_writer *w, const struct eh_state *st)
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

static void
get_kids(struct eh_cbor *c, struct eh_state *st)
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
put_reading(struct eh_writer *w, const struct eh_clock_reading *r)
{
	eh_cbor_put_array(w, 3);
	eh_cbor_put_bytes(w, r->boot_id, EH_ID_LEN);
	eh_cbor_put_uint(w, r->boottime);
	eh_cbor_put_uint(w, r->raw);
}

static void
get_reading(struct eh_cbor *c, struct eh_clock_reading *r)
{
	eh_cbor_array(c, 3, 3);
	eh_cbor_fixed(c, r->boot_id, EH_ID_LEN);
	r->boottime = eh_cbor_uint(c, 0, U64);
	r->raw = eh_cbor_uint(c, 0, U64);
	eh_cbor_leave(c);
}

static void
put_clock(struct eh_writer *w, const struct eh_state *st)
{
	const struct eh_clock_state *clock = &st->clock;

	eh_cbor_put_array(w, 8);
	eh_cbor_put_bool(w, clock->attested);
	put_reading(w, &clock->sent);
	put_reading(w, &clock->received);
	eh_cbor_put_uint(w, clock->time);
	eh_cbor_put_uint(w, clock->uncertainty);
	eh_cbor_put_uint(w, clock->tseq);
	eh_cbor_put_uint(w, clock->powered);
	eh_cbor_put_uint(w, clock->floor);
}

static void
get_clock(struct eh_cbor *c, struct eh_state *st)
{
	struct eh_clock_state *clock = &st->clock;

	eh_cbor_array(c, 8, 8);
	clock->attested = (uint8_t)eh_cbor_bool(c);
	get_reading(c, &clock->sent);
	get_reading(c, &clock->received);
	clock->time = eh_cbor_uint(c, 0, EH_TIME_MAX);
	clock->uncertainty = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	clock->tseq = eh_cbor_uint(c, 0, EH_U53_MAX);
	clock->powered = eh_cbor_uint(c, 0, U64);
	clock->floor = eh_cbor_uint(c, 0, EH_TIME_MAX);
	eh_cbor_leave(c);
}

static void
put_position(struct eh_writer *w, const struct eh_position *p)
{
	eh_cbor_put_array(w, 3);
	eh_cbor_put_uint(w, p->segment);
	eh_cbor_put_uint(w, p->first);
	eh_cbor_put_uint(w, p->offset);
}

static void
get_position(struct eh_cbor *c, struct eh_position *p)
{
	eh_cbor_array(c, 3, 3);
	p->segment = eh_cbor_uint(c, 0, EH_U53_MAX);
	p->first = eh_cbor_uint(c, 0, EH_U53_MAX);
	p->offset = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	eh_cbor_leave(c);
}

static void
put_burned(struct eh_writer *w, const struct eh_state_log *log)
{
	eh_cbor_put_array(w, log->nburned);
	for (unsigned i = 0; i < log->nburned; i++) {
		eh_cbor_put_array(w, 3);
		eh_cbor_put_uint(w, log->burned[i].first);
		eh_cbor_put_uint(w, log->burned[i].span);
		eh_cbor_put_uint(w, log->burned[i].burned);
	}
}

static void
get_burned(struct eh_cbor *c, struct eh_state_log *log)
{
	size_t n = eh_cbor_array(c, 0, EH_BURNED_RANGES_MAX);

	log->nburned = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		eh_cbor_array(c, 3, 3);
		log->burned[i].first = eh_cbor_uint(c, 0, EH_U53_MAX);
		log->burned[i].span = eh_cbor_uint(c, 1, EH_U53_MAX);
		log->burned[i].burned = eh_cbor_uint(c, 1, EH_U53_MAX);
		eh_cbor_leave(c);
	}
	eh_cbor_leave(c);
}

static void
put_log(struct eh_writer *w, const struct eh_state *st)
{
	const struct eh_state_log *log = &st->log;
	size_t n = eh_merkle_count(log->tree.size);

	eh_cbor_put_array(w, 18);
	eh_cbor_put_uint(w, log->tree.size);
	eh_cbor_put_array(w, n);
	for (size_t i = 0; i < n; i++)
		eh_cbor_put_bytes(w, log->tree.node[i], EH_MERKLE_HASH);
	eh_cbor_put_bytes(w, log->head, EH_DIGEST_LEN);
	eh_cbor_put_uint(w, log->seq_hi);
	eh_cbor_put_uint(w, log->group);
	put_position(w, &log->next);
	put_position(w, &log->last);
	eh_cbor_put_uint(w, log->last_seq);
	eh_cbor_put_bytes(w, log->last_leaf, EH_DIGEST_LEN);
	eh_cbor_put_uint(w, log->counted);
	eh_cbor_put_uint(w, log->acked.size);
	eh_cbor_put_uint(w, log->acked_counted);
	eh_cbor_put_uint(w, log->burned_passes);
	eh_cbor_put_uint(w, log->burned_seqs);
	eh_cbor_put_uint(w, log->unrecorded.first);
	eh_cbor_put_uint(w, log->unrecorded.count);
	eh_cbor_put_bool(w, log->merged);
	put_burned(w, log);
}

static void
get_log(struct eh_cbor *c, struct eh_state *st)
{
	struct eh_state_log *log = &st->log;
	size_t n;

	eh_cbor_array(c, 18, 18);
	log->tree.size = eh_cbor_uint(c, 1, EH_U53_MAX);
	n = eh_merkle_count(log->tree.size);
	eh_cbor_array(c, n, n);
	for (size_t i = 0; i < n; i++)
		eh_cbor_fixed(c, log->tree.node[i], EH_MERKLE_HASH);
	eh_cbor_leave(c);
	eh_cbor_fixed(c, log->head, EH_DIGEST_LEN);
	log->seq_hi = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->group = eh_cbor_uint(c, 0, EH_U53_MAX);
	get_position(c, &log->next);
	get_position(c, &log->last);
	log->last_seq = eh_cbor_uint(c, 0, EH_U53_MAX);
	eh_cbor_fixed(c, log->last_leaf, EH_DIGEST_LEN);
	log->counted = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->acked.size = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->acked_counted = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->burned_passes = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->burned_seqs = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->unrecorded.first = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->unrecorded.count = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->merged = (uint8_t)eh_cbor_bool(c);
	get_burned(c, log);
	eh_cbor_leave(c);
}

/* What only acknowledgements speak of; the sizes stand in the log. */
static void
put_acked(struct eh_writer *w, const struct eh_state *st)
{
	const struct eh_state_log *log = &st->log;
	size_t n = eh_merkle_count(log->acked.size);

	eh_cbor_put_array(w, 4);
	eh_cbor_put_array(w, n);
	for (size_t i = 0; i < n; i++)
		eh_cbor_put_bytes(w, log->acked.node[i], EH_MERKLE_HASH);
	eh_cbor_put_bool(w, log->foreign);
	eh_cbor_put_uint(w, log->burned_at);
	eh_cbor_put_array(w, log->nburned);
	for (unsigned i = 0; i < log->nburned; i++)
		eh_cbor_put_uint(w, log->passes[i]);
}

static void
get_acked(struct eh_cbor *c, struct eh_state *st)
{
	struct eh_state_log *log = &st->log;
	size_t n = eh_merkle_count(log->acked.size);

	eh_cbor_array(c, 4, 4);
	eh_cbor_array(c, n, n);
	for (size_t i = 0; i < n; i++)
		eh_cbor_fixed(c, log->acked.node[i], EH_MERKLE_HASH);
	eh_cbor_leave(c);
	log->foreign = (uint8_t)eh_cbor_bool(c);
	log->burned_at = eh_cbor_uint(c, 0, EH_U53_MAX);
	eh_cbor_array(c, log->nburned, log->nburned);
	for (unsigned i = 0; i < log->nburned; i++)
		log->passes[i] = eh_cbor_uint(c, 0, EH_U53_MAX);
	eh_cbor_leave(c);
	eh_cbor_leave(c);
}

/* clang-format off */
static const struct {
	void (*put)(struct eh_writer *, const struct eh_state *);
	void (*get)(struct eh_cbor *, struct eh_state *);
} parts[PART_COUNT] = {
	[PART_COPY]     = { put_copy,     get_copy },
	[PART_IDENTITY] = { put_identity, get_identity },
	[PART_TOKEN]    = { put_token,    get_token },
	[PART_KEYS]     = { put_keys,     get_keys },
	[PART_PINS]     = { put_pins,     get_pins },
	[PART_ROWS]     = { put_rows,     get_rows },
	[PART_IN_FORCE] = { put_in_force, get_in_force },
	[PART_GRANT]    = { put_grant,    get_grant },
	[PART_ISSUERS]  = { put_issuers,  get_issuers },
	[PART_KIDS]     = { put_kids,     get_kids },
	[PART_CLOCK]    = { put_clock,    get_clock },
	[PART_LOG]      = { put_log,      get_log },
	[PART_ACKED]    = { put_acked,    get_acked },
};
/* clang-format on */

static void
mac_of(const uint8_t key[EH_DIGEST_LEN], const uint8_t *bytes, size_t len,
    uint8_t mac[EH_SHA256_LEN])
{
	struct eh_hmac_sha256 h;

	eh_hmac_sha256_init(&h, key, EH_DIGEST_LEN);
	eh_hmac_sha256_update(&h, label, sizeof(label) - 1);
	eh_hmac_sha256_update(&h, bytes, len);
	eh_hmac_sha256_final(&h, mac);
}

int
eh_state_encode(const struct eh_state *st, const uint8_t key[EH_DIGEST_LEN],
    uint8_t *out, size_t cap, size_t *lenp)
{
	struct eh_writer w;
	size_t body;
	int err;

	*lenp = 0;
	if (cap < HEADER + EH_SHA256_LEN)
		return EH_ERR_SPACE;
	eh_writer_init(&w, out + HEADER, cap - HEADER - EH_SHA256_LEN);
	eh_cbor_put_map(&w, PART_COUNT - 1);
	for (unsigned part = 1; part < PART_COUNT; part++) {
		eh_cbor_put_uint(&w, part);
		parts[part].put(&w, st);
	}
	if ((err = eh_writer_end(&w, &body)) != EH_OK)
		return err;
	eh_writer_init(&w, out, HEADER);
	eh_writer_bytes(&w, magic, sizeof(magic));
	eh_writer_u32(&w, FORMAT);
	eh_writer_u32(&w, (uint32_t)body);
	if ((err = eh_writer_end(&w, lenp)) != EH_OK)
		return err;
	mac_of(key, out, HEADER + body, out + HEADER + body);
	*lenp = HEADER + body + EH_SHA256_LEN;
	return EH_OK;
}

/* How long is the body?  0 when this is no state of ours. */
static size_t
read_header(const uint8_t header[HEADER], uint32_t *version)
{
	struct eh_reader r;
	const uint8_t *m;
	size_t body;

	eh_reader_init(&r, header, HEADER);
	m = eh_reader_borrow(&r, sizeof(magic));
	*version = eh_reader_u32(&r);
	body = eh_reader_u32(&r);
	if (memcmp(m, magic, sizeof(magic)) != 0 ||
	    body > EH_STATE_MAX - HEADER - EH_SHA256_LEN)
		return 0;
	return body;
}

size_t
eh_state_length(const uint8_t header[EH_STATE_HEADER])
{
	uint32_t version;
	size_t body = read_header(header, &version);

	return body == 0 ? 0 : HEADER + body + EH_SHA256_LEN;
}

static int
read_body(
    struct eh_state *st, uint32_t version, const uint8_t *bytes, size_t len)
{
	unsigned end = version == FORMAT ? PART_COUNT : PART_ACKED;
	struct eh_cbor c;

	eh_cbor_init(&c, bytes, len, ITEMS);
	eh_cbor_map(&c, end - 1, end - 1);
	for (unsigned part = 1; part < end; part++) {
		eh_cbor_key(&c, part);
		parts[part].get(&c, st);
	}
	eh_cbor_leave(&c);
	/* In version 1 nothing was ever acknowledged. */
	if (version != FORMAT &&
	    (st->log.acked.size != 0 || st->log.acked_counted != 0))
		return EH_ERR_FORMAT;
	return eh_cbor_end(&c);
}

int
eh_state_decode(struct eh_state *st, const uint8_t key[EH_DIGEST_LEN],
    const uint8_t *bytes, size_t len, size_t *usedp, struct eh_error *error)
{
	uint8_t mac[EH_SHA256_LEN];
	uint32_t version;
	size_t body = len < HEADER ? 0 : read_header(bytes, &version);
	int err;

	*usedp = 0;
	memset(st, 0, sizeof(*st));
	if (body == 0 || len < HEADER + body + EH_SHA256_LEN)
		return eh_error_set(error, EH_ERR_FORMAT, "no state copy");
	mac_of(key, bytes, HEADER + body, mac);
	if (!eh_ct_equal(mac, bytes + HEADER + body, EH_SHA256_LEN))
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the state copy is damaged, or of another boundary secret");
	if (version != FORMAT && version != 1)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "the state copy is of version %u; this edgehsmd knows %d",
		    version, FORMAT);
	err = read_body(st, version, bytes + HEADER, body);
	if (err != EH_OK)
		eh_error_set(error, EH_ERR_FORMAT,
		    "the state copy holds what this edgehsmd never writes");
	else
		err = eh_state_check(st, error);
	if (err != EH_OK) {
		memset(st, 0, sizeof(*st));
		return EH_ERR_FORMAT;
	}
	*usedp = HEADER + body + EH_SHA256_LEN;
	return EH_OK;
}
