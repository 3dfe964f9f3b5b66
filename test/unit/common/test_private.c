/* SPDX-License-Identifier: Apache-2.0 */
/* test_private.c - private part of a journal entry, and how it is stored. */
#include "config.h"

#include <string.h>

#include "common/crypto/cipher.h"
#include "common/message/private.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(private)

START_TEST(golden_sample_means_what_it_says)
{
	uint8_t bytes[256], reply[64];
	struct eh_private p;
	size_t len = unit_hex(GOLDEN_PRIVATE, bytes, sizeof(bytes));

	ck_assert_int_eq(eh_private_decode(bytes, len, &p, NULL), EH_OK);
	memset(reply, 0x11, 32);
	memset(reply + 32, 0x22, 32);
	ck_assert_uint_eq(p.reply_len, 64);
	ck_assert_mem_eq(p.reply, reply, 64);
	ck_assert(p.has_token);
	ck_assert_uint_eq(p.token[15], 0x1f);
	ck_assert(p.has_request);
	ck_assert_uint_eq(p.request[0], 0x6c);
	ck_assert_uint_eq(p.message_len, 0);
}
END_TEST

START_TEST(golden_sample_is_stored_encrypted)
{
	uint8_t clear[256], stored[256], key[32], counter[16];
	size_t len = unit_hex(GOLDEN_PRIVATE, clear, sizeof(clear));

	for (uint8_t i = 0; i < 32; i++)
		key[i] = 0x20 + i;
	unit_hex(GOLDEN_PRIVATE_MAC, counter, sizeof(counter));
	ck_assert_uint_eq(
	    unit_hex(GOLDEN_PRIVATE_STORED, stored, sizeof(stored)), len);
	ck_assert_int_eq(
	    eh_aes256_ctr(key, counter, stored, stored, len), EH_OK);
	ck_assert_mem_eq(stored, clear, len);
}
END_TEST

START_TEST(damaged_bytes_are_never_read_in_two_ways)
{
	struct strict_format f = strict_private();
	uint8_t bytes[256];

	strict_check(
	    &f, bytes, unit_hex(GOLDEN_PRIVATE, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(members_are_optional_and_have_limits)
{
	struct strict_format f = strict_private();
	static uint8_t big[EH_PRIVATE_MESSAGE_MAX + 1], out[EH_PRIVATE_MAX];
	struct eh_private p;
	struct eh_writer w;
	size_t len;

	strict_refuses(&f, "a0", EH_OK);
	strict_refuses(&f, "a10140", EH_ERR_FORMAT);	/* empty reply */
	strict_refuses(&f, "a10540", EH_ERR_FORMAT);	/* empty chip id */
	strict_refuses(&f, "a10541aa", EH_OK);
	strict_refuses(&f, "a10600", EH_ERR_FORMAT);	/* unknown key */
	for (int more = 0; more < 2; more++) {
		memset(&p, 0, sizeof(p));
		p.reply = big;
		p.reply_len = EH_PRIVATE_REPLY_MAX;
		p.message = big;
		p.message_len = EH_PRIVATE_MESSAGE_MAX + (size_t)more;
		p.has_token = 1;
		p.has_request = 1;
		eh_writer_init(&w, out, sizeof(out));
		eh_private_encode(&p, &w);
		ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
		ck_assert_int_eq(eh_private_decode(out, len, &p, NULL),
		    more ? EH_ERR_FORMAT : EH_OK);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("private");
	TCase *t = tcase_create("private");

	tcase_add_test(t, golden_sample_means_what_it_says);
	tcase_add_test(t, golden_sample_is_stored_encrypted);
	tcase_add_test(t, damaged_bytes_are_never_read_in_two_ways);
	tcase_add_test(t, members_are_optional_and_have_limits);
	suite_add_tcase(s, t);
	return unit_run(s);
}
