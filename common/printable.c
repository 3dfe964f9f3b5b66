/* SPDX-License-Identifier: Apache-2.0 */
/* printable.c - texts of strangers, made fit for terminals and JSON. */
#include "config.h"

#include <stddef.h>

#include "common/printable.h"

/* How many octets the character at ${c} has; 0 when it is none that is
 * wanted.  A NUL is no continuation, so nothing behind it is looked at. */
static size_t
length(const unsigned char *c)
{
	static const struct {
		unsigned char first, last, low, high;	/* of octets 1 and 2 */
		size_t len;
	} forms[] = {
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 },
		{ 0xc3, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (c[0] >= 0x20 && c[0] <= 0x7e)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (c[0] < forms[i].first || c[0] > forms[i].last)
			continue;
		if (c[1] < forms[i].low || c[1] > forms[i].high)
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if ((c[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

void
eh_printable(char *text)
{
	unsigned char *c = (unsigned char *)text;
	size_t n;

	while (*c != '\0') {
		if ((n = length(c)) == 0)
			*c = '?';
		c += n > 0 ? n : 1;
	}
}
