/* SPDX-License-Identifier: Apache-2.0 */
/* test_start.c - starting the daemon: this program plays it. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11-module/client.h"
#include "pkcs11-module/start.h"
#include "test/unit/pkcs11-module/fake.h"
#include "test/unit/unit.h"

static char self[4096], folder[64], socket_path[108], conf_path[108];
static struct eh_conf conf;
static struct eh_error error;

static void
up(void)
{
	FILE *f;

	strcpy(folder, "/tmp/edgehsm-start.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(socket_path, sizeof(socket_path), "%s/run/s", folder);
	snprintf(conf_path, sizeof(conf_path), "%s/conf", folder);
	f = fopen(conf_path, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "socket = %s\n", socket_path);
	fclose(f);
	memset(&conf, 0, sizeof(conf));
	conf.socket = socket_path;
	conf.path = conf_path;
	conf.daemon = self;
	conf.autostart = 1;
	eh_error_clear(&error);
}

static void
down(void)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(the_daemon_is_started_and_serves)
{
	struct eh_client client;
	struct eh_hello hello;

	eh_client_init(&client, &conf);
	ck_assert_int_eq(eh_client_hello(&client, &hello, &error), EH_OK);
	ck_assert_str_eq(hello.label, "line 3");
	eh_client_wipe(&client);
	/* It went to the background: we have no child. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(of_many_at_once_one_starts_it_and_all_are_served)
{
	pid_t pid[4];
	int status, i;
	DIR *dir;

	for (i = 0; i < 4; i++)
		if ((pid[i] = fork()) == 0)
			_exit(eh_start_daemon(&conf, &error) == EH_OK ? 0 : 1);
	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_int_eq(status, 0);
	}
	/* Each that was started leaves a mark. */
	dir = opendir(folder);
	ck_assert_ptr_nonnull(dir);
	i = 0;
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		i += strncmp(e->d_name, "started.", 8) == 0;
	closedir(dir);
	ck_assert_int_eq(i, 1);
}
END_TEST

START_TEST(nothing_is_inherited_but_the_pipe)
{
	char line[64], path[160];
	FILE *f;
	int secret = open("/dev/zero", O_RDONLY); /* not close-on-exec */

	ck_assert_int_ge(secret, 3);
	ck_assert_int_eq(eh_start_daemon(&conf, &error), EH_OK);
	snprintf(path, sizeof(path), "%s/descriptors", folder);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	fclose(f);
	ck_assert_str_eq(line, "0123");
	close(secret);
}
END_TEST

START_TEST(a_daemon_that_says_why_is_quoted)
{
	setenv("FAKE_DAEMON", "complains", 1);
	ck_assert_int_eq(eh_start_daemon(&conf, &error), EH_ERR_UNAVAILABLE);
	ck_assert_str_eq(error.text, "edgehsmd did not start: the state "
	    "folder is another user's");
	unsetenv("FAKE_DAEMON");
}
END_TEST

START_TEST(a_state_folder_that_is_still_held_is_tried_again)
{
	char path[160];
	struct stat tries;

	setenv("FAKE_DAEMON", "busy twice", 1);
	ck_assert_int_eq(eh_start_daemon(&conf, &error), EH_OK);
	snprintf(path, sizeof(path), "%s/tries", folder);
	ck_assert_int_eq(stat(path, &tries), 0);
	ck_assert_int_eq(tries.st_size, 3);
	unsetenv("FAKE_DAEMON");
}
END_TEST

/* On a busy machine it takes its time to go, after its last word. */
START_TEST(one_that_ends_slowly_is_waited_for)
{
	setenv("FAKE_DAEMON", "busy slowly", 1);
	ck_assert_int_eq(eh_start_daemon(&conf, &error), EH_OK);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	unsetenv("FAKE_DAEMON");
}
END_TEST

START_TEST(one_that_was_killed_while_it_started_is_tried_again)
{
	setenv("FAKE_DAEMON", "dies once", 1);
	ck_assert_int_eq(eh_start_daemon(&conf, &error), EH_OK);
	unsetenv("FAKE_DAEMON");
}
END_TEST

START_TEST(a_daemon_that_dies_silently_is_said_to)
{
	setenv("FAKE_DAEMON", "dies", 1);
	ck_assert_int_eq(eh_start_daemon(&conf, &error), EH_ERR_UNAVAILABLE);
	ck_assert_int_eq(error.code, EH_ERR_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(error.text, "did not say why"));
	ck_assert_ptr_nonnull(strstr(error.text, conf_path));
	unsetenv("FAKE_DAEMON");
}
END_TEST

