/* SPDX-License-Identifier: Apache-2.0 */
/* profile.c - the compiled profile, *.ehprofile: decode and encode. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "common/crypto/digest.h"
#include "common/x509/profile.h"
#include "common/x509/words.h"

/* Labels of profile.md section 2, in deterministic order. */
enum { P_FORMAT, P_NAME, P_VERSION, P_IDENTITY, P_TEMPLATES, P_SECRETS,
	P_EVIDENCE, P_ROOTS, P_PLAN, P_SOURCE, P_ADAC };
enum { I_KIND, I_LENGTH, I_PATTERN, I_RANGE };
enum { T_ID, T_ISSUER, T_SIG_ALG, T_TBS, T_FIELDS, T_STANDARD, T_DAYS, T_KEY };
enum { F_ID, F_OFFSET, F_LENGTH, F_SOURCE, F_PATTERN, F_RANGE };
enum { S_LABEL, S_KDF, S_ROOT, S_SIZE, S_CONTEXT, S_WRAP };

#define FORMAT_VERSION 1
#define CBOR_BYTES     2	/* major type */

/* A pattern in a field is the seventh level: one more than messages have. */
#define DEPTH 7

/* 16 templates of 32 fields of 8 runs, and what stands around them. */
#define MAX_ITEMS 32768

static void
get_name(struct eh_cbor *c, int64_t label, char out[EH_NAME_MAX + 1])
{
	eh_cbor_key(c, label);
	eh_cbor_text_copy(c, 1, out, EH_NAME_MAX + 1);
}

static void
get_pattern(struct eh_cbor *c, struct eh_pattern *p)
{
	p->runs = (unsigned)eh_cbor_array(c, 1, EH_PATTERN_RUNS);
	for (unsigned i = 0; i < p->runs; i++) {
		struct eh_run *run = &p->run[i];
		size_t len;

		if (eh_cbor_peek(c) == CBOR_BYTES) {
			run->constant =
			    eh_cbor_bytes(c, 1, EH_PATTERN_CONSTANT, &len);
			run->count = (uint8_t)len;
			continue;
		}
		eh_cbor_array(c, 2, 2);
		run->charset = (uint8_t)eh_cbor_uint(c, 1, EH_CHARSET_MAX);
		run->count = (uint8_t)eh_cbor_uint(c, 1, EH_PATTERN_COUNT);
		eh_cbor_leave(c);
	}
	eh_cbor_leave(c);
}

/* Both ends of a range; they must be of the same length. */
static size_t
get_range(
    struct eh_cbor *c, size_t max, const uint8_t **lo, const uint8_t **hi)
{
	size_t len, hilen;

	eh_cbor_array(c, 2, 2);
	*lo = eh_cbor_bytes(c, 1, max, &len);
	*hi = eh_cbor_bytes(c, 1, max, &hilen);
	if (len != hilen)
		eh_cbor_fail(c, EH_ERR_FORMAT);
	eh_cbor_leave(c);
	return len;
}

static void
get_identity(struct eh_cbor *c, struct eh_profile *p)
{
	eh_cbor_map(c, 3, 4);
	get_name(c, I_KIND, p->identity.kind);
	eh_cbor_key(c, I_LENGTH);
	p->identity.length = (uint8_t)eh_cbor_uint(c, 1, EH_DEVICE_ID_MAX);
	eh_cbor_key(c, I_PATTERN);
	get_pattern(c, &p->identity.pattern);
	if (eh_cbor_if_key(c, I_RANGE) &&
	    get_range(c, EH_DEVICE_ID_MAX, &p->identity.lo, &p->identity.hi) !=
		p->identity.length)
		eh_cbor_fail(c, EH_ERR_FORMAT);
	eh_cbor_leave(c);
}

static void
get_field(struct eh_cbor *c, struct eh_field *f)
{
	eh_cbor_map(c, 4, 6);
	eh_cbor_key(c, F_ID);
	f->id = (uint8_t)eh_cbor_uint(c, 0, UINT8_MAX);
	eh_cbor_key(c, F_OFFSET);
	f->offset = (uint16_t)eh_cbor_uint(c, 0, EH_TBS_MAX - 1);
	eh_cbor_key(c, F_LENGTH);
	f->length = (uint16_t)eh_cbor_uint(c, 1, EH_FIELD_MAX);
	eh_cbor_key(c, F_SOURCE);
	f->source = (uint8_t)eh_cbor_uint(
	    c, EH_FIELD_SERIAL, EH_FIELD_NOT_AFTER);
	if (eh_cbor_if_key(c, F_PATTERN))
		get_pattern(c, &f->pattern);
	if (eh_cbor_if_key(c, F_RANGE))
		f->rangelen = get_range(c, EH_TEMPLATE_INPUT, &f->lo, &f->hi);
	eh_cbor_leave(c);
}

