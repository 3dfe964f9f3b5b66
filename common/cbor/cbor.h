/* SPDX-License-Identifier: Apache-2.0 */
/* cbor.h - strict deterministic CBOR (RFC 8949 section 4.2.1), read and written
 * straight down. */
#ifndef EH_COMMON_CBOR_CBOR_H
#define EH_COMMON_CBOR_CBOR_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/reader.h"
#include "common/writer.h"

/*
 * What is accepted: unsigned and negative integers, byte strings, text strings
 * of printable ASCII, arrays, maps, false and true, and a tag only where
 * eh_cbor_tag() asks for it.  Every head must be of the shortest form and
 * definite.  Map keys must rise strictly by their encoded bytes, which refuses
 * duplicates too.  No floats, null, undefined, other simple values.  The same
 * bytes decode one way or not at all.
 *
 * A decoder latches its first error (see reader.h) and reads like the CDDL:
 * map members are asked for in the order in which deterministic encoding puts
 * their keys (0, 1, 2 ... 23, 24 ... 255, ..., -1, -2, ...), optional ones with
 * eh_cbor_if_key().  A key that was not asked for is therefore an error without
 * any code for it.
 *
 *	eh_cbor_init(&c, bytes, len, 512);
 *	eh_cbor_map(&c, 2, 3);
 *	eh_cbor_key(&c, 1);
 *	quota = eh_cbor_uint(&c, 0, EH_U53_MAX);
 *	eh_cbor_key(&c, 2);
 *	lease = eh_cbor_uint(&c, 1, 4096);
 *	if (eh_cbor_if_key(&c, 3))
 *		uses = eh_cbor_uint(&c, 1, 255);
 *	eh_cbor_leave(&c);
 *	return eh_cbor_end(&c);
 *
 * Nothing allocates; strings are borrowed from the input.  After an error every
 * get returns zero or an empty string that is not NULL.
 */
#define EH_CBOR_DEPTH     6	/* unless eh_cbor_set_depth() says more */
#define EH_CBOR_DEPTH_MAX 8
#define EH_U53_MAX    UINT64_C(9007199254740991)

struct eh_cbor {
	struct eh_reader in;
	unsigned items;			/* how many more items may come */
	unsigned depth, max_depth;
	struct {
		uint64_t left;		/* items still to come at this level */
		int is_map;
		const uint8_t *key;	/* last key of this map, encoded */
		size_t keylen;
	} level[EH_CBOR_DEPTH_MAX + 1];
};

/* Begin to decode ${len} bytes that hold at most ${max_items} items. */
void eh_cbor_init(
    struct eh_cbor *, const void *bytes, size_t len, unsigned max_items);

/* Let arrays and maps lie ${depth} deep, at most EH_CBOR_DEPTH_MAX.  Messages
 * and records keep to EH_CBOR_DEPTH; a compiled profile needs one more. */
void eh_cbor_set_depth(struct eh_cbor *, unsigned depth);

/* Return an unsigned integer from ${min} to ${max}, both included. */
uint64_t eh_cbor_uint(struct eh_cbor *, uint64_t min, uint64_t max);

/* Return an integer of either sign from ${min} to ${max}, both included. */
int64_t eh_cbor_int(struct eh_cbor *, int64_t min, int64_t max);

/* Return 0 or 1. */
int eh_cbor_bool(struct eh_cbor *);

/* Borrow a byte string of ${min} to ${max} bytes; set ${lenp} (not NULL, as
 * everywhere here) to its length. */
const uint8_t *eh_cbor_bytes(
    struct eh_cbor *, size_t min, size_t max, size_t *lenp);

/* Copy a byte string of exactly ${len} bytes; all zero on error. */
void eh_cbor_fixed(struct eh_cbor *, void *out, size_t len);

/* Borrow a text string of ${min} to ${max} printable ASCII bytes (20..7e). */
const char *eh_cbor_text(
    struct eh_cbor *, size_t min, size_t max, size_t *lenp);

/* Copy such a text and a NUL to ${out} of ${cap} bytes; cap - 1 is the most. */
void eh_cbor_text_copy(struct eh_cbor *, size_t min, char *out, size_t cap);

/* Enter an array (a map) of ${min} to ${max} members; return how many. */
size_t eh_cbor_array(struct eh_cbor *, size_t min, size_t max);
size_t eh_cbor_map(struct eh_cbor *, size_t min, size_t max);

/* Leave the array or map; all its members must have been read. */
void eh_cbor_leave(struct eh_cbor *);

/* Read the next key of this map, which must be ${key}. */
void eh_cbor_key(struct eh_cbor *, int64_t key);

/* If the next key of this map is ${key}, step over it and return 1, else 0. */
int eh_cbor_if_key(struct eh_cbor *, int64_t key);

/* Read the next key of this map, an integer from ${min} to ${max}; return it.
 * For maps whose keys are data ({ op => grant }). */
int64_t eh_cbor_any_key(struct eh_cbor *, int64_t min, int64_t max);

/* If the next item is the tag ${tag}, step over its head and return 1. */
int eh_cbor_tag(struct eh_cbor *, uint64_t tag);

/* What comes next, without reading it: major type 0 to 7, or -1 at the end of
 * this array, map or message, before something malformed, or after an error. */
int eh_cbor_peek(const struct eh_cbor *);

/* Step over the next item whatever it is, key or value, and borrow its encoded
 * bytes.  It is checked in full by the rules above; integers lie between
 * -EH_U53_MAX and EH_U53_MAX, and there is no tag in it. */
const uint8_t *eh_cbor_skip(struct eh_cbor *, size_t *lenp);

/* Latch ${err} unless an error is latched already: for rules of the schema. */
void eh_cbor_fail(struct eh_cbor *, int err);

/* Return the latched error, EH_ERR_TRAILING if bytes are left, EH_ERR_FORMAT if
 * not the whole of one item was read, or EH_OK. */
EH_MUST_CHECK int eh_cbor_end(const struct eh_cbor *);

/*
 * Check that ${bytes} are exactly one well-formed deterministic item: the rules
 * above, but any tag, any well-formed UTF-8 text, integers up to 64 bits and
 * keys of any type are let through.  Return EH_OK, EH_ERR_FORMAT or
 * EH_ERR_TRAILING.
 */
EH_MUST_CHECK int eh_cbor_check(const void *bytes, size_t len);

/*
 * Writing.  The caller puts map keys in deterministic order (debug builds and
 * the unit tests of each format check it with eh_cbor_check()); the shortest
 * heads are chosen here.  Errors latch in the writer; a text that is not
 * printable ASCII is EH_ERR_ARGUMENT.
 */
void eh_cbor_put_uint(struct eh_writer *, uint64_t);
void eh_cbor_put_int(struct eh_writer *, int64_t);
void eh_cbor_put_bool(struct eh_writer *, int);
void eh_cbor_put_bytes(struct eh_writer *, const void *bytes, size_t len);
void eh_cbor_put_text(struct eh_writer *, const char *text); /* NUL-ended */
void eh_cbor_put_array(struct eh_writer *, uint64_t members);
void eh_cbor_put_map(struct eh_writer *, uint64_t members);
void eh_cbor_put_tag(struct eh_writer *, uint64_t tag);

#endif
