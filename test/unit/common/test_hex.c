/* SPDX-License-Identifier: Apache-2.0 */
/* test_hex.c - two digits a byte, nothing between them. */
#include "config.h"

#include <string.h>

#include "common/hex.h"
#include "test/unit/unit.h"

START_TEST(every_byte_goes_out_and_comes_back)
{
	uint8_t in[256], out[256];
	char text[EH_HEX_SIZE(256)];
	size_t n;

	for (unsigned i = 0; i < 256; i++)
		in[i] = (uint8_t)i;
	eh_hex_encode(in, sizeof(in), text);
	ck_assert_uint_eq(strlen(text), 512);
	ck_assert_mem_eq(text + 2 * 0xa9, "a9aaabac", 8);
	ck_assert_int_eq(eh_hex_decode(text, 512, out, 256, &n), EH_OK);
	ck_assert_uint_eq(n, 256);
	ck_assert_mem_eq(in, out, 256);
	eh_hex_encode(NULL, 0, text);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(either_case_is_read)
{
	uint8_t out[4];

	ck_assert_int_eq(eh_hex_decode_fixed("deADBEef", out, 4), EH_OK);
	ck_assert_mem_eq(out, "\xde\xad\xbe\xef", 4);
}
END_TEST

static const char *const bad[] = { "abc", "ag", "g0", " ab", "ab ", "0x12",
	"a:b:", "+1", "ab\ncd1", "\xc3\xa9" };

START_TEST(anything_else_is_refused)
{
	uint8_t out[8];
	size_t n = 9;

	memset(out, 0xee, sizeof(out));
	ck_assert_int_eq(eh_hex_decode(bad[_i], strlen(bad[_i]), out,
	    sizeof(out), &n), EH_ERR_FORMAT);
	ck_assert_uint_eq(n, 0);
	ck_assert_mem_eq(out, "\0\0\0\0\0\0\0\0", 8);
}
END_TEST

START_TEST(no_more_than_fits_is_written)
{
	uint8_t out[3] = { 1, 1, 0xee };

	ck_assert_int_eq(eh_hex_decode("010203", 6, out, 2, NULL),
	    EH_ERR_SPACE);
	ck_assert_mem_eq(out, "\0\0\xee", 3);
	ck_assert_int_eq(eh_hex_decode("", 0, NULL, 0, NULL), EH_OK);
}
END_TEST

START_TEST(fixed_length_is_exact)
{
	uint8_t out[2];

	ck_assert_int_eq(eh_hex_decode_fixed("0102", out, 2), EH_OK);
	ck_assert_int_eq(eh_hex_decode_fixed("01", out, 2), EH_ERR_FORMAT);
	ck_assert_int_eq(eh_hex_decode_fixed("010203", out, 2), EH_ERR_FORMAT);
	ck_assert_int_eq(eh_hex_decode_fixed("01020", out, 2), EH_ERR_FORMAT);
	ck_assert_mem_eq(out, "\0\0", 2);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("hex");
	TCase *t = tcase_create("hex");

	tcase_add_test(t, every_byte_goes_out_and_comes_back);
	tcase_add_test(t, either_case_is_read);
	tcase_add_loop_test(t, anything_else_is_refused, 0,
	    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(t, no_more_than_fits_is_written);
	tcase_add_test(t, fixed_length_is_exact);
	suite_add_tcase(s, t);
	return unit_run(s);
}
