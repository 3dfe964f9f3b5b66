/* SPDX-License-Identifier: Apache-2.0 */
/* edgehsm-authority.c - the OEM's authority, as a command. */
#include "config.h"

#include "orchestrator/authority/verbs.h"

static const struct eh_option options[] = {
	{ "store", "DIR", 0,
	    "the authority's folder ($EDGEHSM_AUTHORITY, ./authority)" },
	{ NULL, NULL, 0, NULL },
};

static const struct eh_verb *const verbs[] = {
	&eh_verb_init,
	&eh_verb_enrol,
	&eh_verb_certify,
	&eh_verb_authorize,
	&eh_verb_time,
	&eh_verb_ack,
	&eh_verb_revoke,
	&eh_verb_close,
	&eh_verb_write_off,
	&eh_verb_count,
	&eh_verb_rollover,
	&eh_verb_show,
	NULL,
};

static const struct eh_program program = {
	.name = "edgehsm-authority",
	.summary = "Say which EdgeHSM may make what, how often, until when.",
	.options = options,
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	return eh_command_main(&program, argc, argv);
}
