/* SPDX-License-Identifier: Apache-2.0 */
/* line_load.c - what `edgehsm line plan` and `run` begin with. */
#include "config.h"

#include <string.h>

#include "orchestrator/cli/findings.h"
#include "orchestrator/cli/line.h"

static int
show(struct eh_args *args, struct eh_report *report)
{
	int err;

	if (!args->json) {
		eh_findings_print(args, report);
	} else if (report->errors > 0) {
		/* Without errors the verb's own output has the warnings. */
		err = eh_command_put(json_pack("{s:s, s:o}", "file",
		    args->operand[0], "findings", eh_findings_json(report)));
		if (err != EH_OK)
			return err;
	}
	return eh_findings_result(args, report, args->operand[0]);
}

int
eh_line_load_recipe(struct eh_args *args, struct eh_recipe *recipe,
    struct eh_report *report)
{
	const char *range = eh_args_get(args, "units");
	const char *file = eh_args_get(args, "units-file");
	int err;

	memset(recipe, 0, sizeof(*recipe));
	eh_report_init(report);
	if (range != NULL && file != NULL)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--units or --units-file, not both");
	err = eh_recipe_load(recipe, args->operand[0], report);
	if (err != EH_ERR_MEMORY && recipe->line != NULL)
		err = eh_recipe_units(recipe, range, file, report);
	return err == EH_ERR_MEMORY ? err : show(args, report);
}
