/* SPDX-License-Identifier: Apache-2.0 */
/* throttle.c - so many requests a second for each user, and no more. */
#include "config.h"

#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "quota-engine/throttle.h"

#define SECOND	 UINT64_C(1000000000)
#define INTERVAL (SECOND / EH_THROTTLE_RATE)
#define BURST	 SECOND

void
eh_throttle_init(struct eh_throttle *t)
{
	memset(t, 0, sizeof(*t));
	pthread_mutex_init(&t->lock, NULL);
}

void
eh_throttle_wipe(struct eh_throttle *t)
{
	pthread_mutex_destroy(&t->lock);
}

/* The user's row; a stranger gets a free one, or that of whoever has been quiet
 * for longest, who loses nothing by it once his bucket is full. */
static unsigned
row_of(struct eh_throttle *t, uid_t uid)
{
	unsigned quiet = 0;

	for (unsigned i = 0; i < t->nusers; i++) {
		if (t->user[i].uid == uid)
			return i;
		if (t->user[i].due < t->user[quiet].due)
			quiet = i;
	}
	if (t->nusers < EH_THROTTLE_USERS)
		quiet = t->nusers++;
	t->user[quiet].uid = uid;
	t->user[quiet].due = 0;
	return quiet;
}

int
eh_throttle_take(struct eh_throttle *t, uid_t uid, uint64_t now,
    uint64_t *waitp, struct eh_error *error)
{
	uint64_t due, wait;
	unsigned row;
	int err = EH_OK;

	*waitp = 0;
	pthread_mutex_lock(&t->lock);
	row = row_of(t, uid);
	due = t->user[row].due > now ? t->user[row].due : now;
	wait = due - now > BURST - INTERVAL ? due - now - (BURST - INTERVAL)
					    : 0;
	if (wait > EH_THROTTLE_WAIT_NS)
		err = eh_error_set(error, EH_ERR_BUSY,
		    "too many requests of this kind by user %u: %u a second "
		    "are served, try again later",
		    (unsigned)uid, EH_THROTTLE_RATE);
	else {
		t->user[row].due = due + INTERVAL;
		*waitp = wait;
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

int
eh_throttle_wait(struct eh_throttle *t, uid_t uid, struct eh_error *error)
{
	struct timespec pause = { 0, 0 };
	uint64_t wait;
	int err;

	err = eh_throttle_take(t, uid, eh_clock_monotonic_ns(), &wait, error);
	if (err == EH_OK && wait > 0) {
		pause.tv_sec = (time_t)(wait / SECOND);
		pause.tv_nsec = (long)(wait % SECOND);
		nanosleep(&pause, NULL);
	}
	return err;
}
