/* SPDX-License-Identifier: Apache-2.0 */
/* test_entry.c - the journal's bytes: segment headers and entries. */
#include "config.h"

#include <string.h>

#include "quota-engine/entry.h"
#include "test/unit/unit.h"

/* The golden sample: the entry of a certificate, made by an independent
 * encoder. */
static const char header_hex[] =
    "45484a31000001f80000000000000003000000000000000200000000000000030000013c"
    "00000079000100014367bbc235362b3993193a674ec5b1f9c9b017ad";
static const char record_hex[] =
    "ac000101030250ca13abd0cc316022cde4d5463b615e6103582003b7987df30aae655948"
    "ed6125a7127d616acff05dd54eca621d9dc458c72c1f0403058301030106831a6b00367c"
    "1a6b00367e020750000102030405060708090a0b0c0d0e0f08a200840100184019271001"
    "840100184019279009826673657269616c4a534e30303030303034320a83646661623165"
    "6c696e653364737430370c880000505c104a4559d2b96a98ae52f162c712fe1a6b003640"
    "584104cee5148e1f70a69cc7b5c1f649f416582b650dca96a4a9faf1ac248375e47d6a24"
    "5220138c57fc62bc338a0eacf51a10246474a5c871e6361975c2e85880c18658206cee4e"
    "2f555218d6cacfbaa600dcdf0f49a73774faacfebbddd3506c9025035a5820c27338c453"
    "067b437471afbce792704d816112c6031bb996b62c698ea599ef8080";
static const char stored_hex[] =
    "72939ad04dfae2498f9a0d5269cb4f59d97225761f4a17d7345ee4a820c34768f0b4e783"
    "4c25666213bace071b7e2314c81203dda61ee0340d52a2fc2dc24f87be869aa3e3764d88"
    "e1c0b170d94d928058f0da34bbd19c09985cfa9962031b24cf12f4cb5289cdafd9991d4c"
    "f89490f054c7e51b41a4f636b5";
static const char private_hex[] =
    "a30158401111111111111111111111111111111111111111111111111111111111111111"
    "2222222222222222222222222222222222222222222222222222222222222222"
    "0250101112131415161718191a1b1c1d1e1f0358206cee4e2f555218d6cacfbaa600dcdf"
    "0f49a73774faacfebbddd3506c9025035a";

#define LENGTH 504

static void
golden_keys(struct eh_journal_keys *keys)
{
	uint8_t journal[32], private[32];

	for (unsigned i = 0; i < 32; i++) {
		journal[i] = (uint8_t)i;
		private[i] = (uint8_t)(0x20 + i);
	}
	eh_journal_keys_init(keys, journal, private);
}

static void
golden(uint8_t out[LENGTH])
{
	size_t n = unit_hex(header_hex, out, LENGTH);

	n += unit_hex(record_hex, out + n, LENGTH - n);
	n += unit_hex(stored_hex, out + n, LENGTH - n);
	memset(out + n, 0, LENGTH - n);
	ck_assert_uint_eq(n, LENGTH - 3);
}

START_TEST(golden_entry_is_written)
{
	uint8_t expected[LENGTH], out[LENGTH];
	struct eh_journal_keys keys;
	struct eh_entry e = { .seq = 3, .group = 2, .commit = 3,
		.type = EH_ENTRY_RECORD, .last = 1 };

	golden_keys(&keys);
	golden(expected);
	e.recordlen = unit_hex(record_hex, out + 64, sizeof(out) - 64);
	e.privatelen = unit_hex(
	    private_hex, out + 64 + e.recordlen, sizeof(out) - 64 - 316);
	ck_assert_uint_eq(
	    eh_entry_length(e.recordlen, e.privatelen), LENGTH);
	ck_assert_int_eq(eh_entry_seal(&e, &keys, out), EH_OK);
	ck_assert_mem_eq(out, expected, LENGTH);
}
END_TEST

START_TEST(golden_entry_is_read)
{
	uint8_t bytes[LENGTH], private[256];
	struct eh_journal_keys keys;
	struct eh_entry e;
	size_t len = unit_hex(private_hex, private, sizeof(private));

	golden_keys(&keys);
	golden(bytes);
	ck_assert_int_eq(
	    eh_entry_open(&e, &keys, bytes, LENGTH), EH_ENTRY_GOOD);
	ck_assert_uint_eq(e.seq, 3);
	ck_assert_uint_eq(e.group, 2);
	ck_assert_uint_eq(e.commit, 3);
	ck_assert_int_eq(e.type, EH_ENTRY_RECORD);
	ck_assert_int_eq(e.last, 1);
	ck_assert_uint_eq(e.length, LENGTH);
	ck_assert_uint_eq(e.recordlen, 316);
	ck_assert_uint_eq(e.privatelen, len);
	ck_assert_mem_eq(e.private, private, len);
}
END_TEST

