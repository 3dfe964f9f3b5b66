/* SPDX-License-Identifier: Apache-2.0 */
/* counts.c - which count of the TPM a signature draws on, and whether the TPM's
 * counts agree with the log. */
#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/ecdsa.h"
#include "common/log.h"
#include "common/wipe.h"
#include "quota-engine/counts.h"

/* What the TPM said of an index last, and what we have used since. */
struct known {
	struct eh_count_index index;	/* handle 0: empty place */
	struct eh_counted_view view;
};

struct eh_counts {
	struct eh_engine *engine;
	struct eh_counted *tpm;
	pthread_mutex_t lock;		/* one signature at a time */
	struct known known[EH_STATE_COUNTS];
	struct eh_state_count list[EH_STATE_COUNTS]; /* copy, under the lock */
};

int
eh_counts_new(struct eh_engine *engine, struct eh_counted *tpm,
    struct eh_counts **countsp)
{
	struct eh_counts *c = calloc(1, sizeof(*c));

	if ((*countsp = c) == NULL)
		return EH_ERR_MEMORY;
	c->engine = engine;
	c->tpm = tpm;
	pthread_mutex_init(&c->lock, NULL);
	return EH_OK;
}

void
eh_counts_free(struct eh_counts *c)
{
	if (c == NULL)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c);
}

struct eh_counted *
eh_counts_tpm(struct eh_counts *c)
{
	return c->tpm;
}

struct eh_engine *
eh_counts_engine(struct eh_counts *c)
{
	return c->engine;
}

/* --- what is known of the indexes --- */

static void
copy_list(struct eh_counts *c)
{
	memcpy(c->list, eh_engine_lock(c->engine)->count, sizeof(c->list));
	eh_engine_unlock(c->engine);
}

static struct known *
known_of(struct eh_counts *c, const struct eh_count_index *index)
{
	struct known *free_place = NULL;

	for (unsigned i = 0; i < EH_STATE_COUNTS; i++) {
		if (memcmp(&c->known[i].index, index, sizeof(*index)) == 0)
			return &c->known[i];
		if (c->known[i].index.handle == 0)
			free_place = &c->known[i];
	}
	return free_place;
}

/* Forget indexes that the state does not name any more. */
static void
forget(struct eh_counts *c)
{
	for (unsigned i = 0; i < EH_STATE_COUNTS; i++) {
		unsigned n = 0;

		while (n < EH_STATE_COUNTS && (!c->list[n].used ||
		    memcmp(&c->list[n].index, &c->known[i].index,
		        sizeof(c->known[i].index)) != 0))
			n++;
		if (n == EH_STATE_COUNTS)
			memset(&c->known[i], 0, sizeof(c->known[i]));
	}
}

static int
look(struct eh_counts *c, const struct eh_state_count *n, struct known **kp,
    struct eh_error *error)
{
	struct known *k = known_of(c, &n->index);
	int err;

	if ((*kp = k) == NULL)
		return eh_error_set(error, EH_ERR_INTERNAL,
		    "more counts than there can be");
	err = eh_counted_look(
	    c->tpm, &n->count_key, &n->index, &k->view, error);
	if (err == EH_OK)
		k->index = n->index;
	else
		memset(k, 0, sizeof(*k));
	return err;
}

static int
known_or_look(struct eh_counts *c, const struct eh_state_count *n,
    struct known **kp, struct eh_error *error)
{
	*kp = known_of(c, &n->index);
	if (*kp != NULL && (*kp)->index.handle != 0)
		return EH_OK;
	return look(c, n, kp, error);
}

/* --- burning --- */

struct burning {
	struct eh_count_index index;
	uint32_t uses;
};

static int
apply_burn(struct eh_state *state, void *arg, struct eh_error *error)
{
	const struct burning *b = arg;
	struct eh_state_count *n = eh_state_count(state, &b->index);

	(void)error;
	if (n != NULL)
		n->burned += b->uses < n->limit - n->burned ?
		    b->uses : n->limit - n->burned;
	return EH_OK;
}

