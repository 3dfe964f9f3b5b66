/* SPDX-License-Identifier: Apache-2.0 */
/* test_provider.c - the provider's configuration and what it offers. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "provider/err.h"
#include "provider/provider.h"
#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

static const OSSL_DISPATCH *table;

static void
teardown(struct eh_provider *provider)
{
	((OSSL_FUNC_provider_teardown_fn *)rig_function(
	    table, OSSL_FUNC_PROVIDER_TEARDOWN))(provider);
}

static void
clear(void)
{
	unsetenv("EDGEHSM_MODULE");
	unsetenv("PKCS11_PROVIDER_MODULE");
	unsetenv("EDGEHSM_PIN");
	unsetenv("EDGEHSM_PIN_FILE");
	unsetenv("EDGEHSM_AUTHORIZATION");
}

START_TEST(without_configuration_it_is_our_own_module)
{
	struct rig_core core = { .errors = 0 };
	struct eh_provider *p = rig_core_provider(&core, &table);

	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_nonnull(
	    strstr(p->conf.module_path, "/edgehsm-pkcs11.so"));
	ck_assert_ptr_null(p->conf.pin);
	ck_assert_ptr_null(p->conf.pin_file);
	ck_assert_ptr_null(p->conf.authorization);
	ck_assert_uint_eq(p->conf.sessions, 32);
	ck_assert_int_eq(p->conf.login, EH_LOGIN_AUTO);
	teardown(p);
}
END_TEST

START_TEST(names_of_pkcs11_provider_are_understood)
{
	struct rig_core core = {
		.names = { "pkcs11-module-path", "pkcs11-module-token-pin",
		    "edgehsm-sessions", "pkcs11-module-login-behavior",
		    "pkcs11-module-init-args",
		    "pkcs11-module-cache-sessions" },
		.values = { "/m.so", "file:/pin", "5", "always", "x=y", "0" },
	};
	struct eh_provider *p = rig_core_provider(&core, &table);

	ck_assert_ptr_nonnull(p);
	ck_assert_str_eq(p->conf.module_path, "/m.so");
	ck_assert_ptr_null(p->conf.pin);
	ck_assert_str_eq(p->conf.pin_file, "file:/pin");
	ck_assert_uint_eq(p->conf.sessions, 5);
	ck_assert_int_eq(p->conf.login, EH_LOGIN_ALWAYS);
	ck_assert_str_eq(p->conf.init_args, "x=y");
	teardown(p);
}
END_TEST

START_TEST(our_names_win_over_theirs_and_the_environment_over_both)
{
	struct rig_core core = {
		.names = { "pkcs11-module-path", "edgehsm-module-path",
		    "edgehsm-pin", "edgehsm-authorization" },
		.values = { "/theirs.so", "/ours.so", "1234", "PO-1" },
	};
	struct eh_provider *p = rig_core_provider(&core, &table);

	ck_assert_str_eq(p->conf.module_path, "/ours.so");
	ck_assert_str_eq(p->conf.pin, "1234");
	ck_assert_str_eq(p->conf.authorization, "PO-1");
	teardown(p);

	setenv("PKCS11_PROVIDER_MODULE", "/env-theirs.so", 1);
	setenv("EDGEHSM_AUTHORIZATION", "PO-2", 1);
	setenv("EDGEHSM_PIN_FILE", "/pin", 1);
	setenv("EDGEHSM_PIN", "5678", 1);
	p = rig_core_provider(&core, &table);
	ck_assert_str_eq(p->conf.module_path, "/env-theirs.so");
	ck_assert_str_eq(p->conf.authorization, "PO-2");
	ck_assert_ptr_null(p->conf.pin);
	ck_assert_str_eq(p->conf.pin_file, "/pin");
	teardown(p);

	setenv("EDGEHSM_MODULE", "/env-ours.so", 1);
	unsetenv("EDGEHSM_PIN_FILE");
	p = rig_core_provider(&core, &table);
	ck_assert_str_eq(p->conf.pin, "5678");
	ck_assert_ptr_null(p->conf.pin_file);
	ck_assert_str_eq(p->conf.module_path, "/env-ours.so");
	teardown(p);
}
END_TEST

static const struct {
	const char *name, *value, *sentence;
} bad[] = {
	{ "edgehsm-sessions", "0", "not a number from 1 to 1024" },
	{ "edgehsm-sessions", "1025", "not a number from 1 to 1024" },
	{ "edgehsm-sessions", "-1", "not a number from 1 to 1024" },
	{ "edgehsm-sessions", "5x", "not a number from 1 to 1024" },
	{ "edgehsm-login", "sometimes", "not auto, always or never" },
};

START_TEST(bad_value_is_refused_in_words)
{
	struct rig_core core = {
		.names = { bad[_i].name }, .values = { bad[_i].value },
	};

	ck_assert_ptr_null(rig_core_provider(&core, &table));
	ck_assert_uint_eq(core.reason, EH_REASON_CONFIG);
	ck_assert_ptr_nonnull(strstr(core.text, bad[_i].sentence));
}
END_TEST

START_TEST(it_offers_store_keys_and_signatures_and_nothing_else)
{
	struct rig_core core = { .errors = 0 };
	struct eh_provider *p = rig_core_provider(&core, &table);
	OSSL_FUNC_provider_query_operation_fn *query;
	int no_cache = 1;

	query = (OSSL_FUNC_provider_query_operation_fn *)rig_function(
	    table, OSSL_FUNC_PROVIDER_QUERY_OPERATION);
	for (int op = OSSL_OP_DIGEST; op <= OSSL_OP__HIGHEST; op++) {
		const OSSL_ALGORITHM *a = query(p, op, &no_cache);

		ck_assert_int_eq(a != NULL,
		    op == OSSL_OP_STORE || op == OSSL_OP_KEYMGMT ||
			op == OSSL_OP_SIGNATURE);
		for (; a != NULL && a->algorithm_names != NULL; a++)
			ck_assert_str_eq(
			    a->property_definition, "provider=edgehsm");
	}
	teardown(p);
}
END_TEST

START_TEST(it_says_who_it_is_and_why_it_refuses)
{
	struct rig_core core = { .errors = 0 };
	struct eh_provider *p = rig_core_provider(&core, &table);
	OSSL_FUNC_provider_get_params_fn *get;
	OSSL_FUNC_provider_get_reason_strings_fn *reasons;
	const char *version = NULL;
	int status = 0;
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, &version, 0),
		OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, &status),
		OSSL_PARAM_END
	};

	get = (OSSL_FUNC_provider_get_params_fn *)rig_function(
	    table, OSSL_FUNC_PROVIDER_GET_PARAMS);
	ck_assert_int_eq(get(p, params), 1);
	ck_assert_str_eq(version, PACKAGE_VERSION);
	ck_assert_int_eq(status, 1);
	reasons = (OSSL_FUNC_provider_get_reason_strings_fn *)rig_function(
	    table, OSSL_FUNC_PROVIDER_GET_REASON_STRINGS);
	ck_assert_ptr_eq(reasons(p), eh_err_reasons);
	teardown(p);
}
END_TEST

START_TEST(plain_context_verifies_and_digests_without_us)
{
	struct rig_core core = { .errors = 0 };
	struct eh_provider *p = rig_core_provider(&core, &table);
	OSSL_LIB_CTX *plain = eh_provider_plain(p);
	EVP_MD *md;

	ck_assert_ptr_nonnull(plain);
	ck_assert_ptr_eq(eh_provider_plain(p), plain);
	md = EVP_MD_fetch(plain, "SHA256", "provider=default");
	ck_assert_ptr_nonnull(md);
	EVP_MD_free(md);
	teardown(p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("provider");
	TCase *t = tcase_create("provider");

	tcase_add_checked_fixture(t, clear, NULL);
	tcase_add_test(t, without_configuration_it_is_our_own_module);
	tcase_add_test(t, names_of_pkcs11_provider_are_understood);
	tcase_add_test(
	    t, our_names_win_over_theirs_and_the_environment_over_both);
	tcase_add_loop_test(t, bad_value_is_refused_in_words, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(
	    t, it_offers_store_keys_and_signatures_and_nothing_else);
	tcase_add_test(t, it_says_who_it_is_and_why_it_refuses);
	tcase_add_test(t, plain_context_verifies_and_digests_without_us);
	suite_add_tcase(s, t);
	return unit_run(s);
}
