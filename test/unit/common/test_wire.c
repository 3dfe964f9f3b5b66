/* SPDX-License-Identifier: Apache-2.0 */
/* test_wire.c - every row of the tables, and what is one step outside them. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "common/wire/tables.h"
#include "common/wire/wire.h"
#include "test/unit/unit.h"

#define ROOM (EH_WIRE_MAX + 65536)

static uint8_t filler[EH_WIRE_MAX]; /* valid text, valid bytes */
static uint8_t out[ROOM], again[ROOM];

/* An array of ${n} byte strings: "", "a", "aa", "", ... */
static size_t
make_list(uint8_t *list, size_t cap, size_t n)
{
	struct eh_writer w;
	size_t len;

	eh_writer_init(&w, list, cap);
	eh_cbor_put_array(&w, n);
	for (size_t i = 0; i < n; i++)
		eh_cbor_put_bytes(&w, "aa", i % 3);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	return len;
}

/* Put a value of the size or the number ${v} under ${label}. */
static void
put(struct eh_wire *w, enum eh_wire_label label, int64_t v)
{
	static uint8_t lists[4][65536];
	static unsigned next;
	uint8_t *list = lists[next++ % 4];

	switch (eh_wire_types[label].kind) {
	case EH_WIRE_T_UINT:
	case EH_WIRE_T_INT:
		eh_wire_put_number(w, label, v);
		break;
	case EH_WIRE_T_TEXT:
	case EH_WIRE_T_BYTES:
		eh_wire_put_bytes(w, label, filler, (size_t)v);
		break;
	case EH_WIRE_T_LIST:
		eh_wire_put_list(w, label, list,
		    make_list(list, sizeof(lists[0]), (size_t)v), (size_t)v);
		break;
	}
}

/* Encode a map without asking the tables. */
static size_t
raw(const struct eh_wire *w, int64_t first, uint8_t *bytes)
{
	struct eh_writer writer;
	size_t members = 1, len;

	for (unsigned i = 1; i < EH_WIRE_LABELS; i++)
		members += w->field[i].present ? 1 : 0;
	eh_writer_init(&writer, bytes, ROOM);
	eh_cbor_put_map(&writer, members);
	eh_cbor_put_uint(&writer, 0);
	eh_cbor_put_int(&writer, first);
	for (unsigned i = 1; i < EH_WIRE_LABELS; i++) {
		const struct eh_wire_field *f = &w->field[i];

		if (!f->present)
			continue;
		eh_cbor_put_uint(&writer, i);
		switch (eh_wire_types[i].kind) {
		case EH_WIRE_T_UINT:
		case EH_WIRE_T_INT:
			eh_cbor_put_int(&writer, f->number);
			break;
		case EH_WIRE_T_TEXT:
			if (f->len < 24) {
				eh_writer_u8(&writer, (uint8_t)(0x60 + f->len));
			} else if (f->len < 256) {
				eh_writer_u8(&writer, 0x78);
				eh_writer_u8(&writer, (uint8_t)f->len);
			} else {
				eh_writer_u8(&writer, 0x79);
				eh_writer_u16(&writer, (uint16_t)f->len);
			}
			eh_writer_bytes(&writer, f->data, f->len);
			break;
		case EH_WIRE_T_BYTES:
			eh_cbor_put_bytes(&writer, f->data, f->len);
			break;
		case EH_WIRE_T_LIST:
			eh_writer_bytes(&writer, f->data, f->len);
			break;
		}
	}
	ck_assert_int_eq(eh_writer_end(&writer, &len), EH_OK);
	return len;
}

enum size { LEAST, MOST };
enum half { REQUEST, REPLY };

static const struct eh_wire_member *
members(const struct eh_wire_row *row, enum half half)
{
	return half == REQUEST ? row->request : row->reply;
}

static int
is_inner(const struct eh_wire_row *row)
{
	return row->code >= EH_REQ_COUNT;
}

static int64_t
size_of(enum eh_wire_label label, enum size size)
{
	const struct eh_wire_type *t = &eh_wire_types[label];

	if (size == LEAST)
		return t->least;
	/* The whole map must stay within a frame; lists are tried below. */
	if (t->kind == EH_WIRE_T_LIST)
		return 40;
	return t->most > 20000 && t->kind == EH_WIRE_T_BYTES ? 20000 : t->most;
}

static void
fill(struct eh_wire *w, const struct eh_wire_row *row, enum half half,
    enum size size)
{
	const struct eh_wire_member *m = members(row, half);

