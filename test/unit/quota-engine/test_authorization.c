/* SPDX-License-Identifier: Apache-2.0 */
/* test_authorization.c - the authorizations of the state, with their messages
 * and profiles: only what has the digest of the state is believed. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "quota-engine/authorization.h"
#include "test/unit/quota-engine/authority.h"
#include "test/unit/unit.h"

static struct authority *a;
static struct eh_authorizations *table;
static struct eh_authorization_view view[EH_STATE_ROWS];
static unsigned held;

static void
begin(void)
{
	a = authority_ready();
	/* One of our own: that of the boundary has read all already. */
	ck_assert_int_eq(
	    eh_authorizations_new(a->f.b->engine, a->f.b->os, &table), EH_OK);
}

static void
end(void)
{
	eh_authorizations_free(table);
	authority_close(a);
}

static void
hold(unsigned want)
{
	held = eh_authorizations_hold(table, view);
	ck_assert_uint_eq(held, want);
}

static void
release(void)
{
	eh_authorizations_release(table, view, held);
}

static void
install(uint8_t number, uint64_t expires)
{
	a->pauth.id[0] = number;
	a->pauth.expires = expires;
	ck_assert_int_eq(authority_send_pauth(a), EH_OK);
}

static void
file_of(const char *folder, const uint8_t digest[EH_DIGEST_LEN], size_t cut,
    size_t flip)
{
	struct eh_buf file;
	char name[EH_OS_NAME];

	eh_buf_init(&file, EH_PROFILE_MAX);
	eh_os_digest_name(name, folder, digest);
	ck_assert_int_eq(eh_os_load(a->f.b->os, name, &file), EH_OK);
	file.data[flip] ^= 1;
	ck_assert_int_eq(
	    eh_os_save(a->f.b->os, name, file.data, file.len - cut), EH_OK);
	eh_buf_free(&file);
}

START_TEST(what_expires_first_stands_in_front)
{
	uint64_t expires = a->pauth.expires;

	install(2, expires - 10);
	install(3, expires + 10);
	install(4, expires - 20);
	hold(4);
	ck_assert_uint_eq(view[0].what->id[0], 4);
	ck_assert_uint_eq(view[1].what->id[0], 2);
	ck_assert_uint_eq(view[2].what->id[0], 0xa1);
	ck_assert_uint_eq(view[3].what->id[0], 3);
	ck_assert_str_eq(view[2].name, "PO-1");
	ck_assert_int_eq(view[2].state, EH_ROW_LIVE);
	ck_assert_uint_eq(
	    view[2].generation, authority_row(a, view[2].what->id).generation);
	release();
}
END_TEST

START_TEST(a_closed_one_is_still_there_and_says_so)
{
	a->grant.keys[0] = a->grant.keys[1];
	a->grant.nkeys = 1;
	ck_assert_int_eq(authority_send_grant(a), EH_OK);
	hold(1);
	ck_assert_int_ne(view[0].state, EH_ROW_LIVE);
	release();
}
END_TEST

START_TEST(a_message_that_is_not_the_one_of_the_row_is_left_out)
{
	struct eh_row row = authority_row(a, a->pauth.id);
	uint8_t other[EH_DIGEST_LEN];
	struct eh_buf file;
	char name[EH_OS_NAME];

	file_of("messages", row.message, 0, 100);
	hold(0);
	release();
	file_of("messages", row.message, 0, 100);	/* back */
	file_of("messages", row.message, 1, 0);
	hold(0);
	release();

	/* A good one, of another row. */
	install(2, a->pauth.expires + 1);
	memcpy(other, authority_row(a, a->pauth.id).message, EH_DIGEST_LEN);
	eh_buf_init(&file, EH_MESSAGE_MAX_INBOUND);
	eh_os_digest_name(name, "messages", other);
	ck_assert_int_eq(eh_os_load(a->f.b->os, name, &file), EH_OK);
	eh_os_digest_name(name, "messages", row.message);
	ck_assert_int_eq(
	    eh_os_save(a->f.b->os, name, file.data, file.len), EH_OK);
	hold(1);
	ck_assert_uint_eq(view[0].what->id[0], 2);
	release();
	eh_buf_free(&file);
}
END_TEST

