/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - a bounds-checked cursor over bytes somebody else sent us. */
#ifndef EH_COMMON_READER_H
#define EH_COMMON_READER_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * A reader remembers the first error (it "latches").  After that every get
 * returns zero bytes, so a parser reads straight down like the format's
 * description and asks once, at the end, with eh_reader_end().
 *
 * The reader borrows the bytes; they must outlive it and everything it
 * returned by pointer.  Nothing here allocates.  Integers are big-endian.
 */
struct eh_reader {
	const uint8_t *next;
	size_t left;
	int err;
};

void eh_reader_init(struct eh_reader *, const void *bytes, size_t len);

uint8_t eh_reader_u8(struct eh_reader *);
uint16_t eh_reader_u16(struct eh_reader *);
uint32_t eh_reader_u32(struct eh_reader *);
uint64_t eh_reader_u64(struct eh_reader *);

/* Copy exactly ${len} bytes to ${out}; on error ${out} is all zero. */
void eh_reader_bytes(struct eh_reader *, void *out, size_t len);

/* Return a pointer to the next ${len} bytes and step over them, or NULL. */
const uint8_t *eh_reader_borrow(struct eh_reader *, size_t len);

/* Latch ${err} (an EH_ERR_*) unless an error is latched already. */
void eh_reader_fail(struct eh_reader *, int err);

/* Return the latched error, EH_ERR_TRAILING if bytes are left, or EH_OK. */
EH_MUST_CHECK int eh_reader_end(const struct eh_reader *);

#endif
