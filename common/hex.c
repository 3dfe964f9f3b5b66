/* SPDX-License-Identifier: Apache-2.0 */
/* hex.c - bytes as hexadecimal digits. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "common/hex.h"

void
eh_hex_encode(const void *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

/* The value of a digit, or -1.  isxdigit() would ask the locale. */
static int
value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
eh_hex_decode(
    const char *text, size_t textlen, void *out, size_t cap, size_t *lenp)
{
	size_t n = textlen / 2;
	uint8_t *o = out;
	int high, low, err = EH_OK;

	if (lenp != NULL)
		*lenp = 0;
	if (textlen % 2 != 0)
		err = EH_ERR_FORMAT;
	else if (n > cap)
		err = EH_ERR_SPACE;
	for (size_t i = 0; err == EH_OK && i < n; i++) {
		high = value(text[2 * i]);
		low = value(text[2 * i + 1]);
		if (high < 0 || low < 0)
			err = EH_ERR_FORMAT;
		else
			o[i] = (uint8_t)(high << 4 | low);
	}
	if (err != EH_OK) {
		if (cap > 0)
			memset(out, 0, cap);
		return err;
	}
	if (lenp != NULL)
		*lenp = n;
	return EH_OK;
}

int
eh_hex_decode_fixed(const char *text, void *out, size_t len)
{
	size_t textlen = strlen(text);

	if (textlen / 2 != len || textlen % 2 != 0) {
		if (len > 0)
			memset(out, 0, len);
		return EH_ERR_FORMAT;
	}
	return eh_hex_decode(text, textlen, out, len, NULL);
}
