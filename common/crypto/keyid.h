/* SPDX-License-Identifier: Apache-2.0 */
/* keyid.h - the three lengths at which we name a public key. */
#ifndef EH_COMMON_CRYPTO_KEYID_H
#define EH_COMMON_CRYPTO_KEYID_H

#include <stdint.h>

#include "common/crypto/rawkey.h"

/* All three are the front of SHA-256(DER SubjectPublicKeyInfo). */
#define EH_KID_LEN         8	/* in message headers */
#define EH_HSM_ID_LEN      16	/* of an EdgeHSM, from its attestation key */
#define EH_SPKI_DIGEST_LEN 32	/* where it decides: roots, own keys */

/* ${key} holds a key (its len is not 0). */
void eh_keyid_kid(const struct eh_rawkey *key, uint8_t kid[EH_KID_LEN]);
void eh_keyid_hsm(const struct eh_rawkey *key, uint8_t id[EH_HSM_ID_LEN]);
void eh_keyid_spki_digest(
    const struct eh_rawkey *key, uint8_t digest[EH_SPKI_DIGEST_LEN]);

/*
 * What stands in the place of the SPKI digest for a secret key (a derivation
 * root): HMAC-SHA256(key, "EdgeHSM-key-id-v1").
 */
void eh_keyid_secret(const void *key, size_t keylen,
    uint8_t digest[EH_SPKI_DIGEST_LEN]);

/*
 * RFC 5280 section 4.2.1.2 method 1: SHA-1 of the subjectPublicKey bits, which
 * for our keys are the raw key.
 */
void eh_keyid_ski(const struct eh_rawkey *key, uint8_t ski[20]);

#endif
