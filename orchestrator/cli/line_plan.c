/* SPDX-License-Identifier: Apache-2.0 */
/* line_plan.c - `edgehsm line plan`: what a run would do, and who would see to
 * it. */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/hex.h"
#include "orchestrator/cli/findings.h"
#include "orchestrator/cli/line.h"
#include "orchestrator/cli/line_begun.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/flow/run.h"

#define TEXT_MAX 1024

/* Everything is put into one object first; people get it as text. */
struct plan {
	struct eh_args *args;
	struct eh_recipe recipe;
	struct eh_report report;
	struct eh_token_status *status;	/* NULL: the token does not answer */
	struct eh_error why;		/* it does not */
	const struct eh_token_authorization *authorization;
	struct eh_line_begun begun;	/* of --state */
	json_t *root;
};

static void __attribute__((format(printf, 2, 3)))
add(json_t *list, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(list, json_string(text));
}

/* --- what each step does --- */

struct text {
	char text[TEXT_MAX];
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->text + t->len, TEXT_MAX - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n;
	if (t->len >= TEXT_MAX)
		t->len = TEXT_MAX - 1;
}

static const char *
algorithm_name(unsigned algorithm)
{
	return algorithm == EH_KEY_ECDSA_P384 ? "ECDSA-P384" : "ECDSA-P256";
}

static void
tell_keygen(const struct eh_recipe *r, const struct eh_line_step *step,
    struct text *t)
{
	int key = eh_recipe_key(r, step->with->key);

	put(t, "the chip makes key %s (%s) and proves that it holds it",
	    step->with->key, algorithm_name(r->source->key[key].algorithm));
}

static void
tell_issue(const struct eh_recipe *r, const struct eh_line_step *step,
    struct text *t)
{
	unsigned index[EH_PROFILE_TEMPLATES];
	unsigned n = eh_recipe_certificates(r, step, index);

	for (unsigned i = 0; i < n; i++) {
		const struct eh_template_source *c =
		    &r->source->certificate[index[i]];

		put(t, "%s%s (%s) signed by %s", i > 0 ? ", " : "", c->id,
		    eh_standard_name(c->standard), c->issuer_key);
	}
}

static void
tell_places(const struct eh_recipe *r, int inject, struct text *t)
{
	unsigned n = 0;

	put(t, inject ? "write " : "read back and compare ");
	for (unsigned i = 0; i < r->nplaces; i++) {
		const struct eh_recipe_place *p = &r->place[i];

		if (!inject && !p->verify)
			continue;
		put(t, "%s", n++ > 0 ? ", " : "");
		if (inject)
			put(t, "%s to ", r->source->certificate[p->index].id);
		put(t, "%s", p->name);
	}
}

static void
tell_record(const struct eh_recipe *r, struct text *t)
{
	put(t, "report to the EdgeHSM, with station");
	if (eh_recipe_wants(r, "read-back"))
		put(t, ", read-back");
	if (eh_recipe_wants(r, "operator"))
		put(t, ", operator");
}

static void
tell_step(const struct eh_recipe *r, const struct eh_line_step *step,
    struct text *t)
{
	t->len = 0;
	switch (step->uses) {
	case EH_STEP_CHIP_CONNECT:
		put(t, "open the chip with driver %s and ask who it is",
		    r->driver->plugin->name);
		break;
	case EH_STEP_CHIP_KEYGEN:
		tell_keygen(r, step, t);
		break;
	case EH_STEP_HSM_ISSUE:
		tell_issue(r, step, t);
		break;
	case EH_STEP_CHIP_INJECT:
	case EH_STEP_CHIP_VERIFY:
		tell_places(r, step->uses == EH_STEP_CHIP_INJECT, t);
		break;
	case EH_STEP_RECORD_WRITE:
		tell_record(r, t);
		break;
	default:
		break;
	}
	if (step->retry != NULL)
		put(t, "; after an error %" PRId64 " more attempt%s, %" PRId64
		       " %s apart",
		    step->retry->times, step->retry->times == 1 ? "" : "s",
		    step->retry->delay / (step->retry->delay % 1000 == 0 ? 1000
									 : 1),
		    step->retry->delay % 1000 == 0 ? "s" : "ms");
	if (step->always)
		put(t, "; also after a failure");
	if (step->on_failure == EH_FAILURE_STOP)
		put(t, "; a failure stops the line");
}

static json_t *
steps_json(const struct plan *p)
{
	const struct eh_line *line = p->recipe.line;
	json_t *list = json_array();
	struct text *t = malloc(sizeof(*t));

	for (size_t i = 0; i < line->nsteps && t != NULL; i++) {
		tell_step(&p->recipe, &line->steps[i], t);
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:s}", "id", line->steps[i].id,
			"uses", eh_line_step_word(line->steps[i].uses), "does",
			t->text));
	}
	free(t);
	return list;
}

/* --- who sees to it --- */

static const char *
date_text(uint64_t time, char text[EH_CLOCK_TEXT_SIZE])
{
	if (eh_clock_format(time, text) != EH_OK)
		snprintf(text, EH_CLOCK_TEXT_SIZE, "the end of time");
	return text;
}

