/* SPDX-License-Identifier: Apache-2.0 */
/* test_issue.c - what an issuing key signs, and all that it does not. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/crypto/ecdsa.h"
#include "common/message/param.h"
#include "common/message/scopelist.h"
#include "common/x509/csr.h"
#include "quota-engine/issue.h"
#include "test/unit/quota-engine/authority.h"
#include "test/unit/unit.h"

static struct authority *a;
static struct eh_caller caller;
static struct eh_issue_param param;
static struct eh_tbs_values values;
static uint8_t tbs[EH_TBS_MAX], signature[EH_SIGNATURE_LEN];
static size_t len;
static uint64_t records;
static struct eh_row before;

static void
begin(void)
{
	a = authority_ready();
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
	memset(&param, 0, sizeof(param));
}

static void
end(void)
{
	authority_close(a);
}

static void
ok(int err)
{
	ck_assert_msg(
	    err == EH_OK, "%d: %s", err, eh_error_sentence(&a->f.error));
}

/* Another authorization, PO-2, from what stands in ${a->pauth} now. */
static void
install(void)
{
	a->pauth.id[0]++;
	strcpy(a->pauth.order, "PO-2");
	ok(authority_send_pauth(a));
}

static void
render(const char *device)
{
	authority_values(a, device, a->device, 0, &values);
	len = authority_render(a, &a->profile, &values, tbs);
}

static int
sign_with(const uint8_t *bytes, size_t paramlen)
{
	eh_error_clear(&a->f.error);
	records = authority_records(a);
	before = authority_row(a, a->pauth.id);
	memset(signature, 0xee, sizeof(signature));
	return eh_issue_sign(a->f.b, &caller, &a->key, tbs, len, bytes,
	    paramlen, signature, &a->f.error);
}

static int
sign(void)
{
	return sign_with(NULL, 0);
}

static int
sign_param(void)
{
	uint8_t bytes[EH_ISSUE_PARAM_MAX];
	struct eh_writer w;
	size_t n;

	eh_writer_init(&w, bytes, sizeof(bytes));
	eh_issue_param_encode(&param, &w);
	ck_assert_int_eq(eh_writer_end(&w, &n), EH_OK);
	return sign_with(bytes, n);
}

/* No signature, no record, nothing used. */
static void
refused(int err, int want, const char *words)
{
	static const uint8_t zero[EH_SIGNATURE_LEN];
	struct eh_row row = authority_row(a, a->pauth.id);

	ck_assert_msg(err == want, "%d, not %d: %s", err, want,
	    eh_error_sentence(&a->f.error));
	authority_says(a, words);
	ck_assert_mem_eq(signature, zero, sizeof(zero));
	ck_assert_uint_eq(authority_records(a), records);
	for (unsigned op = 0; op < EH_OPS; op++) {
		ck_assert_uint_eq(
		    row.op[op].count.used, before.op[op].count.used);
		ck_assert_uint_eq(row.op[op].count.burned, 0);
	}
}

static void
issued(int err)
{
	ok(err);
	ck_assert_int_eq(
	    eh_p256_verify(a->key.key.bytes, tbs, len, signature), EH_OK);
	ck_assert_uint_eq(authority_records(a), records + 1);
}

/* --- what is signed --- */

START_TEST(a_fitting_certificate_is_signed_and_recorded)
{
	struct eh_record r;
	struct eh_row row;
	uint8_t digest[EH_DIGEST_LEN];

	render("SN00000042");
	issued(sign());
	eh_sha256(tbs, len, digest);
	authority_record(a, -1, &r);
	ck_assert_int_eq(r.kind, EH_RECORD_ISSUED);
	ck_assert_mem_eq(r.authorization, a->pauth.id, EH_ID_LEN);
	ck_assert_str_eq(r.id_kind, "serial");
	ck_assert(eh_device_id_equal(&r.device, &values.device));
	ck_assert_int_eq(r.factory[0], '\0');
	ck_assert_uint_eq(r.of.certificate.issue, 0);
	ck_assert_mem_eq(r.of.certificate.serial, values.serial, EH_SERIAL_LEN);
	ck_assert_mem_eq(r.of.certificate.tbs, digest, EH_DIGEST_LEN);
	ck_assert_uint_eq(r.of.certificate.not_before, values.not_before);
	ck_assert(eh_rawkey_equal(&r.of.certificate.key, &values.key));
	row = authority_row(a, a->pauth.id);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.used, 1);
	ck_assert_uint_eq(row.op[EH_OP_ISSUE].count.used, 1);
}
END_TEST

