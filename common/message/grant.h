/* SPDX-License-Identifier: Apache-2.0 */
/* grant.h - issuer grant: which keys may sign which messages for an EdgeHSM. */
#ifndef EH_COMMON_MESSAGE_GRANT_H
#define EH_COMMON_MESSAGE_GRANT_H

#include "common/message/types.h"

/* doc/format/message.md section 3.  A grant replaces the whole set of issuer
 * keys. */
#define EH_GRANT_KEYS_MAX 8

struct eh_grant_key {
	uint8_t kid[EH_KID_LEN];
	int64_t alg;		/* as written; the alias may sign too */
	struct eh_rawkey key;
	uint16_t roles;		/* EH_ROLE_BIT() of each */
	char iss[EH_NAME_MAX + 1];	/* the only iss that it may write */
	enum eh_key_state state;
};

struct eh_grant {
	struct eh_from_authority from;
	uint64_t not_before, expires;
	uint64_t seq;		/* rises per (root, sub) */
	char factory[EH_NAME_MAX + 1];	/* empty in a fleet grant only */
	uint8_t nkeys;
	struct eh_grant_key keys[EH_GRANT_KEYS_MAX];
};

/*
 * Decode a payload.  Checked: the schema; not_before < expires, at most 400
 * days apart; each kid is that of its key, each point on its curve, each
 * algorithm of its key's kind; no kid twice; roles rise; a factory is named,
 * unless sub is zero, and then every role is 6 (fleet grant).
 * EH_OK, EH_ERR_FORMAT, EH_ERR_TRAILING, EH_ERR_UNSUPPORTED (an algorithm of a
 * later version).
 *
 * Left to the caller, who knows the state: sub, seq, times, and that the root's
 * own kid is not among the keys (eh_grant_get()).
 */
EH_MUST_CHECK int eh_grant_decode(
    const void *payload, size_t len, struct eh_grant *, struct eh_error *);

/* Write a payload.  What it was given is written as it is: decode the result
 * before signing when the values came from elsewhere. */
void eh_grant_encode(const struct eh_grant *, struct eh_writer *);

/* Return the key with ${kid}, or NULL. */
const struct eh_grant_key *eh_grant_get(
    const struct eh_grant *, const uint8_t kid[EH_KID_LEN]);

#endif
