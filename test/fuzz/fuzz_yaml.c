/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_yaml.c - any text is a document, or is refused with its place. */
#include "config.h"

#include <string.h>

#include "orchestrator/conf/line.h"
#include "orchestrator/conf/profile.h"
#include "test/fuzz/fuzz.h"

static void
check_key(const struct eh_yaml_node *node)
{
	const struct eh_yaml_node *same;

	if (node->broken)
		return;
	fuzz_must(node->key[0] != '\0', "a key has characters");
	for (const char *c = node->key; *c != '\0'; c++)
		fuzz_must(*c >= 0x20 && *c <= 0x7e, "a key is ASCII");
	same = eh_yaml_member(node->parent, node->key);
	fuzz_must(same == node || same->broken, "a key stands once");
}

static size_t
check_node(const struct eh_yaml_node *node, unsigned depth)
{
	size_t nodes = 1, members = 0;
	char path[64];

	fuzz_must(depth <= EH_YAML_MAX_DEPTH, "nesting ends");
	fuzz_must(node->line > 0 && node->column > 0, "a node has a place");
	fuzz_must(strlen(eh_yaml_path(node, path, sizeof(path))) <
		sizeof(path), "a path fits");
	if (node->kind == EH_YAML_SCALAR) {
		fuzz_must(strlen(node->text) == node->len || node->broken,
		    "a text has no NUL");
		return nodes;
	}
	for (const struct eh_yaml_node *m = node->first; m; m = m->next) {
		fuzz_must(m->parent == node, "a member knows its parent");
		fuzz_must(m->index == members++, "members are numbered");
		if (node->kind == EH_YAML_MAP)
			check_key(m);
		nodes += check_node(m, depth + 1);
	}
	fuzz_must(members == node->len, "members are counted");
	return nodes;
}

static void
check_report(struct eh_report *report, int err)
{
	const struct eh_report_entry *e;

	fuzz_must(err == EH_OK || err == EH_ERR_CONFIG, "the result is known");
	fuzz_must(err == EH_OK || report->errors > 0, "a refusal says why");
	for (size_t i = 0; (e = eh_report_get(report, i)) != NULL; i++) {
		fuzz_must(e->text[0] != '\0', "an error has words");
		for (const char *c = e->text; *c != '\0'; c++)
			fuzz_must((unsigned char)*c >= 0x20, "no controls");
	}
	eh_report_wipe(report);
}

static void
try_profile(const uint8_t *bytes, size_t len)
{
	struct eh_conf_profile *profile;
	struct eh_report report;
	int err;

	eh_report_init(&report);
	err = eh_conf_profile_parse(&profile, "fuzz", bytes, len, &report);
	fuzz_must((err == EH_OK) == (profile != NULL), "a profile, or none");
	fuzz_must(err != EH_OK || report.errors == 0, "a profile is right");
	check_report(&report, err);
	if (profile == NULL)
		return;
	err = eh_conf_profile_check(profile, NULL, &report);
	fuzz_must((err == EH_OK) == (report.errors == 0), "errors are errors");
	check_report(&report, err);
	eh_conf_profile_free(profile);
}

static void
try_line(const uint8_t *bytes, size_t len)
{
	struct eh_report report;
	struct eh_line *line;
	int err;

	eh_report_init(&report);
	err = eh_line_parse(&line, "fuzz", bytes, len, &report);
	fuzz_must((err == EH_OK) == (line != NULL), "a line, or none");
	fuzz_must(err != EH_OK || report.errors == 0, "a line is right");
	check_report(&report, err);
	eh_line_free(line);
}

static int
kind_is_line(const struct eh_yaml_node *document)
{
	const char *kind = eh_yaml_text(eh_yaml_member(document, "kind"));

	return kind != NULL && strcmp(kind, "ProductionLine") == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct eh_report report;
	struct eh_yaml *yaml;
	size_t nodes = 0;
	char *json;
	int err, line;

	eh_report_init(&report);
	err = eh_yaml_parse(&yaml, "fuzz", bytes, len, &report);
	fuzz_must((err == EH_OK) == (yaml != NULL), "a tree, or none");
	check_report(&report, err);
	if (yaml == NULL)
		return 0;
	for (size_t i = 0; i < eh_yaml_count(yaml); i++)
		nodes += check_node(eh_yaml_document(yaml, i), 0);
	fuzz_must(nodes <= EH_YAML_MAX_NODES, "nodes end");
	json = eh_yaml_json(eh_yaml_document(yaml, 0));
	free(json);
	line = kind_is_line(eh_yaml_document(yaml, 0));
	eh_yaml_free(yaml);
	if (line)
		try_line(bytes, len);
	else
		try_profile(bytes, len);
	return 0;
}
