/* SPDX-License-Identifier: Apache-2.0 */
/* test_serial.c - the serial that everybody can compute. */
#include "config.h"

#include <string.h>

#include "common/x509/serial.h"
#include "test/unit/unit.h"

static struct eh_device_id device = { 10, "SN00000042" };
static uint8_t authorization[EH_ID_LEN];

static void
setup(void)
{
	for (size_t i = 0; i < sizeof(authorization); i++)
		authorization[i] = (uint8_t)i;
}

START_TEST(golden_serials_come_out)
{
	/* clang-format off */
	static const struct {
		uint8_t index;
		uint16_t issue;
		const char *hex;
	} golden[] = {
		{ 0, 0,   "5c104a4559d2b96a98ae52f162c712fe" },
		{ 0, 1,   "4dad9dbb1b4ff3f6c4164b693c95a7b2" },
		{ 0, 256, "51cfb2a5b8ba18444c741eec0e8180d5" },
		{ 1, 0,   "472f4564fe6a8edf9660c2055886aaf9" },
	};
	/* clang-format on */
	uint8_t got[EH_SERIAL_LEN], want[EH_SERIAL_LEN];

	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		ck_assert_int_eq(eh_serial(authorization, &device,
				     golden[i].index, golden[i].issue, got),
		    EH_OK);
		unit_hex(golden[i].hex, want, sizeof(want));
		ck_assert_mem_eq(got, want, sizeof(want));
	}
}
END_TEST

START_TEST(serial_is_positive_and_never_shorter)
{
	uint8_t got[EH_SERIAL_LEN];

	for (uint16_t i = 0; i < 1000; i++) {
		ck_assert_int_eq(
		    eh_serial(authorization, &device, 0, i, got), EH_OK);
		ck_assert_uint_ge(got[0], 0x40);
		ck_assert_uint_le(got[0], 0x7f);
	}
}
END_TEST

START_TEST(every_part_counts)
{
	struct eh_device_id other = { 10, "SN00000043" };
	struct eh_device_id shorter = { 9, "SN0000004" };
	uint8_t a[EH_SERIAL_LEN], b[EH_SERIAL_LEN];

	ck_assert_int_eq(eh_serial(authorization, &device, 0, 0, a), EH_OK);
	ck_assert_int_eq(eh_serial(authorization, &other, 0, 0, b), EH_OK);
	ck_assert_mem_ne(a, b, sizeof(a));
	ck_assert_int_eq(eh_serial(authorization, &shorter, 0, 0, b), EH_OK);
	ck_assert_mem_ne(a, b, sizeof(a));
	authorization[15] ^= 1;
	ck_assert_int_eq(eh_serial(authorization, &device, 0, 0, b), EH_OK);
	ck_assert_mem_ne(a, b, sizeof(a));
}
END_TEST

START_TEST(there_is_no_serial_without_a_device)
{
	static const uint8_t zero[EH_SERIAL_LEN];
	struct eh_device_id none = { 0 }, big = { EH_DEVICE_ID_MAX + 1, "" };
	uint8_t got[EH_SERIAL_LEN];

	ck_assert_int_eq(
	    eh_serial(authorization, &none, 0, 0, got), EH_ERR_ARGUMENT);
	ck_assert_mem_eq(got, zero, sizeof(got));
	ck_assert_int_eq(
	    eh_serial(authorization, &big, 0, 0, got), EH_ERR_ARGUMENT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("serial");
	TCase *t = tcase_create("serial");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, golden_serials_come_out);
	tcase_add_test(t, serial_is_positive_and_never_shorter);
	tcase_add_test(t, every_part_counts);
	tcase_add_test(t, there_is_no_serial_without_a_device);
	suite_add_tcase(s, t);
	return unit_run(s);
}
