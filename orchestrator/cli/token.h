/* SPDX-License-Identifier: Apache-2.0 */
/* token.h - the verbs of `edgehsm token` and `edgehsm status`. */
#ifndef EH_ORCHESTRATOR_CLI_TOKEN_H
#define EH_ORCHESTRATOR_CLI_TOKEN_H

#include "orchestrator/cli/command.h"

extern const struct eh_verb eh_cli_status;	/* also bare `edgehsm` */
extern const struct eh_verb eh_cli_bare;
extern const struct eh_verb eh_cli_token_init;
extern const struct eh_verb eh_cli_token_info;
extern const struct eh_verb eh_cli_token_keygen;
extern const struct eh_verb eh_cli_token_csr;
extern const struct eh_verb eh_cli_token_enrol;
extern const struct eh_verb eh_cli_token_nonce;
extern const struct eh_verb eh_cli_token_count;
extern const struct eh_verb eh_cli_token_import;
extern const struct eh_verb eh_cli_token_receipt;
extern const struct eh_verb eh_cli_token_log;
extern const struct eh_verb eh_cli_token_anchor;

#endif
