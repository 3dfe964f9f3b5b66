/* SPDX-License-Identifier: Apache-2.0 */
/* test_keys.c - own keys: what the state names, joined with a key store that may
 * lie. */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto/ecdsa.h"
#include "common/crypto/keyid.h"
#include "quota-engine/keys_redo.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

static struct fixture f;
static const uint8_t digest[EH_DIGEST_LEN] = "a digest of thirty-two octets..";
static uint8_t signature[EH_SIGNATURE_LEN];

static void
begin(void)
{
	fixture_open(&f);
	fixture_genesis(&f);
}

static void
end(void)
{
	fixture_close(&f);
}

static struct eh_state_key
made(enum eh_purpose purpose, const char *label)
{
	struct eh_keys_want want = { .purpose = purpose, .label = label };
	struct eh_state_key row;

	ck_assert_msg(
	    eh_keys_generate(f.b->keys, &want, &row, &f.error) == EH_OK, "%s",
	    eh_error_sentence(&f.error));
	return row;
}

static int
try_to_make(enum eh_purpose purpose)
{
	struct eh_keys_want want = { .purpose = purpose, .label = "k" };
	struct eh_state_key row;

	return eh_keys_generate(f.b->keys, &want, &row, &f.error);
}

static int
try_to_sign(uint64_t object)
{
	return eh_keys_sign(f.b->keys, object, digest, signature, &f.error);
}

static unsigned
keys_in_store(void)
{
	unsigned n = 0;

	for (size_t i = 0;
	     i < sizeof(f.backend->key) / sizeof(f.backend->key[0]); i++)
		n += (unsigned)f.backend->key[i].used;
	return n;
}

static unsigned
keys_in_state(void)
{
	const struct eh_state *state = eh_engine_lock(f.b->engine);
	unsigned n = 0;

	for (size_t i = 0; i < EH_STATE_KEYS; i++)
		n += state->key[i].object != 0;
	eh_engine_unlock(f.b->engine);
	return n;
}

START_TEST(a_key_signs_and_is_the_same_after_a_restart)
{
	struct eh_state_key row = made(EH_PURPOSE_GENERAL, "label"), again;

	ck_assert_int_eq(try_to_sign(row.object), EH_OK);
	ck_assert_int_eq(
	    eh_p256_verify_digest(row.key.bytes, digest, signature), EH_OK);
	ck_assert_int_eq(row.origin, EH_ORIGIN_BACKEND);
	ck_assert_int_eq(row.custody, EH_CUSTODY_PIN_FILE);
	ck_assert_uint_eq(row.id_len, 20);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(
	    eh_keys_get(f.b->keys, row.object, &again, &f.error), EH_OK);
	ck_assert_mem_eq(again.digest, row.digest, EH_DIGEST_LEN);
	ck_assert_str_eq(again.label, "label");
	ck_assert_int_eq(again.purpose, EH_PURPOSE_GENERAL);
	ck_assert_int_eq(try_to_sign(row.object), EH_OK);
}
END_TEST

START_TEST(a_key_is_recorded_when_made_and_when_destroyed)
{
	struct eh_state_key row;
	uint64_t before, after;

	before = eh_engine_lock(f.b->engine)->log.tree.size;
	eh_engine_unlock(f.b->engine);
	row = made(EH_PURPOSE_ISSUING, "ca");
	ck_assert_int_eq(
	    eh_keys_destroy(f.b->keys, row.object, &f.error), EH_OK);
	after = eh_engine_lock(f.b->engine)->log.tree.size;
	eh_engine_unlock(f.b->engine);
	ck_assert_uint_ge(after, before + 2);
	ck_assert_int_eq(try_to_sign(row.object), EH_ERR_NOT_FOUND);
	ck_assert_uint_eq(keys_in_store(), 1);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(try_to_sign(row.object), EH_ERR_NOT_FOUND);
}
END_TEST

START_TEST(object_numbers_are_never_used_again)
{
	struct eh_state_key a = made(EH_PURPOSE_GENERAL, "a"), b;

	ck_assert_int_eq(
	    eh_keys_destroy(f.b->keys, a.object, &f.error), EH_OK);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	b = made(EH_PURPOSE_GENERAL, "b");
	ck_assert_uint_gt(b.object, a.object);
}
END_TEST

