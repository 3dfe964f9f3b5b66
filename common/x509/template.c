/* SPDX-License-Identifier: Apache-2.0 */
/* template.c - TBSCertificates from templates: render, match, rebuild. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/crypto/keyid.h"
#include "common/der/date.h"
#include "common/x509/explain.h"
#include "common/x509/template.h"

#define DAY UINT64_C(86400)

/* One match going on. */
struct match {
	const struct eh_profile *profile;
	const struct eh_template *t;
	const uint8_t *tbs;
	struct eh_tbs_values *values;
	struct eh_error *error;
};

/* A refusal by the rule of a field. */
static int
refuse(const struct match *m, const struct eh_field *f, const char *why)
{
	return eh_error_set(m->error, EH_DENIED_TEMPLATE,
	    "template %s, octet %u (%s): %s", m->t->id, f->offset,
	    eh_field_source_name(f->source), why);
}

/* --- the values that stand in fields ----------------------------------- */

static int
take_serial(const struct match *m, const struct eh_field *f)
{
	memcpy(m->values->serial, m->tbs + f->offset, EH_SERIAL_LEN);
	return EH_OK;
}

static int
take_not_before(const struct match *m, const struct eh_field *f)
{
	if (eh_date_decode(m->tbs + f->offset, f->length,
		&m->values->not_before) != EH_OK)
		return refuse(m, f, f->length == EH_DATE_UTC ?
		    "is not a date from 1970 to 2049 as YYMMDDHHMMSSZ" :
		    "is not a date from 2050 on as YYYYMMDDHHMMSSZ");
	return EH_OK;
}

static int
take_public_key(const struct match *m, const struct eh_field *f)
{
	const int err = eh_rawkey_set(
	    &m->values->key, m->tbs + f->offset, f->length);

	if (err == EH_ERR_UNSUPPORTED)
		return eh_error_set(m->error, err, "template %s: device keys "
		    "of %u octets are not supported", m->t->id, f->length);
	if (err != EH_OK)
		return refuse(m, f, "is not 04 and a point on P-256");
	return EH_OK;
}

static int
take_device(const struct match *m, const struct eh_field *f)
{
	struct eh_device_id id = { 0 };
	struct eh_error sub;

	if (f->length > EH_DEVICE_ID_MAX)
		return refuse(m, f, "is too long for a device id");
	id.len = (uint8_t)f->length;
	memcpy(id.bytes, m->tbs + f->offset, id.len);
	if (m->values->device.len != 0 &&
	    !eh_device_id_equal(&m->values->device, &id))
		return eh_error_set(m->error, EH_DENIED_TEMPLATE,
		    "template %s, octet %u (device-id): is \"%.*s\", the one "
		    "before is \"%.*s\"", m->t->id, f->offset, (int)id.len,
		    (const char *)id.bytes, (int)m->values->device.len,
		    (const char *)m->values->device.bytes);
	if (eh_profile_check_device(m->profile, &id, &sub) != EH_OK)
		return refuse(m, f, sub.text);
	m->values->device = id;
	return EH_OK;
}

static int
take_input(const struct match *m, const struct eh_field *f)
{
	const uint8_t *value = m->tbs + f->offset;
	const struct eh_tbs_input *known;
	char text[EH_PATTERN_TEXT];
	size_t at;

	if (eh_pattern_check(&f->pattern, value, f->length, &at) != EH_OK) {
		eh_pattern_format(&f->pattern, text, sizeof(text));
		return eh_error_set(m->error, EH_DENIED_TEMPLATE,
		    "template %s, octet %zu (input %u): does not fit %.160s",
		    m->t->id, f->offset + at, f->id, text);
	}
	if (f->rangelen > 0 &&
	    eh_range_check(f->lo, f->hi, value, f->length) != EH_OK)
		return refuse(m, f, "is outside its range");
	known = eh_tbs_values_get(m->values, f->id);
	if (known != NULL && memcmp(known->bytes, value, f->length) != 0)
		return refuse(
		    m, f, "differs from the other field of this input");
	if (known != NULL)
		return EH_OK;
	if (eh_tbs_values_input(m->values, f->id, value, f->length) != EH_OK)
		return refuse(m, f, "is one input too many");
	return EH_OK;
}

