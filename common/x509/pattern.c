/* SPDX-License-Identifier: Apache-2.0 */
/* pattern.c - what the octets of a per-device value may be (profile.md). */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/x509/pattern.h"

/* clang-format off */
static const struct {
	const char *text;
	uint8_t charset;
} classes[] = {
	{ "[0-9]",               EH_CHARSET_DIGIT },
	{ "[0-9A-F]",            EH_CHARSET_UPPER_HEX },
	{ "[0-9a-f]",            EH_CHARSET_LOWER_HEX },
	{ "[0-9A-Z]",            EH_CHARSET_ALNUM },
	{ "[:printablestring:]", EH_CHARSET_PRINTABLE },
	{ "[:ascii:]",           EH_CHARSET_ASCII },
	{ "[:octet:]",           EH_CHARSET_OCTET },
};
/* clang-format on */
#define CLASSES (sizeof(classes) / sizeof(classes[0]))

static int
between(uint8_t octet, uint8_t lo, uint8_t hi)
{
	return octet >= lo && octet <= hi;
}

int
eh_charset_has(uint8_t charset, uint8_t octet)
{
	const int digit = between(octet, '0', '9');

	switch (charset) {
	case EH_CHARSET_OCTET:
		return 1;
	case EH_CHARSET_DIGIT:
		return digit;
	case EH_CHARSET_UPPER_HEX:
		return digit || between(octet, 'A', 'F');
	case EH_CHARSET_LOWER_HEX:
		return digit || between(octet, 'a', 'f');
	case EH_CHARSET_ALNUM:
		return digit || between(octet, 'A', 'Z');
	case EH_CHARSET_PRINTABLE:
		return digit || between(octet, 'A', 'Z') ||
		    between(octet, 'a', 'z') ||
		    (octet != 0 && strchr(" '()+,-./:=?", octet) != NULL);
	case EH_CHARSET_ASCII:
		return between(octet, 0x20, 0x7e);
	default:
		return 0;
	}
}

size_t
eh_pattern_length(const struct eh_pattern *p)
{
	size_t len = 0;

	for (unsigned i = 0; i < p->runs; i++)
		len += p->run[i].count;
	return len;
}

/* Return 1 when octet ${i} of a run is ${octet}. */
static int
fits(const struct eh_run *run, size_t i, uint8_t octet)
{
	if (run->constant != NULL)
		return run->constant[i] == octet;
	return eh_charset_has(run->charset, octet);
}

int
eh_pattern_check(const struct eh_pattern *p, const uint8_t *octets, size_t len,
    size_t *atp)
{
	size_t at = 0;

	if (atp != NULL)
		*atp = eh_pattern_length(p);
	if (len != eh_pattern_length(p))
		return EH_ERR_FORMAT;
	for (unsigned r = 0; r < p->runs; r++)
		for (size_t i = 0; i < p->run[r].count; i++, at++)
			if (!fits(&p->run[r], i, octets[at])) {
				if (atp != NULL)
					*atp = at;
				return EH_ERR_FORMAT;
			}
	return EH_OK;
}

/* Add a run; adjacent ones stay apart, as they were written. */
static int
add(struct eh_pattern *p, const char *text, const struct eh_run *run,
    struct eh_error *e)
{
	if (p->runs == EH_PATTERN_RUNS)
		return eh_error_set(e, EH_ERR_CONFIG,
		    "pattern '%s' has more than %d parts", text,
		    EH_PATTERN_RUNS);
	p->run[p->runs++] = *run;
	return EH_OK;
}

/* Read the "{n}" that may stand behind a class; return where it ends, or NULL
 * with a sentence. */
static const char *
count(const char *at, const char *text, uint8_t *countp, struct eh_error *e)
{
	unsigned n = 0;
	const char *digit;

	*countp = 1;
	if (*at != '{')
		return at;
	for (digit = ++at; *at >= '0' && *at <= '9' && n <= EH_PATTERN_COUNT;)
		n = n * 10 + (unsigned)(*at++ - '0');
	if (*at == ',') {
		eh_error_set(e, EH_ERR_CONFIG, "pattern '%s' has no single "
		    "length: pad the value, or choose another encoding", text);
		return NULL;
	}
	if (at == digit || *digit == '0' || *at != '}' ||
	    n > EH_PATTERN_COUNT) {
		eh_error_set(e, EH_ERR_CONFIG, "pattern '%s': a count is {1} "
		    "to {%d}", text, EH_PATTERN_COUNT);
		return NULL;
	}
	*countp = (uint8_t)n;
	return at + 1;
}

