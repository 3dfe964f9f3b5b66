/* SPDX-License-Identifier: Apache-2.0 */
/* test_profile_check.c - every profile that must not decide is refused. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/x509/profile.h"
#include "test/unit/common/x509_fixture.h"
#include "test/unit/unit.h"

static struct fixture *f;
static struct eh_profile *p;
static struct eh_template *idevid, *dac;
static uint8_t tbs[2][EH_TBS_MAX];

/* The gateway profile, with TBSCertificates that can be written to. */
static void
setup(void)
{
	f = fixture_gateway();
	fixture_compile(f);
	p = &f->profile;
	idevid = &p->template[0];
	dac = &p->template[1];
	for (unsigned i = 0; i < 2; i++) {
		memcpy(tbs[i], p->template[i].tbs, p->template[i].tbslen);
		p->template[i].tbs = tbs[i];
	}
}

static void
teardown(void)
{
	fixture_free(f);
}

static struct eh_field *
field(struct eh_template *t, enum eh_field_source source)
{
	for (unsigned i = 0; i < t->fields; i++)
		if (t->field[i].source == source)
			return &t->field[i];
	ck_abort_msg("no such field");
	return NULL;
}

/* Take a field out, whatever it was good for. */
static void
drop(struct eh_template *t, enum eh_field_source source)
{
	struct eh_field *at = field(t, source);

	t->fields--;
	memmove(at, at + 1,
	    (size_t)(&t->field[t->fields] - at) * sizeof(*at));
}

static void
refused(const char *say)
{
	uint8_t out[EH_PROFILE_MAX];
	size_t len;

	eh_error_clear(&f->error);
	ck_assert_msg(eh_profile_check(p, &f->error) == EH_ERR_FORMAT,
	    "accepted, but %s", say);
	ck_assert_msg(strstr(f->error.text, say) != NULL, "says: %s",
	    f->error.text);
	/* What does not load does not get written either. */
	ck_assert_int_eq(eh_profile_encode(p, out, sizeof(out), &len, NULL),
	    EH_ERR_FORMAT);
}

static void
accepted(void)
{
	ck_assert_msg(eh_profile_check(p, &f->error) == EH_OK, "%s",
	    f->error.text);
}

START_TEST(good_profile_is_accepted)
{
	accepted();
}
END_TEST

START_TEST(fields_are_sorted_and_apart)
{
	struct eh_field *a = &idevid->field[0], *b = &idevid->field[1], c;

	c = *a;
	*a = *b;
	*b = c;
	refused("not sorted");
	*b = *a;
	*a = c;
	accepted();
	b->offset = (uint16_t)(a->offset + a->length - 1);
	refused("overlaps");
	b->offset = a->offset;
	refused("overlaps");
}
END_TEST

START_TEST(fields_lie_inside)
{
	struct eh_field *last = &idevid->field[idevid->fields - 1];

	ck_assert_uint_eq(last->offset + (size_t)last->length, idevid->tbslen);
	last->offset++;
	refused("outside");
	last->offset = 4095;
	refused("outside");
}
END_TEST

START_TEST(field_octets_are_zero)
{
	for (unsigned i = 0; i < idevid->fields; i++) {
		const struct eh_field *x = &idevid->field[i];

		for (unsigned at = 0; at < x->length; at++) {
			tbs[0][x->offset + at] = 1;
			refused("must be zero");
			tbs[0][x->offset + at] = 0;
		}
	}
	accepted();
}
END_TEST

START_TEST(there_is_one_serial_of_16_octets)
{
	struct eh_field *x = field(idevid, EH_FIELD_SERIAL);

	x->length = 15;
	refused("must have 16 octets");
	x->length = 16;
	drop(idevid, EH_FIELD_SERIAL);
	refused("exactly one certificate-serial");
}
END_TEST

START_TEST(two_serials_are_refused)
{
	/* Where the octets allow it: the second half of the key field. */
	struct eh_field *key = field(dac, EH_FIELD_PUBLIC_KEY);

	key->source = EH_FIELD_SERIAL;
	key->length = 16;
	refused("exactly one certificate-serial");
}
END_TEST

