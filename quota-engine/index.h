/* SPDX-License-Identifier: Apache-2.0 */
/* index.h - which device was issued what, and where in the journal it is. */
#ifndef EH_QUOTA_ENGINE_INDEX_H
#define EH_QUOTA_ENGINE_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "common/message/types.h"
#include "quota-engine/engine.h"

/*
 * Derived data: rebuilt at each start from the journal.  Devices are kept by
 * "book".  An authorization has a book; one that supersedes another goes on
 * with its book.  96 bytes per device, 72 per certificate, 4 to 8 of hash
 * table; where evidence is asked for, 24 more for each key and chip.
 *
 * Devices and certificates are found by number and do not move, so pointers to
 * them stay good until they are removed.
 */
struct eh_ticket;

struct eh_device {
	struct eh_ticket *claims;	/* held; a list */
	uint32_t next;			/* in the hash chain, or free list */
	uint32_t number;		/* its own */
	uint32_t owned;			/* keys and chips; a list */
	uint32_t book;
	uint32_t issued;		/* newest certificate; a list */
	uint32_t units;			/* the row generation whose reservation
					 * holds this device's units; or 0 */
	uint32_t units_commit;		/* from this commit on */
	uint8_t open;			/* its pass is in a durable record */
	uint8_t outcome;		/* enum eh_outcome, or 0 */
	uint8_t reports;		/* in this run */
	uint8_t graced;			/* its pass was paid by boot grace */
	uint8_t uses[EH_OPS];
	uint8_t has_chip;
	uint8_t chip[EH_DEVICE_KEY];	/* mark of the chip that it is */
	struct eh_device_id id;
};

/* That a key, or a chip, is a device's: found by a mark of it. */
struct eh_owned {
	uint32_t next;			/* in the hash chain, or free list */
	uint32_t sibling;		/* the next of the device */
	uint32_t device;
	uint32_t holds;			/* claims and records that say so */
	uint8_t mark[EH_DEVICE_KEY];
};

#define EH_ISSUED_STRICT 1u	/* a re-issue */
#define EH_ISSUED_TOKEN  2u	/* there is a client token */

struct eh_issued {
	uint32_t next;			/* older one of the device, or free */
	uint32_t segment;		/* where the record stands */
	uint32_t offset;
	uint16_t issue;			/* issue number */
	uint8_t template_index;		/* or EH_TEMPLATE_GONE */
	uint8_t flags;			/* EH_ISSUED_* */
	uint8_t token[EH_ID_LEN];
	uint8_t key[EH_DEVICE_KEY];	/* as in struct eh_request */
	uint8_t digest[EH_DIGEST_LEN];	/* SHA-256(TBS) */
};

#define EH_INDEX_NONE UINT32_MAX

struct eh_book {
	uint32_t rows;			/* rows that use it; 0: free */
	uint64_t devices;		/* open ones */
	uint64_t good, scrapped;
};

/* Things of one size by number, in pieces that never move. */
struct eh_pool {
	size_t size;
	uint8_t **piece;
	size_t pieces;
	uint32_t used;			/* numbers given out so far */
	uint32_t free;			/* a list, or EH_INDEX_NONE */
};

struct eh_index {
	uint8_t seed[EH_DIGEST_LEN];	/* so that nobody chooses collisions */
	uint32_t *bucket;
	uint32_t buckets, devices;
	struct eh_pool device, issued, owned;
	uint32_t *obucket;
	uint32_t obuckets, nowned;
	struct eh_book *book;
	uint32_t books;
};

/* ${seed} is random. */
EH_MUST_CHECK int eh_index_init(
    struct eh_index *, const uint8_t seed[EH_DIGEST_LEN]);
void eh_index_wipe(struct eh_index *);

/* A new book with one user; EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_index_book(struct eh_index *, uint32_t *bookp);

/* One user less; with the last one the book and its devices are dropped. */
void eh_index_release(struct eh_index *, uint32_t book);

/* The devices of a book go on under another profile: give every certificate the
 * number that its template has there. */
void eh_index_move(struct eh_index *, uint32_t book, const struct eh_moved *);

/* The device, or NULL. */
struct eh_device *eh_index_find(
    const struct eh_index *, uint32_t book, const struct eh_device_id *);

/* A new device, which must not be there.  EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_index_add(struct eh_index *, uint32_t book,
    const struct eh_device_id *, struct eh_device **);

/* Claims that are still held lose their device. */
void eh_index_remove(struct eh_index *, struct eh_device *);

/*
 * Room for a certificate is taken before there is anything durable, because
 * afterwards nothing may fail.  EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_index_reserve(struct eh_index *, uint32_t *numberp);
void eh_index_cancel(struct eh_index *, uint32_t number);

/* Put certificate ${number}, which is reserved, in front of the device's. */
void eh_index_issue(struct eh_index *, struct eh_device *, uint32_t number,
    const struct eh_issued *);

/* The certificate ${number}, or NULL for EH_INDEX_NONE: the way through a
 * device's list. */
struct eh_issued *eh_index_issued(const struct eh_index *, uint32_t number);


/* The mark of a chip id. */
void eh_index_chip_mark(
    const uint8_t *id, size_t len, uint8_t mark[EH_DEVICE_KEY]);

/* Say once more that ${mark} is the device's; ${numberp} says it for disown(),
 * which takes one such word back.  EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_index_own(struct eh_index *, struct eh_device *,
    const uint8_t mark[EH_DEVICE_KEY], uint32_t *numberp);
void eh_index_disown(struct eh_index *, uint32_t number);

/* A device of ${book} but ${but} (may be NULL) to which ${mark} belongs, and
 * which was not reported as scrapped; or NULL. */
struct eh_device *eh_index_owner(const struct eh_index *, uint32_t book,
    const struct eh_device *but, const uint8_t mark[EH_DEVICE_KEY]);

#endif
