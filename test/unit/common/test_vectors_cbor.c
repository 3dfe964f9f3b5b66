/* SPDX-License-Identifier: Apache-2.0 */
/* test_vectors_cbor.c - the examples of RFC 8949 appendix A: which of them are
 * deterministic CBOR as we speak it, and why the others are not. */
#include "config.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "test/unit/unit.h"

#define VECTORS "cbor/appendix_a.json"

/*
 * What is refused, by reason.  What is not here must be accepted, so a decoder
 * that refuses everything, or nothing, fails.
 */
/* clang-format off */
static const struct {
	const char *hex, *why;
} refused[] = {
	{ "f90000", "float" },
	{ "f98000", "float" },
	{ "f93c00", "float" },
	{ "fb3ff199999999999a", "float" },
	{ "f93e00", "float" },
	{ "f97bff", "float" },
	{ "fa47c35000", "float" },
	{ "fa7f7fffff", "float" },
	{ "fb7e37e43c8800759c", "float" },
	{ "f90001", "float" },
	{ "f90400", "float" },
	{ "f9c400", "float" },
	{ "fbc010666666666666", "float" },
	{ "f97c00", "float" },
	{ "f97e00", "float" },
	{ "f9fc00", "float" },
	{ "fa7f800000", "float" },
	{ "fa7fc00000", "float" },
	{ "faff800000", "float" },
	{ "fb7ff0000000000000", "float" },
	{ "fb7ff8000000000000", "float" },
	{ "fbfff0000000000000", "float" },
	{ "c1fb41d452d9ec200000", "float in a tag" },
	{ "f6", "null" },
	{ "f7", "undefined" },
	{ "f0", "simple value" },
	{ "f818", "simple value" },
	{ "f8ff", "simple value" },
	{ "5f42010243030405ff", "indefinite" },
	{ "7f657374726561646d696e67ff", "indefinite" },
	{ "9fff", "indefinite" },
	{ "9f018202039f0405ffff", "indefinite" },
	{ "9f01820203820405ff", "indefinite" },
	{ "83018202039f0405ff", "indefinite" },
	{ "83019f0203ff820405", "indefinite" },
	{ "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
	    "indefinite" },
	{ "bf61610161629f0203ffff", "indefinite" },
	{ "826161bf61626163ff", "indefinite" },
	{ "bf6346756ef563416d7421ff", "indefinite" },
};
/* clang-format on */

#define NREFUSED (sizeof(refused) / sizeof(refused[0]))

static const char *
why_refused(const char *hex)
{
	for (size_t i = 0; i < NREFUSED; i++)
		if (strcmp(refused[i].hex, hex) == 0)
			return refused[i].why;
	return NULL;
}

START_TEST(every_example_is_accepted_or_refused_for_its_reason)
{
	size_t len, i, naccepted = 0, nrefused = 0;
	json_t *all, *one;
	uint8_t bytes[64];
	const char *hex, *why;
	char *text;
	int err;

	ck_assert_ptr_nonnull(text = unit_vector(VECTORS, &len));
	/* Some of the decoded values are above 64 bits; they are not used. */
	all = json_loadb(text, len, JSON_DECODE_INT_AS_REAL, NULL);
	ck_assert_ptr_nonnull(all);
	json_array_foreach(all, i, one) {
		hex = json_string_value(json_object_get(one, "hex"));
		ck_assert_ptr_nonnull(hex);
		err = eh_cbor_check(
		    bytes, unit_hex(hex, bytes, sizeof(bytes)));
		why = why_refused(hex);
		if (err == EH_OK)
			naccepted++;
		else
			nrefused++;
		ck_assert_msg((err != EH_OK) == (why != NULL), "%s: %s (%s)",
		    hex, eh_err_name(err), why != NULL ? why : "good");
	}
	ck_assert_uint_eq(i, 82);
	ck_assert_uint_eq(nrefused, NREFUSED);
	ck_assert_uint_eq(naccepted, 82 - NREFUSED);
	json_decref(all);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *s;
	TCase *t;

	if (!unit_has_vector(VECTORS))
		return unit_skip("no " VECTORS " in $EDGEHSM_VECTORS");
	s = suite_create("vectors_cbor");
	t = tcase_create("appendix_a");
	tcase_add_test(t, every_example_is_accepted_or_refused_for_its_reason);
	suite_add_tcase(s, t);
	return unit_run(s);
}
