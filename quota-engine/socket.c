/* SPDX-License-Identifier: Apache-2.0 */
/* socket.c - the place in the file system where edgehsmd listens. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/file.h"
#include "quota-engine/roles.h"
#include "quota-engine/socket.h"

#define BACKLOG 256 /* stations that come back together after a restart */
#define PASSED	3    /* the first of sd_listen_fds(3) */

static int
failed(const char *path, const char *what, struct eh_error *error)
{
	return eh_error_set(error, EH_ERR_IO, "socket %s: %s: %s", path, what,
	    strerror(errno));
}

/* Whoever may write to the folder may put another socket in our place. */
static int
check_folder(const char *folder, struct eh_error *error)
{
	struct stat st;

	if (stat(folder, &st) != 0)
		return failed(folder, "folder", error);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return eh_error_set(error, EH_ERR_CONFIG,
		    "the socket's folder %s belongs to user %u, not to user %u "
		    "who runs edgehsmd",
		    folder, (unsigned)st.st_uid, (unsigned)geteuid());
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
	    (st.st_mode & S_ISVTX) == 0)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "others may write to the socket's folder %s: chmod go-w "
		    "%s",
		    folder, folder);
	return EH_OK;
}

static int
open_folder(const struct eh_conf *conf, int *fdp, struct eh_error *error)
{
	mode_t mode = eh_roles_name_others(conf, geteuid()) ? 0755 : 0700;
	char folder[PATH_MAX];
	char *slash;
	int err;

	snprintf(folder, sizeof(folder), "%s", conf->socket);
	if ((slash = strrchr(folder, '/')) == NULL)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "the socket's path %s is not absolute", conf->socket);
	slash[slash == folder] = '\0';
	if (access(folder, F_OK) != 0) {
		if ((err = eh_file_mkdir(folder, 0700, error)) != EH_OK)
			return err;
		if (chmod(folder, mode) != 0) /* the umask is 077 */
			return failed(folder, "folder", error);
	}
	if ((err = check_folder(folder, error)) != EH_OK)
		return err;
	*fdp = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fdp < 0 ? failed(folder, "folder", error) : EH_OK;
}

static int
fill_address(const char *path, struct sockaddr_un *address,
    struct eh_error *error)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return eh_error_set(error, EH_ERR_CONFIG,
		    "the socket's path has %zu bytes: %zu are the most",
		    strlen(path), sizeof(address->sun_path) - 1);
	memcpy(address->sun_path, path, strlen(path));
	return EH_OK;
}

/* 1 when somebody answers, 0 when nobody does.  Somebody who is stopped and has
 * a full queue (EAGAIN) is there, too. */
static int
answers(const struct sockaddr_un *address)
{
	int fd = socket(
	    AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int connected;

	if (fd < 0)
		return 0;
	connected = connect(fd, (const struct sockaddr *)address,
			sizeof(*address)) == 0 ||
	    errno == EAGAIN;
	close(fd);
	return connected;
}

static int
clear_way(const struct sockaddr_un *address, struct eh_error *error)
{
	const char *path = address->sun_path;
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? EH_OK : failed(path, "stat", error);
	if (st.st_uid != geteuid())
		return eh_error_set(error, EH_ERR_CONFIG,
		    "the socket %s belongs to user %u, not to user %u who runs "
		    "edgehsmd: remove it or name another",
		    path, (unsigned)st.st_uid, (unsigned)geteuid());
	if (!S_ISSOCK(st.st_mode))
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s is not a socket: edgehsmd does not remove it", path);
	if (answers(address))
		return eh_error_set(error, EH_ERR_BUSY,
		    "another edgehsmd answers on the socket %s already", path);
	if (unlink(path) != 0 && errno != ENOENT)
		return failed(path, "remove", error);
	return EH_OK;
}

static int
listen_at(struct eh_socket *s, const struct sockaddr_un *address, mode_t mode,
    struct eh_error *error)
{
	struct stat st;

	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return failed(s->path, "socket", error);
	if (bind(s->fd, (const struct sockaddr *)address, sizeof(*address)) !=
		0 ||
	    lstat(s->path, &st) != 0)
		return failed(s->path, "bind", error);
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	/* bind() made it by the umask, which is 077. */
	if (chmod(s->path, mode) != 0 || listen(s->fd, BACKLOG) != 0)
		return failed(s->path, "listen", error);
	return EH_OK;
}

/* --- a socket that was passed --- */

/* How many the service manager has passed to us; 0 when there is none. */
static long
passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	if (pid == NULL || fds == NULL || atol(pid) != (long)getpid())
		return 0;
	return atol(fds);
}

