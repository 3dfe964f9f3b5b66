/* SPDX-License-Identifier: Apache-2.0 */
/* test_nonce.c - the nonces that wait for a time attestation. */
#include "config.h"

#include <string.h>

#include "quota-engine/nonce.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

static struct fixture f;
static struct eh_os *os;
static struct eh_nonces *nonces;
static const uint8_t key[EH_DIGEST_LEN] = "the engine's state key";

static void
begin(void)
{
	fixture_open(&f);
	os = f.b->os;
	ck_assert_int_eq(eh_nonces_new(os, key, &nonces), EH_OK);
}

static void
end(void)
{
	eh_nonces_free(nonces);
	fixture_close(&f);
}

static void
reopen(const uint8_t with[EH_DIGEST_LEN])
{
	eh_nonces_free(nonces);
	ck_assert_int_eq(eh_nonces_new(os, with, &nonces), EH_OK);
}

static void
ask(uint8_t nonce[EH_ID_LEN])
{
	ck_assert_int_eq(eh_nonces_ask(nonces, nonce, &f.error), EH_OK);
}

static unsigned
waiting(void)
{
	struct eh_clock_nonce place[EH_CLOCK_NONCES];
	unsigned n = 0;

	eh_nonces_get(nonces, place);
	for (unsigned i = 0; i < EH_CLOCK_NONCES; i++)
		n += place[i].used;
	return n;
}

static int
waits(const uint8_t nonce[EH_ID_LEN])
{
	struct eh_clock_nonce place[EH_CLOCK_NONCES];

	eh_nonces_get(nonces, place);
	for (unsigned i = 0; i < EH_CLOCK_NONCES; i++)
		if (place[i].used &&
		    memcmp(place[i].nonce, nonce, EH_ID_LEN) == 0)
			return 1;
	return 0;
}

START_TEST(four_wait_and_the_oldest_makes_room_for_a_fifth)
{
	uint8_t n[5][EH_ID_LEN];

	ck_assert_uint_eq(waiting(), 0);
	for (unsigned i = 0; i < 4; i++)
		ask(n[i]);
	ck_assert_uint_eq(waiting(), 4);
	ck_assert(waits(n[0]) && waits(n[1]) && waits(n[2]) && waits(n[3]));
	ck_assert_mem_ne(n[0], n[1], EH_ID_LEN);
	ask(n[4]);
	ck_assert_uint_eq(waiting(), 4);
	ck_assert(!waits(n[0]));
	ck_assert(waits(n[1]) && waits(n[4]));
}
END_TEST

START_TEST(none_makes_room_while_a_place_is_empty)
{
	uint8_t n[4][EH_ID_LEN], fresh[EH_ID_LEN];

	for (unsigned gone = 0; gone < 4; gone++) {
		for (unsigned i = 0; i < 4; i++)
			ask(n[i]);
		eh_nonces_forget(nonces, n[gone]);
		ck_assert_uint_eq(waiting(), 3);
		ask(fresh);
		ck_assert_uint_eq(waiting(), 4);
		for (unsigned i = 0; i < 4; i++)
			ck_assert_int_eq(waits(n[i]), i != gone);
		ck_assert(waits(fresh));
		/* And the order of age stays. */
		ask(n[gone]);
		ck_assert_int_eq(waits(n[gone == 0 ? 1 : 0]), 0);
	}
}
END_TEST

START_TEST(a_forgotten_one_stays_forgotten_and_a_foreign_one_changes_nothing)
{
	uint8_t n[2][EH_ID_LEN], foreign[EH_ID_LEN] = { 1, 2, 3 };

	ask(n[0]);
	ask(n[1]);
	eh_nonces_forget(nonces, foreign);
	ck_assert_uint_eq(waiting(), 2);
	eh_nonces_forget(nonces, n[0]);
	reopen(key);
	ck_assert(!waits(n[0]));
	ck_assert(waits(n[1]));
}
END_TEST

