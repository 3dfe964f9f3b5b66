/* SPDX-License-Identifier: Apache-2.0 */
/* test_login.c - where a PIN comes from, and the login with it. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ui.h>
#include <p11-kit/p11-kit.h>

#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

/* A person who answers with a PIN, and counts how often she is asked. */
static const char *answer;
static int asked;

static int
person(char *buffer, int size, int writing, void *data)
{
	(void)writing;
	(void)data;
	asked++;
	snprintf(buffer, (size_t)size, "%s", answer);
	return (int)strlen(buffer);
}

static EVP_PKEY *
key_by_person(OSSL_LIB_CTX *context, const char *uri)
{
	UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(person, 0);
	OSSL_STORE_CTX *store;
	OSSL_STORE_INFO *info;
	EVP_PKEY *key = NULL;

	store = OSSL_STORE_open_ex(
	    uri, context, NULL, ui, NULL, NULL, NULL, NULL);
	ck_assert_ptr_nonnull(store);
	if ((info = OSSL_STORE_load(store)) != NULL) {
		key = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(store);
	UI_destroy_method(ui);
	return key;
}

static int
signs(OSSL_LIB_CTX *context, EVP_PKEY *key)
{
	unsigned char sig[256];

	return rig_sign(context, key, "SHA256", NULL, "x", 1, sig) > 0;
}

/* Look for the key in a context of its own; "" when it is there, else why not:
 * the words go with the provider. */
static const char *
looking_for(const char *uri)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, uri);
	const char *why = rig_error();

	ck_assert_int_eq(key != NULL, why[0] == '\0');
	EVP_PKEY_free(key);
	rig_free(context);
	return why;
}

START_TEST(pin_comes_from_the_uri_before_all_else)
{
	setenv("EDGEHSM_PIN", "wrong", 1);
	ck_assert_str_eq(looking_for(RIG_KEY "?pin-value=" RIG_PIN), "");
}
END_TEST

START_TEST(pin_comes_from_a_file_that_the_uri_names)
{
	char uri[1024];

	unsetenv("EDGEHSM_PIN");
	snprintf(uri, sizeof(uri), "%s?pin-source=file:%s", RIG_KEY,
	    rig_file("pin", RIG_PIN "\n"));
	ck_assert_str_eq(looking_for(uri), "");
}
END_TEST

START_TEST(pin_comes_from_a_file_in_the_environment)
{
	unsetenv("EDGEHSM_PIN");
	setenv("EDGEHSM_PIN_FILE", rig_file("pin", RIG_PIN "\r\nmore"), 1);
	ck_assert_str_eq(looking_for(RIG_KEY), "");
}
END_TEST

START_TEST(pin_file_that_is_missing_or_empty_is_an_error_in_words)
{
	unsetenv("EDGEHSM_PIN");
	setenv("EDGEHSM_PIN_FILE", "/nonexistent/pin", 1);
	ck_assert_str_eq(looking_for(RIG_KEY),
	    "PIN refused: PIN file /nonexistent/pin cannot be read: No such "
	    "file or directory");
	setenv("EDGEHSM_PIN_FILE", rig_file("pin", "\n" RIG_PIN), 1);
	ck_assert_ptr_nonnull(
	    strstr(looking_for(RIG_KEY), "has no PIN of 1 to 255"));
	ck_assert_uint_eq(rig_log_count("C_Login"), 0);
}
END_TEST

START_TEST(pin_that_is_too_long_is_not_sent)
{
	char text[400];

	memset(text, '1', sizeof(text));
	text[256] = '\0';
	setenv("EDGEHSM_PIN", text, 1);
	ck_assert_ptr_nonnull(
	    strstr(looking_for(RIG_KEY), "has 256 characters"));
	unsetenv("EDGEHSM_PIN");
	setenv("EDGEHSM_PIN_FILE", rig_file("pin", text), 1);
	ck_assert_str_ne(looking_for(RIG_KEY), "");
	ck_assert_uint_eq(rig_log_count("C_Login"), 0);
}
END_TEST

