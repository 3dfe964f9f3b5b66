/* SPDX-License-Identifier: Apache-2.0 */
/* test_store.c - certificates and data objects in files. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quota-engine/boundary.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

static char folder[FIXTURE_PATH];
static struct eh_store *store;
static struct eh_error error;

static void
open_store(void)
{
	ck_assert_msg(
	    eh_store_open(folder, &store, &error) == EH_OK, "%s", error.text);
}

static void
begin(void)
{
	eh_error_clear(&error);
	fixture_folder(folder);
	open_store();
}

static void
end(void)
{
	eh_store_close(store);
	fixture_remove(folder);
}

static uint64_t
put(const char *label, const void *data, size_t len)
{
	struct eh_store_object o = { .class = EH_CLASS_CERTIFICATE };

	snprintf(o.label, sizeof(o.label), "%s", label);
	memcpy(o.id, "id", 2);
	o.idlen = 2;
	o.data = data;
	o.len = len;
	ck_assert_msg(
	    eh_store_put(store, &o, &error) == EH_OK, "%s", error.text);
	ck_assert_uint_ge(o.number, EH_OBJECT_STORED);
	ck_assert_uint_lt(o.number, 2 * EH_OBJECT_STORED);
	return o.number;
}

static int
count_one(void *arg, const struct eh_store_object *o)
{
	unsigned *n = arg;

	(void)o;
	(*n)++;
	return EH_OK;
}

static unsigned
count(void)
{
	unsigned n = 0;

	ck_assert_int_eq(eh_store_each(store, count_one, &n), EH_OK);
	return n;
}

static int
is_hello(void *arg, const struct eh_store_object *o)
{
	const uint64_t *number = arg;

	ck_assert_uint_eq(o->number, *number);
	ck_assert_int_eq(o->class, EH_CLASS_CERTIFICATE);
	ck_assert_str_eq(o->label, "CA");
	ck_assert_uint_eq(o->idlen, 2);
	ck_assert_uint_eq(o->len, 5);
	ck_assert_mem_eq(o->data, "hello", 5);
	return EH_OK;
}

START_TEST(what_was_put_is_there_after_a_restart)
{
	uint64_t number = put("CA", "hello", 5);

	eh_store_close(store);
	open_store();
	ck_assert_uint_eq(count(), 1);
	ck_assert_int_eq(eh_store_each(store, is_hello, &number), EH_OK);
}
END_TEST

START_TEST(numbers_are_never_the_same)
{
	uint64_t a = put("a", "x", 1), b = put("a", "x", 1), c;

	ck_assert_uint_ne(a, b);
	ck_assert_int_eq(eh_store_delete(store, a, &error), EH_OK);
	c = put("a", "x", 1);
	ck_assert_uint_ne(a, c);
	ck_assert_uint_ne(b, c);
}
END_TEST

START_TEST(a_name_is_changed_durably_and_data_stays)
{
	uint64_t number = put("before", "hello", 5);
	struct eh_store_object o;

	ck_assert_int_eq(eh_store_name(store, number, "CA", NULL, 0, &error),
	    EH_OK);
	eh_store_close(store);
	open_store();
	ck_assert_int_eq(eh_store_each(store, is_hello, &number), EH_OK);
	ck_assert_int_eq(eh_store_name(store, number, NULL,
			     (const uint8_t *)"other", 5, &error),
	    EH_OK);
	ck_assert_int_eq(eh_store_get(store, number, &o), EH_OK);
	ck_assert_str_eq(o.label, "CA");
	ck_assert_uint_eq(o.idlen, 5);
	ck_assert_int_eq(eh_store_name(store, number + 1, "x", NULL, 0, &error),
	    EH_ERR_NOT_FOUND);
}
END_TEST

START_TEST(what_was_deleted_does_not_come_back)
{
	uint64_t number = put("a", "x", 1);

	put("b", "y", 1);
	ck_assert_int_eq(eh_store_delete(store, number, &error), EH_OK);
	ck_assert_int_eq(
	    eh_store_delete(store, number, &error), EH_ERR_NOT_FOUND);
	eh_store_close(store);
	open_store();
	ck_assert_uint_eq(count(), 1);
	ck_assert_int_eq(eh_store_clear(store, &error), EH_OK);
	ck_assert_uint_eq(count(), 0);
	eh_store_close(store);
	open_store();
	ck_assert_uint_eq(count(), 0);
}
END_TEST

START_TEST(a_damaged_file_does_not_exist_and_harms_nobody)
{
	char path[FIXTURE_PATH], name[40];
	uint64_t number = put("a", "x", 1);

	put("b", "y", 1);
	snprintf(name, sizeof(name), "objects/%016" PRIx64, number);
	fixture_join(path, folder, name);
	fixture_write(path, "garbage", 0600);
	/* One with a number of the keys', and one with no number at all. */
	fixture_join(path, folder, "objects/0000000000000001");
	fixture_write(path, "garbage", 0600);
	fixture_join(path, folder, "objects/readme");
	fixture_write(path, "garbage", 0600);
	eh_store_close(store);
	open_store();
	ck_assert_uint_eq(count(), 1);
}
END_TEST

