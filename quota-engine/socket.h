/* SPDX-License-Identifier: Apache-2.0 */
/* socket.h - the place in the file system where edgehsmd listens. */
#ifndef EH_QUOTA_ENGINE_SOCKET_H
#define EH_QUOTA_ENGINE_SOCKET_H

#include <sys/types.h>

#include "common/conf.h"

struct eh_socket {
	int fd;
	dev_t dev;		/* of the name that we made */
	ino_t ino;
	const char *path;	/* the configuration's, borrowed */
	int is_passed;		/* the service manager's: its name stays */
};

/*
 * Listen at ${conf->socket}.  Its folder is made when missing (0700, or 0755 when
 * the configuration gives roles to others).  What may be in the way: a socket of
 * ours that nobody answers on (removed); one that somebody answers on, EH_ERR_BUSY;
 * anything else, or anything of another user, EH_ERR_CONFIG.  EH_ERR_IO.
 *
 * When the service manager passes a socket (LISTEN_FDS and LISTEN_PID as in
 * sd_listen_fds(3)), that one is taken: exactly one, a unix stream socket that
 * listens at ${conf->socket}; else EH_ERR_CONFIG.
 */
EH_MUST_CHECK int eh_socket_open(
    struct eh_socket *, const struct eh_conf *conf, struct eh_error *error);

/* Stop listening and remove the name, if it is still ours. */
void eh_socket_close(struct eh_socket *);

#endif
