/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - sessions with a token: a pool, and the calls that only read. */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <openssl/crypto.h>

#include "common/err.h"
#include "provider/err.h"
#include "provider/provider.h"
#include "provider/session.h"

/* How many objects one call of C_FindObjects is asked for. */
#define FIND 64

/*
 * The pool: sessions are opened when there is none idle, up to a limit, and
 * never closed while they work, because with the last one the login goes.
 */
static int
prepare(struct eh_provider *provider, struct eh_slot *slot)
{
	CK_ULONG limit = slot->token.ulMaxSessionCount;

	if (slot->cap > 0)
		return 1;
	if (limit == CK_EFFECTIVELY_INFINITE ||
	    limit == CK_UNAVAILABLE_INFORMATION ||
	    limit > provider->conf.sessions)
		limit = provider->conf.sessions;
	slot->idle = OPENSSL_malloc(limit * sizeof(*slot->idle));
	if (slot->idle == NULL)
		return 0;
	slot->cap = limit;
	return 1;
}

static int
wait_for_one(struct eh_slot *slot)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += EH_SESSION_WAIT;
	while (slot->nidle == 0 && slot->open >= slot->cap)
		if (pthread_cond_timedwait(
			&slot->returned, &slot->lock, &until) == ETIMEDOUT)
			return 0;
	return 1;
}

/* One more is counted already; open it. */
static int
open_one(struct eh_provider *provider, struct eh_slot *slot,
    CK_SESSION_HANDLE *sessionp)
{
	char sentence[EH_ERROR_TEXT];
	int again = 0;
	CK_RV rv;

	eh_err_enter_module();
	rv = slot->module->f->C_OpenSession(
	    slot->id, CKF_SERIAL_SESSION, NULL, NULL, sessionp);
	eh_err_leave_module();
	if (rv == CKR_OK)
		return 1;
	pthread_mutex_lock(&slot->lock);
	slot->open--;
	if (rv == CKR_SESSION_COUNT && slot->open > 0) {
		/* Other programs have the rest: do with what we have. */
		slot->cap = slot->open;
		again = 1;
	}
	pthread_cond_signal(&slot->returned);
	pthread_mutex_unlock(&slot->lock);
	if (again)
		return eh_session_get(provider, slot, sessionp);
	eh_p11_sentence(slot->module, sentence, sizeof(sentence));
	eh_err_raise_rv(provider, rv, "C_OpenSession", sentence, NULL);
	return 0;
}

int
eh_session_get(struct eh_provider *provider, struct eh_slot *slot,
    CK_SESSION_HANDLE *sessionp)
{
	enum { FROM_POOL, NEW, NONE } how = NONE;
	size_t open;

	pthread_mutex_lock(&slot->lock);
	if (prepare(provider, slot) && wait_for_one(slot)) {
		how = slot->nidle > 0 ? FROM_POOL : NEW;
		if (how == FROM_POOL)
			*sessionp = slot->idle[--slot->nidle];
		else
			slot->open++;
	}
	open = slot->open;
	pthread_mutex_unlock(&slot->lock);
	if (how == FROM_POOL)
		return 1;
	if (how == NEW)
		return open_one(provider, slot, sessionp);
	eh_err_raise(provider, EH_REASON_BUSY,
	    "%zu sessions with token \"%.32s\" are in use, and none became "
	    "free in %d s", open, (const char *)slot->token.label,
	    EH_SESSION_WAIT);
	return 0;
}

void
eh_session_put(struct eh_slot *slot, CK_SESSION_HANDLE session)
{
	/* The locks of the parent's life are not ours to take. */
	if (!eh_slot_alive(slot))
		return;
	pthread_mutex_lock(&slot->lock);
	slot->idle[slot->nidle++] = session;
	pthread_cond_signal(&slot->returned);
	pthread_mutex_unlock(&slot->lock);
}

void
eh_session_drop(struct eh_slot *slot, CK_SESSION_HANDLE session)
{
	if (!eh_slot_alive(slot))
		return;
	eh_err_enter_module();
	slot->module->f->C_CloseSession(session);
	eh_err_leave_module();
	pthread_mutex_lock(&slot->lock);
	/* With the last session the login goes (PKCS#11 section 5.6.2). */
	if (--slot->open == 0)
		atomic_store(&slot->logged_in, 0);
	pthread_cond_signal(&slot->returned);
	pthread_mutex_unlock(&slot->lock);
}

void
eh_session_drop_idle(struct eh_slot *slot)
{
	CK_SESSION_HANDLE session;

	for (;;) {
		pthread_mutex_lock(&slot->lock);
		if (slot->nidle == 0)
			break;
		session = slot->idle[--slot->nidle];
		pthread_mutex_unlock(&slot->lock);
		eh_session_drop(slot, session);
	}
	pthread_mutex_unlock(&slot->lock);
}

int
eh_session_is_dead(CK_RV rv)
{
	switch (rv) {
	case CKR_OBJECT_HANDLE_INVALID:
	case CKR_KEY_HANDLE_INVALID:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_SESSION_CLOSED:
	case CKR_DEVICE_REMOVED:
	case CKR_DEVICE_ERROR:
	case CKR_USER_NOT_LOGGED_IN:
		return 1;
	default:
		return 0;
	}
}

