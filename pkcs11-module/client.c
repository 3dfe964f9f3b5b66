/* SPDX-License-Identifier: Apache-2.0 */
/* client.c - the module's connections to edgehsmd. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/wipe.h"
#include "pkcs11-module/client.h"
#include "pkcs11-module/start.h"

#define REPLY_MS  60000
#define POOL_S    30
#define REPEATS   2
#define GREETINGS 5
#define RETRY_NS  UINT64_C(1000000000)

/*
 * What may be asked again when the daemon went away before it answered: asking
 * twice does no more than asking once.  Not here: what makes, unmakes or writes
 * something each time, and what counts (a PIN that is tried).
 */
static const unsigned char may_repeat[EH_REQ_COUNT] = {
	[EH_REQ_HELLO] = 1,
	[EH_REQ_LOGOUT] = 1,
	[EH_REQ_LIST] = 1,
	[EH_REQ_IMPORT] = 1,
	[EH_REQ_SIGN] = 1,
	[EH_REQ_RANDOM] = 1,
	[EH_REQ_SET_ATTRIBUTE] = 1,
	[EH_REQ_LOG_READ] = 1,
	[EH_REQ_RECEIPT] = 1,
	[EH_REQ_ENROL] = 1,
	[EH_REQ_ATTEST_KEY] = 1,
	[EH_REQ_STATUS] = 1,
};

/* Copy a claim of the environment.  One that is no name is not dropped, but
 * refused at the first hello. */
static void
claim(char out[66], const char *name)
{
	const char *value = secure_getenv(name);

	snprintf(out, 66, "%s", value != NULL ? value : "");
}

