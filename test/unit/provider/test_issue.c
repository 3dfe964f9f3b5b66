/* SPDX-License-Identifier: Apache-2.0 */
/* test_issue.c - naming the authorization that a certificate is under. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/params.h>

#include "pkcs11-module/edgehsm-pkcs11.h"
#include "provider/import.h"
#include "provider/issue.h"
#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

#define ID_1 "000102030405060708090a0b0c0d0e0f"
#define ID_2 "ff0102030405060708090a0b0c0d0e0f"
#define ID_3 "fe0102030405060708090a0b0c0d0e0f"

/* PO-4711 was superseded once; PO-4712 has two live ones. */
#define ORDERS                                                                 \
	"PO-4711:" ID_1 ":1:10:3:2:253402300799,"                              \
	"PO-4711:" ID_2 ":2:10:10:0:1700000000,"                               \
	"PO-4712:" ID_3 ":1:5:0:0:1700000000,"                                 \
	"PO-4712:00000000000000000000000000000000:1:5:0:0:1700000000"

#define ISSUE(id) "C_SignInit 0x80420001 a10150" id

static const unsigned char tbs[] = { 0x30, 0x03, 0x02, 0x01, 0x02 };

static void
edgehsm(void)
{
	setenv("SHIM_HASH", "1", 1);
	setenv("SHIM_NO_RAW", "1", 1);
	setenv("SHIM_ISSUE", "1", 1);
	setenv("SHIM_PURPOSE", "2", 1);
	setenv("SHIM_ALLOWED", "1044,80420001", 1);
	setenv("SHIM_ORDERS", ORDERS, 1);
}

/* Sign with ${key} under ${name} (NULL: none); return 1 when that works. */
static int
sign_under(OSSL_LIB_CTX *context, EVP_PKEY *key, const char *name)
{
	unsigned char sig[256];
	OSSL_PARAM params[2];
	size_t n;

	params[0] = name == NULL
	    ? OSSL_PARAM_construct_end()
	    : OSSL_PARAM_construct_utf8_string(EH_PARAM_AUTHORIZATION,
		  (char *)(uintptr_t)name, 0);
	params[1] = OSSL_PARAM_construct_end();
	n = rig_sign(
	    context, key, "SHA256", params, tbs, sizeof(tbs), sig);
	return n > 0 &&
	    rig_verify(key, "SHA256", tbs, sizeof(tbs), sig, n);
}

