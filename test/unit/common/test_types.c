/* SPDX-License-Identifier: Apache-2.0 */
/* test_types.c - the values that messages, records and the boundary share. */
#include "config.h"

#include <string.h>

#include "common/message/types.h"
#include "test/unit/unit.h"

START_TEST(names_follow_the_pattern)
{
	char longest[EH_NAME_MAX + 2];

	ck_assert(eh_name_check("a"));
	ck_assert(eh_name_check("PO-4711"));
	ck_assert(eh_name_check("0.certs/0:x_y"));
	memset(longest, 'x', sizeof(longest));
	longest[EH_NAME_MAX] = '\0';
	ck_assert(eh_name_check(longest));

	ck_assert(!eh_name_check(""));
	ck_assert(!eh_name_check("-a"));
	ck_assert(!eh_name_check(".a"));
	ck_assert(!eh_name_check("a b"));
	ck_assert(!eh_name_check("a\x80"));
	ck_assert(!eh_name_check("a@b"));
	longest[EH_NAME_MAX] = 'x';
	longest[EH_NAME_MAX + 1] = '\0';
	ck_assert(!eh_name_check(longest));
}
END_TEST

START_TEST(texts_are_printable)
{
	char longest[EH_TEXT_MAX + 2];

	ck_assert(eh_text_check("op 12 ~"));
	memset(longest, ' ', sizeof(longest));
	longest[EH_TEXT_MAX] = '\0';
	ck_assert(eh_text_check(longest));

	ck_assert(!eh_text_check(""));
	ck_assert(!eh_text_check("a\n"));
	ck_assert(!eh_text_check("\x7f"));
	ck_assert(!eh_text_check("\xc3\xa4"));
	longest[EH_TEXT_MAX] = ' ';
	longest[EH_TEXT_MAX + 1] = '\0';
	ck_assert(!eh_text_check(longest));
}
END_TEST

START_TEST(device_ids_are_equal_in_length_and_octets)
{
	struct eh_device_id a = { 2, { 'A', 'B' } }, b = a;

	ck_assert(eh_device_id_equal(&a, &b));
	b.bytes[2] = 'C';	/* behind the length: says nothing */
	ck_assert(eh_device_id_equal(&a, &b));
	b.len = 3;
	ck_assert(!eh_device_id_equal(&a, &b));
	b.len = 2;
	b.bytes[1] = 'C';
	ck_assert(!eh_device_id_equal(&a, &b));
}
END_TEST

START_TEST(counters_are_kept_in_order)
{
	struct eh_counters c = { 0 };
	struct eh_counter one = { 1, 2, 3, 4 };

	ck_assert_ptr_null(eh_counters_get(&c, 0));
	ck_assert_int_eq(eh_counters_add(&c, 1, &one), EH_OK);
	ck_assert_int_eq(eh_counters_add(&c, 1, &one), EH_ERR_ARGUMENT);
	ck_assert_int_eq(eh_counters_add(&c, 0, &one), EH_ERR_ARGUMENT);
	ck_assert_int_eq(
	    eh_counters_add(&c, EH_OP_MAX + 1, &one), EH_ERR_ARGUMENT);
	ck_assert_uint_eq(eh_counters_get(&c, 1)->reserved, 3);
	for (unsigned op = 2; op <= EH_COUNTERS_MAX; op++)
		ck_assert_int_eq(eh_counters_add(&c, op, &one), EH_OK);
	ck_assert_uint_eq(c.n, EH_COUNTERS_MAX);
	ck_assert_int_eq(
	    eh_counters_add(&c, EH_OP_MAX, &one), EH_ERR_ARGUMENT);
}
END_TEST

START_TEST(everything_has_a_word)
{
	ck_assert_str_eq(eh_op_name(EH_OP_PASS), "device");
	ck_assert_str_eq(eh_op_name(EH_OP_REISSUE), "re-issue");
	ck_assert_str_eq(eh_op_name(10), "unknown operation");
	ck_assert_str_eq(
	    eh_record_kind_name(EH_RECORD_ISSUED), "certificate issued");
	ck_assert_str_eq(eh_record_kind_name(EH_RECORD_CRL), "CRL signed");
	ck_assert_str_eq(eh_record_kind_name(4), "unknown record");
	ck_assert_str_eq(eh_record_kind_name(18), "unknown record");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("types");
	TCase *t = tcase_create("types");

	tcase_add_test(t, names_follow_the_pattern);
	tcase_add_test(t, texts_are_printable);
	tcase_add_test(t, device_ids_are_equal_in_length_and_octets);
	tcase_add_test(t, counters_are_kept_in_order);
	tcase_add_test(t, everything_has_a_word);
	suite_add_tcase(s, t);
	return unit_run(s);
}
