/* SPDX-License-Identifier: Apache-2.0 */
/* test_session.c - the pool of sessions, and reading objects. */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "provider/err.h"
#include "provider/p11.h"
#include "provider/slot.h"
#include "provider/session.h"
#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

static struct rig_core core;
static struct eh_provider *provider;
static struct eh_slot *slot;

/* The token of the rig, without a login. */
static void
find_token(unsigned long sessions)
{
	const OSSL_DISPATCH *table;
	struct eh_p11_module *module;
	struct eh_uri *uri = NULL;
	size_t n = 0;

	provider = rig_core_provider(&core, &table);
	ck_assert_ptr_nonnull(provider);
	provider->conf.sessions = sessions;
	module = eh_p11_open(provider, rig_shim());
	ck_assert_ptr_nonnull(module);
	ck_assert_int_eq(eh_uri_parse(&uri, "pkcs11:token=rig", NULL), EH_OK);
	ck_assert_int_eq(
	    eh_slot_find(provider, module, uri, &slot, 1, &n), 1);
	ck_assert_uint_eq(n, 1);
	eh_uri_free(uri);
}

START_TEST(session_that_comes_back_is_used_again)
{
	CK_SESSION_HANDLE a, b, c;

	find_token(8);
	ck_assert_int_eq(eh_session_get(provider, slot, &a), 1);
	eh_session_put(slot, a);
	ck_assert_int_eq(eh_session_get(provider, slot, &b), 1);
	ck_assert_uint_eq(a, b);
	ck_assert_int_eq(eh_session_get(provider, slot, &c), 1);
	ck_assert_uint_ne(b, c);
	ck_assert_uint_eq(rig_log_count("C_OpenSession"), 2);
	ck_assert_uint_eq(rig_log_count("C_CloseSession"), 0);
}
END_TEST

static void *
give_back_later(void *session)
{
	usleep(50000);
	eh_session_put(slot, *(CK_SESSION_HANDLE *)session);
	return NULL;
}

START_TEST(at_the_limit_one_waits)
{
	CK_SESSION_HANDLE a, b;
	pthread_t thread;

	find_token(1);
	ck_assert_int_eq(eh_session_get(provider, slot, &a), 1);
	ck_assert_int_eq(
	    pthread_create(&thread, NULL, give_back_later, &a), 0);
	ck_assert_int_eq(eh_session_get(provider, slot, &b), 1);
	ck_assert_uint_eq(a, b);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(rig_log_count("C_OpenSession"), 1);
}
END_TEST

START_TEST(broken_session_makes_room_for_a_new_one)
{
	CK_SESSION_HANDLE a, b;

	find_token(1);
	ck_assert_int_eq(eh_session_get(provider, slot, &a), 1);
	eh_session_drop(slot, a);
	ck_assert_uint_eq(rig_log_count("C_CloseSession"), 1);
	ck_assert_int_eq(eh_session_get(provider, slot, &b), 1);
	ck_assert_uint_eq(rig_log_count("C_OpenSession"), 2);
}
END_TEST

START_TEST(token_that_has_no_session_at_all_is_an_error)
{
	CK_SESSION_HANDLE a, b;

	find_token(8);
	setenv("SHIM_SESSIONS", "1", 1);
	ck_assert_int_eq(eh_session_get(provider, slot, &a), 1);
	eh_session_drop(slot, a);
	/* Another program has the one that there is. */
	ck_assert_uint_eq(slot->module->f->C_OpenSession(
	    slot->id, CKF_SERIAL_SESSION, NULL, NULL, &b), CKR_OK);
	ck_assert_int_eq(eh_session_get(provider, slot, &a), 0);
	ck_assert_uint_eq(core.reason, EH_REASON_BUSY);
	ck_assert_ptr_nonnull(
	    strstr(core.text, "(C_OpenSession returned CKR 0x000000B1)"));
}
END_TEST

