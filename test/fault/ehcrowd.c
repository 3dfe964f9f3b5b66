/* SPDX-License-Identifier: Apache-2.0 */
/* ehcrowd.c - a crowd at the door of edgehsmd, and one who wants to work: for
 * tests only. */
#include "config.h"

#include <err.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/hex.h"
#include "common/wire/tables.h"
#include "common/wire/wire.h"

static const char usage[] =
    "usage: ehcrowd -s SOCKET [-U UID] [-n CONNECTIONS] [-f] [-k]\n"
    "               [-q REQUESTS -t TICKET -o OBJECT]\n"
    "\n"
    "Opens CONNECTIONS as user UID: a quarter says nothing, a quarter says hello\n"
    "and no more, a quarter sends half a frame that claims a megabyte, a quarter\n"
    "sends a byte of a frame every now and then; eight more ask for a megabyte and\n"
    "never read it.  Then one asks for REQUESTS signatures, one after the other:\n"
    "  signed N p50 US p99 US max US\n"
    "-f: goes on opening until it is refused: \"open N\", and the sentence.\n"
    "-k: keeps them until standard input ends.\n";

#define GREEDY	 8
#define MOST	 4096
#define MEGABYTE 1000000

static const char *path;
static int crowd[MOST];
static unsigned ncrowd;

static int
dial(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(at.sun_path))
		err(EX_OSERR, "socket");
	memcpy(at.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0)
		err(EX_UNAVAILABLE, "%s", path);
	return fd;
}

static int
say(int fd, const struct eh_wire *request)
{
	static uint8_t bytes[4096];
	size_t len = 0;

	if (eh_wire_encode_request(request, bytes, sizeof(bytes), &len) !=
	    EH_OK)
		errx(EX_SOFTWARE, "the request breaks its row");
	return eh_wire_send(fd, bytes, len);
}

/* The result of the reply to ${request}; its sentence is in ${text}. */
static int
hear(int fd, const struct eh_wire *request, char text[513])
{
	static uint8_t *bytes;
	static size_t cap;
	struct eh_wire reply;
	size_t len = 0;

	text[0] = '\0';
	if (eh_wire_receive(fd, &bytes, &cap, &len, 60000) != EH_OK)
		return EH_ERR_UNAVAILABLE;
	if (eh_wire_decode_reply(&reply, request->code, bytes, len) != EH_OK)
		errx(EX_PROTOCOL, "malformed reply");
	if (eh_wire_text(&reply, EH_WIRE_TEXT, text, 513) != EH_OK)
		text[0] = '\0';
	return reply.result;
}

static int
hello(int fd, const uint8_t *ticket, size_t ticketlen, char text[513])
{
	struct eh_wire request;

	eh_wire_init(&request, EH_REQ_HELLO, EH_OK);
	eh_wire_put_number(&request, EH_WIRE_VERSION_NO, EH_WIRE_VERSION);
	if (ticketlen > 0)
		eh_wire_put_bytes(
		    &request, EH_WIRE_TICKET, ticket, ticketlen);
	/* Who is turned away has an answer all the same. */
	(void)say(fd, &request);
	return hear(fd, &request, text);
}

static void
must_hello(int fd, const uint8_t *ticket, size_t ticketlen)
{
	char text[513];
	int result = hello(fd, ticket, ticketlen, text);

	if (result != EH_OK)
		errx(EX_UNAVAILABLE, "connection %u: %s: %s", ncrowd,
		    eh_err_name(result), text);
}

