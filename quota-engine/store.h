/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - certificates and data objects: what the token keeps for its clients,
 * and what decides nothing. */
#ifndef EH_QUOTA_ENGINE_STORE_H
#define EH_QUOTA_ENGINE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/wire/wire.h"

/*
 * One file per object in the folder "objects" below the state folder, named by
 * the object's number in hex and written whole or not at all.  Nothing here is
 * anchored: a host that alters these files changes what clients see as label,
 * CKA_ID, certificate or data, and no decision of the boundary.  A file that is
 * damaged is left alone and does not exist.
 *
 * doc/format/store.md:	object = { 0 => 1, 1 => class, 2 => number, 3 => label,
 *			  4 => id, 5 => application, 6 => data }
 *
 * All functions may be called from many threads at once.
 */
#define EH_STORE_OBJECTS  256u
#define EH_STORE_DATA_MAX 65536u	/* of one object */
#define EH_STORE_BYTES	  (512u * 1024u) /* of all: list must fit one frame */
#define EH_STORE_TEXT_MAX 64u
#define EH_STORE_ID_MAX	  64u

struct eh_store_object {
	uint64_t number;	/* from EH_OBJECT_STORED on, drawn at random */
	enum eh_wire_class class;
	char label[EH_STORE_TEXT_MAX + 1];
	char application[EH_STORE_TEXT_MAX + 1];
	uint8_t id[EH_STORE_ID_MAX];
	size_t idlen;
	const uint8_t *data;	/* borrowed */
	size_t len;
};

struct eh_store;

/* Read the objects of the state folder ${state}; the folder below it is made
 * when missing.  EH_ERR_STORAGE, EH_ERR_IO, EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_store_open(
    const char *state, struct eh_store **storep, struct eh_error *error);

/* NULL is ignored. */
void eh_store_close(struct eh_store *);

/* Keep a copy of ${object}, durably, under a new number, which is put into it.
 * EH_ERR_FULL with the numbers; EH_ERR_STORAGE: nothing changed. */
EH_MUST_CHECK int eh_store_put(
    struct eh_store *, struct eh_store_object *object, struct eh_error *error);

/* Copy the object ${number} without its data (${object->data} is NULL, but
 * ${object->len} is its length).  EH_ERR_NOT_FOUND. */
EH_MUST_CHECK int eh_store_get(
    struct eh_store *, uint64_t number, struct eh_store_object *object);

/* Give an object another label or id; NULL leaves it as it is.
 * EH_ERR_NOT_FOUND, EH_ERR_STORAGE. */
EH_MUST_CHECK int eh_store_name(struct eh_store *, uint64_t number,
    const char *label, const uint8_t *id, size_t idlen, struct eh_error *);

/* Forget an object, durably.  EH_ERR_NOT_FOUND, EH_ERR_STORAGE. */
EH_MUST_CHECK int eh_store_delete(
    struct eh_store *, uint64_t number, struct eh_error *error);

/* Forget all objects, durably (init-token). */
EH_MUST_CHECK int eh_store_clear(struct eh_store *, struct eh_error *error);

/* Call ${visit} for each object, in no order; it must not call the store.  Stop
 * at the first result that is not EH_OK, and return it. */
int eh_store_each(struct eh_store *,
    int (*visit)(void *arg, const struct eh_store_object *), void *arg);

#endif
