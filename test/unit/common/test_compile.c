/* SPDX-License-Identifier: Apache-2.0 */
/* test_compile.c - from a source to certificates that others accept. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/der/date.h"
#include "common/der/der.h"
#include "common/x509/cert.h"
#include "common/x509/compile.h"
#include "common/x509/template.h"
#include "test/unit/common/x509_fixture.h"
#include "test/unit/common/x509_openssl.h"
#include "test/unit/unit.h"

#define NOW UINT64_C(1795176000)	/* 2026-11-20 12:00:00 */

static struct fixture *f;
static struct eh_template_source *idevid, *dac;

static void
setup(void)
{
	f = fixture_gateway();
	idevid = &f->source.certificate[0];
	dac = &f->source.certificate[1];
}

static void
teardown(void)
{
	fixture_free(f);
}

static void
refused(const char *say)
{
	ck_assert_msg(fixture_try(f) == EH_ERR_CONFIG, "accepted, but %s", say);
	ck_assert_int_eq(f->error.code, EH_ERR_CONFIG);
	ck_assert_msg(strstr(f->error.text, say) != NULL, "says: %s",
	    f->error.text);
	ck_assert_uint_eq(f->len, 0);
}

static void
compiles(void)
{
	fixture_compile(f);
}

/* --- beside libcrypto -------------------------------------------------- */

static void
issuer_from(struct eh_issuer *i, const struct chain *c)
{
	ck_assert_msg(eh_issuer_decode(i, c->ca_der, c->ca_len, &f->error) ==
		EH_OK, "%s", f->error.text);
}

/* Render certificate ${index}, compare with what libcrypto makes of the same
 * parts, sign it and let libcrypto judge it. */
static size_t
beside(struct chain *c, unsigned index, const char *not_after,
    const char *subject, const char *conf, uint8_t *der, size_t cap)
{
	uint8_t tbs[EH_TBS_MAX], theirs[EH_TBS_MAX];
	struct eh_tbs_values v;
	size_t len, theirlen;

	fixture_values(&v, "SN00000042", NOW);
	ck_assert_int_eq(eh_template_render(&f->profile, index, &v, tbs,
			     sizeof(tbs), &len, &f->error), EH_OK);
	theirlen = chain_tbs(c, v.serial, "20261120120000Z", not_after, subject,
	    v.key.bytes, conf, theirs, sizeof(theirs));
	ck_assert_uint_eq(len, theirlen);
	ck_assert_mem_eq(tbs, theirs, len);
	len = chain_sign(c, tbs, len, der, cap);
	ck_assert_int_eq(chain_verify(c, der, len), X509_V_OK);
	return len;
}

START_TEST(certificates_are_what_libcrypto_makes)
{
	uint8_t der[EH_TBS_MAX + 128];
	struct chain ca, pai;
	size_t len;

	chain_init(&ca, "C=DE/O=ACME/CN=ACME IDevID Issuing CA 1", 1);
	chain_init(&pai, "CN=ACME Matter PAI/VID=FFF1", 1);
	issuer_from(&f->issuer[0], &ca);
	issuer_from(&f->issuer[1], &pai);
	compiles();
	ck_assert_uint_eq(f->profile.template[0].tbslen, 385);
	ck_assert_uint_eq(f->profile.template[1].tbslen, 392);
	len = beside(&ca, 0, "99991231235959Z",
	    "O=ACME/serialNumber=SN00000042",
	    "[ext]\nbasicConstraints=critical,CA:FALSE\n"
	    "keyUsage=critical,digitalSignature\n"
	    "authorityKeyIdentifier=keyid\n"
	    "subjectAltName=otherName:1.3.6.1.5.5.7.8.4;SEQ:hmn\n"
	    "[hmn]\nt=OID:1.3.6.1.4.1.55555.1.7\n"
	    "s=FORMAT:ASCII,OCT:SN00000042\n", der, sizeof(der));
	ck_assert_uint_le(len, 476);	/* 474 as a rule */
	len = beside(&pai, 1, "99991231235959Z",
	    "CN=ACME Gateway SN00000042/VID=FFF1/PID=8000",
	    "[ext]\nbasicConstraints=critical,CA:FALSE\n"
	    "keyUsage=critical,digitalSignature\n"
	    "subjectKeyIdentifier=hash\n"
	    "authorityKeyIdentifier=keyid\n", der, sizeof(der));
	ck_assert_uint_le(len, 483);
	chain_wipe(&ca);
	chain_wipe(&pai);
}
END_TEST

