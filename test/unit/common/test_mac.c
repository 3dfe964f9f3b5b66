/* SPDX-License-Identifier: Apache-2.0 */
/* test_mac.c - HMAC-SHA256 against RFC 4231. */
#include "config.h"

#include <string.h>

#include "common/crypto/mac.h"
#include "test/unit/unit.h"

static const struct {
	size_t keylen;
	uint8_t key_byte;	/* repeated; 0: the text key */
	const char *key, *data, *mac;
} cases[] = {
	{ 20, 0x0b, NULL, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b"
	    "881dc200c9833da726e9376c2e32cff7" },
	{ 4, 0, "Jefe", "what do ya want for nothing?",
	    "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843" },
	{ 131, 0xaa, NULL,
	    "Test Using Larger Than Block-Size Key - Hash Key First",
	    "60e431591ee0b67f0d8a26aacbf5b77f"
	    "8e0bc6213728c5140546040f0ee37f54" },
	{ 131, 0xaa, NULL, "This is a test using a larger than block-size key "
	    "and a larger than block-size data. The key needs to be hashed "
	    "before being used by the HMAC algorithm.",
	    "9b09ffa71b942fcb27635fbcd5b0e944"
	    "bfdc63644f0713938a7f51535c3a35e2" },
};

START_TEST(macs_are_those_of_the_standard)
{
	uint8_t key[131], mac[EH_SHA256_LEN], want[EH_SHA256_LEN];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].key != NULL)
			memcpy(key, cases[i].key, cases[i].keylen);
		else
			memset(key, cases[i].key_byte, cases[i].keylen);
		eh_hmac_sha256(key, cases[i].keylen, cases[i].data,
		    strlen(cases[i].data), mac);
		unit_hex(cases[i].mac, want, sizeof(want));
		ck_assert_mem_eq(mac, want, sizeof(mac));
	}
}
END_TEST

START_TEST(empty_key_and_message_are_legal)
{
	uint8_t mac[EH_SHA256_LEN], want[EH_SHA256_LEN];

	eh_hmac_sha256(NULL, 0, NULL, 0, mac);
	unit_hex("b613679a0814d9ec772f95d778c35fc5"
	    "ff1697c493715653c6c712144292c5ad", want, sizeof(want));
	ck_assert_mem_eq(mac, want, sizeof(mac));
}
END_TEST

START_TEST(one_key_schedule_serves_many_macs)
{
	uint8_t mac[EH_SHA256_LEN], want[EH_SHA256_LEN];
	struct eh_hmac_sha256 keyed, one;

	eh_hmac_sha256_init(&keyed, "key", 3);
	for (uint8_t i = 0; i < 3; i++) {
		one = keyed;
		eh_hmac_sha256_update(&one, &i, 1);
		eh_hmac_sha256_update(&one, "tail", 4);
		eh_hmac_sha256_final(&one, mac);
		eh_hmac_sha256("key", 3, (uint8_t[]){ i, 't', 'a', 'i', 'l' },
		    5, want);
		ck_assert_mem_eq(mac, want, sizeof(mac));
	}
}
END_TEST

START_TEST(nothing_is_left_behind)
{
	static const struct eh_hmac_sha256 zero;
	uint8_t digest[EH_SHA256_LEN];
	struct eh_hmac_sha256 mac;

	eh_hmac_sha256_init(&mac, "secret", 6);
	eh_hmac_sha256_final(&mac, digest);
	ck_assert_mem_eq(&mac, &zero, sizeof(mac));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mac");
	TCase *t = tcase_create("mac");

	tcase_add_test(t, macs_are_those_of_the_standard);
	tcase_add_test(t, empty_key_and_message_are_legal);
	tcase_add_test(t, one_key_schedule_serves_many_macs);
	tcase_add_test(t, nothing_is_left_behind);
	suite_add_tcase(s, t);
	return unit_run(s);
}
