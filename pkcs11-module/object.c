/* SPDX-License-Identifier: Apache-2.0 */
/* object.c - what the token holds, as the daemon lists it. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "common/der/der.h"
#include "pkcs11-module/edgehsm-pkcs11.h"
#include "pkcs11-module/object.h"

#define POINT_MAX (3 + 133) /* P-521, in an OCTET STRING */

/* SubjectPublicKeyInfo of an EC key (RFC 5480): the parameters as they stand,
 * the point wrapped, into ${room}, as PKCS#11 wants it. */
static int
read_spki(struct eh_object *o, uint8_t *room)
{
	const uint8_t *oid, *point;
	size_t oidlen, n;
	unsigned unused;
	struct eh_der d;
	struct eh_der_writer w;

	eh_der_init(&d, o->value.at, o->value.len);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	oid = eh_der_oid(&d, &oidlen);
	o->params.at = eh_der_element(&d, EH_DER_OID, &o->params.len);
	eh_der_leave(&d);
	point = eh_der_bits(&d, &unused, &n);
	eh_der_leave(&d);
	if (eh_der_end(&d) != EH_OK || unused != 0 || oidlen != 7 ||
	    memcmp(oid, "\x2a\x86\x48\xce\x3d\x02\x01", 7) != 0)
		return EH_ERR_UNSUPPORTED;
	eh_der_writer_init(&w, room, POINT_MAX);
	eh_der_put(&w, EH_DER_OCTET_STRING, point, n);
	o->point.at = room;
	return eh_der_writer_end(&w, &o->point.len);
}

/* The parts of a certificate that clients search by (RFC 5280 section 4.1).
 * One that cannot be read is still an object; it just has none of these. */
static void
read_certificate(struct eh_object *o)
{
	struct eh_span serial, issuer, subject, spki;
	struct eh_der d;
	size_t n;

	eh_der_init(&d, o->value.at, o->value.len);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	if (eh_der_peek(&d) == EH_DER_CONTEXT(0))
		(void)eh_der_any(&d, &n);
	serial.at = eh_der_element(&d, EH_DER_INTEGER, &serial.len);
	(void)eh_der_any(&d, &n);
	issuer.at = eh_der_element(&d, EH_DER_SEQUENCE, &issuer.len);
	(void)eh_der_any(&d, &n);
	subject.at = eh_der_element(&d, EH_DER_SEQUENCE, &subject.len);
	spki.at = eh_der_element(&d, EH_DER_SEQUENCE, &spki.len);
	if (d.in.err != EH_OK)
		return;
	o->serial = serial;
	o->issuer = issuer;
	o->subject = subject;
	o->spki = spki;
}

/* Copy the bytes of ${label}, if it is there, to ${*at}; step behind them. */
static struct eh_span
keep(const struct eh_wire *map, enum eh_wire_label label, uint8_t **at)
{
	struct eh_span s = { NULL, 0 };
	const uint8_t *bytes = eh_wire_bytes(map, label, &s.len);

	if (!eh_wire_has(map, label))
		return s;
	memcpy(*at, bytes, s.len);
	s.at = *at;
	*at += s.len;
	return s;
}

static int
read_value(struct eh_object *o, uint8_t *room)
{
	switch (o->class) {
	case EH_CLASS_KEY:
		return read_spki(o, room);
	case EH_CLASS_CERTIFICATE:
		read_certificate(o);
		return EH_OK;
	case EH_CLASS_DATA:
		return EH_OK;
	}
	return EH_ERR_UNSUPPORTED;
}

/* Take one row of the list.  EH_ERR_UNSUPPORTED: something that this module
 * does not know, and therefore does not show. */
