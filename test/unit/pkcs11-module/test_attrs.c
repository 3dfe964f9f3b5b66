/* SPDX-License-Identifier: Apache-2.0 */
/* test_attrs.c - templates in, values and bytes out. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "pkcs11-module/attrs.h"
#include "test/unit/unit.h"

START_TEST(a_null_buffer_is_told_the_length)
{
	CK_ULONG len = 99;

	ck_assert_uint_eq(eh_out_bytes("abc", 3, NULL, &len), CKR_OK);
	ck_assert_uint_eq(len, 3);
}
END_TEST

START_TEST(a_short_buffer_gets_the_length_and_not_one_octet)
{
	CK_BYTE out[3] = { 1, 1, 1 };
	CK_ULONG len = 2;

	ck_assert_uint_eq(
	    eh_out_bytes("abc", 3, out, &len), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(out, "\1\1\1", 3);
	ck_assert_uint_eq(eh_out_bytes("abc", 3, out, &len), CKR_OK);
	ck_assert_mem_eq(out, "abc", 3);
}
END_TEST

START_TEST(a_missing_length_is_an_argument_error)
{
	CK_BYTE out[3];

	ck_assert_uint_eq(
	    eh_out_bytes("abc", 3, out, NULL), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(output_may_overlap_its_source)
{
	CK_BYTE memory[] = "0123456789";
	CK_ULONG len = 8;

	ck_assert_uint_eq(eh_out_bytes(memory, 8, memory + 2, &len), CKR_OK);
	ck_assert_mem_eq(memory, "0101234567", 10);
}
END_TEST

START_TEST(a_query_ends_the_call_only_when_it_is_one)
{
	CK_BYTE out[4];
	CK_ULONG len = 4;
	CK_RV rv;

	ck_assert_int_eq(eh_out_query(4, out, &len, &rv), 0);
	ck_assert_int_eq(eh_out_query(4, NULL, &len, &rv), 1);
	ck_assert_uint_eq(rv, CKR_OK);
	len = 3;
	ck_assert_int_eq(eh_out_query(4, out, &len, &rv), 1);
	ck_assert_uint_eq(rv, CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(len, 4);
}
END_TEST

START_TEST(a_value_is_given_as_get_attribute_value_wants_it)
{
	CK_BYTE out[8];
	CK_ATTRIBUTE a = { CKA_LABEL, NULL, 0 };
	struct eh_value v;

	eh_value_text(&v, "label");
	ck_assert_uint_eq(eh_value_give(&v, &a), CKR_OK);
	ck_assert_uint_eq(a.ulValueLen, 5);
	a.pValue = out;
	a.ulValueLen = 4;
	ck_assert_uint_eq(eh_value_give(&v, &a), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(a.ulValueLen, CK_UNAVAILABLE_INFORMATION);
	a.ulValueLen = 8;
	ck_assert_uint_eq(eh_value_give(&v, &a), CKR_OK);
	ck_assert_uint_eq(a.ulValueLen, 5);
	ck_assert_mem_eq(out, "label", 5);
}
END_TEST

START_TEST(numbers_and_truths_have_their_exact_size)
{
	unsigned char raw[sizeof(CK_ULONG) + 1] = { 0 };
	CK_ULONG number = 7, out;
	CK_BBOOL truth = 2;
	int t;
	CK_ATTRIBUTE a = { CKA_CLASS, raw + 1, sizeof(number) };

	memcpy(raw + 1, &number, sizeof(number)); /* misaligned on purpose */
	ck_assert_int_eq(eh_attrs_number(&a, &out), 1);
	ck_assert_uint_eq(out, 7);
	a.ulValueLen = 4;
	ck_assert_int_eq(eh_attrs_number(&a, &out), 0);
	a.pValue = &truth;
	a.ulValueLen = 1;
	ck_assert_int_eq(eh_attrs_truth(&a, &t), 0);
	truth = CK_TRUE;
	ck_assert_int_eq(eh_attrs_truth(&a, &t), 1);
	ck_assert_int_eq(t, 1);
	a.ulValueLen = 2;
	ck_assert_int_eq(eh_attrs_truth(&a, &t), 0);
}
END_TEST

