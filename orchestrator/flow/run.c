/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - a line at work: unit after unit, step after step. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "orchestrator/flow/work.h"

#define MS    UINT64_C(1000000)		/* ns */
#define SLICE (100 * MS)

/* Errors after which no other unit could do better. */
static const int fatal[] = {
	EH_ERR_UNAVAILABLE, EH_ERR_STORAGE, EH_ERR_MEMORY, EH_ERR_CONFIG,
	EH_DENIED_FAIL_STOPPED, EH_DENIED_LOGIN, EH_DENIED_PIN,
	EH_DENIED_PIN_DELAY, EH_DENIED_ROLE,
};

static int
is_fatal(int uses, int err)
{
	/* Whatever it calls it, a chip fails for itself alone. */
	if (eh_step_is_on_chip(uses))
		return 0;
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (fatal[i] == err)
			return 1;
	return 0;
}

static int
asked_to_stop(const struct eh_work *w)
{
	return w->options->stop != NULL ? *w->options->stop : 0;
}

/* In slices: a signal that comes just before the sleep does not end it. */
static void
pause_ms(const struct eh_work *w, int64_t ms)
{
	const uint64_t until =
	    eh_clock_monotonic_ns() + (uint64_t)ms * MS;
	struct timespec slice = { 0, 0 };
	uint64_t now;

	while (asked_to_stop(w) <= 1 &&
	    (now = eh_clock_monotonic_ns()) < until) {
		slice.tv_nsec = (long)(until - now < SLICE ? until - now : SLICE);
		nanosleep(&slice, NULL);
	}
}

/* Some errors come without a sentence: memory, a full table. */
static const char *
sentence(const struct eh_error *error, int err)
{
	return error->text[0] != '\0' ? error->text : eh_err_text(err);
}

/* --- one step --- */

static void
tell_step(const struct eh_work *w, const struct eh_line_step *step,
    unsigned attempt, const struct eh_error *last)
{
	if (w->watch->step_begins != NULL)
		w->watch->step_begins(w->watch->arg, w->unit.device, step->id,
		    attempt, attempt > 1 ? eh_error_sentence(last) : NULL);
}

/* Do it, and repeat it as its retry: says.  A denial is an answer. */
static int
try_step(struct eh_work *w, const struct eh_line_step *step,
    struct eh_error *error)
{
	int64_t times = step->retry != NULL ? step->retry->times : 0;
	struct eh_error last;
	int err;

	eh_error_clear(&last);
	for (unsigned attempt = 1;; attempt++) {
		tell_step(w, step, attempt, &last);
		eh_error_clear(&last);
		err = eh_step_run(w, step, &last);
		if (err == EH_OK || eh_err_is_denial(err) || attempt > times)
			break;
		pause_ms(w, step->retry->delay);
		if (asked_to_stop(w) > 1)
			break;
	}
	if (err != EH_OK)
		eh_error_set(error, err, "%s", sentence(&last, err));
	return err;
}

static void
note_failure(struct eh_work *w, const struct eh_line_step *step, int err,
    const struct eh_error *error)
{
	struct eh_unit *u = &w->unit;

	w->failed_kind = step->uses;
	u->failure.code = err;
	strcpy(u->failure.step, step->id);
	strcpy(u->failure.text, error->text);
}

/*
 * After a failure only `always: true` steps have their turn, and of these the
 * report has something to say only when a device exists that is no good:
 * certificates were issued for it, and the chip failed afterwards.
 */
static int
has_turn(const struct eh_work *w, const struct eh_line_step *step)
{
	if (eh_unit_did(&w->unit, step->id) &&
	    step->uses != EH_STEP_CHIP_CONNECT)
		return 0;
	if (w->unit.failure.code == EH_OK)
		return 1;
	if (!step->always)
		return 0;
	return step->uses != EH_STEP_RECORD_WRITE ||
	    (eh_step_is_on_chip(w->failed_kind) &&
		w->failed_kind != EH_STEP_CHIP_CONNECT &&
		eh_issue_count(w) > 0);
}

