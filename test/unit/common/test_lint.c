/* SPDX-License-Identifier: Apache-2.0 */
/* test_lint.c - every rule of every standard is broken once, and seen. */
#include "config.h"

#include <string.h>

#include "common/x509/lint.h"
#include "test/unit/common/x509_fixture.h"
#include "test/unit/common/x509_openssl.h"
#include "test/unit/unit.h"

#define SKI "subjectKeyIdentifier=hash\n"
#define AKI                                                                    \
	"authorityKeyIdentifier="                                              \
	"DER:301680144040404040404040404040404040404040404040\n"
/* A keyIdentifier, and a serial number beside it. */
#define AKI_MORE                                                               \
	"authorityKeyIdentifier="                                              \
	"DER:30198014404040404040404040404040404040404040404082010a\n"
#define AKI_SERIAL_ONLY "authorityKeyIdentifier=DER:300382010a\n"
#define BC              "basicConstraints=critical,CA:FALSE\n"
#define KU              "keyUsage=critical,digitalSignature\n"
#define CA0             "basicConstraints=critical,CA:TRUE,pathlen:0\n"
#define CAU             "keyUsage=critical,keyCertSign,cRLSign\n"
/* otherName, or DNS name; section hmn stands behind the lines. */
#define SAN "subjectAltName=otherName:1.3.6.1.5.5.7.8.4;SEQ:hmn\n"
#define HMN(type, serial)                                                      \
	"[hmn]\na=OID:" type "\nb=FORMAT:ASCII,OCT:" serial "\n"
#define MODULE HMN("1.3.6.1.4.1.55555.1.7", "SN1")

/* What makes a certificate too long. */
#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define NONE  EH_STANDARD_NONE
#define IEEE  EH_STANDARD_IEEE_802_1AR
#define TCG   EH_STANDARD_TCG_IDEVID
#define WISUN EH_STANDARD_WISUN_FAN
#define DAC   EH_STANDARD_MATTER_DAC, EH_LINT_DEVICE
#define PAI   EH_STANDARD_MATTER_DAC, EH_LINT_PAI
#define PAA   EH_STANDARD_MATTER_DAC, EH_LINT_PAA

#define IDEVID "serialNumber=SN1"
#define VIDPID "CN=x/VID=FFF1/PID=8000"

struct sample {
	enum eh_standard standard;
	enum eh_lint_role role;
	const char *rules;		/* that it breaks, in order; or none */
	struct openssl_spec spec;
};

#define GOOD_IDEVID BC KU AKI SAN MODULE
#define GOOD_TCG                                                               \
	BC KU AKI SAN                                                          \
	"certificatePolicies=2.23.133.11.1.1,2.23.133.11.1.3\n"                \
	HMN("2.23.133.1.2", "SN1")
#define WISUN_KU  "keyUsage=critical,digitalSignature,keyAgreement\n"
#define WISUN_EKU "extendedKeyUsage=clientAuth,1.3.6.1.4.1.45605.1\n"
#define GOOD_WISUN WISUN_KU WISUN_EKU AKI SAN MODULE
#define GOOD_DAC BC KU SKI AKI
#define GOOD_PAI CA0 CAU SKI AKI
#define GOOD_PAA "basicConstraints=critical,CA:TRUE\n" CAU SKI

