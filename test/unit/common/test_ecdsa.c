/* SPDX-License-Identifier: Apache-2.0 */
/* test_ecdsa.c - ECDSA on P-256: verify, and the two ways to write one. */
#include "config.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "common/crypto/ecdsa.h"
#include "test/unit/unit.h"

/* RFC 6979 section A.2.5, SHA-256, message "sample". */
#define POINT \
	"0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" \
	"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define SIGNATURE \
	"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" \
	"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
#define ORDER \
	"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define ONE \
	"0000000000000000000000000000000000000000000000000000000000000001"
#define ZERO \
	"0000000000000000000000000000000000000000000000000000000000000000"

static uint8_t point[65], signature[64];

static void
standard(void)
{
	unit_hex(POINT, point, sizeof(point));
	unit_hex(SIGNATURE, signature, sizeof(signature));
}

START_TEST(signature_of_the_standard_verifies)
{
	uint8_t digest[32];

	standard();
	eh_sha256("sample", 6, digest);
	ck_assert_int_eq(eh_p256_verify(point, "sample", 6, signature), EH_OK);
	ck_assert_int_eq(
	    eh_p256_verify_digest(point, digest, signature), EH_OK);
	ck_assert_int_eq(
	    eh_p256_verify(point, "Sample", 6, signature), EH_ERR_SIGNATURE);
	digest[0] ^= 1;
	ck_assert_int_eq(eh_p256_verify_digest(point, digest, signature),
	    EH_ERR_SIGNATURE);
	signature[63] ^= 1;
	ck_assert_int_eq(
	    eh_p256_verify(point, "sample", 6, signature), EH_ERR_SIGNATURE);
	point[64] ^= 1;
	ck_assert_int_eq(
	    eh_p256_verify(point, "sample", 6, signature), EH_ERR_FORMAT);
}
END_TEST

/* n - s verifies as well: which is why a signature names nothing. */
START_TEST(high_s_and_low_s_both_verify)
{
	static const uint8_t order[32] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
		0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2,
		0xfc, 0x63, 0x25, 0x51 };
	int borrow = 0;

	standard();
	for (size_t i = 32; i-- > 0;) {
		int d = order[i] - signature[32 + i] - borrow;

		borrow = d < 0;
		signature[32 + i] = (uint8_t)(d & 0xff);
	}
	ck_assert_int_eq(borrow, 0);
	ck_assert_int_eq(eh_p256_verify(point, "sample", 6, signature), EH_OK);
}
END_TEST

static int
range(const char *r, const char *s)
{
	unit_hex(r, signature, 32);
	unit_hex(s, signature + 32, 32);
	return eh_p256_signature_check(signature);
}

START_TEST(halves_lie_between_0_and_the_order)
{
	static const char below[] =
	    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";

	ck_assert_int_eq(range(ONE, ONE), EH_OK);
	ck_assert_int_eq(range(below, below), EH_OK);
	ck_assert_int_eq(range(ZERO, ONE), EH_ERR_SIGNATURE);
	ck_assert_int_eq(range(ONE, ZERO), EH_ERR_SIGNATURE);
	ck_assert_int_eq(range(ORDER, ONE), EH_ERR_SIGNATURE);
	ck_assert_int_eq(range(ONE, ORDER), EH_ERR_SIGNATURE);
	unit_hex(POINT, point, sizeof(point));
	ck_assert_int_eq(
	    eh_p256_verify(point, "sample", 6, signature), EH_ERR_SIGNATURE);
}
END_TEST

static void
round_trip(const char *r, const char *s, const char *der)
{
	uint8_t out[EH_P256_DER_SIGNATURE_MAX], want[80], back[64];
	size_t n, len = unit_hex(der, want, sizeof(want));

	unit_hex(r, signature, 32);
	unit_hex(s, signature + 32, 32);
	n = eh_p256_signature_to_der(signature, out);
	ck_assert_uint_eq(n, len);
	ck_assert_mem_eq(out, want, len);
	ck_assert_int_eq(eh_p256_signature_from_der(out, n, back), EH_OK);
	ck_assert_mem_eq(back, signature, 64);
}

START_TEST(both_ways_to_write_a_signature_agree)
{
	round_trip(ONE, ONE, "3006020101020101");
	round_trip("00000000000000000000000000000000"
	    "00000000000000000000000000000080",
	    "00000000000000000000000000000000"
	    "000000000000000000000000000000ff",
	    "300802020080020200ff");
	round_trip("efd48b2aacb6a8fd1140dd9cd45e81d6"
	    "9d2c877b56aaf991c34d0ea84eaf3716",
	    "77cb1c942d657c41d436c7a1b6e29f65"
	    "f3e900dbb9aff4064dc4ab2f843acda8",
	    "3045022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea8"
	    "4eaf3716022077cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab"
	    "2f843acda8");
}
END_TEST

START_TEST(der_has_one_encoding)
{
	static const char *const bad[] = {
		"",
		"3006020101020100",		/* s = 0 */
		"3006020100020101",		/* r = 0 */
		"3006020101020181",		/* negative */
		"300702020001020101",		/* not minimal */
		"308106020101020101",		/* long length */
		"3080020101020101" "0000",	/* indefinite */
		"300602010102010100",		/* trailing */
		"3007020101020101",		/* length of another */
		"30070201010201" "0100",	/* trailing inside */
		"3003020101",			/* one half */
		"30060201010401" "01",		/* not an INTEGER */
		"3106020101020101",		/* not a SEQUENCE */
		"3005020101" "0200",		/* empty */
		"30260221" "01" ZERO "020101",	/* 33 octets, not 0 first */
		"30260221" "00" ORDER "020101",	/* r = n */
	};
	uint8_t der[80], zero[64] = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t len = unit_hex(bad[i], der, sizeof(der));

		memset(signature, 0xa5, 64);
		ck_assert_msg(eh_p256_signature_from_der(der, len, signature) ==
		    EH_ERR_FORMAT, "%s was read", bad[i]);
		ck_assert_mem_eq(signature, zero, 64);
	}
}
END_TEST

START_TEST(cut_or_changed_der_is_read_in_one_way_or_not_at_all)
{
	uint8_t der[EH_P256_DER_SIGNATURE_MAX + 1],
	    again[EH_P256_DER_SIGNATURE_MAX];
	size_t len;

	standard();
	len = eh_p256_signature_to_der(signature, der);
	for (size_t n = 0; n < len; n++)
		ck_assert_int_eq(eh_p256_signature_from_der(der, n, signature),
		    EH_ERR_FORMAT);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		der[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (eh_p256_signature_from_der(der, len, signature) == EH_OK) {
			ck_assert_uint_eq(
			    eh_p256_signature_to_der(signature, again), len);
			ck_assert_mem_eq(again, der, len);
		}
		der[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ecdsa");
	TCase *t = tcase_create("ecdsa");

	tcase_add_test(t, signature_of_the_standard_verifies);
	tcase_add_test(t, high_s_and_low_s_both_verify);
	tcase_add_test(t, halves_lie_between_0_and_the_order);
	tcase_add_test(t, both_ways_to_write_a_signature_agree);
	tcase_add_test(t, der_has_one_encoding);
	tcase_add_test(t, cut_or_changed_der_is_read_in_one_way_or_not_at_all);
	suite_add_tcase(s, t);
	return unit_run(s);
}
