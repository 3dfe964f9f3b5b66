/* SPDX-License-Identifier: Apache-2.0 */
/* test_ledger.c - who may: the table of retry and re-issue, one device one row,
 * claims, reports, closing. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "quota-engine/committer.h"
#include "quota-engine/ledger.h"
#include "test/fault/heart.h"
#include "test/unit/unit.h"

static struct heart h;
static struct eh_answer answer;
static uint8_t signature[64];

static void
begin(const struct heart_order *o)
{
	memset(&h, 0, sizeof(h));
	heart_begin(&h, 3);
	ck_assert_int_eq(heart_install(&h, o), EH_OK);
}

static int
issue(uint32_t order, uint32_t device, uint32_t key, uint8_t template_index)
{
	struct heart_ask ask = { .order = order, .device = device, .key = key,
		.template_index = template_index, .templates = 2 };

	return heart_issue(&h, &ask, &answer, signature);
}

static uint64_t
used(unsigned op)
{
	return heart_counter(&h, 1, op).used;
}

START_TEST(first_operation_takes_a_pass_and_a_unit)
{
	struct heart_order o = heart_order(1, 10, 2);

	o.uses = 2;
	o.issues = 30;
	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_FIRST);
	ck_assert_uint_eq(used(EH_OP_PASS), 1);
	ck_assert_uint_eq(used(EH_OP_ISSUE), 1);
	/* The next template of the device is of the same pass. */
	ck_assert_int_eq(issue(1, 1, 0, 1), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_FIRST);
	ck_assert_uint_eq(used(EH_OP_PASS), 1);
	ck_assert_uint_eq(used(EH_OP_ISSUE), 2);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(the_same_bytes_again_are_free)
{
	struct heart_order o = heart_order(1, 10, 2);
	uint8_t first[64];
	uint64_t size;

	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	memcpy(first, signature, 64);
	size = h.eng->state->log.tree.size;
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_RETRY);
	ck_assert_mem_eq(first, signature, 64);
	ck_assert_uint_eq(used(EH_OP_ISSUE), 1);
	ck_assert_uint_eq(h.eng->state->log.tree.size, size);
	heart_end(&h);
}
END_TEST

START_TEST(other_bytes_for_an_issued_template_need_an_allowance)
{
	struct heart_order o = heart_order(1, 10, 2);

	o.reissues = 2;
	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(issue(1, 1, 1, 0), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_REISSUE);
	ck_assert_uint_eq(answer.issue, 1);
	ck_assert_uint_eq(used(EH_OP_PASS), 1);
	ck_assert_uint_eq(used(EH_OP_ISSUE), 1);
	ck_assert_uint_eq(used(EH_OP_REISSUE), 1);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_REISSUE).reserved, 1);
	/* Released only behind an anchored commit. */
	ck_assert_uint_eq(h.eng->anchored, h.eng->state->log.tree.size);
	/* The bytes of both are given again. */
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_RETRY);
	ck_assert_uint_eq(answer.issue, 0);
	ck_assert_int_eq(issue(1, 1, 1, 0), EH_OK);
	ck_assert_uint_eq(answer.issue, 1);
	ck_assert_int_eq(issue(1, 1, 2, 0), EH_OK);
	ck_assert_uint_eq(answer.issue, 2);
	ck_assert_int_eq(issue(1, 1, 3, 0), EH_DENIED_QUOTA);
	ck_assert_ptr_nonnull(strstr(h.error.text, "allows 2"));
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

