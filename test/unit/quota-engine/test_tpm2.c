/* SPDX-License-Identifier: Apache-2.0 */
/* test_tpm2.c - issuing keys whose uses a TPM counts. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto/ecdsa.h"
#include "common/crypto/soft.h"
#include "quota-engine/backend/counted.h"
#include "test/unit/quota-engine/swtpm.h"
#include "test/unit/unit.h"

#define FIRST	 0x01800200u
#define PATIENCE 300	/* ms */

static struct swtpm tpm;
static struct eh_counted *c;
static struct eh_soft *authority;
static struct eh_counted_key key;
static struct eh_rawkey public;
static struct eh_error error;

static void
begin(const char *tcti)
{
	static const uint8_t secret[EH_SHA256_LEN] = { 0x53, 0x45 };
	int err;

	err = eh_counted_open(tcti, FIRST, PATIENCE, &c, &error);
	ck_assert_msg(err == EH_OK, "%s", error.text);
	eh_counted_bind(c, secret);
}

static void
setup(void)
{
	swtpm_make(&tpm);
	ck_assert_int_eq(eh_soft_generate(&authority), EH_OK);
	memset(&key, 0, sizeof(key));
	key.count_key = *eh_soft_public(authority);
	memset(key.ref, 0x10, sizeof(key.ref));
	begin(tpm.tcti);
	ck_assert_int_eq(eh_counted_make(c, &key, &public, &error), EH_OK);
}

static void
teardown(void)
{
	eh_counted_close(c);
	eh_soft_free(authority);
	swtpm_remove(&tpm);
}

static void
sign_by_authority(const uint8_t *bytes, size_t len, uint8_t signature[64])
{
	struct eh_signer signer;

	eh_soft_signer(authority, &signer);
	ck_assert_int_eq(
	    signer.sign(signer.arg, bytes, len, signature), EH_OK);
}

static void
sign_write(const struct eh_count_index *index, uint32_t limit, uint8_t out[64])
{
	uint8_t bytes[EH_COUNT_SIGNED_MAX];

	sign_by_authority(bytes, eh_count_write_signed(&key.count_key, index,
	    limit, bytes), out);
}

static void
approve(const struct eh_count_index *index, uint8_t out[64])
{
	uint8_t bytes[EH_COUNT_SIGNED_MAX];

	sign_by_authority(bytes, eh_count_approval_signed(&key.count_key,
	    index, key.ref, bytes), out);
}

static int
nothing_is_taken(void *arg, uint32_t handle)
{
	(void)arg;
	(void)handle;
	return 0;
}

/* An index of ours with ${limit}, and the approval of it. */
static void
count(struct eh_count_index *index, uint32_t limit, uint8_t approval[64])
{
	uint8_t signature[64];
	int err;

	ck_assert_int_eq(eh_counted_begin(
	    c, nothing_is_taken, NULL, index, &error), EH_OK);
	sign_write(index, limit, signature);
	err = eh_counted_write(
	    c, &key.count_key, index, limit, signature, &error);
	ck_assert_msg(err == EH_OK, "%s", error.text);
	approve(index, approval);
}

static int
use(const struct eh_count_index *index, const uint8_t approval[64], int *spent)
{
	uint8_t digest[EH_SHA256_LEN], signature[64];
	int err;

	memset(digest, 0xd1, sizeof(digest));
	eh_error_clear(&error);
	err = eh_counted_sign(c, &key, index, approval, digest, signature,
	    spent, &error);
	if (err == EH_OK)
		ck_assert_int_eq(eh_p256_verify_digest(
		    public.bytes, digest, signature), EH_OK);
	return err;
}

static void
holds(const struct eh_count_index *index, enum eh_counted_state state,
    uint32_t used, uint32_t limit)
{
	struct eh_counted_view view;
	int err;

	err = eh_counted_look(c, &key.count_key, index, &view, &error);
	ck_assert_msg(err == EH_OK, "%s", error.text);
	ck_assert_int_eq((int)view.state, (int)state);
	ck_assert_uint_eq(view.count, used);
	ck_assert_uint_eq(view.limit, limit);
}

