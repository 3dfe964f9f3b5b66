/* SPDX-License-Identifier: Apache-2.0 */
/* test_signature.c - signature operations as libcrypto calls them. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "pkcs11-module/edgehsm-pkcs11.h"
#include "provider/key.h"
#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

static const unsigned char message[300] = { 0x30, 0x82, 0x01, 0x28 };

START_TEST(whole_message_reaches_the_token_in_one_call)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);
	unsigned char sig[256];
	size_t n;

	setenv("SHIM_HASH", "1", 1);
	n = rig_sign(context, key, "SHA256", NULL, message, 300, sig);
	ck_assert_uint_gt(n, 0);
	ck_assert(rig_verify(key, "SHA256", message, 300, sig, n));
	ck_assert_uint_eq(rig_log_count("C_SignInit 0x1044 -"), 1);
	ck_assert_uint_eq(rig_log_count("C_Sign 300 30"), 1);
	ck_assert_uint_eq(rig_log_count("C_Sign"), 2);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	/* Two calls, and no third, for each further signature. */
	rig_log_forget();
	ck_assert_uint_gt(
	    rig_sign(context, key, "SHA256", NULL, message, 300, sig), 0);
	ck_assert_uint_eq(rig_log_count(""), 2);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(key_that_forbids_raw_never_gets_a_digest)
{
	unsigned char sig[256];
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	setenv("SHIM_ALLOWED", "1044", 1);
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert_uint_eq(
	    rig_sign(context, key, "SHA256", NULL, message, 300, sig), 0);
	ck_assert_str_eq(rig_error(),
	    "mechanism not allowed: neither mechanism 0x1044 nor CKM_ECDSA is "
	    "offered by the token and allowed by " RIG_KEY);
	ck_assert_uint_eq(rig_log_count("C_SignInit"), 0);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(issuing_key_never_gets_a_digest)
{
	unsigned char sig[256];
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	setenv("SHIM_PURPOSE", "2", 1);
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert_uint_eq(
	    rig_sign(context, key, "SHA256", NULL, message, 300, sig), 0);
	ck_assert_uint_eq(rig_log_count("C_SignInit"), 0);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

static int
raw(OSSL_LIB_CTX *context, EVP_PKEY *key, const unsigned char *digest,
    size_t len, unsigned char *sig, size_t *siglen)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(context, key, NULL);
	int ok;

	ck_assert_ptr_nonnull(ctx);
	ok = EVP_PKEY_sign_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
	    EVP_PKEY_sign(ctx, sig, siglen, digest, len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

START_TEST(general_key_signs_a_digest)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);
	unsigned char digest[32], sig[256];
	size_t n = sizeof(sig);

	EVP_Digest(message, 300, digest, NULL, EVP_sha256(), NULL);
	ck_assert(raw(context, key, digest, 32, sig, &n));
	ck_assert(rig_verify(key, "SHA256", message, 300, sig, n));
	/* 31 octets are no SHA-256. */
	n = sizeof(sig);
	ck_assert(!raw(context, key, digest, 31, sig, &n));
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(issuing_key_refuses_a_digest_in_words)
{
	unsigned char digest[32] = { 0 }, sig[256];
	size_t n = sizeof(sig);
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	setenv("SHIM_HASH", "1", 1);
	setenv("SHIM_NO_RAW", "1", 1);
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert(!raw(context, key, digest, 32, sig, &n));
	ck_assert_str_eq(rig_error(),
	    "raw signing refused: this key signs complete messages only (use "
	    "-rawin or X509_sign): " RIG_KEY);
	ck_assert_uint_eq(rig_log_count("C_SignInit"), 0);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(refusal_comes_with_the_sentence_of_the_boundary)
{
	unsigned char sig[256];
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	setenv("SHIM_HASH", "1", 1);
	setenv("SHIM_REFUSE", "0x80420001", 1);
	setenv("SHIM_SENTENCE", "quota exhausted: authorization PO-4711 allows "
	    "10000 devices, 10000 used", 1);
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert_uint_eq(
	    rig_sign(context, key, "SHA256", NULL, message, 300, sig), 0);
	ck_assert_int_eq(ERR_GET_REASON(ERR_peek_last_error()), 0x420001);
	ck_assert_str_eq(rig_error(),
	    "quota exhausted: authorization PO-4711 allows 10000 devices, "
	    "10000 used (key " RIG_KEY ", C_Sign returned CKR 0x80420001)");
	/* The next one is not tainted by it. */
	unsetenv("SHIM_REFUSE");
	ck_assert_uint_gt(
	    rig_sign(context, key, "SHA256", NULL, message, 300, sig), 0);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(refusal_without_a_sentence_still_says_what_it_is)
{
	unsigned char sig[256];
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	setenv("SHIM_HASH", "1", 1);
	setenv("SHIM_REFUSE_INIT", "0x8042000B", 1);
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert_uint_eq(
	    rig_sign(context, key, "SHA256", NULL, message, 300, sig), 0);
	ck_assert_str_eq(rig_error(),
	    "token fail-stopped: the token gave no explanation (key " RIG_KEY
	    ", C_SignInit returned CKR 0x8042000B)");
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

/*
 * The callbacks themselves, on a core that is not libcrypto's.
 */
struct callbacks {
	struct rig_core core;
	const OSSL_DISPATCH *provider_table;
	const OSSL_DISPATCH *table;
	struct eh_provider *provider;
	struct eh_key *key;
	void *ctx;
};

static int
take_key(const OSSL_PARAM params[], void *arg)
{
	const OSSL_PARAM *p =
	    OSSL_PARAM_locate_const(params, OSSL_OBJECT_PARAM_REFERENCE);
	struct eh_key **from, **to = arg;

	ck_assert_ptr_nonnull(p);
	from = p->data;
	*to = *from;
	*from = NULL;
	return 1;
}

static const OSSL_DISPATCH *
operation(struct callbacks *c, int id)
{
	OSSL_FUNC_provider_query_operation_fn *query;
	const OSSL_ALGORITHM *algorithm;
	int no_cache = 1;

	query = (OSSL_FUNC_provider_query_operation_fn *)rig_function(
	    c->provider_table, OSSL_FUNC_PROVIDER_QUERY_OPERATION);
	algorithm = query(c->provider, id, &no_cache);
	ck_assert_ptr_nonnull(algorithm);
	ck_assert_int_eq(no_cache, 0);
	return algorithm->implementation;
}

static void
load_key(struct callbacks *c, const char *uri)
{
	const OSSL_DISPATCH *store = operation(c, OSSL_OP_STORE);
	OSSL_FUNC_store_open_fn *open = (OSSL_FUNC_store_open_fn *)
	    rig_function(store, OSSL_FUNC_STORE_OPEN);
	OSSL_FUNC_store_load_fn *load = (OSSL_FUNC_store_load_fn *)
	    rig_function(store, OSSL_FUNC_STORE_LOAD);
	OSSL_FUNC_store_close_fn *close_store = (OSSL_FUNC_store_close_fn *)
	    rig_function(store, OSSL_FUNC_STORE_CLOSE);
	void *loader = open(c->provider, uri);

	ck_assert_ptr_nonnull(loader);
	ck_assert_int_eq(load(loader, take_key, &c->key, NULL, NULL), 1);
	ck_assert_ptr_nonnull(c->key);
	ck_assert_int_eq(close_store(loader), 1);
}

#define CALLBACK(c, type, id)						\
	((OSSL_FUNC_signature_##type##_fn *)rig_function((c)->table,	\
	    OSSL_FUNC_SIGNATURE_##id))

static void
begin_callbacks(struct callbacks *c)
{
	memset(c, 0, sizeof(*c));
	c->provider = rig_core_provider(&c->core, &c->provider_table);
	ck_assert_ptr_nonnull(c->provider);
	load_key(c, RIG_KEY);
	c->table = operation(c, OSSL_OP_SIGNATURE);
	c->ctx = CALLBACK(c, newctx, NEWCTX)(c->provider, NULL);
	ck_assert_ptr_nonnull(c->ctx);
}

static void
end_callbacks(struct callbacks *c)
{
	OSSL_FUNC_provider_teardown_fn *teardown;

	CALLBACK(c, freectx, FREECTX)(c->ctx);
	eh_key_free(c->key);
	teardown = (OSSL_FUNC_provider_teardown_fn *)rig_function(
	    c->provider_table, OSSL_FUNC_PROVIDER_TEARDOWN);
	teardown(c->provider);
}

static int
is_wiped(const unsigned char *bytes, size_t len)
{
	while (len-- > 0)
		if (bytes[len] != 0)
			return 0;
	return 1;
}

/* What each sign callback does with a token that fails with ${rv}. */
static void
check_failing(const char *variable, const char *rv)
{
	unsigned char sig[100];
	struct callbacks c;
	size_t n = 77;

	setenv("SHIM_HASH", "1", 1);
	begin_callbacks(&c);
	setenv(variable, rv, 1);

	memset(sig, 0x5a, sizeof(sig));
	ck_assert_int_eq(CALLBACK(&c, digest_sign_init, DIGEST_SIGN_INIT)(
	    c.ctx, "SHA256", c.key, NULL), 1);
	ck_assert_int_eq(CALLBACK(&c, digest_sign, DIGEST_SIGN)(
	    c.ctx, sig, &n, sizeof(sig), message, 300), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert(is_wiped(sig, sizeof(sig)));

	memset(sig, 0x5a, sizeof(sig));
	n = 77;
	ck_assert_int_eq(CALLBACK(&c, digest_sign_init, DIGEST_SIGN_INIT)(
	    c.ctx, "SHA256", c.key, NULL), 1);
	ck_assert_int_eq(CALLBACK(&c, digest_sign_update, DIGEST_SIGN_UPDATE)(
	    c.ctx, message, 300), 1);
	ck_assert_int_eq(CALLBACK(&c, digest_sign_final, DIGEST_SIGN_FINAL)(
	    c.ctx, sig, &n, sizeof(sig)), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert(is_wiped(sig, sizeof(sig)));

	memset(sig, 0x5a, sizeof(sig));
	n = 77;
	ck_assert_int_eq(
	    CALLBACK(&c, sign_init, SIGN_INIT)(c.ctx, c.key, NULL), 1);
	ck_assert_int_eq(CALLBACK(&c, sign, SIGN)(
	    c.ctx, sig, &n, sizeof(sig), message, 32), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert(is_wiped(sig, sizeof(sig)));
	ck_assert_uint_eq(c.core.errors, 3);
	end_callbacks(&c);
}

START_TEST(callbacks_return_exactly_zero_when_the_token_refuses)
{
	/* A refusal, a broken token, a short buffer, CK_ULONG's end. */
	check_failing("SHIM_REFUSE", "0x80420001");
}
END_TEST

START_TEST(callbacks_return_exactly_zero_when_the_token_breaks)
{
	check_failing("SHIM_REFUSE", "0x30");
}
END_TEST

START_TEST(callbacks_return_exactly_zero_for_any_number)
{
	check_failing("SHIM_REFUSE", "0xffffffffffffffff");
}
END_TEST

START_TEST(callbacks_return_exactly_zero_when_init_is_refused)
{
	check_failing("SHIM_REFUSE_INIT", "0x80420003");
}
END_TEST

START_TEST(signature_of_another_length_is_none)
{
	unsigned char sig[256];
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	setenv("SHIM_HASH", "1", 1);
	setenv("SHIM_ANSWER", "0102", 1);
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert_uint_eq(
	    rig_sign(context, key, "SHA256", NULL, message, 300, sig), 0);
	ck_assert_str_eq(rig_error(),
	    "token refused: C_Sign gave 2 octets that are no signature on "
	    "prime256v1 (key " RIG_KEY ")");
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(size_query_and_short_buffer_do_not_ask_the_token)
{
	struct callbacks c;
	unsigned char sig[72];
	size_t n = 0;

	setenv("SHIM_HASH", "1", 1);
	begin_callbacks(&c);
	ck_assert_int_eq(CALLBACK(&c, digest_sign_init, DIGEST_SIGN_INIT)(
	    c.ctx, "SHA256", c.key, NULL), 1);
	ck_assert_int_eq(CALLBACK(&c, digest_sign, DIGEST_SIGN)(
	    c.ctx, NULL, &n, 0, message, 300), 1);
	ck_assert_uint_eq(n, 72);
	ck_assert_int_eq(CALLBACK(&c, digest_sign, DIGEST_SIGN)(
	    c.ctx, sig, &n, 71, message, 300), 0);
	ck_assert_uint_eq(rig_log_count("C_SignInit"), 0);
	ck_assert_int_eq(CALLBACK(&c, digest_sign, DIGEST_SIGN)(
	    c.ctx, sig, &n, 72, message, 300), 1);
	ck_assert_uint_eq(rig_log_count("C_SignInit"), 1);
	end_callbacks(&c);
}
END_TEST

/* Whoever asks again, after a failure say, must not get a signature of an empty
 * message. */
START_TEST(nothing_more_is_signed_after_the_last_part)
{
	unsigned char sig[100];
	struct callbacks c;
	size_t n = 0;

	setenv("SHIM_HASH", "1", 1);
	begin_callbacks(&c);
	for (int refused = 0; refused <= 1; refused++) {
		ck_assert_int_eq(CALLBACK(&c, digest_sign_init,
		    DIGEST_SIGN_INIT)(c.ctx, "SHA256", c.key, NULL), 1);
		ck_assert_int_eq(CALLBACK(&c, digest_sign_update,
		    DIGEST_SIGN_UPDATE)(c.ctx, message, 300), 1);
		if (refused)
			setenv("SHIM_REFUSE", "0x30", 1);
		ck_assert_int_eq(CALLBACK(&c, digest_sign_final,
		    DIGEST_SIGN_FINAL)(c.ctx, sig, &n, sizeof(sig)), !refused);
		unsetenv("SHIM_REFUSE");
		rig_log_forget();
		ck_assert_int_eq(CALLBACK(&c, digest_sign_final,
		    DIGEST_SIGN_FINAL)(c.ctx, sig, &n, sizeof(sig)), 0);
		ck_assert_uint_eq(n, 0);
		ck_assert_ptr_nonnull(
		    strstr(c.core.text, "the message is over"));
		ck_assert_int_eq(CALLBACK(&c, digest_sign_update,
		    DIGEST_SIGN_UPDATE)(c.ctx, message, 300), 0);
		ck_assert_uint_eq(rig_log_count("C_SignInit"), 0);
	}
	end_callbacks(&c);
}
END_TEST

START_TEST(nothing_is_signed_after_a_lost_part)
{
	unsigned char sig[100];
	struct callbacks c;
	size_t n = 0;

	setenv("SHIM_ALLOWED", "1044", 1);
	begin_callbacks(&c);
	ck_assert_int_eq(CALLBACK(&c, digest_sign_init, DIGEST_SIGN_INIT)(
	    c.ctx, "SHA256", c.key, NULL), 1);
	/* The token cannot do it ... */
	ck_assert_int_eq(CALLBACK(&c, digest_sign_update, DIGEST_SIGN_UPDATE)(
	    c.ctx, message, 300), 0);
	/* ... and that it could now does not bring the part back. */
	setenv("SHIM_HASH", "1", 1);
	ck_assert_int_eq(CALLBACK(&c, digest_sign_update, DIGEST_SIGN_UPDATE)(
	    c.ctx, message, 300), 0);
	ck_assert_int_eq(CALLBACK(&c, digest_sign_final, DIGEST_SIGN_FINAL)(
	    c.ctx, sig, &n, sizeof(sig)), 0);
	ck_assert_uint_eq(rig_log_count("C_SignInit"), 0);
	end_callbacks(&c);
}
END_TEST

START_TEST(algorithm_identifier_fits_the_digest)
{
	static const struct {
		const char *md;
		int nid;
	} pairs[] = {
		{ "SHA256", NID_ecdsa_with_SHA256 },
		{ "SHA2-384", NID_ecdsa_with_SHA384 },
		{ "sha-512", NID_ecdsa_with_SHA512 },
	};
	struct callbacks c;

	begin_callbacks(&c);
	for (size_t i = 0; i < 3; i++) {
		unsigned char der[32];
		const unsigned char *at = der;
		const ASN1_OBJECT *oid;
		X509_ALGOR *algor;
		OSSL_PARAM params[] = {
			OSSL_PARAM_octet_string(
			    OSSL_SIGNATURE_PARAM_ALGORITHM_ID, der, 32),
			OSSL_PARAM_END
		};

		ck_assert_int_eq(
		    CALLBACK(&c, digest_sign_init, DIGEST_SIGN_INIT)(
			c.ctx, pairs[i].md, c.key, NULL), 1);
		ck_assert_int_eq(
		    CALLBACK(&c, get_ctx_params, GET_CTX_PARAMS)(
			c.ctx, params), 1);
		algor = d2i_X509_ALGOR(
		    NULL, &at, (long)params[0].return_size);
		ck_assert_ptr_nonnull(algor);
		X509_ALGOR_get0(&oid, NULL, NULL, algor);
		ck_assert_int_eq(OBJ_obj2nid(oid), pairs[i].nid);
		X509_ALGOR_free(algor);
	}
	ck_assert_int_eq(CALLBACK(&c, digest_sign_init, DIGEST_SIGN_INIT)(
	    c.ctx, "SHA1", c.key, NULL), 0);
	ck_assert_str_eq(c.core.text,
	    "SHA1 is not supported; SHA256, SHA384 and SHA512 are");
	end_callbacks(&c);
}
END_TEST

START_TEST(token_key_verifies_through_the_default_provider)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[256];
	size_t n;

	n = rig_sign(context, key, "SHA256", NULL, message, 300, sig);
	ck_assert_int_eq(EVP_DigestVerifyInit_ex(
	    ctx, NULL, "SHA256", context, NULL, key, NULL), 1);
	ck_assert_int_eq(EVP_DigestVerify(ctx, sig, n, message, 300), 1);
	ck_assert_int_eq(EVP_DigestVerifyInit_ex(
	    ctx, NULL, "SHA256", context, NULL, key, NULL), 1);
	ck_assert_int_eq(EVP_DigestVerify(ctx, sig, n, message, 299), 0);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("signature");
	TCase *t = rig_case("signature");

	tcase_add_test(t, whole_message_reaches_the_token_in_one_call);
	tcase_add_test(t, key_that_forbids_raw_never_gets_a_digest);
	tcase_add_test(t, issuing_key_never_gets_a_digest);
	tcase_add_test(t, general_key_signs_a_digest);
	tcase_add_test(t, issuing_key_refuses_a_digest_in_words);
	tcase_add_test(t, refusal_comes_with_the_sentence_of_the_boundary);
	tcase_add_test(t, refusal_without_a_sentence_still_says_what_it_is);
	tcase_add_test(t, callbacks_return_exactly_zero_when_the_token_refuses);
	tcase_add_test(t, callbacks_return_exactly_zero_when_the_token_breaks);
	tcase_add_test(t, callbacks_return_exactly_zero_for_any_number);
	tcase_add_test(t, callbacks_return_exactly_zero_when_init_is_refused);
	tcase_add_test(t, signature_of_another_length_is_none);
	tcase_add_test(t, size_query_and_short_buffer_do_not_ask_the_token);
	tcase_add_test(t, nothing_more_is_signed_after_the_last_part);
	tcase_add_test(t, nothing_is_signed_after_a_lost_part);
	tcase_add_test(t, algorithm_identifier_fits_the_digest);
	tcase_add_test(t, token_key_verifies_through_the_default_provider);
	suite_add_tcase(s, t);
	return rig_run(s);
}
