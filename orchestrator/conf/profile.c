/* SPDX-License-Identifier: Apache-2.0 */
/* profile.c - the ProvisioningProfile document, ready for the compiler. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/conf/path.h"
#include "orchestrator/conf/profile_private.h"

#define KIND "ProvisioningProfile"

static int
read_document(struct eh_conf_profile *profile,
    const struct eh_yaml_node *document, struct eh_report *report)
{
	int err;

	err = eh_schema_read(&eh_conf_profile_schema, document,
	    &profile->arena, report, &profile->doc);
	if (err != EH_OK)
		return err;
	profile->source = calloc(1, sizeof(*profile->source));
	if (profile->source == NULL)
		return EH_ERR_MEMORY;
	err = eh_conf_profile_fill(
	    &profile->doc, profile->source, &profile->arena, report);
	return err != EH_OK ? err : eh_conf_profile_roots(profile, report);
}

/* Takes ${yaml}, whatever the result. */
static int
from_yaml(struct eh_conf_profile **profilep, struct eh_yaml *yaml,
    struct eh_report *report)
{
	struct eh_conf_profile *profile = calloc(1, sizeof(*profile));
	const struct eh_yaml_node *document;
	int err = EH_OK;

	*profilep = NULL;
	if (profile == NULL) {
		eh_yaml_free(yaml);
		return EH_ERR_MEMORY;
	}
	profile->yaml = yaml;
	document = eh_yaml_select(yaml, KIND, report);
	if (document != NULL && eh_schema_check_kind(document, KIND, report))
		err = read_document(profile, document, report);
	if (err == EH_OK && report->errors > 0)
		err = EH_ERR_CONFIG;
	if (err == EH_OK)
		*profilep = profile;
	else
		eh_conf_profile_free(profile);
	return err;
}

int
eh_conf_profile_parse(struct eh_conf_profile **profilep, const char *name,
    const void *bytes, size_t len, struct eh_report *report)
{
	struct eh_yaml *yaml;
	int err = eh_yaml_parse(&yaml, name, bytes, len, report);

	*profilep = NULL;
	return err != EH_OK ? err : from_yaml(profilep, yaml, report);
}

int
eh_conf_profile_load(struct eh_conf_profile **profilep, const char *path,
    struct eh_report *report)
{
	struct eh_yaml *yaml;
	int err = eh_yaml_load(&yaml, path, report);

	*profilep = NULL;
	return err != EH_OK ? err : from_yaml(profilep, yaml, report);
}

void
eh_conf_profile_free(struct eh_conf_profile *profile)
{
	if (profile == NULL)
		return;
	free(profile->source);
	eh_arena_wipe(&profile->arena);
	eh_yaml_free(profile->yaml);
	free(profile);
}

const struct eh_profile_source *
eh_conf_profile_get_source(const struct eh_conf_profile *profile)
{
	return profile->source;
}

char *
eh_conf_profile_path(const struct eh_conf_profile *profile, const char *file)
{
	return eh_path_beside(eh_yaml_name(profile->yaml), file);
}

int
eh_conf_profile_check_compiled(const struct eh_conf_profile *profile,
    const struct eh_profile *compiled, struct eh_error *error)
{
	const struct eh_profile_source *source = profile->source;
	uint8_t digest[EH_DIGEST_LEN], plan[EH_DIGEST_LEN];
	int err;

	if (strcmp(compiled->name, source->name) != 0 ||
	    compiled->version != source->version)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s is profile %s version %u, the compiled profile is %s "
		    "version %u",
		    eh_yaml_name(profile->yaml), source->name, source->version,
		    compiled->name, compiled->version);
	if ((err = eh_source_digest(source, digest)) != EH_OK ||
	    (err = eh_source_plan_digest(source, plan)) != EH_OK)
		return eh_error_set(error, err, "%s: source digest: %s",
		    eh_yaml_name(profile->yaml), eh_err_text(err));
	if (memcmp(digest, compiled->source, sizeof(digest)) != 0 ||
	    memcmp(plan, compiled->plan, sizeof(plan)) != 0)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s is not what the compiled profile %s version %u was "
		    "made from: their source digests differ",
		    eh_yaml_name(profile->yaml), source->name,
		    source->version);
	return EH_OK;
}
