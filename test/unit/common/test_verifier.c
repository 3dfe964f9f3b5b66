/* SPDX-License-Identifier: Apache-2.0 */
/* test_verifier.c - public keys made ready. */
#include "config.h"

#include <pthread.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/crypto/soft.h"
#include "common/crypto/verifier.h"
#include "test/unit/unit.h"

#define THREADS 4
#define TIMES   50

static struct eh_soft *key;
static struct eh_signer signer;
static struct eh_verifier *verifier;
static uint8_t signature[64];

static void
setup(void)
{
	ck_assert_int_eq(eh_soft_generate(&key), EH_OK);
	eh_soft_signer(key, &signer);
	ck_assert_int_eq(signer.sign(signer.arg, "abc", 3, signature), EH_OK);
	ck_assert_int_eq(
	    eh_verifier_new(eh_soft_public(key), &verifier), EH_OK);
}

static void
teardown(void)
{
	eh_verifier_free(verifier);
	eh_soft_free(key);
}

START_TEST(good_signatures_verify_and_others_do_not)
{
	uint8_t digest[32];

	eh_sha256("abc", 3, digest);
	ck_assert_int_eq(
	    eh_verifier_verify(verifier, "abc", 3, signature), EH_OK);
	ck_assert_int_eq(
	    eh_verifier_verify_digest(verifier, digest, signature), EH_OK);
	ck_assert_int_eq(eh_verifier_verify(verifier, "abd", 3, signature),
	    EH_ERR_SIGNATURE);
	signature[5] ^= 1;
	ck_assert_int_eq(eh_verifier_verify(verifier, "abc", 3, signature),
	    EH_ERR_SIGNATURE);
	signature[5] ^= 1;
	ck_assert_int_eq(
	    eh_verifier_verify(verifier, "abc", 3, signature), EH_OK);
	ck_assert(eh_rawkey_equal(
	    eh_verifier_key(verifier), eh_soft_public(key)));
}
END_TEST

/* Count the verdicts that were wrong: Check's asserts are one thread's. */
static void *
work(void *arg)
{
	size_t *wrong = arg;

	for (int i = 0; i < TIMES; i++) {
		*wrong += eh_verifier_verify(
		    verifier, "abc", 3, signature) != EH_OK;
		*wrong += eh_verifier_verify(
		    verifier, "abd", 3, signature) != EH_ERR_SIGNATURE;
	}
	return NULL;
}

START_TEST(threads_share_one)
{
	pthread_t thread[THREADS];
	size_t wrong[THREADS] = { 0 };

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(
		    &thread[i], NULL, work, &wrong[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
		ck_assert_uint_eq(wrong[i], 0);
	}
}
END_TEST

START_TEST(bad_keys_make_none)
{
	struct eh_rawkey bad = *eh_soft_public(key);
	struct eh_verifier *none = verifier;

	bad.bytes[64] ^= 1;
	ck_assert_int_eq(eh_verifier_new(&bad, &none), EH_ERR_FORMAT);
	ck_assert_ptr_null(none);
	bad.len = 64;
	ck_assert_int_eq(eh_verifier_new(&bad, &none), EH_ERR_UNSUPPORTED);
	ck_assert_ptr_null(none);
	eh_verifier_free(NULL);
}
END_TEST

START_TEST(ed25519_signs_no_digests)
{
	static const uint8_t seed[32] = { 7 };
	struct eh_soft *ed;
	struct eh_verifier *v;
	uint8_t digest[32];

	ck_assert_int_eq(eh_soft_from_ed25519(seed, &ed), EH_OK);
	eh_soft_signer(ed, &signer);
	ck_assert_int_eq(signer.sign(signer.arg, "abc", 3, signature), EH_OK);
	ck_assert_int_eq(eh_verifier_new(eh_soft_public(ed), &v), EH_OK);
	ck_assert_int_eq(eh_verifier_verify(v, "abc", 3, signature), EH_OK);
	eh_sha256("abc", 3, digest);
	ck_assert_int_eq(eh_verifier_verify_digest(v, digest, signature),
	    EH_ERR_UNSUPPORTED);
	eh_verifier_free(v);
	eh_soft_free(ed);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("verifier");
	TCase *t = tcase_create("verifier");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, good_signatures_verify_and_others_do_not);
	tcase_add_test(t, threads_share_one);
	tcase_add_test(t, bad_keys_make_none);
	tcase_add_test(t, ed25519_signs_no_digests);
	suite_add_tcase(s, t);
	return unit_run(s);
}
