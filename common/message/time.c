/* SPDX-License-Identifier: Apache-2.0 */
/* time.c - time attestation: the authority says what time it is. */
#include "config.h"

#include <string.h>

#include "common/message/items.h"
#include "common/message/time.h"

#define UNCERTAINTY_MAX 3600

int
eh_time_attestation_decode(const void *payload, size_t len,
    struct eh_time_attestation *t, struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(t, 0, sizeof(*t));
	eh_cbor_init(&c, payload, len, EH_ITEMS_MAX);
	eh_cbor_map(&c, 7, 8);
	eh_cbor_key(&c, 1);
	eh_item_name(&c, t->from.iss);
	eh_cbor_key(&c, 2);
	eh_cbor_fixed(&c, t->from.sub, EH_HSM_ID_LEN);
	eh_cbor_key(&c, 6);
	t->from.iat = eh_item_time(&c);
	eh_item_version(&c);
	if (eh_cbor_if_key(&c, -70501)) {
		t->has_nonce = 1;
		eh_cbor_fixed(&c, t->nonce, EH_ID_LEN);
	}
	eh_cbor_key(&c, -70502);
	t->tseq = eh_item_u53(&c);
	eh_cbor_key(&c, -70503);
	t->uncertainty = (uint32_t)eh_cbor_uint(&c, 0, UNCERTAINTY_MAX);
	eh_cbor_key(&c, -70504);
	eh_item_in_force(&c, &t->in_force);
	eh_cbor_leave(&c);
	if ((err = eh_item_end(&c, len, "time attestation", error)) != EH_OK)
		memset(t, 0, sizeof(*t));
	return err;
}

void
eh_time_attestation_encode(
    const struct eh_time_attestation *t, struct eh_writer *w)
{
	eh_cbor_put_map(w, t->has_nonce ? 8 : 7);
	eh_item_put_pair_text(w, 1, t->from.iss);
	eh_item_put_pair_bytes(w, 2, t->from.sub, EH_HSM_ID_LEN);
	eh_item_put_pair(w, 6, t->from.iat);
	eh_item_put_version(w);
	if (t->has_nonce)
		eh_item_put_pair_bytes(w, -70501, t->nonce, EH_ID_LEN);
	eh_item_put_pair(w, -70502, t->tseq);
	eh_item_put_pair(w, -70503, t->uncertainty);
	eh_cbor_put_int(w, -70504);
	eh_item_put_in_force(w, &t->in_force);
}
