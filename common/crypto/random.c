/* SPDX-License-Identifier: Apache-2.0 */
/* random.c - bytes that nobody can guess. */
#include "config.h"

#include <limits.h>

#include <openssl/rand.h>

#include "common/crypto/random.h"
#include "common/wipe.h"

int
eh_random(void *out, size_t len)
{
	/* Of libcrypto's two generators the one that it keeps for secrets. */
	if (len > INT_MAX || RAND_priv_bytes(out, (int)len) != 1) {
		eh_wipe(out, len);
		return EH_ERR_CRYPTO;
	}
	return EH_OK;
}
