/* SPDX-License-Identifier: Apache-2.0 */
/* recipe.c - a line with everything that it names, checked before it starts. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/hex.h"
#include "common/message/report.h"
#include "orchestrator/conf/options.h"
#include "orchestrator/flow/recipe.h"
#include "orchestrator/flow/recipe_check.h"

#define RANGE	     ".."
#define IDS_REPORTED 10
#define PLACES	     65536u

/* --- what the line names --- */

static void
load_compiled(struct eh_recipe *r, struct eh_report *report)
{
	const struct eh_yaml_node *node = r->line->profile->node;
	struct eh_error error;
	int err;

	eh_error_clear(&error);
	err = eh_profiles_load(r->compiled_path, &r->compiled, &error);
	if (err == EH_ERR_NOT_FOUND)
		eh_report_error(report, node,
		    "%s is missing: edgehsm profile compile %s makes it",
		    r->compiled_path, r->source_path);
	else if (err != EH_OK ||
	    (err = eh_conf_profile_check_compiled(
		 r->document, &r->compiled->profile, &error)) != EH_OK ||
	    (err = eh_profile_supported(&r->compiled->profile, &error)) !=
		EH_OK)
		eh_report_error(report, node, "%s: %s", r->compiled_path,
		    eh_error_sentence(&error));
}

/* Where proofs for a scope by tree are looked for: beside the compiled profile,
 * and where everybody looks. */
static char *
scope_folders(const char *compiled)
{
	const char *more = getenv("EDGEHSM_PROFILES"), *slash;
	char *list = NULL;

	if (compiled == NULL)
		return NULL;
	slash = strrchr(compiled, '/');
	if (asprintf(&list, "%.*s%s%s",
	        slash != NULL ? (int)(slash - compiled) + 1 : 1,
	        slash != NULL ? compiled : ".", more != NULL ? ":" : "",
	        more != NULL ? more : "") < 0)
		return NULL;
	return list;
}

static int
load_profile(struct eh_recipe *r, struct eh_report *report)
{
	int err;

	r->source_path = eh_line_source_path(r->line);
	r->compiled_path = eh_line_compiled_path(r->line);
	r->folders = scope_folders(r->compiled_path);
	if (r->source_path == NULL || r->compiled_path == NULL ||
	    r->folders == NULL)
		return EH_ERR_MEMORY;
	if (access(r->source_path, R_OK) != 0) {
		eh_report_error(report, r->line->profile->node,
		    "%s: %s (profile.source names another file)",
		    r->source_path, strerror(errno));
		return EH_ERR_CONFIG;
	}
	err = eh_conf_profile_load(&r->document, r->source_path, report);
	if (err != EH_OK)
		return err;
	r->source = eh_conf_profile_get_source(r->document);
	eh_line_check_profile(r->line, r->source, report);
	load_compiled(r, report);
	return EH_OK;
}

static int
load_driver(struct eh_recipe *r, struct eh_report *report)
{
	const struct eh_line_chip *chip = r->line->chip;
	struct eh_error error;
	int err;

	eh_error_clear(&error);
	err = eh_plugin_load_chip(chip->driver, &r->driver, &error);
	if (err != EH_OK) {
		eh_report_error(report, eh_yaml_member(chip->node, "driver"),
		    "%s", eh_error_sentence(&error));
		return EH_OK;
	}
	err = eh_options_json(chip->node, r->driver->plugin->options,
	    r->driver->plugin->noptions, &r->config, report);
	return err == EH_ERR_MEMORY ? err : EH_OK;
}

/* Member ${key} of spec:, for complaints about the line as a whole. */
static const struct eh_yaml_node *
spec_member(const struct eh_recipe *r, const char *key)
{
	return eh_yaml_member(r->line->profile->node->parent, key);
}