	eh_wire_init(w, row->code, 0);
	for (; m->label != 0; m++)
		put(w, m->label, size_of(m->label, size));
}

static int
encode(const struct eh_wire *w, enum half half, size_t *lenp)
{
	return half == REQUEST ? eh_wire_encode_request(w, out, ROOM, lenp)
			       : eh_wire_encode_reply(w, out, ROOM, lenp);
}

static int
decode(struct eh_wire *in, unsigned code, enum half half, const uint8_t *bytes,
    size_t len)
{
	return half == REQUEST ? eh_wire_decode_request(in, bytes, len)
			       : eh_wire_decode_reply(in, code, bytes, len);
}

static int64_t
first(unsigned code, enum half half)
{
	return half == REQUEST ? (int64_t)code : 0;
}

static void
assert_same(const struct eh_wire *a, const struct eh_wire *b)
{
	ck_assert_uint_eq(a->code, b->code);
	ck_assert_int_eq(a->result, b->result);
	for (unsigned i = 0; i < EH_WIRE_LABELS; i++) {
		const struct eh_wire_field *f = &a->field[i], *g = &b->field[i];

		ck_assert_int_eq(f->present, g->present);
		ck_assert_int_eq(f->number, g->number);
		ck_assert_uint_eq(f->len, g->len);
		ck_assert_uint_eq(f->entries, g->entries);
		if (f->len > 0)
			ck_assert_mem_eq(f->data, g->data, f->len);
	}
}

START_TEST(every_label_has_a_type_and_every_code_one_row)
{
	unsigned seen[EH_MAP_AUTHORIZATION + 1] = { 0 };

	for (unsigned i = 0; i < EH_WIRE_LABELS; i++) {
		ck_assert_int_ge(eh_wire_types[i].kind, EH_WIRE_T_UINT);
		ck_assert_int_le(eh_wire_types[i].least, eh_wire_types[i].most);
	}
	for (size_t i = 0; i < eh_wire_nrows; i++) {
		ck_assert_uint_le(eh_wire_rows[i].code, EH_MAP_AUTHORIZATION);
		ck_assert_uint_eq(seen[eh_wire_rows[i].code]++, 0);
	}
	for (unsigned code = EH_REQ_HELLO; code < EH_REQ_COUNT; code++)
		ck_assert_uint_eq(seen[code], 1);
}
END_TEST

START_TEST(every_row_comes_back_as_it_went)
{
	struct eh_wire w, in;
	size_t len;

	for (size_t i = 0; i < eh_wire_nrows; i++)
		for (enum half h = REQUEST; h <= REPLY; h++)
			for (enum size s = LEAST; s <= MOST; s++) {
				if (h == REQUEST && is_inner(&eh_wire_rows[i]))
					continue;
				fill(&w, &eh_wire_rows[i], h, s);
				ck_assert_int_eq(encode(&w, h, &len), EH_OK);
				ck_assert_int_eq(eh_cbor_check(out, len),
				    EH_OK);
				ck_assert_int_eq(
				    decode(&in, w.code, h, out, len), EH_OK);
				assert_same(&w, &in);
			}
}
END_TEST

START_TEST(a_missing_mandatory_label_is_refused)
{
	struct eh_wire w, in;
	size_t len;

	for (size_t i = 0; i < eh_wire_nrows; i++)
		for (enum half h = REQUEST; h <= REPLY; h++) {
			const struct eh_wire_row *row = &eh_wire_rows[i];
			const struct eh_wire_member *m = members(row, h);

			if (h == REQUEST && is_inner(row))
				continue;
			for (; m->label != 0; m++) {
				int want = m->mandatory ? EH_ERR_FORMAT : EH_OK;

				fill(&w, row, h, LEAST);
				memset(&w.field[m->label], 0,
				    sizeof(w.field[0]));
				len = raw(&w, first(row->code, h), again);
				ck_assert_int_eq(
				    decode(&in, row->code, h, again, len),
				    want);
				want = m->mandatory ? EH_ERR_INTERNAL : EH_OK;
				ck_assert_int_eq(encode(&w, h, &len), want);
			}
		}
}
END_TEST

