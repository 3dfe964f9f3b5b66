/* SPDX-License-Identifier: Apache-2.0 */
/* p11client.c - a stranger's use of edgehsm-pkcs11.so. */
#include "config.h"

#include <dlfcn.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "test/fault/p11client.h"

/* A daemon that is killed while it looks at a PIN has counted it as wrong; after
 * three such kills everybody has to wait. */
#define LOCKED_TURNS	600u
#define LOCKED_PAUSE_US 100000u

void
eh_p11client_load(struct eh_p11client *c, const char *path)
{
	CK_INTERFACE *interface = NULL;
	CK_C_GetInterface get;
	CK_RV rv;

	if (path == NULL && (path = getenv("EDGEHSM_MODULE")) == NULL)
		errx(EX_USAGE, "EDGEHSM_MODULE is not set");
	if ((c->library = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL)
		errx(EX_UNAVAILABLE, "%s", dlerror());
	*(void **)&get = dlsym(c->library, "C_GetInterface");
	if (get == NULL)
		errx(EX_UNAVAILABLE, "%s has no C_GetInterface", path);
	if (get((CK_UTF8CHAR *)CK_EDGEHSM_INTERFACE, NULL, &interface, 0) !=
	    CKR_OK)
		errx(EX_UNAVAILABLE, "%s is not EdgeHSM's", path);
	c->vendor = interface->pFunctionList;
	if (get((CK_UTF8CHAR *)"PKCS 11", NULL, &interface, 0) != CKR_OK)
		errx(EX_UNAVAILABLE, "%s has no PKCS#11", path);
	c->p11 = interface->pFunctionList;
	if ((rv = c->p11->C_Initialize(NULL)) != CKR_OK)
		errx(EX_UNAVAILABLE, "C_Initialize: 0x%lx", rv);
}

void
eh_p11client_unload(struct eh_p11client *c)
{
	c->p11->C_Finalize(NULL);
	dlclose(c->library);
}

CK_RV
eh_p11client_login(
    struct eh_p11client *c, CK_SESSION_HANDLE session, const char *pin_file)
{
	char pin[256];
	CK_RV rv;
	FILE *f;

	if (pin_file == NULL)
		return CKR_OK;
	if ((f = fopen(pin_file, "re")) == NULL ||
	    fgets(pin, sizeof(pin), f) == NULL)
		err(EX_NOINPUT, "%s", pin_file);
	fclose(f);
	pin[strcspn(pin, "\n")] = '\0';
	rv = c->p11->C_Login(
	    session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin));
	for (unsigned i = 0; i < LOCKED_TURNS && rv == CKR_PIN_LOCKED; i++) {
		usleep(LOCKED_PAUSE_US);
		rv = c->p11->C_Login(
		    session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin));
	}
	return rv == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : rv;
}

CK_RV
eh_p11client_session(
    struct eh_p11client *c, const char *pin_file, CK_SESSION_HANDLE *sessionp)
{
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;
	CK_RV rv;

	*sessionp = CK_INVALID_HANDLE;
	if ((rv = c->p11->C_GetSlotList(CK_TRUE, slots, &n)) != CKR_OK)
		return rv;
	if (n == 0)
		return CKR_TOKEN_NOT_PRESENT;
	c->slot = slots[0];
	rv = c->p11->C_OpenSession(c->slot,
	    CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, sessionp);
	if (rv != CKR_OK)
		return rv;
	if ((rv = eh_p11client_login(c, *sessionp, pin_file)) != CKR_OK)
		c->p11->C_CloseSession(*sessionp);
	return rv;
}

