/* SPDX-License-Identifier: Apache-2.0 */
/* test_revoke.c - revocation update. */
#include "config.h"

#include <string.h>

#include "common/message/envelope.h"
#include "common/message/revoke.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(revoke)

static struct eh_revoke r;

static void
golden(void)
{
	uint8_t bytes[256];
	size_t len = unit_hex(GOLDEN_REVOKE, bytes, sizeof(bytes));

	ck_assert_int_eq(eh_revoke_decode(bytes, len, &r, NULL), EH_OK);
}

/* Written and read again: how is it judged, and how long is it? */
static int
judge(size_t *lenp)
{
	static struct eh_revoke again;
	static uint8_t out[8192];
	struct eh_writer w;
	int err;

	eh_writer_init(&w, out, sizeof(out));
	eh_revoke_encode(&r, &w);
	ck_assert_int_eq(eh_writer_end(&w, lenp), EH_OK);
	err = eh_revoke_decode(out, *lenp, &again, NULL);
	if (err == EH_OK)
		ck_assert_mem_eq(&again, &r, sizeof(r));
	return err;
}

START_TEST(golden_sample_means_what_it_says)
{
	uint8_t kid[EH_KID_LEN];

	golden();
	unit_hex("06e3fd8fda29bb60", kid, sizeof(kid));
	ck_assert_str_eq(r.from.iss, "oem.example");
	ck_assert_uint_eq(r.from.iat, 1795176060);
	ck_assert_uint_eq(r.rseq, 17);
	ck_assert_uint_eq(r.epoch, 1);
	ck_assert_uint_eq(r.nids, 2);
	ck_assert_uint_eq(r.ids[0][15], 0x0f);
	ck_assert_uint_eq(r.ids[1][0], 0x10);
	ck_assert_uint_eq(r.nkids, 1);
	ck_assert_mem_eq(r.kids[0], kid, sizeof(kid));
}
END_TEST

START_TEST(damaged_payload_is_never_read_in_two_ways)
{
	struct strict_format f = strict_revoke();
	uint8_t bytes[256];

	strict_check(&f, bytes, unit_hex(GOLDEN_REVOKE, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(lists_rise)
{
	size_t len;

	golden();
	memset(r.ids[1], 0, EH_ID_LEN);
	ck_assert_int_eq(judge(&len), EH_ERR_FORMAT);
	memcpy(r.ids[1], r.ids[0], EH_ID_LEN);
	ck_assert_int_eq(judge(&len), EH_ERR_FORMAT);
	r.ids[1][15]++;
	ck_assert_int_eq(judge(&len), EH_OK);
	r.nkids = 2;
	memcpy(r.kids[1], r.kids[0], EH_KID_LEN);
	ck_assert_int_eq(judge(&len), EH_ERR_FORMAT);
	r.kids[1][7]++;
	ck_assert_int_eq(judge(&len), EH_OK);
}
END_TEST

/* An empty list says that nothing is revoked; it is written out. */
START_TEST(lists_may_be_empty)
{
	size_t len;

	golden();
	r.nids = r.nkids = 0;
	memset(r.ids, 0, sizeof(r.ids));
	memset(r.kids, 0, sizeof(r.kids));
	ck_assert_int_eq(judge(&len), EH_OK);
}
END_TEST

START_TEST(full_lists_fit_a_message)
{
	size_t len;

	golden();
	r.nids = EH_REVOKE_IDS_MAX;
	memset(r.ids, 0xff, sizeof(r.ids));
	for (unsigned i = 0; i < EH_REVOKE_IDS_MAX; i++)
		r.ids[i][0] = (uint8_t)i;
	r.nkids = EH_REVOKE_KIDS_MAX;
	memset(r.kids, 0xff, sizeof(r.kids));
	for (unsigned i = 0; i < EH_REVOKE_KIDS_MAX; i++)
		r.kids[i][0] = (uint8_t)i;
	r.rseq = UINT64_C(9007199254740991);
	r.epoch = UINT32_MAX;
	memset(r.from.iss, 'i', EH_NAME_MAX);
	ck_assert_int_eq(judge(&len), EH_OK);
	ck_assert_uint_le(
	    len + 200, eh_message_info(EH_MESSAGE_REVOKE)->max);
}
END_TEST

START_TEST(one_more_than_a_list_holds_is_refused)
{
	struct strict_format f = strict_revoke();
	static uint8_t bytes[8192];
	static const char before[] =
	    "a8016b6f656d2e6578616d706c650250ca13abd0cc316022cde4d5463b615e61"
	    "061a6b00367c3a00011170013a0001129c113a0001129d013a0001129e";
	static const char kids[] = "3a0001129f";

	for (unsigned n = EH_REVOKE_IDS_MAX; n <= EH_REVOKE_IDS_MAX + 1; n++) {
		size_t len = unit_hex(before, bytes, sizeof(bytes));

		bytes[len++] = 0x99;
		bytes[len++] = (uint8_t)(n >> 8);
		bytes[len++] = (uint8_t)n;
		for (unsigned i = 0; i < n; i++) {
			bytes[len++] = 0x50;
			memset(bytes + len, 0, EH_ID_LEN);
			bytes[len] = (uint8_t)(i >> 8);
			bytes[len + 1] = (uint8_t)i;
			len += EH_ID_LEN;
		}
		len += unit_hex(kids, bytes + len, sizeof(bytes) - len);
		bytes[len++] = 0x80;
		ck_assert_int_eq(strict_decode(&f, bytes, len),
		    n == EH_REVOKE_IDS_MAX ? EH_OK : EH_ERR_FORMAT);
	}
}
END_TEST

START_TEST(what_is_named_is_found)
{
	uint8_t id[EH_ID_LEN], kid[EH_KID_LEN];

	golden();
	memcpy(id, r.ids[1], sizeof(id));
	memcpy(kid, r.kids[0], sizeof(kid));
	ck_assert_int_eq(eh_revoke_has_id(&r, id), 1);
	ck_assert_int_eq(eh_revoke_has_kid(&r, kid), 1);
	id[15]++;
	kid[0]++;
	ck_assert_int_eq(eh_revoke_has_id(&r, id), 0);
	ck_assert_int_eq(eh_revoke_has_kid(&r, kid), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("revoke");
	TCase *t = tcase_create("revoke");

	tcase_add_test(t, golden_sample_means_what_it_says);
	tcase_add_test(t, damaged_payload_is_never_read_in_two_ways);
	tcase_add_test(t, lists_rise);
	tcase_add_test(t, lists_may_be_empty);
	tcase_add_test(t, full_lists_fit_a_message);
	tcase_add_test(t, one_more_than_a_list_holds_is_refused);
	tcase_add_test(t, what_is_named_is_found);
	suite_add_tcase(s, t);
	return unit_run(s);
}
