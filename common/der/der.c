/* SPDX-License-Identifier: Apache-2.0 */
/* der.c - the few DER forms that certificates and requests need (X.690). */
#include "config.h"

#include <string.h>

#include "common/der/der.h"
#include "common/der/oid.h"

#define LENGTH_OCTETS 3		/* behind the first: up to 16 MiB */

static const uint8_t nothing[1];

void
eh_der_init(struct eh_der *d, const void *bytes, size_t len)
{
	memset(d, 0, sizeof(*d));
	eh_reader_init(&d->in, bytes, len);
}

/* How many octets of the input are left when the present level ends. */
static size_t
level_end(const struct eh_der *d)
{
	return d->depth > 0 ? d->after[d->depth - 1] : 0;
}

int
eh_der_peek(const struct eh_der *d)
{
	if (d->in.err != EH_OK || d->in.left <= level_end(d))
		return -1;
	return d->in.next[0];
}

/* Read the octets of a long length: shortest form, so no leading zero and
 * nothing that the short form could say. */
static size_t
long_length(struct eh_der *d, unsigned octets)
{
	size_t len = 0;

	if (octets == 0 || octets > LENGTH_OCTETS) {
		eh_der_fail(d, EH_ERR_FORMAT);
		return 0;
	}
	for (unsigned i = 0; i < octets; i++)
		len = len << 8 | eh_reader_u8(&d->in);
	if (len < 0x80 || len >> (8 * (octets - 1)) == 0)
		eh_der_fail(d, EH_ERR_FORMAT);
	return len;
}

/* Read tag and length of the next element, whatever it is.  Return the length;
 * the contents lie within the level, or an error is latched. */
static size_t
head(struct eh_der *d, uint8_t *tagp)
{
	size_t len;

	*tagp = 0;
	if (d->in.err == EH_OK && d->in.left <= level_end(d))
		eh_der_fail(d, EH_ERR_FORMAT);
	*tagp = eh_reader_u8(&d->in);
	if ((*tagp & 0x1f) == 0x1f || *tagp == 0)
		eh_der_fail(d, EH_ERR_FORMAT);
	len = eh_reader_u8(&d->in);
	if (len & 0x80)
		len = long_length(d, (unsigned)(len & 0x7f));
	if (d->in.err == EH_OK &&
	    (d->in.left < level_end(d) || len > d->in.left - level_end(d)))
		eh_der_fail(d, EH_ERR_FORMAT);
	return d->in.err == EH_OK ? len : 0;
}

/* Read tag and length of the next element, which must have ${tag}. */
static size_t
expect(struct eh_der *d, uint8_t tag)
{
	uint8_t found;
	size_t len = head(d, &found);

	if (d->in.err == EH_OK && found != tag) {
		eh_der_fail(d, EH_ERR_FORMAT);
		len = 0;
	}
	return len;
}

void
eh_der_enter(struct eh_der *d, uint8_t tag)
{
	size_t len = expect(d, tag);

	if (d->depth == EH_DER_DEPTH)
		eh_der_fail(d, EH_ERR_FORMAT);
	if (d->in.err != EH_OK)
		return;
	d->after[d->depth++] = d->in.left - len;
}

int
eh_der_if_enter(struct eh_der *d, uint8_t tag)
{
	if (eh_der_peek(d) != tag)
		return 0;
	eh_der_enter(d, tag);
	return d->in.err == EH_OK;
}

void
eh_der_leave(struct eh_der *d)
{
	if (d->in.err != EH_OK)
		return;
	if (d->depth == 0) {
		eh_der_fail(d, EH_ERR_INTERNAL);
		return;
	}
	if (d->in.left != level_end(d))
		eh_der_fail(d, EH_ERR_FORMAT);
	d->depth--;
}

/* Borrow ${len} octets of contents; never NULL. */
static const uint8_t *
contents(struct eh_der *d, size_t len, size_t *lenp)
{
	const uint8_t *at = NULL;

	if (d->in.err == EH_OK)
		at = eh_reader_borrow(&d->in, len);
	*lenp = at != NULL ? len : 0;
	return at != NULL ? at : nothing;
}

const uint8_t *
eh_der_get(struct eh_der *d, uint8_t tag, size_t *lenp)
{
	return contents(d, expect(d, tag), lenp);
}

