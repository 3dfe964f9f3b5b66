/* SPDX-License-Identifier: Apache-2.0 */
/* test_ready.c - telling whoever started the daemon how that went. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "quota-engine/ready.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

static struct eh_ready ready;
static struct eh_error why;

static void
begin(void)
{
	ck_assert_int_eq(unsetenv("NOTIFY_SOCKET"), 0);
	eh_error_set(&why, EH_ERR_CONFIG, "no token of that label");
}

/* What can be read from ${fd}, and then its end. */
static void
reads(int fd, const char *text)
{
	char bytes[512];
	size_t len = 0;
	ssize_t got;

	while ((got = read(fd, bytes + len, sizeof(bytes) - 1 - len)) > 0)
		len += (size_t)got;
	bytes[len] = '\0';
	ck_assert_int_eq(got, 0);
	ck_assert_str_eq(bytes, text);
	close(fd);
}

START_TEST(the_descriptor_says_ok_and_is_closed)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	eh_ready_init(&ready, ends[1]);
	eh_ready_say(&ready, 0, NULL);
	reads(ends[0], "ok\n");
	/* Once is enough. */
	eh_ready_say(&ready, 0, NULL);
	eh_ready_stopping(&ready);
}
END_TEST

START_TEST(or_the_sentence)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	eh_ready_init(&ready, ends[1]);
	eh_ready_say(&ready, 78, &why);
	reads(ends[0], "no token of that label\n");
}
END_TEST

START_TEST(nobody_needs_to_listen)
{
	eh_ready_init(&ready, -1);
	eh_ready_say(&ready, 78, &why);
	eh_ready_say(&ready, 0, NULL);
	eh_ready_stopping(&ready);
	ck_assert_int_eq(ready.fd, -1);
}
END_TEST

static int
manager(const char *name, size_t len)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(address.sun_path, name, len);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address,
			     (socklen_t)(sizeof(address.sun_family) + len)),
	    0);
	return fd;
}

static void
hears(int fd, const char *text)
{
	char bytes[64];
	ssize_t len = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	ck_assert_int_eq(len, (ssize_t)strlen(text));
	ck_assert_mem_eq(bytes, text, strlen(text));
}

START_TEST(the_service_manager_hears_ready_and_stopping)
{
	char folder[FIXTURE_PATH], path[FIXTURE_PATH];
	int fd;

	fixture_folder(folder);
	fixture_join(path, folder, "notify");
	fd = manager(path, strlen(path));
	ck_assert_int_eq(setenv("NOTIFY_SOCKET", path, 1), 0);
	eh_ready_init(&ready, -1);
	eh_ready_say(&ready, 0, NULL);
	hears(fd, "READY=1");
	eh_ready_stopping(&ready);
	hears(fd, "STOPPING=1");
	/* Of a start that fails it learns by the exit status. */
	eh_ready_init(&ready, -1);
	eh_ready_say(&ready, 78, &why);
	ck_assert_int_lt(recv(fd, path, 1, MSG_DONTWAIT), 0);
	eh_ready_stopping(&ready);
	close(fd);
	fixture_remove(folder);
}
END_TEST

START_TEST(an_abstract_name_of_the_manager_works_too)
{
	int fd = manager("\0edgehsm-test-ready", 19);

	ck_assert_int_eq(
	    setenv("NOTIFY_SOCKET", "@edgehsm-test-ready", 1), 0);
	eh_ready_init(&ready, -1);
	eh_ready_say(&ready, 0, NULL);
	hears(fd, "READY=1");
	eh_ready_stopping(&ready);
	close(fd);
}
END_TEST

/* A process that goes into the background and then says ${status}; what comes
 * on its standard error is in ${said}. */
static char said[256];

static int
detached(int status)
{
	int ended, pipes[2];
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	ck_assert_int_eq(pipe(pipes), 0);
	if ((pid = fork()) == 0) {
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		eh_ready_init(&ready, -1);
		if (eh_ready_detach(&ready, NULL) != EH_OK)
			_exit(99);
		if (status >= 0)
			eh_ready_say(&ready, status, &why);
		_exit(0);
	}
	close(pipes[1]);
	while ((got = read(pipes[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)got;
	said[len] = '\0';
	close(pipes[0]);
	ck_assert_int_eq(waitpid(pid, &ended, 0), pid);
	ck_assert(WIFEXITED(ended));
	return WEXITSTATUS(ended);
}

START_TEST(who_was_started_ends_with_the_daemons_status)
{
	ck_assert_int_eq(detached(0), 0);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(detached(78), 78);
	ck_assert_ptr_nonnull(strstr(said, why.text));
	/* It died without a word. */
	ck_assert_int_eq(detached(-1), 70);
	ck_assert_ptr_nonnull(strstr(said, "ended before it was ready"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ready");
	TCase *c = tcase_create("ready");

	tcase_add_checked_fixture(c, begin, NULL);
	tcase_add_test(c, the_descriptor_says_ok_and_is_closed);
	tcase_add_test(c, or_the_sentence);
	tcase_add_test(c, nobody_needs_to_listen);
	tcase_add_test(c, the_service_manager_hears_ready_and_stopping);
	tcase_add_test(c, an_abstract_name_of_the_manager_works_too);
	tcase_add_test(c, who_was_started_ends_with_the_daemons_status);
	suite_add_tcase(s, c);
	return unit_run(s);
}