/* "pkcs11:token=LABEL", the label percent-encoded where it must be. */
static void
read_token(struct eh_recipe *r, struct eh_report *report)
{
	static const char head[] = "pkcs11:token=";
	const char *uri = r->line->token, *c = uri + sizeof(head) - 1;
	size_t n = 0;

	if (strncmp(uri, head, sizeof(head) - 1) != 0 ||
	    strpbrk(uri, ";?&") != NULL) {
		eh_report_error(report, spec_member(r, "token"),
		    "'%s': this version knows pkcs11:token=LABEL and nothing "
		    "beside it; the module is --module's or EDGEHSM_MODULE's",
		    uri);
		return;
	}
	for (; *c != '\0' && n < EH_NAME_MAX; c++) {
		r->token[n] = *c;
		if (*c == '%') {
			if (c[1] == '\0' ||
			    eh_hex_decode(c + 1, 2, &r->token[n], 1, NULL) !=
				EH_OK)
				break;
			c += 2;
		}
		n++;
	}
	r->token[n] = '\0';
	if (*c != '\0' || n == 0 || n > 32 || strlen(r->token) != n)
		eh_report_error(report, spec_member(r, "token"),
		    "'%s': the label of a token has 1 to 32 characters", uri);
}

/* --- what the profile's plan needs --- */

/* "cert/3" is place 3 of the driver. */
static int
parse_place(const char *name, uint32_t *numberp)
{
	static const char head[] = "cert/";
	const char *c = name + sizeof(head) - 1;
	uint32_t n = 0;

	if (strncmp(name, head, sizeof(head) - 1) != 0 || *c == '\0' ||
	    (c[0] == '0' && c[1] != '\0'))
		return 0;
	for (; *c != '\0'; c++) {
		if (*c < '0' || *c > '9')
			return 0;
		n = n * 10 + (uint32_t)(*c - '0');
		if (n >= PLACES)
			return 0;
	}
	*numberp = n;
	return 1;
}

static int
certificate_index(const struct eh_profile_source *source, const char *id)
{
	for (unsigned i = 0; i < source->certificates; i++)
		if (strcmp(source->certificate[i].id, id) == 0)
			return (int)i;
	return -1;
}

static void
read_places(struct eh_recipe *r, struct eh_report *report)
{
	static const char head[] = "certificate/";

	for (unsigned i = 0; i < r->source->injections; i++) {
		const struct eh_source_injection *in = &r->source->injection[i];
		struct eh_recipe_place *p = &r->place[r->nplaces];
		int index = strncmp(in->object, head, sizeof(head) - 1) == 0 ?
		    certificate_index(
			r->source, in->object + sizeof(head) - 1) :
		    -1;

		if (index < 0)
			continue;	/* the document has said so */
		if (!parse_place(in->place, &p->number)) {
			eh_report_place(report, EH_SEVERITY_ERROR,
			    r->source_path, 0, 0,
			    "place '%s' of %s: the places of certificates are "
			    "cert/0 to cert/%u",
			    in->place, in->object, PLACES - 1);
			continue;
		}
		if (r->nplaces == EH_REPORT_PLACES_MAX) {
			eh_report_place(report, EH_SEVERITY_ERROR,
			    r->source_path, 0, 0,
			    "more than %d places: a report has room for no "
			    "more",
			    EH_REPORT_PLACES_MAX);
			return;
		}
		p->name = in->place;
		p->index = (unsigned)index;
		p->verify =
		    in->verify != NULL && strcmp(in->verify, "read-back") == 0;
		r->nplaces++;
	}
}

int
eh_recipe_load(
    struct eh_recipe *r, const char *path, struct eh_report *report)
{
	int err;

	memset(r, 0, sizeof(*r));
	if ((err = eh_line_load(&r->line, path, report)) != EH_OK)
		return err;
	read_token(r, report);
	if ((err = load_profile(r, report)) == EH_ERR_MEMORY ||
	    (err = load_driver(r, report)) != EH_OK)
		return err;
	if (r->source != NULL)
		read_places(r, report);
	eh_recipe_check(r, report);
	return report->errors == 0 ? EH_OK : EH_ERR_CONFIG;
}

void
eh_recipe_wipe(struct eh_recipe *r)
{
	eh_line_ids_free(&r->ids);
	free(r->config);
	eh_plugin_free(r->driver);
	eh_profiles_free(r->compiled);
	eh_conf_profile_free(r->document);
	free(r->source_path);
	free(r->compiled_path);
	free(r->folders);
	eh_line_free(r->line);
	memset(r, 0, sizeof(*r));
}

/* --- units --- */

