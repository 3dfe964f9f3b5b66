/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.h - that somebody holds the key of a device: requests, and the
 * evidence of either kind that was imported just before an issue. */
#ifndef EH_QUOTA_ENGINE_EVIDENCE_H
#define EH_QUOTA_ENGINE_EVIDENCE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/crypto/digest.h"
#include "common/crypto/keyid.h"
#include "common/crypto/rawkey.h"
#include "common/err.h"
#include "common/message/chipattest.h"

/*
 * A PKCS#10 request (doc/format/evidence.md section 1), strictly read, whose
 * signature verifies with the very key in it: ${key} gets that.
 * EH_DENIED_EVIDENCE with a sentence; EH_ERR_CRYPTO, EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_evidence_csr(const uint8_t *der, size_t len,
    struct eh_rawkey *key, struct eh_error *);

/*
 * The shelf: evidence that was verified when it was imported waits here for the
 * plain C_Sign of a client that can send no parameter.  In memory only.
 */
#define EH_EVIDENCE_KEPT 1024u
#define EH_EVIDENCE_USER 64u
#define EH_EVIDENCE_NS	 UINT64_C(600000000000)	/* ten minutes */

struct eh_shelved {
	uint8_t spki[EH_SPKI_DIGEST_LEN];	/* whose */
	uint8_t digest[EH_SHA256_LEN];		/* of the evidence */
	enum eh_evidence_kind kind;
	/* Of an attestation: by the challenge that it answers. */
	uint8_t authorization[EH_ID_LEN];
	struct eh_device_id device;
	uint8_t chip_len;
	uint8_t chip[EH_CHIP_ID_MAX];
	uint64_t until;				/* 0: nothing is here */
	uid_t uid;
};

struct eh_shelf {
	pthread_mutex_t lock;
	struct eh_shelved row[EH_EVIDENCE_KEPT];
};

void eh_shelf_init(struct eh_shelf *);
void eh_shelf_wipe(struct eh_shelf *);

/*
 * Keep what ${what} says but ${until}, from ${now} (ns of a clock that never goes
 * back) on for EH_EVIDENCE_NS, in the place of what is there for that key.  Of
 * one user EH_EVIDENCE_USER are kept, and his oldest makes room.  EH_ERR_FULL
 * when other users fill the shelf.
 */
EH_MUST_CHECK int eh_shelf_put(struct eh_shelf *, uint64_t now,
    const struct eh_shelved *what, struct eh_error *);

/* Take what of ${kind} is there for ${spki}, whoever put it: 1, and it is gone;
 * or 0. */
int eh_shelf_take(struct eh_shelf *, uint64_t now, enum eh_evidence_kind kind,
    const uint8_t spki[EH_SPKI_DIGEST_LEN], struct eh_shelved *);

/* Put back what was taken and not used, until its old end; unless something
 * newer came for that key, or there is no place any more. */
void eh_shelf_give_back(
    struct eh_shelf *, uint64_t now, const struct eh_shelved *);

#endif
