/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - the way of every verb to the token: module, login, and the options
 * that say where. */
#ifndef EH_ORCHESTRATOR_CLI_SESSION_H
#define EH_ORCHESTRATOR_CLI_SESSION_H

#include "orchestrator/cli/command.h"
#include "orchestrator/cli/pin.h"
#include "orchestrator/token/token.h"

/* Rows for the option table of a verb that talks to the token. */
#define EH_OPTION_MODULE                                                       \
	{ "module", "FILE", 0,                                                 \
	    "the PKCS#11 module (else $EDGEHSM_MODULE)" }
#define EH_OPTION_PIN                                                          \
	{ "pin-file", "FILE", 0,                                               \
	    "the operator's PIN (else $EDGEHSM_PIN_FILE)" }
#define EH_OPTION_SO_PIN                                                       \
	{ "so-pin-file", "FILE", 0,                                            \
	    "the security officer's PIN (else $EDGEHSM_SO_PIN_FILE)" }

/* Open the module that --module names, or the default. */
EH_MUST_CHECK int eh_session_open(struct eh_args *, struct eh_token **);

/* The same, and log in as ${role} with the PIN of pin.h. */
EH_MUST_CHECK int eh_session_login(
    struct eh_args *, enum eh_wire_role role, struct eh_token **);

/* SHA-256 for people to compare over the telephone: hex in groups of 4. */
#define EH_FINGERPRINT_TEXT 80
const char *eh_session_fingerprint(
    const uint8_t digest[EH_DIGEST_LEN], char text[EH_FINGERPRINT_TEXT]);

#endif
