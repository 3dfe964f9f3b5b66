/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - many small pieces of memory that live and end together. */
#ifndef EH_ORCHESTRATOR_CONF_ARENA_H
#define EH_ORCHESTRATOR_CONF_ARENA_H

#include <stddef.h>

/*
 * A document and the structs made from it end together, so each has one arena.
 * It never holds secrets.  Zero is an empty arena.
 */
struct eh_arena {
	struct eh_arena_piece *pieces;
};

/* Return ${count} * ${size} zero bytes, aligned for anything, or NULL. */
void *eh_arena_alloc(struct eh_arena *arena, size_t count, size_t size);

/* Return a copy of ${len} bytes with a NUL behind them, or NULL. */
char *eh_arena_text(struct eh_arena *arena, const char *text, size_t len);

/* Free all pieces. */
void eh_arena_wipe(struct eh_arena *arena);

#endif