START_TEST(a_label_that_is_not_listed_is_refused)
{
	struct eh_wire w, in;
	size_t len;

	for (size_t i = 0; i < eh_wire_nrows; i++)
		for (enum half h = REQUEST; h <= REPLY; h++) {
			const struct eh_wire_row *row = &eh_wire_rows[i];

			if (h == REQUEST && is_inner(row))
				continue;
			for (unsigned l = 1; l < EH_WIRE_LABELS; l++) {
				fill(&w, row, h, LEAST);
				if (w.field[l].present)
					continue;
				put(&w, l, size_of(l, LEAST));
				len = raw(&w, first(row->code, h), again);
				ck_assert_int_eq(
				    decode(&in, row->code, h, again, len),
				    EH_ERR_FORMAT);
				ck_assert_int_eq(encode(&w, h, &len),
				    EH_ERR_INTERNAL);
			}
		}
}
END_TEST

/* One row that has ${label}, or NULL. */
static const struct eh_wire_row *
row_with(enum eh_wire_label label, enum half *half)
{
	for (size_t i = 0; i < eh_wire_nrows; i++)
		for (enum half h = REPLY;; h = REQUEST) {
			const struct eh_wire_member *m =
			    members(&eh_wire_rows[i], h);

			*half = h;
			for (; m->label != 0; m++)
				if (m->label == label)
					return &eh_wire_rows[i];
			if (h == REQUEST)
				break;
		}
	return NULL;
}

static void
try_value(enum eh_wire_label label, int64_t v, int good)
{
	const struct eh_wire_row *row;
	struct eh_wire w, in;
	enum half h;
	size_t len;
	int want = good ? EH_OK : EH_ERR_FORMAT;

	row = row_with(label, &h);
	ck_assert_ptr_nonnull(row);
	fill(&w, row, h, LEAST);
	put(&w, label, v);
	len = raw(&w, first(row->code, h), again);
	ck_assert_int_eq(decode(&in, row->code, h, again, len), want);
	want = good || label == EH_WIRE_TEXT ? EH_OK : EH_ERR_ARGUMENT;
	ck_assert_int_eq(encode(&w, h, &len), want);
}

START_TEST(both_limits_hold_to_the_last_one)
{
	for (unsigned l = 1; l < EH_WIRE_LABELS; l++) {
		const struct eh_wire_type *t = &eh_wire_types[l];
		int number = t->kind == EH_WIRE_T_UINT ||
		    t->kind == EH_WIRE_T_INT;

		try_value(l, t->least, 1);
		try_value(l, t->most, 1);
		try_value(l, t->most + 1, 0);
		if (t->kind == EH_WIRE_T_INT || (number && t->least > 0) ||
		    t->least > 0)
			try_value(l, t->least - 1, 0);
	}
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	struct eh_wire w, in;
	size_t len;

	for (size_t i = 0; i < eh_wire_nrows; i++)
		for (enum half h = REQUEST; h <= REPLY; h++) {
			if (h == REQUEST && is_inner(&eh_wire_rows[i]))
				continue;
			fill(&w, &eh_wire_rows[i], h, LEAST);
			ck_assert_int_eq(encode(&w, h, &len), EH_OK);
			for (size_t n = 0; n < len; n++)
				ck_assert_int_eq(
				    decode(&in, w.code, h, out, n),
				    EH_ERR_FORMAT);
			out[len] = 0;
			ck_assert_int_eq(decode(&in, w.code, h, out, len + 1),
			    EH_ERR_TRAILING);
		}
}
END_TEST

/* What is still accepted after a bit flip says something else: encoding it
 * gives exactly these bytes. */
START_TEST(a_flipped_bit_is_refused_or_means_something_else)
{
	struct eh_wire w, in;
	size_t len, len2;
	uint8_t copy[4096];

	for (size_t i = 0; i < eh_wire_nrows; i++)
		for (enum half h = REQUEST; h <= REPLY; h++) {
			if (h == REQUEST && is_inner(&eh_wire_rows[i]))
				continue;
			fill(&w, &eh_wire_rows[i], h, LEAST);
			ck_assert_int_eq(encode(&w, h, &len), EH_OK);
			ck_assert_uint_le(len, sizeof(copy));
			memcpy(copy, out, len);
			for (size_t bit = 0; bit < 8 * len; bit++) {
				copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
				if (decode(&in, w.code, h, copy, len) ==
				    EH_OK) {
					ck_assert_int_eq(
					    encode(&in, h, &len2), EH_OK);
					ck_assert_uint_eq(len2, len);
					ck_assert_mem_eq(copy, out, len);
				}
				copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
			}
		}
}
END_TEST

