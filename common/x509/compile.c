/* SPDX-License-Identifier: Apache-2.0 */
/* compile.c - from a profile source to the compiled profile. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/der/der.h"
#include "common/x509/cert.h"
#include "common/x509/compile.h"
#include "common/x509/lint.h"

/* Return 1 when the certificate says that it is a CA's. */
static int
is_ca(const struct eh_cert *c)
{
	struct eh_extension x;
	struct eh_der d;
	int ca;

	if (eh_cert_extension(c, "2.5.29.19", &x) != 1)
		return 0;
	eh_der_init(&d, x.value.at, x.value.len);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	ca = eh_der_bool(&d);
	return d.in.err == EH_OK && ca;
}

int
eh_issuer_decode(struct eh_issuer *i, const uint8_t *der, size_t len,
    struct eh_error *e)
{
	struct eh_slice key_id;
	struct eh_cert c;

	memset(i, 0, sizeof(*i));
	if (eh_cert_decode(&c, der, len) != EH_OK)
		return eh_error_set(e, EH_ERR_FORMAT,
		    "the issuer's certificate is not a DER certificate");
	if (!is_ca(&c))
		return eh_error_set(e, EH_ERR_FORMAT,
		    "the issuer's certificate is not that of a CA");
	if (c.spki.alg == EH_CERT_ALG_OTHER)
		return eh_error_set(e, EH_ERR_FORMAT,
		    "the issuer's key is neither P-256, P-384 nor RSA");
	key_id = eh_cert_subject_key_id(&c);
	if (c.subject.len > sizeof(i->subject) ||
	    key_id.len > sizeof(i->key_id))
		return eh_error_set(e, EH_ERR_FORMAT, "the issuer's name has "
		    "%zu octets and its key id %zu, at most %d and %d are "
		    "allowed", c.subject.len, key_id.len, EH_ISSUER_NAME,
		    EH_ISSUER_KEY_ID);
	memcpy(i->subject, c.subject.at, c.subject.len);
	i->subjectlen = c.subject.len;
	eh_sha256(c.spki.der.at, c.spki.der.len, i->spki);
	if (key_id.len > 0) {
		memcpy(i->key_id, key_id.at, key_id.len);
		i->key_idlen = key_id.len;
	} else {
		eh_sha1(c.spki.key.at, c.spki.key.len, i->key_id);
		i->key_idlen = EH_SHA1_LEN;
	}
	return EH_OK;
}

/* A profile being compiled, and the memory of its templates. */
struct work {
	struct eh_profile profile;
	uint8_t tbs[EH_PROFILE_TEMPLATES][EH_TBS_MAX];
};

/* Both ends of a range, or none; they must fit the pattern and be in order. */
static int
range(const char *what, const struct eh_pattern *p, const char *lo,
    const char *hi, struct eh_error *e)
{
	const size_t len = eh_pattern_length(p);

	if (lo == NULL && hi == NULL)
		return EH_OK;
	if (lo == NULL || hi == NULL)
		return eh_error_set(
		    e, EH_ERR_CONFIG, "%s: a range has two ends", what);
	if (eh_pattern_check(p, (const uint8_t *)lo, strlen(lo), NULL) !=
		EH_OK ||
	    eh_pattern_check(p, (const uint8_t *)hi, strlen(hi), NULL) !=
		EH_OK)
		return eh_error_set(e, EH_ERR_CONFIG,
		    "%s: the range does not fit the pattern", what);
	if (memcmp(lo, hi, len) > 0)
		return eh_error_set(e, EH_ERR_CONFIG,
		    "%s: the range ends before it begins", what);
	return EH_OK;
}

static int
identity(const struct eh_profile_source *s, struct eh_profile *p,
    struct eh_error *e)
{
	struct eh_error sub;
	size_t len;
	int err;

