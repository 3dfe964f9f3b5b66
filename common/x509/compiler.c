/* SPDX-License-Identifier: Apache-2.0 */
/* compiler.c - a template being compiled: fields, texts and OIDs of its TBS. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "common/x509/compiler.h"

#define INPUT_ID 128	/* field ids of host-given values begin here */

void
eh_compiler_fail(struct eh_compiler *c, const char *format, ...)
{
	char text[EH_ERROR_TEXT];
	va_list args;

	if (c->err != EH_OK)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	c->err = eh_error_set(c->error, EH_ERR_CONFIG, "certificate %s: %s",
	    c->t->id != NULL ? c->t->id : "?", text);
}

void
eh_compiler_patterns(struct eh_compiler *c)
{
	const struct eh_profile_source *s = c->source;
	struct eh_error sub;

	eh_error_clear(&sub);
	if (s->identity.pattern == NULL ||
	    eh_pattern_parse(&c->identity, s->identity.pattern, &sub) != EH_OK)
		eh_compiler_fail(c, "identity: %s", eh_error_sentence(&sub));
	for (unsigned i = 0; i < s->inputs; i++)
		if (s->input[i].pattern == NULL ||
		    eh_pattern_parse(
			&c->input[i], s->input[i].pattern, &sub) != EH_OK)
			eh_compiler_fail(c, "input %s: %s", s->input[i].id,
			    eh_error_sentence(&sub));
}

/* --- fields ------------------------------------------------------------ */

struct eh_field *
eh_compiler_hole(struct eh_compiler *c, enum eh_field_source source, size_t len)
{
	struct eh_field *f;

	if (c->out->fields == EH_TEMPLATE_FIELDS) {
		eh_compiler_fail(c, "more than %d fields", EH_TEMPLATE_FIELDS);
		return NULL;
	}
	f = &c->out->field[c->out->fields];
	memset(f, 0, sizeof(*f));
	f->id = (uint8_t)c->out->fields++;
	f->source = (uint8_t)source;
	f->length = (uint16_t)len;
	/* The mark's number is the field's: both count from 0. */
	eh_der_put_mark(&c->w);
	eh_der_put_zeros(&c->w, len);
	return f;
}

/* Which input has this id; EH_SOURCE_INPUTS when none has. */
static unsigned
input_number(const struct eh_compiler *c, const char *id)
{
	unsigned i = 0;

	while (i < c->source->inputs && (id == NULL ||
		strcmp(c->source->input[i].id, id) != 0))
		i++;
	return i < c->source->inputs ? i : EH_SOURCE_INPUTS;
}

static void
input_hole(struct eh_compiler *c, const char *id)
{
	const unsigned n = input_number(c, id);
	const struct eh_source_input *input;
	struct eh_field *f;

	if (n == EH_SOURCE_INPUTS) {
		eh_compiler_fail(c, "no field or input is called '%s'",
		    id != NULL ? id : "");
		return;
	}
	input = &c->source->input[n];
	f = eh_compiler_hole(
	    c, EH_FIELD_INPUT, eh_pattern_length(&c->input[n]));
	if (f == NULL)
		return;
	f->id = (uint8_t)(INPUT_ID + n);
	f->pattern = c->input[n];
	if (input->lo != NULL) {
		f->lo = (const uint8_t *)input->lo;
		f->hi = (const uint8_t *)input->hi;
		f->rangelen = f->length;
	}
}

/* --- texts ------------------------------------------------------------- */

/* Count the characters of well-formed UTF-8 without control characters; -1 when
 * it is not. */
static int
utf8_length(const char *text)
{
	size_t left = strlen(text), len;
	int n = 0;

	for (; left > 0; n++, text += len, left -= len) {
		len = eh_utf8_next(text, left);
		if (len == 0 || eh_utf8_is_control(text, len))
			return -1;
	}
	return n;
}