static int
in_field(size_t at)
{
	const struct eh_template *t = &a->profile.decoded.template[0];

	for (unsigned i = 0; i < t->fields; i++)
		if (at >= t->field[i].offset &&
		    at < (size_t)t->field[i].offset + t->field[i].length)
			return 1;
	return 0;
}

START_TEST(no_byte_outside_the_fields_may_differ)
{
	unsigned tried = 0;

	render("SN00000042");
	for (size_t at = 0; at < len; at++) {
		if (in_field(at))
			continue;
		tbs[at] ^= 1;
		refused(sign(), EH_DENIED_TEMPLATE, "");
		tbs[at] ^= 1;
		tried++;
	}
	ck_assert_uint_gt(tried, 80);
	len--;
	refused(sign(), EH_DENIED_TEMPLATE, "");
	tbs[++len] = 0;
	len++;
	refused(sign(), EH_DENIED_TEMPLATE, "");
	len--;
	issued(sign());
}
END_TEST

START_TEST(no_byte_inside_the_fields_is_free)
{
	render("SN00000042");
	for (size_t at = 0; at < len; at++) {
		if (!in_field(at))
			continue;
		tbs[at] ^= 0x80;
		refused(sign(), EH_DENIED_TEMPLATE, "");
		tbs[at] ^= 0x80;
	}
	issued(sign());
}
END_TEST

START_TEST(a_wrong_serial_names_the_expected_issue_number)
{
	authority_values(a, "SN00000042", a->device, 1, &values);
	len = authority_render(a, &a->profile, &values, tbs);
	refused(sign(), EH_DENIED_TEMPLATE,
	    "SN00000042 under authorization PO-1 must be ");
	authority_says(a, "(issue number 0;");
	/* That of another authorization. */
	a->pauth.id[15] ^= 1;
	authority_values(a, "SN00000042", a->device, 0, &values);
	a->pauth.id[15] ^= 1;
	len = authority_render(a, &a->profile, &values, tbs);
	refused(sign(), EH_DENIED_TEMPLATE, "(issue number 0");
}
END_TEST

/* People are told of the one that could still make a device. */
START_TEST(a_mismatch_names_no_authorization_that_is_used_up)
{
	a->pauth.expires--;		/* so that it is looked at first */
	a->pauth.ops[0].quota = 1;
	a->pauth.ops[0].lease = a->pauth.ops[1].lease = 1;
	install();
	render("SN00000042");
	tbs[len - 1] ^= 1;
	refused(sign(), EH_DENIED_TEMPLATE, "authorization PO-2, template ");
	tbs[len - 1] ^= 1;
	issued(sign());
	render("SN00000043");
	tbs[len - 1] ^= 1;
	refused(sign(), EH_DENIED_TEMPLATE, "authorization PO-1, template ");
}
END_TEST

/* --- scope --- */

START_TEST(the_scope_is_from_the_lowest_to_the_highest)
{
	render("SN00000009");
	refused(sign(), EH_DENIED_SCOPE, "SN00000009");
	render("SN00000100");
	refused(sign(), EH_DENIED_SCOPE,
	    "device SN00000100 is not in the scope of authorization PO-1, "
	    "which is SN00000010 to SN00000099");
	render("SN00000010");
	issued(sign());
	render("SN00000099");
	issued(sign());
}
END_TEST

START_TEST(a_list_holds_what_it_names_and_any_is_any)
{
	a->pauth.scope.kind = EH_SCOPE_LIST;
	a->pauth.scope.ndevices = 2;
	a->pauth.scope.devices[0] = a->pauth.scope.lo;
	a->pauth.scope.devices[1] = a->pauth.scope.hi;
	install();
	render("SN00000011");
	refused(sign(), EH_DENIED_SCOPE, "PO-2, which lists 2 devices");
	render("SN00000099");
	issued(sign());
	a->pauth.scope.kind = EH_SCOPE_ANY;
	install();
	render("SN99999999");
	issued(sign());
}
END_TEST

