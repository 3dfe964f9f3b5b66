/* SPDX-License-Identifier: Apache-2.0 */
/* revoke.c - taking permissions back. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "orchestrator/authority/authorize.h"
#include "orchestrator/authority/life.h"
#include "orchestrator/authority/revoke.h"

struct job {
	struct eh_authority *authority;
	struct eh_store *store;
	const struct eh_revoke_request *request;
	uint64_t now;
	struct eh_hsm hsm;
	struct eh_receipt *receipt;	/* its newest, or NULL */
	struct eh_store_revoked mark;	/* what is written beside each */
	struct eh_revoked *revoked;
	struct eh_error *error;
};

/* --- authorizations --- */

/* Its limits tell how long it may go on without knowing. */
static int
note_limits(struct job *j, const struct eh_store_authorization *a)
{
	struct eh_pauth *p = calloc(1, sizeof(*p));
	int err;

	if (p == NULL)
		return eh_error_set(
		    j->error, EH_ERR_MEMORY, "out of memory");
	err = eh_authorize_get(j->authority, a, p, j->error);
	if (err == EH_OK && p->limits.max_offline > j->revoked->max_offline)
		j->revoked->max_offline = p->limits.max_offline;
	free(p);
	return err;
}

/* Revoke one, when it may be alive and is not revoked; 1 in ${donep} then. */
static int
revoke_one(
    struct job *j, const struct eh_store_authorization *a, int *donep)
{
	struct eh_life life;
	int err = eh_life_get(j->store, a, j->receipt, &life, j->error);

	*donep = 0;
	if (err != EH_OK || life.state == EH_LIFE_CLOSED ||
	    life.state == EH_LIFE_NEVER || life.revoked.rseq != 0)
		return err;
	*donep = 1;
	j->revoked->authorizations++;
	if ((err = note_limits(j, a)) != EH_OK)
		return err;
	return eh_store_put_revoked(j->store, a->id, &j->mark, j->error);
}

/* Nothing of the chain was left to be revoked: say why. */
static int
refuse_chain(struct job *j, const struct eh_store_authorization *tip,
    const char *named)
{
	struct eh_life life;
	int err = eh_life_get(j->store, tip, j->receipt, &life, j->error);

	if (err != EH_OK)
		return err;
	if (life.revoked.rseq != 0)
		return eh_error_set(j->error, EH_DENIED_STATE,
		    "%s is revoked already, by update %" PRIu64 " for %s: "
		    "import that one there", named, life.revoked.rseq,
		    j->hsm.name);
	return eh_error_set(j->error, EH_DENIED_STATE,
	    "%s is over already at %s: %s", named, j->hsm.name,
	    life.state == EH_LIFE_CLOSED
		? eh_life_reason_name(life.log.reason)
		: eh_life_state_name(life.state));
}

static int
revoke_chain(struct job *j, const char *named)
{
	struct eh_store_authorization tip, a;
	uint64_t expires = 0;
	struct eh_chain chain;
	int err, done, any = 0, more = 1;

	if ((err = eh_life_find(
	         j->store, &j->hsm, named, &tip, j->error)) != EH_OK ||
	    (err = eh_life_chain(j->store, &tip, &chain, j->error)) != EH_OK)
		return err;
	a = tip;
	while (err == EH_OK && more) {
		uint8_t old[EH_ID_LEN];

		err = revoke_one(j, &a, &done);
		any |= done;
		if (done && a.expires > expires)
			expires = a.expires;
		memcpy(old, a.supersedes, EH_ID_LEN);
		more = a.has_supersedes;
		if (err == EH_OK && more)
			err = eh_store_get_authorization(
			    j->store, old, &a, j->error);
	}
	if (err != EH_OK)
		return err;
	if (!any)
		return refuse_chain(j, &tip, named);
	if (expires <= j->now)
		return eh_error_set(j->error, EH_DENIED_STATE,
		    "%s has ended, and a list names only what has not; an "
		    "EdgeHSM whose clock may be behind is stopped with "
		    "--raise-epoch", named);
	if (chain.open)
		j->revoked->possible +=
		    chain.taken - chain.used - chain.burned;
	return EH_OK;
}

/* --- the epoch --- */

struct all {
	struct job *job;
	struct eh_store_authorization *row;
	size_t n;
};

static int
collect(void *arg, const struct eh_store_authorization *a)
{
	struct all *all = arg;
	struct eh_store_authorization *more =
	    reallocarray(all->row, all->n + 1, sizeof(*more));

	if (more == NULL)
		return eh_error_set(
		    all->job->error, EH_ERR_MEMORY, "out of memory");
	all->row = more;
	all->row[all->n++] = *a;
	return EH_OK;
}

static int
count_chain(void *arg, const struct eh_chain *c)
{
	struct job *j = arg;

	if (c->open)
		j->revoked->possible += c->taken - c->used - c->burned;
	return EH_OK;
}

