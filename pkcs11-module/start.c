/* SPDX-License-Identifier: Apache-2.0 */
/* start.c - starting edgehsmd when nobody else has. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "pkcs11-module/start.h"

#define REAP_MS       2000
#define READY_FD      3
#define READY_FD_TEXT "3"

int
eh_start_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 10 };
	int fd, saved;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* connect() waits while the daemon's backlog is full. */
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static uint64_t
ms_left(uint64_t deadline)
{
	uint64_t now = eh_clock_monotonic_ns();

	return now >= deadline ? 0 : (deadline - now) / 1000000 + 1;
}

/* Make the folder of the socket and open the lock file in it. */
static int
open_lock(const char *socket_path, struct eh_error *error)
{
	char path[EH_CONF_SOCKET_MAX + 16], *slash;
	int fd;

	snprintf(path, sizeof(path), "%s", socket_path);
	if ((slash = strrchr(path, '/')) != NULL && slash != path) {
		*slash = '\0';
		if (eh_file_mkdir(path, 0700, error) != EH_OK)
			return -1;
	}
	snprintf(path, sizeof(path), "%s.lock", socket_path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "edgehsmd cannot be started: %s: %s", path,
		    strerror(errno));
	return fd;
}

static int
take_lock(int fd, uint64_t deadline)
{
	static const struct timespec nap = { .tv_nsec = 10 * 1000000 };

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) ||
		    ms_left(deadline) == 0)
			return -1;
		nanosleep(&nap, NULL);
	}
	return 0;
}

/*
 * Nothing is inherited but the write end of the pipe: standard streams are
 * /dev/null, signals are as at a fresh start, the session is its own, so that
 * the terminal of whoever happened to sign first does not take it down.
 */
static int
spawn(const struct eh_conf *conf, int ready, pid_t *pid)
{
	char *argv[] = { conf->daemon, (char *)(uintptr_t) "--ready-fd",
		(char *)(uintptr_t)READY_FD_TEXT, (char *)(uintptr_t) "--conf",
		conf->path, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int err;

	if (conf->path == NULL)
		argv[3] = NULL;
	if ((err = posix_spawn_file_actions_init(&files)) != 0)
		return err;
	if ((err = posix_spawnattr_init(&attr)) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return err;
	}
	sigemptyset(&none);
	sigfillset(&all);
	err = posix_spawn_file_actions_adddup2(&files, ready, READY_FD);
	for (int fd = 0; fd <= 2 && err == 0; fd++)
		err = posix_spawn_file_actions_addopen(
		    &files, fd, "/dev/null", O_RDWR, 0);
	if (err == 0)
		err = posix_spawn_file_actions_addclosefrom_np(
		    &files, READY_FD + 1);
	if (err == 0)
		err = posix_spawnattr_setsigmask(&attr, &none);
	if (err == 0)
		err = posix_spawnattr_setsigdefault(&attr, &all);
	if (err == 0)
		err = posix_spawnattr_setflags(&attr,
		    POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
			POSIX_SPAWN_SETSIGDEF);
	if (err == 0)
		err = posix_spawn(
		    pid, conf->daemon, &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return err;
}

/* Read the daemon's line, "ok" or why not; return its length, 0 when it ended
 * without a word, -1 when the time was over. */
static ssize_t
read_line(int fd, char *line, size_t cap, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	while (len < cap - 1 && memchr(line, '\n', len) == NULL) {
		if (poll(&p, 1, (int)ms_left(deadline)) <= 0) {
			if (ms_left(deadline) == 0)
				return -1;
			continue;
		}
		n = read(fd, line + len, cap - 1 - len);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			len += (size_t)n;
	}
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return (ssize_t)strlen(line);
}

/* EH_OK; EH_ERR_IO when it died without a word, else EH_ERR_UNAVAILABLE. */
static int
await(const struct eh_conf *conf, int fd, uint64_t deadline,
    struct eh_error *error)
{
	char line[EH_ERROR_TEXT];
	ssize_t n = read_line(fd, line, sizeof(line), deadline);

	if (n < 0)
		return eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "edgehsmd was started, but did not serve within %d s",
		    EH_START_MS / 1000);
	if (strcmp(line, "ok") == 0)
		return EH_OK;
	if (n > 0)
		return eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "edgehsmd did not start: %s", line);
	(void)eh_error_set(error, EH_ERR_UNAVAILABLE,
	    "edgehsmd did not start and did not say why; run %s%s%s by hand",
	    conf->daemon, conf->path != NULL ? " --conf " : "",
	    conf->path != NULL ? conf->path : "");
	return EH_ERR_IO;
}

