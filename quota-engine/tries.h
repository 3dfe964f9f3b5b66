/* SPDX-License-Identifier: Apache-2.0 */
/* tries.h - who was wrong with a PIN, how often, and how long that makes him
 * wait. */
#ifndef EH_QUOTA_ENGINE_TRIES_H
#define EH_QUOTA_ENGINE_TRIES_H

#include <stdint.h>
#include <sys/types.h>

#include "common/crypto/digest.h"
#include "common/message/types.h"
#include "quota-engine/os.h"

/*
 * After EH_TRIES_FREE wrong tries each further one makes its user wait, 1 s at
 * first, twice as long each time, 15 minutes at most; nobody is locked out for
 * ever, and nobody makes another user wait.  A try is counted, durably, before
 * it is judged, so that killing the daemon gains nothing.
 *
 * The counts lie in the file "pins" of the state folder under a MAC
 * (doc/format/state.md).  Time is the machine's since boot, so that no clock
 * setting shortens a wait.  A file that is missing or forged makes everybody
 * wait 15 minutes from the start.
 *
 * Nothing here locks; pin.c does.
 */
#define EH_TRIES_FREE  3u
#define EH_TRIES_DELAY 900u	/* s, the longest */
#define EH_TRIES_USERS 64u

/* How often a user was wrong since he was right, and when last, in ms since the
 * machine booted. */
struct eh_tries_user {
	uid_t uid;
	unsigned wrong;
	uint64_t at;
};

struct eh_tries {
	struct eh_os *os;
	uint8_t key[EH_SHA256_LEN];	/* of the file's MAC */
	uint8_t boot_id[EH_ID_LEN];
	uint64_t hold;			/* ms: nobody is judged before */
	struct eh_tries_user user[EH_TRIES_USERS];
	unsigned nusers;
};

/* Borrow ${os}; nobody was wrong yet. */
void eh_tries_init(struct eh_tries *, struct eh_os *);

/* At start: read the file.  ${key} is the engine's state key. */
void eh_tries_open(struct eh_tries *, const uint8_t key[EH_DIGEST_LEN]);

/* At genesis: write an empty file.  EH_ERR_STORAGE. */
EH_MUST_CHECK int eh_tries_create(struct eh_tries *,
    const uint8_t key[EH_DIGEST_LEN], struct eh_error *);

/* Count a try of ${uid}, durably, as if it were wrong: it is number ${wrongp}.
 * EH_DENIED_PIN_DELAY with the seconds to wait, EH_ERR_STORAGE: then it is not
 * counted and must not be looked at. */
EH_MUST_CHECK int eh_tries_count(struct eh_tries *, uid_t uid,
    unsigned *wrongp, struct eh_error *);

/* The last one was right: forget all of ${uid}, durably.  EH_ERR_STORAGE. */
EH_MUST_CHECK int eh_tries_forgive(
    struct eh_tries *, uid_t uid, struct eh_error *);

/* Return how many seconds a user waits after wrong try number ${wrong}. */
unsigned eh_tries_delay(unsigned wrong);

/* Return how many seconds ${uid} has to wait now, 0 for none. */
unsigned eh_tries_wait(struct eh_tries *, uid_t uid);

#endif
