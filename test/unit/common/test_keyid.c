/* SPDX-License-Identifier: Apache-2.0 */
/* test_keyid.c - names of keys. */
#include "config.h"

#include "common/crypto/keyid.h"
#include "test/unit/common/golden.h"
#include "test/unit/unit.h"

static void
get(const char *hex, struct eh_rawkey *key)
{
	uint8_t point[EH_P256_POINT_LEN];

	unit_hex(hex, point, sizeof(point));
	ck_assert_int_eq(eh_rawkey_set(key, point, sizeof(point)), EH_OK);
}

START_TEST(names_of_the_golden_keys)
{
	uint8_t kid[EH_KID_LEN], id[EH_HSM_ID_LEN], want[32], digest[32];
	struct eh_rawkey key;

	get(GOLDEN_AUTHORITY_KEY, &key);
	eh_keyid_kid(&key, kid);
	unit_hex(GOLDEN_AUTHORITY_KID, want, sizeof(want));
	ck_assert_mem_eq(kid, want, sizeof(kid));
	get(GOLDEN_ATTESTATION_KEY, &key);
	eh_keyid_kid(&key, kid);
	eh_keyid_hsm(&key, id);
	eh_keyid_spki_digest(&key, digest);
	unit_hex(GOLDEN_HSM_ID, want, sizeof(want));
	ck_assert_mem_eq(id, want, sizeof(id));
	ck_assert_mem_eq(kid, id, sizeof(kid));
	ck_assert_mem_eq(digest, id, sizeof(id));
}
END_TEST

START_TEST(secret_key_has_a_name_that_does_not_tell_it)
{
	uint8_t root[32], digest[32], want[32];

	for (uint8_t i = 0; i < 32; i++)
		root[i] = i;
	eh_keyid_secret(root, sizeof(root), digest);
	unit_hex("db08a89f98a9196e6de5abbe87cbd4975c92c62c8e6e9dae80c07ecef7e9"
	    "f1b5", want, sizeof(want));
	ck_assert_mem_eq(digest, want, sizeof(want));
}
END_TEST

/* From the device key of the golden certificate. */
START_TEST(subject_key_id_is_sha1_of_the_point)
{
	uint8_t ski[20], want[20];
	struct eh_rawkey key;

	get("04cee5148e1f70a69cc7b5c1f649f416582b650dca96a4a9faf1ac248375e47d6a"
	    "245220138c57fc62bc338a0eacf51a10246474a5c871e6361975c2e85880c186",
	    &key);
	eh_keyid_ski(&key, ski);
	unit_hex("21dd446db007d0e6f51b48fa04c1e4f62f710723", want,
	    sizeof(want));
	ck_assert_mem_eq(ski, want, sizeof(want));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("keyid");
	TCase *t = tcase_create("keyid");

	tcase_add_test(t, names_of_the_golden_keys);
	tcase_add_test(t, secret_key_has_a_name_that_does_not_tell_it);
	tcase_add_test(t, subject_key_id_is_sha1_of_the_point);
	suite_add_tcase(s, t);
	return unit_run(s);
}
