/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.c - the request table: who may ask what, when.  What is not in it
 * cannot happen. */
#include "config.h"

#include "common/clock.h"
#include "common/log.h"
#include "quota-engine/attest.h"
#include "quota-engine/import.h"
#include "quota-engine/health.h"
#include "quota-engine/monitor.h"
#include "quota-engine/report.h"
#include "quota-engine/req.h"

#define OPERATOR EH_MAY_OPERATE
#define OFFICER	 EH_MAY_OFFICER
#define EITHER	 (EH_MAY_OPERATE | EH_MAY_OFFICER)
#define ANY	 EH_MAY_ANY
#define NOBODY	 0u
#define FRESH	 EH_IN_FRESH
#define READY	 EH_IN_READY
#define ALWAYS	 (EH_IN_FRESH | EH_IN_READY | EH_IN_STOPPED)
#define FREE	 EH_COST_NONE
#define BOUNDED	 EH_COST_THROTTLED

/*
 * The whole policy.  Roles: the caller's user has one of them.  Login: and has
 * shown that role's PIN (NOBODY: need not).  What a key or an authorization
 * allows beyond that is judged by the handler.
 */
/* clang-format off */
const struct eh_monitor_row eh_monitor_rows[] = {
	/* code, name                               roles     login     states  cost     handler */
	{ EH_REQ_HELLO,         "hello",            ANY,      NOBODY,   ALWAYS, FREE,    eh_req_hello },
	{ EH_REQ_STATUS,        "status",           ANY,      NOBODY,   ALWAYS, FREE,    eh_req_status },
	{ EH_REQ_LOGOUT,        "logout",           ANY,      NOBODY,   ALWAYS, FREE,    eh_req_logout },
	{ EH_REQ_LOGIN,         "login",            EITHER,   NOBODY,   READY,  FREE,    eh_req_login },
	{ EH_REQ_GENESIS,       "genesis",          OFFICER,  NOBODY,   FRESH,  BOUNDED, eh_req_genesis },
	{ EH_REQ_INIT_TOKEN,    "init-token",       OFFICER,  NOBODY,   READY,  BOUNDED, eh_req_init_token },
	{ EH_REQ_SET_PIN,       "set-pin",          EITHER,   NOBODY,   READY,  BOUNDED, eh_req_set_pin },
	{ EH_REQ_LIST,          "list",             ANY,      NOBODY,   READY,  FREE,    eh_req_list },
	{ EH_REQ_RANDOM,        "random",           EITHER,   NOBODY,   READY,  FREE,    eh_req_random },
	{ EH_REQ_GENERATE,      "generate",         EITHER,   EITHER,   READY,  BOUNDED, eh_req_generate },
	{ EH_REQ_DESTROY,       "destroy",          EITHER,   EITHER,   READY,  BOUNDED, eh_req_destroy },
	{ EH_REQ_SET_ATTRIBUTE, "set-attribute",    EITHER,   EITHER,   READY,  BOUNDED, eh_req_set_attribute },
	{ EH_REQ_PUT_OBJECT,    "put-object",       EITHER,   EITHER,   READY,  BOUNDED, eh_req_put_object },
	{ EH_REQ_IMPORT,        "import",           EITHER,   NOBODY,   READY,  BOUNDED, eh_import_handle },
	{ EH_REQ_TIME_NONCE,    "time-nonce",       EITHER,   NOBODY,   READY,  BOUNDED, eh_import_nonce_handle },
	{ EH_REQ_CHALLENGE,     "challenge",        OPERATOR, OPERATOR, READY,  FREE,    eh_attest_challenge_handle },
	{ EH_REQ_REPORT,        "report",           OPERATOR, OPERATOR, READY,  BOUNDED, eh_report_handle },
	{ EH_REQ_SIGN,          "sign",             OPERATOR, OPERATOR, READY,  FREE,    eh_req_sign },
	{ EH_REQ_LOG_READ,      "log-read",         ANY,      NOBODY,   READY,  FREE,    eh_req_log_read },
	{ EH_REQ_RECEIPT,       "receipt",          ANY,      NOBODY,   READY,  BOUNDED, eh_req_receipt },
	{ EH_REQ_ENROL,         "enrol",            EITHER,   NOBODY,   READY,  BOUNDED, eh_req_enrol },
	{ EH_REQ_ASK_COUNT,     "ask-count",        EITHER,   EITHER,   READY,  BOUNDED, eh_req_ask_count },
	{ EH_REQ_ATTEST_KEY,    "attest-key",       EITHER,   NOBODY,   READY,  BOUNDED, eh_req_attest_key },
};
/* clang-format on */

const size_t eh_monitor_nrows =
    sizeof(eh_monitor_rows) / sizeof(eh_monitor_rows[0]);

const struct eh_monitor_row *
eh_monitor_row(unsigned code)
{
	for (size_t i = 0; i < eh_monitor_nrows; i++)
		if (eh_monitor_rows[i].code == code)
			return &eh_monitor_rows[i];
	return NULL;
}

