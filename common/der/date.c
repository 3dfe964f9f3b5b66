/* SPDX-License-Identifier: Apache-2.0 */
/* date.c - the two forms of time in certificates (RFC 5280 4.1.2.5). */
#include "config.h"

#include <string.h>

#include "common/der/date.h"

#define DAY   UINT64_C(86400)
#define Y2050 UINT64_C(2524608000)	/* 2050-01-01 00:00:00 */

/*
 * Days since 1970-01-01 of a date of the Gregorian calendar.  Years are counted
 * from March, so that the leap day is the last of its year, in eras of 400
 * years, all of the same length.
 */
static uint64_t
days_of(unsigned year, unsigned month, unsigned day)
{
	const unsigned y = month > 2 ? year : year - 1;
	const unsigned m = month > 2 ? month - 3 : month + 9;
	const unsigned era = y / 400, of_era = y % 400;
	const unsigned of_year = (153 * m + 2) / 5 + day - 1;
	const uint64_t days = (uint64_t)of_era * 365 + of_era / 4 -
	    of_era / 100 + of_year;

	return (uint64_t)era * 146097 + days - 719468;
}

/* The date of a number of days since 1970-01-01. */
static void
date_of(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	const uint64_t z = days + 719468, era = z / 146097;
	const unsigned of_era = (unsigned)(z % 146097);
	const unsigned y = (of_era - of_era / 1460 + of_era / 36524 -
	    of_era / 146096) / 365;
	const unsigned of_year = of_era - (365 * y + y / 4 - y / 100);
	const unsigned m = (5 * of_year + 2) / 153;

	*day = of_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = y + (unsigned)era * 400 + (*month <= 2 ? 1 : 0);
}

static unsigned
days_in_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	const int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

size_t
eh_date_length(uint64_t seconds)
{
	return seconds < Y2050 ? EH_DATE_UTC : EH_DATE_GENERALIZED;
}

/* Write ${value} as ${digits} decimal digits. */
static uint8_t *
put(uint8_t *out, unsigned value, unsigned digits)
{
	for (unsigned i = digits; i-- > 0; value /= 10)
		out[i] = (uint8_t)('0' + value % 10);
	return out + digits;
}

int
eh_date_encode(uint64_t seconds, uint8_t *out, size_t len)
{
	const unsigned second = (unsigned)(seconds % DAY);
	unsigned year, month, day;

	if (seconds > EH_DATE_MAX || len != eh_date_length(seconds))
		return EH_ERR_FORMAT;
	date_of(seconds / DAY, &year, &month, &day);
	out = len == EH_DATE_UTC ? put(out, year % 100, 2) : put(out, year, 4);
	out = put(out, month, 2);
	out = put(out, day, 2);
	out = put(out, second / 3600, 2);
	out = put(out, second / 60 % 60, 2);
	out = put(out, second % 60, 2);
	*out = 'Z';
	return EH_OK;
}

/* The number that two digits say. */
static unsigned
two(const uint8_t *in)
{
	return (unsigned)(in[0] - '0') * 10 + (unsigned)(in[1] - '0');
}

int
eh_date_read(const uint8_t *in, size_t len, uint64_t *secondsp)
{
	unsigned year, month, day, hour, minute, second;

	*secondsp = 0;
	if ((len != EH_DATE_UTC && len != EH_DATE_GENERALIZED) ||
	    in[len - 1] != 'Z')
		return EH_ERR_FORMAT;
	for (size_t i = 0; i < len - 1; i++)
		if (in[i] < '0' || in[i] > '9')
			return EH_ERR_FORMAT;
	if (len == EH_DATE_UTC) {
		year = two(in);
		year += year < 50 ? 2000 : 1900;
		in += 2;
	} else {
		year = two(in) * 100 + two(in + 2);
		in += 4;
	}
	month = two(in);
	day = two(in + 2);
	hour = two(in + 4);
	minute = two(in + 6);
	second = two(in + 8);
	if (year < 1970 || month < 1 || month > 12 || day < 1 ||
	    day > days_in_month(year, month) || hour > 23 || minute > 59 ||
	    second > 59)
		return EH_ERR_FORMAT;
	*secondsp = days_of(year, month, day) * DAY + hour * 3600u +
	    minute * 60u + second;
	return EH_OK;
}

int
eh_date_decode(const uint8_t *in, size_t len, uint64_t *secondsp)
{
	const int err = eh_date_read(in, len, secondsp);

	if (err == EH_OK && len != eh_date_length(*secondsp)) {
		*secondsp = 0;
		return EH_ERR_FORMAT;
	}
	return err;
}
