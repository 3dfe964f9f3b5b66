/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - what of a TBSCertificate does not fit a template, for people. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/der/der.h"
#include "common/der/oid.h"
#include "common/hex.h"
#include "common/x509/dn.h"
#include "common/x509/explain.h"
#include "common/x509/words.h"

#define VERSION_TAG	   EH_DER_CONTEXT(0)
#define EXTENSIONS_TAG EH_DER_CONTEXT(3)

#define HEX_OCTETS 24		/* of a value, then "..." */
#define VALUE_TEXT 64

struct walk {
	const struct eh_template *t;
	char *text;
	size_t agreed;
};

/* One part of the template, and what stands there instead. */
struct pair {
	struct eh_slice must, is;
};

static void say(struct walk *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(struct walk *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(w->text, EH_EXPLAIN_TEXT, format, args);
	va_end(args);
}

/* Is this octet of the template inside a field? */
static int
in_field(const struct walk *w, const uint8_t *octet)
{
	return eh_template_in_field(w->t, (size_t)(octet - w->t->tbs));
}

/* Equal but for the fields. */
static int
agree(const struct walk *w, const struct pair *p)
{
	if (p->must.len != p->is.len)
		return 0;
	for (size_t i = 0; i < p->is.len; i++)
		if (p->must.at[i] != p->is.at[i] &&
		    !in_field(w, p->must.at + i))
			return 0;
	return 1;
}

/* The next element of either; absent at the end. */
static struct eh_slice
next(struct eh_der *d)
{
	struct eh_slice s = { NULL, 0 };

	if (eh_der_peek(d) >= 0)
		s.at = eh_der_any(d, &s.len);
	return s;
}

static uint8_t
tag_of(struct eh_slice element)
{
	return element.len > 0 ? element.at[0] : 0;
}

static struct eh_slice
contents(struct eh_slice element)
{
	struct eh_slice s = { NULL, 0 };
	struct eh_der d;

	eh_der_init(&d, element.at, element.len);
	s.at = eh_der_get(&d, tag_of(element), &s.len);
	return s;
}

static size_t
shown(struct eh_slice s)
{
	return s.len < HEX_OCTETS ? s.len : HEX_OCTETS;
}

static const char *
hex(struct eh_slice s, char text[VALUE_TEXT])
{
	eh_hex_encode(s.at, shown(s), text);
	if (shown(s) < s.len)
		strcat(text, "...");
	return text;
}

/* The same for a part of the template, whose fields are shown as dots. */
static const char *
hex_of_template(const struct walk *w, struct eh_slice s, char text[VALUE_TEXT])
{
	hex(s, text);
	for (size_t i = 0; i < shown(s); i++)
		if (in_field(w, s.at + i))
			memset(text + 2 * i, '.', 2);
	return text;
}

/* The word for an OID, or its dotted text. */
static const char *
name(const struct eh_word *words, struct eh_slice oid, char text[EH_OID_TEXT])
{
	for (const struct eh_word *word = words; word->word != NULL; word++)
		if (eh_oid_is(oid.at, oid.len, word->oid))
			return word->word;
	if (eh_oid_decode(oid.at, oid.len, text, EH_OID_TEXT) != EH_OK)
		return "of an unreadable OID";
	return text;
}

static void
explain_version(struct walk *w, const struct pair *p)
{
	if (tag_of(p->is) != VERSION_TAG)
		say(w, "it is of version 1 and has no extensions, must be of "
		       "version 3");
	else
		say(w, "its version is not 3");
}

static void
explain_serial(struct walk *w, const struct pair *p)
{
	say(w, "the serial number has %zu octets, must have %zu (edgehsm "
	       "profile render prints it)",
	    contents(p->is).len, contents(p->must).len);
}

/* The names of algorithms are known by their OIDs only. */
static void
explain_algorithm(struct walk *w, const struct pair *p)
{
	char is[EH_OID_TEXT], must[EH_OID_TEXT];
	struct eh_slice oid[2];
	struct eh_der d;

	for (unsigned i = 0; i < 2; i++) {
		const struct eh_slice *s = i == 0 ? &p->is : &p->must;

		eh_der_init(&d, s->at, s->len);
		eh_der_enter(&d, EH_DER_SEQUENCE);
		oid[i].at = eh_der_oid(&d, &oid[i].len);
	}
	say(w, "the signature algorithm is %s, must be %s",
	    name(eh_words_signature, oid[0], is),
	    name(eh_words_signature, oid[1], must));
}

static void
explain_attribute(struct walk *w, const char *whose,
    const struct eh_attribute *is, const struct eh_attribute *must)
{
	char a[EH_OID_TEXT], b[EH_OID_TEXT];
	const char *attribute = name(eh_words_attribute, must->oid, a);

	if (!eh_slice_equal(is->oid, must->oid))
		say(w, "%s has %s where %s must be", whose,
		    name(eh_words_attribute, is->oid, b), attribute);
	else if (!eh_slice_equal(is->value, must->value))
		say(w, "%s %s is \"%.*s\", must be \"%.*s\"", whose, attribute,
		    (int)(is->value.len < 64 ? is->value.len : 64),
		    (const char *)is->value.at, (int)must->value.len,
		    (const char *)must->value.at);
	else
		say(w, "%s %s is a string of type %u, must be %u", whose,
		    attribute, is->tag, must->tag);
}

static int
same_attribute(const struct walk *w, const struct eh_attribute *is,
    const struct eh_attribute *must)
{
	struct pair p = { .must = must->value, .is = is->value };

	return eh_slice_equal(is->oid, must->oid) && is->tag == must->tag &&
	    agree(w, &p);
}

/* A field's octets are no text; its length is what can be wrong. */
static int
explain_field(struct walk *w, const char *whose,
    const struct eh_attribute *is, const struct eh_attribute *must)
{
	char text[EH_OID_TEXT];

	if (!in_field(w, must->value.at) ||
	    !eh_slice_equal(is->oid, must->oid) || is->tag != must->tag)
		return 0;
	say(w, "%s %s has %zu octets, must have %zu", whose,
	    name(eh_words_attribute, must->oid, text), is->value.len,
	    must->value.len);
	return 1;
}

static void
explain_name(struct walk *w, const struct pair *p, const char *whose)
{
	struct eh_slice is = eh_dn_begin(p->is), must = eh_dn_begin(p->must);
	struct eh_attribute a, b;
	char text[EH_OID_TEXT];
	int more, less;

	if (eh_dn_check(p->is) != EH_OK) {
		say(w, "%s is no Name", whose);
		return;
	}
	do {
		more = eh_dn_next(&is, &a);
		less = eh_dn_next(&must, &b);
	} while (more && less && same_attribute(w, &a, &b));
	if (more && less) {
		if (!explain_field(w, whose, &a, &b))
			explain_attribute(w, whose, &a, &b);
	} else if (more) {
		say(w, "%s has %s, and must not", whose,
		    name(eh_words_attribute, a.oid, text));
	} else if (less) {
		say(w, "%s lacks %s", whose,
		    name(eh_words_attribute, b.oid, text));
	} else {
		say(w, "%s puts its attributes into other sets", whose);
	}
}

static void
explain_issuer(struct walk *w, const struct pair *p)
{
	explain_name(w, p, "issuer");
}

static void
explain_subject(struct walk *w, const struct pair *p)
{
	explain_name(w, p, "subject");
}

static void
explain_validity(struct walk *w, const struct pair *p)
{
	static const char *const names[] = { "notBefore", "notAfter" };
	struct eh_der is, must;
	struct pair time;

	eh_der_init(&is, p->is.at, p->is.len);
	eh_der_init(&must, p->must.at, p->must.len);
	eh_der_enter(&is, EH_DER_SEQUENCE);
	eh_der_enter(&must, EH_DER_SEQUENCE);
	for (unsigned i = 0; i < 2; i++) {
		time.is = next(&is);
		time.must = next(&must);
		if (agree(w, &time))
			continue;
		time.is = contents(time.is);
		time.must = contents(time.must);
		if (time.must.len > 0 && !in_field(w, time.must.at))
			say(w, "%s is %.*s, must be %.*s", names[i],
			    (int)(time.is.len < 20 ? time.is.len : 20),
			    (const char *)time.is.at, (int)time.must.len,
			    (const char *)time.must.at);
		else
			say(w, "%s is %.*s, must have %zu octets", names[i],
			    (int)(time.is.len < 20 ? time.is.len : 20),
			    (const char *)time.is.at, time.must.len);
		return;
	}
}

static void
explain_key(struct walk *w, const struct pair *p)
{
	(void)p;
	say(w, "the public key is of another kind or curve");
}

/* One extension, opened. */
struct extension {
	struct eh_slice oid, value;
	int critical, there;
};

static struct extension
open_extension(struct eh_slice element)
{
	struct extension x = { .there = element.len > 0 };
	struct eh_der d;

	eh_der_init(&d, element.at, element.len);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	x.oid.at = eh_der_oid(&d, &x.oid.len);
	if (eh_der_peek(&d) == EH_DER_BOOLEAN)
		x.critical = eh_der_bool(&d);
	x.value.at = eh_der_get(&d, EH_DER_OCTET_STRING, &x.value.len);
	return x;
}

/* Is there an extension with this OID? */
static int
has_extension(struct eh_slice all, struct eh_slice oid)
{
	struct eh_der d;

	eh_der_init(&d, all.at, all.len);
	eh_der_enter(&d, EXTENSIONS_TAG);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	while (eh_der_peek(&d) >= 0)
		if (eh_slice_equal(open_extension(next(&d)).oid, oid))
			return 1;
	return 0;
}

static void
explain_extension(struct walk *w, const struct extension *is,
    const struct extension *must)
{
	char text[EH_OID_TEXT], a[VALUE_TEXT], b[VALUE_TEXT];
	const char *which = name(eh_words_extension, must->oid, text);

	if (is->critical != must->critical)
		say(w, "extension %s is %scritical, must%s be", which,
		    is->critical ? "" : "not ", is->critical ? " not" : "");
	else
		say(w, "extension %s is %s, must be %s", which,
		    hex(is->value, a), hex_of_template(w, must->value, b));
}

static void
explain_extensions(struct walk *w, const struct pair *p)
{
	char a[EH_OID_TEXT], b[EH_OID_TEXT];
	struct extension x, y;
	struct eh_der is, must;
	struct pair one;

	eh_der_init(&is, p->is.at, p->is.len);
	eh_der_init(&must, p->must.at, p->must.len);
	eh_der_enter(&is, EXTENSIONS_TAG);
	eh_der_enter(&must, EXTENSIONS_TAG);
	eh_der_enter(&is, EH_DER_SEQUENCE);
	eh_der_enter(&must, EH_DER_SEQUENCE);
	do {
		one.is = next(&is);
		one.must = next(&must);
		if (one.must.len > 0)
			w->agreed = (size_t)(one.must.at - w->t->tbs);
	} while (one.is.len > 0 && agree(w, &one));
	x = open_extension(one.is);
	y = open_extension(one.must);
	if (x.there && y.there && eh_slice_equal(x.oid, y.oid))
		explain_extension(w, &x, &y);
	else if (x.there && !has_extension(p->must, x.oid))
		say(w, "extension %s is there, and must not be",
		    name(eh_words_extension, x.oid, a));
	else if (y.there && !has_extension(p->is, y.oid))
		say(w, "extension %s is missing",
		    name(eh_words_extension, y.oid, a));
	else if (x.there && y.there)
		say(w, "extension %s comes where %s must be",
		    name(eh_words_extension, x.oid, a),
		    name(eh_words_extension, y.oid, b));
}

/* The parts of a template in their order: it is always of version 3. */
static void (*const explain[])(struct walk *, const struct pair *) = {
	explain_version, explain_serial, explain_algorithm, explain_issuer,
	explain_validity, explain_subject, explain_key, explain_extensions
};

size_t
eh_explain_mismatch(const struct eh_template *t, const uint8_t *tbs,
    size_t len, char text[EH_EXPLAIN_TEXT])
{
	struct walk w = { t, text, 0 };
	struct eh_der is, must;
	struct pair p;

	text[0] = '\0';
	eh_der_init(&is, tbs, len);
	eh_der_init(&must, t->tbs, t->tbslen);
	eh_der_enter(&is, EH_DER_SEQUENCE);
	eh_der_enter(&must, EH_DER_SEQUENCE);
	if (is.in.err != EH_OK) {
		say(&w, "it is no TBSCertificate");
		return 0;
	}
	for (unsigned i = 0; i < sizeof(explain) / sizeof(explain[0]); i++) {
		p.must = next(&must);
		p.is = next(&is);
		if (p.must.len == 0)
			return w.agreed;
		w.agreed = (size_t)(p.must.at - t->tbs);
		if (agree(&w, &p))
			continue;
		if (p.is.len > 0 && (i == 0 || tag_of(p.is) == tag_of(p.must)))
			explain[i](&w, &p);
		return w.agreed;
	}
	return w.agreed;
}
