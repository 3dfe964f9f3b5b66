/* SPDX-License-Identifier: Apache-2.0 */
/* certify.c - from a TBSCertificate to a certificate, signed in the token
 * through the OpenSSL provider. */
#include "config.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/der/der.h"
#include "common/writer.h"
#include "orchestrator/flow/certify.h"
#include "orchestrator/token/rv.h"

#define SIGNATURE_MAX 144	/* DER, up to P-384 */
#define CERTIFICATE_MAX 8192
#define URI_MAX 16384		/* the name of a file, each octet as %XX */

struct eh_certifier {
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *dflt, *edgehsm;
	char *pin_file;
	EVP_PKEY *key;			/* the last one, by its URI */
	char *uri;
};

/*
 * The provider says "SENTENCE (key URI, C_Sign returned CKR 0x80420001)": the
 * number is the whole CKR, where libcrypto's reason has its low bits only.  Cut
 * ${text} down to the boundary's sentence and return the CKR; CKR_OK when there
 * is none.
 */
static CK_RV
take_rv(char *text)
{
	static const char mark[] = " returned CKR 0x";
	char *at = strstr(text, mark), *next, *begin, *end;
	CK_RV rv;

	if (at == NULL)
		return CKR_OK;
	while ((next = strstr(at + 1, mark)) != NULL)
		at = next;
	rv = strtoul(at + sizeof(mark) - 1, &end, 16);
	if (*end != ')')
		return CKR_OK;
	/* What is in brackets begins with the key or with the call. */
	for (begin = at; begin > text && *begin != '('; begin--)
		;
	if ((next = strstr(text, " (key pkcs11:")) != NULL)
		begin = next + 1;
	if (begin > text)
		begin[-1] = '\0';
	return rv;
}

/* The oldest error of libcrypto's queue that has a text is the provider's. */
static int
openssl_failed(const char *what, struct eh_error *error)
{
	const char *data = NULL, *reason = NULL;
	char text[EH_ERROR_TEXT * 4] = "";
	unsigned long code;
	int flags = 0;
	CK_RV rv;

	while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) !=
	    0) {
		if (reason == NULL)
			reason = ERR_reason_error_string(code);
		if ((flags & ERR_TXT_STRING) == 0 || data[0] == '\0')
			continue;
		snprintf(text, sizeof(text), "%s", data);
		reason = ERR_reason_error_string(code);
		break;
	}
	ERR_clear_error();
	if (reason == NULL)
		reason = "no reason given";
	if (text[0] == '\0')
		return eh_error_set(
		    error, EH_ERR_BACKEND, "%s: %s", what, reason);
	/* Words that are the reason's are not said twice by the provider. */
	if ((rv = take_rv(text)) == CKR_OK)
		return eh_error_set(
		    error, EH_ERR_BACKEND, "%s: %s: %s", what, reason, text);
	return eh_error_set(
	    error, eh_token_rv(rv), "%s: %s", reason, text);
}

int
eh_certifier_new(const struct eh_token *token, const char *pin_file,
    struct eh_certifier **out, struct eh_error *error)
{
	struct eh_certifier *c;
	struct eh_error why;

	*out = NULL;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return EH_ERR_MEMORY;
	if (setenv("EDGEHSM_MODULE", eh_token_module(token), 1) != 0 ||
	    (pin_file != NULL && (c->pin_file = strdup(pin_file)) == NULL) ||
	    (c->context = OSSL_LIB_CTX_new()) == NULL) {
		eh_certifier_free(c);
		return EH_ERR_MEMORY;
	}
	if (getenv("OPENSSL_MODULES") == NULL)
		OSSL_PROVIDER_set_default_search_path(c->context, EH_OSSL_DIR);
	c->dflt = OSSL_PROVIDER_load(c->context, "default");
	c->edgehsm = OSSL_PROVIDER_load(c->context, "edgehsm");
	if (c->dflt == NULL || c->edgehsm == NULL) {
		eh_error_clear(&why);
		(void)openssl_failed("libcrypto", &why);
		eh_certifier_free(c);
		return eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "the OpenSSL provider \"edgehsm\" does not load (%.180s); "
		    "set OPENSSL_MODULES to the folder of edgehsm.so",
		    why.text);
	}
	*out = c;
	return EH_OK;
}

void
eh_certifier_free(struct eh_certifier *c)
{
	if (c == NULL)
		return;
	EVP_PKEY_free(c->key);
	OSSL_PROVIDER_unload(c->edgehsm);
	OSSL_PROVIDER_unload(c->dflt);
	OSSL_LIB_CTX_free(c->context);
	free(c->pin_file);
	free(c->uri);
	free(c);
}

/* Append ${head} as it is, and ${bytes} percent-encoded, as RFC 7512 allows
 * everywhere; EH_ERR_FULL. */
static int
put(struct eh_buf *uri, const char *head, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;
	char octet[4];
	int err = eh_buf_append(uri, head, strlen(head));

	for (size_t i = 0; i < len && err == EH_OK; i++) {
		snprintf(octet, sizeof(octet), "%%%02X", b[i]);
		err = eh_buf_append(uri, octet, 3);
	}
	return err;
}

/* With its NUL. */
static int
make_uri(const struct eh_certifier *c, const char *label,
    const struct eh_token_key *key, struct eh_buf *uri)
{
	int err;

	if ((err = put(uri, "pkcs11:token=", label, strlen(label))) != EH_OK ||
	    (err = put(uri, ";id=", key->id, key->id_len)) != EH_OK ||
	    (err = put(uri, ";object=", key->label, strlen(key->label))) !=
		EH_OK ||
	    (err = put(uri, ";type=private", NULL, 0)) != EH_OK)
		return err;
	if (c->pin_file != NULL &&
	    (err = put(uri, "?pin-source=file:", c->pin_file,
		 strlen(c->pin_file))) != EH_OK)
		return err;
	return eh_buf_append(uri, "", 1);
}

