/* SPDX-License-Identifier: Apache-2.0 */
/* test_source.c - one digest for one meaning. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/x509/source.h"
#include "test/unit/common/x509_fixture.h"
#include "test/unit/unit.h"

static struct fixture *f;
static struct eh_profile_source *s;
static uint8_t digest[EH_DIGEST_LEN], plan[EH_DIGEST_LEN];

static void
setup(void)
{
	f = fixture_gateway();
	s = &f->source;
}

static void
teardown(void)
{
	fixture_free(f);
}

static void
compute(void)
{
	ck_assert_int_eq(eh_source_digest(s, digest), EH_OK);
	ck_assert_int_eq(eh_source_plan_digest(s, plan), EH_OK);
}

/* Values of an independent encoder. */
static void
equals(const char *source, const char *of_plan)
{
	uint8_t want[EH_DIGEST_LEN];

	compute();
	unit_hex(source, want, sizeof(want));
	ck_assert_mem_eq(digest, want, sizeof(want));
	unit_hex(of_plan, want, sizeof(want));
	ck_assert_mem_eq(plan, want, sizeof(want));
}

START_TEST(example_has_its_digests)
{
	equals("6b3bee4569d25282a3a8b1b18b299e47"
	       "03f5bee0809ea27c70cb8f1d6f4472ee",
	    "125fcc35a56ed846e11e4d91f61dd779"
	    "cb746673ac15a6b90db4b2fbc20c6f5f");
}
END_TEST

/* Use every member that the structs have. */
static void
fill(void)
{
	static const uint8_t null[] = { 0x05, 0x00 };
	struct eh_template_source *c = &s->certificate[0];
	struct eh_source_extension *x;

	s->revision = "C";
	s->identity.lo = "SN00000000";
	s->identity.hi = "SN99999999";
	s->identity.source = "work-order";
	s->evidence = EH_EVIDENCE_ATTESTED;
	s->roots = 1;
	s->inputs = 1;
	s->input[0] = (struct eh_source_input){ "mac", "[0-9A-F]{12}",
		"000000000000", "FFFFFFFFFFFF", "scanner" };
	c->not_after.field = 1;
	c->not_after.seconds = 0;
	c->not_after.days = 9131;
	c->not_after.form = EH_DATE_FORM_GENERALIZED;
	c->attribute[0].value.piece[0].text = "ACME ";
	ck_assert_int_eq(
	    eh_source_add(&c->attribute[0].value, EH_PIECE_INPUT, "mac"),
	    EH_OK);
	x = fixture_extension(c, EH_EXTENSION_EXT_KEY_USAGE, 0);
	x->oids = 1;
	x->oid[0] = "clientAuth";
	x = fixture_extension(c, EH_EXTENSION_POLICIES, 0);
	x->oids = 1;
	x->oid[0] = "tcg-cap-verifiedTPMResidency";
	x = fixture_extension(c, EH_EXTENSION_DER, 1);
	x->der_oid = "1.2.3";
	x->der = null;
	x->derlen = sizeof(null);
	s->secrets = 1;
	s->secret[0] = (struct eh_source_secret){ .id = "storage-key",
		.kdf = EH_KDF_HKDF_SHA256, .root = "storage-root-v1",
		.contexts = 3, .context = { { EH_PIECE_DEVICE_ID, NULL },
		{ EH_PIECE_CHIP_ID, NULL }, { EH_PIECE_TEXT, "v1" } },
		.size = 32, .wrap = EH_WRAP_HPKE };
	s->injections = 2;
	s->injection[0] = (struct eh_source_injection){ .object =
		"firmware/app", .place = "fw/0", .version = "1.4.2",
		.file = "fw/app.bin", .sha256_given = 1, .sha256 = { 9 } };
	s->injection[1] = (struct eh_source_injection){ .object =
		"certificate/idevid", .place = "cert/0",
		.verify = "read-back" };
	s->debug = (struct eh_source_debug){ .given = 1, .final_state =
		"locked", .lifecycle = "secured", .method = "adac",
		.trust_anchor_given = 1, .trust_anchor = { 7 },
		.permissions = 2, .permission = { "ns-debug", "rekey" },
		.max_session = 14400 };
	s->records = 2;
	s->record[0] = "read-back";
	s->record[1] = "label";
}

START_TEST(source_with_everything_has_its_digests)
{
	fill();
	equals("e0e692001c7d30f672ecfc1835655af0"
	       "682d1df119fcbcafc5df63e6be9ce5e8",
	    "62bda2cf6925440ba61b1752627494a5"
	    "a05fcfadd7240a7841cd7e3acde0b88d");
}
END_TEST

START_TEST(words_and_their_oids_mean_the_same)
{
	uint8_t before[EH_DIGEST_LEN];

	fill();
	compute();
	memcpy(before, digest, sizeof(before));
	s->certificate[0].attribute[1].attribute = "2.5.4.5";
	s->certificate[0].extension[4].oid[0] = "1.3.6.1.5.5.7.3.2";
	s->certificate[0].extension[5].oid[0] = "2.23.133.11.1.1";
	compute();
	ck_assert_mem_eq(before, digest, sizeof(before));
}
END_TEST

START_TEST(where_a_file_lies_decides_nothing)
{
	uint8_t before[2][EH_DIGEST_LEN];

	fill();
	compute();
	memcpy(before[0], digest, EH_DIGEST_LEN);
	memcpy(before[1], plan, EH_DIGEST_LEN);
	s->injection[0].file = "elsewhere/app.bin";
	compute();
	ck_assert_mem_eq(before[0], digest, EH_DIGEST_LEN);
	ck_assert_mem_eq(before[1], plan, EH_DIGEST_LEN);
}
END_TEST

