/* SPDX-License-Identifier: Apache-2.0 */
/* test_pauth.c - production authorization. */
#include "config.h"

#include <string.h>

#include "common/message/envelope.h"
#include "common/message/pauth.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(pauth)

static uint8_t message[1024];
static struct eh_envelope envelope;
static struct eh_pauth p;

/* Decode the golden sample into ${p}. */
static void
golden(void)
{
	size_t len = unit_hex(GOLDEN_PAUTH, message, sizeof(message));

	ck_assert_int_eq(
	    eh_envelope_decode(message, len, &envelope, NULL), EH_OK);
	ck_assert_int_eq(eh_pauth_decode(envelope.sign1.payload,
	    envelope.sign1.payload_len, &p, NULL), EH_OK);
}

/* Encode ${p} and decode the result: the rules, with the sentence. */
static int
judge(struct eh_error *error)
{
	static struct eh_pauth again;
	uint8_t out[8192];
	struct eh_writer w;
	size_t len;

	eh_error_clear(error);
	eh_writer_init(&w, out, sizeof(out));
	eh_pauth_encode(&p, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	return eh_pauth_decode(out, len, &again, error);
}

static void
refused(const char *sentence)
{
	struct eh_error error;

	ck_assert_int_eq(judge(&error), EH_ERR_FORMAT);
	ck_assert_msg(strstr(error.text, sentence) != NULL,
	    "\"%s\" does not say \"%s\"", error.text, sentence);
}

static void
allowed(void)
{
	struct eh_error error;

	ck_assert_msg(judge(&error) == EH_OK, "%s", error.text);
}

START_TEST(golden_sample_means_what_it_says)
{
	golden();
	ck_assert_str_eq(p.from.iss, "oem.example");
	ck_assert_uint_eq(p.from.iat, 1795176000);
	ck_assert_uint_eq(p.not_before, 1795176000);
	ck_assert_uint_eq(p.expires, 1795780800);
	ck_assert_uint_eq(p.id[0], 0);
	ck_assert_uint_eq(p.id[15], 15);
	ck_assert_uint_eq(p.seq, 1);
	ck_assert_uint_eq(p.epoch, 1);
	ck_assert_str_eq(p.factory, "fab1");
	ck_assert_uint_eq(p.nlines, 2);
	ck_assert_str_eq(p.lines[1], "line3");
	ck_assert_str_eq(p.profile.name, "gateway-a");
	ck_assert_uint_eq(p.profile.version, 3);
	ck_assert_uint_eq(p.nops, 5);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_PASS)->quota, 10000);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_PASS)->lease, 64);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_ISSUE)->quota, 10128);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_REISSUE)->lease, 1);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_REISSUE)->uses, 1);
	ck_assert_ptr_null(eh_pauth_op(&p, EH_OP_UNLOCK));
	ck_assert_uint_eq(p.scope.kind, EH_SCOPE_RANGE);
	ck_assert_str_eq(p.scope.id_kind, "serial");
	ck_assert_mem_eq(p.scope.hi.bytes, "SN00009999", p.scope.hi.len);
	ck_assert_uint_eq(p.limits.max_unacked, 100000);
	ck_assert_uint_eq(p.limits.max_offline, 604800);
	ck_assert_uint_eq(p.limits.max_unaccounted, 4096);
	ck_assert_uint_eq(p.limits.boot_grace, 1000);
	ck_assert_uint_eq(p.limits.quality, EH_QUALITY_FLOOR);
	ck_assert(!p.has_supersedes);
	ck_assert_str_eq(p.order, "PO-4711");
}
END_TEST

START_TEST(damaged_payload_is_never_read_in_two_ways)
{
	struct strict_format f = strict_pauth();

	golden();
	strict_check(&f, envelope.sign1.payload, envelope.sign1.payload_len);
}
END_TEST

