/* SPDX-License-Identifier: Apache-2.0 */
/* p11.c - PKCS#11 modules, their lives in this process, and their tokens. */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "provider/err.h"
#include "provider/p11.h"
#include "provider/provider.h"

enum { NOT_INITIALISED = 0, BY_US = 1, BY_OTHERS = 2 };

/* More slots than any module that we know shows; more are asked for twice. */
#define SLOTS 64
#define MECHANISMS 256

/* Modules are only ever added, so the list is walked without a lock. */
static _Atomic(struct eh_p11_module *) modules;

/* Counted up in the child by every fork, and nothing else is done there: POSIX
 * allows only async-signal-safe calls. */
static _Atomic unsigned int forks;
static _Atomic int fork_watched;

static _Atomic unsigned int providers;
static _Atomic int finished;

static void
forked(void)
{
	atomic_fetch_add(&forks, 1);
}

static void
wipe_slot(struct eh_p11_slot *slot)
{
	struct eh_p11_pin *pin, *before;

	for (pin = atomic_load(&slot->typed); pin != NULL; pin = before) {
		before = pin->before;
		OPENSSL_clear_free(pin, sizeof(*pin));
	}
	OPENSSL_free(atomic_load(&slot->mechanisms));
	OPENSSL_free(slot->idle);
	OPENSSL_clear_free(slot, sizeof(*slot));
}

static void
free_life(struct eh_p11_life *life)
{
	struct eh_p11_slot *slot, *next_slot;
	struct eh_p11_life *before;

	for (; life != NULL; life = before) {
		before = life->before;
		for (slot = life->slots; slot != NULL; slot = next_slot) {
			next_slot = slot->next;
			wipe_slot(slot);
		}
		OPENSSL_free(life);
	}
}

/* The loaded file stays: unloading what may run in other threads is no gain. */
static void
free_module(struct eh_p11_module *module)
{
	if (module == NULL)
		return;
	free_life(atomic_load(&module->life));
	OPENSSL_free(module->path);
	OPENSSL_free(module);
}

static void
free_all(void)
{
	struct eh_p11_module *module, *next;

	module = atomic_exchange(&modules, NULL);
	for (; module != NULL; module = next) {
		next = module->next;
		free_module(module);
	}
}

static int
in_use(struct eh_p11_life *life)
{
	size_t out = 0;

	for (struct eh_p11_slot *s = life->slots; s != NULL; s = s->next)
		out += s->open - s->nidle;
	return out > 0;
}

/*
 * Runs at exit before the module's own destructors, because it is registered
 * after they were (last in, first out).  C_Finalize is for the process that
 * called C_Initialize, and for a token that no other thread is talking to.
 */
static void
finish(void)
{
	struct eh_p11_life *life;

	if (atomic_exchange(&finished, 1))
		return;
	for (struct eh_p11_module *m = atomic_load(&modules); m != NULL;
	    m = m->next) {
		life = atomic_load(&m->life);
		if (life != NULL && life->generation == atomic_load(&forks) &&
		    life->state == BY_US && !in_use(life))
			m->f->C_Finalize(NULL);
	}
	if (atomic_load(&providers) == 0)
		free_all();
}

int
eh_p11_ref(void)
{
	if (!atomic_exchange(&fork_watched, 1) &&
	    pthread_atfork(NULL, NULL, forked) != 0)
		return 0;
	atomic_fetch_add(&providers, 1);
	return 1;
}

void
eh_p11_unref(void)
{
	if (atomic_fetch_sub(&providers, 1) == 1 && atomic_load(&finished))
		free_all();
}

static struct eh_p11_module *
loaded(const char *path)
{
	struct eh_p11_module *module;

	for (module = atomic_load(&modules); module != NULL;
	    module = module->next)
		if (strcmp(module->path, path) == 0)
			return module;
	return NULL;
}

/* A function pointer out of dlsym(), which gives an object pointer. */
static void
symbol(void *library, const char *name, void *functionp)
{
	void *address = dlsym(library, name);

	memcpy(functionp, &address, sizeof(address));
}

static struct eh_p11_module *
load(struct eh_provider *provider, const char *path)
{
	struct eh_p11_module *module = NULL;
	CK_C_GetFunctionList get_list = NULL;
	void *library;
	CK_RV rv;

	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL) {
		eh_err_raise(provider, EH_REASON_MODULE, "%s", dlerror());
		return NULL;
	}
	symbol(library, "C_GetFunctionList", &get_list);
	if (get_list == NULL) {
		eh_err_raise(provider, EH_REASON_MODULE,
		    "%s has no C_GetFunctionList, so it is no PKCS#11 module",
		    path);
		dlclose(library);
		return NULL;
	}
	module = OPENSSL_zalloc(sizeof(*module));
	if (module == NULL || (module->path = OPENSSL_strdup(path)) == NULL) {
		eh_err_raise(provider, EH_REASON_MEMORY, "module %s", path);
		goto failed;
	}
	symbol(library, "C_GetInterface", &module->get_interface);
	eh_err_enter_module();
	rv = get_list(&module->f);
	eh_err_leave_module();
	if (rv != CKR_OK || module->f == NULL) {
		eh_err_raise_rv(
		    provider, rv, "C_GetFunctionList", NULL, NULL);
		goto failed;
	}
	return module;
