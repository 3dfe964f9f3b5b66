/* SPDX-License-Identifier: Apache-2.0 */
/* test_import_supersede.c - devices that go on under another authorization, and
 * another profile. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/x509/serial.h"
#include "quota-engine/import_supersede.h"
#include "quota-engine/issue.h"
#include "test/unit/quota-engine/authority.h"
#include "test/unit/unit.h"

static struct authority *a;
static struct authority_profile *other;
static struct eh_caller caller;
static uint8_t tbs[EH_TBS_MAX], first[EH_TBS_MAX];
static uint8_t signature[EH_SIGNATURE_LEN], signed_first[EH_SIGNATURE_LEN];
static size_t len, firstlen;

static void
begin(void)
{
	a = authority_ready();
	ck_assert_ptr_nonnull(other = calloc(1, sizeof(*other)));
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
}

static void
end(void)
{
	free(other);
	authority_close(a);
}

static void
ok(int err)
{
	ck_assert_msg(
	    err == EH_OK, "%d: %s", err, eh_error_sentence(&a->f.error));
}

static void
refused(int err, int want, const char *words)
{
	ck_assert_msg(err == want, "%d, not %d: %s", err, want,
	    eh_error_sentence(&a->f.error));
	authority_says(a, words);
}

static int
sign(void)
{
	eh_error_clear(&a->f.error);
	return eh_issue_sign(a->f.b, &caller, &a->key, tbs, len, NULL, 0,
	    signature, &a->f.error);
}

/* Ask for template ${index} of ${profile}, for this device and key. */
static int
make(const struct authority_profile *profile, uint8_t index,
    const char *device, const struct eh_soft *key)
{
	struct eh_row row = authority_row(a, a->pauth.id);
	struct eh_tbs_values values;
	uint16_t burns;

	eh_engine_lock(a->f.b->engine);
	burns = eh_engine_burns(a->f.b->engine, &row);
	eh_engine_unlock(a->f.b->engine);
	authority_values(a, device, key, burns, &values);
	ck_assert_int_eq(eh_serial(a->pauth.id, &values.device, index, burns,
	    values.serial), EH_OK);
	ok(eh_template_render(&profile->decoded, index, &values, tbs,
	    sizeof(tbs), &len, &a->f.error));
	return sign();
}

/* The first device, under PO-1; its bytes and signature are kept. */
static void
make_first(void)
{
	ok(make(&a->profile, 0, "SN00000042", a->device));
	memcpy(first, tbs, len);
	firstlen = len;
	memcpy(signed_first, signature, sizeof(signature));
}

/* Version 2 of the profile: another template in front, and with ${keep} the old
 * one behind it. */
static void
change_profile(int keep)
{
	static uint8_t front[EH_TBS_MAX];
	struct eh_profile p = a->profile.decoded;

	p.version = 2;
	p.template[1] = p.template[0];
	p.templates = keep ? 2 : 1;
	strcpy(p.template[0].id, "ldevid");
	/* Another issuer's name, or a TBS could fit both. */
	memcpy(front, p.template[0].tbs, p.template[0].tbslen);
	for (size_t i = 0; i + 4 < p.template[0].tbslen; i++)
		if (memcmp(front + i, "\x0c\x02" "CA", 4) == 0)
			front[i + 3] = 'B';
	p.template[0].tbs = front;
	ok(eh_profile_encode(&p, other->bytes, sizeof(other->bytes),
	    &other->len, &a->f.error));
	ok(eh_profile_decode(
	    &other->decoded, other->bytes, other->len, &a->f.error));
	eh_profile_digest(other->bytes, other->len, other->digest);
}

static void
prepare(const char *order)
{
	a->pauth.has_supersedes = 1;
	memcpy(a->pauth.supersedes, a->pauth.id, EH_ID_LEN);
	a->pauth.id[0]++;
	strcpy(a->pauth.order, order);
	a->pauth.profile.version = 2;
	a->pauth.ops[1].uses = 2;
	a->pauth.ops[1].quota = 208;
	memcpy(a->pauth.profile.digest, other->digest, EH_DIGEST_LEN);
}

/* What must be true when the device has followed. */
static void
followed(void)
{
	struct eh_row row = authority_row(a, a->pauth.id);
	uint64_t used = row.op[EH_OP_PASS].count.used;

	ck_assert_int_eq(row.state, EH_ROW_LIVE);
	/* The template that it has, wherever it stands now. */
	refused(make(other, 1, "SN00000042", a->device), EH_DENIED_DEVICE_LIMIT,
	    "has a certificate by this template already");
	/* The old bytes again are the old signature. */
	memcpy(tbs, first, firstlen);
	len = firstlen;
	ok(sign());
	ck_assert_mem_eq(signature, signed_first, sizeof(signature));
	row = authority_row(a, a->pauth.id);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.used, used);
}

