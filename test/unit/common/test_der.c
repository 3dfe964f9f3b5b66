/* SPDX-License-Identifier: Apache-2.0 */
/* test_der.c - one way to write it, one way to read it. */
#include "config.h"

#include <string.h>

#include "common/der/der.h"
#include "test/unit/unit.h"

/* Begin to read hexadecimal digits; they live until the next call. */
static struct eh_der
reader(const char *hex)
{
	static uint8_t bytes[512];
	struct eh_der d;

	eh_der_init(&d, bytes, unit_hex(hex, bytes, sizeof(bytes)));
	return d;
}

/* What reading one element, whatever it is, ends with. */
static int
any(const char *hex)
{
	struct eh_der d = reader(hex);
	size_t len;

	eh_der_any(&d, &len);
	return eh_der_end(&d);
}

START_TEST(levels_are_entered_and_left)
{
	struct eh_der d = reader("3009 a003020102 3000 0500");
	size_t len;

	eh_der_enter(&d, EH_DER_SEQUENCE);
	ck_assert(eh_der_if_enter(&d, EH_DER_CONTEXT(0)));
	ck_assert_uint_eq(eh_der_uint(&d, 0, 2), 2);
	ck_assert_int_eq(eh_der_peek(&d), -1);
	eh_der_leave(&d);
	ck_assert(!eh_der_if_enter(&d, EH_DER_CONTEXT(1)));
	ck_assert_int_eq(eh_der_peek(&d), EH_DER_SEQUENCE);
	eh_der_element(&d, EH_DER_SEQUENCE, &len);
	ck_assert_uint_eq(len, 2);
	eh_der_get(&d, EH_DER_NULL, &len);
	ck_assert_uint_eq(len, 0);
	eh_der_leave(&d);
	ck_assert_int_eq(eh_der_end(&d), EH_OK);
}
END_TEST

START_TEST(unread_contents_are_refused)
{
	struct eh_der d = reader("3006 020101 020102");

	eh_der_enter(&d, EH_DER_SEQUENCE);
	ck_assert_uint_eq(eh_der_uint(&d, 1, 1), 1);
	eh_der_leave(&d);
	ck_assert_int_eq(eh_der_end(&d), EH_ERR_FORMAT);
}
END_TEST

START_TEST(bytes_behind_are_refused)
{
	ck_assert_int_eq(any("0500"), EH_OK);
	ck_assert_int_eq(any("0500 00"), EH_ERR_TRAILING);
}
END_TEST

START_TEST(lengths_have_one_form)
{
	char hex[2 * 300 + 16] = "04 8180";

	for (int i = 0; i < 128; i++)
		strcat(hex, "aa");
	ck_assert_int_eq(any(hex), EH_OK);
	memcpy(hex, "04 7f  ", 7);	/* 127 of 128: one is left */
	ck_assert_int_eq(any(hex), EH_ERR_TRAILING);
	ck_assert_int_eq(any("04 8101 aa"), EH_ERR_FORMAT);
	ck_assert_int_eq(any("04 820001 aa"), EH_ERR_FORMAT);
	ck_assert_int_eq(any("04 01 aa"), EH_OK);
	ck_assert_int_eq(any("30 80 0000"), EH_ERR_FORMAT);
	ck_assert_int_eq(any("04 8401000000 aa"), EH_ERR_FORMAT);
	ck_assert_int_eq(any("04 ff aa"), EH_ERR_FORMAT);
	ck_assert_int_eq(any("04 02 aa"), EH_ERR_FORMAT);
	ck_assert_int_eq(any("04"), EH_ERR_FORMAT);
	ck_assert_int_eq(any("04 82 01"), EH_ERR_FORMAT);
	ck_assert_int_eq(any(""), EH_ERR_FORMAT);
}
END_TEST

START_TEST(long_tags_and_end_of_contents_are_refused)
{
	ck_assert_int_eq(any("1f2a 00"), EH_ERR_FORMAT);
	ck_assert_int_eq(any("bf2a 00"), EH_ERR_FORMAT);
	ck_assert_int_eq(any("0000"), EH_ERR_FORMAT);
}
END_TEST