START_TEST(key_signs_as_often_as_the_index_says)
{
	struct eh_count_index index;
	uint8_t approval[64];
	int spent;

	count(&index, 5, approval);
	ck_assert_uint_eq(index.handle, FIRST);
	holds(&index, EH_COUNTED_WRITTEN, 0, 5);
	for (unsigned i = 1; i <= 5; i++) {
		ck_assert_msg(use(&index, approval, &spent) == EH_OK, "%u: %s",
		    i, error.text);
		ck_assert(spent);
		holds(&index, EH_COUNTED_WRITTEN, i, 5);
	}
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    use(&index, approval, &spent), EH_DENIED_QUOTA);
		ck_assert(!spent);
	}
	holds(&index, EH_COUNTED_WRITTEN, 5, 5);
}
END_TEST

START_TEST(same_key_comes_again)
{
	struct eh_count_index index;
	struct eh_rawkey again;
	uint8_t approval[64];
	int spent;

	count(&index, 2, approval);
	ck_assert_int_eq(use(&index, approval, &spent), EH_OK);
	eh_counted_close(c);
	swtpm_kill(&tpm);
	swtpm_start(&tpm);
	begin(tpm.tcti);
	ck_assert_int_eq(eh_counted_make(c, &key, &again, &error), EH_OK);
	ck_assert(eh_rawkey_equal(&again, &public));
	holds(&index, EH_COUNTED_WRITTEN, 1, 2);
	ck_assert_int_eq(use(&index, approval, &spent), EH_OK);
	ck_assert_int_eq(use(&index, approval, &spent), EH_DENIED_QUOTA);
	key.ref[0]++;
	ck_assert_int_eq(eh_counted_make(c, &key, &again, &error), EH_OK);
	ck_assert(!eh_rawkey_equal(&again, &public));
}
END_TEST

START_TEST(second_index_adds_exactly_its_number)
{
	struct eh_count_index one, two;
	uint8_t first[64], second[64];
	int spent;

	count(&one, 1, first);
	count(&two, 2, second);
	ck_assert_uint_eq(two.handle, FIRST + 1);
	ck_assert_int_eq(use(&one, first, &spent), EH_OK);
	ck_assert_int_eq(use(&one, first, &spent), EH_DENIED_QUOTA);
	ck_assert_int_eq(use(&two, second, &spent), EH_OK);
	ck_assert_int_eq(use(&two, second, &spent), EH_OK);
	ck_assert_int_eq(use(&two, second, &spent), EH_DENIED_QUOTA);
	/* The approval of one is none of the other, and no use is lost. */
	ck_assert_int_eq(use(&two, first, &spent), EH_ERR_SIGNATURE);
	ck_assert(!spent);
}
END_TEST

START_TEST(approval_is_of_one_key)
{
	struct eh_count_index index;
	uint8_t approval[64];
	int spent;

	count(&index, 3, approval);
	key.ref[0]++;
	ck_assert_int_eq(eh_counted_make(c, &key, &public, &error), EH_OK);
	ck_assert_int_eq(use(&index, approval, &spent), EH_ERR_SIGNATURE);
	ck_assert(!spent);
	holds(&index, EH_COUNTED_WRITTEN, 0, 3);
}
END_TEST

START_TEST(limit_is_what_the_authority_signed)
{
	struct eh_count_index index;
	uint8_t signature[64];

	ck_assert_int_eq(eh_counted_begin(
	    c, nothing_is_taken, NULL, &index, &error), EH_OK);
	sign_write(&index, 5, signature);
	ck_assert_int_eq(eh_counted_write(c, &key.count_key, &index, 1000,
	    signature, &error), EH_ERR_BACKEND);
	holds(&index, EH_COUNTED_ABSENT, 0, 0);
	/* And its session is over. */
	ck_assert_int_eq(eh_counted_write(c, &key.count_key, &index, 5,
	    signature, &error), EH_DENIED_STATE);
}
END_TEST

