/* SPDX-License-Identifier: Apache-2.0 */
/* p11.c - PKCS#11 modules, and their lives in this process. */
#include "config.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "provider/err.h"
#include "provider/p11.h"
#include "provider/provider.h"
#include "provider/slot.h"

enum { NOT_INITIALISED = 0, BY_US = 1, BY_OTHERS = 2 };

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
free_life(struct eh_p11_life *life)
{
	struct eh_p11_life *before;

	for (; life != NULL; life = before) {
		before = life->before;
		eh_slot_free_all(life->slots);
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
		    life->state == BY_US && !eh_slot_any_in_use(life->slots))
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

struct eh_p11_life *
eh_p11_enter(struct eh_provider *provider, struct eh_p11_module *module)
{
	struct eh_p11_life *life;

	if (atomic_load(&finished)) {
		eh_err_raise(provider, EH_REASON_STATE,
		    "the process is exiting, the token was closed");
		return NULL;
	}
	if ((life = current(provider, module)) == NULL)
		return NULL;
	pthread_mutex_lock(&life->lock);
	if (initialise(provider, life))
		return life;
	pthread_mutex_unlock(&life->lock);
	return NULL;
}

void
eh_p11_leave(struct eh_p11_life *life)
{
	pthread_mutex_unlock(&life->lock);
}

int
eh_p11_alive(const struct eh_p11_life *life)
{
	return !atomic_load(&finished) &&
	    life->generation == atomic_load(&forks);
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
