/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - the one state of the module, and how every call enters it. */
#include "config.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11-module/module.h"
#include "pkcs11-module/rv.h"
#include "pkcs11-module/session.h"

static struct eh_module module = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.idle = PTHREAD_COND_INITIALIZER,
	.login = PTHREAD_MUTEX_INITIALIZER,
};

/*
 * Forks.  The handler may do no more than count (other threads of the parent
 * held locks, and are gone); every call compares.  The child begins anew with
 * its own C_Initialize.
 */
static atomic_uint forks, adopted;
static atomic_flag adopting = ATOMIC_FLAG_INIT;
static pthread_once_t watch_forks = PTHREAD_ONCE_INIT;

static void
forked(void)
{
	atomic_fetch_add(&forks, 1);
	atomic_flag_clear(&adopting);
}

static void
watch(void)
{
	pthread_atfork(NULL, NULL, forked);
}

/* Sentences of calls without a session, one for each of the last threads that
 * had one.  Thread-local memory would need more than libc. */
#define THREADS 32

static struct {
	pthread_mutex_t lock;
	unsigned turn;
	struct {
		int used;
		pthread_t thread;
		struct eh_error error;
	} of[THREADS];
} said = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* In a child of a fork: forget the parent's state without touching its
 * connections beyond closing our copies of them. */
static void
adopt(void)
{
	unsigned now = atomic_load(&forks);

	while (atomic_load(&adopted) != now) {
		if (atomic_flag_test_and_set(&adopting)) {
			sched_yield();
			continue;
		}
		pthread_mutex_init(&module.lock, NULL);
		pthread_mutex_init(&module.login, NULL);
		pthread_cond_init(&module.idle, NULL);
		pthread_mutex_init(&said.lock, NULL);
		if (module.state != EH_MODULE_DOWN) {
			eh_client_drop(&module.client, &module.conf);
			eh_cache_drop(&module.cache);
		}
		/* Sessions and rows are left behind: another thread may have
		 * been in the middle of them. */
		memset(module.session, 0, sizeof(module.session));
		memset(&module.conf, 0, sizeof(module.conf));
		module.sessions = module.rw_sessions = module.calls = 0;
		module.state = EH_MODULE_DOWN;
		atomic_store(&adopted, now);
		atomic_flag_clear(&adopting);
	}
}

static int
is_foreign(void)
{
	return atomic_load(&forks) != atomic_load(&adopted);
}

static CK_RV
check_args(const CK_C_INITIALIZE_ARGS *args)
{
	int given;

	if (args == NULL)
		return CKR_OK;
	given = (args->CreateMutex != NULL) + (args->DestroyMutex != NULL) +
	    (args->LockMutex != NULL) + (args->UnlockMutex != NULL);
	if (args->pReserved != NULL || (given != 0 && given != 4))
		return CKR_ARGUMENTS_BAD;
	/* Our own locks only. */
	if (given == 4 && (args->flags & CKF_OS_LOCKING_OK) == 0)
		return CKR_CANT_LOCK;
	return CKR_OK;
}

CK_RV
eh_module_start(const CK_C_INITIALIZE_ARGS *args)
{
	CK_RV rv = check_args(args);
	int err;

	if (rv != CKR_OK)
		return rv;
	pthread_once(&watch_forks, watch);
	if (is_foreign())
		adopt();
	pthread_mutex_lock(&module.lock);
	if (module.state != EH_MODULE_DOWN) {
		pthread_mutex_unlock(&module.lock);
		return CKR_CRYPTOKI_ALREADY_INITIALIZED;
	}
	module.debug = secure_getenv("EDGEHSM_DEBUG") != NULL;
	eh_error_clear(&module.conf_error);
	err = eh_conf_load(
	    &module.conf, EH_SYSCONFDIR, EH_DAEMON, &module.conf_error);
	if (err != EH_OK)
		eh_module_debug(
		    &module, CKR_OK, eh_error_sentence(&module.conf_error));
	eh_client_init(&module.client, &module.conf);
	eh_cache_init(&module.cache);
	module.state = EH_MODULE_UP;
	pthread_mutex_unlock(&module.lock);
	return CKR_OK;
}

