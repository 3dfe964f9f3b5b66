/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - what bytes a document may consist of at all. */
#include "config.h"

#include <stdint.h>

#include "orchestrator/conf/source.h"
#include "orchestrator/conf/yaml.h"

#define NOT_UTF8 UINT32_MAX

/* The character at ${at} and the bytes it takes, or NOT_UTF8 and 1. */
static uint32_t
decode(const uint8_t *at, size_t left, size_t *usedp)
{
	static const struct {
		uint8_t mask, mark;
		size_t len;
		uint32_t min;
	} forms[] = {
		{ 0x80, 0x00, 1, 0 },
		{ 0xe0, 0xc0, 2, 0x80 },
		{ 0xf0, 0xe0, 3, 0x800 },
		{ 0xf8, 0xf0, 4, 0x10000 },
	};

	*usedp = 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		uint32_t c = at[0] & (uint8_t)~forms[i].mask;

		if ((at[0] & forms[i].mask) != forms[i].mark)
			continue;
		if (left < forms[i].len)
			return NOT_UTF8;
		for (size_t k = 1; k < forms[i].len; k++) {
			if ((at[k] & 0xc0) != 0x80)
				return NOT_UTF8;
			c = c << 6 | (at[k] & 0x3f);
		}
		if (c < forms[i].min || c > 0x10ffff ||
		    (c >= 0xd800 && c <= 0xdfff))
			return NOT_UTF8;
		*usedp = forms[i].len;
		return c;
	}
	return NOT_UTF8;
}

/* Why this character may not stand in a document, or NULL. */
static const char *
refuse(uint32_t c)
{
	if (c == NOT_UTF8)
		return "not UTF-8";
	if (c == '\t')
		return "a tab (indent with spaces; in a text write \"\\t\")";
	if (c == '\0')
		return "a NUL";
	if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
		return "a control character";
	if (c == 0xfeff)
		return "a byte order mark (save as UTF-8 without one)";
	if (c == 0x2028 || c == 0x2029)
		return "a line separator that is not a line feed";
	if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	    c == 0x200e || c == 0x200f || c == 0x061c)
		return "an invisible character that changes text direction";
	return NULL;
}

int
eh_source_check(const char *name, const void *bytes, size_t len,
    struct eh_report *report)
{
	const uint8_t *p = bytes;
	unsigned line = 1, column = 1, reported = 0;
	size_t used;

	if (len > EH_YAML_MAX_BYTES) {
		eh_report_place(report, EH_SEVERITY_ERROR, name, 0, 0,
		    "%zu bytes: a document has at most %u", len,
		    EH_YAML_MAX_BYTES);
		return EH_ERR_CONFIG;
	}
	for (size_t i = 0; i < len; i += used) {
		uint32_t c = decode(p + i, len - i, &used);
		const char *why;

		if (c == '\r' && i + 1 < len && p[i + 1] == '\n')
			continue;
		if (c == '\n') {
			line++;
			column = 1;
			continue;
		}
		why = refuse(c);
		if (why != NULL && reported != line) {
			eh_report_place(report, EH_SEVERITY_ERROR, name, line,
			    column, "%s", why);
			reported = line;
		}
		column++;
	}
	return reported == 0 ? EH_OK : EH_ERR_CONFIG;
}
