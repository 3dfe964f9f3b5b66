/* SPDX-License-Identifier: Apache-2.0 */
/* slot.h - tokens: found by URI, found again after a fork. */
#ifndef EH_PROVIDER_SLOT_H
#define EH_PROVIDER_SLOT_H

#include <pthread.h>
#include <stddef.h>
#include <time.h>

#include "provider/p11.h"
#include "provider/uri.h"

struct eh_provider;

/* Longest PIN that is taken from anywhere, without its NUL. */
#define EH_PIN_MAX 255

/* A PIN that a person typed, kept for the next login; never changed. */
struct eh_slot_pin {
	struct eh_slot_pin *before;
	size_t len;
	char text[EH_PIN_MAX + 1];
};

struct eh_slot {
	struct eh_slot *next;
	struct eh_p11_life *life;
	struct eh_p11_module *module;
	CK_SLOT_ID id;
	CK_TOKEN_INFO token;
	_Atomic int replaced; /* another token is in this slot now */
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
	_Atomic(struct eh_slot_pin *) typed;
	char refused[EH_PIN_MAX + 1];
	size_t refused_len;
	time_t refused_at;
};

/*
 * Find the tokens of ${module} that ${uri} covers, at most ${cap} of them, and
 * put their number into ${countp}.  Initialises the module in this process when
 * that has not been done.  Return 1, or 0 with an error raised; finding none is
 * an error that names what there is.
 */
int eh_slot_find(struct eh_provider *provider, struct eh_p11_module *module,
    const struct eh_uri *uri, struct eh_slot **slots, size_t cap,
    size_t *countp);

/* Return 1 when calls may be made through ${slot}, else 0. */
int eh_slot_alive(const struct eh_slot *slot);

/*
 * Return the slot that has the token of ${slot} in this process: ${slot}
 * itself, or its successor, after a fork or when another token has taken its
 * place; NULL with an error raised when there is none or the process is exiting.
 */
struct eh_slot *eh_slot_again(
    struct eh_provider *provider, struct eh_slot *slot);

/* The same, after asking which token is in ${slot} now: for when its handles
 * have died. */
struct eh_slot *eh_slot_recheck(
    struct eh_provider *provider, struct eh_slot *slot);

/* Return 1 when ${slot} lists ${mechanism}, else 0.  Asks the token once. */
int eh_slot_lists(struct eh_slot *slot, CK_MECHANISM_TYPE mechanism);

/* For the end of a life: whether a session of the list is being used, and the
 * end of the list itself, its PINs wiped.  Neither calls a token. */
int eh_slot_any_in_use(const struct eh_slot *slot);
void eh_slot_free_all(struct eh_slot *slot);

#endif
