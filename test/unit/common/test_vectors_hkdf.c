/* SPDX-License-Identifier: Apache-2.0 */
/* test_vectors_hkdf.c - Wycheproof's HKDF-SHA256: every valid one gives its
 * bytes, what asks for too many is refused. */
#include "config.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/kdf.h"
#include "test/unit/unit.h"

#define VECTORS "wycheproof/testvectors_v1/hkdf_sha256_test.json"
#define OUT_MAX (2 * EH_HKDF_SHA256_MAX)

static size_t
get(json_t *test, const char *name, uint8_t *out, size_t cap)
{
	const char *hex = json_string_value(json_object_get(test, name));

	ck_assert_ptr_nonnull(hex);
	return unit_hex(hex, out, cap);
}

static void
check_test(json_t *test, size_t count[2])
{
	static uint8_t out[OUT_MAX], okm[OUT_MAX];
	uint8_t ikm[512], salt[512], info[512];
	size_t ikmlen = get(test, "ikm", ikm, sizeof(ikm));
	size_t saltlen = get(test, "salt", salt, sizeof(salt));
	size_t infolen = get(test, "info", info, sizeof(info));
	size_t size = (size_t)json_integer_value(json_object_get(test, "size"));
	size_t okmlen = get(test, "okm", okm, sizeof(okm));
	int valid = strcmp(json_string_value(json_object_get(test, "result")),
	    "valid") == 0;

	ck_assert_uint_le(size, OUT_MAX);
	ck_assert_int_eq(eh_hkdf_sha256(salt, saltlen, ikm, ikmlen, info,
	    infolen, out, size), valid ? EH_OK : EH_ERR_ARGUMENT);
	if (valid) {
		ck_assert_uint_eq(okmlen, size);
		ck_assert_mem_eq(out, okm, size);
	}
	count[valid]++;
}

START_TEST(valid_inputs_give_their_bytes_and_others_are_refused)
{
	size_t len, i, j, count[2] = { 0, 0 };
	json_t *all, *group, *test;
	char *text;

	ck_assert_ptr_nonnull(text = unit_vector(VECTORS, &len));
	ck_assert_ptr_nonnull(all = json_loadb(text, len, 0, NULL));
	json_array_foreach(json_object_get(all, "testGroups"), i, group)
		json_array_foreach(json_object_get(group, "tests"), j, test)
			check_test(test, count);
	ck_assert_uint_eq(count[0], 3);
	ck_assert_uint_eq(count[1], 83);
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
	s = suite_create("vectors_hkdf");
	t = tcase_create("wycheproof");
	tcase_add_test(
	    t, valid_inputs_give_their_bytes_and_others_are_refused);
	suite_add_tcase(s, t);
	return unit_run(s);
}
