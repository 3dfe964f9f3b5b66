/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - everything that is wrong with a document, each with its place. */
#ifndef EH_ORCHESTRATOR_CONF_REPORT_H
#define EH_ORCHESTRATOR_CONF_REPORT_H

#include <stddef.h>
#include <stdio.h>

#include "common/err.h"

struct eh_yaml_node;

/*
 * Errors are collected, not returned one by one: whoever edits a document
 * wants to see all of them.  Whoever reads one gives the report to every
 * function on the way, and asks eh_report_result() at the end.
 *
 * A report keeps EH_REPORT_MAX entries and counts the rest.  It copies what it
 * is given, so it may outlive the document.
 */
#define EH_REPORT_MAX 1000

enum eh_severity { EH_SEVERITY_ERROR, EH_SEVERITY_WARNING };

struct eh_report_entry {
	enum eh_severity severity;
	unsigned line, column;		/* from 1; 0 when there is no place */
	char *file;			/* as the user named it */
	char *path;			/* "spec.steps[1].id", "" at the top */
	char *text;
};

struct eh_report {
	struct eh_report_entry *entries;
	size_t count;			/* entries kept */
	size_t errors, warnings;	/* all, also those not kept */
	int sorted;
};

/* Make ${report} empty. */
void eh_report_init(struct eh_report *report);

/* Free what ${report} holds, and make it empty. */
void eh_report_wipe(struct eh_report *report);

/*
 * Add an error at ${node}: file, line, column and path are the node's.  With
 * ${node} NULL there is only the text.  The text is one sentence without the
 * full stop; control characters in it become '?'.
 */
void eh_report_error(struct eh_report *report, const struct eh_yaml_node *node,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, at the key of a map's member instead of its value. */
void eh_report_error_key(struct eh_report *report,
    const struct eh_yaml_node *member, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A warning: shown, but eh_report_result() does not mind. */
void eh_report_warning(struct eh_report *report,
    const struct eh_yaml_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Add an entry at a place that is no node: a syntax error, a file that cannot
 * be read (line 0). */
void eh_report_place(struct eh_report *report, enum eh_severity severity,
    const char *file, unsigned line, unsigned column, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Add ${entry} of another report once more, as ${severity}, ${before} its
 * text. */
void eh_report_again(struct eh_report *report, enum eh_severity severity,
    const struct eh_report_entry *entry, const char *before);

/*
 * Return EH_OK when no error was added, else EH_ERR_CONFIG with the first one
 * and the count in ${error}: "line3.yaml:4:9: error: ... (and 2 more)".
 */
EH_MUST_CHECK int eh_report_result(
    struct eh_report *report, struct eh_error *error);

/* Return entry ${i} in the order of file, line and column, or NULL; borrowed
 * until the next entry is added. */
const struct eh_report_entry *eh_report_get(
    struct eh_report *report, size_t i);

/*
 * Write all entries to ${out}, one line each, in the order of file, line and
 * column:
 *	line3.yaml:12:3: error: spec.quota: unknown key (did you mean 'quotas'?)
 */
void eh_report_print(struct eh_report *report, FILE *out);

#endif