/* ${uses} of this index that no record stands for.  When it cannot be written
 * down now, the next start finds it again. */
static int
burn(struct eh_counts *c, const struct eh_state_count *n, uint32_t uses,
    struct eh_error *error)
{
	struct burning b = { n->index, uses };
	struct eh_change change = { .change = apply_burn, .arg = &b };

	if (uses == 0)
		return EH_OK;
	if (n->has_authorization)
		eh_log(EH_LOG_WARNING, "the TPM counted %u uses of an issuing "
		    "key (index 0x%08x) that no record stands for: they are "
		    "burned", uses, n->index.handle);
	return eh_engine_change(c->engine, &change, error);
}

/* After something went wrong: what did it cost? */
static void
settle(struct eh_counts *c, const struct eh_state_count *n)
{
	struct known *k = known_of(c, &n->index);
	uint32_t before = k->view.count;

	if (look(c, n, &k, NULL) == EH_OK &&
	    k->view.state == EH_COUNTED_WRITTEN && k->view.count > before)
		(void)burn(c, n, k->view.count - before, NULL);
}

/* --- signing --- */

int
eh_counts_same(const struct eh_state_count *n, const struct eh_count_for *use)
{
	if (n->has_authorization != use->has_authorization)
		return 0;
	if (n->has_authorization)
		return memcmp(n->authorization, use->authorization,
		    EH_ID_LEN) == 0;
	return memcmp(n->keys[0], use->keys[0], EH_DIGEST_LEN) == 0;
}

/* The approval of ${n} for this key, or NULL. */
static const uint8_t *
approval_of(
    const struct eh_state_count *n, const uint8_t digest[EH_DIGEST_LEN])
{
	for (unsigned i = 0; n->is_approved && i < n->nkeys; i++)
		if (memcmp(n->keys[i], digest, EH_DIGEST_LEN) == 0)
			return n->approvals[i];
	return NULL;
}

static int
sign_with(struct eh_counts *c, const struct eh_state_count *n,
    const struct eh_state_key *key, const uint8_t *approval,
    const uint8_t digest[EH_DIGEST_LEN], uint8_t signature[EH_SIGNATURE_LEN],
    struct eh_error *error)
{
	struct eh_counted_key made = { .count_key = key->count_key };
	struct known *k = known_of(c, &n->index);
	int err, spent = 0;

	memcpy(made.ref, key->backend, EH_COUNT_REF);
	err = eh_counted_sign(c->tpm, &made, &n->index, approval, digest,
	    signature, &spent, error);
	if (err == EH_OK && eh_p256_verify_digest(
	    key->key.bytes, digest, signature) != EH_OK)
		err = eh_error_set(error, EH_ERR_SIGNATURE,
		    "the TPM gave a signature that does not verify");
	if (err != EH_OK) {
		eh_wipe(signature, EH_SIGNATURE_LEN);
		settle(c, n);
		return err;
	}
	k->view.count++;
	/* A key's own uses have no other book. */
	return n->has_authorization ? EH_OK : burn(c, n, 1, error);
}

static int
none_left(const struct eh_state_key *key, const uint8_t *authorization,
    uint32_t used, uint32_t limit, struct eh_error *error)
{
	const char *option = authorization != NULL ? "--authorization" :
						     "--key";

	if (limit == 0)
		return eh_error_set(error, EH_DENIED_QUOTA,
		    "key %s is counted by the TPM, and has no count %s: ask "
		    "the OEM with `edgehsm token count %s`", key->label,
		    authorization != NULL ? "for this authorization" :
		    "for its own requests and revocation lists", option);
	return eh_error_set(error, EH_DENIED_QUOTA,
	    "quota exhausted: the TPM counted %u of %u uses of key %s%s; the "
	    "OEM can give more: %s", used, limit, key->label,
	    authorization != NULL ? " under this authorization" :
	    " for its own requests and revocation lists",
	    authorization != NULL ? "edgehsm-authority authorize" :
	    "edgehsm token count --key, edgehsm-authority count");
}