/* Durable, and its commit not anchored yet: nobody gets it before that. */
START_TEST(a_repeated_reissue_waits_for_the_anchor_too)
{
	struct heart_order o = heart_order(1, 10, 2);
	struct heart_ask ask = { .order = 1, .device = 1, .key = 1 };
	struct eh_submission sub = { .kind = EH_SUBMIT_CLAIM };
	struct eh_ticket ticket;
	struct eh_record record;
	struct eh_stored stored;
	struct eh_request req;

	o.reissues = 2;
	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	heart_request(&h, &ask, &req);
	ck_assert_int_eq(eh_ledger_claim(
	    h.eng, &req, &ticket, &answer, &stored, &h.error), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_REISSUE);
	heart_record(&req, answer.issue, &record);
	sub.record = &record;
	sub.ticket = &ticket;
	sub.private.reply = signature;
	sub.private.reply_len = 64;
	ck_assert_int_eq(eh_committer_submit(h.eng, &sub, &h.error), EH_OK);
	ck_assert_uint_eq(eh_committer_collect(h.eng), 1);
	ck_assert_int_eq(eh_committer_write(h.eng), EH_OK);
	ck_assert_int_eq(eh_committer_settle(h.eng), EH_OK);
	ck_assert_uint_lt(h.eng->anchored, h.eng->state->log.tree.size);
	ck_assert_int_eq(heart_issue(&h, &ask, &answer, NULL), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_RETRY);
	ck_assert_uint_eq(h.eng->anchored, h.eng->state->log.tree.size);
	heart_end(&h);
}
END_TEST

/* Template ${template} of a device, whose two share one key: ${key}. */
static int
issue_key(uint8_t template_index, uint8_t key)
{
	struct heart_ask ask = { .order = 1, .device = 1, .templates = 2,
		.template_index = template_index, .key = key };
	struct eh_ticket ticket;
	struct eh_record record;
	struct eh_request req;
	uint8_t reply[EH_PRIVATE_REPLY_MAX];
	size_t len;
	int err;

	heart_request(&h, &ask, &req);
	memset(req.key, key, sizeof(req.key));
	err = eh_engine_claim(
	    h.eng, &req, &ticket, &answer, reply, &len, &h.error);
	if (err != EH_OK || answer.verdict == EH_VERDICT_RETRY)
		return err;
	heart_record(&req, answer.issue, &record);
	memset(reply, key, 64);
	return eh_engine_submit(
	    h.eng, &ticket, &record, reply, 64, &h.error);
}

START_TEST(a_reissue_begins_anew_with_another_key)
{
	struct heart_order o = heart_order(1, 10, 2);

	o.reissues = 2;
	o.uses = 2;
	begin(&o);
	ck_assert_int_eq(issue_key(0, 1), EH_OK);
	ck_assert_int_eq(issue_key(1, 2), EH_DENIED_TEMPLATE);
	ck_assert_int_eq(issue_key(0, 2), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_REISSUE);
	/* The other one goes with it, not with a third. */
	ck_assert_int_eq(issue_key(1, 3), EH_DENIED_TEMPLATE);
	ck_assert_int_eq(issue_key(1, 2), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_FIRST);
	ck_assert_uint_eq(used(EH_OP_PASS), 1);
	ck_assert_uint_eq(used(EH_OP_REISSUE), 1);
	heart_end(&h);
}
END_TEST

START_TEST(without_an_allowance_there_is_no_reissue)
{
	struct heart_order o = heart_order(1, 10, 2);

	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(issue(1, 1, 1, 0), EH_DENIED_DEVICE_LIMIT);
	ck_assert_ptr_nonnull(strstr(h.error.text, "SN00000001"));
	ck_assert_ptr_nonnull(strstr(h.error.text, "no re-issue"));
	ck_assert_uint_eq(used(EH_OP_ISSUE), 1);
	heart_end(&h);
}
END_TEST

START_TEST(a_finished_device_needs_a_reissue_for_anything_new)
{
	struct heart_order o = heart_order(1, 10, 2);

	o.reissues = 5;
	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(heart_report(&h, 1, 1, EH_OUTCOME_GOOD), EH_OK);
	/* One of two templates is issued: not finished by a good report. */
	ck_assert_int_eq(issue(1, 1, 0, 1), EH_DENIED_DEVICE_LIMIT);
	ck_assert_ptr_nonnull(strstr(h.error.text, "1 times"));
	ck_assert_int_eq(heart_report(&h, 1, 1, EH_OUTCOME_SCRAPPED), EH_OK);
	ck_assert_int_eq(issue(1, 1, 0, 1), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_REISSUE);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_RETRY);
	heart_end(&h);
}
END_TEST

