/* SPDX-License-Identifier: Apache-2.0 */
/* order.h - how many devices of an order may still be authorized. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_ORDER_H
#define EH_ORCHESTRATOR_AUTHORITY_ORDER_H

#include "orchestrator/authority/life.h"

struct eh_order_ask {
	const char *name;
	const struct eh_hsm *hsm;	/* who shall make them */
	uint64_t devices;
	uint64_t total;			/* of the whole order; 0: as it is */
	const struct eh_chain *old;	/* that they go on from, or NULL */
};

/*
 * May so many devices be authorized without any way for all EdgeHSMs together
 * to make more than the order is of?  Then its total is written down, that of
 * ${ask}, or ${devices} with the first.  EH_DENIED_QUOTA says who holds the rest
 * and how it is moved.
 */
EH_MUST_CHECK int eh_order_take(struct eh_store *, const struct eh_order_ask *,
    struct eh_error *);

#endif