/* The name of the program, which is only for people, made fit for the wire. */
static void
name_program(char out[65])
{
	snprintf(out, 65, "%s", program_invocation_short_name);
	for (char *c = out; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
}

void
eh_client_init(struct eh_client *client, const struct eh_conf *conf)
{
	pthread_condattr_t attr;

	memset(client, 0, sizeof(*client));
	client->conf = conf;
	client->role = EH_CLIENT_NOBODY;
	client->patience_ms = EH_CLIENT_PATIENCE_MS;
	for (size_t i = 0; i < EH_CLIENT_CONNECTIONS; i++)
		client->connection[i].fd = -1;
	name_program(client->program);
	claim(client->line, "EDGEHSM_LINE");
	claim(client->station, "EDGEHSM_STATION");
	pthread_mutex_init(&client->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&client->freed, &attr);
	pthread_condattr_destroy(&attr);
}

/*
 * Programs that become daemons close every descriptor, also those they have not
 * opened, and the numbers come again.  Neither a word of ours nor a close() may
 * reach what somebody else has there now.
 */
static int
is_ours(const struct eh_client_connection *c)
{
	struct stat st;

	return c->fd >= 0 && fstat(c->fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    st.st_dev == c->dev && st.st_ino == c->ino;
}

static void
hang_up(struct eh_client_connection *c)
{
	if (is_ours(c))
		close(c->fd);
	c->fd = -1;
}

static void
close_all(struct eh_client *client)
{
	for (size_t i = 0; i < EH_CLIENT_CONNECTIONS; i++)
		hang_up(&client->connection[i]);
	eh_wipe(client->ticket, sizeof(client->ticket));
}

void
eh_client_wipe(struct eh_client *client)
{
	close_all(client);
	pthread_cond_destroy(&client->freed);
	pthread_mutex_destroy(&client->lock);
}

void
eh_client_drop(struct eh_client *client, const struct eh_conf *conf)
{
	/* Locks may be held by threads that are not in this process. */
	close_all(client);
	eh_client_init(client, conf);
}

void
eh_reply_init(struct eh_reply *reply)
{
	memset(reply, 0, sizeof(*reply));
}

void
eh_reply_wipe(struct eh_reply *reply)
{
	if (reply->bytes != NULL)
		eh_wipe(reply->bytes, reply->len);
	free(reply->bytes);
	eh_reply_init(reply);
}

/* Send a request and read its reply on ${fd}; ${sentp} says whether all of the
 * request left. */
static int
exchange(
    int fd, const struct eh_wire *request, struct eh_reply *reply, int *sentp)
{
	uint8_t *bytes = NULL;
	size_t cap, len;
	int err;

	*sentp = 0;
	err = eh_wire_encode_request(request, NULL, 0, &cap);
	if (err == EH_ERR_SPACE && (bytes = malloc(cap)) == NULL)
		return EH_ERR_MEMORY;
	if (bytes != NULL)
		err = eh_wire_encode_request(request, bytes, cap, &len);
	if (err != EH_OK)
		goto out;
	if ((err = eh_wire_send(fd, bytes, len)) != EH_OK)
		goto out;
	*sentp = 1;
	err = eh_wire_receive(
	    fd, &reply->bytes, &reply->cap, &reply->len, REPLY_MS);
	if (err == EH_OK &&
	    eh_wire_decode_reply(
		&reply->map, request->code, reply->bytes, reply->len) != EH_OK)
		err = EH_ERR_FORMAT;
out:
	if (bytes != NULL)
		eh_wipe(bytes, cap);
	free(bytes);
	return err;
}

/* Give a failure of the transport its sentence. */
static int
explain(int err, struct eh_error *error)
{
	switch (err) {
	case EH_ERR_BUSY:
		return eh_error_set(error, err,
		    "edgehsmd has not answered within %d s", REPLY_MS / 1000);
	case EH_ERR_FORMAT:
		return eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "edgehsmd answered something that this module does not "
		    "understand: are both of one version?");
	case EH_ERR_UNAVAILABLE:
		return eh_error_set(
		    error, err, "edgehsmd went away before it answered");
	case EH_ERR_ARGUMENT:
		return eh_error_set(error, err,
		    "a value is too long, or has "
		    "characters that edgehsmd does not take");
	default:
		return eh_error_set(error, err, "%s", eh_err_text(err));
	}
}

/* A refusal becomes its code and its sentence. */
static int
refusal(const struct eh_reply *reply, struct eh_error *error)
{
	char text[513];

	if (reply->map.result == EH_OK)
		return EH_OK;
	if (eh_wire_text(&reply->map, EH_WIRE_TEXT, text, sizeof(text)) != 0)
		text[0] = '\0';
	return eh_error_set(error, reply->map.result, "%s",
	    text[0] != '\0' ? text : eh_err_text(reply->map.result));
}

/* Start the daemon, but do not try again at once what has just failed: a
 * client makes many calls before it gives up. */
static int
start(struct eh_client *client, struct eh_error *error)
{
	uint64_t now = eh_clock_monotonic_ns();
	struct eh_error why;
	int err;

	pthread_mutex_lock(&client->lock);
	why = client->start_error;
	err = client->start_failed != 0 && now - client->start_failed < RETRY_NS
	    ? why.code
	    : EH_OK;
	pthread_mutex_unlock(&client->lock);
	if (err == EH_OK) {
		eh_error_clear(&why);
		err = eh_start_daemon(client->conf, &why);
		pthread_mutex_lock(&client->lock);
		client->start_error = why;
		client->start_failed =
		    err == EH_OK ? 0 : eh_clock_monotonic_ns();
		pthread_mutex_unlock(&client->lock);
	}
	if (err != EH_OK && error != NULL)
		*error = why;
	return err;
}

/* Until when a daemon that was there may take to come back; 0 when it was never
 * there.  All threads wait until the same moment. */
static uint64_t
patience(struct eh_client *client)
{
	uint64_t until = 0;

	pthread_mutex_lock(&client->lock);
	if (client->hello.state != 0) {
		if (client->lost == 0)
			client->lost = eh_clock_monotonic_ns();
		until = client->lost + UINT64_C(1000000) * client->patience_ms;
	}
	pthread_mutex_unlock(&client->lock);
	return until;
}

/* What ends takes a moment to do so. */
static void
nap(void)
{
	static const struct timespec moment = { .tv_nsec = 20 * 1000000 };

	nanosleep(&moment, NULL);
}

static int
await_daemon(struct eh_client *client)
{
	uint64_t until = patience(client);
	int fd;

	do {
		fd = eh_start_connect(client->conf->socket);
		if (fd >= 0 || (errno != ENOENT && errno != ECONNREFUSED))
			return fd;
		if (eh_clock_monotonic_ns() >= until)
			return -1;
		nap();
	} while (1);
}

static int
find_socket(struct eh_client *client, int *fdp, struct eh_error *error)
{
	const struct eh_conf *conf = client->conf;
	int starts, err;

	starts = conf->autostart && conf->daemon != NULL;
	*fdp = starts ? eh_start_connect(conf->socket) : await_daemon(client);
	if (*fdp >= 0)
		return EH_OK;
	if (errno == EACCES || errno == EPERM)
		return eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "edgehsmd at %s belongs to somebody else: %s", conf->socket,
		    strerror(errno));
	if (!starts)
		return eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "no edgehsmd at %s: %s; start it (autostart is off%s%s)",
		    conf->socket, strerror(errno),
		    conf->path != NULL ? " in " : "",
		    conf->path != NULL ? conf->path : "");
	if ((err = start(client, error)) != EH_OK)
		return err;
	*fdp = eh_start_connect(conf->socket);
	if (*fdp >= 0)
		return EH_OK;
	return eh_error_set(error, EH_ERR_UNAVAILABLE,
	    "edgehsmd was started but %s: %s", conf->socket, strerror(errno));
}

