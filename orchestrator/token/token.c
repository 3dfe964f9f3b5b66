/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - the EdgeHSM as the orchestrator sees it: open, log in, and what the
 * vendor interface gives. */
#include "config.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "orchestrator/token/private.h"
#include "orchestrator/token/rv.h"

#define FETCH_MAX (1024 * 1024)
#define ENTRY_MAX 4096	/* of a log entry */

/* The sentence of ${session}; of the last call without one, if that is
 * CK_INVALID_HANDLE. */
static int
failed(struct eh_token *t, CK_SESSION_HANDLE session, CK_RV rv,
    const char *what, struct eh_error *error)
{
	char text[EH_ERROR_TEXT] = "";
	CK_ULONG len = sizeof(text) - 1;

	if (rv == CKR_OK)
		return EH_OK;
	if (t->vendor == NULL ||
	    t->vendor->Refusal(session, (CK_BYTE *)text, &len) != CKR_OK ||
	    len >= sizeof(text))
		len = 0;
	text[len] = '\0';
	if (text[0] != '\0')
		return eh_error_set(error, eh_token_rv(rv), "%s", text);
	return eh_error_set(error, eh_token_rv(rv),
	    "%s: the token answered 0x%08lx (%s)", what, rv,
	    eh_err_text(eh_token_rv(rv)));
}

int
eh_token_failed(
    struct eh_token *t, CK_RV rv, const char *what, struct eh_error *error)
{
	return failed(t, t->session, rv, what, error);
}

static int
load(struct eh_token *t, struct eh_error *error)
{
	CK_C_GetInterface get;
	CK_INTERFACE *interface = NULL;
	CK_RV rv;

	if ((t->library = dlopen(t->path, RTLD_NOW | RTLD_LOCAL)) == NULL)
		return eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "the module cannot be loaded: %s; set EDGEHSM_MODULE to "
		    "edgehsm-pkcs11.so", dlerror());
	*(void **)&get = dlsym(t->library, "C_GetInterface");
	if (get == NULL ||
	    get((CK_UTF8CHAR *)CK_EDGEHSM_INTERFACE, NULL, &interface, 0) !=
	        CKR_OK)
		return eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "%s is not EdgeHSM's module: it has no interface \"%s\"",
		    t->path, CK_EDGEHSM_INTERFACE);
	t->vendor = interface->pFunctionList;
	if (get((CK_UTF8CHAR *)"PKCS 11", NULL, &interface, 0) != CKR_OK)
		return eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "%s has no interface \"PKCS 11\"", t->path);
	t->p11 = interface->pFunctionList;
	if ((rv = t->p11->C_Initialize(NULL)) != CKR_OK) {
		t->p11 = NULL;
		return eh_token_failed(t, rv, "C_Initialize", error);
	}
	return EH_OK;
}

/* Find the slot; open a session when a token is in it. */
static int
find_slot(struct eh_token *t, struct eh_error *error)
{
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;
	CK_RV rv;

	if ((rv = t->p11->C_GetSlotList(CK_FALSE, slots, &n)) != CKR_OK)
		return eh_token_failed(t, rv, "C_GetSlotList", error);
	if (n == 0) {
		/* edgehsm-pkcs11(7): no slot when edgehsm.conf is not good. */
		(void)eh_token_failed(
		    t, CKR_TOKEN_NOT_PRESENT, "C_GetSlotList", error);
		if (error != NULL)
			error->code = EH_ERR_CONFIG;
		return EH_ERR_CONFIG;
	}
	t->slot = slots[0];
	rv = t->p11->C_OpenSession(t->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
	    NULL, NULL, &t->session);
	if (rv == CKR_OK)
		return EH_OK;
	/* A fresh token has no session to give, but says what it is; genesis
	 * comes back here. */
	t->session = CK_INVALID_HANDLE;
	if (t->vendor->Status(t->slot, NULL, &n) == CKR_OK)
		return EH_OK;
	return eh_token_failed(t, rv, "C_OpenSession", error);
}

int
eh_token_open(const char *path, struct eh_token **out, struct eh_error *error)
{
	struct eh_token *t;
	int err;

	*out = NULL;
	if (path == NULL)
		path = getenv("EDGEHSM_MODULE");
	if (path == NULL)
		path = EH_MODULE_PATH;
	if ((t = calloc(1, sizeof(*t))) == NULL ||
	    (t->path = strdup(path)) == NULL) {
		free(t);
		return EH_ERR_MEMORY;
	}
	if ((err = load(t, error)) != EH_OK ||
	    (err = find_slot(t, error)) != EH_OK) {
		eh_token_close(t);
		return err;
	}
	*out = t;
	return EH_OK;
}

void
eh_token_close(struct eh_token *t)
{
	if (t == NULL)
		return;
	if (t->p11 != NULL)
		t->p11->C_Finalize(NULL);
	if (t->library != NULL)
		dlclose(t->library);
	free(t->path);
	free(t);
}

const char *
eh_token_module(const struct eh_token *t)
{
	return t->path;
}

