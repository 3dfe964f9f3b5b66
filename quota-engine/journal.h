/* SPDX-License-Identifier: Apache-2.0 */
/* journal.h - the files of the journal: append, change segment, read back. */
#ifndef EH_QUOTA_ENGINE_JOURNAL_H
#define EH_QUOTA_ENGINE_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "quota-engine/entry.h"
#include "quota-engine/os.h"
#include "quota-engine/state.h"

/*
 * doc/format/journal.md.  "journal/<first seq, 16 hex digits>.ehj", filled with
 * zeros by writing before its first entry, so that appending is overwriting and
 * never needs space.  The next segment is made ahead as "journal/next" and gets
 * header and name when it is its turn.
 *
 * What fails here, except for want of space while making a segment, ends the
 * process (journal.md section 6).
 */
enum eh_next_segment {
	EH_NEXT_NONE,
	EH_NEXT_WANTED,		/* somebody should call eh_journal_prepare() */
	EH_NEXT_MAKING,
	EH_NEXT_READY,
	EH_NEXT_NO_SPACE	/* was tried: the disk is full */
};

struct eh_journal {
	struct eh_os *os;		/* borrowed */
	struct eh_journal_keys keys;
	uint8_t hsm_id[EH_HSM_ID_LEN];
	uint32_t size;			/* of the segments to come */

	/* The segment that is written: the committer's alone. */
	struct eh_segment current;
	int file;			/* -1: none is open */

	/* Under the ledger's lock: all segments by number, and the next one. */
	struct eh_segment_place {
		uint64_t first;
		uint32_t size;
	} *place;
	size_t places, cap;
	enum eh_next_segment next;
};

void eh_journal_init(struct eh_journal *, struct eh_os *,
    const uint8_t journal[EH_DIGEST_LEN], const uint8_t private[EH_DIGEST_LEN],
    const uint8_t hsm_id[EH_HSM_ID_LEN], uint32_t size);

/* Close and wipe. */
void eh_journal_wipe(struct eh_journal *);

/* Write the name of the segment that begins at ${first}. */
void eh_journal_name(char name[EH_OS_NAME], uint64_t first);

/*
 * Make a whole new segment, header included, durable; one of that name that is
 * in the way is taken away first (the caller has judged that it holds nothing).
 * EH_ERR_FULL: no space, nothing is left of it.  EH_ERR_STORAGE.
 */
EH_MUST_CHECK int eh_journal_make(struct eh_journal *, struct eh_segment *);

/* Write to segment ${s} from now on. */
EH_MUST_CHECK int
eh_journal_use(struct eh_journal *, const struct eh_segment *);

/* Note the place of segment number ${s->number}, which is the next one or
 * known. EH_ERR_MEMORY, EH_ERR_FORMAT when a number is left out. */
EH_MUST_CHECK int eh_journal_note(
    struct eh_journal *, const struct eh_segment *);

/* Make "journal/next"; EH_ERR_FULL as above. */
EH_MUST_CHECK int eh_journal_prepare(struct eh_journal *);

/*
 * Make durable what can be read of the segment that begins at ${first}, and its
 * name.  A process that was killed between write and sync leaves entries behind
 * that this boot of the machine shows and the next one may not.  EH_ERR_STORAGE.
 */
EH_MUST_CHECK int eh_journal_settle(struct eh_journal *, uint64_t first);

/* Write a group at ${offset} of the current segment and sync. */
EH_MUST_CHECK int eh_journal_append(
    struct eh_journal *, uint32_t offset, const uint8_t *bytes, size_t len);

/*
 * End the current segment at ${offset} (with an entry of type 2 that carries
 * ${seq}, ${group} and ${commit}) and go on in the one prepared, which begins
 * with group ${group} + 1 behind ${leaf}.
 */
struct eh_journal_turn {
	uint32_t offset;
	uint64_t seq, group, commit;
	const uint8_t *leaf;
};
EH_MUST_CHECK int eh_journal_change(
    struct eh_journal *, const struct eh_journal_turn *);

/*
 * Read the entry at ${first} (the segment's first seq) and ${offset} into
 * ${bytes}; private part in the clear.  EH_ERR_STORAGE when it is not there or
 * not good.
 */
EH_MUST_CHECK int eh_journal_read(struct eh_journal *, uint64_t first,
    uint32_t offset, uint8_t bytes[EH_ENTRY_MAX], struct eh_entry *);

/* Append the whole file of the segment that begins at ${first} to ${out}, whose
 * limit must be at least EH_SEGMENT_MAX. */
EH_MUST_CHECK int eh_journal_load(
    struct eh_journal *, uint64_t first, struct eh_buf *out);

/*
 * The segments on the disk, sorted by first seq; the caller frees ${*listp}.  A
 * file whose header is not good is listed with ${good} 0 and the first seq of
 * its name.
 */
struct eh_segment_file {
	uint64_t first;
	int good;
	struct eh_segment header;
};
EH_MUST_CHECK int eh_journal_list(
    struct eh_journal *, struct eh_segment_file **listp, size_t *np);

#endif
