/* SPDX-License-Identifier: Apache-2.0 */
/* profile_order.c - what an authorization on the token says to whoever renders
 * a certificate under it. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/cli/profile_order.h"
#include "orchestrator/token/token.h"

int
eh_profile_order_get(
    struct eh_args *args, const char *name, struct eh_profile_order *order)
{
	struct eh_token_status *status = malloc(sizeof(*status));
	const struct eh_token_authorization *a;
	struct eh_token *token = NULL;
	int err;

	memset(order, 0, sizeof(*order));
	if (status == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_token_open(eh_args_get(args, "module"), &token,
		 &args->error)) != EH_OK ||
	    (err = eh_token_get_status(token, status, &args->error)) != EH_OK ||
	    (err = eh_token_choose(status, name, NULL, &a, &args->error)) !=
		EH_OK)
		goto out;
	memcpy(order->name, a->name, sizeof(order->name));
	memcpy(order->id, a->id, EH_ID_LEN);
	order->profile = a->profile;
	order->not_before = a->not_before;
	order->issue_number = a->burns;
out:
	eh_token_close(token);
	free(status);
	return err;
}

int
eh_profile_order_check(const struct eh_profile_order *order,
    const uint8_t digest[EH_DIGEST_LEN], struct eh_error *error)
{
	if (memcmp(digest, order->profile.digest, EH_DIGEST_LEN) == 0)
		return EH_OK;
	return eh_error_set(error, EH_DENIED_SCOPE,
	    "authorization %s is for profile %s version %" PRIu32
	    " with another digest than this file", order->name,
	    order->profile.name, order->profile.version);
}
