/* SPDX-License-Identifier: Apache-2.0 */
/* state_parts.h - the parts of the state blob, as deterministic CBOR. */
#ifndef EH_QUOTA_ENGINE_STATE_PARTS_H
#define EH_QUOTA_ENGINE_STATE_PARTS_H

#include "common/cbor/cbor.h"
#include "quota-engine/state.h"

/*
 * doc/format/state.md section 1.  Each part is an array with its members in the
 * order of the struct; a put and its get stand together, and read the same way
 * down.  A get fails by the latch of ${c}; the state it leaves behind then is
 * worth nothing.  The parts are read in the order of their numbers, so one may
 * go by what those before it said (how many rows there are, which mode).
 *
 * A new part: a pair here, a row in the table of state_format.c with the version
 * that it came with, a line in state.md.  Older versions are read without it, so
 * all zero must mean what was true before there was such a part.
 */

/* state_self.c */
void eh_state_put_copy(struct eh_writer *, const struct eh_state *);
void eh_state_get_copy(struct eh_cbor *, struct eh_state *);
void eh_state_put_identity(struct eh_writer *, const struct eh_state *);
void eh_state_get_identity(struct eh_cbor *, struct eh_state *);
void eh_state_put_token(struct eh_writer *, const struct eh_state *);
void eh_state_get_token(struct eh_cbor *, struct eh_state *);

/* state_keys.c */
void eh_state_put_keys(struct eh_writer *, const struct eh_state *);
void eh_state_get_keys(struct eh_cbor *, struct eh_state *);
void eh_state_put_pins(struct eh_writer *, const struct eh_state *);
void eh_state_get_pins(struct eh_cbor *, struct eh_state *);

/* state_rows.c */
void eh_state_put_rows(struct eh_writer *, const struct eh_state *);
void eh_state_get_rows(struct eh_cbor *, struct eh_state *);

/* state_issuers.c */
void eh_state_put_in_force(struct eh_writer *, const struct eh_state *);
void eh_state_get_in_force(struct eh_cbor *, struct eh_state *);
void eh_state_put_grant(struct eh_writer *, const struct eh_state *);
void eh_state_get_grant(struct eh_cbor *, struct eh_state *);
void eh_state_put_issuers(struct eh_writer *, const struct eh_state *);
void eh_state_get_issuers(struct eh_cbor *, struct eh_state *);
void eh_state_put_kids(struct eh_writer *, const struct eh_state *);
void eh_state_get_kids(struct eh_cbor *, struct eh_state *);
void eh_state_put_revoked(struct eh_writer *, const struct eh_state *);
void eh_state_get_revoked(struct eh_cbor *, struct eh_state *);

/* state_log.c */
void eh_state_put_clock(struct eh_writer *, const struct eh_state *);
void eh_state_get_clock(struct eh_cbor *, struct eh_state *);
void eh_state_put_guard(struct eh_writer *, const struct eh_state *);
void eh_state_get_guard(struct eh_cbor *, struct eh_state *);
void eh_state_put_log(struct eh_writer *, const struct eh_state *);
void eh_state_get_log(struct eh_cbor *, struct eh_state *);
void eh_state_put_acked(struct eh_writer *, const struct eh_state *);
void eh_state_get_acked(struct eh_cbor *, struct eh_state *);

/* state_counts.c */
void eh_state_put_counts(struct eh_writer *, const struct eh_state *);
void eh_state_get_counts(struct eh_cbor *, struct eh_state *);

/* state_parts.c, for the others: a number of one byte; a label, which may be
 * UTF-8, so it is a byte string, without a NUL inside; a public key. */
uint8_t eh_state_get_small(struct eh_cbor *, uint64_t max);
void eh_state_put_label(struct eh_writer *, const char *text);
void eh_state_get_label(struct eh_cbor *, char out[EH_STATE_LABEL + 1]);
void eh_state_put_rawkey(struct eh_writer *, const struct eh_rawkey *);
void eh_state_get_rawkey(struct eh_cbor *, struct eh_rawkey *);

#endif
