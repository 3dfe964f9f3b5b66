/* SPDX-License-Identifier: Apache-2.0 */
/* test_enrol.c - enrolment request. */
#include "config.h"

#include <string.h>

#include "common/crypto/soft.h"
#include "common/message/enrol.h"
#include "common/message/envelope.h"
#include "test/unit/common/golden.h"
#include "test/unit/common/strict.h"

STRICT_FORMAT(enrol)

static struct eh_enrol e;
static uint8_t out[8192];
static size_t len;

static void
golden(void)
{
	uint8_t bytes[512];
	size_t n = unit_hex(GOLDEN_ENROL, bytes, sizeof(bytes));

	ck_assert_int_eq(eh_enrol_decode(bytes, n, &e, NULL), EH_OK);
}

/* Encode ${e} to ${out}. */
static void
encode(void)
{
	struct eh_writer w;

	eh_writer_init(&w, out, sizeof(out));
	eh_enrol_encode(&e, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
}

static int
judge(struct eh_error *error)
{
	struct eh_enrol again;

	encode();
	eh_error_clear(error);
	return eh_enrol_decode(out, len, &again, error);
}

START_TEST(golden_sample_means_what_it_says)
{
	uint8_t id[EH_HSM_ID_LEN];

	golden();
	unit_hex(GOLDEN_HSM_ID, id, sizeof(id));
	ck_assert_mem_eq(e.hsm_id, id, sizeof(id));
	ck_assert_uint_eq(e.key.len, EH_P256_POINT_LEN);
	ck_assert_uint_eq(e.nkeys, 2);
	ck_assert_uint_eq(e.nonce.len, 16);
	ck_assert_str_eq(e.software.version, "edgehsmd-1.0.0");
	ck_assert_uint_eq(e.anchor_class, EH_CLASS_FILE);
}
END_TEST

START_TEST(damaged_payload_is_never_read_in_two_ways)
{
	struct strict_format f = strict_enrol();
	uint8_t bytes[512];

	strict_check(&f, bytes, unit_hex(GOLDEN_ENROL, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(id_is_that_of_the_key)
{
	struct eh_error error;

	golden();
	e.hsm_id[15] ^= 1;
	ck_assert_int_eq(judge(&error), EH_ERR_FORMAT);
	ck_assert_ptr_nonnull(strstr(error.text, "not that of"));
}
END_TEST

START_TEST(keys_are_sorted_and_none_stands_twice)
{
	struct eh_key_entry first;
	struct eh_error error;

	golden();
	first = e.keys[0];
	e.keys[0] = e.keys[1];
	e.keys[1] = first;
	ck_assert_int_eq(judge(&error), EH_ERR_FORMAT);
	e.keys[0] = first;
	ck_assert_int_eq(judge(&error), EH_ERR_FORMAT);
	e.nkeys = 0;
	ck_assert_int_eq(judge(&error), EH_OK);
}
END_TEST

START_TEST(class_above_0_is_refused_in_words)
{
	struct eh_error error;

	golden();
	e.anchor_class = EH_CLASS_TPM;
	ck_assert_int_eq(judge(&error), EH_ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(error.text, "anchor class 1"));
	/* What a TPM gave, in a request that claims nothing: as much so. */
	golden();
	encode();
	out[0]++;
	memcpy(out + len, "\x3a\x00\x01\x14\xfb\x40", 6);
	ck_assert_int_eq(
	    eh_enrol_decode(out, len + 6, &e, &error), EH_ERR_UNSUPPORTED);
}
END_TEST

/* Sign ${e} with ${key} under the type ${type}; the message is in ${out}. */
static void
sign(struct eh_soft *key, enum eh_message_type type)
{
	uint8_t payload[1024];
	struct eh_signer signer;
	struct eh_writer w;
	size_t n;

	eh_writer_init(&w, payload, sizeof(payload));
	eh_enrol_encode(&e, &w);
	ck_assert_int_eq(eh_writer_end(&w, &n), EH_OK);
	eh_soft_signer(key, &signer);
	eh_writer_init(&w, out, sizeof(out));
	ck_assert_int_eq(
	    eh_envelope_sign(type, payload, n, &signer, &w, NULL), EH_OK);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
}

START_TEST(request_opens_with_the_key_inside_and_no_other)
{
	struct eh_soft *own, *other;
	struct eh_error error;

	golden();
	ck_assert_int_eq(eh_soft_generate(&own), EH_OK);
	ck_assert_int_eq(eh_soft_generate(&other), EH_OK);
	e.key = *eh_soft_public(own);
	eh_keyid_hsm(&e.key, e.hsm_id);
	sign(own, EH_MESSAGE_ENROL);
	ck_assert_int_eq(eh_enrol_open(out, len, &e, &error), EH_OK);
	ck_assert(eh_rawkey_equal(&e.key, eh_soft_public(own)));

	out[len - 1] ^= 1;
	ck_assert_int_eq(
	    eh_enrol_open(out, len, &e, &error), EH_ERR_SIGNATURE);
	ck_assert_uint_eq(e.key.len, 0);

	golden();
	e.key = *eh_soft_public(own);
	eh_keyid_hsm(&e.key, e.hsm_id);
	sign(other, EH_MESSAGE_ENROL);
	ck_assert_int_eq(
	    eh_enrol_open(out, len, &e, &error), EH_ERR_SIGNATURE);
	eh_soft_free(own);
	eh_soft_free(other);
}
END_TEST

START_TEST(other_message_is_no_request)
{
	struct eh_soft *own;
	struct eh_error error;

	golden();
	ck_assert_int_eq(eh_soft_generate(&own), EH_OK);
	e.key = *eh_soft_public(own);
	eh_keyid_hsm(&e.key, e.hsm_id);
	sign(own, EH_MESSAGE_KEYATTEST);
	ck_assert_int_eq(eh_enrol_open(out, len, &e, &error), EH_ERR_FORMAT);
	ck_assert_str_eq(
	    error.text, "not an enrolment request but a key attestation");
	eh_soft_free(own);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("enrol");
	TCase *t = tcase_create("enrol");

	tcase_add_test(t, golden_sample_means_what_it_says);
	tcase_add_test(t, damaged_payload_is_never_read_in_two_ways);
	tcase_add_test(t, id_is_that_of_the_key);
	tcase_add_test(t, keys_are_sorted_and_none_stands_twice);
	tcase_add_test(t, class_above_0_is_refused_in_words);
	tcase_add_test(t, request_opens_with_the_key_inside_and_no_other);
	tcase_add_test(t, other_message_is_no_request);
	suite_add_tcase(s, t);
	return unit_run(s);
}