int
eh_token_login(struct eh_token *t, enum eh_wire_role role, const uint8_t *pin,
    size_t len, struct eh_error *error)
{
	CK_RV rv = t->p11->C_Login(t->session,
	    role == EH_ROLE_OFFICER ? CKU_SO : CKU_USER, (CK_BYTE *)pin, len);

	if (rv == CKR_USER_ALREADY_LOGGED_IN)
		return EH_OK;
	return eh_token_failed(t, rv, "C_Login", error);
}

/* A label as PKCS#11 wants it: 32 characters, blanks behind. */
static int
pad_label(const char *label, CK_UTF8CHAR out[32], struct eh_error *error)
{
	size_t len = strlen(label);

	if (len == 0 || len > 32)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "a token label has 1 to 32 characters, this one %zu", len);
	memset(out, ' ', 32);
	memcpy(out, label, len);
	return EH_OK;
}

int
eh_token_genesis(struct eh_token *t, const char *label, const uint8_t *root,
    size_t rootlen, const uint8_t *pin, size_t pinlen, struct eh_error *error)
{
	CK_UTF8CHAR padded[32];
	CK_RV rv;
	int err;

	if ((err = pad_label(label, padded, error)) != EH_OK)
		return err;
	if ((rv = t->vendor->Genesis(t->slot, (CK_BYTE *)pin, pinlen, padded,
	         (CK_BYTE *)root, rootlen)) != CKR_OK)
		return failed(t, CK_INVALID_HANDLE, rv, "Genesis", error);
	if (t->session != CK_INVALID_HANDLE)
		return EH_OK;
	return find_slot(t, error);
}

int
eh_token_init(struct eh_token *t, const char *label, const uint8_t *pin,
    size_t len, struct eh_error *error)
{
	CK_UTF8CHAR padded[32];
	CK_RV rv;
	int err;

	if ((err = pad_label(label, padded, error)) != EH_OK)
		return err;
	/* C_InitToken wants no open session. */
	t->p11->C_CloseAllSessions(t->slot);
	t->session = CK_INVALID_HANDLE;
	if ((rv = t->p11->C_InitToken(t->slot, (CK_BYTE *)pin, len, padded)) !=
	    CKR_OK)
		return eh_token_failed(t, rv, "C_InitToken", error);
	return find_slot(t, error);
}

int
eh_token_set_operator_pin(struct eh_token *t, const uint8_t *pin, size_t len,
    struct eh_error *error)
{
	return eh_token_failed(t,
	    t->p11->C_InitPIN(t->session, (CK_BYTE *)pin, len), "C_InitPIN",
	    error);
}

int
eh_token_fetch(struct eh_token *t, const char *what,
    CK_RV (*call)(struct eh_token *, void *arg, CK_BYTE *, CK_ULONG *),
    void *arg, struct eh_buf *out, struct eh_error *error)
{
	CK_ULONG len = 0;
	CK_RV rv;
	int err;

	/* What grows between the two calls is asked for again. */
	do {
		if ((rv = call(t, arg, NULL, &len)) != CKR_OK)
			return eh_token_failed(t, rv, what, error);
		if (len > FETCH_MAX)
			return eh_error_set(error, EH_ERR_FORMAT,
			    "%s: the token offers %lu bytes", what, len);
		len += 4096;
		if ((err = eh_buf_reserve(out, len)) != EH_OK)
			return err;
		rv = call(t, arg, out->data + out->len, &len);
	} while (rv == CKR_BUFFER_TOO_SMALL);
	if (rv != CKR_OK)
		return eh_token_failed(t, rv, what, error);
	eh_buf_extend(out, len);
	return EH_OK;
}

/* The arguments of the calls below, for eh_token_fetch(). */
struct ask {
	CK_OBJECT_HANDLE key;
	const uint8_t *bytes;
	size_t len;
	CK_ULONG first;
};

static CK_RV
ask_enrol(struct eh_token *t, void *arg, CK_BYTE *out, CK_ULONG *len)
{
	struct ask *a = arg;

	return t->vendor->Enrol(
	    t->session, (CK_BYTE *)a->bytes, a->len, out, len);
}

static CK_RV
ask_attest(struct eh_token *t, void *arg, CK_BYTE *out, CK_ULONG *len)
{
	struct ask *a = arg;

	return t->vendor->AttestKey(
	    t->session, a->key, (CK_BYTE *)a->bytes, a->len, out, len);
}

static CK_RV
ask_receipt(struct eh_token *t, void *arg, CK_BYTE *out, CK_ULONG *len)
{
	struct ask *a = arg;

	return t->vendor->Receipt(
	    t->session, (CK_BYTE *)a->bytes, a->len, out, len);
}

static CK_RV
ask_log(struct eh_token *t, void *arg, CK_BYTE *out, CK_ULONG *len)
{
	struct ask *a = arg;

	return t->vendor->LogRead(t->session, a->first, out, len);
}

int
eh_token_enrol(struct eh_token *t, const uint8_t *nonce, size_t len,
    struct eh_buf *out, struct eh_error *error)
{
	struct ask a = { .bytes = nonce, .len = len };

