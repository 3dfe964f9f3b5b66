/* SPDX-License-Identifier: Apache-2.0 */
/* test_owner.c - the state folder: made when missing, and whose it is now. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quota-engine/owner.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

static char folder[FIXTURE_PATH], state[FIXTURE_PATH];
static struct eh_error error;

static void
begin(void)
{
	eh_error_clear(&error);
	fixture_folder(folder);
	fixture_join(state, folder, "a/state");
}

static void
end(void)
{
	fixture_remove(folder);
}

START_TEST(a_missing_folder_is_made_for_us_alone)
{
	struct stat st;

	ck_assert_msg(
	    eh_owner_check(state, &error) == EH_OK, "%s", error.text);
	ck_assert_int_eq(stat(state, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
}
END_TEST

START_TEST(a_folder_that_others_can_read_is_refused_with_the_cure)
{
	ck_assert_int_eq(eh_owner_check(state, &error), EH_OK);
	ck_assert_int_eq(chmod(state, 0755), 0);
	ck_assert_int_eq(eh_owner_check(state, &error), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "chmod"));
	ck_assert_int_eq(chmod(state, 0700), 0);
	ck_assert_int_eq(eh_owner_check(state, &error), EH_OK);
}
END_TEST

START_TEST(a_folder_of_another_user_is_refused)
{
	if (geteuid() != 0)
		return; /* only root can give a folder away */
	ck_assert_int_eq(eh_owner_check(state, &error), EH_OK);
	ck_assert_int_eq(chown(state, 12345, 12345), 0);
	ck_assert_int_eq(eh_owner_check(state, &error), EH_ERR_CONFIG);
}
END_TEST

START_TEST(who_holds_the_lock_is_named)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[FIXTURE_PATH], pid[24];
	int fd;

	ck_assert_int_eq(eh_owner_check(state, &error), EH_OK);
	ck_assert_int_eq(eh_owner_sign(state, &error), EH_OK);
	/* Signed, but not locked: whoever that was is gone. */
	ck_assert_int_eq(eh_owner_check(state, &error), EH_OK);
	fixture_join(path, state, "lock");
	ck_assert_int_ge(fd = open(path, O_RDWR), 0);
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &all), 0);
	ck_assert_int_eq(eh_owner_check(state, &error), EH_ERR_BUSY);
	snprintf(pid, sizeof(pid), "process %ld ", (long)getpid());
	ck_assert_msg(strstr(error.text, pid) != NULL, "%s", error.text);
	/* Signing again does not let go. */
	ck_assert_int_eq(eh_owner_sign(state, &error), EH_OK);
	ck_assert_int_eq(eh_owner_check(state, &error), EH_ERR_BUSY);
	close(fd);
	ck_assert_int_eq(eh_owner_check(state, &error), EH_OK);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("owner");
	TCase *c = tcase_create("owner");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, a_missing_folder_is_made_for_us_alone);
	tcase_add_test(
	    c, a_folder_that_others_can_read_is_refused_with_the_cure);
	tcase_add_test(c, a_folder_of_another_user_is_refused);
	tcase_add_test(c, who_holds_the_lock_is_named);
	suite_add_tcase(s, c);
	return unit_run(s);
}
