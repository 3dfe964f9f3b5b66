/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h - one table per kind of map: check, structs, JSON Schema, manual. */
#ifndef EH_ORCHESTRATOR_CONF_SCHEMA_H
#define EH_ORCHESTRATOR_CONF_SCHEMA_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"
#include "orchestrator/conf/arena.h"
#include "orchestrator/conf/report.h"
#include "orchestrator/conf/yaml.h"

/*
 * A document is described once, as tables of const rows.  From the same rows
 * come
 *	- the check, with all errors and suggestions	eh_schema_read()
 *	- the typed C structs				eh_schema_read()
 *	- the canonical bytes that are hashed	eh_schema_digest()
 *	- the JSON Schema for editors		eh_schema_json()
 *	- the reference page			eh_schema_markdown(), _mdoc()
 *
 * What a row's value becomes in C, at its offset in the struct of its map:
 *
 *	TEXT, FORM	const char *		absent: NULL
 *	INT		int64_t			absent: EH_SCHEMA_ABSENT
 *	DURATION	int64_t, milliseconds	absent: EH_SCHEMA_ABSENT
 *	BOOL		int			a default is mandatory
 *	ENUM		int, the word's number	absent: -1
 *	VALUE		struct eh_value *	absent: NULL
 *	MAP		struct ... *		absent: NULL
 *	LIST		... *, and a size_t at count_offset; of maps the structs
 *			themselves, of ENUM int, of TEXT and FORM const char *,
 *			of VALUE struct eh_value
 *	ANY		const struct eh_yaml_node *	absent: NULL
 *
 * After errors the structs are usable still, so that rules between fields can
 * be checked in the same run: a required TEXT or FORM that is missing or wrong
 * is "", a required MAP or VALUE points to an empty one, an ENUM is -1.
 */
#define EH_SCHEMA_ABSENT INT64_MIN

enum eh_schema_type {
	EH_SCHEMA_TEXT,
	EH_SCHEMA_FORM,			/* text of a form: name, OID, ... */
	EH_SCHEMA_INT,
	EH_SCHEMA_DURATION,		/* 500ms, 30s, 5m, 4h, 2d */
	EH_SCHEMA_BOOL,			/* true, false */
	EH_SCHEMA_ENUM,
	EH_SCHEMA_VALUE,		/* text, { field: X }, list of both */
	EH_SCHEMA_MAP,
	EH_SCHEMA_LIST,
	EH_SCHEMA_ANY			/* somebody else's: plugin options */
};

#define EH_SCHEMA_REQUIRED 1u
#define EH_SCHEMA_ID	   2u	/* FORM: unique in the list of these maps */
#define EH_SCHEMA_LATER	   4u	/* known and checked, but not built yet */
#define EH_SCHEMA_LOCAL	   8u	/* says where a thing lies: not in the digest */
#define EH_SCHEMA_CONSTANT 16u	/* VALUE: a text alone, or in a list */
#define EH_SCHEMA_CONCAT   32u	/* VALUE: a list is allowed */
#define EH_SCHEMA_INPUTS   64u	/* VALUE: ids under inputs: are fields too */
#define EH_SCHEMA_DAYS	   128u	/* VALUE: a field takes days: N */

/* One word of an enum.  LATER words are known, and refused as not built. */
struct eh_schema_word {
	const char *word;
	int number;
	unsigned flags;			/* 0 or EH_SCHEMA_LATER */
	const char *doc;
};

/* A form that text can have.  ${pattern} is a POSIX extended expression, which
 * JSON Schema understands too; ^ and $ are put around it. */
struct eh_schema_form {
	const char *what;		/* "a name" */
	const char *rule;		/* "letters, digits and . _ -, ..." */
	const char *pattern;
	size_t max;			/* bytes */
};

extern const struct eh_schema_form eh_schema_name;	/* formats.md: name */
extern const struct eh_schema_form eh_schema_id;	/* a-z 0-9 - */
extern const struct eh_schema_form eh_schema_oid;	/* 1.3.6.1.4.1.55555 */
extern const struct eh_schema_form eh_schema_sha256;	/* 64 hex digits */
extern const struct eh_schema_form eh_schema_file;	/* a path */
extern const struct eh_schema_form eh_schema_token;	/* pkcs11:token=... */

