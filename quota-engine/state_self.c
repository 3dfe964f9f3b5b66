/* SPDX-License-Identifier: Apache-2.0 */
/* state_self.c - parts of the state blob: the copy, identity, token. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "quota-engine/state_parts.h"

void
eh_state_put_copy(struct eh_writer *w, const struct eh_state *st)
{
	eh_cbor_put_array(w, 4);
	eh_cbor_put_uint(w, st->commit);
	eh_cbor_put_bytes(w, st->previous, EH_DIGEST_LEN);
	eh_cbor_put_uint(w, st->boots);
	eh_cbor_put_bool(w, st->clean);
}

void
eh_state_get_copy(struct eh_cbor *c, struct eh_state *st)
{
	eh_cbor_array(c, 4, 4);
	st->commit = eh_cbor_uint(c, 1, EH_U53_MAX);
	eh_cbor_fixed(c, st->previous, EH_DIGEST_LEN);
	st->boots = eh_cbor_uint(c, 1, EH_U53_MAX);
	st->clean = (uint8_t)eh_cbor_bool(c);
	eh_cbor_leave(c);
}

/* What the anchor's mode adds to the identity. */
static unsigned
anchor_members(unsigned mode)
{
	static const uint8_t members[] = { [EH_ANCHOR_FILE] = 0,
		[EH_ANCHOR_TPM_PLATFORM] = 2, [EH_ANCHOR_TPM_OWNER] = 4 };

	return members[mode];
}

void
eh_state_put_identity(struct eh_writer *w, const struct eh_state *st)
{
	unsigned more = anchor_members(st->anchor_mode);

	eh_cbor_put_array(w, 5 + more);
	eh_cbor_put_bytes(w, st->hsm_id, EH_HSM_ID_LEN);
	eh_state_put_rawkey(w, &st->root);
	eh_cbor_put_text(w, st->factory);
	eh_cbor_put_uint(w, st->anchor_class);
	eh_cbor_put_uint(w, st->anchor_mode);
	if (more >= 2) {
		eh_cbor_put_bytes(w, st->anchor.key, EH_TPM_NAME);
		eh_cbor_put_bytes(w, st->anchor.index, EH_TPM_NAME);
	}
	if (more == 4) {
		eh_cbor_put_bytes(w, st->anchor.counter, EH_TPM_NAME);
		eh_cbor_put_uint(w, st->anchor.count);
	}
}

void
eh_state_get_identity(struct eh_cbor *c, struct eh_state *st)
{
	size_t n = eh_cbor_array(c, 5, 9);

	eh_cbor_fixed(c, st->hsm_id, EH_HSM_ID_LEN);
	eh_state_get_rawkey(c, &st->root);
	eh_cbor_text_copy(c, 0, st->factory, sizeof(st->factory));
	st->anchor_class = eh_state_get_small(c, EH_CLASS_CERTIFIED);
	st->anchor_mode = eh_state_get_small(c, EH_ANCHOR_TPM_OWNER);
	if (n != 5 + anchor_members(st->anchor_mode))
		eh_cbor_fail(c, EH_ERR_FORMAT);
	if (n >= 7) {
		eh_cbor_fixed(c, st->anchor.key, EH_TPM_NAME);
		eh_cbor_fixed(c, st->anchor.index, EH_TPM_NAME);
	}
	if (n == 9) {
		eh_cbor_fixed(c, st->anchor.counter, EH_TPM_NAME);
		st->anchor.count = eh_cbor_uint(c, 0, UINT64_MAX);
	}
	eh_cbor_leave(c);
}

void
eh_state_put_token(struct eh_writer *w, const struct eh_state *st)
{
	eh_cbor_put_array(w, 2);
	eh_state_put_label(w, st->label);
	eh_cbor_put_uint(w, st->next_object);
}

void
eh_state_get_token(struct eh_cbor *c, struct eh_state *st)
{
	eh_cbor_array(c, 2, 2);
	eh_state_get_label(c, st->label);
	st->next_object = eh_cbor_uint(c, 0, EH_U53_MAX);
	eh_cbor_leave(c);
}
