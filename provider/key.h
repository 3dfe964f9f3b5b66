/* SPDX-License-Identifier: Apache-2.0 */
/* key.h - a key on a token: what is known of it, and where it is found. */
#ifndef EH_PROVIDER_KEY_H
#define EH_PROVIDER_KEY_H

#include <stddef.h>

#include <openssl/types.h>

#include "common/err.h"
#include "provider/session.h"
#include "provider/uri.h"

struct eh_provider;

/* A named curve.  There are no others: explicit parameters are never used. */
struct eh_curve {
	const char *group; /* libcrypto's name */
	const char *digest;
	size_t field; /* octets of a coordinate, and of r and s */
	int bits;
	int security_bits;
	unsigned char oid[10]; /* DER OBJECT IDENTIFIER: CKA_EC_PARAMS */
	size_t oid_len;
};

/* Most octets of a coordinate, and most of a point. */
#define EH_FIELD_MAX 66
#define EH_POINT_MAX (1 + 2 * EH_FIELD_MAX)

struct eh_point {
	size_t len;
	unsigned char bytes[EH_POINT_MAX];
};

/*
 * A key on a token, counted.  Attributes are read once, when it is found;
 * nothing but the place where it lies changes afterwards.
 *
 * A key made by OSSL_FUNC_KEYMGMT_NEW has no curve: libcrypto makes such when
 * it tries to import, which this provider does not do.
 */
struct eh_key {
	_Atomic unsigned int refs;
	struct eh_provider *provider;
	struct eh_uri *uri; /* by which it was asked for */
	char *shown;        /* a URI for people */
	const struct eh_curve *curve;
	CK_OBJECT_CLASS class; /* private or public */
	CK_ULONG purpose;      /* CK_EDGEHSM_PURPOSE_*, or unavailable */
	int always_authenticate;
	CK_ATTRIBUTE label;
	CK_ATTRIBUTE id;
	CK_MECHANISM_TYPE *allowed; /* NULL: no such list */
	size_t nallowed;

	_Atomic(struct eh_slot *) slot;
	_Atomic CK_OBJECT_HANDLE handle;

	_Atomic(struct eh_point *) point; /* read when first wanted */
	_Atomic(EVP_PKEY *) verifier;     /* in the default provider */
};

/* Return a key that is nothing yet, for libcrypto's probes; NULL when memory
 * ran out.  Raises nothing. */
struct eh_key *eh_key_new(struct eh_provider *provider);

/* Where a key is read: an object of class private or public, in an open
 * session, found by ${uri}. */
struct eh_key_place {
	struct eh_slot *slot;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE object;
	CK_OBJECT_CLASS class;
	struct eh_uri *uri;
};

/*
 * Read the key at ${place} into ${keyp}, for eh_key_free().  EH_ERR_UNSUPPORTED
 * with a sentence when it is of a kind that this provider does not use,
 * EH_ERR_NOT_FOUND when it is gone; any other error has a sentence, too.  Raises
 * nothing.
 */
EH_MUST_CHECK int eh_key_read(struct eh_key **keyp,
    struct eh_provider *provider, const struct eh_key_place *place,
    struct eh_error *error);

struct eh_key *eh_key_ref(struct eh_key *key);
void eh_key_free(struct eh_key *key);

/* Return 1 when the key itself does not forbid ${mechanism}, else 0. */
int eh_key_allows(const struct eh_key *key, CK_MECHANISM_TYPE mechanism);

/*
 * Take a session in which ${key} can be used: after a fork in a new life of
 * the module, logged in, with the key's handle in that life.  Return 1, or 0
 * with an error raised.  ${slotp} is where the session goes back to.
 */
int eh_key_open(struct eh_key *key, struct eh_slot **slotp,
    CK_SESSION_HANDLE *sessionp);

/*
 * Give the session back as broken, after ${rv} said that handles are dead, log
 * in and look for the key again, and take another session.  Return 1, or 0 with
 * an error raised; then no session is held.
 */
int eh_key_reopen(struct eh_key *key, CK_RV rv, struct eh_slot **slotp,
    CK_SESSION_HANDLE *sessionp);

/* Return the public point, read from the token at first; NULL with an error
 * raised when the token does not tell it. */
const struct eh_point *eh_key_point(struct eh_key *key);

/* Return the public key in the default provider, owned by ${key}, or NULL
 * with an error raised. */
EVP_PKEY *eh_key_verifier(struct eh_key *key);

#endif
