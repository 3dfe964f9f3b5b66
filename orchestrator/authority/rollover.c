/* SPDX-License-Identifier: Apache-2.0 */
/* rollover.c - issuer grants, and exchanging the message key. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/hex.h"
#include "common/message/grant.h"
#include "orchestrator/authority/rollover.h"
#include "orchestrator/authority/store_life.h"

#define DAY UINT64_C(86400)

/* All that the message key may say to an EdgeHSM; 6 is for stations. */
#define ROLES                                                                  \
	(EH_ROLE_BIT(EH_ROLE_PAUTH) | EH_ROLE_BIT(EH_ROLE_DAUTH) |             \
	    EH_ROLE_BIT(EH_ROLE_REVOKE) | EH_ROLE_BIT(EH_ROLE_TIME) |          \
	    EH_ROLE_BIT(EH_ROLE_ACK) | EH_ROLE_BIT(EH_ROLE_CRLORDER) |         \
	    EH_ROLE_BIT(EH_ROLE_AGREE))

/* --- grants --- */

struct filling {
	struct eh_store *store;
	struct eh_grant *grant;
	struct eh_error *error;
};

static void
add_key(struct eh_grant *g, const struct eh_rawkey *public,
    enum eh_key_state state)
{
	struct eh_grant_key *key = &g->keys[g->nkeys++];

	eh_keyid_kid(public, key->kid);
	key->alg = public->len == EH_P256_POINT_LEN ? EH_ALG_ES256
						    : EH_ALG_EDDSA;
	key->key = *public;
	key->roles = ROLES;
	/* A key that TPMs know can let them count. */
	if (public->len == EH_P256_POINT_LEN)
		key->roles |= EH_ROLE_BIT(EH_ROLE_COUNT);
	memcpy(key->iss, g->from.iss, sizeof(key->iss));
	key->state = state;
}

/* A revoked key is never put back. */
static int
add_former(void *arg, const struct eh_store_former_key *k)
{
	struct filling *f = arg;
	struct eh_store_revoked revoked;
	int err = eh_store_get_revoked_key(
	    f->store, f->grant->from.sub, k->kid, &revoked, f->error);

	if (err == EH_OK && revoked.rseq == 0 &&
	    k->state == EH_FORMER_RETIRED &&
	    f->grant->nkeys < EH_GRANT_KEYS_MAX)
		add_key(f->grant, &k->public, EH_KEY_RETIRED);
	return err;
}

static int
sign(struct eh_authority *a, struct eh_grant *g, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_error *error)
{
	const struct eh_store_self *self = eh_authority_self(a);
	struct eh_store *store = eh_authority_store(a);
	struct filling f = { .store = store, .grant = g, .error = error };
	uint8_t kid[EH_KID_LEN], payload[EH_MESSAGE_MAX_INBOUND];
	struct eh_writer w;
	size_t len;
	int err;

	memcpy(g->from.iss, self->name, sizeof(g->from.iss));
	add_key(g, &self->key[EH_STORE_MESSAGE_KEY].public, EH_KEY_ACTIVE);
	eh_keyid_kid(&self->key[EH_STORE_GRANT_ROOT].public, kid);
	if ((err = eh_store_each_former_key(
	         store, add_former, &f, error)) != EH_OK ||
	    (err = eh_store_take_seq(store, kid, EH_MESSAGE_GRANT,
	         g->from.sub, &g->seq, error)) != EH_OK)
		return err;
	eh_writer_init(&w, payload, sizeof(payload));
	eh_grant_encode(g, &w);
	if ((err = eh_writer_end(&w, &len)) != EH_OK)
		return eh_error_set(
		    error, err, "issuer grant: %s", eh_err_text(err));
	/* With the EdgeHSM's own code, before anybody signs. */
	if ((err = eh_grant_decode(payload, len, g, error)) != EH_OK)
		return err;
	return eh_authority_sign(a, EH_MESSAGE_GRANT, g->from.sub, g->seq,
	    g->from.iat, payload, len, out, digest, error);
}

