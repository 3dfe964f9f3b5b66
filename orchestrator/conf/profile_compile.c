/* SPDX-License-Identifier: Apache-2.0 */
/* profile_compile.c - issuers of a profile, and what compiler and linter say of
 * it, at its place in the document. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/x509/lint.h"
#include "orchestrator/conf/pem.h"
#include "orchestrator/conf/profile_private.h"

static const struct eh_yaml_node *
certificate_node(const struct eh_conf_profile *profile, size_t i)
{
	return profile->doc.spec->certificates[i].node;
}

static void
check_given(const struct eh_conf_profile *profile,
    const struct eh_conf_issuer *given, size_t count, struct eh_report *report)
{
	const struct eh_profile_source *source = profile->source;

	for (size_t i = 0; i < count; i++) {
		unsigned k = 0;

		while (k < source->certificates &&
		    strcmp(source->certificate[k].issuer_key,
			given[i].label) != 0)
			k++;
		if (k == source->certificates)
			eh_report_place(report, EH_SEVERITY_ERROR,
			    eh_yaml_name(profile->yaml), 0, 0,
			    "no certificate has an issuer '%s' (--issuer)",
			    given[i].label);
	}
}

/* The path of the issuer's certificate, malloc'd. */
static int
find_file(const struct eh_conf_profile *profile, size_t i,
    const struct eh_conf_issuer *given, size_t count,
    struct eh_report *report, char **pathp)
{
	const struct doc_issuer *issuer =
	    profile->doc.spec->certificates[i].issuer;

	*pathp = NULL;
	for (size_t k = 0; k < count; k++) {
		if (strcmp(given[k].label, issuer->key) != 0)
			continue;
		*pathp = strdup(given[k].file);
		return *pathp != NULL ? EH_OK : EH_ERR_MEMORY;
	}
	if (issuer->certificate == NULL) {
		eh_report_error(report, issuer->node,
		    "the issuer's certificate is not named: give "
		    "--issuer %s=FILE",
		    issuer->key);
		return EH_ERR_CONFIG;
	}
	*pathp = eh_conf_profile_path(profile, issuer->certificate);
	return *pathp != NULL ? EH_OK : EH_ERR_MEMORY;
}

static int
read_issuer(const struct eh_conf_profile *profile, size_t i, const char *path,
    struct eh_issuer *issuer, struct eh_report *report)
{
	const struct doc_issuer *doc =
	    profile->doc.spec->certificates[i].issuer;
	struct eh_error error;
	struct eh_buf der;
	int err;

	eh_error_clear(&error);
	err = eh_pem_read(path, "CERTIFICATE", &der, &error);
	if (err != EH_OK) {
		eh_report_error(report, doc->node,
		    "%s (or give --issuer %s=FILE)", eh_error_sentence(&error),
		    doc->key);
	} else {
		err = eh_issuer_decode(issuer, der.data, der.len, &error);
		if (err != EH_OK)
			eh_report_error(report, doc->node, "%s: %s", path,
			    eh_error_sentence(&error));
	}
	eh_buf_free(&der);
	return err;
}

int
eh_conf_profile_issuers(const struct eh_conf_profile *profile,
    const struct eh_conf_issuer *given, size_t count,
    struct eh_issuer issuers[EH_PROFILE_TEMPLATES], struct eh_report *report)
{
	size_t before = report->errors;
	char *path;
	int err;

	check_given(profile, given, count, report);
	for (unsigned i = 0; i < profile->source->certificates; i++) {
		err = find_file(profile, i, given, count, report, &path);
		if (err == EH_OK)
			err = read_issuer(
			    profile, i, path, &issuers[i], report);
		free(path);
		if (err == EH_ERR_MEMORY)
			return err;
	}
	return report->errors > before ? EH_ERR_CONFIG : EH_OK;
}

/* An issuer of usual form, where the real one is not known: CN=issuer. */
static const struct eh_issuer *
stand_in(void)
{
	static const struct eh_issuer issuer = {
		.spki = { 1 },
		.subject = { 0x30, 0x11, 0x31, 0x0f, 0x30, 0x0d, 0x06, 0x03,
		    0x55, 0x04, 0x03, 0x0c, 0x06, 'i', 's', 's', 'u', 'e',
		    'r' },
		.subjectlen = 19,
		.key_id = { 1 },
		.key_idlen = 20,
	};

	return &issuer;
}

struct lint_at {
	const struct eh_yaml_node *node;
	struct eh_report *report;
};

static void
lint_report(void *arg, const char *what, const struct eh_lint_rule *broken)
{
	const struct lint_at *place = arg;

	(void)what;
	if (broken->severity == EH_LINT_ERROR)
		eh_report_error(place->report, place->node,
		    "breaks the rule %s: %s (%s)", broken->id, broken->text,
		    broken->source);
	else
		eh_report_warning(place->report, place->node,
		    "does not keep %s: %s (%s)", broken->id, broken->text,
		    broken->source);
}

/*
 * A profile of one template, which is what the linter needs to render it.  Key
 * numbers do not matter to it.
 */
static int
lint(const struct eh_conf_profile *profile, struct eh_profile *one,
    size_t i, struct eh_report *report)
{
	struct lint_at place = { certificate_node(profile, i), report };
	struct eh_lint linter = { .report = lint_report, .arg = &place };
	struct eh_error error;
	int err;

	eh_error_clear(&error);
	err = eh_lint_template(&linter, one, 0, &error);
	if (err != EH_OK)
		eh_report_error(report, place.node, "%s",
		    eh_error_sentence(&error));
	return err;
}

/* What rendering needs of the identity; the patterns were parsed before. */
static int
fill_identity(const struct eh_profile_source *source, struct eh_profile *one)
{
	struct eh_pattern *pattern = &one->identity.pattern;
	int err = eh_pattern_parse(pattern, source->identity.pattern, NULL);

	if (err != EH_OK)
		return err;
	one->identity.length = (uint8_t)eh_pattern_length(pattern);
	if (source->identity.lo != NULL) {
		one->identity.lo = (const uint8_t *)source->identity.lo;
		one->identity.hi = (const uint8_t *)source->identity.hi;
	}
	return EH_OK;
}

int
eh_conf_profile_check(const struct eh_conf_profile *profile,
    const struct eh_issuer *issuers, struct eh_report *report)
{
	const struct eh_profile_source *source = profile->source;
	struct eh_profile *one = calloc(1, sizeof(*one));
	uint8_t *tbs = malloc(EH_TBS_MAX);
	size_t before = report->errors;
	struct eh_error error;
	int err = EH_ERR_MEMORY;

	if (one == NULL || tbs == NULL)
		goto out;
	if ((err = fill_identity(source, one)) != EH_OK)
		goto out;
	one->templates = 1;
	for (unsigned i = 0; i < source->certificates; i++) {
		eh_error_clear(&error);
		err = eh_compile_template(source, i,
		    issuers != NULL ? &issuers[i] : stand_in(), tbs,
		    &one->template[0], &error);
		if (err == EH_OK)
			err = lint(profile, one, i, report);
		else
			eh_report_error(report, certificate_node(profile, i),
			    "%s", eh_error_sentence(&error));
		if (err == EH_ERR_MEMORY || err == EH_ERR_CRYPTO)
			goto out;
	}
	err = report->errors > before ? EH_ERR_CONFIG : EH_OK;
out:
	free(tbs);
	free(one);
	return err;
}
