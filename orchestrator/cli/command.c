/* SPDX-License-Identifier: Apache-2.0 */
/* command.c - programs as tables: verbs, their options, their help. */
#include "config.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/suggest.h"
#include "orchestrator/cli/command.h"
#include "orchestrator/cli/exit.h"

static const struct eh_option always[] = {
	{ "json", NULL, 0, "print data as JSON" },
	{ "help", NULL, 0, "print this" },
	{ NULL, NULL, 0, NULL },
};

/* The tables that hold options of ${verb}, in the order of the help. */
static const struct eh_option *
table(const struct eh_program *program, const struct eh_verb *verb, unsigned n)
{
	const struct eh_option *tables[] = { verb->options, program->options,
		always };

	return tables[n] != NULL ? tables[n] : always + 2;
}
#define TABLES 3

static const struct eh_option *
find_option(const struct eh_args *args, const char *name, size_t len)
{
	for (unsigned t = 0; t < TABLES; t++)
		for (const struct eh_option *o =
		         table(args->program, args->verb, t);
		     o->name != NULL; o++)
			if (strlen(o->name) == len &&
			    memcmp(o->name, name, len) == 0)
				return o;
	return NULL;
}

static void
print_options(const struct eh_option *o)
{
	char left[64];

	for (; o->name != NULL; o++) {
		snprintf(left, sizeof(left), "--%s%s%s", o->name,
		    o->argument != NULL ? " " : "",
		    o->argument != NULL ? o->argument : "");
		printf("  %-26s %s%s%s\n", left, o->help,
		    o->flags & EH_OPTION_NEEDED ? " (needed)" : "",
		    o->flags & EH_OPTION_MANY ? " (may be repeated)" : "");
	}
}

static void
help_verb(const struct eh_program *program, const struct eh_verb *verb)
{
	printf("Usage: %s%s%s [options]%s%s\n\n%s\n\nOptions:\n", program->name,
	    verb->name[0] != '\0' ? " " : "", verb->name,
	    verb->operands != NULL ? " " : "",
	    verb->operands != NULL ? verb->operands : "", verb->summary);
	for (unsigned t = 0; t < TABLES; t++)
		print_options(table(program, verb, t));
	printf("\nExamples:\n%s", verb->examples);
}

/* Is ${group} the first of the words of ${verb}?  NULL is that of all verbs. */
static int
in_group(const struct eh_verb *verb, const char *group)
{
	size_t len = group != NULL ? strlen(group) : 0;

	return verb->name[0] != '\0' &&
	    (group == NULL || (strncmp(verb->name, group, len) == 0 &&
	                          verb->name[len] == ' '));
}

static void
print_verbs(const struct eh_program *program, const char *group)
{
	printf("\nVerbs:\n");
	for (const struct eh_verb *const *v = program->verbs; *v != NULL; v++)
		if (in_group(*v, group))
			printf("  %-18s %s\n", (*v)->name, (*v)->summary);
	printf("\n%s VERB --help says more about one.\n", program->name);
}

static void
help_program(const struct eh_program *program)
{
	printf("Usage: %s VERB [options]\n\n%s\n", program->name,
	    program->summary);
	print_verbs(program, NULL);
}

/* How many words of ${argv} are the name of ${verb}; 0 when they are not. */
static int
words(const struct eh_verb *verb, int argc, char **argv)
{
	const char *name = verb->name;
	int n = 0;

	while (*name != '\0') {
		size_t len = strcspn(name, " ");

		if (n >= argc || strlen(argv[n]) != len ||
		    memcmp(argv[n], name, len) != 0)
			return 0;
		name += len + (name[len] == ' ');
		n++;
	}
	return n;
}

static const struct eh_verb *
find_verb(
    const struct eh_program *program, int argc, char **argv, int *usedp)
{
	const struct eh_verb *found = NULL;

	*usedp = 0;
	for (const struct eh_verb *const *v = program->verbs; *v != NULL; v++) {
		int n = words(*v, argc, argv);

		if (n > *usedp || ((*v)->name[0] == '\0' && found == NULL &&
		                      (argc == 0 || argv[0][0] == '-'))) {
			found = *v;
			*usedp = n;
		}
	}
	return found;
}

static void
help_group(const struct eh_program *program, const char *group)
{
	printf("Usage: %s %s VERB [options]\n", program->name, group);
	print_verbs(program, group);
}

/* What there is instead, for somebody who knows the first word. */
static int
unknown_in_group(struct eh_args *args, int argc, char **argv)
{
	char list[EH_ERROR_TEXT] = "";
	size_t n = 0;

	for (const struct eh_verb *const *v = args->program->verbs;
	     *v != NULL && n < sizeof(list); v++)
		if (in_group(*v, argv[0]))
			n += (size_t)snprintf(list + n, sizeof(list) - n,
			    "%s%s", n > 0 ? ", " : "", (*v)->name);
	if (argc > 1 && argv[1][0] != '-')
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "unknown verb '%s %s'; there are: %s", argv[0], argv[1],
		    list);
	return eh_error_set(&args->error, EH_ERR_ARGUMENT,
	    "which verb of %s? there are: %s", argv[0], list);
}

