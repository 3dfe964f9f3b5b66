/* SPDX-License-Identifier: Apache-2.0 */
/* index.c - which device was issued what, and where in the journal it is. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "quota-engine/engine.h"
#include "quota-engine/index.h"

#define PIECE       1024u	/* things in a piece of a pool */
#define BUCKETS_MIN 1024u

static void *
pool_get(const struct eh_pool *pool, uint32_t number)
{
	return pool->piece[number / PIECE] + (number % PIECE) * pool->size;
}

/* The first four bytes of a free thing are the number of the next free one. */
static int
pool_take(struct eh_pool *pool, uint32_t *numberp)
{
	uint8_t **grown, *piece;

	if (pool->free != EH_INDEX_NONE) {
		*numberp = pool->free;
		memcpy(&pool->free, pool_get(pool, *numberp), sizeof(uint32_t));
		return EH_OK;
	}
	if (pool->used == EH_INDEX_NONE)
		return EH_ERR_MEMORY;
	if (pool->used == pool->pieces * PIECE) {
		grown = realloc(pool->piece,
		    (pool->pieces + 1) * sizeof(*pool->piece));
		if (grown == NULL)
			return EH_ERR_MEMORY;
		pool->piece = grown;
		if ((piece = malloc(PIECE * pool->size)) == NULL)
			return EH_ERR_MEMORY;
		pool->piece[pool->pieces++] = piece;
	}
	*numberp = pool->used++;
	return EH_OK;
}

static void
pool_give(struct eh_pool *pool, uint32_t number)
{
	memcpy(pool_get(pool, number), &pool->free, sizeof(uint32_t));
	pool->free = number;
}

static void
pool_init(struct eh_pool *pool, size_t size)
{
	memset(pool, 0, sizeof(*pool));
	pool->size = size;
	pool->free = EH_INDEX_NONE;
}

static void
pool_wipe(struct eh_pool *pool)
{
	for (size_t i = 0; i < pool->pieces; i++)
		free(pool->piece[i]);
	free(pool->piece);
	pool_init(pool, pool->size);
}

static uint32_t *
empty_table(uint32_t buckets)
{
	uint32_t *bucket = malloc(buckets * sizeof(*bucket));

	for (uint32_t i = 0; bucket != NULL && i < buckets; i++)
		bucket[i] = EH_INDEX_NONE;
	return bucket;
}

static int
table(struct eh_index *x, uint32_t buckets)
{
	uint32_t *bucket = empty_table(buckets);

	if (bucket == NULL)
		return EH_ERR_MEMORY;
	free(x->bucket);
	x->bucket = bucket;
	x->buckets = buckets;
	return EH_OK;
}

int
eh_index_init(struct eh_index *x, const uint8_t seed[EH_DIGEST_LEN])
{
	memset(x, 0, sizeof(*x));
	memcpy(x->seed, seed, EH_DIGEST_LEN);
	pool_init(&x->device, sizeof(struct eh_device));
	pool_init(&x->issued, sizeof(struct eh_issued));
	pool_init(&x->owned, sizeof(struct eh_owned));
	return table(x, BUCKETS_MIN);
}

void
eh_index_wipe(struct eh_index *x)
{
	pool_wipe(&x->device);
	pool_wipe(&x->issued);
	pool_wipe(&x->owned);
	free(x->bucket);
	free(x->obucket);
	free(x->book);
	memset(x, 0, sizeof(*x));
}

static uint32_t
bucket_of(
    const struct eh_index *x, uint32_t book, const struct eh_device_id *id)
{
	struct eh_sha256 h;
	uint8_t digest[EH_SHA256_LEN];
	uint32_t n;

	eh_sha256_init(&h);
	eh_sha256_update(&h, x->seed, sizeof(x->seed));
	eh_sha256_update(&h, &book, sizeof(book));
	eh_sha256_update(&h, id->bytes, id->len);
	eh_sha256_final(&h, digest);
	memcpy(&n, digest, sizeof(n));
	return n & (x->buckets - 1);
}

static struct eh_device *
device(const struct eh_index *x, uint32_t number)
{
	return pool_get(&x->device, number);
}

/* The link that leads to the device, or to the end of its chain. */
static uint32_t *
link_to(const struct eh_index *x, uint32_t book, const struct eh_device_id *id)
{
	uint32_t *link = &x->bucket[bucket_of(x, book, id)];

	while (*link != EH_INDEX_NONE) {
		struct eh_device *d = device(x, *link);

		if (d->book == book && eh_device_id_equal(&d->id, id))
			break;
		link = &d->next;
	}
	return link;
}

