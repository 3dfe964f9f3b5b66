/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c - signature operations as libcrypto calls them. */
#include "config.h"

#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "provider/digest.h"
#include "provider/err.h"
#include "provider/import.h"
#include "provider/issue.h"
#include "provider/key.h"
#include "provider/message.h"
#include "provider/provider.h"
#include "provider/sign.h"
#include "provider/signature.h"

struct context {
	struct eh_provider *provider;
	struct eh_key *key;
	const struct eh_digest *digest;
	char *authorization; /* set for this operation, or NULL */
	unsigned char *param; /* of CKM_EDGEHSM_ISSUE, or NULL */
	size_t param_len;
	struct eh_message message;
	EVP_MD_CTX *verify;
};

static void *
new_context(void *provider, const char *properties)
{
	struct context *c = OPENSSL_zalloc(sizeof(*c));

	(void)properties;
	if (c == NULL)
		eh_err_raise(provider, EH_REASON_MEMORY, "a signature");
	else
		c->provider = provider;
	return c;
}

/* Forget the data of an operation, but not its key and parameters. */
static void
reset(struct context *c)
{
	eh_message_reset(&c->message);
	EVP_MD_CTX_free(c->verify);
	c->verify = NULL;
}

/* The message borrows what it needs to know. */
static void
lend(struct context *c)
{
	c->message.key = c->key;
	c->message.digest = c->digest;
	c->message.chosen = c->authorization;
	c->message.param = c->param;
	c->message.param_len = c->param_len;
}

static void
free_context(void *context)
{
	struct context *c = context;

	if (c == NULL)
		return;
	reset(c);
	eh_key_free(c->key);
	OPENSSL_free(c->authorization);
	OPENSSL_free(c->param);
	OPENSSL_free(c);
}

static int
copy_verify(struct context *to, const struct context *from)
{
	if (from->verify == NULL)
		return 1;
	to->verify = EVP_MD_CTX_new();
	return to->verify != NULL &&
	    EVP_MD_CTX_copy_ex(to->verify, from->verify) == 1;
}

/*
 * libcrypto copies a context before each EVP_DigestSignFinal, and goes on with
 * the original when that fails: so what the token has already, which cannot be
 * copied, says no without an error.
 */
static void *
dup_context(void *context)
{
	struct context *from = context, *to;

	if ((to = new_context(from->provider, NULL)) == NULL)
		return NULL;
	to->key = from->key != NULL ? eh_key_ref(from->key) : NULL;
	to->digest = from->digest;
	if (from->authorization != NULL)
		to->authorization = OPENSSL_strdup(from->authorization);
	if (from->param != NULL) {
		to->param = OPENSSL_memdup(from->param, from->param_len);
		to->param_len = from->param_len;
	}
	lend(to);
	if ((from->authorization == NULL) == (to->authorization == NULL) &&
	    (from->param == NULL) == (to->param == NULL) &&
	    copy_verify(to, from) &&
	    eh_message_copy(&to->message, &from->message))
		return to;
	free_context(to);
	return NULL;
}

static int
set_authorization(struct context *c, const OSSL_PARAM *param)
{
	char *text = NULL;

	if (!OSSL_PARAM_get_utf8_string(param, &text, 0) || text == NULL) {
		eh_err_raise(c->provider, EH_REASON_ARGUMENT,
		    EH_PARAM_AUTHORIZATION " is not a text");
		return 0;
	}
	if (c->message.way != EH_MESSAGE_NEW) {
		eh_err_raise(c->provider, EH_REASON_STATE,
		    "authorization %s comes after the first data", text);
		OPENSSL_free(text);
		return 0;
	}
	OPENSSL_free(c->authorization);
	c->authorization = text;
	lend(c);
	return 1;
}

/* It names its own authorization: a second name beside it could be another. */
static int
set_issue_param(struct context *c, const OSSL_PARAM *param)
{
	void *bytes = NULL;
	size_t len = 0;

	if (!OSSL_PARAM_get_octet_string(param, &bytes, 0, &len)) {
		eh_err_raise(c->provider, EH_REASON_ARGUMENT,
		    EH_PARAM_ISSUE " is not a string of octets");
		return 0;
	}
	if (c->message.way != EH_MESSAGE_NEW) {
		eh_err_raise(c->provider, EH_REASON_STATE,
		    "an " EH_PARAM_ISSUE " comes after the first data");
		OPENSSL_free(bytes);
		return 0;
	}
	if (len == 0) {
		OPENSSL_free(bytes);
		bytes = NULL;
	}
	OPENSSL_free(c->param);
	c->param = bytes;
	c->param_len = len;
	lend(c);
	return 1;
}