START_TEST(uses_per_device_are_a_limit)
{
	struct heart_order o = heart_order(1, 10, 2);

	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(issue(1, 1, 0, 1), EH_DENIED_DEVICE_LIMIT);
	ck_assert_ptr_nonnull(strstr(h.error.text, "allows 1 per device"));
	ck_assert_int_eq(issue(1, 2, 0, 1), EH_OK);
	heart_end(&h);
}
END_TEST

START_TEST(a_quota_is_used_up_with_the_numbers)
{
	struct heart_order o = heart_order(1, 3, 2);

	begin(&o);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_int_eq(issue(1, i, 0, 0), EH_OK);
	ck_assert_int_eq(issue(1, 9, 0, 0), EH_DENIED_QUOTA);
	ck_assert_str_eq(h.error.text,
	    "quota exhausted: authorization PO-1 allows 3 devices, 3 used");
	/* What was made is given again. */
	ck_assert_int_eq(issue(1, 2, 0, 0), EH_OK);
	ck_assert_uint_eq(used(EH_OP_PASS), 3);
	heart_end(&h);
}
END_TEST

START_TEST(one_device_has_one_authorization_per_profile)
{
	struct heart_order o = heart_order(1, 10, 2);

	begin(&o);
	o = heart_order(2, 10, 2);
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	o = heart_order(3, 10, 2);
	o.profile = 2;
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(issue(2, 1, 0, 0), EH_DENIED_DEVICE_LIMIT);
	ck_assert_ptr_nonnull(strstr(h.error.text, "PO-1"));
	/* Another profile is another product. */
	ck_assert_int_eq(issue(3, 1, 0, 0), EH_OK);
	ck_assert_int_eq(issue(2, 2, 0, 0), EH_OK);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(a_client_token_is_for_one_request)
{
	struct heart_order o = heart_order(1, 10, 2);
	struct heart_ask ask = { .order = 1, .device = 1, .token = 5,
		.templates = 2 };

	o.uses = 2;
	o.issues = 30;
	begin(&o);
	ck_assert_int_eq(heart_issue(&h, &ask, &answer, NULL), EH_OK);
	ck_assert_int_eq(heart_issue(&h, &ask, &answer, NULL), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_RETRY);
	ask.template_index = 1;
	ck_assert_int_eq(
	    heart_issue(&h, &ask, &answer, NULL), EH_ERR_ARGUMENT);
	ask.token = 6;
	ck_assert_int_eq(heart_issue(&h, &ask, &answer, NULL), EH_OK);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ask.template_index = 0;
	ck_assert_int_eq(
	    heart_issue(&h, &ask, &answer, NULL), EH_ERR_ARGUMENT);
	heart_end(&h);
}
END_TEST

/* Claims in the hands of two workers at the same time. */
struct claim {
	struct heart_ask ask;
	struct eh_request req;
	struct eh_ticket ticket;
	struct eh_answer answer;
};

static int
claim(struct claim *c, uint32_t device, uint32_t key, uint8_t template_index)
{
	struct eh_stored stored;

	memset(c, 0, sizeof(*c));
	c->ask.order = 1;
	c->ask.device = device;
	c->ask.key = key;
	c->ask.template_index = template_index;
	c->ask.templates = 2;
	heart_request(&h, &c->ask, &c->req);
	return eh_ledger_claim(
	    h.eng, &c->req, &c->ticket, &c->answer, &stored, &h.error);
}

static int
finish(struct claim *c)
{
	struct eh_record record;

	heart_record(&c->req, c->answer.issue, &record);
	return eh_engine_submit(
	    h.eng, &c->ticket, &record, signature, 64, &h.error);
}

START_TEST(equal_requests_wait_and_others_are_reissues)
{
	struct heart_order o = heart_order(1, 10, 4);
	struct claim a, b;

	o.uses = 2;
	o.issues = 30;
	begin(&o);
	ck_assert_int_eq(issue(1, 100, 0, 0), EH_OK);
	ck_assert_int_eq(claim(&a, 1, 0, 0), EH_OK);
	ck_assert_int_eq(claim(&b, 1, 0, 0), EH_ERR_BUSY);
	ck_assert_int_eq(claim(&b, 1, 1, 0), EH_DENIED_DEVICE_LIMIT);
	/* Another template of the same device goes on beside. */
	ck_assert_int_eq(claim(&b, 1, 0, 1), EH_OK);
	ck_assert_int_eq(finish(&b), EH_OK);
	ck_assert_uint_eq(used(EH_OP_PASS), 2);
	ck_assert_int_eq(finish(&a), EH_OK);
	/* Two first operations of one device: one pass. */
	ck_assert_uint_eq(used(EH_OP_PASS), 2);
	ck_assert_int_eq(claim(&b, 1, 0, 0), EH_OK);
	ck_assert_int_eq(b.answer.verdict, EH_VERDICT_RETRY);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(a_withdrawn_claim_costs_nothing)
{
	struct heart_order o = heart_order(1, 1, 1);
	struct claim a, b;

	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	heart_end(&h);
	begin(&o);
	/* The first time a lease is asked for. */
	ck_assert_int_eq(claim(&a, 1, 0, 0), EH_ERR_BUSY);
	heart_work(&h);
	ck_assert_int_eq(claim(&a, 1, 0, 0), EH_OK);
	/* The only device is in somebody's hands: he may give it back. */
	ck_assert_int_eq(claim(&b, 2, 0, 0), EH_ERR_BUSY);
	eh_engine_withdraw(h.eng, &a.ticket);
	eh_engine_withdraw(h.eng, &a.ticket);
	ck_assert_int_eq(claim(&b, 2, 0, 0), EH_OK);
	ck_assert_int_eq(finish(&b), EH_OK);
	ck_assert_uint_eq(used(EH_OP_PASS), 1);
	ck_assert_int_eq(claim(&a, 1, 0, 0), EH_DENIED_QUOTA);
	ck_assert_uint_eq(h.eng->held, 0);
	ck_assert_uint_eq(h.eng->promised, 0);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(a_pass_goes_to_whoever_records_first)
{
	struct heart_order o = heart_order(1, 10, 4);
	struct claim a, b;

	o.uses = 2;
	o.issues = 30;
	begin(&o);
	ck_assert_int_eq(issue(1, 100, 0, 0), EH_OK);
	ck_assert_int_eq(claim(&a, 1, 0, 0), EH_OK);
	ck_assert_int_eq(claim(&b, 1, 0, 1), EH_OK);
	eh_engine_withdraw(h.eng, &a.ticket);
	ck_assert_int_eq(finish(&b), EH_OK);
	ck_assert_uint_eq(used(EH_OP_PASS), 2);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

/* The row changes between claim and record: nothing leaves. */
START_TEST(a_claim_of_a_superseded_row_is_dropped)
{
	struct heart_order o = heart_order(1, 10, 4);
	struct claim a, b;

	begin(&o);
	ck_assert_int_eq(issue(1, 100, 0, 0), EH_OK);
	ck_assert_int_eq(claim(&a, 1, 0, 0), EH_OK);
	ck_assert_int_eq(claim(&b, 2, 0, 0), EH_OK);
	o = heart_order(2, 10, 4);
	o.supersedes = 1;
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	ck_assert_int_eq(finish(&a), EH_DENIED_NO_AUTHORIZATION);
	ck_assert_ptr_nonnull(strstr(h.error.text, "superseded"));
	eh_engine_withdraw(h.eng, &b.ticket);
	ck_assert_uint_eq(heart_counter(&h, 2, EH_OP_PASS).used, 1);
	/* The device goes to the new row, and has its pass there. */
	ck_assert_int_eq(issue(2, 1, 0, 0), EH_OK);
	ck_assert_uint_eq(heart_counter(&h, 2, EH_OP_PASS).used, 2);
	/* One that was made goes on under it. */
	ck_assert_int_eq(issue(2, 100, 0, 0), EH_DENIED_DEVICE_LIMIT);
	ck_assert_ptr_null(heart_check(&h));
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_ptr_null(heart_check(&h));
	ck_assert_uint_eq(heart_counter(&h, 2, EH_OP_PASS).used, 2);
	heart_end(&h);
}
END_TEST

START_TEST(a_request_matched_before_the_row_changed_is_matched_again)
{
	struct heart_order o = heart_order(1, 10, 4);
	struct heart_ask ask = { .order = 1, .device = 1 };
	struct eh_request req;

	begin(&o);
	heart_request(&h, &ask, &req);
	req.generation++;
	ck_assert_int_eq(eh_engine_peek(h.eng, &req, &answer, &h.error),
	    EH_DENIED_NO_AUTHORIZATION);
	req.generation--;
	ck_assert_int_eq(
	    eh_engine_peek(h.eng, &req, &answer, &h.error), EH_OK);
	req.authorization[0] ^= 1;
	ck_assert_int_eq(eh_engine_peek(h.eng, &req, &answer, &h.error),
	    EH_DENIED_NO_AUTHORIZATION);
	heart_end(&h);
}
END_TEST

START_TEST(a_look_takes_nothing)
{
	struct heart_order o = heart_order(1, 10, 4);
	struct heart_ask ask = { .order = 1, .device = 1 };
	struct eh_request req;
	uint64_t print;

	begin(&o);
	heart_request(&h, &ask, &req);
	print = sim_print(h.sim);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(
		    eh_engine_peek(h.eng, &req, &answer, &h.error), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_FIRST);
	ck_assert_uint_eq(sim_print(h.sim), print);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).reserved, 0);
	heart_end(&h);
}
END_TEST

START_TEST(an_expired_order_is_closed_and_still_repeats)
{
	struct heart_order o = heart_order(1, 10, 4);

	o.expires = UINT64_C(1790000000) + 1000;
	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	sim_pass(h.sim, 1010);
	ck_assert_int_eq(issue(1, 2, 0, 0), EH_DENIED_EXPIRED);
	ck_assert_int_eq(heart_row(&h, 1)->state, EH_ROW_LIVE);
	heart_work(&h);
	ck_assert_int_eq(heart_row(&h, 1)->state, EH_ROW_CLOSED);
	ck_assert_int_eq(heart_row(&h, 1)->close_reason, EH_CLOSE_EXPIRED);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_PASS).reserved, 1);
	ck_assert_int_eq(issue(1, 2, 0, 0), EH_DENIED_EXPIRED);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_RETRY);
	ck_assert_int_eq(heart_report(&h, 1, 1, EH_OUTCOME_GOOD), EH_OK);
	ck_assert_ptr_null(heart_check(&h));
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(heart_row(&h, 1)->state, EH_ROW_CLOSED);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(an_order_is_closed_when_all_is_used_and_reported)
{
	struct heart_order o = heart_order(1, 2, 2), more = heart_order(2, 5, 2);

	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(heart_report(&h, 1, 1, EH_OUTCOME_GOOD), EH_OK);
	heart_work(&h);
	ck_assert_int_eq(heart_row(&h, 1)->state, EH_ROW_LIVE);
	ck_assert_int_eq(issue(1, 2, 0, 0), EH_OK);
	heart_work(&h);
	ck_assert_int_eq(heart_row(&h, 1)->state, EH_ROW_LIVE);
	ck_assert_int_eq(heart_report(&h, 1, 2, EH_OUTCOME_SCRAPPED), EH_OK);
	heart_work(&h);
	ck_assert_int_eq(heart_row(&h, 1)->state, EH_ROW_CLOSED);
	ck_assert_int_eq(heart_row(&h, 1)->close_reason, EH_CLOSE_USED_UP);
	ck_assert_int_eq(issue(1, 3, 0, 0), EH_DENIED_QUOTA);
	ck_assert_ptr_nonnull(strstr(h.error.text, "allowed 2 devices, all"));
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_RETRY);
	/* It may be topped up: two of five are used. */
	more.supersedes = 1;
	ck_assert_int_eq(heart_install(&h, &more), EH_OK);
	ck_assert_uint_eq(heart_counter(&h, 2, EH_OP_PASS).used, 2);
	ck_assert_int_eq(issue(2, 3, 0, 0), EH_OK);
	ck_assert_ptr_null(heart_check(&h));
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_uint_eq(heart_counter(&h, 2, EH_OP_PASS).used, 3);
	ck_assert_int_eq(heart_row(&h, 1)->close_reason, EH_CLOSE_USED_UP);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(an_order_with_re_issues_left_is_not_over)
{
	struct heart_order o = heart_order(1, 1, 1);

	o.reissues = 1;
	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(heart_report(&h, 1, 1, EH_OUTCOME_GOOD), EH_OK);
	heart_work(&h);
	ck_assert_int_eq(heart_row(&h, 1)->state, EH_ROW_LIVE);
	heart_end(&h);
}
END_TEST

