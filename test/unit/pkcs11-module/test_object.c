/* SPDX-License-Identifier: Apache-2.0 */
/* test_object.c - the daemon's list, and when it is asked for again. */
#include "config.h"

#include <string.h>

#include "pkcs11-module/object.h"
#include "test/unit/pkcs11-module/fake.h"
#include "test/unit/unit.h"

static struct eh_conf conf;
static struct eh_client client;
static struct eh_cache cache;
static struct eh_error error;
static char path[108];

static void
up(void)
{
	fake_start();
	memcpy(path, fake.socket, sizeof(path));
	conf.socket = path;
	eh_client_init(&client, &conf);
	eh_cache_init(&cache);
	eh_error_clear(&error);
}

static void
down(void)
{
	eh_cache_wipe(&cache);
	eh_client_wipe(&client);
	fake_stop();
}

static const struct eh_object *
borrow(uint64_t number)
{
	const struct eh_object *o = NULL;
	int err = eh_cache_borrow(&cache, &client, number, &o, &error);

	ck_assert_int_eq(err, EH_OK);
	eh_cache_unlock(&cache);
	return o;
}

START_TEST(a_key_has_its_parameters_and_its_point)
{
	const struct eh_object *o = borrow(5);

	ck_assert_str_eq(o->label, "general");
	ck_assert_uint_eq(o->params.len, 10);
	ck_assert_mem_eq(o->params.at, "\x06\x08\x2a\x86\x48", 5);
	ck_assert_uint_eq(o->point.len, 67);
	ck_assert_mem_eq(o->point.at, "\x04\x41\x04\x05\x05", 5);
	ck_assert_uint_eq(o->digest.len, 32);
	ck_assert_uint_eq(o->id.len, 1);
}
END_TEST

START_TEST(a_certificate_is_taken_apart)
{
	const struct eh_object *o = borrow(8);

	ck_assert_str_eq(o->label, "ca");
	ck_assert_uint_eq(o->serial.len, 3);
	ck_assert_mem_eq(o->serial.at, "\x02\x01\x05", 3);
	ck_assert_uint_eq(o->issuer.len, 2);
	ck_assert_uint_eq(o->subject.len, 2);
	ck_assert_uint_eq(o->spki.len, 2);
}
END_TEST

START_TEST(a_certificate_that_cannot_be_read_is_still_an_object)
{
	const struct eh_object *o;

	memcpy(fake.object[3].data, "no DER", 6);
	fake.object[3].len = 6;
	o = borrow(8);
	ck_assert_uint_eq(o->value.len, 6);
	ck_assert_ptr_null(o->serial.at);
	ck_assert_ptr_null(o->subject.at);
}
END_TEST

START_TEST(many_reads_cost_one_list)
{
	for (int i = 0; i < 50; i++)
		borrow(5 + (uint64_t)(i % 5));
	ck_assert_uint_eq(fake.count[EH_REQ_LIST], 1);
	ck_assert_uint_le(fake.count[EH_REQ_HELLO], 2);
}
END_TEST

START_TEST(an_unknown_number_asks_but_lists_only_when_something_changed)
{
	const struct eh_object *o;

	borrow(5);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(
		    eh_cache_borrow(&cache, &client, 99, &o, &error),
		    EH_ERR_NOT_FOUND);
	ck_assert_uint_eq(fake.count[EH_REQ_LIST], 1);
	fake.object[0].number = 99;
	fake.generation++;
	ck_assert_str_eq(borrow(99)->label, "general");
	ck_assert_uint_eq(fake.count[EH_REQ_LIST], 2);
}
END_TEST

START_TEST(what_a_reply_says_of_the_generation_is_believed)
{
	const struct eh_object *o;

	borrow(5);
	fake.object[0].number = 99;
	fake.generation++;
	borrow(5); /* nobody has said anything yet */
	eh_cache_note(&cache, fake.generation);
	ck_assert_int_eq(eh_cache_borrow(&cache, &client, 5, &o, &error),
	    EH_ERR_NOT_FOUND);
	borrow(99);
	eh_cache_note(&cache, fake.generation);
	borrow(99);
	ck_assert_uint_eq(fake.count[EH_REQ_LIST], 2);
}
END_TEST

/* A list that was under way while an object was destroyed. */
START_TEST(an_older_list_brings_nothing_back)
{
	borrow(5);
	eh_cache_note(&cache, fake.generation + 1);
	ck_assert_uint_ne(cache.heard, cache.generation);
	ck_assert_int_eq(eh_cache_update(&cache, &client, &error), EH_OK);
	ck_assert_uint_eq(cache.heard, cache.generation);
}
END_TEST

