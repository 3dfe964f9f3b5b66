/* SPDX-License-Identifier: Apache-2.0 */
/* login.h - who is logged in, and PINs. */
#ifndef EH_PKCS11_LOGIN_H
#define EH_PKCS11_LOGIN_H

#include "pkcs11-module/session.h"

#define EH_PIN_MIN 4
#define EH_PIN_MAX 255

/* C_Login, C_Logout, C_InitPIN, C_SetPIN.  A login is of the whole process. */
CK_RV eh_login(
    struct eh_session *, CK_USER_TYPE, const CK_BYTE *pin, CK_ULONG len);
CK_RV eh_login_end(struct eh_session *);
CK_RV eh_login_init_pin(
    struct eh_session *, const CK_BYTE *pin, CK_ULONG len);
CK_RV eh_login_set_pin(struct eh_session *, const CK_BYTE *old, CK_ULONG oldlen,
    const CK_BYTE *pin, CK_ULONG len);

#endif
