/* SPDX-License-Identifier: Apache-2.0 */
/* sign.c - C_SignInit, C_Sign, C_SignUpdate, C_SignFinal. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/wipe.h"
#include "pkcs11-module/attrs.h"
#include "pkcs11-module/sign.h"
#include "pkcs11-module/view.h"

static void
wipe_free(uint8_t *bytes, size_t len)
{
	if (bytes != NULL)
		eh_wipe(bytes, len);
	free(bytes);
}

void
eh_sign_end(struct eh_session *s)
{
	struct eh_sign *sign = &s->sign;

	wipe_free(sign->param, sign->paramlen);
	wipe_free(sign->ready, sign->readylen);
	eh_buf_free(&sign->data);
	memset(sign, 0, sizeof(*sign));
}

/* What C_SignInit has to know of a key. */
struct key {
	uint64_t number;
	uint64_t purpose;
	char label[65];
};

/* Find the private key of ${handle}, without asking the daemon when it is
 * known. */
static CK_RV
find_key(struct eh_session *s, CK_OBJECT_HANDLE handle, struct key *key)
{
	struct eh_module *m = s->module;
	const struct eh_object *o;
	struct eh_error why;
	int err, fits;

	key->number = eh_view_number(handle);
	if (eh_view_kind(handle) != EH_KIND_PRIVATE || key->number == 0)
		return CKR_KEY_HANDLE_INVALID;
	eh_error_clear(&why);
	err = eh_cache_borrow(&m->cache, &m->client, key->number, &o, &why);
	if (err == EH_ERR_NOT_FOUND)
		return CKR_KEY_HANDLE_INVALID;
	if (err != EH_OK) {
		s->refusal = why;
		return eh_session_denied(s, err);
	}
	key->purpose = o->purpose;
	memcpy(key->label, o->label, sizeof(key->label));
	fits = eh_view_fits(EH_KIND_PRIVATE, o);
	eh_cache_unlock(&m->cache);
	return fits ? CKR_OK : CKR_KEY_HANDLE_INVALID;
}

static CK_RV
check_login(struct eh_session *s)
{
	if (eh_client_role(&s->module->client) == EH_ROLE_OPERATOR)
		return CKR_OK;
	return eh_session_say(
	    s, CKR_USER_NOT_LOGGED_IN, "signing needs the operator's login");
}

/* What is fail-stopped stays so, whatever the message: say it before anybody
 * prepares one.  An old hello is asked again, since the daemon may have come
 * back. */
static CK_RV
check_state(struct eh_session *s)
{
	struct eh_client *client = &s->module->client;
	struct eh_hello hello;
	int err;

	eh_client_last_hello(client, &hello);
	if (hello.state != EH_STATE_FAIL_STOPPED)
		return CKR_OK;
	if ((err = eh_client_hello(client, &hello, &s->refusal)) != EH_OK)
		return eh_session_denied(s, err);
	if (hello.state != EH_STATE_FAIL_STOPPED)
		return CKR_OK;
	return eh_session_denied(s,
	    eh_error_set(
		&s->refusal, EH_DENIED_FAIL_STOPPED, "%s", hello.text));
}

static CK_RV
check_mechanism(struct eh_session *s, const struct key *key,
    const CK_MECHANISM *given, const struct eh_mech **mechp)
{
	const struct eh_mech *mech = eh_mech_find(given->mechanism);

	if (mech == NULL || mech->request == EH_MECH_REQUEST_NONE)
		return CKR_MECHANISM_INVALID;
	if (key->purpose < 32 && (mech->purposes & 1u << key->purpose) != 0) {
		*mechp = mech;
		return eh_mech_check_param(mech, given);
	}
	if (key->purpose == CK_EDGEHSM_PURPOSE_ISSUING &&
	    mech->type == CKM_ECDSA)
		return eh_session_say(s, CKR_MECHANISM_INVALID,
		    "key %s is an issuing key and signs complete messages "
		    "only: use CKM_ECDSA_SHA256 or CKM_EDGEHSM_ISSUE, not a "
		    "digest with CKM_ECDSA",
		    key->label);
	return eh_session_say(s, CKR_MECHANISM_INVALID,
	    "key %s does not offer mechanism 0x%lx; its "
	    "CKA_ALLOWED_MECHANISMS says what it does offer",
	    key->label, mech->type);
}

