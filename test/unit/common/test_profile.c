/* SPDX-License-Identifier: Apache-2.0 */
/* test_profile.c - the compiled profile decodes one way or not at all. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/x509/profile.h"
#include "test/unit/common/x509_fixture.h"
#include "test/unit/common/x509_golden.h"
#include "test/unit/unit.h"

static struct fixture *f;
static uint8_t again[EH_PROFILE_MAX];

static void
setup(void)
{
	f = fixture_golden();
	fixture_decode_golden(f);
}

static void
teardown(void)
{
	fixture_free(f);
}

START_TEST(golden_profile_is_understood)
{
	/* clang-format off */
	static const struct {
		enum eh_field_source source;
		unsigned offset, length;
	} fields[] = {
		{ EH_FIELD_SERIAL,          11, 16 },
		{ EH_FIELD_NOT_BEFORE,      73, 13 },
		{ EH_FIELD_DEVICE_ID,      131, 10 },
		{ EH_FIELD_PUBLIC_KEY,     167, 65 },
		{ EH_FIELD_SUBJECT_KEY_ID, 277, 20 },
	};
	/* clang-format on */
	const struct eh_template *t = &f->profile.template[0];

	ck_assert_uint_eq(f->len, GOLDEN_PROFILE_LEN);
	ck_assert_str_eq(f->profile.name, "gateway-a");
	ck_assert_uint_eq(f->profile.version, 3);
	ck_assert_str_eq(f->profile.identity.kind, "serial");
	ck_assert_uint_eq(f->profile.identity.length, 10);
	ck_assert_uint_eq(f->profile.templates, 1);
	ck_assert_str_eq(t->id, "idevid");
	ck_assert_int_eq(t->sig_alg, EH_SIG_ECDSA_P256_SHA256);
	ck_assert_uint_eq(t->tbslen, GOLDEN_TBS_LEN);
	ck_assert_uint_eq(t->standard, EH_STANDARD_IEEE_802_1AR);
	ck_assert_uint_eq(t->fields, 5);
	for (unsigned i = 0; i < t->fields; i++) {
		ck_assert_uint_eq(t->field[i].source, fields[i].source);
		ck_assert_uint_eq(t->field[i].offset, fields[i].offset);
		ck_assert_uint_eq(t->field[i].length, fields[i].length);
	}
	ck_assert_uint_eq(f->profile.evidence, EH_EVIDENCE_CSR);
	ck_assert_uint_eq(f->profile.secrets, 1);
	ck_assert_str_eq(f->profile.secret[0].label, "debug-credential");
	ck_assert_uint_eq(f->profile.secret[0].size, 32);
}
END_TEST

START_TEST(golden_profile_encodes_to_itself)
{
	uint8_t digest[EH_DIGEST_LEN], want[EH_DIGEST_LEN];
	size_t len;

	ck_assert_int_eq(eh_profile_encode(&f->profile, again, sizeof(again),
			     &len, &f->error), EH_OK);
	ck_assert_uint_eq(len, f->len);
	ck_assert_mem_eq(again, f->bytes, len);
	eh_profile_digest(again, len, digest);
	unit_hex(GOLDEN_CONFIG_DIGEST, want, sizeof(want));
	ck_assert_mem_eq(digest, want, sizeof(want));
}
END_TEST

START_TEST(compiled_source_encodes_to_the_golden_profile)
{
	struct eh_profile *p = malloc(sizeof(*p));
	size_t len;

	ck_assert_ptr_nonnull(p);
	*p = f->profile;
	fixture_free(f);
	f = fixture_golden();
	fixture_compile(f);
	/* The golden digests of source and plan are of short texts. */
	memcpy(f->profile.source, p->source, EH_DIGEST_LEN);
	memcpy(f->profile.plan, p->plan, EH_DIGEST_LEN);
	free(p);
	ck_assert_int_eq(eh_profile_encode(&f->profile, again, sizeof(again),
			     &len, &f->error), EH_OK);
	ck_assert_uint_eq(len,
	    unit_hex(GOLDEN_PROFILE, f->bytes, sizeof(f->bytes)));
	ck_assert_mem_eq(again, f->bytes, len);
}
END_TEST

