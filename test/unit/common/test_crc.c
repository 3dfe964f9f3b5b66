/* SPDX-License-Identifier: Apache-2.0 */
/* test_crc.c - CRC-32C against published values, and piece by piece. */
#include "config.h"

#include <string.h>

#include "common/crc.h"
#include "test/unit/unit.h"

START_TEST(check_value_is_the_published_one)
{
	ck_assert_uint_eq(eh_crc32c(0, "123456789", 9), 0xe3069283);
	ck_assert_uint_eq(eh_crc32c(0, NULL, 0), 0);
}
END_TEST

/* RFC 3720 section B.4. */
START_TEST(iscsi_examples_agree)
{
	uint8_t b[32];

	memset(b, 0, sizeof(b));
	ck_assert_uint_eq(eh_crc32c(0, b, sizeof(b)), 0x8a9136aa);
	memset(b, 0xff, sizeof(b));
	ck_assert_uint_eq(eh_crc32c(0, b, sizeof(b)), 0x62a8ab43);
	for (unsigned i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)i;
	ck_assert_uint_eq(eh_crc32c(0, b, sizeof(b)), 0x46dd794e);
}
END_TEST

/* The shift register itself, without the table. */
static uint32_t
bit_by_bit(const uint8_t *p, size_t len)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < 8 * len; i++) {
		crc ^= (uint32_t)(p[i / 8] >> i % 8) & 1;
		crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

START_TEST(every_byte_of_the_table_is_right)
{
	uint8_t b[2] = { 0, 0x5a };

	for (unsigned i = 0; i < 256; i++) {
		b[0] = (uint8_t)i;
		ck_assert_uint_eq(eh_crc32c(0, b, 2), bit_by_bit(b, 2));
	}
}
END_TEST

START_TEST(pieces_give_what_the_whole_gives)
{
	for (size_t i = 0; i <= 9; i++)
		ck_assert_uint_eq(eh_crc32c(eh_crc32c(0, "123456789", i),
		    &"123456789"[i], 9 - i), 0xe3069283);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("crc");
	TCase *t = tcase_create("crc");

	tcase_add_test(t, check_value_is_the_published_one);
	tcase_add_test(t, iscsi_examples_agree);
	tcase_add_test(t, every_byte_of_the_table_is_right);
	tcase_add_test(t, pieces_give_what_the_whole_gives);
	suite_add_tcase(s, t);
	return unit_run(s);
}
