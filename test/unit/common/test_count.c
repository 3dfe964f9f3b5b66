/* SPDX-License-Identifier: Apache-2.0 */
/* test_count.c - the authority's policies for a count in a TPM. */
#include "config.h"

#include <string.h>

#include "common/message/count.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(count)

static struct eh_count n;
static struct eh_rawkey key;	/* of the count key of count.md section 2 */

static void
golden(const char *hex)
{
	uint8_t bytes[512], raw[EH_RAWKEY_MAX];
	size_t len = unit_hex(hex, bytes, sizeof(bytes));

	ck_assert_int_eq(eh_count_decode(bytes, len, &n, NULL), EH_OK);
	len = unit_hex("045b801f9d0e2fa2b70d88b70268dcf975452e3ea629e5b6bb004c"
		       "638bf577c1564ea206aee76c3ce560b3cc12c7cd4b14ee27b7e0ad"
		       "c621b0fd22f84b43a817de", raw, sizeof(raw));
	ck_assert_int_eq(eh_rawkey_set(&key, raw, len), EH_OK);
}

static int
judge(void)
{
	static struct eh_count again;
	uint8_t out[1024];
	struct eh_writer w;
	size_t len;
	int err;

	eh_writer_init(&w, out, sizeof(out));
	eh_count_encode(&n, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	err = eh_count_decode(out, len, &again, NULL);
	if (err == EH_OK)
		ck_assert_mem_eq(&again, &n, sizeof(n));
	return err;
}

static void
is(const uint8_t *bytes, size_t len, const char *hex)
{
	uint8_t expected[64];

	ck_assert_uint_eq(unit_hex(hex, expected, sizeof(expected)), len);
	ck_assert_mem_eq(bytes, expected, len);
}

START_TEST(golden_samples_mean_what_they_say)
{
	golden(GOLDEN_COUNT);
	ck_assert_str_eq(n.from.iss, "oem.example");
	ck_assert_uint_eq(n.seq, 3);
	ck_assert_uint_eq(n.limit, 5);
	ck_assert(!n.is_approval);
	ck_assert_uint_eq(n.write[0], 0x11);
	golden(GOLDEN_COUNT_APPROVAL);
	ck_assert_uint_eq(n.seq, 4);
	ck_assert(n.is_approval);
	ck_assert_uint_eq(n.approvals[0][63], 0x22);
}
END_TEST

START_TEST(damaged_payload_is_never_read_in_two_ways)
{
	struct strict_format f = strict_count();
	uint8_t bytes[512];

	strict_check(&f, bytes, unit_hex(GOLDEN_COUNT, bytes, sizeof(bytes)));
	strict_check(&f, bytes,
	    unit_hex(GOLDEN_COUNT_APPROVAL, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(limit_is_at_least_one_and_not_beyond_all_measure)
{
	golden(GOLDEN_COUNT);
	n.limit = EH_COUNT_LIMIT_MAX;
	ck_assert_int_eq(judge(), EH_OK);
	n.limit++;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
	n.limit = 0;
	ck_assert_int_eq(judge(), EH_ERR_FORMAT);
}
END_TEST

START_TEST(each_key_has_its_approval)
{
	golden(GOLDEN_COUNT_APPROVAL);
	n.use.nkeys = 4;
	for (unsigned i = 1; i < 4; i++)
		memset(n.use.keys[i], (int)(0xf0 + i), EH_DIGEST_LEN);
	ck_assert_int_eq(judge(), EH_OK);
}
END_TEST

START_TEST(what_a_tpm_computes_is_what_the_document_says)
{
	uint8_t out[EH_COUNT_SIGNED_MAX], ref[EH_COUNT_REF];
	size_t len;

	golden(GOLDEN_COUNT);
	for (unsigned i = 0; i < sizeof(ref); i++)
		ref[i] = (uint8_t)(0x10 + i);
	eh_count_key_name(&key, out);
	is(out, EH_COUNT_NAME, "000b39c71841e5d8d402036d8ccb847f29a7476ece9d58"
			       "464b2a6db4cf2227c06713");
	eh_count_issuer_policy(&key, ref, out);
	is(out, EH_SHA256_LEN, "1e4181ba18aca4c59356beed8ca88578fa0d1c5f80ce15"
			       "b32ac42dc34f850567");
	eh_count_index_policy(&key, &n.index, out);
	is(out, EH_SHA256_LEN, "c899d2f747a8b6b9f83d416a9bdd146afae5c54178a30e"
			       "7f589e565a882814c0");
	eh_count_index_name(&key, &n.index, 0, out);
	is(out, EH_COUNT_NAME, "000b1af093d71db9a2905ad6e9fe2da90ec4a4f4116403"
			       "a0990b6f9c5c49e5215871");
	eh_count_index_name(&key, &n.index, 1, out);
	is(out, EH_COUNT_NAME, "000baf711f6319292475cb18be9e35d9b92863c34bec96"
			       "9159c9d03a52ba4a31db19");
	len = eh_count_write_signed(&key, &n.index, 5, out);
	ck_assert_uint_eq(len, EH_COUNT_SIGNED_MAX);
	eh_sha256(out, len, out);
	is(out, EH_SHA256_LEN, "e016861576c06c6452497168cef8f52b97b89550ba6f4d"
			       "3332056833c780239f");
	len = eh_count_approval_signed(&key, &n.index, ref, out);
	eh_sha256(out, len, out);
	is(out, EH_SHA256_LEN, "75055a80d6ab13274d13a07e3e533e4d2a007c7bf5347c"
			       "11abf42fb739e6b873");
}
END_TEST

START_TEST(everything_that_is_signed_depends_on_all_of_it)
{
	uint8_t a[EH_COUNT_SIGNED_MAX], b[EH_COUNT_SIGNED_MAX];
	struct eh_count_index other;
	size_t len;

	golden(GOLDEN_COUNT);
	other = n.index;
	other.handle++;
	len = eh_count_write_signed(&key, &n.index, 5, a);
	ck_assert_uint_eq(eh_count_write_signed(&key, &n.index, 6, b), len);
	ck_assert_mem_ne(a, b, len);
	ck_assert_uint_eq(eh_count_write_signed(&key, &other, 5, b), len);
	ck_assert_mem_ne(a, b, len);
	eh_count_index_name(&key, &n.index, 1, a);
	other = n.index;
	other.nonce[31] ^= 1;
	eh_count_index_name(&key, &other, 1, b);
	ck_assert_mem_ne(a, b, EH_COUNT_NAME);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("count");
	TCase *t = tcase_create("count");

	tcase_add_test(t, golden_samples_mean_what_they_say);
	tcase_add_test(t, damaged_payload_is_never_read_in_two_ways);
	tcase_add_test(t, limit_is_at_least_one_and_not_beyond_all_measure);
	tcase_add_test(t, each_key_has_its_approval);
	tcase_add_test(t, what_a_tpm_computes_is_what_the_document_says);
	tcase_add_test(t, everything_that_is_signed_depends_on_all_of_it);
	suite_add_tcase(s, t);
	return unit_run(s);
}