START_TEST(only_general_and_issuing_keys_are_made)
{
	ck_assert_int_eq(
	    try_to_make(EH_PURPOSE_ATTESTATION), EH_ERR_UNSUPPORTED);
	ck_assert_int_eq(
	    try_to_make(EH_PURPOSE_DERIVATION), EH_ERR_UNSUPPORTED);
	ck_assert_int_eq(try_to_make(EH_PURPOSE_DEBUG), EH_ERR_UNSUPPORTED);
	ck_assert_int_eq(
	    try_to_make(EH_PURPOSE_TRANSPORT), EH_ERR_UNSUPPORTED);
	ck_assert_uint_eq(keys_in_store(), 1);
	ck_assert_int_eq(try_to_make(EH_PURPOSE_GENERAL), EH_OK);
	ck_assert_int_eq(try_to_make(EH_PURPOSE_ISSUING), EH_OK);
}
END_TEST

START_TEST(the_65th_key_is_refused_with_the_number)
{
	for (unsigned i = 1; i < EH_STATE_KEYS; i++)
		ck_assert_int_eq(try_to_make(EH_PURPOSE_GENERAL), EH_OK);
	ck_assert_int_eq(try_to_make(EH_PURPOSE_GENERAL), EH_ERR_FULL);
	ck_assert_ptr_nonnull(strstr(f.error.text, "64"));
	ck_assert_uint_eq(keys_in_store(), EH_STATE_KEYS);
}
END_TEST

START_TEST(the_attestation_key_cannot_be_destroyed)
{
	struct eh_state_key row;

	ck_assert_int_eq(
	    eh_keys_attestation(f.b->keys, &row, &f.error), EH_OK);
	ck_assert_int_eq(
	    eh_keys_destroy(f.b->keys, row.object, &f.error), EH_DENIED_KEY);
	ck_assert_int_eq(try_to_sign(row.object), EH_OK);
}
END_TEST

START_TEST(destroying_the_general_keys_leaves_the_others)
{
	struct eh_state_key ca;

	made(EH_PURPOSE_GENERAL, "a");
	ca = made(EH_PURPOSE_ISSUING, "ca");
	made(EH_PURPOSE_GENERAL, "b");
	ck_assert_int_eq(
	    eh_keys_destroy_general(f.b->keys, &f.error), EH_OK);
	ck_assert_uint_eq(keys_in_state(), 2);
	ck_assert_uint_eq(keys_in_store(), 2);
	ck_assert_int_eq(try_to_sign(ca.object), EH_OK);
}
END_TEST

START_TEST(a_new_name_is_anchored_and_decides_nothing)
{
	struct eh_state_key row = made(EH_PURPOSE_ISSUING, "before"), again;

	ck_assert_int_eq(eh_keys_name(f.b->keys, row.object, "after",
			     (const uint8_t *)"id", 2, &f.error),
	    EH_OK);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(
	    eh_keys_get(f.b->keys, row.object, &again, &f.error), EH_OK);
	ck_assert_str_eq(again.label, "after");
	ck_assert_uint_eq(again.id_len, 2);
	ck_assert_int_eq(again.purpose, EH_PURPOSE_ISSUING);
	ck_assert_int_eq(eh_keys_name(f.b->keys, 999, "x", NULL, 0, &f.error),
	    EH_ERR_NOT_FOUND);
}
END_TEST

/* --- a key store that lies --- */

START_TEST(a_signature_that_does_not_verify_is_never_given)
{
	static const uint8_t nothing[EH_SIGNATURE_LEN];
	struct eh_state_key row = made(EH_PURPOSE_GENERAL, "k");

	f.backend->lie = LIE_BAD_SIGNATURE;
	ck_assert_int_eq(try_to_sign(row.object), EH_ERR_SIGNATURE);
	ck_assert_mem_eq(signature, nothing, sizeof(nothing));
	f.backend->lie = LIE_OTHER_KEY;
	ck_assert_int_eq(try_to_sign(row.object), EH_ERR_SIGNATURE);
	ck_assert_mem_eq(signature, nothing, sizeof(nothing));
	f.backend->lie = LIE_SIGN_FAILS;
	ck_assert_int_eq(try_to_sign(row.object), EH_ERR_BACKEND);
	f.backend->lie = LIE_NOT;
	ck_assert_int_eq(try_to_sign(row.object), EH_OK);
}
END_TEST

START_TEST(with_verify_start_only_the_start_looks)
{
	struct eh_state_key row = made(EH_PURPOSE_GENERAL, "k");

	f.conf.backend_verify = EH_CONF_VERIFY_START;
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	f.backend->lie = LIE_BAD_SIGNATURE;
	ck_assert_int_eq(try_to_sign(row.object), EH_OK);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(try_to_sign(row.object), EH_DENIED_KEY);
}
END_TEST

