/* SPDX-License-Identifier: Apache-2.0 */
/* kdf.h - keys from keys (HKDF) and keys from PINs (scrypt). */
#ifndef EH_COMMON_CRYPTO_KDF_H
#define EH_COMMON_CRYPTO_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* The most that HKDF-SHA256 gives: 255 blocks. */
#define EH_HKDF_SHA256_MAX (255 * 32)

/*
 * HKDF-SHA256 (RFC 5869), extract and expand.  ${salt} and ${info} may be empty
 * (NULL, 0).  Return EH_OK, or EH_ERR_ARGUMENT when more than
 * EH_HKDF_SHA256_MAX bytes are asked for; then ${out} is untouched.
 */
EH_MUST_CHECK int eh_hkdf_sha256(const void *salt, size_t saltlen,
    const void *ikm, size_t ikmlen, const void *info, size_t infolen, void *out,
    size_t outlen);

/*
 * scrypt (RFC 7914) with N = 2^14, r = 8, p = 1: 16 MiB and some 50 ms for each
 * guess.  Return EH_OK or EH_ERR_CRYPTO (not enough memory); then ${out} is all
 * zero.
 */
EH_MUST_CHECK int eh_scrypt(const void *pin, size_t pinlen, const void *salt,
    size_t saltlen, void *out, size_t outlen);

#endif
