/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - sessions: a table of them, and what one of them is doing. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11-module/find.h"
#include "pkcs11-module/rv.h"
#include "pkcs11-module/session.h"
#include "pkcs11-module/sign.h"

/* A handle is a number that never comes again, and the place in the table. */
static unsigned
place(CK_SESSION_HANDLE handle)
{
	return (unsigned)(handle % EH_SESSIONS_MAX);
}

static struct eh_session *
look_up(struct eh_module *m, CK_SESSION_HANDLE handle)
{
	struct eh_session *s = m->session[place(handle)];

	return s != NULL && s->handle == handle ? s : NULL;
}

static void
destroy(struct eh_session *s)
{
	eh_find_end(s);
	eh_sign_end(s);
	for (unsigned i = 0; i < EH_MESSAGES_MAX; i++)
		free(s->message[i].attribute);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* Put a session into the table, with m->lock held. */
static CK_RV
insert(struct eh_module *m, struct eh_session *s)
{
	for (unsigned i = 0; i < EH_SESSIONS_MAX; i++) {
		if (m->session[i] != NULL)
			continue;
		s->handle =
		    (CK_SESSION_HANDLE)(++m->serial * EH_SESSIONS_MAX + i);
		m->session[i] = s;
		m->sessions++;
		m->rw_sessions += s->rw ? 1 : 0;
		return CKR_OK;
	}
	return CKR_SESSION_COUNT;
}

/*
 * With the last session the login goes.  With m->lock held, so that nobody opens
 * a session, and logs in, between the count and the logout.
 */
static void
end_login(struct eh_module *m)
{
	if (m->sessions == 0)
		eh_client_logout(&m->client);
}

/* Take a session out of the table, with m->lock held.  Calls that are in it
 * finish; the last of them frees it. */
static void
take_out(struct eh_module *m, struct eh_session *s)
{
	m->session[place(s->handle)] = NULL;
	m->sessions--;
	m->rw_sessions -= s->rw ? 1 : 0;
	atomic_store(&s->closed, 1);
	if (s->refs == 0)
		destroy(s);
	end_login(m);
}

CK_RV
eh_session_open(struct eh_module *m, CK_FLAGS flags, CK_SESSION_HANDLE *handle)
{
	struct eh_session *s;
	struct eh_error why;
	CK_RV rv;
	int rw = (flags & CKF_RW_SESSION) != 0;

	if ((flags & CKF_SERIAL_SESSION) == 0)
		return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
	eh_error_clear(&why);
	if (eh_client_reach(&m->client, &why) != EH_OK) {
		(void)eh_module_denied(m, &why);
		return CKR_TOKEN_NOT_PRESENT;
	}
	if (!rw && eh_client_role(&m->client) == EH_ROLE_OFFICER)
		return CKR_SESSION_READ_WRITE_SO_EXISTS;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return CKR_HOST_MEMORY;
	s->module = m;
	s->rw = rw;
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_lock(&m->lock);
	if ((rv = insert(m, s)) == CKR_OK)
		*handle = s->handle;
	pthread_mutex_unlock(&m->lock);
	if (rv != CKR_OK)
		destroy(s);
	return rv;
}

CK_RV
eh_session_close(struct eh_module *m, CK_SESSION_HANDLE handle)
{
	struct eh_session *s;

	pthread_mutex_lock(&m->lock);
	if ((s = look_up(m, handle)) != NULL)
		take_out(m, s);
	pthread_mutex_unlock(&m->lock);
	return s != NULL ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
}

void
eh_session_close_all(struct eh_module *m)
{
	pthread_mutex_lock(&m->lock);
	for (unsigned i = 0; i < EH_SESSIONS_MAX; i++)
		if (m->session[i] != NULL)
			take_out(m, m->session[i]);
	pthread_mutex_unlock(&m->lock);
}

CK_RV
eh_session_enter(CK_SESSION_HANDLE handle, struct eh_session **sp)
{
	struct eh_module *m;
	struct eh_session *s;
	CK_RV rv = eh_module_enter(&m);

	*sp = NULL;
	if (rv != CKR_OK)
		return rv;
	pthread_mutex_lock(&m->lock);
	if ((s = look_up(m, handle)) != NULL)
		s->refs++;
	pthread_mutex_unlock(&m->lock);
	if (s == NULL)
		return eh_module_leave(m, CKR_SESSION_HANDLE_INVALID);
	pthread_mutex_lock(&s->lock);
	s->said = 0;
	if (atomic_load(&s->closed))
		return eh_session_leave(s, CKR_SESSION_HANDLE_INVALID);
	*sp = s;
	return CKR_OK;
}

CK_RV
eh_session_leave(struct eh_session *s, CK_RV rv)
{
	struct eh_module *m;

	if (s == NULL)
		return rv;
	m = s->module;
	/* The sentence of an earlier refusal must not pass for that of this
	 * one, which has none. */
	if (rv != CKR_OK && rv == s->device_error && !s->said) {
		s->device_error = CKR_OK;
		eh_error_clear(&s->refusal);
	}
	pthread_mutex_unlock(&s->lock);
	pthread_mutex_lock(&m->lock);
	s->refs--;
	if (s->refs == 0 && atomic_load(&s->closed)) {
		destroy(s);
		end_login(m); /* one that was made in this call */
	}
	pthread_mutex_unlock(&m->lock);
	return eh_module_leave(m, rv);
}

CK_RV
eh_session_info(struct eh_session *s, CK_SESSION_INFO *info)
{
	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	info->slotID = EH_SLOT;
	info->flags = CKF_SERIAL_SESSION | (s->rw ? CKF_RW_SESSION : 0);
	info->ulDeviceError = s->device_error;
	switch (eh_client_role(&s->module->client)) {
	case EH_ROLE_OFFICER:
		info->state = CKS_RW_SO_FUNCTIONS;
		break;
	case EH_ROLE_OPERATOR:
		info->state =
		    s->rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
		break;
	default:
		info->state =
		    s->rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
		break;
	}
	return CKR_OK;
}

CK_RV
eh_session_check_writable(const struct eh_session *s)
{
	return s->rw ? CKR_OK : CKR_SESSION_READ_ONLY;
}

CK_RV
eh_session_denied(struct eh_session *s, int err)
{
	if (s->refusal.code != err)
		(void)eh_error_set(&s->refusal, err, "%s", eh_err_text(err));
	s->said = 1;
	s->device_error = eh_rv(err);
	eh_module_debug(
	    s->module, s->device_error, eh_error_sentence(&s->refusal));
	return s->device_error;
}

CK_RV
eh_session_say(struct eh_session *s, CK_RV rv, const char *format, ...)
{
	char text[EH_ERROR_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)eh_error_set(&s->refusal, EH_ERR_ARGUMENT, "%s", text);
	s->said = 1;
	s->device_error = rv;
	eh_module_debug(s->module, rv, s->refusal.text);
	return rv;
}
