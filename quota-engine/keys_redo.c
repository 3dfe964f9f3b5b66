/* SPDX-License-Identifier: Apache-2.0 */
/* keys_redo.c - what a key record changes in the state, now and at replay. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "quota-engine/keys.h"
#include "quota-engine/keys_redo.h"

void
eh_keys_redo_encode(const struct eh_state_key *row, struct eh_writer *w)
{
	eh_cbor_put_map(w, 6u + (row->count_key.len > 0));
	eh_cbor_put_uint(w, 0);
	eh_cbor_put_uint(w, row->object);
	eh_cbor_put_uint(w, 1);
	eh_cbor_put_bytes(w, row->key.bytes, row->key.len);
	eh_cbor_put_uint(w, 2);
	eh_cbor_put_uint(w, row->custody);
	eh_cbor_put_uint(w, 3);
	eh_cbor_put_text(w, row->label);
	eh_cbor_put_uint(w, 4);
	eh_cbor_put_bytes(w, row->id, row->id_len);
	eh_cbor_put_uint(w, 5);
	eh_cbor_put_bytes(w, row->backend, row->backend_len);
	if (row->count_key.len == 0)
		return;
	eh_cbor_put_uint(w, 6);
	eh_cbor_put_bytes(w, row->count_key.bytes, row->count_key.len);
}

static uint8_t
take_bytes(struct eh_cbor *c, size_t min, uint8_t *out, size_t cap)
{
	size_t len;
	const uint8_t *bytes = eh_cbor_bytes(c, min, cap, &len);

	memcpy(out, bytes, len);
	return (uint8_t)len;
}

static int
decode(const uint8_t *bytes, size_t len, struct eh_state_key *row)
{
	uint8_t raw[EH_RAWKEY_MAX];
	struct eh_cbor c;
	uint8_t rawlen, count_key[EH_RAWKEY_MAX], countlen = 0;
	int err;

	memset(row, 0, sizeof(*row));
	eh_cbor_init(&c, bytes, len, 16);
	eh_cbor_map(&c, 6, 7);
	eh_cbor_key(&c, 0);
	row->object = eh_cbor_uint(&c, 1, EH_U53_MAX);
	eh_cbor_key(&c, 1);
	rawlen = take_bytes(&c, 1, raw, sizeof(raw));
	eh_cbor_key(&c, 2);
	row->custody = (uint8_t)eh_cbor_uint(&c, 0, EH_CUSTODY_SEPARATE);
	eh_cbor_key(&c, 3);
	eh_cbor_text_copy(&c, 0, row->label, sizeof(row->label));
	eh_cbor_key(&c, 4);
	row->id_len = take_bytes(&c, 0, row->id, sizeof(row->id));
	eh_cbor_key(&c, 5);
	row->backend_len =
	    take_bytes(&c, 1, row->backend, sizeof(row->backend));
	if (eh_cbor_if_key(&c, 6))
		countlen = take_bytes(&c, 1, count_key, sizeof(count_key));
	eh_cbor_leave(&c);
	if (eh_cbor_end(&c) != EH_OK)
		return eh_cbor_end(&c);
	if ((row->custody == EH_CUSTODY_COUNTED) != (countlen > 0))
		return EH_ERR_FORMAT;
	if (countlen > 0 && (err = eh_rawkey_set(
	        &row->count_key, count_key, countlen)) != EH_OK)
		return err;
	return eh_rawkey_set(&row->key, raw, rawlen);
}

static int
apply_generated(struct eh_state *state, const struct eh_key_event *event,
    const uint8_t *redo, size_t redolen, struct eh_error *error)
{
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_state_key row, *place;
	int err;

	if ((err = decode(redo, redolen, &row)) != EH_OK)
		return eh_error_set(
		    error, err, "the row of a new key is malformed");
	eh_keyid_spki_digest(&row.key, digest);
	if (memcmp(digest, event->digest, sizeof(digest)) != 0)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the row of a new key is not that of its record");
	memcpy(row.digest, digest, sizeof(digest));
	row.purpose = (uint8_t)event->purpose;
	row.origin = (uint8_t)event->origin;
	row.alg = event->alg;
	if ((place = eh_state_key_by_digest(state, digest)) == NULL) {
		if (eh_state_key(state, row.object) != NULL ||
		    row.object < state->next_object)
			return eh_error_set(error, EH_ERR_EXISTS,
			    "the object number of a new key is taken");
		for (place = state->key; place->object != 0; place++)
			if (place == &state->key[EH_STATE_KEYS - 1])
				return eh_error_set(error, EH_ERR_FULL,
				    "the token holds %d keys, which is the "
				    "most",
				    EH_STATE_KEYS);
	}
	*place = row;
	if (state->next_object <= row.object)
		state->next_object = row.object + 1;
	return EH_OK;
}

static int
apply_destroyed(struct eh_state *state, const struct eh_key_event *event,
    struct eh_error *error)
{
	struct eh_state_key *row =
	    eh_state_key_by_digest(state, event->digest);

	if (row == NULL)
		return EH_OK; /* replayed: it is gone already */
	if (row->purpose == EH_PURPOSE_ATTESTATION)
		return eh_error_set(error, EH_DENIED_KEY,
		    "the attestation key cannot be destroyed");
	memset(row, 0, sizeof(*row));
	return EH_OK;
}

static int
apply_key(struct eh_state *state, struct eh_clockguard *guard,
    const struct eh_record *record, const uint8_t *redo, size_t redolen,
    struct eh_error *error)
{
	const struct eh_key_event *event = &record->of.key;

	(void)guard;
	switch (event->action) {
	case EH_KEY_GENERATED:
		return apply_generated(state, event, redo, redolen, error);
	case EH_KEY_DESTROYED:
		return apply_destroyed(state, event, error);
	case EH_KEY_IMPORTED:
	case EH_KEY_AGREED:
		break;
	}
	return eh_error_set(error, EH_ERR_UNSUPPORTED,
	    "a key record of action %u is of a later version",
	    (unsigned)event->action);
}

const struct eh_apply eh_keys_apply[] = {
	{ EH_RECORD_KEY, 0, apply_key },
};
const size_t eh_keys_napply = 1;