/* Every label that is optional, and host-given values with patterns. */
START_TEST(every_member_survives_a_round_trip)
{
	struct eh_template_source *c;
	size_t len;

	fixture_free(f);
	f = fixture_gateway();
	f->source.evidence = EH_EVIDENCE_ATTESTED;
	f->source.roots = 2;
	f->source.root[1][0] = 7;
	f->source.debug.given = 1;
	f->source.debug.trust_anchor_given = 1;
	f->source.debug.trust_anchor[5] = 5;
	f->source.secrets = 1;
	f->source.secret[0].id = "storage-key";
	f->source.secret[0].kdf = EH_KDF_SP800_108_CTR;
	f->source.secret[0].contexts = 3;
	f->source.secret[0].context[0].kind = EH_PIECE_DEVICE_ID;
	f->source.secret[0].context[1].kind = EH_PIECE_CHIP_ID;
	f->source.secret[0].context[2].kind = EH_PIECE_TEXT;
	f->source.secret[0].context[2].text = "v1";
	f->source.secret[0].size = 64;
	f->source.secret[0].wrap = EH_WRAP_TPM2_DUPLICATE;
	f->source.inputs = 1;
	f->source.input[0].id = "mac";
	f->source.input[0].pattern = "0A[0-9A-F]{10}";
	f->source.input[0].lo = "0A0000000000";
	f->source.input[0].hi = "0AFFFFFFFFFF";
	c = &f->source.certificate[0];
	ck_assert_int_eq(eh_source_add(
	    &fixture_attribute(c, "2.5.4.11", 0x0c, "MAC ")->value,
	    EH_PIECE_INPUT, "mac"), EH_OK);
	c->not_after.field = 1;
	c->not_after.seconds = 0;
	c->not_after.days = 3650;
	c->standard = EH_STANDARD_NONE;
	fixture_compile(f);
	ck_assert_int_eq(eh_profile_encode(&f->profile, again, sizeof(again),
			     &len, &f->error), EH_OK);
	ck_assert_uint_eq(len, f->len);
	ck_assert_mem_eq(again, f->bytes, len);
	ck_assert_uint_eq(f->profile.template[0].days, 3650);
	ck_assert_uint_eq(f->profile.template[1].key_given, 1);
	ck_assert_uint_eq(eh_profile_key(&f->profile, 1), 0);
	ck_assert_uint_eq(f->profile.roots, 2);
	ck_assert_uint_eq(f->profile.adac_given, 1);
	ck_assert_uint_eq(f->profile.adac_root[5], 5);
	ck_assert_uint_eq(f->profile.secret[0].contexts, 3);
}
END_TEST

START_TEST(every_shorter_or_longer_file_is_refused)
{
	for (size_t len = 0; len < f->len; len++)
		ck_assert_int_ne(eh_profile_decode(&f->profile, f->bytes, len,
				     NULL), EH_OK);
	f->bytes[f->len] = 0;
	ck_assert_int_eq(eh_profile_decode(&f->profile, f->bytes, f->len + 1,
			     &f->error), EH_ERR_TRAILING);
	ck_assert_ptr_nonnull(strstr(f->error.text, "octet 635 of 636"));
	ck_assert_int_eq(eh_profile_decode(&f->profile, f->bytes,
			     EH_PROFILE_MAX + 1, &f->error), EH_ERR_FORMAT);
	ck_assert_ptr_nonnull(strstr(f->error.text, "65536"));
}
END_TEST