/* clang-format off */
static const struct sample samples[] = {
	/* What is good, so that the rest is bad for one reason each. */
	{ NONE, 0, "", { .subject = "CN=x" } },
	{ IEEE, 0, "", { .subject = IDEVID, .extensions = GOOD_IDEVID } },
	{ IEEE, 0, "", { .subject = IDEVID, .curve = "P-384",
		.digest = "SHA384", .extensions = GOOD_IDEVID } },
	{ TCG, 0, "", { .subject = IDEVID, .extensions = GOOD_TCG } },
	{ WISUN, 0, "", { .subject = "CN=x", .extensions = GOOD_WISUN } },
	{ DAC, "", { .subject = VIDPID, .extensions = GOOD_DAC } },
	{ DAC, "", { .subject = "CN=ACME Mvid:FFF1 Mpid:00B1",
		.extensions = GOOD_DAC } },
	{ DAC, "", { .subject = "CN=Mpid:00B1Mvid:FFF1",
		.extensions = GOOD_DAC } },
	/* Wrong values in the name count for nothing beside attributes. */
	{ DAC, "", { .subject = "CN=Mvid:zz/VID=FFF1/PID=8000",
		.extensions = GOOD_DAC } },
	{ DAC, "", { .subject = VIDPID, .extensions = GOOD_DAC
		"extendedKeyUsage=clientAuth\n"
		"authorityInfoAccess=OCSP;URI:http://a.b\n"
		"subjectAltName=DNS:a.b\n" } },
	{ PAI, "", { .subject = "CN=x/VID=FFF1", .extensions = GOOD_PAI } },
	{ PAI, "", { .subject = VIDPID, .extensions = CA0
		"keyUsage=critical,keyCertSign,cRLSign,digitalSignature\n"
		SKI AKI } },
	{ PAA, "", { .subject = "CN=x", .extensions = GOOD_PAA } },
	{ PAA, "", { .subject = "CN=x/VID=FFF1", .extensions =
		"basicConstraints=critical,CA:TRUE,pathlen:1\n" CAU SKI AKI } },

	/* Every certificate. */
	{ NONE, 0, "rfc5280/version-3", { .subject = "CN=x", .version = 2,
		.extensions = BC } },
	{ NONE, 0, "rfc5280/version-3", { .subject = "CN=x", .version = 1 } },
	{ NONE, 0, "rfc5280/serial", { .subject = "CN=x", .serial = "0" } },
	{ NONE, 0, "rfc5280/serial", { .subject = "CN=x", .serial = "-1" } },
	{ NONE, 0, "rfc5280/serial", { .subject = "CN=x", .serial =
		"800000000000000000000000000000000000000a" } },
	{ NONE, 0, "rfc5280/issuer", { .subject = "CN=x", .issuer = "" } },
	{ NONE, 0, "rfc5280/subject", { .subject = "" } },
	{ NONE, 0, "rfc5280/subject", { .extensions =
		"subjectAltName=DNS:a\n" } },
	{ NONE, 0, "", { .extensions = "subjectAltName=critical,DNS:a\n" } },
	{ NONE, 0, "rfc5280/validity-order", { .subject = "CN=x",
		.to = "251231235959Z" } },
	{ NONE, 0, "rfc5280/validity-form", { .subject = "CN=x",
		.from = "20260101000000Z" } },
	{ NONE, 0, "rfc5280/validity-form", { .subject = "CN=x",
		.to = "20491231235959Z" } },
	{ NONE, 0, "rfc5280/extensions-once", { .subject = "CN=x",
		.extensions = "1.2.3.4=DER:0500\n1.2.3.4=DER:0500\n" } },
	{ NONE, 0, "rfc5280/extensions-formed", { .subject = "CN=x",
		.extensions = "subjectKeyIdentifier=DER:0500\n" } },
	{ NONE, 0, "rfc5280/extensions-formed", { .subject = "CN=x",
		.extensions = "basicConstraints=critical,DER:3003010100\n" } },
	{ NONE, 0, "rfc5280/extensions-formed", { .subject = "CN=x",
		.extensions = "basicConstraints=critical,DER:300000\n" } },
	{ NONE, 0, "rfc5280/extensions-formed", { .subject = "CN=x",
		.extensions = "keyUsage=DER:03020080\n" } },
	{ NONE, 0, "rfc5280/extensions-formed", { .subject = "CN=x",
		.extensions = "extendedKeyUsage=DER:3000\n" } },
	{ NONE, 0, "rfc5280/extensions-formed", { .subject = "CN=x",
		.extensions = "authorityKeyIdentifier=DER:0400\n" } },
	{ NONE, 0, "rfc5280/extensions-formed", { .subject = "CN=x",
		.extensions = "subjectAltName=DER:3000\n" } },
	{ NONE, 0, "rfc5280/extensions-formed", { .subject = "CN=x",
		.extensions = "certificatePolicies=DER:30023000\n" } },
	{ NONE, 0, "rfc5280/key-cert-sign", { .subject = "CN=x",
		.extensions = BC CAU } },
	{ NONE, 0, "rfc5280/ca-critical", { .subject = "CN=x",
		.extensions = "basicConstraints=CA:TRUE\n" } },
	{ NONE, 0, "rfc5280/path-length", { .subject = "CN=x",
		.extensions = "basicConstraints=critical,DER:3003020100\n" } },
	{ NONE, 0, "rfc5280/key-usage", { .subject = "CN=x",
		.extensions = "keyUsage=DER:030100\n" } },
	{ NONE, 0, "rfc5280/key-ids", { .subject = "CN=x",
		.extensions = "subjectKeyIdentifier=critical,hash\n" } },
	{ NONE, 0, "rfc5280/key-ids", { .subject = "CN=x", .extensions =
		"authorityKeyIdentifier=critical,DER:30038001aa\n" } },

	/* IEEE 802.1AR. */
	{ IEEE, 0, "ieee-802.1ar/signature", { .subject = IDEVID,
		.digest = "SHA512", .extensions = GOOD_IDEVID } },
	{ IEEE, 0, "ieee-802.1ar/key", { .subject = IDEVID,
		.curve = "secp256k1", .extensions = GOOD_IDEVID } },
	{ IEEE, 0, "ieee-802.1ar/serial-number", { .subject = "CN=x",
		.extensions = GOOD_IDEVID } },
	{ IEEE, 0, "ieee-802.1ar/serial-number", { .subject =
		"serialNumber=a/serialNumber=b", .extensions = GOOD_IDEVID } },
	{ IEEE, 0, "ieee-802.1ar/no-expiry", { .subject = IDEVID,
		.to = "20991231235959Z", .extensions = GOOD_IDEVID } },
	{ IEEE, 0, "ieee-802.1ar/no-ca", { .subject = IDEVID, .extensions =
		"basicConstraints=critical,CA:TRUE\n" KU AKI SAN MODULE } },
	{ IEEE, 0, "ieee-802.1ar/authority-key-id", { .subject = IDEVID,
		.extensions = BC KU SAN MODULE } },
	{ IEEE, 0, "ieee-802.1ar/authority-key-id", { .subject = IDEVID,
		.extensions = BC KU AKI_SERIAL_ONLY SAN MODULE } },
	{ IEEE, 0, "ieee-802.1ar/no-subject-key-id", { .subject = IDEVID,
		.extensions = BC KU SKI AKI SAN MODULE } },
	{ IEEE, 0, "ieee-802.1ar/key-usage", { .subject = IDEVID,
		.extensions = BC AKI SAN MODULE } },
	{ IEEE, 0, "ieee-802.1ar/key-usage-bits", { .subject = IDEVID,
		.extensions = BC "keyUsage=keyAgreement\n" AKI SAN MODULE } },
	{ IEEE, 0, "ieee-802.1ar/key-usage-bits", { .subject = IDEVID,
		.extensions = BC "keyUsage=digitalSignature,cRLSign\n" AKI SAN
		MODULE } },
	{ IEEE, 0, "ieee-802.1ar/key-usage-bits", { .subject = IDEVID,
		.extensions = BC "keyUsage=digitalSignature,keyEncipherment\n"
		AKI SAN MODULE } },
	{ IEEE, 0, "ieee-802.1ar/alt-name", { .subject = IDEVID,
		.extensions = BC KU AKI } },
	{ IEEE, 0, "ieee-802.1ar/hardware-module", { .subject = IDEVID,
		.extensions = BC KU AKI "subjectAltName=DNS:a\n" } },
	{ IEEE, 0, "ieee-802.1ar/hardware-module", { .subject = IDEVID,
		.extensions = BC KU AKI "subjectAltName="
		"otherName:1.3.6.1.5.5.7.8.4;SEQ:hmn\n"
		HMN("1.3.6.1.4.1.55555.1.7", "") } },
	{ IEEE, 0, "ieee-802.1ar/hardware-module", { .subject = IDEVID,
		.extensions = BC KU AKI "subjectAltName="
		"otherName:1.3.6.1.5.5.7.8.5;SEQ:hmn\n" MODULE } },
	{ IEEE, 0, "ieee-802.1ar/hardware-module", { .subject = IDEVID,
		.extensions = BC KU AKI "subjectAltName="
		"otherName:1.3.6.1.5.5.7.8.4;SEQ:hmn,"
		"otherName:1.3.6.1.5.5.7.8.4;SEQ:hmn\n" MODULE } },

	/* TCG. */
	{ TCG, 0, "tcg-idevid/hardware-module", { .subject = IDEVID,
		.extensions = BC KU AKI SAN
		"certificatePolicies=2.23.133.11.1.1,2.23.133.11.1.2\n"
		MODULE } },
	{ TCG, 0, "tcg-idevid/key-usage-bits", { .subject = IDEVID,
		.extensions = BC "keyUsage=digitalSignature,keyAgreement\n" AKI
		SAN "certificatePolicies=2.23.133.11.1.1,2.23.133.11.1.2\n"
		HMN("2.23.133.1.0", "SN1") } },
	{ TCG, 0, "tcg-idevid/policies", { .subject = IDEVID,
		.extensions = BC KU AKI SAN HMN("2.23.133.1.2", "SN1") } },
	{ TCG, 0, "tcg-idevid/policies", { .subject = IDEVID,
		.extensions = BC KU AKI SAN
		"certificatePolicies=2.23.133.11.1.1\n"
		HMN("2.23.133.1.2", "SN1") } },

	/* Wi-SUN. */
	{ WISUN, 0, "wisun-fan/algorithm", { .subject = "CN=x",
		.curve = "P-384", .extensions = GOOD_WISUN } },
	{ WISUN, 0, "wisun-fan/no-expiry", { .subject = "CN=x",
		.to = "20991231235959Z", .extensions = GOOD_WISUN } },
	{ WISUN, 0, "wisun-fan/no-ca", { .subject = "CN=x", .extensions =
		"basicConstraints=critical,CA:TRUE\n" GOOD_WISUN } },
	{ WISUN, 0, "wisun-fan/key-usage", { .subject = "CN=x",
		.extensions = KU WISUN_EKU AKI SAN MODULE } },
	{ WISUN, 0, "wisun-fan/ext-key-usage", { .subject = "CN=x",
		.extensions = WISUN_KU AKI SAN MODULE } },
	{ WISUN, 0, "wisun-fan/ext-key-usage", { .subject = "CN=x",
		.extensions = WISUN_KU "extendedKeyUsage=clientAuth\n" AKI SAN
		MODULE } },
	{ WISUN, 0, "wisun-fan/authority-key-id", { .subject = "CN=x",
		.extensions = WISUN_KU WISUN_EKU AKI_MORE SAN MODULE } },
	{ WISUN, 0, "wisun-fan/authority-key-id", { .subject = "CN=x",
		.extensions = WISUN_KU WISUN_EKU SAN MODULE } },
	{ WISUN, 0, "wisun-fan/hardware-module", { .subject = "CN=x",
		.extensions = WISUN_KU WISUN_EKU AKI } },

	/* Matter's DAC. */
	{ DAC, "matter-dac/algorithm", { .subject = VIDPID, .curve = "P-384",
		.extensions = GOOD_DAC } },
	{ DAC, "matter-dac/algorithm", { .subject = VIDPID,
		.digest = "SHA384", .extensions = GOOD_DAC } },
	{ DAC, "matter-dac/size", { .subject = VIDPID, .extensions = GOOD_DAC
		"subjectAltName=DNS:" A50 A50 A50 A50 "\n" } },
	{ DAC, "matter-dac/vid", { .subject = "CN=x/VID=fff1/PID=8000",
		.extensions = GOOD_DAC } },
	{ DAC, "matter-dac/vid", { .subject = "CN=x/VID=!FFF1/PID=8000",
		.extensions = GOOD_DAC } },
	{ DAC, "matter-dac/vid", { .subject = "CN=x/VID=FFF10/PID=8000",
		.extensions = GOOD_DAC } },
	{ DAC, "matter-dac/vid", { .subject = "CN=x/VID=FFF/PID=8000",
		.extensions = GOOD_DAC } },
	{ DAC, "matter-dac/vid", { .subject = "CN=x/VID=FFF1/VID=FFF1/PID=8000",
		.extensions = GOOD_DAC } },
	{ DAC, "matter-dac/vid", { .subject = "CN=Mvid:FFF1/PID=8000",
		.extensions = GOOD_DAC } },
	{ DAC, "matter-dac/vid", { .subject = "CN=Mvid:FFf1 Mpid:8000",
		.extensions = GOOD_DAC } },
	{ DAC, "matter-dac/vid", { .subject = "CN=Mpid:8000 Mvid:FFF",
		.extensions = GOOD_DAC } },
	{ DAC, "matter-dac/pid", { .subject = "CN=Mpid:8000/VID=FFF1",
		.extensions = GOOD_DAC } },
	{ DAC, "matter-dac/pid", { .subject = "CN=x/VID=FFF1/PID=800g",
		.extensions = GOOD_DAC } },
	{ DAC, "matter-dac/bc-critical", { .subject = VIDPID, .extensions =
		KU SKI AKI } },
	{ DAC, "matter-dac/bc-critical", { .subject = VIDPID, .extensions =
		"basicConstraints=CA:FALSE\n" KU SKI AKI } },
	{ DAC, "matter-dac/no-ca", { .subject = VIDPID, .extensions =
		"basicConstraints=critical,CA:TRUE\n" KU SKI AKI } },
	{ DAC, "matter-dac/ku-critical", { .subject = VIDPID, .extensions =
		BC "keyUsage=digitalSignature\n" SKI AKI } },
	{ DAC, "matter-dac/ku-digital-signature", { .subject = VIDPID,
		.extensions = BC "keyUsage=critical,digitalSignature,"
		"keyAgreement\n" SKI AKI } },
	{ DAC, "matter-dac/subject-key-id", { .subject = VIDPID,
		.extensions = BC KU AKI } },
	{ DAC, "matter-dac/subject-key-id", { .subject = VIDPID,
		.extensions = BC KU "subjectKeyIdentifier=AA\n" AKI } },
	{ DAC, "matter-dac/authority-key-id", { .subject = VIDPID,
		.extensions = BC KU SKI } },
	{ DAC, "matter-dac/authority-key-id", { .subject = VIDPID,
		.extensions = BC KU SKI "authorityKeyIdentifier="
		"DER:30038001aa\n" } },

	/* Matter's PAI and PAA. */
	{ PAI, "matter-dac/algorithm", { .subject = "CN=x/VID=FFF1",
		.curve = "P-384", .extensions = GOOD_PAI } },
	{ PAI, "matter-dac/vid", { .subject = "CN=x",
		.extensions = GOOD_PAI } },
	{ PAI, "matter-dac/pai-pid", { .subject = "CN=x/VID=FFF1/PID=80",
		.extensions = GOOD_PAI } },
	{ PAI, "matter-dac/pai-path", { .subject = "CN=x/VID=FFF1",
		.extensions = "basicConstraints=critical,CA:TRUE\n" CAU SKI
		AKI } },
	{ PAI, "matter-dac/pai-path", { .subject = "CN=x/VID=FFF1",
		.extensions = "basicConstraints=critical,CA:TRUE,pathlen:1\n"
		CAU SKI AKI } },
	{ PAI, "matter-dac/ku-ca", { .subject = "CN=x/VID=FFF1", .extensions =
		CA0 "keyUsage=critical,keyCertSign\n" SKI AKI } },
	{ PAI, "matter-dac/ku-ca", { .subject = "CN=x/VID=FFF1", .extensions =
		CA0 "keyUsage=critical,keyCertSign,cRLSign,keyAgreement\n" SKI
		AKI } },
	{ PAI, "matter-dac/subject-key-id", { .subject = "CN=x/VID=FFF1",
		.extensions = CA0 CAU AKI } },
	{ PAI, "matter-dac/authority-key-id", { .subject = "CN=x/VID=FFF1",
		.extensions = CA0 CAU SKI } },
	{ PAA, "matter-dac/paa-vid", { .subject = "CN=x/VID=fff1",
		.extensions = GOOD_PAA } },
	{ PAA, "matter-dac/paa-no-pid", { .subject = VIDPID,
		.extensions = GOOD_PAA } },
	{ PAA, "matter-dac/paa-path", { .subject = "CN=x", .extensions =
		"basicConstraints=critical,CA:TRUE,pathlen:2\n" CAU SKI } },
	{ PAA, "matter-dac/paa-path matter-dac/ku-ca", { .subject = "CN=x",
		.extensions = BC KU SKI } },
	{ PAA, "matter-dac/paa-authority-key-id", { .subject = "CN=x",
		.extensions = GOOD_PAA "authorityKeyIdentifier="
		"DER:30038001aa\n" } },
};
/* clang-format on */
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

