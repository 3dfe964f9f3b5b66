/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - the ProvisioningProfile document, ready for the compiler. */
#ifndef EH_ORCHESTRATOR_CONF_PROFILE_H
#define EH_ORCHESTRATOR_CONF_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/x509/compile.h"
#include "common/x509/source.h"
#include "orchestrator/conf/report.h"
#include "orchestrator/conf/schema.h"

/*
 * The OEM's document (edgehsm.yaml(5)).  Reading it checks it in full, but for
 * what needs an issuer's certificate, and gives what common/x509 takes.  So
 * also the station reads it, for keys, injection plan and record fields, and
 * asks eh_conf_profile_check_compiled() whether it is the document that was
 * authorized.
 */
struct eh_conf_profile;

/*
 * Read the file ${path} ("-": standard input).  Everything wrong goes to
 * ${report}.  Returns EH_OK, or EH_ERR_CONFIG or EH_ERR_MEMORY with
 * *${profilep} NULL.  Of several documents in the file it takes the
 * ProvisioningProfile.
 */
EH_MUST_CHECK int eh_conf_profile_load(struct eh_conf_profile **profilep,
    const char *path, struct eh_report *report);

/* The same for bytes that the user knows as ${name}. */
EH_MUST_CHECK int eh_conf_profile_parse(struct eh_conf_profile **profilep,
    const char *name, const void *bytes, size_t len, struct eh_report *report);

/* Free ${profile} and the source that was borrowed from it; NULL is allowed. */
void eh_conf_profile_free(struct eh_conf_profile *profile);

/* Borrow the typed source: what the compiler takes. */
const struct eh_profile_source *eh_conf_profile_get_source(
    const struct eh_conf_profile *profile);

/*
 * The issuer of a certificate is named by a label ("idevid-ca-2026").  Its own
 * certificate comes from the struct eh_conf_issuer of that label (edgehsm
 * profile compile --issuer idevid-ca-2026=fab1.pem), else from the file that
 * the document names, beside the document.
 */
struct eh_conf_issuer {
	const char *label;
	const char *file;		/* PEM or DER, a path from here */
};

/*
 * Read the issuers' certificates into ${issuers}, one per certificate of the
 * source.  Errors, also labels in ${given} that the document does not know, go
 * to ${report}.  Returns EH_OK, EH_ERR_CONFIG or EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_conf_profile_issuers(const struct eh_conf_profile *profile,
    const struct eh_conf_issuer *given, size_t count,
    struct eh_issuer issuers[EH_PROFILE_TEMPLATES], struct eh_report *report);

/*
 * Compile every template and run the linter of its standard on it; errors and
 * warnings go to ${report}, at the certificate they speak of.  With ${issuers}
 * NULL stand-ins are used, so that everything else is checked.  Returns EH_OK,
 * EH_ERR_CONFIG, EH_ERR_MEMORY or EH_ERR_CRYPTO.
 */
EH_MUST_CHECK int eh_conf_profile_check(const struct eh_conf_profile *profile,
    const struct eh_issuer *issuers, struct eh_report *report);

/*
 * Check that ${compiled} was made from this document: name, version, source
 * digest and plan digest.  Returns EH_OK, EH_ERR_CONFIG with a sentence,
 * EH_ERR_MEMORY or EH_ERR_CRYPTO.
 */
EH_MUST_CHECK int eh_conf_profile_check_compiled(
    const struct eh_conf_profile *profile, const struct eh_profile *compiled,
    struct eh_error *error);

/* Return ${file} of the document as a path from here, malloc'd, or NULL when
 * out of memory: absolute ones as they are, others beside the document. */
char *eh_conf_profile_path(
    const struct eh_conf_profile *profile, const char *file);

/* The schema, for --schema and the manual. */
extern const struct eh_schema_map eh_conf_profile_schema;

#endif
