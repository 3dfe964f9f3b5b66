/* SPDX-License-Identifier: Apache-2.0 */
/* list.h - a list of a reply while it grows. */
#ifndef EH_QUOTA_ENGINE_LIST_H
#define EH_QUOTA_ENGINE_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "quota-engine/call.h"

/*
 * A run of CBOR byte strings.  add() encodes ${map}, which is a row that stands
 * in lists (EH_MAP_OBJECT ...); add_bytes() takes bytes as they are.  put()
 * closes the list and puts it into the reply under ${label}.  EH_ERR_SPACE when
 * it would exceed ${max} bytes, EH_ERR_MEMORY.
 */
struct eh_list {
	uint8_t *bytes;		/* room for the array's head in front */
	size_t len, cap, max;
	size_t entries;
};

void eh_list_init(struct eh_list *, size_t max);
void eh_list_wipe(struct eh_list *);
EH_MUST_CHECK int eh_list_add(struct eh_list *, const struct eh_wire *map);
EH_MUST_CHECK int eh_list_add_bytes(
    struct eh_list *, const void *bytes, size_t len);
EH_MUST_CHECK int eh_list_put(
    struct eh_list *, struct eh_call *, enum eh_wire_label label);

#endif
