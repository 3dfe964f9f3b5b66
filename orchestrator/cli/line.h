/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - the verbs of `edgehsm line`, and what they share. */
#ifndef EH_ORCHESTRATOR_CLI_LINE_H
#define EH_ORCHESTRATOR_CLI_LINE_H

#include "orchestrator/cli/command.h"
#include "orchestrator/conf/report.h"
#include "orchestrator/flow/recipe.h"

extern const struct eh_verb eh_cli_line_plan;
extern const struct eh_verb eh_cli_line_run;

/* Rows for the option tables of both. */
#define EH_OPTION_UNITS                                                        \
	{ "units", "FIRST..LAST", 0, "these devices, or one id" }
#define EH_OPTION_UNITS_FILE                                                   \
	{ "units-file", "FILE", 0, "the devices in this file, one id a line" }
#define EH_OPTION_AUTHORIZATION                                                \
	{ "authorization", "NAME", 0,                                          \
	    "order name, or id in hex (else the one that expires first)" }

/*
 * Load the line that the operand names, with the units of --units, --units-file
 * or its own, and show what is wrong with it on standard error (with --json on
 * standard output).  Returns EH_OK, EH_ERR_CONFIG with a sentence in
 * args->error, EH_ERR_ARGUMENT or EH_ERR_MEMORY; eh_recipe_wipe() and
 * eh_report_wipe() whatever the result.
 */
EH_MUST_CHECK int eh_line_load_recipe(struct eh_args *args,
    struct eh_recipe *recipe, struct eh_report *report);

#endif
