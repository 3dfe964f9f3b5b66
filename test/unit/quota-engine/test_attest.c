/* SPDX-License-Identifier: Apache-2.0 */
/* test_attest.c - a profile that asks for a genuine chip, this one, now. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/message/param.h"
#include "plugins/chip-soft/device/fab.h"
#include "quota-engine/attest.h"
#include "quota-engine/issue.h"
#include "quota-engine/monitor.h"
#include "test/unit/quota-engine/authority.h"
#include "test/unit/unit.h"

static struct authority *a;
static struct eh_caller caller;
static struct authority_profile *profile;
static uint8_t tbs[EH_TBS_MAX], signature[EH_SIGNATURE_LEN];
static size_t len;

/* A chip, and what it says next. */
static struct eh_soft *ca, *iak, *stranger;
static struct eh_fab_cert chip_cert, ca_cert;
static struct eh_chip_says says;
static struct eh_soft *signs;
static uint8_t evidence[EH_EVIDENCE_MAX + 16];
static size_t evidencelen;

static void
ok(int err)
{
	ck_assert_msg(
	    err == EH_OK, "%d: %s", err, eh_error_sentence(&a->f.error));
}

static void
begin_chip(void)
{
	ok(eh_soft_generate(&ca));
	ok(eh_soft_generate(&iak));
	ok(eh_soft_generate(&stranger));
	memset(&chip_cert, 0, sizeof(chip_cert));
	memset(&ca_cert, 0, sizeof(ca_cert));
	chip_cert.subject = "chip";
	chip_cert.issuer = ca_cert.subject = ca_cert.issuer = "silicon";
	chip_cert.key = eh_soft_public(iak);
	chip_cert.by = ca_cert.by = ca;
	ca_cert.key = eh_soft_public(ca);
	ca_cert.ca = 1;
	signs = iak;
	memset(&says, 0, sizeof(says));
	says.lifecycle = EH_CHIP_LIFECYCLE_PROVISION;
	says.soc_class = 7;
	memset(says.soc_id, 0x51, sizeof(says.soc_id));
	memset(says.rotpk, 0x70, sizeof(says.rotpk));
	memset(says.firmware, 0xf1, sizeof(says.firmware));
	says.nkeys = 1;
	says.key[0].place = 1;
	memcpy(says.key[0].point, eh_soft_public(a->device)->bytes,
	    EH_P256_POINT_LEN);
}

/* PO-2, under a profile that asks for attestations; ${reissues} allowed. */
static void
begin_order(uint8_t reissues)
{
	a = authority_ready();
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
	begin_chip();
	profile = malloc(sizeof(*profile));
	ck_assert_ptr_nonnull(profile);
	*profile = a->profile;
	profile->decoded.evidence = EH_EVIDENCE_ATTESTED;
	profile->decoded.roots = 1;
	eh_keyid_spki_digest(eh_soft_public(ca), profile->decoded.root[0]);
	profile->decoded.adac_given = 1;
	memset(profile->decoded.adac_root, 0x70, EH_DIGEST_LEN);
	ok(eh_profile_encode(&profile->decoded, profile->bytes,
	    sizeof(profile->bytes), &profile->len, &a->f.error));
	eh_profile_digest(profile->bytes, profile->len, profile->digest);
	ok(authority_send_profile(a, profile));
	a->pauth.id[0]++;
	strcpy(a->pauth.order, "PO-2");
	memcpy(a->pauth.profile.digest, profile->digest, EH_DIGEST_LEN);
	if (reissues > 0) {
		a->pauth.nops = 3;
		a->pauth.ops[2] =
		    (struct eh_op_grant){ EH_OP_REISSUE, reissues, 1, 9 };
	}
	a->pauth.nimages = 1;
	strcpy(a->pauth.images[0].id, "boot");
	strcpy(a->pauth.images[0].version, "1");
	memset(a->pauth.images[0].digest, 0xf1, EH_DIGEST_LEN);
	ok(authority_send_pauth(a));
}

static void
begin(void)
{
	begin_order(0);
}

