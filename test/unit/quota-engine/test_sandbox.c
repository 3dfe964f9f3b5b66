/* SPDX-License-Identifier: Apache-2.0 */
/* test_sandbox.c - what the kernel lets the daemon do, and what not. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "quota-engine/sandbox.h"
#include "test/unit/unit.h"

/* For ${tpm}: run ${work} in a child behind the sandbox; return what waitpid() says. */
static enum eh_sandbox_tpm tpm = EH_SANDBOX_TPM_FILE;

static int
behind(enum eh_sandbox_network network, int (*work)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (eh_sandbox_drop(NULL) != EH_OK ||
		    eh_sandbox_close(network, tpm, NULL) != EH_OK)
			_exit(100);
		_exit(work());
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int
exits(enum eh_sandbox_network network, int (*work)(void))
{
	int status = behind(network, work);

	ck_assert_msg(WIFEXITED(status), "signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void *
nothing(void *arg)
{
	return arg;
}

static int
use_files_and_threads(void)
{
	char path[] = "/tmp/edgehsm-test.XXXXXX";
	int fd = mkstemp(path);
	pthread_t thread;

	if (fd < 0 || write(fd, "x", 1) != 1 || fdatasync(fd) != 0 ||
	    close(fd) != 0 || unlink(path) != 0)
		return 1;
	if (pthread_create(&thread, NULL, nothing, NULL) != 0 ||
	    pthread_join(thread, NULL) != 0)
		return 2;
	return 0;
}

START_TEST(files_and_threads_work)
{
	ck_assert_int_eq(
	    exits(EH_SANDBOX_NO_NETWORK, use_files_and_threads), 0);
}
END_TEST

static int
open_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd >= 0 ? 0 : errno == EPERM ? 1 : 2;
}

START_TEST(sockets_need_to_be_asked_for)
{
	ck_assert_int_eq(exits(EH_SANDBOX_NO_NETWORK, open_socket), 1);
	ck_assert_int_eq(exits(EH_SANDBOX_NETWORK, open_socket), 0);
}
END_TEST

static int
run_a_program(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return 1;
}

static int
open_local_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd >= 0 ? 0 : errno == EPERM ? 1 : 2;
}

static int
connect_nowhere(void)
{
	return connect(-1, NULL, 0) != 0 && errno == EPERM ? 1 : 0;
}

static int
bind_nowhere(void)
{
	return bind(-1, NULL, 0) != 0 && errno == EPERM ? 1 : 0;
}

static int
open_raw_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, 0);

	return fd >= 0 ? 0 : errno == EPERM ? 1 : 2;
}

START_TEST(the_way_to_the_tpm_is_open_and_no_other)
{
	static const struct {
		enum eh_sandbox_tpm tpm;
		int local, inet, connect;
	} want[] = {
		{ EH_SANDBOX_TPM_FILE, 1, 1, 1 },
		{ EH_SANDBOX_TPM_UNIX, 0, 1, 0 },
		{ EH_SANDBOX_TPM_INET, 1, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		tpm = want[i].tpm;
		ck_assert_int_eq(exits(EH_SANDBOX_NO_NETWORK,
		    open_local_socket), want[i].local);
		ck_assert_int_eq(exits(EH_SANDBOX_NO_NETWORK, open_socket),
		    want[i].inet);
		ck_assert_int_eq(exits(EH_SANDBOX_NO_NETWORK,
		    connect_nowhere), want[i].connect);
		ck_assert_int_eq(
		    exits(EH_SANDBOX_NO_NETWORK, bind_nowhere), 1);
		ck_assert_int_eq(
		    exits(EH_SANDBOX_NO_NETWORK, open_raw_socket), 1);
	}
}
END_TEST

START_TEST(running_a_program_ends_it)
{
	int status = behind(EH_SANDBOX_NETWORK, run_a_program);

	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSYS);
}
END_TEST

static int
make_a_process(void)
{
	if (fork() == 0)
		_exit(0);
	return 1;
}

START_TEST(making_a_process_ends_it)
{
	int status = behind(EH_SANDBOX_NETWORK, make_a_process);

	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSYS);
}
END_TEST

/* 0: it was let, 1: it was not. */
static int
verdict(int result)
{
	if (result == 0)
		return 0;
	return errno == EPERM ? 1 : 2;
}

static int
kill_somebody(void)
{
	return verdict(kill(getppid(), 0));
}

/* Another way to the same. */
static int
kill_a_thread(void)
{
	return verdict(tgkill(getppid(), getppid(), 0));
}

