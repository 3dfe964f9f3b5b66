/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_parse.c - libyaml's events to our tree, with all that is refused. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "orchestrator/conf/source.h"
#include "orchestrator/conf/yaml_private.h"

#define KEY_MAX 128

/*
 * libyaml's events are read, not its node tree: events show anchors, tags and
 * duplicate keys, which its tree has resolved away, and stop at our limits
 * before anything was expanded.
 */
struct build {
	struct eh_yaml *yaml;
	struct eh_report *report;
	yaml_parser_t parser;
	struct eh_yaml_node *at;	/* open list or map; NULL: top level */
	unsigned depth;
	size_t nodes;
	struct eh_yaml_node *last[EH_YAML_MAX_DEPTH + 1];	/* by depth */
	const char *key;		/* key that waits for its value */
	unsigned key_line, key_column;
	int key_broken;
	const uint8_t *bytes;		/* a cursor for starts_with_tag() */
	size_t len, byte, character;
};

static unsigned
line_of(yaml_mark_t mark)
{
	return (unsigned)mark.line + 1;
}

static unsigned
column_of(yaml_mark_t mark)
{
	return (unsigned)mark.column + 1;
}

#define refuse(b, mark, ...)                                                   \
	eh_report_place((b)->report, EH_SEVERITY_ERROR, (b)->yaml->name,       \
	    line_of(mark), column_of(mark), __VA_ARGS__)

/* Say why libyaml stopped.  Returns the error. */
static int
syntax_error(struct build *b)
{
	const yaml_parser_t *p = &b->parser;
	const char *problem = p->problem != NULL ? p->problem : "syntax error";

	if (p->error == YAML_MEMORY_ERROR)
		return EH_ERR_MEMORY;
	if (p->context != NULL &&
	    (p->context_mark.line != p->problem_mark.line ||
		p->context_mark.column != p->problem_mark.column))
		refuse(b, p->problem_mark, "%s (%s that began at %u:%u)",
		    problem, p->context, line_of(p->context_mark),
		    column_of(p->context_mark));
	else
		refuse(b, p->problem_mark, "%s", problem);
	return EH_ERR_CONFIG;
}

/*
 * libyaml drops the tag "!" of a scalar without a trace but for the mark, which
 * is the tag's.  Marks count characters; events come in their order, so the
 * cursor only ever moves forward.
 */
static int
starts_with_tag(struct build *b, yaml_mark_t mark)
{
	if (mark.index < b->character)
		return 0;
	while (b->character < mark.index && b->byte < b->len) {
		b->byte++;
		while (b->byte < b->len && (b->bytes[b->byte] & 0xc0) == 0x80)
			b->byte++;
		b->character++;
	}
	return b->byte < b->len && b->bytes[b->byte] == '!';
}

/* Refuse anchor and tag of a node; returns 1 when it has one. */
static int
refuse_properties(struct build *b, yaml_mark_t mark, const yaml_char_t *anchor,
    const yaml_char_t *tag)
{
	if (anchor != NULL)
		refuse(b, mark, "anchor '&%s': anchors are not allowed "
		    "(write the value where it is needed)",
		    (const char *)anchor);
	if (tag != NULL)
		refuse(b, mark, "tag '%s': tags are not allowed "
		    "(the schema knows the type)",
		    (const char *)tag);
	return anchor != NULL || tag != NULL;
}

static int
refuse_scalar_properties(struct build *b, const yaml_event_t *event)
{
	const yaml_char_t *tag = event->data.scalar.tag;

	if (tag == NULL && starts_with_tag(b, event->start_mark))
		tag = (const yaml_char_t *)"!";
	return refuse_properties(b, event->start_mark,
	    event->data.scalar.anchor, tag);
}

static int
count_node(struct build *b, yaml_mark_t mark)
{
	if (++b->nodes <= EH_YAML_MAX_NODES)
		return EH_OK;
	refuse(b, mark, "more than %u nodes", EH_YAML_MAX_NODES);
	return EH_ERR_CONFIG;
}