failed:
	free_module(module);
	dlclose(library);
	return NULL;
}

struct eh_p11_module *
eh_p11_open(struct eh_provider *provider, const char *path)
{
	struct eh_p11_module *module, *other;

	if ((other = loaded(path)) != NULL)
		return other;
	if ((module = load(provider, path)) == NULL)
		return NULL;
	module->next = atomic_load(&modules);
	do {
		/* Another thread may have been faster; dlopen() counted it. */
		if ((other = loaded(path)) != NULL) {
			free_module(module);
			return other;
		}
	} while (!atomic_compare_exchange_weak(
	    &modules, &module->next, module));
	return module;
}

/* Return the life of ${module} in this process, beginning it after a fork. */
static struct eh_p11_life *
current(struct eh_provider *provider, struct eh_p11_module *module)
{
	struct eh_p11_life *life = atomic_load(&module->life), *fresh;
	unsigned int generation = atomic_load(&forks);

	if (life != NULL && life->generation == generation)
		return life;
	fresh = OPENSSL_zalloc(sizeof(*fresh));
	if (fresh == NULL) {
		eh_err_raise(provider, EH_REASON_MEMORY, "a module's state");
		return NULL;
	}
	fresh->module = module;
	fresh->generation = generation;
	fresh->before = life;
	pthread_mutex_init(&fresh->lock, NULL);
	if (atomic_compare_exchange_strong(&module->life, &life, fresh))
		return fresh;
	OPENSSL_free(fresh);
	return life;
}

static int
initialise(struct eh_provider *provider, struct eh_p11_life *life)
{
	CK_C_INITIALIZE_ARGS args = { 0 };
	char sentence[EH_ERROR_TEXT];
	CK_RV rv;

	if (life->state != NOT_INITIALISED)
		return 1;
	args.flags = CKF_OS_LOCKING_OK;
	args.pReserved = provider->conf.init_args;
	eh_err_enter_module();
	rv = life->module->f->C_Initialize(&args);
	eh_err_leave_module();
	if (rv == CKR_OK) {
		life->state = BY_US;
		/* After C_Initialize, so that it runs before every destructor
		 * that the module has registered until now. */
		if (atexit(finish) != 0)
			life->state = BY_OTHERS;
	} else if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		life->state = BY_OTHERS;
	} else {
		eh_p11_sentence(life->module, sentence, sizeof(sentence));
		eh_err_raise_rv(provider, rv, "C_Initialize", sentence, NULL);
		return 0;
	}
	return 1;
}

static int
same_token(const CK_TOKEN_INFO *a, const CK_TOKEN_INFO *b)
{
	return memcmp(a->label, b->label, sizeof(a->label)) == 0 &&
	    memcmp(a->serialNumber, b->serialNumber,
		sizeof(a->serialNumber)) == 0 &&
	    memcmp(a->model, b->model, sizeof(a->model)) == 0 &&
	    memcmp(a->manufacturerID, b->manufacturerID,
		sizeof(a->manufacturerID)) == 0;
}

static int
add_slot(struct eh_p11_life *life, CK_SLOT_ID id, const CK_TOKEN_INFO *token)
{
	struct eh_p11_slot *slot, **end = &life->slots;
	pthread_condattr_t monotonic;

	for (; (slot = *end) != NULL; end = &slot->next) {
		if (slot->id != id || slot->replaced)
			continue;
		if (same_token(&slot->token, token))
			return 1;
		slot->replaced = 1;
	}
	slot = OPENSSL_zalloc(sizeof(*slot));
	if (slot == NULL)
		return 0;
	slot->life = life;
	slot->module = life->module;
	slot->id = id;
	slot->token = *token;
	pthread_mutex_init(&slot->lock, NULL);
	pthread_mutex_init(&slot->login, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&slot->returned, &monotonic);
	pthread_condattr_destroy(&monotonic);
	*end = slot;
	return 1;
}

