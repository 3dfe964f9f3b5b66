/* SPDX-License-Identifier: Apache-2.0 */
/* state_keys.c - parts of the state blob: own keys, PINs. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "quota-engine/state_parts.h"

static void
put_key(struct eh_writer *w, const struct eh_state_key *key)
{
	eh_cbor_put_array(w, 10);
	eh_cbor_put_uint(w, key->object);
	eh_cbor_put_bytes(w, key->digest, EH_DIGEST_LEN);
	eh_state_put_rawkey(w, &key->key);
	eh_cbor_put_uint(w, key->purpose);
	eh_cbor_put_uint(w, key->origin);
	eh_cbor_put_uint(w, key->custody);
	eh_cbor_put_int(w, key->alg);
	eh_state_put_label(w, key->label);
	eh_cbor_put_bytes(w, key->id, key->id_len);
	eh_cbor_put_bytes(w, key->backend, key->backend_len);
}

static void
get_key(struct eh_cbor *c, struct eh_state_key *key)
{
	const uint8_t *p;
	size_t len;

	eh_cbor_array(c, 10, 10);
	key->object = eh_cbor_uint(c, 1, EH_U53_MAX);
	eh_cbor_fixed(c, key->digest, EH_DIGEST_LEN);
	eh_state_get_rawkey(c, &key->key);
	key->purpose = eh_state_get_small(c, EH_PURPOSE_TRANSPORT);
	key->origin = (uint8_t)eh_cbor_uint(
	    c, EH_ORIGIN_BOUNDARY, EH_ORIGIN_IMPORTED);
	key->custody = eh_state_get_small(c, EH_CUSTODY_SEPARATE);
	key->alg = (int32_t)eh_cbor_int(c, -65535, 65535);
	eh_state_get_label(c, key->label);
	p = eh_cbor_bytes(c, 0, EH_STATE_LABEL, &len);
	memcpy(key->id, p, len);
	key->id_len = (uint8_t)len;
	p = eh_cbor_bytes(c, 0, EH_STATE_LABEL, &len);
	memcpy(key->backend, p, len);
	key->backend_len = (uint8_t)len;
	eh_cbor_leave(c);
}

void
eh_state_put_keys(struct eh_writer *w, const struct eh_state *st)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < EH_STATE_KEYS; i++)
		n += st->key[i].object != 0;
	eh_cbor_put_array(w, n);
	for (unsigned i = 0; i < EH_STATE_KEYS; i++)
		if (st->key[i].object != 0)
			put_key(w, &st->key[i]);
}

void
eh_state_get_keys(struct eh_cbor *c, struct eh_state *st)
{
	size_t n = eh_cbor_array(c, 0, EH_STATE_KEYS);

	for (size_t i = 0; i < n; i++)
		get_key(c, &st->key[i]);
	eh_cbor_leave(c);
}

void
eh_state_put_pins(struct eh_writer *w, const struct eh_state *st)
{
	eh_cbor_put_array(w, EH_STATE_PINS);
	for (unsigned i = 0; i < EH_STATE_PINS; i++) {
		const struct eh_state_pin *pin = &st->pin[i];

		eh_cbor_put_array(w, 4);
		eh_cbor_put_bool(w, pin->set);
		eh_cbor_put_uint(w, pin->generation);
		eh_cbor_put_bytes(w, pin->salt, EH_STATE_SALT);
		eh_cbor_put_bytes(w, pin->hash, EH_STATE_HASH);
	}
}

void
eh_state_get_pins(struct eh_cbor *c, struct eh_state *st)
{
	eh_cbor_array(c, EH_STATE_PINS, EH_STATE_PINS);
	for (unsigned i = 0; i < EH_STATE_PINS; i++) {
		struct eh_state_pin *pin = &st->pin[i];

		eh_cbor_array(c, 4, 4);
		pin->set = (uint8_t)eh_cbor_bool(c);
		pin->generation = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
		eh_cbor_fixed(c, pin->salt, EH_STATE_SALT);
		eh_cbor_fixed(c, pin->hash, EH_STATE_HASH);
		eh_cbor_leave(c);
	}
	eh_cbor_leave(c);
}