static CK_RV
find_all(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE **handlesp, size_t *usedp)
{
	CK_OBJECT_HANDLE *more;
	CK_ULONG got = FIND;
	CK_RV rv;

	while (got == FIND) {
		more = OPENSSL_realloc(
		    *handlesp, (*usedp + FIND) * sizeof(*more));
		if (more == NULL)
			return CKR_HOST_MEMORY;
		*handlesp = more;
		got = 0;
		rv = f->C_FindObjects(session, more + *usedp, FIND, &got);
		if (rv != CKR_OK)
			return rv;
		if (got > FIND)
			return CKR_GENERAL_ERROR;
		*usedp += got;
	}
	return CKR_OK;
}

CK_RV
eh_session_find(struct eh_slot *slot, CK_SESSION_HANDLE session,
    CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE **handlesp,
    size_t *nhandlesp)
{
	CK_FUNCTION_LIST *f = slot->module->f;
	CK_OBJECT_HANDLE *handles = NULL;
	size_t used = 0;
	CK_RV rv;

	*handlesp = NULL;
	*nhandlesp = 0;
	eh_err_enter_module();
	rv = f->C_FindObjectsInit(session, attributes, count);
	if (rv == CKR_OK) {
		rv = find_all(f, session, &handles, &used);
		f->C_FindObjectsFinal(session);
	}
	eh_err_leave_module();
	if (rv != CKR_OK || used == 0) {
		OPENSSL_free(handles);
		return rv;
	}
	*handlesp = handles;
	*nhandlesp = used;
	return CKR_OK;
}

/* Lengths are aligned, so that numbers can be read where they lie. */
static size_t
lay_out(CK_ATTRIBUTE *attributes, CK_ULONG count, unsigned char *store)
{
	size_t at = 0;

	for (CK_ULONG i = 0; i < count; i++) {
		if (store != NULL)
			attributes[i].pValue =
			    attributes[i].ulValueLen > 0 ? store + at : NULL;
		at += (attributes[i].ulValueLen + 15) & ~(size_t)15;
	}
	return at;
}

/* Answers that leave the other attributes of the same call in order. */
static int
answered(CK_RV rv)
{
	return rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
	    rv == CKR_ATTRIBUTE_SENSITIVE;
}

/* An object that says more than this about itself is not read. */
#define VALUES_MAX (1UL << 20)

static CK_RV
read_once(struct eh_slot *slot, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count,
    unsigned char **storep)
{
	size_t size = lay_out(attributes, count, NULL);

	*storep = size <= VALUES_MAX ? OPENSSL_zalloc(size + 1) : NULL;
	if (*storep == NULL)
		return CKR_HOST_MEMORY;
	lay_out(attributes, count, *storep);
	return slot->module->f->C_GetAttributeValue(
	    session, object, attributes, count);
}

static CK_RV
ask_sizes(struct eh_slot *slot, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
	CK_RV rv;

	for (CK_ULONG i = 0; i < count; i++) {
		attributes[i].pValue = NULL;
		attributes[i].ulValueLen = 0;
	}
	rv = slot->module->f->C_GetAttributeValue(
	    session, object, attributes, count);
	for (CK_ULONG i = 0; i < count; i++)
		if (attributes[i].ulValueLen == CK_UNAVAILABLE_INFORMATION)
			attributes[i].ulValueLen = 0;
	return rv;
}

CK_RV
eh_session_read(struct eh_slot *slot, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count,
    unsigned char **storep)
{
	CK_RV rv;

	eh_err_enter_module();
	rv = read_once(slot, session, object, attributes, count, storep);
	if (rv == CKR_BUFFER_TOO_SMALL) {
		OPENSSL_free(*storep);
		*storep = NULL;
		rv = ask_sizes(slot, session, object, attributes, count);
		if (answered(rv))
			rv = read_once(slot, session, object, attributes,
			    count, storep);
	}
	eh_err_leave_module();
	if (!answered(rv)) {
		OPENSSL_free(*storep);
		*storep = NULL;
	}
	for (CK_ULONG i = 0; i < count; i++)
		if (*storep == NULL || attributes[i].pValue == NULL ||
		    attributes[i].ulValueLen == CK_UNAVAILABLE_INFORMATION) {
			attributes[i].pValue = NULL;
			attributes[i].ulValueLen = 0;
		}
	return answered(rv) ? CKR_OK : rv;
}

void
eh_session_sentence(struct eh_slot *slot, CK_SESSION_HANDLE session,
    CK_RV rv, char *out, size_t cap)
{
	CK_OBJECT_CLASS class = CKO_EDGEHSM_TOKEN;
	CK_ATTRIBUTE wanted = { CKA_CLASS, &class, sizeof(class) };
	CK_ATTRIBUTE text = { CKA_EDGEHSM_REFUSAL, NULL, EH_ERROR_TEXT };
	CK_OBJECT_HANDLE *objects = NULL;
	CK_SESSION_INFO info = { 0 };
	unsigned char *store = NULL;
	size_t count = 0, len;

	out[0] = '\0';
	if (!eh_slot_alive(slot))
		return;
	/* An earlier refusal of this session says nothing about a standard
	 * code that comes now. */
	if (!eh_err_is_refusal(rv)) {
		eh_err_enter_module();
		slot->module->f->C_GetSessionInfo(session, &info);
		eh_err_leave_module();
		if (info.ulDeviceError != rv)
			return;
	}
	if (eh_session_find(slot, session, &wanted, 1, &objects, &count) ==
	    CKR_OK && count == 1 &&
	    eh_session_read(slot, session, objects[0], &text, 1, &store) ==
	    CKR_OK) {
		len = text.ulValueLen < cap ? text.ulValueLen : cap - 1;
		if (len > 0)
			memcpy(out, text.pValue, len);
		out[len] = '\0';
	}
	OPENSSL_free(store);
	OPENSSL_free(objects);
}
