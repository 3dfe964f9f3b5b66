/* SPDX-License-Identifier: Apache-2.0 */
/* count.c - what a TPM 2.0 computes for counted keys, computed without one. */
#include "config.h"

#include <string.h>

#include "common/tpm/count.h"

/* Numbers of TPM 2.0 part 2. */
#define ALG_SHA256	 0x000bu
#define ALG_NULL	 0x0010u
#define ALG_ECDSA	 0x0018u
#define ALG_ECC		 0x0023u
#define CURVE_P256	 0x0003u
#define CC_NV_WRITE	 0x00000137u
#define CC_POLICY_SECRET 0x00000151u
#define CC_POLICY_SIGNED 0x00000160u
#define CC_POLICY_AUTHORIZE  0x0000016au
#define CC_POLICY_NV_WRITTEN 0x0000018fu

static void
put16(struct eh_sha256 *h, unsigned value)
{
	const uint8_t bytes[] = { (uint8_t)(value >> 8), (uint8_t)value };

	eh_sha256_update(h, bytes, sizeof(bytes));
}

static void
put32(struct eh_sha256 *h, uint32_t value)
{
	put16(h, value >> 16);
	put16(h, value & 0xffff);
}

/* A Name: the algorithm, and the digest of the public area in ${h}. */
static void
end_name(struct eh_sha256 *h, uint8_t name[EH_COUNT_NAME])
{
	name[0] = ALG_SHA256 >> 8;
	name[1] = ALG_SHA256 & 0xff;
	eh_sha256_final(h, name + 2);
}

/* TPMT_PUBLIC of a P-256 key that signs with ECDSA and SHA-256. */
static void
key_name(const struct eh_rawkey *key, uint32_t attributes,
    const uint8_t *policy, uint8_t name[EH_COUNT_NAME])
{
	struct eh_sha256 h;

	eh_sha256_init(&h);
	put16(&h, ALG_ECC);
	put16(&h, ALG_SHA256);
	put32(&h, attributes);
	put16(&h, policy != NULL ? EH_SHA256_LEN : 0);
	if (policy != NULL)
		eh_sha256_update(&h, policy, EH_SHA256_LEN);
	put16(&h, ALG_NULL);		/* symmetric */
	put16(&h, ALG_ECDSA);
	put16(&h, ALG_SHA256);
	put16(&h, CURVE_P256);
	put16(&h, ALG_NULL);		/* kdf */
	put16(&h, 32);
	eh_sha256_update(&h, key->bytes + 1, 32);
	put16(&h, 32);
	eh_sha256_update(&h, key->bytes + 33, 32);
	end_name(&h, name);
}

/* One step of a policy: H(old || command || Name), then H(that || ref) as
 * PolicyUpdate() of part 3 does it. */
static void
extend_policy(uint8_t policy[EH_SHA256_LEN], uint32_t command,
    const uint8_t name[EH_COUNT_NAME], const uint8_t *ref, size_t len)
{
	struct eh_sha256 h;

	eh_sha256_init(&h);
	eh_sha256_update(&h, policy, EH_SHA256_LEN);
	put32(&h, command);
	eh_sha256_update(&h, name, EH_COUNT_NAME);
	eh_sha256_final(&h, policy);
	eh_sha256_init(&h);
	eh_sha256_update(&h, policy, EH_SHA256_LEN);
	if (len > 0)
		eh_sha256_update(&h, ref, len);
	eh_sha256_final(&h, policy);
}

void
eh_count_key_name(const struct eh_rawkey *key, uint8_t name[EH_COUNT_NAME])
{
	key_name(key, EH_COUNT_KEY_ATTRIBUTES, NULL, name);
}

void
eh_count_issuer_policy(const struct eh_rawkey *count_key,
    const uint8_t ref[EH_COUNT_REF], uint8_t policy[EH_SHA256_LEN])
{
	uint8_t name[EH_COUNT_NAME];

	eh_count_key_name(count_key, name);
	memset(policy, 0, EH_SHA256_LEN);
	extend_policy(policy, CC_POLICY_AUTHORIZE, name, ref, EH_COUNT_REF);
}

