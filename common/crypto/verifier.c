/* SPDX-License-Identifier: Apache-2.0 */
/* verifier.c - a public key made ready, for many signatures and threads. */
#include "config.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "common/crypto/digest.h"
#include "common/crypto/ecdsa.h"
#include "common/crypto/evp.h"
#include "common/crypto/verifier.h"

struct eh_verifier {
	struct eh_rawkey key;
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *ready;	/* P-256 only: initialised, and only copied */
};

int
eh_verifier_new(const struct eh_rawkey *key, struct eh_verifier **verifierp)
{
	struct eh_verifier *v = calloc(1, sizeof(*v));
	int err;

	*verifierp = NULL;
	if (v == NULL)
		return EH_ERR_MEMORY;
	v->key = *key;
	if ((err = eh_evp_from_rawkey(key, &v->pkey)) != EH_OK)
		goto out;
	if (key->len == EH_P256_POINT_LEN) {
		v->ready = EVP_PKEY_CTX_new_from_pkey(NULL, v->pkey, NULL);
		if (v->ready == NULL || EVP_PKEY_verify_init(v->ready) != 1) {
			err = EH_ERR_CRYPTO;
			goto out;
		}
	}
	*verifierp = v;
	return EH_OK;
out:
	eh_verifier_free(v);
	return err;
}

void
eh_verifier_free(struct eh_verifier *v)
{
	if (v == NULL)
		return;
	EVP_PKEY_CTX_free(v->ready);
	EVP_PKEY_free(v->pkey);
	free(v);
}

const struct eh_rawkey *
eh_verifier_key(const struct eh_verifier *v)
{
	return &v->key;
}

int
eh_verifier_verify_digest(const struct eh_verifier *v,
    const uint8_t digest[32], const uint8_t signature[EH_SIGNATURE_LEN])
{
	uint8_t der[EH_P256_DER_SIGNATURE_MAX];
	EVP_PKEY_CTX *ctx;
	int err, result;

	if (v->ready == NULL)
		return EH_ERR_UNSUPPORTED;
	if ((err = eh_p256_signature_check(signature)) != EH_OK)
		return err;
	/* A copy each, because a context is one thread's. */
	if ((ctx = EVP_PKEY_CTX_dup(v->ready)) == NULL)
		return EH_ERR_CRYPTO;
	ERR_set_mark();
	result = EVP_PKEY_verify(ctx, der,
	    eh_p256_signature_to_der(signature, der), digest, 32);
	ERR_pop_to_mark();
	EVP_PKEY_CTX_free(ctx);
	/* Negative is not always libcrypto's own failure: numbers in range can
	 * still lead to the point at infinity. */
	return result == 1 ? EH_OK : EH_ERR_SIGNATURE;
}

/* Ed25519 has no digest to hand over: the message is hashed twice inside. */
static int
verify_message(const struct eh_verifier *v, const void *message, size_t len,
    const uint8_t signature[EH_SIGNATURE_LEN])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int err = EH_ERR_CRYPTO;

	ERR_set_mark();
	/* libcrypto says 0 both for a signature that does not verify and for a
	 * key that is no point; it has no other failure here. */
	if (ctx != NULL && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL,
	    v->pkey, NULL) == 1)
		err = EVP_DigestVerify(ctx, signature, EH_SIGNATURE_LEN,
		    message, len) == 1 ? EH_OK : EH_ERR_SIGNATURE;
	ERR_pop_to_mark();
	EVP_MD_CTX_free(ctx);
	return err;
}

int
eh_verifier_verify(const struct eh_verifier *v, const void *message,
    size_t len, const uint8_t signature[EH_SIGNATURE_LEN])
{
	uint8_t digest[EH_SHA256_LEN];

	if (v->ready == NULL)
		return verify_message(v, message, len, signature);
	eh_sha256(message, len, digest);
	return eh_verifier_verify_digest(v, digest, signature);
}
