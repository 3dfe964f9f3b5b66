/* SPDX-License-Identifier: Apache-2.0 */
/* test_index.c - which device was issued what. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "quota-engine/engine.h"
#include "quota-engine/index.h"
#include "test/unit/unit.h"

static struct eh_index x;

static void
begin(void)
{
	uint8_t seed[EH_DIGEST_LEN] = { 7 };

	ck_assert_int_eq(eh_index_init(&x, seed), EH_OK);
}

static struct eh_device_id
id_of(unsigned n)
{
	struct eh_device_id id = { 0 };

	id.len = (uint8_t)snprintf(
	    (char *)id.bytes, sizeof(id.bytes), "SN%08u", n);
	return id;
}

static struct eh_device *
add(uint32_t book, unsigned n)
{
	struct eh_device_id id = id_of(n);
	struct eh_device *d = NULL;

	ck_assert_int_eq(eh_index_add(&x, book, &id, &d), EH_OK);
	return d;
}

static struct eh_device *
find(uint32_t book, unsigned n)
{
	struct eh_device_id id = id_of(n);

	return eh_index_find(&x, book, &id);
}

static void
issue(struct eh_device *d, unsigned template_index, unsigned number)
{
	struct eh_issued values = { .template_index = (uint8_t)template_index,
		.issue = (uint16_t)number };
	uint32_t place;

	ck_assert_int_eq(eh_index_reserve(&x, &place), EH_OK);
	eh_index_issue(&x, d, place, &values);
}

START_TEST(a_hundred_thousand_devices_are_found)
{
	uint32_t book;

	begin();
	ck_assert_int_eq(eh_index_book(&x, &book), EH_OK);
	for (unsigned i = 0; i < 100000; i++)
		add(book, i)->reports = (uint8_t)i;
	for (unsigned i = 0; i < 100000; i++) {
		struct eh_device *d = find(book, i);

		ck_assert_ptr_nonnull(d);
		ck_assert_uint_eq(d->reports, (uint8_t)i);
	}
	ck_assert_ptr_null(find(book, 100000));
	ck_assert_ptr_null(find(book + 1, 5));
	eh_index_wipe(&x);
}
END_TEST

/* With the hash table, which is half empty at worst. */
START_TEST(a_device_takes_at_most_160_bytes_for_each_of_two_certificates)
{
	ck_assert_uint_le(sizeof(struct eh_device) +
	        2 * sizeof(struct eh_issued) + 2 * sizeof(uint32_t), 320);
}
END_TEST

START_TEST(certificates_come_newest_first)
{
	struct eh_issued *i;
	struct eh_device *d;
	uint32_t book;

	begin();
	ck_assert_int_eq(eh_index_book(&x, &book), EH_OK);
	d = add(book, 1);
	issue(d, 0, 0);
	issue(d, 1, 0);
	issue(d, 0, 1);
	i = eh_index_issued(&x, d->issued);
	ck_assert_uint_eq(i->issue, 1);
	i = eh_index_issued(&x, i->next);
	ck_assert_uint_eq(i->template_index, 1);
	i = eh_index_issued(&x, i->next);
	ck_assert_uint_eq(i->issue, 0);
	ck_assert_ptr_null(eh_index_issued(&x, i->next));
	eh_index_wipe(&x);
}
END_TEST

START_TEST(what_is_removed_is_gone_and_its_place_is_used_again)
{
	uint32_t book, used, issued;

	begin();
	ck_assert_int_eq(eh_index_book(&x, &book), EH_OK);
	for (unsigned i = 0; i < 3000; i++)
		issue(add(book, i), 0, 0);
	for (unsigned i = 0; i < 3000; i += 2)
		eh_index_remove(&x, find(book, i));
	for (unsigned i = 0; i < 3000; i++)
		ck_assert_int_eq(find(book, i) != NULL, i % 2);
	used = x.device.used;
	issued = x.issued.used;
	for (unsigned i = 0; i < 3000; i += 2)
		issue(add(book, i), 0, 0);
	ck_assert_uint_eq(x.device.used, used);
	ck_assert_uint_eq(x.issued.used, issued);
	eh_index_wipe(&x);
}
END_TEST

START_TEST(a_book_goes_with_its_last_row)
{
	struct eh_ticket ticket = { 0 };
	uint32_t one, two;

	begin();
	ck_assert_int_eq(eh_index_book(&x, &one), EH_OK);
	ck_assert_int_eq(eh_index_book(&x, &two), EH_OK);
	ck_assert_uint_ne(one, two);
	x.book[one].rows++;
	for (unsigned i = 0; i < 100; i++) {
		add(one, i);
		add(two, i);
	}
	ticket.device = find(one, 42);
	ticket.device->claims = &ticket;
	eh_index_release(&x, one);
	ck_assert_ptr_nonnull(find(one, 42));
	eh_index_release(&x, one);
	ck_assert_ptr_null(find(one, 42));
	/* Whoever held a claim of it does not hold a device any more. */
	ck_assert_ptr_null(ticket.device);
	ck_assert_ptr_nonnull(find(two, 42));
	ck_assert_int_eq(eh_index_book(&x, &one), EH_OK);
	ck_assert_ptr_null(find(one, 42));
	eh_index_wipe(&x);
}
END_TEST

