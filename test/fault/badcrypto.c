/* SPDX-License-Identifier: Apache-2.0 */
/* badcrypto.c - preloaded into edgehsmd: a host whose libcrypto, random numbers
 * or key store answer wrongly; for tests only. */
#include "config.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>

/*
 * EH_BAD names what is bad: sha256, ecdsa (every signature is good), scrypt,
 * getrandom (the same octet for ever), pair (the key store signs another digest).
 * With EH_BAD_WHEN it is so while that file exists, else from the start.
 */
#define SHOWN __attribute__((visibility("default")))

static int
is_bad(const char *name)
{
	const char *bad = getenv("EH_BAD"), *when = getenv("EH_BAD_WHEN");

	return bad != NULL && strcmp(bad, name) == 0 &&
	    (when == NULL || access(when, F_OK) == 0);
}

static void
next(void *function, const char *name)
{
	*(void **)function = dlsym(RTLD_NEXT, name);
}

struct SHA256state_st;
SHOWN int SHA256_Final(unsigned char *md, struct SHA256state_st *c);

int
SHA256_Final(unsigned char *md, struct SHA256state_st *c)
{
	int (*real)(unsigned char *, struct SHA256state_st *), result;

	next(&real, "SHA256_Final");
	result = real(md, c);
	if (is_bad("sha256"))
		md[31] ^= 1;
	return result;
}

SHOWN int
EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig, size_t siglen,
    const unsigned char *tbs, size_t tbslen)
{
	int (*real)(EVP_PKEY_CTX *, const unsigned char *, size_t,
	    const unsigned char *, size_t);

	if (is_bad("ecdsa"))
		return 1;
	next(&real, "EVP_PKEY_verify");
	return real(ctx, sig, siglen, tbs, tbslen);
}

SHOWN int
EVP_PBE_scrypt(const char *pass, size_t passlen, const unsigned char *salt,
    size_t saltlen, uint64_t n, uint64_t r, uint64_t p, uint64_t maxmem,
    unsigned char *key, size_t keylen)
{
	int (*real)(const char *, size_t, const unsigned char *, size_t,
	    uint64_t, uint64_t, uint64_t, uint64_t, unsigned char *, size_t),
	    result;

	next(&real, "EVP_PBE_scrypt");
	result = real(
	    pass, passlen, salt, saltlen, n, r, p, maxmem, key, keylen);
	if (is_bad("scrypt"))
		key[0] ^= 1;
	return result;
}

SHOWN ECDSA_SIG *
ECDSA_do_sign(const unsigned char *digest, int len, EC_KEY *key)
{
	ECDSA_SIG *(*real)(const unsigned char *, int, EC_KEY *);
	unsigned char other[64];

	next(&real, "ECDSA_do_sign");
	if (!is_bad("pair") || len > (int)sizeof(other))
		return real(digest, len, key);
	memcpy(other, digest, (size_t)len);
	other[0] ^= 1;
	return real(other, len, key);
}

SHOWN ssize_t
getrandom(void *out, size_t len, unsigned flags)
{
	ssize_t (*real)(void *, size_t, unsigned);

	next(&real, "getrandom");
	if (!is_bad("getrandom"))
		return real(out, len, flags);
	memset(out, 0x5a, len);
	return (ssize_t)len;
}
