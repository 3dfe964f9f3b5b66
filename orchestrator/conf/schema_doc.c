/* SPDX-License-Identifier: Apache-2.0 */
/* schema_doc.c - the tables as reference pages: Markdown and mdoc. */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "orchestrator/conf/schema_scalar.h"

#define TYPE_MAX 1024
#define MDOC_COLUMNS 60

/* How a form of page writes its three kinds of line. */
struct style {
	void (*section)(
	    FILE *out, const char *path, const struct eh_schema_map *map);
	void (*row)(FILE *out, const struct eh_schema *row, const char *type,
	    const char *notes);
	void (*end)(FILE *out);
};

struct text {
	char bytes[TYPE_MAX];
	size_t len;
};

static void add(struct text *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct text *text, const char *format, ...)
{
	size_t left = sizeof(text->bytes) - text->len;
	va_list args;
	int wrote;

	va_start(args, format);
	wrote = vsnprintf(text->bytes + text->len, left, format, args);
	va_end(args);
	if (wrote > 0)
		text->len += (size_t)wrote < left ? (size_t)wrote : left - 1;
}

static void
add_words(struct text *text, const struct eh_schema *row)
{
	for (const struct eh_word *w = row->words; w->word != NULL; w++)
		add(text, "%s%s%s", w != row->words ? ", " : "", w->word,
		    eh_schema_word_listed(row->later, w->word) ?
			" (not built yet)" : "");
	if ((row->flags & EH_SCHEMA_OR_OID) != 0)
		add(text, ", or a dotted OID");
}

static void
add_value(struct text *text, const struct eh_schema *row)
{
	if ((row->flags & EH_SCHEMA_CONSTANT) != 0)
		add(text, "text, or ");
	for (const struct eh_word *w = row->words; w->word != NULL; w++)
		add(text, "%s{ field: %s%s }", w != row->words ? " or " : "",
		    w->word, strcmp(w->word, "not-after") == 0 ?
			", days: N" : "");
	if ((row->flags & EH_SCHEMA_INPUTS) != 0)
		add(text, " or { field: ID of an input }");
	if ((row->flags & EH_SCHEMA_CONCAT) != 0)
		add(text, ", or a list of these, which is their concatenation");
	if ((row->flags & EH_SCHEMA_DATE) != 0)
		add(text, "; form: utc or generalized may stand beside field:");
}

/* "500ms", "30s", "24h": as it is written. */
static void
add_duration(struct text *text, int64_t ms)
{
	if (ms != 0 && ms % 3600000 == 0)
		add(text, "%" PRId64 "h", ms / 3600000);
	else if (ms % 1000 == 0)
		add(text, "%" PRId64 "s", ms / 1000);
	else
		add(text, "%" PRId64 "ms", ms);
}

static void
add_type(struct text *text, const struct eh_schema *row)
{
	switch (row->type) {
	case EH_SCHEMA_TEXT:
		add(text, "text");
		if (row->max != 0)
			add(text, ", %" PRId64 " to %" PRId64 " bytes",
			    row->min, row->max);
		break;
	case EH_SCHEMA_FORM:
		add(text, "%s: %s", row->form->what, row->form->rule);
		break;
	case EH_SCHEMA_WORD:
	case EH_SCHEMA_ENUM:
		add_words(text, row);
		break;
	case EH_SCHEMA_INT:
		add(text, "whole number, %" PRId64 " to %" PRId64, row->min,
		    row->max);
		break;
	case EH_SCHEMA_DURATION:
		add(text, "duration, ");
		add_duration(text, row->min);
		add(text, " to ");
		add_duration(text, row->max);
		break;
	case EH_SCHEMA_BOOL:
		add(text, "true, false");
		break;
	case EH_SCHEMA_VALUE:
		add_value(text, row);
		break;
	case EH_SCHEMA_MAP:
		add(text, "map");
		break;
	case EH_SCHEMA_LIST:
		add(text, "list of %" PRId64 " to %" PRId64 ": ", row->min,
		    row->max);
		add_type(text, row->item);
		break;
	case EH_SCHEMA_ANY:
		add(text, "map, as its plugin says");
		break;
	}
}

/* The words of the variants that have this row: "keyUsage, an OID". */
static void
add_variants(struct text *text, const struct eh_schema *first,
    const struct eh_schema *row)
{
	const char *between = "";

	for (const struct eh_word *w = first->words; w->word != NULL; w++)
		if ((row->when >> w->number & 1) != 0) {
			add(text, "%s%s", between, w->word);
			between = ", ";
		}
	if ((first->flags & EH_SCHEMA_OR_OID) != 0 &&
	    (row->when >> first->oid_number & 1) != 0)
		add(text, "%san OID", between);
}