static void
end(void)
{
	eh_soft_free(ca);
	eh_soft_free(iak);
	eh_soft_free(stranger);
	free(profile);
	authority_close(a);
}

/* What the chip says, signed and wrapped, into ${evidence}. */
static void
attest(void)
{
	static uint8_t said[EH_CHIP_ATTEST_MAX];
	uint8_t der[2][EH_FAB_CERT_MAX];
	struct eh_chipattest t = { .ncerts = 2 };
	struct eh_signer signer;
	struct eh_writer w;

	ok(eh_fab_certify(&chip_cert, der[0], sizeof(der[0]), &t.cert[0].len));
	ok(eh_fab_certify(&ca_cert, der[1], sizeof(der[1]), &t.cert[1].len));
	t.cert[0].at = der[0];
	t.cert[1].at = der[1];
	eh_writer_init(&w, said, sizeof(said));
	eh_chip_says_encode(&says, &w);
	ok(eh_writer_end(&w, &t.said.len));
	t.said.at = said;
	eh_soft_signer(signs, &signer);
	ok(signer.sign(signer.arg, said, t.said.len, t.signature));
	eh_writer_init(&w, evidence, sizeof(evidence));
	eh_chipattest_encode(&t, &w);
	ok(eh_writer_end(&w, &evidencelen));
}

static int
serve(struct eh_wire *in, struct eh_call *call)
{
	char text[513];
	int err;

	eh_call_init(call, &caller, in);
	err = eh_monitor_serve(a->f.b, call);
	if (eh_wire_has(&call->out, EH_WIRE_TEXT) &&
	    eh_wire_text(&call->out, EH_WIRE_TEXT, text, sizeof(text)) ==
	        EH_OK)
		eh_error_set(&a->f.error, err, "%s", text);
	return err;
}

static int
ask_for(const char *kind, const char *device)
{
	struct eh_wire in;
	struct eh_call call;
	const uint8_t *bytes;
	size_t n;
	int err;

	eh_wire_init(&in, EH_REQ_CHALLENGE, EH_OK);
	eh_wire_put_bytes(
	    &in, EH_WIRE_AUTHORIZATION, a->pauth.id, EH_ID_LEN);
	eh_wire_put_text(&in, EH_WIRE_ID_KIND, kind);
	eh_wire_put_bytes(&in, EH_WIRE_DEVICE, device, strlen(device));
	if ((err = serve(&in, &call)) == EH_OK) {
		bytes = eh_wire_bytes(&call.out, EH_WIRE_NONCE, &n);
		ck_assert_uint_eq(n, EH_CHIP_CHALLENGE);
		memcpy(says.nonce, bytes, n);
	}
	eh_call_wipe(&call);
	return err;
}

/* The chip answers a new challenge for ${device}. */
static void
fresh(const char *device)
{
	ok(ask_for("serial", device));
	attest();
}

static void
render_number(const char *device, const struct eh_soft *key, uint16_t issue)
{
	struct eh_tbs_values values;

	authority_values(a, device, key, issue, &values);
	len = authority_render(a, profile, &values, tbs);
}

static void
render(const char *device)
{
	render_number(device, a->device, 0);
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
	static uint8_t bytes[EH_ISSUE_PARAM_MAX];
	struct eh_issue_param p = { .evidence_kind = EH_PARAM_ATTESTATION,
		.evidence = evidence, .evidence_len = evidencelen };
	struct eh_writer w;
	size_t n;

	eh_writer_init(&w, bytes, sizeof(bytes));
	eh_issue_param_encode(&p, &w);
	ok(eh_writer_end(&w, &n));
	return sign_with(bytes, n);
}

static int
import(void)
{
	static uint8_t bytes[EH_EVIDENCE_MAX + 16];
	struct eh_evidence_item e = { EH_PARAM_ATTESTATION,
		{ evidence, evidencelen } };
	struct eh_wire in;
	struct eh_call call;
	struct eh_writer w;
	size_t n;
	int err;

	eh_writer_init(&w, bytes, sizeof(bytes));
	eh_evidence_item_encode(&e, &w);
	ok(eh_writer_end(&w, &n));
	ck_assert_uint_eq(bytes[0], 0x82);
	eh_wire_init(&in, EH_REQ_IMPORT, EH_OK);
	eh_wire_put_bytes(&in, EH_WIRE_DATA, bytes, n);
	err = serve(&in, &call);
	eh_call_wipe(&call);
	return err;
}

