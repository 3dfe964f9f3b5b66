/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - with: of a plugin, checked against the plugin's own table. */
#include "config.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/suggest.h"
#include "orchestrator/conf/options.h"
#include "orchestrator/conf/path.h"
#include "orchestrator/conf/schema_scalar.h"

#define WORDS_MAX 32
#define NAMES_MAX 64
#define TEXT_MAX  1024

/* The row of our tables that an option of a plugin is. */
struct row {
	struct eh_schema schema;
	struct eh_word words[WORDS_MAX + 1];	/* ENUM */
};

struct with {
	const struct eh_yaml_node *owner, *with;
	const struct eh_plugin_option *options;
	size_t count;
	struct eh_schema_reader reader;
	struct eh_arena arena;
	json_t *json;
};

/* Plugins may be built against a longer struct: walk by the element's size. */
static const struct eh_plugin_option *
option(const struct with *w, size_t i)
{
	const char *at = (const char *)w->options;

	while (i-- > 0)
		at += ((const struct eh_plugin_option *)at)->struct_size;
	return (const struct eh_plugin_option *)at;
}

/* "a|b|c" as words; those behind the last that fits are not known. */
static void
split(struct with *w, const char *values, struct row *row)
{
	size_t n = 0, len;

	for (; values != NULL && n < WORDS_MAX; values += len) {
		values += *values == '|';
		len = strcspn(values, "|");
		if (len == 0)
			break;
		row->words[n].word = eh_arena_text(&w->arena, values, len);
		if (row->words[n].word == NULL)
			w->reader.err = EH_ERR_MEMORY;
		row->words[n].number = (int)n;
		n++;
	}
	row->words[n].word = NULL;
	row->schema.words = row->words;
}

static int
make_row(struct with *w, const struct eh_plugin_option *o, struct row *row)
{
	memset(row, 0, sizeof(*row));
	row->schema.name = o->name;
	row->schema.flags = EH_SCHEMA_REQUIRED;
	row->schema.min = 1;
	row->schema.max = TEXT_MAX;
	switch (o->type) {
	case EH_PLUGIN_TEXT:
	case EH_PLUGIN_PATH:
	case EH_PLUGIN_URI:
	case EH_PLUGIN_SIZE:
		row->schema.type = EH_SCHEMA_TEXT;
		return 1;
	case EH_PLUGIN_INT:
	case EH_PLUGIN_DURATION:
		row->schema.type = o->type == EH_PLUGIN_INT ?
		    EH_SCHEMA_INT : EH_SCHEMA_DURATION;
		row->schema.min = row->schema.max = 0;
		return 1;
	case EH_PLUGIN_BOOL:
		row->schema.type = EH_SCHEMA_BOOL;
		return 1;
	case EH_PLUGIN_ENUM:
		row->schema.type = EH_SCHEMA_WORD;
		split(w, o->values, row);
		return 1;
	default:
		return 0;
	}
}

/* 512, 64K, 16M, 1G. */
static int
parse_size(const char *text, json_int_t *out)
{
	static const char units[] = "KMG";
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;
	json_int_t value = 0;

	if (digits == 0 || digits > 9 || (digits > 1 && text[0] == '0'))
		return 0;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (text[i] - '0');
	if (*unit != '\0') {
		const char *found = strchr(units, *unit);

		if (found == NULL || unit[1] != '\0')
			return 0;
		value <<= 10 * (found - units + 1);
	}
	*out = value;
	return 1;
}

static json_t *
text_json(struct with *w, const struct eh_plugin_option *o,
    const struct eh_yaml_node *node, const char *text)
{
	json_int_t size;
	json_t *json;
	char *path;

	if (o->type == EH_PLUGIN_SIZE) {
		if (parse_size(text, &size))
			return json_integer(size);
		eh_report_error(w->reader.report, node,
		    "'%.64s' is not a size (512, 64K, 16M, 1G)", text);
		return NULL;
	}
	if (o->type != EH_PLUGIN_PATH)
		return json_string(text);
	path = eh_path_beside(eh_yaml_name(w->owner->yaml), text);
	json = path != NULL ? json_string(path) : NULL;
	free(path);
	return json;
}

