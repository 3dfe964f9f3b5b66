/* SPDX-License-Identifier: Apache-2.0 */
/* test_p11.c - a PKCS#11 token as backend, over SoftHSM. */
#include "config.h"

#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto/digest.h"
#include "common/crypto/ecdsa.h"
#include "quota-engine/backend/p11.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

static char folder[FIXTURE_PATH];
/* In the place of libc's, to see who asks. */
static unsigned syncs;
void
sync(void)
{
	syncs++;
}

static struct eh_conf conf;
static struct eh_backend *b;
static struct eh_error error;
static const uint8_t id[EH_BACKEND_ID_LEN] = "the key's own id";
static const uint8_t other[EH_BACKEND_ID_LEN] = "another key's id";

static void
begin(void)
{
	eh_error_clear(&error);
	fixture_folder(folder);
	fixture_softhsm(folder, "backend", &conf);
}

static void
end(void)
{
	eh_backend_close(b);
	fixture_remove(folder);
}

static void
open_backend(void)
{
	ck_assert_msg(eh_backend_p11_open(&conf, &b, &error) == EH_OK, "%s",
	    error.text);
}

/* It does not open, and the sentence names the key of the configuration. */
static void
refused(const char *key, const char *what)
{
	ck_assert_int_eq(
	    eh_backend_p11_open(&conf, &b, &error), EH_ERR_CONFIG);
	ck_assert_ptr_null(b);
	ck_assert_msg(strstr(error.text, key) != NULL, "%s", error.text);
	ck_assert_msg(strstr(error.text, what) != NULL, "%s", error.text);
}

START_TEST(a_key_is_on_the_disk_before_it_counts)
{
	struct eh_backend_key key;

	open_backend();
	ck_assert_int_eq(b->ops->make_secret(b, &error), EH_OK);
	ck_assert_uint_eq(syncs, 1);
	ck_assert_int_eq(b->ops->generate(b, id, &key, &error), EH_OK);
	ck_assert_uint_eq(syncs, 2);
}
END_TEST

START_TEST(a_missing_module_is_named)
{
	conf.backend_module = (char[]) { "/nowhere/module.so" };
	refused("backend.module", "/nowhere/module.so");
}
END_TEST

START_TEST(a_library_that_is_no_module_is_refused)
{
	conf.backend_module = (char[]) { "libcrypto.so.3" };
	refused("backend.module", "not a PKCS#11 module");
}
END_TEST

START_TEST(a_token_that_is_not_there_is_named)
{
	conf.backend_token = (char[]) { "absent" };
	refused("backend.token", "'absent'");
	ck_assert_ptr_nonnull(strstr(error.text, "killed at its login"));
}
END_TEST

START_TEST(two_tokens_of_one_label_are_refused)
{
	fixture_softhsm(folder, "backend", &conf);
	refused("backend.token", "2 tokens");
}
END_TEST

START_TEST(a_wrong_pin_names_the_file_and_not_the_pin)
{
	fixture_write(conf.backend_pin_file, "87654321\n", 0600);
	refused("backend.pin-file", conf.backend_pin_file);
	ck_assert_ptr_null(strstr(error.text, "87654321"));
}
END_TEST

START_TEST(a_pin_file_that_others_can_read_is_refused)
{
	ck_assert_int_eq(chmod(conf.backend_pin_file, 0644), 0);
	refused("backend.pin-file", conf.backend_pin_file);
	ck_assert_int_eq(unlink(conf.backend_pin_file), 0);
	refused("backend.pin-file", conf.backend_pin_file);
	fixture_write(conf.backend_pin_file, "\n", 0600);
	refused("backend.pin-file", "is empty");
}
END_TEST

