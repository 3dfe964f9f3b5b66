/* SPDX-License-Identifier: Apache-2.0 */
/* test_cbor.c - one encoding for each value, and no other gets through. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "test/unit/unit.h"

static uint8_t in[256];

/* Begin to decode ${hex}. */
static void
begin(struct eh_cbor *c, const char *hex)
{
	eh_cbor_init(c, in, unit_hex(hex, in, sizeof(in)), 512);
}

static int
check(const char *hex)
{
	return eh_cbor_check(in, unit_hex(hex, in, sizeof(in)));
}

/* Decode ${hex} as an unsigned integer of the whole range. */
static int
as_uint(const char *hex, uint64_t *vp)
{
	struct eh_cbor c;

	begin(&c, hex);
	*vp = eh_cbor_uint(&c, 0, UINT64_MAX);
	return eh_cbor_end(&c);
}

static const struct {
	uint64_t value;
	const char *hex;
} shortest[] = {
	{ 0, "00" },
	{ 23, "17" },
	{ 24, "1818" },
	{ 255, "18ff" },
	{ 256, "190100" },
	{ 65535, "19ffff" },
	{ 65536, "1a00010000" },
	{ 4294967295, "1affffffff" },
	{ 4294967296, "1b0000000100000000" },
	{ UINT64_MAX, "1bffffffffffffffff" },
};

START_TEST(integer_has_one_form)
{
	uint8_t out[9], want[9];
	struct eh_writer w;
	uint64_t v;
	size_t n;

	ck_assert_int_eq(as_uint(shortest[_i].hex, &v), EH_OK);
	ck_assert_uint_eq(v, shortest[_i].value);
	eh_writer_init(&w, out, sizeof(out));
	eh_cbor_put_uint(&w, shortest[_i].value);
	ck_assert_int_eq(eh_writer_end(&w, &n), EH_OK);
	ck_assert_uint_eq(n, unit_hex(shortest[_i].hex, want, sizeof(want)));
	ck_assert_mem_eq(out, want, n);
}
END_TEST

static const char *const longer[] = { "1800", "1817", "190000", "1900ff",
	"1a0000ffff", "1b0000000000000001", "1b00000000ffffffff", "3817",
	"580141", "5900020102", "7801 61", "980101", "b8010102", "d81200",
	"18", "19ff", "1affffff", "1bffffffffffffff", "1c", "1d", "1e", "1f" };

START_TEST(longer_or_cut_head_is_refused)
{
	struct eh_cbor c;

	ck_assert_int_eq(check(longer[_i]), EH_ERR_FORMAT);
	begin(&c, longer[_i]);
	ck_assert_int_eq(eh_cbor_peek(&c), -1);
}
END_TEST

