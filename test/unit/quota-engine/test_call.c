/* SPDX-License-Identifier: Apache-2.0 */
/* test_call.c - the memory of a reply, its sentence, its lists. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "quota-engine/list.h"
#include "test/unit/unit.h"

static struct eh_caller caller;
static struct eh_wire in;
static struct eh_call call;

static void
begin(void)
{
	eh_wire_init(&in, EH_REQ_LIST, EH_OK);
	eh_call_init(&call, &caller, &in);
}

static void
end(void)
{
	eh_call_wipe(&call);
}

START_TEST(kept_memory_is_aligned_and_its_own)
{
	uint8_t *piece[64];

	for (size_t i = 0; i < 64; i++) {
		piece[i] = eh_call_keep(&call, 100);
		ck_assert_ptr_nonnull(piece[i]);
		ck_assert_uint_eq((uintptr_t)piece[i] % 16, 0);
		memset(piece[i], (int)i, 100);
	}
	for (size_t i = 0; i < 64; i++)
		for (size_t j = 0; j < 100; j++)
			ck_assert_uint_eq(piece[i][j], i);
	ck_assert_ptr_nonnull(eh_call_keep(&call, 0));
	ck_assert_ptr_null(eh_call_keep(&call, SIZE_MAX));
	ck_assert_ptr_null(eh_call_keep(&call, SIZE_MAX - 16));
}
END_TEST

START_TEST(a_sentence_is_printable_whatever_it_quotes)
{
	const uint8_t *text;
	size_t len;

	eh_call_say(&call, "caf\xc3\xa9 \x1b[31m");
	text = eh_wire_bytes(&call.out, EH_WIRE_TEXT, &len);
	ck_assert_uint_eq(len, 11);
	ck_assert_mem_eq(text, "caf?? ?[31m", len);
}
END_TEST

START_TEST(a_list_reads_back_as_it_was_written)
{
	struct eh_list list;
	const uint8_t *entry;
	size_t cursor = 0, len, n = 0;
	uint8_t bytes[300];

	memset(bytes, 7, sizeof(bytes));
	eh_list_init(&list, 100000);
	for (size_t i = 0; i < 200; i++)
		ck_assert_int_eq(eh_list_add_bytes(&list, bytes, i), EH_OK);
	ck_assert_int_eq(eh_list_put(&list, &call, EH_WIRE_OBJECTS), EH_OK);
	eh_list_wipe(&list);
	while (eh_wire_list_next(
	    &call.out, EH_WIRE_OBJECTS, &cursor, &entry, &len)) {
		ck_assert_uint_eq(len, n);
		ck_assert_mem_eq(entry, bytes, len);
		n++;
	}
	ck_assert_uint_eq(n, 200);
}
END_TEST

START_TEST(an_empty_list_is_a_list)
{
	struct eh_list list;

	eh_list_init(&list, 100);
	ck_assert_int_eq(eh_list_put(&list, &call, EH_WIRE_OBJECTS), EH_OK);
	eh_list_wipe(&list);
	ck_assert(eh_wire_has(&call.out, EH_WIRE_OBJECTS));
}
END_TEST

START_TEST(a_list_stops_at_its_limit_and_keeps_what_it_has)
{
	uint8_t bytes[100] = { 0 };
	struct eh_list list;
	size_t n = 0;

	eh_list_init(&list, 1000);
	while (eh_list_add_bytes(&list, bytes, sizeof(bytes)) == EH_OK)
		n++;
	ck_assert_uint_eq(n, 9);
	ck_assert_int_eq(
	    eh_list_add_bytes(&list, bytes, SIZE_MAX), EH_ERR_SPACE);
	ck_assert_int_eq(eh_list_put(&list, &call, EH_WIRE_OBJECTS), EH_OK);
	ck_assert_uint_eq(call.out.field[EH_WIRE_OBJECTS].entries, 9);
	eh_list_wipe(&list);
}
END_TEST

START_TEST(a_map_is_an_entry)
{
	struct eh_wire map, back;
	const uint8_t *entry;
	size_t cursor = 0, len;
	struct eh_list list;

	eh_wire_init(&map, EH_MAP_OBJECT, EH_OK);
	eh_wire_put_number(&map, EH_WIRE_OBJECT, 5);
	eh_wire_put_number(&map, EH_WIRE_CLASS, EH_CLASS_DATA);
	eh_wire_put_text(&map, EH_WIRE_LABEL, "x");
	eh_list_init(&list, 1000);
	/* A mandatory member is missing. */
	ck_assert_int_eq(eh_list_add(&list, &map), EH_ERR_INTERNAL);
	eh_wire_put_bytes(&map, EH_WIRE_ID, "id", 2);
	ck_assert_int_eq(eh_list_add(&list, &map), EH_OK);
	ck_assert_int_eq(eh_list_put(&list, &call, EH_WIRE_OBJECTS), EH_OK);
	eh_list_wipe(&list);
	ck_assert_int_eq(eh_wire_list_next(&call.out, EH_WIRE_OBJECTS, &cursor,
			     &entry, &len),
	    1);
	ck_assert_int_eq(
	    eh_wire_decode_reply(&back, EH_MAP_OBJECT, entry, len), EH_OK);
	ck_assert_uint_eq(eh_wire_number(&back, EH_WIRE_OBJECT), 5);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("call");
	TCase *c = tcase_create("call");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, kept_memory_is_aligned_and_its_own);
	tcase_add_test(c, a_sentence_is_printable_whatever_it_quotes);
	tcase_add_test(c, a_list_reads_back_as_it_was_written);
	tcase_add_test(c, an_empty_list_is_a_list);
	tcase_add_test(c, a_list_stops_at_its_limit_and_keeps_what_it_has);
	tcase_add_test(c, a_map_is_an_entry);
	suite_add_tcase(s, c);
	return unit_run(s);
}
