/* SPDX-License-Identifier: Apache-2.0 */
/* test_explain.c - people are told what of a certificate does not fit. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/x509/cert.h"
#include "common/x509/explain.h"
#include "common/x509/template.h"
#include "test/unit/common/x509_fixture.h"
#include "test/unit/common/x509_openssl.h"
#include "test/unit/unit.h"

static struct fixture *f;
static char text[EH_EXPLAIN_TEXT];
static uint8_t der[8192];

/* Extensions of the template as libcrypto is told them, one a line. */
static char basic[] = "basicConstraints=critical,CA:FALSE\n";
static char usage[] = "keyUsage=critical,digitalSignature\n";
static char authority[256], module[256];
static char all[1024];

/* What libcrypto needs to make a certificate that fits. */
static const struct openssl_spec fitting = {
	.subject = "O=ACME/serialNumber=!SN00000042",
	.issuer = "C=!DE/O=ACME/CN=ACME IDevID Issuing CA 1",
	.from = "261201120000Z",
	.extensions = all,
	.serial = "40112233445566778899aabbccddeeff",
};

static void
value_line(const char *oid, struct eh_slice value, char *line, size_t cap)
{
	char hex[200];

	ck_assert_uint_lt(2 * value.len, sizeof(hex));
	eh_hex_encode(value.at, value.len, hex);
	snprintf(line, cap, "%s=DER:%s\n", oid, hex);
}

static void
setup(void)
{
	static uint8_t tbs[EH_TBS_MAX];
	struct eh_tbs_values in;
	struct eh_slice rest;
	struct eh_extension x;
	struct eh_cert cert;
	size_t len;

	f = fixture_gateway();
	fixture_compile(f);
	fixture_values(&in, "SN00000042", UINT64_C(1796126400));
	ck_assert_int_eq(eh_template_render(&f->profile, 0, &in, tbs,
			     sizeof(tbs), &len, &f->error), EH_OK);
	ck_assert_int_eq(eh_cert_decode_tbs(&cert, tbs, len), EH_OK);
	rest = cert.extensions;
	ck_assert_int_eq(eh_cert_next_extension(&rest, &x), 1);
	ck_assert_int_eq(eh_cert_next_extension(&rest, &x), 1);
	ck_assert_int_eq(eh_cert_next_extension(&rest, &x), 1);
	value_line("2.5.29.35", x.value, authority, sizeof(authority));
	ck_assert_int_eq(eh_cert_next_extension(&rest, &x), 1);
	value_line("2.5.29.17", x.value, module, sizeof(module));
	ck_assert_int_eq(eh_cert_next_extension(&rest, &x), 0);
	snprintf(all, sizeof(all), "%s%s%s%s", basic, usage, authority, module);
}

static void
teardown(void)
{
	fixture_free(f);
}

/* Explain what libcrypto makes of this; return how far it agrees. */
static size_t
explain(const struct openssl_spec *spec)
{
	size_t len = openssl_certificate(spec, der, sizeof(der));
	struct eh_tbs_values out;
	struct eh_error e;
	struct eh_cert c;
	size_t agreed;

	ck_assert_int_eq(eh_cert_decode(&c, der, len), EH_OK);
	agreed = eh_explain_mismatch(
	    &f->profile.template[0], c.tbs.at, c.tbs.len, text);
	ck_assert_uint_lt(agreed, f->profile.template[0].tbslen);
	/* The decision and its sentence go together. */
	eh_error_clear(&e);
	if (eh_template_match(&f->profile, 0, c.tbs.at, c.tbs.len, &out, &e) !=
	    EH_OK)
		ck_assert_msg(strstr(e.text, text) != NULL, "%s: %s", text,
		    e.text);
	else
		ck_assert_str_eq(text, "");
	return agreed;
}

static void
says(const struct openssl_spec *spec, const char *sentence)
{
	explain(spec);
	ck_assert_str_eq(text, sentence);
}

