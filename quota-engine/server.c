/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - the socket: who may connect, how many, and a thread for each. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/wipe.h"
#include "quota-engine/monitor.h"
#include "quota-engine/server.h"
#include "quota-engine/socket.h"

#define STACK	   (512u * 1024u)
#define BUFFER_MAX (64u * 1024u) /* what a silent connection may keep */

struct connection {
	struct eh_server *server;
	struct connection *next, **link;
	int fd;
	struct eh_caller caller;
	uint8_t *in, *out;
	size_t incap, outcap;
};

const struct eh_server_limits eh_server_limits = {
	.connections = 1280,
	.per_user = 1088,
	.strangers = 32,
	.reserve = 128,
	.modest = 32,
	.patience_ms = 30000,
	.stranger_ms = 2000,
};

void
eh_server_fit(struct eh_server_limits *limits, unsigned long descriptors)
{
	const struct eh_server_limits full = *limits;
	unsigned long room = descriptors > 2 * EH_SERVER_DESCRIPTORS
	    ? descriptors - EH_SERVER_DESCRIPTORS
	    : descriptors / 2;

	if (room >= full.connections)
		return;
	limits->connections = (unsigned)room;
	limits->per_user =
	    (unsigned)(full.per_user * room / full.connections);
	limits->strangers =
	    (unsigned)(full.strangers * room / full.connections) + 1;
	limits->reserve = (unsigned)(full.reserve * room / full.connections);
	limits->modest = (unsigned)(full.modest * room / full.connections) + 1;
}

struct eh_server {
	struct eh_boundary *boundary;
	const struct eh_server_limits *limits;
	struct eh_socket socket;
	pthread_attr_t attr;
	pthread_mutex_t lock;
	pthread_cond_t gone; /* a connection ended */
	struct connection *open;
	unsigned nopen;
};

/* --- one request --- */

static int
send_map(struct connection *c, const struct eh_wire *reply)
{
	size_t len = 0;
	uint8_t *bigger;
	int err;

	err = eh_wire_encode_reply(reply, c->out, c->outcap, &len);
	if (err == EH_ERR_SPACE) {
		if ((bigger = realloc(c->out, len)) == NULL)
			return EH_ERR_MEMORY;
		c->out = bigger;
		c->outcap = len;
		err = eh_wire_encode_reply(reply, c->out, c->outcap, &len);
	}
	if (err == EH_OK)
		err = eh_wire_send(c->fd, c->out, len);
	eh_wipe(c->out, len < c->outcap ? len : c->outcap);
	return err;
}

/* What is no request gets one sentence; then the connection ends. */
static void
send_refusal(struct connection *c, int result, const char *sentence)
{
	struct eh_wire reply;

	eh_wire_init(&reply, EH_REQ_LOGOUT, result);
	eh_wire_put_text(&reply, EH_WIRE_TEXT, sentence);
	if (send_map(c, &reply) != EH_OK)
		eh_log(EH_LOG_DEBUG, "a refusal could not be delivered");
}

static int
serve(struct connection *c, const struct eh_wire *in)
{
	struct eh_call call;
	int err;

	eh_call_init(&call, &c->caller, in);
	eh_monitor_serve(c->server->boundary, &call);
	if ((err = send_map(c, &call.out)) == EH_ERR_INTERNAL) {
		eh_log(EH_LOG_ERROR, "the reply to request %u breaks its row",
		    in->code);
		send_refusal(c, EH_ERR_INTERNAL, "internal error");
	}
	eh_call_wipe(&call);
	return err;
}

static int
decode(struct connection *c, size_t len, struct eh_wire *in)
{
	int err = eh_wire_decode_request(in, c->in, len);

	if (err == EH_ERR_UNSUPPORTED)
		send_refusal(c, err, "edgehsmd does not know this request");
	else if (err != EH_OK)
		send_refusal(c, err, "malformed request");
	return err;
}

