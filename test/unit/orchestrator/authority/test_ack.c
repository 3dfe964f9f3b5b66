/* SPDX-License-Identifier: Apache-2.0 */
/* test_ack.c - what of an EdgeHSM's log is acknowledged, and what never is. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/message/receipt.h"
#include "common/message/record.h"
#include "orchestrator/authority/ack.h"
#include "orchestrator/authority/ack_log.h"
#include "test/unit/orchestrator/authority/rig.h"

#define ENTRIES 40

static struct rig rig;
static struct eh_acked acked;
static const uint8_t order[EH_ID_LEN] = { 0xa1 };

/* The log of an EdgeHSM, entry by entry, and how it is counted. */
static struct {
	uint8_t input[ENTRIES][1024];
	size_t len[ENTRIES];
	unsigned n;
	uint8_t leaf[EH_DIGEST_LEN];
	struct eh_merkle tree;
	uint64_t used, burned;
} hsm;

static void
append(void)
{
	eh_merkle_leaf(hsm.input[hsm.n], hsm.len[hsm.n], hsm.leaf);
	ck_assert_int_eq(eh_merkle_append(&hsm.tree, hsm.leaf), EH_OK);
	hsm.n++;
}

static void
add(struct eh_record *r)
{
	struct eh_writer w;

	r->seq = hsm.n;
	memcpy(r->hsm_id, rig.hsm_id, EH_HSM_ID_LEN);
	memcpy(r->previous, hsm.leaf, EH_DIGEST_LEN);
	r->t_hi = EH_TIME_MAX;
	eh_writer_init(&w, hsm.input[hsm.n], sizeof(hsm.input[0]));
	eh_record_encode(r, &w);
	ck_assert_int_eq(eh_writer_end(&w, &hsm.len[hsm.n]), EH_OK);
	append();
}

/* A record that says ${mark}, and nothing of counters. */
static void
add_import(uint8_t mark)
{
	static struct eh_record r;

	eh_record_init(&r, EH_RECORD_IMPORT);
	r.ref.code = EH_MSG_CODE_GRANT;
	r.ref.digest[0] = mark;
	add(&r);
}

static void
add_genesis(void)
{
	static struct eh_record r;

	memset(&r, 0, sizeof(r));
	eh_record_init(&r, EH_RECORD_GENESIS);
	strcpy(r.of.start.boot.software.version, "test");
	add(&r);
}

/* The order was installed, with the counters as they are. */
static void
add_installed(uint64_t used)
{
	static struct eh_record r;
	struct eh_counter c = { .used = used, .reserved = used, .quota = 10 };

	memset(&r, 0, sizeof(r));
	eh_record_init(&r, EH_RECORD_INSTALLED);
	r.has_authorization = 1;
	memcpy(r.authorization, order, EH_ID_LEN);
	strcpy(r.profile.name, "gateway");
	r.profile.version = 1;
	r.ref.code = EH_MSG_CODE_PAUTH;
	ck_assert_int_eq(eh_counters_add(&r.counters, EH_OP_PASS, &c), EH_OK);
	add(&r);
	hsm.used = used;
}

static void
add_burned(void)
{
	struct eh_writer w;

	eh_writer_init(&w, hsm.input[hsm.n], sizeof(hsm.input[0]));
	eh_writer_bytes(&w, "EdgeHSM-burned-v1", 17);
	eh_writer_bytes(&w, rig.hsm_id, EH_HSM_ID_LEN);
	eh_writer_u64(&w, hsm.n);
	ck_assert_int_eq(eh_writer_end(&w, &hsm.len[hsm.n]), EH_OK);
	append();
}

/* An EdgeHSM with nothing in its log but what it begins with. */
static void
begin_log(uint8_t mark)
{
	memset(&hsm, 0, sizeof(hsm));
	eh_merkle_init(&hsm.tree);
	add_genesis();
	add_import(mark);
	add_installed(2);
}