static int
take_object(const struct eh_wire *map, struct eh_object *o)
{
	enum eh_wire_label value;
	uint8_t *at;
	int err;

	memset(o, 0, sizeof(*o));
	o->number = eh_wire_number(map, EH_WIRE_OBJECT);
	o->class = (enum eh_wire_class)eh_wire_number(map, EH_WIRE_CLASS);
	o->purpose = eh_wire_number(map, EH_WIRE_PURPOSE);
	o->origin = eh_wire_number(map, EH_WIRE_ORIGIN);
	o->custody = eh_wire_number(map, EH_WIRE_CUSTODY);
	if (eh_wire_text(map, EH_WIRE_LABEL, o->label, 65) != EH_OK ||
	    eh_wire_text(map, EH_WIRE_APPLICATION, o->application, 65) != EH_OK)
		return EH_ERR_FORMAT;
	value = o->class == EH_CLASS_KEY ? EH_WIRE_SPKI : EH_WIRE_DATA;
	at = malloc(map->field[value].len + map->field[EH_WIRE_ID].len +
	    map->field[EH_WIRE_DIGEST].len + POINT_MAX);
	if (at == NULL)
		return EH_ERR_MEMORY;
	o->owned = at;
	o->value = keep(map, value, &at);
	o->id = keep(map, EH_WIRE_ID, &at);
	o->digest = keep(map, EH_WIRE_DIGEST, &at);
	if ((err = read_value(o, at)) == EH_OK)
		return EH_OK;
	free(o->owned);
	o->owned = NULL;
	return err;
}

static void
free_rows(struct eh_object *row, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(row[i].owned);
	free(row);
}

/*
 * The daemon lists the attestation key first, since it is the oldest.  A client
 * that is told too little takes the first private key that it finds (with
 * pkcs11-tool --sign, --label is too little), and never means that one.
 */
static void
put_attestation_last(struct eh_object *row, size_t n)
{
	struct eh_object key;
	size_t rest = n;

	for (size_t i = 0; i < rest;) {
		if (row[i].class != EH_CLASS_KEY ||
		    row[i].purpose != CK_EDGEHSM_PURPOSE_ATTESTATION) {
			i++;
			continue;
		}
		key = row[i];
		memmove(&row[i], &row[i + 1], (n - i - 1) * sizeof(*row));
		row[n - 1] = key;
		rest--;
	}
}

static int
take_objects(const struct eh_wire *list, struct eh_object **rowp, size_t *np)
{
	size_t most = list->field[EH_WIRE_OBJECTS].entries, cursor = 0, len;
	struct eh_object *row;
	const uint8_t *entry;
	struct eh_wire map;
	int err;

	*np = 0;
	if ((row = calloc(most + 1, sizeof(*row))) == NULL)
		return EH_ERR_MEMORY;
	while (
	    eh_wire_list_next(list, EH_WIRE_OBJECTS, &cursor, &entry, &len)) {
		err = eh_wire_decode_reply(&map, EH_MAP_OBJECT, entry, len);
		if (err == EH_OK)
			err = take_object(&map, &row[*np]);
		if (err == EH_OK)
			(*np)++;
		else if (err != EH_ERR_UNSUPPORTED) {
			free_rows(row, *np);
			return err;
		}
	}
	put_attestation_last(row, *np);
	*rowp = row;
	return EH_OK;
}

/* The counters of op 0, devices: { op => [used, burned, reserved, quota] }. */
static int
take_counters(struct eh_auth *a)
{
	uint64_t v[4], used[4] = { 0 };
	struct eh_cbor c;
	int64_t op;
	size_t n;

	eh_cbor_init(&c, a->counters, a->counterslen, 128);
	n = eh_cbor_map(&c, 1, 16);
	for (size_t i = 0; i < n; i++) {
		op = eh_cbor_any_key(&c, 0, 31);
		(void)eh_cbor_array(&c, 4, 4);
		for (unsigned k = 0; k < 4; k++)
			v[k] = eh_cbor_uint(&c, 0, EH_U53_MAX);
		eh_cbor_leave(&c);
		if (op == 0)
			memcpy(used, v, sizeof(used));
	}
	eh_cbor_leave(&c);
	a->used = used[0];
	a->burned = used[1];
	a->reserved = used[2];
	a->quota = used[3];
	return eh_cbor_end(&c);
}

