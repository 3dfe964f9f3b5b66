/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - one request and its reply, and who asks. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/wipe.h"
#include "quota-engine/call.h"

#define ALIGN 16u

struct eh_call_block {
	struct eh_call_block *next;
	size_t len;
	_Alignas(ALIGN) uint8_t bytes[];
};

void
eh_call_init(struct eh_call *c, struct eh_caller *caller,
    const struct eh_wire *in)
{
	c->caller = caller;
	c->in = in;
	c->blocks = NULL;
	c->used = 0;
	eh_wire_init(&c->out, in->code, EH_OK);
}

void
eh_call_wipe(struct eh_call *c)
{
	while (c->blocks != NULL) {
		struct eh_call_block *b = c->blocks;

		c->blocks = b->next;
		eh_wipe(b->bytes, b->len);
		free(b);
	}
	eh_wipe(c->room, c->used);
	c->used = 0;
}

void *
eh_call_keep(struct eh_call *c, size_t len)
{
	struct eh_call_block *b;
	size_t whole = (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);

	if (whole < len)
		return NULL;
	if (whole <= sizeof(c->room) - c->used) {
		void *kept = c->room + c->used;

		c->used += whole;
		return kept;
	}
	if (whole > SIZE_MAX - sizeof(*b) ||
	    (b = malloc(sizeof(*b) + whole)) == NULL)
		return NULL;
	b->len = whole;
	b->next = c->blocks;
	c->blocks = b;
	return b->bytes;
}

void
eh_call_say(struct eh_call *c, const char *sentence)
{
	eh_call_say_as(c, EH_WIRE_TEXT, sentence);
}

void
eh_call_say_as(
    struct eh_call *c, enum eh_wire_label label, const char *sentence)
{
	size_t len = strlen(sentence);
	char *text = eh_call_keep(c, len + 1);

	if (text == NULL)
		return;
	for (size_t i = 0; i < len; i++)
		text[i] = sentence[i] >= 0x20 && sentence[i] < 0x7f
		    ? sentence[i]
		    : '?';
	text[len] = '\0';
	eh_wire_put_text(&c->out, label, text);
}
