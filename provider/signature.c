/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c - signature operations as libcrypto calls them. */
#include "config.h"

#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "provider/err.h"
#include "provider/issue.h"
#include "provider/key.h"
#include "provider/provider.h"
#include "provider/sign.h"
#include "provider/signature.h"

/* A digest that may be signed, and how X.509 names the pair. */
struct digest {
	const char *names[5]; /* the first is what we answer */
	size_t size;
	CK_MECHANISM_TYPE ecdsa;
	unsigned char algorithm_id[12]; /* RFC 5758 section 3.2 */
};

#define ECDSA_WITH_SHA2(n)						\
	{ 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, n }

/* clang-format off */
static const struct digest digests[] = {
	{ { "SHA256", "SHA2-256", "SHA-256", "2.16.840.1.101.3.4.2.1" },
	  32, CKM_ECDSA_SHA256, ECDSA_WITH_SHA2(2) },
	{ { "SHA384", "SHA2-384", "SHA-384", "2.16.840.1.101.3.4.2.2" },
	  48, CKM_ECDSA_SHA384, ECDSA_WITH_SHA2(3) },
	{ { "SHA512", "SHA2-512", "SHA-512", "2.16.840.1.101.3.4.2.3" },
	  64, CKM_ECDSA_SHA512, ECDSA_WITH_SHA2(4) },
};
/* clang-format on */

/* Where the data of an operation goes as it comes. */
enum way {
	UNDECIDED, /* nothing has come yet */
	HOLD,      /* until the message is complete: then one C_Sign */
	HASH,      /* into a digest of the default provider */
	STREAM,    /* to the token, in parts */
	BROKEN     /* some of it was lost, so nothing is signed */
};

struct context {
	struct eh_provider *provider;
	struct eh_key *key;
	const struct digest *digest;
	char *authorization; /* set for this operation, or NULL */

	enum way way;
	struct eh_sign_plan plan;
	unsigned char *message;
	size_t len, room;
	EVP_MD_CTX *hash;
	EVP_MD_CTX *verify;
	struct eh_sign stream;
};

static const struct digest *
digest_named(const char *name)
{
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		for (size_t n = 0; digests[i].names[n] != NULL; n++)
			if (OPENSSL_strcasecmp(digests[i].names[n], name) == 0)
				return &digests[i];
	return NULL;
}

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
	if (c->way == STREAM)
		eh_sign_abandon(&c->stream);
	EVP_MD_CTX_free(c->hash);
	EVP_MD_CTX_free(c->verify);
	OPENSSL_clear_free(c->message, c->room);
	c->hash = c->verify = NULL;
	c->message = NULL;
	c->len = c->room = 0;
	c->way = UNDECIDED;
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
	OPENSSL_free(c);
}

static int
copy_digest(EVP_MD_CTX **to, const EVP_MD_CTX *from)
{
	if (from == NULL)
		return 1;
	*to = EVP_MD_CTX_new();
	return *to != NULL && EVP_MD_CTX_copy_ex(*to, from) == 1;
}

/*
 * libcrypto copies a context before each EVP_DigestSignFinal, and goes on with
 * the original when that fails: so a stream, which cannot be copied, says no.
 */
static void *
dup_context(void *context)
{
	struct context *from = context, *to;

	if (from->way == STREAM ||
	    (to = new_context(from->provider, NULL)) == NULL)
		return NULL;
	to->key = from->key != NULL ? eh_key_ref(from->key) : NULL;
	to->digest = from->digest;
	to->way = from->way;
	to->plan = from->plan;
	if (!copy_digest(&to->hash, from->hash) ||
	    !copy_digest(&to->verify, from->verify))
		goto failed;
	if (from->authorization != NULL &&
	    (to->authorization = OPENSSL_strdup(from->authorization)) == NULL)
		goto failed;
	if (from->len > 0) {
		to->message = OPENSSL_memdup(from->message, from->len);
		if (to->message == NULL)
			goto failed;
		to->len = to->room = from->len;
	}
	/* The plan borrows the name from where it was found: here, perhaps. */
	if (from->plan.authorization == from->authorization)
		to->plan.authorization = to->authorization;
	return to;
failed:
	eh_err_raise(from->provider, EH_REASON_MEMORY, "a signature");
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
	if (c->way != UNDECIDED) {
		eh_err_raise(c->provider, EH_REASON_STATE,
		    "authorization %s comes after the first data", text);
		OPENSSL_free(text);
		return 0;
	}
	OPENSSL_free(c->authorization);
	c->authorization = text;
	return 1;
}