START_TEST(there_is_one_public_key_of_a_known_length)
{
	struct eh_field *x = field(idevid, EH_FIELD_PUBLIC_KEY);

	x->length = 64;
	refused("65 octets (P-256) or 97");
	x->length = 65;
	drop(idevid, EH_FIELD_PUBLIC_KEY);
	refused("exactly one public-key");
}
END_TEST

START_TEST(two_public_keys_are_refused)
{
	struct eh_field *x = field(idevid, EH_FIELD_PUBLIC_KEY);

	/* Two keys in a longer TBS. */
	memset(tbs[0] + idevid->tbslen, 0, 65);
	idevid->field[idevid->fields] = *x;
	idevid->field[idevid->fields].id = 77;
	idevid->field[idevid->fields].offset = (uint16_t)idevid->tbslen;
	idevid->tbslen += 65;
	idevid->fields++;
	refused("exactly one public-key");
}
END_TEST

START_TEST(dates_have_13_or_15_octets)
{
	struct eh_field *x = field(idevid, EH_FIELD_NOT_BEFORE);

	x->length = 12;
	refused("13 octets (UTCTime) or 15");
	x->length = 14;
	tbs[0][x->offset + 13] = 0;
	refused("13 octets");
}
END_TEST

/* Make the constant notAfter of the template a field. */
static struct eh_field *
make_not_after(struct eh_template *t)
{
	unsigned at = 0;

	while (t->field[at].source != EH_FIELD_NOT_BEFORE)
		at++;
	memmove(&t->field[at + 2], &t->field[at + 1],
	    (t->fields - at - 1) * sizeof(t->field[0]));
	t->fields++;
	t->field[at + 1] = t->field[at];
	t->field[at + 1].source = EH_FIELD_NOT_AFTER;
	t->field[at + 1].id = 99;
	t->field[at + 1].offset =
	    (uint16_t)(t->field[at].offset + t->field[at].length + 2);
	t->field[at + 1].length = 15;
	memset(tbs[t - p->template] + t->field[at + 1].offset, 0, 15);
	return &t->field[at + 1];
}

START_TEST(not_after_stands_beside_not_before_and_has_days)
{
	struct eh_field *x = make_not_after(idevid);

	refused("needs 1 to 36525 days");
	idevid->days = 3650;
	accepted();
	idevid->days = 36526;
	refused("needs 1 to 36525 days");
	idevid->days = 3650;
	x->length = 14;
	refused("13 octets");
	x->length = 15;
	drop(idevid, EH_FIELD_NOT_BEFORE);
	refused("no not-before field");
}
END_TEST

START_TEST(dates_are_there_once)
{
	struct eh_field *x = make_not_after(idevid);

	x->source = EH_FIELD_NOT_BEFORE;
	refused("more than one not-before");
	x->source = EH_FIELD_NOT_AFTER;
	idevid->days = 30;
	accepted();
	field(idevid, EH_FIELD_NOT_BEFORE)->source = EH_FIELD_NOT_AFTER;
	refused("more than one not-after");
}
END_TEST

START_TEST(days_without_a_field_are_refused)
{
	idevid->days = 3650;
	refused("has days, but no not-after field");
}
END_TEST

START_TEST(subject_key_id_has_20_octets)
{
	field(dac, EH_FIELD_SUBJECT_KEY_ID)->length = 19;
	refused("must have 20 octets");
}
END_TEST

START_TEST(device_id_has_the_length_of_the_identity)
{
	field(idevid, EH_FIELD_DEVICE_ID)->length = 9;
	refused("differs in length from the identity");
}
END_TEST

START_TEST(template_without_a_device_id_is_legal)
{
	drop(dac, EH_FIELD_DEVICE_ID);
	accepted();
}
END_TEST

/* Make a device-id field a host-given value. */
static struct eh_field *
make_input(void)
{
	struct eh_field *x = field(dac, EH_FIELD_DEVICE_ID);

	x->source = EH_FIELD_INPUT;
	x->pattern = p->identity.pattern;
	return x;
}