/* EH_OK when no more than help was asked for, and was given. */
static int
unknown_verb(struct eh_args *args, int argc, char **argv)
{
	const struct eh_program *program = args->program;
	const char *names[EH_ARGS_MAX], *near;
	size_t n = 0;

	if (argc == 0)
		return eh_error_set(
		    &args->error, EH_ERR_ARGUMENT, "which verb?");
	for (const struct eh_verb *const *v = program->verbs;
	     *v != NULL && n < EH_ARGS_MAX; v++) {
		names[n++] = (*v)->name;
		if (!in_group(*v, argv[0]))
			continue;
		if (argc == 1 || strcmp(argv[1], "--help") != 0)
			return unknown_in_group(args, argc, argv);
		help_group(program, argv[0]);
		return EH_OK;
	}
	near = eh_suggest(argv[0], names, n);
	return eh_error_set(&args->error, EH_ERR_ARGUMENT,
	    "unknown verb '%s'%s%s%s", argv[0],
	    near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
	    near != NULL ? "'?" : "");
}

static int
unknown_option(struct eh_args *args, const char *typed, size_t len)
{
	const char *names[EH_ARGS_MAX], *near;
	char name[64];
	size_t n = 0;

	snprintf(name, sizeof(name), "%.*s", (int)len, typed);
	for (unsigned t = 0; t < TABLES; t++)
		for (const struct eh_option *o =
		         table(args->program, args->verb, t);
		     o->name != NULL && n < EH_ARGS_MAX; o++)
			names[n++] = o->name;
	near = eh_suggest(name, names, n);
	return eh_error_set(&args->error, EH_ERR_ARGUMENT,
	    "unknown option --%s%s%s%s", name,
	    near != NULL ? "; did you mean --" : "", near != NULL ? near : "",
	    near != NULL ? "?" : "");
}

static int
take_option(struct eh_args *args, const char *word, char **rest, int *usedp)
{
	size_t len = strcspn(word, "=");
	const struct eh_option *o = find_option(args, word, len);
	const char *value = word[len] == '=' ? word + len + 1 : NULL;

	if (o == NULL)
		return unknown_option(args, word, len);
	if (o->argument == NULL && value != NULL)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--%s takes no value", o->name);
	if (o->argument != NULL && value == NULL) {
		if ((value = rest[0]) == NULL)
			return eh_error_set(&args->error, EH_ERR_ARGUMENT,
			    "--%s needs a value: %s", o->name, o->argument);
		*usedp = 1;
	}
	if ((o->flags & EH_OPTION_MANY) == 0 &&
	    eh_args_get(args, o->name) != NULL)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--%s was given twice", o->name);
	if (args->given == EH_ARGS_MAX)
		return eh_error_set(
		    &args->error, EH_ERR_ARGUMENT, "too many options");
	args->option[args->given].option = o;
	args->option[args->given++].value = value;
	return EH_OK;
}

static int
parse(struct eh_args *args, int argc, char **argv)
{
	int err, used, ended = 0;

	for (int i = 0; i < argc; i++) {
		used = 0;
		if (!ended && strcmp(argv[i], "--") == 0) {
			ended = 1;
		} else if (!ended && strncmp(argv[i], "--", 2) == 0) {
			if ((err = take_option(args, argv[i] + 2, argv + i + 1,
			         &used)) != EH_OK)
				return err;
			i += used;
		} else if (!ended && argv[i][0] == '-' && argv[i][1] != '\0') {
			return eh_error_set(&args->error, EH_ERR_ARGUMENT,
			    "unknown option %s; options begin with --",
			    argv[i]);
		} else if (args->operands == EH_ARGS_MAX) {
			return eh_error_set(&args->error, EH_ERR_ARGUMENT,
			    "more than %d operands", EH_ARGS_MAX);
		} else {
			args->operand[args->operands++] = argv[i];
		}
	}
	args->json = eh_args_get(args, "json") != NULL;
	return EH_OK;
}

/* What parse() cannot see before it has seen everything. */
static int
check(struct eh_args *args)
{
	const struct eh_verb *verb = args->verb;

	for (const struct eh_option *o = table(args->program, verb, 0);
	     o->name != NULL; o++)
		if ((o->flags & EH_OPTION_NEEDED) &&
		    eh_args_get(args, o->name) == NULL)
			return eh_error_set(&args->error, EH_ERR_ARGUMENT,
			    "--%s %s is needed", o->name, o->argument);
	if (args->operands < verb->least)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "%s is needed", verb->operands);
	if (args->operands > verb->most)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "unexpected operand '%s'", args->operand[verb->most]);
	return EH_OK;
}

int
eh_command_put(struct json_t *object)
{
	int bad;

	if (object == NULL)
		return EH_ERR_MEMORY;
	bad = json_dumpf(object, stdout, JSON_COMPACT) != 0 ||
	    putchar('\n') == EOF;
	json_decref(object);
	return bad ? EH_ERR_IO : EH_OK;
}