/* formats.md 1.2: what a lenient decoder lets through. */
static const struct {
	const char *why, *hex;
	int want;
} traps[] = {
	{ "tag 18", "d28440a04040", EH_OK },
	{ "duplicate key", "a201020103", EH_ERR_FORMAT },
	{ "unsorted keys", "a202010103", EH_ERR_FORMAT },
	{ "sorted keys", "a201020203", EH_OK },
	{ "negative keys come last", "a220002001", EH_ERR_FORMAT },
	{ "negative before positive", "a220000101", EH_ERR_FORMAT },
	{ "positive before negative", "a201002001", EH_OK },
	{ "longer key first", "a218180001 00", EH_ERR_FORMAT },
	{ "map as key", "a1a0 00", EH_OK },
	{ "same map as key twice", "a2a000a000", EH_ERR_FORMAT },
	{ "indefinite array", "9f01ff", EH_ERR_FORMAT },
	{ "indefinite bytes", "5f4101ff", EH_ERR_FORMAT },
	{ "indefinite map", "bf0102ff", EH_ERR_FORMAT },
	{ "trailing byte", "0101", EH_ERR_TRAILING },
	{ "half float", "f93c00", EH_ERR_FORMAT },
	{ "single float", "fa47c35000", EH_ERR_FORMAT },
	{ "double float", "fb3ff199999999999a", EH_ERR_FORMAT },
	{ "null", "f6", EH_ERR_FORMAT },
	{ "undefined", "f7", EH_ERR_FORMAT },
	{ "simple 0", "e0", EH_ERR_FORMAT },
	{ "simple 32", "f820", EH_ERR_FORMAT },
	{ "false by two bytes", "f814", EH_ERR_FORMAT },
	{ "break alone", "ff", EH_ERR_FORMAT },
	{ "false", "f4", EH_OK },
	{ "true", "f5", EH_OK },
	{ "nothing", "", EH_ERR_FORMAT },
	{ "tag without content", "c0", EH_ERR_FORMAT },
	{ "tag in an array", "81c001", EH_OK },
	{ "tag behind an array", "8101c001", EH_ERR_TRAILING },
	{ "tag without content in an array", "8201c0", EH_ERR_FORMAT },
	{ "array of 2^62", "9b5353535353535353", EH_ERR_FORMAT },
	{ "map of 2^63 pairs", "bb8000000000000000", EH_ERR_FORMAT },
	{ "bytes of 2^64-1", "5bffffffffffffffff", EH_ERR_FORMAT },
	{ "six deep", "81818181818100", EH_OK },
	{ "seven deep", "8181818181818100", EH_ERR_FORMAT },
	{ "map without its value", "a101", EH_ERR_FORMAT },
	{ "UTF-8, overlong", "62c080", EH_ERR_FORMAT },
	{ "UTF-8, surrogate", "63eda080", EH_ERR_FORMAT },
	{ "UTF-8, above 10ffff", "64f4908080", EH_ERR_FORMAT },
	{ "UTF-8, cut", "61c3", EH_ERR_FORMAT },
	{ "UTF-8, bad third byte", "63e6b041", EH_ERR_FORMAT },
	{ "UTF-8", "63e6b0b4", EH_OK },
	{ "bytes that are no UTF-8", "41ff", EH_OK },
};

START_TEST(trap_is_told)
{
	int got = check(traps[_i].hex);

	ck_assert_msg(got == traps[_i].want, "%s: %s", traps[_i].why,
	    eh_err_name(got));
}
END_TEST

START_TEST(eighty_deep_is_refused)
{
	memset(in, 0x81, 80);
	in[80] = 0;
	ck_assert_int_eq(eh_cbor_check(in, 81), EH_ERR_FORMAT);
}
END_TEST

START_TEST(integers_keep_their_range)
{
	struct eh_cbor c;

	begin(&c, "05");
	ck_assert_uint_eq(eh_cbor_uint(&c, 5, 5), 5);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);
	begin(&c, "05");
	ck_assert_uint_eq(eh_cbor_uint(&c, 6, 9), 0);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);
	begin(&c, "05");
	ck_assert_uint_eq(eh_cbor_uint(&c, 0, 4), 0);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);
	begin(&c, "24");
	ck_assert_uint_eq(eh_cbor_uint(&c, 0, 99), 0);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);
}
END_TEST

static const struct {
	const char *hex;
	int64_t value;
	int want;
} ints[] = {
	{ "00", 0, EH_OK },
	{ "20", -1, EH_OK },
	{ "3a0001116f", -70000, EH_OK },
	{ "3b7fffffffffffffff", INT64_MIN, EH_OK },
	{ "1b7fffffffffffffff", INT64_MAX, EH_OK },
	{ "1b8000000000000000", 0, EH_ERR_FORMAT },
	{ "3b8000000000000000", 0, EH_ERR_FORMAT },
	{ "40", 0, EH_ERR_FORMAT },
	{ "f5", 0, EH_ERR_FORMAT },
};

START_TEST(signed_integer_is_read_or_refused)
{
	struct eh_cbor c;

	begin(&c, ints[_i].hex);
	ck_assert_int_eq(
	    eh_cbor_int(&c, INT64_MIN, INT64_MAX), ints[_i].value);
	ck_assert_int_eq(eh_cbor_end(&c), ints[_i].want);
}
END_TEST

