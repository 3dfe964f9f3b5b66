/* SPDX-License-Identifier: Apache-2.0 */
/* view.c - the daemon's rows as Cryptoki objects: handles and attributes. */
#include "config.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "pkcs11-module/mech.h"
#include "pkcs11-module/view.h"

#define KIND_BITS 4
#define KIND_MASK 15u

CK_OBJECT_HANDLE
eh_view_handle(enum eh_kind kind, uint64_t number)
{
	return (CK_OBJECT_HANDLE)(number << KIND_BITS | kind);
}

enum eh_kind
eh_view_kind(CK_OBJECT_HANDLE handle)
{
	return (enum eh_kind)(handle & KIND_MASK);
}

uint64_t
eh_view_number(CK_OBJECT_HANDLE handle)
{
	return (uint64_t)handle >> KIND_BITS;
}

int
eh_view_is_private(enum eh_kind kind)
{
	return kind == EH_KIND_PRIVATE;
}

int
eh_view_fits(enum eh_kind kind, const struct eh_object *o)
{
	switch (kind) {
	case EH_KIND_PRIVATE:
	case EH_KIND_PUBLIC:
		return o->class == EH_CLASS_KEY;
	case EH_KIND_CERTIFICATE:
		return o->class == EH_CLASS_CERTIFICATE;
	case EH_KIND_DATA:
		return o->class == EH_CLASS_DATA;
	default:
		return 0;
	}
}

/* What is said of an attribute. */
enum answer { ABSENT = 0, PRESENT, SENSITIVE };

/* The value, and room for one that has to be made first. */
struct made {
	struct eh_value value;
	char text[192];
};

/* Where a value comes from. */
enum how {
	IS_NUMBER, /* the constant */
	IS_TRUTH,  /* the constant */
	IS_EMPTY,
	IS_TEXT, /* the constant, a text */
	IS_SECRET,
	NUMBER_AT, /* uint64_t at an offset in the view's row */
	TEXT_AT,   /* char[] */
	SPAN_AT,   /* struct eh_span; absent when empty */
	OCTETS_AT, /* uint8_t[size] */
	IS_MADE	   /* by the function */
};

struct attribute {
	CK_ATTRIBUTE_TYPE type;
	enum how how;
	CK_ULONG constant; /* or offset */
	size_t size;
	const char *text;
	enum answer (*make)(const struct eh_view *, struct made *);
};

static enum answer
unique_id(const struct eh_view *v, struct made *m)
{
	snprintf(m->text, sizeof(m->text), "%" PRIu64 "-%u", v->number,
	    (unsigned)v->kind);
	eh_value_text(&m->value, m->text);
	return PRESENT;
}

static enum answer
mechanisms(const struct eh_view *v, struct made *m)
{
	const CK_MECHANISM_TYPE *types;
	size_t n;

	types = eh_mech_of_purpose((CK_ULONG)v->object->purpose, &n);
	eh_value_bytes(&m->value, types, n * sizeof(*types));
	return PRESENT;
}

#define IMPORTED 3 /* EH_WIRE_ORIGIN */

static enum answer
local(const struct eh_view *v, struct made *m)
{
	eh_value_truth(&m->value, v->object->origin != IMPORTED);
	return PRESENT;
}

/* Never left, never could: not true of a key that came from outside, nor of one
 * that lies in a software token, whose file anybody with its PIN can copy. */
static enum answer
never_out(const struct eh_view *v, struct made *m)
{
	eh_value_truth(
	    &m->value, v->object->origin != IMPORTED && v->object->custody > 0);
	return PRESENT;
}

static enum answer
generated_by(const struct eh_view *v, struct made *m)
{
	eh_value_number(&m->value,
	    v->object->origin != IMPORTED ? CKM_EC_KEY_PAIR_GEN
					  : CK_UNAVAILABLE_INFORMATION);
	return PRESENT;
}

static enum answer
destroyable(const struct eh_view *v, struct made *m)
{
	eh_value_truth(
	    &m->value, v->object->purpose != CK_EDGEHSM_PURPOSE_ATTESTATION);
	return PRESENT;
}

static enum answer
counters(const struct eh_view *v, struct made *m)
{
	eh_value_bytes(&m->value, v->auth->counters, v->auth->counterslen);
	return PRESENT;
}

