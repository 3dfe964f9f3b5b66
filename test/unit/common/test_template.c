/* SPDX-License-Identifier: Apache-2.0 */
/* test_template.c - what is rendered matches, and nothing else does. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/der/date.h"
#include "common/x509/template.h"
#include "test/unit/common/x509_fixture.h"
#include "test/unit/common/x509_golden.h"
#include "test/unit/unit.h"

#define DAY  86400
#define NOON UINT64_C(1796126400)

static struct fixture *f;
static struct eh_tbs_values in, out;
static uint8_t tbs[EH_TBS_MAX];
static size_t len;

static void
setup(void)
{
	f = fixture_gateway();
	fixture_compile(f);
	fixture_values(&in, "SN00000042", NOON);
}

static void
teardown(void)
{
	fixture_free(f);
}

static void
render(unsigned index)
{
	ck_assert_msg(eh_template_render(&f->profile, index, &in, tbs,
			  sizeof(tbs), &len, &f->error) == EH_OK, "%s",
	    f->error.text);
}

static int
match(unsigned index)
{
	eh_error_clear(&f->error);
	return eh_template_match(
	    &f->profile, index, tbs, len, &out, &f->error);
}

static void
refused(unsigned index, const char *say)
{
	static const struct eh_tbs_values zero;

	ck_assert_int_eq(match(index), EH_DENIED_TEMPLATE);
	ck_assert_msg(strstr(f->error.text, say) != NULL, "says: %s",
	    f->error.text);
	ck_assert_mem_eq(&out, &zero, sizeof(zero));
}

static const struct eh_field *
field(unsigned index, enum eh_field_source source)
{
	const struct eh_template *t = &f->profile.template[index];

	for (unsigned i = 0; i < t->fields; i++)
		if (t->field[i].source == source)
			return &t->field[i];
	ck_abort_msg("no such field");
	return NULL;
}

START_TEST(golden_tbs_comes_out)
{
	static const uint8_t authorization[EH_ID_LEN] = { 0, 1, 2, 3, 4, 5, 6,
		7, 8, 9, 10, 11, 12, 13, 14, 15 };
	uint8_t want[EH_TBS_MAX], digest[32], wanted[32];
	size_t wantlen = unit_hex(GOLDEN_TBS, want, sizeof(want));

	fixture_decode_golden(f);
	fixture_values(&in, GOLDEN_DEVICE, GOLDEN_NOT_BEFORE);
	ck_assert_int_eq(
	    eh_serial(authorization, &in.device, 0, 0, in.serial), EH_OK);
	render(0);
	ck_assert_uint_eq(len, wantlen);
	ck_assert_mem_eq(tbs, want, len);
	eh_sha256(tbs, len, digest);
	unit_hex(GOLDEN_TBS_DIGEST, wanted, sizeof(wanted));
	ck_assert_mem_eq(digest, wanted, sizeof(digest));
	ck_assert_int_eq(match(0), EH_OK);
	ck_assert_mem_eq(&out, &in, sizeof(in));
	/* And again from what a record holds. */
	memset(tbs, 0, sizeof(tbs));
	ck_assert_int_eq(eh_template_rebuild(&f->profile, 0, authorization, 0,
			     &out, tbs, sizeof(tbs), &len, &f->error), EH_OK);
	ck_assert_mem_eq(tbs, want, wantlen);
	ck_assert_int_eq(eh_template_rebuild(&f->profile, 0, authorization, 1,
			     &out, tbs, sizeof(tbs), &len, &f->error),
	    EH_DENIED_TEMPLATE);
	ck_assert_ptr_nonnull(strstr(f->error.text, "issue number 1"));
	out.device.len = 0;
	ck_assert_int_eq(eh_template_rebuild(&f->profile, 0, authorization, 0,
			     &out, tbs, sizeof(tbs), &len, &f->error),
	    EH_ERR_ARGUMENT);
}
END_TEST