/* Everything that a source can say and the examples do not. */
START_TEST(other_forms_are_what_libcrypto_makes)
{
	static const uint8_t masa[] = { 0x16, 0x0b, 'm', 'a', 's', 'a', '.',
		'e', 'x', 'a', 'm', 'p', 'l' };
	uint8_t der[EH_TBS_MAX + 128];
	struct eh_source_extension *x;
	struct eh_source_attribute *a;
	struct chain ca;

	chain_init(&ca, "CN=CA", 1);
	issuer_from(&f->issuer[0], &ca);
	issuer_from(&f->issuer[1], &ca);
	idevid->standard = EH_STANDARD_NONE;
	idevid->attributes = 0;
	fixture_attribute(
	    idevid, "countryName", EH_DER_PRINTABLE_STRING, "DE");
	a = fixture_attribute(
	    idevid, "commonName", EH_DER_UTF8_STRING, "Gerät ");
	ck_assert_int_eq(
	    eh_source_add(&a->value, EH_PIECE_DEVICE_ID, NULL), EH_OK);
	ck_assert_int_eq(eh_source_add(&a->value, EH_PIECE_TEXT, "!"), EH_OK);
	fixture_attribute(
	    idevid, "domainComponent", EH_DER_IA5_STRING, "example");
	idevid->extensions = 0;
	x = fixture_extension(idevid, EH_EXTENSION_KEY_USAGE, 0);
	x->key_usage = 1 << 0 | 1 << 4 | 1 << 8;
	x = fixture_extension(idevid, EH_EXTENSION_EXT_KEY_USAGE, 0);
	x->oids = 2;
	x->oid[0] = "clientAuth";
	x->oid[1] = "1.3.6.1.4.1.45605.1";
	fixture_extension(idevid, EH_EXTENSION_AUTHORITY_KEY_ID, 0);
	x = fixture_extension(idevid, EH_EXTENSION_SUBJECT_ALT_NAME, 1);
	x->names = 2;
	x->name[0].kind = EH_ALT_NAME_DNS;
	ck_assert_int_eq(eh_source_add(&x->name[0].value, EH_PIECE_DEVICE_ID,
			     NULL), EH_OK);
	ck_assert_int_eq(eh_source_add(&x->name[0].value, EH_PIECE_TEXT,
			     ".example.com"), EH_OK);
	x->name[1].kind = EH_ALT_NAME_URI;
	ck_assert_int_eq(eh_source_add(&x->name[1].value, EH_PIECE_TEXT,
			     "urn:dev:"), EH_OK);
	ck_assert_int_eq(eh_source_add(&x->name[1].value, EH_PIECE_DEVICE_ID,
			     NULL), EH_OK);
	x = fixture_extension(idevid, EH_EXTENSION_POLICIES, 0);
	x->oids = 2;
	x->oid[0] = "tcg-cap-verifiedTPMResidency";
	x->oid[1] = "2.23.133.11.1.2";
	x = fixture_extension(idevid, EH_EXTENSION_DER, 0);
	x->der_oid = "1.3.6.1.5.5.7.1.32";
	x->der = masa;
	x->derlen = sizeof(masa);
	idevid->not_after.field = 1;
	idevid->not_after.seconds = 0;
	idevid->not_after.days = 365;
	dac->standard = EH_STANDARD_NONE;
	compiles();
	beside(&ca, 0, "20271120120000Z",
	    "C=DE/CN=Gerät SN00000042!/DC=example",
	    "[ext]\nkeyUsage=digitalSignature,keyAgreement,decipherOnly\n"
	    "extendedKeyUsage=clientAuth,1.3.6.1.4.1.45605.1\n"
	    "authorityKeyIdentifier=keyid\n"
	    "subjectAltName=critical,DNS:SN00000042.example.com,"
	    "URI:urn:dev:SN00000042\n"
	    "certificatePolicies=2.23.133.11.1.1,2.23.133.11.1.2\n"
	    "1.3.6.1.5.5.7.1.32=ASN1:IA5STRING:masa.exampl\n",
	    der, sizeof(der));
	chain_wipe(&ca);
}
END_TEST

/* --- issuers ----------------------------------------------------------- */

