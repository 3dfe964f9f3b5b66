/* SPDX-License-Identifier: Apache-2.0 */
/* err.h - from a CK_RV to a line in OpenSSL's error queue that people read. */
#ifndef EH_PROVIDER_ERR_H
#define EH_PROVIDER_ERR_H

#include <openssl/core.h>

#include "pkcs11-module/edgehsm-pkcs11.h"

struct eh_provider;

/*
 * Our own reasons.  The boundary's refusals have theirs: the low 23 bits of
 * CKR_EDGEHSM_*, which is all that an OpenSSL error code can hold, and which
 * must be masked because bit 31 would say "system library".
 */
/* clang-format off */
#define EH_REASONS(X)							\
	X(EH_REASON_TOKEN,          1, "token refused")			\
	X(EH_REASON_CONFIG,         2, "configuration not usable")	\
	X(EH_REASON_MODULE,         3, "PKCS#11 module not usable")	\
	X(EH_REASON_URI,            4, "URI not usable")		\
	X(EH_REASON_NO_TOKEN,       5, "token not found")		\
	X(EH_REASON_NOT_FOUND,      6, "object not found")		\
	X(EH_REASON_NOT_LOGGED_IN,  7, "not logged in")			\
	X(EH_REASON_PIN,            8, "PIN refused")			\
	X(EH_REASON_TOKEN_GONE,     9, "token gone")			\
	X(EH_REASON_BUSY,          10, "all sessions are in use")	\
	X(EH_REASON_KEY,           11, "key not supported")		\
	X(EH_REASON_DIGEST,        12, "digest not supported")		\
	X(EH_REASON_MECHANISM,     13, "mechanism not allowed")		\
	X(EH_REASON_RAW,           14, "raw signing refused")		\
	X(EH_REASON_AUTHORIZATION, 15, "authorization not usable")	\
	X(EH_REASON_MESSAGE,       16, "message too long")		\
	X(EH_REASON_ARGUMENT,      17, "invalid argument")		\
	X(EH_REASON_MEMORY,        18, "out of memory")			\
	X(EH_REASON_CRYPTO,        19, "default provider failed")	\
	X(EH_REASON_STATE,         20, "not possible now")
/* clang-format on */

#define EH_REASON_ENUM(name, number, text) name = number,
enum eh_reason { EH_REASONS(EH_REASON_ENUM) };
#undef EH_REASON_ENUM

/* The reason table for OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, ended by {0}. */
extern const OSSL_ITEM eh_err_reasons[];

/* Return the text of ${reason} in that table, or NULL. */
const char *eh_err_reason_text(int reason);

/* Return the reason that stands for the failure ${rv} (not CKR_OK). */
int eh_err_reason(CK_RV rv);

/* Return 1 when ${rv} is one of CKR_EDGEHSM_*, else 0. */
int eh_err_is_refusal(CK_RV rv);

/*
 * Put a failure with ${reason} and the sentence made from ${format} into the
 * calling thread's error queue, control characters made '?'.  ${provider} may
 * be NULL: then nothing happens.
 */
void eh_err_raise_at(struct eh_provider *provider, const char *file, int line,
    const char *function, int reason, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/*
 * The same for ${call} ("C_Sign") that returned ${rv}.  ${sentence} is the
 * boundary's own, NULL or empty when there is none; ${uri} is what it was
 * done to, without a PIN, or NULL.
 */
void eh_err_raise_rv_at(struct eh_provider *provider, const char *file,
    int line, const char *function, CK_RV rv, const char *call,
    const char *sentence, const char *uri);

/*
 * A token that uses libcrypto itself (SoftHSM does) leaves its own errors in
 * our caller's queue, also when it succeeds.  Every call of a module stands
 * between these two: the second drops what was put there since the first.
 * Nothing may be raised in between.
 */
void eh_err_enter_module(void);
void eh_err_leave_module(void);

#define eh_err_raise(provider, ...)					\
	eh_err_raise_at(provider, __FILE__, __LINE__, __func__, __VA_ARGS__)
#define eh_err_raise_rv(provider, ...)					\
	eh_err_raise_rv_at(provider, __FILE__, __LINE__, __func__, __VA_ARGS__)

#endif
