/* SPDX-License-Identifier: Apache-2.0 */
/* test_authorize.c - production authorizations. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/merkle/merkle.h"
#include "common/message/scopelist.h"
#include "orchestrator/authority/authorize.h"
#include "test/unit/common/x509_golden.h"
#include "test/unit/orchestrator/authority/rig.h"

static struct rig rig;
static struct eh_buf profile;
static struct eh_authorize_request request;
static struct eh_pauth p;	/* as decoded from the message */
static char warnings[2048];

/* A request that is right. */
static void
setup(void)
{
	rig_open(&rig);
	rig_enrolled(&rig);
	rig_profile(&rig, &profile);
	memset(&request, 0, sizeof(request));
	request.hsm = "fab1-hsm1";
	request.profile = profile.data;
	request.profile_len = profile.len;
	request.devices = 10000;
	request.order = "PO-4711";
	/* Most tests authorize again and again. */
	request.order_total = EH_AUTHORIZE_ORDER_MAX;
	request.not_before = RIG_NOW;
	request.expires = RIG_NOW + 7 * 86400;
	request.stops = 2;
	request.limits = eh_authorize_limits;
}

static void
teardown(void)
{
	eh_buf_free(&profile);
	rig_close(&rig);
}

static void
warn(void *arg, const char *sentence)
{
	ck_assert_ptr_eq(arg, warnings);
	strncat(warnings, sentence, sizeof(warnings) - strlen(warnings) - 1);
}

/* Authorize, and read what came out as the EdgeHSM would. */
static int
authorize(void)
{
	const struct eh_store_self *self = eh_authority_self(rig.authority);
	const struct eh_authorize_warn w = { warn, warnings };
	uint8_t digest[EH_DIGEST_LEN], seen[EH_DIGEST_LEN];
	struct eh_envelope envelope;
	struct eh_pauth told;
	struct eh_buf out;
	int err;

	warnings[0] = '\0';
	eh_error_clear(&rig.error);
	eh_buf_init(&out, EH_MESSAGE_MAX);
	err = eh_authorize(rig.authority, &request, RIG_NOW, &w, &out, digest,
	    &told, &rig.error);
	if (err == EH_OK) {
		ck_assert_int_eq(eh_envelope_decode(
		    out.data, out.len, &envelope, NULL), EH_OK);
		ck_assert_int_eq(envelope.type, EH_MESSAGE_PAUTH);
		ck_assert_int_eq(eh_envelope_verify(&envelope,
		    &self->key[EH_STORE_MESSAGE_KEY].public, NULL), EH_OK);
		eh_envelope_digest(&envelope, seen);
		ck_assert_mem_eq(digest, seen, sizeof(seen));
		ck_assert_int_eq(eh_pauth_decode(envelope.sign1.payload,
		    envelope.sign1.payload_len, &p, NULL), EH_OK);
		ck_assert_mem_eq(&p, &told, sizeof(p));
	} else {
		ck_assert_uint_eq(out.len, 0);
	}
	eh_buf_free(&out);
	return err;
}

static void
allowed(void)
{
	int err = authorize();

	ck_assert_msg(err == EH_OK, "%s", rig.error.text);
}

START_TEST(authorization_says_what_was_ordered)
{
	uint8_t digest[EH_DIGEST_LEN];

	allowed();
	ck_assert_str_eq(p.from.iss, "oem.example");
	ck_assert_mem_eq(p.from.sub, rig.hsm_id, EH_HSM_ID_LEN);
	ck_assert_uint_eq(p.from.iat, RIG_NOW);
	ck_assert_uint_eq(p.not_before, RIG_NOW);
	ck_assert_uint_eq(p.expires, RIG_NOW + 7 * 86400);
	ck_assert_uint_eq(p.seq, 1);
	ck_assert_uint_eq(p.epoch, 0);
	ck_assert_str_eq(p.factory, "fab1");
	ck_assert_str_eq(p.order, "PO-4711");
	ck_assert_str_eq(p.profile.name, "gateway-a");
	ck_assert_uint_eq(p.profile.version, 3);
	eh_sha256(profile.data, profile.len, digest);
	ck_assert_mem_eq(p.profile.digest, digest, sizeof(digest));
	ck_assert_int_eq(p.scope.kind, EH_SCOPE_ANY);
	ck_assert_uint_eq(p.limits.max_unacked, 100000);
	ck_assert_uint_eq(p.limits.max_offline, 691200);
	ck_assert_uint_eq(p.limits.max_unaccounted, 4096);
	ck_assert_uint_eq(p.limits.boot_grace, 60480);
	ck_assert_int_eq(p.limits.quality, EH_QUALITY_FLOOR);
	ck_assert(!p.has_supersedes);
}
END_TEST