START_TEST(booleans_are_two_bytes_of_all)
{
	struct eh_cbor c;

	begin(&c, "82f4f5");
	ck_assert_uint_eq(eh_cbor_array(&c, 2, 2), 2);
	ck_assert_int_eq(eh_cbor_bool(&c), 0);
	ck_assert_int_eq(eh_cbor_bool(&c), 1);
	eh_cbor_leave(&c);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);
	begin(&c, "01");
	ck_assert_int_eq(eh_cbor_bool(&c), 0);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);
}
END_TEST

START_TEST(strings_keep_their_length)
{
	struct eh_cbor c;
	const uint8_t *p;
	uint8_t out[3];
	size_t n;

	begin(&c, "43010203");
	p = eh_cbor_bytes(&c, 1, 3, &n);
	ck_assert_uint_eq(n, 3);
	ck_assert_mem_eq(p, "\1\2\3", 3);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);

	begin(&c, "43010203");
	p = eh_cbor_bytes(&c, 4, 9, &n);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);

	begin(&c, "43010203");
	eh_cbor_fixed(&c, out, 3);
	ck_assert_mem_eq(out, "\1\2\3", 3);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);

	begin(&c, "420102");
	eh_cbor_fixed(&c, out, 3);
	ck_assert_mem_eq(out, "\0\0\0", 3);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);

	begin(&c, "430102");		/* the last byte is missing */
	p = eh_cbor_bytes(&c, 0, 9, &n);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);
}
END_TEST

START_TEST(text_is_printable_ascii)
{
	struct eh_cbor c;
	char out[5] = "xxxx";
	const char *p;
	size_t n;

	begin(&c, "63207e41");
	p = eh_cbor_text(&c, 1, 3, &n);
	ck_assert_uint_eq(n, 3);
	ck_assert_mem_eq(p, " ~A", 3);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);

	begin(&c, "6449455446");
	eh_cbor_text_copy(&c, 1, out, sizeof(out));
	ck_assert_str_eq(out, "IETF");
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);

	begin(&c, "654945544621");	/* no room for the NUL */
	eh_cbor_text_copy(&c, 1, out, sizeof(out));
	ck_assert_str_eq(out, "");
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);
}
END_TEST

static const char *const unprintable[] = { "611f", "617f", "6100", "610a",
	"62c3bc", "61ff", "41 41" };

START_TEST(other_text_is_refused)
{
	struct eh_cbor c;
	const char *p;
	size_t n;

	begin(&c, unprintable[_i]);
	p = eh_cbor_text(&c, 0, 9, &n);
	ck_assert_str_eq(p, "");
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);
}
END_TEST

/* The map of the header's example. */
static int
grant(const char *hex, uint64_t v[3])
{
	struct eh_cbor c;

	memset(v, 0, 3 * sizeof(v[0]));
	begin(&c, hex);
	eh_cbor_map(&c, 2, 3);
	eh_cbor_key(&c, 1);
	v[0] = eh_cbor_uint(&c, 0, EH_U53_MAX);
	eh_cbor_key(&c, 2);
	v[1] = eh_cbor_uint(&c, 1, 4096);
	if (eh_cbor_if_key(&c, 3))
		v[2] = eh_cbor_uint(&c, 1, 255);
	eh_cbor_leave(&c);
	return eh_cbor_end(&c);
}

START_TEST(map_reads_like_its_schema)
{
	uint64_t v[3];

	ck_assert_int_eq(grant("a2 01 192710 02 1840", v), EH_OK);
	ck_assert_uint_eq(v[0], 10000);
	ck_assert_uint_eq(v[1], 64);
	ck_assert_uint_eq(v[2], 0);
	ck_assert_int_eq(grant("a3 01 192710 02 1840 03 02", v), EH_OK);
	ck_assert_uint_eq(v[2], 2);
}
END_TEST

