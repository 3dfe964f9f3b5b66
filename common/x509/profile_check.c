/* SPDX-License-Identifier: Apache-2.0 */
/* profile_check.c - what a compiled profile must keep before it may decide. */
#include "config.h"

#include <string.h>

#include "common/x509/profile.h"

/*
 * doc/format/profile.md section 3, in its order.  The decoder keeps the schema,
 * but a profile may also come from the compiler, so what the code behind relies
 * on (lengths, counts) is checked here again.
 */

/* A sentence about a field: "template dac, field 3 (device-id at 149): ...". */
static int
field_error(struct eh_error *e, const struct eh_template *t,
    const struct eh_field *f, const char *what)
{
	return eh_error_set(e, EH_ERR_FORMAT,
	    "template %s, field %d (%s at %u, %u octets): %s", t->id,
	    (int)(f - t->field), eh_field_source_name(f->source), f->offset,
	    f->length, what);
}

static int
template_error(
    struct eh_error *e, const struct eh_template *t, const char *what)
{
	return eh_error_set(e, EH_ERR_FORMAT, "template %s: %s", t->id, what);
}

static int
pattern_check(const struct eh_pattern *p)
{
	if (p->runs < 1 || p->runs > EH_PATTERN_RUNS)
		return EH_ERR_FORMAT;
	for (unsigned i = 0; i < p->runs; i++) {
		const struct eh_run *run = &p->run[i];
		const unsigned most = run->constant != NULL ?
		    EH_PATTERN_CONSTANT : EH_PATTERN_COUNT;

		if (run->count < 1 || run->count > most)
			return EH_ERR_FORMAT;
		if (run->constant == NULL &&
		    (run->charset < 1 || run->charset > EH_CHARSET_MAX))
			return EH_ERR_FORMAT;
	}
	return EH_OK;
}

static int
identity_check(const struct eh_profile *p, struct eh_error *e)
{
	const unsigned len = p->identity.length;

	if (!eh_name_check(p->identity.kind))
		return eh_error_set(e, EH_ERR_FORMAT,
		    "identity: the id kind is no name");
	if (len < 1 || len > EH_DEVICE_ID_MAX)
		return eh_error_set(e, EH_ERR_FORMAT, "identity: %u octets, "
		    "1 to %d are allowed", len, EH_DEVICE_ID_MAX);
	if (pattern_check(&p->identity.pattern) != EH_OK ||
	    eh_pattern_length(&p->identity.pattern) != len)
		return eh_error_set(e, EH_ERR_FORMAT, "identity: the pattern "
		    "does not fill %u octets exactly", len);
	if (p->identity.lo != NULL &&
	    memcmp(p->identity.lo, p->identity.hi, len) > 0)
		return eh_error_set(e, EH_ERR_FORMAT,
		    "identity: the range ends before it begins");
	return EH_OK;
}

/* Where the fields lie, and that they are empty. */
static int
layout_check(const struct eh_template *t, struct eh_error *e)
{
	size_t end = 0;

	for (unsigned i = 0; i < t->fields; i++) {
		const struct eh_field *f = &t->field[i];

		if (i > 0 && f->offset < t->field[i - 1].offset)
			return field_error(
			    e, t, f, "fields are not sorted by offset");
		if (f->offset < end)
			return field_error(
			    e, t, f, "overlaps the field before it");
		if (f->length < 1 || f->length > EH_FIELD_MAX ||
		    f->offset + (size_t)f->length > t->tbslen)
			return field_error(
			    e, t, f, "lies outside the TBSCertificate");
		end = f->offset + (size_t)f->length;
		for (size_t at = f->offset; at < end; at++)
			if (t->tbs[at] != 0)
				return field_error(e, t, f,
				    "the octets of a field must be zero");
	}
	return EH_OK;
}

/* A host-given value: it has a pattern, and perhaps a range. */
static int
input_check(const struct eh_template *t, const struct eh_field *f,
    struct eh_error *e)
{
	if (f->length > EH_TEMPLATE_INPUT)
		return field_error(e, t, f,
		    "a host-given value has at most 64 octets");
	if (f->pattern.runs == 0)
		return field_error(
		    e, t, f, "a host-given value needs a pattern");
	if (pattern_check(&f->pattern) != EH_OK ||
	    eh_pattern_length(&f->pattern) != f->length)
		return field_error(
		    e, t, f, "the pattern does not fill the field exactly");
	if (f->rangelen == 0)
		return EH_OK;
	if (f->rangelen != f->length)
		return field_error(
		    e, t, f, "the range and the field differ in length");
	if (memcmp(f->lo, f->hi, f->rangelen) > 0)
		return field_error(
		    e, t, f, "the range ends before it begins");
	return EH_OK;
}