static uint64_t
used(unsigned op)
{
	struct eh_row row = authority_row(a, a->pauth.id);

	return row.op[op].count.used;
}

static void
refused_as(int want, int err, const char *words)
{
	static const uint8_t zero[EH_SIGNATURE_LEN];

	ck_assert_msg(err == want, "%d: %s", err,
	    eh_error_sentence(&a->f.error));
	authority_says(a, words);
	ck_assert_mem_eq(signature, zero, sizeof(zero));
}

/* Both ways in say the same of ${evidence}, and count nothing. */
static void
refused(const char *words)
{
	uint64_t records = authority_records(a), passes = used(EH_OP_PASS);

	refused_as(EH_DENIED_EVIDENCE, sign(), words);
	refused_as(EH_DENIED_EVIDENCE, import(), words);
	ck_assert_uint_eq(authority_records(a), records);
	ck_assert_uint_eq(used(EH_OP_PASS), passes);
}

/* --- a good one --- */

START_TEST(a_genuine_chip_is_issued_and_recorded)
{
	uint8_t digest[EH_DIGEST_LEN], first[EH_SIGNATURE_LEN];
	struct eh_record r;

	render("SN00000042");
	fresh("SN00000042");
	ok(sign());
	eh_sha256(evidence, evidencelen, digest);
	authority_record(a, -1, &r);
	ck_assert_int_eq(r.kind, EH_RECORD_ISSUED);
	ck_assert_uint_eq(r.of.certificate.has_evidence, 1);
	ck_assert_mem_eq(r.of.certificate.evidence, digest, sizeof(digest));
	/* Again: free, and without evidence. */
	memcpy(first, signature, sizeof(first));
	ok(sign_with(NULL, 0));
	ck_assert_mem_eq(signature, first, sizeof(first));
	ck_assert_uint_eq(used(EH_OP_PASS), 1);
}
END_TEST

START_TEST(one_that_was_imported_is_good_for_one_issue_of_its_device)
{
	says.nkeys = 2;
	says.key[1].place = 2;
	memcpy(says.key[1].point, eh_soft_public(a->second)->bytes,
	    EH_P256_POINT_LEN);
	render("SN00000042");
	refused_as(EH_DENIED_EVIDENCE, sign_with(NULL, 0),
	    "asks for an attestation of the device's chip");
	fresh("SN00000042");
	ok(import());
	refused("no challenge of this EdgeHSM that still waits");
	render("SN00000043");
	refused_as(EH_DENIED_EVIDENCE, sign_with(NULL, 0),
	    "answers the challenge for device SN00000042");
	render("SN00000042");
	ok(sign_with(NULL, 0));
	/* Its other key waits too, for the same device alone. */
	render_number("SN00000043", a->second, 0);
	memset(signature, 0, sizeof(signature));
	refused_as(EH_DENIED_EVIDENCE, sign_with(NULL, 0),
	    "answers the challenge for device SN00000042");
}
END_TEST

START_TEST(a_secured_chip_is_good)
{
	says.lifecycle = EH_CHIP_LIFECYCLE_SECURED;
	render("SN00000042");
	fresh("SN00000042");
	ok(sign());
}
END_TEST

/* --- challenges --- */

START_TEST(a_challenge_is_used_once)
{
	render("SN00000042");
	fresh("SN00000042");
	ok(sign());
	memset(signature, 0, sizeof(signature));
	render_number("SN00000043", a->second, 0);
	memcpy(says.key[0].point, eh_soft_public(a->second)->bytes,
	    EH_P256_POINT_LEN);
	attest();
	refused("no challenge of this EdgeHSM that still waits");
	says.nonce[0] ^= 1;
	attest();
	refused("no challenge of this EdgeHSM that still waits");
}
END_TEST

