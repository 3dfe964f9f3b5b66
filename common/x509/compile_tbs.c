/* SPDX-License-Identifier: Apache-2.0 */
/* compile_tbs.c - one certificate of a source to its TBS and fields. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/der/date.h"
#include "common/der/der.h"
#include "common/der/oid.h"
#include "common/x509/compile.h"
#include "common/x509/serial.h"
#include "common/x509/words.h"

#define INPUT_ID      128	/* field ids of host-given values begin here */
#define UTC_DAYS      7305	/* 20 years: UTCTime until 2029 at least */
#define GENERAL_DAYS  9132	/* 25 years: beyond 2049 from 2025 on */
#define KEY_USAGES    9
#define LONGEST_TEXT  1024

/* A template being compiled.  The first error latches, with its sentence. */
struct compiler {
	const struct eh_profile_source *source;
	const struct eh_template_source *t;
	const struct eh_issuer *issuer;
	struct eh_pattern identity;
	struct eh_pattern input[EH_SOURCE_INPUTS];
	struct eh_template *out;
	struct eh_der_writer w;
	struct eh_error *error;
	int err;
};

static void fail(struct compiler *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
fail(struct compiler *c, const char *format, ...)
{
	char text[EH_ERROR_TEXT];
	va_list args;

	if (c->err != EH_OK)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	c->err = eh_error_set(c->error, EH_ERR_CONFIG, "certificate %s: %s",
	    c->t->id != NULL ? c->t->id : "?", text);
}

/* --- fields ------------------------------------------------------------ */

/* Leave a hole of ${len} octets here; NULL when there are too many. */
static struct eh_field *
hole(struct compiler *c, enum eh_field_source source, size_t len)
{
	struct eh_field *f;

	if (c->out->fields == EH_TEMPLATE_FIELDS) {
		fail(c, "more than %d fields", EH_TEMPLATE_FIELDS);
		return NULL;
	}
	f = &c->out->field[c->out->fields];
	memset(f, 0, sizeof(*f));
	f->id = (uint8_t)c->out->fields++;
	f->source = (uint8_t)source;
	f->length = (uint16_t)len;
	/* The mark's number is the field's: both count from 0. */
	eh_der_put_mark(&c->w);
	eh_der_put_zeros(&c->w, len);
	return f;
}

/* Which input has this id; EH_SOURCE_INPUTS when none has. */
static unsigned
input_number(const struct compiler *c, const char *id)
{
	unsigned i = 0;

	while (i < c->source->inputs && (id == NULL ||
		strcmp(c->source->input[i].id, id) != 0))
		i++;
	return i < c->source->inputs ? i : EH_SOURCE_INPUTS;
}

static void
input_hole(struct compiler *c, const char *id)
{
	const unsigned n = input_number(c, id);
	const struct eh_source_input *input;
	struct eh_field *f;

	if (n == EH_SOURCE_INPUTS) {
		fail(c, "no field or input is called '%s'",
		    id != NULL ? id : "");
		return;
	}
	input = &c->source->input[n];
	f = hole(c, EH_FIELD_INPUT, eh_pattern_length(&c->input[n]));
	if (f == NULL)
		return;
	f->id = (uint8_t)(INPUT_ID + n);
	f->pattern = c->input[n];
	if (input->lo != NULL) {
		f->lo = (const uint8_t *)input->lo;
		f->hi = (const uint8_t *)input->hi;
		f->rangelen = f->length;
	}
}

/* --- texts ------------------------------------------------------------- */

/* Count the characters of well-formed UTF-8 (RFC 3629) without control
 * characters; -1 when it is not. */
static int
utf8_length(const char *text)
{
	const uint8_t *t = (const uint8_t *)text;
	int n = 0;

	for (; *t != 0; n++) {
		const uint8_t first = *t++;
		const unsigned more = first < 0x80 ? 0 : first < 0xc2 ? 9 :
		    first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 9;

		if (first < 0x20 || first == 0x7f || more == 9)
			return -1;
		/* Shortest form, no surrogate, nothing above 10ffff. */
		if ((first == 0xe0 && *t < 0xa0) ||
		    (first == 0xed && *t > 0x9f) ||
		    (first == 0xf0 && *t < 0x90) ||
		    (first == 0xf4 && *t > 0x8f))
			return -1;
		for (unsigned i = 0; i < more; i++, t++)
			if ((*t & 0xc0) != 0x80)
				return -1;
	}
	return n;
}

/* The class that holds every character of a string type. */
static uint8_t
string_charset(uint8_t tag)
{
	return tag == EH_DER_PRINTABLE_STRING ? EH_CHARSET_PRINTABLE :
	    tag == EH_DER_OCTET_STRING	      ? EH_CHARSET_OCTET :
						EH_CHARSET_ASCII;
}

/* Return 1 when every value of the pattern can stand in this string type. */
static int
pattern_fits(const struct eh_pattern *p, uint8_t tag)
{
	const uint8_t charset = string_charset(tag);

	for (unsigned r = 0; r < p->runs; r++)
		for (unsigned octet = 0; octet < 256; octet++)
			if (p->run[r].constant == NULL &&
			    eh_charset_has(p->run[r].charset, (uint8_t)octet) &&
			    !eh_charset_has(charset, (uint8_t)octet))
				return 0;
	for (unsigned r = 0; r < p->runs; r++)
		for (unsigned i = 0; p->run[r].constant != NULL &&
		    i < p->run[r].count; i++)
			if (!eh_charset_has(charset, p->run[r].constant[i]))
				return 0;
	return 1;
}

/* Write a constant piece; return its characters. */
static size_t
constant_piece(struct compiler *c, const char *what, uint8_t tag,
    const char *text)
{
	const int n = text != NULL ? utf8_length(text) : -1;

	if (n < 0) {
		fail(c, "%s: the text is not UTF-8 without control characters",
		    what);
		return 0;
	}
	for (const char *t = text; tag != EH_DER_UTF8_STRING && *t != '\0'; t++)
		if (!eh_charset_has(string_charset(tag), (uint8_t)*t)) {
			fail(c, "%s: '%.64s' does not fit its string type",
			    what, text);
			return 0;
		}
	eh_der_put_raw(&c->w, text, strlen(text));
	return (size_t)n;
}

static size_t
field_piece(struct compiler *c, const char *what, uint8_t tag,
    const struct eh_piece *p)
{
	const struct eh_pattern *pattern = &c->identity;
	unsigned n;

	if (p->kind == EH_PIECE_DEVICE_ID) {
		hole(c, EH_FIELD_DEVICE_ID, eh_pattern_length(pattern));
	} else if (p->kind == EH_PIECE_INPUT) {
		n = input_number(c, p->text);
		input_hole(c, p->text);
		if (c->err != EH_OK)
			return 0;
		pattern = &c->input[n];
	} else {
		fail(c, "%s: this field cannot stand in a text", what);
		return 0;
	}
	if (!pattern_fits(pattern, tag))
		fail(c, "%s: the field's pattern allows octets that its string "
		    "type cannot hold", what);
	return eh_pattern_length(pattern);
}

/* How a string is written, what its characters may be, and how many. */
struct form {
	uint8_t tag, charset_tag;
	size_t least, most;
};

/* Write one string: the pieces behind each other. */
static void
string(struct compiler *c, const char *what, const struct form *form,
    const struct eh_source_text *text)
{
	const uint8_t tag = form->charset_tag;
	size_t n = 0;

	eh_der_put_begin(&c->w, form->tag);
	for (unsigned i = 0; i < text->pieces && c->err == EH_OK; i++)
		n += text->piece[i].kind == EH_PIECE_TEXT ?
		    constant_piece(c, what, tag, text->piece[i].text) :
		    field_piece(c, what, tag, &text->piece[i]);
	eh_der_put_end(&c->w);
	if (n < form->least || n > form->most)
		fail(c, "%s: %zu characters, %zu to %zu are allowed", what, n,
		    form->least, form->most);
}

static void
oid(struct compiler *c, const char *what, const struct eh_word *table,
    const char *word)
{
	const char *dotted = NULL;

	if (word != NULL)
		dotted = eh_words_oid(table, word);
	if (dotted == NULL) {
		fail(c, "%s: '%.64s' is no known word and no OID", what,
		    word != NULL ? word : "");
		return;
	}
	eh_der_put_oid(&c->w, dotted);
}

static const struct eh_word no_words[] = { { NULL, 0, NULL } };

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
attribute(struct compiler *c, const struct eh_source_attribute *a)
{
	const char *what = a->attribute != NULL ? a->attribute : "";
	const char *dotted = eh_words_oid(eh_words_attribute, what);
	struct form form = { a->string, a->string, 1, LONGEST_TEXT };

	if (a->string != EH_DER_UTF8_STRING &&
	    a->string != EH_DER_PRINTABLE_STRING &&
	    a->string != EH_DER_IA5_STRING)
		fail(c, "%s: unknown string type", what);
	if (dotted != NULL && must_be_printable(dotted) &&
	    a->string != EH_DER_PRINTABLE_STRING)
		fail(c, "%s must be a printable string", what);
	for (size_t i = 0; dotted != NULL &&
	    i < sizeof(bounds) / sizeof(bounds[0]); i++)
		if (strcmp(bounds[i].oid, dotted) == 0) {
			form.least = bounds[i].least;
			form.most = bounds[i].most;
		}
	eh_der_put_begin(&c->w, EH_DER_SET);
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	oid(c, "subject", eh_words_attribute, a->attribute);
	string(c, what, &form, &a->value);
	eh_der_put_end(&c->w);
	eh_der_put_end(&c->w);
}

static void
subject(struct compiler *c)
{
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	for (unsigned i = 0; i < c->t->attributes; i++)
		attribute(c, &c->t->attribute[i]);
	eh_der_put_end(&c->w);
}

/* --- validity ---------------------------------------------------------- */

/* How many octets a field has; 0 and an error when nobody said. */
static size_t
date_length(struct compiler *c, const struct eh_source_date *d)
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
		fail(c, "notAfter: %u days may end before or after 2050; say "
		    "which form of time it has (UTCTime ends with 2049)",
		    (unsigned)d->days);
	return EH_DATE_GENERALIZED;
}

