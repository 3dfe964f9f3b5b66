/* SPDX-License-Identifier: Apache-2.0 */
/* anchor.h - what a rollback of the state folder cannot turn back. */
#ifndef EH_QUOTA_ENGINE_ANCHOR_ANCHOR_H
#define EH_QUOTA_ENGINE_ANCHOR_ANCHOR_H

#include <stdint.h>

#include "common/crypto/rawkey.h"
#include "common/err.h"
#include "common/message/types.h"

/*
 * Who an anchor is, by what no other TPM has: the Names (TPM 2.0 part 1 section
 * 16: algorithm and SHA-256) of the key that salts its sessions, of the index
 * once it is written, and in mode owner of the counter and how far it has
 * come.  All zero for a file.
 */
#define EH_TPM_NAME 34

struct eh_clock_tpm;

struct eh_anchor_identity {
	uint8_t key[EH_TPM_NAME];
	uint8_t index[EH_TPM_NAME];
	uint8_t counter[EH_TPM_NAME];
	uint64_t count;
};

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

	/* Take the secret of the boundary that define(), extend() and reading
	 * what was extended need.  NULL for an anchor that needs none. */
	void (*bind)(void *arg, const uint8_t secret[EH_DIGEST_LEN]);

	/* EH_ERR_NOT_FOUND when the anchor was never defined; EH_ERR_FORMAT
	 * when what is there is no anchor, or not of this secret;
	 * EH_ERR_ARGUMENT when it was extended and bind() was not called;
	 * EH_ERR_STORAGE when it cannot be reached. */
	int (*read)(void *arg, uint8_t value[EH_DIGEST_LEN]);

	/* Define it, with 32 zero bytes: once, at genesis.  ${root} is the
	 * OEM's: only it may remove an index of the platform.  EH_ERR_EXISTS
	 * when it was; EH_ERR_CONFIG when something else is in its place. */
	int (*define)(void *arg, const struct eh_rawkey *root);

	/* As eh_os.anchor_extend(). */
	int (*extend)(void *arg, const uint8_t from[EH_DIGEST_LEN],
	    const uint8_t digest[EH_DIGEST_LEN]);

	/* As those of eh_os; NULL for an anchor that has neither identity nor
	 * counter, or nothing to say. */
	int (*identify)(void *arg, struct eh_anchor_identity *);
	int (*raise)(void *arg, uint64_t from);
	void (*why)(void *arg, struct eh_error *);
	int (*clock)(void *arg, struct eh_clock_tpm *);

	/* What it says that it is, for people, at most 64 characters; NULL for
	 * an anchor that is nothing but its name. */
	const char *(*describe)(void *arg);

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

/*
 * The anchor in a TPM 2.0 (doc/format/anchor.md section 3): an NV index of type
 * EXTEND at ${index}.  EH_ANCHOR_TPM_OWNER: in the hierarchy of the owner, made
 * by define(), and a counter at ${index} + 1 that each start raises.
 * EH_ANCHOR_TPM_PLATFORM: made by the platform before, and taken by define().
 * ${tcti} is for libtss2-tctildr.  A call that the
 * TPM puts off, or that is lost on the way, is tried again for
 * ${patience_ms}.
 *
 * Its class is EH_CLASS_FILE: what a TPM is worth is the authority's word, and
 * that has verified none yet.
 *
 * EH_ERR_STORAGE with a sentence when the TPM does not answer now;
 * EH_ERR_CONFIG when this edgehsmd was built without it.
 */
#define EH_ANCHOR_TPM_PATIENCE_MS 20000

EH_MUST_CHECK int eh_anchor_tpm_open(const char *tcti, enum eh_anchor_mode,
    uint32_t index, unsigned patience_ms, struct eh_anchor **,
    struct eh_error *);

/* Close and free.  NULL is ignored. */
void eh_anchor_close(struct eh_anchor *);

/* SHA-256(${from} || ${digest}): what extend() makes. */
void eh_anchor_next(const uint8_t from[EH_DIGEST_LEN],
    const uint8_t digest[EH_DIGEST_LEN], uint8_t to[EH_DIGEST_LEN]);

#endif