/* Expired between claim and record: dropped, and the unit goes back. */
START_TEST(a_claim_that_expires_before_its_record_is_dropped)
{
	struct heart_order o = heart_order(1, 10, 4);
	struct claim a;

	o.expires = UINT64_C(1790000000) + 1000;
	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(claim(&a, 2, 0, 0), EH_OK);
	sim_pass(h.sim, 1010);
	ck_assert_int_eq(finish(&a), EH_DENIED_EXPIRED);
	ck_assert_uint_eq(used(EH_OP_PASS), 1);
	ck_assert_uint_eq(h.eng->books[0].out[EH_OP_PASS], 0);
	ck_assert_uint_eq(h.eng->books[0].out[EH_OP_ISSUE], 0);
	heart_end(&h);
}
END_TEST

START_TEST(reports_are_two_per_run)
{
	struct heart_order o = heart_order(1, 10, 4);
	struct eh_outcomes out;

	o.reissues = 3;
	begin(&o);
	ck_assert_int_eq(heart_report(&h, 1, 1, EH_OUTCOME_GOOD),
	    EH_ERR_NOT_FOUND);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(issue(1, 2, 0, 0), EH_OK);
	ck_assert_int_eq(heart_report(&h, 1, 1, EH_OUTCOME_GOOD), EH_OK);
	eh_ledger_outcomes(h.eng, &h.eng->state->row[0], &out);
	ck_assert_uint_eq(out.good, 1);
	ck_assert_uint_eq(out.in_doubt, 1);
	/* Good, and found bad later. */
	ck_assert_int_eq(heart_report(&h, 1, 1, EH_OUTCOME_SCRAPPED), EH_OK);
	eh_ledger_outcomes(h.eng, &h.eng->state->row[0], &out);
	ck_assert_uint_eq(out.good, 0);
	ck_assert_uint_eq(out.scrapped, 1);
	ck_assert_int_eq(heart_report(&h, 1, 1, EH_OUTCOME_SCRAPPED),
	    EH_DENIED_STATE);
	ck_assert_ptr_nonnull(strstr(h.error.text, "twice"));
	/* Scrapped, and never good again but by a re-issue. */
	ck_assert_int_eq(heart_report(&h, 1, 2, EH_OUTCOME_SCRAPPED), EH_OK);
	ck_assert_int_eq(heart_report(&h, 1, 2, EH_OUTCOME_GOOD),
	    EH_DENIED_STATE);
	ck_assert_int_eq(issue(1, 2, 1, 0), EH_OK);
	eh_ledger_outcomes(h.eng, &h.eng->state->row[0], &out);
	ck_assert_uint_eq(out.in_doubt, 1);
	ck_assert_int_eq(heart_report(&h, 1, 2, EH_OUTCOME_GOOD), EH_OK);
	eh_ledger_outcomes(h.eng, &h.eng->state->row[0], &out);
	ck_assert_uint_eq(out.good + out.scrapped, 2);
	ck_assert_uint_eq(out.in_doubt, 0);
	/* All of it again, from the journal. */
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	eh_ledger_outcomes(h.eng, &h.eng->state->row[0], &out);
	ck_assert_uint_eq(out.good, 1);
	ck_assert_uint_eq(out.scrapped, 1);
	heart_end(&h);
}
END_TEST