const uint8_t *
eh_der_any(struct eh_der *d, size_t *lenp)
{
	const uint8_t *start = d->in.next;
	size_t left = d->in.left, len;
	uint8_t tag;

	len = head(d, &tag);
	contents(d, len, lenp);
	if (d->in.err != EH_OK)
		return nothing;
	*lenp = left - d->in.left;
	return start;
}

const uint8_t *
eh_der_element(struct eh_der *d, uint8_t tag, size_t *lenp)
{
	if (d->in.err == EH_OK && eh_der_peek(d) != tag)
		eh_der_fail(d, EH_ERR_FORMAT);
	return eh_der_any(d, lenp);
}

/* Fail, and give the empty contents back. */
static const uint8_t *
refuse(struct eh_der *d, size_t *lenp)
{
	eh_der_fail(d, EH_ERR_FORMAT);
	*lenp = 0;
	return nothing;
}

const uint8_t *
eh_der_integer(struct eh_der *d, size_t *lenp)
{
	const uint8_t *at = eh_der_get(d, EH_DER_INTEGER, lenp);

	if (*lenp == 0)
		return refuse(d, lenp);
	/* Nine equal bits at the front: the first octet says nothing. */
	if (*lenp > 1 && ((at[0] == 0x00 && at[1] < 0x80) ||
			     (at[0] == 0xff && at[1] >= 0x80)))
		return refuse(d, lenp);
	return at;
}

uint64_t
eh_der_uint(struct eh_der *d, uint64_t min, uint64_t max)
{
	size_t len;
	const uint8_t *at = eh_der_integer(d, &len);
	uint64_t value = 0;

	if (d->in.err != EH_OK)
		return 0;
	if (at[0] >= 0x80 || len > 9 || (len == 9 && at[0] != 0))
		eh_der_fail(d, EH_ERR_FORMAT);
	for (size_t i = 0; d->in.err == EH_OK && i < len; i++)
		value = value << 8 | at[i];
	if (value < min || value > max)
		eh_der_fail(d, EH_ERR_FORMAT);
	return d->in.err == EH_OK ? value : 0;
}

int
eh_der_bool(struct eh_der *d)
{
	size_t len;
	const uint8_t *at = eh_der_get(d, EH_DER_BOOLEAN, &len);

	if (len != 1 || (at[0] != 0x00 && at[0] != 0xff)) {
		eh_der_fail(d, EH_ERR_FORMAT);
		return 0;
	}
	return at[0] == 0xff;
}

const uint8_t *
eh_der_bits(struct eh_der *d, unsigned *unusedp, size_t *lenp)
{
	const uint8_t *at = eh_der_get(d, EH_DER_BIT_STRING, lenp);

	*unusedp = 0;
	if (*lenp == 0 || at[0] > 7 || (*lenp == 1 && at[0] != 0))
		return refuse(d, lenp);
	if (at[0] != 0 && (at[*lenp - 1] & ((1u << at[0]) - 1)) != 0)
		return refuse(d, lenp);
	*unusedp = at[0];
	*lenp -= 1;
	return at + 1;
}

const uint8_t *
eh_der_oid(struct eh_der *d, size_t *lenp)
{
	const uint8_t *at = eh_der_get(d, EH_DER_OID, lenp);

	if (!eh_oid_check(at, *lenp))
		return refuse(d, lenp);
	return at;
}

void
eh_der_fail(struct eh_der *d, int err)
{
	eh_reader_fail(&d->in, err);
}

int
eh_der_end(const struct eh_der *d)
{
	if (d->in.err == EH_OK && d->depth > 0)
		return EH_ERR_INTERNAL;
	return eh_reader_end(&d->in);
}

/* --- writing ----------------------------------------------------------- */

void
eh_der_writer_init(struct eh_der_writer *w, void *out, size_t cap)
{
	memset(w, 0, sizeof(*w));
	w->out = out;
	w->cap = cap;
}

static void
fail(struct eh_der_writer *w, int err)
{
	if (w->err == EH_OK)
		w->err = err;
}

void
eh_der_put_raw(struct eh_der_writer *w, const void *bytes, size_t len)
{
	if (w->err == EH_OK && len > w->cap - w->len)
		fail(w, EH_ERR_SPACE);
	if (w->err != EH_OK || len == 0)
		return;
	memcpy(w->out + w->len, bytes, len);
	w->len += len;
}