static int32_t
get_sig_alg(struct eh_cbor *c)
{
	const int64_t alg = eh_cbor_int(c, EH_SIG_RSA_PKCS1_SHA256, -1);

	switch (alg) {
	case EH_SIG_ECDSA_P256_SHA256:
	case EH_SIG_ECDSA_P384_SHA384:
	case EH_SIG_RSA_PKCS1_SHA256:
	case EH_SIG_RSA_PSS_SHA256:
		return (int32_t)alg;
	default:
		eh_cbor_fail(c, EH_ERR_FORMAT);
		return 0;
	}
}

static void
get_template(struct eh_cbor *c, struct eh_template *t)
{
	eh_cbor_map(c, 6, 8);
	get_name(c, T_ID, t->id);
	eh_cbor_key(c, T_ISSUER);
	eh_cbor_fixed(c, t->issuer, sizeof(t->issuer));
	eh_cbor_key(c, T_SIG_ALG);
	t->sig_alg = get_sig_alg(c);
	eh_cbor_key(c, T_TBS);
	t->tbs = eh_cbor_bytes(c, EH_TBS_MIN, EH_TBS_MAX, &t->tbslen);
	eh_cbor_key(c, T_FIELDS);
	t->fields = (unsigned)eh_cbor_array(c, 1, EH_TEMPLATE_FIELDS);
	for (unsigned i = 0; i < t->fields; i++)
		get_field(c, &t->field[i]);
	eh_cbor_leave(c);
	eh_cbor_key(c, T_STANDARD);
	t->standard = (uint8_t)eh_cbor_uint(
	    c, EH_STANDARD_NONE, EH_STANDARD_WISUN_FAN);
	if (eh_cbor_if_key(c, T_DAYS))
		t->days = (uint32_t)eh_cbor_uint(c, 1, EH_PROFILE_DAYS);
	if (eh_cbor_if_key(c, T_KEY)) {
		t->key_given = 1;
		t->key = (uint8_t)eh_cbor_uint(c, 0, UINT8_MAX);
	}
	eh_cbor_leave(c);
}

static void
get_secret(struct eh_cbor *c, struct eh_secret *s)
{
	eh_cbor_map(c, 6, 6);
	get_name(c, S_LABEL, s->label);
	eh_cbor_key(c, S_KDF);
	s->kdf = (uint8_t)eh_cbor_uint(
	    c, EH_KDF_HKDF_SHA256, EH_KDF_SP800_108_CTR);
	eh_cbor_key(c, S_ROOT);
	eh_cbor_fixed(c, s->root, sizeof(s->root));
	eh_cbor_key(c, S_SIZE);
	s->size = (uint8_t)eh_cbor_uint(c, EH_SECRET_MIN, EH_SECRET_MAX);
	eh_cbor_key(c, S_CONTEXT);
	s->contexts = (unsigned)eh_cbor_array(c, 1, EH_SECRET_CONTEXT);
	for (unsigned i = 0; i < s->contexts; i++) {
		struct eh_secret_context *x = &s->context[i];

		x->kind = EH_CONTEXT_CONSTANT;
		if (eh_cbor_peek(c) == CBOR_BYTES)
			x->constant = eh_cbor_bytes(
			    c, 1, EH_SECRET_CONSTANT, &x->len);
		else
			x->kind = (uint8_t)eh_cbor_uint(
			    c, EH_CONTEXT_DEVICE_ID, EH_CONTEXT_CHIP_ID);
	}
	eh_cbor_leave(c);
	eh_cbor_key(c, S_WRAP);
	s->wrap = (uint8_t)eh_cbor_uint(
	    c, EH_WRAP_HPKE, EH_WRAP_TPM2_DUPLICATE);
	eh_cbor_leave(c);
}

