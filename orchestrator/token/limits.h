/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h - how much can still be made if the link were cut now, what ends that,
 * and who can lift it. */
#ifndef EH_ORCHESTRATOR_TOKEN_LIMITS_H
#define EH_ORCHESTRATOR_TOKEN_LIMITS_H

#include "orchestrator/token/token.h"

/* A limit, for people.  Static text. */
struct eh_limit {
	const char *what;	/* "its number of devices" */
	const char *who;	/* can lift it */
	const char *command;	/* by this */
};

/* One authorization.  What ends it first depends on how fast the line is, so
 * there are two limits: of devices, and of time. */
struct eh_outlook {
	uint64_t left;		/* devices; 0: none can be made now */
	struct eh_limit limit;	/* what ends that, or has ended it */
	uint64_t seconds;	/* until time ends it; EH_TIME_MAX: never */
	struct eh_limit clock;	/* what that will be; EH_TIME_MAX: nothing */
	uint64_t begins;	/* when it begins, if that is all; else 0 */
	uint64_t after_boot;	/* devices after a boot of the machine, until
				 * the time is attested again; at most left */
};

/*
 * The rules of the boundary (doc/format/time.md, T3 and T5, and state.md section
 * 3) in its order, by what the token says of itself at one moment; ${wall} is the
 * clock of its host.
 */
void eh_limits_judge(const struct eh_token_status *,
    const struct eh_token_authorization *, uint64_t wall, struct eh_outlook *);

/* The counters of devices; all zero when there are none. */
const struct eh_counter *eh_limits_devices(
    const struct eh_token_authorization *);

#endif