static int
take_auth(const struct eh_wire *map, struct eh_auth *a)
{
	const uint8_t *bytes;
	size_t len;

	memset(a, 0, sizeof(*a));
	a->number = eh_wire_number(map, EH_WIRE_OBJECT);
	a->state = eh_wire_number(map, EH_WIRE_STATE);
	a->version = eh_wire_number(map, EH_WIRE_PROFILE_VERSION);
	a->nbf = eh_wire_number(map, EH_WIRE_NBF);
	a->exp = eh_wire_number(map, EH_WIRE_EXP);
	a->burns = eh_wire_number(map, EH_WIRE_BURNS);
	if (eh_wire_text(map, EH_WIRE_LABEL, a->label, 65) != EH_OK ||
	    eh_wire_text(map, EH_WIRE_FACTORY, a->factory, 65) != EH_OK ||
	    eh_wire_text(map, EH_WIRE_PROFILE, a->profile, 65) != EH_OK)
		return EH_ERR_FORMAT;
	bytes = eh_wire_bytes(map, EH_WIRE_AUTHORIZATION, &len);
	memcpy(a->id, bytes, sizeof(a->id));
	bytes = eh_wire_bytes(map, EH_WIRE_DIGEST, &len);
	memcpy(a->digest, bytes, sizeof(a->digest));
	bytes = eh_wire_bytes(map, EH_WIRE_COUNTERS, &a->counterslen);
	memcpy(a->counters, bytes, a->counterslen);
	if (a->label[0] == '\0')
		for (size_t i = 0; i < sizeof(a->id); i++)
			snprintf(a->label + 2 * i, 3, "%02x", a->id[i]);
	return take_counters(a);
}

void
eh_auths_wipe(struct eh_auths *auths)
{
	free(auths->row);
	auths->row = NULL;
	auths->n = 0;
}

int
eh_auths_take(const struct eh_wire *reply, struct eh_auths *auths)
{
	size_t most = reply->field[EH_WIRE_AUTHORIZATIONS].entries;
	size_t cursor = 0, len;
	const uint8_t *entry;
	struct eh_wire map;
	int err = EH_OK;

	auths->n = 0;
	auths->row = calloc(most + 1, sizeof(*auths->row));
	if (auths->row == NULL)
		return EH_ERR_MEMORY;
	while (err == EH_OK &&
	    eh_wire_list_next(
		reply, EH_WIRE_AUTHORIZATIONS, &cursor, &entry, &len)) {
		err = eh_wire_decode_reply(
		    &map, EH_MAP_AUTHORIZATION, entry, len);
		if (err == EH_OK)
			err = take_auth(&map, &auths->row[auths->n]);
		if (err == EH_OK)
			auths->n++;
	}
	if (err != EH_OK)
		eh_auths_wipe(auths);
	return err;
}

void
eh_cache_init(struct eh_cache *cache)
{
	memset(cache, 0, sizeof(*cache));
	pthread_mutex_init(&cache->lock, NULL);
	pthread_mutex_init(&cache->refresh, NULL);
}

void
eh_cache_wipe(struct eh_cache *cache)
{
	free_rows(cache->row, cache->n);
	pthread_mutex_destroy(&cache->refresh);
	pthread_mutex_destroy(&cache->lock);
}

void
eh_cache_drop(struct eh_cache *cache)
{
	/* Another thread of the parent may have been in the middle of it. */
	eh_cache_init(cache);
}

void
eh_cache_lock(struct eh_cache *cache)
{
	pthread_mutex_lock(&cache->lock);
}

void
eh_cache_unlock(struct eh_cache *cache)
{
	pthread_mutex_unlock(&cache->lock);
}

void
eh_cache_note(struct eh_cache *cache, uint64_t generation)
{
	pthread_mutex_lock(&cache->lock);
	cache->heard = generation;
	pthread_mutex_unlock(&cache->lock);
}

void
eh_cache_forget(struct eh_cache *cache)
{
	pthread_mutex_lock(&cache->lock);
	cache->heard = cache->generation + 1;
	pthread_mutex_unlock(&cache->lock);
}

static int
is_current(struct eh_cache *cache, uint64_t generation)
{
	int current;

	pthread_mutex_lock(&cache->lock);
	current = cache->filled && cache->generation == generation;
	pthread_mutex_unlock(&cache->lock);
	return current;
}

static void
put_rows(struct eh_cache *cache, struct eh_object *row, size_t n,
    uint64_t generation)
{
	struct eh_object *old;
	size_t nold;

	pthread_mutex_lock(&cache->lock);
	old = cache->row;
	nold = cache->n;
	cache->row = row;
	cache->n = n;
	cache->generation = generation;
	cache->filled = 1;
	/* Not the other way round: a list that was under way while an object
	 * was destroyed must not bring it back. */
	if (generation > cache->heard)
		cache->heard = generation;
	pthread_mutex_unlock(&cache->lock);
	free_rows(old, nold);
}

