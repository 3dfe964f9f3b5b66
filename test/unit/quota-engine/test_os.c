/* SPDX-License-Identifier: Apache-2.0 */
/* test_os.c - the real machine, and the anchor that is a file. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quota-engine/anchor/anchor.h"
#include "quota-engine/os.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

/* In the place of libc's, to see who asks. */
static unsigned syncs;
int
fdatasync(int fd)
{
	syncs++;
	return fsync(fd);
}

static char state[FIXTURE_PATH], folder[FIXTURE_PATH], path[FIXTURE_PATH];
static struct eh_anchor *anchor;
static struct eh_os_posix *posix;
static struct eh_os *os;
static struct eh_error error;

static void
begin(void)
{
	fixture_folder(state);
	fixture_folder(folder);
	fixture_join(path, folder, "anchor");
	ck_assert_int_eq(eh_anchor_file_open(path, &anchor, &error), EH_OK);
	ck_assert_int_eq(
	    eh_os_posix_new(state, anchor, &posix, &error), EH_OK);
	os = eh_os_posix_table(posix);
}

static void
end(void)
{
	eh_os_posix_free(posix);
	eh_anchor_close(anchor);
	fixture_remove(state);
	fixture_remove(folder);
}

START_TEST(a_file_comes_back_as_it_was_written)
{
	uint8_t in[5000], out[5000];
	uint64_t size;
	int file, again;

	begin();
	memset(in, 0x5a, sizeof(in));
	ck_assert_int_eq(
	    os->open(os->arg, "journal/x", &file), EH_ERR_NOT_FOUND);
	ck_assert_int_eq(os->create(os->arg, "journal/x", &file), EH_OK);
	ck_assert_int_eq(
	    os->create(os->arg, "journal/x", &again), EH_ERR_EXISTS);
	ck_assert_int_eq(
	    os->write(os->arg, file, in, sizeof(in), 100), EH_OK);
	ck_assert_int_eq(os->sync(os->arg, file), EH_OK);
	ck_assert_int_eq(os->sync_folder(os->arg, "journal"), EH_OK);
	ck_assert_int_eq(os->size(os->arg, file, &size), EH_OK);
	ck_assert_uint_eq(size, 5100);
	ck_assert_int_eq(
	    os->read(os->arg, file, out, sizeof(out), 100), EH_OK);
	ck_assert_mem_eq(in, out, sizeof(in));
	ck_assert_int_eq(os->read(os->arg, file, out, sizeof(out), 101),
	    EH_ERR_STORAGE);
	os->close(os->arg, file);
	ck_assert_int_eq(
	    os->rename(os->arg, "journal/x", "journal/y"), EH_OK);
	ck_assert_int_eq(
	    os->open(os->arg, "journal/x", &file), EH_ERR_NOT_FOUND);
	ck_assert_int_eq(os->open(os->arg, "journal/y", &file), EH_OK);
	os->close(os->arg, file);
	ck_assert_int_eq(os->unlink(os->arg, "journal/y"), EH_OK);
	ck_assert_int_eq(
	    os->unlink(os->arg, "journal/y"), EH_ERR_NOT_FOUND);
	end();
}
END_TEST

START_TEST(links_and_folders_are_no_files)
{
	char link[FIXTURE_PATH];
	uint64_t size;
	int file;

	begin();
	fixture_join(link, state, "journal/link");
	ck_assert_int_eq(symlink(path, link), 0);
	ck_assert_int_eq(
	    os->open(os->arg, "journal/link", &file), EH_ERR_STORAGE);
	ck_assert_int_eq(
	    os->create(os->arg, "journal/link", &file), EH_ERR_EXISTS);
	fixture_join(link, state, "fifo");
	ck_assert_int_eq(mkfifo(link, 0600), 0);
	if (os->open(os->arg, "fifo", &file) == EH_OK) {
		ck_assert_int_eq(
		    os->size(os->arg, file, &size), EH_ERR_STORAGE);
		os->close(os->arg, file);
	}
	end();
}
END_TEST

static int
add_name(void *context, const char *name)
{
	char *all = context;

	strcat(all, name);
	return strcmp(name, "stop") == 0;
}

START_TEST(a_folder_is_listed)
{
	char all[100] = "";
	int file;

	begin();
	ck_assert_int_eq(os->create(os->arg, "journal/a", &file), EH_OK);
	os->close(os->arg, file);
	ck_assert_int_eq(
	    os->list(os->arg, "journal", add_name, all), EH_OK);
	ck_assert_str_eq(all, "a");
	ck_assert_int_eq(
	    os->rename(os->arg, "journal/a", "journal/stop"), EH_OK);
	ck_assert_int_eq(os->list(os->arg, "journal", add_name, all), 1);
	ck_assert_int_eq(
	    os->list(os->arg, "nowhere", add_name, all), EH_ERR_NOT_FOUND);
	end();
}
END_TEST

