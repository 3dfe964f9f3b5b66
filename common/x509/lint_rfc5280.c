/* SPDX-License-Identifier: Apache-2.0 */
/* lint_rfc5280.c - what every certificate must keep. */
#include "config.h"

#include "common/der/date.h"
#include "common/x509/facts.h"

static int
version_3(const struct eh_facts *f)
{
	return f->cert->version == 3;
}

/* Minimal DER is the decoder's; a negative one has its first bit set, and zero
 * is one octet. */
static int
serial(const struct eh_facts *f)
{
	const struct eh_slice s = f->cert->serial;

	return s.len <= 20 && s.at[0] < 0x80 && (s.len > 1 || s.at[0] != 0);
}

static int
issuer_named(const struct eh_facts *f)
{
	return eh_dn_begin(f->cert->issuer).len > 0;
}

static int
subject_named(const struct eh_facts *f)
{
	return eh_dn_begin(f->cert->subject).len > 0 ||
	    (f->alt_name == EH_FACT_GOOD && f->san_critical);
}

static int
validity_order(const struct eh_facts *f)
{
	return f->cert->not_before <= f->cert->not_after;
}

static int
validity_form(const struct eh_facts *f)
{
	return f->cert->not_before_text.len ==
	    eh_date_length(f->cert->not_before) &&
	    f->cert->not_after_text.len == eh_date_length(f->cert->not_after);
}

static int
extensions_once(const struct eh_facts *f)
{
	return !f->twice;
}

static int
extensions_formed(const struct eh_facts *f)
{
	return f->basic_constraints >= 0 && f->key_usage >= 0 &&
	    f->ext_key_usage >= 0 && f->subject_key_id >= 0 &&
	    f->authority_key_id >= 0 && f->alt_name >= 0 && f->policies >= 0;
}

static int
ca_says_so(const struct eh_facts *f)
{
	return (f->ku & EH_KU_KEY_CERT_SIGN) == 0 || f->ca;
}

static int
ca_critical(const struct eh_facts *f)
{
	return !f->ca || f->bc_critical;
}

static int
path_of_ca(const struct eh_facts *f)
{
	return !f->path_given || f->ca;
}

static int
usage_not_empty(const struct eh_facts *f)
{
	return f->key_usage != EH_FACT_GOOD || f->ku != 0;
}

static int
key_ids_not_critical(const struct eh_facts *f)
{
	return !f->ski_critical && !f->aki_critical;
}

#define ERROR(id, text, source) { "rfc5280/" id, EH_LINT_ERROR, text, source }

/* clang-format off */
static const struct eh_lint_row rows[] = {
	{ ERROR("version-3",
		"the certificate is of version 3",
		"RFC 5280 4.1.2.1"), version_3 },
	{ ERROR("serial",
		"the serial number is positive and has at most 20 octets",
		"RFC 5280 4.1.2.2"), serial },
	{ ERROR("issuer",
		"the issuer's name is not empty",
		"RFC 5280 4.1.2.4"), issuer_named },
	{ ERROR("subject",
		"the subject is empty only beside a critical subjectAltName",
		"RFC 5280 4.1.2.6"), subject_named },
	{ ERROR("validity-order",
		"notAfter does not lie before notBefore",
		"RFC 5280 4.1.2.5"), validity_order },
	{ ERROR("validity-form",
		"dates up to 2049 are UTCTime, later ones GeneralizedTime",
		"RFC 5280 4.1.2.5"), validity_form },
	{ ERROR("extensions-once",
		"no extension is there twice",
		"RFC 5280 4.2"), extensions_once },
	{ ERROR("extensions-formed",
		"the standard extensions are well-formed DER",
		"RFC 5280 4.2.1"), extensions_formed },
	{ ERROR("key-cert-sign",
		"keyCertSign is set only in the certificate of a CA",
		"RFC 5280 4.2.1.9"), ca_says_so },
	{ ERROR("ca-critical",
		"basicConstraints of a CA is critical",
		"RFC 5280 4.2.1.9"), ca_critical },
	{ ERROR("path-length",
		"pathLenConstraint is there only for a CA",
		"RFC 5280 4.2.1.9"), path_of_ca },
	{ ERROR("key-usage",
		"keyUsage has at least one bit",
		"RFC 5280 4.2.1.3"), usage_not_empty },
	{ ERROR("key-ids",
		"subject and authority key identifier are not critical",
		"RFC 5280 4.2.1.1, 4.2.1.2"), key_ids_not_critical },
};
/* clang-format on */

const struct eh_lint_table eh_lint_rfc5280 = { rows,
	sizeof(rows) / sizeof(rows[0]) };