/* Its order, as the store knows it. */
static void
put_order(void)
{
	struct eh_store *s = eh_authority_store(rig.authority);
	struct eh_store_message m = { .type = EH_MESSAGE_PAUTH, .seq = 1,
		.digest = { 1 }, .bytes = (const uint8_t *)"x", .len = 1 };
	struct eh_store_authorization a = { .message = { 1 }, .seq = 1,
		.devices = 10, .expires = RIG_NOW + 1,
		.profile = { "gateway", 1, { 2 } } };

	memcpy(m.hsm, rig.hsm_id, EH_HSM_ID_LEN);
	memcpy(a.hsm, rig.hsm_id, EH_HSM_ID_LEN);
	memcpy(a.id, order, EH_ID_LEN);
	ck_assert_int_eq(eh_store_begin(s, NULL), EH_OK);
	ck_assert_int_eq(eh_store_put_message(s, &m, NULL), EH_OK);
	ck_assert_int_eq(eh_store_put_profile(
	    s, &a.profile, a.profile.digest, "p", 1, NULL), EH_OK);
	ck_assert_int_eq(eh_store_put_authorization(s, &a, NULL), EH_OK);
	ck_assert_int_eq(eh_store_commit(s, NULL), EH_OK);
}

static void
setup(void)
{
	rig_open(&rig);
	rig_enrolled(&rig);
	put_order();
	begin_log(2);
}

static void
teardown(void)
{
	rig_close(&rig);
}

/* What the EdgeHSM would say now. */
static struct eh_receipt *
receipt(void)
{
	static struct eh_receipt r;

	memset(&r, 0, sizeof(r));
	memcpy(r.hsm_id, rig.hsm_id, EH_HSM_ID_LEN);
	eh_authority_root(rig.authority, r.root);
	r.tree_size = hsm.n;
	eh_merkle_root(&hsm.tree, r.tree_root);
	memcpy(r.last_leaf, hsm.leaf, EH_DIGEST_LEN);
	r.t_hi = EH_TIME_MAX;
	strcpy(r.software.version, "test");
	r.nrows = 1;
	memcpy(r.rows[0].authorization, order, EH_ID_LEN);
	r.rows[0].counters.n = 1;
	r.rows[0].counters.of[0] = (struct eh_counter){ hsm.used, hsm.burned,
		hsm.used + hsm.burned, 10 };
	return &r;
}

static void
encode(const void *value, struct eh_writer *w)
{
	eh_receipt_encode(value, w);
}

/* Write entries ${from} to before ${end}, and ask with ${r}. */
static int
ask_part(const struct eh_receipt *r, unsigned from, unsigned end)
{
	struct eh_ack_request request = { .keep_burned = 0 };
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf message, out;
	char path[128];
	FILE *f;
	int err;

	snprintf(path, sizeof(path), "%s/log", rig.folder);
	f = fopen(path, "wbe");
	ck_assert_ptr_nonnull(f);
	for (unsigned i = from; i < end; i++) {
		fputc((int)(hsm.len[i] >> 8), f);
		fputc((int)(hsm.len[i] & 0xff), f);
		fwrite(hsm.input[i], 1, hsm.len[i], f);
	}
	ck_assert_int_eq(fclose(f), 0);
	eh_buf_init(&message, EH_MESSAGE_MAX);
	eh_buf_init(&out, EH_MESSAGE_MAX);
	rig_sign(&rig, EH_MESSAGE_RECEIPT, encode, r, &message);
	request.receipt = message.data;
	request.receiptlen = message.len;
	request.log = path;
	eh_error_clear(&rig.error);
	err = eh_ack_make(rig.authority, &request, RIG_NOW, &out, digest,
	    &acked, &rig.error);
	ck_assert_int_eq(out.len > 0, err == EH_OK);
	eh_buf_free(&message);
	eh_buf_free(&out);
	return err;
}

static int
ask(const struct eh_receipt *r)
{
	return ask_part(r, 0, hsm.n);
}

static uint64_t
held(void)
{
	struct eh_store_log log;

	ck_assert_int_eq(eh_store_get_log(eh_authority_store(rig.authority),
	    rig.hsm_id, &log, NULL), EH_OK);
	return log.tree.size;
}

START_TEST(log_is_acknowledged_with_the_root_of_its_entries)
{
	uint8_t root[EH_MERKLE_HASH];

	ck_assert_int_eq(ask(receipt()), EH_OK);
	eh_merkle_root(&hsm.tree, root);
	ck_assert_uint_eq(acked.ack.size, 3);
	ck_assert_mem_eq(acked.ack.root, root, sizeof(root));
	ck_assert_uint_eq(acked.ack.seq, 1);
	ck_assert_mem_eq(acked.ack.from.sub, rig.hsm_id, EH_HSM_ID_LEN);
	ck_assert_uint_eq(acked.ack.from.iat, RIG_NOW);
	ck_assert_uint_eq(held(), 3);
	rig_reopen(&rig);
	add_import(9);
	ck_assert_int_eq(ask(receipt()), EH_OK);
	ck_assert_uint_eq(acked.ack.size, 4);
	ck_assert_uint_eq(acked.ack.seq, 2);
	ck_assert_uint_eq(acked.before, 3);
}
END_TEST

