/* SPDX-License-Identifier: Apache-2.0 */
/* test_evidence.c - a profile that asks for the request of a device's key: sent
 * with the issue, or imported just before it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/message/param.h"
#include "common/x509/csr.h"
#include "quota-engine/evidence.h"
#include "quota-engine/issue.h"
#include "quota-engine/monitor.h"
#include "test/unit/quota-engine/authority.h"
#include "test/unit/unit.h"

static struct authority *a;
static struct eh_caller caller;
static struct authority_profile *profile;
static struct eh_issue_param param;
static uint8_t tbs[EH_TBS_MAX], signature[EH_SIGNATURE_LEN];
static uint8_t csr[EH_CSR_MAX + 1];
static size_t len, csrlen;

static void
ok(int err)
{
	ck_assert_msg(
	    err == EH_OK, "%d: %s", err, eh_error_sentence(&a->f.error));
}

/* The request of ${key}, which ${by} signs, into ${csr}. */
static void
request_of(const struct eh_soft *key, struct eh_soft *by)
{
	static const uint8_t subject[] = { 0x30, 0x00 };
	uint8_t spki[EH_SPKI_MAX], body[256], raw[EH_SIGNATURE_LEN];
	size_t spkilen = eh_rawkey_to_spki(eh_soft_public(key), spki), n;
	struct eh_signer signer;

	eh_soft_signer(by, &signer);
	ok(eh_csr_body(subject, sizeof(subject), spki, spkilen, body,
	    sizeof(body), &n));
	ok(signer.sign(signer.arg, body, n, raw));
	ok(eh_csr_assemble(body, n, raw, csr, sizeof(csr), &csrlen));
}

/* PO-2, under a profile that asks for evidence. */
static void
begin(void)
{
	a = authority_ready();
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
	memset(&param, 0, sizeof(param));
	profile = malloc(sizeof(*profile));
	ck_assert_ptr_nonnull(profile);
	*profile = a->profile;
	profile->decoded.evidence = EH_EVIDENCE_CSR;
	ok(eh_profile_encode(&profile->decoded, profile->bytes,
	    sizeof(profile->bytes), &profile->len, &a->f.error));
	eh_profile_digest(profile->bytes, profile->len, profile->digest);
	ok(authority_send_profile(a, profile));
	a->pauth.id[0]++;
	strcpy(a->pauth.order, "PO-2");
	memcpy(a->pauth.profile.digest, profile->digest, EH_DIGEST_LEN);
	ok(authority_send_pauth(a));
	request_of(a->device, a->device);
}

static void
end(void)
{
	free(profile);
	authority_close(a);
}

static void
render(const char *device, const struct eh_soft *key)
{
	struct eh_tbs_values values;

	authority_values(a, device, key, 0, &values);
	len = authority_render(a, profile, &values, tbs);
}

static int
sign_with(const uint8_t *bytes, size_t n)
{
	eh_error_clear(&a->f.error);
	return eh_issue_sign(a->f.b, &caller, &a->key, tbs, len, bytes, n,
	    signature, &a->f.error);
}

static int
sign(void)
{
	return sign_with(NULL, 0);
}

/* With ${csr} as evidence. */
static int
sign_csr(void)
{
	static uint8_t bytes[EH_ISSUE_PARAM_MAX];
	struct eh_writer w;
	size_t n;

	if (param.evidence_kind == EH_PARAM_NO_EVIDENCE)
		param.evidence_kind = EH_PARAM_CSR;
	param.evidence = csr;
	param.evidence_len = csrlen;
	eh_writer_init(&w, bytes, sizeof(bytes));
	eh_issue_param_encode(&param, &w);
	ok(eh_writer_end(&w, &n));
	return sign_with(bytes, n);
}

static void
refused_as(int want, int err, uint64_t records, const char *words)
{
	static const uint8_t zero[EH_SIGNATURE_LEN];
	struct eh_row row = authority_row(a, a->pauth.id);

	ck_assert_msg(err == want, "%d: %s", err,
	    eh_error_sentence(&a->f.error));
	authority_says(a, words);
	ck_assert_mem_eq(signature, zero, sizeof(zero));
	ck_assert_uint_eq(authority_records(a), records);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.used, 0);
}

#define refused(call, words)                                                 \
	do {                                                                 \
		uint64_t records_ = authority_records(a);                    \
		refused_as(EH_DENIED_EVIDENCE, (call), records_, words);     \
	} while (0)