START_TEST(small_files_are_written_whole)
{
	uint8_t digest[EH_DIGEST_LEN] = { 0xab };
	char name[EH_OS_NAME];
	struct eh_buf buf;

	begin();
	eh_os_digest_name(name, "messages", digest);
	ck_assert_str_eq(name, "messages/ab000000000000000000000000000000"
	    "00000000000000000000000000000000");
	ck_assert_int_eq(eh_os_save(os, name, "one", 3), EH_OK);
	ck_assert_int_eq(eh_os_save(os, name, "three", 5), EH_OK);
	eh_buf_init(&buf, 100);
	ck_assert_int_eq(eh_os_load(os, name, &buf), EH_OK);
	ck_assert_uint_eq(buf.len, 5);
	ck_assert_mem_eq(buf.data, "three", 5);
	eh_buf_free(&buf);
	eh_buf_init(&buf, 4);
	ck_assert_int_eq(eh_os_load(os, name, &buf), EH_ERR_FULL);
	eh_buf_free(&buf);
	eh_buf_init(&buf, 4);
	ck_assert_int_eq(
	    eh_os_load(os, "messages/none", &buf), EH_ERR_NOT_FOUND);
	ck_assert_int_eq(eh_os_save(os, "empty", "", 0), EH_OK);
	ck_assert_int_eq(eh_os_load(os, "empty", &buf), EH_OK);
	ck_assert_uint_eq(buf.len, 0);
	eh_buf_free(&buf);
	end();
}
END_TEST

START_TEST(clocks_go_on_and_the_boot_has_a_name)
{
	static const uint8_t zero[EH_ID_LEN];
	struct eh_clock_reading a, b;

	begin();
	ck_assert_int_eq(os->clocks(os->arg, &a), EH_OK);
	ck_assert_int_eq(os->clocks(os->arg, &b), EH_OK);
	ck_assert_mem_eq(a.boot_id, b.boot_id, EH_ID_LEN);
	ck_assert_mem_ne(a.boot_id, zero, EH_ID_LEN);
	ck_assert_uint_ge(b.boottime, a.boottime);
	ck_assert_uint_ge(b.raw, a.raw);
	ck_assert_uint_gt(a.wall, 1600000000);
	end();
}
END_TEST

START_TEST(an_open_state_folder_is_refused)
{
	struct eh_os_posix *other;

	begin();
	eh_os_posix_free(posix);
	ck_assert_int_eq(chmod(state, 0755), 0);
	ck_assert_int_eq(
	    eh_os_posix_new(state, anchor, &other, &error), EH_ERR_CONFIG);
	ck_assert_int_eq(chmod(state, 0700), 0);
	ck_assert_int_eq(
	    eh_os_posix_new(state, anchor, &posix, &error), EH_OK);
	end();
}
END_TEST

/* Golden: A(0) = 0, B = "abc". */
START_TEST(the_anchor_is_extended_read_back_and_kept)
{
	uint8_t zero[32] = { 0 }, digest[32], golden[32], value[32];

	begin();
	ck_assert_int_eq(
	    os->anchor_read(os->arg, value), EH_ERR_NOT_FOUND);
	ck_assert_int_eq(os->anchor_define(os->arg, NULL), EH_OK);
	ck_assert_int_eq(os->anchor_define(os->arg, NULL), EH_ERR_EXISTS);
	ck_assert_int_eq(os->anchor_read(os->arg, value), EH_OK);
	ck_assert_mem_eq(value, zero, 32);
	unit_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f200"
	    "15ad", digest, sizeof(digest));
	unit_hex("589f9ffed4c477966bfb8d41f37895b08c69047df8f911d6f3b57fbe08fa"
	    "ee8d", golden, sizeof(golden));
	ck_assert_int_eq(
	    os->anchor_extend(os->arg, zero, digest), EH_OK);
	ck_assert_int_eq(os->anchor_read(os->arg, value), EH_OK);
	ck_assert_mem_eq(value, golden, 32);
	/* From a value that it does not have it is not extended. */
	ck_assert_int_eq(os->anchor_extend(os->arg, zero, digest),
	    EH_DENIED_FAIL_STOPPED);
	ck_assert_int_eq(os->anchor_read(os->arg, value), EH_OK);
	ck_assert_mem_eq(value, golden, 32);
	eh_anchor_close(anchor);
	ck_assert_int_eq(eh_anchor_file_open(path, &anchor, &error), EH_OK);
	ck_assert_int_eq(anchor->read(anchor->arg, value), EH_OK);
	ck_assert_mem_eq(value, golden, 32);
	end();
}
END_TEST

