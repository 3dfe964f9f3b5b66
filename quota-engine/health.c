/* SPDX-License-Identifier: Apache-2.0 */
/* health.c - the error state: what a failed self-test leaves of the daemon. */
#include "config.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "common/log.h"
#include "quota-engine/health.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int is_failed;
static char why[256];	/* written once, before is_failed */

void
eh_health_fail(const char *format, ...)
{
	va_list args;

	pthread_mutex_lock(&lock);
	if (!atomic_load(&is_failed)) {
		va_start(args, format);
		vsnprintf(why, sizeof(why), format, args);
		va_end(args);
		atomic_store(&is_failed, 1);
		eh_log(EH_LOG_ERROR, "error state: %s", why);
	}
	pthread_mutex_unlock(&lock);
}

const char *
eh_health_why(void)
{
	return atomic_load(&is_failed) ? why : NULL;
}
