/* SPDX-License-Identifier: Apache-2.0 */
/* ready.h - telling whoever started the daemon how that went. */
#ifndef EH_QUOTA_ENGINE_READY_H
#define EH_QUOTA_ENGINE_READY_H

#include "common/err.h"

/*
 * Three listeners, each optional:
 *
 *	a descriptor (--ready-fd): one line, "ok" or the sentence that says why
 *	not, then it is closed;
 *	the process that was started, when the daemon went into the background:
 *	it waits for the same line and ends with the daemon's status;
 *	the service manager (NOTIFY_SOCKET): READY=1, STOPPING=1.
 */
struct eh_ready {
	int fd;		/* of --ready-fd, or -1 */
	int parent;	/* to the waiting process, or -1 */
	int manager;	/* socket connected to the service manager, or -1 */
};

/* ${fd} is -1 for none.  Connects to the service manager, if there is one. */
void eh_ready_init(struct eh_ready *, int fd);

/*
 * Go into the background: the caller goes on as a new process in a session of
 * its own, in the root folder, without standard input and output; the process
 * that was started waits for eh_ready_say(), prints what failed, and ends with
 * its status.  EH_ERR_IO.
 */
EH_MUST_CHECK int eh_ready_detach(struct eh_ready *, struct eh_error *error);

/* Say how it went, with the exit ${status} (0: it is ready) and the sentence of
 * ${error}. */
void eh_ready_say(
    struct eh_ready *, int status, const struct eh_error *error);

/* Tell the service manager that we stop, and close. */
void eh_ready_stopping(struct eh_ready *);

#endif
