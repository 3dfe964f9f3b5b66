/* SPDX-License-Identifier: Apache-2.0 */
/* vendor.c - the interface "Vendor EdgeHSM". */
#include "config.h"

#include <string.h>

#include "pkcs11-module/attrs.h"
#include "pkcs11-module/create.h"
#include "pkcs11-module/login.h"
#include "pkcs11-module/session.h"
#include "pkcs11-module/slot.h"
#include "pkcs11-module/vendor.h"
#include "pkcs11-module/view.h"

/* The most octets that these can have. */
#define MESSAGE_MAX 16384
#define RECEIPT_MAX (65536 + 1024)
#define LOG_MAX	    (EH_WIRE_MAX - 4096) /* a frame, less what is around it */
#define LINE_MAX    512
#define NONCE_LEN   16
#define CHALLENGE_LEN 32
#define SEQ_MAX	    9007199254740991 /* the wire's largest number */

static int
is_nonce(const CK_BYTE *nonce, CK_ULONG len)
{
	return nonce != NULL && len >= 16 && len <= 32;
}

static CK_RV
genesis(CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len,
    CK_UTF8CHAR_PTR label32, CK_BYTE_PTR root, CK_ULONG root_len)
{
	struct eh_module *m;
	struct eh_wire request;
	struct eh_reply reply;
	struct eh_error why;
	char label[33];
	CK_RV rv = eh_module_enter_slot(slot, &m);
	int err;

	if (rv != CKR_OK)
		return rv;
	if (pin == NULL || label32 == NULL || root == NULL)
		return eh_module_leave(m, CKR_ARGUMENTS_BAD);
	if (pin_len < EH_PIN_MIN || pin_len > EH_PIN_MAX)
		return eh_module_leave(m,
		    eh_module_say(m, CKR_PIN_LEN_RANGE,
			"a PIN has %d to %d octets, not %lu", EH_PIN_MIN,
			EH_PIN_MAX, pin_len));
	if (!eh_slot_unpad(label32, label))
		return eh_module_leave(m,
		    eh_module_say(m, CKR_ARGUMENTS_BAD,
			"a token label is printable ASCII"));
	eh_wire_init(&request, EH_REQ_GENESIS, 0);
	eh_wire_put_text(&request, EH_WIRE_LABEL, label);
	eh_wire_put_bytes(&request, EH_WIRE_PIN, pin, pin_len);
	eh_wire_put_bytes(&request, EH_WIRE_SPKI, root, root_len);
	eh_error_clear(&why);
	err = eh_client_call(&m->client, &request, &reply, &why);
	eh_reply_wipe(&reply);
	if (err != EH_OK)
		rv = eh_module_denied(m, &why);
	return eh_module_leave(m, rv);
}

static CK_RV
status(CK_SLOT_ID slot, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct eh_module *m;
	struct eh_wire request;
	struct eh_reply reply;
	struct eh_error why;
	CK_RV rv = eh_module_enter_slot(slot, &m);
	int err;

	if (rv != CKR_OK)
		return rv;
	eh_wire_init(&request, EH_REQ_STATUS, 0);
	eh_error_clear(&why);
	err = eh_client_call(&m->client, &request, &reply, &why);
	if (err == EH_OK)
		rv = eh_out_bytes(reply.bytes, reply.len, out, out_len);
	else
		rv = eh_module_denied(m, &why);
	eh_reply_wipe(&reply);
	return eh_module_leave(m, rv);
}

/* Where an answer goes, and the most octets that it can have: what a NULL
 * buffer is told, so that nothing is asked only to be measured. */
struct output {
	CK_BYTE_PTR at;
	CK_ULONG_PTR lenp;
	size_t most;
};

/* Ask, and give the bytes of ${label}. */
static CK_RV
ask_bytes(struct eh_session *s, const struct eh_wire *request,
    enum eh_wire_label label, const struct output *out)
{
	struct eh_reply reply;
	const uint8_t *bytes;
	size_t n;
	CK_RV rv;
	int err;

	if (out->at == NULL || out->lenp == NULL) {
		(void)eh_out_query(out->most, out->at, out->lenp, &rv);
		return rv;
	}
	err = eh_client_call(&s->module->client, request, &reply, &s->refusal);
	if (err != EH_OK) {
		rv = eh_session_denied(s, err);
	} else {
		bytes = eh_wire_bytes(&reply.map, label, &n);
		rv = eh_out_bytes(bytes, n, out->at, out->lenp);
	}
	eh_reply_wipe(&reply);
	return rv;
}

static CK_RV
say_nonce(struct eh_session *s)
{
	return eh_session_say(
	    s, CKR_ARGUMENTS_BAD, "a nonce has 16 to 32 octets");
}

