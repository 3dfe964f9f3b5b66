/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - sessions with a token: a pool, and the calls that only read. */
#ifndef EH_PROVIDER_SESSION_H
#define EH_PROVIDER_SESSION_H

#include <stddef.h>

#include "provider/slot.h"

struct eh_provider;

/* How long a thread waits for a session that another one has, seconds. */
#define EH_SESSION_WAIT 30

/*
 * Take a session of ${slot} that nobody else uses.  Waits when the token's
 * limit (or edgehsm-sessions) is reached.  Return 1, or 0 with an error
 * raised.  The caller gives it back with exactly one of put and drop.
 */
int eh_session_get(struct eh_provider *provider, struct eh_slot *slot,
    CK_SESSION_HANDLE *sessionp);

/* Give a session back that is in order: no operation is active in it. */
void eh_session_put(struct eh_slot *slot, CK_SESSION_HANDLE session);

/* Give a session back that is broken, or in the middle of an operation. */
void eh_session_drop(struct eh_slot *slot, CK_SESSION_HANDLE session);

/* Close every session that nobody uses. */
void eh_session_drop_idle(struct eh_slot *slot);

/* Return 1 when ${rv} says that handles are dead and new ones may do. */
int eh_session_is_dead(CK_RV rv);

/*
 * Find the objects of ${slot} that have all ${count} attributes.  ${handlesp}
 * becomes an array for OPENSSL_free(), NULL when there are none.  Raises
 * nothing.
 */
CK_RV eh_session_find(struct eh_slot *slot, CK_SESSION_HANDLE session,
    CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE **handlesp,
    size_t *nhandlesp);

/*
 * Read ${count} attributes of ${object} in one call when they fit.  On entry
 * ulValueLen of each is a guess of its length; on return pValue and ulValueLen
 * describe the value, or are NULL and 0 when the object has no such attribute.
 * The values lie in ${*storep}, for OPENSSL_free().  Raises nothing.
 */
CK_RV eh_session_read(struct eh_slot *slot, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count,
    unsigned char **storep);

/*
 * Put the sentence that goes with ${rv}, which a call in ${session} has just
 * returned, into ${out}; empty when the token has none.
 */
void eh_session_sentence(struct eh_slot *slot, CK_SESSION_HANDLE session,
    CK_RV rv, char *out, size_t cap);

#endif
