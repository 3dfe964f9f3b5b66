/* SPDX-License-Identifier: Apache-2.0 */
/* test_documents.c - doc/format/ says of messages and records what the code
 * does. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/message/envelope.h"
#include "common/message/record.h"
#include "test/unit/common/document.h"
#include "test/unit/common/golden.h"

static const struct {
	const char *document, *hex;
} samples[] = {
	{ "message", GOLDEN_GRANT },
	{ "message", GOLDEN_PAUTH },
	{ "message", GOLDEN_TIME },
	{ "message", GOLDEN_ACK },
	{ "message", GOLDEN_REVOKE },
	{ "message", GOLDEN_ENROL },
	{ "message", GOLDEN_KEYATTEST },
	{ "count", GOLDEN_COUNTREQ },
	{ "count", GOLDEN_COUNT },
	{ "count", GOLDEN_COUNT_APPROVAL },
	{ "message", GOLDEN_RECEIPT },
	{ "message", GOLDEN_PAUTH_DIGEST },
	{ "record", GOLDEN_RECORD_0 },
	{ "record", GOLDEN_LEAF_0 },
	{ "record", GOLDEN_RECORD_1 },
	{ "record", GOLDEN_LEAF_1 },
	{ "record", GOLDEN_RECORD_2 },
	{ "record", GOLDEN_LEAF_2 },
	{ "record", GOLDEN_RECORD_3 },
	{ "record", GOLDEN_LEAF_3 },
	{ "record", GOLDEN_LEAF_4 },
	{ "record", GOLDEN_LEAF_5 },
	{ "record", GOLDEN_RECORD_6 },
	{ "record", GOLDEN_LEAF_6 },
	{ "record", GOLDEN_LEAF_7 },
	{ "record", GOLDEN_LEAF_8 },
	{ "record", GOLDEN_LEAF_9 },
	{ "record", GOLDEN_RECORD_10 },
	{ "record", GOLDEN_LEAF_10 },
	{ "record", GOLDEN_RECORD_11 },
	{ "record", GOLDEN_LEAF_11 },
	{ "record", GOLDEN_TREE_ROOT_12 },
	{ "record", GOLDEN_REPORT },
	{ "record", GOLDEN_PRIVATE },
	{ "record", GOLDEN_PRIVATE_MAC },
	{ "record", GOLDEN_PRIVATE_STORED },
	{ "param", GOLDEN_PARAM },
	{ "evidence", GOLDEN_EVIDENCE },
	{ "evidence", GOLDEN_EVIDENCE_ROOT },
	{ "evidence", GOLDEN_EVIDENCE_DIGEST },
};
#define NSAMPLES (sizeof(samples) / sizeof(samples[0]))

START_TEST(sample_is_the_one_that_is_tested)
{
	document_read(samples[_i].document);
	ck_assert_msg(document_has_sample(samples[_i].hex),
	    "%s.md lacks %.64s...", samples[_i].document, samples[_i].hex);
}
END_TEST

/* "| pauth | production authorization | role 1 | 8192 | yes |" */
START_TEST(types_of_messages_are_as_they_are)
{
	static const char before[] = "application/edgehsm-";
	const struct eh_message_info *info =
	    eh_message_info((enum eh_message_type)_i);
	char row[256], signer[32];
	int len = (int)strlen(info->typ + strlen(before) + strlen("+cwt"));

	if (info->signer == EH_SIGNED_BY_ROLE)
		snprintf(signer, sizeof(signer), "role %d", (int)info->role);
	else
		strcpy(signer, info->signer == EH_SIGNED_BY_ROOT ?
		    "root" : "EdgeHSM");
	snprintf(row, sizeof(row), "\n| %.*s | %s | %s | %zu | %s |\n", len,
	    info->typ + strlen(before), info->name, signer, info->max,
	    info->supported ? "yes" : "no");
	document_read("message");
	ck_assert_msg(strstr(document, row) != NULL, "message.md should say:%s",
	    row);
}
END_TEST

/* Is the kind read by this version?  A record of it that lacks everything else
 * is malformed; one that is not read is refused for its kind. */
static int
is_read(int kind)
{
	uint8_t bytes[160];
	char hex[256];
	size_t len;

	snprintf(hex, sizeof(hex), "a8" "0001" "0101" "0250"
	    "00000000000000000000000000000000" "035820"
	    "00000000000000000000000000000000"
	    "00000000000000000000000000000000" "04%02x" "0583000000"
	    "0683000000" "1818" "00", kind);
	len = unit_hex(hex, bytes, sizeof(bytes));
	return eh_record_decode(bytes, len, &(struct eh_record){ 0 }, NULL) !=
	    EH_ERR_UNSUPPORTED;
}

/* "| 3 | certificate issued | ... | yes |" */
START_TEST(kinds_of_records_are_as_they_are)
{
	const char *want = is_read(_i) ? " yes |" : " no |";
	char start[128];
	const char *row, *end;

	if (_i == 4)
		return;
	snprintf(start, sizeof(start), "\n| %d | %s | ", _i,
	    eh_record_kind_name((unsigned)_i));
	document_read("record");
	ck_assert_msg((row = strstr(document, start)) != NULL,
	    "record.md should say:%s", start);
	end = strchr(row + 1, '\n');
	ck_assert_ptr_nonnull(end);
	ck_assert_msg(memcmp(end - strlen(want), want, strlen(want)) == 0,
	    "record.md, kind %d: is it read?", _i);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("documents");
	TCase *t = tcase_create("documents");

	tcase_add_loop_test(
	    t, sample_is_the_one_that_is_tested, 0, (int)NSAMPLES);
	tcase_add_loop_test(
	    t, types_of_messages_are_as_they_are, 0, EH_MESSAGE_TYPES);
	tcase_add_loop_test(
	    t, kinds_of_records_are_as_they_are, 0, EH_RECORD_CRL + 1);
	suite_add_tcase(s, t);
	return unit_run(s);
}
