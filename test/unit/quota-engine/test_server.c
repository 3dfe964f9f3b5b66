/* SPDX-License-Identifier: Apache-2.0 */
/* test_server.c - connections: limits, clients that are slow, silent, gone or
 * rude, and the end. */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/wipe.h"
#include "quota-engine/server.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

static const struct eh_server_limits few = {
	.connections = 4, .per_user = 3, .strangers = 1, .patience_ms = 200,
	.stranger_ms = 200
};
static const struct eh_server_limits total = {
	.connections = 2, .per_user = 3, .strangers = 1, .patience_ms = 200,
	.stranger_ms = 200
};

static struct fixture f;
static struct eh_server *server;
static pthread_t thread;
static int stop_fd;
static struct eh_conf_who somebody = {
	.kind = EH_CONF_WHO_USER, .id = 4000000000, .resolved = 1
};

static void *
run(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)eh_server_run(server, stop_fd, NULL);
}

static void
begin(void)
{
	fixture_open(&f);
	fixture_genesis(&f);
	server = NULL;
}

static void
start(const struct eh_server_limits *limits)
{
	ck_assert_msg(
	    eh_server_open(f.b, limits, &server, &f.error) == EH_OK, "%s",
	    f.error.text);
	stop_fd = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
}

static void
stop(void)
{
	const uint64_t one = 1;
	void *result;

	ck_assert_int_eq(write(stop_fd, &one, sizeof(one)), sizeof(one));
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	ck_assert_ptr_null(result);
	ck_assert_uint_eq(eh_server_close(server, 500), 0);
	close(stop_fd);
	server = NULL;
}

static void
end(void)
{
	if (server != NULL)
		stop();
	fixture_close(&f);
}

static int
dial(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, f.socket, strlen(f.socket));
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	return fd;
}

/* Send a request and return the result of the reply; its sentence to ${text}. */
static int
ask(int fd, struct eh_wire *request, char text[513])
{
	uint8_t bytes[512], *reply = NULL;
	size_t len, cap = 0;
	struct eh_wire out;
	int result;

	ck_assert_int_eq(
	    eh_wire_encode_request(request, bytes, sizeof(bytes), &len),
	    EH_OK);
	/* Who was turned away has an answer all the same. */
	result = eh_wire_send(fd, bytes, len);
	if (eh_wire_receive(fd, &reply, &cap, &len, 5000) != EH_OK) {
		free(reply);
		return EH_ERR_UNAVAILABLE;
	}
	ck_assert_int_eq(
	    eh_wire_decode_reply(&out, request->code, reply, len), EH_OK);
	result = out.result;
	ck_assert_int_eq(eh_wire_text(&out, EH_WIRE_TEXT, text, 513), EH_OK);
	free(reply);
	return result;
}

static int
hello(int fd, char text[513])
{
	struct eh_wire request;

	eh_wire_init(&request, EH_REQ_HELLO, EH_OK);
	eh_wire_put_number(&request, EH_WIRE_VERSION_NO, EH_WIRE_VERSION);
	return ask(fd, &request, text);
}

/* Is the connection closed by the other side within ${ms}? */
static int
closes(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&p, 1, ms) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

START_TEST(connections_of_a_user_are_limited_and_come_free_again)
{
	char text[513];
	int fd[3], more;

	start(&few);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(hello(fd[i] = dial(), text), EH_OK);
	more = dial();
	ck_assert_int_eq(hello(more, text), EH_ERR_FULL);
	ck_assert_msg(strstr(text, "3 connections") != NULL, "%s", text);
	close(more);
	/* The others go on. */
	ck_assert_int_eq(hello(fd[0], text), EH_OK);
	close(fd[1]);
	for (unsigned i = 0; i < 100; i++) {
		more = dial();
		if (hello(more, text) == EH_OK)
			break;
		close(more);
		usleep(10000);
	}
	ck_assert_int_eq(hello(more, text), EH_OK);
	close(fd[0]);
	close(fd[2]);
	close(more);
}
END_TEST

