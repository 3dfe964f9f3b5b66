/* SPDX-License-Identifier: Apache-2.0 */
/* certify.h - from a TBSCertificate to a certificate, signed in the token
 * through the OpenSSL provider. */
#ifndef EH_ORCHESTRATOR_FLOW_CERTIFY_H
#define EH_ORCHESTRATOR_FLOW_CERTIFY_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/message/param.h"
#include "orchestrator/token/token.h"

/*
 * A library context of its own with the providers default and edgehsm: nothing
 * of it is seen by the rest of the process.  The provider is looked for where
 * it was installed, or in $OPENSSL_MODULES; it loads the module that ${token}
 * has open.  Used by one thread at a time.
 */
struct eh_certifier;

/* Borrow ${token}; ${pin_file} (may be NULL) is where the provider reads the
 * PIN.  EH_ERR_UNAVAILABLE when a provider does not load. */
EH_MUST_CHECK int eh_certifier_new(const struct eh_token *token,
    const char *pin_file, struct eh_certifier **, struct eh_error *);
void eh_certifier_free(struct eh_certifier *);

/*
 * Sign ${tbs} with the token's key ${key} as ${param} says, check the signature
 * with the default provider, and append the DER certificate to ${der}.  A
 * refusal of the boundary is its EH_DENIED_* with its sentence.
 */
EH_MUST_CHECK int eh_certifier_sign(struct eh_certifier *,
    const char *token_label, const struct eh_token_key *key,
    const struct eh_issue_param *param, const uint8_t *tbs, size_t len,
    struct eh_buf *der, struct eh_error *);

#endif
