/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c - a bounds-checked cursor over bytes somebody else sent us. */
#include "config.h"

#include <string.h>

#include "common/reader.h"

void
eh_reader_init(struct eh_reader *r, const void *bytes, size_t len)
{
	r->next = bytes;
	r->left = len;
	r->err = EH_OK;
}

const uint8_t *
eh_reader_borrow(struct eh_reader *r, size_t len)
{
	const uint8_t *p = r->next;

	if (r->err != EH_OK)
		return NULL;
	if (len > r->left) {
		r->err = EH_ERR_FORMAT;
		return NULL;
	}
	if (len > 0) {
		r->next += len;
		r->left -= len;
	}
	return p;
}

/* The next ${len} (at most 8) bytes as a big-endian integer. */
static uint64_t
integer(struct eh_reader *r, size_t len)
{
	const uint8_t *p = eh_reader_borrow(r, len);
	uint64_t v = 0;

	for (size_t i = 0; p != NULL && i < len; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t
eh_reader_u8(struct eh_reader *r)
{
	return (uint8_t)integer(r, 1);
}

uint16_t
eh_reader_u16(struct eh_reader *r)
{
	return (uint16_t)integer(r, 2);
}

uint32_t
eh_reader_u32(struct eh_reader *r)
{
	return (uint32_t)integer(r, 4);
}

uint64_t
eh_reader_u64(struct eh_reader *r)
{
	return integer(r, 8);
}

void
eh_reader_bytes(struct eh_reader *r, void *out, size_t len)
{
	const uint8_t *p = eh_reader_borrow(r, len);

	if (len == 0)
		return;
	if (p != NULL)
		memcpy(out, p, len);
	else
		memset(out, 0, len);
}

void
eh_reader_fail(struct eh_reader *r, int err)
{
	if (r->err == EH_OK)
		r->err = err;
}

int
eh_reader_end(const struct eh_reader *r)
{
	if (r->err != EH_OK)
		return r->err;
	return r->left > 0 ? EH_ERR_TRAILING : EH_OK;
}
