/* SPDX-License-Identifier: Apache-2.0 */
/* host.h - what a plugin may ask of us. */
#ifndef EH_ORCHESTRATOR_FLOW_HOST_H
#define EH_ORCHESTRATOR_FLOW_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "plugins/edgehsm-plugin.h"

#define EH_HOST_VARS  16
#define EH_HOST_NAME  64	/* longest name of a variable, its NUL too */
#define EH_HOST_VALUE 1024	/* longest value */

/* Who hears what a plugin says; any member may be NULL. */
struct eh_host_watch {
	void *arg;
	void (*log)(void *arg, int level, const char *text);
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	int (*cancelled)(void *arg);	/* 1: give up soon */
};

/*
 * The host's side of one instance of a plugin: what it said last, and the
 * variables that it shares with the other instances of a unit.  ${error} is the
 * last host->error(), with code EH_OK while there was none.
 */
struct eh_host_ctx {
	const char *plugin;		/* its name, for what it logs */
	struct eh_host_watch watch;
	struct eh_error error;
	unsigned nvars;
	struct {
		char name[EH_HOST_NAME];
		size_t len;
		uint8_t value[EH_HOST_VALUE];
	} var[EH_HOST_VARS];
};

/* The one table that all plugins get.  Its streams, read and write, answer
 * EH_ERR_UNSUPPORTED: no step of this version has one. */
extern const struct eh_host_ops eh_host_ops;

/* Make ${ctx} empty, for the plugin called ${plugin} (borrowed). */
void eh_host_init(struct eh_host_ctx *ctx, const char *plugin);

/*
 * Give variable ${name} the value ${bytes}, as var_set() does.  EH_ERR_ARGUMENT
 * (no name, or too long a one), EH_ERR_SPACE (too long a value), EH_ERR_FULL.
 */
EH_MUST_CHECK int eh_host_set(struct eh_host_ctx *ctx, const char *name,
    const void *bytes, size_t len);

/*
 * Say what became of the operation ${what}, which returned ${result}: EH_OK, or
 * ${result} with the plugin's own sentence, or with one of ours when it gave
 * none.  What the ABI does not allow is EH_ERR_INTERNAL.
 */
EH_MUST_CHECK int eh_host_result(struct eh_host_ctx *ctx, const char *what,
    int result, struct eh_error *error);

#endif
