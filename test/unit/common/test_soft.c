/* SPDX-License-Identifier: Apache-2.0 */
/* test_soft.c - signing keys held by libcrypto. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto/ecdsa.h"
#include "common/crypto/evp.h"
#include "common/crypto/soft.h"
#include "test/unit/unit.h"

/* RFC 6979 section A.2.5. */
#define SCALAR \
	"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
#define POINT \
	"0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" \
	"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"

static char folder[32], path[64];

static void
setup(void)
{
	strcpy(folder, "/tmp/eh-soft-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/key.pem", folder);
}

static void
teardown(void)
{
	unlink(path);
	rmdir(folder);
}

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(scalar_has_its_point_and_signs)
{
	uint8_t scalar[32], point[65], signature[64];
	struct eh_signer signer;
	struct eh_soft *key;

	unit_hex(SCALAR, scalar, sizeof(scalar));
	unit_hex(POINT, point, sizeof(point));
	ck_assert_int_eq(eh_soft_from_p256(scalar, &key), EH_OK);
	ck_assert_uint_eq(eh_soft_public(key)->len, 65);
	ck_assert_mem_eq(eh_soft_public(key)->bytes, point, 65);
	eh_soft_signer(key, &signer);
	ck_assert_int_eq(signer.alg, EH_ALG_ES256);
	ck_assert_int_eq(
	    signer.sign(signer.arg, "sample", 6, signature), EH_OK);
	ck_assert_int_eq(eh_p256_verify(point, "sample", 6, signature), EH_OK);
	eh_soft_free(key);
}
END_TEST

START_TEST(scalar_out_of_range_is_refused)
{
	uint8_t scalar[32] = { 0 };
	struct eh_soft *key;

	ck_assert_int_eq(eh_soft_from_p256(scalar, &key), EH_ERR_FORMAT);
	ck_assert_ptr_null(key);
	scalar[31] = 1;
	ck_assert_int_eq(eh_soft_from_p256(scalar, &key), EH_OK);
	eh_soft_free(key);
	/* n, and n - 1. */
	unit_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2"
	    "fc632551", scalar, sizeof(scalar));
	ck_assert_int_eq(eh_soft_from_p256(scalar, &key), EH_ERR_FORMAT);
	scalar[31]--;
	ck_assert_int_eq(eh_soft_from_p256(scalar, &key), EH_OK);
	eh_soft_free(key);
}
END_TEST

START_TEST(seed_of_the_standard_has_its_key)
{
	uint8_t seed[32], want[32];
	struct eh_signer signer;
	struct eh_soft *key;

	unit_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae"
	    "7f60", seed, sizeof(seed));
	unit_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707"
	    "511a", want, sizeof(want));
	ck_assert_int_eq(eh_soft_from_ed25519(seed, &key), EH_OK);
	ck_assert_uint_eq(eh_soft_public(key)->len, 32);
	ck_assert_mem_eq(eh_soft_public(key)->bytes, want, 32);
	eh_soft_signer(key, &signer);
	ck_assert_int_eq(signer.alg, EH_ALG_EDDSA);
	eh_soft_free(key);
}
END_TEST

START_TEST(saved_key_comes_back_and_is_never_written_over)
{
	struct eh_error error;
	struct eh_soft *key, *back;
	struct stat st;

	ck_assert_int_eq(eh_soft_generate(&key), EH_OK);
	ck_assert_int_eq(eh_soft_save(key, path, &error), EH_OK);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(eh_soft_open(path, &back, &error), EH_OK);
	ck_assert(eh_rawkey_equal(eh_soft_public(key), eh_soft_public(back)));
	ck_assert_int_eq(eh_soft_save(key, path, &error), EH_ERR_EXISTS);
	eh_soft_free(key);
	eh_soft_free(back);
}
END_TEST

/* SEC1, with the point compressed: read, and shown uncompressed. */
START_TEST(other_forms_of_pem_are_read)
{
	uint8_t point[65];
	struct eh_soft *key;

	write_file("-----BEGIN EC PRIVATE KEY-----\n"
	    "MFcCAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49\n"
	    "AwEHoSQDIgADYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y=\n"
	    "-----END EC PRIVATE KEY-----\n");
	ck_assert_int_eq(eh_soft_open(path, &key, NULL), EH_OK);
	unit_hex(POINT, point, sizeof(point));
	ck_assert_mem_eq(eh_soft_public(key)->bytes, point, 65);
	eh_soft_free(key);
}
END_TEST

START_TEST(what_is_no_key_is_refused_in_words)
{
	struct eh_error error;
	struct eh_soft *key;

	ck_assert_int_eq(eh_soft_open(path, &key, &error), EH_ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(error.text, path));
	ck_assert_ptr_null(key);
	write_file("");
	ck_assert_int_eq(eh_soft_open(path, &key, &error), EH_ERR_FORMAT);
	write_file("-----BEGIN PUBLIC KEY-----\n"
	    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
	    "-----END PUBLIC KEY-----\n");
	ck_assert_int_eq(eh_soft_open(path, &key, &error), EH_ERR_FORMAT);
	ck_assert_ptr_nonnull(strstr(error.text, "no private key"));
	/* X25519 signs nothing. */
	write_file("-----BEGIN PRIVATE KEY-----\n"
	    "MC4CAQAwBQYDK2VuBCIEIHcHbQpzGKV9PBbBclGyZkXfTC+H68CZKrF3+6UduSwq\n"
	    "-----END PRIVATE KEY-----\n");
	ck_assert_int_eq(eh_soft_open(path, &key, &error), EH_ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(error.text, "neither P-256 nor Ed25519"));
	ck_assert_ptr_null(key);
}
END_TEST

START_TEST(key_of_libcrypto_signs_and_stays_its_owners)
{
	EVP_PKEY *p256 = EVP_EC_gen("P-256"), *p384 = EVP_EC_gen("P-384");
	struct eh_rawkey public;
	struct eh_signer signer;
	struct eh_soft *key;
	uint8_t signature[64];

	ck_assert_int_eq(eh_evp_to_rawkey(p256, &public), EH_OK);
	ck_assert_int_eq(eh_soft_from_evp(p256, &key), EH_OK);
	EVP_PKEY_free(p256);
	ck_assert(eh_rawkey_equal(&public, eh_soft_public(key)));
	eh_soft_signer(key, &signer);
	ck_assert_int_eq(signer.sign(signer.arg, "m", 1, signature), EH_OK);
	ck_assert_int_eq(
	    eh_p256_verify(public.bytes, "m", 1, signature), EH_OK);
	eh_soft_free(key);
	ck_assert_int_eq(eh_soft_from_evp(p384, &key), EH_ERR_UNSUPPORTED);
	ck_assert_ptr_null(key);
	EVP_PKEY_free(p384);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("soft");
	TCase *t = tcase_create("soft");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, scalar_has_its_point_and_signs);
	tcase_add_test(t, scalar_out_of_range_is_refused);
	tcase_add_test(t, seed_of_the_standard_has_its_key);
	tcase_add_test(t, saved_key_comes_back_and_is_never_written_over);
	tcase_add_test(t, other_forms_of_pem_are_read);
	tcase_add_test(t, what_is_no_key_is_refused_in_words);
	tcase_add_test(t, key_of_libcrypto_signs_and_stays_its_owners);
	suite_add_tcase(s, t);
	return unit_run(s);
}
