/* SPDX-License-Identifier: Apache-2.0 */
/* find.h - search and attributes. */
#ifndef EH_PKCS11_FIND_H
#define EH_PKCS11_FIND_H

#include "pkcs11-module/session.h"

/* C_FindObjectsInit: everything is found here, C_FindObjects only hands out. */
CK_RV eh_find_begin(struct eh_session *, const CK_ATTRIBUTE *, CK_ULONG count);
CK_RV eh_find_next(struct eh_session *, CK_OBJECT_HANDLE *out, CK_ULONG most,
    CK_ULONG *np);
CK_RV eh_find_finish(struct eh_session *);

/* Drop a search, if there is one. */
void eh_find_end(struct eh_session *);

/* C_GetAttributeValue. */
CK_RV eh_find_read(struct eh_session *, CK_OBJECT_HANDLE, CK_ATTRIBUTE *,
    CK_ULONG count);

/* C_GetObjectSize. */
CK_RV eh_find_size(struct eh_session *, CK_OBJECT_HANDLE, CK_ULONG *sizep);

#endif
