/* SPDX-License-Identifier: Apache-2.0 */
/* test_reader.c - nothing behind the end is ever read. */
#include "config.h"

#include <string.h>

#include "common/reader.h"
#include "test/unit/unit.h"

static const uint8_t in[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17 };

START_TEST(integers_are_big_endian)
{
	struct eh_reader r;

	eh_reader_init(&r, in, 15);
	ck_assert_uint_eq(eh_reader_u8(&r), 1);
	ck_assert_uint_eq(eh_reader_u16(&r), 0x0203);
	ck_assert_uint_eq(eh_reader_u32(&r), 0x04050607);
	ck_assert_uint_eq(eh_reader_u64(&r), 0x08090a0b0c0d0e0f);
	ck_assert_int_eq(eh_reader_end(&r), EH_OK);
}
END_TEST

START_TEST(bytes_behind_the_message_are_refused)
{
	struct eh_reader r;

	eh_reader_init(&r, in, 2);
	eh_reader_u8(&r);
	ck_assert_int_eq(eh_reader_end(&r), EH_ERR_TRAILING);
	eh_reader_u8(&r);
	ck_assert_int_eq(eh_reader_end(&r), EH_OK);
}
END_TEST

START_TEST(short_integer_is_zero_and_an_error)
{
	struct eh_reader r;

	eh_reader_init(&r, in, 1);
	ck_assert_uint_eq(eh_reader_u16(&r), 0);
	ck_assert_int_eq(eh_reader_end(&r), EH_ERR_FORMAT);
	eh_reader_init(&r, in, 3);
	ck_assert_uint_eq(eh_reader_u32(&r), 0);
	ck_assert_int_eq(eh_reader_end(&r), EH_ERR_FORMAT);
	eh_reader_init(&r, in, 7);
	ck_assert_uint_eq(eh_reader_u64(&r), 0);
	ck_assert_int_eq(eh_reader_end(&r), EH_ERR_FORMAT);
	eh_reader_init(&r, NULL, 0);
	ck_assert_uint_eq(eh_reader_u8(&r), 0);
	ck_assert_int_eq(eh_reader_end(&r), EH_ERR_FORMAT);
}
END_TEST

START_TEST(bytes_are_copied_or_all_zero)
{
	struct eh_reader r;
	uint8_t out[4] = { 9, 9, 9, 9 };

	eh_reader_init(&r, in, 4);
	eh_reader_bytes(&r, out, 4);
	ck_assert_mem_eq(out, in, 4);
	ck_assert_int_eq(eh_reader_end(&r), EH_OK);
	eh_reader_init(&r, in, 3);
	eh_reader_bytes(&r, out, 4);
	ck_assert_mem_eq(out, "\0\0\0\0", 4);
	ck_assert_int_eq(eh_reader_end(&r), EH_ERR_FORMAT);
}
END_TEST

START_TEST(borrow_points_into_the_message)
{
	struct eh_reader r;

	eh_reader_init(&r, in, 4);
	ck_assert_ptr_eq(eh_reader_borrow(&r, 3), in);
	ck_assert_ptr_eq(eh_reader_borrow(&r, 0), in + 3);
	ck_assert_ptr_null(eh_reader_borrow(&r, 2));
	ck_assert_ptr_null(eh_reader_borrow(&r, SIZE_MAX));
	ck_assert_int_eq(eh_reader_end(&r), EH_ERR_FORMAT);
}
END_TEST

START_TEST(first_error_stays)
{
	struct eh_reader r;

	eh_reader_init(&r, in, 4);
	eh_reader_fail(&r, EH_ERR_REPLAYED);
	eh_reader_fail(&r, EH_ERR_FORMAT);
	ck_assert_uint_eq(eh_reader_u8(&r), 0);
	ck_assert_ptr_null(eh_reader_borrow(&r, 1));
	ck_assert_int_eq(eh_reader_end(&r), EH_ERR_REPLAYED);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("reader");
	TCase *t = tcase_create("reader");

	tcase_add_test(t, integers_are_big_endian);
	tcase_add_test(t, bytes_behind_the_message_are_refused);
	tcase_add_test(t, short_integer_is_zero_and_an_error);
	tcase_add_test(t, bytes_are_copied_or_all_zero);
	tcase_add_test(t, borrow_points_into_the_message);
	tcase_add_test(t, first_error_stays);
	suite_add_tcase(s, t);
	return unit_run(s);
}
