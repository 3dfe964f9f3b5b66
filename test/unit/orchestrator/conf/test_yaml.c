/* SPDX-License-Identifier: Apache-2.0 */
/* test_yaml.c - what is read, and everything that is refused with its place. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/conf/yaml.h"
#include "test/unit/orchestrator/conf/said.h"
#include "test/unit/unit.h"

static struct eh_report report;
static struct eh_yaml *yaml;

static void
setup(void)
{
	eh_report_init(&report);
	yaml = NULL;
}

static void
teardown(void)
{
	eh_yaml_free(yaml);
	eh_report_wipe(&report);
}

static int
parse(const char *text)
{
	return eh_yaml_parse(&yaml, "t.yaml", text, strlen(text), &report);
}

/* Check that ${text} is no tree at all, for ${reason}. */
static void
refuses(const char *text, const char *reason)
{
	ck_assert_int_eq(parse(text), EH_ERR_CONFIG);
	ck_assert_ptr_null(yaml);
	said(&report, reason);
}

/* Check that ${text} gives a tree, but also ${reason}. */
static void
complains(const char *text, const char *reason)
{
	ck_assert_int_eq(parse(text), EH_OK);
	said(&report, reason);
	eh_yaml_free(yaml);
	yaml = NULL;
}

static void
check_scalar(const struct eh_yaml_node *node, const char *text, unsigned line,
    unsigned column)
{
	ck_assert_ptr_nonnull(node);
	ck_assert_int_eq(node->kind, EH_YAML_SCALAR);
	ck_assert_str_eq(node->text, text);
	ck_assert_uint_eq(node->line, line);
	ck_assert_uint_eq(node->column, column);
}

START_TEST(tree_has_texts_and_places)
{
	const struct eh_yaml_node *top, *steps, *node;
	char path[64];

	ck_assert_int_eq(parse("name: \"a b\"   # comment\n"
			       "steps:\n"
			       "  - { id: one, n: 010 }\n"
			       "  - no\n"
			       "\xc3\xbc: x\n"),
	    EH_OK);
	said(&report, "t.yaml:5:1: error: keys are printable ASCII\n");
	top = eh_yaml_document(yaml, 0);
	ck_assert_uint_eq(eh_yaml_count(yaml), 1);
	ck_assert_int_eq(top->kind, EH_YAML_MAP);
	ck_assert_uint_eq(top->len, 3);
	check_scalar(eh_yaml_member(top, "name"), "a b", 1, 7);
	ck_assert_int_eq(eh_yaml_member(top, "name")->quoted, 1);
	steps = eh_yaml_member(top, "steps");
	ck_assert_int_eq(steps->kind, EH_YAML_LIST);
	ck_assert_uint_eq(steps->len, 2);
	ck_assert_uint_eq(steps->key_line, 2);
	ck_assert_uint_eq(steps->key_column, 1);
	/* Text, whatever it looks like: no octal, no boolean. */
	node = eh_yaml_member(steps->first, "n");
	check_scalar(node, "010", 3, 19);
	ck_assert_str_eq(
	    eh_yaml_path(node, path, sizeof(path)), "steps[0].n");
	check_scalar(steps->first->next, "no", 4, 5);
	ck_assert_str_eq(eh_yaml_path(steps->first->next, path, sizeof(path)),
	    "steps[1]");
	ck_assert_str_eq(eh_yaml_path(top, path, sizeof(path)), "");
	ck_assert_str_eq(eh_yaml_path(node, path, 7), "steps[");
	ck_assert_ptr_null(eh_yaml_member(top, "step"));
	ck_assert_ptr_null(eh_yaml_member(steps, "id"));
	ck_assert_ptr_null(eh_yaml_member(NULL, "id"));
	ck_assert_ptr_null(eh_yaml_text(top));
}
END_TEST

START_TEST(columns_are_characters)
{
	ck_assert_int_eq(parse("{ \"a\": \xc3\xbc\xe2\x82\xac, b: c }\r\n"),
	    EH_OK);
	check_scalar(eh_yaml_member(eh_yaml_document(yaml, 0), "b"), "c", 1,
	    15);
}
END_TEST

START_TEST(duplicate_key_is_refused_at_the_second)
{
	complains("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\na: 2\n",
	    "t.yaml:5:3: error: b.c: duplicate key 'c' (first at 3:3)\n"
	    "t.yaml:6:1: error: a: duplicate key 'a' (first at 1:1)\n");
}
END_TEST