/* Is there any step left for which the chip must be there? */
static int
needs_chip(const struct eh_work *w)
{
	const struct eh_line *line = w->recipe->line;

	for (size_t i = 0; i < line->nsteps; i++)
		if (eh_step_is_on_chip(line->steps[i].uses) &&
		    !eh_unit_did(&w->unit, line->steps[i].id))
			return 1;
	return 0;
}

/* *${stopp}: the step says that the line stops. */
static int
do_step(struct eh_work *w, const struct eh_line_step *step, int *stopp,
    struct eh_error *error)
{
	struct eh_error why;
	int err, had_failed = w->unit.failure.code != EH_OK;

	if (!has_turn(w, step) ||
	    (step->uses == EH_STEP_CHIP_CONNECT && !needs_chip(w)))
		return EH_OK;
	eh_error_clear(&why);
	err = try_step(w, step, &why);
	if (err != EH_OK && (is_fatal(step->uses, err) || asked_to_stop(w) > 1))
		return eh_error_set(error, err, "%s", why.text);
	if (err != EH_OK) {
		if (!had_failed)	/* the first one is the reason */
			note_failure(w, step, err, &why);
		if (step->on_failure == EH_FAILURE_STOP)
			*stopp = 1;
		return EH_OK;
	}
	if (had_failed)
		return EH_OK;
	if ((err = eh_unit_note_step(&w->unit, step->id)) != EH_OK)
		return err;
	return eh_unit_save(&w->unit, error);
}

/* --- one unit --- */

static enum eh_unit_state
end_state(const struct eh_work *w)
{
	if (w->unit.report.written &&
	    w->unit.report.outcome == EH_OUTCOME_SCRAPPED)
		return EH_UNIT_SCRAPPED;
	if (w->unit.failure.code == EH_OK)
		return EH_UNIT_GOOD;
	if (w->failed_kind == EH_STEP_HSM_ISSUE &&
	    eh_err_is_denial(w->unit.failure.code))
		return EH_UNIT_REFUSED;
	return EH_UNIT_FAILED;
}

static int
check_unit(const struct eh_work *w, struct eh_error *error)
{
	const struct eh_unit *u = &w->unit;

	if (u->attempt == 0 ||
	    memcmp(u->profile.digest, w->recipe->compiled->digest,
		EH_DIGEST_LEN) == 0)
		return EH_OK;
	return eh_error_set(error, EH_ERR_CONFIG,
	    "device %s was begun in %s with profile %s version %u and another "
	    "digest than %s: use another --state",
	    u->device, u->folder, u->profile.name, (unsigned)u->profile.version,
	    w->recipe->compiled_path);
}

/* Make the unit ready for one more attempt. */
static int
begin_unit(struct eh_work *w, struct eh_error *error)
{
	const struct eh_profile *p = &w->recipe->compiled->profile;
	struct eh_unit *u = &w->unit;
	int err;

	if (u->state == EH_UNIT_REFUSED &&
	    (err = eh_issue_forget(w, error)) != EH_OK)
		return err;
	u->state = EH_UNIT_OPEN;
	u->attempt++;
	memset(&u->failure, 0, sizeof(u->failure));
	strcpy(u->line, w->recipe->line->name);
	strcpy(u->profile.name, p->name);
	u->profile.version = p->version;
	memcpy(u->profile.digest, w->recipe->compiled->digest, EH_DIGEST_LEN);
	return eh_unit_save(u, error);
}

/* Once it is decided that a device is scrapped, all that is left is to say so;
 * the failure was told when it happened. */
