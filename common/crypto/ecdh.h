/* SPDX-License-Identifier: Apache-2.0 */
/* ecdh.h - a shared secret on P-256 with a key that is used once. */
#ifndef EH_COMMON_CRYPTO_ECDH_H
#define EH_COMMON_CRYPTO_ECDH_H

#include <stdint.h>

#include "common/crypto/rawkey.h"
#include "common/err.h"

#define EH_ECDH_LEN 32

/*
 * Make a fresh key, and agree with ${peer} (P-256; the point is checked): its
 * public half in ${mine}, the x coordinate of the shared point in ${x}, which is
 * as secret as a key.  The private half is gone.  EH_ERR_ARGUMENT for another
 * kind of peer, EH_ERR_FORMAT (no point of the curve), EH_ERR_CRYPTO; then ${x}
 * is all zero.
 */
EH_MUST_CHECK int eh_ecdh_fresh(const struct eh_rawkey *peer,
    struct eh_rawkey *mine, uint8_t x[EH_ECDH_LEN]);

#endif