static int
check_key_id(const struct match *m, const struct eh_field *f)
{
	uint8_t ski[20];

	eh_keyid_ski(&m->values->key, ski);
	if (f->length != sizeof(ski) ||
	    memcmp(m->tbs + f->offset, ski, sizeof(ski)) != 0)
		return refuse(m, f, "is not SHA-1 of the public key");
	return EH_OK;
}

static int
check_not_after(const struct match *m, const struct eh_field *f)
{
	uint8_t date[EH_DATE_GENERALIZED];
	const uint64_t then = m->values->not_before + m->t->days * DAY;

	if (f->length > sizeof(date) ||
	    eh_date_encode(then, date, f->length) != EH_OK)
		return refuse(m, f, "notBefore plus the profile's days gives "
		    "a date that this form of time cannot hold");
	if (memcmp(m->tbs + f->offset, date, f->length) != 0)
		return eh_error_set(m->error, EH_DENIED_TEMPLATE,
		    "template %s, octet %u (not-after): must be %.*s, "
		    "notBefore plus %" PRIu32 " days", m->t->id, f->offset,
		    (int)f->length, (const char *)date, m->t->days);
	return EH_OK;
}

/*
 * What each field must hold.  First the fields that give a value, then those
 * that follow from values, wherever they stand.
 */
/* clang-format off */
static const struct {
	enum eh_field_source source;
	int (*rule)(const struct match *, const struct eh_field *);
} rules[] = {
	{ EH_FIELD_SERIAL,         take_serial },
	{ EH_FIELD_NOT_BEFORE,     take_not_before },
	{ EH_FIELD_DEVICE_ID,      take_device },
	{ EH_FIELD_INPUT,          take_input },
	{ EH_FIELD_PUBLIC_KEY,     take_public_key },
	{ EH_FIELD_SUBJECT_KEY_ID, check_key_id },
	{ EH_FIELD_NOT_AFTER,      check_not_after },
};
/* clang-format on */
#define RULES (sizeof(rules) / sizeof(rules[0]))

static int
fields_match(const struct match *m)
{
	int err = EH_OK;

	for (unsigned r = 0; r < RULES; r++)
		for (unsigned i = 0; i < m->t->fields && err == EH_OK; i++)
			if (m->t->field[i].source == rules[r].source)
				err = rules[r].rule(m, &m->t->field[i]);
	return err;
}

/* --- the octets outside the fields ------------------------------------- */

/* Return where the first octet differs outside the fields, or tbslen. */
static size_t
outside(const struct eh_template *t, const uint8_t *tbs)
{
	size_t at = 0;

	for (unsigned i = 0; i <= t->fields; i++) {
		const size_t end =
		    i < t->fields ? t->field[i].offset : t->tbslen;

		if (memcmp(t->tbs + at, tbs + at, end - at) != 0) {
			while (t->tbs[at] == tbs[at])
				at++;
			return at;
		}
		at = end + (i < t->fields ? t->field[i].length : 0u);
	}
	return t->tbslen;
}

/* What the octets outside the fields, or their number, say. */
static int
differs(const struct match *m, size_t len, size_t at, size_t *agreedp)
{
	const struct eh_template *t = m->t;
	char why[EH_EXPLAIN_TEXT];

	*agreedp = eh_explain_mismatch(t, m->tbs, len, why);
	if (len != t->tbslen)
		return eh_error_set(m->error, EH_DENIED_TEMPLATE,
		    "template %s has %zu octets, this TBSCertificate has %zu"
		    "%s%s", t->id, t->tbslen, len, why[0] != '\0' ? ": " : "",
		    why);
	if (why[0] != '\0')
		return eh_error_set(m->error, EH_DENIED_TEMPLATE,
		    "template %s, octet %zu: %s", t->id, at, why);
	return eh_error_set(m->error, EH_DENIED_TEMPLATE,
	    "template %s, octet %zu: is %02x, the template has %02x", t->id,
	    at, m->tbs[at], t->tbs[at]);
}

/* Match one template.  ${agreedp} says how far it came: to the part that
 * differs, or to the end when only a field was wrong. */
static int
match(const struct match *m, size_t len, size_t *agreedp)
{
	const struct eh_template *t = m->t;
	size_t at = 0;

	memset(m->values, 0, sizeof(*m->values));
	if (len != t->tbslen || (at = outside(t, m->tbs)) < len)
		return differs(m, len, at, agreedp);
	*agreedp = len;
	return fields_match(m);
}