struct eh_device *
eh_index_find(
    const struct eh_index *x, uint32_t book, const struct eh_device_id *id)
{
	uint32_t number = *link_to(x, book, id);

	return number == EH_INDEX_NONE ? NULL : device(x, number);
}

/* Twice as many buckets; the devices stay where they are.  When there is no
 * memory the chains grow longer, that is all. */
static void
grow(struct eh_index *x)
{
	uint32_t old = x->buckets, *from = x->bucket;

	if (old > UINT32_MAX / 4)
		return;
	x->bucket = NULL;
	if (table(x, 2 * old) != EH_OK) {
		x->bucket = from;
		return;
	}
	for (uint32_t i = 0; i < old; i++) {
		uint32_t number = from[i], next;

		for (; number != EH_INDEX_NONE; number = next) {
			struct eh_device *d = device(x, number);
			uint32_t *head =
			    &x->bucket[bucket_of(x, d->book, &d->id)];

			next = d->next;
			d->next = *head;
			*head = number;
		}
	}
	free(from);
}

int
eh_index_add(struct eh_index *x, uint32_t book, const struct eh_device_id *id,
    struct eh_device **devicep)
{
	struct eh_device *d;
	uint32_t number, *link;
	int err;

	if ((err = pool_take(&x->device, &number)) != EH_OK)
		return err;
	if (x->devices >= x->buckets)
		grow(x);
	d = device(x, number);
	memset(d, 0, sizeof(*d));
	d->next = EH_INDEX_NONE;
	d->number = number;
	d->issued = EH_INDEX_NONE;
	d->owned = EH_INDEX_NONE;
	d->book = book;
	d->id = *id;
	link = link_to(x, book, id);
	*link = number;
	x->devices++;
	*devicep = d;
	return EH_OK;
}

/*
 * --- whose is this key? ---
 */

static struct eh_owned *
owned(const struct eh_index *x, uint32_t number)
{
	return pool_get(&x->owned, number);
}

static uint32_t
obucket_of(const struct eh_index *x, const uint8_t mark[EH_DEVICE_KEY])
{
	uint64_t m, seed;

	/* Marks are fronts of digests; the seed keeps their choice from being
	 * that of a chain. */
	memcpy(&m, mark, sizeof(m));
	memcpy(&seed, x->seed, sizeof(seed));
	return (uint32_t)((m * (seed | 1)) >> 32) & (x->obuckets - 1);
}

/* Twice as many buckets, if there is memory; 0 when there is no table. */
static int
ogrow(struct eh_index *x)
{
	uint32_t old = x->obuckets, *from = x->obucket, *bucket;

	if (old != 0 && (x->nowned < old || old > UINT32_MAX / 4))
		return 1;
	bucket = empty_table(old == 0 ? BUCKETS_MIN : 2 * old);
	if (bucket == NULL)
		return old != 0;
	x->obucket = bucket;
	x->obuckets = old == 0 ? BUCKETS_MIN : 2 * old;
	for (uint32_t i = 0; i < old; i++) {
		uint32_t number = from[i], next;

		for (; number != EH_INDEX_NONE; number = next) {
			struct eh_owned *o = owned(x, number);
			uint32_t *head = &x->obucket[obucket_of(x, o->mark)];

			next = o->next;
			o->next = *head;
			*head = number;
		}
	}
	free(from);
	return 1;
}

void
eh_index_chip_mark(const uint8_t *id, size_t len, uint8_t mark[EH_DEVICE_KEY])
{
	static const char label[] = "EdgeHSM-chip";
	uint8_t digest[EH_SHA256_LEN];
	struct eh_sha256 h;

	eh_sha256_init(&h);
	eh_sha256_update(&h, label, sizeof(label) - 1);
	eh_sha256_update(&h, id, len);
	eh_sha256_final(&h, digest);
	memcpy(mark, digest, EH_DEVICE_KEY);
}

int
eh_index_own(struct eh_index *x, struct eh_device *d,
    const uint8_t mark[EH_DEVICE_KEY], uint32_t *numberp)
{
	uint32_t number = d->owned, *head;
	struct eh_owned *o;
	int err;

	for (; number != EH_INDEX_NONE; number = o->sibling) {
		o = owned(x, number);
		if (memcmp(o->mark, mark, EH_DEVICE_KEY) != 0)
			continue;
		o->holds++;
		*numberp = number;
		return EH_OK;
	}
	if (!ogrow(x))
		return EH_ERR_MEMORY;
	if ((err = pool_take(&x->owned, &number)) != EH_OK)
		return err;
	o = owned(x, number);
	head = &x->obucket[obucket_of(x, mark)];
	o->next = *head;
	o->sibling = d->owned;
	o->device = d->number;
	o->holds = 1;
	memcpy(o->mark, mark, EH_DEVICE_KEY);
	*head = d->owned = *numberp = number;
	x->nowned++;
	return EH_OK;
}

