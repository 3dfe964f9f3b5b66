/* SPDX-License-Identifier: Apache-2.0 */
/* profile_compile.c - edgehsm profile compile: YAML to *.ehprofile. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/hex.h"
#include "orchestrator/cli/findings.h"
#include "orchestrator/cli/profile.h"
#include "orchestrator/cli/profile_file.h"
#include "orchestrator/conf/path.h"

#define DIGEST_HEX EH_HEX_SIZE(EH_DIGEST_LEN)

static json_t *
template_json(const struct eh_template *t, unsigned index)
{
	char issuer[DIGEST_HEX];

	eh_hex_encode(t->issuer, sizeof(t->issuer), issuer);
	return json_pack("{s:i, s:s, s:s, s:I, s:s}", "index", (int)index,
	    "id", t->id, "standard", eh_standard_name(t->standard), "octets",
	    (json_int_t)t->tbslen, "issuer", issuer);
}

static int
show_json(const struct eh_profile *profile, const char *out,
    const char *config, const char *source, struct eh_report *report)
{
	json_t *templates = json_array();

	for (unsigned i = 0; i < profile->templates; i++)
		if (json_array_append_new(templates,
			template_json(&profile->template[i], i)) != 0) {
			json_decref(templates);
			return EH_ERR_MEMORY;
		}
	return eh_command_put(json_pack(
	    "{s:s, s:I, s:s, s:s, s:o?, s:s, s:o?}", "profile", profile->name,
	    "version", (json_int_t)profile->version, "config_digest", config,
	    "source_digest", source, "templates", templates, "file", out,
	    "findings", eh_findings_json(report)));
}

static int
show(struct eh_args *args, const struct eh_profile_file *file, const char *out,
    struct eh_report *report)
{
	const struct eh_profile *profile = file->profile;
	char config[DIGEST_HEX], source[DIGEST_HEX], issuer[DIGEST_HEX];
	uint8_t digest[EH_DIGEST_LEN];

	eh_profile_digest(file->bytes.data, file->bytes.len, digest);
	eh_hex_encode(digest, sizeof(digest), config);
	eh_hex_encode(profile->source, sizeof(profile->source), source);
	if (args->json)
		return show_json(profile, out, config, source, report);
	printf("profile        %s version %" PRIu32 "\n", profile->name,
	    profile->version);
	printf("config digest  %s\n", config);
	printf("source digest  %s\n", source);
	for (unsigned i = 0; i < profile->templates; i++) {
		const struct eh_template *t = &profile->template[i];

		eh_hex_encode(t->issuer, sizeof(t->issuer), issuer);
		printf("template %-5u %s, %s, %zu octets, "
		       "issuer key %.16s...\n",
		    i, t->id, eh_standard_name(t->standard), t->tbslen,
		    issuer);
	}
	printf("written        %s, %zu octets\n", out, file->bytes.len);
	return EH_OK;
}

/* NAME.ehprofile beside the YAML; a slash in a name is no folder. */
static char *
default_path(const char *yaml, const char *name)
{
	char file[EH_NAME_MAX + sizeof(".ehprofile")];

	snprintf(file, sizeof(file), "%s.ehprofile", name);
	for (char *c = file; *c != '\0'; c++)
		if (*c == '/')
			*c = '_';
	return eh_path_beside(yaml, file);
}

static int
compile(struct eh_args *args, const char *path, struct eh_profile_file *file,
    struct eh_report *report)
{
	const char *given = eh_args_get(args, "out");
	char *out;
	int err;

	eh_buf_init(&file->bytes, EH_PROFILE_MAX);
	err = eh_conf_profile_load(&file->document, path, report);
	if (err == EH_OK)
		err = eh_profile_file_compile(file, args, report);
	if (err != EH_OK)
		return err;
	out = given != NULL ? strdup(given) :
			      default_path(path, file->profile->name);
	if (out == NULL)
		return EH_ERR_MEMORY;
	err = eh_file_write(out, file->bytes.data, file->bytes.len, 0644,
	    &args->error);
	if (err == EH_OK)
		err = show(args, file, out, report);
	free(out);
	return err;
}

static int
run(struct eh_args *args)
{
	struct eh_profile_file file = { .kind = EH_PROFILE_FILE_YAML };
	struct eh_report report;
	int err, shown = EH_OK;

	eh_report_init(&report);
	err = compile(args, args->operand[0], &file, &report);
	eh_findings_print(args, &report);
	if (err == EH_ERR_CONFIG && report.errors > 0) {
		if (args->json)
			shown = eh_command_put(json_pack("{s:s, s:o?}",
			    "file", args->operand[0], "findings",
			    eh_findings_json(&report)));
		err = eh_findings_result(args, &report, args->operand[0]);
	}
	eh_profile_file_close(&file);
	eh_report_wipe(&report);
	return shown != EH_OK ? shown : err;
}

static const struct eh_option options[] = {
	EH_PROFILE_ISSUER_OPTION,
	{ "out", "FILE", 0, "write here, not to NAME.ehprofile beside it" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_profile_compile = {
	"profile compile",
	"FILE",
	1,
	1,
	"Compile a profile (YAML) for one EdgeHSM.",
	options,
	"  edgehsm profile compile gateway-a.yaml\n"
	"  edgehsm profile compile gateway-b.yaml --issuer "
	"idevid-ca-2026=fab1-idevid.pem\n"
	"      --issuer pai-fff1=fab1-pai.pem --out fab1/gateway-b.ehprofile\n",
	run,
};
