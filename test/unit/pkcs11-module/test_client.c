/* SPDX-License-Identifier: Apache-2.0 */
/* test_client.c - connections: a pool of them, tickets, and daemons that go
 * away. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "pkcs11-module/client.h"
#include "test/unit/pkcs11-module/fake.h"
#include "test/unit/unit.h"

static struct eh_conf conf;
static struct eh_client client;
static struct eh_error error;
static struct eh_reply reply;
static char path[108];

static void
up(void)
{
	fake_start();
	setenv("EDGEHSM_LINE", "line-3", 1);
	memcpy(path, fake.socket, sizeof(path));
	conf.socket = path;
	eh_client_init(&client, &conf);
	client.patience_ms = 0;
	eh_error_clear(&error);
}

static void
down(void)
{
	eh_client_wipe(&client);
	fake_stop();
}

static int
ask(enum eh_wire_code code)
{
	struct eh_wire request;
	int err;

	eh_wire_init(&request, code, 0);
	if (code == EH_REQ_SIGN) {
		eh_wire_put_number(&request, EH_WIRE_OBJECT, 5);
		eh_wire_put_number(
		    &request, EH_WIRE_MECHANISM, EH_MECH_ECDSA_SHA256);
		eh_wire_put_bytes(&request, EH_WIRE_DATA, "tbs", 3);
	} else if (code == EH_REQ_GENERATE) {
		eh_wire_put_number(&request, EH_WIRE_ALG, -7);
		eh_wire_put_number(&request, EH_WIRE_PURPOSE, 0);
		eh_wire_put_text(&request, EH_WIRE_LABEL, "new");
		eh_wire_put_bytes(&request, EH_WIRE_ID, "", 0);
	}
	err = eh_client_call(&client, &request, &reply, &error);
	eh_reply_wipe(&reply);
	return err;
}

static int
log_in(void)
{
	return eh_client_login(&client, EH_ROLE_OPERATOR, FAKE_PIN,
	    strlen(FAKE_PIN), &error);
}

START_TEST(hello_comes_first_and_once_per_connection)
{
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(ask(EH_REQ_STATUS), EH_OK);
	ck_assert_uint_eq(fake.count[EH_REQ_HELLO], 1);
	ck_assert_uint_eq(fake.count[EH_REQ_STATUS], 10);
	ck_assert_uint_eq(fake.open, 1);
	ck_assert_str_eq(fake.line, "line-3");
}
END_TEST

START_TEST(a_claim_that_is_no_name_is_refused_and_not_dropped)
{
	char text[100];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	setenv("EDGEHSM_STATION", text, 1);
	eh_client_wipe(&client);
	eh_client_init(&client, &conf);
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_ERR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(error.text, "EDGEHSM_STATION"));
	unsetenv("EDGEHSM_STATION");
}
END_TEST

START_TEST(a_program_may_have_any_name)
{
	char name[] = "fabrik-z\xc3\xa4hler-with-a-name-that-is-longer-than-"
	    "sixty-four-characters-are";

	program_invocation_short_name = name;
	eh_client_wipe(&client);
	eh_client_init(&client, &conf);
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_OK);
	ck_assert_uint_eq(strlen(client.program), 64);
	ck_assert_ptr_eq(strchr(client.program, '?'), client.program + 8);
}
END_TEST

START_TEST(a_fail_stopped_daemon_ends_no_login)
{
	struct eh_hello hello;

	ck_assert_int_eq(log_in(), EH_OK);
	fake.state = EH_STATE_FAIL_STOPPED;
	fake.pin_generation++; /* it judges no tickets */
	ck_assert_int_eq(eh_client_hello(&client, &hello, &error), EH_OK);
	ck_assert_int_eq(eh_client_role(&client), EH_ROLE_OPERATOR);
}
END_TEST

START_TEST(hello_says_what_the_token_is)
{
	struct eh_hello hello;

	fake.flags = EH_FLAG_OPERATOR_PIN | EH_FLAG_PIN_DELAY;
	ck_assert_int_eq(eh_client_hello(&client, &hello, &error), EH_OK);
	ck_assert_uint_eq(hello.state, EH_STATE_READY);
	ck_assert_uint_eq(hello.flags, 3);
	ck_assert_str_eq(hello.label, "line 3");
	ck_assert_uint_eq(hello.generation, fake.generation);
	ck_assert_int_eq(hello.has_hsm_id, 1);
	ck_assert_int_eq(hello.hsm_id[0], 0xab);
}
END_TEST

