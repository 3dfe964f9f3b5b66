/* SPDX-License-Identifier: Apache-2.0 */
/* pattern.h - what the octets of a per-device value may be (profile.md). */
#ifndef EH_COMMON_X509_PATTERN_H
#define EH_COMMON_X509_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * A pattern is not a regular expression: constants and classes that repeat a
 * fixed number of times, so every pattern has one length, and a check is one
 * pass over the octets.  In YAML: "SN[0-9]{8}".
 */
#define EH_PATTERN_RUNS     8
#define EH_PATTERN_CONSTANT 32	/* octets of one constant run */
#define EH_PATTERN_COUNT    64	/* repetitions of one class */
#define EH_PATTERN_MAX      (EH_PATTERN_RUNS * EH_PATTERN_COUNT)

/* Room for the text of any pattern, its NUL included. */
#define EH_PATTERN_TEXT 640

/* clang-format off */
enum eh_charset {		/* as text in a pattern */
	EH_CHARSET_OCTET = 1,	/* [:octet:] */
	EH_CHARSET_DIGIT,	/* [0-9] */
	EH_CHARSET_UPPER_HEX,	/* [0-9A-F] */
	EH_CHARSET_LOWER_HEX,	/* [0-9a-f] */
	EH_CHARSET_ALNUM,	/* [0-9A-Z] */
	EH_CHARSET_PRINTABLE,	/* [:printablestring:], X.680 41.4 */
	EH_CHARSET_ASCII,	/* [:ascii:], 20 to 7e */
};
/* clang-format on */
#define EH_CHARSET_MAX EH_CHARSET_ASCII

/* A constant of ${count} octets, or, with ${constant} NULL, ${count} octets of
 * ${charset}.  Constants are borrowed from what was decoded or parsed. */
struct eh_run {
	const uint8_t *constant;
	uint8_t charset;
	uint8_t count;
};

/* No pattern when ${runs} is 0. */
struct eh_pattern {
	unsigned runs;
	struct eh_run run[EH_PATTERN_RUNS];
};

/* Return 1 when ${octet} is in ${charset}, else 0. */
int eh_charset_has(uint8_t charset, uint8_t octet);

/* Return the number of octets that the pattern describes. */
size_t eh_pattern_length(const struct eh_pattern *);

/*
 * Check ${len} octets.  Return EH_OK; or EH_ERR_FORMAT with ${atp} (may be
 * NULL) set to the index of the first octet that does not fit, or to the
 * pattern's length when the lengths differ.
 */
EH_MUST_CHECK int eh_pattern_check(const struct eh_pattern *,
    const uint8_t *octets, size_t len, size_t *atp);

/*
 * Parse the text of a pattern: printable ASCII other than [ ] { } ( ) * + ? | \
 * and the classes above, each with an optional {n} behind it.  Borrows ${text}.
 * Return EH_OK; EH_ERR_CONFIG with a sentence for whatever has no single
 * length ("{1,8}", "*": pad, or choose another encoding), is unknown, too long
 * or empty.
 */
EH_MUST_CHECK int eh_pattern_parse(
    struct eh_pattern *, const char *text, struct eh_error *);

/* Write the text of a pattern (octets that are not printable ASCII as '.') and
 * a NUL to ${out}: for sentences. */
void eh_pattern_format(const struct eh_pattern *, char *out, size_t cap);

/* Return EH_OK when lo <= octets <= hi as octet strings, all of ${len} octets,
 * else EH_ERR_FORMAT.  For a run of digits that is the numeric order. */
EH_MUST_CHECK int eh_range_check(const uint8_t *lo, const uint8_t *hi,
    const uint8_t *octets, size_t len);

#endif
