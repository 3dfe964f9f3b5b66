/* SPDX-License-Identifier: Apache-2.0 */
/* test_digest.c - SHA-256 and SHA-1 against FIPS 180-4. */
#include "config.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "test/unit/unit.h"

static void
check_sha256(const char *message, const char *want)
{
	uint8_t digest[EH_SHA256_LEN], expected[EH_SHA256_LEN];

	eh_sha256(message, strlen(message), digest);
	unit_hex(want, expected, sizeof(expected));
	ck_assert_mem_eq(digest, expected, sizeof(digest));
}

START_TEST(digests_are_those_of_the_standard)
{
	uint8_t sha1[EH_SHA1_LEN], want[EH_SHA1_LEN];

	check_sha256("", "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
	check_sha256("abc", "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	check_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	    "248d6a61d20638b8e5c026930c3e6039"
	    "a33ce45964ff2167f6ecedd419db06c1");
	eh_sha1("abc", 3, sha1);
	unit_hex("a9993e364706816aba3e25717850c26c9cd0d89d", want,
	    sizeof(want));
	ck_assert_mem_eq(sha1, want, sizeof(sha1));
	eh_sha1(NULL, 0, sha1);
	unit_hex("da39a3ee5e6b4b0d3255bfef95601890afd80709", want,
	    sizeof(want));
	ck_assert_mem_eq(sha1, want, sizeof(sha1));
}
END_TEST

START_TEST(pieces_give_the_digest_of_the_whole)
{
	uint8_t message[200], whole[EH_SHA256_LEN], digest[EH_SHA256_LEN];
	struct eh_sha256 sha;

	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)(7 * i);
	eh_sha256(message, sizeof(message), whole);
	for (size_t cut = 0; cut <= sizeof(message); cut++) {
		eh_sha256_init(&sha);
		eh_sha256_update(&sha, message, cut);
		eh_sha256_update(&sha, NULL, 0);
		eh_sha256_update(&sha, message + cut, sizeof(message) - cut);
		eh_sha256_final(&sha, digest);
		ck_assert_mem_eq(digest, whole, sizeof(whole));
	}
}
END_TEST

START_TEST(copy_goes_on_from_the_bytes_so_far)
{
	uint8_t one[EH_SHA256_LEN], two[EH_SHA256_LEN], want[EH_SHA256_LEN];
	struct eh_sha256 sha, copy;

	eh_sha256_init(&sha);
	eh_sha256_update(&sha, "abc", 3);
	copy = sha;
	eh_sha256_update(&sha, "x", 1);
	eh_sha256_final(&sha, one);
	eh_sha256_update(&copy, "y", 1);
	eh_sha256_final(&copy, two);
	eh_sha256("abcx", 4, want);
	ck_assert_mem_eq(one, want, sizeof(want));
	eh_sha256("abcy", 4, want);
	ck_assert_mem_eq(two, want, sizeof(want));
}
END_TEST

START_TEST(nothing_is_left_behind)
{
	static const struct eh_sha256 zero;
	uint8_t digest[EH_SHA256_LEN];
	struct eh_sha256 sha;

	eh_sha256_init(&sha);
	eh_sha256_update(&sha, "secret", 6);
	eh_sha256_final(&sha, digest);
	ck_assert_mem_eq(&sha, &zero, sizeof(sha));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("digest");
	TCase *t = tcase_create("digest");

	tcase_add_test(t, digests_are_those_of_the_standard);
	tcase_add_test(t, pieces_give_the_digest_of_the_whole);
	tcase_add_test(t, copy_goes_on_from_the_bytes_so_far);
	tcase_add_test(t, nothing_is_left_behind);
	suite_add_tcase(s, t);
	return unit_run(s);
}
