/* SPDX-License-Identifier: Apache-2.0 */
/* ct.h - comparing secrets without telling how far they agree. */
#ifndef EH_COMMON_CT_H
#define EH_COMMON_CT_H

#include <stddef.h>

/*
 * The time of these depends on ${len} only, never on the bytes.  Lengths are
 * public: compare digests or KDF results of equal length, never texts.
 */

/* Return 1 when ${len} bytes at ${a} and ${b} are equal, 0 when not; no bytes
 * are equal. */
int eh_ct_equal(const void *a, const void *b, size_t len);

/* Return 1 when all ${len} bytes are zero, else 0: "no PIN is set". */
int eh_ct_zero(const void *bytes, size_t len);

#endif
