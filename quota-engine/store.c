/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - certificates and data objects: what the token keeps for its clients,
 * and what decides nothing. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cbor/cbor.h"
#include "common/file.h"
#include "common/log.h"
#include "quota-engine/boundary.h"
#include "quota-engine/rng.h"

#define FILE_MAX    (EH_STORE_DATA_MAX + 512)
#define NAME_LEN    16 /* of a file: the number in hex */
#define UNFINISHED  ".new-" /* what eh_file_write() adds until it is whole */
#define NUMBER_MASK (EH_OBJECT_STORED - 1)

struct eh_store {
	pthread_mutex_t lock;
	char folder[PATH_MAX];
	struct eh_store_object object[EH_STORE_OBJECTS];
	unsigned n;
	size_t bytes; /* of the data of all objects */
};

static int
file_name(const struct eh_store *s, uint64_t number, char path[PATH_MAX])
{
	int len = snprintf(
	    path, PATH_MAX, "%s/%016" PRIx64, s->folder, number);

	return len > 0 && len < PATH_MAX ? EH_OK : EH_ERR_SPACE;
}

static void
encode(const struct eh_store_object *o, struct eh_writer *w)
{
	eh_cbor_put_map(w, 7);
	eh_cbor_put_uint(w, 0);
	eh_cbor_put_uint(w, 1);
	eh_cbor_put_uint(w, 1);
	eh_cbor_put_uint(w, o->class);
	eh_cbor_put_uint(w, 2);
	eh_cbor_put_uint(w, o->number);
	eh_cbor_put_uint(w, 3);
	eh_cbor_put_text(w, o->label);
	eh_cbor_put_uint(w, 4);
	eh_cbor_put_bytes(w, o->id, o->idlen);
	eh_cbor_put_uint(w, 5);
	eh_cbor_put_text(w, o->application);
	eh_cbor_put_uint(w, 6);
	eh_cbor_put_bytes(w, o->data, o->len);
}

/* Decode; ${o->data} borrows from ${bytes}. */
static int
decode(const void *bytes, size_t len, struct eh_store_object *o)
{
	const uint8_t *id;
	struct eh_cbor c;

	memset(o, 0, sizeof(*o));
	eh_cbor_init(&c, bytes, len, 16);
	eh_cbor_map(&c, 7, 7);
	eh_cbor_key(&c, 0);
	eh_cbor_uint(&c, 1, 1);
	eh_cbor_key(&c, 1);
	o->class = (enum eh_wire_class)eh_cbor_uint(
	    &c, EH_CLASS_CERTIFICATE, EH_CLASS_DATA);
	eh_cbor_key(&c, 2);
	o->number = eh_cbor_uint(&c, EH_OBJECT_STORED, EH_U53_MAX);
	eh_cbor_key(&c, 3);
	eh_cbor_text_copy(&c, 0, o->label, sizeof(o->label));
	eh_cbor_key(&c, 4);
	id = eh_cbor_bytes(&c, 0, sizeof(o->id), &o->idlen);
	memcpy(o->id, id, o->idlen);
	eh_cbor_key(&c, 5);
	eh_cbor_text_copy(&c, 0, o->application, sizeof(o->application));
	eh_cbor_key(&c, 6);
	o->data = eh_cbor_bytes(&c, 0, EH_STORE_DATA_MAX, &o->len);
	eh_cbor_leave(&c);
	return eh_cbor_end(&c);
}

static struct eh_store_object *
lookup(struct eh_store *s, uint64_t number)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->object[i].number == number)
			return &s->object[i];
	return NULL;
}

/* Take ${o} into the table; its data becomes the table's. */
static void
keep(struct eh_store *s, const struct eh_store_object *o)
{
	s->object[s->n++] = *o;
	s->bytes += o->len;
}

static void
drop(struct eh_store *s, struct eh_store_object *slot)
{
	s->bytes -= slot->len;
	free((void *)(uintptr_t)slot->data);
	*slot = s->object[--s->n];
}

