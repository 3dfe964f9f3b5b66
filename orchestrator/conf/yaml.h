/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.h - a strict subset of YAML as a tree that knows its places. */
#ifndef EH_ORCHESTRATOR_CONF_YAML_H
#define EH_ORCHESTRATOR_CONF_YAML_H

#include <stddef.h>

#include "common/err.h"
#include "orchestrator/conf/report.h"

/*
 * What is read: maps, lists and scalars, of block and flow style.  A scalar is
 * text, whatever it looks like; its type is the schema's (schema.h).
 *
 * What is refused, each with file, line and column: duplicate keys; anchors,
 * aliases, tags, merge keys and directives; keys that are not printable ASCII
 * text; tabs and other control characters anywhere; a byte order mark, line
 * separators and text-direction characters beyond ASCII, which make a reader
 * see something else than the program; bytes that are not UTF-8; NUL; and what
 * goes beyond the limits below.
 *
 * The tree belongs to its struct eh_yaml: every node, text and key is borrowed
 * until eh_yaml_free().
 */
#define EH_YAML_MAX_BYTES (1024u * 1024u)
#define EH_YAML_MAX_DEPTH 32u
#define EH_YAML_MAX_NODES 100000u

struct eh_yaml;

enum eh_yaml_kind { EH_YAML_SCALAR, EH_YAML_LIST, EH_YAML_MAP };

struct eh_yaml_node {
	enum eh_yaml_kind kind;
	int quoted;			/* scalar: in quotes or a block */
	int broken;			/* reported already: say no more */
	unsigned line, column;		/* from 1; columns are characters */
	const char *text;		/* scalar: UTF-8, no NUL inside */
	size_t len;			/* scalar: bytes; else members */
	const char *key;		/* member of a map: its key */
	unsigned key_line, key_column;
	size_t index;			/* member of a list or map: from 0 */
	const struct eh_yaml_node *parent;	/* NULL: the document */
	struct eh_yaml_node *first, *next;	/* members, in file order */
	const struct eh_yaml *yaml;
};

/*
 * Read ${len} ${bytes}, which the user knows as ${name} (copied), into
 * *${yamlp}.  Returns EH_OK when there is a tree, although ${report} may hold
 * errors: nodes that were refused are marked broken, so that the schema can go
 * on and all is shown at once.  On a syntax error, or beyond a limit, returns
 * EH_ERR_CONFIG and *${yamlp} is NULL.  EH_ERR_MEMORY is possible too.
 */
EH_MUST_CHECK int eh_yaml_parse(struct eh_yaml **yamlp, const char *name,
    const void *bytes, size_t len, struct eh_report *report);

/* The same for the file ${path}; "-" is standard input. */
EH_MUST_CHECK int eh_yaml_load(
    struct eh_yaml **yamlp, const char *path, struct eh_report *report);

/* Free the tree; NULL is allowed. */
void eh_yaml_free(struct eh_yaml *yaml);

/* Return what the user calls this file. */
const char *eh_yaml_name(const struct eh_yaml *yaml);

/* Return how many documents the file holds, and document ${i} (or NULL). */
size_t eh_yaml_count(const struct eh_yaml *yaml);
const struct eh_yaml_node *eh_yaml_document(
    const struct eh_yaml *yaml, size_t i);

/*
 * Return the document whose top-level "kind" is ${kind}.  With ${kind} NULL the
 * file must hold exactly one document.  NULL, and an error in ${report}, when
 * there is none or more than one.
 */
const struct eh_yaml_node *eh_yaml_select(const struct eh_yaml *yaml,
    const char *kind, struct eh_report *report);

/* Return the member of the map ${node} with this key, or NULL (also when
 * ${node} is NULL or no map). */
const struct eh_yaml_node *eh_yaml_member(
    const struct eh_yaml_node *node, const char *key);

/* Return the text of the scalar ${node}, or NULL when it is NULL or none. */
const char *eh_yaml_text(const struct eh_yaml_node *node);

/*
 * Write the path of ${node} from the top of its document ("spec.steps[1].id")
 * to ${out} of ${cap} bytes; cut when too long.  Returns ${out}.
 */
char *eh_yaml_path(const struct eh_yaml_node *node, char *out, size_t cap);

/*
 * Return ${node} as JSON text, malloc'd: maps are objects, lists are arrays,
 * scalars are strings ("115200", "true").  NULL gives "{}".  Returns NULL when
 * out of memory.
 */
char *eh_yaml_json(const struct eh_yaml_node *node);

#endif
