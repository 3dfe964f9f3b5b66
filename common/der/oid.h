/* SPDX-License-Identifier: Apache-2.0 */
/* oid.h - object identifiers: dotted text and DER contents (X.690 8.19). */
#ifndef EH_COMMON_DER_OID_H
#define EH_COMMON_DER_OID_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* The longest contents that are written, and room for the text of any of that
 * length, its NUL included.  An arc is at most 2^32 - 1. */
#define EH_OID_MAX 32
#define EH_OID_TEXT 136

/*
 * Encode the dotted text ${text} ("2.5.4.3": at least two arcs, no leading
 * zeros) to the contents of an OBJECT IDENTIFIER.  Return EH_OK, EH_ERR_FORMAT
 * or EH_ERR_SPACE (longer than EH_OID_MAX or than ${cap}).
 */
EH_MUST_CHECK int eh_oid_encode(
    const char *text, uint8_t *out, size_t cap, size_t *lenp);

/* Write the dotted text of contents and a NUL to ${out}.  Return EH_OK;
 * EH_ERR_FORMAT (not the shortest form, cut off, an arc above 2^32 - 1) or
 * EH_ERR_SPACE, and then ${out} says nothing. */
EH_MUST_CHECK int eh_oid_decode(
    const uint8_t *contents, size_t len, char *out, size_t cap);

/* Return 1 when ${contents} are well formed (arcs of any size), else 0. */
int eh_oid_check(const uint8_t *contents, size_t len);

/* Return 1 when ${contents} are the OID that ${text} says, else 0. */
int eh_oid_is(const uint8_t *contents, size_t len, const char *text);

#endif
