/* SPDX-License-Identifier: Apache-2.0 */
/* enrol.c - enrolment request: an EdgeHSM introduces itself. */
#include "config.h"

#include <string.h>

#include "common/message/enrol.h"
#include "common/message/envelope.h"
#include "common/message/items.h"

static const char what[] = "enrolment request";

static void
decode_keys(struct eh_cbor *c, struct eh_enrol *e)
{
	size_t n = eh_cbor_array(c, 0, EH_ENROL_KEYS_MAX);

	for (size_t i = 0; i < n; i++) {
		struct eh_key_entry *key = &e->keys[i];

		eh_cbor_array(c, 4, 4);
		eh_cbor_fixed(c, key->digest, EH_DIGEST_LEN);
		key->purpose = (enum eh_purpose)eh_cbor_uint(
		    c, 0, EH_PURPOSE_TRANSPORT);
		key->alg = (int32_t)eh_cbor_int(c, -65535, 65535);
		key->origin = (enum eh_origin)eh_cbor_uint(
		    c, EH_ORIGIN_BOUNDARY, EH_ORIGIN_IMPORTED);
		eh_cbor_leave(c);
		if (i > 0 && memcmp(key[-1].digest, key->digest,
		    EH_DIGEST_LEN) >= 0)
			eh_cbor_fail(c, EH_ERR_FORMAT);
	}
	e->nkeys = (uint8_t)n;
	eh_cbor_leave(c);
}

/* Return 1 when it is of the kind that a TPM proves: a class above 0, or the
 * labels -70907 and -70908, which this version cannot verify. */
static int
decode_schema(struct eh_cbor *c, struct eh_enrol *e)
{
	eh_cbor_map(c, 8, 10);
	eh_cbor_key(c, 2);
	eh_cbor_fixed(c, e->hsm_id, EH_HSM_ID_LEN);
	eh_item_version(c);
	eh_cbor_key(c, -70901);
	eh_item_spki(c, &e->key);
	eh_cbor_key(c, -70902);
	decode_keys(c, e);
	eh_cbor_key(c, -70903);
	eh_item_nonce(c, &e->nonce);
	eh_cbor_key(c, -70904);
	eh_item_software(c, &e->software);
	eh_cbor_key(c, -70905);
	e->anchor_class = (enum eh_anchor_class)eh_cbor_uint(
	    c, 0, EH_CLASS_CERTIFIED);
	eh_cbor_key(c, -70906);
	eh_cbor_fixed(c, e->root, EH_DIGEST_LEN);
	if (e->anchor_class != EH_CLASS_FILE || eh_cbor_if_key(c, -70907) ||
	    eh_cbor_if_key(c, -70908))
		return 1;
	eh_cbor_leave(c);
	return 0;
}

int
eh_enrol_decode(const void *payload, size_t len, struct eh_enrol *e,
    struct eh_error *error)
{
	struct eh_cbor c;
	uint8_t id[EH_HSM_ID_LEN];
	int err;

	memset(e, 0, sizeof(*e));
	eh_cbor_init(&c, payload, len, EH_ITEMS_MAX);
	if (decode_schema(&c, e))
		err = eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "%s: anchor class %u and the evidence of a TPM are not "
		    "supported by this version", what,
		    (unsigned)e->anchor_class);
	else
		err = eh_item_end(&c, len, what, error);
	if (err == EH_OK) {
		eh_keyid_hsm(&e->key, id);
		if (memcmp(id, e->hsm_id, EH_HSM_ID_LEN) != 0)
			err = eh_error_set(error, EH_ERR_FORMAT,
			    "%s: the id is not that of the attestation key",
			    what);
	}
	if (err != EH_OK)
		memset(e, 0, sizeof(*e));
	return err;
}

void
eh_enrol_encode(const struct eh_enrol *e, struct eh_writer *w)
{
	eh_cbor_put_map(w, 8);
	eh_item_put_pair_bytes(w, 2, e->hsm_id, EH_HSM_ID_LEN);
	eh_item_put_version(w);
	eh_cbor_put_int(w, -70901);
	eh_item_put_spki(w, &e->key);
	eh_cbor_put_int(w, -70902);
	eh_cbor_put_array(w, e->nkeys);
	for (size_t i = 0; i < e->nkeys; i++) {
		eh_cbor_put_array(w, 4);
		eh_cbor_put_bytes(w, e->keys[i].digest, EH_DIGEST_LEN);
		eh_cbor_put_uint(w, e->keys[i].purpose);
		eh_cbor_put_int(w, e->keys[i].alg);
		eh_cbor_put_uint(w, e->keys[i].origin);
	}
	eh_cbor_put_int(w, -70903);
	eh_item_put_nonce(w, &e->nonce);
	eh_cbor_put_int(w, -70904);
	eh_item_put_software(w, &e->software);
	eh_item_put_pair(w, -70905, e->anchor_class);
	eh_item_put_pair_bytes(w, -70906, e->root, EH_DIGEST_LEN);
}

int
eh_enrol_open(const void *message, size_t len, struct eh_enrol *e,
    struct eh_error *error)
{
	struct eh_envelope envelope;
	int err;

	memset(e, 0, sizeof(*e));
	if ((err = eh_envelope_decode(message, len, &envelope, error)) != EH_OK)
		return err;
	if (envelope.type != EH_MESSAGE_ENROL)
		return eh_error_set(error, EH_ERR_FORMAT, "not an %s but a %s",
		    what, eh_message_info(envelope.type)->name);
	if ((err = eh_enrol_decode(envelope.sign1.payload,
	    envelope.sign1.payload_len, e, error)) != EH_OK)
		return err;
	if ((err = eh_envelope_verify(&envelope, &e->key, error)) != EH_OK)
		memset(e, 0, sizeof(*e));
	return err;
}