static int
set_digest(struct context *c, const char *name)
{
	const struct digest *digest = digest_named(name);

	if (digest == NULL) {
		eh_err_raise(c->provider, EH_REASON_DIGEST,
		    "%s is not supported; SHA256, SHA384 and SHA512 are",
		    name);
		return 0;
	}
	if (c->way != UNDECIDED && digest != c->digest) {
		eh_err_raise(c->provider, EH_REASON_STATE,
		    "digest %s comes after the first data", name);
		return 0;
	}
	c->digest = digest;
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
	p = OSSL_PARAM_locate_const(params, EH_PARAM_AUTHORIZATION);
	return p == NULL || set_authorization(c, p);
}

static const OSSL_PARAM *
settable_params(void *context, void *provider)
{
	static const OSSL_PARAM settable[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(EH_PARAM_AUTHORIZATION, NULL, 0),
		OSSL_PARAM_END
	};

	(void)context;
	(void)provider;
	return settable;
}

/* What is known only with a digest is not answered without one. */
static int
get_digest_params(const struct digest *digest, OSSL_PARAM params[])
{
	OSSL_PARAM *p;

	p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
	if (p != NULL &&
	    (digest == NULL ||
		!OSSL_PARAM_set_octet_string(p, digest->algorithm_id,
		    sizeof(digest->algorithm_id))))
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

	if (is_query(c, sig, siglen))
		return 1;
	return end(has_room(c, size) && fits_digest(c, len) &&
		eh_sign_plan_raw(c->key,
		    eh_issue_name(c->key, c->authorization), &plan) &&
		eh_sign_once(c->key, &plan, digest, len, sig, siglen),
	    sig, siglen, size);
}

static EVP_MD_CTX *
new_hash(struct context *c)
{
	OSSL_LIB_CTX *plain = eh_provider_plain(c->provider);
	EVP_MD_CTX *hash = NULL;
	EVP_MD *md = NULL;

	if (plain == NULL)
		return NULL;
	md = EVP_MD_fetch(plain, c->digest->names[0], NULL);
	hash = EVP_MD_CTX_new();
	if (md == NULL || hash == NULL || !EVP_DigestInit_ex2(hash, md, NULL)) {
		eh_err_raise(c->provider, EH_REASON_CRYPTO,
		    "%s cannot be computed", c->digest->names[0]);
		EVP_MD_CTX_free(hash);
		hash = NULL;
	}
	EVP_MD_free(md);
	return hash;
}

/* The first data comes: parameters are settled now. */
static int
decide(struct context *c)
{
	if (c->way != UNDECIDED)
		return 1;
	if (!eh_sign_plan(c->key, c->digest->ecdsa,
		eh_issue_name(c->key, c->authorization), &c->plan))
		return 0;
	if (c->plan.form == EH_SIGN_MESSAGE) {
		c->way = HOLD;
		return 1;
	}
	if ((c->hash = new_hash(c)) == NULL)
		return 0;
	c->way = HASH;
	return 1;
}

static int
hold(struct context *c, const unsigned char *data, size_t len)
{
	unsigned char *more;
	size_t room = c->room > 0 ? c->room : 1024;

	if (len == 0)
		return 1;
	while (room - c->len < len)
		room *= 2;
	if (room > c->room) {
		more = OPENSSL_clear_realloc(c->message, c->room, room);
		if (more == NULL) {
			eh_err_raise(c->provider, EH_REASON_MEMORY,
			    "a message of %zu octets", c->len + len);
			return 0;
		}
		c->message = more;
		c->room = room;
	}
	memcpy(c->message + c->len, data, len);
	c->len += len;
	return 1;
}