static int
check_role(const struct eh_monitor_row *row, const struct eh_caller *caller,
    struct eh_error *error)
{
	if ((caller->roles & row->roles) != 0)
		return EH_OK;
	return eh_error_set(error, EH_DENIED_ROLE,
	    "%s needs the role of %s, which user %u does not have", row->name,
	    eh_roles_text(row->roles), (unsigned)caller->peer.uid);
}

static int
check_state(struct eh_boundary *b, const struct eh_monitor_row *row,
    struct eh_error *error)
{
	struct eh_error why;

	eh_error_clear(&why);
	switch (eh_boundary_state(b, &why)) {
	case EH_STATE_FRESH:
		if ((row->states & EH_IN_FRESH) != 0)
			return EH_OK;
		return eh_error_set(error, EH_DENIED_STATE,
		    "%s: this EdgeHSM has no identity yet: edgehsm token init "
		    "begins it",
		    row->name);
	case EH_STATE_READY:
		if ((row->states & EH_IN_READY) != 0)
			return EH_OK;
		return eh_error_set(error, EH_DENIED_STATE,
		    "%s: this EdgeHSM has its identity and its root already; "
		    "neither can be changed",
		    row->name);
	case EH_STATE_FAIL_STOPPED:
		if ((row->states & EH_IN_STOPPED) != 0)
			return EH_OK;
		break;
	}
	return eh_error_set(error, EH_DENIED_FAIL_STOPPED, "fail-stopped: %s",
	    eh_error_sentence(&why));
}

unsigned
eh_monitor_login(struct eh_boundary *b, struct eh_caller *caller)
{
	enum eh_wire_role role = caller->login == EH_MAY_OFFICER
	    ? EH_ROLE_OFFICER
	    : EH_ROLE_OPERATOR;

	if (caller->login != 0 &&
	    caller->generation != eh_pins_generation(b->pins, role))
		caller->login = 0;
	return caller->login & caller->roles;
}

static int
check_login(struct eh_boundary *b, const struct eh_monitor_row *row,
    struct eh_caller *caller, struct eh_error *error)
{
	if (row->login == 0 ||
	    (eh_monitor_login(b, caller) & row->login) != 0)
		return EH_OK;
	return eh_error_set(error, EH_DENIED_LOGIN,
	    "%s needs a login as %s", row->name, eh_roles_text(row->login));
}

int
eh_monitor_check(struct eh_boundary *b, const struct eh_monitor_row *row,
    struct eh_caller *caller, struct eh_error *error)
{
	int err;

	if (row == NULL)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "this request is not in the table of edgehsmd");
	if (!caller->greeted && row->code != EH_REQ_HELLO)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s came before hello", row->name);
	if ((err = check_role(row, caller, error)) != EH_OK ||
	    (err = check_state(b, row, error)) != EH_OK)
		return err;
	return check_login(b, row, caller, error);
}

static int
wait_turn(struct eh_boundary *b, const struct eh_monitor_row *row,
    const struct eh_caller *caller, struct eh_error *error)
{
	if (row->cost != EH_COST_THROTTLED)
		return EH_OK;
	return eh_throttle_wait(&b->throttle, caller->peer.uid, error);
}

/* What is broken here, rather than in what was asked: the daemon's log must not
 * be filled by clients. */
static int
is_ours(int err)
{
	switch (err) {
	case EH_ERR_STORAGE:
	case EH_ERR_MEMORY:
	case EH_ERR_CRYPTO:
	case EH_ERR_BACKEND:
	case EH_ERR_IO:
	case EH_ERR_INTERNAL:
		return 1;
	default:
		return 0;
	}
}

/* The reply of a refusal carries the sentence and nothing else. */
static void
refuse(struct eh_boundary *b, const struct eh_monitor_row *row,
    struct eh_call *call, struct eh_error *error)
{
	const char *name = row != NULL ? row->name : "unknown";

	eh_refusal_add(&b->refusals, eh_clock_wall(), call->caller->peer.uid,
	    call->caller->peer.pid, name, error);
	if (is_ours(error->code))
		eh_log(EH_LOG_WARNING, "%s: %s", name,
		    eh_error_sentence(error));
	eh_wire_init(&call->out, call->in->code, error->code);
	eh_call_say(call, eh_error_sentence(error));
}

int
eh_monitor_serve(struct eh_boundary *b, struct eh_call *call)
{
	const struct eh_monitor_row *row = eh_monitor_row(call->in->code);
	struct eh_error error;
	int err;

	eh_error_clear(&error);
	if ((err = eh_monitor_check(b, row, call->caller, &error)) == EH_OK &&
	    (err = wait_turn(b, row, call->caller, &error)) == EH_OK)
		err = row->handle(b, call, &error);
	/* What was under way when a self-test failed does not go out, either. */
	if ((err == EH_OK || err == EH_ERR_CRYPTO) && eh_health_why() != NULL)
		err = check_state(b, row, &error);
	if (err != EH_OK) {
		error.code = err;
		refuse(b, row, call, &error);
	}
	return err;
}