	if (s->identity.kind == NULL || !eh_name_check(s->identity.kind))
		return eh_error_set(
		    e, EH_ERR_CONFIG, "identity: the kind is no name");
	strcpy(p->identity.kind, s->identity.kind);	/* a name fits */
	if (s->identity.pattern == NULL)
		return eh_error_set(
		    e, EH_ERR_CONFIG, "identity: there is no pattern");
	err = eh_pattern_parse(
	    &p->identity.pattern, s->identity.pattern, &sub);
	if (err != EH_OK)
		return eh_error_set(e, err, "identity: %s", sub.text);
	len = eh_pattern_length(&p->identity.pattern);
	if (len > EH_DEVICE_ID_MAX)
		return eh_error_set(e, EH_ERR_CONFIG, "identity: %zu octets, "
		    "at most %d are allowed", len, EH_DEVICE_ID_MAX);
	p->identity.length = (uint8_t)len;
	err = range("identity", &p->identity.pattern, s->identity.lo,
	    s->identity.hi, e);
	p->identity.lo = (const uint8_t *)s->identity.lo;
	p->identity.hi = (const uint8_t *)s->identity.hi;
	return err;
}

/* Inputs by themselves; which of them a template uses is seen later. */
static int
inputs(const struct eh_profile_source *s, struct eh_error *e)
{
	for (unsigned i = 0; i < s->inputs; i++) {
		const struct eh_source_input *n = &s->input[i];
		struct eh_pattern pattern;
		struct eh_error sub;

		if (n->id == NULL || !eh_name_check(n->id))
			return eh_error_set(e, EH_ERR_CONFIG,
			    "input %u: its id is no name", i);
		for (unsigned k = 0; k < i; k++)
			if (strcmp(s->input[k].id, n->id) == 0)
				return eh_error_set(e, EH_ERR_CONFIG,
				    "two inputs are called %s", n->id);
		if (n->pattern == NULL)
			return eh_error_set(e, EH_ERR_CONFIG, "input %s has no "
			    "pattern, so no single length", n->id);
		if (eh_pattern_parse(&pattern, n->pattern, &sub) != EH_OK)
			return eh_error_set(e, EH_ERR_CONFIG, "input %s: %s",
			    n->id, sub.text);
		if (eh_pattern_length(&pattern) > EH_TEMPLATE_INPUT)
			return eh_error_set(e, EH_ERR_CONFIG, "input %s: %zu "
			    "octets, at most %d are allowed", n->id,
			    eh_pattern_length(&pattern), EH_TEMPLATE_INPUT);
		if (range(n->id, &pattern, n->lo, n->hi, e) != EH_OK)
			return EH_ERR_CONFIG;
	}
	return EH_OK;
}

static int
keys(const struct eh_profile_source *s, struct eh_error *e)
{
	for (unsigned i = 0; i < s->keys; i++) {
		if (s->key[i].id == NULL || !eh_name_check(s->key[i].id))
			return eh_error_set(e, EH_ERR_CONFIG,
			    "key %u: its id is no name", i);
		for (unsigned k = 0; k < i; k++)
			if (strcmp(s->key[k].id, s->key[i].id) == 0)
				return eh_error_set(e, EH_ERR_CONFIG,
				    "two keys are called %s", s->key[i].id);
	}
	return EH_OK;
}

static int
secret(const struct eh_source_secret *s, const uint8_t root[EH_DIGEST_LEN],
    struct eh_secret *out, struct eh_error *e)
{
	if (s->id == NULL || !eh_name_check(s->id))
		return eh_error_set(
		    e, EH_ERR_CONFIG, "a derived secret's id is no name");
	strcpy(out->label, s->id);		/* a name fits */
	memcpy(out->root, root, sizeof(out->root));
	out->kdf = s->kdf;
	out->size = s->size;
	out->wrap = s->wrap;
	out->contexts = s->contexts;
	for (unsigned i = 0; i < s->contexts; i++) {
		struct eh_secret_context *x = &out->context[i];

		switch (s->context[i].kind) {
		case EH_PIECE_TEXT:
			x->kind = EH_CONTEXT_CONSTANT;
			x->constant = (const uint8_t *)s->context[i].text;
			x->len = strlen(s->context[i].text);
			break;
		case EH_PIECE_DEVICE_ID:
			x->kind = EH_CONTEXT_DEVICE_ID;
			break;
		case EH_PIECE_CHIP_ID:
			x->kind = EH_CONTEXT_CHIP_ID;
			break;
		default:
			return eh_error_set(e, EH_ERR_CONFIG, "secret %s: a "
			    "context holds texts, device-id and chip-id only",
			    s->id);
		}
	}
	return EH_OK;
}

