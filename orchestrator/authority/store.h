/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - what the authority must never forget, in one SQLite file. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_STORE_H
#define EH_ORCHESTRATOR_AUTHORITY_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/message/enrol.h"
#include "common/message/envelope.h"
#include "common/message/types.h"

/*
 * Durable (synchronous=FULL): when eh_store_commit() said EH_OK, the next
 * command sees it, also after a power cut.  What the SQL itself enforces:
 * sequence numbers only rise, a nonce is used once, no message and no row of
 * the trail is ever changed or deleted, the three keys differ.
 *
 * Every verb is one transaction: begin, read and write, sign, commit, and only
 * then the file for the factory.  A signed message is in the store before
 * anybody can hold it, so no number is ever given twice.
 *
 * Functions return EH_OK or what eh_sql_end() says, with a sentence; those that
 * look for one thing also EH_ERR_NOT_FOUND.  All but create, open and close
 * need an open store; those that write need a transaction.
 */
struct eh_store;

#define EH_STORE_PLACE_MAX 1023		/* octets of a path or URI */

/* The authority's three keys, which are never shared. */
enum eh_store_key {
	EH_STORE_GRANT_ROOT,	/* COSE; signs issuer grants only */
	EH_STORE_MESSAGE_KEY,	/* COSE; roles 1 to 5, 7 and 8 */
	EH_STORE_X509_ROOT	/* the OEM's root CA; for Matter the PAA */
};
#define EH_STORE_KEYS 3

/* Return "grant root", "message key" or "X.509 root". */
const char *eh_store_key_name(enum eh_store_key);

/* Who the authority is. */
struct eh_store_self {
	char name[EH_NAME_MAX + 1];	/* iss of every message */
	uint64_t created;
	struct {
		char place[EH_STORE_PLACE_MAX + 1]; /* file name or URI */
		struct eh_rawkey public;
	} key[EH_STORE_KEYS];
};

/* Make the new file ${path}, mode 0600, with everything that stands in
 * ${self}, and the root CA's certificate. */
EH_MUST_CHECK int eh_store_create(const char *path,
    const struct eh_store_self *self, const void *root_ca, size_t len,
    struct eh_error *);

/* Open it.  EH_ERR_NOT_FOUND; EH_ERR_CONFIG when it is no store of ours, or of
 * a later version. */
EH_MUST_CHECK int eh_store_open(
    const char *path, struct eh_store **, struct eh_error *);

/* A transaction that is open is rolled back; NULL is ignored. */
void eh_store_close(struct eh_store *);

/* Borrow. */
const struct eh_store_self *eh_store_self(const struct eh_store *);

/* Append the DER of the root CA. */
EH_MUST_CHECK int eh_store_get_root_ca(
    struct eh_store *, struct eh_buf *out, struct eh_error *);

EH_MUST_CHECK int eh_store_begin(struct eh_store *, struct eh_error *);
EH_MUST_CHECK int eh_store_commit(struct eh_store *, struct eh_error *);
/* Nothing when no transaction is open. */
void eh_store_rollback(struct eh_store *);

/*
 * Take the next sequence number of ${kid} for ${type} and ${hsm}: 1 at first.
 * A new key goes on above the numbers of the old one, since tseq is one series
 * whoever signs.
 */
EH_MUST_CHECK int eh_store_take_seq(struct eh_store *,
    const uint8_t kid[EH_KID_LEN], enum eh_message_type type,
    const uint8_t hsm[EH_HSM_ID_LEN], uint64_t *seqp, struct eh_error *);

/* --- invitations --- */

enum eh_invitation_state {
	EH_INVITATION_OPEN,
	EH_INVITATION_USED,
	EH_INVITATION_WITHDRAWN		/* another was opened for that name */
};

struct eh_invitation {
	char name[EH_NAME_MAX + 1];	/* of the HSM */
	char factory[EH_NAME_MAX + 1];
	struct eh_nonce nonce;
	uint64_t opened;
	enum eh_invitation_state state;
	uint64_t closed;		/* when it is not open */
};

/* Put a new one that is open; one that is open for the same name is withdrawn.
 * ${state} and ${closed} are not looked at. */
EH_MUST_CHECK int eh_store_put_invitation(
    struct eh_store *, const struct eh_invitation *, struct eh_error *);

EH_MUST_CHECK int eh_store_get_invitation(struct eh_store *,
    const struct eh_nonce *, struct eh_invitation *, struct eh_error *);