START_TEST(issuer_is_taken_from_its_certificate)
{
	uint8_t id[EH_SHA1_LEN], digest[EH_DIGEST_LEN];
	struct eh_issuer with, without;
	struct eh_cert cert;
	struct chain c;

	chain_init(&c, "CN=CA", 1);
	issuer_from(&with, &c);
	ck_assert_int_eq(eh_cert_decode(&cert, c.ca_der, c.ca_len), EH_OK);
	eh_sha1(cert.spki.key.at, cert.spki.key.len, id);
	ck_assert_uint_eq(with.key_idlen, 20);
	ck_assert_mem_eq(with.key_id, id, 20);
	eh_sha256(cert.spki.der.at, cert.spki.der.len, digest);
	ck_assert_mem_eq(with.spki, digest, sizeof(digest));
	ck_assert_uint_eq(with.subjectlen, cert.subject.len);
	ck_assert_mem_eq(with.subject, cert.subject.at, cert.subject.len);
	chain_wipe(&c);
	/* Without a subject key id of its own it is computed. */
	chain_init(&c, "CN=CA", 0);
	ck_assert_int_eq(eh_cert_decode(&cert, c.ca_der, c.ca_len), EH_OK);
	ck_assert_uint_eq(eh_cert_subject_key_id(&cert).len, 0);
	issuer_from(&without, &c);
	eh_sha1(cert.spki.key.at, cert.spki.key.len, id);
	ck_assert_mem_eq(without.key_id, id, 20);
	chain_wipe(&c);
}
END_TEST

START_TEST(issuer_must_be_a_ca)
{
	uint8_t tbs[EH_TBS_MAX], der[EH_TBS_MAX];
	struct eh_tbs_values v;
	struct eh_issuer i;
	struct chain c;
	size_t len;

	compiles();
	fixture_values(&v, "SN00000042", NOW);
	ck_assert_int_eq(eh_template_render(&f->profile, 0, &v, tbs,
			     sizeof(tbs), &len, &f->error), EH_OK);
	chain_init(&c, "CN=CA", 1);
	len = chain_sign(&c, tbs, len, der, sizeof(der));
	ck_assert_int_eq(
	    eh_issuer_decode(&i, der, len, &f->error), EH_ERR_FORMAT);
	ck_assert_ptr_nonnull(strstr(f->error.text, "not that of a CA"));
	ck_assert_int_eq(eh_issuer_decode(&i, c.ca_der, c.ca_len - 1,
			     &f->error), EH_ERR_FORMAT);
	ck_assert_ptr_nonnull(strstr(f->error.text, "not a DER certificate"));
	chain_wipe(&c);
}
END_TEST

START_TEST(two_issuers_give_two_profiles_of_one_source)
{
	uint8_t first[EH_DIGEST_LEN], second[EH_DIGEST_LEN];
	uint8_t source[EH_DIGEST_LEN];

	compiles();
	eh_profile_digest(f->bytes, f->len, first);
	memcpy(source, f->profile.source, sizeof(source));
	f->issuer[0].spki[0] ^= 1;
	compiles();
	eh_profile_digest(f->bytes, f->len, second);
	ck_assert_mem_ne(first, second, sizeof(first));
	ck_assert_mem_eq(source, f->profile.source, sizeof(source));
}
END_TEST

/* --- refusals ---------------------------------------------------------- */

START_TEST(fields_of_variable_length_are_refused)
{
	f->source.identity.pattern = "SN[0-9]{1,8}";
	refused("pad the value, or choose another encoding");
	f->source.identity.pattern = "SN[0-9]+";
	refused("pad the value, or choose another encoding");
	f->source.identity.pattern = "SN[0-9]{8}";
	f->source.inputs = 1;
	f->source.input[0].id = "mac";
	f->source.input[0].pattern = "[0-9A-F]*";
	refused("input mac: pattern '[0-9A-F]*' has no single length");
	f->source.input[0].pattern = NULL;
	refused("input mac has no pattern, so no single length");
	f->source.input[0].pattern = "[0-9A-F]{12}";
	compiles();
}
END_TEST

START_TEST(text_must_fit_its_string_type)
{
	struct eh_source_attribute *a = &idevid->attribute[0];

	a->string = EH_DER_PRINTABLE_STRING;
	a->value.piece[0].text = "ACME & Co";
	refused("organizationName: 'ACME & Co' does not fit its string type");
	a->string = EH_DER_IA5_STRING;
	compiles();
	a->value.piece[0].text = "Bücher";
	refused("does not fit its string type");
	a->string = EH_DER_UTF8_STRING;
	compiles();
	a->value.piece[0].text = "ACME\n";
	refused("not UTF-8 without control characters");
	a->value.piece[0].text = "";
	refused("0 characters, 1 to 64");
	a->value.pieces = 0;
	refused("0 characters, 1 to 64");
	a->string = EH_DER_OCTET_STRING;
	refused("unknown string type");
}
END_TEST

