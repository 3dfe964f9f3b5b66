/* SPDX-License-Identifier: Apache-2.0 */
/* issue.h - may this be signed by an issuing key? */
#ifndef EH_QUOTA_ENGINE_ISSUE_H
#define EH_QUOTA_ENGINE_ISSUE_H

#include "quota-engine/boundary.h"

/*
 * An issuing key signs complete messages, and only these (doc/format/template.md
 * section 4, doc/format/param.md):
 *
 *   a TBSCertificate that fits a template of an authorization bound to the key;
 *   the body of a PKCS#10 request for the key itself.
 *
 * ${param} is the parameter of CKM_EDGEHSM_ISSUE, NULL when a standard mechanism
 * was used.  On EH_OK the record is durable and ${signature} (r || s) may leave.
 * Every refusal of DESIGN's table is possible, each with a sentence; nothing is
 * spent then, and ${signature} is all zero.
 */
EH_MUST_CHECK int eh_issue_sign(struct eh_boundary *, const struct eh_caller *,
    const struct eh_state_key *key, const uint8_t *message, size_t len,
    const uint8_t *param, size_t paramlen,
    uint8_t signature[EH_SIGNATURE_LEN], struct eh_error *);

#endif