START_TEST(wrong_pin_is_sent_once)
{
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	setenv("EDGEHSM_PIN", "wrong", 1);
	context = rig_context();
	ck_assert_ptr_null(rig_key(context, RIG_KEY));
	ck_assert_ptr_nonnull(strstr(
	    rig_error(), "(C_Login returned CKR 0x000000A0)"));
	ck_assert_ptr_null(rig_key(context, RIG_KEY));
	ck_assert_ptr_nonnull(strstr(rig_error(), "it was not sent again"));
	ck_assert_uint_eq(rig_log_count("C_Login"), 1);
	/* Another PIN is another matter. */
	key = rig_key(context, RIG_KEY "?pin-value=" RIG_PIN);
	ck_assert_ptr_nonnull(key);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(refused_pin_comes_with_the_sentence_of_the_token)
{
	setenv("EDGEHSM_PIN", "wrong", 1);
	setenv("SHIM_SENTENCE", "wrong PIN: wait 4 s before the next try", 1);
	ck_assert_str_eq(looking_for(RIG_KEY),
	    "PIN refused: wrong PIN: wait 4 s before the next try (C_Login "
	    "returned CKR 0x000000A0)");
}
END_TEST

START_TEST(person_is_asked_once_and_her_pin_serves_the_child)
{
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;
	int status = -1;
	pid_t child;

	unsetenv("EDGEHSM_PIN");
	answer = RIG_PIN;
	context = rig_context();
	key = key_by_person(context, RIG_KEY);
	ck_assert_ptr_nonnull(key);
	ck_assert(signs(context, key));
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(signs(context, key) ? 0 : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert_int_eq(asked, 1);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(person_who_errs_is_asked_again)
{
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	unsetenv("EDGEHSM_PIN");
	context = rig_context();
	answer = "wrong";
	ck_assert_ptr_null(key_by_person(context, RIG_KEY));
	ERR_clear_error();
	answer = RIG_PIN;
	key = key_by_person(context, RIG_KEY);
	ck_assert_ptr_nonnull(key);
	ck_assert_int_eq(asked, 2);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

/* A session of the application's own, through the same module. */
static CK_FUNCTION_LIST *
application_logs_in(CK_SESSION_HANDLE *session)
{
	CK_FUNCTION_LIST *f = p11_kit_module_load(rig_shim(), 0);
	CK_SLOT_ID slots[8];
	CK_TOKEN_INFO info;
	CK_ULONG n = 8;

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(p11_kit_module_initialize(f), CKR_OK);
	ck_assert_uint_eq(f->C_GetSlotList(CK_TRUE, slots, &n), CKR_OK);
	while (n-- > 0) {
		ck_assert_uint_eq(f->C_GetTokenInfo(slots[n], &info), CKR_OK);
		if (memcmp(info.label, "rig ", 4) == 0)
			break;
	}
	ck_assert_uint_lt(n, 8);
	ck_assert_uint_eq(f->C_OpenSession(slots[n], CKF_SERIAL_SESSION, NULL,
			      NULL, session),
	    CKR_OK);
	ck_assert_uint_eq(f->C_Login(*session, CKU_USER,
			      (CK_UTF8CHAR *)RIG_PIN, strlen(RIG_PIN)),
	    CKR_OK);
	return f;
}

START_TEST(application_that_has_logged_in_is_not_asked)
{
	CK_SESSION_HANDLE session;
	CK_FUNCTION_LIST *f;
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	unsetenv("EDGEHSM_PIN");
	context = rig_context();
	ck_assert_ptr_null(rig_key(context, RIG_KEY));
	ERR_clear_error();
	f = application_logs_in(&session);
	key = rig_key(context, RIG_KEY);
	ck_assert_msg(key != NULL, "%s", rig_error());
	ck_assert(signs(context, key));
	ck_assert_uint_eq(rig_log_count("C_Login"), 1);
	EVP_PKEY_free(key);
	rig_free(context);
	ck_assert_uint_eq(p11_kit_module_finalize(f), CKR_OK);
	p11_kit_module_release(f);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("login");
	TCase *t = rig_case("login");

	tcase_add_test(t, pin_comes_from_the_uri_before_all_else);
	tcase_add_test(t, pin_comes_from_a_file_that_the_uri_names);
	tcase_add_test(t, pin_comes_from_a_file_in_the_environment);
	tcase_add_test(
	    t, pin_file_that_is_missing_or_empty_is_an_error_in_words);
	tcase_add_test(t, pin_that_is_too_long_is_not_sent);
	tcase_add_test(t, wrong_pin_is_sent_once);
	tcase_add_test(t, refused_pin_comes_with_the_sentence_of_the_token);
	tcase_add_test(
	    t, person_is_asked_once_and_her_pin_serves_the_child);
	tcase_add_test(t, person_who_errs_is_asked_again);
	tcase_add_test(t, application_that_has_logged_in_is_not_asked);
	suite_add_tcase(s, t);
	return rig_run(s);
}
