/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - reading clocks, and times as text without any time zone. */
#ifndef EH_COMMON_CLOCK_H
#define EH_COMMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * A time is a number of POSIX seconds, 0 to EH_CLOCK_MAX, which is
 * 9999-12-31T23:59:59Z.  Days are counted here in the proleptic Gregorian
 * calendar; libc's time zone functions are not used, so TZ changes nothing.
 * There are no leap seconds: :60 is refused.
 */
#define EH_CLOCK_MAX UINT64_C(253402300799)

/* Room for the texts below, each with its NUL. */
#define EH_CLOCK_TEXT_SIZE        21	/* 2026-12-01T02:00:00Z */
#define EH_CLOCK_UTCTIME_SIZE     14	/* 261201020000Z */
#define EH_CLOCK_GENERALIZED_SIZE 16	/* 20261201020000Z */

/* Return the host's wall clock, 0 when it stands before 1970.  What may be
 * decided by it: see DESIGN, "host time may refuse, never permit". */
uint64_t eh_clock_wall(void);

/* Return nanoseconds since the machine booted, suspended time included
 * (CLOCK_BOOTTIME), or without it (CLOCK_MONOTONIC). */
uint64_t eh_clock_boottime_ns(void);
uint64_t eh_clock_monotonic_ns(void);

/*
 * Write ${time} as text, NUL-ended.  EH_ERR_ARGUMENT, and an empty text, when
 * it is above EH_CLOCK_MAX, or, for UTCTime, does not lie before 2050 (RFC 5280
 * section 4.1.2.5.1).
 */
EH_MUST_CHECK int eh_clock_format(uint64_t time, char out[EH_CLOCK_TEXT_SIZE]);
EH_MUST_CHECK int eh_clock_format_utctime(
    uint64_t time, char out[EH_CLOCK_UTCTIME_SIZE]);
EH_MUST_CHECK int eh_clock_format_generalized(
    uint64_t time, char out[EH_CLOCK_GENERALIZED_SIZE]);

/*
 * Read ${len} bytes of text as one of the forms above: the exact length,
 * digits, a day that exists, capital T and Z, nothing before 1970.  The year of
 * a UTCTime is 19YY from 50 on, else 20YY.  EH_ERR_FORMAT, and 0 in ${timep},
 * for anything else.  Whether a GeneralizedTime before 2050 is allowed is the
 * caller's rule.
 */
EH_MUST_CHECK int eh_clock_parse(
    const char *text, size_t len, uint64_t *timep);
EH_MUST_CHECK int eh_clock_parse_utctime(
    const char *text, size_t len, uint64_t *timep);
EH_MUST_CHECK int eh_clock_parse_generalized(
    const char *text, size_t len, uint64_t *timep);

#endif
