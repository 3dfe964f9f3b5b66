/* SPDX-License-Identifier: Apache-2.0 */
/* test_evp.c - between raw keys and libcrypto's objects. */
#include "config.h"

#include <openssl/err.h>

#include "common/crypto/evp.h"
#include "test/unit/common/golden.h"
#include "test/unit/unit.h"

START_TEST(raw_keys_go_there_and_back)
{
	struct eh_rawkey key[2], back;
	uint8_t bytes[EH_P256_POINT_LEN];
	EVP_PKEY *pkey;

	unit_hex(GOLDEN_AUTHORITY_KEY, bytes, sizeof(bytes));
	ck_assert_int_eq(eh_rawkey_set(&key[0], bytes, 65), EH_OK);
	ck_assert_int_eq(eh_rawkey_set(&key[1], bytes, 32), EH_OK);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(eh_evp_from_rawkey(&key[i], &pkey), EH_OK);
		ck_assert_int_eq(eh_evp_to_rawkey(pkey, &back), EH_OK);
		ck_assert(eh_rawkey_equal(&key[i], &back));
		EVP_PKEY_free(pkey);
	}
}
END_TEST

START_TEST(other_keys_are_not_supported)
{
	struct eh_rawkey key;
	EVP_PKEY *pkey = EVP_EC_gen("P-384");

	ck_assert_ptr_nonnull(pkey);
	ck_assert_int_eq(eh_evp_to_rawkey(pkey, &key), EH_ERR_UNSUPPORTED);
	ck_assert_uint_eq(key.len, 0);
	EVP_PKEY_free(pkey);
	key.len = 48;
	ck_assert_int_eq(eh_evp_from_rawkey(&key, &pkey), EH_ERR_UNSUPPORTED);
	ck_assert_ptr_null(pkey);
}
END_TEST

/* The queue belongs to whoever called us. */
START_TEST(errors_of_libcrypto_do_not_pile_up)
{
	struct eh_rawkey key = { .len = EH_P256_POINT_LEN, .bytes = { 4 } };
	EVP_PKEY *pkey;

	ERR_raise(ERR_LIB_USER, 7);
	ck_assert_int_eq(eh_evp_from_rawkey(&key, &pkey), EH_ERR_FORMAT);
	ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), 7);
	ck_assert_uint_eq(ERR_get_error(), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("evp");
	TCase *t = tcase_create("evp");

	tcase_add_test(t, raw_keys_go_there_and_back);
	tcase_add_test(t, other_keys_are_not_supported);
	tcase_add_test(t, errors_of_libcrypto_do_not_pile_up);
	suite_add_tcase(s, t);
	return unit_run(s);
}