START_TEST(what_fits_needs_no_explanation)
{
	says(&fitting, "");
}
END_TEST

static const struct {
	const char *subject, *sentence;
} names[] = {
	{ "O=EVIL-CORP/serialNumber=!SN00000042",
	    "subject organizationName is \"EVIL-CORP\", must be \"ACME\"" },
	{ "O=ACNE/serialNumber=!SN00000042",
	    "subject organizationName is \"ACNE\", must be \"ACME\"" },
	{ "O=!ACME/serialNumber=!SN00000042",
	    "subject organizationName is a string of type 19, must be 12" },
	{ "CN=x/O=ACME/serialNumber=!SN00000042",
	    "subject has commonName where organizationName must be" },
	{ "O=ACME/serialNumber=!SN000000421",
	    "subject serialNumber has 11 octets, must have 10" },
	{ "O=ACME", "subject lacks serialNumber" },
	{ "O=ACME/serialNumber=!SN00000042/CN=x",
	    "subject has commonName, and must not" },
	{ "O=ACME/serialNumber=!SN00000042/emailAddress=a",
	    "subject has 1.2.840.113549.1.9.1, and must not" },
	{ "", "subject lacks organizationName" },
};

START_TEST(names_are_compared_attribute_by_attribute)
{
	struct openssl_spec s = fitting;

	s.subject = names[_i].subject;
	says(&s, names[_i].sentence);
}
END_TEST

START_TEST(issuer_is_compared_too)
{
	struct openssl_spec s = fitting;

	s.issuer = "C=!DE/O=ACME/CN=ACME IDevID Issuing CA 2";
	says(&s, "issuer commonName is \"ACME IDevID Issuing CA 2\", must be "
		 "\"ACME IDevID Issuing CA 1\"");
}
END_TEST

START_TEST(dates_are_told_as_they_stand)
{
	struct openssl_spec s = fitting;

	s.to = "99981231235959Z";
	says(&s, "notAfter is 99981231235959Z, must be 99991231235959Z");
	s.to = "350101000000Z";
	says(&s, "notAfter is 350101000000Z, must be 99991231235959Z");
	s = fitting;
	s.from = "20510101000000Z";
	says(&s, "notBefore is 20510101000000Z, must have 13 octets");
}
END_TEST

START_TEST(serial_algorithm_key_and_version_are_told)
{
	struct openssl_spec s = fitting;

	s.serial = "1001";
	says(&s, "the serial number has 2 octets, must have 16 (edgehsm profile "
		 "render prints it)");
	s = fitting;
	s.digest = "SHA384";
	says(&s, "the signature algorithm is ecdsa-with-SHA384, must be "
		 "ecdsa-with-SHA256");
	s = fitting;
	s.curve = "P-384";
	says(&s, "the public key is of another kind or curve");
	s = fitting;
	s.version = 1;
	s.extensions = "";
	says(&s, "it is of version 1 and has no extensions, must be of version "
		 "3");
}
END_TEST

START_TEST(extensions_are_told_by_name)
{
	static const struct {
		const char *lines[5];
		const char *sentence;
	} row[] = {
		{ { "basicConstraints=critical,CA:TRUE\n", usage, authority,
		    module },
		    "extension basicConstraints is 30030101ff, must be 3000" },
		{ { "basicConstraints=CA:FALSE\n", usage, authority, module },
		    "extension basicConstraints is not critical, must be" },
		{ { basic, usage, "subjectKeyIdentifier=hash\n", authority,
		    module },
		    "extension subjectKeyIdentifier is there, and must not "
		    "be" },
		{ { basic, usage, authority, module, "nsComment=x\n" },
		    "extension 2.16.840.1.113730.1.13 is there, and must not "
		    "be" },
		{ { basic, usage, module },
		    "extension authorityKeyIdentifier is missing" },
		{ { basic, usage, authority },
		    "extension subjectAltName is missing" },
		{ { basic, authority, usage, module },
		    "extension authorityKeyIdentifier comes where keyUsage "
		    "must be" },
		{ { basic, usage, authority, "subjectAltName=DNS:x\n" },
		    "extension subjectAltName is 3003820178, must be "
		    "3028a02606082b06010505070804a01a3018060a2b060104..." },
	};
	char lines[1024];
	struct openssl_spec s = fitting;

	s.extensions = lines;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		lines[0] = '\0';
		for (unsigned n = 0; n < 5 && row[i].lines[n] != NULL; n++)
			strcat(lines, row[i].lines[n]);
		says(&s, row[i].sentence);
	}
}
END_TEST