/* The measured templates: offsets and lengths of openssl ca. */
START_TEST(templates_have_the_measured_layout)
{
	/* clang-format off */
	static const struct {
		unsigned index;
		size_t len;
		unsigned fields;
		struct {
			enum eh_field_source source;
			unsigned offset, length;
		} field[6];
	} measured[] = {
		{ 0, 385, 5, {
			{ EH_FIELD_SERIAL,      11, 16 },
			{ EH_FIELD_NOT_BEFORE, 108, 13 },
			{ EH_FIELD_DEVICE_ID,  166, 10 },
			{ EH_FIELD_PUBLIC_KEY, 202, 65 },
			{ EH_FIELD_DEVICE_ID,  375, 10 } } },
		{ 1, 392, 5, {
			{ EH_FIELD_SERIAL,          11, 16 },
			{ EH_FIELD_NOT_BEFORE,      93, 13 },
			{ EH_FIELD_DEVICE_ID,      149, 10 },
			{ EH_FIELD_PUBLIC_KEY,     229, 65 },
			{ EH_FIELD_SUBJECT_KEY_ID, 339, 20 } } },
	};
	/* clang-format on */

	for (unsigned i = 0; i < 2; i++) {
		const struct eh_template *t =
		    &f->profile.template[measured[i].index];

		ck_assert_uint_eq(t->tbslen, measured[i].len);
		ck_assert_uint_eq(t->fields, measured[i].fields);
		for (unsigned k = 0; k < t->fields; k++) {
			ck_assert_uint_eq(t->field[k].source,
			    measured[i].field[k].source);
			ck_assert_uint_eq(t->field[k].offset,
			    measured[i].field[k].offset);
			ck_assert_uint_eq(t->field[k].length,
			    measured[i].field[k].length);
		}
	}
}
END_TEST

START_TEST(with_subject_key_id_the_idevid_is_longer)
{
	struct eh_template_source *c = &f->source.certificate[0];

	/* Behind keyUsage, as openssl ca was told. */
	memmove(
	    &c->extension[3], &c->extension[2], 2 * sizeof(c->extension[0]));
	memset(&c->extension[2], 0, sizeof(c->extension[2]));
	c->extension[2].kind = EH_EXTENSION_SUBJECT_KEY_ID;
	c->extensions++;
	fixture_compile(f);
	ck_assert_uint_eq(f->profile.template[0].tbslen, 418);
	ck_assert_uint_eq(field(0, EH_FIELD_SUBJECT_KEY_ID)->offset, 314);
	ck_assert_uint_eq(f->profile.template[0].field[5].offset, 408);
}
END_TEST

START_TEST(what_is_rendered_matches)
{
	for (unsigned i = 0; i < 2; i++) {
		render(i);
		ck_assert_uint_eq(len, f->profile.template[i].tbslen);
		ck_assert_msg(match(i) == EH_OK, "%s", f->error.text);
		ck_assert_mem_eq(&out, &in, sizeof(in));
		refused(1 - i, "octets, this TBSCertificate has");
	}
}
END_TEST

/* Return 1 when octet ${at} lies in a field. */
static int
in_field(const struct eh_template *t, size_t at)
{
	for (unsigned i = 0; i < t->fields; i++)
		if (at >= t->field[i].offset &&
		    at < (size_t)t->field[i].offset + t->field[i].length)
			return 1;
	return 0;
}

START_TEST(no_octet_outside_the_fields_may_change)
{
	unsigned outside = 0;
	char say[64];

	for (unsigned i = 0; i < 2; i++) {
		const struct eh_template *t = &f->profile.template[i];

		render(i);
		for (size_t at = 0; at < len; at++) {
			if (in_field(t, at))
				continue;
			outside++;
			for (unsigned bit = 0; bit < 8; bit++) {
				tbs[at] ^= (uint8_t)(1 << bit);
				snprintf(say, sizeof(say),
				    "template %s, octet %zu: ", t->id, at);
				refused(i, say);
				tbs[at] ^= (uint8_t)(1 << bit);
			}
		}
		ck_assert_int_eq(match(i), EH_OK);
	}
	ck_assert_uint_eq(outside, 385 - 114 + 392 - 124);
}
END_TEST

