/* SPDX-License-Identifier: Apache-2.0 */
/* life.c - what became of authorizations, as far as it is proven. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "orchestrator/authority/life.h"
#include "orchestrator/authority/store_log.h"

const char *
eh_life_state_name(enum eh_life_state state)
{
	static const char *const names[] = {
		[EH_LIFE_SIGNED] = "signed",
		[EH_LIFE_INSTALLED] = "installed",
		[EH_LIFE_CLOSED] = "closed",
		[EH_LIFE_NEVER] = "never installed",
	};

	return names[state];
}

const char *
eh_life_reason_name(enum eh_close_reason reason)
{
	static const char *const names[] = {
		[EH_CLOSE_EXPIRED] = "expired",
		[EH_CLOSE_REVOKED] = "revoked",
		[EH_CLOSE_SUPERSEDED] = "superseded",
		[EH_CLOSE_USED_UP] = "used up",
		[EH_CLOSE_REQUESTED] = "on request",
		[EH_CLOSE_BURNS] = "too many unclean stops",
	};

	return reason >= EH_CLOSE_EXPIRED && reason <= EH_CLOSE_BURNS
	    ? names[reason]
	    : "unknown reason";
}

int
eh_life_receipt(struct eh_store *store, const uint8_t hsm[EH_HSM_ID_LEN],
    struct eh_receipt **receiptp, struct eh_error *error)
{
	struct eh_envelope e;
	struct eh_buf bytes;
	int err;

	*receiptp = NULL;
	eh_buf_init(&bytes, EH_MESSAGE_MAX);
	err = eh_store_get_newest_receipt(store, hsm, &bytes, error);
	if (err == EH_ERR_NOT_FOUND) {
		eh_buf_free(&bytes);
		return EH_OK;
	}
	if (err == EH_OK)
		err = eh_envelope_decode(bytes.data, bytes.len, &e, error);
	if (err == EH_OK &&
	    (*receiptp = calloc(1, sizeof(**receiptp))) == NULL)
		err = eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if (err == EH_OK)
		err = eh_receipt_decode(e.sign1.payload, e.sign1.payload_len,
		    *receiptp, error);
	if (err != EH_OK) {
		free(*receiptp);
		*receiptp = NULL;
	}
	eh_buf_free(&bytes);
	return err;
}

/* Has the EdgeHSM accepted a later one of the same key?  Then it will not take
 * this one any more. */
static int
is_overtaken(const struct eh_store_authorization *a,
    const struct eh_receipt *receipt)
{
	for (unsigned i = 0; i < receipt->nissuers; i++)
		if (memcmp(receipt->issuers[i].kid, a->kid, EH_KID_LEN) == 0)
			return receipt->issuers[i].pauth_seq >= a->seq;
	return 0;
}

/* It was not installed when ${receipt} was made.  Can it be no more? */
static int
is_never(const struct eh_store_authorization *a,
    const struct eh_receipt *receipt, const struct eh_life *life)
{
	const struct eh_in_force *f = &receipt->in_force;

	return is_overtaken(a, receipt) || f->epoch > a->epoch ||
	    (life->revoked.rseq != 0 && f->rseq >= life->revoked.rseq);
}

/* It is revoked with its key, too. */
static int
get_key(struct eh_store *store, const struct eh_store_authorization *a,
    struct eh_life *life, struct eh_error *error)
{
	if (life->revoked.rseq != 0)
		return EH_OK;
	return eh_store_get_revoked_key(
	    store, a->hsm, a->kid, &life->revoked, error);
}

int
eh_life_get(struct eh_store *store, const struct eh_store_authorization *a,
    const struct eh_receipt *receipt, struct eh_life *life,
    struct eh_error *error)
{
	struct eh_store_counter c = { .op = EH_OP_PASS };
	int err;