START_TEST(a_device_goes_on_after_a_crash_without_another_pass)
{
	struct heart_order o = heart_order(1, 10, 4);

	o.uses = 2;
	o.issues = 40;
	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(issue(1, 1, 0, 1), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_FIRST);
	ck_assert_uint_eq(answer.issue, 1);
	ck_assert_uint_eq(used(EH_OP_PASS), 1);
	ck_assert_uint_eq(used(EH_OP_ISSUE), 2);
	/* Only what it may still use was reserved afresh. */
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_ISSUE).reserved, 8 + 1);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_ISSUE).burned, 7);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(a_device_goes_on_after_a_clean_stop)
{
	struct heart_order o = heart_order(1, 10, 4);

	o.uses = 2;
	o.issues = 20;
	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(heart_stop(&h), EH_OK);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_int_eq(issue(1, 1, 0, 1), EH_OK);
	ck_assert_uint_eq(answer.issue, 0);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_ISSUE).reserved, 2);
	ck_assert_uint_eq(heart_counter(&h, 1, EH_OP_ISSUE).burned, 0);
	ck_assert_ptr_null(heart_check(&h));
	heart_end(&h);
}
END_TEST

START_TEST(withheld_records_stop_new_devices_only)
{
	struct heart_order o = heart_order(1, 100, 4);

	o.uses = 2;
	o.issues = 300;
	o.max_unacked = 5;
	begin(&o);
	for (uint32_t i = 0; i < 6; i++)
		ck_assert_int_eq(issue(1, i, 0, 0), EH_OK);
	ck_assert_int_eq(issue(1, 6, 0, 0), EH_DENIED_OFFLINE);
	ck_assert_ptr_nonnull(strstr(h.error.text, "6 records"));
	ck_assert_ptr_nonnull(strstr(h.error.text, "allows 5"));
	ck_assert_int_eq(issue(1, 5, 0, 1), EH_OK);
	ck_assert_int_eq(heart_report(&h, 1, 5, EH_OUTCOME_GOOD), EH_OK);
	heart_end(&h);
}
END_TEST