START_TEST(one_octet_more_or_less_is_refused)
{
	render(0);
	len--;
	refused(
	    0, "template idevid has 385 octets, this TBSCertificate has 384");
	len += 2;
	refused(0, "this TBSCertificate has 386");
	len = 0;
	refused(0, "this TBSCertificate has 0");
}
END_TEST

START_TEST(serial_is_given_back_unjudged)
{
	render(0);
	memset(tbs + 11, 0xff, 16);
	ck_assert_int_eq(match(0), EH_OK);
	ck_assert_uint_eq(out.serial[0], 0xff);
	ck_assert_uint_eq(out.serial[15], 0xff);
}
END_TEST

START_TEST(not_before_must_be_a_date)
{
	render(0);
	memcpy(tbs + 108, "261301000000Z", 13);
	refused(0, "octet 108 (not-before): is not a date from 1970 to 2049");
	memcpy(tbs + 108, "261201000000z", 13);
	refused(0, "not-before");
	memcpy(tbs + 108, "500101000000Z", 13);	/* 1950 */
	refused(0, "not-before");
	memcpy(tbs + 108, "491231235959Z", 13);
	ck_assert_int_eq(match(0), EH_OK);
	ck_assert_uint_eq(out.not_before, UINT64_C(2524607999));
}
END_TEST

START_TEST(public_key_must_be_a_point)
{
	render(0);
	tbs[202] = 0x02;
	refused(0, "octet 202 (public-key): is not 04 and a point on P-256");
	tbs[202] = 0x04;
	tbs[202 + 64] ^= 1;
	refused(0, "public-key");
	memset(tbs + 203, 0, 64);
	refused(0, "public-key");
	memset(tbs + 203, 0xff, 64);
	refused(0, "public-key");
}
END_TEST

START_TEST(subject_key_id_must_be_that_of_the_key)
{
	struct eh_tbs_values other;

	render(1);
	for (unsigned i = 0; i < 20; i++) {
		tbs[339 + i] ^= 0x80;
		refused(1, "octet 339 (subject-key-id)");
		tbs[339 + i] ^= 0x80;
	}
	/* Another good key: the id no longer fits. */
	ck_assert_int_eq(
	    eh_tbs_values_sample(&f->profile, 1, &other, NULL), EH_OK);
	memcpy(tbs + 229, other.key.bytes, 65);
	refused(1, "subject-key-id");
}
END_TEST

START_TEST(device_id_fits_the_pattern_everywhere)
{
	render(0);
	for (unsigned i = 0; i < 10; i++) {
		tbs[166 + i] ^= 0x40;
		refused(0, "octet 166 (device-id): device id: octet");
		tbs[166 + i] ^= 0x40;
		tbs[375 + i] ^= 0x40;
		refused(0, "octet 375 (device-id)");
		tbs[375 + i] ^= 0x40;
	}
	tbs[375 + 9] = '3';
	refused(0, "octet 375 (device-id): is \"SN00000043\", the one before is "
		   "\"SN00000042\"");
	tbs[166 + 9] = '3';
	ck_assert_int_eq(match(0), EH_OK);
	ck_assert_mem_eq(out.device.bytes, "SN00000043", 10);
}
END_TEST

START_TEST(device_id_lies_in_the_range)
{
	f->source.identity.lo = "SN00000040";
	f->source.identity.hi = "SN00000049";
	fixture_compile(f);
	render(1);
	tbs[149 + 8] = '5';
	refused(1, "outside the range");
}
END_TEST

/* --- notAfter as a number of days -------------------------------------- */

static void
with_days(uint32_t days, enum eh_date_form form)
{
	struct eh_template_source *c = &f->source.certificate[0];

	c->standard = EH_STANDARD_NONE;
	c->not_after.field = 1;
	c->not_after.seconds = 0;
	c->not_after.days = days;
	c->not_after.form = form;
	fixture_compile(f);
}