START_TEST(a_refusal_brings_its_code_and_its_sentence)
{
	fake_refuse(EH_REQ_STATUS, EH_DENIED_QUOTA, "10 of 10 used");
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_DENIED_QUOTA);
	ck_assert_int_eq(error.code, EH_DENIED_QUOTA);
	ck_assert_str_eq(error.text, "10 of 10 used");
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_OK);
}
END_TEST

START_TEST(no_daemon_and_no_autostart_says_where_it_looked)
{
	fake_go_down();
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_ERR_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(error.text, path));
	ck_assert_ptr_nonnull(strstr(error.text, "start it (autostart is off"));
	fake_come_back();
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_OK);
}
END_TEST

static void *
come_back_late(void *arg)
{
	static const struct timespec nap = { .tv_nsec = 300 * 1000000 };

	nanosleep(&nap, NULL);
	fake_come_back();
	return arg;
}

START_TEST(a_daemon_that_restarts_is_waited_for)
{
	pthread_t thread;

	client.patience_ms = 5000;
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_OK);
	fake_go_down();
	ck_assert_int_eq(
	    pthread_create(&thread, NULL, come_back_late, NULL), 0);
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_OK);
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(a_daemon_that_stays_away_is_waited_for_once)
{
	uint64_t began;

	client.patience_ms = 200;
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_OK);
	fake_go_down();
	began = eh_clock_monotonic_ns();
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(ask(EH_REQ_STATUS), EH_ERR_UNAVAILABLE);
	began = eh_clock_monotonic_ns() - began;
	ck_assert_uint_ge(began, UINT64_C(200000000));
	ck_assert_uint_lt(began, UINT64_C(1000000000));
	fake_come_back();
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_OK);
}
END_TEST

START_TEST(a_daemon_that_was_never_there_is_not_waited_for)
{
	uint64_t began = eh_clock_monotonic_ns();

	client.patience_ms = 5000;
	fake_go_down();
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_ERR_UNAVAILABLE);
	ck_assert_uint_lt(
	    eh_clock_monotonic_ns() - began, UINT64_C(2000000000));
	fake_come_back();
}
END_TEST

START_TEST(a_restart_between_requests_is_not_noticed)
{
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_OK);
	fake_go_down();
	fake_come_back();
	ck_assert_int_eq(ask(EH_REQ_GENERATE), EH_DENIED_LOGIN);
	ck_assert_uint_eq(fake.count[EH_REQ_GENERATE], 1);
	ck_assert_uint_eq(fake.count[EH_REQ_HELLO], 2);
}
END_TEST

START_TEST(a_login_counts_on_all_connections_and_after_a_restart)
{
	ck_assert_int_eq(eh_client_role(&client), EH_CLIENT_NOBODY);
	ck_assert_int_eq(ask(EH_REQ_SIGN), EH_DENIED_LOGIN);
	ck_assert_int_eq(log_in(), EH_OK);
	ck_assert_int_eq(eh_client_role(&client), EH_ROLE_OPERATOR);
	ck_assert_int_eq(ask(EH_REQ_SIGN), EH_OK);
	fake_go_down();
	fake_come_back();
	ck_assert_int_eq(ask(EH_REQ_SIGN), EH_OK);
	ck_assert_uint_eq(fake.count[EH_REQ_LOGIN], 1);
}
END_TEST

START_TEST(after_a_logout_no_connection_is_logged_in)
{
	ck_assert_int_eq(log_in(), EH_OK);
	ck_assert_int_eq(ask(EH_REQ_SIGN), EH_OK);
	eh_client_logout(&client);
	ck_assert_int_eq(eh_client_role(&client), EH_CLIENT_NOBODY);
	ck_assert_uint_eq(client.ticketlen, 0);
	ck_assert_int_eq(ask(EH_REQ_SIGN), EH_DENIED_LOGIN);
}
END_TEST

START_TEST(a_wrong_pin_is_tried_once_and_kept_nowhere)
{
	ck_assert_int_eq(eh_client_login(
	    &client, EH_ROLE_OPERATOR, "WRONG-PIN", 9, &error), EH_DENIED_PIN);
	ck_assert_uint_eq(fake.count[EH_REQ_LOGIN], 1);
	ck_assert_int_eq(eh_client_role(&client), EH_CLIENT_NOBODY);
	for (size_t i = 0; i + 9 <= sizeof(client); i++)
		ck_assert_int_ne(
		    memcmp((uint8_t *)&client + i, "WRONG-PIN", 9), 0);
}
END_TEST

