/* SPDX-License-Identifier: Apache-2.0 */
/* store_life.h - the authority's store: what became of its authorizations. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_STORE_LIFE_H
#define EH_ORCHESTRATOR_AUTHORITY_STORE_LIFE_H

#include "common/message/record.h"
#include "orchestrator/authority/store.h"

/* What the log of an EdgeHSM says of an authorization; all zero: nothing. */
struct eh_store_life {
	uint8_t installed, closed;	/* 1: there is such an entry */
	uint64_t installed_seq, closed_seq;
	enum eh_close_reason reason;
	uint64_t good, scrapped, in_doubt;
	uint16_t burns;			/* the last number that was named */
};

/* Take what ${record} says of lives.  EH_ERR_EXISTS when the log contradicts
 * itself. */
EH_MUST_CHECK int eh_store_take_life(
    struct eh_store *, const struct eh_record *record, struct eh_error *);

EH_MUST_CHECK int eh_store_get_life(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], const uint8_t id[EH_ID_LEN],
    struct eh_store_life *, struct eh_error *);

/* --- orders --- */

/* How many devices the order is of; 0 when it is not known.  put: not 0. */
EH_MUST_CHECK int eh_store_get_order(struct eh_store *, const char *order,
    uint64_t *devicesp, struct eh_error *);
EH_MUST_CHECK int eh_store_put_order(struct eh_store *, const char *order,
    uint64_t devices, struct eh_error *);

/* By name. */
EH_MUST_CHECK int eh_store_each_order(struct eh_store *,
    int (*each)(void *arg, const char *name, uint64_t devices), void *arg,
    struct eh_error *);

/* --- revocation --- */

/* The newest revocation update that was signed for it; 0, 0 when none was. */
EH_MUST_CHECK int eh_store_get_in_force(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], struct eh_in_force *,
    struct eh_error *);

/* EH_ERR_EXISTS when a number would not rise. */
EH_MUST_CHECK int eh_store_put_in_force(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], const struct eh_in_force *,
    const uint8_t message[EH_DIGEST_LEN], struct eh_error *);

/* When, by which update, and why; get: rseq 0 when it is not revoked. */
struct eh_store_revoked {
	uint64_t rseq, at;
	char why[EH_TEXT_MAX + 1];
};
EH_MUST_CHECK int eh_store_put_revoked(struct eh_store *,
    const uint8_t id[EH_ID_LEN], const struct eh_store_revoked *,
    struct eh_error *);
EH_MUST_CHECK int eh_store_get_revoked(struct eh_store *,
    const uint8_t id[EH_ID_LEN], struct eh_store_revoked *,
    struct eh_error *);
EH_MUST_CHECK int eh_store_put_revoked_key(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], const uint8_t kid[EH_KID_LEN],
    const struct eh_store_revoked *, struct eh_error *);
EH_MUST_CHECK int eh_store_get_revoked_key(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], const uint8_t kid[EH_KID_LEN],
    struct eh_store_revoked *, struct eh_error *);

/* Sorted: the revoked authorizations of this EdgeHSM that end after ${now} and
 * are of ${epoch} or later; its revoked issuer keys. */
EH_MUST_CHECK int eh_store_each_revoked(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], uint32_t epoch, uint64_t now,
    int (*each)(void *arg, const uint8_t id[EH_ID_LEN]), void *arg,
    struct eh_error *);
EH_MUST_CHECK int eh_store_each_revoked_key(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN],
    int (*each)(void *arg, const uint8_t kid[EH_KID_LEN]), void *arg,
    struct eh_error *);

/* --- write-off --- */

struct eh_store_write_off {
	uint64_t at;			/* 0: it is not written off */
	char why[EH_TEXT_MAX + 1];
};
EH_MUST_CHECK int eh_store_put_write_off(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], const struct eh_store_write_off *,
    struct eh_error *);
EH_MUST_CHECK int eh_store_get_write_off(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], struct eh_store_write_off *,
    struct eh_error *);

/* EH_DENIED_STATE with a sentence when nothing is signed for this EdgeHSM any
 * more: it is frozen (store_log.h), or written off. */
EH_MUST_CHECK int eh_store_check_served(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], struct eh_error *);

/* What was written off with an authorization. */
struct eh_store_written_off {
	uint8_t id[EH_ID_LEN];
	uint64_t used, burned;		/* in the last proven record */
	uint64_t outstanding;		/* possibly issued */
	uint8_t enumerable;		/* 1: its serials could be computed */
};
EH_MUST_CHECK int eh_store_put_written_off(struct eh_store *,
    const struct eh_store_written_off *, struct eh_error *);
/* ${found} 0 and all zero when it was not. */
EH_MUST_CHECK int eh_store_get_written_off(struct eh_store *,
    const uint8_t id[EH_ID_LEN], struct eh_store_written_off *, int *foundp,
    struct eh_error *);

/* Serials to be revoked though nobody has seen a certificate with them.
 * ${issuer} is the SPKI digest of the CA.  put: nothing when it is known. */
struct eh_store_serial {
	uint8_t issuer[EH_DIGEST_LEN];
	uint8_t serial[EH_ID_LEN];
	uint8_t authorization[EH_ID_LEN];
	uint64_t at;
};
EH_MUST_CHECK int eh_store_put_prerevoked(
    struct eh_store *, const struct eh_store_serial *, struct eh_error *);
/* Those of one EdgeHSM, by issuer and serial. */
EH_MUST_CHECK int eh_store_each_prerevoked(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN],
    int (*each)(void *arg, const struct eh_store_serial *), void *arg,
    struct eh_error *);

/* --- former message keys --- */

enum eh_former_state { EH_FORMER_RETIRED = 1, EH_FORMER_DROPPED = 2 };

struct eh_store_former_key {
	uint8_t kid[EH_KID_LEN];
	struct eh_rawkey public;
	enum eh_former_state state;
	uint64_t until;			/* when it was rolled over */
};

/* Make ${key} at ${place} the message key, and the one of now a former one.
 * EH_ERR_EXISTS when that key is or was one of the authority's already.  What
 * eh_store_self() says follows when the store is opened again. */
EH_MUST_CHECK int eh_store_roll_message_key(struct eh_store *,
    const char *place, const struct eh_rawkey *key, uint64_t now,
    struct eh_error *);

/* Newest first. */
EH_MUST_CHECK int eh_store_each_former_key(struct eh_store *,
    int (*each)(void *arg, const struct eh_store_former_key *), void *arg,
    struct eh_error *);

/* A retired key is left out of all grants from now on; EH_ERR_NOT_FOUND. */
EH_MUST_CHECK int eh_store_drop_key(struct eh_store *,
    const uint8_t kid[EH_KID_LEN], struct eh_error *);

#endif