void
eh_count_issuer_name(const struct eh_rawkey *key,
    const uint8_t policy[EH_SHA256_LEN], uint8_t name[EH_COUNT_NAME])
{
	key_name(key, EH_COUNT_ISSUER_ATTRIBUTES, policy, name);
}

void
eh_count_index_policy(const struct eh_rawkey *count_key,
    const struct eh_count_index *index, uint8_t policy[EH_SHA256_LEN])
{
	static const uint8_t no = 0;
	uint8_t name[EH_COUNT_NAME];
	struct eh_sha256 h;

	eh_count_key_name(count_key, name);
	memset(policy, 0, EH_SHA256_LEN);
	extend_policy(policy, CC_POLICY_SIGNED, name, index->nonce,
	    index->nonce_len);
	eh_sha256_init(&h);
	eh_sha256_update(&h, policy, EH_SHA256_LEN);
	put32(&h, CC_POLICY_NV_WRITTEN);
	eh_sha256_update(&h, &no, 1);
	eh_sha256_final(&h, policy);
}

void
eh_count_index_name(const struct eh_rawkey *count_key,
    const struct eh_count_index *index, int written,
    uint8_t name[EH_COUNT_NAME])
{
	uint8_t policy[EH_SHA256_LEN];
	struct eh_sha256 h;

	eh_count_index_policy(count_key, index, policy);
	eh_sha256_init(&h);
	put32(&h, index->handle);
	put16(&h, ALG_SHA256);
	put32(&h, EH_COUNT_INDEX_ATTRIBUTES |
	    (written ? EH_COUNT_INDEX_WRITTEN : 0));
	put16(&h, EH_SHA256_LEN);
	eh_sha256_update(&h, policy, EH_SHA256_LEN);
	put16(&h, EH_COUNT_INDEX_LEN);
	end_name(&h, name);
}

void
eh_count_write_command(const struct eh_rawkey *count_key,
    const struct eh_count_index *index, uint32_t limit,
    uint8_t cp_hash[EH_SHA256_LEN])
{
	uint8_t name[EH_COUNT_NAME];
	struct eh_sha256 h;

	eh_count_index_name(count_key, index, 0, name);
	eh_sha256_init(&h);
	put32(&h, CC_NV_WRITE);
	eh_sha256_update(&h, name, sizeof(name)); /* who authorizes */
	eh_sha256_update(&h, name, sizeof(name)); /* what is written */
	put16(&h, EH_COUNT_INDEX_LEN);
	put32(&h, 0);				  /* count */
	put32(&h, limit);
	put16(&h, 0);				  /* offset */
	eh_sha256_final(&h, cp_hash);
}

size_t
eh_count_write_signed(const struct eh_rawkey *count_key,
    const struct eh_count_index *index, uint32_t limit,
    uint8_t out[EH_COUNT_SIGNED_MAX])
{
	size_t at = index->nonce_len;

	memcpy(out, index->nonce, at);
	memset(out + at, 0, 4);			/* expiration: none */
	at += 4;
	eh_count_write_command(count_key, index, limit, out + at);
	at += EH_SHA256_LEN;
	memcpy(out + at, index->nonce, index->nonce_len);
	return at + index->nonce_len;
}

void
eh_count_use_policy(const struct eh_rawkey *count_key,
    const struct eh_count_index *index, uint8_t policy[EH_SHA256_LEN])
{
	uint8_t name[EH_COUNT_NAME];

	eh_count_index_name(count_key, index, 1, name);
	memset(policy, 0, EH_SHA256_LEN);
	extend_policy(policy, CC_POLICY_SECRET, name, NULL, 0);
}

size_t
eh_count_approval_signed(const struct eh_rawkey *count_key,
    const struct eh_count_index *index, const uint8_t ref[EH_COUNT_REF],
    uint8_t out[EH_COUNT_SIGNED_MAX])
{
	eh_count_use_policy(count_key, index, out);
	memcpy(out + EH_SHA256_LEN, ref, EH_COUNT_REF);
	return EH_SHA256_LEN + EH_COUNT_REF;
}
