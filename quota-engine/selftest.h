/* SPDX-License-Identifier: Apache-2.0 */
/* selftest.h - known answers, before anything is decided with cryptography. */
#ifndef EH_QUOTA_ENGINE_SELFTEST_H
#define EH_QUOTA_ENGINE_SELFTEST_H

#include <stdint.h>

#include "common/err.h"

/*
 * What the library must answer.  A daemon whose cryptography gives anything
 * else serves nothing but the reason: a digest that lies makes every other check
 * worthless.  (The pre-operational tests of ISO 19790 section 7.10.)
 */
struct eh_selftest {
	uint8_t sha256[32];	/* of "abc" (FIPS 180-4) */
	uint8_t hmac[32];	/* RFC 4231 section 4.3 */
	uint8_t hkdf[32];	/* RFC 5869 appendix A.1, first 32 octets */
	uint8_t aes_ctr[16];	/* SP 800-38A F.5.5, first block */
	uint8_t point[65];	/* RFC 6979 appendix A.2.5 */
	uint8_t signature[64];	/* over "sample" with SHA-256 */
	uint8_t ed25519[64];	/* RFC 8032 section 7.1, test 3 */
	uint8_t sha1[20];	/* of "abc" (FIPS 180-4); names keys, no more */
	uint8_t scrypt[32];	/* RFC 7914 section 12, 3rd, first 32 octets */
};

extern const struct eh_selftest eh_selftest_answers;

/* Compare with ${answers}, all but scrypt, and watch the random generators
 * (rng.h).  EH_ERR_CRYPTO naming what fails. */
EH_MUST_CHECK int eh_selftest_run(
    const struct eh_selftest *answers, struct eh_error *error);

/* The same for scrypt alone: it takes 16 MiB and some 50 ms, so it is tested
 * before the first PIN and not at each start. */
EH_MUST_CHECK int eh_selftest_pin(
    const struct eh_selftest *answers, struct eh_error *error);

#endif
