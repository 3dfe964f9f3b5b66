/* SPDX-License-Identifier: Apache-2.0 */
/* receipt.c - receipt: the EdgeHSM's statement of log head, counters, time. */
#include "config.h"

#include <string.h>

#include "common/message/items.h"
#include "common/message/receipt.h"

#define ITEMS_MAX 8192

static void
decode_rows(struct eh_cbor *c, struct eh_receipt *r)
{
	size_t n = eh_cbor_array(c, 0, EH_RECEIPT_ROWS_MAX);

	for (size_t i = 0; i < n; i++) {
		struct eh_receipt_row *row = &r->rows[i];

		eh_cbor_array(c, 4, 4);
		eh_cbor_fixed(c, row->authorization, EH_ID_LEN);
		row->seq = eh_item_u53(c);
		eh_item_counters(c, &row->counters);
		row->burns = eh_item_u16(c);
		eh_cbor_leave(c);
		if (i > 0 && memcmp(row[-1].authorization, row->authorization,
		    EH_ID_LEN) >= 0)
			eh_cbor_fail(c, EH_ERR_FORMAT);
	}
	r->nrows = (uint8_t)n;
	eh_cbor_leave(c);
}

static void
decode_issuers(struct eh_cbor *c, struct eh_receipt *r)
{
	size_t n;

	eh_cbor_array(c, 3, 3);
	r->in_force.epoch = eh_item_u32(c);
	r->in_force.rseq = eh_item_u53(c);
	n = eh_cbor_array(c, 0, EH_RECEIPT_ISSUERS_MAX);
	for (size_t i = 0; i < n; i++) {
		eh_cbor_array(c, 3, 3);
		eh_cbor_fixed(c, r->issuers[i].kid, EH_KID_LEN);
		r->issuers[i].pauth_seq = eh_item_u53(c);
		r->issuers[i].dauth_seq = eh_item_u53(c);
		eh_cbor_leave(c);
	}
	r->nissuers = (uint8_t)n;
	eh_cbor_leave(c);
	eh_cbor_leave(c);
}

static void
decode_time(struct eh_cbor *c, struct eh_receipt *r)
{
	eh_cbor_array(c, 4, 4);
	r->t_lo = eh_item_time(c);
	r->t_hi = eh_item_time(c);
	r->quality = (enum eh_quality)eh_cbor_uint(c, 0, EH_QUALITY_FRESH);
	r->tseq = eh_item_u53(c);
	eh_cbor_leave(c);
	if (r->t_lo > r->t_hi)
		eh_cbor_fail(c, EH_ERR_FORMAT);
}

static void
decode_anchor(struct eh_cbor *c, struct eh_receipt *r)
{
	eh_cbor_array(c, 6, 6);
	r->boots = eh_item_u53(c);
	r->commit = eh_item_u53(c);
	r->anchor_class = (enum eh_anchor_class)eh_cbor_uint(
	    c, 0, EH_CLASS_CERTIFIED);
	eh_cbor_fixed(c, r->anchor, EH_DIGEST_LEN);
	r->anchor_mode = (enum eh_anchor_mode)eh_cbor_uint(
	    c, 0, EH_ANCHOR_TPM_OWNER);
	r->custody = (enum eh_custody)eh_cbor_uint(c, 0, EH_CUSTODY_SEPARATE);
	eh_cbor_leave(c);
}

static void
decode_burned(struct eh_cbor *c, struct eh_receipt *r)
{
	size_t n = eh_cbor_array(c, 1, EH_BURNED_RANGES_MAX);

	for (size_t i = 0; i < n; i++) {
		struct eh_burned_range *range = &r->burned[i];

		eh_cbor_array(c, 3, 3);
		range->first = eh_item_u53(c);
		range->span = eh_item_u53(c);
		range->burned = eh_item_u53(c);
		eh_cbor_leave(c);
		if (range->burned > range->span)
			eh_cbor_fail(c, EH_ERR_FORMAT);
	}
	r->nburned = (uint8_t)n;
	eh_cbor_leave(c);
}