static void
get_profile(struct eh_cbor *c, struct eh_profile *p)
{
	eh_cbor_map(c, 9, 11);
	eh_cbor_key(c, P_FORMAT);
	eh_cbor_uint(c, FORMAT_VERSION, FORMAT_VERSION);
	get_name(c, P_NAME, p->name);
	eh_cbor_key(c, P_VERSION);
	p->version = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	eh_cbor_key(c, P_IDENTITY);
	get_identity(c, p);
	eh_cbor_key(c, P_TEMPLATES);
	p->templates = (unsigned)eh_cbor_array(c, 1, EH_PROFILE_TEMPLATES);
	for (unsigned i = 0; i < p->templates; i++)
		get_template(c, &p->template[i]);
	eh_cbor_leave(c);
	eh_cbor_key(c, P_SECRETS);
	p->secrets = (unsigned)eh_cbor_array(c, 0, EH_PROFILE_SECRETS);
	for (unsigned i = 0; i < p->secrets; i++)
		get_secret(c, &p->secret[i]);
	eh_cbor_leave(c);
	eh_cbor_key(c, P_EVIDENCE);
	p->evidence = (uint8_t)eh_cbor_uint(
	    c, EH_EVIDENCE_NONE, EH_EVIDENCE_ATTESTED);
	if (eh_cbor_if_key(c, P_ROOTS)) {
		p->roots = (unsigned)eh_cbor_array(c, 1, EH_PROFILE_ROOTS);
		for (unsigned i = 0; i < p->roots; i++)
			eh_cbor_fixed(c, p->root[i], sizeof(p->root[i]));
		eh_cbor_leave(c);
	}
	eh_cbor_key(c, P_PLAN);
	eh_cbor_fixed(c, p->plan, sizeof(p->plan));
	eh_cbor_key(c, P_SOURCE);
	eh_cbor_fixed(c, p->source, sizeof(p->source));
	if (eh_cbor_if_key(c, P_ADAC)) {
		p->adac_given = 1;
		eh_cbor_fixed(c, p->adac_root, sizeof(p->adac_root));
	}
	eh_cbor_leave(c);
}

int
eh_profile_decode(struct eh_profile *p, const void *bytes, size_t len,
    struct eh_error *e)
{
	struct eh_cbor c;
	int err;

	memset(p, 0, sizeof(*p));
	if (len > EH_PROFILE_MAX)
		return eh_error_set(e, EH_ERR_FORMAT,
		    "compiled profile: %zu octets, at most %d are allowed",
		    len, EH_PROFILE_MAX);
	eh_cbor_init(&c, bytes, len, MAX_ITEMS);
	eh_cbor_set_depth(&c, DEPTH);
	get_profile(&c, p);
	err = eh_cbor_end(&c);
	if (err != EH_OK)
		eh_error_set(e, err, "compiled profile: %s at octet %zu of %zu",
		    err == EH_ERR_TRAILING ? "more data" : "malformed",
		    len - c.in.left, len);
	else
		err = eh_profile_check(p, e);
	if (err != EH_OK)
		memset(p, 0, sizeof(*p));
	return err;
}

/* --- encode ------------------------------------------------------------ */

static void
put_name(struct eh_writer *w, uint64_t label, const char *name)
{
	eh_cbor_put_uint(w, label);
	eh_cbor_put_text(w, name);
}

static void
put_number(struct eh_writer *w, uint64_t label, uint64_t number)
{
	eh_cbor_put_uint(w, label);
	eh_cbor_put_uint(w, number);
}

static void
put_digest(
    struct eh_writer *w, uint64_t label, const uint8_t digest[EH_DIGEST_LEN])
{
	eh_cbor_put_uint(w, label);
	eh_cbor_put_bytes(w, digest, EH_DIGEST_LEN);
}

static void
put_pattern(
    struct eh_writer *w, uint64_t label, const struct eh_pattern *p)
{
	eh_cbor_put_uint(w, label);
	eh_cbor_put_array(w, p->runs);
	for (unsigned i = 0; i < p->runs; i++) {
		const struct eh_run *run = &p->run[i];

		if (run->constant != NULL) {
			eh_cbor_put_bytes(w, run->constant, run->count);
			continue;
		}
		eh_cbor_put_array(w, 2);
		eh_cbor_put_uint(w, run->charset);
		eh_cbor_put_uint(w, run->count);
	}
}

