/* SPDX-License-Identifier: Apache-2.0 */
/* plugin.h - chip drivers from shared objects that nobody else could have put
 * there. */
#ifndef EH_ORCHESTRATOR_FLOW_PLUGIN_H
#define EH_ORCHESTRATOR_FLOW_PLUGIN_H

#include "common/err.h"
#include "orchestrator/flow/host.h"
#include "plugins/edgehsm-plugin.h"

/*
 * A driver called "soft" is chip-soft.so.  It is looked for in the folders of
 * EDGEHSM_PLUGIN_PATH (with colons between them), then where plugins are
 * installed.  The variable is not read in a program that runs with more rights
 * than its caller (set-user-id and the like).
 *
 * A plugin runs as we do, so nobody else may be able to write it: folder and
 * file must belong to root or to the effective user, and neither group nor
 * others may write them.  The file is no symbolic link, and what is loaded is
 * the descriptor that was checked.
 */
struct eh_chip_driver {
	const struct eh_plugin *plugin;
	struct eh_plugin_chip_ops ops;	/* what its struct lacks is NULL */
	char path[4096];		/* for people */
	void *library;
};

/*
 * Load the chip driver ${name}.  Each a sentence that names the file:
 * EH_ERR_NOT_FOUND (with the folders that were looked in), EH_ERR_CONFIG (who
 * owns or may write it, not a plugin, another ABI, not a chip driver, a
 * mandatory operation is missing), EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_plugin_load_chip(const char *name,
    struct eh_chip_driver **driverp, struct eh_error *error);

/* Unload; NULL is allowed.  All its instances were closed before. */
void eh_plugin_free(struct eh_chip_driver *driver);

/* The operations of a chip driver that a line may need. */
enum eh_driver_op {
	EH_DRIVER_KEYGEN = 1,
	EH_DRIVER_WRITE_CERTIFICATE,
	EH_DRIVER_READ_BACK,
	EH_DRIVER_ATTEST
};

/* Return 1 when ${driver} has ${op}, else 0. */
int eh_plugin_can(const struct eh_chip_driver *driver, enum eh_driver_op op);

/* "keygen" and so on. */
const char *eh_plugin_op_name(enum eh_driver_op op);

#endif
