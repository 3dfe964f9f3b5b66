/* SPDX-License-Identifier: Apache-2.0 */
/* issue.h - naming the authorization under which a certificate is signed. */
#ifndef EH_PROVIDER_ISSUE_H
#define EH_PROVIDER_ISSUE_H

#include <openssl/core.h>

#include "provider/key.h"

/*
 * Parameters of signature contexts and keys.  The first is set (-sigopt
 * authorization:PO-4711), or the second instead of it (-sigopt
 * hexissue-param:a1...): the whole parameter of CKM_EDGEHSM_ISSUE, which goes to
 * the token as it is.  The others are read: devices left, as a number, and the
 * end of validity, as RFC 3339 text.
 */
#define EH_PARAM_AUTHORIZATION "authorization"
#define EH_PARAM_ISSUE         "issue-param"
#define EH_PARAM_REMAINING     "authorization-remaining"
#define EH_PARAM_NOT_AFTER     "authorization-not-after"

/* The parameter of CKM_EDGEHSM_ISSUE that names an authorization and nothing
 * else: the CBOR map {1: id}, always this long. */
#define EH_ISSUE_PARAM_LEN 19

/*
 * Return the authorization that is named for ${key}, or NULL when none is:
 * ${chosen} for this operation (an empty text takes back what stands
 * elsewhere), else the URI's x-authorization, else the provider's.
 */
const char *eh_issue_name(const struct eh_key *key, const char *chosen);

/*
 * Make the mechanism's parameter for ${name}: 32 hex digits are the
 * authorization's id, anything else is an order name, looked up in ${session}.
 * One authorization must have that name, or one live one among several.
 * Return 1, or 0 with an error raised that lists what there is.
 */
int eh_issue_param(struct eh_key *key, struct eh_slot *slot,
    CK_SESSION_HANDLE session, const char *name,
    unsigned char param[EH_ISSUE_PARAM_LEN]);

/*
 * Answer EH_PARAM_REMAINING and EH_PARAM_NOT_AFTER in ${params} for the
 * authorization that is named, or for the only live one.  Asks the token only
 * when one of them is there.  Return 1, or 0 with an error raised.
 */
int eh_issue_get_params(
    struct eh_key *key, const char *chosen, OSSL_PARAM params[]);

#endif
