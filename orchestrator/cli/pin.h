/* SPDX-License-Identifier: Apache-2.0 */
/* pin.h - PINs of people: from a file, the environment or a terminal, never from
 * the command line. */
#ifndef EH_ORCHESTRATOR_CLI_PIN_H
#define EH_ORCHESTRATOR_CLI_PIN_H

#include "common/wire/wire.h"
#include "orchestrator/cli/command.h"

struct eh_pin {
	size_t len;
	uint8_t bytes[256];
};

/*
 * Read the PIN of ${role}: the first line of the file of --pin-file (officer:
 * --so-pin-file), else of $EDGEHSM_PIN_FILE ($EDGEHSM_SO_PIN_FILE), else
 * $EDGEHSM_PIN ($EDGEHSM_SO_PIN), else asked for on the terminal.
 * EH_ERR_ARGUMENT with a sentence that names these ways.  The caller wipes.
 */
EH_MUST_CHECK int eh_pin_read(struct eh_args *, enum eh_wire_role role,
    struct eh_pin *);

#endif