/* The rules of a field by itself. */
static int
field_check(const struct eh_profile *p, const struct eh_template *t,
    const struct eh_field *f, struct eh_error *e)
{
	if (f->source == EH_FIELD_INPUT)
		return input_check(t, f, e);
	if (f->pattern.runs != 0 || f->rangelen != 0)
		return field_error(e, t, f,
		    "only a host-given value has a pattern or a range");
	switch (f->source) {
	case EH_FIELD_SERIAL:
		if (f->length != 16)
			return field_error(e, t, f, "must have 16 octets");
		return EH_OK;
	case EH_FIELD_NOT_BEFORE:
	case EH_FIELD_NOT_AFTER:
		if (f->length != 13 && f->length != 15)
			return field_error(e, t, f,
			    "must have 13 octets (UTCTime) or 15 "
			    "(GeneralizedTime)");
		return EH_OK;
	case EH_FIELD_PUBLIC_KEY:
		if (f->length != 65 && f->length != 97)
			return field_error(e, t, f,
			    "must have 65 octets (P-256) or 97 (P-384)");
		return EH_OK;
	case EH_FIELD_SUBJECT_KEY_ID:
		if (f->length != 20)
			return field_error(e, t, f, "must have 20 octets");
		return EH_OK;
	case EH_FIELD_DEVICE_ID:
		if (f->length != p->identity.length)
			return field_error(
			    e, t, f, "differs in length from the identity");
		return EH_OK;
	default:
		return field_error(e, t, f, "unknown source");
	}
}

static int
same_pattern(const struct eh_pattern *a, const struct eh_pattern *b)
{
	int same = a->runs == b->runs;

	for (unsigned i = 0; same && i < a->runs; i++) {
		const struct eh_run *x = &a->run[i], *y = &b->run[i];

		same = x->count == y->count && x->charset == y->charset &&
		    (x->constant == NULL) == (y->constant == NULL) &&
		    (x->constant == NULL ||
			memcmp(x->constant, y->constant, x->count) == 0);
	}
	return same;
}

/* May two fields of one template have the same id?  Only where it means that
 * they hold the same host-given value. */
static int
may_share_id(const struct eh_field *a, const struct eh_field *b)
{
	return a->source == EH_FIELD_INPUT && b->source == EH_FIELD_INPUT &&
	    a->length == b->length && a->rangelen == b->rangelen &&
	    (a->rangelen == 0 || (memcmp(a->lo, b->lo, a->rangelen) == 0 &&
				     memcmp(a->hi, b->hi, a->rangelen) == 0)) &&
	    same_pattern(&a->pattern, &b->pattern);
}

static int
ids_check(const struct eh_template *t, struct eh_error *e)
{
	unsigned inputs = 0;

	for (unsigned i = 0; i < t->fields; i++) {
		const struct eh_field *f = &t->field[i];
		int again = 0;

		for (unsigned k = 0; k < i; k++) {
			if (t->field[k].id != f->id)
				continue;
			again = 1;
			if (!may_share_id(&t->field[k], f))
				return field_error(e, t, f,
				    "another field has the same id");
		}
		inputs += f->source == EH_FIELD_INPUT && !again;
	}
	if (inputs > EH_TEMPLATE_INPUTS)
		return template_error(
		    e, t, "more than 16 host-given values");
	return EH_OK;
}

/* How many fields of each source there are. */
static int
counts_check(const struct eh_template *t, struct eh_error *e)
{
	unsigned n[EH_FIELD_NOT_AFTER + 1] = { 0 };

	for (unsigned i = 0; i < t->fields; i++)
		n[t->field[i].source]++;
	if (n[EH_FIELD_SERIAL] != 1)
		return template_error(
		    e, t, "needs exactly one certificate-serial field");
	if (n[EH_FIELD_PUBLIC_KEY] != 1)
		return template_error(
		    e, t, "needs exactly one public-key field");
	if (n[EH_FIELD_NOT_BEFORE] > 1)
		return template_error(
		    e, t, "has more than one not-before field");
	if (n[EH_FIELD_NOT_AFTER] > 1)
		return template_error(
		    e, t, "has more than one not-after field");
	if (n[EH_FIELD_NOT_AFTER] == 1 && n[EH_FIELD_NOT_BEFORE] == 0)
		return template_error(
		    e, t, "has a not-after field, but no not-before field");
	if (n[EH_FIELD_NOT_AFTER] == 1 &&
	    (t->days < 1 || t->days > EH_PROFILE_DAYS))
		return template_error(
		    e, t, "a not-after field needs 1 to 36525 days");
	if (n[EH_FIELD_NOT_AFTER] == 0 && t->days != 0)
		return template_error(
		    e, t, "has days, but no not-after field");
	return EH_OK;
}

