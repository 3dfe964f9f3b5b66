/* SPDX-License-Identifier: Apache-2.0 */
/* items.c - the common types of the schema, read and written. */
#include "config.h"

#include <string.h>

#include "common/message/items.h"

#define RAWKEY_MIN 32
#define RAWKEY_CAP 2592	/* the largest key of any version */
#define SPKI_MIN   32
#define SPKI_CAP   3072

void
eh_item_name(struct eh_cbor *c, char name[EH_NAME_MAX + 1])
{
	eh_cbor_text_copy(c, 1, name, EH_NAME_MAX + 1);
	if (!eh_name_check(name)) {
		eh_cbor_fail(c, EH_ERR_FORMAT);
		name[0] = '\0';
	}
}

void
eh_item_text(struct eh_cbor *c, char text[EH_TEXT_MAX + 1])
{
	eh_cbor_text_copy(c, 1, text, EH_TEXT_MAX + 1);
}

uint64_t
eh_item_time(struct eh_cbor *c)
{
	return eh_cbor_uint(c, 0, EH_TIME_MAX);
}

uint64_t
eh_item_u53(struct eh_cbor *c)
{
	return eh_cbor_uint(c, 0, EH_U53_MAX);
}

uint32_t
eh_item_u32(struct eh_cbor *c)
{
	return (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
}

uint16_t
eh_item_u16(struct eh_cbor *c)
{
	return (uint16_t)eh_cbor_uint(c, 0, UINT16_MAX);
}

uint8_t
eh_item_u8(struct eh_cbor *c)
{
	return (uint8_t)eh_cbor_uint(c, 0, UINT8_MAX);
}

uint16_t
eh_item_octets(struct eh_cbor *c, size_t min, size_t max, uint8_t *out)
{
	size_t len;
	const uint8_t *bytes = eh_cbor_bytes(c, min, max, &len);

	memcpy(out, bytes, len);
	return (uint16_t)len;
}

void
eh_item_device_id(struct eh_cbor *c, struct eh_device_id *id)
{
	id->len = (uint8_t)eh_item_octets(c, 1, EH_DEVICE_ID_MAX, id->bytes);
}

void
eh_item_nonce(struct eh_cbor *c, struct eh_nonce *nonce)
{
	nonce->len = (uint8_t)eh_item_octets(
	    c, EH_NONCE_MIN, EH_NONCE_MAX, nonce->bytes);
}

void
eh_item_rawkey(struct eh_cbor *c, struct eh_rawkey *key)
{
	size_t len;
	const uint8_t *bytes = eh_cbor_bytes(c, RAWKEY_MIN, RAWKEY_CAP, &len);
	int err;

	if ((err = eh_rawkey_set(key, bytes, len)) != EH_OK)
		eh_cbor_fail(c, err);
}

void
eh_item_spki(struct eh_cbor *c, struct eh_rawkey *key)
{
	size_t len;
	const uint8_t *spki = eh_cbor_bytes(c, SPKI_MIN, SPKI_CAP, &len);
	int err;

	if ((err = eh_rawkey_from_spki(key, spki, len)) != EH_OK)
		eh_cbor_fail(c, err);
}

/* No sum overflows: each number is at most 2^53 - 1. */
static void
counter(struct eh_cbor *c, struct eh_counter *out)
{
	eh_cbor_array(c, 4, 4);
	out->used = eh_item_u53(c);
	out->burned = eh_item_u53(c);
	out->reserved = eh_item_u53(c);
	out->quota = eh_item_u53(c);
	eh_cbor_leave(c);
	if (out->used + out->burned > out->reserved ||
	    out->reserved > out->quota)
		eh_cbor_fail(c, EH_ERR_FORMAT);
}

void
eh_item_counters(struct eh_cbor *c, struct eh_counters *counters)
{
	size_t n = eh_cbor_map(c, 1, EH_COUNTERS_MAX);

	counters->n = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		counters->op[i] = (uint8_t)eh_cbor_any_key(c, 0, EH_OP_MAX);
		counter(c, &counters->of[i]);
	}
	eh_cbor_leave(c);
}

void
eh_item_profile_ref(struct eh_cbor *c, struct eh_profile_ref *profile)
{
	eh_cbor_array(c, 3, 3);
	eh_item_name(c, profile->name);
	profile->version = eh_item_u32(c);
	eh_cbor_fixed(c, profile->digest, EH_DIGEST_LEN);
	eh_cbor_leave(c);
}

