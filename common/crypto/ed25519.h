/* SPDX-License-Identifier: Apache-2.0 */
/* ed25519.h - Ed25519 (RFC 8032): verify. */
#ifndef EH_COMMON_CRYPTO_ED25519_H
#define EH_COMMON_CRYPTO_ED25519_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/rawkey.h"
#include "common/err.h"

#define EH_ED25519_SIGNATURE_LEN 64

/* EH_OK, EH_ERR_SIGNATURE when it does not verify (a key that is no point gives
 * that too), EH_ERR_CRYPTO when libcrypto failed. */
EH_MUST_CHECK int eh_ed25519_verify(const uint8_t key[EH_ED25519_KEY_LEN],
    const void *message, size_t len,
    const uint8_t signature[EH_ED25519_SIGNATURE_LEN]);

#endif
