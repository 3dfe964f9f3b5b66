/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h - the three names that the module shows. */
#ifndef EH_PKCS11_ENTRY_H
#define EH_PKCS11_ENTRY_H

#include "pkcs11-module/edgehsm-pkcs11.h"

#define EH_EXPORT __attribute__((visibility("default")))

/* PKCS#11 3.0 section 5.4; module.map lists them too. */
EH_EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST **);
EH_EXPORT CK_RV C_GetInterfaceList(CK_INTERFACE *, CK_ULONG *);
EH_EXPORT CK_RV C_GetInterface(
    CK_UTF8CHAR *, CK_VERSION *, CK_INTERFACE **, CK_FLAGS);

#endif
