/* SPDX-License-Identifier: Apache-2.0 */
/* countreq.c - count request: an EdgeHSM asks that its TPM may count. */
#include "config.h"

#include <string.h>

#include "common/message/countreq.h"
#include "common/message/items.h"

void
eh_countreq_get_use(struct eh_cbor *c, struct eh_count_for *use)
{
	if (!eh_cbor_if_key(c, 7))
		return;
	use->has_authorization = 1;
	eh_cbor_fixed(c, use->authorization, EH_ID_LEN);
}

int
eh_countreq_rises(const struct eh_count_for *use, size_t i)
{
	return i == 0 ||
	    memcmp(use->keys[i - 1], use->keys[i], EH_DIGEST_LEN) < 0;
}

static void
get_keys(struct eh_cbor *c, struct eh_countreq *r)
{
	size_t n;

	eh_cbor_key(c, -71301);
	n = eh_cbor_array(
	    c, 1, r->use.has_authorization ? EH_COUNT_KEYS_MAX : 1);
	for (size_t i = 0; i < n; i++) {
		eh_cbor_array(c, 2, 2);
		eh_cbor_fixed(c, r->use.keys[i], EH_DIGEST_LEN);
		eh_cbor_fixed(c, r->refs[i], EH_COUNT_REF);
		eh_cbor_leave(c);
		if (!eh_countreq_rises(&r->use, i))
			eh_cbor_fail(c, EH_ERR_FORMAT);
	}
	r->use.nkeys = (uint8_t)n;
	eh_cbor_leave(c);
}

void
eh_countreq_get_index(struct eh_cbor *c, struct eh_count_index *index)
{
	eh_cbor_key(c, -71302);
	eh_cbor_array(c, 2, 2);
	index->handle = (uint32_t)eh_cbor_uint(
	    c, EH_COUNT_HANDLE_FIRST, EH_COUNT_HANDLE_LAST);
	index->nonce_len = (uint8_t)eh_item_octets(
	    c, EH_COUNT_NONCE_MIN, EH_COUNT_NONCE_MAX, index->nonce);
	eh_cbor_leave(c);
}

int
eh_countreq_decode(const void *payload, size_t len, struct eh_countreq *r,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(r, 0, sizeof(*r));
	eh_cbor_init(&c, payload, len, EH_ITEMS_MAX);
	eh_cbor_map(&c, 5, 6);
	eh_cbor_key(&c, 2);
	eh_cbor_fixed(&c, r->hsm_id, EH_HSM_ID_LEN);
	eh_countreq_get_use(&c, &r->use);
	eh_item_version(&c);
	get_keys(&c, r);
	eh_countreq_get_index(&c, &r->index);
	eh_cbor_key(&c, -71303);
	r->is_written = (uint8_t)eh_cbor_bool(&c);
	eh_cbor_leave(&c);
	if ((err = eh_item_end(&c, len, "count request", error)) != EH_OK)
		memset(r, 0, sizeof(*r));
	return err;
}

void
eh_countreq_put_use(struct eh_writer *w, const struct eh_count_for *use)
{
	if (use->has_authorization)
		eh_item_put_pair_bytes(w, 7, use->authorization, EH_ID_LEN);
}

static void
put_keys(struct eh_writer *w, const struct eh_countreq *r)
{
	eh_cbor_put_int(w, -71301);
	eh_cbor_put_array(w, r->use.nkeys);
	for (size_t i = 0; i < r->use.nkeys; i++) {
		eh_cbor_put_array(w, 2);
		eh_cbor_put_bytes(w, r->use.keys[i], EH_DIGEST_LEN);
		eh_cbor_put_bytes(w, r->refs[i], EH_COUNT_REF);
	}
}

void
eh_countreq_put_index(struct eh_writer *w, const struct eh_count_index *index)
{
	eh_cbor_put_int(w, -71302);
	eh_cbor_put_array(w, 2);
	eh_cbor_put_uint(w, index->handle);
	eh_cbor_put_bytes(w, index->nonce, index->nonce_len);
}

void
eh_countreq_encode(const struct eh_countreq *r, struct eh_writer *w)
{
	eh_cbor_put_map(w, 5u + (r->use.has_authorization != 0));
	eh_item_put_pair_bytes(w, 2, r->hsm_id, EH_HSM_ID_LEN);
	eh_countreq_put_use(w, &r->use);
	eh_item_put_version(w);
	put_keys(w, r);
	eh_countreq_put_index(w, &r->index);
	eh_cbor_put_int(w, -71303);
	eh_cbor_put_bool(w, r->is_written);
}
