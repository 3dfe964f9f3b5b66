/* SPDX-License-Identifier: Apache-2.0 */
/* authorize_sign.c - production authorizations: signed, and read again. */
#include "config.h"

#include <string.h>

#include "common/crypto/random.h"
#include "orchestrator/authority/authorize.h"
#include "orchestrator/authority/store_life.h"

int
eh_authorize_sign(struct eh_authority *a, struct eh_pauth *p,
    struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_pauth *signed_, struct eh_error *error)
{
	const struct eh_store_self *self = eh_authority_self(a);
	uint8_t kid[EH_KID_LEN], payload[EH_MESSAGE_MAX_INBOUND];
	struct eh_store *store = eh_authority_store(a);
	struct eh_in_force in_force;
	struct eh_writer w;
	size_t len;
	int err;

	memcpy(p->from.iss, self->name, sizeof(p->from.iss));
	if ((err = eh_random(p->id, EH_ID_LEN)) != EH_OK)
		return eh_error_set(error, err, "no random numbers");
	eh_keyid_kid(&self->key[EH_STORE_MESSAGE_KEY].public, kid);
	if ((err = eh_store_get_in_force(
	         store, p->from.sub, &in_force, error)) != EH_OK ||
	    (err = eh_store_take_seq(store, kid, EH_MESSAGE_PAUTH,
	         p->from.sub, &p->seq, error)) != EH_OK)
		return err;
	p->epoch = in_force.epoch;
	eh_writer_init(&w, payload, sizeof(payload));
	eh_pauth_encode(p, &w);
	if ((err = eh_writer_end(&w, &len)) != EH_OK)
		return eh_error_set(error, err,
		    "the authorization would be too long: %s",
		    eh_err_text(err));
	if ((err = eh_pauth_decode(payload, len, signed_, error)) != EH_OK)
		return err;
	return eh_authority_sign(a, EH_MESSAGE_PAUTH, p->from.sub, p->seq,
	    p->from.iat, payload, len, out, digest, error);
}

int
eh_authorize_get(struct eh_authority *a,
    const struct eh_store_authorization *row, struct eh_pauth *p,
    struct eh_error *error)
{
	struct eh_envelope e;
	struct eh_buf bytes;
	int err;

	eh_buf_init(&bytes, EH_MESSAGE_MAX_INBOUND);
	err = eh_store_get_message(
	    eh_authority_store(a), row->message, &bytes, error);
	if (err == EH_OK)
		err = eh_envelope_decode(bytes.data, bytes.len, &e, error);
	if (err == EH_OK)
		err = eh_pauth_decode(
		    e.sign1.payload, e.sign1.payload_len, p, error);
	eh_buf_free(&bytes);
	return err;
}
