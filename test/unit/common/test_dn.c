/* SPDX-License-Identifier: Apache-2.0 */
/* test_dn.c - names of issuers and subjects. */
#include "config.h"

#include <string.h>

#include "common/der/der.h"
#include "common/der/oid.h"
#include "common/x509/dn.h"
#include "test/unit/unit.h"

/* Hexadecimal digits as a slice that lives until the next call. */
static struct eh_slice
slice(const char *hex)
{
	static uint8_t bytes[256];
	struct eh_slice s = { bytes, 0 };

	s.len = unit_hex(hex, bytes, sizeof(bytes));
	return s;
}

/* C=DE; then O=ACME and CN=x in one SET; then serialNumber=1. */
#define NAME                                                                   \
	"3036 310b 3009 0603550406 13024445"                                   \
	"311b 300b 060355040a 0c0441434d45 300c 0603550403 0c05782079 0a7a"    \
	"310a 3008 0603550405 130131"

START_TEST(attributes_are_walked_through_all_sets)
{
	static const char *const oids[] = { "2.5.4.6", "2.5.4.10", "2.5.4.3",
		"2.5.4.5" };
	const struct eh_slice name = slice(NAME);
	struct eh_slice rest = eh_dn_begin(name);
	struct eh_attribute a;
	unsigned n = 0;

	ck_assert_int_eq(eh_dn_check(name), EH_OK);
	for (; eh_dn_next(&rest, &a); n++)
		ck_assert(eh_oid_is(a.oid.at, a.oid.len, oids[n]));
	ck_assert_uint_eq(n, 4);
	ck_assert_int_eq(eh_dn_attribute(name, "2.5.4.3", &a), 1);
	ck_assert_uint_eq(a.tag, EH_DER_UTF8_STRING);
	ck_assert_uint_eq(a.value.len, 5);
	ck_assert_int_eq(eh_dn_attribute(name, "2.5.4.11", &a), 0);
	ck_assert_ptr_null(a.value.at);
}
END_TEST

START_TEST(attribute_there_twice_is_not_got)
{
	struct eh_attribute a;

	ck_assert_int_eq(
	    eh_dn_attribute(slice("3018 310a 3008 0603550403 0c0161"
				  "310a 3008 0603550403 0c0162"),
		"2.5.4.3", &a), EH_ERR_EXISTS);
	ck_assert_ptr_null(a.value.at);
}
END_TEST

START_TEST(other_forms_are_refused)
{
	/* clang-format off */
	static const char *const bad[] = {
		"",
		"3000 00",				/* more behind it */
		"3100",
		"3002 3100",				/* an empty SET */
		"3004 3102 3000",			/* no OID */
		"3008 3006 3004 0602 5504",		/* SEQUENCE for SET */
		"3009 3107 3005 0603550403",		/* no value */
		"300e 310c 300a 0603550403 0c0161 0500", /* two values */
		"300c 310a 3008 0603558003 0c0161",	/* bad OID */
		"300d 310a 3008 0603550403 0c0161 00",
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(eh_dn_check(slice(bad[i])) == EH_ERR_FORMAT,
		    "%s", bad[i]);
	ck_assert_int_eq(eh_dn_check(slice("3000")), EH_OK);
}
END_TEST

START_TEST(names_are_shown_to_people)
{
	char text[64];

	eh_dn_format(slice(NAME), text, sizeof(text));
	ck_assert_str_eq(text, "C=DE, O=ACME, CN=x y?z, serialNumber=1");
	eh_dn_format(slice(NAME), text, 10);
	ck_assert_str_eq(text, "C=DE, O=A");
	eh_dn_format(slice("300b 3109 3007 06022a03 0c0161"), text,
	    sizeof(text));
	ck_assert_str_eq(text, "1.2.3=a");
	/* Nothing hides behind a NUL, and no terminal obeys a name. */
	eh_dn_format(slice("3013 3111 300f 0603550403 0c08 6100626364c29b41"),
	    text, sizeof(text));
	ck_assert_str_eq(text, "CN=a?bcd??A");
	eh_dn_format(slice("3000"), text, sizeof(text));
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(slices_are_equal_by_their_octets)
{
	const struct eh_slice a = { (const uint8_t *)"ab", 2 };
	const struct eh_slice b = { (const uint8_t *)"abc", 2 };
	const struct eh_slice c = { (const uint8_t *)"ac", 2 };
	const struct eh_slice none = { NULL, 0 };

	ck_assert(eh_slice_equal(a, b));
	ck_assert(!eh_slice_equal(a, c));
	ck_assert(!eh_slice_equal(a, none));
	ck_assert(eh_slice_equal(none, none));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("dn");
	TCase *t = tcase_create("dn");

	tcase_add_test(t, attributes_are_walked_through_all_sets);
	tcase_add_test(t, attribute_there_twice_is_not_got);
	tcase_add_test(t, other_forms_are_refused);
	tcase_add_test(t, names_are_shown_to_people);
	tcase_add_test(t, slices_are_equal_by_their_octets);
	suite_add_tcase(s, t);
	return unit_run(s);
}
