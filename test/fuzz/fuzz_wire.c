/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_wire.c - requests and replies between a client and edgehsmd.  The first
 * byte chooses: 0 a request, else the reply to the request of that code. */
#include "config.h"

#include <string.h>

#include "common/wire/wire.h"
#include "test/fuzz/fuzz.h"

static void
walk(const struct eh_wire *map, enum eh_wire_label list)
{
	const uint8_t *entry;
	size_t cursor = 0, len, n = 0;
	struct eh_wire inner;

	if (!eh_wire_has(map, list))
		return;
	while (eh_wire_list_next(map, list, &cursor, &entry, &len)) {
		(void)!eh_wire_decode_reply(&inner, EH_MAP_OBJECT, entry, len);
		(void)!eh_wire_decode_reply(
		    &inner, EH_MAP_AUTHORIZATION, entry, len);
		n++;
	}
	fuzz_must(n == map->field[list].entries, "a list has its entries");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[EH_WIRE_MAX];
	struct eh_wire map;
	size_t len;
	int err;

	if (size < 1)
		return 0;
	err = data[0] == 0
	    ? eh_wire_decode_request(&map, data + 1, size - 1)
	    : eh_wire_decode_reply(&map, data[0], data + 1, size - 1);
	if (err != EH_OK)
		return 0;
	walk(&map, EH_WIRE_OBJECTS);
	walk(&map, EH_WIRE_AUTHORIZATIONS);
	walk(&map, EH_WIRE_ENTRIES);
	err = data[0] == 0
	    ? eh_wire_encode_request(&map, out, sizeof(out), &len)
	    : eh_wire_encode_reply(&map, out, sizeof(out), &len);
	fuzz_must(err == EH_OK, "what was decoded can be encoded");
	fuzz_must(len == size - 1 && memcmp(out, data + 1, len) == 0,
	    "the same bytes decode one way");
	return 0;
}