static void
put_range(struct eh_writer *w, uint64_t label, const uint8_t *lo,
    const uint8_t *hi, size_t len)
{
	eh_cbor_put_uint(w, label);
	eh_cbor_put_array(w, 2);
	eh_cbor_put_bytes(w, lo, len);
	eh_cbor_put_bytes(w, hi, len);
}

static void
put_identity(struct eh_writer *w, const struct eh_profile *p)
{
	eh_cbor_put_map(w, p->identity.lo != NULL ? 4 : 3);
	put_name(w, I_KIND, p->identity.kind);
	put_number(w, I_LENGTH, p->identity.length);
	put_pattern(w, I_PATTERN, &p->identity.pattern);
	if (p->identity.lo != NULL)
		put_range(w, I_RANGE, p->identity.lo, p->identity.hi,
		    p->identity.length);
}

static void
put_field(struct eh_writer *w, const struct eh_field *f)
{
	eh_cbor_put_map(w, 4u + (f->pattern.runs > 0) + (f->rangelen > 0));
	put_number(w, F_ID, f->id);
	put_number(w, F_OFFSET, f->offset);
	put_number(w, F_LENGTH, f->length);
	put_number(w, F_SOURCE, f->source);
	if (f->pattern.runs > 0)
		put_pattern(w, F_PATTERN, &f->pattern);
	if (f->rangelen > 0)
		put_range(w, F_RANGE, f->lo, f->hi, f->rangelen);
}

static void
put_template(struct eh_writer *w, const struct eh_template *t)
{
	eh_cbor_put_map(w, 6u + (t->days > 0) + (t->key_given != 0));
	put_name(w, T_ID, t->id);
	put_digest(w, T_ISSUER, t->issuer);
	eh_cbor_put_uint(w, T_SIG_ALG);
	eh_cbor_put_int(w, t->sig_alg);
	eh_cbor_put_uint(w, T_TBS);
	eh_cbor_put_bytes(w, t->tbs, t->tbslen);
	eh_cbor_put_uint(w, T_FIELDS);
	eh_cbor_put_array(w, t->fields);
	for (unsigned i = 0; i < t->fields; i++)
		put_field(w, &t->field[i]);
	put_number(w, T_STANDARD, t->standard);
	if (t->days > 0)
		put_number(w, T_DAYS, t->days);
	if (t->key_given)
		put_number(w, T_KEY, t->key);
}

static void
put_secret(struct eh_writer *w, const struct eh_secret *s)
{
	eh_cbor_put_map(w, 6);
	put_name(w, S_LABEL, s->label);
	put_number(w, S_KDF, s->kdf);
	put_digest(w, S_ROOT, s->root);
	put_number(w, S_SIZE, s->size);
	eh_cbor_put_uint(w, S_CONTEXT);
	eh_cbor_put_array(w, s->contexts);
	for (unsigned i = 0; i < s->contexts; i++) {
		const struct eh_secret_context *x = &s->context[i];

		if (x->kind == EH_CONTEXT_CONSTANT)
			eh_cbor_put_bytes(w, x->constant, x->len);
		else
			eh_cbor_put_uint(w, x->kind);
	}
	put_number(w, S_WRAP, s->wrap);
}

static void
put_profile(struct eh_writer *w, const struct eh_profile *p)
{
	eh_cbor_put_map(w, 9u + (p->roots > 0) + (p->adac_given != 0));
	put_number(w, P_FORMAT, FORMAT_VERSION);
	put_name(w, P_NAME, p->name);
	put_number(w, P_VERSION, p->version);
	eh_cbor_put_uint(w, P_IDENTITY);
	put_identity(w, p);
	eh_cbor_put_uint(w, P_TEMPLATES);
	eh_cbor_put_array(w, p->templates);
	for (unsigned i = 0; i < p->templates; i++)
		put_template(w, &p->template[i]);
	eh_cbor_put_uint(w, P_SECRETS);
	eh_cbor_put_array(w, p->secrets);
	for (unsigned i = 0; i < p->secrets; i++)
		put_secret(w, &p->secret[i]);
	put_number(w, P_EVIDENCE, p->evidence);
	if (p->roots > 0) {
		eh_cbor_put_uint(w, P_ROOTS);
		eh_cbor_put_array(w, p->roots);
		for (unsigned i = 0; i < p->roots; i++)
			eh_cbor_put_bytes(w, p->root[i], sizeof(p->root[i]));
	}
	put_digest(w, P_PLAN, p->plan);
	put_digest(w, P_SOURCE, p->source);
	if (p->adac_given)
		put_digest(w, P_ADAC, p->adac_root);
}

