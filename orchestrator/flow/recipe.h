/* SPDX-License-Identifier: Apache-2.0 */
/* recipe.h - a line with everything that it names, checked before it starts. */
#ifndef EH_ORCHESTRATOR_FLOW_RECIPE_H
#define EH_ORCHESTRATOR_FLOW_RECIPE_H

#include "common/err.h"
#include "common/message/report.h"
#include "orchestrator/conf/line.h"
#include "orchestrator/conf/profile.h"
#include "orchestrator/flow/plugin.h"
#include "orchestrator/flow/profiles.h"

/* One entry of the profile's injection plan: a certificate and its place. */
struct eh_recipe_place {
	const char *name;		/* "cert/0" */
	uint32_t number;		/* what the driver is told: 0 */
	unsigned index;			/* of the certificate */
	int verify;			/* read back and compare */
};

/* Members are borrowed until eh_recipe_wipe(). */
struct eh_recipe {
	struct eh_line *line;
	struct eh_conf_profile *document;
	const struct eh_profile_source *source;	/* of the document */
	struct eh_loaded_profile *compiled;
	char *source_path, *compiled_path;
	char *folders;			/* with *.ehscope files, colons */
	char token[EH_NAME_MAX + 1];	/* label of the token */
	struct eh_chip_driver *driver;
	char *config;			/* its options, JSON */
	unsigned nplaces;
	struct eh_recipe_place place[EH_REPORT_PLACES_MAX];
	struct eh_line_ids ids;		/* the work order */
};

/*
 * Load the line ${path} with its profile (YAML and compiled, which must belong
 * together) and its chip driver, and check all of it: names, order, options,
 * operations that the driver lacks, places, report, and what this version
 * cannot do.  Everything wrong goes to ${report}, each at its place; warnings
 * too.  Returns EH_OK, EH_ERR_CONFIG or EH_ERR_MEMORY; eh_recipe_wipe() for
 * ${recipe} whatever the result.
 */
EH_MUST_CHECK int eh_recipe_load(struct eh_recipe *recipe, const char *path,
    struct eh_report *report);
void eh_recipe_wipe(struct eh_recipe *recipe);

/*
 * Fill ${recipe->ids}: from ${range} ("SN00000001..SN00000012", or one id), or
 * from the file ${file}, or with both NULL from the line's units:.  Each id
 * must be one of the profile's identity.  Errors, also that there is no unit at all,
 * go to ${report}.  Returns as above.
 */
EH_MUST_CHECK int eh_recipe_units(struct eh_recipe *recipe, const char *range,
    const char *file, struct eh_report *report);

/* The station called ${id}; with NULL the line's only one.  EH_ERR_ARGUMENT
 * names those that there are. */
EH_MUST_CHECK int eh_recipe_station(const struct eh_recipe *recipe,
    const char *id, const struct eh_line_station **stationp,
    struct eh_error *error);

/* The certificates that ${step}, an hsm.issue, asks for: their indices in the
 * profile, in the step's order.  Returns how many. */
unsigned eh_recipe_certificates(const struct eh_recipe *recipe,
    const struct eh_line_step *step, unsigned index[EH_PROFILE_TEMPLATES]);

/* The number of the profile's key ${id}, which is also its place in the chip;
 * -1 when there is none. */
int eh_recipe_key(const struct eh_recipe *recipe, const char *id);

/* Whether the profile wants ${field} ("operator") in every report. */
int eh_recipe_wants(const struct eh_recipe *recipe, const char *field);

#endif
