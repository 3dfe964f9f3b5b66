/* SPDX-License-Identifier: Apache-2.0 */
/* test_grant.c - issuer grant. */
#include "config.h"

#include <string.h>

#include "common/message/grant.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(grant)

static struct eh_grant g;

static void
golden(void)
{
	uint8_t bytes[512];
	size_t len = unit_hex(GOLDEN_GRANT, bytes, sizeof(bytes));

	ck_assert_int_eq(eh_grant_decode(bytes, len, &g, NULL), EH_OK);
}

/* Encode ${g} and decode the result. */
static int
judge(struct eh_error *error)
{
	struct eh_grant again;
	uint8_t out[2048];
	struct eh_writer w;
	size_t len;

	eh_error_clear(error);
	eh_writer_init(&w, out, sizeof(out));
	eh_grant_encode(&g, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	return eh_grant_decode(out, len, &again, error);
}

static void
refused(int err, const char *sentence)
{
	struct eh_error error;

	ck_assert_int_eq(judge(&error), err);
	ck_assert_msg(strstr(error.text, sentence) != NULL,
	    "\"%s\" does not say \"%s\"", error.text, sentence);
}

static void
allowed(void)
{
	struct eh_error error;

	ck_assert_msg(judge(&error) == EH_OK, "%s", error.text);
}

START_TEST(golden_sample_means_what_it_says)
{
	uint8_t kid[EH_KID_LEN];

	golden();
	ck_assert_str_eq(g.from.iss, "oem.example");
	ck_assert_uint_eq(g.expires - g.not_before, 365 * 86400);
	ck_assert_uint_eq(g.seq, 1);
	ck_assert_str_eq(g.factory, "fab1");
	ck_assert_uint_eq(g.nkeys, 2);
	unit_hex(GOLDEN_AUTHORITY_KID, kid, sizeof(kid));
	ck_assert_ptr_eq(eh_grant_get(&g, kid), &g.keys[0]);
	kid[0] ^= 1;
	ck_assert_ptr_null(eh_grant_get(&g, kid));
	ck_assert_uint_eq(g.keys[0].roles,
	    EH_ROLE_BIT(EH_ROLE_PAUTH) | EH_ROLE_BIT(EH_ROLE_TIME));
	ck_assert_int_eq(g.keys[0].state, EH_KEY_ACTIVE);
	ck_assert_int_eq(g.keys[1].alg, EH_ALG_ED25519);
	ck_assert_uint_eq(g.keys[1].key.len, 32);
	ck_assert_str_eq(g.keys[1].iss, "ack.oem.example");
	ck_assert_int_eq(g.keys[1].state, EH_KEY_RETIRED);
}
END_TEST

START_TEST(damaged_payload_is_never_read_in_two_ways)
{
	struct strict_format f = strict_grant();
	uint8_t bytes[512];

	strict_check(&f, bytes, unit_hex(GOLDEN_GRANT, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(kid_is_that_of_the_key)
{
	golden();
	g.keys[0].kid[7] ^= 1;
	refused(EH_ERR_FORMAT, "does not have this key id");
}
END_TEST

START_TEST(no_key_stands_twice)
{
	golden();
	g.keys[1] = g.keys[0];
	refused(EH_ERR_FORMAT,
	    "key " GOLDEN_AUTHORITY_KID " stands twice");
}
END_TEST

START_TEST(point_is_on_its_curve)
{
	golden();
	g.keys[0].key.bytes[64] ^= 1;
	refused(EH_ERR_FORMAT, "malformed");
}
END_TEST

START_TEST(algorithm_is_of_the_keys_kind)
{
	golden();
	g.keys[0].alg = EH_ALG_ESP256;
	allowed();
	g.keys[0].alg = EH_ALG_EDDSA;
	refused(EH_ERR_FORMAT, "not of the kind that algorithm -8 needs");
	g.keys[0].alg = -51;
	refused(EH_ERR_UNSUPPORTED, "not supported by this version");
	g.keys[0].alg = -1;
	refused(EH_ERR_FORMAT, "malformed");
}
END_TEST

START_TEST(keys_of_later_versions_are_refused_in_words)
{
	golden();
	g.keys[1].key.len = 48;
	refused(EH_ERR_UNSUPPORTED, "not supported by this version");
}
END_TEST

START_TEST(roles_are_known_and_rise)
{
	struct strict_format f = strict_grant();
	uint8_t bytes[512], *roles;
	size_t len = unit_hex(GOLDEN_GRANT, bytes, sizeof(bytes));

	/* 82 01 04 behind the point of the first key. */
	roles = memchr(bytes, 0xde, len);
	ck_assert_ptr_nonnull(roles);
	while (memcmp(roles, "\xde\x82\x01\x04", 4) != 0)
		roles++;
	roles[2] = 5;
	ck_assert_int_eq(strict_decode(&f, bytes, len), EH_ERR_FORMAT);
	roles[2] = 4;
	ck_assert_int_eq(strict_decode(&f, bytes, len), EH_ERR_FORMAT);
	roles[2] = 0;
	ck_assert_int_eq(strict_decode(&f, bytes, len), EH_ERR_FORMAT);
	roles[2] = 3;
	ck_assert_int_eq(strict_decode(&f, bytes, len), EH_OK);
	roles[3] = 9;
	ck_assert_int_eq(strict_decode(&f, bytes, len), EH_OK);
	roles[3] = 10;
	ck_assert_int_eq(strict_decode(&f, bytes, len), EH_ERR_FORMAT);
	golden();
	g.keys[0].roles = 0;
	refused(EH_ERR_FORMAT, "malformed");
}
END_TEST

START_TEST(key_that_tpms_know_is_of_p256)
{
	golden();
	g.keys[0].roles |= EH_ROLE_BIT(EH_ROLE_COUNT);
	g.keys[1].roles |= EH_ROLE_BIT(EH_ROLE_COUNT);
	refused(EH_ERR_FORMAT, "role 9");
}
END_TEST

START_TEST(factory_is_named)
{
	golden();
	g.factory[0] = '\0';
	refused(EH_ERR_FORMAT, "names no factory");
}
END_TEST

START_TEST(fleet_grant_has_role_6_only)
{
	golden();
	memset(g.from.sub, 0, sizeof(g.from.sub));
	refused(EH_ERR_FORMAT, "other roles than 6");
	g.keys[0].roles = EH_ROLE_BIT(EH_ROLE_RELEASE);
	refused(EH_ERR_FORMAT, "other roles than 6");
	g.keys[1].roles = EH_ROLE_BIT(EH_ROLE_RELEASE);
	allowed();
	g.factory[0] = '\0';
	allowed();
}
END_TEST

START_TEST(validity_is_some_time_and_at_most_400_days)
{
	golden();
	g.expires = g.not_before + EH_VALIDITY_MAX;
	allowed();
	g.expires++;
	refused(EH_ERR_FORMAT, "at most 400 days");
	g.expires = g.not_before;
	refused(EH_ERR_FORMAT, "at most 400 days");
}
END_TEST

START_TEST(grant_has_one_to_eight_keys)
{
	golden();
	g.nkeys = 0;
	refused(EH_ERR_FORMAT, "malformed");
	golden();
	g.nkeys = EH_GRANT_KEYS_MAX;
	for (uint8_t i = 2; i < EH_GRANT_KEYS_MAX; i++) {
		g.keys[i] = g.keys[1];
		g.keys[i].key.bytes[0] = i;
		eh_keyid_kid(&g.keys[i].key, g.keys[i].kid);
	}
	allowed();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("grant");
	TCase *t = tcase_create("grant");

	tcase_add_test(t, golden_sample_means_what_it_says);
	tcase_add_test(t, damaged_payload_is_never_read_in_two_ways);
	tcase_add_test(t, kid_is_that_of_the_key);
	tcase_add_test(t, no_key_stands_twice);
	tcase_add_test(t, point_is_on_its_curve);
	tcase_add_test(t, algorithm_is_of_the_keys_kind);
	tcase_add_test(t, keys_of_later_versions_are_refused_in_words);
	tcase_add_test(t, roles_are_known_and_rise);
	tcase_add_test(t, key_that_tpms_know_is_of_p256);
	tcase_add_test(t, factory_is_named);
	tcase_add_test(t, fleet_grant_has_role_6_only);
	tcase_add_test(t, validity_is_some_time_and_at_most_400_days);
	tcase_add_test(t, grant_has_one_to_eight_keys);
	suite_add_tcase(s, t);
	return unit_run(s);
}
