/* SPDX-License-Identifier: Apache-2.0 */
/* test_genesis.c - the one moment when an EdgeHSM comes to be. */
#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quota-engine/genesis.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

static struct fixture f;

static void
begin(void)
{
	fixture_open(&f);
}

static void
end(void)
{
	fixture_close(&f);
}

static unsigned
objects(void)
{
	unsigned n;

	ck_assert_int_eq(
	    f.backend->base.ops->count(&f.backend->base, &n, NULL), EH_OK);
	return n;
}

static int
run(struct eh_genesis *g)
{
	return eh_genesis_run(f.b, g, &f.error);
}

START_TEST(it_makes_an_identity_that_is_there_after_a_restart)
{
	uint8_t hsm_id[EH_HSM_ID_LEN], expect[EH_HSM_ID_LEN];
	struct eh_state_key attestation;

	fixture_genesis(&f);
	ck_assert_int_eq(eh_engine_status(f.b->engine, NULL), EH_ENGINE_READY);
	ck_assert_int_eq(
	    eh_keys_attestation(f.b->keys, &attestation, &f.error), EH_OK);
	eh_keyid_hsm(&attestation.key, expect);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	memcpy(hsm_id, eh_engine_lock(f.b->engine)->hsm_id, sizeof(hsm_id));
	eh_engine_unlock(f.b->engine);
	ck_assert_mem_eq(hsm_id, expect, sizeof(hsm_id));
}
END_TEST

START_TEST(there_is_no_second_one)
{
	struct eh_rawkey root;

	fixture_genesis(&f);
	root = eh_engine_lock(f.b->engine)->root;
	eh_engine_unlock(f.b->engine);
	ck_assert_int_eq(fixture_try_genesis(&f), EH_DENIED_STATE);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(fixture_try_genesis(&f), EH_DENIED_STATE);
	ck_assert(eh_rawkey_equal(
	    &root, &eh_engine_lock(f.b->engine)->root));
	eh_engine_unlock(f.b->engine);
}
END_TEST

START_TEST(a_key_store_that_was_used_is_refused)
{
	f.backend->strangers = 1;
	ck_assert_int_eq(fixture_try_genesis(&f), EH_DENIED_STATE);
	ck_assert_ptr_nonnull(strstr(f.error.text, "holds 1 objects"));
	f.backend->strangers = 0;
	ck_assert_int_eq(fixture_try_genesis(&f), EH_OK);
}
END_TEST

START_TEST(a_root_that_is_no_p256_key_is_refused_and_leaves_nothing)
{
	uint8_t spki[EH_SPKI_MAX + 1] = { 0x30, 0x59 };
	struct eh_genesis g = { .label = "x",
		.pin = (const uint8_t *)"1234",
		.pinlen = 4,
		.root = spki };

	for (size_t len = 0; len <= sizeof(spki); len++) {
		g.rootlen = len;
		ck_assert_int_eq(run(&g), EH_ERR_FORMAT);
	}
	ck_assert_uint_eq(objects(), 0);
	ck_assert_int_eq(eh_engine_status(f.b->engine, NULL), EH_ENGINE_FRESH);
	ck_assert_int_eq(fixture_try_genesis(&f), EH_OK);
}
END_TEST

START_TEST(a_key_store_that_fails_on_the_way_is_left_empty)
{
	f.backend->lie = LIE_GENERATE_FAILS;
	ck_assert_int_eq(fixture_try_genesis(&f), EH_ERR_BACKEND);
	ck_assert_uint_eq(objects(), 0);
	f.backend->lie = LIE_OTHER_KEY;
	ck_assert_int_eq(fixture_try_genesis(&f), EH_ERR_SIGNATURE);
	ck_assert_uint_eq(objects(), 0);
	f.backend->lie = LIE_NOT;
	ck_assert_int_eq(fixture_try_genesis(&f), EH_OK);
}
END_TEST

START_TEST(a_state_folder_that_fails_on_the_way_leaves_the_key_store_empty)
{
	char path[FIXTURE_PATH];

	/* The file of the PIN counts, which comes before the state. */
	fixture_join(path, f.state, "pins");
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(fixture_try_genesis(&f), EH_ERR_STORAGE);
	ck_assert_uint_eq(objects(), 0);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(fixture_try_genesis(&f), EH_OK);
}
END_TEST

START_TEST(the_three_keys_of_the_engine_differ)
{
	struct eh_engine_keys keys;

	ck_assert_int_eq(
	    eh_genesis_derive(&f.backend->base, &keys, &f.error),
	    EH_ERR_NOT_FOUND);
	fixture_genesis(&f);
	ck_assert_int_eq(
	    eh_genesis_derive(&f.backend->base, &keys, &f.error), EH_OK);
	ck_assert_mem_ne(keys.journal, keys.private, EH_DIGEST_LEN);
	ck_assert_mem_ne(keys.journal, keys.state, EH_DIGEST_LEN);
	ck_assert_mem_ne(keys.private, keys.state, EH_DIGEST_LEN);
}
END_TEST

/* --- taking up what does not belong together --- */

START_TEST(a_key_store_without_the_secret_stops_the_token_and_says_what_to_do)
{
	struct eh_error why;

	fixture_genesis(&f);
	f.backend->has_secret = 0;
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(
	    eh_boundary_state(f.b, &why), EH_STATE_FAIL_STOPPED);
	ck_assert_ptr_nonnull(strstr(why.text, "is not the one"));
	f.backend->has_secret = 1;
	f.backend->lie = LIE_SIGN_FAILS;
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(
	    eh_boundary_state(f.b, &why), EH_STATE_FAIL_STOPPED);
	ck_assert_ptr_null(strstr(why.text, "is not the one"));
	ck_assert_ptr_nonnull(strstr(why.text, "put the token"));
	f.backend->lie = LIE_NOT;
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(eh_boundary_state(f.b, &why), EH_STATE_READY);
}
END_TEST

START_TEST(another_secret_stops_the_token)
{
	struct eh_error why;

	fixture_genesis(&f);
	f.backend->secret[0] ^= 1;
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(
	    eh_boundary_state(f.b, &why), EH_STATE_FAIL_STOPPED);
	f.backend->secret[0] ^= 1;
}
END_TEST

START_TEST(a_state_without_its_anchor_stops_the_token)
{
	struct eh_error why;

	fixture_genesis(&f);
	ck_assert_int_eq(eh_start_stop(&f.start, &f.error), EH_OK);
	eh_start_close(&f.start);
	f.b = NULL;
	ck_assert_int_eq(unlink(f.anchor), 0);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(
	    eh_boundary_state(f.b, &why), EH_STATE_FAIL_STOPPED);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("genesis");
	TCase *c = tcase_create("genesis");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(
	    c, it_makes_an_identity_that_is_there_after_a_restart);
	tcase_add_test(c, there_is_no_second_one);
	tcase_add_test(c, a_key_store_that_was_used_is_refused);
	tcase_add_test(
	    c, a_root_that_is_no_p256_key_is_refused_and_leaves_nothing);
	tcase_add_test(c, a_key_store_that_fails_on_the_way_is_left_empty);
	tcase_add_test(c,
	    a_state_folder_that_fails_on_the_way_leaves_the_key_store_empty);
	tcase_add_test(c, the_three_keys_of_the_engine_differ);
	tcase_add_test(c,
	    a_key_store_without_the_secret_stops_the_token_and_says_what_to_do);
	tcase_add_test(c, another_secret_stops_the_token);
	tcase_add_test(c, a_state_without_its_anchor_stops_the_token);
	suite_add_tcase(s, c);
	return unit_run(s);
}
