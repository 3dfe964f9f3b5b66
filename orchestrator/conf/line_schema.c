/* SPDX-License-Identifier: Apache-2.0 */
/* line_schema.c - the tables of a ProductionLine. */
#include "config.h"

#include <stddef.h>

#include "orchestrator/conf/line_schema.h"

#define AT(type, member) .offset = offsetof(struct type, member)
#define COUNT(type, member) .count_offset = offsetof(struct type, member)
#define NODE(type)                                                             \
	.size = sizeof(struct type), .node_offset = offsetof(struct type, node)
#define ONLY(kind) .when = UINT64_C(1) << (kind)

/* clang-format off */
const struct eh_word eh_line_step_words[] = {
	{ "chip.connect",       EH_STEP_CHIP_CONNECT,       NULL },
	{ "chip.keygen",        EH_STEP_CHIP_KEYGEN,        NULL },
	{ "hsm.issue",          EH_STEP_HSM_ISSUE,          NULL },
	{ "chip.inject",        EH_STEP_CHIP_INJECT,        NULL },
	{ "chip.verify",        EH_STEP_CHIP_VERIFY,        NULL },
	{ "record.write",       EH_STEP_RECORD_WRITE,       NULL },
	{ "chip.unlock",        EH_STEP_CHIP_UNLOCK,        NULL },
	{ "chip.program",       EH_STEP_CHIP_PROGRAM,       NULL },
	{ "chip.lock",          EH_STEP_CHIP_LOCK,          NULL },
	{ "hsm.derive",         EH_STEP_HSM_DERIVE,         NULL },
	{ "label.print",        EH_STEP_LABEL_PRINT,        NULL },
	{ "mes.unit-arrived",   EH_STEP_MES_UNIT_ARRIVED,   NULL },
	{ "mes.unit-completed", EH_STEP_MES_UNIT_COMPLETED, NULL },
	{ NULL, 0, NULL },
};
#define STEPS_LATER                                                            \
	"chip.unlock|chip.program|chip.lock|hsm.derive|label.print|"           \
	"mes.unit-arrived|mes.unit-completed"