/* The value of one option; NULL after an error, which was reported. */
static json_t *
value_json(struct with *w, const struct eh_plugin_option *o,
    const struct eh_yaml_node *node, const char *text)
{
	union {
		const char *text;
		int64_t number;
		int truth;
	} slot = { .number = 0 };
	size_t before = w->reader.report->errors;
	struct row row;

	if (!make_row(w, o, &row)) {
		eh_report_error(w->reader.report, node,
		    "the plugin gives '%s' a type that is not known", o->name);
		return NULL;
	}
	eh_schema_scalar_read(&w->reader, &row.schema, node, text, &slot);
	if (w->reader.report->errors > before || w->reader.err != EH_OK)
		return NULL;
	if (row.schema.type == EH_SCHEMA_BOOL)
		return json_boolean(slot.truth);
	if (row.schema.type == EH_SCHEMA_INT ||
	    row.schema.type == EH_SCHEMA_DURATION)
		return json_integer(slot.number);
	return text_json(w, o, node, slot.text);
}

static void
read_option(struct with *w, const struct eh_plugin_option *o)
{
	const struct eh_yaml_node *node = eh_yaml_member(w->with, o->name);
	const char *text = node != NULL ? eh_yaml_text(node) : o->dflt;
	size_t before = w->reader.report->errors;
	json_t *value;

	if (node != NULL && node->broken)
		return;
	if (node != NULL && text == NULL) {
		eh_report_error(w->reader.report, node,
		    "a text is expected here, not a list or map");
		return;
	}
	if (text == NULL) {
		if ((o->flags & EH_PLUGIN_REQUIRED) != 0)
			eh_report_error(w->reader.report,
			    w->with != NULL ? w->with : w->owner,
			    "'%s' is missing in with:", o->name);
		return;
	}
	value = value_json(w, o, node != NULL ? node : w->owner, text);
	if (value == NULL && w->reader.report->errors > before)
		return;
	if (json_object_set_new(w->json, o->name, value) != 0)
		w->reader.err = EH_ERR_MEMORY;
}

static void
check_keys(struct with *w)
{
	const char *names[NAMES_MAX], *near;
	size_t n = 0;

	for (; n < w->count && n < NAMES_MAX; n++)
		names[n] = option(w, n)->name;
	if (w->with == NULL)
		return;
	for (const struct eh_yaml_node *m = w->with->first; m; m = m->next) {
		size_t i = 0;

		while (i < w->count && strcmp(option(w, i)->name, m->key) != 0)
			i++;
		if (i < w->count || m->broken)
			continue;
		near = eh_suggest(m->key, names, n);
		if (near != NULL)
			eh_report_error_key(w->reader.report, m,
			    "the plugin has no such option (did you mean "
			    "'%s'?)",
			    near);
		else
			eh_report_error_key(w->reader.report, m,
			    "the plugin has no such option");
	}
}

int
eh_options_json(const struct eh_yaml_node *owner,
    const struct eh_plugin_option *options, size_t count, char **jsonp,
    struct eh_report *report)
{
	struct with w = {
		.owner = owner,
		.with = eh_yaml_member(owner, "with"),
		.options = options,
		.count = count,
		.json = json_object(),
	};
	size_t before = report->errors;
	int err;

	*jsonp = NULL;
	w.reader.arena = &w.arena;
	w.reader.report = report;
	if (w.json == NULL)
		return EH_ERR_MEMORY;
	check_keys(&w);
	for (size_t i = 0; i < count && w.reader.err == EH_OK; i++)
		read_option(&w, option(&w, i));
	err = w.reader.err;
	if (err == EH_OK && report->errors > before)
		err = EH_ERR_CONFIG;
	if (err == EH_OK &&
	    (*jsonp = json_dumps(w.json, JSON_COMPACT)) == NULL)
		err = EH_ERR_MEMORY;
	json_decref(w.json);
	eh_schema_reader_wipe(&w.reader);
	eh_arena_wipe(&w.arena);
	return err;
}
