/* SPDX-License-Identifier: Apache-2.0 */
/* show_store.h - the whole store on one screen. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_SHOW_STORE_H
#define EH_ORCHESTRATOR_AUTHORITY_SHOW_STORE_H

#include "orchestrator/authority/authority.h"
#include "orchestrator/cli/command.h"

/* Print who the authority is, its EdgeHSMs with their next sequence numbers,
 * open invitations, authorizations and, with --trail, what was done. */
EH_MUST_CHECK int eh_show_store(struct eh_args *, struct eh_authority *);

#endif