/* Open a connection, and remember what it is. */
static int
open_socket(struct eh_client *client, struct eh_client_connection *c,
    struct eh_error *error)
{
	struct stat st;
	int err;

	if ((err = find_socket(client, &c->fd, error)) != EH_OK)
		return err;
	if (fstat(c->fd, &st) != 0) {
		close(c->fd);
		c->fd = -1;
		return eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "the connection to edgehsmd: %s", strerror(errno));
	}
	c->dev = st.st_dev;
	c->ino = st.st_ino;
	return EH_OK;
}

static void
take_hello(struct eh_client *client, const struct eh_wire *map)
{
	struct eh_hello *h = &client->hello;
	size_t len;
	const uint8_t *id = eh_wire_bytes(map, EH_WIRE_HSM_ID, &len);

	client->lost = 0;
	memset(h, 0, sizeof(*h));
	h->state = (unsigned)eh_wire_number(map, EH_WIRE_STATE);
	h->flags = (unsigned)eh_wire_number(map, EH_WIRE_FLAGS);
	h->generation = eh_wire_number(map, EH_WIRE_GENERATION);
	h->quality = (unsigned)eh_wire_number(map, EH_WIRE_QUALITY);
	h->t_lo = eh_wire_number(map, EH_WIRE_T_LO);
	if (eh_wire_text(map, EH_WIRE_LABEL, h->label, sizeof(h->label)) != 0)
		h->label[0] = '\0';
	if (eh_wire_text(map, EH_WIRE_TEXT, h->text, sizeof(h->text)) != EH_OK)
		strcpy(h->text, "fail-stopped");
	h->has_hsm_id = len == sizeof(h->hsm_id);
	if (h->has_hsm_id)
		memcpy(h->hsm_id, id, len);
}

/* Forget the login; called with the lock held. */
static void
forget(struct eh_client *client)
{
	eh_wipe(client->ticket, sizeof(client->ticket));
	client->ticketlen = 0;
	client->role = EH_CLIENT_NOBODY;
	client->login++;
}

/*
 * Say hello on ${fd}: who we are, and our ticket.  The daemon answers without a
 * role when the ticket is no longer good (the PIN was changed): then nobody is
 * logged in any more, and the application may log in again.
 */
static int
say_hello(
    struct eh_client *client, int fd, unsigned *loginp, struct eh_error *error)
{
	struct eh_wire request;
	struct eh_reply reply;
	uint8_t ticket[sizeof(client->ticket)];
	size_t len;
	int err, sent;