START_TEST(what_is_made_carries_our_mark)
{
	struct eh_backend_key key;
	unsigned n;

	open_backend();
	ck_assert_int_eq(b->ops->count(b, &n, &error), EH_OK);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(b->ops->make_secret(b, &error), EH_OK);
	ck_assert_int_eq(b->ops->count(b, &n, &error), EH_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(b->ops->generate(b, id, &key, &error), EH_OK);
	ck_assert_int_eq(b->ops->count(b, &n, &error), EH_OK);
	ck_assert_uint_eq(n, 3);
}
END_TEST

START_TEST(a_key_signs_what_its_public_key_verifies)
{
	uint8_t digest[32], signature[64];
	struct eh_backend_key key, found;

	open_backend();
	ck_assert_int_eq(b->ops->generate(b, id, &key, &error), EH_OK);
	ck_assert_int_eq(key.sensitive, 1);
	ck_assert_int_eq(b->ops->find(b, id, &found, &error), EH_OK);
	ck_assert(eh_rawkey_equal(&key.public, &found.public));
	ck_assert_int_eq(found.sensitive, 1);
	eh_sha256("message", 7, digest);
	ck_assert_int_eq(
	    b->ops->sign(b, found.handle, digest, signature, &error), EH_OK);
	ck_assert_int_eq(
	    eh_p256_verify_digest(key.public.bytes, digest, signature), EH_OK);
	ck_assert_int_eq(b->ops->sign(b, 999999, digest, signature, &error),
	    EH_ERR_BACKEND);
}
END_TEST

START_TEST(a_key_that_is_not_there_is_not_found)
{
	struct eh_backend_key key;

	open_backend();
	ck_assert_int_eq(
	    b->ops->find(b, id, &key, &error), EH_ERR_NOT_FOUND);
	ck_assert_int_eq(b->ops->generate(b, id, &key, &error), EH_OK);
	ck_assert_int_eq(
	    b->ops->find(b, other, &key, &error), EH_ERR_NOT_FOUND);
}
END_TEST

START_TEST(two_keys_under_one_id_are_refused)
{
	struct eh_backend_key key;

	open_backend();
	ck_assert_int_eq(b->ops->generate(b, id, &key, &error), EH_OK);
	ck_assert_int_eq(b->ops->generate(b, id, &key, &error), EH_OK);
	ck_assert_int_eq(b->ops->find(b, id, &key, &error), EH_ERR_BACKEND);
	ck_assert_ptr_nonnull(strstr(error.text, "same CKA_ID"));
}
END_TEST

START_TEST(destroying_takes_one_id_and_nothing_else)
{
	struct eh_backend_key key;
	unsigned n;

	open_backend();
	ck_assert_int_eq(b->ops->generate(b, id, &key, &error), EH_OK);
	ck_assert_int_eq(b->ops->generate(b, other, &key, &error), EH_OK);
	ck_assert_int_eq(b->ops->destroy(b, id, &error), EH_OK);
	ck_assert_int_eq(
	    b->ops->find(b, id, &key, &error), EH_ERR_NOT_FOUND);
	ck_assert_int_eq(b->ops->find(b, other, &key, &error), EH_OK);
	ck_assert_int_eq(b->ops->destroy(b, id, &error), EH_OK);
	ck_assert_int_eq(b->ops->count(b, &n, &error), EH_OK);
	ck_assert_uint_eq(n, 2);
}
END_TEST

START_TEST(the_secret_gives_each_label_its_own_key_over_restarts)
{
	uint8_t a[32], again[32], c[32];

	open_backend();
	ck_assert_int_eq(
	    b->ops->derive(b, "EdgeHSM-state-v1", a, &error), EH_ERR_NOT_FOUND);
	ck_assert_int_eq(b->ops->make_secret(b, &error), EH_OK);
	ck_assert_int_eq(
	    b->ops->derive(b, "EdgeHSM-state-v1", a, &error), EH_OK);
	ck_assert_int_eq(
	    b->ops->derive(b, "EdgeHSM-journal-v1", c, &error), EH_OK);
	ck_assert_mem_ne(a, c, 32);
	eh_backend_close(b);
	open_backend();
	ck_assert_int_eq(
	    b->ops->derive(b, "EdgeHSM-state-v1", again, &error), EH_OK);
	ck_assert_mem_eq(a, again, 32);
	ck_assert_int_eq(b->ops->make_secret(b, &error), EH_OK);
	ck_assert_int_eq(
	    b->ops->derive(b, "EdgeHSM-state-v1", a, &error), EH_ERR_BACKEND);
	ck_assert_ptr_nonnull(strstr(error.text, "2 boundary secrets"));
}
END_TEST

/* What the private key's value is asked for: the token must refuse. */
START_TEST(nothing_secret_can_be_read_back)
{
	struct eh_backend_key key;
	CK_SESSION_HANDLE session;
	CK_BYTE value[256];
	CK_ATTRIBUTE a = { CKA_VALUE, value, sizeof(value) };
	struct eh_p11 *p;

	open_backend();
	p = (struct eh_p11 *)b;
	ck_assert_int_eq(b->ops->generate(b, id, &key, &error), EH_OK);
	ck_assert_int_eq(eh_p11_take(p, &session, &error), EH_OK);
	ck_assert_uint_eq(
	    p->p11->C_GetAttributeValue(session, key.handle, &a, 1),
	    CKR_ATTRIBUTE_SENSITIVE);
	eh_p11_give(p, session);
}
END_TEST

#define SIGNATURES 2000

static int
by_bytes(const void *x, const void *y)
{
	return memcmp(x, y, 32);
}

/* Two signatures with one nonce would give the private key away. */
START_TEST(no_nonce_comes_twice)
{
	uint8_t(*r)[32] = calloc(SIGNATURES, 32), digest[32], signature[64];
	struct eh_backend_key key;

	ck_assert_ptr_nonnull(r);
	open_backend();
	ck_assert_int_eq(b->ops->generate(b, id, &key, &error), EH_OK);
	for (unsigned i = 0; i < SIGNATURES; i++) {
		/* The same few messages again and again. */
		memset(digest, (int)(i % 4), sizeof(digest));
		ck_assert_int_eq(b->ops->sign(b, key.handle, digest,
				     signature, &error),
		    EH_OK);
		memcpy(r[i], signature, 32);
	}
	qsort(r, SIGNATURES, 32, by_bytes);
	for (unsigned i = 1; i < SIGNATURES; i++)
		ck_assert_mem_ne(r[i - 1], r[i], 32);
	free(r);
}
END_TEST

#define THREADS 8
#define ROUNDS	4

static void *
work(void *arg)
{
	uint8_t mine[EH_BACKEND_ID_LEN] = { 0 }, digest[32], signature[64];
	unsigned *bad = arg;
	struct eh_backend_key key;
	struct eh_error why;

	for (unsigned i = 0; i < ROUNDS; i++) {
		memcpy(mine, &bad, sizeof(bad));
		mine[15] = (uint8_t)i;
		memset(digest, (int)i, sizeof(digest));
		if (b->ops->generate(b, mine, &key, &why) != EH_OK ||
		    b->ops->sign(b, key.handle, digest, signature, &why) !=
			EH_OK ||
		    eh_p256_verify_digest(
			key.public.bytes, digest, signature) != EH_OK ||
		    b->ops->destroy(b, mine, &why) != EH_OK)
			(*bad)++;
	}
	return NULL;
}

/* SoftHSM alone fails one in forty of these (its sessions and objects race). */
START_TEST(many_threads_make_use_and_destroy_keys)
{
	pthread_t thread[THREADS];
	unsigned bad[THREADS] = { 0 }, left;

	open_backend();
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(
		    pthread_create(&thread[i], NULL, work, &bad[i]), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		ck_assert_uint_eq(bad[i], 0);
	}
	ck_assert_int_eq(b->ops->count(b, &left, &error), EH_OK);
	ck_assert_uint_eq(left, 0);
}
END_TEST

int
main(void)
{
	Suite *s;
	TCase *c;

	if (!fixture_has_softhsm())
		return unit_skip("softhsm2 is not installed");
	s = suite_create("p11");
	c = tcase_create("p11");
	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, a_key_is_on_the_disk_before_it_counts);
	tcase_add_test(c, a_missing_module_is_named);
	tcase_add_test(c, a_library_that_is_no_module_is_refused);
	tcase_add_test(c, a_token_that_is_not_there_is_named);
	tcase_add_test(c, two_tokens_of_one_label_are_refused);
	tcase_add_test(c, a_wrong_pin_names_the_file_and_not_the_pin);
	tcase_add_test(c, a_pin_file_that_others_can_read_is_refused);
	tcase_add_test(c, what_is_made_carries_our_mark);
	tcase_add_test(c, a_key_signs_what_its_public_key_verifies);
	tcase_add_test(c, a_key_that_is_not_there_is_not_found);
	tcase_add_test(c, two_keys_under_one_id_are_refused);
	tcase_add_test(c, destroying_takes_one_id_and_nothing_else);
	tcase_add_test(
	    c, the_secret_gives_each_label_its_own_key_over_restarts);
	tcase_add_test(c, nothing_secret_can_be_read_back);
	tcase_add_test(c, no_nonce_comes_twice);
	tcase_add_test(c, many_threads_make_use_and_destroy_keys);
	tcase_set_timeout(c, 60);
	suite_add_tcase(s, c);
	return unit_run(s);
}
