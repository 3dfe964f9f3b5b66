/* SPDX-License-Identifier: Apache-2.0 */
/* edgebench.c - signatures per second, in one run: libcrypto, SoftHSM, our
 * module, our provider, and others' programs. */
#include "config.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/bench/run.h"
#include "test/bench/softhsm.h"
#include "test/bench/softtpm.h"

#define SKIP 77 /* what Automake calls a skipped test */

/*
 * --- giving up ---
 */

static volatile sig_atomic_t stopped;

static void
on_signal(int number)
{
	stopped = number;
}

int
bench_stopped(void)
{
	return stopped != 0;
}

static void __attribute__((format(printf, 1, 0)))
say(const char *format, va_list args)
{
	fflush(stdout);
	fputs("edgebench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void
bench_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(1);
}

int
bench_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	return -1;
}

/*
 * --- options ---
 */

static const char usage[] =
    "edgebench [OPTION...]: signatures per second, as JSON lines\n"
    "\n"
    "  --quick            one round of short windows: does it run?\n"
    "  --rounds N         windows of each case (7)\n"
    "  --window SECONDS   length of a window (0.4)\n"
    "  --case NAME        only this case; may be repeated\n"
    "  --list             print the names of the cases\n"
    "  --verify WHEN      backend.verify of edgehsmd: always (default), start\n"
    "  --folder DIR       where the state goes, on a real disk ($TMPDIR or\n"
    "                     /var/tmp)\n"
    "  --keep             leave the state behind\n"
    "  --daemon, --module, --provider, --softhsm, --openssl PATH\n"
    "                     other programs than those of this build and system\n"
    "  --commit TEXT      what the lines say of the source\n"
    "\n"
    "  edgebench > run.jsonl\n"
    "  edgebench --case limit-serial --case issue-serial\n"
    "\n"
    "test/bench/README.md says how to read the lines.\n";

enum {
	OPT_QUICK = 256, OPT_ROUNDS, OPT_WINDOW, OPT_CASE, OPT_LIST,
	OPT_VERIFY, OPT_FOLDER, OPT_KEEP, OPT_DAEMON, OPT_MODULE, OPT_PROVIDER,
	OPT_SOFTHSM, OPT_OPENSSL, OPT_COMMIT, OPT_HELP
};

/* clang-format off */
static const struct option options[] = {
	{ "quick",    no_argument,       NULL, OPT_QUICK },
	{ "rounds",   required_argument, NULL, OPT_ROUNDS },
	{ "window",   required_argument, NULL, OPT_WINDOW },
	{ "case",     required_argument, NULL, OPT_CASE },
	{ "list",     no_argument,       NULL, OPT_LIST },
	{ "verify",   required_argument, NULL, OPT_VERIFY },
	{ "folder",   required_argument, NULL, OPT_FOLDER },
	{ "keep",     no_argument,       NULL, OPT_KEEP },
	{ "daemon",   required_argument, NULL, OPT_DAEMON },
	{ "module",   required_argument, NULL, OPT_MODULE },
	{ "provider", required_argument, NULL, OPT_PROVIDER },
	{ "softhsm",  required_argument, NULL, OPT_SOFTHSM },
	{ "openssl",  required_argument, NULL, OPT_OPENSSL },
	{ "commit",   required_argument, NULL, OPT_COMMIT },
	{ "help",     no_argument,       NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};
/* clang-format on */

/* Can it be measured here? */
static int
is_possible(const struct bench_case *c)
{
	return (c->flags & CASE_TPM) == 0 || softtpm_found();
}

static void
add_case(struct run *r, const char *name)
{
	const struct bench_case *c = bench_case_get(name);

	if (c != NULL && !is_possible(c))
		bench_die("%s needs swtpm, and an edgehsmd with tpm2-tss",
		    name);
	if (run_add(r, name) != 0)
		bench_die("no case '%s'; --list names them", name);
}

static double
number(const char *text, double least, double most)
{
	char *rest;
	double value = strtod(text, &rest);

	if (*text == '\0' || *rest != '\0' || !(value >= least) ||
	    value > most)
		bench_die("%s: a number from %g to %g is needed", text, least,
		    most);
	return value;
}

static int
print_list(void)
{
	for (size_t i = 0; i < bench_ncases; i++)
		if (is_possible(&bench_cases[i]))
			puts(bench_cases[i].name);
	return 0;
}

/* Returns -1 to go on, or the exit status. */
static int
take_option(struct run *r, struct bench_options *o, int option)
{
	switch (option) {
	case OPT_QUICK:
		o->rounds = 1;
		o->window = 0.05;
		return -1;
	case OPT_ROUNDS:
		o->rounds = (unsigned)number(optarg, 1, RUN_ROUNDS_MAX);
		return -1;
	case OPT_WINDOW: o->window = number(optarg, 0.01, 60); return -1;
	case OPT_CASE: add_case(r, optarg); return -1;
	case OPT_VERIFY: o->verify = optarg; return -1;
	case OPT_FOLDER: o->folder = optarg; return -1;
	case OPT_KEEP: o->keep = 1; return -1;
	case OPT_DAEMON: o->daemon = optarg; return -1;
	case OPT_MODULE: o->module = optarg; return -1;
	case OPT_PROVIDER: o->provider = optarg; return -1;
	case OPT_SOFTHSM: o->softhsm = optarg; return -1;
	case OPT_OPENSSL: o->openssl = optarg; return -1;
	case OPT_COMMIT: o->commit = optarg; return -1;
	case OPT_LIST: return print_list();
	case OPT_HELP: fputs(usage, stdout); return 0;
	default: return 2;
	}
}

static void
set_defaults(struct bench_options *o)
{
	const char *tmp = getenv("TMPDIR");

	o->daemon = EH_BENCH_BUILDDIR "/edgehsmd";
	o->module = EH_BENCH_BUILDDIR "/.libs/edgehsm-pkcs11.so";
	o->provider = EH_BENCH_BUILDDIR "/.libs/edgehsm.so";
	o->softhsm = softhsm_find();
	o->openssl = "openssl";
	o->verify = "always";
	o->folder = tmp != NULL ? tmp : "/var/tmp";
	o->commit = "unknown";
	o->rounds = 7;
	o->window = 0.4;
}

int
main(int argc, char **argv)
{
	static struct run run;
	struct bench_options o = { .keep = 0 };
	struct sigaction action = { .sa_handler = on_signal };
	int option, status = -1;

	set_defaults(&o);
	run.options = &o;
	while (status < 0 &&
	    (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		status = take_option(&run, &o, option);
	if (status >= 0)
		return status;
	if (optind < argc)
		bench_die("what is '%s'? see --help", argv[optind]);
	if (o.softhsm == NULL) {
		fprintf(stderr, "edgebench: SoftHSM is not installed\n");
		return SKIP;
	}
	if (run.n == 0)
		for (size_t i = 0; i < bench_ncases; i++)
			if (is_possible(&bench_cases[i]))
				add_case(&run, bench_cases[i].name);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	run_go(&run);
	return 0;
}
