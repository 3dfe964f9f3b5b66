/* SPDX-License-Identifier: Apache-2.0 */
/* evp.h - between our raw keys and libcrypto's objects; for common/crypto, and
 * for those who may speak libcrypto themselves: orchestrator and plugins. */
#ifndef EH_COMMON_CRYPTO_EVP_H
#define EH_COMMON_CRYPTO_EVP_H

#include <stdint.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "common/crypto/rawkey.h"
#include "common/crypto/soft.h"
#include "common/err.h"

/* The group of P-256, made once and shared by all threads; NULL when out of
 * memory. */
const EC_GROUP *eh_evp_p256(void);

/* Make a public key.  EH_OK and a key that the caller frees;
 * EH_ERR_UNSUPPORTED, EH_ERR_FORMAT, EH_ERR_CRYPTO, and ${pkeyp} NULL. */
EH_MUST_CHECK int eh_evp_from_rawkey(
    const struct eh_rawkey *key, EVP_PKEY **pkeyp);

/* Get the public half of ${pkey}.  EH_OK, EH_ERR_UNSUPPORTED when it is neither
 * P-256 nor Ed25519, EH_ERR_CRYPTO. */
EH_MUST_CHECK int eh_evp_to_rawkey(EVP_PKEY *pkey, struct eh_rawkey *key);

/* Make a soft key of ${pkey}, which may rest in any provider (a pkcs11: URI), by
 * taking a reference to it.  EH_OK, EH_ERR_UNSUPPORTED as above, EH_ERR_CRYPTO,
 * EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_soft_from_evp(EVP_PKEY *pkey, struct eh_soft **softp);

#endif
