/* SPDX-License-Identifier: Apache-2.0 */
/* req_session.c - requests about the caller: hello, login, logout, random. */
#include "config.h"

#include <string.h>

#include "quota-engine/monitor.h"
#include "quota-engine/req.h"
#include "quota-engine/rng.h"

static void
put_identity(struct eh_boundary *b, struct eh_call *call, uint64_t *flagsp)
{
	const struct eh_state *state;
	struct eh_now now;
	struct {
		char label[EH_STATE_LABEL + 1];
		uint8_t hsm_id[EH_HSM_ID_LEN];
	} *kept = eh_call_keep(call, sizeof(*kept));

	if (kept == NULL)
		return;
	state = eh_engine_lock(b->engine);
	memcpy(kept->label, state->label, sizeof(kept->label));
	memcpy(kept->hsm_id, state->hsm_id, sizeof(kept->hsm_id));
	if (state->pin[EH_ROLE_OPERATOR].set)
		*flagsp |= EH_FLAG_OPERATOR_PIN;
	if (state->grant.last.seen)
		*flagsp |= EH_FLAG_ENROLLED;
	eh_engine_now(b->engine, &now);
	eh_engine_unlock(b->engine);
	if (eh_pins_wait(b->pins, call->caller->peer.uid) > 0)
		*flagsp |= EH_FLAG_PIN_DELAY;
	eh_wire_put_number(&call->out, EH_WIRE_QUALITY, now.quality);
	eh_wire_put_number(&call->out, EH_WIRE_T_LO, (int64_t)now.t_lo);
	eh_wire_put_text(&call->out, EH_WIRE_LABEL, kept->label);
	eh_wire_put_bytes(
	    &call->out, EH_WIRE_HSM_ID, kept->hsm_id, sizeof(kept->hsm_id));
}

/* A ticket that is no longer good is not refused: the caller is just not logged
 * in, and sees it in the reply. */
static void
take_ticket(struct eh_boundary *b, struct eh_call *call)
{
	struct eh_caller *caller = call->caller;
	enum eh_wire_role role;
	const uint8_t *ticket;
	uint32_t generation;
	size_t len;

	caller->login = 0;
	if (!eh_wire_has(call->in, EH_WIRE_TICKET))
		return;
	ticket = eh_wire_bytes(call->in, EH_WIRE_TICKET, &len);
	if (eh_pins_ticket_check(b->pins, caller->peer.uid, ticket, len, &role,
		&generation) != EH_OK)
		return;
	caller->generation = generation;
	caller->login =
	    role == EH_ROLE_OFFICER ? EH_MAY_OFFICER : EH_MAY_OPERATE;
	if (eh_monitor_login(b, caller) == 0)
		caller->login = 0;
	else
		eh_wire_put_number(&call->out, EH_WIRE_ROLE, role);
}

static int
take_claims(struct eh_call *call, struct eh_error *error)
{
	struct eh_caller *caller = call->caller;
	const struct eh_wire *in = call->in;

	if (eh_wire_number(in, EH_WIRE_VERSION_NO) != EH_WIRE_VERSION)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "the client speaks version %u of the protocol, this "
		    "edgehsmd version %d: install both from one release",
		    (unsigned)eh_wire_number(in, EH_WIRE_VERSION_NO),
		    EH_WIRE_VERSION);
	if (eh_wire_text(in, EH_WIRE_PROGRAM, caller->program,
		sizeof(caller->program)) != EH_OK ||
	    eh_wire_text(in, EH_WIRE_LINE, caller->line,
		sizeof(caller->line)) != EH_OK ||
	    eh_wire_text(in, EH_WIRE_STATION, caller->station,
		sizeof(caller->station)) != EH_OK)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the claims of hello are too long");
	/* They go into records, which know names only. */
	if ((caller->line[0] != '\0' && !eh_name_check(caller->line)) ||
	    (caller->station[0] != '\0' && !eh_name_check(caller->station)))
		return eh_error_set(error, EH_ERR_FORMAT,
		    "line and station are names: letters, digits and "
		    "\"._:/-\", at most %d",
		    EH_NAME_MAX);
	return EH_OK;
}

int
eh_req_hello(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	enum eh_wire_state state;
	struct eh_error why;
	uint64_t flags = 0;
	int err;

	if ((err = take_claims(call, error)) != EH_OK)
		return err;
	call->caller->greeted = 1;
	call->caller->login = 0;
	eh_error_clear(&why);
	state = eh_boundary_state(b, &why);
	eh_wire_put_number(&call->out, EH_WIRE_VERSION_NO, EH_WIRE_VERSION);
	eh_wire_put_number(&call->out, EH_WIRE_STATE, state);
	eh_wire_put_number(&call->out, EH_WIRE_GENERATION,
	    (int64_t)atomic_load(&b->generation));
	if (state == EH_STATE_READY) {
		take_ticket(b, call);
		put_identity(b, call, &flags);
	} else if (state == EH_STATE_FAIL_STOPPED)
		eh_call_say(call, eh_error_sentence(&why));
	eh_wire_put_number(&call->out, EH_WIRE_FLAGS, (int64_t)flags);
	return EH_OK;
}

int
eh_req_login(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	enum eh_wire_role role =
	    (enum eh_wire_role)eh_wire_number(call->in, EH_WIRE_ROLE);
	unsigned may =
	    role == EH_ROLE_OFFICER ? EH_MAY_OFFICER : EH_MAY_OPERATE;
	struct eh_caller *caller = call->caller;
	uint32_t generation = 0;
	const uint8_t *pin;
	uint8_t *ticket;
	size_t len;
	int err;

	/* Before the KDF: whoever may never have the role costs nothing. */
	if ((caller->roles & may) == 0)
		return eh_error_set(error, EH_DENIED_ROLE,
		    "user %u does not have the role of %s",
		    (unsigned)caller->peer.uid, eh_roles_text(may));
	pin = eh_wire_bytes(call->in, EH_WIRE_PIN, &len);
	if ((err = eh_pins_check(b->pins, caller->peer.uid, role, pin, len,
		 &generation, error)) != EH_OK)
		return err;
	if ((ticket = eh_call_keep(call, EH_TICKET_LEN)) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if (eh_pins_ticket(b->pins, caller->peer.uid, role, generation,
		ticket) != EH_OK) {
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "no random numbers are to be had");
	}
	caller->login = may;
	caller->generation = generation;
	eh_wire_put_bytes(
	    &call->out, EH_WIRE_TICKET, ticket, EH_TICKET_LEN);
	eh_wire_put_number(&call->out, EH_WIRE_ROLE, role);
	return EH_OK;
}

int
eh_req_logout(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	(void)b;
	(void)error;
	call->caller->login = 0;
	return EH_OK;
}

int
eh_req_random(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	const size_t most = EH_WIRE_MAX - 4096;
	size_t len = (size_t)eh_wire_number(call->in, EH_WIRE_COUNT);
	uint8_t *bytes;

	(void)b;
	if (len > most)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "%zu random bytes in one request: %zu are the most", len,
		    most);
	if ((bytes = eh_call_keep(call, len)) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if (eh_rng_fill(bytes, len) != EH_OK) {
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "no random numbers are to be had");
	}
	eh_wire_put_bytes(&call->out, EH_WIRE_DATA, bytes, len);
	return EH_OK;
}
