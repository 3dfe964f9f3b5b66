/* SPDX-License-Identifier: Apache-2.0 */
/* health.h - the error state: what a failed self-test leaves of the daemon. */
#ifndef EH_QUOTA_ENGINE_HEALTH_H
#define EH_QUOTA_ENGINE_HEALTH_H

/*
 * A process whose cryptography answered wrongly once is not asked again: from
 * then on it is fail-stopped (eh_boundary_state()), serves status, which says
 * why, and gives no other answer, not even one that was under way.  Only a
 * restart, which tests all anew, leads out (ISO 19790 section 7.10).
 *
 * One for the process, as what it speaks of is: libcrypto, the kernel's random
 * numbers, the key store.
 */

/* Enter the error state.  The first reason stays; it is logged. */
void eh_health_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Why, or NULL while all is well; valid as long as the process. */
const char *eh_health_why(void);

#endif
