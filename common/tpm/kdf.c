/* SPDX-License-Identifier: Apache-2.0 */
/* kdf.c - the key derivations of TPM 2.0, with SHA-256. */
#include "config.h"

#include <string.h>

#include "common/crypto/mac.h"
#include "common/tpm/kdf.h"
#include "common/wipe.h"

static const uint8_t one[4] = { 0, 0, 0, 1 };

void
eh_tpm_kdfa(const void *key, size_t keylen, const char *label,
    const struct eh_tpm_party *u, const struct eh_tpm_party *v, uint8_t *out,
    size_t len)
{
	const uint8_t bits[4] = { 0, 0, (uint8_t)(len * 8 >> 8),
		(uint8_t)(len * 8) };
	uint8_t block[EH_SHA256_LEN];
	struct eh_hmac_sha256 h;

	eh_hmac_sha256_init(&h, key, keylen);
	eh_hmac_sha256_update(&h, one, sizeof(one));
	eh_hmac_sha256_update(&h, label, strlen(label) + 1);
	eh_hmac_sha256_update(&h, u->bytes, u->len);
	eh_hmac_sha256_update(&h, v->bytes, v->len);
	eh_hmac_sha256_update(&h, bits, sizeof(bits));
	eh_hmac_sha256_final(&h, block);
	memcpy(out, block, len);
	eh_wipe(block, sizeof(block));
}

void
eh_tpm_kdfe(const uint8_t z[EH_ECDH_LEN], const char *label,
    const struct eh_tpm_party *u, const struct eh_tpm_party *v,
    uint8_t out[EH_SHA256_LEN])
{
	struct eh_sha256 h;

	eh_sha256_init(&h);
	eh_sha256_update(&h, one, sizeof(one));
	eh_sha256_update(&h, z, EH_ECDH_LEN);
	eh_sha256_update(&h, label, strlen(label) + 1);
	eh_sha256_update(&h, u->bytes, u->len);
	eh_sha256_update(&h, v->bytes, v->len);
	eh_sha256_final(&h, out);
	eh_wipe(&h, sizeof(h));
}
