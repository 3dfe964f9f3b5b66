/* SPDX-License-Identifier: Apache-2.0 */
/* p11.h - a PKCS#11 token as backend: what p11.c and p11_object.c share. */
#ifndef EH_QUOTA_ENGINE_BACKEND_P11_H
#define EH_QUOTA_ENGINE_BACKEND_P11_H

#include <p11-kit/pkcs11.h>
#include <pthread.h>

#include "quota-engine/backend/backend.h"

/* Sessions are opened when needed, up to this many, and never closed: closing
 * one makes SoftHSM 2.6.1 answer for another with SESSION_HANDLE_INVALID.  A
 * thread that finds none waits. */
#define EH_P11_SESSIONS 32

struct eh_p11 {
	struct eh_backend base;	/* first: eh_backend is a part of us */
	void *library;
	CK_FUNCTION_LIST *p11;
	CK_SLOT_ID slot;
	int initialized;

	pthread_mutex_t pool;
	pthread_cond_t returned;
	CK_SESSION_HANDLE idle[EH_P11_SESSIONS];
	unsigned nidle, nopen;

	/* Around whatever makes, finds or destroys objects: SoftHSM fails now
	 * and then when two threads do that at once. */
	pthread_mutex_t objects;
};

extern const struct eh_backend_ops eh_p11_ops;

/* Borrow a session for one call or a sequence of calls, and give it back. */
EH_MUST_CHECK int eh_p11_take(
    struct eh_p11 *, CK_SESSION_HANDLE *, struct eh_error *);
void eh_p11_give(struct eh_p11 *, CK_SESSION_HANDLE);

/* Put "CALL failed: NAME (0x...)" into ${error}; return EH_ERR_BACKEND. */
int eh_p11_failed(CK_RV, const char *call, struct eh_error *);

#endif