START_TEST(objects_are_found_and_read_in_one_call)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof(class) };
	CK_ATTRIBUTE a[] = {
		{ CKA_LABEL, NULL, 16 },
		{ CKA_EC_POINT, NULL, 16 }, /* a certificate has none */
		{ CKA_VALUE, NULL, 2048 },
	};
	CK_OBJECT_HANDLE *objects;
	unsigned char *store;
	CK_SESSION_HANDLE s;
	size_t n;

	find_token(8);
	ck_assert_int_eq(eh_session_get(provider, slot, &s), 1);
	ck_assert_uint_eq(
	    eh_session_find(slot, s, &template, 1, &objects, &n), CKR_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(
	    eh_session_read(slot, s, objects[0], a, 3, &store), CKR_OK);
	ck_assert_uint_eq(rig_log_count("C_GetAttributeValue"), 1);
	ck_assert_uint_eq(a[0].ulValueLen, 4);
	ck_assert_mem_eq(a[0].pValue, "lone", 4);
	ck_assert_uint_eq(a[1].ulValueLen, 0);
	ck_assert_ptr_null(a[1].pValue);
	ck_assert_uint_gt(a[2].ulValueLen, 200);
	OPENSSL_free(store);
	OPENSSL_free(objects);
}
END_TEST

START_TEST(guess_that_is_too_small_costs_two_calls_more)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof(class) };
	CK_ATTRIBUTE a[] = { { CKA_VALUE, NULL, 8 }, { CKA_LABEL, NULL, 0 } };
	CK_OBJECT_HANDLE *objects;
	unsigned char *store;
	CK_SESSION_HANDLE s;
	size_t n;

	find_token(8);
	ck_assert_int_eq(eh_session_get(provider, slot, &s), 1);
	ck_assert_uint_eq(
	    eh_session_find(slot, s, &template, 1, &objects, &n), CKR_OK);
	ck_assert_uint_eq(
	    eh_session_read(slot, s, objects[0], a, 2, &store), CKR_OK);
	ck_assert_uint_eq(rig_log_count("C_GetAttributeValue"), 3);
	ck_assert_uint_gt(a[0].ulValueLen, 200);
	ck_assert_uint_eq(((const unsigned char *)a[0].pValue)[0], 0x30);
	ck_assert_mem_eq(a[1].pValue, "lone", 4);
	OPENSSL_free(store);
	OPENSSL_free(objects);
}
END_TEST

START_TEST(object_that_is_gone_is_no_answer)
{
	CK_ATTRIBUTE a = { CKA_LABEL, NULL, 16 };
	unsigned char *store;
	CK_SESSION_HANDLE s;

	find_token(8);
	ck_assert_int_eq(eh_session_get(provider, slot, &s), 1);
	ck_assert_uint_eq(eh_session_read(slot, s, 12345, &a, 1, &store),
	    CKR_OBJECT_HANDLE_INVALID);
	ck_assert_ptr_null(store);
	ck_assert_ptr_null(a.pValue);
}
END_TEST

START_TEST(sentence_belongs_to_the_code_that_came)
{
	char text[64];
	CK_SESSION_HANDLE s;

	find_token(8);
	ck_assert_int_eq(eh_session_get(provider, slot, &s), 1);
	eh_session_sentence(
	    slot, s, CKR_EDGEHSM_EXPIRED, text, sizeof(text));
	ck_assert_str_eq(text, "");
	setenv("SHIM_SENTENCE", "over and out", 1);
	eh_session_sentence(
	    slot, s, CKR_EDGEHSM_EXPIRED, text, sizeof(text));
	ck_assert_str_eq(text, "over and out");
	eh_session_sentence(slot, s, CKR_EDGEHSM_EXPIRED, text, 5);
	ck_assert_str_eq(text, "over");
	/* A standard code that this session did not return last. */
	eh_session_sentence(slot, s, CKR_PIN_INCORRECT, text, sizeof(text));
	ck_assert_str_eq(text, "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session");
	TCase *t = rig_case("session");

	tcase_add_test(t, session_that_comes_back_is_used_again);
	tcase_add_test(t, at_the_limit_one_waits);
	tcase_add_test(t, broken_session_makes_room_for_a_new_one);
	tcase_add_test(t, token_that_has_no_session_at_all_is_an_error);
	tcase_add_test(t, objects_are_found_and_read_in_one_call);
	tcase_add_test(t, guess_that_is_too_small_costs_two_calls_more);
	tcase_add_test(t, object_that_is_gone_is_no_answer);
	tcase_add_test(t, sentence_belongs_to_the_code_that_came);
	suite_add_tcase(s, t);
	return rig_run(s);
}