/* Required, default, of which variants, built or not. */
static void
add_notes(struct text *text, const struct eh_schema_map *map,
    const struct eh_schema *row)
{
	if (row->when != 0) {
		add(text, "Only with ");
		add_variants(text, &map->rows[0], row);
		add(text, ".  ");
	}
	if ((row->flags & EH_SCHEMA_REQUIRED) != 0)
		add(text, "Required.  ");
	if (row->dflt != NULL)
		add(text, "Default: %s.  ", row->dflt);
	if ((row->flags & EH_SCHEMA_LATER) != 0)
		add(text, "Not built yet.  ");
}

static void
print_map(const struct style *style, const struct eh_schema_map *map,
    const char *path, FILE *out)
{
	style->section(out, path, map);
	for (size_t i = 0; i < map->count; i++) {
		struct text type = { .len = 0 }, notes = { .len = 0 };

		add_type(&type, &map->rows[i]);
		add_notes(&notes, map, &map->rows[i]);
		style->row(out, &map->rows[i], type.bytes, notes.bytes);
	}
	style->end(out);
	for (size_t i = 0; i < map->count; i++) {
		const struct eh_schema *row = &map->rows[i];
		int list = row->type == EH_SCHEMA_LIST;
		const struct eh_schema_map *inner =
		    list ? row->item->map : row->map;
		struct text below = { .len = 0 };

		if (inner == NULL)
			continue;
		add(&below, "%s%s%s%s", path, path[0] != '\0' ? "." : "",
		    row->name, list ? "[]" : "");
		if (row->when != 0) {
			add(&below, " of ");
			add_variants(&below, &map->rows[0], row);
		}
		print_map(style, inner, below.bytes, out);
	}
}

/* Text in a Markdown table: bars and angles would end or open something. */
static void
put_markdown(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("|<>*_`[]\\", *text) != NULL)
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void
markdown_section(FILE *out, const char *path, const struct eh_schema_map *map)
{
	if (path[0] == '\0')
		fprintf(out, "## %s\n\n", map->title);
	else
		fprintf(out, "### `%s`\n\n", path);
	put_markdown(out, map->doc);
	fprintf(out, "\n\n| key | value | meaning |\n|---|---|---|\n");
}

static void
markdown_row(FILE *out, const struct eh_schema *row, const char *type,
    const char *notes)
{
	fprintf(out, "| `%s` | ", row->name);
	put_markdown(out, type);
	fprintf(out, " | ");
	put_markdown(out, notes);
	put_markdown(out, row->doc);
	fprintf(out, " |\n");
}

static void
markdown_end(FILE *out)
{
	fputc('\n', out);
}

void
eh_schema_markdown(const struct eh_schema_map *map, FILE *out)
{
	static const struct style markdown = {
		markdown_section, markdown_row, markdown_end,
	};

	print_map(&markdown, map, "", out);
}

/* Begin a new line of mdoc; a dot or apostrophe there would be a macro. */
static size_t
break_mdoc(FILE *out, const char *next)
{
	fputc('\n', out);
	if (*next != '.' && *next != '\'')
		return 0;
	fputs("\\&", out);
	return 2;
}

/*
 * Text in mdoc: a backslash is an escape, and a sentence ends with its line.
 * Nothing is written when there is no text.
 */
static void
put_mdoc(FILE *out, const char *text)
{
	size_t column = 0;

	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text != '\0'; text++) {
		column++;
		if (*text == '\\') {
			fputs("\\e", out);
		} else if (strncmp(text, ".  ", 3) == 0) {
			fputc('.', out);
			text += 2;
			if (text[1] != '\0')
				column = break_mdoc(out, text + 1);
		} else if (*text == ' ' && column > MDOC_COLUMNS) {
			column = break_mdoc(out, text + 1);
		} else {
			fputc(*text, out);
		}
	}
	if (column > 0)
		fputc('\n', out);
}

static void
mdoc_section(FILE *out, const char *path, const struct eh_schema_map *map)
{
	/* \& keeps [] at the end from being taken as punctuation. */
	fprintf(out, ".Ss %s\\&\n", path[0] != '\0' ? path : map->title);
	put_mdoc(out, map->doc);
	fprintf(out, ".Bl -tag -width Ds\n");
}

static void
mdoc_row(FILE *out, const struct eh_schema *row, const char *type,
    const char *notes)
{
	fprintf(out, ".It Cm %s\n", row->name);
	put_mdoc(out, type);
	fprintf(out, ".br\n");
	put_mdoc(out, notes);
	put_mdoc(out, row->doc);
}

static void
mdoc_end(FILE *out)
{
	fprintf(out, ".El\n");
}

void
eh_schema_mdoc(const struct eh_schema_map *map, FILE *out)
{
	static const struct style mdoc = {
		mdoc_section, mdoc_row, mdoc_end,
	};

	print_map(&mdoc, map, "", out);
}