static CK_RV
begin(struct eh_sign *sign, const struct eh_mech *mech, uint64_t key,
    const CK_MECHANISM *given)
{
	if (given->ulParameterLen > 0) {
		sign->param = malloc(given->ulParameterLen);
		if (sign->param == NULL)
			return CKR_HOST_MEMORY;
		memcpy(sign->param, given->pParameter, given->ulParameterLen);
		sign->paramlen = given->ulParameterLen;
	}
	eh_buf_init(&sign->data, mech->data_max);
	sign->key = key;
	sign->mech = mech;
	return CKR_OK;
}

CK_RV
eh_sign_init(
    struct eh_session *s, const CK_MECHANISM *given, CK_OBJECT_HANDLE handle)
{
	const struct eh_mech *mech = NULL;
	struct key key;
	CK_RV rv;

	if (given == NULL) { /* cancel, PKCS#11 3.0 section 5.13.1 */
		if (s->sign.mech == NULL)
			return CKR_ARGUMENTS_BAD;
		eh_sign_end(s);
		return CKR_OK;
	}
	if (s->sign.mech != NULL)
		return CKR_OPERATION_ACTIVE;
	if ((rv = check_state(s)) != CKR_OK ||
	    (rv = find_key(s, handle, &key)) != CKR_OK ||
	    (rv = check_login(s)) != CKR_OK ||
	    (rv = check_mechanism(s, &key, given, &mech)) != CKR_OK)
		return rv;
	return begin(&s->sign, mech, key.number, given);
}

/* Ask the daemon; its output stands in ${reply}. */
static CK_RV
ask(struct eh_session *s, const uint8_t *data, size_t len,
    struct eh_reply *reply)
{
	const struct eh_sign *sign = &s->sign;
	const struct eh_mech *mech = sign->mech;
	struct eh_wire request;
	size_t n;
	int err;

	if (len < mech->data_min || len > mech->data_max)
		return eh_session_say(s, CKR_DATA_LEN_RANGE,
		    "this mechanism takes %zu to %zu octets, not %zu",
		    mech->data_min, mech->data_max, len);
	if (mech->request == EH_MECH_REQUEST_RECEIPT) {
		eh_wire_init(&request, EH_REQ_RECEIPT, 0);
		eh_wire_put_bytes(&request, EH_WIRE_NONCE, data, len);
	} else {
		eh_wire_init(&request, EH_REQ_SIGN, 0);
		eh_wire_put_number(
		    &request, EH_WIRE_OBJECT, (int64_t)sign->key);
		eh_wire_put_number(&request, EH_WIRE_MECHANISM, mech->wire);
		eh_wire_put_bytes(&request, EH_WIRE_DATA, data, len);
		if (sign->paramlen > 0)
			eh_wire_put_bytes(&request, EH_WIRE_PARAM, sign->param,
			    sign->paramlen);
	}
	err = eh_client_call(&s->module->client, &request, reply, &s->refusal);
	if (err == EH_ERR_NOT_FOUND) /* somebody else destroyed the key */
		eh_cache_forget(&s->module->cache);
	if (err != EH_OK)
		return eh_session_denied(s, err);
	(void)eh_wire_bytes(&reply->map, EH_WIRE_DATA, &n);
	if (n == 0 || n > mech->output ||
	    (mech->request == EH_MECH_REQUEST_SIGN && n != mech->output))
		return eh_session_say(s, CKR_DEVICE_ERROR,
		    "edgehsmd gave a signature of %zu octets, not %zu", n,
		    mech->output);
	return CKR_OK;
}

/* Give the output.  One whose length was not known before may not fit: it is
 * kept for the next call. */
