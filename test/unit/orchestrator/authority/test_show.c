/* SPDX-License-Identifier: Apache-2.0 */
/* test_show.c - what a file says, from its bytes and nothing else. */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/authority/show.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/x509_golden.h"
#include "test/unit/unit.h"

static uint8_t bytes[8192];
static size_t len;
static char *text;		/* of the last sheet */
static struct eh_error error;

static void
setup(void)
{
	text = NULL;
}

static void
teardown(void)
{
	free(text);
}

/* Show ${bytes}; the text, or JSON, goes to ${text}. */
static int
show(int json)
{
	struct eh_sheet *sheet = eh_sheet_new();
	struct eh_envelope envelope;
	enum eh_show_kind kind;
	size_t size;
	FILE *out;
	int err;

	eh_error_clear(&error);
	err = eh_show_kind(bytes, len, &kind, &error);
	if (err == EH_OK)
		err = kind == EH_SHOW_MESSAGE
		    ? eh_show_message(sheet, bytes, len, &envelope, &error)
		    : kind == EH_SHOW_PROFILE
			? eh_show_profile(sheet, bytes, len, &error)
			: eh_show_record(sheet, bytes, len, &error);
	free(text);
	text = NULL;
	if (err == EH_OK) {
		out = open_memstream(&text, &size);
		ck_assert_ptr_nonnull(out);
		ck_assert_int_eq(eh_sheet_print(sheet, out, json, NULL), EH_OK);
		fclose(out);
	}
	eh_sheet_free(sheet);
	return err;
}

static void
golden(const char *hex)
{
	int err;

	len = unit_hex(hex, bytes, sizeof(bytes));
	err = show(0);
	ck_assert_msg(err == EH_OK, "%s", error.text);
}

static void
says(const char *line)
{
	ck_assert_msg(
	    strstr(text, line) != NULL, "no \"%s\" in:\n%s", line, text);
}

START_TEST(authorization_is_the_same_text_for_everybody)
{
	static const char expected[] =
	    "message                  production authorization\n"
	    "digest                   5d4d 9ea9 1aa9 b259 6a27 21db 9dc8 a713 "
	    "8b1b 5f54 9474 5bb2 4258 0708 368a b259\n"
	    "size                     413\n"
	    "kid                      a2d426b6d9a71de3\n"
	    "algorithm                ES256\n"
	    "order                    PO-4711\n"
	    "issuer                   oem.example\n"
	    "HSM                      ca13abd0cc316022cde4d5463b615e61\n"
	    "issued                   2026-11-20T12:00:00Z\n"
	    "not before               2026-11-20T12:00:00Z\n"
	    "expires                  2026-11-27T12:00:00Z\n"
	    "authorization            000102030405060708090a0b0c0d0e0f\n"
	    "sequence                 1\n"
	    "epoch                    1\n"
	    "factory                  fab1\n"
	    "line                     line1\n"
	    "line                     line3\n"
	    "profile                  gateway-a\n"
	    "profile version          3\n"
	    "config digest            9485609139015769f052eef9b2aa67f5a235b0e9"
	    "e9a6f2503ec9888679119a47\n"
	    "devices                  10000 devices\n"
	    "operation\n"
	    "  operation              0 (device)\n"
	    "  quota                  10000\n"
	    "  lease                  64\n"
	    "  uses per device        1\n"
	    "operation\n"
	    "  operation              1 (issue)\n"
	    "  quota                  10128\n"
	    "  lease                  64\n"
	    "  uses per device        1\n"
	    "operation\n"
	    "  operation              2 (derive)\n"
	    "  quota                  10128\n"
	    "  lease                  64\n"
	    "  uses per device        1\n"
	    "operation\n"
	    "  operation              3 (export)\n"
	    "  quota                  10128\n"
	    "  lease                  64\n"
	    "  uses per device        1\n"
	    "operation\n"
	    "  operation              9 (re-issue)\n"
	    "  quota                  100\n"
	    "  lease                  1\n"
	    "  uses per device        1\n"
	    "scope                    range\n"
	    "scope id kind            serial\n"
	    "scope first              \"SN00000000\"\n"
	    "scope last               \"SN00009999\"\n"
	    "max unacked              100000 records\n"
	    "max offline              604800 seconds\n"
	    "max unaccounted          4096 burned devices\n"
	    "boot grace               1000 devices\n"
	    "min quality              1 (a lower bound only)\n";

	golden(GOLDEN_PAUTH);
	ck_assert_str_eq(text, expected);
}
END_TEST

