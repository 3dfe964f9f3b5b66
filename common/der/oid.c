/* SPDX-License-Identifier: Apache-2.0 */
/* oid.c - object identifiers: dotted text and DER contents (X.690 8.19). */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/der/oid.h"

#define ARC_OCTETS 5		/* of 7 bits: an arc up to 2^35 - 1 */

/* Read one arc of the text: digits without a leading zero, at most 2^32 - 1.
 * Return where it ends, or NULL. */
static const char *
text_arc(const char *text, uint64_t *arcp)
{
	const char *t = text;
	uint64_t arc = 0;

	while (*t >= '0' && *t <= '9') {
		arc = arc * 10 + (uint64_t)(*t++ - '0');
		if (arc > UINT32_MAX)
			return NULL;
	}
	if (t == text || (*text == '0' && t - text > 1))
		return NULL;
	*arcp = arc;
	return t;
}

/* Append one arc in base 128. */
static int
put_arc(uint64_t arc, uint8_t *out, size_t cap, size_t *lenp)
{
	size_t octets = 1;

	while (octets < ARC_OCTETS && arc >> (7 * octets) != 0)
		octets++;
	if (cap > EH_OID_MAX)
		cap = EH_OID_MAX;
	if (*lenp > cap || octets > cap - *lenp)
		return EH_ERR_SPACE;
	for (size_t i = octets; i-- > 0;)
		out[(*lenp)++] = (uint8_t)((arc >> (7 * i) & 0x7f) |
		    (i > 0 ? 0x80 : 0));
	return EH_OK;
}

int
eh_oid_encode(const char *text, uint8_t *out, size_t cap, size_t *lenp)
{
	uint64_t root, arc;
	const char *t;
	int err;

	*lenp = 0;
	t = text_arc(text, &root);
	if (t == NULL || *t != '.' || root > 2)
		return EH_ERR_FORMAT;
	t = text_arc(t + 1, &arc);
	if (t == NULL || (root < 2 && arc > 39))
		return EH_ERR_FORMAT;
	/* The first two arcs share a number: 40 * root + arc. */
	err = put_arc(40 * root + arc, out, cap, lenp);
	while (err == EH_OK && *t == '.') {
		t = text_arc(t + 1, &arc);
		if (t == NULL)
			return EH_ERR_FORMAT;
		err = put_arc(arc, out, cap, lenp);
	}
	if (err == EH_OK && *t != '\0')
		err = EH_ERR_FORMAT;
	return err;
}

/* Read one arc of the contents; return 0 at the end, -1 when it is malformed or
 * beyond ${max}. */
static int
next_arc(const uint8_t **at, size_t *left, uint64_t *arcp)
{
	uint64_t arc = 0;
	uint8_t octet;

	if (*left == 0)
		return 0;
	if (**at == 0x80)
		return -1;
	do {
		if (*left == 0 || arc >> 57 != 0)
			return -1;
		octet = *(*at)++;
		(*left)--;
		arc = arc << 7 | (octet & 0x7f);
	} while (octet & 0x80);
	*arcp = arc;
	return 1;
}

int
eh_oid_decode(const uint8_t *contents, size_t len, char *out, size_t cap)
{
	uint64_t arc = 0, root;
	size_t at;
	int more;

	if (cap > 0)
		out[0] = '\0';
	if (next_arc(&contents, &len, &arc) != 1)
		return EH_ERR_FORMAT;
	root = arc < 80 ? arc / 40 : 2;
	arc -= 40 * root;
	at = (size_t)snprintf(out, cap, "%" PRIu64, root);
	for (more = 1; more == 1; more = next_arc(&contents, &len, &arc)) {
		if (arc > UINT32_MAX)
			return EH_ERR_FORMAT;
		if (at >= cap)
			return EH_ERR_SPACE;
		at += (size_t)snprintf(out + at, cap - at, ".%" PRIu64, arc);
	}
	if (more < 0)
		return EH_ERR_FORMAT;
	return at < cap ? EH_OK : EH_ERR_SPACE;
}

int
eh_oid_check(const uint8_t *contents, size_t len)
{
	int first = 1;

	for (size_t i = 0; i < len; i++) {
		if (first && contents[i] == 0x80)
			return 0;
		first = (contents[i] & 0x80) == 0;
	}
	return len > 0 && first;
}

int
eh_oid_is(const uint8_t *contents, size_t len, const char *text)
{
	uint8_t oid[EH_OID_MAX];
	size_t oidlen;

	return eh_oid_encode(text, oid, sizeof(oid), &oidlen) == EH_OK &&
	    oidlen == len && memcmp(oid, contents, len) == 0;
}