static int
read_range(struct eh_recipe *r, const char *range, struct eh_report *report)
{
	const char *dots = strstr(range, RANGE);
	char *from;
	int err;

	if (dots == NULL)
		from = strdup(range);
	else
		from = strndup(range, (size_t)(dots - range));
	if (from == NULL)
		return EH_ERR_MEMORY;
	if (dots != NULL) {
		err = eh_line_ids_range(
		    from, dots + strlen(RANGE), &r->ids, report);
		free(from);
		return err;
	}
	/* One id, whatever it looks like: it need not end in a digit. */
	if ((r->ids.id = calloc(1, sizeof(char *))) == NULL) {
		free(from);
		return EH_ERR_MEMORY;
	}
	r->ids.id[0] = from;
	r->ids.count = 1;
	return EH_OK;
}

static void
check_ids(const struct eh_recipe *r, struct eh_report *report)
{
	const struct eh_yaml_node *node =
	    r->line->units != NULL ? r->line->units->node : NULL;
	struct eh_device_id device;
	struct eh_error error;
	size_t wrong = 0;

	for (size_t i = 0; i < r->ids.count; i++) {
		eh_error_clear(&error);
		if (eh_profile_parse_device(&r->compiled->profile,
			r->ids.id[i], &device, &error) == EH_OK)
			continue;
		/* A wrong prefix is wrong a thousand times. */
		if (++wrong <= IDS_REPORTED)
			eh_report_error(report, node, "unit '%s': %s",
			    r->ids.id[i], eh_error_sentence(&error));
	}
	if (wrong > IDS_REPORTED)
		eh_report_error(report, node, "and %zu units more like these",
		    wrong - IDS_REPORTED);
}

int
eh_recipe_units(struct eh_recipe *r, const char *range, const char *file,
    struct eh_report *report)
{
	size_t before = report->errors;
	int err;

	eh_line_ids_free(&r->ids);
	if (range != NULL)
		err = read_range(r, range, report);
	else if (file != NULL)
		err = eh_line_ids_file(file, &r->ids, report);
	else
		err = eh_line_ids_read(r->line, &r->ids, report);
	if (err != EH_OK)
		return err;
	if (r->ids.count == 0)
		eh_report_error(report, NULL,
		    "which units? The line has no units:, so name them: "
		    "--units FIRST..LAST or --units-file FILE");
	if (r->compiled != NULL)
		check_ids(r, report);
	return report->errors == before ? EH_OK : EH_ERR_CONFIG;
}

/* --- questions --- */

int
eh_recipe_station(const struct eh_recipe *r, const char *id,
    const struct eh_line_station **stationp, struct eh_error *error)
{
	const struct eh_line *line = r->line;
	char names[160] = "";

	*stationp = NULL;
	for (size_t i = 0; i < line->nstations; i++) {
		if (id != NULL ? strcmp(line->stations[i].id, id) == 0 :
				 line->nstations == 1)
			*stationp = &line->stations[i];
		snprintf(names + strlen(names), sizeof(names) - strlen(names),
		    "%s%s", i > 0 ? ", " : "", line->stations[i].id);
	}
	if (*stationp != NULL)
		return EH_OK;
	if (id == NULL)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "--station is needed: line %s has %s", line->name, names);
	return eh_error_set(error, EH_ERR_ARGUMENT,
	    "line %s has no station %s; it has: %s", line->name, id, names);
}

unsigned
eh_recipe_certificates(const struct eh_recipe *r,
    const struct eh_line_step *step, unsigned index[EH_PROFILE_TEMPLATES])
{
	unsigned n = 0;
	int found;

	if (step->with == NULL || step->with->ncertificates == 0) {
		for (; n < r->source->certificates; n++)
			index[n] = n;
		return n;
	}
	for (size_t i = 0;
	     i < step->with->ncertificates && n < EH_PROFILE_TEMPLATES; i++) {
		found = certificate_index(
		    r->source, step->with->certificates[i]);
		if (found >= 0)
			index[n++] = (unsigned)found;
	}
	return n;
}

int
eh_recipe_key(const struct eh_recipe *r, const char *id)
{
	for (unsigned i = 0; i < r->source->keys; i++)
		if (strcmp(r->source->key[i].id, id) == 0)
			return (int)i;
	return -1;
}

int
eh_recipe_wants(const struct eh_recipe *r, const char *field)
{
	for (unsigned i = 0; i < r->source->records; i++)
		if (strcmp(r->source->record[i], field) == 0)
			return 1;
	return 0;
}
