/* SPDX-License-Identifier: Apache-2.0 */
/* authorization.c - the authorizations of the state, with their messages and
 * profiles at hand. */
#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/merkle/merkle.h"
#include "common/message/envelope.h"
#include "quota-engine/authorization.h"

struct eh_authorizations {
	struct eh_engine *engine;
	struct eh_os *os;
	pthread_mutex_t lock;
	struct eh_authorization *known[EH_STATE_ROWS];
};

/* What is copied of a row under the ledger's lock. */
struct seen {
	uint8_t id[EH_ID_LEN];
	uint8_t message[EH_DIGEST_LEN];
	uint64_t generation, expires;
	uint8_t state, spent;
	char name[EH_ROW_NAME];
};

static void
free_one(struct eh_authorization *a)
{
	if (a == NULL)
		return;
	free(a->profile);
	free(a->bytes);
	free(a);
}

int
eh_authorizations_new(struct eh_engine *engine, struct eh_os *os,
    struct eh_authorizations **out)
{
	struct eh_authorizations *t = calloc(1, sizeof(*t));

	*out = t;
	if (t == NULL)
		return EH_ERR_MEMORY;
	t->engine = engine;
	t->os = os;
	pthread_mutex_init(&t->lock, NULL);
	return EH_OK;
}

void
eh_authorizations_free(struct eh_authorizations *t)
{
	if (t == NULL)
		return;
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		free_one(t->known[i]);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* Read the message of ${row} and compare it with the row's digest. */
static int
read_message(struct eh_authorizations *t, const struct seen *row,
    struct eh_pauth *pauth, struct eh_error *error)
{
	struct eh_envelope e;
	struct eh_buf file;
	uint8_t digest[EH_DIGEST_LEN];
	char name[EH_OS_NAME];
	int err;

	eh_buf_init(&file, EH_MESSAGE_MAX_INBOUND);
	eh_os_digest_name(name, "messages", row->message);
	if ((err = eh_os_load(t->os, name, &file)) != EH_OK) {
		eh_error_set(error, err, "%s", eh_err_text(err));
		goto out;
	}
	if ((err = eh_envelope_decode(file.data, file.len, &e, error)) != EH_OK)
		goto out;
	eh_envelope_digest(&e, digest);
	if (memcmp(digest, row->message, EH_DIGEST_LEN) != 0) {
		err = eh_error_set(
		    error, EH_ERR_FORMAT, "its digest is not the row's");
		goto out;
	}
	err = eh_pauth_decode(
	    e.sign1.payload, e.sign1.payload_len, pauth, error);
out:
	eh_buf_free(&file);
	return err;
}

/* Read the profile if it has been imported; that it has not is no error. */
static void
read_profile(struct eh_authorizations *t, struct eh_authorization *a)
{
	struct eh_error error;
	struct eh_buf file;
	uint8_t digest[EH_DIGEST_LEN];
	char name[EH_OS_NAME];
	struct eh_profile *profile = NULL;
	size_t len;

	eh_error_clear(&error);
	eh_buf_init(&file, EH_PROFILE_MAX);
	eh_os_digest_name(name, "profiles", a->pauth.profile.digest);
	if (eh_os_load(t->os, name, &file) != EH_OK)
		goto out;
	eh_profile_digest(file.data, file.len, digest);
	if (memcmp(digest, a->pauth.profile.digest, EH_DIGEST_LEN) != 0 ||
	    (profile = malloc(sizeof(*profile))) == NULL)
		goto out;
	if (eh_profile_decode(profile, file.data, file.len, &error) != EH_OK ||
	    eh_profile_supported(profile, &error) != EH_OK) {
		eh_log(EH_LOG_ERROR, "profile of authorization %s: %s",
		    a->pauth.order, eh_error_sentence(&error));
		goto out;
	}
	a->misnamed = strcmp(profile->name, a->pauth.profile.name) != 0 ||
	    profile->version != a->pauth.profile.version;
	if (a->misnamed)
		goto out;
	a->profile = profile;
	a->bytes = eh_buf_take(&file, &len);
	profile = NULL;
out:
	free(profile);
	eh_buf_free(&file);
}

/* The known authorization of ${row}, read when it was not, or NULL. */
static struct eh_authorization *
find(struct eh_authorizations *t, const struct seen *row)
{
	struct eh_authorization *a;
	struct eh_error error;
	unsigned i, place = EH_STATE_ROWS;

	for (i = 0; i < EH_STATE_ROWS; i++) {
		a = t->known[i];
		if (a != NULL &&
		    memcmp(a->message, row->message, EH_DIGEST_LEN) == 0) {
			if (a->profile == NULL && a->users == 0)
				read_profile(t, a);
			return a;
		}
		if (a == NULL || a->users == 0)
			place = i;
	}
	if (place == EH_STATE_ROWS || (a = calloc(1, sizeof(*a))) == NULL)
		return NULL;
	eh_error_clear(&error);
	if (read_message(t, row, &a->pauth, &error) != EH_OK) {
		eh_log(EH_LOG_ERROR,
		    "the message of authorization %s cannot be used: %s; "
		    "import it again", row->name, eh_error_sentence(&error));
		free(a);
		return NULL;
	}
	memcpy(a->id, row->id, EH_ID_LEN);
	memcpy(a->message, row->message, EH_DIGEST_LEN);
	read_profile(t, a);
	free_one(t->known[place]);
	t->known[place] = a;
	return a;
}

static int
by_expiry(const void *a, const void *b)
{
	uint64_t x = ((const struct seen *)a)->expires;
	uint64_t y = ((const struct seen *)b)->expires;

	return x < y ? -1 : x > y;
}

/* Copy what is needed of the rows; the lock is held for no longer. */
static unsigned
look(struct eh_authorizations *t, struct seen rows[EH_STATE_ROWS])
{
	const struct eh_state *state = eh_engine_lock(t->engine);
	unsigned n = 0;

	for (unsigned i = 0; i < EH_STATE_ROWS; i++) {
		const struct eh_row *row = &state->row[i];
		const struct eh_counter *devices = &row->op[EH_OP_PASS].count;

		if (row->state == EH_ROW_FREE)
			continue;
		memcpy(rows[n].id, row->id, EH_ID_LEN);
		memcpy(rows[n].message, row->message, EH_DIGEST_LEN);
		rows[n].generation = row->generation;
		rows[n].expires = row->expires;
		rows[n].state = row->state;
		rows[n].spent =
		    devices->used + devices->burned >= devices->quota;
		eh_state_row_name(row, rows[n].name);
		n++;
	}
	eh_engine_unlock(t->engine);
	return n;
}

unsigned
eh_authorizations_hold(struct eh_authorizations *t,
    struct eh_authorization_view view[EH_STATE_ROWS])
{
	struct seen rows[EH_STATE_ROWS];
	struct eh_authorization *a;
	unsigned nrows = look(t, rows), n = 0;

	qsort(rows, nrows, sizeof(*rows), by_expiry);
	pthread_mutex_lock(&t->lock);
	for (unsigned i = 0; i < nrows; i++) {
		if ((a = find(t, &rows[i])) == NULL)
			continue;
		a->users++;
		view[n].what = a;
		view[n].generation = rows[i].generation;
		view[n].state = rows[i].state;
		view[n].spent = rows[i].spent;
		memcpy(view[n].name, rows[i].name, sizeof(view[n].name));
		n++;
	}
	pthread_mutex_unlock(&t->lock);
	return n;
}

void
eh_authorizations_release(struct eh_authorizations *t,
    struct eh_authorization_view *view, unsigned n)
{
	pthread_mutex_lock(&t->lock);
	for (unsigned i = 0; i < n; i++)
		((struct eh_authorization *)view[i].what)->users--;
	pthread_mutex_unlock(&t->lock);
}

const char *
eh_authorization_device_text(
    const struct eh_device_id *device, char text[EH_DEVICE_TEXT])
{
	for (unsigned i = 0; i < device->len; i++)
		if (device->bytes[i] < 0x21 || device->bytes[i] > 0x7e) {
			eh_hex_encode(device->bytes, device->len, text);
			return text;
		}
	memcpy(text, device->bytes, device->len);
	text[device->len] = '\0';
	return text;
}

/* RFC 9162 section 2.1.3.2: the leaf is the hash of the device id. */
static int
in_tree(const struct eh_scope *s, const struct eh_device_id *d,
    const struct eh_scope_proof *proof)
{
	uint8_t leaf[EH_MERKLE_HASH];
	struct eh_merkle_inclusion in = { .size = s->tree_size,
		.leaf = leaf,
		.root = s->root };

	if (proof == NULL)
		return 0;
	eh_merkle_leaf(d->bytes, d->len, leaf);
	in.index = proof->index;
	in.proof = proof->hash[0];
	in.n = proof->n;
	return eh_merkle_verify_inclusion(&in) == EH_OK;
}

static int
in_scope(const struct eh_scope *s, const struct eh_device_id *d,
    const struct eh_scope_proof *proof)
{
	switch (s->kind) {
	case EH_SCOPE_ANY:
		return 1;
	case EH_SCOPE_RANGE:
		return d->len == s->lo.len &&
		    memcmp(d->bytes, s->lo.bytes, d->len) >= 0 &&
		    memcmp(d->bytes, s->hi.bytes, d->len) <= 0;
	case EH_SCOPE_LIST:
		for (unsigned i = 0; i < s->ndevices; i++)
			if (eh_device_id_equal(&s->devices[i], d))
				return 1;
		return 0;
	case EH_SCOPE_TREE:
		return in_tree(s, d, proof);
	}
	return 0;
}

static int
out_of_tree(const struct eh_scope *s, const char *device, const char *name,
    const struct eh_scope_proof *proof, struct eh_error *error)
{
	if (proof == NULL)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "the scope of authorization %s is a tree of %" PRIu64
		    " devices, and no proof came that %s is in it: the file "
		    "*.ehscope of the authority has it", name, s->tree_size,
		    device);
	return eh_error_set(error, EH_DENIED_SCOPE,
	    "device %s is not in the scope of authorization %s, a tree of %"
	    PRIu64 " devices, by the proof that came (%u hashes, for leaf %"
	    PRIu64 ")", device, name, s->tree_size, (unsigned)proof->n,
	    proof->index);
}

