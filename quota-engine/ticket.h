/* SPDX-License-Identifier: Apache-2.0 */
/* ticket.h - what a login gives. */
#ifndef EH_QUOTA_ENGINE_TICKET_H
#define EH_QUOTA_ENGINE_TICKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/crypto/digest.h"
#include "common/message/types.h"
#include "common/err.h"
#include "common/wire/wire.h"

/*
 * So that no PIN stays in the client: the process's other connections show it in
 * hello, also after a restart of the daemon.  A MAC binds it to user, role and
 * PIN generation; a change of the PIN ends it.
 */
#define EH_TICKET_LEN 58

struct eh_ticket_claim {
	uid_t uid;
	enum eh_wire_role role;
	uint32_t generation;
};

/* The key of the MAC, of the engine's state key. */
void eh_ticket_key(
    const uint8_t key[EH_DIGEST_LEN], uint8_t out[EH_SHA256_LEN]);

/* EH_ERR_CRYPTO when there are no random numbers. */
EH_MUST_CHECK int eh_ticket_make(const uint8_t key[EH_SHA256_LEN],
    const struct eh_ticket_claim *, uint8_t ticket[EH_TICKET_LEN]);

/* What an unforged ticket claims, for the caller to judge; EH_DENIED_LOGIN for
 * anything else. */
EH_MUST_CHECK int eh_ticket_read(const uint8_t key[EH_SHA256_LEN],
    const uint8_t *ticket, size_t len, struct eh_ticket_claim *);

#endif
