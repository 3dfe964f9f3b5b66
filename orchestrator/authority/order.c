/* SPDX-License-Identifier: Apache-2.0 */
/* order.c - how many devices of an order may still be authorized. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "orchestrator/authority/order.h"

/* What the order has given out beside what is gone on from. */
struct given {
	const struct eh_order_ask *ask;
	uint64_t taken;
	struct eh_chain open;	/* one that is open; hsm.name "": none is */
};

static int
add(void *arg, const struct eh_chain *c)
{
	struct given *g = arg;

	if (g->ask->old != NULL &&
	    memcmp(c->tip.id, g->ask->old->tip.id, EH_ID_LEN) == 0)
		return EH_OK;
	g->taken += c->taken;
	if (c->open)
		g->open = *c;
	return EH_OK;
}

/* ${needed} devices would do. */
static int
refuse(const struct given *g, uint64_t total, uint64_t needed,
    struct eh_error *error)
{
	const struct eh_chain *c = &g->open;
	const char *order = g->ask->name;
	int here = strcmp(c->hsm.name, g->ask->hsm->name) == 0;

	if (c->hsm.name[0] != '\0')
		return eh_error_set(error, EH_DENIED_QUOTA,
		    "order %.32s is of %" PRIu64 " devices; %.32s may still "
		    "make %" PRIu64 " of them and has neither closed nor been "
		    "written off: close it there and ack its receipt, %sor "
		    "raise the order with --order-total %" PRIu64, order,
		    total, c->hsm.name, c->taken - c->used - c->burned,
		    here ? "go on from it with --supersedes, " : "", needed);
	return eh_error_set(error, EH_DENIED_QUOTA,
	    "order %.32s is of %" PRIu64 " devices, of which %" PRIu64
	    " are made or burned: %" PRIu64 " can be authorized, or raise the "
	    "order with --order-total %" PRIu64, order, total, g->taken,
	    total > g->taken ? total - g->taken : 0, needed);
}

int
eh_order_take(struct eh_store *store, const struct eh_order_ask *ask,
    struct eh_error *error)
{
	struct given g = { .ask = ask };
	uint64_t mine = ask->devices, known, total;
	int err;

	if ((err = eh_store_get_order(store, ask->name, &known, error)) !=
	        EH_OK ||
	    (err = eh_life_each_chain(store, ask->name, add, &g, error)) !=
	        EH_OK)
		return err;
	/* Until the new one is installed the old one goes on. */
	if (ask->old != NULL && mine < ask->old->taken)
		mine = ask->old->taken;
	total = ask->total != 0 ? ask->total
	    : known != 0	? known
				: ask->devices;
	if (g.taken + mine > total)
		return refuse(&g, total, g.taken + mine, error);
	return total == known
	    ? EH_OK
	    : eh_store_put_order(store, ask->name, total, error);
}