/* What was reported, one id behind the other. */
struct seen {
	char ids[4096];
};

static void
see(void *arg, const char *what, const struct eh_lint_rule *broken)
{
	struct seen *seen = arg;

	ck_assert_ptr_nonnull(what);
	if (seen->ids[0] != '\0')
		strcat(seen->ids, " ");
	strcat(seen->ids, broken->id);
}

static int
lint(const struct sample *s, struct seen *seen, struct eh_lint *l)
{
	uint8_t der[2048];
	const size_t len = openssl_certificate(&s->spec, der, sizeof(der));

	memset(seen, 0, sizeof(*seen));
	*l = (struct eh_lint){ see, seen, 0, 0 };
	return eh_lint_cert(l, s->standard, s->role, "sample", der, len);
}

START_TEST(each_sample_breaks_the_rule_that_it_should)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		const struct sample *s = &samples[i];
		struct seen seen;
		struct eh_lint l;

		ck_assert_msg(lint(s, &seen, &l) == EH_OK, "sample %zu", i);
		ck_assert_msg(strcmp(seen.ids, s->rules) == 0,
		    "sample %zu breaks '%s', not '%s'", i, seen.ids, s->rules);
	}
}
END_TEST

START_TEST(no_rule_is_there_that_nothing_breaks)
{
	static const struct {
		enum eh_standard of;
		enum eh_lint_role role;
	} sets[] = { { NONE, EH_LINT_DEVICE }, { IEEE, EH_LINT_DEVICE },
		{ TCG, EH_LINT_DEVICE }, { WISUN, EH_LINT_DEVICE }, { DAC },
		{ PAI }, { PAA } };
	const struct eh_lint_rule *r;

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		unsigned iterator = 0, rules = 0;

		while ((r = eh_lint_next_rule(sets[i].of, sets[i].role,
			    &iterator)) != NULL) {
			size_t k = 0;

			rules++;
			while (k < SAMPLES &&
			    strcmp(samples[k].rules, r->id) != 0)
				k++;
			ck_assert_msg(k < SAMPLES, "no sample for %s", r->id);
			ck_assert_uint_gt(strlen(r->text), 0);
			ck_assert_uint_gt(strlen(r->source), 0);
		}
		ck_assert_uint_ge(rules, 13);
	}
}
END_TEST

