/* SPDX-License-Identifier: Apache-2.0 */
/* view.c - the daemon's rows as Cryptoki objects: handles and attributes. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pkcs11-module/mech.h"
#include "pkcs11-module/view.h"

#define KIND_BITS 3
#define KIND_MASK 7u

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

/* What a getter says of its attribute. */
enum answer { ABSENT = 0, PRESENT, SENSITIVE };

/* The value, and room for one that has to be made first. */
struct made {
	struct eh_value value;
	char text[192];
};

struct attribute {
	CK_ATTRIBUTE_TYPE type;
	enum answer (*get)(const struct eh_view *, CK_ULONG, struct made *);
	CK_ULONG constant;
};

static enum answer
number(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)v;
	eh_value_number(&m->value, constant);
	return PRESENT;
}

static enum answer
truth(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)v;
	eh_value_truth(&m->value, constant != 0);
	return PRESENT;
}

static enum answer
empty(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)v, (void)constant;
	eh_value_bytes(&m->value, "", 0);
	return PRESENT;
}

static enum answer
secret(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)v, (void)constant, (void)m;
	return SENSITIVE;
}

static enum answer
unique_id(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	snprintf(m->text, sizeof(m->text), "%" PRIu64 "-%u", v->number,
	    (unsigned)v->kind);
	eh_value_text(&m->value, m->text);
	return PRESENT;
}

/* Keys, certificates, data. */
static enum answer
label(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_text(&m->value, v->object->label);
	return PRESENT;
}

static enum answer
id(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_bytes(&m->value, v->object->id, v->object->idlen);
	return PRESENT;
}

static enum answer
application(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_text(&m->value, v->object->application);
	return PRESENT;
}

static enum answer
data(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_bytes(&m->value, v->object->data, v->object->len);
	return PRESENT;
}

static enum answer
span(const struct eh_span *s, struct made *m)
{
	if (s->len == 0)
		return ABSENT;
	eh_value_bytes(&m->value, s->at, s->len);
	return PRESENT;
}

static enum answer
ec_params(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	return span(&v->object->params, m);
}

static enum answer
ec_point(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_bytes(&m->value, v->object->point, v->object->pointlen);
	return PRESENT;
}

static enum answer
subject(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	return span(&v->object->subject, m);
}

static enum answer
issuer(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	return span(&v->object->issuer, m);
}

static enum answer
serial(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	return span(&v->object->serial, m);
}

static enum answer
certificate_spki(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	return span(&v->object->spki, m);
}

static enum answer
mechanisms(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	const CK_MECHANISM_TYPE *types;
	size_t n;

	(void)constant;
	types = eh_mech_of_purpose(v->object->purpose, &n);
	eh_value_bytes(&m->value, types, n * sizeof(*types));
	return PRESENT;
}

#define IMPORTED 3 /* EH_WIRE_ORIGIN */

static enum answer
local(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_truth(&m->value, v->object->origin != IMPORTED);
	return PRESENT;
}

/* Never left, never could: not true of a key that came from outside, nor of one
 * that lies in a software token, whose file anybody with its PIN can copy. */
static enum answer
never_out(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_truth(&m->value,
	    v->object->origin != IMPORTED && v->object->custody > 0);
	return PRESENT;
}

static enum answer
generated_by(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	eh_value_number(&m->value, v->object->origin != IMPORTED
	    ? constant : CK_UNAVAILABLE_INFORMATION);
	return PRESENT;
}

static enum answer
destroyable(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_truth(&m->value,
	    v->object->purpose != CK_EDGEHSM_PURPOSE_ATTESTATION);
	return PRESENT;
}

static enum answer
purpose(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_number(&m->value, v->object->purpose);
	return PRESENT;
}

static enum answer
origin(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_number(&m->value, v->object->origin);
	return PRESENT;
}

static enum answer
custody(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_number(&m->value, v->object->custody);
	return PRESENT;
}

static enum answer
spki_digest(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	if (!v->object->has_digest)
		return ABSENT;
	eh_value_bytes(&m->value, v->object->digest, 32);
	return PRESENT;
}

/* Authorizations. */
static enum answer
order(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_text(&m->value, v->auth->label);
	return PRESENT;
}

static enum answer
auth_id(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_bytes(&m->value, v->auth->id, sizeof(v->auth->id));
	return PRESENT;
}

static enum answer
factory(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_text(&m->value, v->auth->factory);
	return PRESENT;
}

