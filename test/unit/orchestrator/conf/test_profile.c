/* SPDX-License-Identifier: Apache-2.0 */
/* test_profile.c - a ProvisioningProfile as the source of a compiled one, and
 * what is refused in one. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "orchestrator/conf/line.h"
#include "orchestrator/conf/profile.h"
#include "test/unit/orchestrator/conf/said.h"
#include "test/unit/unit.h"

#define TEXT_MAX 16384

static struct eh_report report;
static struct eh_conf_profile *profile;
static char text[TEXT_MAX];

/* A whole profile, as text that tests change in one place. */
static const char whole[] =
    "apiVersion: edgehsm/v1\n"
    "kind: ProvisioningProfile\n"
    "metadata: { name: p, version: 7 }\n"
    "spec:\n"
    "  identity: { kind: serial, pattern: \"SN[0-9]{2}\" }\n"
    "  evidence: none\n"
    "  keys: [ { id: k, algorithm: ECDSA-P256, generatedIn: device } ]\n"
    "  inputs: [ { id: mac, pattern: \"[0-9A-F]{12}\" } ]\n"
    "  certificates:\n"
    "    - id: c\n"
    "      standard: none\n"
    "      key: k\n"
    "      issuer: { key: ca, certificate: ca.pem }\n"
    "      template:\n"
    "        serialNumber: { field: certificate-serial }\n"
    "        notBefore: { field: not-before }\n"
    "        notAfter: { field: not-after, days: 30, form: utc }\n"
    "        subject:\n"
    "          - { attribute: commonName, string: utf8,\n"
    "              value: [ { field: device-id }, \"-\", { field: mac } ] }\n"
    "        subjectPublicKeyInfo: { field: public-key }\n"
    "        extensions:\n"
    "          - { extension: basicConstraints, critical: true }\n"
    "          - { extension: keyUsage, bits: [ digitalSignature, "
    "keyAgreement ] }\n"
    "          - { extension: extendedKeyUsage, purposes: [ clientAuth, "
    "1.2.3.4 ] }\n"
    "          - { extension: subjectAltName, dnsName: [ { field: mac }, "
    "\".x\" ],\n"
    "              uri: \"urn:x\" }\n"
    "          - { extension: 1.3.6.1.5.5.7.1.32, der: 16026162 }\n"
    "          - { extension: authorityKeyIdentifier, from: issuer }\n"
    "        signatureAlgorithm: ecdsa-with-SHA256\n"
    "  injection: [ { object: certificate/c, place: cert/0 } ]\n";

static void
setup(void)
{
	eh_report_init(&report);
	profile = NULL;
}

static void
teardown(void)
{
	eh_conf_profile_free(profile);
	profile = NULL;
	eh_report_wipe(&report);
}

/* Put into text the whole profile with ${from} replaced by ${to}. */
static void
change(const char *from, const char *to)
{
	const char *place = strstr(whole, from);

	ck_assert_msg(place != NULL, "no '%s'", from);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(place - whole), whole,
	    to, place + strlen(from));
}

static int
parse(void)
{
	eh_conf_profile_free(profile);
	return eh_conf_profile_parse(
	    &profile, "p.yaml", text, strlen(text), &report);
}

/* Check that the profile so changed is refused with exactly ${complaint}. */
static void
refuses(const char *from, const char *to, const char *complaint)
{
	change(from, to);
	ck_assert_int_eq(parse(), EH_ERR_CONFIG);
	ck_assert_ptr_null(profile);
	said(&report, complaint);
}

/* The same for what only the compiler sees. */
static void
refuses_compiling(const char *from, const char *to, const char *complaint)
{
	change(from, to);
	ck_assert_int_eq(parse(), EH_OK);
	ck_assert_int_eq(
	    eh_conf_profile_check(profile, NULL, &report), EH_ERR_CONFIG);
	said(&report, complaint);
}