int
eh_template_match(const struct eh_profile *p, unsigned index,
    const uint8_t *tbs, size_t len, struct eh_tbs_values *values,
    struct eh_error *e)
{
	struct match m = { p, NULL, tbs, values, e };
	size_t agreed;
	int err;

	if (index >= p->templates) {
		memset(values, 0, sizeof(*values));
		return eh_error_set(e, EH_DENIED_TEMPLATE,
		    "profile %s has no template %u", p->name, index);
	}
	m.t = &p->template[index];
	err = match(&m, len, &agreed);
	if (err != EH_OK)
		memset(values, 0, sizeof(*values));
	return err;
}

int
eh_template_find(const struct eh_profile *p,
    const uint8_t issuer[EH_DIGEST_LEN], const uint8_t *tbs, size_t len,
    struct eh_template_hit *hit, struct eh_tbs_values *values,
    struct eh_error *e)
{
	int err = eh_error_set(e, EH_DENIED_TEMPLATE,
	    "profile %s has no template for this key", p->name);

	memset(hit, 0, sizeof(*hit));
	for (unsigned i = 0; i < p->templates; i++) {
		struct eh_error sub;
		struct match m = { p, &p->template[i], tbs, values, &sub };
		size_t agreed;
		int this;

		if (issuer != NULL &&
		    memcmp(m.t->issuer, issuer, EH_DIGEST_LEN) != 0)
			continue;
		this = match(&m, len, &agreed);
		if (this == EH_OK || agreed >= hit->agreed) {
			hit->index = i;
			hit->agreed = agreed;
		}
		if (this == EH_OK) {
			if (e != NULL)
				eh_error_clear(e);
			return EH_OK;
		}
		if (hit->index == i)
			err = eh_error_set(e, this, "%s", sub.text);
	}
	memset(values, 0, sizeof(*values));
	return err;
}

/* --- render ------------------------------------------------------------ */

static int
bad_value(struct eh_error *e, const struct eh_template *t,
    const struct eh_field *f, const char *why)
{
	return eh_error_set(e, EH_ERR_ARGUMENT, "template %s, %s: %s", t->id,
	    eh_field_source_name(f->source), why);
}

/* Put a value of ${len} octets into a field of the same length. */
static int
fill(uint8_t *tbs, const struct eh_template *t, const struct eh_field *f,
    const void *value, size_t len, struct eh_error *e)
{
	if (len != f->length)
		return eh_error_set(e, EH_ERR_ARGUMENT,
		    "template %s, %s: has %zu octets, must have %u", t->id,
		    eh_field_source_name(f->source), len, f->length);
	memcpy(tbs + f->offset, value, len);
	return EH_OK;
}

static int
fill_date(uint8_t *tbs, const struct eh_template *t, const struct eh_field *f,
    uint64_t seconds, struct eh_error *e)
{
	uint8_t date[EH_DATE_GENERALIZED];

	if (f->length > sizeof(date) ||
	    eh_date_encode(seconds, date, f->length) != EH_OK)
		return bad_value(e, t, f, f->length == EH_DATE_UTC ?
		    "UTCTime holds dates up to 2049 only" :
		    "GeneralizedTime is for dates from 2050 on");
	return fill(tbs, t, f, date, f->length, e);
}

static int
fill_field(uint8_t *tbs, const struct eh_template *t, const struct eh_field *f,
    const struct eh_tbs_values *v, struct eh_error *e)
{
	const struct eh_tbs_input *input;
	uint8_t ski[20];

	switch (f->source) {
	case EH_FIELD_SERIAL:
		return fill(tbs, t, f, v->serial, sizeof(v->serial), e);
	case EH_FIELD_NOT_BEFORE:
		return fill_date(tbs, t, f, v->not_before, e);
	case EH_FIELD_NOT_AFTER:
		return fill_date(
		    tbs, t, f, v->not_before + t->days * DAY, e);
	case EH_FIELD_PUBLIC_KEY:
		return fill(tbs, t, f, v->key.bytes, v->key.len, e);
	case EH_FIELD_SUBJECT_KEY_ID:
		eh_keyid_ski(&v->key, ski);
		return fill(tbs, t, f, ski, sizeof(ski), e);
	case EH_FIELD_DEVICE_ID:
		return fill(tbs, t, f, v->device.bytes, v->device.len, e);
	case EH_FIELD_INPUT:
		input = eh_tbs_values_get(v, f->id);
		if (input == NULL)
			return eh_error_set(e, EH_ERR_ARGUMENT, "template %s: "
			    "input %u is missing", t->id, f->id);
		return fill(tbs, t, f, input->bytes, input->len, e);
	default:
		return bad_value(e, t, f, "unknown source");
	}
}

