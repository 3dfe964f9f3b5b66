/* SPDX-License-Identifier: Apache-2.0 */
/* ecdsa.h - ECDSA on P-256 with SHA-256: verify, and the two ways to write a
 * signature. */
#ifndef EH_COMMON_CRYPTO_ECDSA_H
#define EH_COMMON_CRYPTO_ECDSA_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/rawkey.h"
#include "common/err.h"

/*
 * A signature is r || s, 32 bytes each, big-endian (as in COSE, PKCS#11 and
 * IEEE P1363); X.509 wants the DER SEQUENCE.  Accepted: 0 < r < n, 0 < s < n.
 * High s is accepted, so neither a signature nor bytes that contain one are
 * ever an identity.
 */
#define EH_P256_SIGNATURE_LEN     64
#define EH_P256_DER_SIGNATURE_MAX 72

/* EH_OK when ${point} is 04 || X || Y on the curve, else EH_ERR_FORMAT. */
EH_MUST_CHECK int eh_p256_point_check(const uint8_t point[EH_P256_POINT_LEN]);

/* EH_OK when r and s are in range, else EH_ERR_SIGNATURE.  Says nothing about
 * any message. */
EH_MUST_CHECK int eh_p256_signature_check(
    const uint8_t signature[EH_P256_SIGNATURE_LEN]);

/*
 * Verify ${signature} over ${len} bytes of ${message}, or over a SHA-256
 * digest.  EH_OK; EH_ERR_FORMAT when the point is bad; EH_ERR_SIGNATURE when it
 * does not verify; EH_ERR_CRYPTO, EH_ERR_MEMORY.  For many signatures by
 * one key use verifier.h, which is a quarter faster.
 */
EH_MUST_CHECK int eh_p256_verify(const uint8_t point[EH_P256_POINT_LEN],
    const void *message, size_t len,
    const uint8_t signature[EH_P256_SIGNATURE_LEN]);
EH_MUST_CHECK int eh_p256_verify_digest(const uint8_t point[EH_P256_POINT_LEN],
    const uint8_t digest[32], const uint8_t signature[EH_P256_SIGNATURE_LEN]);

/*
 * Write ${signature} as a DER Ecdsa-Sig-Value (RFC 3279) and return its length,
 * 8 to 72.  The values are taken as they are; only numbers in range make a
 * signature that anybody accepts.
 */
size_t eh_p256_signature_to_der(const uint8_t signature[EH_P256_SIGNATURE_LEN],
    uint8_t der[EH_P256_DER_SIGNATURE_MAX]);

/*
 * Read a DER Ecdsa-Sig-Value.  Strict: minimal lengths, minimal positive
 * integers in range, nothing behind.  EH_OK or EH_ERR_FORMAT; then ${signature}
 * is all zero.
 */
EH_MUST_CHECK int eh_p256_signature_from_der(
    const void *der, size_t len, uint8_t signature[EH_P256_SIGNATURE_LEN]);

#endif