/* One change of a source; the plan sees only some. */
static const struct {
	const char *what;
	int in_plan;
} changes[] = { { "name", 0 }, { "version", 0 }, { "manufacturer", 0 },
	{ "identity kind", 0 }, { "identity range", 0 }, { "evidence", 0 },
	{ "root", 0 }, { "input", 0 }, { "standard", 0 }, { "key of", 0 },
	{ "issuer label", 0 }, { "days", 0 }, { "form", 0 }, { "string", 0 },
	{ "critical", 0 }, { "key usage", 0 }, { "der", 0 }, { "sig-alg", 0 },
	{ "secret size", 0 }, { "context", 0 }, { "key algorithm", 1 },
	{ "generated in", 1 }, { "injection place", 1 }, { "sha256", 1 },
	{ "verify", 1 }, { "trust anchor", 1 }, { "permission", 1 },
	{ "session", 1 }, { "no debug", 1 }, { "record field", 1 } };
#define CHANGES (sizeof(changes) / sizeof(changes[0]))

/* clang-format off */
static void
change(size_t i)
{
	static const uint8_t other[] = { 0x04, 0x00 };
	struct eh_template_source *c = &s->certificate[0];

	switch (i) {
	case 0: s->name = "gateway-c"; break;
	case 1: s->version++; break;
	case 2: s->manufacturer = NULL; break;
	case 3: s->identity.kind = "mac"; break;
	case 4: s->identity.lo = s->identity.hi = NULL; break;
	case 5: s->evidence = EH_EVIDENCE_NONE; break;
	case 6: s->root[0][31] = 1; break;
	case 7: s->input[0].pattern = "[0-9]{12}"; break;
	case 8: c->standard = EH_STANDARD_NONE; break;
	case 9: c->key = "other"; break;
	case 10: c->issuer_key = "other"; break;
	case 11: c->not_after.days++; break;
	case 12: c->not_after.form = EH_DATE_FORM_UTC; break;
	case 13: c->attribute[0].string = 0x13; break;
	case 14: c->extension[0].critical = 0; break;
	case 15: c->extension[1].key_usage = 17; break;
	case 16: c->extension[6].der = other; break;
	case 17: c->sig_alg = EH_SIG_ECDSA_P384_SHA384; break;
	case 18: s->secret[0].size = 16; break;
	case 19: s->secret[0].contexts = 2; break;
	case 20: s->key[0].algorithm = EH_KEY_ECDSA_P384; break;
	case 21: s->key[0].generated_in = "hsm"; break;
	case 22: s->injection[0].place = "fw/1"; break;
	case 23: s->injection[0].sha256[31] = 1; break;
	case 24: s->injection[1].verify = NULL; break;
	case 25: s->debug.trust_anchor_given = 0; break;
	case 26: s->debug.permission[1] = "log-read"; break;
	case 27: s->debug.max_session = 1; break;
	case 28: s->debug.given = 0; break;
	default: s->record[1] = "operator"; break;
	}
}
/* clang-format on */

START_TEST(every_other_change_is_seen)
{
	struct eh_profile_source *before = malloc(sizeof(*before));
	uint8_t first[2][EH_DIGEST_LEN];

	ck_assert_ptr_nonnull(before);
	fill();
	*before = *s;
	compute();
	memcpy(first[0], digest, EH_DIGEST_LEN);
	memcpy(first[1], plan, EH_DIGEST_LEN);
	for (size_t i = 0; i < CHANGES; i++) {
		*s = *before;
		change(i);
		compute();
		ck_assert_msg(memcmp(first[0], digest, EH_DIGEST_LEN) != 0,
		    "%s is not in the source digest", changes[i].what);
		ck_assert_msg((memcmp(first[1], plan, EH_DIGEST_LEN) != 0) ==
			changes[i].in_plan,
		    "%s and the plan digest", changes[i].what);
	}
	free(before);
}
END_TEST

START_TEST(unknown_words_have_no_digest)
{
	static const uint8_t zero[EH_DIGEST_LEN];

	s->certificate[0].attribute[0].attribute = "organisation";
	memset(digest, 1, sizeof(digest));
	ck_assert_int_eq(eh_source_digest(s, digest), EH_ERR_CONFIG);
	ck_assert_mem_eq(digest, zero, sizeof(digest));
	s->certificate[0].attribute[0].attribute = NULL;
	ck_assert_int_eq(eh_source_digest(s, digest), EH_ERR_CONFIG);
	s->certificate[0].attribute[0].attribute = "commonName";
	s->certificate[0].extension[0].kind = (enum eh_extension_kind)0;
	ck_assert_int_eq(eh_source_digest(s, digest), EH_ERR_CONFIG);
}
END_TEST

START_TEST(pieces_are_counted)
{
	struct eh_source_text t = { 0 };

	for (unsigned i = 0; i < EH_SOURCE_PIECES; i++)
		ck_assert_int_eq(
		    eh_source_add(&t, EH_PIECE_TEXT, "x"), EH_OK);
	ck_assert_int_eq(eh_source_add(&t, EH_PIECE_TEXT, "x"), EH_ERR_FULL);
	ck_assert_uint_eq(t.pieces, EH_SOURCE_PIECES);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("source");
	TCase *t = tcase_create("source");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, example_has_its_digests);
	tcase_add_test(t, source_with_everything_has_its_digests);
	tcase_add_test(t, words_and_their_oids_mean_the_same);
	tcase_add_test(t, where_a_file_lies_decides_nothing);
	tcase_add_test(t, every_other_change_is_seen);
	tcase_add_test(t, unknown_words_have_no_digest);
	tcase_add_test(t, pieces_are_counted);
	suite_add_tcase(suite, t);
	return unit_run(suite);
}