/* Import what stands in ${csr}, as a client does. */
static int
import(struct eh_caller *by)
{
	struct eh_wire in;
	struct eh_call call;
	char text[513];
	int err;

	eh_wire_init(&in, EH_REQ_IMPORT, EH_OK);
	eh_wire_put_bytes(&in, EH_WIRE_DATA, csr, csrlen);
	eh_call_init(&call, by, &in);
	err = eh_monitor_serve(a->f.b, &call);
	ck_assert_int_eq(
	    eh_wire_text(&call.out, EH_WIRE_TEXT, text, sizeof(text)), EH_OK);
	eh_error_set(&a->f.error, err, "%s", text);
	eh_call_wipe(&call);
	return err;
}

/* --- with the issue --- */

START_TEST(a_request_for_the_key_in_the_tbs_is_taken_and_recorded)
{
	uint8_t digest[EH_DIGEST_LEN], first[EH_SIGNATURE_LEN];
	struct eh_record r;
	uint64_t records;

	render("SN00000042", a->device);
	ok(sign_csr());
	eh_sha256(csr, csrlen, digest);
	authority_record(a, -1, &r);
	ck_assert_int_eq(r.kind, EH_RECORD_ISSUED);
	ck_assert_uint_eq(r.of.certificate.has_evidence, 1);
	ck_assert_mem_eq(r.of.certificate.evidence, digest, sizeof(digest));
	/* Again: what was issued needs no evidence to be given once more. */
	memcpy(first, signature, sizeof(first));
	records = authority_records(a);
	ok(sign());
	ck_assert_mem_eq(signature, first, sizeof(first));
	ck_assert_uint_eq(authority_records(a), records);
}
END_TEST

START_TEST(no_evidence_is_refused_with_both_ways_out)
{
	render("SN00000042", a->device);
	refused(sign(), "send it in the parameter of CKM_EDGEHSM_ISSUE");
	refused(sign(), "or import it just before");
}
END_TEST

START_TEST(a_request_of_another_key_is_refused)
{
	render("SN00000042", a->device);
	request_of(a->second, a->second);
	refused(sign_csr(), "of another key than the one in the TBS");
	/* The right key in it, and another's signature. */
	request_of(a->device, a->second);
	refused(sign_csr(), "does not verify with the key inside");
	request_of(a->device, a->device);
	ok(sign_csr());
}
END_TEST

START_TEST(a_request_that_is_not_strict_is_refused)
{
	render("SN00000042", a->device);
	for (size_t n = csrlen - 1; n > 0; n -= n < 40 ? 1 : 7) {
		size_t whole = csrlen;

		csrlen = n;
		refused(sign_csr(), "not a PKCS#10 request");
		csrlen = whole;
	}
	csr[csrlen++] = 0;
	refused(sign_csr(), "not a PKCS#10 request");
	csrlen--;
	csr[csrlen - 1] ^= 1;
	refused(sign_csr(), "evidence");
	csr[csrlen - 1] ^= 1;
	ok(sign_csr());
}
END_TEST

START_TEST(evidence_of_another_kind_is_refused)
{
	render("SN00000042", a->device);
	param.evidence_kind = EH_PARAM_ATTESTATION;
	refused(sign_csr(), "a PKCS#10 request of the device's key, and an "
	    "attestation came");
}
END_TEST

START_TEST(evidence_that_nobody_asked_for_is_refused)
{
	struct eh_tbs_values values;

	/* PO-1, whose profile asks for none. */
	a->pauth.id[0]--;
	authority_values(a, "SN00000042", a->device, 0, &values);
	len = authority_render(a, &a->profile, &values, tbs);
	refused(sign_csr(), "asks for no evidence, and some came");
	ok(sign());
}
END_TEST

START_TEST(evidence_comes_after_all_other_rules)
{
	uint64_t records = authority_records(a);

	render("SN00000009", a->device);
	refused_as(EH_DENIED_SCOPE, sign_csr(), records, "SN00000009");
}
END_TEST

/* --- imported before --- */

START_TEST(an_imported_request_is_good_for_one_issue_of_its_key)
{
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_record r;
	uint64_t records = authority_records(a);

	eh_sha256(csr, csrlen, digest);
	ok(import(&caller));
	ck_assert_uint_eq(authority_records(a), records);
	render("SN00000042", a->second);
	refused(sign(), "asks for a PKCS#10 request");
	render("SN00000042", a->device);
	ok(sign());
	authority_record(a, -1, &r);
	ck_assert_uint_eq(r.of.certificate.has_evidence, 1);
	ck_assert_mem_eq(r.of.certificate.evidence, digest, sizeof(digest));
	/* The same again is free; another device needs another request. */
	ok(sign());
	render("SN00000043", a->second);
	ck_assert_int_eq(sign(), EH_DENIED_EVIDENCE);
	request_of(a->second, a->second);
	ok(import(&caller));
	ok(sign());
}
END_TEST