static enum answer
profile(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_text(&m->value, v->auth->profile);
	return PRESENT;
}

static enum answer
config_digest(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_bytes(&m->value, v->auth->digest, sizeof(v->auth->digest));
	return PRESENT;
}

static enum answer
counters(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_bytes(&m->value, v->auth->counters, v->auth->counterslen);
	return PRESENT;
}

static uint64_t
auth_number(const struct eh_auth *a, CK_ULONG which)
{
	switch (which) {
	case CKA_EDGEHSM_PROFILE_VERSION: return a->version;
	case CKA_EDGEHSM_QUOTA: return a->quota;
	case CKA_EDGEHSM_USED: return a->used;
	case CKA_EDGEHSM_BURNED: return a->burned;
	case CKA_EDGEHSM_RESERVED: return a->reserved;
	case CKA_EDGEHSM_BURNS: return a->burns;
	case CKA_EDGEHSM_NOT_BEFORE: return a->nbf;
	case CKA_EDGEHSM_NOT_AFTER: return a->exp;
	default: return a->state;
	}
}

static enum answer
count(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	eh_value_number(
	    &m->value, (CK_ULONG)auth_number(v->auth, constant));
	return PRESENT;
}

static enum answer
status(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	const struct eh_auth *a = v->auth;

	(void)constant;
	snprintf(m->text, sizeof(m->text),
	    "%s used %" PRIu64 " of %" PRIu64 "%s", a->label, a->used,
	    a->quota, a->state == 1 ? "" : ", closed");
	eh_value_text(&m->value, m->text);
	return PRESENT;
}

static enum answer
status_application(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)v, (void)constant;
	eh_value_text(&m->value, "edgehsm-status");
	return PRESENT;
}

/* The token. */
static enum answer
token_label(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_text(&m->value, v->facts->label);
	return PRESENT;
}

static enum answer
refusal(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	eh_value_text(&m->value, v->facts->refusal);
	return PRESENT;
}

static enum answer
hsm_id(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	if (!v->facts->has_hsm_id)
		return ABSENT;
	eh_value_bytes(&m->value, v->facts->hsm_id, 16);
	return PRESENT;
}

static enum answer
root_digest(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	if (!v->facts->has_root)
		return ABSENT;
	eh_value_bytes(&m->value, v->facts->root, 32);
	return PRESENT;
}

static enum answer
anchor_class(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	if (!v->facts->has_status)
		return ABSENT;
	eh_value_number(&m->value, v->facts->anchor_class);
	return PRESENT;
}

static enum answer
log_size(const struct eh_view *v, CK_ULONG constant, struct made *m)
{
	(void)constant;
	if (!v->facts->has_status)
		return ABSENT;
	eh_value_number(&m->value, (CK_ULONG)v->facts->log_size);
	return PRESENT;
}

/* clang-format off */
static const struct attribute private_key[] = {
	{ CKA_CLASS,               number, CKO_PRIVATE_KEY },
	{ CKA_TOKEN,               truth, 1 },
	{ CKA_PRIVATE,             truth, 1 },
	{ CKA_MODIFIABLE,          truth, 1 },
	{ CKA_COPYABLE,            truth, 0 },
	{ CKA_DESTROYABLE,         destroyable, 0 },
	{ CKA_LABEL,               label, 0 },
	{ CKA_UNIQUE_ID,           unique_id, 0 },
	{ CKA_KEY_TYPE,            number, CKK_EC },
	{ CKA_ID,                  id, 0 },
	{ CKA_START_DATE,          empty, 0 },
	{ CKA_END_DATE,            empty, 0 },
	{ CKA_SUBJECT,             empty, 0 },
	{ CKA_DERIVE,              truth, 0 },
	{ CKA_LOCAL,               local, 0 },
	{ CKA_KEY_GEN_MECHANISM,   generated_by, CKM_EC_KEY_PAIR_GEN },
	{ CKA_ALLOWED_MECHANISMS,  mechanisms, 0 },
	{ CKA_SENSITIVE,           truth, 1 },
	{ CKA_DECRYPT,             truth, 0 },
	{ CKA_SIGN,                truth, 1 },
	{ CKA_SIGN_RECOVER,        truth, 0 },
	{ CKA_UNWRAP,              truth, 0 },
	{ CKA_EXTRACTABLE,         truth, 0 },
	{ CKA_ALWAYS_SENSITIVE,    never_out, 0 },
	{ CKA_NEVER_EXTRACTABLE,   never_out, 0 },
	{ CKA_WRAP_WITH_TRUSTED,   truth, 0 },
	{ CKA_ALWAYS_AUTHENTICATE, truth, 0 },
	{ CKA_PUBLIC_KEY_INFO,     data, 0 },
	{ CKA_EC_PARAMS,           ec_params, 0 },
	{ CKA_VALUE,               secret, 0 },
	{ CKA_EDGEHSM_PURPOSE,     purpose, 0 },
	{ CKA_EDGEHSM_ORIGIN,      origin, 0 },
	{ CKA_EDGEHSM_CUSTODY,     custody, 0 },
	{ CKA_EDGEHSM_SPKI_DIGEST, spki_digest, 0 },
};