START_TEST(broken_utf8_is_refused)
{
	static const char *const bad[] = { "\x80", "\xc3", "\xc0\x80",
		"\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xc3z",
		"\xc2\x9b" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		idevid->attribute[0].value.piece[0].text = bad[i];
		refused("not UTF-8");
	}
	idevid->attribute[0].value.piece[0].text =
	    "\xf0\x9f\x94\x91\xe2\x82\xac";
	compiles();
}
END_TEST

START_TEST(field_must_fit_its_string_type)
{
	f->source.identity.pattern = "SN[:octet:]{8}";
	refused("allows octets that its string type cannot hold");
	f->source.identity.pattern = "SN[:ascii:]{8}";
	refused("serialNumber: the field's pattern allows octets");
	f->source.identity.pattern = "SN_0-9]{8}";
	refused("neither a constant nor a class");
	f->source.identity.pattern = "SN_[0-9]{8}";
	refused("serialNumber: the field's pattern allows octets");
	f->source.identity.pattern = "SN[:printablestring:]{8}";
	compiles();
}
END_TEST

START_TEST(upper_bounds_are_kept)
{
	struct eh_source_text *t = &idevid->attribute[0].value;
	char text[70];

	memset(text, 'x', sizeof(text));
	text[64] = '\0';
	t->piece[0].text = text;
	compiles();
	text[64] = 'x';
	text[65] = '\0';
	refused("organizationName: 65 characters, 1 to 64 are allowed");
	idevid->attribute[0].attribute = "localityName";
	compiles();
	idevid->attribute[0].attribute = "countryName";
	idevid->attribute[0].string = EH_DER_PRINTABLE_STRING;
	refused("65 characters, 2 to 2 are allowed");
	t->piece[0].text = "D";
	refused("1 characters, 2 to 2 are allowed");
	t->piece[0].text = "DE";
	compiles();
	idevid->attribute[0].string = EH_DER_UTF8_STRING;
	refused("must be a printable string");
}
END_TEST

START_TEST(unknown_words_are_refused)
{
	struct eh_source_extension *x;

	idevid->attribute[0].attribute = "organisation";
	refused("'organisation' is no known word and no OID");
	idevid->attribute[0].attribute = "2.5.4.10";
	compiles();
	x = fixture_extension(idevid, EH_EXTENSION_EXT_KEY_USAGE, 0);
	refused("extendedKeyUsage: the list is empty");
	x->oids = 1;
	x->oid[0] = "clientauth";
	refused("'clientauth' is no known word");
	x->oid[0] = "clientAuth";
	compiles();
	x->kind = EH_EXTENSION_POLICIES;
	refused("'clientAuth' is no known word");
	x->kind = (enum eh_extension_kind)99;
	refused("unknown extension");
	idevid->extensions--;
	idevid->sig_alg = EH_SIG_RSA_PSS_SHA256;
	refused("signatureAlgorithm");
	idevid->sig_alg = 0;
	refused("signatureAlgorithm");
}
END_TEST

START_TEST(fields_and_keys_must_exist)
{
	ck_assert_int_eq(eh_source_add(&idevid->attribute[0].value,
			     EH_PIECE_INPUT, "mac"), EH_OK);
	refused("no field or input is called 'mac'");
	idevid->attribute[0].value.piece[1].kind = EH_PIECE_CHIP_ID;
	refused("this field cannot stand in a text");
	idevid->attribute[0].value.pieces = 1;
	idevid->key = "device";
	refused("no key is called 'device'");
	idevid->key = NULL;
	refused("no key is called ''");
	idevid->key = "attestation";
	f->source.key[0].algorithm = 9;
	refused("key attestation: unknown algorithm");
	f->source.key[0].algorithm = EH_KEY_ECDSA_P256;
	f->source.keys = 2;
	f->source.key[1] = f->source.key[0];
	refused("two keys are called attestation");
}
END_TEST

