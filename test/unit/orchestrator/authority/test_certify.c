/* SPDX-License-Identifier: Apache-2.0 */
/* test_certify.c - making issuing keys CAs of the OEM. */
#include "config.h"

#include <string.h>

#include "common/x509/csr.h"
#include "common/x509/facts.h"
#include "orchestrator/authority/certify.h"
#include "test/unit/orchestrator/authority/rig.h"

#define SUBJECT "/C=DE/O=ACME/CN=ACME IDevID CA 1"
#define PAI     "/O=ACME/CN=ACME PAI/VID=FFF1"

static struct rig rig;
static struct eh_keyattest attestation;
static struct eh_certify_request request;
static struct eh_certified certified;
static struct eh_buf csr, message, der, root;
static struct eh_cert cert, root_cert;
static struct eh_facts facts;

static void
setup(void)
{
	rig_open(&rig);
	rig_enrolled(&rig);
	rig_keyattest(&rig, &attestation);
	memset(&request, 0, sizeof(request));
	request.form = EH_CA_ISSUING;
	rig_csr(rig.issuing, SUBJECT, &csr);
	eh_buf_init(&message, 100);
	eh_buf_init(&der, EH_CERT_MAX);
	eh_buf_init(&root, EH_CERT_MAX);
	ck_assert_int_eq(eh_store_get_root_ca(
	    eh_authority_store(rig.authority), &root, NULL), EH_OK);
	ck_assert_int_eq(
	    eh_cert_decode(&root_cert, root.data, root.len), EH_OK);
}

static void
teardown(void)
{
	eh_buf_free(&csr);
	eh_buf_free(&message);
	eh_buf_free(&der);
	eh_buf_free(&root);
	rig_close(&rig);
}

/* Hand in ${csr} and the attestation that is in ${message}. */
static int
certify_message(void)
{
	request.csr = csr.data;
	request.csrlen = csr.len;
	request.attestation = message.data;
	request.attestationlen = message.len;
	eh_buf_clear(&der);
	eh_error_clear(&rig.error);
	return eh_certify(rig.authority, &request, RIG_NOW, &der, &certified,
	    &rig.error);
}

/* The same with ${attestation}, signed. */
static int
certify(void)
{
	int err;

	eh_buf_free(&message);
	rig_sign_keyattest(&rig, &attestation, &message);
	err = certify_message();
	if (err == EH_OK) {
		ck_assert_int_eq(
		    eh_cert_decode(&cert, der.data, der.len), EH_OK);
		eh_facts_take(&facts, &cert, der.len);
	} else {
		ck_assert_uint_eq(der.len, 0);
	}
	return err;
}

static void
allowed(void)
{
	int err = certify();

	ck_assert_msg(err == EH_OK, "%s", rig.error.text);
}

/* Another subject in the request. */
static void
subject(const char *dn)
{
	eh_buf_free(&csr);
	rig_csr(rig.issuing, dn, &csr);
}

START_TEST(form_is_that_of_an_issuing_ca)
{
	uint8_t spki[EH_SPKI_MAX];
	struct eh_extension e;
	struct eh_slice rest;
	unsigned n = 0;

	allowed();
	ck_assert_uint_eq(cert.version, 3);
	ck_assert_int_eq(cert.alg, EH_CERT_ECDSA_SHA256);
	ck_assert(eh_slice_equal(cert.issuer, root_cert.subject));
	ck_assert_uint_eq(cert.spki.der.len,
	    eh_rawkey_to_spki(eh_soft_public(rig.issuing), spki));
	ck_assert_mem_eq(cert.spki.der.at, spki, cert.spki.der.len);
	ck_assert_int_eq(facts.basic_constraints, EH_FACT_GOOD);
	ck_assert(facts.bc_critical && facts.ca && facts.path_given);
	ck_assert_uint_eq(facts.path, 0);
	ck_assert(facts.ku_critical);
	ck_assert_uint_eq(facts.ku, EH_KU_KEY_CERT_SIGN | EH_KU_CRL_SIGN);
	ck_assert_int_eq(facts.subject_key_id, EH_FACT_GOOD);
	ck_assert(eh_slice_equal(
	    facts.aki, eh_cert_subject_key_id(&root_cert)));
	rest = cert.extensions;
	while (eh_cert_next_extension(&rest, &e))
		n++;
	ck_assert_uint_eq(n, 4);
	ck_assert_uint_eq(cert.serial.len, 16);
	ck_assert_uint_eq(cert.serial.at[0] & 0xc0, 0x40);
	ck_assert_int_eq(eh_ca_verify(der.data, der.len, root.data, root.len,
	    RIG_NOW, NULL), EH_OK);
	ck_assert_str_eq(certified.hsm.name, "fab1-hsm1");
}
END_TEST