void
eh_der_put_zeros(struct eh_der_writer *w, size_t len)
{
	if (w->err == EH_OK && len > w->cap - w->len)
		fail(w, EH_ERR_SPACE);
	if (w->err != EH_OK || len == 0)
		return;
	memset(w->out + w->len, 0, len);
	w->len += len;
}

/* Write the shortest form of ${len} to ${form}; return its octets. */
static size_t
length_form(size_t len, uint8_t form[1 + LENGTH_OCTETS])
{
	size_t octets = len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;

	if (len < 0x80) {
		form[0] = (uint8_t)len;
		return 1;
	}
	form[0] = (uint8_t)(0x80 | octets);
	for (size_t i = 0; i < octets; i++)
		form[1 + i] = (uint8_t)(len >> (8 * (octets - 1 - i)));
	return 1 + octets;
}

void
eh_der_put_begin(struct eh_der_writer *w, uint8_t tag)
{
	if (w->depth == EH_DER_DEPTH)
		fail(w, EH_ERR_INTERNAL);
	eh_der_put_raw(w, &tag, 1);
	eh_der_put_zeros(w, 1);		/* the length, if one octet is enough */
	if (w->err == EH_OK)
		w->begun[w->depth++] = w->len;
}

void
eh_der_put_end(struct eh_der_writer *w)
{
	uint8_t form[1 + LENGTH_OCTETS];
	size_t start, len, more;

	if (w->depth == 0)
		fail(w, EH_ERR_INTERNAL);
	if (w->err != EH_OK)
		return;
	start = w->begun[--w->depth];
	len = w->len - start;
	if (len >> (8 * LENGTH_OCTETS) != 0) {
		fail(w, EH_ERR_SPACE);
		return;
	}
	more = length_form(len, form) - 1;
	eh_der_put_zeros(w, more);
	if (w->err != EH_OK)
		return;
	memmove(w->out + start + more, w->out + start, len);
	memcpy(w->out + start - 1, form, more + 1);
	for (unsigned i = 0; i < w->marks; i++)
		if (w->mark[i] >= start)
			w->mark[i] += more;
}

void
eh_der_put(
    struct eh_der_writer *w, uint8_t tag, const void *bytes, size_t len)
{
	uint8_t form[1 + LENGTH_OCTETS];

	if (len >> (8 * LENGTH_OCTETS) != 0) {
		fail(w, EH_ERR_SPACE);
		return;
	}
	eh_der_put_raw(w, &tag, 1);
	eh_der_put_raw(w, form, length_form(len, form));
	eh_der_put_raw(w, bytes, len);
}

void
eh_der_put_uint(struct eh_der_writer *w, uint64_t value)
{
	uint8_t octets[9] = { 0 };
	size_t skip = 0;

	for (size_t i = 0; i < 8; i++)
		octets[1 + i] = (uint8_t)(value >> (56 - 8 * i));
	while (skip < 8 && octets[skip] == 0 && octets[skip + 1] < 0x80)
		skip++;
	eh_der_put(w, EH_DER_INTEGER, octets + skip, sizeof(octets) - skip);
}

void
eh_der_put_bool(struct eh_der_writer *w, int value)
{
	const uint8_t octet = value ? 0xff : 0x00;

	eh_der_put(w, EH_DER_BOOLEAN, &octet, 1);
}

void
eh_der_put_oid(struct eh_der_writer *w, const char *dotted)
{
	uint8_t oid[EH_OID_MAX];
	size_t len = 0;
	int err = eh_oid_encode(dotted, oid, sizeof(oid), &len);

	if (err != EH_OK)
		fail(w, EH_ERR_FORMAT);
	eh_der_put(w, EH_DER_OID, oid, len);
}

unsigned
eh_der_put_mark(struct eh_der_writer *w)
{
	if (w->marks == EH_DER_MARKS) {
		fail(w, EH_ERR_INTERNAL);
		return 0;
	}
	w->mark[w->marks] = w->len;
	return w->marks++;
}

int
eh_der_writer_end(const struct eh_der_writer *w, size_t *lenp)
{
	*lenp = 0;
	if (w->err != EH_OK)
		return w->err;
	if (w->depth > 0)
		return EH_ERR_INTERNAL;
	*lenp = w->len;
	return EH_OK;
}

size_t
eh_der_writer_offset(const struct eh_der_writer *w, unsigned mark)
{
	return mark < w->marks ? w->mark[mark] : 0;
}