START_TEST(firmware_is_named_where_chips_attest_it_and_nowhere_else)
{
	struct eh_profile *of = malloc(sizeof(*of));
	static uint8_t bytes[EH_PROFILE_MAX];
	struct eh_error error;

	ck_assert_ptr_nonnull(of);
	request.nimages = 1;
	strcpy(request.images[0].id, "boot");
	strcpy(request.images[0].version, "1.0");
	memset(request.images[0].digest, 0xf1, EH_DIGEST_LEN);
	ck_assert_int_eq(authorize(), EH_ERR_ARGUMENT);
	ck_assert_ptr_nonnull(
	    strstr(rig.error.text, "asks for no attestation of the chips"));
	ck_assert_int_eq(eh_profile_decode(of, request.profile,
	    request.profile_len, &error), EH_OK);
	of->evidence = EH_EVIDENCE_ATTESTED;
	of->roots = 1;
	ck_assert_int_eq(eh_profile_encode(of, bytes, sizeof(bytes),
	    &request.profile_len, &error), EH_OK);
	request.profile = bytes;
	allowed();
	ck_assert_uint_eq(p.nimages, 1);
	ck_assert_str_eq(p.images[0].id, "boot");
	ck_assert_uint_eq(p.images[0].digest[31], 0xf1);
	free(of);
}
END_TEST

START_TEST(quotas_have_head_room)
{
	/* The sample of the formats: 10000 devices, leases of 64, two stops. */
	request.lease = 64;
	request.reissue = 100;
	allowed();
	ck_assert_uint_eq(p.nops, 3);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_PASS)->quota, 10000);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_PASS)->uses, 1);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_PASS)->lease, 64);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_ISSUE)->quota, 10128);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_ISSUE)->uses, 1);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_ISSUE)->lease, 64);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_REISSUE)->quota, 100);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_REISSUE)->lease, 1);
	request.reissue = 0;
	request.stops = 0;
	allowed();
	ck_assert_uint_eq(p.nops, 2);
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_ISSUE)->quota, 10000);
	/* Two templates: two certificates for each device. */
	ck_assert_uint_eq(eh_authorize_quota(10000, 2, 2, 64), 20256);
	ck_assert_uint_eq(eh_authorize_quota(EH_AUTHORIZE_DEVICES_MAX, 16,
	    EH_AUTHORIZE_STOPS_MAX, EH_LEASE_MAX),
	    UINT64_C(16000000000) + UINT64_C(65536000));
}
END_TEST