START_TEST(should_is_a_warning_and_must_an_error)
{
	struct sample s = { IEEE, 0, "",
		{ .subject = IDEVID, .extensions = BC KU SKI AKI } };
	struct seen seen;
	struct eh_lint l;

	ck_assert_int_eq(lint(&s, &seen, &l), EH_OK);
	ck_assert_uint_eq(l.errors, 0);
	ck_assert_uint_eq(l.warnings, 2);
	s.spec.extensions = BC KU SKI;
	ck_assert_int_eq(lint(&s, &seen, &l), EH_OK);
	ck_assert_uint_eq(l.errors, 1);
	/* Nobody needs to listen. */
	l.report = NULL;
	ck_assert_int_eq(eh_lint_cert(&l, IEEE, EH_LINT_DEVICE, "x",
			     (const uint8_t *)"0", 1), EH_ERR_FORMAT);
	ck_assert_uint_eq(l.errors, 1);
}
END_TEST

START_TEST(standards_have_only_their_roles)
{
	struct sample s = { IEEE, EH_LINT_PAI, "", { .subject = "CN=x" } };
	struct seen seen;
	struct eh_lint l;

	ck_assert_int_eq(lint(&s, &seen, &l), EH_ERR_ARGUMENT);
	s.standard = (enum eh_standard)99;
	s.role = EH_LINT_DEVICE;
	ck_assert_int_eq(lint(&s, &seen, &l), EH_ERR_ARGUMENT);
}
END_TEST

