/* SPDX-License-Identifier: Apache-2.0 */
/* unit_list.c - `edgehsm unit list`: how far the devices of a state folder
 * are. */
#include "config.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "orchestrator/cli/findings.h"
#include "orchestrator/cli/unit.h"
#include "orchestrator/flow/unit.h"

struct listing {
	int json;
	size_t count;
};

static const char *
last_step(const struct eh_unit *u)
{
	if (u->failure.code != EH_OK)
		return u->failure.step;
	return u->nsteps > 0 ? u->step[u->nsteps - 1] : "";
}

static json_t *
unit_json(const struct eh_unit *u)
{
	char digest[EH_HEX_SIZE(EH_DIGEST_LEN)];
	json_t *steps = json_array(), *o;

	eh_hex_encode(u->profile.digest, EH_DIGEST_LEN, digest);
	for (unsigned i = 0; i < u->nsteps; i++)
		json_array_append_new(steps, json_string(u->step[i]));
	o = json_pack("{s:s, s:s, s:i, s:s, s:s, s:I, s:s, s:o, s:s}",
	    "device", u->device, "result", eh_unit_state_name(u->state),
	    "attempt", (int)u->attempt, "line", u->line, "profile",
	    u->profile.name, "profile_version", (json_int_t)u->profile.version,
	    "config_digest", digest, "steps", steps, "folder", u->folder);
	if (u->has_authorization)
		json_object_set_new(o, "authorization", json_string(u->order));
	if (u->failure.code != EH_OK) {
		json_object_set_new(o, "step", json_string(u->failure.step));
		json_object_set_new(
		    o, "code", json_string(eh_err_name(u->failure.code)));
		json_object_set_new(o, "reason", json_string(u->failure.text));
	}
	return o;
}

static int
print_unit(void *arg, const struct eh_unit *u)
{
	struct listing *l = arg;

	if (l->json)
		return eh_command_put(unit_json(u));
	if (l->count++ == 0)
		printf("%-12s %-8s %7s %-12s %-14s %s\n", "DEVICE", "RESULT",
		    "ATTEMPT", "LAST STEP", "AUTHORIZATION", "REASON");
	printf("%-12s %-8s %7u %-12s %-14s%s%s\n", u->device,
	    eh_unit_state_name(u->state), u->attempt, last_step(u), u->order,
	    u->failure.text[0] != '\0' ? " " : "", u->failure.text);
	return EH_OK;
}

static int
run(struct eh_args *args)
{
	struct listing listing = { .json = args->json };
	const char *state = eh_args_get(args, "state");
	int err = eh_unit_list(state, print_unit, &listing, &args->error);

	if (err == EH_OK && !args->json && listing.count == 0)
		printf("No device was begun in %s.\n", state);
	return err;
}

static const struct eh_option options[] = {
	{ "state", "DIR", EH_OPTION_NEEDED, "the state folder of a line run" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_unit_list = {
	"unit list",
	NULL,
	0,
	0,
	"How far the devices of a state folder are.",
	options,
	"  edgehsm unit list --state devices\n"
	"  edgehsm unit list --state devices --json | jq -r .device\n",
	run,
};
