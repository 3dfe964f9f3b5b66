/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h - the characters of well-formed UTF-8. */
#ifndef EH_COMMON_UTF8_H
#define EH_COMMON_UTF8_H

#include <stddef.h>

/*
 * Return how many bytes the first character of ${left} bytes at ${text} has, 1
 * to 4, or 0 when it is not well-formed (RFC 3629: shortest form, no surrogate,
 * nothing above U+10FFFF, not cut) or nothing is left.
 */
size_t eh_utf8_next(const void *text, size_t left);

/*
 * Return 1 when these ${len} (eh_utf8_next(), not 0) bytes are a control
 * character: U+0000 to U+001F, U+007F to U+009F, the ones that terminals obey.
 */
int eh_utf8_is_control(const void *character, size_t len);

#endif
