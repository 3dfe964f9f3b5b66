/* SPDX-License-Identifier: Apache-2.0 */
/* test_p11.c - PKCS#11 modules, their lives in this process, their tokens. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/core_dispatch.h>

#include "provider/err.h"
#include "provider/p11.h"
#include "provider/slot.h"
#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

/* The children of these tests leave things open on purpose: the exit status is
 * what is looked at, and a leak checker would change it. */
#ifdef __SANITIZE_ADDRESS__
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int
__lsan_is_turned_off(void)
{
	return 1;
}
#endif

static struct rig_core core;
static const OSSL_DISPATCH *table;
static struct eh_provider *provider;

static struct eh_p11_module *
open_module(const char *path)
{
	if (provider == NULL)
		provider = rig_core_provider(&core, &table);
	ck_assert_ptr_nonnull(provider);
	return eh_p11_open(provider, path);
}

START_TEST(file_that_is_no_module_is_refused_in_words)
{
	ck_assert_ptr_null(open_module("/nonexistent.so"));
	ck_assert_uint_eq(core.reason, EH_REASON_MODULE);
	ck_assert_ptr_nonnull(strstr(core.text, "/nonexistent.so"));
	ck_assert_ptr_null(open_module("libcrypto.so.3"));
	ck_assert_str_eq(core.text,
	    "libcrypto.so.3 has no C_GetFunctionList, so it is no PKCS#11 "
	    "module");
}
END_TEST

START_TEST(module_is_loaded_once_and_initialised_when_it_is_needed)
{
	struct eh_p11_module *module = open_module(rig_shim());
	struct eh_slot *slot, *again;

	ck_assert_ptr_eq(eh_p11_open(provider, rig_shim()), module);
	ck_assert_uint_eq(rig_log_count("C_Initialize"), 0);
	ck_assert_uint_eq(rig_find(module, "pkcs11:token=rig", &slot), 1);
	ck_assert_uint_eq(rig_find(module, "pkcs11:token=rig", &again), 1);
	ck_assert_ptr_eq(slot, again);
	ck_assert_uint_eq(rig_log_count("C_Initialize"), 1);
	ck_assert_uint_eq(rig_log_count("C_GetSlotList"), 1);
}
END_TEST

/* Run ${act} in a child that ends by exit(), and return its status. */
static int
exit_of(void (*act)(void))
{
	int status = -1;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		act();
		exit(7);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static OSSL_LIB_CTX *left_context;
static EVP_PKEY *left_key;

static void
leave_everything_open(void)
{
	left_context = rig_context();
	left_key = rig_key(left_context, RIG_KEY);
}

static void
close_everything(void)
{
	OSSL_LIB_CTX *context = rig_context();

	EVP_PKEY_free(rig_key(context, RIG_KEY));
	rig_free(context);
}

static struct eh_slot *late_slot;

static void
use_it_late(void)
{
	struct eh_slot *slot = eh_slot_again(provider, late_slot);

	/* Registered earlier, so this runs after the module was closed. */
	if (slot != NULL || eh_slot_alive(late_slot) ||
	    core.reason != EH_REASON_STATE)
		_exit(1);
	((OSSL_FUNC_provider_teardown_fn *)rig_function(
	    table, OSSL_FUNC_PROVIDER_TEARDOWN))(provider);
}

static void
use_it_after_the_end(void)
{
	struct eh_p11_module *module;

	atexit(use_it_late);
	module = open_module(rig_shim());
	rig_find(module, "pkcs11:token=rig", &late_slot);
}

static void
load_nothing(void)
{
	rig_free(rig_context());
}

START_TEST(exit_is_clean_and_finalises_once)
{
	ck_assert_int_eq(exit_of(leave_everything_open), 7);
	ck_assert_uint_eq(rig_log_count("C_Finalize"), 1);
	rig_log_forget();
	ck_assert_int_eq(exit_of(close_everything), 7);
	ck_assert_uint_eq(rig_log_count("C_Finalize"), 1);
	/* No call comes after it. */
	ck_assert_uint_eq(rig_log_count("C_CloseSession"), 0);
	rig_log_forget();
	ck_assert_int_eq(exit_of(use_it_after_the_end), 7);
	ck_assert_uint_eq(rig_log_count("C_Finalize"), 1);
	rig_log_forget();
	ck_assert_int_eq(exit_of(load_nothing), 7);
	ck_assert_uint_eq(rig_log_count(""), 0);
}
END_TEST

START_TEST(child_that_never_used_the_token_does_not_finalise_it)
{
	struct eh_p11_module *module = open_module(rig_shim());
	struct eh_slot *slot;
	int status = -1;
	pid_t child;

	ck_assert_uint_eq(rig_find(module, "pkcs11:token=rig", &slot), 1);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		exit(7);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 7);
	ck_assert_uint_eq(rig_log_count("C_Finalize"), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("p11");
	TCase *t = rig_case("p11");

	tcase_add_test(t, file_that_is_no_module_is_refused_in_words);
	tcase_add_test(
	    t, module_is_loaded_once_and_initialised_when_it_is_needed);
	tcase_add_test(t, exit_is_clean_and_finalises_once);
	tcase_add_test(
	    t, child_that_never_used_the_token_does_not_finalise_it);
	suite_add_tcase(s, t);
	return rig_run(s);
}
