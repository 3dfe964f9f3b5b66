/* SPDX-License-Identifier: Apache-2.0 */
/* swtpm.c - private TPMs for tests, and a host that sits before one. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test/unit/quota-engine/swtpm.h"

#define PROGRAM "/usr/bin/swtpm"
#define HEADER  10	/* tag, length, code: of commands and replies */

int
swtpm_exists(void)
{
	return access(PROGRAM, X_OK) == 0;
}

static int
reach(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_uint_lt(strlen(path), sizeof(at.sun_path));
	memcpy(at.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	close(fd);
	return -1;
}

void
swtpm_start(struct swtpm *t)
{
	const struct timespec turn = { .tv_nsec = 10 * 1000 * 1000 };
	char state[FIXTURE_PATH + 8], server[FIXTURE_PATH + 32],
	    control[FIXTURE_PATH + 32], log[FIXTURE_PATH + 16];
	int fd = -1;

	snprintf(state, sizeof(state), "dir=%s", t->folder);
	snprintf(server, sizeof(server), "type=unixio,path=%s", t->socket);
	snprintf(control, sizeof(control), "type=unixio,path=%s.ctrl",
	    t->socket);
	snprintf(log, sizeof(log), "file=%s/log", t->folder);
	(void)unlink(t->socket);
	ck_assert_int_ge(t->pid = fork(), 0);
	if (t->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(PROGRAM, PROGRAM, "socket", "--tpm2", "--tpmstate",
		    state, "--server", server, "--ctrl", control, "--log", log,
		    "--flags", "not-need-init,startup-clear", (char *)NULL);
		_exit(127);
	}
	/* At most 10 s. */
	for (int i = 0; i < 1000 && (fd = reach(t->socket)) < 0; i++)
		nanosleep(&turn, NULL);
	ck_assert_msg(fd >= 0, "swtpm does not start");
	close(fd);
}

void
swtpm_make(struct swtpm *t)
{
	fixture_folder(t->folder);
	fixture_join(t->socket, t->folder, "s");
	snprintf(t->tcti, sizeof(t->tcti), "swtpm:path=%s", t->socket);
	swtpm_start(t);
}

void
swtpm_kill(struct swtpm *t)
{
	if (t->pid <= 0)
		return;
	kill(t->pid, SIGKILL);
	waitpid(t->pid, NULL, 0);
	t->pid = 0;
}

void
swtpm_remove(struct swtpm *t)
{
	swtpm_kill(t);
	fixture_remove(t->folder);
}

/*
 * --- the host between ---
 */

static uint32_t
number_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	    (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Read a whole command or reply; 0 when the line was cut. */
static size_t
take(int fd, uint8_t *out, size_t cap)
{
	size_t len;

	if (recv(fd, out, HEADER, MSG_WAITALL) != HEADER)
		return 0;
	len = number_at(out + 2);
	if (len < HEADER || len > cap)
		return 0;
	if (len > HEADER && recv(fd, out + HEADER, len - HEADER,
		MSG_WAITALL) != (ssize_t)(len - HEADER))
		return 0;
	return len;
}

static int
give(int fd, const uint8_t *bytes, size_t len)
{
	return send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static enum swtpm_trick
trick_for(struct swtpm_host *h, uint32_t code)
{
	enum swtpm_trick trick = SWTPM_HONEST;

	pthread_mutex_lock(&h->lock);
	if (h->times > 0 && h->code == code) {
		h->times--;
		trick = h->trick;
	}
	if (trick != SWTPM_LOSE_COMMAND && trick != SWTPM_PUT_OFF &&
	    trick != SWTPM_REPEAT)
		h->seen[code & 0x1ff]++;
	pthread_mutex_unlock(&h->lock);
	return trick;
}

/* One command and its reply; 0 when the line is to be cut. */
static int
pass(struct swtpm_host *h, int client, int tpm)
{
	static const uint8_t put_off[HEADER] = { 0x80, 0x01, 0, 0, 0, HEADER,
		0, 0, 0x09, 0x20 };
	uint8_t bytes[4096];
	enum swtpm_trick trick;
	size_t len = take(client, bytes, sizeof(bytes));

	if (len == 0)
		return 0;
	trick = trick_for(h, number_at(bytes + 6));
	if (trick == SWTPM_LOSE_COMMAND)
		return 0;
	if (trick == SWTPM_PUT_OFF)
		return give(client, put_off, sizeof(put_off));
	if (trick == SWTPM_REPEAT)
		return give(client, h->reply, h->len);
	if (!give(tpm, bytes, len) ||
	    (len = take(tpm, bytes, sizeof(bytes))) == 0 ||
	    trick == SWTPM_LOSE_REPLY)
		return 0;
	if (trick == SWTPM_RECORD) {
		memcpy(h->reply, bytes, len);
		h->len = len;
	}
	return give(client, bytes, len);
}

static void *
run(void *arg)
{
	struct swtpm_host *h = arg;
	int client, tpm;

	while ((client = accept(h->listener, NULL, NULL)) >= 0) {
		tpm = reach(h->tpm->socket);
		while (tpm >= 0 && pass(h, client, tpm))
			;
		close(client);
		if (tpm >= 0)
			close(tpm);
	}
	return NULL;
}

void
swtpm_host_start(struct swtpm_host *h, const struct swtpm *t)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char control[FIXTURE_PATH + 8], there[FIXTURE_PATH + 8];

	memset(h, 0, sizeof(*h));
	h->tpm = t;
	ck_assert_int_lt(snprintf(at.sun_path, sizeof(at.sun_path), "%s/h",
	    t->folder), (int)sizeof(at.sun_path));
	snprintf(h->tcti, sizeof(h->tcti), "swtpm:path=%s", at.sun_path);
	snprintf(control, sizeof(control), "%s.ctrl", t->socket);
	snprintf(there, sizeof(there), "%s.ctrl", at.sun_path);
	ck_assert_int_eq(symlink(control, there), 0);
	h->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(
	    bind(h->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(h->listener, 8), 0);
	pthread_mutex_init(&h->lock, NULL);
	ck_assert_int_eq(pthread_create(&h->thread, NULL, run, h), 0);
}

void
swtpm_host_play(struct swtpm_host *h, enum swtpm_trick trick, uint32_t code,
    unsigned times)
{
	pthread_mutex_lock(&h->lock);
	h->trick = trick;
	h->code = code;
	h->times = times;
	pthread_mutex_unlock(&h->lock);
}

unsigned
swtpm_host_seen(struct swtpm_host *h, uint32_t code)
{
	unsigned n;

	pthread_mutex_lock(&h->lock);
	n = h->seen[code & 0x1ff];
	pthread_mutex_unlock(&h->lock);
	return n;
}

/* The client has gone before. */
void
swtpm_host_stop(struct swtpm_host *h)
{
	shutdown(h->listener, SHUT_RDWR);
	pthread_join(h->thread, NULL);
	close(h->listener);
	pthread_mutex_destroy(&h->lock);
}