START_TEST(text_is_printable_and_fits)
{
	char out[6];
	CK_ATTRIBUTE a = { CKA_LABEL, (void *)(uintptr_t) "12345", 5 };

	ck_assert_int_eq(eh_attrs_text(&a, out, 6), 1);
	ck_assert_str_eq(out, "12345");
	ck_assert_int_eq(eh_attrs_text(&a, out, 5), 0);
	a.pValue = (void *)(uintptr_t) "12\n45";
	ck_assert_int_eq(eh_attrs_text(&a, out, 6), 0);
	a.pValue = (void *)(uintptr_t) "12\xc3\xa4" "5";
	ck_assert_int_eq(eh_attrs_text(&a, out, 6), 0);
	a.ulValueLen = 0;
	ck_assert_int_eq(eh_attrs_text(&a, out, 6), 1);
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(insane_templates_are_refused_before_they_are_read)
{
	CK_ATTRIBUTE a[2] = { { CKA_LABEL, NULL, 0 }, { CKA_ID, NULL, 1 } };

	ck_assert_uint_eq(eh_attrs_check(NULL, 0, EH_ATTRS_GIVEN), CKR_OK);
	ck_assert_uint_eq(
	    eh_attrs_check(NULL, 1, EH_ATTRS_GIVEN), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(eh_attrs_check(a, (CK_ULONG)1 << 63, EH_ATTRS_GIVEN),
	    CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(eh_attrs_check(a, EH_ATTRS_MAX + 1, EH_ATTRS_ASKED),
	    CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(eh_attrs_check(a, 1, EH_ATTRS_GIVEN), CKR_OK);
	ck_assert_uint_eq(eh_attrs_check(a, 2, EH_ATTRS_ASKED), CKR_OK);
	ck_assert_uint_eq(eh_attrs_check(a, 2, EH_ATTRS_GIVEN),
	    CKR_ATTRIBUTE_VALUE_INVALID);
	a[1].pValue = a;
	a[1].ulValueLen = (CK_ULONG)1 << 62;
	ck_assert_uint_eq(eh_attrs_check(a, 2, EH_ATTRS_GIVEN),
	    CKR_ATTRIBUTE_VALUE_INVALID);
}
END_TEST

START_TEST(an_attribute_is_found_by_its_type)
{
	CK_ATTRIBUTE a[2] = { { CKA_LABEL, NULL, 0 }, { CKA_ID, NULL, 0 } };

	ck_assert_ptr_eq(eh_attrs_find(a, 2, CKA_ID), &a[1]);
	ck_assert_ptr_null(eh_attrs_find(a, 2, CKA_CLASS));
	ck_assert_ptr_null(eh_attrs_find(NULL, 0, CKA_CLASS));
}
END_TEST

START_TEST(values_match_by_all_of_their_octets)
{
	struct eh_value v;
	CK_ATTRIBUTE a = { CKA_LABEL, (void *)(uintptr_t) "ab", 2 };

	eh_value_text(&v, "ab");
	ck_assert_int_eq(eh_value_matches(&v, &a), 1);
	a.ulValueLen = 1;
	ck_assert_int_eq(eh_value_matches(&v, &a), 0);
	a.pValue = NULL;
	a.ulValueLen = 0;
	ck_assert_int_eq(eh_value_matches(&v, &a), 0);
	eh_value_bytes(&v, "", 0);
	ck_assert_int_eq(eh_value_matches(&v, &a), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("attrs");
	TCase *t = tcase_create("attrs");

	tcase_add_test(t, a_null_buffer_is_told_the_length);
	tcase_add_test(t, a_short_buffer_gets_the_length_and_not_one_octet);
	tcase_add_test(t, a_missing_length_is_an_argument_error);
	tcase_add_test(t, output_may_overlap_its_source);
	tcase_add_test(t, a_query_ends_the_call_only_when_it_is_one);
	tcase_add_test(t, a_value_is_given_as_get_attribute_value_wants_it);
	tcase_add_test(t, numbers_and_truths_have_their_exact_size);
	tcase_add_test(t, text_is_printable_and_fits);
	tcase_add_test(t, insane_templates_are_refused_before_they_are_read);
	tcase_add_test(t, an_attribute_is_found_by_its_type);
	tcase_add_test(t, values_match_by_all_of_their_octets);
	suite_add_tcase(s, t);
	return unit_run(s);
}