START_TEST(a_refusal_leaves_the_challenge)
{
	render("SN00000042");
	fresh("SN00000042");
	says.lifecycle = 0x1000;
	attest();
	refused("its lifecycle is 1000 hex");
	says.lifecycle = EH_CHIP_LIFECYCLE_PROVISION;
	attest();
	/* Refused for something else, after the evidence was taken. */
	a->f.backend->lie = LIE_SIGN_FAILS;
	ck_assert_int_ne(sign(), EH_OK);
	a->f.backend->lie = LIE_NOT;
	ok(sign());
}
END_TEST

START_TEST(a_restart_forgets_challenges)
{
	render("SN00000042");
	fresh("SN00000042");
	ok(fixture_restart(&a->f));
	/* The record of the start may come meanwhile: nothing is counted. */
	refused_as(EH_DENIED_EVIDENCE, sign(),
	    "no challenge of this EdgeHSM that still waits");
	refused_as(EH_DENIED_EVIDENCE, import(),
	    "no challenge of this EdgeHSM that still waits");
	fresh("SN00000042");
	ok(sign());
}
END_TEST

START_TEST(that_of_another_device_or_authorization_is_refused)
{
	struct eh_soft *key = a->device;
	struct eh_pauth first = a->pauth;

	render("SN00000043");
	fresh("SN00000042");
	refused_as(EH_DENIED_EVIDENCE, sign(),
	    "answers the challenge for device SN00000042: each device needs");
	/* PO-3, the same profile: another authorization, the same device. */
	a->pauth.id[0]++;
	strcpy(a->pauth.order, "PO-3");
	ok(authority_send_pauth(a));
	fresh("SN00000042");
	a->pauth = first;
	render_number("SN00000042", key, 0);
	refused_as(EH_DENIED_EVIDENCE, sign(),
	    "device SN00000042 under another authorization");
}
END_TEST

START_TEST(only_what_can_be_answered_is_asked)
{
	ck_assert_int_eq(ask_for("imei", "SN00000042"), EH_DENIED_SCOPE);
	ck_assert_int_eq(ask_for("serial", "SN0000004"), EH_DENIED_SCOPE);
	a->pauth.id[0]--;
	ck_assert_int_eq(ask_for("serial", "SN00000042"), EH_DENIED_EVIDENCE);
	authority_says(a, "asks for no attestation");
	a->pauth.id[0] ^= 0x55;
	ck_assert_int_eq(
	    ask_for("serial", "SN00000042"), EH_DENIED_NO_AUTHORIZATION);
	a->pauth.id[0] ^= 0x55;
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, 0);
	ck_assert_int_eq(ask_for("serial", "SN00000042"), EH_DENIED_LOGIN);
	caller = fixture_caller(&a->f, 1, EH_MAY_AUDIT, 0);
	ck_assert_int_eq(ask_for("serial", "SN00000042"), EH_DENIED_ROLE);
}
END_TEST

/* --- a chip that is not the one --- */

START_TEST(another_silicon_ca_is_refused)
{
	render("SN00000042");
	chip_cert.by = ca_cert.by = stranger;
	ca_cert.key = eh_soft_public(stranger);
	fresh("SN00000042");
	refused("the chain ends at another CA");
	/* With the right CA's certificate over it. */
	chip_cert.by = stranger;
	ca_cert.by = ca;
	ca_cert.key = eh_soft_public(ca);
	attest();
	refused("certificate 1 of the chain: its signature");
	chip_cert.by = ca;
	ca_cert.ca = 0;
	attest();
	refused("is not that of a CA");
	ca_cert.ca = 1;
	chip_cert.not_after = AUTHORITY_NOW - AUTHORITY_DAY;
	attest();
	refused("it has expired");
	chip_cert.not_after = 0;
	attest();
	ok(sign());
}
END_TEST

