/* SPDX-License-Identifier: Apache-2.0 */
/* module.h - the one state of the module, and how every call enters it. */
#ifndef EH_PKCS11_MODULE_H
#define EH_PKCS11_MODULE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/err.h"
#include "pkcs11-module/client.h"
#include "pkcs11-module/edgehsm-pkcs11.h"
#include "pkcs11-module/object.h"

/* There is one slot, with one token. */
#define EH_SLOT 0UL

#define EH_SESSIONS_MAX 1024

struct eh_session;

/*
 * Locks, in the order in which they may be held together: a session's, then
 * "login", then "lock", then one of those inside client and cache.  No lock but
 * a session's and "login" is held while the daemon is asked, so a call that
 * waits holds up nobody but users of its own session.
 */
struct eh_module {
	pthread_mutex_t lock;
	pthread_cond_t idle;	/* calls fell to 0 */
	enum { EH_MODULE_DOWN = 0, EH_MODULE_UP, EH_MODULE_CLOSING } state;
	unsigned calls;		/* under way */
	struct eh_session *session[EH_SESSIONS_MAX];
	unsigned sessions, rw_sessions;
	uint64_t serial;	/* of session handles */
	uint64_t messages;	/* of handles of what was imported */

	pthread_mutex_t login;	/* one login, logout or PIN change at a time */

	int debug;		/* EDGEHSM_DEBUG: sentences to stderr */
	struct eh_conf conf;
	struct eh_error conf_error; /* why there is no slot; code 0: there is */
	struct eh_client client;
	struct eh_cache cache;
};

/* C_Initialize and C_Finalize. */
CK_RV eh_module_start(const CK_C_INITIALIZE_ARGS *);
CK_RV eh_module_stop(void);

/*
 * Enter a call that has no session: CKR_CRYPTOKI_NOT_INITIALIZED also in a
 * child of a fork that has not called C_Initialize itself.  On CKR_OK every way
 * out goes through eh_module_leave(), which returns ${rv}.
 */
CK_RV eh_module_enter(struct eh_module **);
CK_RV eh_module_leave(struct eh_module *, CK_RV rv);

/* The same, and CKR_SLOT_ID_INVALID unless ${slot} is there. */
CK_RV eh_module_enter_slot(CK_SLOT_ID slot, struct eh_module **);

/*
 * Keep the sentence of a call without a session for this thread, so that the
 * vendor interface can give it, and return ${rv}; in the second form the CK_RV
 * is that of ${why}.
 */
CK_RV eh_module_say(struct eh_module *, CK_RV rv, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
CK_RV eh_module_denied(struct eh_module *, const struct eh_error *why);

/* Copy this thread's last sentence; empty when there is none. */
void eh_module_last(struct eh_error *out);

/* With EDGEHSM_DEBUG, write the sentence to standard error. */
void eh_module_debug(const struct eh_module *, CK_RV rv, const char *sentence);

#endif
