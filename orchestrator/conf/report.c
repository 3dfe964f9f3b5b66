/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - everything that is wrong with a document, each with its place. */
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/printable.h"
#include "orchestrator/conf/report.h"
#include "orchestrator/conf/yaml.h"

#define TEXT_MAX 512

struct place {
	const char *file, *path;
	unsigned line, column;
};

void
eh_report_init(struct eh_report *report)
{
	memset(report, 0, sizeof(*report));
}

void
eh_report_wipe(struct eh_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->entries[i].file);
		free(report->entries[i].path);
		free(report->entries[i].text);
	}
	free(report->entries);
	eh_report_init(report);
}

/* Room for entry report->count, or NULL when full or out of memory. */
static struct eh_report_entry *
room(struct eh_report *report)
{
	size_t cap = report->count == 0 ? 16 : report->count * 2;
	struct eh_report_entry *more;

	if (report->count >= EH_REPORT_MAX)
		return NULL;
	/* Sizes are powers of two times 16: grow when one is reached. */
	if (report->count == 0 ||
	    (report->count >= 16 &&
		(report->count & (report->count - 1)) == 0)) {
		more = realloc(report->entries, cap * sizeof(*more));
		if (more == NULL)
			return NULL;
		report->entries = more;
	}
	return &report->entries[report->count];
}

static void
add(struct eh_report *report, enum eh_severity severity,
    const struct place *place, const char *format, va_list args)
{
	struct eh_report_entry *entry;
	char text[TEXT_MAX];

	/* Counted before anything can fail: out of memory is no success. */
	if (severity == EH_SEVERITY_ERROR)
		report->errors++;
	else
		report->warnings++;
	if ((entry = room(report)) == NULL)
		return;
	vsnprintf(text, sizeof(text), format, args);
	eh_printable(text);
	*entry = (struct eh_report_entry) {
		.severity = severity,
		.line = place->line,
		.column = place->column,
		.file = strdup(place->file),
		.path = strdup(place->path),
		.text = strdup(text),
	};
	if (entry->file == NULL || entry->path == NULL || entry->text == NULL) {
		free(entry->file);
		free(entry->path);
		free(entry->text);
		return;
	}
	eh_printable(entry->file);
	eh_printable(entry->path);
	report->count++;
	report->sorted = 0;
}

static struct place
place_of(const struct eh_yaml_node *node, char *path, size_t cap)
{
	if (node == NULL)
		return (struct place) { .file = "", .path = "" };
	return (struct place) {
		.file = eh_yaml_name(node->yaml),
		.path = eh_yaml_path(node, path, cap),
		.line = node->line,
		.column = node->column,
	};
}

void
eh_report_error(struct eh_report *report, const struct eh_yaml_node *node,
    const char *format, ...)
{
	char path[TEXT_MAX];
	struct place place = place_of(node, path, sizeof(path));
	va_list args;

	va_start(args, format);
	add(report, EH_SEVERITY_ERROR, &place, format, args);
	va_end(args);
}

void
eh_report_error_key(struct eh_report *report, const struct eh_yaml_node *member,
    const char *format, ...)
{
	char path[TEXT_MAX];
	struct place place = place_of(member, path, sizeof(path));
	va_list args;

	if (member != NULL && member->key != NULL) {
		place.line = member->key_line;
		place.column = member->key_column;
	}
	va_start(args, format);
	add(report, EH_SEVERITY_ERROR, &place, format, args);
	va_end(args);
}

void
eh_report_warning(struct eh_report *report, const struct eh_yaml_node *node,
    const char *format, ...)
{
	char path[TEXT_MAX];
	struct place place = place_of(node, path, sizeof(path));
	va_list args;

	va_start(args, format);
	add(report, EH_SEVERITY_WARNING, &place, format, args);
	va_end(args);
}

void
eh_report_place(struct eh_report *report, enum eh_severity severity,
    const char *file, unsigned line, unsigned column, const char *format, ...)
{
	struct place place = {
		.file = file, .path = "", .line = line, .column = column,
	};
	va_list args;

	va_start(args, format);
	add(report, severity, &place, format, args);
	va_end(args);
}

static void __attribute__((format(printf, 4, 5)))
add_text(struct eh_report *report, enum eh_severity severity,
    const struct place *place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(report, severity, place, format, args);
	va_end(args);
}

void
eh_report_again(struct eh_report *report, enum eh_severity severity,
    const struct eh_report_entry *entry, const char *before)
{
	struct place place = { entry->file, entry->path, entry->line,
		entry->column };

	add_text(report, severity, &place, "%s%s", before, entry->text);
}

static int
by_place(const void *one, const void *two)
{
	const struct eh_report_entry *a = one, *b = two;
	int files = strcmp(a->file, b->file);

	if (files != 0)
		return files;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return strcmp(a->text, b->text);
}

static void
sort(struct eh_report *report)
{
	if (!report->sorted && report->count > 1)
		qsort(report->entries, report->count,
		    sizeof(*report->entries), by_place);
	report->sorted = 1;
}

const struct eh_report_entry *
eh_report_get(struct eh_report *report, size_t i)
{
	if (i >= report->count)
		return NULL;
	sort(report);
	return &report->entries[i];
}

static void
format_entry(const struct eh_report_entry *entry, char *out, size_t cap)
{
	char place[TEXT_MAX] = "";

	if (entry->line != 0)
		snprintf(place, sizeof(place), "%s:%u:%u: ", entry->file,
		    entry->line, entry->column);
	else if (entry->file[0] != '\0')
		snprintf(place, sizeof(place), "%s: ", entry->file);
	snprintf(out, cap, "%s%s: %s%s%s", place,
	    entry->severity == EH_SEVERITY_ERROR ? "error" : "warning",
	    entry->path, entry->path[0] != '\0' ? ": " : "", entry->text);
}

void
eh_report_print(struct eh_report *report, FILE *out)
{
	char line[4 * TEXT_MAX];
	size_t all = report->errors + report->warnings;

	sort(report);
	for (size_t i = 0; i < report->count; i++) {
		format_entry(&report->entries[i], line, sizeof(line));
		fprintf(out, "%s\n", line);
	}
	if (all > report->count)
		fprintf(out, "... and %zu more\n", all - report->count);
}

int
eh_report_result(struct eh_report *report, struct eh_error *error)
{
	char line[4 * TEXT_MAX];

	if (report->errors == 0)
		return EH_OK;
	sort(report);
	for (size_t i = 0; i < report->count; i++) {
		if (report->entries[i].severity != EH_SEVERITY_ERROR)
			continue;
		format_entry(&report->entries[i], line, sizeof(line));
		if (report->errors == 1)
			return eh_error_set(
			    error, EH_ERR_CONFIG, "%s", line);
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%.280s (and %zu more)", line, report->errors - 1);
	}
	return eh_error_set(error, EH_ERR_MEMORY,
	    "out of memory while %zu errors were collected", report->errors);
}