static int
finish_scrapping(struct eh_work *w, struct eh_error *error)
{
	struct eh_unit *u = &w->unit;
	struct eh_error why;
	int err;

	eh_error_clear(&why);
	err = eh_record_step(w, &why);
	if (err != EH_OK && is_fatal(EH_STEP_RECORD_WRITE, err))
		return eh_error_set(error, err, "%s", sentence(&why, err));
	u->failure.code = err == EH_OK ? EH_ERR_PROOF : err;
	strcpy(u->failure.step, "");
	strcpy(u->failure.text,
	    err == EH_OK ? u->report.reason : sentence(&why, err));
	return EH_OK;
}

static int
do_steps(struct eh_work *w, int *stopp, struct eh_error *error)
{
	const struct eh_line *line = w->recipe->line;
	int err = EH_OK;

	if (w->unit.report.decided &&
	    w->unit.report.outcome == EH_OUTCOME_SCRAPPED)
		return finish_scrapping(w, error);
	for (size_t i = 0; i < line->nsteps && err == EH_OK; i++)
		err = do_step(w, &line->steps[i], stopp, error);
	return err;
}

static void
tell_unit(const struct eh_work *w, int before)
{
	const struct eh_unit *u = &w->unit;
	struct eh_run_unit said = {
		.device = u->device,
		.state = u->state,
		.before = before,
		.order = u->order,
		.step = u->failure.step,
		.code = u->failure.code,
		.reason = u->failure.text,
		.folder = u->folder,
	};

	if (w->watch->unit_ends != NULL)
		w->watch->unit_ends(w->watch->arg, &said);
}

static int
do_unit(struct eh_work *w, const struct eh_state_folder *folder,
    const char *id, int *beforep, int *stopp, struct eh_error *error)
{
	int err;

	*beforep = 0;
	w->failed_kind = -1;
	w->wish.name = w->options->authorization;
	w->wish.digest = w->recipe->compiled->digest;
	w->wish.nexcept = 0;
	w->device.len = (uint8_t)strlen(id);
	memcpy(w->device.bytes, id, w->device.len);
	if ((err = eh_unit_open(folder, id, &w->unit, error)) != EH_OK ||
	    (err = check_unit(w, error)) != EH_OK)
		return err;
	if (w->unit.state == EH_UNIT_GOOD ||
	    w->unit.state == EH_UNIT_SCRAPPED) {
		*beforep = 1;
		tell_unit(w, 1);
		return EH_OK;
	}
	if ((err = begin_unit(w, error)) == EH_OK)
		err = do_steps(w, stopp, error);
	eh_chip_close(w->chip);
	w->chip = NULL;
	if (err != EH_OK)
		return err;
	w->unit.state = end_state(w);
	if ((err = eh_unit_save(&w->unit, error)) == EH_OK)
		tell_unit(w, 0);
	return err;
}

/* --- all of them --- */

static void
first_of(struct eh_error *kept, const struct eh_unit *u)
{
	if (kept->code == EH_OK)
		eh_error_set(kept, u->failure.code, "%s: %s", u->device,
		    u->failure.text);
}

/* Count the unit; returns whether it came out good. */
static int
count(const struct eh_unit *u, int before, struct eh_run_summary *s)
{
	switch (u->state) {
	case EH_UNIT_GOOD:
		if (before)
			s->before++;
		else
			s->good++;
		return 1;
	case EH_UNIT_REFUSED:
		s->refused++;
		first_of(&s->refusal, u);
		return 0;
	case EH_UNIT_SCRAPPED:
		s->scrapped++;
		break;
	default:
		s->failed++;
		break;
	}
	first_of(&s->failure, u);
	return 0;
}

static int
do_units(struct eh_work *w, const struct eh_state_folder *folder,
    struct eh_run_summary *s, struct eh_error *error)
{
	const struct eh_line_ids *ids = &w->recipe->ids;
	int err, before, stop = 0;
	int64_t in_a_row = 0;

