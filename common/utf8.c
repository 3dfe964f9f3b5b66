/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.c - the characters of well-formed UTF-8. */
#include "config.h"

#include <stdint.h>

#include "common/utf8.h"

size_t
eh_utf8_next(const void *text, size_t left)
{
	static const struct {
		uint8_t first, last;	/* of the first byte */
		uint8_t low, high;	/* of the second */
		size_t len;
	} forms[] = {
		{ 0x00, 0x7f, 0x00, 0xff, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },	/* not in two bytes */
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },	/* no surrogates */
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },	/* not in three bytes */
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },	/* up to U+10FFFF */
	};
	const uint8_t *p = text;
	size_t f = 0;

	if (left == 0)
		return 0;
	while (f < sizeof(forms) / sizeof(forms[0]) &&
	    (p[0] < forms[f].first || p[0] > forms[f].last))
		f++;
	if (f == sizeof(forms) / sizeof(forms[0]) || forms[f].len > left)
		return 0;
	if (forms[f].len > 1 && (p[1] < forms[f].low || p[1] > forms[f].high))
		return 0;
	for (size_t i = 2; i < forms[f].len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return forms[f].len;
}

int
eh_utf8_is_control(const void *character, size_t len)
{
	const uint8_t *p = character;

	if (len == 1)
		return p[0] < 0x20 || p[0] == 0x7f;
	return len == 2 && p[0] == 0xc2 && p[1] < 0xa0;
}
