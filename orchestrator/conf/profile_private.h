/* SPDX-License-Identifier: Apache-2.0 */
/* profile_private.h - inside of a profile, for profile*.c alone. */
#ifndef EH_ORCHESTRATOR_CONF_PROFILE_PRIVATE_H
#define EH_ORCHESTRATOR_CONF_PROFILE_PRIVATE_H

#include "orchestrator/conf/profile.h"
#include "orchestrator/conf/profile_schema.h"

struct eh_conf_profile {
	struct eh_yaml *yaml;
	struct eh_arena arena;
	struct doc_profile doc;
	struct eh_profile_source *source;
};

/*
 * Check the rules between the fields of ${doc} and put it into ${source},
 * which borrows its texts.  Errors go to ${report}; ${doc} may have some
 * already.  Returns EH_OK or EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_conf_profile_fill(const struct doc_profile *doc,
    struct eh_profile_source *source, struct eh_arena *arena,
    struct eh_report *report);

/* Read the files of attestationRoots into ${profile->source} (roots.c).  Errors
 * go to ${report}; EH_OK or EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_conf_profile_roots(
    struct eh_conf_profile *profile, struct eh_report *report);

#endif
