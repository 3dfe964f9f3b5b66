/* SPDX-License-Identifier: Apache-2.0 */
/* enrolment.c - taking an EdgeHSM into the authority's books. */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/random.h"
#include "common/hex.h"
#include "orchestrator/authority/enrolment.h"
#include "orchestrator/authority/rollover.h"
#include "orchestrator/authority/store_life.h"

#define DAY 86400u

/* --- invitation --- */

static int
check_names(const char *name, const char *factory, struct eh_error *error)
{
	if (!eh_name_check(name) || !eh_name_check(factory))
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "%s: 1 to 64 letters, digits and ._:/- are allowed",
		    eh_name_check(name) ? factory : name);
	return EH_OK;
}

/* An EdgeHSM does not wander: its authorizations name its factory. */
static int
check_factory(struct eh_authority *a, const char *name, const char *factory,
    struct eh_error *error)
{
	struct eh_hsm hsm;
	int err;

	err = eh_store_get_hsm(eh_authority_store(a), name, &hsm, error);
	if (err == EH_ERR_NOT_FOUND)
		return EH_OK;
	if (err == EH_OK)
		err = eh_store_check_served(
		    eh_authority_store(a), hsm.id, error);
	if (err == EH_OK && strcmp(hsm.factory, factory) != 0)
		err = eh_error_set(error, EH_DENIED_STATE,
		    "%s stands in factory %s; moving an EdgeHSM to another "
		    "factory is not built yet", name, hsm.factory);
	return err;
}

int
eh_enrolment_invite(struct eh_authority *a, const char *name,
    const char *factory, uint64_t now, struct eh_invitation *i,
    struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(a);
	int err;

	memset(i, 0, sizeof(*i));
	if ((err = check_names(name, factory, error)) != EH_OK)
		return err;
	snprintf(i->name, sizeof(i->name), "%s", name);
	snprintf(i->factory, sizeof(i->factory), "%s", factory);
	i->opened = now;
	i->nonce.len = EH_NONCE_MAX;
	if ((err = eh_random(i->nonce.bytes, EH_NONCE_MAX)) != EH_OK)
		return eh_error_set(error, err, "no random numbers");
	if ((err = eh_store_begin(store, error)) != EH_OK)
		return err;
	err = check_factory(a, name, factory, error);
	if (err == EH_OK)
		err = eh_store_put_invitation(store, i, error);
	if (err == EH_OK)
		err = eh_store_trail(
		    store, now, "invite", NULL, NULL, name, error);
	if (err == EH_OK)
		return eh_store_commit(store, error);
	eh_store_rollback(store);
	return err;
}

int
eh_enrolment_print_invitation(struct eh_authority *a,
    const struct eh_invitation *i, struct eh_buf *out, struct eh_error *error)
{
	char nonce[EH_HEX_SIZE(EH_NONCE_MAX)], root[EH_HEX_SIZE(EH_DIGEST_LEN)];
	uint8_t digest[EH_DIGEST_LEN];
	char *text = NULL;
	json_t *o;
	int err = EH_ERR_MEMORY;

	eh_authority_root(a, digest);
	eh_hex_encode(i->nonce.bytes, i->nonce.len, nonce);
	eh_hex_encode(digest, sizeof(digest), root);
	o = json_pack("{s:s, s:s, s:s, s:s}", "name", i->name, "factory",
	    i->factory, "nonce", nonce, "root", root);
	if (o != NULL)
		text = json_dumps(o, JSON_COMPACT);
	if (text != NULL && (err = eh_buf_append(
	        out, text, strlen(text))) == EH_OK)
		err = eh_buf_append(out, "\n", 1);
	free(text);
	json_decref(o);
	if (err != EH_OK)
		eh_error_set(error, err, "the invitation: %s",
		    eh_err_text(err));
	return err;
}

/* --- request --- */

static int
check_root(struct eh_authority *a, const struct eh_enrol *r,
    struct eh_error *error)
{
	char theirs[EH_HEX_SIZE(EH_DIGEST_LEN)], ours[sizeof(theirs)];
	uint8_t root[EH_DIGEST_LEN];

	eh_authority_root(a, root);
	if (memcmp(r->root, root, sizeof(root)) == 0)
		return EH_OK;
	eh_hex_encode(r->root, sizeof(root), theirs);
	eh_hex_encode(root, sizeof(root), ours);
	return eh_error_set(error, EH_DENIED_SCOPE,
	    "the EdgeHSM obeys another root: it pinned %.16s..., ours is "
	    "%.16s...; nothing is certified under a foreign root", theirs,
	    ours);
}

static int
check_invitation(struct eh_authority *a, struct eh_enrolment *e,
    struct eh_error *error)
{
	const struct eh_invitation *i = &e->invitation;
	int err = eh_store_get_invitation(eh_authority_store(a),
	    &e->request.nonce, &e->invitation, error);