START_TEST(element_does_not_reach_beyond_its_level)
{
	struct eh_der d = reader("3003 0402aa bb");
	size_t len;

	eh_der_enter(&d, EH_DER_SEQUENCE);
	eh_der_get(&d, EH_DER_OCTET_STRING, &len);
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(eh_der_end(&d), EH_ERR_FORMAT);
	/* Neither does the head of one. */
	d = reader("3001 04 01aa");
	eh_der_enter(&d, EH_DER_SEQUENCE);
	eh_der_get(&d, EH_DER_OCTET_STRING, &len);
	ck_assert_int_eq(eh_der_end(&d), EH_ERR_FORMAT);
}
END_TEST

START_TEST(nothing_is_read_at_the_end_of_a_level)
{
	struct eh_der d = reader("3000 0500");
	size_t len;

	eh_der_enter(&d, EH_DER_SEQUENCE);
	ck_assert_int_eq(eh_der_peek(&d), -1);
	eh_der_get(&d, EH_DER_NULL, &len);
	ck_assert_int_eq(eh_der_end(&d), EH_ERR_FORMAT);
}
END_TEST

START_TEST(depth_is_bounded)
{
	/* One level more than the reader keeps. */
	static const char hex[] = "3020 301e 301c 301a 3018 3016 3014 3012 "
				  "3010 300e 300c 300a 3008 3006 3004 3002 "
				  "3000";
	struct eh_der d = reader(hex);

	for (int i = 0; i < EH_DER_DEPTH; i++)
		eh_der_enter(&d, EH_DER_SEQUENCE);
	ck_assert_int_eq(d.in.err, EH_OK);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	ck_assert_int_eq(eh_der_end(&d), EH_ERR_FORMAT);
}
END_TEST

START_TEST(element_not_left_is_our_own_mistake)
{
	struct eh_der d = reader("3000");

	eh_der_enter(&d, EH_DER_SEQUENCE);
	ck_assert_int_eq(eh_der_end(&d), EH_ERR_INTERNAL);
	d = reader("3000");
	eh_der_leave(&d);
	ck_assert_int_eq(eh_der_end(&d), EH_ERR_INTERNAL);
}
END_TEST

static int
integer(const char *hex, uint64_t min, uint64_t max, uint64_t *valuep)
{
	struct eh_der d = reader(hex);

	*valuep = eh_der_uint(&d, min, max);
	return eh_der_end(&d);
}

START_TEST(integers_have_one_form)
{
	uint64_t v;

	ck_assert_int_eq(integer("020100", 0, 9, &v), EH_OK);
	ck_assert_uint_eq(v, 0);
	ck_assert_int_eq(integer("02020080", 0, 128, &v), EH_OK);
	ck_assert_uint_eq(v, 128);
	ck_assert_int_eq(
	    integer("020900ffffffffffffffff", 0, UINT64_MAX, &v), EH_OK);
	ck_assert_uint_eq(v, UINT64_MAX);
	ck_assert_int_eq(integer("02020001", 0, 9, &v), EH_ERR_FORMAT);
	ck_assert_uint_eq(v, 0);
	ck_assert_int_eq(integer("0200", 0, 9, &v), EH_ERR_FORMAT);
	ck_assert_int_eq(integer("0201ff", 0, UINT64_MAX, &v), EH_ERR_FORMAT);
	ck_assert_int_eq(integer("0202ff80", 0, UINT64_MAX, &v), EH_ERR_FORMAT);
	ck_assert_int_eq(
	    integer("0209010000000000000000", 0, UINT64_MAX, &v),
	    EH_ERR_FORMAT);
	ck_assert_int_eq(integer("02010a", 0, 9, &v), EH_ERR_FORMAT);
	ck_assert_int_eq(integer("020100", 1, 9, &v), EH_ERR_FORMAT);
	ck_assert_int_eq(integer("030100", 0, 9, &v), EH_ERR_FORMAT);
}
END_TEST

START_TEST(booleans_are_00_or_ff)
{
	struct eh_der d = reader("0101ff 010100 010101");

	ck_assert_int_eq(eh_der_bool(&d), 1);
	ck_assert_int_eq(eh_der_bool(&d), 0);
	ck_assert_int_eq(d.in.err, EH_OK);
	ck_assert_int_eq(eh_der_bool(&d), 0);
	ck_assert_int_eq(eh_der_end(&d), EH_ERR_FORMAT);
	d = reader("0102ffff");
	eh_der_bool(&d);
	ck_assert_int_eq(eh_der_end(&d), EH_ERR_FORMAT);
}
END_TEST

