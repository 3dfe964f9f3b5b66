/* SPDX-License-Identifier: Apache-2.0 */
/* authority.h - the OEM's authority: its folder, its store, its three keys. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_AUTHORITY_H
#define EH_ORCHESTRATOR_AUTHORITY_AUTHORITY_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/message/envelope.h"
#include "orchestrator/authority/privkey.h"
#include "orchestrator/authority/store.h"

/*
 * A folder that only its owner can enter holds authority.db, the keys that init
 * made, oem-root.spki (DER of the grant root, which EdgeHSMs pin) and
 * oem-root-ca.pem (the X.509 root; for Matter the PAA).  A key is opened when
 * it is first needed: the grant root may be offline while the message key
 * signs.
 *
 * Times are passed in by the caller, who asks the clock once per command.
 */
struct eh_authority;

#define EH_AUTHORITY_STORE      "authority.db"
#define EH_AUTHORITY_ROOT_SPKI  "oem-root.spki"
#define EH_AUTHORITY_ROOT_CA    "oem-root-ca.pem"

struct eh_authority_plan {
	const char *folder;
	const char *name;		/* iss of its messages */
	const char *place[EH_STORE_KEYS];	/* NULL: make a PEM file */
	const char *subject;		/* of the root CA; NULL: by name */
	uint64_t now;
};

/*
 * Make the folder, whole or not at all.  EH_ERR_EXISTS when it holds anything,
 * EH_ERR_ARGUMENT (name, subject), EH_ERR_CONFIG (a key: not there, not its
 * owner's alone, used for two things, of the wrong kind), EH_ERR_STORAGE.
 */
EH_MUST_CHECK int eh_authority_init(
    const struct eh_authority_plan *, struct eh_error *);

/* Open it.  EH_ERR_CONFIG when the folder or the store is not private, not
 * ours, or there is none. */
EH_MUST_CHECK int eh_authority_open(
    const char *folder, struct eh_authority **, struct eh_error *);
void eh_authority_close(struct eh_authority *);

/* Borrow. */
struct eh_store *eh_authority_store(struct eh_authority *);
const struct eh_store_self *eh_authority_self(struct eh_authority *);
const char *eh_authority_folder(const struct eh_authority *);

/* The digest of the grant root's SPKI: what EdgeHSMs pin. */
void eh_authority_root(
    struct eh_authority *, uint8_t digest[EH_SPKI_DIGEST_LEN]);

/* Borrow one of the keys, opened now if it was not yet.  EH_ERR_CONFIG when
 * what is there is not the key that init saw. */
EH_MUST_CHECK int eh_authority_key(struct eh_authority *, enum eh_store_key,
    struct eh_privkey **, struct eh_error *);

/*
 * Sign ${len} bytes of ${payload} as a message of ${type} for ${hsm}, put it
 * into the store as number ${seq} and append it to ${out}; its digest goes to
 * ${digest}.  The caller has decoded the payload with the same code that the
 * EdgeHSM runs, and is in a transaction.  EH_DENIED_STATE for an EdgeHSM that is
 * frozen (store_log.h).
 */
EH_MUST_CHECK int eh_authority_sign(struct eh_authority *,
    enum eh_message_type type, const uint8_t hsm[EH_HSM_ID_LEN], uint64_t seq,
    uint64_t now, const void *payload, size_t len, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_error *);

#endif
