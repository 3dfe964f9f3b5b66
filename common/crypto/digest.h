/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - SHA-256 for everything, SHA-1 for the key identifiers that X.509
 * still wants. */
#ifndef EH_COMMON_CRYPTO_DIGEST_H
#define EH_COMMON_CRYPTO_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define EH_SHA256_LEN 32
#define EH_SHA1_LEN   20

/*
 * A digest in progress, in the caller's memory.  Nothing here allocates and
 * nothing can fail, so that a digest never needs an error path of its own.  A
 * struct that has been begun may be copied by assignment: both go on from the
 * bytes fed so far.
 */
struct eh_sha256 {
	uint64_t state[14];
};

void eh_sha256_init(struct eh_sha256 *);
void eh_sha256_update(struct eh_sha256 *, const void *bytes, size_t len);

/* Put the digest into ${out} and wipe the struct; init it to use it again. */
void eh_sha256_final(struct eh_sha256 *, uint8_t out[EH_SHA256_LEN]);

/* The digest of ${len} bytes (FIPS 180-4). */
void eh_sha256(const void *bytes, size_t len, uint8_t out[EH_SHA256_LEN]);

/* SHA-1, only for RFC 5280 section 4.2.1.2 key identifiers (method 1). */
void eh_sha1(const void *bytes, size_t len, uint8_t out[EH_SHA1_LEN]);

#endif