static int
out_of_scope(const struct eh_scope *s, const struct eh_device_id *device,
    const char *name, const struct eh_scope_proof *proof,
    struct eh_error *error)
{
	char text[EH_DEVICE_TEXT], lo[EH_DEVICE_TEXT], hi[EH_DEVICE_TEXT];

	eh_authorization_device_text(device, text);
	if (s->kind == EH_SCOPE_TREE)
		return out_of_tree(s, text, name, proof, error);
	if (s->kind == EH_SCOPE_RANGE)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "device %s is not in the scope of authorization %s, which "
		    "is %s to %s", text, name,
		    eh_authorization_device_text(&s->lo, lo),
		    eh_authorization_device_text(&s->hi, hi));
	return eh_error_set(error, EH_DENIED_SCOPE,
	    "device %s is not in the scope of authorization %s, which lists %u "
	    "devices", text, name, (unsigned)s->ndevices);
}

int
eh_authorization_covers(const struct eh_authorization *a, const char *name,
    const struct eh_device_id *device, const struct eh_scope_proof *proof,
    struct eh_error *error)
{
	const struct eh_scope *s = &a->pauth.scope;
	int err;

	if ((err = eh_profile_check_device(a->profile, device, error)) !=
	    EH_OK)
		return err;
	if (s->kind != EH_SCOPE_ANY &&
	    strcmp(s->id_kind, a->profile->identity.kind) != 0)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "authorization %s is for ids of kind %s, the profile's are "
		    "%s", name, s->id_kind, a->profile->identity.kind);
	/* Whoever sends one means another authorization. */
	if (s->kind != EH_SCOPE_TREE && proof != NULL)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "a scope proof came, and the scope of authorization %s is "
		    "no tree", name);
	return in_scope(s, device, proof)
	    ? EH_OK
	    : out_of_scope(s, device, name, proof, error);
}
