/* SPDX-License-Identifier: Apache-2.0 */
/* cbor.c - strict deterministic CBOR (RFC 8949 section 4.2.1), read and written
 * straight down. */
#include "config.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "common/utf8.h"

/* Major types, RFC 8949 section 3.1. */
enum { UINT, NINT, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };

#define SIMPLE_FALSE 20
#define SIMPLE_TRUE  21

/* What an item that nobody asked for by type may be. */
enum rules { STRICT, LENIENT };

struct head {
	unsigned major;
	uint64_t value;
	size_t len;
};

/*
 * Read the head at ${p}.  The shortest form is the only one, and a length that
 * is not told in the head (31) is none: this is where most of the other ways to
 * write the same item end.
 */
static int
parse_head(const uint8_t *p, size_t left, struct head *h)
{
	static const uint64_t floor[] = { 24, 0x100, 0x10000,
		UINT64_C(0x100000000) };
	unsigned info;

	memset(h, 0, sizeof(*h));
	if (left == 0)
		return EH_ERR_FORMAT;
	h->major = p[0] >> 5;
	info = p[0] & 31;
	if (h->major == SIMPLE && info != SIMPLE_FALSE && info != SIMPLE_TRUE)
		return EH_ERR_FORMAT;
	h->len = 1;
	h->value = info;
	if (info < 24)
		return EH_OK;
	if (info > 27)
		return EH_ERR_FORMAT;
	h->len += (size_t)1 << (info - 24);
	if (h->len > left)
		return EH_ERR_FORMAT;
	h->value = 0;
	for (size_t i = 1; i < h->len; i++)
		h->value = h->value << 8 | p[i];
	return h->value < floor[info - 24] ? EH_ERR_FORMAT : EH_OK;
}

void
eh_cbor_init(
    struct eh_cbor *c, const void *bytes, size_t len, unsigned max_items)
{
	memset(c, 0, sizeof(*c));
	eh_reader_init(&c->in, bytes, len);
	c->items = max_items;
	c->max_depth = EH_CBOR_DEPTH;
	c->level[0].left = 1;
}

void
eh_cbor_set_depth(struct eh_cbor *c, unsigned depth)
{
	assert(depth <= EH_CBOR_DEPTH_MAX);
	c->max_depth = depth;
}

void
eh_cbor_fail(struct eh_cbor *c, int err)
{
	eh_reader_fail(&c->in, err);
}

/* Is a key what comes next?  Of a pair the key is read first. */
static int
at_key(const struct eh_cbor *c)
{
	return c->level[c->depth].is_map && c->level[c->depth].left % 2 == 0;
}

/* Look at the next head of this level; 0 when there is none or it is bad. */
static int
look(const struct eh_cbor *c, struct head *h)
{
	return c->in.err == EH_OK && c->level[c->depth].left > 0 &&
	    parse_head(c->in.next, c->in.left, h) == EH_OK;
}

/* Step over the next head; every head counts as an item. */
static int
take_head(struct eh_cbor *c, struct head *h)
{
	if (!look(c, h) || c->items == 0) {
		memset(h, 0, sizeof(*h));
		eh_cbor_fail(c, EH_ERR_FORMAT);
		return 0;
	}
	eh_reader_borrow(&c->in, h->len);
	c->items--;
	return 1;
}

/* Begin the next item of this level, key or value. */
static int
begin(struct eh_cbor *c, struct head *h)
{
	if (!take_head(c, h))
		return 0;
	c->level[c->depth].left--;
	return 1;
}

/* Begin a value of type ${major}. */
static int
begin_value(struct eh_cbor *c, struct head *h, unsigned major)
{
	if (!at_key(c) && begin(c, h) && h->major == major)
		return 1;
	eh_cbor_fail(c, EH_ERR_FORMAT);
	return 0;
}

/* The integer that ${h} stands for, if it is one that int64_t holds. */
static int
integer(const struct head *h, int64_t *vp)
{
	if (h->major > NINT || h->value > INT64_MAX)
		return 0;
	*vp = h->major == UINT ? (int64_t)h->value : -1 - (int64_t)h->value;
	return 1;
}

