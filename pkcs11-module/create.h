/* SPDX-License-Identifier: Apache-2.0 */
/* create.h - what a client may make, change and destroy. */
#ifndef EH_PKCS11_CREATE_H
#define EH_PKCS11_CREATE_H

#include "pkcs11-module/session.h"

/* The two templates of C_GenerateKeyPair. */
struct eh_create_pair {
	const CK_ATTRIBUTE *public, *private;
	CK_ULONG npublic, nprivate;
};

/* C_GenerateKeyPair: an EC key on P-256, with CKA_EDGEHSM_PURPOSE in the
 * private template (general without it). */
CK_RV eh_create_key_pair(struct eh_session *, const CK_MECHANISM *,
    const struct eh_create_pair *, CK_OBJECT_HANDLE *publicp,
    CK_OBJECT_HANDLE *privatep);

/*
 * C_CreateObject: a CKO_EDGEHSM_MESSAGE, or a CKO_DATA with CKA_APPLICATION
 * "edgehsm", is imported; a certificate and any other CKO_DATA is stored.  Key
 * material never enters.
 */
CK_RV eh_create_object(struct eh_session *, const CK_ATTRIBUTE *,
    CK_ULONG count, CK_OBJECT_HANDLE *out);

/* C_GetAttributeValue of a handle that an import gave: what was written. */
CK_RV eh_create_read_back(struct eh_session *, CK_OBJECT_HANDLE,
    CK_ATTRIBUTE *, CK_ULONG count);

/* C_SetAttributeValue: label and id, and nothing else. */
CK_RV eh_create_set(struct eh_session *, CK_OBJECT_HANDLE,
    const CK_ATTRIBUTE *, CK_ULONG count);

/* C_DestroyObject. */
CK_RV eh_create_destroy(struct eh_session *, CK_OBJECT_HANDLE);

/* Import ${len} octets, as CKO_EDGEHSM_MESSAGE does; ${text} (of ${cap} bytes)
 * becomes the line that says what it was. */
CK_RV eh_create_import(struct eh_session *, const void *bytes, size_t len,
    char *text, size_t cap);

#endif
