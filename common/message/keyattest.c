/* SPDX-License-Identifier: Apache-2.0 */
/* keyattest.c - key attestation: an EdgeHSM states what one of its keys is. */
#include "config.h"

#include <string.h>

#include "common/message/items.h"
#include "common/message/keyattest.h"

static const char what[] = "key attestation";

static void
decode_schema(struct eh_cbor *c, struct eh_keyattest *k)
{
	eh_cbor_map(c, 9, 13);
	eh_cbor_key(c, 2);
	eh_cbor_fixed(c, k->hsm_id, EH_HSM_ID_LEN);
	eh_item_version(c);
	eh_cbor_key(c, -71001);
	eh_item_spki(c, &k->key);
	eh_cbor_key(c, -71002);
	k->purpose = (enum eh_purpose)eh_cbor_uint(c, 0, EH_PURPOSE_TRANSPORT);
	eh_cbor_key(c, -71003);
	k->origin = (enum eh_origin)eh_cbor_uint(
	    c, EH_ORIGIN_BOUNDARY, EH_ORIGIN_IMPORTED);
	eh_cbor_key(c, -71004);
	k->non_extractable = (uint8_t)eh_cbor_bool(c);
	eh_cbor_key(c, -71005);
	k->anchor_class = (enum eh_anchor_class)eh_cbor_uint(
	    c, 0, EH_CLASS_CERTIFIED);
	if (eh_cbor_if_key(c, -71006))
		eh_item_name(c, k->label);
	if (eh_cbor_if_key(c, -71007)) {
		k->has_seq = 1;
		k->seq = eh_item_u53(c);
	}
	if (eh_cbor_if_key(c, -71008))
		eh_item_nonce(c, &k->nonce);
	eh_cbor_key(c, -71009);
	eh_cbor_fixed(c, k->root, EH_DIGEST_LEN);
	eh_cbor_key(c, -71010);
	k->custody = (enum eh_custody)eh_cbor_uint(c, 0, EH_CUSTODY_SEPARATE);
	if (k->custody == EH_CUSTODY_COUNTED) {
		eh_cbor_key(c, -71011);
		eh_cbor_fixed(c, k->count_ref, EH_COUNT_REF);
	}
	eh_cbor_leave(c);
}

int
eh_keyattest_decode(const void *payload, size_t len, struct eh_keyattest *k,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(k, 0, sizeof(*k));
	eh_cbor_init(&c, payload, len, EH_ITEMS_MAX);
	decode_schema(&c, k);
	err = eh_item_end(&c, len, what, error);
	if (err == EH_OK && k->origin == EH_ORIGIN_IMPORTED &&
	    k->non_extractable)
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "%s: an imported key is said to be non-extractable", what);
	if (err != EH_OK)
		memset(k, 0, sizeof(*k));
	return err;
}

void
eh_keyattest_encode(const struct eh_keyattest *k, struct eh_writer *w)
{
	eh_cbor_put_map(w, 9u + (k->label[0] != '\0') + (k->has_seq != 0) +
	    (k->nonce.len > 0) + (k->custody == EH_CUSTODY_COUNTED));
	eh_item_put_pair_bytes(w, 2, k->hsm_id, EH_HSM_ID_LEN);
	eh_item_put_version(w);
	eh_cbor_put_int(w, -71001);
	eh_item_put_spki(w, &k->key);
	eh_item_put_pair(w, -71002, k->purpose);
	eh_item_put_pair(w, -71003, k->origin);
	eh_cbor_put_int(w, -71004);
	eh_cbor_put_bool(w, k->non_extractable);
	eh_item_put_pair(w, -71005, k->anchor_class);
	if (k->label[0] != '\0')
		eh_item_put_pair_text(w, -71006, k->label);
	if (k->has_seq)
		eh_item_put_pair(w, -71007, k->seq);
	if (k->nonce.len > 0)
		eh_item_put_pair_bytes(w, -71008, k->nonce.bytes, k->nonce.len);
	eh_item_put_pair_bytes(w, -71009, k->root, EH_DIGEST_LEN);
	eh_item_put_pair(w, -71010, k->custody);
	if (k->custody == EH_CUSTODY_COUNTED)
		eh_item_put_pair_bytes(
		    w, -71011, k->count_ref, EH_COUNT_REF);
}