/* Ten devices, SN00000040 to SN00000049, as a tree; PO-2 is for them. */
static struct eh_scopelist trees[2];
static struct eh_buf tree_file[2];

static void
grow(unsigned which, char first)
{
	static char ids[2][10 * 10 + 1];
	struct eh_scopelist *t = &trees[which];

	for (unsigned i = 0; i < 10; i++)
		snprintf(ids[which] + 10 * i, 11, "SN000000%c%u", first, i);
	memset(t, 0, sizeof(*t));
	strcpy(t->id_kind, "serial");
	t->size = 10;
	t->id_len = 10;
	t->ids = (const uint8_t *)ids[which];
	eh_buf_init(&tree_file[which], EH_SCOPELIST_MAX);
	ok(eh_scopelist_encode(t, &tree_file[which], &a->f.error));
	ok(eh_scopelist_decode(t, tree_file[which].data, tree_file[which].len,
	    &a->f.error));
}

static void
plant(void)
{
	grow(0, '4');
	grow(1, '5');
	a->pauth.scope.kind = EH_SCOPE_TREE;
	a->pauth.scope.tree_size = trees[0].size;
	memcpy(a->pauth.scope.root, trees[0].root, EH_DIGEST_LEN);
	install();
}

static void
fell(void)
{
	eh_buf_free(&tree_file[0]);
	eh_buf_free(&tree_file[1]);
}

/* Put the proof of ${device} in ${which} into the parameter. */
static void
prove(unsigned which, const char *device)
{
	struct eh_device_id d = { .len = 10 };

	memcpy(d.bytes, device, 10);
	ok(eh_scopelist_prove(&trees[which], &d, &param.proof, &a->f.error));
	param.has_proof = 1;
}

START_TEST(a_tree_holds_every_device_that_is_proved)
{
	char device[11];

	plant();
	for (unsigned i = 0; i < 10; i++) {
		snprintf(device, sizeof(device), "SN0000004%u", i);
		render(device);
		prove(0, device);
		issued(sign_param());
	}
	/* Again: what was issued needs no proof to be given once more. */
	records = authority_records(a);
	ok(sign());
	ck_assert_uint_eq(authority_records(a), records);
	fell();
}
END_TEST

START_TEST(a_tree_holds_nothing_without_its_own_proof)
{
	struct eh_scope_proof good;

	plant();
	render("SN00000042");
	refused(sign(), EH_DENIED_SCOPE,
	    "a tree of 10 devices, and no proof came that SN00000042 is in it");
	prove(0, "SN00000043");
	refused(sign_param(), EH_DENIED_SCOPE,
	    "device SN00000042 is not in the scope of authorization PO-2, a "
	    "tree of 10 devices, by the proof that came (4 hashes, for leaf 3)");
	prove(1, "SN00000052");
	refused(sign_param(), EH_DENIED_SCOPE, "leaf 2");
	prove(0, "SN00000042");
	good = param.proof;
	param.proof.n--;
	refused(sign_param(), EH_DENIED_SCOPE, "3 hashes");
	param.proof.n = 0;
	refused(sign_param(), EH_DENIED_SCOPE, "0 hashes");
	param.proof.n = (uint8_t)(good.n + 1);
	refused(sign_param(), EH_DENIED_SCOPE, "5 hashes");
	param.proof = good;
	param.proof.index = 12;
	refused(sign_param(), EH_DENIED_SCOPE, "leaf 12");
	for (unsigned i = 0; i < good.n; i++) {
		param.proof = good;
		param.proof.hash[i][31] ^= 1;
		refused(sign_param(), EH_DENIED_SCOPE, "4 hashes");
	}
	/* Of a tree in which the device is, but of another root. */
	param.proof = good;
	render("SN00000052");
	prove(1, "SN00000052");
	refused(sign_param(), EH_DENIED_SCOPE, "SN00000052");
	render("SN00000042");
	prove(0, "SN00000042");
	issued(sign_param());
	fell();
}
END_TEST