static const struct {
	const char *why, *hex;
	int want;
} maps[] = {
	{ "unknown key behind", "a3 01 01 02 01 04 01", EH_ERR_FORMAT },
	{ "unknown key between", "a3 01 01 0101 02 01", EH_ERR_FORMAT },
	{ "unknown key before", "a3 00 01 01 01 02 01", EH_ERR_FORMAT },
	{ "mandatory key missing", "a2 01 01 03 01", EH_ERR_FORMAT },
	{ "key twice", "a3 01 01 02 01 02 01", EH_ERR_FORMAT },
	{ "key not shortest", "a2 1801 01 02 01", EH_ERR_FORMAT },
	{ "text as key", "a2 01 01 6132 01", EH_ERR_FORMAT },
	{ "array instead", "84 01 01 02 01", EH_ERR_FORMAT },
	{ "cut behind a key", "a2 01 01 02", EH_ERR_FORMAT },
	{ "trailing byte", "a2 01 01 02 01 00", EH_ERR_TRAILING },
};

START_TEST(map_refuses_what_its_schema_does_not_say)
{
	uint64_t v[3];
	int err = grant(maps[_i].hex, v);

	ck_assert_msg(err == maps[_i].want, "%s: %s", maps[_i].why,
	    eh_err_name(err));
}
END_TEST

START_TEST(optional_keys_are_found_only_in_order)
{
	struct eh_cbor c;

	begin(&c, "a2 01 05 20 06");
	eh_cbor_map(&c, 0, 9);
	ck_assert(!eh_cbor_if_key(&c, 0));
	ck_assert(eh_cbor_if_key(&c, 1));
	ck_assert(!eh_cbor_if_key(&c, 2));	/* here a value comes next */
	ck_assert_uint_eq(eh_cbor_uint(&c, 0, 9), 5);
	ck_assert(!eh_cbor_if_key(&c, 1));
	ck_assert(eh_cbor_if_key(&c, -1));
	ck_assert_uint_eq(eh_cbor_uint(&c, 0, 9), 6);
	ck_assert(!eh_cbor_if_key(&c, -2));
	eh_cbor_leave(&c);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);
}
END_TEST

START_TEST(keys_that_are_data_rise)
{
	struct eh_cbor c;

	begin(&c, "a2 01 05 03 06");
	ck_assert_uint_eq(eh_cbor_map(&c, 1, 16), 2);
	ck_assert_int_eq(eh_cbor_any_key(&c, 0, 31), 1);
	eh_cbor_uint(&c, 0, 9);
	ck_assert_int_eq(eh_cbor_any_key(&c, 0, 31), 3);
	eh_cbor_uint(&c, 0, 9);
	eh_cbor_leave(&c);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);

	begin(&c, "a2 03 05 03 06");
	eh_cbor_map(&c, 1, 16);
	eh_cbor_any_key(&c, 0, 31);
	eh_cbor_uint(&c, 0, 9);
	ck_assert_int_eq(eh_cbor_any_key(&c, 0, 31), 0);
	ck_assert_int_eq(c.in.err, EH_ERR_FORMAT);

	begin(&c, "a1 1820 05");
	eh_cbor_map(&c, 1, 16);
	ck_assert_int_eq(eh_cbor_any_key(&c, 0, 31), 0);
	ck_assert_int_eq(c.in.err, EH_ERR_FORMAT);
}
END_TEST

START_TEST(value_where_a_key_stands_is_refused)
{
	struct eh_cbor c;

	begin(&c, "a1 01 02");
	eh_cbor_map(&c, 1, 1);
	ck_assert_uint_eq(eh_cbor_uint(&c, 0, 9), 0);
	ck_assert_int_eq(c.in.err, EH_ERR_FORMAT);

	begin(&c, "a1 01 02");
	eh_cbor_map(&c, 1, 1);
	eh_cbor_key(&c, 1);
	eh_cbor_key(&c, 2);		/* a key where the value stands */
	ck_assert_int_eq(c.in.err, EH_ERR_FORMAT);
}
END_TEST

