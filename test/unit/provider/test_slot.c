/* SPDX-License-Identifier: Apache-2.0 */
/* test_slot.c - tokens: found by URI, found again after a fork. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provider/err.h"
#include "provider/slot.h"
#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

static struct rig_core core;
static struct eh_provider *provider;

static struct eh_p11_module *
open_module(void)
{
	const OSSL_DISPATCH *table;

	if (provider == NULL)
		provider = rig_core_provider(&core, &table);
	ck_assert_ptr_nonnull(provider);
	return eh_p11_open(provider, rig_shim());
}

START_TEST(token_is_found_by_all_that_a_uri_can_say)
{
	struct eh_p11_module *module = open_module();
	struct eh_slot *slot;
	char text[200];

	ck_assert_uint_eq(
	    rig_find(module, "pkcs11:model=SoftHSM%20v2", &slot), 1);
	snprintf(text, sizeof(text), "pkcs11:slot-id=%lu", slot->id);
	ck_assert_uint_eq(rig_find(module, text, &slot), 1);
	ck_assert_uint_eq(rig_find(module,
	    "pkcs11:slot-manufacturer=SoftHSM%20project", &slot), 1);
	ck_assert_uint_eq(
	    rig_find(module, "pkcs11:library-manufacturer=SoftHSM", &slot), 1);
	ck_assert_uint_eq(
	    rig_find(module, "pkcs11:library-manufacturer=Other", &slot), 0);
	ck_assert_uint_eq(rig_find(module, "pkcs11:slot-id=12345", &slot), 0);
	ck_assert_uint_eq(
	    rig_find(module, "pkcs11:slot-manufacturer=Other", &slot), 0);
	ck_assert_uint_eq(rig_find(module, "pkcs11:token=rig2", &slot), 0);
	ck_assert_uint_eq(core.reason, EH_REASON_NO_TOKEN);
}
END_TEST

START_TEST(module_without_tokens_says_why)
{
	struct eh_p11_module *module = open_module();
	struct eh_slot *slot;

	setenv("SHIM_NO_SLOTS", "1", 1);
	ck_assert_uint_eq(rig_find(module, "pkcs11:token=rig", &slot), 0);
	ck_assert_ptr_nonnull(strstr(core.text, " says: there is none"));
	setenv("SHIM_SENTENCE", "no edgehsmd at /run/s", 1);
	ck_assert_uint_eq(rig_find(module, "pkcs11:token=rig", &slot), 0);
	ck_assert_ptr_nonnull(
	    strstr(core.text, " says: no edgehsmd at /run/s"));
	/* And a token that comes later is found. */
	unsetenv("SHIM_NO_SLOTS");
	ck_assert_uint_eq(rig_find(module, "pkcs11:token=rig", &slot), 1);
}
END_TEST

START_TEST(mechanisms_are_asked_once)
{
	struct eh_p11_module *module = open_module();
	struct eh_slot *slot;

	ck_assert_uint_eq(rig_find(module, "pkcs11:token=rig", &slot), 1);
	ck_assert(eh_slot_lists(slot, CKM_ECDSA));
	ck_assert(!eh_slot_lists(slot, CKM_EDGEHSM_ISSUE));
	ck_assert_uint_eq(rig_log_count("C_GetMechanismList"), 1);
}
END_TEST

START_TEST(child_has_a_life_of_its_own)
{
	struct eh_p11_module *module = open_module();
	struct eh_slot *slot, *heir;
	int status = -1;
	pid_t child;

	ck_assert_uint_eq(rig_find(module, "pkcs11:token=rig", &slot), 1);
	ck_assert(eh_slot_alive(slot));
	ck_assert_ptr_eq(eh_slot_again(provider, slot), slot);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		ck_assert(!eh_slot_alive(slot));
		heir = eh_slot_again(provider, slot);
		ck_assert_ptr_nonnull(heir);
		ck_assert_ptr_ne(heir, slot);
		ck_assert(eh_slot_alive(heir));
		ck_assert_uint_eq(heir->id, slot->id);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert(eh_slot_alive(slot));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("slot");
	TCase *t = rig_case("slot");

	tcase_add_test(t, token_is_found_by_all_that_a_uri_can_say);
	tcase_add_test(t, module_without_tokens_says_why);
	tcase_add_test(t, mechanisms_are_asked_once);
	tcase_add_test(t, child_has_a_life_of_its_own);
	suite_add_tcase(s, t);
	return rig_run(s);
}