START_TEST(no_pin_stays_behind_a_login)
{
	ck_assert_int_eq(log_in(), EH_OK);
	for (size_t i = 0; i + strlen(FAKE_PIN) <= sizeof(client); i++)
		ck_assert_int_ne(memcmp((uint8_t *)&client + i, FAKE_PIN,
		    strlen(FAKE_PIN)), 0);
}
END_TEST

START_TEST(a_ticket_that_is_no_longer_good_is_forgotten)
{
	struct eh_hello hello;

	ck_assert_int_eq(log_in(), EH_OK);
	fake.pin_generation++; /* the officer set another PIN */
	ck_assert_int_eq(eh_client_hello(&client, &hello, &error), EH_OK);
	ck_assert_int_eq(eh_client_role(&client), EH_CLIENT_NOBODY);
	ck_assert_int_eq(log_in(), EH_OK);
	ck_assert_int_eq(ask(EH_REQ_SIGN), EH_OK);
}
END_TEST

/* A signature that was lost on the way is asked for again: it is the same. */
START_TEST(a_sign_is_repeated_when_its_answer_is_lost)
{
	ck_assert_int_eq(log_in(), EH_OK);
	fake_play(EH_REQ_SIGN, FAKE_HANG_UP_AFTER, 1);
	ck_assert_int_eq(ask(EH_REQ_SIGN), EH_OK);
	ck_assert_uint_eq(fake.count[EH_REQ_SIGN], 2);
}
END_TEST

START_TEST(a_key_is_never_made_twice)
{
	unsigned before;

	ck_assert_int_eq(log_in(), EH_OK);
	before = fake.nobjects;
	fake_play(EH_REQ_GENERATE, FAKE_HANG_UP_AFTER, 1);
	ck_assert_int_eq(ask(EH_REQ_GENERATE), EH_ERR_UNAVAILABLE);
	ck_assert_str_eq(error.text, "edgehsmd went away before it answered");
	ck_assert_uint_eq(fake.count[EH_REQ_GENERATE], 1);
	ck_assert_uint_eq(fake.nobjects, before + 1);
}
END_TEST

START_TEST(a_pin_is_never_tried_twice)
{
	fake_play(EH_REQ_LOGIN, FAKE_HANG_UP_BEFORE, 1);
	ck_assert_int_eq(log_in(), EH_ERR_UNAVAILABLE);
	ck_assert_uint_eq(fake.count[EH_REQ_LOGIN], 1);
}
END_TEST

START_TEST(a_request_is_repeated_twice_and_not_for_ever)
{
	ck_assert_int_eq(log_in(), EH_OK);
	fake_play(EH_REQ_SIGN, FAKE_HANG_UP_BEFORE, 10);
	ck_assert_int_eq(ask(EH_REQ_SIGN), EH_ERR_UNAVAILABLE);
	ck_assert_uint_eq(fake.count[EH_REQ_SIGN], 3);
}
END_TEST

START_TEST(an_answer_that_is_no_answer_ends_the_connection)
{
	fake_play(EH_REQ_STATUS, FAKE_GARBAGE, 1);
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_ERR_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(error.text, "does not understand"));
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_OK);
	ck_assert_uint_eq(fake.count[EH_REQ_HELLO], 2);
}
END_TEST

START_TEST(a_daemon_of_another_version_is_told_apart)
{
	fake.version = 2;
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_ERR_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(error.text, "version 2"));
	ck_assert_uint_eq(fake.count[EH_REQ_STATUS], 0);
}
END_TEST

START_TEST(a_refused_hello_is_the_refusal_of_the_call)
{
	fake_refuse(EH_REQ_HELLO, EH_DENIED_ROLE, "user 1000 has no role");
	ck_assert_int_eq(ask(EH_REQ_STATUS), EH_DENIED_ROLE);
	ck_assert_str_eq(error.text, "user 1000 has no role");
}
END_TEST

static void *
ask_slowly(void *arg)
{
	struct eh_wire request;
	struct eh_reply mine;

	eh_wire_init(&request, EH_REQ_STATUS, 0);
	*(int *)arg = eh_client_call(&client, &request, &mine, NULL);
	eh_reply_wipe(&mine);
	return NULL;
}

