/* SPDX-License-Identifier: Apache-2.0 */
/* test_buf.c - it grows up to its limit and no further. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "test/unit/unit.h"

START_TEST(bytes_come_out_as_they_went_in)
{
	struct eh_buf b;
	uint8_t c;

	eh_buf_init(&b, 1000);
	for (unsigned i = 0; i < 1000; i++) {
		c = (uint8_t)(i * 7);
		ck_assert_int_eq(eh_buf_append(&b, &c, 1), EH_OK);
	}
	ck_assert_uint_eq(b.len, 1000);
	ck_assert_uint_le(b.cap, 1000);
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_uint_eq(b.data[i], (uint8_t)(i * 7));
	eh_buf_free(&b);
}
END_TEST

START_TEST(one_byte_above_the_limit_is_refused)
{
	struct eh_buf b;

	eh_buf_init(&b, 4);
	ck_assert_int_eq(eh_buf_append(&b, "abcd", 4), EH_OK);
	ck_assert_int_eq(eh_buf_append(&b, "e", 1), EH_ERR_FULL);
	ck_assert_int_eq(eh_buf_reserve(&b, SIZE_MAX), EH_ERR_FULL);
	ck_assert_int_eq(eh_buf_append(&b, "", 0), EH_OK);
	ck_assert_uint_eq(b.len, 4);
	ck_assert_mem_eq(b.data, "abcd", 4);
	eh_buf_free(&b);
}
END_TEST

START_TEST(limit_of_nothing_holds_nothing)
{
	struct eh_buf b;

	eh_buf_init(&b, 0);
	ck_assert_int_eq(eh_buf_append(&b, NULL, 0), EH_OK);
	ck_assert_int_eq(eh_buf_append(&b, "a", 1), EH_ERR_FULL);
	ck_assert_ptr_null(b.data);
	eh_buf_free(&b);
}
END_TEST

/* A sanitizer would rather stop than let malloc() return NULL. */
const char *__asan_default_options(void)
    __attribute__((visibility("default")));

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

START_TEST(more_than_there_is_memory_is_an_error)
{
	struct eh_buf b;

	eh_buf_init(&b, SIZE_MAX / 2);
	ck_assert_int_eq(eh_buf_append(&b, "ab", 2), EH_OK);
	ck_assert_int_eq(
	    eh_buf_reserve(&b, SIZE_MAX / 2 - 2), EH_ERR_MEMORY);
	ck_assert_mem_eq(b.data, "ab", 2);
	eh_buf_free(&b);
}
END_TEST

START_TEST(reserved_room_is_used_by_extend)
{
	struct eh_buf b;

	eh_buf_init(&b, 100);
	ck_assert_int_eq(eh_buf_reserve(&b, 80), EH_OK);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_uint_ge(b.cap, 80);
	memset(b.data, 'x', 80);
	eh_buf_extend(&b, 80);
	ck_assert_uint_eq(b.len, 80);
	eh_buf_free(&b);
}
END_TEST

START_TEST(what_is_cleared_is_wiped)
{
	struct eh_buf b;

	eh_buf_init(&b, 100);
	ck_assert_int_eq(eh_buf_append(&b, "secret!", 7), EH_OK);
	eh_buf_clear(&b);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_mem_eq(b.data, "\0\0\0\0\0\0\0", 7);
	eh_buf_free(&b);
}
END_TEST

START_TEST(taken_bytes_belong_to_the_caller)
{
	struct eh_buf b;
	uint8_t *p;
	size_t n;

	eh_buf_init(&b, 100);
	ck_assert_ptr_null(eh_buf_take(&b, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(eh_buf_append(&b, "abc", 3), EH_OK);
	p = eh_buf_take(&b, &n);
	ck_assert_uint_eq(n, 3);
	ck_assert_mem_eq(p, "abc", 3);
	ck_assert_ptr_null(b.data);
	ck_assert_int_eq(eh_buf_append(&b, "d", 1), EH_OK);
	ck_assert_mem_eq(p, "abc", 3);
	free(p);
	eh_buf_free(&b);
}
END_TEST

START_TEST(freeing_twice_or_nothing_is_allowed)
{
	struct eh_buf b;

	eh_buf_init(&b, 100);
	ck_assert_int_eq(eh_buf_append(&b, "abc", 3), EH_OK);
	eh_buf_free(&b);
	ck_assert_ptr_null(b.data);
	eh_buf_free(&b);
	eh_buf_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("buf");
	TCase *t = tcase_create("buf");

	tcase_add_test(t, bytes_come_out_as_they_went_in);
	tcase_add_test(t, one_byte_above_the_limit_is_refused);
	tcase_add_test(t, limit_of_nothing_holds_nothing);
	tcase_add_test(t, more_than_there_is_memory_is_an_error);
	tcase_add_test(t, reserved_room_is_used_by_extend);
	tcase_add_test(t, what_is_cleared_is_wiped);
	tcase_add_test(t, taken_bytes_belong_to_the_caller);
	tcase_add_test(t, freeing_twice_or_nothing_is_allowed);
	suite_add_tcase(s, t);
	return unit_run(s);
}
