/* SPDX-License-Identifier: Apache-2.0 */
/* pin.c - PINs, and the wait after wrong ones. */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "common/crypto/kdf.h"
#include "common/crypto/mac.h"
#include "common/ct.h"
#include "common/log.h"
#include "common/wipe.h"
#include "quota-engine/health.h"
#include "quota-engine/pin.h"
#include "quota-engine/rng.h"
#include "quota-engine/selftest.h"

#define NAME	     "pins"
#define FILE_MAX     4096u
#define FILE_LABEL   "EdgeHSM-pins-v1"
#define TICKET_LABEL "EdgeHSM-ticket-v1"
#define MS_MAX	     EH_U53_MAX

/* How often a user was wrong since he was right, and when last, in ms since the
 * machine booted. */
struct user {
	uid_t uid;
	unsigned wrong;
	uint64_t at;
};

/* A try that is being judged, in the memory of who judges it. */
struct trying {
	uid_t uid;
	struct trying *next;
};

struct eh_pins {
	struct eh_engine *engine;
	struct eh_os *os;
	/* Of all that follows.  It is not held while a PIN is hashed: whoever
	 * tries many makes himself wait and nobody else. */
	pthread_mutex_t lock;
	pthread_cond_t judged;
	struct trying *trying; /* at most one of each user */
	uint8_t file_key[EH_SHA256_LEN];
	uint8_t ticket_key[EH_SHA256_LEN];
	uint8_t boot_id[EH_ID_LEN];
	uint64_t hold; /* ms: nobody is judged before */
	struct user user[EH_PIN_USERS];
	unsigned nusers;
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
	p->os = os;
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

static uint64_t
now_ms(struct eh_pins *p)
{
	struct eh_clock_reading now;

	/* Without a clock every wait is at its beginning. */
	if (p->os->clocks(p->os->arg, &now) != EH_OK)
		return 0;
	memcpy(p->boot_id, now.boot_id, sizeof(p->boot_id));
	return now.boottime / 1000000;
}

static void
derive_keys(struct eh_pins *p, const uint8_t key[EH_DIGEST_LEN])
{
	eh_hmac_sha256(key, EH_DIGEST_LEN, FILE_LABEL, strlen(FILE_LABEL),
	    p->file_key);
	eh_hmac_sha256(key, EH_DIGEST_LEN, TICKET_LABEL, strlen(TICKET_LABEL),
	    p->ticket_key);
}

/* --- the file: { 0 => 1, 1 => boot id, 2 => [ * [ uid, wrong, at ] ] }, MAC --- */

static int
save(struct eh_pins *p, struct eh_error *error)
{
	uint8_t bytes[FILE_MAX];
	struct eh_writer w;
	size_t len = 0;
	int err;

	eh_writer_init(&w, bytes, sizeof(bytes) - EH_SHA256_LEN);
	eh_cbor_put_map(&w, 3);
	eh_cbor_put_uint(&w, 0);
	eh_cbor_put_uint(&w, 1);
	eh_cbor_put_uint(&w, 1);
	eh_cbor_put_bytes(&w, p->boot_id, sizeof(p->boot_id));
	eh_cbor_put_uint(&w, 2);
	eh_cbor_put_array(&w, p->nusers);
	for (unsigned i = 0; i < p->nusers; i++) {
		eh_cbor_put_array(&w, 3);
		eh_cbor_put_uint(&w, p->user[i].uid);
		eh_cbor_put_uint(&w, p->user[i].wrong);
		eh_cbor_put_uint(&w, p->user[i].at);
	}
	if ((err = eh_writer_end(&w, &len)) == EH_OK) {
		eh_hmac_sha256(p->file_key, sizeof(p->file_key), bytes, len,
		    bytes + len);
		err = eh_os_save(p->os, NAME, bytes, len + EH_SHA256_LEN);
	}
	if (err != EH_OK)
		return eh_error_set(error, EH_ERR_STORAGE,
		    "the count of wrong PINs cannot be written to the state "
		    "folder (file %s), so no PIN is looked at: is its disk full?",
		    NAME);
	return EH_OK;
}

static int
decode(struct eh_pins *p, const uint8_t *bytes, size_t len,
    uint8_t boot_id[EH_ID_LEN])
{
	struct eh_cbor c;
	size_t n;

	eh_cbor_init(&c, bytes, len, 8 + 4 * EH_PIN_USERS);
	eh_cbor_map(&c, 3, 3);
	eh_cbor_key(&c, 0);
	eh_cbor_uint(&c, 1, 1);
	eh_cbor_key(&c, 1);
	eh_cbor_fixed(&c, boot_id, EH_ID_LEN);
	eh_cbor_key(&c, 2);
	n = eh_cbor_array(&c, 0, EH_PIN_USERS);
	for (size_t i = 0; i < n; i++) {
		eh_cbor_array(&c, 3, 3);
		p->user[i].uid = (uid_t)eh_cbor_uint(&c, 0, UINT32_MAX);
		p->user[i].wrong = (unsigned)eh_cbor_uint(&c, 1, 1000000);
		p->user[i].at = eh_cbor_uint(&c, 0, MS_MAX);
		eh_cbor_leave(&c);
	}
	eh_cbor_leave(&c);
	eh_cbor_leave(&c);
	p->nusers = (unsigned)n;
	return eh_cbor_end(&c);
}

static int
load(struct eh_pins *p, uint8_t boot_id[EH_ID_LEN])
{
	uint8_t mac[EH_SHA256_LEN];
	struct eh_buf file;
	size_t len;
	int err;

	eh_buf_init(&file, FILE_MAX);
	err = eh_os_load(p->os, NAME, &file);
	if (err == EH_OK && file.len < sizeof(mac))
		err = EH_ERR_FORMAT;
	if (err == EH_OK) {
		len = file.len - sizeof(mac);
		eh_hmac_sha256(
		    p->file_key, sizeof(p->file_key), file.data, len, mac);
		err = eh_ct_equal(mac, file.data + len, sizeof(mac))
		    ? decode(p, file.data, len, boot_id)
		    : EH_ERR_SIGNATURE;
	}
	eh_buf_free(&file);
	return err;
}

void
eh_pins_open(struct eh_pins *p, const uint8_t key[EH_DIGEST_LEN])
{
	uint8_t boot_id[EH_ID_LEN];
	uint64_t now;

	pthread_mutex_lock(&p->lock);
	derive_keys(p, key);
	now = now_ms(p);
	if (load(p, boot_id) != EH_OK) {
		p->nusers = 0;
		p->hold = now + EH_PIN_DELAY * UINT64_C(1000);
		eh_log(EH_LOG_WARNING,
		    "the count of wrong PINs (file %s of the state folder) is "
		    "missing or forged: nobody can log in for %u s",
		    NAME, EH_PIN_DELAY);
	} else if (memcmp(boot_id, p->boot_id, sizeof(boot_id)) != 0)
		/* The machine has booted since: at least its uptime is over. */
		for (unsigned i = 0; i < p->nusers; i++)
			p->user[i].at = 0;
	pthread_mutex_unlock(&p->lock);
}

int
eh_pins_create(struct eh_pins *p, const uint8_t key[EH_DIGEST_LEN],
    struct eh_error *error)
{
	int err;