START_TEST(a_device_of_a_tree_is_made_once)
{
	plant();
	render("SN00000042");
	prove(0, "SN00000042");
	issued(sign_param());
	authority_values(a, "SN00000042", a->second, 0, &values);
	len = authority_render(a, &a->profile, &values, tbs);
	refused(sign_param(), EH_DENIED_DEVICE_LIMIT, "SN00000042");
	fell();
}
END_TEST

START_TEST(a_proof_for_what_is_no_tree_is_refused)
{
	grow(0, '4');
	grow(1, '5');
	render("SN00000042");
	prove(0, "SN00000042");
	refused(sign_param(), EH_DENIED_SCOPE, "PO-1 is no tree");
	param.has_proof = 0;
	issued(sign_param());
	fell();
}
END_TEST

START_TEST(a_scope_of_another_id_kind_holds_nothing)
{
	strcpy(a->pauth.scope.id_kind, "mac");
	install();
	render("SN00000042");
	refused(sign(), EH_DENIED_SCOPE, "kind mac");
}
END_TEST

START_TEST(named_lines_only_when_lines_are_named)
{
	struct eh_record r;

	a->pauth.nlines = 2;
	strcpy(a->pauth.lines[0], "line1");
	strcpy(a->pauth.lines[1], "line3");
	install();
	render("SN00000042");
	refused(sign(), EH_DENIED_SCOPE, "no line with a station was named");
	strcpy(caller.line, "line1");
	refused(sign(), EH_DENIED_SCOPE, "no line with a station was named");
	strcpy(caller.station, "s7");
	strcpy(param.line, "line2");
	strcpy(param.station, "s8");
	refused(sign_param(), EH_DENIED_SCOPE, "line2");
	issued(sign());
	authority_record(a, -1, &r);
	ck_assert_str_eq(r.factory, "fab1");
	ck_assert_str_eq(r.line, "line1");
	ck_assert_str_eq(r.station, "s7");
	/* The parameter is stronger than the connection. */
	render("SN00000043");
	strcpy(caller.line, "line2");
	refused(sign(), EH_DENIED_SCOPE, "line2");
	strcpy(param.line, "line3");
	memcpy(param.mes, "WO-7", param.mes_len = 4);
	issued(sign_param());
	authority_record(a, -1, &r);
	ck_assert_str_eq(r.line, "line3");
	ck_assert_str_eq(r.station, "s8");
	ck_assert_mem_eq(r.mes, "WO-7", 4);
}
END_TEST

/* --- keys --- */

static void
pin_key(enum eh_op op, const uint8_t digest[EH_DIGEST_LEN])
{
	a->pauth.nkeys = 1;
	a->pauth.keys[0].op = (uint8_t)op;
	memcpy(a->pauth.keys[0].digest, digest, EH_DIGEST_LEN);
}

START_TEST(an_operation_with_a_pinned_key_uses_that_one)
{
	uint8_t other[EH_DIGEST_LEN];

	eh_keyid_spki_digest(eh_soft_public(a->device), other);
	pin_key(EH_OP_ISSUE, other);
	install();
	render("SN00000042");
	refused(sign(), EH_DENIED_SCOPE, "another issuing key");
	pin_key(EH_OP_PASS, other);
	install();
	render("SN00000042");
	refused(sign(), EH_DENIED_SCOPE, "another issuing key");
	pin_key(EH_OP_ISSUE, a->key.digest);
	install();
	render("SN00000042");
	issued(sign());
}
END_TEST

START_TEST(a_key_that_is_pinned_for_the_re_issue_is_compared_for_it)
{
	uint8_t other[EH_DIGEST_LEN];
	struct eh_soft *device = a->device;

	eh_keyid_spki_digest(eh_soft_public(a->device), other);
	a->pauth.nops = 3;
	a->pauth.ops[2] = (struct eh_op_grant){ EH_OP_REISSUE, 2, 1, 9 };
	pin_key(EH_OP_REISSUE, other);
	install();
	render("SN00000042");
	issued(sign());
	a->device = a->second;
	authority_values(a, "SN00000042", a->device, 1, &values);
	a->device = device;
	len = authority_render(a, &a->profile, &values, tbs);
	refused(sign(), EH_DENIED_SCOPE, "another issuing key");
}
END_TEST

