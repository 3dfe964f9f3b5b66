/* SPDX-License-Identifier: Apache-2.0 */
/* profile_check.c - edgehsm profile check: everything wrong with a profile. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "orchestrator/cli/findings.h"
#include "orchestrator/cli/profile.h"
#include "orchestrator/cli/profile_file.h"

static int
show(struct eh_args *args, const char *path,
    const struct eh_profile_source *source, struct eh_report *report)
{
	eh_findings_print(args, report);
	if (args->json)
		return eh_command_put(json_pack("{s:s, s:s?, s:b, s:o?}",
		    "file", path, "profile",
		    source != NULL ? source->name : NULL, "good",
		    report->errors == 0, "findings",
		    eh_findings_json(report)));
	if (report->errors == 0)
		printf("%s: good: profile %s version %" PRIu32 ", %u "
		       "certificate%s\n",
		    path, source->name, source->version, source->certificates,
		    source->certificates == 1 ? "" : "s");
	return EH_OK;
}

static int
check_file(struct eh_args *args, const char *path)
{
	struct eh_profile_file file = { .kind = EH_PROFILE_FILE_YAML };
	const struct eh_profile_source *source = NULL;
	struct eh_report report;
	int err, shown;

	/* A YAML, whatever it begins with: what is wrong with it is said. */
	eh_report_init(&report);
	err = eh_conf_profile_load(&file.document, path, &report);
	if (err == EH_OK) {
		source = eh_conf_profile_get_source(file.document);
		err = eh_profile_file_check(&file, args, &report);
	}
	if (err == EH_OK || err == EH_ERR_CONFIG) {
		shown = show(args, path, source, &report);
		err = shown != EH_OK ? shown :
				       eh_findings_result(args, &report, path);
	}
	eh_profile_file_close(&file);
	eh_report_wipe(&report);
	return err;
}

static int
run(struct eh_args *args)
{
	int err, result = EH_OK;

	if (eh_args_get(args, "schema") != NULL)
		return eh_schema_json(&eh_conf_profile_schema, stdout);
	if (args->operands == 0)
		return eh_error_set(
		    &args->error, EH_ERR_ARGUMENT, "FILE is needed");
	for (unsigned i = 0; i < args->operands; i++)
		if ((err = check_file(args, args->operand[i])) != EH_OK)
			result = err;
	return result;
}

static const struct eh_option options[] = {
	EH_PROFILE_ISSUER_OPTION,
	{ "schema", NULL, 0, "print the JSON Schema of a profile instead" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_profile_check = {
	"profile check",
	"FILE...",
	0,
	EH_ARGS_MAX,
	"Show everything that is wrong with a profile (YAML).",
	options,
	"  edgehsm profile check gateway-a.yaml\n"
	"  edgehsm profile check --schema > profile.schema.json\n",
	run,
};