static int
bits(const char *hex, unsigned *unusedp, size_t *lenp)
{
	struct eh_der d = reader(hex);

	eh_der_bits(&d, unusedp, lenp);
	return eh_der_end(&d);
}

START_TEST(unused_bits_are_zero)
{
	unsigned unused;
	size_t len;

	ck_assert_int_eq(bits("03020780", &unused, &len), EH_OK);
	ck_assert_uint_eq(unused, 7);
	ck_assert_uint_eq(len, 1);
	ck_assert_int_eq(bits("030100", &unused, &len), EH_OK);
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(bits("030207c0", &unused, &len), EH_ERR_FORMAT);
	ck_assert_int_eq(bits("03020880", &unused, &len), EH_ERR_FORMAT);
	ck_assert_int_eq(bits("030101", &unused, &len), EH_ERR_FORMAT);
	ck_assert_int_eq(bits("0300", &unused, &len), EH_ERR_FORMAT);
}
END_TEST

START_TEST(oids_are_checked)
{
	struct eh_der d = reader("0603550403 06025580");
	size_t len;

	eh_der_oid(&d, &len);
	ck_assert_uint_eq(len, 3);
	eh_der_oid(&d, &len);
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(eh_der_end(&d), EH_ERR_FORMAT);
}
END_TEST

START_TEST(after_an_error_contents_are_empty)
{
	struct eh_der d = reader("0500");
	size_t len = 9;
	unsigned unused = 9;

	eh_der_fail(&d, EH_ERR_FORMAT);
	ck_assert_ptr_nonnull(eh_der_get(&d, EH_DER_NULL, &len));
	ck_assert_uint_eq(len, 0);
	ck_assert_ptr_nonnull(eh_der_any(&d, &len));
	ck_assert_ptr_nonnull(eh_der_bits(&d, &unused, &len));
	ck_assert_ptr_nonnull(eh_der_oid(&d, &len));
	ck_assert_ptr_nonnull(eh_der_integer(&d, &len));
	ck_assert_uint_eq(unused, 0);
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(eh_der_peek(&d), -1);
	ck_assert_int_eq(eh_der_end(&d), EH_ERR_FORMAT);
}
END_TEST

/* --- writing ----------------------------------------------------------- */

START_TEST(written_is_what_was_meant)
{
	uint8_t out[64], want[64];
	struct eh_der_writer w;
	size_t len, wantlen;

	eh_der_writer_init(&w, out, sizeof(out));
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	eh_der_put_uint(&w, 0);
	eh_der_put_uint(&w, 127);
	eh_der_put_uint(&w, 128);
	eh_der_put_uint(&w, 256);
	eh_der_put_uint(&w, UINT64_MAX);
	eh_der_put_bool(&w, 1);
	eh_der_put_bool(&w, 0);
	eh_der_put_oid(&w, "2.5.4.3");
	eh_der_put(&w, EH_DER_NULL, NULL, 0);
	eh_der_put_end(&w);
	ck_assert_int_eq(eh_der_writer_end(&w, &len), EH_OK);
	wantlen = unit_hex("3026 020100 02017f 02020080 02020100 "
			   "020900ffffffffffffffff 0101ff 010100 0603550403 "
			   "0500", want, sizeof(want));
	ck_assert_uint_eq(len, wantlen);
	ck_assert_mem_eq(out, want, len);
}
END_TEST

START_TEST(lengths_grow_and_marks_move_along)
{
	static const size_t sizes[] = { 0, 127, 128, 255, 256, 65535, 65536 };
	static uint8_t out[70000];
	struct eh_der_writer w;
	size_t len;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct eh_der d;
		unsigned before, inside, behind;

		eh_der_writer_init(&w, out, sizeof(out));
		before = eh_der_put_mark(&w);
		eh_der_put_begin(&w, EH_DER_SEQUENCE);
		eh_der_put_begin(&w, EH_DER_OCTET_STRING);
		inside = eh_der_put_mark(&w);
		eh_der_put_zeros(&w, sizes[i]);
		eh_der_put_end(&w);
		behind = eh_der_put_mark(&w);
		eh_der_put(&w, EH_DER_NULL, NULL, 0);
		eh_der_put_end(&w);
		ck_assert_int_eq(eh_der_writer_end(&w, &len), EH_OK);
		ck_assert_uint_eq(eh_der_writer_offset(&w, before), 0);
		ck_assert_uint_eq(eh_der_writer_offset(&w, behind), len - 2);
		ck_assert_uint_eq(
		    eh_der_writer_offset(&w, inside), len - 2 - sizes[i]);
		eh_der_init(&d, out, len);
		eh_der_enter(&d, EH_DER_SEQUENCE);
		eh_der_get(&d, EH_DER_OCTET_STRING, &len);
		ck_assert_uint_eq(len, sizes[i]);
		eh_der_get(&d, EH_DER_NULL, &len);
		eh_der_leave(&d);
		ck_assert_int_eq(eh_der_end(&d), EH_OK);
	}
}
END_TEST

