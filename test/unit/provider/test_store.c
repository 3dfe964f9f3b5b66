/* SPDX-License-Identifier: Apache-2.0 */
/* test_store.c - pkcs11: URIs through OSSL_STORE. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

/* What a store gave, by kind. */
struct counts {
	int private, public, certificates, others, failed;
};

static struct counts
count(OSSL_LIB_CTX *context, const char *uri, int expect, UI_METHOD *ui)
{
	struct counts n = { 0 };
	OSSL_STORE_INFO *info;
	OSSL_STORE_CTX *store;

	store = OSSL_STORE_open_ex(
	    uri, context, NULL, ui, NULL, NULL, NULL, NULL);
	if (store == NULL) {
		n.failed = 1;
		return n;
	}
	if (expect != 0)
		ck_assert_int_eq(OSSL_STORE_expect(store, expect), 1);
	while (!OSSL_STORE_eof(store)) {
		if ((info = OSSL_STORE_load(store)) == NULL) {
			n.failed += OSSL_STORE_error(store);
			continue;
		}
		switch (OSSL_STORE_INFO_get_type(info)) {
		case OSSL_STORE_INFO_PKEY:
			n.private++;
			break;
		case OSSL_STORE_INFO_PUBKEY:
			n.public++;
			break;
		case OSSL_STORE_INFO_CERT:
			n.certificates++;
			break;
		default:
			n.others++;
		}
		OSSL_STORE_INFO_free(info);
	}
	ck_assert_int_eq(OSSL_STORE_close(store), 1);
	return n;
}

static void
check(struct counts n, int private, int public, int certificates)
{
	ck_assert_int_eq(n.private, private);
	ck_assert_int_eq(n.public, public);
	ck_assert_int_eq(n.certificates, certificates);
	ck_assert_int_eq(n.others, 0);
	ck_assert_int_eq(n.failed, 0);
	ck_assert_uint_eq(ERR_peek_error(), 0);
}

START_TEST(token_is_listed_without_what_cannot_be_used)
{
	OSSL_LIB_CTX *context = rig_context();

	/* k, p384 and lone; the RSA pair is left out. */
	check(count(context, "pkcs11:token=rig", 0, NULL), 3, 2, 1);
	rig_free(context);
}
END_TEST

/* A list that is too short would be believed. */
START_TEST(token_that_fails_in_the_middle_gives_no_list)
{
	OSSL_LIB_CTX *context = rig_context();
	struct counts n;

	setenv("SHIM_UNREADABLE", "0x30", 1);
	n = count(context, "pkcs11:token=rig", 0, NULL);
	ck_assert_int_eq(n.private + n.public + n.certificates, 0);
	ck_assert_int_ge(n.failed, 1);
	ck_assert_ptr_nonnull(strstr(rig_error(), "returned CKR 0x00000030"));
	/* One that was destroyed meanwhile is left out. */
	setenv("SHIM_UNREADABLE", "0x82", 1);
	check(count(context, "pkcs11:token=rig", 0, NULL), 0, 0, 1);
	rig_free(context);
}
END_TEST

START_TEST(expectation_and_type_narrow_the_search)
{
	OSSL_LIB_CTX *context = rig_context();

	check(count(context, "pkcs11:token=rig", OSSL_STORE_INFO_PKEY, NULL),
	    3, 0, 0);
	check(count(context, "pkcs11:token=rig", OSSL_STORE_INFO_PUBKEY, NULL),
	    0, 2, 0);
	check(count(context, "pkcs11:token=rig", OSSL_STORE_INFO_CERT, NULL),
	    0, 0, 1);
	check(count(context, "pkcs11:token=rig;type=public", 0, NULL), 0, 2,
	    0);
	check(count(context, RIG_KEY, 0, NULL), 1, 0, 0);
	check(count(context, RIG_CERT, 0, NULL), 0, 0, 1);
	check(count(context, "pkcs11:token=rig;id=%01", 0, NULL), 1, 1, 0);
	rig_free(context);
}
END_TEST