START_TEST(connections_are_limited_all_together)
{
	char text[513];
	int a, b, c;

	start(&total);
	ck_assert_int_eq(hello(a = dial(), text), EH_OK);
	ck_assert_int_eq(hello(b = dial(), text), EH_OK);
	ck_assert_int_eq(hello(c = dial(), text), EH_ERR_FULL);
	ck_assert_msg(strstr(text, "serves 2") != NULL, "%s", text);
	close(a);
	close(b);
	close(c);
}
END_TEST

START_TEST(a_stranger_gets_one_sentence_and_no_more)
{
	char text[513];
	int a, b;

	f.conf.operators.who = f.conf.officers.who = f.conf.auditors.who =
	    &somebody;
	f.conf.operators.n = f.conf.officers.n = f.conf.auditors.n = 1;
	start(&few);
	a = dial();
	ck_assert_int_eq(hello(a, text), EH_DENIED_ROLE);
	ck_assert_msg(strstr(text, "needs the role") != NULL, "%s", text);
	ck_assert(closes(a, 2000));
	/* One who is silent keeps his place, and others of his kind out, for
	 * a short time only. */
	close(a);
	a = dial();
	usleep(20000);
	b = dial();
	ck_assert_int_eq(hello(b, text), EH_DENIED_ROLE);
	ck_assert(closes(b, 2000));
	ck_assert(closes(a, 4000));
	close(a);
	close(b);
}
END_TEST

START_TEST(a_frame_that_is_not_finished_ends_its_connection_only)
{
	const uint8_t half[] = { 0, 0, 0, 100, 0xa1 };
	char text[513];
	int slow, other;

	start(&few);
	slow = dial();
	other = dial();
	ck_assert_int_eq(write(slow, half, sizeof(half)), sizeof(half));
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(hello(other, text), EH_OK);
	ck_assert(closes(slow, 3000));
	ck_assert_int_eq(hello(other, text), EH_OK);
	close(slow);
	close(other);
}
END_TEST

START_TEST(a_silent_client_may_be_silent_for_longer_than_that)
{
	char text[513];
	int fd;

	start(&few);
	fd = dial();
	ck_assert_int_eq(hello(fd, text), EH_OK);
	ck_assert(!closes(fd, 400));
	ck_assert_int_eq(hello(fd, text), EH_OK);
	close(fd);
}
END_TEST

START_TEST(a_length_above_the_limit_closes_and_costs_nothing)
{
	static const uint8_t lengths[][4] = { { 0, 0x10, 0, 1 },
		{ 0xff, 0xff, 0xff, 0xff }, { 0x7f, 0xff, 0xff, 0xff },
		{ 0, 0, 0, 0 } };
	char text[513];
	int fd;

	start(&few);
	for (unsigned i = 0; i < 4; i++) {
		fd = dial();
		ck_assert_int_eq(write(fd, lengths[i], 4), 4);
		ck_assert(closes(fd, 3000));
		close(fd);
	}
	ck_assert_int_eq(hello(fd = dial(), text), EH_OK);
	close(fd);
}
END_TEST

START_TEST(malformed_maps_are_answered_and_close)
{
	static const char *const maps[] = { "a0", "a10018ff", "a1000100",
		"a2000101", "a10001", "f6", "9a53535353" };
	uint8_t frame[64], *reply = NULL;
	size_t cap = 0, len;
	struct eh_wire out;
	int fd;

	start(&few);
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		fd = dial();
		len = unit_hex(maps[i], frame, sizeof(frame));
		ck_assert_int_eq(eh_wire_send(fd, frame, len), EH_OK);
		ck_assert_int_eq(
		    eh_wire_receive(fd, &reply, &cap, &len, 5000), EH_OK);
		ck_assert_int_eq(
		    eh_wire_decode_reply(&out, EH_REQ_LOGOUT, reply, len),
		    EH_OK);
		ck_assert_int_lt(out.result, 0);
		ck_assert_msg(closes(fd, 3000), "map %s", maps[i]);
		close(fd);
	}
	free(reply);
}
END_TEST

START_TEST(a_client_that_does_not_read_is_left_at_the_end)
{
	struct eh_wire request;
	uint8_t bytes[64];
	char text[513];
	size_t len;
	int deaf, other;

	start(&few);
	deaf = dial();
	ck_assert_int_eq(hello(deaf, text), EH_OK);
	eh_wire_init(&request, EH_REQ_RANDOM, EH_OK);
	eh_wire_put_number(&request, EH_WIRE_COUNT, 900000);
	ck_assert_int_eq(
	    eh_wire_encode_request(&request, bytes, sizeof(bytes), &len),
	    EH_OK);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(eh_wire_send(deaf, bytes, len), EH_OK);
	ck_assert_int_eq(hello(other = dial(), text), EH_OK);
	/* Its reply is not waited for longer than we say. */
	stop();
	close(deaf);
	close(other);
}
END_TEST

