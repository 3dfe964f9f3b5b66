/* SPDX-License-Identifier: Apache-2.0 */
/* tries.c - who was wrong with a PIN, how often, and how long that makes him
 * wait. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "common/crypto/mac.h"
#include "common/ct.h"
#include "common/log.h"
#include "quota-engine/tries.h"

#define NAME	   "pins"
#define FILE_MAX   4096u
#define FILE_LABEL "EdgeHSM-pins-v1"
#define MS_MAX	   EH_U53_MAX

void
eh_tries_init(struct eh_tries *t, struct eh_os *os)
{
	memset(t, 0, sizeof(*t));
	t->os = os;
}

static uint64_t
now_ms(struct eh_tries *t)
{
	struct eh_clock_reading now;

	/* Without a clock every wait is at its beginning. */
	if (t->os->clocks(t->os->arg, &now) != EH_OK)
		return 0;
	memcpy(t->boot_id, now.boot_id, sizeof(t->boot_id));
	return now.boottime / 1000000;
}

/* --- the file: { 0 => 1, 1 => boot id, 2 => [ * [ uid, wrong, at ] ] }, MAC --- */

static int
save(struct eh_tries *t, struct eh_error *error)
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
	eh_cbor_put_bytes(&w, t->boot_id, sizeof(t->boot_id));
	eh_cbor_put_uint(&w, 2);
	eh_cbor_put_array(&w, t->nusers);
	for (unsigned i = 0; i < t->nusers; i++) {
		eh_cbor_put_array(&w, 3);
		eh_cbor_put_uint(&w, t->user[i].uid);
		eh_cbor_put_uint(&w, t->user[i].wrong);
		eh_cbor_put_uint(&w, t->user[i].at);
	}
	if ((err = eh_writer_end(&w, &len)) == EH_OK) {
		eh_hmac_sha256(t->key, sizeof(t->key), bytes, len,
		    bytes + len);
		err = eh_os_save(t->os, NAME, bytes, len + EH_SHA256_LEN);
	}
	if (err != EH_OK)
		return eh_error_set(error, EH_ERR_STORAGE,
		    "the count of wrong PINs cannot be written to the state "
		    "folder (file %s), so no PIN is looked at: is its disk full?",
		    NAME);
	return EH_OK;
}

static int
decode(struct eh_tries *t, const uint8_t *bytes, size_t len,
    uint8_t boot_id[EH_ID_LEN])
{
	struct eh_cbor c;
	size_t n;

	eh_cbor_init(&c, bytes, len, 8 + 4 * EH_TRIES_USERS);
	eh_cbor_map(&c, 3, 3);
	eh_cbor_key(&c, 0);
	eh_cbor_uint(&c, 1, 1);
	eh_cbor_key(&c, 1);
	eh_cbor_fixed(&c, boot_id, EH_ID_LEN);
	eh_cbor_key(&c, 2);
	n = eh_cbor_array(&c, 0, EH_TRIES_USERS);
	for (size_t i = 0; i < n; i++) {
		eh_cbor_array(&c, 3, 3);
		t->user[i].uid = (uid_t)eh_cbor_uint(&c, 0, UINT32_MAX);
		t->user[i].wrong = (unsigned)eh_cbor_uint(&c, 1, 1000000);
		t->user[i].at = eh_cbor_uint(&c, 0, MS_MAX);
		eh_cbor_leave(&c);
	}
	eh_cbor_leave(&c);
	eh_cbor_leave(&c);
	t->nusers = (unsigned)n;
	return eh_cbor_end(&c);
}

static int
load(struct eh_tries *t, uint8_t boot_id[EH_ID_LEN])
{
	uint8_t mac[EH_SHA256_LEN];
	struct eh_buf file;
	size_t len;
	int err;

	eh_buf_init(&file, FILE_MAX);
	err = eh_os_load(t->os, NAME, &file);
	if (err == EH_OK && file.len < sizeof(mac))
		err = EH_ERR_FORMAT;
	if (err == EH_OK) {
		len = file.len - sizeof(mac);
		eh_hmac_sha256(
		    t->key, sizeof(t->key), file.data, len, mac);
		err = eh_ct_equal(mac, file.data + len, sizeof(mac))
		    ? decode(t, file.data, len, boot_id)
		    : EH_ERR_SIGNATURE;
	}
	eh_buf_free(&file);
	return err;
}

static void
derive_key(struct eh_tries *t, const uint8_t key[EH_DIGEST_LEN])
{
	eh_hmac_sha256(
	    key, EH_DIGEST_LEN, FILE_LABEL, strlen(FILE_LABEL), t->key);
}

