/* SPDX-License-Identifier: Apache-2.0 */
/* compile_tbs.c - one certificate of a source to its TBS and fields. */
#include "config.h"

#include <string.h>

#include "common/der/date.h"
#include "common/x509/compiler.h"
#include "common/x509/serial.h"

#define UTC_DAYS     7305	/* 20 years: UTCTime if it begins before 2030 */
#define GENERAL_DAYS 9132	/* 25 years: beyond 2049 from 2025 on */

/* --- subject ----------------------------------------------------------- */

/* Upper bounds in characters, RFC 5280 appendix A.1. */
/* clang-format off */
static const struct {
	const char *oid;
	size_t least, most;
} bounds[] = {
	{ "2.5.4.3",  1, 64 },		/* commonName */
	{ "2.5.4.5",  1, 64 },		/* serialNumber */
	{ "2.5.4.6",  2, 2 },		/* countryName */
	{ "2.5.4.7",  1, 128 },		/* localityName */
	{ "2.5.4.8",  1, 128 },		/* stateOrProvinceName */
	{ "2.5.4.10", 1, 64 },		/* organizationName */
	{ "2.5.4.11", 1, 64 },		/* organizationalUnitName */
	{ "2.5.4.12", 1, 64 },		/* title */
};
/* clang-format on */

/* serialNumber and countryName are PrintableString and nothing else. */
static int
must_be_printable(const char *dotted)
{
	return strcmp(dotted, "2.5.4.5") == 0 ||
	    strcmp(dotted, "2.5.4.6") == 0;
}

static void
attribute(struct eh_compiler *c, const struct eh_source_attribute *a)
{
	const char *what = a->attribute != NULL ? a->attribute : "";
	const char *dotted = eh_words_oid(eh_words_attribute, what);
	struct eh_compiler_form form = { a->string, a->string, 1,
		EH_COMPILER_TEXT };

	if (a->string != EH_DER_UTF8_STRING &&
	    a->string != EH_DER_PRINTABLE_STRING &&
	    a->string != EH_DER_IA5_STRING)
		eh_compiler_fail(c, "%s: unknown string type", what);
	if (dotted != NULL && must_be_printable(dotted) &&
	    a->string != EH_DER_PRINTABLE_STRING)
		eh_compiler_fail(c, "%s must be a printable string", what);
	for (size_t i = 0; dotted != NULL &&
	    i < sizeof(bounds) / sizeof(bounds[0]); i++)
		if (strcmp(bounds[i].oid, dotted) == 0) {
			form.least = bounds[i].least;
			form.most = bounds[i].most;
		}
	eh_der_put_begin(&c->w, EH_DER_SET);
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	eh_compiler_oid(c, "subject", eh_words_attribute, a->attribute);
	eh_compiler_string(c, what, &form, &a->value);
	eh_der_put_end(&c->w);
	eh_der_put_end(&c->w);
}

static void
subject(struct eh_compiler *c)
{
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	for (unsigned i = 0; i < c->t->attributes; i++)
		attribute(c, &c->t->attribute[i]);
	eh_der_put_end(&c->w);
}

/* --- validity ---------------------------------------------------------- */

/* How many octets a field has; 0 and an error when nobody said. */
static size_t
date_length(struct eh_compiler *c, const struct eh_source_date *d)
{
	switch (d->form) {
	case EH_DATE_FORM_UTC:
		return EH_DATE_UTC;
	case EH_DATE_FORM_GENERALIZED:
		return EH_DATE_GENERALIZED;
	default:
		break;
	}
	if (d->days <= UTC_DAYS)
		return EH_DATE_UTC;
	if (d->days < GENERAL_DAYS)
		eh_compiler_fail(c, "notAfter: %u days may end before or after "
		    "2050; say which form of time it has (UTCTime ends with "
		    "2049)",
		    (unsigned)d->days);
	return EH_DATE_GENERALIZED;
}

static void
date(struct eh_compiler *c, const char *what, enum eh_field_source source,
    const struct eh_source_date *d)
{
	uint8_t text[EH_DATE_GENERALIZED];
	const size_t len =
	    d->field ? date_length(c, d) : eh_date_length(d->seconds);

	eh_der_put_begin(&c->w, len == EH_DATE_UTC ? EH_DER_UTC_TIME :
						     EH_DER_GENERALIZED_TIME);
	if (d->field)
		eh_compiler_hole(c, source, len);
	else if (eh_date_encode(d->seconds, text, len) == EH_OK)
		eh_der_put_raw(&c->w, text, len);
	else
		eh_compiler_fail(c, "%s lies beyond the year 9999", what);
	eh_der_put_end(&c->w);
}

static void
validity(struct eh_compiler *c)
{
	const struct eh_source_date *from = &c->t->not_before;
	const struct eh_source_date *to = &c->t->not_after;

	if (to->field && !from->field)
		eh_compiler_fail(c, "notAfter can only be a field beside a "
		    "notBefore that is one");
	if (to->field && (to->days < 1 || to->days > EH_PROFILE_DAYS))
		eh_compiler_fail(c, "notAfter: 1 to %d days are allowed",
		    EH_PROFILE_DAYS);
	if (from->days != 0 || (!to->field && to->days != 0))
		eh_compiler_fail(c, "only a notAfter field has days");
	if (!from->field && !to->field && to->seconds <= from->seconds)
		eh_compiler_fail(c, "notAfter does not lie behind notBefore");
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	date(c, "notBefore", EH_FIELD_NOT_BEFORE, from);
	date(c, "notAfter", EH_FIELD_NOT_AFTER, to);
	eh_der_put_end(&c->w);
	c->out->days = to->field ? to->days : 0;
}

