/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h - C_SignInit, C_Sign, C_SignUpdate, C_SignFinal. */
#ifndef EH_PKCS11_SIGN_H
#define EH_PKCS11_SIGN_H

#include "pkcs11-module/session.h"

/*
 * The rules, for all mechanisms: a call that fails ends the operation, but for
 * a size query and CKR_BUFFER_TOO_SMALL, which are answered without asking the
 * daemon; one part and several do not mix.  Parts are put together here, so
 * that the daemon gets the whole message in one request; C_Sign and C_SignFinal
 * therefore refuse with the same code.
 */
CK_RV eh_sign_init(
    struct eh_session *, const CK_MECHANISM *, CK_OBJECT_HANDLE key);
CK_RV eh_sign(struct eh_session *, const CK_BYTE *data, CK_ULONG len,
    CK_BYTE_PTR out, CK_ULONG_PTR outlen);
CK_RV eh_sign_update(struct eh_session *, const CK_BYTE *part, CK_ULONG len);
CK_RV eh_sign_final(struct eh_session *, CK_BYTE_PTR out, CK_ULONG_PTR outlen);

/* End the operation, if there is one; wipe what it held. */
void eh_sign_end(struct eh_session *);

#endif
