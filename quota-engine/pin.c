/* SPDX-License-Identifier: Apache-2.0 */
/* pin.c - PINs: made, set, and judged one try of a user after the other. */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/kdf.h"
#include "common/ct.h"
#include "common/wipe.h"
#include "quota-engine/health.h"
#include "quota-engine/pin.h"
#include "quota-engine/rng.h"
#include "quota-engine/selftest.h"
#include "quota-engine/ticket.h"
#include "quota-engine/tries.h"

/* A try that is being judged, in the memory of who judges it. */
struct trying {
	uid_t uid;
	struct trying *next;
};

struct eh_pins {
	struct eh_engine *engine;
	/* Of all that follows.  It is not held while a PIN is hashed: whoever
	 * tries many makes himself wait and nobody else. */
	pthread_mutex_t lock;
	pthread_cond_t judged;
	struct trying *trying; /* at most one of each user */
	struct eh_tries tries;
	uint8_t ticket_key[EH_SHA256_LEN];
};

const char *
eh_pins_role_text(enum eh_wire_role role)
{
	return role == EH_ROLE_OFFICER ? "the security officer"
				       : "the operator";
}

int
eh_pins_new(
    struct eh_engine *engine, struct eh_os *os, struct eh_pins **pinsp)
{
	struct eh_pins *p = calloc(1, sizeof(*p));

	if ((*pinsp = p) == NULL)
		return EH_ERR_MEMORY;
	p->engine = engine;
	eh_tries_init(&p->tries, os);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->judged, NULL);
	return EH_OK;
}

void
eh_pins_free(struct eh_pins *p)
{
	if (p == NULL)
		return;
	pthread_cond_destroy(&p->judged);
	pthread_mutex_destroy(&p->lock);
	eh_wipe(p, sizeof(*p));
	free(p);
}

void
eh_pins_open(struct eh_pins *p, const uint8_t key[EH_DIGEST_LEN])
{
	pthread_mutex_lock(&p->lock);
	eh_ticket_key(key, p->ticket_key);
	eh_tries_open(&p->tries, key);
	pthread_mutex_unlock(&p->lock);
}

int
eh_pins_create(struct eh_pins *p, const uint8_t key[EH_DIGEST_LEN],
    struct eh_error *error)
{
	int err;

	pthread_mutex_lock(&p->lock);
	eh_ticket_key(key, p->ticket_key);
	err = eh_tries_create(&p->tries, key, error);
	pthread_mutex_unlock(&p->lock);
	return err;
}

unsigned
eh_pins_wait(struct eh_pins *p, uid_t uid)
{
	unsigned seconds;

	pthread_mutex_lock(&p->lock);
	seconds = eh_tries_wait(&p->tries, uid);
	pthread_mutex_unlock(&p->lock);
	return seconds;
}

/* One at a time, because each takes 16 MiB. */
static int
hash_pin(const uint8_t *pin, size_t len, const uint8_t salt[EH_STATE_SALT],
    uint8_t hash[EH_STATE_HASH])
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
	static int is_tested;
	struct eh_error error;
	int err = EH_OK;

	pthread_mutex_lock(&one);
	if (!is_tested) {
		eh_error_clear(&error);
		err = eh_selftest_pin(&eh_selftest_answers, &error);
		is_tested = err == EH_OK;
		if (err == EH_ERR_CRYPTO)
			eh_health_fail("%s", eh_error_sentence(&error));
	}
	if (err == EH_OK)
		err = eh_scrypt(
		    pin, len, salt, EH_STATE_SALT, hash, EH_STATE_HASH);
	pthread_mutex_unlock(&one);
	return err;
}

int
eh_pins_make(struct eh_state_pin *made, const uint8_t *pin, size_t len,
    struct eh_error *error)
{
	memset(made, 0, sizeof(*made));
	if (len < EH_PIN_MIN || len > EH_PIN_MAX)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "a PIN of %zu bytes: %u to %u are allowed", len,
		    EH_PIN_MIN, EH_PIN_MAX);
	if (eh_rng_fill(made->salt, sizeof(made->salt)) != EH_OK ||
	    hash_pin(pin, len, made->salt, made->hash) != EH_OK)
		return eh_error_set(error, EH_ERR_CRYPTO,
		    "no verifier can be made for the PIN: no memory or no "
		    "random numbers");
	made->set = 1;
	return EH_OK;
}

void
eh_pins_put(struct eh_state_pin *place, const struct eh_state_pin *made)
{
	uint32_t generation = place->generation + 1;

	if (made != NULL)
		*place = *made;
	else
		memset(place, 0, sizeof(*place));
	place->generation = generation;
}

struct set {
	enum eh_wire_role role;
	struct eh_state_pin made;
};

static int
apply_set(struct eh_state *state, void *arg, struct eh_error *error)
{
	struct set *set = arg;

	(void)error;
	eh_pins_put(&state->pin[set->role], &set->made);
	return EH_OK;
}

int
eh_pins_set(struct eh_pins *p, enum eh_wire_role role, const uint8_t *pin,
    size_t len, struct eh_error *error)
{
	struct set set = { .role = role };
	struct eh_change change = { .change = apply_set, .arg = &set };
	int err;

	if ((err = eh_pins_make(&set.made, pin, len, error)) == EH_OK)
		err = eh_engine_change(p->engine, &change, error);
	eh_wipe(&set, sizeof(set));
	return err;
}