START_TEST(a_code_without_a_row_is_not_supported)
{
	static const unsigned codes[] = { 0, EH_REQ_COUNT, EH_MAP_OBJECT,
		EH_MAP_AUTHORIZATION, 200, 65535 };
	struct eh_wire w, in;
	size_t len;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		eh_wire_init(&w, codes[i], 0);
		len = raw(&w, codes[i], again);
		ck_assert_int_eq(eh_wire_decode_request(&in, again, len),
		    EH_ERR_UNSUPPORTED);
		ck_assert_int_eq(eh_wire_encode_request(&w, out, ROOM, &len),
		    EH_ERR_INTERNAL);
	}
	ck_assert_int_eq(eh_wire_decode_reply(&in, 99, again, len),
	    EH_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(a_refusal_is_its_sentence_and_nothing_else)
{
	struct eh_wire w, in;
	char text[64];
	size_t len;

	eh_wire_init(&w, EH_REQ_SIGN, EH_DENIED_QUOTA);
	ck_assert_int_eq(eh_wire_encode_reply(&w, out, ROOM, &len),
	    EH_ERR_INTERNAL);
	eh_wire_put_text(&w, EH_WIRE_TEXT, "quota exhausted: 10 used");
	ck_assert_int_eq(eh_wire_encode_reply(&w, out, ROOM, &len), EH_OK);
	ck_assert_int_eq(
	    eh_wire_decode_reply(&in, EH_REQ_SIGN, out, len), EH_OK);
	ck_assert_int_eq(in.result, EH_DENIED_QUOTA);
	ck_assert_int_eq(eh_wire_text(&in, EH_WIRE_TEXT, text, sizeof(text)),
	    EH_OK);
	ck_assert_str_eq(text, "quota exhausted: 10 used");

	eh_wire_put_bytes(&w, EH_WIRE_DATA, filler, 64);
	ck_assert_int_eq(eh_wire_encode_reply(&w, out, ROOM, &len),
	    EH_ERR_INTERNAL);
	len = raw(&w, w.result, again);
	ck_assert_int_eq(eh_wire_decode_reply(&in, EH_REQ_SIGN, again, len),
	    EH_ERR_FORMAT);
}
END_TEST

START_TEST(a_positive_result_is_refused)
{
	struct eh_wire w, in;
	size_t len;

	eh_wire_init(&w, EH_REQ_LOGOUT, 0);
	len = raw(&w, 1, again);
	ck_assert_int_eq(eh_wire_decode_reply(&in, EH_REQ_LOGOUT, again, len),
	    EH_ERR_FORMAT);
	w.result = 1;
	ck_assert_int_eq(eh_wire_encode_reply(&w, out, ROOM, &len),
	    EH_ERR_INTERNAL);
}
END_TEST

START_TEST(the_sentence_always_gets_through)
{
	struct eh_wire w, in;
	uint8_t wild[600];
	const uint8_t *text;
	size_t len;

	memset(wild, 0xc3, sizeof(wild));
	eh_wire_init(&w, EH_REQ_LOGIN, EH_DENIED_PIN);
	eh_wire_put_bytes(&w, EH_WIRE_TEXT, wild, sizeof(wild));
	ck_assert_int_eq(eh_wire_encode_reply(&w, out, ROOM, &len), EH_OK);
	ck_assert_int_eq(
	    eh_wire_decode_reply(&in, EH_REQ_LOGIN, out, len), EH_OK);
	text = eh_wire_bytes(&in, EH_WIRE_TEXT, &len);
	ck_assert_uint_eq(len, 512);
	for (size_t i = 0; i < len; i++)
		ck_assert_int_eq(text[i], '?');
}
END_TEST

START_TEST(a_list_is_walked_entry_by_entry)
{
	struct eh_wire w, in;
	uint8_t list[4096];
	const uint8_t *entry;
	size_t len, cursor = 0, n = 0;

	eh_wire_init(&w, EH_REQ_LOG_READ, 0);
	eh_wire_put_number(&w, EH_WIRE_FIRST, 0);
	eh_wire_put_number(&w, EH_WIRE_SEQ, 300);
	eh_wire_put_list(&w, EH_WIRE_ENTRIES, list,
	    make_list(list, sizeof(list), 300), 300);
	ck_assert_int_eq(eh_wire_encode_reply(&w, out, ROOM, &len), EH_OK);
	ck_assert_int_eq(
	    eh_wire_decode_reply(&in, EH_REQ_LOG_READ, out, len), EH_OK);
	while (eh_wire_list_next(&in, EH_WIRE_ENTRIES, &cursor, &entry, &len)) {
		ck_assert_uint_eq(len, n % 3);
		ck_assert_mem_eq(entry, "aa", len);
		n++;
	}
	ck_assert_uint_eq(n, 300);
	cursor = 0;
	ck_assert_int_eq(eh_wire_list_next(&w, EH_WIRE_OBJECTS, &cursor, &entry,
	    &len), 0);
}
END_TEST

START_TEST(a_list_of_anything_else_is_refused)
{
	struct eh_wire w, in;
	size_t len;
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\x81\x01", 2 },	   /* a number in it */
		{ "\x82\x40", 2 },	   /* one entry short */
		{ "\x81\x40\x40", 3 },	   /* one entry more */
		{ "\x9f\x40\xff", 3 },	   /* indefinite */
		{ "\x81\x81\x40", 3 },	   /* a list in the list */
		{ "\x81\x61" "a", 3 },	   /* text */
		{ "\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", 9 },
		{ "", 0 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		eh_wire_init(&w, EH_REQ_LOG_READ, 0);
		eh_wire_put_number(&w, EH_WIRE_FIRST, 0);
		eh_wire_put_number(&w, EH_WIRE_SEQ, 0);
		eh_wire_put_list(
		    &w, EH_WIRE_ENTRIES, bad[i].bytes, bad[i].len, 1);
		ck_assert_int_eq(eh_wire_encode_reply(&w, out, ROOM, &len),
		    EH_ERR_ARGUMENT);
		len = raw(&w, 0, again);
		ck_assert_int_ne(
		    eh_wire_decode_reply(&in, EH_REQ_LOG_READ, again, len),
		    EH_OK);
	}
}
END_TEST

START_TEST(text_must_be_printable_ascii)
{
	struct eh_wire w, in;
	size_t len;

	eh_wire_init(&w, EH_REQ_HELLO, 0);
	eh_wire_put_number(&w, EH_WIRE_VERSION_NO, EH_WIRE_VERSION);
	eh_wire_put_text(&w, EH_WIRE_LINE, "line\n3");
	ck_assert_int_eq(eh_wire_encode_request(&w, out, ROOM, &len),
	    EH_ERR_ARGUMENT);
	len = raw(&w, EH_REQ_HELLO, again);
	ck_assert_int_eq(
	    eh_wire_decode_request(&in, again, len), EH_ERR_FORMAT);
	eh_wire_put_text(&w, EH_WIRE_LINE, "line 3");
	ck_assert_int_eq(
	    eh_wire_encode_request(&w, out, ROOM, &len), EH_OK);
}
END_TEST

START_TEST(text_and_bytes_are_read_safely_when_absent_or_too_long)
{
	struct eh_wire w;
	char text[4] = "xxx";
	size_t len = 7;

	eh_wire_init(&w, EH_REQ_HELLO, 0);
	ck_assert_ptr_nonnull(eh_wire_bytes(&w, EH_WIRE_TICKET, &len));
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(eh_wire_text(&w, EH_WIRE_LABEL, text, 4), EH_OK);
	ck_assert_str_eq(text, "");
	eh_wire_put_text(&w, EH_WIRE_LABEL, "four");
	ck_assert_int_eq(
	    eh_wire_text(&w, EH_WIRE_LABEL, text, 4), EH_ERR_SPACE);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(eh_wire_has(&w, EH_WIRE_LABEL), 1);
	ck_assert_int_eq(eh_wire_has(&w, EH_WIRE_PIN), 0);
}
END_TEST

START_TEST(too_little_room_says_how_much_is_needed)
{
	struct eh_wire w;
	uint8_t small[8];
	size_t need, len;

	eh_wire_init(&w, EH_REQ_RANDOM, 0);
	eh_wire_put_bytes(&w, EH_WIRE_DATA, filler, 100);
	ck_assert_int_eq(
	    eh_wire_encode_reply(&w, small, sizeof(small), &need),
	    EH_ERR_SPACE);
	ck_assert_int_eq(eh_wire_encode_reply(&w, out, need - 1, &len),
	    EH_ERR_SPACE);
	ck_assert_int_eq(eh_wire_encode_reply(&w, out, need, &len), EH_OK);
	ck_assert_uint_eq(len, need);
}
END_TEST

/*
 * doc/format/wire.md against the tables.  It names the labels, so the names are
 * read from its first table and used to spell the rows of the second.
 */
static char doc[65536];
static char names[EH_WIRE_LABELS][32];

static void
read_doc(void)
{
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/doc/format/wire.md",
	    getenv("EH_SRCDIR") != NULL ? getenv("EH_SRCDIR") : ".");
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "cannot read %s", path);
	n = fread(doc, 1, sizeof(doc) - 1, f);
	fclose(f);
	doc[n] = '\0';
}