START_TEST(the_end_does_not_wait_for_silent_clients)
{
	char text[513];
	int fd[3];

	start(&few);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(hello(fd[i] = dial(), text), EH_OK);
	stop();
	ck_assert_int_ne(access(f.socket, F_OK), 0);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(closes(fd[i], 1000));
		close(fd[i]);
	}
}
END_TEST

#define CLIENTS 3
#define ROUNDS	100

static void *
talk(void *arg)
{
	char text[513];
	int fd = dial();

	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++)
		ck_assert_int_eq(hello(fd, text), EH_OK);
	close(fd);
	return NULL;
}

START_TEST(many_clients_are_served_at_once)
{
	pthread_t client[CLIENTS];

	start(&few);
	for (unsigned i = 0; i < CLIENTS; i++)
		ck_assert_int_eq(
		    pthread_create(&client[i], NULL, talk, NULL), 0);
	for (unsigned i = 0; i < CLIENTS; i++)
		ck_assert_int_eq(pthread_join(client[i], NULL), 0);
}
END_TEST

/* --- secrets --- */

#define PIN_LEN 24

/* The PIN of this test exists in the clear only while it is being sent. */
static void
spell_pin(uint8_t pin[PIN_LEN])
{
	for (unsigned i = 0; i < PIN_LEN; i++)
		pin[i] = (uint8_t)(0x21 + (i * 37 + 11) % 90);
}

static int
is_pin(const uint8_t *bytes)
{
	for (unsigned i = 0; i < PIN_LEN; i++)
		if (bytes[i] != (uint8_t)(0x21 + (i * 37 + 11) % 90))
			return 0;
	return 1;
}

/* No mapping of this program is larger; AddressSanitizer's own are. */
#define MAPPING_MAX (1UL << 30)

/* Count the PIN in what this process can write to, the buffer used for looking
 * left out. */
static unsigned
pins_in_memory(void)
{
	static uint8_t piece[1 << 16];
	const uintptr_t self = (uintptr_t)piece;
	FILE *maps = fopen("/proc/self/maps", "r");
	int mem = open("/proc/self/mem", O_RDONLY);
	unsigned long from, to;
	unsigned found = 0;
	char line[512], mode[5];
	ssize_t got;

	ck_assert_ptr_nonnull(maps);
	ck_assert_int_ge(mem, 0);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 ||
		    strncmp(mode, "rw", 2) != 0 || to - from > MAPPING_MAX)
			continue;
		for (; from < to; from += sizeof(piece) - PIN_LEN) {
			size_t len = to - from < sizeof(piece)
			    ? to - from
			    : sizeof(piece);

			if (self < from + len && from < self + sizeof(piece))
				continue;
			got = pread(mem, piece, len, (off_t)from);
			for (ssize_t i = 0; i + PIN_LEN <= got; i++)
				found += (unsigned)is_pin(piece + i);
		}
	}
	fclose(maps);
	close(mem);
	memset(piece, 0, sizeof(piece));
	return found;
}

static void
log_in_with_it(int fd)
{
	uint8_t frame[256], pin[PIN_LEN], *reply = NULL;
	struct eh_wire request, out;
	size_t len, cap = 0;

	eh_wire_init(&request, EH_REQ_LOGIN, EH_OK);
	eh_wire_put_number(&request, EH_WIRE_ROLE, EH_ROLE_OPERATOR);
	spell_pin(pin);
	eh_wire_put_bytes(&request, EH_WIRE_PIN, pin, sizeof(pin));
	ck_assert_int_eq(
	    eh_wire_encode_request(&request, frame, sizeof(frame), &len),
	    EH_OK);
	eh_wipe(pin, sizeof(pin));
	ck_assert_int_eq(eh_wire_send(fd, frame, len), EH_OK);
	eh_wipe(frame, sizeof(frame));
	ck_assert_int_eq(
	    eh_wire_receive(fd, &reply, &cap, &len, 5000), EH_OK);
	ck_assert_int_eq(
	    eh_wire_decode_reply(&out, EH_REQ_LOGIN, reply, len), EH_OK);
	ck_assert_int_eq(out.result, EH_OK);
	free(reply);
}

