/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c - reading a document by its tables. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/suggest.h"
#include "orchestrator/conf/schema_scalar.h"

#define NAMES_MAX   64
#define API_VERSION "edgehsm/v1"

/* clang-format off */
const struct eh_word eh_schema_date_forms[] = {
	{ "utc", 1, NULL },
	{ "generalized", 2, NULL },
	{ NULL, 0, NULL },
};
/* clang-format on */

static void read_row(struct eh_schema_reader *, const struct eh_schema *,
    const struct eh_yaml_node *, char *out);

/* Where a row's value goes. */
static void *
slot_of(const struct eh_schema *row, char *out)
{
	return out + row->offset;
}

static void *
take(struct eh_schema_reader *reader, size_t count, size_t size)
{
	void *memory = eh_arena_alloc(reader->arena, count, size);

	if (memory == NULL)
		reader->err = EH_ERR_MEMORY;
	return memory;
}

static const char *
kind_name(const struct eh_yaml_node *node)
{
	switch (node->kind) {
	case EH_YAML_SCALAR:
		return node->len == 0 && !node->quoted ? "nothing" : "a text";
	case EH_YAML_LIST:
		return "a list";
	case EH_YAML_MAP:
		return "a map";
	}
	return "something else";
}

/* Say once what was expected at ${node}; returns 1 when it is of ${kind}. */
static int
expect(struct eh_schema_reader *reader, const struct eh_yaml_node *node,
    enum eh_yaml_kind kind, const char *what)
{
	if (node->broken)
		return 0;
	if (node->kind == kind)
		return 1;
	eh_report_error(reader->report, node, "%s is expected here, not %s",
	    what, kind_name(node));
	return 0;
}

/* clang-format off */
enum member { MEMBER_FOREIGN = -2, MEMBER_UNKNOWN = -1 };
/* clang-format on */

static int
applies(const struct eh_schema *row, int variant)
{
	return row->when == 0 ||
	    (variant >= 0 && (row->when >> variant & 1) != 0);
}

/* The row for ${key}; MEMBER_FOREIGN when it is of another variant only. */
static int
find_row(const struct eh_schema_map *map, const char *key, int variant)
{
	int found = MEMBER_UNKNOWN;

	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->rows[i].name, key) != 0)
			continue;
		if (applies(&map->rows[i], variant))
			return (int)i;
		found = MEMBER_FOREIGN;
	}
	return found;
}

/* The keys of this variant that could have been meant: those not there. */
static size_t
absent_keys(const struct eh_schema_map *map, const struct eh_yaml_node *node,
    int variant, const char *names[NAMES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < map->count && n < NAMES_MAX; i++)
		if (applies(&map->rows[i], variant) &&
		    eh_yaml_member(node, map->rows[i].name) == NULL)
			names[n++] = map->rows[i].name;
	return n;
}

static void
check_keys(struct eh_schema_reader *reader, const struct eh_schema_map *map,
    const struct eh_yaml_node *node, int variant)
{
	const char *names[NAMES_MAX], *near, *which;
	size_t n = absent_keys(map, node, variant, names);

	for (const struct eh_yaml_node *m = node->first; m; m = m->next) {
		int row = find_row(map, m->key, variant);

		if (m->broken || row >= 0)
			continue;
		if (row == MEMBER_UNKNOWN) {
			near = eh_suggest(m->key, names, n);
			eh_report_error_key(reader->report, m,
			    "unknown key%s%s%s",
			    near != NULL ? " (did you mean '" : "",
			    near != NULL ? near : "",
			    near != NULL ? "'?)" : "");
			continue;
		}
		/* Of an unknown variant nothing can be said. */
		which = eh_yaml_text(eh_yaml_member(node, map->rows[0].name));
		if (variant >= 0)
			eh_report_error_key(reader->report, m,
			    "'%s' has no key '%s'", which, m->key);
	}
}

/* Every map has its own kind of struct; the row says where the node goes. */
static void
set_node(const struct eh_schema_map *map, char *out,
    const struct eh_yaml_node *node)
{
	memcpy(out + map->node_offset, &node, sizeof(node));
}

/* The number of the variant; -1 when there are none or it is not known. */
static int
find_variant(const struct eh_schema_map *map, const struct eh_yaml_node *node)
{
	const struct eh_schema *first = &map->rows[0];
	const char *word;
	int number;

	if (first->type != EH_SCHEMA_ENUM)
		return -1;
	word = eh_yaml_text(eh_yaml_member(node, first->name));
	number = word == NULL ? -1 : eh_schema_enum_number(first, word);
	return number >= 0 && number < 64 ? number : -1;
}