START_TEST(profile_becomes_a_source)
{
	const struct eh_profile_source *s;
	const struct eh_template_source *c;

	change("", "");
	ck_assert_int_eq(parse(), EH_OK);
	said(&report, "");
	s = eh_conf_profile_get_source(profile);
	ck_assert_str_eq(s->name, "p");
	ck_assert_uint_eq(s->version, 7);
	ck_assert_ptr_null(s->manufacturer);
	ck_assert_str_eq(s->identity.kind, "serial");
	ck_assert_str_eq(s->identity.pattern, "SN[0-9]{2}");
	ck_assert_str_eq(s->identity.source, "work-order");
	ck_assert_ptr_null(s->identity.lo);
	ck_assert_uint_eq(s->evidence, EH_EVIDENCE_NONE);
	ck_assert_uint_eq(s->keys, 1);
	ck_assert_str_eq(s->key[0].id, "k");
	ck_assert_uint_eq(s->key[0].algorithm, EH_KEY_ECDSA_P256);
	ck_assert_str_eq(s->key[0].generated_in, "device");
	ck_assert_uint_eq(s->inputs, 1);
	ck_assert_str_eq(s->input[0].id, "mac");
	ck_assert_uint_eq(s->injections, 1);
	ck_assert_str_eq(s->injection[0].place, "cert/0");
	ck_assert_uint_eq(s->debug.given, 0);
	ck_assert_uint_eq(s->certificates, 1);
	c = &s->certificate[0];
	ck_assert_str_eq(c->id, "c");
	ck_assert_uint_eq(c->standard, EH_STANDARD_NONE);
	ck_assert_str_eq(c->issuer_key, "ca");
	ck_assert_int_eq(c->sig_alg, EH_SIG_ECDSA_P256_SHA256);
	ck_assert_uint_eq(c->not_before.field, 1);
	ck_assert_uint_eq(c->not_after.days, 30);
	ck_assert_int_eq(c->not_after.form, EH_DATE_FORM_UTC);
	ck_assert_uint_eq(c->attributes, 1);
	ck_assert_uint_eq(c->attribute[0].value.pieces, 3);
	ck_assert_int_eq(
	    c->attribute[0].value.piece[0].kind, EH_PIECE_DEVICE_ID);
	ck_assert_int_eq(c->attribute[0].value.piece[1].kind, EH_PIECE_TEXT);
	ck_assert_int_eq(c->attribute[0].value.piece[2].kind, EH_PIECE_INPUT);
	ck_assert_str_eq(c->attribute[0].value.piece[2].text, "mac");
}
END_TEST

START_TEST(extensions_become_their_source)
{
	const struct eh_source_extension *x;

	change("", "");
	ck_assert_int_eq(parse(), EH_OK);
	x = eh_conf_profile_get_source(profile)->certificate[0].extension;
	ck_assert_int_eq(x[0].kind, EH_EXTENSION_BASIC_CONSTRAINTS);
	ck_assert_uint_eq(x[0].critical, 1);
	ck_assert_uint_eq(x[0].ca, 0);
	ck_assert_uint_eq(x[0].path_length_given, 0);
	ck_assert_uint_eq(x[1].critical, 0);
	ck_assert_uint_eq(x[1].key_usage, 1u << 0 | 1u << 4);
	ck_assert_uint_eq(x[2].oids, 2);
	ck_assert_str_eq(x[2].oid[1], "1.2.3.4");
	ck_assert_uint_eq(x[3].names, 2);
	ck_assert_int_eq(x[3].name[0].kind, EH_ALT_NAME_DNS);
	ck_assert_uint_eq(x[3].name[0].value.pieces, 2);
	ck_assert_int_eq(x[3].name[1].kind, EH_ALT_NAME_URI);
	ck_assert_int_eq(x[4].kind, EH_EXTENSION_DER);
	ck_assert_str_eq(x[4].der_oid, "1.3.6.1.5.5.7.1.32");
	ck_assert_uint_eq(x[4].derlen, 4);
	ck_assert_mem_eq(x[4].der, "\x16\x02\x61\x62", 4);
	ck_assert_int_eq(x[5].kind, EH_EXTENSION_AUTHORITY_KEY_ID);
	ck_assert_int_eq(eh_conf_profile_check(profile, NULL, &report), EH_OK);
}
END_TEST