	eh_reply_init(&reply);
	eh_wire_init(&request, EH_REQ_HELLO, 0);
	eh_wire_put_number(&request, EH_WIRE_VERSION_NO, EH_WIRE_VERSION);
	eh_wire_put_text(&request, EH_WIRE_PROGRAM, client->program);
	if (client->line[0] != '\0')
		eh_wire_put_text(&request, EH_WIRE_LINE, client->line);
	if (client->station[0] != '\0')
		eh_wire_put_text(&request, EH_WIRE_STATION, client->station);
	pthread_mutex_lock(&client->lock);
	len = client->ticketlen;
	memcpy(ticket, client->ticket, len);
	*loginp = client->login;
	pthread_mutex_unlock(&client->lock);
	if (len > 0)
		eh_wire_put_bytes(&request, EH_WIRE_TICKET, ticket, len);

	err = exchange(fd, &request, &reply, &sent);
	eh_wipe(ticket, sizeof(ticket));
	if (err == EH_ERR_ARGUMENT)
		err = eh_error_set(error, err,
		    "EDGEHSM_LINE or "
		    "EDGEHSM_STATION is no name of at most 64 characters");
	else if (err != EH_OK)
		err = explain(err, error);
	else if ((err = refusal(&reply, error)) == EH_OK &&
	    eh_wire_number(&reply.map, EH_WIRE_VERSION_NO) != EH_WIRE_VERSION)
		err = eh_error_set(error, EH_ERR_UNAVAILABLE,
		    "edgehsmd speaks version %u, this module version %d",
		    (unsigned)eh_wire_number(&reply.map, EH_WIRE_VERSION_NO),
		    EH_WIRE_VERSION);
	if (err == EH_OK) {
		pthread_mutex_lock(&client->lock);
		take_hello(client, &reply.map);
		/* One that is fail-stopped judges no tickets. */
		if (len > 0 && client->login == *loginp &&
		    client->hello.state == EH_STATE_READY &&
		    !eh_wire_has(&reply.map, EH_WIRE_ROLE)) {
			forget(client);
			*loginp = client->login;
		}
		pthread_mutex_unlock(&client->lock);
	}
	eh_reply_wipe(&reply);
	return err;
}