static const char *const kinds[] = { NULL, "uint", "int", "text", "bytes",
	"list" };

static void
spell_limit(char *text, size_t room, int64_t most)
{
	if (most == EH_WIRE_U53)
		snprintf(text, room, "2^53-1");
	else
		snprintf(text, room, "%lld", (long long)most);
}

static void
check_labels(void)
{
	char start[32], line[256], most[32], *at;

	read_doc();
	for (unsigned i = 0; i < EH_WIRE_LABELS; i++) {
		const struct eh_wire_type *t = &eh_wire_types[i];

		snprintf(start, sizeof(start), "\n| %u | ", i);
		at = strstr(doc, start);
		ck_assert_msg(at != NULL, "no label %u", i);
		ck_assert_int_eq(
		    sscanf(at + strlen(start), "%31s", names[i]), 1);
		spell_limit(most, sizeof(most), t->most);
		snprintf(line, sizeof(line), "\n| %u | %s | %s | %lld..%s |", i,
		    names[i], kinds[t->kind], (long long)t->least, most);
		ck_assert_msg(strncmp(at, line, strlen(line)) == 0,
		    "wire.md should say:%s", line);
	}
}

START_TEST(the_document_has_every_label_as_it_is)
{
	check_labels();
}
END_TEST

static void
spell_members(char *text, size_t room, const struct eh_wire_member *m)
{
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; m[i].label != 0; i++) {
		char name[32] = "";

		for (unsigned c = 0; names[m[i].label][c] != '\0'; c++) {
			char l = names[m[i].label][c];

			name[c] = l == '_' ? '-' : l >= 'A' && l <= 'Z'
			    ? (char)(l - 'A' + 'a') : l;
		}
		n += (size_t)snprintf(text + n, room - n, "%s%s%s%s",
		    i == 0 ? "" : ", ", m[i].mandatory ? "" : "[", name,
		    m[i].mandatory ? "" : "]");
	}
	if (n > 0)
		snprintf(text + n, room - n, " ");
}