static void
swap_ids(const struct eh_state_key *a, const struct eh_state_key *b)
{
	struct fixture_key *x = fixture_backend_key(f.backend, a->backend);
	struct fixture_key *y = fixture_backend_key(f.backend, b->backend);
	uint8_t id[EH_BACKEND_ID_LEN];

	memcpy(id, x->id, sizeof(id));
	memcpy(x->id, y->id, sizeof(id));
	memcpy(y->id, id, sizeof(id));
}

START_TEST(swapped_keys_are_refused_until_they_are_put_right)
{
	struct eh_state_key a = made(EH_PURPOSE_GENERAL, "a");
	struct eh_state_key b = made(EH_PURPOSE_ISSUING, "b");

	swap_ids(&a, &b);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(try_to_sign(a.object), EH_DENIED_KEY);
	ck_assert_ptr_nonnull(strstr(f.error.text, "another key"));
	ck_assert_int_eq(try_to_sign(b.object), EH_DENIED_KEY);
	ck_assert_int_eq(
	    eh_keys_check(f.b->keys, b.object, &f.error), EH_DENIED_KEY);
	swap_ids(&a, &b);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(try_to_sign(a.object), EH_OK);
	ck_assert_int_eq(eh_keys_check(f.b->keys, b.object, &f.error), EH_OK);
}
END_TEST

START_TEST(a_key_that_vanished_or_can_be_exported_is_refused)
{
	struct eh_state_key row = made(EH_PURPOSE_GENERAL, "k");
	struct fixture_key *key;

	f.backend->lie = LIE_EXTRACTABLE;
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(try_to_sign(row.object), EH_DENIED_KEY);
	ck_assert_ptr_nonnull(strstr(f.error.text, "give the private key"));
	ck_assert_int_eq(try_to_make(EH_PURPOSE_GENERAL), EH_DENIED_KEY);
	f.backend->lie = LIE_NOT;
	key = fixture_backend_key(f.backend, row.backend);
	key->id[0] ^= 1;
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(try_to_sign(row.object), EH_DENIED_KEY);
	key->id[0] ^= 1;
}
END_TEST

START_TEST(a_key_that_the_state_does_not_name_does_not_exist)
{
	struct eh_backend *b = &f.backend->base;
	struct eh_backend_key stranger;
	struct eh_state_key row;
	uint8_t spki[EH_DIGEST_LEN];

	ck_assert_int_eq(b->ops->generate(b,
			     (const uint8_t *)"not one of ours!", &stranger,
			     &f.error),
	    EH_OK);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	eh_keyid_spki_digest(&stranger.public, spki);
	ck_assert_int_eq(eh_keys_by_digest(f.b->keys, spki, &row, &f.error),
	    EH_ERR_NOT_FOUND);
	ck_assert_uint_eq(keys_in_state(), 1);
}
END_TEST

START_TEST(a_generation_that_fails_leaves_nothing)
{
	f.backend->lie = LIE_GENERATE_FAILS;
	ck_assert_int_eq(try_to_make(EH_PURPOSE_GENERAL), EH_ERR_BACKEND);
	f.backend->lie = LIE_OTHER_KEY;
	ck_assert_int_eq(try_to_make(EH_PURPOSE_GENERAL), EH_ERR_SIGNATURE);
	ck_assert_uint_eq(keys_in_store(), 1);
	ck_assert_uint_eq(keys_in_state(), 1);
}
END_TEST

START_TEST(a_key_that_the_store_keeps_is_gone_for_us_all_the_same)
{
	struct eh_state_key row = made(EH_PURPOSE_GENERAL, "k");

	f.backend->lie = LIE_DESTROY_FAILS;
	ck_assert_int_eq(
	    eh_keys_destroy(f.b->keys, row.object, &f.error), EH_ERR_BACKEND);
	ck_assert_ptr_nonnull(strstr(f.error.text, "still holds"));
	ck_assert_int_eq(try_to_sign(row.object), EH_ERR_NOT_FOUND);
	f.backend->lie = LIE_NOT;
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(try_to_sign(row.object), EH_ERR_NOT_FOUND);
}
END_TEST

/* --- threads --- */

