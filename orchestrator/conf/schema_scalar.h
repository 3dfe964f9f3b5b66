/* SPDX-License-Identifier: Apache-2.0 */
/* schema_scalar.h - the types of single texts, for schema*.c alone. */
#ifndef EH_ORCHESTRATOR_CONF_SCHEMA_SCALAR_H
#define EH_ORCHESTRATOR_CONF_SCHEMA_SCALAR_H

#include <regex.h>

#include "orchestrator/conf/schema.h"

/* Compiled expressions of the forms that were met. */
#define EH_SCHEMA_FORMS 8

struct eh_schema_reader {
	struct eh_arena *arena;
	struct eh_report *report;
	int err;			/* latched: EH_ERR_MEMORY */
	size_t nforms;
	struct {
		const struct eh_schema_form *form;
		regex_t regex;
	} forms[EH_SCHEMA_FORMS];
};

/* Free the compiled expressions. */
void eh_schema_reader_wipe(struct eh_schema_reader *reader);

/*
 * Read ${text} as the type of ${row} (TEXT to ENUM) into ${slot}, which is what
 * the table in schema.h says.  ${node} is where it stands: errors go there;
 * NULL for a default.  On errors the slot is as after an error.
 */
void eh_schema_scalar_read(struct eh_schema_reader *reader,
    const struct eh_schema *row, const struct eh_yaml_node *node,
    const char *text, void *slot);

/* Put into ${slot} what an absent (or, when required, wrong) scalar becomes. */
void eh_schema_scalar_absent(const struct eh_schema *row, void *slot);

/* Return the number of ${word} in ${words}, or EH_SCHEMA_NONE. */
int eh_schema_word_number(const struct eh_word *words, const char *word);

/* The same for the words of ${row}, an ENUM, which may take OIDs too. */
int eh_schema_enum_number(const struct eh_schema *row, const char *word);

/* Return 1 when ${word} is one of "a|b|c" in ${list} (may be NULL). */
int eh_schema_word_listed(const char *list, const char *word);

/*
 * Report at ${node} that ${text} is none of ${words}: "'P-2566' is not one of:
 * P-256, P-384, Ed25519"; with the nearest when there are many.
 */
void eh_schema_not_one_of(struct eh_schema_reader *reader,
    const struct eh_yaml_node *node, const char *text,
    const struct eh_word *words);

#endif