START_TEST(no_certificate_for_a_key_of_the_token)
{
	struct eh_state_key attestation;

	authority_values(a, "SN00000042", a->device, 0, &values);
	values.key = a->key.key;
	len = authority_render(a, &a->profile, &values, tbs);
	refused(sign(), EH_DENIED_TEMPLATE, "a key of this token, ca");
	ok(eh_keys_attestation(a->f.b->keys, &attestation, &a->f.error));
	values.key = attestation.key;
	len = authority_render(a, &a->profile, &values, tbs);
	refused(sign(), EH_DENIED_TEMPLATE, "a key of this token");
}
END_TEST

/* --- times --- */

START_TEST(not_before_is_that_of_the_authorization_or_near_now)
{
	static const struct {
		int64_t at;
		int fits;
	} row[] = { { -310, 0 }, { -300, 1 }, { 0, 1 }, { 60, 0 } };

	render("SN00000042");
	issued(sign());
	for (unsigned i = 0; i < 4; i++) {
		char id[] = "SN00000050";

		id[9] = (char)('0' + i);
		authority_values(a, id, a->device, 0, &values);
		values.not_before = (uint64_t)(AUTHORITY_NOW + row[i].at);
		len = authority_render(a, &a->profile, &values, tbs);
		if (row[i].fits)
			issued(sign());
		else
			refused(sign(), EH_DENIED_TEMPLATE, "notBefore");
	}
	authority_values(a, "SN00000060", a->device, 0, &values);
	values.not_before = a->pauth.not_before + 1;
	len = authority_render(a, &a->profile, &values, tbs);
	refused(sign(), EH_DENIED_TEMPLATE, "notBefore");
}
END_TEST

START_TEST(before_its_time_nothing_is_signed)
{
	a->pauth.not_before = AUTHORITY_NOW + AUTHORITY_DAY;
	install();
	render("SN00000042");
	refused(sign(), EH_DENIED_NOT_YET_VALID, "PO-2");
}
END_TEST

/* --- the parameter --- */

START_TEST(an_explicit_authorization_is_that_one)
{
	render("SN00000042");
	param.has_authorization = 1;
	memset(param.authorization, 0xcc, EH_ID_LEN);
	refused(sign_param(), EH_DENIED_NO_AUTHORIZATION, "cccc");
	memcpy(param.authorization, a->pauth.id, EH_ID_LEN);
	issued(sign_param());
	/* It fits PO-1, and PO-2 was named. */
	install();
	a->pauth.id[0]--;
	render("SN00000043");
	a->pauth.id[0]++;
	memcpy(param.authorization, a->pauth.id, EH_ID_LEN);
	refused(sign_param(), EH_DENIED_TEMPLATE, "PO-2");
}
END_TEST

START_TEST(the_device_in_the_parameter_is_that_of_the_tbs)
{
	render("SN00000042");
	strcpy(param.id_kind, "serial");
	param.device = values.device;
	param.device.bytes[9] = '3';
	refused(sign_param(), EH_DENIED_TEMPLATE, "another device");
	param.device = values.device;
	strcpy(param.id_kind, "mac");
	refused(sign_param(), EH_DENIED_TEMPLATE, "another device");
	strcpy(param.id_kind, "serial");
	issued(sign_param());
}
END_TEST

START_TEST(what_the_parameter_may_not_hold_is_refused)
{
	static const uint8_t junk[] = { 0xa1, 0x09, 0x00 };
	static const uint8_t trailing[] = { 0xa0, 0x00 }, empty[] = { 0xa0 };

	render("SN00000042");
	refused(sign_with(junk, 3), EH_ERR_FORMAT, "");
	refused(sign_with(trailing, 2), EH_ERR_TRAILING, "");
	param.evidence_kind = EH_PARAM_ATTESTATION;
	param.evidence = junk;
	param.evidence_len = 3;
	refused(sign_param(), EH_DENIED_EVIDENCE, "asks for no evidence");
	param.evidence_kind = EH_PARAM_NO_EVIDENCE;
	issued(sign_with(empty, 1));
}
END_TEST