static void
date(struct compiler *c, const char *what, enum eh_field_source source,
    const struct eh_source_date *d)
{
	uint8_t text[EH_DATE_GENERALIZED];
	const size_t len =
	    d->field ? date_length(c, d) : eh_date_length(d->seconds);

	eh_der_put_begin(&c->w, len == EH_DATE_UTC ? EH_DER_UTC_TIME :
						     EH_DER_GENERALIZED_TIME);
	if (d->field)
		hole(c, source, len);
	else if (eh_date_encode(d->seconds, text, len) == EH_OK)
		eh_der_put_raw(&c->w, text, len);
	else
		fail(c, "%s lies beyond the year 9999", what);
	eh_der_put_end(&c->w);
}

static void
validity(struct compiler *c)
{
	const struct eh_source_date *from = &c->t->not_before;
	const struct eh_source_date *to = &c->t->not_after;

	if (to->field && !from->field)
		fail(c, "notAfter can only be a field beside a notBefore that "
		    "is one");
	if (to->field && (to->days < 1 || to->days > EH_PROFILE_DAYS))
		fail(c, "notAfter: 1 to %d days are allowed", EH_PROFILE_DAYS);
	if (from->days != 0 || (!to->field && to->days != 0))
		fail(c, "only a notAfter field has days");
	if (!from->field && !to->field && to->seconds <= from->seconds)
		fail(c, "notAfter does not lie behind notBefore");
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	date(c, "notBefore", EH_FIELD_NOT_BEFORE, from);
	date(c, "notAfter", EH_FIELD_NOT_AFTER, to);
	eh_der_put_end(&c->w);
	c->out->days = to->field ? to->days : 0;
}