START_TEST(burned_devices_stop_new_ones)
{
	struct heart_order o = heart_order(1, 1000, 8);

	o.max_unaccounted = 6;
	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(issue(1, 2, 0, 0), EH_DENIED_OFFLINE);
	ck_assert_ptr_nonnull(strstr(h.error.text, "7 devices"));
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	heart_end(&h);
}
END_TEST

START_TEST(a_table_of_closed_rows_forgets_the_oldest)
{
	struct heart_order o = heart_order(1, 10, 1);

	o.expires = UINT64_C(1790000000) + 1000;
	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	sim_pass(h.sim, 1010);
	heart_work(&h);
	for (uint32_t i = 2; i <= EH_STATE_ROWS; i++) {
		o = heart_order(i, 10, 1);
		o.profile = i;
		ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	}
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	o = heart_order(100, 10, 1);
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_DENIED_NO_AUTHORIZATION);
	/* A new order may make that device. */
	ck_assert_int_eq(issue(100, 1, 0, 0), EH_OK);
	o = heart_order(101, 10, 1);
	ck_assert_int_eq(heart_install(&h, &o), EH_ERR_FULL);
	ck_assert_int_eq(heart_restart(&h), EH_OK);
	ck_assert_int_eq(issue(100, 1, 0, 0), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_RETRY);
	ck_assert_uint_eq(h.eng->index.devices, 1);
	heart_end(&h);
}
END_TEST