START_TEST(another_signature_is_refused)
{
	render("SN00000042");
	signs = stranger;
	fresh("SN00000042");
	refused("not signed by the key in the chip's certificate");
	signs = iak;
	attest();
	evidence[evidencelen - 1] ^= 1;
	refused("not signed by the key in the chip's certificate");
	evidence[evidencelen - 1] ^= 1;
	evidence[evidencelen++] = 0;
	refused("does not hold");
	evidencelen -= 2;
	refused("does not hold");
	evidencelen++;
	ok(sign());
}
END_TEST

START_TEST(another_key_is_refused)
{
	render("SN00000042");
	memcpy(says.key[0].point, eh_soft_public(a->second)->bytes,
	    EH_P256_POINT_LEN);
	fresh("SN00000042");
	refused_as(EH_DENIED_EVIDENCE, sign(),
	    "about 1 other keys than the one in the TBS");
	/* The transport key is for no certificate. */
	memcpy(says.key[0].point, eh_soft_public(a->device)->bytes,
	    EH_P256_POINT_LEN);
	says.key[0].place = EH_CHIP_PLACE_TRANSPORT;
	attest();
	refused_as(EH_DENIED_EVIDENCE, sign(), "other keys");
	refused_as(EH_DENIED_EVIDENCE, import(), "names no key of a device");
	says.key[0].place = 1;
	/* Nor a key of the token. */
	memcpy(says.key[0].point, a->key.key.bytes, EH_P256_POINT_LEN);
	attest();
	refused_as(EH_DENIED_EVIDENCE, import(), "a key of this token");
}
END_TEST

START_TEST(another_state_is_refused)
{
	static const uint16_t lifecycle[] = { 0, 0x1000, 0x2001, 0x4000,
		0x5000, 0x6000 };

	render("SN00000042");
	ok(ask_for("serial", "SN00000042"));
	for (size_t i = 0; i < sizeof(lifecycle) / sizeof(*lifecycle); i++) {
		says.lifecycle = lifecycle[i];
		attest();
		refused("will do");
	}
	says.lifecycle = EH_CHIP_LIFECYCLE_PROVISION;
	for (uint8_t session = 1; session <= 2; session++) {
		says.session = session;
		attest();
		refused("a debug session is open");
	}
	says.session = 0;
	says.rotpk[31] ^= 1;
	attest();
	refused("which is not the one that profile gateway names");
	says.rotpk[31] ^= 1;
	says.firmware[0] ^= 1;
	attest();
	refused("none of the 1 that the authorization names");
	says.firmware[0] ^= 1;
	says.soc_class = 0;
	attest();
	refused("name no chip");
	says.soc_class = 7;
	memset(says.soc_id, 0, sizeof(says.soc_id));
	attest();
	refused("name no chip");
	memset(says.soc_id, 0x51, sizeof(says.soc_id));
	attest();
	ok(sign());
}
END_TEST

START_TEST(a_request_is_no_attestation)
{
	static uint8_t bytes[64];
	struct eh_issue_param p = { .evidence_kind = EH_PARAM_CSR,
		.evidence = (const uint8_t *)"\x30\x00", .evidence_len = 2 };
	struct eh_writer w;
	size_t n;

	eh_writer_init(&w, bytes, sizeof(bytes));
	eh_issue_param_encode(&p, &w);
	ok(eh_writer_end(&w, &n));
	render("SN00000042");
	refused_as(EH_DENIED_EVIDENCE, sign_with(bytes, n),
	    "and a PKCS#10 request came");
}
END_TEST

START_TEST(images_need_a_profile_that_shows_them)
{
	/* PO-3: of the profile without evidence, with images. */
	a->pauth.id[0] += 2;
	strcpy(a->pauth.order, "PO-3");
	memcpy(a->pauth.profile.digest, a->profile.digest, EH_DIGEST_LEN);
	ok(authority_send_pauth(a));
	render("SN00000042");
	refused_as(EH_DENIED_EVIDENCE, sign_with(NULL, 0),
	    "asks for no attestation that would show it");
}
END_TEST

/* --- the same chip --- */