START_TEST(modes_that_are_not_built_are_refused)
{
	refuses("evidence: none", "evidence: attested",
	    "p.yaml:5:3: error: spec: evidence: attested needs "
	    "attestationRoots, the certificates of silicon CAs\n");
	refuses("  evidence: none",
	    "  attestationRoots: [ nowhere.pem ]\n  evidence: none",
	    "p.yaml:6:21: error: spec.attestationRoots: attestationRoots go "
	    "with evidence: attested\n"
	    "p.yaml:6:21: error: spec.attestationRoots: cannot open "
	    "nowhere.pem: No such file or directory\n");
	refuses("ECDSA-P256", "ECDSA-P384",
	    "p.yaml:7:31: error: spec.keys[0].algorithm: 'ECDSA-P384' is not "
	    "built yet (built: ECDSA-P256)\n");
	refuses("  evidence: none",
	    "  derivedSecrets: [ { id: s, kdf: HKDF-SHA256, root: r, context: "
	    "[ { field: chip-id } ], size: 32, wrap: hpke } ]\n"
	    "  evidence: none",
	    "p.yaml:6:3: error: spec.derivedSecrets: not built yet: leave "
	    "'derivedSecrets' out\n");
	refuses("  evidence: none",
	    "  debug: { method: adac, maxSession: 4h }\n  evidence: none",
	    "p.yaml:6:20: error: spec.debug.method: 'adac' is not built yet "
	    "(built: none)\n"
	    "p.yaml:6:26: error: spec.debug.maxSession: not built yet: leave "
	    "'maxSession' out\n");
	refuses("certificate/c", "secret/s",
	    "p.yaml:31:26: error: spec.injection[0].object: 'secret/s' is not "
	    "built yet (built: certificate/ID)\n");
	refuses("  evidence: none",
	    "  record: { fields: [ station, chip-receipt, station ] }\n"
	    "  evidence: none",
	    "p.yaml:6:21: error: spec.record.fields: 'station' stands twice\n"
	    "p.yaml:6:32: error: spec.record.fields[1]: 'chip-receipt' is not "
	    "built yet (built: read-back, station, operator)\n");
	refuses("pattern: \"SN[0-9]{2}\" }",
	    "pattern: \"SN[0-9]{2}\", source: chip }",
	    "p.yaml:5:60: error: spec.identity.source: 'chip' is not built yet "
	    "(built: work-order, range)\n");
	/* Empty lists and no method at all ask for nothing. */
	change("  evidence: none",
	    "  derivedSecrets: []\n  debug: { method: none }\n"
	    "  evidence: none");
	ck_assert_int_eq(parse(), EH_OK);
}
END_TEST

START_TEST(identity_has_one_length)
{
	refuses("SN[0-9]{2}", "SN[0-9]+",
	    "p.yaml:5:38: error: spec.identity.pattern: pattern 'SN[0-9]+' has "
	    "no single length: '+' is not a constant; pad the value, or choose "
	    "another encoding\n");
	refuses("SN[0-9]{2}", "SN[0-9]{40}",
	    "p.yaml:5:38: error: spec.identity.pattern: the pattern is 42 "
	    "characters long: at most 32\n");
	refuses("SN[0-9]{2}\"", "SN[0-9]{2}\", range: [ SN10, SN099 ]",
	    "p.yaml:5:59: error: spec.identity.range: 'SN099' has 5 "
	    "characters, the pattern has 4\n"
	    "p.yaml:5:59: error: spec.identity.range: 'SN10' is above "
	    "'SN099': the lowest comes first\n");
	refuses("SN[0-9]{2}\"", "SN[0-9]{2}\", range: [ SN10, SNX9 ]",
	    "p.yaml:5:59: error: spec.identity.range: 'SNX9' is not of the "
	    "pattern at character 3\n");
	change("SN[0-9]{2}\"", "SN[0-9]{2}\", range: [ SN10, SN19 ]");
	ck_assert_int_eq(parse(), EH_OK);
	ck_assert_str_eq(
	    eh_conf_profile_get_source(profile)->identity.hi, "SN19");
}
END_TEST