START_TEST(leases_fit_the_order)
{
	static const struct {
		uint64_t devices;
		uint16_t lease;
	} rows[] = { { 1, 1 }, { 5, 1 }, { 31, 1 }, { 32, 2 }, { 1000, 62 },
		{ 4096, 256 }, { 1000000, 256 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_uint_eq(
		    eh_authorize_lease(rows[i].devices), rows[i].lease);
	request.devices = 10;
	allowed();
	ck_assert_uint_eq(eh_pauth_op(&p, EH_OP_PASS)->lease, 1);
	request.lease = 10;
	allowed();
	request.lease = 11;
	rig_refused(&rig, authorize(), EH_ERR_ARGUMENT, "lease of 11");
}
END_TEST

START_TEST(each_has_its_own_id_and_the_next_number)
{
	uint8_t id[EH_ID_LEN];

	allowed();
	memcpy(id, p.id, sizeof(id));
	/* A refusal uses no number. */
	request.devices = 0;
	rig_refused(&rig, authorize(), EH_ERR_ARGUMENT, "0 devices");
	request.devices = 1;
	rig_reopen(&rig);
	allowed();
	ck_assert_uint_eq(p.seq, 2);
	ck_assert_int_ne(memcmp(id, p.id, sizeof(id)), 0);
}
END_TEST

START_TEST(scopes_are_read_by_the_profile)
{
	request.scope = "range:serial:SN00000000:SN00009999";
	allowed();
	ck_assert_int_eq(p.scope.kind, EH_SCOPE_RANGE);
	ck_assert_str_eq(p.scope.id_kind, "serial");
	ck_assert_mem_eq(p.scope.lo.bytes, "SN00000000", 10);
	ck_assert_mem_eq(p.scope.hi.bytes, "SN00009999", 10);
	request.scope = "list:serial:SN00000007,SN00000001";
	request.devices = 2;
	allowed();
	ck_assert_int_eq(p.scope.kind, EH_SCOPE_LIST);
	ck_assert_uint_eq(p.scope.ndevices, 2);
	ck_assert_mem_eq(p.scope.devices[1].bytes, "SN00000001", 10);
	ck_assert_ptr_null(strstr(warnings, "lists only"));
	request.devices = 3;
	allowed();
	ck_assert_ptr_nonnull(strstr(warnings, "lists only 2"));
	request.scope = "any";
	allowed();
	ck_assert_int_eq(p.scope.kind, EH_SCOPE_ANY);
}
END_TEST

START_TEST(scopes_that_make_no_sense_are_refused)
{
	static const struct {
		const char *scope, *words;
		int err;
	} rows[] = {
		{ "all", "any, range", EH_ERR_ARGUMENT },
		{ "any:", "any, range", EH_ERR_ARGUMENT },
		{ "", "any, range", EH_ERR_ARGUMENT },
		{ "range:serial", "any, range", EH_ERR_ARGUMENT },
		{ "range:serial:SN00000000", "any, range", EH_ERR_ARGUMENT },
		{ "tree:serial", "any, range", EH_ERR_ARGUMENT },
		{ "tree:mac:ids", "by mac", EH_DENIED_SCOPE },
		{ "tree:serial:/nowhere/ids", "/nowhere/ids",
		    EH_ERR_NOT_FOUND },
		{ "range:serial:SN00000009:SN00000008", "before it begins",
		    EH_ERR_ARGUMENT },
		{ "range:serial:SN00000000:SN00000001:SN00000002", "any, range",
		    EH_ERR_ARGUMENT },
		{ "list:serial:SN00000001,SN00000001", "stands twice",
		    EH_ERR_ARGUMENT },
		{ "range:mac:SN00000000:SN00000001", "by mac",
		    EH_DENIED_SCOPE },
		{ "list:serial:SN1", "SN1", EH_DENIED_SCOPE },
		{ "list:serial:XX00000001", "XX00000001", EH_DENIED_SCOPE },
		{ "list:serial:SN00000001,", "", EH_DENIED_SCOPE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		request.scope = rows[i].scope;
		rig_refused(&rig, authorize(), rows[i].err, rows[i].words);
	}
}
END_TEST

/* Write ${text} to the file of ids, and ask for a tree of it. */
static void
tree_of(const char *text, size_t len)
{
	static char path[128], scope[160];

	snprintf(path, sizeof(path), "%s/ids", rig.folder);
	ck_assert_int_eq(
	    eh_file_write(path, text, len, 0600, &rig.error), EH_OK);
	snprintf(scope, sizeof(scope), "tree:serial:%s", path);
	request.scope = scope;
}

START_TEST(tree_of_devices_is_signed_kept_and_written)
{
	static const char text[] = "# two devices\n\n SN00000007\t\r\n"
				   "SN00000001";
	const struct eh_device_id second = { 10, "SN00000007" };
	uint8_t leaf[2][EH_MERKLE_HASH], root[EH_MERKLE_HASH];
	struct eh_scope_proof proof;
	struct eh_scopelist list;
	struct eh_buf out;

	tree_of(text, strlen(text));
	request.devices = 3;
	allowed();
	ck_assert_ptr_nonnull(strstr(warnings, "lists only 2"));
	ck_assert_int_eq(p.scope.kind, EH_SCOPE_TREE);
	ck_assert_str_eq(p.scope.id_kind, "serial");
	ck_assert_uint_eq(p.scope.tree_size, 2);
	eh_merkle_leaf("SN00000001", 10, leaf[0]);
	eh_merkle_leaf("SN00000007", 10, leaf[1]);
	eh_merkle_node(leaf[0], leaf[1], root);
	ck_assert_mem_eq(p.scope.root, root, sizeof(root));

	rig_reopen(&rig);
	eh_buf_init(&out, EH_SCOPELIST_MAX);
	ck_assert_int_eq(eh_authorize_proofs(
	    rig.authority, &p, &out, &rig.error), EH_OK);
	ck_assert_int_eq(eh_scopelist_decode(
	    &list, out.data, out.len, &rig.error), EH_OK);
	ck_assert_mem_eq(list.authorization, p.id, EH_ID_LEN);
	ck_assert_mem_eq(list.root, root, sizeof(root));
	ck_assert_int_eq(eh_scopelist_prove(
	    &list, &second, &proof, &rig.error), EH_OK);
	ck_assert_uint_eq(proof.index, 1);
	ck_assert_uint_eq(proof.n, 1);
	ck_assert_mem_eq(proof.hash[0], leaf[0], EH_MERKLE_HASH);
	eh_buf_clear(&out);
	/* The same devices again are kept once; another root is not there. */
	allowed();
	p.scope.root[0] ^= 1;
	rig_refused(&rig, eh_authorize_proofs(rig.authority, &p, &out,
	    &rig.error), EH_ERR_NOT_FOUND, "no scope with this root");
	p.scope.kind = EH_SCOPE_ANY;
	rig_refused(&rig, eh_authorize_proofs(rig.authority, &p, &out,
	    &rig.error), EH_ERR_ARGUMENT, "no tree");
	ck_assert_uint_eq(out.len, 0);
	eh_buf_free(&out);
}
END_TEST

START_TEST(list_of_devices_that_makes_no_sense_is_refused)
{
	static const struct {
		const char *text;
		size_t len;
		int err;
		const char *words;
	} rows[] = {
		{ "", 0, EH_ERR_ARGUMENT, "no device id" },
		{ "# none\n\n", 8, EH_ERR_ARGUMENT, "no device id" },
		{ "SN00000001\nSN1\n", 15, EH_DENIED_SCOPE, "line 2: 'SN1'" },
		{ "SN00000001\nSN00000002\nSN00000001\n", 33, EH_ERR_ARGUMENT,
		    "SN00000001 stands twice, in lines 1 and 3" },
		{ "SN00000001 SN00000002\n", 22, EH_DENIED_SCOPE, "line 1" },
		{ "SN00000001\0\n", 12, EH_ERR_ARGUMENT, "zero byte" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tree_of(rows[i].text, rows[i].len);
		rig_refused(&rig, authorize(), rows[i].err, rows[i].words);
	}
}
END_TEST

START_TEST(lines_are_named_or_any)
{
	allowed();
	ck_assert_uint_eq(p.nlines, 0);
	request.nlines = 2;
	request.lines[0] = "line1";
	request.lines[1] = "line3";
	allowed();
	ck_assert_uint_eq(p.nlines, 2);
	ck_assert_str_eq(p.lines[1], "line3");
	request.lines[1] = "line 3";
	rig_refused(&rig, authorize(), EH_ERR_ARGUMENT, "line 3");
}
END_TEST

START_TEST(validity_has_an_end_within_400_days)
{
	request.expires = request.not_before + EH_VALIDITY_MAX;
	allowed();
	request.expires++;
	rig_refused(&rig, authorize(), EH_ERR_FORMAT, "400 days");
	request.not_before = RIG_NOW - 86400;
	request.expires = RIG_NOW;
	rig_refused(&rig, authorize(), EH_DENIED_EXPIRED, "over before");
	request.expires = RIG_NOW + 1;
	allowed();
}
END_TEST

START_TEST(malformed_profile_is_refused)
{
	profile.data[profile.len - 1] ^= 1;	/* still a digest */
	allowed();
	for (size_t cut = 1; cut < profile.len; cut += 17) {
		request.profile_len = profile.len - cut;
		ck_assert_int_eq(authorize(), EH_ERR_FORMAT);
	}
	request.profile_len = profile.len;
	profile.data[0] ^= 0x40;
	ck_assert_int_eq(authorize(), EH_ERR_FORMAT);
}
END_TEST

START_TEST(profile_with_more_than_this_version_does_is_refused)
{
	uint8_t golden[1024];

	request.profile = golden;
	request.profile_len =
	    unit_hex(GOLDEN_PROFILE, golden, sizeof(golden));
	rig_refused(&rig, authorize(), EH_ERR_UNSUPPORTED, "derived secret");
}
END_TEST

/* What is known of the issuing key. */
static void
know(enum eh_purpose purpose, enum eh_key_standing standing,
    const uint8_t *hsm)
{
	struct eh_hsm_key k = { .purpose = purpose,
		.origin = EH_ORIGIN_BACKEND,
		.standing = standing };

	memcpy(k.hsm, hsm, EH_HSM_ID_LEN);
	eh_keyid_spki_digest(eh_soft_public(rig.issuing), k.digest);
	ck_assert_int_eq(eh_store_put_hsm_key(
	    eh_authority_store(rig.authority), &k, NULL), EH_OK);
}

START_TEST(issuing_key_without_certificate_is_warned_of)
{
	struct eh_store *store = eh_authority_store(rig.authority);
	struct eh_store_certificate c = {
		.serial = (const uint8_t *)"serial",
		.seriallen = 6,
		.form = "issuing-ca",
		.issued = RIG_NOW,
		.not_before = RIG_NOW - 3600,
		.not_after = RIG_NOW + 30 * 86400,
		.der = (const uint8_t *)"der",
		.len = 3
	};

	/* Named by the enrolment. */
	request.order = NULL;
	allowed();
	ck_assert_ptr_nonnull(strstr(warnings, "never certified"));
	know(EH_PURPOSE_ISSUING, EH_KEY_ATTESTED, rig.hsm_id);
	allowed();
	ck_assert_ptr_nonnull(strstr(warnings, "never certified"));
	memcpy(c.hsm, rig.hsm_id, EH_HSM_ID_LEN);
	eh_keyid_spki_digest(eh_soft_public(rig.issuing), c.key);
	ck_assert_int_eq(eh_store_put_certificate(store, &c, NULL), EH_OK);
	know(EH_PURPOSE_ISSUING, EH_KEY_CERTIFIED, rig.hsm_id);
	allowed();
	ck_assert_str_eq(warnings, "");
	request.expires = c.not_after + 1;
	allowed();
	ck_assert_ptr_nonnull(strstr(warnings, "validity of its CA"));
}
END_TEST

START_TEST(issuing_key_that_nobody_named_is_warned_of)
{
	eh_buf_free(&profile);
	eh_soft_free(rig.issuing);
	ck_assert_int_eq(eh_soft_generate(&rig.issuing), EH_OK);
	rig_profile(&rig, &profile);
	request.profile = profile.data;
	allowed();
	ck_assert_ptr_nonnull(strstr(warnings, "never attested"));
	/* A general key signs no certificate. */
	know(EH_PURPOSE_GENERAL, EH_KEY_NAMED, rig.hsm_id);
	rig_refused(
	    &rig, authorize(), EH_DENIED_KEY, "not an issuing key");
}
END_TEST

START_TEST(issuing_key_of_another_hsm_is_refused)
{
	struct eh_hsm hsm = { .name = "fab2-hsm1", .factory = "fab2",
		.granted_until = RIG_NOW + 400 * 86400 };
	struct eh_soft *key;

	ck_assert_int_eq(eh_soft_generate(&key), EH_OK);
	hsm.attestation = *eh_soft_public(key);
	eh_keyid_hsm(&hsm.attestation, hsm.id);
	eh_soft_free(key);
	ck_assert_int_eq(eh_store_put_hsm(
	    eh_authority_store(rig.authority), &hsm, NULL), EH_OK);
	request.hsm = "fab2-hsm1";
	rig_refused(
	    &rig, authorize(), EH_DENIED_KEY, "another EdgeHSM's");
	request.hsm = "fab3-hsm1";
	rig_refused(&rig, authorize(), EH_ERR_NOT_FOUND, "fab3-hsm1");
}
END_TEST

START_TEST(ended_grant_is_refused_and_a_short_one_warned_of)
{
	struct eh_store *store = eh_authority_store(rig.authority);
	struct eh_hsm hsm;

	ck_assert_int_eq(
	    eh_store_get_hsm(store, "fab1-hsm1", &hsm, NULL), EH_OK);
	hsm.granted_until = request.expires - 1;
	ck_assert_int_eq(eh_store_put_hsm(store, &hsm, NULL), EH_OK);
	allowed();
	ck_assert_ptr_nonnull(strstr(warnings, "before this authorization"));
	hsm.granted_until = RIG_NOW;
	ck_assert_int_eq(eh_store_put_hsm(store, &hsm, NULL), EH_OK);
	rig_refused(&rig, authorize(), EH_DENIED_EXPIRED, "enrol it again");
}
END_TEST

START_TEST(order_is_never_exceeded)
{
	request.order_total = 0;
	request.devices = 6000;
	allowed();
	rig_refused(&rig, authorize(), EH_DENIED_QUOTA,
	    "order PO-4711 is of 6000 devices; fab1-hsm1 may still make 6000 "
	    "of them and has neither closed nor been written off: close it "
	    "there and ack its receipt, go on from it with --supersedes, or "
	    "raise the order with --order-total 12000");
	request.order_total = 11999;
	rig_refused(&rig, authorize(), EH_DENIED_QUOTA, "--order-total 12000");
	request.order_total = 12000;
	allowed();
	request.order_total = 0;
	request.devices = 1;
	rig_refused(&rig, authorize(), EH_DENIED_QUOTA, "is of 12000 devices");
	/* Another order, and none. */
	request.order = "PO-4712";
	allowed();
	request.order = NULL;
	allowed();
}
END_TEST

START_TEST(total_of_an_order_may_be_said_at_first)
{
	request.order_total = 10000;
	request.devices = 4000;
	allowed();
	request.order_total = 0;
	request.devices = 6001;
	rig_refused(&rig, authorize(), EH_DENIED_QUOTA, "is of 10000 devices");
	request.devices = 6000;
	allowed();
	/* It is not cut below what was given out. */
	request.order_total = 9999;
	request.devices = 1;
	rig_refused(&rig, authorize(), EH_DENIED_QUOTA, "is of 9999 devices");
}
END_TEST

START_TEST(superseding_goes_on_with_the_books)
{
	uint8_t first[EH_ID_LEN];
	char hex[EH_HEX_SIZE(EH_ID_LEN)];

	request.order_total = 0;
	request.devices = 10000;
	allowed();
	memcpy(first, p.id, sizeof(first));
	request.supersedes = "PO-4711";
	request.devices = 15000;
	rig_refused(&rig, authorize(), EH_DENIED_QUOTA, "--order-total 15000");
	request.order_total = 15000;
	allowed();
	ck_assert(p.has_supersedes);
	ck_assert_mem_eq(p.supersedes, first, sizeof(first));
	ck_assert_uint_eq(p.ops[0].quota, 15000);
	/* The chain goes on from its end, whichever is named. */
	eh_hex_encode(first, sizeof(first), hex);
	memcpy(first, p.id, sizeof(first));
	request.supersedes = hex;
	request.order_total = 0;
	request.devices = 12000;
	allowed();
	ck_assert_mem_eq(p.supersedes, first, sizeof(first));
	/* What was signed may still be installed. */
	request.supersedes = NULL;
	request.devices = 1;
	rig_refused(&rig, authorize(), EH_DENIED_QUOTA,
	    "fab1-hsm1 may still make 15000");
}
END_TEST

START_TEST(only_what_is_alike_is_superseded)
{
	request.supersedes = "PO-4711";
	rig_refused(&rig, authorize(), EH_ERR_NOT_FOUND,
	    "fab1-hsm1 has no authorization PO-4711 that is open");
	request.supersedes = NULL;
	allowed();
	allowed();
	request.supersedes = "PO-4711";
	rig_refused(&rig, authorize(), EH_ERR_ARGUMENT,
	    "has 2 authorizations PO-4711 that are open: name one by its id");
	request.order = "PO-4712";
	request.supersedes = NULL;
	allowed();
	request.supersedes = "PO-4712";
	request.order = "PO-4713";
	rig_refused(&rig, authorize(), EH_ERR_ARGUMENT, "of order PO-4712");
	request.order = "PO-4712";
	request.scope = "list:serial:SN00000001";
	rig_refused(
	    &rig, authorize(), EH_ERR_ARGUMENT, "another kind of scope");
	request.scope = NULL;
	request.supersedes = "00000000000000000000000000000000";
	rig_refused(&rig, authorize(), EH_ERR_NOT_FOUND, "signed here");
}
END_TEST

START_TEST(defaults_carry_a_week_of_a_line)
{
	ck_assert_uint_eq(eh_authorize_days(1), 7);
	ck_assert_uint_eq(eh_authorize_days(1000), 7);
	ck_assert_uint_eq(eh_authorize_days(1001), 30);
	ck_assert_uint_eq(eh_authorize_unacked(1), 100000);
	for (unsigned n = 1; n <= 16; n++)
		ck_assert_uint_gt(eh_authorize_unacked(n), 300 * 24 * 7 * n);
	request.limits.max_unacked = 5;
	allowed();
	ck_assert_uint_eq(p.limits.max_unacked, 5);
	request.unacked_by_profile = 1;
	allowed();
	ck_assert_uint_eq(p.limits.max_unacked, 100000);
}
END_TEST

/* Write ${to} over the only ${from} in the profile. */
static void
patch(const char *from, const char *to)
{
	uint8_t old[32], new[32], *at;
	size_t n = unit_hex(from, old, sizeof(old));

	ck_assert_uint_eq(unit_hex(to, new, sizeof(new)), n);
	at = memmem(profile.data, profile.len, old, n);
	ck_assert_ptr_nonnull(at);
	memcpy(at, new, n);
}

START_TEST(template_of_a_ca_is_never_authorized)
{
	/* keyUsage: digitalSignature becomes keyCertSign, then cRLSign. */
	patch("551d0f0101ff040403020780", "551d0f0101ff040403020204");
	rig_refused(&rig, authorize(), EH_DENIED_TEMPLATE, "a CA of every");
	patch("551d0f0101ff040403020204", "551d0f0101ff040403020102");
	rig_refused(&rig, authorize(), EH_DENIED_TEMPLATE, "a CA of every");
	patch("551d0f0101ff040403020102", "551d0f0101ff040403020780");
	allowed();
}
END_TEST

START_TEST(template_against_its_standard_is_never_authorized)
{
	/* keyUsage without any bit. */
	patch("551d0f0101ff040403020780", "551d0f0101ff040403020700");
	rig_refused(
	    &rig, authorize(), EH_DENIED_TEMPLATE, "extensions-formed");
	patch("551d0f0101ff040403020700", "551d0f0101ff040403020780");
	/* Version 2. */
	patch("a003020102021000", "a003020101021000");
	rig_refused(&rig, authorize(), EH_DENIED_TEMPLATE, "rfc5280/version-3");
}
END_TEST

START_TEST(order_names_are_names)
{
	request.order = "PO 4711";
	rig_refused(&rig, authorize(), EH_ERR_ARGUMENT, "PO 4711");
	request.order = NULL;
	allowed();
	ck_assert_str_eq(p.order, "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("authorize");
	TCase *t = tcase_create("authorize");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, authorization_says_what_was_ordered);
	tcase_add_test(t, quotas_have_head_room);
	tcase_add_test(
	    t, firmware_is_named_where_chips_attest_it_and_nowhere_else);
	tcase_add_test(t, leases_fit_the_order);
	tcase_add_test(t, each_has_its_own_id_and_the_next_number);
	tcase_add_test(t, scopes_are_read_by_the_profile);
	tcase_add_test(t, scopes_that_make_no_sense_are_refused);
	tcase_add_test(t, tree_of_devices_is_signed_kept_and_written);
	tcase_add_test(t, list_of_devices_that_makes_no_sense_is_refused);
	tcase_add_test(t, lines_are_named_or_any);
	tcase_add_test(t, validity_has_an_end_within_400_days);
	tcase_add_test(t, malformed_profile_is_refused);
	tcase_add_test(t, profile_with_more_than_this_version_does_is_refused);
	tcase_add_test(t, issuing_key_without_certificate_is_warned_of);
	tcase_add_test(t, issuing_key_that_nobody_named_is_warned_of);
	tcase_add_test(t, issuing_key_of_another_hsm_is_refused);
	tcase_add_test(t, ended_grant_is_refused_and_a_short_one_warned_of);
	tcase_add_test(t, order_is_never_exceeded);
	tcase_add_test(t, total_of_an_order_may_be_said_at_first);
	tcase_add_test(t, superseding_goes_on_with_the_books);
	tcase_add_test(t, only_what_is_alike_is_superseded);
	tcase_add_test(t, defaults_carry_a_week_of_a_line);
	tcase_add_test(t, template_of_a_ca_is_never_authorized);
	tcase_add_test(t, template_against_its_standard_is_never_authorized);
	tcase_add_test(t, order_names_are_names);
	suite_add_tcase(s, t);
	return unit_run(s);
}
