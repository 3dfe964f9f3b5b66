/* SPDX-License-Identifier: Apache-2.0 */
/* p11.h - PKCS#11 modules, and their lives in this process. */
#ifndef EH_PROVIDER_P11_H
#define EH_PROVIDER_P11_H

#include <pthread.h>
#include <stddef.h>

#include "pkcs11-module/edgehsm-pkcs11.h"

struct eh_provider;
struct eh_slot;

/*
 * A PKCS#11 module belongs to the process, not to a provider context, so all
 * of this is shared by every context, and lives until the process ends:
 *
 *   module   one loaded file
 *   life     the module between one C_Initialize and the end of the process;
 *            a fork begins the next one, with locks of its own, since those
 *            of the parent may be held by threads that the child has not got
 *   slot     one token in one life, with its sessions and its login (slot.h)
 *
 * Pointers to any of them stay valid; what belongs to an earlier life must not
 * be used for calls.
 */
struct eh_p11_module {
	struct eh_p11_module *next;
	char *path;
	CK_FUNCTION_LIST *f;
	CK_C_GetInterface get_interface; /* NULL in a 2.40 module */
	_Atomic(struct eh_p11_life *) life;
};

struct eh_p11_life {
	struct eh_p11_module *module;
	struct eh_p11_life *before; /* the parent's */
	unsigned int generation;
	pthread_mutex_t lock; /* all below; held across rare calls only */
	int state;            /* 0 not initialised, 1 by us, 2 by others */
	struct eh_slot *slots;
};

/* A provider context begins or ends.  The last one that ends after the process
 * began to exit frees everything; none of this calls a token. */
int eh_p11_ref(void);
void eh_p11_unref(void);

/*
 * Return the module at ${path}, loaded at the first call, or NULL with an
 * error raised.
 */
struct eh_p11_module *eh_p11_open(
    struct eh_provider *provider, const char *path);

/*
 * Return the life of ${module} in this process, begun, initialised and locked,
 * for eh_p11_leave(); NULL with an error raised when that fails or the process
 * is exiting.  The lock is for rare things: looking for tokens.
 */
struct eh_p11_life *eh_p11_enter(
    struct eh_provider *provider, struct eh_p11_module *module);
void eh_p11_leave(struct eh_p11_life *life);

/* Return 1 when ${life} is that of this process, and goes on, else 0. */
int eh_p11_alive(const struct eh_p11_life *life);

/*
 * Put why the last call of this thread that had no session failed into
 * ${out}, as an EdgeHSM module tells it; empty with other modules.
 */
void eh_p11_sentence(
    const struct eh_p11_module *module, char *out, size_t cap);

#endif
