/* SPDX-License-Identifier: Apache-2.0 */
/* import.c - bringing a message to the token of a key. */
#include "config.h"

#include <stdint.h>

#include <openssl/params.h>

#include "provider/err.h"
#include "provider/import.h"
#include "provider/provider.h"

static void
raise(struct eh_key *key, struct eh_slot *slot, CK_SESSION_HANDLE session,
    CK_RV rv, const char *call)
{
	char sentence[EH_ERROR_TEXT];

	if (session == CK_INVALID_HANDLE)
		eh_p11_sentence(slot->module, sentence, sizeof(sentence));
	else
		eh_session_sentence(
		    slot, session, rv, sentence, sizeof(sentence));
	eh_err_raise_rv(key->provider, rv, call, sentence, key->shown);
}

/* The pool's sessions only read; this one is for one object, and logged in as
 * they are. */
static int
write_message(struct eh_key *key, struct eh_slot *slot, const void *bytes,
    size_t len)
{
	CK_FUNCTION_LIST *f = slot->module->f;
	CK_OBJECT_CLASS class = CKO_EDGEHSM_MESSAGE;
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_VALUE, (void *)(uintptr_t)bytes, len },
	};
	CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
	CK_OBJECT_HANDLE object;
	const char *call = "C_OpenSession";
	CK_RV rv;

	eh_err_enter_module();
	rv = f->C_OpenSession(slot->id, CKF_SERIAL_SESSION | CKF_RW_SESSION,
	    NULL, NULL, &session);
	if (rv == CKR_OK) {
		call = "C_CreateObject";
		rv = f->C_CreateObject(session, template, 2, &object);
	}
	eh_err_leave_module();
	if (rv != CKR_OK)
		raise(key, slot, session, rv, call);
	eh_err_enter_module();
	if (session != CK_INVALID_HANDLE)
		f->C_CloseSession(session);
	eh_err_leave_module();
	return rv == CKR_OK;
}

int
eh_import_message(struct eh_key *key, const OSSL_PARAM *param)
{
	CK_SESSION_HANDLE session;
	struct eh_slot *slot;
	const void *bytes;
	size_t len;
	int ok;

	if (!OSSL_PARAM_get_octet_string_ptr(param, &bytes, &len)) {
		eh_err_raise(key->provider, EH_REASON_ARGUMENT,
		    EH_PARAM_MESSAGE " is not a string of octets");
		return 0;
	}
	/* A session of the pool keeps the token logged in meanwhile. */
	if (!eh_key_open(key, &slot, &session))
		return 0;
	if (eh_slot_lists(slot, CKM_EDGEHSM_ISSUE)) {
		ok = write_message(key, slot, bytes, len);
	} else {
		eh_err_raise(key->provider, EH_REASON_AUTHORIZATION,
		    "a message was given, but the token of %s is no EdgeHSM",
		    key->shown);
		ok = 0;
	}
	eh_session_put(slot, session);
	return ok;
}
