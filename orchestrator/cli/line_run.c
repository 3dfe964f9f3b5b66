/* SPDX-License-Identifier: Apache-2.0 */
/* line_run.c - `edgehsm line run`: make the devices of a work order. */
#include "config.h"

#include <inttypes.h>
#include <jansson.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/cli/line.h"
#include "orchestrator/cli/line_progress.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/flow/run.h"

#define ROWS_MAX 40		/* longer tables show only what went wrong */

/* How often somebody has asked to stop. */
static volatile sig_atomic_t stop;

/* One unit, for the table at the end. */
struct row {
	char *device, *reason, *order;
	enum eh_unit_state state;
	int before;
};

struct running {
	struct eh_args *args;
	struct eh_recipe recipe;
	struct eh_report report;
	struct eh_token *token;
	struct eh_hsm hsm;
	struct eh_run_options options;
	struct eh_run_summary summary;
	struct eh_progress progress;
	char person[EH_TEXT_MAX + 1];
	struct row *row;
	size_t rows;
	int err;			/* latched while units end */
};

/* --- stopping --- */

/* The first lets the unit be finished, the second its step, and the third ends
 * the program: nothing is lost by that either. */
static void
on_signal(int number)
{
	if (++stop > 2) {
		signal(number, SIG_DFL);
		raise(number);
	}
}

