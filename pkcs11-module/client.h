/* SPDX-License-Identifier: Apache-2.0 */
/* client.h - the module's connections to edgehsmd. */
#ifndef EH_PKCS11_CLIENT_H
#define EH_PKCS11_CLIENT_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/conf.h"
#include "common/err.h"
#include "common/wire/wire.h"

/*
 * Many threads call; each has a connection to itself for the time of one
 * request, taken from a pool.  A connection begins with a hello that shows the
 * login ticket, so a login made on one counts on all, also on those made after
 * the daemon came back from a restart.  No PIN is kept.
 *
 * A connection is tried before it is used, so a daemon that was restarted while
 * nobody asked is not noticed.  When one goes away under a request, the request
 * is sent again, twice at most, if it may be: whatever was not sent whole, and
 * requests that do the same when done twice.  A sign is one of those: the same
 * TBS gives the same signature, free.
 *
 * A daemon that served us and is gone is started again (autostart), or, when
 * that is somebody else's business, waited for: as long as a restart takes, and
 * once, not at every call.
 */
#define EH_CLIENT_CONNECTIONS 256
#define EH_CLIENT_PATIENCE_MS 3000

/* Nobody is logged in. */
#define EH_CLIENT_NOBODY (-1)

/* What the daemon last said in answer to a hello. */
struct eh_hello {
	unsigned state;		/* enum eh_wire_state; 0 before the first */
	unsigned flags;		/* enum eh_wire_flag */
	uint64_t generation;
	char label[65];
	uint8_t hsm_id[16];
	int has_hsm_id;
	unsigned quality;	/* of the time, enum eh_quality */
	uint64_t t_lo;
	char text[EH_ERROR_TEXT]; /* why it is fail-stopped */
};

struct eh_client_connection {
	int fd;			/* -1: none */
	dev_t dev;		/* what ${fd} was when it was opened: the */
	ino_t ino;		/* process may have closed it, and reused it */
	int busy;
	unsigned login;		/* the login it has shown */
};

struct eh_client {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	const struct eh_conf *conf;
	char program[65];
	char line[66], station[66]; /* 65 characters: too long a claim */
	uint8_t ticket[128];
	size_t ticketlen;
	int role;		/* enum eh_wire_role, or EH_CLIENT_NOBODY */
	unsigned login;		/* rises with every login and logout */
	struct eh_hello hello;
	unsigned patience_ms;	/* EH_CLIENT_PATIENCE_MS */
	uint64_t lost;		/* since when nobody is there, monotonic ns */
	struct eh_error start_error; /* why the daemon could not be started, */
	uint64_t start_failed;	/* and when, monotonic ns; 0: did not fail */
	struct eh_client_connection connection[EH_CLIENT_CONNECTIONS];
};

/* A reply, and the bytes it borrows from. */
struct eh_reply {
	struct eh_wire map;
	uint8_t *bytes;
	size_t len, cap;
};

/* Prepare a client of ${conf} (borrowed); nothing is connected yet.  Line and
 * station are claimed from EDGEHSM_LINE and EDGEHSM_STATION. */
void eh_client_init(struct eh_client *, const struct eh_conf *conf);

/* Close all connections and forget the ticket.  No call may be under way. */
void eh_client_wipe(struct eh_client *);

/* In a child after fork(): close what it inherited (and has not closed itself),
 * without a word to the daemon, and be as after eh_client_init(). */
void eh_client_drop(struct eh_client *, const struct eh_conf *conf);

/*
 * Ask ${request} and wait for the answer.  EH_OK with ${reply} decoded; a
 * refusal's code with its sentence in ${error}; EH_ERR_UNAVAILABLE when there
 * is no daemon and none could be started; EH_ERR_BUSY when it did not answer in
 * time, or no connection was free.  eh_reply_wipe() is allowed, and needed, in
 * any case.
 */
EH_MUST_CHECK int eh_client_call(struct eh_client *,
    const struct eh_wire *request, struct eh_reply *reply,
    struct eh_error *error);

/* Begin an empty reply; wipe and free one. */
void eh_reply_init(struct eh_reply *);
void eh_reply_wipe(struct eh_reply *);

/* Ask for the state now: one round trip. */
EH_MUST_CHECK int eh_client_hello(
    struct eh_client *, struct eh_hello *out, struct eh_error *error);

/* What the last hello said, without asking. */
void eh_client_last_hello(struct eh_client *, struct eh_hello *out);

/* Make sure that the daemon is there: free of charge while a connection is
 * open. */
EH_MUST_CHECK int eh_client_reach(struct eh_client *, struct eh_error *error);

/* Log in with a PIN and keep the ticket; log out: forget the ticket and close
 * the connections on which it was shown. */
EH_MUST_CHECK int eh_client_login(struct eh_client *, enum eh_wire_role role,
    const void *pin, size_t len, struct eh_error *error);
void eh_client_logout(struct eh_client *);

/* Return enum eh_wire_role, or EH_CLIENT_NOBODY. */
int eh_client_role(struct eh_client *);

#endif
