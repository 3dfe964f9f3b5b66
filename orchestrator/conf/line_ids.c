/* SPDX-License-Identifier: Apache-2.0 */
/* line_ids.c - the units of a line, one by one. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/file.h"
#include "orchestrator/conf/line.h"

#define FILE_MAX_BYTES (40u * EH_LINE_UNITS)
#define ID_MAX	       32
#define DIGITS_MAX     15

struct list {
	struct eh_line_ids *ids;
	size_t cap;
	const struct eh_yaml_node *node;	/* of units: */
	struct eh_report *report;
};

void
eh_line_ids_free(struct eh_line_ids *ids)
{
	for (size_t i = 0; i < ids->count; i++)
		free(ids->id[i]);
	free(ids->id);
	ids->id = NULL;
	ids->count = 0;
}

static int
add(struct list *list, const char *text, size_t len)
{
	struct eh_line_ids *ids = list->ids;
	size_t cap = list->cap == 0 ? 64 : 2 * list->cap;
	char **more;

	if (ids->count == EH_LINE_UNITS) {
		eh_report_error(list->report, list->node,
		    "more than %u units", EH_LINE_UNITS);
		return EH_ERR_CONFIG;
	}
	if (ids->count == list->cap) {
		more = realloc(ids->id, cap * sizeof(char *));
		if (more == NULL)
			return EH_ERR_MEMORY;
		ids->id = more;
		list->cap = cap;
	}
	ids->id[ids->count] = strndup(text, len);
	if (ids->id[ids->count] == NULL)
		return EH_ERR_MEMORY;
	ids->count++;
	return EH_OK;
}

/* How many characters at the end are digits; no more than can be counted. */
static size_t
digits_of(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && n < DIGITS_MAX && text[len - n - 1] >= '0' &&
	    text[len - n - 1] <= '9')
		n++;
	return n;
}

static int
add_range(struct list *list, const char *from, const char *to)
{
	size_t len = strlen(from), digits = digits_of(from, len);
	size_t head = len - digits;
	uint64_t first, last;
	char id[64];
	int err = EH_OK;

	if (strlen(to) != len || digits_of(to, len) != digits || digits == 0 ||
	    memcmp(from, to, head) != 0) {
		eh_report_error(list->report, list->node,
		    "from '%s' and to '%s' must differ only in the digits at "
		    "their end",
		    from, to);
		return EH_ERR_CONFIG;
	}
	first = strtoull(from + head, NULL, 10);
	last = strtoull(to + head, NULL, 10);
	if (first > last) {
		eh_report_error(list->report, list->node,
		    "from '%s' is above to '%s'", from, to);
		return EH_ERR_CONFIG;
	}
	for (; first <= last && err == EH_OK; first++) {
		int wrote = snprintf(id, sizeof(id), "%.*s%0*" PRIu64,
		    (int)head, from, (int)digits, first);

		err = add(list, id, (size_t)wrote);
	}
	return err;
}

static int
add_line(struct list *list, const char *path, unsigned number,
    const char *text, size_t len)
{
	while (len > 0 && (text[len - 1] == '\r' || text[len - 1] == ' '))
		len--;
	if (len == 0 || text[0] == '#')
		return EH_OK;
	for (size_t i = 0; i < len; i++)
		if (len > ID_MAX || text[i] <= 0x20 || text[i] > 0x7e) {
			eh_report_place(list->report, EH_SEVERITY_ERROR, path,
			    number, (unsigned)i + 1,
			    "a device id is printable ASCII without spaces, "
			    "at most %d characters",
			    ID_MAX);
			return EH_OK;	/* show the others too */
		}
	return add(list, text, len);
}

static int
add_file(struct list *list, const char *path)
{
	struct eh_error error;
	struct eh_buf buf;
	const char *line, *end;
	unsigned number = 0;
	int err;

	eh_error_clear(&error);
	err = eh_file_read(path, FILE_MAX_BYTES, &buf, &error);
	if (err != EH_OK)
		eh_report_error(list->report,
		    eh_yaml_member(list->node, "file"), "%s",
		    eh_error_sentence(&error));
	for (size_t at = 0; err == EH_OK && at < buf.len;) {
		line = (const char *)buf.data + at;
		end = memchr(line, '\n', buf.len - at);
		if (end == NULL)
			end = line + (buf.len - at);
		err = add_line(
		    list, path, ++number, line, (size_t)(end - line));
		at += (size_t)(end - line) + 1;
	}
	eh_buf_free(&buf);
	return err == EH_OK || err == EH_ERR_MEMORY ? err : EH_ERR_CONFIG;
}

static int
by_text(const void *one, const void *two)
{
	return strcmp(*(char *const *)one, *(char *const *)two);
}

/* The same id twice would be one device twice. */
static int
check_repetition(struct list *list)
{
	size_t n = list->ids->count;
	char **sorted;

	if (n < 2)
		return EH_OK;
	if ((sorted = malloc(n * sizeof(char *))) == NULL)
		return EH_ERR_MEMORY;
	memcpy(sorted, list->ids->id, n * sizeof(char *));
	qsort(sorted, n, sizeof(char *), by_text);
	for (size_t i = 1; i < n; i++)
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			eh_report_error(list->report, list->node,
			    "unit '%s' stands twice", sorted[i]);
	free(sorted);
	return EH_OK;
}

/* What is wrong with the whole of them. */
static int
finish(struct list *list, int err, size_t errors_before)
{
	if (err == EH_OK)
		err = check_repetition(list);
	if (err == EH_OK && list->report->errors > errors_before)
		err = EH_ERR_CONFIG;
	return err;
}

int
eh_line_ids_read(const struct eh_line *line, struct eh_line_ids *ids,
    struct eh_report *report)
{
	const struct eh_line_units *units = line->units;
	struct list list = { .ids = ids, .report = report };
	size_t before = report->errors;
	char *path;
	int err = EH_OK;

	ids->id = NULL;
	ids->count = 0;
	if (units == NULL)
		return EH_OK;
	list.node = units->node;
	if (units->file != NULL) {
		path = eh_line_path(line, units->file);
		err = path != NULL ? add_file(&list, path) : EH_ERR_MEMORY;
		free(path);
	} else if (units->from != NULL) {
		err = add_range(&list, units->from, units->to);
	}
	for (size_t i = 0; i < units->nlist && err == EH_OK; i++)
		err = add(&list, units->list[i], strlen(units->list[i]));
	return finish(&list, err, before);
}

int
eh_line_ids_range(const char *from, const char *to, struct eh_line_ids *ids,
    struct eh_report *report)
{
	struct list list = { .ids = ids, .report = report };
	size_t before = report->errors;

	ids->id = NULL;
	ids->count = 0;
	if (strlen(from) > ID_MAX || strlen(to) > ID_MAX) {
		eh_report_error(report, NULL,
		    "a device id has at most %d characters", ID_MAX);
		return EH_ERR_CONFIG;
	}
	return finish(&list, add_range(&list, from, to), before);
}

int
eh_line_ids_file(
    const char *path, struct eh_line_ids *ids, struct eh_report *report)
{
	struct list list = { .ids = ids, .report = report };
	size_t before = report->errors;

	ids->id = NULL;
	ids->count = 0;
	return finish(&list, add_file(&list, path), before);
}