/* Locked. */
static int
sign(struct eh_counts *c, const struct eh_state_key *key,
    const struct eh_count_for *use, const uint8_t digest[EH_DIGEST_LEN],
    uint8_t signature[EH_SIGNATURE_LEN], struct eh_error *error)
{
	uint32_t used = 0, limit = 0;
	const uint8_t *approval;
	struct known *k;
	int err;

	copy_list(c);
	forget(c);
	for (unsigned i = 0; i < EH_STATE_COUNTS; i++) {
		const struct eh_state_count *n = &c->list[i];

		if (!n->used || !eh_counts_same(n, use) ||
		    (approval = approval_of(n, key->digest)) == NULL)
			continue;
		if ((err = known_or_look(c, n, &k, error)) != EH_OK)
			return err;
		if (k->view.state != EH_COUNTED_WRITTEN)
			continue;
		used += k->view.count;
		limit += k->view.limit;
		if (k->view.count >= k->view.limit)
			continue;
		err = sign_with(
		    c, n, key, approval, digest, signature, error);
		if (err != EH_DENIED_QUOTA)
			return err;
		used += k->view.limit - k->view.count;
	}
	return none_left(key, use->has_authorization ? use->authorization :
	    NULL, used, limit, error);
}

int
eh_counts_sign(struct eh_counts *c, const struct eh_state_key *key,
    const uint8_t *authorization, const uint8_t digest[EH_DIGEST_LEN],
    uint8_t signature[EH_SIGNATURE_LEN], struct eh_error *error)
{
	struct eh_count_for use = { .nkeys = 1 };
	int err;

	memset(signature, 0, EH_SIGNATURE_LEN);
	if (c->tpm == NULL)
		return eh_error_set(error, EH_DENIED_KEY,
		    "key %s rests in a TPM, and edgehsm.conf names none "
		    "(backend.issuing)", key->label);
	memcpy(use.keys[0], key->digest, EH_DIGEST_LEN);
	if (authorization != NULL) {
		use.has_authorization = 1;
		memcpy(use.authorization, authorization, EH_ID_LEN);
	}
	pthread_mutex_lock(&c->lock);
	err = sign(c, key, &use, digest, signature, error);
	pthread_mutex_unlock(&c->lock);
	return err;
}

void
eh_counts_lost(struct eh_counts *c, const uint8_t *authorization)
{
	pthread_mutex_lock(&c->lock);
	copy_list(c);
	for (unsigned i = 0; i < EH_STATE_COUNTS; i++)
		if (c->list[i].used && c->list[i].has_authorization &&
		    c->list[i].burned < c->list[i].limit &&
		    memcmp(c->list[i].authorization, authorization,
		        EH_ID_LEN) == 0) {
			(void)burn(c, &c->list[i], 1, NULL);
			break;
		}
	pthread_mutex_unlock(&c->lock);
}

/* --- against the log, at start --- */

/* U: records under this authorization; 0 without such a row. */
static uint64_t
recorded(struct eh_counts *c, const uint8_t id[EH_ID_LEN])
{
	const struct eh_state *state = eh_engine_lock(c->engine);
	uint64_t n = 0;

	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (state->row[i].state != EH_ROW_FREE &&
		    memcmp(state->row[i].id, id, EH_ID_LEN) == 0)
			n = state->row[i].op[EH_OP_ISSUE].count.used +
			    state->row[i].op[EH_OP_REISSUE].count.used;
	eh_engine_unlock(c->engine);
	return n;
}

static int
turned_back(uint64_t says, uint64_t must, struct eh_error *error)
{
	return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
	    "the TPM counts %" PRIu64 " uses of an issuing key where the log "
	    "has %" PRIu64 ": it was turned back, or it is another TPM; this "
	    "EdgeHSM is over: the OEM writes it off (edgehsm-authority "
	    "write-off)", says, must);
}