static void
copy_verifier(
    struct eh_pins *p, enum eh_wire_role role, struct eh_state_pin *verifier)
{
	const struct eh_state *state = eh_engine_lock(p->engine);

	*verifier = state->pin[role];
	eh_engine_unlock(p->engine);
}

uint32_t
eh_pins_generation(struct eh_pins *p, enum eh_wire_role role)
{
	struct eh_state_pin verifier;
	uint32_t generation;

	copy_verifier(p, role, &verifier);
	generation = verifier.set ? verifier.generation : 0;
	eh_wipe(&verifier, sizeof(verifier));
	return generation;
}

/* The try has been counted; say what it was. */
static int
judge(const struct eh_state_pin *verifier, enum eh_wire_role role,
    const uint8_t *pin, size_t len, unsigned wrong, struct eh_error *error)
{
	uint8_t hash[EH_STATE_HASH];
	int right;

	if (hash_pin(pin, len, verifier->salt, hash) != EH_OK)
		return eh_error_set(error, EH_ERR_CRYPTO,
		    "the PIN cannot be checked: no memory");
	right = eh_ct_equal(hash, verifier->hash, sizeof(hash));
	eh_wipe(hash, sizeof(hash));
	if (right)
		return EH_OK;
	if (wrong < EH_TRIES_FREE)
		return eh_error_set(error, EH_DENIED_PIN,
		    "wrong PIN of %s (try %u; after %u each waits)",
		    eh_pins_role_text(role), wrong, EH_TRIES_FREE);
	return eh_error_set(error, EH_DENIED_PIN,
	    "wrong PIN of %s (try %u): the next one is looked at in %u s",
	    eh_pins_role_text(role), wrong,
	    eh_tries_delay(wrong));
}

/* Locked: wait for the turn of this user's try, and its end. */
static void
begin_try(struct eh_pins *p, struct trying *mine)
{
	const struct trying *t = p->trying;

	while (t != NULL)
		if (t->uid == mine->uid) {
			pthread_cond_wait(&p->judged, &p->lock);
			t = p->trying;
		} else
			t = t->next;
	mine->next = p->trying;
	p->trying = mine;
}

static void
end_try(struct eh_pins *p, struct trying *mine)
{
	struct trying **link = &p->trying;

	while (*link != mine)
		link = &(*link)->next;
	*link = mine->next;
	pthread_cond_broadcast(&p->judged);
}

/* Locked, but not while the PIN is hashed. */
static int
check(struct eh_pins *p, uid_t uid, enum eh_wire_role role, const uint8_t *pin,
    size_t len, const struct eh_state_pin *verifier, struct eh_error *error)
{
	unsigned wrong = 0;
	int err;

	if ((err = eh_tries_count(&p->tries, uid, &wrong, error)) != EH_OK)
		return err;
	pthread_mutex_unlock(&p->lock);
	err = judge(verifier, role, pin, len, wrong, error);
	pthread_mutex_lock(&p->lock);
	return err != EH_OK ? err : eh_tries_forgive(&p->tries, uid, error);
}

int
eh_pins_check(struct eh_pins *p, uid_t uid, enum eh_wire_role role,
    const uint8_t *pin, size_t len, uint32_t *generationp,
    struct eh_error *error)
{
	struct trying mine = { .uid = uid };
	struct eh_state_pin verifier;
	int err;

	*generationp = 0;
	copy_verifier(p, role, &verifier);
	if (!verifier.set)
		return eh_error_set(error, EH_DENIED_STATE,
		    "%s has no PIN yet%s", eh_pins_role_text(role),
		    role == EH_ROLE_OPERATOR
			? ": the security officer sets it (edgehsm token "
			  "set-pin)"
			: "");
	pthread_mutex_lock(&p->lock);
	begin_try(p, &mine);
	err = check(p, uid, role, pin, len, &verifier, error);
	end_try(p, &mine);
	pthread_mutex_unlock(&p->lock);
	if (err == EH_OK)
		*generationp = verifier.generation;
	eh_wipe(&verifier, sizeof(verifier));
	return err;
}

int
eh_pins_ticket(struct eh_pins *p, uid_t uid, enum eh_wire_role role,
    uint32_t generation, uint8_t ticket[EH_TICKET_LEN])
{
	struct eh_ticket_claim claim = { .uid = uid, .role = role,
		.generation = generation };

	return eh_ticket_make(p->ticket_key, &claim, ticket);
}

int
eh_pins_ticket_check(struct eh_pins *p, uid_t uid, const uint8_t *ticket,
    size_t len, enum eh_wire_role *rolep, uint32_t *generationp)
{
	struct eh_ticket_claim claim;

	*rolep = EH_ROLE_OPERATOR;
	*generationp = 0;
	if (eh_ticket_read(p->ticket_key, ticket, len, &claim) != EH_OK ||
	    claim.uid != uid || claim.generation == 0 ||
	    claim.generation != eh_pins_generation(p, claim.role))
		return EH_DENIED_LOGIN;
	*rolep = claim.role;
	*generationp = claim.generation;
	return EH_OK;
}