START_TEST(input_needs_a_pattern_that_fills_it)
{
	struct eh_field *x = make_input();

	accepted();
	x->pattern.run[1].count--;
	refused("does not fill the field");
	x->pattern.run[1].count += 2;
	refused("does not fill the field");
	x->pattern.run[1].count = 8;
	x->pattern.run[1].charset = EH_CHARSET_MAX + 1;
	refused("does not fill the field");
	x->pattern.runs = 0;
	refused("needs a pattern");
}
END_TEST

START_TEST(input_range_is_in_order_and_as_long)
{
	struct eh_field *x = make_input();

	x->lo = (const uint8_t *)"SN00000001";
	x->hi = (const uint8_t *)"SN00000001";
	x->rangelen = 10;
	accepted();
	x->lo = (const uint8_t *)"SN00000002";
	refused("ends before it begins");
	x->rangelen = 9;
	refused("differ in length");
}
END_TEST

START_TEST(input_fits_into_a_record)
{
	struct eh_field *x = make_input();

	memset(tbs[1] + x->offset, 0, 65);
	dac->fields = (unsigned)(x - dac->field) + 1;
	x->length = 65;
	refused("at most 64 octets");
}
END_TEST

START_TEST(other_sources_have_neither_pattern_nor_range)
{
	struct eh_field *x = field(dac, EH_FIELD_DEVICE_ID);

	x->pattern = p->identity.pattern;
	refused("only a host-given value");
	x->pattern.runs = 0;
	x->lo = x->hi = (const uint8_t *)"SN00000001";
	x->rangelen = 10;
	refused("only a host-given value");
}
END_TEST

START_TEST(unknown_source_is_refused)
{
	field(dac, EH_FIELD_DEVICE_ID)->source = 8;
	refused("unknown source");
}
END_TEST

START_TEST(field_ids_are_used_once)
{
	idevid->field[1].id = idevid->field[0].id;
	refused("same id");
}
END_TEST

START_TEST(inputs_share_an_id_only_when_they_are_the_same)
{
	struct eh_field *a = NULL, *b = NULL;

	for (unsigned i = 0; i < idevid->fields; i++)
		if (idevid->field[i].source == EH_FIELD_DEVICE_ID) {
			b = a;
			a = &idevid->field[i];
			a->source = EH_FIELD_INPUT;
			a->pattern = p->identity.pattern;
			a->id = 128;
		}
	ck_assert_ptr_nonnull(b);
	accepted();
	a->lo = a->hi = (const uint8_t *)"SN00000001";
	a->rangelen = 10;
	refused("same id");
	a->rangelen = 0;
	a->pattern.run[1].charset = EH_CHARSET_ALNUM;
	refused("same id");
}
END_TEST

START_TEST(one_tbs_can_fit_only_one_template)
{
	char id[EH_NAME_MAX + 1];

	*dac = *idevid;
	refused("two templates have this id");
	strcpy(id, "other");
	memcpy(dac->id, id, sizeof(id));
	refused("could fit both");
	/* A constant octet of both that differs keeps them apart. */
	memcpy(tbs[1], tbs[0], idevid->tbslen);
	dac->tbs = tbs[1];
	tbs[1][3] ^= 1;
	accepted();
	tbs[1][3] ^= 1;
	/* One that is inside a field of either does not. */
	drop(dac, EH_FIELD_DEVICE_ID);
	tbs[1][idevid->field[2].offset] = 'S';
	refused("could fit both");
}
END_TEST

START_TEST(same_key_number_means_same_kind_of_key)
{
	ck_assert_uint_eq(eh_profile_key(p, 1), eh_profile_key(p, 0));
	dac->sig_alg = EH_SIG_RSA_PKCS1_SHA256;
	refused("share device key 0");
	dac->sig_alg = EH_SIG_ECDSA_P384_SHA384;
	accepted();
	dac->sig_alg = EH_SIG_RSA_PSS_SHA256;
	dac->key_given = 0;
	accepted();
	idevid->key_given = 1;
	idevid->key = 1;
	refused("share device key 1");
}
END_TEST