uint64_t
eh_cbor_uint(struct eh_cbor *c, uint64_t min, uint64_t max)
{
	struct head h;

	if (!begin_value(c, &h, UINT))
		return 0;
	if (h.value < min || h.value > max) {
		eh_cbor_fail(c, EH_ERR_FORMAT);
		return 0;
	}
	return h.value;
}

int64_t
eh_cbor_int(struct eh_cbor *c, int64_t min, int64_t max)
{
	struct head h;
	int64_t v;

	if (!at_key(c) && begin(c, &h) && integer(&h, &v) && v >= min &&
	    v <= max)
		return v;
	eh_cbor_fail(c, EH_ERR_FORMAT);
	return 0;
}

int
eh_cbor_bool(struct eh_cbor *c)
{
	struct head h;

	return begin_value(c, &h, SIMPLE) && h.value == SIMPLE_TRUE;
}

/* Borrow the contents of a string whose head is ${h}. */
static const uint8_t *
contents(struct eh_cbor *c, const struct head *h)
{
	if (h->value > c->in.left) {
		eh_cbor_fail(c, EH_ERR_FORMAT);
		return NULL;
	}
	return eh_reader_borrow(&c->in, (size_t)h->value);
}

/* A string of type ${major} of ${min} to ${max} bytes, or NULL. */
static const uint8_t *
string(struct eh_cbor *c, unsigned major, size_t min, size_t max, size_t *lenp)
{
	const uint8_t *p = NULL;
	struct head h;

	*lenp = 0;
	if (!begin_value(c, &h, major))
		return NULL;
	if (h.value < min || h.value > max)
		eh_cbor_fail(c, EH_ERR_FORMAT);
	else
		p = contents(c, &h);
	if (p != NULL)
		*lenp = (size_t)h.value;
	return p;
}

const uint8_t *
eh_cbor_bytes(struct eh_cbor *c, size_t min, size_t max, size_t *lenp)
{
	const uint8_t *p = string(c, BYTES, min, max, lenp);

	return p != NULL ? p : (const uint8_t *)"";
}

void
eh_cbor_fixed(struct eh_cbor *c, void *out, size_t len)
{
	size_t n;
	const uint8_t *p = string(c, BYTES, len, len, &n);

	if (len == 0)
		return;
	if (p != NULL)
		memcpy(out, p, len);
	else
		memset(out, 0, len);
}

static int
is_printable(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] < 0x20 || p[i] > 0x7e)
			return 0;
	return 1;
}

const char *
eh_cbor_text(struct eh_cbor *c, size_t min, size_t max, size_t *lenp)
{
	const uint8_t *p = string(c, TEXT, min, max, lenp);

	if (p != NULL && is_printable(p, *lenp))
		return (const char *)p;
	eh_cbor_fail(c, EH_ERR_FORMAT);
	*lenp = 0;
	return "";
}

void
eh_cbor_text_copy(struct eh_cbor *c, size_t min, char *out, size_t cap)
{
	size_t len;
	const char *p;

	assert(cap > 0);
	p = eh_cbor_text(c, min, cap - 1, &len);
	memcpy(out, p, len);
	out[len] = '\0';
}

/* Go down into an array or map of ${items} items. */
static void
enter(struct eh_cbor *c, uint64_t items, int is_map)
{
	c->depth++;
	memset(&c->level[c->depth], 0, sizeof(c->level[0]));
	c->level[c->depth].left = items;
	c->level[c->depth].is_map = is_map;
}

/* Go down into what ${h} begins.  An item takes at least a byte, so a count
 * that the input cannot hold is refused before anybody makes room for it. */
static int
descend(struct eh_cbor *c, const struct head *h)
{
	uint64_t each = h->major == MAP ? 2 : 1;

	if (c->depth == c->max_depth || h->value > c->in.left / each) {
		eh_cbor_fail(c, EH_ERR_FORMAT);
		return 0;
	}
	enter(c, h->value * each, h->major == MAP);
	return 1;
}

