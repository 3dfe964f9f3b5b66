/* SPDX-License-Identifier: Apache-2.0 */
/* ready.c - telling whoever started the daemon how that went. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "quota-engine/ready.h"

#define EXIT_UNKNOWN 70 /* EX_SOFTWARE: it died without a word */

/* systemd's protocol is one datagram; no library is needed for that. */
static int
connect_manager(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path));
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(path));
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address, len) == 0)
		return fd;
	close(fd);
	return -1;
}

void
eh_ready_init(struct eh_ready *r, int fd)
{
	r->fd = fd;
	r->parent = -1;
	r->manager = connect_manager();
}

/* A listener that has gone is no reason to stop; SIGPIPE is ignored. */
static void
tell(int fd, const char *bytes, size_t len)
{
	ssize_t written = fd < 0 ? -1 : write(fd, bytes, len);

	(void)written;
}

/* Wait for the child's line; its first byte is the exit status. */
static void
wait_for_child(int fd)
{
	unsigned char status = EXIT_UNKNOWN;
	char text[EH_ERROR_TEXT];
	ssize_t got;

	do
		got = read(fd, &status, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1)
		fprintf(stderr, "edgehsmd: it ended before it was ready, and "
		    "did not say why: was it killed?\n");
	else if (status != 0 && (got = read(fd, text, sizeof(text))) > 0)
		fprintf(stderr, "edgehsmd: %.*s\n", (int)got, text);
	_exit(status);
}

/* Whoever reads our output must not wait for us; the log, on standard error,
 * goes on. */
static int
drop_stdio(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0 ||
	    dup2(fd, STDOUT_FILENO) < 0)
		return -1;
	if (fd > STDERR_FILENO)
		close(fd);
	return 0;
}

int
eh_ready_detach(struct eh_ready *r, struct eh_error *error)
{
	int pipes[2];
	pid_t pid;

	if (pipe(pipes) != 0 || (pid = fork()) < 0)
		return eh_error_set(error, EH_ERR_IO,
		    "cannot go into the background: %s", strerror(errno));
	if (pid > 0) {
		close(pipes[1]);
		wait_for_child(pipes[0]);
	}
	close(pipes[0]);
	r->parent = pipes[1];
	if (fcntl(r->parent, F_SETFD, FD_CLOEXEC) != 0 || setsid() < 0 ||
	    chdir("/") != 0 || drop_stdio() != 0)
		return eh_error_set(error, EH_ERR_IO,
		    "cannot go into the background: %s", strerror(errno));
	return EH_OK;
}

static void
tell_and_close(int *fd, const char *bytes, size_t len)
{
	if (*fd < 0)
		return;
	tell(*fd, bytes, len);
	close(*fd);
	*fd = -1;
}

void
eh_ready_say(struct eh_ready *r, int status, const struct eh_error *error)
{
	static const char ready[] = "READY=1";
	const char *text = status == 0 ? "ok" : eh_error_sentence(error);
	char line[1 + EH_ERROR_TEXT];
	int len;

	/* Who waits for us goes first, so that whoever reads the other line
	 * finds no process that still has to end. */
	line[0] = (char)status;
	len = snprintf(line + 1, sizeof(line) - 1, "%s", text);
	tell_and_close(&r->parent, line, 1 + (size_t)len);
	len = snprintf(line, sizeof(line), "%s\n", text);
	tell_and_close(&r->fd, line, (size_t)len);
	if (status == 0)
		tell(r->manager, ready, sizeof(ready) - 1);
}

void
eh_ready_stopping(struct eh_ready *r)
{
	static const char stopping[] = "STOPPING=1";

	tell_and_close(&r->manager, stopping, sizeof(stopping) - 1);
}
