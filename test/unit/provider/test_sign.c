/* SPDX-License-Identifier: Apache-2.0 */
/* test_sign.c - one signature by the token: from r || s to DER. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>

#include "provider/key.h"
#include "provider/sign.h"
#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

#define ZEROS "00000000000000000000000000000000"
#define ONES  "ffffffffffffffffffffffffffffffff"

/* r || s on P-256, and the length of its DER form. */
static const struct {
	const char *r, *s;
	size_t len;
} forms[] = {
	/* Both need a zero in front: the longest there is. */
	{ ONES ONES, ONES ONES, 72 },
	{ "80" "0000000000000000000000000000" ZEROS "00",
	    "7f" "0000000000000000000000000000" ZEROS "00", 71 },
	/* Leading zeros go, but not before a high bit. */
	{ ZEROS "00" "7f" "0000000000000000000000000000",
	    ZEROS "00" "80" "0000000000000000000000000000", 2 + 17 + 18 },
	{ ZEROS "00000000000000000000000000000001",
	    ZEROS "000000000000000000000000000000ff", 2 + 3 + 4 },
};

static size_t
sign_as(const char *r, const char *s, unsigned char sig[256])
{
	char answer[200];
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;
	size_t n;

	snprintf(answer, sizeof(answer), "%s%s", r, s);
	setenv("SHIM_HASH", "1", 1);
	setenv("SHIM_ANSWER", answer, 1);
	context = rig_context();
	key = rig_key(context, RIG_KEY);
	n = rig_sign(context, key, "SHA256", NULL, "x", 1, sig);
	EVP_PKEY_free(key);
	rig_free(context);
	return n;
}

START_TEST(der_form_is_what_libcrypto_makes_of_it)
{
	unsigned char sig[256], *again = NULL;
	const unsigned char *at = sig;
	ECDSA_SIG *parsed, *made = ECDSA_SIG_new();
	BIGNUM *r = NULL, *s = NULL;
	size_t n = sign_as(forms[_i].r, forms[_i].s, sig);

	ck_assert_uint_eq(n, forms[_i].len);
	parsed = d2i_ECDSA_SIG(NULL, &at, (long)n);
	ck_assert_ptr_nonnull(parsed);
	ck_assert_ptr_eq(at, sig + n);
	BN_hex2bn(&r, forms[_i].r);
	BN_hex2bn(&s, forms[_i].s);
	ck_assert_int_eq(BN_cmp(ECDSA_SIG_get0_r(parsed), r), 0);
	ck_assert_int_eq(BN_cmp(ECDSA_SIG_get0_s(parsed), s), 0);
	ck_assert_int_eq(ECDSA_SIG_set0(made, r, s), 1);
	ck_assert_int_eq(i2d_ECDSA_SIG(made, &again), (int)n);
	ck_assert_mem_eq(again, sig, n);
	OPENSSL_free(again);
	ECDSA_SIG_free(parsed);
	ECDSA_SIG_free(made);
}
END_TEST

START_TEST(zero_is_no_part_of_a_signature)
{
	unsigned char sig[256];

	ck_assert_uint_eq(sign_as(ZEROS ZEROS, ONES ONES, sig), 0);
	ERR_clear_error();
	ck_assert_uint_eq(sign_as(ONES ONES, ZEROS ZEROS, sig), 0);
}
END_TEST

START_TEST(other_lengths_are_no_signature)
{
	unsigned char sig[256];

	ck_assert_uint_eq(sign_as(ONES ONES, ONES "ff", sig), 0);
	ERR_clear_error();
	ck_assert_uint_eq(sign_as(ONES ONES, ONES ONES "ff", sig), 0);
	ERR_clear_error();
	ck_assert_uint_eq(sign_as("", "", sig), 0);
}
END_TEST

START_TEST(longest_form_fits_what_is_promised)
{
	static const struct eh_curve p256 = { .field = 32 };
	static const struct eh_curve p384 = { .field = 48 };
	static const struct eh_curve p521 = { .field = 66 };

	ck_assert_uint_eq(eh_sign_max(&p256), 72);
	ck_assert_uint_eq(eh_sign_max(&p384), 104);
	ck_assert_uint_eq(eh_sign_max(&p521), 141);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sign");
	TCase *t = rig_case("sign");

	tcase_add_loop_test(t, der_form_is_what_libcrypto_makes_of_it, 0,
	    sizeof(forms) / sizeof(forms[0]));
	tcase_add_test(t, zero_is_no_part_of_a_signature);
	tcase_add_test(t, other_lengths_are_no_signature);
	tcase_add_test(t, longest_form_fits_what_is_promised);
	suite_add_tcase(s, t);
	return rig_run(s);
}