START_TEST(the_document_has_every_request_as_it_is)
{
	char asked[512], answered[512], line[1200];

	check_labels();
	for (size_t i = 0; i < eh_wire_nrows; i++) {
		const struct eh_wire_row *row = &eh_wire_rows[i];

		spell_members(asked, sizeof(asked), row->request);
		spell_members(answered, sizeof(answered), row->reply);
		snprintf(line, sizeof(line), "\n| %u | %s | %s| %s|\n",
		    row->code, row->name, asked, answered);
		ck_assert_msg(strstr(doc, line) != NULL,
		    "wire.md should say:%s", line);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("wire");
	TCase *t = tcase_create("wire");

	memset(filler, 'a', sizeof(filler));
	tcase_add_test(t, every_label_has_a_type_and_every_code_one_row);
	tcase_add_test(t, every_row_comes_back_as_it_went);
	tcase_add_test(t, a_missing_mandatory_label_is_refused);
	tcase_add_test(t, a_label_that_is_not_listed_is_refused);
	tcase_add_test(t, both_limits_hold_to_the_last_one);
	tcase_add_test(t, every_truncation_is_refused);
	tcase_add_test(t, a_flipped_bit_is_refused_or_means_something_else);
	tcase_add_test(t, a_code_without_a_row_is_not_supported);
	tcase_add_test(t, a_refusal_is_its_sentence_and_nothing_else);
	tcase_add_test(t, a_positive_result_is_refused);
	tcase_add_test(t, the_sentence_always_gets_through);
	tcase_add_test(t, a_list_is_walked_entry_by_entry);
	tcase_add_test(t, a_list_of_anything_else_is_refused);
	tcase_add_test(t, text_must_be_printable_ascii);
	tcase_add_test(
	    t, text_and_bytes_are_read_safely_when_absent_or_too_long);
	tcase_add_test(t, too_little_room_says_how_much_is_needed);
	tcase_add_test(t, the_document_has_every_label_as_it_is);
	tcase_add_test(t, the_document_has_every_request_as_it_is);
	suite_add_tcase(s, t);
	return unit_run(s);
}
