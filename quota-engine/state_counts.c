/* SPDX-License-Identifier: Apache-2.0 */
/* state_counts.c - part 15: what a TPM counts, in the state blob. */
#include "config.h"

#include <string.h>

#include "quota-engine/state_parts.h"

static void
put_count(struct eh_writer *w, const struct eh_state_count *n)
{
	eh_cbor_put_array(w, 9);
	eh_cbor_put_bytes(
	    w, n->authorization, n->has_authorization ? EH_ID_LEN : 0);
	eh_cbor_put_uint(w, n->index.handle);
	eh_cbor_put_bytes(w, n->index.nonce, n->index.nonce_len);
	eh_cbor_put_uint(w, n->limit);
	eh_cbor_put_uint(w, n->burned);
	eh_state_put_rawkey(w, &n->count_key);
	eh_cbor_put_bool(w, n->is_approved);
	eh_cbor_put_array(w, n->nkeys);
	for (unsigned i = 0; i < n->nkeys; i++)
		eh_cbor_put_bytes(w, n->keys[i], EH_DIGEST_LEN);
	eh_cbor_put_array(w, n->is_approved ? n->nkeys : 0);
	for (unsigned i = 0; n->is_approved && i < n->nkeys; i++)
		eh_cbor_put_bytes(w, n->approvals[i], EH_SIGNATURE_LEN);
}

static void
get_count(struct eh_cbor *c, struct eh_state_count *n)
{
	const uint8_t *p;
	size_t len;

	n->used = 1;
	eh_cbor_array(c, 9, 9);
	p = eh_cbor_bytes(c, 0, EH_ID_LEN, &len);
	if (len != 0 && len != EH_ID_LEN)
		eh_cbor_fail(c, EH_ERR_FORMAT);
	memcpy(n->authorization, p, len);
	n->has_authorization = len != 0;
	n->index.handle = (uint32_t)eh_cbor_uint(
	    c, EH_COUNT_HANDLE_FIRST, EH_COUNT_HANDLE_LAST);
	p = eh_cbor_bytes(c, EH_COUNT_NONCE_MIN, EH_COUNT_NONCE_MAX, &len);
	memcpy(n->index.nonce, p, len);
	n->index.nonce_len = (uint8_t)len;
	n->limit = (uint32_t)eh_cbor_uint(c, 1, EH_COUNT_LIMIT_MAX);
	n->burned = (uint32_t)eh_cbor_uint(c, 0, n->limit);
	eh_state_get_rawkey(c, &n->count_key);
	n->is_approved = (uint8_t)eh_cbor_bool(c);
	n->nkeys = (uint8_t)eh_cbor_array(c, 1, EH_COUNT_KEYS_MAX);
	for (unsigned i = 0; i < n->nkeys; i++)
		eh_cbor_fixed(c, n->keys[i], EH_DIGEST_LEN);
	eh_cbor_leave(c);
	len = n->is_approved ? n->nkeys : 0;
	eh_cbor_array(c, len, len);
	for (unsigned i = 0; i < len; i++)
		eh_cbor_fixed(c, n->approvals[i], EH_SIGNATURE_LEN);
	eh_cbor_leave(c);
	eh_cbor_leave(c);
}

/* The count keys of own keys, in the order of the keys that have one. */
static void
put_keys(struct eh_writer *w, const struct eh_state *st)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < EH_STATE_KEYS; i++)
		n += st->key[i].object != 0 && st->key[i].count_key.len != 0;
	eh_cbor_put_array(w, n);
	for (unsigned i = 0; i < EH_STATE_KEYS; i++) {
		if (st->key[i].object == 0 || st->key[i].count_key.len == 0)
			continue;
		eh_cbor_put_array(w, 2);
		eh_cbor_put_uint(w, st->key[i].object);
		eh_state_put_rawkey(w, &st->key[i].count_key);
	}
}

static void
get_keys(struct eh_cbor *c, struct eh_state *st)
{
	size_t n = eh_cbor_array(c, 0, EH_STATE_KEYS);
	struct eh_state_key *key;
	uint64_t object, before = 0;

	for (size_t i = 0; i < n; i++) {
		eh_cbor_array(c, 2, 2);
		object = eh_cbor_uint(c, 1, EH_U53_MAX);
		key = object == 0 ? NULL : eh_state_key(st, object);
		if (key == NULL || key->count_key.len != 0 ||
		    key->custody != EH_CUSTODY_COUNTED || object == before) {
			eh_cbor_fail(c, EH_ERR_FORMAT);
			break;
		}
		before = object;
		eh_state_get_rawkey(c, &key->count_key);
		if (key->count_key.len != EH_P256_POINT_LEN)
			eh_cbor_fail(c, EH_ERR_FORMAT);
		eh_cbor_leave(c);
	}
	eh_cbor_leave(c);
}

void
eh_state_put_counts(struct eh_writer *w, const struct eh_state *st)
{
	uint64_t n = 0;

	eh_cbor_put_array(w, 2);
	put_keys(w, st);
	for (unsigned i = 0; i < EH_STATE_COUNTS; i++)
		n += st->count[i].used;
	eh_cbor_put_array(w, n);
	for (unsigned i = 0; i < EH_STATE_COUNTS; i++)
		if (st->count[i].used)
			put_count(w, &st->count[i]);
}

void
eh_state_get_counts(struct eh_cbor *c, struct eh_state *st)
{
	size_t n;

	eh_cbor_array(c, 2, 2);
	get_keys(c, st);
	n = eh_cbor_array(c, 0, EH_STATE_COUNTS);
	for (size_t i = 0; i < n; i++)
		get_count(c, &st->count[i]);
	eh_cbor_leave(c);
	eh_cbor_leave(c);
}

struct eh_state_count *
eh_state_count(struct eh_state *st, const struct eh_count_index *index)
{
	for (unsigned i = 0; i < EH_STATE_COUNTS; i++)
		if (st->count[i].used &&
		    memcmp(&st->count[i].index, index, sizeof(*index)) == 0)
			return &st->count[i];
	return NULL;
}

void
eh_state_counts_supersede(struct eh_state *st, const uint8_t to[EH_ID_LEN],
    const uint8_t from[EH_ID_LEN])
{
	for (unsigned i = 0; i < EH_STATE_COUNTS; i++)
		if (st->count[i].used && st->count[i].has_authorization &&
		    memcmp(st->count[i].authorization, from, EH_ID_LEN) == 0)
			memcpy(st->count[i].authorization, to, EH_ID_LEN);
}