START_TEST(a_daemon_that_is_not_there_is_named)
{
	char missing[] = "/nonexistent/edgehsmd";

	conf.daemon = missing;
	ck_assert_int_eq(eh_start_daemon(&conf, &error), EH_ERR_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(error.text, missing));
	ck_assert_ptr_nonnull(strstr(error.text, "No such file"));
}
END_TEST

START_TEST(what_has_just_failed_is_not_tried_again_at_once)
{
	struct eh_client client;
	struct stat before, after;
	char path[160];

	setenv("FAKE_DAEMON", "complains", 1);
	snprintf(path, sizeof(path), "%s/tries", folder);
	eh_client_init(&client, &conf);
	ck_assert_int_eq(
	    eh_client_reach(&client, &error), EH_ERR_UNAVAILABLE);
	ck_assert_int_eq(stat(path, &before), 0);
	for (int i = 0; i < 5; i++) {
		eh_error_clear(&error);
		ck_assert_int_eq(
		    eh_client_reach(&client, &error), EH_ERR_UNAVAILABLE);
		ck_assert_ptr_nonnull(strstr(error.text, "another user"));
	}
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_eq(before.st_size, after.st_size);
	eh_client_wipe(&client);
	unsetenv("FAKE_DAEMON");
}
END_TEST

START_TEST(a_path_too_long_for_a_socket_is_refused)
{
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(eh_start_connect(path), -1);
}
END_TEST

/* --- the daemon's side --- */

static void
mark(const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if ((f = fopen(path, "a")) == NULL)
		_exit(3);
	fputs(text, f);
	fclose(f);
}

static int
marks(const char *name)
{
	char path[200];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return stat(path, &st) == 0 ? (int)st.st_size : 0;
}

static int
play_daemon(char **argv)
{
	static const struct timespec moment = { .tv_nsec = 150 * 1000000 };
	const char *how = getenv("FAKE_DAEMON");
	char open_now[20] = "", name[40];

	for (int fd = 0; fd < 10; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			sprintf(open_now + strlen(open_now), "%d", fd);
	snprintf(folder, sizeof(folder), "%s", argv[4]);
	*strrchr(folder, '/') = '\0';
	mark("tries", "x");
	if (how != NULL && strcmp(how, "dies") == 0)
		return 1;
	if (how != NULL && strcmp(how, "dies once") == 0) {
		if (marks("tries") < 2)
			raise(SIGKILL);
		how = NULL;
	}
	if (how != NULL && strncmp(how, "busy ", 5) == 0) {
		if (marks("tries") < 3) {
			dprintf(3, "the state folder is in use\n");
			if (strcmp(how, "busy slowly") == 0)
				nanosleep(&moment, NULL);
			return EX_TEMPFAIL;
		}
		how = NULL;
	}
	if (how != NULL)
		dprintf(3, "the state folder is another user's\n");
	if (how != NULL)
		return 1;
	mark("descriptors", open_now);
	snprintf(name, sizeof(name), "started.%d", (int)getpid());
	mark(name, "");
	return fake_main(argv[4], atoi(argv[2]));
}

int
main(int argc, char **argv)
{
	Suite *s;
	TCase *t;
	ssize_t n;

	if (argc == 5 && strcmp(argv[1], "--ready-fd") == 0 &&
	    strcmp(argv[3], "--conf") == 0)
		return play_daemon(argv);
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return unit_skip("no /proc to find this program in");
	s = suite_create("start");
	t = tcase_create("start");
	tcase_add_checked_fixture(t, up, down);
	tcase_add_test(t, the_daemon_is_started_and_serves);
	tcase_add_test(t, of_many_at_once_one_starts_it_and_all_are_served);
	tcase_add_test(t, nothing_is_inherited_but_the_pipe);
	tcase_add_test(t, a_daemon_that_says_why_is_quoted);
	tcase_add_test(t, a_state_folder_that_is_still_held_is_tried_again);
	tcase_add_test(t, one_that_ends_slowly_is_waited_for);
	tcase_add_test(t, one_that_was_killed_while_it_started_is_tried_again);
	tcase_add_test(t, a_daemon_that_dies_silently_is_said_to);
	tcase_add_test(t, a_daemon_that_is_not_there_is_named);
	tcase_add_test(t, what_has_just_failed_is_not_tried_again_at_once);
	tcase_add_test(t, a_path_too_long_for_a_socket_is_refused);
	suite_add_tcase(s, t);
	return unit_run(s);
}
