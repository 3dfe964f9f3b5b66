/* SPDX-License-Identifier: Apache-2.0 */
/* req_object.c - requests about objects: list, generate, destroy, rename, put. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "quota-engine/list.h"
#include "quota-engine/monitor.h"
#include "quota-engine/req.h"

#define OBJECTS_MAX (880u * 1024u) /* both lists fit one frame */
#define ROWS_MAX    (128u * 1024u)

static int
list_full(int err, struct eh_error *error)
{
	return eh_error_set(error, err,
	    err == EH_ERR_MEMORY ? "out of memory"
				 : "the list of objects fits no frame");
}

/* --- list --- */

static int
add_key(struct eh_list *list, const struct eh_state_key *row)
{
	uint8_t spki[EH_SPKI_MAX];
	struct eh_wire map;
	size_t len = eh_rawkey_to_spki(&row->key, spki);

	eh_wire_init(&map, EH_MAP_OBJECT, EH_OK);
	eh_wire_put_number(&map, EH_WIRE_OBJECT, (int64_t)row->object);
	eh_wire_put_number(&map, EH_WIRE_CLASS, EH_CLASS_KEY);
	eh_wire_put_text(&map, EH_WIRE_LABEL, row->label);
	eh_wire_put_bytes(&map, EH_WIRE_ID, row->id, row->id_len);
	eh_wire_put_bytes(&map, EH_WIRE_SPKI, spki, len);
	eh_wire_put_number(&map, EH_WIRE_ALG, row->alg);
	eh_wire_put_number(&map, EH_WIRE_PURPOSE, row->purpose);
	eh_wire_put_number(&map, EH_WIRE_ORIGIN, row->origin);
	eh_wire_put_number(&map, EH_WIRE_CUSTODY, row->custody);
	eh_wire_put_bytes(&map, EH_WIRE_DIGEST, row->digest, EH_DIGEST_LEN);
	return eh_list_add(list, &map);
}

static int
add_stored(void *arg, const struct eh_store_object *o)
{
	struct eh_list *list = arg;
	struct eh_wire map;

	eh_wire_init(&map, EH_MAP_OBJECT, EH_OK);
	eh_wire_put_number(&map, EH_WIRE_OBJECT, (int64_t)o->number);
	eh_wire_put_number(&map, EH_WIRE_CLASS, o->class);
	eh_wire_put_text(&map, EH_WIRE_LABEL, o->label);
	eh_wire_put_bytes(&map, EH_WIRE_ID, o->id, o->idlen);
	eh_wire_put_bytes(&map, EH_WIRE_DATA, o->data, o->len);
	if (o->application[0] != '\0')
		eh_wire_put_text(&map, EH_WIRE_APPLICATION, o->application);
	return eh_list_add(list, &map);
}

static int
add_keys(struct eh_boundary *b, struct eh_list *list)
{
	struct eh_state_key *rows = calloc(EH_STATE_KEYS, sizeof(*rows));
	const struct eh_state *state;
	int err = EH_OK;

	if (rows == NULL)
		return EH_ERR_MEMORY;
	state = eh_engine_lock(b->engine);
	memcpy(rows, state->key, sizeof(state->key));
	eh_engine_unlock(b->engine);
	for (size_t i = 0; err == EH_OK && i < EH_STATE_KEYS; i++)
		if (rows[i].object != 0)
			err = add_key(list, &rows[i]);
	free(rows);
	return err;
}

int
eh_req_list(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	/* Before anything is read: what comes while we read is seen again. */
	uint64_t generation = atomic_load(&b->generation);
	struct eh_list objects, rows;
	int err;

	eh_list_init(&objects, OBJECTS_MAX);
	eh_list_init(&rows, ROWS_MAX);
	if ((err = add_keys(b, &objects)) == EH_OK &&
	    (err = eh_store_each(b->store, add_stored, &objects)) == EH_OK &&
	    (err = eh_req_authorizations(b, &rows)) == EH_OK &&
	    (err = eh_list_put(&objects, call, EH_WIRE_OBJECTS)) == EH_OK)
		err = eh_list_put(&rows, call, EH_WIRE_AUTHORIZATIONS);
	eh_wire_put_number(
	    &call->out, EH_WIRE_GENERATION, (int64_t)generation);
	eh_list_wipe(&objects);
	eh_list_wipe(&rows);
	return err == EH_OK ? EH_OK : list_full(err, error);
}

/* --- making, destroying, renaming --- */

static void
put_generation(struct eh_boundary *b, struct eh_call *call)
{
	eh_boundary_changed(b);
	eh_wire_put_number(&call->out, EH_WIRE_GENERATION,
	    (int64_t)atomic_load(&b->generation));
}