/* It is the token's at once, and nothing of it stays here. */
static int
set_message(struct context *c, const OSSL_PARAM *param)
{
	if (c->key != NULL && c->key->curve != NULL &&
	    c->message.way == EH_MESSAGE_NEW)
		return eh_import_message(c->key, param);
	eh_err_raise(c->provider, EH_REASON_STATE,
	    "a " EH_PARAM_MESSAGE " comes %s", c->key == NULL
	    ? "before the key that says to which token it goes"
	    : "after the first data");
	return 0;
}

static int
only_one_name(struct context *c)
{
	if (c->param == NULL || c->authorization == NULL ||
	    c->authorization[0] == '\0')
		return 1;
	eh_err_raise(c->provider, EH_REASON_ARGUMENT,
	    "authorization %s was named beside an " EH_PARAM_ISSUE
	    ", which names its own", c->authorization);
	return 0;
}

static int
set_digest(struct context *c, const char *name)
{
	const struct eh_digest *digest = eh_digest_named(name);

	if (digest == NULL) {
		eh_err_raise(c->provider, EH_REASON_DIGEST,
		    "%s is not supported; SHA256, SHA384 and SHA512 are",
		    name);
		return 0;
	}
	if (c->message.way != EH_MESSAGE_NEW && digest != c->digest) {
		eh_err_raise(c->provider, EH_REASON_STATE,
		    "digest %s comes after the first data", name);
		return 0;
	}
	c->digest = digest;
	lend(c);
	return 1;
}

static int
set_params(void *context, const OSSL_PARAM params[])
{
	struct context *c = context;
	const OSSL_PARAM *p;
	const char *name;

	if (params == NULL)
		return 1;
	p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST);
	if (p != NULL && (!OSSL_PARAM_get_utf8_string_ptr(p, &name) ||
			     !set_digest(c, name)))
		return 0;
	/* Before the authorization: it may be the one that is named. */
	p = OSSL_PARAM_locate_const(params, EH_PARAM_MESSAGE);
	if (p != NULL && !set_message(c, p))
		return 0;
	p = OSSL_PARAM_locate_const(params, EH_PARAM_AUTHORIZATION);
	if (p != NULL && !set_authorization(c, p))
		return 0;
	p = OSSL_PARAM_locate_const(params, EH_PARAM_ISSUE);
	if (p != NULL && !set_issue_param(c, p))
		return 0;
	return only_one_name(c);
}

static const OSSL_PARAM *
settable_params(void *context, void *provider)
{
	static const OSSL_PARAM settable[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(EH_PARAM_AUTHORIZATION, NULL, 0),
		OSSL_PARAM_octet_string(EH_PARAM_ISSUE, NULL, 0),
		OSSL_PARAM_octet_string(EH_PARAM_MESSAGE, NULL, 0),
		OSSL_PARAM_END
	};

	(void)context;
	(void)provider;
	return settable;
}

/* What is known only with a digest is not answered without one. */
static int
get_digest_params(const struct eh_digest *digest, OSSL_PARAM params[])
{
	OSSL_PARAM *p;

	p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
	if (p != NULL &&
	    (digest == NULL ||
		!OSSL_PARAM_set_octet_string(p, digest->ecdsa_id,
		    sizeof(digest->ecdsa_id))))
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST);
	if (p != NULL &&
	    (digest == NULL ||
		!OSSL_PARAM_set_utf8_string(p, digest->names[0])))
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST_SIZE);
	return p == NULL ||
	    (digest != NULL && OSSL_PARAM_set_size_t(p, digest->size));
}