/* --- templates --------------------------------------------------------- */

START_TEST(example_profiles_are_clean)
{
	struct fixture *f = fixture_gateway();
	struct seen seen = { "" };
	struct eh_lint l = { see, &seen, 0, 0 };

	fixture_compile(f);
	ck_assert_int_eq(eh_lint_profile(&l, &f->profile, &f->error), EH_OK);
	ck_assert_msg(l.errors + l.warnings == 0, "%s", seen.ids);
	fixture_free(f);
	f = fixture_golden();
	fixture_compile(f);
	ck_assert_int_eq(
	    eh_lint_template(&l, &f->profile, 0, &f->error), EH_OK);
	ck_assert_uint_eq(l.errors, 0);
	ck_assert_uint_eq(l.warnings, 2);
	ck_assert_str_eq(seen.ids,
	    "ieee-802.1ar/no-subject-key-id ieee-802.1ar/alt-name");
	ck_assert_int_eq(eh_lint_template(&l, &f->profile, 1, &f->error),
	    EH_ERR_ARGUMENT);
	fixture_free(f);
}
END_TEST

START_TEST(template_that_makes_no_certificate_is_told)
{
	struct fixture *f = fixture_gateway();
	struct eh_lint l = { 0 };
	uint8_t tbs[EH_TBS_MAX];

	fixture_compile(f);
	memcpy(tbs, f->profile.template[0].tbs, f->profile.template[0].tbslen);
	f->profile.template[0].tbs = tbs;
	tbs[0] = 0x31;
	ck_assert_int_eq(eh_lint_template(&l, &f->profile, 0, &f->error),
	    EH_ERR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(f->error.text, "no DER certificate"));
	fixture_free(f);
}
END_TEST

