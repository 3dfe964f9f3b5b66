/* SPDX-License-Identifier: Apache-2.0 */
/* lint_ieee.c - IEEE 802.1AR device identities, and who builds on them: TCG's
 * TPM identities, Wi-SUN FAN devices. */
#include "config.h"

#include "common/der/date.h"
#include "common/der/der.h"
#include "common/der/oid.h"
#include "common/x509/facts.h"

#define SERIAL_NUMBER  "2.5.4.5"
#define TPM_12         "2.23.133.1.0"
#define TPM_20         "2.23.133.1.2"
#define CAP_RESIDENCY  "2.23.133.11.1.1"
#define CAP_FIXED      "2.23.133.11.1.2"
#define CAP_RESTRICTED "2.23.133.11.1.3"
#define CLIENT_AUTH    "1.3.6.1.5.5.7.3.2"
#define WISUN_DEVICE   "1.3.6.1.4.1.45605.1"

static int
signature(const struct eh_facts *f)
{
	switch (f->cert->tbs_alg) {
	case EH_CERT_ECDSA_SHA256:
	case EH_CERT_ECDSA_SHA384:
	case EH_CERT_RSA_SHA256:
		return 1;
	default:
		return 0;
	}
}

static int
key(const struct eh_facts *f)
{
	switch (f->cert->spki.alg) {
	case EH_CERT_EC_P256:
	case EH_CERT_EC_P384:
	case EH_CERT_RSA:
		return 1;
	default:
		return 0;
	}
}

static int
serial_number(const struct eh_facts *f)
{
	struct eh_attribute a;

	return eh_dn_attribute(f->cert->subject, SERIAL_NUMBER, &a) == 1 &&
	    a.tag == EH_DER_PRINTABLE_STRING && a.value.len > 0;
}

static int
no_expiry(const struct eh_facts *f)
{
	return f->cert->not_after == EH_DATE_MAX;
}

static int
no_ca(const struct eh_facts *f)
{
	return !f->ca;
}

static int
authority_key_id(const struct eh_facts *f)
{
	return f->authority_key_id == EH_FACT_GOOD && f->aki.len > 0;
}

static int
no_subject_key_id(const struct eh_facts *f)
{
	return f->subject_key_id == EH_FACT_ABSENT;
}

static int
key_usage_there(const struct eh_facts *f)
{
	return f->key_usage == EH_FACT_GOOD;
}

/* keyEncipherment is for RSA in TLS 1.2; a device certifies nobody. */
static int
key_usage_device(const struct eh_facts *f)
{
	const unsigned ca = EH_KU_KEY_CERT_SIGN | EH_KU_CRL_SIGN;

	if (f->key_usage == EH_FACT_ABSENT)
		return 1;
	if ((f->ku & EH_KU_DIGITAL_SIGNATURE) == 0 || (f->ku & ca) != 0)
		return 0;
	return (f->ku & EH_KU_KEY_ENCIPHERMENT) == 0 ||
	    f->cert->spki.alg == EH_CERT_RSA;
}

static int
alt_name_there(const struct eh_facts *f)
{
	return f->alt_name == EH_FACT_GOOD;
}

static int
alt_name_module(const struct eh_facts *f)
{
	return f->alt_name == EH_FACT_ABSENT || f->module == EH_FACT_GOOD;
}

/* --- TCG --------------------------------------------------------------- */

static int
tpm_module(const struct eh_facts *f)
{
	return f->module == EH_FACT_GOOD &&
	    (eh_oid_is(f->hw_type.at, f->hw_type.len, TPM_20) ||
		eh_oid_is(f->hw_type.at, f->hw_type.len, TPM_12));
}

static int
signature_only(const struct eh_facts *f)
{
	return f->key_usage == EH_FACT_ABSENT ||
	    f->ku == EH_KU_DIGITAL_SIGNATURE;
}

static int
tpm_policies(const struct eh_facts *f)
{
	return eh_facts_policy(f, CAP_RESIDENCY) &&
	    (eh_facts_policy(f, CAP_FIXED) ||
		eh_facts_policy(f, CAP_RESTRICTED));
}

/* --- Wi-SUN ------------------------------------------------------------ */

static int
ecdsa_p256(const struct eh_facts *f)
{
	return f->cert->tbs_alg == EH_CERT_ECDSA_SHA256 &&
	    f->cert->spki.alg == EH_CERT_EC_P256;
}

static int
sign_and_agree(const struct eh_facts *f)
{
	return f->key_usage == EH_FACT_GOOD &&
	    f->ku == (EH_KU_DIGITAL_SIGNATURE | EH_KU_KEY_AGREEMENT);
}

static int
wisun_usages(const struct eh_facts *f)
{
	return eh_facts_eku(f, CLIENT_AUTH) && eh_facts_eku(f, WISUN_DEVICE);
}

static int
key_id_only(const struct eh_facts *f)
{
	return authority_key_id(f) && !f->aki_more;
}

static int
module_there(const struct eh_facts *f)
{
	return f->module == EH_FACT_GOOD;
}