START_TEST(authorizations_are_asked_for_each_time)
{
	struct eh_auths auths;

	for (unsigned i = 0; i < 3; i++) {
		fake.auth[0].used = 1 + i;
		ck_assert_int_eq(
		    eh_cache_list(&cache, &client, &auths, &error), EH_OK);
		ck_assert_uint_eq(auths.n, 1);
		ck_assert_uint_eq(auths.row[0].used, 1 + i);
		ck_assert_uint_eq(auths.row[0].quota, 5);
		ck_assert_uint_eq(auths.row[0].reserved, 3 + i);
		eh_auths_wipe(&auths);
	}
	ck_assert_uint_eq(fake.count[EH_REQ_LIST], 3);
}
END_TEST

START_TEST(an_order_without_a_name_is_called_by_its_id)
{
	struct eh_auths auths;

	fake.auth[0].label[0] = '\0';
	ck_assert_int_eq(
	    eh_cache_list(&cache, &client, &auths, &error), EH_OK);
	ck_assert_str_eq(
	    auths.row[0].label, "617574686f72697a6174696f6e2d3136");
	eh_auths_wipe(&auths);
}
END_TEST

START_TEST(a_fresh_token_has_nothing_to_list)
{
	struct eh_auths auths;

	fake.state = EH_STATE_FRESH;
	ck_assert_int_eq(
	    eh_cache_list(&cache, &client, &auths, &error), EH_OK);
	ck_assert_uint_eq(auths.n, 0);
	ck_assert_uint_eq(cache.n, 0);
	ck_assert_uint_eq(fake.count[EH_REQ_LIST], 0);
	fake.state = EH_STATE_READY;
	ck_assert_int_eq(
	    eh_cache_list(&cache, &client, &auths, &error), EH_OK);
	ck_assert_uint_eq(cache.n, 5);
	eh_auths_wipe(&auths);
}
END_TEST

START_TEST(a_key_of_another_kind_is_not_shown)
{
	const struct eh_object *o;

	fake.object[0].data[8] ^= 1; /* no longer id-ecPublicKey */
	ck_assert_int_eq(eh_cache_borrow(&cache, &client, 5, &o, &error),
	    EH_ERR_NOT_FOUND);
	borrow(6);
}
END_TEST

START_TEST(the_attestation_key_is_listed_last)
{
	static const uint64_t order[] = { 6, 8, 9, 5, 7 };

	fake.object[0].purpose = CK_EDGEHSM_PURPOSE_ATTESTATION;
	borrow(6);
	ck_assert_uint_eq(cache.n, 5);
	for (size_t i = 0; i < cache.n; i++)
		ck_assert_uint_eq(cache.row[i].number, order[i]);
	/* What was moved is whole. */
	ck_assert_str_eq(borrow(5)->label, "general");
	ck_assert_mem_eq(borrow(5)->params.at, "\x06\x08\x2a\x86\x48", 5);
	ck_assert_str_eq(borrow(9)->application, "somebody");
}
END_TEST

START_TEST(a_refused_list_keeps_its_sentence)
{
	const struct eh_object *o;

	fake_refuse(EH_REQ_LIST, EH_DENIED_ROLE, "user 1000 has no role");
	ck_assert_int_eq(eh_cache_borrow(&cache, &client, 5, &o, &error),
	    EH_DENIED_ROLE);
	ck_assert_str_eq(error.text, "user 1000 has no role");
}
END_TEST

/* Another state under the same daemon: number and generation say nothing. */
START_TEST(the_same_number_of_another_edgehsm_is_another_object)
{
	struct eh_hello hello;

	ck_assert_str_eq(borrow(5)->label, "general");
	fake_go_down();
	fake.hsm_id[15] ^= 1;
	strcpy(fake.object[0].label, "stranger");
	fake_come_back();
	ck_assert_int_eq(eh_client_hello(&client, &hello, &error), EH_OK);
	ck_assert_str_eq(borrow(5)->label, "stranger");
	ck_assert_uint_eq(fake.count[EH_REQ_LIST], 2);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("object");
	TCase *t = tcase_create("object");

	tcase_add_checked_fixture(t, up, down);
	tcase_add_test(t, a_key_has_its_parameters_and_its_point);
	tcase_add_test(t, a_certificate_is_taken_apart);
	tcase_add_test(t, a_certificate_that_cannot_be_read_is_still_an_object);
	tcase_add_test(t, many_reads_cost_one_list);
	tcase_add_test(
	    t, an_unknown_number_asks_but_lists_only_when_something_changed);
	tcase_add_test(t, what_a_reply_says_of_the_generation_is_believed);
	tcase_add_test(t, an_older_list_brings_nothing_back);
	tcase_add_test(t, authorizations_are_asked_for_each_time);
	tcase_add_test(t, an_order_without_a_name_is_called_by_its_id);
	tcase_add_test(t, a_fresh_token_has_nothing_to_list);
	tcase_add_test(t, a_key_of_another_kind_is_not_shown);
	tcase_add_test(t, the_attestation_key_is_listed_last);
	tcase_add_test(t, a_refused_list_keeps_its_sentence);
	tcase_add_test(
	    t, the_same_number_of_another_edgehsm_is_another_object);
	suite_add_tcase(s, t);
	return unit_run(s);
}
