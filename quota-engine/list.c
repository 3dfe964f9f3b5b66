/* SPDX-License-Identifier: Apache-2.0 */
/* list.c - a list of a reply while it grows. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "quota-engine/list.h"

#define HEAD_MAX 5u /* of a CBOR array or byte string */

void
eh_list_init(struct eh_list *l, size_t max)
{
	memset(l, 0, sizeof(*l));
	l->max = max;
	l->len = HEAD_MAX;
}

void
eh_list_wipe(struct eh_list *l)
{
	free(l->bytes);
	memset(l, 0, sizeof(*l));
}

static int
grow(struct eh_list *l, size_t more)
{
	size_t cap = l->cap > 0 ? l->cap : 4096;
	uint8_t *bytes;

	if (more > l->max || l->len - HEAD_MAX > l->max - more)
		return EH_ERR_SPACE;
	while (cap < l->len + more)
		cap *= 2;
	if (cap == l->cap)
		return EH_OK;
	if ((bytes = realloc(l->bytes, cap)) == NULL)
		return EH_ERR_MEMORY;
	l->bytes = bytes;
	l->cap = cap;
	return EH_OK;
}

int
eh_list_add_bytes(struct eh_list *l, const void *bytes, size_t len)
{
	struct eh_writer w;
	size_t used = 0;
	int err;

	if (len > l->max || (err = grow(l, len + HEAD_MAX)) == EH_ERR_SPACE)
		return EH_ERR_SPACE;
	if (err != EH_OK)
		return err;
	eh_writer_init(&w, l->bytes + l->len, l->cap - l->len);
	eh_cbor_put_bytes(&w, bytes, len);
	if ((err = eh_writer_end(&w, &used)) != EH_OK)
		return err;
	l->len += used;
	l->entries++;
	return EH_OK;
}

int
eh_list_add(struct eh_list *l, const struct eh_wire *map)
{
	uint8_t *bytes;
	size_t len = 0;
	int err;

	if ((err = eh_wire_encode_reply(map, NULL, 0, &len)) != EH_ERR_SPACE)
		return err == EH_OK ? EH_ERR_INTERNAL : err;
	if ((bytes = malloc(len)) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_wire_encode_reply(map, bytes, len, &len)) == EH_OK)
		err = eh_list_add_bytes(l, bytes, len);
	free(bytes);
	return err;
}

int
eh_list_put(struct eh_list *l, struct eh_call *c, enum eh_wire_label label)
{
	size_t body = l->len - HEAD_MAX, headlen;
	uint8_t head[HEAD_MAX];
	uint8_t *kept;

	headlen = eh_wire_list_head(head, l->entries);
	if ((kept = eh_call_keep(c, headlen + body)) == NULL)
		return EH_ERR_MEMORY;
	memcpy(kept, head, headlen);
	if (body > 0)
		memcpy(kept + headlen, l->bytes + HEAD_MAX, body);
	eh_wire_put_list(&c->out, label, kept, headlen + body, l->entries);
	return EH_OK;
}