CK_RV
eh_module_stop(void)
{
	if (is_foreign())
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	pthread_mutex_lock(&module.lock);
	if (module.state != EH_MODULE_UP) {
		pthread_mutex_unlock(&module.lock);
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	}
	/* New calls are turned away; those under way finish first, so that a
	 * signature that was paid for is not lost. */
	module.state = EH_MODULE_CLOSING;
	while (module.calls > 0)
		pthread_cond_wait(&module.idle, &module.lock);
	pthread_mutex_unlock(&module.lock);

	eh_session_close_all(&module);
	eh_client_wipe(&module.client);
	eh_cache_wipe(&module.cache);
	eh_conf_free(&module.conf);

	pthread_mutex_lock(&module.lock);
	module.state = EH_MODULE_DOWN;
	pthread_mutex_unlock(&module.lock);
	return CKR_OK;
}

CK_RV
eh_module_enter(struct eh_module **mp)
{
	CK_RV rv = CKR_CRYPTOKI_NOT_INITIALIZED;

	*mp = NULL;
	if (is_foreign())
		return rv;
	pthread_mutex_lock(&module.lock);
	if (module.state == EH_MODULE_UP) {
		module.calls++;
		*mp = &module;
		rv = CKR_OK;
	}
	pthread_mutex_unlock(&module.lock);
	return rv;
}

CK_RV
eh_module_leave(struct eh_module *m, CK_RV rv)
{
	if (m == NULL)
		return rv;
	pthread_mutex_lock(&m->lock);
	if (--m->calls == 0)
		pthread_cond_broadcast(&m->idle);
	pthread_mutex_unlock(&m->lock);
	return rv;
}

CK_RV
eh_module_enter_slot(CK_SLOT_ID slot, struct eh_module **mp)
{
	CK_RV rv = eh_module_enter(mp);

	if (rv != CKR_OK)
		return rv;
	if ((*mp)->conf_error.code != EH_OK) {
		(void)eh_module_denied(*mp, &(*mp)->conf_error);
		rv = CKR_SLOT_ID_INVALID;
	} else if (slot != EH_SLOT) {
		rv = CKR_SLOT_ID_INVALID;
	}
	if (rv != CKR_OK) {
		(void)eh_module_leave(*mp, rv);
		*mp = NULL;
	}
	return rv;
}

void
eh_module_debug(const struct eh_module *m, CK_RV rv, const char *sentence)
{
	if (m->debug)
		dprintf(
		    STDERR_FILENO, "edgehsm-pkcs11: 0x%lx: %s\n", rv, sentence);
}

static void
keep(const struct eh_error *why)
{
	pthread_t self = pthread_self();
	unsigned i;

	pthread_mutex_lock(&said.lock);
	for (i = 0; i < THREADS; i++)
		if (said.of[i].used && pthread_equal(said.of[i].thread, self))
			break;
	if (i == THREADS)
		i = said.turn++ % THREADS;
	said.of[i].used = 1;
	said.of[i].thread = self;
	said.of[i].error = *why;
	pthread_mutex_unlock(&said.lock);
}

void
eh_module_last(struct eh_error *out)
{
	pthread_t self = pthread_self();

	eh_error_clear(out);
	pthread_mutex_lock(&said.lock);
	for (unsigned i = 0; i < THREADS; i++)
		if (said.of[i].used && pthread_equal(said.of[i].thread, self))
			*out = said.of[i].error;
	pthread_mutex_unlock(&said.lock);
}

CK_RV
eh_module_denied(struct eh_module *m, const struct eh_error *why)
{
	CK_RV rv = eh_rv(why->code);

	keep(why);
	eh_module_debug(m, rv, eh_error_sentence(why));
	return rv;
}

CK_RV
eh_module_say(struct eh_module *m, CK_RV rv, const char *format, ...)
{
	struct eh_error why;
	char text[EH_ERROR_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)eh_error_set(&why, EH_ERR_ARGUMENT, "%s", text);
	keep(&why);
	eh_module_debug(m, rv, why.text);
	return rv;
}
