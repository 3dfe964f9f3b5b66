/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - the state blob B: all that decides, in one anchored piece. */
#ifndef EH_QUOTA_ENGINE_STATE_H
#define EH_QUOTA_ENGINE_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "common/merkle/merkle.h"
#include "common/message/count.h"
#include "common/message/pauth.h"
#include "common/message/types.h"
#include "quota-engine/anchor/anchor.h"
#include "quota-engine/clockguard.h"

/*
 * doc/format/state.md.  What decides lies in B and nowhere else; files, backend
 * labels and configuration can only be wrong, never be believed.  The struct
 * has no pointers: it is copied by assignment, and all zero bytes are an empty
 * one. It is large (some 150 KiB), so it lives on the heap.
 *
 * In the running engine there is one live struct eh_state under the ledger's
 * lock.  It is ahead of the anchored copy by what the journal holds since; what
 * must be anchored before it counts (reserved, seq_hi) never is.
 */
#define EH_STATE_MAX      (128 * 1024) /* bytes of B */
#define EH_STATE_ROWS     64
#define EH_STATE_KEYS     64
#define EH_STATE_KIDS     64
#define EH_STATE_ISSUERS  8
#define EH_STATE_REVOKED  256	/* ids in a revocation update */
#define EH_STATE_MSGCODES (EH_MSG_CODE_COUNT + 1)
#define EH_STATE_LABEL    64	/* of token and keys, CKA_ID, backend id */
#define EH_STATE_SALT     16
#define EH_STATE_HASH     32
#define EH_OPS            (EH_OP_LAST + 1)

/* One operation in a row's books. */
struct eh_state_op {
	uint8_t granted;	/* 0: not in the authorization, all else 0 */
	uint8_t uses;		/* most uses per device */
	struct eh_counter count;
};

enum eh_row_state {
	EH_ROW_FREE = 0,
	EH_ROW_LIVE = 1,
	EH_ROW_CLOSING = 2,	/* books are closed, its record is to come */
	EH_ROW_CLOSED = 3	/* stays for retries while there is room */
};

/* A row of the authorization table. */
struct eh_row {
	uint8_t state;			/* enum eh_row_state */
	uint8_t id[EH_ID_LEN];
	uint64_t generation;		/* new whenever the row changes owner or
					 * state; never used twice */
	uint8_t kid[EH_KID_LEN];	/* who signed it */
	uint64_t seq;			/* of the message */
	uint32_t epoch;
	uint8_t message[EH_DIGEST_LEN];	/* SHA-256(Sig_structure) */
	char order[EH_NAME_MAX + 1];	/* for people, may be empty */
	struct eh_profile_ref profile;
	uint8_t has_supersedes;
	uint8_t supersedes[EH_ID_LEN];	/* whose books it went on with */
	uint64_t not_before, expires;
	struct eh_limits limits;
	uint16_t lease;			/* N */
	uint8_t halvings;		/* N is halved so often, see lease.h */
	uint32_t grace;			/* boot grace left */
	uint16_t burns;
	uint8_t burn_unrecorded;	/* 1: kind 5 for it is still to come */
	uint8_t close_reason;		/* enum eh_close_reason; 0 while live */
	uint64_t closed_at;		/* when closed: size of the log right
					 * behind its last record, or more */
	struct eh_state_op op[EH_OPS];
};

/* A key of our own.  A backend key that is not here does not exist. */
struct eh_state_key {
	uint64_t object;		/* never reused; 0: empty place */
	uint8_t digest[EH_DIGEST_LEN];	/* of the SPKI, or the secret id */
	struct eh_rawkey key;		/* public; len 0 for a secret key */
	uint8_t purpose;		/* enum eh_purpose */
	uint8_t origin;			/* enum eh_origin */
	uint8_t custody;		/* enum eh_custody */
	int32_t alg;
	char label[EH_STATE_LABEL + 1];
	uint8_t id_len;			/* CKA_ID */
	uint8_t id[EH_STATE_LABEL];
	uint8_t backend_len;		/* how the backend finds it */
	uint8_t backend[EH_STATE_LABEL];
	struct eh_rawkey count_key;	/* of a key of EH_CUSTODY_COUNTED: who
					 * approves its uses; else len 0 */
};

/*
 * A count in the TPM (doc/format/count.md): of an authorization, or of one key
 * for what it signs of its own.  ${burned}: uses that the TPM counted and that
 * no record stands for; of a key of its own, all of them.
 */
#define EH_STATE_COUNTS 16
struct eh_state_count {
	uint8_t used;			/* 0: empty place */
	uint8_t has_authorization;
	uint8_t authorization[EH_ID_LEN];
	struct eh_count_index index;
	uint32_t limit, burned;
	struct eh_rawkey count_key;
	uint8_t nkeys;
	uint8_t keys[EH_COUNT_KEYS_MAX][EH_DIGEST_LEN];
	uint8_t is_approved;
	uint8_t approvals[EH_COUNT_KEYS_MAX][EH_SIGNATURE_LEN];
};

