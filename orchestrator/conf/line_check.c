/* SPDX-License-Identifier: Apache-2.0 */
/* line_check.c - does a line fit the profile that it makes? */
#include "config.h"

#include <string.h>

#include "orchestrator/conf/line.h"

struct check {
	const struct eh_profile_source *source;
	struct eh_report *report;
	unsigned made;			/* bit n: key n was made */
};

static void
check_name(const struct eh_line *line, const struct check *c)
{
	const struct eh_line_profile *profile = line->profile;

	if (strcmp(profile->name, c->source->name) != 0)
		eh_report_error(c->report,
		    eh_yaml_member(profile->node, "name"),
		    "the profile is called '%s', not '%s'", c->source->name,
		    profile->name);
	else if (profile->version != (int64_t)c->source->version)
		eh_report_error(c->report,
		    eh_yaml_member(profile->node, "version"),
		    "the profile %s has version %u", c->source->name,
		    c->source->version);
}

static void
check_keygen(const struct eh_line_step *step, struct check *c)
{
	const char *names[EH_SOURCE_KEYS];
	unsigned i;

	for (i = 0; i < c->source->keys; i++) {
		names[i] = c->source->key[i].id;
		if (strcmp(names[i], step->with->key) != 0)
			continue;
		c->made |= 1u << i;
		return;
	}
	eh_schema_unknown_name(c->report,
	    eh_yaml_member(step->with->node, "key"), "key of the profile",
	    names, i);
}

/* Certificate ${index} is issued at ${node}: is there a key for it? */
static void
check_key_made(const struct eh_yaml_node *node, unsigned index,
    const struct check *c)
{
	const struct eh_template_source *cert = &c->source->certificate[index];

	for (unsigned i = 0; i < c->source->keys; i++)
		if (strcmp(c->source->key[i].id, cert->key) == 0 &&
		    (c->made >> i & 1) == 0)
			eh_report_error(c->report, node,
			    "certificate '%s' is for key '%s', which no step "
			    "before it makes",
			    cert->id, cert->key);
}

static void
check_named(const struct eh_yaml_node *node, const struct check *c)
{
	const char *names[EH_PROFILE_TEMPLATES];
	const char *text = eh_yaml_text(node);
	unsigned i;

	for (i = 0; i < c->source->certificates; i++) {
		names[i] = c->source->certificate[i].id;
		if (strcmp(names[i], text) != 0)
			continue;
		check_key_made(node, i, c);
		return;
	}
	eh_schema_unknown_name(
	    c->report, node, "certificate of the profile", names, i);
}

static void
check_issue(const struct eh_line_step *step, const struct check *c)
{
	const struct eh_yaml_node *list;

	if (step->with == NULL) {
		for (unsigned i = 0; i < c->source->certificates; i++)
			check_key_made(step->node, i, c);
		return;
	}
	list = eh_yaml_member(step->with->node, "certificates");
	for (const struct eh_yaml_node *n = list->first; n; n = n->next)
		check_named(n, c);
}

void
eh_line_check_profile(const struct eh_line *line,
    const struct eh_profile_source *source, struct eh_report *report)
{
	struct check c = { .source = source, .report = report };

	check_name(line, &c);
	for (size_t i = 0; i < line->nsteps; i++) {
		if (line->steps[i].uses == EH_STEP_CHIP_KEYGEN)
			check_keygen(&line->steps[i], &c);
		else if (line->steps[i].uses == EH_STEP_HSM_ISSUE)
			check_issue(&line->steps[i], &c);
	}
}
