/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - SHA-256 for everything, SHA-1 for the key identifiers that X.509
 * still wants. */
#include "config.h"

/*
 * The functions that work in the caller's memory are marked deprecated in
 * libcrypto 3, in favour of EVP.  They are used here, and only here, because an
 * EVP digest lives on the heap and may fail: every hash of a log leaf would
 * need an error path.  They run the same assembly, and a little faster.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <assert.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/wipe.h"

static_assert(sizeof(struct eh_sha256) >= sizeof(SHA256_CTX),
    "a digest in progress must fit into its struct");

/* The struct is memory for a SHA256_CTX, whose type the header does not show;
 * going through a copy would cost as much as a short digest. */
static SHA256_CTX *
context(struct eh_sha256 *sha)
{
	return (SHA256_CTX *)(void *)sha;
}

void
eh_sha256_init(struct eh_sha256 *sha)
{
	SHA256_Init(context(sha));
}

void
eh_sha256_update(struct eh_sha256 *sha, const void *bytes, size_t len)
{
	if (len > 0)
		SHA256_Update(context(sha), bytes, len);
}

void
eh_sha256_final(struct eh_sha256 *sha, uint8_t out[EH_SHA256_LEN])
{
	SHA256_Final(out, context(sha));
	eh_wipe(sha, sizeof(*sha));
}

void
eh_sha256(const void *bytes, size_t len, uint8_t out[EH_SHA256_LEN])
{
	struct eh_sha256 sha;

	eh_sha256_init(&sha);
	eh_sha256_update(&sha, bytes, len);
	eh_sha256_final(&sha, out);
}

void
eh_sha1(const void *bytes, size_t len, uint8_t out[EH_SHA1_LEN])
{
	SHA_CTX sha;

	SHA1_Init(&sha);
	if (len > 0)
		SHA1_Update(&sha, bytes, len);
	SHA1_Final(out, &sha);
}