int
eh_receipt_decode(const void *payload, size_t len, struct eh_receipt *r,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(r, 0, sizeof(*r));
	eh_cbor_init(&c, payload, len, ITEMS_MAX);
	eh_cbor_map(&c, 11, 13);
	eh_cbor_key(&c, 2);
	eh_cbor_fixed(&c, r->hsm_id, EH_HSM_ID_LEN);
	eh_item_version(&c);
	eh_cbor_key(&c, -70601);
	r->tree_size = eh_item_u53(&c);
	eh_cbor_key(&c, -70602);
	eh_cbor_fixed(&c, r->tree_root, EH_DIGEST_LEN);
	eh_cbor_key(&c, -70603);
	eh_cbor_fixed(&c, r->last_leaf, EH_DIGEST_LEN);
	eh_cbor_key(&c, -70604);
	decode_rows(&c, r);
	eh_cbor_key(&c, -70605);
	decode_issuers(&c, r);
	eh_cbor_key(&c, -70606);
	decode_time(&c, r);
	eh_cbor_key(&c, -70607);
	decode_anchor(&c, r);
	eh_cbor_key(&c, -70608);
	eh_item_software(&c, &r->software);
	if (eh_cbor_if_key(&c, -70609))
		eh_item_nonce(&c, &r->nonce);
	if (eh_cbor_if_key(&c, -70610))
		decode_burned(&c, r);
	eh_cbor_key(&c, -70611);
	eh_cbor_fixed(&c, r->root, EH_DIGEST_LEN);
	eh_cbor_leave(&c);
	if ((err = eh_item_end(&c, len, "receipt", error)) != EH_OK)
		memset(r, 0, sizeof(*r));
	return err;
}

static void
encode_rows(const struct eh_receipt *r, struct eh_writer *w)
{
	eh_cbor_put_int(w, -70604);
	eh_cbor_put_array(w, r->nrows);
	for (size_t i = 0; i < r->nrows; i++) {
		eh_cbor_put_array(w, 4);
		eh_cbor_put_bytes(w, r->rows[i].authorization, EH_ID_LEN);
		eh_cbor_put_uint(w, r->rows[i].seq);
		eh_item_put_counters(w, &r->rows[i].counters);
		eh_cbor_put_uint(w, r->rows[i].burns);
	}
}

static void
encode_issuers(const struct eh_receipt *r, struct eh_writer *w)
{
	eh_cbor_put_int(w, -70605);
	eh_cbor_put_array(w, 3);
	eh_cbor_put_uint(w, r->in_force.epoch);
	eh_cbor_put_uint(w, r->in_force.rseq);
	eh_cbor_put_array(w, r->nissuers);
	for (size_t i = 0; i < r->nissuers; i++) {
		eh_cbor_put_array(w, 3);
		eh_cbor_put_bytes(w, r->issuers[i].kid, EH_KID_LEN);
		eh_cbor_put_uint(w, r->issuers[i].pauth_seq);
		eh_cbor_put_uint(w, r->issuers[i].dauth_seq);
	}
}

static void
encode_time(const struct eh_receipt *r, struct eh_writer *w)
{
	eh_cbor_put_int(w, -70606);
	eh_cbor_put_array(w, 4);
	eh_cbor_put_uint(w, r->t_lo);
	eh_cbor_put_uint(w, r->t_hi);
	eh_cbor_put_uint(w, r->quality);
	eh_cbor_put_uint(w, r->tseq);
}

static void
encode_anchor(const struct eh_receipt *r, struct eh_writer *w)
{
	eh_cbor_put_int(w, -70607);
	eh_cbor_put_array(w, 6);
	eh_cbor_put_uint(w, r->boots);
	eh_cbor_put_uint(w, r->commit);
	eh_cbor_put_uint(w, r->anchor_class);
	eh_cbor_put_bytes(w, r->anchor, EH_DIGEST_LEN);
	eh_cbor_put_uint(w, r->anchor_mode);
	eh_cbor_put_uint(w, r->custody);
}

static void
encode_burned(const struct eh_receipt *r, struct eh_writer *w)
{
	if (r->nburned == 0)
		return;
	eh_cbor_put_int(w, -70610);
	eh_cbor_put_array(w, r->nburned);
	for (size_t i = 0; i < r->nburned; i++) {
		eh_cbor_put_array(w, 3);
		eh_cbor_put_uint(w, r->burned[i].first);
		eh_cbor_put_uint(w, r->burned[i].span);
		eh_cbor_put_uint(w, r->burned[i].burned);
	}
}

void
eh_receipt_encode(const struct eh_receipt *r, struct eh_writer *w)
{
	eh_cbor_put_map(w, 11u + (r->nonce.len > 0) + (r->nburned > 0));
	eh_item_put_pair_bytes(w, 2, r->hsm_id, EH_HSM_ID_LEN);
	eh_item_put_version(w);
	eh_item_put_pair(w, -70601, r->tree_size);
	eh_item_put_pair_bytes(w, -70602, r->tree_root, EH_DIGEST_LEN);
	eh_item_put_pair_bytes(w, -70603, r->last_leaf, EH_DIGEST_LEN);
	encode_rows(r, w);
	encode_issuers(r, w);
	encode_time(r, w);
	encode_anchor(r, w);
	eh_cbor_put_int(w, -70608);
	eh_item_put_software(w, &r->software);
	if (r->nonce.len > 0)
		eh_item_put_pair_bytes(w, -70609, r->nonce.bytes, r->nonce.len);
	encode_burned(r, w);
	eh_item_put_pair_bytes(w, -70611, r->root, EH_DIGEST_LEN);
}
