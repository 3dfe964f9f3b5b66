/* SPDX-License-Identifier: Apache-2.0 */
/* ticker.h - a thread that calls eh_engine_tick() once a minute. */
#ifndef EH_QUOTA_ENGINE_TICKER_H
#define EH_QUOTA_ENGINE_TICKER_H

#include <pthread.h>

#include "quota-engine/engine.h"

struct eh_ticker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct eh_engine *engine;	/* borrowed */
	int stop;
};

/* EH_ERR_INTERNAL when there is no thread for it. */
EH_MUST_CHECK int eh_ticker_start(
    struct eh_ticker *, struct eh_engine *, struct eh_error *error);

/* End the thread and wait for it. */
void eh_ticker_stop(struct eh_ticker *);

#endif
