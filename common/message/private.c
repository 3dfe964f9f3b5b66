/* SPDX-License-Identifier: Apache-2.0 */
/* private.c - journal-private: what an entry of the journal keeps to itself. */
#include "config.h"

#include <string.h>

#include "common/message/items.h"
#include "common/message/private.h"

int
eh_private_decode(const void *bytes, size_t len, struct eh_private *p,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(p, 0, sizeof(*p));
	eh_cbor_init(&c, bytes, len, EH_ITEMS_MAX);
	eh_cbor_map(&c, 0, 5);
	if (eh_cbor_if_key(&c, 1))
		p->reply = eh_cbor_bytes(
		    &c, 1, EH_PRIVATE_REPLY_MAX, &p->reply_len);
	if (eh_cbor_if_key(&c, 2)) {
		p->has_token = 1;
		eh_cbor_fixed(&c, p->token, EH_ID_LEN);
	}
	if (eh_cbor_if_key(&c, 3)) {
		p->has_request = 1;
		eh_cbor_fixed(&c, p->request, EH_DIGEST_LEN);
	}
	if (eh_cbor_if_key(&c, 4))
		p->message = eh_cbor_bytes(
		    &c, 1, EH_PRIVATE_MESSAGE_MAX, &p->message_len);
	if (eh_cbor_if_key(&c, 5))
		p->chip_len = (uint8_t)eh_item_octets(
		    &c, 1, EH_PRIVATE_CHIP_MAX, p->chip);
	eh_cbor_leave(&c);
	err = eh_item_end(&c, len, "private part of a journal entry", error);
	if (err != EH_OK)
		memset(p, 0, sizeof(*p));
	return err;
}

void
eh_private_encode(const struct eh_private *p, struct eh_writer *w)
{
	eh_cbor_put_map(w, 0u + (p->reply_len > 0) + (p->has_token != 0) +
	    (p->has_request != 0) + (p->message_len > 0) +
	    (p->chip_len > 0));
	if (p->reply_len > 0)
		eh_item_put_pair_bytes(w, 1, p->reply, p->reply_len);
	if (p->has_token)
		eh_item_put_pair_bytes(w, 2, p->token, EH_ID_LEN);
	if (p->has_request)
		eh_item_put_pair_bytes(w, 3, p->request, EH_DIGEST_LEN);
	if (p->message_len > 0)
		eh_item_put_pair_bytes(w, 4, p->message, p->message_len);
	if (p->chip_len > 0)
		eh_item_put_pair_bytes(w, 5, p->chip, p->chip_len);
}
