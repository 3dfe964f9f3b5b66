/* SPDX-License-Identifier: Apache-2.0 */
/* authorization.h - the authorizations of the state, with their messages and
 * profiles at hand. */
#ifndef EH_QUOTA_ENGINE_AUTHORIZATION_H
#define EH_QUOTA_ENGINE_AUTHORIZATION_H

#include <stdint.h>

#include "common/message/param.h"
#include "common/message/pauth.h"
#include "common/x509/profile.h"
#include "quota-engine/engine.h"
#include "quota-engine/os.h"

/*
 * The state holds of an authorization what is counted and what decides; scope,
 * lines and templates stand in the message and in the compiled profile, which
 * lie in files named by their digests.  This is the memory of both, read once
 * and compared with the digests of the state before it is believed.
 */
struct eh_authorization {
	uint8_t id[EH_ID_LEN];
	uint8_t message[EH_DIGEST_LEN];	/* as in the row */
	struct eh_pauth pauth;
	/* NULL while the profile has not been imported; borrows from bytes. */
	struct eh_profile *profile;
	uint8_t *bytes;
	uint8_t misnamed;	/* 1: it was, and has another name or version */
	unsigned users;			/* the table's */
};

struct eh_authorizations;

/* Borrow engine and os.  EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_authorizations_new(
    struct eh_engine *, struct eh_os *, struct eh_authorizations **);
void eh_authorizations_free(struct eh_authorizations *);

/* A row as it was when it was looked at, and what goes with it. */
struct eh_authorization_view {
	const struct eh_authorization *what;	/* held until release() */
	uint64_t generation;
	uint8_t state;				/* enum eh_row_state */
	uint8_t spent;				/* 1: no device is left */
	char name[EH_ROW_NAME];			/* for people */
};

/*
 * Hold every authorization, live or closed, those that expire first in front:
 * up to EH_STATE_ROWS in ${view}.  One whose message cannot be read is left out
 * and logged.  Returns how many; give them all to release().
 */
unsigned eh_authorizations_hold(struct eh_authorizations *,
    struct eh_authorization_view view[EH_STATE_ROWS]);
void eh_authorizations_release(struct eh_authorizations *,
    struct eh_authorization_view *view, unsigned n);

/*
 * Is ${device} in the scope of this authorization, by the id kind and the
 * identity of its profile?  A scope by tree wants ${proof}, the others want none
 * (NULL).  EH_OK, or EH_DENIED_SCOPE with a sentence.
 */
EH_MUST_CHECK int eh_authorization_covers(const struct eh_authorization *,
    const char *name, const struct eh_device_id *device,
    const struct eh_scope_proof *proof, struct eh_error *);

/* Device ids for people: as text when they are printable, else as hex. */
#define EH_DEVICE_TEXT (2 * EH_DEVICE_ID_MAX + 1)
const char *eh_authorization_device_text(
    const struct eh_device_id *, char text[EH_DEVICE_TEXT]);

#endif