/* --- chains ------------------------------------------------------------ */

static uint8_t dac[2048], pai[2048], paa[2048];
static size_t daclen, pailen, paalen;

static int
chain(struct seen *seen, struct eh_lint *l)
{
	memset(seen, 0, sizeof(*seen));
	*l = (struct eh_lint){ see, seen, 0, 0 };
	return eh_lint_matter_chain(
	    l, dac, daclen, pai, pailen, paa, paalen);
}

#define ID(octet)                                                              \
	"DER:0414" octet octet octet octet octet octet octet octet octet octet \
	    octet octet octet octet octet octet octet octet octet octet "\n"
#define AID(octet)                                                             \
	"DER:30168014" octet octet octet octet octet octet octet octet octet   \
	    octet octet octet octet octet octet octet octet octet octet octet  \
	    "\n"

static void
make_chain(const char *dac_subject, const char *pai_subject,
    const char *paa_subject)
{
	const struct openssl_spec d = { .subject = dac_subject,
		.issuer = "CN=PAI/VID=FFF1",
		.extensions = BC KU "subjectKeyIdentifier=" ID("01")
			"authorityKeyIdentifier=" AID("02") };
	const struct openssl_spec i = { .subject = pai_subject,
		.issuer = "CN=PAA", .from = "250101000000Z",
		.to = "270101000000Z",
		.extensions = CA0 CAU "subjectKeyIdentifier=" ID("02")
			"authorityKeyIdentifier=" AID("03") };
	const struct openssl_spec a = { .subject = paa_subject,
		.issuer = "CN=PAA", .from = "240101000000Z",
		.extensions = "basicConstraints=critical,CA:TRUE\n" CAU
			"subjectKeyIdentifier=" ID("03") };

	daclen = openssl_certificate(&d, dac, sizeof(dac));
	pailen = openssl_certificate(&i, pai, sizeof(pai));
	paalen = openssl_certificate(&a, paa, sizeof(paa));
}