START_TEST(a_client_token_is_of_one_request)
{
	uint8_t first[EH_SIGNATURE_LEN];

	param.has_token = 1;
	memset(param.token, 0x33, EH_ID_LEN);
	render("SN00000042");
	issued(sign_param());
	memcpy(first, signature, sizeof(first));
	ok(sign_param());
	ck_assert_mem_eq(signature, first, sizeof(first));
	ck_assert_uint_eq(authority_records(a), records);
	/* The same device and token, other bytes. */
	authority_values(a, "SN00000042", a->second, 1, &values);
	len = authority_render(a, &a->profile, &values, tbs);
	refused(sign_param(), EH_ERR_ARGUMENT, "token");
	render("SN00000043");
	issued(sign_param());
}
END_TEST

/* --- templates without a device id --- */

START_TEST(a_template_without_device_id_needs_the_parameter)
{
	struct eh_record r;

	strcpy(a->pauth.profile.name, "plain");
	memcpy(a->pauth.profile.digest, a->plain.digest, EH_DIGEST_LEN);
	install();
	authority_values(a, "SN00000042", a->device, 0, &values);
	param.device = values.device;
	values.device.len = 0;
	len = authority_render(a, &a->plain, &values, tbs);
	refused(sign(), EH_DENIED_TEMPLATE, "name the device in the parameter");
	strcpy(param.id_kind, "mac");
	refused(sign_param(), EH_DENIED_TEMPLATE, "another device");
	strcpy(param.id_kind, "serial");
	param.device.bytes[9] = '3';
	refused(sign_param(), EH_DENIED_TEMPLATE, "(issue number 0");
	param.device.bytes[9] = '2';
	issued(sign_param());
	authority_record(a, -1, &r);
	ck_assert(eh_device_id_equal(&r.device, &param.device));
	ck_assert_str_eq(r.id_kind, "serial");
	/* The id obeys pattern and scope though it stands in no field. */
	param.device.bytes[0] = 'X';
	ok(eh_serial(a->pauth.id, &param.device, 0, 0, values.serial));
	len = authority_render(a, &a->plain, &values, tbs);
	refused(sign_param(), EH_DENIED_SCOPE, "");
}
END_TEST

/* --- repeats --- */

START_TEST(the_same_bytes_again_are_free_also_after_a_restart)
{
	uint8_t first[EH_SIGNATURE_LEN];
	struct eh_row row;

	render("SN00000042");
	issued(sign());
	memcpy(first, signature, sizeof(first));
	ok(sign());
	ck_assert_mem_eq(signature, first, sizeof(first));
	ck_assert_uint_eq(authority_records(a), records);
	ok(fixture_restart(&a->f));
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
	ok(sign());
	ck_assert_mem_eq(signature, first, sizeof(first));
	row = authority_row(a, a->pauth.id);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.used, 1);
	/* And from where the line is not named any more. */
	strcpy(caller.line, "elsewhere");
	strcpy(caller.station, "s1");
	ok(sign());
	ck_assert_mem_eq(signature, first, sizeof(first));
}
END_TEST

START_TEST(another_certificate_for_a_device_is_a_re_issue)
{
	struct eh_record r;
	struct eh_row row;

	render("SN00000042");
	issued(sign());
	authority_values(a, "SN00000042", a->second, 0, &values);
	len = authority_render(a, &a->profile, &values, tbs);
	refused(sign(), EH_DENIED_DEVICE_LIMIT, "no re-issue");

	a->pauth.nops = 3;
	a->pauth.ops[2] = (struct eh_op_grant){ EH_OP_REISSUE, 2, 1, 9 };
	install();
	render("SN00000052");
	issued(sign());
	authority_values(a, "SN00000052", a->second, 0, &values);
	len = authority_render(a, &a->profile, &values, tbs);
	refused(sign(), EH_DENIED_TEMPLATE, "(issue number 1");
	authority_values(a, "SN00000052", a->second, 1, &values);
	len = authority_render(a, &a->profile, &values, tbs);
	issued(sign());
	authority_record(a, -1, &r);
	ck_assert_uint_eq(r.of.certificate.issue, 1);
	row = authority_row(a, a->pauth.id);
	ck_assert_uint_eq(row.op[EH_OP_REISSUE].count.used, 1);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.used, 1);
}
END_TEST