/* Ask for the list; ${auths} may be NULL. */
static int
ask_list(struct eh_cache *cache, struct eh_client *client,
    struct eh_auths *auths, struct eh_error *error)
{
	struct eh_object *row = NULL;
	struct eh_wire request;
	struct eh_reply reply;
	uint64_t generation;
	size_t n;
	int err;

	eh_wire_init(&request, EH_REQ_LIST, 0);
	err = eh_client_call(client, &request, &reply, error);
	if (err != EH_OK)
		goto out;
	generation = eh_wire_number(&reply.map, EH_WIRE_GENERATION);
	if (auths != NULL)
		err = eh_auths_take(&reply.map, auths);
	if (err == EH_OK && !is_current(cache, generation) &&
	    (err = take_objects(&reply.map, &row, &n)) == EH_OK)
		put_rows(cache, row, n, generation);
	if (err != EH_OK)
		eh_error_set(error, err,
		    "edgehsmd's list of objects cannot "
		    "be read: %s",
		    eh_err_text(err));
out:
	eh_reply_wipe(&reply);
	return err;
}

/* A fresh token has nothing to list; its genesis may leave the generation as it
 * is, so nothing counts as listed. */
static int
is_fresh(struct eh_cache *cache, const struct eh_hello *hello)
{
	if (hello->state != EH_STATE_FRESH)
		return 0;
	put_rows(cache, NULL, 0, hello->generation);
	pthread_mutex_lock(&cache->lock);
	cache->filled = 0;
	pthread_mutex_unlock(&cache->lock);
	return 1;
}

/* The daemon may have come back with another state: the same numbers are other
 * objects then, at the same generation even. */
static void
check_owner(struct eh_cache *cache, const struct eh_hello *hello)
{
	if (!hello->has_hsm_id)
		return;
	pthread_mutex_lock(&cache->lock);
	if (memcmp(cache->hsm_id, hello->hsm_id, sizeof(cache->hsm_id)) != 0)
		cache->filled = 0;
	memcpy(cache->hsm_id, hello->hsm_id, sizeof(cache->hsm_id));
	pthread_mutex_unlock(&cache->lock);
}

int
eh_cache_update(
    struct eh_cache *cache, struct eh_client *client, struct eh_error *error)
{
	struct eh_hello hello;
	int err;

	if ((err = eh_client_hello(client, &hello, error)) != EH_OK)
		return err;
	eh_cache_note(cache, hello.generation);
	check_owner(cache, &hello);
	if (is_fresh(cache, &hello) || is_current(cache, hello.generation))
		return EH_OK;
	pthread_mutex_lock(&cache->refresh);
	if (!is_current(cache, hello.generation))
		err = ask_list(cache, client, NULL, error);
	pthread_mutex_unlock(&cache->refresh);
	return err;
}

int
eh_cache_list(struct eh_cache *cache, struct eh_client *client,
    struct eh_auths *auths, struct eh_error *error)
{
	struct eh_hello hello;
	int err;

	memset(auths, 0, sizeof(*auths));
	if ((err = eh_client_reach(client, error)) != EH_OK)
		return err;
	eh_client_last_hello(client, &hello);
	if (hello.state == EH_STATE_FRESH)
		err = eh_client_hello(client, &hello, error);
	if (err == EH_OK)
		check_owner(cache, &hello);
	if (err == EH_OK && !is_fresh(cache, &hello))
		err = ask_list(cache, client, auths, error);
	return err;
}

static const struct eh_object *
find_row(const struct eh_cache *cache, uint64_t number)
{
	for (size_t i = 0; i < cache->n; i++)
		if (cache->row[i].number == number)
			return &cache->row[i];
	return NULL;
}

int
eh_cache_borrow(struct eh_cache *cache, struct eh_client *client,
    uint64_t number, const struct eh_object **object, struct eh_error *error)
{
	struct eh_hello hello;
	int err, usable;

	eh_client_last_hello(client, &hello);
	check_owner(cache, &hello);
	eh_cache_lock(cache);
	*object = find_row(cache, number);
	usable = cache->filled && cache->generation == cache->heard;
	if (*object != NULL && usable)
		return EH_OK;
	eh_cache_unlock(cache);
	if ((err = eh_cache_update(cache, client, error)) != EH_OK)
		return err;
	eh_cache_lock(cache);
	if ((*object = find_row(cache, number)) != NULL)
		return EH_OK;
	eh_cache_unlock(cache);
	return eh_error_set(error, EH_ERR_NOT_FOUND, "no such object");
}