static int
get_params(void *context, OSSL_PARAM params[])
{
	struct context *c = context;
	const char *name;
	OSSL_PARAM *p;

	if (c->key == NULL || !get_digest_params(c->digest, params))
		return 0;
	p = OSSL_PARAM_locate(params, EH_PARAM_AUTHORIZATION);
	name = eh_issue_name(c->key, c->authorization);
	if (p != NULL &&
	    !OSSL_PARAM_set_utf8_string(p, name != NULL ? name : ""))
		return 0;
	return eh_issue_get_params(c->key, c->authorization, params);
}

static const OSSL_PARAM *
gettable_params(void *context, void *provider)
{
	static const OSSL_PARAM gettable[] = {
		OSSL_PARAM_octet_string(
		    OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
		OSSL_PARAM_size_t(OSSL_SIGNATURE_PARAM_DIGEST_SIZE, NULL),
		OSSL_PARAM_utf8_string(EH_PARAM_AUTHORIZATION, NULL, 0),
		OSSL_PARAM_uint64(EH_PARAM_REMAINING, NULL),
		OSSL_PARAM_utf8_string(EH_PARAM_NOT_AFTER, NULL, 0),
		OSSL_PARAM_END
	};

	(void)context;
	(void)provider;
	return gettable;
}

/* Begin an operation; without ${key} the one of the last goes on. */
static int
begin(struct context *c, struct eh_key *key, const OSSL_PARAM params[])
{
	reset(c);
	if (key != NULL) {
		eh_key_free(c->key);
		c->key = eh_key_ref(key);
	}
	lend(c);
	if (c->key == NULL || c->key->curve == NULL) {
		eh_err_raise(c->provider, EH_REASON_KEY, "there is no key");
		return 0;
	}
	return set_params(c, params);
}

static int
begin_raw(void *context, void *key, const OSSL_PARAM params[])
{
	struct context *c = context;

	/* A digest that is not named is of any length that fits the curve. */
	c->digest = NULL;
	return begin(c, key, params);
}

static int
begin_message(void *context, const char *digest, void *key,
    const OSSL_PARAM params[])
{
	struct context *c = context;

	if (!begin(c, key, params))
		return 0;
	if (digest != NULL && digest[0] != '\0')
		return set_digest(c, digest);
	return c->digest != NULL || set_digest(c, c->key->curve->digest);
}

/* After a failure nothing in the buffer may look like a signature. */
static int
end(int ok, unsigned char *sig, size_t *siglen, size_t size)
{
	if (!ok) {
		OPENSSL_cleanse(sig, size);
		*siglen = 0;
	}
	return ok ? 1 : 0;
}

/* Return 1 when the caller only asks for the size, and answer. */
static int
is_query(struct context *c, const unsigned char *sig, size_t *siglen)
{
	if (sig != NULL)
		return 0;
	*siglen = eh_sign_max(c->key->curve);
	return 1;
}

/* Before the token is asked, so that nothing is spent for a short buffer. */
static int
has_room(struct context *c, size_t size)
{
	size_t want = eh_sign_max(c->key->curve);

	if (size >= want)
		return 1;
	eh_err_raise(c->provider, EH_REASON_ARGUMENT,
	    "the buffer has %zu octets, a signature may need %zu", size, want);
	return 0;
}

static int
fits_digest(struct context *c, size_t len)
{
	size_t want = c->digest != NULL ? c->digest->size : 0;

	if (want == 0 ? len > 0 && len <= 64 : len == want)
		return 1;
	eh_err_raise(c->provider, EH_REASON_ARGUMENT,
	    "%zu octets are no digest%s%s", len,
	    c->digest != NULL ? " by " : "",
	    c->digest != NULL ? c->digest->names[0] : "");
	return 0;
}

static int
sign_raw(void *context, unsigned char *sig, size_t *siglen, size_t size,
    const unsigned char *digest, size_t len)
{
	struct context *c = context;
	struct eh_sign_plan plan;
	struct eh_sign_ask ask;

	if (is_query(c, sig, siglen))
		return 1;
	eh_message_ask(&c->message, &ask);
	return end(has_room(c, size) && fits_digest(c, len) &&
		eh_sign_plan_raw(c->key, &ask, &plan) &&
		eh_sign_once(c->key, &plan, digest, len, sig, siglen),
	    sig, siglen, size);
}

static int
sign_update(void *context, const unsigned char *data, size_t len)
{
	struct context *c = context;

	return eh_message_update(&c->message, data, len) ? 1 : 0;
}

static int
sign_final(void *context, unsigned char *sig, size_t *siglen, size_t size)
{
	struct context *c = context;
	int ok;

	if (is_query(c, sig, siglen))
		return 1;
	ok = end(has_room(c, size) &&
		eh_message_finish(&c->message, sig, siglen),
	    sig, siglen, size);
	/* Whoever asks again, after a failure say, must not get a signature of
	 * an empty message. */
	eh_message_end(&c->message);
	return ok;
}

static int
sign_message(void *context, unsigned char *sig, size_t *siglen, size_t size,
    const unsigned char *message, size_t len)
{
	struct context *c = context;
	int ok;

	if (is_query(c, sig, siglen))
		return 1;
	ok = end(has_room(c, size) &&
		eh_message_sign(&c->message, message, len, sig, siglen),
	    sig, siglen, size);
	reset(c);
	return ok;
}

static int
verify_raw(void *context, const unsigned char *sig, size_t siglen,
    const unsigned char *digest, size_t len)
{
	struct context *c = context;
	EVP_PKEY *key = eh_key_verifier(c->key);
	EVP_PKEY_CTX *ctx = NULL;
	int ok;

	if (key == NULL)
		return 0;
	ctx = EVP_PKEY_CTX_new_from_pkey(
	    eh_provider_plain(c->provider), key, NULL);
	ok = ctx != NULL && fits_digest(c, len) &&
	    EVP_PKEY_verify_init(ctx) == 1 &&
	    EVP_PKEY_verify(ctx, sig, siglen, digest, len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok ? 1 : 0;
}

static int
begin_verify(void *context, const char *digest, void *key,
    const OSSL_PARAM params[])
{
	struct context *c = context;
	EVP_PKEY *verifier;

	if (!begin_message(c, digest, key, params) ||
	    (verifier = eh_key_verifier(c->key)) == NULL)
		return 0;
	c->verify = EVP_MD_CTX_new();
	return c->verify != NULL &&
	    EVP_DigestVerifyInit_ex(c->verify, NULL, c->digest->names[0],
		eh_provider_plain(c->provider), NULL, verifier, NULL) == 1;
}

static int
verify_update(void *context, const unsigned char *data, size_t len)
{
	struct context *c = context;

	return c->verify != NULL &&
	    EVP_DigestVerifyUpdate(c->verify, data, len) == 1;
}

static int
verify_final(void *context, const unsigned char *sig, size_t len)
{
	struct context *c = context;

	return c->verify != NULL &&
	    EVP_DigestVerifyFinal(c->verify, sig, len) == 1;
}

/* clang-format off */
static const OSSL_DISPATCH ecdsa_functions[] = {
	{ OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))new_context },
	{ OSSL_FUNC_SIGNATURE_FREECTX, (void (*)(void))free_context },
	{ OSSL_FUNC_SIGNATURE_DUPCTX, (void (*)(void))dup_context },
	{ OSSL_FUNC_SIGNATURE_SIGN_INIT, (void (*)(void))begin_raw },
	{ OSSL_FUNC_SIGNATURE_SIGN, (void (*)(void))sign_raw },
	{ OSSL_FUNC_SIGNATURE_VERIFY_INIT, (void (*)(void))begin_raw },
	{ OSSL_FUNC_SIGNATURE_VERIFY, (void (*)(void))verify_raw },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT,
	  (void (*)(void))begin_message },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE,
	  (void (*)(void))sign_update },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, (void (*)(void))sign_final },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN, (void (*)(void))sign_message },
	{ OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT,
	  (void (*)(void))begin_verify },
	{ OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE,
	  (void (*)(void))verify_update },
	{ OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL,
	  (void (*)(void))verify_final },
	{ OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, (void (*)(void))get_params },
	{ OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS,
	  (void (*)(void))gettable_params },
	{ OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (void (*)(void))set_params },
	{ OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS,
	  (void (*)(void))settable_params },
	{ 0, NULL }
};

const OSSL_ALGORITHM eh_signature_algorithms[] = {
	{ "ECDSA", EH_PROVIDER_PROPERTIES, ecdsa_functions,
	  "ECDSA by a PKCS#11 token" },
	{ NULL, NULL, NULL, NULL }
};
/* clang-format on */