/* --- keys -------------------------------------------------------------- */

static void
public_key(struct compiler *c)
{
	const struct eh_profile_source *s = c->source;
	unsigned k = 0;

	while (k < s->keys && (c->t->key == NULL ||
		strcmp(s->key[k].id, c->t->key) != 0))
		k++;
	if (k == s->keys) {
		fail(c, "no key is called '%.64s'",
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
		fail(c, "key %s: unknown algorithm", s->key[k].id);
		break;
	}
	eh_der_put_end(&c->w);
	eh_der_put_begin(&c->w, EH_DER_BIT_STRING);
	eh_der_put_zeros(&c->w, 1);
	hole(c, EH_FIELD_PUBLIC_KEY,
	    s->key[k].algorithm == EH_KEY_ECDSA_P384 ? 97 : 65);
	eh_der_put_end(&c->w);
	eh_der_put_end(&c->w);
}

/* --- extensions -------------------------------------------------------- */

static void
basic_constraints(struct compiler *c, const struct eh_source_extension *x)
{
	if (x->ca || x->path_length_given)
		fail(c, "basicConstraints: a device is no CA, so ca: false and "
		    "no pathLength");
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	eh_der_put_end(&c->w);
}

/* A named bit list: no zero bits at the end (X.690 11.2.2). */
static void
key_usage(struct compiler *c, const struct eh_source_extension *x)
{
	uint8_t bits[3] = { 0 };
	unsigned last = 0;

	if (x->key_usage == 0 || x->key_usage >> KEY_USAGES != 0)
		fail(c, "keyUsage: no bits, or unknown ones");
	for (unsigned bit = 0; bit < KEY_USAGES; bit++)
		if (x->key_usage >> bit & 1) {
			bits[1 + bit / 8] |= (uint8_t)(0x80 >> bit % 8);
			last = bit;
		}
	bits[0] = (uint8_t)(7 - last % 8);
	eh_der_put(&c->w, EH_DER_BIT_STRING, bits, 2 + last / 8);
}

static void
oids(struct compiler *c, const struct eh_source_extension *x)
{
	const int policies = x->kind == EH_EXTENSION_POLICIES;
	const char *what = policies ? "certificatePolicies" :
				      "extendedKeyUsage";

	if (x->oids == 0)
		fail(c, "%s: the list is empty", what);
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	for (unsigned i = 0; i < x->oids; i++) {
		if (policies)
			eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
		oid(c, what, policies ? eh_words_policy :
		    eh_words_ext_key_usage, x->oid[i]);
		if (policies)
			eh_der_put_end(&c->w);
	}
	eh_der_put_end(&c->w);
}

static void
subject_key_id(struct compiler *c, const struct eh_source_extension *x)
{
	(void)x;
	eh_der_put_begin(&c->w, EH_DER_OCTET_STRING);
	hole(c, EH_FIELD_SUBJECT_KEY_ID, 20);
	eh_der_put_end(&c->w);
}

static void
authority_key_id(struct compiler *c, const struct eh_source_extension *x)
{
	(void)x;
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	eh_der_put(&c->w, EH_DER_CONTEXT_OCTETS(0), c->issuer->key_id,
	    c->issuer->key_idlen);
	eh_der_put_end(&c->w);
}

/* RFC 4108 section 5: otherName { id-on-hardwareModuleName, [0] { hwType,
 * hwSerialNum } }. */
static void
hardware_module(struct compiler *c, const struct eh_source_alt_name *n)
{
	static const struct form form = { EH_DER_OCTET_STRING,
		EH_DER_OCTET_STRING, 1, LONGEST_TEXT };

	eh_der_put_begin(&c->w, EH_DER_CONTEXT(0));
	eh_der_put_oid(&c->w, "1.3.6.1.5.5.7.8.4");
	eh_der_put_begin(&c->w, EH_DER_CONTEXT(0));
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	oid(c, "hardwareModuleName", no_words, n->type);
	string(c, "hardwareModuleName", &form, &n->value);
	eh_der_put_end(&c->w);
	eh_der_put_end(&c->w);
	eh_der_put_end(&c->w);
}

static void
subject_alt_name(struct compiler *c, const struct eh_source_extension *x)
{
	static const struct form dns = { EH_DER_CONTEXT_OCTETS(2),
		EH_DER_IA5_STRING, 1, 253 };
	static const struct form uri = { EH_DER_CONTEXT_OCTETS(6),
		EH_DER_IA5_STRING, 1, LONGEST_TEXT };

	if (x->names == 0)
		fail(c, "subjectAltName: the list is empty");
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	for (unsigned i = 0; i < x->names; i++)
		switch (x->name[i].kind) {
		case EH_ALT_NAME_HARDWARE_MODULE:
			hardware_module(c, &x->name[i]);
			break;
		case EH_ALT_NAME_DNS:
			string(c, "dNSName", &dns, &x->name[i].value);
			break;
		case EH_ALT_NAME_URI:
			string(c, "uniformResourceIdentifier", &uri,
			    &x->name[i].value);
			break;
		default:
			fail(c, "subjectAltName: unknown kind of name");
			break;
		}
	eh_der_put_end(&c->w);
}

/* Somebody else's extension, ready-made: at least it must be one DER element.
 */
static void
ready_made(struct compiler *c, const struct eh_source_extension *x)
{
	struct eh_der d;
	size_t len;

	eh_der_init(&d, x->der, x->derlen);
	eh_der_any(&d, &len);
	if (x->derlen > EH_SOURCE_DER || eh_der_end(&d) != EH_OK)
		fail(c, "extension %.64s: its value is not one DER element of "
		    "at most %d octets", x->der_oid != NULL ? x->der_oid : "",
		    EH_SOURCE_DER);
	eh_der_put_raw(&c->w, x->der, x->derlen);
}

/* clang-format off */
static const struct {
	enum eh_extension_kind kind;
	void (*put)(struct compiler *, const struct eh_source_extension *);
} kinds[] = {
	{ EH_EXTENSION_BASIC_CONSTRAINTS, basic_constraints },
	{ EH_EXTENSION_KEY_USAGE,         key_usage },
	{ EH_EXTENSION_EXT_KEY_USAGE,     oids },
	{ EH_EXTENSION_SUBJECT_KEY_ID,    subject_key_id },
	{ EH_EXTENSION_AUTHORITY_KEY_ID,  authority_key_id },
	{ EH_EXTENSION_SUBJECT_ALT_NAME,  subject_alt_name },
	{ EH_EXTENSION_POLICIES,          oids },
	{ EH_EXTENSION_DER,               ready_made },
};
/* clang-format on */

/* The dotted OID of an extension, or NULL. */
static const char *
extension_oid(const struct eh_source_extension *x)
{
	const struct eh_word *w = eh_words_extension;

	if (x->kind == EH_EXTENSION_DER)
		return x->der_oid != NULL ? eh_words_oid(no_words, x->der_oid) :
					    NULL;
	while (w->word != NULL && w->number != (int)x->kind)
		w++;
	return w->oid;
}

static void
extension(struct compiler *c, const struct eh_source_extension *x)
{
	const char *dotted = extension_oid(x);
	size_t k = 0;

	while (k < sizeof(kinds) / sizeof(kinds[0]) && kinds[k].kind != x->kind)
		k++;
	if (dotted == NULL || k == sizeof(kinds) / sizeof(kinds[0])) {
		fail(c, "unknown extension");
		return;
	}
	for (const struct eh_source_extension *o = c->t->extension; o < x; o++)
		if (extension_oid(o) != NULL &&
		    strcmp(extension_oid(o), dotted) == 0)
			fail(c, "extension %s stands there twice", dotted);
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	eh_der_put_oid(&c->w, dotted);
	if (x->critical)
		eh_der_put_bool(&c->w, 1);
	eh_der_put_begin(&c->w, EH_DER_OCTET_STRING);
	kinds[k].put(c, x);
	eh_der_put_end(&c->w);
	eh_der_put_end(&c->w);
}

static void
extensions(struct compiler *c)
{
	if (c->t->extensions == 0)
		return;
	eh_der_put_begin(&c->w, EH_DER_CONTEXT(3));
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	for (unsigned i = 0; i < c->t->extensions; i++)
		extension(c, &c->t->extension[i]);
	eh_der_put_end(&c->w);
	eh_der_put_end(&c->w);
}

/* --- the whole --------------------------------------------------------- */

static void
signature_algorithm(struct compiler *c)
{
	const struct eh_word *w = eh_words_signature;

	while (w->word != NULL && w->number != c->t->sig_alg)
		w++;
	/* PSS would need its parameters spelled out. */
	if (w->word == NULL || w->number == EH_SIG_RSA_PSS_SHA256) {
		fail(c, "signatureAlgorithm: unknown, or not supported");
		return;
	}
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	eh_der_put_oid(&c->w, w->oid);
	if (w->number == EH_SIG_RSA_PKCS1_SHA256)
		eh_der_put(&c->w, EH_DER_NULL, NULL, 0);
	eh_der_put_end(&c->w);
}

static void
tbs(struct compiler *c)
{
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	eh_der_put_begin(&c->w, EH_DER_CONTEXT(0));
	eh_der_put_uint(&c->w, 2);
	eh_der_put_end(&c->w);
	eh_der_put_begin(&c->w, EH_DER_INTEGER);
	hole(c, EH_FIELD_SERIAL, EH_SERIAL_LEN);
	eh_der_put_end(&c->w);
	signature_algorithm(c);
	eh_der_put_raw(&c->w, c->issuer->subject, c->issuer->subjectlen);
	validity(c);
	subject(c);
	public_key(c);
	extensions(c);
	eh_der_put_end(&c->w);
}

/* The patterns of all fields that a text may hold. */
static void
patterns(struct compiler *c)
{
	const struct eh_profile_source *s = c->source;
	struct eh_error sub;

	eh_error_clear(&sub);
	if (s->identity.pattern == NULL ||
	    eh_pattern_parse(&c->identity, s->identity.pattern, &sub) != EH_OK)
		fail(c, "identity: %s", eh_error_sentence(&sub));
	for (unsigned i = 0; i < s->inputs; i++)
		if (s->input[i].pattern == NULL ||
		    eh_pattern_parse(
			&c->input[i], s->input[i].pattern, &sub) != EH_OK)
			fail(c, "input %s: %s", s->input[i].id,
			    eh_error_sentence(&sub));
}

/* Certificates that name the same key share its number: the index of the first
 * of them, which for that one need not be said. */
static void
key_number(struct compiler *c, unsigned index)
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
	struct compiler c = { .source = source, .issuer = issuer, .out = out,
		.error = e };
	int err;

	memset(out, 0, sizeof(*out));
	if (index >= source->certificates)
		return eh_error_set(e, EH_ERR_CONFIG,
		    "there is no certificate %u", index);
	c.t = &source->certificate[index];
	if (c.t->id == NULL || !eh_name_check(c.t->id))
		fail(&c, "its id is no name");
	else
		strcpy(out->id, c.t->id);	/* a name fits */
	memcpy(out->issuer, issuer->spki, sizeof(out->issuer));
	out->sig_alg = c.t->sig_alg;
	out->standard = c.t->standard;
	key_number(&c, index);
	patterns(&c);
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