START_TEST(what_fails_to_sign_costs_nothing)
{
	render("SN00000042");
	a->f.backend->lie = LIE_SIGN_FAILS;
	refused(sign(), EH_ERR_BACKEND, "");
	a->f.backend->lie = LIE_NOT;
	issued(sign());
}
END_TEST

START_TEST(after_its_end_a_repeat_is_answered_but_not_after_revocation)
{
	uint8_t first[EH_SIGNATURE_LEN];

	a->pauth.has_supersedes = 1;
	memcpy(a->pauth.supersedes, a->pauth.id, EH_ID_LEN);
	render("SN00000042");
	issued(sign());
	memcpy(first, signature, sizeof(first));
	install();		/* PO-1 is superseded */
	ok(sign());
	ck_assert_mem_eq(signature, first, sizeof(first));
	ck_assert_uint_eq(authority_records(a), records);
	/* The device goes on under PO-2. */
	render("SN00000042");
	refused(sign(), EH_DENIED_DEVICE_LIMIT, "no re-issue");
	render("SN00000043");
	issued(sign());
	/* Its key is left out of the next grant. */
	a->grant.keys[0] = a->grant.keys[1];
	a->grant.nkeys = 1;
	ok(authority_send_grant(a));
	refused(sign(), EH_DENIED_REVOKED, "PO-2");
	render("SN00000044");
	refused(sign(), EH_DENIED_REVOKED, "PO-2");
}
END_TEST

/* --- without authorization or profile --- */

START_TEST(without_its_profile_an_authorization_is_of_no_use)
{
	char name[EH_OS_NAME];

	eh_os_digest_name(name, "profiles", a->profile.digest);
	ok(a->f.b->os->unlink(a->f.b->os->arg, name));
	render("SN00000042");
	refused(sign(), EH_DENIED_NO_AUTHORIZATION, "profile gateway");
	/* One that was named and is not known is not helped by a profile. */
	param.has_authorization = 1;
	memset(param.authorization, 0xcc, EH_ID_LEN);
	refused(sign_param(), EH_DENIED_NO_AUTHORIZATION, "cccc");
	ok(authority_send_profile(a, &a->profile));
	issued(sign());
}
END_TEST

START_TEST(a_profile_by_another_name_is_not_the_one_that_was_meant)
{
	a->pauth.profile.version = 2;
	install();
	render("SN00000042");
	param.has_authorization = 1;
	memcpy(param.authorization, a->pauth.id, EH_ID_LEN);
	refused(sign_param(), EH_DENIED_NO_AUTHORIZATION,
	    "authorization PO-2 names profile gateway version 2");
}
END_TEST

START_TEST(a_key_without_authorization_signs_no_certificate)
{
	struct eh_keys_want want = { EH_PURPOSE_ISSUING, "other ca",
		(const uint8_t *)"2", 1 };
	struct eh_state_key key = a->key;

	ok(eh_keys_generate(a->f.b->keys, &want, &a->key, &a->f.error));
	render("SN00000042");
	refused(sign(), EH_DENIED_NO_AUTHORIZATION, "other ca");
	a->key = key;
	issued(sign());
}
END_TEST

/* --- other messages --- */

START_TEST(lists_and_other_data_are_refused)
{
	static const uint8_t list[] = { 0x30, 0x05, 0x02, 0x01, 0x01, 0x30,
		0x00 };

	memcpy(tbs, list, len = sizeof(list));
	refused(sign(), EH_DENIED_TEMPLATE, "CRL");
	memset(tbs, 0x41, len = 32);
	refused(sign(), EH_DENIED_TEMPLATE, "ca signs TBSCertificates");
	len = 0;
	refused(sign(), EH_DENIED_TEMPLATE, "ca signs TBSCertificates");
}
END_TEST

