/* SPDX-License-Identifier: Apache-2.0 */
/* count.c - count: the authority's policies for a count in a TPM. */
#include "config.h"

#include <string.h>

#include "common/message/count.h"
#include "common/message/items.h"

/* Behind the authorization. */
static void
decode_keys(struct eh_cbor *c, struct eh_count_for *use)
{
	size_t n;

	eh_cbor_key(c, -71301);
	n = eh_cbor_array(
	    c, 1, use->has_authorization ? EH_COUNT_KEYS_MAX : 1);
	for (size_t i = 0; i < n; i++) {
		eh_cbor_fixed(c, use->keys[i], EH_DIGEST_LEN);
		if (!eh_countreq_rises(use, i))
			eh_cbor_fail(c, EH_ERR_FORMAT);
	}
	use->nkeys = (uint8_t)n;
	eh_cbor_leave(c);
}

static void
decode_policies(struct eh_cbor *c, struct eh_count *n)
{
	if (eh_cbor_if_key(c, -71305)) {
		eh_cbor_fixed(c, n->write, EH_SIGNATURE_LEN);
		return;
	}
	n->is_approval = 1;
	eh_cbor_key(c, -71306);
	eh_cbor_array(c, n->use.nkeys, n->use.nkeys);
	for (size_t i = 0; i < n->use.nkeys; i++)
		eh_cbor_fixed(c, n->approvals[i], EH_SIGNATURE_LEN);
	eh_cbor_leave(c);
}

int
eh_count_decode(const void *payload, size_t len, struct eh_count *n,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(n, 0, sizeof(*n));
	eh_cbor_init(&c, payload, len, EH_ITEMS_MAX);
	eh_cbor_map(&c, 9, 10);
	eh_cbor_key(&c, 1);
	eh_item_name(&c, n->from.iss);
	eh_cbor_key(&c, 2);
	eh_cbor_fixed(&c, n->from.sub, EH_HSM_ID_LEN);
	eh_cbor_key(&c, 6);
	n->from.iat = eh_item_time(&c);
	eh_countreq_get_use(&c, &n->use);
	eh_item_version(&c);
	eh_cbor_key(&c, -70002);
	n->seq = eh_item_u53(&c);
	decode_keys(&c, &n->use);
	eh_countreq_get_index(&c, &n->index);
	eh_cbor_key(&c, -71304);
	n->limit = (uint32_t)eh_cbor_uint(&c, 1, EH_COUNT_LIMIT_MAX);
	decode_policies(&c, n);
	eh_cbor_leave(&c);
	if ((err = eh_item_end(&c, len, "count", error)) != EH_OK)
		memset(n, 0, sizeof(*n));
	return err;
}

void
eh_count_encode(const struct eh_count *n, struct eh_writer *w)
{
	eh_cbor_put_map(w, 9u + (n->use.has_authorization != 0));
	eh_item_put_pair_text(w, 1, n->from.iss);
	eh_item_put_pair_bytes(w, 2, n->from.sub, EH_HSM_ID_LEN);
	eh_item_put_pair(w, 6, n->from.iat);
	eh_countreq_put_use(w, &n->use);
	eh_item_put_version(w);
	eh_item_put_pair(w, -70002, n->seq);
	eh_cbor_put_int(w, -71301);
	eh_cbor_put_array(w, n->use.nkeys);
	for (size_t i = 0; i < n->use.nkeys; i++)
		eh_cbor_put_bytes(w, n->use.keys[i], EH_DIGEST_LEN);
	eh_countreq_put_index(w, &n->index);
	eh_item_put_pair(w, -71304, n->limit);
	if (!n->is_approval) {
		eh_item_put_pair_bytes(w, -71305, n->write, EH_SIGNATURE_LEN);
		return;
	}
	eh_cbor_put_int(w, -71306);
	eh_cbor_put_array(w, n->use.nkeys);
	for (size_t i = 0; i < n->use.nkeys; i++)
		eh_cbor_put_bytes(w, n->approvals[i], EH_SIGNATURE_LEN);
}