static const struct eh_word failures[] = {
	{ "quarantine", EH_FAILURE_QUARANTINE, NULL },
	{ "stop", EH_FAILURE_STOP, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word roles[] = {
	{ "personalize", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word connectors[] = {
	{ "rest", 0, NULL },
	{ "csv", 0, NULL },
	{ "ipc-cfx", 0, NULL },
	{ "mqtt", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word uploads[] = {
	{ "with-records", 0, NULL },
	{ NULL, 0, NULL },
};

static const struct eh_schema metadata_rows[] = {
	{ .name = "name", .type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_line_metadata, name),
	  .doc = "Name of the line, as an authorization may name it." },
	{ .name = "factory", .type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_line_metadata, factory),
	  .doc = "Name of the factory, as the issuer grant names it." },
};
static const struct eh_schema_map metadata = {
	"metadata", "What the line is called.",
	NODE(doc_line_metadata), EH_SCHEMA_ROWS(metadata_rows),
};

static const struct eh_schema profile_rows[] = {
	{ .name = "name", .type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	  .flags = EH_SCHEMA_REQUIRED, AT(eh_line_profile, name),
	  .doc = "Name of the profile." },
	{ .name = "version", .type = EH_SCHEMA_INT, .min = 1, .max = UINT32_MAX,
	  .flags = EH_SCHEMA_REQUIRED, AT(eh_line_profile, version),
	  .doc = "Its version." },
	{ .name = "compiled", .type = EH_SCHEMA_FORM, .form = &eh_schema_file,
	  AT(eh_line_profile, compiled),
	  .doc = "The compiled profile.  Left out: NAME.ehprofile beside the "
		 "document." },
	{ .name = "source", .type = EH_SCHEMA_FORM, .form = &eh_schema_file,
	  AT(eh_line_profile, source),
	  .doc = "The profile's YAML.  Left out: NAME.yaml beside the "
		 "document." },
};
static const struct eh_schema_map profile = {
	"profile", "The profile that is made.",
	NODE(eh_line_profile), EH_SCHEMA_ROWS(profile_rows),
};

static const struct eh_schema chip_rows[] = {
	{ .name = "driver", .type = EH_SCHEMA_FORM, .form = &eh_schema_id,
	  .flags = EH_SCHEMA_REQUIRED, AT(eh_line_chip, driver),
	  .doc = "Name of the chip plugin: soft is chip-soft." },
	{ .name = "with", .type = EH_SCHEMA_ANY, AT(eh_line_chip, with),
	  .doc = "The plugin's options." },
};
static const struct eh_schema_map chip = {
	"chip", "How the chips are reached.",
	NODE(eh_line_chip), EH_SCHEMA_ROWS(chip_rows),
};

static const struct eh_schema mes_rows[] = {
	{ .name = "connector", .type = EH_SCHEMA_WORD, .words = connectors,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_line_mes, connector),
	  .doc = "Name of the MES plugin." },
	{ .name = "with", .type = EH_SCHEMA_ANY, AT(doc_line_mes, with),
	  .doc = "The plugin's options." },
};
static const struct eh_schema_map mes = {
	"mes", "How the manufacturing execution system is reached.",
	NODE(doc_line_mes), EH_SCHEMA_ROWS(mes_rows),
};

static const struct eh_schema unit_item = {
	.type = EH_SCHEMA_TEXT, .flags = EH_SCHEMA_REQUIRED,
	.min = 1, .max = 32,
};
static const struct eh_schema units_rows[] = {
	{ .name = "from", .type = EH_SCHEMA_TEXT, .min = 1, .max = 32,
	  AT(eh_line_units, from),
	  .doc = "First device id of a range: SN00000001." },
	{ .name = "to", .type = EH_SCHEMA_TEXT, .min = 1, .max = 32,
	  AT(eh_line_units, to),
	  .doc = "Its last device id; the digits at the end count up." },
	{ .name = "list", .type = EH_SCHEMA_LIST, .item = &unit_item,
	  .min = 1, .max = 10000,
	  AT(eh_line_units, list), COUNT(eh_line_units, nlist),
	  .doc = "The device ids themselves." },
	{ .name = "file", .type = EH_SCHEMA_FORM, .form = &eh_schema_file,
	  AT(eh_line_units, file),
	  .doc = "A text file, one device id a line; lines that begin with # "
		 "are skipped." },
};
static void check_units(
    void *, const struct eh_yaml_node *, struct eh_report *);
static const struct eh_schema_map units = {
	"units", "The work order: from and to, or list, or file.",
	NODE(eh_line_units), EH_SCHEMA_ROWS(units_rows), .check = check_units,
};

static const struct eh_schema station_rows[] = {
	{ .name = "id", .type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_ID, AT(eh_line_station, id),
	  .doc = "Name of the station, as records name it." },
	{ .name = "sockets", .type = EH_SCHEMA_INT, .min = 1, .max = 256,
	  .dflt = "1", AT(eh_line_station, sockets),
	  .doc = "How many units it takes at once at most." },
	{ .name = "role", .type = EH_SCHEMA_WORD, .words = roles,
	  .dflt = "personalize", AT(eh_line_station, role),
	  .doc = "What it does." },
};
static const struct eh_schema_map station = {
	"station", "A station of the line.",
	NODE(eh_line_station), EH_SCHEMA_ROWS(station_rows),
};

static const struct eh_schema id_item = {
	.type = EH_SCHEMA_FORM, .form = &eh_schema_id,
	.flags = EH_SCHEMA_REQUIRED,
};
static const struct eh_schema name_item = {
	.type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	.flags = EH_SCHEMA_REQUIRED,
};

static const struct eh_schema keygen_rows[] = {
	{ .name = "key", .type = EH_SCHEMA_FORM, .form = &eh_schema_id,
	  .flags = EH_SCHEMA_REQUIRED, AT(eh_line_with, key),
	  .doc = "Id of a key of the profile." },
};
static const struct eh_schema_map keygen = {
	"with of chip.keygen", "Which key is made.",
	NODE(eh_line_with), EH_SCHEMA_ROWS(keygen_rows),
};
static const struct eh_schema issue_rows[] = {
	{ .name = "certificates", .type = EH_SCHEMA_LIST, .item = &id_item,
	  .min = 1, .max = 16, .flags = EH_SCHEMA_REQUIRED,
	  AT(eh_line_with, certificates), COUNT(eh_line_with, ncertificates),
	  .doc = "Ids of certificates of the profile, issued in this order." },
};
static const struct eh_schema_map issue = {
	"with of hsm.issue", "Which certificates are issued.  Left out: all.",
	NODE(eh_line_with), EH_SCHEMA_ROWS(issue_rows),
};
static const struct eh_schema unlock_rows[] = {
	{ .name = "permissions", .type = EH_SCHEMA_LIST, .item = &id_item,
	  .min = 1, .max = 32, .flags = EH_SCHEMA_REQUIRED,
	  AT(eh_line_with, permissions), COUNT(eh_line_with, npermissions),
	  .doc = "What the session asks for." },
};
static const struct eh_schema_map unlock = {
	"with of chip.unlock", "What the session may do.",
	NODE(eh_line_with), EH_SCHEMA_ROWS(unlock_rows),
};
static const struct eh_schema program_rows[] = {
	{ .name = "object", .type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	  .flags = EH_SCHEMA_REQUIRED, AT(eh_line_with, object),
	  .doc = "firmware/ID of the profile's injection plan." },
};
static const struct eh_schema_map program = {
	"with of chip.program", "What is written.",
	NODE(eh_line_with), EH_SCHEMA_ROWS(program_rows),
};
static const struct eh_schema derive_rows[] = {
	{ .name = "secrets", .type = EH_SCHEMA_LIST, .item = &name_item,
	  .min = 1, .max = 16, .flags = EH_SCHEMA_REQUIRED,
	  AT(eh_line_with, secrets), COUNT(eh_line_with, nsecrets),
	  .doc = "Ids of secrets of the profile." },
};
static const struct eh_schema_map derive = {
	"with of hsm.derive", "Which secrets are derived.",
	NODE(eh_line_with), EH_SCHEMA_ROWS(derive_rows),
};
static const struct eh_schema arrived_rows[] = {
	{ .name = "timeout", .type = EH_SCHEMA_DURATION, .min = 1,
	  .max = 86400000, .dflt = "30s", AT(eh_line_with, timeout),
	  .doc = "How long an answer is waited for." },
};
static const struct eh_schema_map arrived = {
	"with of mes.unit-arrived", "How it waits.",
	NODE(eh_line_with), EH_SCHEMA_ROWS(arrived_rows),
};

static const struct eh_schema retry_rows[] = {
	{ .name = "times", .type = EH_SCHEMA_INT, .min = 1, .max = 100,
	  .flags = EH_SCHEMA_REQUIRED, AT(eh_line_retry, times),
	  .doc = "How many more attempts." },
	{ .name = "delay", .type = EH_SCHEMA_DURATION, .min = 0,
	  .max = 3600000, .dflt = "1s", AT(eh_line_retry, delay),
	  .doc = "How long it waits before each." },
};
static const struct eh_schema_map retry = {
	"retry", "More attempts after an error.  What the EdgeHSM has refused "
	"is never tried again.",
	NODE(eh_line_retry), EH_SCHEMA_ROWS(retry_rows),
};

#define WITH(kind, table)                                                      \
	.name = "with", .type = EH_SCHEMA_MAP, .map = &(table), ONLY(kind),    \
	AT(eh_line_step, with)
static const struct eh_schema step_rows[] = {
	{ .name = "uses", .type = EH_SCHEMA_ENUM, .words = eh_line_step_words,
	  .later = STEPS_LATER, .flags = EH_SCHEMA_REQUIRED,
	  AT(eh_line_step, uses),
	  .doc = "What the step does." },
	{ .name = "id", .type = EH_SCHEMA_FORM, .form = &eh_schema_id,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_ID, AT(eh_line_step, id),
	  .doc = "What progress and records call it." },
	{ WITH(EH_STEP_CHIP_KEYGEN, keygen), .flags = EH_SCHEMA_REQUIRED,
	  .doc = "Which key is made." },
	{ WITH(EH_STEP_HSM_ISSUE, issue),
	  .doc = "Which certificates are issued.  Left out: all of the "
		 "profile." },
	{ WITH(EH_STEP_CHIP_UNLOCK, unlock), .flags = EH_SCHEMA_REQUIRED,
	  .doc = "What the session may do." },
	{ WITH(EH_STEP_CHIP_PROGRAM, program), .flags = EH_SCHEMA_REQUIRED,
	  .doc = "What is written." },
	{ WITH(EH_STEP_HSM_DERIVE, derive), .flags = EH_SCHEMA_REQUIRED,
	  .doc = "Which secrets are derived." },
	{ WITH(EH_STEP_MES_UNIT_ARRIVED, arrived),
	  .doc = "How it waits." },
	{ .name = "with", .type = EH_SCHEMA_ANY, ONLY(EH_STEP_LABEL_PRINT),
	  AT(eh_line_step, options),
	  .doc = "The label." },
	{ .name = "retry", .type = EH_SCHEMA_MAP, .map = &retry,
	  AT(eh_line_step, retry),
	  .doc = "More attempts after an error." },
	{ .name = "onFailure", .type = EH_SCHEMA_ENUM, .words = failures,
	  AT(eh_line_step, on_failure),
	  .doc = "quarantine: the unit is set aside and the line goes on.  "
		 "stop: the line stops as well.  Left out: defaults." },
	{ .name = "always", .type = EH_SCHEMA_BOOL, .dflt = "false",
	  AT(eh_line_step, always),
	  .doc = "Whether it runs also after another step has failed." },
};
static const struct eh_schema_map step = {
	"step", "One step; which keys with: has depends on uses:.",
	NODE(eh_line_step), EH_SCHEMA_ROWS(step_rows),
};

static const struct eh_schema defaults_rows[] = {
	{ .name = "onFailure", .type = EH_SCHEMA_ENUM, .words = failures,
	  .dflt = "quarantine", AT(doc_line_defaults, on_failure),
	  .doc = "For steps that do not say." },
	{ .name = "stopAfterFailures", .type = EH_SCHEMA_INT,
	  .min = 0, .max = 1000000, .dflt = "0",
	  AT(doc_line_defaults, stop_after),
	  .doc = "The line stops after so many failed units in a row; "
		 "0: never." },
};
static const struct eh_schema_map defaults = {
	"defaults", "What holds where a step does not say.",
	NODE(doc_line_defaults), EH_SCHEMA_ROWS(defaults_rows),
};

static const struct eh_schema telemetry_rows[] = {
	{ .name = "metrics", .type = EH_SCHEMA_TEXT, .min = 1, .max = 255,
	  AT(doc_line_telemetry, metrics),
	  .doc = "Address on which metrics are served." },
	{ .name = "upload", .type = EH_SCHEMA_WORD, .words = uploads,
	  AT(doc_line_telemetry, upload),
	  .doc = "When telemetry is uploaded." },
};
static const struct eh_schema_map telemetry = {
	"telemetry", "What the station tells.",
	NODE(doc_line_telemetry), EH_SCHEMA_ROWS(telemetry_rows),
};

static const struct eh_schema station_item = {
	.type = EH_SCHEMA_MAP, .map = &station,
};
static const struct eh_schema step_item = {
	.type = EH_SCHEMA_MAP, .map = &step,
};

static const struct eh_schema spec_rows[] = {
	{ .name = "profile", .type = EH_SCHEMA_MAP, .map = &profile,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_line_spec, profile),
	  .doc = "The profile that is made." },
	{ .name = "token", .type = EH_SCHEMA_FORM, .form = &eh_schema_token,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_line_spec, token),
	  .doc = "URI of the EdgeHSM: pkcs11:token=EdgeHSM-fab1." },
	{ .name = "chip", .type = EH_SCHEMA_MAP, .map = &chip,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_line_spec, chip),
	  .doc = "How the chips are reached." },
	{ .name = "units", .type = EH_SCHEMA_MAP, .map = &units,
	  AT(doc_line_spec, units),
	  .doc = "The work order.  Left out: edgehsm line run names the "
		 "units." },
	{ .name = "mes", .type = EH_SCHEMA_MAP, .map = &mes,
	  .flags = EH_SCHEMA_LATER, AT(doc_line_spec, mes),
	  .doc = "How the manufacturing execution system is reached." },
	{ .name = "stations", .type = EH_SCHEMA_LIST, .item = &station_item,
	  .min = 1, .max = 64, .flags = EH_SCHEMA_REQUIRED,
	  AT(doc_line_spec, stations), COUNT(doc_line_spec, nstations),
	  .doc = "The stations of the line." },
	{ .name = "steps", .type = EH_SCHEMA_LIST, .item = &step_item,
	  .min = 1, .max = 64, .flags = EH_SCHEMA_REQUIRED,
	  AT(doc_line_spec, steps), COUNT(doc_line_spec, nsteps),
	  .doc = "What is done to each unit, in this order." },
	{ .name = "defaults", .type = EH_SCHEMA_MAP, .map = &defaults,
	  AT(doc_line_spec, defaults),
	  .doc = "What holds where a step does not say." },
	{ .name = "telemetry", .type = EH_SCHEMA_MAP, .map = &telemetry,
	  .flags = EH_SCHEMA_LATER, AT(doc_line_spec, telemetry),
	  .doc = "What the station tells." },
};
static const struct eh_schema_map spec = {
	"spec", "How it is made.",
	NODE(doc_line_spec), EH_SCHEMA_ROWS(spec_rows),
};

