/* SPDX-License-Identifier: Apache-2.0 */
/* close.c - ending an authorization at its EdgeHSM. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "orchestrator/authority/close.h"

#define LEAST (7 * UINT64_C(86400))	/* validity of a close */

/* The old one with nothing in it, or with what open devices still need. */
static void
fill(struct eh_pauth *p, const struct eh_chain *c, enum eh_close_how how,
    uint64_t now)
{
	p->from.iat = now;
	p->not_before = now - EH_AUTHORIZE_BACKDATE;
	if (p->expires < now + LEAST)
		p->expires = now + LEAST;
	for (unsigned i = 0; i < p->nops; i++)
		if (how == EH_CLOSE_NOW || p->ops[i].op == EH_OP_PASS)
			p->ops[i].quota = 0;
	p->has_supersedes = 1;
	memcpy(p->supersedes, c->tip.id, EH_ID_LEN);
}

static int
put(struct eh_store *store, const struct eh_pauth *p, const struct eh_chain *c,
    const uint8_t digest[EH_DIGEST_LEN], struct eh_error *error)
{
	struct eh_store_authorization row = c->tip;
	int err;

	memcpy(row.id, p->id, EH_ID_LEN);
	memcpy(row.message, digest, EH_DIGEST_LEN);
	row.seq = p->seq;
	row.devices = 0;
	row.issued = p->from.iat;
	row.not_before = p->not_before;
	row.expires = p->expires;
	row.epoch = p->epoch;
	row.has_supersedes = 1;
	memcpy(row.supersedes, p->supersedes, EH_ID_LEN);
	if ((err = eh_store_put_authorization(store, &row, error)) != EH_OK)
		return err;
	return eh_store_trail(store, p->from.iat, "close", row.hsm, digest,
	    row.order[0] != '\0' ? row.order : row.profile.name, error);
}

static int
check(struct eh_store *store, const struct eh_chain *c,
    struct eh_error *error)
{
	char hex[EH_HEX_SIZE(EH_DIGEST_LEN)];
	int err = eh_life_check_live(store, &c->tip, error);

	if (err != EH_OK || c->tip.devices != 0)
		return err;
	eh_hex_encode(c->tip.message, EH_DIGEST_LEN, hex);
	return eh_error_set(error, EH_DENIED_STATE,
	    "a close of it was signed before: edgehsm-authority show --digest "
	    "%s --out FILE writes it once more", hex);
}

static int
run(struct eh_authority *a, const char *hsm_name, const char *named,
    enum eh_close_how how, uint64_t now, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_pauth *signed_, struct eh_chain *before, struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(a);
	struct eh_store_authorization tip;
	struct eh_pauth *p = calloc(1, sizeof(*p));
	struct eh_hsm hsm;
	int err;

	if (p == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if ((err = eh_store_get_hsm(store, hsm_name, &hsm, error)) == EH_OK &&
	    (err = eh_store_check_served(store, hsm.id, error)) == EH_OK &&
	    (err = eh_life_find(store, &hsm, named, &tip, error)) == EH_OK &&
	    (err = eh_life_chain(store, &tip, before, error)) == EH_OK &&
	    (err = check(store, before, error)) == EH_OK &&
	    (err = eh_authorize_get(a, &tip, p, error)) == EH_OK) {
		fill(p, before, how, now);
		err = eh_authorize_sign(a, p, out, digest, signed_, error);
	}
	if (err == EH_OK)
		err = put(store, signed_, before, digest, error);
	free(p);
	return err == EH_OK ? eh_store_commit(store, error) : err;
}

int
eh_close(struct eh_authority *a, const char *hsm, const char *named,
    enum eh_close_how how, uint64_t now, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_pauth *signed_, struct eh_chain *before, struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(a);
	int err = eh_store_begin(store, error);

	if (err != EH_OK)
		return err;
	err = run(a, hsm, named, how, now, out, digest, signed_, before, error);
	if (err != EH_OK) {
		eh_store_rollback(store);
		eh_buf_clear(out);
	}
	return err;
}
