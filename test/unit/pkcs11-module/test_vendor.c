/* SPDX-License-Identifier: Apache-2.0 */
/* test_vendor.c - the interface "Vendor EdgeHSM". */
#include "config.h"

#include <string.h>

#include "common/wire/wire.h"
#include "test/unit/pkcs11-module/fake.h"
#include "test/unit/unit.h"

static CK_SESSION_HANDLE s;
static CK_EDGEHSM_FUNCTIONS *vendor;
static CK_BYTE out[EH_WIRE_MAX];
static CK_BYTE nonce[33] = "0123456789abcdef0123456789abcdef";
static CK_ULONG len;

static void
up(void)
{
	fake_module_up();
	s = fake_user_session();
	vendor = fake_vendor();
	len = sizeof(out);
}

START_TEST(status_is_the_map_of_the_wire)
{
	struct eh_wire map;

	ck_assert_uint_eq(vendor->Status(0, out, &len), CKR_OK);
	ck_assert_int_eq(
	    eh_wire_decode_reply(&map, EH_REQ_STATUS, out, len), EH_OK);
	ck_assert_uint_eq(eh_wire_number(&map, EH_WIRE_SEQ), 42);
	ck_assert_uint_eq(vendor->Status(1, out, &len), CKR_SLOT_ID_INVALID);
	ck_assert_uint_eq(vendor->Status(0, out, NULL), CKR_ARGUMENTS_BAD);
	len = 1;
	ck_assert_uint_eq(vendor->Status(0, out, &len), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_gt(len, 1);
}
END_TEST

START_TEST(signed_messages_answer_a_nonce)
{
	ck_assert_uint_eq(vendor->Enrol(s, nonce, 16, out, &len), CKR_OK);
	ck_assert_uint_eq(len, 700);
	ck_assert_mem_eq(out, nonce, 16);
	len = sizeof(out);
	ck_assert_uint_eq(vendor->Receipt(s, nonce, 32, out, &len), CKR_OK);
	ck_assert_uint_eq(len, 379);
	ck_assert_mem_eq(out, nonce, 32);
	ck_assert_uint_eq(
	    vendor->Receipt(s, nonce, 15, out, &len), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(
	    vendor->Receipt(s, nonce, 33, out, &len), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(
	    vendor->Enrol(s, NULL, 16, out, &len), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(a_size_query_asks_nobody)
{
	len = 0;
	ck_assert_uint_eq(vendor->Enrol(s, nonce, 16, NULL, &len), CKR_OK);
	ck_assert_uint_ge(len, 700);
	ck_assert_uint_eq(vendor->TimeNonce(s, NULL, &len), CKR_OK);
	ck_assert_uint_eq(len, 16);
	len = 15;
	ck_assert_uint_eq(
	    vendor->TimeNonce(s, out, &len), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(
	    vendor->Import(s, nonce, 8, NULL, &len), CKR_OK);
	len = 100;
	ck_assert_uint_eq(
	    vendor->Import(s, nonce, 8, out, &len), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(vendor->LogRead(s, 0, NULL, &len), CKR_OK);
	ck_assert_uint_eq(fake.count[EH_REQ_ENROL], 0);
	ck_assert_uint_eq(fake.count[EH_REQ_TIME_NONCE], 0);
	ck_assert_uint_eq(fake.count[EH_REQ_IMPORT], 0);
	ck_assert_uint_eq(fake.count[EH_REQ_LOG_READ], 0);
	ck_assert_uint_eq(
	    vendor->Enrol(s, nonce, 16, out, NULL), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(a_key_is_attested_by_either_half)
{
	CK_OBJECT_HANDLE key = fake_find(s, CKO_PRIVATE_KEY, "issuing");
	CK_OBJECT_HANDLE public = fake_find(s, CKO_PUBLIC_KEY, "issuing");
	CK_OBJECT_HANDLE certificate = fake_find(s, CKO_CERTIFICATE, "ca");

	ck_assert_uint_eq(
	    vendor->AttestKey(s, key, nonce, 16, out, &len), CKR_OK);
	ck_assert_uint_eq(len, 300);
	len = sizeof(out);
	ck_assert_uint_eq(
	    vendor->AttestKey(s, public, NULL, 0, out, &len), CKR_OK);
	ck_assert_uint_eq(vendor->AttestKey(s, certificate, NULL, 0, out, &len),
	    CKR_KEY_HANDLE_INVALID);
	ck_assert_uint_eq(vendor->AttestKey(s, key, nonce, 3, out, &len),
	    CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(the_time_nonce_has_16_octets)
{
	len = 16;
	ck_assert_uint_eq(vendor->TimeNonce(s, out, &len), CKR_OK);
	ck_assert_uint_eq(len, 16);
	ck_assert_mem_eq(out, "nonce-0123456789", 16);
}
END_TEST

START_TEST(a_challenge_is_for_a_device)
{
	CK_BYTE id[] = "SN1";

	len = 31;
	ck_assert_uint_eq(vendor->Challenge(s, nonce, (CK_BYTE *)"serial", 6,
	    id, 3, out, &len), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(len, 32);
	ck_assert_uint_eq(fake.count[EH_REQ_CHALLENGE], 0);
	ck_assert_uint_eq(vendor->Challenge(s, nonce, (CK_BYTE *)"serial", 6,
	    id, 3, out, &len), CKR_OK);
	ck_assert_uint_eq(len, 32);
	ck_assert_mem_eq(out, "challenge-", 10);
	ck_assert_uint_eq(vendor->Challenge(s, nonce, (CK_BYTE *)"serial", 6,
	    id, 33, out, &len), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(vendor->Challenge(s, NULL, (CK_BYTE *)"serial", 6,
	    id, 3, out, &len), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(vendor->Challenge(s, nonce, NULL, 0, id, 3, out,
	    &len), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(an_import_says_what_it_was)
{
	CK_SESSION_HANDLE ro;
	CK_BYTE message[] = "\xd2message";

	ck_assert_uint_eq(vendor->Import(s, message, 8, out, &len), CKR_OK);
	out[len] = '\0';
	ck_assert_str_eq((char *)out,
	    "production authorization PO-4713 for 5 devices");
	len = sizeof(out);
	ck_assert_uint_eq(
	    vendor->Import(s, nonce, 8, out, &len), CKR_EDGEHSM_MALFORMED);
	ck_assert_str_eq(fake_sentence(s), "this is no message");
	ck_assert_uint_eq(
	    vendor->Import(s, NULL, 8, out, &len), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(p11->C_OpenSession(
	    0, CKF_SERIAL_SESSION, NULL, NULL, &ro), CKR_OK);
	ck_assert_uint_eq(
	    vendor->Import(ro, message, 8, out, &len), CKR_SESSION_READ_ONLY);
}
END_TEST

START_TEST(a_report_goes_through)
{
	CK_UTF8CHAR kind[] = "serial";

	ck_assert_uint_eq(vendor->Report(
	    s, nonce, kind, 6, nonce, 10, nonce, 20), CKR_OK);
	ck_assert_uint_eq(fake.len, 20);
	ck_assert_uint_eq(vendor->Report(
	    s, NULL, kind, 6, nonce, 10, nonce, 20), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(vendor->Report(
	    s, nonce, kind, 0, nonce, 10, nonce, 20), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(vendor->Report(
	    s, nonce, kind, 6, nonce, 33, nonce, 20), CKR_ARGUMENTS_BAD);
	fake_refuse(EH_REQ_REPORT, EH_DENIED_STATE, "good after scrapped");
	ck_assert_uint_eq(vendor->Report(
	    s, nonce, kind, 6, nonce, 10, nonce, 20), CKR_FUNCTION_FAILED);
	ck_assert_str_eq(fake_sentence(s), "good after scrapped");
}
END_TEST

START_TEST(the_log_is_read_as_far_as_it_fits)
{
	ck_assert_uint_eq(vendor->LogRead(s, 3, out, &len), CKR_OK);
	ck_assert_uint_eq(len, 6);
	ck_assert_mem_eq(out, "\x82\x41r\x42rr", 6);
	len = 3;
	ck_assert_uint_eq(
	    vendor->LogRead(s, 3, out, &len), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_gt(len, 1000000);
	ck_assert_uint_eq(vendor->LogRead(s, 3, out, &len), CKR_OK);
	ck_assert_uint_eq(len, 6);
	ck_assert_uint_eq(
	    vendor->LogRead(s, (CK_ULONG)-1, out, &len), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(a_genesis_comes_once)
{
	CK_UTF8CHAR label[33] = "first                           ";
	CK_BYTE root[91] = { 0x30 };

	ck_assert_uint_eq(
	    vendor->Genesis(0, nonce, 8, label, root, sizeof(root)),
	    CKR_FUNCTION_FAILED);
	ck_assert_str_eq(
	    fake_sentence(CK_INVALID_HANDLE), "this EdgeHSM has its identity");
	fake.state = EH_STATE_FRESH;
	ck_assert_uint_eq(
	    vendor->Genesis(0, nonce, 3, label, root, sizeof(root)),
	    CKR_PIN_LEN_RANGE);
	ck_assert_uint_eq(vendor->Genesis(0, nonce, 8, label, NULL, 91),
	    CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(vendor->Genesis(0, nonce, 8, label, root, 5),
	    CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(
	    vendor->Genesis(0, nonce, 8, label, root, sizeof(root)), CKR_OK);
	ck_assert_str_eq(fake.label, "first");
}
END_TEST

START_TEST(no_call_gets_by_without_initialisation)
{
	ck_assert_uint_eq(p11->C_Finalize(NULL), CKR_OK);
	ck_assert_uint_eq(
	    vendor->Status(0, out, &len), CKR_CRYPTOKI_NOT_INITIALIZED);
	ck_assert_uint_eq(
	    vendor->TimeNonce(s, out, &len), CKR_CRYPTOKI_NOT_INITIALIZED);
	ck_assert_uint_eq(vendor->Refusal(CK_INVALID_HANDLE, out, &len),
	    CKR_CRYPTOKI_NOT_INITIALIZED);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("vendor");
	TCase *t = tcase_create("vendor");

	tcase_add_checked_fixture(t, up, fake_module_down);
	tcase_add_test(t, status_is_the_map_of_the_wire);
	tcase_add_test(t, signed_messages_answer_a_nonce);
	tcase_add_test(t, a_size_query_asks_nobody);
	tcase_add_test(t, a_key_is_attested_by_either_half);
	tcase_add_test(t, the_time_nonce_has_16_octets);
	tcase_add_test(t, a_challenge_is_for_a_device);
	tcase_add_test(t, an_import_says_what_it_was);
	tcase_add_test(t, a_report_goes_through);
	tcase_add_test(t, the_log_is_read_as_far_as_it_fits);
	tcase_add_test(t, a_genesis_comes_once);
	tcase_add_test(t, no_call_gets_by_without_initialisation);
	suite_add_tcase(suite, t);
	return unit_run(suite);
}
