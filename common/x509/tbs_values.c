/* SPDX-License-Identifier: Apache-2.0 */
/* tbs_values.c - what differs from device to device, and samples of it. */
#include "config.h"

#include <string.h>

#include "common/der/date.h"
#include "common/x509/template.h"

#define DAY   UINT64_C(86400)
#define Y2026 UINT64_C(1767225600)	/* 2026-01-01 00:00:00 */
#define Y2050 UINT64_C(2524608000)

/* The generator of P-256 (SP 800-186, 3.2.1.3): a point that nobody needs to
 * hold the key of. */
static const uint8_t generator[EH_P256_POINT_LEN] = { 0x04, 0x6b, 0x17, 0xd1,
	0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40,
	0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39,
	0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f,
	0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
	0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51,
	0xf5 };

/*
 * A value of a pattern and a range.  '0' is in every class; where that lies
 * outside the range, one of its ends may fit.
 */
static int
sample_text(const struct eh_pattern *p, const uint8_t *lo, const uint8_t *hi,
    uint8_t *out, size_t len)
{
	const uint8_t *tries[] = { out, lo, hi };
	size_t at = 0;

	if (eh_pattern_length(p) != len)
		return EH_ERR_ARGUMENT;
	for (unsigned r = 0; r < p->runs; at += p->run[r++].count)
		if (p->run[r].constant != NULL)
			memcpy(out + at, p->run[r].constant, p->run[r].count);
		else
			memset(out + at, '0', p->run[r].count);
	if (lo == NULL)
		return EH_OK;
	for (size_t i = 0; i < 3; i++)
		if (eh_pattern_check(p, tries[i], len, NULL) == EH_OK &&
		    eh_range_check(lo, hi, tries[i], len) == EH_OK) {
			memmove(out, tries[i], len);
			return EH_OK;
		}
	return EH_ERR_ARGUMENT;
}

static const struct eh_field *
find(const struct eh_template *t, enum eh_field_source source)
{
	for (unsigned i = 0; i < t->fields; i++)
		if (t->field[i].source == source)
			return &t->field[i];
	return NULL;
}

/* A notBefore that fits its own field's form and leaves a notAfter that fits
 * the other's. */
static int
sample_date(const struct eh_template *t, uint64_t *not_before)
{
	const struct eh_field *before = find(t, EH_FIELD_NOT_BEFORE);
	const struct eh_field *after = find(t, EH_FIELD_NOT_AFTER);
	const uint64_t life = t->days * DAY;

	*not_before = 0;
	if (before == NULL)
		return EH_OK;
	*not_before = before->length == EH_DATE_UTC ? Y2026 : Y2050;
	if (after == NULL || eh_date_length(*not_before + life) ==
		after->length)
		return EH_OK;
	/* The other form: end just before 2050, or begin that much before. */
	if (before->length != EH_DATE_UTC || life + DAY > Y2050)
		return EH_ERR_ARGUMENT;
	*not_before = Y2050 - life - (after->length == EH_DATE_UTC ? DAY : 0);
	return EH_OK;
}

int
eh_tbs_values_sample(const struct eh_profile *p, unsigned index,
    struct eh_tbs_values *v, struct eh_error *e)
{
	const struct eh_template *t;
	int err;

	memset(v, 0, sizeof(*v));
	if (index >= p->templates)
		return eh_error_set(e, EH_ERR_ARGUMENT,
		    "profile %s has no template %u", p->name, index);
	t = &p->template[index];
	v->serial[0] = 0x40;
	if (sample_date(t, &v->not_before) != EH_OK)
		return eh_error_set(e, EH_ERR_ARGUMENT, "template %s: no "
		    "notBefore fits both forms of time and its days", t->id);
	err = eh_rawkey_set(&v->key, generator, sizeof(generator));
	if (err != EH_OK)
		return eh_error_set(e, err, "template %s: no sample key",
		    t->id);
	v->device.len = p->identity.length;
	if (sample_text(&p->identity.pattern, p->identity.lo, p->identity.hi,
		v->device.bytes, v->device.len) != EH_OK)
		return eh_error_set(e, EH_ERR_ARGUMENT, "profile %s: no simple "
		    "device id lies in its range", p->name);
	for (unsigned i = 0; i < t->fields; i++) {
		const struct eh_field *f = &t->field[i];
		uint8_t value[EH_TEMPLATE_INPUT];

		if (f->source != EH_FIELD_INPUT)
			continue;
		if (f->length > sizeof(value) ||
		    sample_text(&f->pattern, f->lo, f->hi, value, f->length) !=
			EH_OK)
			return eh_error_set(e, EH_ERR_ARGUMENT, "template %s: "
			    "no simple value of input %u lies in its range",
			    t->id, f->id);
		err = eh_tbs_values_input(v, f->id, value, f->length);
		if (err != EH_OK && err != EH_ERR_EXISTS)
			return eh_error_set(e, EH_ERR_ARGUMENT,
			    "template %s: too many inputs", t->id);
	}
	return EH_OK;
}

/* The place of the input with this id, or where it would have to go. */
static unsigned
place(const struct eh_tbs_values *v, uint8_t id)
{
	unsigned i = 0;

	while (i < v->inputs && v->input[i].id < id)
		i++;
	return i;
}

const struct eh_tbs_input *
eh_tbs_values_get(const struct eh_tbs_values *v, uint8_t id)
{
	const unsigned i = place(v, id);

	return i < v->inputs && v->input[i].id == id ? &v->input[i] : NULL;
}

int
eh_tbs_values_input(
    struct eh_tbs_values *v, uint8_t id, const void *value, size_t len)
{
	const unsigned i = place(v, id);

	if (len < 1 || len > EH_TEMPLATE_INPUT)
		return EH_ERR_ARGUMENT;
	if (eh_tbs_values_get(v, id) != NULL)
		return EH_ERR_EXISTS;
	if (v->inputs == EH_TEMPLATE_INPUTS)
		return EH_ERR_FULL;
	memmove(&v->input[i + 1], &v->input[i],
	    (v->inputs - i) * sizeof(v->input[0]));
	v->inputs++;
	memset(&v->input[i], 0, sizeof(v->input[i]));
	v->input[i].id = id;
	v->input[i].len = (uint8_t)len;
	memcpy(v->input[i].bytes, value, len);
	return EH_OK;
}
