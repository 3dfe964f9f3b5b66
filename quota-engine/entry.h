/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h - the journal's bytes: segment headers and entries. */
#ifndef EH_QUOTA_ENGINE_ENTRY_H
#define EH_QUOTA_ENGINE_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/mac.h"
#include "common/message/private.h"
#include "common/message/record.h"
#include "common/message/types.h"

/* doc/format/journal.md sections 1 and 2.  Integers are big-endian; entries lie
 * on 8-byte borders. */
#define EH_SEGMENT_HEADER 4096u
#define EH_SEGMENT_MIN    (64u * 1024)
#define EH_SEGMENT_MAX    (64u * 1024 * 1024)
#define EH_ENTRY_HEADER   64u
#define EH_ENTRY_MAC      16
#define EH_ENTRY_MAX      (EH_ENTRY_HEADER + EH_RECORD_MAX + EH_PRIVATE_MAX)

/* What the journal's keys make ready once. */
struct eh_journal_keys {
	struct eh_hmac_sha256 mac;	/* begun with K_journal */
	uint8_t private[EH_DIGEST_LEN];
};

void eh_journal_keys_init(struct eh_journal_keys *,
    const uint8_t journal[EH_DIGEST_LEN], const uint8_t private[EH_DIGEST_LEN]);

enum eh_segment_reason {
	EH_SEGMENT_FIRST = 0,
	EH_SEGMENT_FULL = 1,		/* the one before is full */
	EH_SEGMENT_UNCLEAN = 2		/* after an unclean stop */
};

struct eh_segment {
	uint64_t number;
	uint64_t first;			/* seq of its first entry */
	uint64_t group;			/* number of its first group */
	uint64_t commit;		/* k when it was made */
	uint8_t hsm_id[EH_HSM_ID_LEN];
	uint8_t leaf[EH_DIGEST_LEN];	/* leaf hash of first - 1 */
	enum eh_segment_reason reason;
	uint32_t size;			/* of the file */
};

void eh_segment_encode(const struct eh_segment *,
    const struct eh_journal_keys *, uint8_t out[EH_SEGMENT_HEADER]);

/* EH_OK, or EH_ERR_FORMAT for anything but a header with a good MAC. */
EH_MUST_CHECK int eh_segment_decode(struct eh_segment *,
    const struct eh_journal_keys *, const uint8_t bytes[EH_SEGMENT_HEADER]);

enum eh_entry_type { EH_ENTRY_RECORD = 1, EH_ENTRY_END = 2 };

struct eh_entry {
	uint64_t seq, group, commit;
	enum eh_entry_type type;
	int last;			/* 1: of its group */
	const uint8_t *record;		/* borrowed from the bytes */
	size_t recordlen;
	uint8_t *private;		/* in the clear; borrowed too */
	size_t privatelen;
	size_t length;			/* of the whole, padding included */
};

/* The length of an entry with such parts. */
size_t eh_entry_length(size_t recordlen, size_t privatelen);

/*
 * Finish an entry in place at ${out}: the record lies at EH_ENTRY_HEADER and
 * the private part, in the clear, behind it (the pointers are not looked at);
 * writes header, MAC, CRC and padding and encrypts the private part.
 * EH_ERR_CRYPTO.
 */
EH_MUST_CHECK int eh_entry_seal(const struct eh_entry *,
    const struct eh_journal_keys *, uint8_t *out);

/*
 * What the ${len} bytes at ${bytes} begin with.
 *
 * EH_ENTRY_GOOD fills ${entry}; the private part has been decrypted in place.
 * With EH_ENTRY_FORGED the bytes are of no use any more; else they are as they
 * were.
 */
enum eh_entry_found {
	EH_ENTRY_GOOD,
	EH_ENTRY_NONE,			/* zeros where the magic would be */
	EH_ENTRY_TORN,			/* no magic, bad lengths or bad CRC */
	EH_ENTRY_FORGED			/* good CRC, bad MAC */
};
enum eh_entry_found eh_entry_open(struct eh_entry *,
    const struct eh_journal_keys *, uint8_t *bytes, size_t len);

/* Where, from ${at} on (a multiple of 8), something could be an entry: it
 * begins with the magic.  ${len} when nothing does. */
size_t eh_entry_search(const uint8_t *bytes, size_t len, size_t at);

#endif
