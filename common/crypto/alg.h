/* SPDX-License-Identifier: Apache-2.0 */
/* alg.h - signature algorithms by their COSE numbers. */
#ifndef EH_COMMON_CRYPTO_ALG_H
#define EH_COMMON_CRYPTO_ALG_H

#include <stdint.h>

#include "common/err.h"

/* RFC 9053 and RFC 9864.  Each has two names: the old polymorphic one, which is
 * what we emit, and the fully specified one. */
/* clang-format off */
#define EH_ALG_ES256   (-7)
#define EH_ALG_EDDSA   (-8)
#define EH_ALG_ESP256  (-9)
#define EH_ALG_ED25519 (-19)
/* clang-format on */

/* EH_OK for the four above; EH_ERR_UNSUPPORTED for those that only a later
 * version may use (P-384, ML-DSA); EH_ERR_FORMAT for any other number. */
EH_MUST_CHECK int eh_alg_check(int64_t alg);

/* Return its name ("ES256"), or "unknown algorithm". */
const char *eh_alg_name(int64_t alg);

#endif
