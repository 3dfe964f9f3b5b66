/* SPDX-License-Identifier: Apache-2.0 */
/* test_key.c - keys that forks, threads and restarts do not lose. */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

static const unsigned char message[] = "every byte of it";

static int
works(OSSL_LIB_CTX *context, EVP_PKEY *key)
{
	unsigned char sig[256];
	size_t n = rig_sign(
	    context, key, "SHA256", NULL, message, sizeof(message), sig);

	return n > 0 &&
	    rig_verify(key, "SHA256", message, sizeof(message), sig, n) &&
	    ERR_peek_error() == 0;
}

static int
works_in_child(OSSL_LIB_CTX *context, EVP_PKEY *key)
{
	pid_t child = fork();
	int status = -1;

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(works(context, key) ? 0 : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

START_TEST(key_works_in_parent_child_child_and_parent)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);

	ck_assert_ptr_nonnull(key);
	ck_assert(works(context, key));
	ck_assert(works_in_child(context, key));
	ck_assert(works_in_child(context, key));
	ck_assert(works(context, key));
	/* The child began a life of the module of its own. */
	ck_assert_uint_eq(rig_log_count("C_Initialize"), 3);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(key_that_was_never_used_works_in_a_grandchild)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);
	pid_t child = fork();
	int status = -1;

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(works_in_child(context, key) ? 0 : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

struct worker {
	pthread_t thread;
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;
	int good;
};

#define THREADS 8
#define ROUNDS  20

static void *
work(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < ROUNDS; i++)
		w->good += works(w->context, w->key);
	return NULL;
}

static void
check_threads(OSSL_LIB_CTX *context, EVP_PKEY *key)
{
	struct worker workers[THREADS];

	for (size_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker) { 0, context, key, 0 };
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work,
		    &workers[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
		ck_assert_int_eq(workers[i].good, ROUNDS);
	}
}

START_TEST(eight_threads_share_one_key)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);

	check_threads(context, key);
	/* Nobody opened a session for each signature. */
	ck_assert_uint_le(rig_log_count("C_OpenSession"), THREADS);
	ck_assert_uint_eq(rig_log_count("C_Login"), 1);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(eight_threads_wait_for_two_sessions)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);

	setenv("SHIM_SESSIONS", "2", 1);
	check_threads(context, key);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(threads_of_a_child_begin_its_life_together)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);
	pid_t child = fork();
	int status = -1;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		check_threads(context, key);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert_uint_eq(rig_log_count("C_Initialize"), 2);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

static const char *const deaths[] = {
	"1:0x82" /* object handle */, "1:0x60" /* key handle */,
	"1:0xb3" /* session handle */, "1:0x32" /* device removed */,
	"1:0x30" /* device error */, "1:0x101" /* not logged in */,
};

START_TEST(dead_handles_are_replaced_once)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);

	setenv("SHIM_DEAD", deaths[_i], 1);
	ck_assert(works(context, key));
	ck_assert_uint_eq(rig_log_count("C_SignInit"), 2);
	ck_assert_uint_eq(rig_log_count("C_Sign "), 1);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

/* Another token with a key of the same label and id. */
START_TEST(key_of_the_same_name_on_another_token_is_another_key)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);

	ck_assert(works(context, key));
	rig_log_forget();
	setenv("SHIM_SERIAL", "elsewhere", 1);
	setenv("SHIM_DEAD", "2:0x82", 1);
	ck_assert(!works(context, key));
	ck_assert_ptr_nonnull(strstr(rig_error(), "token gone: token \"rig"));
	ck_assert_uint_eq(rig_log_count("C_Sign "), 0);
	/* It stays so, whatever its handles say. */
	ck_assert(!works(context, key));
	ERR_clear_error();
	ck_assert_uint_eq(rig_log_count("C_Sign "), 0);
	unsetenv("SHIM_SERIAL"); /* the old one comes back */
	ck_assert(works(context, key));
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(other_failures_are_not_repeated)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);

	setenv("SHIM_DEAD", "1:0x80420001", 1);
	ck_assert(!works(context, key));
	ck_assert_uint_eq(rig_log_count("C_SignInit"), 1);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(signature_that_was_asked_for_is_never_repeated)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);

	setenv("SHIM_HASH", "1", 1);
	setenv("SHIM_REFUSE", "0x30", 1);
	ck_assert(!works(context, key));
	ck_assert_uint_eq(rig_log_count("C_Sign "), 1);
	ERR_clear_error();
	unsetenv("SHIM_REFUSE");
	ck_assert(works(context, key));
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(public_half_may_lie_in_a_certificate)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_LONE);

	ck_assert_ptr_nonnull(key);
	ck_assert(works(context, key));
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(p384_key_signs_with_its_digest)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_P384);
	unsigned char sig[256];
	char name[32];
	size_t n;

	ck_assert_ptr_nonnull(key);
	ck_assert_int_ge(EVP_PKEY_get_default_digest_name(
	    key, name, sizeof(name)), 1);
	ck_assert_str_eq(name, "SHA384");
	n = rig_sign(context, key, NULL, NULL, message, 5, sig);
	ck_assert_uint_gt(n, 90);
	ck_assert(rig_verify(key, "SHA384", message, 5, sig, n));
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(rsa_key_is_refused_in_words)
{
	OSSL_LIB_CTX *context = rig_context();

	ck_assert_ptr_null(rig_key(context, RIG_RSA));
	ck_assert_str_eq(rig_error(),
	    "key not supported: pkcs11:token=rig;object=r;type=private is of "
	    "type CKK 0x0; EC keys on named curves are supported");
	rig_free(context);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("key");
	TCase *t = rig_case("key");

	tcase_add_test(t, key_works_in_parent_child_child_and_parent);
	tcase_add_test(t, key_that_was_never_used_works_in_a_grandchild);
	tcase_add_test(t, eight_threads_share_one_key);
	tcase_add_test(t, eight_threads_wait_for_two_sessions);
	tcase_add_test(t, threads_of_a_child_begin_its_life_together);
	tcase_add_loop_test(t, dead_handles_are_replaced_once, 0,
	    sizeof(deaths) / sizeof(deaths[0]));
	tcase_add_test(
	    t, key_of_the_same_name_on_another_token_is_another_key);
	tcase_add_test(t, other_failures_are_not_repeated);
	tcase_add_test(t, signature_that_was_asked_for_is_never_repeated);
	tcase_add_test(t, public_half_may_lie_in_a_certificate);
	tcase_add_test(t, p384_key_signs_with_its_digest);
	tcase_add_test(t, rsa_key_is_refused_in_words);
	suite_add_tcase(s, t);
	return rig_run(s);
}