/* Wait for a frame: silence may last for ever, a frame that was begun may not. */
static int
receive(struct connection *c, size_t *lenp)
{
	const struct eh_server_limits *limits = c->server->limits;
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1,
		    c->caller.roles == 0 ? limits->stranger_ms : -1);
	while (n < 0 && errno == EINTR);
	if (n <= 0 || (p.revents & POLLIN) == 0)
		return EH_ERR_UNAVAILABLE;
	return eh_wire_receive(
	    c->fd, &c->in, &c->incap, lenp, limits->patience_ms);
}

static void
shrink(uint8_t **bytes, size_t *cap)
{
	if (*cap <= BUFFER_MAX)
		return;
	free(*bytes);
	*bytes = NULL;
	*cap = 0;
}

static void
converse(struct connection *c)
{
	struct eh_wire in;
	size_t len = 0;
	int err;

	do {
		if ((err = receive(c, &len)) != EH_OK)
			return;
		if ((err = decode(c, len, &in)) == EH_OK)
			err = serve(c, &in);
		eh_wipe(c->in, len); /* it may have held a PIN */
		shrink(&c->in, &c->incap);
		shrink(&c->out, &c->outcap);
	} while (err == EH_OK && c->caller.roles != 0);
}

/* --- connections --- */

static void
forget(struct connection *c)
{
	struct eh_server *s = c->server;

	pthread_mutex_lock(&s->lock);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	s->nopen--;
	close(c->fd);
	pthread_cond_broadcast(&s->gone);
	pthread_mutex_unlock(&s->lock);
	/* A frame that never became whole may have held a PIN, too. */
	if (c->in != NULL)
		eh_wipe(c->in, c->incap);
	free(c->in);
	free(c->out);
	eh_wipe(c, sizeof(*c));
	free(c);
}

static void *
connection_main(void *arg)
{
	struct connection *c = arg;

	converse(c);
	forget(c);
	return NULL;
}

struct crowd {
	unsigned mine, strangers;
};

static struct crowd
count(const struct eh_server *s, uid_t uid)
{
	struct crowd n = { 0, 0 };

	for (const struct connection *c = s->open; c != NULL; c = c->next) {
		n.mine += c->caller.peer.uid == uid;
		n.strangers += c->caller.roles == 0;
	}
	return n;
}

/* With the lock held: may one more come from this user? */
static int
check_room(const struct eh_server *s, const struct connection *c,
    struct eh_error *error)
{
	uid_t uid = c->caller.peer.uid;
	struct crowd n = count(s, uid);

	if (s->nopen >= s->limits->connections)
		return eh_error_set(error, EH_ERR_FULL,
		    "edgehsmd serves %u connections, which is the most; try "
		    "again when others have left", s->nopen);
	if (n.mine >= s->limits->per_user ||
	    (s->nopen + s->limits->reserve >= s->limits->connections &&
		n.mine >= s->limits->modest))
		return eh_error_set(error, EH_ERR_FULL,
		    "user %u has %u connections, which is the most while %u "
		    "are open; close some",
		    (unsigned)uid, n.mine, s->nopen);
	if (c->caller.roles == 0 && n.strangers >= s->limits->strangers)
		return eh_error_set(
		    error, EH_DENIED_ROLE, "user %u has no role", (unsigned)uid);
	return EH_OK;
}

