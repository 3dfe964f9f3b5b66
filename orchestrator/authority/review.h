/* SPDX-License-Identifier: Apache-2.0 */
/* review.h - is a compiled profile one that an OEM would sign for? */
#ifndef EH_ORCHESTRATOR_AUTHORITY_REVIEW_H
#define EH_ORCHESTRATOR_AUTHORITY_REVIEW_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/x509/profile.h"
#include "orchestrator/authority/store.h"

/*
 * A profile is compiled where its issuing keys are, in the factory, and the
 * EdgeHSM compares octets only: what a template may make is decided by whoever
 * signs for its digest.  So the authority looks for itself.
 */

/*
 * Render a sample of every template and check it: the rules of the standard
 * that it names hold, and it is never the certificate of a CA.
 * EH_DENIED_TEMPLATE with the rule.  A hostile compiler can still hide
 * something in a field; only eh_review_source() finds that.
 */
EH_MUST_CHECK int eh_review_profile(
    const struct eh_profile *, struct eh_error *);

/*
 * Compile the document ${path} with the certificates that this authority made
 * for the profile's issuing keys, and compare every octet.  EH_DENIED_TEMPLATE
 * when they differ; EH_DENIED_KEY when a key was never certified here;
 * EH_ERR_CONFIG when the document is wrong, with its first error.
 */
EH_MUST_CHECK int eh_review_source(struct eh_store *,
    const struct eh_profile *, const void *compiled, size_t len,
    const char *path, struct eh_error *);

#endif