int
eh_rollover_sign_grant(struct eh_authority *a,
    const uint8_t hsm[EH_HSM_ID_LEN], const char *factory, uint64_t expires,
    uint64_t now, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_error *error)
{
	struct eh_grant *g = calloc(1, sizeof(*g));
	int err;

	if (g == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	memcpy(g->from.sub, hsm, EH_HSM_ID_LEN);
	g->from.iat = now;
	g->not_before = now;
	g->expires = expires;
	snprintf(g->factory, sizeof(g->factory), "%s", factory);
	err = sign(a, g, out, digest, error);
	free(g);
	return err;
}

int
eh_rollover_grant(struct eh_authority *a, const char *name, unsigned days,
    uint64_t now, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(a);
	struct eh_hsm hsm;
	int err;

	if ((err = eh_store_begin(store, error)) != EH_OK)
		return err;
	if ((err = eh_store_get_hsm(store, name, &hsm, error)) == EH_OK) {
		hsm.granted_until = now + days * DAY;
		err = eh_rollover_sign_grant(a, hsm.id, hsm.factory,
		    hsm.granted_until, now, out, digest, error);
	}
	if (err == EH_OK &&
	    (err = eh_store_put_hsm(store, &hsm, error)) == EH_OK &&
	    (err = eh_store_trail(store, now, "grant", hsm.id, digest,
	         hsm.name, error)) == EH_OK)
		err = eh_store_commit(store, error);
	if (err != EH_OK) {
		eh_store_rollback(store);
		eh_buf_clear(out);
	}
	return err;
}

/* --- the message key --- */

static int
count(void *arg, const struct eh_store_former_key *k)
{
	unsigned *n = arg;

	(void)k;
	(*n)++;
	return EH_OK;
}

/* Make the next PEM file of the folder; ${name} is its name there. */
static int
create(struct eh_authority *a, char *name, size_t cap, char *path,
    size_t pathcap, struct eh_privkey **keyp, struct eh_error *error)
{
	unsigned n = 2;
	int err = eh_store_each_former_key(
	    eh_authority_store(a), count, &n, error);

	if (err != EH_OK)
		return err;
	snprintf(name, cap, "message-key-%u.pem", n);
	if (snprintf(path, pathcap, "%s/%s", eh_authority_folder(a), name) >=
	    (int)pathcap)
		return eh_error_set(
		    error, EH_ERR_ARGUMENT, "the folder has too long a name");
	return eh_privkey_create(path, keyp, error);
}

static int
roll(struct eh_authority *a, const char *place,
    const struct eh_rawkey *public, uint64_t now, uint8_t kid[EH_KID_LEN],
    struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(a);
	char text[EH_HEX_SIZE(EH_KID_LEN)];
	int err = eh_store_begin(store, error);

	if (err != EH_OK)
		return err;
	eh_keyid_kid(public, kid);
	eh_hex_encode(kid, EH_KID_LEN, text);
	if ((err = eh_store_roll_message_key(
	         store, place, public, now, error)) == EH_OK &&
	    (err = eh_store_trail(store, now, "rollover", NULL, NULL, text,
	         error)) == EH_OK)
		return eh_store_commit(store, error);
	eh_store_rollback(store);
	return err;
}

int
eh_rollover_key(struct eh_authority *a, const char *place, uint64_t now,
    uint8_t kid[EH_KID_LEN], struct eh_error *error)
{
	char name[64], path[EH_STORE_PLACE_MAX + 1];
	struct eh_privkey *key = NULL;
	int err;

	if (place != NULL && strlen(place) > EH_STORE_PLACE_MAX)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "a place of more than %d octets", EH_STORE_PLACE_MAX);
	/* A path is kept as one from the root, as in init. */
	if (place != NULL && !eh_privkey_is_uri(place) && place[0] != '/')
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "--message-key: name the file with its whole path, or use "
		    "a pkcs11: URI");
	err = place != NULL
	    ? eh_privkey_open(place, &key, error)
	    : create(a, name, sizeof(name), path, sizeof(path), &key, error);
	if (err == EH_OK)
		err = roll(a, place != NULL ? place : name,
		    eh_privkey_public(key), now, kid, error);
	if (err != EH_OK && place == NULL && key != NULL)
		unlink(path);
	eh_privkey_free(key);
	return err;
}

int
eh_rollover_drop(struct eh_authority *a, const uint8_t kid[EH_KID_LEN],
    uint64_t now, struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(a);
	char text[EH_HEX_SIZE(EH_KID_LEN)];
	int err = eh_store_begin(store, error);

	if (err != EH_OK)
		return err;
	eh_hex_encode(kid, EH_KID_LEN, text);
	if ((err = eh_store_drop_key(store, kid, error)) == EH_OK &&
	    (err = eh_store_trail(store, now, "drop key", NULL, NULL, text,
	         error)) == EH_OK)
		return eh_store_commit(store, error);
	eh_store_rollback(store);
	return err;
}