START_TEST(alias_and_anchor_are_refused)
{
	complains("a: &x 1\nb: *x\n",
	    "t.yaml:1:4: error: anchor '&x': anchors are not allowed "
	    "(write the value where it is needed)\n"
	    "t.yaml:2:4: error: alias '*x': aliases are not allowed "
	    "(write the value out)\n");
	complains("a: *nobody\n",
	    "t.yaml:1:4: error: alias '*nobody': aliases are not allowed "
	    "(write the value out)\n");
	complains("*k : v\n",
	    "t.yaml:1:1: error: alias '*k': aliases are not allowed "
	    "(write the value out)\n");
	complains("a: &l [ 1 ]\nb: &m { c: d }\n",
	    "t.yaml:1:4: error: anchor '&l': anchors are not allowed "
	    "(write the value where it is needed)\n"
	    "t.yaml:2:4: error: anchor '&m': anchors are not allowed "
	    "(write the value where it is needed)\n");
}
END_TEST

START_TEST(alias_bomb_stays_small)
{
	ck_assert_int_eq(parse("a: &a [ x, x, x, x, x, x, x, x ]\n"
			       "b: &b [ *a, *a, *a, *a, *a, *a, *a, *a ]\n"
			       "c: &c [ *b, *b, *b, *b, *b, *b, *b, *b ]\n"
			       "d: &d [ *c, *c, *c, *c, *c, *c, *c, *c ]\n"
			       "e: &e [ *d, *d, *d, *d, *d, *d, *d, *d ]\n"),
	    EH_OK);
	/* Five anchors and four times eight aliases, none of them expanded. */
	ck_assert_uint_eq(report.errors, 5 + 4 * 8);
	ck_assert_str_eq(eh_report_get(&report, 1)->text,
	    "anchor '&b': anchors are not allowed "
	    "(write the value where it is needed)");
}
END_TEST

START_TEST(tags_are_refused)
{
	complains("a: !!int 1\n",
	    "t.yaml:1:4: error: tag 'tag:yaml.org,2002:int': tags are not "
	    "allowed (the schema knows the type)\n");
	complains("a: ! 1\nb: \"\xc3\xa4\"\nc: ! x\nd: \"!no\"\n",
	    "t.yaml:1:4: error: tag '!': tags are not allowed "
	    "(the schema knows the type)\n"
	    "t.yaml:3:4: error: tag '!': tags are not allowed "
	    "(the schema knows the type)\n");
	complains("a: !x [ 1 ]\nb: !y { c: 1 }\n!k d: 1\n",
	    "t.yaml:1:4: error: tag '!x': tags are not allowed "
	    "(the schema knows the type)\n"
	    "t.yaml:2:4: error: tag '!y': tags are not allowed "
	    "(the schema knows the type)\n"
	    "t.yaml:3:1: error: tag '!k': tags are not allowed "
	    "(the schema knows the type)\n");
}
END_TEST

START_TEST(merge_key_is_refused)
{
	complains("a: { b: 1 }\nc:\n  <<: { b: 1 }\n",
	    "t.yaml:3:3: error: merge key '<<': merge keys are not allowed "
	    "(write the members out)\n");
	complains("\"<<\": 1\n", "");
}
END_TEST

START_TEST(directives_are_refused)
{
	complains("%YAML 1.1\n--- a\n",
	    "t.yaml:1:1: error: a directive ('%...'): directives are not "
	    "allowed\n");
	complains("%TAG !e! tag:x,2026:\n--- a\n",
	    "t.yaml:1:1: error: a directive ('%...'): directives are not "
	    "allowed\n");
}
END_TEST

START_TEST(bytes_that_deceive_a_reader_are_refused)
{
	refuses("a: 1\n\tb: 2\n",
	    "t.yaml:2:1: error: a tab (indent with spaces; in a text write "
	    "\"\\t\")\n");
	refuses("a: \"x\ty\"\nb: \"\t\t\"\n",
	    "t.yaml:1:6: error: a tab (indent with spaces; in a text write "
	    "\"\\t\")\n"
	    "t.yaml:2:5: error: a tab (indent with spaces; in a text write "
	    "\"\\t\")\n");
	refuses("a: b\x07\n", "t.yaml:1:5: error: a control character\n");
	refuses("a: b\rc: d\n", "t.yaml:1:5: error: a control character\n");
	refuses("a: \xc2\x85\n", "t.yaml:1:4: error: a control character\n");
	refuses("\xef\xbb\xbf""a: 1\n",
	    "t.yaml:1:1: error: a byte order mark (save as UTF-8 without "
	    "one)\n");
	refuses("a: \xe2\x80\xa8\n",
	    "t.yaml:1:4: error: a line separator that is not a line feed\n");
	refuses("a: \xc3\xa4\xe2\x80\xae""b\n",
	    "t.yaml:1:5: error: an invisible character that changes text "
	    "direction\n");
}
END_TEST