/* A flipped bit is refused, or makes another profile: never the same one. */
START_TEST(no_two_files_mean_the_same)
{
	for (size_t bit = 0; bit < 8 * f->len; bit++) {
		size_t len;

		f->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (eh_profile_decode(&f->profile, f->bytes, f->len, NULL) ==
		    EH_OK) {
			ck_assert_int_eq(eh_profile_encode(&f->profile, again,
					     sizeof(again), &len, NULL), EH_OK);
			ck_assert_uint_eq(len, f->len);
			ck_assert_mem_eq(again, f->bytes, len);
		}
		f->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

/* What the schema has no room for. */
START_TEST(unknown_labels_and_values_are_refused)
{
	/* clang-format off */
	static const struct {
		size_t at;
		uint8_t is, put;
		const char *what;
	} bad[] = {
		{ 0,  0xa9, 0xaa, "one member more than there are" },
		{ 1,  0x00, 0x0b, "an unknown label first" },
		{ 2,  0x01, 0x02, "another format version" },
		{ 27, 0x0a, 0x2a, "a device id of negative length" },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_uint_eq(f->bytes[bad[i].at], bad[i].is);
		f->bytes[bad[i].at] = bad[i].put;
		ck_assert_msg(eh_profile_decode(&f->profile, f->bytes, f->len,
				  &f->error) == EH_ERR_FORMAT, "%s",
		    bad[i].what);
		ck_assert_ptr_nonnull(strstr(f->error.text, "malformed"));
		f->bytes[bad[i].at] = bad[i].is;
	}
	ck_assert_int_eq(
	    eh_profile_decode(&f->profile, f->bytes, f->len, NULL), EH_OK);
}
END_TEST

START_TEST(refused_profile_leaves_nothing_behind)
{
	static const struct eh_profile zero;

	f->bytes[300] ^= 1;	/* an octet of a field */
	ck_assert_int_ne(
	    eh_profile_decode(&f->profile, f->bytes, f->len, NULL), EH_OK);
	ck_assert_mem_eq(&f->profile, &zero, sizeof(zero));
}
END_TEST

START_TEST(encoding_needs_room)
{
	size_t len;

	ck_assert_int_eq(eh_profile_encode(&f->profile, again, 634, &len,
			     &f->error), EH_ERR_SPACE);
	ck_assert_uint_eq(len, 635);
	ck_assert_ptr_nonnull(strstr(f->error.text, "635"));
}
END_TEST

START_TEST(templates_are_found_by_id)
{
	unsigned index = 9;

	ck_assert_ptr_eq(eh_profile_template(&f->profile, "idevid", &index),
	    &f->profile.template[0]);
	ck_assert_uint_eq(index, 0);
	ck_assert_ptr_null(eh_profile_template(&f->profile, "dac", NULL));
}
END_TEST

/* The code behind compares as many octets of a range as an id has. */
START_TEST(range_of_ids_is_as_long_as_an_id)
{
	static const uint8_t range[] = "\x82\x4aSN00000000\x4aSN99999999";
	static const uint8_t both[] = "\x82\x49SN0000000\x49SN9999999";
	static const uint8_t one[] = "\x82\x4aSN00000000\x49SN9999999";
	uint8_t *at = memmem(f->bytes, f->len, range, sizeof(range) - 1);
	size_t behind;

	ck_assert_ptr_nonnull(at);
	behind = f->len - (size_t)(at - f->bytes) - (sizeof(range) - 1);
	memmove(at + sizeof(one) - 1, at + sizeof(range) - 1, behind);
	memcpy(at, one, sizeof(one) - 1);
	ck_assert_int_eq(eh_profile_decode(&f->profile, f->bytes, f->len - 1,
			     &f->error), EH_ERR_FORMAT);
	memmove(at + sizeof(both) - 1, at + sizeof(one) - 1, behind);
	memcpy(at, both, sizeof(both) - 1);
	ck_assert_int_eq(eh_profile_decode(&f->profile, f->bytes, f->len - 2,
			     &f->error), EH_ERR_FORMAT);
	ck_assert_ptr_nonnull(strstr(f->error.text, "malformed at octet"));
}
END_TEST

START_TEST(device_ids_are_judged_in_words)
{
	/* clang-format off */
	static const struct {
		const char *id, *say;
	} bad[] = {
		{ "SN0000004",
			"has 9 octets, profile gateway-a wants SN[0-9]{8}" },
		{ "SN000000420", "has 11 octets" },
		{ "SN0000004x",  "octet 9 does not fit SN[0-9]{8}" },
		{ "XN00000042",  "octet 0" },
		{ "",            "has 0 octets" },
		{ "SN01234567890123456789012345678901234567890",
			"has 43 octets" },
	};
	/* clang-format on */
	struct eh_device_id id;

	ck_assert_int_eq(eh_profile_parse_device(&f->profile, "SN00000042",
			     &id, &f->error), EH_OK);
	ck_assert_uint_eq(id.len, 10);
	ck_assert_mem_eq(id.bytes, "SN00000042", 10);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(eh_profile_parse_device(&f->profile, bad[i].id,
				     &id, &f->error), EH_DENIED_SCOPE);
		ck_assert_msg(strstr(f->error.text, bad[i].say) != NULL,
		    "says: %s", f->error.text);
		ck_assert_uint_eq(id.len, 0);
	}
}
END_TEST

START_TEST(device_outside_the_range_is_refused)
{
	struct eh_device_id id;

	fixture_free(f);
	f = fixture_golden();
	f->source.identity.lo = "SN00000040";
	f->source.identity.hi = "SN00000049";
	fixture_compile(f);
	ck_assert_int_eq(eh_profile_parse_device(&f->profile, "SN00000040",
			     &id, &f->error), EH_OK);
	ck_assert_int_eq(eh_profile_parse_device(&f->profile, "SN00000050",
			     &id, &f->error), EH_DENIED_SCOPE);
	ck_assert_ptr_nonnull(
	    strstr(f->error.text, "SN00000040 to SN00000049"));
}
END_TEST

START_TEST(words_of_sources_and_standards)
{
	ck_assert_str_eq(
	    eh_field_source_name(EH_FIELD_SERIAL), "certificate-serial");
	ck_assert_str_eq(eh_field_source_name(EH_FIELD_INPUT), "input");
	ck_assert_str_eq(eh_field_source_name(99), "unknown");
	ck_assert_str_eq(
	    eh_standard_name(EH_STANDARD_MATTER_DAC), "matter-dac");
	ck_assert_str_eq(eh_standard_name(99), "unknown");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("profile");
	TCase *t = tcase_create("profile");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, golden_profile_is_understood);
	tcase_add_test(t, golden_profile_encodes_to_itself);
	tcase_add_test(t, compiled_source_encodes_to_the_golden_profile);
	tcase_add_test(t, every_member_survives_a_round_trip);
	tcase_add_test(t, every_shorter_or_longer_file_is_refused);
	tcase_add_test(t, no_two_files_mean_the_same);
	tcase_add_test(t, unknown_labels_and_values_are_refused);
	tcase_add_test(t, refused_profile_leaves_nothing_behind);
	tcase_add_test(t, encoding_needs_room);
	tcase_add_test(t, templates_are_found_by_id);
	tcase_add_test(t, range_of_ids_is_as_long_as_an_id);
	tcase_add_test(t, device_ids_are_judged_in_words);
	tcase_add_test(t, device_outside_the_range_is_refused);
	tcase_add_test(t, words_of_sources_and_standards);
	suite_add_tcase(s, t);
	return unit_run(s);
}
