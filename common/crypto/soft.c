/* SPDX-License-Identifier: Apache-2.0 */
/* soft.c - a signing key held by libcrypto: the authority's PEM files, and
 * tests. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "common/buf.h"
#include "common/crypto/ecdsa.h"
#include "common/crypto/evp.h"
#include "common/crypto/soft.h"
#include "common/file.h"
#include "common/wipe.h"

#define PEM_MAX 8192

struct eh_soft {
	EVP_PKEY *pkey;
	struct eh_rawkey public;
};

/* Take ${pkey} (freed on failure, NULL is a failure of the caller's). */
static int
take(EVP_PKEY *pkey, struct eh_soft **softp)
{
	struct eh_soft *soft;
	int err;

	*softp = NULL;
	if (pkey == NULL)
		return EH_ERR_CRYPTO;
	if ((soft = calloc(1, sizeof(*soft))) == NULL) {
		EVP_PKEY_free(pkey);
		return EH_ERR_MEMORY;
	}
	soft->pkey = pkey;
	if ((err = eh_evp_to_rawkey(pkey, &soft->public)) != EH_OK) {
		eh_soft_free(soft);
		return err;
	}
	*softp = soft;
	return EH_OK;
}

int
eh_soft_generate(struct eh_soft **softp)
{
	return take(EVP_EC_gen("P-256"), softp);
}

int
eh_soft_from_evp(EVP_PKEY *pkey, struct eh_soft **softp)
{
	*softp = NULL;
	if (EVP_PKEY_up_ref(pkey) != 1)
		return EH_ERR_CRYPTO;
	return take(pkey, softp);
}

/* The key pair of the scalar ${d}, or NULL. */
static EVP_PKEY *
from_scalar(const EC_GROUP *group, const BIGNUM *d)
{
	EC_POINT *point = EC_POINT_new(group);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;
	uint8_t raw[EH_P256_POINT_LEN];

	if (point == NULL || build == NULL || ctx == NULL ||
	    EC_POINT_mul(group, point, d, NULL, NULL, NULL) != 1 ||
	    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, raw,
	    sizeof(raw), NULL) != sizeof(raw))
		goto out;
	if (OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
	    "prime256v1", 0) != 1 ||
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
	    raw, sizeof(raw)) != 1 ||
	    (params = OSSL_PARAM_BLD_to_param(build)) == NULL)
		goto out;
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
		pkey = NULL;
out:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	EC_POINT_free(point);
	return pkey;
}

int
eh_soft_from_p256(const uint8_t scalar[32], struct eh_soft **softp)
{
	const EC_GROUP *group = eh_evp_p256();
	BIGNUM *d = BN_secure_new();
	int err = EH_ERR_CRYPTO;

	*softp = NULL;
	if (group == NULL || d == NULL || BN_bin2bn(scalar, 32, d) == NULL)
		goto out;
	if (BN_is_zero(d) || BN_cmp(d, EC_GROUP_get0_order(group)) >= 0) {
		err = EH_ERR_FORMAT;
		goto out;
	}
	err = take(from_scalar(group, d), softp);
out:
	BN_clear_free(d);
	return err;
}

int
eh_soft_from_ed25519(const uint8_t seed[32], struct eh_soft **softp)
{
	return take(EVP_PKEY_new_raw_private_key_ex(
	    NULL, "ED25519", NULL, seed, 32), softp);
}

/* No passphrase: without this libcrypto would ask on the terminal. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

int
eh_soft_open(const char *path, struct eh_soft **softp, struct eh_error *error)
{
	struct eh_buf pem;
	BIO *bio = NULL;
	EVP_PKEY *pkey = NULL;
	int err;

	*softp = NULL;
	if ((err = eh_file_read(path, PEM_MAX, &pem, error)) != EH_OK)
		goto out;
	ERR_set_mark();
	if (pem.len > 0)
		bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	if (bio != NULL)
		pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	ERR_pop_to_mark();
	if (pkey == NULL)
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "%s: no private key in it that can be read without a "
		    "passphrase", path);
	else if ((err = take(pkey, softp)) == EH_ERR_UNSUPPORTED)
		eh_error_set(error, err,
		    "%s: the key is neither P-256 nor Ed25519", path);
	else if (err != EH_OK)
		eh_error_set(error, err, "%s: the key could not be taken: %s",
		    path, eh_err_text(err));
out:
	BIO_free(bio);
	eh_buf_free(&pem);
	return err;
}

int
eh_soft_save(
    const struct eh_soft *soft, const char *path, struct eh_error *error)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem = NULL;
	long len;
	int err;

	if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(
	    bio, soft->pkey, NULL, NULL, 0, NULL, NULL) != 1 ||
	    (len = BIO_get_mem_data(bio, &pem)) <= 0) {
		err = eh_error_set(error, EH_ERR_CRYPTO,
		    "%s: the private key could not be encoded", path);
		goto out;
	}
	err = eh_file_create(path, pem, (size_t)len, 0600, error);
	eh_wipe(pem, (size_t)len);
out:
	BIO_free(bio);
	return err;
}

void
eh_soft_free(struct eh_soft *soft)
{
	if (soft == NULL)
		return;
	EVP_PKEY_free(soft->pkey);
	free(soft);
}

const struct eh_rawkey *
eh_soft_public(const struct eh_soft *soft)
{
	return &soft->public;
}

static int
sign_p256(EVP_MD_CTX *ctx, const void *message, size_t len,
    uint8_t signature[EH_SIGNATURE_LEN])
{
	uint8_t der[EH_P256_DER_SIGNATURE_MAX];
	size_t n = sizeof(der);

	if (EVP_DigestSign(ctx, der, &n, message, len) != 1)
		return EH_ERR_CRYPTO;
	return eh_p256_signature_from_der(der, n, signature);
}

static int
sign_ed25519(EVP_MD_CTX *ctx, const void *message, size_t len,
    uint8_t signature[EH_SIGNATURE_LEN])
{
	size_t n = EH_SIGNATURE_LEN;

	if (EVP_DigestSign(ctx, signature, &n, message, len) != 1 ||
	    n != EH_SIGNATURE_LEN)
		return EH_ERR_CRYPTO;
	return EH_OK;
}

static int
sign(void *arg, const void *message, size_t len,
    uint8_t signature[EH_SIGNATURE_LEN])
{
	struct eh_soft *soft = arg;
	int p256 = soft->public.len == EH_P256_POINT_LEN;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int err = EH_ERR_CRYPTO;

	ERR_set_mark();
	if (ctx != NULL && EVP_DigestSignInit_ex(ctx, NULL,
	    p256 ? "SHA256" : NULL, NULL, NULL, soft->pkey, NULL) == 1)
		err = p256 ? sign_p256(ctx, message, len, signature) :
		    sign_ed25519(ctx, message, len, signature);
	ERR_pop_to_mark();
	EVP_MD_CTX_free(ctx);
	return err;
}

void
eh_soft_signer(struct eh_soft *soft, struct eh_signer *signer)
{
	signer->sign = sign;
	signer->arg = soft;
	signer->alg = soft->public.len == EH_P256_POINT_LEN ?
	    EH_ALG_ES256 : EH_ALG_EDDSA;
	eh_keyid_kid(&soft->public, signer->kid);
}
