/* SPDX-License-Identifier: Apache-2.0 */
/* line_schema.h - a ProductionLine as its tables type it, for line*.c alone. */
#ifndef EH_ORCHESTRATOR_CONF_LINE_SCHEMA_H
#define EH_ORCHESTRATOR_CONF_LINE_SCHEMA_H

#include "orchestrator/conf/line.h"

struct doc_line_metadata {
	const struct eh_yaml_node *node;
	const char *name, *factory;
};

struct doc_line_defaults {
	const struct eh_yaml_node *node;
	int on_failure;
	int64_t stop_after;
};

/* Known, and refused as not built yet. */
struct doc_line_mes {
	const struct eh_yaml_node *node;
	const char *connector;
	const struct eh_yaml_node *with;
};

struct doc_line_telemetry {
	const struct eh_yaml_node *node;
	const char *metrics, *upload;
};

struct doc_line_spec {
	const struct eh_yaml_node *node;
	struct eh_line_profile *profile;
	const char *token;
	struct eh_line_chip *chip;
	struct doc_line_mes *mes;
	struct eh_line_units *units;
	struct eh_line_station *stations;
	size_t nstations;
	struct eh_line_step *steps;
	size_t nsteps;
	struct doc_line_defaults *defaults;
	struct doc_line_telemetry *telemetry;
};

struct doc_line {
	const struct eh_yaml_node *node;
	const char *api_version, *kind;
	struct doc_line_metadata *metadata;
	struct doc_line_spec *spec;
};

extern const struct eh_word eh_line_step_words[];

#endif
