/* SPDX-License-Identifier: Apache-2.0 */
/* test_monitor.c - the request table: each row, and each way to be refused. */
#include "config.h"

#include <string.h>

#include "quota-engine/monitor.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

static struct fixture f;
static const unsigned roles[] = { EH_MAY_OPERATE, EH_MAY_OFFICER,
	EH_MAY_AUDIT };

static void
begin(void)
{
	fixture_open(&f);
}

static void
begin_ready(void)
{
	fixture_open(&f);
	fixture_genesis(&f);
}

static void
end(void)
{
	fixture_close(&f);
}

static int
check(const struct eh_monitor_row *row, unsigned role, unsigned login)
{
	struct eh_caller caller = fixture_caller(&f, 1000, role, login);

	eh_error_clear(&f.error);
	return eh_monitor_check(f.b, row, &caller, &f.error);
}

/* A login that satisfies the row: a role that it names, or none. */
static unsigned
login_for(const struct eh_monitor_row *row, unsigned role)
{
	return row->login == 0 ? 0 : row->login & role;
}

START_TEST(every_request_of_the_wire_has_one_row)
{
	for (unsigned code = 1; code < EH_REQ_COUNT; code++) {
		unsigned rows = 0;

		for (size_t i = 0; i < eh_monitor_nrows; i++)
			rows += eh_monitor_rows[i].code == code;
		ck_assert_msg(rows == 1, "request %u has %u rows", code, rows);
	}
	ck_assert_uint_eq(eh_monitor_nrows, EH_REQ_COUNT - 1);
}
END_TEST

START_TEST(a_row_asks_for_no_login_that_its_roles_cannot_have)
{
	for (size_t i = 0; i < eh_monitor_nrows; i++) {
		const struct eh_monitor_row *row = &eh_monitor_rows[i];

		ck_assert_uint_ne(row->roles, 0);
		ck_assert_uint_ne(row->states, 0);
		ck_assert_uint_eq(row->login & ~row->roles, 0);
		ck_assert_uint_eq(row->login & EH_MAY_AUDIT, 0);
		ck_assert(row->handle != NULL);
	}
}
END_TEST

START_TEST(what_is_not_in_the_table_is_refused)
{
	struct eh_caller caller =
	    fixture_caller(&f, 0, EH_MAY_ANY, EH_MAY_OFFICER);

	ck_assert_ptr_null(eh_monitor_row(0));
	ck_assert_ptr_null(eh_monitor_row(EH_REQ_COUNT));
	ck_assert_ptr_null(eh_monitor_row(EH_MAP_OBJECT));
	ck_assert_int_eq(
	    eh_monitor_check(f.b, NULL, &caller, &f.error),
	    EH_ERR_UNSUPPORTED);
}
END_TEST

/* Every row, every single role: refused unless the row names it. */
START_TEST(each_role_gets_what_its_rows_say_and_nothing_else)
{
	for (size_t i = 0; i < eh_monitor_nrows; i++)
		for (size_t r = 0; r < 3; r++) {
			const struct eh_monitor_row *row = &eh_monitor_rows[i];
			int expect = EH_OK, got;

			if ((row->states & EH_IN_READY) == 0)
				continue;
			if ((row->roles & roles[r]) == 0)
				expect = EH_DENIED_ROLE;
			got = check(row, roles[r], login_for(row, roles[r]));
			ck_assert_msg(got == expect, "%s as %s: %s", row->name,
			    eh_roles_text(roles[r]), f.error.text);
		}
}
END_TEST

START_TEST(nobody_gets_nothing)
{
	for (size_t i = 0; i < eh_monitor_nrows; i++)
		ck_assert_int_eq(
		    check(&eh_monitor_rows[i], 0, 0), EH_DENIED_ROLE);
}
END_TEST

