/* SPDX-License-Identifier: Apache-2.0 */
/* login.h - where a PIN comes from, and the login with it. */
#ifndef EH_PROVIDER_LOGIN_H
#define EH_PROVIDER_LOGIN_H

#include <openssl/core.h>

#include "provider/slot.h"

struct eh_provider;

/* How a person can be asked; NULL when nobody can. */
struct eh_login_prompt {
	OSSL_PASSPHRASE_CALLBACK *ask;
	void *arg;
};

/*
 * Log in to the token of ${slot} when it asks for that and nobody has yet.  The
 * PIN is the first that there is of: the URI's pin-value, the URI's pin-source,
 * the provider's PIN (environment, then configuration), what a person typed
 * before, what a person answers to ${prompt}.  ${uri} and ${prompt} may be
 * NULL.  A PIN that the token has just refused is not sent again for a minute,
 * since tokens lock, and EdgeHSM makes the next try wait.
 *
 * Return 1, or 0 with an error raised.
 */
int eh_login(struct eh_provider *provider, struct eh_slot *slot,
    CK_SESSION_HANDLE session, const struct eh_uri *uri,
    const struct eh_login_prompt *prompt);

/* Return 1 when eh_login() needs nobody to ask, else 0.  Reads no file. */
int eh_login_is_silent(struct eh_provider *provider,
    const struct eh_slot *slot, const struct eh_uri *uri);

/* Forget that ${slot} is logged in: the token says that it is not. */
void eh_login_forget(struct eh_slot *slot);

/*
 * The login that a key with CKA_ALWAYS_AUTHENTICATE wants for each signature,
 * right after C_SignInit.  Return 1, or 0 with an error raised.
 */
int eh_login_for_key(struct eh_provider *provider, struct eh_slot *slot,
    CK_SESSION_HANDLE session, const struct eh_uri *uri);

#endif