/* The daemon goes to the background by a fork, so what was spawned has ended or
 * is about to; the host finds no child that it does not know.  (A program that
 * is no edgehsmd may stay: it is not waited for long.)  Returns the exit status,
 * or -1 when it is not to be had. */
static int
reap(pid_t pid)
{
	static const struct timespec nap = { .tv_nsec = 2 * 1000000 };
	uint64_t until = eh_clock_monotonic_ns() + UINT64_C(1000000) * REAP_MS;
	pid_t got;
	int status;

	while ((got = waitpid(pid, &status, WNOHANG)) == 0 &&
	    eh_clock_monotonic_ns() < until)
		nanosleep(&nap, NULL);
	return got == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Start it once; ${statusp} is its exit status. */
static int
start_once(const struct eh_conf *conf, uint64_t deadline, int *statusp,
    struct eh_error *error)
{
	int ends[2], ready, err;
	pid_t pid = -1;

	*statusp = -1;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "edgehsmd cannot be started: %s", strerror(errno));
	/* Not on 0, 1, 2, should our process have closed those. */
	ready = fcntl(ends[1], F_DUPFD_CLOEXEC, READY_FD);
	close(ends[1]);
	err = ready < 0 ? errno : spawn(conf, ready, &pid);
	if (ready >= 0)
		close(ready);
	if (err != 0)
		err = eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "edgehsmd cannot be started: %s: %s", conf->daemon,
		    strerror(err));
	else
		err = await(conf, ends[0], deadline, error);
	close(ends[0]);
	if (pid > 0)
		*statusp = reap(pid);
	return err;
}

/*
 * Some failures pass.  A daemon that was killed may hold its state folder a
 * moment longer than its socket: the next one then says EX_TEMPFAIL.  And one
 * that is killed while it starts says nothing.
 */
static int
start_locked(
    const struct eh_conf *conf, uint64_t deadline, struct eh_error *error)
{
	static const struct timespec nap = { .tv_nsec = 50 * 1000000 };
	int err, status, more;

	for (int tries = 0;; tries++) {
		err = start_once(conf, deadline, &status, error);
		more = status == EX_TEMPFAIL ? 20 : err == EH_ERR_IO ? 2 : 0;
		if (err == EH_OK)
			return EH_OK;
		if (tries >= more)
			return EH_ERR_UNAVAILABLE;
		nanosleep(&nap, NULL);
	}
}

int
eh_start_daemon(const struct eh_conf *conf, struct eh_error *error)
{
	uint64_t deadline =
	    eh_clock_monotonic_ns() + UINT64_C(1000000) * EH_START_MS;
	int lock, fd, err;

	if ((lock = open_lock(conf->socket, error)) < 0)
		return EH_ERR_UNAVAILABLE;
	if (take_lock(lock, deadline) != 0) {
		close(lock);
		return eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "edgehsmd is being started by another process, which has "
		    "not finished within %d s",
		    EH_START_MS / 1000);
	}
	fd = eh_start_connect(conf->socket);
	if (fd >= 0) {
		close(fd);
		err = EH_OK;
	} else {
		err = start_locked(conf, deadline, error);
	}
	/* Not by close() alone: a child that forked just now holds it too. */
	(void)flock(lock, LOCK_UN);
	close(lock);
	return err;
}