START_TEST(everything_optional_survives_a_round_trip)
{
	struct eh_pauth before;
	uint8_t out[8192];
	struct eh_writer w;
	size_t len;

	golden();
	p.nlines = 0;
	memset(p.order, 0, sizeof(p.order));
	p.has_supersedes = 1;
	memset(p.supersedes, 0xab, EH_ID_LEN);
	p.nimages = 1;
	strcpy(p.images[0].id, "app");
	strcpy(p.images[0].version, "1.2.3");
	p.nkeys = 1;
	p.keys[0].op = EH_OP_ISSUE;
	p.ops[1].uses = 3;
	p.scope.kind = EH_SCOPE_LIST;
	p.scope.ndevices = EH_SCOPE_DEVICES_MAX;
	for (uint8_t i = 0; i < EH_SCOPE_DEVICES_MAX; i++) {
		p.scope.devices[i].len = 32;
		p.scope.devices[i].bytes[31] = i;
	}
	memset(p.lines, 0, sizeof(p.lines));
	memset(&p.scope.lo, 0, sizeof(p.scope.lo));
	memset(&p.scope.hi, 0, sizeof(p.scope.hi));
	memcpy(&before, &p, sizeof(p));
	eh_writer_init(&w, out, sizeof(out));
	eh_pauth_encode(&p, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	ck_assert_int_eq(eh_cbor_check(out, len), EH_OK);
	ck_assert_int_eq(eh_pauth_decode(out, len, &p, NULL), EH_OK);
	ck_assert_mem_eq(&p, &before, sizeof(p));
}
END_TEST

START_TEST(validity_is_some_time_and_at_most_400_days)
{
	golden();
	p.expires = p.not_before + EH_VALIDITY_MAX;
	allowed();
	p.expires++;
	refused("at most 400 days");
	p.expires = p.not_before;
	refused("at most 400 days");
	p.expires = p.not_before - 1;
	refused("at most 400 days");
}
END_TEST

START_TEST(devices_must_be_granted_and_operations_known)
{
	golden();
	p.ops[4].op = EH_OP_LAST;
	allowed();
	p.ops[4].op = EH_OP_LAST + 1;
	refused("operation 10 is unknown");
	golden();
	p.ops[0].op = EH_OP_ISSUE;
	p.nops = 1;
	refused("operation 0 (device) is not granted");
}
END_TEST

START_TEST(lease_is_at_most_the_quota)
{
	golden();
	p.ops[0].lease = 16;
	p.ops[0].quota = 16;
	allowed();
	p.ops[0].quota = 15;
	refused("lease of 16, above its quota of 15");
	/* The way to close an order: a quota of nothing. */
	p.ops[0].quota = 0;
	allowed();
}
END_TEST

START_TEST(reissue_has_no_lease)
{
	golden();
	p.ops[4].lease = 1;
	allowed();
	p.ops[4].lease = 2;
	refused("operation 9 (re-issue) has a lease of 2, it must be 1");
}
END_TEST

START_TEST(key_is_named_for_granted_operations_only)
{
	golden();
	p.nkeys = 1;
	p.keys[0].op = EH_OP_EXPORT;
	allowed();
	p.keys[0].op = EH_OP_UNLOCK;
	refused("operation 7 (unlock), which is not granted");
}
END_TEST

START_TEST(range_runs_forward_and_has_one_length)
{
	golden();
	p.scope.hi = p.scope.lo;
	allowed();
	p.scope.lo.bytes[9]++;
	refused("ends before it begins");
	p.scope.lo.bytes[9]--;
	p.scope.hi.len--;
	refused("from an id of 10 octets to one of 9");
}
END_TEST

START_TEST(scope_by_tree_is_not_empty)
{
	golden();
	p.scope.kind = EH_SCOPE_TREE;
	p.scope.tree_size = 1;
	allowed();
	p.scope.tree_size = 0;
	refused("tree of devices is empty");
	p.scope.kind = EH_SCOPE_ANY;
	allowed();
}
END_TEST

START_TEST(nothing_supersedes_itself)
{
	golden();
	p.has_supersedes = 1;
	allowed();
	memcpy(p.supersedes, p.id, EH_ID_LEN);
	refused("supersedes itself");
}
END_TEST

START_TEST(names_are_names)
{
	golden();
	strcpy(p.from.iss, "oem/example:1.2_3-");
	allowed();
	strcpy(p.from.iss, "oem example");
	refused("malformed");
	strcpy(p.from.iss, "-oem");
	refused("malformed");
	golden();
	strcpy(p.factory, "fab1\"");
	refused("malformed");
	golden();
	p.profile.name[0] = '\0';
	refused("malformed");
}
END_TEST

START_TEST(counts_out_of_range_are_refused)
{
	golden();
	p.ops[0].lease = EH_LEASE_MAX + 1;
	refused("malformed");
	golden();
	p.ops[0].lease = 0;
	refused("malformed");
	golden();
	p.ops[0].quota = EH_U53_MAX + 1;
	refused("malformed");
	golden();
	p.limits.quality = (enum eh_quality)4;
	refused("malformed");
	golden();
	p.expires = EH_TIME_MAX + 1;
	refused("malformed");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pauth");
	TCase *t = tcase_create("pauth");

	tcase_add_test(t, golden_sample_means_what_it_says);
	tcase_add_test(t, damaged_payload_is_never_read_in_two_ways);
	tcase_add_test(t, everything_optional_survives_a_round_trip);
	tcase_add_test(t, validity_is_some_time_and_at_most_400_days);
	tcase_add_test(t, devices_must_be_granted_and_operations_known);
	tcase_add_test(t, lease_is_at_most_the_quota);
	tcase_add_test(t, reissue_has_no_lease);
	tcase_add_test(t, key_is_named_for_granted_operations_only);
	tcase_add_test(t, range_runs_forward_and_has_one_length);
	tcase_add_test(t, scope_by_tree_is_not_empty);
	tcase_add_test(t, nothing_supersedes_itself);
	tcase_add_test(t, names_are_names);
	tcase_add_test(t, counts_out_of_range_are_refused);
	suite_add_tcase(s, t);
	return unit_run(s);
}
