/* SPDX-License-Identifier: Apache-2.0 */
/* login.c - who is logged in, and PINs. */
#include "config.h"

#include "pkcs11-module/login.h"
#include "pkcs11-module/rv.h"

static int
pin_fits(CK_ULONG len)
{
	return len >= EH_PIN_MIN && len <= EH_PIN_MAX;
}

static CK_RV
say_pin_length(struct eh_session *s, CK_RV rv, CK_ULONG len)
{
	return eh_session_say(s, rv, "a PIN has %d to %d octets, not %lu",
	    EH_PIN_MIN, EH_PIN_MAX, len);
}

/* May this role log in now?  PKCS#11 section 5.6.8. */
static CK_RV
check_states(struct eh_session *s, int role)
{
	struct eh_module *m = s->module;
	int present = eh_client_role(&m->client), read_only;

	if (present == role)
		return CKR_USER_ALREADY_LOGGED_IN;
	if (present != EH_CLIENT_NOBODY)
		return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
	pthread_mutex_lock(&m->lock);
	read_only = m->rw_sessions < m->sessions;
	pthread_mutex_unlock(&m->lock);
	if (role == EH_ROLE_OFFICER && read_only)
		return CKR_SESSION_READ_ONLY_EXISTS;
	return CKR_OK;
}

/* Has the operator a PIN at all?  Only a no is asked again: the officer may
 * have set one meanwhile.  What is fail-stopped does not know, and says why when
 * it is asked to log in. */
static CK_RV
check_pin_is_set(struct eh_session *s)
{
	struct eh_client *client = &s->module->client;
	struct eh_hello hello;
	int err;

	eh_client_last_hello(client, &hello);
	if (hello.flags & EH_FLAG_OPERATOR_PIN)
		return CKR_OK;
	if ((err = eh_client_hello(client, &hello, &s->refusal)) != EH_OK)
		return eh_session_denied(s, err);
	if ((hello.flags & EH_FLAG_OPERATOR_PIN) != 0 ||
	    hello.state == EH_STATE_FAIL_STOPPED)
		return CKR_OK;
	return eh_session_say(s, CKR_USER_PIN_NOT_INITIALIZED,
	    "the operator has no PIN yet: the security officer sets one "
	    "(edgehsm token set-pin)");
}

static CK_RV
log_in(struct eh_session *s, enum eh_wire_role role, const CK_BYTE *pin,
    CK_ULONG len)
{
	CK_RV rv = check_states(s, (int)role);
	int err;

	if (rv != CKR_OK)
		return rv;
	if (role == EH_ROLE_OPERATOR && (rv = check_pin_is_set(s)) != CKR_OK)
		return rv;
	if (!pin_fits(len))
		return say_pin_length(s, CKR_PIN_INCORRECT, len);
	err = eh_client_login(&s->module->client, role, pin, len, &s->refusal);
	return err == EH_OK ? CKR_OK : eh_session_denied(s, err);
}

CK_RV
eh_login(
    struct eh_session *s, CK_USER_TYPE user, const CK_BYTE *pin, CK_ULONG len)
{
	CK_RV rv;

	/* No key of ours asks for a PIN each time. */
	if (user == CKU_CONTEXT_SPECIFIC)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (user != CKU_SO && user != CKU_USER)
		return CKR_USER_TYPE_INVALID;
	if (pin == NULL)
		return CKR_ARGUMENTS_BAD;
	pthread_mutex_lock(&s->module->login);
	rv = log_in(
	    s, user == CKU_SO ? EH_ROLE_OFFICER : EH_ROLE_OPERATOR, pin, len);
	pthread_mutex_unlock(&s->module->login);
	return rv;
}

CK_RV
eh_login_end(struct eh_session *s)
{
	struct eh_module *m = s->module;
	CK_RV rv = CKR_OK;

	pthread_mutex_lock(&m->login);
	if (eh_client_role(&m->client) == EH_CLIENT_NOBODY)
		rv = CKR_USER_NOT_LOGGED_IN;
	else
		eh_client_logout(&m->client);
	pthread_mutex_unlock(&m->login);
	return rv;
}

static int
send_pin(struct eh_session *s, enum eh_wire_role role, const CK_BYTE *old,
    CK_ULONG oldlen, const CK_BYTE *pin, CK_ULONG len)
{
	struct eh_wire request;
	struct eh_reply reply;
	int err;

	eh_wire_init(&request, EH_REQ_SET_PIN, 0);
	eh_wire_put_number(&request, EH_WIRE_ROLE, role);
	eh_wire_put_bytes(&request, EH_WIRE_PIN, pin, len);
	if (old != NULL)
		eh_wire_put_bytes(&request, EH_WIRE_OLD_PIN, old, oldlen);
	err = eh_client_call(&s->module->client, &request, &reply, &s->refusal);
	eh_reply_wipe(&reply);
	return err;
}

CK_RV
eh_login_init_pin(struct eh_session *s, const CK_BYTE *pin, CK_ULONG len)
{
	CK_RV rv;
	int err;

	if (eh_client_role(&s->module->client) != EH_ROLE_OFFICER)
		return CKR_USER_NOT_LOGGED_IN;
	if ((rv = eh_session_check_writable(s)) != CKR_OK)
		return rv;
	if (pin == NULL)
		return CKR_ARGUMENTS_BAD;
	if (!pin_fits(len))
		return say_pin_length(s, CKR_PIN_LEN_RANGE, len);
	err = send_pin(s, EH_ROLE_OPERATOR, NULL, 0, pin, len);
	return err == EH_OK ? CKR_OK : eh_session_denied(s, err);
}

/* The PIN of whoever is logged in, of the operator when nobody is.  A new PIN
 * makes the old ticket worthless, so the login is made again with it: for the
 * application nothing changes. */
static CK_RV
set_pin(struct eh_session *s, const CK_BYTE *old, CK_ULONG oldlen,
    const CK_BYTE *pin, CK_ULONG len)
{
	struct eh_client *client = &s->module->client;
	int present = eh_client_role(client), err;
	enum eh_wire_role role =
	    present == EH_ROLE_OFFICER ? EH_ROLE_OFFICER : EH_ROLE_OPERATOR;

	err = send_pin(s, role, old, oldlen, pin, len);
	if (err != EH_OK)
		return eh_session_denied(s, err);
	if (present == (int)role &&
	    eh_client_login(client, role, pin, len, NULL) != EH_OK)
		eh_client_logout(client);
	return CKR_OK;
}

CK_RV
eh_login_set_pin(struct eh_session *s, const CK_BYTE *old, CK_ULONG oldlen,
    const CK_BYTE *pin, CK_ULONG len)
{
	CK_RV rv = eh_session_check_writable(s);

	if (rv != CKR_OK)
		return rv;
	if (old == NULL || pin == NULL)
		return CKR_ARGUMENTS_BAD;
	if (!pin_fits(len))
		return say_pin_length(s, CKR_PIN_LEN_RANGE, len);
	if (!pin_fits(oldlen))
		return say_pin_length(s, CKR_PIN_INCORRECT, oldlen);
	pthread_mutex_lock(&s->module->login);
	rv = set_pin(s, old, oldlen, pin, len);
	pthread_mutex_unlock(&s->module->login);
	return rv;
}
