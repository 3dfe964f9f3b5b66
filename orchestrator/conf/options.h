/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - with: of a plugin, checked against the plugin's own table. */
#ifndef EH_ORCHESTRATOR_CONF_OPTIONS_H
#define EH_ORCHESTRATOR_CONF_OPTIONS_H

#include <stddef.h>

#include "common/err.h"
#include "orchestrator/conf/report.h"
#include "orchestrator/conf/yaml.h"
#include "plugins/edgehsm-plugin.h"

/*
 * Check the member with: of the map ${owner} (eh_line_chip.node; with: may be
 * missing) against ${count} ${options} of a plugin, and give what its open()
 * takes: one JSON object with every option that was written or has a default,
 * malloc'd in *${jsonp}.
 *
 * TEXT, ENUM and URI become strings; PATH a string, beside the document unless
 * it is absolute; INT, DURATION (500ms, 30s, 5m, 4h, 2d) and SIZE (512, 64K,
 * 16M, 1G) integers, in milliseconds and bytes; BOOL true or false.
 *
 * Errors go to ${report}, at their places.  Returns EH_OK, EH_ERR_CONFIG or
 * EH_ERR_MEMORY; *${jsonp} is NULL then.
 */
EH_MUST_CHECK int eh_options_json(const struct eh_yaml_node *owner,
    const struct eh_plugin_option *options, size_t count, char **jsonp,
    struct eh_report *report);

#endif
