/* SPDX-License-Identifier: Apache-2.0 */
/* test_chipattest.c - what a chip says of itself, as bytes. */
#include "config.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "common/message/chipattest.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(evidence_item)
STRICT_FORMAT(chipattest)
STRICT_FORMAT(chip_says)

static uint8_t bytes[2048];
static struct eh_evidence_item item;
static struct eh_chipattest attest;
static struct eh_chip_says says;
static struct eh_error error;

static void
golden(void)
{
	size_t len = unit_hex(GOLDEN_EVIDENCE, bytes, sizeof(bytes));

	ck_assert_int_eq(
	    eh_evidence_item_decode(bytes, len, &item, NULL), EH_OK);
	ck_assert_int_eq(eh_chipattest_decode(
	    item.bytes.at, item.bytes.len, &attest, NULL), EH_OK);
	ck_assert_int_eq(eh_chip_says_decode(
	    attest.said.at, attest.said.len, &says, NULL), EH_OK);
}

START_TEST(golden_sample_means_what_it_says)
{
	static const uint8_t none[32];
	uint8_t digest[32], want[32], id[EH_CHIP_ID_SOC];

	ck_assert_int_eq(item.kind, EH_PARAM_ATTESTATION);
	eh_sha256(item.bytes.at, item.bytes.len, digest);
	unit_hex(GOLDEN_EVIDENCE_DIGEST, want, sizeof(want));
	ck_assert_mem_eq(digest, want, sizeof(want));
	ck_assert_uint_eq(attest.ncerts, 2);
	ck_assert_uint_eq(attest.cert[0].at[0], 0x30);
	ck_assert_uint_eq(attest.said.len, 17 + 135 + 1 + 2 * 69);
	ck_assert_uint_eq(says.nonce[0], 0x40);
	ck_assert_uint_eq(says.nonce[31], 0x5f);
	ck_assert_uint_eq(says.lifecycle, EH_CHIP_LIFECYCLE_PROVISION);
	ck_assert_uint_eq(says.soc_class, 0x12345678);
	ck_assert_uint_eq(says.soc_id[15], 15);
	eh_sha256("root key", 8, digest);
	ck_assert_mem_eq(says.rotpk, digest, sizeof(digest));
	eh_sha256("firmware", 8, digest);
	ck_assert_mem_eq(says.firmware, digest, sizeof(digest));
	ck_assert_uint_eq(says.session, 0);
	ck_assert_mem_eq(says.permissions, none, sizeof(says.permissions));
	ck_assert_uint_eq(says.nkeys, 2);
	ck_assert_uint_eq(says.key[0].place, 1);
	ck_assert_uint_eq(says.key[0].point[0], 4);
	ck_assert_uint_eq(says.key[1].place, EH_CHIP_PLACE_TRANSPORT);
	eh_chip_says_id(&says, id);
	ck_assert_mem_eq(id, "\x12\x34\x56\x78\x00\x01", 6);
}
END_TEST

/* One bit at a time is too long for a kilobyte of DER that is not looked into:
 * the two layers around it, and what the chip signs, each alone. */
START_TEST(damaged_bytes_are_never_read_in_two_ways)
{
	static uint8_t small[512];
	struct strict_format f = strict_evidence_item();
	static const uint8_t der[] = { 0x30, 0x00 };
	struct eh_chipattest a = { .ncerts = 3,
		.cert = { { der, 2 }, { der, 2 }, { der, 2 } },
		.said = { der, 2 } };
	struct eh_evidence_item e = { EH_PARAM_CSR, { der, 2 } };
	struct eh_writer w;
	size_t len;

	eh_writer_init(&w, small, sizeof(small));
	eh_evidence_item_encode(&e, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	strict_check(&f, small, len);
	f = strict_chipattest();
	eh_writer_init(&w, small, sizeof(small));
	eh_chipattest_encode(&a, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	strict_check(&f, small, len);
	f = strict_chip_says();
	memcpy(small, attest.said.at, attest.said.len);
	strict_check(&f, small, attest.said.len);
}
END_TEST

static void
refused(int want, const char *words)
{
	static uint8_t out[EH_CHIP_ATTEST_MAX + 100];
	struct eh_writer w;
	size_t len;
	int err;

	eh_error_clear(&error);
	eh_writer_init(&w, out, sizeof(out));
	eh_chip_says_encode(&says, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	err = eh_chip_says_decode(out, len, &says, &error);
	ck_assert_msg(err == want, "%d: %s", err, error.text);
	ck_assert_msg(strstr(error.text, words) != NULL, "%s", error.text);
	if (err != EH_OK)
		golden();
}

START_TEST(what_a_chip_cannot_mean_is_refused)
{
	says.session = 3;
	refused(EH_ERR_FORMAT, "no state block and keys");
	says.permissions[0] = 1;
	refused(EH_ERR_FORMAT, "no state block and keys");
	says.session = 2;
	says.permissions[0] = 1;
	refused(EH_OK, "");
	golden();
	says.key[1].place = 1;
	refused(EH_ERR_FORMAT, "no state block and keys");
	says.key[1].point[0] = 2;
	refused(EH_ERR_FORMAT, "no state block and keys");
	says.nkeys = 0;
	refused(EH_OK, "");
}
END_TEST

START_TEST(other_statements_are_refused_in_words)
{
	uint8_t receipt[200] = "EdgeHSM-chip-receipt-v1";
	static const uint8_t tpm[] = { 0x83, 0x02, 0x81, 0x41, 0x30, 0x41,
		0x00 };

	ck_assert_int_eq(eh_chip_says_decode(receipt, sizeof(receipt), &says,
	    &error), EH_ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(error.text, "ATTEST is wanted"));
	receipt[0] = 'e';
	ck_assert_int_eq(eh_chip_says_decode(receipt, sizeof(receipt), &says,
	    &error), EH_ERR_FORMAT);
	ck_assert_int_eq(eh_chipattest_decode(tpm, sizeof(tpm), &attest,
	    &error), EH_ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(error.text, "TPM"));
}
END_TEST

START_TEST(counts_and_lengths_are_limited)
{
	struct strict_format f = strict_chipattest();

	strict_refuses(&f, "8401" "80" "4100" "5840", EH_ERR_FORMAT);
	strict_refuses(&f, "8401" "844100410041004100" "4100", EH_ERR_FORMAT);
	strict_refuses(&f, "8403" "814100" "4100", EH_ERR_FORMAT);
	f = strict_evidence_item();
	strict_refuses(&f, "820041aa", EH_ERR_FORMAT);
	strict_refuses(&f, "820341aa", EH_ERR_FORMAT);
	strict_refuses(&f, "820240", EH_ERR_FORMAT);
	strict_refuses(&f, "820241aa00", EH_ERR_TRAILING);
	strict_refuses(&f, "820241aa", EH_OK);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chipattest");
	TCase *t = tcase_create("chipattest");

	tcase_add_checked_fixture(t, golden, NULL);
	tcase_add_test(t, golden_sample_means_what_it_says);
	tcase_add_test(t, damaged_bytes_are_never_read_in_two_ways);
	tcase_add_test(t, what_a_chip_cannot_mean_is_refused);
	tcase_add_test(t, other_statements_are_refused_in_words);
	tcase_add_test(t, counts_and_lengths_are_limited);
	suite_add_tcase(s, t);
	return unit_run(s);
}
