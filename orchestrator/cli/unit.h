/* SPDX-License-Identifier: Apache-2.0 */
/* unit.h - the verbs of `edgehsm unit`. */
#ifndef EH_ORCHESTRATOR_CLI_UNIT_H
#define EH_ORCHESTRATOR_CLI_UNIT_H

#include "orchestrator/cli/command.h"

extern const struct eh_verb eh_cli_unit_issue;
extern const struct eh_verb eh_cli_unit_list;

#endif