void
eh_tries_open(struct eh_tries *t, const uint8_t key[EH_DIGEST_LEN])
{
	uint8_t boot_id[EH_ID_LEN];
	uint64_t now;

	derive_key(t, key);
	now = now_ms(t);
	if (load(t, boot_id) != EH_OK) {
		t->nusers = 0;
		t->hold = now + EH_TRIES_DELAY * UINT64_C(1000);
		eh_log(EH_LOG_WARNING,
		    "the count of wrong PINs (file %s of the state folder) is "
		    "missing or forged: nobody can log in for %u s",
		    NAME, EH_TRIES_DELAY);
	} else if (memcmp(boot_id, t->boot_id, sizeof(boot_id)) != 0)
		/* The machine has booted since: at least its uptime is over. */
		for (unsigned i = 0; i < t->nusers; i++)
			t->user[i].at = 0;
}

int
eh_tries_create(struct eh_tries *t, const uint8_t key[EH_DIGEST_LEN],
    struct eh_error *error)
{
	derive_key(t, key);
	now_ms(t);
	t->nusers = 0;
	t->hold = 0;
	return save(t, error);
}

/* --- waiting --- */

/* How long after the last wrong try the next one is looked at, in ms. */
static uint64_t
delay_of(unsigned wrong)
{
	uint64_t s = 1;

	if (wrong < EH_TRIES_FREE)
		return 0;
	for (unsigned i = EH_TRIES_FREE; i < wrong && s < EH_TRIES_DELAY; i++)
		s *= 2;
	return 1000 * (s < EH_TRIES_DELAY ? s : EH_TRIES_DELAY);
}

static struct eh_tries_user *
find(struct eh_tries *t, uid_t uid)
{
	for (unsigned i = 0; i < t->nusers; i++)
		if (t->user[i].uid == uid)
			return &t->user[i];
	return NULL;
}

/* Milliseconds that ${uid} has to wait. */
static uint64_t
wait_of(struct eh_tries *t, uid_t uid, uint64_t now)
{
	const struct eh_tries_user *u = find(t, uid);
	uint64_t until = t->hold;

	if (u != NULL && u->at + delay_of(u->wrong) > until)
		until = u->at + delay_of(u->wrong);
	return until > now ? until - now : 0;
}

/* A place for a user who was not wrong before; a table that is full forgets who
 * was wrong the least. */
static struct eh_tries_user *
place_for(struct eh_tries *t, uid_t uid)
{
	struct eh_tries_user *u = &t->user[0];

	if (t->nusers < EH_TRIES_USERS)
		u = &t->user[t->nusers++];
	else
		for (unsigned i = 1; i < t->nusers; i++)
			if (t->user[i].wrong < u->wrong)
				u = &t->user[i];
	u->uid = uid;
	u->wrong = 0;
	return u;
}

static unsigned
count_try(struct eh_tries *t, uid_t uid, uint64_t now)
{
	struct eh_tries_user *u = find(t, uid);

	if (u == NULL)
		u = place_for(t, uid);
	u->at = now;
	return ++u->wrong;
}

unsigned
eh_tries_delay(unsigned wrong)
{
	return (unsigned)(delay_of(wrong) / 1000);
}

unsigned
eh_tries_wait(struct eh_tries *t, uid_t uid)
{
	return (unsigned)((wait_of(t, uid, now_ms(t)) + 999) / 1000);
}

int
eh_tries_count(struct eh_tries *t, uid_t uid, unsigned *wrongp,
    struct eh_error *error)
{
	uint64_t now = now_ms(t), wait = wait_of(t, uid, now);
	struct eh_tries_user before[EH_TRIES_USERS];
	unsigned nbefore = t->nusers;
	int err;

	if (wait > 0)
		return eh_error_set(error, EH_DENIED_PIN_DELAY,
		    "too many wrong PINs by user %u: wait %u s; this one was "
		    "not looked at",
		    (unsigned)uid, (unsigned)((wait + 999) / 1000));
	memcpy(before, t->user, sizeof(before));
	*wrongp = count_try(t, uid, now);
	if ((err = save(t, error)) != EH_OK) {
		/* Not looked at, so not wrong either. */
		memcpy(t->user, before, sizeof(before));
		t->nusers = nbefore;
	}
	return err;
}

int
eh_tries_forgive(struct eh_tries *t, uid_t uid, struct eh_error *error)
{
	struct eh_tries_user *u = find(t, uid);

	if (u != NULL)
		*u = t->user[--t->nusers];
	return save(t, error);
}