START_TEST(chain_must_agree)
{
	struct seen seen;
	struct eh_lint l;

	make_chain(VIDPID, "CN=PAI/VID=FFF1", "CN=PAA");
	ck_assert_int_eq(chain(&seen, &l), EH_OK);
	ck_assert_msg(l.errors == 0, "%s", seen.ids);
	/* Without the PAA too. */
	ck_assert_int_eq(eh_lint_matter_chain(&l, dac, daclen, pai, pailen,
			     NULL, 0), EH_OK);
	ck_assert_uint_eq(l.errors, 0);
	make_chain("CN=x/VID=FFF2/PID=8000", "CN=PAI/VID=FFF1", "CN=PAA");
	ck_assert_int_eq(chain(&seen, &l), EH_OK);
	ck_assert_str_eq(seen.ids, "matter-dac/chain-vid");
	make_chain(VIDPID, "CN=PAI/VID=FFF1/PID=8001", "CN=PAA");
	ck_assert_int_eq(chain(&seen, &l), EH_OK);
	ck_assert_str_eq(
	    seen.ids, "matter-dac/chain-pid matter-dac/chain-name");
	make_chain(VIDPID, "CN=PAI/VID=FFF1", "CN=PAA/VID=FFF2");
	ck_assert_int_eq(chain(&seen, &l), EH_OK);
	ck_assert_str_eq(
	    seen.ids, "matter-dac/chain-vid matter-dac/chain-name");
}
END_TEST

