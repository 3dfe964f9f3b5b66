/* SPDX-License-Identifier: Apache-2.0 */
/* throttle.h - so many requests a second for each user, and no more. */
#ifndef EH_QUOTA_ENGINE_THROTTLE_H
#define EH_QUOTA_ENGINE_THROTTLE_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

/*
 * Requests that no quota counts, but that write to the log or sign (reports,
 * key requests, receipts), could fill the disk or stop the line for others.
 * Each user gets EH_THROTTLE_RATE a second of them, with as many at once after a
 * quiet time; who sends more is made to wait, so that an honest client only
 * becomes slower.  Whoever would have to wait more than EH_THROTTLE_WAIT_NS,
 * because many of his connections wait already, is refused.
 *
 * (The generic cell rate algorithm: one time stamp per user.)
 */
#define EH_THROTTLE_RATE    50u
#define EH_THROTTLE_WAIT_NS UINT64_C(2000000000)
#define EH_THROTTLE_USERS   64u

struct eh_throttle {
	pthread_mutex_t lock;
	struct {
		uid_t uid;
		uint64_t due;	/* ns; when the bucket is full again */
	} user[EH_THROTTLE_USERS];
	unsigned nusers;
};

void eh_throttle_init(struct eh_throttle *);
void eh_throttle_wipe(struct eh_throttle *);

/*
 * Take one request of ${uid} at ${now} (ns of a clock that never goes back):
 * EH_OK, and ${waitp} is how long the caller must sleep before he goes on (0:
 * not at all).  EH_ERR_BUSY with the numbers: nothing was taken.
 */
EH_MUST_CHECK int eh_throttle_take(struct eh_throttle *, uid_t uid,
    uint64_t now, uint64_t *waitp, struct eh_error *);

/* Take one and sleep as long as that says. */
EH_MUST_CHECK int eh_throttle_wait(
    struct eh_throttle *, uid_t uid, struct eh_error *error);

#endif