/* Put a new node where the next one belongs; NULL when out of memory. */
static struct eh_yaml_node *
append(struct build *b, enum eh_yaml_kind kind, yaml_mark_t mark, int broken)
{
	struct eh_yaml_node *node = eh_arena_alloc(&b->yaml->arena, 1,
	    sizeof(*node));
	struct eh_yaml_node **linkp;

	if (node == NULL)
		return NULL;
	node->kind = kind;
	node->line = line_of(mark);
	node->column = column_of(mark);
	node->broken = broken || b->key_broken;
	node->parent = b->at;
	node->yaml = b->yaml;
	node->text = "";
	if (b->last[b->depth] != NULL)
		linkp = &b->last[b->depth]->next;
	else
		linkp = b->at != NULL ? &b->at->first : &b->yaml->first;
	*linkp = node;
	b->last[b->depth] = node;
	if (b->at == NULL) {
		node->index = b->yaml->count++;
		return node;
	}
	node->index = b->at->len++;
	node->key = b->key;
	node->key_line = b->key_line;
	node->key_column = b->key_column;
	b->key = NULL;
	b->key_broken = 0;
	return node;
}

static int
key_is_next(const struct build *b)
{
	return b->at != NULL && b->at->kind == EH_YAML_MAP && b->key == NULL;
}

static int
take_key(struct build *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	yaml_mark_t mark = event->start_mark;
	const char *why = NULL;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 ||
		    (unsigned char)text[i] > 0x7e)
			why = "keys are printable ASCII";
	if (len == 0)
		why = "empty key";
	else if (len > KEY_MAX)
		why = "key is too long";
	else if (strcmp(text, "<<") == 0 &&
	    event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		why = "merge key '<<': merge keys are not allowed "
		      "(write the members out)";
	if (why != NULL)
		refuse(b, mark, "%s", why);
	b->key_broken = refuse_scalar_properties(b, event) || why != NULL;
	b->key = eh_arena_text(&b->yaml->arena, text, len);
	b->key_line = line_of(mark);
	b->key_column = column_of(mark);
	return b->key != NULL ? EH_OK : EH_ERR_MEMORY;
}

static int
take_scalar(struct build *b, const yaml_event_t *event)
{
	size_t len = event->data.scalar.length;
	struct eh_yaml_node *node;
	int broken;

	if (key_is_next(b))
		return take_key(b, event);
	broken = refuse_scalar_properties(b, event);
	/* "\0" in double quotes: texts end at a NUL. */
	if (memchr(event->data.scalar.value, '\0', len) != NULL) {
		refuse(b, event->start_mark, "a NUL in a text");
		broken = 1;
	}
	node = append(b, EH_YAML_SCALAR, event->start_mark, broken);
	if (node == NULL)
		return EH_ERR_MEMORY;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = eh_arena_text(&b->yaml->arena,
	    (const char *)event->data.scalar.value, len);
	node->len = len;
	return node->text != NULL ? EH_OK : EH_ERR_MEMORY;
}

static int
take_alias(struct build *b, const yaml_event_t *event)
{
	refuse(b, event->start_mark, "alias '*%s': aliases are not allowed "
	    "(write the value out)",
	    (const char *)event->data.alias.anchor);
	if (key_is_next(b)) {
		b->key_line = line_of(event->start_mark);
		b->key_column = column_of(event->start_mark);
		b->key_broken = 1;
		b->key = "*";
		return EH_OK;
	}
	return append(b, EH_YAML_SCALAR, event->start_mark, 1) != NULL ?
	    EH_OK : EH_ERR_MEMORY;
}

static int
take_start(struct build *b, const yaml_event_t *event)
{
	int map = event->type == YAML_MAPPING_START_EVENT;
	struct eh_yaml_node *node;
	int broken;

	if (key_is_next(b)) {
		refuse(b, event->start_mark, "a key is text, not a %s",
		    map ? "map" : "list");
		return EH_ERR_CONFIG;
	}
	if (b->depth == EH_YAML_MAX_DEPTH) {
		refuse(b, event->start_mark, "nested deeper than %u",
		    EH_YAML_MAX_DEPTH);
		return EH_ERR_CONFIG;
	}
	if (map)
		broken = refuse_properties(b, event->start_mark,
		    event->data.mapping_start.anchor,
		    event->data.mapping_start.tag);
	else
		broken = refuse_properties(b, event->start_mark,
		    event->data.sequence_start.anchor,
		    event->data.sequence_start.tag);
	node = append(b, map ? EH_YAML_MAP : EH_YAML_LIST, event->start_mark,
	    broken);
	if (node == NULL)
		return EH_ERR_MEMORY;
	b->at = node;
	b->last[++b->depth] = NULL;
	return EH_OK;
}

