/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - bytes that nobody can guess. */
#ifndef EH_COMMON_CRYPTO_RANDOM_H
#define EH_COMMON_CRYPTO_RANDOM_H

#include <stddef.h>

#include "common/err.h"

/*
 * Fill ${out} with ${len} bytes fit for keys and nonces.  Return EH_OK or
 * EH_ERR_CRYPTO; then ${out} is all zero and must not be used.
 */
EH_MUST_CHECK int eh_random(void *out, size_t len);

#endif