static const struct attribute public_key[] = {
	{ CKA_CLASS,               number, CKO_PUBLIC_KEY },
	{ CKA_TOKEN,               truth, 1 },
	{ CKA_PRIVATE,             truth, 0 },
	{ CKA_MODIFIABLE,          truth, 1 },
	{ CKA_COPYABLE,            truth, 0 },
	{ CKA_DESTROYABLE,         truth, 0 },
	{ CKA_LABEL,               label, 0 },
	{ CKA_UNIQUE_ID,           unique_id, 0 },
	{ CKA_KEY_TYPE,            number, CKK_EC },
	{ CKA_ID,                  id, 0 },
	{ CKA_START_DATE,          empty, 0 },
	{ CKA_END_DATE,            empty, 0 },
	{ CKA_SUBJECT,             empty, 0 },
	{ CKA_DERIVE,              truth, 0 },
	{ CKA_LOCAL,               local, 0 },
	{ CKA_KEY_GEN_MECHANISM,   generated_by, CKM_EC_KEY_PAIR_GEN },
	{ CKA_ENCRYPT,             truth, 0 },
	{ CKA_VERIFY,              truth, 1 },
	{ CKA_VERIFY_RECOVER,      truth, 0 },
	{ CKA_WRAP,                truth, 0 },
	{ CKA_TRUSTED,             truth, 0 },
	{ CKA_PUBLIC_KEY_INFO,     data, 0 },
	{ CKA_EC_PARAMS,           ec_params, 0 },
	{ CKA_EC_POINT,            ec_point, 0 },
	{ CKA_EDGEHSM_PURPOSE,     purpose, 0 },
	{ CKA_EDGEHSM_ORIGIN,      origin, 0 },
	{ CKA_EDGEHSM_CUSTODY,     custody, 0 },
	{ CKA_EDGEHSM_SPKI_DIGEST, spki_digest, 0 },
};

static const struct attribute certificate[] = {
	{ CKA_CLASS,                     number, CKO_CERTIFICATE },
	{ CKA_TOKEN,                     truth, 1 },
	{ CKA_PRIVATE,                   truth, 0 },
	{ CKA_MODIFIABLE,                truth, 1 },
	{ CKA_COPYABLE,                  truth, 0 },
	{ CKA_DESTROYABLE,               truth, 1 },
	{ CKA_LABEL,                     label, 0 },
	{ CKA_UNIQUE_ID,                 unique_id, 0 },
	{ CKA_CERTIFICATE_TYPE,          number, CKC_X_509 },
	{ CKA_TRUSTED,                   truth, 0 },
	{ CKA_CERTIFICATE_CATEGORY,      number, 0 },
	{ CKA_START_DATE,                empty, 0 },
	{ CKA_END_DATE,                  empty, 0 },
	{ CKA_SUBJECT,                   subject, 0 },
	{ CKA_ID,                        id, 0 },
	{ CKA_ISSUER,                    issuer, 0 },
	{ CKA_SERIAL_NUMBER,             serial, 0 },
	{ CKA_VALUE,                     data, 0 },
	{ CKA_URL,                       empty, 0 },
	{ CKA_JAVA_MIDP_SECURITY_DOMAIN, number, 0 },
	{ CKA_PUBLIC_KEY_INFO,           certificate_spki, 0 },
};

static const struct attribute data_object[] = {
	{ CKA_CLASS,       number, CKO_DATA },
	{ CKA_TOKEN,       truth, 1 },
	{ CKA_PRIVATE,     truth, 0 },
	{ CKA_MODIFIABLE,  truth, 1 },
	{ CKA_COPYABLE,    truth, 0 },
	{ CKA_DESTROYABLE, truth, 1 },
	{ CKA_LABEL,       label, 0 },
	{ CKA_UNIQUE_ID,   unique_id, 0 },
	{ CKA_APPLICATION, application, 0 },
	{ CKA_OBJECT_ID,   id, 0 },
	{ CKA_VALUE,       data, 0 },
};

