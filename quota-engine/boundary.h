/* SPDX-License-Identifier: Apache-2.0 */
/* boundary.h - the parts of a running daemon, as its request handlers see them. */
#ifndef EH_QUOTA_ENGINE_BOUNDARY_H
#define EH_QUOTA_ENGINE_BOUNDARY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/err.h"
#include "common/wire/wire.h"
#include "quota-engine/anchor/anchor.h"
#include "quota-engine/authorization.h"
#include "quota-engine/backend/backend.h"
#include "quota-engine/call.h"
#include "quota-engine/challenge.h"
#include "quota-engine/counts.h"
#include "quota-engine/engine.h"
#include "quota-engine/evidence.h"
#include "quota-engine/keys.h"
#include "quota-engine/nonce.h"
#include "quota-engine/os.h"
#include "quota-engine/pin.h"
#include "quota-engine/refusal.h"
#include "quota-engine/store.h"
#include "quota-engine/throttle.h"

/*
 * Made by start.c (or by a test), in this order, and taken apart in the other.
 * Nothing here is policy: that is in monitor.c and behind the handlers.
 */
struct eh_boundary {
	const struct eh_conf *conf;	/* borrowed */
	struct eh_os *os;		/* borrowed */
	struct eh_anchor *anchor;	/* borrowed; NULL when ${os} has one
					 * that needs no secret */
	struct eh_software software;	/* version and measurement */
	struct eh_backend *backend;
	struct eh_engine *engine;
	struct eh_keys *keys;
	struct eh_counted *counted;	/* or NULL */
	struct eh_counts *counts;
	struct eh_pins *pins;
	struct eh_store *store;
	struct eh_authorizations *authorizations;
	struct eh_nonces *nonces;
	struct eh_refusal refusals;
	struct eh_throttle throttle;
	struct eh_shelf evidence;	/* imported ahead */
	struct eh_challenges challenges; /* that chips are to sign */
	pthread_mutex_t ceremony;	/* genesis, init-token and imports, one at a
					 * time */

	/* Rises whenever an object comes, goes or changes, also over restarts. */
	_Atomic uint64_t generation;

	/* Why nothing is served any more, for reasons that are not the
	 * engine's own; eh_boundary_stop() sets it. */
	pthread_mutex_t stop;
	_Atomic int is_stopped;
	struct eh_error stopped;
};

/* Set what belongs to nobody else (counters, locks); wipe it again. */
void eh_boundary_init(struct eh_boundary *);
void eh_boundary_wipe(struct eh_boundary *);

/* Fail-stop for the rest of the process: a key store without its boundary
 * secret, or a random generator that fails.  The first reason stays. */
void eh_boundary_stop(struct eh_boundary *, const char *why);

/* The state that requests are judged by: stopped, too, in the error state of the
 * process (health.h); ${why} gets the sentence when it is
 * EH_STATE_FAIL_STOPPED. */
enum eh_wire_state eh_boundary_state(
    struct eh_boundary *, struct eh_error *why);

/* An object came, went or changed. */
void eh_boundary_changed(struct eh_boundary *);

/* The lowest custody class of the issuing keys of ${state}: what a receipt
 * shows.  Without any it is that of the attestation key. */
enum eh_custody eh_boundary_custody(const struct eh_state *state);

/*
 * Object numbers.  Own keys have those of the state (small).  Authorizations
 * and stored objects have numbers of their own ranges, so that a number says
 * what it is of, and none is ever used again.
 */
#define EH_OBJECT_AUTHORIZATION (UINT64_C(1) << 51)
#define EH_OBJECT_STORED	(UINT64_C(1) << 52)

/* The number of the authorization ${id}: from its digest, so always the same. */
uint64_t eh_boundary_authorization_object(const uint8_t id[EH_ID_LEN]);

#endif
