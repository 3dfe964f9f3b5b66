/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - a line at work: unit after unit, step after step. */
#ifndef EH_ORCHESTRATOR_FLOW_RUN_H
#define EH_ORCHESTRATOR_FLOW_RUN_H

#include <signal.h>

#include "common/err.h"
#include "orchestrator/flow/hsm.h"
#include "orchestrator/flow/recipe.h"
#include "orchestrator/flow/unit.h"

/*
 * Units are made one at a time, in the order of the work order.  What is done
 * is skipped, and what was begun goes on where it was (unit.h): a run may be
 * killed at any moment and started again.
 *
 * What becomes of a unit:
 *
 *  good      every step is done.
 *  refused   the EdgeHSM said no (quota, expiry, scope, ...), under every
 *	      authorization that could have done, unless one was named.  Never
 *	      asked the same again in this run; the next run asks again.  There
 *	      is no report: no device was made.
 *  scrapped  a step at the chip failed after a certificate was issued, and
 *	      record.write is an `always: true` step: the device exists, it is no
 *	      good, and a record says so.  Finished.
 *  failed    any other failure.  The next run tries again.
 *
 * A failing step is repeated as its retry: says, never after a denial.  When
 * the EdgeHSM cannot be reached the run ends and the unit stays as it is.
 */
struct eh_run_options {
	const char *state;		/* folder */
	const char *authorization;	/* name or id; NULL: oldest expiry that
					 * has devices left */
	const struct eh_line_station *station;
	const char *person;		/* operator; NULL: not told */
	/* How often somebody has asked to stop.  1: after this unit; more: the
	 * step that is going on is left undone. */
	const volatile sig_atomic_t *stop;
};

/* One unit that has ended, or was finished before this run. */
struct eh_run_unit {
	const char *device;
	enum eh_unit_state state;
	int before;			/* 1: finished by an earlier run */
	const char *order;		/* authorization, or "" */
	const char *step;		/* that failed, or "" */
	int code;			/* EH_OK, or why it failed */
	const char *reason;		/* a sentence, or "" */
	const char *folder;
};

/* Who watches; any function may be NULL.  Texts are borrowed for the call. */
struct eh_run_watch {
	void *arg;
	void (*unit_begins)(
	    void *arg, const char *device, size_t index, size_t total);
	void (*step_begins)(void *arg, const char *device, const char *step,
	    unsigned attempt, const char *last_failure);
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void (*log)(void *arg, int level, const char *text);
	void (*unit_ends)(void *arg, const struct eh_run_unit *unit);
};

/* Why a run ended. */
/* clang-format off */
enum eh_run_end {
	EH_RUN_DONE = 1,	/* every unit had its turn */
	EH_RUN_ASKED,		/* somebody asked to stop */
	EH_RUN_STEP_STOPS,	/* a step with onFailure: stop has failed */
	EH_RUN_FAILURES,	/* stopAfterFailures in a row */
	EH_RUN_ERROR		/* nothing can go on: the error says why */
};
/* clang-format on */

struct eh_run_summary {
	size_t total;
	size_t good, before;		/* before: good already, not in good */
	size_t refused, failed, scrapped;
	size_t left;			/* had no turn, or are still open */
	enum eh_run_end end;
	struct eh_error refusal, failure;	/* the first of each */
};

/*
 * Run ${recipe}, whose units are known, against ${hsm}.  ${summary} is filled
 * whatever the result.  Returns EH_OK when the run came to an end by itself,
 * was asked to stop or stopped because of failures (the summary says which);
 * else why nothing could go on: EH_ERR_BUSY (state folder in use),
 * EH_ERR_UNAVAILABLE, EH_DENIED_FAIL_STOPPED, EH_DENIED_LOGIN and the like,
 * EH_ERR_STORAGE, EH_ERR_CONFIG (a unit was begun with another profile), ...
 */
EH_MUST_CHECK int eh_run(const struct eh_recipe *recipe,
    const struct eh_hsm *hsm, const struct eh_run_options *options,
    const struct eh_run_watch *watch, struct eh_run_summary *summary,
    struct eh_error *error);

/* Under which authorization a new device is wanted. */
struct eh_run_wish {
	const char *name;		/* or id; NULL: whichever will do */
	const uint8_t *digest;		/* of the compiled profile */
	unsigned nexcept;		/* these have refused it already */
	uint8_t except[EH_TOKEN_AUTHORIZATIONS][EH_ID_LEN];
};

/*
 * Choose the authorization for a new device: the one that is named, which must
 * be for that profile, or of the live ones that still have devices the one that
 * expires first; when none has, the one that expires first, so that the refusal
 * has its numbers.  Borrows from ${status}.  With a name EH_ERR_NOT_FOUND, EH_ERR_ARGUMENT (two of that
 * name), EH_DENIED_SCOPE (for another profile); without,
 * EH_DENIED_NO_AUTHORIZATION.
 */
EH_MUST_CHECK int eh_run_choose(const struct eh_token_status *status,
    const struct eh_run_wish *wish,
    const struct eh_token_authorization **chosenp, struct eh_error *error);

/* Is the token of ${status} the one that the line means, in its factory, and not
 * fail-stopped?  EH_ERR_CONFIG, EH_DENIED_FAIL_STOPPED. */
EH_MUST_CHECK int eh_run_check_token(const struct eh_recipe *recipe,
    const struct eh_token_status *status, struct eh_error *error);

/* Devices that ${authorization} still allows. */
uint64_t eh_run_left(const struct eh_token_authorization *authorization);

#endif
