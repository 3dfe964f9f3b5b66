/* SPDX-License-Identifier: Apache-2.0 */
/* der.h - the few DER forms that certificates and requests need (X.690). */
#ifndef EH_COMMON_DER_DER_H
#define EH_COMMON_DER_DER_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/reader.h"

/*
 * What is accepted: one-byte tags, definite lengths of the shortest form up to
 * 16 MiB, INTEGERs of the shortest form, BOOLEAN 00 and ff, BIT STRINGs whose
 * unused bits are zero, OBJECT IDENTIFIERs whose arcs have no leading 80.
 * Everything else latches EH_ERR_FORMAT: no BER, no indefinite lengths.
 */
/* clang-format off */
enum eh_der_tag {
	EH_DER_BOOLEAN          = 0x01,
	EH_DER_INTEGER          = 0x02,
	EH_DER_BIT_STRING       = 0x03,
	EH_DER_OCTET_STRING     = 0x04,
	EH_DER_NULL             = 0x05,
	EH_DER_OID              = 0x06,
	EH_DER_UTF8_STRING      = 0x0c,
	EH_DER_PRINTABLE_STRING = 0x13,
	EH_DER_IA5_STRING       = 0x16,
	EH_DER_UTC_TIME         = 0x17,
	EH_DER_GENERALIZED_TIME = 0x18,
	EH_DER_SEQUENCE         = 0x30,
	EH_DER_SET              = 0x31,
};
/* clang-format on */

/* The context-specific tag [n], n < 31: around other elements, or around
 * octets. */
#define EH_DER_CONTEXT(n) ((uint8_t)(0xa0 | (n)))
#define EH_DER_CONTEXT_OCTETS(n) ((uint8_t)(0x80 | (n)))

#define EH_DER_DEPTH 16
#define EH_DER_MARKS 64

/*
 * Reading.  A reader latches its first error (see reader.h), and goes into
 * constructed elements and out of them again:
 *
 *	eh_der_init(&d, bytes, len);
 *	eh_der_enter(&d, EH_DER_SEQUENCE);
 *	version = eh_der_uint(&d, 0, 2);
 *	name = eh_der_element(&d, EH_DER_SEQUENCE, &namelen);
 *	eh_der_leave(&d);
 *	return eh_der_end(&d);
 *
 * Nothing allocates; what is returned by pointer is borrowed from the input.
 * After an error every get returns zero or empty contents that are not NULL.
 */
struct eh_der {
	struct eh_reader in;
	unsigned depth;
	size_t after[EH_DER_DEPTH]; /* input left where this level ends */
};

void eh_der_init(struct eh_der *, const void *bytes, size_t len);

/* Go into the next element, which must have ${tag}. */
void eh_der_enter(struct eh_der *, uint8_t tag);

/* The same when the next element has ${tag}, and return 1; else return 0. */
int eh_der_if_enter(struct eh_der *, uint8_t tag);

/* Leave the element; all of its contents must have been read. */
void eh_der_leave(struct eh_der *);

/* The tag of the next element of this level without reading it, or -1 at the
 * end of the level or after an error.  So "while (eh_der_peek(&d) >= 0)". */
int eh_der_peek(const struct eh_der *);

/* Borrow the contents of the next element, which must have ${tag}. */
const uint8_t *eh_der_get(struct eh_der *, uint8_t tag, size_t *lenp);

/* Borrow the next element whole, tag and length included, unread inside.
 * eh_der_any() takes any tag. */
const uint8_t *eh_der_element(struct eh_der *, uint8_t tag, size_t *lenp);
const uint8_t *eh_der_any(struct eh_der *, size_t *lenp);

/* Borrow the octets of an INTEGER of either sign: shortest form checked. */
const uint8_t *eh_der_integer(struct eh_der *, size_t *lenp);

/* Return a non-negative INTEGER from ${min} to ${max}, both included. */
uint64_t eh_der_uint(struct eh_der *, uint64_t min, uint64_t max);

/* Return 0 or 1. */
int eh_der_bool(struct eh_der *);

/* Borrow the octets of a BIT STRING; ${unusedp} is set to the number of unused
 * bits of the last one (0 to 7), all of which are zero. */
const uint8_t *eh_der_bits(struct eh_der *, unsigned *unusedp, size_t *lenp);

/* Borrow the contents of an OBJECT IDENTIFIER (see oid.h). */
const uint8_t *eh_der_oid(struct eh_der *, size_t *lenp);

/* Latch ${err} unless an error is latched already: for rules of the schema. */
void eh_der_fail(struct eh_der *, int err);

/* Return the latched error, EH_ERR_TRAILING if bytes are left, or EH_OK. */
EH_MUST_CHECK int eh_der_end(const struct eh_der *);

/*
 * Writing, first octet first, into the caller's memory.  A constructed element
 * is begun and ended; its length is put in when it ends, and what was written
 * inside moves up if the length needs more than one octet.  Whoever wants to
 * know where something ends up takes a mark while writing, and asks for its
 * place after the end.  The first error latches: EH_ERR_SPACE when the memory
 * is too small, EH_ERR_FORMAT for an OID that is none, EH_ERR_INTERNAL for an
 * end without a begin.
 */
struct eh_der_writer {
	uint8_t *out;
	size_t cap, len;
	int err;
	unsigned depth, marks;
	size_t begun[EH_DER_DEPTH];	/* where the contents begin */
	size_t mark[EH_DER_MARKS];
};

void eh_der_writer_init(struct eh_der_writer *, void *out, size_t cap);

void eh_der_put_begin(struct eh_der_writer *, uint8_t tag);
void eh_der_put_end(struct eh_der_writer *);

/* Write one element with ${tag} and these contents. */
void eh_der_put(
    struct eh_der_writer *, uint8_t tag, const void *contents, size_t len);

/* Write octets as they are: finished DER, or part of some contents. */
void eh_der_put_raw(struct eh_der_writer *, const void *bytes, size_t len);
void eh_der_put_zeros(struct eh_der_writer *, size_t len);

void eh_der_put_uint(struct eh_der_writer *, uint64_t);
void eh_der_put_bool(struct eh_der_writer *, int);

/* Write an OBJECT IDENTIFIER from its dotted text. */
void eh_der_put_oid(struct eh_der_writer *, const char *dotted);

/* Mark the place where the next octet goes; return the number of the mark,
 * 0 for the first, 1 for the second and so on. */
unsigned eh_der_put_mark(struct eh_der_writer *);

/* Return the latched error or EH_OK.  Everything begun must have ended.  Set
 * ${lenp} to the octets written; the offsets of the marks are final then. */
EH_MUST_CHECK int eh_der_writer_end(
    const struct eh_der_writer *, size_t *lenp);
size_t eh_der_writer_offset(const struct eh_der_writer *, unsigned mark);

#endif
