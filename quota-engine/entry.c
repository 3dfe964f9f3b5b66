/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c - the journal's bytes: segment headers and entries. */
#include "config.h"

#include <string.h>

#include "common/crc.h"
#include "common/crypto/cipher.h"
#include "common/ct.h"
#include "common/reader.h"
#include "common/writer.h"
#include "quota-engine/entry.h"

static const uint8_t segment_magic[8] = { 'E', 'H', 'J', 'S', 'E', 'G', '1',
	0 };
static const char segment_label[] = "EdgeHSM-segment-v1";
static const char entry_label[] = "EdgeHSM-journal-v1";
static const uint8_t entry_magic[4] = { 'E', 'H', 'J', '1' };
#define SIGNED   44		/* header bytes under MAC and CRC */
#define CRC_AT   44
#define MAC_AT   48
#define LAST     1u		/* flag */

void
eh_journal_keys_init(struct eh_journal_keys *keys,
    const uint8_t journal[EH_DIGEST_LEN], const uint8_t private[EH_DIGEST_LEN])
{
	eh_hmac_sha256_init(&keys->mac, journal, EH_DIGEST_LEN);
	memcpy(keys->private, private, EH_DIGEST_LEN);
}

static void
segment_mac(const struct eh_journal_keys *keys, const uint8_t *bytes,
    uint8_t mac[EH_SHA256_LEN])
{
	struct eh_hmac_sha256 h = keys->mac;

	eh_hmac_sha256_update(&h, segment_label, sizeof(segment_label) - 1);
	eh_hmac_sha256_update(&h, bytes, EH_SEGMENT_HEADER - EH_SHA256_LEN);
	eh_hmac_sha256_final(&h, mac);
}

void
eh_segment_encode(const struct eh_segment *s,
    const struct eh_journal_keys *keys, uint8_t out[EH_SEGMENT_HEADER])
{
	struct eh_writer w;

	memset(out, 0, EH_SEGMENT_HEADER);
	eh_writer_init(&w, out, EH_SEGMENT_HEADER);
	eh_writer_bytes(&w, segment_magic, sizeof(segment_magic));
	eh_writer_u64(&w, s->number);
	eh_writer_u64(&w, s->first);
	eh_writer_u64(&w, s->group);
	eh_writer_u64(&w, s->commit);
	eh_writer_bytes(&w, s->hsm_id, EH_HSM_ID_LEN);
	eh_writer_bytes(&w, s->leaf, EH_DIGEST_LEN);
	eh_writer_u32(&w, (uint32_t)s->reason << 24);
	eh_writer_u32(&w, s->size);
	segment_mac(keys, out, out + EH_SEGMENT_HEADER - EH_SHA256_LEN);
}

int
eh_segment_decode(struct eh_segment *s, const struct eh_journal_keys *keys,
    const uint8_t bytes[EH_SEGMENT_HEADER])
{
	uint8_t mac[EH_SHA256_LEN];
	struct eh_reader r;
	const uint8_t *magic;
	uint32_t reason;

	memset(s, 0, sizeof(*s));
	segment_mac(keys, bytes, mac);
	if (!eh_ct_equal(
	        mac, bytes + EH_SEGMENT_HEADER - EH_SHA256_LEN, EH_SHA256_LEN))
		return EH_ERR_FORMAT;
	eh_reader_init(&r, bytes, EH_SEGMENT_HEADER);
	magic = eh_reader_borrow(&r, sizeof(segment_magic));
	s->number = eh_reader_u64(&r);
	s->first = eh_reader_u64(&r);
	s->group = eh_reader_u64(&r);
	s->commit = eh_reader_u64(&r);
	eh_reader_bytes(&r, s->hsm_id, EH_HSM_ID_LEN);
	eh_reader_bytes(&r, s->leaf, EH_DIGEST_LEN);
	reason = eh_reader_u32(&r);
	s->size = eh_reader_u32(&r);
	s->reason = reason >> 24;
	if (memcmp(magic, segment_magic, sizeof(segment_magic)) != 0 ||
	    (reason & 0xffffff) != 0 || s->reason > EH_SEGMENT_UNCLEAN ||
	    s->size < EH_SEGMENT_MIN || s->size > EH_SEGMENT_MAX)
		return EH_ERR_FORMAT;
	return EH_OK;
}

size_t
eh_entry_length(size_t recordlen, size_t privatelen)
{
	return (EH_ENTRY_HEADER + recordlen + privatelen + 7) & ~(size_t)7;
}

static void
entry_mac(const struct eh_journal_keys *keys, const uint8_t *header,
    const uint8_t *body, size_t len, uint8_t mac[EH_SHA256_LEN])
{
	struct eh_hmac_sha256 h = keys->mac;

	eh_hmac_sha256_update(&h, entry_label, sizeof(entry_label) - 1);
	eh_hmac_sha256_update(&h, header, SIGNED);
	eh_hmac_sha256_update(&h, body, len);
	eh_hmac_sha256_final(&h, mac);
}

