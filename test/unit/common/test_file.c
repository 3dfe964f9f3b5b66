/* SPDX-License-Identifier: Apache-2.0 */
/* test_file.c - a file is read whole, written whole, or left alone. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include "common/file.h"
#include "test/unit/unit.h"

static char folder[64];
static struct eh_error error;

static void
make_folder(void)
{
	strcpy(folder, "/tmp/eh-test_file-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	eh_error_clear(&error);
}

static void
remove_folder(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

/* How many names are in ${path}. */
static unsigned
names(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static unsigned
mode(const char *path)
{
	struct stat st;

	ck_assert_int_eq(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

/* Check that ${path} holds exactly ${text}. */
static void
holds(const char *path, const char *text)
{
	struct eh_buf b;

	ck_assert_int_eq(eh_file_read(path, 100, &b, NULL), EH_OK);
	ck_assert_uint_eq(b.len, strlen(text));
	ck_assert_mem_eq(b.data, text, b.len);
	eh_buf_free(&b);
}

START_TEST(what_is_written_is_read)
{
	umask(077);
	ck_assert_int_eq(eh_file_write("a", "hello", 5, 0644, &error), EH_OK);
	holds("a", "hello");
	ck_assert_uint_eq(mode("a"), 0644);
	ck_assert_int_eq(eh_file_write("a", "x", 1, 0600, &error), EH_OK);
	holds("a", "x");
	ck_assert_uint_eq(mode("a"), 0600);
	ck_assert_uint_eq(names("."), 1);
}
END_TEST

START_TEST(empty_file_is_a_file)
{
	struct eh_buf b;

	ck_assert_int_eq(eh_file_write("a", NULL, 0, 0600, &error), EH_OK);
	ck_assert_int_eq(eh_file_read("a", 0, &b, &error), EH_OK);
	ck_assert_uint_eq(b.len, 0);
	eh_buf_free(&b);
}
END_TEST

START_TEST(one_byte_above_the_limit_is_refused)
{
	struct eh_buf b;

	ck_assert_int_eq(eh_file_write("a", "hello", 5, 0600, &error), EH_OK);
	ck_assert_int_eq(eh_file_read("a", 5, &b, &error), EH_OK);
	eh_buf_free(&b);
	ck_assert_int_eq(eh_file_read("a", 4, &b, &error), EH_ERR_FORMAT);
	ck_assert_str_eq(error.text, "a is longer than the 4 bytes allowed");
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

START_TEST(large_file_goes_both_ways)
{
	size_t len = 3 * 8192 + 17;
	uint8_t *p = malloc(len);
	struct eh_buf b;

	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(i * 31 >> 3);
	ck_assert_int_eq(eh_file_write("a", p, len, 0600, &error), EH_OK);
	ck_assert_int_eq(eh_file_read("a", len, &b, &error), EH_OK);
	ck_assert_uint_eq(b.len, len);
	ck_assert_mem_eq(b.data, p, len);
	eh_buf_free(&b);
	free(p);
}
END_TEST

START_TEST(missing_file_is_told_from_a_bad_one)
{
	struct eh_buf b;

	ck_assert_int_eq(
	    eh_file_read("a", 9, &b, &error), EH_ERR_NOT_FOUND);
	ck_assert_str_eq(
	    error.text, "cannot open a: No such file or directory");
	ck_assert_int_eq(eh_file_read(".", 9, &b, &error), EH_ERR_IO);
	ck_assert_str_eq(error.text, "cannot read .: Is a directory");
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

START_TEST(create_never_overwrites)
{
	ck_assert_int_eq(eh_file_create("k", "old", 3, 0600, &error), EH_OK);
	ck_assert_uint_eq(mode("k"), 0600);
	ck_assert_int_eq(
	    eh_file_create("k", "new", 3, 0600, &error), EH_ERR_EXISTS);
	holds("k", "old");
	ck_assert_uint_eq(names("."), 1);
}
END_TEST

START_TEST(missing_folder_is_an_error)
{
	ck_assert_int_eq(
	    eh_file_write("no/a", "x", 1, 0600, &error), EH_ERR_STORAGE);
	ck_assert_str_eq(
	    error.text, "cannot write no/a: No such file or directory");
}
END_TEST

START_TEST(failed_write_leaves_the_old_file_and_nothing_else)
{
	struct rlimit limit = { 2, 2 };
	char name[300];

	ck_assert_int_eq(eh_file_write("a", "old", 3, 0600, &error), EH_OK);

	/* A file that may not grow: what a full disk looks like. */
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(
	    eh_file_write("a", "newer", 5, 0600, &error), EH_ERR_STORAGE);
	holds("a", "old");
	ck_assert_uint_eq(names("."), 1);

	/* A name that a folder has, and one that is too long. */
	ck_assert_int_eq(mkdir("d", 0700), 0);
	ck_assert_int_eq(
	    eh_file_write("d", "x", 1, 0600, &error), EH_ERR_STORAGE);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(
	    eh_file_write(name, "x", 1, 0600, &error), EH_ERR_STORAGE);
	ck_assert_uint_eq(names("."), 2);
}
END_TEST

START_TEST(paths_of_every_form_have_a_folder)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/a", folder);
	ck_assert_int_eq(eh_file_write(path, "1", 1, 0600, &error), EH_OK);
	ck_assert_int_eq(eh_file_write("./a", "2", 1, 0600, &error), EH_OK);
	holds("a", "2");
	ck_assert_int_eq(eh_file_sync_folder("/", &error), EH_OK);
	ck_assert_int_eq(eh_file_sync_folder("a", &error), EH_ERR_STORAGE);
	ck_assert_int_eq(eh_file_sync_folder("no", &error), EH_ERR_STORAGE);
}
END_TEST

START_TEST(reading_at_an_offset_stops_at_the_end)
{
	uint8_t out[8];
	size_t n = 99;
	int fd;

	fd = open("a", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(eh_file_pwrite(fd, "0123456789", 10, 4), EH_OK);
	ck_assert_int_eq(eh_file_pread(fd, out, 8, 4, &n), EH_OK);
	ck_assert_uint_eq(n, 8);
	ck_assert_mem_eq(out, "01234567", 8);
	ck_assert_int_eq(eh_file_pread(fd, out, 8, 11, &n), EH_OK);
	ck_assert_uint_eq(n, 3);
	ck_assert_mem_eq(out, "789", 3);
	ck_assert_int_eq(eh_file_pread(fd, out, 8, 14, &n), EH_OK);
	ck_assert_uint_eq(n, 0);
	close(fd);
	ck_assert_int_eq(eh_file_pread(fd, out, 8, 0, &n), EH_ERR_IO);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(eh_file_pwrite(fd, "x", 1, 0), EH_ERR_STORAGE);
}
END_TEST

START_TEST(folders_are_made_with_their_parents)
{
	umask(0);
	ck_assert_int_eq(eh_file_mkdir("a/b//c/", 0700, &error), EH_OK);
	ck_assert_uint_eq(mode("a"), 0700);
	ck_assert_uint_eq(mode("a/b"), 0700);
	ck_assert_uint_eq(mode("a/b/c"), 0700);
	ck_assert_int_eq(chmod("a", 0750), 0);
	ck_assert_int_eq(eh_file_mkdir("a/b", 0700, &error), EH_OK);
	ck_assert_uint_eq(mode("a"), 0750);
	ck_assert_int_eq(eh_file_mkdir("/", 0700, &error), EH_OK);
}
END_TEST

START_TEST(file_in_the_way_of_a_folder_is_named)
{
	ck_assert_int_eq(eh_file_write("a", "x", 1, 0600, &error), EH_OK);
	ck_assert_int_eq(
	    eh_file_mkdir("a", 0700, &error), EH_ERR_STORAGE);
	ck_assert_str_eq(
	    error.text, "cannot make the folder a: Not a directory");
	ck_assert_int_eq(
	    eh_file_mkdir("a/b", 0700, &error), EH_ERR_STORAGE);
	ck_assert_int_eq(eh_file_mkdir("", 0700, &error), EH_ERR_STORAGE);
}
END_TEST

START_TEST(private_folder_is_mine_alone)
{
	ck_assert_int_eq(mkdir("d", 0700), 0);
	ck_assert_int_eq(eh_file_check_private_folder("d", &error), EH_OK);
	for (unsigned bit = 1; bit < 0100; bit <<= 1) {
		ck_assert_int_eq(chmod("d", 0700 | bit), 0);
		ck_assert_int_eq(eh_file_check_private_folder("d", &error),
		    EH_ERR_CONFIG);
	}
	ck_assert_int_eq(chmod("d", 0755), 0);
	ck_assert_int_eq(
	    eh_file_check_private_folder("d", &error), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text,
	    "d is open to others (mode 0755): chmod 0700 d");
	ck_assert_int_eq(
	    eh_file_check_private_folder("no", &error), EH_ERR_NOT_FOUND);
}
END_TEST

START_TEST(private_folder_is_a_folder_itself)
{
	ck_assert_int_eq(mkdir("d", 0700), 0);
	ck_assert_int_eq(symlink("d", "l"), 0);
	ck_assert_int_eq(eh_file_write("f", "x", 1, 0600, &error), EH_OK);
	ck_assert_int_eq(
	    eh_file_check_private_folder("l", &error), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text, "l is not a folder");
	ck_assert_int_eq(
	    eh_file_check_private_folder("f", &error), EH_ERR_CONFIG);
	ck_assert_int_eq(eh_file_check_private_file("f", &error), EH_OK);
	ck_assert_int_eq(
	    eh_file_check_private_file("d", &error), EH_ERR_CONFIG);
	ck_assert_int_eq(chmod("f", 0640), 0);
	ck_assert_int_eq(
	    eh_file_check_private_file("f", &error), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text,
	    "f is open to others (mode 0640): chmod 0600 f");
}
END_TEST

START_TEST(folder_of_somebody_else_is_refused)
{
	ck_assert_int_eq(mkdir("d", 0700), 0);
	if (chown("d", 12345, 12345) != 0)
		return;		/* only root can give a folder away */
	ck_assert_int_eq(
	    eh_file_check_private_folder("d", &error), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text,
	    "d belongs to uid 12345, not to uid 0: chown 0 d");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("file");
	TCase *t = tcase_create("file");

	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_add_test(t, what_is_written_is_read);
	tcase_add_test(t, empty_file_is_a_file);
	tcase_add_test(t, one_byte_above_the_limit_is_refused);
	tcase_add_test(t, large_file_goes_both_ways);
	tcase_add_test(t, missing_file_is_told_from_a_bad_one);
	tcase_add_test(t, create_never_overwrites);
	tcase_add_test(t, missing_folder_is_an_error);
	tcase_add_test(t, failed_write_leaves_the_old_file_and_nothing_else);
	tcase_add_test(t, paths_of_every_form_have_a_folder);
	tcase_add_test(t, reading_at_an_offset_stops_at_the_end);
	tcase_add_test(t, folders_are_made_with_their_parents);
	tcase_add_test(t, file_in_the_way_of_a_folder_is_named);
	tcase_add_test(t, private_folder_is_mine_alone);
	tcase_add_test(t, private_folder_is_a_folder_itself);
	tcase_add_test(t, folder_of_somebody_else_is_refused);
	suite_add_tcase(s, t);
	return unit_run(s);
}