/* Callers are of one run. */
static void
operate(void)
{
	caller = fixture_caller(&a->f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
}

static void
restart(void)
{
	ok(fixture_restart(&a->f));
	operate();
}

START_TEST(a_message_says_whom_it_supersedes)
{
	struct eh_moved moved;

	authority_sign_pauth(a);
	ck_assert_int_eq(eh_import_superseded(a->message, a->len, &moved), 0);
	a->pauth.has_supersedes = 1;
	memcpy(a->pauth.supersedes, a->pauth.id, EH_ID_LEN);
	a->pauth.id[0] ^= 0xff;
	authority_sign_pauth(a);
	ck_assert_int_eq(eh_import_superseded(a->message, a->len, &moved), 1);
	ck_assert_mem_eq(moved.id, a->pauth.supersedes, EH_ID_LEN);
	ck_assert_uint_eq(moved.templates, 0);
	ck_assert_int_eq(
	    eh_import_superseded(a->message, a->len - 1, &moved), 0);
}
END_TEST

START_TEST(where_templates_went_stands_in_front_of_the_message)
{
	uint8_t redo[EH_PRIVATE_MESSAGE_MAX];
	struct eh_incoming in = { .moved = { .templates = 2,
		.map = { 1, EH_TEMPLATE_GONE } } };
	const uint8_t *rest = redo;
	struct eh_moved moved;
	size_t n;

	a->pauth.has_supersedes = 1;
	memcpy(a->pauth.supersedes, a->pauth.id, EH_ID_LEN);
	a->pauth.id[0] ^= 0xff;
	authority_sign_pauth(a);
	in.bytes = a->message;
	in.len = a->len;
	ck_assert_int_eq(eh_import_pauth_redo(&in, redo, &n), EH_OK);
	ck_assert_uint_eq(n, a->len + 3);
	ck_assert_int_eq(eh_import_superseded(redo, n, &moved), 1);
	ck_assert_uint_eq(moved.templates, 2);
	ck_assert_uint_eq(moved.map[0], 1);
	ck_assert_uint_eq(moved.map[1], EH_TEMPLATE_GONE);
	ck_assert_int_eq(eh_import_skip_moved(&rest, &n), EH_OK);
	ck_assert_uint_eq(n, a->len);
	ck_assert_mem_eq(rest, a->message, n);
	/* A place that no profile has. */
	redo[1] = EH_REQUEST_TEMPLATES;
	rest = redo;
	n = a->len + 3;
	ck_assert_int_eq(eh_import_skip_moved(&rest, &n), EH_ERR_FORMAT);
	redo[0] = 0;
	ck_assert_int_eq(eh_import_skip_moved(&rest, &n), EH_ERR_FORMAT);
}
END_TEST

START_TEST(a_changed_profile_must_be_here)
{
	change_profile(1);
	prepare("PO-2");
	refused(authority_send_pauth(a), EH_DENIED_STATE,
	    "changes the profile to gateway version 2: import that first");
	ok(authority_send_profile(a, other));
	ok(authority_send_pauth(a));
}
END_TEST

START_TEST(devices_follow_to_a_changed_profile)
{
	struct eh_row row;

	make_first();
	change_profile(1);
	ok(authority_send_profile(a, other));
	prepare("PO-2");
	ok(authority_send_pauth(a));
	followed();
	/* What the new one has more is of the same pass. */
	ok(make(other, 0, "SN00000042", a->second));
	row = authority_row(a, a->pauth.id);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.used, 1);
	ck_assert_uint_eq(row.op[EH_OP_ISSUE].count.used, 2);
	/* And so it is for the index that is built anew. */
	restart();
	followed();
	refused(make(other, 0, "SN00000042", a->device), EH_DENIED_DEVICE_LIMIT,
	    "has a certificate by this template already");
	ok(make(other, 1, "SN00000043", a->device));
	restart();
	followed();
}
END_TEST

START_TEST(they_follow_when_it_is_replayed)
{
	make_first();
	change_profile(1);
	ok(authority_send_profile(a, other));
	prepare("PO-2");
	authority_loses_anchor(a, authority_send_pauth);
	operate();
	followed();
	ok(make(other, 0, "SN00000042", a->second));
}
END_TEST

START_TEST(a_template_that_is_gone_counts_for_nothing_but_its_repeat)
{
	struct eh_row row;

	make_first();
	change_profile(0);
	ok(authority_send_profile(a, other));
	prepare("PO-2");
	ok(authority_send_pauth(a));
	/* The same key, which the new one has never seen. */
	ok(make(other, 0, "SN00000042", a->device));
	row = authority_row(a, a->pauth.id);
	ck_assert_uint_eq(row.op[EH_OP_PASS].count.used, 1);
	memcpy(tbs, first, firstlen);
	len = firstlen;
	ok(sign());
	ck_assert_mem_eq(signature, signed_first, sizeof(signature));
	restart();
	refused(make(other, 0, "SN00000042", a->second), EH_DENIED_DEVICE_LIMIT,
	    "certificate by this template already");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("import_supersede");
	TCase *t = tcase_create("import_supersede");

	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, a_message_says_whom_it_supersedes);
	tcase_add_test(t, where_templates_went_stands_in_front_of_the_message);
	tcase_add_test(t, a_changed_profile_must_be_here);
	tcase_add_test(t, devices_follow_to_a_changed_profile);
	tcase_add_test(t, they_follow_when_it_is_replayed);
	tcase_add_test(
	    t, a_template_that_is_gone_counts_for_nothing_but_its_repeat);
	suite_add_tcase(s, t);
	return unit_run(s);
}