START_TEST(chain_must_be_linked_and_of_its_time)
{
	struct openssl_spec s = { .subject = VIDPID,
		.issuer = "CN=PAI/VID=FFF1", .from = "280101000000Z",
		.extensions = BC KU "subjectKeyIdentifier=" ID("01")
			"authorityKeyIdentifier=" AID("02") };
	struct seen seen;
	struct eh_lint l;

	make_chain(VIDPID, "CN=PAI/VID=FFF1", "CN=PAA");
	daclen = openssl_certificate(&s, dac, sizeof(dac));
	ck_assert_int_eq(chain(&seen, &l), EH_OK);
	ck_assert_str_eq(seen.ids, "matter-dac/chain-time");
	s.from = "230101000000Z";	/* before PAI and PAA */
	daclen = openssl_certificate(&s, dac, sizeof(dac));
	ck_assert_int_eq(chain(&seen, &l), EH_OK);
	ck_assert_uint_eq(l.errors, 2);
	s.from = NULL;
	s.extensions = BC KU "subjectKeyIdentifier=" ID("01")
		"authorityKeyIdentifier=" AID("04");
	daclen = openssl_certificate(&s, dac, sizeof(dac));
	ck_assert_int_eq(chain(&seen, &l), EH_OK);
	ck_assert_str_eq(seen.ids, "matter-dac/chain-key-id");
	daclen--;
	ck_assert_int_eq(chain(&seen, &l), EH_ERR_FORMAT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lint");
	TCase *t = tcase_create("lint");

	tcase_add_test(t, each_sample_breaks_the_rule_that_it_should);
	tcase_add_test(t, no_rule_is_there_that_nothing_breaks);
	tcase_add_test(t, should_is_a_warning_and_must_an_error);
	tcase_add_test(t, standards_have_only_their_roles);
	tcase_add_test(t, example_profiles_are_clean);
	tcase_add_test(t, template_that_makes_no_certificate_is_told);
	tcase_add_test(t, chain_must_agree);
	tcase_add_test(t, chain_must_be_linked_and_of_its_time);
	suite_add_tcase(s, t);
	return unit_run(s);
}
