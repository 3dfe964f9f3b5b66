/* SPDX-License-Identifier: Apache-2.0 */
/* rawkey.h - a public key as our messages carry it, and its one DER form. */
#ifndef EH_COMMON_CRYPTO_RAWKEY_H
#define EH_COMMON_CRYPTO_RAWKEY_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/alg.h"
#include "common/err.h"

#define EH_P256_POINT_LEN 65	/* 04 || X || Y */
#define EH_ED25519_KEY_LEN 32
#define EH_RAWKEY_MAX 65
#define EH_SPKI_MAX 91
#define EH_P256_SPKI_LEN 91
#define EH_ED25519_SPKI_LEN 44

/*
 * A raw public key.  The length tells the curve: 65 bytes are an uncompressed
 * P-256 point, 32 an Ed25519 key; nothing else is supported by this version.  A
 * struct of all zero bytes holds no key.
 */
struct eh_rawkey {
	uint8_t len;
	uint8_t bytes[EH_RAWKEY_MAX];
};

/*
 * Put ${len} bytes into ${key} after checking them: EH_OK; EH_ERR_UNSUPPORTED
 * for a length that this version does not know; EH_ERR_FORMAT for a P-256 point
 * that is not uncompressed or not on the curve.  On failure ${key} holds no
 * key.
 */
EH_MUST_CHECK int eh_rawkey_set(
    struct eh_rawkey *key, const void *bytes, size_t len);

/* Check a key that came by another way than eh_rawkey_set(): the same rules. */
EH_MUST_CHECK int eh_rawkey_check(const struct eh_rawkey *);

/* Return 1 when both are the same key, else 0. */
int eh_rawkey_equal(const struct eh_rawkey *, const struct eh_rawkey *);

/*
 * Return 1 when signatures with COSE algorithm ${alg} are made by keys of this
 * kind, else 0: ES256 or ESP256 with P-256, EdDSA or Ed25519 with Ed25519.  The
 * key decides, a header never chooses.
 */
int eh_rawkey_fits(const struct eh_rawkey *, int64_t alg);

/*
 * Write the DER SubjectPublicKeyInfo of ${key} (RFC 5480, RFC 8410), 91 or 44
 * bytes: a fixed prefix and the raw key.  Return its length, or 0 when there is
 * no key.
 */
size_t eh_rawkey_to_spki(
    const struct eh_rawkey *key, uint8_t spki[EH_SPKI_MAX]);

/*
 * The reverse, by comparing with the fixed prefixes: any other way to write the
 * same key is refused.  EH_OK, EH_ERR_UNSUPPORTED (another algorithm or another
 * encoding), EH_ERR_FORMAT (not on the curve).
 */
EH_MUST_CHECK int eh_rawkey_from_spki(
    struct eh_rawkey *key, const void *spki, size_t len);

#endif
