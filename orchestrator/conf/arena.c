/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - many small pieces of memory that live and end together. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/conf/arena.h"

/* One malloc each, so that the sanitizers see every overrun. */
struct eh_arena_piece {
	struct eh_arena_piece *next;
	max_align_t bytes[];
};

void *
eh_arena_alloc(struct eh_arena *arena, size_t count, size_t size)
{
	struct eh_arena_piece *piece;

	if (size != 0 && count > (SIZE_MAX - sizeof(*piece)) / size)
		return NULL;
	piece = calloc(1, sizeof(*piece) + count * size);
	if (piece == NULL)
		return NULL;
	piece->next = arena->pieces;
	arena->pieces = piece;
	return piece->bytes;
}

char *
eh_arena_text(struct eh_arena *arena, const char *text, size_t len)
{
	char *copy = len == SIZE_MAX ? NULL : eh_arena_alloc(arena, len + 1, 1);

	if (copy != NULL && len != 0)
		memcpy(copy, text, len);
	return copy;
}

void
eh_arena_wipe(struct eh_arena *arena)
{
	struct eh_arena_piece *next;

	for (struct eh_arena_piece *p = arena->pieces; p != NULL; p = next) {
		next = p->next;
		free(p);
	}
	arena->pieces = NULL;
}