START_TEST(too_little_room_is_said_and_nothing_overrun)
{
	uint8_t out[16];
	struct eh_der_writer w;
	size_t len = 9;

	memset(out, 0x5a, sizeof(out));
	eh_der_writer_init(&w, out, 8);
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	eh_der_put_zeros(&w, 7);
	eh_der_put_end(&w);
	ck_assert_int_eq(eh_der_writer_end(&w, &len), EH_ERR_SPACE);
	ck_assert_uint_eq(len, 0);
	for (size_t i = 8; i < sizeof(out); i++)
		ck_assert_uint_eq(out[i], 0x5a);
	/* The length's own octets count too. */
	eh_der_writer_init(&w, out, 1);
	eh_der_put(&w, EH_DER_NULL, NULL, 0);
	ck_assert_int_eq(eh_der_writer_end(&w, &len), EH_ERR_SPACE);
}
END_TEST

START_TEST(misuse_of_the_writer_latches)
{
	uint8_t out[512];
	struct eh_der_writer w;
	size_t len;

	eh_der_writer_init(&w, out, sizeof(out));
	eh_der_put_end(&w);
	ck_assert_int_eq(eh_der_writer_end(&w, &len), EH_ERR_INTERNAL);
	eh_der_writer_init(&w, out, sizeof(out));
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	ck_assert_int_eq(eh_der_writer_end(&w, &len), EH_ERR_INTERNAL);
	eh_der_writer_init(&w, out, sizeof(out));
	for (int i = 0; i <= EH_DER_DEPTH; i++)
		eh_der_put_begin(&w, EH_DER_SEQUENCE);
	ck_assert_int_eq(eh_der_writer_end(&w, &len), EH_ERR_INTERNAL);
	eh_der_writer_init(&w, out, sizeof(out));
	for (int i = 0; i <= EH_DER_MARKS; i++)
		eh_der_put_mark(&w);
	ck_assert_int_eq(eh_der_writer_end(&w, &len), EH_ERR_INTERNAL);
	eh_der_writer_init(&w, out, sizeof(out));
	eh_der_put_oid(&w, "2.5.4.");
	ck_assert_int_eq(eh_der_writer_end(&w, &len), EH_ERR_FORMAT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("der");
	TCase *t = tcase_create("der");

	tcase_add_test(t, levels_are_entered_and_left);
	tcase_add_test(t, unread_contents_are_refused);
	tcase_add_test(t, bytes_behind_are_refused);
	tcase_add_test(t, lengths_have_one_form);
	tcase_add_test(t, long_tags_and_end_of_contents_are_refused);
	tcase_add_test(t, element_does_not_reach_beyond_its_level);
	tcase_add_test(t, nothing_is_read_at_the_end_of_a_level);
	tcase_add_test(t, depth_is_bounded);
	tcase_add_test(t, element_not_left_is_our_own_mistake);
	tcase_add_test(t, integers_have_one_form);
	tcase_add_test(t, booleans_are_00_or_ff);
	tcase_add_test(t, unused_bits_are_zero);
	tcase_add_test(t, oids_are_checked);
	tcase_add_test(t, after_an_error_contents_are_empty);
	tcase_add_test(t, written_is_what_was_meant);
	tcase_add_test(t, lengths_grow_and_marks_move_along);
	tcase_add_test(t, too_little_room_is_said_and_nothing_overrun);
	tcase_add_test(t, misuse_of_the_writer_latches);
	suite_add_tcase(s, t);
	return unit_run(s);
}
