/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.h - the request table: who may ask what, when.  What is not in it
 * cannot happen. */
#ifndef EH_QUOTA_ENGINE_MONITOR_H
#define EH_QUOTA_ENGINE_MONITOR_H

#include <stddef.h>

#include "quota-engine/boundary.h"
#include "quota-engine/call.h"

/* In which states of the boundary a request is served. */
#define EH_IN_FRESH 1u
#define EH_IN_READY 2u
#define EH_IN_STOPPED 4u

/* What bounds how often it may come. */
enum eh_monitor_cost {
	EH_COST_NONE,	  /* cheap, or bounded by something else (a quota) */
	EH_COST_THROTTLED /* writes to the log, the disk or signs: throttle.h */
};

struct eh_monitor_row {
	enum eh_wire_code code;
	const char *name;
	unsigned roles;	 /* the caller's user has one of EH_MAY_* */
	unsigned login;	 /* and is logged in as one of EH_MAY_*; 0: need not */
	unsigned states; /* set of EH_IN_* */
	enum eh_monitor_cost cost;
	int (*handle)(
	    struct eh_boundary *, struct eh_call *, struct eh_error *);
};

extern const struct eh_monitor_row eh_monitor_rows[];
extern const size_t eh_monitor_nrows;

/* The row of ${code}, or NULL. */
const struct eh_monitor_row *eh_monitor_row(unsigned code);

/*
 * May this caller ask this now?  EH_OK, or EH_DENIED_ROLE, EH_DENIED_STATE,
 * EH_DENIED_FAIL_STOPPED (with the reason of the stop), EH_DENIED_LOGIN, each
 * with a sentence that says what is missing.  NULL is a request that has no row:
 * EH_ERR_UNSUPPORTED.
 */
EH_MUST_CHECK int eh_monitor_check(struct eh_boundary *,
    const struct eh_monitor_row *, struct eh_caller *, struct eh_error *);

/* As what is this caller logged in: EH_MAY_OPERATE, EH_MAY_OFFICER, or 0.  A
 * login whose PIN was changed since, or whose role was taken away, is 0. */
unsigned eh_monitor_login(struct eh_boundary *, struct eh_caller *);

/*
 * Serve one request: check it, let a throttled one wait, call its handler, and
 * put the result, or the refusal with its sentence, into ${call->out}.  A
 * refusal is counted and logged; what EH_ERR_* says is broken goes to the log
 * of the daemon.  Returns the result that the reply carries.
 */
int eh_monitor_serve(struct eh_boundary *, struct eh_call *);

#endif
