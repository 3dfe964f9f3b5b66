/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h - one table per kind of map: check, structs, JSON Schema, manual. */
#ifndef EH_ORCHESTRATOR_CONF_SCHEMA_H
#define EH_ORCHESTRATOR_CONF_SCHEMA_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"
#include "common/x509/words.h"
#include "orchestrator/conf/arena.h"
#include "orchestrator/conf/report.h"
#include "orchestrator/conf/yaml.h"

/*
 * A document is described once, as tables of const rows.  From the same rows
 * come
 *	- the check, with all errors and suggestions	eh_schema_read()
 *	- the typed C structs				eh_schema_read()
 *	- the JSON Schema for editors			eh_schema_json()
 *	- the reference page		eh_schema_markdown(), eh_schema_mdoc()
 *
 * What a row's value becomes in C, at its offset in the struct of its map:
 *
 *	TEXT, FORM, WORD const char *		absent: NULL
 *	INT		int64_t			absent: EH_SCHEMA_ABSENT
 *	DURATION	int64_t, milliseconds	absent: EH_SCHEMA_ABSENT
 *	BOOL		int			a default is mandatory
 *	ENUM		int, the word's number	absent: EH_SCHEMA_NONE
 *	VALUE		struct eh_value *	absent: NULL
 *	MAP		struct ... *		absent: NULL
 *	LIST		... *, and a size_t at count_offset; of maps the structs
 *			themselves, of ENUM int, of TEXT, FORM and WORD
 *			const char *.  absent: NULL and 0
 *	ANY		const struct eh_yaml_node *	absent: NULL
 *
 * After errors the structs are usable still, so that rules between fields can
 * be checked in the same run: a required text that is missing or wrong is "", a
 * required MAP or VALUE points to an empty one, an ENUM is EH_SCHEMA_NONE.
 */
#define EH_SCHEMA_ABSENT INT64_MIN
#define EH_SCHEMA_NONE	 INT32_MIN

enum eh_schema_type {
	EH_SCHEMA_TEXT,
	EH_SCHEMA_FORM,			/* text of a form: name, OID, ... */
	EH_SCHEMA_WORD,			/* text that is one of the words */
	EH_SCHEMA_INT,
	EH_SCHEMA_DURATION,		/* 500ms, 30s, 5m, 4h, 2d */
	EH_SCHEMA_BOOL,			/* true, false */
	EH_SCHEMA_ENUM,			/* one of the words, as its number */
	EH_SCHEMA_VALUE,		/* text, { field: X }, list of both */
	EH_SCHEMA_MAP,
	EH_SCHEMA_LIST,
	EH_SCHEMA_ANY			/* somebody else's: plugin options */
};

#define EH_SCHEMA_REQUIRED 1u
#define EH_SCHEMA_ID	   2u	/* FORM: unique in the list of these maps */
#define EH_SCHEMA_LATER	   4u	/* known and checked, but not built yet */
#define EH_SCHEMA_OR_OID   8u	/* WORD, ENUM: a dotted OID is good too */
#define EH_SCHEMA_CONSTANT 16u	/* VALUE: text is allowed */
#define EH_SCHEMA_CONCAT   32u	/* VALUE: a list is allowed */
#define EH_SCHEMA_INPUTS   64u	/* VALUE: ids under inputs: are fields too */
#define EH_SCHEMA_DATE	   128u	/* VALUE: a field takes days: and form: */

/* A form that text can have.  ${pattern} is a POSIX extended expression, which
 * JSON Schema understands too; ^( and )$ are put around it. */
struct eh_schema_form {
	const char *what;		/* "a name" */
	const char *rule;		/* "letters, digits and . _ -, ..." */
	const char *pattern;
};

