/* SPDX-License-Identifier: Apache-2.0 */
/* profile_roots.c - the silicon CAs that a profile trusts. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto/keyid.h"
#include "common/x509/cert.h"
#include "orchestrator/conf/pem.h"
#include "orchestrator/conf/profile_private.h"

static const struct eh_yaml_node *
roots_node(const struct eh_conf_profile *profile)
{
	const struct eh_yaml_node *spec = profile->doc.spec->node;
	const struct eh_yaml_node *node =
	    eh_yaml_member(spec, "attestationRoots");

	return node != NULL ? node : spec;
}

/* SHA-256 of the SPKI of the certificate in ${path}. */
static int
read_root(const char *path, uint8_t digest[EH_DIGEST_LEN],
    struct eh_error *error)
{
	struct eh_rawkey key;
	struct eh_cert cert;
	struct eh_buf der;
	int err;

	if ((err = eh_pem_read(path, "CERTIFICATE", &der, error)) != EH_OK)
		goto out;
	if (eh_cert_decode(&cert, der.data, der.len) != EH_OK)
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "%s is not a certificate", path);
	else if (eh_rawkey_from_spki(&key, cert.spki.der.at,
	             cert.spki.der.len) != EH_OK ||
	    key.len != EH_P256_POINT_LEN)
		err = eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "%s: the key of a silicon CA must be on P-256", path);
	else
		eh_keyid_spki_digest(&key, digest);
out:
	eh_buf_free(&der);
	return err;
}

int
eh_conf_profile_roots(struct eh_conf_profile *profile,
    struct eh_report *report)
{
	const struct eh_yaml_node *node;
	struct eh_profile_source *source = profile->source;
	const struct doc_spec *spec = profile->doc.spec;
	struct eh_error error;
	char *path;

	if (spec == NULL || spec->evidence == EH_SCHEMA_NONE)
		return EH_OK;
	node = roots_node(profile);
	if (spec->evidence == EH_EVIDENCE_ATTESTED && spec->nroots == 0)
		eh_report_error(report, node, "evidence: attested needs "
		    "attestationRoots, the certificates of silicon CAs");
	if (spec->evidence != EH_EVIDENCE_ATTESTED && spec->nroots > 0)
		eh_report_error(report, node,
		    "attestationRoots go with evidence: attested");
	for (size_t i = 0; i < spec->nroots; i++) {
		if (spec->roots[i] == NULL)
			continue;	/* reported */
		path = eh_conf_profile_path(profile, spec->roots[i]);
		if (path == NULL)
			return EH_ERR_MEMORY;
		eh_error_clear(&error);
		if (read_root(path, source->root[source->roots], &error) ==
		    EH_OK)
			source->roots++;
		else
			eh_report_error(
			    report, node, "%s", eh_error_sentence(&error));
		free(path);
	}
	return EH_OK;
}
