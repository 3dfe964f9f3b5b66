/* SPDX-License-Identifier: Apache-2.0 */
/* backend.h - where keys rest: what the boundary asks of a key store. */
#ifndef EH_QUOTA_ENGINE_BACKEND_BACKEND_H
#define EH_QUOTA_ENGINE_BACKEND_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/crypto/rawkey.h"
#include "common/err.h"

/*
 * A backend keeps private keys and uses them; it never judges.  What a key is
 * for, and whether it exists at all, stands in the anchored state: the backend
 * is asked for a key by the id that the state names, and everything it answers
 * is compared with the state before it is believed (keys.h).
 *
 * Every object that a backend makes for us is marked with the application id
 * EH_BACKEND_MARK, so that genesis can tell an empty key store from one that
 * belongs to an EdgeHSM already.
 *
 * What make_secret() and generate() have made outlives a power cut.
 *
 * All functions may be called from many threads at once.  ${error} may be NULL.
 * Failures of the key store are EH_ERR_BACKEND with a sentence that names the
 * call and its return value; a wrong configuration is EH_ERR_CONFIG and names
 * the key of edgehsm.conf.
 */
#define EH_BACKEND_MARK	  "edgehsm"
#define EH_BACKEND_ID_LEN 16

/* The boundary secret's id; every other id is drawn at random. */
#define EH_BACKEND_SECRET_ID "edgehsm-boundary"

/*
 * A key pair that was found or made.  ${handle} is good until the key is
 * destroyed or the backend is closed; ${sensitive} is 1 when the key store says
 * that the private key can be neither read nor exported.
 */
struct eh_backend_key {
	unsigned long handle;
	struct eh_rawkey public;
	int sensitive;
};

struct eh_backend;

struct eh_backend_ops {
	const char *name;

	/* Count the objects that carry our mark. */
	int (*count)(struct eh_backend *, unsigned *, struct eh_error *);

	/* Make the boundary secret: 32 random octets that never leave. */
	int (*make_secret)(struct eh_backend *, struct eh_error *);

	/* HMAC-SHA256(boundary secret, ${label}).  EH_ERR_NOT_FOUND when
	 * there is no boundary secret, EH_ERR_BACKEND when there are two. */
	int (*derive)(struct eh_backend *, const char *label, uint8_t out[32],
	    struct eh_error *);

	/* Make a P-256 key pair under ${id}, not exportable. */
	int (*generate)(struct eh_backend *,
	    const uint8_t id[EH_BACKEND_ID_LEN], struct eh_backend_key *,
	    struct eh_error *);

	/* Find the one key pair under ${id}.  EH_ERR_NOT_FOUND; EH_ERR_BACKEND
	 * when more than one answers to it. */
	int (*find)(struct eh_backend *, const uint8_t id[EH_BACKEND_ID_LEN],
	    struct eh_backend_key *, struct eh_error *);

	/* ECDSA of a SHA-256 digest: r || s.  The caller verifies it. */
	int (*sign)(struct eh_backend *, unsigned long handle,
	    const uint8_t digest[32], uint8_t signature[64], struct eh_error *);

	/* Destroy everything marked ours under ${id} (keys or the secret).
	 * Nothing there is EH_OK. */
	int (*destroy)(struct eh_backend *,
	    const uint8_t id[EH_BACKEND_ID_LEN], struct eh_error *);

	void (*close)(struct eh_backend *);
};

/* An implementation puts this first in its own struct. */
struct eh_backend {
	const struct eh_backend_ops *ops;
};

/*
 * Open the PKCS#11 module of ${conf} (backend.*): put its environment in place,
 * load it, log in with the PIN file, find the token by its label, check that it
 * has the mechanisms.  Call it before the first thread: it changes the
 * environment.  EH_ERR_CONFIG naming the key and the file, EH_ERR_BACKEND.
 * eh_backend_close() frees.
 */
EH_MUST_CHECK int eh_backend_p11_open(const struct eh_conf *conf,
    struct eh_backend **backendp, struct eh_error *error);

/* NULL is ignored. */
void eh_backend_close(struct eh_backend *);

#endif