START_TEST(names_are_names_and_used_once)
{
	f->source.name = "gateway b";
	refused("the name is no name");
	f->source.name = "gateway-b";
	idevid->id = "";
	refused("its id is no name");
	idevid->id = "dac";
	refused("two templates have this id");
	idevid->id = "idevid";
	f->source.identity.kind = NULL;
	refused("identity: the kind is no name");
	f->source.identity.kind = "serial";
	f->source.inputs = 2;
	f->source.input[0].id = f->source.input[1].id = "mac";
	f->source.input[0].pattern = f->source.input[1].pattern = "[0-9]";
	refused("two inputs are called mac");
	f->source.input[1].id = " ";
	refused("input 1: its id is no name");
}
END_TEST

START_TEST(lengths_are_bounded)
{
	f->source.identity.pattern = "[0-9]{33}";
	refused("identity: 33 octets, at most 32");
	f->source.identity.pattern = "[0-9]{32}";
	compiles();
	f->source.inputs = 1;
	f->source.input[0].id = "mac";
	f->source.input[0].pattern = "[0-9]{64}[0-9]";
	refused("input mac: 65 octets, at most 64");
}
END_TEST

START_TEST(ranges_fit_their_pattern)
{
	f->source.identity.lo = "SN00000001";
	refused("identity: a range has two ends");
	f->source.identity.hi = "SN0000002";
	refused("identity: the range does not fit the pattern");
	f->source.identity.hi = "SN00000000";
	refused("identity: the range ends before it begins");
	f->source.identity.hi = "SN00000001";
	compiles();
	ck_assert_mem_eq(f->profile.identity.lo, "SN00000001", 10);
}
END_TEST

START_TEST(templates_that_differ_in_nothing_are_refused)
{
	f->source.certificates = 3;
	f->source.certificate[2] = *idevid;
	f->source.certificate[2].id = "again";
	f->issuer[2] = f->issuer[0];
	refused("templates idevid and again differ in no octet");
	/* A field is no difference either. */
	f->source.certificate[2].attribute[0].value.piece[0].text = "ACMF";
	compiles();
}
END_TEST

START_TEST(same_extension_twice_is_refused)
{
	struct eh_source_extension *x;
	static const uint8_t null[] = { 0x05, 0x00, 0x00 };

	fixture_extension(idevid, EH_EXTENSION_AUTHORITY_KEY_ID, 0);
	refused("extension 2.5.29.35 stands there twice");
	x = &idevid->extension[idevid->extensions - 1];
	x->kind = EH_EXTENSION_DER;
	x->der_oid = "2.5.29.35";
	x->der = null;
	x->derlen = 2;
	refused("extension 2.5.29.35 stands there twice");
	x->der_oid = "1.2.3";
	compiles();
	x->derlen = 3;
	refused("extension 1.2.3: its value is not one DER element");
	x->derlen = 1;
	refused("not one DER element");
	x->der_oid = "clientAuth";
	refused("unknown extension");
}
END_TEST

START_TEST(device_is_no_ca)
{
	static const uint8_t ca[] = { 0x30, 0x03, 0x01, 0x01, 0xff };
	struct eh_source_extension *x = &idevid->extension[0];
	const struct eh_source_extension before = *x;

	/* Nor by the way around its rule, whatever the standard. */
	idevid->standard = EH_STANDARD_NONE;
	x->kind = EH_EXTENSION_DER;
	x->der_oid = "2.5.29.19";
	x->der = ca;
	x->derlen = sizeof(ca);
	refused("write it as basicConstraints: a device is no CA");
	*x = before;
	idevid->standard = EH_STANDARD_IEEE_802_1AR;
	idevid->extension[0].ca = 1;
	refused("a device is no CA");
	idevid->extension[0].ca = 0;
	idevid->extension[0].path_length_given = 1;
	refused("a device is no CA");
	idevid->extension[0].path_length_given = 0;
	idevid->standard = EH_STANDARD_NONE;
	idevid->extension[1].key_usage = 1 << 5;
	refused("rfc5280/key-cert-sign");
	idevid->extension[1].key_usage = 0;
	refused("keyUsage: no bits");
	idevid->extension[1].key_usage = 1 << 9;
	refused("keyUsage: no bits, or unknown ones");
}
END_TEST