	memset(life, 0, sizeof(*life));
	memcpy(c.hsm, a->hsm, EH_HSM_ID_LEN);
	memcpy(c.authorization, a->id, EH_ID_LEN);
	if ((err = eh_store_get_life(
	         store, a->hsm, a->id, &life->log, error)) != EH_OK ||
	    (err = eh_store_get_revoked(
	         store, a->id, &life->revoked, error)) != EH_OK ||
	    (err = get_key(store, a, life, error)) != EH_OK ||
	    (err = eh_store_get_counter(store, &c, error)) != EH_OK ||
	    (err = eh_store_get_written_off(store, a->id, &life->written_off,
	         &life->is_written_off, error)) != EH_OK)
		return err;
	life->used = c.used;
	life->burned = c.burned;
	if (life->log.closed) {
		life->state = EH_LIFE_CLOSED;
	} else if (life->log.installed) {
		life->state = EH_LIFE_INSTALLED;
	} else if (receipt != NULL && is_never(a, receipt, life)) {
		life->state = EH_LIFE_NEVER;
	}
	return EH_OK;
}

int
eh_life_check_live(struct eh_store *store,
    const struct eh_store_authorization *a, struct eh_error *error)
{
	struct eh_receipt *receipt;
	struct eh_life life;
	int err = eh_life_receipt(store, a->hsm, &receipt, error);

	if (err != EH_OK)
		return err;
	err = eh_life_get(store, a, receipt, &life, error);
	free(receipt);
	if (err != EH_OK)
		return err;
	if (life.state == EH_LIFE_CLOSED)
		return eh_error_set(error, EH_DENIED_STATE,
		    "the authorization is closed (%s): authorize a new one",
		    eh_life_reason_name(life.log.reason));
	if (life.revoked.rseq != 0)
		return eh_error_set(error, EH_DENIED_STATE,
		    "the authorization is revoked by update %" PRIu64
		    ": authorize a new one", life.revoked.rseq);
	if (life.state == EH_LIFE_NEVER)
		return eh_error_set(error, EH_DENIED_STATE,
		    "the authorization was never installed and cannot be any "
		    "more: authorize a new one");
	return EH_OK;
}

/* --- chains --- */

/* Add one of a chain to it. */
static int
add(struct eh_store *store, const struct eh_store_authorization *a,
    const struct eh_receipt *receipt, struct eh_chain *c, uint64_t *mostp,
    struct eh_error *error)
{
	struct eh_life life;
	int err = eh_life_get(store, a, receipt, &life, error);

	if (err != EH_OK)
		return err;
	if (life.used > c->used)
		c->used = life.used;
	if (life.burned > c->burned)
		c->burned = life.burned;
	if (life.is_written_off) {
		c->is_written_off = 1;
		c->lost = life.written_off.outstanding;
	}
	if ((life.state == EH_LIFE_SIGNED ||
	        life.state == EH_LIFE_INSTALLED) && a->devices > *mostp)
		*mostp = a->devices;
	return EH_OK;
}

int
eh_life_chain(struct eh_store *store, const struct eh_store_authorization *tip,
    struct eh_chain *c, struct eh_error *error)
{
	struct eh_store_authorization a = *tip;
	struct eh_receipt *receipt;
	uint64_t most = 0;
	int err;

	memset(c, 0, sizeof(*c));
	c->tip = *tip;
	if ((err = eh_store_get_hsm_by_id(
	         store, tip->hsm, &c->hsm, error)) != EH_OK ||
	    (err = eh_life_receipt(store, tip->hsm, &receipt, error)) != EH_OK)
		return err;
	err = add(store, &a, receipt, c, &most, error);
	while (err == EH_OK && a.has_supersedes) {
		uint8_t id[EH_ID_LEN];

		memcpy(id, a.supersedes, EH_ID_LEN);
		err = eh_store_get_authorization(store, id, &a, error);
		if (err == EH_OK)
			err = add(store, &a, receipt, c, &most, error);
	}
	free(receipt);
	c->open = !c->is_written_off && most > c->used + c->burned;
	c->taken = c->is_written_off ? c->used
	    : c->open		     ? most
				     : c->used + c->burned;
	return err;
}

int
eh_life_tip(struct eh_store *store, struct eh_store_authorization *a,
    struct eh_error *error)
{
	int err = EH_OK, found = 1;

	while (err == EH_OK && found)
		err = eh_store_get_successor(store, a, &found, error);
	return err;
}

/* The authorizations of an order, or of an EdgeHSM, that nothing supersedes. */
struct tips {
	struct eh_store *store;
	struct eh_store_authorization *tip;
	size_t n;
	struct eh_error *error;
};

