/* SPDX-License-Identifier: Apache-2.0 */
/* date.c - the two forms of time in certificates (RFC 5280 4.1.2.5). */
#include "config.h"

#include <string.h>

#include "common/clock.h"
#include "common/der/date.h"

#define Y2050 UINT64_C(2524608000)	/* 2050-01-01 00:00:00 */

size_t
eh_date_length(uint64_t seconds)
{
	return seconds < Y2050 ? EH_DATE_UTC : EH_DATE_GENERALIZED;
}

int
eh_date_encode(uint64_t seconds, uint8_t *out, size_t len)
{
	char text[EH_CLOCK_GENERALIZED_SIZE];
	int err;

	if (len != eh_date_length(seconds))
		return EH_ERR_FORMAT;
	err = len == EH_DATE_UTC ? eh_clock_format_utctime(seconds, text) :
				   eh_clock_format_generalized(seconds, text);
	if (err != EH_OK)
		return EH_ERR_FORMAT;
	memcpy(out, text, len);
	return EH_OK;
}

int
eh_date_read(const uint8_t *in, size_t len, uint64_t *secondsp)
{
	if (len == EH_DATE_UTC)
		return eh_clock_parse_utctime(
		    (const char *)in, len, secondsp);
	return eh_clock_parse_generalized((const char *)in, len, secondsp);
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
