/* SPDX-License-Identifier: Apache-2.0 */
/* hex.h - bytes as hexadecimal digits. */
#ifndef EH_COMMON_HEX_H
#define EH_COMMON_HEX_H

#include <stddef.h>

#include "common/err.h"

/* Room for the digits of ${len} bytes and a NUL. */
#define EH_HEX_SIZE(len) (2 * (len) + 1)

/* Write ${len} bytes as lowercase digits and a NUL to ${out} of
 * EH_HEX_SIZE(${len}) bytes. */
void eh_hex_encode(const void *bytes, size_t len, char *out);

/*
 * Read ${textlen} digits, in either case and with nothing between them, to
 * ${out} of ${cap} bytes; their number goes to ${lenp} (may be NULL).
 * EH_ERR_FORMAT for an odd number or anything that is not a digit,
 * EH_ERR_SPACE; nothing can be read from ${out} then: it is all zero.
 */
EH_MUST_CHECK int eh_hex_decode(
    const char *text, size_t textlen, void *out, size_t cap, size_t *lenp);

/* Read a NUL-ended text of exactly 2 * ${len} digits; errors as above. */
EH_MUST_CHECK int eh_hex_decode_fixed(
    const char *text, void *out, size_t len);

#endif