START_TEST(not_after_is_days_later_to_the_second)
{
	const struct eh_field *x;
	uint64_t seconds;

	with_days(3650, EH_DATE_FORM_AUTO);
	in.not_before = NOON + 59;
	render(0);
	x = field(0, EH_FIELD_NOT_AFTER);
	ck_assert_uint_eq(x->length, 13);
	ck_assert_int_eq(
	    eh_date_decode(tbs + x->offset, x->length, &seconds), EH_OK);
	ck_assert_uint_eq(seconds, NOON + 59 + UINT64_C(3650) * DAY);
	for (unsigned i = 0; i < x->length; i++) {
		tbs[x->offset + i] ^= 1;
		refused(0, "(not-after): must be 3611");
		tbs[x->offset + i] ^= 1;
	}
	ck_assert_int_eq(eh_date_encode(seconds + 1, tbs + x->offset, 13),
	    EH_OK);
	refused(0, "notBefore plus 3650 days");
}
END_TEST

START_TEST(not_after_that_does_not_fit_its_form_is_refused)
{
	with_days(7305, EH_DATE_FORM_AUTO);
	in.not_before = UINT64_C(2524607999) - UINT64_C(7305) * DAY;
	render(0);
	ck_assert_int_eq(match(0), EH_OK);
	ck_assert_int_eq(eh_date_encode(in.not_before + 1, tbs + 108, 13),
	    EH_OK);
	refused(0, "this form of time cannot hold");
	in.not_before++;
	ck_assert_int_eq(eh_template_render(&f->profile, 0, &in, tbs,
			     sizeof(tbs), &len, &f->error), EH_ERR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(f->error.text, "2049"));
	/* The other way: too early for GeneralizedTime. */
	with_days(9132, EH_DATE_FORM_AUTO);
	ck_assert_uint_eq(field(0, EH_FIELD_NOT_AFTER)->length, 15);
	in.not_before = UINT64_C(2524608000) - UINT64_C(9132) * DAY;
	render(0);
	ck_assert_int_eq(match(0), EH_OK);
	in.not_before--;
	ck_assert_int_eq(eh_template_render(&f->profile, 0, &in, tbs,
			     sizeof(tbs), &len, &f->error), EH_ERR_ARGUMENT);
}
END_TEST

START_TEST(order_of_date_fields_does_not_matter)
{
	struct eh_template *t = &f->profile.template[0];
	struct eh_field *before = NULL, *after = NULL;

	/* A TBS that no compiler makes, but a profile may hold. */
	with_days(365, EH_DATE_FORM_AUTO);
	for (unsigned i = 0; i < t->fields; i++) {
		if (t->field[i].source == EH_FIELD_NOT_BEFORE)
			before = &t->field[i];
		if (t->field[i].source == EH_FIELD_NOT_AFTER)
			after = &t->field[i];
	}
	ck_assert_ptr_nonnull(before);
	ck_assert_ptr_nonnull(after);
	before->source = EH_FIELD_NOT_AFTER;
	after->source = EH_FIELD_NOT_BEFORE;
	render(0);
	ck_assert_int_eq(match(0), EH_OK);
	ck_assert_uint_eq(out.not_before, NOON);
	tbs[before->offset + 5] ^= 1;
	refused(0, "(not-after): must be");
}
END_TEST

/* --- host-given values ------------------------------------------------- */

static void
with_inputs(void)
{
	struct eh_template_source *c = &f->source.certificate[0];
	struct eh_source_attribute *a;

	f->source.inputs = 2;
	f->source.input[0].id = "batch";
	f->source.input[0].pattern = "[0-9A-Z]{4}";
	f->source.input[1].id = "mac";
	f->source.input[1].pattern = "0A[0-9A-F]{10}";
	f->source.input[1].lo = "0A0000000000";
	f->source.input[1].hi = "0A00000000FF";
	a = fixture_attribute(c, "organizationalUnitName", 0x0c, "MAC ");
	ck_assert_int_eq(
	    eh_source_add(&a->value, EH_PIECE_INPUT, "mac"), EH_OK);
	a = fixture_attribute(c, "organizationalUnitName", 0x0c, NULL);
	ck_assert_int_eq(
	    eh_source_add(&a->value, EH_PIECE_INPUT, "batch"), EH_OK);
	ck_assert_int_eq(
	    eh_source_add(&a->value, EH_PIECE_INPUT, "mac"), EH_OK);
	fixture_compile(f);
}

