/* SPDX-License-Identifier: Apache-2.0 */
/* items.h - the common types of the schema, read and written; for the files of
 * common/message. */
#ifndef EH_COMMON_MESSAGE_ITEMS_H
#define EH_COMMON_MESSAGE_ITEMS_H

#include "common/cbor/cbor.h"
#include "common/message/types.h"

/*
 * Each reads the next item of the decoder as one type of doc/format/message.md
 * section 2, with its limits, and latches EH_ERR_FORMAT when it is not that.
 * Outputs are then empty or zero, and always safe to print.
 */
#define EH_ITEMS_MAX 512	/* items of a message; receipts have more */
#define EH_VERSION   1		/* of the schema */

void eh_item_name(struct eh_cbor *, char name[EH_NAME_MAX + 1]);
void eh_item_text(struct eh_cbor *, char text[EH_TEXT_MAX + 1]);
uint64_t eh_item_time(struct eh_cbor *);
uint64_t eh_item_u53(struct eh_cbor *);
uint32_t eh_item_u32(struct eh_cbor *);
uint16_t eh_item_u16(struct eh_cbor *);
uint8_t eh_item_u8(struct eh_cbor *);

/* A byte string of ${min} to ${max} bytes (at most 65535) copied to ${out};
 * return its length. */
uint16_t eh_item_octets(
    struct eh_cbor *, size_t min, size_t max, uint8_t *out);

void eh_item_device_id(struct eh_cbor *, struct eh_device_id *);
void eh_item_nonce(struct eh_cbor *, struct eh_nonce *);
void eh_item_rawkey(struct eh_cbor *, struct eh_rawkey *);

/* A bstr that holds a DER SubjectPublicKeyInfo.  Both kinds of key may latch
 * EH_ERR_UNSUPPORTED too. */
void eh_item_spki(struct eh_cbor *, struct eh_rawkey *);

/* Counters, each with used + burned <= reserved <= quota. */
void eh_item_counters(struct eh_cbor *, struct eh_counters *);

void eh_item_profile_ref(struct eh_cbor *, struct eh_profile_ref *);
void eh_item_software(struct eh_cbor *, struct eh_software *);
void eh_item_in_force(struct eh_cbor *, struct eh_in_force *);

/* Key -70001 and its value, which must be EH_VERSION. */
void eh_item_version(struct eh_cbor *);

/*
 * End a decoder of ${what} ("receipt") that was given ${len} bytes: EH_OK, or
 * the latched error with a sentence that says at which byte.
 */
EH_MUST_CHECK int eh_item_end(const struct eh_cbor *, size_t len,
    const char *what, struct eh_error *);

/* The same things written. */
void eh_item_put_device_id(struct eh_writer *, const struct eh_device_id *);
void eh_item_put_nonce(struct eh_writer *, const struct eh_nonce *);
void eh_item_put_rawkey(struct eh_writer *, const struct eh_rawkey *);
void eh_item_put_spki(struct eh_writer *, const struct eh_rawkey *);
void eh_item_put_counters(struct eh_writer *, const struct eh_counters *);
void eh_item_put_profile_ref(
    struct eh_writer *, const struct eh_profile_ref *);
void eh_item_put_software(struct eh_writer *, const struct eh_software *);
void eh_item_put_in_force(struct eh_writer *, const struct eh_in_force *);
void eh_item_put_version(struct eh_writer *);

/* A map key and an unsigned value; a map key and a byte string. */
void eh_item_put_pair(struct eh_writer *, int64_t key, uint64_t value);
void eh_item_put_pair_bytes(
    struct eh_writer *, int64_t key, const void *bytes, size_t len);

/* A map key and a text. */
void eh_item_put_pair_text(struct eh_writer *, int64_t key, const char *text);

#endif