START_TEST(a_row_that_asks_for_a_login_is_refused_without_it)
{
	unsigned seen = 0;

	for (size_t i = 0; i < eh_monitor_nrows; i++) {
		const struct eh_monitor_row *row = &eh_monitor_rows[i];

		if (row->login == 0)
			continue;
		seen++;
		ck_assert_int_eq(check(row, EH_MAY_ANY, 0), EH_DENIED_LOGIN);
		for (size_t r = 0; r < 2; r++)
			ck_assert_int_eq(check(row, EH_MAY_ANY, roles[r]),
			    (row->login & roles[r]) != 0 ? EH_OK
							 : EH_DENIED_LOGIN);
	}
	ck_assert_uint_ge(seen, 6);
}
END_TEST

START_TEST(a_login_does_not_outlive_the_role)
{
	const struct eh_monitor_row *sign = eh_monitor_row(EH_REQ_SIGN);
	struct eh_caller caller =
	    fixture_caller(&f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);

	ck_assert_int_eq(
	    eh_monitor_check(f.b, sign, &caller, &f.error), EH_OK);
	caller.roles = EH_MAY_OFFICER;
	ck_assert_int_eq(eh_monitor_check(f.b, sign, &caller, &f.error),
	    EH_DENIED_ROLE);
	caller.roles = EH_MAY_ANY;
	caller.login = EH_MAY_AUDIT; /* nobody can have this one */
	ck_assert_int_eq(eh_monitor_check(f.b, sign, &caller, &f.error),
	    EH_DENIED_LOGIN);
}
END_TEST

START_TEST(a_login_ends_when_its_pin_changes_and_only_then)
{
	const struct eh_monitor_row *sign = eh_monitor_row(EH_REQ_SIGN);
	struct eh_caller caller =
	    fixture_caller(&f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);

	ck_assert_int_eq(eh_pins_set(f.b->pins, EH_ROLE_OFFICER,
			     (const uint8_t *)"new one", 7, &f.error),
	    EH_OK);
	ck_assert_int_eq(
	    eh_monitor_check(f.b, sign, &caller, &f.error), EH_OK);
	ck_assert_int_eq(eh_pins_set(f.b->pins, EH_ROLE_OPERATOR,
			     (const uint8_t *)"new one", 7, &f.error),
	    EH_OK);
	ck_assert_int_eq(eh_monitor_check(f.b, sign, &caller, &f.error),
	    EH_DENIED_LOGIN);
}
END_TEST

START_TEST(before_genesis_only_the_rows_for_that_state_are_served)
{
	for (size_t i = 0; i < eh_monitor_nrows; i++) {
		const struct eh_monitor_row *row = &eh_monitor_rows[i];
		int got = check(row, EH_MAY_ANY, 0);

		ck_assert_msg(got ==
			((row->states & EH_IN_FRESH) != 0 ? EH_OK
							  : EH_DENIED_STATE),
		    "%s: %s", row->name, f.error.text);
	}
	ck_assert_int_eq(
	    check(eh_monitor_row(EH_REQ_GENESIS), EH_MAY_OFFICER, 0), EH_OK);
}
END_TEST

START_TEST(after_genesis_there_is_no_second_one)
{
	ck_assert_int_eq(
	    check(eh_monitor_row(EH_REQ_GENESIS), EH_MAY_OFFICER, 0),
	    EH_DENIED_STATE);
	ck_assert_ptr_nonnull(strstr(f.error.text, "neither can be changed"));
}
END_TEST

START_TEST(when_stopped_only_hello_status_and_logout_are_served)
{
	eh_boundary_stop(f.b, "the reason of the test");
	eh_boundary_stop(f.b, "a later reason");
	for (size_t i = 0; i < eh_monitor_nrows; i++) {
		const struct eh_monitor_row *row = &eh_monitor_rows[i];
		int open = row->code == EH_REQ_HELLO ||
		    row->code == EH_REQ_STATUS || row->code == EH_REQ_LOGOUT;

		ck_assert_msg(check(row, EH_MAY_ANY, 0) ==
			(open ? EH_OK : EH_DENIED_FAIL_STOPPED),
		    "%s", row->name);
		if (!open)
			ck_assert_str_eq(f.error.text,
			    "fail-stopped: the reason of the test");
	}
}
END_TEST