START_TEST(they_survive_reopening_with_their_readings)
{
	struct eh_clock_nonce before[EH_CLOCK_NONCES], after[EH_CLOCK_NONCES];
	uint8_t n[EH_ID_LEN];

	ask(n);
	fixture_later(7);
	ask(n);
	eh_nonces_get(nonces, before);
	reopen(key);
	eh_nonces_get(nonces, after);
	ck_assert_uint_eq(waiting(), 2);
	for (unsigned i = 0; i < EH_CLOCK_NONCES; i++) {
		ck_assert_uint_eq(after[i].used, before[i].used);
		ck_assert_mem_eq(after[i].nonce, before[i].nonce, EH_ID_LEN);
		ck_assert_mem_eq(after[i].sent.boot_id, before[i].sent.boot_id,
		    EH_ID_LEN);
		ck_assert_uint_eq(
		    after[i].sent.boottime, before[i].sent.boottime);
		ck_assert_uint_eq(after[i].sent.raw, before[i].sent.raw);
		ck_assert_uint_eq(after[i].sent.wall, 0);
	}
}
END_TEST

START_TEST(a_file_of_another_key_has_no_nonces)
{
	static const uint8_t other[EH_DIGEST_LEN] = "another state key";
	uint8_t n[EH_ID_LEN];

	ask(n);
	reopen(other);
	ck_assert_uint_eq(waiting(), 0);
	reopen(key);
	ck_assert(waits(n));
}
END_TEST

START_TEST(a_forged_truncated_or_longer_file_has_no_nonces)
{
	uint8_t n[EH_ID_LEN], bytes[512];
	struct eh_buf file;
	size_t len;

	ask(n);
	eh_buf_init(&file, sizeof(bytes));
	ck_assert_int_eq(eh_os_load(os, "nonces", &file), EH_OK);
	len = file.len;
	ck_assert_uint_lt(len, sizeof(bytes));
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, file.data, len);
	for (size_t at = 0; at < len; at += 13) {
		bytes[at] ^= 0x10;
		ck_assert_int_eq(eh_os_save(os, "nonces", bytes, len), EH_OK);
		bytes[at] ^= 0x10;
		reopen(key);
		ck_assert_uint_eq(waiting(), 0);
	}
	for (size_t cut = 0; cut < len; cut += 37) {
		ck_assert_int_eq(eh_os_save(os, "nonces", bytes, cut), EH_OK);
		reopen(key);
		ck_assert_uint_eq(waiting(), 0);
	}
	ck_assert_int_eq(eh_os_save(os, "nonces", bytes, len + 1), EH_OK);
	reopen(key);
	ck_assert_uint_eq(waiting(), 0);
	ck_assert_int_eq(eh_os_save(os, "nonces", bytes, len), EH_OK);
	reopen(key);
	ck_assert(waits(n));
	eh_buf_free(&file);
}
END_TEST

static int
no_disk(void *arg, const char *from, const char *to)
{
	(void)arg;
	(void)from;
	(void)to;
	return EH_ERR_STORAGE;
}

static int
no_random(void *arg, void *out, size_t len)
{
	(void)arg;
	(void)out;
	(void)len;
	return EH_ERR_CRYPTO;
}

START_TEST(one_that_cannot_be_kept_is_not_given)
{
	int (*rename)(void *, const char *, const char *) = os->rename;
	int (*draw)(void *, void *, size_t) = os->random;
	uint8_t n[EH_ID_LEN], given[EH_ID_LEN] = { 0 }, none[EH_ID_LEN] = { 0 };

	for (unsigned i = 0; i < 4; i++)
		ask(i == 0 ? n : given);
	memset(given, 0, sizeof(given));
	os->rename = no_disk;
	ck_assert_int_eq(
	    eh_nonces_ask(nonces, given, &f.error), EH_ERR_STORAGE);
	ck_assert_ptr_nonnull(strstr(eh_error_sentence(&f.error), "nonce"));
	os->rename = rename;
	os->random = no_random;
	ck_assert_int_eq(
	    eh_nonces_ask(nonces, given, &f.error), EH_ERR_CRYPTO);
	os->random = draw;
	ck_assert_mem_eq(given, none, EH_ID_LEN);
	ck_assert_uint_eq(waiting(), 4);
	ck_assert(waits(n));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nonce");
	TCase *tc = tcase_create("nonce");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, four_wait_and_the_oldest_makes_room_for_a_fifth);
	tcase_add_test(tc, none_makes_room_while_a_place_is_empty);
	tcase_add_test(tc,
	    a_forgotten_one_stays_forgotten_and_a_foreign_one_changes_nothing);
	tcase_add_test(tc, they_survive_reopening_with_their_readings);
	tcase_add_test(tc, a_file_of_another_key_has_no_nonces);
	tcase_add_test(tc, a_forged_truncated_or_longer_file_has_no_nonces);
	tcase_add_test(tc, one_that_cannot_be_kept_is_not_given);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
