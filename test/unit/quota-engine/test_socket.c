/* SPDX-License-Identifier: Apache-2.0 */
/* test_socket.c - the place in the file system where edgehsmd listens. */
#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "quota-engine/socket.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

static char folder[FIXTURE_PATH], path[FIXTURE_PATH];
static struct eh_conf conf;
static struct eh_socket s;
static struct eh_error error;

static void
begin(void)
{
	eh_error_clear(&error);
	fixture_folder(folder);
	fixture_join(path, folder, "run/s");
	memset(&conf, 0, sizeof(conf));
	conf.socket = path;
	s.fd = -1;
	umask(077);
}

static void
end(void)
{
	eh_socket_close(&s);
	fixture_remove(folder);
}

static unsigned
mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(lstat(name, &st), 0);
	return st.st_mode & 07777;
}

static int
connects(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), result;

	ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	result =
	    connect(fd, (const struct sockaddr *)&address, sizeof(address));
	close(fd);
	return result == 0;
}

START_TEST(it_is_for_its_owner_when_nobody_else_has_a_role)
{
	char run[FIXTURE_PATH];

	ck_assert_msg(
	    eh_socket_open(&s, &conf, &error) == EH_OK, "%s", error.text);
	ck_assert_uint_eq(mode_of(path), 0600);
	fixture_join(run, folder, "run");
	ck_assert_uint_eq(mode_of(run), 0700);
	ck_assert(connects());
}
END_TEST

START_TEST(it_is_open_when_others_have_roles)
{
	struct eh_conf_who who = {
		.kind = EH_CONF_WHO_USER, .id = 12345, .resolved = 1
	};
	char run[FIXTURE_PATH];

	conf.operators.who = &who;
	conf.operators.n = 1;
	ck_assert_int_eq(eh_socket_open(&s, &conf, &error), EH_OK);
	ck_assert_uint_eq(mode_of(path), 0666);
	fixture_join(run, folder, "run");
	ck_assert_uint_eq(mode_of(run), 0755);
}
END_TEST

START_TEST(what_a_dead_daemon_left_is_removed)
{
	ck_assert_int_eq(eh_socket_open(&s, &conf, &error), EH_OK);
	close(s.fd); /* as a kill does: the name stays */
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert(!connects());
	ck_assert_int_eq(eh_socket_open(&s, &conf, &error), EH_OK);
	ck_assert(connects());
}
END_TEST

START_TEST(one_that_somebody_answers_on_is_left_alone)
{
	struct eh_socket second;

	ck_assert_int_eq(eh_socket_open(&s, &conf, &error), EH_OK);
	ck_assert_int_eq(
	    eh_socket_open(&second, &conf, &error), EH_ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(error.text, path));
	ck_assert(connects());
}
END_TEST

START_TEST(one_whose_owner_is_stopped_and_busy_is_left_alone)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct eh_socket second;
	int fd[512], full = 0;
	unsigned n = 0;

	ck_assert_int_eq(eh_socket_open(&s, &conf, &error), EH_OK);
	memcpy(address.sun_path, path, strlen(path));
	/* Nobody accepts: its queue becomes full. */
	while (!full && n < 512) {
		fd[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		ck_assert_int_ge(fd[n], 0);
		full = connect(fd[n++], (const struct sockaddr *)&address,
			   sizeof(address)) != 0;
	}
	ck_assert(full);
	ck_assert_int_eq(
	    eh_socket_open(&second, &conf, &error), EH_ERR_BUSY);
	while (n > 0)
		close(fd[--n]);
}
END_TEST

START_TEST(a_file_in_its_place_is_not_removed)
{
	char run[FIXTURE_PATH];

	fixture_join(run, folder, "run");
	ck_assert_int_eq(mkdir(run, 0700), 0);
	fixture_write(path, "precious", 0600);
	ck_assert_int_eq(eh_socket_open(&s, &conf, &error), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "not a socket"));
	ck_assert_uint_eq(mode_of(path), 0600);
}
END_TEST

START_TEST(a_socket_of_another_user_is_refused)
{
	if (geteuid() != 0)
		return; /* only root can give a file away */
	ck_assert_int_eq(eh_socket_open(&s, &conf, &error), EH_OK);
	close(s.fd);
	s.fd = -1;
	ck_assert_int_eq(lchown(path, 12345, 12345), 0);
	ck_assert_int_eq(eh_socket_open(&s, &conf, &error), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "user 12345"));
	ck_assert_uint_eq(mode_of(path), 0600);
}
END_TEST

START_TEST(a_folder_that_others_write_to_is_refused)
{
	char run[FIXTURE_PATH];

	fixture_join(run, folder, "run");
	ck_assert_int_eq(mkdir(run, 0700), 0);
	ck_assert_int_eq(chmod(run, 0777), 0);
	ck_assert_int_eq(eh_socket_open(&s, &conf, &error), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "chmod go-w"));
	ck_assert_int_eq(chmod(run, 01777), 0); /* as /tmp is */
	ck_assert_int_eq(eh_socket_open(&s, &conf, &error), EH_OK);
}
END_TEST

START_TEST(closing_removes_the_name_and_only_its_own)
{
	struct eh_socket second;

	ck_assert_int_eq(eh_socket_open(&s, &conf, &error), EH_OK);
	eh_socket_close(&s);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(eh_socket_open(&s, &conf, &error), EH_OK);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(eh_socket_open(&second, &conf, &error), EH_OK);
	eh_socket_close(&s);
	ck_assert_int_eq(access(path, F_OK), 0);
	eh_socket_close(&second);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_refused_with_the_numbers)
{
	char longer[200];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	conf.socket = longer;
	ck_assert_int_eq(eh_socket_open(&s, &conf, &error), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "199"));
	ck_assert_ptr_nonnull(strstr(error.text, "107"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("socket");
	TCase *c = tcase_create("socket");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, it_is_for_its_owner_when_nobody_else_has_a_role);
	tcase_add_test(c, it_is_open_when_others_have_roles);
	tcase_add_test(c, what_a_dead_daemon_left_is_removed);
	tcase_add_test(c, one_that_somebody_answers_on_is_left_alone);
	tcase_add_test(
	    c, one_whose_owner_is_stopped_and_busy_is_left_alone);
	tcase_add_test(c, a_file_in_its_place_is_not_removed);
	tcase_add_test(c, a_socket_of_another_user_is_refused);
	tcase_add_test(c, a_folder_that_others_write_to_is_refused);
	tcase_add_test(c, closing_removes_the_name_and_only_its_own);
	tcase_add_test(
	    c, a_path_that_is_too_long_is_refused_with_the_numbers);
	suite_add_tcase(suite, c);
	return unit_run(suite);
}