/* Over what is stored: all but itself. */
static uint32_t
entry_crc(const uint8_t *bytes, size_t length)
{
	uint32_t crc = eh_crc32c(0, bytes, SIGNED);

	return eh_crc32c(crc, bytes + MAC_AT, length - MAC_AT);
}

int
eh_entry_seal(const struct eh_entry *e, const struct eh_journal_keys *keys,
    uint8_t *out)
{
	uint8_t mac[EH_SHA256_LEN], *body = out + EH_ENTRY_HEADER;
	size_t used = e->recordlen + e->privatelen;
	size_t length = eh_entry_length(e->recordlen, e->privatelen);
	struct eh_writer w;
	int err;

	eh_writer_init(&w, out, EH_ENTRY_HEADER);
	eh_writer_bytes(&w, entry_magic, sizeof(entry_magic));
	eh_writer_u32(&w, (uint32_t)length);
	eh_writer_u64(&w, e->seq);
	eh_writer_u64(&w, e->group);
	eh_writer_u64(&w, e->commit);
	eh_writer_u32(&w, (uint32_t)e->recordlen);
	eh_writer_u32(&w, (uint32_t)e->privatelen);
	eh_writer_u16(&w, (uint16_t)e->type);
	eh_writer_u16(&w, e->last ? LAST : 0);
	memset(body + used, 0, length - EH_ENTRY_HEADER - used);
	/* The MAC of the clear text is the first counter block (SIV): a seq
	 * that comes twice can repeat nothing but equality. */
	entry_mac(keys, out, body, used, mac);
	memcpy(out + MAC_AT, mac, EH_ENTRY_MAC);
	err = eh_aes256_ctr(keys->private, out + MAC_AT, body + e->recordlen,
	    body + e->recordlen, e->privatelen);
	eh_writer_init(&w, out + CRC_AT, 4);
	eh_writer_u32(&w, entry_crc(out, length));
	return err;
}

/* Read the header's numbers; 0 when they cannot be an entry's. */
static int
read_header(struct eh_entry *e, const uint8_t *bytes, size_t len)
{
	struct eh_reader r;
	uint16_t flags;

	memset(e, 0, sizeof(*e));
	eh_reader_init(&r, bytes, EH_ENTRY_HEADER);
	(void)eh_reader_u32(&r);
	e->length = eh_reader_u32(&r);
	e->seq = eh_reader_u64(&r);
	e->group = eh_reader_u64(&r);
	e->commit = eh_reader_u64(&r);
	e->recordlen = eh_reader_u32(&r);
	e->privatelen = eh_reader_u32(&r);
	e->type = eh_reader_u16(&r);
	flags = eh_reader_u16(&r);
	e->last = flags & LAST;
	return e->recordlen <= EH_RECORD_MAX &&
	    e->privatelen <= EH_PRIVATE_MAX && e->length <= len &&
	    e->length == eh_entry_length(e->recordlen, e->privatelen) &&
	    (flags & ~LAST) == 0 &&
	    (e->type == EH_ENTRY_RECORD ||
	        (e->type == EH_ENTRY_END && e->recordlen == 0 &&
	            e->privatelen == 0));
}

enum eh_entry_found
eh_entry_open(struct eh_entry *e, const struct eh_journal_keys *keys,
    uint8_t *bytes, size_t len)
{
	uint8_t mac[EH_SHA256_LEN], *body = bytes + EH_ENTRY_HEADER;
	struct eh_reader r;
	size_t used;

	if (len >= sizeof(entry_magic) &&
	    eh_ct_zero(bytes, sizeof(entry_magic)))
		return EH_ENTRY_NONE;
	if (len < EH_ENTRY_HEADER ||
	    memcmp(bytes, entry_magic, sizeof(entry_magic)) != 0 ||
	    !read_header(e, bytes, len))
		return EH_ENTRY_TORN;
	eh_reader_init(&r, bytes + CRC_AT, 4);
	if (eh_reader_u32(&r) != entry_crc(bytes, e->length))
		return EH_ENTRY_TORN;
	e->record = body;
	e->private = body + e->recordlen;
	if (eh_aes256_ctr(keys->private, bytes + MAC_AT, e->private, e->private,
	        e->privatelen) != EH_OK)
		return EH_ENTRY_FORGED;
	used = EH_ENTRY_HEADER + e->recordlen + e->privatelen;
	entry_mac(keys, bytes, body, used - EH_ENTRY_HEADER, mac);
	if (eh_ct_equal(mac, bytes + MAC_AT, EH_ENTRY_MAC) &&
	    eh_ct_zero(bytes + used, e->length - used))
		return EH_ENTRY_GOOD;
	return EH_ENTRY_FORGED;
}

size_t
eh_entry_search(const uint8_t *bytes, size_t len, size_t at)
{
	uint32_t magic, word;

	memcpy(&magic, entry_magic, sizeof(magic));
	for (; at + EH_ENTRY_HEADER <= len; at += 8) {
		memcpy(&word, bytes + at, sizeof(word));
		if (word == magic)
			return at;
	}
	return len;
}
