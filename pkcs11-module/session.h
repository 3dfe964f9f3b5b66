/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - sessions: a table of them, and what one of them is doing. */
#ifndef EH_PKCS11_SESSION_H
#define EH_PKCS11_SESSION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "pkcs11-module/mech.h"
#include "pkcs11-module/module.h"

/* What was written with C_CreateObject and imported: clients read it back.  The
 * newest of a session are kept. */
#define EH_MESSAGES_MAX 8

struct eh_message {
	CK_OBJECT_HANDLE handle;	/* 0: none */
	CK_ATTRIBUTE *attribute;	/* owned, one block with the values */
	CK_ULONG count;
};

/* An active search: everything that was found at C_FindObjectsInit. */
struct eh_find {
	int active;
	CK_OBJECT_HANDLE *found;
	size_t n, next;
};

/* An active signature. */
struct eh_sign {
	const struct eh_mech *mech;	/* NULL: none is active */
	int parts;			/* C_SignUpdate was called */
	uint64_t key;
	uint8_t *param;
	size_t paramlen;
	struct eh_buf data;		/* what C_SignUpdate brought */
	uint8_t *ready;			/* an output that did not fit */
	size_t readylen;
};

struct eh_session {
	struct eh_module *module;
	CK_SESSION_HANDLE handle;
	int rw;
	unsigned refs;		/* calls in it; module->lock */
	atomic_int closed;
	pthread_mutex_t lock;	/* all below */
	CK_RV device_error;	/* of the last refused call that has a reason */
	int said;		/* the call that is in it gave one */
	struct eh_error refusal;
	struct eh_find find;
	struct eh_sign sign;
	struct eh_message message[EH_MESSAGES_MAX];
	unsigned next_message;
};

CK_RV eh_session_open(struct eh_module *, CK_FLAGS, CK_SESSION_HANDLE *);
CK_RV eh_session_close(struct eh_module *, CK_SESSION_HANDLE);
void eh_session_close_all(struct eh_module *);

/*
 * Enter a call of a session: on CKR_OK it is locked, and stays in memory until
 * eh_session_leave(), which returns ${rv}, whoever closes it meanwhile.
 */
CK_RV eh_session_enter(CK_SESSION_HANDLE, struct eh_session **);
CK_RV eh_session_leave(struct eh_session *, CK_RV rv);

/* C_GetSessionInfo. */
CK_RV eh_session_info(struct eh_session *, CK_SESSION_INFO *);

/* What the standard asks before writing: CKR_SESSION_READ_ONLY. */
CK_RV eh_session_check_writable(const struct eh_session *);

/*
 * Refuse: keep the sentence for CKA_EDGEHSM_REFUSAL and ulDeviceError, and
 * return ${rv}; in the second form, that of ${err}, whose sentence stands in
 * ${refusal} already.
 */
CK_RV eh_session_say(struct eh_session *, CK_RV rv, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
CK_RV eh_session_denied(struct eh_session *, int err);

#endif