/* A mark of its own for each number; none for two of these. */
static const uint8_t *
mark_of(unsigned n)
{
	static uint8_t mark[EH_DEVICE_KEY];

	eh_index_chip_mark((const uint8_t *)&n, sizeof(n), mark);
	return mark;
}

START_TEST(a_key_belongs_to_a_device_as_long_as_somebody_says_so)
{
	uint32_t one, two, first, again, number;
	struct eh_device *d, *e;

	begin();
	ck_assert_int_eq(eh_index_book(&x, &one), EH_OK);
	ck_assert_int_eq(eh_index_book(&x, &two), EH_OK);
	d = add(one, 1);
	e = add(one, 2);
	ck_assert_ptr_null(eh_index_owner(&x, one, NULL, mark_of(7)));
	ck_assert_int_eq(eh_index_own(&x, d, mark_of(7), &first), EH_OK);
	ck_assert_int_eq(eh_index_own(&x, d, mark_of(7), &again), EH_OK);
	ck_assert_uint_eq(first, again);
	ck_assert_ptr_eq(eh_index_owner(&x, one, e, mark_of(7)), d);
	ck_assert_ptr_null(eh_index_owner(&x, one, d, mark_of(7)));
	ck_assert_ptr_null(eh_index_owner(&x, two, e, mark_of(7)));
	ck_assert_ptr_null(eh_index_owner(&x, one, e, mark_of(8)));
	/* Scrapped: it is free, and then the other's. */
	d->outcome = EH_OUTCOME_SCRAPPED;
	ck_assert_ptr_null(eh_index_owner(&x, one, e, mark_of(7)));
	ck_assert_int_eq(eh_index_own(&x, e, mark_of(7), &number), EH_OK);
	ck_assert_ptr_eq(eh_index_owner(&x, one, d, mark_of(7)), e);
	d->outcome = 0;
	eh_index_disown(&x, first);
	ck_assert_ptr_eq(eh_index_owner(&x, one, e, mark_of(7)), d);
	eh_index_disown(&x, first);
	ck_assert_ptr_null(eh_index_owner(&x, one, e, mark_of(7)));
	eh_index_remove(&x, e);
	ck_assert_ptr_null(eh_index_owner(&x, one, NULL, mark_of(7)));
	ck_assert_uint_eq(x.nowned, 0);
	eh_index_wipe(&x);
}
END_TEST

START_TEST(thousands_of_keys_are_found_and_go_with_their_book)
{
	uint32_t one, two, number;
	struct eh_device *d, *last = NULL;

	begin();
	ck_assert_int_eq(eh_index_book(&x, &one), EH_OK);
	ck_assert_int_eq(eh_index_book(&x, &two), EH_OK);
	for (unsigned n = 0; n < 5000; n++) {
		d = add(n % 2 ? one : two, n);
		for (unsigned k = 0; k < 3; k++)
			ck_assert_int_eq(eh_index_own(
			    &x, d, mark_of(3 * n + k), &number), EH_OK);
	}
	ck_assert_uint_eq(x.nowned, 15000);
	for (unsigned n = 0; n < 5000; n++)
		ck_assert_ptr_eq(eh_index_owner(&x, n % 2 ? one : two, NULL,
		    mark_of(3 * n + 1)), find(n % 2 ? one : two, n));
	eh_index_release(&x, one);
	ck_assert_uint_eq(x.nowned, 7500);
	ck_assert_ptr_null(eh_index_owner(&x, one, NULL, mark_of(4)));
	last = eh_index_owner(&x, two, NULL, mark_of(1));
	ck_assert_ptr_eq(last, find(two, 0));
	eh_index_wipe(&x);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("index");
	TCase *t = tcase_create("index");

	tcase_add_test(t, a_hundred_thousand_devices_are_found);
	tcase_add_test(
	    t, a_device_takes_at_most_160_bytes_for_each_of_two_certificates);
	tcase_add_test(t, certificates_come_newest_first);
	tcase_add_test(
	    t, what_is_removed_is_gone_and_its_place_is_used_again);
	tcase_add_test(t, a_book_goes_with_its_last_row);
	tcase_add_test(
	    t, a_key_belongs_to_a_device_as_long_as_somebody_says_so);
	tcase_add_test(
	    t, thousands_of_keys_are_found_and_go_with_their_book);
	suite_add_tcase(s, t);
	return unit_run(s);
}
