/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h - a growable byte buffer that knows where to stop. */
#ifndef EH_COMMON_BUF_H
#define EH_COMMON_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * ${len} bytes at ${data} are in use, ${cap} are allocated, and it never grows
 * above ${max}: whoever feeds it cannot take more memory than was meant.  It
 * may hold secrets, so whatever it lets go of (also when it grows) is wiped
 * first.  Read the fields, change them only through the functions.  ${data} is
 * NULL while nothing was ever put in.
 */
struct eh_buf {
	uint8_t *data;
	size_t len, cap, max;
};

/* Begin an empty buffer for at most ${max} bytes; nothing is allocated. */
void eh_buf_init(struct eh_buf *, size_t max);

/*
 * Make room for ${more} bytes behind the ${len} in use, so that the caller may
 * write there and call eh_buf_extend().  EH_ERR_FULL when that would exceed
 * ${max}, EH_ERR_MEMORY; the contents are untouched then.
 */
EH_MUST_CHECK int eh_buf_reserve(struct eh_buf *, size_t more);

/* Count ${more} bytes that were written into reserved room as in use. */
void eh_buf_extend(struct eh_buf *, size_t more);

/* Append ${len} bytes, all or none; errors as eh_buf_reserve(). */
EH_MUST_CHECK int eh_buf_append(struct eh_buf *, const void *bytes, size_t len);

/* Empty it and wipe what it held; the memory stays allocated. */
void eh_buf_clear(struct eh_buf *);

/*
 * Return the bytes as memory that the caller frees (and wipes), and their
 * number in ${lenp} (may be NULL); the buffer is empty afterwards.  NULL when
 * nothing was ever allocated.
 */
uint8_t *eh_buf_take(struct eh_buf *, size_t *lenp);

/* Wipe and free the contents.  NULL and a second call are allowed. */
void eh_buf_free(struct eh_buf *);

#endif
