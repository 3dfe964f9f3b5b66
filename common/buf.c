/* SPDX-License-Identifier: Apache-2.0 */
/* buf.c - a growable byte buffer that knows where to stop. */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/wipe.h"

#define FIRST_CAP 64

void
eh_buf_init(struct eh_buf *b, size_t max)
{
	*b = (struct eh_buf){ .max = max };
}

/* At least double, so that appending n bytes copies O(n); never above max. */
static size_t
grown(const struct eh_buf *b, size_t need)
{
	size_t cap = b->cap < FIRST_CAP ? FIRST_CAP : b->cap;

	while (cap < need && cap <= b->max / 2)
		cap *= 2;
	if (cap < need || cap > b->max)
		cap = b->max;
	return cap;
}

int
eh_buf_reserve(struct eh_buf *b, size_t more)
{
	uint8_t *data;
	size_t cap;

	if (more > b->max - b->len)
		return EH_ERR_FULL;
	if (more <= b->cap - b->len)
		return EH_OK;
	cap = grown(b, b->len + more);
	/* Not realloc(): it would leave a copy behind that nobody wipes. */
	if ((data = malloc(cap)) == NULL)
		return EH_ERR_MEMORY;
	if (b->len > 0)
		memcpy(data, b->data, b->len);
	eh_wipe(b->data, b->cap);
	free(b->data);
	b->data = data;
	b->cap = cap;
	return EH_OK;
}

void
eh_buf_extend(struct eh_buf *b, size_t more)
{
	assert(more <= b->cap - b->len);
	b->len += more;
}

int
eh_buf_append(struct eh_buf *b, const void *bytes, size_t len)
{
	int err;

	if ((err = eh_buf_reserve(b, len)) != EH_OK)
		return err;
	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	return EH_OK;
}

void
eh_buf_clear(struct eh_buf *b)
{
	eh_wipe(b->data, b->cap);
	b->len = 0;
}

uint8_t *
eh_buf_take(struct eh_buf *b, size_t *lenp)
{
	uint8_t *data = b->data;

	if (lenp != NULL)
		*lenp = b->len;
	b->data = NULL;
	b->len = b->cap = 0;
	return data;
}

void
eh_buf_free(struct eh_buf *b)
{
	if (b == NULL)
		return;
	eh_wipe(b->data, b->cap);
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}