/* PIN of a role; index enum eh_wire_role (0 officer, 1 operator). */
#define EH_STATE_PINS 2
struct eh_state_pin {
	uint8_t set;
	uint32_t generation;		/* login tickets name it */
	uint8_t salt[EH_STATE_SALT];
	uint8_t hash[EH_STATE_HASH];	/* scrypt, parameters in state.md */
};

/* An issuer key of the grant in force. */
struct eh_state_issuer {
	uint8_t kid[EH_KID_LEN];
	struct eh_rawkey key;		/* len 0: empty place */
	int32_t alg;
	uint16_t roles;			/* EH_ROLE_BIT() */
	char iss[EH_NAME_MAX + 1];
	uint8_t state;			/* enum eh_key_state */
};

/* The last message of one type by one key, so that none comes twice. */
struct eh_state_last {
	uint8_t seen;
	uint64_t seq;
	uint8_t digest[EH_DIGEST_LEN];
};

/* The issuer grant in force. */
struct eh_state_grant {
	struct eh_state_last last;	/* of the root */
	uint64_t not_before, expires;
};

struct eh_state_kid {
	uint8_t used;
	uint8_t kid[EH_KID_LEN];
	struct eh_state_last last[EH_STATE_MSGCODES]; /* by eh_msg_code */
};

/* What was revoked; epoch and number of the newest update are in force. */
struct eh_state_revoked {
	uint8_t digest[EH_DIGEST_LEN];	/* of that update, zero before any */
	uint16_t nids;			/* its list, complete, sorted */
	uint8_t id[EH_STATE_REVOKED][EH_ID_LEN];
	uint8_t nkids;			/* of all updates, sorted: final */
	uint8_t kid[EH_STATE_KIDS][EH_KID_LEN];
};

/* A place in the journal: which file, and where in it. */
struct eh_position {
	uint64_t segment;		/* number */
	uint64_t first;			/* seq in the file's name */
	uint32_t offset;
};

/* Where the log stands. */
struct eh_state_log {
	struct eh_merkle tree;		/* tree.size is seq_next */
	uint8_t head[EH_DIGEST_LEN];	/* leaf hash of seq_next - 1 */
	uint64_t seq_hi;		/* no entry may take this seq or more */
	uint64_t group;			/* number of the next group */
	struct eh_position next;	/* where the next entry goes */
	struct eh_position last;	/* of the last entry */
	uint64_t last_seq;
	uint8_t last_leaf[EH_DIGEST_LEN];
	uint64_t counted;		/* records of kinds 3, 8, 12, 13 */
	struct eh_merkle acked;		/* the tree that is acknowledged */
	uint64_t acked_counted;		/* counted records in it */
	uint8_t foreign;		/* 1: the authority acknowledged another
					 * history, and none of ours since */
	uint64_t burned_passes;		/* not yet accepted in an ack */
	uint64_t burned_at;		/* size when passes were last burned
					 * without a place of the log */
	uint64_t burned_seqs;		/* over the life of the log */
	struct {
		uint64_t first, count;
	} unrecorded;			/* kind 5 is still to come */
	uint8_t nburned;		/* ranges not yet accepted, by seq */
	uint8_t merged;			/* 1: there were more: some are one */
	struct eh_burned_range burned[EH_BURNED_RANGES_MAX];
	uint64_t passes[EH_BURNED_RANGES_MAX]; /* burned with each of them */
};

struct eh_state {
	/* the copy itself */
	uint64_t commit;		/* k */
	uint8_t previous[EH_DIGEST_LEN]; /* A(k - 1) */
	uint64_t boots;			/* starts of edgehsmd */
	uint8_t clean;

	/* identity, fixed at genesis; the factory comes with the grant */
	uint8_t hsm_id[EH_HSM_ID_LEN];
	struct eh_rawkey root;		/* of the OEM */
	char factory[EH_NAME_MAX + 1];	/* empty before the first grant */
	uint8_t anchor_class;		/* enum eh_anchor_class */
	uint8_t anchor_mode;		/* enum eh_anchor_mode */
	struct eh_anchor_identity anchor; /* all zero for a file */

	char label[EH_STATE_LABEL + 1];	/* of the token */
	uint64_t next_object;		/* number for the next object, from 1 */
	struct eh_state_key key[EH_STATE_KEYS];
	struct eh_state_pin pin[EH_STATE_PINS];

	uint64_t generation;		/* the last one given to a row */
	struct eh_row row[EH_STATE_ROWS];

	struct eh_in_force in_force;	/* 0, 0 before the first update */
	struct eh_state_revoked revoked;
	struct eh_state_grant grant;
	struct eh_state_issuer issuer[EH_STATE_ISSUERS];
	struct eh_state_kid kid[EH_STATE_KIDS];

	struct eh_state_count count[EH_STATE_COUNTS]; /* as they came */

	struct eh_clock_state clock;
	struct eh_state_log log;
};

