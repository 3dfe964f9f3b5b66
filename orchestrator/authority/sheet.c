/* SPDX-License-Identifier: Apache-2.0 */
/* sheet.c - facts in a fixed order, as text and as JSON. */
#include "config.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/hex.h"
#include "orchestrator/authority/sheet.h"

#define DEPTH    4
#define LABEL    64
#define VALUE_MAX 2048		/* of a formatted text */
#define TEXT_MAX (4u << 20)
#define WIDTH    24		/* of the column of labels */

struct eh_sheet {
	int err;
	struct eh_buf text;
	unsigned depth;
	json_t *at[DEPTH + 1];	/* at[0] is owned, the others borrowed */
};

struct eh_sheet *
eh_sheet_new(void)
{
	struct eh_sheet *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	eh_buf_init(&s->text, TEXT_MAX);
	if ((s->at[0] = json_object()) != NULL)
		return s;
	free(s);
	return NULL;
}

void
eh_sheet_free(struct eh_sheet *s)
{
	if (s == NULL)
		return;
	json_decref(s->at[0]);
	eh_buf_free(&s->text);
	free(s);
}

/* "config digest" becomes "config_digest", "X.509 root" becomes "x509_root". */
static void
member(const char *label, char out[LABEL])
{
	size_t n = 0;

	for (const char *c = label; *c != '\0' && n + 1 < LABEL; c++)
		if (*c == ' ' || *c == '-')
			out[n++] = '_';
		else if (*c >= 'A' && *c <= 'Z')
			out[n++] = (char)(*c - 'A' + 'a');
		else if (*c != '.')
			out[n++] = *c;
	out[n] = '\0';
}

static void
line(struct eh_sheet *s, const char *label, const char *value)
{
	char head[LABEL + 2 * DEPTH + WIDTH];
	int indent = 2 * (int)s->depth;

	snprintf(head, sizeof(head), "%*s%-*s%s", indent, "", WIDTH - indent,
	    label, value[0] != '\0' ? " " : "");
	if (value[0] == '\0')
		snprintf(head, sizeof(head), "%*s%s", indent, "", label);
	if (eh_buf_append(&s->text, head, strlen(head)) != EH_OK ||
	    eh_buf_append(&s->text, value, strlen(value)) != EH_OK ||
	    eh_buf_append(&s->text, "\n", 1) != EH_OK)
		s->err = EH_ERR_MEMORY;
}

/* Put both forms of a fact; takes ${json}. */
static void
put(struct eh_sheet *s, const char *label, const char *value, json_t *json)
{
	char name[LABEL];

	member(label, name);
	line(s, label, value);
	if (json_object_set_new(s->at[s->depth], name, json) != 0)
		s->err = EH_ERR_MEMORY;
}

/* The array ${label} of the present object, made when it is not there. */
static json_t *
array(struct eh_sheet *s, const char *label)
{
	char name[LABEL];
	json_t *a;

	member(label, name);
	if ((a = json_object_get(s->at[s->depth], name)) == NULL) {
		if (json_object_set_new(
		        s->at[s->depth], name, json_array()) != 0)
			s->err = EH_ERR_MEMORY;
		a = json_object_get(s->at[s->depth], name);
	}
	return a;
}

void
eh_sheet_text(struct eh_sheet *s, const char *label, const char *format, ...)
{
	char value[VALUE_MAX];
	va_list ap;

	if (s == NULL)
		return;
	va_start(ap, format);
	vsnprintf(value, sizeof(value), format, ap);
	va_end(ap);
	put(s, label, value, json_string(value));
}

void
eh_sheet_count(struct eh_sheet *s, const char *label, uint64_t value,
    const char *what)
{
	char text[128];

	if (s == NULL)
		return;
	snprintf(text, sizeof(text), "%" PRIu64 "%s%s", value,
	    what[0] != '\0' ? " " : "", what);
	put(s, label, text, json_integer((json_int_t)value));
}

void
eh_sheet_uint(struct eh_sheet *s, const char *label, uint64_t value)
{
	eh_sheet_count(s, label, value, "");
}

