/* SPDX-License-Identifier: Apache-2.0 */
/* date.h - the two forms of time in certificates (RFC 5280 4.1.2.5). */
#ifndef EH_COMMON_DER_DATE_H
#define EH_COMMON_DER_DATE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * UTCTime YYMMDDHHMMSSZ has 13 octets and holds the years 1950 to 2049,
 * GeneralizedTime YYYYMMDDHHMMSSZ has 15.  RFC 5280 wants UTCTime up to 2049
 * and GeneralizedTime from 2050 on, so a time has exactly one form.
 */
#define EH_DATE_UTC         13
#define EH_DATE_GENERALIZED 15

/* 99991231235959Z, "no well-defined expiry": the last time that can be told. */
#define EH_DATE_MAX UINT64_C(253402300799)

/* The length of the form that RFC 5280 wants for ${seconds} (POSIX). */
size_t eh_date_length(uint64_t seconds);

/*
 * Write ${seconds} in the form of ${len} octets (13 or 15), no NUL.  Return
 * EH_OK, or EH_ERR_FORMAT when this is not the form for this time, or the time
 * is beyond EH_DATE_MAX.
 */
EH_MUST_CHECK int eh_date_encode(uint64_t seconds, uint8_t *out, size_t len);

/*
 * Read ${len} octets (13 or 15).  Only real dates of the Gregorian calendar
 * from 1970 on, in the form that RFC 5280 wants for them, no leap second.
 * Return EH_OK or EH_ERR_FORMAT; ${secondsp} is set in either case (to 0).
 */
EH_MUST_CHECK int eh_date_decode(
    const uint8_t *in, size_t len, uint64_t *secondsp);

/*
 * The same for certificates that others made: a GeneralizedTime before 2050 is
 * read too.
 */
EH_MUST_CHECK int eh_date_read(
    const uint8_t *in, size_t len, uint64_t *secondsp);

#endif
