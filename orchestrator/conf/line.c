/* SPDX-License-Identifier: Apache-2.0 */
/* line.c - the ProductionLine document as typed structs. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/conf/line_schema.h"
#include "orchestrator/conf/path.h"

#define KIND "ProductionLine"

/* What callers see, and what it is borrowed from. */
struct line {
	struct eh_line line;
	struct eh_yaml *yaml;
	struct eh_arena arena;
	struct doc_line doc;
};

/* What must have been done before a step of a kind. */
static const struct {
	int kind, needs;		/* enum eh_line_step_kind */
} order[] = {
	{ EH_STEP_CHIP_KEYGEN, EH_STEP_CHIP_CONNECT },
	{ EH_STEP_HSM_ISSUE, EH_STEP_CHIP_KEYGEN },
	{ EH_STEP_CHIP_INJECT, EH_STEP_HSM_ISSUE },
	{ EH_STEP_CHIP_VERIFY, EH_STEP_CHIP_INJECT },
};

static void
check_order(const struct eh_line *line, struct eh_report *report)
{
	unsigned done = 0;

	for (size_t i = 0; i < line->nsteps; i++) {
		const struct eh_line_step *step = &line->steps[i];

		for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
			if (step->uses == order[k].kind &&
			    (done >> order[k].needs & 1) == 0)
				eh_report_error(report, step->node,
				    "%s needs a step %s before it",
				    eh_line_step_word(step->uses),
				    eh_line_step_word(order[k].needs));
		if (step->uses >= 0)
			done |= 1u << step->uses;
	}
}

static void
fill(struct line *l, struct eh_report *report)
{
	struct eh_line *line = &l->line;
	struct doc_line_spec *spec = l->doc.spec;
	int on_failure = EH_FAILURE_QUARANTINE;

	line->name = l->doc.metadata->name;
	line->factory = l->doc.metadata->factory;
	line->profile = spec->profile;
	line->token = spec->token;
	line->chip = spec->chip;
	line->units = spec->units;
	line->stations = spec->stations;
	line->nstations = spec->nstations;
	line->steps = spec->steps;
	line->nsteps = spec->nsteps;
	if (spec->defaults != NULL) {
		on_failure = spec->defaults->on_failure;
		line->stop_after = spec->defaults->stop_after;
	}
	for (size_t i = 0; i < line->nsteps; i++)
		if (line->steps[i].on_failure == EH_SCHEMA_NONE)
			line->steps[i].on_failure = on_failure;
	check_order(line, report);
}

/* Takes ${yaml}, whatever the result. */
static int
from_yaml(struct eh_line **linep, struct eh_yaml *yaml,
    struct eh_report *report)
{
	struct line *l = calloc(1, sizeof(*l));
	const struct eh_yaml_node *document;
	int err = EH_OK;

	*linep = NULL;
	if (l == NULL) {
		eh_yaml_free(yaml);
		return EH_ERR_MEMORY;
	}
	l->yaml = yaml;
	document = eh_yaml_select(yaml, KIND, report);
	if (document != NULL && eh_schema_check_kind(document, KIND, report)) {
		err = eh_schema_read(
		    &eh_line_schema, document, &l->arena, report, &l->doc);
		if (err == EH_OK)
			fill(l, report);
	}
	if (err == EH_OK && report->errors > 0)
		err = EH_ERR_CONFIG;
	if (err == EH_OK)
		*linep = &l->line;
	else
		eh_line_free(&l->line);
	return err;
}

int
eh_line_parse(struct eh_line **linep, const char *name, const void *bytes,
    size_t len, struct eh_report *report)
{
	struct eh_yaml *yaml;
	int err = eh_yaml_parse(&yaml, name, bytes, len, report);

	*linep = NULL;
	return err != EH_OK ? err : from_yaml(linep, yaml, report);
}

int
eh_line_load(
    struct eh_line **linep, const char *path, struct eh_report *report)
{
	struct eh_yaml *yaml;
	int err = eh_yaml_load(&yaml, path, report);

	*linep = NULL;
	return err != EH_OK ? err : from_yaml(linep, yaml, report);
}

/* The public struct is the first member. */
static struct line *
whole(const struct eh_line *line)
{
	return (struct line *)(uintptr_t)line;
}

void
eh_line_free(struct eh_line *line)
{
	struct line *l = whole(line);

	if (l == NULL)
		return;
	eh_arena_wipe(&l->arena);
	eh_yaml_free(l->yaml);
	free(l);
}

char *
eh_line_path(const struct eh_line *line, const char *file)
{
	return eh_path_beside(eh_yaml_name(whole(line)->yaml), file);
}

static char *
named_or_default(
    const struct eh_line *line, const char *file, const char *suffix)
{
	char name[128];

	if (file != NULL)
		return eh_line_path(line, file);
	/* A name has at most 64 bytes; a slash in it is no folder. */
	snprintf(name, sizeof(name), "%s%s", line->profile->name, suffix);
	for (char *c = name; *c != '\0'; c++)
		if (*c == '/')
			*c = '_';
	return eh_line_path(line, name);
}

char *
eh_line_compiled_path(const struct eh_line *line)
{
	return named_or_default(line, line->profile->compiled, ".ehprofile");
}

char *
eh_line_source_path(const struct eh_line *line)
{
	return named_or_default(line, line->profile->source, ".yaml");
}

const char *
eh_line_step_word(int uses)
{
	const char *word = eh_words_name(eh_line_step_words, uses);

	return word != NULL ? word : "unknown";
}