START_TEST(names_inside_the_document_must_exist)
{
	refuses("key: k\n", "key: kk\n",
	    "p.yaml:7:11: warning: spec.keys[0]: no certificate is for key 'k'"
	    "\n"
	    "p.yaml:12:12: error: spec.certificates[0].key: no key 'kk' (did "
	    "you mean 'k'?)\n");
	refuses("{ field: mac } ] }\n", "{ field: nac } ] }\n",
	    "p.yaml:20:60: error: spec.certificates[0].template.subject[0]."
	    "value[2].field: no field 'nac' (did you mean 'mac'?)\n");
	refuses("certificate/c", "certificate/d",
	    "p.yaml:31:26: error: spec.injection[0].object: no certificate "
	    "'d'\n");
	refuses("place: cert/0 }",
	    "place: cert/0, version: 1 }, { object: certificate/c, place: "
	    "cert/0 }",
	    "p.yaml:31:56: error: spec.injection[0].version: a certificate has "
	    "no 'version'\n"
	    "p.yaml:31:102: error: spec.injection[1].place: place 'cert/0' "
	    "holds 'certificate/c' already (at 31:48)\n");
	refuses("id: mac,", "id: device-id,",
	    "p.yaml:8:19: error: spec.inputs[0].id: 'device-id' is the name of "
	    "a field already\n"
	    "p.yaml:20:60: error: spec.certificates[0].template.subject[0]."
	    "value[2].field: no field 'mac'\n"
	    "p.yaml:26:62: error: spec.certificates[0].template.extensions[3]."
	    "dnsName[0].field: no field 'mac'\n");
}
END_TEST

START_TEST(dates_are_refused_when_they_make_no_sense)
{
	refuses("{ field: not-before }", "{ field: not-before, days: 3 }",
	    "p.yaml:16:20: error: spec.certificates[0].template.notBefore: "
	    "'days' is for not-after only\n");
	refuses("{ field: not-before }", "\"20260101000000Z\"",
	    "p.yaml:17:19: error: spec.certificates[0].template.notAfter: the "
	    "field not-after needs the field not-before\n");
	refuses(", days: 30, form: utc", "",
	    "p.yaml:17:19: error: spec.certificates[0].template.notAfter: "
	    "'days' is missing\n");
	refuses("{ field: not-after, days: 30, form: utc }",
	    "\"20260231000000Z\"",
	    "p.yaml:17:19: error: spec.certificates[0].template.notAfter: "
	    "'20260231000000Z' is not a time YYYYMMDDHHMMSSZ\n");
	refuses("{ field: not-before }\n        notAfter: { field: not-after, "
		"days: 30, form: utc }",
	    "20270101000000Z\n        notAfter: 20260101000000Z",
	    "p.yaml:17:19: error: spec.certificates[0].template.notAfter: "
	    "notAfter lies before notBefore\n");
}
END_TEST

START_TEST(extensions_are_refused_when_they_make_no_sense)
{
	refuses("[ digitalSignature, keyAgreement ]",
	    "[ digitalSignature, digitalSignature ]",
	    "p.yaml:24:42: error: spec.certificates[0].template.extensions[1]."
	    "bits: 'digitalSignature' stands twice\n");
	refuses("critical: true }", "critical: true, bits: [] }",
	    "p.yaml:23:60: error: spec.certificates[0].template.extensions[0]."
	    "bits: 'basicConstraints' has no key 'bits'\n");
	refuses("1.3.6.1.5.5.7.1.32", "2.5.29.19",
	    "p.yaml:28:26: error: spec.certificates[0].template.extensions[4]."
	    "extension: 2.5.29.19 is called 'basicConstraints'\n");
	refuses("der: 16026162", "der: 160",
	    "p.yaml:28:51: error: spec.certificates[0].template.extensions[4]."
	    "der: '160' is not hexadecimal (pairs of digits: 0500)\n");
	refuses("dnsName: [ { field: mac }, \".x\" ],\n              uri: "
		"\"urn:x\" }",
	    "critical: true }",
	    "p.yaml:26:13: error: spec.certificates[0].template.extensions[3]: "
	    "a name is missing: hardwareModuleName, dnsName or uri\n");
	refuses("authorityKeyIdentifier,", "authorityKeyIdentifyer,",
	    "p.yaml:29:26: error: spec.certificates[0].template.extensions[5]."
	    "extension: 'authorityKeyIdentifyer' is not known (did you mean "
	    "'authorityKeyIdentifier'?)\n");
}
END_TEST