START_TEST(inputs_are_rendered_and_given_back)
{
	with_inputs();
	ck_assert_int_eq(
	    eh_tbs_values_input(&in, 129, "0A00000000FE", 12), EH_OK);
	ck_assert_int_eq(eh_tbs_values_input(&in, 128, "B007", 4), EH_OK);
	/* What no template asks for is not in the way. */
	ck_assert_int_eq(eh_tbs_values_input(&in, 200, "x", 1), EH_OK);
	render(0);
	ck_assert_int_eq(match(0), EH_OK);
	ck_assert_uint_eq(out.inputs, 2);
	ck_assert_uint_eq(out.input[0].id, 128);
	ck_assert_mem_eq(out.input[0].bytes, "B007", 4);
	ck_assert_uint_eq(out.input[1].id, 129);
	ck_assert_mem_eq(
	    eh_tbs_values_get(&out, 129)->bytes, "0A00000000FE", 12);
	ck_assert_ptr_null(eh_tbs_values_get(&out, 200));
}
END_TEST

START_TEST(inputs_are_judged)
{
	const struct eh_template *t = &f->profile.template[0];
	unsigned last = 0;

	with_inputs();
	ck_assert_int_eq(eh_template_render(&f->profile, 0, &in, tbs,
			     sizeof(tbs), &len, &f->error), EH_ERR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(f->error.text, "input 129 is missing"));
	ck_assert_int_eq(
	    eh_tbs_values_input(&in, 129, "0A00000001FE", 12), EH_OK);
	ck_assert_int_eq(eh_tbs_values_input(&in, 128, "B0070", 5), EH_OK);
	ck_assert_int_eq(eh_template_render(&f->profile, 0, &in, tbs,
			     sizeof(tbs), &len, &f->error), EH_ERR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(f->error.text, "has 5 octets"));
	in.inputs = 0;
	ck_assert_int_eq(eh_tbs_values_input(&in, 128, "B007", 4), EH_OK);
	ck_assert_int_eq(
	    eh_tbs_values_input(&in, 129, "0A00000001FE", 12), EH_OK);
	ck_assert_int_eq(eh_template_render(&f->profile, 0, &in, tbs,
			     sizeof(tbs), &len, &f->error), EH_ERR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(f->error.text, "outside its range"));
	in.input[1].bytes[9] = '0';
	render(0);
	for (unsigned i = 0; i < t->fields; i++)
		if (t->field[i].source == EH_FIELD_INPUT)
			last = t->field[i].offset;
	tbs[last + 11] = 'G';
	refused(0, "does not fit 0A[0-9A-F]{10}");
	tbs[last + 11] = 'D';
	refused(0, "differs from the other field of this input");
}
END_TEST

START_TEST(inputs_are_bounded_and_sorted)
{
	char big[EH_TEMPLATE_INPUT + 1] = "";

	in.inputs = 0;
	ck_assert_int_eq(
	    eh_tbs_values_input(&in, 1, big, sizeof(big)), EH_ERR_ARGUMENT);
	ck_assert_int_eq(eh_tbs_values_input(&in, 1, big, 0), EH_ERR_ARGUMENT);
	for (unsigned i = EH_TEMPLATE_INPUTS; i > 0; i--)
		ck_assert_int_eq(
		    eh_tbs_values_input(&in, (uint8_t)i, big, 64), EH_OK);
	ck_assert_int_eq(eh_tbs_values_input(&in, 1, big, 64), EH_ERR_EXISTS);
	ck_assert_int_eq(eh_tbs_values_input(&in, 99, big, 64), EH_ERR_FULL);
	for (unsigned i = 0; i < EH_TEMPLATE_INPUTS; i++)
		ck_assert_uint_eq(in.input[i].id, i + 1);
}
END_TEST

/* --- render ------------------------------------------------------------ */

static void
not_rendered(int err, const char *say)
{
	eh_error_clear(&f->error);
	ck_assert_int_eq(eh_template_render(&f->profile, 0, &in, tbs,
			     sizeof(tbs), &len, &f->error), err);
	ck_assert_int_eq(f->error.code, err);
	ck_assert_msg(strstr(f->error.text, say) != NULL, "says: %s",
	    f->error.text);
	ck_assert_uint_eq(len, 0);
}

