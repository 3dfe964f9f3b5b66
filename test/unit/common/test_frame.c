/* SPDX-License-Identifier: Apache-2.0 */
/* test_frame.c - whole maps over a socket, and sockets that misbehave. */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/wire/wire.h"
#include "test/unit/unit.h"

static int pair[2];
static uint8_t *buf;
static size_t cap, len;

static void
open_pair(void)
{
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	buf = NULL;
	cap = len = 0;
}

static void
close_pair(void)
{
	close(pair[0]);
	close(pair[1]);
	free(buf);
}

static void
write_raw(const void *bytes, size_t n)
{
	ck_assert_int_eq(write(pair[0], bytes, n), (ssize_t)n);
}

START_TEST(frames_arrive_whole_and_in_order)
{
	ck_assert_int_eq(eh_wire_send(pair[0], "\xa0", 1), EH_OK);
	ck_assert_int_eq(eh_wire_send(pair[0], "second", 6), EH_OK);
	ck_assert_int_eq(
	    eh_wire_receive(pair[1], &buf, &cap, &len, 1000), EH_OK);
	ck_assert_uint_eq(len, 1);
	ck_assert_mem_eq(buf, "\xa0", 1);
	ck_assert_int_eq(
	    eh_wire_receive(pair[1], &buf, &cap, &len, -1), EH_OK);
	ck_assert_uint_eq(len, 6);
	ck_assert_mem_eq(buf, "second", 6);
	ck_assert_uint_ge(cap, 6);
}
END_TEST

START_TEST(a_length_of_zero_or_above_the_limit_is_refused)
{
	ck_assert_int_eq(eh_wire_send(pair[0], "", 0), EH_ERR_FORMAT);
	ck_assert_int_eq(
	    eh_wire_send(pair[0], "", EH_WIRE_MAX + 1), EH_ERR_FORMAT);
	write_raw("\0\0\0\0", 4);
	ck_assert_int_eq(eh_wire_receive(pair[1], &buf, &cap, &len, 1000),
	    EH_ERR_FORMAT);
	write_raw("\0\x10\0\1", 4);
	ck_assert_int_eq(eh_wire_receive(pair[1], &buf, &cap, &len, 1000),
	    EH_ERR_FORMAT);
	write_raw("\xff\xff\xff\xff", 4);
	ck_assert_int_eq(eh_wire_receive(pair[1], &buf, &cap, &len, 1000),
	    EH_ERR_FORMAT);
	ck_assert_ptr_null(buf);
	ck_assert_uint_eq(len, 0);
}
END_TEST

START_TEST(an_end_at_a_border_or_inside_a_frame_is_unavailable)
{
	write_raw("\0\0\0\5abc", 7);
	shutdown(pair[0], SHUT_WR);
	ck_assert_int_eq(eh_wire_receive(pair[1], &buf, &cap, &len, 1000),
	    EH_ERR_UNAVAILABLE);
	/* It may have been half a PIN. */
	ck_assert_uint_eq(cap, 5);
	ck_assert_mem_eq(buf, "\0\0\0\0\0", 5);
	ck_assert_int_eq(eh_wire_receive(pair[1], &buf, &cap, &len, -1),
	    EH_ERR_UNAVAILABLE);
}
END_TEST

START_TEST(a_silent_peer_costs_the_timeout_and_no_more)
{
	uint64_t began = eh_clock_monotonic_ns(), took;

	write_raw("\0\0", 2);
	ck_assert_int_eq(eh_wire_receive(pair[1], &buf, &cap, &len, 50),
	    EH_ERR_BUSY);
	took = eh_clock_monotonic_ns() - began;
	ck_assert_uint_ge(took, 50 * UINT64_C(1000000));
	ck_assert_uint_lt(took, 5000 * UINT64_C(1000000));
}
END_TEST

START_TEST(a_peer_that_is_gone_raises_no_signal)
{
	int err = EH_OK;

	close(pair[1]);
	for (int i = 0; i < 3; i++)
		err = eh_wire_send(pair[0], "x", 1);
	ck_assert_int_eq(err, EH_ERR_UNAVAILABLE);
	pair[1] = -1;
}
END_TEST

static void *
echo(void *arg)
{
	uint8_t *b = NULL;
	size_t c = 0, n;

	(void)arg;
	if (eh_wire_receive(pair[1], &b, &c, &n, 5000) == EH_OK)
		(void)!eh_wire_send(pair[1], b, n);
	free(b);
	return NULL;
}

START_TEST(the_largest_frame_goes_through_a_small_pipe)
{
	pthread_t thread;
	uint8_t *big = malloc(EH_WIRE_MAX);

	for (size_t i = 0; i < EH_WIRE_MAX; i++)
		big[i] = (uint8_t)(i * 7);
	ck_assert_int_eq(pthread_create(&thread, NULL, echo, NULL), 0);
	ck_assert_int_eq(eh_wire_send(pair[0], big, EH_WIRE_MAX), EH_OK);
	ck_assert_int_eq(
	    eh_wire_receive(pair[0], &buf, &cap, &len, 5000), EH_OK);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(len, EH_WIRE_MAX);
	ck_assert_mem_eq(buf, big, EH_WIRE_MAX);
	free(big);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("frame");
	TCase *t = tcase_create("frame");

	tcase_add_checked_fixture(t, open_pair, close_pair);
	tcase_add_test(t, frames_arrive_whole_and_in_order);
	tcase_add_test(t, a_length_of_zero_or_above_the_limit_is_refused);
	tcase_add_test(t, an_end_at_a_border_or_inside_a_frame_is_unavailable);
	tcase_add_test(t, a_silent_peer_costs_the_timeout_and_no_more);
	tcase_add_test(t, a_peer_that_is_gone_raises_no_signal);
	tcase_add_test(t, the_largest_frame_goes_through_a_small_pipe);
	suite_add_tcase(s, t);
	return unit_run(s);
}