/* --- keys -------------------------------------------------------------- */

static void
public_key(struct eh_compiler *c)
{
	const struct eh_profile_source *s = c->source;
	unsigned k = 0;

	while (k < s->keys && (c->t->key == NULL ||
		strcmp(s->key[k].id, c->t->key) != 0))
		k++;
	if (k == s->keys) {
		eh_compiler_fail(c, "no key is called '%.64s'",
		    c->t->key != NULL ? c->t->key : "");
		return;
	}
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	eh_der_put_oid(&c->w, "1.2.840.10045.2.1");
	switch (s->key[k].algorithm) {
	case EH_KEY_ECDSA_P256:
		eh_der_put_oid(&c->w, "1.2.840.10045.3.1.7");
		break;
	case EH_KEY_ECDSA_P384:
		eh_der_put_oid(&c->w, "1.3.132.0.34");
		break;
	default:
		eh_compiler_fail(c, "key %s: unknown algorithm", s->key[k].id);
		break;
	}
	eh_der_put_end(&c->w);
	eh_der_put_begin(&c->w, EH_DER_BIT_STRING);
	eh_der_put_zeros(&c->w, 1);
	eh_compiler_hole(c, EH_FIELD_PUBLIC_KEY,
	    s->key[k].algorithm == EH_KEY_ECDSA_P384 ? 97 : 65);
	eh_der_put_end(&c->w);
	eh_der_put_end(&c->w);
}

/* --- the whole --------------------------------------------------------- */

static void
signature_algorithm(struct eh_compiler *c)
{
	const struct eh_word *w = eh_words_signature;

	while (w->word != NULL && w->number != c->t->sig_alg)
		w++;
	/* PSS would need its parameters spelled out. */
	if (w->word == NULL || w->number == EH_SIG_RSA_PSS_SHA256) {
		eh_compiler_fail(
		    c, "signatureAlgorithm: unknown, or not supported");
		return;
	}
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	eh_der_put_oid(&c->w, w->oid);
	if (w->number == EH_SIG_RSA_PKCS1_SHA256)
		eh_der_put(&c->w, EH_DER_NULL, NULL, 0);
	eh_der_put_end(&c->w);
}

static void
tbs(struct eh_compiler *c)
{
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	eh_der_put_begin(&c->w, EH_DER_CONTEXT(0));
	eh_der_put_uint(&c->w, 2);
	eh_der_put_end(&c->w);
	eh_der_put_begin(&c->w, EH_DER_INTEGER);
	eh_compiler_hole(c, EH_FIELD_SERIAL, EH_SERIAL_LEN);
	eh_der_put_end(&c->w);
	signature_algorithm(c);
	eh_der_put_raw(&c->w, c->issuer->subject, c->issuer->subjectlen);
	validity(c);
	subject(c);
	public_key(c);
	eh_compiler_extensions(c);
	eh_der_put_end(&c->w);
}

/* Certificates that name the same key share its number: the index of the first
 * of them, which for that one need not be said. */
static void
key_number(struct eh_compiler *c, unsigned index)
{
	for (unsigned i = 0; i < index && c->t->key != NULL; i++)
		if (c->source->certificate[i].key != NULL &&
		    strcmp(c->source->certificate[i].key, c->t->key) == 0) {
			c->out->key_given = 1;
			c->out->key = (uint8_t)i;
			return;
		}
}

int
eh_compile_template(const struct eh_profile_source *source, unsigned index,
    const struct eh_issuer *issuer, uint8_t bytes[EH_TBS_MAX],
    struct eh_template *out, struct eh_error *e)
{
	struct eh_compiler c = { .source = source, .issuer = issuer, .out = out,
		.error = e };
	int err;

	memset(out, 0, sizeof(*out));
	if (index >= source->certificates)
		return eh_error_set(e, EH_ERR_CONFIG,
		    "there is no certificate %u", index);
	c.t = &source->certificate[index];
	if (c.t->id == NULL || !eh_name_check(c.t->id))
		eh_compiler_fail(&c, "its id is no name");
	else
		strcpy(out->id, c.t->id);	/* a name fits */
	memcpy(out->issuer, issuer->spki, sizeof(out->issuer));
	out->sig_alg = c.t->sig_alg;
	out->standard = c.t->standard;
	key_number(&c, index);
	eh_compiler_patterns(&c);
	eh_der_writer_init(&c.w, bytes, EH_TBS_MAX);
	if (c.err == EH_OK)
		tbs(&c);
	if (c.err != EH_OK)
		return c.err;
	err = eh_der_writer_end(&c.w, &out->tbslen);
	if (err != EH_OK)
		return eh_error_set(e, EH_ERR_CONFIG, "certificate %s: %s",
		    c.t->id, err == EH_ERR_SPACE ?
			"its TBSCertificate is longer than 4096 octets" :
			"its TBSCertificate cannot be written");
	out->tbs = bytes;
	for (unsigned i = 0; i < out->fields; i++)
		out->field[i].offset =
		    (uint16_t)eh_der_writer_offset(&c.w, i);
	return EH_OK;
}