/* Ask for the slots with a token; OPENSSL_free() the result. */
static CK_RV
slot_ids(struct eh_p11_module *module, CK_SLOT_ID **idsp, CK_ULONG *countp)
{
	CK_ULONG room = SLOTS;
	CK_RV rv;

	do {
		*idsp = OPENSSL_malloc(room * sizeof(**idsp));
		if (*idsp == NULL)
			return CKR_HOST_MEMORY;
		*countp = room;
		rv = module->f->C_GetSlotList(CK_TRUE, *idsp, countp);
		if (rv == CKR_OK)
			return CKR_OK;
		OPENSSL_free(*idsp);
		*idsp = NULL;
		room *= 4;
	} while (rv == CKR_BUFFER_TOO_SMALL && room <= SLOTS * 256);
	return rv;
}

static int
look_for_tokens(struct eh_provider *provider, struct eh_p11_life *life)
{
	struct eh_p11_module *module = life->module;
	char sentence[EH_ERROR_TEXT];
	CK_SLOT_ID *ids = NULL;
	CK_TOKEN_INFO token;
	CK_ULONG count = 0;
	CK_RV rv;
	int ok = 0;

	eh_err_enter_module();
	rv = slot_ids(module, &ids, &count);
	eh_err_leave_module();
	if (rv != CKR_OK) {
		eh_p11_sentence(module, sentence, sizeof(sentence));
		eh_err_raise_rv(provider, rv, "C_GetSlotList", sentence, NULL);
		goto out;
	}
	for (CK_ULONG i = 0; i < count; i++) {
		memset(&token, 0, sizeof(token));
		eh_err_enter_module();
		rv = module->f->C_GetTokenInfo(ids[i], &token);
		eh_err_leave_module();
		if (rv != CKR_OK || !(token.flags & CKF_TOKEN_INITIALIZED))
			continue;
		if (!add_slot(life, ids[i], &token)) {
			eh_err_raise(provider, EH_REASON_MEMORY, "a slot");
			goto out;
		}
	}
	ok = 1;
out:
	OPENSSL_free(ids);
	return ok;
}

static int
covers(const struct eh_uri *uri, struct eh_p11_slot *slot)
{
	CK_SLOT_INFO info = { 0 };
	CK_RV rv;

	if (slot->replaced || !eh_uri_covers_token(uri, &slot->token))
		return 0;
	if (!eh_uri_wants_slot(uri))
		return eh_uri_covers_slot(uri, slot->id, NULL);
	eh_err_enter_module();
	rv = slot->module->f->C_GetSlotInfo(slot->id, &info);
	eh_err_leave_module();
	return rv == CKR_OK && eh_uri_covers_slot(uri, slot->id, &info);
}

static size_t
collect(struct eh_p11_life *life, const struct eh_uri *uri,
    struct eh_p11_slot **slots, size_t cap)
{
	size_t count = 0;

	for (struct eh_p11_slot *slot = life->slots; slot != NULL;
	    slot = slot->next)
		if (count < cap && covers(uri, slot))
			slots[count++] = slot;
	return count;
}

static int
covers_library(struct eh_p11_life *life, const struct eh_uri *uri)
{
	CK_INFO info = { 0 };
	CK_RV rv;

	if (!eh_uri_wants_library(uri))
		return 1;
	eh_err_enter_module();
	rv = life->module->f->C_GetInfo(&info);
	eh_err_leave_module();
	return rv == CKR_OK && eh_uri_covers_library(uri, &info);
}

/* Say which tokens there are, or why there are none. */
static void
raise_no_token(struct eh_provider *provider, struct eh_p11_life *life,
    const struct eh_uri *uri)
{
	char list[EH_ERROR_TEXT] = "";
	size_t used = 0;
	int end;

	for (struct eh_p11_slot *s = life->slots; s != NULL; s = s->next) {
		for (end = 32; end > 0 && s->token.label[end - 1] == ' ';)
			end--;
		if (s->replaced || used + 40 > sizeof(list))
			continue;
		used += (size_t)snprintf(list + used, sizeof(list) - used,
		    "%s\"%.*s\"", used > 0 ? ", " : "", end,
		    (const char *)s->token.label);
	}
	if (used == 0)
		eh_p11_sentence(life->module, list, sizeof(list));
	eh_err_raise(provider, EH_REASON_NO_TOKEN,
	    "no token fits %s; module %s shows %s", uri->shown,
	    life->module->path, list[0] != '\0' ? list : "none");
}

int
eh_p11_find(struct eh_provider *provider, struct eh_p11_module *module,
    const struct eh_uri *uri, struct eh_p11_slot **slots, size_t cap,
    size_t *countp)
{
	struct eh_p11_life *life;
	int ok = 0;

	*countp = 0;
	if (atomic_load(&finished)) {
		eh_err_raise(provider, EH_REASON_STATE,
		    "the process is exiting, the token was closed");
		return 0;
	}
	if ((life = current(provider, module)) == NULL)
		return 0;
	pthread_mutex_lock(&life->lock);
	if (!initialise(provider, life))
		goto out;
	if (covers_library(life, uri)) {
		*countp = collect(life, uri, slots, cap);
		if (*countp == 0) {
			if (!look_for_tokens(provider, life))
				goto out;
			*countp = collect(life, uri, slots, cap);
		}
	}
	if (*countp == 0)
		raise_no_token(provider, life, uri);
	ok = *countp > 0;
out:
	pthread_mutex_unlock(&life->lock);
	return ok;
}

