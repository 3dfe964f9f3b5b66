/* SPDX-License-Identifier: Apache-2.0 */
/* test_vectors_cose.c - the COSE working group's examples of COSE_Sign1: which
 * of them pass the strict profile, and why the others do not. */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cose/sign1.h"
#include "test/unit/unit.h"

/* What each must give, and in which step. */
/* clang-format off */
static const struct {
	const char *file;
	int decoded, verified;
	const char *why;
} vectors[] = {
	{ "cose/sign1-tests/sign-pass-01.json", EH_ERR_FORMAT, 0,
	    "algorithm in the unprotected header only" },
	{ "cose/sign1-tests/sign-pass-02.json", EH_OK, EH_OK,
	    "external data" },
	{ "cose/sign1-tests/sign-pass-03.json", EH_ERR_FORMAT, 0,
	    "untagged" },
	{ "cose/sign1-tests/sign-fail-01.json", EH_ERR_FORMAT, 0,
	    "tag 998" },
	{ "cose/sign1-tests/sign-fail-02.json", EH_OK, EH_ERR_SIGNATURE,
	    "payload changed" },
	{ "cose/sign1-tests/sign-fail-03.json", EH_OK, EH_ERR_SIGNATURE,
	    "algorithm -999" },
	{ "cose/sign1-tests/sign-fail-04.json", EH_ERR_FORMAT, 0,
	    "algorithm \"unknown\"" },
	{ "cose/sign1-tests/sign-fail-06.json", EH_OK, EH_ERR_SIGNATURE,
	    "protected header added" },
	{ "cose/sign1-tests/sign-fail-07.json", EH_OK, EH_ERR_SIGNATURE,
	    "protected header removed" },
	{ "cose/ecdsa-examples/ecdsa-sig-01.json", EH_OK, EH_OK, "ES256" },
	{ "cose/eddsa-examples/eddsa-sig-01.json", EH_OK, EH_OK, "Ed25519" },
	{ "cose/eddsa-examples/eddsa-sig-02.json", EH_OK, EH_ERR_UNSUPPORTED,
	    "Ed448" },
	{ "cose/CWT/A_3.json", EH_OK, EH_OK, "RFC 8392 appendix A.3" },
};
/* clang-format on */
#define NVECTORS (sizeof(vectors) / sizeof(vectors[0]))

/* Decode base64url without padding. */
static size_t
base64url(const char *text, uint8_t *out, size_t cap)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	for (; *text != '\0'; text++) {
		const char *digit = strchr(digits, *text);

		ck_assert_ptr_nonnull(digit);
		bits = bits << 6 | (uint32_t)(digit - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			ck_assert_uint_lt(n, cap);
			out[n++] = (uint8_t)(bits >> have);
		}
	}
	return n;
}

/* A coordinate, under ${name} in base64url or ${name}_hex. */
static size_t
coordinate(json_t *key, const char *name, uint8_t *out, size_t cap)
{
	char hex[16];
	const char *text;

	snprintf(hex, sizeof(hex), "%s_hex", name);
	if ((text = json_string_value(json_object_get(key, name))) != NULL)
		return base64url(text, out, cap);
	text = json_string_value(json_object_get(key, hex));
	return text != NULL ? unit_hex(text, out, cap) : 0;
}

static int
get_verifier(json_t *key, struct eh_verifier **verifierp)
{
	uint8_t bytes[1 + 64 + 64] = { 0x04 };
	struct eh_rawkey raw;
	size_t x = coordinate(key, "x", bytes + 1, 64);
	size_t y = coordinate(key, "y", bytes + 1 + x, 64);
	int err;

	/* An Edwards curve has no y. */
	err = y > 0 ? eh_rawkey_set(&raw, bytes, 1 + x + y) :
	    eh_rawkey_set(&raw, bytes + 1, x);
	return err == EH_OK ? eh_verifier_new(&raw, verifierp) : err;
}

static int
verify(json_t *sign0, const struct eh_sign1 *s)
{
	struct eh_verifier *verifier = NULL;
	const char *external =
	    json_string_value(json_object_get(sign0, "external"));
	uint8_t aad[64];
	size_t aadlen = 0;
	int err;

	if (external != NULL)
		aadlen = unit_hex(external, aad, sizeof(aad));
	if ((err = get_verifier(
	    json_object_get(sign0, "key"), &verifier)) != EH_OK)
		return err;
	err = eh_sign1_verify(s, verifier, aad, aadlen);
	eh_verifier_free(verifier);
	return err;
}

START_TEST(example_passes_or_is_refused_for_its_reason)
{
	const char *file = vectors[_i].file;
	uint8_t bytes[512];
	struct eh_sign1 s;
	json_t *all, *sign0;
	const char *hex;
	char *text;
	size_t len;

	ck_assert_ptr_nonnull(text = unit_vector(file, &len));
	ck_assert_ptr_nonnull(all = json_loadb(text, len, 0, NULL));
	sign0 = json_object_get(json_object_get(all, "input"), "sign0");
	hex = json_string_value(json_object_get(
	    json_object_get(all, "output"), "cbor"));
	ck_assert_ptr_nonnull(sign0);
	ck_assert_ptr_nonnull(hex);
	len = unit_hex(hex, bytes, sizeof(bytes));
	ck_assert_msg(eh_sign1_decode(bytes, len, &s) == vectors[_i].decoded,
	    "%s (%s)", file, vectors[_i].why);
	if (vectors[_i].decoded == EH_OK)
		ck_assert_msg(verify(sign0, &s) == vectors[_i].verified,
		    "%s (%s)", file, vectors[_i].why);
	json_decref(all);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *s;
	TCase *t;

	for (size_t i = 0; i < NVECTORS; i++)
		if (!unit_has_vector(vectors[i].file))
			return unit_skip("no cose/ in $EDGEHSM_VECTORS");
	s = suite_create("vectors_cose");
	t = tcase_create("cose");
	tcase_add_loop_test(t, example_passes_or_is_refused_for_its_reason, 0,
	    (int)NVECTORS);
	suite_add_tcase(s, t);
	return unit_run(s);
}