START_TEST(names_in_alt_name_are_judged)
{
	struct eh_source_extension *x = &idevid->extension[3];

	ck_assert_int_eq((int)x->kind, EH_EXTENSION_SUBJECT_ALT_NAME);
	x->name[0].type = "hello";
	refused("hardwareModuleName: 'hello' is no known word and no OID");
	x->name[0].type = NULL;
	refused("hardwareModuleName");
	x->name[0].kind = (enum eh_alt_name_kind)9;
	refused("unknown kind of name");
	x->names = 0;
	refused("subjectAltName: the list is empty");
}
END_TEST

START_TEST(dates_are_judged)
{
	idevid->not_before.field = 0;
	idevid->not_before.seconds = NOW;
	compiles();
	idevid->not_after.field = 1;
	idevid->not_after.days = 10;
	idevid->not_after.seconds = 0;
	refused("only be a field beside a notBefore that is one");
	idevid->not_after.field = 0;
	refused("only a notAfter field has days");
	idevid->not_after.days = 0;
	idevid->not_after.seconds = NOW;
	refused("notAfter does not lie behind notBefore");
	idevid->not_after.seconds = EH_DATE_MAX + 1;
	refused("notAfter lies beyond the year 9999");
	idevid->not_after.seconds = EH_DATE_MAX;
	idevid->not_before.field = 1;
	idevid->not_before.days = 1;
	refused("only a notAfter field has days");
	idevid->not_before.days = 0;
	idevid->not_after.field = 1;
	idevid->not_after.days = 36526;
	refused("notAfter: 1 to 36525 days");
	idevid->not_after.days = 7306;
	refused("say which form of time it has");
	idevid->not_after.form = EH_DATE_FORM_GENERALIZED;
	compiles();
	idevid->not_after.form = EH_DATE_FORM_AUTO;
	idevid->not_after.days = 9131;
	refused("say which form of time it has");
	idevid->not_after.form = EH_DATE_FORM_UTC;
	compiles();
}
END_TEST

START_TEST(constant_dates_take_the_form_of_their_year)
{
	static const struct {
		uint64_t seconds;
		uint8_t tag;
		const char *text;
	} dates[] = { { UINT64_C(2524607999), EH_DER_UTC_TIME,
			  "491231235959Z" },
		{ UINT64_C(2524608000), EH_DER_GENERALIZED_TIME,
		    "20500101000000Z" },
		{ EH_DATE_MAX, EH_DER_GENERALIZED_TIME, "99991231235959Z" } };

	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		const size_t len = strlen(dates[i].text);
		const struct eh_template *t;

		idevid->not_after.seconds = dates[i].seconds;
		compiles();
		t = &f->profile.template[0];
		ck_assert_uint_eq(t->tbs[121], dates[i].tag);
		ck_assert_uint_eq(t->tbs[122], len);
		ck_assert_mem_eq(t->tbs + 123, dates[i].text, len);
	}
}
END_TEST

START_TEST(tbs_has_a_limit)
{
	static uint8_t der[EH_SOURCE_DER];
	struct eh_source_extension *x;
	char oid[4][16];

	der[0] = 0x04;
	der[1] = 0x82;
	der[2] = (EH_SOURCE_DER - 4) >> 8;
	der[3] = (EH_SOURCE_DER - 4) & 0xff;
	for (unsigned i = 0; i < 4; i++) {
		snprintf(oid[i], sizeof(oid[i]), "1.2.3.%u", i);
		x = fixture_extension(idevid, EH_EXTENSION_DER, 0);
		x->der_oid = oid[i];
		x->der = der;
		x->derlen = sizeof(der);
	}
	refused("longer than 4096 octets");
	idevid->extensions--;
	compiles();
	ck_assert_uint_gt(f->profile.template[0].tbslen, 3000);
}
END_TEST

START_TEST(what_breaks_its_standard_does_not_compile)
{
	dac->extension[1].key_usage = 1 << 0 | 1 << 4;
	refused("certificate dac: keyUsage has digitalSignature and nothing "
		"else (matter-dac/ku-digital-signature; ");
	dac->extension[1].key_usage = 1;
	dac->attribute[2].value.piece[0].text = "80ff";
	refused("matter-dac/pid");
	dac->attribute[2].value.piece[0].text = "8000";
	idevid->attributes = 1;
	refused("ieee-802.1ar/serial-number");
	idevid->standard = EH_STANDARD_NONE;
	compiles();
}
END_TEST

