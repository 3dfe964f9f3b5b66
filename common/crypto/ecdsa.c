/* SPDX-License-Identifier: Apache-2.0 */
/* ecdsa.c - ECDSA on P-256: checks, and the two ways to write a signature. */
#include "config.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>

#include "common/crypto/ecdsa.h"
#include "common/crypto/evp.h"
#include "common/crypto/verifier.h"

#define HALF 32

/* The order of P-256 (FIPS 186-5, SP 800-186). */
static const uint8_t order[HALF] = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00,
	0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
	0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25,
	0x51 };

int
eh_p256_point_check(const uint8_t point[EH_P256_POINT_LEN])
{
	const EC_GROUP *group = eh_evp_p256();
	EC_POINT *p;
	int good;

	/* The form is ours to check: libcrypto also reads the hybrid one. */
	if (point[0] != 0x04)
		return EH_ERR_FORMAT;
	if (group == NULL || (p = EC_POINT_new(group)) == NULL)
		return EH_ERR_CRYPTO;
	ERR_set_mark();
	good = EC_POINT_oct2point(group, p, point, EH_P256_POINT_LEN, NULL);
	ERR_pop_to_mark();
	EC_POINT_free(p);
	return good == 1 ? EH_OK : EH_ERR_FORMAT;
}

/* 0 < value < order; signatures are public, so memcmp will do. */
static int
in_range(const uint8_t value[HALF])
{
	static const uint8_t zero[HALF];

	return memcmp(value, zero, HALF) != 0 &&
	    memcmp(value, order, HALF) < 0;
}

int
eh_p256_signature_check(const uint8_t signature[EH_P256_SIGNATURE_LEN])
{
	return in_range(signature) && in_range(signature + HALF) ?
	    EH_OK : EH_ERR_SIGNATURE;
}

static int
verifier_for(
    const uint8_t point[EH_P256_POINT_LEN], struct eh_verifier **verifierp)
{
	struct eh_rawkey key = { .len = EH_P256_POINT_LEN };

	memcpy(key.bytes, point, EH_P256_POINT_LEN);
	return eh_verifier_new(&key, verifierp);
}

int
eh_p256_verify(const uint8_t point[EH_P256_POINT_LEN], const void *message,
    size_t len, const uint8_t signature[EH_P256_SIGNATURE_LEN])
{
	struct eh_verifier *verifier;
	int err;

	if ((err = verifier_for(point, &verifier)) != EH_OK)
		return err;
	err = eh_verifier_verify(verifier, message, len, signature);
	eh_verifier_free(verifier);
	return err;
}

int
eh_p256_verify_digest(const uint8_t point[EH_P256_POINT_LEN],
    const uint8_t digest[32], const uint8_t signature[EH_P256_SIGNATURE_LEN])
{
	struct eh_verifier *verifier;
	int err;

	if ((err = verifier_for(point, &verifier)) != EH_OK)
		return err;
	err = eh_verifier_verify_digest(verifier, digest, signature);
	eh_verifier_free(verifier);
	return err;
}

/* Write one half as a DER INTEGER; return its length, 3 to 35. */
static size_t
put_integer(const uint8_t half[HALF], uint8_t *out)
{
	size_t skip = 0, n;

	while (skip < HALF - 1 && half[skip] == 0)
		skip++;
	n = HALF - skip;
	out[0] = 0x02;
	/* A set top bit would make it negative. */
	if ((half[skip] & 0x80) != 0) {
		out[1] = (uint8_t)(n + 1);
		out[2] = 0x00;
		memcpy(out + 3, half + skip, n);
		return n + 3;
	}
	out[1] = (uint8_t)n;
	memcpy(out + 2, half + skip, n);
	return n + 2;
}

size_t
eh_p256_signature_to_der(const uint8_t signature[EH_P256_SIGNATURE_LEN],
    uint8_t der[EH_P256_DER_SIGNATURE_MAX])
{
	size_t len = 2;

	len += put_integer(signature, der + len);
	len += put_integer(signature + HALF, der + len);
	der[0] = 0x30;
	der[1] = (uint8_t)(len - 2);
	return len;
}

/* Read one DER INTEGER of the ${left} bytes at ${der} into ${half}; return its
 * length, or 0 when it is not one that we would have written. */
static size_t
get_integer(const uint8_t *der, size_t left, uint8_t half[HALF])
{
	uint8_t again[HALF + 3];
	size_t n;

	if (left < 3 || der[0] != 0x02 || der[1] < 1 || der[1] > HALF + 1 ||
	    left - 2 < der[1])
		return 0;
	n = der[1];
	memset(half, 0, HALF);
	if (n > HALF) {
		if (der[2] != 0x00)
			return 0;
		memcpy(half, der + 3, HALF);
	} else {
		memcpy(half + HALF - n, der + 2, n);
	}
	/* Minimal and positive is what put_integer() makes of the value. */
	if (put_integer(half, again) != n + 2 || memcmp(again, der, n + 2) != 0)
		return 0;
	return n + 2;
}

int
eh_p256_signature_from_der(
    const void *der, size_t len, uint8_t signature[EH_P256_SIGNATURE_LEN])
{
	const uint8_t *in = der;
	size_t r = 0, s = 0;

	if (len >= 8 && len <= EH_P256_DER_SIGNATURE_MAX && in[0] == 0x30 &&
	    in[1] == len - 2) {
		r = get_integer(in + 2, len - 2, signature);
		if (r != 0)
			s = get_integer(
			    in + 2 + r, len - 2 - r, signature + HALF);
	}
	if (s == 0 || 2 + r + s != len ||
	    eh_p256_signature_check(signature) != EH_OK) {
		memset(signature, 0, EH_P256_SIGNATURE_LEN);
		return EH_ERR_FORMAT;
	}
	return EH_OK;
}