void
eh_sheet_bool(struct eh_sheet *s, const char *label, int value)
{
	if (s != NULL)
		put(s, label, value ? "yes" : "no", json_boolean(value));
}

void
eh_sheet_time(struct eh_sheet *s, const char *label, uint64_t time)
{
	char text[EH_CLOCK_TEXT_SIZE];

	if (eh_clock_format(time, text) == EH_OK)
		eh_sheet_text(s, label, "%s", text);
	else
		eh_sheet_text(s, label, "%" PRIu64, time);
}

void
eh_sheet_hex(
    struct eh_sheet *s, const char *label, const void *bytes, size_t len)
{
	char *hex = malloc(EH_HEX_SIZE(len));

	if (s == NULL || hex == NULL) {
		if (s != NULL)
			s->err = EH_ERR_MEMORY;
		free(hex);
		return;
	}
	eh_hex_encode(bytes, len, hex);
	put(s, label, hex, json_string(hex));
	free(hex);
}

void
eh_fingerprint(const void *bytes, size_t len, char *out)
{
	const uint8_t *p = bytes;

	*out = '\0';
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && i % 2 == 0)
			*out++ = ' ';
		eh_hex_encode(p + i, 1, out);
		out += 2;
	}
}

void
eh_sheet_fingerprint(
    struct eh_sheet *s, const char *label, const void *bytes, size_t len)
{
	char text[EH_FINGERPRINT_SIZE(64)], hex[EH_HEX_SIZE(64)];

	if (s == NULL || len > 64)
		return;
	eh_fingerprint(bytes, len, text);
	eh_hex_encode(bytes, len, hex);
	put(s, label, text, json_string(hex));
}

void
eh_sheet_octets(
    struct eh_sheet *s, const char *label, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	char text[EH_HEX_SIZE(256)], hex[EH_HEX_SIZE(256)];
	int printable = len > 0;

	if (s == NULL || len > 256)
		return;
	eh_hex_encode(bytes, len, hex);
	for (size_t i = 0; i < len; i++)
		printable &= p[i] >= 0x20 && p[i] <= 0x7e && p[i] != '"';
	if (printable)
		snprintf(text, sizeof(text), "\"%.*s\"", (int)len,
		    (const char *)bytes);
	else
		snprintf(text, sizeof(text), "%s", hex);
	put(s, label, text, json_string(hex));
}

void
eh_sheet_item(struct eh_sheet *s, const char *label, const char *format, ...)
{
	char value[VALUE_MAX];
	va_list ap;
	json_t *a;

	if (s == NULL)
		return;
	va_start(ap, format);
	vsnprintf(value, sizeof(value), format, ap);
	va_end(ap);
	line(s, label, value);
	if ((a = array(s, label)) == NULL ||
	    json_array_append_new(a, json_string(value)) != 0)
		s->err = EH_ERR_MEMORY;
}

void
eh_sheet_begin(struct eh_sheet *s, const char *label)
{
	json_t *a, *o;

	if (s == NULL)
		return;
	line(s, label, "");
	a = array(s, label);
	o = json_object();
	if (a == NULL || json_array_append_new(a, o) != 0) {
		s->err = EH_ERR_MEMORY;
		o = s->at[s->depth];
	}
	if (s->depth < DEPTH)
		s->at[++s->depth] = o;
}

void
eh_sheet_end(struct eh_sheet *s)
{
	if (s != NULL && s->depth > 0)
		s->depth--;
}

int
eh_sheet_print(
    struct eh_sheet *s, FILE *out, int json, struct eh_error *error)
{
	int bad;

	if (s == NULL || s->err != EH_OK)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if (json)
		bad = json_dumpf(s->at[0], out, JSON_COMPACT) != 0 ||
		    putc('\n', out) == EOF;
	else
		bad = s->text.len > 0 &&
		    fwrite(s->text.data, s->text.len, 1, out) != 1;
	if (!bad)
		return EH_OK;
	return eh_error_set(error, EH_ERR_IO, "the output cannot be written");
}
