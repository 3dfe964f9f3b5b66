/* SPDX-License-Identifier: Apache-2.0 */
/* profile_lint.c - edgehsm profile lint: the rules of a standard, on profiles
 * and on finished certificates. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/x509/lint.h"
#include "common/x509/words.h"
#include "orchestrator/cli/findings.h"
#include "orchestrator/cli/profile.h"
#include "orchestrator/cli/profile_file.h"

static const struct eh_word roles[] = {
	{ "device", EH_LINT_DEVICE, NULL },
	{ "pai", EH_LINT_PAI, NULL },
	{ "paa", EH_LINT_PAA, NULL },
	{ NULL, 0, NULL },
};

struct lint {
	struct eh_args *args;
	struct eh_report *report;
	const char *path;
	enum eh_standard standard;
	enum eh_lint_role role;
};

/* ${what}: of a profile the template's id, of a certificate its file. */
static void
note(void *arg, const char *what, const struct eh_lint_rule *broken)
{
	const struct lint *lint = arg;
	int same = lint->path == NULL || strcmp(what, lint->path) == 0;
	int broke = broken->severity == EH_LINT_ERROR;

	eh_report_place(lint->report,
	    broke ? EH_SEVERITY_ERROR : EH_SEVERITY_WARNING,
	    lint->path != NULL ? lint->path : what, 0, 0,
	    "%s%s%s %s: %s (%s)", same ? "" : what, same ? "" : ": ",
	    broke ? "breaks the rule" : "does not keep", broken->id,
	    broken->text, broken->source);
}

static int
get_word(struct eh_args *args, const char *option, const struct eh_word *words,
    int dflt, int *numberp)
{
	const char *word = eh_args_get(args, option);
	const struct eh_word *found;
	char list[128] = "";

	*numberp = dflt;
	if (word == NULL)
		return EH_OK;
	if ((found = eh_words_find(words, word)) != NULL) {
		*numberp = found->number;
		return EH_OK;
	}
	for (; words->word != NULL; words++) {
		strncat(list, list[0] != '\0' ? ", " : "",
		    sizeof(list) - strlen(list) - 1);
		strncat(list, words->word, sizeof(list) - strlen(list) - 1);
	}
	return eh_error_set(&args->error, EH_ERR_ARGUMENT,
	    "--%s %s: one of %s is needed", option, word, list);
}

static int
lint_certificate(struct lint *lint, const struct eh_buf *der)
{
	struct eh_lint linter = { .report = note, .arg = lint };
	int err;

	if (eh_args_get(lint->args, "standard") == NULL)
		return eh_error_set(&lint->args->error, EH_ERR_ARGUMENT,
		    "%s is a certificate: --standard says whose rules",
		    lint->path);
	err = eh_lint_cert(&linter, lint->standard, lint->role, lint->path,
	    der->data, der->len);
	if (err == EH_ERR_ARGUMENT)
		return eh_error_set(&lint->args->error, err,
		    "%s has no such role", eh_standard_name(lint->standard));
	if (err == EH_ERR_FORMAT)
		return eh_error_set(&lint->args->error, err,
		    "%s is not a certificate", lint->path);
	return err;
}

static int
lint_file(struct lint *lint, const char *path)
{
	struct eh_lint linter = { .report = note, .arg = lint };
	struct eh_profile_file file;
	int err;

	lint->path = path;
	err = eh_profile_file_open(&file, path, lint->args, lint->report);
	if (err == EH_OK && file.kind == EH_PROFILE_FILE_CERTIFICATE)
		err = lint_certificate(lint, &file.bytes);
	else if (err == EH_OK && file.kind == EH_PROFILE_FILE_COMPILED)
		err = eh_lint_profile(
		    &linter, file.profile, &lint->args->error);
	else if (err == EH_OK)
		err = eh_profile_file_check(&file, lint->args, lint->report);
	eh_profile_file_close(&file);
	/* What is in the report is told at the end, with all the others. */
	return err == EH_ERR_CONFIG && lint->report->errors > 0 ? EH_OK : err;
}

/* DAC, PAI and, when it is given, PAA: each in its role, and together. */
static int
lint_chain(struct lint *lint)
{
	struct eh_lint linter = { .report = note, .arg = lint };
	struct eh_profile_file file[3];
	struct eh_args *args = lint->args;
	int err = EH_OK;

	memset(file, 0, sizeof(file));
	if (args->operands < 2 || args->operands > 3)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--chain: DAC, PAI and at most the PAA are needed");
	for (unsigned i = 0; i < args->operands && err == EH_OK; i++) {
		err = eh_profile_file_open(
		    &file[i], args->operand[i], args, lint->report);
		if (err == EH_OK &&
		    file[i].kind != EH_PROFILE_FILE_CERTIFICATE)
			err = eh_error_set(&args->error, EH_ERR_FORMAT,
			    "%s is not a certificate", args->operand[i]);
	}
	if (err == EH_OK)
		err = eh_lint_matter_chain(&linter, file[0].bytes.data,
		    file[0].bytes.len, file[1].bytes.data, file[1].bytes.len,
		    file[2].bytes.data, file[2].bytes.len);
	if (err == EH_ERR_FORMAT && args->error.text[0] == '\0')
		eh_error_set(&args->error, err,
		    "one of the files is not a certificate");
	for (unsigned i = 0; i < 3; i++)
		eh_profile_file_close(&file[i]);
	return err;
}

static int
show(struct eh_args *args, struct eh_report *report)
{
	eh_findings_print(args, report);
	if (args->json)
		return eh_command_put(json_pack("{s:b, s:o?}", "good",
		    report->errors == 0, "findings",
		    eh_findings_json(report)));
	if (report->errors == 0)
		printf("good: no rule is broken%s\n",
		    report->warnings > 0 ? ", see the warnings" : "");
	return EH_OK;
}

static int
run(struct eh_args *args)
{
	struct eh_report report;
	struct lint lint = { .args = args, .report = &report };
	int err, standard, role;

	if ((err = get_word(args, "standard", eh_words_standard,
		 EH_STANDARD_NONE, &standard)) != EH_OK ||
	    (err = get_word(args, "role", roles, EH_LINT_DEVICE, &role)) !=
		EH_OK)
		return err;
	lint.standard = (enum eh_standard)standard;
	lint.role = (enum eh_lint_role)role;
	eh_report_init(&report);
	if (eh_args_get(args, "chain") != NULL)
		err = lint_chain(&lint);
	else
		for (unsigned i = 0; i < args->operands && err == EH_OK; i++)
			err = lint_file(&lint, args->operand[i]);
	if (err == EH_OK)
		err = show(args, &report);
	if (err == EH_OK)
		err = eh_findings_result(args, &report, "lint");
	eh_report_wipe(&report);
	return err;
}

static const struct eh_option options[] = {
	{ "standard", "NAME", 0, "for certificates: whose rules" },
	{ "role", "ROLE", 0, "for certificates: device, pai or paa" },
	{ "chain", NULL, 0, "the files are a Matter DAC, PAI and PAA" },
	EH_PROFILE_ISSUER_OPTION,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_profile_lint = {
	"profile lint",
	"FILE...",
	1,
	EH_ARGS_MAX,
	"Hold profiles or certificates against a standard.",
	options,
	"  edgehsm profile lint gateway-b.ehprofile\n"
	"  edgehsm profile lint --standard matter-dac dac.pem\n"
	"  edgehsm profile lint --chain dac.pem pai.pem paa.pem\n",
	run,
};
