/* SPDX-License-Identifier: Apache-2.0 */
/* ack.c - record acknowledgement: the authority holds the log up to here. */
#include "config.h"

#include <string.h>

#include "common/message/ack.h"
#include "common/message/items.h"

static void
decode_receipts(struct eh_cbor *c, struct eh_ack *a)
{
	size_t n = eh_cbor_array(c, 1, EH_ACK_RECEIPTS_MAX);

	for (size_t i = 0; i < n; i++)
		a->receipts[i].len = eh_item_octets(
		    c, 1, EH_ACK_RECEIPT_LEN_MAX, a->receipts[i].bytes);
	a->nreceipts = (uint8_t)n;
	eh_cbor_leave(c);
}

/* An empty list would be a second way to say nothing. */
static void
decode_burned(struct eh_cbor *c, struct eh_ack *a)
{
	size_t n = eh_cbor_array(c, 1, EH_BURNED_RANGES_MAX);
	uint64_t end = 0;

	for (size_t i = 0; i < n; i++) {
		struct eh_burned_range *range = &a->burned[i];

		eh_cbor_array(c, 3, 3);
		range->first = eh_item_u53(c);
		range->span = eh_item_u53(c);
		range->burned = eh_item_u53(c);
		eh_cbor_leave(c);
		if (range->burned == 0 || range->burned > range->span ||
		    range->first < end || range->first > a->size ||
		    range->span > a->size - range->first)
			eh_cbor_fail(c, EH_ERR_FORMAT);
		end = range->first + range->span;
	}
	a->nburned = (uint8_t)n;
	eh_cbor_leave(c);
}

int
eh_ack_decode(const void *payload, size_t len, struct eh_ack *a,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(a, 0, sizeof(*a));
	eh_cbor_init(&c, payload, len, EH_ITEMS_MAX);
	eh_cbor_map(&c, 8, 10);
	eh_cbor_key(&c, 1);
	eh_item_name(&c, a->from.iss);
	eh_cbor_key(&c, 2);
	eh_cbor_fixed(&c, a->from.sub, EH_HSM_ID_LEN);
	eh_cbor_key(&c, 6);
	a->from.iat = eh_item_time(&c);
	eh_item_version(&c);
	eh_cbor_key(&c, -70701);
	a->size = eh_item_u53(&c);
	eh_cbor_key(&c, -70702);
	eh_cbor_fixed(&c, a->root, EH_DIGEST_LEN);
	eh_cbor_key(&c, -70703);
	a->seq = eh_item_u53(&c);
	if (eh_cbor_if_key(&c, -70704))
		decode_receipts(&c, a);
	if (eh_cbor_if_key(&c, -70705))
		decode_burned(&c, a);
	eh_cbor_key(&c, -70706);
	eh_item_in_force(&c, &a->in_force);
	eh_cbor_leave(&c);
	if ((err = eh_item_end(&c, len, "record acknowledgement", error)) !=
	    EH_OK)
		memset(a, 0, sizeof(*a));
	return err;
}

static void
encode_burned(const struct eh_ack *a, struct eh_writer *w)
{
	if (a->nburned == 0)
		return;
	eh_cbor_put_int(w, -70705);
	eh_cbor_put_array(w, a->nburned);
	for (size_t i = 0; i < a->nburned; i++) {
		eh_cbor_put_array(w, 3);
		eh_cbor_put_uint(w, a->burned[i].first);
		eh_cbor_put_uint(w, a->burned[i].span);
		eh_cbor_put_uint(w, a->burned[i].burned);
	}
}

void
eh_ack_encode(const struct eh_ack *a, struct eh_writer *w)
{
	eh_cbor_put_map(w, 8u + (a->nreceipts > 0) + (a->nburned > 0));
	eh_item_put_pair_text(w, 1, a->from.iss);
	eh_item_put_pair_bytes(w, 2, a->from.sub, EH_HSM_ID_LEN);
	eh_item_put_pair(w, 6, a->from.iat);
	eh_item_put_version(w);
	eh_item_put_pair(w, -70701, a->size);
	eh_item_put_pair_bytes(w, -70702, a->root, EH_DIGEST_LEN);
	eh_item_put_pair(w, -70703, a->seq);
	if (a->nreceipts > 0) {
		eh_cbor_put_int(w, -70704);
		eh_cbor_put_array(w, a->nreceipts);
		for (size_t i = 0; i < a->nreceipts; i++)
			eh_cbor_put_bytes(w, a->receipts[i].bytes,
			    a->receipts[i].len);
	}
	encode_burned(a, w);
	eh_cbor_put_int(w, -70706);
	eh_item_put_in_force(w, &a->in_force);
}
