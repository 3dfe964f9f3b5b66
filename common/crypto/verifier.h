/* SPDX-License-Identifier: Apache-2.0 */
/* verifier.h - a public key made ready, for many signatures and threads. */
#ifndef EH_COMMON_CRYPTO_VERIFIER_H
#define EH_COMMON_CRYPTO_VERIFIER_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/rawkey.h"
#include "common/err.h"

/* Every signature of this version has this length. */
#define EH_SIGNATURE_LEN 64

/*
 * Making one costs about 30 us, the third part of a verification; so a key
 * that is used again keeps its verifier.  All functions but free() may be
 * called from many threads at once on the same verifier.
 */
struct eh_verifier;

/*
 * Make a verifier for ${key}, which is checked and copied.  EH_OK and a
 * verifier that the caller frees; or EH_ERR_UNSUPPORTED, EH_ERR_FORMAT as
 * eh_rawkey_check() says, EH_ERR_MEMORY, EH_ERR_CRYPTO, and ${verifierp} NULL.
 */
EH_MUST_CHECK int eh_verifier_new(
    const struct eh_rawkey *key, struct eh_verifier **verifierp);

/* NULL is ignored. */
void eh_verifier_free(struct eh_verifier *);

/* Borrow the key that it was made from. */
const struct eh_rawkey *eh_verifier_key(const struct eh_verifier *);

/*
 * Verify a signature of 64 bytes over ${message}.  EH_OK, EH_ERR_SIGNATURE when
 * it does not verify, EH_ERR_CRYPTO when libcrypto failed.
 */
EH_MUST_CHECK int eh_verifier_verify(const struct eh_verifier *,
    const void *message, size_t len, const uint8_t signature[EH_SIGNATURE_LEN]);

/* The same over a SHA-256 digest, for P-256 only (else EH_ERR_UNSUPPORTED:
 * Ed25519 signs messages, not digests). */
EH_MUST_CHECK int eh_verifier_verify_digest(const struct eh_verifier *,
    const uint8_t digest[32], const uint8_t signature[EH_SIGNATURE_LEN]);

#endif
