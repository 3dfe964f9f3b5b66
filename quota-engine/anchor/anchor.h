/* SPDX-License-Identifier: Apache-2.0 */
/* anchor.h - what a rollback of the state folder cannot turn back. */
#ifndef EH_QUOTA_ENGINE_ANCHOR_ANCHOR_H
#define EH_QUOTA_ENGINE_ANCHOR_ANCHOR_H

#include <stdint.h>

#include "common/err.h"
#include "common/message/types.h"

/*
 * An anchor holds one value A of 32 bytes that can only be extended: A becomes
 * SHA-256(A || digest).  It begins as 32 zero bytes.  doc/format/anchor.md.
 *
 * Every kind of anchor is such a table and memory of its own behind ${arg}.
 */
struct eh_anchor {
	enum eh_anchor_class class;
	enum eh_anchor_mode mode;
	void *arg;

	/* EH_ERR_NOT_FOUND when the anchor was never defined; EH_ERR_FORMAT
	 * when what is there is no anchor. */
	int (*read)(void *arg, uint8_t value[EH_DIGEST_LEN]);

	/* Define it, with 32 zero bytes: once, at genesis.  EH_ERR_EXISTS. */
	int (*define)(void *arg);

	/* As eh_os.anchor_extend(). */
	int (*extend)(void *arg, const uint8_t from[EH_DIGEST_LEN],
	    const uint8_t digest[EH_DIGEST_LEN]);

	void (*close)(void *arg);
};

/*
 * The anchor of class 0, for tests: the file ${path}.  It exercises everything
 * and protects nothing.  The file is made when it is not there, and an
 * exclusive lock is held on it until it is closed, so that a second edgehsmd,
 * on whatever copy of the state, does not start: EH_ERR_BUSY with a sentence.
 * EH_ERR_CONFIG (not a private regular file of ours), EH_ERR_STORAGE.
 */
EH_MUST_CHECK int eh_anchor_file_open(
    const char *path, struct eh_anchor **, struct eh_error *);

/* Close and free.  NULL is ignored. */
void eh_anchor_close(struct eh_anchor *);

/* SHA-256(${from} || ${digest}): what extend() makes. */
void eh_anchor_next(const uint8_t from[EH_DIGEST_LEN],
    const uint8_t digest[EH_DIGEST_LEN], uint8_t to[EH_DIGEST_LEN]);

#endif