static int
add_tip(void *arg, const struct eh_store_authorization *a)
{
	struct tips *t = arg;
	struct eh_store_authorization next = *a, *more;
	int found, err;

	err = eh_store_get_successor(t->store, &next, &found, t->error);
	if (err != EH_OK || found)
		return err;
	more = reallocarray(t->tip, t->n + 1, sizeof(*more));
	if (more == NULL)
		return eh_error_set(t->error, EH_ERR_MEMORY, "out of memory");
	t->tip = more;
	t->tip[t->n++] = *a;
	return EH_OK;
}

static int
each_chain(struct tips *t, int err,
    int (*each)(void *arg, const struct eh_chain *), void *arg)
{
	struct eh_chain chain;

	for (size_t i = 0; err == EH_OK && i < t->n; i++) {
		err = eh_life_chain(t->store, &t->tip[i], &chain, t->error);
		if (err == EH_OK)
			err = each(arg, &chain);
	}
	free(t->tip);
	return err;
}

int
eh_life_each_chain(struct eh_store *store, const char *order,
    int (*each)(void *arg, const struct eh_chain *), void *arg,
    struct eh_error *error)
{
	struct tips t = { .store = store, .error = error };
	int err = eh_store_each_of_order(store, order, add_tip, &t, error);

	return each_chain(&t, err, each, arg);
}

int
eh_life_each_chain_at(struct eh_store *store,
    const uint8_t hsm[EH_HSM_ID_LEN],
    int (*each)(void *arg, const struct eh_chain *), void *arg,
    struct eh_error *error)
{
	struct tips t = { .store = store, .error = error };
	int err = eh_store_each_of_hsm(store, hsm, add_tip, &t, error);

	return each_chain(&t, err, each, arg);
}

static int
add_up(void *arg, const struct eh_chain *c)
{
	struct eh_order_sum *sum = arg;

	sum->used += c->used;
	sum->burned += c->burned;
	sum->taken += c->taken;
	sum->written_off += c->lost;
	if (c->open)
		sum->open += c->taken - c->used - c->burned;
	return EH_OK;
}

int
eh_life_sum(struct eh_store *store, const char *order,
    struct eh_order_sum *sum, struct eh_error *error)
{
	memset(sum, 0, sizeof(*sum));
	return eh_life_each_chain(store, order, add_up, sum, error);
}

/* --- by name --- */

static int
find_id(struct eh_store *store, const struct eh_hsm *hsm,
    const uint8_t id[EH_ID_LEN], struct eh_store_authorization *a,
    struct eh_error *error)
{
	int err = eh_store_get_authorization(store, id, a, error);

	if (err == EH_OK && memcmp(a->hsm, hsm->id, EH_HSM_ID_LEN) != 0)
		err = eh_error_set(error, EH_ERR_NOT_FOUND,
		    "this authorization is not one for %s", hsm->name);
	return err == EH_OK ? eh_life_tip(store, a, error) : err;
}

struct search {
	const struct eh_hsm *hsm;
	struct eh_store_authorization *found;
	unsigned n;
};

static int
match(void *arg, const struct eh_chain *c)
{
	struct search *s = arg;

	if (c->open && memcmp(c->hsm.id, s->hsm->id, EH_HSM_ID_LEN) == 0) {
		*s->found = c->tip;
		s->n++;
	}
	return EH_OK;
}

int
eh_life_find(struct eh_store *store, const struct eh_hsm *hsm,
    const char *text, struct eh_store_authorization *a,
    struct eh_error *error)
{
	struct search s = { .hsm = hsm, .found = a };
	uint8_t id[EH_ID_LEN];
	int err;

	memset(a, 0, sizeof(*a));
	if (eh_hex_decode_fixed(text, id, sizeof(id)) == EH_OK)
		return find_id(store, hsm, id, a, error);
	if ((err = eh_life_each_chain(store, text, match, &s, error)) != EH_OK)
		return err;
	if (s.n == 1)
		return EH_OK;
	return s.n == 0
	    ? eh_error_set(error, EH_ERR_NOT_FOUND,
		  "%s has no authorization %s that is open; edgehsm-authority "
		  "show lists them with their ids", hsm->name, text)
	    : eh_error_set(error, EH_ERR_ARGUMENT,
		  "%s has %u authorizations %s that are open: name one by its "
		  "id, which edgehsm-authority show prints", hsm->name, s.n,
		  text);
}