static int
known_sig_alg(int32_t alg)
{
	return alg == EH_SIG_ECDSA_P256_SHA256 ||
	    alg == EH_SIG_ECDSA_P384_SHA384 || alg == EH_SIG_RSA_PKCS1_SHA256 ||
	    alg == EH_SIG_RSA_PSS_SHA256;
}

static int
template_check(const struct eh_profile *p, const struct eh_template *t,
    struct eh_error *e)
{
	int err;

	if (!eh_name_check(t->id))
		return eh_error_set(e, EH_ERR_FORMAT,
		    "template %d: its id is no name", (int)(t - p->template));
	if (!known_sig_alg(t->sig_alg) || t->standard > EH_STANDARD_WISUN_FAN)
		return template_error(
		    e, t, "unknown signature algorithm or standard");
	if (t->tbslen < EH_TBS_MIN || t->tbslen > EH_TBS_MAX)
		return template_error(
		    e, t, "the TBSCertificate has not 64 to 4096 octets");
	if (t->fields < 1 || t->fields > EH_TEMPLATE_FIELDS)
		return template_error(e, t, "has not 1 to 32 fields");
	err = layout_check(t, e);
	for (unsigned i = 0; err == EH_OK && i < t->fields; i++)
		err = field_check(p, t, &t->field[i], e);
	if (err == EH_OK)
		err = ids_check(t, e);
	if (err == EH_OK)
		err = counts_check(t, e);
	return err;
}

/* Could one TBS fit both?  Not when a constant octet of both differs. */
static int
ambiguous(const struct eh_template *a, const struct eh_template *b)
{
	if (a->tbslen != b->tbslen)
		return 0;
	for (size_t at = 0; at < a->tbslen; at++)
		if (a->tbs[at] != b->tbs[at] && !eh_template_in_field(a, at) &&
		    !eh_template_in_field(b, at))
			return 0;
	return 1;
}

static int
is_rsa(const struct eh_template *t)
{
	return t->sig_alg == EH_SIG_RSA_PKCS1_SHA256 ||
	    t->sig_alg == EH_SIG_RSA_PSS_SHA256;
}

/* The length of the template's public-key field. */
static unsigned
key_length(const struct eh_template *t)
{
	for (unsigned i = 0; i < t->fields; i++)
		if (t->field[i].source == EH_FIELD_PUBLIC_KEY)
			return t->field[i].length;
	return 0;
}

/* The rules between two templates. */
static int
pair_check(const struct eh_profile *p, unsigned i, unsigned k,
    struct eh_error *e)
{
	const struct eh_template *a = &p->template[i], *b = &p->template[k];

	if (strcmp(a->id, b->id) == 0)
		return template_error(e, a, "two templates have this id");
	if (ambiguous(a, b))
		return eh_error_set(e, EH_ERR_FORMAT,
		    "templates %s and %s differ in no octet outside their "
		    "fields: a TBSCertificate could fit both", a->id, b->id);
	if (eh_profile_key(p, i) == eh_profile_key(p, k) &&
	    (is_rsa(a) != is_rsa(b) || key_length(a) != key_length(b)))
		return eh_error_set(e, EH_ERR_FORMAT,
		    "templates %s and %s share device key %u, but not the "
		    "kind of signature and length of key", a->id, b->id,
		    eh_profile_key(p, i));
	return EH_OK;
}

