/* SPDX-License-Identifier: Apache-2.0 */
/* soft.h - a signing key held by libcrypto: the authority's PEM files, and
 * tests. */
#ifndef EH_COMMON_CRYPTO_SOFT_H
#define EH_COMMON_CRYPTO_SOFT_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/rawkey.h"
#include "common/crypto/signer.h"
#include "common/err.h"

/* A private key, P-256 or Ed25519, in memory.  Usable from many threads. */
struct eh_soft;

/* Make a new P-256 key.  EH_OK; EH_ERR_CRYPTO or EH_ERR_MEMORY, and ${softp}
 * NULL. */
EH_MUST_CHECK int eh_soft_generate(struct eh_soft **softp);

/*
 * Take a P-256 private key as its 32-byte scalar (big-endian, 0 < d < n), or an
 * Ed25519 one as its 32-byte seed.  The bytes are copied; the caller wipes his.
 * EH_OK, EH_ERR_FORMAT (out of range), EH_ERR_CRYPTO, EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_soft_from_p256(
    const uint8_t scalar[32], struct eh_soft **softp);
EH_MUST_CHECK int eh_soft_from_ed25519(
    const uint8_t seed[32], struct eh_soft **softp);

/*
 * Read the private key of the PEM file ${path} (PKCS#8 or SEC1, not encrypted).
 * EH_OK; the errors of eh_file_read(); EH_ERR_FORMAT when it holds no private
 * key; EH_ERR_UNSUPPORTED when that is neither P-256 nor Ed25519;
 * EH_ERR_CRYPTO, EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_soft_open(
    const char *path, struct eh_soft **softp, struct eh_error *);

/* Write the private key durably to the new file ${path}, mode 0600, as PKCS#8
 * PEM.  The errors of eh_file_create(): an existing file is never written over.
 */
EH_MUST_CHECK int eh_soft_save(
    const struct eh_soft *, const char *path, struct eh_error *);

/* NULL is ignored.  The private key is wiped. */
void eh_soft_free(struct eh_soft *);

/* Borrow the public key. */
const struct eh_rawkey *eh_soft_public(const struct eh_soft *);

/* Fill ${signer} with a signer that borrows the key: ES256 or EdDSA. */
void eh_soft_signer(struct eh_soft *, struct eh_signer *signer);

#endif