static size_t
container(struct eh_cbor *c, unsigned major, size_t min, size_t max)
{
	struct head h;

	if (!begin_value(c, &h, major))
		return 0;
	if (h.value < min || h.value > max)
		eh_cbor_fail(c, EH_ERR_FORMAT);
	else if (descend(c, &h))
		return (size_t)h.value;
	return 0;
}

size_t
eh_cbor_array(struct eh_cbor *c, size_t min, size_t max)
{
	return container(c, ARRAY, min, max);
}

size_t
eh_cbor_map(struct eh_cbor *c, size_t min, size_t max)
{
	return container(c, MAP, min, max);
}

void
eh_cbor_leave(struct eh_cbor *c)
{
	if (c->in.err != EH_OK)
		return;
	assert(c->depth > 0);
	if (c->level[c->depth].left > 0)
		eh_cbor_fail(c, EH_ERR_FORMAT);
	else
		c->depth--;
}

/* The key from ${start} to here must come behind the key before it. */
static void
rise(struct eh_cbor *c, const uint8_t *start)
{
	size_t len = (size_t)(c->in.next - start);
	const uint8_t *before = c->level[c->depth].key;
	size_t beforelen = c->level[c->depth].keylen;
	int order = -1;

	if (before != NULL)
		order = memcmp(
		    before, start, beforelen < len ? beforelen : len);
	if (order > 0 || (order == 0 && beforelen >= len))
		eh_cbor_fail(c, EH_ERR_FORMAT);
	c->level[c->depth].key = start;
	c->level[c->depth].keylen = len;
}

int64_t
eh_cbor_any_key(struct eh_cbor *c, int64_t min, int64_t max)
{
	const uint8_t *start = c->in.next;
	struct head h;
	int64_t v = 0;

	if (at_key(c) && begin(c, &h) && integer(&h, &v) && v >= min &&
	    v <= max)
		rise(c, start);
	else
		eh_cbor_fail(c, EH_ERR_FORMAT);
	return c->in.err == EH_OK ? v : 0;
}

void
eh_cbor_key(struct eh_cbor *c, int64_t key)
{
	eh_cbor_any_key(c, key, key);
}

int
eh_cbor_if_key(struct eh_cbor *c, int64_t key)
{
	struct head h;
	int64_t v;

	if (!at_key(c) || !look(c, &h) || !integer(&h, &v) || v != key)
		return 0;
	eh_cbor_key(c, key);
	return c->in.err == EH_OK;
}

int
eh_cbor_tag(struct eh_cbor *c, uint64_t tag)
{
	struct head h;

	if (at_key(c) || !look(c, &h) || h.major != TAG || h.value != tag)
		return 0;
	return take_head(c, &h);
}

int
eh_cbor_peek(const struct eh_cbor *c)
{
	struct head h;

	return look(c, &h) ? (int)h.major : -1;
}

static int
is_utf8(const uint8_t *p, size_t len)
{
	size_t n;

	for (; len > 0; p += n, len -= n)
		if ((n = eh_utf8_next(p, len)) == 0)
			return 0;
	return 1;
}

/* Check an integer or string that nobody asked for by type. */
static void
scalar(struct eh_cbor *c, const struct head *h, enum rules rules)
{
	const uint8_t *p;
	size_t len;

	if (h->major == UINT || h->major == NINT) {
		/* -(2^53-1) stands for 2^53-2 in its head. */
		if (rules == STRICT && h->value > EH_U53_MAX - h->major)
			eh_cbor_fail(c, EH_ERR_FORMAT);
		return;
	}
	if ((p = contents(c, h)) == NULL || h->major == BYTES)
		return;
	len = (size_t)h->value;
	if (rules == STRICT ? !is_printable(p, len) : !is_utf8(p, len))
		eh_cbor_fail(c, EH_ERR_FORMAT);
}

/* Check the next item, with all that is in it.  It calls itself at most
 * max_depth times, because descend() refuses to go deeper. */