int
eh_req_generate(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	int64_t alg = eh_wire_signed(call->in, EH_WIRE_ALG);
	char label[EH_STATE_LABEL + 1];
	struct eh_state_key made;
	struct eh_keys_want want;
	uint8_t *spki;
	size_t len;
	int err;

	if (alg != EH_ALG_ES256 && alg != EH_ALG_ESP256)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "keys of COSE algorithm %lld cannot be made: this version "
		    "makes P-256 (%d)",
		    (long long)alg, EH_ALG_ES256);
	if (eh_wire_text(call->in, EH_WIRE_LABEL, label, sizeof(label)) !=
	    EH_OK)
		return eh_error_set(
		    error, EH_ERR_ARGUMENT, "the label is too long");
	if ((spki = eh_call_keep(call, EH_SPKI_MAX)) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	want.purpose =
	    (enum eh_purpose)eh_wire_number(call->in, EH_WIRE_PURPOSE);
	want.label = label;
	want.id = eh_wire_bytes(call->in, EH_WIRE_ID, &want.idlen);
	if ((err = eh_keys_generate(b->keys, &want, &made, error)) != EH_OK)
		return err;
	len = eh_rawkey_to_spki(&made.key, spki);
	eh_wire_put_number(&call->out, EH_WIRE_OBJECT, (int64_t)made.object);
	eh_wire_put_bytes(&call->out, EH_WIRE_SPKI, spki, len);
	eh_wire_put_number(&call->out, EH_WIRE_ORIGIN, made.origin);
	eh_wire_put_number(&call->out, EH_WIRE_CUSTODY, made.custody);
	put_generation(b, call);
	return EH_OK;
}

static int
read_only(struct eh_error *error)
{
	return eh_error_set(error, EH_DENIED_READ_ONLY,
	    "an authorization is the authority's: it is neither changed nor "
	    "destroyed here");
}

static int
is_authorization(uint64_t object)
{
	return object >= EH_OBJECT_AUTHORIZATION && object < EH_OBJECT_STORED;
}

static int
destroy_key(struct eh_boundary *b, struct eh_caller *caller, uint64_t object,
    struct eh_error *error)
{
	struct eh_state_key key;
	int err;

	if ((err = eh_keys_get(b->keys, object, &key, error)) != EH_OK)
		return err;
	if (key.purpose != EH_PURPOSE_GENERAL &&
	    eh_monitor_login(b, caller) != EH_MAY_OFFICER)
		return eh_error_set(error, EH_DENIED_LOGIN,
		    "destroying the key '%s', which is no general key, needs a "
		    "login as security officer",
		    key.label);
	return eh_keys_destroy(b->keys, object, error);
}

int
eh_req_destroy(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	uint64_t object = eh_wire_number(call->in, EH_WIRE_OBJECT);
	int err;

	if (is_authorization(object))
		err = read_only(error);
	else if (object >= EH_OBJECT_STORED)
		err = eh_store_delete(b->store, object, error);
	else
		err = destroy_key(b, call->caller, object, error);
	if (err == EH_OK)
		put_generation(b, call);
	else if (err == EH_ERR_BACKEND || err == EH_ERR_STORAGE)
		eh_boundary_changed(b); /* it may be gone for all that */
	return err;
}

int
eh_req_set_attribute(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	uint64_t object = eh_wire_number(call->in, EH_WIRE_OBJECT);
	char text[EH_STATE_LABEL + 1];
	const char *label = NULL;
	const uint8_t *id = NULL;
	size_t idlen = 0;
	int err;

	if (eh_wire_has(call->in, EH_WIRE_LABEL)) {
		if (eh_wire_text(call->in, EH_WIRE_LABEL, text,
			sizeof(text)) != EH_OK)
			return eh_error_set(
			    error, EH_ERR_ARGUMENT, "the label is too long");
		label = text;
	}
	if (eh_wire_has(call->in, EH_WIRE_ID))
		id = eh_wire_bytes(call->in, EH_WIRE_ID, &idlen);
	if (is_authorization(object))
		err = read_only(error);
	else if (object >= EH_OBJECT_STORED)
		err = eh_store_name(b->store, object, label, id, idlen, error);
	else
		err = eh_keys_name(b->keys, object, label, id, idlen, error);
	if (err == EH_OK)
		put_generation(b, call);
	return err;
}

int
eh_req_put_object(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	const struct eh_wire *in = call->in;
	struct eh_store_object o;
	const uint8_t *id;
	int err;

	memset(&o, 0, sizeof(o));
	o.class = (enum eh_wire_class)eh_wire_number(in, EH_WIRE_CLASS);
	if (o.class != EH_CLASS_CERTIFICATE && o.class != EH_CLASS_DATA)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "keys are generated here, never brought in");
	if (eh_wire_text(in, EH_WIRE_LABEL, o.label, sizeof(o.label)) !=
		EH_OK ||
	    eh_wire_text(in, EH_WIRE_APPLICATION, o.application,
		sizeof(o.application)) != EH_OK)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "the label or application is too long");
	id = eh_wire_bytes(in, EH_WIRE_ID, &o.idlen);
	if (o.idlen > sizeof(o.id))
		return eh_error_set(
		    error, EH_ERR_ARGUMENT, "the id is too long");
	memcpy(o.id, id, o.idlen);
	o.data = eh_wire_bytes(in, EH_WIRE_DATA, &o.len);
	if ((err = eh_store_put(b->store, &o, error)) != EH_OK)
		return err;
	eh_wire_put_number(&call->out, EH_WIRE_OBJECT, (int64_t)o.number);
	put_generation(b, call);
	return EH_OK;
}
