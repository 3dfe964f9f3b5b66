/* SPDX-License-Identifier: Apache-2.0 */
/* writer.h - a bounds-checked cursor that fills the caller's memory. */
#ifndef EH_COMMON_WRITER_H
#define EH_COMMON_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * A writer latches like a reader: when the memory is too small it remembers
 * EH_ERR_SPACE and goes on counting, so that ${len} says in the end how much
 * would have been needed.  With ${out} NULL and ${cap} 0 it only counts.
 * The memory is the caller's.  Integers are big-endian.
 */
struct eh_writer {
	uint8_t *out;
	size_t cap, len;
	int err;
};

void eh_writer_init(struct eh_writer *, void *out, size_t cap);

void eh_writer_u8(struct eh_writer *, uint8_t);
void eh_writer_u16(struct eh_writer *, uint16_t);
void eh_writer_u32(struct eh_writer *, uint32_t);
void eh_writer_u64(struct eh_writer *, uint64_t);
void eh_writer_bytes(struct eh_writer *, const void *bytes, size_t len);

/* Latch ${err} (an EH_ERR_*) unless an error is latched already. */
void eh_writer_fail(struct eh_writer *, int err);

/* Return the latched error or EH_OK; set ${lenp} to the bytes written, or, with
 * EH_ERR_SPACE, to the bytes needed. */
EH_MUST_CHECK int eh_writer_end(const struct eh_writer *, size_t *lenp);

#endif