static int
look_at_limits(void)
{
	struct rlimit limit;

	return verdict(prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit));
}

START_TEST(other_processes_are_out_of_reach)
{
	ck_assert_int_eq(exits(EH_SANDBOX_NO_NETWORK, kill_somebody), 1);
	ck_assert_int_eq(exits(EH_SANDBOX_NO_NETWORK, kill_a_thread), 1);
	ck_assert_int_eq(exits(EH_SANDBOX_NO_NETWORK, look_at_limits), 1);
}
END_TEST

static int
abort_ourselves(void)
{
	abort();
}

START_TEST(an_abort_is_one)
{
	int status = behind(EH_SANDBOX_NO_NETWORK, abort_ourselves);

	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
}
END_TEST

static int
look_at_ourselves(void)
{
	struct rlimit core;
	FILE *f;
	char line[256];
	unsigned long long caps = 1;

	if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
		return 1;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 2;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 3;
	if ((f = fopen("/proc/self/status", "r")) == NULL)
		return 4;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	fclose(f);
	return caps == 0 ? 0 : 5;
}

START_TEST(core_files_privileges_and_capabilities_are_gone)
{
	ck_assert_int_eq(
	    exits(EH_SANDBOX_NO_NETWORK, look_at_ourselves), 0);
}
END_TEST

static int
write_and_run(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page != MAP_FAILED || errno != EPERM)
		return 1;
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return 2;
	if (mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == 0 ||
	    errno != EPERM)
		return 3;
	/* A library that is loaded late is read and run, not written. */
	if (mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0)
		return 4;
	return 0;
}

START_TEST(no_page_is_written_and_run)
{
	ck_assert_int_eq(exits(EH_SANDBOX_NETWORK, write_and_run), 0);
}
END_TEST

static int
become_dumpable(void)
{
	/* As the kernel sees it, the argument is an int. */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ||
	    syscall(SYS_prctl, (1L << 32) | PR_SET_DUMPABLE, 1, 0, 0, 0) == 0)
		return 1;
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 2;
}

START_TEST(it_cannot_be_made_dumpable_again)
{
	ck_assert_int_eq(exits(EH_SANDBOX_NETWORK, become_dumpable), 0);
}
END_TEST

static unsigned long
locked_kib(void)
{
	unsigned long kib = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmLck: %lu", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kib;
}

/* All of it, or nothing has changed. */
static int
lock_all(void)
{
	struct rlimit limit;

	if (!eh_sandbox_lock_all())
		return locked_kib() == 0 ? 0 : 1;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 ||
	    limit.rlim_cur != RLIM_INFINITY || locked_kib() == 0)
		return 2;
	/* More than is there can still be asked for, and is not touched. */
	return use_files_and_threads();
}

static int
lock_all_in_a_child(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(lock_all());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

START_TEST(memory_is_locked_where_the_host_allows_it)
{
	ck_assert_int_eq(lock_all_in_a_child(), 0);
}
END_TEST

START_TEST(what_makes_it_unsuitable_is_said)
{
	ck_assert_ptr_null(eh_sandbox_unsuitable());
	ck_assert_int_eq(
	    setenv("LD_PRELOAD", "/x/vgpreload_core-amd64-linux.so", 1), 0);
	ck_assert_str_eq(eh_sandbox_unsuitable(), "running under valgrind");
}
END_TEST

int
main(void)
{
	Suite *s;
	TCase *c;

	if (eh_sandbox_unsuitable() != NULL)
		return unit_skip(eh_sandbox_unsuitable());
	s = suite_create("sandbox");
	c = tcase_create("sandbox");
	tcase_add_test(c, files_and_threads_work);
	tcase_add_test(c, sockets_need_to_be_asked_for);
	tcase_add_test(c, the_way_to_the_tpm_is_open_and_no_other);
	tcase_add_test(c, running_a_program_ends_it);
	tcase_add_test(c, making_a_process_ends_it);
	tcase_add_test(c, other_processes_are_out_of_reach);
	tcase_add_test(c, an_abort_is_one);
	tcase_add_test(
	    c, core_files_privileges_and_capabilities_are_gone);
	tcase_add_test(c, no_page_is_written_and_run);
	tcase_add_test(c, it_cannot_be_made_dumpable_again);
	tcase_add_test(c, memory_is_locked_where_the_host_allows_it);
	tcase_add_test(c, what_makes_it_unsuitable_is_said);
	suite_add_tcase(s, c);
	return unit_run(s);
}
