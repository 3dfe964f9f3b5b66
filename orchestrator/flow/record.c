/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - record.write: tell the EdgeHSM once what became of a device. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "orchestrator/flow/work.h"

/* A record's text is printable ASCII. */
static void
plain_text(const char *in, char out[EH_TEXT_MAX + 1])
{
	size_t n = 0;

	for (; in[n] != '\0' && n < EH_TEXT_MAX; n++)
		out[n] = in[n] < 0x20 || in[n] > 0x7e ? '?' : in[n];
	out[n] = '\0';
}

/*
 * What is to be told, and how long the log is before it.  Both are durable
 * before the first request, so that a run that was cut off knows where to look.
 */
static int
decide(struct eh_work *w, struct eh_error *error)
{
	struct eh_unit *u = &w->unit;
	char reason[EH_ERROR_TEXT + EH_UNIT_ID + 4];
	int err;

	if ((err = w->hsm->ops->status(w->hsm->arg, w->status, error)) != EH_OK)
		return err;
	u->report.decided = 1;
	u->report.log = w->status->log_size;
	u->report.outcome = u->failure.code == EH_OK ? EH_OUTCOME_GOOD :
						       EH_OUTCOME_SCRAPPED;
	if (u->failure.code != EH_OK) {
		snprintf(reason, sizeof(reason), "%s: %s", u->failure.step,
		    u->failure.text);
		plain_text(reason, u->report.reason);
	}
	return eh_unit_save(u, error);
}

static int
send(struct eh_work *w, struct eh_error *error)
{
	const struct eh_unit *u = &w->unit;
	struct eh_unit_report report;

	memset(&report, 0, sizeof(report));
	report.outcome = u->report.outcome;
	report.nplaces = (uint8_t)u->nplaces;
	memcpy(report.places, u->place, u->nplaces * sizeof(u->place[0]));
	snprintf(report.station, sizeof(report.station), "%s",
	    w->options->station->id);
	if (w->options->person != NULL)
		plain_text(w->options->person, report.person);
	memcpy(report.reason, u->report.reason, sizeof(report.reason));
	return w->hsm->ops->report(w->hsm->arg, u->authorization,
	    w->recipe->compiled->profile.identity.kind, &w->device, &report,
	    error);
}

int
eh_record_step(struct eh_work *w, struct eh_error *error)
{
	struct eh_unit *u = &w->unit;
	int err, found = 0;

	if (u->report.written)
		return EH_OK;
	if (!u->report.decided)
		err = decide(w, error);
	else
		/* A run was cut off between request and answer: a device may
		 * be reported twice at most, so look before repeating. */
		err = w->hsm->ops->find_report(w->hsm->arg, u->authorization,
		    &w->device, u->report.outcome, u->report.log, &found,
		    error);
	if (err == EH_OK && !found)
		err = send(w, error);
	if (err != EH_OK)
		return err;
	u->report.written = 1;
	return eh_unit_save(u, error);
}
