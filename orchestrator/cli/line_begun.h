/* SPDX-License-Identifier: Apache-2.0 */
/* line_begun.h - how much of a work order a state folder has already. */
#ifndef EH_ORCHESTRATOR_CLI_LINE_BEGUN_H
#define EH_ORCHESTRATOR_CLI_LINE_BEGUN_H

#include <stddef.h>

#include "common/err.h"
#include "orchestrator/conf/line.h"

struct eh_line_begun {
	size_t finished;	/* good or scrapped: a run passes them over */
	size_t begun;		/* under an authorization, which has counted
				 * them, or will with their certificate */
};

/* Look at the units of ${ids} below ${path}; a folder that is not there has
 * none of them.  EH_ERR_FORMAT, EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_line_begun_count(const char *path,
    const struct eh_line_ids *ids, struct eh_line_begun *,
    struct eh_error *);

#endif