static uint8_t *
copy_of(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy != NULL && len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

static int
room_for(const struct eh_store *s, const struct eh_store_object *o,
    struct eh_error *error)
{
	if (o->len > EH_STORE_DATA_MAX)
		return eh_error_set(error, EH_ERR_FULL,
		    "an object of %zu bytes is too long: %u are the most",
		    o->len, EH_STORE_DATA_MAX);
	if (s->n == EH_STORE_OBJECTS)
		return eh_error_set(error, EH_ERR_FULL,
		    "the token holds %u objects, which is the most", s->n);
	if (s->bytes + o->len > EH_STORE_BYTES)
		return eh_error_set(error, EH_ERR_FULL,
		    "the token's objects take %zu of %u bytes: %zu more do "
		    "not fit",
		    s->bytes, EH_STORE_BYTES, o->len);
	return EH_OK;
}

static int
write_file(
    struct eh_store *s, const struct eh_store_object *o, struct eh_error *error)
{
	char path[PATH_MAX];
	struct eh_writer w;
	uint8_t *bytes;
	size_t len = 0;
	int err;

	if ((err = file_name(s, o->number, path)) != EH_OK)
		return eh_error_set(error, err, "the state folder's path is "
						"too long");
	if ((bytes = malloc(FILE_MAX)) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	eh_writer_init(&w, bytes, FILE_MAX);
	encode(o, &w);
	if ((err = eh_writer_end(&w, &len)) == EH_OK)
		err = eh_file_write(path, bytes, len, 0600, error);
	free(bytes);
	return err;
}

/* A file that a crash left behind before it had its name. */
static void
remove_unfinished(const struct eh_store *s, const char *name)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", s->folder, name);

	if (strlen(name) > NAME_LEN &&
	    strncmp(name + NAME_LEN, UNFINISHED, strlen(UNFINISHED)) == 0 &&
	    len > 0 && (size_t)len < sizeof(path))
		unlink(path);
}

/* Read one file; what is not one of ours, or damaged, is passed over. */
static int
read_object(struct eh_store *s, const char *name, struct eh_error *error)
{
	struct eh_store_object o;
	char path[PATH_MAX];
	struct eh_error why;
	struct eh_buf bytes;
	char *end = NULL;
	uint64_t number = strtoull(name, &end, 16);
	int err = EH_OK;

	if (strlen(name) != NAME_LEN || *end != '\0' ||
	    file_name(s, number, path) != EH_OK)
		return EH_OK;
	eh_error_clear(&why);
	if (eh_file_read(path, FILE_MAX, &bytes, &why) != EH_OK ||
	    decode(bytes.data, bytes.len, &o) != EH_OK || o.number != number ||
	    lookup(s, number) != NULL || room_for(s, &o, &why) != EH_OK)
		eh_log(EH_LOG_WARNING, "%s is damaged and left out%s%s", path,
		    why.text[0] != '\0' ? ": " : "", why.text);
	else if ((o.data = copy_of(o.data, o.len)) == NULL)
		err = eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	else
		keep(s, &o);
	eh_buf_free(&bytes);
	return err;
}

static int
read_folder(struct eh_store *s, struct eh_error *error)
{
	DIR *d = opendir(s->folder);
	struct dirent *entry;
	int err = EH_OK;

	if (d == NULL)
		return eh_error_set(
		    error, EH_ERR_IO, "%s: %s", s->folder, strerror(errno));
	while (err == EH_OK && (errno = 0, entry = readdir(d)) != NULL) {
		remove_unfinished(s, entry->d_name);
		err = read_object(s, entry->d_name, error);
	}
	if (err == EH_OK && errno != 0)
		err = eh_error_set(
		    error, EH_ERR_IO, "%s: %s", s->folder, strerror(errno));
	closedir(d);
	return err;
}

int
eh_store_open(
    const char *state, struct eh_store **storep, struct eh_error *error)
{
	struct eh_store *s;
	int err, len;

	*storep = NULL;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	pthread_mutex_init(&s->lock, NULL);
	len = snprintf(s->folder, sizeof(s->folder), "%s/objects", state);
	if (len < 0 || (size_t)len >= sizeof(s->folder))
		err = eh_error_set(error, EH_ERR_ARGUMENT,
		    "the state folder's path is too long");
	else if ((err = eh_file_mkdir(s->folder, 0700, error)) == EH_OK)
		err = read_folder(s, error);
	if (err != EH_OK) {
		eh_store_close(s);
		return err;
	}
	*storep = s;
	return EH_OK;
}

void
eh_store_close(struct eh_store *s)
{
	if (s == NULL)
		return;
	while (s->n > 0)
		drop(s, &s->object[0]);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static int
new_number(struct eh_store *s, uint64_t *numberp, struct eh_error *error)
{
	uint64_t number;

	do {
		if (eh_rng_fill(&number, sizeof(number)) != EH_OK)
			return eh_error_set(error, EH_ERR_CRYPTO,
			    "no random numbers are to be had");
		number = (number & NUMBER_MASK) | EH_OBJECT_STORED;
	} while (lookup(s, number) != NULL);
	*numberp = number;
	return EH_OK;
}

static int
put(struct eh_store *s, struct eh_store_object *o, struct eh_error *error)
{
	struct eh_store_object kept;
	int err;

	if ((err = room_for(s, o, error)) != EH_OK ||
	    (err = new_number(s, &o->number, error)) != EH_OK)
		return err;
	kept = *o;
	if ((kept.data = copy_of(o->data, o->len)) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if ((err = write_file(s, o, error)) != EH_OK) {
		free((void *)(uintptr_t)kept.data);
		return err;
	}
	keep(s, &kept);
	return EH_OK;
}

int
eh_store_put(
    struct eh_store *s, struct eh_store_object *o, struct eh_error *error)
{
	int err;

	pthread_mutex_lock(&s->lock);
	err = put(s, o, error);
	pthread_mutex_unlock(&s->lock);
	return err;
}

int
eh_store_get(struct eh_store *s, uint64_t number, struct eh_store_object *o)
{
	const struct eh_store_object *found;

	pthread_mutex_lock(&s->lock);
	if ((found = lookup(s, number)) != NULL) {
		*o = *found;
		o->data = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	return found != NULL ? EH_OK : EH_ERR_NOT_FOUND;
}

static int
not_found(struct eh_error *error)
{
	return eh_error_set(
	    error, EH_ERR_NOT_FOUND, "the token has no such object");
}

int
eh_store_name(struct eh_store *s, uint64_t number, const char *label,
    const uint8_t *id, size_t idlen, struct eh_error *error)
{
	struct eh_store_object *found, changed;
	int err;

	if ((label != NULL && strlen(label) > EH_STORE_TEXT_MAX) ||
	    (id != NULL && idlen > EH_STORE_ID_MAX))
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "a label or id of more than 64 bytes");
	pthread_mutex_lock(&s->lock);
	if ((found = lookup(s, number)) == NULL)
		err = not_found(error);
	else {
		changed = *found;
		if (label != NULL)
			snprintf(changed.label, sizeof(changed.label), "%s",
			    label);
		if (id != NULL) {
			memcpy(changed.id, id, idlen);
			changed.idlen = idlen;
		}
		if ((err = write_file(s, &changed, error)) == EH_OK)
			*found = changed;
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}

static int
remove_object(struct eh_store *s, struct eh_store_object *found,
    struct eh_error *error)
{
	char path[PATH_MAX];
	int err;

	if ((err = file_name(s, found->number, path)) != EH_OK)
		return eh_error_set(error, err, "the state folder's path is "
						"too long");
	if (unlink(path) != 0 && errno != ENOENT)
		return eh_error_set(
		    error, EH_ERR_STORAGE, "%s: %s", path, strerror(errno));
	drop(s, found);
	return eh_file_sync_folder(s->folder, error);
}

int
eh_store_delete(struct eh_store *s, uint64_t number, struct eh_error *error)
{
	struct eh_store_object *found;
	int err;

	pthread_mutex_lock(&s->lock);
	found = lookup(s, number);
	err = found != NULL ? remove_object(s, found, error) : not_found(error);
	pthread_mutex_unlock(&s->lock);
	return err;
}

int
eh_store_clear(struct eh_store *s, struct eh_error *error)
{
	int err = EH_OK;

	pthread_mutex_lock(&s->lock);
	while (err == EH_OK && s->n > 0)
		err = remove_object(s, &s->object[s->n - 1], error);
	pthread_mutex_unlock(&s->lock);
	return err;
}

int
eh_store_each(struct eh_store *s,
    int (*visit)(void *arg, const struct eh_store_object *), void *arg)
{
	int err = EH_OK;

	pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; err == EH_OK && i < s->n; i++)
		err = visit(arg, &s->object[i]);
	pthread_mutex_unlock(&s->lock);
	return err;
}
