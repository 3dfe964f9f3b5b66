/* SPDX-License-Identifier: Apache-2.0 */
/* refusal.h - what was refused, to whom and why: a bounded log for people. */
#ifndef EH_QUOTA_ENGINE_REFUSAL_H
#define EH_QUOTA_ENGINE_REFUSAL_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

/*
 * A refused request changes nothing but this: one line of text in the file
 * "refusals.log" of the state folder, and a count.  The file never grows above
 * EH_REFUSAL_MAX; then it becomes "refusals.log.1", and the one before is
 * forgotten.  It decides nothing, is not synced, and when it cannot be written
 * (disk full) the refusal stands all the same.
 *
 *	2026-11-22T10:15:04Z uid 1000 pid 4711 sign EH_DENIED_QUOTA: quota ...
 *
 * The last one is also kept for whoever asks: most clients of PKCS#11 show a
 * number, and their user has nothing but the status to learn what it meant.
 */
#define EH_REFUSAL_MAX (1024L * 1024L)

/* Room for "2026-11-22T10:15:04Z sign: quota ..." and its NUL. */
#define EH_REFUSAL_TEXT (EH_ERROR_TEXT + 64)

struct eh_refusal {
	pthread_mutex_t lock;
	int folder;		/* descriptor of the folder, or -1 */
	int fd;			/* of the file, or -1 */
	uint64_t count;		/* since start */
	char last[EH_REFUSAL_TEXT];
};

/* Begin with the log in the folder ${folder}; NULL: count only. */
void eh_refusal_open(struct eh_refusal *, const char *folder);
void eh_refusal_close(struct eh_refusal *);

/* Log one refusal of the request called ${request}; ${error} has the code and
 * the sentence, ${now} is the host's time for people. */
void eh_refusal_add(struct eh_refusal *, uint64_t now, uid_t uid, pid_t pid,
    const char *request, const struct eh_error *error);

uint64_t eh_refusal_count(struct eh_refusal *);

/* Copy the last one; empty when there was none. */
void eh_refusal_last(struct eh_refusal *, char text[EH_REFUSAL_TEXT]);

#endif