START_TEST(a_request_in_an_array_is_one_too)
{
	uint8_t der[EH_CSR_MAX];
	struct eh_evidence_item e = { EH_PARAM_CSR, { der, csrlen } };
	struct eh_writer w;

	memcpy(der, csr, csrlen);
	eh_writer_init(&w, csr, sizeof(csr));
	eh_evidence_item_encode(&e, &w);
	ok(eh_writer_end(&w, &csrlen));
	csr[csrlen++] = 0;
	ck_assert_int_eq(import(&caller), EH_DENIED_EVIDENCE);
	csrlen--;
	ok(import(&caller));
	render("SN00000042", a->device);
	ok(sign());
}
END_TEST

/* Reports ${device} of PO-2. */
static int
report(const char *device, enum eh_outcome outcome)
{
	struct eh_record r;

	eh_record_init(&r, EH_RECORD_REPORT);
	r.has_authorization = 1;
	memcpy(r.authorization, a->pauth.id, EH_ID_LEN);
	strcpy(r.id_kind, "serial");
	r.device.len = (uint8_t)strlen(device);
	memcpy(r.device.bytes, device, r.device.len);
	r.of.report.outcome = outcome;
	return eh_engine_record(a->f.b->engine, &r, &a->f.error);
}

static uint64_t
passes(void)
{
	struct eh_row row = authority_row(a, a->pauth.id);

	return row.op[EH_OP_PASS].count.used;
}

START_TEST(a_key_is_of_one_device_also_after_a_restart)
{
	render("SN00000042", a->device);
	ok(sign_csr());
	render("SN00000043", a->device);
	ck_assert_int_eq(sign_csr(), EH_DENIED_EVIDENCE);
	authority_says(a, "public key is that of device SN00000042 already, "
	    "and cannot be that of device SN00000043 too");
	ok(import(&caller));
	ck_assert_int_eq(sign(), EH_DENIED_EVIDENCE);
	ok(fixture_restart(&a->f));
	ck_assert_int_eq(sign_csr(), EH_DENIED_EVIDENCE);
	authority_says(a, "that of device SN00000042 already");
	ck_assert_uint_eq(passes(), 1);
	/* One that was scrapped gives it free; then it is the other's. */
	ok(report("SN00000042", EH_OUTCOME_SCRAPPED));
	ok(sign_csr());
	render("SN00000044", a->device);
	ck_assert_int_eq(sign_csr(), EH_DENIED_EVIDENCE);
	authority_says(a, "that of device SN00000043 already");
	ck_assert_uint_eq(passes(), 2);
}
END_TEST

START_TEST(a_refused_issue_leaves_what_was_imported)
{
	uint64_t records;

	ok(import(&caller));
	records = authority_records(a);
	render("SN00000009", a->device);
	refused_as(EH_DENIED_SCOPE, sign(), records, "SN00000009");
	render("SN00000042", a->device);
	ok(sign());
}
END_TEST

START_TEST(what_is_no_good_request_is_not_imported)
{
	struct eh_caller auditor =
	    fixture_caller(&a->f, 3, EH_MAY_AUDIT, 0);

	ck_assert_int_eq(import(&auditor), EH_DENIED_ROLE);
	request_of(a->device, a->second);
	ck_assert_int_eq(import(&caller), EH_DENIED_EVIDENCE);
	authority_says(a, "does not verify with the key inside");
	request_of(a->device, a->device);
	csrlen--;
	ck_assert_int_eq(import(&caller), EH_DENIED_EVIDENCE);
	authority_says(a, "a certificate goes in as CKO_CERTIFICATE");
	csrlen++;
	render("SN00000042", a->device);
	refused(sign(), "asks for a PKCS#10 request");
}
END_TEST

/* --- the shelf --- */

static struct eh_shelf *shelf;

static void
put(uid_t uid, uint64_t now, unsigned key, int want)
{
	struct eh_shelved s = { .kind = EH_PARAM_CSR, .uid = uid,
		.spki = { (uint8_t)key, (uint8_t)(key >> 8) },
		.digest = { (uint8_t)now } };

	ck_assert_int_eq(eh_shelf_put(shelf, now, &s, NULL), want);
}

static int
take(uint64_t now, unsigned key, struct eh_shelved *taken)
{
	uint8_t spki[EH_SPKI_DIGEST_LEN] = { (uint8_t)key,
		(uint8_t)(key >> 8) };

	/* What is not asked for stays. */
	ck_assert(!eh_shelf_take(
	    shelf, now, EH_PARAM_ATTESTATION, spki, taken));
	return eh_shelf_take(shelf, now, EH_PARAM_CSR, spki, taken);
}

static void
shelf_begin(void)
{
	shelf = malloc(sizeof(*shelf));
	ck_assert_ptr_nonnull(shelf);
	eh_shelf_init(shelf);
}

static void
shelf_end(void)
{
	eh_shelf_wipe(shelf);
	free(shelf);
}

