/* SPDX-License-Identifier: Apache-2.0 */
/* err.c - from a CK_RV to a line in OpenSSL's error queue that people read. */
#include "config.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <p11-kit/p11-kit.h>

#include "provider/err.h"
#include "provider/provider.h"

/* What an OpenSSL error code keeps of a number (ERR_REASON_MASK). */
#define REASON_MASK 0x7FFFFFUL
#define REASON(rv)  ((unsigned int)((rv) & REASON_MASK))

/* libcrypto cuts the text of an error there (ERR_MAX_DATA_SIZE). */
#define TEXT_MAX 1024

#define EH_REASON_ROW(name, number, text) { name, text },
/* clang-format off */
const OSSL_ITEM eh_err_reasons[] = {
	EH_REASONS(EH_REASON_ROW)
	{ REASON(CKR_EDGEHSM_QUOTA_EXHAUSTED),   "quota exhausted" },
	{ REASON(CKR_EDGEHSM_EXPIRED),           "authorization expired" },
	{ REASON(CKR_EDGEHSM_NOT_YET_VALID),     "not yet valid" },
	{ REASON(CKR_EDGEHSM_REVOKED),           "revoked" },
	{ REASON(CKR_EDGEHSM_OUT_OF_SCOPE),      "out of scope" },
	{ REASON(CKR_EDGEHSM_TEMPLATE_MISMATCH), "template mismatch" },
	{ REASON(CKR_EDGEHSM_TIME_UNTRUSTED),    "time not trusted" },
	{ REASON(CKR_EDGEHSM_OFFLINE_LIMIT),     "offline limit reached" },
	{ REASON(CKR_EDGEHSM_DEVICE_LIMIT),      "device limit reached" },
	{ REASON(CKR_EDGEHSM_EVIDENCE_INVALID),  "evidence invalid" },
	{ REASON(CKR_EDGEHSM_FAIL_STOPPED),      "token fail-stopped" },
	{ REASON(CKR_EDGEHSM_REPLAYED),          "message replayed" },
	{ REASON(CKR_EDGEHSM_SIGNATURE),         "message signature wrong" },
	{ REASON(CKR_EDGEHSM_MALFORMED),         "message malformed" },
	{ REASON(CKR_EDGEHSM_NO_AUTHORIZATION),  "no live authorization" },
	{ 0, NULL }
};

/* Standard codes for which there is a better word than "token refused". */
static const struct {
	CK_RV rv;
	int reason;
} standard[] = {
	{ CKR_HOST_MEMORY,                  EH_REASON_MEMORY },
	{ CKR_DEVICE_MEMORY,                EH_REASON_MEMORY },
	{ CKR_DEVICE_ERROR,                 EH_REASON_TOKEN_GONE },
	{ CKR_DEVICE_REMOVED,               EH_REASON_TOKEN_GONE },
	{ CKR_TOKEN_NOT_PRESENT,            EH_REASON_TOKEN_GONE },
	{ CKR_SLOT_ID_INVALID,              EH_REASON_TOKEN_GONE },
	{ CKR_CRYPTOKI_NOT_INITIALIZED,     EH_REASON_TOKEN_GONE },
	{ CKR_SESSION_HANDLE_INVALID,       EH_REASON_TOKEN_GONE },
	{ CKR_SESSION_CLOSED,               EH_REASON_TOKEN_GONE },
	{ CKR_OBJECT_HANDLE_INVALID,        EH_REASON_NOT_FOUND },
	{ CKR_KEY_HANDLE_INVALID,           EH_REASON_NOT_FOUND },
	{ CKR_USER_NOT_LOGGED_IN,           EH_REASON_NOT_LOGGED_IN },
	{ CKR_PIN_INCORRECT,                EH_REASON_PIN },
	{ CKR_PIN_INVALID,                  EH_REASON_PIN },
	{ CKR_PIN_LEN_RANGE,                EH_REASON_PIN },
	{ CKR_PIN_EXPIRED,                  EH_REASON_PIN },
	{ CKR_PIN_LOCKED,                   EH_REASON_PIN },
	{ CKR_SESSION_COUNT,                EH_REASON_BUSY },
	{ CKR_MECHANISM_INVALID,            EH_REASON_MECHANISM },
	{ CKR_MECHANISM_PARAM_INVALID,      EH_REASON_MECHANISM },
	{ CKR_KEY_FUNCTION_NOT_PERMITTED,   EH_REASON_MECHANISM },
	{ CKR_KEY_TYPE_INCONSISTENT,        EH_REASON_MECHANISM },
};
/* clang-format on */
#undef EH_REASON_ROW

const char *
eh_err_reason_text(int reason)
{
	for (const OSSL_ITEM *row = eh_err_reasons; row->id != 0; row++)
		if (row->id == (unsigned int)reason)
			return row->ptr;
	return NULL;
}

int
eh_err_is_refusal(CK_RV rv)
{
	return rv >= CKR_EDGEHSM_QUOTA_EXHAUSTED &&
	    rv <= CKR_EDGEHSM_NO_AUTHORIZATION;
}

int
eh_err_reason(CK_RV rv)
{
	if (eh_err_is_refusal(rv))
		return (int)REASON(rv);
	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
		if (standard[i].rv == rv)
			return standard[i].reason;
	return EH_REASON_TOKEN;
}

static const char *
base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash != NULL ? slash + 1 : file;
}

static void
set(struct eh_provider *provider, int reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	provider->vset_error(
	    provider->handle, (uint32_t)reason, format, args);
	va_end(args);
}

void
eh_err_raise_at(struct eh_provider *provider, const char *file, int line,
    const char *function, int reason, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	if (provider == NULL || provider->new_error == NULL ||
	    provider->set_error_debug == NULL || provider->vset_error == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* Labels and sentences come from a token, and go to a terminal. */
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c == 0x7f)
			*c = '?';
	provider->new_error(provider->handle);
	provider->set_error_debug(
	    provider->handle, base_name(file), line, function);
	set(provider, reason, "%s", text);
}

/*
 * The boundary's sentence starts with the words that our reason says already
 * ("quota exhausted: authorization ..."): say them once.
 */
static const char *
without_reason(const char *sentence, int reason)
{
	const char *text = eh_err_reason_text(reason);
	size_t len = text != NULL ? strlen(text) : 0;

	if (len > 0 && strncmp(sentence, text, len) == 0 &&
	    strncmp(sentence + len, ": ", 2) == 0)
		return sentence + len + 2;
	return sentence;
}

void
eh_err_raise_rv_at(struct eh_provider *provider, const char *file, int line,
    const char *function, CK_RV rv, const char *call, const char *sentence,
    const char *uri)
{
	int reason = eh_err_reason(rv);
	const char *text = sentence;

	if (text != NULL && text[0] != '\0')
		text = without_reason(text, reason);
	else if (rv < CKR_VENDOR_DEFINED)
		text = p11_kit_strerror(rv);
	else
		text = "the token gave no explanation";
	if (uri != NULL)
		eh_err_raise_at(provider, file, line, function, reason,
		    "%s (key %s, %s returned CKR 0x%08lX)", text, uri, call,
		    rv);
	else
		eh_err_raise_at(provider, file, line, function, reason,
		    "%s (%s returned CKR 0x%08lX)", text, call, rv);
}

/* With an empty queue there is no place for a mark; popping then empties it,
 * which comes to the same. */
void
eh_err_enter_module(void)
{
	ERR_set_mark();
}

void
eh_err_leave_module(void)
{
	ERR_pop_to_mark();
}