/* The open one becomes a used one; EH_ERR_REPLAYED when it is not open. */
EH_MUST_CHECK int eh_store_use_invitation(struct eh_store *,
    const struct eh_nonce *, uint64_t now, struct eh_error *);

/* --- EdgeHSMs --- */

struct eh_hsm {
	uint8_t id[EH_HSM_ID_LEN];
	char name[EH_NAME_MAX + 1];
	char factory[EH_NAME_MAX + 1];
	struct eh_rawkey attestation;	/* pinned */
	enum eh_anchor_class anchor_class;
	struct eh_software software;
	uint64_t enrolled;
	uint64_t granted_until;		/* end of its newest grant */
};

/* Insert, or update all but name and attestation key of the one with this
 * id. */
EH_MUST_CHECK int eh_store_put_hsm(
    struct eh_store *, const struct eh_hsm *, struct eh_error *);

EH_MUST_CHECK int eh_store_get_hsm(struct eh_store *, const char *name,
    struct eh_hsm *, struct eh_error *);
EH_MUST_CHECK int eh_store_get_hsm_by_id(struct eh_store *,
    const uint8_t id[EH_HSM_ID_LEN], struct eh_hsm *, struct eh_error *);
/* The one whose attestation key has this kid. */
EH_MUST_CHECK int eh_store_get_hsm_by_kid(struct eh_store *,
    const uint8_t kid[EH_KID_LEN], struct eh_hsm *, struct eh_error *);

/* --- their keys --- */

/* How much is known of a key. */
enum eh_key_standing {
	EH_KEY_NAMED,		/* by an enrolment request */
	EH_KEY_ATTESTED,	/* by a key attestation that was verified */
	EH_KEY_CERTIFIED	/* and there is a certificate of ours */
};

struct eh_hsm_key {
	uint8_t hsm[EH_HSM_ID_LEN];
	uint8_t digest[EH_DIGEST_LEN];	/* of its SPKI */
	enum eh_purpose purpose;
	enum eh_origin origin;
	enum eh_key_standing standing;
};

/* Insert, or update; the standing never falls.  EH_ERR_EXISTS when it is known
 * as a key of another EdgeHSM. */
EH_MUST_CHECK int eh_store_put_hsm_key(
    struct eh_store *, const struct eh_hsm_key *, struct eh_error *);

EH_MUST_CHECK int eh_store_get_hsm_key(struct eh_store *,
    const uint8_t digest[EH_DIGEST_LEN], struct eh_hsm_key *,
    struct eh_error *);

/* --- what was signed --- */

struct eh_store_certificate {
	const uint8_t *serial;		/* contents of the INTEGER */
	size_t seriallen;
	uint8_t hsm[EH_HSM_ID_LEN];
	uint8_t key[EH_DIGEST_LEN];	/* of the SPKI */
	const char *form;		/* "issuing-ca" */
	uint64_t issued, not_before, not_after;
	const uint8_t *der;
	size_t len;
};

EH_MUST_CHECK int eh_store_put_certificate(struct eh_store *,
    const struct eh_store_certificate *, struct eh_error *);

/* The validity of our newest certificate for this key; EH_ERR_NOT_FOUND when
 * there is none. */
EH_MUST_CHECK int eh_store_get_validity(struct eh_store *,
    const uint8_t key[EH_DIGEST_LEN], uint64_t *not_beforep,
    uint64_t *not_afterp, struct eh_error *);

/* Append the DER of that certificate. */
EH_MUST_CHECK int eh_store_get_certificate(struct eh_store *,
    const uint8_t key[EH_DIGEST_LEN], struct eh_buf *out, struct eh_error *);

struct eh_store_message {
	enum eh_message_type type;
	uint8_t digest[EH_DIGEST_LEN];	/* of its Sig_structure */
	uint8_t kid[EH_KID_LEN];
	uint8_t hsm[EH_HSM_ID_LEN];
	uint64_t seq, issued;
	const uint8_t *bytes;
	size_t len;
};

EH_MUST_CHECK int eh_store_put_message(
    struct eh_store *, const struct eh_store_message *, struct eh_error *);

/* Append the bytes of the message with this digest. */
EH_MUST_CHECK int eh_store_get_message(struct eh_store *,
    const uint8_t digest[EH_DIGEST_LEN], struct eh_buf *out,
    struct eh_error *);