static json_t *
enforced_inside(const struct plan *p)
{
	const struct eh_token_authorization *a = p->authorization;
	const struct eh_profile_source *s = p->recipe.source;
	char until[EH_CLOCK_TEXT_SIZE];
	json_t *list = json_array();

	if (a != NULL)
		add(list, "at most %" PRIu64 " devices under %s, none after %s",
		    eh_counters_get(&a->counters, EH_OP_PASS) != NULL ?
			eh_counters_get(&a->counters, EH_OP_PASS)->quota :
			0,
		    a->name, date_text(a->expires, until));
	else
		add(list, "how many devices, until when: the authorization");
	add(list, "device ids: %s %s, within the authorization's scope",
	    s->identity.kind, s->identity.pattern);
	add(list,
	    "every octet of each certificate but its fields, and each field by "
	    "its rule (profile %s version %u)",
	    s->name, (unsigned)s->version);
	if (p->recipe.compiled->profile.evidence == EH_EVIDENCE_CSR)
		add(list, "that somebody holds each device's key: its PKCS#10 "
			  "request (evidence: csr)");
	if (p->recipe.compiled->profile.evidence == EH_EVIDENCE_ATTESTED)
		add(list, "that a genuine chip has each device's key, this "
			  "one, now: its attestation over a challenge "
			  "(evidence: attested)");
	add(list, "certificate serials: derived and compared");
	add(list, "one certificate per device and template; the same request "
		  "again gets the same answer");
	add(list, "a record of every certificate before it leaves");
	return list;
}

static json_t *
enforced_here(const struct plan *p)
{
	const struct eh_line *line = p->recipe.line;
	json_t *list = json_array();

	if (p->recipe.compiled->profile.evidence == EH_EVIDENCE_CSR)
		add(list, "that the key was made in the chip (evidence: csr "
			  "proves that somebody holds it)");
	else if (p->recipe.compiled->profile.evidence == EH_EVIDENCE_NONE)
		add(list, "that the key was made in the chip (evidence: none): "
			  "its PKCS#10 request is verified");
	add(list, "that the chip in the socket is the one that was begun with");
	if (p->recipe.nplaces > 0)
		add(list, "that the certificates are in the chip");
	add(list, "the order of the steps, their retries, what is set aside");
	if (line->stop_after > 0)
		add(list, "that the line stops after %" PRId64 " devices in a "
			  "row that did not come out good",
		    line->stop_after);
	add(list, "what the report says: the EdgeHSM records it as a claim");
	return list;
}

/* --- the token --- */

static int
ask_token(struct plan *p)
{
	struct eh_token *token = NULL;
	struct eh_run_wish wish = {
		.name = eh_args_get(p->args, "authorization"),
		.digest = p->recipe.compiled->digest,
	};
	int err;

	if ((p->status = calloc(1, sizeof(*p->status))) == NULL)
		return EH_ERR_MEMORY;
	eh_error_clear(&p->why);
	err = eh_token_open(
	    eh_args_get(p->args, "module"), &token, &p->why);
	if (err == EH_OK)
		err = eh_token_get_status(token, p->status, &p->why);
	if (err == EH_OK)
		err = eh_run_check_token(&p->recipe, p->status, &p->why);
	if (err == EH_OK)
		err = eh_run_choose(
		    p->status, &wish, &p->authorization, &p->why);
	eh_token_close(token);
	if (err != EH_OK)
		p->authorization = NULL;
	return err == EH_ERR_MEMORY ? err : EH_OK;
}

/* What an earlier run has done costs no device again. */
static int
look_at_state(struct plan *p)
{
	const char *state = eh_args_get(p->args, "state");

	return state == NULL ? EH_OK : eh_line_begun_count(
	    state, &p->recipe.ids, &p->begun, &p->args->error);
}

/* Devices that are left under all authorizations that a run could choose. */
static uint64_t
devices_left(const struct plan *p)
{
	uint64_t left = 0;

	if (eh_args_get(p->args, "authorization") != NULL)
		return p->authorization->closed ?
		    0 : eh_run_left(p->authorization);
	for (unsigned i = 0; i < p->status->nauthorizations; i++) {
		const struct eh_token_authorization *a =
		    &p->status->authorization[i];

		if (!a->closed &&
		    memcmp(a->profile.digest, p->recipe.compiled->digest,
			EH_DIGEST_LEN) == 0)
			left += eh_run_left(a);
	}
	return left;
}