START_TEST(policy_for_one_session_is_none_for_another)
{
	struct eh_count_index one, two;
	uint8_t signature[64];

	ck_assert_int_eq(eh_counted_begin(
	    c, nothing_is_taken, NULL, &one, &error), EH_OK);
	sign_write(&one, 5, signature);
	ck_assert(eh_counted_awaits(c, &one));
	ck_assert_int_eq(eh_counted_begin(
	    c, nothing_is_taken, NULL, &two, &error), EH_OK);
	ck_assert_mem_ne(one.nonce, two.nonce, 32);
	ck_assert(!eh_counted_awaits(c, &one));
	ck_assert_int_eq(eh_counted_write(c, &key.count_key, &one, 5,
	    signature, &error), EH_DENIED_STATE);
	ck_assert_int_eq(eh_counted_write(c, &key.count_key, &two, 5,
	    signature, &error), EH_ERR_BACKEND);
	holds(&two, EH_COUNTED_ABSENT, 0, 0);
}
END_TEST

START_TEST(removed_index_does_not_come_back)
{
	struct eh_count_index index;
	uint8_t approval[64], signature[64];
	int spent;

	count(&index, 5, approval);
	ck_assert_int_eq(use(&index, approval, &spent), EH_OK);
	ck_assert_int_eq(eh_counted_remove(
	    c, &key.count_key, &index, &error), EH_OK);
	holds(&index, EH_COUNTED_ABSENT, 0, 0);
	ck_assert_int_eq(use(&index, approval, &spent), EH_ERR_NOT_FOUND);
	ck_assert_int_eq(eh_counted_remove(
	    c, &key.count_key, &index, &error), EH_OK);
	sign_write(&index, 5, signature);
	ck_assert_int_eq(eh_counted_write(c, &key.count_key, &index, 5,
	    signature, &error), EH_DENIED_STATE);
}
END_TEST

/* PolicySecret and Sign, with the reply lost. */
static const uint32_t commands[] = { 0x151, 0x15d };

START_TEST(use_without_an_answer_is_spent)
{
	struct eh_count_index index;
	struct swtpm_host host;
	uint8_t approval[64];
	int spent;

	eh_counted_close(c);
	swtpm_host_start(&host, &tpm);
	begin(host.tcti);
	count(&index, 3, approval);
	swtpm_host_play(&host, SWTPM_LOSE_REPLY, commands[_i], 1);
	ck_assert_int_eq(use(&index, approval, &spent), EH_ERR_BACKEND);
	ck_assert(spent);
	holds(&index, EH_COUNTED_WRITTEN, 1, 3);
	ck_assert_int_eq(use(&index, approval, &spent), EH_OK);
	ck_assert_int_eq(use(&index, approval, &spent), EH_OK);
	ck_assert_int_eq(use(&index, approval, &spent), EH_DENIED_QUOTA);
	eh_counted_close(c);
	c = NULL;
	swtpm_host_stop(&host);
}
END_TEST

START_TEST(use_that_was_put_off_is_not_spent)
{
	struct eh_count_index index;
	struct swtpm_host host;
	uint8_t approval[64];
	int spent;

	eh_counted_close(c);
	swtpm_host_start(&host, &tpm);
	begin(host.tcti);
	count(&index, 1, approval);
	swtpm_host_play(&host, SWTPM_PUT_OFF, commands[_i], 1);
	ck_assert_msg(use(&index, approval, &spent) == EH_OK, "%s",
	    error.text);
	holds(&index, EH_COUNTED_WRITTEN, 1, 1);
	eh_counted_close(c);
	c = NULL;
	swtpm_host_stop(&host);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("tpm2");
	TCase *t = tcase_create("tpm2");

	if (!swtpm_exists())
		return unit_skip("swtpm is not installed");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, key_signs_as_often_as_the_index_says);
	tcase_add_test(t, same_key_comes_again);
	tcase_add_test(t, second_index_adds_exactly_its_number);
	tcase_add_test(t, approval_is_of_one_key);
	tcase_add_test(t, limit_is_what_the_authority_signed);
	tcase_add_test(t, policy_for_one_session_is_none_for_another);
	tcase_add_test(t, removed_index_does_not_come_back);
	tcase_add_loop_test(t, use_without_an_answer_is_spent, 0, 2);
	tcase_add_loop_test(t, use_that_was_put_off_is_not_spent, 0, 2);
	suite_add_tcase(s, t);
	return unit_run(s);
}