START_TEST(array_is_left_only_when_it_was_read)
{
	struct eh_cbor c;

	begin(&c, "83 01 02 03");
	ck_assert_uint_eq(eh_cbor_array(&c, 1, 8), 3);
	eh_cbor_uint(&c, 0, 9);
	eh_cbor_leave(&c);
	ck_assert_int_eq(c.in.err, EH_ERR_FORMAT);

	begin(&c, "82 01 02 03");
	eh_cbor_array(&c, 2, 2);
	eh_cbor_uint(&c, 0, 9);
	eh_cbor_uint(&c, 0, 9);
	ck_assert_int_eq(eh_cbor_peek(&c), -1);
	ck_assert_uint_eq(eh_cbor_uint(&c, 0, 9), 0);
	ck_assert_int_eq(c.in.err, EH_ERR_FORMAT);

	begin(&c, "83 01 02 03");
	ck_assert_uint_eq(eh_cbor_array(&c, 4, 8), 0);
	ck_assert_int_eq(c.in.err, EH_ERR_FORMAT);
	begin(&c, "83 01 02 03");
	ck_assert_uint_eq(eh_cbor_array(&c, 0, 2), 0);
	ck_assert_int_eq(c.in.err, EH_ERR_FORMAT);
}
END_TEST

START_TEST(end_wants_exactly_one_item)
{
	struct eh_cbor c;

	begin(&c, "");
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);
	begin(&c, "01");
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_TRAILING);
	begin(&c, "80");
	eh_cbor_array(&c, 0, 0);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);	/* never left */
	begin(&c, "0102");
	eh_cbor_uint(&c, 0, 9);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_TRAILING);
	eh_cbor_uint(&c, 0, 9);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);
}
END_TEST

START_TEST(tag_is_taken_only_where_it_is_asked_for)
{
	struct eh_cbor c;

	begin(&c, "d2 80");
	ck_assert_int_eq(eh_cbor_peek(&c), 6);
	ck_assert(!eh_cbor_tag(&c, 17));
	ck_assert(eh_cbor_tag(&c, 18));
	eh_cbor_array(&c, 0, 0);
	eh_cbor_leave(&c);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);

	begin(&c, "d2 80");
	eh_cbor_array(&c, 0, 0);
	ck_assert_int_eq(c.in.err, EH_ERR_FORMAT);

	begin(&c, "d2");
	ck_assert(eh_cbor_tag(&c, 18));
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);
}
END_TEST

START_TEST(skip_checks_what_it_steps_over)
{
	struct eh_cbor c;
	const uint8_t *p;
	size_t n;

	begin(&c, "82 a2 01 8203f4 20 6141 05");
	eh_cbor_array(&c, 2, 2);
	p = eh_cbor_skip(&c, &n);
	ck_assert_ptr_eq(p, in + 1);
	ck_assert_uint_eq(n, 8);
	ck_assert_uint_eq(eh_cbor_uint(&c, 0, 9), 5);
	eh_cbor_leave(&c);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);

	begin(&c, "a2 01 02 03 04");	/* keys too */
	eh_cbor_map(&c, 2, 2);
	for (int i = 0; i < 4; i++)
		eh_cbor_skip(&c, &n);
	eh_cbor_leave(&c);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);
}
END_TEST

static const char *const unskippable[] = { "a2 03 04 01 02", "c0 01",
	"81 c0 01", "1b0020000000000000", "3b001fffffffffffff", "62c3bc",
	"9f01ff", "81", "8181818181818100", "f6" };
static const char *const skippable[] = { "a2 01 02 03 04", "1b001fffffffffffff",
	"3b001ffffffffffffe", "81818181818100", "f5" };

START_TEST(skip_refuses_what_the_rules_refuse)
{
	struct eh_cbor c;
	const uint8_t *p;
	size_t n;

	begin(&c, unskippable[_i]);
	p = eh_cbor_skip(&c, &n);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);
}
END_TEST

START_TEST(skip_takes_what_the_rules_allow)
{
	struct eh_cbor c;
	size_t n;

	begin(&c, skippable[_i]);
	eh_cbor_skip(&c, &n);
	ck_assert_uint_gt(n, 0);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);
}
END_TEST

