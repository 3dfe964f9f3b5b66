/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - programs as tables: verbs, their options, their help. */
#ifndef EH_ORCHESTRATOR_CLI_COMMAND_H
#define EH_ORCHESTRATOR_CLI_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * A program is a const table of verbs.  From it come the parser, --help (with
 * examples), and completion.  Every verb knows --help and --json without saying
 * so; a program knows --help and --version.  Options may stand before and after
 * operands, as --name VALUE or --name=VALUE; -- ends them.
 */
enum {
	EH_OPTION_MANY = 1,	/* may be given more than once */
	EH_OPTION_NEEDED = 2	/* must be given */
};

struct eh_option {
	const char *name;	/* without the dashes; NULL ends the table */
	const char *argument;	/* "FILE"; NULL for a flag */
	unsigned flags;
	const char *help;	/* half a line */
};

struct eh_args;

struct eh_verb {
	const char *name;	/* "token init"; "" is the program alone */
	const char *operands;	/* "FILE..."; NULL for none */
	unsigned least, most;	/* how many of them */
	const char *summary;	/* one line */
	const struct eh_option *options;	/* NULL for none */
	const char *examples;	/* two lines or more, each a command */
	int (*run)(struct eh_args *);
};

struct eh_program {
	const char *name;	/* "edgehsm" */
	const char *summary;
	const struct eh_option *options;	/* of every verb; may be NULL */
	const struct eh_verb *const *verbs;	/* NULL ends the table */
};

#define EH_ARGS_MAX 64

/* What was typed, for the verb that runs; strings are argv's. */
struct eh_args {
	const struct eh_program *program;
	const struct eh_verb *verb;
	int json;		/* --json: data as JSON on standard output */
	unsigned operands;
	const char *operand[EH_ARGS_MAX];
	unsigned given;
	struct {
		const struct eh_option *option;
		const char *value;	/* NULL for a flag */
	} option[EH_ARGS_MAX];
	struct eh_error error;	/* run() puts its sentence here */
};

/*
 * Print ${object} on standard output as one line of JSON, and take it.  Returns
 * EH_OK, EH_ERR_MEMORY (${object} is NULL, as jansson's makers return it) or
 * EH_ERR_IO.
 */
struct json_t;
EH_MUST_CHECK int eh_command_put(struct json_t *object);

/*
 * Parse, run, print what went wrong on standard error (with --json as one object
 * {"error": ...} on standard output too), and return the exit status: exit.h.
 */
int eh_command_main(const struct eh_program *, int argc, char **argv);

/* The value of option ${name}, the last one given; NULL when it was not.  A flag
 * that was given is "". */
const char *eh_args_get(const struct eh_args *, const char *name);

/* The ${n}th value of an EH_OPTION_MANY, from 0; NULL at the end. */
const char *eh_args_nth(const struct eh_args *, const char *name, unsigned n);

/* The value of option ${name} as a number from ${least} to ${most}; ${dflt} when
 * it was not given.  EH_ERR_ARGUMENT with a sentence in ${args->error}. */
EH_MUST_CHECK int eh_args_number(struct eh_args *, const char *name,
    uint64_t least, uint64_t most, uint64_t dflt, uint64_t *valuep);

/* The value as a time: 2026-12-01T00:00:00Z, or +90s, +12h, +7d from ${now}.
 * Returns as eh_args_number(). */
EH_MUST_CHECK int eh_args_time(struct eh_args *, const char *name,
    uint64_t now, uint64_t dflt, uint64_t *valuep);

#endif
