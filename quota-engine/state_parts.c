/* SPDX-License-Identifier: Apache-2.0 */
/* state_parts.c - what the parts of the state blob share. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "quota-engine/state_parts.h"

uint8_t
eh_state_get_small(struct eh_cbor *c, uint64_t max)
{
	return (uint8_t)eh_cbor_uint(c, 0, max);
}

void
eh_state_put_label(struct eh_writer *w, const char *text)
{
	eh_cbor_put_bytes(w, text, strlen(text));
}

void
eh_state_get_label(struct eh_cbor *c, char out[EH_STATE_LABEL + 1])
{
	size_t len;
	const uint8_t *p = eh_cbor_bytes(c, 0, EH_STATE_LABEL, &len);

	if (memchr(p, 0, len) != NULL)
		eh_cbor_fail(c, EH_ERR_FORMAT);
	memcpy(out, p, len);
	out[len] = '\0';
}

void
eh_state_put_rawkey(struct eh_writer *w, const struct eh_rawkey *key)
{
	eh_cbor_put_bytes(w, key->bytes, key->len);
}

void
eh_state_get_rawkey(struct eh_cbor *c, struct eh_rawkey *key)
{
	size_t len;
	const uint8_t *p = eh_cbor_bytes(c, 0, EH_RAWKEY_MAX, &len);

	if (len == 0)
		return;
	if (eh_rawkey_set(key, p, len) != EH_OK)
		eh_cbor_fail(c, EH_ERR_FORMAT);
}