static int
option_of(int fd, int option)
{
	socklen_t len = sizeof(int);
	int value = -1;

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value :
								       -1;
}

static int
take_passed(struct eh_socket *s, long n, struct eh_error *error)
{
	struct sockaddr_un at;
	socklen_t len = sizeof(at);

	memset(&at, 0, sizeof(at));
	if (n != 1)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "the service manager passed %ld sockets: edgehsmd takes "
		    "one; leave one ListenStream= in edgehsmd.socket", n);
	if (option_of(PASSED, SO_DOMAIN) != AF_UNIX ||
	    option_of(PASSED, SO_TYPE) != SOCK_STREAM ||
	    option_of(PASSED, SO_ACCEPTCONN) != 1 ||
	    getsockname(PASSED, (struct sockaddr *)&at, &len) != 0)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "what the service manager passed is not a listening unix "
		    "stream socket: see ListenStream= in edgehsmd.socket");
	at.sun_path[sizeof(at.sun_path) - 1] = '\0';
	if (strcmp(at.sun_path, s->path) != 0)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "the service manager passed the socket %s, edgehsm.conf "
		    "names %s: let ListenStream= in edgehsmd.socket and socket "
		    "= be the same",
		    at.sun_path, s->path);
	if (fcntl(PASSED, F_SETFD, FD_CLOEXEC) != 0)
		return failed(s->path, "close on exec", error);
	s->fd = PASSED;
	s->is_passed = 1;
	return EH_OK;
}

static int
open_passed(struct eh_socket *s, const struct eh_conf *conf, long n,
    struct eh_error *error)
{
	int folder = -1, err;

	if ((err = take_passed(s, n, error)) == EH_OK)
		err = open_folder(conf, &folder, error);
	if (folder >= 0)
		close(folder);
	return err;
}

int
eh_socket_open(
    struct eh_socket *s, const struct eh_conf *conf, struct eh_error *error)
{
	mode_t mode = eh_roles_name_others(conf, geteuid()) ? 0666 : 0600;
	struct sockaddr_un address;
	int folder = -1, err;
	long n = passed();

	memset(s, 0, sizeof(*s));
	s->fd = -1;
	s->path = conf->socket;
	if (n != 0)
		return open_passed(s, conf, n, error);
	if ((err = fill_address(conf->socket, &address, error)) != EH_OK ||
	    (err = open_folder(conf, &folder, error)) != EH_OK)
		return err;
	/* Two daemons that start at once must not remove each other's. */
	if (flock(folder, LOCK_EX) != 0)
		err = failed(conf->socket, "lock of the folder", error);
	else if ((err = clear_way(&address, error)) == EH_OK)
		err = listen_at(s, &address, mode, error);
	close(folder);
	if (err != EH_OK)
		eh_socket_close(s);
	return err;
}

void
eh_socket_close(struct eh_socket *s)
{
	struct stat st;

	if (s->fd < 0)
		return;
	close(s->fd);
	s->fd = -1;
	if (!s->is_passed && s->ino != 0 && lstat(s->path, &st) == 0 && st.st_dev == s->dev &&
	    st.st_ino == s->ino)
		unlink(s->path);
}
