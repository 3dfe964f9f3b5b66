/* SPDX-License-Identifier: Apache-2.0 */
/* show.c - telling what the bytes of a file are. */
#include "config.h"

#include "common/cbor/cbor.h"
#include "orchestrator/authority/show.h"

#define COSE_SIGN1 0xd2		/* tag 18 */
#define ITEMS      64
#define TEXT       3		/* major type */

int
eh_show_kind(const void *bytes, size_t len, enum eh_show_kind *kindp,
    struct eh_error *error)
{
	const uint8_t *p = bytes;
	struct eh_cbor c;

	if (len > 0 && p[0] == COSE_SIGN1) {
		*kindp = EH_SHOW_MESSAGE;
		return EH_OK;
	}
	/* Both others are maps that begin with their version, 1; then comes a
	 * name in a profile, and a number in a record. */
	eh_cbor_init(&c, bytes, len, ITEMS);
	eh_cbor_map(&c, 2, ITEMS);
	eh_cbor_key(&c, 0);
	if (eh_cbor_uint(&c, 1, 1) == 1 && eh_cbor_if_key(&c, 1)) {
		*kindp = eh_cbor_peek(&c) == TEXT ? EH_SHOW_PROFILE
						  : EH_SHOW_RECORD;
		return EH_OK;
	}
	return eh_error_set(error, EH_ERR_FORMAT,
	    "neither a signed message nor a compiled profile nor a record");
}