/* Three orders, each going on with the last one's books; the first two have
 * left the table, and the devices are still known. */
START_TEST(devices_follow_a_chain_of_orders_through_a_restart)
{
	struct heart_order o = heart_order(1, 10, 1);

	begin(&o);
	ck_assert_int_eq(issue(1, 1, 0, 0), EH_OK);
	for (uint32_t i = 2; i <= 3; i++) {
		o = heart_order(i, 10, 1);
		o.supersedes = i - 1;
		ck_assert_int_eq(heart_install(&h, &o), EH_OK);
		ck_assert_int_eq(issue(i, i, 0, 0), EH_OK);
	}
	for (uint32_t i = 4; i <= EH_STATE_ROWS + 2; i++) {
		o = heart_order(i, 10, 1);
		o.profile = i;
		ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	}
	ck_assert_ptr_null(heart_row(&h, 1));
	ck_assert_ptr_null(heart_row(&h, 2));
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(issue(3, 1, 9, 0), EH_DENIED_DEVICE_LIMIT);
		ck_assert_int_eq(issue(3, 2, 9, 0), EH_DENIED_DEVICE_LIMIT);
		ck_assert_int_eq(issue(3, 3, 0, 0), EH_OK);
		ck_assert_uint_eq(heart_counter(&h, 3, EH_OP_PASS).used, 3);
		ck_assert_int_eq(heart_restart(&h), EH_OK);
	}
	heart_end(&h);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ledger");
	TCase *t = tcase_create("ledger");

	tcase_add_test(t, first_operation_takes_a_pass_and_a_unit);
	tcase_add_test(t, the_same_bytes_again_are_free);
	tcase_add_test(
	    t, other_bytes_for_an_issued_template_need_an_allowance);
	tcase_add_test(t, a_repeated_reissue_waits_for_the_anchor_too);
	tcase_add_test(t, a_reissue_begins_anew_with_another_key);
	tcase_add_test(t, without_an_allowance_there_is_no_reissue);
	tcase_add_test(
	    t, a_finished_device_needs_a_reissue_for_anything_new);
	tcase_add_test(t, uses_per_device_are_a_limit);
	tcase_add_test(t, a_quota_is_used_up_with_the_numbers);
	tcase_add_test(t, one_device_has_one_authorization_per_profile);
	tcase_add_test(t, a_client_token_is_for_one_request);
	tcase_add_test(t, equal_requests_wait_and_others_are_reissues);
	tcase_add_test(t, a_withdrawn_claim_costs_nothing);
	tcase_add_test(t, a_pass_goes_to_whoever_records_first);
	tcase_add_test(t, a_claim_of_a_superseded_row_is_dropped);
	tcase_add_test(
	    t, a_request_matched_before_the_row_changed_is_matched_again);
	tcase_add_test(t, a_look_takes_nothing);
	tcase_add_test(t, an_expired_order_is_closed_and_still_repeats);
	tcase_add_test(t, an_order_is_closed_when_all_is_used_and_reported);
	tcase_add_test(t, an_order_with_re_issues_left_is_not_over);
	tcase_add_test(
	    t, a_claim_that_expires_before_its_record_is_dropped);
	tcase_add_test(t, reports_are_two_per_run);
	tcase_add_test(
	    t, a_device_goes_on_after_a_crash_without_another_pass);
	tcase_add_test(t, a_device_goes_on_after_a_clean_stop);
	tcase_add_test(t, withheld_records_stop_new_devices_only);
	tcase_add_test(t, burned_devices_stop_new_ones);
	tcase_add_test(t, a_table_of_closed_rows_forgets_the_oldest);
	tcase_add_test(
	    t, devices_follow_a_chain_of_orders_through_a_restart);
	suite_add_tcase(s, t);
	return unit_run(s);
}