START_TEST(bad_values_are_not_rendered)
{
	in.device.bytes[9] = 'x';
	not_rendered(EH_ERR_ARGUMENT, "device-id");
	in.device.bytes[9] = '2';
	in.device.len = 9;
	not_rendered(EH_ERR_ARGUMENT, "device-id: has 9 octets, must have 10");
	in.device.len = 10;
	in.not_before = EH_DATE_MAX + 1;
	not_rendered(EH_ERR_ARGUMENT, "beyond the year 9999");
	in.not_before = UINT64_C(2524608000);
	not_rendered(EH_ERR_ARGUMENT, "UTCTime holds dates up to 2049");
	in.not_before = NOON;
	in.key.bytes[64] ^= 1;
	not_rendered(EH_ERR_ARGUMENT, "is not 04 and a point on P-256");
	in.key.len = 0;
	not_rendered(EH_ERR_ARGUMENT, "no point on P-256");
}
END_TEST

START_TEST(rendering_needs_room_and_a_template)
{
	ck_assert_int_eq(eh_template_render(&f->profile, 0, &in, tbs, 384,
			     &len, &f->error), EH_ERR_SPACE);
	ck_assert_int_eq(eh_template_render(&f->profile, 2, &in, tbs,
			     sizeof(tbs), &len, &f->error), EH_ERR_ARGUMENT);
	ck_assert_int_eq(
	    eh_template_match(&f->profile, 2, tbs, 1, &out, &f->error),
	    EH_DENIED_TEMPLATE);
}
END_TEST

START_TEST(device_keys_on_p384_are_not_supported_in_words)
{
	struct eh_template *t = &f->profile.template[1];

	render(1);
	for (unsigned i = 0; i < t->fields; i++)
		if (t->field[i].source == EH_FIELD_PUBLIC_KEY)
			t->field[i].length = 97;
	t->fields = 4;		/* nothing behind the key */
	ck_assert_int_eq(eh_template_render(&f->profile, 1, &in, tbs,
			     sizeof(tbs), &len, &f->error), EH_ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(f->error.text, "97 octets"));
	memcpy(tbs + 326, t->tbs + 326, t->tbslen - 326);
	len = t->tbslen;
	ck_assert_int_eq(match(1), EH_ERR_UNSUPPORTED);
}
END_TEST

/* --- find -------------------------------------------------------------- */

static int
find(const uint8_t *issuer, unsigned *index)
{
	struct eh_template_hit hit;
	int err = eh_template_find(
	    &f->profile, issuer, tbs, len, &hit, &out, &f->error);

	*index = hit.index;
	ck_assert(err != EH_OK || hit.agreed == len);
	return err;
}

START_TEST(template_is_found)
{
	uint8_t other[EH_DIGEST_LEN] = { 0 };
	unsigned index = 9;

	render(1);
	ck_assert_int_eq(find(NULL, &index), EH_OK);
	ck_assert_uint_eq(index, 1);
	ck_assert_mem_eq(&out, &in, sizeof(in));
	ck_assert_int_eq(find(f->issuer[1].spki, &index), EH_OK);
	ck_assert_uint_eq(index, 1);
	ck_assert_int_eq(find(f->issuer[0].spki, &index), EH_DENIED_TEMPLATE);
	ck_assert_ptr_nonnull(strstr(f->error.text, "template idevid has 385"));
	ck_assert_int_eq(find(other, &index), EH_DENIED_TEMPLATE);
	ck_assert_ptr_nonnull(
	    strstr(f->error.text, "no template for this key"));
}
END_TEST

START_TEST(sentence_is_that_of_the_template_that_agreed_longest)
{
	unsigned index;

	render(0);
	tbs[300] ^= 1;
	ck_assert_int_eq(find(NULL, &index), EH_DENIED_TEMPLATE);
	ck_assert_ptr_nonnull(
	    strstr(f->error.text, "template idevid, octet 300"));
	render(1);
	tbs[339] ^= 1;
	ck_assert_int_eq(find(NULL, &index), EH_DENIED_TEMPLATE);
	ck_assert_ptr_nonnull(strstr(f->error.text, "template dac, octet 339"));
	ck_assert_int_eq(f->error.code, EH_DENIED_TEMPLATE);
}
END_TEST

