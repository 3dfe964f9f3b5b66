/* SPDX-License-Identifier: Apache-2.0 */
/* work.h - one unit at work, for run.c, step.c and issue.c alone. */
#ifndef EH_ORCHESTRATOR_FLOW_WORK_H
#define EH_ORCHESTRATOR_FLOW_WORK_H

#include "orchestrator/flow/run.h"

struct eh_work {
	const struct eh_recipe *recipe;
	const struct eh_hsm *hsm;
	const struct eh_run_options *options;
	const struct eh_run_watch *watch;
	struct eh_token_status *status;	/* as last asked for */
	struct eh_unit unit;
	struct eh_device_id device;
	struct eh_chip *chip;		/* open, or NULL */
	int failed_kind;		/* of the step that failed; -1: none */
	struct eh_run_wish wish;	/* for this unit */
};

/*
 * Do ${step} once.  What is done already is not done again, so every step may
 * be repeated.  It saves what must be known later, but does not note itself as
 * done: the caller does.
 */
EH_MUST_CHECK int eh_step_run(struct eh_work *work,
    const struct eh_line_step *step, struct eh_error *error);

/* Whether it talks to the chip. */
int eh_step_is_on_chip(int uses);

/* Open the chip unless it is (step.c): the one that the unit was begun with. */
EH_MUST_CHECK int eh_step_connect(
    struct eh_work *work, struct eh_error *error);

/* hsm.issue (issue.c). */
EH_MUST_CHECK int eh_issue_step(struct eh_work *work,
    const struct eh_line_step *step, struct eh_error *error);

/* How many certificates the unit has. */
unsigned eh_issue_count(const struct eh_work *work);

/* Forget the TBSs of a unit that the EdgeHSM has refused and that has no
 * certificate, so that it may be made under another authorization. */
EH_MUST_CHECK int eh_issue_forget(
    struct eh_work *work, struct eh_error *error);

/* record.write (record.c): tell the EdgeHSM that the device is good, or that it
 * is scrapped because of unit.failure. */
EH_MUST_CHECK int eh_record_step(struct eh_work *work, struct eh_error *error);

#endif
