/* SPDX-License-Identifier: Apache-2.0 */
/* private.h - what the files of this folder share of an open module. */
#ifndef EH_ORCHESTRATOR_TOKEN_PRIVATE_H
#define EH_ORCHESTRATOR_TOKEN_PRIVATE_H

#include "orchestrator/token/token.h"
#include "pkcs11-module/edgehsm-pkcs11.h"

struct eh_token {
	char *path;
	void *library;
	CK_FUNCTION_LIST *p11;
	CK_EDGEHSM_FUNCTIONS *vendor;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;	/* CK_INVALID_HANDLE: none yet */
};

/* Turn ${rv} of the call ${what} into an error with the boundary's sentence, or
 * one of our own when it has none.  EH_OK for CKR_OK. */
int eh_token_failed(
    struct eh_token *, CK_RV rv, const char *what, struct eh_error *);

/*
 * Ask a vendor function twice, for the length and for the bytes, and append them
 * to ${out}.  ${call} gets ${arg}, a buffer and its length.
 */
int eh_token_fetch(struct eh_token *, const char *what,
    CK_RV (*call)(struct eh_token *, void *arg, CK_BYTE *, CK_ULONG *),
    void *arg, struct eh_buf *out, struct eh_error *);

#endif