START_TEST(what_is_put_is_taken_once_within_ten_minutes)
{
	struct eh_shelved taken;

	put(1, 1000, 7, EH_OK);
	ck_assert(!take(1000, 8, &taken));
	ck_assert(take(1000 + EH_EVIDENCE_NS - 1, 7, &taken));
	ck_assert_uint_eq(taken.digest[0], 1000 & 0xff);
	ck_assert(!take(1001, 7, &taken));
	put(1, 1000, 7, EH_OK);
	ck_assert(!take(1000 + EH_EVIDENCE_NS, 7, &taken));
}
END_TEST

START_TEST(the_newest_of_a_key_is_the_one)
{
	struct eh_shelved old, taken;

	put(1, 10, 7, EH_OK);
	put(2, 11, 7, EH_OK);
	ck_assert(take(12, 7, &taken));
	ck_assert_uint_eq(taken.digest[0], 11);
	ck_assert(!take(12, 7, &old));
	/* Given back; but not over what came meanwhile. */
	eh_shelf_give_back(shelf, 12, &taken);
	ck_assert(take(13, 7, &taken));
	ck_assert_uint_eq(taken.until, 11 + EH_EVIDENCE_NS);
	put(1, 14, 7, EH_OK);
	eh_shelf_give_back(shelf, 15, &taken);
	ck_assert(take(16, 7, &taken));
	ck_assert_uint_eq(taken.digest[0], 14);
	ck_assert(!take(16, 7, &taken));
	/* Nor longer than it was good for. */
	put(1, 20, 8, EH_OK);
	ck_assert(take(21, 8, &taken));
	eh_shelf_give_back(shelf, 22, &taken);
	ck_assert(!take(20 + EH_EVIDENCE_NS, 8, &taken));
}
END_TEST

START_TEST(a_user_has_64_and_his_oldest_makes_room)
{
	struct eh_shelved taken;

	for (unsigned i = 0; i < EH_EVIDENCE_USER; i++)
		put(1, 100 + i, i, EH_OK);
	put(2, 50, 1000, EH_OK);
	put(1, 200, 500, EH_OK);
	ck_assert(!take(201, 0, &taken));
	ck_assert(take(201, 1, &taken));
	ck_assert(take(201, 500, &taken));
	ck_assert(take(201, 1000, &taken));
}
END_TEST

START_TEST(a_full_shelf_turns_nobody_out_but_the_same_user)
{
	struct eh_shelved taken;
	unsigned n = 0;

	for (uid_t uid = 1; uid <= EH_EVIDENCE_KEPT / EH_EVIDENCE_USER; uid++)
		for (unsigned i = 0; i < EH_EVIDENCE_USER; i++)
			put(uid, 100 + n, n, EH_OK), n++;
	put(99, 5000, 9999, EH_ERR_FULL);
	ck_assert(take(5000, 0, &taken));
	put(99, 5000, 9999, EH_OK);
	put(99, 5001, 9998, EH_OK);
	ck_assert(!take(5002, 9999, &taken));
	ck_assert(take(5002, 1, &taken));
	/* When their time is over, all places are free. */
	put(98, 6000 + EH_EVIDENCE_NS, 1, EH_OK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("evidence");
	TCase *tc = tcase_create("issue"), *s = tcase_create("shelf");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(
	    tc, a_request_for_the_key_in_the_tbs_is_taken_and_recorded);
	tcase_add_test(tc, no_evidence_is_refused_with_both_ways_out);
	tcase_add_test(tc, a_request_of_another_key_is_refused);
	tcase_add_test(tc, a_request_that_is_not_strict_is_refused);
	tcase_add_test(tc, evidence_of_another_kind_is_refused);
	tcase_add_test(tc, evidence_that_nobody_asked_for_is_refused);
	tcase_add_test(tc, evidence_comes_after_all_other_rules);
	tcase_add_test(
	    tc, an_imported_request_is_good_for_one_issue_of_its_key);
	tcase_add_test(tc, a_request_in_an_array_is_one_too);
	tcase_add_test(tc, a_key_is_of_one_device_also_after_a_restart);
	tcase_add_test(tc, a_refused_issue_leaves_what_was_imported);
	tcase_add_test(tc, what_is_no_good_request_is_not_imported);
	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(s, shelf_begin, shelf_end);
	tcase_add_test(s, what_is_put_is_taken_once_within_ten_minutes);
	tcase_add_test(s, the_newest_of_a_key_is_the_one);
	tcase_add_test(s, a_user_has_64_and_his_oldest_makes_room);
	tcase_add_test(s, a_full_shelf_turns_nobody_out_but_the_same_user);
	suite_add_tcase(suite, s);
	return unit_run(suite);
}
