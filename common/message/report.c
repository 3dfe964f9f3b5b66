/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - unit report: what the host says became of a unit. */
#include "config.h"

#include <string.h>

#include "common/message/items.h"
#include "common/message/report.h"

static void
decode_places(struct eh_cbor *c, struct eh_unit_report *r)
{
	size_t n = eh_cbor_array(c, 1, EH_REPORT_PLACES_MAX);

	for (size_t i = 0; i < n; i++) {
		struct eh_report_place *place = &r->places[i];

		eh_cbor_array(c, 2, 2);
		eh_item_name(c, place->name);
		eh_cbor_fixed(c, place->digest, EH_DIGEST_LEN);
		eh_cbor_leave(c);
		if (i > 0 && strcmp(place[-1].name, place->name) >= 0)
			eh_cbor_fail(c, EH_ERR_FORMAT);
	}
	r->nplaces = (uint8_t)n;
	eh_cbor_leave(c);
}

void
eh_unit_report_get(struct eh_cbor *c, struct eh_unit_report *r)
{
	eh_cbor_map(c, 1, 8);
	eh_cbor_key(c, 1);
	r->outcome = (enum eh_outcome)eh_cbor_uint(
	    c, EH_OUTCOME_GOOD, EH_OUTCOME_SCRAPPED);
	if (eh_cbor_if_key(c, 2))
		decode_places(c, r);
	if (eh_cbor_if_key(c, 3)) {
		r->has_lock = 1;
		r->lock = (enum eh_lock_state)eh_cbor_uint(
		    c, 0, EH_LOCK_DECOMMISSIONED);
	}
	if (eh_cbor_if_key(c, 4))
		r->chip_receipt_len = eh_item_octets(
		    c, 1, EH_CHIP_RECEIPT_MAX, r->chip_receipt);
	if (eh_cbor_if_key(c, 5))
		eh_item_name(c, r->station);
	if (eh_cbor_if_key(c, 6))
		eh_item_text(c, r->person);
	if (eh_cbor_if_key(c, 7))
		eh_item_text(c, r->label);
	if (eh_cbor_if_key(c, 8))
		eh_item_text(c, r->reason);
	eh_cbor_leave(c);
}

int
eh_unit_report_decode(const void *bytes, size_t len, struct eh_unit_report *r,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(r, 0, sizeof(*r));
	eh_cbor_init(&c, bytes, len, EH_ITEMS_MAX);
	eh_unit_report_get(&c, r);
	if ((err = eh_item_end(&c, len, "unit report", error)) != EH_OK)
		memset(r, 0, sizeof(*r));
	return err;
}

static void
encode_places(const struct eh_unit_report *r, struct eh_writer *w)
{
	if (r->nplaces == 0)
		return;
	eh_cbor_put_uint(w, 2);
	eh_cbor_put_array(w, r->nplaces);
	for (size_t i = 0; i < r->nplaces; i++) {
		eh_cbor_put_array(w, 2);
		eh_cbor_put_text(w, r->places[i].name);
		eh_cbor_put_bytes(w, r->places[i].digest, EH_DIGEST_LEN);
	}
}

void
eh_unit_report_encode(const struct eh_unit_report *r, struct eh_writer *w)
{
	eh_cbor_put_map(w, 1u + (r->nplaces > 0) + (r->has_lock != 0) +
	    (r->chip_receipt_len > 0) + (r->station[0] != '\0') +
	    (r->person[0] != '\0') + (r->label[0] != '\0') +
	    (r->reason[0] != '\0'));
	eh_item_put_pair(w, 1, r->outcome);
	encode_places(r, w);
	if (r->has_lock)
		eh_item_put_pair(w, 3, r->lock);
	if (r->chip_receipt_len > 0)
		eh_item_put_pair_bytes(
		    w, 4, r->chip_receipt, r->chip_receipt_len);
	if (r->station[0] != '\0')
		eh_item_put_pair_text(w, 5, r->station);
	if (r->person[0] != '\0')
		eh_item_put_pair_text(w, 6, r->person);
	if (r->label[0] != '\0')
		eh_item_put_pair_text(w, 7, r->label);
	if (r->reason[0] != '\0')
		eh_item_put_pair_text(w, 8, r->reason);
}