static int
by_key(const void *one, const void *two)
{
	struct eh_yaml_node *const *a = one, *const *b = two;
	int keys = strcmp((*a)->key, (*b)->key);

	if (keys != 0)
		return keys;
	return (*a)->index < (*b)->index ? -1 : 1;
}

/* libyaml accepts duplicate keys silently. */
static int
refuse_duplicates(struct build *b, struct eh_yaml_node *map)
{
	struct eh_yaml_node **members, *first;
	size_t n = 0;

	if (map->len < 2)
		return EH_OK;
	members = malloc(map->len * sizeof(struct eh_yaml_node *));
	if (members == NULL)
		return EH_ERR_MEMORY;
	for (struct eh_yaml_node *m = map->first; m != NULL; m = m->next)
		members[n++] = m;
	qsort(members, n, sizeof(struct eh_yaml_node *), by_key);
	first = members[0];
	for (size_t i = 1; i < n; i++) {
		if (strcmp(members[i]->key, first->key) != 0) {
			first = members[i];
			continue;
		}
		if (!members[i]->broken)
			eh_report_error_key(b->report, members[i],
			    "duplicate key '%s' (first at %u:%u)", first->key,
			    first->key_line, first->key_column);
		members[i]->broken = 1;
	}
	free(members);
	return EH_OK;
}

static int
take_end(struct build *b)
{
	struct eh_yaml_node *node = b->at;

	b->depth--;
	b->at = (struct eh_yaml_node *)(uintptr_t)node->parent;
	return node->kind == EH_YAML_MAP ? refuse_duplicates(b, node) : EH_OK;
}

static void
refuse_directives(struct build *b, const yaml_event_t *event)
{
	if (event->data.document_start.version_directive != NULL ||
	    event->data.document_start.tag_directives.start !=
		event->data.document_start.tag_directives.end)
		refuse(b, event->start_mark,
		    "a directive ('%%...'): directives are not allowed");
}

static int
take(struct build *b, const yaml_event_t *event)
{
	int err;

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		refuse_directives(b, event);
		return EH_OK;
	case YAML_SCALAR_EVENT:
		err = count_node(b, event->start_mark);
		return err != EH_OK ? err : take_scalar(b, event);
	case YAML_ALIAS_EVENT:
		err = count_node(b, event->start_mark);
		return err != EH_OK ? err : take_alias(b, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		err = count_node(b, event->start_mark);
		return err != EH_OK ? err : take_start(b, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return take_end(b);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return EH_OK;
	}
	return EH_ERR_INTERNAL;
}

static int
take_all(struct build *b)
{
	yaml_event_t event;
	int err = EH_OK, done = 0;

	while (err == EH_OK && !done) {
		if (!yaml_parser_parse(&b->parser, &event))
			return syntax_error(b);
		done = event.type == YAML_STREAM_END_EVENT;
		err = take(b, &event);
		yaml_event_delete(&event);
	}
	return err;
}

int
eh_yaml_parse(struct eh_yaml **yamlp, const char *name, const void *bytes,
    size_t len, struct eh_report *report)
{
	struct build b = { .report = report, .bytes = bytes, .len = len };
	int err;

	*yamlp = NULL;
	if ((err = eh_source_check(name, bytes, len, report)) != EH_OK)
		return err;
	b.yaml = calloc(1, sizeof(*b.yaml));
	if (b.yaml == NULL)
		return EH_ERR_MEMORY;
	b.yaml->name = strdup(name);
	if (b.yaml->name == NULL || !yaml_parser_initialize(&b.parser)) {
		eh_yaml_free(b.yaml);
		return EH_ERR_MEMORY;
	}
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, bytes, len);
	err = take_all(&b);
	yaml_parser_delete(&b.parser);
	if (err != EH_OK)
		eh_yaml_free(b.yaml);
	else
		*yamlp = b.yaml;
	return err;
}