static const struct eh_word versions[] = {
	{ "edgehsm/v1", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word kinds[] = {
	{ "ProductionLine", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_schema line_rows[] = {
	{ .name = "apiVersion", .type = EH_SCHEMA_WORD, .words = versions,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_line, api_version),
	  .doc = "Version of this schema." },
	{ .name = "kind", .type = EH_SCHEMA_WORD, .words = kinds,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_line, kind),
	  .doc = "What the document is." },
	{ .name = "metadata", .type = EH_SCHEMA_MAP, .map = &metadata,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_line, metadata),
	  .doc = "What it is called." },
	{ .name = "spec", .type = EH_SCHEMA_MAP, .map = &spec,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_line, spec),
	  .doc = "How it is made." },
};
/* clang-format on */

const struct eh_schema_map eh_line_schema = {
	"ProductionLine",
	"Owned by the factory: with what and in which steps a profile is "
	"made.  It can never widen what the profile allows.",
	NODE(doc_line),
	EH_SCHEMA_ROWS(line_rows),
};

/* Exactly one of the three forms. */
static void
check_units(
    void *map, const struct eh_yaml_node *node, struct eh_report *report)
{
	const struct eh_line_units *u = map;
	int range = eh_yaml_member(node, "from") != NULL ||
	    eh_yaml_member(node, "to") != NULL;
	int list = eh_yaml_member(node, "list") != NULL;
	int file = eh_yaml_member(node, "file") != NULL;

	if (range + list + file != 1)
		eh_report_error(report, node,
		    "one of them is needed: from and to, list, or file");
	else if (range && (u->from == NULL || u->to == NULL) &&
	    (eh_yaml_member(node, "from") == NULL ||
		eh_yaml_member(node, "to") == NULL))
		eh_report_error(report, node, "'%s' is missing",
		    eh_yaml_member(node, "from") == NULL ? "from" : "to");
}
