/* SPDX-License-Identifier: Apache-2.0 */
/* test_writer.c - nothing behind the memory is ever written. */
#include "config.h"

#include <string.h>

#include "common/writer.h"
#include "test/unit/unit.h"

static void
write_fifteen(struct eh_writer *w)
{
	eh_writer_u8(w, 1);
	eh_writer_u16(w, 0x0203);
	eh_writer_u32(w, 0x04050607);
	eh_writer_u64(w, 0x08090a0b0c0d0e0f);
}

START_TEST(integers_are_big_endian)
{
	static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
		13, 14, 15 };
	struct eh_writer w;
	uint8_t out[15];
	size_t n;

	eh_writer_init(&w, out, sizeof(out));
	write_fifteen(&w);
	ck_assert_int_eq(eh_writer_end(&w, &n), EH_OK);
	ck_assert_uint_eq(n, 15);
	ck_assert_mem_eq(out, want, 15);
}
END_TEST

START_TEST(too_small_memory_says_how_much_it_takes)
{
	struct eh_writer w;
	uint8_t out[16];
	size_t n;

	for (size_t cap = 0; cap < 15; cap++) {
		memset(out, 0xee, sizeof(out));
		eh_writer_init(&w, out, cap);
		write_fifteen(&w);
		ck_assert_int_eq(eh_writer_end(&w, &n), EH_ERR_SPACE);
		ck_assert_uint_eq(n, 15);
		for (size_t i = cap; i < sizeof(out); i++)
			ck_assert_uint_eq(out[i], 0xee);
	}
}
END_TEST

START_TEST(without_memory_it_counts)
{
	struct eh_writer w;
	size_t n;

	eh_writer_init(&w, NULL, 0);
	write_fifteen(&w);
	eh_writer_bytes(&w, "abc", 3);
	eh_writer_bytes(&w, NULL, 0);
	ck_assert_int_eq(eh_writer_end(&w, &n), EH_ERR_SPACE);
	ck_assert_uint_eq(n, 18);
}
END_TEST

START_TEST(small_piece_behind_one_that_did_not_fit_is_not_written)
{
	struct eh_writer w;
	uint8_t out[4] = { 0xee, 0xee, 0xee, 0xee };
	size_t n;

	eh_writer_init(&w, out, sizeof(out));
	eh_writer_bytes(&w, "abcde", 5);
	eh_writer_u8(&w, 1);
	ck_assert_int_eq(eh_writer_end(&w, &n), EH_ERR_SPACE);
	ck_assert_uint_eq(n, 6);
	ck_assert_mem_eq(out, "\xee\xee\xee\xee", 4);
}
END_TEST

START_TEST(count_does_not_wrap)
{
	struct eh_writer w;
	size_t n;

	eh_writer_init(&w, NULL, 0);
	w.len = SIZE_MAX - 1;
	eh_writer_u16(&w, 0);
	ck_assert_int_eq(eh_writer_end(&w, &n), EH_ERR_ARGUMENT);
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(first_error_stays)
{
	struct eh_writer w;
	uint8_t out[2];
	size_t n;

	eh_writer_init(&w, out, sizeof(out));
	eh_writer_u8(&w, 1);
	eh_writer_fail(&w, EH_ERR_ARGUMENT);
	eh_writer_fail(&w, EH_ERR_FORMAT);
	eh_writer_u64(&w, 1);
	ck_assert_int_eq(eh_writer_end(&w, &n), EH_ERR_ARGUMENT);
	ck_assert_uint_eq(n, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("writer");
	TCase *t = tcase_create("writer");

	tcase_add_test(t, integers_are_big_endian);
	tcase_add_test(t, too_small_memory_says_how_much_it_takes);
	tcase_add_test(t, without_memory_it_counts);
	tcase_add_test(
	    t, small_piece_behind_one_that_did_not_fit_is_not_written);
	tcase_add_test(t, count_does_not_wrap);
	tcase_add_test(t, first_error_stays);
	suite_add_tcase(s, t);
	return unit_run(s);
}
