/* SPDX-License-Identifier: Apache-2.0 */
/* ticker.c - a thread that calls eh_engine_tick() once a minute. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "quota-engine/ticker.h"

#define PERIOD 60 /* s */

static void
tick(struct eh_ticker *t)
{
	struct eh_error error;

	eh_error_clear(&error);
	if (eh_engine_status(t->engine, NULL) == EH_ENGINE_READY &&
	    eh_engine_tick(t->engine, &error) != EH_OK)
		eh_log(EH_LOG_WARNING, "housekeeping: %s",
		    eh_error_sentence(&error));
}

/* Wait a period; 1 when it is over, 0 when we are to stop. */
static int
wait_period(struct eh_ticker *t)
{
	struct timespec until;
	int over = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PERIOD;
	pthread_mutex_lock(&t->lock);
	while (!t->stop && !over)
		over = pthread_cond_timedwait(&t->wake, &t->lock, &until) ==
		    ETIMEDOUT;
	over = !t->stop;
	pthread_mutex_unlock(&t->lock);
	return over;
}

static void *
ticker_main(void *arg)
{
	struct eh_ticker *t = arg;

	while (wait_period(t))
		tick(t);
	return NULL;
}

int
eh_ticker_start(
    struct eh_ticker *t, struct eh_engine *engine, struct eh_error *error)
{
	pthread_condattr_t attr;

	memset(t, 0, sizeof(*t));
	t->engine = engine;
	pthread_mutex_init(&t->lock, NULL);
	/* Setting the host's clock must not make it tick more, or less. */
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&t->thread, NULL, ticker_main, t) != 0)
		return eh_error_set(error, EH_ERR_INTERNAL,
		    "no thread for the housekeeping");
	return EH_OK;
}

void
eh_ticker_stop(struct eh_ticker *t)
{
	pthread_mutex_lock(&t->lock);
	t->stop = 1;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
}
