/* SPDX-License-Identifier: Apache-2.0 */
/* host.h - what the host claims about itself, on its way into a record. */
#ifndef EH_QUOTA_ENGINE_HOST_H
#define EH_QUOTA_ENGINE_HOST_H

#include "quota-engine/boundary.h"

/* Put factory (ours), ${line} and ${station} (claims) into ${record}, when both
 * were claimed; a record has all three or none. */
void eh_host_claims(struct eh_boundary *, const char *line,
    const char *station, struct eh_record *record);

#endif