START_TEST(no_name_means_the_standard_mechanism)
{
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	edgehsm();
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert(sign_under(context, key, NULL));
	ck_assert(rig_log_has("C_SignInit 0x1044 -"));
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(id_is_taken_as_it_is)
{
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	edgehsm();
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert(sign_under(context, key, ID_1));
	ck_assert(rig_log_has(ISSUE(ID_1)));
	/* The boundary knows best; in capitals, too. */
	rig_log_forget();
	ck_assert(sign_under(context, key, "0123456789ABCDEF0123456789abcdef"));
	ck_assert(rig_log_has(ISSUE("0123456789abcdef0123456789abcdef")));
	ck_assert_uint_eq(rig_log_count(""), 2);
	ck_assert(rig_log_has("C_Sign 5 30"));
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(order_name_is_looked_up_and_the_live_one_wins)
{
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	edgehsm();
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert(sign_under(context, key, "PO-4711"));
	ck_assert(rig_log_has(ISSUE(ID_1)));
	ck_assert_uint_eq(ERR_peek_error(), 0);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(longest_order_name_is_found)
{
	char name[65], orders[160];
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	memset(name, 'x', 64);
	name[64] = '\0';
	edgehsm();
	snprintf(orders, sizeof(orders), "%s:" ID_1 ":1:10:3:0:1900000000",
	    name);
	setenv("SHIM_ORDERS", orders, 1);
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert(sign_under(context, key, name));
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(name_that_is_not_there_or_not_clear_is_an_error_with_a_list)
{
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	edgehsm();
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert(!sign_under(context, key, "PO-9"));
	ck_assert_ptr_nonnull(strstr(rig_error(),
	    "authorization not usable: authorization PO-9 is not on the "
	    "token; there: PO-4711 (" ID_1 "), PO-4711 (" ID_2 ", closed), "));
	ck_assert(!sign_under(context, key, "PO-4712"));
	ck_assert_ptr_nonnull(strstr(rig_error(),
	    "authorization PO-4712 is there 2 times, name its id: "));
	/* 31 digits are a name, not an id. */
	ck_assert(!sign_under(
	    context, key, "0123456789ABCDEF0123456789abcde"));
	ck_assert_uint_eq(rig_log_count("C_SignInit"), 0);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(nearer_name_wins)
{
	OSSL_LIB_CTX *context;
	EVP_PKEY *by_conf, *by_uri;

	edgehsm();
	setenv("EDGEHSM_AUTHORIZATION", ID_1, 1);
	context = rig_context();
	by_conf = rig_key(context, RIG_KEY);
	by_uri = rig_key(context, RIG_KEY "?x-authorization=" ID_2);
	ck_assert(sign_under(context, by_conf, NULL));
	ck_assert(rig_log_has(ISSUE(ID_1)));
	ck_assert(sign_under(context, by_uri, NULL));
	ck_assert(rig_log_has(ISSUE(ID_2)));
	ck_assert(sign_under(context, by_uri, ID_3));
	ck_assert(rig_log_has(ISSUE(ID_3)));
	/* An empty name takes back what stands elsewhere. */
	ck_assert(sign_under(context, by_uri, ""));
	ck_assert(rig_log_has("C_SignInit 0x1044 -"));
	EVP_PKEY_free(by_conf);
	EVP_PKEY_free(by_uri);
	rig_free(context);
}
END_TEST

static const struct {
	const char *variable, *value; /* what is different */
	const char *sentence;
} obstacles[] = {
	{ "SHIM_ISSUE", NULL, "its token has no CKM_EDGEHSM_ISSUE" },
	{ "SHIM_PURPOSE", "0", "it is a general key" },
	{ "SHIM_ALLOWED", "1044", "CKA_ALLOWED_MECHANISMS lacks" },
};

START_TEST(named_authorization_is_never_dropped_silently)
{
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	edgehsm();
	if (obstacles[_i].value != NULL)
		setenv(obstacles[_i].variable, obstacles[_i].value, 1);
	else
		unsetenv(obstacles[_i].variable);
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert(!sign_under(context, key, ID_1));
	ck_assert_ptr_nonnull(strstr(rig_error(), obstacles[_i].sentence));
	ck_assert_uint_eq(rig_log_count("C_SignInit"), 0);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(authorization_goes_with_sha256_and_whole_messages_only)
{
	unsigned char digest[32] = { 0 }, sig[256];
	size_t n = sizeof(sig);
	OSSL_LIB_CTX *context;
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key;

	edgehsm();
	setenv("EDGEHSM_AUTHORIZATION", ID_1, 1);
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert_uint_eq(
	    rig_sign(context, key, "SHA384", NULL, tbs, 5, sig), 0);
	ck_assert_ptr_nonnull(
	    strstr(rig_error(), "certificates are issued with SHA-256"));
	ctx = EVP_PKEY_CTX_new_from_pkey(context, key, NULL);
	ck_assert_int_eq(EVP_PKEY_sign_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_sign(ctx, sig, &n, digest, 32), 0);
	ck_assert_ptr_nonnull(
	    strstr(rig_error(), "covers complete messages only"));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

/* Sign with the parameter ${param}, and with a name beside it unless NULL; 1
 * when that works. */
static int
sign_as_told(OSSL_LIB_CTX *context, EVP_PKEY *key, const void *param,
    size_t len, const char *name, const char *md)
{
	unsigned char sig[256];
	OSSL_PARAM params[3];
	size_t n;

	params[0] = OSSL_PARAM_construct_octet_string(
	    EH_PARAM_ISSUE, (void *)(uintptr_t)param, len);
	params[1] = name == NULL
	    ? OSSL_PARAM_construct_end()
	    : OSSL_PARAM_construct_utf8_string(EH_PARAM_AUTHORIZATION,
		  (char *)(uintptr_t)name, 0);
	params[2] = OSSL_PARAM_construct_end();
	n = rig_sign(context, key, md, params, tbs, sizeof(tbs), sig);
	return n > 0 && rig_verify(key, md, tbs, sizeof(tbs), sig, n);
}

START_TEST(whole_parameter_goes_to_the_token_as_it_is)
{
	static const unsigned char param[] = { 0xa1, 0x06, 0x41, 0x55 };
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	edgehsm();
	setenv("EDGEHSM_AUTHORIZATION", ID_1, 1);
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert(sign_as_told(context, key, param, 4, NULL, "SHA256"));
	ck_assert(rig_log_has("C_SignInit 0x80420001 a1064155"));
	/* An empty one is none. */
	ck_assert(sign_as_told(context, key, param, 0, NULL, "SHA256"));
	ck_assert(rig_log_has(ISSUE(ID_1)));
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(whole_parameter_stands_alone_or_not_at_all)
{
	static const unsigned char param[] = { 0xa0 };
	unsigned char digest[32] = { 0 }, sig[256];
	OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(
		    EH_PARAM_ISSUE, (void *)(uintptr_t)param, 1),
		OSSL_PARAM_END
	};
	size_t n = sizeof(sig);
	OSSL_LIB_CTX *context;
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key;

	edgehsm();
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert(!sign_as_told(context, key, param, 1, ID_1, "SHA256"));
	ck_assert_ptr_nonnull(strstr(rig_error(), "beside an issue-param"));
	ck_assert(sign_as_told(context, key, param, 1, "", "SHA256"));
	rig_log_forget();
	ck_assert(!sign_as_told(context, key, param, 1, NULL, "SHA384"));
	ck_assert_ptr_nonnull(strstr(rig_error(),
	    "an issue-param was given, but cannot be used with"));
	ctx = EVP_PKEY_CTX_new_from_pkey(context, key, NULL);
	ck_assert_int_eq(EVP_PKEY_sign_init_ex(ctx, params), 1);
	ck_assert_int_eq(EVP_PKEY_sign(ctx, sig, &n, digest, 32), 0);
	ck_assert_ptr_nonnull(strstr(rig_error(),
	    "an issue-param was given, but a digest is to be signed"));
	ck_assert_uint_eq(rig_log_count("C_SignInit"), 0);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

/* Sign, and bring a message of ${len} octets with it. */
static int
sign_with(OSSL_LIB_CTX *context, EVP_PKEY *key, size_t len)
{
	static unsigned char message[40];
	unsigned char sig[256];
	OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(EH_PARAM_MESSAGE, message, 0),
		OSSL_PARAM_END
	};

	params[0].data_size = len;
	return rig_sign(context, key, "SHA256", params, tbs, sizeof(tbs),
		   sig) > 0;
}

START_TEST(message_goes_to_the_token_before_the_signature)
{
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	edgehsm();
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert(sign_with(context, key, 40));
	ck_assert_uint_eq(rig_log_count("C_CreateObject"), 1);
	ck_assert(rig_log_has("C_CreateObject message 40"));
	ck_assert(rig_log_has("C_Sign 5 30"));
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(message_that_is_refused_says_so_and_signs_nothing)
{
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;

	edgehsm();
	setenv("SHIM_REFUSE_MESSAGE", "0x8042000c", 1);
	setenv("SHIM_SENTENCE", "authorization 3 came already", 1);
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	ck_assert(!sign_with(context, key, 40));
	ck_assert_str_eq(rig_error(), "message replayed: authorization 3 came "
	    "already (key " RIG_KEY ", C_CreateObject returned CKR "
	    "0x8042000C)");
	ck_assert_uint_eq(rig_log_count("C_SignInit"), 0);
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

START_TEST(message_is_for_an_edgehsm_only)
{
	OSSL_LIB_CTX *context = rig_context();
	EVP_PKEY *key = rig_key(context, RIG_KEY);

	ck_assert(!sign_with(context, key, 40));
	ck_assert_ptr_nonnull(strstr(rig_error(), "is no EdgeHSM"));
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

static void
check_left(EVP_PKEY *key, uint64_t remaining, const char *not_after)
{
	uint64_t number = 99;
	char text[32] = "";
	OSSL_PARAM params[] = {
		OSSL_PARAM_uint64(EH_PARAM_REMAINING, &number),
		OSSL_PARAM_utf8_string(
		    EH_PARAM_NOT_AFTER, text, sizeof(text)),
		OSSL_PARAM_END
	};

	ck_assert_int_eq(EVP_PKEY_get_params(key, params), 1);
	ck_assert_uint_eq(number, remaining);
	ck_assert_str_eq(text, not_after);
}

START_TEST(what_is_left_can_be_asked)
{
	OSSL_LIB_CTX *context;
	EVP_PKEY *key, *by_uri;
	uint64_t number;
	OSSL_PARAM params[] = {
		OSSL_PARAM_uint64(EH_PARAM_REMAINING, &number), OSSL_PARAM_END
	};

	edgehsm();
	context = rig_context();
	by_uri = rig_key(context, RIG_KEY "?x-authorization=PO-4711");
	check_left(by_uri, 5, "9999-12-31T23:59:59Z");
	key = rig_key(context, RIG_KEY "?x-authorization=" ID_2);
	check_left(key, 0, "2023-11-14T22:13:20Z");
	EVP_PKEY_free(by_uri);
	EVP_PKEY_free(key);

	/* Nothing is named: the only live one, or an error. */
	key = rig_key(context, RIG_KEY);
	ck_assert_int_ne(EVP_PKEY_get_params(key, params), 1);
	ck_assert_ptr_nonnull(
	    strstr(rig_error(), "no authorization was named and 3 are live"));
	setenv("SHIM_ORDERS", "A:" ID_1 ":2:9:0:0:0,B:" ID_2 ":1:7:3:0:0", 1);
	check_left(key, 4, "1970-01-01T00:00:00Z");
	EVP_PKEY_free(key);
	rig_free(context);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("issue");
	TCase *t = rig_case("issue");

	tcase_add_test(t, no_name_means_the_standard_mechanism);
	tcase_add_test(t, longest_order_name_is_found);
	tcase_add_test(t, id_is_taken_as_it_is);
	tcase_add_test(t, order_name_is_looked_up_and_the_live_one_wins);
	tcase_add_test(
	    t, name_that_is_not_there_or_not_clear_is_an_error_with_a_list);
	tcase_add_test(t, nearer_name_wins);
	tcase_add_test(t, whole_parameter_goes_to_the_token_as_it_is);
	tcase_add_test(t, whole_parameter_stands_alone_or_not_at_all);
	tcase_add_test(t, message_goes_to_the_token_before_the_signature);
	tcase_add_test(t, message_that_is_refused_says_so_and_signs_nothing);
	tcase_add_test(t, message_is_for_an_edgehsm_only);
	tcase_add_loop_test(t, named_authorization_is_never_dropped_silently,
	    0, sizeof(obstacles) / sizeof(obstacles[0]));
	tcase_add_test(
	    t, authorization_goes_with_sha256_and_whole_messages_only);
	tcase_add_test(t, what_is_left_can_be_asked);
	suite_add_tcase(s, t);
	return rig_run(s);
}
