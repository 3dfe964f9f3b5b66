/* SPDX-License-Identifier: Apache-2.0 */
/* revoke.c - revocation update: what no longer counts. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/message/items.h"
#include "common/message/revoke.h"

#define ITEMS 1024

/* A list of up to ${max} byte strings of ${each} bytes that rise. */
static size_t
decode_list(struct eh_cbor *c, size_t max, size_t each, uint8_t *out)
{
	size_t n = eh_cbor_array(c, 0, max);

	for (size_t i = 0; i < n; i++) {
		uint8_t *at = out + i * each;

		eh_cbor_fixed(c, at, each);
		if (i > 0 && memcmp(at - each, at, each) >= 0)
			eh_cbor_fail(c, EH_ERR_FORMAT);
	}
	eh_cbor_leave(c);
	return n;
}

int
eh_revoke_decode(const void *payload, size_t len, struct eh_revoke *r,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(r, 0, sizeof(*r));
	eh_cbor_init(&c, payload, len, ITEMS);
	eh_cbor_map(&c, 8, 8);
	eh_cbor_key(&c, 1);
	eh_item_name(&c, r->from.iss);
	eh_cbor_key(&c, 2);
	eh_cbor_fixed(&c, r->from.sub, EH_HSM_ID_LEN);
	eh_cbor_key(&c, 6);
	r->from.iat = eh_item_time(&c);
	eh_item_version(&c);
	eh_cbor_key(&c, -70301);
	r->rseq = eh_item_u53(&c);
	eh_cbor_key(&c, -70302);
	r->epoch = eh_item_u32(&c);
	eh_cbor_key(&c, -70303);
	r->nids = (uint16_t)decode_list(
	    &c, EH_REVOKE_IDS_MAX, EH_ID_LEN, r->ids[0]);
	eh_cbor_key(&c, -70304);
	r->nkids = (uint8_t)decode_list(
	    &c, EH_REVOKE_KIDS_MAX, EH_KID_LEN, r->kids[0]);
	eh_cbor_leave(&c);
	if ((err = eh_item_end(&c, len, "revocation update", error)) != EH_OK)
		memset(r, 0, sizeof(*r));
	return err;
}

void
eh_revoke_encode(const struct eh_revoke *r, struct eh_writer *w)
{
	eh_cbor_put_map(w, 8);
	eh_item_put_pair_text(w, 1, r->from.iss);
	eh_item_put_pair_bytes(w, 2, r->from.sub, EH_HSM_ID_LEN);
	eh_item_put_pair(w, 6, r->from.iat);
	eh_item_put_version(w);
	eh_item_put_pair(w, -70301, r->rseq);
	eh_item_put_pair(w, -70302, r->epoch);
	eh_cbor_put_int(w, -70303);
	eh_cbor_put_array(w, r->nids);
	for (size_t i = 0; i < r->nids; i++)
		eh_cbor_put_bytes(w, r->ids[i], EH_ID_LEN);
	eh_cbor_put_int(w, -70304);
	eh_cbor_put_array(w, r->nkids);
	for (size_t i = 0; i < r->nkids; i++)
		eh_cbor_put_bytes(w, r->kids[i], EH_KID_LEN);
}

static int
compare_id(const void *a, const void *b)
{
	return memcmp(a, b, EH_ID_LEN);
}

int
eh_revoke_has_id(const struct eh_revoke *r, const uint8_t id[EH_ID_LEN])
{
	return bsearch(id, r->ids, r->nids, EH_ID_LEN, compare_id) != NULL;
}

static int
compare_kid(const void *a, const void *b)
{
	return memcmp(a, b, EH_KID_LEN);
}

int
eh_revoke_has_kid(const struct eh_revoke *r, const uint8_t kid[EH_KID_LEN])
{
	return bsearch(kid, r->kids, r->nkids, EH_KID_LEN, compare_kid) != NULL;
}
