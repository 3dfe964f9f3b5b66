/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - the way of every verb to the token: module, login, and the options
 * that say where. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/wipe.h"
#include "orchestrator/cli/session.h"

int
eh_session_open(struct eh_args *args, struct eh_token **token)
{
	return eh_token_open(eh_args_get(args, "module"), token, &args->error);
}

int
eh_session_login(
    struct eh_args *args, enum eh_wire_role role, struct eh_token **token)
{
	struct eh_pin pin;
	int err;

	*token = NULL;
	if ((err = eh_pin_read(args, role, &pin)) != EH_OK ||
	    (err = eh_session_open(args, token)) != EH_OK ||
	    (err = eh_token_login(*token, role, pin.bytes, pin.len,
	         &args->error)) != EH_OK) {
		eh_token_close(*token);
		*token = NULL;
	}
	eh_wipe(&pin, sizeof(pin));
	return err;
}

const char *
eh_session_fingerprint(
    const uint8_t digest[EH_DIGEST_LEN], char text[EH_FINGERPRINT_TEXT])
{
	char *p = text;

	for (unsigned i = 0; i < EH_DIGEST_LEN; i++)
		p += sprintf(p, "%s%02x", i > 0 && i % 2 == 0 ? " " : "",
		    digest[i]);
	return text;
}
