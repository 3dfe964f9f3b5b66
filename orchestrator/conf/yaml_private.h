/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_private.h - inside of a tree, for yaml.c and yaml_parse.c alone. */
#ifndef EH_ORCHESTRATOR_CONF_YAML_PRIVATE_H
#define EH_ORCHESTRATOR_CONF_YAML_PRIVATE_H

#include "orchestrator/conf/arena.h"
#include "orchestrator/conf/yaml.h"

struct eh_yaml {
	char *name;
	struct eh_arena arena;
	struct eh_yaml_node *first;	/* documents, linked by next */
	size_t count;
};

#endif
