/* SPDX-License-Identifier: Apache-2.0 */
/* kdf.c - keys from keys (HKDF) and keys from PINs (scrypt). */
#include "config.h"

#include <string.h>

#include <openssl/evp.h>

#include "common/crypto/kdf.h"
#include "common/crypto/mac.h"
#include "common/wipe.h"

#define SCRYPT_N   16384
#define SCRYPT_R   8
#define SCRYPT_P   1
#define SCRYPT_MEM (UINT64_C(32) << 20)

/* RFC 5869 section 2.3: T(i) = HMAC(PRK, T(i-1) || info || i). */
static void
expand(const uint8_t prk[EH_SHA256_LEN], const void *info, size_t infolen,
    uint8_t *out, size_t outlen)
{
	struct eh_hmac_sha256 keyed, mac;
	uint8_t block[EH_SHA256_LEN];
	size_t last = 0;

	eh_hmac_sha256_init(&keyed, prk, EH_SHA256_LEN);
	for (uint8_t i = 1; outlen > 0; i++) {
		size_t n = outlen < sizeof(block) ? outlen : sizeof(block);

		mac = keyed;
		eh_hmac_sha256_update(&mac, block, last);
		eh_hmac_sha256_update(&mac, info, infolen);
		eh_hmac_sha256_update(&mac, &i, 1);
		eh_hmac_sha256_final(&mac, block);
		memcpy(out, block, n);
		out += n;
		outlen -= n;
		last = sizeof(block);
	}
	eh_wipe(&keyed, sizeof(keyed));
	eh_wipe(block, sizeof(block));
}

int
eh_hkdf_sha256(const void *salt, size_t saltlen, const void *ikm,
    size_t ikmlen, const void *info, size_t infolen, void *out, size_t outlen)
{
	uint8_t prk[EH_SHA256_LEN];

	if (outlen > EH_HKDF_SHA256_MAX)
		return EH_ERR_ARGUMENT;
	eh_hmac_sha256(salt, saltlen, ikm, ikmlen, prk);
	expand(prk, info, infolen, out, outlen);
	eh_wipe(prk, sizeof(prk));
	return EH_OK;
}

int
eh_scrypt(const void *pin, size_t pinlen, const void *salt, size_t saltlen,
    void *out, size_t outlen)
{
	/* libcrypto takes no NULL for an empty PIN. */
	const char *p = pinlen > 0 ? pin : "";

	if (EVP_PBE_scrypt(p, pinlen, salt, saltlen, SCRYPT_N, SCRYPT_R,
	    SCRYPT_P, SCRYPT_MEM, out, outlen) != 1) {
		eh_wipe(out, outlen);
		return EH_ERR_CRYPTO;
	}
	return EH_OK;
}
