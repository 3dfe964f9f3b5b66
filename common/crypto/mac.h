/* SPDX-License-Identifier: Apache-2.0 */
/* mac.h - HMAC-SHA256 (RFC 2104). */
#ifndef EH_COMMON_CRYPTO_MAC_H
#define EH_COMMON_CRYPTO_MAC_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/digest.h"

/*
 * A MAC in progress, in the caller's memory; nothing allocates, nothing fails.
 * A struct fresh from init holds the key's schedule and may be copied by
 * assignment: init once, and copy for each MAC, where many are made under one
 * key.  It is as secret as the key: wipe what final() has not wiped.
 *
 * Whoever compares a MAC uses eh_ct_equal() of common/ct.h.
 */
struct eh_hmac_sha256 {
	struct eh_sha256 inner, outer;
};

void eh_hmac_sha256_init(
    struct eh_hmac_sha256 *, const void *key, size_t keylen);
void eh_hmac_sha256_update(
    struct eh_hmac_sha256 *, const void *bytes, size_t len);

/* Put the MAC into ${out} and wipe the struct. */
void eh_hmac_sha256_final(struct eh_hmac_sha256 *, uint8_t out[EH_SHA256_LEN]);

/* The MAC of ${len} bytes under ${key}. */
void eh_hmac_sha256(const void *key, size_t keylen, const void *bytes,
    size_t len, uint8_t out[EH_SHA256_LEN]);

#endif
