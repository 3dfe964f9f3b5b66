/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - the digests that may be signed. */
#include "config.h"

#include <openssl/crypto.h>

#include "provider/digest.h"

#define ECDSA_WITH_SHA2(n)						\
	{ 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, n }

/* clang-format off */
static const struct eh_digest digests[] = {
	{ { "SHA256", "SHA2-256", "SHA-256", "2.16.840.1.101.3.4.2.1" },
	  32, CKM_ECDSA_SHA256, ECDSA_WITH_SHA2(2) },
	{ { "SHA384", "SHA2-384", "SHA-384", "2.16.840.1.101.3.4.2.2" },
	  48, CKM_ECDSA_SHA384, ECDSA_WITH_SHA2(3) },
	{ { "SHA512", "SHA2-512", "SHA-512", "2.16.840.1.101.3.4.2.3" },
	  64, CKM_ECDSA_SHA512, ECDSA_WITH_SHA2(4) },
};
/* clang-format on */

const struct eh_digest *
eh_digest_named(const char *name)
{
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		for (size_t n = 0; digests[i].names[n] != NULL; n++)
			if (OPENSSL_strcasecmp(digests[i].names[n], name) == 0)
				return &digests[i];
	return NULL;
}