START_TEST(same_key_number_means_same_length_of_key)
{
	struct eh_field *x = field(dac, EH_FIELD_PUBLIC_KEY);

	/* Nothing but the field to the end. */
	dac->fields = (unsigned)(x - dac->field) + 1;
	x->length = 97;
	memset(tbs[1] + x->offset, 0, 97);
	refused("share device key 0");
	dac->key_given = 0;
	accepted();
}
END_TEST

START_TEST(templates_are_within_their_limits)
{
	p->templates = 0;
	refused("0 templates");
	p->templates = 17;
	refused("17 templates");
	p->templates = 2;
	dac->id[0] = ' ';
	refused("template 1: its id is no name");
	dac->id[0] = 'd';
	dac->tbslen = 63;
	refused("64 to 4096");
	dac->tbslen = 4097;
	refused("64 to 4096");
	dac->tbslen = 392;
	dac->fields = 0;
	refused("1 to 32 fields");
	dac->fields = 33;
	refused("1 to 32 fields");
	dac->fields = 5;
	dac->standard = 5;
	refused("unknown signature algorithm or standard");
	dac->standard = 0;
	dac->sig_alg = -7;
	refused("unknown signature algorithm or standard");
}
END_TEST

START_TEST(identity_is_whole)
{
	p->identity.length = 11;
	refused("does not fill 11 octets");
	p->identity.length = 0;
	refused("0 octets");
	p->identity.length = 33;
	refused("33 octets");
	p->identity.length = 10;
	p->identity.lo = (const uint8_t *)"SN00000002";
	p->identity.hi = (const uint8_t *)"SN00000001";
	refused("ends before it begins");
	p->identity.lo = p->identity.hi;
	accepted();
	p->identity.kind[0] = '\0';
	refused("id kind is no name");
}
END_TEST

START_TEST(profile_has_a_name)
{
	p->name[0] = '-';
	refused("name is no name");
}
END_TEST

static void
add_secret(void)
{
	struct eh_secret *s = &p->secret[p->secrets++];

	strcpy(s->label, "storage-key");
	s->kdf = EH_KDF_HKDF_SHA256;
	s->size = 16;
	s->contexts = 1;
	s->context[0].kind = EH_CONTEXT_DEVICE_ID;
	s->wrap = EH_WRAP_HPKE;
}

START_TEST(secrets_are_long_enough_and_their_context_is_known)
{
	struct eh_secret *s = &p->secret[0];

	add_secret();
	accepted();
	s->size = 15;
	refused("secret storage-key: 15 octets");
	s->size = 65;
	refused("65 octets");
	s->size = 64;
	s->contexts = 0;
	refused("0 context items");
	s->contexts = 5;
	refused("5 context items");
	s->contexts = 1;
	s->context[0].kind = EH_CONTEXT_CONSTANT;
	s->context[0].constant = (const uint8_t *)"";
	s->context[0].len = 0;
	refused("context item 0 is malformed");
	s->context[0].len = 65;
	refused("context item 0 is malformed");
	s->context[0].kind = 4;
	refused("context item 0 is malformed");
	s->context[0].kind = EH_CONTEXT_DEVICE_ID;
	s->kdf = 3;
	refused("unknown KDF");
	s->kdf = EH_KDF_SP800_108_CTR;
	s->wrap = 0;
	refused("unknown KDF or way out");
	s->wrap = EH_WRAP_TPM2_DUPLICATE;
	s->label[0] = '\0';
	refused("label is no name");
	s->label[0] = 's';
	add_secret();
	refused("two secrets have this label");
}
END_TEST

START_TEST(chip_id_in_a_context_needs_an_attested_chip)
{
	add_secret();
	p->secret[0].context[0].kind = EH_CONTEXT_CHIP_ID;
	refused("needs evidence: attested");
	p->evidence = EH_EVIDENCE_CSR;
	refused("needs evidence: attested");
	p->evidence = EH_EVIDENCE_ATTESTED;
	p->roots = 1;
	accepted();
}
END_TEST