START_TEST(bytes_that_are_no_utf8_are_refused)
{
	static const char *const bad[] = {
		"\xff", "\xc0\x80", "\xc3", "\xe2\x82", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\xe0\x80\xaf", "\x80", "\xf8\x88\x80\x80",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(bad[i], "t.yaml:1:1: error: not UTF-8\n");
	ck_assert_int_eq(parse("a: \xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91\n"),
	    EH_OK);
}
END_TEST

START_TEST(nul_is_refused)
{
	ck_assert_int_eq(
	    eh_yaml_parse(&yaml, "t.yaml", "a: \0b\n", 6, &report),
	    EH_ERR_CONFIG);
	said(&report, "t.yaml:1:4: error: a NUL\n");
	complains("a: \"x\\0y\"\n", "t.yaml:1:4: error: a NUL in a text\n");
}
END_TEST

START_TEST(odd_keys_are_refused)
{
	char text[300];

	complains("\"\": 1\n", "t.yaml:1:1: error: empty key\n");
	complains("\"a\\nb\": 1\n",
	    "t.yaml:1:1: error: keys are printable ASCII\n");
	refuses("? [ a ]\n: 1\n",
	    "t.yaml:1:3: error: a key is text, not a list\n");
	refuses("{ { a: b }: c }\n",
	    "t.yaml:1:3: error: a key is text, not a map\n");
	memset(text, 'k', sizeof(text));
	memcpy(text + 129, ": 1\n", 5);
	complains(text, "t.yaml:1:1: error: key is too long\n");
	complains(text + 1, "");
}
END_TEST

START_TEST(syntax_errors_have_their_place)
{
	refuses("a: b\nc: d: e\n",
	    "t.yaml:2:5: error: mapping values are not allowed in this "
	    "context\n");
	refuses("a: \"b\n",
	    "t.yaml:2:1: error: found unexpected end of stream (while scanning "
	    "a quoted scalar that began at 1:4)\n");
	refuses("a: [ b\nc: d\n",
	    "t.yaml:2:2: error: did not find expected ',' or ']' (while "
	    "parsing a flow sequence that began at 1:4)\n");
	refuses("a: @b\n",
	    "t.yaml:1:4: error: found character that cannot start any token\n");
}
END_TEST

START_TEST(nesting_has_a_limit)
{
	char text[2 * (EH_YAML_MAX_DEPTH + 1) + 1];

	memset(text, '[', EH_YAML_MAX_DEPTH);
	memset(text + EH_YAML_MAX_DEPTH, ']', EH_YAML_MAX_DEPTH);
	text[2 * EH_YAML_MAX_DEPTH] = '\0';
	complains(text, "");
	memset(text, '[', EH_YAML_MAX_DEPTH + 1);
	memset(text + EH_YAML_MAX_DEPTH + 1, ']', EH_YAML_MAX_DEPTH + 1);
	text[sizeof(text) - 1] = '\0';
	refuses(text, "t.yaml:1:33: error: nested deeper than 32\n");
}
END_TEST

START_TEST(nodes_have_a_limit)
{
	size_t n = EH_YAML_MAX_NODES - 1, len = 0;
	char *text = malloc(2 * n + 8);

	ck_assert_ptr_nonnull(text);
	text[len++] = '[';
	for (size_t i = 0; i < n; i++) {
		text[len++] = 'x';
		text[len++] = ',';
	}
	memcpy(text + len, "]", 2);
	ck_assert_int_eq(parse(text), EH_OK);
	ck_assert_uint_eq(eh_yaml_document(yaml, 0)->len, n);
	eh_yaml_free(yaml);
	memcpy(text + len, "x]", 3);
	refuses(text, "t.yaml:1:200000: error: more than 100000 nodes\n");
	free(text);
}
END_TEST

START_TEST(size_has_a_limit)
{
	char *text = malloc(EH_YAML_MAX_BYTES + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, ' ', EH_YAML_MAX_BYTES + 1);
	text[0] = 'a';
	ck_assert_int_eq(eh_yaml_parse(&yaml, "t.yaml", text,
			     EH_YAML_MAX_BYTES, &report),
	    EH_OK);
	eh_yaml_free(yaml);
	ck_assert_int_eq(eh_yaml_parse(&yaml, "t.yaml", text,
			     EH_YAML_MAX_BYTES + 1, &report),
	    EH_ERR_CONFIG);
	said(&report,
	    "t.yaml: error: 1048577 bytes: a document has at most 1048576\n");
	free(text);
}
END_TEST

START_TEST(many_keys_do_not_take_long)
{
	size_t len = 0, cap = 20u * 40000u;
	char *text = malloc(cap);

	ck_assert_ptr_nonnull(text);
	for (unsigned i = 0; i < 40000; i++)
		len += (size_t)snprintf(text + len, cap - len, "k%u: 1\n", i);
	snprintf(text + len, cap - len, "k7: 1\n");
	complains(text,
	    "t.yaml:40001:1: error: k7: duplicate key 'k7' (first at 8:1)\n");
	free(text);
}
END_TEST

START_TEST(one_document_is_chosen_by_its_kind)
{
	ck_assert_int_eq(parse("kind: A\n---\nkind: B\n"), EH_OK);
	ck_assert_uint_eq(eh_yaml_count(yaml), 2);
	ck_assert_ptr_eq(eh_yaml_select(yaml, "B", &report),
	    eh_yaml_document(yaml, 1));
	ck_assert_ptr_null(eh_yaml_select(yaml, "C", &report));
	said(&report,
	    "t.yaml: error: none of the 2 documents is of kind C\n");
	ck_assert_ptr_null(eh_yaml_select(yaml, NULL, &report));
	said(&report, "t.yaml:3:1: error: a second document: one document is "
		      "expected here\n");
	eh_yaml_free(yaml);
	ck_assert_int_eq(parse("kind: A\n---\nkind: A\n"), EH_OK);
	ck_assert_ptr_null(eh_yaml_select(yaml, "A", &report));
	said(&report, "t.yaml:3:1: error: a second document of kind A (first "
		      "at 1:1)\n");
	eh_yaml_free(yaml);
	ck_assert_int_eq(parse("kind: A\n"), EH_OK);
	ck_assert_ptr_eq(eh_yaml_select(yaml, NULL, &report),
	    eh_yaml_document(yaml, 0));
	eh_yaml_free(yaml);
	ck_assert_int_eq(parse("# nothing\n"), EH_OK);
	ck_assert_ptr_null(eh_yaml_select(yaml, "A", &report));
	said(&report, "t.yaml: error: the file holds no document\n");
}
END_TEST

START_TEST(map_becomes_json_of_texts)
{
	char *json;

	ck_assert_int_eq(
	    parse("{ port: /dev/ttyACM0, speed: 115200, l: [ yes, \"\" ] }"),
	    EH_OK);
	json = eh_yaml_json(eh_yaml_document(yaml, 0));
	ck_assert_str_eq(json,
	    "{\"port\":\"/dev/ttyACM0\",\"speed\":\"115200\","
	    "\"l\":[\"yes\",\"\"]}");
	free(json);
	json = eh_yaml_json(NULL);
	ck_assert_str_eq(json, "{}");
	free(json);
}
END_TEST

START_TEST(file_is_read_and_named)
{
	char path[] = "/tmp/eh-test-yaml-XXXXXX";
	char expected[128];
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "a: b\na: c\n", 10), 10);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(eh_yaml_load(&yaml, path, &report), EH_OK);
	ck_assert_str_eq(eh_yaml_name(yaml), path);
	snprintf(expected, sizeof(expected),
	    "%s:2:1: error: a: duplicate key 'a' (first at 1:1)\n", path);
	said(&report, expected);
	eh_yaml_free(yaml);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(eh_yaml_load(&yaml, path, &report), EH_ERR_CONFIG);
	ck_assert_ptr_null(yaml);
	ck_assert_uint_eq(report.errors, 1);
	ck_assert_ptr_nonnull(strstr(eh_report_get(&report, 0)->text, path));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("yaml");
	TCase *t = tcase_create("yaml");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, tree_has_texts_and_places);
	tcase_add_test(t, columns_are_characters);
	tcase_add_test(t, duplicate_key_is_refused_at_the_second);
	tcase_add_test(t, alias_and_anchor_are_refused);
	tcase_add_test(t, alias_bomb_stays_small);
	tcase_add_test(t, tags_are_refused);
	tcase_add_test(t, merge_key_is_refused);
	tcase_add_test(t, directives_are_refused);
	tcase_add_test(t, bytes_that_deceive_a_reader_are_refused);
	tcase_add_test(t, bytes_that_are_no_utf8_are_refused);
	tcase_add_test(t, nul_is_refused);
	tcase_add_test(t, odd_keys_are_refused);
	tcase_add_test(t, syntax_errors_have_their_place);
	tcase_add_test(t, nesting_has_a_limit);
	tcase_add_test(t, nodes_have_a_limit);
	tcase_add_test(t, size_has_a_limit);
	tcase_add_test(t, many_keys_do_not_take_long);
	tcase_add_test(t, one_document_is_chosen_by_its_kind);
	tcase_add_test(t, map_becomes_json_of_texts);
	tcase_add_test(t, file_is_read_and_named);
	suite_add_tcase(s, t);
	return unit_run(s);
}