START_TEST(what_a_crash_left_unfinished_is_removed)
{
	char path[FIXTURE_PATH], kept[FIXTURE_PATH];

	fixture_join(path, folder, "objects/0010000000000001.new-a1B2c3");
	fixture_write(path, "half", 0600);
	fixture_join(kept, folder, "objects/notes.new-a1B2c3");
	fixture_write(kept, "whole", 0600);
	eh_store_close(store);
	open_store();
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(access(kept, F_OK), 0);
}
END_TEST

START_TEST(too_much_is_refused_with_the_numbers)
{
	uint8_t *big = calloc(1, EH_STORE_DATA_MAX + 1);
	struct eh_store_object o = { .class = EH_CLASS_DATA, .data = big };

	ck_assert_ptr_nonnull(big);
	o.len = EH_STORE_DATA_MAX + 1;
	ck_assert_int_eq(eh_store_put(store, &o, &error), EH_ERR_FULL);
	ck_assert_ptr_nonnull(strstr(error.text, "65537"));
	for (unsigned i = 0; i < EH_STORE_BYTES / EH_STORE_DATA_MAX; i++)
		put("big", big, EH_STORE_DATA_MAX);
	o.len = 1;
	ck_assert_int_eq(eh_store_put(store, &o, &error), EH_ERR_FULL);
	ck_assert_ptr_nonnull(strstr(error.text, "524288"));
	free(big);
}
END_TEST

START_TEST(too_many_are_refused_with_the_number)
{
	struct eh_store_object o = { .class = EH_CLASS_DATA };

	for (unsigned i = 0; i < EH_STORE_OBJECTS; i++)
		put("small", "", 0);
	ck_assert_int_eq(eh_store_put(store, &o, &error), EH_ERR_FULL);
	ck_assert_ptr_nonnull(strstr(error.text, "256"));
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_changes_nothing)
{
	char path[FIXTURE_PATH];
	struct eh_store_object o = { .class = EH_CLASS_DATA };

	fixture_join(path, folder, "objects");
	fixture_remove(path);
	ck_assert_int_eq(eh_store_put(store, &o, &error), EH_ERR_STORAGE);
	ck_assert_uint_eq(count(), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store");
	TCase *c = tcase_create("store");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, what_was_put_is_there_after_a_restart);
	tcase_add_test(c, numbers_are_never_the_same);
	tcase_add_test(c, a_name_is_changed_durably_and_data_stays);
	tcase_add_test(c, what_was_deleted_does_not_come_back);
	tcase_add_test(c, a_damaged_file_does_not_exist_and_harms_nobody);
	tcase_add_test(c, what_a_crash_left_unfinished_is_removed);
	tcase_add_test(c, too_much_is_refused_with_the_numbers);
	tcase_add_test(c, too_many_are_refused_with_the_number);
	tcase_add_test(c, a_folder_that_cannot_be_written_changes_nothing);
	suite_add_tcase(s, c);
	return unit_run(s);
}