START_TEST(keys_get_numbers)
{
	compiles();
	ck_assert_uint_eq(f->profile.template[0].key_given, 0);
	ck_assert_uint_eq(f->profile.template[1].key_given, 1);
	ck_assert_uint_eq(f->profile.template[1].key, 0);
	f->source.keys = 2;
	f->source.key[1] = f->source.key[0];
	f->source.key[1].id = "matter";
	dac->key = "matter";
	compiles();
	ck_assert_uint_eq(f->profile.template[1].key_given, 0);
	ck_assert_uint_eq(eh_profile_key(&f->profile, 1), 1);
}
END_TEST

START_TEST(device_keys_on_p384_compile_but_are_not_linted)
{
	struct eh_template t;
	uint8_t tbs[EH_TBS_MAX];

	f->source.key[0].algorithm = EH_KEY_ECDSA_P384;
	ck_assert_int_eq(eh_compile_template(&f->source, 0, &f->issuer[0], tbs,
			     &t, &f->error), EH_OK);
	ck_assert_uint_eq(t.tbslen, 385 + 32 - 3);
	ck_assert_int_eq(fixture_try(f), EH_ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(f->error.text, "97 octets"));
}
END_TEST

START_TEST(secrets_are_compiled_and_judged)
{
	struct eh_source_secret *s = &f->source.secret[0];

	f->source.secrets = 1;
	s->id = "storage-key";
	s->kdf = EH_KDF_HKDF_SHA256;
	s->contexts = 2;
	s->context[0].kind = EH_PIECE_DEVICE_ID;
	s->context[1].kind = EH_PIECE_TEXT;
	s->context[1].text = "v1";
	s->size = 32;
	s->wrap = EH_WRAP_HPKE;
	compiles();
	ck_assert_uint_eq(
	    f->profile.secret[0].context[1].kind, EH_CONTEXT_CONSTANT);
	s->size = 15;
	refused("secret storage-key: 15 octets");
	s->size = 32;
	s->context[1].kind = EH_PIECE_CHIP_ID;
	refused("needs evidence: attested");
	s->context[1].kind = EH_PIECE_INPUT;
	refused("a context holds texts, device-id and chip-id only");
	s->id = "";
	refused("id is no name");
}
END_TEST

START_TEST(there_must_be_a_certificate_and_room)
{
	size_t len;

	ck_assert_int_eq(eh_compile_profile(&f->source, f->issuer, NULL,
			     f->bytes, 100, &len, &f->error), EH_ERR_SPACE);
	f->source.certificates = 0;
	refused("0 templates");
	ck_assert_int_eq(eh_compile_template(&f->source, 0, &f->issuer[0],
			     f->bytes, &f->profile.template[0], &f->error),
	    EH_ERR_CONFIG);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("compile");
	TCase *t = tcase_create("compile");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, certificates_are_what_libcrypto_makes);
	tcase_add_test(t, other_forms_are_what_libcrypto_makes);
	tcase_add_test(t, issuer_is_taken_from_its_certificate);
	tcase_add_test(t, issuer_must_be_a_ca);
	tcase_add_test(t, two_issuers_give_two_profiles_of_one_source);
	tcase_add_test(t, fields_of_variable_length_are_refused);
	tcase_add_test(t, text_must_fit_its_string_type);
	tcase_add_test(t, broken_utf8_is_refused);
	tcase_add_test(t, field_must_fit_its_string_type);
	tcase_add_test(t, upper_bounds_are_kept);
	tcase_add_test(t, unknown_words_are_refused);
	tcase_add_test(t, fields_and_keys_must_exist);
	tcase_add_test(t, names_are_names_and_used_once);
	tcase_add_test(t, lengths_are_bounded);
	tcase_add_test(t, ranges_fit_their_pattern);
	tcase_add_test(t, templates_that_differ_in_nothing_are_refused);
	tcase_add_test(t, same_extension_twice_is_refused);
	tcase_add_test(t, device_is_no_ca);
	tcase_add_test(t, names_in_alt_name_are_judged);
	tcase_add_test(t, dates_are_judged);
	tcase_add_test(t, constant_dates_take_the_form_of_their_year);
	tcase_add_test(t, tbs_has_a_limit);
	tcase_add_test(t, what_breaks_its_standard_does_not_compile);
	tcase_add_test(t, keys_get_numbers);
	tcase_add_test(t, device_keys_on_p384_compile_but_are_not_linted);
	tcase_add_test(t, secrets_are_compiled_and_judged);
	tcase_add_test(t, there_must_be_a_certificate_and_room);
	suite_add_tcase(s, t);
	return unit_run(s);
}