static void
catch_signals(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* --- what is shown --- */

static int
keep_row(struct running *r, const struct eh_run_unit *u)
{
	struct row *row = &r->row[r->rows];

	row->device = strdup(u->device);
	row->order = strdup(u->order);
	row->reason = strdup(u->reason);
	row->state = u->state;
	row->before = u->before;
	r->rows++;
	return row->device != NULL && row->order != NULL &&
		row->reason != NULL ? EH_OK : EH_ERR_MEMORY;
}

static json_t *
unit_json(const struct eh_run_unit *u)
{
	json_t *o = json_pack("{s:s, s:s, s:b, s:s}", "device", u->device,
	    "result", eh_unit_state_name(u->state), "before", u->before,
	    "folder", u->folder);

	if (u->order[0] != '\0')
		json_object_set_new(o, "authorization", json_string(u->order));
	if (u->code != EH_OK) {
		json_object_set_new(o, "step", json_string(u->step));
		json_object_set_new(
		    o, "code", json_string(eh_err_name(u->code)));
		json_object_set_new(o, "reason", json_string(u->reason));
	}
	return o;
}

static void
unit_ends(void *arg, const struct eh_run_unit *u)
{
	struct running *r = arg;
	int err = keep_row(r, u);

	eh_progress_unit(&r->progress, u);
	if (r->args->json && err == EH_OK)
		err = eh_command_put(unit_json(u));
	if (fflush(stdout) != 0 && err == EH_OK)
		err = EH_ERR_IO;
	if (r->err == EH_OK)
		r->err = err;
}

/* The watcher's argument is ours; the progress has its own. */
static void
unit_begins(void *arg, const char *device, size_t index, size_t total)
{
	struct running *r = arg;
	struct eh_run_watch watch;

	eh_progress_watch(&r->progress, &watch);
	watch.unit_begins(watch.arg, device, index, total);
}

static void
step_begins(void *arg, const char *device, const char *step, unsigned attempt,
    const char *last_failure)
{
	struct running *r = arg;
	struct eh_run_watch watch;

	eh_progress_watch(&r->progress, &watch);
	watch.step_begins(watch.arg, device, step, attempt, last_failure);
}

static void
say(void *arg, int level, const char *text)
{
	struct running *r = arg;
	struct eh_run_watch watch;

	eh_progress_watch(&r->progress, &watch);
	watch.log(watch.arg, level, text);
}

static void
print_row(const struct row *row, int device, int order)
{
	const char *reason = row->reason[0] != '\0' ? row->reason :
	    row->before				      ? "made before" :
							"";

	printf("%-*s  %-8s  ", device, row->device,
	    eh_unit_state_name(row->state));
	if (reason[0] != '\0')
		printf("%-*s  %s\n", order, row->order, reason);
	else
		printf("%s\n", row->order);
}

static void
print_table(const struct running *r)
{
	int all = r->rows <= ROWS_MAX, device = 6, order = 13, any = 0;
	const struct row *row;

	for (row = r->row; row < r->row + r->rows; row++) {
		if ((int)strlen(row->device) > device)
			device = (int)strlen(row->device);
		if ((int)strlen(row->order) > order)
			order = (int)strlen(row->order);
	}
	for (row = r->row; row < r->row + r->rows; row++) {
		if (!all && row->state == EH_UNIT_GOOD)
			continue;
		if (!any++)
			printf("%-*s  %-8s  %-*s  %s\n", device, "DEVICE",
			    "RESULT", order, "AUTHORIZATION", "REASON");
		print_row(row, device, order);
	}
}

static void
count_text(const struct eh_run_summary *s, char *out, size_t cap)
{
	const struct {
		size_t n;
		const char *what;
	} counts[] = {
		{ s->good, "good" },
		{ s->before, "good before" },
		{ s->refused, "refused" },
		{ s->scrapped, "scrapped" },
		{ s->failed, "failed" },
		{ s->left, "not made" },
	};
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (counts[i].n > 0 && at < cap)
			at += (size_t)snprintf(out + at, cap - at, "%s%zu %s",
			    at > 0 ? ", " : "", counts[i].n, counts[i].what);
}

static const char *
end_word(enum eh_run_end end)
{
	switch (end) {
	case EH_RUN_DONE:
		return "done";
	case EH_RUN_ASKED:
		return "interrupted";
	case EH_RUN_STEP_STOPS:
		return "stopped-by-step";
	case EH_RUN_FAILURES:
		return "stopped-by-failures";
	case EH_RUN_ERROR:
		break;
	}
	return "error";
}

static int
print_summary(const struct running *r)
{
	const struct eh_run_summary *s = &r->summary;
	char counts[160];

	if (r->args->json)
		return eh_command_put(json_pack(
		    "{s:{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}}",
		    "summary", "line", r->recipe.line->name, "end",
		    end_word(s->end), "devices", (json_int_t)s->total, "good",
		    (json_int_t)s->good, "before", (json_int_t)s->before,
		    "refused", (json_int_t)s->refused, "scrapped",
		    (json_int_t)s->scrapped, "failed", (json_int_t)s->failed,
		    "left", (json_int_t)s->left));
	print_table(r);
	count_text(s, counts, sizeof(counts));
	printf("%s%zu device%s: %s\n", r->rows > 0 ? "\n" : "", s->total,
	    s->total == 1 ? "" : "s", counts);
	return EH_OK;
}

/* --- the verdict --- */

/* What to do about a refusal. */
static const char *
remedy(int code)
{
	switch (code) {
	case EH_DENIED_TIME:
	case EH_DENIED_OFFLINE:
		return "attested time helps: edgehsm token nonce, "
		       "edgehsm-authority time, edgehsm token import";
	case EH_DENIED_QUOTA:
	case EH_DENIED_EXPIRED:
	case EH_DENIED_NO_AUTHORIZATION:
		return "the OEM can authorize more: edgehsm-authority "
		       "authorize, edgehsm token import";
	default:
		return NULL;
	}
}

static void
say_how_to_go_on(const struct running *r)
{
	const struct eh_run_summary *s = &r->summary;
	const char *what = remedy(s->refusal.code);

	if (s->end == EH_RUN_ASKED)
		fprintf(stderr, "Stopped as asked.\n");
	else if (s->end == EH_RUN_STEP_STOPS)
		fprintf(stderr, "Stopped: a step with onFailure: stop has "
				"failed.\n");
	else if (s->end == EH_RUN_FAILURES)
		fprintf(stderr,
		    "Stopped: %" PRId64 " devices in a row did not come out "
		    "good (stopAfterFailures).\n",
		    r->recipe.line->stop_after);
	if (s->refused > 0 && what != NULL)
		fprintf(stderr, "Refused devices: %s.\n", what);
	if (s->left + s->refused + s->failed > 0)
		fprintf(stderr,
		    "The same command again goes on where this one ended.\n");
}

static int
verdict(struct running *r)
{
	const struct eh_run_summary *s = &r->summary;
	struct eh_error *error = &r->args->error;
	size_t bad = s->failed + s->scrapped;

	if (s->refused > 0)
		return eh_error_set(error, s->refusal.code,
		    "%zu of %zu devices refused: %s", s->refused, s->total,
		    s->refusal.text);
	if (bad > 0)
		return eh_error_set(error, EH_ERR_IO,
		    "%zu of %zu devices failed: %s", bad, s->total,
		    s->failure.text);
	if (s->left > 0)
		return eh_error_set(error, EH_ERR_BUSY,
		    "%zu of %zu devices are not made yet", s->left, s->total);
	return EH_OK;
}

/* --- getting ready --- */

/* Who is told as operator: --operator, else the name of the login, where the
 * profile wants one. */
static int
name_person(struct running *r)
{
	const char *given = eh_args_get(r->args, "operator");
	const struct passwd *user;

	if (given == NULL && eh_recipe_wants(&r->recipe, "operator")) {
		user = getpwuid(getuid());
		given = user != NULL ? user->pw_name : NULL;
	}
	if (given == NULL || given[0] == '\0')
		return EH_OK;
	if (!eh_text_check(given))
		return eh_error_set(&r->args->error, EH_ERR_ARGUMENT,
		    "operator '%s': printable ASCII, at most %d characters; "
		    "see --operator",
		    given, EH_TEXT_MAX);
	strcpy(r->person, given);
	r->options.person = r->person;
	return EH_OK;
}

static int
check_person(struct running *r)
{
	if (r->options.person == NULL &&
	    eh_recipe_wants(&r->recipe, "operator"))
		return eh_error_set(&r->args->error, EH_ERR_ARGUMENT,
		    "the profile wants the operator in every report: "
		    "--operator NAME");
	return EH_OK;
}

static int
prepare(struct running *r)
{
	struct eh_args *args = r->args;
	int err;

	if ((err = eh_progress_init(&r->progress,
		 eh_args_get(args, "progress"), &args->error)) != EH_OK ||
	    (err = eh_line_load_recipe(args, &r->recipe, &r->report)) !=
		EH_OK ||
	    (err = eh_recipe_station(&r->recipe, eh_args_get(args, "station"),
		 &r->options.station, &args->error)) != EH_OK)
		return err;
	if ((err = name_person(r)) != EH_OK || (err = check_person(r)) != EH_OK)
		return err;
	r->options.state = eh_args_get(args, "state");
	r->options.authorization = eh_args_get(args, "authorization");
	r->options.stop = &stop;
	r->row = calloc(r->recipe.ids.count, sizeof(*r->row));
	return r->row != NULL ? EH_OK : EH_ERR_MEMORY;
}

/* The module tells the EdgeHSM which line and station ask: claims, which an
 * authorization for named lines needs and which stand in every record. */
static int
connect_token(struct running *r)
{
	struct eh_args *args = r->args;
	int err;

	if (setenv("EDGEHSM_LINE", r->recipe.line->name, 1) != 0 ||
	    setenv("EDGEHSM_STATION", r->options.station->id, 1) != 0)
		return EH_ERR_MEMORY;
	if ((err = eh_session_login(args, EH_ROLE_OPERATOR, &r->token)) !=
	    EH_OK)
		return err;
	return eh_hsm_open(r->token, eh_args_get(args, "pin-file"), &r->hsm,
	    &args->error);
}

static int
make_devices(struct running *r)
{
	struct eh_run_watch watch = { .arg = r, .unit_begins = unit_begins,
		.step_begins = step_begins, .log = say,
		.unit_ends = unit_ends };
	int err, shown = EH_OK;

	catch_signals();
	err = eh_run(&r->recipe, &r->hsm, &r->options, &watch, &r->summary,
	    &r->args->error);
	eh_progress_end(&r->progress);
	/* What ended before the first device has nothing to sum up. */
	if (r->args->json || r->rows > 0 || err == EH_OK)
		shown = print_summary(r);
	fflush(stdout);
	if (r->rows > 0 && !r->args->json && r->progress.form != EH_PROGRESS_NONE)
		say_how_to_go_on(r);
	if (err == EH_OK)
		err = r->err != EH_OK ? r->err : shown;
	return err != EH_OK ? err : verdict(r);
}

static int
run(struct eh_args *args)
{
	struct running *r = calloc(1, sizeof(*r));
	int err;

	if (r == NULL)
		return EH_ERR_MEMORY;
	r->args = args;
	if ((err = prepare(r)) == EH_OK && (err = connect_token(r)) == EH_OK)
		err = make_devices(r);
	eh_hsm_close(&r->hsm);
	eh_token_close(r->token);
	for (size_t i = 0; i < r->rows; i++) {
		free(r->row[i].device);
		free(r->row[i].order);
		free(r->row[i].reason);
	}
	free(r->row);
	eh_recipe_wipe(&r->recipe);
	eh_report_wipe(&r->report);
	free(r);
	return err;
}

static const struct eh_option options[] = {
	{ "state", "DIR", EH_OPTION_NEEDED,
	    "a folder per device: certificates, and how far it is" },
	EH_OPTION_UNITS,
	EH_OPTION_UNITS_FILE,
	EH_OPTION_AUTHORIZATION,
	{ "station", "ID", 0, "a station of the line (else its only one)" },
	{ "operator", "NAME", 0,
	    "who is told as operator (else the login, where wanted)" },
	{ "progress", "FORM", 0, "auto, plain or none" },
	EH_OPTION_PIN,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_line_run = {
	"line run",
	"FILE",
	1,
	1,
	"Make the devices of a work order; go on where the last run ended.",
	options,
	"  edgehsm line run line3.yaml --state devices\n"
	"  edgehsm line run line3.yaml --state devices --station st07 \\\n"
	"      --units SN00000001..SN00000012 --authorization PO-4711 --json\n",
	run,
};
