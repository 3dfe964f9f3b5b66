/* SPDX-License-Identifier: Apache-2.0 */
/* kdf.h - the key derivations of TPM 2.0, with SHA-256. */
#ifndef EH_COMMON_TPM_KDF_H
#define EH_COMMON_TPM_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/digest.h"
#include "common/crypto/ecdh.h"

/* Bytes that go into a derivation; none when ${len} is 0. */
struct eh_tpm_party {
	const void *bytes;
	size_t len;
};

/* TPM 2.0 part 1, KDFa (SP 800-108, counter mode, HMAC): the first block, of
 * which ${len} bytes, at most 32, go to ${out}; ${label} with its zero byte. */
void eh_tpm_kdfa(const void *key, size_t keylen, const char *label,
    const struct eh_tpm_party *u, const struct eh_tpm_party *v, uint8_t *out,
    size_t len);

/* Part 1, KDFe (SP 800-56A): 32 bytes of the shared secret ${z}. */
void eh_tpm_kdfe(const uint8_t z[EH_ECDH_LEN], const char *label,
    const struct eh_tpm_party *u, const struct eh_tpm_party *v,
    uint8_t out[EH_SHA256_LEN]);

#endif