int
eh_p11_alive(const struct eh_p11_slot *slot)
{
	return !atomic_load(&finished) &&
	    slot->life->generation == atomic_load(&forks);
}

/* What a person typed is asked for once, also for the child's login. */
static void
inherit(struct eh_p11_slot *slot, const struct eh_p11_slot *from)
{
	const struct eh_p11_pin *typed = atomic_load(&from->typed);
	struct eh_p11_pin *copy, *none = NULL;

	if (typed == NULL || atomic_load(&slot->typed) != NULL)
		return;
	copy = OPENSSL_memdup(typed, sizeof(*typed));
	if (copy == NULL)
		return;
	copy->before = NULL;
	if (!atomic_compare_exchange_strong(&slot->typed, &none, copy))
		OPENSSL_clear_free(copy, sizeof(*copy));
}

static struct eh_p11_slot *
successor(struct eh_p11_life *life, const struct eh_p11_slot *slot)
{
	for (struct eh_p11_slot *s = life->slots; s != NULL; s = s->next)
		if (!s->replaced && same_token(&s->token, &slot->token))
			return s;
	return NULL;
}

struct eh_p11_slot *
eh_p11_again(struct eh_provider *provider, struct eh_p11_slot *slot)
{
	struct eh_p11_slot *found = NULL;
	struct eh_p11_life *life;

	if (eh_p11_alive(slot))
		return slot;
	if (atomic_load(&finished)) {
		eh_err_raise(provider, EH_REASON_STATE,
		    "the process is exiting, the token was closed");
		return NULL;
	}
	if ((life = current(provider, slot->module)) == NULL)
		return NULL;
	pthread_mutex_lock(&life->lock);
	if (!initialise(provider, life))
		goto out;
	found = successor(life, slot);
	if (found == NULL && look_for_tokens(provider, life)) {
		found = successor(life, slot);
		if (found == NULL)
			eh_err_raise(provider, EH_REASON_TOKEN_GONE,
			    "token \"%.32s\" is not there any more",
			    (const char *)slot->token.label);
	}
	if (found != NULL)
		inherit(found, slot);
out:
	pthread_mutex_unlock(&life->lock);
	return found;
}

static CK_ULONG *
ask_mechanisms(struct eh_p11_slot *slot)
{
	CK_ULONG room = MECHANISMS, count, *list, *none = NULL;
	CK_RV rv;

	do {
		list = OPENSSL_malloc((room + 1) * sizeof(*list));
		if (list == NULL)
			return NULL;
		count = room;
		eh_err_enter_module();
		rv = slot->module->f->C_GetMechanismList(
		    slot->id, list + 1, &count);
		eh_err_leave_module();
		if (rv == CKR_OK)
			break;
		OPENSSL_free(list);
		list = NULL;
		room *= 4;
	} while (rv == CKR_BUFFER_TOO_SMALL && room <= MECHANISMS * 64);
	if (list == NULL)
		return NULL;
	list[0] = count;
	if (atomic_compare_exchange_strong(&slot->mechanisms, &none, list))
		return list;
	OPENSSL_free(list);
	return none;
}

int
eh_p11_lists(struct eh_p11_slot *slot, CK_MECHANISM_TYPE mechanism)
{
	CK_ULONG *list = atomic_load(&slot->mechanisms);

	if (list == NULL)
		list = ask_mechanisms(slot);
	for (CK_ULONG i = 1; list != NULL && i <= list[0]; i++)
		if (list[i] == mechanism)
			return 1;
	return 0;
}

void
eh_p11_sentence(const struct eh_p11_module *module, char *out, size_t cap)
{
	CK_UTF8CHAR name[] = CK_EDGEHSM_INTERFACE;
	CK_INTERFACE *interface = NULL;
	CK_EDGEHSM_FUNCTIONS *vendor;
	CK_ULONG len = cap - 1;

	out[0] = '\0';
	if (module->get_interface == NULL ||
	    module->get_interface(name, NULL, &interface, 0) != CKR_OK ||
	    interface == NULL || interface->pFunctionList == NULL)
		return;
	vendor = interface->pFunctionList;
	if (vendor->Refusal(CK_INVALID_HANDLE, (CK_BYTE *)out, &len) ==
	    CKR_OK && len < cap)
		out[len] = '\0';
	else
		out[0] = '\0';
}