extern const struct eh_schema_form eh_schema_name;	/* formats.md: name */
extern const struct eh_schema_form eh_schema_id;	/* a-z 0-9 - */
extern const struct eh_schema_form eh_schema_oid;	/* 1.3.6.1.4.1.55555 */
extern const struct eh_schema_form eh_schema_sha256;	/* 64 hex digits */
extern const struct eh_schema_form eh_schema_hex;	/* hex digits */
extern const struct eh_schema_form eh_schema_file;	/* a path */
extern const struct eh_schema_form eh_schema_token;	/* pkcs11:... */

struct eh_schema_map;

struct eh_schema {
	const char *name;
	enum eh_schema_type type;
	unsigned flags;
	size_t offset, count_offset;
	int64_t min, max;		/* INT, DURATION (ms): value; TEXT:
					 * bytes; LIST: members.  Both 0: any */
	const struct eh_word *words;	/* ENUM, WORD; VALUE: its fields */
	int oid_number;			/* ENUM, OR_OID: number of any OID */
	const char *later;		/* "csr|attested": known words that
					 * are not built yet */
	const struct eh_schema_form *form;	/* FORM */
	const struct eh_schema_map *map;	/* MAP */
	const struct eh_schema *item;		/* LIST: what a member is */
	uint64_t when;			/* variants, below; 0: always */
	const char *dflt;		/* as it would be written; NULL: none */
	const char *doc;		/* sentences, for people */
};

/*
 * A kind of map.  In a map with variants the first row is a required ENUM that
 * says which; a row with ${when} belongs only to variants whose number n has
 * bit 1 << n set, and rows of different variants may share a name.
 *
 * ${check}, if any, sees each struct after its members were read, for rules
 * between them.
 */
struct eh_schema_map {
	const char *title;		/* "certificate": of one such map */
	const char *doc;
	size_t size;			/* of the C struct */
	const struct eh_schema *rows;
	size_t count;
	size_t node_offset;		/* const struct eh_yaml_node * in it */
	void (*check)(void *map, const struct eh_yaml_node *node,
	    struct eh_report *report);
};

#define EH_SCHEMA_ROWS(table)                                                  \
	.rows = (table), .count = sizeof(table) / sizeof((table)[0])

/* One part of a value: a constant or a field. */
struct eh_value_part {
	const char *text;		/* constant, or the field's name */
	int is_field;
	int field;			/* number of the word; EH_SCHEMA_NONE:
					 * the id of an input */
	int64_t days;			/* DATE; EH_SCHEMA_ABSENT: none */
	int form;			/* DATE; EH_SCHEMA_NONE: none */
	const struct eh_yaml_node *node;
};

#define EH_VALUE_PARTS 4

struct eh_value {
	struct eh_value_part parts[EH_VALUE_PARTS];
	size_t count;
	const struct eh_yaml_node *node;
};

/* Words of form: in a date field, with the numbers of enum eh_date_form. */
extern const struct eh_word eh_schema_date_forms[];

/*
 * Check ${node} against ${map} and fill ${out}, a struct of map->size zero
 * bytes; what it points to lives in ${arena}, and borrows texts of the tree.
 * Errors go to ${report}.  Returns EH_OK or EH_ERR_MEMORY.
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

/*
 * Report that the text of ${node} is none of ${n} ${names}, which the document
 * itself defines ("no such key"), with the nearest one.
 */
void eh_schema_unknown_name(struct eh_report *report,
    const struct eh_yaml_node *node, const char *what,
    const char *const *names, size_t n);

/* Write the JSON Schema (draft 2020-12) of ${map} to ${out}.  Returns EH_OK,
 * EH_ERR_MEMORY or EH_ERR_IO. */
EH_MUST_CHECK int eh_schema_json(const struct eh_schema_map *map, FILE *out);

/* Write the reference of ${map} to ${out}: Markdown tables, or mdoc lists for
 * the middle of a manual page. */
void eh_schema_markdown(const struct eh_schema_map *map, FILE *out);
void eh_schema_mdoc(const struct eh_schema_map *map, FILE *out);

#endif