static void
put(int fd, const void *bytes, size_t len)
{
	if (send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		err(EX_IOERR, "connection %u", ncrowd);
}

/* --- the crowd --- */

static void
silent(int fd)
{
	(void)fd;
}

static void
greeting(int fd)
{
	must_hello(fd, NULL, 0);
}

static void
half(int fd)
{
	static const uint8_t frame[] = { 0, 15, 255, 255, 0xa1, 1, 2 };

	put(fd, frame, sizeof(frame));
}

/* Its bytes come one by one, from drip(). */
static void
dripping(int fd)
{
	static const uint8_t head[] = { 0, 0, 16, 0 };

	put(fd, head, sizeof(head));
}

static void (*const kinds[])(int) = { silent, greeting, half, dripping };

static void
drip(void)
{
	for (unsigned i = 3; i < ncrowd; i += 4)
		put(crowd[i], "x", 1);
}

static void
greedy(int fd)
{
	struct eh_wire request;

	must_hello(fd, NULL, 0);
	eh_wire_init(&request, EH_REQ_RANDOM, EH_OK);
	eh_wire_put_number(&request, EH_WIRE_COUNT, MEGABYTE);
	if (say(fd, &request) != EH_OK)
		errx(EX_IOERR, "a greedy one is gone");
}

static void
gather(unsigned n)
{
	while (ncrowd < n) {
		crowd[ncrowd] = dial();
		kinds[ncrowd % 4](crowd[ncrowd]);
		ncrowd++;
	}
	for (unsigned i = 0; n > 0 && i < GREEDY; i++) {
		crowd[ncrowd] = dial();
		greedy(crowd[ncrowd++]);
	}
}

static void
fill(void)
{
	char text[513];
	int result = EH_OK;

	while (result == EH_OK && ncrowd < MOST) {
		crowd[ncrowd] = dial();
		result = hello(crowd[ncrowd], NULL, 0, text);
		if (result == EH_OK)
			ncrowd++;
		else
			close(crowd[ncrowd]);
	}
	printf("open %u\n%s: %s\n", ncrowd, eh_err_name(result), text);
}

/* --- the one who works --- */

static int
by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
work(unsigned n, const char *ticket, uint64_t object)
{
	uint8_t secret[256], data[32];
	uint64_t *took = calloc(n, sizeof(*took)), began;
	size_t len = strlen(ticket) / 2;
	struct eh_wire request;
	char text[513];
	int fd = dial(), result;

	if (took == NULL || len > sizeof(secret) ||
	    eh_hex_decode_fixed(ticket, secret, len) != EH_OK)
		errx(EX_USAGE, "bad ticket");
	must_hello(fd, secret, len);
	for (unsigned i = 0; i < n; i++) {
		if (i % 16 == 0)
			drip();
		memset(data, (int)(i & 0xff), sizeof(data));
		eh_wire_init(&request, EH_REQ_SIGN, EH_OK);
		eh_wire_put_number(
		    &request, EH_WIRE_OBJECT, (int64_t)object);
		eh_wire_put_number(&request, EH_WIRE_MECHANISM, 2);
		eh_wire_put_bytes(
		    &request, EH_WIRE_DATA, data, sizeof(data));
		began = eh_clock_monotonic_ns();
		if (say(fd, &request) != EH_OK ||
		    (result = hear(fd, &request, text)) != EH_OK)
			errx(EX_UNAVAILABLE, "signature %u: %s", i, text);
		took[i] = (eh_clock_monotonic_ns() - began) / 1000;
	}
	qsort(took, n, sizeof(*took), by_size);
	printf("signed %u p50 %" PRIu64 " p99 %" PRIu64 " max %" PRIu64 "\n",
	    n, took[n / 2], took[n - 1 - n / 100], took[n - 1]);
	free(took);
	close(fd);
}

static void
become(uid_t uid)
{
	const struct rlimit many = { MOST + 64, MOST + 64 };

	if (setrlimit(RLIMIT_NOFILE, &many) != 0)
		err(EX_NOPERM, "RLIMIT_NOFILE");
	if (uid != getuid() && setuid(uid) != 0)
		err(EX_NOPERM, "user %u", (unsigned)uid);
}

int
main(int argc, char **argv)
{
	unsigned n = 0, requests = 0;
	const char *ticket = "";
	uint64_t object = 0;
	int option, to_the_brim = 0, keep = 0;
	uid_t uid = getuid();
	char byte;

	while ((option = getopt(argc, argv, "s:U:n:fkq:t:o:")) != -1)
		switch (option) {
		case 's': path = optarg; break;
		case 'U': uid = (uid_t)atoi(optarg); break;
		case 'n': n = (unsigned)atoi(optarg); break;
		case 'f': to_the_brim = 1; break;
		case 'k': keep = 1; break;
		case 'q': requests = (unsigned)atoi(optarg); break;
		case 't': ticket = optarg; break;
		case 'o': object = strtoull(optarg, NULL, 10); break;
		default: errx(EX_USAGE, "%s", usage);
		}
	if (path == NULL || n > MOST - GREEDY)
		errx(EX_USAGE, "%s", usage);
	become(uid);
	gather(n);
	if (requests > 0)
		work(requests, ticket, object);
	if (to_the_brim)
		fill();
	fflush(stdout);
	while (keep && read(STDIN_FILENO, &byte, 1) == 1)
		;
	return EX_OK;
}