START_TEST(certificate_is_found_by_its_subject)
{
	OSSL_LIB_CTX *context = rig_context();
	X509_NAME *empty = X509_NAME_new(), *other = X509_NAME_new();
	OSSL_STORE_INFO *info = NULL;
	OSSL_STORE_SEARCH *search;
	OSSL_STORE_CTX *store;

	X509_NAME_add_entry_by_txt(other, "CN", MBSTRING_ASC,
	    (const unsigned char *)"x", -1, -1, 0);
	for (int wrong = 0; wrong <= 1; wrong++) {
		store = OSSL_STORE_open_ex("pkcs11:token=rig", context, NULL,
		    NULL, NULL, NULL, NULL, NULL);
		search = OSSL_STORE_SEARCH_by_name(wrong ? other : empty);
		ck_assert_int_eq(OSSL_STORE_expect(
		    store, OSSL_STORE_INFO_CERT), 1);
		ck_assert_int_eq(OSSL_STORE_find(store, search), 1);
		info = OSSL_STORE_load(store);
		ck_assert_int_eq(info != NULL, !wrong);
		OSSL_STORE_INFO_free(info);
		OSSL_STORE_SEARCH_free(search);
		OSSL_STORE_close(store);
	}
	X509_NAME_free(empty);
	X509_NAME_free(other);
	rig_free(context);
}
END_TEST

START_TEST(what_is_not_there_is_an_error_in_words)
{
	OSSL_LIB_CTX *context = rig_context();

	count(context, "pkcs11:token=rig;object=nokey;type=private", 0, NULL);
	ck_assert_str_eq(rig_error(),
	    "object not found: nothing fits "
	    "pkcs11:token=rig;object=nokey;type=private");
	count(context, "pkcs11:token=other", 0, NULL);
	ck_assert_ptr_nonnull(strstr(rig_error(),
	    "token not found: no token fits pkcs11:token=other; module "));
	count(context, "pkcs11:token=other", 0, NULL);
	ck_assert_ptr_nonnull(strstr(rig_error(), " shows \"rig\""));
	rig_free(context);
}
END_TEST

START_TEST(certificates_and_public_keys_need_no_pin)
{
	OSSL_LIB_CTX *context;

	unsetenv("EDGEHSM_PIN");
	context = rig_context();
	check(count(context, "pkcs11:token=rig", OSSL_STORE_INFO_CERT, NULL),
	    0, 0, 1);
	check(count(context, RIG_PUB, 0, NULL), 0, 1, 0);
	/* A list shows what is public. */
	check(count(context, "pkcs11:token=rig", 0, NULL), 0, 2, 1);
	ck_assert_uint_eq(rig_log_count("C_Login"), 0);
	rig_free(context);
}
END_TEST

START_TEST(private_key_without_a_pin_says_where_one_may_come_from)
{
	OSSL_LIB_CTX *context;

	unsetenv("EDGEHSM_PIN");
	context = rig_context();
	ck_assert_ptr_null(rig_key(context, RIG_KEY));
	ck_assert_str_eq(rig_error(),
	    "not logged in: token \"rig\" asks for a PIN: give edgehsm-pin in "
	    "openssl.cnf, EDGEHSM_PIN_FILE, or pin-source in the URI");
	rig_free(context);
}
END_TEST

START_TEST(module_may_be_named_by_the_uri)
{
	OSSL_LIB_CTX *context;
	char uri[2048];

	setenv("EDGEHSM_MODULE", "/nonexistent.so", 1);
	context = rig_context();
	ck_assert_ptr_null(rig_key(context, RIG_KEY));
	ck_assert_ptr_nonnull(
	    strstr(rig_error(), "PKCS#11 module not usable: /nonexistent.so"));
	snprintf(uri, sizeof(uri), "%s?module-path=%s", RIG_KEY,
	    rig_softhsm());
	check(count(context, uri, 0, NULL), 1, 0, 0);
	rig_free(context);
}
END_TEST

START_TEST(bad_uri_is_refused_when_the_store_is_opened)
{
	OSSL_LIB_CTX *context = rig_context();

	ck_assert_int_eq(
	    count(context, "pkcs11:token=a;token=b", 0, NULL).failed, 1);
	ck_assert_str_eq(rig_error(),
	    "URI not usable: the URI has the attribute token twice");
	rig_free(context);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store");
	TCase *t = rig_case("store");

	tcase_add_test(t, token_is_listed_without_what_cannot_be_used);
	tcase_add_test(t, token_that_fails_in_the_middle_gives_no_list);
	tcase_add_test(t, expectation_and_type_narrow_the_search);
	tcase_add_test(t, certificate_is_found_by_its_subject);
	tcase_add_test(t, what_is_not_there_is_an_error_in_words);
	tcase_add_test(t, certificates_and_public_keys_need_no_pin);
	tcase_add_test(
	    t, private_key_without_a_pin_says_where_one_may_come_from);
	tcase_add_test(t, module_may_be_named_by_the_uri);
	tcase_add_test(t, bad_uri_is_refused_when_the_store_is_opened);
	suite_add_tcase(s, t);
	return rig_run(s);
}