START_TEST(log_may_come_in_parts_and_overlap)
{
	ck_assert_int_eq(ask(receipt()), EH_OK);
	add_import(9);
	add_import(9);
	ck_assert_int_eq(ask_part(receipt(), 3, 5), EH_OK);
	add_import(9);
	ck_assert_int_eq(ask_part(receipt(), 1, 6), EH_OK);
	ck_assert_uint_eq(acked.ack.size, 6);
	add_import(9);
	add_import(9);
	rig_refused(&rig, ask_part(receipt(), 7, 8), EH_ERR_FORMAT,
	    "export with --from 6");
	rig_refused(&rig, ask_part(receipt(), 6, 7), EH_ERR_FORMAT,
	    "export the log after the receipt");
	ck_assert_uint_eq(held(), 6);
}
END_TEST

START_TEST(entries_that_the_receipt_does_not_cover_wait)
{
	struct eh_receipt *r = receipt();

	add_import(9);
	ck_assert_int_eq(ask(r), EH_OK);
	ck_assert_uint_eq(acked.ack.size, 3);
	ck_assert_uint_eq(held(), 3);
}
END_TEST

START_TEST(burned_places_are_accepted_when_they_are_burned)
{
	struct eh_receipt *r;

	add_burned();
	add_burned();
	add_import(9);
	r = receipt();
	r->nburned = 1;
	r->burned[0] = (struct eh_burned_range){ 2, 3, 3 };
	rig_refused(&rig, ask(r), EH_ERR_PROOF, "calls 3 places");
	r->burned[0] = (struct eh_burned_range){ 3, 2, 1 };
	rig_refused(&rig, ask(r), EH_ERR_PROOF, "2 are");
	ck_assert_uint_eq(held(), 0);
	r->burned[0].burned = 2;
	ck_assert_int_eq(ask(r), EH_OK);
	ck_assert_uint_eq(acked.ack.nburned, 1);
	ck_assert_uint_eq(acked.ack.burned[0].first, 3);
	ck_assert_uint_eq(acked.burned, 2);
}
END_TEST

START_TEST(receipt_of_somebody_else_is_refused)
{
	struct eh_soft *own = rig.attestation;
	struct eh_receipt *r = receipt();

	r->root[0] ^= 1;
	rig_refused(&rig, ask(r), EH_ERR_PROOF, "another EdgeHSM or root");
	r->root[0] ^= 1;
	r->hsm_id[0] ^= 1;
	rig_refused(&rig, ask(r), EH_ERR_PROOF, "another EdgeHSM or root");
	r->hsm_id[0] ^= 1;
	rig.attestation = rig.issuing;
	rig_refused(&rig, ask(r), EH_ERR_NOT_FOUND, "enrolled");
	rig.attestation = own;
	ck_assert_int_eq(ask(r), EH_OK);
}
END_TEST

START_TEST(counters_are_those_of_the_entries)
{
	struct eh_receipt *r = receipt();

	r->rows[0].counters.of[0].used = 1;
	rig_refused(&rig, ask(r), EH_ERR_PROOF, "its entries 2");
	r = receipt();
	r->rows[0].authorization[0] ^= 1;
	rig_refused(&rig, ask(r), EH_ERR_PROOF, "never issued here");
	ck_assert_uint_eq(held(), 0);
	ck_assert_int_eq(ask(receipt()), EH_OK);
	/* And they do not fall. */
	add_installed(1);
	rig_refused(&rig, ask(receipt()), EH_ERR_FORMAT, "counter fall");
	ck_assert_uint_eq(held(), 3);
}
END_TEST