/* What stands at the top, and in no list. */
static int
head(const struct eh_profile_source *s, struct eh_profile *p,
    struct eh_error *e)
{
	int err;

	if (s->name == NULL || !eh_name_check(s->name))
		return eh_error_set(
		    e, EH_ERR_CONFIG, "metadata: the name is no name");
	strcpy(p->name, s->name);		/* a name fits */
	p->version = s->version;
	p->evidence = s->evidence;
	p->roots = s->roots;
	memcpy(p->root, s->root, sizeof(p->root));
	p->adac_given = s->debug.given && s->debug.trust_anchor_given;
	if (p->adac_given)
		memcpy(p->adac_root, s->debug.trust_anchor,
		    sizeof(p->adac_root));
	if ((err = eh_source_digest(s, p->source)) != EH_OK ||
	    (err = eh_source_plan_digest(s, p->plan)) != EH_OK)
		return eh_error_set(e, err, "%s", err == EH_ERR_CONFIG ?
		    "the profile has an unknown word or a malformed OID" :
		    eh_err_text(err));
	return EH_OK;
}

/* Keeps the first error that the linter reports. */
struct first {
	struct eh_error *error;
	int err;
};

static void
report(void *arg, const char *what, const struct eh_lint_rule *broken)
{
	struct first *first = arg;

	if (first->err == EH_OK && broken->severity == EH_LINT_ERROR)
		first->err = eh_error_set(first->error, EH_ERR_CONFIG,
		    "certificate %s: %s (%s; %s)", what, broken->text,
		    broken->id, broken->source);
}

static int
lint(const struct eh_profile *p, struct eh_error *e)
{
	struct first first = { e, EH_OK };
	struct eh_lint sink = { report, &first, 0, 0 };
	int err;

	err = eh_lint_profile(&sink, p, e);
	if (err == EH_ERR_ARGUMENT)
		err = EH_ERR_CONFIG;
	return err != EH_OK ? err : first.err;
}

static int
compile(const struct eh_profile_source *s, const struct eh_issuer *issuer,
    const uint8_t (*secret_root)[EH_DIGEST_LEN], struct work *k,
    struct eh_error *e)
{
	struct eh_profile *p = &k->profile;
	int err;

	err = keys(s, e);
	if (err == EH_OK)
		err = inputs(s, e);
	if (err == EH_OK)
		err = identity(s, p, e);
	for (unsigned i = 0; err == EH_OK && i < s->certificates; i++)
		err = eh_compile_template(
		    s, i, &issuer[i], k->tbs[i], &p->template[i], e);
	p->templates = s->certificates;
	for (unsigned i = 0; err == EH_OK && i < s->secrets; i++)
		err = secret(&s->secret[i], secret_root[i], &p->secret[i], e);
	p->secrets = s->secrets;
	if (err == EH_OK)
		err = head(s, p, e);
	if (err == EH_OK && eh_profile_check(p, e) != EH_OK) {
		err = EH_ERR_CONFIG;
		if (e != NULL)
			e->code = err;
	}
	return err == EH_OK ? lint(p, e) : err;
}

int
eh_compile_profile(const struct eh_profile_source *s,
    const struct eh_issuer *issuer,
    const uint8_t (*secret_root)[EH_DIGEST_LEN], uint8_t *out, size_t cap,
    size_t *lenp, struct eh_error *e)
{
	struct work *k;
	int err;

	*lenp = 0;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return eh_error_set(e, EH_ERR_MEMORY, "out of memory");
	err = compile(s, issuer, secret_root, k, e);
	if (err == EH_OK)
		err = eh_profile_encode(&k->profile, out, cap, lenp, e);
	free(k);
	return err;
}