static int
admit(struct eh_server *s, struct connection *c, struct eh_error *error)
{
	int err;

	pthread_mutex_lock(&s->lock);
	if ((err = check_room(s, c, error)) == EH_OK) {
		c->next = s->open;
		c->link = &s->open;
		if (s->open != NULL)
			s->open->link = &c->next;
		s->open = c;
		s->nopen++;
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}

/* Whoever is not let in is told why, without waiting for him. */
static void
turn_away(struct connection *c, const struct eh_error *error)
{
	eh_refusal_add(&c->server->boundary->refusals, eh_clock_wall(),
	    c->caller.peer.uid, c->caller.peer.pid, "connect", error);
	send_refusal(c, error->code, eh_error_sentence(error));
	close(c->fd);
	free(c->out);
	free(c);
}

static void
welcome(struct eh_server *s, int fd)
{
	struct connection *c = calloc(1, sizeof(*c));
	struct eh_error error;
	pthread_t thread;

	if (c == NULL) {
		close(fd);
		return;
	}
	c->server = s;
	c->fd = fd;
	eh_error_clear(&error);
	if (eh_peer_get(fd, &c->caller.peer, &error) == EH_OK)
		c->caller.roles = eh_roles_of(
		    s->boundary->conf, geteuid(), &c->caller.peer);
	if (admit(s, c, &error) != EH_OK) {
		turn_away(c, &error);
		return;
	}
	if (pthread_create(&thread, &s->attr, connection_main, c) != 0) {
		eh_log(EH_LOG_ERROR, "no thread for one more connection");
		forget(c);
	}
}

int
eh_server_open(struct eh_boundary *b, const struct eh_server_limits *limits,
    struct eh_server **serverp, struct eh_error *error)
{
	struct eh_server *s = calloc(1, sizeof(*s));
	pthread_condattr_t attr;
	int err;

	*serverp = NULL;
	if (s == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	s->boundary = b;
	s->limits = limits;
	if ((err = eh_socket_open(&s->socket, b->conf, error)) != EH_OK) {
		free(s);
		return err;
	}
	pthread_attr_init(&s->attr);
	pthread_attr_setdetachstate(&s->attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&s->attr, STACK);
	pthread_mutex_init(&s->lock, NULL);
	/* Setting the host's clock must not prolong the end. */
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->gone, &attr);
	pthread_condattr_destroy(&attr);
	*serverp = s;
	return EH_OK;
}

static void
accept_one(struct eh_server *s)
{
	const struct timespec pause = { 0, 100000000 };
	int fd = accept4(s->socket.fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		welcome(s, fd);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
	    errno == ENOMEM)
		nanosleep(&pause, NULL); /* others will leave */
}

int
eh_server_run(struct eh_server *s, int stopfd, struct eh_error *error)
{
	struct pollfd p[2] = { { .fd = stopfd, .events = POLLIN },
		{ .fd = s->socket.fd, .events = POLLIN } };

	for (;;) {
		if (poll(p, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return eh_error_set(error, EH_ERR_IO,
			    "waiting for connections: %s", strerror(errno));
		}
		if (p[0].revents != 0)
			return EH_OK;
		if (p[1].revents != 0)
			accept_one(s);
	}
}

/* Until nobody is left, or ${ms} are over; call it with the lock held. */
static void
wait_gone(struct eh_server *s, int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (ms % 1000) * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	while (s->nopen > 0)
		if (pthread_cond_timedwait(&s->gone, &s->lock, &until) ==
		    ETIMEDOUT)
			return;
}

static void
shut_all(struct eh_server *s, int how)
{
	for (struct connection *c = s->open; c != NULL; c = c->next)
		shutdown(c->fd, how);
}

unsigned
eh_server_close(struct eh_server *s, int patience_ms)
{
	unsigned left;

	if (s == NULL)
		return 0;
	eh_socket_close(&s->socket);
	pthread_mutex_lock(&s->lock);
	shut_all(s, SHUT_RD); /* replies still go out */
	wait_gone(s, patience_ms);
	shut_all(s, SHUT_RDWR);
	wait_gone(s, patience_ms);
	left = s->nopen;
	pthread_mutex_unlock(&s->lock);
	if (left > 0) {
		eh_log(EH_LOG_WARNING, "%u requests did not end in time", left);
		return left;
	}
	pthread_attr_destroy(&s->attr);
	pthread_cond_destroy(&s->gone);
	pthread_mutex_destroy(&s->lock);
	free(s);
	return 0;
}