static void
read_map(struct eh_schema_reader *reader, const struct eh_schema_map *map,
    const struct eh_yaml_node *node, char *out)
{
	int good = node != NULL && expect(reader, node, EH_YAML_MAP, "a map");
	int variant = good ? find_variant(map, node) : -1;

	set_node(map, out, good ? node : NULL);
	if (good)
		check_keys(reader, map, node, variant);
	/* First all rows: two variants may put theirs in one place. */
	for (size_t i = 0; i < map->count; i++)
		eh_schema_scalar_absent(
		    &map->rows[i], slot_of(&map->rows[i], out));
	for (size_t i = 0; i < map->count; i++) {
		const struct eh_schema *row = &map->rows[i];
		const struct eh_yaml_node *member =
		    good ? eh_yaml_member(node, row->name) : NULL;

		if (!applies(row, variant))
			continue;
		if (good && member == NULL &&
		    (row->flags & EH_SCHEMA_REQUIRED) != 0)
			eh_report_error(reader->report, node,
			    "'%s' is missing", row->name);
		read_row(reader, row, member, out);
	}
	if (good && map->check != NULL)
		map->check(out, node, reader->report);
}

static size_t
item_size(const struct eh_schema *item)
{
	switch (item->type) {
	case EH_SCHEMA_MAP:
		return item->map->size;
	case EH_SCHEMA_INT:
	case EH_SCHEMA_DURATION:
		return sizeof(int64_t);
	case EH_SCHEMA_BOOL:
	case EH_SCHEMA_ENUM:
		return sizeof(int);
	case EH_SCHEMA_TEXT:
	case EH_SCHEMA_FORM:
	case EH_SCHEMA_WORD:
	case EH_SCHEMA_VALUE:
	case EH_SCHEMA_LIST:
	case EH_SCHEMA_ANY:
		break;
	}
	return sizeof(void *);
}

/* Ids are unique in their list; lists with ids are short. */
static void
check_ids(struct eh_schema_reader *reader, const struct eh_schema_map *map,
    const struct eh_yaml_node *list)
{
	const struct eh_yaml_node *a, *b;
	const char *id = NULL;

	for (size_t i = 0; i < map->count; i++)
		if ((map->rows[i].flags & EH_SCHEMA_ID) != 0)
			id = map->rows[i].name;
	if (id == NULL)
		return;
	for (const struct eh_yaml_node *m = list->first; m; m = m->next) {
		const struct eh_yaml_node *n = list->first;

		if ((a = eh_yaml_member(m, id)) == NULL || a->broken ||
		    a->kind != EH_YAML_SCALAR)
			continue;
		for (; n != m; n = n->next) {
			b = eh_yaml_member(n, id);
			if (b == NULL || b->kind != EH_YAML_SCALAR ||
			    strcmp(a->text, b->text) != 0)
				continue;
			eh_report_error(reader->report, a,
			    "duplicate id '%.64s' (first at %u:%u)", a->text,
			    b->line, b->column);
			break;
		}
	}
}

static void
read_item(struct eh_schema_reader *reader, const struct eh_schema *item,
    const struct eh_yaml_node *node, char *out)
{
	if (item->type == EH_SCHEMA_MAP)
		read_map(reader, item->map, node, out);
	else if (expect(reader, node, EH_YAML_SCALAR, "a text"))
		eh_schema_scalar_read(reader, item, node, node->text, out);
	else
		eh_schema_scalar_absent(item, out);
}

static void
read_list(struct eh_schema_reader *reader, const struct eh_schema *row,
    const struct eh_yaml_node *node, char *out)
{
	size_t size = item_size(row->item), n = 0;
	char *items;

	if (!expect(reader, node, EH_YAML_LIST, "a list"))
		return;
	if ((row->min != 0 || row->max != 0) &&
	    (node->len < (size_t)row->min || node->len > (size_t)row->max)) {
		eh_report_error(reader->report, node,
		    "a list of %zu: %" PRId64 " to %" PRId64 " are allowed",
		    node->len, row->min, row->max);
		return;
	}
	if ((items = take(reader, node->len + 1, size)) == NULL)
		return;
	for (const struct eh_yaml_node *m = node->first; m; m = m->next)
		read_item(reader, row->item, m, items + size * n++);
	if (row->item->type == EH_SCHEMA_MAP)
		check_ids(reader, row->item->map, node);
	memcpy(slot_of(row, out), &items, sizeof(items));
	memcpy(out + row->count_offset, &n, sizeof(n));
}