/* The class that holds every character of a string type. */
static uint8_t
string_charset(uint8_t tag)
{
	return tag == EH_DER_PRINTABLE_STRING ? EH_CHARSET_PRINTABLE :
	    tag == EH_DER_OCTET_STRING	      ? EH_CHARSET_OCTET :
						EH_CHARSET_ASCII;
}

/* Return 1 when every value of the pattern can stand in this string type. */
static int
pattern_fits(const struct eh_pattern *p, uint8_t tag)
{
	const uint8_t charset = string_charset(tag);

	for (unsigned r = 0; r < p->runs; r++)
		for (unsigned octet = 0; octet < 256; octet++)
			if (p->run[r].constant == NULL &&
			    eh_charset_has(p->run[r].charset, (uint8_t)octet) &&
			    !eh_charset_has(charset, (uint8_t)octet))
				return 0;
	for (unsigned r = 0; r < p->runs; r++)
		for (unsigned i = 0; p->run[r].constant != NULL &&
		    i < p->run[r].count; i++)
			if (!eh_charset_has(charset, p->run[r].constant[i]))
				return 0;
	return 1;
}

/* Write a constant piece; return its characters. */
static size_t
constant_piece(struct eh_compiler *c, const char *what, uint8_t tag,
    const char *text)
{
	const int n = text != NULL ? utf8_length(text) : -1;

	if (n < 0) {
		eh_compiler_fail(c,
		    "%s: the text is not UTF-8 without control characters",
		    what);
		return 0;
	}
	for (const char *t = text; tag != EH_DER_UTF8_STRING && *t != '\0'; t++)
		if (!eh_charset_has(string_charset(tag), (uint8_t)*t)) {
			eh_compiler_fail(c,
			    "%s: '%.64s' does not fit its string type", what,
			    text);
			return 0;
		}
	eh_der_put_raw(&c->w, text, strlen(text));
	return (size_t)n;
}

static size_t
field_piece(struct eh_compiler *c, const char *what, uint8_t tag,
    const struct eh_piece *p)
{
	const struct eh_pattern *pattern = &c->identity;
	unsigned n;

	if (p->kind == EH_PIECE_DEVICE_ID) {
		eh_compiler_hole(
		    c, EH_FIELD_DEVICE_ID, eh_pattern_length(pattern));
	} else if (p->kind == EH_PIECE_INPUT) {
		n = input_number(c, p->text);
		input_hole(c, p->text);
		if (c->err != EH_OK)
			return 0;
		pattern = &c->input[n];
	} else {
		eh_compiler_fail(
		    c, "%s: this field cannot stand in a text", what);
		return 0;
	}
	if (!pattern_fits(pattern, tag))
		eh_compiler_fail(c, "%s: the field's pattern allows octets "
		    "that its string type cannot hold", what);
	return eh_pattern_length(pattern);
}

void
eh_compiler_string(struct eh_compiler *c, const char *what,
    const struct eh_compiler_form *form, const struct eh_source_text *text)
{
	const uint8_t tag = form->charset_tag;
	size_t n = 0;

	eh_der_put_begin(&c->w, form->tag);
	for (unsigned i = 0; i < text->pieces && c->err == EH_OK; i++)
		n += text->piece[i].kind == EH_PIECE_TEXT ?
		    constant_piece(c, what, tag, text->piece[i].text) :
		    field_piece(c, what, tag, &text->piece[i]);
	eh_der_put_end(&c->w);
	if (n < form->least || n > form->most)
		eh_compiler_fail(c, "%s: %zu characters, %zu to %zu are "
		    "allowed", what, n, form->least, form->most);
}

void
eh_compiler_oid(struct eh_compiler *c, const char *what,
    const struct eh_word *table, const char *word)
{
	const char *dotted = NULL;

	if (word != NULL)
		dotted = eh_words_oid(table, word);
	if (dotted == NULL) {
		eh_compiler_fail(c,
		    "%s: '%.64s' is no known word and no OID", what,
		    word != NULL ? word : "");
		return;
	}
	eh_der_put_oid(&c->w, dotted);
}
