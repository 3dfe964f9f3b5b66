/* SPDX-License-Identifier: Apache-2.0 */
/* grant.c - issuer grant: which keys may sign which messages for an EdgeHSM. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/ct.h"
#include "common/hex.h"
#include "common/message/grant.h"
#include "common/message/items.h"

static const char what[] = "issuer grant";

/* The roles rise, so that a set has one way to be written. */
static uint16_t
decode_roles(struct eh_cbor *c)
{
	size_t n = eh_cbor_array(c, 1, EH_ROLE_LAST);
	uint64_t role = 0;
	uint16_t roles = 0;

	for (size_t i = 0; i < n; i++) {
		role = eh_cbor_uint(c, role + 1, EH_ROLE_LAST);
		roles |= EH_ROLE_BIT(role);
	}
	eh_cbor_leave(c);
	return roles;
}

static void
decode_key(struct eh_cbor *c, struct eh_grant_key *key)
{
	int err;

	eh_cbor_array(c, 6, 6);
	eh_cbor_fixed(c, key->kid, EH_KID_LEN);
	key->alg = eh_cbor_int(c, INT32_MIN, INT32_MAX);
	if ((err = eh_alg_check(key->alg)) != EH_OK)
		eh_cbor_fail(c, err);
	eh_item_rawkey(c, &key->key);
	key->roles = decode_roles(c);
	eh_item_name(c, key->iss);
	key->state = (enum eh_key_state)eh_cbor_uint(
	    c, EH_KEY_ACTIVE, EH_KEY_RETIRED);
	eh_cbor_leave(c);
}

static void
decode_schema(struct eh_cbor *c, struct eh_grant *g)
{
	size_t n;

	eh_cbor_map(c, 8, 9);
	eh_cbor_key(c, 1);
	eh_item_name(c, g->from.iss);
	eh_cbor_key(c, 2);
	eh_cbor_fixed(c, g->from.sub, EH_HSM_ID_LEN);
	eh_cbor_key(c, 4);
	g->expires = eh_item_time(c);
	eh_cbor_key(c, 5);
	g->not_before = eh_item_time(c);
	eh_cbor_key(c, 6);
	g->from.iat = eh_item_time(c);
	eh_item_version(c);
	eh_cbor_key(c, -70002);
	g->seq = eh_item_u53(c);
	eh_cbor_key(c, -70011);
	n = eh_cbor_array(c, 1, EH_GRANT_KEYS_MAX);
	for (size_t i = 0; i < n; i++)
		decode_key(c, &g->keys[i]);
	g->nkeys = (uint8_t)n;
	eh_cbor_leave(c);
	if (eh_cbor_if_key(c, -70012))
		eh_item_name(c, g->factory);
	eh_cbor_leave(c);
}

static int
check_key(const struct eh_grant *g, size_t i, struct eh_error *error)
{
	const struct eh_grant_key *key = &g->keys[i];
	uint8_t kid[EH_KID_LEN];
	char hex[EH_HEX_SIZE(EH_KID_LEN)];

	eh_hex_encode(key->kid, EH_KID_LEN, hex);
	eh_keyid_kid(&key->key, kid);
	if (memcmp(kid, key->kid, EH_KID_LEN) != 0)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: key %s does not have this key id", what, hex);
	if (!eh_rawkey_fits(&key->key, key->alg))
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: key %s is not of the kind that algorithm %d needs",
		    what, hex, (int)key->alg);
	if ((key->roles & EH_ROLE_BIT(EH_ROLE_COUNT)) != 0 &&
	    key->key.len != EH_P256_POINT_LEN)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: key %s has role 9 and is not of P-256, which is what "
		    "TPMs know", what, hex);
	if (eh_grant_get(g, key->kid) != key)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: key %s stands twice", what, hex);
	return EH_OK;
}

/* A grant to nobody (sub zero) is for stations: they obey role 6 only, and an
 * EdgeHSM never does. */
static int
check_fleet(const struct eh_grant *g, struct eh_error *error)
{
	if (!eh_ct_zero(g->from.sub, EH_HSM_ID_LEN))
		return g->factory[0] != '\0' ? EH_OK :
		    eh_error_set(error, EH_ERR_FORMAT,
		    "%s: it names no factory", what);
	for (size_t i = 0; i < g->nkeys; i++)
		if (g->keys[i].roles != EH_ROLE_BIT(EH_ROLE_RELEASE))
			return eh_error_set(error, EH_ERR_FORMAT,
			    "%s: for a fleet (sub zero), and a key has other "
			    "roles than 6", what);
	return EH_OK;
}

static int
check(const struct eh_grant *g, struct eh_error *error)
{
	int err;

	if (g->not_before >= g->expires ||
	    g->expires - g->not_before > EH_VALIDITY_MAX)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: valid from %" PRIu64 " to %" PRIu64 ", it must be "
		    "some time and at most 400 days", what, g->not_before,
		    g->expires);
	for (size_t i = 0; i < g->nkeys; i++)
		if ((err = check_key(g, i, error)) != EH_OK)
			return err;
	return check_fleet(g, error);
}

int
eh_grant_decode(const void *payload, size_t len, struct eh_grant *g,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(g, 0, sizeof(*g));
	eh_cbor_init(&c, payload, len, EH_ITEMS_MAX);
	decode_schema(&c, g);
	if ((err = eh_item_end(&c, len, what, error)) == EH_OK)
		err = check(g, error);
	if (err != EH_OK)
		memset(g, 0, sizeof(*g));
	return err;
}

static void
encode_key(const struct eh_grant_key *key, struct eh_writer *w)
{
	uint64_t n = 0;
	unsigned role;

	for (role = 1; role <= EH_ROLE_LAST; role++)
		n += (key->roles & EH_ROLE_BIT(role)) != 0;
	eh_cbor_put_array(w, 6);
	eh_cbor_put_bytes(w, key->kid, EH_KID_LEN);
	eh_cbor_put_int(w, key->alg);
	eh_item_put_rawkey(w, &key->key);
	eh_cbor_put_array(w, n);
	for (role = 1; role <= EH_ROLE_LAST; role++)
		if ((key->roles & EH_ROLE_BIT(role)) != 0)
			eh_cbor_put_uint(w, role);
	eh_cbor_put_text(w, key->iss);
	eh_cbor_put_uint(w, key->state);
}

void
eh_grant_encode(const struct eh_grant *g, struct eh_writer *w)
{
	eh_cbor_put_map(w, g->factory[0] != '\0' ? 9 : 8);
	eh_item_put_pair_text(w, 1, g->from.iss);
	eh_item_put_pair_bytes(w, 2, g->from.sub, EH_HSM_ID_LEN);
	eh_item_put_pair(w, 4, g->expires);
	eh_item_put_pair(w, 5, g->not_before);
	eh_item_put_pair(w, 6, g->from.iat);
	eh_item_put_version(w);
	eh_item_put_pair(w, -70002, g->seq);
	eh_cbor_put_int(w, -70011);
	eh_cbor_put_array(w, g->nkeys);
	for (size_t i = 0; i < g->nkeys; i++)
		encode_key(&g->keys[i], w);
	if (g->factory[0] != '\0')
		eh_item_put_pair_text(w, -70012, g->factory);
}

const struct eh_grant_key *
eh_grant_get(const struct eh_grant *g, const uint8_t kid[EH_KID_LEN])
{
	for (size_t i = 0; i < g->nkeys; i++)
		if (memcmp(g->keys[i].kid, kid, EH_KID_LEN) == 0)
			return &g->keys[i];
	return NULL;
}
