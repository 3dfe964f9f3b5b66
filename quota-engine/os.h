/* SPDX-License-Identifier: Apache-2.0 */
/* os.h - the one table of disk, clock, random and anchor calls. */
#ifndef EH_QUOTA_ENGINE_OS_H
#define EH_QUOTA_ENGINE_OS_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "quota-engine/clockguard.h"

struct eh_anchor_identity;
struct eh_rawkey;

/*
 * Everything that the heart of edgehsmd asks of the machine goes through this
 * table, so that test/fault/sim.c can take the machine's place: with sectors
 * that are lost, torn or reordered, calls that fail, and a crash at the n-th.
 *
 * A name is a path below the state folder, "journal/0000000000000000.ehj", of
 * at most EH_OS_NAME - 1 characters.  A file is a small number until close().
 * Nothing is durable before sync() (of the file, and of its folder for what
 * happened to names) has returned EH_OK.
 *
 * What fails returns EH_ERR_NOT_FOUND, EH_ERR_EXISTS, EH_ERR_FULL (no space) or
 * EH_ERR_STORAGE.  After a failed write() or sync() nobody knows what the disk
 * holds: the caller stops for good and never repeats the call
 * (doc/format/journal.md section 6).
 *
 * Calls may come from several threads at once.
 */
#define EH_OS_NAME 96

struct eh_os {
	void *arg;		/* the first argument of every call */

	/* Open a file for reading and writing; make a new, empty one. */
	int (*open)(void *, const char *name, int *filep);
	int (*create)(void *, const char *name, int *filep);
	void (*close)(void *, int file);
	int (*size)(void *, int file, uint64_t *sizep);

	/* Read or write exactly ${len} bytes; less is EH_ERR_STORAGE. */
	int (*read)(void *, int file, void *out, size_t len, uint64_t at);
	int (*write)(
	    void *, int file, const void *bytes, size_t len, uint64_t at);
	int (*sync)(void *, int file);

	int (*rename)(void *, const char *from, const char *to);
	int (*unlink)(void *, const char *name);
	int (*sync_folder)(void *, const char *folder);

	/* Call ${each} with every name in ${folder}, in any order, without the
	 * folder's own; stop when it returns something else than 0 and return
	 * that. */
	int (*list)(void *, const char *folder,
	    int (*each)(void *context, const char *name), void *context);

	int (*clocks)(void *, struct eh_clock_reading *);
	int (*random)(void *, void *out, size_t len);

	/*
	 * The anchor (anchor/anchor.h).  define() makes it for the EdgeHSM
	 * under the OEM's ${root}, once: EH_ERR_EXISTS. read() gives its value; EH_ERR_NOT_FOUND when it was
	 * never defined, EH_ERR_FORMAT when what is there is no anchor.
	 * extend() turns A into SHA-256(A || digest) if A equals ${from}, and
	 * is EH_DENIED_FAIL_STOPPED if not; EH_ERR_BUSY says that nobody knows
	 * whether it happened: read, then decide.
	 */
	int (*anchor_define)(void *, const struct eh_rawkey *root);
	int (*anchor_read)(void *, uint8_t value[EH_DIGEST_LEN]);
	int (*anchor_extend)(void *, const uint8_t from[EH_DIGEST_LEN],
	    const uint8_t digest[EH_DIGEST_LEN]);

	/*
	 * Who the anchor is, with the counter beside it; as the errors of
	 * anchor_read().  raise() makes the counter ${from} + 1: it counts, or
	 * finds that it was counted already (a start that was cut short);
	 * EH_DENIED_FAIL_STOPPED when it is neither.  why() puts a sentence
	 * about the last failure of an anchor call in the error's text, which
	 * stays as it is when there is none.  NULL when the anchor has neither.
	 */
	int (*anchor_identify)(void *, struct eh_anchor_identity *);
	int (*anchor_raise)(void *, uint64_t from);
	void (*anchor_why)(void *, struct eh_error *);

	/* The clock beside the anchor, and how often it was reset, from where
	 * the host cannot make it up; takes milliseconds.  NULL when there is
	 * none.  EH_ERR_STORAGE. */
	int (*anchor_clock)(void *, struct eh_clock_tpm *);
};

struct eh_anchor;
struct eh_os_posix;

/*
 * The real machine: the folder ${state}, which must be private (0700, ours),
 * and an open anchor, which is borrowed.  Makes the folders journal, messages,
 * profiles and objects below it and takes the lock that keeps a second edgehsmd
 * out: EH_ERR_BUSY with a sentence.  EH_ERR_CONFIG, EH_ERR_STORAGE.
 */
EH_MUST_CHECK int eh_os_posix_new(const char *state, struct eh_anchor *,
    struct eh_os_posix **, struct eh_error *);
void eh_os_posix_free(struct eh_os_posix *);

/* Borrow its table. */
struct eh_os *eh_os_posix_table(struct eh_os_posix *);

/*
 * Small files by whole, for what is named by its digest (messages/<hex>,
 * profiles/<hex>) or protected by a MAC of its own.  save() writes a temporary
 * file, syncs, renames and syncs the folder; a file that is there is replaced.
 * Two threads must not save one name at the same time.  load() appends to
 * ${out}, whose limit is the most it takes (EH_ERR_FULL).
 */
EH_MUST_CHECK int eh_os_save(
    struct eh_os *, const char *name, const void *bytes, size_t len);
EH_MUST_CHECK int eh_os_load(
    struct eh_os *, const char *name, struct eh_buf *out);

/* Read the clocks, and that of the anchor when there is one that answers. */
EH_MUST_CHECK int eh_os_reading(struct eh_os *, struct eh_clock_reading *);

/* Put "${folder}/<64 hex digits>" into ${name}. */
void eh_os_digest_name(char name[EH_OS_NAME], const char *folder,
    const uint8_t digest[EH_DIGEST_LEN]);

#endif