START_TEST(no_flipped_bit_passes)
{
	uint8_t good[LENGTH], bytes[LENGTH];
	struct eh_journal_keys keys;
	struct eh_entry e;

	golden_keys(&keys);
	golden(good);
	for (unsigned bit = 0; bit < 8 * LENGTH; bit++) {
		memcpy(bytes, good, LENGTH);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(
		    eh_entry_open(&e, &keys, bytes, LENGTH), EH_ENTRY_TORN);
	}
}
END_TEST

START_TEST(no_shorter_entry_passes)
{
	uint8_t bytes[LENGTH];
	struct eh_journal_keys keys;
	struct eh_entry e;

	golden_keys(&keys);
	for (size_t len = 0; len < LENGTH; len++) {
		golden(bytes);
		ck_assert_int_eq(
		    eh_entry_open(&e, &keys, bytes, len), EH_ENTRY_TORN);
	}
}
END_TEST

START_TEST(another_key_is_a_forgery)
{
	uint8_t bytes[LENGTH], other[32] = { 0 };
	struct eh_journal_keys keys;
	struct eh_entry e;

	golden(bytes);
	eh_journal_keys_init(&keys, other, other);
	ck_assert_int_eq(
	    eh_entry_open(&e, &keys, bytes, LENGTH), EH_ENTRY_FORGED);
}
END_TEST

START_TEST(zeros_are_the_end)
{
	uint8_t bytes[EH_ENTRY_HEADER] = { 0 };
	struct eh_journal_keys keys;
	struct eh_entry e;

	golden_keys(&keys);
	ck_assert_int_eq(
	    eh_entry_open(&e, &keys, bytes, sizeof(bytes)), EH_ENTRY_NONE);
	bytes[0] = 'E';
	ck_assert_int_eq(
	    eh_entry_open(&e, &keys, bytes, sizeof(bytes)), EH_ENTRY_TORN);
}
END_TEST

START_TEST(segment_header_comes_back)
{
	uint8_t bytes[EH_SEGMENT_HEADER];
	struct eh_journal_keys keys;
	struct eh_segment in = { .number = 7, .first = 1000, .group = 90,
		.commit = 12, .reason = EH_SEGMENT_UNCLEAN, .size = 1 << 20 };
	struct eh_segment out;

	golden_keys(&keys);
	memset(in.hsm_id, 0x11, sizeof(in.hsm_id));
	memset(in.leaf, 0x22, sizeof(in.leaf));
	eh_segment_encode(&in, &keys, bytes);
	ck_assert_mem_eq(bytes, "EHJSEG1", 8);
	ck_assert_uint_eq(bytes[15], 7);
	ck_assert_uint_eq(bytes[88], EH_SEGMENT_UNCLEAN);
	ck_assert_uint_eq(bytes[93], 0x10);
	ck_assert_int_eq(eh_segment_decode(&out, &keys, bytes), EH_OK);
	ck_assert_uint_eq(out.number, 7);
	ck_assert_uint_eq(out.first, 1000);
	ck_assert_uint_eq(out.group, 90);
	ck_assert_uint_eq(out.commit, 12);
	ck_assert_int_eq(out.reason, EH_SEGMENT_UNCLEAN);
	ck_assert_uint_eq(out.size, 1 << 20);
	ck_assert_mem_eq(out.leaf, in.leaf, sizeof(in.leaf));
	for (unsigned bit = 0; bit < 8 * EH_SEGMENT_HEADER; bit += 5) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(
		    eh_segment_decode(&out, &keys, bytes), EH_ERR_FORMAT);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

START_TEST(magic_is_found_on_borders_of_eight)
{
	uint8_t bytes[512] = { 0 };

	ck_assert_uint_eq(eh_entry_search(bytes, sizeof(bytes), 0), 512);
	memcpy(bytes + 36, "EHJ1", 4);
	ck_assert_uint_eq(eh_entry_search(bytes, sizeof(bytes), 0), 512);
	memcpy(bytes + 40, "EHJ1", 4);
	ck_assert_uint_eq(eh_entry_search(bytes, sizeof(bytes), 0), 40);
	ck_assert_uint_eq(eh_entry_search(bytes, sizeof(bytes), 48), 512);
	/* No room for a header behind it. */
	memcpy(bytes + 456, "EHJ1", 4);
	ck_assert_uint_eq(eh_entry_search(bytes, sizeof(bytes), 48), 512);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("entry");
	TCase *t = tcase_create("entry");

	tcase_add_test(t, golden_entry_is_written);
	tcase_add_test(t, golden_entry_is_read);
	tcase_add_test(t, no_flipped_bit_passes);
	tcase_add_test(t, no_shorter_entry_passes);
	tcase_add_test(t, another_key_is_a_forgery);
	tcase_add_test(t, zeros_are_the_end);
	tcase_add_test(t, segment_header_comes_back);
	tcase_add_test(t, magic_is_found_on_borders_of_eight);
	suite_add_tcase(s, t);
	return unit_run(s);
}
