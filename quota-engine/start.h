/* SPDX-License-Identifier: Apache-2.0 */
/* start.h - putting a boundary together from its configuration, and apart. */
#ifndef EH_QUOTA_ENGINE_START_H
#define EH_QUOTA_ENGINE_START_H

#include "quota-engine/anchor/anchor.h"
#include "quota-engine/boundary.h"
#include "quota-engine/os.h"

struct eh_start {
	struct eh_boundary boundary;
	struct eh_anchor *anchor;
	struct eh_os_posix *os;
	struct eh_apply *apply;	/* what records change, all files together */
};

/*
 * Test ourselves, take state folder, anchor and key store, and take up the state
 * if there is one.  ${backend} is taken; NULL means the one that ${conf} names.
 * ${stopped} (of ${arg}; may be NULL) is called when the engine fails later.
 *
 * EH_OK also when the state cannot be taken up (fail-stop): the boundary then
 * serves status, which says why and what to do.  EH_ERR_CONFIG, EH_ERR_BUSY,
 * EH_ERR_STORAGE, EH_ERR_BACKEND, EH_ERR_MEMORY: nothing can be served;
 * everything is put back.  After a self-test that failed nothing is taken up:
 * the boundary serves the reason, or, EH_DENIED_FAIL_STOPPED, not even that.
 */
EH_MUST_CHECK int eh_start_open(struct eh_start *, const struct eh_conf *conf,
    struct eh_backend *backend, void (*stopped)(void *arg), void *arg,
    struct eh_error *error);

/* A clean stop (eh_engine_stop()), when the state is in force.  EH_OK when it
 * never was. */
EH_MUST_CHECK int eh_start_stop(struct eh_start *, struct eh_error *error);

/* Take apart, key store last. */
void eh_start_close(struct eh_start *);

#endif
