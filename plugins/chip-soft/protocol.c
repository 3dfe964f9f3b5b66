/* SPDX-License-Identifier: Apache-2.0 */
/* protocol.c - what the driver and the process that plays the chip say to each
 * other. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/cbor/cbor.h"
#include "common/clock.h"
#include "plugins/chip-soft/protocol.h"

#define HEAD  4
#define SLICE 200	/* ms after which a cancellation is looked for */

/* Until ${fd} is ready for ${events}; at once when ${p} is NULL, since then the
 * call itself waits. */
static int
wait_for(int fd, short events, const struct eh_chip_patience *p)
{
	struct pollfd ready = { .fd = fd, .events = events };
	uint64_t now;
	int ms, n;

	if (p == NULL)
		return EH_OK;
	do {
		if (p->cancelled(p->arg))
			return EH_ERR_BUSY;
		if ((now = eh_clock_monotonic_ns()) >= p->until)
			return EH_ERR_IO;
		ms = SLICE;
		if (p->until - now < SLICE * UINT64_C(1000000))
			ms = (int)((p->until - now) / 1000000) + 1;
		if ((n = poll(&ready, 1, ms)) < 0 && errno != EINTR)
			return EH_ERR_UNAVAILABLE;
	} while (n <= 0);
	return EH_OK;
}

/* Whether the call that has just failed is to be made again. */
static int
is_again(void)
{
	return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
}

static int
send_frame(
    int fd, uint8_t *frame, size_t len, const struct eh_chip_patience *p)
{
	const int flags = MSG_NOSIGNAL | (p != NULL ? MSG_DONTWAIT : 0);
	struct eh_writer head;
	size_t sent = 0;
	ssize_t n;
	int err;

	eh_writer_init(&head, frame, HEAD);
	eh_writer_u32(&head, (uint32_t)len);
	while (sent < HEAD + len) {
		if ((err = wait_for(fd, POLLOUT, p)) != EH_OK)
			return err;
		n = send(fd, frame + sent, HEAD + len - sent, flags);
		if (n < 0 && is_again())
			continue;
		if (n <= 0)
			return EH_ERR_UNAVAILABLE;
		sent += (size_t)n;
	}
	return EH_OK;
}

static int
read_exactly(
    int fd, uint8_t *out, size_t len, const struct eh_chip_patience *p)
{
	size_t got = 0;
	ssize_t n;
	int err;

	while (got < len) {
		if ((err = wait_for(fd, POLLIN, p)) != EH_OK)
			return err;
		n = recv(fd, out + got, len - got,
		    p != NULL ? MSG_DONTWAIT : 0);
		if (n < 0 && is_again())
			continue;
		if (n <= 0)
			return EH_ERR_UNAVAILABLE;
		got += (size_t)n;
	}
	return EH_OK;
}

static int
receive_frame(int fd, uint8_t *frame, size_t *lenp,
    const struct eh_chip_patience *p)
{
	struct eh_reader head;
	uint8_t bytes[HEAD];
	int err;

	if ((err = read_exactly(fd, bytes, HEAD, p)) != EH_OK)
		return err;
	eh_reader_init(&head, bytes, HEAD);
	*lenp = eh_reader_u32(&head);
	if (*lenp == 0 || *lenp > EH_CHIP_FRAME)
		return EH_ERR_FORMAT;
	return read_exactly(fd, frame, *lenp, p);
}

int
eh_chip_send_request(int fd, uint8_t *frame, const struct eh_chip_request *r,
    const struct eh_chip_patience *p)
{
	struct eh_writer w;
	size_t len;
	int err;

	eh_writer_init(&w, frame + HEAD, EH_CHIP_FRAME - HEAD);
	eh_cbor_put_map(&w, 3);
	eh_cbor_put_uint(&w, 0);
	eh_cbor_put_uint(&w, (uint64_t)r->op);
	eh_cbor_put_uint(&w, 1);
	eh_cbor_put_uint(&w, r->place);
	eh_cbor_put_uint(&w, 2);
	eh_cbor_put_bytes(&w, r->data, r->len);
	if ((err = eh_writer_end(&w, &len)) != EH_OK)
		return err;
	return send_frame(fd, frame, len, p);
}

int
eh_chip_send_reply(int fd, uint8_t *frame, const struct eh_chip_reply *r)
{
	struct eh_writer w;
	size_t len;
	int err;

	eh_writer_init(&w, frame + HEAD, EH_CHIP_FRAME - HEAD);
	eh_cbor_put_map(&w, 3);
	eh_cbor_put_uint(&w, 0);
	eh_cbor_put_int(&w, r->result);
	eh_cbor_put_uint(&w, 1);
	eh_cbor_put_bytes(&w, r->data, r->len);
	eh_cbor_put_uint(&w, 2);
	eh_cbor_put_bytes(&w, r->more, r->more_len);
	if ((err = eh_writer_end(&w, &len)) != EH_OK)
		return err;
	return send_frame(fd, frame, len, NULL);
}

int
eh_chip_receive_request(int fd, uint8_t *frame, struct eh_chip_request *r)
{
	struct eh_cbor c;
	size_t len;
	int err;

	if ((err = receive_frame(fd, frame, &len, NULL)) != EH_OK)
		return err;
	eh_cbor_init(&c, frame, len, 8);
	eh_cbor_map(&c, 3, 3);
	eh_cbor_key(&c, 0);
	r->op = (enum eh_chip_op)eh_cbor_uint(
	    &c, EH_CHIP_OP_IDENTIFY, EH_CHIP_OP_ATTEST);
	eh_cbor_key(&c, 1);
	r->place = (unsigned)eh_cbor_uint(&c, 0, EH_CHIP_PLACES - 1);
	eh_cbor_key(&c, 2);
	r->data = eh_cbor_bytes(&c, 0, EH_CHIP_DATA, &r->len);
	eh_cbor_leave(&c);
	return eh_cbor_end(&c);
}

int
eh_chip_receive_reply(int fd, uint8_t *frame, struct eh_chip_reply *r,
    const struct eh_chip_patience *p)
{
	struct eh_cbor c;
	size_t len;
	int err;

	if ((err = receive_frame(fd, frame, &len, p)) != EH_OK)
		return err;
	eh_cbor_init(&c, frame, len, 8);
	eh_cbor_map(&c, 3, 3);
	eh_cbor_key(&c, 0);
	r->result = (int)eh_cbor_int(&c, -1000, 0);
	eh_cbor_key(&c, 1);
	r->data = eh_cbor_bytes(&c, 0, EH_CHIP_DATA, &r->len);
	eh_cbor_key(&c, 2);
	r->more = eh_cbor_bytes(&c, 0, EH_CHIP_DATA, &r->more_len);
	eh_cbor_leave(&c);
	return eh_cbor_end(&c);
}
