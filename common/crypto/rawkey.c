/* SPDX-License-Identifier: Apache-2.0 */
/* rawkey.c - a public key as our messages carry it, and its one DER form. */
#include "config.h"

#include <string.h>

#include "common/crypto/ecdsa.h"
#include "common/crypto/rawkey.h"

/* What stands before the raw key in its SubjectPublicKeyInfo. */
static const uint8_t p256_prefix[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
	0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };
static const uint8_t ed25519_prefix[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
	0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };

/* The kinds of keys there are. */
static const struct kind {
	size_t len;
	const uint8_t *prefix;
	size_t prefix_len;
	int64_t algs[2];
} kinds[] = {
	{ EH_P256_POINT_LEN, p256_prefix, sizeof(p256_prefix),
	    { EH_ALG_ES256, EH_ALG_ESP256 } },
	{ EH_ED25519_KEY_LEN, ed25519_prefix, sizeof(ed25519_prefix),
	    { EH_ALG_EDDSA, EH_ALG_ED25519 } },
};
#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct kind *
kind_of(size_t len)
{
	for (size_t i = 0; i < NKINDS; i++)
		if (kinds[i].len == len)
			return &kinds[i];
	return NULL;
}

int
eh_rawkey_check(const struct eh_rawkey *key)
{
	if (kind_of(key->len) == NULL)
		return EH_ERR_UNSUPPORTED;
	/* Any 32 bytes pass as Ed25519: whether they are a point shows when a
	 * signature is verified. */
	if (key->len == EH_P256_POINT_LEN)
		return eh_p256_point_check(key->bytes);
	return EH_OK;
}

int
eh_rawkey_set(struct eh_rawkey *key, const void *bytes, size_t len)
{
	int err;

	memset(key, 0, sizeof(*key));
	if (kind_of(len) == NULL)
		return EH_ERR_UNSUPPORTED;
	key->len = (uint8_t)len;
	memcpy(key->bytes, bytes, len);
	if ((err = eh_rawkey_check(key)) != EH_OK)
		memset(key, 0, sizeof(*key));
	return err;
}

int
eh_rawkey_equal(const struct eh_rawkey *a, const struct eh_rawkey *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

int
eh_rawkey_fits(const struct eh_rawkey *key, int64_t alg)
{
	const struct kind *kind = kind_of(key->len);

	return kind != NULL && (alg == kind->algs[0] || alg == kind->algs[1]);
}

size_t
eh_rawkey_to_spki(const struct eh_rawkey *key, uint8_t spki[EH_SPKI_MAX])
{
	const struct kind *kind = kind_of(key->len);

	if (kind == NULL)
		return 0;
	memcpy(spki, kind->prefix, kind->prefix_len);
	memcpy(spki + kind->prefix_len, key->bytes, kind->len);
	return kind->prefix_len + kind->len;
}

int
eh_rawkey_from_spki(struct eh_rawkey *key, const void *spki, size_t len)
{
	const uint8_t *in = spki;

	memset(key, 0, sizeof(*key));
	for (size_t i = 0; i < NKINDS; i++)
		if (len == kinds[i].prefix_len + kinds[i].len &&
		    memcmp(in, kinds[i].prefix, kinds[i].prefix_len) == 0)
			return eh_rawkey_set(
			    key, in + kinds[i].prefix_len, kinds[i].len);
	return EH_ERR_UNSUPPORTED;
}