/* days: and form: of a date's field. */
static void
read_date(struct eh_schema_reader *reader, const struct eh_schema *row,
    const struct eh_yaml_node *node, struct eh_value_part *part)
{
	static const struct eh_schema days = {
		.type = EH_SCHEMA_INT, .min = 1, .max = 36525,
	};
	static const struct eh_schema form = {
		.type = EH_SCHEMA_ENUM, .words = eh_schema_date_forms,
	};
	const struct eh_yaml_node *d = eh_yaml_member(node, "days");
	const struct eh_yaml_node *f = eh_yaml_member(node, "form");

	part->days = EH_SCHEMA_ABSENT;
	part->form = EH_SCHEMA_NONE;
	if ((row->flags & EH_SCHEMA_DATE) == 0)
		return;
	if (d != NULL && expect(reader, d, EH_YAML_SCALAR, "a number"))
		eh_schema_scalar_read(reader, &days, d, d->text, &part->days);
	if (f != NULL && expect(reader, f, EH_YAML_SCALAR, "a word"))
		eh_schema_scalar_read(reader, &form, f, f->text, &part->form);
}

/* { field: X } */
static void
read_field(struct eh_schema_reader *reader, const struct eh_schema *row,
    const struct eh_yaml_node *node, struct eh_value_part *part)
{
	static const char *const names[] = { "field", "days", "form" };
	size_t nnames = (row->flags & EH_SCHEMA_DATE) != 0 ? 3 : 1;
	const struct eh_yaml_node *field = eh_yaml_member(node, "field");
	const char *near;

	part->is_field = 1;
	part->text = "";
	part->field = EH_SCHEMA_NONE;
	for (const struct eh_yaml_node *m = node->first; m; m = m->next) {
		size_t i = 0;

		while (i < nnames && strcmp(names[i], m->key) != 0)
			i++;
		if (i < nnames || m->broken)
			continue;
		near = eh_suggest(m->key, names, nnames);
		eh_report_error_key(reader->report, m, "unknown key%s%s%s",
		    near != NULL ? " (did you mean '" : "",
		    near != NULL ? near : "", near != NULL ? "'?)" : "");
	}
	read_date(reader, row, node, part);
	if (field == NULL) {
		eh_report_error(reader->report, node, "'field' is missing");
		return;
	}
	if (!expect(reader, field, EH_YAML_SCALAR, "the name of a field"))
		return;
	part->text = field->text;
	part->field = eh_schema_word_number(row->words, field->text);
	if (part->field == EH_SCHEMA_NONE &&
	    (row->flags & EH_SCHEMA_INPUTS) == 0)
		eh_schema_not_one_of(reader, field, field->text, row->words);
}

static void
read_part(struct eh_schema_reader *reader, const struct eh_schema *row,
    const struct eh_yaml_node *node, struct eh_value_part *part)
{
	static const struct eh_schema constant = {
		.type = EH_SCHEMA_TEXT, .flags = EH_SCHEMA_REQUIRED,
		.min = 1, .max = 255,
	};

	part->node = node;
	part->text = "";
	if (node->kind == EH_YAML_MAP) {
		if (!node->broken)
			read_field(reader, row, node, part);
	} else if ((row->flags & EH_SCHEMA_CONSTANT) == 0) {
		(void)expect(reader, node, EH_YAML_MAP, "{ field: ... }");
	} else if (expect(reader, node, EH_YAML_SCALAR,
		       "a text or { field: ... }")) {
		eh_schema_scalar_read(
		    reader, &constant, node, node->text, &part->text);
	}
}

static void
read_value(struct eh_schema_reader *reader, const struct eh_schema *row,
    const struct eh_yaml_node *node, struct eh_value *value)
{
	value->node = node;
	if (node->broken)
		return;
	if (node->kind != EH_YAML_LIST ||
	    (row->flags & EH_SCHEMA_CONCAT) == 0) {
		read_part(reader, row, node, &value->parts[value->count++]);
		return;
	}
	if (node->len < 1 || node->len > EH_VALUE_PARTS) {
		eh_report_error(reader->report, node,
		    "a list of %zu: 1 to %d are allowed", node->len,
		    EH_VALUE_PARTS);
		return;
	}
	for (const struct eh_yaml_node *m = node->first; m; m = m->next)
		read_part(reader, row, m, &value->parts[value->count++]);
}

