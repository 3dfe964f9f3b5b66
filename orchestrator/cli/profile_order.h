/* SPDX-License-Identifier: Apache-2.0 */
/* profile_order.h - what an authorization on the token says to whoever renders
 * a certificate under it. */
#ifndef EH_ORCHESTRATOR_CLI_PROFILE_ORDER_H
#define EH_ORCHESTRATOR_CLI_PROFILE_ORDER_H

#include <stdint.h>

#include "common/err.h"
#include "common/message/types.h"
#include "orchestrator/cli/command.h"

struct eh_profile_order {
	char name[EH_NAME_MAX + 1];	/* order name, or the id in hex */
	uint8_t id[EH_ID_LEN];
	struct eh_profile_ref profile;
	uint64_t not_before;
	uint16_t issue_number;	/* of a device that has no certificate yet */
};

/*
 * Ask the token (--module) for the authorization called ${name}: order name, or
 * id as 32 hex digits.  No login is needed.  EH_ERR_NOT_FOUND lists what there
 * is; the sentence is in args->error.
 */
EH_MUST_CHECK int eh_profile_order_get(
    struct eh_args *args, const char *name, struct eh_profile_order *order);

/* EH_DENIED_SCOPE, saying whose it is, unless ${digest} is that of the order's
 * profile. */
EH_MUST_CHECK int eh_profile_order_check(const struct eh_profile_order *order,
    const uint8_t digest[EH_DIGEST_LEN], struct eh_error *error);

#endif
