/* SPDX-License-Identifier: Apache-2.0 */
/* test_rv.c - every error of ours has a name in Cryptoki. */
#include "config.h"

#include "common/err.h"
#include "pkcs11-module/rv.h"
#include "test/unit/unit.h"

START_TEST(every_error_has_a_name_and_no_success)
{
	unsigned n = 0;

#define EACH(name, number, text)                                               \
	if (number != EH_OK)                                                   \
		ck_assert_uint_ne(eh_rv(number), CKR_OK);                      \
	if (number != EH_ERR_INTERNAL && number != EH_ERR_CONFIG)              \
		ck_assert_uint_ne(eh_rv(number), CKR_GENERAL_ERROR);           \
	n++;
	EH_ERRORS(EACH)
#undef EACH
	ck_assert_uint_eq(eh_rv(EH_OK), CKR_OK);
	ck_assert_uint_gt(n, 30);
}
END_TEST

START_TEST(an_unknown_number_is_a_general_error)
{
	ck_assert_uint_eq(eh_rv(-9999), CKR_GENERAL_ERROR);
	ck_assert_uint_eq(eh_rv(1), CKR_GENERAL_ERROR);
}
END_TEST

/* The numbers of reference tables, spelled out: clients have them. */
START_TEST(refusals_are_the_published_numbers)
{
	ck_assert_uint_eq(eh_rv(EH_DENIED_QUOTA), 0x80420001);
	ck_assert_uint_eq(eh_rv(EH_DENIED_EXPIRED), 0x80420002);
	ck_assert_uint_eq(eh_rv(EH_DENIED_NOT_YET_VALID), 0x80420003);
	ck_assert_uint_eq(eh_rv(EH_DENIED_REVOKED), 0x80420004);
	ck_assert_uint_eq(eh_rv(EH_DENIED_SCOPE), 0x80420005);
	ck_assert_uint_eq(eh_rv(EH_DENIED_TEMPLATE), 0x80420006);
	ck_assert_uint_eq(eh_rv(EH_DENIED_TIME), 0x80420007);
	ck_assert_uint_eq(eh_rv(EH_DENIED_OFFLINE), 0x80420008);
	ck_assert_uint_eq(eh_rv(EH_DENIED_DEVICE_LIMIT), 0x80420009);
	ck_assert_uint_eq(eh_rv(EH_DENIED_EVIDENCE), 0x8042000a);
	ck_assert_uint_eq(eh_rv(EH_DENIED_FAIL_STOPPED), 0x8042000b);
	ck_assert_uint_eq(eh_rv(EH_ERR_REPLAYED), 0x8042000c);
	ck_assert_uint_eq(eh_rv(EH_ERR_SIGNATURE), 0x8042000d);
	ck_assert_uint_eq(eh_rv(EH_ERR_FORMAT), 0x8042000e);
	ck_assert_uint_eq(eh_rv(EH_ERR_TRAILING), 0x8042000e);
	ck_assert_uint_eq(eh_rv(EH_DENIED_NO_AUTHORIZATION), 0x8042000f);
}
END_TEST

/* What an OpenSSL reason keeps is the low 23 bits, less its flags 18 and 19. */
START_TEST(refusals_differ_in_what_openssl_keeps)
{
	CK_RV seen[16];
	unsigned n = 0;

	for (int err = EH_DENIED_NO_AUTHORIZATION; err <= -9; err++) {
		CK_RV rv = eh_rv(err);

		if (rv < CKR_VENDOR_DEFINED || n == 16 || err == EH_ERR_PROOF)
			continue;
		ck_assert_uint_eq(rv & (3ul << 18), 0);
		for (unsigned i = 0; i < n; i++)
			ck_assert_uint_ne(seen[i], rv & 0x7fffff);
		seen[n++] = rv & 0x7fffff;
	}
	ck_assert_uint_eq(n, 14);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rv");
	TCase *t = tcase_create("rv");

	tcase_add_test(t, every_error_has_a_name_and_no_success);
	tcase_add_test(t, an_unknown_number_is_a_general_error);
	tcase_add_test(t, refusals_are_the_published_numbers);
	tcase_add_test(t, refusals_differ_in_what_openssl_keeps);
	suite_add_tcase(s, t);
	return unit_run(s);
}