/* What a value must be before it can be put anywhere; the rest is seen when
 * what was rendered is matched. */
static int
values_check(const struct eh_profile *p, unsigned index,
    const struct eh_tbs_values *v, struct eh_error *e)
{
	const struct eh_template *t = &p->template[index];

	for (unsigned i = 0; i < t->fields; i++)
		if (t->field[i].source == EH_FIELD_PUBLIC_KEY &&
		    t->field[i].length != EH_P256_POINT_LEN)
			return eh_error_set(e, EH_ERR_UNSUPPORTED, "template "
			    "%s: device keys of %u octets are not supported",
			    t->id, t->field[i].length);
	if (v->key.len != EH_P256_POINT_LEN)
		return eh_error_set(e, EH_ERR_ARGUMENT,
		    "template %s: the public key is no point on P-256", t->id);
	if (v->not_before > EH_DATE_MAX)
		return eh_error_set(e, EH_ERR_ARGUMENT,
		    "template %s: notBefore lies beyond the year 9999", t->id);
	return EH_OK;
}

int
eh_template_render(const struct eh_profile *p, unsigned index,
    const struct eh_tbs_values *v, uint8_t *out, size_t cap, size_t *lenp,
    struct eh_error *e)
{
	const struct eh_template *t;
	struct eh_tbs_values again;
	int err;

	*lenp = 0;
	if (index >= p->templates)
		return eh_error_set(e, EH_ERR_ARGUMENT,
		    "profile %s has no template %u", p->name, index);
	t = &p->template[index];
	err = values_check(p, index, v, e);
	if (err != EH_OK)
		return err;
	if (cap < t->tbslen)
		return eh_error_set(e, EH_ERR_SPACE,
		    "template %s has %zu octets, there is room for %zu", t->id,
		    t->tbslen, cap);
	memcpy(out, t->tbs, t->tbslen);
	for (unsigned i = 0; i < t->fields && err == EH_OK; i++)
		err = fill_field(out, t, &t->field[i], v, e);
	/* The host's rules are the boundary's: it must match. */
	if (err == EH_OK)
		err = eh_template_match(p, index, out, t->tbslen, &again, e);
	if (err == EH_DENIED_TEMPLATE) {
		err = EH_ERR_ARGUMENT;
		if (e != NULL)
			e->code = err;
	}
	if (err == EH_OK)
		*lenp = t->tbslen;
	else
		memset(out, 0, t->tbslen);
	return err;
}

int
eh_template_rebuild(const struct eh_profile *p, unsigned index,
    const uint8_t authorization[EH_ID_LEN], uint16_t issue_number,
    const struct eh_tbs_values *v, uint8_t *out, size_t cap, size_t *lenp,
    struct eh_error *e)
{
	uint8_t serial[EH_SERIAL_LEN];
	int err;

	*lenp = 0;
	if (index >= p->templates)
		return eh_error_set(e, EH_ERR_ARGUMENT,
		    "profile %s has no template %u", p->name, index);
	err = eh_serial(
	    authorization, &v->device, (uint8_t)index, issue_number, serial);
	if (err != EH_OK)
		return eh_error_set(e, err, "template %s: the serial needs a "
		    "device id", p->template[index].id);
	if (memcmp(serial, v->serial, sizeof(serial)) != 0)
		return eh_error_set(e, EH_DENIED_TEMPLATE, "template %s: the "
		    "serial is not that of this authorization, device and "
		    "issue number %u", p->template[index].id, issue_number);
	return eh_template_render(p, index, v, out, cap, lenp, e);
}

int
eh_template_has(const struct eh_profile *p, unsigned index,
    enum eh_field_source source)
{
	if (index >= p->templates)
		return 0;
	for (unsigned i = 0; i < p->template[index].fields; i++)
		if (p->template[index].field[i].source == source)
			return 1;
	return 0;
}