START_TEST(items_are_counted)
{
	struct eh_cbor c;
	size_t n, len = unit_hex("a2 01 02 03 8104", in, sizeof(in));

	eh_cbor_init(&c, in, len, 6);
	eh_cbor_skip(&c, &n);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);
	eh_cbor_init(&c, in, len, 5);
	eh_cbor_skip(&c, &n);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_FORMAT);
}
END_TEST

START_TEST(first_error_stays)
{
	struct eh_cbor c;
	uint8_t out[2] = { 1, 1 };
	size_t n = 7;

	begin(&c, "82 01 02");
	eh_cbor_array(&c, 2, 2);
	eh_cbor_fail(&c, EH_ERR_REPLAYED);
	eh_cbor_fail(&c, EH_ERR_SIGNATURE);
	ck_assert_uint_eq(eh_cbor_uint(&c, 0, 9), 0);
	ck_assert_int_eq((int)eh_cbor_int(&c, 0, 9), 0);
	ck_assert_int_eq(eh_cbor_bool(&c), 0);
	eh_cbor_fixed(&c, out, 2);
	ck_assert_mem_eq(out, "\0\0", 2);
	ck_assert_str_eq(eh_cbor_text(&c, 0, 9, &n), "");
	ck_assert_uint_eq(n, 0);
	ck_assert(!eh_cbor_if_key(&c, 0));
	ck_assert(!eh_cbor_tag(&c, 18));
	ck_assert_int_eq(eh_cbor_peek(&c), -1);
	ck_assert_uint_eq(eh_cbor_map(&c, 0, 9), 0);
	eh_cbor_leave(&c);
	ck_assert_int_eq(eh_cbor_end(&c), EH_ERR_REPLAYED);
}
END_TEST

/* A record as the log keeps it, without its last member. */
static const char record[] =
    "ab000101050250ca13abd0cc316022cde4d5463b615e61035820604753f68756b9264bbc1f"
    "ffb834d6c2ec3c0882fbc7a0c307d99048118a8d40040d058301030106831a6b00367c1a6b"
    "00367e020750000102030405060708090a0b0c0d0e0f08a103840100184019279009826673"
    "657269616c4a534e30303030303034320a836466616231656c696e65336473743037";

START_TEST(cut_anywhere_is_refused)
{
	size_t len = unit_hex(record, in, sizeof(in));

	ck_assert_int_eq(eh_cbor_check(in, len), EH_OK);
	for (size_t i = 0; i < len; i++)
		ck_assert_int_eq(eh_cbor_check(in, i), EH_ERR_FORMAT);
}
END_TEST