static int
secret_check(const struct eh_profile *p, const struct eh_secret *s,
    struct eh_error *e)
{
	if (!eh_name_check(s->label))
		return eh_error_set(e, EH_ERR_FORMAT,
		    "secret %d: its label is no name", (int)(s - p->secret));
	for (const struct eh_secret *o = p->secret; o < s; o++)
		if (strcmp(o->label, s->label) == 0)
			return eh_error_set(e, EH_ERR_FORMAT,
			    "secret %s: two secrets have this label",
			    s->label);
	if (s->kdf < EH_KDF_HKDF_SHA256 || s->kdf > EH_KDF_SP800_108_CTR ||
	    s->wrap < EH_WRAP_HPKE || s->wrap > EH_WRAP_TPM2_DUPLICATE)
		return eh_error_set(e, EH_ERR_FORMAT,
		    "secret %s: unknown KDF or way out", s->label);
	if (s->size < EH_SECRET_MIN || s->size > EH_SECRET_MAX)
		return eh_error_set(e, EH_ERR_FORMAT, "secret %s: %u octets, "
		    "%d to %d are allowed (a commitment to a short one would "
		    "give it away)", s->label, s->size, EH_SECRET_MIN,
		    EH_SECRET_MAX);
	if (s->contexts < 1 || s->contexts > EH_SECRET_CONTEXT)
		return eh_error_set(e, EH_ERR_FORMAT,
		    "secret %s: %u context items, 1 to %d are allowed",
		    s->label, s->contexts, EH_SECRET_CONTEXT);
	for (unsigned i = 0; i < s->contexts; i++) {
		const struct eh_secret_context *x = &s->context[i];

		if (x->kind == EH_CONTEXT_CHIP_ID &&
		    p->evidence != EH_EVIDENCE_ATTESTED)
			return eh_error_set(e, EH_ERR_FORMAT,
			    "secret %s: a chip id in the context needs "
			    "evidence: attested", s->label);
		if (x->kind < EH_CONTEXT_DEVICE_ID ||
		    x->kind > EH_CONTEXT_CONSTANT ||
		    (x->kind == EH_CONTEXT_CONSTANT &&
			(x->len < 1 || x->len > EH_SECRET_CONSTANT)))
			return eh_error_set(e, EH_ERR_FORMAT,
			    "secret %s: context item %u is malformed",
			    s->label, i);
	}
	return EH_OK;
}

static int
evidence_check(const struct eh_profile *p, struct eh_error *e)
{
	if (p->evidence > EH_EVIDENCE_ATTESTED || p->roots > EH_PROFILE_ROOTS)
		return eh_error_set(
		    e, EH_ERR_FORMAT, "unknown kind of evidence");
	if (p->evidence == EH_EVIDENCE_ATTESTED && p->roots == 0)
		return eh_error_set(e, EH_ERR_FORMAT,
		    "evidence: attested needs at least one attestation root");
	return EH_OK;
}

int
eh_profile_check(const struct eh_profile *p, struct eh_error *e)
{
	int err;

	if (!eh_name_check(p->name))
		return eh_error_set(
		    e, EH_ERR_FORMAT, "the profile's name is no name");
	if (p->templates < 1 || p->templates > EH_PROFILE_TEMPLATES ||
	    p->secrets > EH_PROFILE_SECRETS)
		return eh_error_set(e, EH_ERR_FORMAT,
		    "%u templates and %u secrets, 1 to %d and 0 to %d are "
		    "allowed", p->templates, p->secrets, EH_PROFILE_TEMPLATES,
		    EH_PROFILE_SECRETS);
	err = identity_check(p, e);
	for (unsigned i = 0; err == EH_OK && i < p->templates; i++)
		err = template_check(p, &p->template[i], e);
	for (unsigned i = 1; err == EH_OK && i < p->templates; i++)
		for (unsigned k = 0; err == EH_OK && k < i; k++)
			err = pair_check(p, k, i, e);
	for (unsigned i = 0; err == EH_OK && i < p->secrets; i++)
		err = secret_check(p, &p->secret[i], e);
	return err == EH_OK ? evidence_check(p, e) : err;
}

int
eh_profile_supported(const struct eh_profile *p, struct eh_error *e)
{
	if (p->evidence != EH_EVIDENCE_ATTESTED &&
	    (p->roots > 0 || p->adac_given))
		return eh_error_set(e, EH_ERR_UNSUPPORTED, "profile %s names "
		    "%s, which only evidence: attested looks at", p->name,
		    p->roots > 0 ? "attestation roots" :
				   "a root of trust for debug (ADAC)");
	for (unsigned i = 0; i < p->templates; i++) {
		const struct eh_template *t = &p->template[i];

		if (t->sig_alg != EH_SIG_ECDSA_P256_SHA256)
			return eh_error_set(e, EH_ERR_UNSUPPORTED, "template "
			    "%s of profile %s: signature algorithm %d is not "
			    "supported, only ecdsa-with-SHA256 on P-256 is",
			    t->id, p->name, t->sig_alg);
		if (key_length(t) != EH_P256_POINT_LEN)
			return eh_error_set(e, EH_ERR_UNSUPPORTED, "template "
			    "%s of profile %s: device keys on P-384 are not "
			    "supported, only P-256 is", t->id, p->name);
	}
	if (p->secrets > 0)
		return eh_error_set(e, EH_ERR_UNSUPPORTED, "profile %s has "
		    "the derived secret %s, which this version cannot make",
		    p->name, p->secret[0].label);
	return EH_OK;
}
