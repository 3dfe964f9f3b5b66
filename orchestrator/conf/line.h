/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - the ProductionLine document as typed structs. */
#ifndef EH_ORCHESTRATOR_CONF_LINE_H
#define EH_ORCHESTRATOR_CONF_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/x509/source.h"
#include "orchestrator/conf/report.h"
#include "orchestrator/conf/schema.h"

/*
 * The factory's document (edgehsm.yaml(5)): which profile is made, with which
 * token and chip driver, in which steps.  It can never widen what the profile
 * allows.
 *
 * Everything is borrowed from the struct eh_line until eh_line_free().  Files
 * are as written; eh_line_path() finds them.
 */
enum eh_line_step_kind {
	EH_STEP_CHIP_CONNECT,
	EH_STEP_CHIP_KEYGEN,
	EH_STEP_HSM_ISSUE,
	EH_STEP_CHIP_INJECT,
	EH_STEP_CHIP_VERIFY,
	EH_STEP_RECORD_WRITE,
	/* Known, and refused at load as not built yet: */
	EH_STEP_CHIP_UNLOCK,
	EH_STEP_CHIP_PROGRAM,
	EH_STEP_CHIP_LOCK,
	EH_STEP_HSM_DERIVE,
	EH_STEP_LABEL_PRINT,
	EH_STEP_MES_UNIT_ARRIVED,
	EH_STEP_MES_UNIT_COMPLETED
};

/* What happens to a unit when a step has failed for good. */
enum eh_line_failure {
	EH_FAILURE_QUARANTINE,		/* set aside; the line goes on */
	EH_FAILURE_STOP			/* set aside; the line stops */
};

/* retry: repeats after errors.  A denial is never repeated. */
struct eh_line_retry {
	const struct eh_yaml_node *node;
	int64_t times;			/* 1..100 more attempts */
	int64_t delay;			/* ms before each */
};

/* with: of the step kinds that take options; the others have none. */
struct eh_line_with {
	const struct eh_yaml_node *node;
	const char *key;		/* chip.keygen: a key of the profile */
	const char **certificates;	/* hsm.issue: ids, in this order;
					 * none: all of the profile */
	size_t ncertificates;
	/* Of steps that are not built yet: */
	int64_t timeout;		/* mes.unit-arrived, ms */
	const char *object;		/* chip.program */
	const char **secrets;		/* hsm.derive */
	size_t nsecrets;
	const char **permissions;	/* chip.unlock */
	size_t npermissions;
};

struct eh_line_step {
	const struct eh_yaml_node *node;
	int uses;			/* enum eh_line_step_kind */
	const char *id;
	struct eh_line_with *with;	/* NULL: none was written */
	struct eh_line_retry *retry;	/* NULL: once only */
	int on_failure;			/* enum eh_line_failure; defaults are
					 * put in */
	int always;			/* runs also after a failure */
	const struct eh_yaml_node *options;	/* label.print: not built */
};

/* Where the device ids come from: exactly one of range, list and file. */
struct eh_line_units {
	const struct eh_yaml_node *node;
	const char *from, *to;		/* both included: "SN00000001" */
	const char **list;
	size_t nlist;
	const char *file;		/* text, one id a line */
};

struct eh_line_station {
	const struct eh_yaml_node *node;
	const char *id;
	int64_t sockets;		/* at most so many units at once */
	const char *role;		/* "personalize" */
};

struct eh_line_profile {
	const struct eh_yaml_node *node;
	const char *name;
	int64_t version;
	const char *compiled;		/* NULL: NAME.ehprofile */
	const char *source;		/* the YAML; NULL: NAME.yaml */
};

struct eh_line_chip {
	const struct eh_yaml_node *node;
	const char *driver;		/* "soft": plugin chip-soft */
	const struct eh_yaml_node *with;	/* NULL: none; the plugin's
						 * text: eh_yaml_json() */
};

struct eh_line {
	const char *name;
	const char *factory;
	struct eh_line_profile *profile;
	const char *token;		/* pkcs11: URI */
	struct eh_line_chip *chip;
	struct eh_line_units *units;	/* NULL: named on the command line */
	struct eh_line_station *stations;
	size_t nstations;
	struct eh_line_step *steps;
	size_t nsteps;
	int64_t stop_after;		/* failures in a row; 0: never */
};

/*
 * Read the file ${path} ("-": standard input).  Everything wrong with it goes
 * to ${report}.  Returns EH_OK, or EH_ERR_CONFIG or EH_ERR_MEMORY with
 * *${linep} NULL.  Of several documents in the file it takes the
 * ProductionLine.
 */
EH_MUST_CHECK int eh_line_load(
    struct eh_line **linep, const char *path, struct eh_report *report);

/* The same for bytes that the user knows as ${name}. */
EH_MUST_CHECK int eh_line_parse(struct eh_line **linep, const char *name,
    const void *bytes, size_t len, struct eh_report *report);

/* Free ${line}; NULL is allowed. */
void eh_line_free(struct eh_line *line);

/* Return ${file} of the document as a path from here, malloc'd, or NULL when
 * out of memory: absolute ones as they are, others beside the document. */
char *eh_line_path(const struct eh_line *line, const char *file);

/* The same for the compiled profile and its YAML: as named, else NAME.ehprofile
 * and NAME.yaml beside the document. */
char *eh_line_compiled_path(const struct eh_line *line);
char *eh_line_source_path(const struct eh_line *line);

/*
 * Check what ${line} says against the profile that it makes: name and version,
 * keys and certificates that its steps name, and that every certificate that
 * is issued has its key made before.  Errors go to ${report}.
 */
void eh_line_check_profile(const struct eh_line *line,
    const struct eh_profile_source *source, struct eh_report *report);

/* The units of a run: ids without repetition. */
#define EH_LINE_UNITS 1000000u

struct eh_line_ids {
	char **id;
	size_t count;
};

/*
 * List the device ids of ${line}: of its range (the digits at the end count
 * up), its list, or its file (one id a line; empty lines and those that begin
 * with # are skipped).  At most EH_LINE_UNITS; none where there is no units:.
 * Errors go to ${report}.  Returns EH_OK, EH_ERR_CONFIG or EH_ERR_MEMORY; free
 * ${ids} with eh_line_ids_free() whatever the result.
 */
EH_MUST_CHECK int eh_line_ids_read(const struct eh_line *line,
    struct eh_line_ids *ids, struct eh_report *report);
void eh_line_ids_free(struct eh_line_ids *ids);

/* The same for a range, and for the file ${path}, that no document names:
 * entries of ${report} have no place, or one in that file. */
EH_MUST_CHECK int eh_line_ids_range(const char *from, const char *to,
    struct eh_line_ids *ids, struct eh_report *report);
EH_MUST_CHECK int eh_line_ids_file(const char *path, struct eh_line_ids *ids,
    struct eh_report *report);

/* Return the word that the document uses for a step: "chip.connect". */
const char *eh_line_step_word(int uses);

/* The schema, for --schema and the manual. */
extern const struct eh_schema_map eh_line_schema;

#endif
