/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - the ProvisioningProfile document, ready for the compiler. */
#ifndef EH_ORCHESTRATOR_CONF_PROFILE_H
#define EH_ORCHESTRATOR_CONF_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "orchestrator/conf/report.h"
#include "orchestrator/conf/schema.h"

struct eh_profile_source;		/* common/x509/compile.h */

/*
 * The OEM's document (edgehsm.yaml(5)).  Reading it checks it in full, reads
 * the issuers' certificates, and gives what common/x509/compile.h takes.
 *
 * The issuer of a certificate is named by a label ("idevid-ca-2026") and its
 * certificate comes, in this order, from a struct eh_conf_issuer of that label
 * (edgehsm profile compile --issuer idevid-ca-2026=fab1.pem), or from the file
 * that the document names, beside the document.
 */
struct eh_conf_issuer {
	const char *label;
	const char *file;		/* PEM or DER, a path from here */
};

#define EH_CONF_PROFILE_CHECK_ONLY 1u	/* issuers' certificates may be absent:
					 * no source is made from it */

struct eh_conf_profile;

/*
 * Read the file ${path} ("-": standard input) with ${count} ${issuers}.
 * Everything wrong goes to ${report}.  Returns EH_OK, or EH_ERR_CONFIG or
 * EH_ERR_MEMORY with *${profilep} NULL.
 */
EH_MUST_CHECK int eh_conf_profile_load(struct eh_conf_profile **profilep,
    const char *path, const struct eh_conf_issuer *issuers, size_t count,
    unsigned flags, struct eh_report *report);

/* The same for bytes that the user knows as ${name}. */
EH_MUST_CHECK int eh_conf_profile_parse(struct eh_conf_profile **profilep,
    const char *name, const void *bytes, size_t len,
    const struct eh_conf_issuer *issuers, size_t count, unsigned flags,
    struct eh_report *report);

/* Free ${profile} and the source that was borrowed from it; NULL is allowed. */
void eh_conf_profile_free(struct eh_conf_profile *profile);

/* Borrow what the compiler takes; NULL after EH_CONF_PROFILE_CHECK_ONLY. */
const struct eh_profile_source *eh_conf_profile_get_source(
    const struct eh_conf_profile *profile);

/* Name and version, and the source digest: equal for every issuing key. */
const char *eh_conf_profile_name(const struct eh_conf_profile *profile);
uint32_t eh_conf_profile_version(const struct eh_conf_profile *profile);
const uint8_t *eh_conf_profile_digest(const struct eh_conf_profile *profile);

/* Return where template ${index} stands in the document, for errors that are
 * found later (compiler, linter), or NULL. */
const struct eh_yaml_node *eh_conf_profile_template(
    const struct eh_conf_profile *profile, size_t index);

/* The schema, for --schema and the manual. */
extern const struct eh_schema_map eh_conf_profile_schema;

#endif
