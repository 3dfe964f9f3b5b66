/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c - whole maps over a stream socket. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/clock.h"
#include "common/wipe.h"
#include "common/wire/wire.h"

#define SEND_MS	   30000
#define FIRST_ROOM 2048

/* Wait for ${events} until ${deadline} (monotonic ns; 0 is never). */
static int
wait_for(int fd, short events, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t now;
	int ms, n;

	for (;;) {
		ms = -1;
		if (deadline != 0) {
			now = eh_clock_monotonic_ns();
			if (now >= deadline)
				return EH_ERR_BUSY;
			ms = (int)((deadline - now) / 1000000) + 1;
		}
		n = poll(&p, 1, ms);
		if (n > 0)
			return EH_OK;
		if (n < 0 && errno != EINTR)
			return EH_ERR_UNAVAILABLE;
	}
}

static uint64_t
deadline_in(int ms)
{
	if (ms < 0)
		return 0;
	return eh_clock_monotonic_ns() + (uint64_t)ms * 1000000 + 1;
}

/* Step over ${n} bytes that were sent. */
static void
advance(struct msghdr *msg, size_t n)
{
	while (msg->msg_iovlen > 0 && n >= msg->msg_iov->iov_len) {
		n -= msg->msg_iov->iov_len;
		msg->msg_iov++;
		msg->msg_iovlen--;
	}
	if (n > 0) {
		msg->msg_iov->iov_base = (char *)msg->msg_iov->iov_base + n;
		msg->msg_iov->iov_len -= n;
	}
}

int
eh_wire_send(int fd, const void *map, size_t len)
{
	uint64_t deadline = deadline_in(SEND_MS);
	struct iovec iov[2];
	struct msghdr msg;
	uint8_t head[4];
	ssize_t n;
	int err;

	if (len == 0 || len > EH_WIRE_MAX)
		return EH_ERR_FORMAT;
	for (unsigned i = 0; i < 4; i++)
		head[i] = (uint8_t)(len >> (24 - 8 * i));
	iov[0] = (struct iovec){ head, sizeof(head) };
	iov[1] = (struct iovec){ (void *)(uintptr_t)map, len };
	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = iov;
	msg.msg_iovlen = 2;
	while (msg.msg_iovlen > 0) {
		n = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0) {
			advance(&msg, (size_t)n);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return EH_ERR_UNAVAILABLE;
		if ((err = wait_for(fd, POLLOUT, deadline)) != EH_OK)
			return err;
	}
	return EH_OK;
}

static int
receive_all(int fd, uint8_t *out, size_t len, uint64_t deadline)
{
	ssize_t n;
	int err;

	while (len > 0) {
		n = recv(fd, out, len, MSG_DONTWAIT);
		if (n > 0) {
			out += n;
			len -= (size_t)n;
			continue;
		}
		if (n == 0)
			return EH_ERR_UNAVAILABLE;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return EH_ERR_UNAVAILABLE;
		if ((err = wait_for(fd, POLLIN, deadline)) != EH_OK)
			return err;
	}
	return EH_OK;
}

/* ${len} bytes of room, the first ${got} kept.  Not realloc(): what was in the
 * old memory may have been a PIN. */
static int
make_room(uint8_t **buf, size_t *cap, size_t len, size_t got)
{
	uint8_t *bigger;

	if (len <= *cap)
		return EH_OK;
	if ((bigger = malloc(len)) == NULL)
		return EH_ERR_MEMORY;
	if (*buf != NULL) {
		memcpy(bigger, *buf, got);
		eh_wipe(*buf, *cap);
	}
	free(*buf);
	*buf = bigger;
	*cap = len;
	return EH_OK;
}

/* Room for what has come, and as much again: whoever only claims to send a lot
 * costs nothing. */
static int
receive_map(int fd, uint8_t **buf, size_t *cap, size_t len, uint64_t deadline)
{
	size_t got = 0, room;
	int err = EH_OK;

	while (err == EH_OK && got < len) {
		room = got < FIRST_ROOM ? FIRST_ROOM : 2 * got;
		if (room < *cap)
			room = *cap;
		if (room > len)
			room = len;
		if ((err = make_room(buf, cap, room, got)) == EH_OK)
			err = receive_all(
			    fd, *buf + got, room - got, deadline);
		got = room;
	}
	/* Nobody learns how much of a PIN came. */
	if (err != EH_OK && *buf != NULL)
		eh_wipe(*buf, *cap);
	return err;
}

int
eh_wire_receive(
    int fd, uint8_t **buf, size_t *cap, size_t *lenp, int timeout_ms)
{
	uint64_t deadline = deadline_in(timeout_ms);
	uint8_t head[4];
	size_t len;
	int err;

	*lenp = 0;
	if ((err = receive_all(fd, head, sizeof(head), deadline)) != EH_OK)
		return err;
	len = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
	    (size_t)head[2] << 8 | head[3];
	if (len == 0 || len > EH_WIRE_MAX)
		return EH_ERR_FORMAT;
	if ((err = receive_map(fd, buf, cap, len, deadline)) != EH_OK)
		return err;
	*lenp = len;
	return EH_OK;
}
