/* SPDX-License-Identifier: Apache-2.0 */
/* life.h - what became of authorizations, as far as it is proven. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_LIFE_H
#define EH_ORCHESTRATOR_AUTHORITY_LIFE_H

#include "common/message/receipt.h"
#include "orchestrator/authority/store_life.h"

/*
 * The authority knows what it signed, and what logs and receipts have proven.
 * Between the two it assumes the worst: a message that left may be installed at
 * any time until the EdgeHSM has proven that it cannot be any more, and what is
 * installed may be used up at once.
 */
enum eh_life_state {
	EH_LIFE_SIGNED,		/* nothing is proven: it may be installed */
	EH_LIFE_INSTALLED,	/* its entry of kind 2 is held */
	EH_LIFE_CLOSED,		/* its entry of kind 6 is held */
	EH_LIFE_NEVER		/* it was not, and cannot be installed */
};

/* Return a word for people. */
const char *eh_life_state_name(enum eh_life_state);

/* Return "expired", "revoked" and so on. */
const char *eh_life_reason_name(enum eh_close_reason);

struct eh_life {
	enum eh_life_state state;
	struct eh_store_life log;
	struct eh_store_revoked revoked;	/* rseq 0: it is not */
	uint64_t used, burned;			/* devices; proven */
	int is_written_off;
	struct eh_store_written_off written_off;
};

/*
 * The newest receipt of an EdgeHSM, decoded, to be freed; NULL when there is
 * none.
 */
EH_MUST_CHECK int eh_life_receipt(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], struct eh_receipt **,
    struct eh_error *);

/* ${receipt} is the newest one of its EdgeHSM, or NULL. */
EH_MUST_CHECK int eh_life_get(struct eh_store *,
    const struct eh_store_authorization *, const struct eh_receipt *receipt,
    struct eh_life *, struct eh_error *);

/*
 * Authorizations that supersede one another share their books.  ${tip} is the
 * newest of them; ${open} says that it, or one before it, may still make
 * devices.  ${taken} is how many of the order's devices the chain has or can
 * still get: what was used and burned; while it is open, all it was ever
 * authorized for and may still have; of what is written off, what was used.
 */
struct eh_chain {
	struct eh_store_authorization tip;
	struct eh_hsm hsm;
	uint64_t used, burned, taken;
	uint64_t lost;			/* possibly issued, written off */
	int open, is_written_off;
};

EH_MUST_CHECK int eh_life_chain(struct eh_store *,
    const struct eh_store_authorization *tip, struct eh_chain *,
    struct eh_error *);

/* All chains of an order, added up; ${open} may still be made, ${written_off} is
 * possibly issued by what is lost. */
struct eh_order_sum {
	uint64_t used, burned, open, written_off, taken;
};
EH_MUST_CHECK int eh_life_sum(struct eh_store *, const char *order,
    struct eh_order_sum *, struct eh_error *);

/* EH_DENIED_STATE with a sentence when it can not be superseded, because it is
 * closed, revoked or was never installed. */
EH_MUST_CHECK int eh_life_check_live(struct eh_store *,
    const struct eh_store_authorization *, struct eh_error *);

/* The newest of the chain that ${a} belongs to, which may be itself. */
EH_MUST_CHECK int eh_life_tip(struct eh_store *,
    struct eh_store_authorization *a, struct eh_error *);

/* Call ${each} for every chain of the order, or of the EdgeHSM, until it does not
 * return EH_OK, which is then returned. */
EH_MUST_CHECK int eh_life_each_chain(struct eh_store *, const char *order,
    int (*each)(void *arg, const struct eh_chain *), void *arg,
    struct eh_error *);
EH_MUST_CHECK int eh_life_each_chain_at(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN],
    int (*each)(void *arg, const struct eh_chain *), void *arg,
    struct eh_error *);

/*
 * The tip of the chain that ${text} names, at this EdgeHSM: 32 hex digits are
 * the id of any in it; else it is the name of an order, of which exactly one
 * chain is open here.  EH_ERR_NOT_FOUND; EH_ERR_ARGUMENT when there are more.
 */
EH_MUST_CHECK int eh_life_find(struct eh_store *, const struct eh_hsm *,
    const char *text, struct eh_store_authorization *, struct eh_error *);

#endif
