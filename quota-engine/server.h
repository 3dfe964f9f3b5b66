/* SPDX-License-Identifier: Apache-2.0 */
/* server.h - the socket: who may connect, how many, and a thread for each. */
#ifndef EH_QUOTA_ENGINE_SERVER_H
#define EH_QUOTA_ENGINE_SERVER_H

#include "quota-engine/boundary.h"

/*
 * A unix stream socket at the path of the configuration: mode 0600 when only
 * root and the daemon's own user have roles, else 0666, for who may do what is
 * decided by the kernel's word on each peer (roles.h), not by the file's mode.
 *
 * One thread per connection, so a client that is slow or stopped holds up nobody
 * but itself.  A frame that was begun must be whole, and a reply taken, within
 * EH_SERVER_PATIENCE_MS; between frames a client may be silent for ever.  A user
 * without any role gets one sentence as answer to his hello, and is shut out.
 */
#define EH_SERVER_CONNECTIONS 1280u
#define EH_SERVER_PER_USER    1088u
#define EH_SERVER_STRANGERS   32u	/* users without a role, all together */
#define EH_SERVER_PATIENCE_MS 30000

struct eh_server;

/* Take the socket; errors of eh_socket_open(), EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_server_open(
    struct eh_boundary *, struct eh_server **, struct eh_error *);

/* Accept until ${stopfd} is readable. */
EH_MUST_CHECK int eh_server_run(
    struct eh_server *, int stopfd, struct eh_error *);

/* Let no new request in, wait until those that are served have their reply (at
 * most ${patience_ms}), close all, and remove the socket.  Returns how many did
 * not end: their threads still use the boundary then, which must not be taken
 * apart.  NULL is ignored. */
unsigned eh_server_close(struct eh_server *, int patience_ms);

#endif