struct eh_store_authorization {
	uint8_t id[EH_ID_LEN];
	uint8_t hsm[EH_HSM_ID_LEN];
	uint8_t message[EH_DIGEST_LEN];	/* digest; put that first */
	uint8_t kid[EH_KID_LEN];	/* of the message; read only */
	char order[EH_NAME_MAX + 1];	/* may be empty */
	struct eh_profile_ref profile;
	uint64_t seq, devices, issued, not_before, expires;
	uint32_t epoch;
	uint8_t has_supersedes;
	uint8_t supersedes[EH_ID_LEN];
};

/* EH_ERR_EXISTS when it supersedes what is superseded already. */
EH_MUST_CHECK int eh_store_put_authorization(struct eh_store *,
    const struct eh_store_authorization *, struct eh_error *);

/* EH_ERR_NOT_FOUND. */
EH_MUST_CHECK int eh_store_get_authorization(struct eh_store *,
    const uint8_t id[EH_ID_LEN], struct eh_store_authorization *,
    struct eh_error *);

/* Make ${a} the one that supersedes it; ${found} 0 when there is none. */
EH_MUST_CHECK int eh_store_get_successor(struct eh_store *,
    struct eh_store_authorization *a, int *foundp, struct eh_error *);

/* The compiled profile, kept once under its digest.  get: appended to ${out};
 * EH_ERR_NOT_FOUND. */
EH_MUST_CHECK int eh_store_put_profile(struct eh_store *,
    const struct eh_profile_ref *, const uint8_t source[EH_DIGEST_LEN],
    const void *bytes, size_t len, struct eh_error *);
EH_MUST_CHECK int eh_store_get_profile(struct eh_store *,
    const uint8_t digest[EH_DIGEST_LEN], struct eh_buf *out,
    struct eh_error *);

/*
 * The device ids of a scope by tree, rising and without a gap, kept once under
 * the tree's root.  get: appended to ${ids}; EH_ERR_NOT_FOUND.
 */
EH_MUST_CHECK int eh_store_put_scope(struct eh_store *,
    const uint8_t root[EH_DIGEST_LEN], const struct eh_buf *ids,
    struct eh_error *);
EH_MUST_CHECK int eh_store_get_scope(struct eh_store *,
    const uint8_t root[EH_DIGEST_LEN], struct eh_buf *ids, struct eh_error *);

/* --- the trail --- */

/* Say that ${verb} was done now by whoever runs this.  ${hsm} and ${digest} may
 * be NULL. */
EH_MUST_CHECK int eh_store_trail(struct eh_store *, uint64_t now,
    const char *verb, const uint8_t *hsm, const uint8_t *digest,
    const char *text, struct eh_error *);

/* --- everything, for show --- */

/* Call ${each} for every row, oldest first, until it does not return EH_OK,
 * which is then returned. */
EH_MUST_CHECK int eh_store_each_hsm(struct eh_store *,
    int (*each)(void *arg, const struct eh_hsm *), void *arg,
    struct eh_error *);
EH_MUST_CHECK int eh_store_each_authorization(struct eh_store *,
    int (*each)(void *arg, const struct eh_store_authorization *), void *arg,
    struct eh_error *);
/* The same, of one order, and of one EdgeHSM. */
EH_MUST_CHECK int eh_store_each_of_order(struct eh_store *, const char *order,
    int (*each)(void *arg, const struct eh_store_authorization *), void *arg,
    struct eh_error *);
EH_MUST_CHECK int eh_store_each_of_hsm(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN],
    int (*each)(void *arg, const struct eh_store_authorization *), void *arg,
    struct eh_error *);
EH_MUST_CHECK int eh_store_each_invitation(struct eh_store *,
    int (*each)(void *arg, const struct eh_invitation *), void *arg,
    struct eh_error *);
/* Type (its typ), EdgeHSM, and the number that the next message will have. */
EH_MUST_CHECK int eh_store_each_seq(struct eh_store *,
    int (*each)(void *arg, const char *typ, const uint8_t kid[EH_KID_LEN],
	const uint8_t hsm[EH_HSM_ID_LEN], uint64_t next),
    void *arg, struct eh_error *);
EH_MUST_CHECK int eh_store_each_trail(struct eh_store *,
    int (*each)(void *arg, uint64_t at, const char *person, const char *verb,
	const char *text),
    void *arg, struct eh_error *);

#endif
