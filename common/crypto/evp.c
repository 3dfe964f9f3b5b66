/* SPDX-License-Identifier: Apache-2.0 */
/* evp.c - between our raw keys and libcrypto's objects. */
#include "config.h"

#include <pthread.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/x509.h>

#include "common/crypto/evp.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EC_GROUP *p256;

static void
make(void)
{
	p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}

const EC_GROUP *
eh_evp_p256(void)
{
	pthread_once(&once, make);
	return p256;
}

static EVP_PKEY *
from_point(const struct eh_rawkey *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;
	/* libcrypto's parameters are not const; it only reads these. */
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
		    (char *)(uintptr_t)"prime256v1", 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
		    (void *)(uintptr_t)key->bytes, key->len),
		OSSL_PARAM_construct_end(),
	};

	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

int
eh_evp_from_rawkey(const struct eh_rawkey *key, EVP_PKEY **pkeyp)
{
	int err;

	*pkeyp = NULL;
	if ((err = eh_rawkey_check(key)) != EH_OK)
		return err;
	ERR_set_mark();
	if (key->len == EH_P256_POINT_LEN)
		*pkeyp = from_point(key);
	else
		*pkeyp = EVP_PKEY_new_raw_public_key_ex(
		    NULL, "ED25519", NULL, key->bytes, key->len);
	ERR_pop_to_mark();
	return *pkeyp != NULL ? EH_OK : EH_ERR_CRYPTO;
}

int
eh_evp_to_rawkey(EVP_PKEY *pkey, struct eh_rawkey *key)
{
	uint8_t *spki = NULL;
	int err = EH_ERR_CRYPTO, len;

	ERR_set_mark();
	/* A key may come from a file that holds its point compressed. */
	if (EVP_PKEY_is_a(pkey, "EC"))
		(void)EVP_PKEY_set_utf8_string_param(pkey,
		    OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed");
	len = i2d_PUBKEY(pkey, &spki);
	if (len > 0)
		err = eh_rawkey_from_spki(key, spki, (size_t)len);
	OPENSSL_free(spki);
	ERR_pop_to_mark();
	return err;
}