START_TEST(a_pin_does_not_stay_in_memory)
{
	uint8_t pin[PIN_LEN];
	unsigned pins = 0;
	char text[513];
	int fd;

	spell_pin(pin);
	/* So the looking works; the map of a process whose threads allocate is
	 * not one moment's, so it may miss once. */
	for (int turn = 0; turn < 5 && pins == 0; turn++)
		pins = pins_in_memory();
	ck_assert_uint_ge(pins, 1);
	ck_assert_int_eq(eh_pins_set(f.b->pins, EH_ROLE_OPERATOR, pin,
			     sizeof(pin), &f.error),
	    EH_OK);
	eh_wipe(pin, sizeof(pin));
	start(&few);
	fd = dial();
	ck_assert_int_eq(hello(fd, text), EH_OK);
	log_in_with_it(fd);
	/* The frame is wiped behind its reply: one more round shows that. */
	ck_assert_int_eq(hello(fd, text), EH_OK);
	ck_assert_uint_eq(pins_in_memory(), 0);
	close(fd);
}
END_TEST

START_TEST(the_last_places_are_for_users_that_have_few)
{
	static const struct eh_server_limits kept = {
		.connections = 5, .per_user = 5, .strangers = 5,
		.reserve = 2, .modest = 3, .patience_ms = 200,
		.stranger_ms = 200
	};
	char text[513];
	int fd[4];

	start(&kept);
	for (int i = 0; i < 3; i++) {
		fd[i] = dial();
		ck_assert_int_eq(hello(fd[i], text), EH_OK);
	}
	/* Three of five are open, and the user has three: the rest is not
	 * for him. */
	fd[3] = dial();
	ck_assert_int_eq(hello(fd[3], text), EH_ERR_FULL);
	ck_assert_msg(strstr(text, "while 3 are open") != NULL, "%s", text);
	for (int i = 0; i < 4; i++)
		close(fd[i]);
}
END_TEST

START_TEST(limits_fit_into_the_descriptors_that_there_are)
{
	struct eh_server_limits limits = eh_server_limits;

	eh_server_fit(&limits, 100000);
	ck_assert_mem_eq(&limits, &eh_server_limits, sizeof(limits));
	eh_server_fit(&limits,
	    eh_server_limits.connections + EH_SERVER_DESCRIPTORS);
	ck_assert_uint_eq(limits.connections, eh_server_limits.connections);
	eh_server_fit(&limits, 1024);
	ck_assert_uint_eq(limits.connections, 768);
	ck_assert_uint_eq(limits.per_user, 652);
	ck_assert_uint_ge(limits.strangers, 1);
	limits = eh_server_limits;
	eh_server_fit(&limits, 64);
	ck_assert_uint_eq(limits.connections, 32);
	ck_assert_uint_ge(limits.modest, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("server");
	TCase *c = tcase_create("server");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(
	    c, connections_of_a_user_are_limited_and_come_free_again);
	tcase_add_test(c, connections_are_limited_all_together);
	tcase_add_test(c, a_stranger_gets_one_sentence_and_no_more);
	tcase_add_test(
	    c, a_frame_that_is_not_finished_ends_its_connection_only);
	tcase_add_test(
	    c, a_silent_client_may_be_silent_for_longer_than_that);
	tcase_add_test(
	    c, a_length_above_the_limit_closes_and_costs_nothing);
	tcase_add_test(c, malformed_maps_are_answered_and_close);
	tcase_add_test(
	    c, a_client_that_does_not_read_is_left_at_the_end);
	tcase_add_test(c, the_end_does_not_wait_for_silent_clients);
	tcase_add_test(c, many_clients_are_served_at_once);
	tcase_add_test(c, a_pin_does_not_stay_in_memory);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, the_last_places_are_for_users_that_have_few);
	tcase_add_test(c, limits_fit_into_the_descriptors_that_there_are);
	suite_add_tcase(s, c);
	return unit_run(s);
}