START_TEST(every_thread_has_a_connection_and_they_are_kept)
{
	pthread_t thread[8];
	int result[8];
	unsigned open;

	fake_play(EH_REQ_STATUS, FAKE_SLOW, 8);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(
		    &thread[i], NULL, ask_slowly, &result[i]), 0);
	for (int i = 0; i < 8; i++) {
		pthread_join(thread[i], NULL);
		ck_assert_int_eq(result[i], EH_OK);
	}
	open = fake.open;
	ck_assert_uint_ge(open, 2);
	ck_assert_uint_le(open, 8);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(ask(EH_REQ_STATUS), EH_OK);
	ck_assert_uint_eq(fake.open, open);
}
END_TEST

/* What became a daemon has closed all that was open, and opened other things. */
START_TEST(a_descriptor_that_is_somebody_elses_now_is_left_alone)
{
	int pair[2], fd;
	char byte;

	ck_assert_int_eq(log_in(), EH_OK);
	ck_assert_int_eq(ask(EH_REQ_SIGN), EH_OK);
	fd = client.connection[0].fd;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(dup2(pair[1], fd), fd);
	close(pair[1]);
	ck_assert_int_eq(ask(EH_REQ_SIGN), EH_OK);
	ck_assert_int_ne(client.connection[0].fd, fd);
	eh_client_logout(&client);
	ck_assert_int_eq(recv(pair[0], &byte, 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq(errno, EAGAIN); /* no word of ours, and not closed */
	close(pair[0]);
	close(fd);
}
END_TEST

START_TEST(a_value_that_does_not_fit_the_wire_is_an_argument_error)
{
	struct eh_wire request;

	eh_wire_init(&request, EH_REQ_RANDOM, 0);
	eh_wire_put_number(&request, EH_WIRE_COUNT, EH_WIRE_MAX + 1);
	ck_assert_int_eq(eh_client_call(&client, &request, &reply, &error),
	    EH_ERR_ARGUMENT);
	eh_reply_wipe(&reply);
	ck_assert_uint_eq(fake.count[EH_REQ_RANDOM], 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("client");
	TCase *t = tcase_create("client");

	tcase_add_checked_fixture(t, up, down);
	tcase_add_test(t, hello_comes_first_and_once_per_connection);
	tcase_add_test(t, a_claim_that_is_no_name_is_refused_and_not_dropped);
	tcase_add_test(t, a_program_may_have_any_name);
	tcase_add_test(t, a_fail_stopped_daemon_ends_no_login);
	tcase_add_test(t, hello_says_what_the_token_is);
	tcase_add_test(t, a_refusal_brings_its_code_and_its_sentence);
	tcase_add_test(t, no_daemon_and_no_autostart_says_where_it_looked);
	tcase_add_test(t, a_daemon_that_restarts_is_waited_for);
	tcase_add_test(t, a_daemon_that_stays_away_is_waited_for_once);
	tcase_add_test(t, a_daemon_that_was_never_there_is_not_waited_for);
	tcase_add_test(t, a_restart_between_requests_is_not_noticed);
	tcase_add_test(
	    t, a_login_counts_on_all_connections_and_after_a_restart);
	tcase_add_test(t, after_a_logout_no_connection_is_logged_in);
	tcase_add_test(t, a_wrong_pin_is_tried_once_and_kept_nowhere);
	tcase_add_test(t, no_pin_stays_behind_a_login);
	tcase_add_test(t, a_ticket_that_is_no_longer_good_is_forgotten);
	tcase_add_test(t, a_sign_is_repeated_when_its_answer_is_lost);
	tcase_add_test(t, a_key_is_never_made_twice);
	tcase_add_test(t, a_pin_is_never_tried_twice);
	tcase_add_test(t, a_request_is_repeated_twice_and_not_for_ever);
	tcase_add_test(t, an_answer_that_is_no_answer_ends_the_connection);
	tcase_add_test(t, a_daemon_of_another_version_is_told_apart);
	tcase_add_test(t, a_refused_hello_is_the_refusal_of_the_call);
	tcase_add_test(t, every_thread_has_a_connection_and_they_are_kept);
	tcase_add_test(
	    t, a_descriptor_that_is_somebody_elses_now_is_left_alone);
	tcase_add_test(
	    t, a_value_that_does_not_fit_the_wire_is_an_argument_error);
	suite_add_tcase(s, t);
	return unit_run(s);
}