START_TEST(flipped_bit_is_read_whole_or_refused)
{
	size_t n, len = unit_hex(record, in, sizeof(in));
	unsigned accepted = 0;
	struct eh_cbor c;

	for (size_t i = 0; i < 8 * len; i++) {
		in[i / 8] ^= (uint8_t)(1 << i % 8);
		eh_cbor_init(&c, in, len, 512);
		eh_cbor_skip(&c, &n);
		if (eh_cbor_end(&c) == EH_OK) {
			ck_assert_uint_eq(n, len);
			ck_assert_int_eq(eh_cbor_check(in, len), EH_OK);
			accepted++;
		}
		in[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	/* Most flips hit the contents of a string, which may be anything. */
	ck_assert_uint_gt(accepted, len);
	ck_assert_uint_lt(accepted, 8 * len);
}
END_TEST

START_TEST(what_is_written_is_read)
{
	struct eh_writer w;
	struct eh_cbor c;
	uint8_t out[64];
	size_t n, len;

	eh_writer_init(&w, out, sizeof(out));
	eh_cbor_put_tag(&w, 18);
	eh_cbor_put_array(&w, 5);
	eh_cbor_put_map(&w, 2);
	eh_cbor_put_int(&w, 7);
	eh_cbor_put_int(&w, INT64_MIN);
	eh_cbor_put_int(&w, -70001);
	eh_cbor_put_bool(&w, 5);
	eh_cbor_put_bytes(&w, "\1\2", 2);
	eh_cbor_put_text(&w, "PO-4711");
	eh_cbor_put_bool(&w, 0);
	eh_cbor_put_uint(&w, 24);
	ck_assert_int_eq(eh_writer_end(&w, &n), EH_OK);
	ck_assert_int_eq(eh_cbor_check(out, n), EH_OK);

	eh_cbor_init(&c, out, n, 16);
	ck_assert(eh_cbor_tag(&c, 18));
	eh_cbor_array(&c, 5, 5);
	eh_cbor_map(&c, 2, 2);
	eh_cbor_key(&c, 7);
	ck_assert_int_eq(eh_cbor_int(&c, INT64_MIN, -1), INT64_MIN);
	eh_cbor_key(&c, -70001);
	ck_assert(eh_cbor_bool(&c));
	eh_cbor_leave(&c);
	ck_assert_mem_eq(eh_cbor_bytes(&c, 2, 2, &len), "\1\2", 2);
	ck_assert_mem_eq(eh_cbor_text(&c, 7, 7, &len), "PO-4711", 7);
	ck_assert(!eh_cbor_bool(&c));
	ck_assert_uint_eq(eh_cbor_uint(&c, 24, 24), 24);
	eh_cbor_leave(&c);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);
}
END_TEST

START_TEST(what_could_not_be_read_is_not_written)
{
	struct eh_writer w;
	uint8_t out[8];

	eh_writer_init(&w, out, sizeof(out));
	eh_cbor_put_text(&w, "a\nb");
	ck_assert_int_eq(eh_writer_end(&w, NULL), EH_ERR_ARGUMENT);
	eh_writer_init(&w, out, 3);
	eh_cbor_put_text(&w, "abc");
	ck_assert_int_eq(eh_writer_end(&w, NULL), EH_ERR_SPACE);
}
END_TEST

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *s = suite_create("cbor");
	TCase *t = tcase_create("cbor");

	tcase_add_loop_test(t, integer_has_one_form, 0, N(shortest));
	tcase_add_loop_test(t, longer_or_cut_head_is_refused, 0, N(longer));
	tcase_add_loop_test(t, trap_is_told, 0, N(traps));
	tcase_add_test(t, eighty_deep_is_refused);
	tcase_add_test(t, integers_keep_their_range);
	tcase_add_loop_test(t, signed_integer_is_read_or_refused, 0, N(ints));
	tcase_add_test(t, booleans_are_two_bytes_of_all);
	tcase_add_test(t, strings_keep_their_length);
	tcase_add_test(t, text_is_printable_ascii);
	tcase_add_loop_test(t, other_text_is_refused, 0, N(unprintable));
	tcase_add_test(t, map_reads_like_its_schema);
	tcase_add_loop_test(
	    t, map_refuses_what_its_schema_does_not_say, 0, N(maps));
	tcase_add_test(t, optional_keys_are_found_only_in_order);
	tcase_add_test(t, keys_that_are_data_rise);
	tcase_add_test(t, value_where_a_key_stands_is_refused);
	tcase_add_test(t, array_is_left_only_when_it_was_read);
	tcase_add_test(t, end_wants_exactly_one_item);
	tcase_add_test(t, tag_is_taken_only_where_it_is_asked_for);
	tcase_add_test(t, skip_checks_what_it_steps_over);
	tcase_add_loop_test(
	    t, skip_refuses_what_the_rules_refuse, 0, N(unskippable));
	tcase_add_loop_test(
	    t, skip_takes_what_the_rules_allow, 0, N(skippable));
	tcase_add_test(t, items_are_counted);
	tcase_add_test(t, first_error_stays);
	tcase_add_test(t, cut_anywhere_is_refused);
	tcase_add_test(t, flipped_bit_is_read_whole_or_refused);
	tcase_add_test(t, what_is_written_is_read);
	tcase_add_test(t, what_could_not_be_read_is_not_written);
	suite_add_tcase(s, t);
	return unit_run(s);
}
