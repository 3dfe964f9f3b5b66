/* SPDX-License-Identifier: Apache-2.0 */
/* p11.h - PKCS#11 modules, their lives in this process, and their tokens. */
#ifndef EH_PROVIDER_P11_H
#define EH_PROVIDER_P11_H

#include <pthread.h>
#include <stddef.h>
#include <time.h>

#include "pkcs11-module/edgehsm-pkcs11.h"
#include "provider/uri.h"

struct eh_provider;

/* Longest PIN that is taken from anywhere, without its NUL. */
#define EH_PIN_MAX 255

/*
 * A PKCS#11 module belongs to the process, not to a provider context, so all
 * of this is shared by every context, and lives until the process ends:
 *
 *   module   one loaded file
 *   life     the module between one C_Initialize and the end of the process;
 *            a fork begins the next one, with locks of its own, since those
 *            of the parent may be held by threads that the child has not got
 *   slot     one token in one life, with its sessions and its login
 *
 * Pointers to any of them stay valid; a slot of an earlier life must not be
 * used for calls (eh_p11_alive).
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
	struct eh_p11_slot *slots;
};

/* A PIN that a person typed, kept for the next login; never changed. */
struct eh_p11_pin {
	struct eh_p11_pin *before;
	size_t len;
	char text[EH_PIN_MAX + 1];
};

struct eh_p11_slot {
	struct eh_p11_slot *next;
	struct eh_p11_life *life;
	struct eh_p11_module *module;
	CK_SLOT_ID id;
	CK_TOKEN_INFO token;
	int replaced; /* another token is in this slot now */
	_Atomic(CK_ULONG *) mechanisms; /* count, then that many */

	/* session.c */
	pthread_mutex_t lock;
	pthread_cond_t returned;
	CK_SESSION_HANDLE *idle;
	size_t nidle;
	size_t open;
	size_t cap; /* 0: not known yet */

	/* login.c */
	pthread_mutex_t login;
	_Atomic int logged_in;
	_Atomic(struct eh_p11_pin *) typed;
	char refused[EH_PIN_MAX + 1];
	size_t refused_len;
	time_t refused_at;
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
 * Find the tokens of ${module} that ${uri} covers, at most ${cap} of them, and
 * put their number into ${countp}.  Initialises the module in this process when
 * that has not been done.  Return 1, or 0 with an error raised; finding none is
 * an error that names what there is.
 */
int eh_p11_find(struct eh_provider *provider, struct eh_p11_module *module,
    const struct eh_uri *uri, struct eh_p11_slot **slots, size_t cap,
    size_t *countp);

/* Return 1 when calls may be made through ${slot}, else 0. */
int eh_p11_alive(const struct eh_p11_slot *slot);

/*
 * Return the slot that has the token of ${slot} in this process: ${slot}
 * itself, or after a fork its successor; NULL with an error raised when there
 * is none or the process is exiting.
 */
struct eh_p11_slot *eh_p11_again(
    struct eh_provider *provider, struct eh_p11_slot *slot);

/* Return 1 when ${slot} lists ${mechanism}, else 0.  Asks the token once. */
int eh_p11_lists(struct eh_p11_slot *slot, CK_MECHANISM_TYPE mechanism);

/*
 * Put why the last call of this thread that had no session failed into
 * ${out}, as an EdgeHSM module tells it; empty with other modules.
 */
void eh_p11_sentence(
    const struct eh_p11_module *module, char *out, size_t cap);

#endif