START_TEST(all_errors_are_shown_at_once)
{
	static const char bad[] =
	    "apiVersion: edgehsm/v1\n"
	    "kind: ProvisioningProfile\n"
	    "metadata: { name: p, verzion: 1 }\n"
	    "spec:\n"
	    "  identity: { kind: serial, pattern: \"a*\" }\n"
	    "  evidence: maybe\n"
	    "  keys: [ { id: k, algorithm: RSA, generatedIn: device } ]\n"
	    "  certificates: [ { id: c, standard: none, key: x } ]\n";

	snprintf(text, sizeof(text), "%s", bad);
	ck_assert_int_eq(parse(), EH_ERR_CONFIG);
	said(&report,
	    "p.yaml:3:11: error: metadata: 'version' is missing\n"
	    "p.yaml:3:22: error: metadata.verzion: unknown key (did you mean "
	    "'version'?)\n"
	    "p.yaml:5:38: error: spec.identity.pattern: pattern 'a*' has no "
	    "single length: '*' is not a constant; pad the value, or choose "
	    "another encoding\n"
	    "p.yaml:6:13: error: spec.evidence: 'maybe' is not one of: none, "
	    "csr, attested\n"
	    "p.yaml:7:11: warning: spec.keys[0]: no certificate is for key 'k'"
	    "\n"
	    "p.yaml:7:31: error: spec.keys[0].algorithm: 'RSA' is not one of: "
	    "ECDSA-P256, ECDSA-P384\n"
	    "p.yaml:8:19: error: spec.certificates[0]: 'issuer' is missing\n"
	    "p.yaml:8:19: error: spec.certificates[0]: 'template' is missing\n"
	    "p.yaml:8:49: error: spec.certificates[0].key: no key 'x' (did you "
	    "mean 'k'?)\n");
}
END_TEST

START_TEST(compiler_and_linter_speak_at_the_certificate)
{
	refuses_compiling("attribute: commonName", "attribute: countryName",
	    "p.yaml:10:7: error: spec.certificates[0]: certificate c: "
	    "countryName must be a printable string\n");
	refuses_compiling("standard: none", "standard: wisun-fan",
	    "p.yaml:10:7: error: spec.certificates[0]: breaks the rule "
	    "wisun-fan/ext-key-usage: extendedKeyUsage has clientAuth and "
	    "id-kp-wisun-fan-device (Wi-SUN FAN, device certificate)\n"
	    "p.yaml:10:7: error: spec.certificates[0]: breaks the rule "
	    "wisun-fan/hardware-module: subjectAltName holds one "
	    "HardwareModuleName: type OID and serial (Wi-SUN FAN, device "
	    "certificate; RFC 4108 5)\n"
	    "p.yaml:10:7: error: spec.certificates[0]: breaks the rule "
	    "wisun-fan/no-expiry: notAfter is 99991231235959Z (Wi-SUN FAN, "
	    "device certificate)\n");
}
END_TEST

START_TEST(issuers_come_from_outside_or_from_the_document)
{
	struct eh_conf_issuer given[] = {
		{ "nobody", "/nonexistent" }, { "ca", "/nonexistent/ca.pem" },
	};
	struct eh_issuer *issuers =
	    calloc(EH_PROFILE_TEMPLATES, sizeof(*issuers));

	ck_assert_ptr_nonnull(issuers);
	change("", "");
	ck_assert_int_eq(parse(), EH_OK);
	ck_assert_int_eq(
	    eh_conf_profile_issuers(profile, given, 2, issuers, &report),
	    EH_ERR_CONFIG);
	said(&report,
	    "p.yaml: error: no certificate has an issuer 'nobody' (--issuer)\n"
	    "p.yaml:13:15: error: spec.certificates[0].issuer: cannot open "
	    "/nonexistent/ca.pem: No such file or directory (or give --issuer "
	    "ca=FILE)\n");
	free(issuers);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("profile");
	TCase *t = tcase_create("profile");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, profile_becomes_a_source);
	tcase_add_test(t, extensions_become_their_source);
	tcase_add_test(t, modes_that_are_not_built_are_refused);
	tcase_add_test(t, identity_has_one_length);
	tcase_add_test(t, names_inside_the_document_must_exist);
	tcase_add_test(t, dates_are_refused_when_they_make_no_sense);
	tcase_add_test(t, extensions_are_refused_when_they_make_no_sense);
	tcase_add_test(t, all_errors_are_shown_at_once);
	tcase_add_test(t, compiler_and_linter_speak_at_the_certificate);
	tcase_add_test(t, issuers_come_from_outside_or_from_the_document);
	suite_add_tcase(s, t);
	return unit_run(s);
}
