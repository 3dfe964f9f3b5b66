/* SPDX-License-Identifier: Apache-2.0 */
/* test_schema.c - one table: every type, every error, every form of page. */
#include "config.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>

#include "orchestrator/conf/line.h"
#include "orchestrator/conf/profile.h"
#include "orchestrator/conf/schema.h"
#include "test/unit/orchestrator/conf/said.h"
#include "test/unit/unit.h"

enum { CIRCLE, SQUARE, STAR, OTHER };

struct shape {
	const struct eh_yaml_node *node;
	int kind;
	const char *id;
	int64_t radius, side;
	int filled;
};

struct sample {
	const struct eh_yaml_node *node;
	const char *title, *name, *curve;
	int64_t count, wait;
	struct shape *one;
	struct shape *shapes;
	size_t nshapes;
	int *bits;
	size_t nbits;
	struct eh_value *value, *date;
	const struct eh_yaml_node *with;
	const char *later;
	int checked;
};

#define AT(member) .offset = offsetof(struct sample, member)
#define SHAPE(member) .offset = offsetof(struct shape, member)

/* clang-format off */
static const struct eh_word kinds[] = {
	{ "circle", CIRCLE, NULL },
	{ "square", SQUARE, NULL },
	{ "star", STAR, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word curves[] = {
	{ "P-256", 0, NULL },
	{ "P-384", 0, NULL },
	{ "Ed25519", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word bits[] = {
	{ "alpha", 0, NULL }, { "beta", 1, NULL }, { "gamma", 2, NULL },
	{ "delta", 3, NULL }, { "epsilon", 4, NULL }, { "zeta", 5, NULL },
	{ "eta", 6, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word fields[] = {
	{ "device-id", 5, NULL },
	{ NULL, 0, NULL },
};

static const struct eh_schema shape_rows[] = {
	{ .name = "kind", .type = EH_SCHEMA_ENUM, .words = kinds,
	  .later = "star", .oid_number = OTHER,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_OR_OID, SHAPE(kind),
	  .doc = "Which." },
	{ .name = "id", .type = EH_SCHEMA_FORM, .form = &eh_schema_id,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_ID, SHAPE(id),
	  .doc = "Its id." },
	{ .name = "radius", .type = EH_SCHEMA_INT, .min = 1, .max = 10,
	  .flags = EH_SCHEMA_REQUIRED, .when = 1u << CIRCLE, SHAPE(radius),
	  .doc = "Its radius." },
	{ .name = "side", .type = EH_SCHEMA_INT, .min = 1, .max = 10,
	  .when = 1u << SQUARE | 1u << OTHER, SHAPE(side),
	  .doc = "Its side." },
	{ .name = "filled", .type = EH_SCHEMA_BOOL, .dflt = "true",
	  SHAPE(filled), .doc = "Whether it is filled." },
};
static const struct eh_schema_map shape = {
	"shape", "A shape.", sizeof(struct shape), EH_SCHEMA_ROWS(shape_rows),
	.node_offset = offsetof(struct shape, node),
};
static const struct eh_schema shape_item = {
	.type = EH_SCHEMA_MAP, .map = &shape,
};
static const struct eh_schema bit_item = {
	.type = EH_SCHEMA_ENUM, .words = bits, .flags = EH_SCHEMA_REQUIRED,
};

static const struct eh_schema sample_rows[] = {
	{ .name = "title", .type = EH_SCHEMA_TEXT, .min = 2, .max = 5,
	  .flags = EH_SCHEMA_REQUIRED, AT(title), .doc = "Its title." },
	{ .name = "name", .type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	  AT(name), .doc = "Its name." },
	{ .name = "curve", .type = EH_SCHEMA_WORD, .words = curves,
	  .later = "Ed25519", .dflt = "P-256", AT(curve),
	  .doc = "Its curve." },
	{ .name = "count", .type = EH_SCHEMA_INT, .min = -5, .max = 100,
	  AT(count), .doc = "How many." },
	{ .name = "wait", .type = EH_SCHEMA_DURATION, .min = 1, .max = 3600000,
	  .dflt = "30s", AT(wait), .doc = "How long." },
	{ .name = "one", .type = EH_SCHEMA_MAP, .map = &shape, AT(one),
	  .doc = "One shape." },
	{ .name = "shapes", .type = EH_SCHEMA_LIST, .item = &shape_item,
	  .min = 0, .max = 3, AT(shapes),
	  .count_offset = offsetof(struct sample, nshapes),
	  .doc = "Many." },
	{ .name = "bits", .type = EH_SCHEMA_LIST, .item = &bit_item,
	  .min = 1, .max = 4, AT(bits),
	  .count_offset = offsetof(struct sample, nbits), .doc = "Bits." },
	{ .name = "value", .type = EH_SCHEMA_VALUE, .words = fields,
	  .flags = EH_SCHEMA_CONSTANT | EH_SCHEMA_CONCAT, AT(value),
	  .doc = "A value." },
	{ .name = "date", .type = EH_SCHEMA_VALUE, .words = fields,
	  .flags = EH_SCHEMA_DATE, AT(date), .doc = "A date." },
	{ .name = "with", .type = EH_SCHEMA_ANY, AT(with), .doc = "Others." },
	{ .name = "later", .type = EH_SCHEMA_TEXT, .flags = EH_SCHEMA_LATER,
	  AT(later), .doc = "One day." },
};
/* clang-format on */

static void
check_sample(void *map, const struct eh_yaml_node *node, struct eh_report *r)
{
	struct sample *s = map;

	s->checked = 1;
	if (s->count == 13)
		eh_report_error(r, eh_yaml_member(node, "count"), "unlucky");
}

static const struct eh_schema_map sample = {
	"sample", "A sample.", sizeof(struct sample),
	EH_SCHEMA_ROWS(sample_rows),
	.node_offset = offsetof(struct sample, node),
	.check = check_sample,
};

static struct eh_report report;
static struct eh_arena arena;
static struct eh_yaml *yaml;
static struct sample out;

static void
setup(void)
{
	eh_report_init(&report);
}

static void
teardown(void)
{
	eh_arena_wipe(&arena);
	eh_yaml_free(yaml);
	yaml = NULL;
	eh_report_wipe(&report);
}

static void
read_sample(const char *text)
{
	teardown();
	memset(&out, 0, sizeof(out));
	ck_assert_int_eq(
	    eh_yaml_parse(&yaml, "s.yaml", text, strlen(text), &report),
	    EH_OK);
	ck_assert_int_eq(eh_schema_read(&sample, eh_yaml_document(yaml, 0),
			     &arena, &report, &out),
	    EH_OK);
}

/* Check that ${text} is refused with exactly ${complaint}. */
static void
refuses(const char *text, const char *complaint)
{
	read_sample(text);
	said(&report, complaint);
}

START_TEST(everything_is_typed)
{
	read_sample("title: yes\n"
		    "name: 010\n"
		    "curve: P-384\n"
		    "count: -5\n"
		    "wait: 5m\n"
		    "one: { kind: circle, id: a, radius: 10, filled: false }\n"
		    "shapes:\n"
		    "  - { kind: square, id: b, side: 3 }\n"
		    "  - { kind: 1.2.3, id: c }\n"
		    "bits: [ gamma, alpha ]\n"
		    "value: [ \"no. \", { field: device-id } ]\n"
		    "date: { field: device-id, days: 30, form: generalized }\n"
		    "with: { port: 1 }\n");
	said(&report, "");
	ck_assert_str_eq(out.title, "yes");
	ck_assert_str_eq(out.name, "010");
	ck_assert_str_eq(out.curve, "P-384");
	ck_assert_int_eq(out.count, -5);
	ck_assert_int_eq(out.wait, 300000);
	ck_assert_int_eq(out.one->kind, CIRCLE);
	ck_assert_int_eq(out.one->radius, 10);
	ck_assert_int_eq(out.one->side, EH_SCHEMA_ABSENT);
	ck_assert_int_eq(out.one->filled, 0);
	ck_assert_uint_eq(out.nshapes, 2);
	ck_assert_int_eq(out.shapes[0].kind, SQUARE);
	ck_assert_int_eq(out.shapes[0].side, 3);
	ck_assert_int_eq(out.shapes[0].filled, 1);
	ck_assert_int_eq(out.shapes[1].kind, OTHER);
	ck_assert_uint_eq(out.shapes[1].node->line, 9);
	ck_assert_uint_eq(out.nbits, 2);
	ck_assert_int_eq(out.bits[0], 2);
	ck_assert_int_eq(out.bits[1], 0);
	ck_assert_uint_eq(out.value->count, 2);
	ck_assert_str_eq(out.value->parts[0].text, "no. ");
	ck_assert_int_eq(out.value->parts[0].is_field, 0);
	ck_assert_int_eq(out.value->parts[1].is_field, 1);
	ck_assert_int_eq(out.value->parts[1].field, 5);
	ck_assert_int_eq(out.date->parts[0].days, 30);
	ck_assert_int_eq(out.date->parts[0].form, 2);
	ck_assert_str_eq(
	    eh_yaml_text(eh_yaml_member(out.with, "port")), "1");
	ck_assert_int_eq(out.checked, 1);
}
END_TEST

START_TEST(what_is_absent_is_told)
{
	read_sample("title: abc\n");
	said(&report, "");
	ck_assert_ptr_null(out.name);
	ck_assert_str_eq(out.curve, "P-256");
	ck_assert_int_eq(out.count, EH_SCHEMA_ABSENT);
	ck_assert_int_eq(out.wait, 30000);
	ck_assert_ptr_null(out.one);
	ck_assert_ptr_null(out.shapes);
	ck_assert_uint_eq(out.nshapes, 0);
	ck_assert_ptr_null(out.value);
	ck_assert_ptr_null(out.with);
	refuses("name: x\n", "s.yaml:1:1: error: 'title' is missing\n");
	ck_assert_str_eq(out.title, "");
}
END_TEST

START_TEST(unknown_key_is_refused_with_a_suggestion)
{
	refuses("titel: abc\ntitle: abc\n",
	    "s.yaml:1:1: error: titel: unknown key\n");
	refuses("title: abc\nshape: []\n",
	    "s.yaml:2:1: error: shape: unknown key (did you mean 'shapes'?)"
	    "\n");
	refuses("title: abc\none: { kind: circle, id: a, radios: 1 }\n",
	    "s.yaml:2:6: error: one: 'radius' is missing\n"
	    "s.yaml:2:29: error: one.radios: unknown key (did you mean "
	    "'radius'?)\n");
}
END_TEST

START_TEST(key_of_another_variant_is_refused)
{
	refuses("title: abc\none: { kind: square, id: a, radius: 1 }\n",
	    "s.yaml:2:29: error: one.radius: 'square' has no key 'radius'\n");
	/* Of a variant that is not known nothing more can be said. */
	refuses("title: abc\none: { kind: sqare, id: a, radius: 1 }\n",
	    "s.yaml:2:14: error: one.kind: 'sqare' is not one of: circle, "
	    "square, star\n");
	refuses("title: abc\none: { id: a }\n",
	    "s.yaml:2:6: error: one: 'kind' is missing\n");
}
END_TEST

START_TEST(many_unknown_keys_do_not_take_long)
{
	size_t cap = 20u * 50000u, len = 0;
	char *text = malloc(cap);

	ck_assert_ptr_nonnull(text);
	len += (size_t)snprintf(text, cap, "title: abc\n");
	for (unsigned i = 0; i < 49000; i++)
		len += (size_t)snprintf(text + len, cap - len, "x%u: 1\n", i);
	read_sample(text);
	ck_assert_uint_eq(report.errors, 49000);
	free(text);
}
END_TEST

START_TEST(wrong_kind_of_node_is_refused)
{
	refuses("title: { a: b }\nshapes: x\none: [ 1 ]\nwith: 1\nbits:\n",
	    "s.yaml:1:8: error: title: a text is expected here, not a map\n"
	    "s.yaml:2:9: error: shapes: a list is expected here, not a text\n"
	    "s.yaml:3:6: error: one: a map is expected here, not a list\n"
	    "s.yaml:4:7: error: with: a map is expected here, not a text\n"
	    "s.yaml:5:6: error: bits: a list is expected here, not nothing\n");
	refuses("- a\n", "s.yaml:1:1: error: a map is expected here, not a "
			 "list\n");
}
END_TEST

START_TEST(wrong_values_are_refused)
{
	refuses("title: a\ncount: 101\nwait: 30\nname: -x\n",
	    "s.yaml:1:8: error: title: a text of 1 bytes: 2 to 5 are allowed\n"
	    "s.yaml:2:8: error: count: '101' is not from -5 to 100\n"
	    "s.yaml:3:7: error: wait: '30' is not a duration (500ms, 30s, 5m, "
	    "4h, 2d)\n"
	    "s.yaml:4:7: error: name: '-x' is not a name (letters, digits and "
	    ". _ : / -, beginning with a letter or digit, at most 64)\n");
	refuses("title: \"a\\tb\"\n",
	    "s.yaml:1:8: error: title: a line break or other control character "
	    "in a text\n");
	refuses("title:\n", "s.yaml:1:7: error: title: has no value\n");
	refuses("title: abc\none: { kind: circle, id: a, radius: 3, filled: "
		"yes }\n",
	    "s.yaml:2:48: error: one.filled: 'yes' is not one of: true, "
	    "false\n");
}
END_TEST

START_TEST(numbers_have_one_spelling)
{
	static const char *const bad[] = {
		"010", "+1", "-0", "1.0", "1_0", "0x1", "1e1", "''", "'-'",
		"99999999999999999999", " 1 1",
	};
	char text[64];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "title: abc\ncount: %s\n", bad[i]);
		read_sample(text);
		ck_assert_uint_eq(report.errors, 1);
		ck_assert_int_eq(out.count, EH_SCHEMA_ABSENT);
	}
	read_sample("title: abc\ncount: 0\n");
	ck_assert_uint_eq(report.errors, 0);
	ck_assert_int_eq(out.count, 0);
}
END_TEST

START_TEST(word_is_refused_with_the_words_or_the_nearest)
{
	refuses("title: abc\ncurve: P-2566\nbits: [ gama, xyz ]\n",
	    "s.yaml:2:8: error: curve: 'P-2566' is not one of: P-256, P-384, "
	    "Ed25519\n"
	    "s.yaml:3:9: error: bits[0]: 'gama' is not known (did you mean "
	    "'gamma'?)\n"
	    "s.yaml:3:15: error: bits[1]: 'xyz' is not one of: alpha, beta, "
	    "gamma, delta, epsilon, zeta, eta\n");
}
END_TEST

START_TEST(what_is_not_built_is_refused_in_words)
{
	refuses("title: abc\ncurve: Ed25519\nlater: x\none: { kind: star, id: "
		"a }\n",
	    "s.yaml:2:8: error: curve: 'Ed25519' is not built yet (built: "
	    "P-256, P-384)\n"
	    "s.yaml:3:1: error: later: not built yet: leave 'later' out\n"
	    "s.yaml:4:14: error: one.kind: 'star' is not built yet (built: "
	    "circle, square)\n");
}
END_TEST

START_TEST(ids_are_unique_in_their_list)
{
	refuses("title: abc\nshapes:\n"
		"  - { kind: circle, id: keygen, radius: 1 }\n"
		"  - { kind: circle, id: keygen, radius: 1 }\n",
	    "s.yaml:4:25: error: shapes[1].id: duplicate id 'keygen' (first at "
	    "3:25)\n");
}
END_TEST

START_TEST(lists_have_limits)
{
	refuses("title: abc\nbits: []\n",
	    "s.yaml:2:7: error: bits: a list of 0: 1 to 4 are allowed\n");
	refuses("title: abc\nbits: [ eta, eta, eta, eta, eta ]\n",
	    "s.yaml:2:7: error: bits: a list of 5: 1 to 4 are allowed\n");
	read_sample("title: abc\nshapes: []\n");
	ck_assert_uint_eq(report.errors, 0);
}
END_TEST

START_TEST(values_are_texts_and_fields)
{
	refuses("title: abc\nvalue: { feld: device-id }\n",
	    "s.yaml:2:8: error: value: 'field' is missing\n"
	    "s.yaml:2:10: error: value.feld: unknown key (did you mean "
	    "'field'?)\n");
	refuses("title: abc\nvalue: { field: device-id, days: 3 }\n",
	    "s.yaml:2:28: error: value.days: unknown key\n");
	refuses("title: abc\nvalue: [ a, [ b ] ]\n",
	    "s.yaml:2:13: error: value[1]: a text or { field: ... } is "
	    "expected here, not a list\n");
	refuses("title: abc\nvalue: { field: serial }\n",
	    "s.yaml:2:17: error: value.field: 'serial' is not one of: "
	    "device-id\n");
	refuses("title: abc\nvalue: []\ndate: 2026\n",
	    "s.yaml:2:8: error: value: a list of 0: 1 to 4 are allowed\n"
	    "s.yaml:3:7: error: date: { field: ... } is expected here, not a "
	    "text\n");
	refuses("title: abc\ndate: { field: device-id, days: 0 }\n",
	    "s.yaml:2:33: error: date.days: '0' is not from 1 to 36525\n");
}
END_TEST

START_TEST(broken_nodes_are_not_reported_twice)
{
	refuses("title: abc\none: &a { kind: nonsense }\nnoway: *a\n",
	    "s.yaml:2:6: error: anchor '&a': anchors are not allowed (write "
	    "the value where it is needed)\n"
	    "s.yaml:3:8: error: alias '*a': aliases are not allowed (write "
	    "the value out)\n");
}
END_TEST

START_TEST(rules_between_members_are_checked)
{
	refuses("title: abc\ncount: 13\n",
	    "s.yaml:2:8: error: count: unlucky\n");
}
END_TEST

START_TEST(version_and_kind_come_first)
{
	const struct eh_yaml_node *d;
	static const char right[] =
	    "apiVersion: edgehsm/v1\nkind: ProductionLine\n";
	static const char wrong[] =
	    "apiVersion: edgehsm/v2\nkind: [ x ]\nfoo: 1\n";

	ck_assert_int_eq(eh_yaml_parse(&yaml, "s.yaml", right,
			     sizeof(right) - 1, &report),
	    EH_OK);
	d = eh_yaml_document(yaml, 0);
	ck_assert_int_eq(
	    eh_schema_check_kind(d, "ProductionLine", &report), 1);
	ck_assert_int_eq(eh_schema_check_kind(d, "Other", &report), 0);
	said(&report, "s.yaml:2:7: error: kind: 'Other' is expected here, not "
		      "'ProductionLine'\n");
	teardown();
	ck_assert_int_eq(eh_yaml_parse(&yaml, "s.yaml", wrong,
			     sizeof(wrong) - 1, &report),
	    EH_OK);
	d = eh_yaml_document(yaml, 0);
	ck_assert_int_eq(
	    eh_schema_check_kind(d, "ProductionLine", &report), 0);
	said(&report,
	    "s.yaml:1:13: error: apiVersion: 'edgehsm/v1' is expected here, "
	    "not 'edgehsm/v2'\n"
	    "s.yaml:2:7: error: kind: 'ProductionLine' is expected here, not "
	    "a list\n");
}
END_TEST

static char *
page(const struct eh_schema_map *map, int form)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(f);
	if (form == 'j')
		ck_assert_int_eq(eh_schema_json(map, f), EH_OK);
	else if (form == 'm')
		eh_schema_markdown(map, f);
	else
		eh_schema_mdoc(map, f);
	ck_assert_int_eq(fclose(f), 0);
	return text;
}

static json_t *
json_page(const struct eh_schema_map *map)
{
	char *text = page(map, 'j');
	json_error_t e;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &e);

	ck_assert_msg(json != NULL, "%d:%d: %s", e.line, e.column, e.text);
	free(text);
	return json;
}

static json_t *
walk(json_t *json, const char *const *keys)
{
	for (; *keys != NULL; keys++) {
		json = (*keys)[0] == '#' ?
		    json_array_get(json, strtoul(*keys + 1, NULL, 10)) :
		    json_object_get(json, *keys);
		ck_assert_msg(json != NULL, "no %s", *keys);
	}
	return json;
}

#define WALK(json, ...) walk(json, (const char *const[]) { __VA_ARGS__, NULL })

START_TEST(json_schema_says_what_the_table_says)
{
	json_t *json = json_page(&sample), *all;

	ck_assert_int_eq(
	    json_is_false(json_object_get(json, "additionalProperties")), 1);
	ck_assert_str_eq(json_string_value(WALK(json, "required", "#0")),
	    "title");
	ck_assert_uint_eq(json_array_size(WALK(json, "required")), 1);
	ck_assert_int_eq(json_integer_value(WALK(json, "properties", "count",
			     "minimum")),
	    -5);
	/* What is not built is not offered. */
	all = WALK(json, "properties", "curve", "enum");
	ck_assert_uint_eq(json_array_size(all), 2);
	all = json_object_get(json, "properties");
	ck_assert_ptr_null(json_object_get(all, "later"));
	/* circle, square, an OID. */
	all = WALK(json, "properties", "one", "oneOf");
	ck_assert_uint_eq(json_array_size(all), 3);
	ck_assert_str_eq(
	    json_string_value(WALK(all, "#0", "properties", "kind", "const")),
	    "circle");
	ck_assert_ptr_nonnull(WALK(all, "#0", "properties", "radius"));
	all = WALK(all, "#1", "properties");
	ck_assert_ptr_null(json_object_get(all, "radius"));
	ck_assert_ptr_nonnull(json_object_get(all, "side"));
	json_decref(json);
}
END_TEST

START_TEST(schemas_of_both_documents_are_json)
{
	json_t *json = json_page(&eh_line_schema);

	ck_assert_str_eq(
	    json_string_value(WALK(json, "title")), "ProductionLine");
	json_decref(json);
	json = json_page(&eh_conf_profile_schema);
	ck_assert_str_eq(json_string_value(WALK(json, "properties", "spec",
			     "properties", "certificates", "items",
			     "properties", "standard", "enum", "#1")),
	    "ieee-802.1ar");
	json_decref(json);
}
END_TEST

START_TEST(pages_name_every_key)
{
	char *markdown = page(&sample, 'm'), *mdoc = page(&sample, 'd');

	for (size_t i = 0; i < sample.count; i++) {
		char row[64];

		snprintf(row, sizeof(row), "| `%s` | ", sample.rows[i].name);
		ck_assert_ptr_nonnull(strstr(markdown, row));
		snprintf(row, sizeof(row), ".It Cm %s\n", sample.rows[i].name);
		ck_assert_ptr_nonnull(strstr(mdoc, row));
	}
	ck_assert_ptr_nonnull(strstr(markdown,
	    "| `radius` | whole number, 1 to 10 | Only with circle.  "
	    "Required.  Its radius. |\n"));
	ck_assert_ptr_nonnull(strstr(markdown,
	    "| `side` | whole number, 1 to 10 | Only with square, an OID.  "
	    "Its side. |\n"));
	ck_assert_ptr_nonnull(strstr(markdown, "### `shapes[]`\n"));
	ck_assert_ptr_nonnull(strstr(mdoc, ".Ss shapes[]\\&\n"));
	ck_assert_ptr_nonnull(strstr(mdoc, "P-256, P-384, Ed25519 (not built "
					   "yet)\n"));
	free(markdown);
	free(mdoc);
}
END_TEST

/* Every row of our documents is explained, and its default can be read. */
static void
check_table(const struct eh_schema_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct eh_schema *row = &map->rows[i];

		ck_assert_msg(row->doc != NULL, "%s.%s has no doc", map->title,
		    row->name);
		ck_assert_msg(row->type != EH_SCHEMA_BOOL || row->dflt != NULL,
		    "%s.%s has no default", map->title, row->name);
		ck_assert_msg(row->type != EH_SCHEMA_LIST || row->max != 0,
		    "%s.%s has no limit", map->title, row->name);
		ck_assert_msg(row->dflt == NULL ||
			(row->flags & EH_SCHEMA_REQUIRED) == 0,
		    "%s.%s is required and has a default", map->title,
		    row->name);
		if (row->type == EH_SCHEMA_MAP)
			check_table(row->map);
		if (row->type == EH_SCHEMA_LIST && row->item->map != NULL)
			check_table(row->item->map);
	}
}

START_TEST(tables_of_both_documents_are_whole)
{
	check_table(&eh_line_schema);
	check_table(&eh_conf_profile_schema);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("schema");
	TCase *t = tcase_create("schema");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, everything_is_typed);
	tcase_add_test(t, what_is_absent_is_told);
	tcase_add_test(t, unknown_key_is_refused_with_a_suggestion);
	tcase_add_test(t, key_of_another_variant_is_refused);
	tcase_add_test(t, many_unknown_keys_do_not_take_long);
	tcase_add_test(t, wrong_kind_of_node_is_refused);
	tcase_add_test(t, wrong_values_are_refused);
	tcase_add_test(t, numbers_have_one_spelling);
	tcase_add_test(t, word_is_refused_with_the_words_or_the_nearest);
	tcase_add_test(t, what_is_not_built_is_refused_in_words);
	tcase_add_test(t, ids_are_unique_in_their_list);
	tcase_add_test(t, lists_have_limits);
	tcase_add_test(t, values_are_texts_and_fields);
	tcase_add_test(t, broken_nodes_are_not_reported_twice);
	tcase_add_test(t, rules_between_members_are_checked);
	tcase_add_test(t, version_and_kind_come_first);
	tcase_add_test(t, json_schema_says_what_the_table_says);
	tcase_add_test(t, schemas_of_both_documents_are_json);
	tcase_add_test(t, pages_name_every_key);
	tcase_add_test(t, tables_of_both_documents_are_whole);
	suite_add_tcase(s, t);
	return unit_run(s);
}