void
eh_item_software(struct eh_cbor *c, struct eh_software *software)
{
	eh_cbor_array(c, 2, 2);
	eh_item_name(c, software->version);
	eh_cbor_fixed(c, software->measurement, EH_DIGEST_LEN);
	eh_cbor_leave(c);
}

void
eh_item_in_force(struct eh_cbor *c, struct eh_in_force *in_force)
{
	eh_cbor_array(c, 2, 2);
	in_force->epoch = eh_item_u32(c);
	in_force->rseq = eh_item_u53(c);
	eh_cbor_leave(c);
}

void
eh_item_version(struct eh_cbor *c)
{
	eh_cbor_key(c, -70001);
	eh_cbor_uint(c, EH_VERSION, EH_VERSION);
}

int
eh_item_end(const struct eh_cbor *c, size_t len, const char *what,
    struct eh_error *error)
{
	int err = eh_cbor_end(c);

	if (err == EH_OK)
		return EH_OK;
	if (err == EH_ERR_UNSUPPORTED)
		return eh_error_set(error, err,
		    "%s: a key or algorithm before byte %zu is not supported "
		    "by this version", what, len - c->in.left);
	return eh_error_set(error, err, "%s: %s at byte %zu of %zu", what,
	    eh_err_text(err), len - c->in.left, len);
}

void
eh_item_put_device_id(struct eh_writer *w, const struct eh_device_id *id)
{
	eh_cbor_put_bytes(w, id->bytes, id->len);
}

void
eh_item_put_nonce(struct eh_writer *w, const struct eh_nonce *nonce)
{
	eh_cbor_put_bytes(w, nonce->bytes, nonce->len);
}

void
eh_item_put_rawkey(struct eh_writer *w, const struct eh_rawkey *key)
{
	eh_cbor_put_bytes(w, key->bytes, key->len);
}

void
eh_item_put_spki(struct eh_writer *w, const struct eh_rawkey *key)
{
	uint8_t spki[EH_SPKI_MAX];

	eh_cbor_put_bytes(w, spki, eh_rawkey_to_spki(key, spki));
}

void
eh_item_put_counters(struct eh_writer *w, const struct eh_counters *counters)
{
	eh_cbor_put_map(w, counters->n);
	for (size_t i = 0; i < counters->n; i++) {
		const struct eh_counter *of = &counters->of[i];

		eh_cbor_put_uint(w, counters->op[i]);
		eh_cbor_put_array(w, 4);
		eh_cbor_put_uint(w, of->used);
		eh_cbor_put_uint(w, of->burned);
		eh_cbor_put_uint(w, of->reserved);
		eh_cbor_put_uint(w, of->quota);
	}
}

void
eh_item_put_profile_ref(
    struct eh_writer *w, const struct eh_profile_ref *profile)
{
	eh_cbor_put_array(w, 3);
	eh_cbor_put_text(w, profile->name);
	eh_cbor_put_uint(w, profile->version);
	eh_cbor_put_bytes(w, profile->digest, EH_DIGEST_LEN);
}

void
eh_item_put_software(struct eh_writer *w, const struct eh_software *software)
{
	eh_cbor_put_array(w, 2);
	eh_cbor_put_text(w, software->version);
	eh_cbor_put_bytes(w, software->measurement, EH_DIGEST_LEN);
}

void
eh_item_put_in_force(struct eh_writer *w, const struct eh_in_force *in_force)
{
	eh_cbor_put_array(w, 2);
	eh_cbor_put_uint(w, in_force->epoch);
	eh_cbor_put_uint(w, in_force->rseq);
}

void
eh_item_put_version(struct eh_writer *w)
{
	eh_item_put_pair(w, -70001, EH_VERSION);
}

void
eh_item_put_pair(struct eh_writer *w, int64_t key, uint64_t value)
{
	eh_cbor_put_int(w, key);
	eh_cbor_put_uint(w, value);
}

void
eh_item_put_pair_bytes(
    struct eh_writer *w, int64_t key, const void *bytes, size_t len)
{
	eh_cbor_put_int(w, key);
	eh_cbor_put_bytes(w, bytes, len);
}

void
eh_item_put_pair_text(struct eh_writer *w, int64_t key, const char *text)
{
	eh_cbor_put_int(w, key);
	eh_cbor_put_text(w, text);
}
