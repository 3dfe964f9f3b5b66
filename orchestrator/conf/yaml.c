/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.c - a strict subset of YAML as a tree that knows its places. */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/file.h"
#include "orchestrator/conf/yaml_private.h"

/* Standard input has no length to ask for. */
static int
read_stdin(struct eh_buf *buf)
{
	size_t got;

	eh_buf_init(buf, EH_YAML_MAX_BYTES + 1);
	do {
		if (buf->len == buf->max)
			return EH_OK;	/* too long: eh_source_check() */
		if (eh_buf_reserve(buf, buf->max - buf->len) != EH_OK)
			return EH_ERR_MEMORY;
		got = fread(buf->data + buf->len, 1, buf->max - buf->len,
		    stdin);
		eh_buf_extend(buf, got);
	} while (got != 0);
	return ferror(stdin) ? EH_ERR_IO : EH_OK;
}

int
eh_yaml_load(
    struct eh_yaml **yamlp, const char *path, struct eh_report *report)
{
	struct eh_error error;
	struct eh_buf buf;
	int err;

	*yamlp = NULL;
	eh_error_clear(&error);
	if (strcmp(path, "-") != 0) {
		err = eh_file_read(path, EH_YAML_MAX_BYTES, &buf, &error);
	} else if ((err = read_stdin(&buf)) != EH_OK) {
		eh_error_set(&error, err, "standard input: %s",
		    eh_err_text(err));
	} else {
		path = "standard input";
	}
	if (err == EH_OK)
		err = eh_yaml_parse(yamlp, path,
		    buf.data != NULL ? (const void *)buf.data : "", buf.len,
		    report);
	else
		eh_report_place(report, EH_SEVERITY_ERROR, "", 0, 0, "%s",
		    eh_error_sentence(&error));
	eh_buf_free(&buf);
	return err == EH_OK || err == EH_ERR_MEMORY ? err : EH_ERR_CONFIG;
}

void
eh_yaml_free(struct eh_yaml *yaml)
{
	if (yaml == NULL)
		return;
	eh_arena_wipe(&yaml->arena);
	free(yaml->name);
	free(yaml);
}

const char *
eh_yaml_name(const struct eh_yaml *yaml)
{
	return yaml->name;
}

size_t
eh_yaml_count(const struct eh_yaml *yaml)
{
	return yaml->count;
}

const struct eh_yaml_node *
eh_yaml_document(const struct eh_yaml *yaml, size_t i)
{
	const struct eh_yaml_node *node = yaml->first;

	while (node != NULL && i-- > 0)
		node = node->next;
	return node;
}

static const struct eh_yaml_node *
select_only(const struct eh_yaml *yaml, struct eh_report *report)
{
	const struct eh_yaml_node *second = eh_yaml_document(yaml, 1);

	if (second == NULL)
		return eh_yaml_document(yaml, 0);
	eh_report_error(report, second,
	    "a second document: one document is expected here");
	return NULL;
}

const struct eh_yaml_node *
eh_yaml_select(const struct eh_yaml *yaml, const char *kind,
    struct eh_report *report)
{
	const struct eh_yaml_node *found = NULL;

	if (yaml->first == NULL) {
		eh_report_place(report, EH_SEVERITY_ERROR, yaml->name, 0, 0,
		    "the file holds no document");
		return NULL;
	}
	/* One document is the one that was meant; its kind is judged later. */
	if (kind == NULL || yaml->count == 1)
		return select_only(yaml, report);
	for (const struct eh_yaml_node *d = yaml->first; d; d = d->next) {
		const char *text = eh_yaml_text(eh_yaml_member(d, "kind"));

		if (text == NULL || strcmp(text, kind) != 0)
			continue;
		if (found != NULL) {
			eh_report_error(report, d,
			    "a second document of kind %s (first at %u:%u)",
			    kind, found->line, found->column);
			return NULL;
		}
		found = d;
	}
	if (found == NULL)
		eh_report_place(report, EH_SEVERITY_ERROR, yaml->name, 0, 0,
		    "none of the %zu documents is of kind %s", yaml->count,
		    kind);
	return found;
}

const struct eh_yaml_node *
eh_yaml_member(const struct eh_yaml_node *node, const char *key)
{
	if (node == NULL || node->kind != EH_YAML_MAP)
		return NULL;
	for (const struct eh_yaml_node *m = node->first; m; m = m->next)
		if (strcmp(m->key, key) == 0)
			return m;
	return NULL;
}

const char *
eh_yaml_text(const struct eh_yaml_node *node)
{
	return node != NULL && node->kind == EH_YAML_SCALAR ? node->text : NULL;
}

char *
eh_yaml_path(const struct eh_yaml_node *node, char *out, size_t cap)
{
	const struct eh_yaml_node *chain[EH_YAML_MAX_DEPTH + 1];
	size_t n = 0, at = 0;
	int wrote;

	for (; node != NULL && node->parent != NULL; node = node->parent)
		chain[n++] = node;
	out[0] = '\0';
	while (n-- > 0 && at < cap) {
		if (chain[n]->key != NULL)
			wrote = snprintf(out + at, cap - at, "%s%s",
			    at > 0 ? "." : "", chain[n]->key);
		else
			wrote = snprintf(out + at, cap - at, "[%zu]",
			    chain[n]->index);
		at += (size_t)wrote;
	}
	return out;
}

static json_t *
to_json(const struct eh_yaml_node *node)
{
	json_t *out;

	if (node->kind == EH_YAML_SCALAR)
		return json_stringn(node->text, node->len);
	out = node->kind == EH_YAML_MAP ? json_object() : json_array();
	for (const struct eh_yaml_node *m = node->first; m; m = m->next) {
		int bad = node->kind == EH_YAML_MAP ?
		    json_object_set_new(out, m->key, to_json(m)) :
		    json_array_append_new(out, to_json(m));

		if (bad) {
			json_decref(out);
			return NULL;
		}
	}
	return out;
}

char *
eh_yaml_json(const struct eh_yaml_node *node)
{
	json_t *json;
	char *text;

	if (node == NULL)
		return strdup("{}");
	json = to_json(node);
	text = json != NULL ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) :
			      NULL;
	json_decref(json);
	return text;
}
