/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - edgehsm: the operator's command. */
#include "config.h"

#include <stddef.h>

#include "orchestrator/cli/line.h"
#include "orchestrator/cli/profile.h"
#include "orchestrator/cli/token.h"
#include "orchestrator/cli/unit.h"

static const struct eh_verb *const verbs[] = {
	&eh_cli_bare,
	&eh_cli_status,
	&eh_cli_token_init,
	&eh_cli_token_info,
	&eh_cli_token_keygen,
	&eh_cli_token_csr,
	&eh_cli_token_enrol,
	&eh_cli_token_nonce,
	&eh_cli_token_count,
	&eh_cli_token_import,
	&eh_cli_token_receipt,
	&eh_cli_token_log,
	&eh_cli_token_anchor,
	&eh_cli_profile_check,
	&eh_cli_profile_compile,
	&eh_cli_profile_render,
	&eh_cli_profile_lint,
	&eh_cli_line_plan,
	&eh_cli_line_run,
	&eh_cli_unit_issue,
	&eh_cli_unit_list,
	NULL,
};

static const struct eh_program program = {
	"edgehsm",
	"The EdgeHSM on this line: what it may make, and making it.",
	NULL,
	verbs,
};

int
main(int argc, char **argv)
{
	return eh_command_main(&program, argc, argv);
}