START_TEST(json_has_the_same_facts)
{
	json_t *o, *op;

	len = unit_hex(GOLDEN_PAUTH, bytes, sizeof(bytes));
	ck_assert_int_eq(show(1), EH_OK);
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
	o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(o);
	ck_assert_str_eq(json_string_value(json_object_get(o, "digest")),
	    GOLDEN_PAUTH_DIGEST);
	ck_assert_str_eq(json_string_value(json_object_get(o, "hsm")),
	    GOLDEN_HSM_ID);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(o, "devices")), 10000);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "line")), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "operation")), 5);
	op = json_array_get(json_object_get(o, "operation"), 1);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(op, "quota")), 10128);
	/* Octets are hex in JSON, whatever they look like. */
	ck_assert_str_eq(json_string_value(json_object_get(o, "scope_first")),
	    "534e3030303030303030");
	json_decref(o);
}
END_TEST

/* Put ${payload} (hex) into an envelope of ${typ} with a signature of zeros. */
static void
wrap(const char *typ, const char *payload)
{
	uint8_t inner[4096];
	size_t n = unit_hex(payload, inner, sizeof(inner));
	char full[64];
	struct eh_writer w, h;
	uint8_t header[128];
	const uint8_t zero[64] = { 0 };
	size_t headerlen;

	snprintf(full, sizeof(full), "application/edgehsm-%s+cwt", typ);
	eh_writer_init(&h, header, sizeof(header));
	eh_cbor_put_map(&h, 4);
	eh_cbor_put_uint(&h, 1);
	eh_cbor_put_int(&h, -7);
	eh_cbor_put_uint(&h, 2);
	eh_cbor_put_array(&h, 1);
	eh_cbor_put_uint(&h, 16);
	eh_cbor_put_uint(&h, 4);
	eh_cbor_put_bytes(&h, zero, 8);
	eh_cbor_put_uint(&h, 16);
	eh_cbor_put_text(&h, full);
	ck_assert_int_eq(eh_writer_end(&h, &headerlen), EH_OK);
	eh_writer_init(&w, bytes, sizeof(bytes));
	eh_cbor_put_tag(&w, 18);
	eh_cbor_put_array(&w, 4);
	eh_cbor_put_bytes(&w, header, headerlen);
	eh_cbor_put_map(&w, 0);
	eh_cbor_put_bytes(&w, inner, n);
	eh_cbor_put_bytes(&w, zero, sizeof(zero));
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
}

START_TEST(messages_of_the_authority_are_shown)
{
	wrap("grant", GOLDEN_GRANT);
	ck_assert_msg(show(0) == EH_OK, "%s", error.text);
	says("message                  issuer grant\n");
	says("  role                   1 (production authorization)\n");
	says("  may write as           oem.example\n");
	says("  state                  active\n");
	wrap("time", GOLDEN_TIME);
	ck_assert_msg(show(0) == EH_OK, "%s", error.text);
	says("message                  time attestation\n");
	says("nonce                    000102030405060708090a0b0c0d0e0f\n");
	says("sequence                 9\n");
	says("uncertainty              1 seconds\n");
}
END_TEST

START_TEST(messages_of_an_edgehsm_are_shown)
{
	golden(GOLDEN_RECEIPT);
	says("message                  receipt\n");
	says("tree size                7\n");
	says("  counter\n    operation            0 (device)\n");
	says("root                     1820 f893 ");
	wrap("revoke", GOLDEN_REVOKE);
	ck_assert_msg(show(0) == EH_OK, "%s", error.text);
	says("message                  revocation update\n");
	says("revocation               17\n");
	says("minimum epoch            1\n");
	says("revoked authorization\n"
	     "  id                     000102030405060708090a0b0c0d0e0f\n");
	says("  kid                    06e3fd8fda29bb60\n");
	wrap("enrol", GOLDEN_ENROL);
	ck_assert_msg(show(0) == EH_OK, "%s", error.text);
	says("message                  enrolment request\n");
	says("anchor class             0 (a file, or a TPM "
	    "that nobody has verified)\n");
	says("  purpose                2 (issuing)\n");
	wrap("keyattest", GOLDEN_KEYATTEST);
	ck_assert_msg(show(0) == EH_OK, "%s", error.text);
	says("message                  key attestation\n");
	says("purpose                  2 (issuing)\n");
}
END_TEST

START_TEST(later_messages_are_refused_in_words)
{
	wrap("dauth", GOLDEN_KEYATTEST);
	ck_assert_int_eq(show(0), EH_ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(error.text, "not supported"));
}
END_TEST

