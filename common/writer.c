/* SPDX-License-Identifier: Apache-2.0 */
/* writer.c - a bounds-checked cursor that fills the caller's memory. */
#include "config.h"

#include <string.h>

#include "common/writer.h"

void
eh_writer_init(struct eh_writer *w, void *out, size_t cap)
{
	w->out = out;
	w->cap = cap;
	w->len = 0;
	w->err = EH_OK;
}

void
eh_writer_bytes(struct eh_writer *w, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	/* A count that cannot be told must not come out small. */
	if (len > SIZE_MAX - w->len) {
		eh_writer_fail(w, EH_ERR_ARGUMENT);
		return;
	}
	/* Once a piece did not fit, a smaller one behind it must not either. */
	if (w->err == EH_OK && len > w->cap - w->len)
		w->err = EH_ERR_SPACE;
	if (w->err == EH_OK)
		memcpy(w->out + w->len, bytes, len);
	w->len += len;
}

/* The low ${len} bytes of ${v}, the highest first. */
static void
integer(struct eh_writer *w, uint64_t v, size_t len)
{
	uint8_t b[8];

	for (size_t i = len; i-- > 0; v >>= 8)
		b[i] = (uint8_t)v;
	eh_writer_bytes(w, b, len);
}

void
eh_writer_u8(struct eh_writer *w, uint8_t v)
{
	/* Most of what is written is one byte long. */
	if (w->err == EH_OK && w->len < w->cap)
		w->out[w->len++] = v;
	else
		eh_writer_bytes(w, &v, 1);
}

void
eh_writer_u16(struct eh_writer *w, uint16_t v)
{
	integer(w, v, 2);
}

void
eh_writer_u32(struct eh_writer *w, uint32_t v)
{
	integer(w, v, 4);
}

void
eh_writer_u64(struct eh_writer *w, uint64_t v)
{
	integer(w, v, 8);
}

void
eh_writer_fail(struct eh_writer *w, int err)
{
	if (w->err == EH_OK)
		w->err = err;
}

int
eh_writer_end(const struct eh_writer *w, size_t *lenp)
{
	if (lenp != NULL)
		*lenp = w->err == EH_OK || w->err == EH_ERR_SPACE ? w->len : 0;
	return w->err;
}
