/* SPDX-License-Identifier: Apache-2.0 */
/* findings.c - what a verb shows of a report: lines for people, or JSON. */
#include "config.h"

#include <stdio.h>

#include "orchestrator/cli/findings.h"

static json_t *
entry_json(const struct eh_report_entry *e)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "severity",
	    e->severity == EH_SEVERITY_ERROR ? "error" : "warning", "file",
	    e->file, "path", e->path, "text", e->text);
	int bad = object == NULL;

	if (!bad && e->line != 0) {
		bad |= json_object_set_new(
		    object, "line", json_integer(e->line));
		bad |= json_object_set_new(
		    object, "column", json_integer(e->column));
	}
	if (!bad)
		return object;
	json_decref(object);
	return NULL;
}

json_t *
eh_findings_json(struct eh_report *report)
{
	json_t *all = json_array();

	for (size_t i = 0; i < report->count; i++)
		if (json_array_append_new(
			all, entry_json(eh_report_get(report, i))) != 0) {
			json_decref(all);
			return NULL;
		}
	return all;
}

void
eh_findings_print(const struct eh_args *args, struct eh_report *report)
{
	if (!args->json)
		eh_report_print(report, stderr);
}

int
eh_findings_result(struct eh_args *args, const struct eh_report *report,
    const char *what)
{
	if (report->errors == 0)
		return EH_OK;
	return eh_error_set(&args->error, EH_ERR_CONFIG, "%s: %zu error%s",
	    what, report->errors, report->errors == 1 ? "" : "s");
}