static void
walk(struct eh_cbor *c, enum rules rules)
{
	const uint8_t *start = c->in.next;
	int is_key = at_key(c);
	struct head h;

	begin(c, &h);
	while (h.major == TAG && c->in.err == EH_OK) {
		/* The head of what is tagged is no item of its own to its
		 * level, but there must be one. */
		c->level[c->depth].left++;
		if (rules == STRICT)
			eh_cbor_fail(c, EH_ERR_FORMAT);
		else
			begin(c, &h);
	}
	if (c->in.err != EH_OK)
		return;
	if (h.major == ARRAY || h.major == MAP) {
		if (!descend(c, &h))
			return;
		while (c->in.err == EH_OK && c->level[c->depth].left > 0)
			walk(c, rules);
		eh_cbor_leave(c);
	} else if (h.major != SIMPLE) {
		scalar(c, &h, rules);
	}
	if (is_key && c->in.err == EH_OK)
		rise(c, start);
}

const uint8_t *
eh_cbor_skip(struct eh_cbor *c, size_t *lenp)
{
	const uint8_t *start = c->in.next;

	walk(c, STRICT);
	*lenp = c->in.err == EH_OK ? (size_t)(c->in.next - start) : 0;
	return c->in.err == EH_OK ? start : (const uint8_t *)"";
}

int
eh_cbor_end(const struct eh_cbor *c)
{
	int err = eh_reader_end(&c->in);

	if (err != EH_OK)
		return err;
	return c->depth == 0 && c->level[0].left == 0 ? EH_OK : EH_ERR_FORMAT;
}

int
eh_cbor_check(const void *bytes, size_t len)
{
	struct eh_cbor c;

	/* No item is smaller than a byte, so ${len} is limit enough. */
	eh_cbor_init(
	    &c, bytes, len, len < UINT_MAX ? (unsigned)len : UINT_MAX);
	walk(&c, LENIENT);
	return eh_cbor_end(&c);
}

static void
put_head(struct eh_writer *w, unsigned major, uint64_t value)
{
	uint8_t type = (uint8_t)(major << 5);

	if (value < 24) {
		eh_writer_u8(w, (uint8_t)(type | value));
	} else if (value <= UINT8_MAX) {
		eh_writer_u8(w, type | 24);
		eh_writer_u8(w, (uint8_t)value);
	} else if (value <= UINT16_MAX) {
		eh_writer_u8(w, type | 25);
		eh_writer_u16(w, (uint16_t)value);
	} else if (value <= UINT32_MAX) {
		eh_writer_u8(w, type | 26);
		eh_writer_u32(w, (uint32_t)value);
	} else {
		eh_writer_u8(w, type | 27);
		eh_writer_u64(w, value);
	}
}

void
eh_cbor_put_uint(struct eh_writer *w, uint64_t v)
{
	put_head(w, UINT, v);
}

void
eh_cbor_put_int(struct eh_writer *w, int64_t v)
{
	if (v < 0)
		put_head(w, NINT, ~(uint64_t)v);
	else
		put_head(w, UINT, (uint64_t)v);
}

void
eh_cbor_put_bool(struct eh_writer *w, int v)
{
	put_head(w, SIMPLE, v ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void
eh_cbor_put_bytes(struct eh_writer *w, const void *bytes, size_t len)
{
	put_head(w, BYTES, len);
	eh_writer_bytes(w, bytes, len);
}

void
eh_cbor_put_text(struct eh_writer *w, const char *text)
{
	size_t len = strlen(text);

	if (!is_printable((const uint8_t *)text, len))
		eh_writer_fail(w, EH_ERR_ARGUMENT);
	put_head(w, TEXT, len);
	eh_writer_bytes(w, text, len);
}

void
eh_cbor_put_array(struct eh_writer *w, uint64_t members)
{
	put_head(w, ARRAY, members);
}

void
eh_cbor_put_map(struct eh_writer *w, uint64_t members)
{
	put_head(w, MAP, members);
}

void
eh_cbor_put_tag(struct eh_writer *w, uint64_t tag)
{
	put_head(w, TAG, tag);
}