static void
forecast(const struct plan *p)
{
	uint64_t units = p->recipe.ids.count - p->begun.finished -
	    p->begun.begun;
	uint64_t left, made;
	char text[EH_ERROR_TEXT + 128];

	if (p->authorization == NULL) {
		snprintf(text, sizeof(text),
		    "What the token allows is not known: %s",
		    eh_error_sentence(&p->why));
		json_object_set_new(p->root, "forecast", json_string(text));
		return;
	}
	left = devices_left(p);
	made = left < units ? left : units;
	if (made == units)
		snprintf(text, sizeof(text),
		    "%" PRIu64 " devices are left: all %" PRIu64
		    " new ones can be made",
		    left, units);
	else
		snprintf(text, sizeof(text),
		    "%" PRIu64 " devices are left: of %" PRIu64 " new ones, "
		    "%" PRIu64 " can be made and %" PRIu64 " would be refused",
		    left, units, made, units - made);
	json_object_set_new(p->root, "forecast", json_string(text));
	json_object_set_new(p->root, "authorization",
	    json_string(p->authorization->name));
	json_object_set_new(
	    p->root, "devices_left", json_integer((json_int_t)left));
}

/* --- all of it --- */

static void
print_list(json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach (list, i, item)
		printf("  - %s\n", json_string_value(item));
}

static void
print_plan(const struct plan *p)
{
	const struct eh_recipe *r = &p->recipe;
	json_t *step, *steps = json_object_get(p->root, "steps");
	size_t i, n = r->ids.count;

	printf("Line      %s of factory %s makes %s version %u\n",
	    r->line->name, r->line->factory, r->source->name,
	    (unsigned)r->source->version);
	printf("Profile   %s, digest %.16s...\n", r->compiled_path,
	    json_string_value(json_object_get(p->root, "config_digest")));
	printf("Chip      %s %s: %s (%s)\n", r->driver->plugin->name,
	    r->driver->plugin->version, r->driver->plugin->summary,
	    r->driver->path);
	printf("Token     %s\n", r->token);
	printf("Devices   %zu: %s%s%s\n", n, r->ids.id[0],
	    n > 2 ? " to " : n > 1 ? ", " : "",
	    n > 1 ? r->ids.id[n - 1] : "");
	if (eh_args_get(p->args, "state") != NULL)
		printf("State     %s: %zu finished, %zu begun\n",
		    eh_args_get(p->args, "state"), p->begun.finished,
		    p->begun.begun);
	printf("\nFor each device:\n");
	json_array_foreach (steps, i, step)
		printf("  %-10s %-12s %s\n",
		    json_string_value(json_object_get(step, "id")),
		    json_string_value(json_object_get(step, "uses")),
		    json_string_value(json_object_get(step, "does")));
	printf("\nThe EdgeHSM enforces, whatever this program does:\n");
	print_list(json_object_get(p->root, "enforced_by_edgehsm"));
	printf("\nOnly this program sees to:\n");
	print_list(json_object_get(p->root, "enforced_here"));
	printf("\n%s.\n",
	    json_string_value(json_object_get(p->root, "forecast")));
}

static int
build(struct plan *p)
{
	const struct eh_recipe *r = &p->recipe;
	char digest[EH_HEX_SIZE(EH_DIGEST_LEN)];

	eh_hex_encode(r->compiled->digest, EH_DIGEST_LEN, digest);
	p->root = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:o,"
			    " s:o, s:o, s:o}",
	    "line", r->line->name, "factory", r->line->factory, "profile",
	    r->source->name, "profile_version", (json_int_t)r->source->version,
	    "config_digest", digest, "driver", r->driver->plugin->name,
	    "driver_file", r->driver->path, "token", r->token, "units",
	    (json_int_t)r->ids.count, "steps", steps_json(p),
	    "enforced_by_edgehsm", enforced_inside(p), "enforced_here",
	    enforced_here(p), "findings", eh_findings_json(
		(struct eh_report *)(uintptr_t)&p->report));
	if (p->root == NULL)
		return EH_ERR_MEMORY;
	if (eh_args_get(p->args, "state") != NULL) {
		json_object_set_new(p->root, "finished",
		    json_integer((json_int_t)p->begun.finished));
		json_object_set_new(p->root, "begun",
		    json_integer((json_int_t)p->begun.begun));
	}
	forecast(p);
	return EH_OK;
}

static int
run(struct eh_args *args)
{
	struct plan *p = calloc(1, sizeof(*p));
	int err;

	if (p == NULL)
		return EH_ERR_MEMORY;
	p->args = args;
	if ((err = eh_line_load_recipe(args, &p->recipe, &p->report)) ==
		EH_OK &&
	    (err = look_at_state(p)) == EH_OK &&
	    (err = ask_token(p)) == EH_OK && (err = build(p)) == EH_OK) {
		if (args->json)
			err = eh_command_put(json_incref(p->root));
		else
			print_plan(p);
	}
	json_decref(p->root);
	free(p->status);
	eh_recipe_wipe(&p->recipe);
	eh_report_wipe(&p->report);
	free(p);
	return err;
}

static const struct eh_option options[] = {
	EH_OPTION_UNITS,
	EH_OPTION_UNITS_FILE,
	EH_OPTION_AUTHORIZATION,
	{ "state", "DIR", 0, "of a run: count what it has begun and finished" },
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_line_plan = {
	"line plan",
	"FILE",
	1,
	1,
	"Check a line and show what a run would do; nothing is made.",
	options,
	"  edgehsm line plan line3.yaml\n"
	"  edgehsm line plan line3.yaml --units SN00000100..SN00000199 "
	"--json\n",
	run,
};
