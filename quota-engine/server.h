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
 * but itself.  A frame that was begun must be whole within ${patience_ms}, and a
 * reply be taken within 30 s (eh_wire_send()); between frames a client may be
 * silent for ever.  A user without any role gets one sentence as answer to his
 * hello, and is shut out.
 */
struct eh_server_limits {
	unsigned connections;	/* all together */
	unsigned per_user;
	unsigned strangers;	/* users without a role, all together */
	unsigned reserve;	/* the last so many places are for users that */
	unsigned modest;	/* have fewer than so many */
	int patience_ms;
	int stranger_ms;	/* for the hello of a stranger */
};

extern const struct eh_server_limits eh_server_limits;

/* What of ${limits} fits into ${descriptors}, so that who comes too many is told
 * so instead of being left waiting. */
#define EH_SERVER_DESCRIPTORS 256u /* for everything but connections */
void eh_server_fit(
    struct eh_server_limits *limits, unsigned long descriptors);

struct eh_server;

/* Take the socket; ${limits} are borrowed.  Errors of eh_socket_open(),
 * EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_server_open(struct eh_boundary *,
    const struct eh_server_limits *limits, struct eh_server **,
    struct eh_error *);

/* Accept until ${stopfd} is readable. */
EH_MUST_CHECK int eh_server_run(
    struct eh_server *, int stopfd, struct eh_error *);

/* Let no new request in, wait until those that are served have their reply (at
 * most ${patience_ms}), close all, and remove the socket.  Returns how many did
 * not end: their threads still use the boundary then, which must not be taken
 * apart.  NULL is ignored. */
unsigned eh_server_close(struct eh_server *, int patience_ms);

#endif