static enum answer
status(const struct eh_view *v, struct made *m)
{
	const struct eh_auth *a = v->auth;

	snprintf(m->text, sizeof(m->text),
	    "%s used %" PRIu64 " of %" PRIu64 "%s", a->label, a->used, a->quota,
	    a->state == 1 ? "" : ", closed");
	eh_value_text(&m->value, m->text);
	return PRESENT;
}

static enum answer
hsm_id(const struct eh_view *v, struct made *m)
{
	eh_value_bytes(&m->value, v->facts->hsm_id, sizeof(v->facts->hsm_id));
	return v->facts->has_hsm_id ? PRESENT : ABSENT;
}

static enum answer
root_digest(const struct eh_view *v, struct made *m)
{
	eh_value_bytes(&m->value, v->facts->root, sizeof(v->facts->root));
	return v->facts->has_root ? PRESENT : ABSENT;
}

static enum answer
anchor_class(const struct eh_view *v, struct made *m)
{
	eh_value_number(&m->value, v->facts->anchor_class);
	return v->facts->has_status ? PRESENT : ABSENT;
}

static enum answer
log_size(const struct eh_view *v, struct made *m)
{
	eh_value_number(&m->value, (CK_ULONG)v->facts->log_size);
	return v->facts->has_status ? PRESENT : ABSENT;
}

