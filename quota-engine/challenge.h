/* SPDX-License-Identifier: Apache-2.0 */
/* challenge.h - the numbers that chips sign, so that what they say is said now,
 * to us, for this device. */
#ifndef EH_QUOTA_ENGINE_CHALLENGE_H
#define EH_QUOTA_ENGINE_CHALLENGE_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/message/chipattest.h"
#include "common/message/types.h"
#include "quota-engine/os.h"

/*
 * doc/format/evidence.md section 4.  In memory only: a restart forgets them.
 * Asking costs nothing, so it is bounded: of one user EH_CHALLENGE_USER wait,
 * and his oldest makes room.
 */
#define EH_CHALLENGE_KEPT 1024u
#define EH_CHALLENGE_USER 64u
#define EH_CHALLENGE_NS   UINT64_C(600000000000)	/* ten minutes */

struct eh_challenge {
	uint8_t bytes[EH_CHIP_CHALLENGE];
	uint8_t authorization[EH_ID_LEN];
	struct eh_device_id device;
	uint64_t until;			/* 0: nothing is here */
	uid_t uid;
};

struct eh_challenges {
	pthread_mutex_t lock;
	struct eh_challenge row[EH_CHALLENGE_KEPT];
};

void eh_challenges_init(struct eh_challenges *);
void eh_challenges_wipe(struct eh_challenges *);

/*
 * Draw one for ${c->authorization} and ${c->device}, asked by ${c->uid}, good
 * from ${now} on (ns of a clock that never goes back) for EH_CHALLENGE_NS; the
 * rest of ${c} is filled.  EH_ERR_CRYPTO; EH_ERR_FULL when other users fill the
 * table.
 */
EH_MUST_CHECK int eh_challenges_ask(struct eh_challenges *, struct eh_os *,
    uint64_t now, struct eh_challenge *c, struct eh_error *);

/* Look for the one that a chip has signed: 1, and a copy in ${c}; or 0. */
int eh_challenges_find(struct eh_challenges *, uint64_t now,
    const uint8_t bytes[EH_CHIP_CHALLENGE], struct eh_challenge *c);

/* Use it up: 1 for the one who does, 0 when it is gone. */
int eh_challenges_take(struct eh_challenges *, uint64_t now,
    const uint8_t bytes[EH_CHIP_CHALLENGE]);

/* Put back what was taken and came to nothing, until its old end. */
void eh_challenges_give_back(
    struct eh_challenges *, uint64_t now, const struct eh_challenge *);

#endif
