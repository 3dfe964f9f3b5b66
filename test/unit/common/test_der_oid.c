/* SPDX-License-Identifier: Apache-2.0 */
/* test_der_oid.c - object identifiers as text and as octets. */
#include "config.h"

#include <string.h>

#include "common/der/oid.h"
#include "test/unit/unit.h"

/* clang-format off */
static const struct {
	const char *text, *hex;
} both[] = {
	{ "0.0", "00" },
	{ "1.39", "4f" },
	{ "2.0", "50" },
	{ "2.5.4.3", "550403" },
	{ "2.39.1", "7701" },
	{ "2.40", "78" },
	{ "2.999.3", "883703" },
	{ "2.23.133.1.2", "6781050102" },
	{ "1.2.840.10045.4.3.2", "2a8648ce3d040302" },
	{ "1.3.6.1.4.1.37244.2.1", "2b0601040182a27c0201" },
	{ "1.3.6.1.5.5.7.8.4", "2b06010505070804" },
	{ "0.9.2342.19200300.100.1.25", "0992268993f22c640119" },
	{ "2.4294967295.4294967295", "908080804f8fffffff7f" },
};

static const char *const no_text[] = {
	"", "2", "2.", ".2", "2..5", "3.1", "0.40", "1.40", "2.05", "2.5.",
	"2.5.4294967296", "2.5.x", "2.5 ", " 2.5", "-1.2", "2.5.4.3\n",
};

static const char *const no_oid[] = {
	"", "80", "8001", "55 80 03", "5504 83", "2a8648ce3d0403 82",
	"5590 80 80 80 00",		/* 2^32 */
};
/* clang-format on */

START_TEST(text_and_octets_agree)
{
	uint8_t want[EH_OID_MAX], got[EH_OID_MAX];
	char text[EH_OID_TEXT];
	size_t wantlen, gotlen;

	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		wantlen = unit_hex(both[i].hex, want, sizeof(want));
		ck_assert_int_eq(eh_oid_encode(both[i].text, got, sizeof(got),
				     &gotlen), EH_OK);
		ck_assert_uint_eq(gotlen, wantlen);
		ck_assert_mem_eq(got, want, wantlen);
		ck_assert_int_eq(
		    eh_oid_decode(want, wantlen, text, sizeof(text)), EH_OK);
		ck_assert_str_eq(text, both[i].text);
		ck_assert(eh_oid_check(want, wantlen));
		ck_assert(eh_oid_is(want, wantlen, both[i].text));
		ck_assert(!eh_oid_is(want, wantlen, "2.5.4.99"));
	}
}
END_TEST

START_TEST(other_text_is_refused)
{
	uint8_t got[EH_OID_MAX];
	size_t len;

	for (size_t i = 0; i < sizeof(no_text) / sizeof(no_text[0]); i++)
		ck_assert_msg(eh_oid_encode(no_text[i], got, sizeof(got),
				  &len) == EH_ERR_FORMAT, "'%s'", no_text[i]);
}
END_TEST

START_TEST(other_octets_are_refused)
{
	uint8_t oid[EH_OID_MAX];
	char text[EH_OID_TEXT];
	size_t len;

	for (size_t i = 0; i < sizeof(no_oid) / sizeof(no_oid[0]); i++) {
		len = unit_hex(no_oid[i], oid, sizeof(oid));
		ck_assert_int_eq(eh_oid_decode(oid, len, text, sizeof(text)),
		    EH_ERR_FORMAT);
	}
	/* An arc that is too big for us is still well formed. */
	len = unit_hex("559080808000", oid, sizeof(oid));
	ck_assert(eh_oid_check(oid, len));
	len = unit_hex("558003", oid, sizeof(oid));
	ck_assert(!eh_oid_check(oid, len));
	ck_assert(!eh_oid_check(oid, 0));
}
END_TEST

START_TEST(room_is_kept)
{
	uint8_t oid[EH_OID_MAX];
	char text[8], big[EH_OID_TEXT];
	size_t len;

	ck_assert_int_eq(eh_oid_encode("2.5.4.3", oid, 2, &len), EH_ERR_SPACE);
	ck_assert_int_eq(eh_oid_encode("2.5.4.3", oid, 3, &len), EH_OK);
	ck_assert_int_eq(eh_oid_decode(oid, len, text, 7), EH_ERR_SPACE);
	ck_assert_int_eq(eh_oid_decode(oid, len, text, 8), EH_OK);
	/* The longest text of the longest contents. */
	memset(oid, 0x7f, sizeof(oid));
	ck_assert_int_eq(
	    eh_oid_decode(oid, sizeof(oid), big, sizeof(big)), EH_OK);
	ck_assert_int_eq(eh_oid_encode(big, oid, sizeof(oid), &len), EH_OK);
	ck_assert_uint_eq(len, EH_OID_MAX);
	strcpy(big, "2.5");
	for (int i = 0; i < EH_OID_MAX; i++)
		strcat(big, ".1");
	ck_assert_int_eq(
	    eh_oid_encode(big, oid, sizeof(oid), &len), EH_ERR_SPACE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("oid");
	TCase *t = tcase_create("oid");

	tcase_add_test(t, text_and_octets_agree);
	tcase_add_test(t, other_text_is_refused);
	tcase_add_test(t, other_octets_are_refused);
	tcase_add_test(t, room_is_kept);
	suite_add_tcase(s, t);
	return unit_run(s);
}