/* clang-format off */
/* How the rows of the tables are written. */
#define NUMBER(n)          IS_NUMBER, (n), 0, NULL, NULL
#define TRUTH(n)           IS_TRUTH, (n), 0, NULL, NULL
#define EMPTY              IS_EMPTY, 0, 0, NULL, NULL
#define SECRET             IS_SECRET, 0, 0, NULL, NULL
#define TEXT(text)         IS_TEXT, 0, 0, (text), NULL
#define MADE(function)     IS_MADE, 0, 0, NULL, (function)
#define U64(row, member)   NUMBER_AT, AT(row, member), 0, NULL, NULL
#define STRING(row, member) TEXT_AT, AT(row, member), 0, NULL, NULL
#define SPAN(row, member)  SPAN_AT, AT(row, member), 0, NULL, NULL
#define OCTETS(row, member) OCTETS_AT, AT(row, member), \
	sizeof(((struct eh_##row *)NULL)->member), NULL, NULL
#define AT(row, member)    offsetof(struct eh_##row, member)

static const struct attribute private_key[] = {
	{ CKA_CLASS,               NUMBER(CKO_PRIVATE_KEY) },
	{ CKA_TOKEN,               TRUTH(1) },
	{ CKA_PRIVATE,             TRUTH(1) },
	{ CKA_MODIFIABLE,          TRUTH(1) },
	{ CKA_COPYABLE,            TRUTH(0) },
	{ CKA_DESTROYABLE,         MADE(destroyable) },
	{ CKA_LABEL,               STRING(object, label) },
	{ CKA_UNIQUE_ID,           MADE(unique_id) },
	{ CKA_KEY_TYPE,            NUMBER(CKK_EC) },
	{ CKA_ID,                  SPAN(object, id) },
	{ CKA_START_DATE,          EMPTY },
	{ CKA_END_DATE,            EMPTY },
	{ CKA_SUBJECT,             EMPTY },
	{ CKA_DERIVE,              TRUTH(0) },
	{ CKA_LOCAL,               MADE(local) },
	{ CKA_KEY_GEN_MECHANISM,   MADE(generated_by) },
	{ CKA_ALLOWED_MECHANISMS,  MADE(mechanisms) },
	{ CKA_SENSITIVE,           TRUTH(1) },
	{ CKA_DECRYPT,             TRUTH(0) },
	{ CKA_SIGN,                TRUTH(1) },
	{ CKA_SIGN_RECOVER,        TRUTH(0) },
	{ CKA_UNWRAP,              TRUTH(0) },
	{ CKA_EXTRACTABLE,         TRUTH(0) },
	{ CKA_ALWAYS_SENSITIVE,    MADE(never_out) },
	{ CKA_NEVER_EXTRACTABLE,   MADE(never_out) },
	{ CKA_WRAP_WITH_TRUSTED,   TRUTH(0) },
	{ CKA_ALWAYS_AUTHENTICATE, TRUTH(0) },
	{ CKA_PUBLIC_KEY_INFO,     SPAN(object, value) },
	{ CKA_EC_PARAMS,           SPAN(object, params) },
	{ CKA_VALUE,               SECRET },
	{ CKA_EDGEHSM_PURPOSE,     U64(object, purpose) },
	{ CKA_EDGEHSM_ORIGIN,      U64(object, origin) },
	{ CKA_EDGEHSM_CUSTODY,     U64(object, custody) },
	{ CKA_EDGEHSM_SPKI_DIGEST, SPAN(object, digest) },
};

static const struct attribute public_key[] = {
	{ CKA_CLASS,               NUMBER(CKO_PUBLIC_KEY) },
	{ CKA_TOKEN,               TRUTH(1) },
	{ CKA_PRIVATE,             TRUTH(0) },
	{ CKA_MODIFIABLE,          TRUTH(1) },
	{ CKA_COPYABLE,            TRUTH(0) },
	{ CKA_DESTROYABLE,         TRUTH(0) },
	{ CKA_LABEL,               STRING(object, label) },
	{ CKA_UNIQUE_ID,           MADE(unique_id) },
	{ CKA_KEY_TYPE,            NUMBER(CKK_EC) },
	{ CKA_ID,                  SPAN(object, id) },
	{ CKA_START_DATE,          EMPTY },
	{ CKA_END_DATE,            EMPTY },
	{ CKA_SUBJECT,             EMPTY },
	{ CKA_DERIVE,              TRUTH(0) },
	{ CKA_LOCAL,               MADE(local) },
	{ CKA_KEY_GEN_MECHANISM,   MADE(generated_by) },
	{ CKA_ENCRYPT,             TRUTH(0) },
	{ CKA_VERIFY,              TRUTH(1) },
	{ CKA_VERIFY_RECOVER,      TRUTH(0) },
	{ CKA_WRAP,                TRUTH(0) },
	{ CKA_TRUSTED,             TRUTH(0) },
	{ CKA_PUBLIC_KEY_INFO,     SPAN(object, value) },
	{ CKA_EC_PARAMS,           SPAN(object, params) },
	{ CKA_EC_POINT,            SPAN(object, point) },
	{ CKA_EDGEHSM_PURPOSE,     U64(object, purpose) },
	{ CKA_EDGEHSM_ORIGIN,      U64(object, origin) },
	{ CKA_EDGEHSM_CUSTODY,     U64(object, custody) },
	{ CKA_EDGEHSM_SPKI_DIGEST, SPAN(object, digest) },
};

static const struct attribute certificate[] = {
	{ CKA_CLASS,                     NUMBER(CKO_CERTIFICATE) },
	{ CKA_TOKEN,                     TRUTH(1) },
	{ CKA_PRIVATE,                   TRUTH(0) },
	{ CKA_MODIFIABLE,                TRUTH(1) },
	{ CKA_COPYABLE,                  TRUTH(0) },
	{ CKA_DESTROYABLE,               TRUTH(1) },
	{ CKA_LABEL,                     STRING(object, label) },
	{ CKA_UNIQUE_ID,                 MADE(unique_id) },
	{ CKA_CERTIFICATE_TYPE,          NUMBER(CKC_X_509) },
	{ CKA_TRUSTED,                   TRUTH(0) },
	{ CKA_CERTIFICATE_CATEGORY,      NUMBER(0) },
	{ CKA_START_DATE,                EMPTY },
	{ CKA_END_DATE,                  EMPTY },
	{ CKA_SUBJECT,                   SPAN(object, subject) },
	{ CKA_ID,                        SPAN(object, id) },
	{ CKA_ISSUER,                    SPAN(object, issuer) },
	{ CKA_SERIAL_NUMBER,             SPAN(object, serial) },
	{ CKA_VALUE,                     SPAN(object, value) },
	{ CKA_URL,                       EMPTY },
	{ CKA_JAVA_MIDP_SECURITY_DOMAIN, NUMBER(0) },
	{ CKA_PUBLIC_KEY_INFO,           SPAN(object, spki) },
};

static const struct attribute data_object[] = {
	{ CKA_CLASS,       NUMBER(CKO_DATA) },
	{ CKA_TOKEN,       TRUTH(1) },
	{ CKA_PRIVATE,     TRUTH(0) },
	{ CKA_MODIFIABLE,  TRUTH(1) },
	{ CKA_COPYABLE,    TRUTH(0) },
	{ CKA_DESTROYABLE, TRUTH(1) },
	{ CKA_LABEL,       STRING(object, label) },
	{ CKA_UNIQUE_ID,   MADE(unique_id) },
	{ CKA_APPLICATION, STRING(object, application) },
	{ CKA_OBJECT_ID,   SPAN(object, id) },
	{ CKA_VALUE,       SPAN(object, value) },
};

static const struct attribute authorization[] = {
	{ CKA_CLASS,                   NUMBER(CKO_EDGEHSM_AUTHORIZATION) },
	{ CKA_TOKEN,                   TRUTH(1) },
	{ CKA_PRIVATE,                 TRUTH(0) },
	{ CKA_MODIFIABLE,              TRUTH(0) },
	{ CKA_COPYABLE,                TRUTH(0) },
	{ CKA_DESTROYABLE,             TRUTH(0) },
	{ CKA_LABEL,                   STRING(auth, label) },
	{ CKA_UNIQUE_ID,               MADE(unique_id) },
	{ CKA_ID,                      OCTETS(auth, id) },
	{ CKA_EDGEHSM_FACTORY,         STRING(auth, factory) },
	{ CKA_EDGEHSM_PROFILE_NAME,    STRING(auth, profile) },
	{ CKA_EDGEHSM_PROFILE_VERSION, U64(auth, version) },
	{ CKA_EDGEHSM_CONFIG_DIGEST,   OCTETS(auth, digest) },
	{ CKA_EDGEHSM_QUOTA,           U64(auth, quota) },
	{ CKA_EDGEHSM_USED,            U64(auth, used) },
	{ CKA_EDGEHSM_BURNED,          U64(auth, burned) },
	{ CKA_EDGEHSM_RESERVED,        U64(auth, reserved) },
	{ CKA_EDGEHSM_BURNS,           U64(auth, burns) },
	{ CKA_EDGEHSM_NOT_BEFORE,      U64(auth, nbf) },
	{ CKA_EDGEHSM_NOT_AFTER,       U64(auth, exp) },
	{ CKA_EDGEHSM_STATE,           U64(auth, state) },
	{ CKA_EDGEHSM_COUNTERS,        MADE(counters) },
};

static const struct attribute status_object[] = {
	{ CKA_CLASS,       NUMBER(CKO_DATA) },
	{ CKA_TOKEN,       TRUTH(1) },
	{ CKA_PRIVATE,     TRUTH(0) },
	{ CKA_MODIFIABLE,  TRUTH(0) },
	{ CKA_COPYABLE,    TRUTH(0) },
	{ CKA_DESTROYABLE, TRUTH(0) },
	{ CKA_LABEL,       MADE(status) },
	{ CKA_UNIQUE_ID,   MADE(unique_id) },
	{ CKA_APPLICATION, TEXT("edgehsm-status") },
	{ CKA_OBJECT_ID,   EMPTY },
	{ CKA_VALUE,       MADE(status) },
};

static const struct attribute token[] = {
	{ CKA_CLASS,                NUMBER(CKO_EDGEHSM_TOKEN) },
	{ CKA_TOKEN,                TRUTH(1) },
	{ CKA_PRIVATE,              TRUTH(0) },
	{ CKA_MODIFIABLE,           TRUTH(0) },
	{ CKA_COPYABLE,             TRUTH(0) },
	{ CKA_DESTROYABLE,          TRUTH(0) },
	{ CKA_LABEL,                STRING(facts, label) },
	{ CKA_UNIQUE_ID,            MADE(unique_id) },
	{ CKA_EDGEHSM_REFUSAL,      STRING(facts, refusal) },
	{ CKA_EDGEHSM_HSM_ID,       MADE(hsm_id) },
	{ CKA_EDGEHSM_ROOT_DIGEST,  MADE(root_digest) },
	{ CKA_EDGEHSM_ANCHOR_CLASS, MADE(anchor_class) },
	{ CKA_EDGEHSM_LOG_SIZE,     MADE(log_size) },
};

/* PKCS#11 2.40 section 4.3: hardware features have nothing else. */
static const struct attribute hw_clock[] = {
	{ CKA_CLASS,                NUMBER(CKO_HW_FEATURE) },
	{ CKA_HW_FEATURE_TYPE,      NUMBER(CKH_CLOCK) },
	{ CKA_VALUE,                STRING(facts, clock) },
};

#define KIND(table) { table, sizeof(table) / sizeof((table)[0]) }

static const struct {
	const struct attribute *attribute;
	size_t n;
} kinds[EH_KINDS] = {
	[EH_KIND_PRIVATE]       = KIND(private_key),
	[EH_KIND_PUBLIC]        = KIND(public_key),
	[EH_KIND_CERTIFICATE]   = KIND(certificate),
	[EH_KIND_DATA]          = KIND(data_object),
	[EH_KIND_AUTHORIZATION] = KIND(authorization),
	[EH_KIND_STATUS]        = KIND(status_object),
	[EH_KIND_TOKEN]         = KIND(token),
	[EH_KIND_CLOCK]         = KIND(hw_clock),
};
/* clang-format on */

/* The struct that the offsets of a kind's table are in. */
static const unsigned char *
row_of(const struct eh_view *v)
{
	switch (v->kind) {
	case EH_KIND_AUTHORIZATION:
	case EH_KIND_STATUS:
		return (const unsigned char *)v->auth;
	case EH_KIND_TOKEN:
	case EH_KIND_CLOCK:
		return (const unsigned char *)v->facts;
	default:
		return (const unsigned char *)v->object;
	}
}

static enum answer
answer_at(const struct eh_view *v, const struct attribute *a, struct made *m)
{
	const unsigned char *at = row_of(v) + a->constant;
	struct eh_span span;
	uint64_t number;

	switch (a->how) {
	case NUMBER_AT:
		memcpy(&number, at, sizeof(number));
		eh_value_number(&m->value, (CK_ULONG)number);
		return PRESENT;
	case TEXT_AT:
		eh_value_text(&m->value, (const char *)at);
		return PRESENT;
	case SPAN_AT:
		memcpy(&span, at, sizeof(span));
		eh_value_bytes(&m->value, span.at, span.len);
		return span.at != NULL ? PRESENT : ABSENT;
	case OCTETS_AT:
		eh_value_bytes(&m->value, at, a->size);
		return PRESENT;
	default:
		return ABSENT;
	}
}

static enum answer
answer(const struct eh_view *v, const struct attribute *a, struct made *m)
{
	switch (a->how) {
	case IS_NUMBER:
		eh_value_number(&m->value, a->constant);
		return PRESENT;
	case IS_TRUTH:
		eh_value_truth(&m->value, a->constant != 0);
		return PRESENT;
	case IS_EMPTY:
		eh_value_bytes(&m->value, "", 0);
		return PRESENT;
	case IS_TEXT:
		eh_value_text(&m->value, a->text);
		return PRESENT;
	case IS_SECRET:
		return SENSITIVE;
	case IS_MADE:
		return a->make(v, m);
	default:
		return answer_at(v, a, m);
	}
}

static enum answer
get(const struct eh_view *v, CK_ATTRIBUTE_TYPE type, struct made *m)
{
	const struct attribute *a = kinds[v->kind].attribute;

	for (size_t i = 0; i < kinds[v->kind].n; i++)
		if (a[i].type == type)
			return answer(v, &a[i], m);
	return ABSENT;
}

/* A later failure does not hide an earlier one: the specification lets any of
 * them be returned. */
static CK_RV
read_one(const struct eh_view *v, CK_ATTRIBUTE *attribute)
{
	struct made m;

	switch (get(v, attribute->type, &m)) {
	case PRESENT:
		return eh_value_give(&m.value, attribute);
	case SENSITIVE:
		attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_ATTRIBUTE_SENSITIVE;
	case ABSENT:
		break;
	}
	attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
	return CKR_ATTRIBUTE_TYPE_INVALID;
}

CK_RV
eh_view_read(const struct eh_view *v, CK_ATTRIBUTE *attributes, CK_ULONG n)
{
	CK_RV result = CKR_OK, rv;

	for (CK_ULONG i = 0; i < n; i++) {
		rv = read_one(v, &attributes[i]);
		if (rv != CKR_OK)
			result = rv;
	}
	return result;
}

int
eh_view_matches(
    const struct eh_view *v, const CK_ATTRIBUTE *attributes, CK_ULONG n)
{
	struct made m;

	for (CK_ULONG i = 0; i < n; i++)
		if (get(v, attributes[i].type, &m) != PRESENT ||
		    !eh_value_matches(&m.value, &attributes[i]))
			return 0;
	return 1;
}

int
eh_view_has(const struct eh_view *v, CK_ATTRIBUTE_TYPE type)
{
	struct made m;

	return get(v, type, &m) != ABSENT;
}

CK_ULONG
eh_view_size(const struct eh_view *v)
{
	const struct attribute *a = kinds[v->kind].attribute;
	CK_ULONG size = 0;
	struct made m;

	for (size_t i = 0; i < kinds[v->kind].n; i++)
		if (answer(v, &a[i], &m) == PRESENT)
			size += m.value.len;
	return size;
}