static CK_RV
give(struct eh_session *s, const uint8_t *bytes, size_t len, CK_BYTE_PTR out,
    CK_ULONG_PTR outlen)
{
	CK_RV rv = eh_out_bytes(bytes, len, out, outlen);
	struct eh_sign *sign = &s->sign;

	if (rv != CKR_BUFFER_TOO_SMALL || sign->ready != NULL)
		return rv;
	if ((sign->ready = malloc(len)) == NULL)
		return CKR_HOST_MEMORY;
	memcpy(sign->ready, bytes, len);
	sign->readylen = len;
	return rv;
}

/* The last step of both ways.  Returns with the operation ended, unless
 * *${activep} becomes 1. */
static CK_RV
finish(struct eh_session *s, const uint8_t *data, size_t len, CK_BYTE_PTR out,
    CK_ULONG_PTR outlen, int *activep)
{
	struct eh_sign *sign = &s->sign;
	struct eh_reply reply;
	const uint8_t *bytes;
	size_t n, need;
	CK_RV rv;

	*activep = 1;
	need = sign->ready != NULL ? sign->readylen : sign->mech->output;
	if (sign->mech->request == EH_MECH_REQUEST_RECEIPT &&
	    sign->ready == NULL && out != NULL)
		need = 0; /* not known yet: try what there is */
	if (eh_out_query(need, out, outlen, &rv)) {
		*activep = rv != CKR_ARGUMENTS_BAD;
		return rv;
	}
	if (sign->ready != NULL) {
		rv = give(s, sign->ready, sign->readylen, out, outlen);
		*activep = 0;
		return rv;
	}
	eh_reply_init(&reply);
	rv = ask(s, data, len, &reply);
	if (rv == CKR_OK) {
		bytes = eh_wire_bytes(&reply.map, EH_WIRE_DATA, &n);
		rv = give(s, bytes, n, out, outlen);
	}
	eh_reply_wipe(&reply);
	*activep = rv == CKR_BUFFER_TOO_SMALL;
	return rv;
}

CK_RV
eh_sign(struct eh_session *s, const CK_BYTE *data, CK_ULONG len,
    CK_BYTE_PTR out, CK_ULONG_PTR outlen)
{
	int active = 0;
	CK_RV rv;

	if (s->sign.mech == NULL)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (s->sign.parts)
		rv = CKR_OPERATION_ACTIVE;
	else if (data == NULL && len > 0 && out != NULL)
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = finish(s, data, len, out, outlen, &active);
	if (!active)
		eh_sign_end(s);
	return rv;
}

CK_RV
eh_sign_update(struct eh_session *s, const CK_BYTE *part, CK_ULONG len)
{
	struct eh_sign *sign = &s->sign;
	CK_RV rv = CKR_OK;
	int err;

	if (sign->mech == NULL)
		return CKR_OPERATION_NOT_INITIALIZED;
	sign->parts = 1;
	if (sign->ready != NULL)
		rv = CKR_OPERATION_ACTIVE;
	else if (part == NULL && len > 0)
		rv = CKR_ARGUMENTS_BAD;
	else if (len > sign->mech->data_max - sign->data.len)
		rv = eh_session_say(s, CKR_DATA_LEN_RANGE,
		    "this mechanism takes at most %zu octets",
		    sign->mech->data_max);
	else if ((err = eh_buf_append(&sign->data, part, len)) != EH_OK)
		rv = CKR_HOST_MEMORY;
	if (rv != CKR_OK)
		eh_sign_end(s);
	return rv;
}

CK_RV
eh_sign_final(struct eh_session *s, CK_BYTE_PTR out, CK_ULONG_PTR outlen)
{
	struct eh_sign *sign = &s->sign;
	int active = 0;
	CK_RV rv;

	if (sign->mech == NULL)
		return CKR_OPERATION_NOT_INITIALIZED;
	sign->parts = 1;
	rv = finish(s, sign->data.data, sign->data.len, out, outlen, &active);
	if (!active)
		eh_sign_end(s);
	return rv;
}
