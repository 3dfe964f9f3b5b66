/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - the verbs of edgehsm profile. */
#ifndef EH_ORCHESTRATOR_CLI_PROFILE_H
#define EH_ORCHESTRATOR_CLI_PROFILE_H

#include "orchestrator/cli/command.h"

/* None of them talks to an EdgeHSM. */
extern const struct eh_verb eh_cli_profile_check;
extern const struct eh_verb eh_cli_profile_compile;
extern const struct eh_verb eh_cli_profile_lint;
extern const struct eh_verb eh_cli_profile_render;

#endif