#define TCG_KEYS "TCG TPM 2.0 Keys for Device Identity and Attestation"

#define MUST(id, text, source) { id, EH_LINT_ERROR, text, source }
#define SHOULD(id, text, source) { id, EH_LINT_WARNING, text, source }

/* clang-format off */
static const struct eh_lint_row ieee[] = {
	{ MUST("ieee-802.1ar/signature",
		"the signature is ECDSA with SHA-256 or SHA-384, or RSA with "
		"SHA-256",
		"IEEE 802.1AR-2018 clause 9"), signature },
	{ MUST("ieee-802.1ar/key",
		"the key is on P-256 or P-384, or RSA",
		"IEEE 802.1AR-2018 clause 9"), key },
	{ MUST("ieee-802.1ar/serial-number",
		"the subject has one serialNumber, a PrintableString",
		"IEEE 802.1AR-2018 clause 8; RFC 8995 2.3.1"), serial_number },
	{ SHOULD("ieee-802.1ar/no-expiry",
		"notAfter is 99991231235959Z",
		"IEEE 802.1AR-2018 clause 8; RFC 5280 4.1.2.5"), no_expiry },
	{ MUST("ieee-802.1ar/no-ca",
		"a device is no CA",
		"IEEE 802.1AR-2018 clause 8"), no_ca },
	{ MUST("ieee-802.1ar/authority-key-id",
		"authorityKeyIdentifier is there, with a keyIdentifier",
		"IEEE 802.1AR-2018 table 8-2"), authority_key_id },
	{ SHOULD("ieee-802.1ar/no-subject-key-id",
		"subjectKeyIdentifier is not recommended",
		"IEEE 802.1AR-2018 table 8-2"), no_subject_key_id },
	{ SHOULD("ieee-802.1ar/key-usage",
		"keyUsage is there",
		"IEEE 802.1AR-2018 table 8-2"), key_usage_there },
	{ MUST("ieee-802.1ar/key-usage-bits",
		"keyUsage has digitalSignature, no bit of a CA, and "
		"keyEncipherment only for RSA",
		"IEEE 802.1AR-2018 clause 8"), key_usage_device },
	{ SHOULD("ieee-802.1ar/alt-name",
		"subjectAltName is there",
		"IEEE 802.1AR-2018 table 8-2"), alt_name_there },
	{ MUST("ieee-802.1ar/hardware-module",
		"a subjectAltName holds one HardwareModuleName: type OID and "
		"serial",
		"IEEE 802.1AR-2018 clause 8; RFC 4108 5"), alt_name_module },
};

static const struct eh_lint_row tcg[] = {
	{ MUST("tcg-idevid/hardware-module",
		"HardwareModuleName has the type 2.23.133.1.2 (TPM 2.0) or "
		"2.23.133.1.0 (1.2)",
		TCG_KEYS), tpm_module },
	{ MUST("tcg-idevid/key-usage-bits",
		"keyUsage has digitalSignature and nothing else",
		TCG_KEYS), signature_only },
	{ SHOULD("tcg-idevid/policies",
		"certificatePolicies has verifiedTPMResidency, and "
		"verifiedTPMFixed or verifiedTPMRestricted",
		TCG_KEYS), tpm_policies },
};

static const struct eh_lint_row wisun[] = {
	{ MUST("wisun-fan/algorithm",
		"signature and key are ecdsa-with-SHA256 and P-256",
		"Wi-SUN FAN, device certificate"), ecdsa_p256 },
	{ MUST("wisun-fan/no-expiry",
		"notAfter is 99991231235959Z",
		"Wi-SUN FAN, device certificate"), no_expiry },
	{ MUST("wisun-fan/no-ca",
		"a device is no CA",
		"Wi-SUN FAN, device certificate"), no_ca },
	{ MUST("wisun-fan/key-usage",
		"keyUsage has digitalSignature and keyAgreement and nothing "
		"else",
		"Wi-SUN FAN, device certificate"), sign_and_agree },
	{ MUST("wisun-fan/ext-key-usage",
		"extendedKeyUsage has clientAuth and id-kp-wisun-fan-device",
		"Wi-SUN FAN, device certificate"), wisun_usages },
	{ MUST("wisun-fan/authority-key-id",
		"authorityKeyIdentifier has a keyIdentifier and nothing else",
		"Wi-SUN FAN, device certificate"), key_id_only },
	{ MUST("wisun-fan/hardware-module",
		"subjectAltName holds one HardwareModuleName: type OID and "
		"serial",
		"Wi-SUN FAN, device certificate; RFC 4108 5"), module_there },
};
/* clang-format on */

const struct eh_lint_table eh_lint_ieee = { ieee,
	sizeof(ieee) / sizeof(ieee[0]) };
const struct eh_lint_table eh_lint_tcg = { tcg, sizeof(tcg) / sizeof(tcg[0]) };
const struct eh_lint_table eh_lint_wisun = { wisun,
	sizeof(wisun) / sizeof(wisun[0]) };