START_TEST(the_more_agrees_the_further_it_comes)
{
	struct openssl_spec issuer = fitting, subject = fitting, san = fitting;
	char lines[1024];

	issuer.issuer = "CN=other";
	subject.subject = "CN=other";
	snprintf(lines, sizeof(lines), "%s%s%s", basic, usage, authority);
	san.extensions = lines;
	ck_assert_uint_lt(explain(&issuer), explain(&subject));
	ck_assert_uint_lt(explain(&subject), explain(&san));
}
END_TEST

START_TEST(what_is_no_certificate_is_told_so)
{
	static const uint8_t garbage[] = { 0x04, 0x02, 1, 2 };
	static const uint8_t cut[] = { 0x30, 0x03, 0xa0, 0x01, 0x02 };
	const struct eh_template *t = &f->profile.template[0];

	ck_assert_uint_eq(
	    eh_explain_mismatch(t, garbage, sizeof(garbage), text), 0);
	ck_assert_str_eq(text, "it is no TBSCertificate");
	ck_assert_uint_eq(eh_explain_mismatch(t, garbage, 0, text), 0);
	ck_assert_str_eq(text, "it is no TBSCertificate");
	eh_explain_mismatch(t, cut, sizeof(cut), text);
	ck_assert_str_eq(text, "its version is not 3");
}
END_TEST

/* Whatever is cut or changed, it comes to an end within the text. */
START_TEST(every_cut_and_every_octet_comes_to_an_end)
{
	const struct eh_template *t = &f->profile.template[0];
	size_t len = openssl_certificate(&fitting, der, sizeof(der));
	static uint8_t tbs[EH_TBS_MAX];
	struct eh_cert c;

	ck_assert_int_eq(eh_cert_decode(&c, der, len), EH_OK);
	memcpy(tbs, c.tbs.at, c.tbs.len);
	for (size_t n = 0; n < c.tbs.len; n++) {
		uint8_t *cut = malloc(n + 1);

		ck_assert_ptr_nonnull(cut);
		memcpy(cut, tbs, n);
		ck_assert_uint_lt(
		    eh_explain_mismatch(t, cut, n, text), t->tbslen);
		ck_assert_uint_lt(strlen(text), sizeof(text));
		free(cut);
	}
	for (size_t n = 0; n < c.tbs.len; n++) {
		for (unsigned x = 1; x < 256; x += 37) {
			tbs[n] ^= (uint8_t)x;
			ck_assert_uint_lt(eh_explain_mismatch(t, tbs,
					      c.tbs.len, text), t->tbslen);
			tbs[n] ^= (uint8_t)x;
		}
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("explain");
	TCase *t = tcase_create("explain");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_fits_needs_no_explanation);
	tcase_add_loop_test(t, names_are_compared_attribute_by_attribute, 0,
	    sizeof(names) / sizeof(names[0]));
	tcase_add_test(t, issuer_is_compared_too);
	tcase_add_test(t, dates_are_told_as_they_stand);
	tcase_add_test(t, serial_algorithm_key_and_version_are_told);
	tcase_add_test(t, extensions_are_told_by_name);
	tcase_add_test(t, the_more_agrees_the_further_it_comes);
	tcase_add_test(t, what_is_no_certificate_is_told_so);
	tcase_add_test(t, every_cut_and_every_octet_comes_to_an_end);
	suite_add_tcase(s, t);
	return unit_run(s);
}
