/* SPDX-License-Identifier: Apache-2.0 */
/* req_token.c - requests about the token as a whole: genesis, init-token,
 * set-pin. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "quota-engine/genesis.h"
#include "quota-engine/monitor.h"
#include "quota-engine/req.h"

int
eh_req_genesis(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	char label[EH_STATE_LABEL + 1];
	struct eh_state_key attestation;
	struct eh_genesis genesis;
	uint8_t *kept;
	size_t len;
	int err;

	if ((kept = eh_call_keep(call, EH_HSM_ID_LEN + EH_SPKI_MAX)) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if (eh_wire_text(call->in, EH_WIRE_LABEL, label, sizeof(label)) !=
	    EH_OK)
		return eh_error_set(
		    error, EH_ERR_ARGUMENT, "the label is too long");
	genesis.label = label;
	genesis.pin =
	    eh_wire_bytes(call->in, EH_WIRE_PIN, &genesis.pinlen);
	genesis.root =
	    eh_wire_bytes(call->in, EH_WIRE_SPKI, &genesis.rootlen);
	pthread_mutex_lock(&b->ceremony);
	err = eh_genesis_run(b, &genesis, error);
	pthread_mutex_unlock(&b->ceremony);
	if (err != EH_OK)
		return err;
	eh_boundary_changed(b);
	if ((err = eh_keys_attestation(b->keys, &attestation, error)) != EH_OK)
		return err;
	eh_keyid_hsm(&attestation.key, kept);
	len = eh_rawkey_to_spki(&attestation.key, kept + EH_HSM_ID_LEN);
	eh_wire_put_bytes(&call->out, EH_WIRE_HSM_ID, kept, EH_HSM_ID_LEN);
	eh_wire_put_bytes(
	    &call->out, EH_WIRE_SPKI, kept + EH_HSM_ID_LEN, len);
	return EH_OK;
}

/* Label, and no operator's PIN any more; nothing that decides. */
static int
apply_init_token(struct eh_state *state, void *arg, struct eh_error *error)
{
	const char *label = arg;

	(void)error;
	snprintf(state->label, sizeof(state->label), "%s", label);
	eh_pins_put(&state->pin[EH_ROLE_OPERATOR], NULL);
	return EH_OK;
}

static int
init_token(struct eh_boundary *b, char *label, struct eh_error *error)
{
	struct eh_change change = { .change = apply_init_token, .arg = label };
	int err;

	if ((err = eh_keys_destroy_general(b->keys, error)) == EH_OK &&
	    (err = eh_store_clear(b->store, error)) == EH_OK)
		err = eh_engine_change(b->engine, &change, error);
	return err;
}

int
eh_req_init_token(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	char label[EH_STATE_LABEL + 1];
	uint32_t generation;
	const uint8_t *pin;
	size_t len;
	int err;

	if (eh_wire_text(call->in, EH_WIRE_LABEL, label, sizeof(label)) !=
	    EH_OK)
		return eh_error_set(
		    error, EH_ERR_ARGUMENT, "the label is too long");
	pin = eh_wire_bytes(call->in, EH_WIRE_PIN, &len);
	if ((err = eh_pins_check(b->pins, call->caller->peer.uid,
		 EH_ROLE_OFFICER, pin, len, &generation, error)) != EH_OK)
		return err;
	pthread_mutex_lock(&b->ceremony);
	err = init_token(b, label, error);
	pthread_mutex_unlock(&b->ceremony);
	eh_boundary_changed(b);
	return err;
}

/* The officer sets the operator's PIN without knowing the old one. */
static int
set_by_officer(struct eh_boundary *b, struct eh_caller *caller,
    enum eh_wire_role role, struct eh_error *error)
{
	if (role != EH_ROLE_OPERATOR)
		return eh_error_set(error, EH_DENIED_ROLE,
		    "the security officer's PIN is changed only by whoever "
		    "shows the old one");
	if (eh_monitor_login(b, caller) != EH_MAY_OFFICER)
		return eh_error_set(error, EH_DENIED_LOGIN,
		    "setting the operator's PIN needs a login as security "
		    "officer, or the operator's old PIN");
	return EH_OK;
}

static int
set_by_owner(struct eh_boundary *b, struct eh_call *call,
    enum eh_wire_role role, struct eh_error *error)
{
	unsigned may =
	    role == EH_ROLE_OFFICER ? EH_MAY_OFFICER : EH_MAY_OPERATE;
	uint32_t generation;
	const uint8_t *old;
	size_t len;

	if ((call->caller->roles & may) == 0)
		return eh_error_set(error, EH_DENIED_ROLE,
		    "user %u does not have the role of %s",
		    (unsigned)call->caller->peer.uid, eh_roles_text(may));
	old = eh_wire_bytes(call->in, EH_WIRE_OLD_PIN, &len);
	return eh_pins_check(b->pins, call->caller->peer.uid, role, old, len,
	    &generation, error);
}

int
eh_req_set_pin(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	enum eh_wire_role role =
	    (enum eh_wire_role)eh_wire_number(call->in, EH_WIRE_ROLE);
	struct eh_caller *caller = call->caller;
	unsigned login = eh_monitor_login(b, caller);
	const uint8_t *pin;
	size_t len;
	int err;

	err = eh_wire_has(call->in, EH_WIRE_OLD_PIN)
	    ? set_by_owner(b, call, role, error)
	    : set_by_officer(b, caller, role, error);
	if (err != EH_OK)
		return err;
	pin = eh_wire_bytes(call->in, EH_WIRE_PIN, &len);
	if ((err = eh_pins_set(b->pins, role, pin, len, error)) != EH_OK)
		return err;
	/* Whoever changed his own PIN stays logged in here; tickets end. */
	if (login ==
	    (role == EH_ROLE_OFFICER ? EH_MAY_OFFICER : EH_MAY_OPERATE))
		caller->generation = eh_pins_generation(b->pins, role);
	return EH_OK;
}
