/* SPDX-License-Identifier: Apache-2.0 */
/* test_message.c - the message of one signature, until it is complete. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "provider/message.h"
#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

static const unsigned char message[300] = { 0x30, 0x82, 0x01, 0x28 };

START_TEST(parts_are_held_until_the_message_is_complete)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[256], again[256];
	size_t n = sizeof(sig), m = sizeof(again);

	setenv("SHIM_HASH", "1", 1);
	ck_assert_int_eq(EVP_DigestSignInit_ex(
	    ctx, NULL, "SHA256", context, NULL, key, NULL), 1);
	for (size_t i = 0; i < 300; i += 3)
		ck_assert_int_eq(EVP_DigestSignUpdate(ctx, message + i, 3), 1);
	ck_assert_uint_eq(rig_log_count("C_Sign"), 0);
	ck_assert_int_eq(EVP_DigestSignFinal(ctx, NULL, &n), 1);
	ck_assert_uint_eq(n, 72);
	ck_assert_uint_eq(rig_log_count("C_Sign"), 0);
	ck_assert_int_eq(EVP_DigestSignFinal(ctx, sig, &n), 1);
	ck_assert(rig_log_has("C_Sign 300 30"));
	ck_assert(rig_verify(key, "SHA256", message, 300, sig, n));
	/* libcrypto signed with a copy: the context still has the message. */
	ck_assert_int_eq(EVP_DigestSignUpdate(ctx, "x", 1), 1);
	ck_assert_int_eq(EVP_DigestSignFinal(ctx, again, &m), 1);
	ck_assert(rig_log_has("C_Sign 301 30"));
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(token_without_hash_gets_a_digest)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);
	unsigned char sig[256];
	size_t n;

	n = rig_sign(context, key, "SHA384", NULL, message, 300, sig);
	ck_assert_uint_gt(n, 0);
	ck_assert(rig_verify(key, "SHA384", message, 300, sig, n));
	ck_assert(rig_log_has("C_SignInit 0x1041 -"));
	ck_assert_uint_eq(rig_log_count("C_Sign 48 "), 1);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(long_message_goes_in_parts)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);
	size_t len = EH_MESSAGE_MAX + 70000, n;
	unsigned char *long_message = calloc(1, len), sig[256];

	ck_assert_ptr_nonnull(long_message);
	setenv("SHIM_HASH", "1", 1);
	n = rig_sign(context, key, "SHA256", NULL, long_message, len, sig);
	ck_assert_uint_gt(n, 0);
	ck_assert(rig_verify(key, "SHA256", long_message, len, sig, n));
	ck_assert_uint_gt(rig_log_count("C_SignUpdate"), 1);
	ck_assert_uint_eq(rig_log_count("C_SignFinal"), 1);
	free(long_message);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(issuing_key_refuses_what_is_too_long)
{
	size_t len = EH_MESSAGE_MAX + 1;
	unsigned char *long_message = calloc(1, len), sig[256];
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	setenv("SHIM_HASH", "1", 1);
	setenv("SHIM_PURPOSE", "2", 1);
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert_uint_eq(
	    rig_sign(context, key, "SHA256", NULL, long_message, len, sig), 0);
	ck_assert_str_eq(rig_error(),
	    "message too long: 1048577 octets, 1048576 is the limit for "
	    RIG_KEY);
	ck_assert_uint_gt(rig_sign(context, key, "SHA256", NULL, long_message,
	    len - 1, sig), 0);
	free(long_message);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(stream_ends_when_its_context_goes)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);
	size_t len = EH_MESSAGE_MAX;
	unsigned char *part = calloc(1, len), sig[256];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	setenv("SHIM_HASH", "1", 1);
	ck_assert_int_eq(EVP_DigestSignInit_ex(
	    ctx, NULL, "SHA256", context, NULL, key, NULL), 1);
	ck_assert_int_eq(EVP_DigestSignUpdate(ctx, part, len), 1);
	ck_assert_int_eq(EVP_DigestSignUpdate(ctx, part, 1), 1);
	EVP_MD_CTX_free(ctx);
	ck_assert_uint_eq(rig_log_count("C_CloseSession"), 1);
	/* And the key is as good as before. */
	ck_assert_uint_gt(
	    rig_sign(context, key, "SHA256", NULL, part, 5, sig), 0);
	free(part);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(empty_message_is_signed)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[256];
	size_t n = sizeof(sig);

	setenv("SHIM_HASH", "1", 1);
	ck_assert_int_eq(EVP_DigestSignInit_ex(
	    ctx, NULL, "SHA256", context, NULL, key, NULL), 1);
	ck_assert_int_eq(EVP_DigestSignFinal(ctx, sig, &n), 1);
	ck_assert(rig_verify(key, "SHA256", "", 0, sig, n));
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("message");
	TCase *t = rig_case("message");

	tcase_add_test(t, parts_are_held_until_the_message_is_complete);
	tcase_add_test(t, token_without_hash_gets_a_digest);
	tcase_add_test(t, long_message_goes_in_parts);
	tcase_add_test(t, issuing_key_refuses_what_is_too_long);
	tcase_add_test(t, stream_ends_when_its_context_goes);
	tcase_add_test(t, empty_message_is_signed);
	suite_add_tcase(s, t);
	return rig_run(s);
}