static int
raise_epoch(struct job *j)
{
	struct all all = { .job = j };
	int err, done;

	if (j->revoked->update.epoch == UINT32_MAX)
		return eh_error_set(j->error, EH_ERR_FULL,
		    "the epoch of %s cannot be raised any more", j->hsm.name);
	err = eh_store_each_of_hsm(
	    j->store, j->hsm.id, collect, &all, j->error);
	j->revoked->possible = 0;
	for (size_t i = 0; err == EH_OK && i < all.n; i++)
		err = revoke_one(j, &all.row[i], &done);
	if (err == EH_OK)
		err = eh_life_each_chain_at(
		    j->store, j->hsm.id, count_chain, j, j->error);
	free(all.row);
	j->revoked->update.epoch++;
	return err;
}

/* --- keys --- */

struct former {
	uint8_t kid[EH_KID_LEN];
	int found;
};

static int
match_former(void *arg, const struct eh_store_former_key *k)
{
	struct former *f = arg;

	f->found |= memcmp(f->kid, k->kid, EH_KID_LEN) == 0;
	return EH_OK;
}

static int
revoke_key(struct job *j, const char *hex)
{
	const struct eh_store_self *self = eh_authority_self(j->authority);
	struct eh_store_revoked before;
	uint8_t own[EH_KID_LEN];
	struct former f = { .found = 0 };
	int err;

	if (eh_hex_decode_fixed(hex, f.kid, sizeof(f.kid)) != EH_OK)
		return eh_error_set(j->error, EH_ERR_ARGUMENT,
		    "--key %.40s: 16 hex digits are needed, as "
		    "edgehsm-authority show prints them", hex);
	eh_keyid_kid(&self->key[EH_STORE_MESSAGE_KEY].public, own);
	if (memcmp(own, f.kid, EH_KID_LEN) == 0)
		return eh_error_set(j->error, EH_DENIED_STATE,
		    "%s is the message key, which would sign this: put another "
		    "one in its place first, with edgehsm-authority rollover",
		    hex);
	if ((err = eh_store_each_former_key(
	         j->store, match_former, &f, j->error)) != EH_OK ||
	    (err = eh_store_get_revoked_key(
	         j->store, j->hsm.id, f.kid, &before, j->error)) != EH_OK)
		return err;
	if (!f.found)
		return eh_error_set(j->error, EH_ERR_NOT_FOUND,
		    "%s was never the message key of this authority", hex);
	if (before.rseq != 0)
		return eh_error_set(j->error, EH_DENIED_STATE,
		    "key %s is revoked at %s already, by update %" PRIu64, hex,
		    j->hsm.name, before.rseq);
	return eh_store_put_revoked_key(
	    j->store, j->hsm.id, f.kid, &j->mark, j->error);
}

/* --- the update --- */

struct list {
	struct eh_revoke *update;
	unsigned ids, kids;
};

static int
add_id(void *arg, const uint8_t id[EH_ID_LEN])
{
	struct list *l = arg;

	if (l->ids < EH_REVOKE_IDS_MAX)
		memcpy(l->update->ids[l->ids], id, EH_ID_LEN);
	l->ids++;
	return EH_OK;
}

static int
add_kid(void *arg, const uint8_t kid[EH_KID_LEN])
{
	struct list *l = arg;

	if (l->kids < EH_REVOKE_KIDS_MAX)
		memcpy(l->update->kids[l->kids], kid, EH_KID_LEN);
	l->kids++;
	return EH_OK;
}

static int
fill(struct job *j)
{
	struct eh_revoke *u = &j->revoked->update;
	struct list l = { .update = u };
	int err;

	if ((err = eh_store_each_revoked(j->store, j->hsm.id, u->epoch, j->now,
	         add_id, &l, j->error)) != EH_OK ||
	    (err = eh_store_each_revoked_key(
	         j->store, j->hsm.id, add_kid, &l, j->error)) != EH_OK)
		return err;
	if (l.ids > EH_REVOKE_IDS_MAX)
		return eh_error_set(j->error, EH_ERR_FULL,
		    "%u authorizations of %s would be revoked and not over, a "
		    "list holds %d: raise the epoch with --raise-epoch, which "
		    "revokes all of them, and authorize again what shall go on",
		    l.ids, j->hsm.name, EH_REVOKE_IDS_MAX);
	if (l.kids > EH_REVOKE_KIDS_MAX)
		return eh_error_set(j->error, EH_ERR_FULL,
		    "a list holds %d revoked keys, and keys stay in it: enrol a "
		    "new EdgeHSM in place of %s", EH_REVOKE_KIDS_MAX,
		    j->hsm.name);
	u->nids = (uint16_t)l.ids;
	u->nkids = (uint8_t)l.kids;
	return EH_OK;
}