START_TEST(fields_can_be_asked_for)
{
	ck_assert(eh_template_has(&f->profile, 0, EH_FIELD_DEVICE_ID));
	ck_assert(!eh_template_has(&f->profile, 0, EH_FIELD_SUBJECT_KEY_ID));
	ck_assert(eh_template_has(&f->profile, 1, EH_FIELD_SUBJECT_KEY_ID));
	ck_assert(!eh_template_has(&f->profile, 2, EH_FIELD_SERIAL));
}
END_TEST

/* --- samples ----------------------------------------------------------- */

START_TEST(samples_fit_every_template)
{
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    eh_tbs_values_sample(&f->profile, i, &in, &f->error),
		    EH_OK);
		render(i);
		ck_assert_int_eq(match(i), EH_OK);
	}
	with_inputs();
	ck_assert_int_eq(
	    eh_tbs_values_sample(&f->profile, 0, &in, &f->error), EH_OK);
	render(0);
	for (uint32_t days = 1; days <= 36525; days += 487) {
		with_days(days, days < 9132 ? EH_DATE_FORM_UTC :
					      EH_DATE_FORM_GENERALIZED);
		ck_assert_int_eq(eh_tbs_values_sample(&f->profile, 0, &in,
				     &f->error), EH_OK);
		render(0);
	}
	with_days(30, EH_DATE_FORM_GENERALIZED);
	ck_assert_int_eq(
	    eh_tbs_values_sample(&f->profile, 0, &in, &f->error), EH_OK);
	render(0);
	ck_assert_int_eq(
	    eh_tbs_values_sample(&f->profile, 2, &in, &f->error),
	    EH_ERR_ARGUMENT);
}
END_TEST

START_TEST(ranges_are_sampled_at_an_end)
{
	f->source.identity.lo = "SN00000040";
	f->source.identity.hi = "SN00000049";
	fixture_compile(f);
	ck_assert_int_eq(
	    eh_tbs_values_sample(&f->profile, 0, &in, &f->error), EH_OK);
	ck_assert_mem_eq(in.device.bytes, "SN00000040", 10);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("template");
	TCase *t = tcase_create("template");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, golden_tbs_comes_out);
	tcase_add_test(t, templates_have_the_measured_layout);
	tcase_add_test(t, with_subject_key_id_the_idevid_is_longer);
	tcase_add_test(t, what_is_rendered_matches);
	tcase_add_test(t, no_octet_outside_the_fields_may_change);
	tcase_add_test(t, one_octet_more_or_less_is_refused);
	tcase_add_test(t, serial_is_given_back_unjudged);
	tcase_add_test(t, not_before_must_be_a_date);
	tcase_add_test(t, public_key_must_be_a_point);
	tcase_add_test(t, subject_key_id_must_be_that_of_the_key);
	tcase_add_test(t, device_id_fits_the_pattern_everywhere);
	tcase_add_test(t, device_id_lies_in_the_range);
	tcase_add_test(t, not_after_is_days_later_to_the_second);
	tcase_add_test(t, not_after_that_does_not_fit_its_form_is_refused);
	tcase_add_test(t, order_of_date_fields_does_not_matter);
	tcase_add_test(t, inputs_are_rendered_and_given_back);
	tcase_add_test(t, inputs_are_judged);
	tcase_add_test(t, inputs_are_bounded_and_sorted);
	tcase_add_test(t, bad_values_are_not_rendered);
	tcase_add_test(t, rendering_needs_room_and_a_template);
	tcase_add_test(t, device_keys_on_p384_are_not_supported_in_words);
	tcase_add_test(t, template_is_found);
	tcase_add_test(t, sentence_is_that_of_the_template_that_agreed_longest);
	tcase_add_test(t, fields_can_be_asked_for);
	tcase_add_test(t, samples_fit_every_template);
	tcase_add_test(t, ranges_are_sampled_at_an_end);
	suite_add_tcase(s, t);
	return unit_run(s);
}