static void
print_error(const struct eh_args *args, int err)
{
	const char *text = args->error.text[0] != '\0' ? args->error.text
						      : eh_err_text(err);
	const char *verb = args->verb != NULL ? args->verb->name : "";

	fprintf(stderr, "%s: %s\n", args->program->name, text);
	if (err == EH_ERR_ARGUMENT)
		fprintf(stderr, "%s: see %s%s%s --help\n", args->program->name,
		    args->program->name, verb[0] != '\0' ? " " : "", verb);
	/* Where even that cannot be printed, the exit status is left. */
	if (args->json)
		(void)!eh_command_put(json_pack("{s:{s:s, s:s, s:i}}", "error",
		    "code", eh_err_name(err), "text", text, "exit",
		    eh_exit_status(err)));
}

/* Was --json typed?  An error of what was typed is told as it asks for. */
static int
is_json(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return 1;
	return 0;
}

int
eh_command_main(const struct eh_program *program, int argc, char **argv)
{
	struct eh_args args = { .program = program };
	int err, used;

	argc--;
	argv++;
	if (argc > 0 && strcmp(argv[0], "--version") == 0) {
		printf("%s %s\n", program->name, PACKAGE_VERSION);
		return EH_EXIT_OK;
	}
	if (argc > 0 && strcmp(argv[0], "--help") == 0) {
		help_program(program);
		return EH_EXIT_OK;
	}
	args.json = is_json(argc, argv);
	args.verb = find_verb(program, argc, argv, &used);
	if (args.verb != NULL)
		err = parse(&args, argc - used, argv + used);
	else if ((err = unknown_verb(&args, argc, argv)) == EH_OK)
		return EH_EXIT_OK;
	if (err == EH_OK && eh_args_get(&args, "help") != NULL) {
		help_verb(program, args.verb);
		return EH_EXIT_OK;
	}
	if (err == EH_OK && (err = check(&args)) == EH_OK)
		err = args.verb->run(&args);
	if (err != EH_OK)
		print_error(&args, err);
	if (fflush(stdout) != 0 && err == EH_OK) {
		eh_error_set(&args.error, EH_ERR_IO,
		    "standard output cannot be written");
		print_error(&args, err = EH_ERR_IO);
	}
	return eh_exit_status(err);
}

const char *
eh_args_nth(const struct eh_args *args, const char *name, unsigned n)
{
	for (unsigned i = 0; i < args->given; i++)
		if (strcmp(args->option[i].option->name, name) == 0 && n-- == 0)
			return args->option[i].value != NULL
			    ? args->option[i].value
			    : "";
	return NULL;
}

const char *
eh_args_get(const struct eh_args *args, const char *name)
{
	const char *last = NULL, *value;

	for (unsigned n = 0; (value = eh_args_nth(args, name, n)) != NULL; n++)
		last = value;
	return last;
}

/* Read decimal digits up to ${most}; return what follows them, or NULL. */
static const char *
digits(const char *text, uint64_t most, uint64_t *valuep)
{
	uint64_t v = 0;

	if (*text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++) {
		uint64_t d = (uint64_t)(*text - '0');

		if (v > (most - d) / 10 || d > most)
			return NULL;
		v = v * 10 + d;
	}
	*valuep = v;
	return text;
}

int
eh_args_number(struct eh_args *args, const char *name, uint64_t least,
    uint64_t most, uint64_t dflt, uint64_t *valuep)
{
	const char *text = eh_args_get(args, name), *end;

	*valuep = dflt;
	if (text == NULL)
		return EH_OK;
	end = digits(text, most, valuep);
	if (end != NULL && *end == '\0' && *valuep >= least)
		return EH_OK;
	*valuep = dflt;
	return eh_error_set(&args->error, EH_ERR_ARGUMENT,
	    "--%s %s: a number from %" PRIu64 " to %" PRIu64 " is needed", name,
	    text, least, most);
}

int
eh_args_time(struct eh_args *args, const char *name, uint64_t now,
    uint64_t dflt, uint64_t *valuep)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	const char *text = eh_args_get(args, name), *end;
	uint64_t n;

	*valuep = dflt;
	if (text == NULL)
		return EH_OK;
	if (text[0] != '+') {
		if (eh_clock_parse(text, strlen(text), valuep) == EH_OK)
			return EH_OK;
	} else if ((end = digits(text + 1, 1000000000, &n)) != NULL) {
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (end[0] == units[i].unit && end[1] == '\0' &&
			    n * units[i].seconds <= EH_CLOCK_MAX - now) {
				*valuep = now + n * units[i].seconds;
				return EH_OK;
			}
	}
	*valuep = dflt;
	return eh_error_set(&args->error, EH_ERR_ARGUMENT,
	    "--%s %s: a time is needed, like 2026-12-01T00:00:00Z or +7d", name,
	    text);
}