START_TEST(validity_is_the_roots_or_a_number_of_days)
{
	allowed();
	ck_assert_uint_eq(cert.not_before, RIG_NOW - EH_CA_BACKDATE);
	ck_assert_uint_eq(cert.not_after, EH_CA_FOREVER);
	ck_assert_uint_eq(cert.not_after_text.len, 15);
	request.days = 3650;
	allowed();
	ck_assert_uint_eq(
	    cert.not_after, RIG_NOW + UINT64_C(3650) * 86400);
	ck_assert_uint_eq(cert.not_after_text.len, 13);
}
END_TEST

START_TEST(serials_differ)
{
	uint8_t serial[16];

	allowed();
	ck_assert_uint_eq(certified.earlier, 0);
	memcpy(serial, cert.serial.at, sizeof(serial));
	allowed();
	ck_assert_mem_ne(serial, cert.serial.at, sizeof(serial));
	/* And it is said that there are two now. */
	ck_assert_uint_eq(certified.earlier, cert.not_after);
}
END_TEST

START_TEST(key_counts_as_certified_from_then_on)
{
	struct eh_store *store = eh_authority_store(rig.authority);
	uint8_t digest[EH_DIGEST_LEN];
	uint64_t not_before, not_after;
	struct eh_hsm_key known;

	eh_keyid_spki_digest(eh_soft_public(rig.issuing), digest);
	ck_assert_int_eq(eh_store_get_validity(
	    store, digest, &not_before, &not_after, NULL), EH_ERR_NOT_FOUND);
	allowed();
	ck_assert_int_eq(
	    eh_store_get_hsm_key(store, digest, &known, NULL), EH_OK);
	ck_assert_int_eq(known.standing, EH_KEY_CERTIFIED);
	ck_assert_mem_eq(known.hsm, rig.hsm_id, EH_HSM_ID_LEN);
	ck_assert_int_eq(eh_store_get_validity(
	    store, digest, &not_before, &not_after, NULL), EH_OK);
	ck_assert_uint_eq(not_before, cert.not_before);
	ck_assert_uint_eq(not_after, cert.not_after);
}
END_TEST

START_TEST(matter_pai_needs_a_vid)
{
	request.form = EH_CA_MATTER_PAI;
	rig_refused(&rig, certify(), EH_DENIED_EVIDENCE, "VID");
	subject("/O=ACME/CN=ACME PAI/VID=fff1");
	rig_refused(&rig, certify(), EH_DENIED_EVIDENCE, "VID");
	subject("/O=ACME/CN=ACME PAI/VID=FFF1/PID=80");
	rig_refused(&rig, certify(), EH_DENIED_EVIDENCE, "PID");
	subject(PAI);
	allowed();
	ck_assert_str_eq(facts.vid.text, "FFF1");
	ck_assert_uint_eq(facts.path, 0);
	subject("/O=ACME/CN=ACME PAI/VID=FFF1/PID=8000");
	allowed();
	ck_assert_str_eq(facts.pid.text, "8000");
	subject("/CN=ACME PAI Mvid:FFF2");
	allowed();
	ck_assert_str_eq(facts.vid.text, "FFF2");
}
END_TEST

START_TEST(tampered_request_is_refused)
{
	for (size_t i = 0; i < csr.len; i++) {
		int err;

		csr.data[i] ^= 0x04;
		err = certify();
		ck_assert_msg(err != EH_OK, "octet %zu may be changed", i);
		csr.data[i] ^= 0x04;
	}
	csr.len--;
	rig_refused(&rig, certify(), EH_ERR_FORMAT, "malformed");
	csr.len++;
	allowed();
}
END_TEST

START_TEST(tampered_attestation_is_refused)
{
	rig_sign_keyattest(&rig, &attestation, &message);
	for (size_t i = 0; i < message.len; i++) {
		int err;

		message.data[i] ^= 0x10;
		err = certify_message();
		ck_assert_msg(err != EH_OK, "octet %zu may be changed", i);
		message.data[i] ^= 0x10;
	}
	ck_assert_int_eq(certify_message(), EH_OK);
}
END_TEST