START_TEST(receipts_do_not_count_back)
{
	struct eh_receipt *r = receipt();

	r->boots = 5;
	r->rows[0].burns = 2;
	ck_assert_int_eq(ask(r), EH_OK);
	add_import(3);
	r = receipt();
	r->boots = 5;
	r->rows[0].burns = 2;
	ck_assert_int_eq(ask(r), EH_OK);
	add_import(4);
	r = receipt();
	r->boots = 6;
	r->rows[0].burns = 1;
	rig_refused(&rig, ask(r), EH_DENIED_STATE,
	    "its receipts count unclean stops back from 2 to 1");
	r->rows[0].burns = 2;
	rig_refused(&rig, ask(r), EH_DENIED_STATE, "is frozen");
}
END_TEST

START_TEST(boots_do_not_count_back)
{
	struct eh_receipt *r = receipt();

	r->boots = 5;
	ck_assert_int_eq(ask(r), EH_OK);
	add_import(3);
	r = receipt();
	r->boots = 4;
	rig_refused(&rig, ask(r), EH_DENIED_STATE,
	    "its receipts count boots back from 5 to 4");
}
END_TEST

START_TEST(live_authorization_is_in_the_receipt)
{
	struct eh_receipt *r = receipt();

	r->nrows = 0;
	rig_refused(&rig, ask(r), EH_ERR_PROOF, "installed (2) and not closed");
	ck_assert_uint_eq(held(), 0);
	ck_assert_int_eq(ask(receipt()), EH_OK);
}
END_TEST

START_TEST(authorization_is_installed_once)
{
	ck_assert_int_eq(ask(receipt()), EH_OK);
	add_installed(2);
	rig_refused(&rig, ask(receipt()), EH_ERR_FORMAT,
	    "installs or closes what it did before");
	ck_assert_uint_eq(held(), 3);
}
END_TEST

START_TEST(damaged_log_is_refused_and_proves_nothing)
{
	struct eh_receipt *r = receipt();

	hsm.input[1][hsm.len[1] - 1] ^= 1;
	ck_assert_int_eq(ask(r), EH_ERR_FORMAT);
	hsm.input[1][hsm.len[1] - 1] ^= 1;
	r->tree_root[0] ^= 1;
	rig_refused(&rig, ask(r), EH_ERR_FORMAT, "the root");
	r->tree_root[0] ^= 1;
	r->last_leaf[0] ^= 1;
	rig_refused(&rig, ask(r), EH_ERR_FORMAT, "the root");
	r->last_leaf[0] ^= 1;
	ck_assert_uint_eq(held(), 0);
	ck_assert_int_eq(ask(r), EH_OK);
}
END_TEST

/* Another history, of ${n} entries; only a proof freezes. */
static void
two_histories(unsigned n, const char *words)
{
	ck_assert_int_eq(ask(receipt()), EH_OK);
	begin_log(7);
	while (hsm.n < n)
		add_import(7);
	if (n > 3)
		rig_refused(&rig, ask_part(receipt(), 3, n), EH_ERR_FORMAT,
		    "whole log");
	rig_refused(&rig, ask(receipt()), EH_DENIED_STATE, words);
	rig_reopen(&rig);
	/* For ever, and for the true one too. */
	begin_log(2);
	rig_refused(&rig, ask(receipt()), EH_DENIED_STATE, "two histories");
	ck_assert_uint_eq(held(), 3);
}

START_TEST(receipt_of_another_history_freezes)
{
	two_histories(3, "another root");
}
END_TEST

START_TEST(whole_log_of_another_history_freezes)
{
	two_histories(6, "two different entries 1");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ack");
	TCase *t = tcase_create("ack");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, log_is_acknowledged_with_the_root_of_its_entries);
	tcase_add_test(t, log_may_come_in_parts_and_overlap);
	tcase_add_test(t, entries_that_the_receipt_does_not_cover_wait);
	tcase_add_test(t, burned_places_are_accepted_when_they_are_burned);
	tcase_add_test(t, receipt_of_somebody_else_is_refused);
	tcase_add_test(t, counters_are_those_of_the_entries);
	tcase_add_test(t, receipts_do_not_count_back);
	tcase_add_test(t, boots_do_not_count_back);
	tcase_add_test(t, live_authorization_is_in_the_receipt);
	tcase_add_test(t, authorization_is_installed_once);
	tcase_add_test(t, damaged_log_is_refused_and_proves_nothing);
	tcase_add_test(t, receipt_of_another_history_freezes);
	tcase_add_test(t, whole_log_of_another_history_freezes);
	suite_add_tcase(s, t);
	return unit_run(s);
}
