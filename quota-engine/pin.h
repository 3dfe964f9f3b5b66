/* SPDX-License-Identifier: Apache-2.0 */
/* pin.h - PINs: made, set, and judged one try of a user after the other. */
#ifndef EH_QUOTA_ENGINE_PIN_H
#define EH_QUOTA_ENGINE_PIN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/wire/wire.h"
#include "quota-engine/engine.h"
#include "quota-engine/os.h"
#include "quota-engine/ticket.h"

/*
 * The verifiers (scrypt) are in the anchored state, with a generation that rises
 * with each change.  How often each user was wrong, and how long he waits for
 * it, is beside it (tries.h).  A user's tries are judged one after the other,
 * and all PINs are hashed one after the other (16 MiB each).
 *
 * Whoever may not have the role at all is refused before anything here is
 * called (monitor.h).
 */
#define EH_PIN_MIN   4u
#define EH_PIN_MAX   255u

struct eh_pins;

/* Borrow engine and os.  EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_pins_new(
    struct eh_engine *, struct eh_os *, struct eh_pins **);
void eh_pins_free(struct eh_pins *);

/* At start: read the file.  ${key} is the engine's state key; the one for the
 * file and the one for tickets are derived from it. */
void eh_pins_open(struct eh_pins *, const uint8_t key[EH_DIGEST_LEN]);

/* At genesis, before the first state is anchored: write an empty file.
 * EH_ERR_STORAGE. */
EH_MUST_CHECK int eh_pins_create(struct eh_pins *,
    const uint8_t key[EH_DIGEST_LEN], struct eh_error *);

/* Make a verifier for ${pin}: a new salt, scrypt.  EH_ERR_ARGUMENT with the
 * rule, for a length that is not EH_PIN_MIN to EH_PIN_MAX; EH_ERR_CRYPTO. */
EH_MUST_CHECK int eh_pins_make(
    struct eh_state_pin *, const uint8_t *pin, size_t len, struct eh_error *);

/*
 * Is ${pin} the PIN of ${role}?  EH_OK and the PIN's generation; EH_DENIED_PIN;
 * EH_DENIED_PIN_DELAY with the seconds to wait (the PIN was not looked at);
 * EH_DENIED_STATE when no PIN of that role is set; EH_ERR_STORAGE.
 */
EH_MUST_CHECK int eh_pins_check(struct eh_pins *, uid_t uid,
    enum eh_wire_role role, const uint8_t *pin, size_t len,
    uint32_t *generationp, struct eh_error *);

/* Put a verifier that was made (NULL: none, the role cannot log in) into the
 * state's place for it, under a new generation, so that tickets end. */
void eh_pins_put(struct eh_state_pin *place, const struct eh_state_pin *made);

/* Set the PIN of ${role}, anchored. */
EH_MUST_CHECK int eh_pins_set(struct eh_pins *, enum eh_wire_role role,
    const uint8_t *pin, size_t len, struct eh_error *);

/* Return the generation of the PIN of ${role}, 0 when none is set. */
uint32_t eh_pins_generation(struct eh_pins *, enum eh_wire_role role);

/* "the operator" or "the security officer". */
const char *eh_pins_role_text(enum eh_wire_role role);

/* Return how many seconds ${uid} has to wait, 0 for none. */
unsigned eh_pins_wait(struct eh_pins *, uid_t uid);

/* A ticket (ticket.h) for this login.  EH_ERR_CRYPTO. */
EH_MUST_CHECK int eh_pins_ticket(struct eh_pins *, uid_t uid,
    enum eh_wire_role role, uint32_t generation, uint8_t ticket[EH_TICKET_LEN]);

/* EH_OK, role and generation; or EH_DENIED_LOGIN for anything else than a live
 * ticket of this user. */
EH_MUST_CHECK int eh_pins_ticket_check(struct eh_pins *, uid_t uid,
    const uint8_t *ticket, size_t len, enum eh_wire_role *rolep,
    uint32_t *generationp);

#endif