void
eh_index_disown(struct eh_index *x, uint32_t number)
{
	struct eh_owned *o = owned(x, number);
	uint32_t *link;

	if (--o->holds > 0)
		return;
	for (link = &device(x, o->device)->owned; *link != number;
	     link = &owned(x, *link)->sibling)
		;
	*link = o->sibling;
	for (link = &x->obucket[obucket_of(x, o->mark)]; *link != number;
	     link = &owned(x, *link)->next)
		;
	*link = o->next;
	pool_give(&x->owned, number);
	x->nowned--;
}

struct eh_device *
eh_index_owner(const struct eh_index *x, uint32_t book,
    const struct eh_device *but, const uint8_t mark[EH_DEVICE_KEY])
{
	uint32_t number = x->obuckets == 0 ? EH_INDEX_NONE :
					     x->obucket[obucket_of(x, mark)];

	for (; number != EH_INDEX_NONE; number = owned(x, number)->next) {
		const struct eh_owned *o = owned(x, number);
		struct eh_device *d = device(x, o->device);

		if (memcmp(o->mark, mark, EH_DEVICE_KEY) == 0 && d != but &&
		    d->book == book && d->outcome != EH_OUTCOME_SCRAPPED)
			return d;
	}
	return NULL;
}

void
eh_index_remove(struct eh_index *x, struct eh_device *d)
{
	uint32_t *link = link_to(x, d->book, &d->id), number = *link, next;

	while (d->owned != EH_INDEX_NONE) {
		owned(x, d->owned)->holds = 1;
		eh_index_disown(x, d->owned);
	}
	for (; d->issued != EH_INDEX_NONE; d->issued = next) {
		next = eh_index_issued(x, d->issued)->next;
		pool_give(&x->issued, d->issued);
	}
	for (struct eh_ticket *t = d->claims; t != NULL; t = t->next)
		t->device = NULL;
	*link = d->next;
	pool_give(&x->device, number);
	x->devices--;
}

int
eh_index_reserve(struct eh_index *x, uint32_t *numberp)
{
	return pool_take(&x->issued, numberp);
}

void
eh_index_cancel(struct eh_index *x, uint32_t number)
{
	pool_give(&x->issued, number);
}

void
eh_index_issue(struct eh_index *x, struct eh_device *d, uint32_t number,
    const struct eh_issued *values)
{
	struct eh_issued *i = pool_get(&x->issued, number);

	*i = *values;
	i->next = d->issued;
	d->issued = number;
}

struct eh_issued *
eh_index_issued(const struct eh_index *x, uint32_t number)
{
	return number == EH_INDEX_NONE ? NULL : pool_get(&x->issued, number);
}

int
eh_index_book(struct eh_index *x, uint32_t *bookp)
{
	struct eh_book *grown;
	uint32_t i;

	for (i = 0; i < x->books; i++)
		if (x->book[i].rows == 0)
			break;
	if (i == x->books) {
		grown = realloc(x->book, (x->books + 1) * sizeof(*grown));
		if (grown == NULL)
			return EH_ERR_MEMORY;
		x->book = grown;
		x->books++;
	}
	memset(&x->book[i], 0, sizeof(x->book[i]));
	x->book[i].rows = 1;
	*bookp = i;
	return EH_OK;
}

/* Walk the whole table: this is rare, and the devices of one book are
 * everywhere. */
static void
drop(struct eh_index *x, uint32_t book)
{
	for (uint32_t i = 0; i < x->buckets; i++) {
		uint32_t number = x->bucket[i], next;

		for (; number != EH_INDEX_NONE; number = next) {
			struct eh_device *d = device(x, number);

			next = d->next;
			if (d->book == book)
				eh_index_remove(x, d);
		}
	}
}

static void
move_issued(struct eh_index *x, struct eh_device *d, const struct eh_moved *m)
{
	struct eh_issued *i = eh_index_issued(x, d->issued);

	for (; i != NULL; i = eh_index_issued(x, i->next))
		i->template_index = i->template_index < m->templates
		    ? m->map[i->template_index]
		    : EH_TEMPLATE_GONE;
}

void
eh_index_move(struct eh_index *x, uint32_t book, const struct eh_moved *m)
{
	if (m->templates == 0)
		return;
	for (uint32_t i = 0; i < x->buckets; i++)
		for (uint32_t number = x->bucket[i]; number != EH_INDEX_NONE;
		     number = device(x, number)->next)
			if (device(x, number)->book == book)
				move_issued(x, device(x, number), m);
}

void
eh_index_release(struct eh_index *x, uint32_t book)
{
	if (--x->book[book].rows == 0)
		drop(x, book);
}