CK_RV
eh_p11client_find(struct eh_p11client *c, CK_SESSION_HANDLE session,
    CK_OBJECT_CLASS class, const char *label, CK_OBJECT_HANDLE *objectp)
{
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_LABEL, (void *)label, strlen(label) },
	};
	CK_ULONG n = 0;
	CK_RV rv;

	rv = c->p11->C_FindObjectsInit(session, template, 2);
	if (rv != CKR_OK)
		return rv;
	rv = c->p11->C_FindObjects(session, objectp, 1, &n);
	c->p11->C_FindObjectsFinal(session);
	return rv == CKR_OK && n == 0 ? CKR_OBJECT_HANDLE_INVALID : rv;
}

CK_RV
eh_p11client_get(struct eh_p11client *c, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *out, size_t len)
{
	CK_ATTRIBUTE a = { type, out, len };
	CK_RV rv = c->p11->C_GetAttributeValue(session, object, &a, 1);

	return rv == CKR_OK && a.ulValueLen != len ? CKR_ATTRIBUTE_VALUE_INVALID
						   : rv;
}

/* The one of an order that is live; a closed one when none is. */
static CK_RV
find_authorization(struct eh_p11client *c, CK_SESSION_HANDLE session,
    const char *order, CK_OBJECT_HANDLE *objectp)
{
	CK_OBJECT_CLASS class = CKO_EDGEHSM_AUTHORIZATION;
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_LABEL, (void *)order, strlen(order) },
	};
	CK_OBJECT_HANDLE found[64];
	CK_ULONG n = 0, state;
	CK_ATTRIBUTE want = { CKA_EDGEHSM_STATE, &state, sizeof(state) };
	CK_RV rv;

	rv = c->p11->C_FindObjectsInit(session, template, 2);
	if (rv != CKR_OK)
		return rv;
	rv = c->p11->C_FindObjects(session, found, 64, &n);
	c->p11->C_FindObjectsFinal(session);
	if (rv != CKR_OK || n == 0)
		return rv == CKR_OK ? CKR_OBJECT_HANDLE_INVALID : rv;
	*objectp = found[0];
	for (CK_ULONG i = 0; i < n; i++)
		if (c->p11->C_GetAttributeValue(session, found[i], &want, 1) ==
		        CKR_OK && state == 1)
			*objectp = found[i];
	return CKR_OK;
}

CK_RV
eh_p11client_authorization(struct eh_p11client *c, CK_SESSION_HANDLE session,
    const char *order, struct eh_p11client_authorization *a)
{
	CK_ULONG not_before = 0;
	CK_ATTRIBUTE want[] = {
		{ CKA_ID, a->id, EH_ID_LEN },
		{ CKA_EDGEHSM_NOT_BEFORE, &not_before, sizeof(not_before) },
		{ CKA_EDGEHSM_BURNS, &a->burns, sizeof(a->burns) },
		{ CKA_EDGEHSM_QUOTA, &a->quota, sizeof(a->quota) },
		{ CKA_EDGEHSM_USED, &a->used, sizeof(a->used) },
		{ CKA_EDGEHSM_BURNED, &a->burned, sizeof(a->burned) },
	};
	CK_RV rv;

	rv = find_authorization(c, session, order, &a->handle);
	if (rv == CKR_OK)
		rv = c->p11->C_GetAttributeValue(session, a->handle, want,
		    sizeof(want) / sizeof(want[0]));
	a->not_before = not_before;
	return rv;
}

const char *
eh_p11client_why(
    struct eh_p11client *c, CK_SESSION_HANDLE session, char text[512])
{
	CK_ULONG len = 511;

	if (c->vendor->Refusal(session, (CK_BYTE *)text, &len) != CKR_OK ||
	    len > 511)
		len = 0;
	text[len] = '\0';
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	return text[0] != '\0' ? text : "(no sentence)";
}

int
eh_p11client_is_away(CK_RV rv)
{
	switch (rv) {
	case CKR_DEVICE_ERROR:	     /* not there, or gone before it answered */
	case CKR_DEVICE_REMOVED:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_FUNCTION_FAILED:    /* busy: not within the time it has */
		return 1;
	default:
		return 0;
	}
}
