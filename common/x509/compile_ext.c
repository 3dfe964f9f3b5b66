/* SPDX-License-Identifier: Apache-2.0 */
/* compile_ext.c - the extensions of a template. */
#include "config.h"

#include <string.h>

#include "common/x509/compiler.h"

#define KEY_USAGES        9
#define BASIC_CONSTRAINTS "2.5.29.19"

static void
basic_constraints(struct eh_compiler *c, const struct eh_source_extension *x)
{
	if (x->ca || x->path_length_given)
		eh_compiler_fail(c, "basicConstraints: a device is no CA, so "
		    "ca: false and no pathLength");
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	eh_der_put_end(&c->w);
}

/* A named bit list: no zero bits at the end (X.690 11.2.2). */
static void
key_usage(struct eh_compiler *c, const struct eh_source_extension *x)
{
	uint8_t bits[3] = { 0 };
	unsigned last = 0;

	if (x->key_usage == 0 || x->key_usage >> KEY_USAGES != 0)
		eh_compiler_fail(c, "keyUsage: no bits, or unknown ones");
	for (unsigned bit = 0; bit < KEY_USAGES; bit++)
		if (x->key_usage >> bit & 1) {
			bits[1 + bit / 8] |= (uint8_t)(0x80 >> bit % 8);
			last = bit;
		}
	bits[0] = (uint8_t)(7 - last % 8);
	eh_der_put(&c->w, EH_DER_BIT_STRING, bits, 2 + last / 8);
}

static void
oids(struct eh_compiler *c, const struct eh_source_extension *x)
{
	const int policies = x->kind == EH_EXTENSION_POLICIES;
	const char *what = policies ? "certificatePolicies" :
				      "extendedKeyUsage";

	if (x->oids == 0)
		eh_compiler_fail(c, "%s: the list is empty", what);
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	for (unsigned i = 0; i < x->oids; i++) {
		if (policies)
			eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
		eh_compiler_oid(c, what, policies ? eh_words_policy :
		    eh_words_ext_key_usage, x->oid[i]);
		if (policies)
			eh_der_put_end(&c->w);
	}
	eh_der_put_end(&c->w);
}

static void
subject_key_id(struct eh_compiler *c, const struct eh_source_extension *x)
{
	(void)x;
	eh_der_put_begin(&c->w, EH_DER_OCTET_STRING);
	eh_compiler_hole(c, EH_FIELD_SUBJECT_KEY_ID, 20);
	eh_der_put_end(&c->w);
}

static void
authority_key_id(struct eh_compiler *c, const struct eh_source_extension *x)
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
hardware_module(struct eh_compiler *c, const struct eh_source_alt_name *n)
{
	static const struct eh_compiler_form form = { EH_DER_OCTET_STRING,
		EH_DER_OCTET_STRING, 1, EH_COMPILER_TEXT };

	eh_der_put_begin(&c->w, EH_DER_CONTEXT(0));
	eh_der_put_oid(&c->w, "1.3.6.1.5.5.7.8.4");
	eh_der_put_begin(&c->w, EH_DER_CONTEXT(0));
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	eh_compiler_oid(c, "hardwareModuleName", eh_words_none, n->type);
	eh_compiler_string(c, "hardwareModuleName", &form, &n->value);
	eh_der_put_end(&c->w);
	eh_der_put_end(&c->w);
	eh_der_put_end(&c->w);
}

static void
subject_alt_name(struct eh_compiler *c, const struct eh_source_extension *x)
{
	static const struct eh_compiler_form dns = { EH_DER_CONTEXT_OCTETS(2),
		EH_DER_IA5_STRING, 1, 253 };
	static const struct eh_compiler_form uri = { EH_DER_CONTEXT_OCTETS(6),
		EH_DER_IA5_STRING, 1, EH_COMPILER_TEXT };

	if (x->names == 0)
		eh_compiler_fail(c, "subjectAltName: the list is empty");
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	for (unsigned i = 0; i < x->names; i++)
		switch (x->name[i].kind) {
		case EH_ALT_NAME_HARDWARE_MODULE:
			hardware_module(c, &x->name[i]);
			break;
		case EH_ALT_NAME_DNS:
			eh_compiler_string(
			    c, "dNSName", &dns, &x->name[i].value);
			break;
		case EH_ALT_NAME_URI:
			eh_compiler_string(c, "uniformResourceIdentifier", &uri,
			    &x->name[i].value);
			break;
		default:
			eh_compiler_fail(
			    c, "subjectAltName: unknown kind of name");
			break;
		}
	eh_der_put_end(&c->w);
}

/* Somebody else's extension, ready-made: at least it must be one DER element,
 * and no other way to make a CA. */
static void
ready_made(struct eh_compiler *c, const struct eh_source_extension *x)
{
	struct eh_der d;
	size_t len;

	if (x->der_oid != NULL && strcmp(x->der_oid, BASIC_CONSTRAINTS) == 0)
		eh_compiler_fail(c, "extension " BASIC_CONSTRAINTS ": write it "
		    "as basicConstraints: a device is no CA");
	eh_der_init(&d, x->der, x->derlen);
	eh_der_any(&d, &len);
	if (x->derlen > EH_SOURCE_DER || eh_der_end(&d) != EH_OK)
		eh_compiler_fail(c, "extension %.64s: its value is not one "
		    "DER element of at most %d octets",
		    x->der_oid != NULL ? x->der_oid : "",
		    EH_SOURCE_DER);
	eh_der_put_raw(&c->w, x->der, x->derlen);
}

/* clang-format off */
static const struct {
	enum eh_extension_kind kind;
	void (*put)(struct eh_compiler *, const struct eh_source_extension *);
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
		return x->der_oid != NULL ?
		    eh_words_oid(eh_words_none, x->der_oid) : NULL;
	while (w->word != NULL && w->number != (int)x->kind)
		w++;
	return w->oid;
}

static void
extension(struct eh_compiler *c, const struct eh_source_extension *x)
{
	const char *dotted = extension_oid(x);
	size_t k = 0;

	while (k < sizeof(kinds) / sizeof(kinds[0]) && kinds[k].kind != x->kind)
		k++;
	if (dotted == NULL || k == sizeof(kinds) / sizeof(kinds[0])) {
		eh_compiler_fail(c, "unknown extension");
		return;
	}
	for (const struct eh_source_extension *o = c->t->extension; o < x; o++)
		if (extension_oid(o) != NULL &&
		    strcmp(extension_oid(o), dotted) == 0)
			eh_compiler_fail(
			    c, "extension %s stands there twice", dotted);
	eh_der_put_begin(&c->w, EH_DER_SEQUENCE);
	eh_der_put_oid(&c->w, dotted);
	if (x->critical)
		eh_der_put_bool(&c->w, 1);
	eh_der_put_begin(&c->w, EH_DER_OCTET_STRING);
	kinds[k].put(c, x);
	eh_der_put_end(&c->w);
	eh_der_put_end(&c->w);
}

void
eh_compiler_extensions(struct eh_compiler *c)
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