	return eh_token_fetch(t, "Enrol", ask_enrol, &a, out, error);
}

int
eh_token_attest(struct eh_token *t, const struct eh_token_key *key,
    const uint8_t *nonce, size_t len, struct eh_buf *out,
    struct eh_error *error)
{
	struct ask a = { .key = key->handle, .bytes = nonce, .len = len };

	return eh_token_fetch(t, "AttestKey", ask_attest, &a, out, error);
}

int
eh_token_receipt(struct eh_token *t, const uint8_t *nonce, size_t len,
    struct eh_buf *out, struct eh_error *error)
{
	struct ask a = { .bytes = nonce, .len = len };

	return eh_token_fetch(t, "Receipt", ask_receipt, &a, out, error);
}

static CK_RV
ask_count(struct eh_token *t, void *arg, CK_BYTE *out, CK_ULONG *len)
{
	struct ask *a = arg;

	return t->vendor->AskCount(
	    t->session, (CK_BYTE *)a->bytes, a->key, out, len);
}

int
eh_token_ask_count(struct eh_token *t, const uint8_t *authorization,
    const struct eh_token_key *key, struct eh_buf *out, struct eh_error *error)
{
	struct ask a = { .bytes = authorization,
		.key = key != NULL ? key->handle : CK_INVALID_HANDLE };

	if (t->vendor->version.major == 1 && t->vendor->version.minor < 2)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "this edgehsm-pkcs11.so is older than this edgehsm");
	return eh_token_fetch(t, "AskCount", ask_count, &a, out, error);
}

int
eh_token_time_nonce(
    struct eh_token *t, uint8_t nonce[EH_ID_LEN], struct eh_error *error)
{
	CK_ULONG len = EH_ID_LEN;

	return eh_token_failed(t,
	    t->vendor->TimeNonce(t->session, nonce, &len), "TimeNonce", error);
}

/* A module of before has a shorter table. */
static int
has_challenge(const struct eh_token *t)
{
	return t->vendor->version.major == 1 && t->vendor->version.minor >= 1;
}

int
eh_token_challenge(struct eh_token *t, const uint8_t authorization[EH_ID_LEN],
    const char *id_kind, const struct eh_device_id *device,
    uint8_t challenge[EH_TOKEN_CHALLENGE], struct eh_error *error)
{
	CK_ULONG len = EH_TOKEN_CHALLENGE;

	if (!has_challenge(t))
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "%s is older than this program and asks for no challenge",
		    t->path);
	return eh_token_failed(t,
	    t->vendor->Challenge(t->session, (CK_BYTE *)authorization,
	        (CK_BYTE *)id_kind, strlen(id_kind), (CK_BYTE *)device->bytes,
	        device->len, challenge, &len),
	    "Challenge", error);
}

int
eh_token_import(struct eh_token *t, const uint8_t *bytes, size_t len,
    char text[EH_TOKEN_LINE], struct eh_error *error)
{
	CK_ULONG textlen = EH_TOKEN_LINE - 1;
	CK_RV rv = t->vendor->Import(
	    t->session, (CK_BYTE *)bytes, len, (CK_BYTE *)text, &textlen);

	text[rv == CKR_OK ? textlen : 0] = '\0';
	return eh_token_failed(t, rv, "Import", error);
}

int
eh_token_report(struct eh_token *t, const uint8_t authorization[EH_ID_LEN],
    const char *id_kind, const struct eh_device_id *device,
    const uint8_t *report, size_t len, struct eh_error *error)
{
	return eh_token_failed(t,
	    t->vendor->Report(t->session, (CK_BYTE *)authorization,
	        (CK_BYTE *)id_kind, strlen(id_kind), (CK_BYTE *)device->bytes,
	        device->len, (CK_BYTE *)report, len),
	    "Report", error);
}

int
eh_token_log(struct eh_token *t, uint64_t first,
    int (*each)(void *, uint64_t seq, const uint8_t *entry, size_t len),
    void *context, uint64_t *nextp, struct eh_error *error)
{
	struct ask a = { .first = first };
	const uint8_t *entry;
	struct eh_cbor c;
	struct eh_buf list;
	size_t n, len;
	int err;

	*nextp = first;
	eh_buf_init(&list, FETCH_MAX + 8192);
	if ((err = eh_token_fetch(t, "LogRead", ask_log, &a, &list, error)) !=
	    EH_OK)
		goto out;
	eh_cbor_init(&c, list.data, list.len, 100000);
	n = eh_cbor_array(&c, 0, 100000);
	for (; n > 0 && err == EH_OK; n--) {
		entry = eh_cbor_bytes(&c, 1, ENTRY_MAX, &len);
		if (c.in.err == EH_OK &&
		    (err = each(context, *nextp, entry, len)) == EH_OK)
			++*nextp;
	}
	if (err == EH_OK) {
		eh_cbor_leave(&c);
		if ((err = eh_cbor_end(&c)) != EH_OK)
			eh_error_set(
			    error, err, "the token's log is malformed");
	}
out:
	eh_buf_free(&list);
	return err;
}