static void *
sign_often(void *arg)
{
	const uint64_t *object = arg;
	uint8_t s[EH_SIGNATURE_LEN];

	for (unsigned i = 0; i < 50; i++) {
		int err =
		    eh_keys_sign(f.b->keys, *object, digest, s, NULL);

		if (err == EH_ERR_NOT_FOUND)
			return NULL;
		if (err != EH_OK)
			return (void *)1;
	}
	return NULL;
}

START_TEST(a_key_is_destroyed_while_others_sign)
{
	struct eh_state_key row = made(EH_PURPOSE_GENERAL, "k");
	pthread_t thread[4];
	void *bad;

	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, sign_often,
				     &row.object),
		    0);
	ck_assert_int_eq(
	    eh_keys_destroy(f.b->keys, row.object, &f.error), EH_OK);
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(thread[i], &bad);
		ck_assert_ptr_null(bad);
	}
}
END_TEST

/* --- what a record changes --- */

static struct eh_state state;
static struct eh_record record;

static int
apply(const uint8_t *redo, size_t len)
{
	return eh_keys_apply[0].apply(
	    &state, NULL, &record, redo, len, &f.error);
}

START_TEST(a_key_record_is_applied_once_however_often_it_is_replayed)
{
	struct eh_state_key row = made(EH_PURPOSE_ISSUING, "ca");
	uint8_t redo[EH_KEYS_REDO_MAX];
	struct eh_writer w;
	size_t len;

	memset(&state, 0, sizeof(state));
	state.next_object = row.object;
	eh_record_init(&record, EH_RECORD_KEY);
	record.of.key.action = EH_KEY_GENERATED;
	memcpy(record.of.key.digest, row.digest, EH_DIGEST_LEN);
	record.of.key.purpose = EH_PURPOSE_ISSUING;
	record.of.key.alg = row.alg;
	record.of.key.origin = EH_ORIGIN_BACKEND;
	eh_writer_init(&w, redo, sizeof(redo));
	eh_keys_redo_encode(&row, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(apply(redo, len), EH_OK);
		ck_assert_mem_eq(&state.key[0], &row, sizeof(row));
		ck_assert_uint_eq(state.key[1].object, 0);
		ck_assert_uint_eq(state.next_object, row.object + 1);
	}
	/* Cut, longer, or of another key than the record says. */
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_int_ne(apply(redo, cut), EH_OK);
	ck_assert_int_ne(apply(redo, len + 1), EH_OK);
	record.of.key.digest[0] ^= 1;
	ck_assert_int_eq(apply(redo, len), EH_ERR_FORMAT);
	record.of.key.digest[0] ^= 1;
	record.of.key.action = EH_KEY_IMPORTED;
	ck_assert_int_eq(apply(redo, len), EH_ERR_UNSUPPORTED);
	record.of.key.action = EH_KEY_DESTROYED;
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(apply(NULL, 0), EH_OK);
		ck_assert_uint_eq(state.key[0].object, 0);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("keys");
	TCase *c = tcase_create("keys");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, a_key_signs_and_is_the_same_after_a_restart);
	tcase_add_test(c, a_key_is_recorded_when_made_and_when_destroyed);
	tcase_add_test(c, object_numbers_are_never_used_again);
	tcase_add_test(c, only_general_and_issuing_keys_are_made);
	tcase_add_test(c, the_65th_key_is_refused_with_the_number);
	tcase_add_test(c, the_attestation_key_cannot_be_destroyed);
	tcase_add_test(c, destroying_the_general_keys_leaves_the_others);
	tcase_add_test(c, a_new_name_is_anchored_and_decides_nothing);
	tcase_add_test(
	    c, a_signature_that_does_not_verify_is_never_given);
	tcase_add_test(c, with_verify_start_only_the_start_looks);
	tcase_add_test(
	    c, swapped_keys_are_refused_until_they_are_put_right);
	tcase_add_test(
	    c, a_key_that_vanished_or_can_be_exported_is_refused);
	tcase_add_test(
	    c, a_key_that_the_state_does_not_name_does_not_exist);
	tcase_add_test(c, a_generation_that_fails_leaves_nothing);
	tcase_add_test(
	    c, a_key_that_the_store_keeps_is_gone_for_us_all_the_same);
	tcase_add_test(c, a_key_is_destroyed_while_others_sign);
	tcase_add_test(
	    c, a_key_record_is_applied_once_however_often_it_is_replayed);
	tcase_set_timeout(c, 60);
	suite_add_tcase(s, c);
	return unit_run(s);
}