START_TEST(once_believed_it_needs_no_file)
{
	struct eh_row row = authority_row(a, a->pauth.id);

	hold(1);
	release();
	file_of("messages", row.message, 0, 100);
	file_of("profiles", a->profile.digest, 0, 100);
	hold(1);
	ck_assert_ptr_nonnull(view[0].what->profile);
	release();
}
END_TEST

START_TEST(a_profile_that_is_not_the_one_named_is_none)
{
	file_of("profiles", a->profile.digest, 0, 200);
	hold(1);
	ck_assert_ptr_null(view[0].what->profile);
	release();
	/* When it is right again, it is found without a restart. */
	file_of("profiles", a->profile.digest, 0, 200);
	hold(1);
	ck_assert_ptr_nonnull(view[0].what->profile);
	ck_assert_str_eq(view[0].what->profile->name, "gateway");
	release();
}
END_TEST

START_TEST(what_is_held_stays_while_others_come)
{
	const struct eh_authorization *first;
	struct eh_authorization_view again[EH_STATE_ROWS];
	unsigned n;

	hold(1);
	first = view[0].what;
	for (unsigned i = 1; i < EH_STATE_ROWS; i++)
		install((uint8_t)i, a->pauth.expires + 1);
	n = eh_authorizations_hold(table, again);
	ck_assert_uint_eq(n, EH_STATE_ROWS);
	ck_assert_ptr_eq(again[0].what, first);
	eh_authorizations_release(table, again, n);
	ck_assert_str_eq(first->pauth.order, "PO-1");
	release();
}
END_TEST

static void
set(struct eh_device_id *d, const char *text)
{
	d->len = (uint8_t)strlen(text);
	memcpy(d->bytes, text, d->len);
}

static int
covers(const char *text)
{
	struct eh_device_id d;

	set(&d, text);
	eh_error_clear(&a->f.error);
	return eh_authorization_covers(
	    view[0].what, view[0].name, &d, NULL, &a->f.error);
}

START_TEST(a_range_covers_both_its_ends)
{
	hold(1);
	ck_assert_int_eq(covers("SN00000010"), EH_OK);
	ck_assert_int_eq(covers("SN00000099"), EH_OK);
	ck_assert_int_eq(covers("SN00000009"), EH_DENIED_SCOPE);
	authority_says(a, "PO-1");
	ck_assert_int_eq(covers("SN00000100"), EH_DENIED_SCOPE);
	ck_assert_int_eq(covers("SN0000001"), EH_DENIED_SCOPE);
	ck_assert_int_eq(covers("SN000000100"), EH_DENIED_SCOPE);
	ck_assert_int_eq(covers("SN0000001A"), EH_DENIED_SCOPE);
	release();
}
END_TEST

START_TEST(ids_are_shown_as_text_or_hex)
{
	struct eh_device_id d = { 0 };
	char text[EH_DEVICE_TEXT];

	set(&d, "SN1");
	ck_assert_str_eq(eh_authorization_device_text(&d, text), "SN1");
	d.bytes[1] = 0x20;
	ck_assert_str_eq(eh_authorization_device_text(&d, text), "532031");
	d.len = EH_DEVICE_ID_MAX;
	ck_assert_uint_eq(
	    strlen(eh_authorization_device_text(&d, text)), 64);
	d.len = 0;
	ck_assert_str_eq(eh_authorization_device_text(&d, text), "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("authorization");
	TCase *tc = tcase_create("authorization");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, what_expires_first_stands_in_front);
	tcase_add_test(tc, a_closed_one_is_still_there_and_says_so);
	tcase_add_test(
	    tc, a_message_that_is_not_the_one_of_the_row_is_left_out);
	tcase_add_test(tc, once_believed_it_needs_no_file);
	tcase_add_test(tc, a_profile_that_is_not_the_one_named_is_none);
	tcase_add_test(tc, what_is_held_stays_while_others_come);
	tcase_add_test(tc, a_range_covers_both_its_ends);
	tcase_add_test(tc, ids_are_shown_as_text_or_hex);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