/*
 * Write B: header, deterministic CBOR body, HMAC-SHA256 under ${key}.
 * EH_ERR_SPACE (${cap} of EH_STATE_MAX is always enough), EH_ERR_CRYPTO.
 */
EH_MUST_CHECK int eh_state_encode(const struct eh_state *,
    const uint8_t key[EH_DIGEST_LEN], uint8_t *out, size_t cap, size_t *lenp);

/* How many bytes B has in all, by its first EH_STATE_HEADER bytes; 0 when they
 * are not the beginning of one. */
#define EH_STATE_HEADER 16
size_t eh_state_length(const uint8_t header[EH_STATE_HEADER]);

/*
 * Read B from the front of ${len} bytes (what lies behind it in the file is
 * ignored); ${usedp} gets its length.  EH_ERR_FORMAT (no state, a bad MAC, or
 * anything that this version would not have written), EH_ERR_UNSUPPORTED (of
 * another version).  On failure ${state} is all zero.
 */
EH_MUST_CHECK int eh_state_decode(struct eh_state *,
    const uint8_t key[EH_DIGEST_LEN], const uint8_t *bytes, size_t len,
    size_t *usedp, struct eh_error *);

/*
 * What the state must obey at any time, beside its types: used + burned <=
 * reserved <= quota, ids and object numbers unique, seq_next <= seq_hi, ranges
 * in order.  EH_OK, or EH_ERR_FORMAT with a sentence.
 */
EH_MUST_CHECK int eh_state_check(const struct eh_state *, struct eh_error *);

/* The row of authorization ${id}, live or closed, or NULL. */
struct eh_row *eh_state_row(struct eh_state *, const uint8_t id[EH_ID_LEN]);

/*
 * A new live row with ${id} and a generation of its own, all else zero: an
 * empty place, or that of the row that was closed the longest ago.  EH_ERR_FULL
 * when all are live, EH_ERR_EXISTS.
 */
EH_MUST_CHECK int eh_state_row_add(struct eh_state *,
    const uint8_t id[EH_ID_LEN], struct eh_row **, struct eh_error *);

/*
 * Close the books of a live row: reserved := used + burned for every operation,
 * a new generation, state EH_ROW_CLOSING.  Its kind-6 record follows by itself.
 * Nothing for a row that is not live.
 */
void eh_state_row_close(
    struct eh_state *, struct eh_row *, enum eh_close_reason);

/*
 * Was the authorization of ${row} revoked?  It may have been closed for another
 * reason before: what left for it must not leave again.
 */
int eh_state_row_revoked(const struct eh_state *, const struct eh_row *);

/* Was authorization ${id} of ${epoch} revoked; issuer key ${kid}, for good? */
int eh_state_id_revoked(
    const struct eh_state *, const uint8_t id[EH_ID_LEN], uint32_t epoch);
int eh_state_kid_revoked(const struct eh_state *, const uint8_t kid[EH_KID_LEN]);

/*
 * Let go of closed rows whose last record is acknowledged.  One that another row
 * of the table goes on with stays as long as that one, for its devices; one that
 * was used up stays until it expires, because it may be topped up.
 */
void eh_state_prune(struct eh_state *);

/* May another authorization go on with the books of this row?  It lives, or was
 * closed because nothing was left of it. */
int eh_state_row_goes_on(const struct eh_row *);

/*
 * Let ${to}, a fresh row whose quotas are set, go on with the books of ${from}
 * (live, or closed as used up): used, burned and burns are taken over, reserved := used + burned, a
 * quota below that is taken as that; ${from} is closed as superseded.  The
 * devices follow.  The caller has compared profile name and scope kind.
 */
void eh_state_row_supersede(
    struct eh_state *, struct eh_row *to, struct eh_row *from);

/* The key with object number ${object}, or with this digest; or NULL. */
struct eh_state_key *eh_state_key(struct eh_state *, uint64_t object);
struct eh_state_key *eh_state_key_by_digest(
    struct eh_state *, const uint8_t digest[EH_DIGEST_LEN]);

/* The issuer with ${kid} in the grant in force, or NULL. */
struct eh_state_issuer *eh_state_issuer(
    struct eh_state *, const uint8_t kid[EH_KID_LEN]);

/* The sequence numbers of ${kid}; a new entry when there is none yet, or NULL
 * when there is no place left. */
struct eh_state_kid *eh_state_kid(
    struct eh_state *, const uint8_t kid[EH_KID_LEN]);

/* The count with this index, or NULL. */
struct eh_state_count *eh_state_count(
    struct eh_state *, const struct eh_count_index *);

/* The counts of ${from} are those of ${to} from now on. */
void eh_state_counts_supersede(struct eh_state *,
    const uint8_t to[EH_ID_LEN], const uint8_t from[EH_ID_LEN]);

/* What people know ${row} by: its order name, or the id as hex digits.  Returns
 * ${text}. */
#define EH_ROW_NAME (EH_NAME_MAX + 1)
const char *eh_state_row_name(const struct eh_row *, char text[EH_ROW_NAME]);

#endif
