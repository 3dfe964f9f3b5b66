/* SPDX-License-Identifier: Apache-2.0 */
/* wire.c - requests and replies, checked against the tables and coded. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "common/wire/tables.h"
#include "common/wire/wire.h"

#define LIST_MOST 8192u
#define ITEMS	  (2 * EH_WIRE_MEMBERS + 3 * (LIST_MOST + 1))

/* What a row says about a label. */
enum want { UNLISTED = 0, OPTIONAL, MANDATORY };

static const struct eh_wire_row *
find_row(unsigned code)
{
	for (size_t i = 0; i < eh_wire_nrows; i++)
		if (eh_wire_rows[i].code == code)
			return &eh_wire_rows[i];
	return NULL;
}

/* Return how many members the map may have at most, the first included. */
static size_t
wanted(const struct eh_wire_member *members, enum want want[EH_WIRE_LABELS])
{
	size_t n = 1;

	memset(want, 0, EH_WIRE_LABELS * sizeof(want[0]));
	for (size_t i = 0; i < EH_WIRE_MEMBERS && members[i].label != 0; i++) {
		want[members[i].label] =
		    members[i].mandatory ? MANDATORY : OPTIONAL;
		n++;
	}
	return n;
}

/* Fill ${want} for a reply: a refusal is the sentence and nothing else. */
static size_t
wanted_reply(
    const struct eh_wire_row *row, int result, enum want want[EH_WIRE_LABELS])
{
	static const struct eh_wire_member refusal[EH_WIRE_MEMBERS] = {
		{ EH_WIRE_TEXT, 1 }
	};

	return wanted(result < 0 ? refusal : row->reply, want);
}

void
eh_wire_init(struct eh_wire *w, unsigned code, int result)
{
	memset(w, 0, sizeof(*w));
	w->code = code;
	w->result = result;
}

void
eh_wire_put_number(struct eh_wire *w, enum eh_wire_label label, int64_t number)
{
	w->field[label].present = 1;
	w->field[label].number = number;
}

void
eh_wire_put_bytes(
    struct eh_wire *w, enum eh_wire_label label, const void *bytes, size_t len)
{
	w->field[label].present = 1;
	w->field[label].data = len > 0 ? bytes : (const uint8_t *)"";
	w->field[label].len = len;
}

void
eh_wire_put_text(struct eh_wire *w, enum eh_wire_label label, const char *text)
{
	eh_wire_put_bytes(w, label, text, strlen(text));
}

void
eh_wire_put_list(struct eh_wire *w, enum eh_wire_label label,
    const void *encoded, size_t len, size_t entries)
{
	eh_wire_put_bytes(w, label, encoded, len);
	w->field[label].entries = entries;
}

int
eh_wire_has(const struct eh_wire *w, enum eh_wire_label label)
{
	return w->field[label].present;
}

uint64_t
eh_wire_number(const struct eh_wire *w, enum eh_wire_label label)
{
	return (uint64_t)w->field[label].number;
}

int64_t
eh_wire_signed(const struct eh_wire *w, enum eh_wire_label label)
{
	return w->field[label].number;
}

const uint8_t *
eh_wire_bytes(const struct eh_wire *w, enum eh_wire_label label, size_t *lenp)
{
	*lenp = w->field[label].len;
	if (w->field[label].data == NULL)
		return (const uint8_t *)"";
	return w->field[label].data;
}

int
eh_wire_text(
    const struct eh_wire *w, enum eh_wire_label label, char *out, size_t cap)
{
	size_t len;
	const uint8_t *text = eh_wire_bytes(w, label, &len);

	if (cap > 0)
		out[0] = '\0';
	if (len >= cap)
		return EH_ERR_SPACE;
	memcpy(out, text, len);
	out[len] = '\0';
	return EH_OK;
}

/*
 * Lists.  The array was checked when it was decoded (or is our own), so a step
 * only has to find its way.
 */
size_t
eh_wire_list_head(uint8_t head[5], size_t entries)
{
	struct eh_writer w;
	size_t len;

	eh_writer_init(&w, head, 5);
	eh_cbor_put_array(&w, entries);
	return eh_writer_end(&w, &len) == EH_OK ? len : 0;
}

int
eh_wire_list_next(const struct eh_wire *w, enum eh_wire_label label,
    size_t *cursor, const uint8_t **entry, size_t *lenp)
{
	const struct eh_wire_field *f = &w->field[label];
	struct eh_cbor c;
	uint8_t head[5];

	if (*cursor == 0 && f->len > 0)
		*cursor = eh_wire_list_head(head, f->entries);
	if (*cursor >= f->len)
		return 0;
	eh_cbor_init(&c, f->data + *cursor, f->len - *cursor, 1);
	*entry = eh_cbor_bytes(&c, 0, EH_WIRE_MAX, lenp);
	if (c.in.err != EH_OK)
		return 0;
	*cursor = f->len - c.in.left;
	return 1;
}

