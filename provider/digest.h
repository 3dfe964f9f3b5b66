/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - the digests that may be signed. */
#ifndef EH_PROVIDER_DIGEST_H
#define EH_PROVIDER_DIGEST_H

#include <stddef.h>

#include "pkcs11-module/edgehsm-pkcs11.h"

struct eh_digest {
	const char *names[5]; /* the first is what we answer; NULL ends */
	size_t size;
	CK_MECHANISM_TYPE ecdsa;    /* hash and sign */
	unsigned char ecdsa_id[12]; /* AlgorithmIdentifier, RFC 5758 3.2 */
};

/* Return the digest that libcrypto calls ${name}, in any of its spellings, or
 * NULL. */
const struct eh_digest *eh_digest_named(const char *name);

#endif