/* All counts of one authorization, of which entry ${first} is the first. */
static int
compare(struct eh_counts *c, unsigned first, struct eh_error *error)
{
	const struct eh_state_count *n = &c->list[first];
	uint64_t says = 0, burned = 0, must;
	struct known *k;
	int is_whole = 1, err;

	for (unsigned i = first; i < EH_STATE_COUNTS; i++) {
		if (!c->list[i].used || !c->list[i].has_authorization ||
		    memcmp(c->list[i].authorization, n->authorization,
		        EH_ID_LEN) != 0)
			continue;
		if ((err = look(c, &c->list[i], &k, error)) != EH_OK)
			return err;
		if (k->view.state == EH_COUNTED_WRITTEN)
			says += k->view.count;
		else if (c->list[i].is_approved)
			is_whole = 0;
		burned += c->list[i].burned;
	}
	must = recorded(c, n->authorization) + burned;
	if (is_whole && says < must)
		return turned_back(says, must, error);
	for (unsigned i = first; says > must && i < EH_STATE_COUNTS; i++) {
		uint64_t room = c->list[i].limit - c->list[i].burned;

		if (!c->list[i].used || !c->list[i].has_authorization ||
		    memcmp(c->list[i].authorization, n->authorization,
		        EH_ID_LEN) != 0)
			continue;
		if (room > says - must)
			room = says - must;
		if ((err = burn(c, &c->list[i], (uint32_t)room, error)) !=
		    EH_OK)
			return err;
		must += room;
	}
	return EH_OK;
}

static int
compare_own(struct eh_counts *c, unsigned i, struct eh_error *error)
{
	const struct eh_state_count *n = &c->list[i];
	struct known *k;
	int err = look(c, n, &k, error);

	if (err != EH_OK || k->view.state != EH_COUNTED_WRITTEN)
		return err;
	if (k->view.count < n->burned)
		return turned_back(k->view.count, n->burned, error);
	return burn(c, n, k->view.count - n->burned, error);
}

/* Is ${i} the first entry of its authorization? */
static int
is_first(const struct eh_counts *c, unsigned i)
{
	for (unsigned j = 0; j < i; j++)
		if (c->list[j].used && c->list[j].has_authorization &&
		    memcmp(c->list[j].authorization, c->list[i].authorization,
		        EH_ID_LEN) == 0)
			return 0;
	return 1;
}

int
eh_counts_load(struct eh_counts *c, struct eh_error *error)
{
	int err = EH_OK;

	pthread_mutex_lock(&c->lock);
	copy_list(c);
	for (unsigned i = 0; err == EH_OK && i < EH_STATE_COUNTS; i++) {
		if (!c->list[i].used)
			continue;
		if (c->tpm == NULL)
			err = eh_error_set(error, EH_ERR_BACKEND,
			    "issuing keys are counted by a TPM, and "
			    "edgehsm.conf names none (backend.issuing)");
		else if (!c->list[i].has_authorization)
			err = compare_own(c, i, error);
		else if (is_first(c, i))
			err = compare(c, i, error);
	}
	pthread_mutex_unlock(&c->lock);
	return err;
}

int
eh_counts_profile(struct eh_counts *c, const struct eh_profile *profile,
    struct eh_error *error)
{
	const struct eh_state *state = eh_engine_lock(c->engine);
	unsigned counted = 0;

	for (unsigned t = 0; t < profile->templates; t++)
		for (unsigned i = 0; i < EH_STATE_KEYS; i++)
			if (state->key[i].object != 0 &&
			    state->key[i].custody == EH_CUSTODY_COUNTED &&
			    memcmp(state->key[i].digest,
			        profile->template[t].issuer,
			        EH_DIGEST_LEN) == 0)
				counted++;
	eh_engine_unlock(c->engine);
	if (counted == 0 || counted == profile->templates)
		return counted > 0;
	return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
	    "profile %s names issuing keys that a TPM counts and others that "
	    "it does not: an authorization is counted whole or not at all",
	    profile->name);
}