/* Is ${f} an array of byte strings, as many as it says? */
static int
list_is_good(const struct eh_wire_field *f, const struct eh_wire_type *type)
{
	struct eh_cbor c;
	size_t len, n;

	eh_cbor_init(&c, f->data, f->len, ITEMS);
	n = eh_cbor_array(&c, (size_t)type->least, (size_t)type->most);
	if (n != f->entries)
		return 0;
	for (size_t i = 0; i < n && c.in.err == EH_OK; i++)
		(void)eh_cbor_bytes(&c, 0, EH_WIRE_MAX, &len);
	eh_cbor_leave(&c);
	return eh_cbor_end(&c) == EH_OK;
}

static int
text_is_good(const struct eh_wire_field *f)
{
	for (size_t i = 0; i < f->len; i++)
		if (f->data[i] < 0x20 || f->data[i] > 0x7e)
			return 0;
	return 1;
}

static int
field_is_good(enum eh_wire_label label, const struct eh_wire_field *f)
{
	const struct eh_wire_type *type = &eh_wire_types[label];
	int64_t size = (int64_t)f->len;

	switch (type->kind) {
	case EH_WIRE_T_UINT:
	case EH_WIRE_T_INT:
		return f->number >= type->least && f->number <= type->most;
	case EH_WIRE_T_LIST:
		return list_is_good(f, type);
	case EH_WIRE_T_TEXT:
		if (label == EH_WIRE_TEXT)
			return 1; /* made fit when it is written */
		return size >= type->least && size <= type->most &&
		    text_is_good(f);
	case EH_WIRE_T_BYTES:
		return size >= type->least && size <= type->most;
	}
	return 0;
}

/* The sentence may quote what a stranger sent.  It must get through whatever is
 * in it, so it is made fit here instead of refused. */
static void
put_sentence(struct eh_writer *out, const struct eh_wire_field *f)
{
	char text[512 + 1];
	size_t len = f->len < sizeof(text) - 1 ? f->len : sizeof(text) - 1;

	for (size_t i = 0; i < len; i++)
		text[i] = f->data[i] < 0x20 || f->data[i] > 0x7e
		    ? '?'
		    : (char)f->data[i];
	text[len] = '\0';
	eh_cbor_put_text(out, text);
}

static void
put_text(struct eh_writer *out, const struct eh_wire_field *f)
{
	char text[512 + 1]; /* more than any limit of the table */

	if (f->len >= sizeof(text)) {
		eh_writer_fail(out, EH_ERR_INTERNAL);
		return;
	}
	memcpy(text, f->data, f->len);
	text[f->len] = '\0';
	eh_cbor_put_text(out, text);
}

static void
put_field(struct eh_writer *out, enum eh_wire_label label,
    const struct eh_wire_field *f)
{
	eh_cbor_put_uint(out, label);
	switch (eh_wire_types[label].kind) {
	case EH_WIRE_T_UINT:
	case EH_WIRE_T_INT:
		eh_cbor_put_int(out, f->number);
		break;
	case EH_WIRE_T_TEXT:
		if (label == EH_WIRE_TEXT)
			put_sentence(out, f);
		else
			put_text(out, f);
		break;
	case EH_WIRE_T_BYTES:
		eh_cbor_put_bytes(out, f->data, f->len);
		break;
	case EH_WIRE_T_LIST:
		eh_writer_bytes(out, f->data, f->len);
		break;
	}
}

/* Check that the labels of ${w} are those that are wanted; count them. */
static int
check_labels(const struct eh_wire *w, const enum want want[EH_WIRE_LABELS],
    size_t *members)
{
	*members = 1;
	for (unsigned i = 1; i < EH_WIRE_LABELS; i++) {
		if (want[i] == MANDATORY && !w->field[i].present)
			return EH_ERR_INTERNAL;
		if (!w->field[i].present)
			continue;
		if (want[i] == UNLISTED)
			return EH_ERR_INTERNAL;
		if (!field_is_good(i, &w->field[i]))
			return EH_ERR_ARGUMENT;
		(*members)++;
	}
	return EH_OK;
}

static int
encode(const struct eh_wire *w, int64_t first,
    const enum want want[EH_WIRE_LABELS], void *out, size_t cap, size_t *lenp)
{
	struct eh_writer writer;
	size_t members;
	int err = check_labels(w, want, &members);

	*lenp = 0;
	if (err != EH_OK)
		return err;
	eh_writer_init(&writer, out, cap);
	eh_cbor_put_map(&writer, members);
	eh_cbor_put_uint(&writer, EH_WIRE_RESULT);
	eh_cbor_put_int(&writer, first);
	for (unsigned i = 1; i < EH_WIRE_LABELS; i++)
		if (w->field[i].present)
			put_field(&writer, i, &w->field[i]);
	return eh_writer_end(&writer, lenp);
}

