/* SPDX-License-Identifier: Apache-2.0 */
/* test_param.c - parameter of CKM_EDGEHSM_ISSUE. */
#include "config.h"

#include <string.h>

#include "common/message/param.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(issue_param)

START_TEST(golden_sample_means_what_it_says)
{
	uint8_t bytes[512];
	struct eh_issue_param p;
	size_t len = unit_hex(GOLDEN_PARAM, bytes, sizeof(bytes));

	ck_assert_int_eq(eh_issue_param_decode(bytes, len, &p, NULL), EH_OK);
	ck_assert(p.has_authorization);
	ck_assert_uint_eq(p.authorization[1], 1);
	ck_assert_str_eq(p.id_kind, "serial");
	ck_assert_mem_eq(p.device.bytes, "SN00000042", p.device.len);
	ck_assert(p.has_token);
	ck_assert_uint_eq(p.token[0], 0x10);
	ck_assert_uint_eq(p.evidence_kind, EH_PARAM_CSR);
	ck_assert_uint_eq(p.evidence_len, 5);
	ck_assert_uint_eq(p.evidence[0], 0x30);
	ck_assert_str_eq(p.line, "line3");
	ck_assert_str_eq(p.station, "st07");
	ck_assert_mem_eq(p.mes, "WO-4711", p.mes_len);
	ck_assert(p.has_proof);
	ck_assert_uint_eq(p.proof.index, 5);
	ck_assert_uint_eq(p.proof.n, 2);
}
END_TEST

START_TEST(damaged_bytes_are_never_read_in_two_ways)
{
	struct strict_format f = strict_issue_param();
	uint8_t bytes[512];

	strict_check(&f, bytes, unit_hex(GOLDEN_PARAM, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(everything_is_optional_and_nothing_is_unknown)
{
	struct strict_format f = strict_issue_param();

	strict_refuses(&f, "a0", EH_OK);
	strict_refuses(&f, "a10800", EH_ERR_FORMAT);
	strict_refuses(&f, "a104820341aa", EH_ERR_FORMAT);
	strict_refuses(&f, "a104820141aa", EH_OK);
	strict_refuses(&f, "a1058161aa", EH_ERR_FORMAT);
	strict_refuses(&f, "a10781" "00", EH_ERR_FORMAT);
	strict_refuses(&f, "a107820080", EH_OK);
}
END_TEST

START_TEST(lengths_are_limited)
{
	static uint8_t evidence[EH_EVIDENCE_MAX + 1],
	    big[EH_ISSUE_PARAM_MAX + 1];
	struct eh_error error;
	struct eh_issue_param p;
	struct eh_writer w;
	size_t len;

	for (size_t more = 0; more < 2; more++) {
		memset(&p, 0, sizeof(p));
		p.evidence_kind = EH_PARAM_CSR;
		p.evidence = evidence;
		p.evidence_len = EH_EVIDENCE_MAX + more;
		eh_writer_init(&w, big, sizeof(big));
		eh_issue_param_encode(&p, &w);
		ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
		ck_assert_int_eq(eh_issue_param_decode(big, len, &p, &error),
		    more ? EH_ERR_FORMAT : EH_OK);
	}
	memset(big, 0, sizeof(big));
	ck_assert_int_eq(
	    eh_issue_param_decode(big, sizeof(big), &p, &error), EH_ERR_FORMAT);
	ck_assert_ptr_nonnull(strstr(error.text, "the limit is 12288"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("param");
	TCase *t = tcase_create("param");

	tcase_add_test(t, golden_sample_means_what_it_says);
	tcase_add_test(t, damaged_bytes_are_never_read_in_two_ways);
	tcase_add_test(t, everything_is_optional_and_nothing_is_unknown);
	tcase_add_test(t, lengths_are_limited);
	suite_add_tcase(s, t);
	return unit_run(s);
}
