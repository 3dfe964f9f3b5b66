/* SPDX-License-Identifier: Apache-2.0 */
/* test_vectors_ecdsa.c - Wycheproof's P-256 signatures of fixed length: every
 * valid one verifies, every invalid one does not. */
#include "config.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/ecdsa.h"
#include "common/crypto/verifier.h"
#include "test/unit/unit.h"

#define VECTORS \
	"wycheproof/testvectors_v1/ecdsa_secp256r1_sha256_p1363_test.json"

static const char *
string(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	ck_assert_ptr_nonnull(text);
	return text;
}

/* The verdict in our terms: a signature of another length is not one. */
static int
verify(const struct eh_verifier *verifier, json_t *test)
{
	uint8_t message[256], signature[256];
	size_t len = unit_hex(string(test, "msg"), message, sizeof(message));

	if (unit_hex(string(test, "sig"), signature, sizeof(signature)) !=
	    EH_SIGNATURE_LEN)
		return EH_ERR_SIGNATURE;
	return eh_verifier_verify(verifier, message, len, signature);
}

static void
check_group(json_t *group, size_t count[2])
{
	uint8_t point[EH_P256_POINT_LEN];
	struct eh_verifier *verifier;
	struct eh_rawkey key;
	json_t *test;
	size_t i;

	ck_assert_uint_eq(unit_hex(string(json_object_get(group, "publicKey"),
	    "uncompressed"), point, sizeof(point)), sizeof(point));
	ck_assert_int_eq(eh_rawkey_set(&key, point, sizeof(point)), EH_OK);
	ck_assert_int_eq(eh_verifier_new(&key, &verifier), EH_OK);
	json_array_foreach(json_object_get(group, "tests"), i, test) {
		int valid = strcmp(string(test, "result"), "valid") == 0;

		ck_assert_msg(verify(verifier, test) ==
		    (valid ? EH_OK : EH_ERR_SIGNATURE), "test %d: %s",
		    (int)json_integer_value(json_object_get(test, "tcId")),
		    string(test, "comment"));
		count[valid]++;
	}
	eh_verifier_free(verifier);
}

START_TEST(valid_signatures_verify_and_invalid_ones_do_not)
{
	size_t len, i, count[2] = { 0, 0 };
	json_t *all, *group;
	char *text;

	ck_assert_ptr_nonnull(text = unit_vector(VECTORS, &len));
	ck_assert_ptr_nonnull(all = json_loadb(text, len, 0, NULL));
	json_array_foreach(json_object_get(all, "testGroups"), i, group)
		check_group(group, count);
	ck_assert_uint_eq(count[0], 89);
	ck_assert_uint_eq(count[1], 173);
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
	s = suite_create("vectors_ecdsa");
	t = tcase_create("wycheproof");
	tcase_add_test(t, valid_signatures_verify_and_invalid_ones_do_not);
	suite_add_tcase(s, t);
	return unit_run(s);
}