START_TEST(another_chip_for_a_device_is_a_reissue)
{
	render("SN00000042");
	fresh("SN00000042");
	ok(sign());
	memset(signature, 0, sizeof(signature));
	/* A new key in a new chip; without allowance it is refused. */
	memset(says.soc_id, 0x52, sizeof(says.soc_id));
	memcpy(says.key[0].point, eh_soft_public(a->second)->bytes,
	    EH_P256_POINT_LEN);
	render_number("SN00000042", a->second, 1);
	fresh("SN00000042");
	refused_as(EH_DENIED_DEVICE_LIMIT, sign(), "allows no re-issue");
}
END_TEST

START_TEST(with_an_allowance_the_new_chip_is_the_devices)
{
	uint8_t chip = 0x52;

	end();
	begin_order(2);
	render("SN00000042");
	fresh("SN00000042");
	ok(sign());
	memset(says.soc_id, chip, sizeof(says.soc_id));
	memcpy(says.key[0].point, eh_soft_public(a->second)->bytes,
	    EH_P256_POINT_LEN);
	render_number("SN00000042", a->second, 1);
	fresh("SN00000042");
	ok(sign());
	ck_assert_uint_eq(used(EH_OP_REISSUE), 1);
	ck_assert_uint_eq(used(EH_OP_PASS), 1);
	/* It is kept over a restart, and is no other device's. */
	ok(fixture_restart(&a->f));
	memset(signature, 0, sizeof(signature));
	memcpy(says.key[0].point, eh_soft_public(stranger)->bytes,
	    EH_P256_POINT_LEN);
	render_number("SN00000043", stranger, 0);
	fresh("SN00000043");
	refused_as(EH_DENIED_EVIDENCE, sign(),
	    "the chip is that of device SN00000042 already");
	ck_assert_uint_eq(used(EH_OP_PASS), 1);
	/* Its first chip is another one now. */
	memset(says.soc_id, 0x51, sizeof(says.soc_id));
	render_number("SN00000042", stranger, 2);
	fresh("SN00000042");
	ok(sign());
	ck_assert_uint_eq(used(EH_OP_REISSUE), 2);
}
END_TEST

START_TEST(a_chip_is_one_device)
{
	render("SN00000042");
	fresh("SN00000042");
	ok(sign());
	memset(signature, 0, sizeof(signature));
	render("SN00000043");
	fresh("SN00000043");
	refused_as(EH_DENIED_EVIDENCE, sign(),
	    "the public key is that of device SN00000042 already");
	render_number("SN00000043", a->second, 0);
	memcpy(says.key[0].point, eh_soft_public(a->second)->bytes,
	    EH_P256_POINT_LEN);
	fresh("SN00000043");
	refused_as(EH_DENIED_EVIDENCE, sign(),
	    "the chip is that of device SN00000042 already");
	ck_assert_uint_eq(used(EH_OP_PASS), 1);
	/* The challenge was left: another chip answers it. */
	memset(says.soc_id, 0x53, sizeof(says.soc_id));
	attest();
	ok(sign());
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attest");
	TCase *t = tcase_create("attest");

	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, a_genuine_chip_is_issued_and_recorded);
	tcase_add_test(
	    t, one_that_was_imported_is_good_for_one_issue_of_its_device);
	tcase_add_test(t, a_secured_chip_is_good);
	tcase_add_test(t, a_challenge_is_used_once);
	tcase_add_test(t, a_refusal_leaves_the_challenge);
	tcase_add_test(t, a_restart_forgets_challenges);
	tcase_add_test(t, that_of_another_device_or_authorization_is_refused);
	tcase_add_test(t, only_what_can_be_answered_is_asked);
	tcase_add_test(t, another_silicon_ca_is_refused);
	tcase_add_test(t, another_signature_is_refused);
	tcase_add_test(t, another_key_is_refused);
	tcase_add_test(t, another_state_is_refused);
	tcase_add_test(t, a_request_is_no_attestation);
	tcase_add_test(t, images_need_a_profile_that_shows_them);
	tcase_add_test(t, another_chip_for_a_device_is_a_reissue);
	tcase_add_test(t, with_an_allowance_the_new_chip_is_the_devices);
	tcase_add_test(t, a_chip_is_one_device);
	suite_add_tcase(suite, t);
	return unit_run(suite);
}