int
eh_profile_encode(const struct eh_profile *p, void *out, size_t cap,
    size_t *lenp, struct eh_error *e)
{
	struct eh_writer w;
	int err;

	*lenp = 0;
	err = eh_profile_check(p, e);
	if (err != EH_OK)
		return err;
	eh_writer_init(&w, out, cap);
	put_profile(&w, p);
	err = eh_writer_end(&w, lenp);
	if (*lenp > EH_PROFILE_MAX)
		return eh_error_set(e, EH_ERR_FORMAT,
		    "compiled profile: %zu octets, at most %d are allowed",
		    *lenp, EH_PROFILE_MAX);
	if (err != EH_OK)
		eh_error_set(e, err, "compiled profile: %zu octets do not fit "
		    "into %zu", *lenp, cap);
	return err;
}

void
eh_profile_digest(const void *bytes, size_t len, uint8_t out[EH_DIGEST_LEN])
{
	eh_sha256(bytes, len, out);
}

/* --- questions --------------------------------------------------------- */

const struct eh_template *
eh_profile_template(
    const struct eh_profile *p, const char *id, unsigned *indexp)
{
	for (unsigned i = 0; i < p->templates; i++)
		if (strcmp(p->template[i].id, id) == 0) {
			if (indexp != NULL)
				*indexp = i;
			return &p->template[i];
		}
	return NULL;
}

int
eh_template_in_field(const struct eh_template *t, size_t at)
{
	for (unsigned i = 0; i < t->fields; i++)
		if (at >= t->field[i].offset &&
		    at - t->field[i].offset < t->field[i].length)
			return 1;
	return 0;
}

unsigned
eh_profile_key(const struct eh_profile *p, unsigned index)
{
	const struct eh_template *t = &p->template[index];

	return t->key_given ? t->key : index;
}

int
eh_profile_check_device(const struct eh_profile *p,
    const struct eh_device_id *device, struct eh_error *e)
{
	char text[EH_PATTERN_TEXT];
	size_t at;

	if (eh_pattern_check(&p->identity.pattern, device->bytes, device->len,
		&at) != EH_OK) {
		eh_pattern_format(&p->identity.pattern, text, sizeof(text));
		if (device->len != p->identity.length)
			return eh_error_set(e, EH_DENIED_SCOPE,
			    "device id has %u octets, profile %s wants %s",
			    device->len, p->name, text);
		return eh_error_set(e, EH_DENIED_SCOPE,
		    "device id: octet %zu does not fit %s of profile %s", at,
		    text, p->name);
	}
	if (p->identity.lo != NULL &&
	    eh_range_check(p->identity.lo, p->identity.hi, device->bytes,
		device->len) != EH_OK)
		return eh_error_set(e, EH_DENIED_SCOPE,
		    "device id %.*s is outside the range of profile %s: %.*s "
		    "to %.*s", device->len, (const char *)device->bytes,
		    p->name, p->identity.length, (const char *)p->identity.lo,
		    p->identity.length, (const char *)p->identity.hi);
	return EH_OK;
}

int
eh_profile_parse_device(const struct eh_profile *p, const char *text,
    struct eh_device_id *device, struct eh_error *e)
{
	const size_t len = strlen(text);
	int err;

	memset(device, 0, sizeof(*device));
	if (len == 0 || len > EH_DEVICE_ID_MAX)
		return eh_error_set(e, EH_DENIED_SCOPE,
		    "device id has %zu octets, profile %s wants %u", len,
		    p->name, p->identity.length);
	device->len = (uint8_t)len;
	memcpy(device->bytes, text, len);
	err = eh_profile_check_device(p, device, e);
	if (err != EH_OK)
		memset(device, 0, sizeof(*device));
	return err;
}

const char *
eh_field_source_name(unsigned source)
{
	const char *word = NULL;

	if (source == EH_FIELD_INPUT)
		return "input";
	if (source <= EH_FIELD_NOT_AFTER)
		word = eh_words_name(eh_words_field, (int)source);
	return word != NULL ? word : "unknown";
}

const char *
eh_standard_name(unsigned standard)
{
	const char *word = NULL;

	if (standard <= EH_STANDARD_WISUN_FAN)
		word = eh_words_name(eh_words_standard, (int)standard);
	return word != NULL ? word : "unknown";
}