	pthread_mutex_lock(&p->lock);
	derive_keys(p, key);
	now_ms(p);
	p->nusers = 0;
	p->hold = 0;
	err = save(p, error);
	pthread_mutex_unlock(&p->lock);
	return err;
}

/* --- waiting --- */

/* How long after the last wrong try the next one is looked at, in ms. */
static uint64_t
delay_of(unsigned wrong)
{
	uint64_t s = 1;

	if (wrong < EH_PIN_FREE)
		return 0;
	for (unsigned i = EH_PIN_FREE; i < wrong && s < EH_PIN_DELAY; i++)
		s *= 2;
	return 1000 * (s < EH_PIN_DELAY ? s : EH_PIN_DELAY);
}

static struct user *
find(struct eh_pins *p, uid_t uid)
{
	for (unsigned i = 0; i < p->nusers; i++)
		if (p->user[i].uid == uid)
			return &p->user[i];
	return NULL;
}

/* Milliseconds that ${uid} has to wait. */
static uint64_t
wait_of(struct eh_pins *p, uid_t uid, uint64_t now)
{
	const struct user *u = find(p, uid);
	uint64_t until = p->hold;

	if (u != NULL && u->at + delay_of(u->wrong) > until)
		until = u->at + delay_of(u->wrong);
	return until > now ? until - now : 0;
}

unsigned
eh_pins_wait(struct eh_pins *p, uid_t uid)
{
	uint64_t ms;

	pthread_mutex_lock(&p->lock);
	ms = wait_of(p, uid, now_ms(p));
	pthread_mutex_unlock(&p->lock);
	return (unsigned)((ms + 999) / 1000);
}

/* A place for a user who was not wrong before; a table that is full forgets who
 * was wrong the least. */
static struct user *
place_for(struct eh_pins *p, uid_t uid)
{
	struct user *u = &p->user[0];

	if (p->nusers < EH_PIN_USERS)
		u = &p->user[p->nusers++];
	else
		for (unsigned i = 1; i < p->nusers; i++)
			if (p->user[i].wrong < u->wrong)
				u = &p->user[i];
	u->uid = uid;
	u->wrong = 0;
	return u;
}

static unsigned
count_try(struct eh_pins *p, uid_t uid, uint64_t now)
{
	struct user *u = find(p, uid);

	if (u == NULL)
		u = place_for(p, uid);
	u->at = now;
	return ++u->wrong;
}

static void
forgive(struct eh_pins *p, uid_t uid)
{
	struct user *u = find(p, uid);

	if (u != NULL)
		*u = p->user[--p->nusers];
}

/* --- PINs --- */

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
	if (wrong < EH_PIN_FREE)
		return eh_error_set(error, EH_DENIED_PIN,
		    "wrong PIN of %s (try %u; after %u each waits)",
		    eh_pins_role_text(role), wrong, EH_PIN_FREE);
	return eh_error_set(error, EH_DENIED_PIN,
	    "wrong PIN of %s (try %u): the next one is looked at in %u s",
	    eh_pins_role_text(role), wrong,
	    (unsigned)(delay_of(wrong) / 1000));
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

/* Locked: count the try, durably, or refuse to look at it. */
static int
admit(struct eh_pins *p, uid_t uid, unsigned *wrongp, struct eh_error *error)
{
	uint64_t now = now_ms(p), wait = wait_of(p, uid, now);
	struct user before[EH_PIN_USERS];
	unsigned nbefore = p->nusers;
	int err;

	if (wait > 0)
		return eh_error_set(error, EH_DENIED_PIN_DELAY,
		    "too many wrong PINs by user %u: wait %u s; this one was "
		    "not looked at",
		    (unsigned)uid, (unsigned)((wait + 999) / 1000));
	memcpy(before, p->user, sizeof(before));
	*wrongp = count_try(p, uid, now);
	if ((err = save(p, error)) != EH_OK) {
		/* Not looked at, so not wrong either. */
		memcpy(p->user, before, sizeof(before));
		p->nusers = nbefore;
	}
	return err;
}

/* Locked, but not while the PIN is hashed. */
static int
check(struct eh_pins *p, uid_t uid, enum eh_wire_role role, const uint8_t *pin,
    size_t len, const struct eh_state_pin *verifier, struct eh_error *error)
{
	unsigned wrong = 0;
	int err;

	if ((err = admit(p, uid, &wrong, error)) != EH_OK)
		return err;
	pthread_mutex_unlock(&p->lock);
	err = judge(verifier, role, pin, len, wrong, error);
	pthread_mutex_lock(&p->lock);
	if (err == EH_OK) {
		forgive(p, uid);
		err = save(p, error);
	}
	return err;
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

/* --- tickets: version, role, uid, generation, random, MAC --- */

#define TICKET_VERSION 1
#define TICKET_RANDOM  16

int
eh_pins_ticket(struct eh_pins *p, uid_t uid, enum eh_wire_role role,
    uint32_t generation, uint8_t ticket[EH_TICKET_LEN])
{
	uint8_t random[TICKET_RANDOM];
	struct eh_writer w;
	size_t len = 0;
	int err;

	if ((err = eh_rng_fill(random, sizeof(random))) != EH_OK)
		return err;
	eh_writer_init(&w, ticket, EH_TICKET_LEN - EH_SHA256_LEN);
	eh_writer_u8(&w, TICKET_VERSION);
	eh_writer_u8(&w, (uint8_t)role);
	eh_writer_u32(&w, uid);
	eh_writer_u32(&w, generation);
	eh_writer_bytes(&w, random, sizeof(random));
	if ((err = eh_writer_end(&w, &len)) == EH_OK)
		eh_hmac_sha256(p->ticket_key, sizeof(p->ticket_key), ticket,
		    len, ticket + len);
	return err;
}

int
eh_pins_ticket_check(struct eh_pins *p, uid_t uid, const uint8_t *ticket,
    size_t len, enum eh_wire_role *rolep, uint32_t *generationp)
{
	uint8_t mac[EH_SHA256_LEN], random[TICKET_RANDOM];
	const size_t body = EH_TICKET_LEN - EH_SHA256_LEN;
	uint32_t owner, generation;
	struct eh_reader r;
	unsigned version, role;

	*rolep = EH_ROLE_OPERATOR;
	*generationp = 0;
	if (len != EH_TICKET_LEN)
		return EH_DENIED_LOGIN;
	eh_hmac_sha256(
	    p->ticket_key, sizeof(p->ticket_key), ticket, body, mac);
	if (!eh_ct_equal(mac, ticket + body, sizeof(mac)))
		return EH_DENIED_LOGIN;
	eh_reader_init(&r, ticket, body);
	version = eh_reader_u8(&r);
	role = eh_reader_u8(&r);
	owner = eh_reader_u32(&r);
	generation = eh_reader_u32(&r);
	eh_reader_bytes(&r, random, sizeof(random));
	if (eh_reader_end(&r) != EH_OK || version != TICKET_VERSION ||
	    (role != EH_ROLE_OFFICER && role != EH_ROLE_OPERATOR) ||
	    owner != uid || generation == 0 ||
	    generation != eh_pins_generation(p, (enum eh_wire_role)role))
		return EH_DENIED_LOGIN;
	*rolep = (enum eh_wire_role)role;
	*generationp = generation;
	return EH_OK;
}
