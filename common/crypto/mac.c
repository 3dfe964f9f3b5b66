/* SPDX-License-Identifier: Apache-2.0 */
/* mac.c - HMAC-SHA256 (RFC 2104). */
#include "config.h"

#include <string.h>

#include "common/crypto/mac.h"
#include "common/wipe.h"

#define BLOCK 64

void
eh_hmac_sha256_init(struct eh_hmac_sha256 *mac, const void *key, size_t keylen)
{
	uint8_t pad[BLOCK] = { 0 };

	if (keylen > BLOCK)
		eh_sha256(key, keylen, pad);
	else if (keylen > 0)
		memcpy(pad, key, keylen);
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36;
	eh_sha256_init(&mac->inner);
	eh_sha256_update(&mac->inner, pad, BLOCK);
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	eh_sha256_init(&mac->outer);
	eh_sha256_update(&mac->outer, pad, BLOCK);
	eh_wipe(pad, sizeof(pad));
}

void
eh_hmac_sha256_update(
    struct eh_hmac_sha256 *mac, const void *bytes, size_t len)
{
	eh_sha256_update(&mac->inner, bytes, len);
}

void
eh_hmac_sha256_final(struct eh_hmac_sha256 *mac, uint8_t out[EH_SHA256_LEN])
{
	uint8_t inner[EH_SHA256_LEN];

	eh_sha256_final(&mac->inner, inner);
	eh_sha256_update(&mac->outer, inner, sizeof(inner));
	eh_sha256_final(&mac->outer, out);
	eh_wipe(inner, sizeof(inner));
}

void
eh_hmac_sha256(const void *key, size_t keylen, const void *bytes, size_t len,
    uint8_t out[EH_SHA256_LEN])
{
	struct eh_hmac_sha256 mac;

	eh_hmac_sha256_init(&mac, key, keylen);
	eh_hmac_sha256_update(&mac, bytes, len);
	eh_hmac_sha256_final(&mac, out);
}
