/* SPDX-License-Identifier: Apache-2.0 */
/* prerevoke.h - serials that may have been issued though no record shows it. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_PREREVOKE_H
#define EH_ORCHESTRATOR_AUTHORITY_PREREVOKE_H

#include "common/message/pauth.h"
#include "common/x509/profile.h"
#include "orchestrator/authority/store.h"

#define EH_PREREVOKE_IDS_MAX 4194304u	/* devices of a scope */

/*
 * Call ${each} for every device of a scope, until it does not return EH_OK, which
 * is then returned.  EH_ERR_UNSUPPORTED when the scope names none ("any"), or
 * more than EH_PREREVOKE_IDS_MAX; ${each} was not called then.
 */
EH_MUST_CHECK int eh_prerevoke_each_device(struct eh_store *,
    const struct eh_scope *, const struct eh_profile *,
    int (*each)(void *arg, const struct eh_device_id *), void *arg,
    struct eh_error *);

/*
 * Keep as pre-revoked, for every device of the authorization's scope and every
 * template of its profile, the serials of the issue numbers 0 to ${last} of
 * which the log has no record (doc/format/template.md).  ${count} is how many.
 * EH_ERR_UNSUPPORTED as above.
 */
EH_MUST_CHECK int eh_prerevoke(struct eh_store *, const struct eh_pauth *,
    const struct eh_profile *, uint16_t last, uint64_t now, uint64_t *countp,
    struct eh_error *);

#endif