START_TEST(profile_is_shown_to_the_last_octet)
{
	golden(GOLDEN_PROFILE);
	says("file                     compiled profile\n");
	says("config digest            9485 6091 3901 5769 ");
	says("name                     gateway-a\n");
	says("  pattern                SN[0-9]{8}\n");
	says("  first                  \"SN00000000\"\n");
	says("  TBS length             330\n");
	says("  TBS                    30820146a003020102");
	says("    source               certificate-serial\n");
	says("    offset               11\n");
	says("  leaves by              ");
	says("evidence                 csr\n");
}
END_TEST

START_TEST(every_golden_record_is_shown)
{
	static const char *const records[] = { GOLDEN_RECORD_0,
		GOLDEN_RECORD_1, GOLDEN_RECORD_2, GOLDEN_RECORD_3,
		GOLDEN_RECORD_6, GOLDEN_RECORD_10, GOLDEN_RECORD_11 };
	static const char *const kinds[] = {
		"kind                     0 (genesis)\n",
		"kind                     15 (message imported)\n",
		"kind                     2 (authorization installed)\n",
		"kind                     3 (certificate issued)\n",
		"kind                     11 (unit report)\n",
		"kind                     5 (burned)\n",
		"kind                     1 (boot)\n",
	};

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		golden(records[i]);
		says("file                     record\n");
		says(kinds[i]);
	}
	golden(GOLDEN_RECORD_3);
	says("serial                   5c104a4559d2b96a98ae52f162c712fe\n");
	says("device                   \"SN00000042\"\n");
	golden(GOLDEN_RECORD_6);
	says("outcome                  good\n");
	/* Kind 12 is of a later version. */
	len = unit_hex(GOLDEN_RECORD_4, bytes, sizeof(bytes));
	ck_assert_int_eq(show(0), EH_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(leaf_is_that_of_the_log)
{
	char grouped[100] = "leaf                     ", *at;
	const char *leaf = GOLDEN_LEAF_3;

	at = grouped + strlen(grouped);
	for (unsigned i = 0; leaf[i] != '\0'; i++) {
		if (i > 0 && i % 4 == 0 && at < grouped + 90)
			*at++ = ' ';
		if (at < grouped + 90)
			*at++ = leaf[i];
	}
	*at = '\0';
	golden(GOLDEN_RECORD_3);
	says(grouped);
}
END_TEST

START_TEST(other_bytes_are_nothing_of_ours)
{
	static const char *const wrong[] = { "", "00", "a0", "a1000101", "80",
		"a200010200", "a20001", "3082", "2d2d2d" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		len = unit_hex(wrong[i], bytes, sizeof(bytes));
		ck_assert_int_eq(show(0), EH_ERR_FORMAT);
	}
}
END_TEST

START_TEST(damaged_bytes_show_something_else_or_nothing)
{
	static const struct {
		const char *hex;
		size_t signature;	/* which identifies nothing */
	} samples[] = { { GOLDEN_PAUTH, 64 }, { GOLDEN_RECEIPT, 64 },
		{ GOLDEN_RECORD_3, 0 }, { GOLDEN_PROFILE, 0 } };

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char *before;
		size_t n;

		golden(samples[i].hex);
		before = strdup(text);
		n = len;
		for (size_t at = 0; at + samples[i].signature < n; at++) {
			bytes[at] ^= 0x01;
			if (show(0) == EH_OK)
				ck_assert_str_ne(text, before);
			bytes[at] ^= 0x01;
		}
		len = n - 1;
		ck_assert_int_ne(show(0), EH_OK);
		bytes[n] = 0;
		len = n + 1;
		ck_assert_int_ne(show(0), EH_OK);
		free(before);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("show");
	TCase *t = tcase_create("show");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, authorization_is_the_same_text_for_everybody);
	tcase_add_test(t, json_has_the_same_facts);
	tcase_add_test(t, messages_of_the_authority_are_shown);
	tcase_add_test(t, messages_of_an_edgehsm_are_shown);
	tcase_add_test(t, later_messages_are_refused_in_words);
	tcase_add_test(t, profile_is_shown_to_the_last_octet);
	tcase_add_test(t, every_golden_record_is_shown);
	tcase_add_test(t, leaf_is_that_of_the_log);
	tcase_add_test(t, other_bytes_are_nothing_of_ours);
	tcase_add_test(t, damaged_bytes_show_something_else_or_nothing);
	suite_add_tcase(s, t);
	return unit_run(s);
}