static const struct attribute authorization[] = {
	{ CKA_CLASS,                   number, CKO_EDGEHSM_AUTHORIZATION },
	{ CKA_TOKEN,                   truth, 1 },
	{ CKA_PRIVATE,                 truth, 0 },
	{ CKA_MODIFIABLE,              truth, 0 },
	{ CKA_COPYABLE,                truth, 0 },
	{ CKA_DESTROYABLE,             truth, 0 },
	{ CKA_LABEL,                   order, 0 },
	{ CKA_UNIQUE_ID,               unique_id, 0 },
	{ CKA_ID,                      auth_id, 0 },
	{ CKA_EDGEHSM_FACTORY,         factory, 0 },
	{ CKA_EDGEHSM_PROFILE_NAME,    profile, 0 },
	{ CKA_EDGEHSM_PROFILE_VERSION, count, CKA_EDGEHSM_PROFILE_VERSION },
	{ CKA_EDGEHSM_CONFIG_DIGEST,   config_digest, 0 },
	{ CKA_EDGEHSM_QUOTA,           count, CKA_EDGEHSM_QUOTA },
	{ CKA_EDGEHSM_USED,            count, CKA_EDGEHSM_USED },
	{ CKA_EDGEHSM_BURNED,          count, CKA_EDGEHSM_BURNED },
	{ CKA_EDGEHSM_RESERVED,        count, CKA_EDGEHSM_RESERVED },
	{ CKA_EDGEHSM_BURNS,           count, CKA_EDGEHSM_BURNS },
	{ CKA_EDGEHSM_NOT_BEFORE,      count, CKA_EDGEHSM_NOT_BEFORE },
	{ CKA_EDGEHSM_NOT_AFTER,       count, CKA_EDGEHSM_NOT_AFTER },
	{ CKA_EDGEHSM_STATE,           count, CKA_EDGEHSM_STATE },
	{ CKA_EDGEHSM_COUNTERS,        counters, 0 },
};

static const struct attribute status_object[] = {
	{ CKA_CLASS,       number, CKO_DATA },
	{ CKA_TOKEN,       truth, 1 },
	{ CKA_PRIVATE,     truth, 0 },
	{ CKA_MODIFIABLE,  truth, 0 },
	{ CKA_COPYABLE,    truth, 0 },
	{ CKA_DESTROYABLE, truth, 0 },
	{ CKA_LABEL,       status, 0 },
	{ CKA_UNIQUE_ID,   unique_id, 0 },
	{ CKA_APPLICATION, status_application, 0 },
	{ CKA_OBJECT_ID,   empty, 0 },
	{ CKA_VALUE,       status, 0 },
};

static const struct attribute token[] = {
	{ CKA_CLASS,                number, CKO_EDGEHSM_TOKEN },
	{ CKA_TOKEN,                truth, 1 },
	{ CKA_PRIVATE,              truth, 0 },
	{ CKA_MODIFIABLE,           truth, 0 },
	{ CKA_COPYABLE,             truth, 0 },
	{ CKA_DESTROYABLE,          truth, 0 },
	{ CKA_LABEL,                token_label, 0 },
	{ CKA_UNIQUE_ID,            unique_id, 0 },
	{ CKA_EDGEHSM_REFUSAL,      refusal, 0 },
	{ CKA_EDGEHSM_HSM_ID,       hsm_id, 0 },
	{ CKA_EDGEHSM_ROOT_DIGEST,  root_digest, 0 },
	{ CKA_EDGEHSM_ANCHOR_CLASS, anchor_class, 0 },
	{ CKA_EDGEHSM_LOG_SIZE,     log_size, 0 },
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
};
/* clang-format on */

static enum answer
get(const struct eh_view *v, CK_ATTRIBUTE_TYPE type, struct made *m)
{
	const struct attribute *a = kinds[v->kind].attribute;

	for (size_t i = 0; i < kinds[v->kind].n; i++)
		if (a[i].type == type)
			return a[i].get(v, a[i].constant, m);
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
		if (a[i].get(v, a[i].constant, &m) == PRESENT)
			size += m.value.len;
	return size;
}