struct eh_schema_map;

struct eh_schema {
	const char *name;
	enum eh_schema_type type;
	unsigned flags;
	size_t offset, count_offset;
	int64_t min, max;		/* INT, DURATION (ms): value; TEXT:
					 * bytes; LIST: members.  Both 0: any */
	const struct eh_schema_word *words;	/* ENUM; VALUE: its fields */
	const struct eh_schema_form *form;	/* FORM */
	const struct eh_schema_map *map;	/* MAP */
	const struct eh_schema *item;		/* LIST: what a member is */
	uint64_t when;			/* variants, below; 0: always */
	const char *dflt;		/* as it would be written; NULL: none */
	const char *doc;		/* sentences, for people */
};

/*
 * A kind of map.  In a map with variants the first row is an ENUM that says
 * which; a row with ${when} belongs only to variants whose number n has bit
 * 1 << n set, and rows of different variants may share a name.
 *
 * ${check}, if any, sees each struct after its members were read, for rules
 * between them.
 */
struct eh_schema_map {
	const char *title;
	const char *doc;
	size_t size;			/* of the C struct */
	const struct eh_schema *rows;
	size_t count;
	size_t node_offset;		/* const struct eh_yaml_node * in it */
	void (*check)(void *map, const struct eh_yaml_node *node,
	    struct eh_report *report);
};

#define EH_SCHEMA_ROWS(table) (table), sizeof(table) / sizeof((table)[0])

/* One part of a value: a constant or a field. */
struct eh_value_part {
	const char *text;		/* constant, or the field's name */
	int is_field;
	int field;			/* word's number; -1: input's id */
	int64_t days;			/* EH_SCHEMA_ABSENT: none */
	const struct eh_yaml_node *node;
};

struct eh_value {
	const struct eh_value_part *parts;
	size_t count;
	const struct eh_yaml_node *node;
};

/*
 * Check ${node} against ${map} and fill ${out}, a struct of map->size bytes;
 * what it points to lives in ${arena}, and borrows texts of the tree.  Errors
 * go to ${report}.  Returns EH_OK or EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_schema_read(const struct eh_schema_map *map,
    const struct eh_yaml_node *node, struct eh_arena *arena,
    struct eh_report *report, void *out);

/*
 * What stands at the top of each document.  Checks apiVersion ("edgehsm/v1")
 * and kind first, and returns 0 after an error there: of another version or
 * kind nothing more can be said.  Else 1.
 */
int eh_schema_check_kind(const struct eh_yaml_node *document, const char *kind,
    struct eh_report *report);

/* Write the JSON Schema (draft 2020-12) of ${map} to ${out}.  Returns EH_OK,
 * EH_ERR_MEMORY or EH_ERR_IO. */
EH_MUST_CHECK int eh_schema_json(
    const struct eh_schema_map *map, const char *title, FILE *out);

/* Write the reference of ${map} to ${out}: Markdown tables, or mdoc lists for
 * the middle of a manual page. */
void eh_schema_markdown(const struct eh_schema_map *map, FILE *out);
void eh_schema_mdoc(const struct eh_schema_map *map, FILE *out);

/*
 * Return SHA-256 over the canonical form of ${node} as typed by ${map}
 * (doc/format/profile.md): deterministic CBOR, in which comments, order, layout
 * and quoting are gone, defaults are put in and LOCAL rows left out.  Only for
 * documents that eh_schema_read() found nothing wrong with.
 */
EH_MUST_CHECK int eh_schema_digest(const struct eh_schema_map *map,
    const struct eh_yaml_node *node, uint8_t digest[32],
    struct eh_error *error);

/* Return the word nearest to ${word} among ${count} words, each at ${stride}
 * bytes after the one before, or NULL when none is near. */
const char *eh_schema_nearest(const char *word, const char *const *first,
    size_t count, size_t stride);

#endif