/* Enrolment requests and receipts: a nonce in, a signed message out. */
static CK_RV
with_nonce(CK_SESSION_HANDLE handle, enum eh_wire_code code,
    const CK_BYTE *nonce, CK_ULONG nonce_len, const struct output *out)
{
	struct eh_session *s;
	struct eh_wire request;
	CK_RV rv = eh_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	if (!is_nonce(nonce, nonce_len))
		return eh_session_leave(s, say_nonce(s));
	eh_wire_init(&request, code, 0);
	eh_wire_put_bytes(&request, EH_WIRE_NONCE, nonce, nonce_len);
	return eh_session_leave(s, ask_bytes(s, &request, EH_WIRE_DATA, out));
}

static CK_RV
enrol(CK_SESSION_HANDLE handle, CK_BYTE_PTR nonce, CK_ULONG nonce_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct output to = { out, out_len, MESSAGE_MAX };

	return with_nonce(handle, EH_REQ_ENROL, nonce, nonce_len, &to);
}

static CK_RV
receipt(CK_SESSION_HANDLE handle, CK_BYTE_PTR nonce, CK_ULONG nonce_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct output to = { out, out_len, RECEIPT_MAX };

	return with_nonce(handle, EH_REQ_RECEIPT, nonce, nonce_len, &to);
}

static CK_RV
attest_key(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE key, CK_BYTE_PTR nonce,
    CK_ULONG nonce_len, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct output to = { out, out_len, MESSAGE_MAX };
	enum eh_kind kind = eh_view_kind(key);
	struct eh_session *s;
	struct eh_wire request;
	CK_RV rv = eh_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	if ((kind != EH_KIND_PRIVATE && kind != EH_KIND_PUBLIC) ||
	    eh_view_number(key) == 0)
		return eh_session_leave(s, CKR_KEY_HANDLE_INVALID);
	if (nonce_len != 0 && !is_nonce(nonce, nonce_len))
		return eh_session_leave(s, say_nonce(s));
	eh_wire_init(&request, EH_REQ_ATTEST_KEY, 0);
	eh_wire_put_number(
	    &request, EH_WIRE_OBJECT, (int64_t)eh_view_number(key));
	if (nonce_len > 0)
		eh_wire_put_bytes(&request, EH_WIRE_NONCE, nonce, nonce_len);
	return eh_session_leave(s, ask_bytes(s, &request, EH_WIRE_DATA, &to));
}

static CK_RV
ask_count(CK_SESSION_HANDLE handle, CK_BYTE_PTR authorization,
    CK_OBJECT_HANDLE key, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct output to = { out, out_len, MESSAGE_MAX };
	struct eh_session *s;
	struct eh_wire request;
	CK_RV rv = eh_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	if (authorization == NULL && eh_view_number(key) == 0)
		return eh_session_leave(s, CKR_KEY_HANDLE_INVALID);
	eh_wire_init(&request, EH_REQ_ASK_COUNT, 0);
	if (authorization != NULL)
		eh_wire_put_bytes(
		    &request, EH_WIRE_AUTHORIZATION, authorization, 16);
	else
		eh_wire_put_number(&request, EH_WIRE_OBJECT,
		    (int64_t)eh_view_number(key));
	return eh_session_leave(s, ask_bytes(s, &request, EH_WIRE_DATA, &to));
}

/* Each nonce that the daemon gives out takes one of few places, so the length
 * is checked before one is asked for. */
static CK_RV
time_nonce(CK_SESSION_HANDLE handle, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct output to = { out, out_len, NONCE_LEN };
	struct eh_session *s;
	struct eh_wire request;
	CK_RV rv = eh_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	if (eh_out_query(NONCE_LEN, out, out_len, &rv))
		return eh_session_leave(s, rv);
	eh_wire_init(&request, EH_REQ_TIME_NONCE, 0);
	return eh_session_leave(s, ask_bytes(s, &request, EH_WIRE_NONCE, &to));
}

static CK_RV
import(CK_SESSION_HANDLE handle, CK_BYTE_PTR message, CK_ULONG message_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct eh_session *s;
	char text[LINE_MAX + 1];
	CK_RV rv = eh_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	if (message == NULL || message_len > EH_ATTRS_VALUE_MAX)
		return eh_session_leave(s, CKR_ARGUMENTS_BAD);
	/* Nothing is imported only to be measured. */
	if (eh_out_query(LINE_MAX, out, out_len, &rv))
		return eh_session_leave(s, rv);
	if ((rv = eh_session_check_writable(s)) == CKR_OK)
		rv = eh_create_import(
		    s, message, message_len, text, sizeof(text));
	if (rv == CKR_OK)
		rv = eh_out_bytes(text, strlen(text), out, out_len);
	return eh_session_leave(s, rv);
}

static int
copy_kind(char out[65], const CK_UTF8CHAR *text, CK_ULONG len)
{
	CK_ATTRIBUTE a = { 0, (void *)(uintptr_t)text, len };

	return text != NULL && len > 0 && eh_attrs_text(&a, out, 65);
}