START_TEST(hello_comes_first)
{
	struct eh_caller caller =
	    fixture_caller(&f, 1, EH_MAY_ANY, EH_MAY_OPERATE);

	caller.greeted = 0;
	for (size_t i = 0; i < eh_monitor_nrows; i++)
		ck_assert_int_eq(eh_monitor_check(f.b, &eh_monitor_rows[i],
				     &caller, &f.error),
		    eh_monitor_rows[i].code == EH_REQ_HELLO ? EH_OK
							    : EH_ERR_FORMAT);
}
END_TEST

START_TEST(a_refusal_carries_its_sentence_is_counted_and_changes_nothing)
{
	struct eh_caller caller = fixture_caller(&f, 1, EH_MAY_AUDIT, 0);
	uint64_t generation = f.b->generation, commit, size;
	const struct eh_state *state;
	struct eh_call call;
	struct eh_wire in;
	char text[513];

	state = eh_engine_lock(f.b->engine);
	commit = state->commit;
	size = state->log.tree.size;
	eh_engine_unlock(f.b->engine);
	eh_wire_init(&in, EH_REQ_DESTROY, EH_OK);
	eh_wire_put_number(&in, EH_WIRE_OBJECT, 1);
	eh_call_init(&call, &caller, &in);
	ck_assert_int_eq(eh_monitor_serve(f.b, &call), EH_DENIED_ROLE);
	ck_assert_int_eq(call.out.result, EH_DENIED_ROLE);
	ck_assert_int_eq(eh_wire_text(&call.out, EH_WIRE_TEXT, text,
			     sizeof(text)),
	    EH_OK);
	ck_assert_str_eq(text,
	    "destroy needs the role of operator or security officer, which "
	    "user 1 does not have");
	eh_call_wipe(&call);
	ck_assert_uint_eq(eh_refusal_count(&f.b->refusals), 1);
	ck_assert_uint_eq(f.b->generation, generation);
	state = eh_engine_lock(f.b->engine);
	ck_assert_uint_eq(state->commit, commit);
	ck_assert_uint_eq(state->log.tree.size, size);
	eh_engine_unlock(f.b->engine);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("monitor");
	TCase *fresh = tcase_create("fresh"), *ready = tcase_create("ready");

	tcase_add_checked_fixture(fresh, begin, end);
	tcase_add_test(fresh, every_request_of_the_wire_has_one_row);
	tcase_add_test(
	    fresh, a_row_asks_for_no_login_that_its_roles_cannot_have);
	tcase_add_test(fresh, what_is_not_in_the_table_is_refused);
	tcase_add_test(
	    fresh, before_genesis_only_the_rows_for_that_state_are_served);
	tcase_add_test(
	    fresh, when_stopped_only_hello_status_and_logout_are_served);
	tcase_add_checked_fixture(ready, begin_ready, end);
	tcase_add_test(
	    ready, each_role_gets_what_its_rows_say_and_nothing_else);
	tcase_add_test(ready, nobody_gets_nothing);
	tcase_add_test(
	    ready, a_row_that_asks_for_a_login_is_refused_without_it);
	tcase_add_test(ready, a_login_does_not_outlive_the_role);
	tcase_add_test(
	    ready, a_login_ends_when_its_pin_changes_and_only_then);
	tcase_add_test(ready, after_genesis_there_is_no_second_one);
	tcase_add_test(ready, hello_comes_first);
	tcase_add_test(ready,
	    a_refusal_carries_its_sentence_is_counted_and_changes_nothing);
	suite_add_tcase(s, fresh);
	suite_add_tcase(s, ready);
	return unit_run(s);
}