	if (err == EH_ERR_NOT_FOUND)
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "the request answers no invitation of this authority");
	if (err != EH_OK || i->state == EH_INVITATION_OPEN)
		return err;
	return eh_error_set(error, EH_ERR_REPLAYED,
	    "the invitation of %s was %s: open another one with enrol "
	    "--invite", i->name, i->state == EH_INVITATION_USED
		? "used already"
		: "withdrawn, a newer one is open");
}

/* One name, one attestation key, for ever. */
static int
check_identity(struct eh_authority *a, struct eh_enrolment *e,
    struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(a);
	const char *name = e->invitation.name;
	struct eh_hsm hsm;
	int err;

	err = eh_store_get_hsm(store, name, &hsm, error);
	if (err == EH_OK) {
		e->again = 1;
		return memcmp(hsm.id, e->request.hsm_id, EH_HSM_ID_LEN) == 0
		    ? EH_OK
		    : eh_error_set(error, EH_DENIED_EVIDENCE,
			  "%s is enrolled with another attestation key; a new "
			  "EdgeHSM needs a new name", name);
	}
	if (err != EH_ERR_NOT_FOUND)
		return err;
	err = eh_store_get_hsm_by_id(store, e->request.hsm_id, &hsm, error);
	if (err == EH_OK)
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "this EdgeHSM is enrolled already, as %s", hsm.name);
	return err == EH_ERR_NOT_FOUND ? EH_OK : err;
}

static int
check_keys(struct eh_authority *a, const struct eh_enrol *r,
    struct eh_error *error)
{
	struct eh_hsm_key known;
	char hex[EH_HEX_SIZE(EH_DIGEST_LEN)];
	int err;

	for (unsigned i = 0; i < r->nkeys; i++) {
		err = eh_store_get_hsm_key(eh_authority_store(a),
		    r->keys[i].digest, &known, error);
		if (err == EH_ERR_NOT_FOUND)
			continue;
		if (err != EH_OK)
			return err;
		if (memcmp(known.hsm, r->hsm_id, EH_HSM_ID_LEN) == 0)
			continue;
		eh_hex_encode(r->keys[i].digest, EH_DIGEST_LEN, hex);
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "the request names key %.16s... as its own, which is "
		    "another EdgeHSM's", hex);
	}
	return EH_OK;
}

int
eh_enrolment_check(struct eh_authority *a, const void *bytes, size_t len,
    struct eh_enrolment *e, struct eh_error *error)
{
	int err;

	memset(e, 0, sizeof(*e));
	if ((err = eh_enrol_open(bytes, len, &e->request, error)) != EH_OK ||
	    (err = check_root(a, &e->request, error)) != EH_OK ||
	    (err = check_invitation(a, e, error)) != EH_OK ||
	    (err = check_identity(a, e, error)) != EH_OK ||
	    (err = check_keys(a, &e->request, error)) != EH_OK)
		return err;
	eh_keyid_spki_digest(&e->request.key, e->fingerprint);
	return EH_OK;
}

/* --- grant --- */

static int
put_hsm(struct eh_store *store, const struct eh_enrolment *e,
    uint64_t granted_until, uint64_t now, struct eh_error *error)
{
	const struct eh_enrol *r = &e->request;
	struct eh_hsm hsm = { .attestation = r->key,
		.anchor_class = r->anchor_class,
		.software = r->software,
		.enrolled = now,
		.granted_until = granted_until };
	int err;

	memcpy(hsm.id, r->hsm_id, EH_HSM_ID_LEN);
	memcpy(hsm.name, e->invitation.name, sizeof(hsm.name));
	memcpy(hsm.factory, e->invitation.factory, sizeof(hsm.factory));
	err = eh_store_put_hsm(store, &hsm, error);
	for (unsigned i = 0; err == EH_OK && i < r->nkeys; i++) {
		struct eh_hsm_key k = { .purpose = r->keys[i].purpose,
			.origin = r->keys[i].origin,
			.standing = EH_KEY_NAMED };

		memcpy(k.hsm, r->hsm_id, EH_HSM_ID_LEN);
		memcpy(k.digest, r->keys[i].digest, EH_DIGEST_LEN);
		err = eh_store_put_hsm_key(store, &k, error);
	}
	return err;
}

int
eh_enrolment_accept(struct eh_authority *a, const struct eh_enrolment *e,
    unsigned days, uint64_t now, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(a);
	const uint64_t expires = now + (uint64_t)days * DAY;
	int err;

	if ((err = eh_store_begin(store, error)) != EH_OK)
		return err;
	err = eh_store_use_invitation(
	    store, &e->request.nonce, now, error);
	if (err == EH_OK)
		err = put_hsm(store, e, expires, now, error);
	if (err == EH_OK)
		err = eh_rollover_sign_grant(a, e->request.hsm_id,
		    e->invitation.factory, expires, now, out, digest, error);
	if (err == EH_OK)
		err = eh_store_trail(store, now, "enrol", e->request.hsm_id,
		    digest, e->invitation.name, error);
	if (err == EH_OK)
		err = eh_store_commit(store, error);
	if (err != EH_OK) {
		eh_store_rollback(store);
		eh_buf_clear(out);
	}
	return err;
}
