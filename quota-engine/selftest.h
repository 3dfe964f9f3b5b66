/* SPDX-License-Identifier: Apache-2.0 */
/* selftest.h - known answers, before anything is decided with cryptography. */
#ifndef EH_QUOTA_ENGINE_SELFTEST_H
#define EH_QUOTA_ENGINE_SELFTEST_H

#include <stdint.h>

#include "common/err.h"

/*
 * What the library must answer.  A daemon whose cryptography gives anything
 * else never serves a request: a digest that lies makes every other check
 * worthless.  (The pre-operational tests of ISO 19790 section 7.10.)
 */
struct eh_selftest {
	uint8_t sha256[32];	/* of "abc" (FIPS 180-4) */
	uint8_t hmac[32];	/* RFC 4231 section 4.3 */
	uint8_t hkdf[32];	/* RFC 5869 appendix A.1, first 32 octets */
	uint8_t aes_ctr[16];	/* SP 800-38A F.5.5, first block */
	uint8_t point[65];	/* RFC 6979 appendix A.2.5 */
	uint8_t signature[64];	/* over "sample" with SHA-256 */
};

extern const struct eh_selftest eh_selftest_answers;

/* Compare with ${answers}.  EH_ERR_CRYPTO naming the algorithm that fails. */
EH_MUST_CHECK int eh_selftest_run(
    const struct eh_selftest *answers, struct eh_error *error);

#endif
