/* SPDX-License-Identifier: Apache-2.0 */
/* schema_json.c - the tables as JSON Schema (draft 2020-12), for editors. */
#include "config.h"

#include <jansson.h>
#include <string.h>

#include "orchestrator/conf/schema_scalar.h"

#define DIALECT "https://json-schema.org/draft/2020-12/schema"

/*
 * jansson's *_set_new() and *_append_new() take the reference also when they
 * fail, and fail when they are given NULL.  So out of memory travels up: every
 * function here returns a new reference, or NULL.
 */
static json_t *map_schema(const struct eh_schema_map *, int variant);
static json_t *row_schema(const struct eh_schema *);

static int
put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

/* Return ${object}, or NULL when ${failed}. */
static json_t *
done(json_t *object, int failed)
{
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

/* The words that are built. */
static json_t *
words_schema(const struct eh_word *words, const char *later)
{
	json_t *list = json_array();
	int bad = list == NULL;

	for (; words->word != NULL && !bad; words++)
		if (!eh_schema_word_listed(later, words->word))
			bad = json_array_append_new(
			    list, json_string(words->word));
	return json_pack("{s:o?}", "enum", done(list, bad));
}

static json_t *
pattern_schema(const char *pattern)
{
	return json_pack("{s:[s,s],s:s++}", "type", "string", "number",
	    "pattern", "^(", pattern, ")$");
}

static json_t *
word_schema(const struct eh_schema *row)
{
	json_t *words = words_schema(row->words, row->later);

	if ((row->flags & EH_SCHEMA_OR_OID) == 0)
		return words;
	return json_pack("{s:[o,o]}", "anyOf", words,
	    pattern_schema(eh_schema_oid.pattern));
}

/* { field: X }, with days and form where they are allowed. */
static json_t *
field_schema(const struct eh_schema *row)
{
	json_t *names = (row->flags & EH_SCHEMA_INPUTS) != 0 ?
	    json_pack("{s:s}", "type", "string") :
	    words_schema(row->words, NULL);
	json_t *members = json_pack("{s:o}", "field", names);
	int bad = members == NULL;

	if ((row->flags & EH_SCHEMA_DATE) != 0 && !bad) {
		bad |= put(members, "days",
		    json_pack("{s:s,s:i,s:i}", "type", "integer", "minimum", 1,
			"maximum", 36525));
		bad |= put(members, "form",
		    words_schema(eh_schema_date_forms, NULL));
	}
	return json_pack("{s:s,s:o?,s:[s],s:b}", "type", "object",
	    "properties", done(members, bad), "required", "field",
	    "additionalProperties", 0);
}

static json_t *
value_schema(const struct eh_schema *row)
{
	json_t *parts = json_array(), *item;
	int bad = parts == NULL;

	if (!bad)
		bad |= json_array_append_new(parts, field_schema(row));
	if ((row->flags & EH_SCHEMA_CONSTANT) != 0 && !bad)
		bad |= json_array_append_new(parts,
		    json_pack("{s:[s,s,s]}", "type", "string", "number",
			"boolean"));
	if ((row->flags & EH_SCHEMA_CONCAT) != 0 && !bad) {
		item = json_pack("{s:o}", "anyOf", json_deep_copy(parts));
		bad |= json_array_append_new(parts,
		    json_pack("{s:s,s:o?,s:i,s:i}", "type", "array", "items",
			item, "minItems", 1, "maxItems", EH_VALUE_PARTS));
	}
	return json_pack("{s:o?}", "anyOf", done(parts, bad));
}

static json_t *
list_schema(const struct eh_schema *row)
{
	json_t *list = json_pack("{s:s,s:o?}", "type", "array", "items",
	    row_schema(row->item));
	int bad = list == NULL;

	if (!bad && row->max != 0) {
		bad |= put(list, "minItems", json_integer(row->min));
		bad |= put(list, "maxItems", json_integer(row->max));
	}
	return done(list, bad);
}

static json_t *
int_schema(const struct eh_schema *row)
{
	json_t *number = json_pack("{s:s}", "type", "integer");
	int bad = number == NULL;

	if (!bad && (row->min != 0 || row->max != 0)) {
		bad |= put(number, "minimum", json_integer(row->min));
		bad |= put(number, "maximum", json_integer(row->max));
	}
	return done(number, bad);
}

static json_t *
text_schema(const struct eh_schema *row)
{
	json_t *text = json_pack("{s:[s,s,s]}", "type", "string", "number",
	    "boolean");
	int bad = text == NULL;

	if (!bad && row->max != 0) {
		bad |= put(text, "minLength", json_integer(row->min));
		bad |= put(text, "maxLength", json_integer(row->max));
	}
	return done(text, bad);
}

static json_t *
type_schema(const struct eh_schema *row)
{
	switch (row->type) {
	case EH_SCHEMA_TEXT:
		return text_schema(row);
	case EH_SCHEMA_FORM:
		return pattern_schema(row->form->pattern);
	case EH_SCHEMA_WORD:
	case EH_SCHEMA_ENUM:
		return word_schema(row);
	case EH_SCHEMA_INT:
		return int_schema(row);
	case EH_SCHEMA_DURATION:
		return pattern_schema("[0-9]{1,9}(ms|s|m|h|d)");
	case EH_SCHEMA_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case EH_SCHEMA_VALUE:
		return value_schema(row);
	case EH_SCHEMA_MAP:
		return map_schema(row->map, -1);
	case EH_SCHEMA_LIST:
		return list_schema(row);
	case EH_SCHEMA_ANY:
		return json_pack("{s:s}", "type", "object");
	}
	return NULL;
}

static json_t *
default_of(const struct eh_schema *row)
{
	json_int_t number;

	if (row->type == EH_SCHEMA_BOOL)
		return json_boolean(strcmp(row->dflt, "true") == 0);
	if (row->type == EH_SCHEMA_INT &&
	    sscanf(row->dflt, "%" JSON_INTEGER_FORMAT, &number) == 1)
		return json_integer(number);
	return json_string(row->dflt);
}

static json_t *
row_schema(const struct eh_schema *row)
{
	json_t *schema = type_schema(row);
	int bad = schema == NULL;

	if (!bad && row->doc != NULL)
		bad |= put(schema, "description", json_string(row->doc));
	if (!bad && row->dflt != NULL)
		bad |= put(schema, "default", default_of(row));
	return done(schema, bad);
}

/* The rows of one variant (-1: no variants); the first row is then a constant
 * of its own, or, for the variant of all OIDs, a pattern. */
static json_t *
object_schema(const struct eh_schema_map *map, int variant, json_t *which)
{
	json_t *members = json_object(), *required = json_array();
	int bad = members == NULL || required == NULL;

	for (size_t i = 0; i < map->count && !bad; i++) {
		const struct eh_schema *row = &map->rows[i];

		if ((row->flags & EH_SCHEMA_LATER) != 0 ||
		    (row->when != 0 &&
			(variant < 0 || (row->when >> variant & 1) == 0)))
			continue;
		bad |= put(members, row->name,
		    i == 0 && which != NULL ? json_incref(which) :
					      row_schema(row));
		if ((row->flags & EH_SCHEMA_REQUIRED) != 0)
			bad |= json_array_append_new(
			    required, json_string(row->name));
	}
	json_decref(which);
	return json_pack("{s:s,s:s,s:o?,s:o?,s:b}", "type", "object",
	    "description", map->doc, "properties", done(members, bad),
	    "required", done(required, bad), "additionalProperties", 0);
}

static int
has_variants(const struct eh_schema_map *map)
{
	for (size_t i = 0; i < map->count; i++)
		if (map->rows[i].when != 0)
			return 1;
	return 0;
}

static json_t *
map_schema(const struct eh_schema_map *map, int variant)
{
	const struct eh_schema *first = &map->rows[0];
	json_t *variants;
	int bad;

	if (!has_variants(map))
		return object_schema(map, variant, NULL);
	variants = json_array();
	bad = variants == NULL;
	for (const struct eh_word *w = first->words; w->word && !bad; w++)
		if (!eh_schema_word_listed(first->later, w->word))
			bad |= json_array_append_new(variants,
			    object_schema(map, w->number,
				json_pack("{s:s}", "const", w->word)));
	if ((first->flags & EH_SCHEMA_OR_OID) != 0 && !bad)
		bad |= json_array_append_new(variants,
		    object_schema(map, first->oid_number,
			pattern_schema(eh_schema_oid.pattern)));
	return json_pack("{s:o?}", "oneOf", done(variants, bad));
}

int
eh_schema_json(const struct eh_schema_map *map, FILE *out)
{
	json_t *schema = map_schema(map, -1);
	int bad = schema == NULL, failed;

	if (!bad) {
		bad |= put(schema, "$schema", json_string(DIALECT));
		bad |= put(schema, "title", json_string(map->title));
	}
	if (bad) {
		json_decref(schema);
		return EH_ERR_MEMORY;
	}
	failed = json_dumpf(schema, out, JSON_INDENT(2)) != 0 ||
	    fputc('\n', out) == EOF;
	json_decref(schema);
	return failed ? EH_ERR_IO : EH_OK;
}
