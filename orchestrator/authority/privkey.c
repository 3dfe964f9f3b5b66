/* SPDX-License-Identifier: Apache-2.0 */
/* privkey.c - a private key of the authority: a PEM file or a pkcs11: URI. */
#include "config.h"

#include <openssl/err.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/crypto/evp.h"
#include "common/crypto/soft.h"
#include "common/file.h"
#include "orchestrator/authority/privkey.h"

struct eh_privkey {
	EVP_PKEY *pkey;
	struct eh_soft *soft;
};

int
eh_privkey_is_uri(const char *place)
{
	return strncmp(place, "pkcs11:", 7) == 0;
}

/* What libcrypto, or a provider, said last; "" when it said nothing. */
static void
reason(char *out, size_t cap)
{
	const char *data = NULL, *text;
	int flags = 0;
	unsigned long e;

	e = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
	text = ERR_reason_error_string(e);
	snprintf(out, cap, "%s%s%s%s", text != NULL ? ": " : "",
	    text != NULL ? text : "",
	    data != NULL && data[0] != '\0' ? ": " : "",
	    data != NULL ? data : "");
}

static int
from_evp(EVP_PKEY *pkey, const char *place, struct eh_privkey **keyp,
    struct eh_error *error)
{
	struct eh_privkey *key = calloc(1, sizeof(*key));
	int err = EH_ERR_MEMORY;

	if (key == NULL)
		return eh_error_set(error, err, "out of memory");
	if ((err = eh_soft_from_evp(pkey, &key->soft)) != EH_OK) {
		free(key);
		return eh_error_set(error, err,
		    "%s: %s", place, err == EH_ERR_UNSUPPORTED
			? "the key is neither P-256 nor Ed25519"
			: eh_err_text(err));
	}
	EVP_PKEY_up_ref(pkey);
	key->pkey = pkey;
	*keyp = key;
	return EH_OK;
}

/* The first private key of a store, or NULL. */
static EVP_PKEY *
first_key(const char *place)
{
	const UI_METHOD *ui = isatty(STDIN_FILENO) ? UI_OpenSSL() : UI_null();
	OSSL_STORE_CTX *ctx =
	    OSSL_STORE_open(place, ui, NULL, NULL, NULL);
	EVP_PKEY *pkey = NULL;

	if (ctx == NULL)
		return NULL;
	OSSL_STORE_expect(ctx, OSSL_STORE_INFO_PKEY);
	while (pkey == NULL && !OSSL_STORE_eof(ctx)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(ctx);

		if (info == NULL)
			break;
		if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			pkey = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(ctx);
	return pkey;
}

int
eh_privkey_open(
    const char *place, struct eh_privkey **keyp, struct eh_error *error)
{
	char why[200];
	EVP_PKEY *pkey;
	int err;

	*keyp = NULL;
	if (!eh_privkey_is_uri(place)) {
		if ((err = eh_file_check_private_file(place, error)) != EH_OK)
			return err;
	} else if (strstr(place, "pin-value=") != NULL) {
		return eh_error_set(error, EH_ERR_CONFIG,
		    "the URI of a key is kept in the store, so no PIN may "
		    "stand in it: use pin-source=, or let OpenSSL's "
		    "configuration name the PIN file");
	}
	ERR_clear_error();
	pkey = first_key(place);
	reason(why, sizeof(why));
	ERR_clear_error();
	if (pkey == NULL)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s: no private key can be read there%s", place, why);
	err = from_evp(pkey, place, keyp, error);
	EVP_PKEY_free(pkey);
	return err;
}

int
eh_privkey_create(
    const char *path, struct eh_privkey **keyp, struct eh_error *error)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	int err;

	*keyp = NULL;
	if (pkey == NULL)
		return eh_error_set(
		    error, EH_ERR_CRYPTO, "%s: no key could be made", path);
	err = from_evp(pkey, path, keyp, error);
	if (err == EH_OK &&
	    (err = eh_soft_save((*keyp)->soft, path, error)) != EH_OK) {
		eh_privkey_free(*keyp);
		*keyp = NULL;
	}
	EVP_PKEY_free(pkey);
	return err;
}

void
eh_privkey_free(struct eh_privkey *key)
{
	if (key == NULL)
		return;
	eh_soft_free(key->soft);
	EVP_PKEY_free(key->pkey);
	free(key);
}

const struct eh_rawkey *
eh_privkey_public(const struct eh_privkey *key)
{
	return eh_soft_public(key->soft);
}

EVP_PKEY *
eh_privkey_get(const struct eh_privkey *key)
{
	return key->pkey;
}

void
eh_privkey_signer(struct eh_privkey *key, struct eh_signer *signer)
{
	eh_soft_signer(key->soft, signer);
}
