/* SPDX-License-Identifier: Apache-2.0 */
/* test_ecdh.c - a shared secret on P-256 with a key that is used once. */
#include "config.h"

#include <string.h>

#include "common/crypto/ecdh.h"
#include "common/crypto/evp.h"
#include "test/unit/unit.h"

START_TEST(both_sides_get_the_same_secret)
{
	uint8_t x[EH_ECDH_LEN], theirs[EH_ECDH_LEN];
	EVP_PKEY *peer = EVP_EC_gen("P-256"), *other;
	struct eh_rawkey public, mine, again;
	size_t len = sizeof(theirs);
	EVP_PKEY_CTX *ctx;

	ck_assert_int_eq(eh_evp_to_rawkey(peer, &public), EH_OK);
	ck_assert_int_eq(eh_ecdh_fresh(&public, &mine, x), EH_OK);
	ck_assert_int_eq(eh_evp_from_rawkey(&mine, &other), EH_OK);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, peer, NULL);
	ck_assert_int_eq(EVP_PKEY_derive_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_derive_set_peer(ctx, other), 1);
	ck_assert_int_eq(EVP_PKEY_derive(ctx, theirs, &len), 1);
	ck_assert_mem_eq(x, theirs, sizeof(x));
	ck_assert_int_eq(eh_ecdh_fresh(&public, &again, theirs), EH_OK);
	ck_assert(!eh_rawkey_equal(&mine, &again));
	ck_assert_mem_ne(x, theirs, sizeof(x));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
	EVP_PKEY_free(peer);
}
END_TEST

START_TEST(what_is_no_point_of_the_curve_is_refused)
{
	static const uint8_t zero[EH_ECDH_LEN];
	struct eh_rawkey public, mine;
	uint8_t x[EH_ECDH_LEN];

	memset(&public, 0, sizeof(public));
	public.len = EH_P256_POINT_LEN;
	memset(public.bytes, 1, public.len);
	public.bytes[0] = 4;
	ck_assert_int_ne(eh_ecdh_fresh(&public, &mine, x), EH_OK);
	ck_assert_mem_eq(x, zero, sizeof(x));
	public.len = EH_ED25519_KEY_LEN;
	ck_assert_int_eq(eh_ecdh_fresh(&public, &mine, x), EH_ERR_ARGUMENT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ecdh");
	TCase *c = tcase_create("ecdh");

	tcase_add_test(c, both_sides_get_the_same_secret);
	tcase_add_test(c, what_is_no_point_of_the_curve_is_refused);
	suite_add_tcase(s, c);
	return unit_run(s);
}