/* Read a class and its count; return where they end, or NULL. */
static const char *
class(struct eh_pattern *p, const char *at, const char *text,
    struct eh_error *e)
{
	struct eh_run run = { NULL, 0, 0 };

	for (size_t i = 0; i < CLASSES && run.charset == 0; i++) {
		const size_t len = strlen(classes[i].text);

		if (strncmp(at, classes[i].text, len) == 0) {
			run.charset = classes[i].charset;
			at += len;
		}
	}
	if (run.charset == 0) {
		eh_error_set(e, EH_ERR_CONFIG, "pattern '%s': classes are "
		    "[0-9] [0-9A-F] [0-9a-f] [0-9A-Z] [:printablestring:] "
		    "[:ascii:] [:octet:]", text);
		return NULL;
	}
	at = count(at, text, &run.count, e);
	if (at == NULL || add(p, text, &run, e) != EH_OK)
		return NULL;
	return at;
}

/* Read a constant; return where it ends, or NULL. */
static const char *
constant(struct eh_pattern *p, const char *at, const char *text,
    struct eh_error *e)
{
	const char *start = at;
	struct eh_run run = { (const uint8_t *)start, 0, 0 };

	while (between((uint8_t)*at, 0x20, 0x7e) &&
	    strchr("[]{}()*+?|\\", *at) == NULL)
		at++;
	if (at == start && *at != '\0' && strchr("*+?|", *at) != NULL) {
		eh_error_set(e, EH_ERR_CONFIG, "pattern '%s' has no single "
		    "length: '%c' is not a constant; pad the value, or choose "
		    "another encoding", text, *at);
		return NULL;
	}
	if (at == start) {
		eh_error_set(e, EH_ERR_CONFIG, "pattern '%s': octet %zu is "
		    "neither a constant nor a class%s", text,
		    (size_t)(at - text),
		    *at == '{' ? " (a count stands behind a class)" : "");
		return NULL;
	}
	if (at - start > EH_PATTERN_CONSTANT) {
		eh_error_set(e, EH_ERR_CONFIG, "pattern '%s': a constant has "
		    "at most %d octets", text, EH_PATTERN_CONSTANT);
		return NULL;
	}
	run.count = (uint8_t)(at - start);
	return add(p, text, &run, e) == EH_OK ? at : NULL;
}

int
eh_pattern_parse(struct eh_pattern *p, const char *text, struct eh_error *e)
{
	const char *at = text;

	memset(p, 0, sizeof(*p));
	if (*text == '\0')
		return eh_error_set(e, EH_ERR_CONFIG, "a pattern is empty");
	while (at != NULL && *at != '\0')
		at = *at == '[' ? class(p, at, text, e) :
				  constant(p, at, text, e);
	if (at == NULL)
		memset(p, 0, sizeof(*p));
	return at != NULL ? EH_OK : EH_ERR_CONFIG;
}

/* The text of a class. */
static const char *
class_text(uint8_t charset)
{
	for (size_t i = 0; i < CLASSES; i++)
		if (classes[i].charset == charset)
			return classes[i].text;
	return "[?]";
}

void
eh_pattern_format(const struct eh_pattern *p, char *out, size_t cap)
{
	size_t at = 0;

	if (cap > 0)
		out[0] = '\0';
	for (unsigned r = 0; r < p->runs && at < cap; r++) {
		const struct eh_run *run = &p->run[r];

		if (run->constant == NULL) {
			at += (size_t)snprintf(out + at, cap - at,
			    run->count > 1 ? "%s{%u}" : "%s",
			    class_text(run->charset), run->count);
			continue;
		}
		for (size_t i = 0; i < run->count && at < cap; i++)
			at += (size_t)snprintf(out + at, cap - at, "%c",
			    between(run->constant[i], 0x20, 0x7e) ?
				run->constant[i] : '.');
	}
}

int
eh_range_check(const uint8_t *lo, const uint8_t *hi, const uint8_t *octets,
    size_t len)
{
	return memcmp(lo, octets, len) <= 0 && memcmp(octets, hi, len) <= 0 ?
	    EH_OK : EH_ERR_FORMAT;
}
