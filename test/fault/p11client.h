/* SPDX-License-Identifier: Apache-2.0 */
/* p11client.h - a stranger's use of edgehsm-pkcs11.so: loaded by its path, known
 * by Cryptoki only. */
#ifndef EH_TEST_FAULT_P11CLIENT_H
#define EH_TEST_FAULT_P11CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/message/types.h"
#include "pkcs11-module/edgehsm-pkcs11.h"

/*
 * One loaded module.  The functions return what the module returned; a caller
 * that outlives the daemon repeats them (eh_p11client_is_away()).
 */
struct eh_p11client {
	void *library;
	CK_FUNCTION_LIST *p11;
	CK_EDGEHSM_FUNCTIONS *vendor;
	CK_SLOT_ID slot;
};

/* Load ${path} (NULL: $EDGEHSM_MODULE) and C_Initialize it; ends the process
 * with a sentence when that is not EdgeHSM's module. */
void eh_p11client_load(struct eh_p11client *, const char *path);
void eh_p11client_unload(struct eh_p11client *);

/* Log in as operator with the PIN in the file ${pin_file} (NULL: do not) unless
 * the process is logged in already; for up to a minute it waits while PINs are
 * not looked at. */
CK_RV eh_p11client_login(
    struct eh_p11client *, CK_SESSION_HANDLE, const char *pin_file);

/* Open a read-write session on the first slot, and log in. */
CK_RV eh_p11client_session(
    struct eh_p11client *, const char *pin_file, CK_SESSION_HANDLE *);

/* The first object of ${class} with ${label}; CKR_OBJECT_HANDLE_INVALID. */
CK_RV eh_p11client_find(struct eh_p11client *, CK_SESSION_HANDLE,
    CK_OBJECT_CLASS, const char *label, CK_OBJECT_HANDLE *);

/* An attribute of exactly ${len} octets. */
CK_RV eh_p11client_get(struct eh_p11client *, CK_SESSION_HANDLE,
    CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE, void *out, size_t len);

/* What a load needs to know of an authorization. */
struct eh_p11client_authorization {
	CK_OBJECT_HANDLE handle;
	uint8_t id[EH_ID_LEN];
	uint64_t not_before;
	CK_ULONG burns, quota, used, burned;
};
CK_RV eh_p11client_authorization(struct eh_p11client *, CK_SESSION_HANDLE,
    const char *order, struct eh_p11client_authorization *);

/* The sentence of the last refusal of the session, on one line. */
const char *eh_p11client_why(
    struct eh_p11client *, CK_SESSION_HANDLE, char text[512]);

/* Does ${rv} say that the daemon is away, so that one may ask again? */
int eh_p11client_is_away(CK_RV);

#endif