START_TEST(attested_needs_roots)
{
	p->evidence = EH_EVIDENCE_ATTESTED;
	refused("at least one attestation root");
	p->roots = 1;
	accepted();
	p->evidence = 3;
	refused("unknown kind of evidence");
}
END_TEST

static void
unsupported(const char *say)
{
	accepted();
	ck_assert_int_eq(
	    eh_profile_supported(p, &f->error), EH_ERR_UNSUPPORTED);
	ck_assert_msg(strstr(f->error.text, say) != NULL, "says: %s",
	    f->error.text);
}

START_TEST(what_is_not_built_is_refused_in_words)
{
	struct eh_field *x;

	ck_assert_int_eq(eh_profile_supported(p, &f->error), EH_OK);
	p->evidence = EH_EVIDENCE_CSR;
	ck_assert_int_eq(eh_profile_supported(p, &f->error), EH_OK);
	p->roots = 1;
	p->evidence = EH_EVIDENCE_ATTESTED;
	p->adac_given = 1;
	ck_assert_int_eq(eh_profile_supported(p, &f->error), EH_OK);
	p->adac_given = 0;
	p->evidence = EH_EVIDENCE_NONE;
	unsupported("attestation roots");
	p->roots = 0;
	p->adac_given = 1;
	unsupported("ADAC");
	p->adac_given = 0;
	add_secret();
	unsupported("derived secret storage-key");
	p->secrets = 0;
	dac->sig_alg = EH_SIG_ECDSA_P384_SHA384;
	unsupported("template dac of profile gateway-b");
	dac->sig_alg = EH_SIG_ECDSA_P256_SHA256;
	x = field(dac, EH_FIELD_PUBLIC_KEY);
	dac->fields = (unsigned)(x - dac->field) + 1;
	dac->key_given = 0;
	x->length = 97;
	memset(tbs[1] + x->offset, 0, 97);
	unsupported("P-384");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("profile_check");
	TCase *t = tcase_create("profile_check");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, good_profile_is_accepted);
	tcase_add_test(t, fields_are_sorted_and_apart);
	tcase_add_test(t, fields_lie_inside);
	tcase_add_test(t, field_octets_are_zero);
	tcase_add_test(t, there_is_one_serial_of_16_octets);
	tcase_add_test(t, two_serials_are_refused);
	tcase_add_test(t, there_is_one_public_key_of_a_known_length);
	tcase_add_test(t, two_public_keys_are_refused);
	tcase_add_test(t, dates_have_13_or_15_octets);
	tcase_add_test(t, not_after_stands_beside_not_before_and_has_days);
	tcase_add_test(t, dates_are_there_once);
	tcase_add_test(t, days_without_a_field_are_refused);
	tcase_add_test(t, subject_key_id_has_20_octets);
	tcase_add_test(t, device_id_has_the_length_of_the_identity);
	tcase_add_test(t, template_without_a_device_id_is_legal);
	tcase_add_test(t, input_needs_a_pattern_that_fills_it);
	tcase_add_test(t, input_range_is_in_order_and_as_long);
	tcase_add_test(t, input_fits_into_a_record);
	tcase_add_test(t, other_sources_have_neither_pattern_nor_range);
	tcase_add_test(t, unknown_source_is_refused);
	tcase_add_test(t, field_ids_are_used_once);
	tcase_add_test(t, inputs_share_an_id_only_when_they_are_the_same);
	tcase_add_test(t, one_tbs_can_fit_only_one_template);
	tcase_add_test(t, same_key_number_means_same_kind_of_key);
	tcase_add_test(t, same_key_number_means_same_length_of_key);
	tcase_add_test(t, templates_are_within_their_limits);
	tcase_add_test(t, identity_is_whole);
	tcase_add_test(t, profile_has_a_name);
	tcase_add_test(t, secrets_are_long_enough_and_their_context_is_known);
	tcase_add_test(t, chip_id_in_a_context_needs_an_attested_chip);
	tcase_add_test(t, attested_needs_roots);
	tcase_add_test(t, what_is_not_built_is_refused_in_words);
	suite_add_tcase(s, t);
	return unit_run(s);
}
