/* SPDX-License-Identifier: Apache-2.0 */
/* cipher.c - AES-256 in counter mode, for the private part of the journal. */
#include "config.h"

#include <pthread.h>

#include <openssl/evp.h>

#include "common/crypto/cipher.h"
#include "common/wipe.h"

/* EVP takes an int; a multiple of the block keeps the counter in step. */
#define STEP ((size_t)1 << 30)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *aes;

/* Fetching by name takes longer than encrypting 100 bytes: once is enough.
 * libcrypto frees it at exit. */
static void
fetch(void)
{
	aes = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
}

static int
crypt(EVP_CIPHER_CTX *ctx, const uint8_t *in, uint8_t *out, size_t len)
{
	while (len > 0) {
		int n = (int)(len < STEP ? len : STEP), done = 0;

		if (EVP_EncryptUpdate(ctx, out, &done, in, n) != 1 || done != n)
			return EH_ERR_CRYPTO;
		in += n;
		out += n;
		len -= (size_t)n;
	}
	return EH_OK;
}

int
eh_aes256_ctr(const uint8_t key[EH_AES256_KEY_LEN],
    const uint8_t counter[EH_AES_BLOCK_LEN], const void *in, void *out,
    size_t len)
{
	EVP_CIPHER_CTX *ctx;
	int err = EH_ERR_CRYPTO;

	pthread_once(&once, fetch);
	ctx = EVP_CIPHER_CTX_new();
	if (aes != NULL && ctx != NULL &&
	    EVP_EncryptInit_ex2(ctx, aes, key, counter, NULL) == 1)
		err = crypt(ctx, in, out, len);
	EVP_CIPHER_CTX_free(ctx);
	if (err != EH_OK)
		eh_wipe(out, len);
	return err;
}
