/* SPDX-License-Identifier: Apache-2.0 */
/* err.h - the one list of error numbers, and the sentence that goes with one. */
#ifndef EH_COMMON_ERR_H
#define EH_COMMON_ERR_H

#include <stddef.h>

/*
 * 0 is success; every failure is one of these negative numbers.  EH_ERR_* is
 * broken (input, disk, program), EH_DENIED_* is working as designed (quota,
 * time, scope, state): a denial is recorded and never retried, an error may
 * be.  The list is append-only: the numbers travel between edgehsmd and the
 * module.
 *
 * Who shows them to whom: pkcs11-module/rv.c (CK_RV), provider/err.c (OpenSSL's
 * queue), orchestrator/cli/exit.c (exit status).
 */
/* clang-format off */
#define EH_ERRORS(X)							\
	X(EH_OK,                       0, "success")			\
	X(EH_ERR_ARGUMENT,            -1, "invalid argument")		\
	X(EH_ERR_FORMAT,              -2, "malformed input")		\
	X(EH_ERR_TRAILING,            -3, "data after the end of a message") \
	X(EH_ERR_STORAGE,             -4, "durable store failed")	\
	X(EH_ERR_SPACE,               -5, "buffer too small")		\
	X(EH_ERR_MEMORY,              -6, "out of memory")		\
	X(EH_ERR_FULL,                -7, "table full")			\
	X(EH_ERR_CRYPTO,              -8, "cryptographic operation failed") \
	X(EH_ERR_SIGNATURE,           -9, "signature does not verify")	\
	X(EH_ERR_REPLAYED,           -10, "message was replayed")	\
	X(EH_ERR_NOT_FOUND,          -11, "not found")			\
	X(EH_ERR_EXISTS,             -12, "exists already")		\
	X(EH_ERR_BACKEND,            -13, "key store failed")		\
	X(EH_ERR_IO,                 -14, "input or output failed")	\
	X(EH_ERR_CONFIG,             -15, "configuration error")	\
	X(EH_ERR_UNAVAILABLE,        -16, "edgehsmd cannot be reached")	\
	X(EH_ERR_BUSY,               -17, "busy")			\
	X(EH_ERR_UNSUPPORTED,        -18, "not supported")		\
	X(EH_ERR_INTERNAL,           -19, "internal error")		\
	X(EH_ERR_PROOF,              -20, "proof does not verify")	\
	X(EH_DENIED_QUOTA,           -40, "quota exhausted")		\
	X(EH_DENIED_EXPIRED,         -41, "authorization has expired")	\
	X(EH_DENIED_NOT_YET_VALID,   -42, "authorization is not yet valid") \
	X(EH_DENIED_REVOKED,         -43, "revoked")			\
	X(EH_DENIED_SCOPE,           -44, "out of scope")		\
	X(EH_DENIED_TEMPLATE,        -45, "data fits no template")	\
	X(EH_DENIED_TIME,            -46, "time is not trusted")	\
	X(EH_DENIED_OFFLINE,         -47, "offline limit reached")	\
	X(EH_DENIED_DEVICE_LIMIT,    -48, "the device's uses are used up") \
	X(EH_DENIED_EVIDENCE,        -49, "evidence is invalid")	\
	X(EH_DENIED_FAIL_STOPPED,    -50, "token is fail-stopped")	\
	X(EH_DENIED_NO_AUTHORIZATION,-51, "no live authorization")	\
	X(EH_DENIED_MECHANISM,       -52, "mechanism not allowed")	\
	X(EH_DENIED_ROLE,            -53, "not permitted for this role") \
	X(EH_DENIED_LOGIN,           -54, "not logged in")		\
	X(EH_DENIED_PIN,             -55, "wrong PIN")			\
	X(EH_DENIED_PIN_DELAY,       -56, "too many wrong PINs, wait")	\
	X(EH_DENIED_STATE,           -57, "not allowed in this state")	\
	X(EH_DENIED_READ_ONLY,       -58, "read-only")			\
	X(EH_DENIED_KEY,             -59, "key does not permit this")
/* clang-format on */

#define EH_ERR_ENUM(name, number, text) name = number,
enum eh_err { EH_ERRORS(EH_ERR_ENUM) };
#undef EH_ERR_ENUM

#define EH_MUST_CHECK __attribute__((warn_unused_result))

/* Room for one sentence, its NUL included. */
#define EH_ERROR_TEXT 320

/*
 * A failure with its sentence.  The sentence is made where the failure is
 * decided, has the numbers in it, and travels with the code to whoever shows
 * it: "quota exhausted: authorization PO-4711 allows 10000 devices, 10000
 * used".  Callers own the struct; functions that take one accept NULL, and
 * touch it only when they fail.
 */
struct eh_error {
	int code;
	char text[EH_ERROR_TEXT];
};

/* Return the fixed text of ${code}, or "unknown error"; never NULL. */
const char *eh_err_text(int code);

/* Return the name of ${code} ("EH_DENIED_QUOTA"), or "EH_ERR_UNKNOWN". */
const char *eh_err_name(int code);

/* Return 1 when ${code} is an EH_DENIED_*, else 0. */
int eh_err_is_denial(int code);

/*
 * Put ${code} and the sentence made from ${format} into ${error} (which may be
 * NULL) and return ${code}, so that "return eh_error_set(...)" reads as one
 * step.  A sentence that is too long is cut; control characters, and bytes that
 * are no UTF-8, become '?' (printable.h).
 */
int eh_error_set(struct eh_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Clear ${error} (not NULL): code EH_OK, empty text. */
void eh_error_clear(struct eh_error *error);

/* Return the sentence of ${error}, or the fixed text of its code when empty. */
const char *eh_error_sentence(const struct eh_error *error);

#endif
