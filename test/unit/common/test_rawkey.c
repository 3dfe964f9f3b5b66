/* SPDX-License-Identifier: Apache-2.0 */
/* test_rawkey.c - raw public keys and their SubjectPublicKeyInfo. */
#include "config.h"

#include <string.h>

#include "common/crypto/rawkey.h"
#include "test/unit/common/golden.h"
#include "test/unit/unit.h"

#define P256_PREFIX "3059301306072a8648ce3d020106082a8648ce3d030107034200"

static uint8_t point[EH_P256_POINT_LEN];

static void
golden(void)
{
	unit_hex(GOLDEN_AUTHORITY_KEY, point, sizeof(point));
}

START_TEST(p256_key_goes_to_spki_and_back)
{
	uint8_t spki[EH_SPKI_MAX], want[EH_SPKI_MAX];
	struct eh_rawkey key, back;

	golden();
	ck_assert_int_eq(eh_rawkey_set(&key, point, sizeof(point)), EH_OK);
	ck_assert_int_eq(eh_rawkey_check(&key), EH_OK);
	ck_assert_uint_eq(eh_rawkey_to_spki(&key, spki), EH_P256_SPKI_LEN);
	unit_hex(P256_PREFIX GOLDEN_AUTHORITY_KEY, want, sizeof(want));
	ck_assert_mem_eq(spki, want, sizeof(want));
	ck_assert_int_eq(
	    eh_rawkey_from_spki(&back, spki, EH_P256_SPKI_LEN), EH_OK);
	ck_assert(eh_rawkey_equal(&key, &back));
}
END_TEST

START_TEST(ed25519_key_goes_to_spki_and_back)
{
	uint8_t spki[EH_SPKI_MAX], bytes[32] = { 1, 2, 3 };
	struct eh_rawkey key, back;

	ck_assert_int_eq(eh_rawkey_set(&key, bytes, sizeof(bytes)), EH_OK);
	ck_assert_uint_eq(eh_rawkey_to_spki(&key, spki), EH_ED25519_SPKI_LEN);
	ck_assert_int_eq(
	    eh_rawkey_from_spki(&back, spki, EH_ED25519_SPKI_LEN), EH_OK);
	ck_assert(eh_rawkey_equal(&key, &back));
	back.bytes[31] ^= 1;
	ck_assert(!eh_rawkey_equal(&key, &back));
}
END_TEST

START_TEST(points_off_the_curve_are_refused)
{
	struct eh_rawkey key;

	golden();
	point[64] ^= 1;
	ck_assert_int_eq(
	    eh_rawkey_set(&key, point, sizeof(point)), EH_ERR_FORMAT);
	ck_assert_uint_eq(key.len, 0);
	/* Hybrid form: a point of the curve, written in a third way. */
	golden();
	point[0] = 0x06 | (point[64] & 1);
	ck_assert_int_eq(
	    eh_rawkey_set(&key, point, sizeof(point)), EH_ERR_FORMAT);
	memset(point, 0, sizeof(point));
	ck_assert_int_eq(
	    eh_rawkey_set(&key, point, sizeof(point)), EH_ERR_FORMAT);
	point[0] = 0x04;
	ck_assert_int_eq(
	    eh_rawkey_set(&key, point, sizeof(point)), EH_ERR_FORMAT);
	/* x at or above the field's prime. */
	memset(point + 1, 0xff, 64);
	ck_assert_int_eq(
	    eh_rawkey_set(&key, point, sizeof(point)), EH_ERR_FORMAT);
}
END_TEST

START_TEST(other_lengths_are_not_supported)
{
	static const uint8_t zero[133];
	struct eh_rawkey key;

	for (size_t len = 0; len < sizeof(zero); len++)
		if (len != 32 && len != 65)
			ck_assert_int_eq(eh_rawkey_set(&key, zero, len),
			    EH_ERR_UNSUPPORTED);
	key.len = 0;
	ck_assert_int_eq(eh_rawkey_check(&key), EH_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(spki_has_one_encoding)
{
	uint8_t spki[EH_SPKI_MAX + 1] = { 0 };
	struct eh_rawkey key;

	unit_hex(P256_PREFIX GOLDEN_AUTHORITY_KEY, spki, sizeof(spki));
	for (size_t i = 0; i < 26; i++) {
		spki[i] ^= 1;
		ck_assert_int_ne(eh_rawkey_from_spki(
		    &key, spki, EH_P256_SPKI_LEN), EH_OK);
		ck_assert_uint_eq(key.len, 0);
		spki[i] ^= 1;
	}
	ck_assert_int_eq(
	    eh_rawkey_from_spki(&key, spki, EH_P256_SPKI_LEN), EH_OK);
	ck_assert_int_eq(eh_rawkey_from_spki(&key, spki, EH_P256_SPKI_LEN + 1),
	    EH_ERR_UNSUPPORTED);
	ck_assert_int_eq(eh_rawkey_from_spki(&key, spki, EH_P256_SPKI_LEN - 1),
	    EH_ERR_UNSUPPORTED);
	spki[90] ^= 1;
	ck_assert_int_eq(eh_rawkey_from_spki(&key, spki, EH_P256_SPKI_LEN),
	    EH_ERR_FORMAT);
}
END_TEST

START_TEST(the_key_decides_which_algorithm_fits)
{
	struct eh_rawkey p256 = { .len = 65 }, ed = { .len = 32 },
	    none = { .len = 0 };

	ck_assert(eh_rawkey_fits(&p256, EH_ALG_ES256));
	ck_assert(eh_rawkey_fits(&p256, EH_ALG_ESP256));
	ck_assert(!eh_rawkey_fits(&p256, EH_ALG_EDDSA));
	ck_assert(!eh_rawkey_fits(&p256, -51));
	ck_assert(eh_rawkey_fits(&ed, EH_ALG_EDDSA));
	ck_assert(eh_rawkey_fits(&ed, EH_ALG_ED25519));
	ck_assert(!eh_rawkey_fits(&ed, EH_ALG_ES256));
	ck_assert(!eh_rawkey_fits(&none, EH_ALG_ES256));
	ck_assert(!eh_rawkey_fits(&none, 0));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rawkey");
	TCase *t = tcase_create("rawkey");

	tcase_add_test(t, p256_key_goes_to_spki_and_back);
	tcase_add_test(t, ed25519_key_goes_to_spki_and_back);
	tcase_add_test(t, points_off_the_curve_are_refused);
	tcase_add_test(t, other_lengths_are_not_supported);
	tcase_add_test(t, spki_has_one_encoding);
	tcase_add_test(t, the_key_decides_which_algorithm_fits);
	suite_add_tcase(s, t);
	return unit_run(s);
}