/* The key of ${uri}; the last one is kept, since a line asks for few. */
static int
load_key(struct eh_certifier *c, const char *uri, struct eh_error *error)
{
	OSSL_STORE_CTX *store;
	OSSL_STORE_INFO *info;

	if (c->key != NULL && strcmp(uri, c->uri) == 0)
		return EH_OK;
	EVP_PKEY_free(c->key);
	c->key = NULL;
	free(c->uri);
	if ((c->uri = strdup(uri)) == NULL)
		return EH_ERR_MEMORY;
	ERR_clear_error();
	store = OSSL_STORE_open_ex(uri, c->context, "provider=edgehsm", NULL,
	    NULL, NULL, NULL, NULL);
	if (store == NULL)
		return openssl_failed("opening the key", error);
	while (c->key == NULL && !OSSL_STORE_eof(store)) {
		if ((info = OSSL_STORE_load(store)) == NULL)
			break;
		if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			c->key = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(store);
	if (c->key == NULL)
		return openssl_failed("loading the key", error);
	return EH_OK;
}

static int
sign(struct eh_certifier *c, const struct eh_issue_param *param,
    const uint8_t *tbs, size_t len, uint8_t *signature, size_t *siglenp,
    struct eh_error *error)
{
	uint8_t bytes[EH_ISSUE_PARAM_MAX];
	OSSL_PARAM params[2];
	struct eh_writer w;
	EVP_MD_CTX *md;
	size_t n;
	int ok, err;

	eh_writer_init(&w, bytes, sizeof(bytes));
	eh_issue_param_encode(param, &w);
	if ((err = eh_writer_end(&w, &n)) != EH_OK)
		return eh_error_set(error, err,
		    "what goes with the request is too long: %zu bytes, %d is "
		    "the limit", n, EH_ISSUE_PARAM_MAX);
	md = EVP_MD_CTX_new();
	params[0] = OSSL_PARAM_construct_octet_string("issue-param", bytes, n);
	params[1] = OSSL_PARAM_construct_end();
	ERR_clear_error();
	ok = md != NULL &&
	    EVP_DigestSignInit_ex(md, NULL, "SHA256", c->context,
	        "provider=edgehsm", c->key, params) == 1 &&
	    EVP_DigestSign(md, signature, siglenp, tbs, len) == 1;
	EVP_MD_CTX_free(md);
	return ok ? EH_OK : openssl_failed("signing", error);
}

/* SEQUENCE { tbs, ecdsa-with-SHA256, BIT STRING } */
static int
assemble(const uint8_t *tbs, size_t len, const uint8_t *signature,
    size_t siglen, struct eh_buf *der)
{
	struct eh_der_writer w;
	size_t n;
	int err;

	if ((err = eh_buf_reserve(der, CERTIFICATE_MAX)) != EH_OK)
		return err;
	eh_der_writer_init(&w, der->data + der->len, CERTIFICATE_MAX);
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	eh_der_put_raw(&w, tbs, len);
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	eh_der_put_oid(&w, "1.2.840.10045.4.3.2");
	eh_der_put_end(&w);
	eh_der_put_begin(&w, EH_DER_BIT_STRING);
	eh_der_put_raw(&w, "", 1);	/* no unused bits */
	eh_der_put_raw(&w, signature, siglen);
	eh_der_put_end(&w);
	eh_der_put_end(&w);
	if ((err = eh_der_writer_end(&w, &n)) == EH_OK)
		eh_buf_extend(der, n);
	return err;
}

/* Read the certificate back and verify it with the public key alone, by the
 * default provider: what leaves here is what everybody else will accept. */
static int
verify(struct eh_certifier *c, const struct eh_token_key *key,
    const uint8_t *der, size_t len, struct eh_error *error)
{
	X509 *x = X509_new_ex(c->context, "provider=default");
	const unsigned char *p = der, *q = key->spki;
	EVP_PKEY *public = d2i_PUBKEY_ex(
	    NULL, &q, (long)key->spkilen, c->context, "provider=default");
	int ok;

	ok = x != NULL && public != NULL &&
	    d2i_X509(&x, &p, (long)len) != NULL && X509_verify(x, public) == 1;
	X509_free(x);
	EVP_PKEY_free(public);
	if (ok)
		return EH_OK;
	ERR_clear_error();
	return eh_error_set(error, EH_ERR_SIGNATURE,
	    "the certificate that was made does not verify");
}

int
eh_certifier_sign(struct eh_certifier *c, const char *token_label,
    const struct eh_token_key *key, const struct eh_issue_param *param,
    const uint8_t *tbs, size_t len, struct eh_buf *der, struct eh_error *error)
{
	uint8_t signature[SIGNATURE_MAX];
	size_t siglen = sizeof(signature), before = der->len;
	struct eh_buf uri;
	int err;

	eh_buf_init(&uri, URI_MAX);
	if ((err = make_uri(c, token_label, key, &uri)) == EH_OK)
		err = load_key(c, (const char *)uri.data, error);
	else
		eh_error_set(error, err, "the URI of key %s: %s", key->label,
		    eh_err_text(err));
	eh_buf_free(&uri);
	if (err != EH_OK ||
	    (err = sign(c, param, tbs, len, signature, &siglen,
	         error)) != EH_OK ||
	    (err = assemble(tbs, len, signature, siglen, der)) != EH_OK)
		return err;
	return verify(c, key, der->data + before, der->len - before, error);
}