START_TEST(what_a_killed_daemon_left_in_the_anchor_is_made_durable)
{
	struct eh_anchor *again;
	unsigned before;

	begin();
	eh_os_posix_free(posix);
	posix = NULL;
	eh_anchor_close(anchor);
	anchor = NULL;
	before = syncs;
	ck_assert_int_eq(eh_anchor_file_open(path, &again, &error), EH_OK);
	ck_assert_uint_eq(syncs, before + 1);
	eh_anchor_close(again);
	end();
}
END_TEST

START_TEST(a_damaged_anchor_is_none)
{
	uint8_t value[32], zero[32] = { 0 };
	FILE *f;

	begin();
	ck_assert_int_eq(anchor->define(anchor->arg, NULL), EH_OK);
	for (long at = 0; at < 64; at++) {
		f = fopen(path, "r+");
		ck_assert_int_eq(fseek(f, at, SEEK_SET), 0);
		ck_assert_int_ne(fputc(0x77, f), EOF);
		fclose(f);
		ck_assert_int_eq(
		    anchor->read(anchor->arg, value), EH_ERR_FORMAT);
		ck_assert_int_eq(
		    anchor->extend(anchor->arg, zero, zero), EH_ERR_FORMAT);
	}
	ck_assert_int_eq(truncate(path, 63), 0);
	ck_assert_int_eq(anchor->read(anchor->arg, value), EH_ERR_FORMAT);
	end();
}
END_TEST

START_TEST(an_anchor_that_others_can_write_is_refused)
{
	struct eh_anchor *other = NULL;
	char link[FIXTURE_PATH];

	begin();
	fixture_join(link, folder, "other");
	fixture_write(link, "", 0666);
	ck_assert_int_eq(chmod(link, 0666), 0);
	ck_assert_int_eq(
	    eh_anchor_file_open(link, &other, &error), EH_ERR_CONFIG);
	ck_assert_ptr_null(other);
	ck_assert_int_eq(eh_anchor_file_open(folder, &other, &error),
	    EH_ERR_CONFIG);
	ck_assert_int_eq(
	    eh_anchor_file_open("/nowhere/anchor", &other, &error),
	    EH_ERR_CONFIG);
	end();
}
END_TEST

START_TEST(what_a_kill_left_unfinished_is_removed)
{
	static const char hex[] = "messages/"
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char left[FIXTURE_PATH], whole[FIXTURE_PATH], other[FIXTURE_PATH];
	char name[EH_OS_NAME];

	begin();
	eh_os_posix_free(posix);
	fixture_join(whole, state, hex);
	fixture_write(whole, "a message", 0600);
	snprintf(name, sizeof(name), "%s.new", hex);
	fixture_join(left, state, name);
	fixture_write(left, "half a mess", 0600);
	fixture_join(other, state, "profiles/notes.new");
	fixture_write(other, "of somebody", 0600);
	ck_assert_int_eq(
	    eh_os_posix_new(state, anchor, &posix, &error), EH_OK);
	ck_assert_int_ne(access(left, F_OK), 0);
	ck_assert_int_eq(access(whole, F_OK), 0);
	ck_assert_int_eq(access(other, F_OK), 0);
	end();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("os");
	TCase *t = tcase_create("os");

	tcase_add_test(t, a_file_comes_back_as_it_was_written);
	tcase_add_test(t, links_and_folders_are_no_files);
	tcase_add_test(t, a_folder_is_listed);
	tcase_add_test(t, small_files_are_written_whole);
	tcase_add_test(t, clocks_go_on_and_the_boot_has_a_name);
	tcase_add_test(t, an_open_state_folder_is_refused);
	tcase_add_test(t, the_anchor_is_extended_read_back_and_kept);
	tcase_add_test(
	    t, what_a_killed_daemon_left_in_the_anchor_is_made_durable);
	tcase_add_test(t, a_damaged_anchor_is_none);
	tcase_add_test(t, an_anchor_that_others_can_write_is_refused);
	tcase_add_test(t, what_a_kill_left_unfinished_is_removed);
	suite_add_tcase(s, t);
	return unit_run(s);
}