START_TEST(attestation_for_another_key_is_refused)
{
	struct eh_soft *key;

	ck_assert_int_eq(eh_soft_generate(&key), EH_OK);
	attestation.key = *eh_soft_public(key);
	rig_refused(&rig, certify(), EH_DENIED_EVIDENCE, "another key");
	eh_soft_free(key);
}
END_TEST

START_TEST(foreign_root_is_refused)
{
	attestation.root[0] ^= 1;
	rig_refused(&rig, certify(), EH_DENIED_SCOPE, "another root");
}
END_TEST

START_TEST(other_purposes_are_refused)
{
	for (int p = EH_PURPOSE_GENERAL; p <= EH_PURPOSE_TRANSPORT; p++) {
		if (p == EH_PURPOSE_ISSUING)
			continue;
		attestation.purpose = (enum eh_purpose)p;
		rig_refused(&rig, certify(), EH_DENIED_EVIDENCE,
		    "not an issuing key");
	}
}
END_TEST

START_TEST(imported_key_is_refused)
{
	attestation.origin = EH_ORIGIN_IMPORTED;
	rig_refused(&rig, certify(), EH_DENIED_EVIDENCE, "imported");
	attestation.origin = EH_ORIGIN_BOUNDARY;
	allowed();
}
END_TEST

START_TEST(hsm_that_is_not_enrolled_is_refused)
{
	eh_soft_free(rig.attestation);
	ck_assert_int_eq(eh_soft_generate(&rig.attestation), EH_OK);
	rig_refused(&rig, certify(), EH_DENIED_EVIDENCE, "no EdgeHSM");
}
END_TEST

START_TEST(hsm_speaks_for_itself_only)
{
	attestation.hsm_id[15] ^= 1;
	rig_refused(&rig, certify(), EH_DENIED_EVIDENCE, "another EdgeHSM");
}
END_TEST

START_TEST(other_messages_are_no_attestations)
{
	struct eh_nonce nonce = { .len = 16 };
	struct eh_enrol e;

	rig_enrol(&rig, &nonce, &e);
	eh_buf_free(&message);
	rig_sign_enrol(&rig, &e, &message);
	rig_refused(&rig, certify_message(), EH_ERR_FORMAT,
	    "not a key attestation but a");
}
END_TEST

START_TEST(subject_of_the_root_and_none_are_refused)
{
	static const uint8_t empty[] = { 0x30, 0x00 };
	uint8_t spki[EH_SPKI_MAX], info[1024], out[1024], signature[64];
	size_t len = eh_rawkey_to_spki(eh_soft_public(rig.issuing), spki);
	struct eh_signer signer;

	subject("/O=oem.example/CN=oem.example Root CA");
	rig_refused(&rig, certify(), EH_DENIED_EVIDENCE, "root CA itself");
	ck_assert_int_eq(eh_csr_body(empty, sizeof(empty), spki, len, info,
	    sizeof(info), &len), EH_OK);
	eh_soft_signer(rig.issuing, &signer);
	ck_assert_int_eq(signer.sign(signer.arg, info, len, signature), EH_OK);
	ck_assert_int_eq(eh_csr_assemble(
	    info, len, signature, out, sizeof(out), &len), EH_OK);
	eh_buf_clear(&csr);
	ck_assert_int_eq(eh_buf_append(&csr, out, len), EH_OK);
	rig_refused(&rig, certify(), EH_DENIED_EVIDENCE, "no subject");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("certify");
	TCase *t = tcase_create("certify");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, form_is_that_of_an_issuing_ca);
	tcase_add_test(t, validity_is_the_roots_or_a_number_of_days);
	tcase_add_test(t, serials_differ);
	tcase_add_test(t, key_counts_as_certified_from_then_on);
	tcase_add_test(t, matter_pai_needs_a_vid);
	tcase_add_test(t, tampered_request_is_refused);
	tcase_add_test(t, tampered_attestation_is_refused);
	tcase_add_test(t, attestation_for_another_key_is_refused);
	tcase_add_test(t, foreign_root_is_refused);
	tcase_add_test(t, other_purposes_are_refused);
	tcase_add_test(t, imported_key_is_refused);
	tcase_add_test(t, hsm_that_is_not_enrolled_is_refused);
	tcase_add_test(t, hsm_speaks_for_itself_only);
	tcase_add_test(t, other_messages_are_no_attestations);
	tcase_add_test(t, subject_of_the_root_and_none_are_refused);
	suite_add_tcase(s, t);
	return unit_run(s);
}