int
eh_wire_encode_request(
    const struct eh_wire *w, void *out, size_t cap, size_t *lenp)
{
	const struct eh_wire_row *row = find_row(w->code);
	enum want want[EH_WIRE_LABELS];

	*lenp = 0;
	if (row == NULL || w->code >= EH_REQ_COUNT)
		return EH_ERR_INTERNAL;
	(void)wanted(row->request, want);
	return encode(w, w->code, want, out, cap, lenp);
}

int
eh_wire_encode_reply(
    const struct eh_wire *w, void *out, size_t cap, size_t *lenp)
{
	const struct eh_wire_row *row = find_row(w->code);
	enum want want[EH_WIRE_LABELS];

	*lenp = 0;
	if (row == NULL || w->result > 0 ||
	    w->result < eh_wire_types[EH_WIRE_RESULT].least)
		return EH_ERR_INTERNAL;
	(void)wanted_reply(row, w->result, want);
	return encode(w, w->result, want, out, cap, lenp);
}

static void
get_list(
    struct eh_cbor *c, const struct eh_wire_type *type, struct eh_wire_field *f)
{
	struct eh_cbor inner;

	f->data = eh_cbor_skip(c, &f->len);
	if (c->in.err != EH_OK)
		return;
	eh_cbor_init(&inner, f->data, f->len, ITEMS);
	f->entries =
	    eh_cbor_array(&inner, (size_t)type->least, (size_t)type->most);
	if (!list_is_good(f, type))
		eh_cbor_fail(c, EH_ERR_FORMAT);
}

static void
get_field(struct eh_cbor *c, enum eh_wire_label label, struct eh_wire_field *f)
{
	const struct eh_wire_type *type = &eh_wire_types[label];

	f->present = 1;
	switch (type->kind) {
	case EH_WIRE_T_UINT:
		f->number = (int64_t)eh_cbor_uint(
		    c, (uint64_t)type->least, (uint64_t)type->most);
		break;
	case EH_WIRE_T_INT:
		f->number = eh_cbor_int(c, type->least, type->most);
		break;
	case EH_WIRE_T_TEXT:
		f->data = (const uint8_t *)eh_cbor_text(
		    c, (size_t)type->least, (size_t)type->most, &f->len);
		break;
	case EH_WIRE_T_BYTES:
		f->data = eh_cbor_bytes(
		    c, (size_t)type->least, (size_t)type->most, &f->len);
		break;
	case EH_WIRE_T_LIST:
		get_list(c, type, f);
		break;
	}
}

static void
get_fields(
    struct eh_cbor *c, const enum want want[EH_WIRE_LABELS], struct eh_wire *in)
{
	for (unsigned i = 1; i < EH_WIRE_LABELS; i++) {
		if (want[i] == MANDATORY)
			eh_cbor_key(c, i);
		else if (want[i] == UNLISTED || !eh_cbor_if_key(c, i))
			continue;
		get_field(c, i, &in->field[i]);
	}
	eh_cbor_leave(c);
}

/* End a decoding: what failed leaves nothing behind but its code. */
static int
finish(struct eh_cbor *c, struct eh_wire *in)
{
	int err = eh_cbor_end(c);

	if (err != EH_OK)
		eh_wire_init(in, in->code, err);
	return err;
}

int
eh_wire_decode_request(struct eh_wire *in, const void *bytes, size_t len)
{
	const struct eh_wire_row *row;
	enum want want[EH_WIRE_LABELS];
	struct eh_cbor c;

	eh_wire_init(in, 0, 0);
	eh_cbor_init(&c, bytes, len, ITEMS);
	(void)eh_cbor_map(&c, 1, EH_WIRE_MEMBERS + 1);
	eh_cbor_key(&c, EH_WIRE_RESULT);
	in->code = (unsigned)eh_cbor_uint(&c, 0, UINT16_MAX);
	if (c.in.err != EH_OK)
		return finish(&c, in);
	if (in->code >= EH_REQ_COUNT || (row = find_row(in->code)) == NULL)
		return EH_ERR_UNSUPPORTED;
	(void)wanted(row->request, want);
	get_fields(&c, want, in);
	return finish(&c, in);
}

int
eh_wire_decode_reply(
    struct eh_wire *in, unsigned code, const void *bytes, size_t len)
{
	const struct eh_wire_row *row = find_row(code);
	enum want want[EH_WIRE_LABELS];
	struct eh_cbor c;

	eh_wire_init(in, code, 0);
	if (row == NULL)
		return EH_ERR_UNSUPPORTED;
	eh_cbor_init(&c, bytes, len, ITEMS);
	(void)eh_cbor_map(&c, 1, EH_WIRE_MEMBERS + 1);
	eh_cbor_key(&c, EH_WIRE_RESULT);
	in->result =
	    (int)eh_cbor_int(&c, eh_wire_types[EH_WIRE_RESULT].least, 0);
	(void)wanted_reply(row, in->result, want);
	get_fields(&c, want, in);
	return finish(&c, in);
}