	s->end = EH_RUN_DONE;
	for (size_t i = 0; i < ids->count && s->end == EH_RUN_DONE; i++) {
		if (asked_to_stop(w) > 0) {
			s->end = EH_RUN_ASKED;
			break;
		}
		if (w->watch->unit_begins != NULL)
			w->watch->unit_begins(
			    w->watch->arg, ids->id[i], i, ids->count);
		err = do_unit(w, folder, ids->id[i], &before, &stop, error);
		if (err != EH_OK && asked_to_stop(w) > 1) {
			s->end = EH_RUN_ASKED;
			break;
		}
		if (err != EH_OK)
			return err;
		s->left--;
		if (count(&w->unit, before, s))
			in_a_row = 0;
		else if (!before)
			in_a_row++;
		if (stop)
			s->end = EH_RUN_STEP_STOPS;
		else if (w->recipe->line->stop_after > 0 &&
		    in_a_row >= w->recipe->line->stop_after)
			s->end = EH_RUN_FAILURES;
	}
	return EH_OK;
}

int
eh_run_check_token(const struct eh_recipe *recipe,
    const struct eh_token_status *status, struct eh_error *error)
{
	const struct eh_line *line = recipe->line;

	if (status->state == EH_STATE_FAIL_STOPPED)
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "the EdgeHSM is fail-stopped: %s", status->why);
	if (strcmp(status->label, recipe->token) != 0)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "line %s is for token %s, and this one is called %s",
		    line->name, recipe->token, status->label);
	if (status->factory[0] != '\0' &&
	    strcmp(status->factory, line->factory) != 0)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "line %s is of factory %s, and the EdgeHSM was granted to "
		    "factory %s",
		    line->name, line->factory, status->factory);
	return EH_OK;
}

/* What would fail for every unit fails before the first. */
static int
check_token(struct eh_work *w, struct eh_error *error)
{
	const struct eh_profile *p = &w->recipe->compiled->profile;
	const struct eh_token_authorization *a;
	struct eh_error why;
	int err;

	if ((err = w->hsm->ops->status(w->hsm->arg, w->status, error)) !=
	        EH_OK ||
	    (err = eh_run_check_token(w->recipe, w->status, error)) != EH_OK)
		return err;
	for (unsigned i = 0; i < p->templates; i++) {
		eh_error_clear(&why);
		if ((err = w->hsm->ops->find_issuer(w->hsm->arg,
			 p->template[i].issuer, &why)) != EH_OK)
			return eh_error_set(error, err, "certificate '%s': %s",
			    p->template[i].id, sentence(&why, err));
	}
	if (w->options->authorization == NULL)
		return EH_OK;
	w->wish.name = w->options->authorization;
	w->wish.digest = w->recipe->compiled->digest;
	return eh_run_choose(w->status, &w->wish, &a, error);
}

int
eh_run(const struct eh_recipe *recipe, const struct eh_hsm *hsm,
    const struct eh_run_options *options, const struct eh_run_watch *watch,
    struct eh_run_summary *summary, struct eh_error *error)
{
	static const struct eh_run_watch nobody = { .arg = NULL };
	struct eh_state_folder folder = { .lock = -1 };
	struct eh_work *w = calloc(1, sizeof(*w));
	int err = EH_ERR_MEMORY;

	memset(summary, 0, sizeof(*summary));
	summary->total = summary->left = recipe->ids.count;
	summary->end = EH_RUN_ERROR;
	if (w == NULL || (w->status = calloc(1, sizeof(*w->status))) == NULL)
		goto out;
	w->recipe = recipe;
	w->hsm = hsm;
	w->options = options;
	w->watch = watch != NULL ? watch : &nobody;
	if ((err = eh_state_open(options->state, &folder, error)) == EH_OK &&
	    (err = check_token(w, error)) == EH_OK)
		err = do_units(w, &folder, summary, error);
	if (err != EH_OK)
		summary->end = EH_RUN_ERROR;
out:
	eh_state_close(&folder);
	if (w != NULL)
		free(w->status);
	free(w);
	return err;
}