/* Is nobody at the other end any more?  Stray bytes count as gone. */
static int
is_gone(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return !(n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

/* Find a connection that nobody uses, an open one if there is one; wait for it
 * when there is none.  NULL after POOL_S seconds. */
static struct eh_client_connection *
find_free(struct eh_client *client)
{
	struct eh_client_connection *closed, *c;
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += POOL_S;
	for (;;) {
		closed = NULL;
		for (size_t i = 0; i < EH_CLIENT_CONNECTIONS; i++) {
			c = &client->connection[i];
			if (!c->busy && c->fd >= 0)
				return c;
			if (!c->busy && closed == NULL)
				closed = c;
		}
		if (closed != NULL)
			return closed;
		if (pthread_cond_timedwait(
			&client->freed, &client->lock, &until) != 0)
			return NULL;
	}
}

static void
give_back(struct eh_client *client, struct eh_client_connection *c)
{
	pthread_mutex_lock(&client->lock);
	if (c->login != client->login)
		hang_up(c);
	c->busy = 0;
	pthread_cond_signal(&client->freed);
	pthread_mutex_unlock(&client->lock);
}

/* Connect and say hello.  A daemon that is just ending may still let us in and
 * then be gone, and do so again while it ends: so a few times. */
static int
greet(struct eh_client *client, struct eh_client_connection *c,
    struct eh_error *error)
{
	int err = EH_ERR_UNAVAILABLE;

	for (int tries = 0; tries < GREETINGS && err == EH_ERR_UNAVAILABLE;
	     tries++) {
		if (tries > 0)
			nap();
		if ((err = open_socket(client, c, error)) != EH_OK)
			return err;
		err = say_hello(client, c->fd, &c->login, error);
		if (err != EH_OK)
			hang_up(c);
	}
	return err;
}

/* Take a connection on which the daemon knows who we are. */
static int
take(struct eh_client *client, struct eh_client_connection **cp,
    struct eh_error *error)
{
	struct eh_client_connection *c;
	int err;

	pthread_mutex_lock(&client->lock);
	if ((c = find_free(client)) != NULL) {
		c->busy = 1;
		if (c->fd >= 0 && c->login != client->login)
			hang_up(c);
	}
	pthread_mutex_unlock(&client->lock);
	if (c == NULL)
		return eh_error_set(error, EH_ERR_BUSY,
		    "all %d connections to edgehsmd have been in use for %d s",
		    EH_CLIENT_CONNECTIONS, POOL_S);
	*cp = c;
	if (is_ours(c) && !is_gone(c->fd))
		return EH_OK;
	hang_up(c);
	if ((err = greet(client, c, error)) != EH_OK)
		give_back(client, c);
	return err;
}

int
eh_client_call(struct eh_client *client, const struct eh_wire *request,
    struct eh_reply *reply, struct eh_error *error)
{
	struct eh_client_connection *c;
	int err, sent;

	for (int tries = 0;; tries++) {
		if (tries > 0)
			nap();
		eh_reply_init(reply);
		if ((err = take(client, &c, error)) != EH_OK)
			return err;
		err = exchange(c->fd, request, reply, &sent);
		/* After a failure nobody knows what comes next on it; a reply
		 * may still be under way. */
		if (err != EH_OK)
			hang_up(c);
		give_back(client, c);
		if (err == EH_OK)
			return refusal(reply, error);
		eh_reply_wipe(reply);
		if (err != EH_ERR_UNAVAILABLE || tries == REPEATS ||
		    (sent && !may_repeat[request->code]))
			return explain(err, error);
	}
}

int
eh_client_hello(
    struct eh_client *client, struct eh_hello *out, struct eh_error *error)
{
	struct eh_client_connection *c;
	int err;

	for (int tries = 0; tries < 2; tries++) {
		if ((err = take(client, &c, error)) != EH_OK)
			return err;
		err = say_hello(client, c->fd, &c->login, error);
		if (err != EH_OK)
			hang_up(c);
		give_back(client, c);
		if (err != EH_ERR_UNAVAILABLE)
			break;
	}
	eh_client_last_hello(client, out);
	return err;
}

void
eh_client_last_hello(struct eh_client *client, struct eh_hello *out)
{
	pthread_mutex_lock(&client->lock);
	*out = client->hello;
	pthread_mutex_unlock(&client->lock);
}

int
eh_client_reach(struct eh_client *client, struct eh_error *error)
{
	struct eh_client_connection *c;
	int err = take(client, &c, error);

	if (err == EH_OK)
		give_back(client, c);
	return err;
}

int
eh_client_login(struct eh_client *client, enum eh_wire_role role,
    const void *pin, size_t len, struct eh_error *error)
{
	struct eh_wire request;
	struct eh_reply reply;
	const uint8_t *ticket;
	size_t n;
	int err;

	eh_wire_init(&request, EH_REQ_LOGIN, 0);
	eh_wire_put_number(&request, EH_WIRE_ROLE, role);
	eh_wire_put_bytes(&request, EH_WIRE_PIN, pin, len);
	err = eh_client_call(client, &request, &reply, error);
	if (err == EH_OK) {
		ticket = eh_wire_bytes(&reply.map, EH_WIRE_TICKET, &n);
		pthread_mutex_lock(&client->lock);
		forget(client);
		memcpy(client->ticket, ticket, n);
		client->ticketlen = n;
		client->role = (int)role;
		pthread_mutex_unlock(&client->lock);
	}
	eh_reply_wipe(&reply);
	return err;
}

/* Nobody needs to tell the daemon: a connection that closes is logged out, and
 * the ticket is forgotten here. */
void
eh_client_logout(struct eh_client *client)
{
	pthread_mutex_lock(&client->lock);
	forget(client);
	for (size_t i = 0; i < EH_CLIENT_CONNECTIONS; i++)
		if (!client->connection[i].busy)
			hang_up(&client->connection[i]);
	pthread_mutex_unlock(&client->lock);
}

int
eh_client_role(struct eh_client *client)
{
	int role;

	pthread_mutex_lock(&client->lock);
	role = client->role;
	pthread_mutex_unlock(&client->lock);
	return role;
}