/* A struct of its own for what is present, or required and missing. */
static void *
read_pointed(struct eh_schema_reader *reader, const struct eh_schema *row,
    const struct eh_yaml_node *node, char *out)
{
	size_t size = row->type == EH_SCHEMA_MAP ? row->map->size :
						   sizeof(struct eh_value);
	void *made;

	if (node == NULL && (row->flags & EH_SCHEMA_REQUIRED) == 0)
		return NULL;
	if ((made = take(reader, 1, size)) != NULL)
		memcpy(slot_of(row, out), &made, sizeof(made));
	return made;
}

static void
read_scalar(struct eh_schema_reader *reader, const struct eh_schema *row,
    const struct eh_yaml_node *node, void *slot)
{
	if (node != NULL && expect(reader, node, EH_YAML_SCALAR, "a text"))
		eh_schema_scalar_read(reader, row, node, node->text, slot);
	else if (node == NULL && row->dflt != NULL)
		eh_schema_scalar_read(reader, row, NULL, row->dflt, slot);
	else
		eh_schema_scalar_absent(row, slot);
}

/* A known thing that is not built: empty lists ask for nothing. */
static void
refuse_later(struct eh_schema_reader *reader, const struct eh_schema *row,
    const struct eh_yaml_node *node)
{
	if ((row->flags & EH_SCHEMA_LATER) == 0 || node == NULL ||
	    node->broken || (node->kind == EH_YAML_LIST && node->len == 0))
		return;
	eh_report_error_key(reader->report, node,
	    "not built yet: leave '%s' out", row->name);
}

static void
read_row(struct eh_schema_reader *reader, const struct eh_schema *row,
    const struct eh_yaml_node *node, char *out)
{
	void *made;

	refuse_later(reader, row, node);
	switch (row->type) {
	case EH_SCHEMA_MAP:
		made = read_pointed(reader, row, node, out);
		if (made != NULL)
			read_map(reader, row->map, node, made);
		break;
	case EH_SCHEMA_VALUE:
		made = read_pointed(reader, row, node, out);
		if (made != NULL && node != NULL)
			read_value(reader, row, node, made);
		break;
	case EH_SCHEMA_LIST:
		if (node != NULL)
			read_list(reader, row, node, out);
		break;
	case EH_SCHEMA_ANY:
		if (node != NULL &&
		    expect(reader, node, EH_YAML_MAP, "a map"))
			memcpy(slot_of(row, out), &node, sizeof(node));
		break;
	case EH_SCHEMA_TEXT:
	case EH_SCHEMA_FORM:
	case EH_SCHEMA_WORD:
	case EH_SCHEMA_INT:
	case EH_SCHEMA_DURATION:
	case EH_SCHEMA_BOOL:
	case EH_SCHEMA_ENUM:
		read_scalar(reader, row, node, slot_of(row, out));
		break;
	}
}

int
eh_schema_read(const struct eh_schema_map *map, const struct eh_yaml_node *node,
    struct eh_arena *arena, struct eh_report *report, void *out)
{
	struct eh_schema_reader reader = { .arena = arena, .report = report };

	read_map(&reader, map, node, out);
	eh_schema_reader_wipe(&reader);
	return reader.err;
}

/* One of the two members that say what a document is. */
static int
check_head(const struct eh_yaml_node *document, const char *key,
    const char *expected, struct eh_report *report)
{
	const struct eh_yaml_node *member = eh_yaml_member(document, key);
	const char *text = eh_yaml_text(member);

	if (text != NULL && strcmp(text, expected) == 0)
		return 1;
	if (member == NULL)
		eh_report_error(report, document, "'%s: %s' is missing", key,
		    expected);
	else
		eh_report_error(report, member,
		    "'%s' is expected here, not %s%s%s", expected,
		    text != NULL ? "'" : "",
		    text != NULL ? text : kind_name(member),
		    text != NULL ? "'" : "");
	return 0;
}

int
eh_schema_check_kind(const struct eh_yaml_node *document, const char *kind,
    struct eh_report *report)
{
	int version, right;

	if (document->kind != EH_YAML_MAP) {
		eh_report_error(report, document,
		    "a document is a map that begins with apiVersion and "
		    "kind, not %s",
		    kind_name(document));
		return 0;
	}
	version = check_head(document, "apiVersion", API_VERSION, report);
	right = check_head(document, "kind", kind, report);
	return version && right;
}