/*
 * The message is longer than what is held.  A key that signs certificates is
 * given whole messages only, and none is that long; others take it in parts.
 */
static int
overflow(struct context *c, size_t len)
{
	if (c->plan.mechanism == CKM_EDGEHSM_ISSUE ||
	    c->key->purpose == CK_EDGEHSM_PURPOSE_ISSUING) {
		eh_err_raise(c->provider, EH_REASON_MESSAGE,
		    "%zu octets, %lu is the limit for %s", c->len + len,
		    EH_SIGNATURE_MESSAGE_MAX, c->key->shown);
		return 0;
	}
	if (!eh_sign_begin(&c->stream, c->key, &c->plan) ||
	    !eh_sign_update(&c->stream, c->message, c->len))
		return 0;
	c->way = STREAM;
	return 1;
}

static int
take(struct context *c, const unsigned char *data, size_t len)
{
	if (!decide(c))
		return 0;
	if (c->way == HOLD && len > EH_SIGNATURE_MESSAGE_MAX - c->len &&
	    !overflow(c, len))
		return 0;
	switch (c->way) {
	case HOLD:
		return hold(c, data, len);
	case HASH:
		return EVP_DigestUpdate(c->hash, data, len) == 1;
	case STREAM:
		return eh_sign_update(&c->stream, data, len);
	default:
		return 0;
	}
}

/* Whoever goes on after a failure must not get a signature of the rest. */
static int
update(struct context *c, const unsigned char *data, size_t len)
{
	if (take(c, data, len))
		return 1;
	c->way = BROKEN;
	return 0;
}

static int
finish_hash(struct context *c, unsigned char *sig, size_t *siglen)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_DigestFinal_ex(c->hash, digest, &len) != 1) {
		eh_err_raise(c->provider, EH_REASON_CRYPTO,
		    "%s cannot be computed", c->digest->names[0]);
		return 0;
	}
	return eh_sign_once(c->key, &c->plan, digest, len, sig, siglen);
}

static int
finish(struct context *c, unsigned char *sig, size_t *siglen)
{
	/* An empty message is one, too. */
	if (!decide(c))
		return 0;
	switch (c->way) {
	case HOLD:
		return eh_sign_once(
		    c->key, &c->plan, c->message, c->len, sig, siglen);
	case HASH:
		return finish_hash(c, sig, siglen);
	case STREAM:
		c->way = BROKEN;
		return eh_sign_finish(&c->stream, sig, siglen);
	default:
		return 0;
	}
}

static int
sign_update(void *context, const unsigned char *data, size_t len)
{
	return update(context, data, len) ? 1 : 0;
}

static int
sign_final(void *context, unsigned char *sig, size_t *siglen, size_t size)
{
	struct context *c = context;
	int ok;

	if (is_query(c, sig, siglen))
		return 1;
	ok = end(has_room(c, size) && finish(c, sig, siglen), sig, siglen,
	    size);
	reset(c);
	return ok;
}

/* All at once: the message goes from the caller's memory to the token. */
static int
sign_message(void *context, unsigned char *sig, size_t *siglen, size_t size,
    const unsigned char *message, size_t len)
{
	struct context *c = context;
	int ok;

	if (is_query(c, sig, siglen))
		return 1;
	ok = has_room(c, size) && decide(c);
	if (ok && c->way == HOLD && c->len == 0 &&
	    len <= EH_SIGNATURE_MESSAGE_MAX)
		ok = eh_sign_once(
		    c->key, &c->plan, message, len, sig, siglen);
	else
		ok = ok && update(c, message, len) && finish(c, sig, siglen);
	ok = end(ok, sig, siglen, size);
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