static void
request(const struct eh_rawkey *key)
{
	static const uint8_t name[] = { 0x30, 0x00 };
	uint8_t spki[EH_SPKI_MAX];
	size_t n = eh_rawkey_to_spki(key, spki);

	ok(eh_csr_body(name, sizeof(name), spki, n, tbs, sizeof(tbs), &len));
}

START_TEST(a_request_for_the_key_itself_is_signed_and_recorded)
{
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_record r;

	request(&a->key.key);
	issued(sign());
	eh_sha256(tbs, len, digest);
	authority_record(a, -1, &r);
	ck_assert_int_eq(r.kind, EH_RECORD_CSR);
	ck_assert_mem_eq(r.of.csr.key, a->key.digest, EH_DIGEST_LEN);
	ck_assert_mem_eq(r.of.csr.body, digest, EH_DIGEST_LEN);
	ck_assert_uint_eq(
	    authority_row(a, a->pauth.id).op[EH_OP_PASS].count.used, 0);

	request(eh_soft_public(a->device));
	refused(sign(), EH_DENIED_TEMPLATE, "");
	request(&a->key.key);
	tbs[len++] = 0;
	refused(sign(), EH_DENIED_TEMPLATE, "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("issue");
	TCase *tc = tcase_create("issue");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, a_fitting_certificate_is_signed_and_recorded);
	tcase_add_test(tc, no_byte_outside_the_fields_may_differ);
	tcase_add_test(tc, no_byte_inside_the_fields_is_free);
	tcase_add_test(tc, a_wrong_serial_names_the_expected_issue_number);
	tcase_add_test(tc,
	    a_mismatch_names_no_authorization_that_is_used_up);
	tcase_add_test(tc, the_scope_is_from_the_lowest_to_the_highest);
	tcase_add_test(tc, a_list_holds_what_it_names_and_any_is_any);
	tcase_add_test(tc, a_tree_holds_every_device_that_is_proved);
	tcase_add_test(tc, a_tree_holds_nothing_without_its_own_proof);
	tcase_add_test(tc, a_device_of_a_tree_is_made_once);
	tcase_add_test(tc, a_proof_for_what_is_no_tree_is_refused);
	tcase_add_test(tc, a_scope_of_another_id_kind_holds_nothing);
	tcase_add_test(tc, named_lines_only_when_lines_are_named);
	tcase_add_test(tc, an_operation_with_a_pinned_key_uses_that_one);
	tcase_add_test(
	    tc, a_key_that_is_pinned_for_the_re_issue_is_compared_for_it);
	tcase_add_test(tc, no_certificate_for_a_key_of_the_token);
	tcase_add_test(
	    tc, not_before_is_that_of_the_authorization_or_near_now);
	tcase_add_test(tc, before_its_time_nothing_is_signed);
	tcase_add_test(tc, an_explicit_authorization_is_that_one);
	tcase_add_test(tc, the_device_in_the_parameter_is_that_of_the_tbs);
	tcase_add_test(tc, what_the_parameter_may_not_hold_is_refused);
	tcase_add_test(tc, a_client_token_is_of_one_request);
	tcase_add_test(tc, a_template_without_device_id_needs_the_parameter);
	tcase_add_test(
	    tc, the_same_bytes_again_are_free_also_after_a_restart);
	tcase_add_test(tc, another_certificate_for_a_device_is_a_re_issue);
	tcase_add_test(tc, what_fails_to_sign_costs_nothing);
	tcase_add_test(tc,
	    after_its_end_a_repeat_is_answered_but_not_after_revocation);
	tcase_add_test(
	    tc, without_its_profile_an_authorization_is_of_no_use);
	tcase_add_test(
	    tc, a_profile_by_another_name_is_not_the_one_that_was_meant);
	tcase_add_test(tc, a_key_without_authorization_signs_no_certificate);
	tcase_add_test(tc, lists_and_other_data_are_refused);
	tcase_add_test(
	    tc, a_request_for_the_key_itself_is_signed_and_recorded);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