static CK_RV
report(CK_SESSION_HANDLE handle, CK_BYTE_PTR authorization,
    CK_UTF8CHAR_PTR id_kind, CK_ULONG id_kind_len, CK_BYTE_PTR id,
    CK_ULONG id_len, CK_BYTE_PTR bytes, CK_ULONG bytes_len)
{
	struct eh_session *s;
	struct eh_wire request;
	struct eh_reply reply;
	char kind[65];
	CK_RV rv = eh_session_enter(handle, &s);
	int err;

	if (rv != CKR_OK)
		return rv;
	if (authorization == NULL || !copy_kind(kind, id_kind, id_kind_len) ||
	    id == NULL || id_len < 1 || id_len > 32 || bytes == NULL ||
	    bytes_len > EH_ATTRS_VALUE_MAX)
		return eh_session_leave(s, CKR_ARGUMENTS_BAD);
	eh_wire_init(&request, EH_REQ_REPORT, 0);
	eh_wire_put_bytes(&request, EH_WIRE_AUTHORIZATION, authorization, 16);
	eh_wire_put_text(&request, EH_WIRE_ID_KIND, kind);
	eh_wire_put_bytes(&request, EH_WIRE_DEVICE, id, id_len);
	eh_wire_put_bytes(&request, EH_WIRE_DATA, bytes, bytes_len);
	err = eh_client_call(&s->module->client, &request, &reply, &s->refusal);
	eh_reply_wipe(&reply);
	if (err != EH_OK)
		rv = eh_session_denied(s, err);
	return eh_session_leave(s, rv);
}

static CK_RV
log_read(CK_SESSION_HANDLE handle, CK_ULONG first, CK_BYTE_PTR out,
    CK_ULONG_PTR out_len)
{
	struct output to = { out, out_len, LOG_MAX };
	struct eh_session *s;
	struct eh_wire request;
	CK_RV rv = eh_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	if (first > SEQ_MAX)
		return eh_session_leave(s, CKR_ARGUMENTS_BAD);
	eh_wire_init(&request, EH_REQ_LOG_READ, 0);
	eh_wire_put_number(&request, EH_WIRE_FIRST, (int64_t)first);
	eh_wire_put_number(&request, EH_WIRE_COUNT,
	    out_len != NULL && *out_len < LOG_MAX ? (int64_t)*out_len
						  : LOG_MAX);
	rv = ask_bytes(s, &request, EH_WIRE_ENTRIES, &to);
	if (rv == CKR_BUFFER_TOO_SMALL && *out_len < LOG_MAX)
		*out_len = LOG_MAX; /* not even one entry fits */
	return eh_session_leave(s, rv);
}

static CK_RV
refusal(CK_SESSION_HANDLE handle, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct eh_module *m;
	struct eh_session *s;
	struct eh_error last;
	CK_RV rv;

	if (handle == CK_INVALID_HANDLE) {
		if ((rv = eh_module_enter(&m)) != CKR_OK)
			return rv;
		eh_module_last(&last);
		return eh_module_leave(m,
		    eh_out_bytes(last.text, strlen(last.text), out, out_len));
	}
	if ((rv = eh_session_enter(handle, &s)) != CKR_OK)
		return rv;
	return eh_session_leave(s,
	    eh_out_bytes(
		s->refusal.text, strlen(s->refusal.text), out, out_len));
}

/* As for a time nonce, the length is checked first. */
static CK_RV
challenge(CK_SESSION_HANDLE handle, CK_BYTE_PTR authorization,
    CK_UTF8CHAR_PTR id_kind, CK_ULONG id_kind_len, CK_BYTE_PTR id,
    CK_ULONG id_len, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct output to = { out, out_len, CHALLENGE_LEN };
	struct eh_session *s;
	struct eh_wire request;
	char kind[65];
	CK_RV rv = eh_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	if (authorization == NULL || !copy_kind(kind, id_kind, id_kind_len) ||
	    id == NULL || id_len < 1 || id_len > 32)
		return eh_session_leave(s, CKR_ARGUMENTS_BAD);
	if (eh_out_query(CHALLENGE_LEN, out, out_len, &rv))
		return eh_session_leave(s, rv);
	eh_wire_init(&request, EH_REQ_CHALLENGE, 0);
	eh_wire_put_bytes(&request, EH_WIRE_AUTHORIZATION, authorization, 16);
	eh_wire_put_text(&request, EH_WIRE_ID_KIND, kind);
	eh_wire_put_bytes(&request, EH_WIRE_DEVICE, id, id_len);
	return eh_session_leave(s, ask_bytes(s, &request, EH_WIRE_NONCE, &to));
}

CK_EDGEHSM_FUNCTIONS eh_vendor_functions = {
	.version = { 1, 2 },
	.Genesis = genesis,
	.Status = status,
	.Enrol = enrol,
	.AttestKey = attest_key,
	.TimeNonce = time_nonce,
	.Receipt = receipt,
	.Import = import,
	.Report = report,
	.LogRead = log_read,
	.Refusal = refusal,
	.Challenge = challenge,
	.AskCount = ask_count,
};
