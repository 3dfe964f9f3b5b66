/* SPDX-License-Identifier: Apache-2.0 */
/* test_words.c - every word means one thing. */
#include "config.h"

#include <string.h>

#include "common/der/oid.h"
#include "common/x509/profile.h"
#include "common/x509/words.h"
#include "test/unit/unit.h"

static const struct eh_word *const tables[] = { eh_words_attribute,
	eh_words_string, eh_words_extension, eh_words_key_usage,
	eh_words_ext_key_usage, eh_words_policy, eh_words_signature,
	eh_words_standard, eh_words_field, eh_words_evidence,
	eh_words_key_algorithm, eh_words_kdf, eh_words_wrap };
#define TABLES (sizeof(tables) / sizeof(tables[0]))

START_TEST(words_are_unique_and_their_oids_well_formed)
{
	uint8_t oid[EH_OID_MAX];
	size_t len;

	for (size_t t = 0; t < TABLES; t++) {
		const struct eh_word *w = tables[t], *o;

		for (; w->word != NULL; w++) {
			ck_assert_ptr_eq(eh_words_find(tables[t], w->word), w);
			for (o = tables[t]; o < w; o++)
				ck_assert_str_ne(o->word, w->word);
			if (w->oid == NULL)
				continue;
			ck_assert_int_eq(eh_oid_encode(w->oid, oid,
					     sizeof(oid), &len), EH_OK);
			for (o = tables[t]; o < w; o++)
				ck_assert_str_ne(o->oid, w->oid);
		}
	}
}
END_TEST

START_TEST(words_are_found_exactly)
{
	ck_assert_int_eq(
	    eh_words_find(eh_words_key_usage, "cRLSign")->number, 6);
	ck_assert_ptr_null(eh_words_find(eh_words_key_usage, "crlSign"));
	ck_assert_ptr_null(eh_words_find(eh_words_key_usage, ""));
	ck_assert_str_eq(eh_words_name(eh_words_standard,
			     EH_STANDARD_WISUN_FAN), "wisun-fan");
	ck_assert_ptr_null(eh_words_name(eh_words_standard, 99));
}
END_TEST

START_TEST(oid_may_stand_for_a_word)
{
	ck_assert_str_eq(
	    eh_words_oid(eh_words_attribute, "commonName"), "2.5.4.3");
	ck_assert_str_eq(eh_words_oid(eh_words_attribute, "2.5.4.3"),
	    "2.5.4.3");
	ck_assert_str_eq(eh_words_oid(eh_words_attribute, "1.2.3"), "1.2.3");
	ck_assert_ptr_null(eh_words_oid(eh_words_attribute, "commonname"));
	ck_assert_ptr_null(eh_words_oid(eh_words_attribute, "2.5.4."));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("words");
	TCase *t = tcase_create("words");

	tcase_add_test(t, words_are_unique_and_their_oids_well_formed);
	tcase_add_test(t, words_are_found_exactly);
	tcase_add_test(t, oid_may_stand_for_a_word);
	suite_add_tcase(s, t);
	return unit_run(s);
}