static int
sign(struct job *j, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN])
{
	const struct eh_store_self *self = eh_authority_self(j->authority);
	struct eh_revoke *u = &j->revoked->update;
	uint8_t payload[EH_MESSAGE_MAX_INBOUND];
	struct eh_in_force f;
	struct eh_writer w;
	size_t len;
	int err;

	memcpy(u->from.iss, self->name, sizeof(u->from.iss));
	memcpy(u->from.sub, j->hsm.id, EH_HSM_ID_LEN);
	u->from.iat = j->now;
	if ((err = fill(j)) != EH_OK)
		return err;
	eh_writer_init(&w, payload, sizeof(payload));
	eh_revoke_encode(u, &w);
	if ((err = eh_writer_end(&w, &len)) != EH_OK)
		return eh_error_set(j->error, err, "the revocation update: %s",
		    eh_err_text(err));
	/* With the EdgeHSM's own code, before anybody signs. */
	if ((err = eh_revoke_decode(payload, len, u, j->error)) != EH_OK ||
	    (err = eh_authority_sign(j->authority, EH_MESSAGE_REVOKE,
	         j->hsm.id, u->rseq, j->now, payload, len, out, digest,
	         j->error)) != EH_OK)
		return err;
	f.epoch = u->epoch;
	f.rseq = u->rseq;
	return eh_store_put_in_force(
	    j->store, j->hsm.id, &f, digest, j->error);
}

/* The number first: it stands beside everything that is revoked by it. */
static int
begin(struct job *j)
{
	const struct eh_store_self *self = eh_authority_self(j->authority);
	struct eh_revoke *u = &j->revoked->update;
	struct eh_in_force f;
	uint8_t kid[EH_KID_LEN];
	int err;

	if ((err = eh_store_get_hsm(
	         j->store, j->request->hsm, &j->hsm, j->error)) != EH_OK ||
	    (err = eh_store_check_served(
	         j->store, j->hsm.id, j->error)) != EH_OK ||
	    (err = eh_life_receipt(
	         j->store, j->hsm.id, &j->receipt, j->error)) != EH_OK ||
	    (err = eh_store_get_in_force(
	         j->store, j->hsm.id, &f, j->error)) != EH_OK)
		return err;
	eh_keyid_kid(&self->key[EH_STORE_MESSAGE_KEY].public, kid);
	err = eh_store_take_seq(j->store, kid, EH_MESSAGE_REVOKE, j->hsm.id,
	    &u->rseq, j->error);
	u->epoch = f.epoch;
	j->mark.rseq = u->rseq;
	j->mark.at = j->now;
	snprintf(j->mark.why, sizeof(j->mark.why), "%s", j->request->why);
	memcpy(j->revoked->name, j->hsm.name, sizeof(j->revoked->name));
	return err;
}

static int
run(struct job *j, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN])
{
	const struct eh_revoke_request *r = j->request;
	char text[EH_NAME_MAX + EH_TEXT_MAX + 64];
	int err = begin(j);

	for (unsigned i = 0; err == EH_OK && i < r->nchains; i++)
		err = revoke_chain(j, r->chain[i]);
	for (unsigned i = 0; err == EH_OK && i < r->nkeys; i++)
		err = revoke_key(j, r->key[i]);
	if (err == EH_OK && r->raise_epoch)
		err = raise_epoch(j);
	if (err != EH_OK || (err = sign(j, out, digest)) != EH_OK)
		return err;
	snprintf(text, sizeof(text), "%s: update %" PRIu64 ": %s", j->hsm.name,
	    j->revoked->update.rseq, r->why);
	err = eh_store_trail(j->store, j->now, "revoke", j->hsm.id, digest,
	    text, j->error);
	return err == EH_OK ? eh_store_commit(j->store, j->error) : err;
}

static int
check(const struct eh_revoke_request *r, struct eh_error *error)
{
	if (r->nchains == 0 && r->nkeys == 0 && !r->raise_epoch)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "what is revoked? --authorization, --key or --raise-epoch");
	if (!eh_text_check(r->why))
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "--reason: 1 to %d printable characters", EH_TEXT_MAX);
	return EH_OK;
}

int
eh_revoke_make(struct eh_authority *a, const struct eh_revoke_request *r,
    uint64_t now, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_revoked *revoked, struct eh_error *error)
{
	struct job j = { .authority = a,
		.store = eh_authority_store(a),
		.request = r,
		.now = now,
		.revoked = revoked,
		.error = error };
	int err;

	memset(revoked, 0, sizeof(*revoked));
	if ((err = check(r, error)) != EH_OK ||
	    (err = eh_store_begin(j.store, error)) != EH_OK)
		return err;
	if ((err = run(&j, out, digest)) != EH_OK) {
		eh_store_rollback(j.store);
		eh_buf_clear(out);
	}
	free(j.receipt);
	return err;
}
