/* SPDX-License-Identifier: Apache-2.0 */
/* test_keymgmt.c - keys as libcrypto wants to see them. */
#include "config.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

static const char *
provider_of(const EVP_PKEY *key)
{
	return OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key));
}

START_TEST(private_key_stays_and_public_key_goes_to_the_default_provider)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *private = rig_key(context, RIG_KEY);
	EVP_PKEY *public = rig_key(context, RIG_PUB);

	ck_assert_str_eq(provider_of(private), "edgehsm");
	ck_assert_str_eq(provider_of(public), "default");
	ck_assert_int_eq(EVP_PKEY_eq(private, public), 1);
	ck_assert_int_eq(EVP_PKEY_eq(public, private), 1);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	EVP_PKEY_free(private);
	EVP_PKEY_free(public);
	rig_free(context);
}
END_TEST

START_TEST(different_keys_do_not_match)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *k = rig_key(context, RIG_KEY);
	EVP_PKEY *lone = rig_key(context, RIG_LONE);
	EVP_PKEY *p384 = rig_key(context, RIG_P384);
	EVP_PKEY *again = rig_key(context, RIG_KEY);

	ck_assert_int_eq(EVP_PKEY_eq(k, again), 1);
	ck_assert_int_ne(EVP_PKEY_eq(k, lone), 1);
	ck_assert_int_ne(EVP_PKEY_eq(k, p384), 1);
	EVP_PKEY_free(k);
	EVP_PKEY_free(lone);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(again);
	rig_free(context);
}
END_TEST

START_TEST(curve_is_named_and_nothing_private_comes_out)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);
	OSSL_PARAM *params = NULL;
	const OSSL_PARAM *p;
	BIGNUM *secret = NULL;
	char group[32];

	ck_assert_int_eq(EVP_PKEY_get_group_name(
	    key, group, sizeof(group), NULL), 1);
	ck_assert_str_eq(group, "prime256v1");
	ck_assert_int_eq(EVP_PKEY_get_bits(key), 256);
	ck_assert_int_eq(EVP_PKEY_get_security_bits(key), 128);
	ck_assert_int_eq(EVP_PKEY_get_size(key), 72);
	ck_assert_int_eq(EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &params),
	    1);
	p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);
	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_null(
	    OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_EC_P));
	OSSL_PARAM_free(params);
	params = NULL;
	ck_assert_int_eq(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &params), 0);
	ck_assert_int_eq(EVP_PKEY_get_bn_param(
	    key, OSSL_PKEY_PARAM_PRIV_KEY, &secret), 0);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(explicit_parameters_are_in_no_public_key)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);
	unsigned char *der = NULL;

	/* SubjectPublicKeyInfo of a named P-256 curve is 91 octets. */
	ck_assert_int_eq(i2d_PUBKEY(key, &der), 91);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(keys_are_not_imported)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *soft = EVP_PKEY_Q_keygen(context, NULL, "EC", "P-256");
	EVP_PKEY_CTX *ctx =
	    EVP_PKEY_CTX_new_from_pkey(context, soft, "provider=edgehsm");

	ck_assert_ptr_nonnull(soft);
	ck_assert(ctx == NULL || EVP_PKEY_sign_init(ctx) != 1);
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	/* And the default provider's keys are left alone by ours. */
	ck_assert_str_eq(provider_of(soft), "default");
	EVP_PKEY_free(soft);
	rig_free(context);
}
END_TEST

START_TEST(copy_is_the_same_key)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);
	EVP_PKEY *copy = EVP_PKEY_dup(key);
	unsigned char sig[256];

	ck_assert_ptr_nonnull(copy);
	EVP_PKEY_free(key);
	ck_assert_uint_gt(
	    rig_sign(context, copy, "SHA256", NULL, "x", 1, sig), 0);
	EVP_PKEY_free(copy);
	rig_free(context);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("keymgmt");
	TCase *t = rig_case("keymgmt");

	tcase_add_test(t,
	    private_key_stays_and_public_key_goes_to_the_default_provider);
	tcase_add_test(t, different_keys_do_not_match);
	tcase_add_test(t, curve_is_named_and_nothing_private_comes_out);
	tcase_add_test(t, explicit_parameters_are_in_no_public_key);
	tcase_add_test(t, keys_are_not_imported);
	tcase_add_test(t, copy_is_the_same_key);
	suite_add_tcase(s, t);
	return rig_run(s);
}
