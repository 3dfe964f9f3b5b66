/* SPDX-License-Identifier: Apache-2.0 */
/* attest.h - is this a genuine chip, this one, now? */
#ifndef EH_QUOTA_ENGINE_ATTEST_H
#define EH_QUOTA_ENGINE_ATTEST_H

#include "common/message/chipattest.h"
#include "quota-engine/boundary.h"

/* doc/format/evidence.md.  What an attestation says, read and not yet
 * believed; it borrows the bytes. */
struct eh_attest {
	struct eh_chipattest signed_by;
	struct eh_chip_says says;
	uint8_t digest[EH_DIGEST_LEN];	/* of the bytes, for the record */
};

/* Read one.  EH_DENIED_EVIDENCE with a sentence. */
EH_MUST_CHECK int eh_attest_read(const uint8_t *bytes, size_t len,
    struct eh_attest *, struct eh_error *);

/* The challenge that it answers, which must wait in ${b}; it still waits
 * afterwards.  EH_DENIED_EVIDENCE. */
EH_MUST_CHECK int eh_attest_challenge(struct eh_boundary *b,
    const struct eh_attest *, struct eh_challenge *, struct eh_error *);

/*
 * Believe it, by what the authorization and its profile say: the chain and the
 * signature, SoC class and id, lifecycle, session, the root key that the chip
 * obeys, the firmware.  EH_DENIED_EVIDENCE; EH_ERR_CRYPTO, EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_attest_check(struct eh_boundary *b,
    const struct eh_attest *, const struct eh_authorization *,
    struct eh_error *);

/* Is ${key} among the keys that the chip has for devices?  EH_OK or
 * EH_DENIED_EVIDENCE. */
EH_MUST_CHECK int eh_attest_has_key(const struct eh_attest *,
    const struct eh_rawkey *key, struct eh_error *);

/* An attestation ahead of the issue that it is for: verified and shelved for
 * ${uid}, once for each of its keys, and its challenge is used. */
EH_MUST_CHECK int eh_attest_import(struct eh_boundary *b, uid_t uid,
    const uint8_t *bytes, size_t len, struct eh_error *);

/* Handler of the monitor's table: challenge. */
EH_MUST_CHECK int eh_attest_challenge_handle(
    struct eh_boundary *, struct eh_call *, struct eh_error *);

#endif
