/* SPDX-License-Identifier: Apache-2.0 */
/* test_scopes.c - lists of devices on disk, found by their authorization. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/message/scopelist.h"
#include "orchestrator/flow/scopes.h"
#include "test/unit/unit.h"

static char folder[64], folders[160];
static uint8_t id[EH_ID_LEN];
static const struct eh_device_id second = { 2, "AB" };
static struct eh_scope_proof proof;
static struct eh_error error;

static char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void
put(const char *name, const void *bytes, size_t len)
{
	ck_assert_int_eq(
	    eh_file_write(path_of(name), bytes, len, 0600, NULL), EH_OK);
}

static void
put_list(const char *name, uint8_t first)
{
	struct eh_scopelist list = { .size = 3, .id_len = 2 };
	struct eh_buf out;

	list.authorization[0] = first;
	strcpy(list.id_kind, "serial");
	list.ids = (const uint8_t *)"AAABAC";
	eh_buf_init(&out, EH_SCOPELIST_MAX);
	ck_assert_int_eq(eh_scopelist_encode(&list, &out, &error), EH_OK);
	put(name, out.data, out.len);
	eh_buf_free(&out);
}

static void
setup(void)
{
	strcpy(folder, "/tmp/eh-scopes-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(folders, sizeof(folders), "/nonexistent::%s", folder);
	memset(id, 0, sizeof(id));
	eh_error_clear(&error);
	put("a.ehscope", "rubbish", 7);
	put("b.ehscope", "", 0);
	put_list("c.ehscope", 1);
	put_list("d.ehscope", 2);
	put_list("e.list", 3);
}

static void
teardown(void)
{
	static const char *const names[] = { "a.ehscope", "b.ehscope",
		"c.ehscope", "d.ehscope", "e.list" };

	for (size_t i = 0; i < 5; i++)
		ck_assert_int_eq(unlink(path_of(names[i])), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

static int
prove(const struct eh_device_id *device, int *foundp)
{
	return eh_scopes_prove(folders, id, device, &proof, foundp, &error);
}

START_TEST(list_is_found_by_its_authorization)
{
	int found;

	id[0] = 2;
	ck_assert_int_eq(prove(&second, &found), EH_OK);
	ck_assert_int_eq(found, 1);
	ck_assert_uint_eq(proof.index, 1);
	ck_assert_uint_eq(proof.n, 2);
	/* Under another name it is not looked at, and none is no error. */
	for (id[0] = 3; id[0] < 5; id[0]++) {
		ck_assert_int_eq(prove(&second, &found), EH_OK);
		ck_assert_int_eq(found, 0);
		ck_assert_uint_eq(proof.n, 0);
	}
}
END_TEST

START_TEST(device_that_is_not_listed_is_a_refusal)
{
	const struct eh_device_id other = { 2, "AD" };
	int found;

	id[0] = 1;
	ck_assert_int_eq(prove(&other, &found), EH_DENIED_SCOPE);
	ck_assert_int_eq(found, 0);
	ck_assert_ptr_nonnull(
	    strstr(error.text, "device AD is not among the 3 of "));
	ck_assert_ptr_nonnull(strstr(error.text, "c.ehscope"));
}
END_TEST

START_TEST(file_that_was_named_must_be_the_right_one)
{
	static const struct {
		const char *name;
		int err;
		const char *words;
	} row[] = {
		{ "a.ehscope", EH_ERR_FORMAT, "list of devices" },
		{ "b.ehscope", EH_ERR_FORMAT, "list of devices" },
		{ "c.ehscope", EH_ERR_ARGUMENT, "is of authorization 01" },
		{ "d.ehscope", EH_OK, "" },
		{ "f.ehscope", EH_ERR_NOT_FOUND, "f.ehscope" },
		{ "", EH_ERR_FORMAT, "list of devices" },
	};

	id[0] = 2;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		eh_error_clear(&error);
		ck_assert_int_eq(eh_scopes_prove_from(path_of(row[i].name), id,
		    &second, &proof, &error), row[i].err);
		ck_assert_ptr_nonnull(strstr(error.text, row[i].words));
	}
}
END_TEST

START_TEST(damaged_list_is_told)
{
	struct eh_buf file;
	int found;

	ck_assert_int_eq(eh_file_read(path_of("d.ehscope"), 4096, &file,
	    &error), EH_OK);
	file.data[file.len - 64] ^= 1;
	put("d.ehscope", file.data, file.len);
	eh_buf_free(&file);
	id[0] = 2;
	ck_assert_int_eq(prove(&(struct eh_device_id){ 2, "AA" }, &found),
	    EH_ERR_PROOF);
	ck_assert_int_eq(found, 0);
	ck_assert_ptr_nonnull(strstr(error.text, "damaged"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("scopes");
	TCase *t = tcase_create("scopes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, list_is_found_by_its_authorization);
	tcase_add_test(t, device_that_is_not_listed_is_a_refusal);
	tcase_add_test(t, file_that_was_named_must_be_the_right_one);
	tcase_add_test(t, damaged_list_is_told);
	suite_add_tcase(s, t);
	return unit_run(s);
}
