/* SPDX-License-Identifier: Apache-2.0 */
/* ehlisten.c - a program with a socket passed to it, as a service manager does
 * (sd_listen_fds(3)): for tests only. */
#include "config.h"

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

/*
 *	ehlisten [-d] [-n COUNT] [-p PID] SOCKET PROGRAM [ARGUMENT...]
 *
 * -d a datagram socket; -n as if so many were passed; -p as if for this process.
 */
#define FIRST 3

static void
make(const char *path, int type)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	if (fd < 0 || strlen(path) >= sizeof(at.sun_path))
		errx(EX_USAGE, "no socket at %s", path);
	memcpy(at.sun_path, path, strlen(path));
	unlink(path);
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
	    chmod(path, 0600) != 0 ||
	    (type == SOCK_STREAM && listen(fd, 16) != 0))
		err(EX_OSERR, "%s", path);
	if (fd != FIRST && (dup2(fd, FIRST) != FIRST || close(fd) != 0))
		err(EX_OSERR, "descriptor %d", FIRST);
}

int
main(int argc, char **argv)
{
	const char *count = "1", *pid = NULL;
	char ours[16];
	int option, type = SOCK_STREAM;

	while ((option = getopt(argc, argv, "+dn:p:")) != -1)
		if (option == 'd')
			type = SOCK_DGRAM;
		else if (option == 'n')
			count = optarg;
		else if (option == 'p')
			pid = optarg;
		else
			return EX_USAGE;
	if (argc - optind < 2)
		errx(EX_USAGE, "usage: ehlisten SOCKET PROGRAM [ARGUMENT...]");
	make(argv[optind], type);
	snprintf(ours, sizeof(ours), "%d", (int)getpid());
	if (setenv("LISTEN_FDS", count, 1) != 0 ||
	    setenv("LISTEN_PID", pid != NULL ? pid : ours, 1) != 0)
		err(EX_OSERR, "environment");
	execv(argv[optind + 1], argv + optind + 1);
	err(EX_NOINPUT, "%s", argv[optind + 1]);
}
